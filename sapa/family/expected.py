"""Who is expected on a posyandu day and what each of them needs there. Pure.

What a child gets is what its family is told in the reminder of that day (sapa.family.plan), so that the kader's list
and the mother's message never differ.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from sapa.family.calendar import add_months, age_in_months
from sapa.family.immunization import RecordError, needs_special_care
from sapa.family.people import Child, Family, Posyandu, PosyanduSession, Pregnancy, VaccineProfile
from sapa.family.plan import SESSION, default_rules, refresh
from sapa.family.planned import PlannedReminder
from sapa.family.pregnancy import visit_on

CHILD, MOTHER = "child", "mother"

# A pregnancy nobody has told the end of is expected until the weeks after the birth would be over; the figure is ours.
_AFTER_TERM = timedelta(days=42)


class Group(StrEnum):
    """Under which heading somebody stands on the list, in the order in which a posyandu day goes."""

    VACCINE = "imunisasi"
    SUPPLEMENT = "vitamin"
    WEIGHING = "timbang"
    PREGNANT = "hamil"


@dataclass(frozen=True)
class Followed:
    """Somebody of a posyandu who is followed: a child, or a pregnant woman.

    mother: the name the child's mother goes by, None where nobody told it; a pregnant woman's own name.
    """

    household_id: str
    mother: str | None = None
    address: str | None = None
    child: Child | None = None
    pregnancy: Pregnancy | None = None

    @property
    def subject_id(self) -> str:
        """Id of the child or of the pregnancy."""
        found = self.child or self.pregnancy
        assert found is not None
        return found.id


@dataclass(frozen=True)
class Expected:
    """Somebody expected on a posyandu day.

    number: their place on this day's list, 0 where none was given. name: the child's, or the pregnant woman's (None if
    nobody told it). doses: ids that can be had that day. vitamin_a: the colour of the capsule. anc: the visit of the
    pregnancy this day would be (K1..K6). age_months: completed, of a child. special: a health worker plans its doses.
    """

    household_id: str
    subject_id: str
    kind: str
    name: str | None
    mother: str | None = None
    address: str | None = None
    number: int = 0
    doses: tuple[str, ...] = ()
    vitamin_a: str | None = None
    deworming: bool = False
    anc: str | None = None
    age_months: int | None = None
    special: bool = False

    @property
    def needs(self) -> tuple[str, ...]:
        """Everything at once, as codes: ids of doses, vitamin_a:<colour>, deworming, weigh, anc:<visit>, ask_bidan."""
        more = [f"vitamin_a:{self.vitamin_a}"] if self.vitamin_a else []
        more += ["deworming"] if self.deworming else []
        more += [f"anc:{self.anc}"] if self.anc else []
        return (*self.doses, *more, *(["ask_bidan"] if self.special else []), "weigh")

    @property
    def group(self) -> Group:
        """The heading it stands under."""
        if self.kind == MOTHER:
            return Group.PREGNANT
        if self.doses or self.special:
            return Group.VACCINE
        return Group.SUPPLEMENT if self.vitamin_a or self.deworming else Group.WEIGHING


@dataclass(frozen=True)
class Place:
    """The posyandu of a day, with the sessions of that month up to it (which is the month's first matters)."""

    name: str
    timezone: str
    sessions: tuple[PosyanduSession, ...]
    province: str | None = None
    vaccine_profile: VaccineProfile = VaccineProfile.PENTAVALEN
    je_region: bool = False
    id: str = ""


def born_since(day: date) -> date:
    """The earliest birth date of a child that is still expected on `day`."""
    return add_months(day, -(default_rules().session_max_age_months + 1)) + timedelta(days=1)


def expected_on(day: date, place: Place, followed: Iterable[Followed]) -> tuple[Expected, ...]:
    """Who of those followed is expected at the session of `day`, numbered from 1: by heading, what they need, name.

    What is recorded after that day does not count: a list looked at later is the list of that day.
    """
    found = [_child(one, one.child, day, place) for one in followed if one.child is not None]
    found += [_mother(one, one.pregnancy, day) for one in followed if one.pregnancy is not None]
    order = {group: number for number, group in enumerate(Group)}
    listed = sorted(
        (one for one in found if one is not None),
        key=lambda one: (
            order[one.group],
            one.needs if one.kind == CHILD else (),
            (one.name or "").casefold(),
            (one.mother or "").casefold(),
            one.subject_id,
        ),
    )
    return tuple(replace(one, number=number) for number, one in enumerate(listed, 1))


def _child(followed: Followed, child: Child, day: date, place: Place) -> Expected | None:
    if child.birth_date > day or age_in_months(child.birth_date, day) > default_rules().session_max_age_months:
        return None
    child = replace(child, doses={dose: on for dose, on in child.doses.items() if on <= day})
    gets = _told(child, day, place)
    return Expected(
        household_id=followed.household_id,
        subject_id=child.id,
        kind=CHILD,
        name=child.name,
        mother=followed.mother,
        address=followed.address,
        doses=tuple(gets.get("doses", ())),
        vitamin_a=gets.get("vitamin_a"),
        deworming=bool(gets.get("deworming")),
        age_months=age_in_months(child.birth_date, day),
        special=needs_special_care(child),
    )


def _told(child: Child, day: date, place: Place) -> dict[str, Any]:
    """What the reminder of the day names for this child, looked at as that day begins."""
    zone = ZoneInfo(place.timezone)
    family = Family(
        now=datetime(day.year, day.month, day.day, tzinfo=zone),
        timezone=place.timezone,
        province=place.province,
        vaccine_profile=place.vaccine_profile,
        je_region=place.je_region,
        posyandu=Posyandu(place.name, place.sessions, id=place.id),
        children=(child,),
    )
    invitation = PlannedReminder(
        id="",
        send_at=family.now,
        event=SESSION,
        due_on=day,
        content="",
        subjects=(child.name,),
        payload={"kind": "session", "date": day.isoformat(), "also": []},
    )
    try:
        told = refresh(invitation, family)
    except RecordError:
        return {}  # a record that cannot be is for a health worker: the child is expected all the same
    rows: list[dict[str, Any]] = list(told.payload["children"]) if told is not None else []
    return rows[0] if rows else {}


def _mother(followed: Followed, pregnancy: Pregnancy, day: date) -> Expected | None:
    if not pregnancy.lmp <= day <= pregnancy.edd + _AFTER_TERM:
        return None
    anc = {visit: on for visit, on in pregnancy.anc.items() if on < day}
    return Expected(
        household_id=followed.household_id,
        subject_id=pregnancy.id,
        kind=MOTHER,
        name=followed.mother,
        mother=followed.mother,
        address=followed.address,
        anc=visit_on(replace(pregnancy, anc=anc), day),
    )
