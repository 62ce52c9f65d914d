"""`python -m bot.run`, which is `make run`: a few clean lines, Ctrl-C stops all of it, trouble is one clear line."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from sapa.settings import ROOT
from tests.stacks import free_port, wait_until

pytestmark = [pytest.mark.stack, pytest.mark.model]


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """An installation of its own: a folder, three ports, SQLite."""
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith(("SAPA_", "TWILIO_", "DATABASE"))},
        "SAPA_VAR_DIR": str(tmp_path / "var"),
        "SAPA_PORT": str(free_port()),
        "SAPA_RASA_PORT": str(free_port()),
        "SAPA_ACTIONS_PORT": str(free_port()),
        "PYTHONUNBUFFERED": "1",
    }


def _run(module: str, environ: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", module], cwd=ROOT, env=environ, capture_output=True, text=True, timeout=120
    )


def _processes_of(folder: Path) -> list[int]:
    """Processes that were started for this installation."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            environment = (entry / "environ").read_bytes()
        except OSError:
            continue
        if f"SAPA_VAR_DIR={folder}".encode() in environment.split(b"\0"):
            found.append(int(entry.name))
    return found


def test_it_says_where_to_look_and_ctrl_c_stops_every_process(environ: dict[str, str], tmp_path: Path) -> None:
    out = tmp_path / "out"
    with out.open("w") as written:
        running = subprocess.Popen(
            [sys.executable, "-m", "bot.run"],
            cwd=ROOT,
            env=environ,
            stdout=written,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        wait_until(lambda: "Ctrl-C stops it." in out.read_text(), "the announcement")
        page = httpx.get(f"http://127.0.0.1:{environ['SAPA_PORT']}/")
        assert page.status_code == 200 and "Sapa Keluarga" in page.text
        running.send_signal(signal.SIGINT)
        assert running.wait(60) == 0
    finally:
        for pid in _processes_of(tmp_path / "var"):
            os.kill(pid, signal.SIGKILL)
            pytest.fail(f"process {pid} outlived Ctrl-C")
    lines = [line.strip() for line in out.read_text().splitlines()]
    assert f"phone simulator   http://127.0.0.1:{environ['SAPA_PORT']}/" in lines
    assert len(lines) <= 8 and lines[-1] == "stopped"


@pytest.mark.parametrize("setting", ["SAPA_PORT", "SAPA_RASA_PORT", "SAPA_ACTIONS_PORT"])
def test_a_busy_port_is_one_line_that_names_the_setting(environ: dict[str, str], setting: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", int(environ[setting])))
        taken.listen()
        done = _run("bot.run", environ)
    assert done.returncode == 1 and done.stderr.count("\n") == 1
    assert f"port {environ[setting]} is busy" in done.stderr and f"{setting}=" in done.stderr


def test_a_broken_database_is_one_line(environ: dict[str, str], tmp_path: Path) -> None:
    broken = tmp_path / "broken.db"
    broken.write_bytes(b"this is no database" * 100)
    done = _run("bot.run", {**environ, "DATABASE_URL": f"sqlite:///{broken}"})
    assert done.returncode == 1 and done.stderr.startswith("run: database:") and done.stderr.count("\n") == 1


PARTS = ["bot.app", "bot.worker", "bot.actions_main", "scheduler.sender", "scheduler.clock"]


@pytest.mark.parametrize("module", PARTS)
def test_a_part_started_on_an_unprepared_database_says_what_to_run(environ: dict[str, str], module: str) -> None:
    done = _run(module, environ)
    assert done.returncode == 1 and "sapa db upgrade" in done.stderr and "Traceback" not in done.stderr
    assert done.stderr.count("\n") == 1


def test_rasa_without_a_model_says_what_to_run(environ: dict[str, str], tmp_path: Path) -> None:
    done = _run("bot.rasa_main", {**environ, "SAPA_MODEL_DIR": str(tmp_path)})
    assert done.returncode == 1 and "make setup" in done.stderr and done.stderr.count("\n") == 1


HALF = [
    ({"TWILIO_ACCOUNT_SID": "AC" + "0" * 32}, "TWILIO_AUTH_TOKEN"),
    ({"TWILIO_AUTH_TOKEN": "x"}, "TWILIO_ACCOUNT_SID"),
    ({"TWILIO_ACCOUNT_SID": "AC" + "0" * 32, "TWILIO_AUTH_TOKEN": "x"}, "TWILIO_WHATSAPP_FROM"),
    (
        {"TWILIO_ACCOUNT_SID": "AC" + "0" * 32, "TWILIO_AUTH_TOKEN": "x", "TWILIO_WHATSAPP_FROM": "+1"},
        "SAPA_PUBLIC_URL",
    ),
]


@pytest.mark.parametrize(("given", "named"), HALF, ids=[named for _, named in HALF])
def test_half_given_credentials_are_refused_at_start(
    environ: dict[str, str], given: dict[str, str], named: str
) -> None:
    done = _run("bot.run", {**environ, "SAPA_GATEWAY": "twilio", **given})
    assert done.returncode == 1 and named in done.stderr and done.stderr.count("\n") == 1
