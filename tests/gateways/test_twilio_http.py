"""The HTTP client under the Twilio gateway: one request, sent once, and known to have been sent or not."""

from __future__ import annotations

import socket
import ssl
import struct
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from sapa.gateways.twilio_http import IDLE_S, NoAnswer, NotSent, TwilioHttp
from tests.http_peer import ANSWER, Peer, answers, peer

URL = "https://api.twilio.com/2010-04-01/Accounts/AC1/Messages.json"


def client(to: Peer, **more: float) -> TwilioHttp:
    return TwilioHttp(base_url=to.url, **more)  # type: ignore[arg-type]


def post(http: TwilioHttp, body: str = "Halo") -> int:
    return int(http.request("POST", URL, data={"Body": body}, auth=("AC1", "token")).status_code)


# ---------------------------------------------------------------- what is sent


def test_a_form_goes_out_whole_with_the_login_and_every_value_of_a_list() -> None:
    with peer() as server:
        form = {"Body": "Halo & ya + 1\né", "MediaUrl": ["https://a.example/1", "https://a.example/2"]}
        answer = client(server).request("POST", URL, data=form, auth=("AC1", "tok:en"), headers={"Accept": "a/b"})
        assert (answer.status_code, answer.text) == (201, '{"sid": "SM1"}')
        head, _, body = server.requests[0].partition(b"\r\n\r\n")
        lines = head.decode().split("\r\n")
        assert lines[0] == "POST /2010-04-01/Accounts/AC1/Messages.json HTTP/1.1"
        assert {
            f"Host: 127.0.0.1:{server.port}",
            "Authorization: Basic QUMxOnRvazplbg==",  # AC1:tok:en
            "Content-Type: application/x-www-form-urlencoded",
            f"Content-Length: {len(body)}",
            "Accept: a/b",
        } <= set(lines)
        assert parse_qs(body.decode()) == {"Body": [form["Body"]], "MediaUrl": form["MediaUrl"]}


def test_a_question_carries_its_parameters_and_no_body() -> None:
    with peer() as server:
        client(server).request("GET", URL + "?a=1", params={"To": "whatsapp:+62", "Page": None, "PageSize": 2})
        assert server.requests[0].startswith(
            b"GET /2010-04-01/Accounts/AC1/Messages.json?a=1&To=whatsapp%3A%2B62&PageSize=2 HTTP/1.1\r\n"
        )
        assert b"Content-Length" not in server.requests[0]


def test_json_goes_as_json_where_the_headers_say_so() -> None:
    with peer() as server:
        client(server).request("POST", URL, data={"a": "é"}, headers={"Content-Type": "application/json"})
        assert server.requests[0].endswith(b'\r\n\r\n{"a": "\\u00e9"}')


def test_an_answer_with_an_error_is_an_answer_and_a_redirect_is_not_followed() -> None:
    for status in (b"400 Bad Request", b"503 Away", b"307 Elsewhere\r\nLocation: http://127.0.0.1:1/"):
        with peer(lambda c, _n, s=status: c.sendall(b"HTTP/1.1 " + s + b"\r\nContent-Length: 0\r\n\r\n")) as server:  # type: ignore[misc]
            assert post(client(server)) == int(status[:3])
            assert len(server.requests) == 1


@pytest.mark.parametrize("path", ["/a b", "/a\r\nX-Evil: 1", "/a\nb"])
def test_nothing_can_break_out_of_its_line(path: str) -> None:
    with peer() as server:
        with pytest.raises(ValueError, match="character"):
            client(server).request("GET", "https://api.twilio.com", headers={"X": path.replace(" ", "\r\n")})
        assert server.requests == []


def test_without_a_stand_in_only_https_is_spoken() -> None:
    with pytest.raises(ValueError, match="https"):
        TwilioHttp().request("POST", "http://api.twilio.com/")


@pytest.mark.parametrize("url", ["http://example.com:80", "http://10.0.0.1:80", "ftp://127.0.0.1", "127.0.0.1:80", "x"])
def test_a_stand_in_is_on_this_machine_because_the_token_goes_there(url: str) -> None:
    with pytest.raises(ValueError, match="this machine"):
        TwilioHttp(base_url=url)


# ---------------------------------------------------------------- connections that are kept


def test_a_connection_is_used_again() -> None:
    with peer() as server:
        http = client(server)
        assert [post(http) for _ in range(5)] == [201] * 5
        assert (len(server.requests), len(server.connections)) == (5, 1)


def test_a_connection_the_server_closed_while_it_was_idle_costs_neither_a_double_nor_a_doubt() -> None:
    with peer() as server:
        http = client(server)
        post(http)
        server.hang_up()
        assert post(http) == 201
        assert (len(server.requests), len(server.connections)) == (2, 2)


class Crossing(TwilioHttp):
    """The other side hangs up in the very moment between our look at the connection and our request."""

    def __init__(self, to: Peer) -> None:
        super().__init__(base_url=to.url)
        self._server = to

    def _take(self, host: tuple[str, str, int]):  # type: ignore[no-untyped-def]
        line = super()._take(host)
        if line is not None:
            self._server.hang_up()
            line.wire.settimeout(5)
            assert line.wire.recv(1, socket.MSG_PEEK) == b""  # its end has arrived here
        return line


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells what the other side has acknowledged")
def test_a_close_that_crosses_our_request_proves_that_it_did_not_arrive_so_it_goes_once_more() -> None:
    with peer() as server:
        http = Crossing(server)
        post(http, "first")
        assert post(http, "second") == 201
        assert [request.rpartition(b"=")[2] for request in server.requests] == [b"first", b"second"]


def test_a_server_that_takes_the_request_and_hangs_up_leaves_a_doubt_and_is_not_asked_again() -> None:
    def takes_the_second(connection: socket.socket, number: int) -> None:
        connection.sendall(ANSWER) if number == 0 else connection.close()

    with peer(takes_the_second) as server:
        http = client(server)
        post(http)
        with pytest.raises(NoAnswer) as caught:
            post(http)
        assert caught.value.reason == "connection_broken"
        time.sleep(0.05)  # a second request would be there by now
        assert len(server.requests) == 2


def test_a_server_that_resets_after_the_request_leaves_a_doubt() -> None:
    def resets(connection: socket.socket, number: int) -> None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()

    with peer(resets) as server, pytest.raises(NoAnswer):
        post(client(server))


# what the server says about keeping, whether the connection is used again
KEPT = [
    (b"", True),
    (b"Connection: keep-alive\r\nKeep-Alive: timeout=60\r\n", True),
    (b"Keep-Alive: max=5, timeout=60\r\n", True),
    (b"Keep-Alive: timeout=x\r\n", True),
    (b"Keep-Alive: timeout=1\r\n", False),  # a second less than announced: none
    (b"Connection: close\r\n", False),
]


@pytest.mark.parametrize(("said", "kept"), KEPT)
def test_a_connection_is_kept_no_longer_than_the_server_keeps_it(said: bytes, kept: bool) -> None:
    answer = ANSWER.replace(b"\r\n\r\n", b"\r\n" + said + b"\r\n")
    with peer(lambda connection, _: connection.sendall(answer)) as server:
        http = client(server)
        post(http)
        time.sleep(0.01)
        post(http)
        assert len(server.connections) == (1 if kept else 2)


def test_our_own_limit_is_shorter_than_what_usual_servers_keep() -> None:
    assert IDLE_S <= 4  # uvicorn and Node close after 5 seconds


def test_bytes_nobody_asked_for_end_a_connection() -> None:
    answered, talked = threading.Event(), threading.Event()

    def talks_on(connection: socket.socket, number: int) -> None:
        connection.sendall(ANSWER)
        answered.wait(5)
        connection.sendall(b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n")
        talked.set()

    with peer(talks_on) as server:
        http = client(server)
        assert post(http) == 201
        answered.set()
        assert talked.wait(5)
        assert post(http) == 201  # and not 408, which answers nothing we asked
        assert len(server.connections) == 2


def test_many_threads_share_the_client_and_each_gets_its_own_answer() -> None:
    def echoes(connection: socket.socket, number: int) -> None:
        body = server.last_on(connection).rpartition(b"=")[2]
        connection.sendall(b"HTTP/1.1 201 Created\r\nContent-Length: %d\r\n\r\n" % len(body) + body)

    with peer(echoes) as server, ThreadPoolExecutor(32) as threads:
        http = client(server)
        answers_ = threads.map(lambda n: http.request("POST", URL, data={"Body": str(n)}).text, range(640))
        assert list(answers_) == [str(n) for n in range(640)]
        assert len(server.requests) == 640
        assert len(server.connections) <= 32


# ---------------------------------------------------------------- what proves that nothing left


def test_a_refused_connection_sent_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with pytest.raises(NotSent):
        post(TwilioHttp(base_url=f"http://127.0.0.1:{port}"))


def test_a_request_that_broke_off_while_it_was_written_is_not_carried_out() -> None:
    """Ten megabytes do not fit into the buffers between us: the rest cannot leave once the other side has gone."""
    listener = socket.create_server(("127.0.0.1", 0))

    def reads_a_little() -> None:
        connection, _ = listener.accept()
        connection.recv(1000)
        connection.close()

    thread = threading.Thread(target=reads_a_little)
    thread.start()
    with listener, pytest.raises(NotSent):
        post(TwilioHttp(base_url=f"http://127.0.0.1:{listener.getsockname()[1]}"), "x" * 10_000_000)
    thread.join()


def test_a_server_nobody_trusts_gets_nothing(tmp_path: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(_own_certificate(tmp_path))
    listener = socket.create_server(("127.0.0.1", 0))
    got: list[bytes] = []

    def serve() -> None:
        connection, _ = listener.accept()
        try:
            with context.wrap_socket(connection, server_side=True) as wrapped:
                got.append(wrapped.recv(100))
        except OSError:
            got.append(b"")

    thread = threading.Thread(target=serve)
    thread.start()
    with listener, pytest.raises(NotSent, match="SSLCertVerificationError"):
        post(TwilioHttp(base_url=f"https://127.0.0.1:{listener.getsockname()[1]}"))
    thread.join()
    assert got == [b""]


PROXIES = ["socks5://127.0.0.1:1", "https://127.0.0.1:1", "http://", "http://127.0.0.1:99999"]


@pytest.mark.parametrize("url", PROXIES)
def test_a_proxy_that_cannot_be_meant_is_refused_at_the_start(url: str) -> None:
    with pytest.raises(ValueError, match="proxy|Port"):
        TwilioHttp(proxy=url)


def test_a_proxy_that_lets_nobody_through_sees_neither_the_token_nor_the_message() -> None:
    def refuses(connection: socket.socket, number: int) -> None:
        connection.sendall(b"HTTP/1.1 407 Not You\r\nContent-Length: 0\r\n\r\n")

    with peer(refuses) as server:
        with pytest.raises(NotSent):
            post(TwilioHttp(proxy=server.url.replace("//", "//kantor:r%40hasia@")))
        (asked,) = server.requests
        assert asked.startswith(b"CONNECT api.twilio.com:443 ")
        assert b"Proxy-Authorization: Basic a2FudG9yOnJAaGFzaWE=" in asked  # kantor:r@hasia
        assert b"\r\nAuthorization" not in asked


# ---------------------------------------------------------------- what leaves a doubt


def test_an_answer_that_does_not_come_leaves_a_doubt() -> None:
    done = threading.Event()
    with peer(lambda _connection, _n: done.wait(5) and None) as server:
        with pytest.raises(NoAnswer) as caught:
            post(client(server, read_timeout_s=0.2))
        done.set()
        assert caught.value.reason == "timeout"
        assert len(server.requests) == 1


HALVES = [
    b"HTTP/1.1 201 Created\r\nContent-Length: 500\r\n\r\n{",
    b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{",
    b"SSH-2.0-OpenSSH\r\n",
]


@pytest.mark.parametrize("half", HALVES)
def test_an_answer_that_breaks_off_leaves_a_doubt(half: bytes) -> None:
    def breaks_off(connection: socket.socket, number: int) -> None:
        connection.sendall(half)
        connection.close()

    with peer(breaks_off) as server:
        with pytest.raises(NoAnswer) as caught:
            post(client(server))
        assert caught.value.reason == "connection_broken"


def test_nothing_of_a_request_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    with peer(answers) as server:
        post(client(server), "rahasia")
    assert "rahasia" not in caplog.text


def _own_certificate(folder: Path) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file = folder / "own.pem"
    file.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return file
