"""What the stand-in provider knows: every message it took and every one it brought, and how it lists them."""

from __future__ import annotations

import json
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from email.utils import formatdate
from typing import Any
from urllib.parse import urlencode

VERSION = "/2010-04-01"


@dataclass
class Message:
    """One message at the provider. Times are seconds since 1970; `ref` is our own id from the status address."""

    sid: str
    ref: str
    direction: str
    to: str
    sender: str
    body: str
    content_sid: str
    variables: str
    at: float
    listed_from: float
    status: str = "queued"
    error_code: int | None = None
    sent_at: float | None = None
    callback: str = ""
    media: tuple[str, ...] = ()
    told: list[str] = field(default_factory=list)  # statuses whose callback was answered with 2xx
    untold: list[str] = field(default_factory=list)  # statuses whose callback was lost


class Ledger:
    """All messages since the start, in memory, and counters of what was done to them."""

    def __init__(self, account: str) -> None:
        self.account = account
        self.messages: dict[str, Message] = {}
        self.counts: Counter[str] = Counter()
        self._outbound_to: dict[str, list[Message]] = defaultdict(list)
        self._inbound_to: dict[str, list[Message]] = defaultdict(list)

    def add(self, message: Message) -> None:
        """Take a message. Nothing is ever taken away again."""
        self.messages[message.sid] = message
        index = self._inbound_to if message.direction == "inbound" else self._outbound_to
        index[message.to].append(message)

    def new_sid(self) -> str:
        """The next id, in Twilio's form."""
        return f"SM{len(self.messages) + 1:032x}"

    def resource(self, message: Message) -> dict[str, Any]:
        """A message as Twilio shows it."""
        uri = f"{VERSION}/Accounts/{self.account}/Messages/{message.sid}"
        return {
            "sid": message.sid,
            "account_sid": self.account,
            "to": message.to,
            "from": message.sender,
            "messaging_service_sid": None,
            "body": message.body,
            "direction": message.direction,
            "status": message.status,
            "error_code": message.error_code,
            "error_message": None,
            "num_media": str(len(message.media)),
            "num_segments": "1",
            "price": None,
            "price_unit": "USD",
            "api_version": "2010-04-01",
            "date_created": formatdate(message.at),
            "date_updated": formatdate(message.sent_at or message.at),
            "date_sent": None if message.sent_at is None else formatdate(message.sent_at),
            "uri": f"{uri}.json",
            "subresource_uris": {"media": f"{uri}/Media.json"},
        }

    def page(self, query: Mapping[str, str]) -> dict[str, Any]:
        """One page of the list, newest first, as Twilio pages: the next page's address or null."""
        size = max(1, min(int(query.get("PageSize", "50")), 1000))
        number = int(query.get("Page", "0"))
        chosen = self._chosen(query)
        shown = chosen[number * size : (number + 1) * size]
        more = len(chosen) > (number + 1) * size
        return {
            "messages": [self.resource(message) for message in shown],
            "page": number,
            "page_size": size,
            "start": number * size,
            "end": number * size + max(len(shown) - 1, 0),
            "uri": self._page_uri(query, number),
            "first_page_uri": self._page_uri(query, 0),
            "previous_page_uri": self._page_uri(query, number - 1) if number else None,
            "next_page_uri": self._page_uri(query, number + 1) if more else None,
        }

    def _page_uri(self, query: Mapping[str, str], number: int) -> str:
        kept = {name: value for name, value in query.items() if name not in ("Page", "PageToken")}
        return f"{VERSION}/Accounts/{self.account}/Messages.json?" + urlencode({**kept, "Page": number})

    def _chosen(self, query: Mapping[str, str]) -> list[Message]:
        now = time.time()
        found = [message for message in self._listed(query.get("To")) if message.listed_from <= now]
        if query.get("From"):
            found = [message for message in found if message.sender == query["From"]]
        if query.get("DateSent>"):
            since = _moment(query["DateSent>"])
            found = [message for message in found if message.sent_at is not None and message.sent_at >= since]
        if query.get("DateSent<"):
            until = _moment(query["DateSent<"])
            found = [message for message in found if message.sent_at is not None and message.sent_at <= until]
        return sorted(found, key=lambda message: message.at, reverse=True)

    def _listed(self, to: str | None) -> Iterable[Message]:
        if to is None:
            return self.messages.values()
        return [*self._outbound_to.get(to, ()), *self._inbound_to.get(to, ())]

    def dump(self) -> bytes:
        """Everything, for whoever counts at the end."""
        messages = [asdict(message) for message in self.messages.values()]
        return json.dumps({"messages": messages, "counts": dict(self.counts)}).encode()


def _moment(text: str) -> float:
    moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
