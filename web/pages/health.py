"""Pengiriman: how sending goes, in figures."""

from __future__ import annotations

from starlette.responses import Response
from starlette.routing import Route

from sapa.services.delivery_health import health
from web.session import OVERSIGHT, Console, Visit


def routes(console: Console) -> list[Route]:
    """One page, for bidan and admin."""
    return [console.get("/pengiriman", show, OVERSIGHT)]


def show(visit: Visit) -> Response:
    """Queue, days and errors of the reader's area."""
    with visit.read() as tx:
        found = health(tx, visit.who, visit.now, visit.zone)
    return visit.page("health.html", health=found)
