"""A confirmed broadcast goes out: the session changes first, then everybody is told, batch by batch.

The change of the session and the list of those to tell are one transaction. Every batch is one more: what it queues and
that it did so. Killed anywhere, the next call goes on; two at once share the work. Nobody is told twice, nobody missed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from sapa.messaging.states import Channel, Kind
from sapa.services.access import may_act_for, staffer
from sapa.services.broadcast_audience import MOVED_AWAY, TOPIC, Decision, Reader, decide, known_of
from sapa.services.broadcast_preview import about
from sapa.services.broadcast_records import Broadcast, BroadcastKind, BroadcastState, Plan, Settled, TargetState
from sapa.services.broadcast_texts import completed, goes_at, text_vars, words, worth_until
from sapa.services.deps import Deps
from sapa.services.notices import tell
from sapa.services.one_by_one import one_by_one
from sapa.services.ports import RenderedText, Tx
from sapa.services.records import OutboxDraft, PosyanduRow, Reply, SessionRow

PRIORITY = 60
# Households a transaction: short enough that a reply to a mother never waits for a broadcast.
BATCH = 200
CHANGED, REPLACED, TWICE = "session_changed", "replaced", "twice"
DONE_NOTICE = "kader/siar/selesai"
_IDS = UUID("1a1f5f0e-77a5-4f0c-8d49-6a0f6a3a9b11")

Watch = Callable[[str], object]


def release_due(deps: Deps, now: datetime, *, batches: int | None = None, watch: Watch | None = None) -> int:
    """Send what is confirmed and past its undo, and go on with what was interrupted; how many households were settled.

    batches: stop after so many (a killed process, in tests). watch: called with the broadcast's id after each batch.
    """
    with deps.store.transaction(write=False) as tx:
        waiting = tx.broadcasts_to_release(now)
    done = 0

    def go(broadcast_id: str) -> int:
        nonlocal done
        _start(deps, broadcast_id, now)
        settled = 0
        while batches is None or done < batches:
            count = _batch(deps, broadcast_id, now)
            settled, done = settled + count, done + 1
            if watch is not None:
                watch(broadcast_id)
            if count == 0:
                break
        return settled

    return one_by_one(waiting, go)


def session_id_of(broadcast_id: str) -> str:
    """The id of the session a broadcast makes."""
    return str(uuid5(_IDS, broadcast_id))


# ------------------------------------------------------------------------------------------------- the session changes


def _start(deps: Deps, broadcast_id: str, now: datetime) -> None:
    """Change the session and write down whom to tell: all of it or nothing, once."""
    with deps.store.transaction() as tx:
        known = tx.broadcast(broadcast_id)
        if known is None or known.state != BroadcastState.CONFIRMED:
            return
        tx.lock_posyandu(known.posyandu_id)
        if not tx.start_broadcast(broadcast_id, now):
            return
        broadcast = tx.broadcast(broadcast_id)
        place = tx.posyandu(known.posyandu_id)
        assert broadcast is not None and place is not None
        if not _still_may(tx, broadcast) or not _apply(tx, broadcast, place, now):
            tx.void_broadcast(broadcast_id, now)
            tx.audit("broadcast_void", None, {"broadcast": broadcast_id}, now, actor_id=broadcast.created_by)
            _tell_kader(deps, tx, broadcast, place, now, void=True)
            return
        tx.audit("broadcast_released", None, {"broadcast": broadcast_id}, now, actor_id=broadcast.created_by)


def _still_may(tx: Tx, broadcast: Broadcast) -> bool:
    """Whether whoever confirmed it may call these families: a role can be taken away while the undo runs."""
    who = staffer(tx, broadcast.created_by) if broadcast.created_by is not None else None
    return who is not None and may_act_for(who, broadcast.posyandu_id)


def _apply(tx: Tx, broadcast: Broadcast, place: PosyanduRow, now: datetime) -> bool:
    """Do what the plan says with today's facts; False if it can no longer be done."""
    plan = broadcast.plan
    today = now.astimezone(ZoneInfo(place.timezone)).date()
    if plan.kind == BroadcastKind.ANNOUNCEMENT:
        tx.target_everybody(broadcast.id, place.id, today, now)
        return True
    session = about(tx, plan)
    full = completed(plan, session)
    assert full.date is not None
    if plan.kind != BroadcastKind.CANCELLED and full.date < today:
        return False  # an outage lasted longer than the day was away
    standing = tx.session_on(place.id, full.date)
    if plan.kind != BroadcastKind.SESSION and session is None:
        return False
    if standing is not None and (session is None or standing.id != session.id):
        return False
    if session is None:
        _open(tx, broadcast, full, place, today, now)
    else:
        _change(tx, broadcast, full, session, place, now)
    # Those who are told are planned anew with their message (see _batch), so that no reminder overtakes it.
    tx.mark_posyandu_dirty(place.id, now, but=broadcast.id)
    return True


def _open(tx: Tx, broadcast: Broadcast, plan: Plan, place: PosyanduRow, today: date, now: datetime) -> None:
    assert plan.date is not None and plan.time is not None
    session_id = session_id_of(broadcast.id)
    tx.delete_cancelled_session(place.id, plan.date)
    tx.save_session(SessionRow(session_id, place.id, plan.date, plan.time, plan.place, plan.note, broadcast.created_by))
    tx.set_broadcast(broadcast.id, broadcast.payload, session_id)
    tx.target_everybody(broadcast.id, place.id, today, now)


def _change(tx: Tx, broadcast: Broadcast, plan: Plan, session: SessionRow, place: PosyanduRow, now: datetime) -> None:
    """Move or cancel a session: first what waits to be said of it is taken back, then those who know are counted."""
    earlier = [one.id for one in tx.broadcasts_about(session.id) if one.id != broadcast.id]
    same_day = plan.kind == BroadcastKind.MOVED and plan.date == session.date
    known = known_of(tx, session)
    unheard = known.waiting_for if same_day else frozenset[str]()
    taken_back = tx.suppress_waiting(known.waiting, CHANGED) if known.waiting else []
    tx.skip_pending(earlier, REPLACED, now)
    if not same_day:
        # The planner must not believe that a day was announced which nobody heard of.
        tx.unsay_reminders([known.unsaid[one] for one in taken_back if one in known.unsaid], CHANGED, now)
    # What a sender had in its hands a moment ago was not taken back: it counts as told now.
    told = known_of(tx, session).told | unheard
    _save_change(tx, plan, session, place, now)
    kept_vars = text_vars(plan, place, session)
    tx.set_broadcast(broadcast.id, {**broadcast.payload, "vars": kept_vars}, session.id)
    tx.target_households(broadcast.id, sorted(told), now)


def _save_change(tx: Tx, plan: Plan, session: SessionRow, place: PosyanduRow, now: datetime) -> None:
    if plan.kind == BroadcastKind.CANCELLED:
        tx.cancel_session(session.id, now)
        return
    assert plan.date is not None and plan.time is not None
    tx.delete_cancelled_session(place.id, plan.date)
    tx.save_session(replace(session, date=plan.date, time=plan.time, place=plan.place, note=plan.note))


# ------------------------------------------------------------------------------------------------- everybody is told


def _batch(deps: Deps, broadcast_id: str, now: datetime) -> int:
    """Queue the message for some more households; how many were settled. 0: nobody is left, and it is done."""
    with deps.store.transaction() as tx:
        broadcast = tx.broadcast(broadcast_id)
        if broadcast is None or broadcast.state != BroadcastState.SENDING:
            return 0
        place = tx.posyandu(broadcast.posyandu_id)
        assert place is not None
        ids = tx.pending_targets(broadcast_id, BATCH)
        if not ids:
            if tx.finish_broadcast(broadcast_id, now):
                _tell_kader(deps, tx, broadcast, place, now, void=False)
            return 0
        today = now.astimezone(ZoneInfo(place.timezone)).date()
        homes = tx.reach(place.id, today, ids)
        sender = tx.contact(broadcast.created_by) if broadcast.created_by else None
        message = _Message(deps, broadcast, sender.name if sender else None, place, now)
        decisions = {home.household_id: decide(tx, home, broadcast.kind, now) for home in homes}
        gone = [Settled(one, TargetState.SKIPPED.value, MOVED_AWAY) for one in ids if one not in decisions]
        tx.settle_targets(broadcast_id, [*gone, *(message.queue(tx, one) for one in decisions.values())], now)
        tx.mark_many_dirty(ids, now)
        return len(ids)


class _Message:
    """The message of a broadcast: worded once for each channel, queued for each reader."""

    def __init__(self, deps: Deps, broadcast: Broadcast, sender: str | None, place: PosyanduRow, now: datetime) -> None:
        self._deps, self._broadcast, self._sender, self._place, self._now = deps, broadcast, sender, place, now
        self._goes = goes_at(now, place.timezone)
        self._expires = worth_until(_told_plan(broadcast), self._goes, place.timezone)
        self._texts: dict[Channel, RenderedText] = {}

    def queue(self, tx: Tx, decision: Decision) -> Settled:
        """Queue it for the readers of one household."""
        if not decision.readers:
            return Settled(decision.household_id, TargetState.SKIPPED.value, decision.reason)
        queued = [(reader.contact.id, self._queue_one(tx, reader)) for reader in decision.readers]
        contact_id, outbox_id = queued[0]
        if outbox_id is None:
            # Somebody who changed households in between has it already.
            return Settled(decision.household_id, TargetState.SKIPPED.value, TWICE)
        return Settled(decision.household_id, TargetState.QUEUED.value, None, contact_id, outbox_id)

    def _queue_one(self, tx: Tx, reader: Reader) -> str | None:
        text, address = self._text(reader.address.channel), reader.address
        by_sms = self._text(Channel.SMS).text if address.channel is Channel.WHATSAPP and address.phone else None
        return tx.queue(
            OutboxDraft(
                dedupe_key=f"broadcast:{self._broadcast.id}:{reader.contact.id}",
                contact_id=reader.contact.id,
                address_id=reader.address.id,
                channel=reader.address.channel,
                kind=Kind.BROADCAST,
                content_id=text.content_id,
                text=text.text,
                buttons=tuple(text.buttons),
                template=text.template,
                template_variables=text.template_variables,
                not_before=self._goes,
                expires_at=self._expires,
                priority=PRIORITY,
                consent_purpose=reader.purpose,
                topic=TOPIC,
                sms_text=by_sms,
            ),
            self._now,
        )

    def _text(self, channel: Channel) -> RenderedText:
        if channel not in self._texts:
            said: Mapping[str, Any] = self._broadcast.payload["vars"]
            kind, zone = self._broadcast.kind, self._place.timezone
            self._texts[channel] = words(self._deps, kind, said, self._sender, channel, self._now, zone)
        return self._texts[channel]


def _told_plan(broadcast: Broadcast) -> Plan:
    """The plan with the day and hour its text names."""
    return Plan.from_json({**broadcast.plan.as_json(), **_when(broadcast.payload["vars"])})


def _when(said: Mapping[str, Any]) -> dict[str, Any]:
    return {name: said[name] for name in ("date", "time") if said.get(name)}


def _tell_kader(deps: Deps, tx: Tx, broadcast: Broadcast, place: PosyanduRow, now: datetime, *, void: bool) -> None:
    """Say to whoever sent it that it is on its way, or that it could not go."""
    if broadcast.created_by is None or tx.contact(broadcast.created_by) is None:
        return
    if goes_at(now, place.timezone) > now and not void:
        return  # she was told at KIRIM when it goes; in the morning it may be taken back already
    fates = tx.count_fates(broadcast.id)
    queued = sum(count for (state, *_), count in fates.items() if state == TargetState.QUEUED)
    said = {
        "posyandu": place.name,
        "kind": broadcast.kind,
        "void": void,
        "queued": queued,
        "skipped": sum(fates.values()) - queued,
    }
    tell(deps, tx, broadcast.created_by, Reply(DONE_NOTICE, said), now, f"broadcast-done:{broadcast.id}")
