"""Fetching what somebody sent us from the provider, and from nobody else.

The address of a picture comes in with a message. Whoever could make us fetch any address would have a hand inside our
network, so: https only; the provider's own hosts only; addresses on the public internet only, looked up once and
connected to as looked up; the same again for every redirect; so many bytes, so many seconds; and only what its first
bytes show to be a picture, a sound, a film or a PDF. The password goes to the provider's API and nowhere further.
"""

from __future__ import annotations

import base64
import http.client
import ipaddress
import socket
import ssl
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import SplitResult, urljoin, urlsplit

from sapa.services.case_media import FetchedMedia, MediaRefused

MAX_BYTES = 16 * 1024 * 1024  # the most WhatsApp carries
MAX_REDIRECTS = 3
TIMEOUT_S = 5.0  # for a connection and for each piece
WHOLE_TIMEOUT_S = 20.0
_API = "api.twilio.com"
_HOSTS = frozenset({"media.twiliocdn.com", "mms.twiliocdn.com"})
_DOMAIN = ".twilio.com"
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_PIECE = 64 * 1024

Resolve = Callable[[str], Sequence[str]]
Dial = Callable[[str, int, float], socket.socket]


def resolve(host: str) -> list[str]:
    """Every address of a host. Raises OSError."""
    found = socket.getaddrinfo(host, 443, type=socket.SOCK_STREAM)
    return [str(entry[4][0]) for entry in found]


def dial(address: str, port: int, timeout_s: float) -> socket.socket:
    """A connection to an address, which is never a name. Raises OSError."""
    return socket.create_connection((address, port), timeout=timeout_s)


@dataclass(frozen=True)
class MediaFetcher:
    """Fetches files of messages. account_sid, auth_token: the provider's; the rest is for tests."""

    account_sid: str
    auth_token: str
    resolve: Resolve = resolve
    dial: Dial = dial
    tls: ssl.SSLContext | None = None
    timeout_s: float = TIMEOUT_S
    whole_timeout_s: float = WHOLE_TIMEOUT_S

    def fetch(self, url: str) -> FetchedMedia:
        """The file at `url`. Raises MediaRefused."""
        until = time.monotonic() + self.whole_timeout_s
        for _ in range(MAX_REDIRECTS + 1):
            parts = _checked(url)
            try:
                found, data = self._ask(parts, until)
            except (OSError, http.client.HTTPException, ValueError):
                raise MediaRefused("unreachable") from None
            if found is None:
                return FetchedMedia(data, _type_of(data))
            url = urljoin(url, found)
        raise MediaRefused("redirects")

    def _ask(self, parts: SplitResult, until: float) -> tuple[str | None, bytes]:
        """Where it leads to, or None and the file."""
        host = str(parts.hostname)
        connection = self._connection(host)
        try:
            target = parts.path or "/"
            connection.request("GET", f"{target}?{parts.query}" if parts.query else target, headers=self._headers(host))
            answer = connection.getresponse()
            if answer.status in _REDIRECTS and (leads_to := answer.getheader("Location")):
                return leads_to, b""
            if answer.status != 200:
                raise MediaRefused(
                    {401: "denied", 403: "denied", 404: "gone", 410: "gone"}.get(answer.status, "unreachable")
                )
            return None, _read(answer, until)
        finally:
            connection.close()

    def _headers(self, host: str) -> dict[str, str]:
        headers = {"Accept": "*/*", "Accept-Encoding": "identity", "Connection": "close"}
        if host == _API:
            told = base64.b64encode(f"{self.account_sid}:{self.auth_token}".encode()).decode()
            headers["Authorization"] = f"Basic {told}"
        return headers

    def _connection(self, host: str) -> http.client.HTTPSConnection:
        """A connection to an address that was looked at, under the host's name: a second look-up could say another."""
        addresses = self.resolve(host)
        if not addresses or not all(_is_public(address) for address in addresses):
            raise MediaRefused("address")
        tls = self.tls or ssl.create_default_context()
        connection = http.client.HTTPSConnection(host, timeout=self.timeout_s, context=tls)
        plain = self.dial(addresses[0], 443, self.timeout_s)
        try:
            connection.sock = tls.wrap_socket(plain, server_hostname=host)
        except BaseException:
            plain.close()
            raise
        return connection


def _checked(url: str) -> SplitResult:
    """The parts of an address that may be asked. Raises MediaRefused."""
    # What readers of addresses disagree about is not an address of the provider's.
    if not (url.isascii() and url.isprintable()) or any(odd in url for odd in " \\<>\"'"):
        raise MediaRefused("host")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise MediaRefused("host") from None
    host = parts.hostname or ""
    known = host in _HOSTS or (host.endswith(_DOMAIN) and len(host) > len(_DOMAIN))
    if parts.scheme != "https" or not known or port not in (None, 443) or "@" in parts.netloc:
        raise MediaRefused("host")
    return parts


def _is_public(address: str) -> bool:
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    inner = getattr(found, "ipv4_mapped", None) or getattr(found, "sixtofour", None)
    return found.is_global and not found.is_multicast and (inner is None or inner.is_global)


def _read(answer: http.client.HTTPResponse, until: float) -> bytes:
    claimed = answer.getheader("Content-Length") or ""
    if claimed.isdecimal() and int(claimed[:20]) > MAX_BYTES:
        raise MediaRefused("size")
    data = bytearray()
    while piece := answer.read1(_PIECE):
        data += piece
        if len(data) > MAX_BYTES:
            raise MediaRefused("size")
        if time.monotonic() > until:
            raise MediaRefused("unreachable")
    if claimed.isdecimal() and len(data) != int(claimed[:20]):
        raise MediaRefused("unreachable")  # broken off
    return bytes(data)


_STARTS = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"OggS", "audio/ogg"),
    (b"#!AMR", "audio/amr"),
    (b"ID3", "audio/mpeg"),
    (b"\xff\xfb", "audio/mpeg"),
    (b"\xff\xf3", "audio/mpeg"),
    (b"\xff\xf2", "audio/mpeg"),
    (b"\xff\xf1", "audio/aac"),
    (b"\xff\xf9", "audio/aac"),
    (b"%PDF-", "application/pdf"),
)
_BRANDS = ((b"3g", "video/3gpp"), (b"M4A", "audio/mp4"))


def _type_of(data: bytes) -> str:
    """What a file is by its first bytes: what it was called is only what a stranger called it. Raises MediaRefused."""
    for start, content_type in _STARTS:
        if data.startswith(start):
            return content_type
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    if data[4:8] == b"ftyp":
        return next((told for brand, told in _BRANDS if data[8:].startswith(brand)), "video/mp4")
    raise MediaRefused("type")
