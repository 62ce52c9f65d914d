"""The pretend mobile network: takes messages to the phones and calls our status webhook on the way.

It asks the mailbox what is under way instead of being told, so a restart of the edge forgets nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import httpx
import structlog
from starlette.concurrency import run_in_threadpool

from bot.simulator.forms import signed_headers, status_form, status_path
from bot.simulator.host import Host, loopback

TICK_S = 0.3  # one move a tick: slow enough to see one grey tick become two
WALKING_TICK_S = 0.05  # while the simulated clock runs, its stops are short
CALLBACKS_AT_ONCE = 8
_NEXT = {"queued": "sent", "sent": "delivered"}

log = structlog.get_logger(__name__)


@asynccontextmanager
async def network(app: Host) -> AsyncIterator[None]:
    """Run the network while the edge serves; to be entered in its lifespan. Does nothing without a mailbox."""
    if app.mailbox is None:
        yield
        return
    async with loopback(app) as client:
        task = asyncio.create_task(_run(app, client))
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


async def step(app: Host, client: httpx.AsyncClient) -> int:
    """Move every message that is under way by one state and report it; how many moved."""
    messages = await run_in_threadpool(app.mailbox.in_transit)
    gate = asyncio.Semaphore(CALLBACKS_AT_ONCE)

    async def carry(message: Any) -> None:
        async with gate:
            await _carry(app, client, message)

    await asyncio.gather(*(carry(message) for message in messages))
    return len(messages)


async def call_back(app: Host, client: httpx.AsyncClient, message: Any, status: str) -> None:
    """Tell our status webhook. A refusal is final, as with the provider; only a failed connection is tried again."""
    form, path = status_form(message, status), status_path(message)
    try:
        answer = await client.post(path, data=form, headers=signed_headers(app.settings, path, form))
    except httpx.TransportError as error:
        log.warning("simulator.callback_unreachable", status=status, error=type(error).__name__)
        return
    if answer.is_error:
        log.warning("simulator.callback_refused", status=status, http_status=answer.status_code)
    await run_in_threadpool(app.mailbox.mark_called_back, message.sid, status)


async def _carry(app: Host, client: httpx.AsyncClient, message: Any) -> None:
    status = _NEXT.get(message.status, message.status)
    if status != message.status:
        # In a thread with the clock too: the simulated one is read from the database.
        await run_in_threadpool(lambda: app.mailbox.set_status(message.sid, status, app.clock.now()))
    await call_back(app, client, message, status)


async def _run(app: Host, client: httpx.AsyncClient) -> None:
    while True:
        pause = TICK_S
        try:
            await step(app, client)
            if (await run_in_threadpool(app.mailbox.clock)).target is not None:
                pause = WALKING_TICK_S
        except Exception:
            # A database that is away comes back; the network must still be there then.
            log.exception("simulator.network_stumbled")
            pause = 1.0
        await asyncio.sleep(pause)
