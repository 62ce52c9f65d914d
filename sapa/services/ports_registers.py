"""What use cases ask of the store about registers that are read in, records that are handed out."""

from __future__ import annotations

from typing import Protocol


class RegisterTx(Protocol):
    """Part of a transaction: registers that are read in, records that are handed out."""
