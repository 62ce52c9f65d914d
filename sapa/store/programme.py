"""Part of a transaction: figures of a posyandu, a desa, a kecamatan."""

from __future__ import annotations

from sqlalchemy.orm import Session


class ProgrammeQueries:
    """Part of a transaction: figures of a posyandu, a desa, a kecamatan."""

    _s: Session
