"""Rasa's tracker store on SQLAlchemy 2, at the address our settings give."""

from __future__ import annotations

from typing import Any

from rasa.core.tracker_store import SQLTrackerStore
from sqlalchemy import create_engine, inspect, text
from sqlalchemy.engine import URL, make_url

from sapa import settings


class SapaTrackerStore(SQLTrackerStore):  # type: ignore[misc]
    """Rasa builds its database address with a constructor that SQLAlchemy 2 no longer has."""

    @staticmethod
    def get_db_url(*args: Any, **kwargs: Any) -> URL:
        """The address of the tracker database; what endpoints.yml might say is not used."""
        return make_url(settings.load().tracker_url)


def forget_dialogue(tracker_url: str, sender_id: str) -> int:
    """Delete a conversation from Rasa's memory; how many events it had. Rasa itself has no word for it.

    On SQLite nothing of it is left in the file either. Raises OperationalError while the database is busy: try again.
    """
    engine = create_engine(tracker_url)
    try:
        # Rasa makes its table at its first start.
        if not inspect(engine).has_table(SQLTrackerStore.SQLEvent.__tablename__):
            return 0
        with engine.begin() as connection:
            deleted = connection.execute(text("DELETE FROM events WHERE sender_id = :sender"), {"sender": sender_id})
        if engine.dialect.name == "sqlite":
            with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.execute(text("VACUUM"))
                connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))
        return deleted.rowcount
    finally:
        engine.dispose()
