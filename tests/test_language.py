"""Language: Indonesian as people type it is never called foreign; other languages are found when they are clear."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sapa.language import detect

DATA = Path(__file__).parent / "data"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "5",
        "12/03/2024",
        "👍🙏",
        "ya",
        "ok",
        "p",
        "halo bu",
        "Aisyah Putri Ramadhani",
        "Yohanes Taek",
        "I Made Wirawan",
        "Posyandu Melati 3",
        "gmn bu",
        "ank sy dmm",
        "asi",
        "mpasi",
        "finger food",
        "baby blues",
        "thank you bu",
        "screen time anak",
        "booster asi",
        "bayi sonde mau susu",
        "suwun bu bidan",
        "hatur nuhun",
        "anak beta kejang tolong",
    ],
)
def test_short_slangy_and_mixed_messages_are_indonesian(text: str) -> None:
    assert detect(text).indonesian


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("when is the next vaccine", "en"),
        ("My wife is bleeding, please help", "en"),
        ("anakku lara weteng wis rong dina, piye iki", "jv"),
        ("budak abdi teu damang ti kamari, kedah kumaha", "su"),
        ("متى موعد التطعيم", "ar"),
        ("疫苗什么时候打", "zh"),
        ("Когда прививка", "ru"),
        ("Quand est-ce que mon bébé peut manger des légumes cuits", "fr"),
        ("Wann bekommt mein Kind die nächste Impfung gegen Masern", "de"),
    ],
)
def test_clearly_other_languages_are_named(text: str, language: str) -> None:
    found = detect(text)
    assert (found.language, found.indonesian) == (language, False)
    assert 0 < found.confidence <= 1


def test_almost_no_indonesian_is_called_foreign_and_almost_all_english_is_found() -> None:
    """At most 1 in 100 Indonesian messages called foreign, at least 95 in 100 English ones found."""
    with (DATA / "dev.tsv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    indonesian = [r["text"] for r in rows if r["label"] != "bahasa_lain" and "bahasa_lain" not in r["alt"]]
    english = (DATA / "english.tsv").read_text(encoding="utf-8").splitlines()[1:]
    assert sum(not detect(text).indonesian for text in indonesian) <= 0.01 * len(indonesian)
    assert sum(detect(text).language == "en" for text in english) >= 0.95 * len(english)


def test_asking_twice_gives_one_answer() -> None:
    text = "ceci est une question sur la vaccination des enfants"
    assert len({detect(text) for _ in range(20)}) == 1


@given(st.text(max_size=200))
def test_no_text_makes_it_fail(text: str) -> None:
    assert 0 <= detect(text).confidence <= 1
