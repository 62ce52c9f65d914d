"""Settings: the console's secret, secrets in files, prices; each given whole or refused in one line."""

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


TWILIO = {
    "SAPA_GATEWAY": "twilio",
    "SAPA_PUBLIC_URL": "https://sapa.example",
    "TWILIO_ACCOUNT_SID": "AC" + "1" * 32,
    "TWILIO_WHATSAPP_FROM": "+6281100000000",
}


def _file(folder: Path, text: str, name: str = "secret.txt") -> str:
    (folder / name).write_text(text, encoding="utf-8")
    return str(folder / name)


def test_every_secret_may_stand_in_a_file_of_its_own(tmp_path: Path) -> None:
    token = _file(tmp_path, "  0123456789abcdef\n")
    database = _file(tmp_path, "postgresql://sapa:geheim@db/sapa\n", "database.txt")
    config = settings.load({**TWILIO, "TWILIO_AUTH_TOKEN_FILE": token, "DATABASE_URL_FILE": database})
    assert config.webhook_token == "0123456789abcdef"
    assert config.twilio is not None and config.twilio.auth_token == "0123456789abcdef"
    assert config.database_url == "postgresql+psycopg://sapa:geheim@db/sapa" == config.tracker_url
    secret = settings.load({"SAPA_SECRET_FILE": _file(tmp_path, "x" * 40), "SAPA_VAR_DIR": str(tmp_path)})
    assert secret.given_secret == "x" * 40


@pytest.mark.parametrize("name", settings._SECRETS)
def test_a_secret_given_twice_is_refused_so_that_nobody_wonders_which_counts(tmp_path: Path, name: str) -> None:
    with pytest.raises(SettingsError, match=f"{name} and {name}_FILE are both set"):
        settings.load({name: "x" * 40, f"{name}_FILE": _file(tmp_path, "y" * 40)})


@pytest.mark.parametrize(
    ("content", "line"),
    [(None, "cannot be read: No such file"), ("", "is empty"), (" \n", "is empty"), ("x" * 20_000, "is longer than")],
)
def test_a_file_without_a_secret_is_one_clear_line(tmp_path: Path, content: str | None, line: str) -> None:
    file = str(tmp_path / "none.txt") if content is None else _file(tmp_path, content)
    with pytest.raises(SettingsError, match=line) as refused:
        settings.load({"SAPA_SECRET_FILE": file})
    assert "SAPA_SECRET_FILE" in str(refused.value) and "xxx" not in str(refused.value)


def test_a_file_that_is_no_text_is_one_clear_line_and_quotes_nothing(tmp_path: Path) -> None:
    (tmp_path / "key.der").write_bytes(b"\xff\xfe\x00geheim")
    with pytest.raises(SettingsError, match="cannot be read: it is no text") as refused:
        settings.load({"TWILIO_AUTH_TOKEN_FILE": str(tmp_path / "key.der")})
    assert "geheim" not in str(refused.value)


def test_credentials_of_systemd_are_found_by_their_name_and_a_setting_wins_over_them(tmp_path: Path) -> None:
    _file(tmp_path, "token-of-systemd", "TWILIO_AUTH_TOKEN")
    environ = {**TWILIO, "CREDENTIALS_DIRECTORY": str(tmp_path)}
    assert settings.load(environ).webhook_token == "token-of-systemd"
    assert settings.load({**environ, "TWILIO_AUTH_TOKEN": "given"}).webhook_token == "given"


def test_what_is_secret_stands_in_the_list_of_secrets() -> None:
    """Whoever adds a setting that ends like a secret must let it stand in a file too."""
    named = {line[1:].partition("=")[0] for line in (settings.ROOT / ".env.example").read_text().splitlines()}
    secret = {name for name in named if name.endswith(("_TOKEN", "_SECRET", "_KEYS", "_KEY", "_PASSWORD"))}
    assert secret - {"SAPA_SECRET_FILE"} <= set(settings._SECRETS)
