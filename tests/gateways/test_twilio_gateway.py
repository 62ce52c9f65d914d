"""The Twilio gateway: what it posts, what it refuses to post, and how it reads every fate of a post.

No network: Twilio's own client runs on a fake HTTP client that keeps requests and plays recorded answers. What the
network does to a request is in test_twilio_http.py.
"""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twilio.http import HttpClient
from twilio.http.response import Response

from sapa.gateways.twilio import TwilioGateway
from sapa.gateways.twilio_http import NoAnswer, NotSent
from sapa.gateways.twilio_requests import MAX_BODY, wire_address
from sapa.messaging.sms import GSM7_JOINED
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
from sapa.settings import SettingsError, TwilioSettings
from tests.http_peer import peer

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


def posted(sent: SendRequest, settings: TwilioSettings = SETTINGS, **more: Any) -> dict[str, Any]:
    """The form of the one POST that this request causes."""
    http = Recorder()
    assert TwilioGateway(settings, CALLBACK, http_client=http, **more).send(sent) == Sent("SM" + "a" * 32)
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

SERVED = replace(SETTINGS, messaging_service_sid=SERVICE)
HERE = replace(SETTINGS, api_url="http://127.0.0.1:9")
LONG_SMS = "a" * (2 * GSM7_JOINED + 1)


def template(**changes: Any) -> SendRequest:
    return request(**{"text": None, "content_sid": TEMPLATE, **changes})


def sms(text: str) -> SendRequest:
    return request(channel=Channel.SMS, text=text)


REFUSED_HERE = [
    ("one character too many", request(text="a" * (MAX_BODY + 1)), "21617"),
    ("no country", request(to="81234567890"), "21211"),
    ("nobody", request(to=""), "21211"),
    ("hidden number by SMS", request(to="ID.1349120865530274", channel=Channel.SMS), "21211"),
    ("nothing to say", request(text=None), "21619"),
    ("an empty text", request(text=""), "21619"),
    ("a blank text", request(text=" \n "), "21619"),
    ("half a character", request(text="Halo \ud83d"), "text_unreadable"),
    ("text and template at once", request(content_sid=TEMPLATE), "text_and_template"),
    ("a template id of the wrong form", template(content_sid="HX123"), "21655"),
    ("the simulator's template id", template(content_sid="simulated:pengingat"), "21655"),
    ("values without a template", request(content_variables={"1": "Ani"}), "21655"),
    ("values that begin with 2", template(content_variables={"2": "Ani"}), "21656"),
    ("values with a gap", template(content_variables={"1": "Ani", "3": "besok"}), "21656"),
    ("values with names", template(content_variables={"nama": "Ani"}), "21656"),
    ("an empty value", template(content_variables={"1": "Ani", "2": ""}), "21656"),
    ("a value of blanks only", template(content_variables={"1": " \n\t "}), "21656"),
    ("half a character in a value", template(content_variables={"1": "\udc00"}), "21656"),
    ("values longer than a template", template(content_variables={"1": "a" * 1000, "2": "b" * 25}), "63021"),
    ("an SMS of three parts", sms(LONG_SMS), "sms_too_long"),
    ("an SMS with an emoji", sms("Halo \U0001f600"), "sms_not_gsm7"),
    ("an SMS with a curly quote", sms("\u201cHalo\u201d"), "sms_not_gsm7"),
    ("a picture that is no address", request(media_urls=("foto.jpg",)), "21620"),
    ("a picture on a disk", request(media_urls=("file:///etc/passwd",)), "21620"),
    ("an address that cannot be read", request(media_urls=("https://[x",)), "21620"),
    ("a picture without TLS", request(media_urls=("http://sapa.example/a.png",)), "21620"),
    ("an address with a blank", request(media_urls=("https://sapa.example/a b.png",)), "21620"),
    ("a page instead of a picture", request(media_urls=("https://sapa.example/a.html",)), "media_type"),
    ("a picture WhatsApp does not show", request(media_urls=("https://sapa.example/a.gif",)), "media_type"),
    ("eleven pictures", request(media_urls=("https://sapa.example/a.png",) * 11), "too_many_media"),
    ("a time without a service", request(send_at=NOW + timedelta(hours=1)), "35118"),
]


@pytest.mark.parametrize(("why", "refused", "code"), REFUSED_HERE, ids=[row[0] for row in REFUSED_HERE])
def test_a_request_that_twilio_would_refuse_is_refused_before_it_leaves(
    why: str, refused: SendRequest, code: str
) -> None:
    http = Recorder()
    outcome = TwilioGateway(SETTINGS, CALLBACK, http_client=http).send(refused)
    assert isinstance(outcome, Refused)
    assert (outcome.error_code, outcome.retry_after_s) == (code, None)
    assert outcome.hold is None  # one wrong message stops no other
    assert http.requests == []


# from now, whether Twilio would keep it that long
TIMES = [
    (timedelta(minutes=5), False),
    (timedelta(minutes=5, seconds=1), True),
    (timedelta(days=35), True),
    (timedelta(days=35, seconds=1), False),
    (timedelta(0), False),
    (timedelta(hours=-1), False),
]


@pytest.mark.parametrize(("ahead", "kept"), TIMES, ids=[str(row[0]) for row in TIMES])
def test_a_message_is_left_with_twilio_for_more_than_five_minutes_and_at_most_35_days(
    ahead: timedelta, kept: bool
) -> None:
    http = Recorder()
    gateway = TwilioGateway(SERVED, CALLBACK, http_client=http, clock=lambda: NOW)
    outcome = gateway.send(request(send_at=NOW + ahead))
    assert outcome == (Sent("SM" + "a" * 32) if kept else Refused("35114", None, alert=True))
    assert len(http.requests) == kept


def test_a_time_without_a_zone_is_refused() -> None:
    gateway = TwilioGateway(SERVED, CALLBACK, http_client=Recorder(), clock=lambda: NOW)
    naive = (NOW + timedelta(hours=1)).replace(tzinfo=None)
    assert gateway.send(request(send_at=naive)) == Refused("35114", None, alert=True)


def test_a_time_in_another_zone_goes_out_in_utc_with_the_service() -> None:
    """08:00 WIB is 01:00 UTC; the SDK alone would print 08:00Z, seven hours late."""
    eight_wib = datetime(2026, 11, 23, 8, 0, tzinfo=ZoneInfo("Asia/Jakarta"))
    form = posted(request(send_at=eight_wib), SERVED, clock=lambda: NOW)
    assert (form["SendAt"], form["ScheduleType"], form["MessagingServiceSid"]) == (
        "2026-11-23T01:00:00Z",
        "fixed",
        SERVICE,
    )
    assert form["From"] == "whatsapp:+6281100000000"


def test_what_just_fits_goes() -> None:
    assert len(json.loads(posted(template(content_variables={"1": "a" * 1024}))["ContentVariables"])["1"]) == 1024
    assert len(posted(sms("a" * 2 * GSM7_JOINED))["Body"]) == 306
    assert len(posted(request(media_urls=("https://sapa.example/a.png",) * 10))["MediaUrl"]) == 10
    for ending in ("", ".jpg", ".pdf", ".ogg", ".mp4", ".docx"):
        assert posted(request(media_urls=(f"https://sapa.example/a{ending}",)))["MediaUrl"]


def test_with_a_stand_in_a_picture_may_come_from_this_machine() -> None:
    url = "http://127.0.0.1:8000/pictures/1.png"
    assert posted(request(media_urls=(url,)), HERE)["MediaUrl"] == [url]


@given(
    st.builds(
        SendRequest,
        outbox_id=st.text(max_size=10),
        to=st.one_of(st.text(max_size=20), st.just(MOTHER)),
        channel=st.sampled_from(list(Channel)),
        text=st.none() | st.text(max_size=2000),
        content_sid=st.none() | st.just(TEMPLATE) | st.text(max_size=40),
        content_variables=st.dictionaries(st.text(max_size=2), st.text(max_size=1100), max_size=3),
        media_urls=st.lists(st.text(max_size=30), max_size=12).map(tuple),
        send_at=st.none() | st.datetimes() | st.datetimes(timezones=st.just(UTC)),
    )
)
def test_whatever_is_asked_it_is_refused_here_or_leaves_as_twilio_wants_it(asked: SendRequest) -> None:
    http = Recorder()
    outcome = TwilioGateway(SERVED, CALLBACK, http_client=http, clock=lambda: NOW).send(asked)
    if isinstance(outcome, Refused):
        assert http.requests == []
        return
    assert isinstance(outcome, Sent)
    form = http.requests[0]["data"]
    assert len(form.get("Body", "")) <= MAX_BODY
    assert sum(name in form for name in ("Body", "ContentSid")) <= 1
    assert any(name in form for name in ("Body", "ContentSid", "MediaUrl"))
    assert ("SendAt" in form) == (asked.send_at is not None)
    urlencode(form, doseq=True)  # and it can be put into bytes


def test_a_text_of_exactly_1600_characters_goes() -> None:
    assert len(posted(request(text="a" * MAX_BODY))["Body"]) == 1600


SENDERS = [
    ("no SMS sender", Channel.SMS, replace(SETTINGS, sms_from=None), "21606", "sms"),
    ("an SMS name too long", Channel.SMS, replace(SETTINGS, sms_from="SAPAKELUARGA"), "21606", "sms"),
    ("an SMS name of digits", Channel.SMS, replace(SETTINGS, sms_from="12345"), "21606", "sms"),
    ("a WhatsApp sender by name", Channel.WHATSAPP, replace(SETTINGS, whatsapp_from="SAPA"), "63007", "whatsapp"),
    ("a service of the wrong form", Channel.WHATSAPP,
     replace(SETTINGS, whatsapp_from=None, messaging_service_sid="MG12"), "63007", "whatsapp"),
]  # fmt: skip


@pytest.mark.parametrize(("why", "channel", "settings", "code", "scope"), SENDERS, ids=[row[0] for row in SENDERS])
def test_without_a_right_sender_the_channel_stands_still_until_a_human_gives_one(
    why: str, channel: Channel, settings: TwilioSettings, code: str, scope: str
) -> None:
    http = Recorder()
    outcome = TwilioGateway(settings, CALLBACK, http_client=http).send(request(channel=channel))
    assert outcome == Refused(code, 3600.0, alert=True, hold=scope, waits=True)
    assert http.requests == []


# ---------------------------------------------------------------- answers

CLASSIC = {"code": 21610, "message": "unsubscribed", "more_info": "", "status": 400}
PROBLEM = {"type": "https://x", "title": "unsubscribed", "status": 400, "code": 21610}
ANSWERS = [
    ("a code in the classic form", 400, CLASSIC, Refused("21610", None, opted_out=True)),
    ("a code in the problem form", 400, PROBLEM, Refused("21610", None, opted_out=True)),
    ("a refusal without JSON", 400, "<html>", Refused("400", None, alert=True)),
    ("429", 429, {"code": 20429, "message": "x", "status": 429}, Refused("20429", 10.0, waits=True)),
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


class Raising(Recorder):
    def __init__(self, error: Exception) -> None:
        super().__init__()
        self._error = error
        self.count = 0

    def request(self, method: str, uri: str, **more: Any) -> Response:
        self.count += 1
        raise self._error


UNREACHED = Refused("connect_failed", 10.0, waits=True)
FAILURES = [
    (NotSent("no connection was made"), UNREACHED),
    (NoAnswer("timeout"), Unclear("timeout")),
    (NoAnswer("connection_broken"), Unclear("connection_broken")),
    (ConnectionError(), Unclear("unreadable_answer")),
    (RuntimeError("anything"), Unclear("unreadable_answer")),
]


@pytest.mark.parametrize(("error", "outcome"), FAILURES, ids=lambda value: str(value))
def test_only_what_surely_did_not_leave_counts_as_not_sent(error: Exception, outcome: object) -> None:
    http = Raising(error)
    assert TwilioGateway(SETTINGS, CALLBACK, http_client=http).send(request()) == outcome
    assert http.count == 1


def test_by_default_it_speaks_to_twilio_or_to_the_stand_in_of_the_settings() -> None:
    with peer() as server:
        gateway = TwilioGateway(replace(SETTINGS, api_url=server.url), "http://127.0.0.1:8000/status")
        assert gateway.send(request()) == Sent("SM1")
        assert server.requests[0].startswith(f"POST /2010-04-01/Accounts/{ACCOUNT}/Messages.json ".encode())
    assert gateway.send(request()) == UNREACHED


def test_a_stand_in_that_does_not_answer_in_time_leaves_a_doubt() -> None:
    done = threading.Event()
    with peer(lambda _connection, _n: done.wait(5) and None) as server:
        gateway = TwilioGateway(replace(SETTINGS, api_url=server.url, timeout_s=0.2), CALLBACK)
        assert gateway.send(request()) == Unclear("timeout")
        done.set()


def test_nothing_of_a_message_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    with peer() as server:
        TwilioGateway(replace(SETTINGS, api_url=server.url), CALLBACK).send(request(text="rahasia"))
    assert "rahasia" not in caplog.text
    assert MOTHER not in caplog.text


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("TWILIO_API_URL", {"api_url": "http://127.0.0.1:99999"}),
        ("TWILIO_API_URL", {"api_url": "http://example.com"}),
        ("HTTPS_PROXY", {"proxy": "socks5://127.0.0.1:1080"}),
        ("TWILIO_ACCOUNT_SID", {"account_sid": "AC12"}),
    ],
)
def test_settings_by_which_nothing_could_go_out_are_refused_at_the_start(name: str, changes: dict[str, Any]) -> None:
    with pytest.raises(SettingsError, match=name):
        TwilioGateway(replace(SETTINGS, **changes), CALLBACK)


@pytest.mark.parametrize("url", ["http://my_host.example/status", "ftp://sapa.example", "status", "https://[x/"])
def test_a_webhook_twilio_could_not_call_is_refused_at_the_start(url: str) -> None:
    with pytest.raises(SettingsError, match="SAPA_PUBLIC_URL"):
        TwilioGateway(SETTINGS, url)


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


# ---------------------------------------------------------------- codes in callbacks

VERDICTS = [
    ("63016", None, Refused("63016", None, switch="template")),
    ("63024", None, Refused("63024", None, switch="sms")),
    ("63041", "besok", Refused("63041", 3600.0, alert=True, waits=True, hold="template:besok")),
    ("63051", None, Refused("63051", 3600.0, alert=True, waits=True, hold="whatsapp")),
    ("30007", None, Refused("30007", None, alert=True, hold="sms")),  # a filter of the phone networks
    ("30003", None, Refused("30003", 1800.0)),
    ("20500", None, Unclear("20500")),
    ("11200", None, None),
    ("99999", None, None),
    ("", None, None),
    ("²", None, None),
    ("x1", None, None),
]


@pytest.mark.parametrize(("code", "template_", "outcome"), VERDICTS, ids=[row[0] or "none" for row in VERDICTS])
def test_a_code_in_a_callback_is_judged_by_the_same_table(code: str, template_: str | None, outcome: object) -> None:
    assert TwilioGateway(SETTINGS, CALLBACK, http_client=Recorder()).verdict(code, template_) == outcome
