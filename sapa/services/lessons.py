"""One short lesson a week for every kader who wants it: Monday at 16:00 at her posyandu, from the first to the last.

The lessons are texts under content/id/kader/pelajaran, in the order of the numbers their names begin with.
"""

from __future__ import annotations

import re
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from sapa.services.access import Staffer, staffer
from sapa.services.deps import Deps
from sapa.services.notices import tell
from sapa.services.ports import Tx
from sapa.services.records import Reply

FOLDER = "kader/pelajaran/"
# Ours: the posyandu is over and the evening's cooking has not begun. Monday is 0.
WEEKDAY, HOUR = 0, time(16)
# After a long outage a lesson waits for its next Monday: a kader gets one a week, not two in two days.
_LATE = timedelta(hours=48)
_BATCH = 200
_NUMBERED = re.compile(rf"{FOLDER}(\d+)-[a-z0-9-]+")


def lessons(deps: Deps) -> list[str]:
    """The content ids of all lessons in their order; the first is lesson 1."""
    numbered = [(int(match[1]), one) for one in deps.content.ids() if (match := _NUMBERED.fullmatch(one))]
    return [content_id for _, content_id in sorted(numbered)]


def start(deps: Deps, tx: Tx, who: Staffer, now: datetime) -> Reply:
    """Sign her up; she goes on where she stopped, and begins anew after the last one."""
    known = tx.lesson_of(who.contact_id)
    total = len(lessons(deps))
    number = known[0] if known is not None and known[0] <= total else 1
    at = known[1] if known is not None and known[1] is not None else next_moment(_zone(deps, tx, who), now)
    tx.save_lesson(who.contact_id, number, at, now)
    if known is None or known[1] is None:
        tx.audit("lessons_started", who.contact_id, {"number": number}, now)
    return Reply("kader/pelajaran-mulai", {"number": number, "total": total, "date": _day(deps, tx, who, at)})


def stop(tx: Tx, contact_id: str, now: datetime) -> Reply:
    """No more lessons; where she stopped is kept."""
    known = tx.lesson_of(contact_id)
    if known is not None and known[1] is not None:
        tx.save_lesson(contact_id, known[0], None, now)
        tx.audit("lessons_stopped", contact_id, {"number": known[0]}, now)
    return Reply("kader/pelajaran-berhenti")


def lessons_due(deps: Deps, now: datetime) -> int:
    """Send the lessons whose moment has come; how many. A clock job: run twice, it sends nothing twice."""
    # Looking every few seconds costs nobody the write lock.
    with deps.store.transaction(write=False) as tx:
        if not tx.due_lessons(now, 1):
            return 0
    ids = lessons(deps)
    with deps.store.transaction() as tx:
        due = tx.due_lessons(now, _BATCH)
        return sum(_send(deps, tx, contact_id, number, ids, now) for contact_id, number in due)


def next_moment(zone: str, after: datetime) -> datetime:
    """The first Monday 16:00 in a time zone after a moment."""
    local = after.astimezone(ZoneInfo(zone))
    day = local.date() + timedelta(days=(WEEKDAY - local.weekday()) % 7)
    moment = datetime.combine(day, HOUR, ZoneInfo(zone))
    return moment if moment > after else datetime.combine(day + timedelta(days=7), HOUR, ZoneInfo(zone))


def _send(deps: Deps, tx: Tx, contact_id: str, number: int, ids: list[str], now: datetime) -> int:
    who, contact, known = staffer(tx, contact_id), tx.contact(contact_id), tx.lesson_of(contact_id)
    silent = contact is None or contact.opted_out_at is not None or who is None
    if silent or who is None or known is None or known[1] is None or not 1 <= number <= len(ids):
        tx.save_lesson(contact_id, number, None, now)
        return 0
    following = next_moment(_zone(deps, tx, who), now)
    if now - known[1] > _LATE:
        tx.save_lesson(contact_id, number, following, now)
        return 0
    last = number == len(ids)
    reply = Reply(ids[number - 1], {"number": number, "total": len(ids)})
    queued = tell(deps, tx, contact_id, reply, now, f"lesson:{contact_id}:{number}:{known[1]:%Y%m%d}")
    tx.save_lesson(contact_id, number + 1, None if last else following, now)
    return 0 if queued is None else 1


def _zone(deps: Deps, tx: Tx, who: Staffer) -> str:
    """The time zone of her posyandu; of an admin's or bidan's first one."""
    for posyandu_id in sorted(who.figures):
        place = tx.posyandu(posyandu_id)
        if place is not None:
            return place.timezone
    return deps.default_timezone


def _day(deps: Deps, tx: Tx, who: Staffer, at: datetime) -> str:
    return at.astimezone(ZoneInfo(_zone(deps, tx, who))).date().isoformat()
