"""Who came to a session, who must be walked to, who is followed in a posyandu: as plain data."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import NAMESPACE_URL, uuid5

# Why somebody stands on a list of home visits.
ABSENT, UNREACHED, NO_PHONE = "absent", "unreached", "no_phone"


@dataclass(frozen=True)
class AttendanceRow:
    """Whether one child (kind "child") or pregnant woman (kind "mother", the id of her pregnancy) came to a session."""

    session_id: str
    subject_id: str
    subject_kind: str
    household_id: str
    came: bool
    recorded_by: str | None = None


@dataclass(frozen=True)
class HomeVisitRow:
    """A household a kader should walk to. reason: ABSENT, UNREACHED or NO_PHONE; done_at None: still to be done."""

    id: str
    posyandu_id: str
    household_id: str
    reason: str
    since: datetime
    subject_id: str | None = None
    session_id: str | None = None
    done_at: datetime | None = None
    done_by: str | None = None
    outcome: str | None = None


def visit_id(reason: str, household_id: str, session_id: str | None) -> str:
    """The id of a home visit: told twice, it is one."""
    return str(uuid5(NAMESPACE_URL, f"visit:{reason}:{household_id}:{session_id or ''}"))


@dataclass(frozen=True)
class HomeRow:
    """A household as a kader finds it. mother: the name she goes by; reachable: somebody of it can be written to."""

    id: str
    mother: str | None
    address: str | None
    reachable: bool
