"""What the command line of the benchmarks says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Options:
    """How much is measured. The defaults of the fields are a full run; `tiny()` only shows that everything works."""

    repeats: int = 5
    messages: int = 4_000  # sender: how many a repeat
    senders: int = 1  # sender processes, and processes of the bare loop
    users: int = 64  # turns: people who talk side by side
    turns: int = 1_600  # turns: how many a repeat, over all users
    families: tuple[int, ...] = (10_000, 100_000, 1_000_000)
    due: int = 1_000
    say: Callable[[str], None] = print


def tiny(say: Callable[[str], None] = print) -> Options:
    """The smallest run of each part; its figures mean nothing."""
    return Options(repeats=1, messages=40, users=2, turns=6, families=(60, 120), due=20, say=say)
