"""A message comes in: stored once, looked at for stop and danger words at once, then waits for its turn."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sapa.messaging.not_me_words import says_not_me
from sapa.messaging.stop_words import stop_word
from sapa.services.access import staffer
from sapa.services.case_replies import act_on_human, tell_human
from sapa.services.deps import Deps
from sapa.services.emergencies import answered_yes, named_emergency, raise_danger
from sapa.services.losses import after_turn, catch_loss, note_loss, resume
from sapa.services.moves import act_on_number
from sapa.services.not_me import act_on_not_me
from sapa.services.pace import answered_lately, slow_down, too_fast
from sapa.services.ports import Tx
from sapa.services.records import InboundForm, InboundMessage, Reply
from sapa.services.replies import queue_replies

# Failed looks at one message (a fault of ours) before it is put in line as it is and a human is told: it must not hold
# up everybody who wrote after it.
MAX_STUMBLES = 3
# Messages looked at in one transaction: a few dozen milliseconds in which nobody else can write to SQLite.
_AT_ONCE = 8


@dataclass(frozen=True)
class Receipt:
    """What became of an inbound webhook. `inbound_id` is None for a message that was there already."""

    new: bool
    inbound_id: str | None


def receive_message(deps: Deps, form: InboundForm, now: datetime) -> Receipt:
    """Store an inbound message in one transaction. The same provider id a second time changes nothing."""
    with deps.store.transaction() as tx:
        contact, address = tx.contact_for_address(form.channel, form.from_address, form.phone, now)
        inbound_id = tx.store_inbound(form, contact, address, now)
        if inbound_id is None:
            return Receipt(new=False, inbound_id=None)
        # What comes late opens the 24 hours from when it was written, not from when we heard of it.
        tx.touch_contact(contact.id, min(form.sent_at or now, now))
        somebody_else = contact.suspended_at is not None or says_not_me(form.body)
        if form.profile_name and contact.name is None and not somebody_else:
            tx.set_contact_name(contact.id, form.profile_name[:120])
    return Receipt(new=True, inbound_id=inbound_id)


def triage_next(deps: Deps, now: datetime) -> InboundMessage | None:
    """Look at the oldest unseen message; None when there is none.

    Stop words, dangers, "bukan saya", a number's confirmation and losses act here, before and without Rasa, and ahead
    of older messages of the same person that still wait for it. So does what goes to a human who has the person's
    case. Everything else is put in line. One transaction, so a kill leaves it undone or done.
    """
    with deps.store.transaction(write=False) as tx:
        if not tx.has_untriaged():
            return None
    message: InboundMessage | None = None
    try:
        with deps.store.transaction() as tx:
            message = tx.next_untriaged()
            if message is None:
                return None
            _look_at(deps, tx, message, now)
            return message
    except Exception:
        if message is None or not _set_aside(deps, message, now):
            raise
        return message


def triage_some(deps: Deps, now: datetime, *, surely: bool = False) -> int:
    """Look at the oldest unseen messages, a few in one transaction; how many there were.

    surely: do not ask first whether there are any, which saves a question where there just were some. When one of them
    cannot be looked at, nothing of the others is done either: they are taken one by one, as `triage_next` does it.
    """
    if not surely:
        with deps.store.transaction(write=False) as tx:
            if not tx.has_untriaged():
                return 0
    try:
        with deps.store.transaction() as tx:
            seen = 0
            while seen < _AT_ONCE and (message := tx.next_untriaged()) is not None:
                _look_at(deps, tx, message, now)
                seen += 1
            return seen
    except Exception:
        return 0 if triage_next(deps, now) is None else 1


def _look_at(deps: Deps, tx: Tx, message: InboundMessage, now: datetime) -> None:
    # In the order of what cannot wait. "Bukan saya" to our question about a new number is an answer to that.
    acts = (_act_on_stop_word, _act_on_danger, slow_down, act_on_number, act_on_not_me, act_on_human, _act_on_loss)
    if not any(act(deps, tx, message, now) for act in acts):
        tx.mark_waiting(message.id)


def _set_aside(deps: Deps, message: InboundMessage, now: datetime) -> bool:
    """After MAX_STUMBLES failed looks: put the message in line as it is, and tell a human. False before that."""
    with deps.store.transaction() as tx:
        if tx.stumbled(message.id) < MAX_STUMBLES:
            return False
        tx.mark_waiting(message.id)
        tx.open_case(message.contact_id, "fault", message.id, now)
        tx.audit("triage_given_up", message.contact_id, {"attempts": MAX_STUMBLES}, now)
        return True


def spoken_text(message: InboundMessage) -> str:
    """What the person said: the payload of the button they tapped, else the text they wrote."""
    return message.button_payload or message.body


def _act_on_stop_word(deps: Deps, tx: Tx, message: InboundMessage, now: datetime) -> bool:
    word = stop_word(spoken_text(message), message.opt_out_type)
    if word is None:
        return False
    contact = tx.contact(message.contact_id)
    assert contact is not None
    label, key = {
        "stop": ("flow/berhenti", "dialog/sudah-berhenti" if contact.opted_out_at else "dialog/berhenti"),
        "start": ("flow/mulai-lagi", "dialog/mulai-lagi"),
        "help": ("bantuan", "dialog/bantuan"),
    }[word]
    if word == "stop":
        tx.set_opt_out(contact.id, now)
        tx.audit("opt_out", contact.id, {"channel": message.channel.value}, now)
    elif word == "start":
        tx.set_opt_out(contact.id, None)
        tx.audit("opt_in", contact.id, {"channel": message.channel.value}, now)
        if contact.household_id is not None and contact.suspended_at is None:
            resume(deps, tx, contact.household_id, now)
    # Where the provider has answered the stop word itself, a second answer would be one message too many. So it would
    # be to another program that sends us our own words back.
    if message.opt_out_type is None and not too_fast(deps, tx, message):
        who = staffer(tx, contact.id) if word == "help" else None
        # A kader is mostly a mother too: she gets the help for both.
        first = [Reply("kader/bantuan", {"role": who.role.value})] if who is not None else []
        said = after_turn(deps, tx, contact.id, "", [*first, Reply(key)], now, message.id)
        queue_replies(deps, tx, message, said, now, exempt_from_opt_out=True)
    tx.finish_inbound(message.id, None, label, now)
    return True


def _act_on_danger(deps: Deps, tx: Tx, message: InboundMessage, now: datetime) -> bool:
    spoken = spoken_text(message)
    key = named_emergency(spoken, deps.danger_chance) or answered_yes(tx, message.contact_id, spoken, now)
    if key is None:
        return False
    contact = tx.contact(message.contact_id)
    if contact is not None and contact.suspended_at is None:
        # A loss told in an emergency stops what it stops; the emergency is what is answered. Of a number that says it
        # is not the one we mean, nobody's child is taken for dead.
        note_loss(deps, tx, message.contact_id, spoken, now, message.id)
    raise_danger(deps, tx, message, key, now, silent=answered_lately(deps, tx, message, key, now))
    tell_human(deps, tx, message, now)
    tx.finish_inbound(message.id, None, "danger", now)
    return True


def _act_on_loss(deps: Deps, tx: Tx, message: InboundMessage, now: datetime) -> bool:
    reply = catch_loss(deps, tx, message.contact_id, spoken_text(message), now, message.id)
    if reply is None:
        return False
    queue_replies(deps, tx, message, [reply], now)
    tx.finish_inbound(message.id, None, "flow/duka", now)
    return True
