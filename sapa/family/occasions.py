"""The days of a family's life that messages are counted from: its anchors.

An anchor is one day with what is known about it. Pregnancy, screening and contraception say themselves which days
they have; here they become anchors with a key that stays the same when other facts change.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

from sapa.family.calendar import age_in_months
from sapa.family.campaigns import DEFAULT_HOUR
from sapa.family.contraception import occasions as kb_occasions
from sapa.family.immunization import needs_special_care
from sapa.family.people import Child, Contraception, Family, Postpartum, Pregnancy, Wedding
from sapa.family.pregnancy import (
    AncTarget,
    anc_targets,
    check_grace_days,
    gestational_week,
    may_be_born,
    trimester,
    visit_windows,
    visits,
)
from sapa.family.screening import both, concerns, next_td, wedding_gaps
from sapa.messaging.quiet_hours import local_moment

# Any number of days longer than a pregnancy: the targets as they stand in the calendar, passed ones too.
_EVER = 400
# A visit is reminded of three days before (design, section 6); one that is nearer is too near for whoever joins now.
_REMINDED_BEFORE = timedelta(days=3)
# As far apart as anc_targets keeps two visits.
_APART = timedelta(days=14)
# The mother is followed to KF4, day 42 (content/facts/kehamilan.yml, postpartum_visits).
_NIFAS = timedelta(days=42)


def _nothing(day: date) -> Mapping[str, Any]:
    return {}


@dataclass(frozen=True)
class Anchor:
    """A day messages are counted from.

    kind: as in campaigns. key: what it is the day of, the same for as long as it is the same thing. facts: plain JSON,
    handed to the text and to the conditions; facts_on: those that differ from day to day. last_day: after it nothing
    about this anchor is said (None: no such day). contact_id: whose own it is. once: what was said about it is not said
    again when its date is corrected. worked_out: the date is ours and may slip while nobody tells us of a visit; one
    that was announced stands.
    """

    kind: str
    key: str
    on: date
    facts: Mapping[str, Any] = field(default_factory=dict)
    facts_on: Callable[[date], Mapping[str, Any]] = _nothing
    subjects: tuple[str, ...] = ()
    last_day: date | None = None
    contact_id: str = ""
    once: bool = True
    worked_out: bool = False


def anchors(family: Family) -> tuple[Anchor, ...]:
    """Every anchor of the family by today's records, by day. Nothing depends on the order of the records."""
    found = [
        *(_of_pregnancy(family.pregnancy, family) if family.pregnancy and not _born_already(family) else ()),
        *(_of_birth(family.postpartum, family) if family.postpartum else ()),
        *(anchor for child in family.children for anchor in _of_child(child)),
        *(_of_wedding(family.wedding, family.today) if family.wedding else ()),
        *(anchor for method in family.contraceptions for anchor in _of_contraception(method, family)),
    ]
    return tuple(sorted(found, key=lambda anchor: (anchor.on, anchor.kind, anchor.key)))


# ------------------------------------------------------------------------------------------------------- pregnancy


def _of_pregnancy(pregnancy: Pregnancy, family: Family) -> Iterator[Anchor]:
    key = pregnancy.id or "pregnancy"

    def week_on(day: date) -> Mapping[str, Any]:
        week = gestational_week(pregnancy, day)
        return {"week": week, "gestational_week": week, "trimester": trimester(week)}

    facts = {"multiple": pregnancy.multiple}
    for kind, on in (("lmp", pregnancy.lmp), ("edd", pregnancy.edd)):
        yield Anchor(kind, key, on, facts, week_on, contact_id=pregnancy.contact_id)
    for target in _visits(pregnancy, family):
        about = {
            "visit": target.visit,
            "by": target.by,
            "ultrasound": target.ultrasound,
            "from_bidan": target.from_bidan,
        }
        yield Anchor(
            "anc_visit",
            # Another last period makes every date worked out from it another one.
            f"{key}/{target.visit}" + ("" if target.from_bidan else f"/{pregnancy.lmp.isoformat()}"),
            target.date,
            about,
            week_on,
            subjects=(target.visit,),
            contact_id=pregnancy.contact_id,
            once=not target.from_bidan,
            worked_out=not target.from_bidan,
        )


def _visits(pregnancy: Pregnancy, family: Family) -> list[AncTarget]:
    """The visits not recorded, each on its own target day, whatever became of the one before it.

    Who joins when a target has gone by gets its second date, if there is one that is not near another visit.
    """
    # A visit is asked after a little longer than its window is open.
    since = family.today - timedelta(days=check_grace_days())
    targets = anc_targets(pregnancy, since, grace_days=_EVER)
    days = [target.date for target in targets]
    return [_in_time(target, days, pregnancy, family) for target in targets]


def _in_time(target: AncTarget, days: list[date], pregnancy: Pregnancy, family: Family) -> AncTarget:
    if target.from_bidan or not _too_near(target.date, family):
        return target
    others = {visit.id: pregnancy.lmp for visit in visits() if visit.id != target.visit}
    alone = replace(pregnancy, anc=others, next_visit_on=None)
    second = next(iter(anc_targets(alone, target.date + timedelta(days=1))), None)
    if second is None or any(abs(second.date - day) < _APART for day in days):
        return target
    return target if _too_near(second.date, family) else second


def _too_near(day: date, family: Family) -> bool:
    return local_moment(day - _REMINDED_BEFORE, DEFAULT_HOUR, family.timezone) < family.now


def _born_already(family: Family) -> bool:
    """Whether the awaited child is on record as a child: whoever registers it so has given birth."""
    pregnancy = family.pregnancy
    return pregnancy is not None and any(
        child.birth_date <= family.today and may_be_born(pregnancy, child.birth_date) for child in family.children
    )


def _of_birth(birth: Postpartum, family: Family) -> Iterator[Anchor]:
    key, last = birth.id or "birth", birth.birth_date + _NIFAS
    if family.today > last:
        return
    # When a small or sick newborn is seen and fed how, its bidan or doctor says; the mother's own visits stay.
    special = any(needs_special_care(child) for child in family.children if child.birth_date == birth.birth_date)
    facts = {"special_care": special}
    yield Anchor("mother_birth", key, birth.birth_date, facts, last_day=last, contact_id=birth.contact_id)
    for together, first_day, last_day in visit_windows(birth.birth_date):
        missing = [v for v in together if v not in birth.visits and not (special and v.startswith("KN"))]
        if missing:
            yield Anchor(
                "kf_visit",
                f"{key}/{'+'.join(together)}",
                first_day,
                {"visits": missing, "first_day": first_day.isoformat(), "last_day": last_day.isoformat()},
                subjects=tuple(missing),
                last_day=last_day,
                contact_id=birth.contact_id,
            )


# ------------------------------------------------------------------------------------------------------------ child


def _of_child(child: Child) -> Iterator[Anchor]:
    def age_on(day: date) -> Mapping[str, Any]:
        return {
            "child": {
                "name": child.name or None,
                "sex": child.sex.value if child.sex else None,
                "age_months": age_in_months(child.birth_date, day),
                "age_days": (day - child.birth_date).days,
            }
        }

    # A child born early, light or in need of care goes the way a health worker shows, not the calendar's.
    yield Anchor(
        "child_birth",
        child.id or f"{child.name}/{child.birth_date}",
        child.birth_date,
        {"special_care": needs_special_care(child)},
        age_on,
        subjects=(child.name,) if child.name else (),
    )


# ---------------------------------------------------------------------------------------------------------- wedding


def _of_wedding(wedding: Wedding, today: date) -> Iterator[Anchor]:
    """One set for each of the couple who writes here: with what that one may see, and can tell."""
    key, last = wedding.id or "wedding", wedding.date
    if last is not None and today > last:
        return
    for contact_id in sorted({wedding.contact_id, *(s.contact_id for s in wedding.screenings if s.contact_id)}):
        own, facts = f"{key}/{contact_id}", concerns(wedding, today, contact_id)
        if last is not None:
            yield Anchor("wedding", own, last, facts, last_day=last, contact_id=contact_id)
        if wedding.screened_on is not None:
            yield Anchor("screening", own, wedding.screened_on, facts, last_day=last, contact_id=contact_id)
        missing = _missing(wedding, contact_id)
        if missing and wedding.screened_on is not None:
            gaps = {"missing": missing}
            yield Anchor("screening_gap", own, wedding.screened_on, gaps, last_day=last, contact_id=contact_id)
    for screening in both(wedding):
        due = _td(screening.answers)
        if due is not None:
            status, on = due
            yield Anchor(
                "td_due",
                f"{key}/{screening.partner.value}/{status}",
                on,
                {"status": status, "partner": screening.partner.value},
                subjects=(status,),
                last_day=last,
                contact_id=screening.contact_id or wedding.contact_id,
                once=False,
            )


def _missing(wedding: Wedding, contact_id: str) -> list[str]:
    """What this contact can still tell; nothing where no answer is on record: then nobody knows what is missing."""
    if not wedding.screenings:
        return []
    items = [item for _, item in wedding_gaps(wedding, contact_id)]
    return list(dict.fromkeys(items if wedding.date else [*items, "wedding_date"]))


def _td(answers: Mapping[str, Any]) -> tuple[str, date] | None:
    status, last_on = answers.get("td_status"), answers.get("td_last_on")
    return next_td(status, date.fromisoformat(last_on) if last_on else None)


# ---------------------------------------------------------------------------------------------------- contraception


def _of_contraception(method: Contraception, family: Family) -> Iterator[Anchor]:
    births = [child.birth_date for child in family.children]
    births += [family.postpartum.birth_date] if family.postpartum else []
    # Nothing of the method goes along: neither the stored message nor the sent one may tell of it.
    key = f"{method.id or method.contact_id or 'own'}/{method.last_date or ''}"
    for occasion in kb_occasions(method, sorted(births)):
        yield Anchor(occasion.anchor.value, key, occasion.on, contact_id=method.contact_id, once=False)
