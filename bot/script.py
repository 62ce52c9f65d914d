"""A scripted conversation: the real parts in one process, on a store of its own and a clock that can be moved.

The same webhook form, worker steps, Rasa model, actions, planner, sender and simulator gateway as in the running
system; only the processes and the HTTP between them are missing.
"""

from __future__ import annotations

import tempfile
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sapa import bootstrap, settings
from sapa.bootstrap import App
from sapa.clock import SetClock
from sapa.messaging.states import Channel
from sapa.services import clockwork
from sapa.services.conversation import claim_next, hold_turn
from sapa.services.delivery import claim_batch, send_one
from sapa.services.due import queue_due
from sapa.services.households import family_of_contact
from sapa.services.inbound import receive_message, triage_next
from sapa.services.ports import Engine
from sapa.services.pump import next_moment
from sapa.services.records import InboundForm, MediaItem
from sapa.services.reminders import replan_dirty
from sapa.services.rights import sweep
from sapa.services.worlds import read_staff, read_world, save_world

DEFAULT_FROM = "+6281200000001"
_LEASE = timedelta(minutes=5)
_OWNER = "script"


class ScriptError(ValueError):
    """A step cannot be read; the message says which and why."""


class ScriptedRun:
    """One conversation. `engine` is a LocalEngine; the store lives in a temporary folder and goes with it."""

    def __init__(self, engine: Engine, now: datetime, world: str | None = None) -> None:
        self._engine = engine
        self._folder = tempfile.TemporaryDirectory(prefix="sapa-chat-", ignore_cleanup_errors=True)
        self._clock = SetClock(now)
        # As in the worker: the model's eye for danger stands beside the words.
        self._app = replace(
            _app(Path(self._folder.name), self._clock), danger_chance=getattr(engine, "danger_chance", None)
        )
        bootstrap.use(self._app)
        self._shown = 0
        self._senders: dict[str, tuple[Channel, str]] = {}
        self._outage_until: datetime | None = None
        self._held_back: list[tuple[InboundForm, datetime]] = []
        if world is not None:
            with self._app.store.transaction() as tx:
                save_world(tx, *read_world(world), read_staff(world), now)

    @property
    def app(self) -> App:
        """The application of this run, to look into its store."""
        return self._app

    def close(self) -> None:
        """Throw the store away."""
        self._app.store.engine.dispose()
        self._folder.cleanup()

    async def play(self, step: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Do one step; the messages that went in and out, in order. Raises ScriptError."""
        if "advance_to" in step:
            return await self._advance(read_moment(step["advance_to"], "advance_to"))
        if "outage_until" in step:
            until = read_moment(step["outage_until"], "outage_until")
            self._outage_until = max(until, self._outage_until or until)
            return []
        if not {"user", "payload", "media"} & set(step):
            raise ScriptError(f"a step needs user, advance_to or outage_until, not {', '.join(step) or 'nothing'}")
        return await self._say(step)

    async def finish(self) -> list[dict[str, Any]]:
        """The script is over: an outage still running ends."""
        return await self._advance(self._outage_until) if self._outage_until else []

    async def _say(self, step: Mapping[str, Any]) -> list[dict[str, Any]]:
        at = read_moment(step["at"], "at") if step.get("at") is not None else self._clock.now()
        form = _form(step)
        if self._outage_until is not None and at < self._outage_until:
            # Nobody is there: the provider keeps it and delivers it when we are back.
            self._held_back.append((form, at))
            return [self._inbound_line(form, at)]
        before = await self._advance(at)
        line = self._inbound_line(form, max(at, self._clock.now()))
        receive_message(self._app.deps, form, self._clock.now())
        return [*before, line, *await self._settle()]

    async def _advance(self, to: datetime) -> list[dict[str, Any]]:
        """Move the clock, stopping where something falls due; what falls into an outage waits for its end."""
        lines: list[dict[str, Any]] = []
        if self._outage_until is not None:
            if to < self._outage_until:
                return []
            self._clock.set(self._outage_until)
            self._outage_until = None
            for form, _ in self._held_back:
                receive_message(self._app.deps, form, self._clock.now())
            self._held_back.clear()
            lines += await self._settle()
        while (moment := next_moment(self._app.deps, self._clock.now(), to)) is not None:
            self._clock.set(moment)
            lines += await self._settle()
        self._clock.set(to)
        return lines + await self._settle()

    async def _settle(self) -> list[dict[str, Any]]:
        """Let everything happen that can happen at this moment."""
        deps, now = self._app.deps, self._clock.now()
        while triage_next(deps, now) is not None:
            pass
        while (claim := claim_next(deps, _OWNER, now, _LEASE)) is not None:
            if not await hold_turn(deps, self._engine, claim, self._clock.now):
                break
        clockwork.run(clockwork.URGENT | clockwork.DAILY, deps, now)
        replan_dirty(deps, now)
        queue_due(deps, now)
        while batch := claim_batch(deps, _OWNER, now, _LEASE, 50):
            for message in batch:
                send_one(deps, _OWNER, message, now)
        sweep(deps, now, getattr(self._engine, "forget", None))
        return list(self._new_outbound())

    def _new_outbound(self) -> Iterator[dict[str, Any]]:
        assert self._app.mailbox is not None
        for message in self._app.mailbox.messages_since(self._shown):
            self._shown = max(self._shown, message.revision)
            if message.direction != "out":
                continue
            yield {
                "at": self._local(message.at, message.channel, message.phone),
                "from": self._app.settings.bot_whatsapp,
                "to": message.phone,
                "direction": "out",
                "channel": message.channel,
                "text": message.text,
                "media": list(message.media),
                "kind": message.kind,
                "content": message.content_id,
                "template": message.template,
            }

    def _inbound_line(self, form: InboundForm, at: datetime) -> dict[str, Any]:
        return {
            "at": self._local(at, form.channel.value, form.from_address),
            "from": form.from_address,
            "to": self._app.settings.bot_whatsapp,
            "direction": "in",
            "channel": form.channel.value,
            "text": form.body,
            "media": [{"url": item.url, "content_type": item.content_type} for item in form.media],
            "kind": None,
            "content": None,
            "template": None,
        }

    def _local(self, at: datetime, channel: str, value: str) -> str:
        """The moment as the family's clock shows it, with its offset."""
        with self._app.store.transaction(write=False) as tx:
            contact_id = tx.contact_id_for(Channel(channel), value)
            zone = self._app.settings.default_timezone
            if contact_id is not None:
                zone = family_of_contact(tx, contact_id, at, zone).timezone
        return at.astimezone(ZoneInfo(zone)).isoformat(timespec="seconds")


def _app(folder: Path, clock: SetClock) -> App:
    """An application of its own, with a fresh database."""
    url = f"sqlite:///{folder / 'chat.db'}"
    environ = {"DATABASE_URL": url, "SAPA_VAR_DIR": str(folder), "SAPA_GATEWAY": "simulator"}
    bootstrap.prepare_database(environ)
    config = settings.load(environ)
    return bootstrap.wire(replace(config, model_dir=settings.load().model_dir), clock=clock)


def _form(step: Mapping[str, Any]) -> InboundForm:
    """The step as the provider's webhook would tell it."""
    channel = str(step.get("channel", "whatsapp"))
    if channel not in ("whatsapp", "sms"):
        raise ScriptError(f"channel: {channel!r} is neither whatsapp nor sms")
    sender = str(step.get("from") or DEFAULT_FROM)
    media = tuple(
        MediaItem(str(item.get("url", "")), str(item.get("content_type", ""))) for item in step.get("media") or []
    )
    located = step.get("location") is not None
    payload = step.get("payload")
    kind = media[0].content_type.partition("/")[0] if media else "text"
    return InboundForm(
        provider_sid="SM" + uuid.uuid4().hex,
        channel=Channel(channel),
        from_address=sender,
        to_address="bot",
        body=str(step.get("user") if step.get("user") is not None else ""),
        message_type="location" if located else "button" if payload is not None else kind,
        button_payload=None if payload is None else str(payload),
        media=media,
        latitude=0.0 if located else None,
        longitude=0.0 if located else None,
        phone=sender if sender.startswith("+") else None,
    )


def read_moment(value: Any, where: str) -> datetime:
    """An ISO moment; without an offset it is WIB. Raises ScriptError."""
    try:
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    except ValueError:
        raise ScriptError(f"{where}: {value!r} is not an ISO time") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo("Asia/Jakarta"))
