"""A server of this machine that behaves as a test says: real sockets, so that real network failures can be met."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

ANSWER = b'HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: 14\r\n\r\n{"sid": "SM1"}'


@dataclass
class Peer:
    """What a server saw: whole requests in order, and its open connections by order of coming."""

    port: int
    requests: list[bytes] = field(default_factory=list)
    connections: list[socket.socket] = field(default_factory=list)
    _last: dict[socket.socket, bytes] = field(default_factory=dict)

    def last_on(self, connection: socket.socket) -> bytes:
        """The newest request on a connection."""
        return self._last[connection]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def hang_up(self) -> None:
        """End every connection from this side, in order and at once."""
        for connection in self.connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
                connection.close()


Behaviour = Callable[[socket.socket, int], None]


def answers(connection: socket.socket, number: int) -> None:
    """The usual: every request is answered."""
    connection.sendall(ANSWER)


@contextmanager
def peer(behave: Behaviour = answers) -> Iterator[Peer]:
    """A server on a free port; `behave(connection, n)` is called for the n-th request (0, 1 ...), once it is whole."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=128)
    seen = Peer(listener.getsockname()[1])

    def serve(connection: socket.socket) -> None:
        with suppress(OSError):
            while request := _whole_request(connection):
                seen._last[connection] = request
                seen.requests.append(request)
                behave(connection, len(seen.requests) - 1)

    def accept() -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                seen.connections.append(connection)
                threading.Thread(target=serve, args=(connection,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield seen
    finally:
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        seen.hang_up()


def _whole_request(connection: socket.socket) -> bytes:
    """The next request with its body; empty when the other side is gone."""
    got = b""
    while b"\r\n\r\n" not in got:
        more = connection.recv(65536)
        if not more:
            return b""
        got += more
    head, _, body = got.partition(b"\r\n\r\n")
    length = next((int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0)
    while len(body) < length:
        more = connection.recv(65536)
        if not more:
            return b""
        body += more
    return head + b"\r\n\r\n" + body
