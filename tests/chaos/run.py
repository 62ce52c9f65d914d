"""One run: the whole system as processes against a provider that fails, each process killed again and again."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import httpx
from sqlalchemy import Table, func, select

from sapa import bootstrap, settings
from sapa.settings import ROOT
from sapa.store.models import BroadcastTargetTable, InboundTable, OutboxTable, ReminderTable
from tests.chaos.engine import PretendEngine
from tests.chaos.judge import Evidence, Verdict, judge
from tests.chaos.world import QUESTIONS, Expected, Size, plant
from tests.stacks import PROCESSES, free_port, wait_until
from tests.support import TEST_KEY, opened

ACCOUNT, TOKEN = "AC" + "0" * 31 + "1", "standin-token"
WHATSAPP, SMS = "+628110000000", "+628110000001"
# Two senders and two clocks, as after a mistake, or on two machines.
NAMES = ("edge", "worker", "sender.1", "sender.2", "clock.1", "clock.2")
TEMPLATES = (
    "pengingat_umum",
    "pengingat_posyandu",
    "pengingat_posyandu_besok",
    "siar_jadwal",
    "siar_pengumuman",
    "siar_selesai",
)
# What takes minutes in real life takes seconds here.
HASTE = {
    "SAPA_LEASE_SECONDS": "5",
    "SAPA_SETTLE_SECONDS": "5",
    "SAPA_PERSON_PACE_SECONDS": "1",
    "SAPA_SENDER_RATE": "400",
    "SAPA_INBOUND_PER_MINUTE": "100000",
    "SAPA_INBOUND_PER_HOUR": "1000000",
    "SAPA_SENDER_THREADS": "16",
    "SAPA_PROVIDER_TIMEOUT_SECONDS": "2.5",
    "SAPA_CATCH_UP_SECONDS": "5",
    "SAPA_FOLLOW_UP_SECONDS": "2",
}
LEAD_S = 3.0  # from the planting to the first moment something is due
KILLS = 3  # of each process
PATIENCE_S = 300.0
STANDSTILL_S = 60.0  # longer than any lease, pause or question of these runs
# Even what is sent is not over: whether it arrived is told by a callback, or asked for.
OPEN = ("queued", "sending", "errored", "unknown", "sent")


@dataclass(frozen=True)
class Writing:
    """Somebody writes to us at a second of the run."""

    at_s: float
    who: str
    body: str


def writings(size: Size, seed: int) -> list[Writing]:
    """What people write, by time."""
    dice = Random(f"writings {seed}")
    written = [
        Writing(
            dice.uniform(0, size.span_s),
            f"whatsapp:+6281700{writer:06}",
            QUESTIONS[(writer + number) % len(QUESTIONS)],
        )
        for writer in range(size.writers)
        for number in range(size.each)
    ]
    return sorted(written, key=lambda one: one.at_s)


class Life:
    """One process that is killed and started again. Its moments follow from the seed; how long a start takes does not,
    so that a slow machine kills as much work as a fast one."""

    def __init__(self, run: Run, name: str, seed: int, kills: int) -> None:
        self._run, self._name, self._left = run, name, kills
        self._dice = Random(f"life {seed} {name}")
        self._next: float | None = None
        self._down = False
        self._started: float | None = None

    def step(self, now: float) -> bool:
        """Do what is due; whether it has been killed as often as it shall."""
        if self._left == 0 and not self._down:
            return True
        if self._next is None:
            if self._run.is_up(self._name):
                # It lives at least as long as it took to start, on the whole: else hardly anything would be done.
                took = now - self._started if self._started is not None else 0.0
                self._next = now + self._dice.uniform(0.2, 5.0 + 2 * took)
        elif now >= self._next:
            if self._down:
                self._run.start(self._name)
                self._down, self._next, self._started = False, None, now
            else:
                self._run.kill(self._name)
                self._left -= 1
                self._down, self._next = True, now + self._dice.uniform(0.05, 1.0)
        return False


class Run:
    """The processes, the provider and the clock of one run."""

    def __init__(self, folder: Path, database_url: str, size: Size, seed: int, root: Path = ROOT) -> None:
        self.size, self.seed, self.folder, self._root = size, seed, folder, root
        self.counts: Counter[str] = Counter()
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._engine = PretendEngine()
        self._port = free_port()
        self._provider, provider_port = self._start_provider()
        self._http = httpx.Client(base_url=f"http://127.0.0.1:{provider_port}", timeout=30.0)
        self._environ = self._environment(database_url, provider_port)
        self._database = opened(database_url)
        # Whoever counts must not stand in the way of those who write.
        self._reader = self._database.execution_options(sapa_read_only=True)

    def _environment(self, database_url: str, provider_port: int) -> dict[str, str]:
        ours = ("SAPA_", "TWILIO_", "DATABASE", "REDIS")
        return {
            **{name: value for name, value in os.environ.items() if not name.startswith(ours)},
            "DATABASE_URL": database_url,
            "SAPA_VAR_DIR": str(self.folder),
            "SAPA_DATA_KEYS": TEST_KEY,
            "SAPA_PORT": str(self._port),
            "SAPA_RASA_URL": self._engine.url,
            "SAPA_GATEWAY": "twilio",
            "SAPA_PUBLIC_URL": f"http://127.0.0.1:{self._port}",
            "SAPA_MODEL_DIR": str(ROOT / "models"),
            "TWILIO_API_URL": f"http://127.0.0.1:{provider_port}",
            "TWILIO_ACCOUNT_SID": ACCOUNT,
            "TWILIO_AUTH_TOKEN": TOKEN,
            "TWILIO_WHATSAPP_FROM": WHATSAPP,
            "TWILIO_SMS_FROM": SMS,
            "TWILIO_CONTENT_SIDS": ",".join(f"{name}=HX{number:032x}" for number, name in enumerate(TEMPLATES, 1)),
            "PYTHONUNBUFFERED": "1",
            **HASTE,
        }

    def _start_provider(self) -> tuple[subprocess.Popen[bytes], int]:
        inbound = f"http://127.0.0.1:{self._port}/webhooks/twilio"
        command = ["tools.standin_provider", "--port", "0", "--seed", str(self.seed), "--profile", "rough"]
        process = subprocess.Popen(
            [sys.executable, "-m", *command, "--inbound-url", inbound],
            cwd=self._root,
            stdout=subprocess.PIPE,
            stderr=(self.folder / "provider.log").open("ab"),
        )
        assert process.stdout is not None
        return process, int(json.loads(process.stdout.readline())["port"])

    def play(self) -> Verdict:
        """The whole run; its verdict."""
        app = bootstrap.wire(settings.load(self._environ), self._database)
        began = time.monotonic()
        for name in NAMES:
            self.start(name)
        wait_until(lambda: all(map(self.is_up, NAMES)), "all processes")
        # They run already: what is planned is planned before their eyes.
        expected = plant(app, self.size, self.seed, datetime.now(UTC) + timedelta(seconds=LEAD_S))
        self._drive()
        self._wait_for_quiet(expected)
        self.counts["seconds"] = int(time.monotonic() - began)
        return self._verdict(expected)

    def _drive(self) -> None:
        """Let people write and processes die until both are through."""
        lives = [Life(self, name, self.seed, KILLS) for name in NAMES]
        waiting = writings(self.size, self.seed)
        before, elapsed = time.monotonic(), 0.0
        while lives or waiting:
            now = time.monotonic()
            lives = [life for life in lives if not life.step(now)]
            # While nobody listens people write more slowly, else a slow machine would miss nearly all of it.
            elapsed += (now - before) * (1.0 if self.is_up("edge") else 0.3)
            before = now
            while waiting and waiting[0].at_s <= elapsed:
                one = waiting.pop(0)
                form = {"From": one.who, "To": f"whatsapp:{WHATSAPP}", "Body": one.body}
                self._http.post("/_inbound", data=form).raise_for_status()
            time.sleep(0.01)

    def is_up(self, name: str) -> bool:
        """Whether a process has got as far as the database (the edge: as far as listening)."""
        if name == "edge":
            with socket.socket() as probe:
                return probe.connect_ex(("127.0.0.1", self._port)) == 0
        process = self._running.get(name)
        if process is None or process.poll() is not None:
            return False
        for file in Path(f"/proc/{process.pid}/fd").glob("*"):
            with contextlib.suppress(OSError):
                target = os.readlink(file)
                if target.startswith("socket:") or target.endswith("sapa.db"):
                    return True
        return False

    def start(self, name: str) -> None:
        """Start a process, if it does not run."""
        if name in self._running:
            return
        with (self.folder / f"{name}.log").open("ab") as log:
            self._running[name] = subprocess.Popen(
                [sys.executable, "-m", PROCESSES[name.partition(".")[0]]],
                env=self._environ,
                cwd=self._root,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def kill(self, name: str) -> None:
        """kill -9, as the kernel does when memory runs out."""
        process = self._running.pop(name, None)
        if process is None:
            return
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        self.counts[f"kills {name.partition('.')[0]}"] += 1

    def close(self) -> None:
        """End everything this run has started."""
        for name in list(self._running):
            self.kill(name)
        self._provider.kill()
        self._provider.wait()
        self._engine.close()
        self._http.close()
        self._database.dispose()

    # ------------------------------------------------------------------------------------------------ is it over?

    def _wait_for_quiet(self, expected: Expected) -> None:
        """Until nothing is on its way any more: by looking, not by waiting for a while."""
        deadline = time.monotonic() + PATIENCE_S
        seen: object = None
        moved = time.monotonic()
        while time.monotonic() < deadline and time.monotonic() - moved < STANDSTILL_S:
            state = (self._open(expected), self._provider_counts())
            if state != seen:
                seen, moved = state, time.monotonic()
            if not any(state[0]) and state[1]["calls_to_come"] == 0 and not any(self._open(expected)):
                return
            time.sleep(0.3)
        messages, plans, questions = self._open(expected)
        still = {"messages": messages, "plans": plans, "questions": questions}
        calls = self._provider_counts()["calls_to_come"]
        self.counts.update({f"not_quiet {name}": count for name, count in {**still, "calls": calls}.items() if count})

    def _open(self, expected: Expected) -> tuple[int, ...]:
        """How much is still on its way: messages, plans, questions."""
        return (self._open_messages(), self._open_plans(expected), self._open_questions())

    def _open_messages(self) -> int:
        return self._count(OutboxTable, OutboxTable.state.in_(OPEN))

    def _open_plans(self, expected: Expected) -> int:
        targets = len(expected.broadcasts) * self.size.called
        settled = self._count(BroadcastTargetTable, BroadcastTargetTable.state != "pending")
        planned = ReminderTable.state == "planned"
        due = datetime.now(UTC) + timedelta(minutes=1)
        return targets - settled + self._count(ReminderTable, planned, ReminderTable.send_at < due)

    def _open_questions(self) -> int:
        answered = self._count(InboundTable, InboundTable.state == "answered")
        return self.size.writers * self.size.each - answered

    def _count(self, model: type[Any], *conditions: Any) -> int:
        with self._reader.connect() as connection:
            return int(connection.execute(select(func.count()).select_from(model).where(*conditions)).scalar_one())

    def _provider_counts(self) -> Mapping[str, int]:
        found: Mapping[str, int] = self._http.get("/_counts").json()
        return found

    # ------------------------------------------------------------------------------------------------ what was it?

    def _verdict(self, expected: Expected) -> Verdict:
        ledger = self._http.get("/_ledger").json()
        verdict = judge(
            Evidence(
                ledger=ledger["messages"],
                outbox=self._rows(OutboxTable),
                reminders=self._rows(ReminderTable),
                targets=self._rows(BroadcastTargetTable),
                inbound=self._rows(InboundTable),
                due_reminders=expected.reminders,
                due_broadcasts=expected.broadcasts,
                due_notices=expected.appointments,
            )
        )
        verdict.figures.update(ledger["counts"])
        verdict.figures.update(self.counts)
        return verdict

    def _rows(self, model: type[Any]) -> list[dict[str, Any]]:
        table = model.__table__
        assert isinstance(table, Table)
        with self._reader.connect() as connection:
            return [dict(row) for row in connection.execute(select(table)).mappings()]


def play(folder: Path, database_url: str, size: Size, seed: int, watch: Callable[[Run], None] | None = None) -> Verdict:
    """Play one run in a folder of its own and end all its processes, whatever happens."""
    folder.mkdir(parents=True, exist_ok=True)
    run = Run(folder, database_url, size, seed)
    try:
        if watch is not None:
            watch(run)
        return run.play()
    finally:
        run.close()
