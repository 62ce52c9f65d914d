"""A stand-in for the provider, on loopback: takes, lists and follows up messages as Twilio does, and fails as told.

    python -m tools.standin_provider --port 4020                             no faults, no delay
    python -m tools.standin_provider --port 4020 --delay-ms 100 --no-callbacks
    python -m tools.standin_provider --port 4020 --profile rough --seed 7    see tools/standin_faults.py

It keeps everything in memory. Prints one line of JSON with its port when it listens (port 0: any free one). Beside
Twilio's addresses (POST and GET .../Messages.json, GET .../Messages/SM....json) it has its own for those who count:
GET /_ledger everything, GET /_counts the counters, POST /_inbound (From, To, Body) somebody writes to us,
POST /_profile (name=calm|rough) other faults from now on.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import contextlib
import json
import sys
import time
from typing import cast
from urllib.parse import parse_qs, parse_qsl, urlsplit

from tools.standin_calls import Caller
from tools.standin_faults import PROFILES, Dice, Fate
from tools.standin_ledger import VERSION, Ledger, Message

ACCOUNT = "AC" + "0" * 31 + "1"
TOKEN = "standin-token"
_REASONS = {200: "OK", 201: "Created", 400: "Bad Request", 401: "Unauthorized", 404: "Not Found"}
_CODES = {429: 20429, 500: 20500, 503: 20503, 401: 20003, 404: 20404}

Form = dict[str, str]


class Provider:
    """What is behind the addresses, apart from how bytes travel."""

    def __init__(self, dice: Dice, account: str, token: str, inbound_url: str = "", callbacks: bool = True) -> None:
        self.dice = dice
        self.ledger = Ledger(account)
        self.caller = Caller(account, token, self.ledger.counts, dice)
        self.authorization = "Basic " + base64.b64encode(f"{account}:{token}".encode()).decode()
        self._inbound_url = inbound_url
        self._callbacks = callbacks
        self._messages = f"{VERSION}/Accounts/{account}/Messages"

    def is_send(self, method: str, path: str) -> bool:
        return method == "POST" and path == self._messages + ".json"

    def take(self, form: Form) -> Message:
        """Take a message to be sent: from here on it will reach the person."""
        now = time.time()
        callback = form.get("StatusCallback", "")
        message = Message(
            sid=self.ledger.new_sid(),
            ref=dict(parse_qsl(urlsplit(callback).query)).get("ref", ""),
            direction="outbound-api",
            to=form["To"],
            sender=form.get("From") or form.get("MessagingServiceSid", ""),
            body=form.get("Body") or _rendered(form.get("ContentVariables", "")),
            content_sid=form.get("ContentSid", ""),
            variables=form.get("ContentVariables", ""),
            at=now,
            listed_from=now + self.dice.profile.list_lag_s,
            callback=callback if self._callbacks else "",
            media=tuple(filter(None, [form.get("MediaUrl", "")])),
        )
        self.ledger.add(message)
        if message.callback:
            self.caller.follow(message)
        return message

    def look(self, method: str, path: str, query: Form, form: Form) -> tuple[int, bytes]:
        """Everything but sending."""
        if path == self._messages + ".json" and method == "GET":
            return 200, json.dumps(self.ledger.page(query)).encode()
        if path.startswith(self._messages + "/") and method == "GET":
            message = self.ledger.messages.get(path.rpartition("/")[2].removesuffix(".json"))
            return problem(404) if message is None else (200, json.dumps(self.ledger.resource(message)).encode())
        if path == f"{VERSION}/Accounts/{self.ledger.account}.json":
            return 200, json.dumps({"sid": self.ledger.account, "status": "active", "type": "Full"}).encode()
        return problem(404)

    def administer(self, method: str, path: str, form: Form) -> tuple[int, bytes]:
        """The stand-in's own addresses."""
        if path == "/_ledger":
            return 200, self.ledger.dump()
        if path == "/_counts":
            return 200, json.dumps({**self.ledger.counts, "calls_to_come": self.caller.pending}).encode()
        if path == "/_profile" and method == "POST":
            self.dice.profile = PROFILES[form["name"]]
            return 200, b"{}"
        if path == "/_inbound" and method == "POST":
            return 200, json.dumps({"sid": self._hear(form).sid}).encode()
        return problem(404)

    def _hear(self, form: Form) -> Message:
        now = time.time()
        message = Message(
            sid=self.ledger.new_sid(),
            ref="",
            direction="inbound",
            to=form["To"],
            sender=form["From"],
            body=form.get("Body", ""),
            content_sid="",
            variables="",
            at=now,
            listed_from=now,
            status="received",
            sent_at=now,
        )
        self.ledger.add(message)
        if self._inbound_url:
            self.caller.bring(message, self._inbound_url)
        return message


def _rendered(variables: str) -> str:
    """The words of a template, as the list shows them: the template's own and our values among them."""
    values = json.loads(variables) if variables else {}
    return " ".join(["Halo.", *(str(value) for value in values.values()), "Terima kasih."])


def problem(status: int, code: int | None = None) -> tuple[int, bytes]:
    """An error in Twilio's form."""
    code = code or _CODES.get(status, status)
    return status, json.dumps({"code": code, "message": "stand-in", "more_info": "", "status": status}).encode()


def fault_of(form: Form) -> int | None:
    """The code of Twilio's refusal of a request that lacks what every message needs."""
    if not form.get("To"):
        return 21604
    if not (form.get("From") or form.get("MessagingServiceSid")):
        return 21603
    if not (form.get("Body") or form.get("ContentSid") or form.get("MediaUrl")):
        return 21619
    return 21617 if len(form.get("Body", "")) > 1600 else None


class Connection(asyncio.Protocol):
    """HTTP/1.1 with keep-alive, one request at a time: enough for every client there is, and fast."""

    def __init__(self, provider: Provider) -> None:
        self._provider = provider
        self._transport: asyncio.Transport | None = None
        self._bytes = b""
        self._busy = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's own class, with the same methods

    def data_received(self, data: bytes) -> None:
        self._bytes += data
        if not self._busy:
            self._next()

    def _next(self) -> None:
        head, found, rest = self._bytes.partition(b"\r\n\r\n")
        if not found:
            return
        lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
        length = int(headers.get("content-length", "0"))
        if len(rest) < length:
            return
        self._bytes, self._busy = rest[length:], True
        method, target, _ = lines[0].split(" ", 2)
        self._serve(method, target, headers, rest[:length].decode())

    def _serve(self, method: str, target: str, headers: Form, body: str) -> None:
        provider, parts = self._provider, urlsplit(target)
        form = {name: values[0] for name, values in parse_qs(body, keep_blank_values=True).items()}
        if parts.path.startswith("/_"):
            self._answer(*provider.administer(method, parts.path, form))
        elif headers.get("authorization") != provider.authorization:
            self._answer(*problem(401))
        elif provider.is_send(method, parts.path):
            self._send(form)
        else:
            query = dict(parse_qsl(parts.query, keep_blank_values=True))
            fate = provider.dice.lookup(query.get("To", parts.path))
            provider.ledger.counts[fate.name] += 1
            if fate.answer == 0:
                self._drop()
            elif fate.answer == 200:
                self._answer(*provider.look(method, parts.path, query, form))
            else:
                self._answer(*problem(fate.answer))

    def _send(self, form: Form) -> None:
        refused = fault_of(form)
        if refused is not None:
            self._provider.ledger.counts["refused"] += 1
            self._answer(*problem(400, refused))
            return
        fate = self._provider.dice.send(form["To"])
        self._provider.ledger.counts[fate.name] += 1
        if fate.answer_after_s == 0.0:
            self._finish(fate, self._provider.take(form) if fate.taken else None)
            return
        loop = asyncio.get_running_loop()
        taken: list[Message] = []

        def take() -> None:
            if fate.taken and not taken:
                taken.append(self._provider.take(form))

        def finish() -> None:
            take()
            self._finish(fate, taken[0] if taken else None)

        # Both also when the client has gone meanwhile: the request had arrived.
        loop.call_later(fate.taken_after_s, take)
        loop.call_later(fate.answer_after_s, finish)

    def _finish(self, fate: Fate, message: Message | None) -> None:
        if fate.answer == 0:
            self._drop()
        elif fate.answer in (201, -1):
            shown = {} if message is None else self._provider.ledger.resource(message)
            self._answer(201, json.dumps(shown).encode(), half=fate.answer == -1)
        else:
            self._answer(*problem(fate.answer))

    def _drop(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def _answer(self, status: int, body: bytes, half: bool = False) -> None:
        assert self._transport is not None
        reason = _REASONS.get(status, "Error")
        head = f"HTTP/1.1 {status} {reason}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        whole = head.encode() + body
        if self._transport.is_closing():
            return
        self._transport.write(whole[: len(whole) - len(body) // 2] if half else whole)
        if half:
            self._transport.close()
            return
        self._busy = False
        if self._bytes:
            self._next()


async def serve(provider: Provider, port: int) -> None:
    """Listen until cancelled."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(provider), "127.0.0.1", port, backlog=2048)
    print(json.dumps({"port": server.sockets[0].getsockname()[1]}), flush=True)
    async with server:
        await server.serve_forever()


def main() -> int:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--port", type=int, default=4020)
    parser.add_argument("--account", default=ACCOUNT)
    parser.add_argument("--token", default=TOKEN)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--profile", choices=sorted(PROFILES), default="calm")
    parser.add_argument("--delay-ms", type=float, default=0.0)
    parser.add_argument("--no-callbacks", action="store_true")
    parser.add_argument("--inbound-url", default="", help="our webhook: where /_inbound brings messages")
    given = parser.parse_args()
    dice = Dice(given.seed, PROFILES[given.profile], given.delay_ms / 1000)

    async def run() -> None:
        # The provider's tasks belong to the loop that serves.
        provider = Provider(dice, given.account, given.token, given.inbound_url, not given.no_callbacks)
        await serve(provider, given.port)

    try:
        import uvloop

        runner = uvloop.run if hasattr(uvloop, "run") else asyncio.run
    except ImportError:
        runner = asyncio.run
    with contextlib.suppress(KeyboardInterrupt):
        runner(run())
    return 0


if __name__ == "__main__":
    sys.exit(main())
