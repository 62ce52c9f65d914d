"""What becomes of the rows of a register: their fates, and the changes that go with them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from sapa.family.people import Measurement
from sapa.services.register_reading import Finding
from sapa.services.register_records import NewRow, PregnancyRecord


class Fate(StrEnum):
    """What becomes of a row."""

    NEW = "new"
    CHANGED = "changed"
    SAME = "same"
    FAULT = "fault"
    EMPTY = "empty"


# --------------------------------------------------------------------------------------------------- what is changed


@dataclass(frozen=True)
class FillChild:
    """Single columns of a child."""

    child_id: str
    values: Mapping[str, Any]


@dataclass(frozen=True)
class SetDose:
    """Another day for a dose that is on record."""

    child_id: str
    dose: str
    given_on: date


@dataclass(frozen=True)
class SetWeighing:
    """Other numbers for a weighing that is on record."""

    child_id: str
    weighing: Measurement


@dataclass(frozen=True)
class SetAddress:
    """Where to walk to."""

    household_id: str
    address: str


@dataclass(frozen=True)
class SetPregnancy:
    """Other dates for the pregnancy that goes on."""

    household_id: str
    record: PregnancyRecord


@dataclass(frozen=True)
class Join:
    """A contact who wrote once and has no household joins one."""

    contact_id: str
    household_id: str
    name: str


Change = FillChild | SetDose | SetWeighing | SetAddress | SetPregnancy | Join


@dataclass(frozen=True)
class RowFate:
    """What becomes of one row. number: its line in the file, the header's being 1 (or where the table begins).

    faults: why it is left out. warnings: worth a look, imported all the same. differs: the family told otherwise and
    stays right. changes: headers of what is filled in or corrected.
    """

    number: int
    fate: Fate
    faults: tuple[Finding, ...] = ()
    warnings: tuple[Finding, ...] = ()
    differs: tuple[Finding, ...] = ()
    changes: tuple[str, ...] = ()
    new: tuple[NewRow, ...] = ()
    edits: tuple[Change, ...] = ()
