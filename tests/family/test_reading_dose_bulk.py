"""Reports of many doses: up to which age, what is left out, and days told by visit."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sapa.family.reading.dates import read_date
from sapa.family.reading.dose_bulk import in_its_year, knows_no_day, named_visits, read_bulk, read_visits

TODAY = date(2026, 11, 22)
NAMES = ["Ani", "Budi"]
MR, RV = {"MR1", "MR2"}, {"RV1", "RV2", "RV3"}


@pytest.mark.parametrize(
    ("text", "until", "without"),
    [
        ("semua sampai 4 bulan lengkap", 4, set()),
        ("imunisasinya lengkap sampai umur 9 bulan", 9, set()),
        ("vaksin nya komplit smp usia 3 bln", 3, set()),
        ("udah komplit kecuali campak", None, MR),
        ("imunisasi ani komplit, campak belum", None, MR),
        ("sudah semua sampai 4 bln, tinggal rotavirus", 4, RV),
        ("lengkap sampai setahun kecuali campak sama rota", 12, MR | RV),
        ("imunisasi lengkap sampai 2 tahun", 24, set()),
        ("imunisasi sudah lengkap sampai sekarang", None, set()),
        ("sudah lengkap semua imunisasinya", None, set()),
        ("imunisasi lengkap sesuai umur", None, set()),
        ("lengkap sampai DPT 3", 4, set()),
        ("imunisasinya lengkap sampai sembilan bulan bu", 9, set()),
    ],
)
def test_everything_up_to_an_age(text: str, until: int | None, without: set[str]) -> None:
    bulk = read_bulk(text, TODAY, names=NAMES)
    assert bulk is not None and bulk.sure and (bulk.until_months, set(bulk.without)) == (until, without)


@pytest.mark.parametrize("text", ["imunisasi lengkap", "imunisasi dasar lengkap", "DPT lengkap"])
def test_bare_words_may_be_a_question_so_they_are_not_sure(text: str) -> None:
    bulk = read_bulk(text, TODAY, names=NAMES)
    assert bulk is not None and not bulk.sure


@pytest.mark.parametrize(
    "text",
    [
        "imunisasi belum lengkap",
        "imunisasinya tidak lengkap",
        "imunisasi lengkap itu apa saja?",
        "asi lengkap sampai 6 bulan",
        "makan sudah lengkap sampai 9 bulan",
        "biar imunisasinya lengkap",
        "mau imunisasi lengkap",
        "imunisasi lengkap sampai 9 bulan habis itu demam",
        "sudah semua",
        "sdh lengkap bu",
        "imunisasi 2 bulan lengkap 10/3/26",
        "BCG 3 mei",
    ],
)
def test_what_is_no_report_of_everything(text: str) -> None:
    assert read_bulk(text, TODAY, names=NAMES) is None


def test_children_single_doses_and_visits_may_be_told_with_it() -> None:
    bulk = read_bulk("imunisasi ani lengkap sampai 2 bulan, 1 bulan 5 feb, 2 bulan 5 maret", TODAY, names=NAMES)
    assert bulk is not None and bulk.report.names == ("Ani",)
    assert [(visit.months, visit.date.value) for visit in bulk.visits] == [
        (1, date(2026, 2, 5)),
        (2, date(2026, 3, 5)),
    ]
    other = read_bulk("imunisasi lengkap sampai 2 bulan, hb0 3 mei", TODAY)
    assert other is not None and [entry.dose for entry in other.report.entries] == ["HB0"]


MARCH, APRIL = date(2026, 3, 5), date(2026, 4, 7)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("2 bulan 5 maret, 3 bulan 7 april", [(2, MARCH), (3, APRIL)]),
        ("2 bln 5/3/26 3 bln 7/4/26", [(2, MARCH), (3, APRIL)]),
        ("yang 2 bulan tgl 5 maret, 3 bulan tgl 7 april dan 4 bulan lupa", [(2, MARCH), (3, APRIL), (4, "unknown")]),
        ("2 bulan: 5 maret 2026\n3 bulan: tidak tahu", [(2, MARCH), (3, "unknown")]),
        ("5 maret 2 bulan, 7 april 3 bulan", [(2, MARCH), (3, APRIL)]),
        ("lahir 5 maret, 1 bulan 7 april", [(0, MARCH), (1, APRIL)]),
        ("dua bulan 5 maret", [(2, MARCH)]),
        ("4 bulan belum", [(4, "no")]),
        ("3 bulan lalu", []),
        ("tgl 3 bulan 5", []),
        ("5 maret", []),
        ("5 bulan 5 maret", []),  # no visit of the schedule
    ],
)
def test_days_told_by_visit(text: str, told: list[tuple[int, object]]) -> None:
    found = [
        (visit.months, "unknown" if visit.unknown else "no" if visit.not_given else visit.date.value)
        for visit in read_visits(text, TODAY)
    ]
    assert found == told


def test_visits_are_named_without_a_day_too() -> None:
    assert named_visits("ubah yang 2 bulan dan 4 bulan") == (2, 4) and named_visits("ubah BCG") == ()


@pytest.mark.parametrize(
    "text", ["buku hilang", "bukunya ilang bu", "gak punya buku", "tidak tahu semua", "lupa semua", "semuanya lupa"]
)
def test_no_day_is_known_at_all(text: str) -> None:
    assert knows_no_day(text)


@pytest.mark.parametrize("text", ["tidak tahu", "lupa yang ini", "2 bulan lupa", "bukunya ada"])
def test_one_unknown_day_is_not_all_of_them(text: str) -> None:
    assert not knows_no_day(text)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("5 maret", date(2025, 3, 5)),  # the visit was expected in March 2025
        ("5 maret 2026", date(2026, 3, 5)),
        ("5/3/26", date(2026, 3, 5)),
        ("5 mar 26", date(2026, 3, 5)),
        ("kemarin", date(2026, 11, 21)),
    ],
)
def test_a_day_without_its_year_is_of_the_year_nearest_to_the_visit(text: str, day: date) -> None:
    read = read_date(text, TODAY, max_years=None)
    assert in_its_year(read, date(2025, 3, 1), date(2025, 1, 1), TODAY) == day


_WORDS = ["2", "bulan", "lengkap", "sampai", "5", "maret", "lupa", "semua", "BCG"]


@given(st.text(max_size=150) | st.lists(st.sampled_from(_WORDS)).map(" ".join))
def test_any_text_is_read_without_raising(text: str) -> None:
    read_bulk(text, TODAY, names=NAMES)
    read_visits(text, TODAY)
    knows_no_day(text)
