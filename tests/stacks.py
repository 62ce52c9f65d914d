"""The whole system as processes, on ports and a folder of its own, with means to kill and restart each part."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from sqlalchemy import text as sql
from twilio.request_validator import RequestValidator

from sapa.bootstrap import prepare_database
from sapa.services.demo import seed_demo
from sapa.settings import ROOT
from sapa.store.data_keys import unlock
from sapa.store.database import Database
from sapa.store.engine import open_engine

PROCESSES = {
    "edge": "bot.app",
    "actions": "bot.actions_main",
    "rasa": "bot.rasa_main",
    "worker": "bot.worker",
    "sender": "scheduler.sender",
    "clock": "scheduler.clock",
}
PATIENCE_S = 150.0
QUESTIONS = ("apa itu stunting", "menu mpasi 8 bulan", "halo", "efek samping imunisasi", "asi saya sedikit")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(condition: Callable[[], bool], what: str, patience_s: float = PATIENCE_S) -> None:
    """Wait for something to become true; fail with its name if it does not."""
    deadline = time.monotonic() + patience_s
    while time.monotonic() < deadline:
        if condition():
            return
        time.sleep(0.1)
    pytest.fail(f"waited {patience_s:.0f} s in vain for: {what}")


class Stack:
    """The processes of one installation."""

    def __init__(self, folder: Path, database_url: str, **more: str) -> None:
        self.folder = folder
        self.port, self.rasa_port, actions_port = free_port(), free_port(), free_port()
        self.environ = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("SAPA_", "TWILIO_"))},
            "DATABASE_URL": database_url,
            "SAPA_VAR_DIR": str(folder),
            "SAPA_PORT": str(self.port),
            "SAPA_RASA_PORT": str(self.rasa_port),
            "SAPA_ACTIONS_PORT": str(actions_port),
            "SAPA_LEASE_SECONDS": "5",
            "PYTHONUNBUFFERED": "1",
            **more,
        }
        prepare_database(self.environ)
        self.engine = open_engine(database_url)
        self.ring = unlock(self.engine, self.environ.get("SAPA_DATA_KEYS"), folder / "data-keys")
        self.store = Database(self.engine)
        with self.store.transaction() as tx:
            seed_demo(tx, datetime.now(UTC).date())
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self.url = f"http://127.0.0.1:{self.port}"

    def start(self, *names: str) -> None:
        for name in names or PROCESSES:
            log = (self.folder / f"{name}.log").open("ab")
            self.running[name] = subprocess.Popen(
                [sys.executable, "-m", PROCESSES[name]],
                env=self.environ,
                cwd=ROOT,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def kill(self, name: str) -> None:
        """kill -9, as the kernel does when memory runs out."""
        process = self.running.pop(name)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def stop(self) -> None:
        for name in list(self.running):
            self.kill(name)
        self.engine.dispose()

    def wait_ready(self, rasa: bool = True) -> None:
        wait_until(lambda: self._answers(f"{self.url}/ready"), "the edge")
        if rasa:
            self.wait_rasa()

    def wait_rasa(self) -> None:
        wait_until(lambda: self._answers(f"http://127.0.0.1:{self.rasa_port}/webhooks/sapa/"), "Rasa")

    def _answers(self, url: str) -> bool:
        try:
            return httpx.get(url, timeout=2.0).status_code == 200
        except httpx.HTTPError:
            return False

    def post(self, body: str, sender: str, sid: str | None = None, token: str = "simulator-token") -> httpx.Response:
        """A message as Twilio posts it, signed."""
        form = {
            "MessageSid": sid or "SM" + uuid.uuid4().hex,
            "AccountSid": "AC" + "0" * 32,
            "From": f"whatsapp:{sender}",
            "To": "whatsapp:+628110000000",
            "Body": body,
            "NumMedia": "0",
            "MessageType": "text",
            "WaId": sender.lstrip("+"),
        }
        address = f"{self.url}/webhooks/twilio"
        signature = RequestValidator(token).compute_signature(address, form)
        return httpx.post(address, data=form, headers={"X-Twilio-Signature": signature}, timeout=20.0)

    def scalar(self, statement: str, **values: object) -> int:
        with self.engine.connect() as connection:
            return int(connection.execute(sql(statement), values).scalar() or 0)

    def rows(self, statement: str, **values: object) -> list[tuple[object, ...]]:
        with self.engine.connect() as connection:
            return [tuple(row) for row in connection.execute(sql(statement), values)]

    def settled(self) -> bool:
        """Whether every message is answered and every answer has gone out."""
        return (
            self.scalar("SELECT count(*) FROM inbound_message WHERE state <> 'answered'") == 0
            and self.scalar("SELECT count(*) FROM outbox WHERE state IN ('queued','sending','errored','unknown')") == 0
        )


def phone_of(number: int) -> str:
    return f"+62812000{number:05}"


def answers_by_message(stack: Stack) -> dict[str, int]:
    """How many messages the phones really got for each message they sent (counted at the provider, not by us)."""
    rows = stack.rows(
        "SELECT i.provider_sid, count(s.seq) FROM inbound_message i"
        " JOIN outbox o ON o.in_reply_to = i.id JOIN sim_message s ON s.outbox_id = o.id"
        " WHERE s.direction = 'out' GROUP BY i.provider_sid"
    )
    return {str(sid): int(str(count)) for sid, count in rows}
