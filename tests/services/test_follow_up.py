"""A message of which nothing more was heard is asked about after an hour and after a day, and acted on as if told."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from sapa.bootstrap import App
from sapa.clock import SetClock
from sapa.messaging.states import Channel, Kind
from sapa.services.delivery import claim_batch, send_one
from sapa.services.deps import Deps
from sapa.services.follow_up import follow_up
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
)
from sapa.store.models import OutboxTable

HOUR = timedelta(hours=1)


class Provider:
    """Takes everything; what it says afterwards is told to it. `asked` has our own ids."""

    name = "told"

    def __init__(self) -> None:
        self.says: dict[str, LookupOutcome] = {}
        self.asked: list[str] = []
        self.sent: list[SendRequest] = []

    def send(self, request: SendRequest) -> SendOutcome:
        self.sent.append(request)
        return Sent(f"SM{len(self.sent):032x}")

    def lookup(self, message: OutboxMessage) -> LookupOutcome:
        self.asked.append(message.id)
        return self.says.get(message.id) or Found(message.provider_sid or "", "sent")

    def verdict(self, error_code: str, template: str | None) -> SendOutcome | None:
        return Refused(error_code, None, switch="sms" if error_code == "63024" else None)


@pytest.fixture
def provider() -> Provider:
    return Provider()


@pytest.fixture
def deps(app: App, provider: Provider) -> Deps:
    return replace(app.deps, gateway=provider)  # type: ignore[arg-type]


def _send(app: App, deps: Deps, now: datetime, *names: str) -> list[str]:
    """Send a message to each of some people; our ids."""
    ids = []
    for name in names:
        phone = f"+62812{name:0>8}"
        with app.store.transaction() as tx:
            contact, address = tx.contact_for_address(Channel.WHATSAPP, phone, phone, now)
            tx.touch_contact(contact.id, now)
            draft = OutboxDraft(
                dedupe_key=name,
                contact_id=contact.id,
                address_id=address.id,
                channel=Channel.WHATSAPP,
                kind=Kind.REMINDER,
                content_id="pengingat/umum",
                text=f"Halo {name}",
                sms_text="Halo",
            )
            ids.append(tx.queue(draft, now) or "")
    for message in claim_batch(deps, "s", now, HOUR, 1000):
        send_one(deps, "s", message, now)
    return ids


def _state(app: App, outbox_id: str) -> str:
    with app.store.transaction(write=False) as tx:
        message = tx.outbox_message(outbox_id)
    assert message is not None
    return message.state.value


def test_nobody_is_asked_before_the_hour_and_nobody_twice_in_it(
    app: App, deps: Deps, provider: Provider, clock: SetClock
) -> None:
    (one,) = _send(app, deps, clock.now(), "1")
    start = clock.now()
    for minutes, asked in ((59, []), (61, [one]), (62, [one]), (119, [one])):
        follow_up(deps, start + timedelta(minutes=minutes))
        assert provider.asked == asked
    follow_up(deps, start + timedelta(hours=25))
    follow_up(deps, start + timedelta(hours=26))
    assert provider.asked == [one, one]


def test_what_was_delivered_is_known_to_be_and_not_asked_about_again(
    app: App, deps: Deps, provider: Provider, clock: SetClock
) -> None:
    (one,) = _send(app, deps, clock.now(), "1")
    provider.says[one] = Found(f"SM{1:032x}", "delivered")
    assert follow_up(deps, clock.now() + 1.5 * HOUR) == 1
    assert _state(app, one) == "delivered"
    assert follow_up(deps, clock.now() + 25 * HOUR) == 0
    assert provider.asked == [one]


def test_a_failure_nobody_told_us_of_goes_by_sms_once(
    app: App, deps: Deps, provider: Provider, clock: SetClock
) -> None:
    (one,) = _send(app, deps, clock.now(), "1")
    provider.says[one] = Found(f"SM{1:032x}", "undelivered", "63024")
    for hours in (1.5, 2.5, 25):
        follow_up(deps, clock.now() + hours * HOUR)
    assert _state(app, one) == "failed"
    with app.store.engine.connect() as connection:
        stand_ins = list(connection.scalars(select(OutboxTable.channel).where(OutboxTable.fallback_of == one)))
    assert stand_ins == ["sms"]


def test_what_the_provider_could_not_say_is_asked_again_and_keeps_nobody_else_waiting(
    app: App, deps: Deps, provider: Provider, clock: SetClock
) -> None:
    now = clock.now()
    (first,) = _send(app, deps, now, "1")
    (second,) = _send(app, deps, now + timedelta(minutes=1), "2")
    provider.says[first] = CannotTell()
    provider.says[second] = Found(f"SM{2:032x}", "read")
    follow_up(deps, now + 1.5 * HOUR)
    assert (provider.asked, _state(app, second)) == ([first, second], "read")
    provider.says[first] = Found(f"SM{1:032x}", "read")
    follow_up(deps, now + 1.6 * HOUR)
    assert (_state(app, first), provider.asked) == ("read", [first, second, first])


def test_a_provider_that_does_not_answer_is_not_asked_about_everybody(
    app: App, deps: Deps, provider: Provider, clock: SetClock
) -> None:
    ids = _send(app, deps, clock.now(), *(str(number) for number in range(10)))
    provider.says = {one: CannotTell() for one in ids}
    follow_up(deps, clock.now() + 1.5 * HOUR)
    assert len(provider.asked) == 3
    provider.says = {}
    follow_up(deps, clock.now() + 1.6 * HOUR)
    assert len(provider.asked) == 3 + 10
