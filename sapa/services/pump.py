"""Moving time forward one due moment at a time, wherever a clock can be moved: the simulator, scripted runs."""

from __future__ import annotations

from datetime import datetime

from sapa.services import clockwork
from sapa.services.deps import Deps


def next_moment(deps: Deps, now: datetime, until: datetime) -> datetime | None:
    """The next moment after `now`, up to `until`, at which something falls due; None if nothing does.

    Jumping over such moments at once would make a month's reminders late, and late reminders are dropped.
    """
    with deps.store.transaction(write=False) as tx:
        moments = (tx.next_reminder_at(now), tx.next_outbox_at(now), clockwork.next_moment(deps, tx, now, until))
    return min((moment for moment in moments if moment is not None and moment <= until), default=None)
