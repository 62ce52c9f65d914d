"""Sealing anew: every value that the newest key did not seal, in batches, while other processes go on.

A row is only overwritten if it still stands as it was read, so that nothing written meanwhile is lost; what is done is
known by its key id, so that a run that was killed goes on where it stopped.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Engine,
    LargeBinary,
    Table,
    Text,
    and_,
    bindparam,
    func,
    not_,
    or_,
    select,
    type_coerce,
    update,
)
from sqlalchemy.exc import IntegrityError

from sapa.store.crypt import PREFIX, SEALED, KeyRing, SealedBytes, attached, ring_of
from sapa.store.models import Base

BATCH = 500
_NOTHING = ("", "{}", "[]")
Progress = Callable[[int], None]


@dataclass(frozen=True)
class Place:
    """A table and its columns: sealed ones, and those made from them."""

    table: Table
    sealed: tuple[Column[Any], ...]
    made: tuple[Column[Any], ...]

    @classmethod
    def of(cls, table: Table) -> Place:
        sealed = tuple(column for column in table.columns if isinstance(column.type, SEALED))
        return cls(table, sealed, tuple(column for column in table.columns if "made_from" in column.info))

    @property
    def key(self) -> Column[Any]:
        (key,) = self.table.primary_key.columns
        return key


def places() -> list[Place]:
    """Everywhere something is sealed."""
    return [place for place in map(Place.of, Base.metadata.sorted_tables) if place.sealed]


def raw(column: Column[Any]) -> ColumnElement[Any]:
    """The column as it stands in the database."""
    return type_coerce(column, LargeBinary() if isinstance(column.type, SealedBytes) else Text())


def _filled(column: Column[Any]) -> ColumnElement[bool]:
    if isinstance(column.type, SealedBytes):
        return and_(raw(column).is_not(None), func.length(raw(column)) > 0)
    return and_(raw(column).is_not(None), raw(column).not_in(_NOTHING))


def _sealed_with(column: Column[Any], head: str) -> ColumnElement[bool]:
    start = func.substr(raw(column), 1, len(head))
    return start == (head.encode() if isinstance(column.type, SealedBytes) else head)


def _stale(place: Place, key_id: str) -> ColumnElement[bool]:
    """Rows with a value that this key did not seal, or a mark it did not make."""
    of_values = [and_(_filled(c), not_(_sealed_with(c, f"{PREFIX}{key_id}:"))) for c in place.sealed]
    of_marks = [and_(c.is_not(None), not_(c.startswith(f"{key_id}:"))) for c in place.made]
    return or_(*of_values, *of_marks)


# ------------------------------------------------------------------------------------------------------------ counting


def uses(connection: Connection) -> Counter[str]:
    """How many values each key seals, by key id; `plain`: how many nothing seals."""
    found: Counter[str] = Counter()
    for place in places():
        for column in place.sealed:
            start = func.substr(raw(column), 1, len(PREFIX) + 9)
            counted = select(start, func.count()).select_from(place.table).where(_filled(column)).group_by(start)
            for head, count in connection.execute(counted):
                text = bytes(head).decode("latin-1") if isinstance(column.type, SealedBytes) else str(head)
                found[text[len(PREFIX) : -1] if text.startswith(PREFIX) and text.endswith(":") else "plain"] += count
        for column in place.made:
            start = func.substr(column, 1, 8)
            marked = select(start, func.count()).select_from(place.table).where(column.is_not(None)).group_by(start)
            for head, count in connection.execute(marked):
                found[str(head)] += count
    return found


def stale_rows(connection: Connection, key_id: str) -> int:
    """How many rows wait to be sealed anew."""
    counts = (select(func.count()).select_from(place.table).where(_stale(place, key_id)) for place in places())
    return sum(connection.execute(statement).scalar() or 0 for statement in counts)


# ------------------------------------------------------------------------------------------------------------- sealing


def reseal(engine: Engine, progress: Progress = lambda _rows: None, batch: int = BATCH) -> Counter[str]:
    """Seal everything with the newest key; rows by table, and `clash:<table>` for numbers that stand there twice.

    Each batch is a transaction of its own: whoever waits for the database waits for one batch.
    """
    done: Counter[str] = Counter()
    for place in places():
        last: Any = None
        while True:
            with engine.begin() as connection:
                rows = _batch(connection, place, last, batch)
                done += _seal_batch(connection, place, rows)
            if not rows:
                break
            last = rows[-1][0]
            progress(len(rows))
    return done


def reseal_on(connection: Connection, everywhere: Sequence[Place]) -> Counter[str]:
    """The same inside one transaction: for a migration, which happens as a whole or not at all."""
    done: Counter[str] = Counter()
    for place in everywhere:
        last: Any = None
        while rows := _batch(connection, place, last, BATCH):
            done += _seal_batch(connection, place, rows)
            last = rows[-1][0]
    return done


def _batch(connection: Connection, place: Place, after: Any, limit: int) -> list[Any]:
    # An empty database needs no keys: nobody may have brought any yet.
    ring = attached(connection.dialect)
    query = select(place.key, *(raw(c).label(f"_{c.name}") for c in place.sealed), *place.made)
    if after is not None:
        query = query.where(place.key > after)
    stale = _stale(place, ring.ids[0] if ring else "none")
    return list(connection.execute(query.where(stale).order_by(place.key).limit(limit)))


def _seal_batch(connection: Connection, place: Place, rows: list[Any]) -> Counter[str]:
    done: Counter[str] = Counter()
    if not rows:
        return done
    ring, statement = ring_of(connection.dialect), _overwrite(place)
    values = [dict(_new_values(place, row, ring)) for row in rows]
    try:
        with connection.begin_nested():
            connection.execute(statement, values)
        done[place.table.name] += len(values)
    except IntegrityError:
        for one in values:
            done += _seal_one(connection, place, statement, one)
    return done


def _seal_one(connection: Connection, place: Place, statement: Any, values: dict[str, Any]) -> Counter[str]:
    try:
        with connection.begin_nested():
            connection.execute(statement, values)
    except IntegrityError:
        # One number twice, under two keys: a human must say which person it is. Nothing is lost.
        return Counter({f"clash:{place.table.name}": 1})
    return Counter({place.table.name: 1})


def _overwrite(place: Place) -> Any:
    unchanged = [raw(c).is_not_distinct_from(bindparam(f"old_{c.name}", type_=raw(c).type)) for c in place.sealed]
    new = {c.name: bindparam(f"new_{c.name}", type_=raw(c).type) for c in place.sealed}
    made = {c.name: bindparam(f"new_{c.name}", type_=c.type) for c in place.made}
    return update(place.table).where(place.key == bindparam("row_key"), *unchanged).values({**new, **made})


def _new_values(place: Place, row: Any, ring: KeyRing) -> Iterator[tuple[str, Any]]:
    yield "row_key", row[0]
    kept = {column.name: value for column, value in zip(place.sealed, row[1:], strict=False)}
    for column in place.sealed:
        value = kept[column.name]
        yield f"old_{column.name}", value
        yield f"new_{column.name}", _sealed_anew(value, ring)
    for column in place.made:
        source, make = column.info["made_from"]
        plain = ring.open(kept[source]) if kept[source] else None
        yield f"new_{column.name}", make(ring, plain) if plain else None


def _sealed_anew(value: Any, ring: KeyRing) -> Any:
    if value is None or value in _NOTHING:
        return value
    if isinstance(value, str):
        return ring.seal(ring.open(value))
    return ring.seal_bytes(ring.open_bytes(bytes(value)))
