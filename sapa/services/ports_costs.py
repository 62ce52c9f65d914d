"""What is asked of the store about the cost of messages. Figures only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True)
class CostLine:
    """Messages of one form and kind that the provider took. form "": from before forms were noted.

    cost_rp: of those whose price was known when they went; unpriced: how many had none.
    """

    form: str
    kind: str
    messages: int
    parts: int
    cost_rp: int
    unpriced: int


class CostTx(Protocol):
    """Part of a transaction: what messages cost."""

    def sent_between(self, start: datetime, end: datetime) -> list[CostLine]:
        """What the provider took from `start` up to, not including, `end`; ordered by form and kind."""
