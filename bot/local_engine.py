"""Rasa inside this process: for `sapa ask`, `sapa chat` and the tests. Same model, same actions, no servers."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import structlog

from bot import quiet, savings
from bot.engine import read_turn
from bot.model_files import current_model
from bot.nlu.danger_model import load_from
from sapa.services.records import Turn
from sapa.services.understanding import Understood, understood_from

assert quiet  # imported for what it does


class LocalEngine:
    """A loaded agent whose actions run in this process. Raises bot.model_files.NoModel."""

    def __init__(self, model_dir: Path) -> None:
        model = current_model(model_dir)
        # Unasked, Rasa writes every message it understands to standard output.
        structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
        logging.getLogger("rasa").setLevel(logging.ERROR)
        from rasa.core.agent import Agent
        from rasa.core.tracker_store import InMemoryTrackerStore
        from rasa.shared.core.domain import Domain

        savings.of_models()
        savings.of_rasa()
        self.danger_chance = load_from(model).chance
        # The same store as in the one-machine run would need a file; a conversation here ends with the process.
        self.agent = Agent.load(
            str(model),
            action_endpoint=_in_process_actions(),
            tracker_store=InMemoryTrackerStore(Domain.empty()),
        )

    async def turn(self, contact_id: str, inbound_id: str, text: str, metadata: Mapping[str, Any]) -> Turn:
        """One turn; see bot.rasa_turn."""
        from bot.rasa_turn import take_turn

        return read_turn(await take_turn(self.agent, contact_id, inbound_id, text, metadata))

    def forget(self, contact_id: str) -> None:
        """Drop what is remembered of a contact."""
        self.agent.tracker_store.store.pop(contact_id, None)

    async def understand(self, text: str) -> Understood:
        """What the model makes of a text; nothing is remembered."""
        return understood_from(await self.agent.parse_message(text))


def _in_process_actions() -> Any:
    """An action endpoint that calls our actions directly instead of over HTTP."""
    from rasa.utils.endpoints import ClientResponseError, EndpointConfig
    from rasa_sdk.executor import ActionExecutor
    from rasa_sdk.interfaces import ActionExecutionRejection

    executor = ActionExecutor()
    executor.register_package("actions")

    class InProcess(EndpointConfig):  # type: ignore[misc]
        async def request(self, *_: Any, **kwargs: Any) -> Any:
            try:
                return await executor.run(kwargs["json"])
            except ActionExecutionRejection as rejection:
                # What the action server would answer: Rasa reads the reason from the body of a 400.
                raise ClientResponseError(400, "", str({"error": str(rejection)})) from rejection

    return InProcess(url="http://in-process")
