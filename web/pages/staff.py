"""Petugas: who works where, a code to invite somebody, and taking a role away."""

from __future__ import annotations

from uuid import uuid4

from starlette.responses import Response
from starlette.routing import Route

from sapa.services import staff
from sapa.services.access import Role
from sapa.services.console_records import StaffLine
from sapa.services.ports import Tx
from web.session import OVERSIGHT, Console, HiddenError, Visit


def routes(console: Console) -> list[Route]:
    """For bidan and admin; a kader invites by WhatsApp."""
    return [
        console.get("/petugas", show, OVERSIGHT),
        console.post("/petugas/undang", invite, OVERSIGHT),
        console.post("/petugas/{staff_id}/cabut", revoke, OVERSIGHT),
    ]


def show(visit: Visit) -> Response:
    """Everybody of the reader's area, and the forms."""
    with visit.read() as tx:
        lines = tx.staff_lines(visit.who.figures, _areas(tx, visit))
        places = [(place.id, place.name, "kader") for place in visit.figures(tx)]
        if visit.who.holds(Role.ADMIN):
            inside = {area.id: area for area in tx.areas()}
            places += [(area, inside[area].name, "bidan") for area in _areas(tx, visit) if area in inside]
    mine = {line.staff_id for line in lines if _may_revoke(visit, line)}
    return visit.page("staff.html", lines=lines, places=places, mine=mine)


def invite(visit: Visit) -> Response:
    """A one-time code, shown once. The place says the role: a posyandu takes a kader, an area a bidan."""
    role, _, place_id = visit.field("place").partition(":")
    if role not in (Role.KADER, Role.BIDAN):
        raise HiddenError
    with visit.write() as tx:
        # Raises NotAllowed where the place is not the reader's to fill.
        code = staff.invite(tx, visit.who, role, place_id, f"console:{uuid4()}", visit.now)
        place = staff.place_name(tx, place_id)
    return visit.go("/petugas", said="invited", invite=code, place=place, role=role)


def revoke(visit: Visit) -> Response:
    """Take a role away; whoever held it is out of the console with the next page."""
    with visit.write() as tx:
        lines = tx.staff_lines(visit.who.figures, _areas(tx, visit))
        line = next((line for line in lines if line.staff_id == visit.path("staff_id")), None)
        if line is None:
            raise HiddenError
        if not _may_revoke(visit, line):
            return visit.go("/petugas", said="not_allowed", bad=1)
        staff.revoke(tx, line.staff_id, visit.who.contact_id, visit.now)
        if not tx.roles_of(line.contact_id):
            tx.drop_web_sessions_of(line.contact_id)
    return visit.go("/petugas", said="revoked")


def _may_revoke(visit: Visit, line: StaffLine) -> bool:
    """A bidan takes the role of kader, an admin of kader and bidan; nobody their own. Admins: the command line."""
    if line.contact_id == visit.who.contact_id:
        return False
    if line.role == Role.KADER:
        rules = visit.who.figures if visit.who.holds(Role.ADMIN) else visit.who.as_bidan
        return line.posyandu_id in rules
    return line.role == Role.BIDAN and visit.who.holds(Role.ADMIN)


def _areas(tx: Tx, visit: Visit) -> list[str]:
    return [area for area_id in sorted(visit.who.areas) for area in tx.areas_below(area_id)]
