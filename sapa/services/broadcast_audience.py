"""Who reads a broadcast: the same rule as for reminders, asked for thousands of households at once.

The rule itself (sapa.services.seats.readers_for) is not repeated here. It is asked of a `Reach`, which answers the few
questions it has from what the store fetched in a handful of queries.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, cast

from sapa.messaging.states import OutboxState
from sapa.services.broadcast_records import Broadcast, BroadcastKind, Reach
from sapa.services.consents import CHILD_CARE, PREGNANCY_CARE
from sapa.services.losses import grieving, silent
from sapa.services.ports import Tx
from sapa.services.records import Address, ConsentRow, Contact, SessionRow
from sapa.services.seats import readers_for
from sapa.services.topics import stopped_topics

TOPIC = "posyandu"
# Why a household gets no message.
NO_PHONE, OPTED_OUT, NOT_THIS_PERSON = "no_phone", "opted_out", "not_this_person"
NO_CONSENT, STOPPED = "no_consent", "topic_stopped"
DANGER, MOURNING, MOVED_AWAY = "danger", "grieving", "moved_away"
# Where several people of a household have several reasons, the one that is nearest to a yes.
_NEAREST = (STOPPED, NO_CONSENT, OPTED_OUT, NOT_THIS_PERSON, NO_PHONE)
# A reminder may name a session some days after the first thing it is about (merge_days of the plan, with a margin).
_MERGED = timedelta(days=7)
_NOT_SAID = (OutboxState.SUPPRESSED, OutboxState.FAILED)
_WAITING = (OutboxState.QUEUED, OutboxState.ERRORED)


@dataclass(frozen=True)
class Reader:
    """Somebody who gets the message, where, and the consent it stands on."""

    contact: Contact
    address: Address
    purpose: str


@dataclass(frozen=True)
class Decision:
    """Who of a household gets it; nobody: why."""

    household_id: str
    readers: tuple[Reader, ...]
    reason: str | None = None


class _Fetched:
    """One household as the reader rule asks for it, without going to the store again."""

    def __init__(self, home: Reach) -> None:
        self._home = home
        self._contacts = {contact.id: contact for contact in home.people}

    def contact(self, contact_id: str) -> Contact | None:
        return self._contacts.get(contact_id)

    def caregivers_of(self, _: str) -> list[Contact]:
        return list(self._home.people)

    def addresses_of(self, contact_id: str) -> list[Address]:
        return list(self._home.addresses.get(contact_id, ()))

    def consents_of(self, contact_id: str) -> list[ConsentRow]:
        return list(self._home.consents.get(contact_id, ()))

    def has_consent(self, contact_id: str, purpose: str) -> bool:
        said = [row for row in self.consents_of(contact_id) if row.purpose == purpose]
        # As the store has it: the latest; of two at one moment the first.
        return max(said, key=lambda row: row.at).granted if said else False


def decide(tx: Tx, home: Reach, kind: str, now: datetime) -> Decision:
    """Who of a household reads a broadcast of this kind now, or why nobody does."""
    if home.in_danger:
        return Decision(home.household_id, (), DANGER)
    if home.mourns and _must_be_spared(tx, home, kind, now):
        return Decision(home.household_id, (), MOURNING)
    readers = readers_of(home)
    return Decision(home.household_id, readers, None if readers else _why_nobody(home))


def readers_of(home: Reach) -> tuple[Reader, ...]:
    """The readers of a household's child care, or where it has none those of its pregnancy."""
    fetched = cast("Tx", _Fetched(home))
    for purpose in (CHILD_CARE, PREGNANCY_CARE):
        found = readers_for(fetched, home.household_id, "caregiver", purpose, TOPIC)
        if found:
            return tuple(Reader(contact, address, purpose) for contact, address in found)
    return ()


def _must_be_spared(tx: Tx, home: Reach, kind: str, now: datetime) -> bool:
    if silent(tx, home.household_id, now, home.children, TOPIC):
        return True
    # Whoever knows of a day must also hear that it is off: nobody in mourning should stand before a locked door.
    cheerful = kind in (BroadcastKind.SESSION, BroadcastKind.ANNOUNCEMENT)
    return cheerful and grieving(tx, home.household_id, now)


def _why_nobody(home: Reach) -> str:
    reasons = {_why_not(home, contact) for contact in home.people} or {NO_PHONE}
    return next(reason for reason in _NEAREST if reason in reasons)


def _why_not(home: Reach, contact: Contact) -> str:
    fetched = _Fetched(home)
    if not home.addresses.get(contact.id):
        return NO_PHONE
    if contact.suspended_at is not None:
        return NOT_THIS_PERSON
    if contact.opted_out_at is not None:
        return OPTED_OUT
    if TOPIC in stopped_topics(cast("Tx", fetched), contact.id):
        return STOPPED
    return NO_CONSENT


# -------------------------------------------------------------------------------------------- who knows of a session


@dataclass(frozen=True)
class Known:
    """What was said of a session so far. told: households that know of it.

    waiting: ids of messages that name it and have not gone out. unsaid: those of them that are reminders, with the
    reminder's id. waiting_for: households that would have heard by a waiting message only.
    """

    told: frozenset[str]
    waiting: frozenset[str]
    unsaid: Mapping[str, str]
    waiting_for: frozenset[str]


def known_of(tx: Tx, session: SessionRow) -> Known:
    """What was said of a session: by reminders of its day (and of days it was moved from), by earlier broadcasts."""
    earlier = tx.broadcasts_about(session.id)
    days = {session.date.isoformat()} | {str(one.payload["vars"]["old_date"]) for one in earlier if _has_old(one)}
    first, last = date.fromisoformat(min(days)) - _MERGED, date.fromisoformat(max(days))
    reminders = [told for told in tx.told_reminders(session.posyandu_id, first, last) if days & _days_in(told.payload)]
    told = {row.household_id for row in reminders if _went_out(row.outbox_state)}
    heard_later = {row.household_id for row in reminders if row.outbox_state in _WAITING}
    for broadcast in earlier:
        for fate in tx.fates(broadcast.id):
            if fate.state != "queued":
                continue
            if _went_out(fate.outbox_state):
                told.add(fate.household_id)
            elif fate.outbox_state in _WAITING:
                heard_later.add(fate.household_id)
    waiting = _waiting(tx, session.posyandu_id, {row.reminder_id for row in reminders}, {one.id for one in earlier})
    unsaid = {row.outbox_id: row.reminder_id for row in reminders if row.outbox_id and row.outbox_state in _WAITING}
    return Known(frozenset(told), frozenset(waiting), unsaid, frozenset(heard_later - told))


def _has_old(broadcast: Broadcast) -> bool:
    return broadcast.kind == BroadcastKind.MOVED and "old_date" in broadcast.payload.get("vars", {})


def _went_out(state: OutboxState | None) -> bool:
    """Whether a message has gone, or may have; one that is no longer kept had gone."""
    return state not in _NOT_SAID and state not in _WAITING


def _days_in(payload: Mapping[str, Any]) -> set[str]:
    """The days of the sessions a reminder names."""
    entries: Sequence[Mapping[str, Any]] = (payload, *payload.get("also", ()))
    return {str(entry["date"]) for entry in entries if entry.get("kind") == "session"}


def _waiting(tx: Tx, posyandu_id: str, reminders: set[str], broadcasts: set[str]) -> set[str]:
    """Every waiting message of those reminders and broadcasts, also those to a household's second readers."""
    return {
        row.outbox_id for row in tx.waiting_unasked(posyandu_id) if _source(row.dedupe_key) in reminders | broadcasts
    }


def _source(dedupe_key: str) -> str:
    """The id of the reminder or broadcast a message was made from: "reminder:<id>:<contact>"."""
    return dedupe_key.partition(":")[2].rpartition(":")[0]
