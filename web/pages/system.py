"""Sistem: whether everything that runs behind the console is well, for admins."""

from __future__ import annotations

from starlette.responses import Response
from starlette.routing import Route

from sapa import pulse
from sapa.services.access import Role
from sapa.services.health import Level, findings, worst
from web.session import Console, Visit


def routes(console: Console) -> list[Route]:
    """One page, for admins."""
    return [console.get("/sistem", show, (Role.ADMIN,))]


def show(visit: Visit) -> Response:
    """Every finding, the worst first. Figures only; it is of the whole installation, not of the reader's area."""
    found = findings(pulse.look(visit.app), pulse.disk(visit.app))
    bad = [one for one in found if one.level is not Level.OK]
    well = [one for one in found if one.level is Level.OK]
    return visit.page("sistem.html", bad=bad, well=well, broken=worst(found) is Level.FAIL)
