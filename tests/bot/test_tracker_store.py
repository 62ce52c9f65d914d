"""Rasa's tracker store on SQLAlchemy 2, on both databases."""

from __future__ import annotations

import pytest
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import SlotSet, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker

from bot.tracker_store import SapaTrackerStore


async def test_a_tracker_comes_back_as_it_was_saved(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAPA_TRACKER_URL", database_url)
    store = SapaTrackerStore(Domain.from_dict({"slots": {"x": {"type": "any", "mappings": [{"type": "custom"}]}}}))
    tracker = DialogueStateTracker.from_events(
        "kontak-1", [UserUttered("halo", message_id="m1"), SlotSet("x", {"a": 1})], store.domain.slots
    )
    await store.save(tracker)
    again = await store.retrieve("kontak-1")
    assert again is not None
    assert [event.as_dict()["event"] for event in again.events] == ["user", "slot"]
    assert again.get_slot("x") == {"a": 1}
    assert again.latest_message.message_id == "m1"
    store.engine.dispose()
