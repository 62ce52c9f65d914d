"""WORLD.yml: the posyandu a scripted conversation or a demonstration plays in (design, section 4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import yaml

from sapa.family.reading.seats import read_phone
from sapa.family.regions import timezone_for
from sapa.services import staff as enrolment
from sapa.services.access import Role
from sapa.services.ports import Tx
from sapa.services.records import AreaRow, PosyanduRow, SessionRow

# libyaml reads a world of four years ten times as fast; a PyYAML built without it has only its own.
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class WorldError(ValueError):
    """WORLD.yml cannot be read; the message names the field."""


@dataclass(frozen=True)
class WorldStaff:
    """Somebody who works at a posyandu of the world. area: the desa a bidan looks after; None for a kader."""

    role: Role
    name: str
    phone: str
    posyandu_id: str
    area: AreaRow | None = None


def read_world(text: str) -> tuple[list[PosyanduRow], list[SessionRow]]:
    """The posyandu and sessions of a WORLD.yml; a posyandu with a bidan lies in a desa. Raises WorldError."""
    places: list[PosyanduRow] = []
    sessions: list[SessionRow] = []
    for number, entry in enumerate(_entries(text)):
        where = f"posyandu[{number}]"
        place = _posyandu(entry, where)
        places.append(replace(place, area_id=_desa(place).id) if entry.get("bidan") else place)
        for index, session in enumerate(entry.get("sessions") or []):
            sessions.append(_session(session, place.id, f"{where}.sessions[{index}]"))
    return places, sessions


def read_staff(text: str) -> list[WorldStaff]:
    """The kader and bidan of a WORLD.yml. Raises WorldError."""
    found: list[WorldStaff] = []
    for number, entry in enumerate(_entries(text)):
        where = f"posyandu[{number}]"
        found.extend(_workers(entry, _posyandu(entry, where), where))
    return found


def _entries(text: str) -> list[Any]:
    try:
        world = yaml.load(text, Loader=_LOADER) or {}
    except yaml.YAMLError as error:
        raise WorldError(f"not readable as YAML: {str(error).splitlines()[0]}") from error
    entries = world.get("posyandu", []) if isinstance(world, Mapping) else None
    if not isinstance(entries, list):
        raise WorldError("posyandu: a list is needed")
    return entries


def save_world(
    tx: Tx,
    places: Sequence[PosyanduRow],
    sessions: Sequence[SessionRow],
    staff: Sequence[WorldStaff] = (),
    now: datetime | None = None,
) -> None:
    """Write a world; saying the same again changes nothing. now: aware, needed where there is staff."""
    for area in {one.area.id: one.area for one in staff if one.area is not None}.values():
        tx.save_area(area)
    known = {area.id for area in tx.areas()}
    for place in places:
        # Without its bidan a world has no desa to lie in.
        tx.save_posyandu(place if place.area_id in known else replace(place, area_id=None))
    tx.save_sessions(sessions)
    for one in staff:
        if now is None:
            raise ValueError("staff is enrolled at a moment: now is needed")
        place_id = one.area.id if one.area is not None else one.posyandu_id
        enrolment.enrol(tx, one.phone, one.name, one.role, place_id, None, now)


def _workers(entry: Mapping[str, Any], place: PosyanduRow, where: str) -> list[WorldStaff]:
    """The kader of a posyandu, and the bidan of the desa it lies in."""
    found: list[WorldStaff] = []
    for role in (Role.KADER, Role.BIDAN):
        people = entry.get(role.value) or []
        if not isinstance(people, list):
            raise WorldError(f"{where}.{role.value}: a list is needed")
        area = _desa(place) if role is Role.BIDAN else None
        for number, person in enumerate(people):
            name, phone = _person(person, f"{where}.{role.value}[{number}]")
            found.append(WorldStaff(role, name, phone, place.id, area))
    return found


def _desa(place: PosyanduRow) -> AreaRow:
    village = place.village or place.name
    return AreaRow(id=str(uuid5(NAMESPACE_URL, f"area:desa:{village}")), kind="desa", name=village)


def _person(person: Any, where: str) -> tuple[str, str]:
    if not isinstance(person, Mapping) or not person.get("address"):
        raise WorldError(f"{where}: a mapping with name and address is needed")
    phone = read_phone(str(person["address"]))
    if phone is None:
        raise WorldError(f"{where}.address: {person['address']!r} is no telephone number (+62...)")
    return str(person.get("name") or ""), phone


def _posyandu(entry: Any, where: str) -> PosyanduRow:
    if not isinstance(entry, Mapping) or not entry.get("name"):
        raise WorldError(f"{where}.name: missing")
    province = entry.get("province")
    facility = entry.get("facility") or {}
    if isinstance(facility, str):
        facility = {"name": facility}
    try:
        zone = entry.get("timezone") or timezone_for(province)
    except (KeyError, ValueError) as error:
        raise WorldError(f"{where}.province: {error}") from error
    return PosyanduRow(
        id=str(uuid5(NAMESPACE_URL, f"posyandu:{entry['name']}")),
        name=str(entry["name"]),
        timezone={"WIB": "Asia/Jakarta", "WITA": "Asia/Makassar", "WIT": "Asia/Jayapura"}.get(zone, zone),
        province=province,
        village=entry.get("village"),
        facility_name=facility.get("name"),
        facility_phone=str(facility["phone"]) if facility.get("phone") else None,
        vaccine_profile=entry.get("vaccine_profile", "pentavalen"),
        je_region=bool(entry.get("je_region", False)),
    )


def _session(entry: Any, posyandu_id: str, where: str) -> SessionRow:
    if not isinstance(entry, Mapping):
        raise WorldError(f"{where}: a mapping with date, time and place is needed")
    day = _date(entry.get("date"), f"{where}.date")
    return SessionRow(
        id=str(uuid5(NAMESPACE_URL, f"session:{posyandu_id}:{day.isoformat()}")),
        posyandu_id=posyandu_id,
        date=day,
        time=_time(entry.get("time", "08:00"), f"{where}.time"),
        place=str(entry.get("place") or ""),
    )


def _date(value: Any, where: str) -> date:
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        raise WorldError(f"{where}: {value!r} is not a date (YYYY-MM-DD)") from None


def _time(value: Any, where: str) -> time:
    if isinstance(value, int):  # YAML 1.1 reads 08:30 as a number in base 60
        return time(value // 60, value % 60) if 0 <= value < 24 * 60 else time(0)
    try:
        return time.fromisoformat(str(value).replace(".", ":"))
    except ValueError:
        raise WorldError(f"{where}: {value!r} is not a time (HH:MM)") from None
