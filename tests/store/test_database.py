"""The database itself: migrations, the tables and the models agree, aware times only."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, inspect
from sqlalchemy.exc import IntegrityError, StatementError

from sapa.bootstrap import App
from sapa.store import models, simulator
from sapa.store.migrate import is_current, upgrade

assert simulator  # its tables are part of the metadata


def test_upgrading_twice_changes_nothing(engine: Engine) -> None:
    before, after = upgrade(engine)
    assert before == after is not None
    assert is_current(engine)


def test_the_migrations_make_exactly_the_tables_the_code_was_written_for(engine: Engine) -> None:
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": False})
        assert compare_metadata(context, models.Base.metadata) == []


def test_the_due_query_is_served_by_its_own_index(engine: Engine) -> None:
    names = {index["name"] for index in inspect(engine).get_indexes("reminder")}
    assert "ix_reminder_due" in names


def test_a_naive_time_is_refused(app: App) -> None:
    with pytest.raises(StatementError, match="naive"), app.store.transaction() as tx:
        tx.set_opt_out("x", datetime(2026, 1, 1))


def test_a_time_comes_back_as_the_same_moment_in_utc(app: App) -> None:
    wita = timezone(timedelta(hours=8))
    said = datetime(2026, 11, 23, 16, 0, tzinfo=wita)
    with app.store.transaction() as tx:
        from sapa.messaging.states import Channel

        contact, _ = tx.contact_for_address(Channel.SMS, "+628", None, said)
    with app.store.transaction() as tx:
        stored = tx.contact(contact.id)
    assert stored is not None
    assert stored.created_at == said and stored.created_at.tzinfo is UTC


def test_foreign_keys_hold(app: App, now: datetime) -> None:
    with pytest.raises(IntegrityError), app.store.transaction() as tx:
        tx.mark_dirty("no-such-household", now)


def test_a_transaction_that_raises_leaves_nothing(app: App, now: datetime) -> None:
    from sapa.messaging.states import Channel

    with pytest.raises(RuntimeError), app.store.transaction() as tx:
        tx.contact_for_address(Channel.SMS, "+628", None, now)
        raise RuntimeError
    with app.store.transaction() as tx:
        assert tx.contact_id_for(Channel.SMS, "+628") is None
