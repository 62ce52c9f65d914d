"""Our own models out of a trained Rasa model, without Rasa."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path
from typing import Any

import joblib


def load_part(archive: Path, file: str) -> Any:
    """What was kept as `file` inside a trained model (.tar.gz). Raises LookupError if it holds none."""
    with tarfile.open(archive) as files:
        for member in files:
            found = files.extractfile(member) if member.name.endswith(f"/{file}") else None
            if found is not None:
                return joblib.load(io.BytesIO(found.read()))
    raise LookupError(f"{archive.name} holds no {file}: run `make setup`")
