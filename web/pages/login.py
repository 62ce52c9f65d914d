"""Logging in with a code over WhatsApp, and out again. These are the only pages open to everybody."""

from __future__ import annotations

from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from sapa.family.reading.seats import read_phone
from sapa.services import logins
from web.security import Tries
from web.session import LOGIN, Console
from web.views import HOME

_NUMBER, _BACK = "number", "back"


def routes(console: Console) -> list[Route]:
    """Number, code, out."""
    pages = _Login(console)
    return [
        Route("/masuk", pages.number, methods=["GET"], name="GET /masuk"),
        Route("/masuk", pages.ask, methods=["POST"], name="POST /masuk"),
        Route("/masuk/kode", pages.code, methods=["GET"], name="GET /masuk/kode"),
        Route("/masuk/kode", pages.enter, methods=["POST"], name="POST /masuk/kode"),
        Route("/keluar", pages.leave, methods=["POST"], name="POST /keluar"),
    ]


class _Login:
    def __init__(self, console: Console) -> None:
        self._console = console
        self._tries = Tries()

    async def number(self, request: Request) -> Response:
        """The page that asks for the number; home, where somebody is logged in already."""
        who, _ = await run_in_threadpool(self._console.reader, request, self._console.app.clock.now())
        if who is not None:
            return RedirectResponse(f"{HOME}/", status_code=303)
        return self._page(request, "login.html", trouble=None, number="")

    async def ask(self, request: Request) -> Response:
        """Send a code. What is answered is the same whether the number is one of the staff's or not."""
        number = await _field(request, "number")
        phone = read_phone(number)
        if phone is None:
            return self._page(request, "login.html", 422, trouble="number", number=number)
        if not self._tries.may_ask(phone, _address(request)):
            return self._page(request, "login.html", 429, trouble="too_often", number=number)
        app = self._console.app
        request.session[_NUMBER] = phone
        # Once the answer is on its way: how long the code takes would tell whose number it is.
        task = BackgroundTask(logins.ask_code, app.deps, phone, app.settings.secret, app.clock.now())
        return RedirectResponse(f"{LOGIN}/kode", status_code=303, background=task)

    async def code(self, request: Request) -> Response:
        """The page that asks for the code."""
        number = request.session.get(_NUMBER)
        if number is None:
            return RedirectResponse(LOGIN, status_code=303)
        return self._page(request, "login_code.html", trouble=None, number=number)

    async def enter(self, request: Request) -> Response:
        """Look at the code; a new session with a new token if it is the right one."""
        number = request.session.get(_NUMBER)
        if number is None:
            return RedirectResponse(LOGIN, status_code=303)
        code = await _field(request, "code")
        if not self._tries.may_try(number, _address(request)):
            return self._page(request, "login_code.html", 429, trouble="too_often", number=number)
        app = self._console.app
        token = await run_in_threadpool(logins.log_in, app.deps, number, code, app.settings.secret, app.clock.now())
        if token is None:
            return self._page(request, "login_code.html", 422, trouble="code", number=number)
        back = str(request.session.get(_BACK, ""))
        request.session.clear()
        answer = RedirectResponse(back if back.startswith(f"{HOME}/") else f"{HOME}/", status_code=303)
        self._keep(answer, token)
        return answer

    async def leave(self, request: Request) -> Response:
        """End the session, in the browser and here."""
        token = request.cookies.get(self._console.cookie)
        if token:
            await run_in_threadpool(logins.log_out, self._console.app.deps, token, self._console.app.clock.now())
        request.session.clear()
        answer = RedirectResponse(LOGIN, status_code=303)
        answer.delete_cookie(self._console.cookie, path="/", secure=self._console.secure, httponly=True)
        # A token of before the login must not be good after it, nor the other way round.
        self._drop_csrf(answer)
        return answer

    def _keep(self, answer: Response, token: str) -> None:
        answer.set_cookie(
            self._console.cookie,
            token,
            max_age=int(logins.LONGEST.total_seconds()),
            path="/",
            secure=self._console.secure,
            httponly=True,
            samesite="lax",
        )
        self._drop_csrf(answer)

    def _drop_csrf(self, answer: Response) -> None:
        name = "__Host-sapa-csrf" if self._console.secure else "sapa-csrf"
        answer.delete_cookie(name, path="/", secure=self._console.secure, httponly=True)

    def _page(self, request: Request, template: str, status: int = 200, **context: object) -> Response:
        simulator = self._console.app.settings.simulator
        return self._console.views.page(request, template, status, simulator=simulator, **context)


async def _field(request: Request, name: str) -> str:
    told = (await request.form()).get(name, "")
    return told.strip()[:40] if isinstance(told, str) else ""


def _address(request: Request) -> str:
    return request.client.host if request.client else ""
