"""Figures of many posyandu, kept for some minutes: those of a kecamatan take seconds, and a page is opened again and
again on its way from place to place. Only counts are kept here, never a name.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar

KEEP = timedelta(minutes=5)
_MOST = 64  # answers; a kabupaten looks at a few dozen places

_T = TypeVar("_T")


@dataclass
class KeptFigures:
    """What was worked out lately, in this process, with the moment of it."""

    _found: dict[Hashable, tuple[datetime, Any]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def get(self, key: Hashable, now: datetime, work_out: Callable[[], _T]) -> tuple[_T, datetime]:
        """The answer under `key` and when it was worked out: not older than KEEP, nor of a time to come (a simulated
        clock may go back).
        """
        with self._lock:
            at, answer = self._found.get(key, (None, None))
        if at is None or not timedelta() <= now - at < KEEP:
            at, answer = now, work_out()
            with self._lock:
                self._found.pop(key, None)
                self._found[key] = (at, answer)
                while len(self._found) > _MOST:
                    self._found.pop(next(iter(self._found)))
        return answer, at
