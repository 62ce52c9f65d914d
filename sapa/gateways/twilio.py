"""Twilio as a gateway: one POST per try, and every fate of it as a value.

Creating a message at Twilio has no idempotency key. So this client never repeats a POST by itself: what was surely
not sent comes back as Refused, what may have been sent as Unclear, and `lookup` asks Twilio which of the two it was.
The synchronous client is used on purpose (call it in a thread): Twilio's asynchronous one ignores its timeout and
repeats POSTs on 503.
"""

from __future__ import annotations

import json
import logging
import re
import ssl
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit, urlunsplit

import requests
import urllib3.exceptions
from twilio.base.exceptions import TwilioException  # type: ignore[import-untyped]
from twilio.http import HttpClient  # type: ignore[import-untyped]
from twilio.http.http_client import TwilioHttpClient  # type: ignore[import-untyped]
from twilio.rest import Client  # type: ignore[import-untyped]

from sapa.gateways.twilio_errors import not_sent, outcome_of_answer, outcome_of_code
from sapa.messaging.states import Channel
from sapa.services.records import (
    CannotTell,
    Found,
    LookupOutcome,
    OutboxMessage,
    Refused,
    SendOutcome,
    SendRequest,
    Sent,
    SurelyAbsent,
    Unclear,
)
from sapa.settings import TwilioSettings

MAX_BODY = 1600  # characters, on every channel (Twilio error 21617)
TIMEOUT_S = 10.0  # to connect, and again between two bytes of the answer

_PHONE = re.compile(r"\+[1-9][0-9]{6,14}")
_HIDDEN = re.compile(r"[A-Z]{2}\.[A-Za-z0-9.]{1,128}")  # WhatsApp's id of a user who hides the number
_CONTENT_SID = re.compile(r"HX[0-9a-fA-F]{32}")
# Twilio's clock and ours differ a little, and its times have no fractions.
_CLOCK_MARGIN = timedelta(minutes=5)
_LOOKUP_LIMIT = 100
_TRIAL = "Sent from your Twilio trial account - "  # what a trial account puts before every text

# Twilio's client logs every address at INFO; nothing of it may reach a log.
_silent = logging.getLogger("sapa.gateways.twilio.http")
_silent.setLevel(logging.CRITICAL)


class TwilioGateway:
    """Implements sapa.services.ports.Gateway.

    `status_callback_url` is the full public address of the status webhook; each message adds `ref=<outbox id>` to its
    query, so that a callback is understood even before the provider's id has been noted. A fragment (Twilio's
    connection overrides, never signed) is kept. `taken` says whether a provider id already belongs to a message of
    ours: two equal texts to one person must not be mistaken for one another in `lookup`.
    """

    name = "twilio"

    def __init__(
        self,
        settings: TwilioSettings,
        status_callback_url: str,
        *,
        http_client: HttpClient | None = None,
        taken: Callable[[str], bool] | None = None,
    ) -> None:
        self._settings = settings
        self._status_callback_url = status_callback_url
        self._taken = taken or (lambda _sid: False)
        self._client = Client(
            settings.account_sid,
            settings.auth_token,
            http_client=http_client or TwilioHttpClient(timeout=TIMEOUT_S, logger=_silent),
            # A mapping that is not empty keeps the client from reading the process environment.
            environment={"TWILIO_EDGE": "", "TWILIO_REGION": ""},
        )

    def send(self, request: SendRequest) -> SendOutcome:
        """Ask Twilio once to send this message."""
        problem = self._problem(request)
        if problem is not None:
            return problem
        try:
            message = self._client.messages.create(**self._form(request))
        except Exception as error:  # Whatever broke after the request left must not look like "not sent".
            return _outcome_of_error(error)
        return Sent(message.sid) if message.sid else Unclear("no_sid")

    def lookup(self, message: OutboxMessage) -> LookupOutcome:
        """Ask Twilio whether it has this message. Ask no earlier than a minute or two after the try: a message that
        Twilio is still taking in is not listed yet.

        Found: the id noted for it, or the one outbound message to this person since it was queued that bears the same
        text and is no other message of ours. SurelyAbsent: the list is complete and nothing in it could be ours.
        """
        to = wire_address(message.channel, message.to)
        if to is None:
            return SurelyAbsent()
        try:
            if message.provider_sid is not None:
                known = self._client.messages(message.provider_sid).fetch()
                return Found(message.provider_sid, str(known.status))
            # By recipient only: a filter on the date of sending could hide what is still queued and has none.
            listed = self._client.messages.list(to=to, limit=_LOOKUP_LIMIT, page_size=_LOOKUP_LIMIT)
        except Exception:
            return CannotTell()
        since = message.created_at - _CLOCK_MARGIN
        # By id: while messages come in, a page may repeat the end of the page before.
        candidates = {item.sid: item for item in listed if _outbound_since(item, since) and not self._taken(item.sid)}
        return _decide(
            message, list(candidates.values()), complete=len(listed) < _LOOKUP_LIMIT or _reaches(listed, since)
        )

    def _problem(self, request: SendRequest) -> Refused | None:
        """Why this request must not leave the house, under the code Twilio would refuse it with."""
        if wire_address(request.channel, request.to) is None:
            return _refused(21211)
        if request.content_sid is not None and not _CONTENT_SID.fullmatch(request.content_sid):
            return _refused(21655)
        if not (request.text or request.content_sid or request.media_urls):
            return _refused(21619)
        if request.text and len(request.text) > MAX_BODY:
            return _refused(21617)
        if not all(_is_web_address(url) for url in request.media_urls):
            return _refused(21620)
        if not self._sender(request.channel):
            # No sender for this channel is set: waiting would not bring one.
            return Refused("21606", None, alert=True)
        return None

    def _form(self, request: SendRequest) -> dict[str, Any]:
        form: dict[str, Any] = {
            "to": wire_address(request.channel, request.to),
            "status_callback": self._callback(request.outbox_id),
            **self._sender(request.channel),
        }
        if request.content_sid:
            form["content_sid"] = request.content_sid
            if request.content_variables:
                form["content_variables"] = _variables(request.content_variables.items())
        elif request.text:
            form["body"] = request.text
        if request.media_urls and not request.content_sid:
            form["media_url"] = list(request.media_urls)
        return form

    def _sender(self, channel: Channel) -> dict[str, str]:
        """The sender's own address where there is one, else the messaging service, else nothing."""
        own = self._settings.whatsapp_from if channel is Channel.WHATSAPP else self._settings.sms_from
        if own:
            # An SMS sender may be a name (alphanumeric id), so only WhatsApp's must be a number.
            return {"from_": (channel is Channel.WHATSAPP and wire_address(channel, own)) or own}
        if self._settings.messaging_service_sid:
            return {"messaging_service_sid": self._settings.messaging_service_sid}
        return {}

    def _callback(self, outbox_id: str) -> str:
        parts = urlsplit(self._status_callback_url)
        query = "&".join(filter(None, (parts.query, urlencode({"ref": outbox_id}))))
        return urlunsplit(parts._replace(query=query))


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


def _refused(code: int) -> Refused:
    outcome = outcome_of_code(code)
    assert isinstance(outcome, Refused)
    return outcome


def _variables(pairs: Iterable[tuple[str, str]]) -> str:
    """ContentVariables. WhatsApp refuses a value with a newline or more than four spaces in a row (63013)."""
    return json.dumps({name: " ".join(str(value).split()) for name, value in pairs}, ensure_ascii=False)


def _is_web_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname) and not re.search(r"\s", url)


def _outcome_of_error(error: Exception) -> SendOutcome:
    """Twilio's own error answers by their code; the network's by whether the request can have left."""
    if isinstance(error, TwilioException):
        # Two unrelated classes carry status and code: the classic error and the newer "problem" form.
        status, code = getattr(error, "status", None), getattr(error, "code", None)
        if isinstance(status, int):
            return outcome_of_answer(status, code if isinstance(code, int) else None)
        return Unclear("unreadable_answer")
    if _never_connected(error):
        return not_sent("connect_failed")
    if isinstance(error, requests.exceptions.Timeout):
        return Unclear("timeout")
    if isinstance(error, requests.exceptions.RequestException):
        return Unclear("connection_broken")
    return Unclear("unreadable_answer")


def _never_connected(error: Exception) -> bool:
    """Whether the network failed before one byte of the request could leave."""
    if isinstance(error, (requests.exceptions.ConnectTimeout, requests.exceptions.ProxyError)):
        return True
    reason = getattr(error.args[0] if error.args else None, "reason", None)
    if isinstance(error, requests.exceptions.SSLError):
        # A certificate is judged in the handshake; other TLS trouble may come in the middle of an answer.
        return any(isinstance(cause, ssl.SSLCertVerificationError) for cause in getattr(reason, "args", ()))
    return isinstance(reason, urllib3.exceptions.NewConnectionError)


def _outbound_since(item: Any, since: datetime) -> bool:
    if not str(item.direction or "").startswith("outbound"):
        return False
    return not isinstance(item.date_created, datetime) or item.date_created >= since


def _reaches(listed: list[Any], since: datetime) -> bool:
    """Whether the list (newest first) goes back far enough to hold everything since `since`."""
    oldest = listed[-1].date_created
    return isinstance(oldest, datetime) and oldest < since


def _decide(message: OutboxMessage, candidates: list[Any], *, complete: bool) -> LookupOutcome:
    text = _words(message.text)
    same = [item for item in candidates if text and _words(item.body).removeprefix(_TRIAL) == text]
    if len(same) == 1:
        return Found(same[0].sid, str(same[0].status))
    # A template is listed with its rendered words, a bare picture with none: for those only silence is proof.
    unlike_ours = not same and text and message.template is None
    return SurelyAbsent() if complete and (unlike_ours or not candidates) else CannotTell()


def _words(text: str | None) -> str:
    """The text with all white space made one: Twilio trims."""
    return " ".join((text or "").split())
