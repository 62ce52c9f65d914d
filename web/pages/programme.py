"""Figures for the programme: the indicators of a month, SKDN of a year, the lists behind them, and files to take along.

Every figure is of a "place": everything the reader sees, an area (a:ID) or a posyandu (p:ID).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TypeVar

from starlette.responses import Response
from starlette.routing import Route

from sapa.charts_skdn import draw_skdn, skdn_svg
from sapa.services import programme
from sapa.services.access import Role, may_see_figures
from sapa.services.fhir_records import export_fhir, note_export
from sapa.services.ports import Tx
from sapa.services.programme import Behind, Figure, Group, MonthRow
from sapa.services.programme_tables import (
    SheetData,
    figures_table,
    list_table,
    note_register,
    register_tables,
    skdn_table,
)
from sapa.services.records import AreaRow
from sapa.sheets import Sheet, write_csv, write_workbook
from web.pages.sessions import month_of
from web.session import BY_NAME, EVERYBODY, Console, HiddenError, Visit
from web.views import link

_MONTHS, _YEARS = 13, 4
_PAGE = 100
# Families in one bundle: it is made while the browser waits, some 30 ms for each. `sapa fhir` has no such limit.
_MOST_FHIR = 300
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
# Under which heading a figure stands, by the beginning of its key.
_SECTIONS = (
    ("families", ("families.",)),
    ("skdn", ("skdn.",)),
    ("growth", ("growth.",)),
    ("anc", ("anc.", "anc_in_time.")),
    ("dose", ("dose.", "dose_in_time.")),
    ("messages", ("messages.",)),
    ("cases", ("cases.",)),
)
# What is compared side by side; all of it at once would be a wall of numbers.
_COMPARED = (
    "skdn.d_s",
    "skdn.n_d",
    "growth.stunted",
    "growth.underweight",
    "anc.K1",
    "dose.DPTHBHIB3",
    "messages.read",
)
_NO_LIST = "families.contraception"
_FIRST_LIST = "skdn.d_s"

_T = TypeVar("_T")


def routes(console: Console) -> list[Route]:
    """The pages of this module."""
    return [
        console.get("/angka", indicators, EVERYBODY),
        console.get("/angka/daftar", behind, BY_NAME),
        console.get("/angka/unduh", download, EVERYBODY),
        console.get("/angka/register", register, BY_NAME),
        console.get("/angka/fhir", fhir, (Role.BIDAN,)),
        console.get("/skdn", skdn, EVERYBODY),
        console.get("/skdn/grafik.png", skdn_picture, EVERYBODY),
        console.get("/skdn/unduh", skdn_download, EVERYBODY),
    ]


# --- the place


@dataclass(frozen=True)
class Scope:
    """What the figures are of. value: as in the address. above: the areas it lies in, the widest first, that the reader
    may look at. below: what it is made of. named: its families may be listed by name.
    """

    value: str
    label: str
    kind: str
    ids: frozenset[str]
    above: tuple[AreaRow, ...]
    below: tuple[Group, ...]
    named: bool


def scope_of(visit: Visit, tx: Tx) -> Scope:
    """The place named in the address; without one, all that the reader sees. Raises HiddenError."""
    told = visit.query("tempat")
    kind, _, chosen = told.partition(":")
    if kind == "p":
        return _posyandu(visit, tx, told, chosen)
    if kind == "a":
        return _area(visit, tx, told, chosen)
    if len(visit.who.areas) == 1 and not any(row.posyandu_id for row in visit.who.roles):
        area_id = next(iter(visit.who.areas))
        return _area(visit, tx, f"a:{area_id}", area_id)
    if len(visit.who.figures) == 1:
        only = next(iter(visit.who.figures))
        return _posyandu(visit, tx, f"p:{only}", only)
    places = visit.figures(tx)
    below = tuple(Group(place.name, "posyandu", frozenset({place.id}), posyandu_id=place.id) for place in places)
    return Scope("", "", "", visit.who.figures, (), below, visit.who.figures <= visit.who.by_name)


def _posyandu(visit: Visit, tx: Tx, value: str, posyandu_id: str) -> Scope:
    place = tx.posyandu(posyandu_id)
    if place is None or not may_see_figures(visit.who, posyandu_id):
        raise HiddenError
    above = _above(visit, tx, place.area_id)
    ids = frozenset({place.id})
    return Scope(value, place.name, "posyandu", ids, above, (), ids <= visit.who.by_name)


def _area(visit: Visit, tx: Tx, value: str, area_id: str) -> Scope:
    area = tx.area(area_id)
    mine = {below for own in visit.who.areas for below in tx.areas_below(own)}
    if area is None or area_id not in mine:
        raise HiddenError
    ids = frozenset(place.id for place in tx.posyandu_in(area_id)) & visit.who.figures
    below = tuple(programme.groups_below(tx, area_id))
    return Scope(value, area.name, area.kind, ids, _above(visit, tx, area.parent_id), below, ids <= visit.who.by_name)


def _above(visit: Visit, tx: Tx, area_id: str | None) -> tuple[AreaRow, ...]:
    mine = {below for own in visit.who.areas for below in tx.areas_below(own)}
    return tuple(reversed([area for area in tx.areas_above(area_id) if area.id in mine]))


# --- the figures of a month


def indicators(visit: Visit) -> Response:
    """The figures of a month, and those of the places it is made of side by side."""
    month = month_of(visit.query("bulan"), visit.today)
    with visit.read() as tx:
        scope = scope_of(visit, tx)
        fits = _fits_fhir(tx, scope.ids)
        found, at = _kept(visit, scope, ("month", month), lambda: _month(visit, tx, scope, month))
    figures, rest = found[0][1], found[1:]
    shown = [key for key in _COMPARED if any(one.key == key for one in figures)]
    return visit.page(
        "angka.html",
        scope=scope,
        month=month,
        months=_months(visit.today),
        sections=_sections(figures),
        timed=_timed,
        label=programme.label,
        no_list=_NO_LIST,
        compared=shown,
        heads_compared=["Wilayah", *map(programme.label, shown)],
        rows=[(group, {one.key: one for one in theirs}) for group, theirs in rest],
        at=at,
        fits_fhir=fits,
    )


def _month(visit: Visit, tx: Tx, scope: Scope, month: date) -> list[tuple[Group, list[Figure]]]:
    groups = [Group(scope.label, scope.kind, scope.ids), *scope.below]
    hide = programme.sees_no_names(visit.who, scope.ids)
    return programme.breakdown(tx, groups, month.year, month.month, today=visit.today, hide_small=hide)


def _kept(visit: Visit, scope: Scope, what: tuple[object, ...], work_out: Callable[[], _T]) -> tuple[_T, datetime]:
    """Figures and the moment they are of. One posyandu's are always those of now: its kader has just closed the day."""
    if len(scope.ids) <= 1:
        return work_out(), visit.now
    hide = programme.sees_no_names(visit.who, scope.ids)
    below = tuple((group.label, group.posyandu_ids) for group in scope.below)
    return visit.console.figures.get((scope.ids, below, hide, visit.today, *what), visit.now, work_out)


def _months(today: date) -> list[str]:
    """The last months as "2026-12", this one first."""
    found = [today.replace(day=1)]
    while len(found) < _MONTHS:
        found.append((found[-1] - timedelta(days=1)).replace(day=1))
    return [one.isoformat()[:7] for one in found]


def _sections(figures: Iterable[Figure]) -> list[tuple[str, list[Figure]]]:
    every = list(figures)
    found = [(name, [one for one in every if one.key.startswith(heads)]) for name, heads in _SECTIONS]
    return [(name, some) for name, some in found if some]


def _timed(figures: Iterable[Figure]) -> list[Figure]:
    """Those that say how much of it was in time."""
    return [one for one in figures if "_in_time." in one.key]


def behind(visit: Visit) -> Response:
    """Who stands behind a figure, by name; those who are missing first. As a page, or as a file."""
    month, key = month_of(visit.query("bulan"), visit.today), visit.query("kunci", _FIRST_LIST)
    with visit.read() as tx:
        scope = scope_of(visit, tx)
        try:
            rows = programme.list_behind(tx, visit.who, scope.ids, month.year, month.month, key, today=visit.today)
        except ValueError as unknown:
            raise HiddenError from unknown
        places = {place.id: place for place in visit.places(tx)}
    with visit.write() as tx:
        detail = {"page": "figure", "key": key, "count": len(rows)}
        tx.audit("list_read", None, detail, visit.now, actor_id=visit.who.contact_id)
    if visit.query("bentuk"):
        return _file(visit, [list_table(rows, key)], f"daftar-{key}-{month.isoformat()[:7]}")
    if key.startswith("growth."):
        # Here those who are counted are the ones to look after.
        rows = sorted(rows, key=lambda row: (not row.counted, bool(row.aside)))
    pages = max(1, -(-len(rows) // _PAGE))
    number = min(visit.number("hal"), pages)
    return visit.page(
        "angka_daftar.html",
        scope=scope,
        month=month,
        key=key,
        label=programme.label(key),
        rows=rows[(number - 1) * _PAGE : number * _PAGE],
        total=len(rows),
        missing=sum(_is_missing(row) for row in rows),
        aside=sum(bool(row.aside) for row in rows),
        places=places,
        number=number,
        pages=pages,
    )


def _is_missing(row: Behind) -> bool:
    return not row.counted and not row.aside


def download(visit: Visit) -> Response:
    """The figures of a month and of the places it is made of, as CSV or XLSX."""
    month = month_of(visit.query("bulan"), visit.today)
    with visit.read() as tx:
        scope = scope_of(visit, tx)
        found, _ = _kept(visit, scope, ("month", month), lambda: _month(visit, tx, scope, month))
    table = figures_table(found, month.year, month.month)
    return _file(visit, [table], f"angka-{month.isoformat()[:7]}")


def register(visit: Visit) -> Response:
    """The register by name, in the columns an import reads."""
    with visit.read() as tx:
        scope = scope_of(visit, tx)
        tables = register_tables(tx, visit.who, scope.ids, visit.today, visit.now)
    with visit.write() as tx:
        note_register(tx, visit.who, scope.ids, tables, visit.now)
    # A CSV has one table; the pregnant women stand in the workbook.
    wanted = tables if visit.query("bentuk") == "xlsx" else tables[:1]
    return _file(visit, wanted, f"register-{visit.today.isoformat()}")


def _file(visit: Visit, tables: Iterable[SheetData], name: str) -> Response:
    sheets = [Sheet(one.name, one.header, one.rows) for one in tables]
    if visit.query("bentuk") == "xlsx":
        return _attached(write_workbook(sheets), _XLSX, f"{name}.xlsx")
    return _attached(write_csv(sheets[0].header, sheets[0].rows), "text/csv; charset=utf-8", f"{name}.csv")


def _attached(data: bytes, media_type: str, name: str) -> Response:
    return Response(data, media_type=media_type, headers={"Content-Disposition": f'attachment; filename="{name}"'})


def _fits_fhir(tx: Tx, posyandu_ids: Collection[str]) -> bool:
    return tx.count_households(posyandu_ids) <= _MOST_FHIR


def fhir(visit: Visit) -> Response:
    """The families of the place as a FHIR R4 bundle, without phone numbers."""
    from sapa.fhir import MEDIA_TYPE, as_json  # loads a large library: only where somebody asks for it

    with visit.read() as tx:
        scope = scope_of(visit, tx)
        ids = visit.who.as_bidan & scope.ids
        if not _fits_fhir(tx, ids):
            return visit.go(link("/angka", tempat=scope.value), "fhir_too_many", bad=1)
        found = export_fhir(tx, visit.who, visit.now, posyandu_ids=sorted(ids))
    with visit.write() as tx:
        note_export(tx, visit.who, found, visit.now)
    return _attached(as_json(found.bundle).encode(), MEDIA_TYPE, f"fhir-{visit.today.isoformat()}.json")


# --- SKDN


def skdn(visit: Visit) -> Response:
    """SKDN of a year: the chart that posyandu know, and the same numbers as a table."""
    scope, year, rows, small = _skdn(visit)
    numbers = {row.month: row.numbers for row in rows}
    return visit.page(
        "skdn.html",
        scope=scope,
        year=year,
        years=[visit.today.year - back for back in range(_YEARS)],
        rows=rows,
        small=small,
        smallest=programme.SMALLEST_GROUP,
        chart=skdn_svg(numbers, year, scope.label) if rows and not small else "",
        percent=programme.percent,
    )


def skdn_picture(visit: Visit) -> Response:
    """The chart as a picture, to print or to send on."""
    scope, year, rows, small = _skdn(visit)
    if small:
        return visit.go(link("/skdn", tempat=scope.value, tahun=year))  # the page says why there is none
    drawn = draw_skdn({row.month: row.numbers for row in rows}, year, scope.label)
    return Response(drawn, media_type="image/png")


def skdn_download(visit: Visit) -> Response:
    """SKDN of a year as CSV or XLSX."""
    scope, year, rows, small = _skdn(visit)
    if small:
        return visit.go(link("/skdn", tempat=scope.value, tahun=year))
    return _file(visit, [skdn_table(rows)], f"skdn-{year}")


def _skdn(visit: Visit) -> tuple[Scope, int, list[MonthRow], bool]:
    """Place, year, its months, and whether some number is too small to be shown to somebody who sees no names."""
    told = visit.number("tahun", visit.today.year)
    year = told if visit.today.year - _YEARS < told <= visit.today.year else visit.today.year
    with visit.read() as tx:
        scope = scope_of(visit, tx)
        rows, _ = _kept(
            visit, scope, ("skdn", year), lambda: programme.skdn_year(tx, scope.ids, year, until=visit.today)
        )
    counts = (number for row in rows for number in (row.numbers.s, row.numbers.k, row.numbers.d, row.numbers.n))
    small = not scope.named and any(0 < number < programme.SMALLEST_GROUP for number in counts)
    return scope, year, rows, small
