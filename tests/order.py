"""Which tests run in one process one after the other, and what is begun with, where several processes share the work.

A file of tests stays in one process, as with pytest-xdist's own `--dist loadfile`: its villages are made once.
On top of that, tests that start whole systems must not start two of them side by side, and the trained model is read
once for all that use it. What takes longest comes first, so that no process is left with it at the end.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from xdist.scheduler import LoadFileScheduling

STACK, MODEL = "whole systems", "the trained model"
_TOGETHER = (
    ("tests/stack/", STACK),
    ("tests/outages/", STACK),
    ("tests/conversations/", MODEL),
    ("tests/bot/test_rasa_turn.py", MODEL),
    ("tests/test_overrides.py", MODEL),
)
# Few tests that start a process each; of the other files the one with the most tests takes the longest.
_LONG = ("tests/test_cli", "tests/test_repository.py")


def group_of(nodeid: str) -> str:
    """The group a test belongs to: its file, or one of several files."""
    path = nodeid.partition("::")[0]
    return next((group for start, group in _TOGETHER if path.startswith(start)), path)


def in_order(nodeids: Sequence[str]) -> dict[str, list[str]]:
    """The groups, in the order in which they are handed out, with their tests in the order given."""
    groups: dict[str, list[str]] = {}
    for nodeid in nodeids:
        groups.setdefault(group_of(nodeid), []).append(nodeid)

    def weight(group: str) -> tuple[bool, bool, bool, int]:
        return group != STACK, group != MODEL, not group.startswith(_LONG), -len(groups[group])

    return {group: groups[group] for group in sorted(groups, key=weight)}


class HeaviestFirst(LoadFileScheduling):
    """xdist's way of handing out files, with our groups and our order."""

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid)

    def schedule(self) -> None:
        # Sorting is xdist's by number of tests; a collection that is in order already is left as it is.
        self.config.option.loadscopereorder = False
        super().schedule()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> HeaviestFirst | None:
    """Ours in place of `--dist loadfile`; any other --dist is what it says."""
    return HeaviestFirst(config, log) if config.getvalue("dist") == "loadfile" else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the tests in the order of their groups; within a group nothing moves."""
    by_id = {item.nodeid: item for item in items}
    if len(by_id) == len(items):
        items[:] = [by_id[nodeid] for group in in_order(list(by_id)).values() for nodeid in group]
