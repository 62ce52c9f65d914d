"""Cases as whoever runs the system sees them: all of them, listed and closed from the command line.

While one of danger is open, ordinary reminders pause. What kader and bidan do with cases is in casework.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sapa.services.case_actions import MAX_OUTCOME, conclude
from sapa.services.case_records import NoSuchCase
from sapa.services.deps import Deps
from sapa.services.ports import Tx
from sapa.services.records import CaseRow

__all__ = ["NoSuchCase", "OpenCase", "close", "open_cases"]


@dataclass(frozen=True)
class OpenCase:
    """An open case as a human sees it: whom to reach, where, why and since when. Holds no message text.

    taken_by: the name of whoever has it; unassigned: nobody could be told of it.
    """

    id: str
    kind: str
    opened_at: datetime
    name: str | None
    address: str
    posyandu: str | None
    number: int | None = None
    taken_by: str | None = None
    unassigned: bool = False


def open_cases(deps: Deps) -> list[OpenCase]:
    """Every open case: danger first, then the one that has waited longest."""
    with deps.store.transaction(write=False) as tx:
        found = [_seen(tx, case) for case in tx.open_cases()]
    return sorted(found, key=lambda case: (case.kind != "danger", case.opened_at))


def close(deps: Deps, case_id: str, outcome: str, now: datetime) -> OpenCase:
    """Close a case with what came of it (at most 120 characters are kept).

    case_id: the id, its beginning, or "#12" for the case numbered 12. Raises NoSuchCase.
    """
    with deps.store.transaction() as tx:
        fitting = [case for case in tx.open_cases() if _fits(case, case_id)]
        if len(fitting) != 1:
            raise NoSuchCase(case_id)
        (view,) = tx.case_views(case_id=fitting[0].id)
        conclude(deps, tx, view, outcome[:MAX_OUTCOME], None, now)
        return _seen(tx, fitting[0])


def _fits(case: CaseRow, wanted: str) -> bool:
    if wanted.startswith("#"):
        return wanted[1:] == str(case.number)
    return bool(wanted) and case.id.startswith(wanted)


def _seen(tx: Tx, case: CaseRow) -> OpenCase:
    contact = tx.contact(case.contact_id)
    taker = tx.contact(case.taken_by) if case.taken_by is not None else None
    addresses = tx.addresses_of(case.contact_id)
    posyandu = tx.posyandu_of(contact.household_id) if contact is not None and contact.household_id else None
    return OpenCase(
        id=case.id,
        kind=case.kind,
        opened_at=case.opened_at,
        name=contact.name if contact is not None else None,
        address=addresses[0].phone or addresses[0].value if addresses else "",
        posyandu=posyandu.name if posyandu is not None else None,
        number=case.number,
        taken_by=taker.name if taker is not None else None,
        unassigned=case.notified_at is None and case.taken_by is None and case.reminded_at is not None,
    )
