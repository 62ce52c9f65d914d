"""The provider is away for an hour: nothing is lost, what is too late is dropped, the rest goes in order."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from sapa.bootstrap import App
from sapa.clock import SetClock
from sapa.messaging.states import OutboxState
from sapa.services.delivery import drop_late, reconcile
from sapa.services.records import (
    CannotTell,
    LookupOutcome,
    OutboxMessage,
    Refused,
    SendOutcome,
    SendRequest,
    Sent,
    SurelyAbsent,
    Unclear,
)
from scheduler.sender import Sender
from tests.services.test_sending import House, Provider
from tests.support import settings_for, wired

RATE = 150  # messages a second
STEP = timedelta(minutes=5)
# 300 messages: in each of the twelve steps of the hour 2 answers to a danger, 5 answers, 18 reminders.
DANGERS, ANSWERS, REMINDERS, STEPS = 2, 5, 18, 12
# The reminders of the first four steps are of use for half an hour only: 4 * 18 = 72 are too late by the end.
SHORT_STEPS, SHORT = 4, timedelta(minutes=30)


class AwayProvider(Provider):
    """Does not answer; sometimes takes the request and says nothing. Once back it answers and knows its list."""

    def __init__(self) -> None:
        super().__init__()
        self.away, self.taken = True, list[tuple[float, str]]()
        self._asked = 0

    def send(self, request: SendRequest) -> SendOutcome:
        if self.away:
            self._asked += 1
            return Unclear("timeout") if self._asked % 7 == 0 else Refused("connect_failed", 10.0, waits=True)
        self.taken.append((time.monotonic(), request.outbox_id))
        return Sent(f"SM{len(self.taken):032x}")

    def lookup(self, message: OutboxMessage) -> LookupOutcome:  # type: ignore[override]
        return CannotTell() if self.away else SurelyAbsent()


@pytest.fixture
def database_url(one_database: str) -> str:
    return one_database


@pytest.fixture
def app(engine: Engine, database_url: str, tmp_path: Path, clock: SetClock) -> App:
    # One thread, so that what is sent goes in the order in which it was claimed.
    config = settings_for(database_url, tmp_path, SAPA_SENDER_RATE=str(RATE), SAPA_SENDER_THREADS="1")
    return replace(wired(config, engine, clock), gateway=AwayProvider())


@contextmanager
def _sending(app: App) -> Iterator[None]:
    sender = Sender(app)
    thread = threading.Thread(target=sender.run)
    thread.start()
    try:
        yield
    finally:
        sender.stop()
        thread.join()


def test_after_an_hour_without_the_provider_nothing_is_lost_and_the_newest_dangers_go_first(
    app: App, clock: SetClock
) -> None:
    provider = app.gateway
    assert isinstance(provider, AwayProvider)
    house = House(app, clock)
    house.provider, house.deps = provider, app.deps
    dangers: list[list[str]] = []
    answers, reminders, short = list[str](), list[str](), list[str]()
    people = iter(range(1, 1000))
    dropped = 0
    for step in range(STEPS):
        dangers.append([house.queue(next(people), priority=0) for _ in range(DANGERS)])
        answers += [house.queue(next(people), in_reply_to="in", priority=10) for _ in range(ANSWERS)]
        end = clock.now() + SHORT if step < SHORT_STEPS else None
        of_step = [house.queue(next(people), priority=50, expires_at=end) for _ in range(REMINDERS)]
        (short if end is not None else reminders).extend(of_step)
        house.send(limit=500)
        clock.set(clock.now() + STEP)
        reconcile(app.deps, clock.now(), limit=500)
        dropped += drop_late(app.deps, clock.now())
    everything = [*sum(dangers, []), *answers, *reminders, *short]
    assert len(everything) == STEPS * (DANGERS + ANSWERS + REMINDERS) == 300
    states = Counter(house.state(one).value for one in everything)
    assert states.keys() <= {"queued", "errored", "unknown", "suppressed"} and provider.taken == []

    provider.away = False
    for _ in range(2):  # once to ask about those nobody knew of, and once more for those asked about a moment ago
        clock.set(clock.now() + timedelta(minutes=2))
        reconcile(app.deps, clock.now(), limit=500)
    dropped += drop_late(app.deps, clock.now())
    began = time.monotonic()
    with _sending(app):
        deadline = began + 30
        while len(provider.taken) < 300 - len(short) and time.monotonic() < deadline:
            time.sleep(0.01)

    went = [outbox_id for _, outbox_id in provider.taken]
    assert sorted(went) == sorted(set(everything) - set(short))  # each once
    assert dropped == len(short) == 72
    assert {(house.state(one), house.message(one).error_code) for one in short} == {
        (OutboxState.SUPPRESSED, "too_late")
    }
    with app.store.engine.connect() as connection:
        told = connection.exec_driver_sql("SELECT detail FROM audit WHERE event = 'dropped_late'").all()
    assert sum(json.loads(detail)["count"] for (detail,) in told) == 72
    # The newest emergency first, then what was asked, then what was planned.
    assert went[:24] == sum(reversed(dangers), [])
    assert went[24:84] == answers and went[84:] == reminders
    # The rate: the n-th message leaves no sooner than n / RATE after the beginning.
    assert all(at - began >= number / RATE for number, (at, _) in enumerate(provider.taken))
