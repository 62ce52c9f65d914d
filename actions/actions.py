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
from sapa.messaging.labels import intent_to_label
from sapa.services.records import Reply
from sapa.services.registration import form_turn
from sapa.services.respond import respond
from sapa.services.understanding import understood_from

REQUESTED = "requested_slot"
_CHILD_SLOTS = (
    "consent",
    "child_name",
    "child_sex",
    "child_birth_date",
    "child_posyandu",
    "child_special_care",
    "child_confirmed",
    "child_outcome",
    "child_tries",
)


class ActionRespond(Action):
    """Answers whatever needs no form."""

    def name(self) -> str:
        return "action_respond"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Any) -> list[EventType]:
        app = current_app()
        replies = await asyncio.to_thread(
            respond,
            app.deps,
            tracker.sender_id,
            understood_from(tracker.latest_message),
            _text(tracker),
            _now(tracker),
            app.content_ids,
            app.titles,
        )
        _say(dispatcher, replies)
        return []


class ActionUnsure(ActionRespond):
    """Where the understanding is unsure: the conversation may break the tie, else the bot asks back."""

    def name(self) -> str:
        return "action_default_fallback"


class ValidateChildForm(Action):
    """One message in the form "daftar anak"."""

    def name(self) -> str:
        return "validate_form_daftar_anak"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Any) -> list[EventType]:
        app = current_app()
        turn = await asyncio.to_thread(
            form_turn,
            app.deps,
            tracker.sender_id,
            _text(tracker),
            {slot: tracker.get_slot(slot) for slot in _CHILD_SLOTS},
            tracker.get_slot(REQUESTED),
            _label(tracker),
            _confidence(tracker),
            tracker.latest_message["metadata"]["inbound_id"],
            _now(tracker),
            app.content_ids,
        )
        _say(dispatcher, turn.replies)
        changes = {slot: value for slot, value in turn.slots.items() if slot in _CHILD_SLOTS}
        # A form action that sets no slot counts as "not mine": Rasa would hand the message to another rule, and a
        # question asked in between would be answered twice.
        changes.setdefault("child_tries", tracker.get_slot("child_tries"))
        return [*(SlotSet(slot, value) for slot, value in changes.items()), SlotSet(REQUESTED, turn.next_slot)]


def _label(tracker: Tracker) -> str:
    return intent_to_label(tracker.latest_message["intent"]["name"] or "nlu_fallback")


def _confidence(tracker: Tracker) -> float:
    return float(tracker.latest_message["intent"].get("confidence") or 0.0)


def _text(tracker: Tracker) -> str:
    return tracker.latest_message.get("text") or ""


def _now(tracker: Tracker) -> datetime:
    """The moment of the turn, as the worker saw it: the same on every retry."""
    return datetime.fromisoformat(tracker.latest_message["metadata"]["now"])


def _say(dispatcher: CollectingDispatcher, replies: Iterable[Reply]) -> None:
    for reply in replies:
        dispatcher.utter_message(json_message={"reply": reply.key, "vars": dict(reply.vars)})
