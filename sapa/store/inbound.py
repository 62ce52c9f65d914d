"""Inbound messages: stored once, answered in order per contact, leased so that nothing is lost or done twice."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import ColumnElement, and_, bindparam, delete, exists, or_, select, update
from sqlalchemy.orm import aliased

from sapa.messaging.states import Channel, InboundState
from sapa.services.records import Address, Contact, InboundForm, InboundMessage, MediaItem
from sapa.store.insert import insert_if_absent
from sapa.store.models import ErasedMessageTable, InboundTable
from sapa.store.rows import rowcount
from sapa.store.unit import Unit

_OPEN = (InboundState.RECEIVED.value, InboundState.WAITING.value, InboundState.WORKING.value)
# No try and no lease is further off than this: what is was given while the clock stood wrong, and waits for nobody.
_FURTHEST = timedelta(hours=1)


def sid_hash(provider_sid: str) -> str:
    """A provider's message id as it is remembered of somebody who has been erased."""
    return hashlib.sha256(provider_sid.encode()).hexdigest()


class InboundQueries:
    """Part of a transaction: the inbound queue."""

    _s: Unit

    def store_inbound(self, form: InboundForm, contact: Contact, address: Address, now: datetime) -> str | None:
        inbound_id = str(uuid4())
        added = insert_if_absent(
            self._s,
            InboundTable,
            id=inbound_id,
            provider_sid=form.provider_sid,
            contact_id=contact.id,
            address_id=address.id,
            channel=form.channel.value,
            body=form.body,
            message_type=form.message_type,
            button_payload=form.button_payload,
            opt_out_type=form.opt_out_type,
            media=[{"url": item.url, "content_type": item.content_type} for item in form.media],
            has_location=form.latitude is not None,
            state=InboundState.RECEIVED.value,
            received_at=now,
            retry_at=now,
            attempts=0,
        )
        return inbound_id if added else None

    def has_inbound(self, provider_sid: str) -> bool:
        return self._any(InboundTable.provider_sid == provider_sid)

    def was_erased(self, provider_sid: str) -> bool:
        return self._s.get(ErasedMessageTable, sid_hash(provider_sid)) is not None

    def forget_erased_sids(self, before: datetime) -> None:
        self._s.execute(delete(ErasedMessageTable).where(ErasedMessageTable.at < before))

    def next_untriaged(self) -> InboundMessage | None:
        row = self._s.scalar(_NEXT_UNTRIAGED)
        return None if row is None else _inbound(row)

    def has_untriaged(self) -> bool:
        """Whether there is a message nobody has looked at."""
        return self._s.scalar(_ANY_UNTRIAGED) is not None

    def has_dialogue(self, now: datetime) -> bool:
        """Whether a turn could be claimed (or will turn out not to be its contact's first)."""
        return self._s.scalar(_ANY_CLAIMABLE, _moment(now)) is not None

    def _any(self, condition: ColumnElement[bool]) -> bool:
        return self._s.scalar(select(InboundTable.seq).where(condition).limit(1)) is not None

    def claim_dialogue(self, owner: str, now: datetime, lease_until: datetime) -> InboundMessage | None:
        row = self._s.scalar(_NEXT_CLAIMABLE, _moment(now))
        if row is None:
            return None
        row.state = InboundState.WORKING.value
        row.lease_owner, row.lease_until = owner, lease_until
        row.attempts += 1
        self._s.flush()
        return _inbound(row)

    def inbound(self, inbound_id: str) -> InboundMessage | None:
        row = self._s.scalar(select(InboundTable).where(InboundTable.id == inbound_id))
        return None if row is None else _inbound(row)

    def inbound_before(self, inbound_id: str, count: int) -> datetime | None:
        """When the contact's message came that is the `count`-th before this one; None where there are fewer."""
        this = select(InboundTable.contact_id, InboundTable.seq).where(InboundTable.id == inbound_id).subquery()
        return self._s.scalar(
            select(InboundTable.received_at)
            .where(InboundTable.contact_id == this.c.contact_id, InboundTable.seq < this.c.seq)
            .order_by(InboundTable.seq.desc())
            .offset(count - 1)
            .limit(1)
        )

    def stumbled(self, inbound_id: str) -> int:
        """Count one more failed look at a message nobody has triaged; how often that has happened."""
        self._update(inbound_id, (InboundState.RECEIVED,), {"attempts": InboundTable.attempts + 1})
        return self._s.scalar(select(InboundTable.attempts).where(InboundTable.id == inbound_id)) or 0

    def mark_waiting(self, inbound_id: str) -> None:
        # Failed looks at it do not count as tries of the dialogue.
        self._update(inbound_id, (InboundState.RECEIVED,), {"state": InboundState.WAITING.value, "attempts": 0})

    def finish_inbound(self, inbound_id: str, owner: str | None, label: str | None, now: datetime) -> bool:
        expected = (InboundState.WORKING,) if owner else (InboundState.RECEIVED,)
        values = {
            "state": InboundState.ANSWERED.value,
            "label": label,
            "answered_at": now,
            "lease_owner": None,
            "lease_until": None,
        }
        return self._update(inbound_id, expected, values, owner)

    def release_inbound(self, inbound_id: str, owner: str, retry_at: datetime, counts: bool) -> None:
        values: dict[str, Any] = {
            "state": InboundState.WAITING.value,
            "lease_owner": None,
            "lease_until": None,
            "retry_at": retry_at,
        }
        if not counts:
            values["attempts"] = InboundTable.attempts - 1
        self._update(inbound_id, (InboundState.WORKING,), values, owner)

    def _update(
        self,
        inbound_id: str,
        expected: tuple[InboundState, ...],
        values: Mapping[str, Any],
        owner: str | None = None,
    ) -> bool:
        """The guarded move: nothing happens unless the row is still in an expected state (and still ours)."""
        statement = update(InboundTable).where(
            InboundTable.id == inbound_id, InboundTable.state.in_([state.value for state in expected])
        )
        if owner is not None:
            statement = statement.where(InboundTable.lease_owner == owner)
        return rowcount(self._s.execute(statement.values(**values))) == 1


def _moment(now: datetime) -> dict[str, datetime]:
    return {"now": now, "wrong": now + _FURTHEST}


# What is asked for every message is made once: to put a statement together takes longer than to run it.
_now = bindparam("now", type_=InboundTable.retry_at.type)
_wrong = bindparam("wrong", type_=InboundTable.retry_at.type)
_retry_at, _lease_until = InboundTable.retry_at, InboundTable.lease_until
_CLAIMABLE = or_(
    and_(InboundTable.state == InboundState.WAITING.value, or_(_retry_at <= _now, _retry_at > _wrong)),
    and_(InboundTable.state == InboundState.WORKING.value, or_(_lease_until < _now, _lease_until > _wrong)),
)
_earlier = aliased(InboundTable)
_NEXT_CLAIMABLE = (
    select(InboundTable)
    .where(
        _CLAIMABLE,
        ~exists().where(
            _earlier.contact_id == InboundTable.contact_id,
            _earlier.seq < InboundTable.seq,
            _earlier.state.in_(_OPEN),
        ),
    )
    .order_by(InboundTable.seq)
    .limit(1)
    .with_for_update(skip_locked=True, of=InboundTable)
)
_ANY_CLAIMABLE = select(InboundTable.seq).where(_CLAIMABLE).limit(1)
_UNTRIAGED = InboundTable.state == InboundState.RECEIVED.value
_ANY_UNTRIAGED = select(InboundTable.seq).where(_UNTRIAGED).limit(1)
_NEXT_UNTRIAGED = (
    select(InboundTable).where(_UNTRIAGED).order_by(InboundTable.seq).limit(1).with_for_update(skip_locked=True)
)


def _inbound(row: InboundTable) -> InboundMessage:
    return InboundMessage(
        id=row.id,
        contact_id=row.contact_id,
        address_id=row.address_id,
        channel=Channel(row.channel),
        provider_sid=row.provider_sid,
        body=row.body,
        message_type=row.message_type,
        button_payload=row.button_payload,
        opt_out_type=row.opt_out_type,
        media=tuple(MediaItem(item["url"], item["content_type"]) for item in row.media),
        has_location=row.has_location,
        state=InboundState(row.state),
        received_at=row.received_at,
        attempts=row.attempts,
    )
