"""Home visits: whom a kader should walk to, ticked off with what came of it."""

from __future__ import annotations

from starlette.responses import Response
from starlette.routing import Route

from sapa.services import posyandu_day
from web.session import BY_NAME, Console, HiddenError, Visit


def routes(console: Console) -> list[Route]:
    """The pages of this module."""
    return [
        console.get("/kunjungan", listing, BY_NAME),
        console.post("/kunjungan/{visit_id}/selesai", finish, BY_NAME),
    ]


def listing(visit: Visit) -> Response:
    """What is still to be done, by posyandu, the longest waiting first."""
    with visit.write() as tx:
        places = visit.places(tx)
        # Asked at once for all: most posyandu of a kecamatan have nothing on the list, and are not asked one by one.
        waiting = {row.posyandu_id for row in tx.open_home_visits([place.id for place in places])}
        lists = [
            (place, posyandu_day.home_visits(tx, visit.who, place.id, visit.now))
            for place in places
            if place.id in waiting
        ]
    return visit.page("kunjungan.html", lists=lists, places=places)


def finish(visit: Visit) -> Response:
    """One visit is done."""
    outcome = visit.field("hasil") or visit.field("pilihan")
    if not outcome:
        return visit.go("/kunjungan", "visit_no_outcome", bad=1)
    with visit.write() as tx:
        try:
            posyandu_day.finish_home_visit(visit.deps, tx, visit.who, visit.path("visit_id"), outcome, visit.now)
        except posyandu_day.NoSuchVisit as none:
            raise HiddenError from none
    return visit.go("/kunjungan", "visit_done")
