"""Cases: what a human must look at, listed and closed. While one of danger is open, ordinary reminders pause."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sapa.services.deps import Deps
from sapa.services.losses import CASE as DUKA
from sapa.services.losses import resume
from sapa.services.ports import Tx
from sapa.services.records import CaseRow


class NoSuchCase(LookupError):
    """No open case has this id, or the beginning of an id fits more than one."""


@dataclass(frozen=True)
class OpenCase:
    """An open case as a human sees it: whom to reach, where, why and since when. Holds no message text."""

    id: str
    kind: str
    opened_at: datetime
    name: str | None
    address: str
    posyandu: str | None


def open_cases(deps: Deps) -> list[OpenCase]:
    """Every open case: danger first, then the one that has waited longest."""
    with deps.store.transaction(write=False) as tx:
        found = [_seen(tx, case) for case in tx.open_cases()]
    return sorted(found, key=lambda case: (case.kind != "danger", case.opened_at))


def close(deps: Deps, case_id: str, outcome: str, now: datetime) -> OpenCase:
    """Close a case with what came of it (at most 120 characters are kept); `case_id` may be the id's beginning.

    Raises NoSuchCase.
    """
    with deps.store.transaction() as tx:
        fitting = [case for case in tx.open_cases() if case_id and case.id.startswith(case_id)]
        if len(fitting) != 1:
            raise NoSuchCase(case_id)
        case = fitting[0]
        tx.close_case(case.id, outcome[:120], now)
        contact = tx.contact(case.contact_id)
        if case.kind == DUKA and contact is not None and contact.household_id is not None:
            # A human has spoken with the family: what still goes on may be reminded of again.
            resume(deps, tx, contact.household_id, now)
        tx.audit("case_closed", case.contact_id, {"kind": case.kind}, now)
        return _seen(tx, case)


def _seen(tx: Tx, case: CaseRow) -> OpenCase:
    contact = tx.contact(case.contact_id)
    addresses = tx.addresses_of(case.contact_id)
    posyandu = tx.posyandu_of(contact.household_id) if contact is not None and contact.household_id else None
    return OpenCase(
        id=case.id,
        kind=case.kind,
        opened_at=case.opened_at,
        name=contact.name if contact is not None else None,
        address=addresses[0].phone or addresses[0].value if addresses else "",
        posyandu=posyandu.name if posyandu is not None else None,
    )
