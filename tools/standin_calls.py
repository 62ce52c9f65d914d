"""The stand-in provider's own calls to us: status callbacks and inbound messages, signed as Twilio signs them."""

from __future__ import annotations

import asyncio
from collections import Counter
from urllib.parse import urlencode, urlsplit

from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]

from tools.standin_faults import Dice
from tools.standin_ledger import Message

ANSWER_WITHIN_S = 15.0  # Twilio waits no longer
_AT_ONCE = 32


class Caller:
    """Posts forms to our webhooks. A connection that cannot be made is tried once more, an answer never (Twilio's
    default): what the other side did not take then is lost."""

    def __init__(self, account: str, token: str, counts: Counter[str], dice: Dice) -> None:
        self._account = account
        self._validator = RequestValidator(token)
        self._counts = counts
        self._dice = dice
        self._gate = asyncio.Semaphore(_AT_ONCE)
        self._tasks: set[asyncio.Task[None]] = set()
        self._wrote: set[str] = set()

    @property
    def pending(self) -> int:
        """Calls that are still to come."""
        return len(self._tasks)

    def follow(self, message: Message) -> None:
        """Begin the callbacks of a message that was just taken."""
        if message.callback:
            task = asyncio.create_task(self._follow(message))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def bring(self, message: Message, url: str) -> None:
        """Bring an inbound message to our webhook."""
        self._wrote.add(message.sender)
        task = asyncio.create_task(self._bring(message, url))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _follow(self, message: Message) -> None:
        profile = self._dice.profile
        dice = self._dice.of("callbacks", message.to, message.sid)
        # Whoever has written to us is on WhatsApp, and the window is open.
        wrote = message.to in self._wrote
        error = None if wrote else self._dice.later_error(message.to, not message.content_sid)
        words = ("sent", "failed" if error == 63016 else "undelivered") if error else ("sent", "delivered", "read")
        calls = []
        for step, word in enumerate(words):
            # The fate itself comes in order; only its news may overtake one another or be lost.
            happens = 0.02 + step * 0.05
            times = 2 if dice.random() < profile.callback_doubled else 1
            lost = dice.random() < profile.callback_lost
            delays = [happens + dice.uniform(0.0, profile.callback_s) for _ in range(times)]
            code = error if step and error else None
            calls.append(self._happen(message, word, code, happens))
            if lost:
                self._counts["callbacks_lost"] += 1
                message.untold.append(word)
            else:
                self._counts["callbacks_doubled"] += times - 1
                calls.extend(self._tell(message, word, code, delay) for delay in delays)
        await asyncio.gather(*calls)

    async def _happen(self, message: Message, word: str, code: int | None, after_s: float) -> None:
        await asyncio.sleep(after_s)
        message.status, message.error_code = word, code
        loop_time = message.at + after_s
        message.sent_at = message.sent_at or loop_time

    async def _tell(self, message: Message, word: str, code: int | None, after_s: float) -> None:
        await asyncio.sleep(after_s)
        form = {
            "MessageSid": message.sid,
            "SmsSid": message.sid,
            "AccountSid": self._account,
            "From": message.sender,
            "To": message.to,
            "MessageStatus": word,
            "SmsStatus": word,
            "ApiVersion": "2010-04-01",
            **({"ErrorCode": str(code)} if code else {}),
        }
        if await self._post(message.callback, form):
            message.told.append(word)
            self._counts["callbacks_taken"] += 1
        else:
            message.untold.append(word)
            self._counts["callbacks_not_taken"] += 1

    async def _bring(self, message: Message, url: str) -> None:
        is_whatsapp = message.sender.startswith("whatsapp:")
        form = {
            "MessageSid": message.sid,
            "SmsSid": message.sid,
            "AccountSid": self._account,
            "From": message.sender,
            "To": message.to,
            "Body": message.body,
            "NumMedia": "0",
            "NumSegments": "1",
            "SmsStatus": "received",
            "ApiVersion": "2010-04-01",
            **({"MessageType": "text", "WaId": message.sender.removeprefix("whatsapp:+")} if is_whatsapp else {}),
        }
        if await self._post(url, form):
            message.told.append("received")
            self._counts["inbound_taken"] += 1
        else:
            message.untold.append("received")
            self._counts["inbound_not_taken"] += 1

    async def _post(self, url: str, form: dict[str, str]) -> bool:
        """Whether the other side answered 2xx."""
        address, _, overrides = url.partition("#")
        assert not overrides or "=" in overrides
        async with self._gate:
            for _ in range(2):
                try:
                    status = await asyncio.wait_for(self._once(address, form), ANSWER_WITHIN_S)
                except ConnectionRefusedError:
                    await asyncio.sleep(0.05)
                    continue
                except (OSError, TimeoutError, ValueError, IndexError, asyncio.IncompleteReadError):
                    return False
                self._counts[f"webhook_{status // 100}xx"] += 1
                return 200 <= status < 300
        return False

    async def _once(self, url: str, form: dict[str, str]) -> int:
        parts = urlsplit(url)
        body = urlencode(form).encode()
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        head = (
            f"POST {target} HTTP/1.1\r\nHost: {parts.netloc}\r\nConnection: close\r\n"
            f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n"
            f"X-Twilio-Signature: {self._validator.compute_signature(url, form)}\r\n\r\n"
        )
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port or 80)
        try:
            writer.write(head.encode() + body)
            status = int((await reader.readline()).split()[1])
            await reader.read()
            return status
        finally:
            writer.close()
