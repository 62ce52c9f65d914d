"""What Twilio lists, read: whether a message of ours is among it, and what people wrote to us. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sapa.messaging.wire import UnknownChannel, phone_of, read_address, type_of_media
from sapa.services.records import (
    CannotTell,
    Found,
    InboundForm,
    LookupOutcome,
    MediaItem,
    OutboxMessage,
    SurelyAbsent,
)

# Twilio's clock and ours differ a little, and its times have no fractions.
CLOCK_MARGIN = timedelta(minutes=5)
LOOKUP_LIMIT = 100
PAGE = 1000  # what Twilio gives at most in one answer
MOST = 50_000  # messages of one address; whoever has more must ask for a shorter time

_TRIAL = "Sent from your Twilio trial account - "  # what a trial account puts before every text
# Of a long text a template shows this much for certain.
_SHOWN = 900
_API = "https://api.twilio.com"


def decide(message: OutboxMessage, listed: Sequence[Any], taken: Callable[[str], bool]) -> LookupOutcome:
    """What a list of the newest messages to a person (at most LOOKUP_LIMIT) says about one of ours."""
    since = message.created_at - CLOCK_MARGIN
    # By id: while messages come in, a page may repeat the end of the page before.
    candidates = {item.sid: item for item in listed if _outbound_since(item, since) and not taken(item.sid)}
    text = _words(message.text)
    same = [item for item in candidates.values() if text and _reads_as(message, item.body)]
    if len(same) == 1:
        return found(same[0])
    # A template is listed with its rendered words, a bare picture with none: for those only silence is proof.
    unlike_ours = not same and text and message.template is None
    complete = len(listed) < LOOKUP_LIMIT or is_older(listed[-1], since)
    return SurelyAbsent() if complete and (unlike_ours or not candidates) else CannotTell()


def _reads_as(message: OutboxMessage, body: str | None) -> bool:
    """Whether a listed text is that of our message: the very words, or a template's with all our values in them."""
    listed = _words(body).removeprefix(_TRIAL)
    if listed == _words(message.text):
        return True
    if message.template is None:
        return False
    values = [_words(value) for value in message.template_variables.values()] or [_words(message.text)[:_SHOWN]]
    return all(values) and all(value in listed for value in values)


def found(item: Any) -> Found:
    """A message of ours as the provider has it, with the code of its failure if it failed."""
    code = getattr(item, "error_code", None)
    return Found(str(item.sid), str(item.status), str(code) if code else None)


def is_older(item: Any, since: datetime) -> bool:
    """Whether a listed message was surely made before `since`."""
    return isinstance(item.date_created, datetime) and item.date_created < since


def read_inbound(item: Any, media_of: Callable[[str], Sequence[Any]]) -> InboundForm | None:
    """A listed message as its webhook would have given it; None if it is none that somebody sent to us.

    `media_of` lists the media of a message by its id; it is asked only where there are some.
    """
    if item.direction != "inbound":
        return None
    try:
        channel, from_address = read_address(_clean(item.from_))
        _, to_address = read_address(_clean(item.to))
    except UnknownChannel:
        return None
    if not from_address:
        return None
    media = tuple(_media(one) for one in media_of(item.sid)) if _number(item.num_media) else ()
    return InboundForm(
        provider_sid=item.sid,
        channel=channel,
        from_address=from_address,
        to_address=to_address,
        body=_clean(item.body),
        message_type=type_of_media([one.content_type for one in media]),
        media=media,
        phone=phone_of(from_address),
    )


def _media(item: Any) -> MediaItem:
    """As a webhook names it: the address without the ending that asks for JSON."""
    return MediaItem(_API + str(item.uri).removesuffix(".json"), _clean(item.content_type).strip().lower())


def _number(said: Any) -> int:
    return int(said) if str(said or "").isdecimal() else 0


def _outbound_since(item: Any, since: datetime) -> bool:
    return str(item.direction or "").startswith("outbound") and not is_older(item, since)


def _words(text: str | None) -> str:
    """The text with all white space made one: Twilio trims."""
    return " ".join((text or "").split())


def _clean(text: str | None) -> str:
    """A database can hold neither NUL nor half a surrogate pair."""
    return (text or "").replace("\x00", "").encode("utf-8", "replace").decode("utf-8")
