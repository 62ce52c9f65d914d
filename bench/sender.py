"""Messages a second: the real sender on the real database, beside a bare loop over HTTP that keeps no books."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import httpx

from bench import crowd
from bench.bare import CLIENTS
from bench.figures import Figure, figure, ratio
from bench.machinery import Databases, Processes, free_port, processes, provider_settings
from bench.options import Options

THREADS = 64  # SAPA_SENDER_THREADS' default, and the bare loop's


def run(options: Options, made: Databases) -> dict[str, Any]:
    """The whole part: each database, the provider answering at once and after 100 ms."""
    results: dict[str, Any] = {"threads": THREADS, "senders": options.senders}
    for delay_ms in (0, 100):
        bare = {one: _repeated(options, partial(_bare, options, made.folder, delay_ms, one)) for one in CLIENTS}
        found: dict[str, Any] = {"bare_loops": {one: speed.as_json() for one, speed in bare.items()}}
        for one, speed in bare.items():
            options.say(f"sender     {delay_ms:3d} ms  bare loop, {one:<8}  {speed}")
        for kind in made.kinds:
            ours = _repeated(options, partial(_ours, options, made, kind, delay_ms))
            shares = {one: ratio(ours, speed) for one, speed in bare.items()}
            found[kind] = {**ours.as_json(), "of_bare_loops": shares}
            told = ", ".join(f"{share:.0%} of {one}" for one, share in shares.items())
            options.say(f"sender     {delay_ms:3d} ms  {kind:<19}  {ours}  {told}")
        results[f"{delay_ms}ms"] = found
    return results


def _repeated(options: Options, once: Callable[[], float]) -> Figure:
    return figure([once() for _ in range(options.repeats)], "messages/s")


def _ours(options: Options, made: Databases, kind: str, delay_ms: int) -> float:
    home = made.new(kind)
    crowd.fill(home, options.messages, waiting=True)
    edge_port, stub_port = free_port(), free_port()
    settings = provider_settings(stub_port, edge_port) | home.settings | {"SAPA_SENDER_THREADS": str(THREADS)}
    with processes(home.folder, settings) as children:
        stub = _start_stub(children, stub_port, delay_ms)
        for number in range(options.senders):
            children.start(f"sender-{number}", "scheduler.sender")
        speed = _speed(children, stub, options.messages)
    made.drop(home)
    return speed


def _bare(options: Options, folder: Path, delay_ms: int, client: str) -> float:
    stub_port = free_port()
    with processes(folder / f"bare-{time.time_ns()}", {}) as children:
        stub = _start_stub(children, stub_port, delay_ms)
        for number in range(options.senders):
            share = [str(value) for value in (client, stub_port, THREADS, options.messages // options.senders)]
            children.start(f"bare-{number}", "bench.bare", *share)
        return _speed(children, stub, options.messages // options.senders * options.senders)


def _start_stub(children: Processes, port: int, delay_ms: int) -> httpx.Client:
    children.start("stub", "bench.stub", "--port", str(port), "--delay-ms", str(delay_ms))
    children.wait_for(f"http://127.0.0.1:{port}/_ledger")
    return httpx.Client(base_url=f"http://127.0.0.1:{port}")


def _speed(children: Processes, stub: httpx.Client, messages: int) -> float:
    """Messages a second between the first and the last the stub took in: starting up is not counted."""
    ended = {}

    def all_there() -> bool:
        ended.update(stub.get("/_ledger").json())
        return bool(ended["accepted"] >= messages)

    with stub:
        children.wait_until(all_there, f"{messages} messages at the stub")
    if ended["accepted"] > messages:
        raise RuntimeError(f"{ended['accepted']} messages were sent instead of {messages}")
    return float((messages - 1) / (ended["last_at"] - ended["first_at"]))
