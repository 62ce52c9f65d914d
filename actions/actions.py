"""Rasa's custom actions. Each reads the tracker, calls one service and says which reply it wants. Nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from sapa.bootstrap import current_app
from sapa.services.dialogue import take_turn
from sapa.services.records import Reply
from sapa.services.understanding import understood_from

# The journey that is open: its name, what it asked last and what it knows (sapa/services/journeys/conductor.py).
JOURNEY = "journey"


class ActionRespond(Action):
    """Every message: the next step of the journey that is open, else an answer."""

    def name(self) -> str:
        return "action_respond"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Any) -> list[EventType]:
        app = current_app()
        metadata = tracker.latest_message["metadata"]
        turned = await asyncio.to_thread(
            take_turn,
            app.deps,
            tracker.sender_id,
            understood_from(tracker.latest_message),
            tracker.latest_message.get("text") or "",
            tracker.get_slot(JOURNEY),
            # The moment of the turn, as the worker saw it: the same on every retry.
            datetime.fromisoformat(metadata["now"]),
            datetime.fromisoformat(metadata["received_at"]),
            metadata["inbound_id"],
            app.content_ids,
            app.titles,
        )
        _say(dispatcher, turned.replies)
        return [SlotSet(JOURNEY, turned.state)]


class ActionUnsure(ActionRespond):
    """Where the understanding is unsure: the journey or the conversation may know, else the bot asks back."""

    def name(self) -> str:
        return "action_default_fallback"


def _say(dispatcher: CollectingDispatcher, replies: Iterable[Reply]) -> None:
    for reply in replies:
        said = {"reply": reply.key, "vars": dict(reply.vars)}
        dispatcher.utter_message(json_message=said if reply.picture is None else {**said, "picture": reply.picture})
