"""Inserts that mind what is there already, in one statement, on both databases."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from sapa.store.models import Base


def insert_or_replace(session: Session, table: type[Base], **values: Any) -> None:
    """INSERT ... ON CONFLICT DO UPDATE: a row with this primary key then has these values."""
    primary_key = [column.name for column in table.__table__.primary_key]
    statement = insert_into(session, table).values(**values)
    others = {name: statement.excluded[name] for name in values if name not in primary_key}
    session.execute(statement.on_conflict_do_update(index_elements=primary_key, set_=others))


def insert_if_absent(session: Session, table: type[Base], **values: Any) -> bool:
    """INSERT ... ON CONFLICT DO NOTHING. True if a row was added.

    Looking first and inserting after would let two overlapping deliveries both through.
    """
    primary_key = next(iter(table.__table__.primary_key))
    statement = insert_into(session, table).values(**values).on_conflict_do_nothing().returning(primary_key)
    return session.execute(statement).first() is not None


def insert_into(session: Session, table: type[Base] | Table) -> Any:
    """INSERT as the database at hand speaks it, for `on_conflict_...`."""
    dialect = session.get_bind().dialect.name
    return postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)
