"""Sending: free text inside WhatsApp's window, a template outside it, and what is settled by asking the provider."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from sapa.bootstrap import App
from sapa.clock import SetClock
from sapa.messaging.states import Channel, Kind, OutboxState
from sapa.services.delivery import build_request, claim_batch, reconcile, send_one, template_variables, window_open
from sapa.services.deps import Deps
from sapa.services.records import (
    CannotTell,
    Found,
    LookupOutcome,
    OutboxDraft,
    OutboxMessage,
    Refused,
    SendOutcome,
    SendRequest,
    Sent,
    SurelyAbsent,
    Unclear,
)

LEASE = timedelta(seconds=60)


class ToldGateway:
    """A provider that does as it is told and remembers what it was sent."""

    name = "told"

    def __init__(self, *outcomes: SendOutcome, lookups: tuple[LookupOutcome, ...] = ()) -> None:
        self._outcomes, self._lookups = list(outcomes), list(lookups)
        self.sent: list[SendRequest] = []

    def send(self, request: SendRequest) -> SendOutcome:
        self.sent.append(request)
        return self._outcomes.pop(0) if self._outcomes else Sent(f"SM{len(self.sent):032x}")

    def lookup(self, message: OutboxMessage) -> LookupOutcome:
        return self._lookups.pop(0)


def _queue(app: App, now: datetime, **changes: object) -> str:
    with app.store.transaction() as tx:
        contact, address = tx.contact_for_address(Channel.WHATSAPP, "+6281200000001", "+6281200000001", now)
        tx.touch_contact(contact.id, now)
        draft = OutboxDraft(
            dedupe_key="k",
            contact_id=contact.id,
            address_id=address.id,
            channel=Channel.WHATSAPP,
            kind=Kind.ANSWER,
            content_id="dialog/salam",
            text="Halo",
            in_reply_to="in",
        )
        outbox_id = tx.queue(replace(draft, **changes), now)
    assert outbox_id is not None
    return outbox_id


def _message(app: App, outbox_id: str) -> OutboxMessage:
    with app.store.transaction() as tx:
        message = tx.outbox_message(outbox_id)
    assert message is not None
    return message


WINDOW = [
    # hours since the person last wrote, channel, open?
    (0.0, Channel.WHATSAPP, True),
    (23.7, Channel.WHATSAPP, True),
    (23.8, Channel.WHATSAPP, False),  # 23 h 48 min: inside 24 h, but not inside our margin of 15 min
    (25.0, Channel.WHATSAPP, False),
    (None, Channel.WHATSAPP, False),
    (None, Channel.SMS, True),
]


@pytest.mark.parametrize(("hours", "channel", "is_open"), WINDOW)
def test_free_text_needs_an_open_window(
    app: App, now: datetime, hours: float | None, channel: Channel, is_open: bool
) -> None:
    wrote = None if hours is None else now - timedelta(hours=hours)
    message = replace(_message(app, _queue(app, now)), channel=channel, last_inbound_at=wrote)
    assert window_open(message, now) is is_open


def test_outside_the_window_an_approved_template_goes_by_its_content_sid(app: App, now: datetime) -> None:
    message = _message(app, _queue(app, now, template="contoh", text="Halo,\n\nbesok posyandu."))
    deps = replace(app.deps, content_sids={"contoh": "HX" + "1" * 32}, templates_always=False)
    request = build_request(deps, message, now + timedelta(days=2))
    assert isinstance(request, SendRequest)
    assert request.text is None and request.content_sid == "HX" + "1" * 32
    assert request.content_variables == {"1": "Halo, besok posyandu."}  # a value may hold no newline


def test_outside_the_window_a_message_without_a_template_can_only_go_by_sms_and_says_so(
    app: App, now: datetime
) -> None:
    message = _message(app, _queue(app, now, template=None))
    refused = build_request(replace(app.deps, templates_always=False), message, now + timedelta(days=2))
    assert refused == Refused("no_template", retry_after_s=None, alert=True, switch="sms")


def test_outside_the_window_a_message_whose_template_is_not_approved_waits_for_it(app: App, now: datetime) -> None:
    message = _message(app, _queue(app, now, template="contoh"))
    refused = build_request(replace(app.deps, templates_always=False), message, now + timedelta(days=2))
    assert refused == Refused("no_template", 0.0, hold="template:contoh", waits=True, alert=True)


def test_a_template_value_is_one_line_of_at_most_900_characters() -> None:
    assert template_variables("a\n b\t c")["1"] == "a b c"
    assert len(template_variables("x " * 2000)["1"]) == 900


def _deps(app: App, gateway: ToldGateway) -> Deps:
    return replace(app.deps, gateway=gateway)


FATES = [
    (Sent("SM" + "1" * 32), OutboxState.SENT),
    (Refused("21610", None, opted_out=True), OutboxState.FAILED),
    (Refused("20429", 10), OutboxState.ERRORED),
    (Unclear("timeout"), OutboxState.UNKNOWN),
]


@pytest.mark.parametrize(
    ("outcome", "state"), FATES, ids=[type(outcome).__name__ + str(n) for n, (outcome, _) in enumerate(FATES)]
)
def test_what_the_provider_said_is_recorded(app: App, now: datetime, outcome: SendOutcome, state: OutboxState) -> None:
    outbox_id = _queue(app, now)
    deps = _deps(app, ToldGateway(outcome))
    for message in claim_batch(deps, "s", now, LEASE, 10):
        send_one(deps, "s", message, now)
    assert _message(app, outbox_id).state is state


def test_a_provider_that_knows_of_an_opt_out_teaches_us(app: App, now: datetime) -> None:
    outbox_id = _queue(app, now)
    deps = _deps(app, ToldGateway(Refused("21610", None, opted_out=True)))
    for message in claim_batch(deps, "s", now, LEASE, 10):
        send_one(deps, "s", message, now)
    with app.store.transaction() as tx:
        contact = tx.contact(_message(app, outbox_id).contact_id)
    assert contact is not None and contact.opted_out_at == now


DOUBTS = [
    ((Found("SM" + "2" * 32, "sent"),), OutboxState.SENT, 1),
    ((SurelyAbsent(),), OutboxState.SENT, 2),  # only then is it sent again
    ((CannotTell(), CannotTell(), Found("SM" + "2" * 32, "delivered")), OutboxState.DELIVERED, 1),
]


@pytest.mark.parametrize(("lookups", "state", "posts"), DOUBTS, ids=["found", "surely absent", "asked thrice"])
def test_a_message_with_an_unclear_fate_is_looked_up_and_resent_only_if_the_provider_surely_has_none(
    app: App, clock: SetClock, lookups: tuple[LookupOutcome, ...], state: OutboxState, posts: int
) -> None:
    outbox_id = _queue(app, clock.now())
    gateway = ToldGateway(Unclear("timeout"), lookups=lookups)
    deps = _deps(app, gateway)
    for _ in range(6):
        for message in claim_batch(deps, "s", clock.now(), LEASE, 10):
            send_one(deps, "s", message, clock.now())
        clock.set(clock.now() + timedelta(seconds=95))
        reconcile(deps, clock.now())
    assert len(gateway.sent) == posts
    assert _message(app, outbox_id).state is state


def test_the_provider_is_not_asked_before_a_late_request_could_have_arrived(app: App, clock: SetClock) -> None:
    _queue(app, clock.now())
    deps = replace(_deps(app, ToldGateway(Unclear("timeout"))), settle=timedelta(seconds=90))
    for message in claim_batch(deps, "s", clock.now(), LEASE, 10):
        send_one(deps, "s", message, clock.now())
    clock.set(clock.now() + timedelta(seconds=60))
    assert reconcile(deps, clock.now()) == {}
