"""How a journey is led: consent first, questions in between, cancelling, giving up, and nothing left behind.

The journey here asks for two things, a colour and a number; what real journeys ask is tested with them.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import pytest

from sapa.bootstrap import App
from sapa.messaging.states import Channel
from sapa.services.consents import PREMARITAL
from sapa.services.households import family_of_contact
from sapa.services.journeys import conductor
from sapa.services.journeys.conductor import CONSENT, Turned
from sapa.services.journeys.contract import Heard, Question, Scene
from sapa.services.records import Reply
from sapa.services.understanding import Understood

ANI = "+6281200000001"
COLOURS = {"merah", "biru"}


class Toy:
    """Asks for a colour and a number, in any order; "sudah" ends it at once."""

    name = "toy"
    purpose: str | None = PREMARITAL
    consent_text: str | None = "dialog/persetujuan/minta"

    def __init__(self) -> None:
        self.written: list[Mapping[str, Any]] = []

    def begin(self, scene: Scene) -> Heard:
        return Heard({})

    def hear(self, scene: Scene, text: str, data: Mapping[str, Any], asked: str | None) -> Heard:
        words = set(text.lower().split())
        if "sudah" in words:
            return Heard(over="already", notes=(Reply("dialog/menu"),))
        found: dict[str, Any] = {}
        if words & COLOURS:
            found["colour"] = (words & COLOURS).pop()
        if numbers := [int(word) for word in words if word.isdigit()]:
            found["number"] = numbers[0]
        return Heard({**data, **found}, understood=bool(found))

    def ask(self, scene: Scene, data: Mapping[str, Any]) -> Question | None:
        missing = next((slot for slot in ("colour", "number") if slot not in data), None)
        return Question(missing, Reply("dialog/bantuan", {"slot": missing})) if missing else None

    def finish(self, scene: Scene, data: Mapping[str, Any]) -> tuple[Reply, ...]:
        self.written.append(dict(data))
        return (Reply("dialog/terima-kasih"),)


class Talk:
    """A contact in front of a journey."""

    def __init__(self, app: App, now: datetime) -> None:
        self._app, self._now, self._number = app, now, 0
        self.toy = Toy()
        self.state: conductor.State | None = None
        with app.store.transaction() as tx:
            self.contact_id = tx.contact_for_address(Channel.WHATSAPP, ANI, ANI, now)[0].id

    def say(self, text: str, label: str = "inform", confidence: float = 0.9) -> Turned:
        self._number += 1
        understood = Understood(((label, confidence),))
        with self._app.store.transaction() as tx:
            family = family_of_contact(tx, self.contact_id, self._now, "Asia/Jakarta")
            inbound = f"in-{self._number}"
            scene = Scene(self._app.deps, tx, self.contact_id, family, self._now, family.today, inbound)
            if self.state is None:
                turned = conductor.begin(self.toy, scene, text)
            else:
                turned = conductor.go_on(self.toy, scene, self.state, text, understood, self._app.content_ids)
        self.state = turned.state
        return turned

    def consents(self) -> list[tuple[bool, str]]:
        with self._app.store.transaction(write=False) as tx:
            return [(row.granted, row.wording) for row in tx.consents_of(self.contact_id)]


@pytest.fixture
def talk(app: App, now: datetime) -> Talk:
    return Talk(app, now)


def _keys(turned: Turned) -> list[str]:
    return [reply.key for reply in turned.replies]


def test_all_in_one_sentence_needs_only_the_consent(talk: Talk) -> None:
    first = talk.say("daftar merah 7")
    assert _keys(first) == ["dialog/persetujuan/minta"]
    assert talk.toy.written == []
    assert _keys(talk.say("setuju")) == ["dialog/terima-kasih"]
    assert talk.toy.written == [{"colour": "merah", "number": 7}]
    assert talk.state is None


def test_the_words_agreed_to_are_kept(talk: Talk) -> None:
    talk.say("daftar")
    talk.say("setuju")
    ((granted, wording),) = talk.consents()
    assert granted and "Boleh berhenti kapan saja" in wording


def test_step_by_step_what_is_known_is_never_asked_again(talk: Talk) -> None:
    talk.say("daftar biru")
    assert talk.say("iya").replies[0].vars == {"slot": "number"}
    assert _keys(talk.say("4")) == ["dialog/terima-kasih"]


def test_facts_may_come_with_the_yes_and_before_it(talk: Talk) -> None:
    talk.say("daftar")
    talk.say("saya suka merah")
    assert talk.state is not None and talk.state["asked"] == CONSENT
    assert _keys(talk.say("iya setuju, nomor saya 9")) == ["dialog/terima-kasih"]
    assert talk.toy.written == [{"colour": "merah", "number": 9}]


def test_a_no_is_recorded_and_ends_it_with_nothing_written(talk: Talk) -> None:
    talk.say("daftar merah 7")
    assert _keys(talk.say("tidak")) == ["dialog/perjalanan/tidak-setuju"]
    assert talk.state is None and talk.toy.written == []
    assert [granted for granted, _ in talk.consents()] == [False]


def test_cancelling_ends_it_at_every_question(talk: Talk) -> None:
    for before in (["daftar"], ["daftar", "setuju"], ["daftar merah", "setuju"]):
        for text in before:
            talk.say(text)
        assert _keys(talk.say("batal")) == ["dialog/perjalanan/batal"]
        assert talk.state is None and talk.toy.written == []


def test_a_question_in_between_is_answered_and_ours_put_again(talk: Talk) -> None:
    talk.say("daftar")
    talk.say("setuju")
    between = talk.say("apa itu stunting?", label="hpk/apa-itu-stunting")
    assert _keys(between) == ["hpk/apa-itu-stunting", "dialog/bantuan"]
    assert between.replies[0].vars["followed"] is True
    assert _keys(talk.say("merah 3")) == ["dialog/terima-kasih"]


def test_what_is_not_understood_is_asked_again_and_then_a_human_is_offered(talk: Talk) -> None:
    talk.say("daftar")
    talk.say("setuju")
    said = [_keys(talk.say("hmm"))[0] for _ in range(4)]
    again, human = "dialog/perjalanan/ulang", "dialog/manusia/tawarkan"
    assert said == [again, again, human, again]
    assert _keys(talk.say("merah 3")) == ["dialog/terima-kasih"]


def test_a_danger_is_answered_first_and_the_journey_waits(talk: Talk) -> None:
    talk.say("daftar")
    talk.say("setuju")
    assert _keys(talk.say("merah 3 darah banyak", label="danger"))[0].startswith("bahaya/")
    assert talk.toy.written == []
    assert _keys(talk.say("merah 3")) == ["dialog/terima-kasih"]


def test_a_loss_ends_every_journey_with_nothing_but_condolence(talk: Talk) -> None:
    talk.say("daftar")
    talk.say("setuju")
    assert _keys(talk.say("bayi saya meninggal 3 hari lalu", label="flow/duka")) == ["dialog/duka"]
    assert talk.state is None and talk.toy.written == []


def test_a_journey_may_end_itself(talk: Talk) -> None:
    talk.say("daftar")
    talk.say("setuju")
    assert _keys(talk.say("sudah")) == ["dialog/menu"]
    assert talk.state is None


def test_the_state_is_plain_json(talk: Talk) -> None:
    import json

    talk.say("daftar merah")
    assert json.loads(json.dumps(talk.state)) == talk.state


def test_one_message_done_twice_leaves_one_consent(talk: Talk) -> None:
    talk.say("daftar")
    before = talk.state
    talk.say("setuju")
    talk.state, talk._number = before, talk._number - 1
    talk.say("setuju")
    assert len(talk.consents()) == 1
