"""Processes that die at a named point: a fork of this one does a step of the work and kills itself there."""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, NoReturn

import httpx

from sapa.bootstrap import App
from sapa.services.records import LookupOutcome, OutboxMessage, SendOutcome, SendRequest
from sapa.store.engine import open_engine
from tests.support import wired

BEFORE_COMMIT, AFTER_COMMIT = "before commit", "after commit"
BEFORE_POST, HALF_POST, NO_ANSWER, AFTER_POST = "before the POST", "half a POST", "before the answer", "after the POST"
BEFORE_LOOKUP, AFTER_LOOKUP = "before the lookup", "after the lookup"


def die() -> NoReturn:
    """As when the kernel ends this process: nothing is closed, nothing is said."""
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("unreachable")


class DyingStore:
    """A store whose process dies around its nth writing transaction."""

    def __init__(self, inner: Any, point: str, number: int) -> None:
        self._inner, self._point, self._left = inner, point, number

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    @contextmanager
    def transaction(self, *, write: bool = True) -> Iterator[Any]:
        with self._inner.transaction(write=write) as tx:
            yield tx
            self._left -= write
            if write and self._left == 0 and self._point == BEFORE_COMMIT:
                die()
        if write and self._left == 0 and self._point == AFTER_COMMIT:
            die()


class DyingGateway:
    """A gateway whose process dies around a request."""

    name = "dying"

    def __init__(self, inner: Any, point: str, provider: str) -> None:
        self._inner, self._point, self._provider = inner, point, provider

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def send(self, request: SendRequest) -> SendOutcome:
        if self._point == BEFORE_POST:
            die()
        if self._point == HALF_POST:
            self._send_half()
        if self._point == NO_ANSWER:
            threading.Thread(target=self._die_once_taken, args=(request.outbox_id,)).start()
            self._inner.send(request)
            time.sleep(60)  # the other thread ends us
        outcome: SendOutcome = self._inner.send(request)
        if self._point == AFTER_POST:
            die()
        return outcome

    def lookup(self, message: OutboxMessage) -> LookupOutcome:
        if self._point == BEFORE_LOOKUP:
            die()
        outcome: LookupOutcome = self._inner.lookup(message)
        if self._point == AFTER_LOOKUP:
            die()
        return outcome

    def _send_half(self) -> NoReturn:
        host, _, port = self._provider.removeprefix("http://").partition(":")
        with socket.create_connection((host, int(port))) as wire:
            wire.sendall(b"POST /2010-04-01/Accounts/AC/Messages.json HTTP/1.1\r\nContent-Length: 400\r\n\r\nTo=what")
            die()

    def _die_once_taken(self, outbox_id: str) -> NoReturn:
        while outbox_id not in httpx.get(self._provider + "/_ledger").text:
            time.sleep(0.005)
        die()


def dies(app: App, url: str, point: str, number: int, step: Callable[[App], object]) -> None:
    """Do `step` in a process of its own, which must die at `point` (of its `number`th writing transaction)."""
    child = os.fork()
    if child == 0:
        try:
            # Connections are not shared with the process that lives on.
            own = wired(app.settings, open_engine(url), app.clock)
            assert app.settings.twilio is not None
            provider = str(app.settings.twilio.api_url)
            store: Any = DyingStore(own.store, point, number)
            gateway: Any = DyingGateway(own.gateway, point, provider)
            step(replace(own, store=store, gateway=gateway))
        finally:
            os._exit(1)  # it should not have come here
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL, "it did not die where it should"
