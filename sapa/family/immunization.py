"""Which vaccine dose a child has had, may get now, or gets later.

`forecast` works out the rules of the design, section 5; every rule is named where it is done ("rule 4"). The figures
come from `data/immunization.json`, which is made from content/facts/imunisasi.yml. Nothing here decides in a nurse's
stead: wherever the programme's rule is unclear a dose is `ask`, without a date and without a reminder.

Everything is pure: `today` is an argument, the answer is a value.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from sapa.family.calendar import add_days, add_months
from sapa.family.people import Child, VaccineProfile
from sapa.family.regions import province_named

_DATA = Path(__file__).with_name("data") / "immunization.json"

# Design, section 5, rule 7: a dose stays "due" for 30 days, then it is overdue. Our own rule, not a medical one.
DAYS_DUE = 30


class DoseStatus(StrEnum):
    """What a family is told about a dose."""

    DONE = "done"  # a date is recorded
    DUE = "due"  # from the due date on, for 30 days
    OVERDUE = "overdue"  # after that
    UPCOMING = "upcoming"  # the due date lies ahead
    ASK = "ask"  # a health worker decides; no date, no reminder


class Reason(StrEnum):
    """Why a dose is `ask`, or why a recorded one needs a look. The sentences are content, found by these codes."""

    # Rule 6, on a dose that stays done: a health worker should look at the record.
    GIVEN_BEFORE_MIN_AGE = "given_before_min_age"
    GIVEN_TOO_SOON_AFTER_PREVIOUS = "given_too_soon_after_previous"
    GIVEN_OUT_OF_ORDER = "given_out_of_order"  # on the day of an earlier dose of the series, or before it
    # Rule 6, on an unrecorded dose.
    EARLIER_DOSE_NEEDS_CHECK = "earlier_dose_needs_check"
    LATER_DOSE_RECORDED = "later_dose_recorded"
    # Rule 4.
    SPECIAL_CARE = "special_care"
    PAST_LATEST = "past_latest"
    WOULD_BE_PAST_LATEST = "would_be_past_latest"  # the interval would end after the last day
    PREVIOUS_IS_ASK = "previous_is_ask"
    HB0_AFTER_DAY_7 = "hb0_after_day_7"
    BOOSTER_INTERVAL_UNCLEAR = "booster_interval_unclear"
    # Rule 4 as well: said to have been given, but nobody knows when.
    REPORTED_WITHOUT_DATE = "reported_without_date"
    # Rules 5 and 8.
    LATE_PCV_START = "late_pcv_start"
    OUT_OF_PROFILE = "out_of_profile"


class RecordError(ValueError):
    """A child's record cannot be used (rule 9). `field` names the place, `problem` what is wrong there."""

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field}: {problem}")
        self.field = field
        self.problem = problem


@dataclass(frozen=True)
class Span:
    """A length of time: calendar months first, then days."""

    months: int = 0
    days: int = 0

    def after(self, day: date) -> date:
        """The day that lies this span after `day`."""
        return add_days(add_months(day, self.months), self.days)


@dataclass(frozen=True)
class AgeLimit:
    """The last age at which a dose is given, in the units the facts use; None where a unit is not written."""

    months: int | None = None
    days: int | None = None

    def last_day(self, birth: date) -> date:
        """The last day inside the limit (rule 3). Whole months run to the eve of the next month of life."""
        if self.days is None:
            return add_days(add_months(birth, (self.months or 0) + 1), -1)
        return add_days(add_months(birth, self.months or 0), self.days)


@dataclass(frozen=True)
class Dose:
    """One dose of the routine schedule, as the facts give it."""

    id: str
    series: str  # OPV, DPTHBHIB, ...: the chain given by `previous`
    number: int
    label: str  # Bahasa Indonesia, for families
    prevents: str  # Bahasa Indonesia, for families
    due_months: int  # calendar months after birth
    min_age: Span
    previous: str | None  # the dose id it builds on
    min_interval: Span | None  # after `previous`; None exactly if there is no previous dose
    max_age: AgeLimit
    source: tuple[str, ...]  # ids of content/facts/README.md
    confidence: str
    confidence_per_field: Mapping[str, str]


@dataclass(frozen=True)
class VisitBundle:
    """Doses that the programme gives on one visit, with the age as families say it."""

    age: str  # Bahasa Indonesia
    doses: tuple[str, ...]
    condition: str | None = None  # Bahasa Indonesia; where it holds


@dataclass(frozen=True)
class DoseForecast:
    """What is to be said about one dose.

    `earliest`, `due` and `latest` (all inclusive days) are None when the status is done or ask; `given_on` is None
    unless it is done.
    """

    dose: str
    status: DoseStatus
    earliest: date | None = None
    due: date | None = None
    latest: date | None = None
    given_on: date | None = None
    reason: Reason | None = None


@dataclass(frozen=True)
class _LateStart:
    """The catch-up table for PCV (facts, catch_up.pcv)."""

    series: str
    two_doses_from_months: int
    two_doses_interval: Span
    one_dose_from_months: int
    last_dose: str
    last_dose_before_months: int


@dataclass(frozen=True)
class _Programme:
    """The data file, read once."""

    doses: tuple[Dose, ...]
    bundles: tuple[VisitBundle, ...]
    late_start: _LateStart
    birth_weight_below_g: int
    birth_weeks_below: int
    booster: str
    booster_unclear_after_months: int
    heksavalen_without: frozenset[str]
    oral_polio_free_province: str
    oral_polio_free_without: frozenset[str]
    only_where_switched_on: frozenset[str]


# ------------------------------------------------------------------------------------------------- the schedule


def schedule() -> tuple[Dose, ...]:
    """The routine schedule in the order of the facts file; a previous dose stands before its successor."""
    return _programme().doses


def dose_named(dose_id: str) -> Dose:
    """The dose with this id. Raises KeyError for an unknown one."""
    return _doses_by_id()[dose_id]


def visit_bundles() -> tuple[VisitBundle, ...]:
    """Doses by the visit they belong to, in order of age."""
    return _programme().bundles


def bundle_of(dose_id: str) -> VisitBundle:
    """The visit a dose belongs to. Raises KeyError for an unknown dose id."""
    for bundle in visit_bundles():
        if dose_id in bundle.doses:
            return bundle
    raise KeyError(dose_id)


def labels_of(dose_ids: Iterable[str]) -> tuple[str, ...]:
    """What families call these doses, in schedule order, each once. Raises KeyError for an unknown dose id."""
    wanted = {dose_named(dose_id).id for dose_id in dose_ids}
    return tuple(dose.label for dose in schedule() if dose.id in wanted)


# ------------------------------------------------------------------------------------------------- the forecast


def forecast(
    child: Child, today: date, *, profile: VaccineProfile, je_region: bool, province: str | None
) -> tuple[DoseForecast, ...]:
    """Every dose of the child's profile on the local day `today`, in schedule order (design, section 5).

    `province` may be written in any usual way; it matters for oral polio in DI Yogyakarta alone. Raises RecordError
    when the record cannot be used (rule 9).
    """
    check_child(child, today)
    outside = _series_outside(profile, je_region, province)
    work = _Forecast(child, today, outside)
    return tuple(work.of(dose) for dose in schedule() if work.is_listed(dose))


def check_child(child: Child, today: date) -> None:
    """Rule 9: refuse what cannot be true. Raises RecordError naming `birth_date`, `doses.ID` or `reported`."""
    _check_plain_date("birth_date", child.birth_date)
    if child.birth_date > today:
        raise RecordError("birth_date", f"{child.birth_date} lies in the future (today is {today})")
    for dose_id in sorted(child.reported):
        if dose_id not in _doses_by_id():
            raise RecordError("reported", f"unknown dose id {dose_id}; known are {', '.join(_doses_by_id())}")
    for dose_id, given in child.doses.items():
        where = f"doses.{dose_id}"
        if dose_id not in _doses_by_id():
            raise RecordError(where, f"unknown dose id; known are {', '.join(_doses_by_id())}")
        _check_plain_date(where, given)
        if given > today:
            raise RecordError(where, f"{given} lies in the future (today is {today})")
        if given < child.birth_date:
            raise RecordError(where, f"{given} lies before the birth on {child.birth_date}")


def needs_special_care(child: Child) -> bool:
    """Whether a health worker plans this child's doses (rule 4): born early, born light, or marked so."""
    limits = _programme()
    early = child.birth_weeks is not None and child.birth_weeks < limits.birth_weeks_below
    light = child.birth_weight_g is not None and child.birth_weight_g < limits.birth_weight_below_g
    return child.special_care or early or light


class _Forecast:
    """One child's doses, worked out in schedule order so that a previous dose is always known before its successor."""

    def __init__(self, child: Child, today: date, outside: Collection[str]) -> None:
        self._child = child
        self._birth = child.birth_date
        self._given = child.doses
        self._today = today
        self._outside = outside
        self._late_pcv = self._pcv_doses_of_a_late_start()
        self._needs_check = {
            dose.id: reason for dose in schedule() if dose.id in self._given and (reason := self._too_early(dose))
        }
        self._known: dict[str, DoseForecast] = {}

    def is_listed(self, dose: Dose) -> bool:
        """Rule 8: a series outside the profile is left out, unless one of it is recorded."""
        return dose.series not in self._outside or any(other.id in self._given for other in _series(dose.series))

    def of(self, dose: Dose) -> DoseForecast:
        """The forecast of one dose. The previous dose has been asked for before."""
        self._known[dose.id] = result = self._work_out(dose)
        return result

    def _work_out(self, dose: Dose) -> DoseForecast:
        if dose.id in self._given:  # Rule 1; rule 6 keeps it done whatever is odd about it.
            reason = self._needs_check.get(dose.id)
            return DoseForecast(dose.id, DoseStatus.DONE, given_on=self._given[dose.id], reason=reason)
        reason = self._reason_to_ask_at_once(dose)
        if reason is None:
            earliest, latest = self._earliest(dose), self._latest(dose)
            reason = self._reason_to_ask_about_dates(dose, earliest, latest)
        if reason is not None:
            return DoseForecast(dose.id, DoseStatus.ASK, reason=reason)
        # Rule 2: due(d) = earliest(d); no posyandu session moves it.
        return DoseForecast(dose.id, self._status(earliest), earliest=earliest, due=earliest, latest=latest)

    def _status(self, due: date) -> DoseStatus:
        """Rule 7."""
        if self._today < due:
            return DoseStatus.UPCOMING
        return DoseStatus.DUE if self._today < due + timedelta(days=DAYS_DUE) else DoseStatus.OVERDUE

    # --- when

    def _earliest(self, dose: Dose) -> date:
        """Rule 2: the later of the recommended age and the interval after the previous dose."""
        by_age = add_months(self._birth, dose.due_months)
        interval = self._interval(dose)
        if dose.previous is None or interval is None:
            return by_age
        return max(by_age, interval.after(self._date_of(dose.previous)))

    def _date_of(self, dose_id: str) -> date:
        """Rule 2: the day a dose was given; if it was not, the first day it can be: today, or its own earliest."""
        if dose_id in self._given:
            return self._given[dose_id]
        return max(self._today, self._earliest(dose_named(dose_id)))

    def _interval(self, dose: Dose) -> Span | None:
        """The interval after the previous dose; rule 5: 56 days between the two doses of a PCV series begun late."""
        if self._begun_late(dose) and dose.number == 2:
            return _programme().late_start.two_doses_interval
        return dose.min_interval

    def _latest(self, dose: Dose) -> date:
        """Rule 3, with the earlier end of PCV3."""
        late_start = _programme().late_start
        if dose.id == late_start.last_dose:
            return add_days(add_months(self._birth, late_start.last_dose_before_months), -1)
        return dose.max_age.last_day(self._birth)

    # --- why a health worker should be asked

    def _reason_to_ask_at_once(self, dose: Dose) -> Reason | None:
        """Causes that need no date of this dose. The first one found is the one told."""
        if dose.series in self._outside:  # Rule 8.
            return Reason.OUT_OF_PROFILE
        if needs_special_care(self._child):  # Rule 4.
            return Reason.SPECIAL_CARE
        if dose.id in self._child.reported:
            # Whether it was in time cannot be judged without the day: a health worker looks into the book.
            return Reason.REPORTED_WITHOUT_DATE
        if any(later.id in self._given for later in _later_in_series(dose)):  # Rule 6.
            return Reason.LATER_DOSE_RECORDED
        if any(earlier.id in self._needs_check for earlier in _earlier_in_series(dose)):  # Rule 6.
            return Reason.EARLIER_DOSE_NEEDS_CHECK
        if self._today > self._latest(dose):  # Rule 4.
            return Reason.HB0_AFTER_DAY_7 if dose.id == "HB0" else Reason.PAST_LATEST
        if self._begun_late(dose) and dose.number > (self._late_pcv or 0):  # Rule 5.
            return Reason.LATE_PCV_START
        previous = self._known.get(dose.previous or "")
        if previous is not None and previous.status is DoseStatus.ASK:  # Rule 4.
            return Reason.PREVIOUS_IS_ASK
        return None

    def _reason_to_ask_about_dates(self, dose: Dose, earliest: date, latest: date) -> Reason | None:
        """Rule 4: the causes that lie in the dates themselves."""
        if earliest > latest:
            return Reason.WOULD_BE_PAST_LATEST
        if dose.id == _programme().booster and dose.previous is not None and dose.min_interval is not None:
            # The 12 months after DPTHBHIB3 are not read in any source: where they, and not the child's age, would
            # set the date, no date is told until they are over.
            ready = dose.min_interval.after(self._date_of(dose.previous))
            usual = add_months(self._birth, _programme().booster_unclear_after_months)
            if self._today < ready and ready > usual:
                return Reason.BOOSTER_INTERVAL_UNCLEAR
        return None

    def _too_early(self, dose: Dose) -> Reason | None:
        """Rule 6, for a recorded dose: why a health worker should look at it, or None."""
        given = self._given[dose.id]
        if given < dose.min_age.after(self._birth):
            return Reason.GIVEN_BEFORE_MIN_AGE
        earlier_days = [self._given[earlier.id] for earlier in _earlier_in_series(dose) if earlier.id in self._given]
        if any(given <= day for day in earlier_days):
            return Reason.GIVEN_OUT_OF_ORDER
        interval, previous_day = self._interval(dose), self._given.get(dose.previous or "")
        if interval is not None and previous_day is not None and given < interval.after(previous_day):
            return Reason.GIVEN_TOO_SOON_AFTER_PREVIOUS
        return None

    def _begun_late(self, dose: Dose) -> bool:
        return self._late_pcv is not None and dose.series == _programme().late_start.series

    def _pcv_doses_of_a_late_start(self) -> int | None:
        """Rule 5: how many PCV doses the catch-up table gives a series begun late (2 or 1); None if begun in time."""
        late_start = _programme().late_start
        pcv = _series(late_start.series)
        recorded = [self._given[dose.id] for dose in pcv if dose.id in self._given]
        # With nothing recorded the series begins as soon as it can; the first dose has no previous one (rule 2).
        begun = min(recorded) if recorded else max(self._today, add_months(self._birth, pcv[0].due_months))
        if begun >= add_months(self._birth, late_start.one_dose_from_months):
            return 1
        return 2 if begun >= add_months(self._birth, late_start.two_doses_from_months) else None


def _series_outside(profile: VaccineProfile, je_region: bool, province: str | None) -> frozenset[str]:
    """Rule 8: the series that the child's district does not give."""
    programme = _programme()
    outside: frozenset[str] = frozenset()
    if not je_region:
        outside |= programme.only_where_switched_on
    if profile is VaccineProfile.HEKSAVALEN:
        outside |= programme.heksavalen_without
    if province_named(province) == programme.oral_polio_free_province:
        outside |= programme.oral_polio_free_without
    return outside


def _check_plain_date(field: str, value: object) -> None:
    # A datetime is a date to Python and yet cannot be compared with one.
    if not isinstance(value, date) or isinstance(value, datetime):
        raise RecordError(field, f"{value!r} is not a date")


# ------------------------------------------------------------------------------------------------- the data file


@cache
def _programme() -> _Programme:
    data: dict[str, Any] = json.loads(_DATA.read_text(encoding="utf-8"))
    late, overrides = data["late_start"], data["regional_overrides"]
    return _Programme(
        doses=tuple(_dose(entry) for entry in data["doses"]),
        bundles=tuple(VisitBundle(row["age"], tuple(row["doses"]), row["condition"]) for row in data["visit_bundles"]),
        late_start=_LateStart(
            series=late["series"],
            two_doses_from_months=late["two_doses_from_months"],
            two_doses_interval=Span(**late["two_doses_interval"]),
            one_dose_from_months=late["one_dose_from_months"],
            last_dose=late["last_dose"],
            last_dose_before_months=late["last_dose_before_months"],
        ),
        birth_weight_below_g=data["special_care"]["birth_weight_below_g"],
        birth_weeks_below=data["special_care"]["birth_weeks_below"],
        booster=data["unclear_booster"]["dose"],
        booster_unclear_after_months=data["unclear_booster"]["after_months"],
        heksavalen_without=frozenset(overrides["heksavalen"]["without_series"]),
        oral_polio_free_province=overrides["di_yogyakarta_polio"]["province"],
        oral_polio_free_without=frozenset(overrides["di_yogyakarta_polio"]["without_series"]),
        only_where_switched_on=frozenset(overrides["je_regions"]["only_where_switched_on"]),
    )


def _dose(entry: Mapping[str, Any]) -> Dose:
    interval = entry["min_interval"]
    return Dose(
        id=entry["id"],
        series=entry["series"],
        number=entry["dose_number"],
        label=entry["dose_label"],
        prevents=entry["prevents"],
        due_months=entry["due_months"],
        min_age=Span(**entry["min_age"]),
        previous=entry["previous"],
        min_interval=Span(**interval) if interval else None,
        max_age=AgeLimit(**entry["max_age"]),
        source=tuple(entry["source"]),
        confidence=entry["confidence"],
        confidence_per_field=MappingProxyType(dict(entry["confidence_per_field"])),
    )


@cache
def _doses_by_id() -> Mapping[str, Dose]:
    return MappingProxyType({dose.id: dose for dose in schedule()})


@cache
def _series(name: str) -> tuple[Dose, ...]:
    return tuple(dose for dose in schedule() if dose.series == name)


def _earlier_in_series(dose: Dose) -> tuple[Dose, ...]:
    return tuple(other for other in _series(dose.series) if other.number < dose.number)


def _later_in_series(dose: Dose) -> tuple[Dose, ...]:
    return tuple(other for other in _series(dose.series) if other.number > dose.number)
