"""A whole installation for each test that asks for one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.stacks import Stack


@pytest.fixture
def stack(tmp_path: Path, database_url: str) -> Iterator[Stack]:
    """A stopped installation on each kind of database; the test starts what it needs."""
    stack = Stack(tmp_path, database_url)
    yield stack
    stack.stop()


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def running(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, new_file: Callable[[Path], str]
) -> Iterator[Stack]:
    """An installation of each kind that runs while all tests of a file write to it, each as people of its own."""
    folder = tmp_path_factory.mktemp("running")
    if request.param == "sqlite":
        url = new_file(folder / "test.db")
    else:
        cluster = request.getfixturevalue("postgres")
        url = cluster.new_database(cluster.migrated)
    stack = Stack(folder, url)
    stack.start()
    stack.wait_ready()
    yield stack
    stack.stop()
