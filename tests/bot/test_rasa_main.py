"""Rasa's endpoints: one file for everybody, Redis as the lock store only where the settings name it."""

from __future__ import annotations

from pathlib import Path

import yaml

from bot.rasa_main import _endpoints
from sapa.settings import ROOT
from tests.support import settings_for


def test_without_redis_the_file_at_the_root_is_used(tmp_path: Path) -> None:
    assert _endpoints(settings_for("sqlite:///x.db", tmp_path)) == ROOT / "endpoints.yml"


def test_with_redis_rasa_takes_its_locks_there(tmp_path: Path) -> None:
    path = _endpoints(settings_for("sqlite:///x.db", tmp_path, REDIS_URL="redis://:secret@cache:6380/2"))
    written = yaml.safe_load(path.read_text(encoding="utf-8").replace("${SAPA_ACTIONS_URL}", "x"))
    assert written["lock_store"] == {"type": "redis", "url": "cache", "port": 6380, "db": 2, "password": "secret"}
    assert written["tracker_store"] == {"type": "bot.tracker_store.SapaTrackerStore"}
    assert path.stat().st_mode & 0o077 == 0  # it holds a password
