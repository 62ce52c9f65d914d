"""The plan of each household as rows, and the one query that finds what is due."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import delete, insert, literal, select, update

from sapa.messaging.states import ReminderState
from sapa.services.records import ReminderRow
from sapa.store.insert import insert_if_absent
from sapa.store.models import DirtyHouseholdTable, HouseholdTable, ReminderTable, UtcDateTime
from sapa.store.rows import rowcount
from sapa.store.unit import Unit


class ReminderQueries:
    """Part of a transaction: planned messages."""

    _s: Unit

    def replace_plan(self, household_id: str, planned: Sequence[ReminderRow], now: datetime) -> tuple[int, int]:
        existing = {
            row.id: row
            for row in self._s.scalars(select(ReminderTable).where(ReminderTable.household_id == household_id))
        }
        added = 0
        for reminder in planned:
            row = existing.pop(reminder.id, None)
            if row is None:
                added += self._insert(reminder, now)
            elif row.state in (ReminderState.PLANNED.value, ReminderState.CANCELLED.value):
                _refresh(row, reminder, now)
        cancelled = 0
        for row in existing.values():
            # What is due already belongs to the sender's side, which looks at the facts again before it speaks.
            if row.state == ReminderState.PLANNED.value and row.send_at > now:
                row.state, row.reason, row.updated_at = ReminderState.CANCELLED.value, "replanned", now
                cancelled += 1
        self._s.flush()
        return added, cancelled

    def _insert(self, reminder: ReminderRow, now: datetime) -> int:
        return insert_if_absent(
            self._s,
            ReminderTable,
            id=reminder.id,
            household_id=reminder.household_id,
            send_at=reminder.send_at,
            due_on=reminder.due_on,
            event=reminder.event,
            content_id=reminder.content_id,
            subjects=list(reminder.subjects),
            payload=dict(reminder.payload),
            reader=reminder.to,
            purpose=reminder.purpose,
            topic=reminder.topic,
            state=ReminderState.PLANNED.value,
            updated_at=now,
        )

    def cancel_reminders(
        self, household_id: str, reason: str, now: datetime, topics: Collection[str] | None = None
    ) -> int:
        self.lock_household(household_id)
        planned = [ReminderTable.household_id == household_id, ReminderTable.state == ReminderState.PLANNED.value]
        if topics is not None:
            planned.append(ReminderTable.topic.in_(topics))
        values = {"state": ReminderState.CANCELLED.value, "reason": reason, "updated_at": now}
        return rowcount(self._s.execute(update(ReminderTable).where(*planned).values(**values)))

    def due_reminders(self, now: datetime, limit: int) -> list[ReminderRow]:
        rows = self._s.scalars(
            select(ReminderTable)
            .where(ReminderTable.state == ReminderState.PLANNED.value, ReminderTable.send_at <= now)
            .order_by(ReminderTable.send_at, ReminderTable.id)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        return [_reminder(row) for row in rows]

    def due_reminders_of(self, household_id: str, now: datetime) -> list[ReminderRow]:
        """All that is due to one household, locked: what came together is judged together."""
        rows = self._s.scalars(
            select(ReminderTable)
            .where(
                ReminderTable.household_id == household_id,
                ReminderTable.state == ReminderState.PLANNED.value,
                ReminderTable.send_at <= now,
            )
            .order_by(ReminderTable.send_at, ReminderTable.id)
            .with_for_update()
        )
        return [_reminder(row) for row in rows]

    def next_reminder_at(self, after: datetime) -> datetime | None:
        return self._s.scalar(
            select(ReminderTable.send_at)
            .where(ReminderTable.state == ReminderState.PLANNED.value, ReminderTable.send_at > after)
            .order_by(ReminderTable.send_at)
            .limit(1)
        )

    def finish_reminder(
        self,
        reminder_id: str,
        state: ReminderState,
        reason: str | None,
        contact_id: str | None,
        outbox_id: str | None,
        now: datetime,
    ) -> bool:
        return (
            rowcount(
                self._s.execute(
                    update(ReminderTable)
                    .where(ReminderTable.id == reminder_id, ReminderTable.state == ReminderState.PLANNED.value)
                    .values(
                        state=state.value, reason=reason, contact_id=contact_id, outbox_id=outbox_id, updated_at=now
                    )
                )
            )
            == 1
        )

    def postpone_reminder(self, reminder_id: str, send_at: datetime) -> None:
        self._s.execute(update(ReminderTable).where(ReminderTable.id == reminder_id).values(send_at=send_at))

    def reminders_of(self, household_id: str) -> list[ReminderRow]:
        """The whole plan of a household, past and future, by time."""
        rows = self._s.scalars(
            select(ReminderTable).where(ReminderTable.household_id == household_id).order_by(ReminderTable.send_at)
        )
        return [_reminder(row) for row in rows]

    def lock_household(self, household_id: str) -> None:
        """Taken before anything of the household's plan, so that two workers take their locks in one order.

        Inserts that only refer to the household are not kept waiting. SQLite has one writer and needs none of it.
        """
        if self._s.get_bind().dialect.name == "postgresql":
            rows = select(HouseholdTable.id).where(HouseholdTable.id == household_id)
            self._s.execute(rows.with_for_update(key_share=True))
        # What was read before the wait may have changed during it.
        self._s.expire_all()

    def mark_dirty(self, household_id: str, now: datetime) -> None:
        insert_if_absent(self._s, DirtyHouseholdTable, household_id=household_id, since=now)

    def mark_all_dirty(self, now: datetime) -> None:
        """Every household is planned anew: one statement, however many there are."""
        known = select(DirtyHouseholdTable.household_id)
        rows = select(HouseholdTable.id, literal(now, type_=UtcDateTime())).where(HouseholdTable.id.not_in(known))
        self._s.execute(insert(DirtyHouseholdTable).from_select(["household_id", "since"], rows))

    def dirty_households(self, limit: int) -> list[str]:
        rows = select(DirtyHouseholdTable.household_id).order_by(DirtyHouseholdTable.since).limit(limit)
        return list(self._s.scalars(rows))

    def take_dirty(self, household_id: str) -> bool:
        mine = DirtyHouseholdTable.household_id == household_id
        return rowcount(self._s.execute(delete(DirtyHouseholdTable).where(mine))) == 1


def _refresh(row: ReminderTable, reminder: ReminderRow, now: datetime) -> None:
    """Bring a row that has not gone out yet in line with the plan; an untouched row stays untouched."""
    wanted = {
        "send_at": reminder.send_at,
        "due_on": reminder.due_on,
        "event": reminder.event,
        "content_id": reminder.content_id,
        "subjects": list(reminder.subjects),
        "payload": dict(reminder.payload),
        "reader": reminder.to,
        "purpose": reminder.purpose,
        "topic": reminder.topic,
        "state": ReminderState.PLANNED.value,
    }
    changed = {name: value for name, value in wanted.items() if getattr(row, name) != value}
    if not changed:
        return
    for name, value in changed.items():
        setattr(row, name, value)
    row.reason, row.updated_at = None, now


def _reminder(row: ReminderTable) -> ReminderRow:
    return ReminderRow(
        id=row.id,
        household_id=row.household_id,
        send_at=row.send_at,
        due_on=row.due_on,
        event=row.event,
        content_id=row.content_id,
        subjects=tuple(row.subjects),
        payload=row.payload,
        state=ReminderState(row.state),
        to=row.reader,
        purpose=row.purpose,
        topic=row.topic,
    )
