"""The public edge, spoken to over HTTP, on a real database."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import os
import re
import socket
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlencode

import httpx
import pytest
import structlog
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select
from starlette.testclient import TestClient
from twilio.request_validator import RequestValidator

from bot.app import MAX_BODY, create_app, listen
from sapa import logs
from sapa.messaging.states import Channel
from sapa.services.deps import Deps
from sapa.services.records import InboundForm, Picture, StatusForm
from sapa.settings import Settings, load
from sapa.store.database import Database
from sapa.store.models import InboundTable, MessageStatusTable
from tests.support import opened

TOKEN = "12345678901234567890123456789012"
PUBLIC = "https://sapa.example"
INBOUND = "/webhooks/twilio"
STATUS = "/webhooks/twilio/status"
SID = "SM" + "a" * 32
FORM_TYPE = {"Content-Type": "application/x-www-form-urlencoded"}
NOW = datetime(2026, 11, 22, 7, 0, tzinfo=UTC)

TEXT = {
    "MessageSid": SID,
    "From": "whatsapp:+6281234567890",
    "To": "whatsapp:+6281100000000",
    "Body": "Halo",
    "NumMedia": "0",
    "MessageType": "text",
    "ProfileName": "Ibu Ani",
    "WaId": "6281234567890",
}
DELIVERED = {"MessageSid": SID, "MessageStatus": "delivered", "To": "whatsapp:+6281234567890"}

SETTINGS = load(
    {
        "SAPA_GATEWAY": "twilio",
        "SAPA_PUBLIC_URL": PUBLIC,
        "TWILIO_ACCOUNT_SID": "AC" + "1" * 32,
        "TWILIO_AUTH_TOKEN": TOKEN,
        "TWILIO_WHATSAPP_FROM": "+6281100000000",
    }
)


class FixedClock:
    def now(self) -> datetime:
        return NOW


@dataclass
class Edge:
    """An application as the edge needs it, on a database of its own."""

    store: Any
    settings: Settings = SETTINGS

    @property
    def clock(self) -> FixedClock:
        return FixedClock()

    @property
    def deps(self) -> Deps:
        nothing = cast(Any, None)
        return Deps(self.store, nothing, nothing, nothing, "0811-0000-0000", "Asia/Jakarta")

    def count(self, table: Any) -> int:
        with self.store.engine.connect() as connection:
            return int(connection.scalar(select(func.count()).select_from(table)) or 0)


class DeadStore:
    """A database that is down."""

    def transaction(self, *, write: bool = True) -> Any:
        raise ConnectionError("could not connect; parameters ('+6281234567890', 'anak saya demam')")

    def ping(self) -> None:
        raise ConnectionError("could not connect")


@pytest.fixture
def edge(one_database: str) -> Iterator[Edge]:
    engine = opened(one_database)
    yield Edge(Database(engine))
    engine.dispose()


@pytest.fixture
def log_lines() -> Iterator[io.StringIO]:
    """What a process set up as ours writes to its log."""
    root = logging.getLogger()
    kept = root.handlers[:], root.level, logging.raiseExceptions, sys.excepthook, threading.excepthook
    stream = io.StringIO()
    logs.setup("bot", as_json=True, stream=stream)
    yield stream
    root.handlers[:], root.level, logging.raiseExceptions, sys.excepthook, threading.excepthook = kept
    logging.captureWarnings(False)
    structlog.reset_defaults()


@pytest.fixture
def client(edge: Edge) -> TestClient:
    return TestClient(create_app(edge), raise_server_exceptions=True)


def signed(form: dict[str, str], path: str = INBOUND, *, token: str = TOKEN) -> dict[str, str]:
    return {"X-Twilio-Signature": RequestValidator(token).compute_signature(PUBLIC + path, form)}


def post(client: TestClient, form: dict[str, str], path: str = INBOUND, **changes: Any) -> httpx.Response:
    """A form as Twilio would post it; `changes` are what somebody does to it on the way."""
    request = {"content": urlencode(form).encode(), "headers": {**FORM_TYPE, **signed(form, path)}, **changes}
    return cast(httpx.Response, client.post(path, **request))


# ---------------------------------------------------------------- what is fetched


def test_a_data_file_is_shown_for_a_day_and_can_do_nothing_but_be_shown(edge: Edge, client: TestClient) -> None:
    """It holds what people wrote to us, and comes from our own address: no script in it may ever run."""
    with edge.store.transaction() as tx:
        contact, _ = tx.contact_for_address(Channel.WHATSAPP, "+6281234567890", None, NOW)
        for hours, name in ((23, "new.html"), (25, "old.html")):
            page = Picture(name, contact.id, "text/html", b"<script>alert(1)</script>")
            tx.save_picture(page, NOW - timedelta(hours=hours))
    shown = client.get("/media/new.html")
    assert shown.status_code == 200 and shown.headers["Content-Type"].startswith("text/html")
    policy = shown.headers["Content-Security-Policy"]
    assert "sandbox" in policy and "default-src 'none'" in policy and "script-src" not in policy
    assert shown.headers["Cache-Control"] == "no-store"
    assert client.get("/media/old.html").status_code == client.get("/media/none.png").status_code == 404


# ---------------------------------------------------------------- what is stored


def test_a_signed_message_is_stored_once_and_answered_with_empty_twiml(edge: Edge, client: TestClient) -> None:
    answer = post(client, TEXT)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/xml")
    assert answer.text.endswith("<Response/>")
    assert edge.count(InboundTable) == 1


def test_the_same_message_again_is_answered_alike_and_not_stored_again(edge: Edge, client: TestClient) -> None:
    assert [post(client, TEXT).status_code for _ in range(3)] == [200, 200, 200]
    assert edge.count(InboundTable) == 1


def test_two_messages_with_the_same_words_are_two_messages(edge: Edge, client: TestClient) -> None:
    for last in "ab":
        post(client, {**TEXT, "Body": "ya", "MessageSid": "SM" + last * 32})
    assert edge.count(InboundTable) == 2


def test_what_came_in_is_what_is_stored(edge: Edge, client: TestClient) -> None:
    post(client, {**TEXT, "Body": "1 + 1 & é \U0001f600\nya"})
    with edge.store.engine.connect() as connection:
        (row,) = connection.execute(select(InboundTable.__table__)).mappings()
    assert row["provider_sid"] == SID
    assert row["body"] == "1 + 1 & é \U0001f600\nya"
    assert row["received_at"] == NOW


def test_a_photo_without_a_caption_is_stored(edge: Edge, client: TestClient) -> None:
    photo = {**TEXT, "Body": "", "NumMedia": "1", "MediaUrl0": "https://x.example/1", "MediaContentType0": "image/jpeg"}
    assert post(client, photo).status_code == 200
    assert edge.count(InboundTable) == 1


def test_a_status_callback_is_kept_once(edge: Edge, client: TestClient) -> None:
    path = STATUS + "?ref=8d3c"
    assert [post(client, DELIVERED, path).status_code for _ in range(2)] == [200, 200]
    assert post(client, {**DELIVERED, "MessageStatus": "read"}, path).status_code == 200
    assert edge.count(MessageStatusTable) == 2


def test_a_status_callback_hands_on_our_own_id_from_its_address(edge: Edge) -> None:
    seen: list[StatusForm] = []
    app = create_app(edge, record=lambda _deps, form, _now: seen.append(form))
    assert post(TestClient(app), DELIVERED, STATUS + "?ref=8d3c%26").status_code == 200
    assert seen == [StatusForm(SID, "delivered", None, "8d3c&")]


def test_signed_json_is_stored(edge: Edge, client: TestClient) -> None:
    body = json.dumps(TEXT).encode()
    path = f"{INBOUND}?bodySHA256={sha256(body).hexdigest()}"
    headers = {"Content-Type": "application/json", **signed({}, path)}
    assert client.post(path, content=body, headers=headers).status_code == 200
    assert edge.count(InboundTable) == 1


def test_the_address_signed_is_the_configured_one_whatever_the_headers_say(client: TestClient) -> None:
    lies = {"Host": "evil.example", "X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "http"}
    assert post(client, TEXT, headers={**FORM_TYPE, **signed(TEXT), **lies}).status_code == 200
    forged = RequestValidator(TOKEN).compute_signature("https://evil.example" + INBOUND, TEXT)
    answer = post(client, TEXT, headers={**FORM_TYPE, **lies, "X-Twilio-Signature": forged})
    assert answer.status_code == 403


# ---------------------------------------------------------------- what is refused

RAW = urlencode(TEXT).encode()
JSON_TYPE = {"Content-Type": "application/json"}
REFUSED = [
    ("no signature", {"headers": FORM_TYPE}, 403),
    ("a blank signature", {"headers": {**FORM_TYPE, "X-Twilio-Signature": ""}}, 403),
    ("another token", {"headers": {**FORM_TYPE, **signed(TEXT, token="x")}}, 403),
    ("the other webhook's signature", {"headers": {**FORM_TYPE, **signed(TEXT, STATUS)}}, 403),
    ("a changed body", {"content": RAW.replace(b"Halo", b"STOP")}, 403),
    ("no body", {"content": b""}, 403),
    ("bytes that are no text", {"content": b"\xff\xfe\x00&=%zz"}, 403),
    ("unsigned JSON", {"content": json.dumps(TEXT).encode(), "headers": JSON_TYPE}, 403),
    ("JSON without a hash in the address", {"content": b"{}", "headers": {**JSON_TYPE, **signed({})}}, 403),
    ("plain text", {"headers": {"Content-Type": "text/plain", **signed(TEXT)}}, 415),
    ("a multipart form", {"headers": {"Content-Type": "multipart/form-data; boundary=x", **signed(TEXT)}}, 415),
    ("no type", {"headers": signed(TEXT)}, 415),
    ("64 kB and one byte", {"content": b"a" * (MAX_BODY + 1)}, 413),
    ("megabytes", {"content": b"Body=" + b"a" * 5_000_000}, 413),
]


@pytest.mark.parametrize("path", [INBOUND, STATUS])
@pytest.mark.parametrize(("what", "changes", "status"), REFUSED, ids=[row[0] for row in REFUSED])
def test_a_bad_request_is_refused_and_leaves_no_trace(
    edge: Edge, client: TestClient, path: str, what: str, changes: dict[str, Any], status: int
) -> None:
    if path == STATUS and what == "the other webhook's signature":
        changes = {"headers": {**FORM_TYPE, **signed(TEXT, INBOUND)}}
    answer = post(client, TEXT, path, **changes)
    assert answer.status_code == status
    assert answer.text.count("\n") == 1  # one clear line
    assert edge.count(InboundTable) == edge.count(MessageStatusTable) == 0


@pytest.mark.parametrize("path", [INBOUND, STATUS])
@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
def test_only_post_is_allowed(client: TestClient, path: str, method: str) -> None:
    answer = client.request(method, path)
    assert answer.status_code == 405
    assert answer.headers["allow"] == "POST"


@pytest.mark.parametrize(
    "path", [INBOUND + "/", STATUS + "/", "/webhooks", "/webhooks/twilio/other", "//webhooks/twilio"]
)
def test_another_address_is_not_found_and_never_redirected(client: TestClient, path: str) -> None:
    answer = client.post(path, content=RAW, headers={**FORM_TYPE, **signed(TEXT, path)}, follow_redirects=False)
    assert answer.status_code == 404


LACKING = [
    (INBOUND, {key: value for key, value in TEXT.items() if key != "MessageSid"}, "MessageSid is missing"),
    (INBOUND, {key: value for key, value in TEXT.items() if key != "From"}, "From is missing"),
    (INBOUND, {**TEXT, "From": "messenger:12"}, "channel"),
    (INBOUND, {}, "From is missing"),
    (STATUS, {"MessageStatus": "sent"}, "MessageSid is missing"),
    (STATUS, {"MessageSid": SID}, "MessageStatus is missing"),
]


@pytest.mark.parametrize(("path", "form", "line"), LACKING, ids=[f"{row[0]} {row[2]}" for row in LACKING])
def test_a_signed_form_that_is_no_message_is_told_what_it_lacks(
    client: TestClient, path: str, form: dict[str, str], line: str
) -> None:
    answer = post(client, form, path)
    assert answer.status_code == 400
    assert line in answer.text


def test_signed_json_that_is_no_object_is_told_so(client: TestClient) -> None:
    for body in (b"[]", b"{", b"[" * 60_000):
        path = f"{INBOUND}?bodySHA256={sha256(body).hexdigest()}"
        answer = client.post(path, content=body, headers={**JSON_TYPE, **signed({}, path)})
        assert answer.status_code == 400
        assert "JSON" in answer.text


# ---------------------------------------------------------------- size, without trusting Content-Length


def asgi(edge: Edge) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(create_app(edge)), base_url=PUBLIC)


async def test_a_body_without_a_length_is_read_no_further_than_the_limit(edge: Edge) -> None:
    given_out = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal given_out
        while True:
            given_out += 1024
            yield b"a" * 1024

    async with asgi(edge) as client:
        answer = await client.post(INBOUND, content=endless(), headers=FORM_TYPE)
    assert answer.status_code == 413
    assert given_out == MAX_BODY + 1024


async def test_a_body_in_small_pieces_is_put_together(edge: Edge) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for at in range(0, len(RAW), 7):
            yield RAW[at : at + 7]

    async with asgi(edge) as client:
        answer = await client.post(INBOUND, content=pieces(), headers={**FORM_TYPE, **signed(TEXT)})
    assert answer.status_code == 200
    assert edge.count(InboundTable) == 1


def test_exactly_64_kb_is_read(edge: Edge, client: TestClient) -> None:
    room = MAX_BODY - len(urlencode({**TEXT, "Body": ""}))
    form = {**TEXT, "Body": "a" * room}
    assert len(urlencode(form)) == MAX_BODY
    assert post(client, form).status_code == 200
    assert edge.count(InboundTable) == 1


async def test_a_caller_who_hangs_up_in_the_middle_leaves_no_trace(edge: Edge) -> None:
    app = create_app(edge)
    messages = iter([{"type": "http.request", "body": RAW[:10], "more_body": True}, {"type": "http.disconnect"}])
    headers = [(name.lower().encode(), value.encode()) for name, value in {**FORM_TYPE, **signed(TEXT)}.items()]
    scope = {
        "type": "http", "method": "POST", "path": INBOUND, "raw_path": INBOUND.encode(), "query_string": b"",
        "headers": headers, "http_version": "1.1", "scheme": "https", "server": ("x", 443), "root_path": "",
    }  # fmt: skip
    sent: list[Any] = []

    async def receive() -> Any:
        return next(messages)

    async def send(message: Any) -> None:
        sent.append(message)

    await app(scope, receive, send)
    assert sent[0]["status"] == 400
    assert edge.count(InboundTable) == 0


# ---------------------------------------------------------------- when the database is down


def test_a_dead_database_is_a_503_so_that_the_provider_may_try_again() -> None:
    client = TestClient(create_app(Edge(DeadStore())))
    for form, path in ((TEXT, INBOUND), (DELIVERED, STATUS)):
        answer = post(client, form, path)
        assert answer.status_code == 503
        assert "retry-after" in answer.headers
        assert "demam" not in answer.text


def test_the_log_of_an_outage_names_the_fault_and_nothing_of_the_message(log_lines: io.StringIO) -> None:
    post(TestClient(create_app(Edge(DeadStore()))), TEXT)
    (line,) = [json.loads(text) for text in log_lines.getvalue().splitlines()]
    assert (line["event"], line["path"], line["error"]) == ("webhook.not_stored", INBOUND, "ConnectionError")
    assert "demam" not in log_lines.getvalue()
    assert "81234567890" not in log_lines.getvalue()


def test_the_log_of_a_refusal_says_why(log_lines: io.StringIO) -> None:
    post(TestClient(create_app(Edge(DeadStore()))), TEXT, headers=FORM_TYPE)
    (line,) = [json.loads(text) for text in log_lines.getvalue().splitlines()]
    assert (line["event"], line["status"]) == ("webhook.refused", 403)
    assert line["reason"] == "the signature is missing or wrong"


def test_a_dead_database_does_not_turn_bad_input_into_a_503() -> None:
    client = TestClient(create_app(Edge(DeadStore())))
    assert post(client, TEXT, headers=FORM_TYPE).status_code == 403
    assert post(client, {"From": "x"}).status_code == 400


def test_the_message_is_stored_when_it_comes_again_after_the_outage(edge: Edge) -> None:
    assert post(TestClient(create_app(Edge(DeadStore()))), TEXT).status_code == 503
    assert post(TestClient(create_app(edge)), TEXT).status_code == 200
    assert edge.count(InboundTable) == 1


async def test_a_slow_store_holds_up_nobody_else(edge: Edge) -> None:
    entered, go_on = asyncio.Event(), threading.Event()
    loop = asyncio.get_running_loop()

    def slow(_deps: Deps, _form: InboundForm, _now: datetime) -> None:
        loop.call_soon_threadsafe(entered.set)
        assert go_on.wait(10)

    transport = httpx.ASGITransport(create_app(edge, receive=slow))
    async with httpx.AsyncClient(transport=transport, base_url=PUBLIC) as client:
        headers = {**FORM_TYPE, **signed(TEXT)}
        first = asyncio.create_task(client.post(INBOUND, content=RAW, headers=headers))
        await asyncio.wait_for(entered.wait(), 10)
        assert (await client.get("/health")).status_code == 200
        go_on.set()
        assert (await first).status_code == 200


# ---------------------------------------------------------------- health, headers


def test_health_says_that_the_process_lives_even_without_a_database() -> None:
    answer = TestClient(create_app(Edge(DeadStore()))).get("/health")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def test_ready_says_whether_the_database_answers(client: TestClient) -> None:
    answer = client.get("/ready")
    assert (answer.status_code, answer.json()) == (200, {"status": "ready", "database": "ok"})


def test_ready_names_the_part_that_does_not_answer() -> None:
    answer = TestClient(create_app(Edge(DeadStore()))).get("/ready")
    assert (answer.status_code, answer.json()) == (503, {"status": "not ready", "database": "does not answer"})


@pytest.mark.parametrize("path", ["/health", "/ready", "/nowhere", INBOUND])
def test_every_answer_has_security_headers_and_no_banner(client: TestClient, path: str) -> None:
    headers = client.get(path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"
    assert "default-src 'self'" in headers["content-security-policy"]
    assert "strict-transport-security" in headers  # the public address is https
    assert "server" not in headers and "x-powered-by" not in headers


# ---------------------------------------------------------------- anything at all

wire_text = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=40)


@pytest.fixture(scope="module")
def one_edge(
    tmp_path_factory: pytest.TempPathFactory, new_file: Callable[[Path], str]
) -> Iterator[tuple[Edge, TestClient]]:
    """One database and client for many random requests."""
    engine = opened(new_file(tmp_path_factory.mktemp("edge") / "sapa.db"))
    edge = Edge(Database(engine))
    with TestClient(create_app(edge)) as client:
        yield edge, client
    engine.dispose()


fuzz = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@fuzz
@given(
    body=st.binary(max_size=400),
    kind=st.sampled_from(["application/x-www-form-urlencoded", "application/json", "text/html"]) | wire_text,
    signature=wire_text | st.none(),
    query=wire_text,
    path=st.sampled_from([INBOUND, STATUS]),
)
def test_random_requests_are_refused_and_never_break_anything(
    one_edge: tuple[Edge, TestClient], body: bytes, kind: str, signature: str | None, query: str, path: str
) -> None:
    edge, client = one_edge
    before = edge.count(InboundTable), edge.count(MessageStatusTable)
    headers = {"Content-Type": kind} | ({"X-Twilio-Signature": signature} if signature is not None else {})
    answer = client.post(path, params=query, content=body, headers=headers)
    assert answer.status_code in (403, 415)
    assert (edge.count(InboundTable), edge.count(MessageStatusTable)) == before


names = st.sampled_from(["MessageSid", "From", "To", "Body", "MessageStatus", "ErrorCode", "Latitude", "MediaUrl0"])
any_form = st.dictionaries(names | st.text(max_size=5), st.text(max_size=200), max_size=12)


@fuzz
@given(form=any_form, path=st.sampled_from([INBOUND, STATUS]))
def test_random_signed_forms_are_stored_or_refused_with_a_reason(
    one_edge: tuple[Edge, TestClient], form: dict[str, str], path: str
) -> None:
    _, client = one_edge
    answer = post(client, form, path)
    assert answer.status_code in (200, 400)
    assert post(client, form, path, headers=FORM_TYPE).status_code == 403


# ---------------------------------------------------------------- starting


def test_a_busy_port_is_one_clear_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(OSError, match=rf"port {port} on 127\.0\.0\.1 is busy: .*SAPA_PORT"):
            listen("127.0.0.1", port)


def test_an_address_that_is_not_ours_is_one_clear_line() -> None:
    with pytest.raises(OSError, match=r"cannot listen on 192\.0\.2\.1:8000"):
        listen("192.0.2.1", 8000)


def run_main(env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "bot.app"], env=env, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("broken", ["port", "settings", "database"])
def test_a_start_that_cannot_work_ends_with_one_line_and_status_1(
    tmp_path: Path, edge: Edge, broken: str, environment: Callable[[Path], dict[str, str]]
) -> None:
    env = environment(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        env["SAPA_PORT"] = str(taken.getsockname()[1])
        if broken == "settings":
            env["SAPA_GATEWAY"] = "pigeon"
        elif broken == "database":
            env["DATABASE_URL"] = f"sqlite:///{tmp_path / 'test.db' / 'below-a-file.db'}"
        ended = run_main(env)
    assert ended.returncode == 1
    assert ended.stdout == ""
    assert re.fullmatch(r"bot: .+\n", ended.stderr), ended.stderr
    assert {"port": "is busy", "settings": "SAPA_GATEWAY", "database": "database"}[broken] in ended.stderr


def test_the_real_process_serves_and_ends_quietly_when_told_to(
    tmp_path: Path, edge: Edge, environment: Callable[[Path], dict[str, str]]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    env = {**environment(tmp_path), "SAPA_PORT": str(port), "SAPA_SIMULATOR_TOKEN": TOKEN}
    url = f"http://127.0.0.1:{port}"
    process = subprocess.Popen(
        [sys.executable, "-m", "bot.app"], env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    try:
        with httpx.Client(base_url=url, trust_env=False, transport=httpx.HTTPTransport(retries=8)) as client:
            assert client.get("/ready").json() == {"status": "ready", "database": "ok"}
            signature = RequestValidator(TOKEN).compute_signature(url + INBOUND, TEXT)
            answer = client.post(INBOUND, data=TEXT, headers={"X-Twilio-Signature": signature})
            assert answer.status_code == 200
            assert "server" not in answer.headers
            assert client.post(INBOUND, content=iter([b"a" * 50_000] * 4), headers=FORM_TYPE).status_code == 413
            assert client.get("/").status_code == client.get("/konsol", follow_redirects=True).status_code == 200
        process.terminate()
        out, err = process.communicate(timeout=20)
    finally:
        process.kill()
        process.wait(timeout=10)
    assert edge.count(InboundTable) == 1
    assert out == b""
    assert b"Traceback" not in err
    assert b"81234567890" not in err


@pytest.fixture
def environment(one_database: str) -> Callable[[Path], dict[str, str]]:
    """The environment of a process that works on the database of the fixture `edge`."""
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "PYTHONPATH")}
    return lambda folder: {**kept, "SAPA_VAR_DIR": str(folder), "DATABASE_URL": one_database}
