"""A family moves: to another posyandu, to another place, to another number.

A number is given up by whoever holds it: the old one says YA, or shows a code that is typed on the new one. Until then
the new number learns nothing, not even whether the old one is known here.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sapa.family.people import Family
from sapa.family.reading.seats import read_code, read_phone
from sapa.family.reading.words import read_yes_no
from sapa.family.regions import timezone_for, zone_named
from sapa.messaging.not_me_words import says_not_me
from sapa.messaging.states import Channel, OutboxState
from sapa.services import places, seats
from sapa.services.deps import Deps
from sapa.services.households import family_of, family_of_contact
from sapa.services.notices import preferred, tell
from sapa.services.ports import Tx
from sapa.services.records import Address, CodeRow, InboundMessage, Reply
from sapa.services.reminders import replan
from sapa.services.replies import queue_replies
from sapa.services.respond import TALK_LIFE

CASE = "nomor"
CODE_KIND = "nomor"
CODE_LIFE = timedelta(hours=24)
ASKED, QUESTIONED = "number_asked", "number_questioned"
# Our own figures: how often a number may ask for another one's place, and how often that one is bothered with it.
MAX_ASKED, MAX_QUESTIONED = 3, 2
_DAY = timedelta(hours=24)

ASK_OLD = "dialog/nomor/tanya-lama"
WAITING = "dialog/nomor/menunggu"
BAD_CODE = "dialog/nomor/kode-salah"
MOVED_HERE, MOVED_AWAY = "dialog/nomor/selesai-baru", "dialog/nomor/selesai-lama"
MOVED_AWAY_NOTICE = "dialog/nomor/kabar-lama"
KEPT = "dialog/nomor/ditolak"
BOTH_KNOWN = "dialog/nomor/dua-data"
HUMAN = "dialog/nomor/petugas"
TOO_OFTEN = "dialog/nomor/terlalu-sering"
SHOW_CODE = "dialog/nomor/kode"
LABEL = "flow/profil"


# ------------------------------------------------------------------------------------------------------- the household


def move_household(
    deps: Deps,
    tx: Tx,
    household_id: str,
    posyandu_name: str | None,
    said: str | None,
    place: tuple[str | None, str | None],
    contact_id: str,
    now: datetime,
) -> Family:
    """Join the household to a known posyandu, or keep the name that was `said` and the place; the plan is made anew.

    place: (province, zone label WIB/WITA/WIT) as far as told. Reminders of the old posyandu's days are cancelled.
    Doing it twice changes nothing more.
    """
    row = places.named(tx, posyandu_name)
    province, zone = place
    before = tx.household_options(household_id)
    if row is not None:
        tx.set_posyandu(household_id, row.id)
        tx.set_place(household_id, None, None)
    else:
        tx.set_posyandu(household_id, None, said)
        if province or zone:
            tx.set_place(household_id, province, zone_named(zone) if zone else timezone_for(province))
        else:
            # Nothing said of the place: the clock stays the one of the posyandu that is left behind.
            tx.set_place(household_id, before["province"], before["timezone"])
    # What was due for the old place this very hour must not go out either; the plan brings back what still holds.
    tx.cancel_reminders(household_id, "moved", now, ("posyandu",))
    for contact in tx.caregivers_of(household_id):
        tx.cancel_queued(contact.id, "moved", now, ("posyandu",))
    tx.audit("household_moved", contact_id, {"known_posyandu": row is not None, "province": province or ""}, now)
    replan(deps, tx, household_id, now)
    return family_of(tx, household_id, now, deps.default_timezone)


# ---------------------------------------------------------------------------------------------------------- the number


def ask_for_number(deps: Deps, tx: Tx, contact_id: str, phone: str, inbound_id: str, now: datetime) -> Reply:
    """Somebody says that `phone` was their number: it is asked. What they are told is the same whatever we find."""
    if tx.count_audits(ASKED, contact_id, now - _DAY) >= MAX_ASKED:
        return Reply(TOO_OFTEN)
    tx.audit(ASKED, contact_id, {}, now)
    old_id = _contact_with(tx, phone)
    if old_id is not None and old_id != contact_id and _may_be_asked(deps, tx, old_id, now):
        detail = {"new_contact": contact_id, "inbound": inbound_id}
        code = seats.new_code(tx, CODE_KIND, None, old_id, detail, CODE_LIFE, inbound_id, now)
        asked = Reply(ASK_OLD, {"code": code, "ending": _ending(tx, contact_id)})
        if tell(deps, tx, old_id, asked, now, f"number:{code}:{inbound_id}") is not None:
            tx.audit(QUESTIONED, old_id, {}, now)
    return Reply(WAITING)


def show_code(tx: Tx, contact_id: str, phone: str | None, inbound_id: str, now: datetime) -> Reply:
    """The old number's own wish to move: a code to type on the new one, within 24 hours."""
    detail = {"new_phone": phone, "inbound": inbound_id}
    code = seats.new_code(tx, CODE_KIND, None, contact_id, detail, CODE_LIFE, inbound_id, now)
    tx.audit("number_offered", contact_id, {}, now)
    return Reply(SHOW_CODE, {"code": code})


def act_on_number(deps: Deps, tx: Tx, message: InboundMessage, now: datetime) -> bool:
    """Deal with the answer to our question about a number, or a code typed after we asked for one; False otherwise.

    Belongs in triage after stop words and danger, before `not_me.act_on_not_me`: "bukan saya" is a no here.
    """
    last = tx.last_said(message.contact_id, now - CODE_LIFE)
    if last is None:
        return False
    spoken = message.button_payload or message.body
    reply: Reply | None = None
    if last.content_id == ASK_OLD:
        reply = _answer_of_old(deps, tx, message, spoken, now)
    elif last.content_id in (WAITING, BAD_CODE):
        code = read_code(spoken)
        if code is not None and read_phone(spoken) is None:
            reply = enter_code(deps, tx, message.contact_id, message.id, code, now)
    if reply is None:
        return False
    queue_replies(deps, tx, message, [reply], now, exempt_from_opt_out=True)
    tx.finish_inbound(message.id, None, LABEL, now)
    return True


def enter_code(deps: Deps, tx: Tx, contact_id: str, inbound_id: str, code: str, now: datetime) -> Reply:
    """A code typed on the new number: the old number's contact comes here."""
    row, why = seats.find_code(tx, contact_id, code, CODE_KIND, now)
    if row is not None and not _is_meant_for(tx, contact_id, row):
        row, why = None, seats.WRONG
    if row is None:
        seats.miss(tx, contact_id, CODE_KIND, str(why), now)
        return Reply(BAD_CODE, {"why": why})
    old_addresses = tx.addresses_of(row.created_by)
    if not _change(deps, tx, row, contact_id, inbound_id, now):
        return Reply(BOTH_KNOWN)
    tx.touch_contact(row.created_by, now)
    # The old phone hears of it, so that nobody loses a number without noticing. It is the other contact's by now.
    old = preferred(old_addresses)
    if old is not None:
        away = Reply(MOVED_AWAY_NOTICE)
        tell(deps, tx, contact_id, away, now, f"number-away:{inbound_id}", address=old)
    return Reply(MOVED_HERE)


def _answer_of_old(deps: Deps, tx: Tx, message: InboundMessage, spoken: str, now: datetime) -> Reply | None:
    """YA hands the number over, TIDAK keeps it; anything else is no answer."""
    answer = False if says_not_me(spoken) else read_yes_no(spoken)
    if answer is None:
        return None
    row = _open_request(tx, message.contact_id, now)
    if row is None:
        return Reply(KEPT, {"late": True}) if answer else Reply(KEPT, {"late": False})
    new_id = str(row.detail["new_contact"])
    if not answer:
        tx.use_code(row.code, message.contact_id, now)
        tx.audit("number_refused", message.contact_id, {}, now)
        return Reply(KEPT, {"late": False})
    if _broke_in(tx, message.contact_id):
        # The yes may have been meant for what we asked before. A household is not given away on that: asked again,
        # as an answer, it is clear.
        return Reply(ASK_OLD, {"code": row.code, "ending": _ending(tx, new_id)})
    new_address = preferred(tx.addresses_of(new_id))
    if not _change(deps, tx, row, new_id, message.id, now):
        return Reply(HUMAN)
    # The household's contact has the new address by now.
    tell(deps, tx, message.contact_id, Reply(MOVED_HERE), now, f"number-here:{message.id}", address=new_address)
    return Reply(MOVED_AWAY)


def _change(deps: Deps, tx: Tx, row: CodeRow, new_id: str, inbound_id: str, now: datetime) -> bool:
    """Swap the addresses: the contact keeps its household, consents and history, the old number becomes a stranger's.

    False where the new number has a household of its own: then a human puts the two together.
    """
    old_id = row.created_by
    if _has_records(deps, tx, new_id, now):
        tx.open_case(new_id, CASE, inbound_id, now)
        return False
    if not tx.use_code(row.code, new_id, now):
        return False
    # Nothing more may reach the old number, also not what waits to be sent.
    tx.cancel_queued(old_id, "number_changed", now)
    old_addresses, new_addresses = tx.addresses_of(old_id), tx.addresses_of(new_id)
    for address in old_addresses:
        tx.move_address(address.id, new_id)
    for address in new_addresses:
        tx.move_address(address.id, old_id)
    tx.set_member(new_id, None, "", False)
    for contact_id in (old_id, new_id):
        tx.set_dialogue_reset(contact_id, True)
    tx.audit("number_changed", old_id, {}, now)
    contact = tx.contact(old_id)
    if contact is not None and contact.household_id is not None:
        tx.mark_dirty(contact.household_id, now)
    return True


def _broke_in(tx: Tx, contact_id: str) -> bool:
    """Whether our question came in the middle of a talk."""
    said = [message for message in tx.outbox_of(contact_id) if message.state is not OutboxState.SUPPRESSED]
    asked = max((number for number, one in enumerate(said) if one.content_id == ASK_OLD), default=None)
    if asked is None or said[asked].in_reply_to is not None:
        return False
    at = said[asked].not_before
    return any(one.in_reply_to is not None and at - one.created_at <= TALK_LIFE for one in said[:asked])


def _open_request(tx: Tx, contact_id: str, now: datetime) -> CodeRow | None:
    """The newest request for a contact's number that can still be answered."""
    rows = tx.codes_by(contact_id, CODE_KIND)
    return next((r for r in rows if r.used_at is None and r.expires_at > now and r.detail.get("new_contact")), None)


def _is_meant_for(tx: Tx, contact_id: str, row: CodeRow) -> bool:
    """Whether a code may be typed here: by the number that asked, or the one that was announced."""
    if row.created_by == contact_id:
        return False
    if row.detail.get("new_contact"):
        return str(row.detail["new_contact"]) == contact_id
    announced = row.detail.get("new_phone")
    return announced is None or announced in {a.phone or a.value for a in tx.addresses_of(contact_id)}


def _may_be_asked(deps: Deps, tx: Tx, old_id: str, now: datetime) -> bool:
    """A number that is silent ("bukan saya"), has nothing to hand over or was asked already is left in peace."""
    contact = tx.contact(old_id)
    if contact is None or contact.suspended_at is not None or not _has_records(deps, tx, old_id, now):
        return False
    return tx.count_audits(QUESTIONED, old_id, now - _DAY) < MAX_QUESTIONED


def _has_records(deps: Deps, tx: Tx, contact_id: str, now: datetime) -> bool:
    family = family_of_contact(tx, contact_id, now, deps.default_timezone)
    has_method = tx.contraception_of(contact_id) is not None
    return has_method or bool(family.wedding) or seats.is_followed(family)


def _contact_with(tx: Tx, phone: str) -> str | None:
    return next((found for channel in Channel if (found := tx.contact_id_for(channel, phone)) is not None), None)


def _ending(tx: Tx, contact_id: str) -> str:
    """The last three digits of the asking number, for the old one to know it by; empty where it hides its number."""
    address: Address | None = preferred(tx.addresses_of(contact_id))
    shown = (address.phone or "") if address is not None else ""
    return shown[-3:] if len(shown) > 3 else ""


def unconfirmed(tx: Tx, now: datetime) -> list[CodeRow]:
    """Changes of number that nobody confirmed in time and nobody has looked at."""
    return tx.lapsed_codes(CODE_KIND, now)


def open_unconfirmed_cases(tx: Tx, now: datetime) -> int:
    """A case for every change of number that nobody confirmed within its 24 hours; how many there were.

    For the sweeper. A code that has been dealt with counts as used, so that each opens one case.
    """
    lapsed = unconfirmed(tx, now)
    for row in lapsed:
        asking = str(row.detail.get("new_contact") or row.created_by)
        tx.open_case(asking, CASE, str(row.detail.get("inbound") or row.code), now)
        tx.use_code(row.code, asking, now)
    return len(lapsed)
