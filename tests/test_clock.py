"""The clock: a jump of the machine's time is noticed, and waited out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from sapa.clock import SteadyClock

START = datetime(2026, 11, 23, 2, tzinfo=UTC)


class Machine:
    """A machine whose wall clock can be set and whose seconds go by when told."""

    def __init__(self) -> None:
        self.wall, self.ticks = START, 1000.0

    def now(self) -> datetime:
        return self.wall

    def monotonic(self) -> float:
        return self.ticks

    def passes(self, seconds: float, drift: float = 0.0) -> None:
        self.ticks += seconds
        self.wall += timedelta(seconds=seconds + drift)


@pytest.fixture
def machine() -> Machine:
    return Machine()


@pytest.fixture
def clock(machine: Machine) -> SteadyClock:
    return SteadyClock(machine, machine.monotonic)


def test_time_that_runs_is_steady_however_long_nobody_asks(machine: Machine, clock: SteadyClock) -> None:
    for seconds in (1, 3600, 86400):
        machine.passes(seconds)
        assert clock.steady()


@pytest.mark.parametrize("drift", [30.0, -30.0])
def test_a_small_correction_is_no_jump(machine: Machine, clock: SteadyClock, drift: float) -> None:
    machine.passes(1, drift)
    assert clock.steady()


@pytest.mark.parametrize("jump", [86400.0, -86400.0, 61.0])
def test_a_jump_is_waited_out_for_two_minutes(machine: Machine, clock: SteadyClock, jump: float) -> None:
    machine.passes(1, jump)
    assert not clock.steady()
    machine.passes(119)
    assert not clock.steady()
    machine.passes(1)
    assert clock.steady()  # 120 s after it was seen: this is the time now


def test_a_jump_that_is_taken_back_is_waited_out_too(machine: Machine, clock: SteadyClock) -> None:
    machine.passes(1, 86400)
    assert not clock.steady()
    machine.passes(60, -86400)
    assert not clock.steady()
    machine.passes(119)
    assert not clock.steady()
    machine.passes(1)
    assert clock.steady()
