"""Tables in and out: XLSX and CSV. The only module that knows openpyxl.

What comes in was typed by people in a program we do not know, so everything is read as text, nothing is calculated and
no row is lost: rows keep their places, an empty row in the middle stays one, and a byte that cannot be read becomes
U+FFFD in its cell instead of an error for the whole file. What goes out is opened in Excel by somebody else: a text
that Excel would take for a formula stays a text, dates are ISO, a CSV begins with a mark that tells Excel it is UTF-8.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any, TypeAlias

from openpyxl import Workbook, load_workbook  # type: ignore[import-untyped]
from openpyxl.cell import WriteOnlyCell  # type: ignore[import-untyped]
from openpyxl.styles import Font, PatternFill  # type: ignore[import-untyped]
from openpyxl.utils import get_column_letter  # type: ignore[import-untyped]

#: What a cell may hold on its way out.
Cell: TypeAlias = str | int | float | bool | date | datetime | time | None

#: A register of a whole kecamatan is below 2 MB; more is a mistake or an attack.
MAX_BYTES = 5_000_000
MAX_ROWS = 20_000
MAX_COLUMNS = 200
# A register of 20,000 rows unpacks to 25 MB. More is refused before it is parsed: that takes a second for 3 MB.
_MAX_UNPACKED = 40_000_000

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_TITLE = re.compile(r"[\[\]:*?/\\]")
_OLD_EXCEL, _ZIP = b"\xd0\xcf\x11\xe0", b"PK\x03\x04"
#: Bytes of Windows-1252 that stand in names and places: curly quotes, dashes, the hard space, letters with accents.
_WINDOWS = frozenset(
    {0x91, 0x92, 0x93, 0x94, 0x96, 0x97, 0xA0, *range(0xC0, 0xD7), *range(0xD8, 0xF7), *range(0xF8, 0xFD)}
)


class SheetError(ValueError):
    """A file that cannot be read as a table. code: too_big, too_long, old_excel, not_a_table, unsafe or empty."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Sheet:
    """A table on its way out."""

    name: str
    header: Sequence[str]
    rows: Sequence[Sequence[Cell]]


@dataclass(frozen=True)
class Table:
    """A table that was read. first_row: the line (from 1) in the file at which rows[0] stands, as Excel counts it."""

    header: tuple[str, ...]
    rows: tuple[Mapping[str, str], ...]
    first_row: int


# ------------------------------------------------------------------------------------------------------------ reading


def read_rows(data: bytes, filename: str = "") -> list[dict[str, str]]:
    """The rows of a file under its header, every cell as text; `read_table` says as well where they stood."""
    return [dict(row) for row in read_table(data, filename).rows]


def read_table(data: bytes, filename: str = "", sheet: str | None = None) -> Table:
    """A file as a table: XLSX (its first visible sheet, or the one named) or CSV with comma, semicolon or tab.

    The header is the first line with two or more filled cells, so a title above it does no harm. Headers are stripped,
    a repeated one becomes "nama (2)", an empty one "column 7". Dates are ISO, times HH:MM, numbers as they are without
    a trailing ".0"; a formula is its text ("=A1+1"), never its result. Raises SheetError.
    """
    if len(data) > MAX_BYTES:
        raise SheetError("too_big")
    if data.startswith(_OLD_EXCEL):
        raise SheetError("old_excel")  # .xls, or an XLSX with a password
    if data.startswith(_ZIP):
        return _table(_xlsx_lines(data, sheet))
    is_utf16 = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    if not is_utf16 and (b"\x00" in data[:4000] or filename.lower().endswith((".xlsx", ".xlsm"))):
        raise SheetError("not_a_table")
    return _table(_csv_lines(_decoded(data)))


def _table(lines: Iterable[list[str]]) -> Table:
    every: list[list[str]] = []
    for line in lines:
        cells = [cell.strip() for cell in line[:MAX_COLUMNS]]
        if len(every) <= MAX_ROWS:
            every.append(cells)
        elif any(cells):  # a page formatted to its very end is not a long one
            raise SheetError("too_long")
    while every and not any(every[-1]):
        every.pop()
    filled = [sum(map(bool, line)) for line in every]
    at = next((i for i, cells in enumerate(filled) if cells >= 2), next((i for i, n in enumerate(filled) if n), None))
    if at is None:
        raise SheetError("empty")
    width = max(len(line) for line in every[at:])
    header = _header([*every[at], *[""] * (width - len(every[at]))])
    rows = [dict(zip(header, [*line, *[""] * (width - len(line))], strict=True)) for line in every[at + 1 :]]
    unused = {name for i, name in enumerate(header) if not (i < len(every[at]) and every[at][i])}
    unused = {name for name in unused if not any(row[name] for row in rows)}
    return Table(
        tuple(name for name in header if name not in unused),
        tuple({name: cell for name, cell in row.items() if name not in unused} for row in rows),
        at + 2,
    )


def _header(cells: Sequence[str]) -> list[str]:
    names: list[str] = []
    for place, cell in enumerate(cells, start=1):
        name = " ".join(cell.split()) or f"column {place}"
        copy = 2
        while name in names:
            name, copy = f"{' '.join(cell.split())} ({copy})", copy + 1
        names.append(name)
    return names


def _xlsx_lines(data: bytes, sheet: str | None) -> Iterator[list[str]]:
    _refuse_bombs(data)
    try:
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=False)
        visible = [one for one in book.worksheets if one.sheet_state == "visible"] or book.worksheets
        page = book[sheet] if sheet is not None else visible[0]
        page.reset_dimensions()  # the size a file states is often wrong
        for row in page.iter_rows():
            yield [_text_of(cell.value) for cell in row[:MAX_COLUMNS]]
    except SheetError:
        raise
    except Exception as broken:  # openpyxl raises whatever its parts raise: KeyError, ParseError, BadZipFile ...
        raise SheetError("not_a_table") from broken


def _refuse_bombs(data: bytes) -> None:
    """An XLSX is a ZIP of XML: refuse what unpacks to very much, and what declares entities, before it is parsed."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            if sum(part.file_size for part in packed.infolist()) > _MAX_UNPACKED:
                raise SheetError("unsafe")
            for part in packed.infolist():
                with packed.open(part) as stream:
                    if b"<!DOCTYPE" in stream.read(4000):
                        raise SheetError("unsafe")
    except (zipfile.BadZipFile, OSError, EOFError, NotImplementedError, RuntimeError) as broken:
        raise SheetError("not_a_table") from broken


def _text_of(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return format(value, ".15g") if abs(value) < 1e15 else format(value, ".0f")
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.strftime("%Y-%m-%d %H:%M")
    if isinstance(value, time):
        return value.strftime("%H:%M")
    if isinstance(value, date):
        return value.isoformat()
    return str(value)


def _decoded(data: bytes) -> str:
    """The text of a CSV: UTF-8, UTF-16 as Excel's "Unicode text", or Windows-1252 where that is what it must be."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", errors="replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        pass
    mended = data.decode("utf-8-sig", errors="replace")
    is_utf8 = any(char > "\x7f" and char != "\ufffd" for char in mended)
    if not is_utf8 and all(byte < 0x80 or byte in _WINDOWS for byte in data):
        return data.decode("cp1252")
    return mended


def _csv_lines(text: str) -> Iterator[list[str]]:
    first, _, rest = text.partition("\n")
    named = re.fullmatch(r"sep=(.)\s*", first)  # Excel's own first line
    separator = named[1] if named else _separator(text)
    if named:
        yield []  # the line counts, so that rows keep their numbers
        text = rest
    csv.field_size_limit(MAX_BYTES)
    try:
        for line in csv.reader(io.StringIO(text, newline=""), delimiter=separator):
            yield [_unquoted(cell) for cell in line]
    except csv.Error as broken:
        raise SheetError("not_a_table") from broken


def _separator(text: str) -> str:
    """The separator of which the first lines hold most; a comma in "8,2" must not beat five semicolons."""
    head = "\n".join(text.splitlines()[:5])
    counts = {one: re.sub(r'"[^"]*"', "", head).count(one) for one in ("\t", ";", ",")}
    return max(counts, key=lambda one: (counts[one], one == ",")) if any(counts.values()) else ","


def _unquoted(cell: str) -> str:
    """Undo our own mark before a text that looks like a formula, so that "+62812..." comes back as it went."""
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(_FORMULA_STARTS) else cell


# ------------------------------------------------------------------------------------------------------------ writing


def write_workbook(sheets: Sequence[Sheet]) -> bytes:
    """An XLSX with one page per sheet: bold frozen header with filters, dates as real dates shown in ISO.

    A text that begins with = + - @ is stored as text, so Excel shows it and calculates nothing. Raises ValueError
    without a sheet.
    """
    if not sheets:
        raise ValueError("a workbook needs a sheet")
    book = Workbook(write_only=True)
    titles: list[str] = []
    for sheet in sheets:
        titles.append(_title(sheet.name, titles))
        _write_page(book.create_sheet(titles[-1]), sheet)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _title(name: str, taken: Sequence[str]) -> str:
    """A name Excel takes: at most 31 characters, none of its own signs, and one of a kind."""
    base = " ".join(_TITLE.sub(" ", _CONTROL.sub("", name)).split()).strip("'")[:31] or "Sheet"
    title, copy = base, 2
    while title.lower() in {one.lower() for one in taken}:
        title, copy = f"{base[:27]} {copy}", copy + 1
    return title


def _write_page(page: Any, sheet: Sheet) -> None:
    page.freeze_panes = "A2"
    for place, name in enumerate(sheet.header):
        widest = max([len(name), *(len(_text_of(row[place])) for row in sheet.rows[:200] if place < len(row))])
        page.column_dimensions[get_column_letter(place + 1)].width = min(48, max(8, widest + 2))
    bold, shade = Font(bold=True), PatternFill("solid", fgColor="FFE6E6E6")
    page.append([_cell(page, name, font=bold, fill=shade) for name in sheet.header])
    for row in sheet.rows:
        page.append([_cell(page, value) for value in row])
    if sheet.header:
        page.auto_filter.ref = f"A1:{get_column_letter(len(sheet.header))}{len(sheet.rows) + 1}"


def _cell(page: Any, value: Cell, **style: Any) -> Any:
    if isinstance(value, str):
        cell = WriteOnlyCell(page, value=_CONTROL.sub("", value)[:32_000])
        cell.data_type = "s"  # never a formula, never an error value, whatever it begins with
    elif isinstance(value, datetime):
        # Excel knows no time zones; the offset goes into the text, where it cannot be misread.
        cell = WriteOnlyCell(page, value=value.isoformat(timespec="minutes"))
        cell.data_type = "s"
    else:
        cell = WriteOnlyCell(page, value=value)
        if isinstance(value, date):
            cell.number_format = "yyyy-mm-dd"
    for name, what in style.items():
        setattr(cell, name, what)
    return cell


def write_csv(header: Sequence[str], rows: Iterable[Sequence[Cell]], separator: str = ",") -> bytes:
    """A CSV in UTF-8 with a byte order mark; ISO dates, decimals with a point.

    A text that begins with = + - @, a tab or a line break gets an apostrophe before it: Excel would run it as a
    formula. Numbers keep their sign. `read_table` takes the apostrophe off again.
    """
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=separator, lineterminator="\r\n")
    writer.writerow([_harmless(name) for name in header])
    for row in rows:
        writer.writerow([_harmless(value) for value in row])
    return b"\xef\xbb\xbf" + out.getvalue().encode("utf-8")


def _harmless(value: Cell) -> str:
    if isinstance(value, datetime):
        return value.isoformat(timespec="minutes")
    if isinstance(value, str):
        text = _CONTROL.sub("", value)
        return f"'{text}" if text.startswith(_FORMULA_STARTS) else text
    return _text_of(value)
