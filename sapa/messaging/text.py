"""What people type, made safe and sorted: invisible characters, command slashes, messages that are no sentence."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Literal, Protocol

MAX_TEXT = 2000
"""Longest text, in characters, that is sent on to be understood. WhatsApp lets people send 65,536."""

Odd = Literal["kosong", "emoji", "terlalu-panjang", "foto", "lokasi", "suara", "berkas", "tak-dikenal"]

# Letters by name, blanks by look: no category tells them apart from writing.
_BLANK_LETTERS = "\u115f\u1160\u3164\uffa0\u2800\u034f\u17b4\u17b5\u2061"
_VARIATION = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]")
# The slash and what looks like one: full-width, fraction, division, big solidus.
_SLASHES = "/\uff0f\u2044\u2215\u29f8"
_LETTER_OR_DIGIT = re.compile(r"[^\W_]")


def words(text: str) -> frozenset[str]:
    """A word list written as running text: "satu dua" -> {"satu", "dua"}."""
    return frozenset(text.split())


class Attachment(Protocol):
    """Something that came with a message; only its MIME type matters here."""

    @property
    def content_type(self) -> str: ...


def strip_invisible(text: str) -> str:
    """The text without characters nobody can see (zero-width, direction marks, control, lone surrogates).

    Line breaks and tabs stay. Emoji joined by zero-width joiners fall apart into their parts.
    """
    kept = (
        character
        for character in _VARIATION.sub("", text)
        if character in "\n\t"
        or (unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Co", "Cn") and character not in _BLANK_LETTERS)
    )
    return "".join(kept)


def neutralize(text: str) -> str:
    """The text as it may reach Rasa: visible characters only, never starting with a slash.

    Rasa strips white space and then obeys "/restart" and "/intent{...}" as commands; people who type a slash
    (or one that only looks like it) mean text.
    """
    visible = strip_invisible(text).strip()
    start = 0
    while start < len(visible) and (visible[start] in _SLASHES or visible[start].isspace()):
        start += 1
    return visible[start:]


def classify_odd(
    text: str | None,
    media: Sequence[Attachment] = (),
    *,
    message_type: str = "text",
    has_location: bool = False,
) -> Odd | None:
    """Which kind of "no sentence" a message is, or None if there is text to understand.

    A picture or file with words beside it is understood by its words: the words are the question.
    `message_type` is the provider's word ("text", "image", "location", "sticker", ...).
    """
    typed = neutralize(text or "")
    if has_location or message_type == "location":
        return "lokasi"
    if len(typed) > MAX_TEXT:
        return "terlalu-panjang"
    if _LETTER_OR_DIGIT.search(typed):
        return None
    if media or message_type not in ("text", "button", "interactive", ""):
        return _medium(media[0].content_type if media else message_type)
    return "emoji" if any(unicodedata.category(c) in ("So", "Sk", "Sm") for c in typed) else "kosong"


def _medium(content_type: str) -> Odd:
    """The kind of a medium, from its MIME type or the provider's word for it."""
    family = content_type.lower().partition("/")[0].strip()
    if family in ("image", "sticker", "video"):
        return "foto"
    if family in ("audio", "voice", "ptt"):
        return "suara"
    if family in ("application", "text", "document", "file", "contacts", "contact", "vcard"):
        return "berkas"
    return "tak-dikenal"


def fold(text: str) -> list[str]:
    """The words of a text as plain lower-case letters and numbers, for understanding only.

    Full-width letters become plain, drawn-out letters short ("bangettt" -> "banget"), glued numbers come apart
    ("5bln" -> "5", "bln"; "34w" -> "34", "w"), doubled words are written out ("laki2" -> "laki", "laki"), and the SMS
    "x" for -nya is spelt ("anakx" -> "anaknya"). Decimal numbers stay whole ("7,8" -> "7.8").
    """
    plain = unicodedata.normalize("NFKC", strip_invisible(text)).casefold()
    plain = re.sub(r"[’'`]", "", plain)
    plain = re.sub(r"(?<=\d),(?=\d)", ".", plain)
    plain = re.sub(r"([^\W\d_])\1{2,}", r"\1", plain)
    plain = re.sub(r"\b([^\W\d_]{3,})2(?=(nya|an|in|ku)?\b)", r"\1 \1", plain)
    plain = re.sub(r"(?<=\d)(?=[^\W\d_])", " ", plain)
    return [_spell_nya(word) for word in re.findall(r"\d+(?:\.\d+)*|[^\W\d_]+|\d+", plain)]


_ENDS_IN_X = words("max relax box fix mix index latex durex detox inbox fax asix")


def _spell_nya(word: str) -> str:
    if len(word) > 3 and word[-1] == "x" and word not in _ENDS_IN_X:
        return word[:-1] + "nya"
    return word
