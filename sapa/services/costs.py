"""What messages cost: the table of prices read, and a month added up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml

from sapa.messaging.cost import DOLLAR, FORMS, RUPIAH, PriceTable, Rate
from sapa.services.ports_costs import CostLine, CostTx


class PriceError(ValueError):
    """The table of prices cannot be read; the message says where and why."""


@dataclass(frozen=True)
class MonthCosts:
    """A month's messages. month: its first day."""

    month: date
    lines: tuple[CostLine, ...]

    @property
    def total(self) -> CostLine:
        """All lines in one; its form and kind are empty."""
        sums = {name: sum(getattr(line, name) for line in self.lines) for name in _SUMMED}
        return CostLine("", "", **sums)


_SUMMED = ("messages", "parts", "cost_rp", "unpriced")


def load_prices(file: Path) -> PriceTable:
    """The table of a file; an empty one where there is no file. Raises PriceError."""
    if not file.is_file():
        return PriceTable()
    try:
        # Numbers as they are written: 0.005 is not the nearest binary fraction.
        said = yaml.load(file.read_text(encoding="utf-8"), Loader=yaml.BaseLoader) or {}
        rates = tuple(_rate(one) for one in said.get("rates") or ())
        return PriceTable(rates, _number(said.get("rupiah_per_usd"), "rupiah_per_usd"))
    except (yaml.YAMLError, AttributeError, TypeError) as error:
        raise PriceError(f"{file.name} is not a table of prices: {error}") from error
    except PriceError as error:
        raise PriceError(f"{file.name}: {error}") from error


def month_costs(tx: CostTx, month: date, timezone: str) -> MonthCosts:
    """What the messages of the month of `month` cost; a month begins at midnight in `timezone` (IANA name)."""
    first = month.replace(day=1)
    following = date(first.year + first.month // 12, first.month % 12 + 1, 1)
    zone = ZoneInfo(timezone)
    start, end = (datetime.combine(day, time(), zone) for day in (first, following))
    return MonthCosts(first, tuple(tx.sent_between(start, end)))


def _rate(said: Mapping[str, Any]) -> Rate:
    name = str(said.get("name") or "")
    forms = tuple(said.get("forms") or ())
    currency = str(said.get("currency") or "")
    if not name:
        raise PriceError("a rate has no name")
    if not forms or not set(forms) <= set(FORMS):
        raise PriceError(f"{name}: forms must be among {', '.join(FORMS)}")
    if currency not in (RUPIAH, DOLLAR):
        raise PriceError(f"{name}: currency must be {RUPIAH} or {DOLLAR}")
    amount = _number(said.get("amount"), name, zero=True)
    source, checked_on = (_text(said.get(key)) for key in ("source", "checked_on"))
    if amount is not None and not (source and checked_on):
        raise PriceError(f"{name}: an amount needs its source and checked_on, the day somebody looked")
    return Rate(name, forms, amount, currency, source, checked_on)


def _text(said: str | None) -> str:
    return "" if said in (None, "", "null", "~") else str(said)


def _number(said: str | None, name: str, *, zero: bool = False) -> Decimal | None:
    if not _text(said):
        return None
    try:
        number = Decimal(str(said))
    except InvalidOperation:
        raise PriceError(f"{name}: {said!r} is not a number") from None
    if not number.is_finite() or number < 0 or (number == 0 and not zero):
        raise PriceError(f"{name}: {said} must be {'at least' if zero else 'greater than'} 0")
    return number
