"""What use cases ask of the store about figures of a posyandu, a desa, a kecamatan."""

from __future__ import annotations

from typing import Protocol


class ProgrammeTx(Protocol):
    """Part of a transaction: figures of a posyandu, a desa, a kecamatan."""
