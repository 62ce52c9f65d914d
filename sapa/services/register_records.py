"""Families in bulk, as plain data: rows as they are written, and whole families as they are read.

The fields of what is written bear the names of the columns they go to.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sapa.family.people import Child, Pregnancy

# ------------------------------------------------------------------------------------------------- to be written


@dataclass(frozen=True)
class HouseholdNew:
    """A household. address: where to walk to."""

    id: str
    posyandu_id: str
    address: str | None
    created_at: datetime


@dataclass(frozen=True)
class ContactNew:
    """Somebody of a household, with or without a phone. relation: as in sapa.family.people.Member."""

    id: str
    household_id: str | None
    name: str | None
    relation: str
    created_at: datetime
    last_inbound_at: datetime | None = None


@dataclass(frozen=True)
class AddressNew:
    """A number. channel: whatsapp or sms."""

    id: str
    contact_id: str
    channel: str
    value: str
    phone: str | None


@dataclass(frozen=True)
class ConsentNew:
    """A yes. recorded_by: the contact of whoever of the staff heard it; None: said to the bot."""

    id: str
    contact_id: str
    purpose: str
    wording: str
    granted: bool
    recorded_by: str | None
    at: datetime


@dataclass(frozen=True)
class ChildNew:
    """A child. sex: M or F."""

    id: str
    household_id: str
    name: str
    sex: str | None
    birth_date: date
    birth_weight_g: int | None
    birth_weeks: int | None
    has_book: bool | None
    created_at: datetime
    special_care: bool = False


@dataclass(frozen=True)
class DoseNew:
    """A dose that was given."""

    child_id: str
    dose: str
    given_on: date
    recorded_at: datetime


@dataclass(frozen=True)
class DoseReportedNew:
    """A dose that is said to have been given, on a day nobody knows."""

    child_id: str
    dose: str
    recorded_at: datetime


@dataclass(frozen=True)
class MeasurementNew:
    """A weighing. source: chat or kader."""

    child_id: str
    date: date
    weight_kg: float | None
    lenhei_cm: float | None
    measure: str
    source: str
    recorded_at: datetime


@dataclass(frozen=True)
class PregnancyNew:
    """A pregnancy; outcome and ended_on once it is over."""

    id: str
    household_id: str
    contact_id: str | None
    lmp: date
    edd: date
    dated_by: str
    created_at: datetime
    multiple: bool = False
    outcome: str | None = None
    ended_on: date | None = None


@dataclass(frozen=True)
class VisitNew:
    """A visit of a pregnancy that took place: K1..K6, KF1..KF4, KN1..KN3."""

    pregnancy_id: str
    visit: str
    on: date
    recorded_at: datetime


@dataclass(frozen=True)
class AttendanceNew:
    """Whether somebody came to a session. subject_kind: child or mother."""

    session_id: str
    subject_id: str
    subject_kind: str
    household_id: str
    came: bool
    recorded_by: str | None
    recorded_at: datetime


@dataclass(frozen=True)
class HomeVisitNew:
    """Somebody to walk to. reason: absent, unreached or no_phone."""

    id: str
    posyandu_id: str
    household_id: str
    subject_id: str | None
    reason: str
    session_id: str | None
    since: datetime
    done_at: datetime | None = None
    done_by: str | None = None
    outcome: str | None = None


@dataclass(frozen=True)
class MessageNew:
    """A message that went out in the past; never one that waits to be sent (its state is a settled one)."""

    id: str
    dedupe_key: str
    contact_id: str
    address_id: str
    channel: str
    kind: str
    content_id: str
    text: str
    priority: int
    consent_purpose: str | None
    topic: str | None
    not_before: datetime
    state: str
    attempts: int
    created_at: datetime
    sent_at: datetime | None
    delivered_at: datetime | None
    read_at: datetime | None
    error_code: str | None = None
    buttons: list[Any] = field(default_factory=list)
    media: list[Any] = field(default_factory=list)
    options: list[Any] = field(default_factory=list)
    template_variables: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class ReminderNew:
    """A reminder that was handed to the outbox in the past."""

    id: str
    household_id: str
    send_at: datetime
    due_on: date
    event: str
    content_id: str
    subjects: list[str]
    payload: dict[str, Any]
    state: str
    outbox_id: str | None
    contact_id: str | None
    updated_at: datetime


@dataclass(frozen=True)
class DirtyNew:
    """A household that waits for a new plan."""

    household_id: str
    since: datetime


NewRow = (
    HouseholdNew
    | ContactNew
    | AddressNew
    | ConsentNew
    | ChildNew
    | DoseNew
    | DoseReportedNew
    | MeasurementNew
    | PregnancyNew
    | VisitNew
    | AttendanceNew
    | HomeVisitNew
    | MessageNew
    | ReminderNew
    | DirtyNew
)


# ----------------------------------------------------------------------------------------------------- to be read


@dataclass(frozen=True)
class MemberRecord:
    """Somebody of a household. wrote: has written to us. consents: the last word on each purpose."""

    contact_id: str
    name: str | None
    relation: str
    phones: tuple[str, ...] = ()
    wrote: bool = False
    consents: Mapping[str, bool] = field(default_factory=dict)


@dataclass(frozen=True)
class ChildRecord:
    """A child with what Child has no room for. sources: who told of the weighing of a day (chat, kader)."""

    child: Child
    has_book: bool | None = None
    sources: Mapping[date, str] = field(default_factory=dict)
    ended: bool = False


@dataclass(frozen=True)
class PregnancyRecord:
    """A pregnancy, going on (outcome None) or over."""

    pregnancy: Pregnancy
    outcome: str | None = None
    ended_on: date | None = None


@dataclass(frozen=True)
class FamilyRecord:
    """A household and everything of it."""

    household_id: str
    posyandu_id: str | None
    address: str | None
    members: tuple[MemberRecord, ...] = ()
    children: tuple[ChildRecord, ...] = ()
    pregnancies: tuple[PregnancyRecord, ...] = ()

    @property
    def speaks_for_itself(self) -> bool:
        """Whether somebody of it has written to us: then what it told wins over any register."""
        return any(member.wrote for member in self.members)

    def agrees(self, purpose: str) -> bool:
        """Whether somebody of it consents to a purpose."""
        return any(member.consents.get(purpose, False) for member in self.members)
