"""Logging in: a code over WhatsApp, nothing told to strangers, and a session that ends when it should."""

from __future__ import annotations

from datetime import timedelta

import pytest
from starlette.testclient import TestClient

from sapa.bootstrap import App
from sapa.clock import SetClock
from sapa.messaging.states import Channel
from tests.web.console_world import HOST, NUMBERS, World, build, client_for, code_for, post, serve, token_in

ASK, CODE, HOME = "/konsol/masuk", "/konsol/masuk/kode", "/konsol/"


@pytest.fixture
def database_url(one_database: str) -> str:
    """One kind of database is enough here: what asks it is tested on both in tests/services/test_logins.py."""
    return one_database


@pytest.fixture
def world(app: App) -> World:
    return build(app)


def _enter(client: TestClient, code: str):  # type: ignore[no-untyped-def]
    form = {"csrftoken": token_in(client.get(CODE).text), "code": code}
    return client.post(CODE, data=form, follow_redirects=False)


def _codes(world: World, who: str) -> list[str]:
    with world.app.store.transaction(write=False) as tx:
        contact_id = tx.contact_id_for(Channel.WHATSAPP, NUMBERS[who])
        sent = tx.outbox_of(contact_id) if contact_id else []
    return [message.text for message in sent if message.content_id == "kader/masuk/kode"]


@pytest.mark.parametrize("written", ["0813-0000-0001", "+62 813 0000 0001", "6281300000001"])
def test_a_kader_gets_a_code_however_she_writes_her_number(world: World, written: str) -> None:
    with TestClient(serve(world.app), base_url=HOST) as client:
        assert post(client, ASK, {"number": written}).headers["location"] == CODE
        assert _enter(client, code_for(world.app, NUMBERS["kader_own"])).headers["location"] == HOME
        assert "Sari" in client.get(HOME).text


def test_strangers_and_staff_are_told_exactly_the_same(world: World) -> None:
    answers = []
    for number in (NUMBERS["kader_own"], NUMBERS["nobody"], "+6281400000001"):  # staff, nobody, a mother
        with TestClient(serve(world.app), base_url=HOST) as client:
            asked = post(client, ASK, {"number": number})
            page = client.get(CODE)
            answers.append((asked.status_code, asked.headers["location"], page.text.replace(number, "N")))
            answers[-1] = (*answers[-1][:2], answers[-1][2].replace(token_in(page.text), "T"))
    assert answers[0] == answers[1] == answers[2]
    assert _codes(world, "kader_own") and not _codes(world, "nobody")


def test_the_code_goes_out_at_once_also_at_night_and_before_other_messages(world: World, clock: SetClock) -> None:
    clock.set(clock.now().replace(hour=17))  # midnight in Jakarta
    with TestClient(serve(world.app), base_url=HOST) as client:
        post(client, ASK, {"number": NUMBERS["kader_own"]})
    later = clock.now() + timedelta(seconds=1)
    with world.app.store.transaction() as tx:
        claimed = tx.claim_outbox("sender", later, later + timedelta(minutes=1), 10)
    assert [message.content_id for message in claimed] == ["kader/masuk/kode"]


def test_a_code_is_good_for_ten_minutes_and_for_one_login(world: World, clock: SetClock) -> None:
    with TestClient(serve(world.app), base_url=HOST) as client:
        post(client, ASK, {"number": NUMBERS["kader_own"]})
        code = code_for(world.app, NUMBERS["kader_own"])
        clock.set(clock.now() + timedelta(minutes=10))
        assert _enter(client, code).status_code == 422
        post(client, ASK, {"number": NUMBERS["kader_own"]})
        fresh = code_for(world.app, NUMBERS["kader_own"])
        assert _enter(client, fresh).status_code == 303
    with TestClient(serve(world.app), base_url=HOST) as other:
        post(other, ASK, {"number": NUMBERS["nobody"]})
        other.cookies.clear()
    with TestClient(serve(world.app), base_url=HOST) as again:
        post(again, ASK, {"number": NUMBERS["kader_own"]})
        assert _enter(again, fresh).status_code == 422, "a used code, and one that a newer one has replaced"


def test_after_five_wrong_codes_the_right_one_is_no_good_either(world: World) -> None:
    with TestClient(serve(world.app), base_url=HOST) as client:
        post(client, ASK, {"number": NUMBERS["kader_own"]})
        right = code_for(world.app, NUMBERS["kader_own"])
        wrong = f"{(int(right) + 1) % 10**6:06d}"
        assert [_enter(client, wrong).status_code for _ in range(5)] == [422] * 5
        assert _enter(client, right).status_code == 422


def test_a_number_asks_for_three_codes_in_a_quarter_of_an_hour_whether_it_is_known_or_not(world: World) -> None:
    for who in ("kader_own", "nobody"):
        with TestClient(serve(world.app), base_url=HOST) as client:
            statuses = [post(client, ASK, {"number": NUMBERS[who]}).status_code for _ in range(4)]
            assert statuses == [303, 303, 303, 429]
    assert len(_codes(world, "kader_own")) == 3


def test_the_limit_of_a_number_survives_a_restart_of_the_process(world: World) -> None:
    for _ in range(4):  # each client has a console of its own: nothing is counted in memory
        with TestClient(serve(world.app), base_url=HOST) as client:
            assert post(client, ASK, {"number": NUMBERS["kader_own"]}).status_code == 303
    assert len(_codes(world, "kader_own")) == 3


def test_one_address_cannot_go_through_many_numbers(world: World) -> None:
    with TestClient(serve(world.app), base_url=HOST) as client:
        statuses = [post(client, ASK, {"number": f"0812000{n:05d}"}).status_code for n in range(31)]
    assert statuses == [303] * 30 + [429]


@pytest.mark.parametrize("written", ["", "halo", "12", "<script>", "0813-0000-0001 0813-0000-0002"])
def test_what_is_no_number_is_asked_for_again_without_a_trace(world: World, written: str) -> None:
    with TestClient(serve(world.app), base_url=HOST) as client:
        answer = post(client, ASK, {"number": written})
    assert answer.status_code == 422
    assert "belum bisa dibaca" in answer.text
    assert "<script>" not in answer.text


def test_a_login_brings_a_new_token_so_that_a_planted_one_is_worth_nothing(world: World) -> None:
    with TestClient(serve(world.app), base_url=HOST) as client:
        client.cookies.set("sapa", "planted-by-somebody")
        post(client, ASK, {"number": NUMBERS["kader_own"]})
        before = client.cookies.get("sapa-csrf")
        assert _enter(client, code_for(world.app, NUMBERS["kader_own"])).status_code == 303
        tokens = [cookie.value for cookie in client.cookies.jar if cookie.name == "sapa"]
        assert tokens != ["planted-by-somebody"]
        client.get(HOME)
        assert client.cookies.get("sapa-csrf") not in (None, before)
    with TestClient(serve(world.app), base_url=HOST) as thief:
        thief.cookies.set("sapa", "planted-by-somebody")
        assert thief.get(HOME, follow_redirects=False).status_code == 303


def test_the_cookie_is_out_of_reach_of_scripts_and_of_other_sites(world: World) -> None:
    with TestClient(serve(world.app), base_url=HOST) as client:
        post(client, ASK, {"number": NUMBERS["kader_own"]})
        cookies = _enter(client, code_for(world.app, NUMBERS["kader_own"])).headers.get_list("set-cookie")
    login = next(cookie for cookie in cookies if cookie.startswith("sapa="))
    assert "HttpOnly" in login and "SameSite=lax" in login and "Path=/" in login


def test_the_database_holds_neither_code_nor_token(world: World) -> None:
    with client_for(world, "kader_own") as client:
        token = client.cookies["sapa"]
        code = code_for(world.app, NUMBERS["kader_own"])
        with world.app.store.transaction(write=False) as tx:
            row = tx.login_code_of(world.contacts["kader_own"])
            assert row is not None and code not in row.code_hash and len(row.code_hash) == 64
            assert tx.web_session(token) is None


def test_a_session_ends_after_twelve_idle_hours_and_after_a_week_however_busy(world: World, clock: SetClock) -> None:
    with client_for(world, "kader_own") as client:
        for _ in range(15):  # 15 x 11 hours = 6 days and 21 hours
            clock.set(clock.now() + timedelta(hours=11))
            assert client.get(HOME, follow_redirects=False).status_code == 200
        clock.set(clock.now() + timedelta(hours=3))  # 7 days
        assert client.get(HOME, follow_redirects=False).status_code == 303
    with client_for(world, "bidan_own") as client:
        clock.set(clock.now() + timedelta(hours=12))
        assert client.get(HOME, follow_redirects=False).status_code == 303


def test_who_logs_out_is_out_even_with_the_old_cookie(world: World) -> None:
    with client_for(world, "kader_own") as client:
        token = client.cookies["sapa"]
        assert post(client, "/konsol/keluar", page=HOME).status_code == 303
        client.cookies.set("sapa", token)
        assert client.get(HOME, follow_redirects=False).status_code == 303


def test_a_login_leads_back_to_the_page_that_was_asked_for_but_never_off_the_console(world: World) -> None:
    with TestClient(serve(world.app), base_url=HOST) as client:
        client.get("/konsol/keluarga?q=ani", follow_redirects=False)
        post(client, ASK, {"number": NUMBERS["kader_own"]})
        answer = _enter(client, code_for(world.app, NUMBERS["kader_own"]))
    assert answer.headers["location"] == "/konsol/keluarga?q=ani"


def test_logins_stand_in_the_audit_trail(world: World) -> None:
    with client_for(world, "kader_own"):
        pass
    with world.app.store.transaction(write=False) as tx:
        lines, _ = tx.audit_lines(posyandu_ids=[], actor_ids=[world.contacts["kader_own"]])
    assert [line.event for line in lines] == ["login", "login_code"]
