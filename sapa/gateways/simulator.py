"""A pretend provider for the one-machine run: no account, no key; every message shows on a simulated phone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol

from sapa.services.records import (
    CannotTell,
    Found,
    InboundForm,
    LookupOutcome,
    OutboxMessage,
    Refused,
    SendOutcome,
    SendRequest,
    Sent,
    SurelyAbsent,
    Unclear,
)

MAX_TEXT = 1600  # characters, on every channel: Twilio's limit and Twilio's error number, so that the simulator
TEXT_TOO_LONG = "21617"  # fails where the real thing would (twilio.com/docs/api/errors/21617)
DATABASE_GONE = "simulator-database"


class Mailbox(Protocol):
    """Where the pretend provider keeps messages."""

    def deliver(self, request: SendRequest, now: datetime) -> str:
        """Take the message; its new provider id. Raises ConnectionError when the mailbox does not answer."""

    def find(self, outbox_id: str) -> tuple[str, str] | None:
        """Provider id and status by our own id, None if never seen. Raises ConnectionError likewise."""


class SimulatorGateway:
    """The Gateway port over a mailbox in our own database. `clock` gives the simulated time (aware)."""

    name = "simulator"

    def __init__(self, mailbox: Mailbox, clock: Callable[[], datetime]) -> None:
        self._mailbox = mailbox
        self._clock = clock

    def send(self, request: SendRequest) -> SendOutcome:
        """Put the message on the phone, or refuse it as the provider would."""
        if request.text is not None and len(request.text) > MAX_TEXT:
            return Refused(TEXT_TOO_LONG, retry_after_s=None)
        try:
            return Sent(self._mailbox.deliver(request, self._clock()))
        except ConnectionError:
            # The commit itself may have been what broke, so nobody knows on which side of it we are.
            return Unclear(DATABASE_GONE)

    def lookup(self, message: OutboxMessage) -> LookupOutcome:
        """The pretend provider keeps our id beside its own, so it always knows unless its database is away."""
        try:
            found = self._mailbox.find(message.id)
        except ConnectionError:
            return CannotTell()
        return Found(*found) if found else SurelyAbsent()

    def verdict(self, error_code: str, template: str | None) -> SendOutcome | None:
        """Nothing fails here afterwards."""
        return None

    def inbound_since(self, since: datetime) -> Sequence[InboundForm] | CannotTell:
        """Whoever writes on a simulated phone reaches the webhook or is told that it did not."""
        return ()
