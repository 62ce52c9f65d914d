"""Turns a second: the whole way from a signed webhook to the message at the provider, beside Rasa's own channels.

All contenders have the same model, the same actions, the same kind of tracker store and the same questions. Ours
does more for a turn (stores it, keeps its order, looks for stop and danger words, words the answer, queues it, sends it
and keeps account of it); that is the point of the comparison.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import yaml

from bench.figures import figure, ratio
from bench.machinery import (
    ACCOUNT,
    SENDER_OF_BOT,
    TOKEN,
    Databases,
    Processes,
    free_port,
    processes,
    provider_settings,
)
from bench.options import Options
from bench.talk import Ask, Phones, Talked, ask_rest, ask_webhook, talk, with_phones
from bot.model_files import current_model
from sapa.settings import ROOT

OURS = ("edge", "actions", "rasa", "worker", "sender", "clock")


@dataclass(frozen=True)
class Contender:
    """Who takes the turns, on which database, with a provider that takes how long."""

    name: str  # ours, ours2 (with two Rasas and two workers), rest, twilio
    kind: str
    delay_ms: int

    def __str__(self) -> str:
        provider = "no provider  " if self.name == "rest" else f"provider {self.delay_ms:3d} ms"
        titles = {"ours": "Sapa Keluarga", "ours2": "Sapa, 2 and 2", "rest": "Rasa, REST", "twilio": "Rasa, Twilio"}
        return f"{titles[self.name]:<14} {self.kind:<11} {provider}"


@dataclass(frozen=True)
class Measured:
    """The repeats of one contender and what its processes used meanwhile."""

    talked: list[Talked]
    cores: float
    processes: int
    ms_a_turn: dict[str, float]  # processor time of each process


def contenders(kinds: list[str]) -> list[Contender]:
    """Everybody who takes part."""
    ours = [(name, delay_ms) for name in ("ours", "ours2") for delay_ms in (0, 100)]
    named = [("rest", 0), *ours, ("twilio", 0), ("twilio", 100)]
    return [Contender(name, kind, delay_ms) for kind in kinds for name, delay_ms in named]


def run(options: Options, made: Databases) -> dict[str, Any]:
    """The whole part."""
    figures, entries = {}, []
    for contender in contenders(made.kinds):
        measured = _measure(options, made, contender)
        talked = measured.talked
        speed = figure([one.turns_per_s for one in talked], "turns/s")
        wait = figure([one.median_ms for one in talked], "ms")
        slowest = figure([one.p95_ms for one in talked], "ms")
        figures[contender] = speed
        used = f"{measured.processes} processes, {measured.cores:.1f} cores"
        options.say(f"turns      {contender}  {speed}  wait {wait}, p95 {slowest}  {used}")
        entries.append(
            {
                "contender": contender.name,
                "database": contender.kind,
                "provider_ms": None if contender.name == "rest" else contender.delay_ms,
                "speed": speed.as_json(),
                "wait": wait.as_json(),
                "p95": slowest.as_json(),
                "processes": measured.processes,
                "cores_used": round(measured.cores, 2),
                "cpu_ms_a_turn": measured.ms_a_turn,
            }
        )
    ratios: dict[str, dict[str, dict[str, float]]] = {kind: {} for kind in made.kinds}
    for kind in made.kinds:
        for name, title in (("ours", "one Rasa and worker"), ("ours2", "two of each")):
            rest = ratio(figures[Contender(name, kind, 0)], figures[Contender("rest", kind, 0)])
            twilio = ratio(figures[Contender(name, kind, 100)], figures[Contender("twilio", kind, 100)])
            ratios[kind][name] = {"of_rest": rest, "of_twilio_at_100ms": twilio}
            options.say(f"turns      {kind}, {title}: {rest} times Rasa's REST; {twilio} times Rasa's Twilio at 100 ms")
    return {"users": options.users, "turns": options.turns, "contenders": entries, "ratios": ratios}


def _measure(options: Options, made: Databases, contender: Contender) -> Measured:
    """The repeats of one contender on a fresh database."""
    home = made.new(contender.kind)
    stub_port, edge_port = free_port(), free_port()
    settings = provider_settings(stub_port, edge_port) | home.settings
    settings |= {"SAPA_RASA_PORT": str(free_port()), "SAPA_ACTIONS_PORT": str(free_port())}
    if contender.name == "ours2":
        settings["SAPA_RASA_URL"] = f"http://127.0.0.1:{settings['SAPA_RASA_PORT']},http://127.0.0.1:{free_port()}"
    with processes(home.folder, settings) as children:
        target = _start(children, contender, settings)
        work = _repeats(options, children, contender, target)
        measured: Measured = asyncio.run(with_phones(stub_port, contender.delay_ms, work))
    made.drop(home)
    return measured


def _start(children: Processes, contender: Contender, settings: dict[str, str]) -> str:
    """Start a contender and wait until it is there; the address it is asked at."""
    rasa = f"http://127.0.0.1:{settings['SAPA_RASA_PORT']}"
    if contender.name in ("ours", "ours2"):
        rasas = settings.get("SAPA_RASA_URL", rasa).split(",")
        for name in OURS:
            children.start(name)
        for other in rasas[1:]:
            children.start("rasa-2", SAPA_RASA_PORT=other.rpartition(":")[2])
            children.start("worker-2")
        children.wait_for(f"{settings['SAPA_PUBLIC_URL']}/ready")
        for one in rasas:
            children.wait_for(f"{one}/webhooks/sapa/")
        return f"{settings['SAPA_PUBLIC_URL']}/webhooks/twilio"
    children.start("actions")
    files = _stock_files(children.folder, settings)
    model = str(current_model(ROOT / "models"))
    children.start("rasa", "bench.stock_rasa", model, *map(str, files), settings["SAPA_RASA_PORT"])
    children.wait_for(f"{rasa}/webhooks/{contender.name}/")
    return f"{rasa}/webhooks/{contender.name}/webhook"


def _stock_files(folder: Path, settings: dict[str, str]) -> tuple[Path, Path]:
    """Endpoints and credentials of a Rasa as it comes: the same action server, the same durable tracker store."""
    endpoints, credentials = folder / "endpoints.yml", folder / "credentials.yml"
    endpoints.write_text(
        yaml.safe_dump(
            {
                "action_endpoint": {"url": f"http://127.0.0.1:{settings['SAPA_ACTIONS_PORT']}/webhook"},
                "tracker_store": {"type": "bot.tracker_store.SapaTrackerStore"},
            }
        ),
        encoding="utf-8",
    )
    channel = {"account_sid": ACCOUNT, "auth_token": TOKEN, "twilio_number": f"whatsapp:{SENDER_OF_BOT}"}
    channel["api_url"] = settings["TWILIO_API_URL"]
    both = {"rest": None, "bench.stock_rasa.StockTwilio": channel}
    credentials.write_text(yaml.safe_dump(both), encoding="utf-8")
    return endpoints, credentials


def _repeats(options: Options, children: Processes, contender: Contender, target: str) -> Any:
    async def work(http: aiohttp.ClientSession, phones: Phones) -> Measured:
        ask = _ask(http, phones, contender, target)
        await talk(ask, options.users, max(options.users * 2, options.turns // 10))  # warm
        talked, first = [], 1_000_000
        pids = [pid for name in children.running for pid in children.pids(name)]
        # A contender that is ten times slower is not waited for ten times as long.
        turns = options.turns if contender.name != "twilio" else max(options.users, options.turns // 5)
        before = {name: cpu_seconds(children.pids(name)) for name in children.running}
        busy, began = cpu_seconds(pids), time.perf_counter()
        for _ in range(options.repeats):
            talked.append(await talk(ask, options.users, turns, first))
            first += 1_000_000
        cores = (cpu_seconds(pids) - busy) / (time.perf_counter() - began)
        by_process = {name: cpu_seconds(children.pids(name)) - used for name, used in before.items()}
        milliseconds = {name: round(1000 * used / (turns * options.repeats), 1) for name, used in by_process.items()}
        return Measured(talked, cores, len(pids), milliseconds)

    return work


def _ask(http: aiohttp.ClientSession, phones: Phones, contender: Contender, target: str) -> Ask:
    if contender.name == "rest":
        from bench.stock_rasa import moment

        return ask_rest(http, target, moment)
    return ask_webhook(http, phones, target, signed=contender.name != "twilio")


def cpu_seconds(pids: list[int]) -> float:
    """Processor time these processes have used."""
    ticks = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / 100
