"""A turn that died after its deed was done, and is done again, says what it would have said. On both databases."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from sapa.bootstrap import App
from sapa.clock import SetClock
from sapa.family.people import Contraception
from sapa.messaging.states import Channel
from sapa.services import turns
from sapa.services.consents import FAMILY_PLANNING
from sapa.services.conversation import claim_next, hold_turn
from sapa.services.dialogue import take_turn
from sapa.services.inbound import receive_message, triage_next
from sapa.services.journeys.conductor import Turned
from sapa.services.records import Reply, Turn
from sapa.services.understanding import Understood
from tests.support import inbound_form

ANI = "+6281200000001"
UNSURE = Understood((("nlu_fallback", 0.0),), unsure=True)


@pytest.fixture
def contact_id(app: App, clock: SetClock) -> str:
    """Somebody with a method on record."""
    now = clock.now()
    with app.store.transaction() as tx:
        contact, _ = tx.contact_for_address(Channel.WHATSAPP, ANI, ANI, now)
        tx.household_of(contact.id, now)
        tx.record_consent(contact.id, FAMILY_PLANNING, "ya", True, "in-0", now)
        method = Contraception("suntik_3_bulan", date(2026, 10, 1), contact_id=contact.id, id="kb-1")
        tx.save_contraception(contact.id, method, now)
    return contact.id


def _turn(app: App, clock: SetClock, contact_id: str, text: str, inbound_id: str, later_s: int = 0) -> Turned:
    now = clock.now() + timedelta(seconds=later_s)
    said = (app.content_ids, app.titles)
    return take_turn(app.deps, contact_id, UNSURE, text, None, now, clock.now(), inbound_id, *said)


def test_a_change_is_not_understood_a_second_time_against_what_it_changed(
    app: App, clock: SetClock, contact_id: str
) -> None:
    """ "Ganti ke implan" is no change any more once it is made: read again it would be answered as something else."""
    first = _turn(app, clock, contact_id, "sudah ganti ke implan hari ini", "in-1")
    again = _turn(app, clock, contact_id, "sudah ganti ke implan hari ini", "in-1", later_s=90)
    assert [reply.key for reply in again.replies] == [reply.key for reply in first.replies]
    assert first.replies[0].key == "dialog/kb/ganti"
    with app.store.transaction(write=False) as tx:
        running = tx.contraception_of(contact_id)
    assert running is not None and running.method == "implan"


def test_the_same_words_in_another_message_are_another_turn(app: App, clock: SetClock, contact_id: str) -> None:
    with app.store.transaction() as tx:
        turns.keep(tx, contact_id, "in-1", Turned((Reply("dialog/salam"),)), clock.now())
        assert turns.done_before(tx, contact_id, "in-1") == Turned((Reply("dialog/salam"),))
        assert turns.done_before(tx, contact_id, "in-2") is None


async def test_once_it_is_answered_nothing_is_kept_of_it(app: App, clock: SetClock, contact_id: str) -> None:
    class Engine:
        async def turn(self, contact_id: str, inbound_id: str, text: str, metadata: object) -> Turn:
            done = _turn(app, clock, contact_id, text, inbound_id)
            with app.store.transaction(write=False) as tx:
                assert turns.done_before(tx, contact_id, inbound_id) == done
            return Turn(done.replies, "", 0.0)

    receive_message(app.deps, inbound_form("data saya", ANI), clock.now())
    triage_next(app.deps, clock.now())
    claim = claim_next(app.deps, "w", clock.now(), timedelta(minutes=1))
    assert claim is not None and await hold_turn(app.deps, Engine(), claim, clock.now)
    with app.store.transaction(write=False) as tx:
        assert turns.done_before(tx, contact_id, claim.message.id) is None
