"""Dates, ages, weights and weeks as Indonesian families write them.

Day comes first, always ("5/13/26" is impossible, not 13 May). Nothing is guessed silently: what leaves the day
open ("bulan mei", "umur 5 bulan") has the problem "vague", so that the form can ask for the day.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Literal

from sapa.family.reading.numbers import Token, tokens_of
from sapa.family.reading.words import normalize

Precision = Literal["day", "month", "year", "none"]
Problem = Literal["future", "impossible", "ambiguous", "vague", "too_old", "none"]
Prefer = Literal["past", "future"]

#: The companion follows a child up to the fifth birthday: a birth date from then on back is "too_old".
OLDEST_YEARS = 5


@dataclass(frozen=True)
class DateReading:
    """What a message says about a date.

    value: the date, or its best approximation when `problem` is "vague" (first of the month, today minus the age);
    precision: how exactly it was said; problem: None when the value may be used as it is, "none" when there is
    no date at all; matched, start, end: the part of `normalize(text)` that was read; absolute: False for "kemarin"
    and its kin, which say a day only on the day they are written.
    """

    value: date | None
    precision: Precision
    problem: Problem | None
    matched: str = ""
    start: int = 0
    end: int = 0
    absolute: bool = True

    @property
    def usable(self) -> bool:
        """True when `value` is a day that may be recorded."""
        return self.value is not None and self.problem is None and self.precision == "day"


NO_DATE = DateReading(None, "none", "none")


@dataclass(frozen=True)
class Age:
    """An age as it was said; a part is negative after "kurang" ("6 bulan kurang 2 hari")."""

    years: int = 0
    months: int = 0
    weeks: int = 0
    days: int = 0

    def born_about(self, today: date) -> date:
        """The birth date if the age were exact to the day."""
        return _add_months(today, -12 * self.years - self.months) - timedelta(days=7 * self.weeks + self.days)


# --------------------------------------------------------------------------------------------- calendar arithmetic


def _add_months(day: date, months: int) -> date:
    """Calendar months; a day that does not exist becomes the month's last day (design rule 5.2)."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    if not 1 <= year <= 9999:
        return date.min if months < 0 else date.max
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def _make(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day) if 1900 <= year <= 2100 else None
    except ValueError:
        return None


def _full_year(year: int, today: date) -> int:
    """2-digit years: 26 is 2026, 85 is 1985 (a mother's own year of birth, typed by mistake)."""
    if year >= 100:
        return year
    return 2000 + year if 2000 + year <= today.year + 10 else 1900 + year


def _without_year(day: int, month: int, today: date, prefer: Prefer) -> date | None:
    """The nearest such day that is not on the other side of today; 29 February looks up to 8 years away."""
    step = -1 if prefer == "past" else 1
    for years in range(9):
        found = _make(today.year + step * years, month, day)
        if found and (found <= today if prefer == "past" else found >= today):
            return found
    return None


def _day_in_month(day: int, months_away: int, today: date) -> date | None:
    first = _add_months(today.replace(day=1), months_away)
    return _make(first.year, first.month, day)


def _recent_day(day: int, today: date) -> date | None:
    """The last day with this number, for "tgl 1 kemarin"."""
    return next((d for back in range(13) if (d := _day_in_month(day, -back, today)) and d <= today), None)


# ------------------------------------------------------------------------------------------------------- matchers

_AGO = {"lalu", "lalau", "kemarin", "kemaren", "kmrn", "kmarin", "kmaren", "kmren", "silam", "lewat", "ago", "berlalu"}
_YESTERDAY = {"kemarin", "kemaren", "kmrn", "kmarin", "kmaren", "kmren", "wingi", "yesterday"}
_AHEAD = {"lagi", "depan", "mendatang"}
_WHICH = {"yang", "yg", "nya"}
_TANGGAL = {"tanggal", "tgl", "tggl", "tg", "tnggal", "tangal", "tgal", "tgll"}
_ABOUT = {
    "sekitar", "sekitaran", "kira", "kira2", "kurang", "antara", "awal", "akhir", "pertengahan", "tengah", "mungkin",
    "kayaknya", "kyknya", "sepertinya", "kayanya", "perkiraan",
}  # fmt: skip
_PART_OF_DAY = {"pagi", "siang", "sore", "malam", "malem", "mlm", "subuh", "dini", "petang", "maghrib", "magrib", "pg"}
_NIGHT = {"malam", "malem", "mlm"}
_SEASONS = {
    "lebaran", "puasa", "ramadhan", "ramadan", "natal", "paskah", "imlek", "syawal", "rajab", "sya'ban", "muharram",
    "maulid", "idul", "idulfitri", "iduladha", "galungan", "nyepi", "waisak", "kemerdekaan", "suro", "dzulhijjah",
}  # fmt: skip
_BIRTH_WORDS = {
    "lahir", "lahirnya", "lhr", "lhir", "lahiran", "brojol", "kelahiran", "lahirkan", "melahirkan", "lahire", "ttl",
    "born", "keluar", "dilahirkan",
}  # fmt: skip
_ROMAN_MONTHS = ("i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x", "xi", "xii")
_ROMAN = {r: n for n, r in enumerate(_ROMAN_MONTHS, 1)}
_MEASURES = {"kg", "kilo", "gram", "gr", "g", "ons", "cm", "jam", "menit", "ml", "rb", "ribu", "x", "kali", "tahunan"}
_DATE_SIGNS = {"-", "/", ".", ","}


@dataclass(frozen=True)
class _Found:
    """One date in the message. `first`, `last` are token positions, `last` excluded."""

    first: int
    last: int
    reading: DateReading
    weekday: int | None = None


@dataclass(frozen=True)
class _Scene:
    """The message being read, with what every matcher needs."""

    tokens: Sequence[Token]
    today: date
    prefer: Prefer
    plain: str

    def at(self, i: int) -> Token:
        """The token at i, an empty one outside the message."""
        return self.tokens[i] if 0 <= i < len(self.tokens) else Token("sign", "", len(self.plain), len(self.plain))

    def skip(self, i: int, words: set[str]) -> int:
        """The first position from i on that is none of the words."""
        while self.at(i).text in words:
            i += 1
        return i

    def skip_signs(self, i: int) -> int:
        """The position after one separator of a date, if there is one at i."""
        return i + 1 if self.at(i).text in _DATE_SIGNS else i


_Matcher = Callable[[_Scene, int], "_Found | None"]


def _day(scene: _Scene, i: int, j: int, value: date | None, *, absolute: bool = True) -> _Found:
    """A date said to the day; no value means that there is no such day."""
    problem: Problem | None = None if value else "impossible"
    return _Found(i, j, DateReading(value, "day" if value else "none", problem, absolute=absolute))


def _loose(i: int, j: int, value: date | None, precision: Precision, problem: Problem = "vague") -> _Found:
    return _Found(i, j, DateReading(value, precision, problem, absolute=False))


def _year_after(scene: _Scene, i: int) -> tuple[int | None, int]:
    """(year, next position) of a year phrase at i: "2026", "'26", "thn 2026", "tahun lalu"; (None, i) without one."""
    j = scene.skip_signs(i)
    comma = scene.at(i).text == ","
    if scene.at(j).text == "'":
        j += 1
    named = scene.at(j).unit == "year"
    if named:
        j += 1
        k = scene.skip(j, _WHICH)
        if scene.at(k).text in _AGO:
            return scene.today.year - 1, k + 1
        if scene.at(k).text in {"ini", "skrg", "sekarang"}:
            return scene.today.year, k + 1
    number = scene.at(j)
    follows = scene.at(j + 1)
    if number.kind != "num" or follows.kind in {"unit", "month"} or follows.text in _MEASURES:
        return None, i
    long = number.figures == 4 or (not number.figures and number.value >= 1900)
    short = number.figures == 2 and (named or not comma)
    if long or short or (named and number.value < 100):
        return _full_year(number.value, scene.today), j + 1
    return None, i


def _numeric(scene: _Scene, i: int) -> _Found | None:
    """3/5/26, 03-05-2026, 3.5.2026, 2026-05-03, 3-V-2026, 3 5 2026, 3/5."""
    a = scene.at(i)
    sign = scene.at(i + 1).text if scene.at(i + 1).text in {"-", "/", "."} else ""
    j = i + (2 if sign else 1)
    b = scene.at(j)
    month = b.value if b.kind == "num" else _ROMAN.get(b.text) if sign else None
    if a.kind != "num" or not a.figures or month is None or (b.kind == "num" and not b.figures):
        return None
    same = not sign or scene.at(j + 1).text == sign
    c = scene.at(j + 2) if sign else scene.at(j + 1)
    whole = j + 3 if sign else j + 2
    if same and c.kind == "num" and c.figures:
        return _three_numbers(scene, i, whole, (a, month, c), signed=bool(sign))
    return _two_numbers(scene, i, j + 1, (a, b), sign)


def _three_numbers(scene: _Scene, i: int, j: int, parts: tuple[Token, int, Token], *, signed: bool) -> _Found | None:
    a, month, c = parts
    after = scene.at(j)
    if after.text in _MEASURES or (after.kind == "unit" and after.unit != "year"):
        return None
    if a.figures == 4:
        return _day(scene, i, j, _make(a.value, month, c.value)) if signed else None
    if a.figures > 2 or c.figures not in ({2, 4} if signed else {4}):
        return None
    return _day(scene, i, j, _make(_full_year(c.value, scene.today), month, a.value))


def _two_numbers(scene: _Scene, i: int, j: int, parts: tuple[Token, Token], sign: str) -> _Found | None:
    """3/5 or tgl 3-5: a day and a month. A dot or dash between two numbers is mostly a decimal or a range."""
    a, b = parts
    after = scene.at(j)
    if not sign or a.figures > 2 or b.figures > 2 or after.text in _MEASURES or after.kind in {"unit", "month", "half"}:
        return None
    told = _word_before(scene, i) in _TANGGAL | _BIRTH_WORDS
    alone = i == 0 and j == len(scene.tokens)
    if sign != "/" and not told and not alone:
        return None
    year, end = _year_after(scene, j)
    if year is not None:
        return _day(scene, i, end, _make(year, b.value, a.value))
    return _day(scene, i, j, _yearless(scene, a.value, b.value))


def _word_before(scene: _Scene, i: int) -> str:
    """The word before i, a colon or dot left aside ("tgl: 3-5")."""
    return scene.at(i - 2).text if scene.at(i - 1).text in {":", ".", ","} else scene.at(i - 1).text


def _yearless(scene: _Scene, day: int, month: int) -> date | None:
    return _without_year(day, month, scene.today, scene.prefer) if 1 <= month <= 12 else None


def _run_together(scene: _Scene, i: int) -> _Found | None:
    """030526, 03052026, 20260503."""
    digits = scene.at(i).text if scene.at(i).figures in {6, 8} else ""
    if not digits or scene.at(i + 1).text in _MEASURES:
        return None
    day, month, year = int(digits[:2]), int(digits[2:4]), int(digits[4:])
    if len(digits) == 6:
        return _day(scene, i, i + 1, _make(_full_year(year, scene.today), month, day))
    iso = _make(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    return _day(scene, i, i + 1, _make(year, month, day) or iso)


def _range_of_days(scene: _Scene, i: int) -> _Found | None:
    """3 atau 4 mei, 3-4 mei: two days, one birth."""
    between = scene.at(i + 1).text in {"atau", "ato", "atw", "-", "/", "dan", "sampai", "sampe"}
    days = scene.at(i).kind == "num" and scene.at(i + 2).kind == "num" and scene.at(i).value <= 31
    if between and days and scene.at(i + 3).kind == "month":
        _, j = _year_after(scene, i + 4)
        return _loose(i, j, None, "none", "ambiguous")
    return None


def _day_and_month(scene: _Scene, i: int) -> _Found | None:
    """3 mei 2026, tiga mei, 3-mei-26, 3 bulan 5, 3 bln mei thn 2026, sebelas bulan juli."""
    day = scene.at(i)
    if day.kind != "num" or day.figures > 2 or day.value > 99:
        return None
    j = scene.skip_signs(i + 1)
    said = scene.at(j).unit == "month"
    if said:
        j += 1
    month = scene.at(j)
    after = scene.at(j + 1)
    year_follows = after.unit == "year" and scene.at(j + 2).kind == "num"
    plain = after.kind not in {"unit", "half"} and after.text not in _MEASURES
    number = said and month.kind == "num" and (plain or year_follows)
    if month.kind != "month" and not number:
        return None
    if number and scene.at(i - 1).text not in _TANGGAL and _lone_age(scene, i, j):
        return None
    return _with_year(scene, i, j + 1, day.value, month.value)


def _lone_age(scene: _Scene, i: int, j: int) -> bool:
    """After a word of age a bare second number is no month: "umur 3 bulan 5" leaves out "hari"."""
    return scene.at(i - 1).text in {"umur", "umurnya", "usia", "usianya", "umr"} or scene.at(j).value > 12


def _with_year(scene: _Scene, i: int, j: int, day: int, month: int) -> _Found:
    year, end = _year_after(scene, j)
    if year is not None:
        return _day(scene, i, end, _make(year, month, day))
    k = scene.skip(j, _WHICH)
    end = k + 1 if scene.at(k).text in _AGO | {"ini"} else j
    return _day(scene, i, end, _yearless(scene, day, month))


def _month_first(scene: _Scene, i: int) -> _Found | None:
    """mei 3 2026 and may 3; also month alone: mei, mei 2026, bulan 5, bulan mei thn 2026."""
    j = i + 1 if scene.at(i).unit == "month" else i
    month = scene.at(j)
    if month.kind != "month" and not (j > i and month.kind == "num" and scene.at(j + 1).kind != "unit"):
        return None
    if not 1 <= month.value <= 12:
        return _day(scene, i, j + 1, None)
    return _english(scene, i, j) or _month_only(scene, i, j)


def _english(scene: _Scene, i: int, j: int) -> _Found | None:
    k = j + 2 if scene.at(j + 1).text in _TANGGAL else j + 1
    day = scene.at(k)
    after = scene.at(k + 1)
    if day.kind != "num" or not 1 <= day.value <= 31 or after.text in _MEASURES or after.kind == "unit":
        return None
    end = k + 2 if after.text in {"st", "nd", "rd", "th"} else k + 1
    year, last = _year_after(scene, end)
    if (
        year is None
        and k == j + 1
        and day.figures == 2
        and 0 <= scene.today.year - 2000 - day.value <= OLDEST_YEARS + 1
    ):
        return _loose(i, end, None, "month", "ambiguous")
    if year is not None:
        return _day(scene, i, last, _make(year, scene.at(j).value, day.value))
    return _day(scene, i, end, _yearless(scene, day.value, scene.at(j).value))


def _month_only(scene: _Scene, i: int, j: int) -> _Found:
    year, end = _year_after(scene, j + 1)
    month = scene.at(j).value
    if year is not None:
        value = _make(year, month, 1)
        return _loose(i, end, value, "month") if value else _day(scene, i, end, None)
    k = scene.skip(j + 1, _WHICH)
    end = k + 1 if scene.at(k).text in _AGO | {"ini"} else j + 1
    return _loose(i, end, _yearless(scene, 1, month), "month")


def _day_of_near_month(scene: _Scene, i: int) -> _Found | None:
    """tgl 8 bln lalu, tgl 1 kemarin, tgl 3 bulan ini; "tgl 3" alone leaves the month open."""
    j = scene.skip_signs(i + 1)
    day = scene.at(j)
    if scene.at(i).text not in _TANGGAL or day.kind != "num" or day.figures > 2:
        return None
    if _numeric(scene, j) or _day_and_month(scene, j):
        return None
    if not 1 <= day.value <= 31:
        return _day(scene, i, j + 1, None)
    k = j + 1
    if scene.at(k).unit == "month":
        k = scene.skip(k + 1, _WHICH)
        away = _months_away(scene.at(k).text)
        if away is not None:
            return _day(scene, i, k + 1, _day_in_month(day.value, away, scene.today))
    k = scene.skip(j + 1, _WHICH)
    near = scene.at(k).text in _AGO
    told = near or _word_before(scene, i) in _YESTERDAY | {"ini"}
    value = _recent_day(day.value, scene.today) if scene.prefer == "past" else None
    if told:
        return _day(scene, i, k + 1 if near else j + 1, value)
    return _loose(i, j + 1, value, "day")


def _months_away(word: str) -> int | None:
    if word in _AGO:
        return -1
    return 0 if word == "ini" else 1 if word == "depan" else None


def _near_period(scene: _Scene, i: int) -> _Found | None:
    """bulan lalu, bulan ini, minggu lalu, tahun kemarin: no day in them, but for "bulan lalu tanggal 5"."""
    unit = scene.at(i).unit
    if unit not in {"week", "month", "year"}:
        return None
    k = scene.skip(i + 1, _WHICH)
    away = _months_away(scene.at(k).text)
    if away is None:
        return None
    if unit == "week":
        # "minggu kemarin" is Sunday to one reader and last week to the next.
        named_sunday = scene.at(i).text == "minggu" and scene.at(k).text in _YESTERDAY
        problem: Problem = "ambiguous" if named_sunday else "vague"
        return _loose(i, k + 1, scene.today + timedelta(days=7 * away), "month", problem)
    if unit == "month":
        day = scene.at(k + 2)
        if scene.at(k + 1).text in _TANGGAL and day.kind == "num" and day.value <= 31:
            return _day(scene, i, k + 3, _day_in_month(day.value, away, scene.today))
        return _loose(i, k + 1, _add_months(scene.today.replace(day=1), away), "month")
    return _loose(i, k + 1, _make(scene.today.year + away, 1, 1), "year")


_WEEKDAY_PREFIX = {"hari", "hr", "hri", "malam", "mlm"}


def _weekday(scene: _Scene, i: int) -> _Found | None:
    """senin kemarin, hari minggu, rabu lalu, senin minggu lalu, senin depan."""
    day = _weekday_at(scene, i)
    found = None if day is None else _weekday_date(scene, i, day)
    return replace(found, weekday=day) if found else None


def _weekday_at(scene: _Scene, i: int) -> int | None:
    """The weekday named at i; "minggu" is Sunday after "hari" or before a date, else it is a week."""
    if scene.at(i).kind == "weekday":
        return scene.at(i).value
    following = scene.at(i + 1)
    dated = following.text in _TANGGAL | {","} or (following.kind == "num" and scene.at(i + 2).kind == "month")
    sunday = scene.at(i).text == "minggu" and (scene.at(i - 1).text in _WEEKDAY_PREFIX or dated)
    return 6 if sunday else None


def _weekday_date(scene: _Scene, i: int, day: int) -> _Found | None:
    k = scene.skip(i + 1, _WHICH)
    word = scene.at(k).text
    back = (scene.today.weekday() - day) % 7
    if scene.at(k).unit == "week":
        return _weekday_of_week(scene, i, k, day)
    if word in _AGO:
        return _day(scene, i, k + 1, scene.today - timedelta(days=back or 7), absolute=False)
    if word in _AHEAD:
        return _day(scene, i, k + 1, scene.today + timedelta(days=(7 - back) or 7), absolute=False)
    value = scene.today - timedelta(days=back) if scene.prefer == "past" else scene.today + timedelta(days=-back % 7)
    if back == 0 and word not in {"ini", "tadi"}:
        return _loose(i, i + 1, value, "day", "ambiguous")
    return _day(scene, i, k + 1 if word in {"ini", "tadi"} else i + 1, value, absolute=False)


def _weekday_of_week(scene: _Scene, i: int, k: int, day: int) -> _Found | None:
    j = scene.skip(k + 1, _WHICH)
    away = _months_away(scene.at(j).text)
    if away is None:
        return None
    monday = scene.today - timedelta(days=scene.today.weekday())
    return _day(scene, i, j + 1, monday + timedelta(days=7 * away + day), absolute=False)


def _relative_day(scene: _Scene, i: int) -> _Found | None:
    """kemarin, kemarin lusa, tadi pagi, tadi malam, semalam, hari ini, barusan, besok, lusa."""
    word, following = scene.at(i).text, scene.at(i + 1).text
    if word in _YESTERDAY:
        if following in {"lusa", "dulu", "dulunya"}:
            return _days_away(scene, i, i + 2, -2)
        return _days_away(scene, i, i + 2 if following in _PART_OF_DAY else i + 1, -1)
    if word == "lusa":
        past = following in _YESTERDAY
        return _days_away(scene, i, i + 2 if past else i + 1, -2 if past else 2)
    if word in {"besok", "bsk", "besuk", "tomorrow"}:
        return _days_away(scene, i, i + 1, 1)
    if word in {"semalam", "semalem", "smlm", "smalam", "smalem"}:
        return _days_away(scene, i, i + 1, _night(scene, i + 1))
    if word in {"tadi", "td", "tdi"}:
        night = following in _NIGHT
        end = i + 2 if following in _PART_OF_DAY else i + 1
        return _days_away(scene, i, end, _night(scene, end) if night else 0)
    return _today(scene, i)


def _today(scene: _Scene, i: int) -> _Found | None:
    words = [scene.at(j).text for j in (i, i + 1)]
    if words[0] in {"barusan", "brusan", "today"}:
        return _days_away(scene, i, i + 1, 0)
    if words[0] in {"hari", "hr", "hri", "pagi", "siang", "sore", "malam", "subuh", "dini"} and words[1] in {
        "ini",
        "tadi",
    }:
        return _days_away(scene, i, i + 2, 0)
    if words == ["dini", "hari"] or (words[0] == "baru" and words[1] in {"saja", "aja", "aj", "sj"}):
        return _days_away(scene, i, i + 2, 0)
    return None


def _night(scene: _Scene, i: int) -> int:
    """Last night is yesterday, except after midnight ("tadi malam jam 2")."""
    hour = re.search(r"\b(?:jam|jm|pukul|pkl)\.? ?(\d{1,2})", scene.plain)
    return 0 if hour and int(hour.group(1)) in {0, 1, 2, 3, 4, 5} else -1


def _days_away(scene: _Scene, i: int, j: int, days: int) -> _Found:
    return _day(scene, i, j, scene.today + timedelta(days=days), absolute=False)


def _ago_or_age(scene: _Scene, i: int) -> _Found | None:
    """2 hari lalu, dua minggu yang lalu (a day); 3 bulan lalu, umur 5 bulan, 34 hari (no day)."""
    age, j = _age_at(scene, i)
    if age is None:
        return None
    k = scene.skip(j, _WHICH)
    if scene.at(k).text in _AHEAD:
        return _ahead(scene, i, k + 1, age)
    value, precision = _born_safely(age, scene.today), _precision(age)
    if scene.at(k).text in _AGO:
        exact = not (age.years or age.months)
        found = _day(scene, i, k + 1, value, absolute=False) if exact else _loose(i, k + 1, value, precision)
        return found
    return _loose(i, j, value, precision)


def _ahead(scene: _Scene, i: int, j: int, age: Age) -> _Found:
    back = Age(-age.years, -age.months, -age.weeks, -age.days)
    value = _born_safely(back, scene.today)
    return _loose(i, j, value, "month") if age.years or age.months else _day(scene, i, j, value, absolute=False)


def _born_safely(age: Age, today: date) -> date | None:
    try:
        born = age.born_about(today)
    except OverflowError:
        return None
    return born if 1900 <= born.year <= 2100 else None


def _precision(age: Age) -> Precision:
    if age.days:
        return "day"
    return "month" if age.months or age.weeks else "year"


def _year_only(scene: _Scene, i: int) -> _Found | None:
    """tahun 2026, 2026."""
    j = i + 1 if scene.at(i).unit == "year" else i
    number = scene.at(j)
    after = scene.at(j + 1)
    named = j > i and number.figures == 2
    if after.text in _MEASURES or after.kind == "unit" or number.kind != "num":
        return None
    if not (1990 <= number.value <= 2100 or named):
        return None
    return _loose(i, j + 1, _make(_full_year(number.value, scene.today), 1, 1), "year")


def _season(scene: _Scene, i: int) -> _Found | None:
    return _loose(i, i + 1, None, "none") if scene.at(i).text in _SEASONS else None


_MATCHERS: tuple[_Matcher, ...] = (
    _range_of_days,
    _numeric,
    _run_together,
    _day_and_month,
    _day_of_near_month,
    _ago_or_age,
    _month_first,
    _weekday,
    _near_period,
    _relative_day,
    _year_only,
    _season,
)


# ------------------------------------------------------------------------------------------------------- the reader

# A time of day ("jam 10.30"), a rank ("anak ke-2") and an address ("RT 3/5") hold numbers that are no date.
_NO_DATES = re.compile(
    r"\b(?:jam|jm|pukul|pkl)\.? ?\d{1,2}(?: ?[.:] ?\d{2})?(?: ?(?:wib|wita|wit))?|\b\d{1,2}:\d{2}\b"
    r"|\bke[ -]?\d{1,2}\b|\br[tw]\.? ?\d+(?: ?/ ?(?:rw)?\.? ?\d+)?|\+?\b\d{9,}\b"
)


def read_date(text: str, today: date, *, prefer: Prefer = "past", max_years: int | None = OLDEST_YEARS) -> DateReading:
    """The one date a message names, as a DateReading.

    `prefer` chooses the year when none is said, and only "past" knows the problems "future" and "too_old"
    (the day lies `max_years` years or more back; None: however old). Never raises on any text.
    """
    plain = normalize(text)
    masked = _NO_DATES.sub(lambda m: "_" * len(m.group()), plain)
    scene = _Scene(tokens_of(masked), today, prefer, plain)
    found = [_about(scene, f) for f in _find_all(scene)]
    best = _choose(scene, found)
    if best is None:
        return _bare_day(scene) or NO_DATE
    return _judge(_spanned(scene, best), today, prefer, max_years)


def _bare_day(scene: _Scene) -> DateReading | None:
    """A number alone: perhaps a day, certainly not a date."""
    if len(scene.tokens) == 1 and scene.at(0).kind == "num" and 1 <= scene.at(0).value <= 31:
        return DateReading(None, "none", "vague", scene.plain, 0, len(scene.plain), absolute=False)
    return None


def _find_all(scene: _Scene) -> Iterator[_Found]:
    i = 0
    while i < len(scene.tokens):
        found = next((f for match in _MATCHERS if (f := match(scene, i))), None)
        if found:
            yield found
        i = found.last if found else i + 1


def _about(scene: _Scene, found: _Found) -> _Found:
    """A word of doubt before a date makes it vague: "sekitar 3 mei", "awal bulan mei"."""
    before = [scene.at(j).text for j in range(max(0, found.first - 3), found.first)]
    if found.reading.problem is None and any(word in _ABOUT for word in before):
        return replace(found, reading=replace(found.reading, problem="vague"))
    return found


def _exact(found: _Found) -> bool:
    return found.reading.precision == "day" or found.reading.problem in {"impossible", "ambiguous"}


def _choose(scene: _Scene, found: Sequence[_Found]) -> _Found | None:
    """The date meant: not one that is denied, rather a day than an age, rather the one after "lahir"."""
    kept = [f for f in found if not _denied(scene, f)] or list(found)
    days = [f for f in kept if _exact(f) and f.reading.problem != "vague"] or [f for f in kept if _exact(f)]
    if not days:
        return _widest(kept)
    if len({f.reading.value for f in days}) == 1:
        return next((f for f in days if f.reading.absolute), days[0])
    for narrower in (
        [f for f in days if _after_birth(scene, f)],
        [f for f in days if f.reading.absolute],
    ):
        if len({f.reading.value for f in narrower}) == 1:
            return _checked_weekday(narrower[0], days)
    first, last = days[0], days[-1]
    return _Found(first.first, last.last, DateReading(None, "none", "ambiguous"))


def _widest(found: Sequence[_Found]) -> _Found | None:
    """Of ages, months and years the one that says most."""
    order = {"day": 0, "month": 1, "year": 2, "none": 3}
    return min(found, key=lambda f: order[f.reading.precision], default=None)


def _checked_weekday(chosen: _Found, days: Sequence[_Found]) -> _Found:
    """A weekday before a date has to agree with it: "Senin, 3 Mei 2026" was a Sunday, so one of the two is wrong."""
    value = chosen.reading.value
    said = [f.weekday for f in days if f.weekday is not None and 0 <= chosen.first - f.last <= 3]
    if value and said and value.weekday() not in said:
        return replace(chosen, reading=replace(chosen.reading, problem="ambiguous"))
    return chosen


def _denied(scene: _Scene, found: _Found) -> bool:
    i = found.first - 1
    while scene.at(i).text in _TANGGAL | {"lahir", "lahirnya"}:
        i -= 1
    return scene.at(i).text in {"bukan", "bkn"}


def _after_birth(scene: _Scene, found: _Found) -> bool:
    before = [scene.at(j) for j in range(max(0, found.first - 4), found.first)]
    return any(t.text in _BIRTH_WORDS for t in before)


def _spanned(scene: _Scene, found: _Found) -> DateReading:
    """The reading with its place in the text, taking "hari", "tanggal" and a weekday before it along."""
    first = found.first
    while True:
        before = scene.at(first - 1)
        weekday = before.kind == "weekday" or (before.text == "minggu" and scene.at(first - 2).kind != "num")
        sign = before.text in {",", ":", "."} and (
            scene.at(first - 2).kind == "weekday" or scene.at(first - 2).text in _TANGGAL | {"minggu"}
        )
        if first > 0 and (weekday or sign or before.text in _TANGGAL | _WEEKDAY_PREFIX | {"pada"}):
            first -= 1
        else:
            break
    start, end = scene.at(first).start, scene.at(found.last - 1).end
    return replace(found.reading, matched=scene.plain[start:end], start=start, end=end)


def _judge(reading: DateReading, today: date, prefer: Prefer, max_years: int | None) -> DateReading:
    """Adds "future" and "too_old" for a date that should lie in the past; a vague one only if no day of it fits."""
    if reading.value is None or prefer == "future" or reading.problem in {"impossible", "ambiguous"}:
        return reading
    if reading.value > today:
        return replace(reading, problem="future")
    last = reading.value
    if reading.precision == "year" and reading.matched and reading.value.month == reading.value.day == 1:
        last = reading.value.replace(month=12, day=31)
    elif reading.precision == "month" and reading.value.day == 1:
        last = _add_months(reading.value, 1) - timedelta(days=1)
    if max_years is not None and last <= _add_months(today, -12 * max_years):
        return replace(reading, problem="too_old")
    return reading


# ------------------------------------------------------------------------------------------ ages, weeks and weights

_AND_THEN = {"lebih", "lewat", "dan", "sama", "plus", "lbh", "lwt", ",", "+"}


def _age_at(scene: _Scene, i: int) -> tuple[Age | None, int]:
    """The age that starts at token i and the position after it; (None, i) when there is none."""
    parts: dict[str, int] = {}
    j, sign = i, 1
    while True:
        part, after = _age_part(scene, j)
        if not part or (set(part) & set(parts)):
            break
        parts |= {unit: sign * amount for unit, amount in part.items()}
        end = after
        j, sign = after, 1
        if scene.at(j).text in _AND_THEN:
            j += 1
        elif scene.at(j).text in {"kurang", "krg"}:
            j, sign = j + 1, -1
    if not parts:
        return None, i
    # A second unit may only be smaller than the first: "3 bulan 5 hari", never "3 hari 2 tahun".
    return Age(parts.get("year", 0), parts.get("month", 0), parts.get("week", 0), parts.get("day", 0)), end


_HALF = {"year": {"month": 6}, "month": {"day": 15}, "week": {"day": 3}, "day": {}}


def _age_part(scene: _Scene, i: int) -> tuple[dict[str, int], int]:
    """One amount: "5 bulan", "1,5 tahun", "dua setengah tahun", "setahun setengah", "setengah tahun"."""
    number = scene.at(i)
    if number.kind == "half" and scene.at(i + 1).kind == "unit":
        return dict(_HALF[scene.at(i + 1).unit]), i + 2
    if number.kind != "num" or number.figures > 3 or number.value > 999:
        return {}, i
    j, half = i + 1, False
    if scene.at(j).text in {",", "."} and scene.at(j + 1).figures == 1 and scene.at(j + 2).kind == "unit":
        if scene.at(j + 1).value not in {0, 5}:
            return {}, i
        half, j = scene.at(j + 1).value == 5, j + 2
    elif scene.at(j).kind == "half":
        half, j = True, j + 1
    unit = scene.at(j)
    if unit.kind != "unit" or _is_other_month(scene, j) or scene.at(i - 1).text in {"-", "/"}:
        return {}, i
    if scene.at(j + 1).kind == "half":
        half, j = True, j + 1
    amount = {unit.unit: number.value}
    return (amount | _HALF[unit.unit] if half else amount), j + 1


def _is_other_month(scene: _Scene, j: int) -> bool:
    """Whether "bulan" belongs to a month's name: "3 bulan mei"."""
    return scene.at(j).unit == "month" and scene.at(j + 1).kind == "month"


def _scene(text: str) -> _Scene:
    plain = normalize(text)
    return _Scene(tokens_of(plain), date(2000, 1, 1), "past", plain)


def read_age(text: str) -> Age | None:
    """The first age in a message, None if there is none; "3 bulan lalu" and "2 minggu lagi" are no ages."""
    scene = _scene(text)
    for i in range(len(scene.tokens)):
        age, j = _age_at(scene, i)
        if age is None:
            continue
        after = scene.at(scene.skip(j, _WHICH)).text
        bound = scene.at(i - 1).text in {"dari", "bawah", "hingga", "sampai", "sampe", "sebelum"}
        if after not in _AGO | _AHEAD and not bound:
            return age
        return None
    return None


_WEEKS = {"minggu", "mgg", "mg", "mggu", "pekan", "w", "wk", "week", "weeks", "mnggu"}


def read_weeks(text: str) -> int | None:
    """Whole weeks of pregnancy (1-45) in a message: "34 minggu", "34w", "uk 34", or the number alone."""
    scene = _scene(text)
    numbers = [i for i in range(len(scene.tokens)) if scene.at(i).kind == "num"]
    for i in numbers:
        alone = len(scene.tokens) == 1
        told = scene.at(i - 1).text in {"uk", "usg", "kandungan", "kehamilan"}
        if (scene.at(i + 1).text in _WEEKS or alone or told) and 1 <= scene.at(i).value <= 45:
            return scene.at(i).value
    return None


_NUM = r"(\d{1,5}(?:[.,]\d{1,3})?)"
_GRAM = re.compile(rf"(?<![\d.,]){_NUM} ?(?:gram|gr|grm|grams|g)(?![^\W_])")
_KILO = re.compile(rf"(?<![\d.,]){_NUM} ?(?:kg|kilo|kilogram|kgs|kilos)(?![^\W_])")
_KILO_GLUED = re.compile(
    rf"(?<![\d.,]){_NUM} ?(?:kg|kilo) ?(?:lebih |lewat |dan )?(?:(\d{{1,3}}) ?(ons|on|gram|gr|g)\b|(setengah|stengah))"
)
_ONS = re.compile(rf"(?<![\d.,]){_NUM} ?ons\b")
_TOLD = re.compile(
    rf"\b(?:bb|bbl|berat|beratnya|timbang|timbangan|bobot)\w*\.?"
    rf" ?(?:lahir|badan|bayi|waktu)? ?:? ?{_NUM}(?![\d.,]|[^\W_])(?! ?(?:cm|bulan|bln|tahun|hari))"
)
_ALONE = re.compile(rf"^{_NUM}$")
_CHANGE = re.compile(
    rf"\b(?:naik|naiknya|turun|turunnya|tambah|kurang|berkurang|nambah) (?:cuma |hanya |sekitar )?{_NUM} ?\w*"
)


def read_weight_kg(text: str) -> float | None:
    """A body weight in kilograms (0.3-80): "3,2 kg", "2900 gram", "2.900 gram", "2kg8ons", "8.2"; else None.

    A bare number counts only when it is the whole message; "naik 2 kg" is a change and is not read.
    """
    plain = _CHANGE.sub(" ", _figures(text)).strip()
    kilos = _read_weight(plain)
    return round(kilos, 3) if kilos is not None and 0.3 <= kilos <= 80 else None


def _figures(text: str) -> str:
    """The message with number words before a unit of weight in figures: "tiga kilo dua ons" -> "3 kilo 2 ons"."""
    plain = normalize(text)
    out, last = [], 0
    for token in tokens_of(plain):
        if token.kind == "num" and not token.figures:
            out += [plain[last : token.start], str(token.value), " " if plain[token.start : token.end] == "se" else ""]
            last = token.end
    return "".join([*out, plain[last:]])


def _read_weight(plain: str) -> float | None:
    glued = _KILO_GLUED.search(plain)
    if glued:
        kilos, more, unit, half = glued.groups()
        if half:
            return _decimal(kilos) + 0.5
        return _decimal(kilos) + int(more) / (10 if unit.startswith("on") else 1000)
    if re.search(r"\b(?:setengah|stengah) (?:kg|kilo)\b", plain):
        return 0.5
    for pattern, scale in ((_KILO, 1.0), (_GRAM, 0.001), (_ONS, 0.1)):
        found = pattern.search(plain)
        if found:
            return (_thousands(found.group(1)) if pattern is _GRAM else _decimal(found.group(1))) * scale
    bare = _TOLD.search(plain) or _ALONE.search(plain)
    if not bare:
        return None
    amount = _decimal(bare.group(1))
    return amount / 1000 if amount >= 300 else amount


def _decimal(figures: str) -> float:
    return float(figures.replace(",", "."))


def _thousands(figures: str) -> float:
    """Grams with a thousands point: "2.900 gram"."""
    whole = re.fullmatch(r"(\d{1,2})[.,](\d{3})", figures)
    return float(whole.group(1) + whole.group(2)) if whole else _decimal(figures)
