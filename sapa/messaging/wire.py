"""How a provider writes addresses and kinds of media, read the same way wherever they come in."""

from __future__ import annotations

import re
from collections.abc import Sequence

from sapa.messaging.states import Channel

_PHONE = re.compile(r"\+[1-9][0-9]{6,14}")
_BARE_NUMBER = re.compile(r"[1-9][0-9]{6,14}")
_PREFIXES = {"whatsapp": Channel.WHATSAPP}


class UnknownChannel(ValueError):
    """An address of a channel that is not spoken here."""


def read_address(value: str) -> tuple[Channel, str]:
    """`whatsapp:+62...` -> WhatsApp and +62...; without a prefix it is SMS. The rest is opaque (an id, a name).

    A WhatsApp number is always international; digits that lost their plus get it back. Raises UnknownChannel.
    """
    prefix, separator, rest = value.strip().partition(":")
    if not separator:
        return Channel.SMS, prefix
    channel, address = _PREFIXES.get(prefix.lower()), rest.strip()
    if channel is None or not address:
        raise UnknownChannel("the message comes by a channel that is not spoken here")
    return channel, f"+{address}" if _BARE_NUMBER.fullmatch(address) else address


def phone_of(address: str) -> str | None:
    """The address where it is a phone number; somebody who hides the number has an id instead."""
    return address if _PHONE.fullmatch(address) else None


def type_of_media(content_types: Sequence[str]) -> str:
    """What a message with these media is called: image, audio, video or document; text without any."""
    if not content_types:
        return "text"
    main_type = content_types[0].partition("/")[0].strip().lower()
    return main_type if main_type in ("image", "audio", "video") else "document"
