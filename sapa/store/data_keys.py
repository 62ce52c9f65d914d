"""Which data keys a database needs, and bringing them: where they are kept, and what happens when one is missing."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, Engine, delete, inspect, select
from sqlalchemy.orm import Session

from sapa.store.crypt import NOTICED_WITHIN_S, KeyRing, KeyTrouble, attach, data_key, new_key, write_keys
from sapa.store.insert import insert_if_absent
from sapa.store.models import DataKeyTable
from sapa.store.resealing import uses

DOCS = "docs/keys-and-backup.md"
# No transaction of ours lasts this long.
_SETTLED_S = 60.0


def keys_in_use(connection: Connection) -> set[str]:
    """Ids of the keys something in this database may be sealed with; none where nothing can be sealed yet."""
    if not inspect(connection).has_table(DataKeyTable.__tablename__):
        return set()
    return set(connection.execute(select(DataKeyTable.id)).scalars())


def unlock(engine: Engine, given: str | None, file: Path, also: Iterable[str] = ()) -> KeyRing:
    """Bring an engine its keys: those given (comma-separated, newest first), else those of the file.

    A key is made where there is none and the database needs none yet. also: ids of keys that are needed besides.
    Raises KeyTrouble in one clear line.
    """
    with engine.connect().execution_options(sapa_read_only=True) as connection:
        needed = keys_in_use(connection) | set(also)
    ring = _given(given) if given else _kept(file, needed)
    where = "SAPA_DATA_KEYS" if given else str(file)
    missing = sorted(needed - set(ring.ids))
    if missing:
        raise KeyTrouble(f"the data was sealed with the key {', '.join(missing)}, not in {where}: see {DOCS}")
    attach(engine, ring)
    return ring


def note_use(engine: Engine, ring: KeyRing, now: datetime) -> None:
    """Write down that the newest key is in use from now on, unless that is known."""
    note_key(engine, ring.ids[0], now)


def note_key(engine: Engine, key_id: str, now: datetime) -> None:
    """Write down that something may be sealed with this key: from now on no process starts without it."""
    with engine.connect().execution_options(sapa_read_only=True) as connection:
        if key_id in keys_in_use(connection) or not inspect(connection).has_table(DataKeyTable.__tablename__):
            return
    with Session(engine) as session, session.begin():
        # Two processes may start at once: the second finds it there.
        insert_if_absent(session, DataKeyTable, id=key_id, since=now)


def add_key(ring: KeyRing, engine: Engine, now: datetime, wait: Callable[[float], None] = time.sleep) -> str:
    """Make a new key the one that seals, in the file of the keys; its id.

    It stands behind the old one first, until every process has seen it: what one process seals, all must be able to
    open. Killed in between, there is a key too many, which seals nothing and can be dropped.
    """
    if ring.file is None:
        raise KeyTrouble("the keys are given in SAPA_DATA_KEYS: add one there by hand (see docs/keys-and-backup.md)")
    key = data_key(new_key())
    newest, *others = ring.texts
    write_keys(ring.file, [newest, key.text, *others])
    note_key(engine, key.id, now)
    wait(NOTICED_WITHIN_S * 3)
    write_keys(ring.file, [key.text, newest, *others])
    ring.reload()
    return key.id


def drop_key(ring: KeyRing, engine: Engine, key_id: str) -> None:
    """Take a key out of the file once nothing is sealed with it. Raises KeyTrouble where it is still needed."""
    if key_id not in ring.ids:
        raise KeyTrouble(f"there is no data key {key_id}; `sapa keys status` lists them")
    if key_id == ring.ids[0]:
        raise KeyTrouble(f"the data key {key_id} is the one that seals: `sapa keys add` makes another first")
    if ring.file is not None and time.time() - ring.file.stat().st_mtime < _SETTLED_S:
        raise KeyTrouble(f"the keys changed a moment ago: wait {_SETTLED_S:.0f} s, some transaction may still use it")
    with engine.begin() as connection:
        needed = uses(connection)[key_id]
        if needed:
            raise KeyTrouble(f"{needed} values still need the data key {key_id}: run `sapa keys rotate` first")
        connection.execute(delete(DataKeyTable).where(DataKeyTable.id == key_id))
    if ring.file is not None:
        write_keys(ring.file, [text for text, name in zip(ring.texts, ring.ids, strict=True) if name != key_id])
        ring.reload()


def _given(text: str) -> KeyRing:
    return KeyRing(key for key in (part.strip() for part in text.replace("\n", ",").split(",")) if key)


def _kept(file: Path, needed: set[str]) -> KeyRing:
    if not file.exists():
        if needed:
            lost = ", ".join(sorted(needed))
            raise KeyTrouble(f"the data was sealed with the key {lost}, and {file} is not there: see {DOCS}")
        try:
            write_keys(file, [new_key()], new=True)
        except OSError as error:
            raise KeyTrouble(f"{file} cannot be kept: {error.strerror or error}; or set SAPA_DATA_KEYS") from None
    return KeyRing.from_file(file)
