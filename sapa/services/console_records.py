"""What the console reads and writes, as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any


@dataclass(frozen=True)
class LoginCodeRow:
    """A one-time code; only its hash (64 hexadecimal digits) is kept."""

    id: str
    contact_id: str
    code_hash: str
    created_at: datetime
    expires_at: datetime
    tries: int = 0
    used_at: datetime | None = None


@dataclass(frozen=True)
class WebSessionRow:
    """Somebody logged in; `id` is the hash of what the cookie holds."""

    id: str
    contact_id: str
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime


@dataclass(frozen=True)
class FamilyRow:
    """A family in a list.

    stage: hamil, nifas, anak, catin or None. channel: whatsapp, sms, or None where there is nobody to write to.
    children: (name, birth date), the youngest first.
    """

    household_id: str
    name: str | None
    address: str | None
    posyandu_id: str
    posyandu: str
    stage: str | None
    channel: str | None
    opted_out: bool
    children: tuple[tuple[str, date], ...] = ()


@dataclass(frozen=True)
class CareRow:
    """A reminder or a broadcast and what became of it.

    kind: reminder or broadcast. state: of the message (sent, delivered, read, failed ...), else of the reminder
    (planned, dropped, cancelled) or of the target (skipped). attended: whether somebody of the household came to the
    session of that day; None where there was none or nothing is written down.
    """

    kind: str
    event: str
    content_id: str
    due_on: date | None
    at: datetime
    state: str
    reason: str | None
    subjects: tuple[str, ...] = ()
    sent_at: datetime | None = None
    delivered_at: datetime | None = None
    read_at: datetime | None = None
    attended: bool | None = None
    purpose: str = ""  # the consent a reminder stands on


@dataclass(frozen=True)
class AuditLine:
    """A line of the audit trail with the names a reader may see; household: the family's name."""

    id: int
    at: datetime
    event: str
    actor_id: str | None
    actor: str | None
    household_id: str | None
    household: str | None
    posyandu: str | None
    detail: Mapping[str, Any]


@dataclass(frozen=True)
class SignOffRow:
    """Who signed a text, and the fingerprint of the words that were signed."""

    content_id: str
    fingerprint: str
    signed_by: str | None
    signed_name: str
    signed_at: datetime


@dataclass(frozen=True)
class StaffLine:
    """A role somebody holds, with names: whom, where, since when, and when they last used the console."""

    staff_id: str
    contact_id: str
    name: str | None
    phone: str | None
    role: str
    posyandu_id: str | None
    area_id: str | None
    place: str
    granted_at: datetime
    last_seen_at: datetime | None
