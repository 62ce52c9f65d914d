"""A database that was in use before the staff came: brought to today's schema, every row of it is still there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from alembic import command
from sqlalchemy import (
    Boolean,
    Column,
    Date,
    DateTime,
    Engine,
    Float,
    Integer,
    LargeBinary,
    MetaData,
    Select,
    Table,
    Text,
    Time,
    select,
    type_coerce,
)
from sqlalchemy.types import JSON

from sapa.store.migrate import _config, is_current, upgrade
from sapa.store.resealing import places, uses
from tests.support import TEST_RING, opened

OLD, ROWS = "0003", 3
OPENED = datetime(2026, 5, 1, 8, tzinfo=UTC)


@pytest.fixture
def old(empty_database_url: str) -> Iterator[Engine]:
    """A database as it was before areas, roles, broadcasts and attendance."""
    engine = opened(empty_database_url)
    config = _config()
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, OLD)
    yield engine
    engine.dispose()


def value_of(table: Table, column: Column[Any], row: int) -> Any:
    """A value of the column's type that differs from row to row; a reference points at the row of its own number."""
    for key in column.foreign_keys:
        return value_of(key.column.table, key.column, row)
    if isinstance(column.type, Boolean):
        return row % 2 == 0
    if isinstance(column.type, Integer):
        return row
    if isinstance(column.type, Float):
        return row + 0.5
    if isinstance(column.type, DateTime):
        # The case with the highest id was opened first.
        return OPENED - timedelta(days=row)
    if isinstance(column.type, Date):
        return date(2026, 5, row)
    if isinstance(column.type, Time):
        return time(8, row)
    if isinstance(column.type, JSON):
        return {"row": row}
    if column.type.python_type is bytes:
        return bytes([row])
    return f"{row}.{table.name[:8]}.{column.name[:8]}"[: getattr(column.type, "length", None) or 100]


def tables_of(engine: Engine) -> list[Table]:
    metadata = MetaData()
    metadata.reflect(engine)
    return [table for table in metadata.sorted_tables if table.name != "alembic_version"]


def rows_of(engine: Engine, tables: list[Table]) -> dict[str, list[dict[str, Any]]]:
    """What the columns the tables had then say, whether or not they are sealed by now."""
    sealed = {(place.table.name, column.name) for place in places() for column in place.sealed}
    with engine.connect() as connection:
        return {
            table.name: [
                {name: said(value) if (table.name, name) in sealed else value for name, value in row.items()}
                for row in connection.execute(_as_it_stands(table, sealed)).mappings()
            ]
            for table in tables
        }


def _as_it_stands(table: Table, sealed: set[tuple[str, str]]) -> Select[Any]:
    columns = [
        type_coerce(c, Text()).label(c.name)
        if (table.name, c.name) in sealed and not isinstance(c.type, LargeBinary)
        else c
        for c in table.columns
    ]
    return select(*columns).order_by(*table.primary_key.columns)


def said(value: Any) -> Any:
    if isinstance(value, bytes):
        return TEST_RING.open_bytes(value)
    if not isinstance(value, str):
        return value
    plain = TEST_RING.open(value)
    return json.loads(plain) if plain.startswith("{") else plain


def test_every_row_of_the_old_schema_comes_over_unchanged_and_open_cases_are_numbered(old: Engine) -> None:
    tables = tables_of(old)
    with old.begin() as connection:
        for table in tables:
            rows = [{c.name: value_of(table, c, row) for c in table.columns} for row in range(1, ROWS + 1)]
            connection.execute(table.insert(), rows)
    before = rows_of(old, tables)
    assert len(before) > 25 and all(len(rows) == ROWS for rows in before.values())
    assert upgrade(old)[0] == OLD and is_current(old)
    assert rows_of(old, tables) == before
    with old.connect() as connection:
        assert set(uses(connection)) == set(TEST_RING.ids)
    now = {table.name: table for table in tables_of(old)}
    cases = now["case"]
    with old.connect() as connection:
        numbered = connection.execute(select(cases.c.number, cases.c.opened_at).order_by(cases.c.number)).all()
        # Nobody has been told of them yet: the clock does that once there is somebody to tell.
        untold = connection.execute(select(cases.c.notified_at, cases.c.reminded, cases.c.taken_by)).all()
    assert [row.number for row in numbered] == [1, 2, 3]
    assert [row.opened_at for row in numbered] == sorted(row.opened_at for row in numbered)
    assert {tuple(row) for row in untold} == {(None, 0, None)}
    assert upgrade(old) == (upgrade(old)[0],) * 2
