"""What a kader or bidan types about cases: "KASUS", "AMBIL 12", "JAWAB 12 ...", "CATAT 12 ...", "TUTUP 12 ...".

And what a family types to a human who has taken over: "BOT" ends it. The first word decides, as in an order; a sentence
that only speaks of answering or closing is none.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from sapa.family.reading.contraception import OPEN_KINDS, read_contraception
from sapa.family.reading.words import FILLERS, lower, normalize, words_of

#: A number of cases is small; a telephone number or a weight in grams is none.
MAX_NUMBER = 999_999


class Order(StrEnum):
    """What is to be done with a case."""

    LIST = "list"
    SHOW = "show"
    TAKE = "take"
    ANSWER = "answer"
    HAND_OVER = "hand_over"
    REMARK = "remark"
    CLOSE = "close"


@dataclass(frozen=True)
class CaseOrder:
    """An order. number: of the case, None where none was named. text: what to say or write down, as it was typed.

    named: it says "kasus", so that it cannot be meant for anything else.
    """

    order: Order
    number: int | None = None
    text: str = ""
    named: bool = False


def _table(**words: str) -> dict[str, Order]:
    return {word: Order[name] for name, line in words.items() for word in line.split()}


_VERBS = _table(
    TAKE="ambil ambl ambi ngambil",
    ANSWER="jawab jwb jawb jwab jawap jawabkan balas bls bales balaskan",
    HAND_OVER="serahkan srahkan serahin serah serakan oper operkan alihkan teruskan",
    REMARK="catat ctt cttt catatan",
    CLOSE="tutup ttup tutp tutupkan selesai slesai selesaikan beres",
)
_LISTING = re.compile(
    r"(?:(?:daftar|lihat|list|cek|semua|ada)\s+)?(?:kasus(?:nya)?|ksus|kss|kassus)"
    r"(?:\s+(?:apa saja|saya|baru|terbuka|hari ini))?"
)
_NUMBER = r"(?:(?:no|nomor|nomer|nmr|nmor|#)\.?\s*)?#?(\d{1,6})(?![\d.,/]*\d)"
_ORDER = re.compile(rf"\s*([^\W\d_]+)\s*[:,]?\s*(kasus\w*|kss|ksus)?\s*(?:{_NUMBER})?\s*[:;,.\-]*\s*(.*)\Z", re.DOTALL)
_SHOW = re.compile(rf"\s*(?:lihat\s+|buka\s+|cek\s+|isi\s+)?(?:kasus|ksus|kss)\s*{_NUMBER}\s*[.!?]*\s*\Z")
_TO_BIDAN = re.compile(r"(?:ke|kpd|kepada|pada)?\s*(?:bu\s+|ibu\s+)?bidan\w*[.!]*\s*\Z")
_WANTS_TEXT = (Order.ANSWER, Order.REMARK, Order.CLOSE)
#: Orders that need their number or the word "kasus": alone, the word says something else.
_NEEDS_NUMBER = (Order.TAKE, Order.HAND_OVER, Order.REMARK, Order.CLOSE)
#: Here the first word is enough where nothing else stands in the message: a notice says AMBIL 12, she says AMBIL.
_BARE = (Order.TAKE,)

_BOT = re.compile(
    r"(?:(?:ke|kembali(?: ke)?|balik ke|pakai|tanya|mau(?: ke)?|bicara dengan)\s+)?bot(?:\s+(?:saja|aja))?"
)
_MENU = re.compile(r"(?:(?:kembali )?ke )?menu(?: utama)?")

# Besides the methods that the reader of contraception knows: words that it does not take for a method in use.
_CONTRACEPTION = re.compile(
    r"\b(?:kb|keluarga berencana|kontra?sepsi|kondom|spiral|susuk|steril|vasektomi|tubektomi|andalan|alat kb"
    r"|suntik(?:an)?\s+(?:[13]\s*(?:bulan|bulanan|bln)|sebulan|tiga bulan(?:an)?))\b"
)
_ANY_DAY = date(2000, 1, 1)


def read_order(text: str) -> CaseOrder | None:
    """The order in a message; None if it is none. What is to be said keeps its letters and line breaks."""
    plain = normalize(text).strip(" .!?")
    if _LISTING.fullmatch(plain):
        return CaseOrder(Order.LIST, named=True)
    shown = _SHOW.match(normalize(text))
    if shown is not None:
        return _with_number(Order.SHOW, shown[1], "", named=True)
    # Not tidied: what is to be said to a family is passed on whole, with its line breaks.
    kept = text.strip()
    match = _ORDER.match(lower(kept))
    order = _VERBS.get(match[1]) if match is not None else None
    if match is None or order is None:
        return None
    said = kept[match.start(4) :].strip()
    return _fitting(order, match[2] is not None, match[3], said)


def _fitting(order: Order, named: bool, number: str | None, said: str) -> CaseOrder | None:
    if number is None and order in _NEEDS_NUMBER and not named and not (order in _BARE and not said):
        return None
    if order is Order.ANSWER and number is None and not said and not named:
        return None
    if order is Order.HAND_OVER and _TO_BIDAN.match(said.lower()):
        said = ""
    if order not in _WANTS_TEXT and not named and not set(words_of(said)) <= FILLERS:
        # "ambil 2 piring" orders food, not a case.
        return None
    return _with_number(order, number, said, named=named)


def _with_number(order: Order, number: str | None, said: str, *, named: bool) -> CaseOrder | None:
    value = int(number) if number is not None else None
    if value is not None and not 0 < value <= MAX_NUMBER:
        return None
    return CaseOrder(order, value, said, named)


def wants_bot(text: str) -> bool:
    """Whether a family that speaks with a human wants the bot back."""
    return _BOT.fullmatch(normalize(text).strip(" .!?*")) is not None


def wants_menu(text: str) -> bool:
    """Whether a family that speaks with a human asks for the bot's menu."""
    return _MENU.fullmatch(normalize(text).strip(" .!?*")) is not None


def speaks_of_contraception(text: str) -> bool:
    """Whether a message names family planning or a method of it: then no kader may read it. Rather once too often."""
    if _CONTRACEPTION.search(normalize(text)) is not None:
        return True
    method = read_contraception(text, _ANY_DAY).method
    # "disuntik", "minum pil" alone are said of children and of iron tablets too.
    return method is not None and method not in OPEN_KINDS
