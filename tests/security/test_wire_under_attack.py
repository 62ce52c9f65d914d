"""The edge as a process listens: bytes on a socket that are no HTTP, or nearly; callers who dawdle or never end."""

from __future__ import annotations

import asyncio
import contextlib
import random
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
import uvicorn

from bot import limits
from bot.app import MAX_BODY, create_app
from sapa.clock import SetClock
from sapa.store.engine import open_engine
from tests.security.attack import EXAMPLES, FORM_TYPE, INBOUND, count, signature_of
from tests.support import NOW, settings_for, wired

TOKEN = "12345678901234567890123456789012"


class Hasty(limits.PatientProtocol):
    """The edge's own protocol with less patience, so that nobody waits long in these tests."""

    head_timeout_s = 1.0


class Server:
    """The edge with its own protocol, in a thread of its own, on loopback."""

    def __init__(self, database_url: str, folder: Path) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.engine = open_engine(database_url)
        more = {"SAPA_PUBLIC_URL": self.url, "SAPA_SIMULATOR_TOKEN": TOKEN}
        app = wired(settings_for(database_url, folder, **more), self.engine, SetClock(NOW))
        config = uvicorn.Config(
            create_app(app), log_config=None, access_log=False, http=Hasty, ws="none", lifespan="off"
        )
        self.server = uvicorn.Server(config)
        self.thread = threading.Thread(target=self.server.run, kwargs={"sockets": [self.listener]}, daemon=True)

    def __enter__(self) -> Server:
        self.thread.start()
        with httpx.Client(transport=httpx.HTTPTransport(retries=8), trust_env=False) as client:
            assert client.get(f"{self.url}/health").status_code == 200
        return self

    def __exit__(self, *_: object) -> None:
        self.server.should_exit = True
        self.thread.join(10)
        self.engine.dispose()

    def say(self, data: bytes, *, wait_s: float = 2.0) -> bytes:
        """Send these bytes and nothing more; what comes back until the other side ends, or has no more to say."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=wait_s) as caller:
            with contextlib.suppress(OSError):
                caller.sendall(data)
            return _all_of(caller)

    def lives(self) -> bool:
        return httpx.get(f"{self.url}/health", trust_env=False).status_code == 200


def _all_of(caller: socket.socket) -> bytes:
    told = b""
    with contextlib.suppress(OSError):
        while piece := caller.recv(65536):
            told += piece
    return told


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, new_file: Callable[[Path], str]) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("wire")
    with Server(new_file(folder / "sapa.db"), folder) as running:
        yield running


def _message(server: Server) -> bytes:
    body = b"MessageSid=SM%032x&From=%%2B6281200000001&Body=halo" % random.getrandbits(120)
    signature = signature_of(TOKEN, server.url + INBOUND, body)
    head = [b"POST %s HTTP/1.1" % INBOUND.encode(), b"Host: 127.0.0.1:%d" % server.port, b"Content-Type: " + FORM_TYPE,
            b"X-Twilio-Signature: " + signature, b"Content-Length: %d" % len(body), b"Connection: close"]  # fmt: skip
    return b"\r\n".join(head) + b"\r\n\r\n" + body


def _status(answer: bytes) -> int:
    return int(answer[9:12]) if answer.startswith(b"HTTP/1.1 ") else 0


def test_a_whole_message_is_taken(server: Server) -> None:
    assert _status(server.say(_message(server))) == 200


def _damaged(message: bytes, chance: random.Random) -> bytes:
    """The message with bytes changed, taken out, doubled, cut off or put in."""
    data = bytearray(message)
    for _ in range(chance.randint(1, 6)):
        if not data:
            break
        at = chance.randrange(len(data))
        how = chance.randrange(5)
        if how == 0:
            data[at] = chance.randrange(256)
        elif how == 1:
            del data[at : at + chance.randint(1, 20)]
        elif how == 2:
            data[at:at] = data[at : at + chance.randint(1, 50)]
        elif how == 3:
            data[at:at] = chance.choice(
                [b"\r\n", b"\n", b"\x00", b"\xff" * 9, b"Transfer-Encoding: chunked\r\n", b"%", b":"]
            )
        else:
            del data[max(1, at) :]
    return bytes(data)


def test_damaged_requests_are_refused_or_dropped_and_the_edge_lives_on(server: Server) -> None:
    chance = random.Random(20261123)
    number = max(40, EXAMPLES // 20)
    for _ in range(number):
        data = _damaged(_message(server), chance)
        answer = server.say(data, wait_s=0.15)
        assert _status(answer) < 500, (data, answer)
    count("damaged requests on a socket", number)
    assert server.lives()


GARBAGE = [
    b"", b"\r\n" * 1000, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"POST /webhooks/twilio HTTP/1.1\r\nContent-Length: -5\r\n\r\n",
    b"POST /webhooks/twilio HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhallo",
    b"POST /webhooks/twilio HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\nzz\r\n",
    b"POST /webhooks/twilio HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n",
    b"GET /\xff\xfe HTTP/1.1\r\nHost: x\r\n\r\n", b"GET /?\xff HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET http://evil.example/health HTTP/1.1\r\nHost: [::1\r\n\r\n", b"GET //// HTTP/1.1\r\n\r\n",
    b"CONNECT evil.example:443 HTTP/1.1\r\n\r\n", b"GET /%00%ff%zz HTTP/1.0\r\n\r\n",
    b"GET /health HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nHost: x\r\n\r\n",
]  # fmt: skip


@pytest.mark.parametrize("data", GARBAGE, ids=lambda data: repr(data[:40]))
def test_what_is_no_http_does_no_harm(server: Server, data: bytes) -> None:
    count("what is no HTTP on a socket")
    assert _status(server.say(data, wait_s=0.3)) < 500
    assert server.lives()


# ------------------------------------------------------------------------------------------------ callers with no end


def test_a_head_without_an_end_is_cut_off(server: Server) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as caller:
        caller.sendall(b"GET / HTTP/1.1\r\nX: ")
        sent = 0
        with pytest.raises(OSError):
            while sent < 50_000_000:
                caller.sendall(b"a" * 4096)
                sent += 4096
    assert sent < 5_000_000  # what fits into the buffers of the network in between


@pytest.mark.parametrize("first", [b"", b"GET / HT", b"\r\n", b"GET /health HTTP/1.1\r\nHost: x\r\n\r\nGET /he"])
def test_a_caller_who_never_finishes_a_head_is_hung_up_on(server: Server, first: bytes) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as caller:
        began = time.monotonic()
        caller.sendall(first)
        told = _all_of(caller)  # ends when the other side does
        assert time.monotonic() - began < 8
    assert told == b"" or told.startswith(b"HTTP/1.1 200")


def test_a_caller_who_drips_a_head_gains_no_time(server: Server) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as caller, pytest.raises(OSError):
        for byte in b"GET / HTTP/1.1\r\nX: " + b"a" * 10_000:
            caller.sendall(bytes([byte]))
            threading.Event().wait(0.01)


def test_two_requests_on_one_connection_are_both_answered(server: Server) -> None:
    request = b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n"
    last = b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    assert server.say(request + request + last).count(b'{"status":"ok"}') == 3


def test_a_body_of_the_greatest_size_in_one_piece_is_no_long_head(server: Server) -> None:
    body = b"a" * MAX_BODY
    head = b"POST %s HTTP/1.1\r\nHost: x\r\nContent-Type: %s\r\nContent-Length: %d\r\nConnection: close\r\n\r\n"
    answer = server.say(head % (INBOUND.encode(), FORM_TYPE, len(body)) + body)
    assert _status(answer) == 403


@pytest.mark.parametrize("kind", ["Transfer-Encoding: chunked", "Content-Length: 4000000"])
def test_who_is_refused_before_the_end_of_a_body_hears_that_the_connection_ends(server: Server, kind: str) -> None:
    """Without this word a caller sends the next request on a connection that is about to go."""
    head = f"POST {INBOUND} HTTP/1.1\r\nHost: x\r\nContent-Type: {FORM_TYPE.decode()}\r\n{kind}\r\n\r\n"
    part = b"%x\r\n" % (MAX_BODY + 1) + b"a" * (MAX_BODY + 1)
    answer = server.say(head.encode() + (part if "chunked" in kind else b""))
    assert _status(answer) == 413
    assert b"\r\nconnection: close\r\n" in answer


def test_who_sent_all_of_a_request_may_go_on_with_the_next(server: Server) -> None:
    empty = b"POST /health HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"
    wrong = b"POST %s HTTP/1.1\r\nHost: x\r\nContent-Type: %s\r\nContent-Length: 3\r\n\r\na=1"
    last = b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    answers = server.say(empty + wrong % (INBOUND.encode(), FORM_TYPE) + last)
    assert re.findall(rb"HTTP/1\.1 (\d+)", answers) == [b"405", b"403", b"200"]


# ----------------------------------------------------------------------------------------------------- many at once


class _Held:
    """An application whose answers wait until they are let go."""

    def __init__(self) -> None:
        self.go_on = asyncio.Event()
        self.inside = 0

    async def __call__(self, scope: object, receive: object, send: Callable[..., object]) -> None:
        self.inside += 1
        await self.go_on.wait()
        await send({"type": "http.response.start", "status": 200, "headers": []})  # type: ignore[misc]
        await send({"type": "http.response.body", "body": b"ok"})  # type: ignore[misc]


async def test_whoever_is_one_too_many_is_told_to_come_again_and_webhooks_have_a_door_of_their_own() -> None:
    held = _Held()
    doors = limits.Doors(held, webhooks=2, others=1)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(doors), base_url="https://sapa.example") as client:
        waiting = [
            asyncio.create_task(client.get(path)) for path in ("/konsol", "/webhooks/twilio", "/webhooks/twilio")
        ]
        while held.inside < 3:
            await asyncio.sleep(0)
        for path in ("/konsol", "/webhooks/twilio"):
            answer = await client.get(path)
            assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
        held.go_on.set()
        assert [(await task).status_code for task in waiting] == [200, 200, 200]
        assert (await client.get("/konsol")).status_code == 200


async def test_somebody_who_asks_whether_the_process_lives_always_hears_it() -> None:
    held = _Held()
    held.go_on.set()
    doors = limits.Doors(held, webhooks=0, others=0)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(doors), base_url="https://sapa.example") as client:
        assert (await client.get("/health")).status_code == 200
        assert (await client.get("/ready")).status_code == 503


async def test_a_body_that_dawdles_ends_with_a_408_whatever_the_page_does() -> None:
    told: list[dict[str, object]] = []

    async def page(scope: object, receive: Callable[..., object], send: Callable[..., object]) -> None:
        message = await receive()  # type: ignore[misc]
        status = 200 if message["type"] == "http.request" else 500
        await send({"type": "http.response.start", "status": status, "headers": []})  # type: ignore[misc]
        await send({"type": "http.response.body", "body": b""})  # type: ignore[misc]

    async def never() -> dict[str, object]:
        await asyncio.Event().wait()
        return {}

    async def send(message: dict[str, object]) -> None:
        told.append(message)

    headers = [(b"content-length", b"10")]
    scope = {"type": "http", "path": "/konsol/impor/periksa", "headers": headers, "raw_path": b"/", "query_string": b""}
    await limits.Doors(page, body_timeout_s=0.01)(scope, never, send)  # type: ignore[arg-type]
    assert [message.get("status") for message in told] == [408, None]


def test_a_process_may_open_more_files_than_it_was_given_and_none_more_than_the_machine_allows() -> None:
    """In a process of its own: the limit stays."""
    program = (
        "import resource as r; _, hard = r.getrlimit(r.RLIMIT_NOFILE); r.setrlimit(r.RLIMIT_NOFILE, (64, hard));"
        "from bot import limits; limits.allow_open_files(); print(*r.getrlimit(r.RLIMIT_NOFILE), hard)"
    )
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    soft, hard, before = map(int, told)
    assert hard == before and soft == (limits.OPEN_FILES if hard < 0 else min(hard, limits.OPEN_FILES))
