""" "Bukan saya": the number is silenced at once, and speaks again only to somebody who knows the family.

Acts in triage, before the dialogue. While a number is silent, whoever writes from it is answered, but hears nothing of
the family: only how to prove to be the one we mean, or to begin anew as somebody else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from uuid import NAMESPACE_URL, uuid5

from sapa.family.people import Family
from sapa.family.reading.dates import read_date
from sapa.family.reading.seats import claimed_with, is_courtesy, is_new_holder
from sapa.family.reading.words import words_of
from sapa.messaging.not_me_words import is_bare, says_not_me
from sapa.messaging.states import Kind, OutboxState
from sapa.services.deps import Deps
from sapa.services.emergencies import CHOICE_LIFE
from sapa.services.households import family_of_contact
from sapa.services.ports import Tx
from sapa.services.records import Contact, InboundMessage, Reply
from sapa.services.reminders import replan
from sapa.services.replies import queue_replies

LABEL = "flow/bukan-saya"
SILENCED = "dialog/bukan-saya/terima"
PROVE = "dialog/bukan-saya/buktikan"
NO_MATCH = "dialog/bukan-saya/tidak-cocok"
HUMAN = "dialog/bukan-saya/petugas"
WELCOME_BACK = "dialog/bukan-saya/kembali"
STRANGER = "dialog/bukan-saya/orang-baru"

CASE = "nomor"
MISSED = "identity_missed"
TRIES = 3
# A number that nobody has claimed for so long is looked into by a human. Our own figure.
PATIENCE = timedelta(days=3)

_UNASKED = (Kind.REMINDER, Kind.BROADCAST, Kind.NOTICE)


def act_on_not_me(deps: Deps, tx: Tx, message: InboundMessage, now: datetime) -> bool:
    """Deal with a message that says "not me", or comes from a silent number; False if it is neither.

    Belongs in triage after stop words and danger, and after `moves.act_on_number` ("bukan saya" there is a no).
    """
    contact = tx.contact(message.contact_id)
    if contact is None:
        return False
    spoken = message.button_payload or message.body
    if contact.suspended_at is not None:
        replies = _while_silent(deps, tx, message, contact, spoken, now)
    elif says_not_me(spoken) and not _answers_us(tx, contact.id, spoken, now):
        replies = _silence(tx, contact, now)
    else:
        return False
    # Whose the number is by now: what is said to somebody new is no part of the family's history.
    address = tx.address(message.address_id)
    asked = message if address is None else replace(message, contact_id=address.contact_id)
    queue_replies(deps, tx, asked, replies, now, exempt_from_opt_out=True)
    tx.finish_inbound(message.id, None, LABEL, now)
    return True


def _answers_us(tx: Tx, contact_id: str, spoken: str, now: datetime) -> bool:
    """Whether a bare "bukan saya" may answer what we said to a message of theirs, and so says nothing of the number."""
    if not is_bare(spoken):
        return False
    last = tx.last_said(contact_id, now - CHOICE_LIFE)
    return last is not None and last.in_reply_to is not None


def _silence(tx: Tx, contact: Contact, now: datetime) -> list[Reply]:
    if contact.household_id is None:
        # Nothing is known that somebody else could be asked about: simply no more messages.
        tx.set_opt_out(contact.id, now)
        tx.audit("opt_out", contact.id, {"reason": "not_me"}, now)
        return [Reply(SILENCED, {"known": False})]
    tx.set_suspended(contact.id, now)
    tx.set_dialogue_reset(contact.id, True)
    tx.cancel_queued(contact.id, "not_me", now)
    tx.audit("not_me", contact.id, {}, now)
    return [Reply(SILENCED, {"known": True})]


# -------------------------------------------------------------------------------------------------- while it is silent


def _while_silent(
    deps: Deps, tx: Tx, message: InboundMessage, contact: Contact, spoken: str, now: datetime
) -> list[Reply]:
    if says_not_me(spoken) or is_courtesy(spoken):
        return []  # said before, or mere courtesy: silence is what was asked for
    if is_new_holder(spoken):
        return _begin_anew(tx, message, contact, now)
    assert contact.suspended_at is not None
    if tx.count_audits(MISSED, contact.id, contact.suspended_at) >= TRIES:
        tx.open_case(contact.id, CASE, _case_key(contact), now)
        return [Reply(HUMAN)]
    family = family_of_contact(tx, contact.id, now, deps.default_timezone)
    day = _day_told(spoken, family.today)
    if day is None and not claimed_with(spoken):
        return [Reply(PROVE)]  # nothing in it that could prove who writes
    if not _knows_family(tx, contact, family, words_of(spoken), day):
        tx.audit(MISSED, contact.id, {}, now)
        return [Reply(NO_MATCH)]
    return _resume(deps, tx, contact, now)


def _resume(deps: Deps, tx: Tx, contact: Contact, now: datetime) -> list[Reply]:
    tx.set_suspended(contact.id, None)
    for case in tx.open_cases_of(contact.id):
        if case.kind == CASE and case.inbound_id == _case_key(contact):
            tx.close_case(case.id, "verified", now)
    tx.audit("verified", contact.id, {}, now)
    if contact.household_id is not None:
        replan(deps, tx, contact.household_id, now)
    return [Reply(WELCOME_BACK, {"stopped": contact.opted_out_at is not None})]


def _begin_anew(tx: Tx, message: InboundMessage, contact: Contact, now: datetime) -> list[Reply]:
    """The number belongs to somebody else now: it leaves the family, whose case a human takes up."""
    tx.open_case(contact.id, CASE, _case_key(contact), now)
    fresh = tx.new_contact(now)
    for address in tx.addresses_of(contact.id):
        tx.move_address(address.id, fresh.id)
    tx.touch_contact(fresh.id, now)
    tx.audit("number_left", contact.id, {}, now)
    return [Reply(STRANGER)]


def _day_told(spoken: str, today: date) -> date | None:
    reading = read_date(spoken, today, max_years=None)
    return reading.value if reading.precision == "day" and reading.absolute else None


def _knows_family(tx: Tx, contact: Contact, family: Family, told: Sequence[str], day: date | None) -> bool:
    """Whether what was told is known to the family and not to any holder of its phone.

    A day on record proves it. A name proves it only if we have not ourselves said it to this number unasked: whoever
    got the reminders has read the child's name in them. The own name counts where there is no day to ask for.
    """
    days = _days_on_record(family)
    if day is not None and day in days:
        return True
    said = " ".join(_said_unasked(tx, contact.id)).casefold()
    names = [child.name for child in family.children]
    if not days and contact.name:
        names.append(contact.name)
    return any(_first(name) in told and _first(name) not in said for name in names if len(_first(name)) > 2)


def _days_on_record(family: Family) -> set[date]:
    days = {child.birth_date for child in family.children}
    if family.pregnancy is not None:
        days |= {family.pregnancy.lmp, family.pregnancy.edd}
    if family.postpartum is not None:
        days.add(family.postpartum.birth_date)
    if family.wedding is not None and family.wedding.date is not None:
        days.add(family.wedding.date)
    return days


def _said_unasked(tx: Tx, contact_id: str) -> list[str]:
    never = (OutboxState.SUPPRESSED, OutboxState.QUEUED)
    return [m.text for m in tx.outbox_of(contact_id) if m.kind in _UNASKED and m.state not in never]


def _first(name: str) -> str:
    return (words_of(name) or [""])[0]


def _case_key(contact: Contact) -> str:
    """The same for one silence of one contact, so that it opens one case however often it is looked at."""
    moment = contact.suspended_at.isoformat() if contact.suspended_at is not None else ""
    return str(uuid5(NAMESPACE_URL, f"not-me:{contact.id}:{moment}"))


def unclaimed(tx: Tx, now: datetime) -> list[Contact]:
    """Numbers that have been silent for PATIENCE and of which no human has been told."""
    return tx.suspended_before(now - PATIENCE, CASE)


def open_unclaimed_cases(tx: Tx, now: datetime) -> int:
    """A case for every number that fell silent PATIENCE ago and that nobody has claimed since; how many were opened.

    For the sweeper; doing it again opens nothing twice, also after a human has closed the case.
    """
    waiting = unclaimed(tx, now)
    for contact in waiting:
        tx.open_case(contact.id, CASE, _case_key(contact), now)
    return len(waiting)
