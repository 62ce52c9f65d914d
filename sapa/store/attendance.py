"""Part of a transaction: who came to a session, home visits, families the kader registers."""

from __future__ import annotations

from sqlalchemy.orm import Session


class AttendanceQueries:
    """Part of a transaction: who came to a session, home visits, families the kader registers."""

    _s: Session
