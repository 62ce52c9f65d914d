"""A danger that is only suspected: one question, which already says when to go. Both databases."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from sapa.bootstrap import App
from sapa.clock import SetClock
from sapa.messaging.states import Channel, Kind
from sapa.services.conversation import claim_next, hold_turn
from sapa.services.inbound import triage_next
from sapa.services.ports import EngineUnavailable
from sapa.services.records import OutboxMessage, Reply, Turn

ANI = "+6281200000001"
LEASE = timedelta(seconds=60)
QUESTION = Reply("bahaya/tanya", {"labels": ["danger", "anak/tidur-rewel"], "about": "bayi-anak"})


class SuspectingEngine:
    """Suspects a danger in the first message and says hello to any other; away if told so."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.away = False

    async def turn(self, contact_id: str, inbound_id: str, text: str, metadata: object) -> Turn:
        if self.away:
            raise EngineUnavailable("down")
        self.asked.append(text)
        return Turn((QUESTION if len(self.asked) == 1 else Reply("dialog/salam"),), "danger", 0.6)


@pytest.fixture
def rasa() -> SuspectingEngine:
    return SuspectingEngine()


@pytest.fixture
async def asked(app: App, receive: Callable[..., str], clock: SetClock, rasa: SuspectingEngine) -> None:
    """A mother has been asked whether it is happening now."""
    receive("bayi saya kok layu begini ya")
    await _work(app, rasa, clock)


async def _work(app: App, rasa: SuspectingEngine, clock: SetClock) -> None:
    while triage_next(app.deps, clock.now()) is not None:
        pass
    while (claim := claim_next(app.deps, "w", clock.now(), LEASE)) is not None:
        if not await hold_turn(app.deps, rasa, claim, clock.now):
            return


def _sent(app: App) -> list[OutboxMessage]:
    with app.store.transaction(write=False) as tx:
        return list(tx.outbox_of(tx.contact_id_for(Channel.WHATSAPP, ANI) or ""))


def _cases(app: App) -> list[str]:
    with app.store.transaction(write=False) as tx:
        return [case.kind for case in tx.open_cases_of(tx.contact_id_for(Channel.WHATSAPP, ANI) or "")]


async def test_the_question_says_when_to_go_is_urgent_and_a_human_hears_of_it(app: App, asked: None) -> None:
    (question,) = _sent(app)
    assert question.content_id == "bahaya/tanya" and question.kind is Kind.DANGER
    assert "119" in question.text and "puskesmas" in question.text
    assert [button["payload"] for button in question.buttons] == ["ya", "tidak"]
    assert _cases(app) == ["keluhan"]


@pytest.mark.parametrize("yes", ["ya", "IYA", "iya bu", "1", "ya, sekarang juga", "masih bu"])
async def test_a_yes_is_an_emergency_even_while_the_engine_is_away(
    app: App, receive: Callable[..., str], clock: SetClock, rasa: SuspectingEngine, asked: None, yes: str
) -> None:
    rasa.away = True
    receive(yes)
    await _work(app, rasa, clock)
    assert [message.content_id for message in _sent(app)] == ["bahaya/tanya", "bahaya/bayi-anak"]
    assert _cases(app) == ["keluhan", "danger"]


@pytest.mark.parametrize("no", ["tidak", "Tidak bu", "gak", "2"])
async def test_a_no_is_answered_with_the_likeliest_other_meaning_and_closes_the_case(
    app: App, receive: Callable[..., str], clock: SetClock, rasa: SuspectingEngine, asked: None, no: str
) -> None:
    receive(no)
    await _work(app, rasa, clock)
    assert rasa.asked[-1] == "/anak.tidur-rewel"
    assert _cases(app) == []


async def test_another_message_is_just_another_message_and_the_case_stays_open(
    app: App, receive: Callable[..., str], clock: SetClock, rasa: SuspectingEngine, asked: None
) -> None:
    receive("jadwal posyandu kapan")
    await _work(app, rasa, clock)
    assert rasa.asked[-1] == "jadwal posyandu kapan"
    assert _cases(app) == ["keluhan"]


async def test_after_a_day_a_yes_means_something_else(
    app: App, receive: Callable[..., str], clock: SetClock, rasa: SuspectingEngine, asked: None
) -> None:
    clock.set(clock.now() + timedelta(hours=25))
    receive("ya")
    await _work(app, rasa, clock)
    assert rasa.asked[-1] == "ya" and _cases(app) == ["keluhan"]


async def test_a_danger_in_words_is_answered_at_once_after_the_question_too(
    app: App, receive: Callable[..., str], clock: SetClock, rasa: SuspectingEngine, asked: None
) -> None:
    receive("dia kejang!")
    await _work(app, rasa, clock)
    assert _sent(app)[-1].content_id.startswith("bahaya/") and "danger" in _cases(app)
