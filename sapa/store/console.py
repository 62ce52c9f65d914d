"""Part of a transaction: the console: logins, the audit trail, signatures, delivery health."""

from __future__ import annotations

from sqlalchemy.orm import Session


class ConsoleQueries:
    """Part of a transaction: the console: logins, the audit trail, signatures, delivery health."""

    _s: Session
