"""What we post to Twilio, and what must not leave the house because Twilio or Meta would refuse it.

Pure: a request and the settings in, a form or a refusal out. A refusal bears the code Twilio would give, where there
is one, and a name of our own where there is none.
"""

from __future__ import annotations

import json
import mimetypes
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit, urlunsplit

from sapa.gateways.twilio_errors import outcome_of_code
from sapa.messaging.sms import gsm7_unsupported, sms_parts
from sapa.messaging.states import Channel
from sapa.services.records import Refused, SendRequest
from sapa.settings import TwilioSettings

MAX_BODY = 1600  # characters, on every channel (Twilio error 21617)
MAX_TEMPLATE = 1024  # characters of a template with its values (Meta; Twilio error 63021)
MAX_SMS_PARTS = 2  # what a family's phone shows in one piece, and what we pay for at most
MAX_MEDIA = 10  # of one message
# A message may be left with Twilio for no less and no more than this.
SOONEST, LATEST = timedelta(minutes=5), timedelta(days=35)

_PHONE = re.compile(r"\+[1-9][0-9]{6,14}")
_HIDDEN = re.compile(r"[A-Z]{2}\.[A-Za-z0-9.]{1,128}")  # WhatsApp's id of a user who hides the number
_CONTENT_SID = re.compile(r"HX[0-9a-fA-F]{32}")
_SERVICE_SID = re.compile(r"MG[0-9a-fA-F]{32}")
_SENDER_NAME = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9 ]{1,11}")  # an SMS sender may be a name
# What WhatsApp shows. An address without an ending says nothing about its type and passes.
_MEDIA_TYPES = re.compile(
    r"image/(jpeg|png|webp)|audio/(ogg|amr|3gpp|aac|x-aac|mpeg|mp4)|video/(mp4|3gpp)|application/pdf"
    r"|application/(msword|vnd\.(ms-|openxmlformats-officedocument).*)"
)


def wire_address(channel: Channel, address: str) -> str | None:
    """The address as Twilio wants it ("whatsapp:+62..." or "+62..."), None if nobody can be reached there.

    Indonesian numbers in their local forms (08..., 62...) are made international.
    """
    value = address.strip().removeprefix("whatsapp:")
    if channel is Channel.WHATSAPP and _HIDDEN.fullmatch(value):
        return f"whatsapp:{value}"
    number = re.sub(r"[\s().-]", "", value)
    if number.startswith("08"):
        number = "+62" + number[1:]
    elif number.startswith("62"):
        number = "+" + number
    if not _PHONE.fullmatch(number):
        return None
    return f"whatsapp:{number}" if channel is Channel.WHATSAPP else number


def sender(channel: Channel, settings: TwilioSettings) -> dict[str, str]:
    """The sender's own address where there is one, else the messaging service; nothing where neither can be right."""
    own = settings.whatsapp_from if channel is Channel.WHATSAPP else settings.sms_from
    if own:
        address = wire_address(channel, own)
        if address is None and channel is Channel.SMS and _SENDER_NAME.fullmatch(own):
            address = own
        return {"from_": address} if address else {}
    service = settings.messaging_service_sid
    return {"messaging_service_sid": service} if service and _SERVICE_SID.fullmatch(service) else {}


def problem(request: SendRequest, settings: TwilioSettings, now: datetime) -> Refused | None:
    """Why this request must not leave the house."""
    if wire_address(request.channel, request.to) is None:
        return _refused("21211")
    found = (
        _wrong_content(request)
        or _wrong_template(request)
        or _wrong_media(request, https=settings.api_url is None)
        or _wrong_time(request, settings, now)
    )
    if found is not None:
        return _refused(found)
    if not sender(request.channel, settings):
        return _refused("63007" if request.channel is Channel.WHATSAPP else "21606", request.channel)
    return None


def form(request: SendRequest, settings: TwilioSettings, status_callback_url: str) -> dict[str, Any]:
    """The form of the request, in the words of the SDK. Only for a request without a problem."""
    to = wire_address(request.channel, request.to)
    made: dict[str, Any] = {"to": to, "status_callback": callback(status_callback_url, request.outbox_id)}
    made |= sender(request.channel, settings)
    if request.content_sid:
        made["content_sid"] = request.content_sid
        if request.content_variables:
            made["content_variables"] = json.dumps(_values(request.content_variables), ensure_ascii=False)
    elif request.text:
        made["body"] = request.text
    if request.media_urls and not request.content_sid:
        made["media_url"] = list(request.media_urls)
    if request.send_at is not None:
        made["messaging_service_sid"] = settings.messaging_service_sid
        made["schedule_type"] = "fixed"
        # A text, because the SDK prints a datetime's own hours behind a "Z", whatever its zone.
        made["send_at"] = request.send_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return made


def callback(status_callback_url: str, outbox_id: str) -> str:
    """The address of the status webhook with our own id in its query; a fragment (connection overrides) is kept."""
    parts = urlsplit(status_callback_url)
    query = "&".join(filter(None, (parts.query, urlencode({"ref": outbox_id}))))
    return urlunsplit(parts._replace(query=query))


def is_web_address(url: str, *, https: bool = False) -> bool:
    """Whether this can be fetched from the web; with `https` nothing less will do."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    allowed = ("https",) if https else ("http", "https")
    return parts.scheme in allowed and bool(parts.hostname) and not re.search(r"\s", url)


def _refused(name: str, channel: Channel = Channel.WHATSAPP) -> Refused:
    known = outcome_of_code(int(name), channel) if name.isdigit() else None
    return known if isinstance(known, Refused) else Refused(name, None, alert=True)


def _wrong_content(request: SendRequest) -> str | None:
    text = request.text or ""
    if request.text and request.content_sid:
        return "text_and_template"
    if not (text.strip() or request.content_sid or request.media_urls):
        return "21619"
    if not _is_unicode(text):
        return "text_unreadable"
    if len(text) > MAX_BODY:
        return "21617"
    if request.channel is Channel.SMS and text:
        if gsm7_unsupported(text):
            return "sms_not_gsm7"
        if sms_parts(text) > MAX_SMS_PARTS:
            return "sms_too_long"
    return None


def _wrong_template(request: SendRequest) -> str | None:
    if request.content_sid is None:
        return "21655" if request.content_variables else None
    if not _CONTENT_SID.fullmatch(request.content_sid):
        return "21655"
    values = _values(request.content_variables)
    in_sequence = {str(number) for number in range(1, len(values) + 1)}
    if set(values) != in_sequence or not all(values.values()) or not all(map(_is_unicode, values.values())):
        return "21656"
    return "63021" if sum(map(len, values.values())) > MAX_TEMPLATE else None


def _wrong_media(request: SendRequest, *, https: bool) -> str | None:
    if len(request.media_urls) > MAX_MEDIA:
        return "too_many_media"
    for url in request.media_urls:
        if not (_is_unicode(url) and is_web_address(url, https=https)):
            return "21620"
        guessed, _ = mimetypes.guess_type(urlsplit(url).path)
        if guessed is not None and not _MEDIA_TYPES.fullmatch(guessed):
            return "media_type"
    return None


def _wrong_time(request: SendRequest, settings: TwilioSettings, now: datetime) -> str | None:
    if request.send_at is None:
        return None
    if not (settings.messaging_service_sid and _SERVICE_SID.fullmatch(settings.messaging_service_sid)):
        # Without a service Twilio would drop the time and send at once.
        return "35118"
    if request.send_at.tzinfo is None or not SOONEST < request.send_at - now <= LATEST:
        return "35114"
    return None


def _values(variables: Mapping[str, str]) -> dict[str, str]:
    """The values in one line each: WhatsApp refuses one with a newline or more than four spaces in a row (63013)."""
    return {str(name): " ".join(str(value).split()) for name, value in variables.items()}


def _is_unicode(text: str) -> bool:
    """Whether it can be put into bytes: half a surrogate pair cannot."""
    return not re.search(r"[\ud800-\udfff]", text)
