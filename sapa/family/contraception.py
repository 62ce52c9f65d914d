"""When somebody who uses a contraceptive method is due at the midwife's again.

The date the midwife wrote on the card always wins (content/facts/kb.yml, reminder_rule). Without it the default of the
method is taken, and only where the fact sheet has that default from a source that was read: an interval of general
knowledge makes an occasion to look at the card, never a date that is said. How long one may be late is nowhere said:
whoever is late is asked to come at once. Numbers: `data/contraception.json`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

from sapa.family.calendar import add_days, add_months
from sapa.family.people import Contraception

_DATA = Path(__file__).with_name("data") / "contraception.json"
_UNREAD = "general-knowledge"
# A packet ends every four weeks whether anybody writes to us or not; after a year of silence we stop asking.
_PACKETS = 13
# A card date this near the insertion is a check-up, not the day the implant or IUD has to come out.
_CHECK_UP_DAYS = 365
_WEEK = 7


class Anchor(StrEnum):
    """What an occasion is, by the name campaigns know it under."""

    RETURN = "kb_return"  # the day of the visit is known: the card's, or a default with a source
    SUPPLY = "kb_supply"  # time to arrange something: the next packet, a replacement, the next step
    CHECK = "kb_check"  # the visit is about now, but only the card knows the day


@dataclass(frozen=True)
class Occasion:
    """A day on which the user of a method wants to hear from us. Only for RETURN may the text name the day."""

    anchor: Anchor
    on: date


@dataclass(frozen=True)
class Method:
    """What the fact sheet says of one method; None where it says nothing.

    return_days: from one visit to the next, return_sure: whether that may be told as a date. supply_days: from one
    packet to the next, with supply_before_days. lasts_months: until it must be replaced, with plan_before_months.
    baby_months: ages of the baby at which the method is about to end. ask_bidan: whether it is for the bidan to judge
    while breastfeeding, ask_bidan_under: only with a baby of fewer completed months.
    """

    id: str
    return_days: int | None = None
    return_sure: bool = False
    supply_days: int | None = None
    supply_before_days: int = 0
    lasts: bool = False
    lasts_months: int | None = None
    plan_before_months: int = 0
    baby_months: tuple[int, ...] = ()
    ask_bidan: bool = False
    ask_bidan_under: int | None = None

    @property
    def has_dates(self) -> bool:
        """Whether there is a date to ask for: nobody has to come back for a condom or after a sterilisation."""
        return bool(self.return_days or self.supply_days or self.lasts or self.baby_months) or self.id == "suntik"


@cache
def methods() -> Mapping[str, Method]:
    """Every method by its id: those of content/facts/kb.yml, and suntik, pil, iud_hormon for an unknown kind."""
    data = json.loads(_DATA.read_text(encoding="utf-8"))
    return {name: _method(name, row) for name, row in data["methods"].items()}


def _method(name: str, row: Mapping[str, Any]) -> Method:
    back, supply, lasts = (row.get(key, {}) for key in ("return", "supply", "lasts"))
    breastfeeding = row.get("breastfeeding", {})
    return Method(
        id=name,
        return_days=back.get("days"),
        return_sure=bool(back) and back["confidence"] != _UNREAD,
        supply_days=supply.get("days"),
        supply_before_days=supply.get("before_days", 0),
        lasts=bool(lasts),
        lasts_months=lasts.get("months"),
        plan_before_months=lasts.get("plan_before_months", 0),
        baby_months=tuple(row.get("baby", {}).get("months", ())),
        ask_bidan=breastfeeding.get("ask_bidan", False),
        ask_bidan_under=breastfeeding.get("under_months"),
    )


def method_named(name: str) -> Method:
    """The method with this id. Raises ValueError for an unknown one."""
    try:
        return methods()[name]
    except KeyError:
        raise ValueError(f"unknown contraceptive method {name!r}") from None


def return_date(contraception: Contraception) -> date | None:
    """The day of the next visit that may be told: the card's, else a default with a source; None if only a card knows.

    May lie in the past: then the visit is overdue. Raises ValueError for an unknown method.
    """
    method = method_named(contraception.method)
    if contraception.return_on is not None:
        return contraception.return_on
    if method.return_days is None or not method.return_sure or contraception.last_date is None:
        return None
    return add_days(contraception.last_date, method.return_days)


def is_late(contraception: Contraception, today: date) -> bool:
    """Whether the day of the visit has passed. There is no grace: whoever is late should come at once."""
    day = return_date(contraception)
    return day is not None and day < today


def occasions(contraception: Contraception, births: Iterable[date] = ()) -> tuple[Occasion, ...]:
    """Every day on which this contact wants a reminder, by day; past ones too, for the planner to leave out.

    `births` are the birth dates of the household's children; the last one counts where the method hangs on the baby.
    Raises ValueError for an unknown method.
    """
    method = method_named(contraception.method)
    day = return_date(contraception)
    found = [Occasion(Anchor.RETURN, day)] if day is not None else _about_now(contraception, method)
    found += [Occasion(Anchor.SUPPLY, on) for on in _supplies(contraception, method)]
    ends = _ends_on(contraception, method)
    if ends is not None:
        found.append(Occasion(Anchor.SUPPLY, add_months(ends, -method.plan_before_months)))
    born = contraception.last_date or max(births, default=None)
    if born is not None:
        found += [Occasion(Anchor.SUPPLY, add_months(born, months)) for months in method.baby_months]
    return tuple(sorted(set(found), key=lambda occasion: (occasion.on, occasion.anchor)))


def _about_now(contraception: Contraception, method: Method) -> list[Occasion]:
    """A visit whose interval we know from memory only: a reason to look at the card."""
    if method.return_days is None or contraception.last_date is None:
        return []
    return [Occasion(Anchor.CHECK, add_days(contraception.last_date, method.return_days))]


def _supplies(contraception: Contraception, method: Method) -> list[date]:
    """Days before the end of each packet; none where the card says when to come."""
    if method.supply_days is None or contraception.last_date is None or contraception.return_on is not None:
        return []
    return [
        add_days(contraception.last_date, number * method.supply_days - method.supply_before_days)
        for number in range(1, _PACKETS + 1)
    ]


def _ends_on(contraception: Contraception, method: Method) -> date | None:
    """When an implant or IUD has to be replaced: by the card if that is what its date means, else by the method."""
    if not method.lasts:
        return None
    last, card = contraception.last_date, contraception.return_on
    if card is not None and (last is None or (card - last).days >= _CHECK_UP_DAYS):
        return card
    return add_months(last, method.lasts_months) if last is not None and method.lasts_months else None


def for_bidan_to_judge(method: str, breastfeeding: bool | None, baby_months: int | None) -> bool:
    """Whether a breastfeeding mother should talk to the bidan about this method. Says nothing about who may use it.

    baby_months: completed months of the baby's age, None if not known. Raises ValueError for an unknown method.
    """
    known = method_named(method)
    if not known.ask_bidan or breastfeeding is not True:
        return False
    return known.ask_bidan_under is None or baby_months is None or baby_months < known.ask_bidan_under


def after_visit(contraception: Contraception, on: date, return_on: date | None) -> Contraception:
    """The record after a visit on the day `on`; return_on: the next date on the card, None if it was not told.

    An injection begins its interval that day. A packet fetched early begins when the old one ends. An implant or IUD
    stays as it is until its time is up; then only the card knows. A method that hangs on the baby does not change.
    After the check of a vasectomy nothing is due: the day of the visit stands as its last date.
    Raises ValueError for an unknown method.
    """
    method = method_named(contraception.method)
    last: date | None = on
    if method.supply_days is not None:
        last = _packet_begun(contraception, method, on)
    elif method.lasts:
        ends = _ends_on(contraception, method)
        time_is_up = ends is not None and on >= add_months(ends, -method.plan_before_months)
        last = None if time_is_up else contraception.last_date
    elif method.baby_months:
        last = contraception.last_date
    elif method.id == "mop":
        last, return_on = contraception.last_date, return_on or on
    return replace(contraception, last_date=last, return_on=return_on)


def _packet_begun(contraception: Contraception, method: Method, on: date) -> date:
    """The day the packet fetched on `on` is begun: where a packet ends or began at most a week away, else that day."""
    last = contraception.last_date
    if last is None or method.supply_days is None:
        return on
    nearest = add_days(last, max(0, round((on - last).days / method.supply_days)) * method.supply_days)
    return nearest if abs((nearest - on).days) <= _WEEK else on
