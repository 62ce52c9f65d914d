"""How sending goes: what waits and since when, what became of each day's messages, which errors the provider gives.

Figures only: no name, no number, no text.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sapa.messaging.states import OutboxState
from sapa.services.access import Staffer
from sapa.services.ports import Tx

_ON_ITS_WAY = (OutboxState.QUEUED, OutboxState.SENDING, OutboxState.ERRORED)
# What still waits after this long is a fault, not a queue.
SLOW = timedelta(minutes=10)
DAYS = 14


@dataclass(frozen=True)
class DayHealth:
    """The messages made on one local day. sent: the provider has them, but nothing more is known."""

    day: date
    total: int
    waiting: int
    sent: int
    delivered: int
    read: int
    failed: int
    unknown: int
    suppressed: int

    @property
    def arrived(self) -> int:
        return self.delivered + self.read


@dataclass(frozen=True)
class ErrorHealth:
    """How often the provider gave an error, by channel; final: how many of those messages will not be tried again."""

    code: str
    channel: str
    count: int
    final: int


@dataclass(frozen=True)
class Health:
    """The whole picture for the reader's area. waiting_since: None where nothing waits."""

    waiting: int
    waiting_since: datetime | None
    slow: bool
    unanswered: int
    unanswered_since: datetime | None
    late_answers: bool
    days: tuple[DayHealth, ...]
    errors: tuple[ErrorHealth, ...]


def health(tx: Tx, who: Staffer, now: datetime, timezone: str, days: int = DAYS) -> Health:
    """Messages to the families of the posyandu the reader sees figures of. Unanswered messages are of everybody."""
    local = now.astimezone(ZoneInfo(timezone))
    since = (local - timedelta(days=days - 1)).replace(hour=0, minute=0, second=0, microsecond=0)
    # Indonesia's zones are whole hours from UTC and never change: a fixed number of hours makes the local day.
    hours = round((local.utcoffset() or timedelta()).total_seconds() / 3600)
    waiting, waiting_since = tx.outbox_waiting(who.figures, now)
    unanswered, unanswered_since = tx.inbound_waiting(now)
    return Health(
        waiting=waiting,
        waiting_since=waiting_since,
        slow=waiting_since is not None and now - waiting_since > SLOW,
        unanswered=unanswered,
        unanswered_since=unanswered_since,
        late_answers=unanswered_since is not None and now - unanswered_since > SLOW,
        days=tuple(_days(tx.outbox_by_day(who.figures, since, hours))),
        errors=tuple(_errors(tx.outbox_errors(who.figures, since))),
    )


def _days(rows: Iterable[tuple[date, str, str, int]]) -> list[DayHealth]:
    by_day: dict[date, Counter[str]] = {}
    for day, _, state, count in rows:
        by_day.setdefault(day, Counter())[state] += count
    return [_day(day, states) for day, states in sorted(by_day.items(), reverse=True)]


def _day(day: date, states: Mapping[str, int]) -> DayHealth:
    return DayHealth(
        day=day,
        total=sum(states.values()),
        waiting=sum(states.get(state, 0) for state in _ON_ITS_WAY),
        sent=states.get(OutboxState.SENT, 0),
        delivered=states.get(OutboxState.DELIVERED, 0),
        read=states.get(OutboxState.READ, 0),
        failed=states.get(OutboxState.FAILED, 0),
        unknown=states.get(OutboxState.UNKNOWN, 0),
        suppressed=states.get(OutboxState.SUPPRESSED, 0),
    )


def _errors(rows: Iterable[tuple[str, str, str, int]]) -> list[ErrorHealth]:
    counts: dict[tuple[str, str], list[int]] = {}
    for code, channel, state, count in rows:
        both = counts.setdefault((code, channel), [0, 0])
        both[0] += count
        both[1] += count if state == OutboxState.FAILED else 0
    found = [ErrorHealth(code, channel, count, final) for (code, channel), (count, final) in counts.items()]
    return sorted(found, key=lambda error: -error.count)
