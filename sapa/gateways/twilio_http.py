"""One HTTP request to Twilio: sent once, and known to have been sent or not.

The SDK's own clients stay out of the way: one waits for ever by default, the other ignores its timeout and repeats a
POST on 503. A POST has no idempotency key at Twilio, so the one question that matters when the network fails is
whether the request can have arrived. `NotSent` says it surely did not, `NoAnswer` that nobody knows.

What proves that it did not arrive:
- no connection was made;
- writing the request failed: a part of it never left, and a request that is shorter than its Content-Length is not
  carried out;
- the other side had ended the connection before a byte of the request got there: its end was read, not one byte of an
  answer, and (where the system tells) it never acknowledged a byte of the request. Servers end connections that have
  been idle; this one may cross our request on the way.
"""

from __future__ import annotations

import base64
import http.client
import json
import logging
import select
import socket
import ssl
import struct
import time
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlencode, urlsplit

import certifi
from twilio.http import HttpClient  # type: ignore[import-untyped]
from twilio.http.response import Response  # type: ignore[import-untyped]

CONNECT_TIMEOUT_S = 5.0
READ_TIMEOUT_S = 10.0  # between two bytes of the answer
# A connection that was idle longer is not used again. Servers close idle ones, some after 5 seconds already.
IDLE_S = 3.0
MAX_IDLE = 128  # connections kept for later, a host

_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_PORTS = {"https": 443, "http": 80}
_Host = tuple[str, str, int]  # scheme, name, port
# Where Linux keeps the count of bytes the other side has acknowledged (struct tcp_info, tcpi_bytes_acked).
_TCP_INFO = getattr(socket, "TCP_INFO", None)
_ACKED_AT, _ACKED = 120, struct.Struct("=Q")

# Nothing of a request may reach a log: it holds addresses and words of families.
_silent = logging.getLogger("sapa.gateways.twilio.http")
_silent.setLevel(logging.CRITICAL)


class NotSent(ConnectionError):
    """The request surely did not arrive as a whole."""


class NoAnswer(ConnectionError):
    """The request may have arrived; there is no answer to it. `reason`: timeout or connection_broken."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass
class _Line:
    """A connection and how long it may lie idle (seconds)."""

    wire: socket.socket
    used_at: float = 0.0
    idle_s: float = IDLE_S

    def usable(self) -> bool:
        """Whether the other side has not hung up and has nothing to say unasked."""
        if time.monotonic() - self.used_at > self.idle_s:
            return False
        poll = select.poll()
        poll.register(self.wire, select.POLLIN)
        return not poll.poll(0)

    def close(self) -> None:
        with suppress(OSError):
            self.wire.close()


class TwilioHttp(HttpClient):  # type: ignore[misc]
    """Twilio's HttpClient over connections that are kept, for any number of threads.

    `base_url`: everything goes there instead of to Twilio's hosts (a stand-in for tests); loopback only.
    `proxy`: "http://[user:password@]host:port" through which Twilio's hosts are reached. Raises ValueError for either
    if it cannot be meant.
    """

    def __init__(
        self,
        *,
        base_url: str | None = None,
        proxy: str | None = None,
        connect_timeout_s: float = CONNECT_TIMEOUT_S,
        read_timeout_s: float = READ_TIMEOUT_S,
    ) -> None:
        super().__init__(_silent, False, read_timeout_s)
        self._base = _stand_in(base_url) if base_url else None
        self._proxy = _proxy(proxy) if proxy and not base_url else None
        self._connect_timeout_s = connect_timeout_s
        self._idle: dict[_Host, deque[_Line]] = {}
        # The system's roots (an office may have its own) and the ones every browser has.
        self._tls = ssl.create_default_context()
        self._tls.load_verify_locations(certifi.where())

    def request(
        self,
        method: str,
        url: str,
        params: Mapping[str, object] | None = None,
        data: Any = None,
        headers: Mapping[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,
        allow_redirects: bool = False,
    ) -> Response:
        """Send once and wait for the answer, whatever its status; redirects are not followed.

        Raises NotSent or NoAnswer.
        """
        host, path = self._target(url, params)
        message = _message(method, host, path, data, dict(headers or {}), auth)
        kept = self._take(host)
        if kept is not None:
            # What is proved not to have arrived on a kept connection goes once more, on a new one.
            with suppress(NotSent):
                return self._exchange(host, kept, method, message, timeout)
        return self._exchange(host, self._dial(host), method, message, timeout)

    def close(self) -> None:
        """Give up the connections that are kept."""
        for lines in self._idle.values():
            while lines:
                lines.pop().close()

    def _target(self, url: str, params: Mapping[str, object] | None) -> tuple[_Host, str]:
        parts = urlsplit(url)
        added = urlencode({name: value for name, value in (params or {}).items() if value is not None}, doseq=True)
        query = "&".join(filter(None, (parts.query, added)))
        path = (parts.path or "/") + (f"?{query}" if query else "")
        if self._base is not None:
            return self._base, path
        if parts.scheme != "https" or not parts.hostname:
            raise ValueError("Twilio is spoken to over https only")
        return (parts.scheme, parts.hostname, parts.port or 443), path

    def _take(self, host: _Host) -> _Line | None:
        lines = self._idle.get(host)
        while lines:
            try:
                line = lines.pop()
            except IndexError:  # another thread was faster
                return None
            if line.usable():
                return line
            line.close()
        return None

    def _keep(self, host: _Host, line: _Line) -> None:
        lines = self._idle.setdefault(host, deque())
        line.used_at = time.monotonic()
        lines.append(line)
        # The oldest lie at the other end; those nobody has needed for a while go.
        with suppress(IndexError):  # another thread was faster
            while len(lines) > MAX_IDLE or line.used_at - lines[0].used_at > IDLE_S:
                lines.popleft().close()

    def _dial(self, host: _Host) -> _Line:
        scheme, name, port = host
        connection: http.client.HTTPConnection
        if scheme == "http":
            connection = http.client.HTTPConnection(name, port, timeout=self._connect_timeout_s)
        else:
            via = self._proxy or _Proxy(name, port)
            connection = http.client.HTTPSConnection(
                via.name, via.port, timeout=self._connect_timeout_s, context=self._tls
            )
            if self._proxy is not None:
                connection.set_tunnel(name, port, self._proxy.headers)
        try:
            connection.connect()
        except Exception as error:  # no name, no route, no answer, no trust, no tunnel: not a byte of ours has left
            connection.close()
            raise NotSent(type(error).__name__) from error
        return _Line(connection.sock)

    def _exchange(self, host: _Host, line: _Line, method: str, message: bytes, timeout: float | None) -> Response:
        line.wire.settimeout(timeout or self.timeout)
        before = _acknowledged(line.wire)
        try:
            line.wire.sendall(message)
        except Exception as error:
            line.close()
            raise NotSent(type(error).__name__) from error
        answer = http.client.HTTPResponse(line.wire, method=method)
        try:
            answer.begin()
            text = answer.read().decode("utf-8", "replace")
        except Exception as error:
            unheard = isinstance(error, http.client.RemoteDisconnected) and _unheard(line.wire, before)
            answer.close()
            line.close()
            if unheard:
                raise NotSent("closed_while_idle") from error
            raise NoAnswer("timeout" if isinstance(error, TimeoutError) else "connection_broken") from error
        if answer.will_close:
            line.close()
        else:
            line.idle_s = _idle_s(answer.headers.get("Keep-Alive", ""))
            self._keep(host, line)
        return Response(answer.status, text, dict(answer.headers))


def _stand_in(url: str) -> _Host:
    parts = urlsplit(url)
    if parts.scheme not in _PORTS or parts.hostname not in _LOOPBACK:
        raise ValueError("a stand-in for Twilio must be on this machine: http://127.0.0.1:<port>")
    return parts.scheme, str(parts.hostname), parts.port or _PORTS[parts.scheme]


@dataclass(frozen=True)
class _Proxy:
    name: str
    port: int
    headers: Mapping[str, str] = field(default_factory=dict)


def _proxy(url: str) -> _Proxy:
    parts = urlsplit(url if "//" in url else f"//{url}")
    if parts.scheme not in ("", "http") or not parts.hostname:
        raise ValueError("a proxy must be http://host:port")
    login = (unquote(parts.username), unquote(parts.password or "")) if parts.username else None
    return _Proxy(parts.hostname, parts.port or 80, {"Proxy-Authorization": _basic(login)} if login else {})


def _message(
    method: str, host: _Host, path: str, data: Any, headers: dict[str, str], auth: tuple[str, str] | None
) -> bytes:
    """The whole request in one piece, so that it leaves in one. A form unless the headers say JSON, as the SDK means
    it. Raises ValueError for an address or a header that would break out of its line."""
    body = b""
    if headers.get("Content-Type", "").endswith("json"):
        body = json.dumps(data).encode("utf-8")
    elif data:
        body = urlencode(data, doseq=True).encode("ascii")
        headers["Content-Type"] = "application/x-www-form-urlencoded"
    if auth is not None:
        headers["Authorization"] = _basic(auth)
    scheme, name, port = host
    headers["Host"] = name if port == _PORTS[scheme] else f"{name}:{port}"
    if body or method != "GET":
        headers["Content-Length"] = str(len(body))
    lines = [f"{method} {path} HTTP/1.1", *(f"{key}: {value}" for key, value in headers.items())]
    if any(not line.isprintable() for line in lines) or " " in path:
        raise ValueError("a request holds a character that no line of it may have")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def _basic(auth: tuple[str, str]) -> str:
    return "Basic " + base64.b64encode(":".join(auth).encode("utf-8")).decode("ascii")


def _idle_s(keep_alive: str) -> float:
    """How long a connection may lie idle: our own limit, or a second less than the server announces if that is less."""
    for part in keep_alive.split(","):
        name, _, value = part.strip().partition("=")
        if name.lower() == "timeout" and value.isdigit():
            return max(0.0, min(IDLE_S, int(value) - 1.0))
    return IDLE_S


def _acknowledged(wire: socket.socket) -> int | None:
    """How many bytes of ours the other side has acknowledged on this connection, None where the system cannot tell."""
    if _TCP_INFO is None:
        return None
    try:
        info = wire.getsockopt(socket.IPPROTO_TCP, _TCP_INFO, _ACKED_AT + _ACKED.size)
    except OSError:
        return None
    return int(_ACKED.unpack_from(info, _ACKED_AT)[0]) if len(info) == _ACKED_AT + _ACKED.size else None


def _unheard(wire: socket.socket, before: int | None) -> bool:
    """Whether not one byte sent since `before` was acknowledged. A side that ends a connection acknowledges in the
    same breath what it has got, so its end without that proves it had got nothing."""
    return before is not None and _acknowledged(wire) == before
