"""The conversation engine as the worker sees it: Rasa over HTTP, or Rasa in this process."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import aiohttp

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
    """Rasa as one or more processes of their own, reached over loopback.

    A contact always speaks to the same one: asked again after a lost connection, that one knows whether it is still
    at work on the message. The dialogue itself is in the tracker store, which they share.
    """

    def __init__(self, urls: str | Sequence[str], timeout_s: float) -> None:
        self._urls = [f"{url}/webhooks/sapa/turn" for url in ([urls] if isinstance(urls, str) else urls)]
        self._timeout = aiohttp.ClientTimeout(total=timeout_s, connect=3.0)
        self._kept: aiohttp.ClientSession | None = None

    async def turn(self, contact_id: str, inbound_id: str, text: str, metadata: Mapping[str, Any]) -> Turn:
        """One turn. EngineUnavailable: ask again later; EngineFailed: Rasa stumbled over this message."""
        asked = {"sender": contact_id, "message_id": inbound_id, "text": text, "metadata": dict(metadata)}
        try:
            # Asked again after a lost connection Rasa says what it said before: no harm in aiohttp's own second try.
            async with self._session().post(self._url_for(contact_id), json=asked) as answer:
                if answer.status == 200:
                    return read_turn(await answer.json())
        except (aiohttp.ClientError, TimeoutError) as error:
            raise EngineUnavailable(type(error).__name__) from error
        if answer.status == 500:
            raise EngineFailed("Rasa answered 500")
        raise EngineUnavailable(f"Rasa answered {answer.status}")

    def _url_for(self, contact_id: str) -> str:
        # Not hash(): that differs from process to process, and there may be several workers.
        digest = hashlib.blake2s(contact_id.encode(), digest_size=4).digest()
        return self._urls[int.from_bytes(digest) % len(self._urls)]

    async def close(self) -> None:
        if self._kept is not None:
            await self._kept.close()

    def _session(self) -> aiohttp.ClientSession:
        if self._kept is None:  # it belongs to the loop it is made in
            connections = aiohttp.TCPConnector(limit=0)
            self._kept = aiohttp.ClientSession(
                connector=connections, timeout=self._timeout, cookie_jar=aiohttp.DummyCookieJar()
            )
        return self._kept
