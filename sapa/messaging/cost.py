"""What a message costs in rupiah, from a table of prices. What is not known stays unknown and is never guessed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

# The forms a message goes in, and under which name the prices of a settings file keep each.
TEXT, TEMPLATE, SMS = "text", "template", "sms"
FORMS = (TEXT, TEMPLATE, SMS)
PRICE_KEY = {TEXT: "text", TEMPLATE: "whatsapp", SMS: "sms"}
RUPIAH, DOLLAR = "IDR", "USD"


@dataclass(frozen=True)
class Rate:
    """One fee. forms: what it is charged for; amount: for one message, or one part of an SMS; None: not known.

    source: where the amount stands, with the day somebody looked (checked_on, ISO).
    """

    name: str
    forms: tuple[str, ...]
    amount: Decimal | None
    currency: str
    source: str = ""
    checked_on: str = ""


@dataclass(frozen=True)
class PriceTable:
    """All fees. rupiah_per_usd: None until the office has filled it in."""

    rates: tuple[Rate, ...] = ()
    rupiah_per_usd: Decimal | None = None

    def rupiah(self, form: str) -> int | None:
        """One message (or part) of a form: the sum of its fees, rounded; None if one of them is not known."""
        fees = [self._rupiah(rate) for rate in self.rates if form in rate.forms]
        known = [fee for fee in fees if fee is not None]
        if not fees or len(known) < len(fees):
            return None
        return int(sum(known, Decimal(0)).quantize(Decimal(1), ROUND_HALF_UP))

    def _rupiah(self, rate: Rate) -> Decimal | None:
        if rate.amount is None or rate.currency == RUPIAH or not rate.amount:
            return rate.amount
        return rate.amount * self.rupiah_per_usd if self.rupiah_per_usd is not None else None


def price_list(table: PriceTable, given: Mapping[str, int]) -> dict[str, int]:
    """Rupiah for one message: "text" inside WhatsApp's 24 hours, "whatsapp" by template, "sms" a part.

    Only what is known; `given` (the settings) beats the table.
    """
    known = {PRICE_KEY[form]: table.rupiah(form) for form in FORMS}
    return {key: price for key, price in known.items() if price is not None} | dict(given)


def cost_of(prices: Mapping[str, int], form: str, parts: int) -> int | None:
    """Rupiah for one message that goes as text, template or sms; None where no price is known.

    prices: as `price_list` gives them. parts: of an SMS; a WhatsApp message is one.
    """
    price = prices.get(PRICE_KEY.get(form, ""))
    return None if price is None else price * (parts if form == SMS else 1)
