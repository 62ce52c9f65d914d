"""What one transaction asks the database only once, and what makes it ask again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import Engine, event

from sapa.messaging.states import Channel
from sapa.store.database import Database, Transaction
from sapa.store.models import ContactTable
from sapa.store.unit import Unit
from tests.support import NOW

NUMBER = "+6281200000009"


@pytest.fixture
def store(engine: Engine) -> Database:
    return Database(engine)


@pytest.fixture
def asked(engine: Engine) -> Callable[[], int]:
    """How many statements went to the database since the last call."""
    seen: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *given: seen.append(given[2]))  # the statement

    def count() -> int:
        number = sum(not statement.startswith("BEGIN") for statement in seen)
        seen.clear()
        return number

    return count


@contextmanager
def somebody(store: Database) -> Iterator[tuple[Transaction, str]]:
    with store.transaction() as tx:
        contact, _ = tx.contact_for_address(Channel.WHATSAPP, NUMBER, NUMBER, NOW)
    with store.transaction() as tx:
        yield tx, contact.id


QUESTIONS: dict[str, Callable[[Transaction, str], object]] = {
    "who wrote": lambda tx, contact: tx.contact(contact),
    "what they agreed to": lambda tx, contact: (tx.has_consent(contact, "anak"), tx.has_consent(contact, "kb")),
    "what they may do": lambda tx, contact: tx.roles_of(contact),
    "what was said last": lambda tx, contact: tx.last_said(contact, NOW),
}


@pytest.mark.parametrize("question", QUESTIONS.values(), ids=QUESTIONS)
def test_what_many_rules_ask_goes_to_the_database_once(
    store: Database, asked: Callable[[], int], question: Callable[[Transaction, str], object]
) -> None:
    with somebody(store) as (tx, contact):
        asked()
        first = question(tx, contact)
        assert asked() == 1
        assert question(tx, contact) == first
        assert asked() == 0


def test_a_write_of_any_kind_is_seen_by_the_next_question(store: Database) -> None:
    with somebody(store) as (tx, contact):
        before = tx.contact(contact)
        assert before is not None
        assert before.opted_out_at is None
        tx.set_opt_out(contact, NOW)  # UPDATE
        stopped = tx.contact(contact)
        assert stopped is not None
        assert stopped.opted_out_at == NOW
        assert not tx.has_consent(contact, "anak")
        tx.record_consent(contact, "anak", "wording", True, None, NOW)  # INSERT
        assert tx.has_consent(contact, "anak")
        home = tx.household_of(contact, NOW)  # rows that are flushed
        moved = tx.contact(contact)
        assert moved is not None
        assert moved.household_id == home


def test_a_row_that_was_changed_and_not_yet_written_is_written_before_the_next_question(engine: Engine) -> None:
    with somebody(Database(engine)) as (_, contact):
        pass
    with Unit(engine) as session, session.begin():
        tx = Transaction(session)
        before = tx.contact(contact)
        assert before is not None
        session.get_one(ContactTable, contact).relation = "ayah"
        after = tx.contact(contact)
        assert after is not None
        assert (before.relation, after.relation) == ("", "ayah")


def test_a_lock_makes_everything_be_asked_again(store: Database, asked: Callable[[], int]) -> None:
    with somebody(store) as (tx, contact):
        home = tx.household_of(contact, NOW)
        tx.contact(contact)
        tx.lock_household(home)
        asked()
        tx.contact(contact)
        assert asked() == 1


def test_another_transaction_remembers_nothing_of_this_one(store: Database) -> None:
    with somebody(store) as (_, contact):
        pass
    for at in (NOW, None):
        with store.transaction() as tx:
            tx.set_opt_out(contact, at)
        with store.transaction(write=False) as tx:
            found = tx.contact(contact)
            assert found is not None
            assert found.opted_out_at == at


def test_a_setting_written_twice_holds_what_was_written_last(store: Database) -> None:
    with store.transaction() as tx:
        for value in ("one", "two"):
            tx.set_setting("a key", value, NOW)
            assert tx.setting("a key") == value
    with store.transaction() as tx:
        tx.set_setting("a key", "three", NOW)
    with store.transaction(write=False) as tx:
        assert tx.setting("a key") == "three"
