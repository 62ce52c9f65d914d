"""A turn in Rasa is done once, however often it is asked for."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bot.local_engine import LocalEngine
from bot.script import ScriptedRun

pytestmark = pytest.mark.model
NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)


@pytest.fixture
def engine(local_engine: LocalEngine) -> LocalEngine:
    return local_engine


@pytest.fixture
def run(engine: LocalEngine) -> Any:
    run = ScriptedRun(engine, NOW)
    yield run
    run.close()


def _metadata(inbound_id: str, **more: Any) -> dict[str, Any]:
    return {"inbound_id": inbound_id, "now": NOW.isoformat(), "received_at": NOW.isoformat(), "reset": False, **more}


async def test_asked_again_with_the_same_message_the_same_replies_come_back_and_nothing_moves(
    engine: LocalEngine, run: ScriptedRun
) -> None:
    with run.app.store.transaction() as tx:
        from sapa.messaging.states import Channel

        contact, _ = tx.contact_for_address(Channel.WHATSAPP, "+6281", "+6281", NOW)
    first = await engine.turn(contact.id, "a1", "mau daftar anak", _metadata("a1"))
    consent = await engine.turn(contact.id, "a2", "setuju", _metadata("a2"))
    again = await engine.turn(contact.id, "a2", "setuju", _metadata("a2"))
    name = await engine.turn(contact.id, "a3", "Ani", _metadata("a3"))
    assert first.replies[0].key == "dialog/persetujuan/minta"
    assert consent == again and consent.replies[0].key == "dialog/daftar-anak/tanya-nama"
    assert name.replies[0].key == "dialog/daftar-anak/tanya-kelamin"


async def test_two_requests_for_one_message_at_the_same_moment_are_one_turn(
    engine: LocalEngine, run: ScriptedRun
) -> None:
    both = await asyncio.gather(*(engine.turn("c9", "m1", "apa itu stunting", _metadata("m1")) for _ in range(2)))
    assert both[0] == both[1]
    tracker = await engine.agent.tracker_store.retrieve("c9")
    assert [event.text for event in tracker.events if event.type_name == "user"] == ["apa itu stunting"]


async def test_a_reset_closes_the_open_journey(engine: LocalEngine, run: ScriptedRun) -> None:
    with run.app.store.transaction() as tx:
        from sapa.messaging.states import Channel

        contact, _ = tx.contact_for_address(Channel.WHATSAPP, "+6282", "+6282", NOW)
    await engine.turn(contact.id, "r1", "mau daftar anak", _metadata("r1"))
    after = await engine.turn(contact.id, "r2", "apa itu stunting", _metadata("r2", reset=True))
    assert [reply.key for reply in after.replies] == ["hpk/apa-itu-stunting"]


def test_a_model_older_than_its_training_data_is_not_used(tmp_path: Path) -> None:
    from bot.model_files import NoModel, current_model

    with pytest.raises(NoModel, match="no trained model"):
        current_model(tmp_path)
    (tmp_path / "sapa-000000000000.tar.gz").touch()
    with pytest.raises(NoModel, match="have changed"):
        current_model(tmp_path)


async def test_a_turn_whose_action_failed_is_not_kept_and_is_done_again(
    engine: LocalEngine, run: ScriptedRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rasa itself would swallow the error, save the turn and leave the family without an answer."""
    from bot.rasa_turn import SilentTurn

    endpoint = engine.agent.processor.action_endpoint
    working = endpoint.request

    async def away(*_: Any, **__: Any) -> Any:
        raise ConnectionError("the action server is away")

    monkeypatch.setattr(endpoint, "request", away)
    for text, inbound_id in (("apa itu stunting", "f1"), ("apa itu stunting", "f1")):
        with pytest.raises(SilentTurn):
            await engine.turn("c-f", inbound_id, text, _metadata(inbound_id))
    monkeypatch.setattr(endpoint, "request", working)
    again = await engine.turn("c-f", "f1", "apa itu stunting", _metadata("f1"))
    assert [reply.key for reply in again.replies] == ["hpk/apa-itu-stunting"]
    tracker = await engine.agent.tracker_store.retrieve("c-f")
    assert [event.text for event in tracker.events if event.type_name == "user"] == ["apa itu stunting"]


async def test_another_language_is_read_for_danger_only_and_leaves_the_dialogue_alone(
    engine: LocalEngine, run: ScriptedRun
) -> None:
    told = await engine.turn("c10", "m1", "sugeng dalu bu, kula badhe tangglet", _metadata("m1", language="jv"))
    assert [(reply.key, reply.vars) for reply in told.replies] == [("dialog/bahasa-lain", {"language": "jv"})]
    urgent = await engine.turn("c10", "m2", "bojoku meteng 8 wulan kejet-kejet", _metadata("m2", language="jv"))
    assert urgent.label == "danger" and urgent.replies[0].key.startswith("bahaya/")
    tracker = await engine.agent.tracker_store.retrieve("c10")
    assert tracker is None or not tracker.events
