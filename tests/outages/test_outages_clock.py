"""The machine's clock jumps: two minutes of silence, nothing early, nothing twice, nothing waits for a wrong day."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from sapa.bootstrap import App
from sapa.clock import SteadyClock
from sapa.messaging.states import OutboxState
from sapa.services.conversation import claim_next
from sapa.services.delivery import claim_batch, reconcile
from sapa.services.inbound import receive_message, triage_next
from sapa.services.records import LookupOutcome, OutboxMessage, SurelyAbsent
from scheduler.clock import _guarded
from scheduler.sender import Sender
from tests.services.test_sending import House, Provider
from tests.stacks import wait_until
from tests.support import NOW, inbound_form, settings_for, wired

DAY, LEASE = timedelta(days=1), timedelta(seconds=60)


class Machine:
    """A clock that can be put wrong, and the seconds that really pass."""

    def __init__(self, now: datetime) -> None:
        self.wall, self.ticks = now, 1000.0

    def now(self) -> datetime:
        return self.wall

    def monotonic(self) -> float:
        return self.ticks

    def passes(self, **span: float) -> None:
        """Time goes on as it does."""
        passed = timedelta(**span)
        self.wall, self.ticks = self.wall + passed, self.ticks + passed.total_seconds()

    def jumps(self, by: timedelta) -> None:
        """Somebody sets the clock."""
        self.wall += by


class ForgetfulProvider(Provider):
    """Has on its list only what was sent to it by us."""

    def lookup(self, message: OutboxMessage) -> LookupOutcome:  # type: ignore[override]
        return SurelyAbsent()


@pytest.fixture
def database_url(one_database: str) -> str:
    return one_database


@pytest.fixture
def machine() -> Machine:
    return Machine(NOW)


@pytest.fixture
def app(engine: Engine, database_url: str, tmp_path: Path, machine: Machine) -> App:
    config = settings_for(database_url, tmp_path, SAPA_SENDER_THREADS="4")
    return replace(wired(config, engine, machine), gateway=ForgetfulProvider())


@pytest.fixture
def house(app: App, machine: Machine) -> House:
    house = House(app, machine)  # type: ignore[arg-type]
    assert isinstance(app.gateway, ForgetfulProvider)
    house.provider, house.deps = app.gateway, app.deps
    return house


class WatchedClock(SteadyClock):
    """Tells how often it was asked."""

    asked = 0

    def steady(self) -> bool:
        self.asked += 1
        return super().steady()


@dataclass
class Running:
    """A sender at work on that machine."""

    provider: Provider
    clock: WatchedClock
    house: House

    def went(self) -> list[str]:
        """What it has sent by the time it has looked again, and everything it has taken is recorded."""
        before = self.clock.asked
        wait_until(lambda: self.clock.asked >= before + 2, "the sender's next look", 20)
        wait_until(lambda: not self._under_way(), "what it has taken", 20)
        return [request.outbox_id for request in self.provider.sent]

    def _under_way(self) -> int:
        with self.house.app.store.engine.connect() as connection:
            statement = "SELECT count(*) FROM outbox WHERE state = 'sending'"
            return int(connection.exec_driver_sql(statement).scalar_one())


@pytest.fixture
def sender(app: App, machine: Machine, house: House) -> Iterator[Running]:
    sender = Sender(app)
    sender._clock = clock = WatchedClock(machine, machine.monotonic)
    thread = threading.Thread(target=sender.run)
    thread.start()
    yield Running(house.provider, clock, house)
    sender.stop()
    thread.join()


def test_a_clock_that_jumps_a_day_ahead_and_is_put_right_sends_nothing_of_tomorrow(
    sender: Running, house: House, machine: Machine
) -> None:
    today, tomorrow = house.queue(1), house.queue(2, not_before=NOW + timedelta(hours=20))
    assert sender.went() == [today]
    machine.jumps(DAY)
    assert sender.went() == [today]
    machine.passes(seconds=119)
    assert sender.went() == [today]  # one second is left of the two minutes
    machine.jumps(-DAY)
    assert sender.went() == [today]
    machine.passes(seconds=121)
    assert sender.went() == [today] and house.state(tomorrow) is OutboxState.QUEUED
    machine.passes(hours=20)
    # So long a step between two questions of the sender is no jump: the seconds passed as well.
    assert sender.went() == [today, tomorrow]


def test_a_clock_that_was_truly_wrong_costs_two_minutes_and_then_all_goes_on(
    sender: Running, house: House, machine: Machine
) -> None:
    machine.jumps(DAY)
    assert sender.went() == []
    message = house.queue(1)
    machine.passes(seconds=119)
    assert sender.went() == []
    machine.passes(seconds=2)
    assert sender.went() == [message]


def test_no_job_of_the_clock_runs_in_the_two_minutes(machine: Machine) -> None:
    runs = list[datetime]()
    steady = SteadyClock(machine, machine.monotonic)
    job = _guarded("due", lambda: runs.append(machine.now()), steady)
    job()
    for by in (DAY, -DAY):
        machine.jumps(by)
        job()
        machine.passes(seconds=119)
        job()
        assert len(runs) == 1
    machine.passes(seconds=2)
    job()
    assert runs == [NOW, NOW + timedelta(seconds=240)]  # 119 + 119 + 2


def test_what_a_sender_held_when_it_died_in_the_wrong_time_is_asked_about_and_sent_once(
    house: House, machine: Machine
) -> None:
    message = house.queue()
    machine.jumps(DAY)
    assert [one.id for one in claim_batch(house.deps, "dead", machine.now(), LEASE, 5)] == [message]
    machine.jumps(-DAY)  # the lease ends tomorrow
    for _ in range(2):
        reconcile(house.deps, machine.now())
        machine.passes(minutes=2)
    assert house.send() == [message] and house.send() == []
    assert house.state(message) is OutboxState.SENT


def _wrong_day(house: House, machine: Machine, during: Callable[[], Any]) -> Any:
    """What is done while the clock is a day ahead."""
    machine.jumps(DAY)
    done = during()
    machine.jumps(-DAY)
    return done


def test_what_somebody_writes_while_the_clock_is_a_day_ahead_is_answered_today(house: House, machine: Machine) -> None:
    _wrong_day(house, machine, lambda: receive_message(house.deps, inbound_form("apa itu stunting"), machine.now()))
    while triage_next(house.deps, machine.now()) is not None:
        pass
    assert claim_next(house.deps, "w", machine.now(), LEASE) is not None


def test_a_turn_begun_while_the_clock_was_a_day_ahead_is_begun_again_today(house: House, machine: Machine) -> None:
    receive_message(house.deps, inbound_form("apa itu stunting"), machine.now())
    while triage_next(house.deps, machine.now()) is not None:
        pass
    first = _wrong_day(house, machine, lambda: claim_next(house.deps, "dead", machine.now(), LEASE))
    machine.passes(minutes=2)
    again = claim_next(house.deps, "w", machine.now(), LEASE)
    assert first is not None and again is not None and again.message.id == first.message.id


@pytest.mark.parametrize("more", [{"priority": 0}, {"priority": 10, "in_reply_to": "in"}], ids=["danger", "answer"])
def test_an_answer_queued_while_the_clock_was_a_day_ahead_goes_out_today(
    house: House, machine: Machine, more: dict[str, Any]
) -> None:
    message = _wrong_day(house, machine, lambda: house.queue(1, **more))
    assert house.send() == [message]


def test_who_was_written_to_while_the_clock_was_a_day_ahead_hears_of_us_today(
    app: App, house: House, machine: Machine
) -> None:
    paced = House(app, machine, person_pace=timedelta(seconds=6))  # type: ignore[arg-type]
    first = paced.queue(1)
    assert _wrong_day(paced, machine, paced.send) == [first]
    machine.passes(minutes=5)
    second = paced.queue(1)
    assert paced.send() == [second]
