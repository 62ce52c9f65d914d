"""Who works in the programme: enrolled by the puskesmas or the command line, or invited with a one-time code.

Roles are given and taken here and nowhere else; what a role may see is decided in access.py.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import NAMESPACE_URL, uuid5

from sapa.family.reading.kader import MAX_NAME
from sapa.family.reading.seats import read_phone
from sapa.messaging.states import Channel
from sapa.services import seats
from sapa.services.access import NotAllowed, Role, Staffer, staffer
from sapa.services.deps import Deps
from sapa.services.notices import preferred, tell
from sapa.services.ports import Tx
from sapa.services.records import CodeRow, Reply, StaffRow

CODE_KIND = "tugas"
CODE_LIFE = timedelta(days=7)
# Kept beside the consents: a kader agrees that her name and number are known to her village's families and puskesmas.
STAFF_CONSENT = "staff"
JOINED_NOTICE = "kader/undangan/kabar-bergabung"


class StaffError(ValueError):
    """Somebody cannot be enrolled; the message says which field is wrong."""


@dataclass(frozen=True)
class StaffSeen:
    """A role as a list shows it. place: name of the posyandu or area; phone: E.164 where known."""

    id: str
    contact_id: str
    role: str
    name: str | None
    phone: str | None
    place_id: str
    place: str


# ------------------------------------------------------------------------------------------------ given and taken


def enrol(
    tx: Tx, phone: str, name: str, role: Role | str, place_id: str, granted_by: str | None, now: datetime
) -> StaffRow:
    """Give a role to the person behind a number; doing it again changes nothing.

    phone: as people write it ("0812-..." or "+62812..."). place_id: the posyandu of a kader, the area of a bidan or
    admin. granted_by: contact id of whoever decided it, None for the command line. A name the person gave before is
    kept. Raises StaffError for a number, role or place that is none.
    """
    number = read_phone(phone)
    if number is None:
        raise StaffError(f"phone: {phone!r} is no telephone number")
    contact, _ = tx.contact_for_address(Channel.WHATSAPP, number, number, now)
    if not contact.name and name.strip():
        tx.set_contact_name(contact.id, name.strip()[:MAX_NAME])
    return give(tx, contact.id, role, place_id, granted_by, now)


def give(tx: Tx, contact_id: str, role: Role | str, place_id: str, granted_by: str | None, now: datetime) -> StaffRow:
    """Give a role to a known contact; giving it twice changes nothing. Raises StaffError."""
    row = _row(tx, contact_id, role, place_id, granted_by)
    if all(held.id != row.id for held in tx.roles_of(contact_id)):
        tx.grant(row, now)
        tx.audit("staff_granted", contact_id, {"role": row.role, "place": place_id}, now, actor_id=granted_by)
    return row


def revoke(tx: Tx, staff_id: str, by: str | None, now: datetime) -> bool:
    """Take a role away (`by`: contact id, None for the command line); False if nobody holds it."""
    held = next((row for row in tx.all_staff() if row.id == staff_id), None)
    if held is None or not tx.revoke(staff_id, now):
        return False
    place = held.posyandu_id or held.area_id or ""
    tx.audit("staff_revoked", held.contact_id, {"role": held.role, "place": place}, now, actor_id=by)
    if not tx.roles_of(held.contact_id):
        # What waits for her as staff (a list of names, a case) is not hers to read any more.
        tx.set_dialogue_reset(held.contact_id, True)
        tx.drop_lessons(held.contact_id)
    return True


def list_staff(tx: Tx, places: Collection[str] | None = None) -> list[StaffSeen]:
    """Every role that is held, by role, place and name; `places`: only those of these posyandu and areas."""
    seen: list[StaffSeen] = []
    for row in tx.all_staff():
        place_id = row.posyandu_id or row.area_id or ""
        if places is not None and place_id not in places:
            continue
        contact = tx.contact(row.contact_id)
        address = preferred(tx.addresses_of(row.contact_id))
        phone = (address.phone or address.value) if address else None
        name = contact.name if contact else None
        seen.append(StaffSeen(row.id, row.contact_id, row.role, name, phone, place_id, place_name(tx, place_id)))
    return sorted(seen, key=lambda one: (one.role, one.place, one.name or ""))


def place_name(tx: Tx, place_id: str) -> str:
    """The name of a posyandu or area."""
    place = tx.posyandu(place_id)
    if place is not None:
        return place.name
    area = tx.area(place_id)
    return area.name if area is not None else ""


def _row(tx: Tx, contact_id: str, role: Role | str, place_id: str, granted_by: str | None) -> StaffRow:
    try:
        role = Role(role)
    except ValueError:
        raise StaffError(f"role: {role!r} is none of kader, bidan, admin") from None
    place, area = tx.posyandu(place_id), tx.area(place_id)
    if role is Role.KADER and place is None:
        raise StaffError(f"posyandu: {place_id!r} is unknown")
    if role is not Role.KADER and area is None:
        raise StaffError(f"area: {place_id!r} is unknown")
    kader = role is Role.KADER
    return StaffRow(
        id=str(uuid5(NAMESPACE_URL, f"staff:{contact_id}:{role.value}:{place_id}")),
        contact_id=contact_id,
        role=role.value,
        posyandu_id=place_id if kader else None,
        area_id=None if kader else place_id,
        granted_by=granted_by,
    )


# ------------------------------------------------------------------------------------------------------ invitations


def may_invite(tx: Tx, who: Staffer, role: Role | str, place_id: str) -> bool:
    """A kader and a bidan invite kader of their posyandu; an admin invites bidan and kader of the whole area."""
    if role == Role.KADER:
        return place_id in who.by_name or (who.holds(Role.ADMIN) and place_id in who.figures)
    if role == Role.BIDAN:
        ruled = [row.area_id for row in who.roles if row.role == Role.ADMIN and row.area_id]
        return any(place_id in tx.areas_below(area_id) for area_id in ruled)
    return False  # who looks after the organisation is decided at the command line


def invite(tx: Tx, who: Staffer, role: Role | str, place_id: str, seed: str, now: datetime) -> str:
    """A one-time code, valid seven days. Raises NotAllowed. seed: id of the message or form that asks for it.

    Each request makes a code of its own: a code takes in one person.
    """
    if not may_invite(tx, who, role, place_id):
        raise NotAllowed("only for a posyandu or area of one's own")
    detail = {"role": Role(role).value, "place": place_id}
    code = seats.new_code(tx, CODE_KIND, None, who.contact_id, detail, CODE_LIFE, seed, now)
    tx.audit("staff_invited", None, detail, now, actor_id=who.contact_id)
    return code


def offered(tx: Tx, contact_id: str, code: str, now: datetime) -> tuple[CodeRow | None, str | None]:
    """The invitation behind a code, or why there is none (as seats.find_code). Changes nothing.

    A code whose giver may not invite any more (her own role was taken) opens nothing.
    """
    row, why = seats.find_code(tx, contact_id, code, CODE_KIND, now)
    if row is None:
        return None, why
    giver = staffer(tx, row.created_by)
    if giver is None or not may_invite(tx, giver, str(row.detail["role"]), str(row.detail["place"])):
        return None, seats.LATE
    return row, None


def redeem(
    deps: Deps, tx: Tx, contact_id: str, row: CodeRow, name: str, wording: str, inbound_id: str, now: datetime
) -> StaffRow | None:
    """Take the role a code offers; None if somebody else was first. The one who invited is told.

    wording: the consent text as it was shown, kept with the yes.
    """
    if not tx.use_code(row.code, contact_id, now):
        return None
    tx.set_contact_name(contact_id, name.strip()[:MAX_NAME])
    tx.record_consent(contact_id, STAFF_CONSENT, wording, True, inbound_id, now)
    tx.audit("consent", contact_id, {"purpose": STAFF_CONSENT}, now)
    # Whoever takes up work with us wants to be written to again.
    tx.set_opt_out(contact_id, None)
    given = give(tx, contact_id, str(row.detail["role"]), str(row.detail["place"]), row.created_by, now)
    told = Reply(JOINED_NOTICE, {"member_name": name, "role": given.role, "place": place_name(tx, _place(given))})
    tell(deps, tx, row.created_by, told, now, f"staff:{row.code}:{contact_id}")
    return given


def _place(row: StaffRow) -> str:
    return row.posyandu_id or row.area_id or ""
