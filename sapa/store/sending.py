"""Sending: claimed by one sender, recorded in groups, and settled where nobody knows whether a message went.

A batch is claimed with one query and one update, and outcomes are recorded many at a time: a message costs the
database a fraction of what the provider's answer takes.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Exists,
    Integer,
    Row,
    Select,
    and_,
    bindparam,
    case,
    exists,
    func,
    not_,
    or_,
    select,
    update,
)
from sqlalchemy.orm import aliased

from sapa.messaging.states import Channel, Kind, OutboxState
from sapa.services.consents import TOPIC_PURPOSE
from sapa.services.records import (
    CannotTell,
    Found,
    Hold,
    LookupOutcome,
    MediaItem,
    OutboxMessage,
    Recorded,
    Refused,
    SendOutcome,
    Sent,
    Tried,
)
from sapa.store.consent_order import AS_SAID
from sapa.store.holds import HoldQueries
from sapa.store.models import (
    AddressTable,
    ConsentTable,
    ContactTable,
    MessageStatusTable,
    MessageTemplateTable,
    OutboxTable,
    UtcDateTime,
)
from sapa.store.outbox import OutboxQueries, in_states, its_time, waiting
from sapa.store.unit import Unit

# How often the provider is asked about a message nobody can account for.
_RECONCILE_EVERY = timedelta(seconds=30)
# How long a request that got no answer is given to arrive at the provider after all.
SETTLE = timedelta(seconds=90)
# After this long the question is given up and a human is told; a late callback still counts.
_NEVER_SETTLED = timedelta(hours=24)
# A lease that ends further off than this was given while the clock stood wrong.
_NO_LEASE_IS_LONGER = timedelta(hours=1)
_LONGEST_PAUSE_S = 6 * 3600.0
# WhatsApp takes bursts from us as long as a person hears no more than this in a minute (one per 6 s, Meta 131056).
_REPLIES_A_MINUTE = 10
# The smallest priority there is: what is this urgent neither keeps a pace nor waits behind what is older.
_URGENT = 0


def _pause(first_s: float, attempts: int, message_id: str) -> timedelta:
    """The pause before the next try: doubled with every try, spread by up to a quarter so that a crowd does not
    come back at one moment. The spread follows from the id, so it needs no dice."""
    spread = 1.0 + (zlib.crc32(message_id.encode()) % 1000) / 4000
    longest = max(_LONGEST_PAUSE_S, first_s)
    return timedelta(seconds=min(first_s * 2 ** max(0, attempts - 1) * spread, longest * spread))


class SendingQueries(OutboxQueries, HoldQueries):
    """Part of a transaction: what senders and the reconciler do."""

    _s: Unit

    # ------------------------------------------------------------------------------------------------- claiming

    def claim_outbox(
        self,
        owner: str,
        now: datetime,
        lease_until: datetime,
        limit: int,
        *,
        pace: timedelta = timedelta(0),
        window: timedelta = timedelta(0),
    ) -> list[OutboxMessage]:
        """Lease up to `limit` sendable messages. Opt-out, consent and lateness suppress in this very transaction.

        pace: between two messages nobody asked for to one address. window: how long after the person's last message
        free text may go; needed to know which messages a held template stops.
        """
        holds = self.holds()
        values = {"now": now, "paced": now - pace, "minute": now - pace * _REPLIES_A_MINUTE}
        open_holds = [hold for hold in holds if hold.probe_at > now]
        rows: list[Row[Any]] = []
        for urgent in (True, False):
            if len(rows) < limit:
                query = _sendable(urgent, bool(pace))
                for hold in open_holds:
                    query = query.where(not_(_held_by(hold, now, window)))
                rows += self._in_full(self._s.scalars(query, {**values, "room": limit - len(rows)}).all())
        rows = self._without_twins_in_doubt(self._probing_alone(rows, holds, now, window))
        reasons = self._reasons_to_suppress(rows, now)
        claimed = [row for row in rows if row.id not in reasons]
        self._suppress(reasons)
        if claimed:
            self._s.execute(
                update(OutboxTable)
                .where(OutboxTable.seq.in_([row.seq for row in claimed]))
                .values(
                    state=OutboxState.SENDING.value,
                    lease_owner=owner,
                    lease_until=lease_until,
                    claimed_at=now,
                    attempts=OutboxTable.attempts + 1,
                )
                .execution_options(synchronize_session=False)
            )
        self._s.expire_all()
        return [_message(row, attempts=row.attempts + 1) for row in claimed]

    def _in_full(self, seqs: Sequence[int]) -> list[Row[Any]]:
        """The messages of these numbers, in their order."""
        if not seqs:
            return []
        found = {row.seq: row for row in self._s.execute(_with_people().where(OutboxTable.seq.in_(seqs)))}
        return [found[seq] for seq in seqs if seq in found]

    def _without_twins_in_doubt(self, rows: list[Row[Any]]) -> list[Row[Any]]:
        """Of messages that read alike to one person only one at a time is under way or in doubt: the provider's list
        could not tell them apart, and one would be taken for the other."""
        if not rows:
            return rows
        under_way = select(OutboxTable.address_id, OutboxTable.text).where(
            in_states(OutboxTable, OutboxState.SENDING, OutboxState.UNKNOWN),
            OutboxTable.address_id.in_({row.address_id for row in rows}),
        )
        twins = {(row.address_id, row.text) for row in self._s.execute(under_way)}
        alone = []
        for row in rows:
            if (row.address_id, row.text) not in twins:
                alone.append(row)
                twins.add((row.address_id, row.text))
        return alone

    def _probing_alone(
        self, rows: list[Row[Any]], holds: Sequence[Hold], now: datetime, window: timedelta
    ) -> list[Row[Any]]:
        """Under a hold whose probe is due one message tries; who is first to move the probe's time may let it go."""
        for hold in (hold for hold in holds if hold.probe_at <= now):
            under = [row for row in rows if _row_held_by(row, hold, now, window)]
            if not under:
                continue
            spared = under[:1] if self.take_probe(hold, now) else []
            rows = [row for row in rows if row not in under or row in spared]
        return rows

    def _reasons_to_suppress(self, rows: Sequence[Row[Any]], now: datetime) -> dict[str, str]:
        """Opt-out, consent and lateness by message id, for those that must not go."""
        reasons = {row.id: "too_late" for row in rows if row.expires_at is not None and row.expires_at < now}
        bound = [row for row in rows if row.id not in reasons and not row.exempt_from_opt_out]
        for row in bound:
            # What the person just wrote is answered even after a stop; what we would send unasked is not.
            if row.opted_out_at is not None and row.in_reply_to is None:
                reasons[row.id] = "opted_out"
            elif row.suspended_at is not None and row.in_reply_to is None:
                reasons[row.id] = "not_this_person"
        last = self._last_words({row.contact_id for row in bound if row.consent_purpose or row.topic})
        for row in (row for row in bound if row.id not in reasons):
            if row.consent_purpose is not None and not last.get((row.contact_id, row.consent_purpose), False):
                reasons[row.id] = "no_consent"
            elif row.topic is not None and not last.get((row.contact_id, TOPIC_PURPOSE + row.topic), True):
                reasons[row.id] = "topic_stopped"
        return reasons

    def _last_words(self, contacts: Iterable[str]) -> dict[tuple[str, str], bool]:
        """The last yes or no of these contacts by purpose."""
        columns = (ConsentTable.contact_id, ConsentTable.purpose, ConsentTable.granted)
        said = select(*columns).where(ConsentTable.contact_id.in_(list(contacts))).order_by(*AS_SAID)
        return {(row.contact_id, row.purpose): row.granted for row in self._s.execute(said)}

    def _suppress(self, reasons: dict[str, str]) -> None:
        for reason in set(reasons.values()):
            ids = [one for one, why in reasons.items() if why == reason]
            self._s.execute(
                update(OutboxTable)
                .where(OutboxTable.id.in_(ids), waiting())
                .values(state=OutboxState.SUPPRESSED.value, error_code=reason)
                .execution_options(synchronize_session=False)
            )

    def drop_late(self, now: datetime, oldest: datetime) -> int:
        """Suppress what waits past its time, or was queued before `oldest` and never went; how many."""
        late = update(OutboxTable).where(waiting()).execution_options(synchronize_session=False)
        state = OutboxState.SUPPRESSED.value
        past = OutboxTable.expires_at < now
        dropped = [
            self._s.execute(late.where(past).values(state=state, error_code="too_late")),
            self._s.execute(late.where(_too_old(oldest)).values(state=state, error_code="too_old")),
        ]
        self._s.expire_all()
        return sum(one.rowcount for one in dropped)  # type: ignore[attr-defined]

    def has_late(self, now: datetime, oldest: datetime) -> bool:
        late = or_(OutboxTable.expires_at < now, _too_old(oldest))
        return self._s.scalar(select(OutboxTable.seq).where(waiting(), late).limit(1)) is not None

    # ------------------------------------------------------------------------------------------------- recording

    def record_sends(
        self, owner: str, tried: Sequence[Tried], now: datetime, max_attempts: int, settle: timedelta = SETTLE
    ) -> Recorded:
        """Write down what became of many tries at once.

        settle: how long a request without an answer may still be on its way; nobody asks about it sooner.
        """
        sent = [one for one in tried if isinstance(one.outcome, Sent)]
        failed = self._record_sent(sent, now) if sent else []
        done = [one.outbox_id for one in sent]
        for one in tried:
            if not isinstance(one.outcome, Sent) and self._record_unsent(owner, one, now, max_attempts, settle):
                done.append(one.outbox_id)
        self._s.flush()
        return Recorded(tuple(done), tuple(failed))

    def record_send(self, outbox_id: str, owner: str, outcome: SendOutcome, now: datetime, max_attempts: int) -> bool:
        if isinstance(outcome, Sent) and self._row(outbox_id) is None:
            return False
        return bool(self.record_sends(owner, [Tried(outbox_id, outcome)], now, max_attempts).ours)

    def _record_sent(self, sent: Sequence[Tried], now: datetime) -> list[OutboxMessage]:
        """A callback may have overtaken us and moved the state already: what it said is kept, the id is added."""
        # Also what was queued again because nobody knew: this is the proof that it went.
        undecided = in_states(
            OutboxTable, OutboxState.SENDING, OutboxState.UNKNOWN, OutboxState.QUEUED, OutboxState.ERRORED
        )
        table = OutboxTable.__table__
        self._s.connection().execute(
            update(table)  # type: ignore[arg-type]
            .where(table.c.id == bindparam("b_id"))
            .values(
                provider_sid=func.coalesce(table.c.provider_sid, bindparam("b_sid")),
                state=case((undecided, OutboxState.SENT.value), else_=table.c.state),
                sent_at=func.coalesce(table.c.sent_at, bindparam("b_now", type_=UtcDateTime())),
                lease_owner=None,
                lease_until=None,
                form=bindparam("b_form"),
                parts=bindparam("b_parts"),
                cost_rp=bindparam("b_cost"),
            ),
            [
                {
                    "b_id": one.outbox_id,
                    "b_sid": one.outcome.provider_sid,
                    "b_now": now,
                    "b_form": one.form,
                    "b_parts": one.parts,
                    "b_cost": one.cost_rp,
                }
                for one in sent
                if isinstance(one.outcome, Sent)
            ],
        )
        self._s.expire_all()
        return self._apply_early_callbacks(
            [one.outcome.provider_sid for one in sent if isinstance(one.outcome, Sent)], now
        )

    def _apply_early_callbacks(self, sids: Sequence[str], now: datetime) -> list[OutboxMessage]:
        """Do what callbacks said before we knew the provider's id, without naming ours; what failed by them."""
        failed = []
        early = select(MessageStatusTable.provider_sid).where(MessageStatusTable.provider_sid.in_(sids)).distinct()
        for sid in self._s.scalars(early).all():
            row = self._s.scalar(select(OutboxTable).where(OutboxTable.provider_sid == sid).with_for_update())
            if row is not None and self._apply_kept_statuses(row, now):
                failed.append(self._record(row))
        return failed

    def _record_unsent(self, owner: str, one: Tried, now: datetime, max_attempts: int, settle: timedelta) -> bool:
        row = self._row(one.outbox_id)
        if row is None or row.state != OutboxState.SENDING.value or row.lease_owner != owner:
            return False
        row.form = one.form
        if isinstance(one.outcome, Refused):
            self._record_refusal(row, one.outcome, now, max_attempts)
        elif not isinstance(one.outcome, Sent):
            self._move(row, OutboxState.UNKNOWN, now, error_code=one.outcome.error_code)
            # The request may still be on its way: asking at once could find nothing and send it a second time.
            row.lease_until = now + settle
        return True

    def _record_refusal(self, row: OutboxTable, refused: Refused, now: datetime, max_attempts: int) -> None:
        if refused.waits:
            # Not its own fault: the try does not count, and what holds it back says when it may go again.
            row.attempts = max(0, row.attempts - 1)
        if refused.retry_after_s is not None and (refused.waits or row.attempts < max_attempts):
            self._move(row, OutboxState.ERRORED, now, error_code=refused.error_code)
            row.not_before = now + _pause(refused.retry_after_s, row.attempts, row.id)
        else:
            self._move(row, OutboxState.FAILED, now, error_code=refused.error_code)
        if refused.opted_out:
            self._s.get_one(ContactTable, row.contact_id).opted_out_at = now

    # ------------------------------------------------------------------------------------------------- doubts

    def has_unsettled(self, now: datetime) -> bool:
        """Whether there is a message whose sender never came back."""
        return self._s.scalar(select(OutboxTable.seq).where(_unsettled(now)).limit(1)) is not None

    def expired_sending(self, now: datetime, limit: int, settle: timedelta = timedelta(0)) -> list[OutboxMessage]:
        """Messages to ask the provider about: no earlier than `settle` after their request may have left.

        A sender that never came back may have sent its message at the end of its lease; one that got no answer may
        have a request still on its way.
        """
        rows = self._s.scalars(
            select(OutboxTable)
            .where(_unsettled(now))
            .order_by(OutboxTable.lease_until)
            .limit(limit)
            .with_for_update(skip_locked=True, of=OutboxTable)
        ).all()
        ripe = []
        for row in rows:
            lost = row.state == OutboxState.SENDING.value
            if lost:
                self._move(row, OutboxState.UNKNOWN, now, error_code="sender_lost")
            again = min(_RECONCILE_EVERY, settle or _RECONCILE_EVERY)
            row.lease_owner, row.lease_until = None, now + (settle if lost and settle else again)
            if not (lost and settle):
                ripe.append(row.seq)
        self._s.flush()
        self._s.expire_all()
        return [_message(row) for row in self._s.execute(_with_people().where(OutboxTable.seq.in_(ripe)))]

    def resolve_unknown(
        self, outbox_id: str, outcome: LookupOutcome, now: datetime, claimed_at: datetime | None = None
    ) -> OutboxState:
        row = self._row(outbox_id)
        assert row is not None
        # The answer is about the try that was asked about. Meanwhile another may have settled that one, and the next
        # may be in doubt: "surely absent" says nothing of it.
        another_try = claimed_at is not None and row.claimed_at != claimed_at
        if row.state != OutboxState.UNKNOWN.value or another_try:
            return OutboxState(row.state)
        if isinstance(outcome, Found):
            row.provider_sid = outcome.provider_sid
            self._move(row, OutboxState.SENT, now)
            self._apply_status(row, outcome.status, outcome.error_code, now)
            self._apply_kept_statuses(row, now)
        elif not isinstance(outcome, CannotTell):
            self._move(row, OutboxState.QUEUED, now)
        elif row.claimed_at is not None and row.claimed_at < now - _NEVER_SETTLED:
            self._move(row, OutboxState.FAILED, now, error_code="never_settled")
        self._s.flush()
        return OutboxState(row.state)


@lru_cache(maxsize=4)
def _sendable(urgent: bool, paced: bool) -> Select[int]:
    """The numbers of what can be sent at `:now`, `:room` at most. Built once: building it takes as long as running it.

    Of the outbox alone and by its index: joined with people it would be sorted whole before the first is taken.
    The newest emergencies go first: after an outage the oldest have found help elsewhere, or none any more.
    """
    now = bindparam("now", type_=UtcDateTime())
    query = (
        select(OutboxTable.seq)
        .where(
            waiting(),
            its_time(OutboxTable, now),
            not_(_earlier_part_open(now)),
            OutboxTable.priority == _URGENT if urgent else OutboxTable.priority > _URGENT,
        )
        .limit(bindparam("room", type_=Integer()))
        .with_for_update(skip_locked=True, of=OutboxTable)
    )
    if paced:
        query = query.where(_in_pace())
    if urgent:
        # What belongs to one emergency was queued at one moment, and keeps its order.
        return query.order_by(OutboxTable.created_at.desc(), OutboxTable.seq)
    return query.order_by(OutboxTable.priority, OutboxTable.seq)


def _earlier_part_open(now: BindParameter[Any]) -> Exists:
    """Whether an earlier message to the same address must go first: parts of an answer keep their order."""
    earlier = aliased(OutboxTable)
    return exists().where(
        earlier.address_id == OutboxTable.address_id,
        earlier.seq < OutboxTable.seq,
        earlier.priority <= OutboxTable.priority,
        in_states(earlier, OutboxState.QUEUED, OutboxState.ERRORED, OutboxState.SENDING),
        or_(
            earlier.state == OutboxState.SENDING.value,
            and_(earlier.state == OutboxState.QUEUED.value, its_time(earlier, now)),
            and_(
                earlier.state == OutboxState.ERRORED.value,
                earlier.in_reply_to.is_not(None),
                earlier.in_reply_to == OutboxTable.in_reply_to,
            ),
        ),
    )


def _in_pace() -> ColumnElement[bool]:
    """One unasked message since `:paced` to a person; answers in bursts, ten since `:minute`; emergencies always."""
    other = aliased(OutboxTable)
    # What was claimed later than now was claimed while the clock stood wrong: it keeps nobody waiting.
    by_now = other.claimed_at <= bindparam("now", type_=UtcDateTime())
    to_the_same = and_(other.address_id == OutboxTable.address_id, other.seq != OutboxTable.seq, by_now)
    just_now = exists().where(to_the_same, other.claimed_at > bindparam("paced", type_=UtcDateTime()))
    since = bindparam("minute", type_=UtcDateTime())
    lately = select(func.count()).select_from(other).where(to_the_same, other.claimed_at > since).scalar_subquery()
    asked = OutboxTable.in_reply_to.is_not(None)
    return or_(
        OutboxTable.priority == _URGENT,
        and_(asked, lately < _REPLIES_A_MINUTE),
        and_(not_(asked), not_(just_now)),
    )


def _too_old(oldest: datetime) -> ColumnElement[bool]:
    without_end = OutboxTable.expires_at.is_(None)
    return and_(without_end, OutboxTable.created_at < oldest, OutboxTable.not_before < oldest)


def _unsettled(now: datetime) -> ColumnElement[bool]:
    return and_(
        in_states(OutboxTable, OutboxState.SENDING, OutboxState.UNKNOWN),
        or_(OutboxTable.lease_until < now, OutboxTable.lease_until > now + _NO_LEASE_IS_LONGER),
    )


def _held_by(hold: Hold, now: datetime, window: timedelta) -> ColumnElement[bool]:
    if hold.scope.startswith("template:"):
        open_window = exists().where(
            ContactTable.id == OutboxTable.contact_id, ContactTable.last_inbound_at > now - window
        )
        closed = not_(open_window)
        return and_(
            func.coalesce(OutboxTable.template, "") == hold.scope.removeprefix("template:"),
            OutboxTable.channel == Channel.WHATSAPP.value,
            or_(OutboxTable.force_template, closed),
        )
    if hold.scope == "all":
        return OutboxTable.seq.is_not(None)
    return OutboxTable.channel == hold.scope


def _row_held_by(row: Row[Any], hold: Hold, now: datetime, window: timedelta) -> bool:
    if hold.scope.startswith("template:"):
        closed = row.last_inbound_at is None or row.last_inbound_at <= now - window
        named = row.template == hold.scope.removeprefix("template:")
        return named and row.channel == Channel.WHATSAPP.value and (row.force_template or closed)
    return hold.scope in ("all", row.channel)


_COLUMNS: list[Any] = [
    OutboxTable.seq,
    OutboxTable.id,
    OutboxTable.contact_id,
    OutboxTable.address_id,
    OutboxTable.channel,
    OutboxTable.kind,
    OutboxTable.content_id,
    OutboxTable.text,
    OutboxTable.buttons,
    OutboxTable.media,
    OutboxTable.template,
    OutboxTable.template_variables,
    OutboxTable.in_reply_to,
    OutboxTable.priority,
    OutboxTable.exempt_from_opt_out,
    OutboxTable.consent_purpose,
    OutboxTable.topic,
    OutboxTable.not_before,
    OutboxTable.expires_at,
    OutboxTable.state,
    OutboxTable.attempts,
    OutboxTable.provider_sid,
    OutboxTable.error_code,
    OutboxTable.fallback_of,
    OutboxTable.force_template,
    OutboxTable.claimed_at,
    OutboxTable.created_at,
]


def _with_people() -> Select[Any]:
    """A message with everything its sending hangs on, in one row."""
    query: Select[Any] = (
        select(
            *_COLUMNS,
            AddressTable.value.label("to"),
            ContactTable.opted_out_at,
            ContactTable.suspended_at,
            ContactTable.last_inbound_at,
            MessageTemplateTable.content_sid,
        )
        .join(AddressTable, AddressTable.id == OutboxTable.address_id)
        .join(ContactTable, ContactTable.id == OutboxTable.contact_id)
        .outerjoin(
            MessageTemplateTable,
            and_(MessageTemplateTable.name == OutboxTable.template, MessageTemplateTable.status == "approved"),
        )
    )
    return query


def _message(row: Row[Any], attempts: int | None = None) -> OutboxMessage:
    return OutboxMessage(
        id=row.id,
        contact_id=row.contact_id,
        address_id=row.address_id,
        to=row.to,
        channel=Channel(row.channel),
        kind=Kind(row.kind),
        content_id=row.content_id,
        text=row.text,
        buttons=tuple(row.buttons),
        media=tuple(MediaItem(item["url"], item["content_type"]) for item in row.media),
        template=row.template,
        template_variables=row.template_variables,
        in_reply_to=row.in_reply_to,
        state=OutboxState(row.state) if attempts is None else OutboxState.SENDING,
        attempts=row.attempts if attempts is None else attempts,
        created_at=row.created_at,
        not_before=row.not_before,
        provider_sid=row.provider_sid,
        error_code=row.error_code,
        last_inbound_at=row.last_inbound_at,
        expires_at=row.expires_at,
        fallback_of=row.fallback_of,
        force_template=row.force_template,
        claimed_at=row.claimed_at,
        content_sid=row.content_sid,
        priority=row.priority,
        exempt_from_opt_out=row.exempt_from_opt_out,
        consent_purpose=row.consent_purpose,
        topic=row.topic,
    )
