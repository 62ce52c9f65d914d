"""Arithmetic of a pregnancy: dates that can be, the week, the six visits (K1-K6), the visits after the birth.

Pure functions of the facts and the day. Figures and their sources stand in data/pregnancy.json (content/facts/
kehamilan.yml); the bidan's own date always wins over what is worked out here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from sapa.family.calendar import add_months
from sapa.family.people import Pregnancy

_Day = date  # inside AncTarget the name is taken by its field
_DATA = Path(__file__).with_name("data") / "pregnancy.json"

HPHT, HPL, USG, WEEKS, MONTHS = "hpht", "hpl", "usg", "weeks", "months"
#: Ways of dating that are estimates: the family is asked for something better at the next visit.
ESTIMATES = frozenset({WEEKS, MONTHS})
#: Which way of dating stands when several are told: a first-trimester scan over all (facts, ultrasound_overrides); the
#: date in the KIA book, a health worker's, over the family's own; dates over ages.
_TRUST = {USG: 4, HPL: 3, HPHT: 2, WEEKS: 1, MONTHS: 0}

#: The id of a visit to which the bidan gave a date although the six of the programme are done.
FURTHER_VISIT = "K+"


class DateProblem(StrEnum):
    """Why a date or an age can be no date of a pregnancy that goes on."""

    FUTURE = "future"  # the last period, or the scan, lies ahead
    TOO_LONG_AGO = "too_long_ago"  # the last period lies more than 44 weeks back
    PASSED = "passed"  # the due date lies more than two weeks back: has she given birth?
    TOO_FAR = "too_far"  # the due date lies more than 40 weeks ahead
    NO_SUCH_AGE = "no_such_age"  # fewer than 0 or more than 44 weeks


@dataclass(frozen=True)
class AncVisit:
    """One of the six visits as the programme describes it. Weeks are completed weeks, both ends included."""

    id: str
    from_week: int
    to_week: int
    by: str  # "dokter" where a doctor should see her, else "bidan"
    ultrasound: bool
    target_week: int  # when we remind, so that the six are spread (proposed in the facts, no official figure)


@dataclass(frozen=True)
class AncTarget:
    """A visit that is still to be made. date: the bidan's, or the one worked out; first_day, last_day: its window."""

    visit: str
    date: date
    from_bidan: bool
    by: str
    ultrasound: bool
    first_day: _Day
    last_day: _Day


class VisitWindow(NamedTuple):
    """Visits after the birth that are one appointment (KF for the mother, KN for the child), and its days."""

    visits: tuple[str, ...]
    first_day: date
    last_day: date


@cache
def _data() -> Mapping[str, Any]:
    data: Mapping[str, Any] = json.loads(_DATA.read_text(encoding="utf-8"))
    return data


@cache
def visits() -> tuple[AncVisit, ...]:
    """K1 to K6 in order."""
    return tuple(
        AncVisit(row["id"], row["from_week"], row["to_week"], row["by"], row["ultrasound"], row["target_week"])
        for row in _data()["anc"]
    )


def visit_named(visit_id: str) -> AncVisit:
    """The visit K1..K6. Raises KeyError for any other id."""
    return {visit.id: visit for visit in visits()}[visit_id]


def _ours(name: str) -> int:
    return int(_data()["ours"][name])


def _term() -> timedelta:
    return timedelta(days=_data()["edd_days"]["value"])


# --------------------------------------------------------------------------------------------------------- dating


def from_lmp(lmp: date, today: date) -> Pregnancy | DateProblem:
    """Dated by the first day of the last period (HPHT): due 280 days later."""
    return _dated(lmp, today, HPHT)


def from_edd(edd: date, today: date) -> Pregnancy | DateProblem:
    """Dated by the due date (HPL) in the KIA book."""
    if edd < today - timedelta(days=_ours("edd_may_be_past_days")):
        return DateProblem.PASSED
    if edd > today + timedelta(days=_ours("edd_may_be_ahead_days")):
        return DateProblem.TOO_FAR
    return Pregnancy(lmp=edd - _term(), edd=edd, dated_by=HPL)


def from_gestation(weeks: int, days: int, today: date) -> Pregnancy | DateProblem:
    """Dated by an age told today, an estimate: nobody knows of which day the number was true."""
    if not 0 <= weeks * 7 + days <= _ours("longest_weeks") * 7:
        return DateProblem.NO_SUCH_AGE
    return _dated(today - timedelta(days=weeks * 7 + days), today, WEEKS)


def from_scan(weeks: int, days: int, scanned_on: date, today: date) -> Pregnancy | DateProblem:
    """Dated by an ultrasound scan on a day. Only one of the first trimester is dated_by "usg" and beats all else."""
    if scanned_on > today:
        return DateProblem.FUTURE
    if not 0 <= weeks * 7 + days <= _ours("longest_weeks") * 7:
        return DateProblem.NO_SUCH_AGE
    early = weeks <= _ours("scan_at_most_week")
    return _dated(scanned_on - timedelta(days=weeks * 7 + days), today, USG if early else WEEKS)


def from_months(months: int, today: date, days: int = 0) -> Pregnancy | DateProblem:
    """Dated by months ("hamil 5 bulan"), a rough estimate: the middle of `months_range`.

    Families count both ways: in the fifth month (four completed) and five completed. So n months stand for n calendar
    months since the last period, and may be one month off on either side.
    """
    if not 0 <= months <= 10 or not 0 <= days < 31:
        return DateProblem.NO_SUCH_AGE
    return _dated(add_months(today, -months) - timedelta(days=days), today, MONTHS)


def months_range(pregnancy: Pregnancy, today: date) -> tuple[int, int]:
    """The completed weeks between which a pregnancy dated by months may be: (first, last).

    5 months on 22 Nov 2026: last period between 23 May and 22 Jul, 183 to 123 days ago, so week 17 to 26.
    """
    off = _ours("months_may_be_off_by")
    latest, earliest = add_months(pregnancy.lmp, off), add_months(pregnancy.lmp, -off) + timedelta(days=1)
    return max(0, (today - latest).days // 7), (today - earliest).days // 7


def _dated(lmp: date, today: date, dated_by: str) -> Pregnancy | DateProblem:
    if lmp > today:
        return DateProblem.FUTURE
    if (today - lmp).days > _ours("longest_weeks") * 7:
        return DateProblem.TOO_LONG_AGO
    return Pregnancy(lmp=lmp, edd=lmp + _term(), dated_by=dated_by)


def better(known: Pregnancy | None, told: Pregnancy) -> bool:
    """Whether a dating just told should replace the one that is known, told earlier or in the same message."""
    return known is None or _TRUST[told.dated_by] >= _TRUST[known.dated_by]


def redated(pregnancy: Pregnancy, dating: Pregnancy) -> Pregnancy:
    """The same pregnancy with the dates of another dating; visits, the bidan's date and whose it is stay."""
    return replace(pregnancy, lmp=dating.lmp, edd=dating.edd, dated_by=dating.dated_by)


# ------------------------------------------------------------------------------------------------ week and trimester


def gestational_week(pregnancy: Pregnancy, today: date) -> int:
    """Completed weeks since the last period; 0 before its first week is over."""
    return max(0, (today - pregnancy.lmp).days // 7)


def trimester(week: int) -> int:
    """1, 2 or 3 by completed weeks, as the programme counts for K1-K6 (0-12, 13-24, from 25)."""
    first, second = _data()["trimester_last_week"]["value"]
    return 1 if week <= first else 2 if week <= second else 3


# ------------------------------------------------------------------------------------------------------- K1 to K6


def window(visit: AncVisit, pregnancy: Pregnancy) -> tuple[date, date]:
    """First and last day on which a visit counts as this one: week 13-24 is day 91 to day 174."""
    first = pregnancy.lmp + timedelta(weeks=visit.from_week)
    return first, pregnancy.lmp + timedelta(weeks=visit.to_week, days=6)


def visit_on(pregnancy: Pregnancy, day: date, *, ultrasound: bool = False) -> str | None:
    """Which visit one on this day is: the next of its window that is not done; None if all of that window are.

    A visit with a scan is the doctor's one of its window, if that is still open.
    """
    fitting = [
        visit
        for visit in visits()
        if visit.id not in pregnancy.anc and window(visit, pregnancy)[0] <= day <= window(visit, pregnancy)[1]
    ]
    scans = [visit for visit in fitting if ultrasound and visit.ultrasound]
    return next((visit.id for visit in scans or fitting), None)


def visits_by_count(pregnancy: Pregnancy, count: int, today: date) -> dict[str, date]:
    """The visits behind "sudah periksa 2 kali", with about their days, which nobody told: so that none is asked again.

    The first `count` visits whose window has begun, each on its target day, at the latest today.
    """
    begun = [visit for visit in visits() if window(visit, pregnancy)[0] <= today]
    return {
        visit.id: min(today, pregnancy.lmp + timedelta(weeks=visit.target_week)) for visit in begun[: max(0, count)]
    }


def anc_targets(pregnancy: Pregnancy, today: date, *, grace_days: int = 0) -> tuple[AncTarget, ...]:
    """The visits still to be made, soonest first, never two within 14 days. None lies in the past.

    - The bidan's date is the next visit: everything else comes after it.
    - Else the target week; when that has gone by, every 21 days from it, so that the date stands still meanwhile.
    - A visit is put off if the one before it comes late, and left out once its window is over.

    grace_days keeps a date that has gone by for so long as it is (a check a week later is about that very day);
    check_grace_days() is what the reminders use.
    """
    floor = today - timedelta(days=grace_days)
    targets: list[AncTarget] = []
    bidans = _from_bidan(pregnancy, floor)
    if bidans is not None and bidans.last_day < today:
        bidans = None
    if bidans is not None:
        targets.append(bidans)
    earliest = bidans.date + _gap() if bidans is not None else floor
    for visit in visits():
        if visit.id in pregnancy.anc or (bidans is not None and visit.id == bidans.visit):
            continue
        found = _not_right_after_one(_target(visit, pregnancy, floor, earliest), pregnancy)
        if found is not None and found.last_day >= today:
            targets.append(found)
            earliest = found.date + _gap()
    return tuple(targets)


def _not_right_after_one(target: AncTarget | None, pregnancy: Pregnancy) -> AncTarget | None:
    """The target at least 14 days after a visit that was made shortly before it, where its window allows that."""
    if target is None:
        return None
    before = [on for on in pregnancy.anc.values() if timedelta(0) <= target.date - on < _gap()]
    later = max(before, default=target.date - _gap()) + _gap()
    return replace(target, date=later) if target.date < later <= target.last_day else target


def check_grace_days() -> int:
    """How long a reminded date still is the date: the check comes a week after it and may slip a little."""
    return _ours("check_grace_days")


def _gap() -> timedelta:
    return timedelta(days=_ours("between_visits_days"))


def _target(visit: AncVisit, pregnancy: Pregnancy, floor: date, earliest: date) -> AncTarget | None:
    first, last = window(visit, pregnancy)
    step = timedelta(days=_ours("again_every_days"))
    day = pregnancy.lmp + timedelta(weeks=visit.target_week)
    while day < floor:
        day += step
    # The last days of a window are better than a date after it.
    day = max(min(day, last), earliest)
    if day < floor or day > last:
        return None
    return AncTarget(visit.id, day, False, visit.by, visit.ultrasound, first, last)


def _from_bidan(pregnancy: Pregnancy, floor: date) -> AncTarget | None:
    day = pregnancy.next_visit_on
    if day is None or day < floor:
        return None
    open_visits = [visit for visit in visits() if visit.id not in pregnancy.anc]
    fitting = [visit for visit in open_visits if window(visit, pregnancy)[0] <= day <= window(visit, pregnancy)[1]]
    visit = next(iter(fitting), None)
    if visit is None:
        # Beyond the six, or in a week that has none: it still is the day she is expected.
        last = day + timedelta(days=_ours("check_grace_days"))
        return AncTarget(FURTHER_VISIT, day, True, "bidan", False, day, last)
    return AncTarget(visit.id, day, True, visit.by, visit.ultrasound, *window(visit, pregnancy))


# --------------------------------------------------------------------------------------------------- after the birth


def visit_windows(birth_date: date) -> tuple[VisitWindow, ...]:
    """The four appointments after a birth; the day of birth is day 0."""
    return tuple(
        VisitWindow(
            tuple(row["ids"]),
            birth_date + timedelta(days=row["first_day"]),
            birth_date + timedelta(days=row["last_day"]),
        )
        for row in _data()["visits_after_birth"]
    )


def birth_weeks(pregnancy: Pregnancy, birth_date: date) -> int | None:
    """Completed weeks at birth, None where the dating does not allow to say so.

    Dated by months it may be a month off: then it is told only where the child was early even so.
    """
    weeks = (birth_date - pregnancy.lmp).days // 7
    if not _ours("shortest_birth_week") <= weeks <= _ours("longest_weeks"):
        return None
    if pregnancy.dated_by == MONTHS and months_range(pregnancy, birth_date)[1] >= preterm_before_week():
        return None
    return weeks


def may_be_born(pregnancy: Pregnancy, birth_date: date) -> bool:
    """Whether a birth on this day fits the pregnancy: neither before week 22 nor after week 44 (a month more or less
    where it was dated by months).
    """
    first, last = ((birth_date - pregnancy.lmp).days // 7,) * 2
    if pregnancy.dated_by == MONTHS:
        first, last = months_range(pregnancy, birth_date)
    return last >= _ours("shortest_birth_week") and first <= _ours("longest_weeks")


def preterm_before_week() -> int:
    """Born before this completed week is early: no automatic schedule."""
    return int(_data()["preterm_before_week"]["value"])


def is_small(birth_weight_g: int | None, weeks: int | None) -> bool:
    """Whether a child goes the human way (KIA book for small babies): under 2,500 g or before 37 weeks."""
    light = birth_weight_g is not None and birth_weight_g < int(_data()["small_below_g"]["value"])
    return light or (weeks is not None and weeks < preterm_before_week())


def unnamed(number: int, of: int, mother: str | None = None) -> str:
    """What a child is called in the records until its name is told; `number` counts twins from 1."""
    words = _data()["ours"]["unnamed"]
    if of > 1:
        return str(words["numbered"]).format(number=number)
    return str(words["of_mother"]).format(mother=mother) if mother else str(words["plain"])


def is_unnamed(name: str) -> bool:
    """Whether a name in the records is such a stand-in."""
    words = _data()["ours"]["unnamed"]
    opening = str(words["of_mother"]).format(mother="")
    number = name.removeprefix(str(words["numbered"]).format(number=""))
    return name == words["plain"] or name.startswith(opening) or (number != name and number.isdigit())
