"""The whole table: every route of the console for every kind of reader. What is not in the table does not pass."""

from __future__ import annotations

import importlib
import importlib.util
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from starlette.routing import Route
from starlette.testclient import TestClient

import web
from sapa.bootstrap import App
from sapa.family.people import Screening, Sex, Wedding
from tests.web.access_rows import ROWS, Row
from tests.web.console_world import World, build, client_for, token_in

LOGIN = "/konsol/masuk"
# Pages that are not about one person but post to a place all the same.
_PLACED_BY_FORM = {("POST", "/petugas/undang")}


def _more() -> Any:
    """The rows of the pages on top of the services, kept beside their tests."""
    name = "tests.web.access_rows_pages"
    return importlib.import_module(name) if importlib.util.find_spec(name) else None


PAGES = _more()
TABLE: list[Row] = [*ROWS, *(PAGES.ROWS if PAGES else [])]
PARAMS: Mapping[str, Callable[[App, World], str]] = {
    "household_id": lambda app, world: world.household_id,
    "child_id": lambda app, world: world.child_id,
    "session_id": lambda app, world: world.session_id,
    "posyandu_id": lambda app, world: world.posyandu_id,
    "staff_id": lambda app, world: world.staff["revoked"],
    "contact_id": lambda app, world: world.mother_id,
    "content_id": lambda app, world: "gizi/isi-piringku",
    **(PAGES.PARAMS if PAGES and hasattr(PAGES, "PARAMS") else {}),
}


@pytest.fixture
def world(app: App) -> World:
    made = build(app)
    now = app.clock.now()
    with app.store.transaction() as tx:
        wedding = Wedding(date=now.date(), screened_on=now.date(), contact_id=made.mother_id, id="wedding-1")
        tx.save_wedding(made.household_id, wedding, now)
        own = Screening(Sex.FEMALE, {"age_years": 22}, contact_id=made.mother_id, id="screening-1")
        tx.save_screening("wedding-1", own, now)
    return made


def _routes(app: App) -> Iterator[tuple[str, str]]:
    for route in web.console_app(app).routes:
        if isinstance(route, Route) and not route.path.startswith("/static"):
            yield from ((method, route.path) for method in (route.methods or set()) - {"HEAD"})


def _address(row: Row, app: App, world: World) -> str:
    return "/konsol" + re.sub(r"{(\w+)(?::\w+)?}", lambda found: PARAMS[found[1]](app, world), row.path)


def _ask(client: TestClient, row: Row, address: str) -> tuple[int, str]:
    """Status, and where it leads to."""
    if row.method == "GET":
        answer = client.get(address, follow_redirects=False)
    else:
        token = token_in(client.get("/konsol/no-such-page").text)
        form = {"csrftoken": token, **row.form}
        answer = client.post(address, data=form, follow_redirects=False)
    return answer.status_code, answer.headers.get("location", "")


def _expected(row: Row, who: str) -> str:
    """in, login or refused."""
    if row.open:
        return "in"
    if who in ("nobody", "revoked"):
        return "login"
    role, _, village = who.partition("_")
    if role not in row.may.split():
        return "refused"
    placed = row.placed or (row.method, row.path) in _PLACED_BY_FORM
    return "refused" if placed and village == "other" else "in"


def _found(row: Row, status: int, leads_to: str) -> str:
    if status == 303 and leads_to == LOGIN and not row.open:
        return "login"
    if status in (403, 404):
        return "refused"
    return "in" if status in row.ok or (row.open and status == 429) else f"status {status}"


def test_every_route_of_the_console_stands_in_the_table_and_nothing_else_does(app: App) -> None:
    assert {(row.method, row.path) for row in TABLE} == set(_routes(app))


@pytest.mark.parametrize("who", ["kader_own", "kader_other", "bidan_own", "bidan_other", "admin", "revoked", "nobody"])
def test_each_reader_is_let_in_where_the_table_says_so_and_nowhere_else(world: World, who: str) -> None:
    wrong = []
    with client_for(world, None if who == "nobody" else who) as client:
        # Logging out ends it, so it comes last.
        for row in sorted(TABLE, key=lambda row: row.path == "/keluar"):
            status, leads_to = _ask(client, row, _address(row, world.app, world))
            expected, found = _expected(row, who), _found(row, status, leads_to)
            if expected != found:
                wrong.append(f"{who}: {row.method} {row.path}: {found} ({status}), should be {expected}")
    assert wrong == []


@pytest.mark.parametrize("who", ["kader_other", "bidan_other"])
def test_a_family_of_the_other_village_looks_exactly_like_one_that_does_not_exist(world: World, who: str) -> None:
    with client_for(world, who) as client:
        real = client.get(f"/konsol/keluarga/{world.household_id}")
        made_up = client.get("/konsol/keluarga/00000000-0000-0000-0000-000000000000")
        assert (real.status_code, made_up.status_code) == (404, 404)
        assert real.text == made_up.text
        assert "Siti" not in real.text
        assert client.get(f"/konsol/keluarga/{world.other_household_id}").status_code == 200


def test_what_was_refused_stands_in_the_audit_trail_without_the_family(world: World) -> None:
    with client_for(world, "kader_other") as client:
        client.get(f"/konsol/keluarga/{world.household_id}")
    with world.app.store.transaction(write=False) as tx:
        lines, _ = tx.audit_lines(posyandu_ids=[], actor_ids=[world.contacts["kader_other"]], event="page_refused")
    assert [(line.household_id, line.detail) for line in lines] == [
        (None, {"page": "/keluarga/{household_id}", "why": "hidden"})
    ]


def test_a_child_of_another_family_is_not_shown_under_ones_own(world: World) -> None:
    with client_for(world, "kader_own") as client:
        own = f"/konsol/keluarga/{world.household_id}/anak"
        assert client.get(f"{own}/{world.child_id}/grafik.png").headers["content-type"] == "image/png"
        assert client.get(f"{own}/{world.other_child_id}/grafik.png").status_code == 404


def test_a_role_that_is_taken_away_ends_the_session_with_the_next_page(world: World) -> None:
    with client_for(world, "kader_own") as kader, client_for(world, "bidan_own") as bidan:
        assert kader.get("/konsol/keluarga").status_code == 200
        token = token_in(bidan.get("/konsol/petugas").text)
        address = f"/konsol/petugas/{world.staff['kader_own']}/cabut"
        assert bidan.post(address, data={"csrftoken": token}, follow_redirects=False).status_code == 303
        assert kader.get("/konsol/keluarga", follow_redirects=False).headers["location"] == LOGIN


def test_a_bidan_takes_no_role_of_a_bidan_and_nobody_their_own(world: World) -> None:
    with client_for(world, "bidan_own") as bidan, client_for(world, "admin") as admin:
        for client, staff_id in ((bidan, "bidan_own"), (admin, "admin")):
            token = token_in(client.get("/konsol/petugas").text)
            client.post(f"/konsol/petugas/{world.staff[staff_id]}/cabut", data={"csrftoken": token})
    with world.app.store.transaction(write=False) as tx:
        assert tx.roles_of(world.contacts["bidan_own"]) and tx.roles_of(world.contacts["admin"])
