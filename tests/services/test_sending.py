"""Sending under trouble: what is held, what goes in another form, who is spared, and who goes first."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from sapa.bootstrap import App
from sapa.clock import SetClock
from sapa.messaging.states import Channel, Kind, OutboxState
from sapa.services.delivery import claim_batch, drop_late, record, record_status, send_one
from sapa.services.deps import Deps
from sapa.services.records import (
    CannotTell,
    OutboxDraft,
    OutboxMessage,
    Refused,
    SendOutcome,
    SendRequest,
    Sent,
    StatusForm,
    Tried,
    Unclear,
)

LEASE = timedelta(seconds=60)
MINUTE = timedelta(minutes=1)


class Provider:
    """Answers each request as its rule says, and knows what error codes in callbacks mean."""

    name = "rule"

    def __init__(self) -> None:
        self.rule: Any = lambda request: Sent(f"SM{len(self.sent):032x}")
        self.verdicts: dict[str, SendOutcome] = {}
        self.sent: list[SendRequest] = []

    def send(self, request: SendRequest) -> SendOutcome:
        self.sent.append(request)
        outcome: SendOutcome = self.rule(request)
        return outcome

    def lookup(self, message: OutboxMessage) -> CannotTell:
        return CannotTell()

    def verdict(self, error_code: str, template: str | None) -> SendOutcome | None:
        return self.verdicts.get(error_code)


class House:
    """An application whose messages go to that provider, with people to write to."""

    def __init__(self, app: App, clock: SetClock, **deps: Any) -> None:
        self.app, self.clock, self.provider = app, clock, Provider()
        self.deps: Deps = replace(app.deps, gateway=self.provider, templates_always=False, **deps)
        self._keys = itertools.count()

    def queue(self, person: int = 1, *, wrote_before: timedelta | None = timedelta(hours=1), **changes: Any) -> str:
        """A reminder to a person who wrote a while ago; its id."""
        phone = f"+62812{person:08d}"
        with self.app.store.transaction() as tx:
            contact, address = tx.contact_for_address(Channel.WHATSAPP, phone, phone, self.clock.now())
            if wrote_before is not None:
                tx.touch_contact(contact.id, self.clock.now() - wrote_before)
            draft = OutboxDraft(
                dedupe_key=f"k{next(self._keys)}",
                contact_id=contact.id,
                address_id=address.id,
                channel=Channel.WHATSAPP,
                kind=Kind.REMINDER,
                content_id="pengingat/posyandu",
                text="Besok posyandu.",
                sms_text="Besok posyandu. Tanya lewat WhatsApp.",
                template="contoh",
            )
            outbox_id = tx.queue(replace(draft, **changes), self.clock.now())
        assert outbox_id is not None
        return outbox_id

    def send(self, limit: int = 50) -> list[str]:
        """Send what can be sent now; the ids in the order they went."""
        went = []
        for message in claim_batch(self.deps, "s", self.clock.now(), LEASE, limit):
            send_one(self.deps, "s", message, self.clock.now())
            went.append(message.id)
        return went

    def later(self, **passed: float) -> None:
        self.clock.set(self.clock.now() + timedelta(**passed))

    def message(self, outbox_id: str) -> OutboxMessage:
        with self.app.store.transaction(write=False) as tx:
            found = tx.outbox_message(outbox_id)
        assert found is not None
        return found

    def state(self, outbox_id: str) -> OutboxState:
        return self.message(outbox_id).state

    def holds(self) -> list[tuple[str, str]]:
        with self.app.store.transaction(write=False) as tx:
            return [(hold.scope, hold.code) for hold in tx.holds()]

    def everything_of(self, outbox_id: str) -> list[OutboxMessage]:
        with self.app.store.transaction(write=False) as tx:
            return list(tx.outbox_of(self.message(outbox_id).contact_id))


@pytest.fixture
def house(app: App, clock: SetClock) -> House:
    return House(app, clock)


def test_what_became_of_many_messages_is_written_down_together(house: House) -> None:
    fates: list[SendOutcome] = [
        Sent("SM" + "1" * 32),
        Sent("SM" + "2" * 32),
        Refused("21211", None),
        Unclear("timeout"),
    ]
    messages = [house.queue(person) for person in range(4)]
    claimed = claim_batch(house.deps, "s", house.clock.now(), LEASE, 10)
    # The first was overtaken by its own callback.
    record_status(house.deps, StatusForm("SM" + "1" * 32, "delivered", None, messages[0]), house.clock.now())
    record(
        house.deps,
        "s",
        [(one, Tried(one.id, fate)) for one, fate in zip(claimed, fates, strict=True)],
        house.clock.now(),
    )
    assert [house.state(one) for one in messages] == [
        OutboxState.DELIVERED,
        OutboxState.SENT,
        OutboxState.FAILED,
        OutboxState.UNKNOWN,
    ]


LOCKED = Refused("63051", 0.0, alert=True, hold="whatsapp", waits=True)


def test_a_locked_account_stops_the_sending_and_keeps_the_queue(house: House) -> None:
    first = [house.queue(person) for person in range(3)]
    house.provider.rule = lambda request: LOCKED
    house.send(limit=1)
    assert house.holds() == [("whatsapp", "63051")]
    assert house.send() == [] and len(house.provider.sent) == 1
    assert {house.state(one) for one in first} == {OutboxState.QUEUED, OutboxState.ERRORED}


def test_a_held_message_loses_no_try_however_often_the_probe_fails(house: House) -> None:
    message = house.queue()
    house.provider.rule = lambda request: LOCKED
    for _ in range(20):
        house.send()
        house.later(minutes=16)
    assert house.state(message) is OutboxState.ERRORED
    assert house.message(message).attempts == 0 and len(house.provider.sent) == 20


def test_one_message_probes_and_when_it_passes_the_rest_follows(house: House) -> None:
    waiting = [house.queue(person) for person in range(5)]
    house.provider.rule = lambda request: LOCKED
    house.send(limit=1)
    house.provider.rule = lambda request: Sent(f"SM{len(house.provider.sent):032x}")
    house.later(minutes=16)
    assert len(house.send()) == 1  # the probe alone
    assert house.holds() == []
    assert len(house.send()) == 4
    assert {house.state(one) for one in waiting} == {OutboxState.SENT}


def test_a_hold_on_one_channel_lets_the_other_go(house: House) -> None:
    house.queue(1)
    house.provider.rule = lambda request: LOCKED
    house.send()
    house.provider.rule = lambda request: Sent("SM" + "9" * 32)
    by_sms = house.queue(2, channel=Channel.SMS)
    assert house.send() == [by_sms]


def test_a_template_that_is_not_approved_holds_its_own_messages_only(house: House) -> None:
    outside = house.queue(1, wrote_before=None)
    other = house.queue(2, wrote_before=None, template="contoh_lain")
    inside = house.queue(3)
    house.deps = replace(house.deps, content_sids={"contoh_lain": "HX" + "2" * 32})
    assert set(house.send()) == {outside, other, inside}
    assert house.holds() == [("template:contoh", "no_template")]
    assert house.state(outside) is OutboxState.ERRORED
    assert [house.state(one) for one in (other, inside)] == [OutboxState.SENT] * 2
    # Another one outside the window waits without being tried; one inside it goes as free text.
    waits, goes = house.queue(4, wrote_before=None), house.queue(5)
    assert house.send() == [goes]
    assert house.state(waits) is OutboxState.QUEUED


def test_a_message_that_waits_for_its_template_goes_once_it_is_approved(house: House) -> None:
    message = house.queue(wrote_before=None)
    house.send()
    house.deps = replace(house.deps, content_sids={"contoh": "HX" + "1" * 32})
    house.later(minutes=16)
    assert house.send() == [message]
    assert house.state(message) is OutboxState.SENT and house.holds() == []


def test_a_message_that_waits_past_its_time_is_dropped_and_counted(house: House) -> None:
    message = house.queue(wrote_before=None, expires_at=house.clock.now() + timedelta(hours=5))
    house.send()
    house.later(hours=6)
    assert drop_late(house.deps, house.clock.now()) == 1
    assert house.state(message) is OutboxState.SUPPRESSED
    assert house.message(message).error_code == "too_late"
    assert drop_late(house.deps, house.clock.now()) == 0


def test_a_message_without_an_end_is_given_up_after_a_week(house: House) -> None:
    message = house.queue(wrote_before=None)
    house.send()
    house.later(days=6.9)
    assert drop_late(house.deps, house.clock.now()) == 0
    house.later(days=0.2)
    assert drop_late(house.deps, house.clock.now()) == 1
    assert house.message(message).error_code == "too_old"


def _failed(house: House, code: str, verdict: SendOutcome, **changes: Any) -> str:
    """A message that was sent and then reported as undelivered."""
    message = house.queue(**changes)
    house.send()
    sid = house.message(message).provider_sid
    assert sid is not None
    house.provider.verdicts[code] = verdict
    assert record_status(house.deps, StatusForm(sid, "undelivered", code), house.clock.now())
    assert not record_status(house.deps, StatusForm(sid, "undelivered", code), house.clock.now())
    return message


def test_free_text_found_outside_the_window_goes_as_a_template_once(house: House) -> None:
    house.deps = replace(house.deps, content_sids={"contoh": "HX" + "1" * 32})
    first = _failed(house, "63016", Refused("63016", None, switch="template"))
    later = house.everything_of(first)[1]
    assert later.fallback_of == first and house.send() == [later.id]
    assert house.provider.sent[-1].content_sid == "HX" + "1" * 32
    # A template that meets the same is not sent as a template again.
    sid = house.message(later.id).provider_sid
    assert sid is not None
    record_status(house.deps, StatusForm(sid, "undelivered", "63016"), house.clock.now())
    assert len(house.everything_of(first)) == 2


def test_who_is_not_on_whatsapp_gets_an_sms(house: House) -> None:
    first = _failed(house, "63003", Refused("63003", None, switch="sms"))
    later = house.everything_of(first)[1]
    assert (later.channel, later.to, later.text) == (
        Channel.SMS,
        "+6281200000001",
        "Besok posyandu. Tanya lewat WhatsApp.",
    )
    assert house.send() == [later.id] and house.provider.sent[-1].channel is Channel.SMS


def test_who_hides_the_number_cannot_get_an_sms_and_the_message_has_failed(house: House) -> None:
    with house.app.store.transaction() as tx:
        contact, address = tx.contact_for_address(Channel.WHATSAPP, "ID.1349abc", None, house.clock.now())
        tx.touch_contact(contact.id, house.clock.now())
    message = _failed(
        house, "63024", Refused("63024", None, switch="sms"), contact_id=contact.id, address_id=address.id
    )
    assert house.state(message) is OutboxState.FAILED
    assert len(house.everything_of(message)) == 1


def test_a_handset_that_was_off_is_tried_again_later_and_ever_later_but_not_for_ever(house: House) -> None:
    gaps, message = [], _failed(house, "30003", Refused("30003", 1800.0))
    for _ in range(5):
        waiting = [one for one in house.everything_of(message) if one.state is OutboxState.QUEUED]
        if not waiting:
            break
        gaps.append((waiting[0].not_before - house.clock.now()).total_seconds())
        house.later(seconds=gaps[-1] + 1)
        assert house.send() == [waiting[0].id]
        sid = house.message(waiting[0].id).provider_sid
        assert sid is not None
        record_status(house.deps, StatusForm(sid, "undelivered", "30003"), house.clock.now())
    assert gaps == [1800.0, 3600.0, 7200.0]  # half an hour, doubled each time, three times


def test_an_opt_out_told_by_the_provider_is_learnt_from_a_callback_too(house: House) -> None:
    message = _failed(house, "21610", Refused("21610", None, opted_out=True))
    waiting = house.queue()
    assert house.send() == []
    assert house.state(waiting) is OutboxState.SUPPRESSED
    with house.app.store.transaction(write=False) as tx:
        contact = tx.contact(house.message(message).contact_id)
    assert contact is not None and contact.opted_out_at == house.clock.now()


def test_one_person_gets_one_unasked_message_in_six_seconds(app: App, clock: SetClock) -> None:
    house = House(app, clock, person_pace=timedelta(seconds=6))
    first, second, other = house.queue(1), house.queue(1), house.queue(2)
    assert house.send() == [first, other]
    assert house.send() == []
    house.later(seconds=5.9)
    assert house.send() == []
    house.later(seconds=0.2)
    assert house.send() == [second]


def test_answers_come_in_bursts_of_ten_a_minute(app: App, clock: SetClock) -> None:
    house = House(app, clock, person_pace=timedelta(seconds=6))
    answers = [house.queue(1, in_reply_to=f"in{n}", priority=10) for n in range(12)]
    went = list(itertools.chain.from_iterable(house.send() for _ in range(12)))
    assert went == answers[:10]
    house.later(seconds=60.1)
    assert house.send() == [answers[10]]


def test_an_emergency_answer_keeps_no_pace(app: App, clock: SetClock) -> None:
    house = House(app, clock, person_pace=timedelta(seconds=6))
    house.queue(1)
    house.send()
    danger = house.queue(1, priority=0, exempt_from_opt_out=True)
    assert house.send() == [danger]


def test_after_an_outage_the_newest_emergencies_go_first_then_what_was_asked_then_the_rest(house: House) -> None:
    reminders = [house.queue(person) for person in (1, 2)]
    answers = [house.queue(person, in_reply_to="in", priority=10) for person in (3, 4)]
    old = [house.queue(person, priority=0) for person in (5, 6)]
    house.later(minutes=1)
    new = [house.queue(person, priority=0) for person in (7, 8)]
    # The parts of one emergency (the answer, the alert to the kader) were queued at one moment and keep their order.
    assert house.send() == [*new, *old, *answers, *reminders]


def test_two_messages_about_one_emergency_keep_their_order(house: House) -> None:
    first, second = house.queue(5, priority=0), house.queue(5, priority=0)
    assert house.send() == [first]
    assert house.send() == [second]


def test_a_lease_given_while_the_clock_stood_wrong_does_not_keep_a_message_for_a_day(house: House) -> None:
    message = house.queue()
    ahead = house.clock.now() + timedelta(days=1)
    assert [one.id for one in claim_batch(house.deps, "dead", ahead, LEASE, 5)] == [message]
    with house.app.store.transaction() as tx:  # the clock is right again
        assert [one.id for one in tx.expired_sending(house.clock.now(), 5)] == [message]
