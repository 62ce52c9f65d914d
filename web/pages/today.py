"""Hari ini: what the reader has to do, at a glance; every figure leads to its list."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from starlette.responses import Response
from starlette.routing import Route

from web.session import Console, Visit

_AHEAD = timedelta(days=7)


def routes(console: Console) -> list[Route]:
    """The first page."""
    return [console.get("/", show)]


def show(visit: Visit) -> Response:
    """Sessions of the week, open cases, home visits, broadcasts that go out; for an admin figures of the whole area."""
    with visit.read() as tx:
        places = {place.id: place for place in (visit.places(tx) or visit.figures(tx))}
        sessions = tx.sessions_between(places, visit.today, visit.today + _AHEAD)
        cases = tx.open_cases_in(places)
        context: dict[str, Any] = {
            "places": places,
            "sessions": sessions,
            "danger": cases.get("danger", 0),
            "cases": sum(cases.values()),
            "visits": tx.open_visits_in(places),
            "going": tx.broadcasts_going(places),
            "families": tx.count_households(places),
        }
    return visit.page("today.html", **context)
