"""How much of a list of slang we know. The lists here are made up; lists of others are given on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bot.nlu.coverage import cover, main, outcome, read_reference
from bot.nlu.words import normalize

LIST = "# typed, meant\nyg\tyang\naku\tkamu\nbgt\tbegitu\nbgt\tbanget\nxyzzy\tsesuatu\nbumil\tibu hamil\n"


@pytest.mark.parametrize(
    ("typed", "meanings", "became"),
    [
        ("yg", ["yang"], "exact"),
        ("YG", ["Yang"], "exact"),  # capitals make no difference
        ("anak2", ["anak-anak"], "exact"),  # nor do hyphens
        ("bgt", ["begitu", "sangat"], "exact"),  # one accepted meaning is enough
        ("bgt", ["banget"], "same"),  # both are "sangat" to us
        ("xyzzy", ["sesuatu"], "left"),
        ("bumil", ["ibu hamil"], "other"),  # "hamil" to us
    ],
)
def test_a_typed_form_is_brought_to_its_meaning_or_left_or_made_something_else(
    typed: str, meanings: list[str], became: str
) -> None:
    assert outcome(typed, meanings) == became


def test_forms_are_counted_once_and_lines_one_by_one() -> None:
    # Forms: yg exact, bgt same (banget), aku and bumil something else, xyzzy left.
    assert cover(read_reference(LIST)).figures() == {
        "lines": 6,
        "lines_exact": 1,
        "forms": 5,
        "accepted": 2,
        "accepted_exact": 1,
        "left_as_typed": 1,
        "something_else": 2,
        "accepted_share": 2 / 5,
    }


def test_a_line_without_a_meaning_is_named() -> None:
    with pytest.raises(ValueError, match="line 2"):
        read_reference("yg\tyang\nutk\n")


def test_the_first_uncovered_forms_are_shown_with_what_we_make_of_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "list.tsv"
    path.write_text(LIST, encoding="utf-8")
    assert main([str(path), "--missing", "2"]) == 0
    assert capsys.readouterr().out.splitlines()[-2:] == ["aku\tkamu\tsaya", "xyzzy\tsesuatu\txyzzy"]
    assert main([str(path), "--missing", "1", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["missing"] == [{"typed": "aku", "meant": ["kamu"], "became": "saya"}]
    assert shown["forms"] == 5


def test_a_file_that_cannot_be_read_is_one_clear_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path / "none.tsv")]) == 1
    assert "none.tsv: No such file" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("suami pukul saya", "suami pukul saya"),  # a blow, not "o'clock"
        ("tenggelam di bak", "tenggelam di bak"),  # a tub, not urine
        ("obatnya abis", "obat habis"),  # used up, not "after"
        ("pukul 12, 5 km lagi", "pukul 12 5 km lagi"),  # kilometres, not "kamu"
        ("kurang energi kronis kek", "kurang energi kronis kek"),  # not "kayak"
        ("terima kasih", "terima kasih"),
        ("dimana posyandunya", "di mana posyandu"),
        ("di mana posyandunya", "di mana posyandu"),
    ],
)
def test_words_with_two_meanings_stay_as_they_are_typed(typed: str, meant: str) -> None:
    assert " ".join(normalize(typed)) == meant
