"""Keluarga: every family of the reader's posyandu by name or by address."""

from __future__ import annotations

from starlette.responses import Response
from starlette.routing import Route

from web.session import BY_NAME, Console, HiddenError, Visit

A_PAGE = 50
_STAGES = ("hamil", "nifas", "anak", "catin")


def routes(console: Console) -> list[Route]:
    """The list; for those who see families by name."""
    return [console.get("/keluarga", show, BY_NAME)]


def show(visit: Visit) -> Response:
    """The list, fifty at a time. Query: q (words), tahap, posyandu, urut (alamat), hal."""
    search, stage, chosen = visit.query("q")[:80], visit.query("tahap"), visit.query("posyandu")
    by_address = visit.query("urut") == "alamat"
    stage = stage if stage in _STAGES else ""
    with visit.read() as tx:
        places = visit.places(tx)
        ids = [place.id for place in places if not chosen or place.id == chosen]
        if chosen and not ids:
            raise HiddenError
        offset = (visit.number("hal") - 1) * A_PAGE
        found, total = tx.list_families(
            ids, visit.today, search=search, stage=stage, by_address=by_address, offset=offset, limit=A_PAGE
        )
    with visit.write() as tx:
        detail = {"page": "families", "count": len(found)}
        tx.audit("list_read", None, detail, visit.now, actor_id=visit.who.contact_id)
    return visit.page(
        "families.html",
        places=places,
        families=found,
        total=total,
        number=visit.number("hal"),
        pages=-(-total // A_PAGE),
        q=search,
        stage=stage,
        chosen=chosen,
        by_address=by_address,
    )
