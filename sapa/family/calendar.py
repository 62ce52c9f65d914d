"""Calendar arithmetic for ages and due dates.

Ages count calendar months, never n x 30 days (content/facts/imunisasi.yml, date_rules). A day that the target
month does not have becomes that month's last day (design: a child of 31 August is one month old on 30 September).
"""

from __future__ import annotations

from calendar import monthrange
from datetime import date, timedelta


def add_months(day: date, months: int) -> date:
    """`day` moved by whole calendar months, clamped to the month's last day. `months` may be negative.

    Raises ValueError where the result lies outside the years 1 to 9999.
    """
    index = day.year * 12 + (day.month - 1) + months
    year, month = index // 12, index % 12 + 1
    if not date.min.year <= year <= date.max.year:
        raise ValueError(f"{day} {months:+d} months lies outside the calendar")
    return date(year, month, min(day.day, monthrange(year, month)[1]))


def add_days(day: date, days: int) -> date:
    """`day` moved by whole days. `days` may be negative."""
    return day + timedelta(days=days)


def age_in_months(birth: date, on: date) -> int:
    """Completed calendar months on the day `on`: the largest n with `add_months(birth, n) <= on`.

    Raises ValueError if `on` lies before the birth: there is no age then.
    """
    if on < birth:
        raise ValueError(f"{on} lies before the birth {birth}")
    months = (on.year - birth.year) * 12 + on.month - birth.month
    return months if add_months(birth, months) <= on else months - 1


def days_between(earlier: date, later: date) -> int:
    """Days from `earlier` to `later`; negative if they stand the other way round."""
    return (later - earlier).days
