"""Rasa's memory of a dialogue, seen from outside: only so that it can be erased. Imports nothing of Rasa."""

from __future__ import annotations

from sqlalchemy import create_engine, inspect, text

# The table of rasa.core.tracker_store.SQLTrackerStore; tests/bot holds it to that.
EVENTS = "events"


def forget_dialogue(tracker_url: str, sender_id: str) -> int:
    """Delete a conversation from Rasa's memory; how many events it had. Rasa itself has no word for it.

    On SQLite nothing of it is left in the file either. Raises OperationalError while the database is busy: try again.
    """
    engine = create_engine(tracker_url)
    try:
        # Rasa makes its table at its first start.
        if not inspect(engine).has_table(EVENTS):
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
