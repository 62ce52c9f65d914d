"""The simulated surroundings: which phones there are, where their families live, what is coming."""

from __future__ import annotations

import calendar
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from bot.simulator.host import Host
from sapa.messaging.states import Channel


@dataclass(frozen=True)
class Phone:
    """A phone on the page."""

    phone: str
    channel: str
    name: str


STARTING_PHONES = (
    Phone("+6281200000001", "whatsapp", "Ibu Maria"),
    Phone("+6281200000002", "whatsapp", "Bapak Yosef"),
    Phone("+6281200000003", "sms", "Nenek Ina"),
    Phone("+6281200000011", "whatsapp", "Kader Melati"),
)
# Somebody may have sent to hundreds of numbers from the command line; those who talked last get a phone on the page.
PHONES_BY_TALKING = 12
SESSIONS_SHOWN = 4


def phones(app: Host) -> list[Phone]:
    """Phones of the start, phones added by hand, and numbers that have messages without either."""
    found = {(phone.phone, phone.channel): phone for phone in STARTING_PHONES}
    for added in app.mailbox.phones():
        found[(added.phone, added.channel)] = Phone(added.phone, added.channel, added.name)
    for number, channel in app.mailbox.known_phones(PHONES_BY_TALKING):
        found.setdefault((number, channel), Phone(number, channel, _owner(found, number)))
    return list(found.values())


def name_of(app: Host, number: str, channel: str) -> str:
    """The name on this phone, the number itself where it has none."""
    for phone in phones(app):
        if (phone.phone, phone.channel) == (number, channel):
            return phone.name
    return number


def surroundings(app: Host, shown: list[Phone]) -> dict[str, Any]:
    """Phones with their family's time zone, the next posyandu days and the next planned message."""
    default, now = app.settings.default_timezone, app.clock.now()
    store = getattr(app.deps, "store", None)
    if store is None:
        return {"phones": [_phone_json(phone, default, False) for phone in shown], "sessions": [], "next_event": None}
    with store.transaction(write=False) as tx:
        homes = {(phone.phone, phone.channel): _posyandu(tx, phone) for phone in shown}
        zones = {key: row.timezone if row else default for key, row in homes.items()}
        event = _next_event(tx, now)
        return {
            "phones": [_phone_json(phone, zones[phone.phone, phone.channel], _works(tx, phone)) for phone in shown],
            "sessions": _sessions(tx, [row for row in homes.values() if row], now),
            "next_event": event.isoformat() if event else None,
        }


def next_event(app: Host, now: datetime) -> datetime | None:
    """When the next planned message goes out, as far as is known."""
    store = getattr(app.deps, "store", None)
    if store is None:
        return None
    with store.transaction(write=False) as tx:
        return _next_event(tx, now)


def add_months(moment: datetime, months: int) -> datetime:
    """The same wall-clock time `months` calendar months on; a day that does not exist becomes the month's last."""
    index = moment.month - 1 + months
    year, month = moment.year + index // 12, index % 12 + 1
    return moment.replace(year=year, month=month, day=min(moment.day, calendar.monthrange(year, month)[1]))


def new_sid() -> str:
    """A message id as the provider makes them."""
    return "SM" + secrets.token_hex(16)


def _owner(found: dict[tuple[str, str], Phone], number: str) -> str:
    """The name the same number has on another channel."""
    return next((phone.name for phone in found.values() if phone.phone == number), number)


def _phone_json(phone: Phone, timezone: str, staff: bool) -> dict[str, Any]:
    return {"phone": phone.phone, "channel": phone.channel, "name": phone.name, "timezone": timezone, "staff": staff}


def _works(tx: Any, phone: Phone) -> bool:
    """Whether this phone is a kader's, a bidan's or an admin's: it suggests what they write."""
    contact_id = tx.contact_id_for(Channel(phone.channel), phone.phone)
    return bool(contact_id and tx.roles_of(contact_id))


def _posyandu(tx: Any, phone: Phone) -> Any | None:
    """The posyandu of the family that holds this phone, or where its kader works; None where nobody knows it."""
    contact_id = tx.contact_id_for(Channel(phone.channel), phone.phone)
    contact = tx.contact(contact_id) if contact_id else None
    if contact is None:
        return None
    if contact.household_id is not None:
        return tx.posyandu_of(contact.household_id)
    return next((tx.posyandu(role.posyandu_id) for role in tx.roles_of(contact.id) if role.posyandu_id), None)


def _sessions(tx: Any, homes: list[Any], now: datetime) -> list[dict[str, str]]:
    """The next days of the posyandu these families go to (of any, while nobody is registered), soonest first."""
    rows = {row.id: row for row in homes or tx.list_posyandu()[:SESSIONS_SHOWN]}
    coming = [
        {
            "posyandu": row.name,
            "timezone": row.timezone,
            "date": session.date.isoformat(),
            "time": session.time.strftime("%H:%M"),
            "place": session.place,
        }
        for row in rows.values()
        for session in tx.sessions_of(row.id, now.astimezone(ZoneInfo(row.timezone)).date())
    ]
    return sorted(coming, key=lambda day: (day["date"], day["time"]))[:SESSIONS_SHOWN]


def _next_event(tx: Any, now: datetime) -> datetime | None:
    moments = [moment for moment in (tx.next_reminder_at(now), tx.next_outbox_at(now)) if moment]
    return min(moments, default=None)
