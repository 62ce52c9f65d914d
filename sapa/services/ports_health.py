"""What is asked of the store about the running system itself. Figures only: no name, no number, no text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol


@dataclass(frozen=True)
class Heartbeat:
    """The last sign of life of one process. at: by the machine's own clock, aware. skew_s: that clock minus the
    database's, in seconds."""

    name: str
    owner: str
    at: datetime
    skew_s: float = 0.0
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class QueueLength:
    """What waits in one line. oldest: since when the oldest waits, None where nothing does."""

    name: str
    count: int
    oldest: datetime | None


class HealthTx(Protocol):
    """Part of a transaction: how the system does."""

    def beat(self, name: str, owner: str, at: datetime, detail: Mapping[str, Any]) -> None:
        """Keep a sign of life; the one before it of the same process goes."""

    def end_heartbeat(self, name: str, owner: str) -> None:
        """A process stopped as it was told to: it is not missed."""

    def drop_heartbeats(self, before: datetime) -> int: ...
    def heartbeats(self) -> list[Heartbeat]: ...
    def database_time(self) -> datetime | None:
        """The database's own clock; None where it has none of its own (SQLite)."""

    def queue_lengths(self, now: datetime) -> list[QueueLength]:
        """Every line there is, empty ones too."""

    def outbox_open(self) -> Mapping[tuple[str, str], int]:
        """Messages that are not settled yet, by state and kind."""

    def outbox_lately(self, since: datetime, most: int) -> Mapping[str, int]:
        """States of the messages made since a moment, among the newest `most`: a bounded look at a long table."""

    def template_states(self) -> Mapping[str, int]: ...
    def approved_templates(self) -> frozenset[str]:
        """Names of the templates the provider may send outside the window."""
