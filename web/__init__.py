"""The console for kader and puskesmas, in a browser: pages under /konsol, behind their own middleware."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from web.security import middleware
from web.session import Console
from web.views import HOME, STATIC, Views, htmx_file

# Each has routes(console) -> list[Route].
PAGES = (
    "login",
    "today",
    "families",
    "family",
    "audit",
    "content",
    "health",
    "system",
    "staff",
    "sessions",
    "broadcast",
    "day",
    "cases",
    "programme",
    "visits",
    "register",
    "assist",
)
# The address of a file changes when the file does.
_KEPT = {"Cache-Control": "public, max-age=31536000, immutable"}


def routes(app: Any) -> list[BaseRoute]:
    """The console of an application (sapa.bootstrap.App). Without the simulator `/` leads here too."""

    async def home(request: Request) -> Response:
        return RedirectResponse(f"{HOME}/", status_code=307)

    found: list[BaseRoute] = [
        Route(HOME, home, methods=["GET"]),
        Mount(HOME, app=console_app(app), name="console"),
    ]
    if not app.settings.simulator:
        found.append(Route("/", home, methods=["GET"]))
    return found


def console_app(app: Any) -> Starlette:
    """The console by itself, to be mounted at /konsol."""
    secure = app.settings.public_url.startswith("https://")
    console = Console(app, Views(app.settings.content_dir), secure)

    def refuse(request: Request, status: int) -> Response:
        shared = getattr(request.state, "shared", {})
        return console.views.page(request, "error.html", status, status=status, simulator=False, **shared)

    async def error(request: Request, problem: Exception) -> Response:
        return refuse(request, problem.status_code if isinstance(problem, HTTPException) else 500)

    inside = Starlette(
        routes=[
            Route("/static/htmx.js", _htmx, methods=["GET"]),
            Mount("/static", _Kept(directory=STATIC), name="static"),
            *(route for name in PAGES for route in _pages(name, console)),
        ],
        middleware=middleware(app.settings.secret, secure, refuse),
        exception_handlers={HTTPException: error, 500: error},
    )
    inside.router.redirect_slashes = False
    return inside


def _pages(name: str, console: Console) -> list[Route]:
    found: list[Route] = import_module(f"web.pages.{name}").routes(console)
    return found


class _Kept(StaticFiles):
    """Files a browser may keep for a year."""

    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        answer = super().file_response(*args, **kwargs)
        answer.headers.update(_KEPT)
        return answer


async def _htmx(request: Request) -> Response:
    return FileResponse(htmx_file(), media_type="text/javascript", headers=_KEPT)
