"""Celery entry for many machines: `celery -A scheduler.celery_app worker` and, on one of them, `... beat`.

The same few jobs as scheduler.clock, driven by beat instead of APScheduler. What is due lives in rows and is claimed
in the database, so any number of workers may run them, and a task done twice changes nothing.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

from celery import Celery
from celery.signals import worker_ready, worker_shutdown

from sapa import pulse, settings
from sapa.bootstrap import current_app
from sapa.clock import SteadyClock, SystemClock
from scheduler.clock import PACE_S, TICK_S, jobs

_redis = settings.load().redis_url or "memory://"

app = Celery("sapa", broker=_redis)
app.conf.update(
    task_ignore_result=True,
    task_acks_late=True,
    worker_prefetch_multiplier=1,
    # However long the broker is away: nobody has to start this again.
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,
    # A tick that nobody took in time is not worth making up for: the next one finds the same rows.
    beat_schedule={
        name: {"task": f"sapa.{name}", "schedule": float(PACE_S.get(name, TICK_S)), "options": {"expires": 10 * TICK_S}}
        for name in ("due", "plan", "sweep", "cases", "release", "daily", "catch_up", "late", "follow_up", "templates")
    },
)


_life = ExitStack()


@worker_ready.connect  # type: ignore[untyped-decorator]
def _begin(**_: Any) -> None:
    """After the pool has forked: a database connection must not be shared with its children."""
    _life.enter_context(pulse.observed(current_app(), "clock", alive=lambda: True))


@worker_shutdown.connect  # type: ignore[untyped-decorator]
def _end(**_: Any) -> None:
    _life.close()


_steady = SteadyClock(SystemClock())


def _run(name: str) -> None:
    # As in scheduler.clock: none runs while the machine's time has jumped.
    if _steady.steady():
        jobs(current_app())[name]()


@app.task(name="sapa.due")  # type: ignore[untyped-decorator]
def due() -> None:
    """Put what is due into the outbox."""
    _run("due")


@app.task(name="sapa.plan")  # type: ignore[untyped-decorator]
def plan() -> None:
    """Plan again for households whose facts changed."""
    _run("plan")


@app.task(name="sapa.sweep")  # type: ignore[untyped-decorator]
def sweep() -> None:
    """Settle messages whose sender never came back."""
    _run("sweep")


@app.task(name="sapa.cases")  # type: ignore[untyped-decorator]
def cases() -> None:
    """Tell staff of cases, and remind them."""
    _run("cases")


@app.task(name="sapa.release")  # type: ignore[untyped-decorator]
def release() -> None:
    """Send broadcasts whose undo is over."""
    _run("release")


@app.task(name="sapa.daily")  # type: ignore[untyped-decorator]
def daily() -> None:
    """Reports, lists for the day, lessons."""
    _run("daily")


@app.task(name="sapa.catch_up")  # type: ignore[untyped-decorator]
def catch_up() -> None:
    """Take in what people wrote and the webhook missed."""
    _run("catch_up")


@app.task(name="sapa.late")  # type: ignore[untyped-decorator]
def late() -> None:
    """Give up messages whose time is over."""
    _run("late")


@app.task(name="sapa.follow_up")  # type: ignore[untyped-decorator]
def follow_up() -> None:
    """Ask what became of messages nothing was heard of."""
    _run("follow_up")


@app.task(name="sapa.templates")  # type: ignore[untyped-decorator]
def templates() -> None:
    """Ask the provider how the WhatsApp templates stand."""
    _run("templates")
