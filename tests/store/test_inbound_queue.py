"""The inbound queue: stored once, one contact's messages in order, leases that end."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import Engine

from sapa.bootstrap import App
from sapa.services.inbound import receive_message
from sapa.store.database import Database
from tests.support import inbound_form

LEASE = timedelta(seconds=60)
ANI, BUDI = "+6281200000001", "+6281200000002"


def _wait_all(app: App) -> None:
    """Move every received message into line, as triage does for what is not urgent."""
    with app.store.transaction() as tx:
        while (message := tx.next_untriaged()) is not None:
            tx.mark_waiting(message.id)


def test_the_same_provider_id_is_stored_once(app: App, now: datetime) -> None:
    form = inbound_form("halo")
    first = receive_message(app.deps, form, now)
    again = receive_message(app.deps, form, now)
    assert first.new and not again.new and again.inbound_id is None


def test_two_deliveries_of_one_message_at_the_same_moment_are_stored_once(
    engine: Engine, app: App, now: datetime
) -> None:
    form = inbound_form("halo")
    barrier = threading.Barrier(6)
    receipts = []

    def deliver() -> None:
        barrier.wait()
        receipts.append(receive_message(app.deps, form, now))

    # Known before: what is tested is the race for the message, not for the contact.
    receive_message(app.deps, inbound_form("dulu"), now)
    threads = [threading.Thread(target=deliver) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [receipt.new for receipt in receipts].count(True) == 1


def test_first_messages_of_one_new_person_at_the_same_moment_make_one_contact(app: App, now: datetime) -> None:
    barrier = threading.Barrier(6)
    errors = []

    def deliver() -> None:
        barrier.wait()
        try:
            receive_message(app.deps, inbound_form("halo"), now)
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=deliver) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    _wait_all(app)
    contacts = set()
    with app.store.transaction() as tx:
        while (message := tx.claim_dialogue("w", now, now + LEASE)) is not None:
            contacts.add(message.contact_id)
            tx.finish_inbound(message.id, "w", None, now)
    assert len(contacts) == 1


def test_a_second_message_waits_until_the_first_of_its_contact_is_answered(
    app: App, receive: Callable[..., str], now: datetime
) -> None:
    first, second, other = receive("satu", ANI), receive("dua", ANI), receive("lain", BUDI)
    _wait_all(app)
    with app.store.transaction() as tx:
        claimed = [tx.claim_dialogue("w", now, now + LEASE) for _ in range(3)]
        assert [message.id if message else None for message in claimed] == [first, other, None]
    with app.store.transaction() as tx:
        assert tx.finish_inbound(first, "w", "sapaan", now)
    with app.store.transaction() as tx:
        next_one = tx.claim_dialogue("w", now, now + LEASE)
        assert next_one is not None and next_one.id == second


def test_an_unseen_message_holds_back_a_later_one_of_its_contact(
    app: App, receive: Callable[..., str], now: datetime
) -> None:
    receive("satu", ANI)
    second = receive("dua", ANI)
    with app.store.transaction() as tx:
        tx.mark_waiting(second)
        assert tx.claim_dialogue("w", now, now + LEASE) is None


def test_a_lease_that_ended_lets_another_worker_take_over_and_the_first_can_no_longer_answer(
    app: App, receive: Callable[..., str], now: datetime
) -> None:
    inbound_id = receive("satu")
    _wait_all(app)
    with app.store.transaction() as tx:
        assert tx.claim_dialogue("dead", now, now + LEASE)
        assert tx.claim_dialogue("next", now + LEASE, now + 2 * LEASE) is None  # not ended yet: equal is not before
    later = now + LEASE + timedelta(seconds=1)
    with app.store.transaction() as tx:
        taken = tx.claim_dialogue("next", later, later + LEASE)
        assert taken is not None and taken.id == inbound_id and taken.attempts == 2
    with app.store.transaction() as tx:
        assert not tx.finish_inbound(inbound_id, "dead", "sapaan", later)
        assert tx.finish_inbound(inbound_id, "next", "sapaan", later)
        assert not tx.finish_inbound(inbound_id, "next", "sapaan", later)


def test_a_message_put_back_because_others_failed_does_not_count_as_a_try(
    app: App, receive: Callable[..., str], now: datetime
) -> None:
    receive("satu")
    _wait_all(app)
    for counts, attempts in ((False, 1), (True, 1), (False, 2)):
        with app.store.transaction() as tx:
            message = tx.claim_dialogue("w", now, now + LEASE)
            assert message is not None and message.attempts == attempts
            tx.release_inbound(message.id, "w", now, counts)


def test_two_workers_never_hold_one_message(
    app: App, engine: Engine, receive: Callable[..., str], now: datetime
) -> None:
    for number in range(30):
        receive("halo", f"+62812000001{number:02}")
    _wait_all(app)
    store = Database(engine)
    claimed: list[str] = []
    barrier = threading.Barrier(4)

    def work(name: str) -> None:
        barrier.wait()
        while True:
            with store.transaction() as tx:
                message = tx.claim_dialogue(name, now, now + LEASE)
            if message is None:
                return
            claimed.append(message.id)

    threads = [threading.Thread(target=work, args=(f"w{number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(claimed) == len(set(claimed)) == 30
