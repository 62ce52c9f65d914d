"""What use cases ask of the store about the console: logins, the audit trail, signatures, delivery health."""

from __future__ import annotations

from typing import Protocol


class ConsoleTx(Protocol):
    """Part of a transaction: the console: logins, the audit trail, signatures, delivery health."""
