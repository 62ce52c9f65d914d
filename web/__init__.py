"""The console for kader and puskesmas, in a browser. So far a page that says what will be here."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

STATIC = Path(__file__).parent / "static"


def routes(app: Any) -> list[BaseRoute]:
    """The console's pages. Without the simulator `/` leads here too, so that it is never a dead end."""

    page = (STATIC / "konsol.html").read_text(encoding="utf-8")
    if not app.settings.simulator:
        page = page.replace('data-simulator="yes"', 'data-simulator="no"')

    async def console(request: Request) -> Response:
        return HTMLResponse(page, headers={"Cache-Control": "no-cache"})

    async def home(request: Request) -> Response:
        return RedirectResponse("/konsol", status_code=307)

    pages: list[BaseRoute] = [
        Route("/konsol", console, methods=["GET"]),
        Mount("/konsol/static", StaticFiles(directory=STATIC), name="console-static"),
    ]
    if not app.settings.simulator:
        pages.append(Route("/", home, methods=["GET"]))
    return pages
