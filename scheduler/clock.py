"""The clockwork: `python -m scheduler.clock`. A few fixed jobs; what is planned lives in rows, never in jobs.

Two clocks started by mistake do no harm: each job's work is claimed in the database.
"""

from __future__ import annotations

import logging
import signal
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import structlog
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from sapa import logs, metrics, pulse
from sapa.bootstrap import App, StartError, start
from sapa.clock import SteadyClock, SystemClock
from sapa.services import clockwork
from sapa.services.catch_up import catch_up_inbound
from sapa.services.delivery import drop_late, reconcile
from sapa.services.deps import Deps
from sapa.services.due import queue_due
from sapa.services.follow_up import follow_up
from sapa.services.moves import open_unconfirmed_cases, unconfirmed
from sapa.services.not_me import open_unclaimed_cases, unclaimed
from sapa.services.ports_templates import ProviderTrouble
from sapa.services.pump import next_moment
from sapa.services.reminders import replan_dirty, replan_everybody_if_campaigns_changed
from sapa.services.rights import drop_old_files
from sapa.services.templates import refresh_templates

log = structlog.get_logger()

TICK_S = 1
# What goes by the hour of the day need not be looked for every second.
PACE_S = {"daily": 15, "templates": 300, "catch_up": 30, "late": 30, "follow_up": 30}
# On its way to a visitor's target the simulated clock stops this long at most for one moment's messages to go out.
WALK_PATIENCE_S = 20.0


def jobs(app: App) -> dict[str, Callable[[], None]]:
    """The fixed jobs by name."""

    def due() -> None:
        fates = queue_due(app.deps, app.clock.now())
        metrics.reminders(fates)
        if fates:
            log.info("due", **fates)

    def plan() -> None:
        if replan_everybody_if_campaigns_changed(app.deps, app.clock.now()):
            log.info("campaigns_changed")
        done = replan_dirty(app.deps, app.clock.now())
        if done:
            log.info("replanned", households=done)

    def sweep() -> None:
        settled = reconcile(app.deps, app.clock.now())
        if settled:
            log.info("reconciled", **settled)
        opened = _open_cases(app)
        if opened:
            log.info("cases_opened", count=opened)
        dropped = drop_old_files(app.deps, app.clock.now())
        if dropped:
            log.info("files_dropped", count=dropped)

    def of_staff(work: dict[str, Callable[[Deps, datetime], int]]) -> Callable[[], None]:
        def do() -> None:
            done = clockwork.run(work, app.deps, app.clock.now())
            if done:
                log.info("staff", **done)

        return do

    def catch_up() -> None:
        taken = catch_up_inbound(app.deps, app.clock.now())
        if taken:
            log.info("inbound_caught_up", count=taken)

    def followed() -> None:
        changed = follow_up(app.deps, app.clock.now())
        if changed:
            log.info("followed_up", count=changed)

    def late() -> None:
        dropped = drop_late(app.deps, app.clock.now())
        if dropped:
            log.warning("dropped_late", count=dropped)

    def ask_for_templates() -> None:
        provider = app.template_provider
        if provider is None:
            return
        try:
            changes = refresh_templates(app.store, provider, app.content.templates, app.clock.now())
        except ProviderTrouble as trouble:  # asked again at the next tick
            log.warning("templates_not_asked", reason=str(trouble))
            return
        if changes:
            log.info("templates_changed", count=len(changes))

    cases, release, daily = (of_staff(work) for work in (clockwork.CASES, clockwork.RELEASES, clockwork.DAILY))
    return {
        "due": due,
        "plan": plan,
        "sweep": sweep,
        "cases": cases,
        "release": release,
        "daily": daily,
        "catch_up": catch_up,
        "late": late,
        "follow_up": followed,
        "templates": ask_for_templates,
    }


def _open_cases(app: App) -> int:
    """What waits for a human because nobody answered. Looking costs nobody the write lock."""
    now = app.clock.now()
    with app.deps.store.transaction(write=False) as tx:
        if not (unclaimed(tx, now) or unconfirmed(tx, now)):
            return 0
    with app.deps.store.transaction() as tx:
        return open_unclaimed_cases(tx, now) + open_unconfirmed_cases(tx, now)


def _pace_s(app: App, name: str) -> float:
    pace = PACE_S.get(name, TICK_S)
    shortest = {"catch_up": app.settings.catch_up_s, "follow_up": app.settings.follow_up_s}
    return min(pace, shortest.get(name, pace))


def build(app: App) -> BackgroundScheduler:
    """APScheduler with the fixed jobs: one at a time each, and a missed tick is not made up for."""
    steady = SteadyClock(SystemClock())
    scheduler = BackgroundScheduler(
        timezone=UTC,
        executors={"default": ThreadPoolExecutor(len(jobs(app)) + 1)},
        job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
    )
    for name, job in jobs(app).items():
        scheduler.add_job(_guarded(name, job, steady), "interval", seconds=_pace_s(app, name), id=name)
    if app.mailbox is not None:
        scheduler.add_job(_guarded("walk", lambda: walk(app), steady), "interval", seconds=TICK_S, id="walk")
    return scheduler


def _guarded(name: str, job: Callable[[], None], steady: SteadyClock) -> Callable[[], None]:
    """A job that fails says so and is tried again at the next tick. None runs while the machine's time has jumped."""

    def run() -> None:
        if not steady.steady():
            log.warning("clock_jumped", job=name)
            return
        began, ok = time.perf_counter(), False
        try:
            job()
            ok = True
        except Exception as error:
            log.warning("job_trouble", job=name, error=type(error).__name__)
        metrics.tick(name, time.perf_counter() - began, ok, time.time())
        if name != "walk":  # as long as the way of the simulated clock
            pulse.moved(name)

    return run


def walk(app: App, patience_s: float = WALK_PATIENCE_S) -> None:
    """Move the simulated clock to the visitor's target, stopping at every moment something falls due.

    Jumping there at once would make a month's reminders late, and late reminders are dropped.
    """
    assert app.mailbox is not None
    target = app.mailbox.clock().target
    while target is not None:  # the visitor may stop it on the way
        moment = next_moment(app.deps, app.clock.now(), target)
        _set_clock(app, moment or target)
        clockwork.run(clockwork.URGENT | clockwork.DAILY, app.deps, app.clock.now())
        # A session that moved just now changes what falls due.
        replan_dirty(app.deps, app.clock.now())
        queue_due(app.deps, app.clock.now())
        _wait_for_messages(app, patience_s)
        if moment is None:
            app.mailbox.end_walk()
            return
        target = app.mailbox.clock().target


def _set_clock(app: App, moment: datetime) -> None:
    assert app.mailbox is not None
    app.mailbox.move_clock((moment - datetime.now(UTC)).total_seconds())


def _wait_for_messages(app: App, patience_s: float) -> None:
    """Let the real sender and network carry this moment's messages; give up rather than hang if they are not there."""
    assert app.mailbox is not None
    waited = threading.Event()
    deadline = datetime.now(UTC) + timedelta(seconds=patience_s)
    while datetime.now(UTC) < deadline:
        with app.store.transaction(write=False) as tx:
            waiting = tx.outbox_due(app.clock.now())
        if waiting == 0 and not app.mailbox.in_transit(1):
            return
        waited.wait(0.05)


def main() -> int:
    """Run until stopped; 1 with one clear line if it cannot start."""
    try:
        app = start()
    except StartError as error:
        print(f"clock: {error}", file=sys.stderr)
        return 1
    logs.setup("clock", app.settings.log_level)
    # A tick that finds the one before still at work is passed over: that is meant, and no news.
    logging.getLogger("apscheduler.scheduler").setLevel(logging.ERROR)
    scheduler = build(app)
    stopping = threading.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: stopping.set())
    with pulse.observed(app, "clock", others=pulse.public_certificate(app)):
        scheduler.start()
        stopping.wait()
        scheduler.shutdown(wait=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
