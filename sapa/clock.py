"""The clock of the running system. Only entry points read it; the heart is told what time it is."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta


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
