"""WORLD.yml: the posyandu a scripted conversation or a demonstration plays in (design, section 4)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import yaml

from sapa.family.regions import timezone_for
from sapa.services.ports import Tx
from sapa.services.records import PosyanduRow, SessionRow


class WorldError(ValueError):
    """WORLD.yml cannot be read; the message names the field."""


def read_world(text: str) -> tuple[list[PosyanduRow], list[SessionRow]]:
    """The posyandu and sessions of a WORLD.yml. Raises WorldError."""
    try:
        world = yaml.safe_load(text) or {}
    except yaml.YAMLError as error:
        raise WorldError(f"not readable as YAML: {str(error).splitlines()[0]}") from error
    entries = world.get("posyandu", []) if isinstance(world, Mapping) else None
    if not isinstance(entries, list):
        raise WorldError("posyandu: a list is needed")
    places: list[PosyanduRow] = []
    sessions: list[SessionRow] = []
    for number, entry in enumerate(entries):
        where = f"posyandu[{number}]"
        place = _posyandu(entry, where)
        places.append(place)
        for index, session in enumerate(entry.get("sessions") or []):
            sessions.append(_session(session, place.id, f"{where}.sessions[{index}]"))
    return places, sessions


def save_world(tx: Tx, places: list[PosyanduRow], sessions: list[SessionRow]) -> None:
    """Write a world; saying the same again changes nothing."""
    for place in places:
        tx.save_posyandu(place)
    for session in sessions:
        tx.save_session(session)


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
