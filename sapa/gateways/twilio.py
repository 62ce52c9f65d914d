"""Twilio as a gateway: one POST per try, and every fate of it as a value.

Creating a message at Twilio has no idempotency key. So this client never repeats a POST by itself: what was surely
not sent comes back as Refused, what may have been sent as Unclear, and `lookup` asks Twilio which of the two it was.
Call it in threads: it waits for answers, and it may be shared by any number of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from twilio.base.exceptions import TwilioException  # type: ignore[import-untyped]
from twilio.http import HttpClient  # type: ignore[import-untyped]
from twilio.rest import Client  # type: ignore[import-untyped]

from sapa.gateways import twilio_lists, twilio_requests
from sapa.gateways.twilio_errors import not_sent, outcome_of_answer, outcome_of_code
from sapa.gateways.twilio_http import NoAnswer, NotSent, TwilioHttp
from sapa.gateways.twilio_requests import wire_address
from sapa.messaging.states import Channel
from sapa.services.records import (
    CannotTell,
    Found,
    InboundForm,
    LookupOutcome,
    OutboxMessage,
    SendOutcome,
    SendRequest,
    Sent,
    SurelyAbsent,
    Unclear,
)
from sapa.settings import SettingsError, TwilioSettings


def _machine_clock() -> datetime:
    return datetime.now(UTC)


def open_http(settings: TwilioSettings) -> TwilioHttp:
    """The way to Twilio, or to its stand-in. Raises SettingsError where it cannot be meant."""
    try:
        return TwilioHttp(base_url=settings.api_url, proxy=settings.proxy, read_timeout_s=settings.timeout_s)
    except ValueError as error:
        raise SettingsError(f"{'TWILIO_API_URL' if settings.api_url else 'HTTPS_PROXY'}: {error}") from error


class TwilioGateway:
    """Implements sapa.services.ports.Gateway.

    `status_callback_url` is the full public address of the status webhook; each message adds `ref=<outbox id>` to its
    query, so that a callback is understood even before the provider's id has been noted. A fragment (Twilio's
    connection overrides, never signed) is kept. `taken` says whether a provider id already belongs to a message of
    ours: two equal texts to one person must not be mistaken for one another in `lookup`. `clock` gives the time now,
    aware. Raises SettingsError where Twilio would refuse every message: a malformed account or webhook address.
    """

    name = "twilio"

    def __init__(
        self,
        settings: TwilioSettings,
        status_callback_url: str,
        *,
        http_client: HttpClient | None = None,
        taken: Callable[[str], bool] | None = None,
        clock: Callable[[], datetime] = _machine_clock,
    ) -> None:
        if not re.fullmatch(r"AC[0-9a-fA-F]{32}", settings.account_sid):
            raise SettingsError("TWILIO_ACCOUNT_SID must be AC and 32 hexadecimal digits")
        if not _can_be_called(status_callback_url):
            raise SettingsError(f"Twilio cannot call {status_callback_url}: give SAPA_PUBLIC_URL without an underscore")
        self._settings = settings
        self._status_callback_url = status_callback_url
        self._taken = taken or (lambda _sid: False)
        self._clock = clock
        self._client = Client(
            settings.account_sid,
            settings.auth_token,
            http_client=http_client or open_http(settings),
            # A mapping that is not empty keeps the client from reading the process environment.
            environment={"TWILIO_EDGE": "", "TWILIO_REGION": ""},
        )

    def send(self, request: SendRequest) -> SendOutcome:
        """Ask Twilio once to send this message."""
        problem = twilio_requests.problem(request, self._settings, self._clock())
        if problem is not None:
            return problem
        form = twilio_requests.form(request, self._settings, self._status_callback_url)
        try:
            message = self._client.messages.create(**form)
        except Exception as error:  # Whatever broke after the request left must not look like "not sent".
            return _outcome_of_error(error, request.channel, request.template)
        return Sent(message.sid) if message.sid else Unclear("no_sid")

    def verdict(self, error_code: str, template: str | None) -> SendOutcome | None:
        """What the code in a status callback means for its message; None for one we do not know."""
        if not error_code.isdecimal():
            return None
        # A callback does not say by which channel: WhatsApp's codes begin with 63, the networks' with 30.
        channel = Channel.WHATSAPP if error_code.startswith("63") else Channel.SMS
        return outcome_of_code(int(error_code), channel, template)

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
                told = twilio_lists.found(self._client.messages(message.provider_sid).fetch())
                # Asked by its id, it is this message whatever the answer calls it.
                return replace(told, provider_sid=message.provider_sid) if isinstance(told, Found) else told
            # By recipient only: a filter on the date of sending could hide what is still queued and has none.
            size = twilio_lists.LOOKUP_LIMIT
            listed = self._client.messages.list(to=to, limit=size, page_size=size)
        except Exception:
            return CannotTell()
        return twilio_lists.decide(message, listed, self._taken)

    def inbound_since(self, since: datetime) -> Sequence[InboundForm] | CannotTell:
        """What people sent to our senders since then, the oldest first, as Twilio lists it. CannotTell unless the
        whole of it could be read.

        A list knows less than a webhook: no payload of a button, no profile name, no place.
        """
        try:
            listed = {item.sid: item for to in self._inboxes() for item in self._listed(to, since)}
            oldest_first = sorted(reversed(listed.values()), key=lambda item: item.date_created or since)
            forms = [twilio_lists.read_inbound(item, self._media_of) for item in oldest_first]
        except Exception:
            return CannotTell()
        return tuple(form for form in forms if form is not None)

    def _inboxes(self) -> list[str | None]:
        """The addresses people write to; None for all of the account, where a service chooses among them."""
        own = self._settings.whatsapp_from
        whatsapp = wire_address(Channel.WHATSAPP, own) if own else None
        if whatsapp is None:
            return [None]
        # A name as a sender of SMS gets no answers, a number may.
        number = wire_address(Channel.SMS, self._settings.sms_from or "")
        return [number, whatsapp] if number else [whatsapp]

    def _listed(self, to: str | None, since: datetime) -> Iterator[Any]:
        """What Twilio lists for an address, the newest first, till it is older than `since`."""
        given = {"to": to} if to else {}
        for count, item in enumerate(self._client.messages.stream(page_size=twilio_lists.PAGE, **given)):
            if count >= twilio_lists.MOST:
                raise TwilioException("more than can be read at once")
            if twilio_lists.is_older(item, since - twilio_lists.CLOCK_MARGIN):
                return
            if not twilio_lists.is_older(item, since):
                yield item

    def _media_of(self, sid: str) -> list[Any]:
        listed: list[Any] = self._client.messages(sid).media.list(limit=twilio_requests.MAX_MEDIA)
        return listed


def _can_be_called(url: str) -> bool:
    return twilio_requests.is_web_address(url) and "_" not in (urlsplit(url).hostname or "")


def _outcome_of_error(error: Exception, channel: Channel, template: str | None) -> SendOutcome:
    """Twilio's own error answers by their code; the network's by whether the request can have left."""
    if isinstance(error, TwilioException):
        # Two unrelated classes carry status and code: the classic error and the newer "problem" form.
        status, code = getattr(error, "status", None), getattr(error, "code", None)
        if isinstance(status, int):
            return outcome_of_answer(status, code if isinstance(code, int) else None, channel, template)
        return Unclear("unreadable_answer")
    if isinstance(error, NotSent):
        return not_sent("connect_failed")
    return Unclear(error.reason if isinstance(error, NoAnswer) else "unreadable_answer")
