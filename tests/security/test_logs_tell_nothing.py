"""A family that can be recognised goes through the whole system, broken and whole, at DEBUG: no log knows them."""

from __future__ import annotations

import asyncio
import io
import logging
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
import structlog
from sqlalchemy.exc import SQLAlchemyError
from starlette.testclient import TestClient
from twilio.request_validator import RequestValidator

from bot.app import create_app, page_routes
from bot.worker import Worker
from sapa import logs
from sapa.bootstrap import App
from sapa.messaging.states import Channel
from sapa.services.conversation import claim_next
from sapa.services.inbound import receive_message, triage_next
from sapa.services.ports import EngineFailed
from sapa.services.records import LookupOutcome, OutboxMessage, Reply, SendOutcome, SendRequest, SurelyAbsent, Turn
from scheduler.clock import jobs
from scheduler.sender import Sender
from tests.support import inbound_form

# Each of these in a log would be somebody.
NUMBER, HIDDEN, NAME, WORDS = (
    "+6281377700123",
    "ID.13491208655302741918",
    "Kanari Kuningsih",
    "kanari-rahasia-keputihan",
)
CANARIES = ("81377700123", "1349120865530", "Kanari", "kanari", "Kuningsih", "keputihan", "1349")


@pytest.fixture
def database_url(one_database: str) -> str:
    return one_database


@pytest.fixture(params=["DEBUG", "INFO"])
def told(request: pytest.FixtureRequest) -> Iterator[io.StringIO]:
    """All that a process of ours writes, at its most talkative."""
    root = logging.getLogger()
    kept = root.handlers[:], root.level, logging.raiseExceptions, sys.excepthook, threading.excepthook
    levels = {name: logging.getLogger(name).level for name in logging.root.manager.loggerDict}
    stream = io.StringIO()
    logs.setup("test", request.param, as_json=True, stream=stream)
    yield stream
    root.handlers[:], root.level, logging.raiseExceptions, sys.excepthook, threading.excepthook = kept
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)
    logging.captureWarnings(False)
    structlog.reset_defaults()


def silent(told: io.StringIO, capsys: pytest.CaptureFixture[str]) -> str:
    """What was logged, after making sure that it and everything printed beside it names nobody."""
    printed = capsys.readouterr()
    everything = told.getvalue() + printed.out + printed.err
    assert [canary for canary in CANARIES if canary in everything] == [], everything
    return told.getvalue()


def _post(client: TestClient, app: App, form: dict[str, str], path: str = "/webhooks/twilio") -> int:
    signature = RequestValidator(app.settings.webhook_token).compute_signature(app.settings.public_url + path, form)
    headers = {"Content-Type": "application/x-www-form-urlencoded", "X-Twilio-Signature": signature}
    return client.post(path, content=urlencode(form).encode(), headers=headers).status_code


def _form(sid: str, **more: str) -> dict[str, str]:
    return {
        "MessageSid": sid,
        "From": f"whatsapp:{NUMBER}",
        "Body": WORDS,
        "ProfileName": NAME,
        "WaId": NUMBER[1:],
        **more,
    }


class Engine:
    """Answers, or fails with the very words."""

    def __init__(self, fails: bool = False) -> None:
        self._fails = fails

    async def turn(self, contact_id: str, inbound_id: str, text: str, metadata: Any) -> Turn:
        if self._fails:
            raise EngineFailed(f"cannot answer {text!r} of {NUMBER}")
        return Turn((Reply("dialog/salam", {"name": NAME}),), "sapaan", 0.9)


class Clumsy:
    """A provider whose errors quote everything."""

    name = "clumsy"

    def send(self, request: SendRequest) -> SendOutcome:
        raise ValueError(f"cannot send {request.text!r} to {request.to} ({NAME}, {WORDS})")

    def lookup(self, message: OutboxMessage) -> LookupOutcome:
        return SurelyAbsent()


def test_the_edge_tells_nothing_of_what_it_takes_and_what_it_refuses(
    app: App, told: io.StringIO, capsys: pytest.CaptureFixture[str]
) -> None:
    client = TestClient(create_app(app, extra_routes=page_routes(app)), raise_server_exceptions=False)
    assert _post(client, app, _form("SM" + "1" * 32)) == 200
    assert _post(client, app, _form("SM" + "2" * 32, From=f"whatsapp:{HIDDEN}", WaId=HIDDEN)) == 200
    assert _post(client, app, {**_form("SM" + "3" * 32), "From": f"messenger:{NUMBER}"}) == 400
    assert client.post("/webhooks/twilio", data=_form("SM" + "4" * 32)).status_code == 403
    client.get(f"/konsol/{NAME}?telp={NUMBER}&teks={WORDS}")
    client.get(f"/media/{NUMBER}.png", headers={"Cookie": f"sapa={WORDS}", "User-Agent": NAME})
    with app.store.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE inbound_message RENAME TO elsewhere")
    assert _post(client, app, _form("SM" + "5" * 32)) == 503
    logged = silent(told, capsys)
    assert "webhook.refused" in logged and "webhook.not_stored" in logged


@pytest.mark.parametrize("fails", [False, True], ids=["answering", "failing"])
async def test_the_worker_tells_nothing_of_what_it_reads_and_answers(
    app: App, told: io.StringIO, capsys: pytest.CaptureFixture[str], fails: bool
) -> None:
    for text in (WORDS, f"anak saya kejang {WORDS}", "STOP"):
        receive_message(app.deps, inbound_form(text, NUMBER, profile_name=NAME), app.clock.now())
    worker = Worker(app, Engine(fails))
    running = asyncio.create_task(worker.run())
    async with asyncio.timeout(20):
        while "turn" not in told.getvalue():
            await asyncio.sleep(0.01)
    worker.stop()
    await running
    silent(told, capsys)


def test_a_look_that_breaks_tells_nothing(app: App, told: io.StringIO, capsys: pytest.CaptureFixture[str]) -> None:
    def chance(text: str) -> float:
        raise RuntimeError(f"a fault about {text} of {NUMBER}")

    receive_message(app.deps, inbound_form(f"anak kejang {WORDS}", NUMBER), app.clock.now())
    broken = replace(app, danger_chance=chance)

    async def work() -> None:
        worker = Worker(broken, Engine())
        running = asyncio.create_task(worker.run())
        async with asyncio.timeout(20):
            while "worker_trouble" not in told.getvalue():
                await asyncio.sleep(0.01)
        worker.stop()
        await running

    asyncio.run(work())
    assert "RuntimeError" in silent(told, capsys)


def test_the_sender_tells_nothing_of_what_it_sends_and_cannot_send(
    app: App, told: io.StringIO, capsys: pytest.CaptureFixture[str]
) -> None:
    receive_message(app.deps, inbound_form("STOP", NUMBER, profile_name=NAME), app.clock.now())
    receive_message(app.deps, inbound_form("STOP", "+6281377700123"[:-1] + "4", profile_name=NAME), app.clock.now())
    while triage_next(app.deps, app.clock.now()) is not None:
        pass
    sender = Sender(replace(app, gateway=Clumsy()))  # type: ignore[arg-type]
    thread = threading.Thread(target=sender.run)
    thread.start()
    waited = threading.Event()
    for _ in range(500):
        if "send_trouble" in told.getvalue() or "sent" in told.getvalue():
            break
        waited.wait(0.02)
    sender.stop()
    thread.join(20)
    assert "outbox" in silent(told, capsys)


def test_the_clock_tells_nothing_of_whom_it_plans_for(
    app: App, told: io.StringIO, capsys: pytest.CaptureFixture[str]
) -> None:
    receive_message(app.deps, inbound_form(WORDS, NUMBER, profile_name=NAME), app.clock.now())
    for job in jobs(app).values():
        job()
    with app.store.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE reminder RENAME TO elsewhere")
    for name, job in jobs(app).items():
        try:
            job()
        except SQLAlchemyError as error:
            structlog.get_logger("scheduler.clock").warning("job_failed", job=name, exc_info=error)
    silent(told, capsys)


def test_a_statement_that_fails_does_not_carry_its_values(app: App) -> None:
    """Whoever prints such an error, somewhere, some day."""
    with app.store.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE inbound_message RENAME TO elsewhere")
    with pytest.raises(SQLAlchemyError) as broken:
        receive_message(app.deps, inbound_form(WORDS, NUMBER, profile_name=NAME), app.clock.now())
    assert [canary for canary in CANARIES if canary in str(broken.value)] == []


def test_libraries_that_talk_of_everything_are_not_heard(told: io.StringIO, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("sqlalchemy.engine.Engine", "uvicorn.error", "uvicorn.access", "httpx", "httpcore", "urllib3",
                 "urllib3.connectionpool", "twilio.http_client", "asyncio", "apscheduler.executors.default", "rasa",
                 "multipart", "python_multipart", "sanic.access", "celery", "kombu", "hypothesis"):  # fmt: skip
        library = logging.getLogger(name)
        library.debug("POST To=%s Body=%s", NUMBER, WORDS)
        library.info("200 OK for %s", {"Body": WORDS, "ProfileName": NAME})
        library.info("INSERT INTO contact VALUES ('%s')", NAME)
    silent(told, capsys)


def test_a_claim_that_is_lost_tells_nothing(app: App, told: io.StringIO, capsys: pytest.CaptureFixture[str]) -> None:
    receive_message(app.deps, inbound_form(WORDS, NUMBER, profile_name=NAME), app.clock.now())
    triage_next(app.deps, app.clock.now())
    claim = claim_next(app.deps, "w", app.clock.now(), timedelta(seconds=1))
    assert claim is not None
    structlog.get_logger("bot.worker").warning("worker.lost", claim=claim, message=claim.message, items=[claim])
    with app.store.transaction(write=False) as tx:
        contact = tx.contact(tx.contact_id_for(Channel.WHATSAPP, NUMBER) or "")
    structlog.get_logger("bot.worker").error("worker.lost", contact=contact, found=repr(contact)[:0])
    silent(told, capsys)
