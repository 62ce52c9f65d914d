"""The real processes of one installation on ports and a folder of their own, and databases to run them on."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from sapa.bootstrap import App, prepare_database, wire
from sapa.settings import ROOT, load
from tests.conftest import Cluster, _postgres_bin

PATIENCE_S = 180.0
ACCOUNT, TOKEN = "AC" + "0" * 32, "a" * 32
SENDER_OF_BOT = "+628110000000"
MODULES = {
    "edge": "bot.app",
    "actions": "bot.actions_main",
    "rasa": "bot.rasa_main",
    "worker": "bot.worker",
    "sender": "scheduler.sender",
    "clock": "scheduler.clock",
}


class DurableCluster(Cluster):
    """A throwaway PostgreSQL that writes to the disk as a real one does."""

    def start(self) -> None:
        data = self.folder / "data"
        if os.geteuid() == 0:
            shutil.chown(self.folder, "postgres", "postgres")
        self._run("initdb", "-D", str(data), "-U", "sapa", "-A", "trust", "-E", "UTF8")
        options = f"-k {self.folder} -c listen_addresses='' -c max_connections=200"
        self._run("pg_ctl", "-D", str(data), "-w", "-l", str(self.folder / "log"), "-o", options, "start")


@dataclass(frozen=True)
class Home:
    """An installation's database and the folder of its keys, logs and dialogues."""

    url: str
    folder: Path

    @property
    def settings(self) -> dict[str, str]:
        """The settings by which processes find it."""
        return {"DATABASE_URL": self.url, "SAPA_VAR_DIR": str(self.folder)}

    def open(self) -> App:
        """The application on it, in this process."""
        return wire(load(self.settings | {"SAPA_GATEWAY": "simulator"}))


class Databases:
    """Fresh databases with today's schema, of each kind this machine has."""

    def __init__(self, kinds: Sequence[str]) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="sapa-bench-"))
        self.kinds = [kind for kind in kinds if kind != "postgresql" or _postgres_bin() is not None]
        self._cluster: DurableCluster | None = None
        self._made = 0

    def new(self, kind: str) -> Home:
        """An installation without a row."""
        self._made += 1
        folder = self.folder / f"{kind}-{self._made}"
        folder.mkdir()
        home = Home(f"sqlite:///{folder / 'sapa.db'}" if kind == "sqlite" else self._server().new_database(), folder)
        prepare_database(home.settings)
        return home

    def drop(self, home: Home) -> None:
        """Make room: what an installation kept is not looked at again."""
        shutil.rmtree(home.folder, ignore_errors=True)

    def _server(self) -> DurableCluster:
        if self._cluster is None:
            programs = _postgres_bin()
            assert programs is not None
            self._cluster = DurableCluster(programs)
            self._cluster.start()
        return self._cluster

    def close(self) -> None:
        """Stop the server and leave nothing behind."""
        if self._cluster is not None:
            self._cluster.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


@contextmanager
def databases(kinds: Sequence[str]) -> Iterator[Databases]:
    """`Databases` that are gone afterwards."""
    made = Databases(kinds)
    try:
        yield made
    finally:
        made.close()


class Processes:
    """Child processes that end with the benchmark, whatever happens to it."""

    def __init__(self, folder: Path, environ: Mapping[str, str]) -> None:
        self.folder = folder
        self.environ = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("SAPA_", "TWILIO_"))},
            "PYTHONUNBUFFERED": "1",
            **environ,
        }
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        folder.mkdir(parents=True, exist_ok=True)

    def start(self, name: str, *arguments: str, **more: str) -> None:
        """Start `python -m <arguments>` (default: the process of that name), its output into a file of its name."""
        command = arguments or (MODULES[name.partition("-")[0]],)
        with (self.folder / f"{name}.log").open("ab") as log:
            self.running[name] = subprocess.Popen(
                [sys.executable, "-m", *command],
                env={**self.environ, **more},
                cwd=ROOT,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def pids(self, name: str) -> list[int]:
        """The process of that name and its children."""
        return _family(self.running[name].pid)

    def stop(self, *names: str) -> None:
        """End some processes (default: all), at once if they do not go by themselves."""
        for name in names or list(self.running):
            process = self.running.pop(name)
            _signal(process.pid, signal.SIGTERM)
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                _signal(process.pid, signal.SIGKILL)
                process.wait()

    def last_line(self, name: str) -> str:
        """The last thing a process said."""
        lines = (self.folder / f"{name}.log").read_text("utf-8", "replace").strip().splitlines()
        return lines[-1] if lines else "it said nothing"

    def check(self) -> None:
        """Raise RuntimeError if one of them has ended."""
        for name, process in self.running.items():
            if process.poll() is not None:
                raise RuntimeError(f"{name} ended: {self.last_line(name)}")

    def wait_for(self, url: str, patience_s: float = PATIENCE_S) -> float:
        """Wait until an address answers 200; the seconds it took."""
        return self.wait_until(lambda: _answers(url), url, patience_s)

    def wait_until(self, condition: Callable[[], bool], what: str, patience_s: float = PATIENCE_S) -> float:
        """Wait until something is so; the seconds it took. Raises RuntimeError when it never is."""
        began = time.perf_counter()
        while time.perf_counter() - began < patience_s:
            if condition():
                return time.perf_counter() - began
            self.check()
            time.sleep(0.05)
        raise RuntimeError(f"waited {patience_s:.0f} s in vain for {what}")


@contextmanager
def processes(folder: Path, environ: Mapping[str, str]) -> Iterator[Processes]:
    """`Processes` that are stopped afterwards."""
    made = Processes(folder, environ)
    try:
        yield made
    finally:
        made.stop()


def provider_settings(stub_port: int, edge_port: int) -> dict[str, str]:
    """Settings that send everything to a stub on this machine, as fast as it goes."""
    return {
        "SAPA_GATEWAY": "twilio",
        "TWILIO_API_URL": f"http://127.0.0.1:{stub_port}",
        "TWILIO_ACCOUNT_SID": ACCOUNT,
        "TWILIO_AUTH_TOKEN": TOKEN,
        "TWILIO_WHATSAPP_FROM": SENDER_OF_BOT,
        "SAPA_PUBLIC_URL": f"http://127.0.0.1:{edge_port}",
        "SAPA_PORT": str(edge_port),
        # A real number carries 80 a second; here the question is what we could do.
        "SAPA_SENDER_RATE": "100000",
        "SAPA_INBOUND_PER_MINUTE": "100000",
        "SAPA_INBOUND_PER_HOUR": "1000000",
        "SAPA_LOG_LEVEL": "WARNING",
    }


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=2.0).status_code == 200
    except httpx.HTTPError:
        return False


def _family(pid: int) -> list[int]:
    """A process and all that came of it."""
    found = [pid]
    for parent in found:
        for children in Path(f"/proc/{parent}/task").glob("*/children"):
            found += [int(child) for child in children.read_text().split()]
    return found


def _signal(pid: int, number: signal.Signals) -> None:
    try:
        os.killpg(pid, number)
    except ProcessLookupError:
        return
