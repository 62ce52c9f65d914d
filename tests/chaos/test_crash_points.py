"""Where a process may die, and what becomes of the message: the table of docs/delivery.md, made to happen.

A real process dies by SIGKILL at the point; the others go on. In the end the provider has every message once.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import Engine, func, select

from sapa.bootstrap import App
from sapa.clock import SetClock
from sapa.messaging.states import Channel, Kind
from sapa.services.broadcasts import release_due
from sapa.services.catch_up import catch_up_inbound
from sapa.services.conversation import claim_next, hold_turn
from sapa.services.delivery import attempt, claim_batch, reconcile, record, record_status
from sapa.services.due import queue_due
from sapa.services.inbound import receive_message, triage_next
from sapa.services.records import InboundForm, OutboxDraft, Reply, StatusForm, Turn
from sapa.settings import ROOT
from sapa.store.models import InboundTable, OutboxTable
from tests.chaos.dying import (
    AFTER_COMMIT,
    AFTER_LOOKUP,
    AFTER_POST,
    BEFORE_COMMIT,
    BEFORE_LOOKUP,
    BEFORE_POST,
    HALF_POST,
    NO_ANSWER,
    dies,
)
from tests.chaos.world import Size, plant
from tests.support import settings_for, wired

ACCOUNT, TOKEN, US = "AC" + "0" * 31 + "1", "standin-token", "+628110000000"
LEASE = timedelta(seconds=60)
MOTHER = "+6281200000001"
_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def provider() -> Iterator[str]:
    """The address of a provider that works and takes a moment to answer."""
    command = [sys.executable, "-m", "tools.standin_provider", "--port", "0", "--delay-ms", "20", "--no-callbacks"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE)
    assert process.stdout is not None
    yield f"http://127.0.0.1:{json.loads(process.stdout.readline())['port']}"
    process.kill()
    process.wait()


@pytest.fixture
def clock() -> SetClock:
    # The provider lives by the machine's clock, and what it lists must be younger than what we sent.
    return SetClock(datetime.now(UTC))


@pytest.fixture
def living(engine: Engine, database_url: str, tmp_path: Path, clock: SetClock, provider: str) -> App:
    """The processes that do not die."""
    twilio = {
        "SAPA_GATEWAY": "twilio",
        "SAPA_PUBLIC_URL": "http://127.0.0.1:1",
        "TWILIO_API_URL": provider,
        "TWILIO_ACCOUNT_SID": ACCOUNT,
        "TWILIO_AUTH_TOKEN": TOKEN,
        "TWILIO_WHATSAPP_FROM": US,
        "TWILIO_CONTENT_SIDS": f"pengingat_umum=HX{1:032x}",
    }
    return wired(settings_for(database_url, tmp_path, **twilio), engine, clock)


class World:
    """A message to one mother, and what is known of it here and at the provider."""

    def __init__(self, app: App, url: str, clock: SetClock) -> None:
        self.app, self.url, self.clock = app, url, clock
        now = clock.now()
        # The provider is shared by all tests, so each has a mother of its own.
        mother = f"+6281210{next(_numbers):06}"
        with app.store.transaction() as tx:
            contact, address = tx.contact_for_address(Channel.WHATSAPP, mother, mother, now)
            tx.touch_contact(contact.id, now)
            draft = OutboxDraft(
                dedupe_key="one",
                contact_id=contact.id,
                address_id=address.id,
                channel=Channel.WHATSAPP,
                kind=Kind.REMINDER,
                content_id="pengingat/umum",
                text="Besok posyandu",
                template="pengingat_umum",
            )
            self.id = tx.queue(draft, now) or ""

    @property
    def state(self) -> str:
        with self.app.store.transaction(write=False) as tx:
            message = tx.outbox_message(self.id)
        assert message is not None
        return message.state.value

    def copies(self, *ids: str) -> list[dict[str, Any]]:
        """What the provider has taken under these ids of ours (none given: this message's)."""
        assert self.app.settings.twilio is not None
        ledger = httpx.get(f"{self.app.settings.twilio.api_url}/_ledger").json()["messages"]
        return [message for message in ledger if message["ref"] in (ids or (self.id,))]

    def callback(self, status: str, code: str | None = None) -> StatusForm:
        return StatusForm(self.copies()[0]["sid"], status, code, self.id)

    def later(self, **more: float) -> datetime:
        self.clock.set(self.clock.now() + timedelta(**more))
        return self.clock.now()

    def go_on(self, minutes: int = 6) -> None:
        """The others do their work, for some minutes."""
        for _ in range(minutes * 3):
            now = self.later(seconds=20)
            reconcile(self.app.deps, now)
            send(self.app)


def send(app: App) -> None:
    """What a sender does, once."""
    now, owner = app.clock.now(), f"sender of {id(app)}"
    for message in claim_batch(app.deps, owner, now, LEASE, 20):
        record(app.deps, owner, [(message, attempt(app.deps, message, now))], now)


def settle(app: App) -> None:
    """What a reconciler does, once."""
    reconcile(app.deps, app.clock.now())


@pytest.fixture
def world(living: App, database_url: str, clock: SetClock) -> World:
    return World(living, database_url, clock)


@dataclass(frozen=True)
class Death:
    """Where a sender dies, what is known right afterwards, and how many copies the provider has by then."""

    point: str
    number: int
    state: str
    copies: int


SENDER = {
    "before the claim is committed": Death(BEFORE_COMMIT, 1, "queued", 0),
    "after the claim, before the POST": Death(BEFORE_POST, 0, "sending", 0),
    "in the middle of the POST": Death(HALF_POST, 0, "sending", 0),
    "after the whole POST, before its answer": Death(NO_ANSWER, 0, "sending", 1),
    "after the answer, before the record": Death(AFTER_POST, 0, "sending", 1),
    "while it is recorded": Death(BEFORE_COMMIT, 2, "sending", 1),
    "after the record": Death(AFTER_COMMIT, 2, "sent", 1),
}


@pytest.mark.parametrize("death", SENDER.values(), ids=SENDER)
def test_a_sender_dies_and_the_message_still_goes_once(world: World, death: Death) -> None:
    dies(world.app, world.url, death.point, death.number, send)
    assert (world.state, len(world.copies())) == (death.state, death.copies)
    world.go_on()
    assert (world.state, len(world.copies())) == ("sent", 1)


@pytest.mark.parametrize("point", [NO_ANSWER, AFTER_POST])
def test_a_callback_with_our_id_settles_what_the_dead_sender_could_not_record(world: World, point: str) -> None:
    dies(world.app, world.url, point, 0, send)
    assert world.state == "sending"
    record_status(world.app.deps, world.callback("delivered"), world.later(seconds=1))
    assert world.state == "delivered"
    world.go_on()
    assert (world.state, len(world.copies())) == ("delivered", 1)


DOUBT = {
    "before it notes that the sender is lost": (BEFORE_COMMIT, 1, "sending"),
    "while it asks the provider": (BEFORE_LOOKUP, 0, "unknown"),
    "after the answer, before the row is moved": (AFTER_LOOKUP, 0, "unknown"),
    "while the row is moved": (BEFORE_COMMIT, 2, "unknown"),
}


@pytest.mark.parametrize("taken", [True, False], ids=["the provider has it", "the provider has it not"])
@pytest.mark.parametrize("doubt", DOUBT.values(), ids=DOUBT)
def test_who_settles_a_doubt_dies_and_another_settles_it(
    world: World, doubt: tuple[str, int, str], taken: bool
) -> None:
    dies(world.app, world.url, AFTER_POST if taken else BEFORE_POST, 0, send)
    world.later(seconds=61)
    point, number, state = doubt
    if point != BEFORE_COMMIT or number != 1:
        # First the lost sender is noted; only after the time a request may need is the provider asked.
        settle(world.app)
        world.later(seconds=91)
    dies(world.app, world.url, point, number, settle)
    assert (world.state, len(world.copies())) == (state, int(taken))
    world.go_on()
    assert (world.state, len(world.copies())) == ("sent", 1)


def test_a_sender_dies_with_a_message_that_was_queued_again_and_it_goes_once(world: World) -> None:
    dies(world.app, world.url, BEFORE_POST, 0, send)
    for _ in range(2):
        world.later(seconds=91)
        settle(world.app)
    assert world.state == "queued"
    dies(world.app, world.url, AFTER_POST, 0, send)
    world.go_on()
    assert (world.state, len(world.copies())) == ("sent", 1)


@pytest.mark.parametrize(("point", "state"), [(BEFORE_COMMIT, "sent"), (AFTER_COMMIT, "delivered")])
def test_the_edge_dies_over_a_callback_and_the_next_one_says_it_again(world: World, point: str, state: str) -> None:
    send(world.app)
    said = world.callback("delivered")
    dies(world.app, world.url, point, 1, lambda app: record_status(app.deps, said, app.clock.now()))
    assert world.state == state
    for status in ("delivered", "read", "sent"):
        record_status(world.app.deps, world.callback(status), world.later(seconds=1))
    world.go_on()
    assert (world.state, len(world.copies())) == ("read", 1)


@pytest.mark.parametrize("point", [BEFORE_COMMIT, AFTER_COMMIT])
def test_the_edge_dies_over_a_63016_and_one_template_takes_the_place_of_the_text(world: World, point: str) -> None:
    send(world.app)
    failure = world.callback("failed", "63016")
    dies(world.app, world.url, point, 1, lambda app: record_status(app.deps, failure, app.clock.now()))
    for _ in range(2):  # the provider says it again, and once more
        record_status(world.app.deps, failure, world.later(seconds=1))
    world.go_on()
    with world.app.store.engine.connect() as connection:
        stand_ins = list(connection.scalars(select(OutboxTable.id).where(OutboxTable.fallback_of == world.id)))
    assert len(stand_ins) == 1
    assert [bool(copy["content_sid"]) for copy in world.copies(world.id, *stand_ins)] == [False, True]


# ------------------------------------------------------------------------------------- before there is a message


@pytest.mark.parametrize(("point", "queued"), [(BEFORE_COMMIT, 0), (AFTER_COMMIT, 1)])
def test_the_clock_dies_over_a_due_reminder_and_it_is_queued_once(
    living: App, database_url: str, clock: SetClock, point: str, queued: int
) -> None:
    plant(living, Size(1, 1, 0, 0, 0, 1.0), 1, clock.now())
    clock.set(clock.now() + timedelta(seconds=5))

    def due(app: App) -> object:
        return queue_due(app.deps, app.clock.now())

    assert _rows(living, "reminder") == 0
    dies(living, database_url, point, 1, due)
    assert _rows(living, "reminder") == queued
    due(living)
    due(living)
    assert _rows(living, "reminder") == 1


@pytest.mark.parametrize(
    ("point", "number"), [(BEFORE_COMMIT, 1), (AFTER_COMMIT, 1), (BEFORE_COMMIT, 2), (AFTER_COMMIT, 2)]
)
def test_the_clock_dies_over_a_broadcast_and_every_family_is_told_once(
    living: App, database_url: str, clock: SetClock, point: str, number: int
) -> None:
    plant(living, Size(1, 3, 0, 0, 0, 1.0), 1, clock.now())
    clock.set(clock.now() + timedelta(seconds=5))
    dies(living, database_url, point, number, lambda app: release_due(app.deps, app.clock.now()))
    for _ in range(2):
        release_due(living.deps, clock.now())
    assert _rows(living, "broadcast") == 2 * 3


@pytest.mark.parametrize(("point", "known"), [(BEFORE_COMMIT, 0), (AFTER_COMMIT, 1)])
def test_the_edge_dies_over_what_somebody_wrote_and_it_is_taken_in_once(
    living: App, database_url: str, clock: SetClock, point: str, known: int, provider: str
) -> None:
    written = {"From": f"whatsapp:{MOTHER}", "To": f"whatsapp:{US}", "Body": "halo"}
    sid = httpx.post(provider + "/_inbound", data=written).json()["sid"]
    form = InboundForm(sid, Channel.WHATSAPP, MOTHER, US, "halo", phone=MOTHER)
    dies(living, database_url, point, 1, lambda app: receive_message(app.deps, form, app.clock.now()))
    assert _inbound(living, sid) == known
    # Twilio does not say it again; its list does.
    for _ in range(2):
        catch_up_inbound(living.deps, clock.now())
        clock.set(clock.now() + timedelta(minutes=6))
    receive_message(living.deps, form, clock.now())
    assert _inbound(living, sid) == 1


class _Engine:
    """Answers everything with one text."""

    async def turn(self, *_: object) -> Turn:
        return Turn((Reply("dialog/salam"),), "sapa", 1.0)


@pytest.mark.parametrize(("point", "answers"), [(BEFORE_COMMIT, 0), (AFTER_COMMIT, 1)])
async def test_a_worker_dies_over_its_answer_and_there_is_one_answer(
    living: App, database_url: str, clock: SetClock, point: str, answers: int
) -> None:
    form = InboundForm("SM" + "e" * 32, Channel.WHATSAPP, MOTHER, US, "halo", phone=MOTHER)
    receive_message(living.deps, form, clock.now())
    triage_next(living.deps, clock.now())
    # Its transactions: the claim, then the answer.
    dies(living, database_url, point, 2, lambda app: _run(_worker(app)))
    assert _rows(living, "flow") + _rows(living, "smalltalk") == answers
    clock.set(clock.now() + timedelta(seconds=61))
    await _worker(living)
    assert _rows(living, "flow") + _rows(living, "smalltalk") == 1


async def _worker(app: App) -> None:
    claim = claim_next(app.deps, "worker", app.clock.now(), LEASE)
    if claim is not None:
        await hold_turn(app.deps, _Engine(), claim, app.clock.now)


def _run(work: Any) -> None:
    """Run a coroutine in a process that has inherited a running loop and must not touch it."""
    asyncio.events._set_running_loop(None)
    asyncio.run(work)


def _rows(app: App, kind: str) -> int:
    with app.store.engine.connect() as connection:
        counted = select(func.count()).select_from(OutboxTable).where(OutboxTable.kind == kind)
        return int(connection.execute(counted).scalar_one())


def _inbound(app: App, sid: str) -> int:
    with app.store.engine.connect() as connection:
        counted = select(func.count()).select_from(InboundTable).where(InboundTable.provider_sid == sid)
        return int(connection.execute(counted).scalar_one())
