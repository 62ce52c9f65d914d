"""Indonesian as people type it, brought to the words meant: slang, SMS spelling, regional words, glued ages."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path

import yaml

from sapa.messaging.text import MAX_TEXT, fold

_SLANG = Path(__file__).with_name("slang.yml")
# Cut only where four letters stay: "di" of "dia" and "an" of "makan" are no affixes.
_PREFIX = re.compile(r"^(?:meng|mem|men|me|di|ber|ter|peng|pem|pen|pe|ke|se)(?=[a-z]{4,})")
_SUFFIX = re.compile(r"(?<=[a-z]{4})(?:kan|an|i|nya|lah|kah)$")
_SUFFIXES = ("nya", "ny", "lah", "kah", "ku")


def load_slang(path: Path = _SLANG) -> dict[str, str]:
    """Typed word -> word meant. Raises ValueError if one typed word is given two meanings."""
    table: dict[str, str] = {}
    for meant, typed in yaml.safe_load(path.read_text(encoding="utf-8")).items():
        for word in str(typed).split():
            if table.setdefault(word, str(meant)) != str(meant):
                raise ValueError(f"{path.name}: {word!r} stands under both {table[word]!r} and {meant!r}")
    return table


@lru_cache(maxsize=1)
def _slang() -> dict[str, str]:
    return load_slang()


@lru_cache(maxsize=1)
def _meanings() -> frozenset[str]:
    return frozenset(_slang().values())


def normalize(text: str) -> list[str]:
    """The words meant by a text, at most the first 2,000 characters of it."""
    words: list[str] = []
    for word in fold(text[:MAX_TEXT]):
        words.extend(_meant(word).split())
    return words


def stem(words: str) -> str:
    """Words without their commonest prefix and suffix: "menimbang" and "ditimbang" become one.

    Rough on purpose: it feeds a classifier, beside the letters of the whole word. Nobody reads what comes out.
    """
    return " ".join(_SUFFIX.sub("", _PREFIX.sub("", word)) for word in words.split())


def _meant(word: str) -> str:
    table = _slang()
    if word in table:
        return table[word]
    if len(word) > 4 and word[-1] == word[-2] and word[:-1] in table:
        return table[word[:-1]]
    for suffix in _SUFFIXES:
        base = word[: -len(suffix)]
        if len(base) > 2 and word.endswith(suffix) and (base in table or base in _meanings()):
            return table.get(base, base)
    return word
