"""The disk is full: the edge says 503, nothing is written by halves, and it goes on once there is room."""

from __future__ import annotations

import errno
import resource
import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.stacks import Stack, phone_of, wait_until

pytestmark = pytest.mark.stack

_MB = 1024 * 1024
_SIZE_MB = 24


class Tmpfs:
    """A small disk of its own, which a file fills to the last byte."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._filler = folder / "filler"

    def fill(self, _: Stack) -> None:
        with self._filler.open("wb", buffering=0) as file:
            for size in (_MB, 4096, 1):
                try:
                    while file.write(b"\0" * size):
                        pass
                except OSError as error:
                    assert error.errno == errno.ENOSPC

    def make_room(self, _: Stack) -> None:
        self._filler.unlink()


class Limit:
    """Where no disk may be mounted: no file of the edge may grow any more."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def fill(self, stack: Stack) -> None:
        self._limit(stack, 4096)  # less than the database and its log have already

    def make_room(self, stack: Stack) -> None:
        self._limit(stack, resource.RLIM_INFINITY)

    def _limit(self, stack: Stack, size: int) -> None:
        _, hard = resource.prlimit(stack.running["edge"].pid, resource.RLIMIT_FSIZE)
        resource.prlimit(stack.running["edge"].pid, resource.RLIMIT_FSIZE, (size, hard))


@pytest.fixture(params=["a disk of its own", "a limit"])
def disk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Tmpfs | Limit]:
    if request.param == "a limit":
        yield Limit(tmp_path)
        return
    folder = tmp_path / "disk"
    folder.mkdir()
    if shutil.which("mount") is None:
        pytest.skip("mount is not there")
    command = ["mount", "-t", "tmpfs", "-o", f"size={_SIZE_MB}m", "sapa-outages", str(folder)]
    mounted = subprocess.run(command, capture_output=True, text=True)
    if mounted.returncode != 0:
        pytest.skip(f"no disk may be mounted here: {mounted.stderr.strip()}")
    yield Tmpfs(folder)
    subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.fixture
def stack(disk: Tmpfs | Limit, new_file: Callable[[Path], str]) -> Iterator[Stack]:
    stack = Stack(disk.folder, new_file(disk.folder / "sapa.db"))
    yield stack
    stack.stop()


def test_on_a_full_disk_the_edge_answers_503_writes_nothing_and_goes_on_once_there_is_room(
    stack: Stack, disk: Tmpfs | Limit
) -> None:
    stack.start("edge")
    stack.wait_ready(rasa=False)
    # From here on only the edge writes: the last one to close the database would empty its log.
    keep_open = stack.engine.connect()
    assert stack.post("halo", phone_of(1), "SM" + "1" * 32).status_code == 200

    disk.fill(stack)
    refused = [stack.post("x" * 3000, phone_of(number), f"SM{number:032x}") for number in range(2, 6)]
    assert [answer.status_code for answer in refused] == [503] * 4
    assert all(answer.headers["Retry-After"] == "5" for answer in refused)
    assert stack.scalar("SELECT count(*) FROM inbound_message") == 1
    assert stack.scalar("SELECT count(*) FROM contact WHERE id NOT IN (SELECT contact_id FROM inbound_message)") == (
        _demo_contacts(stack)
    )

    disk.make_room(stack)
    # What the provider brings again is taken now, each once.
    for number in (*range(2, 6), *range(2, 6)):
        assert stack.post("x" * 3000, phone_of(number), f"SM{number:032x}").status_code == 200
    assert stack.scalar("SELECT count(*) FROM inbound_message") == 5
    assert stack.running["edge"].poll() is None
    wait_until(lambda: stack._answers(f"{stack.url}/ready"), "the edge", 10)
    keep_open.close()
    with sqlite3.connect(disk.folder / "sapa.db") as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []


def _demo_contacts(stack: Stack) -> int:
    """Staff of the demonstration, who never wrote."""
    return stack.scalar("SELECT count(DISTINCT contact_id) FROM staff")
