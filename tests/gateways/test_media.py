"""Fetching what somebody sent: from the provider, over a pinned connection, so much and of such a kind; nothing else.

A server on loopback stands in for every host; which address a name has, and where an address leads, is told by the
test. The real rules about hosts and addresses hold.
"""

from __future__ import annotations

import base64
import http.server
import ipaddress
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from sapa.gateways import media
from sapa.gateways.media import MAX_BYTES, MAX_REDIRECTS, MediaFetcher
from sapa.services.case_media import MediaRefused

SID, TOKEN = "AC" + "1" * 32, "token-of-the-account"
API = f"https://api.twilio.com/2010-04-01/Accounts/{SID}/Messages/MM1/Media/ME1"
PUBLIC = "54.172.60.1"
JPEG = b"\xff\xd8\xff\xe0" + b"picture" * 100
NAMES = ["api.twilio.com", "mcs.us1.twilio.com", "media.twiliocdn.com", "evil.example"]


class Provider(http.server.ThreadingHTTPServer):
    """Answers by the host and path asked for; remembers what was asked."""

    daemon_threads = True

    def __init__(self, tls: ssl.SSLContext) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.socket = tls.wrap_socket(self.socket, server_side=True)
        self.answers: dict[str, tuple[int, dict[str, str], bytes]] = {}
        self.asked: list[tuple[str, str, str | None]] = []


class _Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        server = self.server
        assert isinstance(server, Provider)
        host = self.headers.get("Host", "")
        server.asked.append((host, self.path, self.headers.get("Authorization")))
        status, headers, body = server.answers.get(f"https://{host}{self.path}", (404, {}, b""))
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            if value:
                self.send_header(name, value)
        self.end_headers()
        try:
            self.wfile.write(body)
        except OSError:
            return  # whoever asked has heard enough

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, bytes]:
    """A key and certificate for every host of these tests, and the certificate to trust."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "the provider of the tests")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host) for host in NAMES]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    pem = made.public_bytes(serialization.Encoding.PEM)
    file = tmp_path_factory.mktemp("tls") / "both.pem"
    plain = serialization.NoEncryption()
    file.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain) + pem)
    return file, pem


@pytest.fixture
def provider(certificate: tuple[Path, bytes]) -> Iterator[Provider]:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate[0])
    server = Provider(tls)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def dialled() -> list[tuple[str, int]]:
    """Which addresses were connected to."""
    return []


@pytest.fixture
def fetcher(provider: Provider, certificate: tuple[Path, bytes], dialled: list[tuple[str, int]]) -> MediaFetcher:
    tls = ssl.create_default_context(cadata=certificate[1].decode())

    def dial(address: str, port: int, timeout_s: float) -> socket.socket:
        dialled.append((address, port))
        return socket.create_connection(("127.0.0.1", provider.server_address[1]), timeout=timeout_s)

    return MediaFetcher(SID, TOKEN, resolve=lambda _: [PUBLIC], dial=dial, tls=tls)


def refused(fetcher: MediaFetcher, url: str) -> str:
    with pytest.raises(MediaRefused) as told:
        fetcher.fetch(url)
    return told.value.reason


# ------------------------------------------------------------------------------------------------------ what is fetched


def test_a_picture_comes_from_where_it_leads_and_the_password_goes_to_the_api_alone(
    fetcher: MediaFetcher, provider: Provider, dialled: list[tuple[str, int]]
) -> None:
    provider.answers = {
        API: (307, {"Location": "https://mcs.us1.twilio.com/v1/a?x=1"}, b""),
        "https://mcs.us1.twilio.com/v1/a?x=1": (302, {"Location": "https://media.twiliocdn.com/b"}, b""),
        "https://media.twiliocdn.com/b": (200, {}, JPEG),
    }
    found = fetcher.fetch(API)
    assert (found.data, found.content_type) == (JPEG, "image/jpeg")
    assert dialled == [(PUBLIC, 443)] * 3
    basic = "Basic " + base64.b64encode(f"{SID}:{TOKEN}".encode()).decode()
    assert [told for _, _, told in provider.asked] == [basic, None, None]


KINDS = [
    (b"\xff\xd8\xff\xe1rest", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\nrest", "image/png"),
    (b"RIFF\x00\x00\x00\x00WEBPrest", "image/webp"),
    (b"OggS\x00", "audio/ogg"),
    (b"#!AMR\n", "audio/amr"),
    (b"ID3\x03", "audio/mpeg"),
    (b"\xff\xfb\x90", "audio/mpeg"),
    (b"\xff\xf1\x50", "audio/aac"),
    (b"\x00\x00\x00\x18ftyp3gp4", "video/3gpp"),
    (b"\x00\x00\x00\x18ftypmp42", "video/mp4"),
    (b"\x00\x00\x00\x18ftypM4A ", "audio/mp4"),
    (b"%PDF-1.7", "application/pdf"),
]
NO_KINDS = [b"", b"<html><script>alert(1)</script>", b"<svg xmlns='x'>", b"GIF89a", b"PK\x03\x04", b"MZ\x90",
            b"#!/bin/sh", b"RIFF\x00\x00\x00\x00AVI ", b"\x7fELF", b"BEGIN:VCARD"]  # fmt: skip


@pytest.mark.parametrize(("data", "kind"), KINDS, ids=[row[1] for row in KINDS])
def test_the_kind_is_what_the_bytes_say(fetcher: MediaFetcher, provider: Provider, data: bytes, kind: str) -> None:
    provider.answers = {API: (200, {"Content-Type": "text/html"}, data)}
    assert fetcher.fetch(API).content_type == kind


@pytest.mark.parametrize("data", NO_KINDS)
def test_what_is_no_picture_sound_film_or_pdf_is_refused_whatever_it_is_called(
    fetcher: MediaFetcher, provider: Provider, data: bytes
) -> None:
    provider.answers = {API: (200, {"Content-Type": "image/jpeg"}, data)}
    assert refused(fetcher, API) == "type"


# ---------------------------------------------------------------------------------------------------------- where from

HOSTS = [
    "http://api.twilio.com/x", "https://twilio.com/x", "https://evil.example/x", "https://api.twilio.com.evil.example/x",
    "https://evil.example/.twilio.com", "https://eviltwilio.com/x", "https://api.twilio.com@evil.example/x",
    "https://user:pw@api.twilio.com/x", "https://api.twilio.com:8443/x", "https://api.twilio.com:99999/x",
    "https://127.0.0.1/x", "https://[::1]/x", "https://0x7f000001/x", "https://localhost/x", "https://169.254.169.254/x",
    "https://api.twilio.com\\@evil.example/x", "https://evil.example#.twilio.com", "https://evil.example?.twilio.com",
    "https://.twilio.com/x", "https://api.twilio.com./x", "https://аpi.twilio.com/x", "file:///etc/passwd", "//x", "",
    "ftp://api.twilio.com/x", "gopher://api.twilio.com/x", "https:api.twilio.com/x", "https:///x", "https://[bad/x",
    "https://api.twilio.com/\r\nX: y", "https://api.twilio.com/ HTTP/1.1", "data:image/png;base64,xx", "javascript:1",
]  # fmt: skip


@pytest.mark.parametrize("url", HOSTS)
def test_no_other_address_is_even_looked_up(url: str) -> None:
    def never(*_: object) -> list[str]:
        raise AssertionError("asked")

    assert refused(MediaFetcher(SID, TOKEN, resolve=never, dial=never), url) == "host"  # type: ignore[arg-type]


INSIDE = [
    "127.0.0.1", "10.0.0.5", "172.16.3.4", "192.168.1.1", "169.254.169.254", "0.0.0.0", "100.64.0.1", "224.0.0.1",
    "255.255.255.255", "192.0.2.1", "198.18.0.1", "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "::ffff:127.0.0.1",
    "::ffff:10.0.0.1", "ff02::1", "2001:db8::1", "2002:7f00:1::", "not an address",
]  # fmt: skip


@pytest.mark.parametrize("address", INSIDE)
@pytest.mark.parametrize("beside", [[], [PUBLIC]], ids=["alone", "beside a public one"])
def test_a_host_that_leads_inside_is_never_connected_to(address: str, beside: list[str]) -> None:
    def never(*_: object) -> socket.socket:
        raise AssertionError("connected")

    fetcher = MediaFetcher(SID, TOKEN, resolve=lambda _: [*beside, address], dial=never)
    assert refused(fetcher, API) == "address"


def test_the_address_is_looked_up_once_for_each_connection_and_used_as_it_was(
    fetcher: MediaFetcher, provider: Provider, dialled: list[tuple[str, int]]
) -> None:
    """A name that says a public address first and an inner one a moment later gains nothing."""
    provider.answers = {API: (200, {}, JPEG)}
    told = iter([[PUBLIC], ["127.0.0.1"]])
    MediaFetcher(SID, TOKEN, resolve=lambda _: next(told), dial=fetcher.dial, tls=fetcher.tls).fetch(API)
    assert dialled == [(PUBLIC, 443)]


@pytest.mark.parametrize(
    ("leads_to", "reason"),
    [
        ("https://evil.example/x", "host"),
        ("http://media.twiliocdn.com/x", "host"),
        ("//evil.example/x", "host"),
        ("https://127.0.0.1/x", "host"),
        ("file:///etc/passwd", "host"),
        ("/../../elsewhere", "gone"),  # the same host
    ],
)
def test_a_redirect_is_judged_like_a_first_address(
    fetcher: MediaFetcher, provider: Provider, leads_to: str, reason: str
) -> None:
    provider.answers = {API: (302, {"Location": leads_to}, b"")}
    assert refused(fetcher, API) == reason


def test_a_redirect_to_a_name_of_an_inner_address_is_refused(fetcher: MediaFetcher, provider: Provider) -> None:
    provider.answers = {API: (302, {"Location": "https://mcs.us1.twilio.com/x"}, b"")}
    inner: Callable[[str], list[str]] = lambda host: ["10.0.0.1"] if host.startswith("mcs") else [PUBLIC]  # noqa: E731
    assert refused(MediaFetcher(SID, TOKEN, resolve=inner, dial=fetcher.dial, tls=fetcher.tls), API) == "address"


@pytest.mark.parametrize(("redirects", "ends"), [(MAX_REDIRECTS, True), (MAX_REDIRECTS + 1, False)])
def test_redirects_have_an_end(fetcher: MediaFetcher, provider: Provider, redirects: int, ends: bool) -> None:
    stations = [API, *(f"https://media.twiliocdn.com/{number}" for number in range(redirects))]
    for here, there in zip(stations, stations[1:], strict=False):
        provider.answers[here] = (302, {"Location": there}, b"")
    provider.answers[stations[-1]] = (200, {}, JPEG)
    if ends:
        assert fetcher.fetch(API).data == JPEG
    else:
        assert refused(fetcher, API) == "redirects"


def test_a_certificate_that_nobody_vouches_for_is_not_believed(fetcher: MediaFetcher, provider: Provider) -> None:
    provider.answers = {API: (200, {}, JPEG)}
    unvouched = MediaFetcher(SID, TOKEN, resolve=fetcher.resolve, dial=fetcher.dial)
    assert refused(unvouched, API) == "unreachable"
    assert provider.asked == []  # the password was not said


# ------------------------------------------------------------------------------------------------------------ how much


def test_16_mb_and_no_byte_more(fetcher: MediaFetcher, provider: Provider) -> None:
    provider.answers = {API: (200, {}, JPEG + b"a" * (MAX_BYTES - len(JPEG)))}
    assert len(fetcher.fetch(API).data) == MAX_BYTES
    provider.answers = {API: (200, {}, JPEG + b"a" * (MAX_BYTES - len(JPEG) + 1))}
    assert refused(fetcher, API) == "size"


def test_a_length_that_is_not_told_is_counted(fetcher: MediaFetcher, provider: Provider) -> None:
    provider.answers = {API: (200, {"Content-Length": ""}, JPEG + b"a" * MAX_BYTES)}
    assert refused(fetcher, API) == "size"


def test_a_file_that_breaks_off_is_not_shown(fetcher: MediaFetcher, provider: Provider) -> None:
    provider.answers = {API: (200, {"Content-Length": "99999"}, JPEG)}
    assert refused(fetcher, API) == "unreachable"


@pytest.mark.parametrize(
    ("status", "reason"),
    [(401, "denied"), (403, "denied"), (404, "gone"), (410, "gone"), (500, "unreachable"), (302, "unreachable")],
)
def test_what_the_provider_will_not_give_is_told_apart(
    fetcher: MediaFetcher, provider: Provider, status: int, reason: str
) -> None:
    provider.answers = {API: (status, {}, b"")}
    assert refused(fetcher, API) == reason


def test_a_provider_that_is_away_or_silent_holds_nobody_up(provider: Provider) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]

        def dial(address: str, _port: int, timeout_s: float) -> socket.socket:
            return socket.create_connection(("127.0.0.1", port), timeout=timeout_s)

        assert (
            refused(MediaFetcher(SID, TOKEN, resolve=lambda _: [PUBLIC], dial=dial, timeout_s=0.1), API)
            == "unreachable"
        )
    assert refused(MediaFetcher(SID, TOKEN, resolve=lambda _: [PUBLIC], dial=dial, timeout_s=0.1), API) == "unreachable"


def test_a_file_that_drips_is_given_up(fetcher: MediaFetcher, provider: Provider) -> None:
    provider.answers = {API: (200, {}, JPEG)}
    hasty = MediaFetcher(SID, TOKEN, fetcher.resolve, fetcher.dial, fetcher.tls, whole_timeout_s=0.0)
    assert refused(hasty, API) == "unreachable"


@given(st.binary(max_size=40), st.text(max_size=40))
def test_no_bytes_and_no_address_make_it_stumble(data: bytes, url: str) -> None:
    try:
        assert "/" in media._type_of(data)
    except MediaRefused as told:
        assert told.reason == "type"
    fetcher = MediaFetcher(SID, TOKEN, resolve=lambda _: ["127.0.0.1"])
    assert refused(fetcher, url) == "host"
    assert refused(fetcher, f"https://{url}") in ("host", "address")


@given(st.ip_addresses())
def test_only_an_address_of_the_public_internet_is_one(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    told = media._is_public(str(address))
    assert not told or (address.is_global and not address.is_private and not address.is_loopback)
