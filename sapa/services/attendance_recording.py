"""Writing down who came to a posyandu day and what they weighed.

A weighing that cannot be is not kept: it is asked again, and nothing else of the message is lost. What is kept is
judged as a weighing told by the family is (sapa.services.growth_recording), and a case is opened where one must be;
the family hears nothing of it from a robot, the kader is told what to do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sapa.family.expected import CHILD, MOTHER, Followed
from sapa.family.growth import Doubt, doubts_about, likely_meant
from sapa.family.people import Child, Measurement
from sapa.services.access import Staffer
from sapa.services.day_records import ABSENT, NO_PHONE, AttendanceRow, HomeVisitRow, visit_id
from sapa.services.day_roster import Day, allowed, day_of
from sapa.services.deps import Deps
from sapa.services.growth_recording import CASE, growth_result, joined, needs_case, with_weighing
from sapa.services.ports import Tx
from sapa.services.seats import in_line

SOURCE = "kader"
MOVED, ILL = "pindah", "sakit"

# Why an entry, or its numbers, was not kept.
UNKNOWN, NOT_YET, DOUBTED, MOTHERS_WEIGHT = "unknown", "not_yet", "doubt", "mothers_weight"


@dataclass(frozen=True)
class Entry:
    """One line of attendance. Numbers say that somebody came, whatever `came` says.

    measure: L (lying), H (standing) or "". excuse: MOVED or ILL, of somebody who did not come. insisted: the numbers
    were asked about once and stand.
    """

    subject_id: str
    came: bool = True
    weight_kg: float | None = None
    lenhei_cm: float | None = None
    measure: str = ""
    excuse: str | None = None
    insisted: bool = False

    @property
    def measured(self) -> bool:
        return self.weight_kg is not None or self.lenhei_cm is not None


@dataclass(frozen=True)
class Saved:
    """What is written down of one person. result: what the weighing comes to (growth_result), None without one.

    case: a human must look at it.
    """

    subject_id: str
    household_id: str
    name: str | None
    came: bool
    weight_kg: float | None = None
    lenhei_cm: float | None = None
    result: Mapping[str, Any] | None = None
    case: bool = False


@dataclass(frozen=True)
class Caution:
    """What was not kept, and why: UNKNOWN (nobody of this posyandu), NOT_YET (the day has not come), DOUBTED (numbers
    that cannot be: about, and what may have been meant), MOTHERS_WEIGHT (the weight of a pregnant woman is not kept).
    """

    subject_id: str
    code: str
    name: str | None = None
    weight_kg: float | None = None
    lenhei_cm: float | None = None
    about: tuple[Doubt, ...] = ()
    meant: Measurement | None = None


@dataclass(frozen=True)
class Recorded:
    """What came of a list of entries; `missing`: how many are expected and not written down yet."""

    saved: tuple[Saved, ...]
    warnings: tuple[Caution, ...]
    missing: int


def record_attendance(
    deps: Deps, tx: Tx, who: Staffer, session_id: str, entries: Sequence[Entry], now: datetime
) -> Recorded:
    """Write down who came to a session; a later entry of somebody replaces an earlier one. Twice changes nothing more.

    Raises NotAllowed for a session of another posyandu, NoSuchSession.
    """
    # The console and a message may write at once: the second must see the weight when it brings the length.
    tx.lock_posyandu(allowed(tx, who, session_id).posyandu_id)
    day = day_of(tx, session_id)
    saved: list[Saved] = []
    warnings: list[Caution] = []
    for entry in entries:
        followed = day.followed.get(entry.subject_id)
        if followed is None or not day.begun_by(now):
            warnings.append(Caution(entry.subject_id, UNKNOWN if followed is None else NOT_YET))
            continue
        warnings += _cautions(day, entry, followed)
        saved.append(_write(tx, who, day, entry, followed, now))
    _settle(tx, day, saved, now)
    weighed = sum(one.result is not None for one in saved)
    if saved:
        tx.audit(
            "attendance_recorded",
            None,
            {"session": session_id, "people": len(saved), "weighed": weighed},
            now,
            actor_id=who.contact_id,
        )
    known = tx.attendance_of(session_id)
    return Recorded(tuple(saved), tuple(warnings), sum(one.subject_id not in known for one in day.expected))


def _cautions(day: Day, entry: Entry, followed: Followed) -> list[Caution]:
    if not entry.measured:
        return []
    name = followed.child.name if followed.child is not None else followed.mother
    told = Caution(entry.subject_id, DOUBTED, name, entry.weight_kg, entry.lenhei_cm)
    if followed.child is None:
        return [replace(told, code=MOTHERS_WEIGHT)]
    child, measured = followed.child, _measured(day, entry)
    doubts = () if entry.insisted else doubts_about(child, measured)
    return [replace(told, about=doubts, meant=likely_meant(child, measured))] if doubts else []


def _measured(day: Day, entry: Entry) -> Measurement:
    return Measurement(day.session.date, entry.weight_kg, entry.lenhei_cm, entry.measure if entry.lenhei_cm else "")


def _write(tx: Tx, who: Staffer, day: Day, entry: Entry, followed: Followed, now: datetime) -> Saved:
    came = entry.came or entry.measured
    child = followed.child
    kind = CHILD if child is not None else MOTHER
    row = AttendanceRow(day.session.id, entry.subject_id, kind, followed.household_id, came, who.contact_id)
    tx.save_attendance(row, now)
    _excuse(tx, who, day, entry, followed, came, now)
    done = Saved(entry.subject_id, followed.household_id, child.name if child else followed.mother, came)
    if child is None or not entry.measured or (not entry.insisted and doubts_about(child, _measured(day, entry))):
        return done
    return _weighed(tx, who, day, entry, followed, child, done, now)


def _weighed(
    tx: Tx, who: Staffer, day: Day, entry: Entry, followed: Followed, child: Child, done: Saved, now: datetime
) -> Saved:
    known = next((one for one in child.measurements if one.date == day.session.date), None)
    whole = joined(known, _measured(day, entry))
    if whole != known:
        tx.save_measurement(child.id, whole, SOURCE, now)
        detail = {"child": child.id, "session": day.session.id}
        tx.audit("weighing_recorded", None, detail, now, actor_id=who.contact_id, household_id=followed.household_id)
        # What waits to be asked of a day that is written down now need not be asked.
        tx.mark_dirty(followed.household_id, now)
    child = with_weighing(child, whole)
    result = growth_result(child, whole, insisted=entry.insisted and bool(doubts_about(child, whole)))
    if needs_case(result):
        _open_case(tx, followed.household_id, now)
    return replace(done, weight_kg=whole.weight_kg, lenhei_cm=whole.lenhei_cm, result=result, case=needs_case(result))


def _open_case(tx: Tx, household_id: str, now: datetime) -> None:
    """One open case of growth per household: the kader's list stays short."""
    people = in_line(tx, household_id)
    if people and not any(case.kind == CASE for one in people for case in tx.open_cases_of(one.id)):
        tx.open_case(people[0].id, CASE, None, now)


def _excuse(tx: Tx, who: Staffer, day: Day, entry: Entry, followed: Followed, came: bool, now: datetime) -> None:
    """Why somebody did not come, kept with the visit: nobody is asked after whom the kader knows of."""
    if came or entry.excuse is None:
        return
    gone = entry.excuse == MOVED
    tx.replace_home_visit(
        HomeVisitRow(
            id=visit_id(ABSENT, followed.household_id, day.session.id),
            posyandu_id=day.place.id,
            household_id=followed.household_id,
            reason=ABSENT,
            since=now,
            subject_id=entry.subject_id,
            session_id=day.session.id,
            done_at=now if gone else None,
            done_by=who.contact_id if gone else None,
            outcome=entry.excuse,
        )
    )


def _settle(tx: Tx, day: Day, saved: Sequence[Saved], now: datetime) -> None:
    """Whoever came after all need not be visited for having stayed away."""
    for household_id in dict.fromkeys(one.household_id for one in saved if one.came):
        for reason in (ABSENT, NO_PHONE):
            tx.drop_home_visits(household_id, reason, day.session.id)
