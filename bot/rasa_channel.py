"""The channel through which our worker speaks to Rasa (loopback only)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import structlog
from rasa.core.channels.channel import InputChannel, UserMessage
from rasa.core.lock_store import LockError
from redis.exceptions import RedisError
from sanic import Blueprint, response
from sanic.request import Request
from sanic.response import HTTPResponse
from sqlalchemy.exc import InterfaceError, OperationalError

from bot.rasa_turn import CHANNEL, SilentTurn, take_turn

log = structlog.get_logger()

# The lock store or the database of the dialogues does not answer: no message is to blame, and each one waits.
_AWAY = (LockError, RedisError, OperationalError, InterfaceError)


class SapaChannel(InputChannel):
    """POST /webhooks/sapa/turn {"sender", "message_id", "text", "metadata"} -> the turn as JSON."""

    @classmethod
    def name(cls) -> str:
        return CHANNEL

    @classmethod
    def from_credentials(cls, credentials: dict[str, Any] | None) -> InputChannel:
        return cls()

    def blueprint(self, on_new_message: Callable[[UserMessage], Awaitable[Any]]) -> Blueprint:
        routes = Blueprint("sapa_channel", __name__)

        @routes.route("/", methods=["GET"])
        async def health(_: Request) -> HTTPResponse:
            return response.json({"status": "ok"})

        @routes.route("/turn", methods=["POST"])
        async def turn(request: Request) -> HTTPResponse:
            agent = request.app.ctx.agent
            if agent is None or not agent.is_ready():
                return response.json({"error": "no model"}, status=503)
            asked = request.json
            try:
                done = await take_turn(agent, asked["sender"], asked["message_id"], asked["text"], asked["metadata"])
            except SilentTurn:
                # With the action server away the message must wait; with it there, this message is the trouble.
                status = 500 if await _answers(agent.processor.action_endpoint.url) else 503
                log.warning("turn_silent", inbound=asked["message_id"], status=status)
                return response.json({"error": "SilentTurn"}, status=status)
            except Exception as error:  # the worker decides what to do; the message is not lost
                status = 503 if isinstance(error, _AWAY) else 500
                log.warning("turn_failed", error=type(error).__name__, inbound=asked["message_id"], status=status)
                return response.json({"error": type(error).__name__}, status=status)
            return response.json(done)

        return routes


async def _answers(actions_url: str) -> bool:
    """Whether the action server is there."""
    try:
        async with httpx.AsyncClient(timeout=2.0) as client:
            return (await client.get(actions_url.rsplit("/", 1)[0] + "/health")).status_code == 200
    except httpx.HTTPError:
        return False
