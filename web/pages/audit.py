"""Catatan akses: who of the staff read or did what. A bidan sees her area by name, an admin without families' names."""

from __future__ import annotations

from datetime import timedelta

from starlette.responses import Response
from starlette.routing import Route

from sapa.services.ports import Tx
from web.session import OVERSIGHT, Console, Visit

A_PAGE = 100
_SPANS = {"7": 7, "30": 30, "90": 90}


def routes(console: Console) -> list[Route]:
    """One page, for bidan and admin."""
    return [console.get("/catatan", show, OVERSIGHT)]


def show(visit: Visit) -> Response:
    """Lines, a hundred at a time. Query: kejadian, petugas, keluarga, rentang (7, 30, 90 days), hal."""
    span = visit.query("rentang") if visit.query("rentang") in _SPANS else "7"
    event, actor, household = visit.query("kejadian")[:60], visit.query("petugas")[:36], visit.query("keluarga")[:36]
    named = bool(visit.who.by_name)
    with visit.read() as tx:
        areas = [area for area_id in visit.who.areas for area in tx.areas_below(area_id)]
        lines, total = tx.audit_lines(
            posyandu_ids=visit.who.figures,
            actor_ids=tx.staff_ever(visit.who.figures, areas),
            event=event,
            actor_id=actor,
            household_id=household if named else "",
            since=visit.now - timedelta(days=_SPANS[span]),
            offset=(visit.number("hal") - 1) * A_PAGE,
            limit=A_PAGE,
        )
        people = _people(tx, visit, areas)
    return visit.page(
        "audit.html",
        lines=lines,
        total=total,
        number=visit.number("hal"),
        pages=-(-total // A_PAGE),
        people=people,
        span=span,
        event=event,
        actor=actor,
        household=household,
        named=named,
    )


def _people(tx: Tx, visit: Visit, areas: list[str]) -> list[tuple[str, str]]:
    """Staff to choose from, each once."""
    found = {line.contact_id: line.name or "?" for line in tx.staff_lines(visit.who.figures, areas)}
    return sorted(found.items(), key=lambda one: one[1])
