"""People who talk side by side: each writes, waits for the answer, writes again."""

from __future__ import annotations

import asyncio
import itertools
import statistics
import time
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import aiohttp
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]

from bench import crowd
from bench.machinery import ACCOUNT, SENDER_OF_BOT, TOKEN
from bench.stub import Ledger, serve

QUESTIONS = ("apa itu stunting", "menu mpasi 8 bulan", "halo", "efek samping imunisasi", "asi saya sedikit")
# A person asks these few things and the next one comes: nobody talks to a clinic a hundred times a minute.
TURNS_A_PERSON = len(QUESTIONS)
PATIENCE_S = 150.0

Ask = Callable[[int, str], Awaitable[None]]


@dataclass(frozen=True)
class Talked:
    """Turns a second over all people, and how long one of them waited (milliseconds)."""

    turns_per_s: float
    median_ms: float
    p95_ms: float


class Phones:
    """The people's phones, behind a stub provider in this process."""

    def __init__(self) -> None:
        self._waiting: dict[str, asyncio.Future[None]] = {}
        self.ledger = Ledger(listener=self._arrived)

    def _arrived(self, form: dict[str, str]) -> None:
        waiting = self._waiting.pop(form["To"].removeprefix("whatsapp:"), None)
        if waiting is not None and not waiting.done():
            waiting.set_result(None)

    async def answer_to(self, person: int, post: Awaitable[None]) -> None:
        """Post a message and wait until something comes back to this phone."""
        waiting: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting[crowd.phone(person)] = waiting
        await post
        await asyncio.wait_for(waiting, PATIENCE_S)


async def talk(ask: Ask, users: int, turns: int, first_person: int = 0) -> Talked:
    """`turns` turns by `users` users at a time. `ask` returns when the answer is there."""
    people = itertools.count(first_person)
    left = itertools.count(turns, -1)
    waits: list[float] = []

    async def user() -> None:
        while True:
            person = next(people)
            for question in QUESTIONS:
                if next(left) <= 0:
                    return
                began = time.perf_counter()
                await ask(person, question)
                waits.append(time.perf_counter() - began)

    began = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for _ in range(users):
            group.create_task(user())
    took = time.perf_counter() - began
    waits.sort()
    return Talked(len(waits) / took, 1000 * statistics.median(waits), 1000 * waits[int(0.95 * (len(waits) - 1))])


def ask_webhook(http: aiohttp.ClientSession, phones: Phones, url: str, signed: bool) -> Ask:
    """Questions as Twilio posts them; the answer comes to the phone."""
    validator = RequestValidator(TOKEN)

    async def post(form: dict[str, str]) -> None:
        headers = {"X-Twilio-Signature": validator.compute_signature(url, form)} if signed else {}
        async with http.post(url, data=form, headers=headers) as answer:
            if answer.status >= 300:
                raise RuntimeError(f"{url} answered {answer.status}: {await answer.text()}")

    async def ask(person: int, question: str) -> None:
        await phones.answer_to(person, post(_form(person, question)))

    return ask


def ask_rest(http: aiohttp.ClientSession, url: str, metadata: Callable[[], dict[str, Any]]) -> Ask:
    """Questions to Rasa's REST channel; the answer is in the response."""

    async def ask(person: int, question: str) -> None:
        said = {"sender": crowd.contact_id(person), "message": question, "metadata": metadata()}
        async with http.post(url, json=said) as answer:
            if not await answer.json():
                raise RuntimeError("Rasa's REST channel gave no answer")

    return ask


def _form(person: int, body: str) -> dict[str, str]:
    number = crowd.phone(person)
    return {
        "MessageSid": "SM" + uuid.uuid4().hex,
        "AccountSid": ACCOUNT,
        "From": f"whatsapp:{number}",
        "To": f"whatsapp:{SENDER_OF_BOT}",
        "Body": body,
        "NumMedia": "0",
        "MessageType": "text",
        "WaId": number.lstrip("+"),
    }


async def with_phones(port: int, delay_ms: int, work: Callable[[aiohttp.ClientSession, Phones], Awaitable[Any]]) -> Any:
    """Do the work with phones behind a stub at that port."""
    phones = Phones()
    server = await serve(port, delay_ms / 1000, phones.ledger)
    timeout = aiohttp.ClientTimeout(total=PATIENCE_S)
    async with server, aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), timeout=timeout) as http:
        return await work(http, phones)
