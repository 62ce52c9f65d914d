"""Answers that need this family's own data: schedules. Everything else is a text fitted while it is rendered."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from sapa.family.immunization import DoseForecast, forecast
from sapa.family.people import Child, Family, PosyanduSession

# A posyandu session is named for a dose if it comes this soon after the dose may be given (design, section 5).
SESSION_WITHIN = timedelta(days=35)
_SESSIONS_SHOWN = 3


def live_vars(label: str, family: Family) -> dict[str, Any]:
    """The variables a topic's text needs from this family's records; empty for a topic that needs none."""
    if label in ("imunisasi/jadwal", "imunisasi/terlambat"):
        return {"children": [schedule_of(child, family) for child in family.children]}
    if label == "posyandu/jadwal":
        return {"sessions": [_session(session) for session in next_sessions(family, family.today)[:_SESSIONS_SHOWN]]}
    return {}


def schedule_of(child: Child, family: Family) -> dict[str, Any]:
    """A child's immunisation in words' reach: done, overdue, next date with its doses, and what to ask about."""
    doses = forecast_of(child, family)
    open_doses = [dose for dose in doses if dose.earliest is not None]
    first = min((dose.earliest for dose in open_doses if dose.earliest), default=None)
    # What is overdue can be had from today on.
    ready = max(first, family.today) if first else None
    session = session_for(ready, family) if ready else None
    day = session.date if session else ready
    return {
        "name": child.name,
        "done": [dose.dose for dose in doses if dose.status == "done"],
        "overdue": [dose.dose for dose in doses if dose.status == "overdue"],
        "ask": [dose.dose for dose in doses if dose.status == "ask"],
        "next": {"date": day, "doses": doses_by(open_doses, day)} if day else None,
        "session": _session(session) if session else None,
        "special_care": is_special(child),
    }


def forecast_of(child: Child, family: Family) -> tuple[DoseForecast, ...]:
    """The forecast for one child under its family's district settings."""
    return forecast(
        child,
        family.today,
        profile=family.vaccine_profile,
        je_region=family.je_region,
        province=family.province,
    )


def doses_by(doses: list[DoseForecast], day: date) -> list[str]:
    """Ids of the doses that may be given on `day`."""
    return [
        dose.dose
        for dose in doses
        if dose.earliest is not None and dose.earliest <= day and (dose.latest is None or day <= dose.latest)
    ]


def is_special(child: Child) -> bool:
    """Whether a child's schedule is a health worker's to make (facts/imunisasi.yml, date_rules)."""
    return (
        child.special_care
        or (child.birth_weight_g is not None and child.birth_weight_g < 2500)
        or (child.birth_weeks is not None and child.birth_weeks < 37)
    )


def session_for(day: date, family: Family) -> PosyanduSession | None:
    """The first session on or after `day`, if it comes within 35 days."""
    first = next(iter(next_sessions(family, day)), None)
    return first if first is not None and first.date - day <= SESSION_WITHIN else None


def next_sessions(family: Family, since: date) -> list[PosyanduSession]:
    """The family's posyandu sessions on or after `since`, soonest first."""
    sessions = family.posyandu.sessions if family.posyandu else ()
    return sorted((session for session in sessions if session.date >= since), key=lambda session: session.date)


def _session(session: PosyanduSession) -> dict[str, Any]:
    return {"date": session.date, "time": session.time.strftime("%H:%M"), "place": session.place}
