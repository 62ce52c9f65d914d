"""Families a kader registers because they have no WhatsApp, or no phone at all.

They consent to the kader, who reads the words aloud; the words and who heard the yes are kept. Where there is a phone
they get the ordinary reminders by SMS, one way; where there is none the kader walks there.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import NAMESPACE_URL, uuid5
from zoneinfo import ZoneInfo

from sapa.family.expected import born_since
from sapa.family.people import Child, Family, Pregnancy, Sex
from sapa.family.pregnancy import DateProblem, from_edd, from_lmp
from sapa.messaging.states import Channel
from sapa.services.access import NotAllowed, Staffer, may_act_for
from sapa.services.consents import CHILD_CARE, PREGNANCY_CARE
from sapa.services.deps import Deps
from sapa.services.notices import tell
from sapa.services.ports import Tx
from sapa.services.records import Contact, Reply
from sapa.services.register_reading import child_key, household_key, mother_key, name_key, pregnancy_key
from sapa.services.registration import SMALL_BABY
from sapa.services.reminders import replan
from sapa.services.replies import render_reply

CONSENT_TEXT = "dialog/persetujuan/lewat-kader"
FIRST_SMS = "posyandu-hari/perkenalan"
MOTHER_RELATION = "ibu"

# Why a family is not registered, or not by that phone.
NO_CONSENT, NOBODY, NO_MOTHER, NO_POSYANDU = "no_consent", "nobody", "no_mother", "no_posyandu"
BIRTH_FUTURE, BIRTH_TOO_OLD, PREGNANCY_DATE = "birth_future", "birth_too_old", "pregnancy_date"
PHONE_TAKEN = "phone_taken"

_LONGEST_NAME, _LONGEST_ADDRESS = 60, 160


class AssistedError(ValueError):
    """The family cannot be registered; `code` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class AssistedFamily:
    """What a kader tells of a family.

    A child (child_name, birth_date) or a pregnancy (lmp or edd), or both. phone: E.164, None where there is none.
    consent: the mother said yes to the words of CONSENT_TEXT.
    """

    posyandu_id: str
    mother_name: str
    consent: bool
    child_name: str | None = None
    birth_date: date | None = None
    sex: Sex | None = None
    birth_weight_g: int | None = None
    birth_weeks: int | None = None
    special_care: bool = False
    has_book: bool | None = None
    lmp: date | None = None
    edd: date | None = None
    phone: str | None = None
    address: str | None = None


@dataclass(frozen=True)
class Registered:
    """What a registration came to. new: the child or pregnancy was not there before. reached: by SMS or WhatsApp.

    phone_problem: PHONE_TAKEN where the number belongs to another family and was not used.
    """

    household_id: str
    new: bool
    reached: bool
    phone_problem: str | None = None


def register_assisted(
    deps: Deps, tx: Tx, who: Staffer, family: AssistedFamily, now: datetime, *, inbound_id: str | None = None
) -> str:
    """Register a family on its mother's word to the kader; the id of its household. Twice changes nothing more.

    Raises NotAllowed for another posyandu, AssistedError with one of the codes above; without consent nothing is
    written. A phone of another family is passed over: `register` tells so.
    """
    return register(deps, tx, who, family, now, inbound_id=inbound_id).household_id


def register(
    deps: Deps, tx: Tx, who: Staffer, family: AssistedFamily, now: datetime, *, inbound_id: str | None = None
) -> Registered:
    """As register_assisted, with what became of the phone."""
    if not may_act_for(who, family.posyandu_id):
        raise NotAllowed("families of another posyandu")
    place = tx.posyandu(family.posyandu_id)
    if place is None:
        raise AssistedError(NO_POSYANDU)
    pregnancy = _checked(family, now.astimezone(ZoneInfo(place.timezone)).date())
    household_id = _here(tx, _household(tx, family, pregnancy), family.posyandu_id)
    fresh = tx.ensure_household(household_id, family.posyandu_id, now)
    contact_id, problem = _contact(tx, household_id, family, now)
    if family.address:
        tx.set_household_address(household_id, " ".join(family.address.split())[:_LONGEST_ADDRESS])
    new = _write_child(tx, household_id, family, contact_id, inbound_id, now)
    new = _write_pregnancy(tx, household_id, contact_id, pregnancy, now) or new
    purposes = ([CHILD_CARE] if family.child_name else []) + ([PREGNANCY_CARE] if pregnancy else [])
    _consent(deps, tx, who, household_id, contact_id, purposes, inbound_id, now)
    if new:
        detail = {"new_household": fresh, "phone": family.phone is not None}
        tx.audit("family_assisted", contact_id, detail, now, actor_id=who.contact_id, household_id=household_id)
    replan(deps, tx, household_id, now)
    reached = bool(tx.addresses_of(contact_id))
    if reached:
        tell(deps, tx, contact_id, Reply(FIRST_SMS, _first_words(family)), now, f"assisted:{household_id}")
    return Registered(household_id, new, reached, problem)


def consent_words(deps: Deps, now: datetime) -> str:
    """What the kader reads aloud before she asks."""
    return render_reply(deps, Reply(CONSENT_TEXT), Channel.WHATSAPP, Family(now, deps.default_timezone)).text


# ------------------------------------------------------------------------------------------------ who and what


def _checked(family: AssistedFamily, today: date) -> Pregnancy | None:
    """The pregnancy of a family that can be registered. Raises AssistedError."""
    if not family.consent:
        raise AssistedError(NO_CONSENT)
    if not name_key(family.mother_name):
        raise AssistedError(NO_MOTHER)
    if family.child_name and family.birth_date is not None:
        if family.birth_date > today:
            raise AssistedError(BIRTH_FUTURE)
        if family.birth_date < born_since(today):
            raise AssistedError(BIRTH_TOO_OLD)
    elif family.lmp is None and family.edd is None:
        raise AssistedError(NOBODY)
    if family.lmp is None and family.edd is None:
        return None
    found = from_lmp(family.lmp, today) if family.lmp is not None else from_edd(family.edd or today, today)
    if isinstance(found, DateProblem):
        raise AssistedError(PREGNANCY_DATE)
    return found


def _household(tx: Tx, family: AssistedFamily, pregnancy: Pregnancy | None) -> str:
    """The family's household: the one that has this child, the mother's own by her phone, or a new one."""
    born = family.birth_date
    if family.child_name and born is not None:
        own = household_key(family.posyandu_id, family.child_name, born, family.mother_name)
        same = [
            household
            for household, _, name in tx.children_in(family.posyandu_id, born)
            if name_key(name) == name_key(family.child_name)
        ]
        homes = tx.homes_of(same)
        mothers = [home for home in same if name_key(homes[home].mother or "") == name_key(family.mother_name)]
        if mothers:
            return mothers[0]
    else:
        assert pregnancy is not None
        own = household_key(family.posyandu_id, "", pregnancy.edd, family.mother_name)
    known = _of_phone(tx, family)
    if known is not None and known.household_id is not None and _is_hers(tx, known, family):
        return known.household_id
    return own


def _here(tx: Tx, household_id: str, posyandu_id: str) -> str:
    """The id, or another one where the family it was made for has moved to another posyandu: that one is theirs."""
    place = tx.posyandu_of(household_id)
    moved = household_id in tx.homes_of([household_id]) and (place is None or place.id != posyandu_id)
    return _here(tx, str(uuid5(NAMESPACE_URL, f"again:{household_id}")), posyandu_id) if moved else household_id


def _of_phone(tx: Tx, family: AssistedFamily) -> Contact | None:
    return tx.contact_of_phone(family.phone) if family.phone else None


def _is_hers(tx: Tx, contact: Contact, family: AssistedFamily) -> bool:
    """Whether a number that is known already is this mother's, in this posyandu: a second child of hers."""
    place = tx.posyandu_of(contact.household_id) if contact.household_id else None
    same = name_key(contact.name or "") == name_key(family.mother_name)
    return place is not None and place.id == family.posyandu_id and same


def _contact(tx: Tx, household_id: str, family: AssistedFamily, now: datetime) -> tuple[str, str | None]:
    """The contact that stands for the mother, with her phone if it is free; and why it is not, if it is not."""
    known = _of_phone(tx, family)
    if known is not None and known.household_id == household_id:
        return known.id, None
    people = tx.caregivers_of(household_id)
    hers = next((one for one in people if name_key(one.name or "") == name_key(family.mother_name)), None)
    if known is not None and hers is None and _is_free(tx, known, family):
        # Somebody who wrote once and never registered: the number stays theirs, with WhatsApp if they have it.
        tx.set_member(known.id, household_id, MOTHER_RELATION, False)
        if not known.name:
            tx.set_contact_name(known.id, family.mother_name)
        return known.id, None
    contact_id = hers.id if hers is not None else mother_key(household_id)
    tx.ensure_contact(contact_id, household_id, _tidy(family.mother_name), MOTHER_RELATION, now)
    if known is not None:
        return contact_id, PHONE_TAKEN
    if family.phone:
        tx.give_address(contact_id, Channel.SMS.value, family.phone, family.phone)
    return contact_id, None


def _is_free(tx: Tx, known: Contact, family: AssistedFamily) -> bool:
    """Whether a number nobody has registered with may be hers. A kader who lends her own phone stays who she is."""
    if known.household_id is not None or known.opted_out_at is not None or known.suspended_at is not None:
        return False
    return not tx.roles_of(known.id) or name_key(known.name or "") == name_key(family.mother_name)


def _tidy(name: str) -> str:
    return " ".join(name.split())[:_LONGEST_NAME]


def _write_child(
    tx: Tx, household_id: str, family: AssistedFamily, contact_id: str, inbound_id: str | None, now: datetime
) -> bool:
    if not family.child_name or family.birth_date is None:
        return False
    name = _tidy(family.child_name)
    child = Child(
        name=name,
        birth_date=family.birth_date,
        sex=family.sex,
        birth_weight_g=family.birth_weight_g,
        birth_weeks=family.birth_weeks,
        special_care=family.special_care,
        id=child_key(household_id, name, family.birth_date),
    )
    known = {
        (name_key(one.name), one.birth_date): one
        for one in (*tx.children_of(household_id), *(ended for ended, _, _ in tx.ended_children_of(household_id)))
    }
    before = known.get((name_key(name), family.birth_date))
    if before is None:
        tx.save_child(household_id, child, now)
        if family.special_care:
            tx.open_case(contact_id, SMALL_BABY, inbound_id, now)
    if family.has_book is not None:
        tx.set_book((before or child).id, family.has_book)
    return before is None


def _write_pregnancy(tx: Tx, household_id: str, contact_id: str, pregnancy: Pregnancy | None, now: datetime) -> bool:
    if pregnancy is None or tx.pregnancy_of(household_id) is not None:
        return False
    own = replace(pregnancy, id=pregnancy_key(household_id, pregnancy.lmp), contact_id=contact_id)
    tx.save_pregnancy(household_id, own, now)
    return True


def _consent(
    deps: Deps,
    tx: Tx,
    who: Staffer,
    household_id: str,
    contact_id: str,
    purposes: list[str],
    inbound_id: str | None,
    now: datetime,
) -> None:
    wording = consent_words(deps, now)
    for purpose in purposes:
        if tx.has_consent(contact_id, purpose):
            continue
        tx.record_consent(contact_id, purpose, wording, True, inbound_id, now, recorded_by=who.contact_id)
        detail = {"purpose": purpose}
        tx.audit("consent", contact_id, detail, now, actor_id=who.contact_id, household_id=household_id)


def _first_words(family: AssistedFamily) -> dict[str, str | None]:
    return {"mother": _tidy(family.mother_name), "child_name": family.child_name and _tidy(family.child_name)}
