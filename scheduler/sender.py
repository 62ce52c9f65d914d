"""The sender: `python -m scheduler.sender`. Empties the outbox and writes down what became of each message.

One thread claims, many send (the provider's client blocks), one records: outcomes that come in while it writes are
written together the next time. What dies with this process is reconciled when its leases end.
"""

from __future__ import annotations

import os
import queue
import signal
import socket
import sys
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta

import structlog

from sapa import logs, metrics, pulse
from sapa.bootstrap import App, StartError, start
from sapa.clock import SteadyClock, SystemClock
from sapa.services.delivery import attempt, claim_batch, lease_over, record
from sapa.services.records import OutboxMessage, Sent, Tried

log = structlog.get_logger()

IDLE_S = 0.05
TROUBLE_S = 1.0
_BREATH_S = 5.0
# Outcomes recorded in one transaction, at most.
GROUP = 200
# How many seconds of sending are claimed ahead: a cry for help that is queued now waits behind them. Where the provider
# takes more a second, larger claims cost less each; beyond eight for every thread nothing is gained.
_AHEAD_S, _AHEAD_MOST = 1.6, 8
# A request must leave in the first half of its lease: in the second its answer is waited for.
_SHARE_TO_LEAVE = 0.5


class Rate:
    """At most `per_second` sendings a second, spread evenly: a provider refuses bursts."""

    def __init__(self, per_second: float) -> None:
        self._gap = 1.0 / per_second
        self._next = 0.0
        self._lock = threading.Lock()

    def wait(self) -> None:
        """Hold the caller until its turn."""
        with self._lock:
            now = time.monotonic()
            at = max(self._next, now)
            self._next = at + self._gap
        if at > now:
            time.sleep(at - now)


@dataclass(frozen=True)
class _Claim:
    message: OutboxMessage
    leave_by: float  # on the monotonic clock, which no operator and no time server moves


class Sender:
    """Claims in batches, sends in threads, records in groups."""

    def __init__(self, app: App, lease: timedelta | None = None) -> None:
        self._app = app
        self._lease = lease or timedelta(seconds=app.settings.lease_s)
        self._owner = f"{socket.gethostname()[:24]}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
        self._rate = Rate(app.settings.sender_rate)
        self._width = app.settings.sender_threads
        self._ahead = max(2 * self._width, min(_AHEAD_MOST * self._width, int(_AHEAD_S * app.settings.sender_rate)))
        self._more = False  # whether there was something to claim the last time
        self._under_way = 0
        self._room = threading.Condition()
        self._done: queue.SimpleQueue[tuple[OutboxMessage, Tried] | None] = queue.SimpleQueue()
        # The machine's own: a visitor of the simulator moves the other one on purpose.
        self._clock = SteadyClock(SystemClock())
        self._stopping = threading.Event()

    def stop(self) -> None:
        """Finish what is claimed, claim nothing new."""
        self._stopping.set()

    def run(self) -> None:
        """Work until stopped."""
        recorder = threading.Thread(target=self._record_all, name="recorder")
        recorder.start()
        try:
            with ThreadPoolExecutor(self._width, "send") as threads:
                while not self._stopping.is_set():
                    self._stopping.wait(self._turn(threads))
        finally:
            self._done.put(None)
            recorder.join()

    def _turn(self, threads: ThreadPoolExecutor) -> float:
        """Claim what there is room for; how long to rest."""
        pulse.moved("claim")
        room = self._room_for()
        try:
            claims = self._claim(room)
        except Exception as error:  # the outbox waits; what was claimed is reconciled when its lease ends
            log.warning("sender_trouble", error=type(error).__name__)
            metrics.trouble("sender", "claim")
            return TROUBLE_S
        with self._room:
            self._under_way += len(claims)
        for claim in claims:
            threads.submit(self._send, claim)
        return 0.0 if claims else IDLE_S

    def _room_for(self) -> int:
        """How many more messages to claim. Waits until half of what was claimed has gone: few large claims cost less
        than many small ones, and nobody runs dry while the next are fetched."""
        with self._room:
            self._room.wait_for(lambda: self._under_way <= self._ahead // 2)
            return self._ahead - self._under_way

    def _claim(self, limit: int) -> list[_Claim]:
        if not self._clock.steady():
            log.warning("clock_jumped", wait_s=SteadyClock.GRACE.total_seconds())
            self._stopping.wait(TROUBLE_S)
            return []
        leave_by = time.monotonic() + self._lease.total_seconds() * _SHARE_TO_LEAVE
        surely, self._more = self._more, False
        now = self._app.clock.now()
        messages = claim_batch(self._app.deps, self._owner, now, self._lease, limit, surely=surely)
        self._more = bool(messages)
        return [_Claim(message, leave_by) for message in messages]

    def _send(self, claim: _Claim) -> None:
        try:
            self._rate.wait()
            if time.monotonic() > claim.leave_by:
                # This machine slept or the way was long: another sender may hold the message by now.
                tried = Tried(claim.message.id, lease_over())
            else:
                asked = time.monotonic()
                tried = attempt(self._app.deps, claim.message, self._app.clock.now())
                outcome, kind = type(tried.outcome).__name__, claim.message.kind.value
                metrics.sent(outcome, kind, time.monotonic() - asked)
            self._done.put((claim.message, tried))
        except Exception as error:  # nobody knows how far it came: its lease ends and it is reconciled
            log.error("send_trouble", outbox=claim.message.id, error=type(error).__name__)
        finally:
            with self._room:
                self._under_way -= 1
                if self._under_way <= self._ahead // 2:
                    self._room.notify()

    def _record_all(self) -> None:
        """Write down outcomes in the order they come, as many at once as have gathered, until told to end."""
        ending = False
        while not ending:
            group: list[tuple[OutboxMessage, Tried]] = []
            item = self._next_outcome()
            while True:
                if item is None:
                    ending = True
                    break
                group.append(item)
                if len(group) >= GROUP or self._done.empty():
                    break
                item = self._done.get()
            if group:
                self._record(group)

    def _next_outcome(self) -> tuple[OutboxMessage, Tried] | None:
        """The next outcome, None at the end. Says that it lives while there is none."""
        while True:
            pulse.moved("record")
            try:
                return self._done.get(timeout=_BREATH_S)
            except queue.Empty:
                continue

    def _record(self, group: list[tuple[OutboxMessage, Tried]]) -> None:
        """Try until the lease of the group is over: what is not recorded by then is asked of the provider."""
        give_up = time.monotonic() + self._lease.total_seconds()
        while True:
            try:
                record(self._app.deps, self._owner, group, self._app.clock.now())
                break
            except Exception as error:
                log.warning("record_trouble", count=len(group), error=type(error).__name__)
                metrics.trouble("sender", "record")
                if time.monotonic() > give_up:
                    return
                time.sleep(TROUBLE_S)
        log.info("sent", count=sum(isinstance(tried.outcome, Sent) for _, tried in group))
        for message, tried in group:
            if not isinstance(tried.outcome, Sent):
                code = tried.outcome.error_code
                log.info("not_sent", outbox=message.id, kind=message.kind.value, code=code)


def main() -> int:
    """Run until stopped; 1 with one clear line if it cannot start."""
    try:
        app = start()
    except StartError as error:
        print(f"sender: {error}", file=sys.stderr)
        return 1
    logs.setup("sender", app.settings.log_level)
    sender = Sender(app)
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: sender.stop())
    with pulse.observed(app, "sender"):
        sender.run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
