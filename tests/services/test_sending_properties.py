"""Whatever dies, is slow or lies: a message reaches the provider once, and in the end every one does.

A state machine plays senders that die at any point, a provider that answers or does not, callbacks that come late,
twice or never, and time that passes; it keeps the provider's own ledger.
"""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import lru_cache
from pathlib import Path

from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from sqlalchemy import event

from sapa import bootstrap
from sapa.clock import SetClock
from sapa.messaging.states import Channel, Kind, OutboxState
from sapa.services.delivery import claim_batch, reconcile, record, record_status, send_one
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
    StatusForm,
    SurelyAbsent,
    Tried,
    Unclear,
)
from sapa.store.engine import open_engine
from sapa.store.migrate import upgrade
from tests.support import NOW, settings_for

LEASE = timedelta(seconds=60)
SETTLE = timedelta(seconds=90)
ENDED = (OutboxState.SENT, OutboxState.DELIVERED, OutboxState.READ)


@dataclass
class Provider:
    """Keeps what it was sent by our own id; `late` is accepted only when its time comes."""

    accepted: list[str] = field(default_factory=list)
    late: list[str] = field(default_factory=list)
    mood: str = "ok"
    silent: bool = False

    def send(self, request: SendRequest) -> SendOutcome:
        if self.mood == "busy":
            return Refused("20429", 10.0)
        if self.mood == "unreachable":
            return Unclear("timeout")
        if self.mood == "late":
            self.late.append(request.outbox_id)
            return Unclear("timeout")
        self.accepted.append(request.outbox_id)
        return Unclear("20503") if self.mood == "lost answer" else Sent(_sid(request.outbox_id))

    def lookup(self, message: OutboxMessage) -> LookupOutcome:
        if self.silent:
            return CannotTell()
        return Found(_sid(message.id), "sent") if message.id in self.accepted else SurelyAbsent()

    def verdict(self, error_code: str, template: str | None) -> SendOutcome | None:
        return None


@lru_cache
def _schema() -> Path:
    """A database with today's schema, to be copied."""
    file = Path(tempfile.mkdtemp(prefix="sapa-schema-")) / "schema.db"
    engine = open_engine(f"sqlite:///{file}")
    upgrade(engine)
    engine.dispose()
    return file


def _sid(outbox_id: str) -> str:
    return "SM" + outbox_id.replace("-", "")


class Deliveries(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self._folder = tempfile.TemporaryDirectory()
        url = f"sqlite:///{Path(self._folder.name) / 'test.db'}"
        engine = open_engine(url)
        # Nothing of this outlives the test: waiting for the disk would take most of its time.
        event.listen(engine, "connect", lambda connection, _: connection.execute("PRAGMA synchronous = OFF"))
        shutil.copyfile(_schema(), url.removeprefix("sqlite:///"))
        self.clock, self.provider = SetClock(NOW), Provider()
        self.app = bootstrap.wire(settings_for(url, Path(self._folder.name)), engine, self.clock)
        self.deps = replace(self.app.deps, gateway=self.provider, settle=SETTLE)  # type: ignore[arg-type]
        self.queued: list[str] = []
        # What senders that still live have sent and not yet written down.
        self.unwritten: list[tuple[OutboxMessage, Tried]] = []

    def teardown(self) -> None:
        self.app.store.engine.dispose()
        self._folder.cleanup()

    def _say(self, person: int, reply: bool, urgent: bool) -> None:
        phone = f"+62812{person:08d}"
        with self.app.store.transaction() as tx:
            contact, address = tx.contact_for_address(Channel.WHATSAPP, phone, phone, self.clock.now())
            tx.touch_contact(contact.id, self.clock.now())
            outbox_id = tx.queue(
                OutboxDraft(
                    dedupe_key=f"k{len(self.queued)}",
                    contact_id=contact.id,
                    address_id=address.id,
                    channel=Channel.WHATSAPP,
                    kind=Kind.ANSWER if reply else Kind.REMINDER,
                    content_id="x",
                    text="Halo",
                    in_reply_to="in" if reply else None,
                    priority=0 if urgent else 10,
                ),
                self.clock.now(),
            )
        assert outbox_id is not None
        self.queued.append(outbox_id)

    @rule(
        said=st.lists(st.tuples(st.integers(1, 3), st.booleans(), st.booleans()), max_size=2),
        dies=st.sampled_from(["no", "no", "no", "after claim", "after post", "lives on"]),
        mood=st.sampled_from(["ok", "late", "lost answer", "busy", "unreachable"]),
    )
    def something_is_said_and_a_sender_works(self, said: list[tuple[int, bool, bool]], dies: str, mood: str) -> None:
        for person, reply, urgent in said:
            self._say(person, reply, urgent)
        now = self.clock.now()
        self.provider.mood = mood
        for message in claim_batch(self.deps, "sender", now, LEASE, 3):
            if dies == "after claim":
                continue
            if dies == "no":
                send_one(self.deps, "sender", message, now)
                continue
            request = SendRequest(message.id, message.to, message.channel, message.text)
            tried = Tried(message.id, self.provider.send(request))
            if dies == "lives on":
                self.unwritten.append((message, tried))

    @precondition(lambda self: self.unwritten)
    @rule()
    def a_slow_sender_writes_down_what_it_sent(self) -> None:
        message, tried = self.unwritten.pop(0)
        record(self.deps, "sender", [(message, tried)], self.clock.now())

    @precondition(lambda self: self.provider.accepted)
    @rule(data=st.data(), status=st.sampled_from(["queued", "sent", "delivered", "read"]), named=st.booleans())
    def a_callback_comes(self, data: st.DataObject, status: str, named: bool) -> None:
        one = data.draw(st.sampled_from(self.provider.accepted))
        form = StatusForm(_sid(one), status, None, one if named else None)
        record_status(self.deps, form, self.clock.now())

    @rule(
        seconds=st.sampled_from([1, 20, 61, 100]),
        silent=st.sampled_from([False, False, True]),
        arrives=st.sampled_from(["", "before", "after"]),
    )
    def time_passes_and_somebody_asks_the_provider(self, seconds: int, silent: bool, arrives: str) -> None:
        # A request arrives within the settling time or never: that is what the setting promises.
        if arrives == "before" or seconds > 60:
            self._late_requests_arrive()
        self.clock.set(self.clock.now() + timedelta(seconds=seconds))
        self.provider.silent = silent
        reconcile(self.deps, self.clock.now())
        if arrives == "after":
            self._late_requests_arrive()

    def _late_requests_arrive(self) -> None:
        self.provider.accepted += self.provider.late
        self.provider.late.clear()

    @invariant()
    def nothing_is_sent_twice(self) -> None:
        assert max(Counter(self.provider.accepted).values(), default=0) <= 1

    def _heal(self) -> None:
        self.provider.mood = "ok"
        for _ in range(40):
            self.time_passes_and_somebody_asks_the_provider(100, False, "")
            for message in claim_batch(self.deps, "healthy", self.clock.now(), LEASE, 50):
                send_one(self.deps, "healthy", message, self.clock.now())

    @precondition(lambda self: len(self.queued) > 2)
    @rule()
    def when_all_is_well_again_everything_has_arrived_once(self) -> None:
        self._heal()
        with self.app.store.transaction(write=False) as tx:
            states = {one: tx.outbox_message(one) for one in self.queued}
        assert all(message is not None and message.state in (*ENDED, OutboxState.FAILED) for message in states.values())
        arrived = [one for one, message in states.items() if message is not None and message.state in ENDED]
        assert sorted(arrived) == sorted(set(self.provider.accepted) & set(self.queued))
        # Only what a busy provider refused eight times may have failed.
        failed = [message for message in states.values() if message is not None and message.state is OutboxState.FAILED]
        assert all(message.error_code == "20429" for message in failed)


TestDeliveries = Deliveries.TestCase
TestDeliveries.settings = hypothesis_settings(max_examples=60, stateful_step_count=16, deadline=None)
