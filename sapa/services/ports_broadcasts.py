"""What use cases ask of the store about broadcasts and what became of them for each household."""

from __future__ import annotations

from typing import Protocol


class BroadcastTx(Protocol):
    """Part of a transaction: broadcasts and what became of them for each household."""
