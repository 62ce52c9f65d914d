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
from sapa.services.one_by_one import one_by_one
from sapa.services.ports import Tx

# What cannot wait. Cases by themselves: a danger must not wait until five thousand invitations are out.
CASES: dict[str, Callable[[Deps, datetime], int]] = {
    "cases_told": case_notices.notify_due,
    "cases_reminded": case_notices.remind_due,
}
RELEASES: dict[str, Callable[[Deps, datetime], int]] = {"released": release_due}
URGENT = CASES | RELEASES
# What goes by the hour of the day.
DAILY: dict[str, Callable[[Deps, datetime], int]] = {
    "reported": report_due,
    "lists": eve_lists_due,
    "to_walk_to": no_phone_due,
    "missed": missed_due,
    "lessons": lessons_due,
}


def run(jobs: dict[str, Callable[[Deps, datetime], int]], deps: Deps, now: datetime) -> Counter[str]:
    """Do the jobs; how much each did, without those that had nothing to do.

    One that fails keeps none of the others from its turn; its error is raised at the end.
    """
    done: Counter[str] = Counter()

    def do(name: str) -> int:
        done[name] = jobs[name](deps, now)
        return done[name]

    one_by_one(jobs, do)
    return +done


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
