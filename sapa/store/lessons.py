"""Part of a transaction: the weekly lessons of kader."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select

from sapa.store.models import LessonTable
from sapa.store.unit import Unit


class LessonQueries:
    """Part of a transaction: the weekly lessons of kader."""

    _s: Unit

    def lesson_of(self, contact_id: str) -> tuple[int, datetime | None] | None:
        """Number and moment of the next lesson (moment None: stopped, or all taken); None: never asked for any."""
        row = self._s.get(LessonTable, contact_id)
        return None if row is None else (row.next_number, row.next_at)

    def save_lesson(self, contact_id: str, number: int, at: datetime | None, now: datetime) -> None:
        self._s.merge(LessonTable(contact_id=contact_id, next_number=number, next_at=at, updated_at=now))
        self._s.flush()

    def due_lessons(self, now: datetime, limit: int) -> list[tuple[str, int]]:
        """Contact and number of the lessons whose moment has come, longest waiting first."""
        rows = select(LessonTable).where(LessonTable.next_at <= now)
        rows = rows.order_by(LessonTable.next_at, LessonTable.contact_id).limit(limit)
        return [(row.contact_id, row.next_number) for row in self._s.scalars(rows)]

    def drop_lessons(self, contact_id: str) -> None:
        """Forget that somebody takes lessons."""
        row = self._s.get(LessonTable, contact_id)
        if row is not None:
            self._s.delete(row)
            self._s.flush()

    def next_lesson_at(self, after: datetime) -> datetime | None:
        """The next moment at which a lesson goes out."""
        return self._s.scalar(select(func.min(LessonTable.next_at)).where(LessonTable.next_at > after))
