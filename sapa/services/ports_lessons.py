"""What use cases ask of the store about the weekly lessons of kader."""

from __future__ import annotations

from typing import Protocol


class LessonTx(Protocol):
    """Part of a transaction: the weekly lessons of kader."""
