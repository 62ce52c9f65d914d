"""`sapa cost`: what a month's messages cost (docs/cli.md)."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from sapa import cli_common as common

if TYPE_CHECKING:
    from sapa.services.costs import MonthCosts
    from sapa.services.ports_costs import CostLine

_NowOption = Annotated[str | None, typer.Option("--now", help="The moment to count from (ISO); default: the clock.")]
_JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]
_WIDTHS = (10, 12, 10, 8, 14, 10)
_HEADS = ("form", "kind", "messages", "parts", "rupiah", "unpriced")


def register(app: typer.Typer) -> None:
    """Add the command to the command `sapa`."""
    app.command(name="cost")(cost)


def cost(
    month: Annotated[str | None, typer.Option("--month", help="2026-11; default: the month of --now.")] = None,
    now: _NowOption = None,
    as_json: _JsonOption = False,
) -> None:
    """What the messages of a month cost, by form and kind, and how many of them have no known price."""
    from sapa.services.costs import month_costs

    app = common.running_app()
    timezone = app.settings.default_timezone
    today = common.moment(now, app.clock.now()).astimezone(ZoneInfo(timezone)).date()
    with app.store.transaction(write=False) as tx:
        found = month_costs(tx, _month(month, today), timezone)
    print(json.dumps(_as_json(found, timezone)) if as_json else _table(found))


def _month(given: str | None, today: date) -> date:
    if given is None:
        return today
    try:
        return datetime.strptime(given, "%Y-%m").date()
    except ValueError:
        common.fail(f"--month {given!r} is not a month like 2026-11")


def _as_json(found: MonthCosts, timezone: str) -> dict[str, object]:
    total = asdict(found.total)
    del total["form"], total["kind"]
    return {
        "month": f"{found.month:%Y-%m}",
        "timezone": timezone,
        "lines": [asdict(line) for line in found.lines],
        "total": total,
    }


def _table(found: MonthCosts) -> str:
    lines = [_row(_HEADS), *(_row(_cells(line)) for line in found.lines), _row(_cells(found.total, "total"))]
    if found.total.unpriced:
        lines += ["", f"{found.total.unpriced} messages have no known price: fill in content/prices.yml"]
    return "\n".join(lines)


def _cells(line: CostLine, name: str | None = None) -> tuple[str, ...]:
    # Of a line without any price the sum is not 0 but unknown.
    rupiah = f"{line.cost_rp:,}" if line.unpriced < line.messages or not line.messages else "unknown"
    return (name or line.form or "?", line.kind, str(line.messages), str(line.parts), rupiah, str(line.unpriced))


def _row(cells: tuple[str, ...]) -> str:
    left = "".join(cell.ljust(width) for cell, width in zip(cells[:2], _WIDTHS[:2], strict=True))
    return (left + "".join(cell.rjust(width) for cell, width in zip(cells[2:], _WIDTHS[2:], strict=True))).rstrip()
