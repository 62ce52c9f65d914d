"""How the system does: signs of life, lengths of lines, and what statements cost."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, and_, delete, event, func, or_, select, text, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import InstrumentedAttribute

from sapa.messaging.states import InboundState, OutboxState, ReminderState
from sapa.services.ports_health import Heartbeat, QueueLength
from sapa.store.data_keys import keys_in_use
from sapa.store.engine import open_engine
from sapa.store.insert import insert_if_absent
from sapa.store.migrate import is_current
from sapa.store.models import (
    BroadcastTable,
    CaseTable,
    DirtyHouseholdTable,
    HeartbeatTable,
    InboundTable,
    MessageTemplateTable,
    OutboxTable,
    ReminderTable,
)
from sapa.store.unit import Unit

_TO_SEND = OutboxTable.state.in_([OutboxState.QUEUED.value, OutboxState.ERRORED.value])
_OPEN = [state.value for state in (OutboxState.QUEUED, OutboxState.ERRORED, OutboxState.SENDING, OutboxState.UNKNOWN)]
_SKEW = "skew_s"
# Messages with this priority or a smaller one are answers to dangers.
_URGENT = 0


class HealthQueries:
    """Part of a transaction: how the system does."""

    _s: Unit

    def beat(self, name: str, owner: str, at: datetime, detail: Mapping[str, Any]) -> None:
        given = dict(detail)
        if not insert_if_absent(self._s, HeartbeatTable, name=name, owner=owner, at=at, detail=given):
            self._s.execute(update(HeartbeatTable).where(*_is(name, owner)).values(at=at, detail=given))

    def end_heartbeat(self, name: str, owner: str) -> None:
        self._s.execute(delete(HeartbeatTable).where(*_is(name, owner)))

    def drop_heartbeats(self, before: datetime) -> int:
        gone = self._s.execute(delete(HeartbeatTable).where(HeartbeatTable.at < before))
        return int(gone.rowcount)  # type: ignore[attr-defined]

    def heartbeats(self) -> list[Heartbeat]:
        rows = self._s.scalars(select(HeartbeatTable).order_by(HeartbeatTable.name, HeartbeatTable.owner))
        return [
            Heartbeat(row.name, row.owner, row.at, float(row.detail.get(_SKEW) or 0.0), dict(row.detail))
            for row in rows
        ]

    def database_time(self) -> datetime | None:
        if self._s.get_bind().dialect.name == "sqlite":
            return None
        told: datetime = self._s.execute(text("SELECT clock_timestamp()")).scalar_one()
        return told.astimezone(UTC)

    def queue_lengths(self, now: datetime) -> list[QueueLength]:
        return [
            self._line("inbound_received", InboundTable.received_at, InboundTable.state == InboundState.RECEIVED.value),
            self._line(
                "inbound_waiting",
                InboundTable.received_at,
                InboundTable.state.in_([InboundState.WAITING.value, InboundState.WORKING.value]),
            ),
            # An answer waits since it was made, whatever became of its first try; a reminder since it may go.
            self._line("outbox_danger", OutboxTable.created_at, _TO_SEND, OutboxTable.priority <= _URGENT),
            self._line(
                "outbox_reply",
                OutboxTable.created_at,
                _TO_SEND,
                OutboxTable.priority > _URGENT,
                OutboxTable.in_reply_to.is_not(None),
            ),
            self._line(
                "outbox_unasked",
                OutboxTable.not_before,
                _TO_SEND,
                OutboxTable.priority > _URGENT,
                OutboxTable.in_reply_to.is_(None),
                OutboxTable.not_before <= now,
            ),
            self._line("outbox_unknown", OutboxTable.claimed_at, _lost(now)),
            self._line("dirty_households", DirtyHouseholdTable.since),
            self._line(
                "reminders_due",
                ReminderTable.send_at,
                ReminderTable.state == ReminderState.PLANNED.value,
                ReminderTable.send_at <= now,
            ),
            self._line(
                "broadcasts",
                BroadcastTable.release_at,
                BroadcastTable.state.in_(["confirmed", "sending"]),
                BroadcastTable.release_at <= now,
            ),
            self._line("danger_untold", CaseTable.opened_at, _danger(), CaseTable.notified_at.is_(None)),
            self._line("danger_untaken", CaseTable.opened_at, _danger(), CaseTable.taken_at.is_(None)),
        ]

    def _line(self, name: str, since: InstrumentedAttribute[Any], *conditions: ColumnElement[bool]) -> QueueLength:
        count, oldest = self._s.execute(select(func.count(), func.min(since)).where(*conditions)).one()
        return QueueLength(name, int(count), oldest)

    def outbox_open(self) -> Mapping[tuple[str, str], int]:
        grouped = (
            select(OutboxTable.state, OutboxTable.kind, func.count())
            .where(OutboxTable.state.in_(_OPEN))
            .group_by(OutboxTable.state, OutboxTable.kind)
        )
        return {(state, kind): int(count) for state, kind, count in self._s.execute(grouped)}

    def outbox_lately(self, since: datetime, most: int) -> Mapping[str, int]:
        newest = (
            select(OutboxTable.state, OutboxTable.created_at).order_by(OutboxTable.seq.desc()).limit(most).subquery()
        )
        grouped = select(newest.c.state, func.count()).where(newest.c.created_at >= since).group_by(newest.c.state)
        return {state: int(count) for state, count in self._s.execute(grouped)}

    def template_states(self) -> Mapping[str, int]:
        grouped = select(MessageTemplateTable.status, func.count()).group_by(MessageTemplateTable.status)
        return {status: int(count) for status, count in self._s.execute(grouped)}

    def approved_templates(self) -> frozenset[str]:
        approved = select(MessageTemplateTable.name).where(MessageTemplateTable.status == "approved")
        return frozenset(self._s.scalars(approved))


def _is(name: str, owner: str) -> tuple[ColumnElement[bool], ...]:
    return HeartbeatTable.name == name, HeartbeatTable.owner == owner


def _danger() -> ColumnElement[bool]:
    return and_(CaseTable.closed_at.is_(None), CaseTable.kind == "danger")


def _lost(now: datetime) -> ColumnElement[bool]:
    """Nobody knows whether it went: asked about already, or held by a sender whose time is over."""
    return or_(
        OutboxTable.state == OutboxState.UNKNOWN.value,
        and_(OutboxTable.state == OutboxState.SENDING.value, OutboxTable.lease_until < now),
    )


def watch_statements(engine: Engine, tell: Callable[[str, float], None]) -> None:
    """Tell how long each statement took: its kind (begin, read or write) and its seconds."""

    @event.listens_for(engine, "before_cursor_execute")
    def _before(connection: Connection, *_: Any) -> None:
        connection.info["sapa_began"] = time.perf_counter()

    @event.listens_for(engine, "after_cursor_execute")
    def _after(connection: Connection, _cursor: Any, statement: str, *_: Any) -> None:
        began = connection.info.pop("sapa_began", None)
        if began is not None:
            tell(_kind(statement), time.perf_counter() - began)


def _kind(statement: str) -> str:
    """Waiting for SQLite's only writer happens in BEGIN, so it is counted apart."""
    word = statement[:6].upper()
    return "read" if word in ("SELECT", "PRAGMA") else "begin" if word.startswith("BEGIN") else "write"


@dataclass(frozen=True)
class DatabaseFacts:
    """What a database says of itself. skew_s: the machine's clock minus its own; None where it has none."""

    name: str
    version: tuple[int, ...]
    seconds: float  # for one statement
    current: bool
    faults: tuple[str, ...]  # settings with which a crash may lose what was confirmed
    skew_s: float | None = None
    keys: int = 0  # data keys something here may be sealed with


class DatabaseTrouble(Exception):
    """The database cannot be used; the message says why in one line, without a password."""


def examine_database(url: str, now: Callable[[], datetime]) -> DatabaseFacts:
    """Ask a database everything an installation depends on, and write nothing. Raises DatabaseTrouble."""
    engine = None
    try:
        engine = open_engine(url)
        with engine.connect() as connection:
            began = time.perf_counter()
            connection.execute(text("SELECT 1"))
            seconds = time.perf_counter() - began
            sqlite = engine.dialect.name == "sqlite"
            version, faults = _sqlite_facts(connection) if sqlite else _postgres_facts(connection)
            told = None if sqlite else connection.execute(text("SELECT clock_timestamp()")).scalar_one()
            skew = (now() - told).total_seconds() if told is not None else None
            keys = len(keys_in_use(connection))
        current = is_current(engine)
        if current:
            _try_to_write(engine)
        return DatabaseFacts("SQLite" if sqlite else "PostgreSQL", version, seconds, current, faults, skew, keys)
    except (SQLAlchemyError, OSError) as error:
        raise DatabaseTrouble(_line(error)) from None
    finally:
        if engine is not None:
            engine.dispose()


def _sqlite_facts(connection: Connection) -> tuple[tuple[int, ...], tuple[str, ...]]:
    def ask(pragma: str) -> str:
        return str(connection.exec_driver_sql(f"PRAGMA {pragma}").scalar()).lower()

    faults = []
    if ask("journal_mode") != "wal":
        faults.append(f"journal_mode is {ask('journal_mode')}, not wal")
    if ask("synchronous") != "2":
        faults.append("synchronous is not full")
    damage = ask("quick_check(1)")
    if damage != "ok":
        faults.append("the file is damaged (quick_check)")
    return _numbers(str(connection.exec_driver_sql("SELECT sqlite_version()").scalar())), tuple(faults)


def _postgres_facts(connection: Connection) -> tuple[tuple[int, ...], tuple[str, ...]]:
    def ask(name: str) -> str:
        return str(connection.execute(text(f"SHOW {name}")).scalar()).lower()

    wanted = {
        "fsync": ("on",),
        "full_page_writes": ("on",),
        "synchronous_commit": ("on", "remote_apply", "remote_write"),
    }
    faults = [f"{name} is {ask(name)}" for name, good in wanted.items() if ask(name) not in good]
    return _numbers(ask("server_version").split(" ")[0]), tuple(faults)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdecimal())


def _try_to_write(engine: Engine) -> None:
    """Change nothing, but as somebody who may: a standby or a file without the right to write refuses."""
    with engine.connect() as connection:
        try:
            connection.execute(text("UPDATE setting SET value = value WHERE key = ''"))
        finally:
            connection.rollback()


def _line(error: Exception) -> str:
    reason = str(getattr(error, "orig", None) or error).strip()
    return (reason.splitlines() or [type(error).__name__])[0]
