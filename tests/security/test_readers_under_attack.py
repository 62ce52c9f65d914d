"""Everything that reads what a stranger wrote: no text makes it stumble, none keeps it busy.

The readers are found, not listed: whoever adds one has it attacked from then on.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import sapa.family.reading
import sapa.messaging
from sapa.family.reading.attendance import Listed
from sapa.messaging.text import MAX_TEXT
from tests.security.attack import EXAMPLES, count, fuzz, texts, words

TODAY = date(2026, 11, 23)
LISTED = (Listed(1, "a", "Ani", "Siti"), Listed(2, "b", "Budi", None), Listed(3, "c", None, "Wati", True))
FILLED: dict[str, Any] = {
    "today": TODAY, "names": ("Ani", "Budi"), "known": ("Melati", "Mawar I"), "owner": "self", "item": "weight_kg",
    "listed": LISTED, "confidence": 0.5,
}  # fmt: skip
# Called with what the program itself says, never with what people wrote.
OURS = {"danger_signs.compile_words", "danger_signs.contexts", "dose_bulk.visit_age", "doses.possible_doses"}
OUR_MODULES = {"cost", "templates", "wire", "labels", "states", "quiet_hours", "sms"}
TELLING = {"text", "said", "plain", "cell", "header", "spoken", "body", "words"}
# Seconds of processor time for the longest text that is understood. A turn has twenty seconds for everything.
SLOWEST_S = 1.0


@dataclass(frozen=True)
class Reader:
    name: str
    read: Callable[..., Any]
    more: dict[str, Any]

    def __call__(self, text: str) -> Any:
        return self.read(text, **self.more)


def _modules() -> Iterator[ModuleType]:
    for package in (sapa.family.reading, sapa.messaging):
        for found in pkgutil.iter_modules(package.__path__):
            if found.name not in OUR_MODULES:
                yield importlib.import_module(f"{package.__name__}.{found.name}")


def _readers() -> Iterator[Reader]:
    for module in _modules():
        short = module.__name__.rpartition(".")[2]
        for name, act in vars(module).items():
            if name.startswith("_") or not inspect.isfunction(act) or act.__module__ != module.__name__:
                continue
            first, *rest = inspect.signature(act).parameters.values() or [None]
            if first is None or first.name not in TELLING or "str" not in str(first.annotation):
                continue
            if f"{short}.{name}" in OURS:
                continue
            more = {other.name: FILLED[other.name] for other in rest if other.name in FILLED}
            yield Reader(f"{short}.{name}", act, more)


READERS = list(_readers())


def test_the_readers_are_found() -> None:
    names = {reader.name for reader in READERS}
    assert len(names) > 120
    assert {
        "danger.check",
        "stop_words.stop_word",
        "child.read_child_facts",
        "loss.sure_loss",
        "dates.read_date",
    } <= names


@fuzz(0.15)
@given(text=st.one_of(texts, st.builds("{}\n{}".format, words, texts)))
def test_no_text_makes_a_reader_stumble(text: str) -> None:
    count("texts, each read by every reader")
    for reader in READERS:
        try:
            reader(text)
        except Exception as error:
            raise AssertionError(f"{reader.name}({text!r}): {type(error).__name__}: {error}") from error


# What makes patterns go back and try again: one piece over and over, with an end that does not fit.
PIECES = [
    "a", "1", " ", "  ", "\n", ".", ",", "-", "/", "(", "'", "A. ", "1,", "7.8.", "1/", "-1", "😀", "\u0301", "\u200b",
    "ya ", "tidak ", "anak ", "anak saya demam ", "anak saya ", "ke 2 ", "4 bulan ", "minggu depan ", "tgl 1 ",
    "12 januari 2026 ", "1/1/2026 ", "bb 7,8 kg ", "tb 68 ", "hb0 bcg polio ", "kejang ", "sesak ", "meninggal ",
    "keguguran ", "stop ", "bu ", "posyandu ", "jam 08.00 ", "di rumah ", "nama ", "lahir ", "sudah ", "saya ", "x ",
]  # fmt: skip
TAILS = ["!", " ya", "\x00"]
# All of it takes minutes of processor time.
THOROUGH = EXAMPLES >= 5000


def _seconds(reader: Reader, text: str) -> float:
    began = time.process_time()
    reader(text)
    return time.process_time() - began


@pytest.mark.parametrize("piece", PIECES if THOROUGH else PIECES[::4], ids=repr)
def test_no_text_keeps_a_reader_busy(piece: str) -> None:
    slow = []
    for tail in TAILS if THOROUGH else TAILS[:1]:
        text = (piece * MAX_TEXT)[: MAX_TEXT - len(tail)] + tail
        count("long texts, each read by every reader")
        slow += [(reader.name, tail) for reader in READERS if _seconds(reader, text) > SLOWEST_S]
    assert slow == []


# What looks at a message before its length is known: triage, and what is asked while a number is silent.
FIRST = [
    reader
    for reader in READERS
    if reader.name.partition(".")[0] in ("danger", "stop_words", "not_me_words", "loss", "seats", "words", "casework")
    or reader.name in ("dates.read_date", "text.strip_invisible", "text.neutralize", "text.classify_odd", "text.fold")
]
WHOLE_BODY = 64_000
WHOLE = [
    "a", " ", "1,", "/", "\u200b", "sesak ", "meninggal ", "anak saya demam ", "bukan saya ", "4 bulan ",
    "12 januari 2026 ", "ya ", "stop ", "0812", ", ya",
]  # fmt: skip


@pytest.mark.parametrize("piece", WHOLE if THOROUGH else WHOLE[::4], ids=repr)
def test_the_longest_message_that_can_come_in_is_looked_at_in_time(piece: str) -> None:
    text = (piece * WHOLE_BODY)[:WHOLE_BODY]
    count("texts of 64 kB, each looked at as triage does")
    slow = [(reader.name, took) for reader in FIRST if (took := _seconds(reader, text)) > 2 * SLOWEST_S]
    assert slow == []
