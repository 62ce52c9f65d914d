"""Everything on one machine: `python -m bot.run`, which is what `make run` calls.

Prepares the database, trains the model if the training files changed, starts the processes of the Procfile, waits
until they answer and says where to look. What the processes print goes to var/log.
"""

from __future__ import annotations

import os
import re
import socket
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

import httpx
from honcho.environ import parse_procfile
from honcho.manager import Manager
from rich.console import Console

from bot.train import train_if_needed
from sapa import settings
from sapa.bootstrap import StartError, prepare_database, start
from sapa.services.demo import seed_demo, seed_village
from sapa.settings import ROOT, Settings, SettingsError

PATIENCE_S = 180.0
_INTERRUPTED = (130, 143)  # what honcho reports after Ctrl-C and after a polite kill
console = Console(soft_wrap=True)


class LogFiles:
    """honcho's printer: each process writes to a file of its own instead of all over the screen."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._files: dict[str, IO[str]] = {}
        self.width = 0
        self.stopped: list[tuple[str, int]] = []  # processes and their exit codes, in the order they ended

    def write(self, message: Any) -> None:
        """Keep one line of a process."""
        name = message.name or "run"
        if name == "system":
            ended = re.match(r"(\w+) stopped \(rc=(-?\d+)\)", message.data)
            if ended:
                self.stopped.append((ended[1], int(ended[2])))
            return
        if name not in self._files:
            self._files[name] = (self._folder / f"{name}.log").open("a", encoding="utf-8", buffering=1)
        text = message.data if isinstance(message.data, str) else message.data.decode("utf-8", "replace")
        self._files[name].write(text)

    def last_line(self, name: str) -> str:
        """The last thing a process said."""
        path = self._folder / f"{name}.log"
        lines = path.read_text("utf-8", "replace").strip().splitlines() if path.exists() else []
        return lines[-1] if lines else "it said nothing"


def main() -> int:
    """Run until Ctrl-C; 1 with one clear line if something is in the way."""
    try:
        config = settings.load()
        _check_ports(config)
        _prepare(config)
    except (SettingsError, StartError, RuntimeError) as error:
        print(f"run: {error}", file=sys.stderr)
        return 1
    return _serve(config)


def _check_ports(config: Settings) -> None:
    """Raise RuntimeError naming the first port that is taken and the setting that moves it."""
    ports = (
        ("SAPA_PORT", config.host, config.port),
        *(("SAPA_RASA_PORT", "127.0.0.1", config.rasa_port + number) for number in range(config.rasa_processes)),
        ("SAPA_ACTIONS_PORT", "127.0.0.1", config.actions_port),
    )
    for name, host, port in ports:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError:
                raise RuntimeError(
                    f"port {port} is busy; stop what uses it or choose another: {name}=<port> make run"
                ) from None


def _prepare(config: Settings) -> None:
    prepare_database()
    model, seconds = train_if_needed(config.model_dir, config.var_dir)
    if seconds is not None:
        console.print(f"model trained in {seconds:.0f} s")
    if config.simulator:
        app = start()
        now = datetime.now(UTC)
        with app.store.transaction() as tx:
            seed_demo(tx, now.date())
            seed_village(app.deps, tx, now)
        app.store.engine.dispose()


def _serve(config: Settings) -> int:
    logs = LogFiles(config.var_dir / "log")
    manager = Manager(logs)
    for name, command in parse_procfile((ROOT / "Procfile").read_text(encoding="utf-8")).processes.items():
        manager.add_process(name, command, env=_environment(), cwd=str(ROOT), quiet=False)
        for number in range(1, config.rasa_processes if name == "rasa" else 1):
            port = {"SAPA_RASA_PORT": str(config.rasa_port + number), "SAPA_RASA_URL": config.rasa_url}
            manager.add_process(
                f"rasa{number + 1}", command, env={**_environment(), **port}, cwd=str(ROOT), quiet=False
            )
    threading.Thread(target=_announce, args=(config, logs), daemon=True).start()
    manager.loop()  # returns after Ctrl-C, or when a process ended and the others were stopped
    if manager.returncode not in _INTERRUPTED:
        name, _ = logs.stopped[0]
        print(f"run: {name} stopped: {logs.last_line(name)} (see {config.var_dir / 'log'})", file=sys.stderr)
        return 1
    console.print("stopped")
    return 0


def _environment() -> Mapping[str, str]:
    """The processes run the same Python as we do, without buffering what they say."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    return {**os.environ, "PATH": path, "PYTHONUNBUFFERED": "1", "PYTHONPATH": str(ROOT)}


def _announce(config: Settings, logs: LogFiles) -> None:
    base = f"http://{'127.0.0.1' if config.host == '0.0.0.0' else config.host}:{config.port}"
    with _waiting("starting (Rasa takes about 20 seconds)"):
        up = all(
            _wait_for(url, logs) for url in (f"{base}/ready", *(f"{url}/webhooks/sapa/" for url in config.rasa_urls))
        )
    if not up:
        return
    console.print("[bold]Sapa Keluarga is running[/bold]")
    if config.simulator:
        console.print(f"  phone simulator   {base}/")
    # Who may log in to a village in which nobody is real; the code comes to that phone in the simulator.
    login = "   kader 0812-0000-0011, bidan -0012, admin -0013" if config.simulator else ""
    console.print(f"  console           {base}/konsol{login}")
    console.print(f"  logs              {config.var_dir / 'log'}")
    console.print("Ctrl-C stops it.")


def _wait_for(url: str, logs: LogFiles) -> bool:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline and not logs.stopped:
        try:
            if httpx.get(url, timeout=2.0).status_code == 200:
                return True
        except httpx.HTTPError:
            pass
        time.sleep(0.2)
    return False


@contextmanager
def _waiting(text: str) -> Iterator[None]:
    if console.is_terminal:
        with console.status(text):
            yield
    else:
        console.print(f"{text} ...")
        yield


if __name__ == "__main__":
    sys.exit(main())
