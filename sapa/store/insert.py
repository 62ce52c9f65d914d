"""Insert-unless-there, in one statement, on both databases."""

from __future__ import annotations

from typing import Any

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from sapa.store.models import Base


def insert_if_absent(session: Session, table: type[Base], **values: Any) -> bool:
    """INSERT ... ON CONFLICT DO NOTHING. True if a row was added.

    Looking first and inserting after would let two overlapping deliveries both through.
    """
    dialect = session.get_bind().dialect.name
    build = postgresql.insert if dialect == "postgresql" else sqlite.insert
    primary_key = next(iter(table.__table__.primary_key))
    statement = build(table).values(**values).on_conflict_do_nothing().returning(primary_key)
    return session.execute(statement).first() is not None
