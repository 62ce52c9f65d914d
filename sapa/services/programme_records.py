"""What the store tells of a posyandu's month, as plain data."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sapa.family.people import Child, Pregnancy


@dataclass(frozen=True)
class Place:
    """A posyandu as far as its figures need it."""

    id: str
    name: str
    village: str | None
    timezone: str
    province: str | None
    vaccine_profile: str
    je_region: bool


@dataclass(frozen=True)
class KeptChild:
    """A child with its doses and the weighings asked for. first_weighed_on: of all its weighings, the oldest."""

    posyandu_id: str
    household_id: str
    child: Child
    has_book: bool | None
    created_at: datetime
    first_weighed_on: date | None
    ended_on: date | None


@dataclass(frozen=True)
class KeptPregnancy:
    """A pregnancy, going on or not, with its visits K1..K6. outcome: birth, loss, other; None while it goes on."""

    posyandu_id: str
    household_id: str
    name: str
    pregnancy: Pregnancy
    outcome: str | None
    ended_on: date | None
    created_at: datetime


@dataclass(frozen=True)
class KeptHousehold:
    """A household; name: whoever is written down first, phone: theirs. For lists by name only."""

    posyandu_id: str
    household_id: str
    name: str
    phone: str
    address: str


@dataclass(frozen=True)
class MessageCount:
    """Unasked messages that went out in a month, by channel."""

    posyandu_id: str
    channel: str
    sent: int
    delivered: int
    read: int


@dataclass(frozen=True)
class KeptMessage:
    """One of those messages, without its text."""

    posyandu_id: str
    household_id: str
    contact_id: str
    name: str
    channel: str
    sent_at: datetime
    delivered: bool
    read: bool


@dataclass(frozen=True)
class KeptCase:
    """A case opened, answered or closed in a month."""

    posyandu_id: str
    household_id: str
    id: str
    name: str
    kind: str
    opened_at: datetime
    answered_at: datetime | None
    closed_at: datetime | None
