"""The smallest provider there can be: takes in a message after a delay and says yes.

It does nothing else (no faults, no callbacks, no checks), so that what is measured is the other side. Runs inside a
benchmark or as a process of its own: `python -m bench.stub --port 9000 --delay-ms 100`.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import cast
from urllib.parse import parse_qsl

_ANSWER = b"HTTP/1.1 %d %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
_EMPTY_LIST: dict[str, object] = {
    "messages": [],
    "next_page_uri": None,
    "page_size": 100,
    "uri": "",
    "first_page_uri": "",
}


@dataclass
class Ledger:
    """What was taken in: how many messages, and when the first and the last of them came (seconds, monotonic)."""

    accepted: int = 0
    first_at: float = 0.0
    last_at: float = 0.0
    listener: Callable[[dict[str, str]], None] | None = field(default=None, repr=False)

    def take(self, form: bytes) -> int:
        """Count one message; its number."""
        now = time.perf_counter()
        if not self.accepted:
            self.first_at = now
        self.accepted += 1
        self.last_at = now
        if self.listener is not None:
            self.listener(dict(parse_qsl(form.decode("utf-8"))))
        return self.accepted

    def reset(self) -> None:
        """Begin to count anew."""
        self.accepted, self.first_at, self.last_at = 0, 0.0, 0.0


class _Connection(asyncio.Protocol):
    """HTTP/1.1 with keep-alive, one request after the other: all that a client library needs."""

    def __init__(self, ledger: Ledger, delay_s: float) -> None:
        self._ledger = ledger
        self._delay_s = delay_s
        self._received = bytearray()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's, which Rasa brings along, is none by its type

    def data_received(self, data: bytes) -> None:
        self._received += data
        while (request := _request(self._received)) is not None:
            head, body, length = request
            del self._received[:length]
            self._handle(head, body)

    def _handle(self, head: bytes, body: bytes) -> None:
        if head.startswith(b"POST"):
            # Counted when it is answered: a message the client never hears of is not one it sent.
            asyncio.get_running_loop().call_later(self._delay_s, self._accept, body)
        elif b"/_ledger" in head.split(b"\r\n", 1)[0]:
            self._answer(200, _figures(self._ledger))
        elif b"/_reset" in head.split(b"\r\n", 1)[0]:
            self._ledger.reset()
            self._answer(200, {})
        else:
            self._answer(200, _EMPTY_LIST)

    def _accept(self, body: bytes) -> None:
        number = self._ledger.take(body)
        # What a client reads of a message that was just created.
        self._answer(
            201, {"sid": f"SM{number:032x}", "status": "queued", "error_code": None, "direction": "outbound-api"}
        )

    def _answer(self, status: int, content: object) -> None:
        body = json.dumps(content).encode()
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(_ANSWER % (status, b"Created" if status == 201 else b"OK", len(body), body))


def _request(received: bytearray) -> tuple[bytes, bytes, int] | None:
    """Head, body and length of the first whole request; None while it is not all there."""
    end = received.find(b"\r\n\r\n")
    if end < 0:
        return None
    head = bytes(received[:end])
    length = 0
    for line in head.lower().split(b"\r\n")[1:]:
        if line.startswith(b"content-length:"):
            length = int(line[15:])
    total = end + 4 + length
    return (head, bytes(received[end + 4 : total]), total) if len(received) >= total else None


def _figures(ledger: Ledger) -> dict[str, float]:
    return {"accepted": ledger.accepted, "first_at": ledger.first_at, "last_at": ledger.last_at}


async def serve(port: int, delay_s: float, ledger: Ledger) -> asyncio.Server:
    """A stub in this event loop, listening on loopback. Port 0: any free one."""
    loop = asyncio.get_running_loop()
    return await loop.create_server(lambda: _Connection(ledger, delay_s), "127.0.0.1", port, backlog=1024)


async def _main(port: int, delay_s: float) -> None:
    server = await serve(port, delay_s, Ledger())
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--delay-ms", type=float, default=0.0)
    given = parser.parse_args()
    asyncio.run(_main(given.port, given.delay_ms / 1000))
