"""Danger words: what happens now is found, however it is spelt; what is asked about, denied or past is not."""

from __future__ import annotations

import csv
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sapa.messaging.danger import DangerFinding, check, likely_kind, suspect

DATA = Path(__file__).parent.parent / "data"


def _rows(name: str) -> list[dict[str, str]]:
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


OWN = _rows("danger_own.tsv")


@pytest.mark.parametrize("row", [r for r in OWN if r["danger"] == "y"], ids=lambda r: r["text"][:50])
def test_a_danger_is_found_with_its_kind_and_its_language(row: dict[str, str]) -> None:
    finding = check(row["text"])
    assert finding is not None
    assert (finding.kind, finding.english) == (row["kind"], row["note"] == "en")


@pytest.mark.parametrize("row", [r for r in OWN if r["danger"] == "n"], ids=lambda r: r["text"][:50])
def test_what_only_looks_like_a_danger_raises_no_alarm(row: dict[str, str]) -> None:
    assert check(row["text"]) is None


@pytest.mark.parametrize(
    ("happening", "not_happening", "why"),
    [
        ("anak saya kejang", "anak saya tidak kejang", "denied"),
        ("saya hamil keluar darah", "saya hamil, tidak ada keluar darah", "denied"),
        ("hamil 7 bulan perdarahan", "waktu hamil dulu pernah perdarahan", "past"),
        ("dulu pernah kejang, tadi kejang lagi anaknya", "dulu pernah kejang anaknya", "past, and again now"),
        ("istri saya sesak napas", "apa saja tanda sesak napas", "asked about"),
        ("anak kejang sekarang", "kalau anak kejang gimana", "imagined"),
        ("bayi saya tersedak", "biar bayi tidak tersedak gimana", "to be avoided"),
        ("bibir bayi biru", "kapsul biru untuk bayi", "another meaning"),
        ("tekanan darah 120, tapi keluar darah banyak lagi hamil", "tekanan darah ibu hamil berapa", "another meaning"),
        ("mau tanya apa itu imunisasi, oh ya anak saya tadi kejang", "mau tanya apa itu kejang demam", "in passing"),
    ],
)
def test_one_word_can_make_the_difference(happening: str, not_happening: str, why: str) -> None:
    assert check(happening) is not None
    assert check(not_happening) is None, why


@pytest.mark.parametrize(
    "text",
    [
        "anak saya KEJANG",
        "anak saya kejaaaang",
        "ank sy kjang",
        "anak\u200b saya ke\u200bjang",
        "ＡＮＡＫ ＳＡＹＡ ＫＥＪＡＮＧ",
        "anak saya... kejang!!!",
        "anak saya 🙏 kejang 😭",
        "anak saya kejagn",
    ],
)
def test_spelling_size_and_hidden_characters_change_nothing(text: str) -> None:
    assert check(text) == DangerFinding("bayi-anak", english=False, sign="kejang")


def test_the_sentences_families_may_write_are_understood_well_enough() -> None:
    """On sentences made by others: at least 9 of 10 dangers found, at most 3 false alarms in 100 other messages."""
    rows = _rows("dev.tsv")
    dangers = [r for r in rows if r["label"] == "danger"]
    others = [r for r in rows if r["label"] != "danger" and "danger" not in r["alt"]]
    assert sum(check(r["text"]) is not None for r in dangers) >= 0.9 * len(dangers)
    assert sum(check(r["text"]) is not None for r in others) <= 0.03 * len(others)


@given(st.text(max_size=300))
def test_no_text_makes_it_fail(text: str) -> None:
    check(text)


@given(
    st.lists(
        st.sampled_from(
            [
                "hamil",
                "darah",
                "tidak",
                "ada",
                "kejang",
                "kalau",
                "anak",
                "bayi",
                "dulu",
                "sekarang",
                "3",
                "bulan",
                ",",
                ".",
                "?",
                "sakit",
                "perut",
            ]
        )
    )
)
@settings(max_examples=50)
def test_no_mix_of_its_own_words_makes_it_fail(words: list[str]) -> None:
    check(" ".join(words))


def test_a_very_long_message_takes_no_time_worth_naming() -> None:
    started = time.perf_counter()
    check("hamil darah tidak anak bayi sakit perut " * 3000)
    assert time.perf_counter() - started < 0.5


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("suami saya tadi bentak2 sambil banting piring", "kekerasan"),
        ("om suka masuk kamar saya malam malam", "kekerasan"),
        ("pengen nyusul bapak aja rasanya", "kejiwaan"),
        ("maafkan saya semuanya, titip anak-anak ya", "kejiwaan"),
        ("bayi saya kok layu begini", "bayi-anak"),
        ("hamil 30 minggu perut kenceng terus", "hamil"),
        ("badan rasanya aneh sekali", "umum"),
    ],
)
def test_a_danger_only_the_model_sees_gets_the_text_it_needs(text: str, kind: str) -> None:
    assert likely_kind(text) == kind


@pytest.mark.parametrize(
    ("text", "suspected"),
    [
        ("kalau anak kejang gimana", True),  # imagined, perhaps
        ("takut anak saya kejang", True),
        ("anak saya tidak kejang", False),  # denied
        ("dulu pernah kejang", False),  # past
        ("anak saya batuk", False),
    ],
)
def test_a_sign_that_seems_only_feared_or_imagined_is_worth_a_question(text: str, suspected: bool) -> None:
    assert suspect(text) is suspected
