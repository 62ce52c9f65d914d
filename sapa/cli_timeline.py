"""`sapa timeline`: every message a family would get, as lines, as JSON, or as a calendar page."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated

import typer

from sapa import cli_common as common


def register(app: typer.Typer) -> None:
    """Add the command to `sapa`."""
    app.command()(timeline)


def timeline(
    file: Path,
    until: Annotated[str, typer.Option("--until", help="The last day (ISO date).")],
    now: Annotated[
        str | None, typer.Option("--now", help="The moment to count from (ISO); default: the clock.")
    ] = None,
    html: Annotated[Path | None, typer.Option("--html", help="Write a calendar page that needs nothing else.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Every message a family would get up to a day."""
    from sapa.bootstrap import StartError, answering
    from sapa.services.family_file import FamilyFileError, load_family
    from sapa.services.timeline import calendar, calendar_page
    from sapa.services.timeline import timeline as rows_of

    try:
        family = load_family(file.read_text(encoding="utf-8"), now=now, clock=datetime.now(UTC)).family
    except FamilyFileError as error:
        common.fail(f"{file}: {error}")
    except (OSError, UnicodeDecodeError) as error:
        common.fail(f"{file}: {error}")
    try:
        last = date.fromisoformat(until)
    except ValueError:
        common.fail(f"--until {until!r} is not a date (YYYY-MM-DD)")
    try:
        deps = answering()
        rows = rows_of(deps, family, last)
        page = calendar_page(deps, calendar(family, rows, last)) if html else ""
    except (StartError, ValueError) as error:
        common.fail(str(error))
    if html is not None:
        _write(html, page)
    if as_json:
        print(json.dumps([row.as_json() for row in rows], ensure_ascii=False, indent=1))
    elif html is not None:
        print(f"{html}: {len(rows)} messages")
    else:
        for row in rows:
            print(f"{row.reminder.send_at.isoformat()}  {row.reminder.event}  {row.subject}".rstrip())
            print("\n".join(f"    {line}" for line in row.text.splitlines()) + "\n")


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        common.fail(f"{path}: {error.strerror or error}")
