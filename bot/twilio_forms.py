"""Twilio's webhook requests, read: the signature, then the form. Pure: bytes and text in, values out.

Two traps shape this module. An empty parameter (`Body=` of a photo without a caption) counts in the signature, so
blank values must be kept; and the signature covers the address as Twilio called it, so that address comes from our
configuration, never from a request's headers, which a proxy or a stranger may have written.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from urllib.parse import parse_qsl

from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]

from sapa.messaging.states import Channel
from sapa.messaging.wire import UnknownChannel, phone_of, read_address, type_of_media
from sapa.services.records import InboundForm, MediaItem, StatusForm

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"
SIGNATURE_HEADER = "x-twilio-signature"

Pairs = list[tuple[str, str]]

MAX_FIELDS = 500  # Twilio's longest requests have some 60
MAX_MEDIA = 10  # Twilio's own limit in one message
_OPT_OUT_TYPES = frozenset({"START", "STOP", "HELP"})


class FormError(ValueError):
    """A signed request that is not a message: the text says what is missing, and quotes nothing of it."""


class _Parameters(dict[str, list[str]]):
    """Parameters as the validator asks for them: every value of a repeated name."""

    def getlist(self, name: str) -> list[str]:
        return self[name]


def media_type(content_type: str | None) -> str:
    """`text/html; charset=x` -> `text/html`."""
    return (content_type or "").partition(";")[0].strip().lower()


def form_pairs(raw_body: bytes) -> Pairs:
    """The urlencoded body as name and value in their order, blank values kept. Never raises."""
    return parse_qsl(raw_body.decode("utf-8", "replace"), keep_blank_values=True)


def verify(
    token: str,
    public_url: str,
    path_and_query: str,
    headers: Mapping[str, str],
    raw_body: bytes,
    content_type: str | None,
) -> bool:
    """Whether Twilio (or our simulator) signed this request with `token`. Anything odd at all is False.

    A form is signed over the address and every parameter; JSON over an address that bears the body's hash.
    """
    signature = next((value for name, value in headers.items() if name.lower() == SIGNATURE_HEADER), "")
    if not (token and signature):
        return False
    url = public_url.rstrip("/") + path_and_query
    try:
        if media_type(content_type) == JSON:
            # Text without a hash in the address makes the validator raise: nothing would cover the body.
            return bool(RequestValidator(token).validate(url, raw_body.decode("utf-8"), signature))
        parameters = _Parameters()
        for name, value in form_pairs(raw_body):
            parameters.setdefault(name, []).append(value)
        return bool(RequestValidator(token).validate(url, parameters, signature))
    except Exception:  # The validator raises on much that is merely wrong; a stranger must never cause a 500.
        return False


def body_pairs(raw_body: bytes, content_type: str | None) -> Pairs:
    """The parameters of a verified request, form or JSON. Raises FormError if the JSON is not a flat object."""
    if media_type(content_type) != JSON:
        return form_pairs(raw_body)
    try:
        parsed = json.loads(raw_body)
    except (ValueError, RecursionError):
        raise FormError("the JSON body cannot be read") from None
    if not isinstance(parsed, dict):
        raise FormError("the JSON body is not an object")
    return [(name, str(value)) for name, value in parsed.items() if isinstance(value, (str, int, float))]


def parse_inbound(params: Sequence[tuple[str, str]]) -> InboundForm:
    """A message from somebody. Parameters we do not know are passed over: Twilio adds new ones without notice.

    Raises FormError where the message has no id or no sender, or comes by a channel we do not speak.
    """
    given = _first_values(params)
    channel, from_address = _address(_needed(given, "From", 160))
    _, to_address = _address(given.get("To", "")[:160])
    media = _media(given)
    latitude, longitude = _location(given)
    return InboundForm(
        provider_sid=_needed(given, "MessageSid", 64, "SmsSid", "SmsMessageSid"),
        channel=channel,
        from_address=from_address,
        to_address=to_address,
        body=given.get("Body", ""),
        message_type=_message_type(given, media, latitude),
        button_payload=given.get("ButtonPayload") or given.get("ListId") or None,
        opt_out_type=_opt_out_type(given),
        profile_name=given.get("ProfileName", "").strip()[:120] or None,
        media=media,
        latitude=latitude,
        longitude=longitude,
        # Not from WaId: for somebody who hides the number nobody promises that it is one.
        phone=phone_of(from_address),
    )


def parse_status(params: Sequence[tuple[str, str]], ref: str | None) -> StatusForm:
    """The fate of a message of ours; `ref` is our own id from the callback's address.

    Raises FormError where the message's id or its status is missing.
    """
    given = _first_values(params)
    return StatusForm(
        provider_sid=_needed(given, "MessageSid", 64, "SmsSid"),
        status=_needed(given, "MessageStatus", 24, "SmsStatus").lower(),
        error_code=given.get("ErrorCode", "").strip()[:16] or None,
        outbox_id=_clean(ref or "").strip()[:64] or None,
    )


def _first_values(params: Sequence[tuple[str, str]]) -> dict[str, str]:
    """One value per name: the first. A database cannot hold NUL or half a surrogate pair, so they go here."""
    given: dict[str, str] = {}
    for name, value in params:
        given.setdefault(name, _clean(value))
    return given


def _clean(text: str) -> str:
    return text.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")


def _needed(given: Mapping[str, str], name: str, longest: int, *other_names: str) -> str:
    value = next((given[key].strip() for key in (name, *other_names) if given.get(key, "").strip()), "")
    if not value:
        raise FormError(f"{name} is missing")
    if len(value) > longest:
        raise FormError(f"{name} is longer than {longest} characters")
    return value


def _address(value: str) -> tuple[Channel, str]:
    try:
        return read_address(value)
    except UnknownChannel as error:
        raise FormError(str(error)) from error


def _media(given: Mapping[str, str]) -> tuple[MediaItem, ...]:
    """What is there counts, not the number announced in NumMedia."""
    return tuple(
        MediaItem(given[f"MediaUrl{n}"], given.get(f"MediaContentType{n}", "").strip().lower())
        for n in range(MAX_MEDIA)
        if given.get(f"MediaUrl{n}")
    )


def _location(given: Mapping[str, str]) -> tuple[float | None, float | None]:
    """Degrees, both or neither."""
    try:
        latitude, longitude = float(given["Latitude"]), float(given["Longitude"])
    except (KeyError, ValueError):
        return None, None
    # The comparison also turns away "nan" and "inf".
    on_earth = -90 <= latitude <= 90 and -180 <= longitude <= 180
    return (latitude, longitude) if on_earth else (None, None)


def _message_type(given: Mapping[str, str], media: Sequence[MediaItem], latitude: float | None) -> str:
    """Twilio's word, or for the requests that lack it (SMS, older senders) what the other parameters show."""
    said = given.get("MessageType", "").strip().lower()
    if said:
        return said[:32]
    if media:
        return type_of_media([item.content_type for item in media])
    if latitude is not None:
        return "location"
    if given.get("ButtonPayload"):
        return "button"
    return "interactive" if given.get("ListId") else "text"


def _opt_out_type(given: Mapping[str, str]) -> str | None:
    said = given.get("OptOutType", "").strip().upper()
    return said if said in _OPT_OUT_TYPES else None
