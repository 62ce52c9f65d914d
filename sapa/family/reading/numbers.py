"""Tokens of a message with its numbers read, in figures or in words: "tiga", "dua puluh satu", "dua ribu dua puluh"."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

_DIGIT = {
    "nol": 0, "kosong": 0, "satu": 1, "dua": 2, "tiga": 3, "empat": 4, "lima": 5, "enam": 6, "tujuh": 7, "tuju": 7,
    "delapan": 8, "dlapan": 8, "lapan": 8, "sembilan": 9, "smbilan": 9,
}  # fmt: skip
_GLUED = re.compile(rf"({'|'.join(_DIGIT)}|se)(belas|puluh|ratus|ribu)$")
_ONE_UNIT = {"sehari": "hari", "seminggu": "minggu", "sepekan": "minggu", "sebulan": "bulan", "setahun": "tahun"}
_UNITS = {
    "hari": "day", "hr": "day", "hri": "day", "day": "day", "days": "day",
    "minggu": "week", "mgg": "week", "mg": "week", "mggu": "week", "mnggu": "week", "pekan": "week", "w": "week",
    "wk": "week", "week": "week", "weeks": "week", "mingguan": "week",
    "bulan": "month", "bln": "month", "bl": "month", "bulanan": "month", "blan": "month", "bulannya": "month",
    "month": "month", "months": "month",
    "tahun": "year", "thn": "year", "th": "year", "taun": "year", "tahunan": "year", "year": "year", "years": "year",
}  # fmt: skip
_MONTHS = {
    1: "januari january jan jnuari januri",
    2: "februari pebruari february feb peb febuari pebuari",
    3: "maret march mar mrt maert",
    4: "april apr avril",
    5: "mei may mey",
    6: "juni june jun jni",
    7: "juli july jul jli",
    8: "agustus august agst agt agts ags agu aug agustusan",
    9: "september sept sep spt",
    10: "oktober october okt oct",
    11: "november nopember nov nop",
    12: "desember december des dec",
}
_MONTH_OF = {word: month for month, words in _MONTHS.items() for word in words.split()}
_FULL_MONTHS = tuple(word for word in _MONTH_OF if len(word) >= 5)
_WEEKDAYS = {
    "senin": 0, "snin": 0, "selasa": 1, "slasa": 1, "rabu": 2, "kamis": 3, "kmis": 3, "jumat": 4, "jum'at": 4,
    "jumaat": 4, "jmat": 4, "sabtu": 5, "sbtu": 5, "ahad": 6,
}  # fmt: skip
# "laki2" and "kira2" are one word (the 2 doubles it); "3mei2026" and "5bln" are several.
_TOKEN = re.compile(r"\d+|[^\W\d_]{3,}2(?![^\W_])|[^\W\d_]+(?:'[^\W\d_]+)*|[^\s\w]|_")


@dataclass(frozen=True)
class Token:
    """A piece of text. kind: num, month, weekday, unit, half, word or sign.

    value is the number, the month (1-12) or the weekday (0 Monday); unit is day, week, month or year.
    """

    kind: str
    text: str
    start: int
    end: int
    value: int = 0
    unit: str = ""

    @property
    def figures(self) -> int:
        """How many digits a number was written with; 0 when it was written in words."""
        return len(self.text) if self.kind == "num" and self.text.isdigit() else 0


def tokens_of(text: str) -> list[Token]:
    """Tokens of a text that `normalize` has been over, in order, with positions in it."""
    raw = [Token("word" if m.group()[0].isalpha() else "sign", m.group(), *m.span()) for m in _TOKEN.finditer(text)]
    return [_named(token, before, after) for token, before, after in _with_neighbours(_numbered(raw))]


def _with_neighbours(tokens: Sequence[Token]) -> list[tuple[Token, Token | None, Token | None]]:
    """Each token with the nearest ones that are not separators inside a date."""
    plain = [t for t in tokens if t.kind != "sign"]
    at = {id(t): i for i, t in enumerate(plain)}
    out: list[tuple[Token, Token | None, Token | None]] = []
    for token in tokens:
        i = at.get(id(token))
        before = plain[i - 1] if i else None
        after = plain[i + 1] if i is not None and i + 1 < len(plain) else None
        out.append((token, before, after))
    return out


def _numbered(raw: Sequence[Token]) -> list[Token]:
    out: list[Token] = []
    at = 0
    while at < len(raw):
        token = raw[at]
        if token.text.isascii() and token.text.isdigit():
            out.append(Token("num", token.text, token.start, token.end, int(token.text[:20])))
            at += 1
        elif token.text in _ONE_UNIT:
            out.append(Token("num", "se", token.start, token.start + 2, 1))
            unit = _ONE_UNIT[token.text]
            out.append(Token("unit", unit, token.start + 2, token.end, unit=_UNITS[unit]))
            at += 1
        else:
            value, after = _number_words([t.text for t in raw[at : at + 12]])
            if after:
                last = raw[at + after - 1]
                out.append(Token("num", "kata", token.start, last.end, value))
            else:
                out.append(token)
            at += max(after, 1)
    return out


def _named(token: Token, before: Token | None, after: Token | None) -> Token:
    """A month, weekday, unit or half where the word is one; everything else stays as it is."""
    if token.kind != "word":
        return token
    dated = (before is not None and before.kind == "num") or (after is not None and after.figures == 4)
    month = _month(token.text, dated=dated)
    if month:
        return Token("month", token.text, token.start, token.end, month)
    if token.text in _WEEKDAYS:
        return Token("weekday", token.text, token.start, token.end, _WEEKDAYS[token.text])
    if token.text in _UNITS:
        return Token("unit", token.text, token.start, token.end, unit=_UNITS[token.text])
    if token.text in {"setengah", "stengah", "stgh"}:
        return Token("half", token.text, token.start, token.end)
    return token


def _month(word: str, *, dated: bool) -> int:
    """The month a word names, 0 if none. Misspellings count only beside a number: Juliana and Agus are people."""
    if word in _MONTH_OF:
        return _MONTH_OF[word]
    if not dated:
        return 0
    if word == "agus":
        return 8
    if len(word) < 5:
        return 0
    best = max(_FULL_MONTHS, key=lambda full: SequenceMatcher(None, word, full).ratio())
    close = abs(len(best) - len(word)) <= 1 and SequenceMatcher(None, word, best).ratio() >= 0.85
    return _MONTH_OF[best] if close else 0


def _number_words(words: Sequence[str]) -> tuple[int, int]:
    """(value, how many words it took) of a number in words at the start; (0, 0) if there is none."""
    parts = [_split(word) for word in words]
    flat = [(piece, i) for i, pieces in enumerate(parts) for piece in pieces]
    value, used = _read([piece for piece, _ in flat])
    if not used:
        return 0, 0
    return value, flat[used - 1][1] + 1


def _split(word: str) -> list[str]:
    glued = _GLUED.match(word)
    return [glued.group(1), glued.group(2)] if glued else [word]


def _read(pieces: Sequence[str]) -> tuple[int, int]:
    thousands, used = _below_thousand(pieces)
    if used and used < len(pieces) and pieces[used] == "ribu":
        rest, more = _below_thousand(pieces[used + 1 :])
        return thousands * 1000 + rest, used + 1 + more
    return thousands, used


def _below_thousand(pieces: Sequence[str]) -> tuple[int, int]:
    first = pieces[0] if pieces else ""
    one = 1 if first == "se" else _DIGIT.get(first)
    if one is None:
        return 0, 0
    scale = pieces[1] if len(pieces) > 1 else ""
    if scale == "ratus":
        rest, more = _below_thousand(pieces[2:])
        return one * 100 + rest, 2 + more
    if scale == "belas":
        return 10 + one, 2
    if scale == "puluh":
        last = _DIGIT.get(pieces[2], 0) if len(pieces) > 2 else 0
        follows = pieces[3] if len(pieces) > 3 else ""
        # "dua puluh dua ribu ..." after a day: the second "dua" opens the year, it is not part of the day.
        if last and follows not in {"ribu", "belas", "puluh", "ratus"}:
            return one * 10 + last, 3
        return one * 10, 2
    if first == "se":
        return (1, 1) if scale == "ribu" else (0, 0)
    return one, 1
