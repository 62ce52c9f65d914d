"""A kader calls her families: previewed, confirmed with KIRIM, two minutes to undo, then sent; reported next morning.

The states of a broadcast move in the store by guarded statements (see BroadcastTx); what they mean stands in
broadcast_records. Who reads it: broadcast_audience. Whether it may: broadcast_preview. How it goes out:
broadcast_release. What became of it: broadcast_reports.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID, uuid5

from sapa.services.access import Staffer, may_act_for, staffer
from sapa.services.broadcast_preview import UNDO, about, preview, why_refused
from sapa.services.broadcast_records import (
    Broadcast,
    BroadcastKind,
    BroadcastState,
    Code,
    Plan,
    Preview,
    Progress,
    Refusal,
    Report,
    Unreached,
    Warn,
)
from sapa.services.broadcast_release import release_due
from sapa.services.broadcast_reports import progress, report, report_due
from sapa.services.broadcast_texts import CONTENT, completed, goes_at, text_vars
from sapa.services.deps import Deps
from sapa.services.ports import Tx

__all__ = [
    "UNDO",
    "Broadcast",
    "BroadcastKind",
    "BroadcastState",
    "Code",
    "Plan",
    "Preview",
    "Progress",
    "Refusal",
    "Report",
    "Unreached",
    "Warn",
    "confirm",
    "create",
    "preview",
    "progress",
    "release_due",
    "report",
    "report_due",
    "undo",
]

# A draft that nobody confirmed by then is forgotten. Ours.
DRAFT_LIFE = timedelta(hours=24)
_IDS = UUID("7b0d52c7-5f0f-4f63-9f6c-2f4d8a3f1f02")


def create(deps: Deps, tx: Tx, who: Staffer, plan: Plan, now: datetime, *, key: str) -> Broadcast:
    """Keep a broadcast as a draft. key: what asked for it (a message's id): the same key is the same broadcast.

    Raises Refusal where `preview` refuses.
    """
    broadcast_id = str(uuid5(_IDS, key))
    known = tx.broadcast(broadcast_id)
    if known is not None:
        return known
    place = tx.posyandu(plan.posyandu_id)
    if place is None or not may_act_for(who, plan.posyandu_id):
        raise Refusal(Code.NOT_ALLOWED)
    session = about(tx, plan)
    full = completed(plan, session)
    refused = why_refused(tx, who, full, session, place, now)
    if refused is not None:
        raise Refusal(refused)
    row = Broadcast(
        id=broadcast_id,
        kind=BroadcastKind(full.kind).value,
        posyandu_id=place.id,
        session_id=session.id if session else None,
        created_by=who.contact_id,
        content_id=CONTENT[BroadcastKind(full.kind)],
        payload={"plan": full.as_json(), "vars": text_vars(full, place, session)},
        state=BroadcastState.DRAFT.value,
        created_at=now,
    )
    tx.add_broadcast(row)
    tx.audit("broadcast_drafted", None, {"broadcast": row.id, "kind": row.kind}, now, actor_id=who.contact_id)
    return _kept(tx, broadcast_id)


def confirm(deps: Deps, tx: Tx, who: Staffer, broadcast_id: str, now: datetime) -> Broadcast:
    """KIRIM: it goes out after the undo. Twice changes nothing. Raises Refusal; nothing is written then.

    Role, day and limits are looked at again: a draft may be a day old.
    """
    draft = tx.broadcast(broadcast_id)
    if draft is None:
        raise Refusal(Code.GONE)
    tx.lock_posyandu(draft.posyandu_id)
    draft = _kept(tx, broadcast_id)
    fresh = staffer(tx, who.contact_id)
    place = tx.posyandu(draft.posyandu_id)
    if fresh is None or place is None or not may_act_for(fresh, draft.posyandu_id):
        raise Refusal(Code.NOT_ALLOWED)
    if draft.state in (BroadcastState.CONFIRMED, BroadcastState.SENDING, BroadcastState.DONE):
        return draft
    if draft.state != BroadcastState.DRAFT or now - draft.created_at > DRAFT_LIFE:
        raise Refusal(Code.GONE)
    refused = why_refused(tx, fresh, draft.plan, about(tx, draft.plan), place, now)
    if refused is not None:
        raise Refusal(refused)
    if tx.confirm_broadcast(broadcast_id, now, _release_at(draft, place.timezone, now)):
        tx.audit("broadcast_confirmed", None, {"broadcast": broadcast_id}, now, actor_id=who.contact_id)
    return _kept(tx, broadcast_id)


def _release_at(draft: Broadcast, tz: str, now: datetime) -> datetime:
    """After the undo. An announcement of the evening can be taken back until it goes out in the morning; a day that is
    called, moved or cancelled stands at once, for a mother may ask for it tonight.
    """
    soon = now + UNDO
    return goes_at(soon, tz) if draft.kind == BroadcastKind.ANNOUNCEMENT else soon


def undo(deps: Deps, tx: Tx, who: Staffer, broadcast_id: str, now: datetime) -> bool:
    """Take a confirmed broadcast back; False once it is on its way, or if it is not theirs to take back."""
    known = tx.broadcast(broadcast_id)
    fresh = staffer(tx, who.contact_id)
    if known is None or fresh is None or not may_act_for(fresh, known.posyandu_id):
        return False
    if not tx.undo_broadcast(broadcast_id, now):
        return False
    tx.audit("broadcast_undone", None, {"broadcast": broadcast_id}, now, actor_id=who.contact_id)
    return True


def _kept(tx: Tx, broadcast_id: str) -> Broadcast:
    kept = tx.broadcast(broadcast_id)
    assert kept is not None
    return kept
