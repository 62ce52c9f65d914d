"""Erasing a person: out of every table, in one transaction, with nothing left but a number and a date.

What the law wants kept is that something happened, not to whom: rows of the audit trail lose the contact and their
detail and carry the receipt's number instead. Everything else that belongs to the contact is deleted. A household goes
with its last member; until then it stays with the others, except what is the contact's own (a pregnancy, a method, a
screening).

The receipt must still be sent. So the address moves to a new, empty contact in the same transaction: the old id is
gone at once, whoever writes again is a stranger, and once the receipt is out the shell goes too (`settle_receipt`).
What lies outside the transaction (the dialogue engine's memory, freed pages of a database file) is noted in settings
and swept afterwards, so that a kill in between loses no part of it.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import ColumnElement, Engine, Text, cast, delete, exists, or_, select, update

from sapa.messaging.states import OutboxState
from sapa.services.records import InboundMessage, Leftover
from sapa.store.casework import CaseworkQueries
from sapa.store.crypt import marks_of
from sapa.store.inbound import _OPEN as OPEN_INBOUND
from sapa.store.inbound import _inbound, sid_hash
from sapa.store.insert import insert_if_absent
from sapa.store.models import (
    AddressTable,
    AttendanceTable,
    AuditTable,
    Base,
    BroadcastTable,
    BroadcastTargetTable,
    CaseNoteTable,
    CaseTable,
    ChildTable,
    ConsentTable,
    ContactTable,
    ContraceptionTable,
    DirtyHouseholdTable,
    DoseReportedTable,
    DoseTable,
    ErasedMessageTable,
    HomeVisitTable,
    HouseholdTable,
    InboundTable,
    JoinCodeTable,
    LessonTable,
    LoginCodeTable,
    MeasurementTable,
    MessageStatusTable,
    OutboxTable,
    PictureTable,
    PregnancyTable,
    ReminderTable,
    ScreeningTable,
    SessionTable,
    SettingTable,
    SignOffTable,
    StaffTable,
    VisitTable,
    WebSessionTable,
    WeddingTable,
)
from sapa.store.reminders import ReminderQueries
from sapa.store.simulator import SimMessageTable, SimPhoneTable
from sapa.store.unit import Unit

# How long the receipt stays on a simulated phone, so that its owner can read it. A real phone keeps it for good.
SCREEN_LIFE = timedelta(days=1)
# Longer than the provider is ever asked back for (sapa.services.catch_up).
_STILL_LISTED = timedelta(days=5)
_SETTLED = tuple(
    state.value
    for state in (
        OutboxState.SENT,
        OutboxState.DELIVERED,
        OutboxState.READ,
        OutboxState.FAILED,
        OutboxState.SUPPRESSED,
    )
)
_MOTHER = "ibu"
# In place of a name; an SMS has it too.
_NOBODY = "..."
_OWN_WORDS = frozenset({"text", "note"})
# Texts that go to staff: lists of families among them.
_TO_STAFF = "kader/"
# Columns that say who of the staff did something.
_DONE_BY: dict[type[Base], tuple[str, ...]] = {
    AttendanceTable: ("recorded_by",),
    AuditTable: ("actor_id",),
    BroadcastTable: ("created_by",),
    CaseNoteTable: ("author_id",),
    CaseTable: ("taken_by", "closed_by"),
    ConsentTable: ("recorded_by",),
    HomeVisitTable: ("done_by",),
    SessionTable: ("created_by",),
    StaffTable: ("granted_by",),
}
# Topics of reminders that speak of a pregnancy or the weeks after it.
_OF_PREGNANCY = ("hamil", "nifas")


class ErasureQueries(ReminderQueries, CaseworkQueries):
    """Part of a transaction: the rights over one's data."""

    _s: Unit

    def inbound_of(self, contact_id: str) -> list[InboundMessage]:
        """Everything a contact wrote, oldest first."""
        rows = self._s.scalars(
            select(InboundTable).where(InboundTable.contact_id == contact_id).order_by(InboundTable.seq)
        )
        return [_inbound(row) for row in rows]

    def erase_contact(self, contact_id: str, receipt: str, keep_address: str | None, now: datetime) -> str | None:
        """Delete everything about a contact. Returns the id of the empty contact that holds `keep_address`, if given.

        receipt: the number that stands in the audit trail in place of the person. Messages of the contact that came
        after and wait for their turn go over to the empty contact. Raises NoResultFound for an unknown contact.
        """
        home = self._s.get_one(ContactTable, contact_id).household_id
        if home is not None:
            self.lock_household(home)
        # Held from here on, so that nobody queues, plans or records anything for the person meanwhile.
        contact = self._s.get_one(ContactTable, contact_id, with_for_update=True, populate_existing=True)
        household_id, was_mother = contact.household_id, contact.relation == _MOTHER
        addresses = self._s.scalars(select(AddressTable).where(AddressTable.contact_id == contact_id)).all()
        marks = [contact_id, *(mark for row in addresses for mark in (row.value, row.phone) if mark)]
        shell = self._move_to_shell(contact, keep_address, now) if keep_address is not None else None
        self._remember_erased_sids(contact_id, now)
        self._erase_messages(contact_id, [row.value for row in addresses])
        self._blank_lists_of_staff(contact)
        self.forget_case_words(contact_id)
        self._erase_own(contact_id, marks)
        self._unsign_words(contact)
        self._erase_work(contact_id)
        self._blank_mentions({row.phone or row.value for row in addresses})
        if household_id is not None:
            contact.household_id = None
            self._s.flush()
            self._leave_household(household_id, contact_id, was_mother, now)
        self._erase_elsewhere(contact_id)
        self._delete(AddressTable, AddressTable.contact_id == contact_id)
        self._blank_audit(contact_id, receipt)
        self._delete(SettingTable, SettingTable.key.contains(contact_id))
        self._delete(ContactTable, ContactTable.id == contact_id)
        self._note(Leftover.DIALOGUE, contact_id, now)
        self._note(Leftover.FILES, "", now)
        self._s.flush()
        self._s.expire_all()
        return shell

    # --- what is swept afterwards

    def note_receipt(self, outbox_id: str, now: datetime) -> None:
        """Remember that this message is a receipt, to be settled once it is out."""
        self._note(Leftover.RECEIPT, outbox_id, now)

    def pending_erasures(self, now: datetime) -> list[tuple[Leftover, str]]:
        """What erasures left to be swept, as (kind, id); a screen once its time is up."""
        rows = self._s.execute(
            select(SettingTable.key, SettingTable.updated_at).where(
                or_(*(SettingTable.key.startswith(kind) for kind in Leftover))
            )
        ).all()
        return [
            (kind, key.removeprefix(kind))
            for key, since in rows
            for kind in Leftover
            if key.startswith(kind) and (kind is not Leftover.SCREEN or now >= since + SCREEN_LIFE)
        ]

    def settle(self, kind: Leftover, pending_id: str) -> None:
        """Strike a pending entry off."""
        self._delete(SettingTable, SettingTable.key == kind + pending_id)

    def settle_receipt(self, outbox_id: str, now: datetime) -> bool:
        """Delete a receipt that has gone out (or never will) and the empty contact it was addressed through.

        False while it still has to be sent. The contact stays if its person has written again meanwhile.
        """
        row = self._s.scalar(select(OutboxTable).where(OutboxTable.id == outbox_id).with_for_update())
        if row is not None:
            if row.state not in _SETTLED:
                return False
            contact_id, sid = row.contact_id, row.provider_sid
            self._s.delete(row)
            self._s.flush()
            if sid is not None:
                self._delete(MessageStatusTable, MessageStatusTable.provider_sid == sid)
            self._drop_shell(contact_id)
            on_screen = self._s.scalar(select(SimMessageTable.sid).where(SimMessageTable.outbox_id == outbox_id))
            if on_screen is not None:
                self._note(Leftover.SCREEN, on_screen, now)
        self.settle(Leftover.RECEIPT, outbox_id)
        return True

    def clear_screen(self, sid: str, now: datetime) -> None:
        """Take a receipt off the simulated phone."""
        self._note(Leftover.FILES, "", now)
        self._delete(SimMessageTable, SimMessageTable.sid == sid)
        self.settle(Leftover.SCREEN, sid)

    # --- inside

    def _move_to_shell(self, contact: ContactTable, address_id: str, now: datetime) -> str:
        """The address under a new contact that has nothing but the hour of the last message (the 24 h window)."""
        shell = ContactTable(
            id=str(uuid4()), created_at=now, last_inbound_at=contact.last_inbound_at, dialogue_reset=False, relation=""
        )
        self._s.add(shell)
        self._s.flush()
        self._s.execute(update(AddressTable).where(AddressTable.id == address_id).values(contact_id=shell.id))
        # What was written after the word that erased is a stranger's first message.
        waiting = (InboundTable.contact_id == contact.id, InboundTable.state.in_(OPEN_INBOUND))
        self._s.execute(
            update(InboundTable).where(*waiting, InboundTable.address_id == address_id).values(contact_id=shell.id)
        )
        return shell.id

    def _remember_erased_sids(self, contact_id: str, now: datetime) -> None:
        """As hashes: the provider lists messages of the last days to us, and these must not come back."""
        sids = select(InboundTable.provider_sid).where(
            InboundTable.contact_id == contact_id, InboundTable.received_at > now - _STILL_LISTED
        )
        for sid in self._s.scalars(sids).all():
            insert_if_absent(self._s, ErasedMessageTable, sid_hash=sid_hash(sid), at=now)

    def _erase_messages(self, contact_id: str, phones: Sequence[str]) -> None:
        sids = select(OutboxTable.provider_sid).where(
            OutboxTable.contact_id == contact_id, OutboxTable.provider_sid.is_not(None)
        )
        self._delete(MessageStatusTable, MessageStatusTable.provider_sid.in_(sids))
        self._delete(OutboxTable, OutboxTable.contact_id == contact_id)
        self._delete(InboundTable, InboundTable.contact_id == contact_id)
        # The pretend provider and its handsets keep what they got, as real ones would; these we can reach.
        self._delete(SimMessageTable, SimMessageTable.phone.in_(phones))
        self._delete(SimPhoneTable, SimPhoneTable.phone.in_(phones))

    def _erase_own(self, contact_id: str, marks: Iterable[str]) -> None:
        self._delete(ConsentTable, ConsentTable.contact_id == contact_id)
        self._delete(PictureTable, PictureTable.contact_id == contact_id)
        cases = select(CaseTable.id).where(CaseTable.contact_id == contact_id)
        self._delete(CaseNoteTable, CaseNoteTable.case_id.in_(cases))
        self._delete(CaseTable, CaseTable.contact_id == contact_id)
        self._delete(ContraceptionTable, ContraceptionTable.contact_id == contact_id)
        self._delete(ScreeningTable, ScreeningTable.contact_id == contact_id)
        codes = self._s.execute(select(JoinCodeTable.code, JoinCodeTable.detail)).all()
        named = [code for code, detail in codes if any(mark in json.dumps(detail) for mark in marks)]
        self._delete(
            JoinCodeTable,
            or_(
                JoinCodeTable.created_by == contact_id,
                JoinCodeTable.used_by == contact_id,
                JoinCodeTable.code.in_(named),
            ),
        )

    def _erase_work(self, contact_id: str) -> None:
        """The person as kader, bidan or admin: roles and logins go, what was done for others stays without a name."""
        for owned in (StaffTable, LoginCodeTable, WebSessionTable, LessonTable):
            self._delete(owned, owned.contact_id == contact_id)
        for table, columns in _DONE_BY.items():
            for column in columns:
                self._s.execute(update(table).where(getattr(table, column) == contact_id).values({column: None}))
        self._s.execute(
            update(SignOffTable).where(SignOffTable.signed_by == contact_id).values(signed_by=None, signed_name="")
        )
        got = BroadcastTargetTable.contact_id == contact_id
        self._s.execute(update(BroadcastTargetTable).where(got).values(contact_id=None, outbox_id=None))

    def _blank_lists_of_staff(self, contact: ContactTable) -> None:
        """Empty what staff got and wrote about the family: lists with its names.

        A name that stands in somebody else's list too empties that one as well: it has been read long since.
        """
        children = select(ChildTable.name).where(ChildTable.household_id == contact.household_id)
        names = {name for name in (contact.name, *self._s.scalars(children)) if name}
        if names:
            since = self._known_since(contact)
            self._blank_told(names, since)
            self._blank_typed(names, since)
        self._unname_broadcasts(contact, names)

    def _known_since(self, contact: ContactTable) -> datetime:
        """Before this no list can have named the family."""
        home = select(HouseholdTable.created_at).where(HouseholdTable.id == contact.household_id)
        return min(filter(None, (contact.created_at, self._s.scalar(home))))

    def _blank_told(self, names: set[str], since: datetime) -> None:
        # Sealed texts are looked through here: SQL cannot see into them.
        told = OutboxTable.content_id.startswith(_TO_STAFF), OutboxTable.created_at >= since
        columns = select(OutboxTable.id, OutboxTable.state, OutboxTable.text).where(*told)
        theirs = [row for row in self._s.execute(columns) if any(name in row.text for name in names)]
        read = [row.id for row in theirs if row.state in _SETTLED]
        self._s.execute(update(OutboxTable).where(OutboxTable.id.in_(read)).values(text="", template_variables={}))
        # What still has to go out goes without the name: the alarm about somebody else stands in the same queue.
        for row in theirs:
            if row.state not in _SETTLED:
                unnamed = _without(names, row.text)
                self._s.execute(update(OutboxTable).where(OutboxTable.id == row.id).values(text=unnamed))

    def _blank_typed(self, names: set[str], since: datetime) -> None:
        staff = select(StaffTable.contact_id)
        by_staff = InboundTable.contact_id.in_(staff), InboundTable.received_at >= since
        rows = self._s.execute(
            select(InboundTable.id, InboundTable.body).where(InboundTable.state == "answered", *by_staff)
        )
        said = [row.id for row in rows if any(name.lower() in row.body.lower() for name in names)]
        self._s.execute(update(InboundTable).where(InboundTable.id.in_(said)).values(body=""))

    def _unname_broadcasts(self, contact: ContactTable, names: set[str]) -> None:
        """Take the family's names out of what its kader announced in her own words."""
        place = select(HouseholdTable.posyandu_id).where(HouseholdTable.id == contact.household_id).scalar_subquery()
        for row in self._s.scalars(select(BroadcastTable).where(BroadcastTable.posyandu_id == place)).all():
            cleaned = _in_words(row.payload, lambda text: _without(names, text))
            if cleaned != row.payload:
                row.payload = cleaned
                sent = OutboxTable.dedupe_key.startswith(f"broadcast:{row.id}:", autoescape=True)
                for outbox_id, text in self._s.execute(select(OutboxTable.id, OutboxTable.text).where(sent)).all():
                    here = OutboxTable.id == outbox_id
                    self._s.execute(update(OutboxTable).where(here).values(text=_without(names, text)))
        self._s.flush()

    def _unsign_words(self, contact: ContactTable) -> None:
        """What somebody of the staff said to families stays theirs; who said it goes."""
        if not contact.name:
            return
        hers = select(BroadcastTable.id).where(BroadcastTable.created_by == contact.id)
        called = select(BroadcastTargetTable.household_id).where(BroadcastTargetTable.broadcast_id.in_(hers))
        cases = select(CaseNoteTable.case_id).where(CaseNoteTable.author_id == contact.id)
        answered = select(CaseTable.contact_id).where(or_(CaseTable.id.in_(cases), CaseTable.taken_by == contact.id))
        at_home = select(ContactTable.id).where(ContactTable.household_id.in_(called))
        said = OutboxTable.content_id.startswith("siar/") & OutboxTable.contact_id.in_(
            at_home
        ) | OutboxTable.content_id.startswith("kasus/") & OutboxTable.contact_id.in_(answered)
        for outbox_id, text in self._s.execute(select(OutboxTable.id, OutboxTable.text).where(said)).all():
            if contact.name in text:
                unsigned = text.replace(contact.name, _NOBODY)
                self._s.execute(update(OutboxTable).where(OutboxTable.id == outbox_id).values(text=unsigned))

    def _blank_mentions(self, numbers: Iterable[str]) -> None:
        """Empty what others wrote or got that holds the person's number (a change of number names both)."""
        marks = marks_of(self._s, *numbers)
        if not marks:
            return
        told, typed = (
            or_(*(table.mentions.contains(mark, autoescape=True) for mark in marks))
            for table in (OutboxTable, InboundTable)
        )
        done = (OutboxTable.state.in_(_SETTLED), OutboxTable.mentions.is_not(None), told)
        self._s.execute(update(OutboxTable).where(*done).values(text="", template_variables={}, mentions=None))
        read = (InboundTable.state == "answered", InboundTable.mentions.is_not(None), typed)
        self._s.execute(update(InboundTable).where(*read).values(body="", mentions=None))

    def _leave_household(self, household_id: str, contact_id: str, was_mother: bool, now: datetime) -> None:
        others = self._s.scalars(select(ContactTable).where(ContactTable.household_id == household_id)).all()
        # Somebody who said "bukan saya" looks after nobody's child.
        if all(other.suspended_at is not None for other in others):
            for other in others:
                other.household_id = None
            self._s.flush()
            self._erase_household(household_id)
            return
        own = PregnancyTable.contact_id == contact_id
        pregnancies = select(PregnancyTable.id).where(
            PregnancyTable.household_id == household_id,
            # A pregnancy is the mother's own, whoever told us of it.
            or_(own, PregnancyTable.contact_id.is_(None)) if was_mother else own,
        )
        gone = self._s.scalars(pregnancies).all()
        self._erase_pregnancies(gone)
        theirs = (WeddingTable.household_id == household_id, WeddingTable.contact_id == contact_id)
        self._s.execute(update(WeddingTable).where(*theirs).values(contact_id=None))
        self._leave_reminders(household_id, contact_id, pregnancy_gone=bool(gone))
        already = self._s.get(DirtyHouseholdTable, household_id)
        if already is None:
            self._s.add(DirtyHouseholdTable(household_id=household_id, since=now))
        self._s.flush()

    def _erase_elsewhere(self, contact_id: str) -> None:
        """What the person left behind in households they follow no longer: before a seat, a partner, a moved number."""
        self._delete(ReminderTable, ReminderTable.reader == f"contact:{contact_id}")
        pregnant, marries = PregnancyTable.contact_id == contact_id, WeddingTable.contact_id == contact_id
        pregnancies = self._s.execute(select(PregnancyTable.id, PregnancyTable.household_id).where(pregnant)).all()
        left = {row.household_id for row in pregnancies}
        left |= set(self._s.scalars(select(WeddingTable.household_id).where(marries)))
        self._erase_pregnancies([row.id for row in pregnancies])
        self._s.execute(update(WeddingTable).where(marries).values(contact_id=None))
        for household_id in sorted(left):
            somebody = select(ContactTable.id).where(ContactTable.household_id == household_id).limit(1)
            if self._s.scalar(somebody) is None:
                self._erase_household(household_id)

    def _leave_reminders(self, household_id: str, contact_id: str, *, pregnancy_gone: bool) -> None:
        """Reminders that were the contact's own go; of the others only who got them is forgotten."""
        here = ReminderTable.household_id == household_id
        told = self._s.execute(select(ReminderTable.id, ReminderTable.payload, ReminderTable.subjects).where(here))
        about = [row.id for row in told if contact_id in json.dumps([row.payload, row.subjects])]
        own = [
            ReminderTable.reader.contains(contact_id),
            ReminderTable.id.contains(contact_id),
            ReminderTable.id.in_(about),
        ]
        if pregnancy_gone:
            own.append(ReminderTable.topic.in_(_OF_PREGNANCY))
        self._delete(ReminderTable, here, or_(*own))
        self._s.execute(
            update(ReminderTable).where(ReminderTable.contact_id == contact_id).values(contact_id=None, outbox_id=None)
        )

    def _erase_household(self, household_id: str) -> None:
        children = self._s.scalars(select(ChildTable.id).where(ChildTable.household_id == household_id)).all()
        self._delete(DoseTable, DoseTable.child_id.in_(children))
        self._delete(DoseReportedTable, DoseReportedTable.child_id.in_(children))
        self._delete(MeasurementTable, MeasurementTable.child_id.in_(children))
        self._delete(ChildTable, ChildTable.id.in_(children))
        for kept in (AttendanceTable, HomeVisitTable, BroadcastTargetTable):
            self._delete(kept, kept.household_id == household_id)
        self._s.execute(
            update(AuditTable).where(AuditTable.household_id == household_id).values(household_id=None, detail={})
        )
        self._erase_pregnancies(
            self._s.scalars(select(PregnancyTable.id).where(PregnancyTable.household_id == household_id)).all()
        )
        weddings = self._s.scalars(select(WeddingTable.id).where(WeddingTable.household_id == household_id)).all()
        self._delete(ScreeningTable, ScreeningTable.wedding_id.in_(weddings))
        self._delete(WeddingTable, WeddingTable.id.in_(weddings))
        self._delete(ReminderTable, ReminderTable.household_id == household_id)
        self._delete(DirtyHouseholdTable, DirtyHouseholdTable.household_id == household_id)
        self._delete(JoinCodeTable, JoinCodeTable.household_id == household_id)
        self._delete(SettingTable, SettingTable.key.contains(household_id))
        self._delete(HouseholdTable, HouseholdTable.id == household_id)

    def _erase_pregnancies(self, ids: Sequence[str]) -> None:
        self._delete(VisitTable, VisitTable.pregnancy_id.in_(ids))
        self._delete(PregnancyTable, PregnancyTable.id.in_(ids))

    def _blank_audit(self, contact_id: str, receipt: str) -> None:
        about = or_(AuditTable.contact_id == contact_id, cast(AuditTable.detail, Text).contains(contact_id))
        self._s.execute(update(AuditTable).where(about).values(contact_id=None, detail={"receipt": receipt}))

    def _drop_shell(self, contact_id: str) -> None:
        """Delete the empty contact, unless its person has written again and is somebody new by now."""
        used = (
            exists().where(InboundTable.contact_id == contact_id),
            exists().where(OutboxTable.contact_id == contact_id),
            exists().where(ConsentTable.contact_id == contact_id),
        )
        if self._s.scalar(select(or_(*used))):
            return
        self._delete(AddressTable, AddressTable.contact_id == contact_id)
        self._delete(ContactTable, ContactTable.id == contact_id)

    def _note(self, kind: Leftover, pending_id: str, now: datetime) -> None:
        self._s.merge(SettingTable(key=kind + pending_id, value="", updated_at=now))
        self._s.flush()

    def _delete(self, table: type[Base], *conditions: ColumnElement[bool]) -> None:
        self._s.execute(delete(table).where(*conditions).execution_options(synchronize_session=False))


def _without(names: Iterable[str], text: str) -> str:
    """A text without some names, where they stand as words of their own: "Ani" is not in "Yani"."""
    for name in sorted(names, key=len, reverse=True):
        text = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", _NOBODY, text, flags=re.IGNORECASE)
    return text


def _in_words(payload: Mapping[str, Any], mend: Callable[[str], str]) -> dict[str, Any]:
    """A broadcast's payload with what its kader wrote herself mended: `text` and `note`, wherever they stand."""
    return {
        key: _in_words(value, mend)
        if isinstance(value, dict)
        else mend(value)
        if key in _OWN_WORDS and isinstance(value, str)
        else value
        for key, value in payload.items()
    }


def compact(engine: Engine) -> bool:
    """Leave nothing of deleted rows in the files of an SQLite database; elsewhere that is the server's work.

    SQLite only marks a deleted row's page as free: its bytes stay in the file, and older ones in the write-ahead log.
    False while others use the database: try again later.
    """
    if engine.dialect.name != "sqlite":
        return True
    try:
        with engine.connect() as connection:
            driver = connection.connection.driver_connection
            assert driver is not None
            driver.execute("VACUUM")
            (busy, *_) = driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    except sqlite3.OperationalError:
        return False
    return not busy
