"""Indonesia's national holidays and joint leave days by name: the only room that knows the library `holidays`.

Its years come from the joint decree of the ministers (SKB) where there is one; days of the Islamic calendar without a
decree are estimates and say so in their name.
"""

from __future__ import annotations

from datetime import date
from functools import lru_cache


def holiday(day: date) -> str | None:
    """The Indonesian name of the holiday (public, or joint leave of the government) on a day; None on other days."""
    return _year(day.year).get(day)


@lru_cache(maxsize=8)
def _year(year: int) -> dict[date, str]:
    # Imported where it is used: most processes never plan a session.
    import holidays

    found = holidays.country_holidays("ID", years=year, categories=("public", "government"), language="id")
    return {day: str(name) for day, name in found.items()}
