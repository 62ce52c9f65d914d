"""A family as a kader tells of it on Monday 23 November 2026."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sapa.family.people import Sex
from sapa.family.reading.assisted import (
    ADDRESS,
    BORN,
    CHILD,
    CONSENT,
    DUE,
    MOTHER,
    PHONE,
    SEX,
    opens_family,
    read_family,
    skips,
)

TODAY = date(2026, 11, 23)
BORN_ON, PHONE_NUMBER = date(2026, 5, 3), "+6281234567890"

WHOLE = [
    (
        "DAFTARKAN Ani anak Bu Rina lahir 3 mei 2026 perempuan, hp 0812-3456-7890, alamat RT 02",
        ("Rina", "Ani", Sex.FEMALE, BORN_ON, PHONE_NUMBER, False, "RT 02"),
    ),
    (
        "daftarkan Ani anak bu rina lahir 3/5/26 pr tidak ada hp alamat RT 02, RW 05 dusun Oesapa",
        ("Rina", "Ani", Sex.FEMALE, BORN_ON, None, True, "RT 02, RW 05 dusun Oesapa"),
    ),
    (
        "daftarin budi santoso anaknya ibu Maria Tuti, lahir 3-5-2026, laki-laki, alamatnya belakang gereja",
        ("Maria Tuti", "Budi Santoso", Sex.MALE, BORN_ON, None, False, "belakang gereja"),
    ),
]


@pytest.mark.parametrize(("text", "told"), WHOLE)
def test_a_whole_family_may_be_told_at_once(text: str, told: tuple[object, ...]) -> None:
    read = read_family(text, TODAY)
    assert opens_family(text)
    facts = (read.mother, read.child, read.sex, read.born.value, read.phone, read.no_phone, read.address)
    assert facts == told


@pytest.mark.parametrize(
    ("text", "mother", "lmp", "edd"),
    [
        ("daftarkan ibu hamil Bu Sari HPHT 15 juni 2026", "Sari", date(2026, 6, 15), None),
        ("daftarkan bumil sari hpl 22 maret 2027 tanpa hp", "Sari", None, date(2027, 3, 22)),
    ],
)
def test_a_pregnant_woman_is_told_by_either_date(text: str, mother: str, lmp: date | None, edd: date | None) -> None:
    read = read_family(text, TODAY)
    assert opens_family(text) and read.pregnant and read.child is None
    assert (read.mother, read.lmp.value, read.edd.value) == (mother, lmp, edd)


@pytest.mark.parametrize(
    ("asked", "text", "fact", "value"),
    [
        (MOTHER, "Rina", "mother", "Rina"),
        (MOTHER, "Bu Rina Wati", "mother", "Rina Wati"),
        (MOTHER, "RINA WATI", "mother", "Rina Wati"),
        (CHILD, "Ani Putri", "child", "Ani Putri"),
        (CHILD, "hamil", "pregnant", True),
        (SEX, "perempuan", "sex", Sex.FEMALE),
        (SEX, "lk", "sex", Sex.MALE),
        (PHONE, "0812 3456 7890", "phone", PHONE_NUMBER),
        (PHONE, "tidak ada", "no_phone", True),
        (PHONE, "gak punya hp", "no_phone", True),
        (ADDRESS, "RT 02 RW 01 dekat kios", "address", "RT 02 RW 01 dekat kios"),
        (ADDRESS, "belakang gereja", "address", "belakang gereja"),
        (ADDRESS, "tidak tahu", "address", None),
        (CONSENT, "SUDAH SETUJU", "consent", True),
        (CONSENT, "ibunya setuju", "consent", True),
        (CONSENT, "ya", "consent", True),
        (CONSENT, "tidak setuju", "consent", False),
        (CONSENT, "belum mau", "consent", False),
        (CONSENT, "apakah harus setuju?", "consent", None),
        (CONSENT, "lahir 4 mei 2026", "consent", None),
    ],
)
def test_an_answer_needs_no_word_to_mark_it(asked: str, text: str, fact: str, value: object) -> None:
    assert getattr(read_family(text, TODAY, asked), fact) == value


def test_dates_are_answers_too() -> None:
    assert read_family("3 mei 2026", TODAY, BORN).born.value == BORN_ON
    assert read_family("15 juni", TODAY, DUE).lmp.value == date(2026, 6, 15)
    assert read_family("22 maret 2027", TODAY, DUE).edd.value == date(2027, 3, 22)


@pytest.mark.parametrize("text", ["daftarkan anak saya Ani", "mau daftar", "daftar", "daftar hadir", "DAFTARKAN Ani"])
def test_her_own_child_and_other_lists_open_nothing(text: str) -> None:
    assert not opens_family(text)


def test_a_question_may_be_left_out() -> None:
    assert skips("LEWATI") and skips("tidak tahu") and not skips("RT 02")


@given(st.text(max_size=200), st.sampled_from([None, MOTHER, CHILD, BORN, DUE, SEX, PHONE, ADDRESS, CONSENT]))
def test_no_text_makes_it_fall(text: str, asked: str | None) -> None:
    read_family(text, TODAY, asked)
    opens_family(text)
