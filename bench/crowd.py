"""People with a phone, and messages that wait for them: put into the tables in bulk, as a registration would."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import insert

from bench.machinery import Home
from sapa.store.models import AddressTable, Base, ContactTable, OutboxTable

_AT_ONCE = 2_000
# A text of the usual length of an answer.
TEXT = (
    "Anak umur 6 bulan mulai diberi makanan pendamping ASI.\n\nBeri 2 sampai 3 sendok makan bubur kental, 2 kali "
    "sehari, sambil ASI diteruskan. Tambahkan telur, ikan, atau hati ayam.\n\nBalas 1: Menu 6 bulan\nBalas 2: Tekstur"
)


def phone(number: int) -> str:
    """The number of the n-th person."""
    return f"+62812{number:08}"


def contact_id(number: int) -> str:
    """The id of the n-th person."""
    return str(uuid.UUID(int=number + 1))


def fill(home: Home, people: int, waiting: bool) -> None:
    """That many people who wrote an hour ago; one message waits for each of them, if `waiting`."""
    now = datetime.now(UTC)
    engine = home.open().store.engine
    with engine.begin() as connection:
        for first in range(0, people, _AT_ONCE):
            numbers = range(first, min(first + _AT_ONCE, people))
            _put(connection, ContactTable, (_contact(number, now) for number in numbers))
            _put(connection, AddressTable, (_address(number) for number in numbers))
            if waiting:
                _put(connection, OutboxTable, (_message(number, now) for number in numbers))
    engine.dispose()


def _put(connection: Any, table: type[Base], rows: Iterator[dict[str, Any]]) -> None:
    connection.execute(insert(table), list(rows))


def _contact(number: int, now: datetime) -> dict[str, Any]:
    return {
        "id": contact_id(number),
        "last_inbound_at": now - timedelta(hours=1),
        "dialogue_reset": False,
        "created_at": now - timedelta(days=30),
    }


def _address(number: int) -> dict[str, Any]:
    return {
        "id": str(uuid.UUID(int=number + 1)),
        "contact_id": contact_id(number),
        "channel": "whatsapp",
        "value": phone(number),
        "phone": phone(number),
    }


def _message(number: int, now: datetime) -> dict[str, Any]:
    return {
        "id": str(uuid.uuid4()),
        "dedupe_key": f"bench:{number}",
        "contact_id": contact_id(number),
        "address_id": str(uuid.UUID(int=number + 1)),
        "channel": "whatsapp",
        "kind": "answer",
        "content_id": "mpasi/mulai",
        "text": TEXT,
        "buttons": [],
        "media": [],
        "options": [],
        "template_variables": {},
        "priority": 50,
        "exempt_from_opt_out": False,
        "not_before": now,
        "state": "queued",
        "attempts": 0,
        "created_at": now,
    }
