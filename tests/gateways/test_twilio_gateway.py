"""The Twilio gateway: what it posts, what it refuses to post, and how it reads every fate of a post.

No network: Twilio's own client runs on a fake HTTP client that keeps requests and plays recorded answers. The
network's failures are real: a socket of this machine that is closed, silent or hangs up.
"""

from __future__ import annotations

import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
import urllib3.exceptions
from hypothesis import given
from hypothesis import strategies as st
from twilio.http import HttpClient
from twilio.http.http_client import TwilioHttpClient
from twilio.http.response import Response

from sapa.gateways.twilio import MAX_BODY, TIMEOUT_S, TwilioGateway, wire_address
from sapa.messaging.states import Channel, Kind, OutboxState
from sapa.services.records import (
    CannotTell,
    Found,
    OutboxMessage,
    Refused,
    SendRequest,
    Sent,
    SurelyAbsent,
    Unclear,
)
from sapa.settings import TwilioSettings

ACCOUNT = "AC" + "1" * 32
SERVICE = "MG" + "2" * 32
TEMPLATE = "HX" + "3" * 32
CALLBACK = "https://sapa.example/webhooks/twilio/status"
MOTHER = "+6281234567890"
NOW = datetime(2026, 11, 22, 7, 0, tzinfo=UTC)

SETTINGS = TwilioSettings(ACCOUNT, "token", "+6281100000000", "SAPA", None)


class Recorder(HttpClient):
    """Keeps each request and answers with what it was given."""

    def __init__(self, status: int = 201, body: object = None) -> None:
        super().__init__(logger=None, is_async=False)  # type: ignore[arg-type]
        self.requests: list[dict[str, Any]] = []
        self.status = status
        self.body: object = {"sid": "SM" + "a" * 32, "status": "queued"} if body is None else body

    def request(self, method: str, uri: str, **more: Any) -> Response:
        self.requests.append({"method": method, "uri": uri, **more})
        text = self.body if isinstance(self.body, str) else json.dumps(self.body)
        return Response(self.status, text)


def request(**changes: Any) -> SendRequest:
    values: dict[str, Any] = {"outbox_id": "o-1", "to": MOTHER, "channel": Channel.WHATSAPP, "text": "Halo"}
    return SendRequest(**{**values, **changes})


def posted(sent: SendRequest, settings: TwilioSettings = SETTINGS) -> dict[str, Any]:
    """The form of the one POST that this request causes."""
    http = Recorder()
    assert TwilioGateway(settings, CALLBACK, http_client=http).send(sent) == Sent("SM" + "a" * 32)
    (post,) = http.requests
    assert post["method"] == "POST"
    assert post["uri"] == f"https://api.twilio.com/2010-04-01/Accounts/{ACCOUNT}/Messages.json"
    form: dict[str, Any] = post["data"]
    return form


# ---------------------------------------------------------------- what is posted


def test_a_whatsapp_text_bears_the_prefix_on_both_addresses_and_our_id_in_the_callback() -> None:
    assert posted(request()) == {
        "To": f"whatsapp:{MOTHER}",
        "From": "whatsapp:+6281100000000",
        "Body": "Halo",
        "StatusCallback": f"{CALLBACK}?ref=o-1",
    }


def test_an_sms_has_no_prefix_and_comes_from_the_sms_sender() -> None:
    form = posted(request(channel=Channel.SMS))
    assert (form["To"], form["From"]) == (MOTHER, "SAPA")


def test_a_template_goes_by_its_content_sid_with_one_line_variables_and_without_a_body() -> None:
    form = posted(request(text=None, content_sid=TEMPLATE, content_variables={"1": "Ibu\n Ani", "2": "5     hari"}))
    assert form["ContentSid"] == TEMPLATE
    assert json.loads(form["ContentVariables"]) == {"1": "Ibu Ani", "2": "5 hari"}
    assert "Body" not in form


def test_pictures_go_with_the_text() -> None:
    urls = ("https://sapa.example/a.jpg", "https://sapa.example/b.jpg")
    assert posted(request(media_urls=urls))["MediaUrl"] == list(urls)


def test_without_a_sender_of_its_own_the_channel_uses_the_messaging_service() -> None:
    settings = TwilioSettings(ACCOUNT, "token", None, None, SERVICE)
    for channel in Channel:
        form = posted(request(channel=channel), settings)
        assert form["MessagingServiceSid"] == SERVICE
        assert "From" not in form


@pytest.mark.parametrize("written", ["+6281100000000", "whatsapp:+6281100000000", "0811-0000-0000"])
def test_the_whatsapp_sender_may_be_written_in_any_usual_way(written: str) -> None:
    settings = TwilioSettings(ACCOUNT, "token", written, None, None)
    assert posted(request(), settings)["From"] == "whatsapp:+6281100000000"


def test_a_callback_address_keeps_its_query_and_its_connection_overrides() -> None:
    http = Recorder()
    TwilioGateway(SETTINGS, CALLBACK + "?a=1#rc=3&rp=ct,rt,5xx", http_client=http).send(request(outbox_id="o&2"))
    assert http.requests[0]["data"]["StatusCallback"] == CALLBACK + "?a=1&ref=o%262#rc=3&rp=ct,rt,5xx"


# given, WhatsApp, SMS
ADDRESSES = [
    ("+6281234567890", "whatsapp:+6281234567890", "+6281234567890"),
    ("081234567890", "whatsapp:+6281234567890", "+6281234567890"),
    ("6281234567890", "whatsapp:+6281234567890", "+6281234567890"),
    ("0812-3456-7890", "whatsapp:+6281234567890", "+6281234567890"),
    (" +62 812 3456 7890 ", "whatsapp:+6281234567890", "+6281234567890"),
    ("whatsapp:+6281234567890", "whatsapp:+6281234567890", "+6281234567890"),
    ("+447700900123", "whatsapp:+447700900123", "+447700900123"),
    ("ID.13491208655302741918", "whatsapp:ID.13491208655302741918", None),  # a hidden number cannot get SMS
    ("81234567890", None, None),  # which country?
    ("", None, None),
    ("+", None, None),
    ("+0812345678", None, None),
    ("+62812", None, None),
    ("TELKOMSEL", None, None),
    ("+6281234567890123456", None, None),
    ("ID." + "1" * 129, None, None),
]


@pytest.mark.parametrize(("given_", "whatsapp", "sms"), ADDRESSES)
def test_an_address_is_made_international_or_refused(given_: str, whatsapp: str | None, sms: str | None) -> None:
    assert wire_address(Channel.WHATSAPP, given_) == whatsapp
    assert wire_address(Channel.SMS, given_) == sms


@given(st.text(max_size=200), st.sampled_from(list(Channel)))
def test_whatever_the_address_it_goes_out_well_formed_or_not_at_all(address: str, channel: Channel) -> None:
    wire = wire_address(channel, address)
    assert wire is None or "+" in wire or wire.startswith("whatsapp:")
    if wire is not None:
        assert wire_address(channel, wire) == wire  # and doing it twice changes nothing


# ---------------------------------------------------------------- what never leaves the house

REFUSED_HERE = [
    ("one character too many", request(text="a" * (MAX_BODY + 1)), "21617"),
    ("no country", request(to="81234567890"), "21211"),
    ("nobody", request(to=""), "21211"),
    ("hidden number by SMS", request(to="ID.1349120865530274", channel=Channel.SMS), "21211"),
    ("nothing to say", request(text=None), "21619"),
    ("an empty text", request(text=""), "21619"),
    ("a template id of the wrong form", request(text=None, content_sid="HX123"), "21655"),
    ("the simulator's template id", request(text=None, content_sid="simulated:pengingat"), "21655"),
    ("a picture that is no address", request(media_urls=("foto.jpg",)), "21620"),
    ("a picture on a disk", request(media_urls=("file:///etc/passwd",)), "21620"),
    ("an address that cannot be read", request(media_urls=("https://[x",)), "21620"),
]


@pytest.mark.parametrize(("why", "refused", "code"), REFUSED_HERE, ids=[row[0] for row in REFUSED_HERE])
def test_a_request_that_twilio_would_refuse_is_refused_before_it_leaves(
    why: str, refused: SendRequest, code: str
) -> None:
    http = Recorder()
    outcome = TwilioGateway(SETTINGS, CALLBACK, http_client=http).send(refused)
    assert isinstance(outcome, Refused)
    assert (outcome.error_code, outcome.retry_after_s) == (code, None)
    assert http.requests == []


def test_a_text_of_exactly_1600_characters_goes() -> None:
    assert len(posted(request(text="a" * MAX_BODY))["Body"]) == 1600


def test_a_channel_without_any_sender_is_refused_for_good_and_a_human_is_told() -> None:
    http = Recorder()
    gateway = TwilioGateway(TwilioSettings(ACCOUNT, "token", "+6281100000000", None, None), CALLBACK, http_client=http)
    assert gateway.send(request(channel=Channel.SMS)) == Refused("21606", None, alert=True)
    assert http.requests == []


# ---------------------------------------------------------------- answers

CLASSIC = {"code": 21610, "message": "unsubscribed", "more_info": "", "status": 400}
PROBLEM = {"type": "https://x", "title": "unsubscribed", "status": 400, "code": 21610}
ANSWERS = [
    ("a code in the classic form", 400, CLASSIC, Refused("21610", None, opted_out=True)),
    ("a code in the problem form", 400, PROBLEM, Refused("21610", None, opted_out=True)),
    ("a refusal without JSON", 400, "<html>", Refused("400", None, alert=True)),
    ("429", 429, {"code": 20429, "message": "x", "status": 429}, Refused("20429", 10.0)),
    ("503", 503, {"code": 20503, "message": "x", "status": 503}, Unclear("20503")),
    ("a proxy's 502", 502, "<html>Bad gateway</html>", Unclear("502")),
    ("created, but the answer is cut", 201, '{"sid": "SM', Unclear("unreadable_answer")),
    ("created, but without an id", 201, {"status": "queued"}, Unclear("no_sid")),
    ("created, but the answer is a list", 201, [1], Unclear("unreadable_answer")),
]


@pytest.mark.parametrize(("why", "status", "body", "outcome"), ANSWERS, ids=[row[0] for row in ANSWERS])
def test_every_answer_is_a_value(why: str, status: int, body: object, outcome: object) -> None:
    http = Recorder(status, body)
    assert TwilioGateway(SETTINGS, CALLBACK, http_client=http).send(request()) == outcome
    assert len(http.requests) == 1  # and nothing was posted twice


# ---------------------------------------------------------------- the network


class Here(TwilioHttpClient):
    """Twilio's own client, pointed at a port of this machine."""

    def __init__(self, port: int, timeout: float = 0.3) -> None:
        super().__init__(timeout=timeout)
        self._port = port

    def request(self, method: str, url: str, *args: Any, **kwargs: Any) -> Response:
        return super().request(method, f"http://127.0.0.1:{self._port}{urlsplit(url).path}", *args, **kwargs)


@contextmanager
def peer(behave: Callable[[socket.socket], None]) -> Iterator[tuple[int, list[int]]]:
    """A server that reads one request per connection and then behaves; yields its port and the count of requests."""
    listener = socket.create_server(("127.0.0.1", 0))
    seen: list[int] = []

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                seen.append(len(connection.recv(65536)))
                behave(connection)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1], seen
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(timeout=5)


def test_a_refused_connection_was_surely_not_sent_and_is_tried_again() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    outcome = TwilioGateway(SETTINGS, CALLBACK, http_client=Here(port)).send(request())
    assert outcome == Refused("connect_failed", 10.0)


def test_an_answer_that_does_not_come_is_unclear_and_was_posted_once() -> None:
    done = threading.Event()
    with peer(lambda _connection: done.wait(5) and None) as (port, seen):
        outcome = TwilioGateway(SETTINGS, CALLBACK, http_client=Here(port)).send(request())
        done.set()
    assert outcome == Unclear("timeout")
    assert len(seen) == 1


def test_a_connection_that_breaks_after_the_request_is_unclear_and_was_posted_once() -> None:
    with peer(lambda connection: connection.close()) as (port, seen):
        outcome = TwilioGateway(SETTINGS, CALLBACK, http_client=Here(port)).send(request())
    assert outcome == Unclear("connection_broken")
    assert len(seen) == 1


def test_an_answer_that_breaks_off_is_unclear() -> None:
    def half(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 201 Created\r\nContent-Length: 500\r\n\r\n{")

    with peer(half) as (port, _seen):
        outcome = TwilioGateway(SETTINGS, CALLBACK, http_client=Here(port)).send(request())
    assert outcome == Unclear("connection_broken")


class Raising(Recorder):
    def __init__(self, error: Exception) -> None:
        super().__init__()
        self._error = error

    def request(self, method: str, uri: str, **more: Any) -> Response:
        raise self._error


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (requests.exceptions.ConnectTimeout(), Refused("connect_failed", 10.0)),
        (requests.exceptions.ProxyError(), Refused("connect_failed", 10.0)),
        (requests.exceptions.ReadTimeout(), Unclear("timeout")),
        (requests.exceptions.ConnectionError(), Unclear("connection_broken")),
        (requests.exceptions.SSLError(), Unclear("connection_broken")),
        (requests.exceptions.ChunkedEncodingError(), Unclear("connection_broken")),
        (RuntimeError("anything"), Unclear("unreadable_answer")),
    ],
    ids=lambda value: type(value).__name__,
)
def test_only_what_never_connected_counts_as_not_sent(error: Exception, outcome: object) -> None:
    assert TwilioGateway(SETTINGS, CALLBACK, http_client=Raising(error)).send(request()) == outcome


def test_a_certificate_that_is_not_trusted_ends_the_handshake_so_nothing_was_sent() -> None:
    reason = urllib3.exceptions.SSLError(ssl.SSLCertVerificationError("self-signed certificate"))
    error = requests.exceptions.SSLError(urllib3.exceptions.MaxRetryError(cast(Any, None), "/", reason))
    assert TwilioGateway(SETTINGS, CALLBACK, http_client=Raising(error)).send(request()) == Refused(
        "connect_failed", 10.0
    )


def test_the_client_used_by_default_does_not_wait_for_ever() -> None:
    assert TwilioGateway(SETTINGS, CALLBACK)._client.http_client.timeout == TIMEOUT_S


def test_a_name_that_cannot_be_found_was_surely_not_sent() -> None:
    session = requests.Session()
    session.trust_env = False
    with pytest.raises(requests.exceptions.ConnectionError) as caught:
        session.post("http://nowhere.invalid/", timeout=2)
    outcome = TwilioGateway(SETTINGS, CALLBACK, http_client=Raising(caught.value)).send(request())
    assert outcome == Refused("connect_failed", 10.0)


def test_nothing_of_a_message_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    with peer(lambda connection: connection.close()) as (port, _seen):
        http = Here(port)
        TwilioGateway(SETTINGS, CALLBACK, http_client=http).send(request(text="rahasia"))
    assert "rahasia" not in caplog.text
    assert MOTHER not in caplog.text


# ---------------------------------------------------------------- asking afterwards


def message(**changes: Any) -> OutboxMessage:
    values: dict[str, Any] = {
        "id": "o-1",
        "contact_id": "c-1",
        "address_id": "a-1",
        "to": MOTHER,
        "channel": Channel.WHATSAPP,
        "kind": Kind.ANSWER,
        "content_id": "gizi/isi-piringku",
        "text": "Halo Ibu.\nApa kabar?",
        "buttons": (),
        "media": (),
        "template": None,
        "template_variables": {},
        "in_reply_to": None,
        "state": OutboxState.UNKNOWN,
        "attempts": 1,
        "created_at": NOW,
        "not_before": NOW,
    }
    return OutboxMessage(**{**values, **changes})


def listed(
    sid: str, body: str = "Halo Ibu. Apa kabar?", *, minutes: int = 1, direction: str = "outbound-api"
) -> dict[str, Any]:
    """A message as Twilio lists it, made `minutes` after ours was queued."""
    made = (NOW + timedelta(minutes=minutes)).strftime("%a, %d %b %Y %H:%M:%S +0000")
    return {"sid": sid, "body": body, "direction": direction, "status": "delivered", "date_created": made}


def look_up(
    messages: list[dict[str, Any]], ours: OutboxMessage | None = None, taken: tuple[str, ...] = ()
) -> tuple[object, Recorder]:
    http = Recorder(200, {"messages": messages, "next_page_uri": None})
    gateway = TwilioGateway(SETTINGS, CALLBACK, http_client=http, taken=taken.__contains__)
    return gateway.lookup(ours or message()), http


def test_the_message_is_looked_for_by_recipient_and_not_by_date_of_sending() -> None:
    _, http = look_up([])
    (asked,) = http.requests
    assert asked["method"] == "GET"
    assert asked["params"]["To"] == f"whatsapp:{MOTHER}"
    assert not any(name.startswith("DateSent") for name in asked["params"])  # what is queued has no such date yet


LISTS = [
    ("nothing at all", [], SurelyAbsent()),
    ("ours", [listed("SM1")], Found("SM1", "delivered")),
    ("ours, behind a trial account's line", [
        listed("SM1", "Sent from your Twilio trial account - Halo Ibu. Apa kabar?")], Found("SM1", "delivered")),
    ("ours, a little before by Twilio's clock", [listed("SM1", minutes=-4)], Found("SM1", "delivered")),
    ("the same words, sent earlier", [listed("SM1", minutes=-6)], SurelyAbsent()),
    ("the same words, but written by the mother", [listed("SM1", direction="inbound")], SurelyAbsent()),
    ("only other words", [listed("SM1", "Selamat pagi")], SurelyAbsent()),
    ("words that only end like ours", [listed("SM1", "Eh: Halo Ibu. Apa kabar?")], SurelyAbsent()),
    ("ours, repeated by a page that moved", [listed("SM1"), listed("SM1")], Found("SM1", "delivered")),
    ("twice the same words", [listed("SM2", minutes=2), listed("SM1")], CannotTell()),
    ("a full page that does not go back far enough", [listed(f"SM{n}", "x") for n in range(100)], CannotTell()),
    ("a full page that does", [
        *(listed(f"SM{n}", "x") for n in range(99)), listed("SM99", "x", minutes=-60)], SurelyAbsent()),
    ("ours on a full page", [listed("SM0"), *(listed(f"SM{n}", "x") for n in range(1, 100))],
     Found("SM0", "delivered")),
]  # fmt: skip


@pytest.mark.parametrize(("what", "messages", "outcome"), LISTS, ids=[row[0] for row in LISTS])
def test_what_twilio_lists_decides(what: str, messages: list[dict[str, Any]], outcome: object) -> None:
    assert look_up(messages)[0] == outcome


def test_an_equal_text_that_is_another_message_of_ours_is_passed_over() -> None:
    both = [listed("SM2", minutes=2), listed("SM1")]
    assert look_up(both, taken=("SM1",))[0] == Found("SM2", "delivered")
    assert look_up(both, taken=("SM1", "SM2"))[0] == SurelyAbsent()


def test_a_template_is_listed_in_words_we_do_not_know_so_only_silence_is_proof() -> None:
    reminder = message(template="pengingat_posyandu")
    assert look_up([], reminder)[0] == SurelyAbsent()
    assert look_up([listed("SM1", "Besok posyandu")], reminder)[0] == CannotTell()
    assert look_up([listed("SM1", "Besok posyandu")], reminder, taken=("SM1",))[0] == SurelyAbsent()
    assert look_up([listed("SM1")], reminder)[0] == Found("SM1", "delivered")  # it went as text, inside the window


def test_a_picture_without_words_cannot_be_told_from_another() -> None:
    assert look_up([listed("SM1", "")], message(text=""))[0] == CannotTell()


def test_a_message_whose_id_is_known_is_fetched() -> None:
    http = Recorder(200, {"sid": "SM9", "status": "read"})
    found = TwilioGateway(SETTINGS, CALLBACK, http_client=http).lookup(message(provider_sid="SM9"))
    assert found == Found("SM9", "read")
    assert http.requests[0]["uri"].endswith("/Messages/SM9.json")


@pytest.mark.parametrize("http", [Recorder(503, ""), Recorder(200, "{"), Recorder(404, {}), Raising(OSError())])
@pytest.mark.parametrize("sid", [None, "SM9"])
def test_an_answer_that_cannot_be_had_decides_nothing(http: Recorder, sid: str | None) -> None:
    assert TwilioGateway(SETTINGS, CALLBACK, http_client=http).lookup(message(provider_sid=sid)) == CannotTell()


def test_a_message_to_nobody_was_never_sent() -> None:
    assert look_up([], message(to="?"))[0] == SurelyAbsent()


def test_the_callback_bears_our_id_so_that_parse_qs_gives_it_back() -> None:
    callback = posted(request(outbox_id="7b1e-å&="))["StatusCallback"]
    assert parse_qs(urlsplit(callback).query)["ref"] == ["7b1e-å&="]
