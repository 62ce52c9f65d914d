"""Opening the database: SQLite for one machine, PostgreSQL for many. The rest of the store does not know which."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url

BUSY_TIMEOUT_MS = 15_000
# A server that fell silent (its machine lost power, a cable was pulled) is given up on after seconds; left to the
# system, a connection that nobody answers holds its thread for a quarter of an hour. Times in seconds, the last in ms.
_PATIENCE: dict[str, Any] = {
    "connect_timeout": 5,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,
}


def open_engine(url: str) -> Engine:
    """An engine for `url` (SQLAlchemy address of SQLite or PostgreSQL). Creates SQLite's folder.

    Errors name no values: they go into logs, and the values are numbers and words of families.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        if parsed.database:
            Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
        engine = create_engine(url, hide_parameters=True)
        _prepare_sqlite(engine)
        return engine
    # A connection broken by a restart of the server is noticed before it is used, not by the work that needed it.
    patience = {name: value for name, value in _PATIENCE.items() if name not in parsed.query}
    return create_engine(
        url, hide_parameters=True, pool_pre_ping=True, pool_size=10, max_overflow=20, connect_args=patience
    )


def _prepare_sqlite(engine: Engine) -> None:
    """WAL, foreign keys, waiting instead of failing, and a write lock taken when a transaction begins."""

    @event.listens_for(engine, "connect")
    def _connect(connection: sqlite3.Connection, _: Any) -> None:
        connection.isolation_level = None  # the driver must not open transactions on its own
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
        cursor.execute("PRAGMA journal_mode = WAL")
        cursor.execute("PRAGMA synchronous = FULL")
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # A transaction that reads first and writes later cannot be upgraded while another writes ("database is
        # locked" at once, whatever the timeout), so writers queue up at the start instead.
        mode = "DEFERRED" if connection.get_execution_options().get("sapa_read_only") else "IMMEDIATE"
        connection.exec_driver_sql(f"BEGIN {mode}")
