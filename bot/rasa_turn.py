"""One turn in Rasa, done once per inbound message however often it is asked for.

Rasa saves its tracker at the end of a turn and in one transaction. So a turn that died left nothing, and a turn that
lived can be read back from the tracker: asked again with the same message id, the same replies come back and no slot
is filled twice. Rasa's own channels have neither.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from rasa.core.agent import Agent
from rasa.core.channels.channel import CollectingOutputChannel, UserMessage
from rasa.core.processor import MessageProcessor
from rasa.core.tracker_store import FailSafeTrackerStore
from rasa.shared.core.events import BotUttered, Event, Restarted, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker

from sapa.services.respond import replies_to_foreign
from sapa.services.understanding import understood_from

CHANNEL = "sapa"


class SilentTurn(RuntimeError):
    """A turn ended without a word to the family: an action failed."""


def make_strict(agent: Agent) -> None:
    """Take away Rasa's fallback to a tracker in memory.

    With it, a database that is away for a moment would make Rasa forget a dialogue and answer as if all were well.
    Without it the turn fails, and the worker asks again.
    """
    if isinstance(agent.tracker_store, FailSafeTrackerStore):
        agent.tracker_store = agent.tracker_store._tracker_store
    if agent.processor is not None and isinstance(agent.processor.tracker_store, FailSafeTrackerStore):
        agent.processor.tracker_store = agent.processor.tracker_store._tracker_store


async def take_turn(
    agent: Agent, sender: str, message_id: str, text: str, metadata: Mapping[str, Any]
) -> dict[str, Any]:
    """Hand a message to Rasa, or read back what Rasa said to it before.

    Returns {"replies": [{"reply", "vars", "picture"}], "label": intent, "confidence": 0..1,
    "ranking": [[intent, confidence]]}.
    """
    make_strict(agent)
    if metadata.get("language"):
        return await _foreign_turn(agent, text, str(metadata["language"]))
    # Looking and acting under one lock: a second request for the same message waits here, then reads back.
    async with agent.lock_store.lock(sender):
        tracker = await agent.tracker_store.retrieve(sender)
        before = _turn_in(tracker, message_id)
        if before is None:
            if metadata.get("reset") and tracker is not None:
                tracker.update(Restarted())
                await agent.tracker_store.save(tracker)
            message = UserMessage(
                text,
                CollectingOutputChannel(),
                sender,
                input_channel=CHANNEL,
                metadata=dict(metadata),
                message_id=message_id,
            )
            before = await _handle(agent.processor, message, tracker)
    return before


async def _foreign_turn(agent: Agent, text: str, language: str) -> dict[str, Any]:
    """A message in another language: read for danger, and otherwise left out of the dialogue it would confuse."""
    understood = understood_from(await agent.parse_message(text))
    (reply,) = replies_to_foreign(understood, text, language)
    label = understood.label if understood.label == "danger" else "bahasa_lain"
    return {
        "replies": [{"reply": reply.key, "vars": dict(reply.vars)}],
        "label": label,
        "confidence": understood.confidence if label == "danger" else 1.0,
        "ranking": [],
    }


async def _handle(
    processor: MessageProcessor, message: UserMessage, tracker: DialogueStateTracker | None
) -> dict[str, Any]:
    """Rasa's own handling of a message, but a turn that says nothing is not kept. Raises SilentTurn.

    tracker: the dialogue as it was just read; None for somebody new.

    When an action fails Rasa swallows the error and goes on: it would save the turn as done, and a family would hear
    nothing. Everybody is answered here, so a turn without a reply is one that failed, and is done again as if it had
    never been.
    """
    if tracker is None:
        tracker = await processor.get_tracker(message.sender_id)
    _mark(processor, tracker)
    await processor._update_tracker_session(tracker, message.output_channel, message.metadata)
    await processor._handle_message_with_tracker(message, tracker)
    tracker = await processor.run_action_extract_slots(message.output_channel, tracker)
    await processor._run_prediction_loop(message.output_channel, tracker)
    done = _turn_in(tracker, str(message.message_id))
    if done is None or not done["replies"]:
        raise SilentTurn("no action gave a reply")
    await processor.save_tracker(tracker)
    return done


def _mark(processor: MessageProcessor, tracker: DialogueStateTracker) -> None:
    """By which model the events to come were made; as Rasa marks a tracker it has read itself."""
    tracker.model_id = processor.model_metadata.model_id
    tracker.assistant_id = tracker.assistant_id or processor.model_metadata.assistant_id


def _turn_in(tracker: DialogueStateTracker | None, message_id: str) -> dict[str, Any] | None:
    if tracker is None:
        return None
    events = list(tracker.events)
    for index, event in enumerate(events):
        if isinstance(event, UserUttered) and event.message_id == message_id:
            return {**_understood(event), "replies": list(_replies(events[index + 1 :]))}
    return None


def _understood(event: UserUttered) -> dict[str, Any]:
    intent = event.intent or {}
    ranking = (event.parse_data or {}).get("intent_ranking", [])
    return {
        "label": intent.get("name"),
        "confidence": float(intent.get("confidence") or 0.0),
        "ranking": [[entry["name"], float(entry["confidence"])] for entry in ranking[:4]],
    }


def _replies(events: Iterable[Event]) -> Iterable[dict[str, Any]]:
    for event in events:
        if isinstance(event, UserUttered):
            return
        if isinstance(event, BotUttered):
            custom = (event.data or {}).get("custom")
            if custom:
                yield {"reply": custom["reply"], "vars": custom.get("vars") or {}, "picture": custom.get("picture")}
