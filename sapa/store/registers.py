"""Part of a transaction: registers that are read in, records that are handed out."""

from __future__ import annotations

from sqlalchemy.orm import Session


class RegisterQueries:
    """Part of a transaction: registers that are read in, records that are handed out."""

    _s: Session
