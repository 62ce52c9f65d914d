"""Who is at the other end: the cookie, the guard in front of every page, and what a page is handed.

A page is a plain function `page(visit) -> Response`. It runs in a thread, so it may ask the database directly. Before
it runs, the guard has found out who is logged in, that their role may open the page, and has read the form.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from sapa.bootstrap import App
from sapa.services import logins
from sapa.services.access import NotAllowed, Role, Staffer, may_see_household
from sapa.services.deps import Deps
from sapa.services.ports import Tx
from sapa.services.records import PosyanduRow
from web.kept import KeptFigures
from web.views import HOME, Views

EVERYBODY: Collection[Role] = tuple(Role)
BY_NAME: Collection[Role] = (Role.KADER, Role.BIDAN)
OVERSIGHT: Collection[Role] = (Role.BIDAN, Role.ADMIN)
LOGIN = f"{HOME}/masuk"
FLASH = "said"

_T = TypeVar("_T")


class HiddenError(Exception):
    """It does not exist, or not for this person: the answer is the same page either way."""


@dataclass(frozen=True)
class Visit:
    """One request of somebody who is logged in and may open this page.

    form: what was posted (empty for a GET). now: aware. zone: of the reader's posyandu.
    """

    console: Console
    request: Request
    who: Staffer
    now: datetime
    zone: str
    form: FormData = field(default_factory=FormData)

    @property
    def app(self) -> App:
        return self.console.app

    @property
    def deps(self) -> Deps:
        return self.console.app.deps

    @property
    def today(self) -> date:
        """The day it is for the reader."""
        return self.now.astimezone(ZoneInfo(self.zone)).date()

    @property
    def is_htmx(self) -> bool:
        """Whether a part of a page is asked for, not a whole one."""
        return self.request.headers.get("hx-request") == "true"

    def read(self) -> AbstractContextManager[Tx]:
        """A transaction that only looks."""
        return self.app.store.transaction(write=False)

    def write(self) -> AbstractContextManager[Tx]:
        return self.app.store.transaction()

    def path(self, name: str) -> str:
        """A part of the address, such as household_id."""
        return str(self.request.path_params[name])

    def query(self, name: str, default: str = "") -> str:
        return self.request.query_params.get(name, default).strip()

    def number(self, name: str, default: int = 1) -> int:
        """A whole number from the query, at least 1; what is none counts as `default`."""
        told = self.query(name)
        return max(1, int(told)) if told.isascii() and told.isdecimal() and len(told) < 7 else default

    def field(self, name: str, default: str = "") -> str:
        """A text field of the form, without blanks around it; a file that was sent under its name counts as nothing."""
        told = self.form.get(name, default)
        return told.strip() if isinstance(told, str) else default

    def fields(self, name: str) -> list[str]:
        """Every value of a field that may come several times (tick boxes)."""
        return [told.strip() for told in self.form.getlist(name) if isinstance(told, str)]

    def places(self, tx: Tx) -> list[PosyanduRow]:
        """The posyandu whose families the reader sees by name, by name."""
        return sorted(self._rows(tx, self.who.by_name), key=lambda place: (place.name, place.id))

    def figures(self, tx: Tx) -> list[PosyanduRow]:
        """The posyandu whose figures the reader sees, by name."""
        return sorted(self._rows(tx, self.who.figures), key=lambda place: (place.name, place.id))

    def household(self, tx: Tx, household_id: str) -> str:
        """The id, if the reader may see this family by name. Raises HiddenError."""
        if not may_see_household(tx, self.who, household_id):
            raise HiddenError
        return household_id

    def log_read(self, household_id: str, page: str, event: str = "page_read") -> None:
        """Write down that the reader has looked at a person's page (or at a picture from one)."""
        with self.write() as tx:
            detail = {"page": page}
            tx.audit(event, None, detail, self.now, actor_id=self.who.contact_id, household_id=household_id)

    def page(self, template: str, status_code: int = 200, **context: Any) -> Response:
        """A whole page in the layout, or a fragment if the template has none."""
        return self.console.views.page(self.request, template, status_code, **context)

    def go(self, path: str, said: str | None = None, **details: str | int) -> Response:
        """To another page after a form (`path` after /konsol), which says `said`: a code in templates/_said*.html."""
        if said is not None:
            self.request.session[FLASH] = {"code": said, **details}
        if self.is_htmx:
            return Response(status_code=204, headers={"HX-Redirect": HOME + path})
        return RedirectResponse(HOME + path, status_code=303)

    def _rows(self, tx: Tx, ids: Collection[str]) -> list[PosyanduRow]:
        found: dict[str, PosyanduRow] = {}
        for area_id in self.who.areas:
            found |= {place.id: place for place in tx.posyandu_in(area_id) if place.id in ids}
        for row in self.who.roles:
            place = tx.posyandu(row.posyandu_id) if row.posyandu_id in ids and row.posyandu_id else None
            if place is not None:
                found[place.id] = place
        return list(found.values())


Page = Callable[[Visit], Response]


@dataclass(frozen=True)
class Console:
    """The console of one application: what page modules are handed to make their routes."""

    app: App
    views: Views
    secure: bool  # served over https: cookies are marked so
    figures: KeptFigures = field(default_factory=KeptFigures)

    @property
    def cookie(self) -> str:
        """The name of the login cookie; the prefix makes browsers refuse one set by a neighbouring host."""
        return "__Host-sapa" if self.secure else "sapa"

    def get(self, path: str, page: Page, roles: Collection[Role] = EVERYBODY) -> Route:
        """A page at /konsol`path` for these roles."""
        return self._route(path, page, roles, "GET")

    def post(self, path: str, page: Page, roles: Collection[Role] = EVERYBODY) -> Route:
        """A form posted to /konsol`path` by one of these roles."""
        return self._route(path, page, roles, "POST")

    def _route(self, path: str, page: Page, roles: Collection[Role], method: str) -> Route:
        return Route(path, self._guarded(page, roles), methods=[method], name=f"{method} {path}")

    def _guarded(self, page: Page, roles: Collection[Role]) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            form = await request.form() if request.method == "POST" else FormData()
            return await run_in_threadpool(self._serve, page, roles, request, form)

        return endpoint

    def _serve(self, page: Page, roles: Collection[Role], request: Request, form: FormData) -> Response:
        now = self.app.clock.now()
        who, zone = self.reader(request, now)
        if who is None:
            return self._to_login(request)
        visit = Visit(self, request, who, now, zone, form)
        request.state.shared = self._shared(visit)
        if not any(who.holds(role) for role in roles):
            self._note_refusal(visit, "role")
            raise HTTPException(403)
        try:
            return page(visit)
        except (HiddenError, NotAllowed) as refused:
            self._note_refusal(visit, "hidden")
            raise HTTPException(404) from refused

    def reader(self, request: Request, now: datetime) -> tuple[Staffer | None, str]:
        """Who is logged in (None: nobody) and their time zone."""
        token = request.cookies.get(self.cookie)
        zone = self.app.settings.default_timezone
        if not token:
            return None, zone
        with self.app.store.transaction(write=False) as tx:
            found = logins.logged_in(tx, token, now)
            if found is None:
                return None, zone
            zone = logins.timezone_of(tx, found.who, zone)
        if logins.wants_touch(found):
            with self.app.store.transaction() as tx:
                logins.touch(tx, found)
        return found.who, zone

    def _shared(self, visit: Visit) -> dict[str, Any]:
        said = visit.request.session.pop(FLASH, None) if not visit.is_htmx else None
        return {"who": visit.who, "zona": visit.zone, "today": visit.today, "said": said}

    def _to_login(self, request: Request) -> Response:
        if request.headers.get("hx-request") == "true":
            return Response(status_code=401, headers={"HX-Redirect": LOGIN})
        if request.method == "GET":
            request.session["back"] = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return RedirectResponse(LOGIN, status_code=303)

    def _note_refusal(self, visit: Visit, why: str) -> None:
        with visit.write() as tx:
            # The page only: an address may hold the id of somebody this person has no business with.
            detail = {"page": visit.request.scope["route"].path, "why": why}
            tx.audit("page_refused", None, detail, visit.now, actor_id=visit.who.contact_id)
