"""The conversation engine as the worker sees it: Rasa over HTTP, or Rasa in this process."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx

from sapa.messaging.labels import intent_to_label
from sapa.services.ports import EngineFailed, EngineUnavailable
from sapa.services.records import Reply, Turn


def read_turn(answer: Mapping[str, Any]) -> Turn:
    """Rasa's JSON as a turn."""
    label = answer.get("label")
    return Turn(
        replies=tuple(Reply(entry["reply"], entry["vars"], entry.get("picture")) for entry in answer["replies"]),
        label=intent_to_label(label) if label else None,
        confidence=float(answer.get("confidence", 0.0)),
    )


class HttpEngine:
    """Rasa as a process of its own, reached over loopback."""

    def __init__(self, url: str, timeout_s: float) -> None:
        self._client = httpx.AsyncClient(base_url=url, timeout=httpx.Timeout(timeout_s, connect=3.0))

    async def turn(self, contact_id: str, inbound_id: str, text: str, metadata: Mapping[str, Any]) -> Turn:
        """One turn. EngineUnavailable: ask again later; EngineFailed: Rasa stumbled over this message."""
        asked = {"sender": contact_id, "message_id": inbound_id, "text": text, "metadata": dict(metadata)}
        try:
            answer = await self._client.post("/webhooks/sapa/turn", json=asked)
        except httpx.HTTPError as error:
            raise EngineUnavailable(type(error).__name__) from error
        if answer.status_code == 500:
            raise EngineFailed("Rasa answered 500")
        if answer.status_code != 200:
            raise EngineUnavailable(f"Rasa answered {answer.status_code}")
        return read_turn(answer.json())

    async def close(self) -> None:
        await self._client.aclose()
