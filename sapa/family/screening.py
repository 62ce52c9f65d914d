"""The screening before a wedding: what is missing, what it says, and what is to be done by when.

No score and no verdict comes out of it (content/facts/catin.yml, scoring.bot_rule): each item is good, can be
improved, should be looked at by a health worker, or is not known yet. Figures come from `data/screening.json`, which
is made from content/facts/catin.yml and content/facts/imunisasi.yml (td_wus). A date that stands on general knowledge
alone is marked `firm=False`: texts may speak of it as a rough time, never as a day.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

from sapa.family.calendar import add_days, add_months
from sapa.family.people import Screening, Sex, Wedding

_DATA = Path(__file__).with_name("data") / "screening.json"

#: What is asked of whom, in the order of asking.
ITEMS: Mapping[Sex, tuple[str, ...]] = {
    Sex.FEMALE: (
        "age_years",
        "weight_kg",
        "height_cm",
        "lila_cm",
        "hb_g_dl",
        "smokes",
        "smoke_at_home",
        "td_status",
        "td_last_on",
    ),
    Sex.MALE: ("age_years", "weight_kg", "height_cm", "smokes"),
}
#: Findings in the order in which they are shown.
FINDINGS: Mapping[Sex, tuple[str, ...]] = {
    Sex.FEMALE: ("age", "bmi", "lila", "hb", "smoking", "smoke_at_home", "td"),
    Sex.MALE: ("age", "bmi", "smoking", "smoke_at_home"),
}
#: The couple's own agreement that each may see the other's results.
SHARED = "shared"
_TD = ("T1", "T2", "T3", "T4", "T5")
_FULL = "T5"
#: What was found begins at once, however far the wedding is; the milestone says from when on it is late.
_AT_ONCE = frozenset({"iron", "nutrition", "stop_smoking"})


class Status(StrEnum):
    """What is said of one item. CHECK: a health worker should look at it; nothing is said beyond that."""

    GOOD = "good"
    IMPROVE = "improve"
    CHECK = "check"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Finding:
    """One item of one partner. value: the figure or answer it stands on; actions: what to do, as keys for texts.

    by: the day the action hangs on, where the facts give one (the next Td, the recheck of Hb).
    """

    partner: Sex
    item: str
    status: Status
    value: Any = None
    actions: tuple[str, ...] = ()
    by: date | None = None


@dataclass(frozen=True)
class Step:
    """One thing of the plan. `on`: its day (today where it is late), None where it hangs on an unknown wedding day.

    firm: the day stands on the facts; late: its own day has passed, it can still be done first thing;
    after_wedding: the day comes only after the wedding. weeks: before the wedding, where that is where it comes from.
    """

    key: str
    on: date | None
    firm: bool = True
    late: bool = False
    after_wedding: bool = False
    weeks: int | None = None


@dataclass(frozen=True)
class Review:
    """What the screening comes to. days_left: to the wedding; hurried: less than the 13 weeks the plan wants."""

    findings: tuple[Finding, ...] = ()
    steps: tuple[Step, ...] = ()
    days_left: int | None = None
    hurried: bool = False


@dataclass(frozen=True)
class Threshold:
    """From where to where a figure is well; None: no such end."""

    min: float | None = None
    max: float | None = None
    ideal: float | None = None


@dataclass(frozen=True)
class Milestone:
    """A step of the common timeline."""

    step: str
    weeks: int
    firm: bool


@dataclass(frozen=True)
class Rules:
    """`data/screening.json`. td: status -> (weeks, months) that must lie between it and the one before."""

    thresholds: Mapping[str, Threshold]
    iron_days: int
    check_months: int
    td: Mapping[str, tuple[int, int]]
    timeline: tuple[Milestone, ...]
    plausible: Mapping[str, tuple[float, float]] = field(default_factory=dict)


@cache
def rules() -> Rules:
    """The figures everything here stands on."""
    data: dict[str, Any] = json.loads(_DATA.read_text(encoding="utf-8"))
    return Rules(
        thresholds={
            name: Threshold(entry.get("min"), entry.get("max"), entry.get("ideal"))
            for name, entry in data["thresholds"].items()
        },
        iron_days=data["iron_days"]["value"],
        check_months=data["check_every_months"]["value"],
        td={row["after"]: (row.get("weeks", 0), row.get("months", 0)) for row in data["td"]},
        timeline=tuple(Milestone(row["step"], row["weeks"], row["firm"]) for row in data["timeline"]),
        plausible={name: (row[0], row[1]) for name, row in data["plausible"].items() if name != "note"},
    )


# --------------------------------------------------------------------------------------------------------- figures


def bmi(weight_kg: float | None, height_cm: float | None) -> float | None:
    """Weight over height squared, to one decimal, half up: the figure that is shown is the figure that counts."""
    if not weight_kg or not height_cm:
        return None
    metres = Decimal(str(height_cm)) / 100
    return float((Decimal(str(weight_kg)) / (metres * metres)).quantize(Decimal("0.1"), ROUND_HALF_UP))


def plausible(item: str, value: float) -> bool:
    """Whether a figure can be what it is said to be; items without limits always are."""
    low, high = rules().plausible.get(item, (float("-inf"), float("inf")))
    return low <= value <= high


def next_td(status: str | None, last_on: date | None) -> tuple[str, date] | None:
    """The next Td and the first day it may be given, from the last one a health worker recorded.

    None for T5, and where status or day is not known: then the health worker decides, nothing is worked out
    (content/facts/imunisasi.yml, td_wus.bot_rule).
    """
    if status is None or status not in rules().td or last_on is None:
        return None
    weeks, months = rules().td[status]
    try:
        earliest = add_days(add_months(last_on, months), 7 * weeks)
    except (ValueError, OverflowError):
        return None
    return _TD[_TD.index(status) + 1], earliest


def week_day(wedding_on: date, weeks: int) -> date:
    """The day so many weeks before the wedding."""
    return wedding_on - timedelta(weeks=weeks)


# ----------------------------------------------------------------------------------------------- what is not known


def gaps(screening: Screening) -> list[str]:
    """Items of one partner that are still to be found out, in the order of asking ("belum tahu" is one too)."""
    return [item for item in ITEMS[screening.partner] if _is_gap(screening.answers, item)]


def _is_gap(answers: Mapping[str, Any], item: str) -> bool:
    if item == "td_last_on":
        # The day counts only for those who still have a dose to come.
        return answers.get("td_status") in rules().td and answers.get(item) is None
    return answers.get(item) is None


def wedding_gaps(wedding: Wedding, contact_id: str | None = None) -> list[tuple[Sex, str]]:
    """What one of the couple can still tell: own items and those of a partner who does not write here.

    contact_id: who is asked, by default the one who registered. Both partners are asked about, also one of whom
    nothing was said yet.
    """
    reader = wedding.contact_id if contact_id is None else contact_id
    return [
        (screening.partner, item)
        for screening in both(wedding)
        if screening.contact_id in ("", reader)
        for item in gaps(screening)
    ]


def both(wedding: Wedding) -> tuple[Screening, Screening]:
    """Her screening and his; an empty one where nothing was told."""
    told = {screening.partner: screening for screening in wedding.screenings}
    return (told.get(Sex.FEMALE, Screening(Sex.FEMALE)), told.get(Sex.MALE, Screening(Sex.MALE)))


def own(wedding: Wedding, contact_id: str) -> Screening | None:
    """The screening of the partner who writes from this contact."""
    return next((s for s in wedding.screenings if contact_id and s.contact_id == contact_id), None)


def visible(wedding: Wedding, contact_id: str) -> tuple[Screening, ...]:
    """What one of the couple may see: the own answers, and the partner's only where both have agreed to it.

    Of a partner who does not write here, what the one who registered told is that one's to see.
    """
    if not wedding.contact_id and not contact_id:
        return wedding.screenings  # a wedding from a file, with nobody to hide it from
    linked = [s for s in wedding.screenings if s.contact_id]
    agreed = len(linked) == len(Sex) and all(s.answers.get(SHARED) is True for s in linked)
    return tuple(
        s
        for s in wedding.screenings
        if s.contact_id == contact_id or agreed or (not s.contact_id and wedding.contact_id == contact_id)
    )


def seen_by(wedding: Wedding, contact_id: str) -> Wedding:
    """The wedding with what this contact may see of it, and nothing else."""
    return replace(wedding, screenings=visible(wedding, contact_id))


# --------------------------------------------------------------------------------------------------------- findings


def review(wedding: Wedding, today: date) -> Review:
    """What is good, what to improve, what to have looked at, what is unknown, and the plan to the wedding day."""
    findings = tuple(
        finding
        for screening in both(wedding)
        if screening in wedding.screenings
        for finding in _findings(screening, wedding.screened_on or today, today)
    )
    days_left = (wedding.date - today).days if wedding.date else None
    first = max(milestone.weeks for milestone in rules().timeline)
    return Review(
        findings,
        _steps(wedding, findings, today),
        days_left,
        hurried=days_left is not None and days_left < 7 * first,
    )


def concerns(wedding: Wedding, today: date, contact_id: str | None = None) -> dict[str, bool]:
    """What campaign messages may ask for in `when`, from what their reader may see (by default who registered).

    Keys: hb_low, thin (IMT or LiLA low), smoke (somebody smokes, or there is smoke at home), td_known.
    """
    reader = wedding.contact_id if contact_id is None else contact_id
    found = review(seen_by(wedding, reader), today).findings
    low = {f.item for f in found if f.status is Status.IMPROVE}
    actions = {action for f in found for action in f.actions}
    return {
        "hb_low": "hb" in low,
        "thin": "eat_more" in actions,
        "smoke": bool(low & {"smoking", "smoke_at_home"}),
        "td_known": any(f.item == "td" and f.status is not Status.UNKNOWN for f in found),
    }


def td_due(wedding: Wedding) -> tuple[str, date] | None:
    """Her next Td with its first day, where a health worker's record allows to say it."""
    her = both(wedding)[0]
    return next_td(her.answers.get("td_status"), _day(her.answers.get("td_last_on")))


def _findings(screening: Screening, since: date, today: date) -> Iterator[Finding]:
    answers, check = screening.answers, _next_check(since, today)
    makers = {
        "age": lambda: _age(screening.partner, answers.get("age_years")),
        "bmi": lambda: _bmi(screening.partner, bmi(answers.get("weight_kg"), answers.get("height_cm")), check),
        "lila": lambda: _lila(screening.partner, answers.get("lila_cm"), check),
        "hb": lambda: _hb(screening.partner, answers, since),
        "smoking": lambda: _smoke(screening.partner, "smoking", answers.get("smokes"), "stop_smoking"),
        "smoke_at_home": lambda: _smoke(
            screening.partner, "smoke_at_home", answers.get("smoke_at_home"), "smoke_free_home"
        ),
        "td": lambda: _td(screening.partner, answers, today),
    }
    for item in FINDINGS[screening.partner]:
        if item == "smoke_at_home" and screening.partner is Sex.MALE and "smoke_at_home" not in answers:
            continue  # asked of her alone; his is kept where he told it
        yield makers[item]()


def _age(partner: Sex, years: int | None) -> Finding:
    if years is None:
        return Finding(partner, "age", Status.UNKNOWN, None, ("tell_age",))
    woman, man = rules().thresholds["age_woman"], rules().thresholds["age_man"]
    law = rules().thresholds["age_law"].min or 0
    if years < law:
        return Finding(partner, "age", Status.CHECK, years, ("age_law",))
    if partner is Sex.MALE:
        young = years < (man.ideal or 0)
        return Finding(partner, "age", Status.CHECK if young else Status.GOOD, years, ("age_talk",) if young else ())
    if years < (woman.min or 0):
        return Finding(partner, "age", Status.CHECK, years, ("age_wait",))
    if years > (woman.max or 999):
        return Finding(partner, "age", Status.CHECK, years, ("age_plan",))
    young = years < (woman.ideal or 0)
    return Finding(partner, "age", Status.CHECK if young else Status.GOOD, years, ("age_talk",) if young else ())


def _bmi(partner: Sex, value: float | None, check: date) -> Finding:
    if value is None:
        return Finding(partner, "bmi", Status.UNKNOWN, None, ("measure",))
    ok = rules().thresholds["bmi"]
    if value < (ok.min or 0):
        return Finding(partner, "bmi", Status.IMPROVE, value, ("eat_more", "monthly"), check)
    if value > (ok.max or 999):
        return Finding(partner, "bmi", Status.IMPROVE, value, ("eat_lean",))
    return Finding(partner, "bmi", Status.GOOD, value)


def _lila(partner: Sex, value: float | None, check: date) -> Finding:
    if value is None:
        return Finding(partner, "lila", Status.UNKNOWN, None, ("measure",))
    if value < (rules().thresholds["lila_cm"].min or 0):
        return Finding(partner, "lila", Status.IMPROVE, value, ("eat_more", "monthly"), check)
    return Finding(partner, "lila", Status.GOOD, value)


def _next_check(since: date, today: date) -> date:
    """The next of the monthly checks that began with the screening."""
    months = rules().check_months
    while (on := add_months(since, months)) < today:
        months += rules().check_months
    return on


def _hb(partner: Sex, answers: Mapping[str, Any], since: date) -> Finding:
    value = answers.get("hb_g_dl")
    if value is None:
        return Finding(partner, "hb", Status.UNKNOWN, None, ("test_hb",))
    if value < (rules().thresholds["hb_g_dl"].min or 0):
        # The 90 days of tablets begin with the finding, not with an older test.
        start = max(since, _day(answers.get("hb_on")) or since)
        return Finding(partner, "hb", Status.IMPROVE, value, ("iron", "recheck_hb"), add_days(start, rules().iron_days))
    return Finding(partner, "hb", Status.GOOD, value)


def _smoke(partner: Sex, item: str, value: bool | None, action: str) -> Finding:
    if value is None:
        return Finding(partner, item, Status.UNKNOWN, None, ("tell_smoke",))
    if value:
        return Finding(partner, item, Status.IMPROVE, True, (action,))
    return Finding(partner, item, Status.GOOD, False)


def _td(partner: Sex, answers: Mapping[str, Any], today: date) -> Finding:
    """T5, or a next one that is not due yet, is well; the rest is the health worker's (catin.yml, status T)."""
    status = answers.get("td_status")
    if status not in _TD:
        return Finding(partner, "td", Status.UNKNOWN, None, ("ask_td",))
    if status == _FULL:
        return Finding(partner, "td", Status.GOOD, status)
    coming = next_td(status, _day(answers.get("td_last_on")))
    if coming is None:
        return Finding(partner, "td", Status.CHECK, status, ("ask_td",))
    if coming[1] > today:
        return Finding(partner, "td", Status.GOOD, status, ("td_next",), coming[1])
    return Finding(partner, "td", Status.IMPROVE, status, ("td_now",), coming[1])


def _day(iso: object) -> date | None:
    return date.fromisoformat(iso) if isinstance(iso, str) else iso if isinstance(iso, date) else None


# ------------------------------------------------------------------------------------------------------------- plan


def _steps(wedding: Wedding, findings: tuple[Finding, ...], today: date) -> tuple[Step, ...]:
    """The plan in the order of its days; what is late comes first, because it can still be done."""
    actions = {action for finding in findings for action in finding.actions}
    wanted = _wanted(actions)
    steps = [_milestone(m, wedding.date, today) for m in rules().timeline if m.step in wanted]
    steps += _dated(findings, wedding.date, today)
    return tuple(sorted(steps, key=lambda step: (step.on or date.max, step.key != "checkup")))


def _wanted(actions: set[str]) -> set[str]:
    wanted = {"elsimil", "checkup", "class", "decide", "bring_proof"} | (actions & {"iron"})
    if actions & {"stop_smoking", "smoke_free_home"}:
        wanted.add("stop_smoking")
    if "eat_more" in actions:
        wanted.add("nutrition")
    return wanted


def _milestone(milestone: Milestone, wedding_on: date | None, today: date) -> Step:
    if wedding_on is None:
        on = today if milestone.step in _AT_ONCE else None
        return Step(milestone.step, on, milestone.firm, weeks=milestone.weeks)
    planned = week_day(wedding_on, milestone.weeks)
    if milestone.step in _AT_ONCE:
        return Step(milestone.step, today, milestone.firm, planned < today, weeks=milestone.weeks)
    return Step(milestone.step, max(planned, today), milestone.firm, planned < today, weeks=milestone.weeks)


def _dated(findings: tuple[Finding, ...], wedding_on: date | None, today: date) -> Iterator[Step]:
    """Steps whose day comes from what was found: the recheck of Hb, the monthly check, the next Td."""
    seen: set[str] = set()
    for finding in findings:
        for action in finding.actions:
            if action not in {"recheck_hb", "monthly", "td_next", "td_now"} or finding.by is None or action in seen:
                continue
            seen.add(action)
            on = max(finding.by, today)
            after = wedding_on is not None and on > wedding_on
            yield Step(action, on, True, finding.by < today, after)
