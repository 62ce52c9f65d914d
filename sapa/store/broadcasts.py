"""Part of a transaction: broadcasts and what became of them for each household.

Every list here is fetched for all households at once: a broadcast may have thousands.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    Table,
    and_,
    bindparam,
    exists,
    func,
    literal,
    or_,
    select,
    update,
)

from sapa.family.calendar import add_months
from sapa.messaging.states import Kind, OutboxState, ReminderState
from sapa.services.broadcast_records import (
    Broadcast,
    BroadcastState,
    Reach,
    Settled,
    TargetFate,
    TargetState,
    Told,
    Waiting,
)
from sapa.services.consents import CHILD_CARE, PREGNANCY_CARE, SEAT, TOPIC_PURPOSE
from sapa.services.records import ConsentRow
from sapa.store.consent_order import AS_SAID
from sapa.store.insert import insert_if_absent, insert_into
from sapa.store.models import (
    AddressTable,
    BroadcastTable,
    BroadcastTargetTable,
    CaseTable,
    ChildTable,
    ConsentTable,
    ContactTable,
    DirtyHouseholdTable,
    HouseholdTable,
    OutboxTable,
    PosyanduTable,
    PregnancyTable,
    ReminderTable,
    SettingTable,
    UtcDateTime,
)
from sapa.store.people import _address, _contact
from sapa.store.rows import rowcount
from sapa.store.unit import Unit

# A child comes to the posyandu until its fifth birthday (SESSION in sapa.family.data.plan_rules: 59 months).
_LAST_MONTHS = 60
_LOSS_KEY = "loss:"
_RELEASED = (BroadcastState.SENDING.value, BroadcastState.DONE.value)
# A query of any columns.
Rows = Select[*tuple[Any, ...]]
_WAITING = (OutboxState.QUEUED.value, OutboxState.ERRORED.value)


class BroadcastQueries:
    """Part of a transaction: broadcasts and what became of them for each household."""

    _s: Unit

    # --- the broadcast and its states

    def add_broadcast(self, row: Broadcast) -> bool:
        values = {name: getattr(row, name) for name in Broadcast.__dataclass_fields__}
        return insert_if_absent(self._s, BroadcastTable, **{**values, "payload": dict(row.payload)})

    def broadcast(self, broadcast_id: str) -> Broadcast | None:
        row = self._s.get(BroadcastTable, broadcast_id, populate_existing=True)
        return None if row is None else _broadcast(row)

    def broadcasts_of(self, posyandu_ids: Collection[str], limit: int) -> list[Broadcast]:
        """The newest first."""
        rows = select(BroadcastTable).where(BroadcastTable.posyandu_id.in_(posyandu_ids))
        return self._broadcasts(rows.order_by(BroadcastTable.created_at.desc(), BroadcastTable.id).limit(limit))

    def broadcasts_by(self, contact_id: str, since: datetime) -> list[Broadcast]:
        """What a kader made since a moment, the newest first."""
        rows = select(BroadcastTable).where(BroadcastTable.created_by == contact_id, BroadcastTable.created_at >= since)
        return self._broadcasts(rows.order_by(BroadcastTable.created_at.desc(), BroadcastTable.id))

    def broadcasts_about(self, session_id: str) -> list[Broadcast]:
        """Broadcasts of a session that were released, the oldest first."""
        rows = select(BroadcastTable).where(
            BroadcastTable.session_id == session_id, BroadcastTable.state.in_(_RELEASED)
        )
        return self._broadcasts(rows.order_by(BroadcastTable.release_at, BroadcastTable.id))

    def confirm_broadcast(self, broadcast_id: str, at: datetime, release_at: datetime) -> bool:
        """draft -> confirmed."""
        state = BroadcastState.CONFIRMED
        return self._move_broadcast(broadcast_id, BroadcastState.DRAFT, state, confirmed_at=at, release_at=release_at)

    def undo_broadcast(self, broadcast_id: str, at: datetime) -> bool:
        """confirmed -> undone, before its release."""
        early = BroadcastTable.release_at > at
        return self._move_broadcast(
            broadcast_id, BroadcastState.CONFIRMED, BroadcastState.UNDONE, early, finished_at=at
        )

    def start_broadcast(self, broadcast_id: str, at: datetime) -> bool:
        """confirmed -> sending, from its release on."""
        due = BroadcastTable.release_at <= at
        return self._move_broadcast(broadcast_id, BroadcastState.CONFIRMED, BroadcastState.SENDING, due)

    def finish_broadcast(self, broadcast_id: str, at: datetime) -> bool:
        """sending -> done, once no household is pending."""
        pending = exists().where(
            BroadcastTargetTable.broadcast_id == broadcast_id, BroadcastTargetTable.state == TargetState.PENDING.value
        )
        return self._move_broadcast(broadcast_id, BroadcastState.SENDING, BroadcastState.DONE, ~pending, finished_at=at)

    def void_broadcast(self, broadcast_id: str, at: datetime) -> bool:
        """sending -> void."""
        return self._move_broadcast(broadcast_id, BroadcastState.SENDING, BroadcastState.VOID, finished_at=at)

    def has_drafts(self, made_before: datetime) -> bool:
        """Whether there are drafts older than that."""
        return self._s.scalar(select(BroadcastTable.id).where(*_old_drafts(made_before)).limit(1)) is not None

    def expire_broadcasts(self, made_before: datetime, at: datetime) -> int:
        """draft -> expired: all that are older."""
        values = {"state": BroadcastState.EXPIRED.value, "finished_at": at}
        return rowcount(self._s.execute(update(BroadcastTable).where(*_old_drafts(made_before)).values(**values)))

    def note_reported(self, broadcast_id: str, at: datetime) -> bool:
        """The morning report is told, once."""
        unsaid = (BroadcastTable.id == broadcast_id, BroadcastTable.reported_at.is_(None))
        return rowcount(self._s.execute(update(BroadcastTable).where(*unsaid).values(reported_at=at))) == 1

    def _move_broadcast(
        self,
        broadcast_id: str,
        old: BroadcastState,
        new: BroadcastState,
        *conditions: ColumnElement[bool],
        **stamps: datetime,
    ) -> bool:
        """The only place that changes a state: one statement, guarded by the state it expects."""
        guarded = (BroadcastTable.id == broadcast_id, BroadcastTable.state == old.value, *conditions)
        done = self._s.execute(update(BroadcastTable).where(*guarded).values(state=new.value, **stamps))
        return rowcount(done) == 1

    def set_broadcast(self, broadcast_id: str, payload: Mapping[str, Any], session_id: str | None) -> None:
        self._s.execute(
            update(BroadcastTable)
            .where(BroadcastTable.id == broadcast_id)
            .values(payload=dict(payload), session_id=session_id)
        )

    def broadcasts_to_release(self, now: datetime) -> list[str]:
        """Ids: confirmed and past the undo, or interrupted while sending; in the order of their release."""
        # The state comes as words, not as parameters: only then SQLite sees that its partial index holds them all.
        open_ones = or_(
            BroadcastTable.state == literal(BroadcastState.CONFIRMED.value, literal_execute=True),
            BroadcastTable.state == literal(BroadcastState.SENDING.value, literal_execute=True),
        )
        rows = select(BroadcastTable.id).where(open_ones, BroadcastTable.release_at <= now)
        return list(self._s.scalars(rows.order_by(BroadcastTable.release_at, BroadcastTable.id)))

    def broadcasts_to_report(self, finished_before: datetime) -> list[Broadcast]:
        """Done and not yet reported."""
        rows = select(BroadcastTable).where(
            BroadcastTable.state == BroadcastState.DONE.value,
            BroadcastTable.reported_at.is_(None),
            BroadcastTable.finished_at <= finished_before,
        )
        return self._broadcasts(rows.order_by(BroadcastTable.finished_at, BroadcastTable.id))

    def next_broadcast_at(self, after: datetime) -> datetime | None:
        """The next moment at which a broadcast is released."""
        rows = select(func.min(BroadcastTable.release_at)).where(
            BroadcastTable.state == BroadcastState.CONFIRMED.value, BroadcastTable.release_at > after
        )
        return self._s.scalar(rows)

    def count_broadcasts(
        self,
        kinds: Collection[str],
        since: datetime,
        *,
        posyandu_id: str | None = None,
        created_by: str | None = None,
    ) -> int:
        """How many were confirmed since a moment and not undone."""
        counted = [
            BroadcastTable.kind.in_(kinds),
            BroadcastTable.confirmed_at >= since,
            BroadcastTable.state.in_([BroadcastState.CONFIRMED.value, *_RELEASED]),
        ]
        if posyandu_id is not None:
            counted.append(BroadcastTable.posyandu_id == posyandu_id)
        if created_by is not None:
            counted.append(BroadcastTable.created_by == created_by)
        return self._s.scalar(select(func.count()).select_from(BroadcastTable).where(*counted)) or 0

    def lock_posyandu(self, posyandu_id: str) -> None:
        """Let nobody else change its sessions or confirm a broadcast for it until the transaction ends."""
        rows = select(PosyanduTable.id).where(PosyanduTable.id == posyandu_id)
        self._s.execute(rows.with_for_update(key_share=True))
        # What was read before the wait may have changed during it.
        self._s.expire_all()

    def _broadcasts(self, rows: Select[BroadcastTable]) -> list[Broadcast]:
        return [_broadcast(row) for row in self._s.scalars(rows.execution_options(populate_existing=True))]

    # --- households

    def reach(self, posyandu_id: str, today: date, household_ids: Collection[str] | None = None) -> list[Reach]:
        """Households with a child under five or a pregnancy; or those of `household_ids` that still belong here."""
        which = [HouseholdTable.posyandu_id == posyandu_id]
        which.append(_invited(today) if household_ids is None else HouseholdTable.id.in_(household_ids))
        children = self._by_household(
            select(ChildTable.household_id, ChildTable.name)
            .join(HouseholdTable, HouseholdTable.id == ChildTable.household_id)
            .where(*which, _young(today))
            .order_by(ChildTable.birth_date.desc(), ChildTable.id)
        )
        people: dict[str, list[ContactTable]] = {}
        for contact in self._s.scalars(
            _of_people(select(ContactTable), which)
            .order_by(ContactTable.created_at, ContactTable.id)
            .execution_options(populate_existing=True)
        ):
            people.setdefault(contact.household_id or "", []).append(contact)
        addresses: dict[str, list[Any]] = {}
        rows = _of_people(select(AddressTable).join(ContactTable, ContactTable.id == AddressTable.contact_id), which)
        for address in self._s.scalars(rows.order_by(AddressTable.id)):
            addresses.setdefault(address.contact_id, []).append(_address(address))
        consents = self._consents(which)
        dangers, losses = self._in_danger(which), self._with_a_loss(which)
        found = self._s.execute(
            select(HouseholdTable.id, HouseholdTable.address)
            .where(*which)
            .order_by(HouseholdTable.created_at, HouseholdTable.id)
        )
        return [
            Reach(
                household_id=household_id,
                address=address or "",
                children=tuple(children.get(household_id, ())),
                people=tuple(_contact(row) for row in people.get(household_id, ())),
                addresses={row.id: tuple(addresses.get(row.id, ())) for row in people.get(household_id, ())},
                consents={row.id: tuple(consents.get(row.id, ())) for row in people.get(household_id, ())},
                in_danger=household_id in dangers,
                mourns=household_id in losses,
            )
            for household_id, address in found
        ]

    def _by_household(self, rows: Rows) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for household_id, value in self._s.execute(rows):
            found.setdefault(household_id, []).append(value)
        return found

    def _consents(self, which: Sequence[ColumnElement[bool]]) -> dict[str, list[ConsentRow]]:
        """What decides whether a posyandu message may be sent; without the wording, which is long."""
        rows = _of_people(
            select(ConsentTable.contact_id, ConsentTable.purpose, ConsentTable.granted, ConsentTable.at).join(
                ContactTable, ContactTable.id == ConsentTable.contact_id
            ),
            which,
        ).where(
            or_(
                ConsentTable.purpose.in_([CHILD_CARE, PREGNANCY_CARE, SEAT]),
                ConsentTable.purpose.startswith(TOPIC_PURPOSE, autoescape=True),
            )
        )
        found: dict[str, list[ConsentRow]] = {}
        for contact_id, purpose, granted, at in self._s.execute(rows.order_by(*AS_SAID)):
            found.setdefault(contact_id, []).append(ConsentRow(purpose, "", granted, at))
        return found

    def _in_danger(self, which: Sequence[ColumnElement[bool]]) -> set[str | None]:
        rows = select(ContactTable.household_id).join(CaseTable, CaseTable.contact_id == ContactTable.id)
        rows = rows.join(HouseholdTable, HouseholdTable.id == ContactTable.household_id)
        return set(self._s.scalars(rows.where(*which, CaseTable.kind == "danger", CaseTable.closed_at.is_(None))))

    def _with_a_loss(self, which: Sequence[ColumnElement[bool]]) -> set[str]:
        rows = select(HouseholdTable.id).join(SettingTable, SettingTable.key == literal(_LOSS_KEY) + HouseholdTable.id)
        return set(self._s.scalars(rows.where(*which)))

    def target_everybody(self, broadcast_id: str, posyandu_id: str, today: date, now: datetime) -> int:
        """Make all families with a child under five or a pregnancy pending; how many are new."""
        rows = select(
            literal(broadcast_id),
            HouseholdTable.id,
            literal(TargetState.PENDING.value),
            literal(now, type_=UtcDateTime()),
        ).where(HouseholdTable.posyandu_id == posyandu_id, _invited(today))
        columns = ["broadcast_id", "household_id", "state", "updated_at"]
        return self._insert_selected(BroadcastTargetTable.__table__, columns, rows)  # type: ignore[arg-type]

    def target_households(self, broadcast_id: str, household_ids: Collection[str], now: datetime) -> None:
        for household_id in household_ids:
            insert_if_absent(
                self._s,
                BroadcastTargetTable,
                broadcast_id=broadcast_id,
                household_id=household_id,
                state=TargetState.PENDING.value,
                updated_at=now,
            )

    def _insert_selected(self, table: Table, columns: list[str], rows: Rows) -> int:
        chosen = insert_into(self._s, table).from_select(columns, rows)
        return rowcount(self._s.execute(chosen.on_conflict_do_nothing()))

    def pending_targets(self, broadcast_id: str, limit: int) -> list[str]:
        """Household ids, locked until the transaction ends; those another worker has are passed over."""
        rows = (
            select(BroadcastTargetTable.household_id)
            .where(
                BroadcastTargetTable.broadcast_id == broadcast_id,
                BroadcastTargetTable.state == literal(TargetState.PENDING.value, literal_execute=True),
            )
            .order_by(BroadcastTargetTable.household_id)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        return list(self._s.scalars(rows))

    def settle_targets(self, broadcast_id: str, settled: Sequence[Settled], now: datetime) -> None:
        table = BroadcastTargetTable.__table__
        guarded = (
            update(BroadcastTargetTable)
            .where(
                table.c.broadcast_id == broadcast_id,
                table.c.household_id == bindparam("household"),
                table.c.state == TargetState.PENDING.value,
            )
            .values(
                state=bindparam("new_state"),
                reason=bindparam("why"),
                contact_id=bindparam("contact"),
                outbox_id=bindparam("message"),
                updated_at=now,
            )
            .execution_options(synchronize_session=False)
        )
        rows = [
            {
                "household": one.household_id,
                "new_state": one.state,
                "why": one.reason,
                "contact": one.contact_id,
                "message": one.outbox_id,
            }
            for one in settled
        ]
        if rows:
            self._s.connection().execute(guarded, rows)

    def skip_pending(self, broadcast_ids: Collection[str], reason: str, now: datetime) -> int:
        pending = (
            BroadcastTargetTable.broadcast_id.in_(broadcast_ids),
            BroadcastTargetTable.state == TargetState.PENDING.value,
        )
        values = {"state": TargetState.SKIPPED.value, "reason": reason, "updated_at": now}
        return rowcount(self._s.execute(update(BroadcastTargetTable).where(*pending).values(**values)))

    def fates(self, broadcast_id: str) -> list[TargetFate]:
        """What became of it for each household; those that were not reached come with their error."""
        target = BroadcastTargetTable
        rows = self._s.execute(
            select(target.household_id, target.state, target.reason, OutboxTable.state, OutboxTable.error_code)
            .outerjoin(OutboxTable, OutboxTable.id == target.outbox_id)
            .where(target.broadcast_id == broadcast_id)
            .order_by(target.household_id)
        )
        return [
            TargetFate(household_id, state, reason, OutboxState(outbox) if outbox else None, error)
            for household_id, state, reason, outbox, error in rows
        ]

    def count_fates(self, broadcast_id: str) -> Mapping[tuple[str, str | None, str | None, str | None], int]:
        """Households by (target state, reason, outbox state, error)."""
        target = BroadcastTargetTable
        by = (target.state, target.reason, OutboxTable.state, OutboxTable.error_code)
        rows = self._s.execute(
            select(*by, func.count())
            .select_from(target)
            .outerjoin(OutboxTable, OutboxTable.id == target.outbox_id)
            .where(target.broadcast_id == broadcast_id)
            .group_by(*by)
        )
        return {(state, reason, outbox, error): count for state, reason, outbox, error, count in rows}

    def names_of(self, household_ids: Collection[str]) -> Mapping[str, tuple[str, str]]:
        """What a kader knows households by: ("mother (child)", address)."""
        wanted = HouseholdTable.id.in_(household_ids)
        children = self._by_household(
            select(ChildTable.household_id, ChildTable.name)
            .where(ChildTable.household_id.in_(household_ids), ChildTable.ended_on.is_(None))
            .order_by(ChildTable.birth_date.desc(), ChildTable.id)
        )
        mothers = self._by_household(
            select(ContactTable.household_id, ContactTable.name)
            .where(ContactTable.household_id.in_(household_ids), ContactTable.name.is_not(None))
            .order_by(ContactTable.created_at, ContactTable.id)
        )
        found = self._s.execute(select(HouseholdTable.id, HouseholdTable.address).where(wanted))
        return {
            household_id: (_called(mothers.get(household_id, []), children.get(household_id, [])), address or "")
            for household_id, address in found
        }

    # --- what was said of a session

    def told_reminders(self, posyandu_id: str, first: date, last: date) -> list[Told]:
        """Reminders due from one day to another that were handed to the outbox."""
        rows = self._s.execute(
            select(
                ReminderTable.id,
                ReminderTable.household_id,
                ReminderTable.payload,
                ReminderTable.outbox_id,
                OutboxTable.state,
            )
            .join(HouseholdTable, HouseholdTable.id == ReminderTable.household_id)
            .outerjoin(OutboxTable, OutboxTable.id == ReminderTable.outbox_id)
            .where(
                HouseholdTable.posyandu_id == posyandu_id,
                ReminderTable.state == ReminderState.QUEUED.value,
                ReminderTable.due_on >= first,
                ReminderTable.due_on <= last,
            )
        )
        return [
            Told(reminder_id, household_id, payload, outbox_id, OutboxState(state) if state else None)
            for reminder_id, household_id, payload, outbox_id, state in rows
        ]

    def waiting_unasked(self, posyandu_id: str) -> list[Waiting]:
        """What waits to be sent to the families of a posyandu without having been asked for."""
        rows = self._s.execute(
            select(OutboxTable.id, OutboxTable.dedupe_key)
            .join(ContactTable, ContactTable.id == OutboxTable.contact_id)
            .join(HouseholdTable, HouseholdTable.id == ContactTable.household_id)
            .where(
                HouseholdTable.posyandu_id == posyandu_id,
                or_(*(OutboxTable.state == literal(state, literal_execute=True) for state in _WAITING)),
                OutboxTable.kind.in_([Kind.REMINDER.value, Kind.BROADCAST.value]),
            )
        )
        return [Waiting(outbox_id, key) for outbox_id, key in rows]

    def suppress_waiting(self, outbox_ids: Collection[str], reason: str) -> list[str]:
        """Take back what still waits; the ids of those that did."""
        # The move queued/errored -> suppressed of sapa.messaging.states, for many rows at once. A sender that claims a
        # row at this moment holds it: the statement waits, and then finds that it waits no more.
        done = self._s.execute(
            update(OutboxTable)
            .where(OutboxTable.id.in_(outbox_ids), OutboxTable.state.in_(_WAITING))
            .values(state=OutboxState.SUPPRESSED.value, error_code=reason, lease_owner=None, lease_until=None)
            .returning(OutboxTable.id)
        )
        return list(done.scalars())

    def unsay_reminders(self, reminder_ids: Collection[str], reason: str, now: datetime) -> None:
        """Reminders whose message was taken back count as never sent."""
        said = (ReminderTable.id.in_(reminder_ids), ReminderTable.state == ReminderState.QUEUED.value)
        values = {"state": ReminderState.CANCELLED.value, "reason": reason, "updated_at": now}
        self._s.execute(update(ReminderTable).where(*said).values(**values))

    def mark_posyandu_dirty(self, posyandu_id: str, now: datetime, *, but: str | None = None) -> None:
        """Every household is planned anew, but those a broadcast is still pending for (`but`)."""
        which = [HouseholdTable.posyandu_id == posyandu_id]
        if but is not None:
            target = BroadcastTargetTable
            pending = and_(target.broadcast_id == but, target.state == TargetState.PENDING.value)
            which.append(~exists().where(target.household_id == HouseholdTable.id, pending))
        self._mark_dirty(which, now)

    def mark_many_dirty(self, household_ids: Collection[str], now: datetime) -> None:
        self._mark_dirty([HouseholdTable.id.in_(household_ids)], now)

    def _mark_dirty(self, which: Sequence[ColumnElement[bool]], now: datetime) -> None:
        rows = select(HouseholdTable.id, literal(now, type_=UtcDateTime())).where(*which).order_by(HouseholdTable.id)
        columns = ["household_id", "since"]
        self._insert_selected(DirtyHouseholdTable.__table__, columns, rows)  # type: ignore[arg-type]


def _old_drafts(made_before: datetime) -> tuple[ColumnElement[bool], ...]:
    return BroadcastTable.state == BroadcastState.DRAFT.value, BroadcastTable.created_at < made_before


def _young(today: date) -> ColumnElement[bool]:
    """A child that is followed and comes to the posyandu."""
    return and_(ChildTable.birth_date > add_months(today, -_LAST_MONTHS), ChildTable.ended_on.is_(None))


def _invited(today: date) -> ColumnElement[bool]:
    """Whether a household has a child under five or a pregnancy that goes on."""
    child = exists().where(ChildTable.household_id == HouseholdTable.id, _young(today))
    pregnancy = exists().where(PregnancyTable.household_id == HouseholdTable.id, PregnancyTable.outcome.is_(None))
    # Correlated to the household alone: the query around it may be one of children.
    return or_(child.correlate(HouseholdTable), pregnancy.correlate(HouseholdTable))


def _of_people(rows: Rows, which: Sequence[ColumnElement[bool]]) -> Rows:
    return rows.join(HouseholdTable, HouseholdTable.id == ContactTable.household_id).where(*which)


def _called(mothers: Sequence[str], children: Sequence[str]) -> str:
    if mothers and children:
        return f"{mothers[0]} ({children[0]})"
    return (mothers or children or [""])[0]


def _broadcast(row: BroadcastTable) -> Broadcast:
    return Broadcast(**{name: getattr(row, name) for name in Broadcast.__dataclass_fields__})
