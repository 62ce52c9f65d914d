"""Redis is away: Rasa's turns wait, the clock's tasks wait; nothing is lost, and both go on once it is back."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from rasa.core.lock_store import LockError, RedisLockStore
from rasa.shared.core.events import BotUttered, UserUttered
from sanic import Sanic
from sqlalchemy import update
from sqlalchemy.exc import OperationalError

from bot.rasa_channel import SapaChannel
from sapa.settings import ROOT
from sapa.store.models import ReminderTable
from tests.chaos.world import Size, plant
from tests.stacks import free_port, wait_until
from tests.support import TEST_KEY, opened, settings_for, wired

_SERVER = shutil.which("redis-server")
needs_redis = pytest.mark.skipif(_SERVER is None, reason="redis-server is not installed")


class Redis:
    """A throwaway Redis that can be taken away and brought back on the same port, without what it held."""

    def __init__(self, folder: Path) -> None:
        self._folder, self.port = folder, free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        assert _SERVER is not None
        options = ["--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--dir", str(self._folder)]
        self._process = subprocess.Popen([_SERVER, *options], stdout=subprocess.DEVNULL)
        wait_until(self._answers, "Redis", 20)

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def _answers(self) -> bool:
        import redis

        try:
            return bool(redis.Redis(port=self.port).ping())
        except redis.exceptions.RedisError:
            return False


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[Redis]:
    server = Redis(tmp_path)
    server.start()
    yield server
    server.kill()


# ------------------------------------------------------------------------------------------------------ Rasa's locks


class Dialogue:
    """A dialogue whose message "m1" Rasa has answered already: asked again, the answer is read back."""

    def __init__(self) -> None:
        self.trouble: Exception | None = None

    async def retrieve(self, sender: str) -> Any:
        if self.trouble is not None:
            raise self.trouble
        said = BotUttered(data={"custom": {"reply": "dialog/salam", "vars": {}}})
        asked = UserUttered("halo", intent={"name": "salam", "confidence": 1.0}, message_id="m1")
        return SimpleNamespace(events=[asked, said])


async def _rasa(name: str, lock_store: Any, dialogue: Dialogue) -> httpx.AsyncClient:
    """Our channel in a server of its own, with a real lock store and everything else pretended."""
    Sanic.test_mode = True
    app = Sanic(f"{name}_{uuid.uuid4().hex}")
    app.blueprint(SapaChannel().blueprint(lambda _: None), url_prefix="/webhooks/sapa")  # type: ignore[arg-type, return-value]
    app.ctx.agent = SimpleNamespace(
        is_ready=lambda: True, lock_store=lock_store, tracker_store=dialogue, processor=None
    )
    await app._startup()
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://rasa")


async def _turn(rasa: httpx.AsyncClient) -> httpx.Response:
    asked = {"sender": "c1", "message_id": "m1", "text": "halo", "metadata": {}}
    return await rasa.post("/webhooks/sapa/turn", json=asked)


@needs_redis
async def test_without_redis_rasa_asks_to_come_again_and_answers_once_it_is_back(redis: Redis) -> None:
    rasa = await _rasa("with_redis", RedisLockStore(host="127.0.0.1", port=redis.port), Dialogue())
    first = await _turn(rasa)
    assert (first.status_code, first.json()["replies"][0]["reply"]) == (200, "dialog/salam")
    redis.kill()
    for _ in range(6):  # more often than the tries after which a human would be asked instead
        assert (await _turn(rasa)).status_code == 503
    redis.start()
    assert (await _turn(rasa)).json() == first.json()


class _Locks:
    """A lock store that gives everybody what they ask for, or one trouble."""

    def __init__(self, trouble: Exception | None = None) -> None:
        self._trouble = trouble

    def lock(self, sender: str) -> Any:
        return self

    async def __aenter__(self) -> None:
        if self._trouble is not None:
            raise self._trouble

    async def __aexit__(self, *_: object) -> None:
        return None


@pytest.mark.parametrize(
    ("locks", "dialogues", "status"),
    [
        (LockError("expired"), None, 503),
        (None, OperationalError("SELECT", {}, Exception("the server closed the connection")), 503),
        (None, KeyError("a fault of ours"), 500),  # this message is the trouble: after four tries a human is asked
    ],
    ids=["lock", "database of the dialogues", "our own fault"],
)
async def test_what_is_away_is_waited_for_and_what_is_broken_is_counted(
    locks: Exception | None, dialogues: Exception | None, status: int
) -> None:
    dialogue = Dialogue()
    dialogue.trouble = dialogues
    rasa = await _rasa("away", _Locks(locks), dialogue)
    assert (await _turn(rasa)).status_code == status


# --------------------------------------------------------------------------------------------------- Celery's broker

# Half of the reminders fall due while the broker is there, half while it is not.
MANY = 40


@pytest.fixture
def celery(tmp_path: Path, redis: Redis, one_database: str) -> Iterator[list[subprocess.Popen[bytes]]]:
    """A worker and the beat, as docs/adr says for many machines."""
    ours = ("SAPA_", "TWILIO_", "DATABASE", "REDIS")
    environ = {
        **{name: value for name, value in os.environ.items() if not name.startswith(ours)},
        "DATABASE_URL": one_database,
        "REDIS_URL": redis.url,
        "SAPA_VAR_DIR": str(tmp_path),
        "SAPA_DATA_KEYS": TEST_KEY,
    }
    parts = [["worker", "-c", "2", "--without-gossip"], ["beat", "-s", str(tmp_path / "beat")]]
    running = []
    for part in parts:
        with (tmp_path / f"celery-{part[0]}.log").open("wb") as log:
            command = [sys.executable, "-m", "celery", "-A", "scheduler.celery_app", *part, "-l", "INFO"]
            running.append(
                subprocess.Popen(
                    command, cwd=ROOT, env=environ, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
                )
            )
    yield running
    for process in running:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@needs_redis
@pytest.mark.stack
def test_without_its_broker_celery_waits_and_every_reminder_is_queued_once_when_it_is_back(
    tmp_path: Path, redis: Redis, one_database: str, celery: list[subprocess.Popen[bytes]]
) -> None:
    engine = opened(one_database)
    app = wired(settings_for(one_database, tmp_path), engine)

    def count(statement: str) -> int:
        with engine.connect() as connection:
            return int(connection.exec_driver_sql(statement).scalar_one())

    def queued() -> int:
        return count("SELECT count(*) FROM outbox WHERE dedupe_key LIKE 'reminder:%'")

    def said() -> str:
        assert [process.poll() for process in celery] == [None, None], (tmp_path / "celery-worker.log").read_text()
        return (tmp_path / "celery-worker.log").read_text("utf-8", "replace")

    wait_until(lambda: " ready." in said(), "Celery", 60)
    # All planned for later; the test says when each half falls due.
    planned = sorted(plant(app, Size(MANY, 1, 0, 0, 0, 1.0), 1, datetime.now(UTC) + timedelta(hours=1)).reminders)

    def falls_due(ids: list[str]) -> None:
        with engine.begin() as connection:
            connection.execute(update(ReminderTable).where(ReminderTable.id.in_(ids)).values(send_at=datetime.now(UTC)))

    falls_due(planned[: MANY // 2])
    wait_until(lambda: queued() == MANY // 2, "the first half", 60)
    redis.kill()
    falls_due(planned[MANY // 2 :])
    wait_until(lambda: "Cannot connect" in said(), "Celery's complaint", 60)
    assert queued() == MANY // 2
    redis.start()
    wait_until(lambda: queued() >= MANY, "all reminders", 60)
    assert [process.poll() for process in celery] == [None, None]  # nobody had to start them again
    assert count("SELECT count(DISTINCT contact_id) FROM outbox WHERE dedupe_key LIKE 'reminder:%'") == MANY == queued()
    engine.dispose()
