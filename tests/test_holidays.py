"""National holidays a kader is warned of when she plans a session."""

from __future__ import annotations

from datetime import date

import pytest

from sapa.holidays_id import holiday


@pytest.mark.parametrize(
    ("day", "part"),
    [
        (date(2026, 8, 17), "Kemerdekaan"),
        (date(2026, 12, 25), "Natal"),
        (date(2026, 12, 24), "Cuti Bersama"),
        (date(2027, 5, 1), "Buruh"),
    ],
)
def test_a_holiday_has_its_indonesian_name(day: date, part: str) -> None:
    assert part in (holiday(day) or "")


def test_a_day_of_the_islamic_calendar_far_ahead_says_that_it_is_an_estimate() -> None:
    # Eid of 2035 has no decree yet; whatever day the library works out, its name must say so.
    names = [
        name
        for day in range(1, 32)
        for month in (11, 12)
        if month == 12 or day < 31
        if (name := holiday(date(2035, month, day))) and "Idul Fitri" in name and "Cuti" not in name
    ]
    assert names and all("perkiraan" in name for name in names)


def test_an_ordinary_day_is_none() -> None:
    assert holiday(date(2026, 12, 10)) is None
