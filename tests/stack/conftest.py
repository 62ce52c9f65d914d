"""A whole installation for each test that asks for one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.stacks import Stack


@pytest.fixture
def stack(tmp_path: Path, database_url: str) -> Iterator[Stack]:
    """A stopped installation on each kind of database; the test starts what it needs."""
    stack = Stack(tmp_path, database_url)
    yield stack
    stack.stop()
