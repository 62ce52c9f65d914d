"""One tick of the clock: what it costs by how many families there are, and by how much is due."""

from __future__ import annotations

import time
from typing import Any

from bench import village
from bench.figures import Figure, figure, ratio
from bench.machinery import Databases
from bench.options import Options
from sapa.bootstrap import App, wire
from sapa.clock import SetClock
from sapa.settings import load
from scheduler.clock import jobs


def run(options: Options, made: Databases) -> dict[str, Any]:
    """The whole part: each database grows from the smallest number of families to the largest."""
    return {kind: _on(options, made, kind) for kind in made.kinds}


def _on(options: Options, made: Databases, kind: str) -> dict[str, Any]:
    home = made.new(kind)
    app = wire(load(home.settings | {"SAPA_GATEWAY": "simulator"}), clock=SetClock(village.DUE))
    village.prepare(app.store.engine)
    # The campaigns are noted while nobody is there who would be planned anew because of it.
    _tick(app)
    village.sample(app, options.due)
    _settle(options, app)
    found: dict[str, Any] = {}
    ticks: dict[int, Figure] = {}
    there = 0
    for families in options.families:
        grown = time.perf_counter()
        village.posyandu(app, _posyandu(there), _posyandu(families))
        village.grow(app, there, families)
        there = families
        options.say(f"ticks      {kind:<11} {families:>9,} families ({time.perf_counter() - grown:.0f} s to make them)")
        _settle(options, app)
        measured = _measure(options, app)
        ticks[families] = measured["due"]
        by_job = {name: one.as_json() for name, one in measured["jobs"].items()}
        found[str(families)] = {
            "nothing_due": measured["idle"].as_json(),
            "due": measured["due"].as_json(),
            "jobs_with_nothing_due": by_job,
        }
        options.say(f"ticks        nothing due {measured['idle']}, {options.due:,} due {measured['due']}")
    smallest, largest = options.families[0], options.families[-1]
    found["largest_of_smallest"] = ratio(ticks[largest], ticks[smallest])
    options.say(f"ticks      {kind}: {largest:,} families take {found['largest_of_smallest']} times {smallest:,}")
    app.store.engine.dispose()
    made.drop(home)
    return found


def _posyandu(families: int) -> int:
    return -(-families // village.FAMILIES_A_POSYANDU)


def _settle(options: Options, app: App) -> None:
    """Do what the first ticks do once: send what is due, look through the sessions."""
    _tick(app)
    while _waiting(app):
        _tick(app)
    for _ in range(2):
        _tick(app)


def _measure(options: Options, app: App) -> dict[str, Any]:
    idle: dict[str, list[float]] = {name: [] for name in jobs(app)}
    due = []
    for _ in range(options.repeats):
        for name, seconds in _tick(app).items():
            idle[name].append(1000 * seconds)
        village.again(app.store.engine)
        due.append(1000 * _until_nothing_is_due(app, options.due))
    totals = [sum(one) for one in zip(*idle.values(), strict=True)]
    return {
        "idle": figure(totals, "ms"),
        "due": figure(due, "ms"),
        "jobs": {name: figure(values, "ms") for name, values in idle.items()},
    }


def _tick(app: App, *only: str) -> dict[str, float]:
    """Every job once, the rare ones too, or some; seconds by job."""
    took = {}
    for name, job in jobs(app).items():
        if only and name not in only:
            continue
        began = time.perf_counter()
        job()
        took[name] = time.perf_counter() - began
    return took


def _until_nothing_is_due(app: App, due: int) -> float:
    """Seconds of the jobs that send and plan until all that is due is in the outbox. One round takes 500 at most."""
    seconds, before = 0.0, _queued(app)
    while _waiting(app):
        seconds += sum(_tick(app, "due", "plan").values())
    if _queued(app) - before < due:
        raise RuntimeError(f"{_queued(app) - before} messages were queued where {due} were due")
    return seconds


def _waiting(app: App) -> bool:
    with app.store.transaction(write=False) as tx:
        return bool(tx.due_reminders(app.clock.now(), 1))


def _queued(app: App) -> int:
    from sqlalchemy import func, select

    from sapa.store.models import OutboxTable

    with app.store.engine.connect() as connection:
        return int(connection.scalar(select(func.count()).where(OutboxTable.state == "queued")) or 0)
