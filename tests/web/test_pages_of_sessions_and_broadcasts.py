"""The pages about sessions and broadcasts, without a browser: what must never happen, whatever is posted."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from sapa.bootstrap import App
from sapa.clock import SetClock
from sapa.services import broadcasts
from sapa.services.broadcast_records import BroadcastState
from tests.web.access_rows_pages import a_broadcast
from tests.web.console_world import World, build, client_for, post


@pytest.fixture
def database_url(one_database: str) -> str:
    """One kind of database is enough here: tests/web/test_console_access.py asks for every page on both."""
    return one_database


@pytest.fixture
def world(app: App) -> World:
    return build(app)


def session_form(world: World, **more: str) -> dict[str, object]:
    """A filled form of a new session, two weeks from now."""
    day = world.app.clock.now().date() + timedelta(days=14)
    return {
        "kind": "session",
        "posyandu": world.posyandu_id,
        "tanggal": day.isoformat(),
        "jam": "08:30",
        "tempat": "Balai Desa",
        "kunci": "one",
        **more,
    }


def sent(world: World) -> list[broadcasts.Broadcast]:
    with world.app.store.transaction(write=False) as tx:
        return tx.broadcasts_of([world.posyandu_id, world.other_posyandu_id], 50)


def test_whoever_presses_kirim_twice_sends_once(world: World) -> None:
    with client_for(world, "kader_own") as client:
        first = post(client, "/konsol/siaran/kirim", session_form(world))
        again = post(client, "/konsol/siaran/kirim", session_form(world))
    assert first.status_code == again.status_code == 303
    assert first.headers["location"] == again.headers["location"]
    assert [one.state for one in sent(world)] == [BroadcastState.CONFIRMED]


def test_a_preview_writes_nothing(world: World) -> None:
    with client_for(world, "kader_own") as client:
        shown = post(client, "/konsol/siaran/pratinjau", session_form(world))
    assert shown.status_code == 200
    assert "KIRIM" in shown.text
    assert sent(world) == []


@pytest.mark.parametrize("page", ["pratinjau", "kirim"])
@pytest.mark.parametrize("kind", ["session", "announcement"])
def test_nobody_speaks_to_the_families_of_another_posyandu(world: World, page: str, kind: str) -> None:
    with client_for(world, "kader_other") as client:
        form = session_form(world, kind=kind, teks="Besok ada kelas ibu hamil.")
        assert post(client, f"/konsol/siaran/{page}", form).status_code == 404
    assert sent(world) == []


@pytest.mark.parametrize("kind", ["moved", "cancelled"])
@pytest.mark.parametrize("page", ["pratinjau", "kirim", "ubah"])
def test_a_session_of_another_posyandu_is_not_moved_under_ones_own_name(world: World, kind: str, page: str) -> None:
    """The form names her own posyandu and somebody else's session."""
    with client_for(world, "kader_own") as client:
        form = session_form(world, kind=kind, sesi=world.other_session_id)
        answer = post(client, f"/konsol/siaran/{page}", form)
    assert answer.status_code in (404, 422)
    assert "Mawar" not in answer.text
    assert sent(world) == []
    with world.app.store.transaction(write=False) as tx:
        other = tx.session(world.other_session_id)
    assert other is not None and other.cancelled_at is None


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"tanggal": "31-02-2027"}, "Pilih tanggalnya"),
        ({"tanggal": "2020-01-01"}, "sudah lewat"),
        ({"jam": "pagi"}, "Isi jamnya"),
        ({"tempat": ""}, "Isi tempatnya"),
        ({"posyandu": ""}, "Pilih posyandunya"),
        ({"kind": "announcement", "teks": ""}, "Tulis isi pengumumannya"),
        ({"kind": "announcement", "teks": "Lihat https://contoh.example/promo"}, "tautan"),
        ({"kind": "announcement", "teks": "a" * 401}, "terlalu panjang"),
    ],
)
def test_a_form_with_a_fault_comes_back_filled_with_what_is_wrong(
    world: World, more: dict[str, str], words: str
) -> None:
    with client_for(world, "bidan_own") as client:
        shown = post(client, "/konsol/siaran/pratinjau", session_form(world, **more))
    assert shown.status_code == 422
    assert words in shown.text
    assert sent(world) == []


def test_what_a_kader_types_is_shown_as_text_and_never_run(world: World) -> None:
    evil = "<script>alert(1)</script>"
    with client_for(world, "kader_own") as client:
        preview = post(client, "/konsol/siaran/pratinjau", session_form(world, tempat=evil))
        page = client.get(post(client, "/konsol/siaran/kirim", session_form(world, tempat=evil)).headers["location"])
    for shown in (preview, page):
        assert evil not in shown.text
        assert "&lt;script&gt;" in shown.text


def test_undone_in_time_nothing_goes_and_later_the_page_says_that_it_is_too_late(world: World, clock: SetClock) -> None:
    with client_for(world, "kader_own") as client:
        made = a_broadcast(world.app, world)
        post(client, f"/konsol/siaran/{made}/urung")
        assert "Tidak ada pesan yang dikirim" in client.get(f"/konsol/siaran/{made}").text
        later = post(client, "/konsol/siaran/kirim", session_form(world)).headers["location"]
        clock.set(clock.now() + timedelta(minutes=3))
        broadcasts.release_due(world.app.deps, clock.now())
        post(client, f"{later}/urung")
        assert "Sudah terlambat dibatalkan" in client.get(later).text


def test_the_part_that_is_polled_asks_for_the_whole_page_only_when_the_state_changes(
    world: World, clock: SetClock
) -> None:
    made = a_broadcast(world.app, world)
    with client_for(world, "kader_own") as client:
        part = f"/konsol/siaran/{made}/kemajuan?keadaan=confirmed&langkah=0"
        waiting = client.get(part, headers={"hx-request": "true"})
        assert "HX-Refresh" not in waiting.headers
        assert "<html" not in waiting.text
        assert 'role="status"' not in waiting.text  # nothing new to be read aloud
        clock.set(clock.now() + timedelta(minutes=3))
        broadcasts.release_due(world.app.deps, clock.now())
        assert client.get(part, headers={"hx-request": "true"}).headers["HX-Refresh"] == "true"


def test_names_in_a_report_are_read_only_with_a_line_in_the_audit_trail(world: World, clock: SetClock) -> None:
    made = a_broadcast(world.app, world)
    clock.set(clock.now() + timedelta(minutes=3))
    broadcasts.release_due(world.app.deps, clock.now())
    with client_for(world, "kader_own") as client:
        assert "Laporan" in client.get(f"/konsol/siaran/{made}").text
    with world.app.store.transaction(write=False) as tx:
        lines, _ = tx.audit_lines(posyandu_ids=[], actor_ids=[world.contacts["kader_own"]], event="list_read")
    assert [line.detail["page"] for line in lines] == ["broadcast"]


def test_a_month_nobody_can_read_is_this_month(world: World) -> None:
    with client_for(world, "kader_own") as client:
        for told in ("", "2026-13", "x", "9999999-01"):
            assert "November 2026" in client.get("/konsol/jadwal", params={"bulan": told}).text


def test_a_kader_sees_no_session_of_another_posyandu_in_her_calendar(world: World) -> None:
    with client_for(world, "kader_own") as client:
        page = client.get("/konsol/jadwal", params={"posyandu": world.other_posyandu_id})
    assert world.session_id in page.text
    assert world.other_session_id not in page.text


def test_what_was_taken_back_may_be_mended_and_sent_again(world: World) -> None:
    with client_for(world, "kader_own") as client:
        page = post(client, "/konsol/siaran/kirim", session_form(world, kunci="satu")).headers["location"]
        post(client, f"{page}/urung", {})
        shown = client.get(page).text
        assert "Betulkan lalu kirim lagi" in shown
        told = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', shown.split("/siaran/ubah")[1]))
        form = post(client, "/konsol/siaran/ubah", {name: value for name, value in told.items() if name != "csrftoken"})
    assert form.status_code == 200
    assert f'value="{session_form(world)["tanggal"]}"' in form.text
