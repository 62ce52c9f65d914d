"""The outbox: queued once, claimed by one sender, recorded, and moved forward by the provider's callbacks."""

from __future__ import annotations

import zlib
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from uuid import uuid4

from sqlalchemy import Exists, and_, exists, func, or_, select
from sqlalchemy.orm import Session, aliased

from sapa.messaging.states import PROVIDER_STATUS, Channel, Kind, OutboxState, may_move, status_rank
from sapa.services.records import (
    CannotTell,
    Found,
    LastSaid,
    LookupOutcome,
    MediaItem,
    OutboxDraft,
    OutboxMessage,
    Refused,
    SendOutcome,
    Sent,
    StatusForm,
)
from sapa.store.insert import insert_if_absent
from sapa.store.models import AddressTable, ContactTable, MessageStatusTable, OutboxTable
from sapa.store.people import PeopleQueries

_UNASKED = (Kind.REMINDER.value, Kind.BROADCAST.value)
# How often the provider is asked about a message nobody can account for.
_RECONCILE_EVERY = timedelta(seconds=30)
# How long a request that got no answer is given to arrive at the provider after all.
_SETTLING = timedelta(seconds=90)
_LONGEST_PAUSE_S = 6 * 3600.0


def _pause(first_s: float, attempts: int, message_id: str) -> timedelta:
    """The pause before the next try: doubled with every try, spread by up to a quarter so that a crowd does not
    come back at one moment. The spread follows from the id, so it needs no dice."""
    spread = 1.0 + (zlib.crc32(message_id.encode()) % 1000) / 4000
    return timedelta(seconds=min(first_s * 2 ** (attempts - 1) * spread, _LONGEST_PAUSE_S))


class OutboxQueries(PeopleQueries):
    """Part of a transaction: outbound messages. `_move` is the only place that changes a state."""

    _s: Session

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
            created_at=now,
        )
        return outbox_id if added else None

    def has_sendable(self, now: datetime) -> bool:
        """Whether something waits to be sent."""
        waiting = OutboxTable.state.in_([OutboxState.QUEUED.value, OutboxState.ERRORED.value])
        return (
            self._s.scalar(select(OutboxTable.seq).where(waiting, OutboxTable.not_before <= now).limit(1)) is not None
        )

    def has_unsettled(self, now: datetime) -> bool:
        """Whether there is a message whose sender never came back."""
        doubtful = OutboxTable.state.in_([OutboxState.SENDING.value, OutboxState.UNKNOWN.value])
        return (
            self._s.scalar(select(OutboxTable.seq).where(doubtful, OutboxTable.lease_until < now).limit(1)) is not None
        )

    def claim_outbox(self, owner: str, now: datetime, lease_until: datetime, limit: int) -> list[OutboxMessage]:
        rows = self._s.scalars(
            select(OutboxTable)
            .where(
                OutboxTable.state.in_([OutboxState.QUEUED.value, OutboxState.ERRORED.value]),
                OutboxTable.not_before <= now,
                ~self._earlier_part_open(now),
            )
            .order_by(OutboxTable.priority, OutboxTable.seq)
            .limit(limit)
            .with_for_update(skip_locked=True, of=OutboxTable)
        ).all()
        claimed = []
        for row in rows:
            reason = self._reason_to_suppress(row, now)
            if reason is not None:
                self._move(row, OutboxState.SUPPRESSED, now, error_code=reason)
                continue
            self._move(row, OutboxState.SENDING, now)
            row.lease_owner, row.lease_until = owner, lease_until
            row.attempts += 1
            claimed.append(row)
        self._s.flush()
        return [self._record(row) for row in claimed]

    def _earlier_part_open(self, now: datetime) -> Exists:
        """Whether an earlier message to the same address must go first: parts of an answer keep their order."""
        earlier = aliased(OutboxTable)
        return exists().where(
            earlier.address_id == OutboxTable.address_id,
            earlier.seq < OutboxTable.seq,
            earlier.priority <= OutboxTable.priority,
            or_(
                earlier.state == OutboxState.SENDING.value,
                and_(earlier.state == OutboxState.QUEUED.value, earlier.not_before <= now),
                and_(
                    earlier.state == OutboxState.ERRORED.value,
                    earlier.in_reply_to.is_not(None),
                    earlier.in_reply_to == OutboxTable.in_reply_to,
                ),
            ),
        )

    def _reason_to_suppress(self, row: OutboxTable, now: datetime) -> str | None:
        """Opt-out, consent and lateness, checked in the very transaction that claims the message."""
        if row.expires_at is not None and row.expires_at < now:
            return "too_late"
        if row.exempt_from_opt_out:
            return None
        contact = self._s.get_one(ContactTable, row.contact_id, populate_existing=True)
        # What the person just wrote is answered even after a stop; what we would send unasked is not.
        if contact.opted_out_at is not None and row.in_reply_to is None:
            return "opted_out"
        if contact.suspended_at is not None and row.in_reply_to is None:
            return "not_this_person"
        if row.consent_purpose is not None and not self.has_consent(row.contact_id, row.consent_purpose):
            return "no_consent"
        if row.topic is not None and self.has_stopped(row.contact_id, row.topic):
            return "topic_stopped"
        return None

    def cancel_queued(self, contact_id: str, reason: str, now: datetime, topics: Collection[str] | None = None) -> int:
        waiting = [
            OutboxTable.contact_id == contact_id,
            OutboxTable.kind.in_([*_UNASKED, Kind.NOTICE.value]),
            OutboxTable.in_reply_to.is_(None),
            OutboxTable.state.in_([OutboxState.QUEUED.value, OutboxState.ERRORED.value]),
        ]
        if topics is not None:
            waiting.append(OutboxTable.topic.in_(topics))
        rows = self._s.scalars(select(OutboxTable).where(*waiting).with_for_update()).all()
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

    def record_send(self, outbox_id: str, owner: str, outcome: SendOutcome, now: datetime, max_attempts: int) -> bool:
        row = self._row(outbox_id)
        if row is None:
            return False
        if isinstance(outcome, Sent):
            # A callback may have overtaken us and moved the state already: keep what it said, add the id.
            row.provider_sid = row.provider_sid or outcome.provider_sid
            if row.state in (OutboxState.SENDING.value, OutboxState.UNKNOWN.value):
                self._move(row, OutboxState.SENT, now)
            self._apply_kept_statuses(row, now)
            self._s.flush()
            return True
        if row.state != OutboxState.SENDING.value or row.lease_owner != owner:
            return False
        if isinstance(outcome, Refused):
            if outcome.retry_after_s is not None and row.attempts < max_attempts:
                self._move(row, OutboxState.ERRORED, now, error_code=outcome.error_code)
                row.not_before = now + _pause(outcome.retry_after_s, row.attempts, row.id)
            else:
                self._move(row, OutboxState.FAILED, now, error_code=outcome.error_code)
            if outcome.opted_out:
                self._s.get_one(ContactTable, row.contact_id).opted_out_at = now
        else:
            self._move(row, OutboxState.UNKNOWN, now, error_code=outcome.error_code)
            # The request may still be on its way: asking at once could find nothing and send it a second time.
            row.lease_until = now + _SETTLING
        self._s.flush()
        return True

    def expired_sending(self, now: datetime, limit: int) -> list[OutboxMessage]:
        rows = self._s.scalars(
            select(OutboxTable)
            .where(
                OutboxTable.state.in_([OutboxState.SENDING.value, OutboxState.UNKNOWN.value]),
                OutboxTable.lease_until < now,
            )
            .order_by(OutboxTable.lease_until)
            .limit(limit)
            .with_for_update(skip_locked=True, of=OutboxTable)
        ).all()
        for row in rows:
            if row.state == OutboxState.SENDING.value:
                self._move(row, OutboxState.UNKNOWN, now, error_code="sender_lost")
            row.lease_owner, row.lease_until = None, now + _RECONCILE_EVERY
        self._s.flush()
        return [self._record(row) for row in rows]

    def resolve_unknown(self, outbox_id: str, outcome: LookupOutcome, now: datetime) -> OutboxState:
        row = self._row(outbox_id)
        assert row is not None
        if row.state != OutboxState.UNKNOWN.value or isinstance(outcome, CannotTell):
            return OutboxState(row.state)
        if isinstance(outcome, Found):
            row.provider_sid = outcome.provider_sid
            self._move(row, OutboxState.SENT, now)
            self._apply_status(row, outcome.status, None, now)
            self._apply_kept_statuses(row, now)
        else:
            self._move(row, OutboxState.QUEUED, now)
        self._s.flush()
        return OutboxState(row.state)

    def outbox_due(self, now: datetime) -> int:
        count = self._s.scalar(
            select(func.count())
            .select_from(OutboxTable)
            .where(
                or_(
                    OutboxTable.state == OutboxState.SENDING.value,
                    and_(
                        OutboxTable.state.in_([OutboxState.QUEUED.value, OutboxState.ERRORED.value]),
                        OutboxTable.not_before <= now,
                    ),
                )
            )
        )
        return count or 0

    def next_outbox_at(self, after: datetime) -> datetime | None:
        return self._s.scalar(
            select(OutboxTable.not_before)
            .where(
                OutboxTable.state.in_([OutboxState.QUEUED.value, OutboxState.ERRORED.value]),
                OutboxTable.not_before > after,
            )
            .order_by(OutboxTable.not_before)
            .limit(1)
        )

    def record_status(self, form: StatusForm, now: datetime) -> bool:
        added = insert_if_absent(
            self._s,
            MessageStatusTable,
            provider_sid=form.provider_sid,
            status=form.status,
            error_code=form.error_code,
            received_at=now,
        )
        if not added:
            return False
        row = self._row_for_status(form)
        if row is not None:
            row.provider_sid = row.provider_sid or form.provider_sid
            self._apply_status(row, form.status, form.error_code, now)
            self._s.flush()
        return True

    def _row_for_status(self, form: StatusForm) -> OutboxTable | None:
        by_sid = self._s.scalar(
            select(OutboxTable).where(OutboxTable.provider_sid == form.provider_sid).with_for_update()
        )
        if by_sid is not None or form.outbox_id is None:
            return by_sid
        row = self._row(form.outbox_id)
        # A callback carries our own id so that it can arrive before our note of the provider's id.
        return row if row is not None and row.provider_sid is None else None

    def _apply_kept_statuses(self, row: OutboxTable, now: datetime) -> None:
        kept = self._s.execute(
            select(MessageStatusTable.status, MessageStatusTable.error_code).where(
                MessageStatusTable.provider_sid == row.provider_sid
            )
        ).all()
        for status, error_code in sorted(kept, key=lambda item: status_rank(item[0])):
            self._apply_status(row, status, error_code, now)

    def _apply_status(self, row: OutboxTable, status: str, error_code: str | None, now: datetime) -> None:
        state = PROVIDER_STATUS.get(status)
        current = OutboxState(row.state)
        if state is not None and state != current and may_move(current, state):
            self._move(row, state, now, error_code=error_code)

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
        row = self._s.execute(
            select(OutboxTable.content_id, OutboxTable.options, OutboxTable.in_reply_to, OutboxTable.created_at)
            .where(
                OutboxTable.contact_id == contact_id,
                OutboxTable.state != OutboxState.SUPPRESSED.value,
                # A question kept for the morning has not been heard: "ya" at night answers the one before it.
                ~and_(OutboxTable.state == OutboxState.QUEUED.value, OutboxTable.not_before > OutboxTable.created_at),
            )
            .order_by(OutboxTable.seq.desc())
            .limit(1)
        ).first()
        if row is None or row.created_at < since:
            return None
        return LastSaid(row.content_id, tuple(row.options), row.in_reply_to)

    def last_topic(self, contact_id: str, since: datetime) -> str | None:
        return self._s.scalar(
            select(OutboxTable.content_id)
            .where(
                OutboxTable.contact_id == contact_id,
                OutboxTable.kind == Kind.ANSWER.value,
                OutboxTable.in_reply_to.is_not(None),
                OutboxTable.created_at >= since,
            )
            .order_by(OutboxTable.seq.desc())
            .limit(1)
        )

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
        )
