"""SKDN: who is followed (S), has a book (K), was weighed (D) and gained (N), counted by hand and by the program."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sapa.family.calendar import add_months
from sapa.family.people import Child, Measurement, Sex
from sapa.family.skdn import Followed, Letter, Skdn, count, marks, month_days, share

FIRST, LAST = month_days(2026, 11)
SESSION, LAST_SESSION = date(2026, 11, 10), date(2026, 10, 10)  # 31 days apart
EARLY = date(2024, 1, 1)


def followed(
    born: str, sex: str = "F", book: bool | None = True, weighed: dict[str, float] | None = None, **more: object
) -> Followed:
    rows = tuple(Measurement(date.fromisoformat(f"2026-{day}"), kg) for day, kg in (weighed or {}).items())
    child = Child("", date.fromisoformat(born), Sex(sex), measurements=rows, birth_weeks=more.get("weeks"))  # type: ignore[arg-type]
    return Followed(child, book, since=more.get("since", EARLY), until=more.get("until"))  # type: ignore[arg-type]


def at(before: float | None, now: float | None) -> dict[str, float]:
    """Weights at the sessions of 10 October and 10 November."""
    return {day: kg for day, kg in (("10-10", before), ("11-10", now)) if kg is not None}


# One November of posyandu Melati as it stands on paper. The letters are what a kader writes behind each name;
# "-" is somebody who is not in S. The least gain (KBM) by age in months stands in sapa/family/data/who/README.md.
NOVEMBER = [
    # name, child, letters, why
    ("Ani", followed("2026-10-01", "F", True, at(3.3, 4.2)), "SKDN", "1 month: 900 g >= 800 g"),
    ("Beni", followed("2026-09-01", "M", True, at(4.4, 5.2)), "SKDT", "2 months: 800 g < 900 g, and the line falls"),
    ("Citra", followed("2026-08-01", "F", True, at(5.0, 5.7)), "SKD?", "3 months: the sources disagree on the KBM"),
    ("Dedi", followed("2026-07-01", "M", True, at(6.0, 6.6)), "SKDN", "4 months: 600 g >= 600 g"),
    ("Eka", followed("2026-06-01", "F", False, at(6.2, 6.6)), "SDT", "5 months: 400 g < 500 g; no book"),
    ("Fajar", followed("2026-05-01", "M", True, at(7.0, 7.4)), "SKDN", "6 months: 400 g >= 400 g"),
    ("Gita", followed("2026-04-01", "F", True, at(7.0, 7.3)), "SKDN", "7 months, girl: 300 g >= 300 g"),
    ("Hadi", followed("2026-04-01", "M", True, at(7.5, 7.9)), "SKD?", "7 months, boy: the sources disagree"),
    ("Indah", followed("2026-03-01", "F", True, at(7.5, 7.5)), "SKDT", "nothing gained"),
    ("Joko", followed("2026-02-01", "M", True, {"09-10": 8.0, "11-10": 8.6}), "SKDO", "not weighed in October"),
    ("Kartika", followed("2026-01-01", "F", None, at(None, 8.3)), "SKDB", "first weighing; nobody looked for a book"),
    ("Lukman", followed("2025-11-01", "M", True, at(9.0, 9.2)), "SKDN", "12 months: 200 g >= 200 g"),
    ("Mega", followed("2025-05-01", "F", False, at(9.5, 9.3)), "SDT", "lost weight; no book"),
    ("Nanda", followed("2024-11-01", "M", True, at(11.5, 11.6)), "SKDT", "24 months: 100 g < 200 g, the line falls"),
    ("Oki", followed("2023-06-01", "F", True, at(13.0, 13.2)), "SKDN", "41 months: 200 g >= 200 g"),
    ("Putri", followed("2023-11-01", "F", True, at(12.0, 12.18)), "SKD?", "180 g < 200 g, but the line does not fall"),
    ("Qori", followed("2022-01-01", "M", True, at(16.0, 16.3)), "SKDN", "58 months: 300 g >= 200 g"),
    ("Rani", followed("2021-12-01", "F", True, at(15.8, 15.7)), "SKDT", "59 months until 30 November; lost weight"),
    ("Sari", followed("2021-11-30", "F", True, at(15.0, 15.3)), "-", "five years old on 30 November"),
    ("Tono", followed("2025-03-01", "M", False, at(10.0, None)), "S", "did not come; no book"),
    ("Umi", followed("2024-06-01", "F", None), "SK", "did not come; nobody looked for a book"),
    ("Vina", followed("2023-02-01", "F", True, at(12.5, None)), "SK", "did not come"),
    ("Wawan", followed("2025-01-01", "M", True, at(10.5, 10.8), until=date(2026, 11, 15)), "-", "moved on 15 November"),
    ("Xena", followed("2026-02-01", "F", True, at(6.5, 6.9), weeks=35), "SKD?", "born early: the bidan reads the card"),
    ("Yanti", followed("2026-11-28", "F", True), "SK", "born two days before the month ends"),
    ("Zaki", followed("2025-01-01", "M", True, since=date(2026, 12, 3)), "-", "first known in December"),
    ("Bagus", followed("2025-07-01", "M", True, {"10-10": 9.9, "11-02": 10.1, "11-10": 10.2}), "SKDN", "twice: once"),
    ("Candra", followed("2025-09-01", "M", True, at(9.6, 45.0)), "SKD?", "45 kg is a slip: weighed, but not judged"),
    ("Dewi", followed("2025-08-01", "F", True, {"10-10": 9.0, "11-25": 9.4}), "SKDO", "46 days after October's"),
    ("Edo", followed("2025-08-01", "M", True, {"10-10": 9.5, "12-05": 9.9}), "SK", "weighed in December only"),
]


def letters_of(one: Followed) -> str:
    """The letters of a child as the table writes them."""
    found = marks(one, FIRST, LAST)
    if found is None:
        return "-"
    return "S" + ("K" if found.k else "") + ("D" if found.d else "") + (found.letter.value if found.letter else "")


@pytest.mark.parametrize(("name", "one", "letters", "why"), NOVEMBER, ids=[row[0] for row in NOVEMBER])
def test_each_child_bears_the_letters_a_kader_would_write(name: str, one: Followed, letters: str, why: str) -> None:
    assert letters_of(one) == letters, why


def test_a_month_of_thirty_children_equals_the_count_by_hand() -> None:
    # On paper, name by name:
    # S  30 names - Sari (five years), Wawan (moved), Zaki (December)                             = 27
    # K  27 - Eka, Mega, Tono (no book)                                                           = 24
    # D  27 - Tono, Umi, Vina, Yanti, Edo (not weighed in November)                               = 22
    # N  Ani Dedi Fajar Gita Lukman Oki Qori Bagus                                                =  8
    # T  Beni Eka Indah Mega Nanda Rani                                                           =  6
    # O  Joko Dewi                                                                                =  2
    # B  Kartika                                                                                  =  1
    # ?  Citra Hadi Putri Xena Candra                                                             =  5
    #                                                                 8 + 6 + 2 + 1 + 5           = 22 = D
    assert count((one for _, one, _, _ in NOVEMBER), FIRST, LAST) == Skdn(
        s=27, k=24, d=22, n=8, t=6, o=2, b=1, unclear=5, book_unknown=2
    )
    # The same count out of the letters of the table above, without the program's arithmetic.
    letters = [row[2] for row in NOVEMBER]
    assert [sum(letter in one for one in letters) for letter in "SKDNTOB?"] == [27, 24, 22, 8, 6, 2, 1, 5]


def test_the_shares_are_those_a_posyandu_reports() -> None:
    november = count((one for _, one, _, _ in NOVEMBER), FIRST, LAST)
    assert november.k_of_s == 24 / 27  # K/S 88.9 %
    assert november.d_of_s == 22 / 27  # D/S 81.5 %
    assert november.n_of_d == 8 / 14  # N/D 57.1 %: of those who are N or T; O, B and ? are counted apart
    assert november.n_of_all_d == 8 / 22  # the other reading, with everybody weighed: 36.4 %
    assert november.n_of_s == 8 / 27  # N/S 29.6 %


def test_a_session_counts_whom_it_weighed_itself() -> None:
    # 10 November: Dewi came on the 25th, so she is S only; Yanti is not born yet; Wawan has not moved yet and is N
    # (22 months: 300 g >= 200 g); Sari is not five yet and is N (300 g).
    # S 27 - Yanti + Wawan + Sari = 28; D 22 - Dewi + Wawan + Sari = 23; N 8 + 2 = 10; O 2 - Dewi = 1.
    day = count((one for _, one, _, _ in NOVEMBER), SESSION, SESSION)
    assert (day.s, day.d, day.n, day.t, day.o, day.b, day.unclear) == (28, 23, 10, 6, 1, 1, 5)


def test_two_posyandu_of_one_desa_add_up() -> None:
    half = len(NOVEMBER) // 2
    melati, mawar = (count((row[1] for row in part), FIRST, LAST) for part in (NOVEMBER[:half], NOVEMBER[half:]))
    assert melati + mawar == count((row[1] for row in NOVEMBER), FIRST, LAST)


def test_an_empty_posyandu_has_numbers_but_no_shares() -> None:
    nobody = count([], FIRST, LAST)
    assert nobody == Skdn()
    assert nobody.d_of_s is nobody.n_of_d is nobody.k_of_s is nobody.n_of_s is None
    assert share(0, 0) is None
    assert share(0, 4) == 0


@pytest.mark.parametrize(
    ("born", "in_s"),
    [
        ("2026-11-30", True),  # born on the last day
        ("2026-12-01", False),
        ("2021-12-01", True),  # five years old on 1 December
        ("2021-11-30", False),  # five years old on 30 November
    ],
)
def test_s_are_the_children_under_five_on_the_last_day_of_the_month(born: str, in_s: bool) -> None:
    assert (marks(followed(born), FIRST, LAST) is not None) is in_s


def test_a_first_weighing_becomes_a_skipped_month_once_an_older_one_is_known() -> None:
    recent = followed("2026-02-01", "M", True, {"11-10": 8.6})  # the weighings since October
    whole = followed("2026-02-01", "M", True, {"07-10": 7.4, "11-10": 8.6})
    letters = [found.letter for one in (recent, whole) if (found := marks(one, FIRST, LAST)) is not None]
    assert letters == [Letter.FIRST, Letter.SKIPPED]


# --------------------------------------------------------------------------------------------------------- properties

_days = st.dates(date(2021, 1, 1), date(2026, 12, 31))


@st.composite
def _children(draw: st.DrawFn) -> Followed:
    born = draw(_days)
    weighed = draw(
        st.lists(
            st.builds(
                Measurement, st.dates(born, born + timedelta(days=2000)), st.none() | st.floats(2.0, 30.0).map(round)
            ),
            max_size=5,
            unique_by=lambda one: one.date,
        )
    )
    child = Child("", born, draw(st.sampled_from([Sex.MALE, Sex.FEMALE, None])), measurements=tuple(weighed))
    return Followed(child, draw(st.sampled_from([True, False, None])), draw(_days), draw(st.none() | _days))


@given(st.lists(_children(), max_size=12), st.integers(2021, 2026), st.integers(1, 12))
def test_every_child_weighed_bears_exactly_one_letter(children: list[Followed], year: int, month: int) -> None:
    got = count(children, *month_days(year, month))
    assert got.n + got.t + got.o + got.b + got.unclear == got.d <= got.s <= len(children)
    assert got.k <= got.s
    assert got.book_unknown <= got.k
    assert count(reversed(children), *month_days(year, month)) == got


@given(_children(), st.integers(2021, 2026), st.integers(1, 12))
def test_weighings_of_other_months_matter_only_for_the_letter(one: Followed, year: int, month: int) -> None:
    first, last = month_days(year, month)
    here = tuple(m for m in one.child.measurements if first <= m.date <= last)
    alone = marks(replace(one, child=replace(one.child, measurements=here)), first, last)
    whole = marks(one, first, last)
    assert (alone is None) == (whole is None)
    assert alone is None or whole is None or (alone.k, alone.d) == (whole.k, whole.d)


@given(st.integers(2021, 2030), st.integers(1, 12))
def test_a_month_runs_from_its_first_to_its_last_day(year: int, month: int) -> None:
    first, last = month_days(year, month)
    assert first.day == 1
    assert (last + timedelta(days=1)) == add_months(first, 1)
