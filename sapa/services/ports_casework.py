"""What use cases ask of the store about cases in a human's hands: taken, answered, escalated."""

from __future__ import annotations

from typing import Protocol


class CaseworkTx(Protocol):
    """Part of a transaction: cases in a human's hands: taken, answered, escalated."""
