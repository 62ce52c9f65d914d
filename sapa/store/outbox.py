"""The outbox: queued once, read, and moved forward by the provider's callbacks. Sending itself is in sending.py."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import ColumnElement, and_, bindparam, func, literal_column, or_, select, update

from sapa.messaging.states import PROVIDER_STATUS, Channel, Kind, OutboxState, may_move, status_rank
from sapa.services.records import (
    LastSaid,
    MediaItem,
    OutboxDraft,
    OutboxMessage,
    StatusEffect,
    StatusForm,
)
from sapa.store.insert import insert_if_absent
from sapa.store.models import (
    AddressTable,
    BroadcastTargetTable,
    ContactTable,
    MessageStatusTable,
    OutboxTable,
    ReminderTable,
)
from sapa.store.people import PeopleQueries
from sapa.store.unit import Unit

_UNASKED = (Kind.REMINDER.value, Kind.BROADCAST.value)


def in_states(table: type[OutboxTable], *states: OutboxState) -> ColumnElement[bool]:
    """Whether a message is in one of these states. Written out, not bound: else the indexes over just these states
    would not be used."""
    return table.state.in_([literal_column(f"'{state.value}'") for state in states])


def its_time(table: Any, now: Any) -> ColumnElement[bool]:
    """What may go by now. What was to go at once goes, also if it was queued while the clock stood wrong."""
    return or_(table.not_before <= now, table.not_before <= table.created_at)


def waiting() -> ColumnElement[bool]:
    """Whether a message waits for a sender."""
    return in_states(OutboxTable, OutboxState.QUEUED, OutboxState.ERRORED)


class OutboxQueries(PeopleQueries):
    """Part of a transaction: outbound messages. `_move` is the one place that changes the state of a single message."""

    _s: Unit

    def queue(self, draft: OutboxDraft, now: datetime) -> str | None:
        outbox_id = str(uuid4())
        added = insert_if_absent(
            self._s,
            OutboxTable,
            id=outbox_id,
            dedupe_key=draft.dedupe_key,
            contact_id=draft.contact_id,
            address_id=draft.address_id,
            channel=draft.channel.value,
            kind=draft.kind.value,
            content_id=draft.content_id,
            text=draft.text,
            buttons=[dict(button) for button in draft.buttons],
            media=[{"url": item.url, "content_type": item.content_type} for item in draft.media],
            options=list(draft.options),
            template=draft.template,
            template_variables=dict(draft.template_variables),
            in_reply_to=draft.in_reply_to,
            priority=draft.priority,
            exempt_from_opt_out=draft.exempt_from_opt_out,
            consent_purpose=draft.consent_purpose,
            topic=draft.topic,
            forget_when_sent=draft.forget_when_sent,
            not_before=draft.not_before or now,
            expires_at=draft.expires_at,
            state=OutboxState.QUEUED.value,
            attempts=0,
            sms_text=draft.sms_text,
            fallback_of=draft.fallback_of,
            force_template=draft.force_template,
            created_at=now,
        )
        return outbox_id if added else None

    def queue_stand_in(self, draft: OutboxDraft, now: datetime) -> str | None:
        """Queue a message in place of another one (`fallback_of`), and let every list that names that one name this.

        None where the other one has its stand-in already.
        """
        assert draft.fallback_of is not None
        outbox_id = self.queue(draft, now)
        if outbox_id is not None:
            for named in (ReminderTable, BroadcastTargetTable):
                self._s.execute(update(named).where(named.outbox_id == draft.fallback_of).values(outbox_id=outbox_id))
        return outbox_id

    def has_sendable(self, now: datetime) -> bool:
        """Whether something waits to be sent."""
        sendable = select(OutboxTable.seq).where(waiting(), its_time(OutboxTable, now))
        return self._s.scalar(sendable.limit(1)) is not None

    def cancel_queued(self, contact_id: str, reason: str, now: datetime, topics: Collection[str] | None = None) -> int:
        unasked = [
            OutboxTable.contact_id == contact_id,
            OutboxTable.kind.in_([*_UNASKED, Kind.NOTICE.value]),
            OutboxTable.in_reply_to.is_(None),
            waiting(),
        ]
        if topics is not None:
            unasked.append(OutboxTable.topic.in_(topics))
        rows = self._s.scalars(select(OutboxTable).where(*unasked).with_for_update()).all()
        for row in rows:
            self._move(row, OutboxState.SUPPRESSED, now, error_code=reason)
        self._s.flush()
        return len(rows)

    def outbox_message(self, outbox_id: str) -> OutboxMessage | None:
        row = self._row(outbox_id)
        return None if row is None else self._record(row)

    def outbox_by_sid(self, provider_sid: str) -> OutboxMessage | None:
        row = self._s.scalar(select(OutboxTable).where(OutboxTable.provider_sid == provider_sid))
        return None if row is None else self._record(row)

    def _row(self, outbox_id: str) -> OutboxTable | None:
        return self._s.scalar(select(OutboxTable).where(OutboxTable.id == outbox_id).with_for_update())

    def outbox_states(self) -> dict[str, int]:
        counted = select(OutboxTable.state, func.count()).group_by(OutboxTable.state)
        return {state: count for state, count in self._s.execute(counted)}

    def outbox_due(self, now: datetime) -> int:
        count = self._s.scalar(
            select(func.count())
            .select_from(OutboxTable)
            .where(
                or_(
                    in_states(OutboxTable, OutboxState.SENDING),
                    and_(waiting(), OutboxTable.not_before <= now),
                )
            )
        )
        return count or 0

    def next_outbox_at(self, after: datetime) -> datetime | None:
        return self._s.scalar(
            select(OutboxTable.not_before)
            .where(waiting(), OutboxTable.not_before > after)
            .order_by(OutboxTable.not_before)
            .limit(1)
        )

    def record_status(self, form: StatusForm, now: datetime) -> StatusEffect:
        added = insert_if_absent(
            self._s,
            MessageStatusTable,
            provider_sid=form.provider_sid,
            status=form.status,
            error_code=form.error_code,
            received_at=now,
        )
        # A repeat is applied as well: it changes nothing, unless the first one found no message to change.
        row = self._row_for_status(form)
        if row is None:
            return StatusEffect(new=added)
        row.provider_sid = row.provider_sid or form.provider_sid
        failed = self._apply_status(row, form.status, form.error_code, now)
        self._s.flush()
        return StatusEffect(new=added, failed=self._record(row) if failed else None)

    def _row_for_status(self, form: StatusForm) -> OutboxTable | None:
        by_sid = self._s.scalar(
            select(OutboxTable).where(OutboxTable.provider_sid == form.provider_sid).with_for_update()
        )
        if by_sid is not None or form.outbox_id is None:
            return by_sid
        row = self._row(form.outbox_id)
        # A callback carries our own id so that it can arrive before our note of the provider's id; or that note was
        # written while we waited for the row.
        return row if row is not None and row.provider_sid in (None, form.provider_sid) else None

    def _apply_kept_statuses(self, row: OutboxTable, now: datetime) -> bool:
        """Do what callbacks said that came before there was a message to apply them to; True if it failed by that."""
        kept = self._s.execute(
            select(MessageStatusTable.status, MessageStatusTable.error_code).where(
                MessageStatusTable.provider_sid == row.provider_sid
            )
        ).all()
        before = row.state
        for status, error_code in sorted(kept, key=lambda item: status_rank(item[0])):
            self._apply_status(row, status, error_code, now)
        return row.state == OutboxState.FAILED.value and before != row.state

    def _apply_status(self, row: OutboxTable, status: str, error_code: str | None, now: datetime) -> bool:
        """Move the message to where the provider says it is, if that is further; True if it failed by that."""
        state = PROVIDER_STATUS.get(status)
        current = OutboxState(row.state)
        if state is None or state == current or not may_move(current, state):
            return False
        self._move(row, state, now, error_code=error_code)
        return state is OutboxState.FAILED

    def sent_reminders_on(self, contact_id: str, start: datetime, end: datetime) -> int:
        count = self._s.scalar(
            select(func.count())
            .select_from(OutboxTable)
            .where(
                OutboxTable.contact_id == contact_id,
                OutboxTable.kind.in_(_UNASKED),
                OutboxTable.state != OutboxState.SUPPRESSED.value,
                # The day it goes out: what a kader sends at night waits for the morning.
                OutboxTable.not_before >= start,
                OutboxTable.not_before < end,
            )
        )
        return count or 0

    def outbox_of(self, contact_id: str) -> Sequence[OutboxMessage]:
        """Everything queued for a contact, oldest first."""
        rows = self._s.scalars(
            select(OutboxTable).where(OutboxTable.contact_id == contact_id).order_by(OutboxTable.seq)
        )
        return [self._record(row) for row in rows]

    def last_said(self, contact_id: str, since: datetime) -> LastSaid | None:
        def ask() -> Any:
            return self._s.execute(_LAST_SAID, {"contact": contact_id}).first()

        row = self._s.once(("last said", contact_id), ask)
        if row is None or row.created_at < since:
            return None
        return LastSaid(row.content_id, tuple(row.options), row.in_reply_to)

    def last_topic(self, contact_id: str, since: datetime) -> str | None:
        return self._s.scalar(_LAST_TOPIC, {"contact": contact_id, "since": since})

    def _move(self, row: OutboxTable, state: OutboxState, now: datetime, error_code: str | None = None) -> None:
        current = OutboxState(row.state)
        if not may_move(current, state):
            raise ValueError(f"an outbound message may not go from {current} to {state}")
        row.state = state.value
        if error_code is not None:
            row.error_code = error_code
        if state is OutboxState.SENT:
            row.sent_at = row.sent_at or now
        elif state is OutboxState.DELIVERED:
            row.delivered_at = row.delivered_at or now
        elif state is OutboxState.READ:
            row.read_at = row.read_at or now
        if state is not OutboxState.SENDING:
            row.lease_owner = None
            row.lease_until = None

    def _record(self, row: OutboxTable) -> OutboxMessage:
        return OutboxMessage(
            id=row.id,
            contact_id=row.contact_id,
            address_id=row.address_id,
            to=self._s.get_one(AddressTable, row.address_id).value,
            channel=Channel(row.channel),
            kind=Kind(row.kind),
            content_id=row.content_id,
            text=row.text,
            buttons=tuple(row.buttons),
            media=tuple(MediaItem(item["url"], item["content_type"]) for item in row.media),
            template=row.template,
            template_variables=row.template_variables,
            in_reply_to=row.in_reply_to,
            state=OutboxState(row.state),
            attempts=row.attempts,
            created_at=row.created_at,
            not_before=row.not_before,
            provider_sid=row.provider_sid,
            error_code=row.error_code,
            last_inbound_at=self._s.get_one(ContactTable, row.contact_id).last_inbound_at,
            expires_at=row.expires_at,
            sms_text=row.sms_text,
            fallback_of=row.fallback_of,
            force_template=row.force_template,
            phone=self._s.get_one(AddressTable, row.address_id).phone,
            form=row.form,
            priority=row.priority,
            exempt_from_opt_out=row.exempt_from_opt_out,
            consent_purpose=row.consent_purpose,
            topic=row.topic,
        )


# Asked for every message, so made once: to put a statement together takes longer than to run it.
_LAST_SAID = (
    select(OutboxTable.content_id, OutboxTable.options, OutboxTable.in_reply_to, OutboxTable.created_at)
    .where(
        OutboxTable.contact_id == bindparam("contact"),
        OutboxTable.state != OutboxState.SUPPRESSED.value,
        # A question kept for the morning has not been heard: "ya" at night answers the one before it.
        ~and_(OutboxTable.state == OutboxState.QUEUED.value, OutboxTable.not_before > OutboxTable.created_at),
    )
    .order_by(OutboxTable.seq.desc())
    .limit(1)
)
_LAST_TOPIC = (
    select(OutboxTable.content_id)
    .where(
        OutboxTable.contact_id == bindparam("contact"),
        OutboxTable.kind == Kind.ANSWER.value,
        OutboxTable.in_reply_to.is_not(None),
        OutboxTable.created_at >= bindparam("since", type_=OutboxTable.created_at.type),
    )
    .order_by(OutboxTable.seq.desc())
    .limit(1)
)
