"""The demonstration village: the same every time, made up throughout, true to itself, and quickly there."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from sapa.bootstrap import App
from sapa.clock import SetClock
from sapa.family.growth import Index, KmsMark, assess, body_of, doubts_about, kms_mark
from sapa.family.immunization import forecast
from sapa.family.people import VaccineProfile
from sapa.messaging.states import Channel
from sapa.services.access import Role, may_see_household, staffer
from sapa.services.consents import CHILD_CARE, PREGNANCY_CARE
from sapa.services.demo import ADMIN, BIDAN, KADER_MAWAR, KADER_MELATI, seed_demo, seed_village
from sapa.services.register_records import FamilyRecord
from tests.support import opened, settings_for, wired


def seeded(app: App, now: datetime) -> list[FamilyRecord]:
    """The families of the village."""
    with app.store.transaction() as tx:
        seed_demo(tx, now.date())
        assert seed_village(app.deps, tx, now)
        return tx.family_records(posyandu_ids=[place.id for place in tx.list_posyandu()])


@pytest.fixture
def database_url(one_database: str) -> str:
    """One kind of database is enough here: test_register_import.py writes many rows at once on both."""
    return one_database


def test_eighty_families_come_in_a_moment_and_only_once(
    app: App, now: datetime, capsys: pytest.CaptureFixture[str]
) -> None:
    begun = time.perf_counter()
    families = seeded(app, now)
    with capsys.disabled():
        print(f"\nthe village was there after {time.perf_counter() - begun:.1f} s")
    assert Counter(family.posyandu_id for family in families).most_common()[0][1] == 40 and len(families) == 80
    with app.store.transaction() as tx:
        assert not seed_village(app.deps, tx, now + timedelta(days=1))


def test_everybody_is_marked_as_an_example_and_no_number_is_outside_the_simulators_range(
    app: App, now: datetime
) -> None:
    families = seeded(app, now)
    names = [member.name or "" for family in families for member in family.members]
    names += [record.child.name for family in families for record in family.children]
    assert all(name.endswith(" Contoh") for name in names)
    phones = [phone for family in families for member in family.members for phone in member.phones]
    assert len(phones) == len(set(phones)) and all(phone.startswith("+6281200") for phone in phones)
    with app.store.transaction(write=False) as tx:
        assert all("Contoh" in area.name for area in tx.areas() if area.kind != "province")


def test_no_message_waits_to_be_sent(app: App, now: datetime) -> None:
    seeded(app, now)
    with app.store.transaction(write=False) as tx:
        assert not tx.has_sendable(now + timedelta(days=400)) and not tx.has_unsettled(now + timedelta(days=400))


def test_every_record_is_one_that_could_be(app: App, now: datetime) -> None:
    """No dose before birth or out of order, no weighing that would be asked about again, nothing without consent."""
    families, today = seeded(app, now), now.date()
    for family in families:
        assert not family.children or family.agrees(CHILD_CARE)
        assert not family.pregnancies or family.agrees(PREGNANCY_CARE)
        for record in family.children:
            child = record.child
            doses = forecast(child, today, profile=VaccineProfile.PENTAVALEN, je_region=False, province=None)
            assert not [one for one in doses if one.given_on and one.reason]
            assert not [one for one in child.measurements if doubts_about(child, one)]


def test_there_is_something_to_see(app: App, now: datetime) -> None:
    """Children below -2 SD and children who did not gain, pregnancies, open cases, who came and who did not."""
    families = seeded(app, now)
    children = [record.child for family in families for record in family.children]
    last = [(child, child.measurements[-1]) for child in children if child.measurements]
    low = [
        child for child, one in last if (score := assess(body_of(child, one)).scores.get(Index.LENGTH)) and score.z < -2
    ]
    marks = Counter(kms_mark(child, one) for child, one in last)
    assert 3 <= len(low) <= len(last) // 3
    assert marks[KmsMark.UP] >= 10 and marks[KmsMark.NOT_UP] >= 5
    going_on = [one for family in families for one in family.pregnancies if one.outcome is None]
    assert len(going_on) >= 8 and any(one.pregnancy.anc for one in going_on)
    with app.store.transaction(write=False) as tx:
        kinds = Counter(case.kind for case in tx.open_cases())
        melati = tx.posyandu_by_name("Melati")
        assert melati is not None
        past = tx.sessions_between([melati.id], now.date() - timedelta(days=366), now.date())
    assert kinds == {"pertumbuhan": 4, "keluhan": 2, "handover": 2}
    assert len(past) >= 12 and all(session.closed_at for session in past)


def test_the_staff_sees_its_own(app: App, now: datetime) -> None:
    families = seeded(app, now)
    with app.store.transaction(write=False) as tx:
        people = {}
        for phone in (KADER_MELATI, KADER_MAWAR, BIDAN, ADMIN):
            contact_id = tx.contact_id_for(Channel.WHATSAPP, phone)
            assert contact_id is not None
            people[phone] = staffer(tx, contact_id)
        seen = {
            phone: sum(may_see_household(tx, who, family.household_id) for family in families)
            for phone, who in people.items()
            if who is not None
        }
    assert seen == {KADER_MELATI: 40, KADER_MAWAR: 40, BIDAN: 40, ADMIN: 0}
    admin = people[ADMIN]
    assert admin is not None and admin.role is Role.ADMIN and len(admin.figures) == 1


def test_the_village_is_the_same_wherever_it_is_seeded_on_a_day(
    app: App, now: datetime, tmp_path: Path, new_file: Callable[[Path], str]
) -> None:
    families = seeded(app, now)
    engine = opened(new_file(tmp_path / "other.db"))
    elsewhere = wired(settings_for(str(engine.url), tmp_path), engine, SetClock(now))
    assert seeded(elsewhere, now) == families
    engine.dispose()


@pytest.mark.parametrize("today", ["2026-01-01", "2026-02-28", "2026-03-10", "2026-12-31", "2028-02-29"])
def test_it_can_be_seeded_on_any_day(app: App, today: str) -> None:
    moment = datetime.fromisoformat(f"{today}T06:00:00+00:00")
    assert len(seeded(app, moment)) == 80


def test_a_store_with_other_posyandu_is_left_alone(app: App, now: datetime) -> None:
    with app.store.transaction() as tx:
        assert not seed_village(app.deps, tx, now)
        assert tx.areas() == [] and tx.all_staff() == []
