"""What kind of case is told to whom, how soon, and how often somebody is reminded. Every figure here is our own.

No source says how fast a kader must answer; a bidan of the puskesmas may change these. Nothing here asks the store:
a case as it stands and a moment go in, what is due comes out.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from sapa.family.people import QuietHours
from sapa.family.reading.casework import speaks_of_contraception
from sapa.messaging.quiet_hours import local_moment, next_allowed
from sapa.services.access import Role
from sapa.services.case_records import CaseView
from sapa.services.emergencies import DANGER_QUESTION


class Speed(StrEnum):
    """How soon the staff hear of a case."""

    NIGHT_TOO = "night_too"  # at once, also at night
    DAYTIME = "daytime"  # at once, outside quiet hours
    DIGEST = "digest"  # with the others of the day, in the morning


@dataclass(frozen=True)
class Handling:
    """How a kind of case is handled. first: who is told of it; then: who is told besides, from the first reminder on.

    again: how long after the first word the second comes; after it: the pause of a danger, else 08:00 of the next day.
    most: how many reminders while nobody has it. answer_in: how soon whoever has it should answer.
    """

    first: tuple[Role, ...]
    then: tuple[Role, ...]
    speed: Speed
    again: timedelta
    after: timedelta | None
    most: int
    answer_in: timedelta


_BOTH, _KADER, _BIDAN = (Role.KADER, Role.BIDAN), (Role.KADER,), (Role.BIDAN,)
_4_HOURS, _2_HOURS = timedelta(hours=4), timedelta(hours=2)
_QUARTER, _HALF_HOUR = timedelta(minutes=15), timedelta(minutes=30)

_ORDINARY = Handling(_KADER, _BIDAN, Speed.DAYTIME, _4_HOURS, None, 5, _2_HOURS)
# What can wait for the morning is told once; it stands in the list until somebody closes it.
_SLOW = Handling(_BOTH, (), Speed.DIGEST, _4_HOURS, None, 0, _2_HOURS)

HANDLING: dict[str, Handling] = {
    "danger": Handling(_BOTH, (), Speed.NIGHT_TOO, _QUARTER, _HALF_HOUR, 6, _QUARTER),
    # A question whether there is a danger, not answered yet: somebody in need may not answer.
    "asked": Handling(_BOTH, (), Speed.NIGHT_TOO, _4_HOURS, None, 5, _2_HOURS),
    "handover": _ORDINARY,
    "fault": _ORDINARY,
    "duka": Handling(_BOTH, (), Speed.DAYTIME, _4_HOURS, None, 5, _2_HOURS),
    # The family was told what to do and asked whether a human shall be told: the "yes" opens a case of its own.
    "keluhan": _SLOW,
    "nomor": _SLOW,
    "bayi-kecil": _SLOW,
    "pertumbuhan": _SLOW,
}
# A second one of the same kind, of the same family, so soon after the first is the same case.
SAME_CASE = timedelta(hours=24)
SAME_DANGER = timedelta(hours=1)
MERGED = frozenset({"handover", "fault", "keluhan", "danger"})
DIGEST_AT = time(8)
DAILY_AT = time(8)
# After so long without a word of the human the bot answers again.
PATIENCE = timedelta(hours=24)
# How often whoever has a case is reminded to answer, and to close it.
MOST_TO_TAKER = 3
TO_CLOSE = timedelta(days=7)
MOST_TO_CLOSE = 3
# A reminder by day comes at least so long after the one before: the store looks for what may be due by this.
DAILY_AT_LEAST = timedelta(hours=12)
QUIET = QuietHours()

_DISCREET = ("kb/", "dialog/kb/", "pengingat/kb/", "dialog/persetujuan/kb", "flow/daftar-kb", "flow/catat-kb")
_DISCREET_DANGERS = ("bahaya/kekerasan",)


def handling(case: CaseView) -> Handling:
    """How this case is handled. A kind nobody knows is handled as an ordinary one."""
    if case.row.kind == "keluhan" and case.said_in_reply == DANGER_QUESTION:
        return HANDLING["asked"]
    return HANDLING.get(case.row.kind, _ORDINARY)


def is_urgent(case: CaseView) -> bool:
    """Whether it is a danger, or a question whether there is one."""
    return handling(case).speed is Speed.NIGHT_TOO


def is_same_case(earlier: CaseView, case: CaseView) -> bool:
    """Whether a new case only says again what an open one of the same family says.

    Not a discreet one after one that a kader has seen; after a discreet one, what follows stays the bidan's.
    """
    row, first = case.row, earlier.row
    within = SAME_DANGER if row.kind == "danger" else SAME_CASE
    return (
        row.kind == first.kind
        and row.kind in MERGED
        and handling(case) == handling(earlier)
        and first.id != row.id
        and timedelta(0) <= row.opened_at - first.opened_at <= within
        and (first.number or 0) < (row.number or 0)
        and first.notified_at is not None
        and (is_for_bidan_only(earlier) or not is_for_bidan_only(case))
    )


def is_for_bidan_only(case: CaseView) -> bool:
    """Whether no kader may see it: contraception (its consent names no kader), and violence at home, which is told to
    no neighbour."""
    known = [said for said in (case.label, case.said_before, case.said_in_reply) if said is not None]
    return (
        any(said.startswith(_DISCREET) for said in known)
        or case.said_in_reply in _DISCREET_DANGERS
        or speaks_of_contraception(case.words)
    )


def first_told(case: CaseView) -> tuple[Role, ...]:
    """Whom the first word about it goes to."""
    return _allowed(case, handling(case).first)


def reminded(case: CaseView) -> tuple[Role, ...]:
    """Whom a reminder goes to while nobody has it."""
    return _allowed(case, (*handling(case).first, *handling(case).then))


def _allowed(case: CaseView, roles: tuple[Role, ...]) -> tuple[Role, ...]:
    return _BIDAN if case.handed or is_for_bidan_only(case) else roles


# ------------------------------------------------------------------------------------------------- when what is due


def told_at(case: CaseView, zone: str) -> datetime:
    """When the staff may hear of a new case."""
    how = handling(case)
    if how.speed is Speed.NIGHT_TOO:
        return case.row.opened_at
    if how.speed is Speed.DAYTIME:
        return next_allowed(case.row.opened_at, zone, QUIET)
    return _next_clock(case.row.opened_at, DIGEST_AT, zone)


def silent_until(case: CaseView) -> datetime | None:
    """Until when the bot leaves this family to the human who has the case; None if nobody has it."""
    if case.row.taken_by is None or case.row.closed_at is not None:
        return None
    return (case.last_human_at or case.row.taken_at or case.row.opened_at) + PATIENCE


def waits_for_answer(case: CaseView) -> bool:
    """Whether the family still waits for a human's word: nobody has answered, or they have written since."""
    if case.row.answered_at is None:
        return True
    last = case.last_answer_at or case.row.answered_at
    return case.last_family_at is not None and case.last_family_at > last


def reminder_at(case: CaseView, zone: str) -> datetime | None:
    """When the next reminder is due; None if none is. Of a case that somebody has: to that person."""
    row = case.row
    if row.closed_at is not None:
        return None
    if row.taken_by is not None:
        return _to_taker(case, zone)
    if row.notified_at is None:
        return None
    if not waits_for_answer(case):
        due = (row.reminded_at or row.notified_at) + TO_CLOSE
        return next_allowed(due, zone, QUIET) if row.reminded < MOST_TO_CLOSE else None
    how = handling(case)
    if row.reminded >= how.most:
        return None
    last = row.reminded_at or row.notified_at
    if how.after is not None:
        return last + (how.again if row.reminded == 0 else how.after)
    if row.reminded == 0:
        return next_allowed(last + how.again, zone, QUIET)
    return _next_day_at(last, DAILY_AT, zone)


def _to_taker(case: CaseView, zone: str) -> datetime | None:
    """Who has a case and says nothing is reminded; what was said last decides, not what was said first."""
    row, how = case.row, handling(case)
    if row.reminded >= MOST_TO_TAKER or not waits_for_answer(case):
        return None
    since = max(moment for moment in (row.taken_at, case.last_human_at) if moment is not None)
    due = (row.reminded_at or _later(since, case.last_family_at)) + how.answer_in
    return due if how.speed is Speed.NIGHT_TOO else next_allowed(due, zone, QUIET)


def _later(first: datetime, second: datetime | None) -> datetime:
    return first if second is None else max(first, second)


def _next_clock(moment: datetime, at: time, zone: str) -> datetime:
    """The first moment after `moment` at which the clock shows `at`."""
    today = moment.astimezone(ZoneInfo(zone)).date()
    shown = local_moment(today, at, zone)
    return shown if shown > moment else local_moment(today + timedelta(days=1), at, zone)


def _next_day_at(moment: datetime, at: time, zone: str) -> datetime:
    return local_moment(moment.astimezone(ZoneInfo(zone)).date() + timedelta(days=1), at, zone)
