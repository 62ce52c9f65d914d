"""The demonstration village: two posyandu that exist only to be tried out."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

from sapa.family.calendar import add_months
from sapa.services.ports import Tx
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
