"""The clock of the running system. Only entry points read it; the heart is told what time it is."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Protocol


class _Clock(Protocol):
    def now(self) -> datetime: ...


class SystemClock:
    """The machine's clock, in UTC."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class ShiftedClock:
    """The machine's clock moved forward by what the simulator's visitor asked for."""

    def __init__(self, offset: Callable[[], timedelta]) -> None:
        self._offset = offset

    def now(self) -> datetime:
        return datetime.now(UTC) + self._offset()


class SetClock:
    """A clock that stands where it was put, for scripted runs."""

    def __init__(self, now: datetime) -> None:
        self._now = now

    def now(self) -> datetime:
        return self._now

    def set(self, now: datetime) -> None:
        """Move the clock. It never goes back."""
        self._now = max(self._now, now)


class SteadyClock:
    """Tells whether a clock runs as time does, or was moved a moment ago.

    A machine whose time jumps by a day and back would send tomorrow's reminders today. So after a jump nothing is sent
    for GRACE: a mistake is mended in that time more often than not, a true correction costs two minutes once.
    `monotonic` gives seconds that no operator and no time server moves.
    """

    GRACE = timedelta(minutes=2)
    JUMP = timedelta(minutes=1)

    def __init__(self, clock: _Clock, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._monotonic = monotonic
        self._seen = (clock.now(), monotonic())
        self._again_at: float | None = None
        self._lock = threading.Lock()

    def steady(self) -> bool:
        """Whether the clock has not jumped for a while. To be asked often: a jump shows between two questions."""
        with self._lock:
            return self._look()

    def _look(self) -> bool:
        wall, ticks = self._clock.now(), self._monotonic()
        passed = timedelta(seconds=ticks - self._seen[1])
        if abs((wall - self._seen[0]) - passed) > self.JUMP:
            self._again_at = ticks + self.GRACE.total_seconds()
        self._seen = (wall, ticks)
        if self._again_at is not None and ticks >= self._again_at:
            self._again_at = None
        return self._again_at is None
