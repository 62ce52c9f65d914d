"""Who is told of a case and reminded of it: two jobs of the clock. Each word is said once, however often they run."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from sapa.services.access import Role
from sapa.services.case_people import concerned, concerned_or_bidan
from sapa.services.case_records import CaseView, NoteKind
from sapa.services.case_replies import release
from sapa.services.case_rules import (
    DAILY_AT_LEAST,
    HANDLING,
    PATIENCE,
    Speed,
    first_told,
    handling,
    is_same_case,
    is_urgent,
    reminded,
    reminder_at,
    silent_until,
    told_at,
    waits_for_answer,
)
from sapa.services.case_talk import (
    DIGEST,
    NEW,
    REMIND,
    TO_ANSWER,
    TO_CLOSE,
    case_vars,
    say_to_staff,
    zone_of,
)
from sapa.services.deps import Deps
from sapa.services.one_by_one import one_by_one
from sapa.services.ports import Tx
from sapa.services.records import Reply

# How soon it is looked again whether there is somebody by now who can be told.
LOOK_AGAIN = timedelta(hours=1)
UNASSIGNED = "case_unassigned"
# How many cases a morning's list names; the rest is counted.
MOST_LISTED = 8
_SHORT = min(how.again for how in HANDLING.values())
_LONG = min(how.answer_in for how in HANDLING.values() if how.speed is not Speed.NIGHT_TOO)
_BATCH = 200


def notify_due(deps: Deps, now: datetime) -> int:
    """Tell the staff of cases nobody was told of; how many cases. One transaction a case, or a morning's list."""
    with deps.store.transaction(write=False) as tx:
        untold = tx.cases_to_tell(now - LOOK_AGAIN, _BATCH)
    waiting = [case for case in untold if told_at(case, zone_of(deps, case)) <= now]
    slow = [case for case in waiting if handling(case).speed is Speed.DIGEST]
    told = one_by_one([case for case in waiting if case not in slow], lambda case: _tell(deps, case, now))
    return told + _tell_slow(deps, slow, now)


def remind_due(deps: Deps, now: datetime) -> int:
    """Remind whoever sleeps on a case, and free what nobody has spoken about for a day; how many cases."""
    with deps.store.transaction(write=False) as tx:
        candidates = tx.cases_to_remind(now - _SHORT, now - _LONG, now - DAILY_AT_LEAST, _BATCH)
        due = [case for case in candidates if _due(deps, case, now)]
    return one_by_one(due, lambda case: _remind(deps, case.row.id, now))


def next_moment(deps: Deps, tx: Tx, after: datetime, until: datetime) -> datetime | None:
    """The next moment after `after`, up to `until`, at which one of the two jobs has something to do."""
    moments = (moment for case in tx.next_case_word() for moment in _moments(deps, case))
    return min((moment for moment in moments if after < moment <= until), default=None)


def _moments(deps: Deps, case: CaseView) -> Iterable[datetime]:
    zone, row = zone_of(deps, case), case.row
    if row.notified_at is None and row.taken_by is None:
        yield told_at(case, zone)
        if row.reminded_at is not None:
            yield row.reminded_at + LOOK_AGAIN
    for moment in (silent_until(case), reminder_at(case, zone)):
        if moment is not None:
            yield moment


# ---------------------------------------------------------------------------------------------------------- first told


def _tell(deps: Deps, case: CaseView, now: datetime) -> int:
    with deps.store.transaction() as tx:
        if _merged(deps, tx, case, now):
            return 0
        people = concerned_or_bidan(tx, case, first_told(case))
        if not people:
            return _found_nobody(tx, case, now)
        if not tx.mark_told(case.row.id, now):
            return 0
        for contact_id in people:
            told = Reply(NEW, {**case_vars(case, now), "handed_by": None})
            say_to_staff(deps, tx, contact_id, case, told, now, "new", waits=not is_urgent(case))
        return 1


def _merged(deps: Deps, tx: Tx, case: CaseView, now: datetime) -> bool:
    """Write a case that only repeats an open one into that one's story; False if it is one of its own."""
    twins = [other for other in tx.case_views(contact_id=case.row.contact_id) if is_same_case(other, case)]
    if not twins or not tx.conclude_case(case.row.id, f"#{twins[0].row.number}", None, now):
        return False
    twin = twins[0]
    tx.add_case_note(twin.row.id, NoteKind.FAMILY, case.words, now, inbound_id=case.row.inbound_id)
    detail = {"number": case.row.number, "into": twin.row.number}
    tx.audit("case_merged", case.row.contact_id, detail, now, household_id=case.household_id)
    if is_urgent(twin) and twin.row.taken_by is None:
        # Whoever calls for help twice is heard twice.
        again = replace(twin, words=case.words)
        _tell_others(deps, tx, again, now, set(), f"again:{case.row.id}")
    return True


def _found_nobody(tx: Tx, case: CaseView, now: datetime) -> int:
    """There is nobody to tell yet. Written down once; `sapa cases list` shows the case to whoever runs the system."""
    if case.row.reminded_at is None:
        tx.audit(UNASSIGNED, case.row.contact_id, {"kind": case.row.kind, "number": case.row.number}, now)
    tx.mark_looked_at(case.row.id, now)
    return 0


def _tell_slow(deps: Deps, cases: list[CaseView], now: datetime) -> int:
    """One list a morning for each of the staff, of all that can wait."""
    if not cases:
        return 0
    with deps.store.transaction() as tx:
        lists: dict[str, list[CaseView]] = defaultdict(list)
        for case in cases:
            if _merged(deps, tx, case, now):
                continue
            people = concerned_or_bidan(tx, case, first_told(case))
            if not people:
                _found_nobody(tx, case, now)
            elif tx.mark_told(case.row.id, now):
                for contact_id in people:
                    lists[contact_id].append(case)
        for contact_id, listed in lists.items():
            told = Reply(DIGEST, digest_vars(listed, now))
            say_to_staff(deps, tx, contact_id, listed[0], told, now, "digest", waits=True)
        return len({case.row.id for listed in lists.values() for case in listed})


def digest_vars(cases: list[CaseView], now: datetime) -> dict[str, object]:
    """What the morning's list is told: the first cases, and how many more there are."""
    return {
        "cases": [case_vars(case, now) for case in cases[:MOST_LISTED]],
        "more": max(len(cases) - MOST_LISTED, 0),
    }


# ------------------------------------------------------------------------------------------------------------ reminded


def _due(deps: Deps, case: CaseView, now: datetime) -> bool:
    until, due = silent_until(case), reminder_at(case, zone_of(deps, case))
    return (until is not None and until <= now) or (due is not None and due <= now)


def _remind(deps: Deps, case_id: str, now: datetime) -> int:
    with deps.store.transaction() as tx:
        tx.lock_case(case_id)
        found = tx.case_views(case_id=case_id)
        # Somebody may have taken, answered or closed it since it was found.
        if not found or not _due(deps, found[0], now):
            return 0
        case = found[0]
        until = silent_until(case)
        if until is not None and until <= now:
            return _free(deps, tx, case, now)
        if not tx.mark_reminded(case_id, case.row.reminded, now):
            return 0
        if case.row.taken_by is not None:
            _remind_taker(deps, tx, case, now)
        else:
            _remind_everybody(deps, tx, case, now)
        return 1


def _free(deps: Deps, tx: Tx, case: CaseView, now: datetime) -> int:
    """A day without a word of the human: the bot answers again, and if the family still waits, others hear of it."""
    taker = case.row.taken_by
    if not release(deps, tx, case, now, by_family=False):
        return 0
    if waits_for_answer(case):
        _tell_others(deps, tx, case, now, {taker}, f"freed:{now.isoformat()}")
    return 1


def _remind_taker(deps: Deps, tx: Tx, case: CaseView, now: datetime) -> None:
    """Whoever has it is reminded; from the second time on the bidan hears of it too."""
    assert case.row.taken_by is not None
    key = f"unanswered:{(case.last_human_at or now).isoformat()}:{case.row.reminded}"
    told = Reply(TO_ANSWER, {**case_vars(case, now), "taker": None})
    say_to_staff(deps, tx, case.row.taken_by, case, told, now, key, waits=not is_urgent(case))
    if case.row.reminded >= 1:
        others = Reply(TO_ANSWER, {**case_vars(case, now), "taker": case.taker or ""})
        for contact_id in concerned(tx, case, (Role.BIDAN,)):
            if contact_id != case.row.taken_by:
                say_to_staff(deps, tx, contact_id, case, others, now, key, waits=not is_urgent(case))


def _remind_everybody(deps: Deps, tx: Tx, case: CaseView, now: datetime) -> None:
    key = f"remind:{(case.row.reminded_at or case.row.notified_at or now).isoformat()}:{case.row.reminded}"
    if waits_for_answer(case):
        _tell_others(deps, tx, case, now, set(), key)
        return
    for contact_id in concerned_or_bidan(tx, case, first_told(case)):
        told = Reply(TO_CLOSE, case_vars(case, now))
        say_to_staff(deps, tx, contact_id, case, told, now, key, waits=True)


def _tell_others(deps: Deps, tx: Tx, case: CaseView, now: datetime, without: set[str | None], key: str) -> None:
    for contact_id in concerned_or_bidan(tx, case, reminded(case)):
        if contact_id not in without:
            told = Reply(REMIND, case_vars(case, now))
            say_to_staff(deps, tx, contact_id, case, told, now, key, waits=not is_urgent(case))


__all__ = ["LOOK_AGAIN", "PATIENCE", "digest_vars", "next_moment", "notify_due", "remind_due"]
