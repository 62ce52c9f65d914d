"""What the webhook missed is taken in from the provider's list, once, and nothing comes back that was erased."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from sapa.bootstrap import App
from sapa.clock import SetClock
from sapa.services.catch_up import FURTHEST, OVERLAP, catch_up_inbound
from sapa.services.deps import Deps
from sapa.services.inbound import receive_message
from sapa.services.records import CannotTell, InboundForm
from tests.support import inbound_form


class Listing:
    """A provider that lists what it was given and notes how far back it was asked."""

    name = "listing"

    def __init__(self) -> None:
        self.forms: list[InboundForm] = []
        self.away = False
        self.asked: list[datetime] = []

    def inbound_since(self, since: datetime) -> Sequence[InboundForm] | CannotTell:
        self.asked.append(since)
        if self.away:
            return CannotTell()
        return [form for form in self.forms if form.sent_at is not None and form.sent_at >= since]


@pytest.fixture
def provider() -> Listing:
    return Listing()


@pytest.fixture
def deps(app: App, provider: Listing) -> Deps:
    return replace(app.deps, gateway=provider)  # type: ignore[arg-type]


def _said(app: App) -> list[str]:
    with app.store.transaction(write=False) as tx:
        contact = tx.contact_id_for(inbound_form("").channel, "+6281200000001")
        return [one.body for one in tx.inbound_of(contact)] if contact is not None else []


def test_a_message_the_webhook_missed_is_taken_in_once(
    app: App, deps: Deps, provider: Listing, clock: SetClock
) -> None:
    wrote = clock.now() - timedelta(minutes=3)
    provider.forms = [inbound_form("anak saya demam", sent_at=wrote)]
    assert catch_up_inbound(deps, clock.now()) == 1
    clock.set(clock.now() + deps.catch_up)
    assert catch_up_inbound(deps, clock.now()) == 0
    assert _said(app) == ["anak saya demam"]


def test_what_the_webhook_brought_is_not_taken_in_again(
    app: App, deps: Deps, provider: Listing, clock: SetClock
) -> None:
    form = inbound_form("halo", sent_at=clock.now())
    receive_message(deps, replace(form, sent_at=None), clock.now())
    provider.forms = [form]
    assert catch_up_inbound(deps, clock.now()) == 0
    assert _said(app) == ["halo"]


def test_missed_messages_come_in_the_order_they_were_written(
    app: App, deps: Deps, provider: Listing, clock: SetClock
) -> None:
    # Twilio lists the newest first.
    provider.forms = [
        inbound_form(text, sent_at=clock.now() - timedelta(minutes=ago)) for text, ago in (("b", 1), ("a", 2))
    ]
    catch_up_inbound(deps, clock.now())
    assert _said(app) == ["a", "b"]


def test_a_late_message_opens_the_24_hours_from_when_it_was_written(
    app: App, deps: Deps, provider: Listing, clock: SetClock
) -> None:
    wrote = clock.now() - timedelta(minutes=14)
    provider.forms = [inbound_form("halo", sent_at=wrote)]
    catch_up_inbound(deps, clock.now())
    with app.store.transaction(write=False) as tx:
        contact = tx.contact(tx.contact_id_for(provider.forms[0].channel, "+6281200000001") or "")
    assert contact is not None and contact.last_inbound_at == wrote


def test_the_provider_is_asked_every_few_minutes_back_to_the_last_answer(
    deps: Deps, provider: Listing, clock: SetClock
) -> None:
    start = clock.now()
    catch_up_inbound(deps, start)
    clock.set(start + deps.catch_up - timedelta(seconds=1))
    catch_up_inbound(deps, clock.now())
    assert len(provider.asked) == 1
    provider.away = True
    for minutes in (5, 10, 15):
        catch_up_inbound(deps, start + timedelta(minutes=minutes))
    provider.away = False
    catch_up_inbound(deps, start + timedelta(hours=2))
    # Unanswered questions do not count: the last one goes back to the first answer, and a little more.
    assert provider.asked[-1] == start - OVERLAP


def test_after_a_long_outage_it_goes_back_three_days_and_no_further(
    deps: Deps, provider: Listing, clock: SetClock
) -> None:
    catch_up_inbound(deps, clock.now())
    later = clock.now() + timedelta(days=10)
    catch_up_inbound(deps, later)
    assert provider.asked[-1] == later - FURTHEST


def test_a_clock_that_was_ahead_and_went_back_does_not_stop_the_asking(
    deps: Deps, provider: Listing, clock: SetClock
) -> None:
    catch_up_inbound(deps, clock.now() + timedelta(days=1))
    catch_up_inbound(deps, clock.now())
    assert len(provider.asked) == 2


def test_what_somebody_wrote_who_was_erased_stays_forgotten(
    app: App, deps: Deps, provider: Listing, clock: SetClock
) -> None:
    form = inbound_form("berat anak saya 8,2", sent_at=clock.now())
    inbound_id = receive_message(deps, form, clock.now()).inbound_id
    with app.store.transaction() as tx:
        message = tx.inbound(inbound_id or "")
        assert message is not None
        tx.erase_contact(message.contact_id, "R-1", None, clock.now())
    provider.forms = [form]
    assert catch_up_inbound(deps, clock.now()) == 0
    assert _said(app) == []
