"""The database is locked, or gone for a while: everybody waits, nobody dies, nothing is lost and nothing goes twice.

The whole system runs against the stand-in provider, whose ledger is not in the database that is taken away.
"""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from sqlalchemy.exc import OperationalError
from twilio.request_validator import RequestValidator

from sapa import bootstrap, settings
from sapa.store.engine import open_engine
from tests.chaos.judge import Verdict
from tests.chaos.run import LEAD_S, TOKEN, Run, writings
from tests.chaos.world import Size, plant
from tests.conftest import Cluster, _postgres_bin
from tests.stacks import wait_until

pytestmark = [pytest.mark.stack, pytest.mark.model]

SIZE = Size(reminders=60, called=15, appointments=10, writers=8, each=3, span_s=6.0)
# Longer than a writer waits for the lock (15 s), and longer than Twilio waits for an answer.
LOCKED_S, GONE_S = 20.0, 4.0
ALL = ("edge", "worker", "sender", "clock")

_HOLD = """
import sqlite3, sys, time
connection = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=30)
connection.execute("BEGIN IMMEDIATE")
print("held", flush=True)
time.sleep(float(sys.argv[2]))
connection.execute("ROLLBACK")
"""


class Outage(Run):
    """A run in which nobody is killed, but the database is taken away while people write and messages fall due."""

    def __init__(self, folder: Path, database_url: str, trouble: Callable[[], None]) -> None:
        super().__init__(folder, database_url, SIZE, seed=1)
        self._trouble = trouble
        self._http.post("/_profile", data={"name": "calm"}).raise_for_status()

    def suffer(self) -> Verdict:
        """The whole run; its verdict."""
        app = bootstrap.wire(settings.load(self._environ), self._database)
        for name in ALL:
            self.start(name)
        wait_until(lambda: all(map(self.is_up, ALL)), "all processes")
        expected = plant(app, self.size, self.seed, datetime.now(UTC) + timedelta(seconds=LEAD_S))
        began = time.monotonic()
        trouble = threading.Timer(LEAD_S + 1, self._trouble)
        trouble.start()
        for one in writings(self.size, self.seed):
            time.sleep(max(0.0, began + LEAD_S + one.at_s - time.monotonic()))
            form = {"From": one.who, "To": "whatsapp:+628110000000", "Body": one.body}
            self._http.post("/_inbound", data=form).raise_for_status()
        trouble.join()
        self._wait_for_quiet(expected)
        return self._verdict(expected)

    def _open_questions(self) -> int:
        return max(0, super()._open_questions())  # what is brought by hand is answered besides

    def post(self, sid: str) -> httpx.Response:
        """A message brought by hand, as Twilio posts it; it waits longer than Twilio would."""
        address = f"http://127.0.0.1:{self._port}/webhooks/twilio"
        form = {
            "MessageSid": sid,
            "AccountSid": self._environ["TWILIO_ACCOUNT_SID"],
            "From": "whatsapp:+6281777000001",
            "To": "whatsapp:+628110000000",
            "Body": "halo",
            "NumMedia": "0",
            "WaId": "6281777000001",
        }
        signature = RequestValidator(TOKEN).compute_signature(address, form)
        return httpx.post(address, data=form, headers={"X-Twilio-Signature": signature}, timeout=60.0)

    def stored(self, sid: str) -> int:
        """How often a message is in the database."""
        with self._reader.connect() as connection:
            statement = f"SELECT count(*) FROM inbound_message WHERE provider_sid = '{sid}'"
            return int(connection.exec_driver_sql(statement).scalar_one())

    def alive(self) -> list[str]:
        """Who has never ended."""
        return [name for name, process in self._running.items() if process.poll() is None]

    def troubles(self, name: str) -> int:
        """How often a process says that something failed and is tried again."""
        return (self.folder / f"{name}.log").read_text("utf-8", "replace").count("_trouble")


@contextmanager
def _outage(folder: Path, database_url: str, trouble: Callable[[], None]) -> Iterator[Outage]:
    run = Outage(folder, database_url, trouble)
    try:
        yield run
    finally:
        run.close()


def _nothing_was_lost(run: Outage, verdict: Verdict) -> None:
    assert verdict.clean and not verdict.unsettled, verdict
    assert verdict.messages >= SIZE.messages
    assert run.alive() == list(ALL)  # nobody had to start anything again


def test_a_database_that_is_locked_for_20_seconds_delays_everything_and_loses_nothing(
    tmp_path: Path, new_file: Callable[[Path], str]
) -> None:
    file = tmp_path / "sapa.db"
    url = new_file(file)
    answers: list[httpx.Response] = []
    sids = [f"SM{number:032x}" for number in range(900, 903)]

    def lock() -> None:
        command = [sys.executable, "-c", _HOLD, str(file), str(LOCKED_S)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holder:
            assert holder.stdout is not None and holder.stdout.readline() == "held\n"
            answers.extend(run.post(sid) for sid in sids[:1])
            assert holder.poll() is None or answers[0].status_code == 200

    with _outage(tmp_path, url, lock) as run:
        verdict = run.suffer()
        # Taken or refused, the edge says what is true, and what is brought again is taken once.
        assert [(run.stored(sid), answer.status_code) for sid, answer in zip(sids, answers, strict=False)] in (
            [(1, 200)],
            [(0, 503)],
        )
        assert [run.post(sids[0]).status_code for _ in range(2)] == [200, 200] and run.stored(sids[0]) == 1
        assert run.troubles("sender") + run.troubles("clock") + run.troubles("worker") > 0
        _nothing_was_lost(run, verdict)


def test_a_postgresql_that_is_stopped_and_started_again_loses_nothing(tmp_path: Path) -> None:
    programs = _postgres_bin()
    if programs is None:
        pytest.skip("PostgreSQL's programs (initdb, pg_ctl) are not installed")
    cluster = Cluster(programs)
    cluster.start()
    sid = f"SM{900:032x}"
    refused: list[int] = []

    def stop_and_start() -> None:
        cluster.halt()
        began = time.monotonic()
        refused.append(run.post(sid).status_code)
        time.sleep(max(0.0, GONE_S - (time.monotonic() - began)))
        cluster.resume()

    try:
        with _outage(tmp_path, cluster.new_database(cluster.migrated), stop_and_start) as run:
            verdict = run.suffer()
            assert refused == [503] and run.stored(sid) == 0
            assert run.post(sid).status_code == 200 and run.stored(sid) == 1
            assert all(run.troubles(name) for name in ("worker", "sender", "clock"))
            _nothing_was_lost(run, verdict)
    finally:
        cluster.stop()


def test_a_server_that_takes_the_call_and_says_nothing_is_given_up_after_some_seconds() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        engine = open_engine(f"postgresql+psycopg://sapa@127.0.0.1:{silent.getsockname()[1]}/sapa")
        began = time.monotonic()
        with pytest.raises(OperationalError):
            engine.connect()
        assert time.monotonic() - began < 15
