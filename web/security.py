"""What stands in front of the console's pages: headers, compression, the CSRF token, limits on size and on tries.

Each is a library's; here they are only set up for this console. Order, from the outside in: headers, compression, size,
signed cookie for one-time remarks, CSRF.
"""

from __future__ import annotations

import http.cookies
from collections.abc import Callable, Mapping
from typing import Any

import limits
import limits.storage
import limits.strategies
import secure
from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette_csrf.middleware import CSRFMiddleware

FORM_LIMIT = 128 * 1024  # bytes; the longest form (a day's attendance of 150 children) has some 20 kB
UPLOAD_LIMIT = 5 * 1024 * 1024 + FORM_LIMIT  # a register as XLSX
UPLOADS = "/konsol/impor"
_FIELD = "csrftoken"
_BODY = "console.body"

# Tries from one address. A whole puskesmas may sit behind one, so these are wide; those of a number are narrow.
_ASKED_BY_NUMBER = limits.parse("3 per 15 minutes")
_ASKED_BY_ADDRESS = limits.parse("30 per 15 minutes")
_TRIED_BY_NUMBER = limits.parse("15 per 15 minutes")
_TRIED_BY_ADDRESS = limits.parse("60 per 15 minutes")


# Makes the page that says no, from the request and a status.
Refuse = Callable[[Request, int], Response]


def middleware(secret: str, https: bool, refuse: Refuse) -> list[Middleware]:
    """The console's middleware. `secret` signs cookies; `https`: they are for secure connections only."""
    prefix = "__Host-" if https else ""
    return [
        Middleware(_Headers, values=dict(headers(https).headers)),
        Middleware(GZipMiddleware, minimum_size=700),
        Middleware(_Limited, refuse=refuse),
        Middleware(
            SessionMiddleware,
            secret_key=f"session:{secret}",
            session_cookie=f"{prefix}sapa-said",
            max_age=None,
            same_site="lax",
            https_only=https,
        ),
        Middleware(
            FormCSRF,
            secret=f"csrf:{secret}",
            cookie_name=f"{prefix}sapa-csrf",
            cookie_secure=https,
            cookie_httponly=True,
            refuse=refuse,
        ),
    ]


def headers(https: bool) -> secure.Secure:
    """Headers of every answer of the console, stricter than those of the edge. Nothing may be framed or inlined."""
    policy = (
        secure.ContentSecurityPolicy()
        .default_src("'none'")
        .script_src("'self'")
        .style_src("'self'")
        .img_src("'self'")
        .connect_src("'self'")
        .form_action("'self'")
        .base_uri("'none'")
        .frame_ancestors("'none'")
    )
    return secure.Secure(
        csp=policy,
        xcto=secure.XContentTypeOptions(),
        xfo=secure.XFrameOptions().deny(),
        referrer=secure.ReferrerPolicy().no_referrer(),
        permissions=secure.PermissionsPolicy().camera().microphone().geolocation(),
        coop=secure.CrossOriginOpenerPolicy().same_origin(),
        corp=secure.CrossOriginResourcePolicy().same_origin(),
        hsts=secure.StrictTransportSecurity().max_age(31536000) if https else None,
    )


class _Headers:
    """Sets the headers. The library's own middleware writes names in capitals, and the edge would add its own again."""

    def __init__(self, app: ASGIApp, values: Mapping[str, str]) -> None:
        self._app = app
        self._values = values

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(self._values)
            await send(message)

        await self._app(scope, receive, with_headers)


class _Limited:
    """Reads the body of a form once, up to a limit, for those inside who need it."""

    def __init__(self, app: ASGIApp, refuse: Refuse) -> None:
        self._app = app
        self._refuse = refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] in ("GET", "HEAD", "OPTIONS"):
            await self._app(scope, receive, send)
            return
        limit = UPLOAD_LIMIT if scope["path"].startswith(UPLOADS) else FORM_LIMIT
        body = bytearray()
        more = True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            body += message.get("body", b"")
            more = message.get("more_body", False)
            if len(body) > limit:
                await self._refuse(Request(scope), 413)(scope, receive, send)
                return
        scope[_BODY] = bytes(body)
        if not await _can_be_read(scope, bytes(body), receive):
            await self._refuse(Request(scope), 400)(scope, receive, send)
            return
        await self._app(scope, _again(bytes(body), receive), send)


async def _can_be_read(scope: Scope, body: bytes, receive: Receive) -> bool:
    """Whether this is a form at all: the reader of forms has many ways to stumble over one that is none."""
    try:
        await (await Request(scope, _again(body, receive)).form()).close()
    except Exception:
        return False
    return True


def _again(body: bytes, receive: Receive) -> Receive:
    """A body that was read, to be read once more."""
    sent = False

    async def replay() -> Message:
        nonlocal sent
        if sent:
            return await receive()
        sent = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay


class FormCSRF(CSRFMiddleware):
    """The library's double cookie, with what plain forms need: the token as a field, and known to the first page.

    The page knows it as scope["csrf_token"]. Posts that a browser itself calls cross-site are refused before that.
    """

    def __init__(self, app: ASGIApp, secret: str, *, refuse: Refuse, **more: Any) -> None:
        super().__init__(app, secret, **more)
        self._refuse = refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            request = Request(scope)
            known = request.cookies.get(self.cookie_name, "")
            fresh = not self._csrf_tokens_match(known, known)
            token = self._generate_csrf_token() if fresh else known
            scope["csrf_token"] = token
            if fresh:
                send = self._handing_out(token, send)
            foreign = request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none")
            if foreign and request.method not in self.safe_methods:
                await self._get_error_response(request)(scope, receive, send)
                return
        await super().__call__(scope, receive, send)

    async def send(self, message: Message, send: Send, scope: Scope) -> None:
        """The library would set a token of its own here, after the page was made."""
        await send(message)

    def _handing_out(self, token: str, send: Send) -> Send:
        cookie: http.cookies.SimpleCookie = http.cookies.SimpleCookie()
        cookie[self.cookie_name] = token
        kept = cookie[self.cookie_name]
        kept["path"], kept["secure"], kept["httponly"] = "/", self.cookie_secure, True
        kept["samesite"] = self.cookie_samesite

        async def with_cookie(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).append("set-cookie", cookie.output(header="").strip())
            await send(message)

        return with_cookie

    async def _get_submitted_csrf_token(self, request: Request) -> str | None:
        told = request.headers.get(self.header_name)
        if told is not None:
            return told
        body: bytes = request.scope.get(_BODY, b"")
        form = await Request(request.scope, _again(body, request.receive)).form()
        field = form.get(_FIELD)
        return field if isinstance(field, str) else None

    def _get_error_response(self, request: Request) -> Response:
        return self._refuse(request, 403)


class Tries:
    """How often somebody may ask for a code and try one. Counted in this process; the store counts codes besides."""

    def __init__(self) -> None:
        self._limiter = limits.strategies.MovingWindowRateLimiter(limits.storage.MemoryStorage())

    def may_ask(self, number: str, address: str) -> bool:
        """Counts one request for a code to a number from an address; False when it is one too many."""
        return self._both((_ASKED_BY_ADDRESS, f"ask:{address}"), (_ASKED_BY_NUMBER, f"ask#{number}"))

    def may_try(self, number: str, address: str) -> bool:
        """Counts one code that was typed; False when it is one too many."""
        return self._both((_TRIED_BY_ADDRESS, f"try:{address}"), (_TRIED_BY_NUMBER, f"try#{number}"))

    def _both(self, *counted: tuple[limits.RateLimitItem, str]) -> bool:
        return all(self._limiter.hit(item, key) for item, key in counted)
