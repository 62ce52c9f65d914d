"""A posyandu day as the kader sees it, and closing it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sapa.family.expected import Expected
from sapa.services.access import Staffer
from sapa.services.day_records import AttendanceRow
from sapa.services.day_roster import Day, allowed, day_of
from sapa.services.deps import Deps
from sapa.services.ports import Tx
from sapa.services.records import SessionRow


@dataclass(frozen=True)
class Seen:
    """Somebody expected and what is written down of that day. came None: nothing yet."""

    who: Expected
    came: bool | None = None
    weight_kg: float | None = None
    lenhei_cm: float | None = None
    measure: str = ""


@dataclass(frozen=True)
class Overview:
    """A posyandu day as the kader sees it, in the order of the list."""

    session: SessionRow
    posyandu: str
    people: tuple[Seen, ...]
    closed: bool
    begun: bool

    @property
    def came(self) -> tuple[Seen, ...]:
        return tuple(one for one in self.people if one.came)

    @property
    def absent(self) -> tuple[Seen, ...]:
        return tuple(one for one in self.people if one.came is False)

    @property
    def missing(self) -> tuple[Seen, ...]:
        """Expected and not written down yet."""
        return tuple(one for one in self.people if one.came is None)


@dataclass(frozen=True)
class Closed:
    """A day that is closed: how many came, how many did not. already: it was closed before."""

    came: int
    absent: int
    already: bool = False


class NotBegun(ValueError):
    """The day has not come yet: nobody can have stayed away."""


def day_overview(tx: Tx, who: Staffer, session_id: str, now: datetime) -> Overview:
    """Who is expected, who came and who is not written down yet. The look is audited: `tx` must be open for writing.

    Raises NotAllowed for a session of another posyandu, NoSuchSession.
    """
    allowed(tx, who, session_id)
    day = day_of(tx, session_id)
    tx.audit("list_read", None, {"list": "expected", "session": session_id}, now, actor_id=who.contact_id)
    return overview_of(day, tx.attendance_of(session_id), now)


def overview_of(day: Day, known: Mapping[str, AttendanceRow], now: datetime) -> Overview:
    """The day with what is written down of it."""
    people = tuple(_seen(day, one, known.get(one.subject_id)) for one in day.expected)
    return Overview(day.session, day.place.name, people, day.session.closed_at is not None, day.begun_by(now))


def _seen(day: Day, one: Expected, row: AttendanceRow | None) -> Seen:
    child = day.followed[one.subject_id].child
    measured = next((m for m in child.measurements if m.date == day.session.date), None) if child else None
    came = None if row is None else row.came
    if measured is None:
        return Seen(one, came)
    return Seen(one, came, measured.weight_kg, measured.lenhei_cm, measured.measure)


def close_day(deps: Deps, tx: Tx, who: Staffer, session_id: str, now: datetime) -> Closed:
    """Everybody who came is written down: whoever else was expected did not come. Twice changes nothing more.

    Raises NotAllowed, NoSuchSession, NotBegun.
    """
    tx.lock_posyandu(allowed(tx, who, session_id).posyandu_id)
    session = allowed(tx, who, session_id)
    day = day_of(tx, session_id)
    if not day.begun_by(now):
        raise NotBegun(session_id)
    known = tx.attendance_of(session_id)
    for one in day.expected:
        if one.subject_id not in known:
            row = AttendanceRow(session_id, one.subject_id, one.kind, one.household_id, False, who.contact_id)
            tx.save_attendance(row, now)
            known[one.subject_id] = row
    already = session.closed_at is not None
    if not already:
        tx.close_session(session_id, now)
        tx.audit("day_closed", None, {"session": session_id}, now, actor_id=who.contact_id)
    came = sum(row.came for row in known.values())
    return Closed(came, len(known) - came, already)


def reopen_day(deps: Deps, tx: Tx, who: Staffer, session_id: str, now: datetime) -> None:
    """Not everybody was written down after all. Who is down as absent stays so until somebody says otherwise.

    Raises NotAllowed, NoSuchSession.
    """
    if allowed(tx, who, session_id).closed_at is not None:
        tx.close_session(session_id, None)
        tx.audit("day_reopened", None, {"session": session_id}, now, actor_id=who.contact_id)
