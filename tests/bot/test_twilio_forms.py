"""Reading Twilio's webhooks: recorded-like forms and what they mean, good and bad signatures."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twilio.request_validator import RequestValidator

from bot.twilio_forms import FORM, FormError, body_pairs, form_pairs, media_type, parse_inbound, parse_status, verify
from sapa.messaging.states import Channel
from sapa.services.records import InboundForm, MediaItem, StatusForm

TOKEN = "12345678901234567890123456789012"
PUBLIC = "https://sapa.example"
PATH = "/webhooks/twilio"
SID = "SM" + "a" * 32
BOT = "+6281100000000"
MOTHER = "+6281234567890"
HIDDEN_ID = "ID.13491208655302741918"
MEDIA = "https://api.twilio.com/2010-04-01/Accounts/AC1/Messages/MM1/Media/ME1"

WHATSAPP = {
    "SmsMessageSid": SID,
    "NumMedia": "0",
    "ProfileName": "Ibu Ani",
    "MessageType": "text",
    "SmsSid": SID,
    "WaId": "6281234567890",
    "SmsStatus": "received",
    "Body": "Halo",
    "To": f"whatsapp:{BOT}",
    "NumSegments": "1",
    "ReferralNumMedia": "0",
    "MessageSid": SID,
    "AccountSid": "AC" + "1" * 32,
    "ChannelMetadata": '{"type":"whatsapp","data":{"context":{"ProfileName":"Ibu Ani","WaId":"6281234567890"}}}',
    "From": f"whatsapp:{MOTHER}",
    "ApiVersion": "2010-04-01",
}
SMS = {
    "ToCountry": "ID",
    "ToState": "",
    "SmsMessageSid": SID,
    "NumMedia": "0",
    "ToCity": "",
    "FromZip": "",
    "SmsSid": SID,
    "SmsStatus": "received",
    "Body": "Halo",
    "To": BOT,
    "MessageSid": SID,
    "From": MOTHER,
    "ApiVersion": "2010-04-01",
}

TEXT = InboundForm(SID, Channel.WHATSAPP, MOTHER, BOT, "Halo", profile_name="Ibu Ani", phone=MOTHER)


def without(form: dict[str, str], *names: str) -> dict[str, str]:
    return {name: value for name, value in form.items() if name not in names}


def expected(**changes: Any) -> InboundForm:
    from dataclasses import replace

    return replace(TEXT, **changes)


FORMS = [
    ("text", WHATSAPP, TEXT),
    ("text without MessageType", without(WHATSAPP, "MessageType"), TEXT),
    (
        "photo without a caption has a blank Body",
        {**WHATSAPP, "Body": "", "NumMedia": "1", "MessageType": "image", "MediaUrl0": MEDIA,
         "MediaContentType0": "image/jpeg"},
        expected(body="", message_type="image", media=(MediaItem(MEDIA, "image/jpeg"),)),
    ),
    (
        "photo without MessageType and without Body",
        {**without(WHATSAPP, "MessageType", "Body"), "NumMedia": "1", "MediaUrl0": MEDIA,
         "MediaContentType0": "image/jpeg"},
        expected(body="", message_type="image", media=(MediaItem(MEDIA, "image/jpeg"),)),
    ),
    (
        "two pictures, though one is announced",
        {**WHATSAPP, "NumMedia": "1", "MessageType": "image", "MediaUrl0": MEDIA, "MediaContentType0": "image/jpeg",
         "MediaUrl1": MEDIA + "b", "MediaContentType1": "image/png"},
        expected(message_type="image", media=(MediaItem(MEDIA, "image/jpeg"), MediaItem(MEDIA + "b", "image/png"))),
    ),
    (
        "a count of media that is no number",
        {**WHATSAPP, "NumMedia": "banyak"},
        TEXT,
    ),
    (
        "voice note",
        {**without(WHATSAPP, "MessageType"), "Body": "", "NumMedia": "1", "MediaUrl0": MEDIA,
         "MediaContentType0": "audio/ogg"},
        expected(body="", message_type="audio", media=(MediaItem(MEDIA, "audio/ogg"),)),
    ),
    (
        "file",
        {**without(WHATSAPP, "MessageType"), "Body": "buku.pdf", "NumMedia": "1", "MediaUrl0": MEDIA,
         "MediaContentType0": "application/pdf"},
        expected(body="buku.pdf", message_type="document", media=(MediaItem(MEDIA, "application/pdf"),)),
    ),
    (
        "location",
        {**WHATSAPP, "Body": "", "MessageType": "location", "Latitude": "-6.9147", "Longitude": "107.6098",
         "Address": "Bandung", "Label": "Posyandu"},
        expected(body="", message_type="location", latitude=-6.9147, longitude=107.6098),
    ),
    (
        "location without MessageType",
        {**without(WHATSAPP, "MessageType"), "Body": "", "Latitude": "-6.9", "Longitude": "107.6"},
        expected(body="", message_type="location", latitude=-6.9, longitude=107.6),
    ),
    (
        "a place that is not on earth",
        {**WHATSAPP, "Latitude": "nan", "Longitude": "1e9"},
        TEXT,
    ),
    (
        "a place beyond the pole",
        {**WHATSAPP, "Latitude": "-90.1", "Longitude": "0"},
        TEXT,
    ),
    (
        "a template's button",
        {**WHATSAPP, "MessageType": "button", "Body": "Setuju", "ButtonText": "Setuju", "ButtonPayload": "setuju"},
        expected(body="Setuju", message_type="button", button_payload="setuju"),
    ),
    (
        "an in-session button",
        {**WHATSAPP, "MessageType": "interactive", "Body": "Konfirmasi", "ButtonText": "Konfirmasi",
         "ButtonPayload": "konfirmasi"},
        expected(body="Konfirmasi", message_type="interactive", button_payload="konfirmasi"),
    ),
    (
        "a list item",
        {**WHATSAPP, "MessageType": "interactive", "Body": "Jadwal", "ListId": "jadwal", "ListTitle": "Jadwal"},
        expected(body="Jadwal", message_type="interactive", button_payload="jadwal"),
    ),
    (
        "somebody who hides the number has an id and no phone",
        {**without(WHATSAPP, "WaId"), "From": f"whatsapp:{HIDDEN_ID}"},
        expected(from_address=HIDDEN_ID, phone=None),
    ),
    (
        "digits in WaId make no phone of a hidden number",
        {**WHATSAPP, "From": f"whatsapp:{HIDDEN_ID}", "WaId": "13491208655302"},
        expected(from_address=HIDDEN_ID, phone=None),
    ),
    ("a number that lost its plus", {**WHATSAPP, "From": "whatsapp:6281234567890"}, TEXT),
    ("a prefix in capitals", {**WHATSAPP, "From": f"WhatsApp:{MOTHER}"}, TEXT),
    (
        "stop, answered by the provider already",
        {**SMS, "Body": "STOP", "OptOutType": "STOP"},
        InboundForm(SID, Channel.SMS, MOTHER, BOT, "STOP", opt_out_type="STOP", phone=MOTHER),
    ),
    (
        "an opt-out type nobody knows",
        {**SMS, "OptOutType": "SOMETHING-LONG-AND-NEW"},
        InboundForm(SID, Channel.SMS, MOTHER, BOT, "Halo", phone=MOTHER),
    ),
    ("SMS", SMS, InboundForm(SID, Channel.SMS, MOTHER, BOT, "Halo", phone=MOTHER)),
    (
        "SMS from a name",
        {**SMS, "From": "TELKOMSEL"},
        InboundForm(SID, Channel.SMS, "TELKOMSEL", BOT, "Halo"),
    ),
    ("only the older name of the id", without(WHATSAPP, "MessageSid"), TEXT),
    ("a parameter of tomorrow", {**WHATSAPP, "Mood": "senang"}, TEXT),
    (
        "text with plus, ampersand, emoji and newline",
        {**WHATSAPP, "Body": "1+1 & 2=2\n\U0001f600 ya%20"},
        expected(body="1+1 & 2=2\n\U0001f600 ya%20"),
    ),
    ("a NUL, which no database takes", {**WHATSAPP, "Body": "Ha\x00lo"}, TEXT),
    ("a blank profile name", {**WHATSAPP, "ProfileName": "  "}, expected(profile_name=None)),
    ("a profile name beyond all measure", {**WHATSAPP, "ProfileName": "A" * 500}, expected(profile_name="A" * 120)),
]  # fmt: skip


@pytest.mark.parametrize(("what", "form", "message"), FORMS, ids=[row[0] for row in FORMS])
def test_a_form_is_read_from_the_wire(what: str, form: dict[str, str], message: InboundForm) -> None:
    raw = urlencode(form).encode()
    assert parse_inbound(body_pairs(raw, FORM)) == message


BROKEN = [
    ("no id", without(WHATSAPP, "MessageSid", "SmsSid", "SmsMessageSid"), "MessageSid is missing"),
    ("a blank id", {**without(WHATSAPP, "SmsSid", "SmsMessageSid"), "MessageSid": " "}, "MessageSid is missing"),
    ("no sender", without(WHATSAPP, "From"), "From is missing"),
    ("a blank sender", {**WHATSAPP, "From": ""}, "From is missing"),
    ("a prefix and nothing", {**WHATSAPP, "From": "whatsapp:"}, "channel"),
    ("a channel we do not speak", {**WHATSAPP, "From": "messenger:1234"}, "channel"),
    ("an endless id", {**WHATSAPP, "MessageSid": "S" * 65}, "MessageSid is longer than 64"),
    ("an endless sender", {**WHATSAPP, "From": "whatsapp:" + "1" * 160}, "From is longer than 160"),
    ("nothing", {}, "From is missing"),
]


@pytest.mark.parametrize(("what", "form", "line"), BROKEN, ids=[row[0] for row in BROKEN])
def test_a_form_that_is_no_message_says_what_is_wrong(what: str, form: dict[str, str], line: str) -> None:
    with pytest.raises(FormError, match=line):
        parse_inbound(list(form.items()))


def test_of_a_repeated_parameter_the_first_value_counts() -> None:
    pairs = [*WHATSAPP.items(), ("Body", "lain"), ("From", "whatsapp:+6280000000000")]
    assert parse_inbound(pairs) == TEXT


STATUSES = [
    (
        "delivered",
        {"MessageSid": SID, "MessageStatus": "delivered", "SmsSid": SID, "SmsStatus": "delivered"},
        StatusForm(SID, "delivered", None, "o-1"),
    ),
    (
        "failed with a code",
        {"MessageSid": SID, "MessageStatus": "undelivered", "ErrorCode": "63016"},
        StatusForm(SID, "undelivered", "63016", "o-1"),
    ),
    ("older names", {"SmsSid": SID, "SmsStatus": "sent"}, StatusForm(SID, "sent", None, "o-1")),
    (
        "a blank code",
        {"MessageSid": SID, "MessageStatus": "read", "ErrorCode": ""},
        StatusForm(SID, "read", None, "o-1"),
    ),
    ("capitals", {"MessageSid": SID, "MessageStatus": "Delivered"}, StatusForm(SID, "delivered", None, "o-1")),
]


@pytest.mark.parametrize(("what", "form", "status"), STATUSES, ids=[row[0] for row in STATUSES])
def test_a_status_callback_is_read(what: str, form: dict[str, str], status: StatusForm) -> None:
    assert parse_status(list(form.items()), "o-1") == status


def test_a_status_callback_may_lack_our_own_id() -> None:
    form = [("MessageSid", SID), ("MessageStatus", "sent")]
    assert parse_status(form, None).outbox_id is None
    assert parse_status(form, " ").outbox_id is None


@pytest.mark.parametrize("missing", ["MessageSid", "MessageStatus"])
def test_a_status_callback_without_id_or_status_says_so(missing: str) -> None:
    form = without({"MessageSid": SID, "MessageStatus": "sent"}, missing)
    with pytest.raises(FormError, match=f"{missing} is missing"):
        parse_status(list(form.items()), "o-1")


# ---------------------------------------------------------------- signatures


class Repeated(dict[str, list[str]]):
    def getlist(self, name: str) -> list[str]:
        return self[name]


def sign(form: dict[str, str], url: str = PUBLIC + PATH, token: str = TOKEN) -> dict[str, str]:
    return {"X-Twilio-Signature": RequestValidator(token).compute_signature(url, form)}


def check(
    headers: dict[str, str], raw: bytes, *, path: str = PATH, public: str = PUBLIC, content_type: str | None = FORM
) -> bool:
    return verify(TOKEN, public, path, headers, raw, content_type)


@pytest.mark.parametrize(("what", "form", "_message"), FORMS, ids=[row[0] for row in FORMS])
def test_what_twilio_signed_is_accepted(what: str, form: dict[str, str], _message: InboundForm) -> None:
    assert check(sign(form), urlencode(form).encode())


def test_twilios_published_example_is_accepted() -> None:
    form = {
        "CallSid": "CA1234567890ABCDE",
        "Caller": "+14158675309",
        "Digits": "1234",
        "From": "+14158675309",
        "To": "+18005551212",
    }
    headers = {"X-Twilio-Signature": "RSOYDt4T1cUTdK1PDd93/VVr8B8="}
    assert verify("12345", "https://mycompany.com", "/myapp.php?foo=1&bar=2", headers, urlencode(form).encode(), FORM)


def test_blank_values_count() -> None:
    photo = {**WHATSAPP, "Body": ""}
    assert check(sign(photo), urlencode(photo).encode())
    assert not check(sign(without(photo, "Body")), urlencode(photo).encode())


def test_the_order_of_parameters_does_not_matter() -> None:
    assert check(sign(WHATSAPP), urlencode(dict(reversed(WHATSAPP.items()))).encode())


def test_spaces_may_be_written_as_plus_or_as_percent_20() -> None:
    form = {**WHATSAPP, "Body": "anak saya + adiknya"}
    assert check(sign(form), urlencode(form).encode())
    assert check(sign(form), urlencode(form, quote_via=quote).encode())


def test_the_name_of_the_header_may_be_in_small_letters() -> None:
    headers = {name.lower(): value for name, value in sign(WHATSAPP).items()}
    assert check(headers, urlencode(WHATSAPP).encode())


def test_a_default_port_in_the_signed_address_is_forgiven() -> None:
    assert check(sign(WHATSAPP, "https://sapa.example:443" + PATH), urlencode(WHATSAPP).encode())


def test_a_query_is_part_of_what_was_signed() -> None:
    status = PATH + "/status?ref=o-1"
    assert check(sign(SMS, PUBLIC + status), urlencode(SMS).encode(), path=status)
    assert not check(sign(SMS, PUBLIC + status), urlencode(SMS).encode(), path=PATH + "/status?ref=o-2")
    assert not check(sign(SMS, PUBLIC + PATH + "/status"), urlencode(SMS).encode(), path=status)


def test_a_public_address_below_a_path_is_kept() -> None:
    assert check(sign(SMS, "https://x.example/sapa" + PATH), urlencode(SMS).encode(), public="https://x.example/sapa/")


def test_repeated_parameters_are_signed_with_all_their_values() -> None:
    pairs = [("A", "1"), ("MessageSid", SID), ("A", "2"), ("A", "1")]
    values = Repeated({"A": ["1", "2"], "MessageSid": [SID]})
    raw = urlencode(pairs).encode()
    assert check(sign(values), raw)  # type: ignore[arg-type]
    assert not check(sign(dict(pairs)), raw)


RAW = urlencode(WHATSAPP).encode()
BAD = [
    ("wrong token", sign(WHATSAPP, token="another"), RAW),
    ("http for https", sign(WHATSAPP, "http://sapa.example" + PATH), RAW),
    ("a slash added", sign(WHATSAPP, PUBLIC + PATH + "/"), RAW),
    ("the fragment signed along", sign(WHATSAPP, PUBLIC + PATH + "#rc=3"), RAW),
    ("another port", sign(WHATSAPP, "https://sapa.example:8443" + PATH), RAW),
    ("another host", sign(WHATSAPP, "https://other.example" + PATH), RAW),
    ("the status webhook's address", sign(WHATSAPP, PUBLIC + PATH + "/status"), RAW),
    ("no header", {}, RAW),
    ("a blank header", {"X-Twilio-Signature": ""}, RAW),
    ("a header that is no signature", {"X-Twilio-Signature": "ä" * 28}, RAW),
    ("a body changed", sign(WHATSAPP), RAW.replace(b"Halo", b"Hola")),
    ("a parameter added", sign(WHATSAPP), RAW + b"&OptOutType=STOP"),
    ("a parameter repeated", sign(WHATSAPP), RAW + b"&Body=lain"),
    ("a parameter taken away", sign(WHATSAPP), urlencode(without(WHATSAPP, "Body")).encode()),
    ("no body", sign(WHATSAPP), b""),
    ("white space cut off", sign({**WHATSAPP, "Body": "Halo"}), urlencode({**WHATSAPP, "Body": "Halo "}).encode()),
]


@pytest.mark.parametrize(("what", "headers", "raw"), BAD, ids=[row[0] for row in BAD])
def test_what_twilio_did_not_sign_is_not_accepted(what: str, headers: dict[str, str], raw: bytes) -> None:
    assert check(sign(WHATSAPP), RAW)
    assert not check(headers, raw)


def test_without_a_token_nothing_is_accepted() -> None:
    assert not verify("", PUBLIC, PATH, sign(WHATSAPP, token=""), RAW, FORM)


def test_a_path_that_no_address_can_have_is_not_accepted() -> None:
    assert not verify(TOKEN, "https://[", PATH, sign(WHATSAPP), RAW, FORM)


def json_call(body: str, hashed: str | None = None) -> tuple[str, dict[str, str]]:
    """Path and headers of a signed JSON request: the address bears the body's hash and only it is signed."""
    path = f"{PATH}?bodySHA256={sha256((body if hashed is None else hashed).encode()).hexdigest()}"
    return path, {"X-Twilio-Signature": RequestValidator(TOKEN).compute_signature(PUBLIC + path, {})}


def test_signed_json_is_accepted_and_read() -> None:
    body = json.dumps({**WHATSAPP, "NumMedia": 0, "Context": {"a": 1}})
    path, headers = json_call(body)
    assert check(headers, body.encode(), path=path, content_type="application/json; charset=utf-8")
    assert parse_inbound(body_pairs(body.encode(), "application/json")) == TEXT


def test_json_that_was_tampered_with_or_has_no_hash_is_not_accepted() -> None:
    body = json.dumps(WHATSAPP)
    path, headers = json_call(body, hashed=json.dumps(SMS))
    assert not check(headers, body.encode(), path=path, content_type="application/json")
    assert not check(sign({}), body.encode(), content_type="application/json")
    path, headers = json_call(body)
    assert not check(headers, b"\xff" + body.encode(), path=path, content_type="application/json")


def test_the_signature_of_a_json_request_does_not_cover_a_form() -> None:
    path, headers = json_call("{}")
    assert not check(headers, RAW, path=path)


@pytest.mark.parametrize("body", ["", "[]", '"a"', "{", "[" * 60_000, "1" * 5_000, "null"])
def test_json_that_is_no_flat_object_says_so(body: str) -> None:
    with pytest.raises(FormError):
        body_pairs(body.encode(), "application/json")


def test_half_a_surrogate_pair_in_json_does_not_reach_a_database() -> None:
    body = json.dumps({**WHATSAPP, "Body": "x\ud800y"}).encode()
    assert parse_inbound(body_pairs(body, "application/json")).body == "x?y"


@pytest.mark.parametrize(
    ("header", "type_"),
    [(FORM, FORM), (f"{FORM}; charset=UTF-8", FORM), ("Application/JSON", "application/json"), (None, ""), ("", "")],
)
def test_the_media_type_is_read_without_its_parameters(header: str | None, type_: str) -> None:
    assert media_type(header) == type_


# ---------------------------------------------------------------- anything at all

names = st.sampled_from([*WHATSAPP, "MediaUrl0", "Latitude", "Longitude", "OptOutType", "ListId"]) | st.text(max_size=5)
forms = st.lists(st.tuples(names, st.text(max_size=30)), max_size=20)


@given(forms)
def test_any_signed_form_survives_the_wire_and_is_read_or_refused(pairs: list[tuple[str, str]]) -> None:
    raw = urlencode(pairs).encode()
    values = Repeated()
    for name, value in form_pairs(raw):
        values.setdefault(name, []).append(value)
    assert check(sign(values), raw)  # type: ignore[arg-type]
    try:
        message = parse_inbound(form_pairs(raw))
    except FormError:
        return
    assert message.provider_sid and message.from_address
    assert message.phone is None or message.phone == message.from_address
    assert "\x00" not in message.body


@given(st.binary(max_size=300), st.binary(max_size=40), st.sampled_from([FORM, "application/json", None, "text/html"]))
def test_no_random_bytes_are_ever_accepted_and_none_raise(raw: bytes, signature: bytes, kind: str | None) -> None:
    headers = {"X-Twilio-Signature": signature.decode("latin-1")}
    assert not check(headers, raw, content_type=kind)
