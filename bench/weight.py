"""Memory of every process, and how long it takes from nothing to the first answer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import aiohttp

from bench.figures import figure
from bench.machinery import Databases, Processes, free_port, processes, provider_settings
from bench.options import Options
from bench.talk import Phones, ask_webhook, talk, with_phones
from bench.turns import OURS

_READY = {
    "edge": "http://127.0.0.1:{SAPA_PORT}/ready",
    "actions": "http://127.0.0.1:{SAPA_ACTIONS_PORT}/health",
    "rasa": "http://127.0.0.1:{SAPA_RASA_PORT}/webhooks/sapa/",
}


def start(options: Options, made: Databases) -> dict[str, Any]:
    """Seconds from starting everything at once to the first answer, and of each process on its own."""
    answers: list[float] = []
    alone: dict[str, list[float]] = {name: [] for name in _READY}
    for _ in range(options.repeats):
        settings = _settings(made)
        with processes(Path(settings["SAPA_VAR_DIR"]), settings) as children:
            answers.append(asyncio.run(with_phones(int(settings["STUB_PORT"]), 0, _first_answer(children, settings))))
        for name, seconds in alone.items():
            with processes(Path(settings["SAPA_VAR_DIR"]), settings) as children:
                children.start(name)
                seconds.append(children.wait_for(_READY[name].format(**settings)))
    found = {"first_answer": figure(answers, "s"), **{name: figure(seconds, "s") for name, seconds in alone.items()}}
    for name, one in found.items():
        options.say(f"start      {name.replace('_', ' '):<14} {one}")
    return {name: one.as_json() for name, one in found.items()}


def memory(options: Options, made: Databases) -> dict[str, Any]:
    """Megabytes of each process (PSS: what is shared is shared out; USS: what would be free without it)."""
    settings = _settings(made)
    with processes(Path(settings["SAPA_VAR_DIR"]), settings) as children:
        work = _weigh(options, children, settings)
        found: dict[str, Any] = asyncio.run(with_phones(int(settings["STUB_PORT"]), 0, work))
    for name, one in found.items():
        options.say(f"memory     {name:<8} at rest {one['rest_pss_mb']:6.0f} MB, at work {one['work_pss_mb']:6.0f} MB")
    return found


def _settings(made: Databases) -> dict[str, str]:
    home, stub_port = made.new("sqlite"), free_port()
    more = {"SAPA_RASA_PORT": str(free_port()), "SAPA_ACTIONS_PORT": str(free_port()), "STUB_PORT": str(stub_port)}
    return provider_settings(stub_port, free_port()) | home.settings | more


def _first_answer(children: Processes, settings: dict[str, str]) -> Any:
    async def work(http: aiohttp.ClientSession, phones: Phones) -> float:
        began = time.perf_counter()
        for name in OURS:
            children.start(name)
        edge = _READY["edge"].format(**settings)
        await asyncio.to_thread(children.wait_for, edge)
        # Written as soon as somebody is there to take it: it waits for Rasa, not in vain.
        await ask_webhook(http, phones, f"{settings['SAPA_PUBLIC_URL']}/webhooks/twilio", signed=True)(1, "halo")
        return time.perf_counter() - began

    return work


def _weigh(options: Options, children: Processes, settings: dict[str, str]) -> Any:
    async def work(http: aiohttp.ClientSession, phones: Phones) -> dict[str, dict[str, float]]:
        await _first_answer(children, settings)(http, phones)
        rest = {name: _size(children.pids(name)) for name in children.running}
        ask = ask_webhook(http, phones, f"{settings['SAPA_PUBLIC_URL']}/webhooks/twilio", signed=True)
        await talk(ask, options.users, options.turns, first_person=100)
        busy = {name: _size(children.pids(name)) for name in children.running}
        return {
            name: {
                "rest_pss_mb": rest[name][0],
                "rest_uss_mb": rest[name][1],
                "work_pss_mb": busy[name][0],
                "work_uss_mb": busy[name][1],
            }
            for name in rest
        }

    return work


def _size(pids: Sequence[int]) -> tuple[float, float]:
    """PSS and USS in megabytes, over all these processes."""
    pss = uss = 0
    for pid in pids:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text("ascii").splitlines():
            name, _, value = line.partition(":")
            if name == "Pss":
                pss += int(value.split()[0])
            elif name in ("Private_Clean", "Private_Dirty"):
                uss += int(value.split()[0])
    return round(pss / 1024, 1), round(uss / 1024, 1)
