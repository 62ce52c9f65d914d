"""What every page of the console is wrapped in: token, headers, limits, and names that stay text."""

from __future__ import annotations

import dataclasses
import re

import pytest
from starlette.testclient import TestClient

import web
from sapa.bootstrap import App
from tests.web.access_rows import ROWS
from tests.web.console_world import HOST, NUMBERS, World, build, client_for, code_for, post, serve, token_in

EVIL = '<script>alert("x")</script>'


@pytest.fixture
def database_url(one_database: str) -> str:
    """One kind of database is enough here: the questions asked of it are tested on both elsewhere."""
    return one_database


@pytest.fixture
def world(app: App) -> World:
    return build(app)


@pytest.mark.parametrize("path", [row.path for row in ROWS if row.method == "POST"])
def test_a_form_without_the_token_is_refused_and_changes_nothing(world: World, path: str) -> None:
    address = "/konsol" + path.replace("{staff_id}", world.staff["revoked"]).replace(
        "{content_id:path}", "gizi/protein"
    )
    with client_for(world, "bidan_own") as client:
        client.get("/konsol/")
        for form in ({}, {"csrftoken": "made-up"}, {"csrftoken": client.cookies["sapa-csrf"][:-1]}):
            assert client.post(address, data=form, follow_redirects=False).status_code == 403
        assert client.get("/konsol/", follow_redirects=False).status_code == 200, "still logged in"
    with world.app.store.transaction(write=False) as tx:
        assert tx.roles_of(world.contacts["revoked"])
        assert tx.sign_offs() == []


def test_the_token_of_another_browser_is_no_good(world: World) -> None:
    with client_for(world, "bidan_own") as mine, client_for(world, "kader_own") as other:
        token = token_in(other.get("/konsol/").text)
        mine.get("/konsol/")
        assert mine.post("/konsol/keluar", data={"csrftoken": token}, follow_redirects=False).status_code == 403


def test_a_post_the_browser_calls_cross_site_is_refused_even_with_the_token(world: World) -> None:
    with client_for(world, "bidan_own") as client:
        form = {"csrftoken": token_in(client.get("/konsol/").text)}
        for site in ("cross-site", "same-site"):
            answer = client.post("/konsol/keluar", data=form, headers={"Sec-Fetch-Site": site})
            assert answer.status_code == 403


def test_htmx_sends_the_token_as_a_header(world: World) -> None:
    with client_for(world, "bidan_own") as client:
        token = token_in(client.get("/konsol/petugas").text)
        headers = {"x-csrftoken": token, "HX-Request": "true"}
        address = f"/konsol/petugas/{world.staff['kader_own']}/cabut"
        answer = client.post(address, headers=headers, follow_redirects=False)
        assert (answer.status_code, answer.headers["HX-Redirect"]) == (204, "/konsol/petugas")


def test_htmx_is_sent_to_the_login_when_the_session_is_over(world: World) -> None:
    with TestClient(serve(world.app), base_url=HOST) as client:
        answer = client.get("/konsol/keluarga", headers={"HX-Request": "true"})
        assert (answer.status_code, answer.headers["HX-Redirect"]) == (401, "/konsol/masuk")


def test_every_answer_carries_each_header_once_and_forbids_scripts_of_others(world: World) -> None:
    with client_for(world, "kader_own") as client:
        for path in (
            "/konsol/",
            "/konsol/masuk",
            "/konsol/keluarga",
            "/konsol/no-such-page",
            "/konsol/static/konsol.css",
        ):
            answer = client.get(path)
            policy = answer.headers.get_list("content-security-policy")
            assert len(policy) == 1 and "unsafe" not in policy[0] and "default-src 'none'" in policy[0]
            assert "frame-ancestors 'none'" in policy[0] and "form-action 'self'" in policy[0]
            assert answer.headers.get_list("x-content-type-options") == ["nosniff"]
            assert answer.headers.get_list("x-frame-options") == ["DENY"]
            assert answer.headers.get_list("referrer-policy") == ["no-referrer"]


def test_pages_are_never_kept_and_files_are_kept_for_a_year_under_a_name_of_their_own(world: World) -> None:
    with client_for(world, "kader_own") as client:
        page = client.get("/konsol/")
        assert page.headers["cache-control"] == "no-store"
        assert "/konsol/static/konsol.css?v=" in page.text
        for name in ("konsol.css", "htmx.js", "konsol.js", "ikon.svg"):
            assert "immutable" in client.get(f"/konsol/static/{name}").headers["cache-control"]


def test_no_page_has_a_script_or_a_style_of_its_own(world: World) -> None:
    with client_for(world, "bidan_own") as client:
        for path in (
            "/",
            "/keluarga",
            f"/keluarga/{world.household_id}",
            "/isi",
            "/petugas",
            "/catatan",
            "/pengiriman",
        ):
            text = client.get(f"/konsol{path}").text
            assert "<style" not in text and " style=" not in text and " onclick=" not in text
            ours = re.findall(r'<script src="/konsol/static/(\w+)\.js', text)
            assert ours == ["htmx", "konsol"] and text.count("<script") == len(ours)


def test_pages_are_small_enough_for_a_slow_line(world: World) -> None:
    with client_for(world, "bidan_own") as client:
        answer = client.get("/konsol/keluarga", headers={"Accept-Encoding": "gzip"})
        assert answer.headers["content-encoding"] == "gzip"
        assert int(answer.headers["content-length"]) < 10_000
        assert int(client.get("/konsol/static/konsol.css").headers["content-length"]) < 6_000


def test_a_name_with_marks_of_html_is_shown_as_it_was_written(world: World) -> None:
    with world.app.store.transaction() as tx:
        tx.set_contact_name(world.mother_id, EVIL)
        tx.set_contact_name(world.contacts["kader_own"], EVIL)
    with client_for(world, "bidan_own") as client:
        for path in ("/keluarga", f"/keluarga/{world.household_id}", "/petugas", "/catatan", f"/keluarga?q={EVIL}"):
            text = client.get(f"/konsol{path}").text
            assert EVIL not in text
            assert "&lt;script&gt;" in text


def test_a_form_that_is_too_long_is_refused_before_it_is_read(world: World) -> None:
    with TestClient(serve(world.app), base_url=HOST) as client:
        token = token_in(client.get("/konsol/masuk").text)
        form = {"csrftoken": token, "number": "0" * 200_000}
        assert client.post("/konsol/masuk", data=form).status_code == 413


def test_over_https_the_cookies_are_for_https_alone_and_for_this_host(world: World) -> None:
    settings = dataclasses.replace(world.app.settings, public_url="https://sapa.example")
    app = dataclasses.replace(world.app, settings=settings)
    with TestClient(serve(app), base_url="https://sapa.example") as client:
        post(client, "/konsol/masuk", {"number": NUMBERS["kader_own"]})
        form = {
            "csrftoken": token_in(client.get("/konsol/masuk/kode").text),
            "code": code_for(app, NUMBERS["kader_own"]),
        }
        answer = client.post("/konsol/masuk/kode", data=form, follow_redirects=False)
        cookies = [cookie for cookie in answer.headers.get_list("set-cookie") if "__Host-sapa=" in cookie]
        assert len(cookies) == 1 and "Secure" in cookies[0]
        assert "max-age" in client.get("/konsol/").headers["strict-transport-security"]


def test_a_page_that_breaks_says_so_kindly_and_tells_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = dataclasses.replace(world.app, store=None)  # type: ignore[arg-type]
    with TestClient(web.console_app(broken), base_url=HOST, raise_server_exceptions=False) as client:
        client.cookies.set("sapa", "anything")
        answer = client.get("/keluarga")
    assert answer.status_code == 500
    assert "Ada gangguan" in answer.text and "Traceback" not in answer.text


def test_the_console_is_at_home_under_its_address_with_and_without_a_slash(world: World) -> None:
    with TestClient(serve(world.app), base_url=HOST) as client:
        assert client.get("/konsol").status_code == 200
        assert client.get("/konsol/masuk").text.count("<h1>") == 1


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("multipart/form-data", b"csrftoken=x"),  # no boundary
        ("multipart/form-data; boundary=x", b"%%%"),  # none of that boundary
        ("multipart/form-data; boundary=x", b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n'),  # breaks off
        ("multipart/form-data; boundary=\xe9", b"--"),
    ],
)
def test_a_form_that_is_none_is_refused_and_breaks_nothing(world: World, kind: str, body: bytes) -> None:
    with client_for(world, None) as client:
        token = token_in(client.get("/konsol/masuk").text)
        headers = {"Content-Type": kind.encode("latin-1"), "X-CSRFToken": token.encode()}
        for path in ("/konsol/masuk", "/konsol/masuk/kode", "/konsol/keluar"):
            assert client.post(path, content=body, headers=headers, follow_redirects=False).status_code < 500
