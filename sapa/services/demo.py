"""The demonstration village: two posyandu that exist only to be tried out."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import NAMESPACE_URL, uuid5
from zoneinfo import ZoneInfo

from sapa.family.calendar import add_months
from sapa.messaging.states import Channel
from sapa.services.access import Role
from sapa.services.demo_village import MONTHS_BACK, Words, people_of
from sapa.services.deps import Deps
from sapa.services.organisation import area_key, chain
from sapa.services.ports import Tx
from sapa.services.records import PosyanduRow, SessionRow
from sapa.services.register_records import AddressNew
from sapa.services.staff import enrol
from sapa.services.worlds import read_world, save_world

_MONTHS = 48  # from before a wedding to the second birthday of a child that comes after it
_PLACES: tuple[dict[str, Any], ...] = (
    {
        "name": "Melati",
        "province": "Nusa Tenggara Timur",
        "village": "Desa Contoh",
        "facility": {"name": "Puskesmas Contoh", "phone": "0380-000000"},
        "day": 10,
        "time": "08:00",
        "place": "Balai Desa Contoh",
    },
    {
        "name": "Mawar",
        "province": "Jawa Barat",
        "village": "Desa Contoh Dua",
        "facility": {"name": "Puskesmas Contoh Dua", "phone": "022-000000"},
        "day": 17,
        "time": "09:00",
        "place": "Rumah Ibu RW 03",
    },
)
_OWN_IDS = frozenset(str(uuid5(NAMESPACE_URL, f"posyandu:{place['name']}")) for place in _PLACES)


def demo_world(today: date) -> str:
    """WORLD.yml (as JSON, which is YAML) with a session a month from this month on."""
    places = []
    for place in _PLACES:
        first = today.replace(day=place["day"])
        sessions = [
            {"date": add_months(first, month).isoformat(), "time": place["time"], "place": place["place"]}
            for month in range(_MONTHS)
        ]
        about = {key: place[key] for key in ("name", "province", "village", "facility")}
        places.append({**about, "sessions": sessions})
    return json.dumps({"posyandu": places})


def seed_demo(tx: Tx, today: date) -> bool:
    """Put the demonstration village into an empty store; False if there are posyandu already."""
    if tx.list_posyandu():
        return False
    save_world(tx, *read_world(demo_world(today)))
    return True


# ------------------------------------------------------------------------------------------- people to look at


_AREAS: dict[str, tuple[str, ...]] = {
    "Melati": ("Nusa Tenggara Timur", "Kabupaten Contoh", "Kecamatan Contoh", "Desa Contoh"),
    "Mawar": ("Jawa Barat", "Kabupaten Contoh Dua", "Kecamatan Contoh Dua", "Desa Contoh Dua"),
}
# Numbers of the staff, in the simulator's range.
KADER_MELATI, BIDAN, ADMIN, KADER_MAWAR = "+6281200000011", "+6281200000012", "+6281200000013", "+6281200000014"
_FIRST_NUMBERS = {"Melati": 1001, "Mawar": 2001}
_REMINDER = "pengingat/posyandu"
_CASES = (
    # kind, number of the family among the reachable ones, days ago, closed with
    ("danger", 2, 40, "dirujuk"),
    ("keluhan", 5, 9, "selesai"),
    ("handover", 1, 0, None),
    ("keluhan", 7, 2, None),
    ("pertumbuhan", 9, 5, None),
    ("pertumbuhan", 12, 12, None),
)


def seed_village(deps: Deps, tx: Tx, now: datetime) -> bool:
    """Fill the demonstration village with staff and families; False if that was done, or these are not its posyandu.

    Call after seed_demo, and only where no message can reach a real person: the families' numbers are made up.
    now: aware.
    """
    places = {row.name: row for row in tx.list_posyandu() if row.id in _OWN_IDS}
    if set(places) != set(_AREAS) or any(tx.area(area_key(names)) for names in _AREAS.values()):
        return False
    for name, names in _AREAS.items():
        rows = chain(names, places[name].timezone)
        for area in rows:
            tx.save_area(area)
        places[name] = replace(places[name], area_id=rows[-1].id)
        tx.save_posyandu(places[name])
    kader = _enrol_staff(tx, places, now)
    for name, place in places.items():
        _people(deps, tx, place, kader[name], _FIRST_NUMBERS[name], now)
    tx.audit("demonstration_seeded", None, {}, now)
    return True


def _enrol_staff(tx: Tx, places: Mapping[str, PosyanduRow], now: datetime) -> dict[str, str]:
    """The kader of each posyandu by its name, besides a bidan and an admin of the first area."""
    names = _AREAS["Melati"]
    enrol(tx, BIDAN, "Bidan Contoh", Role.BIDAN, area_key(names[:3]), None, now)
    enrol(tx, ADMIN, "Admin Contoh", Role.ADMIN, area_key(names[:2]), None, now)
    return {
        name: enrol(tx, phone, f"Ibu Kader {name}", Role.KADER, places[name].id, None, now).contact_id
        for name, phone in (("Melati", KADER_MELATI), ("Mawar", KADER_MAWAR))
    }


def _people(deps: Deps, tx: Tx, place: PosyanduRow, kader_id: str, first_number: int, now: datetime) -> None:
    zone = ZoneInfo(place.timezone)
    today = now.astimezone(zone).date()
    past = _past_sessions(tx, place, today, zone)
    tx.save_sessions(past)
    rows = people_of(place, past, first_number, kader_id, _words(deps, place, past, today), now)
    tx.add_rows(rows)
    reachable = [row.contact_id for row in rows if isinstance(row, AddressNew)]
    for number, (kind, family, days, outcome) in enumerate(_CASES):
        opened = now - timedelta(days=days, hours=3)
        case_id = tx.open_case(reachable[family], kind, f"demonstration:{place.id[:8]}:{number}", opened)
        if outcome is not None:
            tx.close_case(case_id, outcome, opened + timedelta(hours=5))


def _past_sessions(tx: Tx, place: PosyanduRow, today: date, zone: ZoneInfo) -> list[SessionRow]:
    """The sessions of the past year, oldest first, with everybody written down."""
    about = next(entry for entry in _PLACES if entry["name"] == place.name)
    first = today.replace(day=about["day"])
    days = [add_months(first, -months) for months in range(MONTHS_BACK, -1, -1)]
    at = time.fromisoformat(about["time"])
    return [
        SessionRow(
            id=str(uuid5(NAMESPACE_URL, f"session:{place.id}:{day.isoformat()}")),
            posyandu_id=place.id,
            date=day,
            time=at,
            place=about["place"],
            closed_at=datetime.combine(day, time(13), zone),
        )
        for day in days
        if day < today
    ]


def _words(deps: Deps, place: PosyanduRow, past: Sequence[SessionRow], today: date) -> Words:
    session = past[-1]
    told = {
        "bot_whatsapp": deps.bot_whatsapp,
        "posyandu": place.name,
        "date": session.date,
        "time": f"{session.time:%H:%M}",
        "place": session.place,
        "days": 3,
        "children": [],
        "also": [],
        "profile": place.vaccine_profile,
    }

    def words(key: str, channel: Channel = Channel.WHATSAPP, **more: Any) -> str:
        return deps.content.render(key, channel.value, today, **more).text

    return Words(
        child_consent=words("dialog/persetujuan/minta"),
        pregnancy_consent=words("dialog/persetujuan/hamil"),
        kader_consent=words("dialog/persetujuan/lewat-kader"),
        reminder={channel.value: words(_REMINDER, channel, **told) for channel in Channel},
    )
