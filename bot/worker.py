"""The conversation worker: `python -m bot.worker`. Many may run; the leases in the database keep them apart."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
import time
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

import structlog

from bot import savings
from bot.engine import HttpEngine
from bot.model_files import NoModel, current_model
from bot.nlu.danger_model import load_from
from sapa import logs, metrics, pulse
from sapa.bootstrap import App, StartError, start
from sapa.services.conversation import Claim, claim_some, hold_turn
from sapa.services.inbound import triage_some
from sapa.services.ports import Engine
from sapa.services.rights import sweep

log = structlog.get_logger()

IDLE_S = 0.05  # how long to rest when there is nothing to do: what a person waits at most before work begins
SWEEP_S = 2.0  # how often erasures are looked after: one small query when there are none
TROUBLE_S = 1.0  # how long to rest when the database does not answer


class Worker:
    """Triage as it comes; turns of different contacts side by side, one contact's in order."""

    def __init__(self, app: App, engine: Engine) -> None:
        self._app = app
        self._engine = engine
        self._owner = f"{socket.gethostname()[:24]}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
        self._lease = timedelta(seconds=app.settings.lease_s)
        self._stopping = asyncio.Event()
        self._turns: set[asyncio.Task[None]] = set()
        self._more = {"seen": False, "begun": False}  # whether there was something to do the last time

    def stop(self) -> None:
        """Finish what is begun, begin nothing new."""
        self._stopping.set()

    async def run(self) -> None:
        """Work until stopped."""
        await asyncio.gather(self._repeat(self._triage), self._repeat(self._begin_turns), self._repeat(self._sweep))
        if self._turns:
            await asyncio.gather(*self._turns)

    async def _repeat(self, step: Callable[[], Awaitable[bool]]) -> None:
        while not self._stopping.is_set():
            pulse.moved(step.__name__)
            try:
                pause = 0.0 if await step() else IDLE_S
            except Exception as error:  # what was held is taken up again when its lease ends
                metrics.trouble("worker", step.__name__)
                log.warning("worker_trouble", error=type(error).__name__)
                pause = TROUBLE_S
            if pause:
                await self._rest(pause)

    async def _rest(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._stopping.wait(), seconds)
        except TimeoutError:
            return

    async def _triage(self) -> bool:
        surely, self._more["seen"] = self._more["seen"], False
        seen = await asyncio.to_thread(triage_some, self._app.deps, self._app.clock.now(), surely=surely)
        for _ in range(seen):
            metrics.triaged()
        self._more["seen"] = seen > 0
        return seen > 0

    async def _sweep(self) -> bool:
        """Finish what erasures left, Rasa's memory among it."""
        await asyncio.to_thread(sweep, self._app.deps, self._app.clock.now(), self._app.forget_dialogue)
        await self._rest(SWEEP_S)
        return True

    async def _begin_turns(self) -> bool:
        if len(self._turns) >= self._app.settings.worker_concurrency:
            await asyncio.wait(self._turns, return_when=asyncio.FIRST_COMPLETED)
        room = self._app.settings.worker_concurrency - len(self._turns)
        surely, self._more["begun"] = self._more["begun"], False
        now = self._app.clock.now()
        claims = await asyncio.to_thread(claim_some, self._app.deps, self._owner, now, self._lease, room, surely=surely)
        for claim in claims:
            turn = asyncio.create_task(self._hold(claim))
            self._turns.add(turn)
            turn.add_done_callback(self._turns.discard)
        self._more["begun"] = bool(claims)
        return bool(claims)

    async def _hold(self, claim: Claim) -> None:
        began = time.perf_counter()
        try:
            answered = await hold_turn(self._app.deps, self._engine, claim, self._app.clock.now)
            metrics.turn("answered" if answered else "waiting", time.perf_counter() - began)
            log.info("turn", inbound=claim.message.id, answered=answered, attempt=claim.message.attempts)
        except Exception as error:  # the lease ends and the message is taken up again
            metrics.turn("failed", time.perf_counter() - began)
            log.warning("turn_trouble", inbound=claim.message.id, error=type(error).__name__)


async def _main(app: App) -> None:
    engine = HttpEngine(app.settings.rasa_urls, app.settings.rasa_timeout_s)
    worker = Worker(app, engine)
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, worker.stop)
    await worker.run()
    await engine.close()


def main() -> int:
    """Run until stopped; 1 with one clear line if it cannot start."""
    try:
        app = start()
        savings.of_models()
        app = replace(app, danger_chance=load_from(current_model(app.settings.model_dir)).chance)
    except (StartError, NoModel, LookupError) as error:
        print(f"worker: {error}", file=sys.stderr)
        return 1
    logs.setup("worker", app.settings.log_level)
    with pulse.observed(app, "worker", others=pulse.rasa_and_actions(app)):
        asyncio.run(_main(app))
    return 0


if __name__ == "__main__":
    sys.exit(main())
