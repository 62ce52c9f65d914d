"""Part of a transaction: cases in a human's hands: taken, answered, escalated."""

from __future__ import annotations

from sqlalchemy.orm import Session


class CaseworkQueries:
    """Part of a transaction: cases in a human's hands: taken, answered, escalated."""

    _s: Session
