"""Reminders as rows: planned when facts change, spoken once when due, silent when they should be. Both databases."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from sapa import bootstrap
from sapa.bootstrap import App
from sapa.clock import SetClock
from sapa.family.campaigns import Campaigns
from sapa.family.people import Child, Sex
from sapa.messaging.states import Channel, Kind, OutboxState, ReminderState
from sapa.services.consents import CHILD_CARE
from sapa.services.due import queue_due
from sapa.services.pump import next_moment
from sapa.services.records import OutboxDraft, OutboxMessage, PosyanduRow, ReminderRow, SessionRow
from sapa.services.reminders import replan, replan_dirty
from sapa.store.database import Database, Transaction

WITA = ZoneInfo("Asia/Makassar")
ANI = "+6281200000001"
# Born 2026-10-10, posyandu on 10 December: three days before is Monday 7 December, 16:00 WITA = 08:00 UTC.
BORN = date(2026, 10, 10)
SESSIONS = (date(2026, 12, 10), date(2027, 1, 10))
H3 = datetime(2026, 12, 7, 8, 0, tzinfo=UTC)
H1 = datetime(2026, 12, 9, 8, 0, tzinfo=UTC)


@pytest.fixture
def app(app: App, database_url: str) -> App:
    """Sessions and doses alone: the messages of the campaigns would be due on days of their own."""
    return replace(app, campaigns=Campaigns())


@pytest.fixture
def household(app: App, now: datetime) -> str:
    """One mother, one baby, one posyandu in NTT with two sessions; consent given, plan made."""
    with app.store.transaction() as tx:
        contact, _ = tx.contact_for_address(Channel.WHATSAPP, ANI, ANI, now)
        tx.record_consent(contact.id, CHILD_CARE, "...", True, "in-1", now)
        household_id = tx.household_of(contact.id, now)
        place = PosyanduRow("p1", "Melati", "Asia/Makassar", "Nusa Tenggara Timur", None, "Puskesmas", "0380")
        tx.save_posyandu(place)
        for day in SESSIONS:
            tx.save_session(SessionRow(f"s{day}", "p1", day, time(8), "Balai Desa"))
        tx.set_posyandu(household_id, "p1")
        tx.save_child(household_id, Child(id="c1", name="Aisyah", birth_date=BORN, sex=Sex.FEMALE), now)
        replan(app.deps, tx, household_id, now)
    return household_id


def _rows(app: App, household: str) -> list[ReminderRow]:
    with app.store.transaction(write=False) as tx:
        return tx.reminders_of(household)


def _outbox(app: App) -> list[OutboxMessage]:
    with app.store.transaction(write=False) as tx:
        contact_id = tx.contact_id_for(Channel.WHATSAPP, ANI)
        return list(tx.outbox_of(contact_id or ""))


def test_a_session_is_announced_three_days_and_one_day_before_at_four_local_time(app: App, household: str) -> None:
    times = [row.send_at for row in _rows(app, household) if row.due_on == SESSIONS[0]]
    assert times == [H3, H1]
    assert {moment.astimezone(WITA).hour for moment in times} == {16}


def test_planning_twice_changes_nothing(app: App, household: str, now: datetime) -> None:
    before = _rows(app, household)
    with app.store.transaction() as tx:
        assert replan(app.deps, tx, household, now) == (0, 0)
    assert _rows(app, household) == before


def test_nothing_is_due_a_second_too_early_and_it_is_queued_once(app: App, household: str) -> None:
    assert queue_due(app.deps, H3 - timedelta(seconds=1)) == Counter()
    assert queue_due(app.deps, H3) == Counter(queued=1)
    assert queue_due(app.deps, H3 + timedelta(seconds=1)) == Counter()
    (message,) = _outbox(app)
    assert message.content_id == "pengingat/posyandu" and message.template == "pengingat_posyandu"
    assert "Aisyah" in message.text and "Balai Desa" in message.text


def test_the_next_moment_is_the_next_reminder(app: App, household: str, now: datetime) -> None:
    assert next_moment(app.deps, now, H1) == H3
    assert next_moment(app.deps, H3, H1) == H1
    assert next_moment(app.deps, now, H3 - timedelta(seconds=1)) is None


def test_after_an_outage_one_message_goes_out_not_all_that_was_missed(app: App, household: str) -> None:
    assert queue_due(app.deps, H1 + timedelta(hours=1)) == Counter(queued=1, dropped=1)
    (message,) = _outbox(app)
    assert message.content_id == "pengingat/posyandu-besok"


def test_after_an_outage_over_the_day_itself_nothing_is_said(app: App, household: str) -> None:
    assert queue_due(app.deps, H1 + timedelta(days=3)) == Counter(dropped=2)
    assert _outbox(app) == []


def test_what_is_caught_up_with_in_the_night_waits_for_the_morning_and_speaks_of_the_day_as_it_is_then(
    app: App, household: str
) -> None:
    night = datetime(2026, 12, 9, 22, 30, tzinfo=WITA)  # six and a half hours late, quiet hours since 20:00
    assert queue_due(app.deps, night) == Counter(postponed=1, dropped=1)
    morning = datetime(2026, 12, 10, 7, 0, tzinfo=WITA)
    assert queue_due(app.deps, morning - timedelta(minutes=1)) == Counter()
    assert queue_due(app.deps, morning) == Counter(queued=1)
    (message,) = _outbox(app)
    assert "ari ini" in message.text and "besok" not in message.text.lower()


def test_nothing_goes_to_somebody_who_said_stop(app: App, household: str, clock: SetClock) -> None:
    with app.store.transaction() as tx:
        contact_id = tx.contact_id_for(Channel.WHATSAPP, ANI)
        tx.set_opt_out(contact_id or "", clock.now())
    assert queue_due(app.deps, H3) == Counter(dropped=1)


def test_a_stop_between_queueing_and_sending_still_holds(app: App, household: str) -> None:
    queue_due(app.deps, H3)
    with app.store.transaction() as tx:
        contact_id = tx.contact_id_for(Channel.WHATSAPP, ANI)
        tx.set_opt_out(contact_id or "", H3)
        assert tx.claim_outbox("s", H3, H3 + timedelta(minutes=1), 10) == []
    assert [message.state for message in _outbox(app)] == [OutboxState.SUPPRESSED]


def test_a_moved_session_leaves_no_two_dates_standing(app: App, household: str, now: datetime) -> None:
    moved = date(2026, 12, 15)
    with app.store.transaction() as tx:
        tx.save_session(SessionRow(f"s{SESSIONS[0]}", "p1", moved, time(8), "Balai Desa"))
        for household_id in tx.households_of_posyandu("p1"):
            tx.mark_dirty(household_id, now)
    assert replan_dirty(app.deps, now) == 1
    assert replan_dirty(app.deps, now) == 0
    planned = [row for row in _rows(app, household) if row.state is ReminderState.PLANNED]
    assert {row.due_on for row in planned if row.event == "posyandu_session"} == {moved, SESSIONS[1]}


def test_a_dose_recorded_is_no_longer_named(app: App, household: str, now: datetime) -> None:
    with app.store.transaction() as tx:
        for dose in ("BCG", "OPV1"):
            tx.record_dose("c1", dose, date(2026, 11, 12), now)
        replan(app.deps, tx, household, now)
    queue_due(app.deps, H3)
    (message,) = _outbox(app)
    assert "BCG" not in message.text and "DPT" in message.text


def test_a_second_caregiver_gets_no_second_reminder(app: App, household: str, now: datetime) -> None:
    with app.store.transaction() as tx:
        father, _ = tx.contact_for_address(
            Channel.WHATSAPP, "+6281200000009", "+6281200000009", now + timedelta(hours=1)
        )
        tx.record_consent(father.id, CHILD_CARE, "...", True, "in-2", now)
        from sqlalchemy import update

        from sapa.store.models import ContactTable

        tx._s.execute(update(ContactTable).where(ContactTable.id == father.id).values(household_id=household))
    assert queue_due(app.deps, H3) == Counter(queued=1)
    with app.store.transaction(write=False) as tx:
        assert tx.outbox_of(father.id) == []


def test_two_clocks_started_by_mistake_queue_each_reminder_once(app: App, household: str) -> None:
    import threading

    fates: list[Counter[str]] = []
    barrier = threading.Barrier(3)

    def tick() -> None:
        barrier.wait()
        fates.append(queue_due(app.deps, H3))

    threads = [threading.Thread(target=tick) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(fates, Counter()) == Counter(queued=1)
    assert len(_outbox(app)) == 1


def test_only_one_unasked_message_a_day(app: App, household: str) -> None:
    queue_due(app.deps, H3)
    with app.store.transaction() as tx:
        (row,) = [row for row in tx.reminders_of(household) if row.send_at == H1]
        tx.replace_plan(household, [replace(row, id=f"{household}:extra", send_at=H3 + timedelta(minutes=5))], H3)
    assert queue_due(app.deps, H3 + timedelta(minutes=5)) == Counter(postponed=1)


def test_a_row_follows_its_plan_in_everything_but_its_name(app: App, household: str, now: datetime) -> None:
    """A campaign file that is edited may change who reads a message, under which consent and topic."""
    row = _rows(app, household)[0]
    changed = replace(
        row, to="father", purpose="pregnancy_care", topic="ayah", event="other", due_on=date(2026, 12, 24)
    )
    with app.store.transaction() as tx:
        tx.replace_plan(household, [changed], now)
    assert next(one for one in _rows(app, household) if one.id == row.id) == changed


def test_many_households_to_plan_anew_hold_nobody_up(app: App, household: str, now: datetime) -> None:
    """One transaction each: between two of them a message that comes in is stored. A kill leaves the rest to do."""
    with app.store.transaction() as tx:
        others = []
        for number in range(3):
            contact, _ = tx.contact_for_address(Channel.WHATSAPP, f"+6281300{number}", None, now)
            others.append(tx.household_of(contact.id, now))
        tx.mark_all_dirty(now)
    held: list[list[str]] = []

    class Watched(Database):
        @contextmanager
        def transaction(self, *, write: bool = True) -> Iterator[Transaction]:
            with super().transaction(write=write) as tx:
                if write:
                    before = tx.dirty_households(10)
                yield tx
                if write:
                    held.append(sorted(set(before) - set(tx.dirty_households(10))))

    assert replan_dirty(replace(app.deps, store=Watched(app.store.engine)), now) == 4
    assert [len(taken) for taken in held] == [1, 1, 1, 1]
    assert sorted(one for taken in held for one in taken) == sorted([household, *others])


def test_two_plans_at_one_moment_end_with_what_is_known_last(app: App, household: str, now: datetime) -> None:
    """The clock plans with the facts of before while a turn records a dose: the later plan must not lose to it."""
    waiting = threading.Event()

    def clock_plans() -> None:
        with app.store.transaction() as tx:
            tx.children_of(household)  # read before the wait
            waiting.set()
            replan(app.deps, tx, household, now)

    with app.store.transaction() as tx:
        tx.lock_household(household)
        tx.save_child(household, Child(id="c1", name="Aisyah Putri", birth_date=BORN, sex=Sex.FEMALE), now)
        other = threading.Thread(target=clock_plans)
        other.start()
        waiting.wait(0.5)  # SQLite has one writer: there it waits at its very beginning
        replan(app.deps, tx, household, now)
    other.join()
    names = {subject for row in _rows(app, household) if row.state is ReminderState.PLANNED for subject in row.subjects}
    assert names == {"Aisyah Putri"}


def test_who_wants_every_reminder_too_does_not_get_it_instead_of_the_mother(
    app: App, household: str, now: datetime
) -> None:
    """She has had her one message of that day: both get this one the day after."""
    with app.store.transaction() as tx:
        mother = tx.contact_id_for(Channel.WHATSAPP, ANI) or ""
        (address,) = tx.addresses_of(mother)
        granny, _ = tx.contact_for_address(Channel.WHATSAPP, "+6281200000009", None, now)
        tx.set_member(granny.id, household, "nenek", True)
        tx.record_consent(granny.id, CHILD_CARE, "...", True, "in-9", now)
        earlier = OutboxDraft("b", mother, address.id, Channel.WHATSAPP, Kind.BROADCAST, "x", "Halo")
        tx.queue(earlier, H3 - timedelta(hours=2))
    assert queue_due(app.deps, H3) == Counter(postponed=1)
    with app.store.transaction(write=False) as tx:
        assert tx.outbox_of(granny.id) == []
    assert queue_due(app.deps, H3 + timedelta(days=1))["queued"] == 1
    with app.store.transaction(write=False) as tx:
        assert len(tx.outbox_of(granny.id)) == 1 and len(tx.outbox_of(mother)) == 2


def test_two_at_once_make_one_household(app: App, now: datetime) -> None:
    """A loss is acted on in triage while a turn of the same person is still being worked on."""
    with app.store.transaction() as tx:
        contact, _ = tx.contact_for_address(Channel.WHATSAPP, "+6281200000008", None, now)
    made: list[str] = []

    def triage() -> None:
        with app.store.transaction() as tx:
            made.append(tx.household_of(contact.id, now))

    other = threading.Thread(target=triage)
    with app.store.transaction() as tx:
        made.append(tx.household_of(contact.id, now))
        other.start()
        other.join(0.3)
    other.join()
    assert len(set(made)) == 1


@pytest.mark.parametrize(("broadcasts", "fate"), [(7, ReminderState.QUEUED), (8, ReminderState.DROPPED)])
def test_what_a_kader_sends_takes_the_place_of_tips_in_a_month_of_eight_messages(
    app: App, household: str, now: datetime, broadcasts: int, fate: ReminderState
) -> None:
    app = replace(app, campaigns=bootstrap.texts(app.settings.content_dir)[1])
    with app.store.transaction() as tx:
        replan(app.deps, tx, household, now)
        tips = [row for row in tx.reminders_of(household) if row.payload.get("rank") == "tip"]
        # One that has its month to itself: no reminder of ours goes out before it.
        tip = next(row for row in tips if row.send_at.astimezone(WITA).day > 1)
        (contact,) = tx.caregivers_of(household)
        (address,) = tx.addresses_of(contact.id)
        first = tip.send_at.astimezone(WITA).replace(day=1, hour=9)
        for number in range(broadcasts):
            draft = OutboxDraft(
                f"b{number}", contact.id, address.id, Channel.WHATSAPP, Kind.BROADCAST, "siar/pengumuman", "..."
            )
            tx.queue(draft, first + timedelta(minutes=number))
    queue_due(app.deps, tip.send_at)
    after = {row.id: row.state for row in _rows(app, household)}
    assert after[tip.id] is fate
