"""Making backups: one portable file, the same from SQLite and from PostgreSQL, that either can be restored from.

A tar with `manifest.json` and one `tables/NAME.jsonl` per table: a line per row, values as they stand in the database,
so what is sealed stays sealed (the keys are not in it). It is read in one snapshot while everything runs.
"""

from __future__ import annotations

import base64
import io
import json
import os
import tarfile
import tempfile
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, cast

from alembic.migration import MigrationContext
from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Connection,
    Date,
    DateTime,
    Engine,
    Float,
    Integer,
    LargeBinary,
    String,
    Table,
    Time,
    func,
    inspect,
    select,
    type_coerce,
)
from sqlalchemy.types import TypeEngine

from sapa.store.backup_file import (
    LEFT_OUT,
    MANIFEST,
    TYPES,
    BackupTrouble,
    Manifest,
    TablePart,
    Tally,
    plain_table,
)
from sapa.store.crypt import SealedBytes
from sapa.store.data_keys import keys_in_use
from sapa.store.models import Base

_AT_ONCE = 500

_KINDS: tuple[tuple[type[TypeEngine[Any]], str], ...] = (
    (Boolean, "bool"),
    (LargeBinary, "bytes"),
    (Date, "date"),
    (DateTime, "datetime"),
    (Float, "float"),
    (Integer, "int"),
    (JSON, "json"),
    (String, "text"),
    (Time, "time"),
)


def write_backup(
    engine: Engine, out: Path, made_at: datetime, version: str, progress: Callable[[str], None] = lambda _table: None
) -> Manifest:
    """Write a backup to `out`, whole or not at all, readable by its owner alone. Raises BackupTrouble, OSError."""
    if out.exists():
        raise BackupTrouble(f"{out} is there already")
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".backup-", dir=out.parent) as folder, snapshot(engine) as connection:
        parts = []
        for one in backed_up():
            progress(one.name)
            with (Path(folder) / one.name).open("wb") as lines:
                parts.append(_dump(connection, one, lines))
        manifest = Manifest(
            made_at, version, revision_of(connection), engine.dialect.name, sorted(keys_in_use(connection)), parts
        )
        _pack(manifest, Path(folder), out)
    return manifest


def backed_up() -> list[Table]:
    """The tables of a backup; who is pointed at comes first."""
    return [one for one in Base.metadata.sorted_tables if one.name not in LEFT_OUT]


def snapshot(engine: Engine) -> Connection:
    """A connection that sees the database as it is at one moment, and holds nobody up."""
    if engine.dialect.name == "postgresql":
        options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        return engine.connect().execution_options(**options)
    return engine.connect().execution_options(sapa_read_only=True)


def revision_of(connection: Connection) -> str:
    """The schema's revision. Raises BackupTrouble where there is no schema."""
    found = MigrationContext.configure(connection).get_current_revision()
    if found is None:
        raise BackupTrouble("the database has no tables: there is nothing to back up")
    return found


def _dump(connection: Connection, source: Table, lines: io.BufferedIOBase | Any) -> TablePart:
    columns = {column.name: _kind(column) for column in source.columns}
    key = [column.name for column in source.primary_key.columns]
    tally = Tally()
    for line in rows_of(connection, source.name, columns, key, _parent(source)):
        tally.add(line)
        lines.write(line)
    return TablePart(source.name, key, columns, tally.rows, tally.size, tally.sha256, tally.digest)


def _kind(column: Column[Any]) -> str:
    kind = column.type
    implemented = SealedBytes.impl if isinstance(kind, SealedBytes) else getattr(kind, "impl_instance", kind)
    found = LargeBinary() if implemented is LargeBinary else implemented
    return next(name for known, name in _KINDS if isinstance(found, known))


def _parent(source: Table) -> str | None:
    """The column by which rows of a table point at others of the same table."""
    return next((key.parent.name for key in source.foreign_keys if key.column.table is source), None)


def rows_of(
    connection: Connection, name: str, columns: dict[str, str], key: list[str], parent: str | None = None
) -> Iterator[bytes]:
    """The rows of a table as lines, values as they stand; a row after the one it points at."""
    source = plain_table(name, columns)
    statement = select(*(type_coerce(source.c[one], TYPES[kind]) for one, kind in columns.items()))
    ordered = statement.order_by(*(source.c[one] for one in key))
    rows: Iterable[Any] = connection.execute(ordered.execution_options(stream_results=True, yield_per=_AT_ONCE))
    if parent is not None:
        rows = _after_their_parents(list(rows), list(columns).index(key[0]), list(columns).index(parent))
    kinds = list(columns.values())
    for row in rows:
        values = [_plain(value, kind) for value, kind in zip(row, kinds, strict=True)]
        yield json.dumps(values, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode() + b"\n"


def _after_their_parents(rows: list[Any], key: int, parent: int) -> Iterator[Any]:
    below: dict[Any, list[Any]] = {}
    for row in rows:
        below.setdefault(row[parent], []).append(row)
    level = below.get(None, [])
    while level:
        yield from level
        level = [child for row in level for child in below.get(row[key], [])]


def _plain(value: Any, kind: str) -> Any:
    if value is None:
        return None
    if kind == "bytes":
        return base64.b64encode(value).decode("ascii")
    return value.isoformat() if kind in ("date", "datetime", "time") else value


def _pack(manifest: Manifest, folder: Path, out: Path) -> None:
    draft = out.with_name(f".{out.name}.{os.getpid()}")
    mode = "w:gz" if out.suffix in (".gz", ".tgz") else "w"
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            # Sealed values hardly shrink: little effort gets nearly all there is.
            more = {"compresslevel": 3} if mode == "w:gz" else {}
            with cast(Any, tarfile.open)(fileobj=file, mode=mode, **more) as tar:
                _add(tar, MANIFEST, io.BytesIO(manifest.text().encode()), manifest.made_at)
                for part in manifest.tables:
                    with (folder / part.name).open("rb") as lines:
                        _add(tar, f"tables/{part.name}.jsonl", lines, manifest.made_at)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(out)
    finally:
        draft.unlink(missing_ok=True)


def _add(tar: tarfile.TarFile, name: str, data: Any, made_at: datetime) -> None:
    member = tarfile.TarInfo(name)
    data.seek(0, io.SEEK_END)
    member.size, member.mtime, member.mode = data.tell(), int(made_at.timestamp()), 0o600
    data.seek(0)
    tar.addfile(member, data)


def rows_in(connection: Connection) -> dict[str, int]:
    """How many rows each table of a backup has now; only tables that exist."""
    there = set(inspect(connection).get_table_names())
    return {
        one.name: connection.execute(select(func.count()).select_from(one)).scalar() or 0
        for one in backed_up()
        if one.name in there
    }
