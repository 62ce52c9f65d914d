"""What use cases ask of the store about who came to a session, home visits, families the kader registers."""

from __future__ import annotations

from typing import Protocol


class AttendanceTx(Protocol):
    """Part of a transaction: who came to a session, home visits, families the kader registers."""
