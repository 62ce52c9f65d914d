"""The clockwork: a few fixed jobs, no job per reminder, and a simulated clock that stops at every due moment."""

from __future__ import annotations

import threading
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from sapa.bootstrap import App
from sapa.family.people import Child
from sapa.messaging.states import Channel
from sapa.services.consents import CHILD_CARE
from sapa.services.delivery import claim_batch, send_one
from sapa.services.records import Picture, PosyanduRow, SessionRow
from sapa.services.reminders import replan
from scheduler.clock import build, jobs, walk
from tests.support import settings_for, wired

JOBS = {"due", "plan", "sweep", "cases", "release", "daily", "catch_up", "late", "follow_up", "templates"}


@pytest.fixture
def running(engine: Engine, database_url: str, tmp_path: Path) -> App:
    """An application on the simulator's own clock."""
    return wired(settings_for(database_url, tmp_path), engine)


def _family(app: App, sessions: list[date]) -> str:
    now = app.clock.now()
    with app.store.transaction() as tx:
        contact, _ = tx.contact_for_address(Channel.WHATSAPP, "+6281", "+6281", now)
        tx.touch_contact(contact.id, now)
        tx.record_consent(contact.id, CHILD_CARE, "...", True, "in", now)
        household = tx.household_of(contact.id, now)
        tx.save_posyandu(PosyanduRow("p", "Melati", "Asia/Jayapura"))
        for day in sessions:
            tx.save_session(SessionRow(f"s{day}", "p", day, time(8), "Balai"))
        tx.set_posyandu(household, "p")
        born = now.date() - timedelta(days=60)
        tx.save_child(household, Child(id="c", name="Ani", birth_date=born), now)
        replan(app.deps, tx, household, now)
    return contact.id


def test_there_are_a_few_fixed_jobs_however_many_reminders_exist(running: App) -> None:
    _family(running, [running.clock.now().date() + timedelta(days=30 * month) for month in range(1, 25)])
    scheduler = build(running)
    assert {job.id for job in scheduler.get_jobs()} == {*JOBS, "walk"}
    assert set(jobs(running)) == JOBS


def test_a_failing_job_does_not_stop_the_clock(running: App, monkeypatch: pytest.MonkeyPatch) -> None:
    scheduler = build(running)
    running.store.engine.dispose()
    monkeypatch.setattr(running.store, "transaction", lambda **_: (_ for _ in ()).throw(OSError("gone")))
    for job in scheduler.get_jobs():
        if job.id != "walk":
            job.func()


def test_a_month_forward_brings_each_reminder_at_its_own_hour(running: App) -> None:
    """The visitor asks for a month; the clock walks there with the sender at work, and nothing is late or dropped."""
    assert running.mailbox is not None
    start = running.clock.now()
    sessions = [start.date() + timedelta(days=days) for days in (8, 20)]
    contact_id = _family(running, sessions)
    stopping = threading.Event()

    def send() -> None:
        while not stopping.is_set():
            now = running.clock.now()
            for message in claim_batch(running.deps, "s", now, timedelta(minutes=1), 10):
                send_one(running.deps, "s", message, now)
            for carried in running.mailbox.in_transit() if running.mailbox else []:
                running.mailbox.set_status(carried.sid, "delivered", now)
                running.mailbox.mark_called_back(carried.sid, "delivered")
            stopping.wait(0.01)

    sender = threading.Thread(target=send)
    sender.start()
    assert running.mailbox.start_walk(start + timedelta(days=25), start)
    walk(running)
    stopping.set()
    sender.join()

    with running.store.transaction(write=False) as tx:
        sent = list(tx.outbox_of(contact_id))
    # 16:00 in Jayapura (UTC+9) is 07:00 UTC, three days and one day before each session.
    wanted = [datetime(d.year, d.month, d.day, 7, tzinfo=UTC) - timedelta(days=n) for d in sessions for n in (3, 1)]
    of_sessions = [message for message in sent if message.content_id.startswith("pengingat/posyandu")]
    # The simulated clock goes on while a busy machine works.
    late = [message.created_at - moment for message, moment in zip(of_sessions, wanted, strict=True)]
    assert all(timedelta() <= by < timedelta(seconds=10) for by in late)
    assert {message.state.value for message in sent} == {"sent"}
    assert running.clock.now() >= start + timedelta(days=25)
    assert running.mailbox.clock().target is None


def test_celery_offers_the_same_jobs() -> None:
    from scheduler.celery_app import app

    assert set(app.conf.beat_schedule) == JOBS
    assert {f"sapa.{name}" for name in app.conf.beat_schedule} <= set(app.tasks)


def test_the_sweep_takes_pictures_and_data_files_away_when_their_time_is_up(running: App) -> None:
    contact_id = _family(running, [])
    now = running.clock.now()
    kept = {"new.html": ("text/html", 1), "old.html": ("text/html", 25), "new.png": ("image/png", 25)}
    with running.store.transaction() as tx:
        for picture_id, (kind, hours) in {**kept, "old.png": ("image/png", 31 * 24)}.items():
            tx.save_picture(Picture(picture_id, contact_id, kind, b"..."), now - timedelta(hours=hours))
    jobs(running)["sweep"]()
    with running.store.transaction(write=False) as tx:
        left = [one for one in (*kept, "old.png") if tx.picture(one) is not None]
    assert left == ["new.html", "new.png"]


def test_a_sweep_that_finds_nothing_writes_nothing(running: App, monkeypatch: pytest.MonkeyPatch) -> None:
    """It comes every second; SQLite's one writer is wanted by the messages that come in."""
    contact_id = _family(running, [])
    now = running.clock.now()
    with running.store.transaction() as tx:
        tx.set_suspended(contact_id, now - timedelta(days=4))
    jobs(running)["sweep"]()
    with running.store.transaction(write=False) as tx:
        assert [case.kind for case in tx.open_cases()] == ["nomor"]
    begin = running.store.transaction

    def reading_only(*, write: bool = True) -> Any:
        assert not write
        return begin(write=write)

    monkeypatch.setattr(running.store, "transaction", reading_only)
    jobs(running)["sweep"]()
