"""Cases are listed for a human and closed; while one of danger is open, ordinary reminders wait. Both databases."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from sapa import cli
from sapa.bootstrap import App
from sapa.family.campaigns import Campaigns
from sapa.family.people import Child
from sapa.messaging.states import Channel
from sapa.services.cases import NoSuchCase, close, open_cases
from sapa.services.consents import CHILD_CARE
from sapa.services.due import PAUSE, queue_due
from sapa.services.inbound import triage_next
from sapa.services.records import PosyanduRow, SessionRow
from sapa.services.reminders import replan

ANI, BUDI = "+6281200000001", "+6281200000002"
# Posyandu on 10 December: three days before is 7 December, 16:00 in Kupang = 08:00 UTC; the day before, the 9th.
H3, H1 = datetime(2026, 12, 7, 8, 0, tzinfo=UTC), datetime(2026, 12, 9, 8, 0, tzinfo=UTC)


@pytest.fixture
def app(app: App, database_url: str) -> App:
    """Sessions and doses alone: the messages of the campaigns would be due on days of their own."""
    return replace(app, campaigns=Campaigns())


@pytest.fixture
def household(app: App, now: datetime) -> str:
    """A mother, a baby and a posyandu day, planned."""
    with app.store.transaction() as tx:
        contact, _ = tx.contact_for_address(Channel.WHATSAPP, ANI, ANI, now)
        tx.record_consent(contact.id, CHILD_CARE, "...", True, "in-1", now)
        household_id = tx.household_of(contact.id, now)
        tx.save_posyandu(PosyanduRow("p1", "Melati", "Asia/Makassar", "Nusa Tenggara Timur"))
        tx.save_session(SessionRow("s1", "p1", date(2026, 12, 10), time(8), "Balai Desa"))
        tx.set_posyandu(household_id, "p1")
        tx.save_child(household_id, Child(id="c1", name="Aisyah", birth_date=date(2026, 10, 10)), now)
        replan(app.deps, tx, household_id, now)
    return household_id


def _say(app: App, receive: Callable[..., str], text: str, sender: str = ANI) -> None:
    receive(text, sender)
    assert triage_next(app.deps, app.clock.now()) is not None


def test_reminders_wait_while_a_danger_is_open_and_go_on_when_a_human_closes_it(
    app: App, receive: Callable[..., str], household: str
) -> None:
    _say(app, receive, "tolong anak saya kejang")
    assert queue_due(app.deps, H3) == Counter(paused=1)
    assert queue_due(app.deps, H3 + timedelta(minutes=30)) == Counter(), "looked at again an hour later, not before"
    (case,) = open_cases(app.deps)
    close(app.deps, case.id, "dirujuk", H3 + timedelta(minutes=40))
    assert queue_due(app.deps, H3 + PAUSE) == Counter(queued=1)


def test_what_waited_too_long_is_dropped_not_sent_late(app: App, receive: Callable[..., str], household: str) -> None:
    _say(app, receive, "tolong anak saya kejang")
    moment = H3
    while moment < H1 + timedelta(days=2):
        queue_due(app.deps, moment)
        moment += PAUSE
    (case,) = open_cases(app.deps)
    close(app.deps, case.id, "sembuh", moment)
    assert queue_due(app.deps, moment) == Counter()
    with app.store.transaction(write=False) as tx:
        contact_id = tx.contact_id_for(Channel.WHATSAPP, ANI)
        assert [message.kind.value for message in tx.outbox_of(contact_id or "")] == ["danger"]


def test_a_complaint_or_another_familys_danger_holds_nothing_back(
    app: App, receive: Callable[..., str], household: str, now: datetime
) -> None:
    _say(app, receive, "tolong anak saya kejang", BUDI)
    with app.store.transaction() as tx:
        tx.open_case(tx.contact_id_for(Channel.WHATSAPP, ANI) or "", "keluhan", None, now)
    assert queue_due(app.deps, H3) == Counter(queued=1)


def test_the_list_names_danger_first_then_who_has_waited_longest(
    app: App, receive: Callable[..., str], household: str, now: datetime
) -> None:
    with app.store.transaction() as tx:
        contact_id = tx.contact_id_for(Channel.WHATSAPP, ANI) or ""
        tx.open_case(contact_id, "keluhan", None, now - timedelta(days=2))
        tx.open_case(contact_id, "handover", None, now - timedelta(days=3))
    _say(app, receive, "istri saya perdarahan", BUDI)
    found = open_cases(app.deps)
    assert [case.kind for case in found] == ["danger", "handover", "keluhan"]
    assert (found[0].address, found[0].posyandu) == (BUDI, None)
    assert (found[1].address, found[1].posyandu) == (ANI, "Melati")


def test_a_case_is_closed_by_the_beginning_of_its_id_and_only_once(
    app: App, receive: Callable[..., str], now: datetime
) -> None:
    _say(app, receive, "tolong anak saya kejang")
    (case,) = open_cases(app.deps)
    assert close(app.deps, case.id[:8], "sudah ditelepon", now).id == case.id
    for nothing in (case.id, "", "zzz"):
        with pytest.raises(NoSuchCase):
            close(app.deps, nothing, "lagi", now)


def test_the_command_lists_and_closes(
    app: App,
    receive: Callable[..., str],
    database_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _say(app, receive, "tolong anak saya kejang")
    for name, value in {"DATABASE_URL": database_url, "SAPA_VAR_DIR": str(tmp_path)}.items():
        monkeypatch.setenv(name, value)
    run = CliRunner()
    (shown,) = json.loads(run.invoke(cli.app, ["cases", "list", "--json"]).stdout)
    assert (shown["kind"], shown["address"]) == ("danger", ANI)
    assert ANI in run.invoke(cli.app, ["cases", "list"]).stdout
    assert run.invoke(cli.app, ["cases", "close", shown["id"], "--outcome", "ditolong"]).exit_code == 0
    assert "none open" in run.invoke(cli.app, ["cases", "list"]).stdout
    again = run.invoke(cli.app, ["cases", "close", shown["id"], "--outcome", "ditolong"])
    assert again.exit_code == 1 and "sapa cases list" in str(again.exception)
