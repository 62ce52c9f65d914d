"""What use cases ask of the store about the weekly lessons of kader."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol


class LessonTx(Protocol):
    """Part of a transaction: the weekly lessons of kader. Lessons are numbered from 1."""

    def lesson_of(self, contact_id: str) -> tuple[int, datetime | None] | None:
        """Number and moment of the next lesson (moment None: stopped, or all taken); None: never asked for any."""

    def save_lesson(self, contact_id: str, number: int, at: datetime | None, now: datetime) -> None: ...
    def due_lessons(self, now: datetime, limit: int) -> list[tuple[str, int]]:
        """Contact and number of the lessons whose moment has come, longest waiting first."""

    def drop_lessons(self, contact_id: str) -> None:
        """Forget that somebody takes lessons."""

    def next_lesson_at(self, after: datetime) -> datetime | None:
        """The next moment at which a lesson goes out."""
