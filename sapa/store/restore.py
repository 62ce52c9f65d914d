"""Restoring a backup into an empty database: all of it, compared with what was backed up, or nothing.

What was under way when the backup was made may have gone out since. None of it is sent as if nothing had happened: it
becomes `unknown`, and the provider is asked (docs/keys-and-backup.md).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import cast

from sqlalchemy import Connection, Engine, func, inspect, select, text, update
from sqlalchemy.orm import Session

from sapa.messaging.states import InboundState, OutboxState
from sapa.store import migrate
from sapa.store.backup import backed_up, revision_of, rows_in, rows_of
from sapa.store.backup_file import (
    BackupTrouble,
    Manifest,
    TablePart,
    Tally,
    check_backup,
    compare,
    plain_table,
    read_backup,
    values_of,
)
from sapa.store.crypt import ring_of
from sapa.store.database import Transaction
from sapa.store.erasure_ledger import erased_among
from sapa.store.models import ContactTable, InboundTable, OutboxTable, SendingHoldTable, SettingTable
from sapa.store.unit import Unit

_AT_ONCE = 500
# A message that waited this long before the old system stopped has got its answer.
ANSWERED_WITHIN = timedelta(minutes=15)
RESTORED = "restored"
# What the job that looks for lost inbound messages goes by (sapa.services.catch_up).
_CAUGHT_UP = "inbound-caught-up"
# The newest message there was: what comes after it, until sending goes on, was said again.
_NEWEST = "restored-newest"
_DOUBTFUL = (OutboxState.SENDING.value, OutboxState.UNKNOWN.value)
_WAITING = (OutboxState.QUEUED.value, OutboxState.ERRORED.value)


@dataclass(frozen=True)
class Restored:
    """What a restore did. rows: by table, as many as were backed up; the rest: so that nothing is done twice."""

    manifest: Manifest
    rows: dict[str, int]
    asked: int  # messages the provider is asked about before they may go
    answered: int  # messages of families taken as answered
    erased: int  # people erased after the backup, erased again
    revision: str
    tables: list[TablePart] = field(default_factory=list)


def restore(
    engine: Engine,
    file: Path,
    now: datetime,
    stopped_at: datetime,
    ledgers: Iterable[Path] = (),
    progress: Callable[[str], None] = lambda _table: None,
) -> Restored:
    """Restore a backup in one transaction. Raises BackupTrouble and changes nothing unless all of it is in order.

    stopped_at: until when the old system may have sent; what fell due before that is asked about or passed over.
    """
    manifest = check_backup(file)
    _fits(engine, manifest)
    with migrate.changing(engine) as connection:
        migrate.upgrade_to(connection, manifest.revision)
        for part, lines in _parts(file):
            progress(part.name)
            _load(connection, part, lines)
        _compare(connection, manifest)
        _count_on(connection)
        migrate.upgrade_to(connection, "head")
        done = _settle(connection, now, stopped_at, ledgers)
        return Restored(
            manifest,
            {part.name: part.rows for part in manifest.tables},
            done["asked"],
            done["answered"],
            done["erased"],
            revision_of(connection),
        )


def _fits(engine: Engine, manifest: Manifest) -> None:
    if not migrate.knows(manifest.revision):
        raise BackupTrouble(f"made by version {manifest.version}, which is newer: install that one first")
    missing = sorted(set(manifest.keys) - set(ring_of(engine.dialect).ids))
    if missing:
        raise BackupTrouble(f"sealed with the data key {', '.join(missing)}, which is not here: bring it back first")
    with engine.connect() as connection:
        filled = sorted(name for name, rows in rows_in(connection).items() if rows and name not in _MADE_BY_MIGRATIONS)
        if filled:
            raise BackupTrouble(f"the database is not empty ({', '.join(filled[:3])} ...): restore into a new one")


# Tables in which an empty database has rows already.
_MADE_BY_MIGRATIONS = frozenset({"sim_clock", "sim_revision", "data_key"})


def _parts(file: Path) -> Iterator[tuple[TablePart, Iterator[bytes]]]:
    parts = read_backup(file)
    next(parts)
    yield from cast(Iterator[tuple[TablePart, Iterator[bytes]]], parts)


def _load(connection: Connection, part: TablePart, lines: Iterator[bytes]) -> None:
    target, names, kinds = plain_table(part.name, part.columns), list(part.columns), list(part.columns.values())
    connection.execute(target.delete())
    rows: list[dict[str, object]] = []
    for line in lines:
        rows.append(dict(zip(names, values_of(line, kinds), strict=True)))
        if len(rows) == _AT_ONCE:
            connection.execute(target.insert(), rows)
            rows = []
    if rows:
        connection.execute(target.insert(), rows)


def _compare(connection: Connection, manifest: Manifest) -> None:
    for part in manifest.tables:
        tally = Tally()
        for line in rows_of(connection, part.name, part.columns, part.key):
            tally.add(line)
        compare(part, tally, "in the database")


def _count_on(connection: Connection) -> None:
    """Numbers that the database gives go on after the last one."""
    if connection.dialect.name != "postgresql":
        return  # SQLite looks for the highest one itself
    there = set(inspect(connection).get_table_names())
    for one in backed_up():
        column = one.autoincrement_column
        if column is None or one.name not in there:
            continue
        last = connection.execute(select(func.max(column))).scalar()
        if last is not None:
            name = connection.execute(
                text("SELECT pg_get_serial_sequence(:name, :column)"), {"name": f'"{one.name}"', "column": column.name}
            ).scalar()
            connection.execute(text("SELECT setval(:name, :last)"), {"name": name, "last": last})


# --------------------------------------------------------------------------------------- so that nothing goes out twice


def _settle(connection: Connection, now: datetime, stopped_at: datetime, ledgers: Iterable[Path]) -> Counter[str]:
    done: Counter[str] = Counter()
    with Unit(connection, join_transaction_mode="create_savepoint") as session, session.begin():
        tx = Transaction(session)
        done["asked"] = _ask_about(session, now, stopped_at)
        done["answered"] = _take_as_answered(session, now, stopped_at)
        # What Rasa remembers, if it remembers anything, is of another time.
        session.execute(update(ContactTable).values(dialogue_reset=True))
        session.merge(SettingTable(key=_CAUGHT_UP, value=stopped_at.isoformat(), updated_at=now))
        hold = SendingHoldTable(scope="all", code=RESTORED, since=now, probe_at=now + timedelta(days=3650))
        session.merge(hold)
        newest = session.scalar(select(func.max(OutboxTable.seq))) or 0
        session.merge(SettingTable(key=_NEWEST, value=str(newest), updated_at=now))
        session.flush()
        for contact_id in erased_among(session.scalars(select(ContactTable.id)).all(), ledgers):
            tx.erase_contact(contact_id, RESTORED, None, now)
            done["erased"] += 1
    return done


def _ask_about(session: Session, now: datetime, stopped_at: datetime) -> int:
    """The move to `unknown` of what the old system may have sent, whatever state it was in."""
    may_have_gone = OutboxTable.state.in_(_DOUBTFUL) | (
        OutboxTable.state.in_(_WAITING) & (OutboxTable.not_before <= stopped_at)
    )
    values = {
        "state": OutboxState.UNKNOWN.value,
        "error_code": RESTORED,
        "lease_owner": None,
        "lease_until": now - timedelta(seconds=1),
        "claimed_at": now,
    }
    done = session.execute(update(OutboxTable).where(may_have_gone).values(**values).returning(OutboxTable.id))
    return len(done.all())


def _take_as_answered(session: Session, now: datetime, stopped_at: datetime) -> int:
    """What families wrote well before the old system stopped, it has answered; the answer is on their phones."""
    is_open = InboundTable.state != InboundState.ANSWERED.value
    free = {"lease_owner": None, "lease_until": None}
    working = InboundTable.state == InboundState.WORKING.value
    values = {"state": InboundState.ANSWERED.value, "label": RESTORED, "answered_at": now, **free}
    old = InboundTable.received_at <= stopped_at - ANSWERED_WITHIN
    done = session.execute(update(InboundTable).where(is_open, old).values(**values).returning(InboundTable.id))
    count = len(done.all())
    session.execute(update(InboundTable).where(working).values(state=InboundState.WAITING.value, **free))
    return count


def pass_over(engine: Engine) -> int | None:
    """Suppress what was queued since the restore without anybody asking, and let sending go on; how many.

    One transaction. None where no restore waits for this.
    """
    with Session(engine) as session, session.begin():
        newest = session.get(SettingTable, _NEWEST)
        if newest is None:
            return None
        made_again = (OutboxTable.seq > int(newest.value), OutboxTable.in_reply_to.is_(None))
        passed = session.execute(
            update(OutboxTable)
            .where(*made_again, OutboxTable.state.in_(_WAITING))
            .values(state=OutboxState.SUPPRESSED.value, error_code=RESTORED)
            .returning(OutboxTable.id)
        ).all()
        session.delete(newest)
        hold = session.get(SendingHoldTable, "all")
        if hold is not None and hold.code == RESTORED:
            session.delete(hold)
    return len(passed)
