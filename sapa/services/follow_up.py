"""Messages of which nothing more was heard: the provider is asked what became of them.

Status callbacks are lost at times, and with them the news that a message failed and must go in another form. So a
message that is still `sent` after an hour, and again after a day, is looked up. Whoever has blocked us stays `sent` for
ever at the provider too: after the second look it is left alone.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sapa.messaging.states import PROVIDER_STATUS, OutboxState
from sapa.services.delivery import record_status
from sapa.services.deps import Deps
from sapa.services.records import Found, OutboxMessage, StatusForm

# The second look comes after so many times the first one's time.
_SECOND = 24
# More than are ever recorded in one moment: those of one moment are looked at together.
_MOST = 500
# After so many questions without an answer the rest waits for the next time.
_IN_VAIN = 3
# How long a look is tried again at least.
_AT_LEAST = timedelta(minutes=10)
_KEY = "followed-up:"


def follow_up(deps: Deps, now: datetime) -> int:
    """Ask about messages that have been `sent` for long; how many turned out to be something else."""
    return _look(deps, "first", deps.follow_up, now) + _look(deps, "second", deps.follow_up * _SECOND, now)


def _look(deps: Deps, name: str, age: timedelta, now: datetime) -> int:
    # What could not be asked about for as long again is left to the second look, and after that to nobody.
    since, until = now - age - max(age, _AT_LEAST), now - age
    with deps.store.transaction(write=False) as tx:
        said = tx.setting(_KEY + name)
        since = max(since, datetime.fromisoformat(said)) if said else since
        silent = tx.sent_unheard(since, until, _MOST) if since < until else []
    if not silent:
        return 0
    stopped = [silent[-1][0]] if len(silent) == _MOST else []
    unasked: list[datetime] = []
    changed = 0
    for sent_at, message in silent:
        outcome = deps.gateway.lookup(message)
        if isinstance(outcome, Found):
            changed += _learn(deps, message, outcome, now)
            continue
        unasked.append(sent_at)
        if len(unasked) == _IN_VAIN:
            break
    _keep_place(deps, name, [sent_at for sent_at, _ in silent], min(unasked + stopped, default=None), now, until)
    return changed


def _learn(deps: Deps, message: OutboxMessage, found: Found, now: datetime) -> bool:
    """Take the provider's word as if its callback had come."""
    if PROVIDER_STATUS.get(found.status) in (None, OutboxState.SENT):
        return False
    return record_status(deps, StatusForm(found.provider_sid, found.status, found.error_code, message.id), now)


def _keep_place(
    deps: Deps, name: str, moments: list[datetime], stopped: datetime | None, now: datetime, until: datetime
) -> None:
    """Note how far the looking has come: to the end, or to just before the moment it stopped at."""
    if stopped is not None:
        before = [moment for moment in moments if moment < stopped]
        if not before:
            return
        until = before[-1]
    with deps.store.transaction() as tx:
        tx.set_setting(_KEY + name, until.isoformat(), now)
