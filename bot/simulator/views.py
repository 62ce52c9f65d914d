"""The simulator's page and its small JSON API. Changing calls want JSON, so that no other site's form can make them."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from bot.simulator import world
from bot.simulator.forms import SAMPLES, Typed, inbound_form, media_path, signed_headers
from bot.simulator.host import INBOUND_PATH, Host, loopback
from sapa.messaging.sms import sms_parts
from sapa.services.rights import PICTURE_LIFE

HERE = Path(__file__).parent
CHANNELS = ("whatsapp", "sms")
MAX_TEXT = 20_000  # characters; more than any phone sends, so that the edge's own limits can be tried
MAX_PHONES = 60
MAX_BODY = 128 * 1024  # bytes
FARTHEST = timedelta(days=366 * 7)  # beyond the last reminder of a child's five years
# The walk goes a little beyond the event, so that its message has left when the clock stands still again.
AFTER_EVENT = timedelta(minutes=5)

Endpoint = Callable[[Request], Awaitable[Response]]


class RefusalError(Exception):
    """The call cannot be done; the page has a sentence for each `code`."""

    def __init__(self, code: str, status: int = 400) -> None:
        super().__init__(code)
        self.code = code
        self.status = status


def routes(app: Host, connect: Callable[[], httpx.AsyncClient] | None = None) -> list[BaseRoute]:
    """Page, files and API of the simulator. `connect` opens the way to the edge (default: over loopback)."""
    simulator = _Simulator(app, connect or (lambda: loopback(app)))
    return [
        Route("/", simulator.page, methods=["GET"]),
        Mount("/simulator/static", StaticFiles(directory=HERE / "static"), name="simulator-static"),
        Mount("/simulator/media", StaticFiles(directory=HERE / "media"), name="simulator-media"),
        Route("/simulator/api/state", simulator.state, methods=["GET"]),
        Route("/simulator/api/send", _answering(simulator.send), methods=["POST"]),
        Route("/simulator/api/again", _answering(simulator.again), methods=["POST"]),
        Route("/simulator/api/seen", _answering(simulator.seen), methods=["POST"]),
        Route("/simulator/api/clock", _answering(simulator.clock), methods=["POST"]),
        Route("/simulator/api/phones", _answering(simulator.phones), methods=["POST"]),
    ]


def _answering(call: Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]) -> Endpoint:
    """An endpoint that reads a JSON object and answers with one."""

    async def endpoint(request: Request) -> Response:
        try:
            return JSONResponse(await call(await _json_object(request)))
        except RefusalError as refusal:
            return JSONResponse({"error": refusal.code}, status_code=refusal.status)

    return endpoint


async def _json_object(request: Request) -> dict[str, Any]:
    if request.headers.get("content-type", "").split(";")[0].strip() != "application/json":
        raise RefusalError("not-json", 415)
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY:
            raise RefusalError("too-big", 413)
    try:
        value = json.loads(body)
    except ValueError:
        raise RefusalError("not-json") from None
    if not isinstance(value, dict):
        raise RefusalError("not-json")
    return value


class _Simulator:
    """The endpoints, over one application."""

    def __init__(self, app: Host, connect: Callable[[], httpx.AsyncClient]) -> None:
        self._app = app
        self._connect = connect

    async def page(self, request: Request) -> Response:
        return FileResponse(HERE / "static" / "index.html", headers={"Cache-Control": "no-cache"})

    async def state(self, request: Request) -> Response:
        """Everything the page shows that it does not know yet; `since` is the revision it has."""
        since = request.query_params.get("since", "0")
        answer = await run_in_threadpool(self._state, int(since) if since.isdecimal() else 0)
        return JSONResponse(answer, headers={"Cache-Control": "no-store"})

    async def send(self, call: dict[str, Any]) -> dict[str, Any]:
        """Write from a phone: the message goes through our own public webhook, signed."""
        typed = self._typed(call)
        message = await run_in_threadpool(self._note, typed)
        await self._deliver(message.sid, message.form)
        return {"sid": message.sid}

    async def again(self, call: dict[str, Any]) -> dict[str, Any]:
        """Deliver an inbound message once more, as providers do at times; it must change nothing."""
        message = await run_in_threadpool(self._app.mailbox.message, str(call.get("sid", "")))
        if message is None or not message.form:
            raise RefusalError("unknown-message", 404)
        await self._deliver(message.sid, message.form)
        return {"sid": message.sid}

    async def seen(self, call: dict[str, Any]) -> dict[str, Any]:
        """The person has looked at the phone: what has arrived is read. SMS knows no read receipts."""
        phone, channel = _phone(call), _channel(call)
        if channel != "whatsapp":
            return {"read": 0}
        return {"read": await run_in_threadpool(self._read_all, phone, channel)}

    async def clock(self, call: dict[str, Any]) -> dict[str, Any]:
        """Ask the clock to walk forward, or to stop where it is; it never goes back."""
        if call.get("stop"):
            await run_in_threadpool(self._app.mailbox.end_walk)
            return {"target": None}
        return {"target": (await run_in_threadpool(self._start_walk, call)).isoformat()}

    async def phones(self, call: dict[str, Any]) -> dict[str, Any]:
        """Add a phone to the page."""
        phone = world.Phone(_phone(call), _channel(call), " ".join(str(call.get("name", "")).split()))
        if not 1 <= len(phone.name) <= 40:
            raise RefusalError("name")
        if not await run_in_threadpool(self._add_phone, phone):
            raise RefusalError("phone-exists", 409)
        return {"phone": phone.phone, "channel": phone.channel, "name": phone.name}

    # --- inside; these block, so they run in a thread

    def _state(self, since: int) -> dict[str, Any]:
        app = self._app
        clock = app.mailbox.clock()
        phones = world.phones(app)
        shown = {(phone.phone, phone.channel) for phone in phones}
        # Read before the messages: a message that comes in between is then sent twice rather than never.
        revision = app.mailbox.revision()
        messages = app.mailbox.messages_since(since)
        if messages:
            revision = max(revision, messages[-1].revision) if len(messages) < 500 else messages[-1].revision
        return {
            "now": app.clock.now().isoformat(),
            "offset_seconds": clock.offset_seconds,
            "target": _iso(clock.target),
            "walking_since": _iso(clock.walking_since),
            "timezone": app.settings.default_timezone,
            "revision": revision,
            "messages": [
                _as_json(message, app.settings.public_url, app.clock.now())
                for message in messages
                if (message.phone, message.channel) in shown
            ],
            **world.surroundings(app, phones),
        }

    def _typed(self, call: dict[str, Any]) -> Typed:
        phone, channel = _phone(call), _channel(call)
        text, payload, media = call.get("text", ""), call.get("payload"), call.get("media")
        if not isinstance(text, str) or not (payload is None or isinstance(payload, str)):
            raise RefusalError("text")
        if media is not None and media not in SAMPLES:
            raise RefusalError("media")
        if not text and media is None:
            raise RefusalError("text")
        if len(text) > MAX_TEXT:
            raise RefusalError("too-big", 413)
        if channel == "sms" and media is not None:
            raise RefusalError("media")
        return Typed(phone, channel, world.name_of(self._app, phone, channel), text, payload, media)

    def _note(self, typed: Typed) -> Any:
        sid = world.new_sid()
        form = inbound_form(self._app.settings, typed, sid)
        media = []
        if typed.media:
            sample = SAMPLES[typed.media]
            media.append({"kind": typed.media, "url": media_path(sample.file) if sample.file else ""})
        return self._app.mailbox.note_inbound(
            form,
            phone=typed.phone,
            channel=typed.channel,
            text=typed.text,
            media=media,
            now=self._app.clock.now(),
        )

    async def _deliver(self, sid: str, form: dict[str, str]) -> None:
        """Post to the webhook and put on the message what became of it."""
        settings, status = self._app.settings, "failed"
        headers = signed_headers(settings, INBOUND_PATH, form)
        try:
            async with self._connect() as client:
                answer = await client.post(INBOUND_PATH, data=form, headers=headers)
            status = "failed" if answer.is_error else "delivered"
        except httpx.TransportError:
            raise RefusalError("webhook", 502) from None
        finally:
            await run_in_threadpool(self._set_status, sid, status)
        if status == "failed":
            raise RefusalError("webhook", 502)

    def _set_status(self, sid: str, status: str) -> None:
        self._app.mailbox.set_status(sid, status, self._app.clock.now())

    def _read_all(self, phone: str, channel: str) -> int:
        unread = self._app.mailbox.unread(phone, channel)
        for message in unread:
            # The network sees the new state and makes the callback.
            self._set_status(message.sid, "read")
        return len(unread)

    def _start_walk(self, call: dict[str, Any]) -> datetime:
        now = self._app.clock.now()
        target = self._target(call, now)
        if target <= now:
            raise RefusalError("only-forward")
        if target > now + FARTHEST:
            raise RefusalError("too-far")
        if not self._app.mailbox.start_walk(target, now):
            raise RefusalError("walking", 409)
        return target

    def _target(self, call: dict[str, Any], now: datetime) -> datetime:
        zone = ZoneInfo(self._app.settings.default_timezone)
        to = call.get("to")
        if to == "next":
            event = world.next_event(self._app, now)
            if event is None:
                raise RefusalError("nothing-planned")
            return event + AFTER_EVENT
        if to is not None:
            return _moment(to, zone)
        hours, days, months = (_count(call, name) for name in ("hours", "days", "months"))
        return world.add_months(now.astimezone(zone), months) + timedelta(days=days, hours=hours)

    def _add_phone(self, phone: world.Phone) -> bool:
        present = world.phones(self._app)
        if len(present) >= MAX_PHONES:
            raise RefusalError("too-many-phones")
        if any((other.phone, other.channel) == (phone.phone, phone.channel) for other in present):
            return False
        return bool(self._app.mailbox.add_phone(phone, self._app.clock.now()))


def _phone(call: dict[str, Any]) -> str:
    """The number in E.164. Raises RefusalError if it is none."""
    digits = re.sub(r"[\s().-]", "", str(call.get("phone", "")))
    if digits.startswith("0"):
        digits = "+62" + digits[1:]
    if not re.fullmatch(r"\+[1-9]\d{7,14}", digits):
        raise RefusalError("phone")
    return digits


def _channel(call: dict[str, Any]) -> str:
    channel = str(call.get("channel", "whatsapp"))
    if channel not in CHANNELS:
        raise RefusalError("channel")
    return channel


def _count(call: dict[str, Any], name: str) -> int:
    value = call.get(name, 0)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 24 * 366 * 7:
        raise RefusalError("when")
    return value


def _moment(value: Any, zone: ZoneInfo) -> datetime:
    """An ISO time; one without an offset is meant in the house's own zone."""
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise RefusalError("when") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _as_json(message: Any, public_url: str, now: datetime) -> dict[str, Any]:
    """The message for the page. Pictures of our own are named by path: the page shows nothing from elsewhere.

    A real phone keeps the pictures it was sent; these phones fetch them each time, and in the end they are gone.
    """
    gone = message.direction == "out" and now >= message.at + PICTURE_LIFE
    return {
        "seq": message.seq,
        "sid": message.sid,
        "outbox_id": message.outbox_id,
        "phone": message.phone,
        "channel": message.channel,
        "direction": message.direction,
        "text": message.text,
        "buttons": [dict(button) for button in message.buttons],
        "media": [{**item, "url": item["url"].removeprefix(public_url), "gone": gone} for item in message.media],
        "template": message.template,
        "kind": message.kind,
        "content_id": message.content_id,
        "status": message.status,
        "history": [[status, at.isoformat()] for status, at in message.history],
        "at": message.at.isoformat(),
        "parts": sms_parts(message.text) if message.channel == "sms" else None,
    }
