"""The public edge: Twilio's webhooks, health, and (on one machine) the simulator and the console.

An inbound message is stored in one transaction and answered at once, with nothing else in between: Twilio waits 15
seconds at most and does not repeat a slow webhook, so what is not stored here is lost. Bad input is answered 4xx.
Only a store that does not answer is a 503: then the provider's retry or its fallback address can still save the
message.
"""

from __future__ import annotations

import asyncio
import errno
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime
from typing import Any, Protocol, TypeVar

import anyio
import anyio.to_thread
import structlog
import uvicorn
from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot import health_pages, limits, twilio_forms
from sapa import logs, pulse
from sapa.services.delivery import record_status
from sapa.services.deps import Deps
from sapa.services.inbound import receive_message
from sapa.services.records import InboundForm, StatusForm
from sapa.services.replies import PICTURE_PATH
from sapa.services.rights import fetch
from sapa.settings import Settings, SettingsError

INBOUND_PATH = "/webhooks/twilio"
STATUS_PATH = "/webhooks/twilio/status"
MAX_BODY = 64 * 1024  # bytes; Twilio's largest forms are a few kB
BODY_TIMEOUT_S = 10.0  # a sender that trickles its body may not hold a connection for ever
READY_TIMEOUT_S = 3.0
# A person's data file may show itself and do nothing else, whatever stands in it.
_ALONE = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
EMPTY_TWIML = '<?xml version="1.0" encoding="UTF-8"?><Response/>'

_FormT = TypeVar("_FormT", InboundForm, StatusForm)
log = structlog.get_logger("bot.app")


class Clock(Protocol):
    def now(self) -> datetime:
        """The time everything here goes by, aware."""


class App(Protocol):
    """The wired application, as far as the edge needs it."""

    @property
    def settings(self) -> Settings: ...
    @property
    def deps(self) -> Deps: ...
    @property
    def clock(self) -> Clock: ...


class _RefusedError(Exception):
    """The request is answered with this status and line, and nothing is stored."""

    def __init__(self, status: int, line: str) -> None:
        super().__init__(line)
        self.status = status
        self.line = line


def create_app(
    app: App,
    *,
    extra_routes: Sequence[BaseRoute] = (),
    receive: Callable[[Deps, InboundForm, datetime], object] = receive_message,
    record: Callable[[Deps, StatusForm, datetime], object] = record_status,
) -> Starlette:
    """The ASGI application. `receive` and `record` are the use cases behind the two webhooks."""
    webhooks = _Webhooks(app, receive, record)
    edge = Starlette(
        routes=[
            Route(INBOUND_PATH, webhooks.inbound, methods=["POST"]),
            Route(STATUS_PATH, webhooks.status, methods=["POST"]),
            Route("/health", _health, methods=["GET"]),
            Route("/ready", _ready(app), methods=["GET"]),
            Route(PICTURE_PATH + "{picture_id}", _picture(app), methods=["GET"]),
            *extra_routes,
        ],
        middleware=[
            Middleware(_SecurityHeaders, https=app.settings.public_url.startswith("https://")),
            Middleware(limits.Doors),
        ],
        exception_handlers={500: _server_error},
        lifespan=_lifespan(app),
    )
    # A redirect turns Twilio's POST into a GET and loses the form, so a wrong address is plainly wrong.
    edge.router.redirect_slashes = False
    return edge


class _Webhooks:
    def __init__(
        self,
        app: App,
        receive: Callable[[Deps, InboundForm, datetime], object],
        record: Callable[[Deps, StatusForm, datetime], object],
    ) -> None:
        self._app = app
        self._receive = receive
        self._record = record
        # SQLite has one writer at a time. Waiting here is fair; its own waiting lets some callers starve for seconds.
        # Two lines: after a broadcast thousands of callbacks come, and no cry for help may stand behind them.
        sqlite = app.settings.database_url.startswith("sqlite")
        self._messages = anyio.CapacityLimiter(1 if sqlite else 20)
        self._fates = anyio.CapacityLimiter(1 if sqlite else 10)

    async def inbound(self, request: Request) -> Response:
        """A message from somebody."""

        def store(pairs: twilio_forms.Pairs) -> Callable[[], object]:
            form = twilio_forms.parse_inbound(pairs)
            return lambda: self._receive(self._app.deps, form, self._app.clock.now())

        return await self._answer(request, store, self._messages)

    async def status(self, request: Request) -> Response:
        """The fate of a message of ours."""

        def store(pairs: twilio_forms.Pairs) -> Callable[[], object]:
            form = twilio_forms.parse_status(pairs, request.query_params.get("ref"))
            return lambda: self._record(self._app.deps, form, self._app.clock.now())

        return await self._answer(request, store, self._fates)

    async def _answer(
        self,
        request: Request,
        store: Callable[[twilio_forms.Pairs], Callable[[], object]],
        line: anyio.CapacityLimiter,
    ) -> Response:
        try:
            pairs = await self._verified_pairs(request)
            work = store(pairs)
        except twilio_forms.FormError as error:
            return _refuse(request, 400, str(error))
        except _RefusedError as refused:
            return _refuse(request, refused.status, refused.line)
        try:
            # The clock is asked in the thread too: the simulated one lives in the database.
            await anyio.to_thread.run_sync(work, limiter=line)
        except Exception as error:
            log.error("webhook.not_stored", path=request.scope["path"], error=type(error).__name__, exc_info=error)
            return PlainTextResponse("the store does not answer; try again\n", 503, {"Retry-After": "5"})
        return Response(EMPTY_TWIML, media_type="text/xml")

    async def _verified_pairs(self, request: Request) -> twilio_forms.Pairs:
        content_type = request.headers.get("content-type")
        kind = twilio_forms.media_type(content_type)
        if kind not in (twilio_forms.FORM, twilio_forms.JSON):
            raise _RefusedError(415, "only forms and signed JSON are read here")
        raw_body = await _limited_body(request)
        if kind == twilio_forms.FORM and raw_body.count(b"&") >= twilio_forms.MAX_FIELDS:
            # Before the signature: it would be computed over every one of them.
            raise _RefusedError(400, f"the form has more than {twilio_forms.MAX_FIELDS} fields")
        settings = self._app.settings
        if not twilio_forms.verify(
            settings.webhook_token,
            settings.public_url,
            _path_and_query(request),
            dict(request.headers),
            raw_body,
            content_type,
        ):
            raise _RefusedError(403, "the signature is missing or wrong")
        return twilio_forms.body_pairs(raw_body, content_type)


async def _limited_body(request: Request) -> bytes:
    """The body, refused as soon as it is too long, whatever its Content-Length claims."""
    claimed = request.headers.get("content-length", "")
    if claimed.isdecimal() and int(claimed[:20]) > MAX_BODY:
        raise _RefusedError(413, f"the body is longer than {MAX_BODY} bytes")
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_TIMEOUT_S):
            async for chunk in request.stream():
                body += chunk
                if len(body) > MAX_BODY:
                    raise _RefusedError(413, f"the body is longer than {MAX_BODY} bytes")
    except TimeoutError:
        raise _RefusedError(408, "the body did not come in time") from None
    except ClientDisconnect:
        raise _RefusedError(400, "the body broke off") from None
    return bytes(body)


def _path_and_query(request: Request) -> str:
    """As it stood on the wire: the signature is over these very characters."""
    raw_path: bytes = request.scope.get("raw_path") or request.scope["path"].encode()
    query: bytes = request.scope.get("query_string", b"")
    path = raw_path.partition(b"?")[0].decode("latin-1")
    return f"{path}?{query.decode('latin-1')}" if query else path


def _refuse(request: Request, status: int, line: str) -> Response:
    log.warning("webhook.refused", path=request.scope["path"], status=status, reason=line)
    return PlainTextResponse(line + "\n", status)


async def _health(_request: Request) -> Response:
    """This process lives. Nothing else is asked, so that a slow database does not get it restarted."""
    return JSONResponse({"status": "ok"})


def _ready(app: App) -> Callable[[Request], Awaitable[Response]]:
    async def ready(_request: Request) -> Response:
        """Messages can be stored. Names the part that does not answer."""
        try:
            async with asyncio.timeout(READY_TIMEOUT_S):
                # Given up on after a while: a database that hangs must not hang this answer.
                await anyio.to_thread.run_sync(app.deps.store.ping, abandon_on_cancel=True)
        except Exception as error:
            log.warning("edge.not_ready", part="database", error=type(error).__name__)
            return JSONResponse({"status": "not ready", "database": "does not answer"}, 503)
        return JSONResponse({"status": "ready", "database": "ok"})

    return ready


async def _server_error(request: Request, error: Exception) -> Response:
    return PlainTextResponse("something went wrong here\n", 500)


def _picture(app: App) -> Callable[[Request], Awaitable[Response]]:
    """A picture made for somebody, for the provider to fetch. Its name cannot be guessed, and is all it takes."""

    async def show(request: Request) -> Response:
        found = await anyio.to_thread.run_sync(fetch, app.deps, request.path_params["picture_id"], app.clock.now())
        if found is None:
            return PlainTextResponse("not found\n", 404)
        return Response(found.data, media_type=found.content_type, headers={"Content-Security-Policy": _ALONE})

    return show


def _lifespan(app: App) -> Callable[[Starlette], Any]:
    @asynccontextmanager
    async def lifespan(_edge: Starlette) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            if app.settings.simulator and getattr(app, "mailbox", None) is not None:
                from bot.simulator import network

                await stack.enter_async_context(network(app))  # type: ignore[arg-type]
            yield

    return lifespan


class _SecurityHeaders:
    """Headers that no answer should lack; a page may set its own stricter or looser policy."""

    def __init__(self, app: ASGIApp, https: bool) -> None:
        self._app = app
        self._headers = {
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "SAMEORIGIN",
            "Referrer-Policy": "no-referrer",
            "Cache-Control": "no-store",
            "Content-Security-Policy": (
                "default-src 'self'; img-src 'self' data: blob:; media-src 'self' data: blob:; "
                "base-uri 'none'; form-action 'self'; frame-ancestors 'self'; object-src 'none'"
            ),
            "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
        }
        if https:
            self._headers["Strict-Transport-Security"] = "max-age=31536000"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, send_with_headers)


def page_routes(app: Any) -> list[BaseRoute]:
    """The pages beside the webhooks. The simulator is only there when messages go to it, never beside a provider."""
    import web

    routes: list[BaseRoute] = [*health_pages.routes(app), *web.routes(app)]
    if app.settings.simulator:
        from bot import simulator

        routes += simulator.routes(app)
    return routes


def listen(host: str, port: int) -> socket.socket:
    """A listening socket. Raises OSError whose text is one clear line."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise OSError(f"port {port} on {host} is busy: stop the other program or set SAPA_PORT") from None
        raise OSError(f"cannot listen on {host}:{port}: {error.strerror or error}") from None


def main() -> int:
    """Serve until told to stop; the exit status."""
    from sapa import bootstrap

    try:
        app = bootstrap.start()
        pages = page_routes(app)
        listener = listen(app.settings.host, app.settings.port)
    except (bootstrap.StartError, SettingsError, OSError) as error:
        print(f"bot: {error}", file=sys.stderr)
        return 1
    logs.setup("bot", app.settings.log_level)
    limits.allow_open_files()
    server = uvicorn.Server(
        uvicorn.Config(
            health_pages.Counted(create_app(app, extra_routes=pages)),
            log_config=None,
            access_log=False,
            server_header=False,
            # From a proxy on this machine alone (uvicorn's default): else all the console's users share one address.
            proxy_headers=True,
            http=limits.PatientProtocol,
            # Nothing here speaks WebSocket, and the version Rasa pins is too old for uvicorn to even import.
            ws="none",
            timeout_graceful_shutdown=5,
        )
    )
    log.info("edge.listening", host=app.settings.host, port=app.settings.port, gateway=app.settings.gateway)
    host = "127.0.0.1" if app.settings.host == "0.0.0.0" else app.settings.host
    health = f"http://{f'[{host}]' if ':' in host else host}:{app.settings.port}/health"
    try:
        with pulse.observed(app, "edge", alive=lambda: pulse.answers(health)):
            server.run(sockets=[listener])
    except KeyboardInterrupt:
        return 0
    return 0 if server.started else 1


if __name__ == "__main__":
    sys.exit(main())
