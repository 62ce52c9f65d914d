"""A family as its kader or bidan sees it in the console: people, children, plan, and proof of care.

What is a person's own stays out: contraception (also its reminders and its consent) and everything that was written to
the bot. The answers of a couple's screening and the reminders they lead to are for a bidan only; a kader sees that
there is a wedding.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from sapa.family.immunization import DoseForecast, forecast
from sapa.family.people import Child, Family, Measurement
from sapa.family.pregnancy import gestational_week
from sapa.family.screening import review
from sapa.messaging.states import ReminderState
from sapa.services.access import Staffer
from sapa.services.consents import FAMILY_PLANNING, PREGNANCY_CARE, PREMARITAL, TOPIC_PURPOSE
from sapa.services.console_records import CareRow
from sapa.services.deps import Deps
from sapa.services.growth_recording import chart_facts, growth_result
from sapa.services.households import family_of, stage_of
from sapa.services.notices import preferred
from sapa.services.ports import Tx
from sapa.services.records import PosyanduRow
from sapa.services.screening_results import card_of, rows

_PRIVATE_TOPIC = "kb"
_MOST_WEIGHINGS = 12


@dataclass(frozen=True)
class PersonPart:
    """Somebody of the household with a phone. reach: whatsapp, sms, or None where nothing may be sent."""

    contact_id: str
    name: str | None
    relation: str
    phone: str | None
    reach: str | None
    stopped: bool


@dataclass(frozen=True)
class WeighingPart:
    """A weighing and what it comes to, in the names of sapa.family.growth.Category (None: not to be said).

    kms, judge: as in growth_recording.growth_result; they say why somebody should look where the categories do not.
    """

    date: date
    weight_kg: float | None
    lenhei_cm: float | None
    weight_class: str | None
    length_class: str | None
    shape_class: str | None
    step: str
    kms: str | None = None
    judge: str = "standar"


@dataclass(frozen=True)
class ChildPart:
    """A child: its doses in the order of the schedule, its weighings the newest first."""

    child: Child
    doses: tuple[DoseForecast, ...]
    weighings: tuple[WeighingPart, ...]
    has_chart: bool


@dataclass(frozen=True)
class PlannedPart:
    """A message that will go out if nothing changes."""

    at: datetime
    title: str
    due_on: date
    subjects: tuple[str, ...]


@dataclass(frozen=True)
class CarePart:
    """A message and what became of it, by its title."""

    title: str
    row: CareRow


@dataclass(frozen=True)
class ConsentPart:
    """A yes or no: whose, to what, when, and whether a kader wrote it down."""

    name: str | None
    purpose: str
    granted: bool
    at: datetime
    by_kader: bool


@dataclass(frozen=True)
class FamilyPage:
    """Everything the page shows. weeks: of the pregnancy, today. findings: of the screening, for a bidan only."""

    household_id: str
    posyandu: PosyanduRow | None
    address: str | None
    stage: str | None
    family: Family
    people: tuple[PersonPart, ...]
    children: tuple[ChildPart, ...]
    weeks: int | None
    findings: tuple[Mapping[str, Any], ...]
    planned: tuple[PlannedPart, ...]
    care: tuple[CarePart, ...]
    consents: tuple[ConsentPart, ...]


def family_page(deps: Deps, tx: Tx, who: Staffer, household_id: str, now: datetime) -> FamilyPage:
    """The page of a family the reader may see (the caller has asked access.may_see_household)."""
    family = _agreed_to(tx, family_of(tx, household_id, now, deps.default_timezone))
    bidan = _sees_as_bidan(tx, who, household_id)
    return FamilyPage(
        household_id=household_id,
        posyandu=tx.posyandu_of(household_id),
        address=tx.household_address(household_id),
        stage=stage_of(family),
        family=family,
        people=tuple(_people(tx, family)),
        children=tuple(_child(child, family) for child in family.children),
        weeks=gestational_week(family.pregnancy, family.today) if family.pregnancy else None,
        findings=_findings(bidan, family),
        planned=tuple(_planned(deps, tx, bidan, household_id)),
        care=tuple(
            CarePart(_title(deps, row.content_id), row)
            for row in tx.care_of(household_id)
            if _may_see_messages(bidan, row.purpose)
        ),
        consents=tuple(_consents(tx, family)),
    )


def chart_of(deps: Deps, tx: Tx, household_id: str, child_id: str, now: datetime) -> bytes | None:
    """The growth chart of a child of this household as PNG; None where there is no such child or no curve for it."""
    family = family_of(tx, household_id, now, deps.default_timezone)
    child = next((child for child in family.children if child.id == child_id), None)
    facts = chart_facts(child, family.today) if child is not None else None
    return deps.draw("growth-chart", facts) if facts is not None and deps.draw is not None else None


def screening_card_of(deps: Deps, tx: Tx, who: Staffer, household_id: str, now: datetime) -> bytes | None:
    """The couple's card as PNG; None where there is none, or for whoever is no bidan."""
    family = family_of(tx, household_id, now, deps.default_timezone)
    if not _sees_as_bidan(tx, who, household_id) or family.wedding is None or deps.draw is None:
        return None
    return deps.draw("catin-card", card_of(family.wedding, review(family.wedding, family.today), family.today))


def _people(tx: Tx, family: Family) -> list[PersonPart]:
    found = []
    for member in family.members:
        contact = tx.contact(member.contact_id)
        addresses = tx.addresses_of(member.contact_id)
        best = preferred(addresses)
        stopped = contact is not None and contact.opted_out_at is not None
        silent = contact is None or stopped or contact.suspended_at is not None
        found.append(
            PersonPart(
                contact_id=member.contact_id,
                name=contact.name if contact else member.name,
                relation=member.relation,
                phone=next((one.phone or _number(one.value) for one in addresses), None),
                reach=best.channel.value if best is not None and not silent else None,
                stopped=stopped,
            )
        )
    return found


def _number(value: str) -> str | None:
    """An opaque address is of no use to a human."""
    return value if value.startswith("+") else None


def _child(child: Child, family: Family) -> ChildPart:
    doses = forecast(
        child, family.today, profile=family.vaccine_profile, je_region=family.je_region, province=family.province
    )
    newest = sorted(child.measurements, key=lambda measured: measured.date, reverse=True)[:_MOST_WEIGHINGS]
    return ChildPart(
        child, tuple(doses), tuple(_weighing(child, measured) for measured in newest), child.sex is not None
    )


def _weighing(child: Child, measured: Measurement) -> WeighingPart:
    said = growth_result(child, measured)
    return WeighingPart(
        date=measured.date,
        weight_kg=measured.weight_kg,
        lenhei_cm=measured.lenhei_cm,
        weight_class=said["weight_class"],
        length_class=said["length_class"],
        shape_class=said["shape_class"],
        step=said["step"],
        kms=said["kms"],
        judge=said["judge"],
    )


def _sees_as_bidan(tx: Tx, who: Staffer, household_id: str) -> bool:
    place = tx.posyandu_of(household_id)
    return place is not None and place.id in who.as_bidan


def _agreed_to(tx: Tx, family: Family) -> Family:
    """The family without contraception, and without what nobody of it agrees to any more."""

    def agreed(purpose: str) -> bool:
        return any(tx.has_consent(member.contact_id, purpose) for member in family.members)

    pregnancy, wedding = agreed(PREGNANCY_CARE), agreed(PREMARITAL)
    return replace(
        family,
        contraceptions=(),
        pregnancy=family.pregnancy if pregnancy else None,
        postpartum=family.postpartum if pregnancy else None,
        wedding=family.wedding if wedding else None,
    )


def _findings(bidan: bool, family: Family) -> tuple[Mapping[str, Any], ...]:
    if family.wedding is None or not bidan:
        return ()
    return tuple(rows(review(family.wedding, family.today).findings))


def _may_see_messages(bidan: bool, purpose: str) -> bool:
    """Reminders of a screening tell its answers ("periksa Hb lagi"): they are for a bidan, as the answers are."""
    return purpose != FAMILY_PLANNING and (purpose != PREMARITAL or bidan)


def _planned(deps: Deps, tx: Tx, bidan: bool, household_id: str) -> list[PlannedPart]:
    rows_ = [
        row
        for row in tx.reminders_of(household_id)
        if row.state is ReminderState.PLANNED and row.topic != _PRIVATE_TOPIC and _may_see_messages(bidan, row.purpose)
    ]
    return [
        PlannedPart(row.send_at, _title(deps, row.content_id), row.due_on, row.subjects)
        for row in sorted(rows_, key=lambda row: row.send_at)
    ]


def _consents(tx: Tx, family: Family) -> list[ConsentPart]:
    """The last word of each person on each purpose, newest first."""
    last: dict[tuple[str, str], ConsentPart] = {}
    for member in family.members:
        for row in tx.consents_of(member.contact_id):
            private = row.purpose in (FAMILY_PLANNING, TOPIC_PURPOSE + _PRIVATE_TOPIC)
            if not private:
                part = ConsentPart(member.name, row.purpose, row.granted, row.at, row.recorded_by is not None)
                last[member.contact_id, row.purpose] = part
    return sorted(last.values(), key=lambda part: part.at, reverse=True)


def _title(deps: Deps, content_id: str) -> str:
    """A text's title; the id itself for a text that is no longer there."""
    try:
        return deps.content.get(content_id).title
    except ValueError:
        return content_id
