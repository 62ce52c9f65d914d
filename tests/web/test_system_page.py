"""The page Sistem: an admin reads in plain words what `sapa health` tells an operator."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest

from sapa.bootstrap import App
from sapa.services.health import PROCESSES, WAITS, Disk, Finding, Level, findings
from sapa.services.ports_health import Heartbeat, QueueLength
from sapa.services.records import Hold
from tests.services.test_health import NOW, WALL, well
from tests.web.console_world import World, build, client_for
from web.views import Views


@pytest.fixture
def database_url(one_database: str) -> str:
    return one_database


@pytest.fixture
def world(app: App) -> World:
    return build(app)


def _everything_bad() -> dict[str, Any]:
    late = tuple(QueueLength(name, 3, NOW - timedelta(hours=5)) for name in WAITS)
    until = {"certificate_until": (WALL + timedelta(days=1)).isoformat()}
    living = (Heartbeat("worker", "m", WALL, 40.0), Heartbeat("certificate", "h", WALL, 0.0, until))
    return {
        "queues": late,
        "heartbeats": (*living, Heartbeat("clock", "m", WALL - timedelta(hours=1))),
        "holds": tuple(Hold(scope, "20003", NOW, NOW) for scope in ("all", "whatsapp", "sms", "template:kode_masuk")),
        "lately": {"failed": 90, "sent": 10},
        "templates": {"rejected": 1},
        "backup_at": WALL - timedelta(days=3),
    }


def _seen() -> list[Finding]:
    """Every kind of finding there is, good and bad."""
    pictures = [well(), well(**_everything_bad()), well(backup_at=None)]
    certain = well(heartbeats=(Heartbeat("x", "h", WALL, 0.0, {"certificate_until": "2027-01-01T00:00:00+00:00"}),))
    disks = [Disk(50, 100), Disk(1, 100), None]
    return [
        one for seen, disk in zip([*pictures, certain], [*disks, None], strict=True) for one in findings(seen, disk)
    ]


def test_every_finding_has_words_of_its_own_and_something_to_do(app: App) -> None:
    views = Views(app.settings.content_dir)
    module = views.environment.get_template("sistem.html").make_module({"request": _Request(), **_SHARED})
    found = _seen()
    assert len({one.code for one in found}) >= 17
    for one in found:
        what, todo = str(module.what(one)).strip(), str(module.todo(one)).strip()  # type: ignore[attr-defined]
        assert len(what) > 8 and "None" not in what, one.code
        assert one.level is Level.OK or todo.endswith("."), one.code
        # Not one word of the operators' English.
        assert not re.search(r"\b(the|is|wait|held|never|minutes|hours|days|look)\b", f"{what} {todo}"), one.code


class _Request:
    class url:  # noqa: N801 (as the library calls it)
        path = "/konsol/sistem"


_SHARED: dict[str, Any] = {
    **dict.fromkeys(("who", "zona", "said", "today")),
    **{"csrf": "", "marks": {}, "bad": [], "well": [], "broken": False},
}


def test_an_admin_sees_what_is_wrong_first(world: World) -> None:
    with client_for(world, "admin") as client:
        text = client.get("/konsol/sistem").text
    assert text.index("Perlu diperhatikan") < text.index('id="baik"')
    for name in ("Penerima pesan", "Penjawab pesan", "Pengirim pesan", "Pengatur jadwal"):
        assert f"{name}: belum pernah berjalan" in text
    assert "Tidak ada pengiriman yang ditahan" in text
    assert len(PROCESSES) == text.count("belum pernah berjalan")


def test_the_page_names_nobody(world: World) -> None:
    with client_for(world, "admin") as client:
        text = client.get("/konsol/sistem").text
    with world.app.store.transaction(write=False) as tx:
        mother = tx.contact(world.mother_id)
    assert mother is not None and mother.name and mother.name not in text and "+62" not in text


def test_the_menu_leads_there_for_admins_only(world: World) -> None:
    for who, there in (("admin", True), ("bidan_own", False), ("kader_own", False)):
        with client_for(world, who) as client:
            assert ("/konsol/sistem" in client.get("/konsol/").text) is there
