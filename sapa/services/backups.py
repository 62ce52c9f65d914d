"""After a restore: what the old system did between the backup and its end is done again, but said to nobody."""

from __future__ import annotations

from datetime import datetime

from sapa.services import clockwork
from sapa.services.deps import Deps
from sapa.services.due import queue_due

# More rounds than any backlog needs: each takes hundreds of households.
_ROUNDS = 10_000


def replay_gap(deps: Deps, stopped_at: datetime) -> int:
    """Do what the clock had to do up to `stopped_at`, when the old system stopped; how many rounds it took.

    Only while sending is held: what this queues was most likely sent once already, and whoever called suppresses it.
    Cases are not among it: that somebody is in danger is told once more rather than never.
    """
    rounds = 0
    while rounds < _ROUNDS and _round(deps, stopped_at):
        rounds += 1
    return rounds


def _round(deps: Deps, now: datetime) -> int:
    due = queue_due(deps, now)
    work = clockwork.run(clockwork.RELEASES | clockwork.DAILY, deps, now)
    return due.total() + work.total()
