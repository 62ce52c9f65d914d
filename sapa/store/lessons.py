"""Part of a transaction: the weekly lessons of kader."""

from __future__ import annotations

from sqlalchemy.orm import Session


class LessonQueries:
    """Part of a transaction: the weekly lessons of kader."""

    _s: Session
