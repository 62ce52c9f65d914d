"""Two people about to marry, each with an own phone: a code joins them, and each says what the other may see.

Until both have agreed, each sees the own results alone (sapa.family.screening.visible). Who joins leaves an own, empty
household; who already has a family here is helped by a human. Where the wedding is called off, whoever joined leaves
again: what comes later in the other one's life is not theirs to see.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from sapa.family.people import Family, Screening, Sex, Wedding
from sapa.family.reading.words import normalize
from sapa.family.screening import SHARED, both, own
from sapa.messaging.quiet_hours import next_allowed
from sapa.messaging.states import Channel, Kind
from sapa.services import seats
from sapa.services.consents import PREMARITAL
from sapa.services.deps import Deps
from sapa.services.households import family_of
from sapa.services.ports import Tx
from sapa.services.records import CodeRow, OutboxDraft, Reply
from sapa.services.replies import render_reply

CODE_KIND = "pasangan"
CODE_LIFE = timedelta(days=7)
RELATIONS: Mapping[Sex, str] = {Sex.FEMALE: "calon_istri", Sex.MALE: "calon_suami"}
_FOLDER = "dialog/catin/hubung/"
_CODE = re.compile(r"\b(?:pasangan|psangan|pasngan|pasanganku) ?:? ?(\d{3}) ?(\d{3})\b")
_TRIES = 20


def code_in(text: str) -> str | None:
    """The code in "PASANGAN 123456", None without one."""
    found = _CODE.search(normalize(text))
    return found.group(1) + found.group(2) if found else None


def screening_id(wedding_id: str, partner: Sex) -> str:
    """One screening for each partner of a wedding, however often it is written."""
    return str(uuid5(NAMESPACE_URL, f"screening:{wedding_id}:{partner.value}"))


def link_code(tx: Tx, contact_id: str, wedding: Wedding, household_id: str, now: datetime) -> Reply:
    """A code for the partner, valid seven days; the one that still runs if there is one."""
    mine = own(wedding, contact_id)
    if mine is None:
        return Reply(_FOLDER + "punya-pasangan")
    if any(s.contact_id not in ("", contact_id) for s in wedding.screenings):
        return Reply(_FOLDER + "sudah", {"is_shared": mine.answers.get(SHARED) is True})
    row = next((r for r in tx.codes_by(contact_id, CODE_KIND) if _runs(r, now)), None) or _new_code(
        tx, contact_id, household_id, mine, now
    )
    return Reply(
        _FOLDER + "kode",
        {
            "partner_code": row.code,
            "code_until": row.expires_at.isoformat(),
            "is_shared": mine.answers.get(SHARED) is True,
        },
    )


def _new_code(tx: Tx, contact_id: str, household_id: str, mine: Screening, now: datetime) -> CodeRow:
    partner = Sex.MALE if mine.partner is Sex.FEMALE else Sex.FEMALE
    for _ in range(_TRIES):
        code = f"{secrets.randbelow(1_000_000):06d}"
        row = CodeRow(code, CODE_KIND, household_id, contact_id, {"sex": partner.value}, now + CODE_LIFE)
        if tx.save_code(row, now):
            return row
    raise RuntimeError("no free code in twenty tries")


def _runs(row: CodeRow, now: datetime) -> bool:
    return row.kind == CODE_KIND and row.used_at is None and now < row.expires_at


def invitation(
    tx: Tx, code: str, contact_id: str, family: Family, inbound_id: str, now: datetime
) -> tuple[Wedding, Sex] | Reply:
    """The wedding a code opens and the seat it gives, or the reply that says why it opens nothing.

    A code that opens nothing counts as a guess, like those of the seats; after five within an hour not even a right
    one opens.
    """
    row, why = seats.find_code(tx, contact_id, code, CODE_KIND, now)
    if row is None or row.household_id is None:
        _missed(tx, contact_id, str(why), inbound_id, now)
        return wrong_code(why)
    if row.created_by == contact_id:
        return Reply(_FOLDER + "kode-sendiri")
    wedding = tx.wedding_of(row.household_id)
    sex = Sex(row.detail["sex"])
    seat = both(wedding)[0 if sex is Sex.FEMALE else 1] if wedding is not None else None
    if wedding is None or seat is None or seat.contact_id:
        return wrong_code(seats.USED)
    strangers = [member for member in family.members if member.contact_id != contact_id]
    if family.children or family.pregnancy or family.postpartum or strangers:
        # Moving this person would tear a family's records apart: that is for a human to settle.
        return Reply(_FOLDER + "punya-keluarga")
    return wedding, sex


def wrong_code(why: str | None) -> Reply:
    """What is said of a code that opens nothing; `why` as in seats.find_code."""
    return Reply(_FOLDER + ("terlalu-sering" if why == seats.TOO_OFTEN else "kode-salah"))


def _missed(tx: Tx, contact_id: str, why: str, inbound_id: str, now: datetime) -> None:
    """Count a wrong code, once for one message: a journey may hear its message twice."""
    heard = f"{seats.MISSED}:{inbound_id}"
    if not tx.count_audits(heard, contact_id, now - seats.GUESSING):
        tx.audit(heard, contact_id, {}, now)
        seats.miss(tx, contact_id, CODE_KIND, why, now)


def join(
    deps: Deps, tx: Tx, code: str, contact_id: str, answers: Mapping[str, Any], shared: bool, now: datetime
) -> tuple[Wedding, str] | None:
    """Take the seat a code gives, with own answers; the wedding and its household. None if the code is spent.

    Doing it again changes nothing more. The other one is told that somebody joined, not what was answered.
    """
    row = tx.code(code)
    if row is None or row.kind != CODE_KIND or row.household_id is None:
        return None
    wedding = tx.wedding_of(row.household_id)
    if wedding is None:
        return None
    sex = Sex(row.detail["sex"])
    already = own(wedding, contact_id)
    if already is None and not tx.use_code(code, contact_id, now):
        return None
    if already is None:
        _leave_own(tx, contact_id, row.household_id, now)
        tx.set_member(contact_id, row.household_id, RELATIONS[sex], False)
        # A guest in the other one's household, not a second owner of it.
        tx.record_consent(contact_id, seats.SEAT, "", True, None, now)
        tx.audit("partner_joined", contact_id, {}, now)
    mine = Screening(sex, {**answers, SHARED: shared}, contact_id, screening_id(wedding.id, sex))
    tx.save_screening(wedding.id, mine, now)
    joined = tx.wedding_of(row.household_id)
    assert joined is not None
    _tell(deps, tx, joined, row, now)
    return joined, row.household_id


def part(deps: Deps, tx: Tx, wedding: Wedding, household_id: str, now: datetime) -> None:
    """There will be no wedding: whoever joined by a code leaves the household, and is told nothing unasked.

    A couple with a child or a pregnancy on record stays together here: that is for a human to settle.
    """
    if seats.is_followed(family_of(tx, household_id, now, deps.default_timezone)):
        return
    for joined in {s.contact_id for s in wedding.screenings} - {"", wedding.contact_id}:
        contact = tx.contact(joined)
        if contact is None or contact.household_id != household_id:
            continue
        tx.set_member(joined, None, "", False)
        tx.record_consent(joined, seats.SEAT, "", False, None, now)
        tx.set_dialogue_reset(joined, True)
        tx.cancel_queued(joined, "parted", now)
        tx.audit("partner_left", joined, {}, now)
        seats.keep_own(deps, tx, joined, now)


def _leave_own(tx: Tx, contact_id: str, household_id: str, now: datetime) -> None:
    contact = tx.contact(contact_id)
    before = contact.household_id if contact is not None else None
    if before is None or before == household_id:
        return
    tx.cancel_reminders(before, "joined", now)
    old = tx.wedding_of(before)
    if old is not None:
        tx.close_wedding(old.id, "joined", now)


def _tell(deps: Deps, tx: Tx, wedding: Wedding, row: CodeRow, now: datetime) -> None:
    """Tell the one who made the code, at an hour when unasked messages may be sent."""
    addresses = {address.channel: address for address in tx.addresses_of(row.created_by)}
    address = addresses.get(Channel.WHATSAPP) or addresses.get(Channel.SMS)
    contact = tx.contact(row.created_by)
    if address is None or contact is None or contact.opted_out_at is not None:
        return
    family = family_of(tx, row.household_id or "", now, deps.default_timezone)
    theirs = own(wedding, row.created_by)
    agreed = theirs is not None and theirs.answers.get(SHARED) is True
    text = render_reply(deps, Reply(_FOLDER + "pasangan-masuk", {"is_shared": agreed}), address.channel, family)
    tx.queue(
        OutboxDraft(
            dedupe_key=f"partner:{wedding.id}:{row.code}",
            contact_id=row.created_by,
            address_id=address.id,
            channel=address.channel,
            kind=Kind.NOTICE,
            content_id=text.content_id,
            text=text.text,
            template=text.template,
            template_variables=text.template_variables,
            not_before=next_allowed(now, family.timezone, family.quiet_hours),
            consent_purpose=PREMARITAL,
        ),
        now,
    )


def share(tx: Tx, wedding: Wedding, contact_id: str, shared: bool, now: datetime) -> Reply | None:
    """Let the partner see the own results, or no longer. None if there is nothing of this contact's to share."""
    mine = own(wedding, contact_id)
    if mine is None:
        return None
    if mine.answers.get(SHARED) is not shared:
        tx.save_screening(wedding.id, replace(mine, answers={**mine.answers, SHARED: shared}), now)
        tx.audit("screening_shared" if shared else "screening_unshared", contact_id, {}, now)
    linked = any(s.contact_id not in ("", contact_id) for s in wedding.screenings)
    return Reply(_FOLDER + ("dibagikan" if shared else "tidak-dibagikan"), {"is_linked": linked})
