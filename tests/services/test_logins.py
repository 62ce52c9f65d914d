"""Logging in to the console: codes guessed at, raced for, asked for too often; sessions and their time zone."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from sapa.bootstrap import App
from sapa.messaging.states import Channel
from sapa.services import logins
from sapa.services.access import Role, staffer
from sapa.services.records import AreaRow, PosyanduRow
from sapa.services.staff import enrol, revoke

SARI, MOTHER = "+6281300000001", "+6281400000001"
SECRET = "a secret of the tests"


@pytest.fixture
def sari(app: App) -> str:
    """A kader of Melati; her contact id."""
    with app.store.transaction() as tx:
        tx.save_posyandu(PosyanduRow("melati", "Melati", "Asia/Makassar"))
        return enrol(tx, SARI, "Sari", Role.KADER, "melati", None, app.clock.now()).contact_id


def _ask(app: App, number: str = SARI) -> str | None:
    """Ask for a code; the newest one this number has got."""
    logins.ask_code(app.deps, number, SECRET, app.clock.now())
    with app.store.transaction(write=False) as tx:
        contact_id = tx.contact_id_for(Channel.WHATSAPP, number)
        sent = tx.outbox_of(contact_id) if contact_id else []
    found = [message.template_variables["1"] for message in sent if message.content_id == logins.MESSAGE]
    return found[-1] if found else None


def _enter(app: App, code: str, number: str = SARI, secret: str = SECRET) -> str | None:
    return logins.log_in(app.deps, number, code, secret, app.clock.now())


def _who(app: App, token: str) -> str | None:
    with app.store.transaction(write=False) as tx:
        found = logins.logged_in(tx, token, app.clock.now())
    return found.who.name if found else None


def test_the_code_from_whatsapp_opens_a_session(app: App, sari: str) -> None:
    code = _ask(app)
    assert code is not None and len(code) == 6
    token = _enter(app, f" {code[:3]} {code[3:]} ")  # as people type it
    assert token is not None and _who(app, token) == "Sari"


def test_only_staff_get_a_code(app: App, sari: str) -> None:
    with app.store.transaction() as tx:
        tx.contact_for_address(Channel.WHATSAPP, MOTHER, MOTHER, app.clock.now())
    assert _ask(app, MOTHER) is None
    assert _enter(app, "123456", MOTHER) is None


def test_nobody_is_let_in_without_having_asked(app: App, sari: str) -> None:
    assert _enter(app, "") is None and _enter(app, "000000") is None


def test_a_code_made_with_another_secret_opens_nothing(app: App, sari: str) -> None:
    code = _ask(app)
    assert code is not None and _enter(app, code, secret="another") is None


def test_an_old_code_dies_with_the_new_one(app: App, sari: str) -> None:
    first, second = _ask(app), _ask(app)
    assert first is not None and second is not None
    if first != second:
        assert _enter(app, first) is None
    assert _enter(app, second) is not None


def test_twelve_codes_a_day_and_no_more(app: App, sari: str, clock) -> None:  # type: ignore[no-untyped-def]
    start = app.clock.now()
    with app.store.transaction(write=False) as tx:
        assert tx.login_codes_since(sari, start) == 0
    for round_ in range(8):  # 8 rounds of 3 in 4 hours: 24 asked for
        for _ in range(3):
            _ask(app)
        clock.set(start + timedelta(minutes=30 * (round_ + 1)))
    with app.store.transaction(write=False) as tx:
        assert tx.login_codes_since(sari, start - timedelta(seconds=1)) == logins.CODES_A_DAY


def test_twenty_at_once_have_five_tries_between_them(app: App, sari: str) -> None:
    code = _ask(app)
    assert code is not None
    wrong = f"{(int(code) + 1) % 10**6:06d}"
    threads = [threading.Thread(target=_enter, args=(app, wrong)) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with app.store.transaction(write=False) as tx:
        row = tx.login_code_of(sari)
    assert row is not None and row.tries == logins.MOST_TRIES
    assert _enter(app, code) is None


def test_five_with_the_right_code_at_once_open_one_session(app: App, sari: str) -> None:
    code = _ask(app)
    assert code is not None
    tokens: list[str | None] = []
    threads = [threading.Thread(target=lambda: tokens.append(_enter(app, code))) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(tokens) == 5 and len([token for token in tokens if token]) == 1


def test_a_role_that_was_taken_opens_nothing_and_closes_what_was_open(app: App, sari: str) -> None:
    code = _ask(app)
    assert code is not None
    token = _enter(app, code)
    assert token is not None
    fresh = _ask(app)
    with app.store.transaction() as tx:
        (role,) = tx.roles_of(sari)
        revoke(tx, role.id, None, app.clock.now())
    assert _who(app, token) is None
    assert fresh is not None and _enter(app, fresh) is None


def test_a_number_that_says_it_is_somebody_else_is_logged_out(app: App, sari: str) -> None:
    code = _ask(app)
    assert code is not None
    token = _enter(app, code)
    assert token is not None
    with app.store.transaction() as tx:
        tx.set_suspended(sari, app.clock.now())
    assert _who(app, token) is None


def test_who_has_stopped_our_messages_still_gets_the_code_she_asks_for(app: App, sari: str) -> None:
    now = app.clock.now()
    with app.store.transaction() as tx:
        tx.set_opt_out(sari, now)
    assert _ask(app) is not None
    with app.store.transaction() as tx:
        claimed = tx.claim_outbox("sender", now, now + timedelta(minutes=1), 5)
    assert [message.content_id for message in claimed] == [logins.MESSAGE]


def test_a_code_nobody_could_deliver_in_time_is_not_sent_any_more(app: App, sari: str, clock) -> None:  # type: ignore[no-untyped-def]
    _ask(app)
    later = app.clock.now() + logins.CODE_LIFE + timedelta(seconds=1)
    with app.store.transaction() as tx:
        assert tx.claim_outbox("sender", later, later + timedelta(minutes=1), 5) == []


def test_old_sessions_and_codes_are_swept_with_the_next_login(app: App, sari: str, clock) -> None:  # type: ignore[no-untyped-def]
    code = _ask(app)
    assert code is not None and _enter(app, code) is not None
    clock.set(app.clock.now() + 2 * logins.LONGEST + timedelta(minutes=1))
    fresh = _ask(app)
    assert fresh is not None and _enter(app, fresh) is not None
    with app.store.transaction() as tx:
        assert tx.drop_web_sessions_of(sari) == 1


def test_staff_read_times_in_the_zone_they_work_in(app: App, sari: str) -> None:
    now = app.clock.now()
    with app.store.transaction() as tx:
        tx.save_area(AreaRow("prov", "province", "Papua", None, timezone="Asia/Jayapura"))
        tx.save_area(AreaRow("kab", "kabupaten", "Jayapura", "prov"))
        tx.save_area(AreaRow("other", "kabupaten", "Kupang", None))
        tx.save_posyandu(PosyanduRow("mawar", "Mawar", "Asia/Makassar", area_id="other"))
        bidan = enrol(tx, "+6281300000002", "Wati", Role.BIDAN, "kab", None, now).contact_id
        other = enrol(tx, "+6281300000003", "Tuti", Role.BIDAN, "other", None, now).contact_id
        zones = []
        for contact_id in (sari, bidan, other):
            who = staffer(tx, contact_id)
            assert who is not None
            zones.append(logins.timezone_of(tx, who, "Asia/Jakarta"))
    assert zones == ["Asia/Makassar", "Asia/Jayapura", "Asia/Makassar"]
