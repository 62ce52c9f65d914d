"""Part of a transaction: broadcasts and what became of them for each household."""

from __future__ import annotations

from sqlalchemy.orm import Session


class BroadcastQueries:
    """Part of a transaction: broadcasts and what became of them for each household."""

    _s: Session
