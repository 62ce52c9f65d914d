"""One posyandu day as it is seen: the session, its posyandu, who is followed there and who is expected."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from sapa.family.expected import Expected, Followed, Place, born_since, expected_on
from sapa.family.people import PosyanduSession, VaccineProfile
from sapa.messaging.quiet_hours import local_moment
from sapa.services.access import NotAllowed, Staffer, may_act_for
from sapa.services.deps import Deps
from sapa.services.ports import Tx
from sapa.services.records import PosyanduRow, SessionRow

_NUMBERS = "day-list:"


class NoSuchSession(LookupError):
    """No session has this id, or it was cancelled."""


@dataclass(frozen=True)
class Day:
    """A session with its people. followed: by the id of the child or pregnancy. expected: in the order of the list."""

    session: SessionRow
    place: PosyanduRow
    followed: Mapping[str, Followed]
    expected: tuple[Expected, ...]

    @property
    def begins(self) -> datetime:
        """Aware, in the posyandu's zone."""
        return local_moment(self.session.date, self.session.time, self.place.timezone)

    def begun_by(self, now: datetime) -> bool:
        """Whether anybody can have come: from the morning of that day on, for a kader comes before the hour."""
        return now.astimezone(ZoneInfo(self.place.timezone)).date() >= self.session.date


def day_of(tx: Tx, session_id: str) -> Day:
    """The day of a session, in a handful of queries. Raises NoSuchSession."""
    session = tx.session(session_id)
    place = tx.posyandu(session.posyandu_id) if session is not None else None
    if session is None or place is None or session.cancelled_at is not None:
        raise NoSuchSession(session_id)
    followed = tx.followed_of(place.id, born_since(session.date))
    sessions = tx.sessions_between([place.id], session.date.replace(day=1), session.date)
    listed = expected_on(session.date, _place(place, sessions), followed)
    return Day(session, place, {one.subject_id: one for one in followed}, _numbered(tx, session.id, listed))


def _place(row: PosyanduRow, sessions: Sequence[SessionRow]) -> Place:
    return Place(
        name=row.name,
        timezone=row.timezone,
        sessions=tuple(PosyanduSession(one.date, one.time, one.place, one.id) for one in sessions),
        province=row.province,
        vaccine_profile=VaccineProfile(row.vaccine_profile),
        je_region=row.je_region,
        id=row.id,
    )


def expected(deps: Deps, tx: Tx, session_id: str, now: datetime) -> list[Expected]:
    """Who is expected at a session and what each needs, by heading and name. Raises NoSuchSession.

    Asks nobody's leave and writes no audit: whoever shows it to a person goes through `day_overview`.
    """
    return list(day_of(tx, session_id).expected)


def allowed(tx: Tx, who: Staffer, session_id: str) -> SessionRow:
    """The session, if `who` may act for its posyandu. Raises NoSuchSession, NotAllowed."""
    session = tx.session(session_id)
    if session is None or session.cancelled_at is not None:
        raise NoSuchSession(session_id)
    if not may_act_for(who, session.posyandu_id):
        raise NotAllowed("attendance of another posyandu")
    return session


# ---------------------------------------------------------------------------------------------------- its numbers


def keep_numbers(tx: Tx, day: Day, now: datetime) -> None:
    """Fix the numbers of a list that is being shown: "3 8,2 72,5" must mean the same child the next day.

    Only digests are kept, so that nothing of a child that is erased stays behind.
    """
    known = _kept(tx, day.session.id)
    fresh = [_digest(one.subject_id) for one in day.expected if _digest(one.subject_id) not in known]
    if fresh:
        tx.set_setting(_NUMBERS + day.session.id, json.dumps([*known, *fresh]), now)


def _numbered(tx: Tx, session_id: str, listed: Sequence[Expected]) -> tuple[Expected, ...]:
    known = {digest: number for number, digest in enumerate(_kept(tx, session_id), 1)}
    last = len(known)
    found = []
    for one in listed:
        number = known.get(_digest(one.subject_id))
        if number is None:
            last += 1
            number = last
        found.append(replace(one, number=number))
    return tuple(found)


def _kept(tx: Tx, session_id: str) -> list[str]:
    kept = tx.setting(_NUMBERS + session_id)
    return list(json.loads(kept)) if kept else []


def _digest(subject_id: str) -> str:
    return hashlib.sha256(subject_id.encode()).hexdigest()[:12]
