"""Two clocks started by mistake: what is due is put into the outbox once, and each of both goes on."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sapa.bootstrap import wire
from sapa.settings import load
from tests.chaos.world import Size, plant
from tests.stacks import PROCESSES, Stack, wait_until

pytestmark = pytest.mark.stack

DUE = 300


@pytest.fixture
def database_url(one_database: str) -> str:
    """Two clocks on PostgreSQL run in every run of the chaos suite."""
    return one_database


@pytest.fixture
def stack(tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stack]:
    for name in ("clock", "clock.2"):
        monkeypatch.setitem(PROCESSES, name, "scheduler.clock")
    stack = Stack(tmp_path, database_url)
    yield stack
    stack.stop()


def test_two_clocks_bring_300_due_reminders_once_each(stack: Stack) -> None:
    app = wire(load(stack.environ), stack.engine)
    stack.start("clock", "clock.2")
    wait_until(lambda: stack.scalar("SELECT count(*) FROM heartbeat WHERE name = 'clock'") == 2, "both clocks")
    expected = plant(app, Size(DUE, 1, 0, 0, 0, span_s=3.0), 1, datetime.now(UTC))
    planned = "SELECT count(*) FROM reminder WHERE id LIKE 'hr%' AND state = 'planned'"
    wait_until(lambda: stack.scalar(planned) == 0, "all reminders", 60)

    reached = Counter(
        str(contact) for (contact,) in stack.rows("SELECT contact_id FROM outbox WHERE dedupe_key LIKE 'reminder:hr%'")
    )
    assert len(expected.reminders) == DUE
    assert reached == {f"cr{number}": 1 for number in range(DUE)}
    assert stack.scalar("SELECT count(*) FROM reminder WHERE id LIKE 'hr%' AND state = 'queued'") == DUE
    wait_until(lambda: sum(_queued_by(stack, name) for name in ("clock", "clock.2")) >= DUE, "the logs", 10)
    # What one of them did the other did not do again.
    assert sum(_queued_by(stack, name) for name in ("clock", "clock.2")) == DUE
    assert [process.poll() for process in stack.running.values()] == [None, None]
    for name in ("clock", "clock.2"):
        assert "job_trouble" not in (stack.folder / f"{name}.log").read_text("utf-8")


def _queued_by(stack: Stack, name: str) -> int:
    """How many reminders a clock says it has put into the outbox."""
    lines = (stack.folder / f"{name}.log").read_text("utf-8").splitlines()
    return sum(_queued(line) for line in lines)


def _queued(line: str) -> int:
    if line.startswith("{"):
        entry = json.loads(line)
        return int(entry.get("queued", 0)) if entry.get("event") == "due" else 0
    found = re.search(r"\bdue\b.*\bqueued=(\d+)", line)
    return int(found[1]) if found else 0
