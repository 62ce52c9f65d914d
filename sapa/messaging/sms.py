"""How many SMS a text costs, and which characters a phone network can carry.

The alphabet and the part sizes are those of 3GPP TS 23.038 (GSM 7 bit default alphabet): 160 characters fit into
one SMS and 153 into each part of a longer one, because joining costs a header. A single character outside the
alphabet turns the whole text into UCS-2, where 70 and 67 fit.
"""

from __future__ import annotations

import unicodedata

GSM7_SINGLE, GSM7_JOINED = 160, 153
UCS2_SINGLE, UCS2_JOINED = 70, 67

_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
# Sent as an escape and a second character, so each counts as two.
_EXTENSION = frozenset("^{}\\[~]|€\f")

# Typographic characters that word processors and phones put in by themselves, and what a plain phone shows instead.
_PLAIN = str.maketrans(
    {
        "\u2018": "'",
        "\u2019": "'",
        "\u201a": "'",
        "\u02bc": "'",
        "`": "'",
        "\u201c": '"',
        "\u201d": '"',
        "\u2010": "-",
        "\u2011": "-",
        "\u2012": "-",
        "\u2013": "-",
        "\u2014": "-",
        "\u2022": "-",
        "\u2026": "...",
        "\u00a0": " ",
        "\t": " ",
        "\u00b0": " ",
        "\u2044": "/",
    }
)


def gsm7_unsupported(text: str) -> str:
    """The characters of `text` outside the GSM-7 alphabet, each once, in order of appearance; "" if all fit."""
    return "".join(dict.fromkeys(char for char in text if char not in _BASIC and char not in _EXTENSION))


def sms_length(text: str) -> int:
    """How much room `text` takes: septets if it is GSM-7 (extension characters count 2), else UTF-16 code units."""
    if gsm7_unsupported(text):
        return len(text.encode("utf-16-be")) // 2
    return sum(2 if char in _EXTENSION else 1 for char in text)


def sms_parts(text: str) -> int:
    """How many SMS the network bills for `text`; an empty text is 0.

    A two-unit character is never cut in half: it moves to the next part whole, as phones and gateways do it.
    """
    wide = bool(gsm7_unsupported(text))
    single, joined = (UCS2_SINGLE, UCS2_JOINED) if wide else (GSM7_SINGLE, GSM7_JOINED)
    if not text:
        return 0
    if sms_length(text) <= single:
        return 1
    parts, room = 1, joined
    for char in text:
        size = sms_length(char) if not wide else len(char.encode("utf-16-be")) // 2
        if size > room:
            parts, room = parts + 1, joined
        room -= size
    return parts


def gsm7_fold(text: str) -> str:
    """`text` with everything GSM-7 can carry: curly quotes straightened, accents dropped, emoji left out.

    For names typed by people; our own sentences are written in GSM-7 to begin with.
    """
    return "".join(_fold_char(char) for char in text.translate(_PLAIN))


def _fold_char(char: str) -> str:
    if not gsm7_unsupported(char):
        return char
    bare = unicodedata.normalize("NFKD", char).translate(_PLAIN)
    return "".join(part for part in bare if not gsm7_unsupported(part))
