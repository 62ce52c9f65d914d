"""Rasa as it comes, to compare with: `python -m bench.stock_rasa MODEL ENDPOINTS CREDENTIALS PORT`.

Its own REST channel is used untouched. Its own Twilio channel is changed in three places without which it could not
take part: where the provider is (a stub on this machine), what an action is told of the message (our actions ask for
its moment), and that an answer which is a reply key goes out as a text.
"""

from __future__ import annotations

import sys
import uuid
from datetime import UTC, datetime
from typing import Any

from rasa.core.channels.channel import OutputChannel
from rasa.core.channels.twilio import TwilioInput, TwilioOutput
from sanic.request import Request
from twilio.http.http_client import TwilioHttpClient  # type: ignore[import-untyped]

from bot import quiet  # first: Rasa's own imports are loud

assert quiet


class _StubHttpClient(TwilioHttpClient):  # type: ignore[misc]
    """Twilio's own client, with the stub in the provider's place."""

    def __init__(self, api_url: str) -> None:
        super().__init__()
        self._api_url = api_url

    def request(self, method: str, url: str, *arguments: Any, **more: Any) -> Any:
        return super().request(method, url.replace("https://api.twilio.com", self._api_url), *arguments, **more)


class _Output(TwilioOutput):  # type: ignore[misc]
    async def send_custom_json(self, recipient_id: str, json_message: dict[str, Any], **kwargs: Any) -> None:
        await self.send_text_message(recipient_id, str(json_message["reply"]))


class StockTwilio(TwilioInput):  # type: ignore[misc]
    """Rasa's Twilio channel."""

    def __init__(self, api_url: str, account: str, token: str, number: str) -> None:
        super().__init__(account, token, number)
        self._api_url = api_url

    @classmethod
    def from_credentials(cls, credentials: dict[str, Any] | None) -> StockTwilio:
        assert credentials is not None
        return cls(*(credentials[name] for name in ("api_url", "account_sid", "auth_token", "twilio_number")))

    def get_metadata(self, request: Request) -> dict[str, Any]:
        return moment()

    def get_output_channel(self) -> OutputChannel:
        # A new client for every message, as Rasa does it.
        output = _Output(self.account_sid, self.auth_token, self.twilio_number)
        output.http_client = _StubHttpClient(self._api_url)
        return output


def moment() -> dict[str, str]:
    """What our actions ask of a message's metadata."""
    now = datetime.now(UTC).isoformat()
    return {"now": now, "received_at": now, "inbound_id": str(uuid.uuid4()), "channel": "whatsapp"}


def main() -> None:
    """Run Rasa's server."""
    model, endpoints, credentials, port = sys.argv[1:5]
    sys.argv = [
        "rasa", "run", "--model", model, "--endpoints", endpoints, "--credentials", credentials,
        "--interface", "127.0.0.1", "--port", port,
    ]  # fmt: skip
    from rasa.__main__ import main as rasa_main

    rasa_main()


if __name__ == "__main__":
    main()
