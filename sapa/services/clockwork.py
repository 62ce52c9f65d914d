"""What the clock does for the work of staff: broadcasts, lists, cases, lessons. And when it has to do it next.

Each job looks first and writes only where something is due; each may run twice, and on several machines.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sapa.messaging.quiet_hours import local_moment
from sapa.services import case_notices
from sapa.services.broadcast_release import release_due
from sapa.services.broadcast_reports import report_due, reported_from
from sapa.services.day_clock import EVE_AT, MISSED_AT, WALK_AT, WALK_DAYS, eve_lists_due, missed_due, no_phone_due
from sapa.services.deps import Deps
from sapa.services.lessons import lessons_due
from sapa.services.ports import Tx

# What cannot wait: a broadcast whose undo is over, a case nobody has been told of.
URGENT: dict[str, Callable[[Deps, datetime], int]] = {
    # Cases first: a danger must not wait for five thousand invitations.
    "cases_told": case_notices.notify_due,
    "cases_reminded": case_notices.remind_due,
    "released": release_due,
}
# What goes by the hour of the day.
DAILY: dict[str, Callable[[Deps, datetime], int]] = {
    "reported": report_due,
    "lists": eve_lists_due,
    "to_walk_to": no_phone_due,
    "missed": missed_due,
    "lessons": lessons_due,
}


def run(jobs: dict[str, Callable[[Deps, datetime], int]], deps: Deps, now: datetime) -> Counter[str]:
    """Do the jobs; how much each did, without those that had nothing to do."""
    return Counter({name: done for name, job in jobs.items() if (done := job(deps, now))})


def next_moment(deps: Deps, tx: Tx, after: datetime, until: datetime) -> datetime | None:
    """The next moment after `after`, up to `until`, at which one of the jobs has something to do; None if none has."""
    return min((moment for moment in _moments(deps, tx, after, until) if after < moment <= until), default=None)


def _moments(deps: Deps, tx: Tx, after: datetime, until: datetime) -> Iterator[datetime]:
    for single in (
        tx.next_broadcast_at(after),
        tx.next_lesson_at(after),
        case_notices.next_moment(deps, tx, after, until),
    ):
        if single is not None:
            yield single
    for broadcast in tx.broadcasts_to_report(until):
        yield reported_from(tx, broadcast)
    first, last = after.date() - timedelta(days=1), until.date() + timedelta(days=WALK_DAYS + 1)
    zones = {place.id: place.timezone for place in tx.list_posyandu()}
    for session in tx.open_sessions(first, last):
        zone = zones[session.posyandu_id]
        yield local_moment(session.date - timedelta(days=1), EVE_AT, zone)
        yield local_moment(session.date - timedelta(days=WALK_DAYS), WALK_AT, zone)
    for session in tx.closed_sessions(after - timedelta(days=2)):
        zone = zones[session.posyandu_id]
        closed_on = session.closed_at.astimezone(ZoneInfo(zone)).date() if session.closed_at else session.date
        yield local_moment(max(session.date, closed_on) + timedelta(days=1), MISSED_AT, zone)
