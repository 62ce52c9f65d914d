"""The secret of the console: given, or made once and kept, and never half-given."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from sapa import settings
from sapa.settings import SettingsError


def test_a_secret_is_made_when_it_is_first_asked_for_and_kept_for_its_owner_alone(tmp_path: Path) -> None:
    config = settings.load({"SAPA_VAR_DIR": str(tmp_path / "var")})
    assert not (tmp_path / "var").exists(), "reading the settings writes nothing"
    made = config.secret
    kept = tmp_path / "var" / "secret"
    assert len(made) >= 32 and kept.read_text() == made
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert settings.load({"SAPA_VAR_DIR": str(tmp_path / "var")}).secret == made


def test_a_secret_that_is_given_wins_and_a_short_one_is_refused(tmp_path: Path) -> None:
    environ = {"SAPA_VAR_DIR": str(tmp_path)}
    assert settings.load({**environ, "SAPA_SECRET": "x" * 32}).secret == "x" * 32
    with pytest.raises(SettingsError, match="SAPA_SECRET"):
        settings.load({**environ, "SAPA_SECRET": "geheim"})


def test_a_folder_nothing_can_be_kept_in_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    config = settings.load({"SAPA_VAR_DIR": str(tmp_path / "file" / "var")})
    with pytest.raises(SettingsError, match="SAPA_SECRET is not set"):
        _ = config.secret


def test_prices_are_known_only_where_they_are_set(tmp_path: Path) -> None:
    assert settings.load({"SAPA_VAR_DIR": str(tmp_path)}).prices == {}
    priced = settings.load({"SAPA_VAR_DIR": str(tmp_path), "SAPA_PRICE_SMS": "350"})
    assert priced.prices == {"sms": 350}
