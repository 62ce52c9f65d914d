"""After a restore nothing goes out twice, and what had not gone out yet does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from sapa.bootstrap import App
from sapa.clock import SetClock
from sapa.family.people import Child
from sapa.messaging.states import Channel, Kind, OutboxState
from sapa.services.backups import replay_gap
from sapa.services.consents import CHILD_CARE
from sapa.services.delivery import claim_batch, reconcile, send_one
from sapa.services.due import queue_due
from sapa.services.inbound import receive_message
from sapa.services.records import (
    CannotTell,
    Found,
    InboundForm,
    LookupOutcome,
    OutboxDraft,
    OutboxMessage,
    ReminderRow,
    SendOutcome,
    SendRequest,
    Sent,
    SurelyAbsent,
)
from sapa.services.reminders import replan
from sapa.store.backup import write_backup
from sapa.store.restore import pass_over, restore
from tests.support import inbound_form, opened, settings_for, wired

PHONE = "+6281277700042"
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)


@dataclass
class Provider:
    """A provider that outlives our machines: what was handed to it once, it has."""

    name: str = "stand-in"
    had: list[tuple[str, str]] = field(default_factory=list)  # outbox id, text
    answers: bool = True

    def send(self, request: SendRequest) -> SendOutcome:
        self.had.append((request.outbox_id, request.rendered or request.text or ""))
        return Sent(f"SM{len(self.had):032}")

    def lookup(self, message: OutboxMessage) -> LookupOutcome:
        if not self.answers:
            return CannotTell()
        sids = [f"SM{number:032}" for number, (one, _) in enumerate(self.had, 1) if one == message.id]
        return Found(sids[0], "delivered") if sids else SurelyAbsent()

    def verdict(self, error_code: str, template: str | None) -> SendOutcome | None:
        return None

    def inbound_since(self, since: datetime) -> list[InboundForm]:
        return []

    @property
    def texts(self) -> Counter[str]:
        return Counter(text for _, text in self.had)


class Machine:
    """One installation with its database, and the provider both share."""

    def __init__(self, app: App, provider: Provider, clock: SetClock) -> None:
        self.app, self.clock = app, clock
        self.deps = replace(app.deps, gateway=provider)  # type: ignore[arg-type]

    def send_all(self) -> None:
        while batch := claim_batch(self.deps, "test", self.clock.now(), MINUTE, 50):
            for message in batch:
                send_one(self.deps, "test", message, self.clock.now())

    def run(self) -> None:
        """What the clock and the sender do in a second."""
        queue_due(self.deps, self.clock.now())
        reconcile(self.deps, self.clock.now())
        self.send_all()

    def states(self) -> dict[str, str]:
        with self.app.store.transaction(write=False) as tx:
            contact_id = tx.contact_id_for(Channel.WHATSAPP, PHONE)
            return {one.text: one.state.value for one in tx.outbox_of(contact_id or "")}


@pytest.fixture
def provider() -> Provider:
    return Provider()


@pytest.fixture
def old(app: App, provider: Provider, clock: SetClock) -> Machine:
    """The machine that will be lost, with one family."""
    with app.store.transaction() as tx:
        contact, _ = tx.contact_for_address(Channel.WHATSAPP, PHONE, PHONE, clock.now())
        tx.touch_contact(contact.id, clock.now() + 20 * DAY)
        home = tx.household_of(contact.id, clock.now())
        tx.record_consent(contact.id, CHILD_CARE, "ya", True, None, clock.now())
        tx.save_child(home, Child("Yohanes", date(2026, 6, 1), id="kid"), clock.now())
    return Machine(app, provider, clock)


@pytest.fixture
def fresh(empty_database_url: str) -> Iterator[Engine]:
    engine = opened(empty_database_url)
    yield engine
    engine.dispose()


def say(machine: Machine, text: str, not_before: datetime | None = None) -> None:
    with machine.app.store.transaction() as tx:
        contact_id = tx.contact_id_for(Channel.WHATSAPP, PHONE)
        assert contact_id is not None
        (address,) = tx.addresses_of(contact_id)
        tx.queue(
            OutboxDraft(text, contact_id, address.id, Channel.WHATSAPP, Kind.NOTICE, "x", text, not_before=not_before),
            machine.clock.now(),
        )


def backed_up(machine: Machine, folder: Path) -> Path:
    file = folder / "backup.tar"
    write_backup(machine.app.store.engine, file, machine.clock.now(), "test")
    return file


def restored(
    engine: Engine, file: Path, provider: Provider, clock: SetClock, folder: Path, stopped_at: datetime | None = None
) -> Machine:
    until = stopped_at or clock.now()
    restore(engine, file, clock.now(), until)
    machine = Machine(wired(settings_for(str(engine.url), folder / "new"), engine, clock), provider, clock)
    replay_gap(machine.deps, until)
    assert pass_over(engine) is not None
    return machine


def test_what_was_sent_after_the_backup_is_not_sent_again_and_what_was_not_is(
    old: Machine, fresh: Engine, provider: Provider, clock: SetClock, tmp_path: Path
) -> None:
    say(old, "sent before the backup")
    old.run()
    for text in ("sent after the backup", "claimed, and the machine died", "never tried"):
        say(old, text)
    say(old, "for next week", clock.now() + 7 * DAY)
    file = backed_up(old, tmp_path)
    # The old machine goes on: it hands two of the three to the provider and is lost.
    for message in claim_batch(old.deps, "test", clock.now(), MINUTE, 2):
        old.deps.gateway.send(SendRequest(message.id, message.to, message.channel, message.text))
    clock.set(clock.now() + 2 * timedelta(hours=1))
    new = restored(fresh, file, provider, clock, tmp_path)
    assert new.states()["never tried"] == OutboxState.UNKNOWN
    assert new.states()["for next week"] == OutboxState.QUEUED
    for _ in range(3):
        new.run()
    assert provider.texts == Counter(
        ["sent before the backup", "sent after the backup", "claimed, and the machine died", "never tried"]
    )
    clock.set(clock.now() + 7 * DAY)
    new.run()
    assert provider.texts["for next week"] == 1 and max(provider.texts.values()) == 1


def test_while_the_provider_cannot_be_asked_nothing_doubtful_goes_out(
    old: Machine, fresh: Engine, provider: Provider, clock: SetClock, tmp_path: Path
) -> None:
    say(old, "sent after the backup")
    file = backed_up(old, tmp_path)
    old.run()
    provider.answers = False
    new = restored(fresh, file, provider, clock, tmp_path)
    for _ in range(5):
        clock.set(clock.now() + MINUTE)
        new.run()
    assert provider.texts == Counter(["sent after the backup"])
    provider.answers = True
    clock.set(clock.now() + MINUTE)
    new.run()
    assert provider.texts == Counter(["sent after the backup"])


def reminders(machine: Machine) -> list[ReminderRow]:
    with machine.app.store.transaction(write=False) as tx:
        contact_id = tx.contact_id_for(Channel.WHATSAPP, PHONE)
        contact = tx.contact(contact_id or "")
        assert contact is not None and contact.household_id is not None
        return sorted(tx.reminders_of(contact.household_id), key=lambda row: row.send_at)


def live(machine: Machine, until: datetime) -> None:
    """From one due moment to the next."""
    while coming := [row.send_at for row in reminders(machine) if machine.clock.now() < row.send_at <= until]:
        machine.clock.set(min(coming))
        machine.run()
    machine.clock.set(until)
    machine.run()


def test_reminders_that_fell_due_after_the_backup_are_not_said_again_and_later_ones_are(
    old: Machine, fresh: Engine, provider: Provider, clock: SetClock, tmp_path: Path
) -> None:
    with old.app.store.transaction() as tx:
        contact_id = tx.contact_id_for(Channel.WHATSAPP, PHONE)
        home = tx.household_of(contact_id or "", clock.now())
        replan(old.deps, tx, home, clock.now())
    due = [row.send_at for row in reminders(old) if row.state.value == "planned"]
    assert len(due) >= 3
    file = backed_up(old, tmp_path)
    live(old, due[0] + timedelta(hours=1))
    sent = provider.texts
    assert sum(sent.values()) >= 1
    # The old machine stopped an hour after the first; a new one is ready an hour later.
    stopped_at = clock.now()
    clock.set(stopped_at + timedelta(hours=1))
    new = restored(fresh, file, provider, clock, tmp_path, stopped_at)
    new.run()
    assert provider.texts == sent
    live(new, due[1] + timedelta(hours=1))
    assert sum(provider.texts.values()) > sum(sent.values()), "the next one goes out"
    by_id = Counter(row.id for row in reminders(new) if row.state.value == "queued")
    assert max(by_id.values()) == 1 and max(provider.texts.values()) == 1


def test_a_planned_move_loses_nothing_and_doubles_nothing(
    old: Machine, fresh: Engine, provider: Provider, clock: SetClock, tmp_path: Path
) -> None:
    say(old, "waiting when everything was stopped")
    stopped_at = clock.now()
    clock.set(clock.now() + timedelta(minutes=10))
    file = backed_up(old, tmp_path)
    clock.set(clock.now() + timedelta(minutes=10))
    new = restored(fresh, file, provider, clock, tmp_path, stopped_at)
    new.run()
    new.run()
    assert provider.texts == Counter(["waiting when everything was stopped"])


@pytest.mark.parametrize(("waited", "answered"), [(timedelta(hours=1), True), (timedelta(minutes=1), False)])
def test_a_question_is_taken_as_answered_only_if_the_old_machine_had_time_to(
    old: Machine, fresh: Engine, clock: SetClock, tmp_path: Path, waited: timedelta, answered: bool
) -> None:
    inbound_id = receive_message(old.deps, inbound_form("apa itu stunting", PHONE), clock.now()).inbound_id
    file = backed_up(old, tmp_path)
    clock.set(clock.now() + waited)
    done = restore(fresh, file, clock.now(), clock.now())
    assert done.answered == int(answered)
    machine = wired(settings_for(str(fresh.url), tmp_path / "new"), fresh, clock)
    with machine.store.transaction() as tx:
        found = tx.next_untriaged()
    assert (found is None) is answered and (found is None or found.id == inbound_id)


def test_sending_stands_still_until_the_restore_is_finished(
    old: Machine, fresh: Engine, provider: Provider, clock: SetClock, tmp_path: Path
) -> None:
    say(old, "not sent yet")
    file = backed_up(old, tmp_path)
    restore(fresh, file, clock.now(), clock.now())
    # Killed here: somebody starts everything all the same.
    new = Machine(wired(settings_for(str(fresh.url), tmp_path / "new"), fresh, clock), provider, clock)
    new.run()
    new.run()
    assert provider.texts == Counter()
    replay_gap(new.deps, clock.now())
    assert pass_over(fresh) == 0
    assert pass_over(fresh) is None
    new.run()
    assert provider.texts == Counter(["not sent yet"])
