"""How the system does, for machines: /metrics for Prometheus and /health/detail as JSON; and the count of webhooks.

Both pages are for this machine alone, or for whoever has SAPA_METRICS_TOKEN; to anybody else they do not exist.
"""

from __future__ import annotations

import hmac
import threading
import time
from collections.abc import Awaitable, Callable
from typing import Any

import anyio.to_thread
import structlog
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sapa import metrics, pulse
from sapa.services.health import Level, Picture, findings, worst

log = structlog.get_logger("bot.health")

METRICS_PATH = "/metrics"
DETAIL_PATH = "/health/detail"
# However often it is asked: the database is looked at once in this time.
KEEP_S = 5.0
_WEBHOOKS = {"/webhooks/twilio": "inbound", "/webhooks/twilio/status": "status"}
_PROXIED = ("x-forwarded-for", "x-forwarded-host", "x-real-ip", "forwarded", "via")
_LOOPBACK = ("127.0.0.1", "::1")


def routes(app: Any) -> list[BaseRoute]:
    """The two pages of an application (sapa.bootstrap.App)."""
    pages = _Pages(app)
    return [
        Route(METRICS_PATH, pages.guarded(pages.metrics), methods=["GET"]),
        Route(DETAIL_PATH, pages.guarded(pages.detail), methods=["GET"]),
    ]


class _Pages:
    def __init__(self, app: Any) -> None:
        self._app = app
        self._lock = threading.Lock()
        self._kept: tuple[float, Picture | None] = (-KEEP_S, None)

    def guarded(self, page: Callable[[], Response]) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            if not may_look(request, self._app.settings.metrics_token):
                return PlainTextResponse("not found\n", 404)
            return await anyio.to_thread.run_sync(page)

        return answer

    def metrics(self) -> Response:
        """What all processes counted, and what the database knows; without a database what is left of it."""
        folder = self._app.settings.var_dir / "metrics"
        told = metrics.page(folder, self._picture(), pulse.disk(self._app))
        return Response(told, media_type=metrics.CONTENT_TYPE)

    def detail(self) -> Response:
        """Every finding, the worst first; 503 where something is broken."""
        seen = self._picture()
        if seen is None:
            return JSONResponse({"level": "fail", "findings": [{"level": "fail", "code": "database"}]}, 503)
        found = findings(seen, pulse.disk(self._app))
        level = worst(found)
        told = {"level": level.name.lower(), "findings": [finding.as_json() for finding in found]}
        return JSONResponse(told, 503 if level is Level.FAIL else 200)

    def _picture(self) -> Picture | None:
        with self._lock:  # a crowd of askers is one look
            at, seen = self._kept
            if time.monotonic() - at < KEEP_S:
                return seen
            try:
                seen = pulse.look(self._app)
            except Exception as error:
                log.warning("health.no_picture", error=type(error).__name__)
                seen = None
            self._kept = (time.monotonic(), seen)
            return seen


def may_look(request: Request, token: str | None) -> bool:
    """Whoever has the token; where none is set, a program on this machine that did not come through a proxy."""
    if token is not None:
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        return scheme.lower() == "bearer" and hmac.compare_digest(given.strip().encode(), token.encode())
    if any(name in request.headers for name in _PROXIED):
        return False
    host = (request.url.hostname or "").strip("[]")
    here = request.client is not None and request.client.host in _LOOPBACK
    # A web page that was talked into asking this machine (DNS rebinding) comes with its own name.
    return here and host in (*_LOOPBACK, "localhost")


class Counted:
    """Counts and times the webhooks in front of an ASGI application."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        name = _WEBHOOKS.get(scope.get("path", "")) if scope["type"] == "http" else None
        if name is None:
            await self._app(scope, receive, send)
            return
        began, status = time.perf_counter(), 500

        async def watch(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, watch)
        finally:
            metrics.webhook(name, status, time.perf_counter() - began)
