"""`sapa keys`, `backup` and `restore` as an operator types them."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from sapa import bootstrap
from sapa.cli import app as command
from sapa.messaging.states import Channel
from sapa.store import data_keys

PHONE = "+6281277700042"


@pytest.fixture
def sapa(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., Result]:
    """Run a command on the installation in a folder; each run is a process of its own, as far as keys go."""
    monkeypatch.setattr(data_keys, "NOTICED_WITHIN_S", 0.0)

    def run(folder: str, *arguments: str) -> Result:
        home = tmp_path / folder
        for name, value in {
            "SAPA_VAR_DIR": str(home),
            "DATABASE_URL": f"sqlite:///{home / 'sapa.db'}",
            "SAPA_DATA_KEYS": "",
            "SAPA_GATEWAY": "simulator",
        }.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(bootstrap, "_current", None)
        return CliRunner().invoke(command, [str(one) for one in arguments])

    return run


@pytest.fixture
def filled(sapa: Callable[..., Result], tmp_path: Path) -> Path:
    """An installation with one contact, and its backup."""
    assert sapa("old", "db", "upgrade").exit_code == 0
    app = bootstrap.current_app()
    with app.store.transaction() as tx:
        contact, _ = tx.contact_for_address(Channel.WHATSAPP, PHONE, PHONE, app.clock.now())
        tx.set_contact_name(contact.id, "Marselina")
    file = tmp_path / "backup.tar.gz"
    done = sapa("old", "backup", str(file), "--with-keys")
    assert done.exit_code == 0, done.stderr
    return file


def test_a_backup_says_where_the_keys_are_and_writes_them_apart_only_if_asked(filled: Path) -> None:
    keys = filled.with_name(filled.name + ".keys")
    assert [stat.S_IMODE(one.stat().st_mode) for one in (filled, keys)] == [0o600, 0o600]
    assert keys.read_text() == (filled.parent / "old" / "data-keys").read_text()


def test_from_one_folder_into_an_empty_one(sapa: Callable[..., Result], filled: Path) -> None:
    lost = sapa("new", "restore", str(filled))
    assert lost.exit_code == 1 and "is not there" in lost.stderr and not (filled.parent / "new" / "data-keys").exists()
    done = sapa("new", "restore", str(filled), "--keys", f"{filled}.keys", "--json")
    assert done.exit_code == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["rows"]["contact"] == said["rows"]["address"] == 1 and said["passed_over"] == 0
    with bootstrap.start().store.transaction(write=False) as tx:
        contact = tx.contact(tx.contact_id_for(Channel.WHATSAPP, PHONE) or "")
        assert contact is not None and contact.name == "Marselina"
    again = sapa("new", "restore", str(filled))
    assert again.exit_code == 1 and "not empty" in again.stderr and again.stderr.count("\n") == 1


def test_a_backup_can_be_looked_at_without_restoring_it(sapa: Callable[..., Result], filled: Path) -> None:
    good = sapa("elsewhere", "backup", str(filled), "--check")
    assert good.exit_code == 0 and "in order" in good.stdout
    filled.write_bytes(filled.read_bytes()[:-200])
    bad = sapa("elsewhere", "backup", str(filled), "--check")
    assert bad.exit_code == 1 and bad.stderr.startswith("sapa: backup: ") and "Traceback" not in bad.stderr


def test_the_old_system_cannot_have_stopped_before_the_backup_was_made(
    sapa: Callable[..., Result], filled: Path
) -> None:
    done = sapa("new", "restore", str(filled), "--keys", f"{filled}.keys", "--stopped-at", "2020-01-01")
    assert done.exit_code == 1 and "cannot have stopped" in done.stderr


def test_nothing_to_finish_is_said(sapa: Callable[..., Result], filled: Path) -> None:
    done = sapa("old", "restore", "--resume")
    assert done.exit_code == 1 and "none to finish" in done.stderr


def test_keys_are_exchanged_step_by_step_and_never_shown(
    sapa: Callable[..., Result], filled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(data_keys, "_SETTLED_S", 0.0)
    file = filled.parent / "old" / "data-keys"
    (first,) = file.read_text().split()
    shown = [sapa("old", "keys", "status", "--json")]
    before = json.loads(shown[0].stdout)
    old = before["keys"][0]["key"]
    assert before["plain"] == 0 and before["keys"][0]["values"] > 0 and before["kept_in"] == str(file)
    shown += [sapa("old", "keys", "add"), sapa("old", "keys", "drop", old)]
    assert shown[-1].exit_code == 1 and "still need" in shown[-1].stderr
    shown += [sapa("old", "keys", "rotate"), sapa("old", "keys", "drop", old), sapa("old", "keys", "status")]
    assert [one.exit_code for one in shown[-3:]] == [0, 0, 0], shown[-2].stderr
    (second,) = file.read_text().split()
    assert second != first and "seals and opens" in shown[-1].stdout and old not in shown[-1].stdout
    assert not [one for one in shown if first in one.output or second in one.output]
