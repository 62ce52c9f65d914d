"""Who of the staff a case concerns: who is told of it, and who may see and answer it."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sapa.services.access import Role, Staffer
from sapa.services.case_records import CaseView
from sapa.services.case_rules import is_for_bidan_only
from sapa.services.notices import preferred
from sapa.services.ports import Tx
from sapa.services.records import StaffRow


def concerned(tx: Tx, case: CaseView, roles: Collection[Role]) -> list[str]:
    """Contacts of the staff in these roles whom the case concerns and who can be reached; each once.

    Of a family with a posyandu: its kader, and the bidan of the areas it lies in. Of a family without one: the bidan of
    its province. Nobody is told of a case of their own household.
    """
    rows = _around(tx, case)
    return [
        contact_id
        for contact_id in dict.fromkeys(row.contact_id for row in rows if row.role in set(roles))
        if _reachable(tx, contact_id, case.household_id)
    ]


def concerned_or_bidan(tx: Tx, case: CaseView, roles: Sequence[Role]) -> list[str]:
    """As `concerned`; where there is no kader to tell, the bidan."""
    return concerned(tx, case, roles) or concerned(tx, case, (Role.BIDAN,))


def _around(tx: Tx, case: CaseView) -> list[StaffRow]:
    if case.posyandu_id is not None:
        return tx.staff_of_posyandu(case.posyandu_id)
    if case.province is None:
        return []
    wanted = case.province.casefold()
    bidan = [row for row in tx.all_staff() if row.role == Role.BIDAN and row.area_id is not None]
    near = {area_id for area_id in {row.area_id for row in bidan} if wanted in _folded(_provinces_of(tx, area_id))}
    return [row for row in bidan if row.area_id in near]


def _reachable(tx: Tx, contact_id: str, household_id: str | None) -> bool:
    contact = tx.contact(contact_id)
    if contact is None or contact.opted_out_at is not None or contact.suspended_at is not None:
        return False
    at_home = household_id is not None and contact.household_id == household_id
    return not at_home and preferred(tx.addresses_of(contact_id)) is not None


class Sight:
    """How far somebody of the staff sees into cases; worked out once for a whole list."""

    def __init__(self, tx: Tx, who: Staffer) -> None:
        contact = tx.contact(who.contact_id)
        self.who = who
        self.provinces = provinces(tx, who)
        self._own_home = contact.household_id if contact is not None else None
        self._as_bidan = _posyandu_as_bidan(tx, who)
        self._folded = _folded(self.provinces)

    def may_see(self, case: CaseView) -> bool:
        """Whether this case may be shown to them by name."""
        if case.household_id is None or case.household_id == self._own_home:
            return False
        return self.as_bidan(case) or (case.posyandu_id in self.who.by_name and not is_for_bidan_only(case))

    def as_bidan(self, case: CaseView) -> bool:
        """Whether they are this family's bidan."""
        if case.posyandu_id is not None:
            return case.posyandu_id in self._as_bidan
        return case.province is not None and case.province.casefold() in self._folded


def provinces(tx: Tx, who: Staffer) -> tuple[str, ...]:
    """The provinces somebody is a bidan in: families there that have no posyandu are theirs too."""
    found: set[str] = set()
    for row in who.roles:
        if row.role == Role.BIDAN and row.area_id is not None:
            found |= _provinces_of(tx, row.area_id)
    return tuple(sorted(found))


def role_towards(tx: Tx, who: Staffer, case: CaseView) -> tuple[Role, str | None]:
    """As what somebody speaks to this family: (role, the posyandu's name for a kader)."""
    if Sight(tx, who).as_bidan(case):
        return Role.BIDAN, None
    return Role.KADER, case.posyandu


def _posyandu_as_bidan(tx: Tx, who: Staffer) -> frozenset[str]:
    areas = [row.area_id for row in who.roles if row.role == Role.BIDAN and row.area_id is not None]
    return frozenset(place.id for area_id in areas for place in tx.posyandu_in(area_id))


def _provinces_of(tx: Tx, area_id: str | None) -> set[str]:
    """The province an area lies in: as the areas say, or as its posyandu say where the areas do not reach so far."""
    if area_id is None:
        return set()
    named = {area.name for area in tx.areas_above(area_id) if area.kind in _PROVINCE}
    return named or {place.province for place in tx.posyandu_in(area_id) if place.province is not None}


_PROVINCE = ("province", "provinsi")


def _folded(names: Collection[str]) -> set[str]:
    return {name.casefold() for name in names}
