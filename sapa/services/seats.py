"""Seats: several people follow one household, each from an own phone, with own consent and own opt-out.

Whoever registered the household owns it: invites, removes. A seat is taken with a code the owner passes on. One
reminder reaches one of them, the next in line where the first has stopped, is silent or never agreed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sapa.family.people import Family, Member
from sapa.family.reading.seats import CODE_DIGITS
from sapa.messaging.states import Channel
from sapa.services.consents import CHILD_CARE, FAMILY_PLANNING, PREGNANCY_CARE
from sapa.services.consents import SEAT as SEAT
from sapa.services.deps import Deps
from sapa.services.households import family_of, family_of_contact
from sapa.services.notices import preferred, tell
from sapa.services.ports import Tx
from sapa.services.records import Address, CodeRow, Contact, Reply
from sapa.services.reminders import replan
from sapa.services.replies import render_reply
from sapa.services.topics import stopped_topics

CODE_KIND = "kursi"
CODE_LIFE = timedelta(days=7)
CONSENT_TEXT = "dialog/kursi/persetujuan"
JOINED_NOTICE, REMOVED_NOTICE = "dialog/kursi/kabar-ikut", "dialog/kursi/kabar-keluar"

MISSED = "code_missed"
GUESSES, GUESSING = 5, timedelta(hours=1)
WRONG, LATE, USED, TOO_OFTEN = "salah", "lewat", "terpakai", "terlalu-sering"

# Who registered before the wedding may never have been called anything else since.
_MOTHERS, _FATHERS = ("ibu", "calon_istri"), ("ayah", "calon_suami")
_IN_LINE = ("ibu", "calon_istri", "", "ayah", "calon_suami", "nenek", "kakek", "lain")
# What a couple is to the child to come.
_AS_PARENTS = {"calon_istri": "ibu", "calon_suami": "ayah"}


# ------------------------------------------------------------------------------------------- who reads a message


def readers_for(tx: Tx, household_id: str, to: str, purpose: str, topic: str) -> list[tuple[Contact, Address]]:
    """Who gets one message of a household, and where; nobody where nobody may have it.

    to: caregiver, mother, father or contact:<id>. The first in line who agreed to `purpose`, has not stopped everything
    or this topic, and is not silent ("bukan saya"); and with them those who asked for every reminder. The mother's
    messages go to whoever is next in line where no mother can be reached; the father's to fathers only.
    """
    if to.startswith("contact:"):
        only = tx.contact(to.removeprefix("contact:"))
        return _reached(tx, [only], purpose, topic) if only is not None else []
    if purpose == FAMILY_PLANNING:
        return []  # a record of one woman, never of her household
    people = in_line(tx, household_id)
    if to == "father":
        return _reached(tx, [c for c in people if c.relation in _FATHERS], purpose, topic)[:1]
    if to == "mother":
        people = sorted(people, key=lambda contact: contact.relation not in _MOTHERS)
    willing = _reached(tx, people, purpose, topic)
    return willing[:1] + [pair for pair in willing[1:] if pair[0].every_reminder]


def in_line(tx: Tx, household_id: str) -> list[Contact]:
    """The household's people in the order in which they are asked to read: owners first, then seats by kinship."""
    people = tx.caregivers_of(household_id)
    place = {relation: number for number, relation in enumerate(_IN_LINE)}
    return sorted(people, key=lambda contact: (is_seat(tx, contact.id), place.get(contact.relation, len(place))))


def kin(relation: str) -> str:
    """Who somebody is to the children: a couple that registered before the wedding are mother and father."""
    return _AS_PARENTS.get(relation, relation)


def is_seat(tx: Tx, contact_id: str) -> bool:
    """Whether somebody came into the household by a code, and did not register it."""
    return tx.has_consent(contact_id, SEAT)


def _reached(tx: Tx, people: Sequence[Contact], purpose: str, topic: str) -> list[tuple[Contact, Address]]:
    reached = []
    for contact in people:
        silent = contact.opted_out_at is not None or contact.suspended_at is not None
        if silent or not tx.has_consent(contact.id, purpose) or topic in stopped_topics(tx, contact.id):
            continue
        address = preferred(tx.addresses_of(contact.id))
        if address is not None:
            reached.append((contact, address))
    return reached


# ---------------------------------------------------------------------------------------------------------- codes


def new_code(
    tx: Tx,
    kind: str,
    household_id: str | None,
    created_by: str,
    detail: Mapping[str, Any],
    life: timedelta,
    seed: str,
    now: datetime,
) -> str:
    """A code of six digits for somebody to pass on.

    It follows from `seed`, the id of the message that asks for it, so that a message worked on twice makes one code.
    Nobody outside knows the seed, so nobody can work the code out.
    """
    number = 0
    while True:
        drawn = hashlib.sha256(f"{seed}:{kind}:{number}".encode()).digest()
        code = str(int.from_bytes(drawn[:8]) % 10**CODE_DIGITS).zfill(CODE_DIGITS)
        row = CodeRow(code, kind, household_id, created_by, dict(detail), now + life)
        known = tx.code(code)
        if known is None and tx.save_code(row, now):
            return code
        if known is not None and _same(known, row) and known.used_at is None and known.expires_at > now:
            return code
        number += 1


def _same(known: CodeRow, row: CodeRow) -> bool:
    return (known.kind, known.household_id, known.created_by, dict(known.detail)) == (
        row.kind,
        row.household_id,
        row.created_by,
        dict(row.detail),
    )


def find_code(tx: Tx, contact_id: str, code: str, kind: str, now: datetime) -> tuple[CodeRow | None, str | None]:
    """The code's row, or why it opens nothing: salah, lewat, terpakai, terlalu-sering. Changes nothing.

    Whoever has missed five times within an hour is told to wait, even with a right one.
    """
    if tx.count_audits(MISSED, contact_id, now - GUESSING) >= GUESSES:
        return None, TOO_OFTEN
    row = tx.code(code)
    if row is None or row.kind != kind:
        return None, WRONG
    if row.used_at is not None:
        return None, USED
    return (None, LATE) if row.expires_at <= now else (row, None)


def miss(tx: Tx, contact_id: str, kind: str, why: str, now: datetime) -> None:
    """Count a code that opened nothing. What was typed is not kept."""
    if why != TOO_OFTEN:
        tx.audit(MISSED, contact_id, {"kind": kind, "why": why}, now)


# ---------------------------------------------------------------------------------------------------------- seats


def is_followed(family: Family) -> bool:
    """Whether there is anything to follow together: a child, a pregnancy, the weeks after a birth."""
    return bool(family.children) or family.pregnancy is not None or family.postpartum is not None


def purposes_of(family: Family) -> tuple[str, ...]:
    """What following this household now needs consent to. With a pregnancy the child to come is part of it."""
    expecting = family.pregnancy is not None or family.postpartum is not None
    return (PREGNANCY_CARE, CHILD_CARE) if expecting else (CHILD_CARE,)


def invite(tx: Tx, household_id: str, contact_id: str, relation: str | None, inbound_id: str, now: datetime) -> str:
    """A code for one more seat, valid seven days. One that is still good for a day is given out again."""
    detail = {"relation": relation}
    for known in tx.codes_by(contact_id, CODE_KIND):
        good = known.used_at is None and known.expires_at > now + timedelta(days=1)
        if good and known.household_id == household_id and dict(known.detail) == detail:
            return known.code
    code = new_code(tx, CODE_KIND, household_id, contact_id, detail, CODE_LIFE, inbound_id, now)
    tx.audit("seat_offered", contact_id, {"relation": relation or ""}, now)
    return code


def belongs_elsewhere(deps: Deps, tx: Tx, contact_id: str, household_id: str, now: datetime) -> bool:
    """Whether somebody already follows another household that holds something: nobody is moved out of it silently."""
    contact = tx.contact(contact_id)
    if contact is None or contact.household_id in (None, household_id):
        return False
    own = family_of_contact(tx, contact_id, now, deps.default_timezone)
    return is_followed(own) or own.wedding is not None


def join(deps: Deps, tx: Tx, contact_id: str, row: CodeRow, relation: str, inbound_id: str, now: datetime) -> bool:
    """Take the seat a code offers, with consent; False if somebody else was first. The owner is told."""
    if row.household_id is None or not tx.use_code(row.code, contact_id, now):
        return False
    family = family_of(tx, row.household_id, now, deps.default_timezone)
    tx.set_member(contact_id, row.household_id, relation, False)
    agree(deps, tx, contact_id, (SEAT, *purposes_of(family)), relation, inbound_id, now)
    # Whoever agrees to be reminded has taken back an earlier stop.
    tx.set_opt_out(contact_id, None)
    tx.audit("seat_taken", contact_id, {"relation": relation}, now)
    contact = tx.contact(contact_id)
    told = Reply(JOINED_NOTICE, {"relation": relation, "member_name": contact.name if contact else None})
    tell(deps, tx, row.created_by, told, now, f"seat:{row.code}:{contact_id}")
    replan(deps, tx, row.household_id, now)
    return True


def agree(
    deps: Deps, tx: Tx, contact_id: str, purposes: Sequence[str], relation: str, inbound_id: str, now: datetime
) -> None:
    """Keep a seat's consent to each purpose, with the words that were agreed to."""
    wording = _consent_words(deps, tx, contact_id, relation, PREGNANCY_CARE in purposes, now)
    for purpose in purposes:
        tx.record_consent(contact_id, purpose, wording, True, inbound_id, now)
        tx.audit("consent", contact_id, {"purpose": purpose}, now)


def missing_consents(tx: Tx, contact_id: str, family: Family) -> tuple[str, ...]:
    """What a member has not agreed to yet, because it came after joining (a new pregnancy, a birth)."""
    return tuple(purpose for purpose in purposes_of(family) if not tx.has_consent(contact_id, purpose))


def lapse_pregnancy_seats(tx: Tx, household_id: str, writer: str, inbound_id: str, now: datetime) -> int:
    """With a NEW pregnancy the old consents to follow one end: who hears of it is for the pregnant woman to say.

    `writer` registered it. Returns how many seats have to be invited anew ("ajak suami"); they say IKUT.
    """
    ended = 0
    for contact in tx.caregivers_of(household_id):
        if contact.id != writer and is_seat(tx, contact.id) and tx.has_consent(contact.id, PREGNANCY_CARE):
            tx.record_consent(contact.id, PREGNANCY_CARE, "", False, inbound_id, now)
            tx.audit("consent_lapsed", contact.id, {"purpose": PREGNANCY_CARE}, now)
            ended += 1
    return ended


def release(deps: Deps, tx: Tx, contact_id: str, by: str, inbound_id: str, now: datetime) -> bool:
    """Take a seat away (`by` is its holder, or the owner); False if there is none. Its holder is told."""
    contact = tx.contact(contact_id)
    if contact is None or contact.household_id is None or not is_seat(tx, contact_id):
        return False
    household_id = contact.household_id
    tx.set_member(contact_id, None, "", False)
    for purpose in (SEAT, CHILD_CARE, PREGNANCY_CARE):
        if tx.has_consent(contact_id, purpose):
            tx.record_consent(contact_id, purpose, "", False, inbound_id, now)
    tx.cancel_queued(contact_id, "seat_released", now)
    tx.audit("seat_released", contact_id, {"by_owner": by != contact_id}, now)
    keep_own(deps, tx, contact_id, now)
    if by != contact_id:
        # What is open in the talk may hold facts of the household.
        tx.set_dialogue_reset(contact_id, True)
        tell(deps, tx, contact_id, Reply(REMOVED_NOTICE), now, f"seat-released:{inbound_id}:{contact_id}")
    replan(deps, tx, household_id, now)
    return True


def keep_own(deps: Deps, tx: Tx, contact_id: str, now: datetime) -> None:
    """Plan anew what is one person's alone (the next visit to the bidan) where that person left a household."""
    if tx.contraception_of(contact_id) is not None:
        replan(deps, tx, tx.household_of(contact_id, now), now)


def want_every_reminder(tx: Tx, contact_id: str, wanted: bool, now: datetime) -> None:
    """Whether a member gets the reminders too, although somebody else of the household has them already."""
    contact = tx.contact(contact_id)
    if contact is None or contact.household_id is None or contact.every_reminder == wanted:
        return
    tx.set_member(contact_id, contact.household_id, contact.relation, wanted)
    tx.audit("every_reminder", contact_id, {"wanted": wanted}, now)


def others(tx: Tx, contact_id: str) -> list[Member]:
    """The other members of the contact's household."""
    contact = tx.contact(contact_id)
    if contact is None or contact.household_id is None:
        return []
    return [member for member in tx.members_of(contact.household_id) if member.contact_id != contact_id]


def _consent_words(deps: Deps, tx: Tx, contact_id: str, relation: str, pregnancy: bool, now: datetime) -> str:
    address = preferred(tx.addresses_of(contact_id))
    channel = address.channel if address is not None else Channel.WHATSAPP
    family = Family(now=now, timezone=deps.default_timezone)
    return render_reply(deps, consent_question(relation, pregnancy), channel, family).text


def consent_question(relation: str, pregnancy: bool) -> Reply:
    """What a new member is asked. It names nobody: whoever has guessed a code must learn nothing by it."""
    return Reply(CONSENT_TEXT, {"relation": relation, "pregnancy": pregnancy})
