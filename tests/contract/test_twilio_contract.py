"""Our requests against Twilio's own description of its API, served by a mock (tools/mock_twilio.sh).

Green here means: the requests have the right shape and error answers are read rightly. The mock has no state, calls
no webhook and knows no rule of WhatsApp; tests/gateways covers what happens around a request.
"""

from __future__ import annotations

import json
import socket
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from twilio.http.response import Response

from sapa.gateways.twilio import TwilioGateway
from sapa.gateways.twilio_http import TwilioHttp
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
from tests.contract.conftest import SPEC

pytestmark = pytest.mark.contract

CALLBACK = "https://sapa.example/webhooks/twilio/status#rc=3&rp=ct,rt,5xx"
MOTHER = "+6281234567890"
TEMPLATE = "HX" + "3" * 32
SERVICE_SID = "MG" + "2" * 32
EXAMPLE_SID = "SM" + "a" * 32  # the mock's one answer
NOW = datetime(2026, 11, 22, 7, 0, tzinfo=UTC)

OWN_SENDERS = TwilioSettings("AC" + "1" * 32, "token", "+6281100000000", "+6281100000001", None)
BY_NAME = replace(OWN_SENDERS, sms_from="SAPA KLRG")
SERVICE = TwilioSettings("AC" + "1" * 32, "token", None, None, SERVICE_SID)
BOTH = replace(OWN_SENDERS, messaging_service_sid=SERVICE_SID)
SETTINGS = {"own senders": OWN_SENDERS, "SMS by name": BY_NAME, "messaging service": SERVICE, "both": BOTH}


class ToMock(TwilioHttp):
    """Our client, counting; `prefer` makes the mock give a certain answer."""

    def __init__(self, base: str, prefer: str | None = None) -> None:
        super().__init__(base_url=base)
        self._prefer = prefer
        self.count = 0

    def request(self, method: str, url: str, *args: Any, **kwargs: Any) -> Response:
        self.count += 1
        if self._prefer:
            kwargs["headers"] = {**(kwargs.get("headers") or {}), "Prefer": self._prefer}
        return super().request(method, url, *args, **kwargs)


def gateway(settings: TwilioSettings, http: ToMock) -> TwilioGateway:
    return TwilioGateway(settings, CALLBACK, http_client=http, clock=lambda: NOW)


def request(**changes: Any) -> SendRequest:
    values: dict[str, Any] = {"outbox_id": "0b7e-1", "to": MOTHER, "channel": Channel.WHATSAPP, "text": "Halo Ibu"}
    return SendRequest(**{**values, **changes})


# ---------------------------------------------------------------- every kind of message

BUTTONS = ({"title": "Setuju", "payload": "setuju"}, {"title": "Tidak", "payload": "tidak"})
VALUES = {"1": "Ani", "2": "besok\npagi     jam 8"}
PICTURE = "https://sapa.example/gambar/7f3a"
FORMS: dict[str, dict[str, Any]] = {
    "text": {},
    "text of 1600 characters": {"text": "a" * 1600},
    "text with emoji and newlines": {"text": "Halo \U0001f600\n\n*Posyandu* & ya + 1%"},
    "text with buttons": {"buttons": BUTTONS},
    "text with a picture": {"media_urls": (PICTURE,)},
    "a picture alone": {"text": None, "media_urls": (PICTURE + ".png",)},
    "two pictures": {"text": None, "media_urls": (PICTURE, PICTURE + ".jpg")},
    "template": {"text": None, "content_sid": TEMPLATE},
    "template with values": {"text": None, "content_sid": TEMPLATE, "content_variables": VALUES},
    "template with buttons": {"text": None, "content_sid": TEMPLATE, "buttons": BUTTONS},
    "text to a hidden number": {"to": "ID.13491208655302741918"},
    "template to a hidden number": {"text": None, "content_sid": TEMPLATE, "to": "ID.13491208655302741918"},
    "text to a number in local form": {"to": "0812-3456-7890"},
    "SMS": {"channel": Channel.SMS},
    "SMS of two parts": {"channel": Channel.SMS, "text": "a" * 306},
    "SMS to a number in local form": {"channel": Channel.SMS, "to": "081234567890"},
}


MAIN_FORMS = (
    "text",
    "text with buttons",
    "text with a picture",
    "template with values",
    "text to a hidden number",
    "SMS",
)


@pytest.mark.parametrize("form", MAIN_FORMS)
@pytest.mark.parametrize("kind", list(Kind))
def test_every_kind_of_message_is_accepted(mock: str, kind: Kind, form: str) -> None:
    http = ToMock(mock)
    assert gateway(OWN_SENDERS, http).send(request(kind=kind, **FORMS[form])) == Sent(EXAMPLE_SID)
    assert http.count == 1


@pytest.mark.parametrize("by", SETTINGS)
@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_message_is_accepted_from_every_sender(mock: str, form: str, by: str) -> None:
    http = ToMock(mock)
    assert gateway(SETTINGS[by], http).send(request(**FORMS[form])) == Sent(EXAMPLE_SID)
    assert http.count == 1


LATER = {
    "text in an hour": {"send_at": NOW + timedelta(hours=1)},
    "template in 35 days": {"text": None, "content_sid": TEMPLATE, "send_at": NOW + timedelta(days=35)},
    "SMS in six minutes": {"channel": Channel.SMS, "send_at": NOW + timedelta(minutes=6)},
}


@pytest.mark.parametrize("by", ["messaging service", "both"])
@pytest.mark.parametrize("form", LATER)
def test_a_message_may_be_left_with_twilio_for_later(mock: str, form: str, by: str) -> None:
    http = ToMock(mock)
    assert gateway(SETTINGS[by], http).send(request(**LATER[form])) == Sent(EXAMPLE_SID)


# ---------------------------------------------------------------- every malformed one

FROM = {"From": "+6281100000000"}
# what, the request and settings it comes from, the same as a form sent past our checks
MALFORMED: dict[str, tuple[SendRequest, TwilioSettings, dict[str, str]]] = {
    "nobody": (request(to=""), OWN_SENDERS, {"Body": "Halo", **FROM}),
    "a number without a country": (
        request(to="81234567890"), OWN_SENDERS, {"To": "81234567890", "Body": "Halo", **FROM}),
    "a name instead of a number": (request(to="Ibu Ani"), OWN_SENDERS, {"To": "Ibu Ani", "Body": "Halo", **FROM}),
    "a number far too long": (
        request(to="+6281234567890123456"), OWN_SENDERS, {"To": "+6281234567890123456", "Body": "Halo", **FROM}),
    "a hidden number by SMS": (
        request(to="ID.1349", channel=Channel.SMS), OWN_SENDERS, {"To": "ID.1349", "Body": "Halo", **FROM}),
    "nothing to say": (request(text=None), OWN_SENDERS, {"To": MOTHER, **FROM}),
    "1601 characters": (request(text="a" * 1601), OWN_SENDERS, {"To": MOTHER, "Body": "a" * 1601, **FROM}),
    "a malformed ContentSid": (
        request(text=None, content_sid="HX12"), OWN_SENDERS, {"To": MOTHER, "ContentSid": "HX12", **FROM}),
    "the simulator's ContentSid": (
        request(text=None, content_sid="simulated:x"), OWN_SENDERS,
        {"To": MOTHER, "ContentSid": "simulated:x", **FROM}),
    "values without a template": (
        request(content_variables=VALUES), OWN_SENDERS,
        {"To": MOTHER, "Body": "Halo", "ContentVariables": json.dumps(VALUES), **FROM}),
    "a picture that is no address": (
        request(media_urls=("foto png",)), OWN_SENDERS, {"To": MOTHER, "MediaUrl": "foto png", **FROM}),
    "nobody to send from": (
        request(channel=Channel.SMS), replace(OWN_SENDERS, sms_from=None), {"To": MOTHER, "Body": "Halo"}),
    "a malformed MessagingServiceSid": (
        request(), replace(SERVICE, messaging_service_sid="MG12"),
        {"To": MOTHER, "Body": "Halo", "MessagingServiceSid": "MG12"}),
    "a time without a service": (
        request(send_at=NOW + timedelta(hours=1)), OWN_SENDERS,
        {"To": MOTHER, "Body": "Halo", "ScheduleType": "fixed", "SendAt": "2026-11-22T08:00:00Z", **FROM}),
}  # fmt: skip


@pytest.mark.parametrize("what", MALFORMED)
def test_what_twilio_would_refuse_is_refused_before_it_leaves(mock: str, what: str) -> None:
    asked, settings, form = MALFORMED[what]
    http = ToMock(mock)
    assert isinstance(gateway(settings, http).send(asked), Refused)
    assert http.count == 0
    assert past_our_checks(mock, form) == 400  # the mock refuses it as well, so there was something to refuse


def past_our_checks(mock: str, form: dict[str, str], account: str = OWN_SENDERS.account_sid) -> int:
    url = f"{mock}/2010-04-01/Accounts/{account}/Messages.json"
    return requests.post(url, data=form, auth=(account, "token"), timeout=10).status_code


@pytest.mark.parametrize("url", ["status", "https://sapa keluarga.example/status"])
def test_a_status_callback_that_is_no_address_is_refused_at_the_start(mock: str, url: str) -> None:
    with pytest.raises(SettingsError):
        TwilioGateway(OWN_SENDERS, url)
    assert past_our_checks(mock, {"To": MOTHER, "Body": "Halo", "StatusCallback": url, **FROM}) == 400


def test_a_malformed_account_is_refused_at_the_start(mock: str) -> None:
    with pytest.raises(SettingsError):
        TwilioGateway(replace(OWN_SENDERS, account_sid="AC12"), CALLBACK)
    assert past_our_checks(mock, {"To": MOTHER, "Body": "Halo", **FROM}, "AC12") in (400, 422)


# What Meta, or Twilio by another rule than its description, refuses: the mock lets it pass, we do not.
BEYOND_THE_MOCK = {
    "values that begin with 2": request(text=None, content_sid=TEMPLATE, content_variables={"2": "Ani"}),
    "an empty value": request(text=None, content_sid=TEMPLATE, content_variables={"1": " \n "}),
    "values longer than 1024": request(text=None, content_sid=TEMPLATE, content_variables={"1": "a" * 1025}),
    "text and template at once": request(content_sid=TEMPLATE),
    "an SMS with an emoji": request(channel=Channel.SMS, text="Halo \U0001f600"),
    "an SMS of three parts": request(channel=Channel.SMS, text="a" * 307),
    "a picture without TLS": request(media_urls=("http://sapa.example/a.png",)),
    "a page instead of a picture": request(media_urls=("https://sapa.example/a.html",)),
    "eleven pictures": request(media_urls=(PICTURE,) * 11),
    "a time in the past": request(send_at=NOW - timedelta(hours=1)),
    "a time in five minutes": request(send_at=NOW + timedelta(minutes=5)),
    "a time in 36 days": request(send_at=NOW + timedelta(days=36)),
}


@pytest.mark.parametrize("what", BEYOND_THE_MOCK)
def test_what_meta_would_refuse_is_refused_before_it_leaves(mock: str, what: str) -> None:
    http = ToMock(mock)
    assert isinstance(gateway(BOTH, http).send(BEYOND_THE_MOCK[what]), Refused)
    assert http.count == 0


# ---------------------------------------------------------------- error answers

HOUR = 3600.0
# what the mock is asked to answer, what we make of it
FORCED = [
    ("code=429", Refused("20429", 10.0, waits=True)),
    ("code=500", Unclear("20500")),
    ("code=503", Unclear("20503")),
    ("code=401", Refused("20003", HOUR, alert=True, waits=True, hold="all")),
    ("code=404", Refused("20404", None, alert=True)),
    ("code=400, example=unsubscribed", Refused("21610", None, opted_out=True)),
    ("code=400, example=invalid_to", Refused("21211", None)),
    ("code=400, example=not_mobile", Refused("21614", None)),
    ("code=400, example=region", Refused("21408", HOUR, alert=True, waits=True)),
    ("code=400, example=too_long", Refused("21617", None, alert=True)),
    ("code=400, example=content_sid", Refused("21655", None, alert=True, hold="template:besok")),
    ("code=400, example=content_vars", Refused("21656", None, alert=True, hold="template:besok")),
    ("code=400, example=schedule", Refused("35118", None, alert=True)),
    ("code=400, example=no_channel", Refused("63007", HOUR, alert=True, waits=True, hold="whatsapp")),
    ("code=400, example=contract", Refused("400", None, alert=True)),
]


@pytest.mark.parametrize(("prefer", "outcome"), FORCED, ids=[row[0] for row in FORCED])
def test_an_error_answer_becomes_the_right_outcome_and_is_never_posted_again(
    mock: str, prefer: str, outcome: Refused | Unclear
) -> None:
    http = ToMock(mock, prefer)
    sent = request(text=None, content_sid=TEMPLATE, content_variables={"1": "Ani"}, template="besok")
    assert gateway(OWN_SENDERS, http).send(sent) == outcome
    assert http.count == 1


# ---------------------------------------------------------------- asking afterwards


def message(created_at: datetime, text: str = "Halo", provider_sid: str | None = None) -> OutboxMessage:
    return OutboxMessage(
        id="o-1", contact_id="c", address_id="a", to=MOTHER, channel=Channel.WHATSAPP, kind=Kind.ANSWER,
        content_id="x", text=text, buttons=(), media=(), template=None, template_variables={}, in_reply_to=None,
        state=OutboxState.UNKNOWN, attempts=1, created_at=created_at, not_before=created_at, provider_sid=provider_sid,
    )  # fmt: skip


LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


def example_list() -> list[dict[str, Any]]:
    """What the mock lists: the first example of Twilio's description."""
    paths = json.loads(SPEC.read_text(encoding="utf-8"))["paths"]
    get = paths["/2010-04-01/Accounts/{AccountSid}/Messages.json"]["get"]
    examples = get["responses"]["200"]["content"]["application/json"]["examples"]
    listed: list[dict[str, Any]] = next(iter(examples.values()))["value"]["messages"]
    return listed


def test_a_message_that_twilio_does_not_list_was_never_sent(mock: str) -> None:
    assert gateway(OWN_SENDERS, ToMock(mock)).lookup(message(NOW)) == SurelyAbsent()


def test_a_message_that_twilio_lists_is_found(mock: str) -> None:
    ours = next(item for item in example_list() if item["direction"].startswith("outbound"))
    found = gateway(OWN_SENDERS, ToMock(mock)).lookup(message(LONG_AGO, ours["body"]))
    assert found == Found(ours["sid"], ours["status"])


def test_a_message_whose_id_we_have_is_fetched(mock: str) -> None:
    found = gateway(OWN_SENDERS, ToMock(mock)).lookup(message(NOW, provider_sid=EXAMPLE_SID))
    assert isinstance(found, Found)
    assert found.provider_sid == EXAMPLE_SID


def test_when_twilio_cannot_be_asked_nothing_is_decided() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    away = gateway(OWN_SENDERS, ToMock(f"http://127.0.0.1:{port}"))
    assert away.lookup(message(NOW)) == CannotTell()
    assert away.inbound_since(NOW) == CannotTell()


def test_what_people_wrote_to_us_is_read_from_the_list_with_its_pictures(mock: str) -> None:
    theirs = next(item for item in example_list() if item["direction"] == "inbound")
    found = gateway(OWN_SENDERS, OnePage(mock)).inbound_since(LONG_AGO)
    assert not isinstance(found, CannotTell)
    (form,) = found
    assert (form.provider_sid, form.body, form.from_address) == (theirs["sid"], theirs["body"], theirs["from"])
    assert form.message_type == "image"
    assert [one.content_type for one in form.media] == ["image/jpeg"]
    assert form.media[0].url.startswith("https://api.twilio.com/2010-04-01/Accounts/")
    assert not form.media[0].url.endswith(".json")


class OnePage(ToMock):
    """The mock's one example says there is a next page, which is the same again for ever."""

    def request(self, method: str, url: str, *args: Any, **kwargs: Any) -> Response:
        answer = super().request(method, url, *args, **kwargs)
        return Response(answer.status_code, json.dumps(json.loads(answer.text) | {"next_page_uri": None}))
