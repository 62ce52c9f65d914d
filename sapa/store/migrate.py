"""Bringing a database to the newest schema."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config


def upgrade(engine: Engine) -> tuple[str | None, str | None]:
    """Run the missing migrations; returns the revision before and after. Safe to call from several processes."""
    with changing(engine) as connection:
        before = MigrationContext.configure(connection).get_current_revision()
        upgrade_to(connection, "head")
    with engine.connect() as connection:
        return before, MigrationContext.configure(connection).get_current_revision()


@contextmanager
def changing(engine: Engine) -> Iterator[Connection]:
    """One transaction in which the schema may change: it happens as a whole or not at all, and in one process."""
    with engine.connect() as connection, _foreign_keys_looked_at_last(connection), connection.begin():
        if connection.dialect.name == "postgresql":
            # Two machines starting together must not both create the tables.
            connection.exec_driver_sql("SELECT pg_advisory_xact_lock(7265231)")
        yield connection
        if connection.dialect.name == "sqlite" and connection.exec_driver_sql("PRAGMA foreign_key_check").first():
            raise RuntimeError("a migration left rows that point nowhere; nothing was changed")


def upgrade_to(connection: Connection, revision: str) -> None:
    """Run the migrations up to a revision inside a transaction of `changing`."""
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def knows(revision: str) -> bool:
    """Whether this version has that revision of the schema."""
    return any(one.revision == revision for one in ScriptDirectory.from_config(_config()).walk_revisions())


@contextmanager
def _foreign_keys_looked_at_last(connection: Connection) -> Iterator[None]:
    """SQLite changes a table by copying it and dropping the old one, which its rows' children would forbid."""
    if connection.dialect.name != "sqlite":
        yield
        return
    driver = connection.connection.driver_connection
    assert driver is not None
    driver.execute("PRAGMA foreign_keys = OFF")
    try:
        yield
    finally:
        driver.execute("PRAGMA foreign_keys = ON")


def is_current(engine: Engine) -> bool:
    """Whether the database has the schema this code was written for."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision() == head


def new_revision(engine: Engine, message: str) -> None:
    """Write a migration from the difference between the tables and the models."""
    config = _config()
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.revision(config, message=message, autogenerate=True)
