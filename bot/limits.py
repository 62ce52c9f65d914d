"""What one caller may take of the edge: how long a head, how many requests at once, how long a body may dawdle.

A stranger needs no password to open connections, so each of these is bounded before anything is believed. Messages
have a door of their own: however many people press on the console, a webhook still comes in.
"""

from __future__ import annotations

import asyncio
import re
import resource
from contextlib import suppress
from typing import Any

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

log = structlog.get_logger("bot.limits")

MAX_HEAD = 16 * 1024  # bytes of address and headers together; a browser with cookies sends some 2 kB
MAX_HEADERS = 100
HEAD_TIMEOUT_S = 10.0  # from the opening of a connection, or the end of its last answer, to a whole head
BODY_TIMEOUT_S = 30.0  # for a whole body: a register of 5 MB at 170 kB/s
# Requests at once. Answering takes milliseconds, so these are seconds of work waiting, and no more than some 100 MB.
MAX_WEBHOOKS, MAX_OTHERS = 1000, 200
OPEN_FILES = 8192
_HOST = re.compile(rb"(?:[A-Za-z0-9._-]*|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")
_WEBHOOKS = "/webhooks/"
_CLOSE = (b"connection", b"close")
_ALWAYS_IN = "/health"  # whoever asks whether this process lives must not be told that it is busy


class Doors:
    """Turns away what is too much, before a byte of the body is read. Speaks ASGI, stands before the routes."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        webhooks: int = MAX_WEBHOOKS,
        others: int = MAX_OTHERS,
        body_timeout_s: float = BODY_TIMEOUT_S,
    ) -> None:
        self._app = app
        self._most = {True: webhooks, False: others}
        self._inside = {True: 0, False: 0}
        self._body_timeout_s = body_timeout_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] == _ALWAYS_IN:
            await self._app(scope, receive, send)
            return
        if _weight(scope) > MAX_HEAD or len(scope["headers"]) > MAX_HEADERS:
            await _answer(send, 431, "the address or the headers are too long")
            return
        if not _readable(scope):
            # Each reader further in would have to think of it, and one would not.
            await _answer(send, 400, "the address or the host is not one")
            return
        webhook = scope["path"].startswith(_WEBHOOKS)
        if self._inside[webhook] >= self._most[webhook]:
            log.warning("edge.full", webhook=webhook)
            await _answer(send, 503, "too many requests at once; try again", (b"retry-after", b"2"))
            return
        self._inside[webhook] += 1
        try:
            body = _Body(receive, send, self._body_timeout_s, expected=_has_body(scope))
            await self._app(scope, body.receive, body.send)
        finally:
            self._inside[webhook] -= 1


def _weight(scope: Scope) -> int:
    target = len(scope.get("raw_path") or b"") + len(scope.get("query_string") or b"")
    return target + sum(len(name) + len(value) for name, value in scope["headers"])


def _readable(scope: Scope) -> bool:
    """Whether the address is plain ASCII, as every address is, and the host a name or number with a port at most."""
    plain = all((scope.get(part) or b"").isascii() for part in ("raw_path", "query_string"))
    hosts = [value for name, value in scope["headers"] if name == b"host"]
    return plain and all(_HOST.fullmatch(host) for host in hosts)


def _has_body(scope: Scope) -> bool:
    said = dict(scope["headers"])
    return b"transfer-encoding" in said or said.get(b"content-length", b"0") != b"0"


class _Body:
    """The rest of a request, given up when it takes too long: its sender gets a 408, the application a hang-up.

    A connection whose body was not read to the end is closed after the answer, and the answer says so: what is still
    on its way would be taken for the next request, and whoever sent it would find the connection gone.
    """

    def __init__(self, receive: Receive, send: Send, timeout_s: float, *, expected: bool) -> None:
        self._receive = receive
        self._send = send
        self._until = asyncio.get_running_loop().time() + timeout_s
        self._whole = not expected
        self._begun = self._over = False

    async def receive(self) -> Message:
        if self._whole:
            return await self._receive()  # waits for a hang-up: that may take as long as the answer
        try:
            async with asyncio.timeout_at(self._until):
                message = await self._receive()
        except TimeoutError:
            if not self._begun:
                self._over = True
                await _answer(self._send, 408, "the body did not come in time")
            return {"type": "http.disconnect"}
        self._whole = not message.get("more_body", False)
        return message

    async def send(self, message: Message) -> None:
        if self._over:
            return  # the 408 was the answer
        self._begun = True
        if message["type"] == "http.response.start" and not self._whole:
            message = {**message, "headers": [*message.get("headers", ()), _CLOSE]}
        await self._send(message)


async def _answer(send: Send, status: int, line: str, *headers: tuple[bytes, bytes]) -> None:
    body = f"{line}\n".encode()
    told = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(body)).encode()), *headers]
    # The rest of the body is not read, so the connection is of no further use.
    told.append(_CLOSE)
    await send({"type": "http.response.start", "status": status, "headers": told})
    await send({"type": "http.response.body", "body": body})


class PatientProtocol(HttpToolsProtocol):
    """uvicorn's protocol with an end to its patience: it would wait for ever for the end of a head, however long."""

    head_timeout_s = HEAD_TIMEOUT_S
    _timer: asyncio.TimerHandle | None = None
    _head = 0  # bytes of a head that is not whole yet
    _waiting = True  # for a head

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._wait_for_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._waiting:
            self._head += len(data)
            if self._head > MAX_HEAD:
                self.transport.close()

    def on_headers_complete(self) -> None:
        self._stop_waiting()
        super().on_headers_complete()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if not self.pipeline:
            self._wait_for_head()

    def _wait_for_head(self) -> None:
        self._stop_waiting()
        self._waiting, self._head = True, 0
        self._timer = self.loop.call_later(self.head_timeout_s, self.transport.close)

    def _stop_waiting(self) -> None:
        self._waiting = False
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def allow_open_files() -> None:
    """Let this process have as many connections as the machine permits it; the usual 1024 files are soon used up."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES if most == resource.RLIM_INFINITY else min(OPEN_FILES, most)
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))
