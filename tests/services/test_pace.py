"""Somebody writes too fast: nothing is lost, dangers and stop words are heard, one notice, and then silence."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from sapa.bootstrap import App
from sapa.clock import SetClock
from sapa.messaging.states import Channel, InboundState, Kind
from sapa.services.deps import Deps
from sapa.services.inbound import MAX_STUMBLES, triage_next
from sapa.services.pace import DANGER_STANDS, LABEL, NOTICE
from sapa.services.ports import Tx
from sapa.services.records import InboundLimits, InboundMessage, OutboxMessage

ANI, BUDI = "+6281200000001", "+6281200000002"
LIMITS = InboundLimits(per_minute=5, per_hour=12)
DANGER = "anak saya kejang sekarang"


@pytest.fixture
def deps(app: App) -> Deps:
    return replace(app.deps, inbound_limits=LIMITS)


def _work(deps: Deps, clock: SetClock) -> None:
    while triage_next(deps, clock.now()) is not None:
        pass


def _wait(clock: SetClock, span: timedelta) -> None:
    clock.set(clock.now() + span)


def _sent(app: App, number: str = ANI) -> list[OutboxMessage]:
    with app.store.transaction(write=False) as tx:
        return list(tx.outbox_of(tx.contact_id_for(Channel.WHATSAPP, number) or ""))


def _heard(app: App, number: str = ANI) -> list[InboundMessage]:
    with app.store.transaction(write=False) as tx:
        return tx.inbound_of(tx.contact_id_for(Channel.WHATSAPP, number) or "")


def _states(app: App, number: str = ANI) -> list[str]:
    return [message.state.value for message in _heard(app, number)]


def test_the_sixth_message_of_a_minute_is_kept_but_not_answered_and_one_notice_goes_out(
    app: App, deps: Deps, receive: Callable[..., str], clock: SetClock
) -> None:
    for number in range(9):
        receive(f"halo {number}")
        _wait(clock, timedelta(seconds=1))
    _work(deps, clock)
    # 5 may talk, 4 are one too many.
    assert _states(app) == ["waiting"] * 5 + ["answered"] * 4
    assert [message.content_id for message in _sent(app)] == [NOTICE]
    assert [message.body for message in _heard(app)] == [f"halo {number}" for number in range(9)]


def test_who_waits_a_minute_is_heard_again(app: App, deps: Deps, receive: Callable[..., str], clock: SetClock) -> None:
    for _ in range(6):
        receive("halo")
    _wait(clock, timedelta(seconds=60))
    receive("halo lagi")
    _work(deps, clock)
    assert _states(app) == ["waiting"] * 5 + ["answered", "waiting"]


@pytest.mark.parametrize(
    ("seconds", "heard"),
    [
        # 20 messages, so far apart that the minute's limit of 5 is kept: the hour's limit of 12 counts.
        (60, 12),
        (299, 12),  # 12 * 299 s = 59 min 48 s
        (300, 20),  # 12 * 300 s = 60 min: the first has left the hour when the thirteenth comes
    ],
)
def test_the_limit_of_an_hour_holds_too(
    app: App, deps: Deps, receive: Callable[..., str], clock: SetClock, seconds: int, heard: int
) -> None:
    for _ in range(20):
        receive("halo")
        _work(deps, clock)
        _wait(clock, timedelta(seconds=seconds))
    assert _states(app).count("waiting") >= heard
    assert _states(app)[:heard] == ["waiting"] * heard
    assert (_states(app)[12] == "answered") == (heard == 12)


def test_one_persons_flood_is_nobody_elses(app: App, deps: Deps, receive: Callable[..., str], clock: SetClock) -> None:
    for _ in range(8):
        receive("halo")
    receive("halo", BUDI)
    _work(deps, clock)
    assert _states(app, BUDI) == ["waiting"] and _sent(app, BUDI) == []


def test_a_danger_is_found_and_answered_however_fast_somebody_writes(
    app: App, deps: Deps, receive: Callable[..., str], clock: SetClock
) -> None:
    for _ in range(10):
        receive("halo")
    receive(DANGER)
    _work(deps, clock)
    assert [message.kind for message in _sent(app)] == [Kind.FALLBACK, Kind.DANGER]
    with app.store.transaction(write=False) as tx:
        assert [case.kind for case in tx.open_cases()] == ["danger"]


def test_another_program_that_sends_our_words_back_is_not_answered_for_ever(
    app: App, deps: Deps, receive: Callable[..., str], clock: SetClock
) -> None:
    """The answer to an emergency holds the words of one: without an end to it, two programs would talk all night."""
    for _ in range(40):
        receive(DANGER)
        _work(deps, clock)
        _wait(clock, timedelta(seconds=1))
    answers = [message for message in _sent(app) if message.kind is Kind.DANGER]
    assert len(answers) == LIMITS.per_minute
    with app.store.transaction(write=False) as tx:
        assert len(tx.open_cases()) == 40  # a human hears of every one


def test_the_same_emergency_is_answered_anew_after_a_while(
    app: App, deps: Deps, receive: Callable[..., str], clock: SetClock
) -> None:
    for _ in range(20):
        receive(DANGER)
    _work(deps, clock)
    before = len(_sent(app))
    _wait(clock, DANGER_STANDS + timedelta(seconds=1))
    for _ in range(7):
        receive("halo")
    receive(DANGER)
    _work(deps, clock)
    assert _sent(app)[before:][-1].kind is Kind.DANGER


def test_a_stop_is_obeyed_in_a_flood_and_said_no_more(
    app: App, deps: Deps, receive: Callable[..., str], clock: SetClock
) -> None:
    for _ in range(8):
        receive("STOP")
        _work(deps, clock)
    assert [message.content_id for message in _sent(app)] == ["dialog/berhenti"] + ["dialog/sudah-berhenti"] * 4
    with app.store.transaction(write=False) as tx:
        contact = tx.contact(tx.contact_id_for(Channel.WHATSAPP, ANI) or "")
        assert contact is not None and contact.opted_out_at is not None


def test_the_notice_comes_once_an_hour(app: App, deps: Deps, receive: Callable[..., str], clock: SetClock) -> None:
    for _ in range(3):
        for _ in range(10):
            receive("halo")
        _work(deps, clock)
        _wait(clock, timedelta(minutes=31))
    # At 0:00 and 1:02; at 0:31 the first still stands.
    assert [message.content_id for message in _sent(app)] == [NOTICE] * 2


def test_what_was_too_fast_is_marked_so_and_nobody_waits_for_it(
    app: App, deps: Deps, receive: Callable[..., str], clock: SetClock
) -> None:
    ids = [receive("halo") for _ in range(6)]
    _work(deps, clock)
    with app.store.transaction(write=False) as tx:
        last = tx.inbound(ids[-1])
        assert last is not None and last.state is InboundState.ANSWERED
    with app.store.engine.connect() as connection:
        (label,) = connection.exec_driver_sql(f"SELECT label FROM inbound_message WHERE id = '{ids[-1]}'").one()
    assert label == LABEL


def test_with_the_simulator_nobody_is_too_fast(app: App, receive: Callable[..., str], clock: SetClock) -> None:
    for _ in range(400):
        receive("halo")
    _work(app.deps, clock)
    assert set(_states(app)) == {"waiting"} and app.deps.inbound_limits is None


# ---------------------------------------------------------------- a message our own code stumbles over


class Stumbling:
    """A store whose look at one message always breaks, as a fault of ours would."""

    def __init__(self, app: App, word: str) -> None:
        self._app, self._word = app, word

    def danger_chance(self, text: str) -> float:
        if self._word in text:
            raise KeyError("a fault of ours")
        return 1.0


def test_a_message_that_breaks_the_look_at_it_holds_up_nobody_and_a_human_is_told(
    app: App, receive: Callable[..., str], clock: SetClock
) -> None:
    deps = replace(app.deps, danger_chance=Stumbling(app, "racun").danger_chance)
    broken = receive("anak saya kejang minum racun")
    receive("STOP", BUDI)
    failures = 0
    for _ in range(MAX_STUMBLES + 1):
        try:
            triage_next(deps, clock.now())
        except KeyError:
            failures += 1
    assert failures == MAX_STUMBLES - 1
    assert [message.content_id for message in _sent(app, BUDI)] == ["dialog/berhenti"]
    with app.store.transaction(write=False) as tx:
        aside = tx.inbound(broken)
        assert aside is not None and (aside.state, aside.attempts) == (InboundState.WAITING, 0)
        assert [(case.kind, case.inbound_id) for case in tx.open_cases()] == [("fault", broken)]


def test_a_store_that_is_away_sets_nothing_aside(app: App, receive: Callable[..., str], clock: SetClock) -> None:
    inbound_id = receive("halo")

    class Away:
        def transaction(self, *, write: bool = True) -> Tx:
            raise ConnectionError("away")

    for _ in range(5):
        with pytest.raises(ConnectionError):
            triage_next(replace(app.deps, store=Away()), clock.now())  # type: ignore[arg-type]
    with app.store.transaction(write=False) as tx:
        message = tx.inbound(inbound_id)
        assert message is not None and (message.state, message.attempts) == (InboundState.RECEIVED, 0)
