"""What a couple is shown of its screening: the result, the plan to the wedding day, the card for the health worker."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from sapa.family.people import Wedding
from sapa.family.screening import Finding, Review, Status, Step, own, review, seen_by
from sapa.services.records import Reply

RESULT = "dialog/catin/hasil"
PLAN = "dialog/catin/rencana"


def results(wedding: Wedding, contact_id: str, today: date) -> tuple[Reply, ...]:
    """Result with the card as a picture, and the plan: of what this contact may see."""
    seen = seen_by(wedding, contact_id)
    found = review(seen, today)
    return (
        Reply(
            RESULT,
            {"findings": rows(found.findings), "writer": own_sex(wedding, contact_id)},
            card_of(seen, found, today),
        ),
        Reply(PLAN, plan_vars(seen, found, today)),
    )


def own_sex(wedding: Wedding, contact_id: str) -> str | None:
    """Which of the two reads this: "F", "M", None for neither."""
    mine = own(wedding, contact_id)
    return mine.partner.value if mine is not None else None


def rows(findings: Iterable[Finding]) -> list[dict[str, Any]]:
    """Findings as JSON for a text: partner (F, M), item, status, value as people write it, actions, by."""
    return [
        {
            "partner": finding.partner.value,
            "item": finding.item,
            "status": finding.status.value,
            "value": spoken(finding.value),
            "actions": list(finding.actions),
            "by": finding.by.isoformat() if finding.by else None,
        }
        for finding in findings
    ]


def plan_vars(wedding: Wedding, found: Review, today: date) -> dict[str, Any]:
    """What the plan's text needs."""
    return {
        "wedding_on": wedding.date.isoformat() if wedding.date else None,
        "days_left": found.days_left,
        "is_hurried": found.hurried,
        "plan_steps": [_step(step, today) for step in found.steps],
        "has_gaps": any(finding.status is Status.UNKNOWN for finding in found.findings),
    }


def card_of(wedding: Wedding, found: Review, today: date) -> dict[str, Any]:
    """The facts a card is drawn from (sapa/cards.py)."""
    partners = {finding.partner.value for finding in found.findings}
    return {
        "kind": "catin-card",
        "today": today.isoformat(),
        "wedding": wedding.date.isoformat() if wedding.date else None,
        "partners": [
            {"sex": sex, "rows": [row for row in rows(found.findings) if row["partner"] == sex]}
            for sex in ("F", "M")
            if sex in partners
        ],
        "steps": [_step(step, today) for step in found.steps],
    }


def spoken(value: Any) -> str | None:
    """A figure as it is written in Indonesian: 11.2 -> "11,2", 45.0 -> "45"; no figure: None."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, float):
        return (f"{value:.1f}" if not value.is_integer() else f"{value:.0f}").replace(".", ",")
    return str(value)


def _step(step: Step, today: date) -> dict[str, Any]:
    return {
        "key": step.key,
        "on": step.on.isoformat() if step.on else None,
        "when": _when(step, today),
        "firm": step.firm,
        "late": step.late,
        "after_wedding": step.after_wedding,
        "weeks": step.weeks,
    }


def _when(step: Step, today: date) -> str:
    """How a text speaks of the day: now, spare (if there is time), before (the wedding), date, weeks (before it)."""
    if step.key == "bring_proof":
        return "before"
    if step.on == today:
        return "now" if step.firm else "spare"
    return "date" if step.on is not None and step.firm else "weeks"
