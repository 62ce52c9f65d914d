"""The outbox: queued once, claimed by one sender, suppressed at the last moment, moved forward and never back."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine

from sapa.bootstrap import App
from sapa.messaging.states import Channel, Kind, OutboxState
from sapa.services.consents import CHILD_CARE
from sapa.services.records import CannotTell, Found, OutboxDraft, Refused, Sent, StatusForm, SurelyAbsent, Unclear
from sapa.store.database import Database

LEASE = timedelta(seconds=60)
SID = "SM" + "1" * 32


@pytest.fixture
def draft(app: App, now: datetime) -> OutboxDraft:
    """A reply ready to be queued, to a contact that exists."""
    with app.store.transaction() as tx:
        contact, address = tx.contact_for_address(Channel.WHATSAPP, "+6281200000001", "+6281200000001", now)
        tx.touch_contact(contact.id, now)
    return OutboxDraft(
        dedupe_key="k1",
        contact_id=contact.id,
        address_id=address.id,
        channel=Channel.WHATSAPP,
        kind=Kind.ANSWER,
        content_id="dialog/salam",
        text="Halo",
        in_reply_to="in-1",
    )


def _queue(app: App, draft: OutboxDraft, now: datetime) -> str:
    with app.store.transaction() as tx:
        outbox_id = tx.queue(draft, now)
    assert outbox_id is not None
    return outbox_id


def _claim(app: App, now: datetime, owner: str = "s") -> list[str]:
    with app.store.transaction() as tx:
        return [message.id for message in tx.claim_outbox(owner, now, now + LEASE, 50)]


def _state(app: App, outbox_id: str) -> OutboxState:
    with app.store.transaction() as tx:
        message = tx.outbox_message(outbox_id)
    assert message is not None
    return message.state


def test_one_dedupe_key_is_one_message(app: App, draft: OutboxDraft, now: datetime) -> None:
    with app.store.transaction() as tx:
        assert tx.queue(draft, now) is not None
        assert tx.queue(draft, now) is None


def test_two_senders_never_claim_one_message(app: App, engine: Engine, draft: OutboxDraft, now: datetime) -> None:
    for number in range(40):
        with app.store.transaction() as tx:
            contact, address = tx.contact_for_address(Channel.WHATSAPP, f"+62813{number:06}", None, now)
            tx.queue(replace(draft, dedupe_key=f"m{number}", contact_id=contact.id, address_id=address.id), now)
    store, claimed, barrier = Database(engine), [], threading.Barrier(4)

    def work(name: str) -> None:
        barrier.wait()
        while True:
            with store.transaction() as tx:
                batch = tx.claim_outbox(name, now, now + LEASE, 3)
            if not batch:
                return
            claimed.extend(message.id for message in batch)

    threads = [threading.Thread(target=work, args=(f"s{number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(claimed) == len(set(claimed)) == 40


def test_parts_of_an_answer_go_out_in_order(app: App, draft: OutboxDraft, now: datetime) -> None:
    first = _queue(app, draft, now)
    second = _queue(app, replace(draft, dedupe_key="k2"), now)
    assert _claim(app, now) == [first]
    with app.store.transaction() as tx:
        tx.record_send(first, "s", Sent(SID), now, 5)
    assert _claim(app, now) == [second]


def test_danger_overtakes_what_was_queued_before(app: App, draft: OutboxDraft, now: datetime) -> None:
    _queue(app, replace(draft, priority=50), now)
    urgent = _queue(app, replace(draft, dedupe_key="k2", priority=0, kind=Kind.DANGER), now)
    assert _claim(app, now)[0] == urgent


def test_a_message_is_not_claimed_before_its_time(app: App, draft: OutboxDraft, now: datetime) -> None:
    message = _queue(app, replace(draft, not_before=now + timedelta(minutes=2)), now)
    assert _claim(app, now) == []
    assert _claim(app, now + timedelta(minutes=2)) == [message]


@pytest.mark.parametrize(
    ("changes", "opted_out", "consents", "state", "code"),
    [
        ({"in_reply_to": None}, True, True, OutboxState.SUPPRESSED, "opted_out"),
        ({"in_reply_to": None, "exempt_from_opt_out": True}, True, True, OutboxState.SENDING, None),
        ({}, True, True, OutboxState.SENDING, None),  # what the person just wrote is answered
        ({"in_reply_to": None, "consent_purpose": CHILD_CARE}, False, False, OutboxState.SUPPRESSED, "no_consent"),
        ({"in_reply_to": None, "consent_purpose": CHILD_CARE}, False, True, OutboxState.SENDING, None),
    ],
    ids=["stopped, unasked", "stopped, the confirmation", "stopped, but asked", "no consent", "consent"],
)
def test_opt_out_and_consent_are_checked_when_the_message_is_claimed(
    app: App,
    draft: OutboxDraft,
    now: datetime,
    changes: dict[str, object],
    opted_out: bool,
    consents: bool,
    state: OutboxState,
    code: str | None,
) -> None:
    message = _queue(app, replace(draft, **changes), now)
    with app.store.transaction() as tx:
        tx.record_consent(draft.contact_id, CHILD_CARE, "...", True, "in-0", now)
        if not consents:
            tx.record_consent(draft.contact_id, CHILD_CARE, "...", False, "in-1", now + timedelta(seconds=1))
        if opted_out:
            tx.set_opt_out(draft.contact_id, now)
    _claim(app, now)
    assert _state(app, message) == state
    with app.store.transaction() as tx:
        stored = tx.outbox_message(message)
    assert stored is not None and stored.error_code == code


def test_what_is_too_late_is_suppressed_not_sent(app: App, draft: OutboxDraft, now: datetime) -> None:
    message = _queue(app, replace(draft, expires_at=now + timedelta(hours=1)), now)
    assert _claim(app, now + timedelta(hours=2)) == []
    assert _state(app, message) == OutboxState.SUPPRESSED


def test_a_refusal_is_tried_again_after_its_pause_and_fails_after_the_last_try(
    app: App, draft: OutboxDraft, now: datetime
) -> None:
    message = _queue(app, draft, now)
    for attempt in (1, 2):
        assert _claim(app, now) == [message]
        with app.store.transaction() as tx:
            tx.record_send(message, "s", Refused("20429", retry_after_s=30), now, max_attempts=2)
        assert _state(app, message) == (OutboxState.ERRORED if attempt == 1 else OutboxState.FAILED)
        assert _claim(app, now) == []
        now += timedelta(seconds=38)  # 30 s, and up to a quarter more so that a crowd does not come back at once


def test_a_sender_that_never_came_back_leaves_a_doubt_that_is_settled_by_asking(
    app: App, draft: OutboxDraft, now: datetime
) -> None:
    message = _queue(app, draft, now)
    _claim(app, now, "dead")
    later = now + LEASE + timedelta(seconds=1)
    with app.store.transaction() as tx:
        assert [doubt.id for doubt in tx.expired_sending(later, 10)] == [message]
    assert _state(app, message) == OutboxState.UNKNOWN
    assert _claim(app, later) == []  # never resent blindly
    with app.store.transaction() as tx:
        assert tx.resolve_unknown(message, CannotTell(), later) == OutboxState.UNKNOWN
        assert tx.resolve_unknown(message, SurelyAbsent(), later) == OutboxState.QUEUED
    assert _claim(app, later) == [message]
    with app.store.transaction() as tx:
        tx.record_send(message, "s", Unclear("timeout"), later, 5)
        assert tx.resolve_unknown(message, Found(SID, "delivered"), later) == OutboxState.DELIVERED


STATUS_ORDERS = [
    (["sent", "delivered", "read"], OutboxState.READ),
    (["read", "delivered", "sent"], OutboxState.READ),
    (["delivered", "sent"], OutboxState.DELIVERED),
    (["sent", "undelivered"], OutboxState.FAILED),
    (["undelivered", "delivered"], OutboxState.DELIVERED),
    (["delivered", "failed"], OutboxState.DELIVERED),
    (["queued", "sending", "weird"], OutboxState.SENT),
]


@pytest.mark.parametrize(("statuses", "state"), STATUS_ORDERS, ids=[" ".join(words) for words, _ in STATUS_ORDERS])
@pytest.mark.parametrize("overtaken", [False, True], ids=["after our note", "before our note"])
def test_callbacks_in_any_order_never_move_a_message_back(
    app: App, draft: OutboxDraft, now: datetime, statuses: list[str], state: OutboxState, overtaken: bool
) -> None:
    message = _queue(app, draft, now)
    _claim(app, now)

    def note() -> None:
        with app.store.transaction() as tx:
            tx.record_send(message, "s", Sent(SID), now, 5)

    def call_back() -> None:
        for status in statuses:
            with app.store.transaction() as tx:
                assert tx.record_status(StatusForm(SID, status, None, message), now).new
                assert not tx.record_status(StatusForm(SID, status, None, message), now).new  # a repeat is known

    for step in (call_back, note) if overtaken else (note, call_back):
        step()
    assert _state(app, message) == state
