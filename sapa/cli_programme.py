"""`sapa programme` and `sapa skdn`: the numbers of a posyandu or an area on the command line (docs/cli.md)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer

from sapa import cli_common as common

if TYPE_CHECKING:
    from sapa.family.skdn import Skdn
    from sapa.services.ports import Tx
    from sapa.services.programme import Behind, Figure, Group
    from sapa.services.programme_tables import SheetData

_NowOption = Annotated[str | None, typer.Option("--now", help="The moment to count from (ISO); default: the clock.")]
_JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]
_PosyanduOption = Annotated[
    str | None, typer.Option("--posyandu", help='A posyandu; "Melati (Desa Contoh)" where several bear the name.')
]
_AreaOption = Annotated[
    str | None, typer.Option("--area", help='A desa, kecamatan, kabupaten, province; "desa Contoh" tells two apart.')
]
_AsOption = Annotated[
    str | None, typer.Option("--as", help="The number of a kader, bidan or admin: what this person may see.")
]


def register(app: typer.Typer) -> None:
    """Add the two commands to the command `sapa`."""
    app.command(name="programme")(programme)
    app.command(name="skdn")(skdn)


def programme(
    posyandu: _PosyanduOption = None,
    area: _AreaOption = None,
    month: Annotated[str | None, typer.Option("--month", help="2026-11; default: the month of --now.")] = None,
    as_: _AsOption = None,
    key: Annotated[str | None, typer.Option("--list", help="The list by name behind a figure (needs --as).")] = None,
    by_name: Annotated[bool, typer.Option("--register", help="The register by name (needs --as).")] = False,
    csv_out: Annotated[Path | None, typer.Option("--csv", help="Write a CSV there.")] = None,
    xlsx_out: Annotated[Path | None, typer.Option("--xlsx", help="Write a workbook there.")] = None,
    now: _NowOption = None,
    as_json: _JsonOption = False,
) -> None:
    """Monthly figures of a posyandu or an area; groups of fewer than five people are not shown without --as."""
    from sapa.bootstrap import StartError, current_app
    from sapa.services import programme as figures
    from sapa.services import programme_tables as tables
    from sapa.services.access import NotAllowed

    if (key or by_name) and as_ is None:
        common.fail("lists and registers by name need --as: whoever may see these families")
    try:
        app = current_app()
        moment = common.moment(now, app.clock.now())
        with app.deps.store.transaction(write=False) as tx:
            who = common.staffer_behind(tx, as_) if as_ is not None else None
            groups = _groups(tx, posyandu, area)
            ids = frozenset().union(*(group.posyandu_ids for group in groups))
            today = _today(tx, ids, moment)
            year, number = _month(month, today)
            if who is not None:
                figures.check_figures(who, ids)
            if by_name:
                assert who is not None
                sheets: Sequence[SheetData] = tables.register_tables(tx, who, ids, today, moment)
                shown: Any = [_as_records(one) for one in sheets]
            elif key is not None:
                assert who is not None
                rows = figures.list_behind(tx, who, ids, year, number, key, today=today)
                sheets, shown = [tables.list_table(rows, key)], [_behind_json(row) for row in rows]
            else:
                hide = who is None or figures.sees_no_names(who, ids)
                found = figures.breakdown(tx, groups, year, number, today=today, hide_small=hide)
                sheets, shown = [tables.figures_table(found, year, number)], _figures_json(found, year, number, today)
        if by_name and who is not None:
            with app.deps.store.transaction() as tx:
                tables.note_register(tx, who, ids, sheets, moment)
    except StartError as error:
        common.fail(str(error))
    except (NotAllowed, ValueError) as error:
        common.fail(str(error))
    _written(sheets, csv_out, xlsx_out)
    if as_json:
        print(json.dumps(shown, ensure_ascii=False))
    elif csv_out is None and xlsx_out is None:
        _print_sheets(sheets)


def skdn(
    posyandu: _PosyanduOption = None,
    area: _AreaOption = None,
    year: Annotated[int | None, typer.Option("--year", help="2026; default: the year of --now.")] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Draw the chart there: F.png or F.svg.")] = None,
    csv_out: Annotated[Path | None, typer.Option("--csv", help="Write a CSV there.")] = None,
    xlsx_out: Annotated[Path | None, typer.Option("--xlsx", help="Write a workbook there.")] = None,
    now: _NowOption = None,
    as_json: _JsonOption = False,
) -> None:
    """S, K, D and N of every month of a year, with the chart posyandu know."""
    from sapa.bootstrap import StartError, current_app
    from sapa.services import programme as figures
    from sapa.services import programme_tables as tables

    try:
        app = current_app()
        moment = common.moment(now, app.clock.now())
        with app.deps.store.transaction(write=False) as tx:
            whole = _groups(tx, posyandu, area)[0]
            today = _today(tx, whole.posyandu_ids, moment)
            wanted = today.year if year is None else year
            if not 2000 <= wanted <= 2100:
                common.fail(f"--year {wanted} is no year of ours")
            rows = figures.skdn_year(tx, whole.posyandu_ids, wanted, until=today)
    except StartError as error:
        common.fail(str(error))
    if out is not None:
        _draw(out, {row.month: row.numbers for row in rows}, wanted, whole.label)
    sheet = tables.skdn_table(rows)
    _written([sheet], csv_out, xlsx_out)
    if as_json:
        months = [{"month": f"{row.year:04d}-{row.month:02d}", **_skdn_json(row.numbers)} for row in rows]
        print(json.dumps({"place": whole.label, "kind": whole.kind, "year": wanted, "months": months}))
    elif csv_out is None and xlsx_out is None:
        _print_sheets([sheet])


# ------------------------------------------------------------------------------------------------------- which and who


def _groups(tx: Tx, posyandu: str | None, area: str | None) -> list[Group]:
    """The whole first; for an area then what it is made of."""
    from sapa.services.programme import Group, groups_below

    if (posyandu is None) == (area is None):
        common.fail("name either --posyandu or --area")
    if posyandu is not None:
        places = [
            place
            for place in tx.list_posyandu()
            if posyandu.strip().casefold() in {place.name.casefold(), f"{place.name} ({place.village})".casefold()}
        ]
        labels = [f"{place.name} ({place.village})" for place in places]
        _exactly_one("--posyandu", posyandu, labels)
        return [Group(places[0].name, "posyandu", frozenset({places[0].id}), posyandu_id=places[0].id)]
    assert area is not None
    areas = [
        one
        for one in tx.areas()
        if area.strip().casefold() in {one.name.casefold(), f"{one.kind} {one.name}".casefold()}
    ]
    _exactly_one("--area", area, [f"{one.kind} {one.name}" for one in areas])
    inside = frozenset(place.id for place in tx.posyandu_in(areas[0].id))
    if not inside:
        common.fail(f"there is no posyandu in {area}")
    return [Group(areas[0].name, areas[0].kind, inside, area_id=areas[0].id), *groups_below(tx, areas[0].id)]


def _exactly_one(option: str, said: str, found: Sequence[str]) -> None:
    if not found:
        common.fail(f"{option}: there is no {said!r}")
    if len(found) > 1:
        common.fail(f"{option}: {said!r} is one of {', '.join(sorted(found))}")


def _today(tx: Tx, posyandu_ids: frozenset[str], moment: datetime) -> date:
    """The local day at the posyandu; of the first one by name where they lie in several zones."""
    return moment.astimezone(ZoneInfo(tx.places(sorted(posyandu_ids)[:1])[0].timezone)).date()


def _month(said: str | None, today: date) -> tuple[int, int]:
    if said is None:
        return today.year, today.month
    try:
        day = datetime.strptime(said, "%Y-%m")
    except ValueError:
        common.fail(f"--month {said!r} is not a month (2026-11)")
    return day.year, day.month


# -------------------------------------------------------------------------------------------------------------- output


def _figures_json(
    found: Sequence[tuple[Group, Sequence[Figure]]], year: int, month: int, today: date
) -> dict[str, Any]:
    from sapa.services.programme import label

    groups = [
        {
            "name": group.label,
            "kind": group.kind,
            "posyandu": len(group.posyandu_ids),
            "figures": [{**asdict(one), "label": label(one.key)} for one in figures],
        }
        for group, figures in found
    ]
    return {"month": f"{year:04d}-{month:02d}", "today": today.isoformat(), "groups": groups}


def _behind_json(row: Behind) -> dict[str, Any]:
    return {**asdict(row), "birth_date": row.birth_date.isoformat() if row.birth_date else None}


def _skdn_json(numbers: Skdn) -> dict[str, Any]:
    shares = {
        "k_s": numbers.k_of_s,
        "d_s": numbers.d_of_s,
        "n_d": numbers.n_of_d,
        "n_d_all": numbers.n_of_all_d,
        "n_s": numbers.n_of_s,
    }
    return {**asdict(numbers), **{name: None if one is None else round(one, 4) for name, one in shares.items()}}


def _as_records(sheet: SheetData) -> dict[str, Any]:
    rows = [
        {
            name: value.isoformat() if isinstance(value, date) else value
            for name, value in zip(sheet.header, row, strict=True)
        }
        for row in sheet.rows
    ]
    return {"name": sheet.name, "rows": rows}


def _written(sheets: Sequence[SheetData], csv_out: Path | None, xlsx_out: Path | None) -> None:
    from sapa.sheets import Sheet, write_csv, write_workbook

    if csv_out is not None:
        for number, sheet in enumerate(sheets):
            # A CSV holds one table: a second one (pregnant women) goes into a file beside it.
            path = csv_out if number == 0 else csv_out.with_name(f"{csv_out.stem}-{number + 1}{csv_out.suffix}")
            _write(path, write_csv(sheet.header, sheet.rows))
    if xlsx_out is not None:
        _write(xlsx_out, write_workbook([Sheet(one.name, one.header, one.rows) for one in sheets]))


def _print_sheets(sheets: Sequence[SheetData]) -> None:
    """Aligned columns for whoever looks at the terminal."""
    for sheet in sheets:
        lines = [[str(name) for name in sheet.header]]
        lines += [["" if value is None else str(value) for value in row] for row in sheet.rows]
        widths = [max(len(line[place]) for line in lines) for place in range(len(sheet.header))]
        for line in lines:
            print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def _draw(out: Path, rows: dict[int, Skdn], year: int, place: str) -> None:
    from sapa.charts_skdn import draw_skdn, skdn_svg

    if out.suffix.lower() == ".svg":
        _write(out, skdn_svg(rows, year, place).encode("utf-8"))
    else:
        _write(out, draw_skdn(rows, year, place))


def _write(path: Path, data: bytes) -> None:
    """Only for whoever runs the command: a register has names in it."""
    try:
        path.write_bytes(data)
        path.chmod(0o600)
    except OSError as error:
        common.fail(f"{path}: {error.strerror}")
