"""Who of the staff may see and do what. Every page, command and message of staff asks here and nowhere else.

A kader sees the families of her own posyandu by name. A bidan of a puskesmas sees those of every posyandu in her area.
A district admin sees figures without names, and looks after the organisation. Nobody sees a family's contraception:
its consent names nobody but the family.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from sapa.services.ports import Tx
from sapa.services.records import StaffRow


class Role(StrEnum):
    """What somebody is in the programme."""

    KADER = "kader"
    BIDAN = "bidan"
    ADMIN = "admin"


class NotAllowed(PermissionError):
    """This person may not see or do that; the message names the rule, never the family."""


@dataclass(frozen=True)
class Staffer:
    """Somebody of the staff and how far they see.

    by_name: ids of posyandu whose families they see by name. figures: ids of posyandu of which they see figures.
    areas: ids of the areas they were made bidan or admin of. as_bidan: ids of the posyandu they see as a bidan does:
    who is bidan here and kader elsewhere is a kader there.
    """

    contact_id: str
    name: str | None
    roles: tuple[StaffRow, ...]
    by_name: frozenset[str]
    figures: frozenset[str]
    areas: frozenset[str]
    as_bidan: frozenset[str] = frozenset()

    @property
    def role(self) -> Role:
        """The widest role: admin, then bidan, then kader."""
        held = {Role(row.role) for row in self.roles}
        return next(role for role in (Role.ADMIN, Role.BIDAN, Role.KADER) if role in held)

    def holds(self, role: Role) -> bool:
        """Whether they hold this role anywhere."""
        return any(row.role == role for row in self.roles)


def staffer(tx: Tx, contact_id: str) -> Staffer | None:
    """Somebody's place in the staff; None for everybody else, and for a number that says "bukan saya"."""
    contact = tx.contact(contact_id)
    roles = tx.roles_of(contact_id)
    if contact is None or contact.suspended_at is not None or not roles:
        return None
    by_name: set[str] = set()
    figures: set[str] = set()
    as_bidan: set[str] = set()
    for row in roles:
        if row.posyandu_id is not None:
            by_name.add(row.posyandu_id)
        elif row.area_id is not None:
            inside = {place.id for place in tx.posyandu_in(row.area_id)}
            figures |= inside
            if row.role == Role.BIDAN:
                as_bidan |= inside
    by_name |= as_bidan
    areas = frozenset(row.area_id for row in roles if row.area_id is not None)
    return Staffer(
        contact_id,
        contact.name,
        tuple(roles),
        frozenset(by_name),
        frozenset(by_name | figures),
        areas,
        frozenset(as_bidan),
    )


def may_see_household(tx: Tx, who: Staffer, household_id: str) -> bool:
    """Whether they may see this family by name: it belongs to a posyandu of theirs."""
    place = tx.posyandu_of(household_id)
    return place is not None and place.id in who.by_name


def may_act_for(who: Staffer, posyandu_id: str) -> bool:
    """Whether they may plan sessions, broadcast and write down attendance for this posyandu."""
    return posyandu_id in who.by_name


def may_see_figures(who: Staffer, posyandu_id: str) -> bool:
    """Whether they may see this posyandu's figures (without names)."""
    return posyandu_id in who.figures
