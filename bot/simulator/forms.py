"""The webhook forms of Twilio, made and signed as Twilio makes and signs them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]

from bot.simulator.host import STATUS_PATH
from sapa.settings import Settings

ACCOUNT_SID = "AC" + "0" * 32
API_VERSION = "2010-04-01"


@dataclass(frozen=True)
class Sample:
    """Something that can be attached: the type word Twilio uses and the file that stands for it."""

    message_type: str
    file: str | None = None
    content_type: str | None = None


SAMPLES = {
    "image": Sample("image", "foto.png", "image/png"),
    "voice": Sample("audio", "suara.ogg", "audio/ogg"),
    "sticker": Sample("sticker", "stiker.webp", "image/webp"),
    "location": Sample("location"),
}
LOCATION = {"Latitude": "-6.9147", "Longitude": "107.6098"}


@dataclass(frozen=True)
class Typed:
    """What somebody did on a simulated phone: wrote, tapped a button (`payload`) or attached something (`media`)."""

    phone: str
    channel: str
    name: str
    text: str
    payload: str | None = None
    media: str | None = None


def inbound_form(settings: Settings, typed: Typed, sid: str) -> dict[str, str]:
    """The form Twilio posts for an inbound message."""
    whatsapp = typed.channel == "whatsapp"
    sample = SAMPLES[typed.media] if typed.media else None
    form = {
        "SmsMessageSid": sid,
        "NumMedia": "1" if sample and sample.file else "0",
        "SmsSid": sid,
        "SmsStatus": "received",
        "Body": typed.text,
        "To": _address(_international(settings.bot_whatsapp), whatsapp),
        "NumSegments": "1",
        "MessageSid": sid,
        "AccountSid": ACCOUNT_SID,
        "From": _address(typed.phone, whatsapp),
        "ApiVersion": API_VERSION,
    }
    if sample and sample.file and sample.content_type:
        form["MediaUrl0"] = f"{settings.public_url}{media_path(sample.file)}"
        form["MediaContentType0"] = sample.content_type
    if whatsapp:
        form |= {"ProfileName": typed.name, "WaId": typed.phone.removeprefix("+"), "MessageType": "text"}
        if sample:
            form["MessageType"] = sample.message_type
        if typed.payload is not None:
            form |= {"MessageType": "button", "ButtonText": typed.text, "ButtonPayload": typed.payload}
        if typed.media == "location":
            form |= LOCATION
    return form


def status_form(message: Any, status: str) -> dict[str, str]:
    """The form Twilio posts when an outbound message has moved on."""
    whatsapp = message.channel == "whatsapp"
    form = {
        "SmsSid": message.sid,
        "SmsStatus": status,
        "MessageStatus": status,
        "To": _address(message.phone, whatsapp),
        "MessageSid": message.sid,
        "AccountSid": ACCOUNT_SID,
        "ApiVersion": API_VERSION,
    }
    if whatsapp:
        form |= {"ChannelPrefix": "whatsapp", "EventType": status.upper()}
    return form


def status_path(message: Any) -> str:
    """Path and query of the status callback: the query carries our own id, for callbacks faster than our commit."""
    return f"{STATUS_PATH}?ref={message.outbox_id}" if message.outbox_id else STATUS_PATH


def signed_headers(settings: Settings, path: str, form: Mapping[str, str]) -> dict[str, str]:
    """The headers of a post to `path`; the signature covers the public address, not the one really called."""
    signature = RequestValidator(settings.webhook_token).compute_signature(settings.public_url + path, dict(form))
    return {"X-Twilio-Signature": signature, "User-Agent": "TwilioProxy/1.1 (simulator)"}


def media_path(file: str) -> str:
    """Where a sample file is served."""
    return f"/simulator/media/{file}"


def _address(number: str, whatsapp: bool) -> str:
    return f"whatsapp:{number}" if whatsapp else number


def _international(number: str) -> str:
    """`0811-0000-000` as `+628110000000`."""
    digits = "".join(character for character in number if character.isdigit())
    return "+62" + digits[1:] if digits.startswith("0") else "+" + digits
