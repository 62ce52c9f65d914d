"""Doubts about messages: what a lookup or a late word of the provider settles, and what waits until then."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine, select, text

from sapa.bootstrap import App
from sapa.clock import SetClock
from sapa.messaging.states import Channel, Kind
from sapa.services.delivery import claim_batch, reconcile, record, record_status, send_one
from sapa.services.deps import Deps
from sapa.services.records import (
    Found,
    LookupOutcome,
    OutboxDraft,
    OutboxMessage,
    Refused,
    SendOutcome,
    SendRequest,
    Sent,
    StatusForm,
    SurelyAbsent,
    Tried,
    Unclear,
)
from sapa.store.models import OutboxTable

LEASE = timedelta(seconds=60)
LATER = timedelta(minutes=3)  # after any lease and any settling


class Provider:
    """Answers as it is told, in turn; what it has not been told it takes."""

    name = "told"

    def __init__(self) -> None:
        self.answers: list[SendOutcome] = []
        self.lookups: list[LookupOutcome] = []
        self.sent: list[str] = []
        self.meanwhile: Callable[[], object] | None = None  # what happens while a question is under way

    def send(self, request: SendRequest) -> SendOutcome:
        self.sent.append(request.outbox_id)
        return self.answers.pop(0) if self.answers else Sent(f"SM{len(self.sent):032x}")

    def lookup(self, message: OutboxMessage) -> LookupOutcome:
        outcome = self.lookups.pop(0)
        meanwhile, self.meanwhile = self.meanwhile, None
        if meanwhile is not None:
            meanwhile()
        return outcome

    def verdict(self, error_code: str, template: str | None) -> SendOutcome | None:
        return Refused(error_code, None, switch="sms" if error_code == "63024" else None)


@pytest.fixture
def provider() -> Provider:
    return Provider()


@pytest.fixture
def deps(app: App, provider: Provider) -> Deps:
    return replace(app.deps, gateway=provider)  # type: ignore[arg-type]


def _queue(app: App, now: datetime, key: str, text: str = "Halo") -> str:
    with app.store.transaction() as tx:
        contact, address = tx.contact_for_address(Channel.WHATSAPP, "+6281200000001", "+6281200000001", now)
        tx.touch_contact(contact.id, now)
        draft = OutboxDraft(
            dedupe_key=key,
            contact_id=contact.id,
            address_id=address.id,
            channel=Channel.WHATSAPP,
            kind=Kind.NOTICE,
            content_id="pengingat/umum",
            text=text,
            sms_text="Halo",
        )
        return tx.queue(draft, now) or ""


def _send(deps: Deps, now: datetime) -> list[str]:
    """What a sender does once; our ids of what it sent."""
    batch = claim_batch(deps, "s", now, LEASE, 20)
    for message in batch:
        send_one(deps, "s", message, now)
    return [message.id for message in batch]


def _state(app: App, outbox_id: str) -> str:
    with app.store.transaction(write=False) as tx:
        message = tx.outbox_message(outbox_id)
    assert message is not None
    return message.state.value


def _in_doubt(app: App, deps: Deps, provider: Provider, now: datetime) -> str:
    """A message whose request was not answered."""
    outbox_id = _queue(app, now, "first")
    provider.answers = [Unclear("timeout")]
    _send(deps, now)
    assert _state(app, outbox_id) == "unknown"
    return outbox_id


def test_a_failure_learnt_by_asking_is_acted_on_like_one_we_were_told_of(
    app: App, deps: Deps, provider: Provider, clock: SetClock
) -> None:
    outbox_id = _in_doubt(app, deps, provider, clock.now())
    provider.lookups = [Found("SM1", "undelivered", "63024")]
    reconcile(deps, clock.now() + LATER)
    assert _state(app, outbox_id) == "failed"
    with app.store.engine.connect() as connection:
        found = connection.execute(
            select(OutboxTable.channel, OutboxTable.error_code).where(OutboxTable.fallback_of == outbox_id)
        )
        assert [row.channel for row in found] == ["sms"]


def test_a_message_waits_while_nobody_knows_whether_one_that_reads_the_same_went(
    app: App, deps: Deps, provider: Provider, clock: SetClock
) -> None:
    first = _in_doubt(app, deps, provider, clock.now())
    twin, other = _queue(app, clock.now(), "twin"), _queue(app, clock.now(), "other", "Selamat pagi")
    assert _send(deps, clock.now() + timedelta(seconds=20)) == []  # the twin goes first, in the order of the two
    provider.lookups = [Found("SM1", "sent")]
    reconcile(deps, clock.now() + LATER)
    assert _state(app, first) == "sent"
    now = clock.now() + LATER
    assert [_send(deps, now + timedelta(seconds=7 * turn)) for turn in (1, 2)] == [[twin], [other]]


def test_one_batch_never_holds_two_messages_that_read_the_same_to_one_person(
    app: App, deps: Deps, provider: Provider, clock: SetClock
) -> None:
    both = {_queue(app, clock.now(), "first"), _queue(app, clock.now(), "second")}
    provider.answers = [Refused("20429", 10.0), Refused("20429", 10.0)]
    for seconds in (0, 7):
        _send(deps, clock.now() + timedelta(seconds=seconds))
    assert {_state(app, one) for one in both} == {"errored"}
    assert len(claim_batch(deps, "s", clock.now() + LATER, LEASE, 20)) == 1


@pytest.mark.parametrize("word", ["sent", "delivered", "read"])
def test_a_late_word_of_the_provider_keeps_a_message_that_was_queued_again_from_going_twice(
    app: App, deps: Deps, provider: Provider, clock: SetClock, word: str
) -> None:
    outbox_id = _in_doubt(app, deps, provider, clock.now())
    provider.lookups = [SurelyAbsent()]
    reconcile(deps, clock.now() + LATER)
    assert _state(app, outbox_id) == "queued"
    record_status(deps, StatusForm("SM1", word, None, outbox_id), clock.now() + LATER)
    assert _state(app, outbox_id) == word
    assert _send(deps, clock.now() + 2 * LATER) == [] and len(provider.sent) == 1


def _stand_ins(app: App, outbox_id: str) -> list[str]:
    """The channels of what was queued in a message's place."""
    with app.store.engine.connect() as connection:
        found = select(OutboxTable.channel).where(OutboxTable.fallback_of == outbox_id)
        return list(connection.scalars(found))


def test_a_failure_told_while_the_message_is_queued_again_is_acted_on(
    app: App, deps: Deps, provider: Provider, clock: SetClock
) -> None:
    outbox_id = _in_doubt(app, deps, provider, clock.now())
    provider.lookups = [SurelyAbsent()]
    reconcile(deps, clock.now() + LATER)
    assert _state(app, outbox_id) == "queued"
    record_status(deps, StatusForm("SM1", "undelivered", "63024", outbox_id), clock.now() + LATER)
    assert (_state(app, outbox_id), _stand_ins(app, outbox_id)) == ("failed", ["sms"])
    sent = _send(deps, clock.now() + 2 * LATER)
    assert len(sent) == 1 and outbox_id not in sent


@pytest.mark.parametrize("given_up", [False, True], ids=["at once", "after it was given up"])
def test_a_failure_told_before_anybody_knew_the_id_is_acted_on_when_it_is_known(
    app: App, deps: Deps, clock: SetClock, provider: Provider, given_up: bool
) -> None:
    outbox_id = _queue(app, clock.now(), "first")
    (message,) = claim_batch(deps, "slow", clock.now(), LEASE, 20)
    # A callback that names the provider's id alone.
    record_status(deps, StatusForm("SM1", "undelivered", "63024", None), clock.now())
    assert _state(app, outbox_id) == "sending"
    for turn in (1, 2) if given_up else ():
        provider.lookups = [SurelyAbsent()]
        reconcile(deps, clock.now() + turn * LATER)
    record(deps, "slow", [(message, Tried(message.id, Sent("SM1")))], clock.now() + 2 * LATER)
    assert (_state(app, outbox_id), _stand_ins(app, outbox_id)) == ("failed", ["sms"])


def test_a_failure_known_by_a_callback_is_acted_on_though_the_lookup_came_too_early_to_see_it(
    app: App, deps: Deps, provider: Provider, clock: SetClock
) -> None:
    outbox_id = _in_doubt(app, deps, provider, clock.now())
    record_status(deps, StatusForm("SM1", "undelivered", "63024", None), clock.now())
    provider.lookups = [Found("SM1", "sent")]
    reconcile(deps, clock.now() + LATER)
    assert (_state(app, outbox_id), _stand_ins(app, outbox_id)) == ("failed", ["sms"])


@pytest.mark.parametrize(("word", "code"), [("undelivered", "63024"), ("delivered", None)])
def test_a_callback_that_waits_for_our_note_of_the_id_is_applied_after_it(
    app: App, deps: Deps, clock: SetClock, word: str, code: str | None
) -> None:
    outbox_id = _queue(app, clock.now(), "first")
    claim_batch(deps, "s", clock.now(), LEASE, 20)
    form = StatusForm("SM1", word, code, outbox_id)
    callback = threading.Thread(target=record_status, args=(deps, form, clock.now()))
    with app.store.transaction() as tx:
        tx.record_sends("s", [Tried(outbox_id, Sent("SM1"))], clock.now(), 3)
        callback.start()
        _until_somebody_waits(app.store.engine)
    callback.join()
    assert _state(app, outbox_id) == ("failed" if code else "delivered")
    assert _stand_ins(app, outbox_id) == (["sms"] if code else [])


def _until_somebody_waits(engine: Engine) -> None:
    """Until another transaction waits for a row. With SQLite it cannot but wait: there is one writer."""
    if engine.dialect.name != "postgresql":
        return
    waiting = text(
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    )
    for _ in range(2_000):
        with engine.connect() as connection:
            if connection.scalar(waiting):
                return
        time.sleep(0.005)
    raise AssertionError("nobody waits for the row")


def test_a_repeated_callback_mends_what_the_first_could_not_and_changes_nothing_else(
    app: App, deps: Deps, clock: SetClock
) -> None:
    outbox_id = _queue(app, clock.now(), "first")
    form = StatusForm("SM1", "undelivered", "63024", outbox_id)
    assert record_status(deps, replace(form, outbox_id=None), clock.now())  # nobody's yet
    claim_batch(deps, "s", clock.now(), LEASE, 20)
    for _ in range(2):
        assert not record_status(deps, form, clock.now())
        assert (_state(app, outbox_id), _stand_ins(app, outbox_id)) == ("failed", ["sms"])
    record_status(deps, StatusForm("SM1", "read", None, outbox_id), clock.now())
    record_status(deps, form, clock.now())
    assert _state(app, outbox_id) == "read"


def test_a_sender_that_comes_back_late_with_a_success_keeps_the_message_from_going_twice(
    app: App, deps: Deps, provider: Provider, clock: SetClock
) -> None:
    outbox_id = _queue(app, clock.now(), "first")
    (message,) = claim_batch(deps, "slow", clock.now(), LEASE, 20)
    for turn in (1, 2):  # lost first, asked about then
        provider.lookups = [SurelyAbsent()]
        reconcile(deps, clock.now() + turn * LATER)
    assert _state(app, outbox_id) == "queued"
    record(deps, "slow", [(message, Tried(message.id, Sent("SM1")))], clock.now() + 2 * LATER)
    assert _state(app, outbox_id) == "sent"
    assert _send(deps, clock.now() + 3 * LATER) == []


def test_an_old_answer_says_nothing_of_a_newer_doubt(app: App, deps: Deps, provider: Provider, clock: SetClock) -> None:
    outbox_id = _in_doubt(app, deps, provider, clock.now())
    now = clock.now() + LATER

    def another_clock_is_faster() -> None:
        reconcile(deps, now + timedelta(minutes=1))  # absent: queued again
        provider.answers = [Unclear("connection_broken")]  # and this time the provider may have taken it
        assert _send(deps, now + timedelta(minutes=1, seconds=1)) == [outbox_id]

    provider.lookups = [SurelyAbsent(), SurelyAbsent()]
    provider.meanwhile = another_clock_is_faster
    reconcile(deps, now)
    assert _state(app, outbox_id) == "unknown"
    assert _send(deps, now + timedelta(minutes=1, seconds=2)) == []
