"""Ages and intervals in calendar months."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sapa.family.calendar import add_days, add_months, age_in_months, days_between

DAYS = st.dates(date(1950, 1, 1), date(2150, 12, 31))


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        (date(2026, 1, 15), 1, date(2026, 2, 15)),
        (date(2026, 12, 15), 1, date(2027, 1, 15)),
        (date(2026, 1, 15), 12, date(2027, 1, 15)),
        (date(2026, 1, 15), 0, date(2026, 1, 15)),
        (date(2026, 8, 31), 1, date(2026, 9, 30)),  # September has 30 days
        (date(2026, 8, 31), 6, date(2027, 2, 28)),  # 2027 is no leap year
        (date(2026, 8, 31), 18, date(2028, 2, 29)),  # 2028 is one
        (date(2028, 2, 29), 12, date(2029, 2, 28)),  # a leap-day child's first birthday
        (date(2028, 2, 29), 48, date(2032, 2, 29)),
        (date(2026, 3, 31), -1, date(2026, 2, 28)),
        (date(2026, 1, 15), -13, date(2024, 12, 15)),
    ],
)
def test_adding_months_keeps_the_day_or_takes_the_last_day_of_the_month(day: date, months: int, expected: date) -> None:
    assert add_months(day, months) == expected


def test_adding_months_beyond_the_calendar_is_a_value_error() -> None:
    with pytest.raises(ValueError, match="outside the calendar"):
        add_months(date(9999, 12, 1), 1)


@pytest.mark.parametrize(
    ("birth", "on", "months"),
    [
        (date(2026, 1, 15), date(2026, 1, 15), 0),
        (date(2026, 1, 15), date(2026, 2, 14), 0),
        (date(2026, 1, 15), date(2026, 2, 15), 1),
        (date(2026, 1, 15), date(2027, 1, 14), 11),
        (date(2026, 8, 31), date(2026, 9, 30), 1),  # the clamped day counts as the monthly birthday
        (date(2028, 2, 29), date(2029, 2, 27), 11),
        (date(2028, 2, 29), date(2029, 2, 28), 12),
    ],
)
def test_an_age_counts_completed_calendar_months(birth: date, on: date, months: int) -> None:
    assert age_in_months(birth, on) == months


def test_there_is_no_age_before_the_birth() -> None:
    with pytest.raises(ValueError, match="before the birth"):
        age_in_months(date(2026, 1, 15), date(2026, 1, 14))


def test_days_are_counted_across_month_ends_and_leap_days() -> None:
    assert add_days(date(2028, 2, 1), 28) == date(2028, 2, 29)
    assert days_between(date(2028, 2, 28), date(2028, 3, 1)) == 2
    assert days_between(date(2028, 3, 1), date(2028, 2, 28)) == -2


@given(DAYS, st.integers(0, 240))
def test_a_child_is_n_months_old_on_its_nth_monthly_birthday_and_not_a_day_before(birth: date, months: int) -> None:
    birthday = add_months(birth, months)
    assert age_in_months(birth, birthday) == months
    if months:
        assert age_in_months(birth, add_days(birthday, -1)) == months - 1


@given(DAYS, st.integers(0, 240))
def test_months_never_overshoot_into_the_month_after(day: date, months: int) -> None:
    moved = add_months(day, months)
    assert (moved.year * 12 + moved.month) - (day.year * 12 + day.month) == months
    assert moved.day <= day.day
