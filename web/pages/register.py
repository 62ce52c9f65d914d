"""Reading in a posyandu's register: upload, what would become of every row, confirm, the rows to mend.

Between the two steps the file travels with the page and not on our disk: an upload that nobody confirms leaves no names
behind. What is too large to travel is chosen again.
"""

from __future__ import annotations

import base64
import binascii
import zlib
from dataclasses import dataclass

from starlette.datastructures import UploadFile
from starlette.responses import Response
from starlette.routing import Route

from sapa.services.register_import import (
    Fate,
    ImportPlan,
    RowFate,
    apply_import,
    plan_import,
    reasons,
    rows_to_mend,
)
from sapa.sheets import MAX_BYTES, SheetError, read_table, write_csv
from web.session import BY_NAME, Console, Visit

# A field of a form may hold a million characters (python-multipart's limit as Starlette sets it).
_TRAVELS = 950_000
_SHOWN = 300


def routes(console: Console) -> list[Route]:
    """The pages of this module."""
    return [
        console.get("/impor", upload_form, BY_NAME),
        console.post("/impor/periksa", check, BY_NAME),
        console.post("/impor/masukkan", write, BY_NAME),
        console.post("/impor/perbaiki", to_mend, BY_NAME),
    ]


class _NoFileError(ValueError):
    """Nothing was sent that can be read; `code` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Line:
    """A row of the file as the page shows it."""

    number: int
    fate: str
    name: str
    faults: list[str]
    warnings: list[str]
    differs: list[str]
    changes: tuple[str, ...]


def upload_form(visit: Visit) -> Response:
    """Where a file is chosen."""
    return visit.page("impor.html", error="")


def check(visit: Visit) -> Response:
    """What would become of every row; nothing is written."""
    try:
        data, name = _file(visit)
        plan = _plan(visit, data, name)
    except _NoFileError as none:
        return visit.page("impor.html", 422, error=none.code)
    packed = base64.b64encode(zlib.compress(data, 9)).decode()
    wanted = _wanted(visit.field("tampil"))
    lines = [fate for fate in plan.fates if wanted is None or fate.fate in wanted or _marked(fate, wanted)]
    return visit.page(
        "impor_periksa.html",
        plan=plan,
        counts=plan.counts,
        lines=[_line(visit, plan, fate) for fate in lines[:_SHOWN]],
        more=max(0, len(lines) - _SHOWN),
        name=name,
        packed=packed if len(packed) <= _TRAVELS else "",
        shown=visit.field("tampil") or "semua",
    )


def _wanted(told: str) -> set[Fate] | None:
    """Which rows are asked for; None: all."""
    return {"salah": {Fate.FAULT}, "berubah": {Fate.CHANGED}, "baru": {Fate.NEW}}.get(told)


def _marked(fate: RowFate, wanted: set[Fate]) -> bool:
    """Rows with a warning stand with those at fault: both want to be looked at."""
    return Fate.FAULT in wanted and bool(fate.warnings or fate.differs)


def write(visit: Visit) -> Response:
    """Import what can be imported."""
    try:
        data, name = _file(visit)
        plan = _plan(visit, data, name)
    except _NoFileError as none:
        return visit.page("impor.html", 422, error=none.code)
    if plan.missing:
        return visit.page("impor.html", 422, error="columns")
    done = apply_import(visit.deps, visit.who, plan, visit.now)
    counts = {name: done.counts.get(name, 0) for name in ("new", "changed", "same", "fault")}
    return visit.go("/impor", "imported", **counts)


def to_mend(visit: Visit) -> Response:
    """The faulty rows with their reasons as a CSV, to be mended and read in again."""
    try:
        data, name = _file(visit)
        plan = _plan(visit, data, name)
    except _NoFileError as none:
        return visit.page("impor.html", 422, error=none.code)
    header, rows = rows_to_mend(visit.deps, plan, visit.today)
    table = write_csv(header, ([row.get(column, "") for column in header] for row in rows))
    names = {"Content-Disposition": 'attachment; filename="perlu-dibetulkan.csv"'}
    return Response(table, media_type="text/csv; charset=utf-8", headers=names)


def _file(visit: Visit) -> tuple[bytes, str]:
    """The file, chosen or travelling with the page, and its name. Raises _NoFileError."""
    sent = visit.form.get("file")
    if isinstance(sent, UploadFile) and sent.filename:
        data = sent.file.read(MAX_BYTES + 1)
        name = sent.filename
    else:
        data, name = _unpacked(visit.field("isi")), visit.field("nama")[:200]
    if not data:
        raise _NoFileError("nothing")
    if len(data) > MAX_BYTES:
        raise _NoFileError("too_big")
    return data, name


def _unpacked(told: str) -> bytes:
    try:
        # No more than a file may have: a small text can unpack to very much.
        return zlib.decompressobj().decompress(base64.b64decode(told, validate=True), MAX_BYTES + 1)
    except (binascii.Error, zlib.error, ValueError):
        return b""


def _plan(visit: Visit, data: bytes, name: str) -> ImportPlan:
    try:
        table = read_table(data, name)
    except SheetError as unreadable:
        raise _NoFileError(unreadable.code) from unreadable
    with visit.read() as tx:
        return plan_import(visit.deps, tx, visit.who, table.rows, visit.now, first_row=table.first_row)


def _line(visit: Visit, plan: ImportPlan, fate: RowFate) -> Line:
    row = plan.rows[fate.number - plan.fates[0].number]
    # Who the row is about: what stands under "nama anak", "nama ibu" and the like.
    words = [cell for name, cell in row.items() if cell and name.casefold().startswith("nama")]
    return Line(
        number=fate.number,
        fate=fate.fate.value,
        name=", ".join(words[:2])[:80],
        faults=reasons(visit.deps, fate.faults, visit.today),
        warnings=reasons(visit.deps, fate.warnings, visit.today),
        differs=reasons(visit.deps, fate.differs, visit.today),
        changes=fate.changes,
    )
