"""Which trained model belongs to the training files as they stand."""

from __future__ import annotations

import hashlib
from pathlib import Path

from sapa.settings import ROOT

# Everything whose change makes a trained model stale: what it learns from, and what brings a text to its words.
_SOURCES = (
    "config.yml",
    "domain.yml",
    "data",
    "bot/nlu",
    "sapa/messaging/text.py",
    "sapa/messaging/danger_words.py",
)


class NoModel(RuntimeError):
    """There is no model for the training files as they stand; the message says what to do."""


def fingerprint(root: Path = ROOT) -> str:
    """Twelve hexadecimal digits that change when a training file does."""
    digest = hashlib.sha256()
    for path in sorted(_files(root)):
        digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:12]


def _files(root: Path) -> list[Path]:
    files: list[Path] = []
    for name in _SOURCES:
        source = root / name
        files += [source] if source.is_file() else [path for path in source.rglob("*") if path.is_file()]
    return [path for path in files if "__pycache__" not in path.parts]


def wanted_model(model_dir: Path) -> Path:
    """Where the model of today's training files is or will be."""
    return model_dir / f"sapa-{fingerprint()}.tar.gz"


def current_model(model_dir: Path) -> Path:
    """The trained model of today's training files. Raises NoModel."""
    wanted = wanted_model(model_dir)
    if wanted.is_file():
        return wanted
    if any(model_dir.glob("*.tar.gz")):
        raise NoModel("the training files have changed since the model was trained: run `make setup`")
    raise NoModel("there is no trained model: run `make setup`")
