"""`sapa cost` as an operator scripts it."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
import typer
from typer.testing import CliRunner

from sapa import cli_cost
from sapa.bootstrap import App
from sapa.messaging.states import Channel, Kind
from sapa.services.records import OutboxDraft, Sent, Tried

AT = datetime(2026, 11, 10, 5, tzinfo=UTC)
NOW = ("--now", "2026-11-23T09:00:00+07:00")
commands = typer.Typer()
cli_cost.register(commands)


@pytest.fixture(autouse=True)
def sent(app: App) -> None:
    """A reminder by template for 413 rupiah and one by SMS whose price nobody knows."""
    with app.store.transaction() as tx:
        for number, form, parts, cost in ((1, "template", 1, 413), (2, "sms", 2, None)):
            phone = f"+62812{number:08}"
            contact, address = tx.contact_for_address(Channel.WHATSAPP, phone, phone, AT)
            draft = OutboxDraft(f"k{number}", contact.id, address.id, Channel.WHATSAPP, Kind.REMINDER, "x", "Halo")
            queued = tx.queue(draft, AT)
            assert queued is not None
            tx.claim_outbox("me", AT, AT, 10)
            tx.record_sends("me", [Tried(queued, Sent(f"SM{number}"), form, parts, cost)], AT, 3)


def run(*arguments: str, code: int = 0) -> str:
    done = CliRunner().invoke(commands, [*arguments])
    assert done.exit_code == code, done.output
    return done.output


def test_json_has_a_line_for_each_form_and_kind_and_a_total() -> None:
    assert json.loads(run("--month", "2026-11", "--json")) == {
        "month": "2026-11",
        "timezone": "Asia/Jakarta",
        "lines": [
            {"form": "sms", "kind": "reminder", "messages": 1, "parts": 2, "cost_rp": 0, "unpriced": 1},
            {"form": "template", "kind": "reminder", "messages": 1, "parts": 1, "cost_rp": 413, "unpriced": 0},
        ],
        "total": {"messages": 2, "parts": 3, "cost_rp": 413, "unpriced": 1},
    }


def test_the_table_calls_an_unknown_price_unknown_and_says_where_to_fill_it_in() -> None:
    lines = [line.split() for line in run(*NOW).splitlines()]
    assert lines[0] == ["form", "kind", "messages", "parts", "rupiah", "unpriced"]
    assert ["sms", "reminder", "1", "2", "unknown", "1"] in lines
    assert ["template", "reminder", "1", "1", "413", "0"] in lines
    assert ["total", "2", "3", "413", "1"] in lines
    assert "prices.yml" in lines[-1][-1]


def test_a_month_without_messages_is_a_total_of_nothing() -> None:
    assert json.loads(run("--month", "2026-10", "--json"))["total"]["messages"] == 0
    assert run("--month", "2026-10").splitlines()[-1].split() == ["total", "0", "0", "0", "0"]


@pytest.mark.parametrize("month", ["2026-13", "November", "2026-11-05", ""])
def test_a_month_that_cannot_be_meant_is_one_line(month: str) -> None:
    run("--month", month, code=1)
