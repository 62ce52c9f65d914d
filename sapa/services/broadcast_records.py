"""What a broadcast is, as plain data: what a kader wants to say, what it would reach, what became of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from enum import StrEnum
from typing import Any, NamedTuple

from sapa.messaging.states import OutboxState
from sapa.services.records import Address, ConsentRow, Contact


class BroadcastKind(StrEnum):
    """What a kader tells her families."""

    SESSION = "session"  # a new posyandu day
    MOVED = "moved"  # another day, hour or place of one that was planned
    CANCELLED = "cancelled"
    ANNOUNCEMENT = "announcement"  # in her own words


class BroadcastState(StrEnum):
    """Life of a broadcast: draft -> confirmed -> sending -> done; what ends it early stands beside."""

    DRAFT = "draft"  # previewed, waits for her KIRIM
    CONFIRMED = "confirmed"  # can be undone until `release_at`
    SENDING = "sending"  # the session is changed, messages are being queued
    DONE = "done"  # everybody is queued or skipped with a reason
    UNDONE = "undone"
    EXPIRED = "expired"  # never confirmed
    VOID = "void"  # when its moment came there was no such session any more, or the day was taken


class TargetState(StrEnum):
    """What became of a broadcast for one household."""

    PENDING = "pending"
    QUEUED = "queued"  # handed to the outbox, which tells the rest
    SKIPPED = "skipped"


class Code(StrEnum):
    """Why a broadcast is refused."""

    NOT_ALLOWED = "not_allowed"
    PAST = "past"
    DOUBLE = "double"  # the posyandu has another session that day
    TOO_OFTEN = "too_often"
    TOO_LONG = "too_long"
    LINK = "link"
    MONEY = "money"
    MEDICINE = "medicine"
    EMPTY = "empty"  # nothing to say: no text, no day, nothing changed
    NO_SESSION = "no_session"
    GONE = "gone"  # undone, expired or sent: cannot be confirmed any more


class Warn(StrEnum):
    """What a kader should look at before she confirms."""

    HOLIDAY = "holiday"
    SAME_MONTH = "same_month"
    FAR = "far"
    LATE = "late"  # in quiet hours until after it begins: nobody hears of it in time
    SMS_CUT = "sms_cut"  # an SMS holds less than she wrote
    OTHER_DAY = "other_day"  # it says "tomorrow" and is read on another day than it was written


class Refusal(Exception):
    """A broadcast may not go out; `code` says why (Code), a text of content/id says it to the kader."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Plan:
    """What a kader wants to do. session_id: the session that is moved or cancelled.

    Of a moved session what is left out (None, "") stays as it was.
    """

    kind: str  # BroadcastKind
    posyandu_id: str
    date: date | None = None
    time: time | None = None  # local to the posyandu
    place: str = ""
    note: str = ""  # what to bring; of a cancelled session why
    session_id: str | None = None
    text: str = ""  # of an announcement

    def as_json(self) -> dict[str, Any]:
        """Plain JSON, as kept in the database."""
        return {
            "kind": self.kind,
            "posyandu_id": self.posyandu_id,
            "date": self.date.isoformat() if self.date else None,
            "time": self.time.isoformat("minutes") if self.time else None,
            "place": self.place,
            "note": self.note,
            "session_id": self.session_id,
            "text": self.text,
        }

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Plan:
        """What `as_json` made."""
        day, hour = kept.get("date"), kept.get("time")
        return cls(
            kind=str(kept["kind"]),
            posyandu_id=str(kept["posyandu_id"]),
            date=date.fromisoformat(day) if day else None,
            time=time.fromisoformat(hour) if hour else None,
            place=str(kept.get("place") or ""),
            note=str(kept.get("note") or ""),
            session_id=kept.get("session_id"),
            text=str(kept.get("text") or ""),
        )


@dataclass(frozen=True)
class Preview:
    """What would happen if the kader confirmed now; nothing is written.

    recipients: households that get it. whatsapp, sms: messages by channel (a household may have two readers).
    unreachable: households that should hear of it and cannot, by reason in `skipped`. cost_rupiah: None where a price
    is not set. waits_until: end of the quiet hours (aware, UTC), None: at once. told, not_told: of a moved or cancelled
    session, households that know of the old day and those that do not; only the former get a message.
    """

    plan: Plan
    recipients: int = 0
    whatsapp: int = 0
    sms: int = 0
    unreachable: int = 0
    cost_rupiah: int | None = None
    waits_until: datetime | None = None
    warnings: tuple[str, ...] = ()
    refused: str | None = None
    text: str = ""  # as the first recipient reads it
    told: int = 0
    not_told: int = 0
    holiday: str | None = None  # name of the holiday the warning is about
    templates: int = 0  # WhatsApp messages outside the 24 h window: these cost
    sms_parts: int = 0
    skipped: Mapping[str, int] = field(default_factory=dict)
    old: Mapping[str, str] | None = None  # date, time, place as they were


@dataclass(frozen=True)
class Broadcast:
    """A broadcast as it is kept. payload: {"plan": ..., "vars": what its text is told}."""

    id: str
    kind: str
    posyandu_id: str
    session_id: str | None
    created_by: str | None
    content_id: str
    payload: Mapping[str, Any]
    state: str
    created_at: datetime
    confirmed_at: datetime | None = None
    release_at: datetime | None = None
    finished_at: datetime | None = None
    reported_at: datetime | None = None

    @property
    def plan(self) -> Plan:
        """What the kader wanted."""
        return Plan.from_json(self.payload["plan"])


@dataclass(frozen=True)
class Progress:
    """How far a broadcast is. Each household counts once, in the furthest state it has reached.

    queued: waits for the sender. sent: the provider has it. skipped: not sent, by reason.
    """

    state: str
    total: int
    pending: int
    queued: int
    sent: int
    delivered: int
    read: int
    failed: int
    skipped: Mapping[str, int]
    seconds_to_undo: int = 0

    def as_json(self) -> dict[str, Any]:
        """Plain JSON: a progress event."""
        return {**self.__dict__, "skipped": dict(self.skipped)}


class Unreached(NamedTuple):
    """A household that did not hear of it. name: mother and child, as the kader knows them."""

    household_id: str
    name: str
    address: str  # where to walk to; empty: not written down
    reason: str


@dataclass(frozen=True)
class Report:
    """What became of a broadcast: reached = delivered + read; unconfirmed = on its way, nobody knows yet."""

    broadcast_id: str
    state: str
    total: int
    read: int
    delivered: int
    unconfirmed: int
    unreached: list[Unreached]
    no_phone: list[Unreached]

    @property
    def reached(self) -> int:
        """Households whose phone has it."""
        return self.read + self.delivered


# ------------------------------------------------------------------------------- what the store hands the audience


@dataclass(frozen=True)
class Reach:
    """A household of a posyandu and all that decides who reads a message there, fetched for many at once."""

    household_id: str
    address: str
    children: tuple[str, ...]  # names of those under five who are followed
    people: tuple[Contact, ...]  # the first to have come first
    addresses: Mapping[str, tuple[Address, ...]]  # by contact
    consents: Mapping[str, tuple[ConsentRow, ...]]  # by contact, oldest first
    in_danger: bool = False  # a danger nobody has settled yet
    mourns: bool = False  # a loss was told at some time


class TargetFate(NamedTuple):
    """What became of one household's message: the target's state and reason, the outbox's state and error."""

    household_id: str
    state: str
    reason: str | None
    outbox_state: OutboxState | None
    error: str | None


class Settled(NamedTuple):
    """What a batch decided for one household."""

    household_id: str
    state: str
    reason: str | None = None
    contact_id: str | None = None
    outbox_id: str | None = None


class Told(NamedTuple):
    """A reminder that was handed to the outbox. outbox_state None: the message is no longer kept."""

    reminder_id: str
    household_id: str
    payload: Mapping[str, Any]
    outbox_id: str | None
    outbox_state: OutboxState | None


class Waiting(NamedTuple):
    """A message that waits in the outbox and was not asked for."""

    outbox_id: str
    dedupe_key: str
