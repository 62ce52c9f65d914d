"""What a message costs: known fees added up, unknown ones never guessed."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sapa.messaging.cost import FORMS, PriceTable, Rate, cost_of, price_list

FEE = Rate("provider", ("text", "template"), Decimal("0.005"), "USD")
META = Rate("meta", ("template",), Decimal("0.02"), "USD")
PART = Rate("sms", ("sms",), Decimal(350), "IDR")
FREE = Rate("free", ("text",), Decimal(0), "USD")
UNKNOWN = Rate("meta", ("template",), None, "USD")
AT_16500 = Decimal(16500)

# what is known, rupiah per dollar, (text, template, a part of an SMS)
TABLES = [
    ("nothing", (), None, (None, None, None)),
    ("0.005 USD x 16,500 = 82.50, rounded up", (FEE,), AT_16500, (83, 83, None)),
    ("(0.005 + 0.02) USD x 16,500 = 412.50", (FEE, META), AT_16500, (83, 413, None)),
    ("0.005 USD x 16,499 = 82.495", (FEE,), Decimal(16499), (82, 82, None)),
    ("dollars without a rate of exchange", (FEE, META, PART), None, (None, None, 350)),
    ("one of two fees not known", (FEE, UNKNOWN), AT_16500, (83, None, None)),
    ("nothing is nothing in any currency", (FREE,), None, (0, None, None)),
]


@pytest.mark.parametrize(("what", "rates", "per_usd", "rupiah"), TABLES, ids=[row[0] for row in TABLES])
def test_a_form_costs_the_sum_of_its_fees_or_is_not_known(
    what: str, rates: tuple[Rate, ...], per_usd: Decimal | None, rupiah: tuple[int | None, ...]
) -> None:
    table = PriceTable(rates, per_usd)
    assert tuple(table.rupiah(form) for form in FORMS) == rupiah


def test_what_the_settings_say_beats_the_table() -> None:
    table = PriceTable((FEE, META, PART), AT_16500)
    assert price_list(table, {}) == {"text": 83, "whatsapp": 413, "sms": 350}
    assert price_list(table, {"whatsapp": 500}) == {"text": 83, "whatsapp": 500, "sms": 350}
    assert price_list(PriceTable(), {"sms": 400}) == {"sms": 400}


PRICES = {"text": 83, "whatsapp": 413, "sms": 350}

# form, parts, rupiah
MESSAGES = [
    ("text", 1, 83),
    ("template", 1, 413),
    ("sms", 1, 350),
    ("sms", 2, 700),  # 2 x 350
    ("text", 3, 83),  # parts are an affair of SMS
    ("pigeon", 1, None),
]


@pytest.mark.parametrize(("form", "parts", "rupiah"), MESSAGES)
def test_a_message_costs_its_form_and_an_sms_its_parts(form: str, parts: int, rupiah: int | None) -> None:
    assert cost_of(PRICES, form, parts) == rupiah


@given(st.sampled_from(FORMS), st.integers(1, 9))
def test_without_a_price_the_cost_is_unknown_and_not_nothing(form: str, parts: int) -> None:
    assert cost_of({}, form, parts) is None
