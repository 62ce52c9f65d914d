"""The table of prices as it is read from its file, and a month added up on both databases."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from sapa.bootstrap import App
from sapa.messaging.cost import PriceTable, price_list
from sapa.messaging.states import Channel, Kind
from sapa.services.costs import PriceError, load_prices, month_costs
from sapa.services.ports_costs import CostLine
from sapa.services.records import OutboxDraft, Sent, Tried

SHIPPED = Path(__file__).resolve().parents[2] / "content" / "prices.yml"
NOV = date(2026, 11, 1)


# ---------------------------------------------------------------- the file


def test_the_file_that_comes_with_the_project_names_every_form_and_invents_no_price() -> None:
    table = load_prices(SHIPPED)
    assert {form for rate in table.rates for form in rate.forms} == {"text", "template", "sms"}
    known = [(rate.name, rate.amount) for rate in table.rates if rate.amount is not None]
    assert known == [("twilio_whatsapp", Decimal("0.005"))]  # the one price we have a page for
    assert all(rate.source.startswith("https://") for rate in table.rates if rate.amount is not None)
    assert table.rupiah_per_usd is None
    assert price_list(table, {}) == {}


def test_an_office_that_fills_in_its_rate_of_exchange_knows_what_free_text_costs(tmp_path: Path) -> None:
    filled = SHIPPED.read_text(encoding="utf-8").replace("rupiah_per_usd: null", "rupiah_per_usd: 16500")
    (tmp_path / "prices.yml").write_text(filled, encoding="utf-8")
    assert price_list(load_prices(tmp_path / "prices.yml"), {}) == {"text": 83}  # 0.005 x 16,500 = 82.50


def test_without_a_file_nothing_is_known(tmp_path: Path) -> None:
    assert load_prices(tmp_path / "none.yml") == PriceTable()


RATE = "rates: [{name: a, forms: [sms], amount: 1, currency: IDR, source: x, checked_on: y}]"
BROKEN = [
    ("[1, 2]", "not a table"),
    ("rates: [1]", "not a table"),
    ("a: [", "not a table"),
    ("rupiah_per_usd: mahal", "not a number"),
    ("rupiah_per_usd: 0", "greater than 0"),
    ("rupiah_per_usd: -1", "greater than 0"),
    ("rupiah_per_usd: .nan", "not a number"),
    ("rupiah_per_usd: NaN", "greater than 0"),
    (RATE.replace("amount: 1", "amount: -1"), "a: -1 must be at least 0"),
    (RATE.replace("[sms]", "[fax]"), "a: forms"),
    (RATE.replace("[sms]", "[]"), "a: forms"),
    (RATE.replace("IDR", "EUR"), "a: currency"),
    (RATE.replace("name: a, ", ""), "no name"),
    (RATE.replace("source: x, ", ""), "a: an amount needs its source"),
    (RATE.replace("checked_on: y", "checked_on: null"), "a: an amount needs its source"),
]


@pytest.mark.parametrize(("text", "why"), BROKEN)
def test_a_file_that_cannot_be_meant_is_refused_with_the_place(tmp_path: Path, text: str, why: str) -> None:
    file = tmp_path / "prices.yml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(PriceError, match=rf"prices\.yml.*{why}"):
        load_prices(file)
    file.write_text(RATE, encoding="utf-8")
    assert price_list(load_prices(file), {}) == {"sms": 1}


# ---------------------------------------------------------------- a month


def _send(app: App, number: int, kind: Kind, form: str, parts: int, cost: int | None, at: datetime) -> None:
    phone = f"+62812{number:08}"
    with app.store.transaction() as tx:
        contact, address = tx.contact_for_address(Channel.WHATSAPP, phone, phone, at)
        draft = OutboxDraft(
            dedupe_key=f"k{number}", contact_id=contact.id, address_id=address.id, channel=Channel.WHATSAPP,
            kind=kind, content_id="x", text="Halo",
        )  # fmt: skip
        queued = tx.queue(draft, at)
        assert queued is not None
        tx.claim_outbox("me", at, at, 10)
        tx.record_sends("me", [Tried(queued, Sent(f"SM{number}"), form, parts, cost)], at, 3)


def test_a_month_is_added_up_by_form_and_kind_and_what_has_no_price_is_counted(app: App) -> None:
    noon = datetime(2026, 11, 10, 5, tzinfo=UTC)
    _send(app, 1, Kind.ANSWER, "text", 1, 83, noon)
    _send(app, 2, Kind.ANSWER, "text", 1, None, noon)
    _send(app, 3, Kind.REMINDER, "template", 1, 413, noon)
    _send(app, 4, Kind.REMINDER, "sms", 2, 700, noon)
    _send(app, 5, Kind.REMINDER, "sms", 1, 350, noon)
    with app.store.transaction(write=False) as tx:
        found = month_costs(tx, date(2026, 11, 30), "Asia/Jakarta")
    assert found.month == NOV
    assert found.lines == (
        CostLine("sms", "reminder", 2, 3, 1050, 0),  # 700 + 350
        CostLine("template", "reminder", 1, 1, 413, 0),
        CostLine("text", "answer", 2, 2, 83, 1),
    )
    assert found.total == CostLine("", "", 5, 6, 1546, 1)  # 1050 + 413 + 83


# sent at (UTC), whether it belongs to November in Jakarta (UTC+7)
EDGES = [
    (datetime(2026, 10, 31, 16, 59, 59, tzinfo=UTC), False),
    (datetime(2026, 10, 31, 17, 0, tzinfo=UTC), True),
    (datetime(2026, 11, 30, 16, 59, 59, tzinfo=UTC), True),
    (datetime(2026, 11, 30, 17, 0, tzinfo=UTC), False),
]


@pytest.mark.parametrize(("at", "counts"), EDGES)
def test_a_month_begins_and_ends_at_local_midnight(app: App, at: datetime, counts: bool) -> None:
    _send(app, 1, Kind.ANSWER, "text", 1, 1, at)
    with app.store.transaction(write=False) as tx:
        assert month_costs(tx, NOV, "Asia/Jakarta").total.messages == counts


def test_december_is_followed_by_january(app: App) -> None:
    _send(app, 1, Kind.ANSWER, "text", 1, 1, datetime(2026, 12, 31, 12, tzinfo=UTC))
    with app.store.transaction(write=False) as tx:
        assert month_costs(tx, date(2026, 12, 1), "Asia/Jakarta").total.messages == 1
        assert month_costs(tx, date(2027, 1, 1), "Asia/Jakarta").total.messages == 0


def test_what_was_never_sent_costs_nothing(app: App) -> None:
    with app.store.transaction(write=False) as tx:
        assert month_costs(tx, NOV, "Asia/Jakarta").total == CostLine("", "", 0, 0, 0, 0)
