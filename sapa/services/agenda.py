"""What lies ahead of a family, in one answer: "jadwal saya" asks for everything, not for vaccines alone."""

from __future__ import annotations

from typing import Any

from sapa.family.contraception import return_date
from sapa.family.people import Child, Family, PosyanduSession
from sapa.family.pregnancy import anc_targets, gestational_week, visit_windows
from sapa.services.answers import next_sessions, schedule_of
from sapa.services.records import Reply

AGENDA = "dialog/jadwal-saya"
VACCINES = "imunisasi/jadwal"


def agenda(family: Family, contact_id: str) -> Reply:
    """The next of each kind: posyandu day, doses, check of the pregnancy, visit after the birth, wedding, return date.

    A return date is shown to nobody but whose it is. A family with nothing but children gets their vaccines in full.
    """
    own = [method for method in family.contraceptions if method.contact_id in ("", contact_id)]
    if not (family.pregnancy or family.postpartum or family.wedding or own):
        return Reply(VACCINES)
    sessions = next_sessions(family, family.today) if family.children else []
    return Reply(
        AGENDA,
        {
            "pregnancy": _pregnancy(family),
            "visit": _visit(family),
            "children_ahead": [entry for child in family.children if (entry := _child(child, family))],
            "session": _session(sessions[0]) if sessions else None,
            "wedding_on": family.wedding.date.isoformat() if family.wedding and family.wedding.date else None,
            "returns": [day.isoformat() for method in own if (day := return_date(method)) and day >= family.today],
        },
    )


def _pregnancy(family: Family) -> dict[str, Any] | None:
    if family.pregnancy is None:
        return None
    target = next(iter(anc_targets(family.pregnancy, family.today)), None)
    return {
        "week": gestational_week(family.pregnancy, family.today),
        "edd": family.pregnancy.edd.isoformat(),
        "next_on": target.date.isoformat() if target else None,
        "from_bidan": bool(target and target.from_bidan),
    }


def _visit(family: Family) -> dict[str, Any] | None:
    if family.postpartum is None:
        return None
    open_windows = (
        window
        for window in visit_windows(family.postpartum.birth_date)
        if window.last_day >= family.today and not set(window.visits) & set(family.postpartum.visits)
    )
    window = next(open_windows, None)
    if window is None:
        return None
    return {"first_day": window.first_day.isoformat(), "last_day": window.last_day.isoformat()}


def _child(child: Child, family: Family) -> dict[str, Any] | None:
    schedule = schedule_of(child, family)
    coming = schedule["next"]
    if coming is None:
        return None
    return {"name": child.name, "on": coming["date"].isoformat(), "doses": coming["doses"]}


def _session(session: PosyanduSession) -> dict[str, Any]:
    return {"date": session.date.isoformat(), "time": session.time.strftime("%H:%M"), "place": session.place}
