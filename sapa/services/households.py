"""A household from the store as the planner and the texts see it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sapa.family.calendar import age_in_months
from sapa.family.people import Child, Facility, Family, Posyandu, VaccineProfile
from sapa.family.pregnancy import gestational_week, trimester
from sapa.family.regions import timezone_for
from sapa.services.consents import CHILD_CARE, PREGNANCY_CARE, PREMARITAL, SEAT
from sapa.services.ports import Tx

# For texts only, where an age was said in months and none of the family's children has it.
_DAYS_A_MONTH = 30


def family_of(tx: Tx, household_id: str, now: datetime, default_timezone: str) -> Family:
    """The household as plain data at `now`. Time zone: the posyandu's, else the province's, else the default."""
    options = tx.household_options(household_id)
    province = options["province"]
    timezone = options["timezone"] or (timezone_for(province) if province else default_timezone)
    row = tx.posyandu_of(household_id)
    posyandu = None
    if row is not None:
        today = now.astimezone(ZoneInfo(timezone)).date()
        posyandu = Posyandu(
            id=row.id,
            name=row.name,
            # From the first of the month: whether a session is the month's first decides what is given there.
            sessions=tuple(tx.sessions_of(row.id, today.replace(day=1))),
            facility=Facility(row.facility_name, row.facility_phone or "") if row.facility_name else None,
        )
    members = tuple(tx.members_of(household_id))
    return Family(
        now=now,
        timezone=timezone,
        province=province,
        vaccine_profile=VaccineProfile(options["vaccine_profile"]),
        je_region=options["je_region"],
        posyandu=posyandu,
        children=tuple(tx.children_of(household_id)),
        pregnancy=tx.pregnancy_of(household_id),
        postpartum=tx.postpartum_of(household_id, now.astimezone(ZoneInfo(timezone)).date()),
        contraceptions=tuple(
            method for member in members if (method := tx.contraception_of(member.contact_id)) is not None
        ),
        wedding=tx.wedding_of(household_id),
        members=members,
    )


def family_of_contact(tx: Tx, contact_id: str, now: datetime, default_timezone: str) -> Family:
    """The contact's household, or a family of nobody where there is none yet."""
    contact = tx.contact(contact_id)
    if contact is None or contact.household_id is None:
        return Family(now=now, timezone=_timezone_at_work(tx, contact_id) or default_timezone)
    return family_of(tx, contact.household_id, now, default_timezone)


def _timezone_at_work(tx: Tx, contact_id: str) -> str | None:
    """Where somebody of the staff works: her own clock shows that time, family here or not."""
    for role in tx.roles_of(contact_id):
        places = [tx.posyandu(role.posyandu_id)] if role.posyandu_id else tx.posyandu_in(role.area_id or "")[:1]
        for place in places:
            if place is not None:
                return place.timezone
    return None


def seen_by(tx: Tx, contact_id: str, family: Family) -> Family:
    """The household as one of its people may see it: what is another's alone is left out.

    A method of contraception is its user's. A pregnancy is the mother's to share: others see it who agreed to follow
    it. Who follows by a code (a seat) sees no child and no wedding they were never asked about.
    """
    family = replace(
        family, contraceptions=tuple(one for one in family.contraceptions if one.contact_id in ("", contact_id))
    )
    pregnancies = tx.has_consent(contact_id, PREGNANCY_CARE)
    pregnancy, birth, wedding = family.pregnancy, family.postpartum, family.wedding
    family = replace(
        family,
        pregnancy=pregnancy if pregnancy and (pregnancies or pregnancy.contact_id == contact_id) else None,
        postpartum=birth if birth and (pregnancies or birth.contact_id == contact_id) else None,
    )
    if not tx.has_consent(contact_id, SEAT):
        return family
    return replace(
        family,
        children=family.children if tx.has_consent(contact_id, CHILD_CARE) else (),
        wedding=wedding if wedding and tx.has_consent(contact_id, PREMARITAL) else None,
    )


def text_facts(family: Family) -> dict[str, Any]:
    """What texts may be fitted to. Unknown facts are left out: the content library knows every name."""
    children = [_child_facts(child, family) for child in family.children]
    youngest = max(family.children, key=lambda child: child.birth_date, default=None)
    facts: dict[str, Any] = {"children": children, "registered": is_registered(family), "now": family.now}
    if youngest is not None:
        facts["child"] = _child_facts(youngest, family)
    if family.pregnancy is not None:
        week = gestational_week(family.pregnancy, family.today)
        facts |= {"gestational_week": week, "trimester": trimester(week)}
    stage = stage_of(family)
    if stage is not None:
        facts["stage"] = stage
    facts["vaccine_profile"] = family.vaccine_profile.value
    if family.province:
        facts["region"] = family.province
    if family.posyandu is not None:
        facility = family.posyandu.facility
        facts["posyandu"] = {
            "name": family.posyandu.name,
            "facility": {"name": facility.name, "phone": facility.phone} if facility else None,
        }
    return facts


def is_registered(family: Family) -> bool:
    """Whether anything is kept of the family that reminders or answers could be fitted to.

    One member's contraception is no family matter: the others could read it off an answer.
    """
    return bool(family.children or family.pregnancy or family.postpartum or family.wedding)


def stage_of(family: Family) -> str | None:
    """The stage of the 1,000 days a family is in: the latest to have begun, where its records say so."""
    if family.pregnancy is not None:
        return "hamil"
    if family.postpartum is not None:
        return "nifas"
    if family.children:
        return "anak"
    return "catin" if family.wedding is not None else None


def said_facts(said: Mapping[str, Any], family: Family) -> dict[str, Any]:
    """What texts may be fitted to because the message says so: a child of that age, a week of pregnancy.

    Keys of `said`: age_months or age_days, gestational_week. A child of the family who is that old is the one meant;
    else the text speaks of a child without a name.
    """
    facts: dict[str, Any] = {}
    weeks = said.get("gestational_week")
    if weeks is not None:
        facts["gestational_week"] = int(weeks)
    days = said.get("age_days")
    months = said.get("age_months", None if days is None else int(days) // _DAYS_A_MONTH)
    if months is None:
        return facts
    known = [entry for child in family.children if (entry := _child_facts(child, family))["age_months"] == months]
    if known:
        return facts | {"child": _plain(known[0])}
    anonymous = {"name": None, "sex": None, "age_months": int(months)}
    return facts | {"child": anonymous | {"age_days": int(days if days is not None else months * _DAYS_A_MONTH)}}


def _plain(facts: Mapping[str, Any]) -> dict[str, Any]:
    """The facts of a child without the date: what a reply says must survive JSON."""
    return {name: value for name, value in facts.items() if name != "birth_date"}


def _child_facts(child: Child, family: Family) -> dict[str, Any]:
    return {
        "name": child.name,
        "sex": child.sex.value if child.sex else None,
        "birth_date": child.birth_date,
        "age_months": age_in_months(child.birth_date, family.today),
        "age_days": (family.today - child.birth_date).days,
    }
