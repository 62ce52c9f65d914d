"""Addresses and kinds of media as a provider writes them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sapa.messaging.states import Channel
from sapa.messaging.wire import UnknownChannel, phone_of, read_address, type_of_media

ADDRESSES = [
    ("whatsapp:+6281234567890", Channel.WHATSAPP, "+6281234567890", "+6281234567890"),
    ("WhatsApp: 6281234567890 ", Channel.WHATSAPP, "+6281234567890", "+6281234567890"),
    ("whatsapp:ID.13491208655302741918", Channel.WHATSAPP, "ID.13491208655302741918", None),
    ("+6281234567890", Channel.SMS, "+6281234567890", "+6281234567890"),
    ("TELKOMSEL", Channel.SMS, "TELKOMSEL", None),
    ("888", Channel.SMS, "888", None),
    ("", Channel.SMS, "", None),
]


@pytest.mark.parametrize(("written", "channel", "address", "phone"), ADDRESSES)
def test_an_address_names_its_channel(written: str, channel: Channel, address: str, phone: str | None) -> None:
    assert read_address(written) == (channel, address)
    assert phone_of(address) == phone


@pytest.mark.parametrize("written", ["messenger:123", "whatsapp:", "whatsapp:  ", ":+62812", "sip:a@b"])
def test_a_channel_that_is_not_spoken_here_is_refused(written: str) -> None:
    with pytest.raises(UnknownChannel):
        read_address(written)


@given(st.text(max_size=60))
def test_whatever_is_written_is_read_or_refused(written: str) -> None:
    try:
        channel, address = read_address(written)
    except UnknownChannel:
        assert ":" in written
    else:
        assert address or channel is Channel.SMS


MEDIA = [
    ((), "text"),
    (("image/jpeg",), "image"),
    (("Audio/OGG; codecs=opus",), "audio"),
    (("video/mp4", "image/png"), "video"),
    (("application/pdf",), "document"),
    (("",), "document"),
]


@pytest.mark.parametrize(("types", "name"), MEDIA)
def test_a_message_is_called_after_its_first_medium(types: tuple[str, ...], name: str) -> None:
    assert type_of_media(types) == name
