"""The sender: `python -m scheduler.sender`. Empties the outbox and writes down what became of each message."""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
import time
import uuid
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta

import structlog

from sapa import logs
from sapa.bootstrap import App, StartError, start
from sapa.services.delivery import claim_batch, send_one
from sapa.services.records import OutboxMessage

log = structlog.get_logger()

LEASE = timedelta(seconds=60)
BATCH = 20
THREADS = 8
IDLE_S = 0.05
TROUBLE_S = 1.0


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
        time.sleep(max(0.0, at - now))


class Sender:
    """Claims in batches, sends in threads (the provider's client blocks), records each on its own."""

    def __init__(self, app: App, lease: timedelta = LEASE) -> None:
        self._app = app
        self._lease = lease
        self._owner = f"{socket.gethostname()[:24]}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
        self._rate = Rate(app.settings.sender_rate)
        self._stopping = threading.Event()

    def stop(self) -> None:
        """Finish what is claimed, claim nothing new."""
        self._stopping.set()

    def run(self) -> None:
        """Work until stopped."""
        with ThreadPoolExecutor(THREADS) as threads:
            while not self._stopping.is_set():
                try:
                    sent = self.step(threads)
                    pause = 0.0 if sent else IDLE_S
                except Exception as error:  # the outbox waits; what was claimed is reconciled when its lease ends
                    log.warning("sender_trouble", error=type(error).__name__)
                    pause = TROUBLE_S
                if pause:
                    self._stopping.wait(pause)

    def step(self, threads: ThreadPoolExecutor) -> int:
        """One batch; how many messages were handled."""
        batch = claim_batch(self._app.deps, self._owner, self._app.clock.now(), self._lease, BATCH)
        waiting: list[Future[None]] = [threads.submit(self._send, message) for message in batch]
        for future in waiting:
            future.result()
        return len(batch)

    def _send(self, message: OutboxMessage) -> None:
        self._rate.wait()
        outcome = send_one(self._app.deps, self._owner, message, self._app.clock.now())
        log.info("sent", outbox=message.id, kind=message.kind.value, outcome=type(outcome).__name__)


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
    sender.run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
