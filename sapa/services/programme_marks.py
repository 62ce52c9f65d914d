"""What one child, one pregnancy, one case adds to the figures of a month. Pure: the figures are sums of these marks.

A mark says for one figure whether its subject counts above the line (`counted`); every mark stands below it. A mark
with `aside` stands in neither place and is counted apart under that code, so that nobody disappears:
born early or small ("care"), said to have been given on an unknown day ("reported"), left to a health worker ("ask"),
implausible ("flagged"), without a known sex ("sex"), or the letters O, B and ? of SKDN.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from functools import cache, lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sapa.family import skdn
from sapa.family.calendar import add_months, age_in_months
from sapa.family.growth import Category, Index, assess, body_of, needs_own_judgement
from sapa.family.immunization import (
    DAYS_DUE,
    Dose,
    Reason,
    RecordError,
    forecast,
    needs_special_care,
    schedule,
)
from sapa.family.people import Child, Measurement, VaccineProfile
from sapa.family.pregnancy import visit_windows, visits, window
from sapa.services.programme_records import KeptCase, KeptChild, KeptPregnancy, Place

#: A pregnancy nobody has ended by then is over, whatever the records say (sapa.family.pregnancy: 44 weeks).
LONGEST_PREGNANCY = timedelta(weeks=44)
_GROWTH = (
    ("growth.stunted", Index.LENGTH, frozenset({Category.STUNTED, Category.SEVERELY_STUNTED})),
    ("growth.underweight", Index.WEIGHT, frozenset({Category.UNDERWEIGHT, Category.SEVERELY_UNDERWEIGHT})),
    ("growth.wasted", Index.WEIGHT_FOR_LENGTH, frozenset({Category.WASTED, Category.SEVERELY_WASTED})),
)


#: The series with a catch-up table of its own (Reason.LATE_PCV_START).
_LATE_START = "PCV"


class Mark(NamedTuple):
    """What a subject adds to a figure. detail: a date, a letter or a z-score, for the list behind the figure."""

    key: str
    counted: bool
    detail: str = ""
    aside: str = ""


@dataclass(frozen=True)
class Period:
    """A month as it stood on `last`: the month's last day, or today while the month runs.

    start, end: the same in time, in the zone of the posyandu; `end` itself is outside.
    """

    first: date
    last: date
    start: datetime
    end: datetime
    zone: ZoneInfo

    @staticmethod
    def of(year: int, month: int, timezone: str, today: date | None = None) -> Period:
        """A month. Raises ValueError where there is no such month."""
        first, last = skdn.month_days(year, month)
        zone = ZoneInfo(timezone)
        last = max(first, min(last, today)) if today is not None else last
        end = datetime.combine(last + timedelta(days=1), time(), zone)
        return Period(first, last, datetime.combine(first, time(), zone), end, zone)


def followed(kept: KeptChild, zone: ZoneInfo) -> skdn.Followed:
    """A child as SKDN counts it: known from the day it was registered, or from an older weighing on."""
    registered = kept.created_at.astimezone(zone).date()
    since = min(registered, kept.first_weighed_on or registered)
    return skdn.Followed(kept.child, kept.has_book, since, kept.ended_on)


# ----------------------------------------------------------------------------------------------------------- children


def child_marks(kept: KeptChild, found: skdn.Marks, place: Place, period: Period) -> Iterator[Mark]:
    """Everything a child of S adds: its family's stage, SKDN (`found`), growth and doses."""
    small = age_in_months(kept.child.birth_date, period.last) < 24
    yield Mark("families.child_0_23" if small else "families.child_24_59", True)
    yield from _skdn_marks(found)
    if any(period.first <= m.date <= period.last for m in kept.child.measurements):
        yield from _growth_marks(kept.child, period)
    yield from _dose_marks(kept.child, place, period.last)


def _skdn_marks(found: skdn.Marks) -> Iterator[Mark]:
    letter = found.letter
    said = "" if letter is None or found.weighed_on is None else f"{letter.value} {found.weighed_on.isoformat()}"
    yield Mark("skdn.k_s", found.k)
    yield Mark("skdn.d_s", found.d, said)
    yield Mark("skdn.n_s", letter is skdn.Letter.UP, said)
    if letter in (skdn.Letter.UP, skdn.Letter.NOT_UP):
        yield Mark("skdn.n_d", letter is skdn.Letter.UP, said)
    elif letter is not None:
        yield Mark("skdn.n_d", False, said, aside=letter.value)


def _growth_marks(child: Child, period: Period) -> Iterator[Mark]:
    """The newest measurement of the month that says something, for each index."""
    measured = sorted(
        (m for m in child.measurements if period.first <= m.date <= period.last), key=lambda m: m.date, reverse=True
    )
    lying = any(m.lenhei_cm for m in measured)
    weighed = any(m.weight_kg for m in measured)
    asked = {"growth.stunted": lying, "growth.underweight": weighed, "growth.wasted": lying and weighed}
    aside = "care" if needs_own_judgement(child) else "sex" if child.sex is None else ""
    read = [] if aside else [(m.date, assess(body_of(child, m)).scores) for m in measured]
    for key, index, low in _GROWTH:
        scores = [(day, found[index]) for day, found in read if index in found]
        if aside and asked[key]:
            yield Mark(key, False, aside=aside)
        elif scores:
            day, score = next(((day, one) for day, one in scores if not one.flagged), scores[0])
            said = f"{score.z:+.2f} {day.isoformat()}"
            yield Mark(key, score.category in low, said, aside="flagged" if score.flagged else "")


# --------------------------------------------------------------------------------------------------------------- doses


@dataclass(frozen=True)
class _Profile:
    profile: VaccineProfile
    je_region: bool
    province: str | None


@cache
def _listed(profile: _Profile) -> frozenset[str]:
    """The doses of a place, for a child without any record."""
    born = date(2000, 1, 1)
    return frozenset(
        one.dose
        for one in forecast(
            Child("", born), born, profile=profile.profile, je_region=profile.je_region, province=profile.province
        )
    )


@cache
def _profile(place: Place) -> _Profile:
    return _Profile(VaccineProfile(place.vaccine_profile), place.je_region, place.province)


def _dose_marks(child: Child, place: Place, on: date) -> Iterator[Mark]:
    """Coverage of each dose whose recommended age the child has reached (content/facts/imunisasi.yml, due_months).

    Below the line: given or not, also where it is too late now, and where the doses before it are missing too: whoever
    dropped out is not covered. Not below: not due yet, because the dose before it was given late. Apart: planned by a
    health worker, said to have been given on an unknown day, not needed any more after a late start (the forecast's
    `late_pcv_start`). In time: given within 30 days of the day it was due, which is when the forecast begins to call it
    overdue; due is the later of the recommended age and the interval after the dose before it.
    """
    profile = _profile(place)
    given, listed, ages = child.doses, _listed(profile), _recommended(child.birth_date)
    if needs_special_care(child):  # given or not, they are told apart
        reached = (dose.id for dose in schedule() if ages[dose.due_months] <= on and dose.id in listed)
        yield from (Mark(f"dose.{dose_id}", dose_id in given, aside="care") for dose_id in reached)
        return
    for dose in schedule():
        if dose.id in given:
            yield Mark(f"dose.{dose.id}", True, given[dose.id].isoformat())
            yield Mark(f"dose_in_time.{dose.id}", _in_time(child, dose), given[dose.id].isoformat())
        elif ages[dose.due_months] > on or dose.id not in listed:
            continue
        elif dose.id in child.reported:
            yield Mark(f"dose.{dose.id}", False, aside="reported")
        elif (due := _due(child, dose)) <= on:
            aside = "ask" if dose.series == _LATE_START and _is_not_needed(child, dose, profile) else ""
            yield Mark(f"dose.{dose.id}", False, due.isoformat(), aside=aside)


def _is_not_needed(child: Child, dose: Dose, profile: _Profile) -> bool:
    """Whether the programme leaves a dose out, or to a health worker, because its series was begun late.

    Asked on the day of the series' last dose: later the forecast says that it is too late anyhow.
    """
    series = {one: day for one, day in child.doses.items() if one.startswith(dose.series)}
    if not series:
        return False
    alone, day = replace(child, doses=series), max(series.values())
    try:
        found = forecast(alone, day, profile=profile.profile, je_region=profile.je_region, province=profile.province)
    except RecordError:  # a date that cannot be: nothing is left out because of it
        return False
    return any(one.dose == dose.id and one.reason is Reason.LATE_PCV_START for one in found)


@lru_cache(maxsize=4000)  # a kabupaten has 100,000 children and 1,800 birthdays
def _recommended(birth: date) -> dict[int, date]:
    """The days on which a child comes to the recommended ages, by months of age."""
    return {dose.due_months: add_months(birth, dose.due_months) for dose in schedule()}


def _due(child: Child, dose: Dose) -> date:
    """The recommended age, or the interval after the dose before it where that was given so late."""
    due = _recommended(child.birth_date)[dose.due_months]
    before = child.doses.get(dose.previous or "")
    if before is None or dose.min_interval is None:
        return due
    return max(due, dose.min_interval.after(before))


def _in_time(child: Child, dose: Dose) -> bool:
    return child.doses[dose.id] < _due(child, dose) + timedelta(days=DAYS_DUE)


# ----------------------------------------------------------------------------------------------- pregnancies and cases


def pregnancy_marks(kept: KeptPregnancy, period: Period) -> Iterator[Mark]:
    """The family's stage on the last day, and the visits K1..K6 of a pregnancy that went on in the month.

    Below the line of a visit: its target week had come by the last day (or by the pregnancy's last day). Above: it is
    recorded. In time: made within its weeks (content/facts/kehamilan.yml), of those made.
    """
    pregnancy, last = kept.pregnancy, period.last
    over = kept.ended_on if kept.ended_on is not None else pregnancy.lmp + LONGEST_PREGNANCY
    if kept.created_at < period.end and over > last and pregnancy.lmp <= last:
        yield Mark("families.pregnant", True, pregnancy.edd.isoformat())
    if kept.outcome == "birth" and kept.ended_on is not None and kept.ended_on <= last <= _nifas_ends(kept.ended_on):
        yield Mark("families.postpartum", True, kept.ended_on.isoformat())
    if over < period.first or kept.created_at >= period.end:
        return
    for visit in visits():
        made = pregnancy.anc.get(visit.id)
        target = pregnancy.lmp + timedelta(weeks=visit.target_week)
        if target > min(last, over):
            continue
        made = None if made is not None and made > last else made
        yield Mark(f"anc.{visit.id}", made is not None, (made or target).isoformat())
        if made is not None:
            begins, ends = window(visit, pregnancy)
            yield Mark(f"anc_in_time.{visit.id}", begins <= made <= ends, made.isoformat())


def _nifas_ends(birth: date) -> date:
    return visit_windows(birth)[-1].last_day


def case_marks(kept: KeptCase, period: Period) -> Iterator[Mark]:
    """Opened and closed in the month, in all and by kind; answered: of those opened in it."""
    if period.start <= kept.opened_at < period.end:
        opened = kept.opened_at.astimezone(period.zone).date().isoformat()
        yield Mark("cases.opened", True, opened)
        yield Mark(f"cases.opened.{kept.kind}", True, opened)
        yield Mark("cases.answered", answer_minutes(kept) is not None, opened)
    if kept.closed_at is not None and period.start <= kept.closed_at < period.end:
        closed = kept.closed_at.astimezone(period.zone).date().isoformat()
        yield Mark("cases.closed", True, closed)
        yield Mark(f"cases.closed.{kept.kind}", True, closed)


def answer_minutes(kept: KeptCase) -> int | None:
    """Whole minutes until a human answered the family; None while nobody has."""
    if kept.answered_at is None:
        return None
    return max(0, int((kept.answered_at - kept.opened_at).total_seconds() // 60))


def with_older(kept: KeptChild, older: Iterable[Measurement]) -> KeptChild:
    """The child with weighings from before the days that were read."""
    return replace(kept, child=replace(kept.child, measurements=(*older, *kept.child.measurements)))
