"""Figures, lists behind them, files to take along and registers to read in, without a browser."""

from __future__ import annotations

import base64
import json
import re
import zlib
from datetime import timedelta
from io import BytesIO

import pytest
from openpyxl import load_workbook
from starlette.testclient import TestClient

from sapa.bootstrap import App
from sapa.sheets import read_rows, write_csv
from tests.support import NOW
from tests.web.console_world import World, build, client_for, token_in
from web.kept import KEEP, KeptFigures

HEADER = ["posyandu", "nama anak", "jenis kelamin", "tanggal lahir", "nama ibu", "persetujuan"]
GOOD = ["Melati", "Nona", "P", "2026-05-03", "Oktaviana", "ya"]
FAULTY = ["Melati", "Pian", "L", "2026-13-03", "Rosalina", "ya"]
ANOTHERS = ["Mawar", "Tina", "P", "2026-05-03", "Bertha", "ya"]


@pytest.fixture
def database_url(one_database: str) -> str:
    """One kind of database is enough here: tests/web/test_console_access.py asks for every page on both."""
    return one_database


@pytest.fixture
def world(app: App) -> World:
    return build(app)


# --- figures


def test_figures_of_many_posyandu_are_worked_out_once_in_five_minutes_and_say_when() -> None:
    kept, asked = KeptFigures(), []

    def work_out() -> int:
        asked.append(1)
        return len(asked)

    assert kept.get("kecamatan", NOW, work_out) == (1, NOW)
    assert kept.get("kecamatan", NOW + KEEP - timedelta(seconds=1), work_out) == (1, NOW)
    assert kept.get("another", NOW, work_out) == (2, NOW)
    assert kept.get("kecamatan", NOW + KEEP, work_out) == (3, NOW + KEEP)
    assert kept.get("kecamatan", NOW, work_out) == (4, NOW)  # a clock that was put back


def test_the_figures_of_one_posyandu_are_always_those_of_now_and_of_many_tell_their_hour(world: World) -> None:
    with client_for(world, "kader_own") as client:
        assert "Dihitung pukul" not in client.get("/konsol/angka").text
    with client_for(world, "admin") as client:
        assert "Dihitung pukul" in client.get("/konsol/angka").text


def test_a_list_speaks_in_words_not_in_letters_and_codes(world: World) -> None:
    with client_for(world, "kader_own") as client:
        query = {"kunci": "skdn.d_s", "bulan": (NOW - timedelta(days=30)).date().isoformat()[:7]}
        page = client.get("/konsol/angka/daftar", params=query).text
    assert "D/S: ditimbang" in page
    assert re.search(r"(naik|tidak ditimbang|pertama ditimbang), \d+ \w+ 20\d\d", page)
    assert not re.search(r">\s*[NTOB] 20\d\d-", page)


@pytest.mark.parametrize("path", ["/angka", "/skdn", "/angka/unduh"])
@pytest.mark.parametrize("place", ["p:{other}", "a:desa-b", "a:kab", "p:none", "a:none"])
def test_figures_of_another_place_are_not_there(world: World, path: str, place: str) -> None:
    told = place.format(other=world.other_posyandu_id)
    with client_for(world, "bidan_own") as bidan, client_for(world, "kader_own") as kader:
        for client in (bidan, kader):
            assert client.get("/konsol" + path, params={"tempat": told}).status_code == 404


def test_an_admin_goes_down_from_the_kabupaten_to_a_posyandu_and_sees_no_name_on_the_way(world: World) -> None:
    with client_for(world, "admin") as client:
        top = client.get("/konsol/angka").text
        desa = client.get("/konsol/angka", params={"tempat": "a:desa-a"}).text
        posyandu = client.get("/konsol/angka", params={"tempat": f"p:{world.posyandu_id}"}).text
    assert "tempat=a%3Adesa-a" in top
    assert f"tempat=p%3A{world.posyandu_id}" in desa
    for page in (top, desa, posyandu):
        assert "Siti" not in page and "Ani" not in page
        assert "/angka/daftar" not in page and "/angka/register" not in page


def test_where_no_names_are_seen_small_groups_have_no_numbers_either(world: World) -> None:
    """One child in each posyandu: "1" would be a name to whoever lives there."""
    with client_for(world, "admin") as client:
        figures = client.get("/konsol/angka", params={"tempat": f"p:{world.posyandu_id}"}).text
        skdn = client.get("/konsol/skdn", params={"tempat": f"p:{world.posyandu_id}"})
        place = {"tempat": f"p:{world.posyandu_id}"}
        files = [client.get(f"/konsol/skdn/{name}", params=place) for name in ("grafik.png", "unduh")]
    assert "&lt;5" in figures
    assert "&lt;5" in skdn.text and "chart-box" not in skdn.text
    assert all(file.text == skdn.text for file in files)  # back to the page, which says why


def test_a_kader_sees_the_chart_and_takes_it_along(world: World) -> None:
    with client_for(world, "kader_own") as client:
        page = client.get("/konsol/skdn").text
        picture = client.get("/konsol/skdn/grafik.png")
        table = client.get("/konsol/skdn/unduh", params={"bentuk": "xlsx"})
    assert "chart-box" in page
    assert 'style="' not in page
    assert picture.content.startswith(b"\x89PNG")
    sheet = load_workbook(BytesIO(table.content)).active
    assert [cell.value for cell in sheet[1]][:5] == ["bulan", "S", "K", "D", "N"]
    assert sheet.max_row == 12  # January to November


def test_every_figure_of_the_page_leads_to_a_list_that_opens(world: World) -> None:
    with client_for(world, "kader_own") as client:
        page = client.get("/konsol/angka").text
        links = {part.split('"')[0].replace("&amp;", "&") for part in page.split('href="/konsol/angka/daftar')[1:]}
        assert len(links) > 30
        for link in sorted(links):
            assert client.get(f"/konsol/angka/daftar{link}").status_code == 200, link
    assert not any("contraception" in link for link in links)


def test_contraception_has_no_list_for_anybody(world: World) -> None:
    with client_for(world, "bidan_own") as client:
        for key in ("families.contraception", "none", "skdn.d_s; drop"):
            assert client.get("/konsol/angka/daftar", params={"kunci": key}).status_code == 404


def test_files_are_named_typed_and_attached(world: World) -> None:
    with client_for(world, "bidan_own") as client:
        figures = client.get("/konsol/angka/unduh", params={"bentuk": "csv"})
        register = client.get("/konsol/angka/register", params={"bentuk": "csv"})
        behind = client.get("/konsol/angka/daftar", params={"kunci": "skdn.d_s", "bentuk": "csv"})
        bundle = client.get("/konsol/angka/fhir")
    for answer in (figures, register, behind, bundle):
        assert answer.status_code == 200
        assert answer.headers["content-disposition"].startswith("attachment; filename=")
        assert answer.headers["cache-control"] == "no-store"
    assert [row["nama anak"] for row in read_rows(register.content)] == ["Ani"]
    assert json.loads(bundle.content)["resourceType"] == "Bundle"
    assert "Joko" not in bundle.text + register.text + behind.text


def test_every_list_and_file_with_names_leaves_a_line_in_the_audit_trail(world: World) -> None:
    with client_for(world, "bidan_own") as client:
        for path in ("/angka/daftar", "/angka/register", "/angka/fhir"):
            assert client.get("/konsol" + path).status_code == 200
    with world.app.store.transaction(write=False) as tx:
        lines, _ = tx.audit_lines(posyandu_ids=[], actor_ids=[world.contacts["bidan_own"]], event=None)
    assert {"list_read", "register_exported", "fhir_exported"} <= {line.event for line in lines}


# --- registers


def upload(client: TestClient, path: str, data: bytes | None = None, **fields: str):  # type: ignore[no-untyped-def]
    """Post a file (or what travels with the page) as the form does."""
    form = {"csrftoken": token_in(client.get("/konsol/impor").text), **fields}
    files = {"file": ("register.csv", data if data is not None else b"", "text/csv")} if data is not None else None
    if files is None:
        return client.post(path, data=form, files={"none": ("", b"")}, follow_redirects=False)
    return client.post(path, data=form, files=files, follow_redirects=False)


def names(world: World) -> list[str]:
    with world.app.store.transaction(write=False) as tx:
        found = [
            child.name
            for place in (world.posyandu_id, world.other_posyandu_id)
            for household in tx.households_of_posyandu(place)
            for child in tx.children_of(household)
        ]
    return sorted(found)


def carried(page: str) -> str:
    return page.split('name="isi" value="')[1].split('"')[0]


def test_a_dry_run_shows_every_rows_fate_and_writes_nothing(world: World) -> None:
    with client_for(world, "kader_own") as client:
        page = upload(client, "/konsol/impor/periksa", write_csv(HEADER, [GOOD, FAULTY, ANOTHERS]))
    assert page.status_code == 200
    assert page.text.count("<tr") == 1 + 3
    assert "Nona" in page.text and "Pian" in page.text
    assert names(world) == ["Ani", "Joko"]


def test_what_was_checked_is_imported_the_rest_handed_back_and_a_second_time_changes_nothing(world: World) -> None:
    with client_for(world, "kader_own") as client:
        page = upload(client, "/konsol/impor/periksa", write_csv(HEADER, [GOOD, FAULTY, ANOTHERS]))
        mend = upload(client, "/konsol/impor/perbaiki", isi=carried(page.text), nama="register.csv")
        done = upload(client, "/konsol/impor/masukkan", isi=carried(page.text), nama="register.csv")
        assert done.status_code == 303
        assert "1 baru, 0 berubah, 0 sama, 2 perlu dibetulkan" in client.get("/konsol/impor").text
        upload(client, "/konsol/impor/masukkan", isi=carried(page.text), nama="register.csv")
        assert "0 baru, 0 berubah, 1 sama" in client.get("/konsol/impor").text
    assert names(world) == ["Ani", "Joko", "Nona"]
    back = read_rows(mend.content)
    assert [row["nama anak"] for row in back] == ["Pian", "Tina"]
    assert all(row["alasan"] for row in back)


@pytest.mark.parametrize(
    ("carried", "words"),
    [
        ("", "Pilih dulu berkasnya"),
        ("not base64 at all!", "Pilih dulu berkasnya"),
        (base64.b64encode(b"not packed").decode(), "Pilih dulu berkasnya"),
        # A small text that unpacks to very much.
        (base64.b64encode(zlib.compress(b"a" * 60_000_000, 9)).decode(), "lebih dari 5 MB"),
        (base64.b64encode(zlib.compress(b"\x00\x01\x02")).decode(), "tidak terbaca sebagai tabel"),
    ],
)
def test_what_travels_with_the_page_may_be_anything_and_breaks_nothing(world: World, carried: str, words: str) -> None:
    with client_for(world, "kader_own") as client:
        for page in ("periksa", "masukkan", "perbaiki"):
            answer = upload(client, f"/konsol/impor/{page}", isi=carried, nama="x")
            assert answer.status_code == 422
            assert words in answer.text
    assert names(world) == ["Ani", "Joko"]


def test_a_register_without_the_columns_it_needs_is_not_imported(world: World) -> None:
    table = write_csv(["posyandu", "nama anak"], [["Melati", "Nona"]])
    with client_for(world, "kader_own") as client:
        assert "Kolom ini belum ada" in upload(client, "/konsol/impor/periksa", table).text
        assert upload(client, "/konsol/impor/masukkan", table).status_code == 422
    assert names(world) == ["Ani", "Joko"]


def test_what_stands_in_a_register_is_shown_as_text(world: World) -> None:
    evil = ["Melati", "<img src=x onerror=alert(1)>", "P", "2026-05-03", "<b>Ibu</b>", "ya"]
    with client_for(world, "kader_own") as client:
        page = upload(client, "/konsol/impor/periksa", write_csv(HEADER, [evil])).text
    assert "<img src=x" not in page and "<b>Ibu</b>" not in page
