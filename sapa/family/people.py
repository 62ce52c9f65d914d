"""The people a plan is made for, as plain data.

Everything here is immutable and knows nothing of databases or chat. Dates are local calendar dates of the
family's posyandu, datetimes are aware.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from enum import StrEnum
from zoneinfo import ZoneInfo


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
    """A child and what is recorded of it. `doses` maps a dose id of the schedule to the day it was given."""

    name: str
    birth_date: date
    sex: Sex | None = None
    doses: Mapping[str, date] = field(default_factory=dict)
    birth_weight_g: int | None = None
    birth_weeks: int | None = None
    special_care: bool = False
    measurements: tuple[Measurement, ...] = ()
    id: str = ""


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

    @property
    def today(self) -> date:
        """The family's local date at `now`."""
        return self.now.astimezone(ZoneInfo(self.timezone)).date()
