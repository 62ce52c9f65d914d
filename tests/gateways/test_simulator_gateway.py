"""The pretend provider: takes, refuses and remembers messages as a real one would."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError

from sapa.gateways.simulator import SimulatorGateway
from sapa.messaging.states import Channel, Kind, OutboxState
from sapa.services.records import CannotTell, Found, OutboxMessage, Refused, SendRequest, Sent, SurelyAbsent, Unclear
from sapa.store.engine import open_engine
from sapa.store.simulator import SimClock, SimPhone, SimulatorMailbox

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
MARIA = "+6281200000001"


@pytest.fixture
def mailbox(engine: Engine) -> SimulatorMailbox:
    return SimulatorMailbox(engine)


@pytest.fixture
def gateway(mailbox: SimulatorMailbox) -> SimulatorGateway:
    return SimulatorGateway(mailbox, lambda: NOON)


def request(outbox_id: str = "o1", text: str | None = "Halo", **more: object) -> SendRequest:
    return SendRequest(outbox_id, MARIA, Channel.WHATSAPP, text, **more)  # type: ignore[arg-type]


def outbox(outbox_id: str) -> OutboxMessage:
    return OutboxMessage(
        outbox_id, "c", "a", MARIA, Channel.WHATSAPP, Kind.ANSWER, "x", "Halo", (), (), None, {}, None,
        OutboxState.SENDING, 1, NOON, NOON,
    )  # fmt: skip


def inbound(mailbox: SimulatorMailbox, sid: str = "SM" + "a" * 32) -> None:
    mailbox.note_inbound({"MessageSid": sid}, phone=MARIA, channel="whatsapp", text="ya", media=[], now=NOON)


class TestSending:
    def test_a_sent_message_is_on_the_phone_with_all_the_page_shows(
        self, gateway: SimulatorGateway, mailbox: SimulatorMailbox
    ) -> None:
        buttons = ({"title": "Setuju", "payload": "setuju"},)
        sent = gateway.send(
            request(
                buttons=buttons,
                kind=Kind.REMINDER,
                content_id="pengingat/posyandu",
                template="pengingat_posyandu",
                media_urls=("http://x/foto.png",),
            )
        )

        assert isinstance(sent, Sent) and re.fullmatch(r"SM[0-9a-f]{32}", sent.provider_sid)
        [message] = mailbox.messages_since(0)
        assert message.sid == sent.provider_sid
        assert (message.outbox_id, message.phone) == ("o1", MARIA)
        assert (message.channel, message.direction) == ("whatsapp", "out")
        assert (message.text, message.buttons, message.kind) == ("Halo", buttons, "reminder")
        assert (message.content_id, message.template) == ("pengingat/posyandu", "pengingat_posyandu")
        assert message.media == ({"url": "http://x/foto.png", "content_type": "image/png"},)
        assert (message.status, message.at) == ("queued", NOON)

    def test_a_template_shows_its_rendered_words(self, gateway: SimulatorGateway, mailbox: SimulatorMailbox) -> None:
        gateway.send(request(text=None, content_sid="HX1", rendered="Besok posyandu"))
        assert mailbox.messages_since(0)[0].text == "Besok posyandu"

    def test_the_same_outbox_id_sent_twice_shows_twice_as_with_a_provider_that_knows_no_idempotency(
        self, gateway: SimulatorGateway, mailbox: SimulatorMailbox
    ) -> None:
        first, second = gateway.send(request()), gateway.send(request())
        assert first != second
        assert len(mailbox.messages_since(0)) == 2
        assert gateway.lookup(outbox("o1")) == Found(second.provider_sid, "queued")  # type: ignore[union-attr]

    @pytest.mark.parametrize(("length", "taken"), [(1600, True), (1601, False)])
    def test_text_over_1600_characters_is_refused_for_good(
        self, gateway: SimulatorGateway, mailbox: SimulatorMailbox, length: int, taken: bool
    ) -> None:
        outcome = gateway.send(request(text="a" * length))
        assert isinstance(outcome, Sent) if taken else outcome == Refused("21617", retry_after_s=None)
        assert len(mailbox.messages_since(0)) == taken


class TestLookup:
    def test_the_pretend_provider_always_knows(self, gateway: SimulatorGateway, mailbox: SimulatorMailbox) -> None:
        sent = gateway.send(request())
        assert isinstance(sent, Sent)
        mailbox.set_status(sent.provider_sid, "delivered", NOON)
        assert gateway.lookup(outbox("o1")) == Found(sent.provider_sid, "delivered")
        assert gateway.lookup(outbox("never sent")) == SurelyAbsent()

    def test_without_its_database_nothing_is_certain(self) -> None:
        class Gone:
            def deliver(self, request: SendRequest, now: datetime) -> str:
                raise ConnectionError

            def find(self, outbox_id: str) -> tuple[str, str] | None:
                raise ConnectionError

        gateway = SimulatorGateway(Gone(), lambda: NOON)
        assert isinstance(gateway.send(request()), Unclear)
        assert gateway.lookup(outbox("o1")) == CannotTell()

    def test_a_database_without_tables_counts_as_gone(self, tmp_path: Path) -> None:
        mailbox = SimulatorMailbox(open_engine(f"sqlite:///{tmp_path / 'empty.db'}"))
        with pytest.raises(ConnectionError):
            mailbox.deliver(request(), NOON)
        with pytest.raises(ConnectionError) as caught:
            mailbox.find("o1")
        assert isinstance(caught.value.__cause__, OperationalError)


class TestMailbox:
    def test_a_page_that_asks_from_its_revision_gets_what_changed_and_nothing_else(
        self, gateway: SimulatorGateway, mailbox: SimulatorMailbox
    ) -> None:
        first = gateway.send(request("o1"))
        gateway.send(request("o2"))
        assert isinstance(first, Sent)
        known = mailbox.revision()
        assert mailbox.messages_since(known) == []

        mailbox.set_status(first.provider_sid, "sent", NOON)
        assert [message.outbox_id for message in mailbox.messages_since(known)] == ["o1"]
        assert mailbox.revision() == known + 1

    def test_a_long_history_starts_with_its_newest_messages(
        self, gateway: SimulatorGateway, mailbox: SimulatorMailbox
    ) -> None:
        for number in range(5):
            gateway.send(request(f"o{number}"))
        assert [message.outbox_id for message in mailbox.messages_since(0, limit=2)] == ["o3", "o4"]
        assert [message.outbox_id for message in mailbox.messages_since(1, limit=2)] == ["o1", "o2"]

    def test_a_status_never_goes_back_and_keeps_its_times(
        self, gateway: SimulatorGateway, mailbox: SimulatorMailbox
    ) -> None:
        sent = gateway.send(request())
        assert isinstance(sent, Sent)
        later = NOON + timedelta(minutes=1)
        assert mailbox.set_status(sent.provider_sid, "delivered", later)
        assert not mailbox.set_status(sent.provider_sid, "sent", later)
        assert not mailbox.set_status("SM" + "0" * 32, "sent", later)
        message = mailbox.message(sent.provider_sid)
        assert message is not None
        assert message.history == (("queued", NOON), ("delivered", later))

    def test_what_is_under_way_or_not_reported_is_in_transit(
        self, gateway: SimulatorGateway, mailbox: SimulatorMailbox
    ) -> None:
        sent = gateway.send(request())
        inbound(mailbox)
        assert isinstance(sent, Sent)
        assert [message.sid for message in mailbox.in_transit()] == [sent.provider_sid]
        mailbox.set_status(sent.provider_sid, "delivered", NOON)
        assert [message.status for message in mailbox.in_transit()] == ["delivered"], "nobody was called back yet"
        mailbox.mark_called_back(sent.provider_sid, "delivered")
        assert mailbox.in_transit() == []
        mailbox.set_status(sent.provider_sid, "read", NOON)
        assert [message.status for message in mailbox.in_transit()] == ["read"]

    def test_phones_are_kept_once_per_channel(self, mailbox: SimulatorMailbox) -> None:
        assert mailbox.add_phone(SimPhone(MARIA, "whatsapp", "Ibu Maria"), NOON)
        assert not mailbox.add_phone(SimPhone(MARIA, "whatsapp", "Orang lain"), NOON)
        assert mailbox.add_phone(SimPhone(MARIA, "sms", "Ibu Maria"), NOON + timedelta(seconds=1))
        assert [(phone.channel, phone.name) for phone in mailbox.phones()] == [
            ("whatsapp", "Ibu Maria"),
            ("sms", "Ibu Maria"),
        ]


class TestClock:
    def test_it_stands_with_the_real_one_until_somebody_moves_it(self, mailbox: SimulatorMailbox) -> None:
        assert mailbox.clock() == SimClock(0.0, None, None)

    def test_a_walk_goes_forward_one_at_a_time(self, mailbox: SimulatorMailbox) -> None:
        target = NOON + timedelta(days=30)
        assert not mailbox.start_walk(NOON, NOON), "there is nowhere to go"
        assert not mailbox.start_walk(NOON - timedelta(hours=1), NOON), "never back"
        assert mailbox.start_walk(target, NOON)
        assert not mailbox.start_walk(target + timedelta(days=1), NOON), "it is walking"
        assert mailbox.clock() == SimClock(0.0, target, NOON)

        mailbox.move_clock(3600.0)
        assert mailbox.clock() == SimClock(3600.0, target, NOON)
        assert mailbox.end_walk() == SimClock(3600.0, None, None) == mailbox.clock()

    def test_the_offset_never_shrinks(self, mailbox: SimulatorMailbox) -> None:
        mailbox.move_clock(7200.0)
        assert mailbox.move_clock(60.0).offset_seconds == 7200.0
