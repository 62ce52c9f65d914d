"""`sapa zscore` and `sapa growth-chart`: growth on the command line (docs/cli.md)."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml
from rich.console import Console
from rich.progress import track

from sapa import cli_common as common

NowOption = Annotated[str | None, typer.Option("--now", help="The moment to count from (ISO); default: the clock.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]
_notes = Console(stderr=True)


def register(app: typer.Typer) -> None:
    """Add the two commands to the command `sapa`."""
    app.command(name="zscore")(zscore)
    app.command(name="growth-chart")(growth_chart)


def zscore(
    source: Annotated[Path, typer.Argument(metavar="IN.csv")],
    target: Annotated[Path, typer.Argument(metavar="OUT.csv")],
    now: NowOption = None,
    as_json: JsonOption = False,
) -> None:
    """WHO z-scores, flags and the categories of Permenkes 2/2020 for a table of measurements.

    Columns in: sex (M/F), age_days, weight_kg, lenhei_cm, measure (L/H/blank), oedema (y/n), headc_cm. Nothing here
    depends on the clock: --now is taken as everywhere, and changes nothing.
    """
    from sapa.services.growth_files import GrowthFileError, read_table, scored_rows, write_table

    try:
        table = read_table(_read(source))
    except GrowthFileError as error:
        common.fail(f"{source}: {error}")
    total = len(table.rows) + 1
    quiet = as_json or not sys.stderr.isatty() or total < 2000
    rows = list(
        track(scored_rows(table, _categories()), "z-scores", total=total, console=_notes, disable=quiet),
    )
    _write(target, write_table(table, rows).encode("utf-8"))
    noted = sum(bool(row[-1]) for row in rows[1:])
    if as_json:
        print(json.dumps({"file": str(target), "rows": len(rows) - 1, "with_note": noted}))
        return
    print(f"{target}: {len(rows) - 1} rows, {noted} with a note")


def growth_chart(
    file: Annotated[Path, typer.Argument(metavar="FAMILY.yml")],
    child: Annotated[str, typer.Option("--child", help="The child's name, as in the file.")],
    out: Annotated[Path, typer.Option("--out", help="The PNG to write.")],
    now: NowOption = None,
    as_json: JsonOption = False,
) -> None:
    """Draw the growth chart of one child of a FAMILY.yml."""
    from sapa.bootstrap import draw
    from sapa.family.immunization import RecordError
    from sapa.services.family_file import load_family
    from sapa.services.growth_files import GrowthFileError, chart_of

    try:
        family = load_family(_read(file), now=now, clock=datetime.now(UTC)).family
        facts = chart_of(family, child)
    except (RecordError, GrowthFileError) as error:
        common.fail(f"{file}: {error}")
    picture = draw(str(facts["kind"]), {name: value for name, value in facts.items() if name != "kind"})
    _write(out, picture)
    if as_json:
        print(json.dumps({"file": str(out), "bytes": len(picture), "points": len(facts["measurements"])}))
        return
    print(f"{out}: {len(facts['measurements'])} weighings")


def _categories() -> dict[str, str]:
    """The Indonesian name of each category."""
    from sapa import settings

    path = settings.load().content_dir / "kata" / "pertumbuhan.yml"
    names: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return {key: str(name) for key, name in names.items()}


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        common.fail(f"{path}: {error.strerror}")
    except UnicodeDecodeError:
        common.fail(f"{path}: not a text in UTF-8")


def _write(path: Path, data: bytes) -> None:
    try:
        path.write_bytes(data)
    except OSError as error:
        common.fail(f"{path}: {error.strerror}")
