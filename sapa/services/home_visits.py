"""The kader's list of whom to walk to: who did not come, who was not reached, who has no phone."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sapa.services.access import NotAllowed, Staffer, may_act_for
from sapa.services.day_records import HomeVisitRow
from sapa.services.deps import Deps
from sapa.services.ports import Tx

_LONGEST_OUTCOME = 120
_NUMBERS = "visit-list:"


class NoSuchVisit(LookupError):
    """No visit has this id."""


@dataclass(frozen=True)
class HomeVisit:
    """A visit to be made. number: its place on the list, kept while it is there. children: who is followed.

    reason: absent, unreached or no_phone (sapa.services.day_records); remark: what is known beforehand ("sakit").
    """

    id: str
    number: int
    household_id: str
    posyandu_id: str
    name: str | None
    address: str | None
    children: tuple[str, ...]
    reason: str
    since: datetime
    remark: str | None = None


def home_visits(tx: Tx, who: Staffer, posyandu_id: str, now: datetime | None = None) -> list[HomeVisit]:
    """What is still to be done in a posyandu, the longest waiting first. Raises NotAllowed.

    With `now` the look at the names is written down in the audit trail; leave it out only where nobody sees them.
    """
    if not may_act_for(who, posyandu_id):
        raise NotAllowed("home visits of another posyandu")
    rows = tx.open_home_visits([posyandu_id])
    homes = tx.homes_of({row.household_id for row in rows})
    children = tx.names_of_children({row.household_id for row in rows})
    if now is not None:
        detail = {"list": "home_visits", "posyandu": posyandu_id}
        tx.audit("list_read", None, detail, now, actor_id=who.contact_id)
    return [
        HomeVisit(
            id=row.id,
            number=number,
            household_id=row.household_id,
            posyandu_id=row.posyandu_id,
            name=homes[row.household_id].mother,
            address=homes[row.household_id].address,
            children=tuple(children.get(row.household_id, ())),
            reason=row.reason,
            since=row.since,
            remark=row.outcome,
        )
        for number, row in sorted(zip(_numbered(tx, posyandu_id, rows), rows, strict=True), key=lambda pair: pair[0])
    ]


def keep_numbers(tx: Tx, posyandu_id: str, visits: Sequence[HomeVisit], now: datetime) -> None:
    """Fix the numbers of a list that is being shown: when 1 is done, 3 must still be 3."""
    known = _kept(tx, posyandu_id)
    fresh = [_digest(one.id) for one in visits if _digest(one.id) not in known]
    if not set(known) & {_digest(one.id) for one in visits}:
        known = []  # all of the old list is done: begin with 1 again
    if fresh:
        tx.set_setting(_NUMBERS + posyandu_id, json.dumps([*known, *fresh]), now)


def _numbered(tx: Tx, posyandu_id: str, rows: Sequence[HomeVisitRow]) -> list[int]:
    known = {digest: number for number, digest in enumerate(_kept(tx, posyandu_id), 1)}
    if not any(_digest(row.id) in known for row in rows):
        known = {}
    numbers, last = [], len(known)
    for row in rows:
        number = known.get(_digest(row.id))
        if number is None:
            last += 1
            number = last
        numbers.append(number)
    return numbers


def _kept(tx: Tx, posyandu_id: str) -> list[str]:
    kept = tx.setting(_NUMBERS + posyandu_id)
    return list(json.loads(kept)) if kept else []


def _digest(visit_id: str) -> str:
    return hashlib.sha256(visit_id.encode()).hexdigest()[:12]


def add_home_visit(tx: Tx, row: HomeVisitRow, now: datetime) -> bool:
    """Put a household on the list; False if it stands there for that reason already."""
    return tx.add_home_visit(row, now)


def finish_home_visit(deps: Deps, tx: Tx, who: Staffer, visit_id: str, outcome: str, now: datetime) -> bool:
    """Take a visit off the list with what came of it (at most 120 characters are kept); False if it was off already.

    Raises NoSuchVisit, NotAllowed.
    """
    row = tx.home_visit(visit_id)
    if row is None:
        raise NoSuchVisit(visit_id)
    if not may_act_for(who, row.posyandu_id):
        raise NotAllowed("home visits of another posyandu")
    done = tx.finish_home_visit(visit_id, who.contact_id, " ".join(outcome.split())[:_LONGEST_OUTCOME], now)
    if done:
        detail = {"reason": row.reason, "visit": visit_id}
        tx.audit("home_visit_done", None, detail, now, actor_id=who.contact_id, household_id=row.household_id)
    return done
