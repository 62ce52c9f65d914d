"""`sapa import`, `sapa organisation` and `sapa fhir`: registers in, the organisation in and out, records out."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.progress import Progress

from sapa import cli_common as common

if TYPE_CHECKING:
    from sapa.services.organisation import OrganisationPlan
    from sapa.services.ports import Tx
    from sapa.services.register_import import ImportPlan
    from sapa.services.register_reading import Finding

organisation = typer.Typer(no_args_is_help=True, help="Provinces, kabupaten, kecamatan, desa and their posyandu.")
_NowOption = Annotated[str | None, typer.Option("--now", help="The moment to count from (ISO); default: the clock.")]
_JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]
_DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Only say what would become of each row.")]
notes = Console(stderr=True)


def register(app: typer.Typer) -> None:
    """Add the commands to the command `sapa`."""
    app.command(name="import")(import_)
    app.command(name="fhir")(fhir)
    app.add_typer(organisation, name="organisation")


# --------------------------------------------------------------------------------------------------------- registers


def import_(
    file: Path,
    as_: Annotated[str, typer.Option("--as", help="The number of the kader or bidan whose families these are.")],
    dry_run: _DryRunOption = False,
    faults: Annotated[
        Path | None, typer.Option("--faults", help="Write the faulty rows there (CSV), to be mended and read in again.")
    ] = None,
    now: _NowOption = None,
    as_json: _JsonOption = False,
) -> None:
    """Read in a posyandu's register (XLSX or CSV). Exit code 2 if rows were left out."""
    from sapa.services import register_import as registers
    from sapa.services.access import NotAllowed
    from sapa.sheets import write_csv

    rows, first_row = _table(file)
    app = common.running_app()
    moment = common.moment(now, app.clock.now())
    try:
        with app.deps.store.transaction(write=False) as tx:
            who = common.staffer_behind(tx, as_)
            plan = registers.plan_import(app.deps, tx, who, rows, moment, first_row=first_row)
    except NotAllowed as error:
        common.fail(str(error))
    if plan.missing:
        common.fail(f"{file}: no column for {', '.join(plan.missing)}")
    written = 0
    if not dry_run:
        with Progress(console=notes, transient=True, disable=not sys.stderr.isatty()) as bar:
            task = bar.add_task("writing", total=None)
            done = registers.apply_import(
                app.deps, who, plan, moment, lambda rows, total: bar.update(task, completed=rows, total=total)
            )
        written = done.written
    if faults is not None:
        today = moment.astimezone(ZoneInfo(app.settings.default_timezone)).date()
        header, to_mend = registers.rows_to_mend(app.deps, plan, today)
        faults.write_bytes(write_csv(header, [[row.get(name, "") for name in header] for row in to_mend]))
        faults.chmod(0o600)  # names and numbers of families
    _show_import(plan, written, dry_run, as_json)
    if plan.counts["fault"]:
        raise SystemExit(2)


def _show_import(plan: ImportPlan, written: int, dry_run: bool, as_json: bool) -> None:
    if as_json:
        rows = [
            {
                "row": fate.number,
                "fate": fate.fate.value,
                "faults": _found(fate.faults),
                "warnings": _found(fate.warnings),
                "differs": _found(fate.differs),
                "changes": list(fate.changes),
            }
            for fate in plan.fates
        ]
        out = {"dry_run": dry_run, "counts": plan.counts, "written": written, "ignored": list(plan.ignored)}
        print(json.dumps({**out, "rows": rows}, ensure_ascii=False))
        return
    for fate in plan.fates:
        for kind, findings in (("fault", fate.faults), ("warning", fate.warnings), ("differs", fate.differs)):
            for one in findings:
                print(f"row {fate.number}\t{kind}\t{one.code}\t{one.column}\t{one.value}\t{one.other}".rstrip("\t"))
    if plan.ignored:
        print(f"columns not read: {', '.join(plan.ignored)}")
    print(", ".join(f"{count} {name}" for name, count in plan.counts.items() if count) or "an empty file")
    print("nothing was written (--dry-run)" if dry_run else f"{written} records written")


def _found(findings: Sequence[Finding]) -> list[dict[str, str]]:
    return [{"code": one.code, "column": one.column, "value": one.value, "other": one.other} for one in findings]


# ------------------------------------------------------------------------------------------------------ organisation


@organisation.command(name="import")
def import_organisation(
    file: Path, dry_run: _DryRunOption = False, now: _NowOption = None, as_json: _JsonOption = False
) -> None:
    """Read in posyandu with their desa, kecamatan, kabupaten and province (CSV, XLSX or JSON). Nothing is deleted."""
    from sapa.services.organisation import OrganisationError, apply_organisation, plan_organisation

    rows = _json_rows(file) if file.suffix == ".json" else _table(file)[0]
    app = common.running_app()
    moment = common.moment(now, app.clock.now())
    try:
        with app.deps.store.transaction(write=not dry_run) as tx:
            plan = plan_organisation(tx, rows)
            if not dry_run:
                apply_organisation(tx, plan, moment)
    except OrganisationError as error:
        common.fail(f"{file}: {error}")
    _show_organisation(plan, dry_run, as_json)
    if plan.counts["fault"]:
        raise SystemExit(2)


def _show_organisation(plan: OrganisationPlan, dry_run: bool, as_json: bool) -> None:
    if as_json:
        rows = [
            {
                "row": fate.number,
                "fate": fate.fate,
                "code": fate.code,
                "column": fate.column,
                "changes": list(fate.changes),
                "id": fate.place.id if fate.place else None,
            }
            for fate in plan.fates
        ]
        print(json.dumps({"dry_run": dry_run, "counts": plan.counts, "left": list(plan.left), "rows": rows}))
        return
    for fate in plan.fates:
        if fate.fate == "fault":
            print(f"row {fate.number}\tfault\t{fate.code}\t{fate.column}")
    if plan.left:
        print(f"in no row, left as they are: {', '.join(plan.left)}")
    print(", ".join(f"{count} {name}" for name, count in plan.counts.items() if count) or "an empty file")
    if dry_run:
        print("nothing was written (--dry-run)")


@organisation.command(name="export")
def export_organisation(
    file: Annotated[Path | None, typer.Argument(help="CSV or JSON by its ending; default: print CSV.")] = None,
    as_json: _JsonOption = False,
) -> None:
    """Every posyandu with its areas, one row each, as `sapa organisation import` reads it."""
    from sapa.services.organisation import COLUMNS
    from sapa.services.organisation import export_organisation as export
    from sapa.sheets import write_csv

    with common.running_app().deps.store.transaction(write=False) as tx:
        rows = export(tx)
    if as_json or (file is not None and file.suffix == ".json"):
        data = (json.dumps({"posyandu": rows}, ensure_ascii=False, indent=1) + "\n").encode()
    else:
        data = write_csv(COLUMNS, [[row[column] for column in COLUMNS] for row in rows])
    if file is None:
        sys.stdout.write(data.decode("utf-8-sig"))
    else:
        file.write_bytes(data)


def _json_rows(file: Path) -> list[dict[str, str]]:
    """The rows of {"posyandu": [{...}]}."""
    try:
        told: Any = json.loads(_bytes(file))
        rows = told["posyandu"] if isinstance(told, dict) else told
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise TypeError
    except (ValueError, KeyError, TypeError):
        common.fail(f'{file}: {{"posyandu": [{{...}}, ...]}} is needed')
    return [{name: "" if value is None else str(value) for name, value in row.items()} for row in rows]


# -------------------------------------------------------------------------------------------------------------- FHIR


def fhir(
    posyandu: Annotated[
        str | None, typer.Option("--posyandu", help='A posyandu; "Melati (Desa Contoh)" where several bear the name.')
    ] = None,
    area: Annotated[str | None, typer.Option("--area", help="Name or id of a desa, kecamatan, kabupaten.")] = None,
    household: Annotated[str | None, typer.Option("--household", help="The id of one household.")] = None,
    as_: Annotated[str | None, typer.Option("--as", help="The number of a kader or bidan: only what she sees.")] = None,
    phones: Annotated[bool, typer.Option("--phones", help="With telephone numbers.")] = False,
    out: Annotated[Path | None, typer.Option("--out", help="Write the bundle there; default: print it.")] = None,
    now: _NowOption = None,
) -> None:
    """The records of families who agreed as a FHIR R4 bundle, checked before it is handed out."""
    from sapa import fhir as standard
    from sapa.services.access import NotAllowed
    from sapa.services.fhir_records import export_fhir, note_export

    if [posyandu, area, household].count(None) != 2:
        common.fail("name one: --posyandu, --area or --household")
    app = common.running_app()
    moment = common.moment(now, app.clock.now())
    try:
        with app.deps.store.transaction(write=False) as tx:
            who = common.staffer_behind(tx, as_) if as_ is not None else None
            ids = [] if household else _posyandu_ids(tx, posyandu, area)
            homes = [household] if household else []
            found = export_fhir(tx, who, moment, posyandu_ids=ids, household_ids=homes, phones=phones)
        with app.deps.store.transaction() as tx:
            note_export(tx, who, found, moment)
        text = standard.as_json(found.bundle, indent=1)
    except NotAllowed as error:
        common.fail(str(error))
    except standard.FhirError as error:
        common.fail(f"the bundle is not valid FHIR and was not written: {error}")
    if out is None:
        print(text)
    else:
        out.touch(mode=0o600)
        out.chmod(0o600)
        out.write_text(text, encoding="utf-8")
    print(_fhir_line(found.families, found.left_out, found.resources), file=sys.stderr)


def _fhir_line(families: int, left_out: int, resources: Mapping[str, int]) -> str:
    counts = ", ".join(f"{count} {name}" for name, count in resources.items())
    return f"{families} families ({left_out} without consent left out): {counts or 'nothing'}"


def _posyandu_ids(tx: Tx, posyandu: str | None, area: str | None) -> list[str]:
    from sapa.services.places import find

    if posyandu is not None:
        rows = tx.list_posyandu()
        found = [row.id for row in rows if row.id == posyandu] or [row.id for row in find(rows, posyandu)]
    else:
        found = [row.id for row in tx.areas() if area in (row.id, row.name)]
    if len(found) != 1:
        common.fail(f"{posyandu or area}: {'unknown' if not found else 'several are called so, name the id'}")
    return found if posyandu is not None else [row.id for row in tx.posyandu_in(found[0])]


# ---------------------------------------------------------------------------------------------------------- small parts


def _table(file: Path) -> tuple[list[Mapping[str, str]], int]:
    """The rows of a file and the line at which the first one stands."""
    from sapa.sheets import SheetError, read_table

    try:
        table = read_table(_bytes(file), file.name)
    except SheetError as error:
        common.fail(f"{file}: {error.code}")
    return list(table.rows), table.first_row


def _bytes(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        common.fail(f"{file}: {error.strerror}")
