"""What every process does about being seen: it counts, it times its statements, and it says that it lives.

    with observed(app, "worker"):
        ...  # the work calls moved() whenever it gets on

A sign of life is written only while the work gets on: a process whose loop hangs falls silent although it still runs.
"""

from __future__ import annotations

import os
import shutil
import socket
import ssl
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

import httpx
import structlog

from sapa import metrics
from sapa.bootstrap import App
from sapa.services.health import Disk, Picture, beat, picture
from sapa.store.health import watch_statements

log = structlog.get_logger("sapa.pulse")

BEAT_S = 10.0
# A loop that has not come round for this long hangs: its slowest honest step takes a fraction of it.
STUCK_S = 120.0
_CERTIFICATE_S = 3600.0
_ASK_S = 3.0

_moved: dict[str, float] = {}


def moved(step: str) -> None:
    """The work got on: this loop of the process has come round."""
    _moved[step] = time.monotonic()


def stuck() -> list[str]:
    """The loops of this process that have not come round for long."""
    oldest = time.monotonic() - STUCK_S
    return sorted(step for step, at in _moved.items() if at < oldest)


# Also signs of life of others this process has heard from: by name and address.
Others = Callable[[], Mapping[tuple[str, str], Mapping[str, Any]]]


@contextmanager
def observed(
    app: App,
    process: str,
    *,
    alive: Callable[[], bool] | None = None,
    others: Others | None = None,
    every_s: float = BEAT_S,
) -> Iterator[None]:
    """Count, time and beat while the block runs; a process that ends in order is not missed.

    alive: asked before every beat, for a process that has no loop to call `moved`. others: signs of life of those who
    cannot write their own.
    """
    if not metrics.setup(process, app.settings.var_dir / "metrics"):
        log.warning("metrics_off", folder=str(app.settings.var_dir / "metrics"))
    watch_statements(app.store.engine, metrics.statement)
    _moved.clear()
    heart = Heart(app, process, alive, others, every_s)
    heart.start()
    try:
        yield
    finally:
        heart.stop()
        metrics.stop()


class Heart(threading.Thread):
    """Writes the signs of life of one process. Trouble with that is logged and never stops the work."""

    def __init__(
        self,
        app: App,
        process: str,
        alive: Callable[[], bool] | None = None,
        others: Others | None = None,
        every_s: float = BEAT_S,
    ) -> None:
        super().__init__(name="heart", daemon=True)
        self._app, self._process, self._alive, self._others, self._every_s = app, process, alive, others, every_s
        self._owner = f"{socket.gethostname()[:24]}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
        self._stopping = threading.Event()
        self._ill = False

    def run(self) -> None:
        while True:
            self.beat_once()
            if self._stopping.wait(self._every_s):
                return

    def beat_once(self) -> bool:
        """Say that we live, if we do; whether it was written."""
        hanging = stuck()
        if hanging:
            log.error("process.stuck", steps=hanging)
            return False
        if self._alive is not None and not self._alive():
            return False
        try:
            theirs = self._others() if self._others else {}
            wall = datetime.now(UTC)  # never the simulator's clock: that one jumps
            with self._app.store.transaction() as tx:
                beat(tx, self._process, self._owner, wall, {"pid": os.getpid()})
                for (name, owner), detail in theirs.items():
                    beat(tx, name, owner, wall, detail)
        except Exception as error:
            if not self._ill:
                log.warning("heartbeat_not_written", error=type(error).__name__)
            self._ill = True
            return False
        self._ill = False
        return True

    def stop(self) -> None:
        """End in order: the last sign of life is taken back."""
        self._stopping.set()
        if self.is_alive():
            self.join(timeout=self._every_s)
        with suppress(Exception), self._app.store.transaction() as tx:
            tx.end_heartbeat(self._process, self._owner)


# --- signs of life of those who have no database


def rasa_and_actions(app: App) -> Others:
    """Rasa and the action server, as the process that talks to them hears them."""
    actions = app.settings.actions_url.rsplit("/", 1)[0] + "/health"

    def ask() -> Mapping[tuple[str, str], Mapping[str, Any]]:
        heard: dict[tuple[str, str], Mapping[str, Any]] = {}
        for url in filter(None, (part.strip() for part in app.settings.rasa_url.split(","))):
            if answers(f"{url}/webhooks/sapa/"):
                heard[("rasa", _place(url))] = {}
        if answers(actions):
            heard[("actions", _place(actions))] = {}
        return heard

    return ask


def public_certificate(app: App) -> Others:
    """The certificate of the public address, looked at once an hour: whoever renews it may fail unseen."""
    looked: dict[str, Any] = {"at": -_CERTIFICATE_S, "until": None}

    def ask() -> Mapping[tuple[str, str], Mapping[str, Any]]:
        if time.monotonic() - looked["at"] >= _CERTIFICATE_S:
            looked.update(at=time.monotonic(), until=certificate_until(app.settings.public_url))
        until = looked["until"]
        return (
            {("certificate", _place(app.settings.public_url)): {"certificate_until": until.isoformat()}}
            if until
            else {}
        )

    return ask


def certificate_until(url: str, timeout_s: float = _ASK_S) -> datetime | None:
    """When the certificate behind an https address ends; None where there is none or it cannot be reached."""
    parts = urlsplit(url)
    if parts.scheme != "https" or parts.hostname is None:
        return None
    try:
        with (
            socket.create_connection((parts.hostname, parts.port or 443), timeout_s) as raw,
            ssl.create_default_context().wrap_socket(raw, server_hostname=parts.hostname) as secure,
        ):
            told = secure.getpeercert() or {}
            return datetime.fromtimestamp(ssl.cert_time_to_seconds(str(told["notAfter"])), UTC)
    except (OSError, ValueError, KeyError):
        return None


@lru_cache(maxsize=1)
def _client() -> httpx.Client:
    return httpx.Client(timeout=_ASK_S)


def answers(url: str) -> bool:
    """Whether a server says 200 there."""
    try:
        return _client().get(url).status_code == 200
    except (httpx.HTTPError, httpx.InvalidURL):
        return False


def _place(url: str) -> str:
    return urlsplit(url).netloc[-64:]


# --- the picture, for whoever shows it


def look(app: App) -> Picture:
    """How the system does at this moment. Raises what the store raises."""
    with app.store.transaction(write=False) as tx:
        return picture(tx, app.clock.now(), datetime.now(UTC))


def disk(app: App) -> Disk | None:
    """The disk the data stand on; None where it cannot be asked."""
    try:
        usage = shutil.disk_usage(app.settings.var_dir)
    except OSError:
        return None
    return Disk(usage.free, usage.total)
