"""A district of families in the tables: most of them only exist, some thousand have something due at one moment.

Those that only exist are made by the database itself, with ids as random as real ones and values as long as real
sealed ones. Those with something due are made row by row, and their plans by the real planner.
"""

from __future__ import annotations

import hashlib
import sqlite3
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Connection,
    Engine,
    Integer,
    MetaData,
    Table,
    Text,
    case,
    delete,
    event,
    func,
    insert,
    literal,
    select,
    text,
    update,
)
from sqlalchemy.sql.elements import ColumnElement

from sapa.bootstrap import App
from sapa.services.reminders import replan
from sapa.store.crypt import ring_of
from sapa.store.models import (
    AddressTable,
    Base,
    ChildTable,
    ConsentTable,
    ContactTable,
    DoseTable,
    HouseholdTable,
    OutboxTable,
    PosyanduTable,
    ReminderTable,
    SessionTable,
    UtcDateTime,
)

# The moment at which the sample's reminders are due: three days before their session, at 16:00 in Jakarta.
SESSION = date(2027, 3, 4)
DUE = datetime(2027, 3, 1, 9, 0, 20, tzinfo=UTC)
ENROLLED = DUE - timedelta(days=9)
FAMILIES_A_POSYANDU = 100
_MOMENTS = 600  # different moments at which reminders of the others fall due, over the two years to come
_AHEAD, _BEHIND = 3, 1  # rows of a family's plan that are still to come, and that are past
_ROWS_AT_ONCE = 1_000
_SAMPLE = "bench-due"

_temporary = MetaData()
_numbers = Table(
    "bench_number",
    _temporary,
    Column("i", Integer, primary_key=True),
    Column("key", Text()),
    prefixes=["TEMPORARY"],
)
_doses = Table("bench_dose", _temporary, Column("dose", Text(), primary_key=True), prefixes=["TEMPORARY"])
_parts = Table(
    "bench_part",
    _temporary,
    Column("part", Integer, primary_key=True),
    Column("ahead", Boolean),
    prefixes=["TEMPORARY"],
)
_moments = Table(
    "bench_moment",
    _temporary,
    Column("k", Integer, primary_key=True),
    Column("at", UtcDateTime()),
    prefixes=["TEMPORARY"],
)


def prepare(engine: Engine) -> None:
    """SQLite has no md5 of its own; ids made by it are as scattered over an index as real ones."""
    if engine.dialect.name != "sqlite":
        return

    @event.listens_for(engine, "connect")
    def _connect(connection: sqlite3.Connection, _: Any) -> None:
        connection.create_function("md5", 1, lambda value: hashlib.md5(value.encode()).hexdigest(), deterministic=True)

    engine.dispose()


def grow(app: App, first: int, last: int) -> None:
    """Families number `first` to `last`, not included, that only exist.

    A million takes minutes and not hours because rows go in by their ids, so that no index is filled from all sides at
    once, and because other indexes are made afterwards.
    """
    with _in_bulk(app.store.engine) as connection:
        _count(connection, first, last)
        inserts = [(table, columns, _rows(columns)) for table, columns in _families(connection)]
        inserts += [(DoseTable, columns, _each(_doses, columns)) for columns in [_dose()]]
        columns = _reminder(connection)
        inserts.append((ReminderTable, columns, _plans(columns)))
        indexes = [index for table in {table: 0 for table, *_ in inserts} for index in _table(table).indexes]
        for index in indexes:
            index.drop(connection)
        for table, columns, rows in inserts:
            connection.execute(insert(table).from_select(list(columns), rows, include_defaults=False))
            connection.commit()
        for index in indexes:
            index.create(connection)
            connection.commit()
        _temporary.drop_all(connection)
        connection.commit()
    with app.store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        # Afterwards PostgreSQL's own housekeeping has nothing left to do in the middle of a tick.
        connection.execute(text("VACUUM ANALYZE" if app.store.engine.dialect.name == "postgresql" else "ANALYZE"))
        if app.store.engine.dialect.name == "postgresql":
            connection.execute(text("CHECKPOINT"))


@contextmanager
def _in_bulk(engine: Engine) -> Iterator[Connection]:
    """A connection that need not survive a power cut and checks no references: the rows are known to fit."""
    engine.dispose()
    with engine.connect() as connection:
        driver: Any = connection.connection.driver_connection
        if engine.dialect.name == "sqlite":
            quick = ("foreign_keys = OFF", "synchronous = OFF", "cache_size = -1000000", "temp_store = MEMORY")
            for setting in quick:
                driver.execute(f"PRAGMA {setting}")
        else:
            connection.execute(text("SET session_replication_role = replica"))
            connection.execute(text("SET synchronous_commit = off"))
            connection.execute(text("SET work_mem = '256MB'"))
            connection.execute(text("SET maintenance_work_mem = '512MB'"))
            connection.commit()
        yield connection
        # Such a connection must not go back to the others.
        connection.invalidate()


def _table(mapped: type[Base]) -> Table:
    table = mapped.__table__
    assert isinstance(table, Table)
    return table


def _count(connection: Connection, first: int, last: int) -> None:
    _temporary.create_all(connection)
    counting = (
        "WITH RECURSIVE counted(i) AS (SELECT :first UNION ALL SELECT i + 1 FROM counted WHERE i < :last) "
        "INSERT INTO bench_number (i, key) SELECT i, md5(CAST(i AS TEXT)) FROM counted"
    )
    connection.execute(text(counting.replace(":first", "CAST(:first AS INTEGER)")), {"first": first, "last": last - 1})
    step = timedelta(days=730) / _MOMENTS
    connection.execute(insert(_moments), [{"k": k, "at": DUE + timedelta(days=1) + k * step} for k in range(_MOMENTS)])
    connection.execute(insert(_doses), [{"dose": dose} for dose in ("BCG", "HB0", "OPV1")])
    connection.execute(insert(_parts), [{"part": part, "ahead": part < _AHEAD} for part in range(_AHEAD + _BEHIND)])
    connection.commit()
    connection.execute(text("ANALYZE bench_number"))
    connection.commit()


def _rows(columns: dict[str, ColumnElement[Any]]) -> Any:
    chosen = select(*(value.label(name) for name, value in columns.items()))
    return chosen.select_from(_numbers).order_by(_numbers.c.key)


def _each(several: Table, columns: dict[str, ColumnElement[Any]]) -> Any:
    """Several rows a family."""
    return _rows(columns).join(several, literal(True)).order_by(*several.primary_key.columns)


def _plans(columns: dict[str, ColumnElement[Any]]) -> Any:
    moment = (_numbers.c.i * 7 + _parts.c.part * 131) % _MOMENTS
    return _each(_parts, columns).join(_moments, _moments.c.k == moment)


def _key(kind: str) -> ColumnElement[str]:
    return literal(kind, Text()) + _numbers.c.key


def _families(connection: Connection) -> Iterable[tuple[type[Base], dict[str, ColumnElement[Any]]]]:
    def sealed(plain: str) -> ColumnElement[str]:
        return literal(ring_of(connection.dialect).seal(plain), Text())

    known = literal(ENROLLED - timedelta(days=200), UtcDateTime())
    born, no = literal(date(2026, 5, 1)), literal(False)
    yield HouseholdTable, {"id": _key("h"), "created_at": known}
    yield (
        ContactTable,
        {
            "id": _key("c"),
            "household_id": _key("h"),
            "name": sealed("Siti Nurhaliza"),
            "last_inbound_at": known,
            "dialogue_reset": no,
            "created_at": known,
        },
    )
    yield (
        AddressTable,
        {
            "id": _key("a"),
            "contact_id": _key("c"),
            "channel": literal("whatsapp"),
            "value": sealed("+6281234567890"),
            "phone": sealed("+6281234567890"),
            "value_mark": _key("a"),
            "phone_mark": _key("a"),
        },
    )
    yield (
        ConsentTable,
        {
            "id": _key("k"),
            "contact_id": _key("c"),
            "purpose": literal("child_care"),
            "wording": literal("Ya, saya setuju data anak saya disimpan untuk pengingat."),
            "granted": literal(True),
            "at": known,
        },
    )
    yield (
        ChildTable,
        {
            "id": _key("b"),
            "household_id": _key("h"),
            "name": sealed("Aisyah Putri"),
            "sex": literal("F"),
            "birth_date": born,
            "special_care": no,
            "created_at": known,
        },
    )
    yield (
        OutboxTable,
        {
            "id": _key("o"),
            "dedupe_key": _key("o"),
            "contact_id": _key("c"),
            "address_id": _key("a"),
            "channel": literal("whatsapp"),
            "kind": literal("reminder"),
            "content_id": literal("pengingat/posyandu"),
            "text": sealed("Ibu, posyandu Melati buka Kamis, 4 Maret pukul 08.00. Aisyah dapat DPT. " * 3),
            **{name: literal([], JSON()) for name in ("buttons", "media", "options")},
            "template_variables": literal("{}", Text()),
            "priority": literal(50),
            "exempt_from_opt_out": no,
            "not_before": known,
            "state": literal("delivered"),
            "attempts": literal(1),
            "provider_sid": literal("SM") + _key("o"),
            **dict.fromkeys(("created_at", "sent_at", "delivered_at"), known),
        },
    )


def _dose() -> dict[str, ColumnElement[Any]]:
    born, known = literal(date(2026, 5, 1)), literal(ENROLLED - timedelta(days=200), UtcDateTime())
    return {"child_id": _key("b"), "dose": _doses.c.dose, "given_on": born, "recorded_at": known}


def _reminder(connection: Connection) -> dict[str, ColumnElement[Any]]:
    """The rows of everybody's plan: the first ones are still to come, the others have gone out."""
    seal = ring_of(connection.dialect).seal
    past = literal(ENROLLED - timedelta(days=10), UtcDateTime())
    return {
        "id": _key("h") + literal(":", Text()) + _numbers.c.key + func.cast(_parts.c.part, Text()),
        "household_id": _key("h"),
        "send_at": case((_parts.c.ahead, _moments.c.at), else_=past),
        "due_on": literal(SESSION),
        "event": literal("posyandu"),
        "content_id": literal("pengingat/posyandu"),
        "subjects": literal(seal('["0123456789abcdef0123456789abcdef"]'), Text()),
        "payload": literal(seal('{"session": "2027-03-04", "time": "08:00", "place": "Balai Desa"}'), Text()),
        "reader": literal("caregiver"),
        "purpose": literal("child_care"),
        "topic": literal("posyandu"),
        "state": case((_parts.c.ahead, literal("planned")), else_=literal("queued")),
        "updated_at": past,
    }


def posyandu(app: App, first: int, last: int) -> None:
    """Posyandu number `first` to `last`, not included, each with a day a month, spread over the month."""
    numbers = range(first, last)
    places = [{"id": f"bench-{n}", "name": f"Melati {n}", "timezone": "Asia/Jakarta"} for n in numbers]
    days = [
        {
            "id": str(uuid.uuid4()),
            "posyandu_id": f"bench-{n}",
            "date": SESSION + timedelta(days=30 * month + n % 28 - 40),
            "time": time(8),
            "place": "Balai Desa",
        }
        for n in numbers
        for month in range(4)
    ]
    with app.store.engine.begin() as connection:
        connection.execute(insert(PosyanduTable), places)
        connection.execute(insert(SessionTable), days)


def sample(app: App, families: int) -> None:
    """Families whose reminders of one session fall due at DUE: planned by the planner itself."""
    rows: dict[type[Base], list[dict[str, Any]]] = {
        PosyanduTable: [{"id": _SAMPLE, "name": "Mawar", "timezone": "Asia/Jakarta"}],
        SessionTable: [
            {"id": _SAMPLE, "posyandu_id": _SAMPLE, "date": SESSION, "time": time(8), "place": "Balai Desa"}
        ],
    }
    households = [str(uuid.uuid4()) for _ in range(families)]
    for number, household in enumerate(households):
        for table, row in _due_family(number, household):
            rows.setdefault(table, []).append(row)
    with app.store.engine.begin() as connection:
        for table, made in rows.items():
            for first in range(0, len(made), _ROWS_AT_ONCE):
                connection.execute(insert(table), made[first : first + _ROWS_AT_ONCE])
    for first in range(0, families, 100):
        with app.store.transaction() as tx:
            for household in households[first : first + 100]:
                replan(app.deps, tx, household, ENROLLED)


def _due_family(number: int, household: str) -> Iterable[tuple[type[Base], dict[str, Any]]]:
    contact, phone = str(uuid.uuid4()), f"+62813{number:08}"
    yield HouseholdTable, {"id": household, "posyandu_id": _SAMPLE, "created_at": ENROLLED}
    yield (
        ContactTable,
        {
            "id": contact,
            "household_id": household,
            "name": f"Ibu {number}",
            "last_inbound_at": ENROLLED,
            "dialogue_reset": False,
            "created_at": ENROLLED,
        },
    )
    address = {"id": str(uuid.uuid4()), "contact_id": contact, "channel": "whatsapp", "value": phone, "phone": phone}
    yield AddressTable, address
    yield (
        ConsentTable,
        {
            "id": str(uuid.uuid4()),
            "contact_id": contact,
            "purpose": "child_care",
            "wording": "setuju",
            "granted": True,
            "at": ENROLLED,
        },
    )
    yield (
        ChildTable,
        {
            "id": str(uuid.uuid4()),
            "household_id": household,
            "name": f"Anak {number}",
            "sex": "F",
            "birth_date": date(2027, 1, 1),
            "special_care": False,
            "created_at": ENROLLED,
        },
    )


def again(engine: Engine) -> None:
    """Make the sample's reminders due once more, as if they had never gone out."""
    mine = select(HouseholdTable.id).where(HouseholdTable.posyandu_id == _SAMPLE)
    ours = ReminderTable.household_id.in_(mine)
    sent = select(ReminderTable.outbox_id).where(ours, ReminderTable.outbox_id.is_not(None))
    due = {"state": "planned", "outbox_id": None, "contact_id": None, "reason": None}
    with engine.begin() as connection:
        connection.execute(delete(OutboxTable).where(OutboxTable.id.in_(sent)))
        connection.execute(update(ReminderTable).where(ours, ReminderTable.send_at <= DUE).values(due))
