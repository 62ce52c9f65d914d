"""The list of who was erased, outside the database: a backup made before knows them still, and a restore asks here.

One line per erasure: the moment and the SHA-256 of the contact's id, which is random and leads to nobody.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime
from pathlib import Path

NAME = "erased.log"


def note_erased(file: Path, contact_id: str, at: datetime) -> None:
    """Add somebody to the list; on the disk when this returns. Twice does no harm."""
    file.parent.mkdir(parents=True, exist_ok=True)
    line = f"{at.isoformat()} {_hash(contact_id)}\n".encode("ascii")
    # One write to a file opened for appending: lines of two processes do not mix.
    opened = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        os.write(opened, line)
        os.fsync(opened)
    finally:
        os.close(opened)


def erased_among(contact_ids: Iterable[str], files: Iterable[Path]) -> list[str]:
    """Those of the contacts that stand in one of the lists. A list that is not there has nobody in it."""
    gone: set[str] = set()
    for file in files:
        with suppress(FileNotFoundError):
            gone |= {line.split()[-1] for line in file.read_text(encoding="ascii").splitlines() if line.strip()}
    return sorted(one for one in contact_ids if _hash(one) in gone)


def _hash(contact_id: str) -> str:
    return hashlib.sha256(f"sapa-erased:{contact_id}".encode()).hexdigest()
