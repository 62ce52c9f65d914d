"""A small programme for the console's tests: two desa of one kabupaten, their staff and families, and browsers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, time, timedelta

from starlette.applications import Starlette
from starlette.testclient import TestClient

import web
from bot.app import create_app
from sapa.bootstrap import App
from sapa.family.people import Child, Measurement, Sex
from sapa.messaging.states import Channel
from sapa.services.access import Role
from sapa.services.consents import CHILD_CARE, FAMILY_PLANNING
from sapa.services.ports import Tx
from sapa.services.records import AreaRow, PosyanduRow, SessionRow
from sapa.services.staff import enrol, revoke

HOST = "http://testserver"
NUMBERS = {
    "kader_own": "+6281300000001",
    "bidan_own": "+6281300000002",
    "kader_other": "+6281300000003",
    "bidan_other": "+6281300000004",
    "admin": "+6281300000005",
    "revoked": "+6281300000006",
    "nobody": "+6281300000007",
}
NAMES = {
    "kader_own": "Sari",
    "bidan_own": "Wati",
    "kader_other": "Rina",
    "bidan_other": "Tuti",
    "admin": "Budi",
    "revoked": "Dewi",
}


@dataclass
class World:
    """Ids of what there is. "own" is posyandu Melati in desa Sukamaju, "other" posyandu Mawar in desa Mekarsari."""

    app: App
    posyandu_id: str = "posyandu-melati"
    other_posyandu_id: str = "posyandu-mawar"
    household_id: str = ""
    other_household_id: str = ""
    child_id: str = "child-ani"
    other_child_id: str = "child-joko"
    session_id: str = "session-melati"
    other_session_id: str = "session-mawar"
    contacts: dict[str, str] = field(default_factory=dict)
    staff: dict[str, str] = field(default_factory=dict)
    mother_id: str = ""


def build(app: App) -> World:
    """The two villages in the application's store."""
    world, now = World(app), app.clock.now()
    today = now.date()
    with app.store.transaction() as tx:
        for area in (
            AreaRow("kab", "kabupaten", "Kabupaten Contoh", None, timezone="Asia/Jakarta"),
            AreaRow("desa-a", "desa", "Sukamaju", "kab"),
            AreaRow("desa-b", "desa", "Mekarsari", "kab"),
        ):
            tx.save_area(area)
        tx.save_posyandu(PosyanduRow(world.posyandu_id, "Melati", "Asia/Jakarta", area_id="desa-a"))
        tx.save_posyandu(PosyanduRow(world.other_posyandu_id, "Mawar", "Asia/Jakarta", area_id="desa-b"))
        for session_id, place in (
            (world.session_id, world.posyandu_id),
            (world.other_session_id, world.other_posyandu_id),
        ):
            tx.save_session(SessionRow(session_id, place, today + timedelta(days=3), time(8), "Balai Desa"))
        roles = {
            "kader_own": (Role.KADER, world.posyandu_id),
            "bidan_own": (Role.BIDAN, "desa-a"),
            "kader_other": (Role.KADER, world.other_posyandu_id),
            "bidan_other": (Role.BIDAN, "desa-b"),
            "admin": (Role.ADMIN, "kab"),
            "revoked": (Role.KADER, world.posyandu_id),
        }
        for who, (role, place) in roles.items():
            row = enrol(tx, NUMBERS[who], NAMES[who], role, place, None, now)
            world.contacts[who], world.staff[who] = row.contact_id, row.id
        world.mother_id = _family(world, tx, "Siti Aminah", "+6281400000001", world.posyandu_id, today)
        world.household_id = tx.household_of(world.mother_id, now)
        other = _family(world, tx, "Mariana", "+6281400000002", world.other_posyandu_id, today)
        world.other_household_id = tx.household_of(other, now)
    return world


def _family(world: World, tx: Tx, name: str, number: str, posyandu_id: str, today: date) -> str:
    now = world.app.clock.now()
    mother, _ = tx.contact_for_address(Channel.WHATSAPP, number, number, now)
    tx.set_contact_name(mother.id, name)
    household_id = tx.household_of(mother.id, now)
    tx.set_posyandu(household_id, posyandu_id)
    own = posyandu_id == world.posyandu_id
    child = Child(
        id=world.child_id if own else world.other_child_id,
        name="Ani" if own else "Joko",
        birth_date=today - timedelta(days=250),
        sex=Sex.FEMALE if own else Sex.MALE,
        doses={"HB0": today - timedelta(days=250), "BCG": today - timedelta(days=220)},
    )
    tx.save_child(household_id, child, now)
    for days, weight in ((90, 6.1), (60, 6.9), (30, 7.4)):
        measured = Measurement(today - timedelta(days=days), weight, None)
        tx.save_measurement(child.id, measured, "kader", now)
    tx.record_consent(mother.id, CHILD_CARE, "kata-kata persetujuan anak", True, None, now)
    tx.record_consent(mother.id, FAMILY_PLANNING, "kata-kata persetujuan rahasia", True, None, now)
    return mother.id


def serve(app: App) -> Starlette:
    """The edge with the console in it, as it runs."""
    return create_app(app, extra_routes=web.routes(app))


def token_in(html: str) -> str:
    """The CSRF token a page carries."""
    found = re.search(r'name="csrftoken" value="([^"]+)"', html) or re.search(r'x-csrftoken": "([^"]+)"', html)
    assert found, "no CSRF token in the page"
    return found.group(1)


def code_for(app: App, number: str) -> str:
    """The newest code sent to a number, read as its owner reads it."""
    with app.store.transaction(write=False) as tx:
        contact_id = tx.contact_id_for(Channel.WHATSAPP, number)
        assert contact_id is not None
        sent = [message.text for message in tx.outbox_of(contact_id) if message.content_id == "kader/masuk/kode"]
    return re.findall(r"\b\d{6}\b", sent[-1])[0]


def post(client: TestClient, path: str, form: dict[str, object] | None = None, page: str = "/konsol/masuk"):  # type: ignore[no-untyped-def]
    """Post a form with the token of a page."""
    token = token_in(client.get(page).text)
    return client.post(path, data={"csrftoken": token, **(form or {})}, follow_redirects=False)


@contextmanager
def client_for(world: World, who: str | None) -> Iterator[TestClient]:
    """A browser; logged in as one of NUMBERS, or as nobody (None)."""
    with TestClient(serve(world.app), base_url=HOST) as client:
        if who is not None:
            assert post(client, "/konsol/masuk", {"number": NUMBERS[who]}).status_code == 303
            page = client.get("/konsol/masuk/kode")
            form = {"csrftoken": token_in(page.text), "code": code_for(world.app, NUMBERS[who])}
            answer = client.post("/konsol/masuk/kode", data=form, follow_redirects=False)
            assert answer.status_code == 303, answer.text
        if who == "revoked":
            with world.app.store.transaction() as tx:
                revoke(tx, world.staff[who], None, world.app.clock.now())
        yield client
