"""Headers and cells of a posyandu register, in the many ways people keep one."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sapa.family.people import Sex
from sapa.family.reading import register

TODAY = date(2026, 11, 23)


@pytest.mark.parametrize(
    ("header", "column"),
    [
        ("Nama Anak", "child"), ("NAMA BALITA", "child"), ("Tgl. Lahir", "born"), ("JK (L/P)", "sex"), ("L/P", "sex"),
        ("Nama Ibu", "mother"), ("No. HP", "phone"), ("Nomor WA", "phone"), ("RT/RW", "address"),
        ("Desa/Kel", "village"),
        ("Berat Lahir (g)", "birth_weight"), ("Usia kehamilan lahir (minggu)", "birth_weeks"), ("Buku KIA", "book"),
        ("Persetujuan", "consent"), ("Tgl persetujuan", "consent_on"), ("Tanggal timbang", "measured_on"),
        ("BB (kg)", "weight"), ("TB/PB (cm)", "length"), ("HPHT", "lmp"), ("HPL", "edd"),
        ("NIK", "skip"), ("No", "skip"),
        ("HB-0", "dose:HB0"), ("HB0 (<24 jam)", "dose:HB0"), ("BCG", "dose:BCG"), ("Polio 1", "dose:OPV1"),
        ("OPV2", "dose:OPV2"), ("DPT-HB-Hib 1", "dose:DPTHBHIB1"), ("Pentavalen 3", "dose:DPTHBHIB3"),
        ("DPT-HB-Hib Lanjutan", "dose:DPTHBHIB4"), ("DPTHBHIB4", "dose:DPTHBHIB4"), ("PCV2", "dose:PCV2"),
        ("Rotavirus 1", "dose:RV1"), ("IPV", "dose:IPV1"), ("Polio suntik 2", "dose:IPV2"), ("Campak", "dose:MR1"),
        ("Campak Rubela 2", "dose:MR2"), ("MR lanjutan", "dose:MR2"), ("JE", "dose:JE1"),
        ("Polio 5", "dose?"), ("BCG 2", "dose?"), ("Polio", "dose?"),  # which of them?
        ("Golongan darah", None), ("", None),
    ],
)  # fmt: skip
def test_what_a_column_holds(header: str, column: str | None) -> None:
    assert register.column_named(header) == column


@pytest.mark.parametrize(
    ("cell", "value", "problem"),
    [
        ("2026-05-03", date(2026, 5, 3), None),
        ("2026-05-03 00:00:00", date(2026, 5, 3), None),
        ("3/5/2026", date(2026, 5, 3), None),  # day first
        ("03-05-26", date(2026, 5, 3), None),
        ("3 Mei 2026", date(2026, 5, 3), None),
        ("46145", date(2026, 5, 3), None),  # Excel: 46,145 days after 30 December 1899
        ("3 mei", None, "unreadable"),
        ("Mei 2026", None, "unreadable"),
        ("kemarin", None, "unreadable"),
        ("sekitar 3 mei 2026", None, "unreadable"),
        ("31/2/2026", None, "impossible"),
        ("5/13/2026", None, "impossible"),
        ("3/5/2027", date(2027, 5, 3), "future"),
        ("-", None, "empty"),
        ("belum", None, "empty"),
    ],
)
def test_a_day_is_read_whole_or_not_at_all(cell: str, value: date | None, problem: str | None) -> None:
    assert register.read_day(cell, TODAY) == register.DayCell(value, problem)


def test_a_due_date_may_lie_ahead() -> None:
    assert register.read_day("3/5/2027", TODAY, ahead=True) == register.DayCell(date(2027, 5, 3))


@pytest.mark.parametrize(
    ("cell", "kilos"), [("8,2", 8.2), ("8.2 kg", 8.2), ("8200", 8.2), ("8.200 gram", 8.2), ("82", 82.0), ("x", None)]
)  # fmt: skip
def test_a_weight_is_in_kilograms_however_it_is_written(cell: str, kilos: float | None) -> None:
    assert register.read_weight(cell) == kilos


@pytest.mark.parametrize(
    ("cell", "grams"), [("3100", 3100), ("3.100", 3100), ("3,1 kg", 3100), ("2900 gr", 2900), ("", None)]
)  # fmt: skip
def test_a_weight_at_birth_is_in_grams(cell: str, grams: int | None) -> None:
    assert register.read_birth_weight(cell) == grams


@pytest.mark.parametrize(
    ("cell", "sex"), [("L", "M"), ("laki-laki", "M"), ("P", "F"), ("Perempuan", "F"), ("1", None), ("", None)]
)  # fmt: skip
def test_a_sex_is_read_from_its_words_never_from_a_number(cell: str, sex: str | None) -> None:
    assert register.read_sex(cell) == (Sex(sex) if sex else None)


@pytest.mark.parametrize(
    ("cell", "yes", "day"),
    [
        ("ya", True, None),
        ("Ya, 3/11/2026", True, date(2026, 11, 3)),
        ("setuju 3 November 2026", True, date(2026, 11, 3)),
        ("3/11/2026", True, date(2026, 11, 3)),  # a day alone is a yes
        ("tidak", False, None),
        ("", None, None),
        ("nanti saja", None, None),
    ],
)
def test_a_consent_is_a_yes_with_or_without_its_day(cell: str, yes: bool | None, day: date | None) -> None:
    said, on = register.read_consent(cell, TODAY)
    assert (said, on.value) == (yes, day)


@given(st.text(max_size=60))
def test_no_text_in_a_cell_or_header_breaks_the_reading(text: str) -> None:
    register.column_named(text)
    register.read_day(text, TODAY)
    register.read_consent(text, TODAY)
    register.read_weight(text)
    register.read_birth_weight(text)
    register.is_formula(text)
