"""What became of a broadcast: while it goes, and the next morning by name, with whom to walk to."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sapa.messaging.quiet_hours import local_moment
from sapa.messaging.states import OutboxState
from sapa.services.access import may_act_for, staffer
from sapa.services.broadcast_audience import DANGER, MOURNING, MOVED_AWAY, NO_PHONE
from sapa.services.broadcast_records import Broadcast, BroadcastState, Progress, Report, TargetState, Unreached
from sapa.services.broadcast_release import CHANGED, REPLACED
from sapa.services.broadcast_texts import begins, goes_at
from sapa.services.day_records import NO_PHONE as VISIT_NO_PHONE
from sapa.services.day_records import UNREACHED as VISIT_UNREACHED
from sapa.services.day_records import HomeVisitRow, visit_id
from sapa.services.deps import Deps
from sapa.services.notices import tell
from sapa.services.one_by_one import one_by_one
from sapa.services.ports import Tx
from sapa.services.records import Reply

REPORT = "kader/siar/laporan"
REPORT_AT = time(7, 30)
MAX_NAMES = 15  # in one WhatsApp message; the console has them all
# A report follows the night after the messages went: between them lie the quiet hours at least.
_SHORTEST_NIGHT = timedelta(hours=11)
_DRAFT_LIFE = timedelta(hours=24)
_QUEUED = (OutboxState.QUEUED, OutboxState.ERRORED, OutboxState.SENDING, OutboxState.UNKNOWN)
# No visit because of a message: a danger is a case already, mourners are left in peace, the others have another kader
# or get another message.
_NO_VISIT = (DANGER, MOURNING, MOVED_AWAY)
# Taken back while it waited, because the day was moved or cancelled: nobody failed to hear what is no longer true.
_OVERTAKEN = (CHANGED, REPLACED)


def progress(tx: Tx, broadcast_id: str, now: datetime | None = None) -> Progress:
    """How far a broadcast is; the time left to undo it with `now` only. Raises KeyError: no such id."""
    known = tx.broadcast(broadcast_id)
    if known is None:
        raise KeyError(broadcast_id)
    counts: Counter[str] = Counter()
    skipped: Counter[str] = Counter()
    for (state, reason, outbox, error), count in tx.count_fates(broadcast_id).items():
        if state == TargetState.SKIPPED:
            skipped[reason or ""] += count
        elif state == TargetState.PENDING:
            counts["pending"] += count
        elif outbox == OutboxState.SUPPRESSED:
            skipped[error or ""] += count
        elif outbox is None:
            skipped["erased"] += count
        else:
            counts["queued" if outbox in _QUEUED else outbox] += count
    left = known.release_at - now if now and known.release_at and known.state == BroadcastState.CONFIRMED else None
    return Progress(
        state=known.state,
        total=counts.total() + skipped.total(),
        pending=counts["pending"],
        queued=counts["queued"],
        sent=counts[OutboxState.SENT],
        delivered=counts[OutboxState.DELIVERED],
        read=counts[OutboxState.READ],
        failed=counts[OutboxState.FAILED],
        skipped=dict(skipped),
        seconds_to_undo=max(0, int(left.total_seconds())) if left is not None else 0,
    )


def report(tx: Tx, broadcast_id: str) -> Report:
    """What became of a broadcast, those not reached by name; without those for whom it was overtaken by a newer one.

    Raises KeyError: no such id.
    """
    known = tx.broadcast(broadcast_id)
    if known is None:
        raise KeyError(broadcast_id)
    counts: Counter[str] = Counter()
    missed: list[tuple[str, str]] = []
    for fate in tx.fates(broadcast_id):
        if (fate.error if fate.outbox_state is OutboxState.SUPPRESSED else fate.reason) in _OVERTAKEN:
            continue
        if fate.state == TargetState.SKIPPED:
            missed.append((fate.household_id, fate.reason or ""))
        elif fate.outbox_state in (OutboxState.FAILED, OutboxState.SUPPRESSED):
            missed.append((fate.household_id, _why(fate.outbox_state, fate.error)))
        elif fate.outbox_state in (OutboxState.READ, OutboxState.DELIVERED):
            counts[fate.outbox_state] += 1
        else:
            counts["unconfirmed"] += 1
    names = tx.names_of([household_id for household_id, _ in missed])
    rows = [Unreached(one, *names.get(one, ("", "")), reason) for one, reason in missed]
    rows.sort(key=lambda row: (row.name.casefold(), row.household_id))
    return Report(
        broadcast_id=broadcast_id,
        state=known.state,
        total=counts.total() + len(rows),
        read=counts[OutboxState.READ],
        delivered=counts[OutboxState.DELIVERED],
        unconfirmed=counts["unconfirmed"],
        unreached=[row for row in rows if row.reason != NO_PHONE],
        no_phone=[row for row in rows if row.reason == NO_PHONE],
    )


def _why(state: OutboxState, error: str | None) -> str:
    return "failed" if state is OutboxState.FAILED else error or "suppressed"


# ------------------------------------------------------------------------------------------------- the next morning


def report_due(deps: Deps, now: datetime) -> int:
    """Tell each kader at 07:30 the morning after what became of her broadcasts; how many were reported.

    Whom it did not reach comes onto her list of home visits. Drafts nobody confirmed are forgotten on the way.
    """
    with deps.store.transaction(write=False) as tx:
        waiting = [one for one in tx.broadcasts_to_report(now - _SHORTEST_NIGHT) if reported_from(tx, one) <= now]
        forgotten = tx.has_drafts(now - _DRAFT_LIFE)
    if forgotten:
        with deps.store.transaction() as tx:
            tx.expire_broadcasts(now - _DRAFT_LIFE, now)
    return one_by_one(waiting, lambda broadcast: _report_one(deps, broadcast.id, now))


def reported_from(tx: Tx, broadcast: Broadcast) -> datetime:
    """When the report of a finished broadcast is told: 07:30 local on the morning after its messages went out."""
    place = tx.posyandu(broadcast.posyandu_id)
    assert place is not None and broadcast.finished_at is not None
    zone = place.timezone
    sent = goes_at(broadcast.finished_at, zone).astimezone(ZoneInfo(zone)).date()
    return local_moment(sent + timedelta(days=1), REPORT_AT, zone)


def _report_one(deps: Deps, broadcast_id: str, now: datetime) -> bool:
    with deps.store.transaction() as tx:
        if not tx.note_reported(broadcast_id, now):
            return False
        broadcast = tx.broadcast(broadcast_id)
        assert broadcast is not None
        found = report(tx, broadcast_id)
        _ask_for_visits(tx, broadcast, found, now)
        if found.total:  # "of 0 families" is no news
            _tell(deps, tx, broadcast, found, now)
    return True


def _ask_for_visits(tx: Tx, broadcast: Broadcast, found: Report, now: datetime) -> None:
    """Whom nothing reached is walked to, while there is still a day ahead to be told of."""
    place = tx.posyandu(broadcast.posyandu_id)
    assert place is not None
    start = begins(broadcast.plan, place.timezone)
    if start is not None and start <= now:
        return
    for row in (*found.unreached, *found.no_phone):
        if row.reason in _NO_VISIT:
            continue
        reason = VISIT_NO_PHONE if row.reason == NO_PHONE else VISIT_UNREACHED
        tx.add_home_visit(
            HomeVisitRow(
                id=visit_id(reason, row.household_id, broadcast.session_id or broadcast.id),
                posyandu_id=broadcast.posyandu_id,
                household_id=row.household_id,
                reason=reason,
                since=now,
                session_id=broadcast.session_id,
            ),
            now,
        )


def _tell(deps: Deps, tx: Tx, broadcast: Broadcast, found: Report, now: datetime) -> None:
    """The report names families: only to somebody who may still see them."""
    who = staffer(tx, broadcast.created_by) if broadcast.created_by else None
    place = tx.posyandu(broadcast.posyandu_id)
    if who is None or place is None or not may_act_for(who, broadcast.posyandu_id):
        return
    tell(deps, tx, who.contact_id, Reply(REPORT, report_vars(broadcast, found, place.name)), now, _key(broadcast))


def _key(broadcast: Broadcast) -> str:
    return f"broadcast-report:{broadcast.id}"


def report_vars(broadcast: Broadcast, found: Report, posyandu: str) -> dict[str, Any]:
    """What the text of the report is told (plain JSON), at most MAX_NAMES names."""
    shown = found.unreached[:MAX_NAMES]
    without = found.no_phone[: MAX_NAMES - len(shown)]
    return {
        "posyandu": posyandu,
        "kind": broadcast.kind,
        "date": broadcast.payload["vars"].get("date"),
        "total": found.total,
        "reached": found.reached,
        "read": found.read,
        "unconfirmed": found.unconfirmed,
        "unreached": [_line(row) for row in shown],
        "more_unreached": len(found.unreached) - len(shown),
        "no_phone": [_line(row) for row in without],
        "more_no_phone": len(found.no_phone) - len(without),
    }


def _line(row: Unreached) -> dict[str, str]:
    return {"name": row.name, "address": row.address, "reason": row.reason}
