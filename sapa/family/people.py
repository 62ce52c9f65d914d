"""The people a plan is made for, as plain data.

Everything here is immutable and knows nothing of databases or chat. Dates are local calendar dates of the
family's posyandu, datetimes are aware.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

# For fields beside one that is itself called `date`.
Day = date


class Sex(StrEnum):
    """Sex as the growth tables and the KIA book record it."""

    MALE = "M"
    FEMALE = "F"


class VaccineProfile(StrEnum):
    """Which combination vaccine the district uses (content/facts/imunisasi.yml, regional_overrides)."""

    PENTAVALEN = "pentavalen"
    HEKSAVALEN = "heksavalen"


@dataclass(frozen=True)
class Measurement:
    """One weighing. `measure` is L (lying), H (standing) or "" (not said)."""

    date: date
    weight_kg: float | None = None
    lenhei_cm: float | None = None
    measure: str = ""


@dataclass(frozen=True)
class Child:
    """A child and what is recorded of it. `doses` maps a dose id of the schedule to the day it was given.

    reported: doses said to have been given, on a day nobody knows any more.
    A child that is no longer followed (it died, it moved away) is not part of a Family.
    """

    name: str
    birth_date: date
    sex: Sex | None = None
    doses: Mapping[str, date] = field(default_factory=dict)
    birth_weight_g: int | None = None
    birth_weeks: int | None = None
    special_care: bool = False
    measurements: tuple[Measurement, ...] = ()
    id: str = ""
    reported: frozenset[str] = frozenset()


@dataclass(frozen=True)
class PosyanduSession:
    """One posyandu day."""

    date: date
    time: time
    place: str
    id: str = ""


@dataclass(frozen=True)
class Facility:
    """Where a family goes for help."""

    name: str
    phone: str = ""


@dataclass(frozen=True)
class Posyandu:
    """A posyandu with its coming sessions, in any order."""

    name: str
    sessions: tuple[PosyanduSession, ...] = ()
    facility: Facility | None = None
    id: str = ""


@dataclass(frozen=True)
class QuietHours:
    """Local hours in which nothing is sent unasked; `start` > `end` runs over midnight. Default: design, section 6."""

    start: time = time(20, 0)
    end: time = time(7, 0)


@dataclass(frozen=True)
class Pregnancy:
    """A pregnancy that goes on. One that ended (birth, loss) is not part of a Family.

    lmp (HPHT) and edd (HPL) are always both there, 280 days apart, whichever was told; dated_by says which it was:
    hpht, hpl, usg, weeks, months. anc maps K1..K6 to the day of the visit. next_visit_on is the date the bidan gave:
    it wins over every date worked out here.
    """

    lmp: date
    edd: date
    dated_by: str = "hpht"
    anc: Mapping[str, date] = field(default_factory=dict)
    next_visit_on: date | None = None
    multiple: bool = False
    contact_id: str = ""  # the pregnant woman, where she writes herself
    id: str = ""


@dataclass(frozen=True)
class Postpartum:
    """The 42 days after a birth. visits maps KF1..KF4 and KN1..KN3 to the day of the visit."""

    birth_date: date
    visits: Mapping[str, date] = field(default_factory=dict)
    contact_id: str = ""
    id: str = ""


@dataclass(frozen=True)
class Contraception:
    """The method one contact uses now. method: an id of content/facts/kb.yml.

    last_date: the injection, the packet begun, the insertion. return_on: the date on the card, which always wins.
    """

    method: str
    last_date: date | None = None
    return_on: date | None = None
    contact_id: str = ""
    id: str = ""


@dataclass(frozen=True)
class Screening:
    """What is known of one partner before the wedding.

    partner: whose it is. answers: JSON by item, a missing item was not asked yet, None means "belum tahu": age_years,
    weight_kg, height_cm, lila_cm, hb_g_dl, hb_on (ISO), smokes, smoke_at_home, td_status ("T1".."T5"), td_last_on
    (ISO).
    """

    partner: Sex
    answers: Mapping[str, Any] = field(default_factory=dict)
    contact_id: str = ""  # whose own data it is, where that partner writes too
    id: str = ""


@dataclass(frozen=True)
class Wedding:
    """A couple about to marry. date None: not known yet. screened_on: the first day the questions were gone through."""

    date: Day | None = None
    screened_on: Day | None = None
    screenings: tuple[Screening, ...] = ()
    contact_id: str = ""
    id: str = ""


@dataclass(frozen=True)
class Member:
    """Somebody who follows the household from an own phone, with own consent and opt-out.

    relation: ibu, ayah, nenek, kakek, lain, calon_istri or calon_suami. every_reminder: asked for the reminders too,
    although another member gets them already.
    """

    contact_id: str
    relation: str = ""
    every_reminder: bool = False
    name: str | None = None


@dataclass(frozen=True)
class Family:
    """A household as the planner sees it at the moment `now` (aware)."""

    now: datetime
    timezone: str
    province: str | None = None
    vaccine_profile: VaccineProfile = VaccineProfile.PENTAVALEN
    je_region: bool = False
    quiet_hours: QuietHours = QuietHours()
    posyandu: Posyandu | None = None
    children: tuple[Child, ...] = ()
    pregnancy: Pregnancy | None = None
    postpartum: Postpartum | None = None
    contraceptions: tuple[Contraception, ...] = ()
    wedding: Wedding | None = None
    members: tuple[Member, ...] = ()

    @property
    def today(self) -> date:
        """The family's local date at `now`."""
        return self.now.astimezone(ZoneInfo(self.timezone)).date()
