"""One family: people, children, growth, vaccines, plan, proof of care. Every look at it is written down."""

from __future__ import annotations

from starlette.responses import Response
from starlette.routing import Route

from sapa.services import family_page
from sapa.services.access import Role
from web.session import BY_NAME, Console, HiddenError, Visit


def routes(console: Console) -> list[Route]:
    """The page and its pictures."""
    return [
        console.get("/keluarga/{household_id}", show, BY_NAME),
        console.get("/keluarga/{household_id}/anak/{child_id}/grafik.png", chart, BY_NAME),
        console.get("/keluarga/{household_id}/kartu-catin.png", screening_card, (Role.BIDAN,)),
    ]


def show(visit: Visit) -> Response:
    """The page of a family of one of the reader's posyandu."""
    with visit.read() as tx:
        household_id = visit.household(tx, visit.path("household_id"))
        page = family_page.family_page(visit.deps, tx, visit.who, household_id, visit.now)
    visit.log_read(household_id, "family")
    return visit.page("family.html", page=page)


def chart(visit: Visit) -> Response:
    """The growth chart of a child. Written down apart: it can be asked for without its page."""
    with visit.read() as tx:
        household_id = visit.household(tx, visit.path("household_id"))
        png = family_page.chart_of(visit.deps, tx, household_id, visit.path("child_id"), visit.now)
    visit.log_read(household_id, "chart", "picture_read")
    return _picture(png)


def screening_card(visit: Visit) -> Response:
    """The card of a couple about to marry: health answers, for a bidan only, and written down on their own."""
    with visit.read() as tx:
        household_id = visit.household(tx, visit.path("household_id"))
        png = family_page.screening_card_of(visit.deps, tx, visit.who, household_id, visit.now)
    visit.log_read(household_id, "screening", "picture_read")
    return _picture(png)


def _picture(png: bytes | None) -> Response:
    if png is None:
        raise HiddenError
    return Response(png, media_type="image/png")
