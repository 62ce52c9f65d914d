"""Tables in and out: nothing lost, nothing calculated, nothing run by whoever opens the file."""

from __future__ import annotations

import io
import zipfile
from datetime import UTC, date, datetime, time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook

from sapa import sheets
from sapa.sheets import Cell, Sheet, SheetError, read_rows, read_table, write_csv, write_workbook

HEADER = ("nama", "nomor hp", "tanggal lahir", "bb")
ROWS: list[list[Cell]] = [
    ["Ani", "+6281234567890", date(2025, 3, 1), 8.2],
    ['=HYPERLINK("http://x")', "-", None, -1.5],
    ["@SUM(A1)", "+1+1", date(2024, 12, 31), 12],
]
AS_TEXT = [
    {"nama": "Ani", "nomor hp": "+6281234567890", "tanggal lahir": "2025-03-01", "bb": "8.2"},
    {"nama": '=HYPERLINK("http://x")', "nomor hp": "-", "tanggal lahir": "", "bb": "-1.5"},
    {"nama": "@SUM(A1)", "nomor hp": "+1+1", "tanggal lahir": "2024-12-31", "bb": "12"},
]


def workbook(*rows: list[object], title: str = "Sheet") -> bytes:
    """A file as Excel makes it."""
    book = Workbook()
    assert book.active is not None
    book.active.title = title
    for row in rows:
        book.active.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


# ------------------------------------------------------------------------------------------------------- what goes out


def test_what_is_written_comes_back_as_it_was() -> None:
    assert read_rows(write_workbook([Sheet("Anak", HEADER, ROWS)]), "anak.xlsx") == AS_TEXT
    assert read_rows(write_csv(HEADER, ROWS), "anak.csv") == AS_TEXT
    assert read_rows(write_csv(HEADER, ROWS, ";"), "anak.csv") == AS_TEXT


def test_a_csv_begins_with_the_mark_and_holds_no_formula() -> None:
    data = write_csv(HEADER, ROWS)
    assert data.startswith(b"\xef\xbb\xbfnama,nomor hp,")
    cells = [cell.strip('"') for line in data.decode("utf-8-sig").splitlines() for cell in line.split(",")]
    assert [cell for cell in cells if cell.startswith(("=", "+", "@"))] == []
    assert "'+6281234567890" in cells
    assert "-1.5" in cells  # a number is no formula
    assert "2025-03-01" in cells


def test_a_workbook_holds_texts_numbers_and_dates_but_no_formula() -> None:
    page = load_workbook(io.BytesIO(write_workbook([Sheet("Anak", HEADER, ROWS)])))["Anak"]
    assert {cell.data_type for row in page.iter_rows() for cell in row} <= {"s", "n", "d", "inlineStr"}
    assert page["A3"].value == '=HYPERLINK("http://x")' and page["A3"].data_type == "s"
    assert page["C2"].value == datetime(2025, 3, 1) and page["C2"].number_format == "yyyy-mm-dd"
    assert page["D3"].value == -1.5
    assert page.freeze_panes == "A2" and page["A1"].font.bold
    assert page.auto_filter.ref == "A1:D4"


def test_names_of_pages_are_made_such_as_excel_takes() -> None:
    names = ["Imunisasi: MR/1", "x" * 40, "x" * 40, "", "[]"]
    book = load_workbook(io.BytesIO(write_workbook([Sheet(name, HEADER, []) for name in names])))
    assert book.sheetnames == ["Imunisasi MR 1", "x" * 31, "x" * 27 + " 2", "Sheet", "Sheet 2"]
    with pytest.raises(ValueError, match="sheet"):
        write_workbook([])


def test_times_and_control_characters_do_no_harm() -> None:
    at = datetime(2026, 11, 23, 2, 5, tzinfo=UTC)
    rows: list[list[Cell]] = [["a\x00b\x07", at, time(8, 30), True]]
    for data in (write_workbook([Sheet("x", HEADER, rows)]), write_csv(HEADER, rows)):
        assert list(read_rows(data)[0].values()) == ["ab", "2026-11-23T02:05+00:00", "08:30", "TRUE"]


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.text(st.characters(blacklist_categories=("Cs", "Cc", "Zl", "Zp", "Zs")), min_size=1, max_size=20),
            st.none() | st.integers(-(10**6), 10**6) | st.dates(date(1950, 1, 1), date(2100, 1, 1)),
        ),
        min_size=1,
        max_size=8,
    )
)
def test_any_text_number_and_date_comes_back_from_both_kinds_of_file(rows: list[tuple[str, Cell]]) -> None:
    expected = [{"a": text, "b": "" if value is None else str(value)} for text, value in rows]
    # An apostrophe before a formula sign is our own mark in a CSV: only there it is taken off.
    if not any(text.startswith("'") for text, _ in rows):
        assert read_rows(write_csv(("a", "b"), rows)) == expected
    if not any(text.startswith("'") or "_x" in text or "\ufffe" in text or "\uffff" in text for text, _ in rows):
        assert read_rows(write_workbook([Sheet("x", ("a", "b"), rows)])) == expected


# ------------------------------------------------------------------------------------------------------- what comes in


def test_cells_of_excel_are_read_as_the_text_they_show() -> None:
    data = workbook(
        ["nama", "lahir", "jam", "bb", "hp", "nik", "hadir", "rumus"],
        ["Ani", datetime(2025, 3, 1), time(8, 5), 8.2, 81234567890, 3173000000000001, True, "=D2*2"],
        ["Budi", datetime(2025, 3, 1, 14, 30), None, 7.0, None, None, False, None],
    )
    assert [list(row.values()) for row in read_rows(data, "x.xlsx")] == [
        ["Ani", "2025-03-01", "08:05", "8.2", "81234567890", "3173000000000001", "TRUE", "=D2*2"],
        ["Budi", "2025-03-01 14:30", "", "7", "", "", "FALSE", ""],
    ]


def test_rows_keep_their_numbers_under_a_title_and_between_empty_rows() -> None:
    data = workbook(["REGISTER POSYANDU MELATI"], [], ["nama", "bb"], ["Ani", 8], [None, None], ["Budi", 9], [None])
    table = read_table(data, "x.xlsx")
    assert table.header == ("nama", "bb")
    assert table.first_row == 4  # as Excel counts the lines
    assert [row["nama"] for row in table.rows] == ["Ani", "", "Budi"]


def test_headers_are_tidied_and_told_apart_and_nothing_beside_them_is_lost() -> None:
    data = b"nama  anak ;bb; bb;;\nAni;8,2;8,5;catatan;\nBudi;;;;\n"
    table = read_table(data, "x.csv")
    assert table.header == ("nama anak", "bb", "bb (2)", "column 4")
    assert dict(table.rows[0]) == {"nama anak": "Ani", "bb": "8,2", "bb (2)": "8,5", "column 4": "catatan"}


@pytest.mark.parametrize(
    ("data", "nama", "bb"),
    [
        (b"nama,bb\nAni,8.2\n", "Ani", "8.2"),
        (b"nama;bb\r\nAni;8,2\r\n", "Ani", "8,2"),  # Excel in Indonesia
        (b"nama\tbb\nAni\t8,2\n", "Ani", "8,2"),
        (b"sep=;\nnama;bb\nAni;8,2\n", "Ani", "8,2"),
        (b'nama,bb\n"Ani, adik Budi","8,2"\n', "Ani, adik Budi", "8,2"),
        ("nama;bb\nZaïnab;8,2\n".encode("utf-8-sig"), "Zaïnab", "8,2"),
        ("nama\tbb\nZaïnab\t8,2\n".encode("utf-16"), "Zaïnab", "8,2"),  # "Unicode text"
        ("nama;bb\nMa’ruf;8,2\n".encode("cp1252"), "Ma’ruf", "8,2"),
        (b"nama;bb\nSiti \xff\xfe;8,2\n", "Siti \ufffd\ufffd", "8,2"),  # unreadable: one cell, not the whole file
        ("nama;bb\nZaïnab;8\n".encode() + b"\xe9ko;9\n", "Zaïnab", "8"),
        (b'nama,bb\n"two\nlines",8\n', "two\nlines", "8"),
    ],
)
def test_a_csv_is_read_in_every_dress_it_comes_in(data: bytes, nama: str, bb: str) -> None:
    assert read_rows(data, "x.csv")[0] == {"nama": nama, "bb": bb}


def test_a_line_that_names_the_separator_counts_as_a_line() -> None:
    assert read_table(b"sep=;\nnama;bb\nAni;8\n").first_row == 3


def test_only_the_first_visible_page_is_read_unless_another_is_named() -> None:
    book = Workbook()
    first, second, third = book.active, book.create_sheet("Anak"), book.create_sheet("Ibu")
    assert first is not None
    first.sheet_state = "hidden"
    first.append(["rahasia", "x"])
    second.append(["nama", "bb"])
    second.append(["Ani", 8])
    third.append(["ibu", "hpl"])
    third.append(["Siti", "2027-01-01"])
    out = io.BytesIO()
    book.save(out)
    assert read_rows(out.getvalue()) == [{"nama": "Ani", "bb": "8"}]
    assert read_table(out.getvalue(), sheet="Ibu").rows == ({"ibu": "Siti", "hpl": "2027-01-01"},)
    with pytest.raises(SheetError):
        read_table(out.getvalue(), sheet="Bapak")


def test_a_page_formatted_to_its_end_is_not_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheets, "MAX_ROWS", 3)
    assert len(read_rows(b"nama,bb\nA,1\nB,2\nC,3\n,\n,\n")) == 3
    with pytest.raises(SheetError, match="too_long"):
        read_rows(b"nama,bb\nA,1\nB,2\nC,3\nD,4\n")


def _bomb() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("xl/worksheets/sheet1.xml", b" " * 130_000_000)
    return out.getvalue()


def _with_entities() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        packed.writestr(
            "xl/workbook.xml", '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa">]><workbook>&a;</workbook>'
        )
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "filename", "code"),
    [
        (b"x" * (sheets.MAX_BYTES + 1), "x.csv", "too_big"),
        (b"\xd0\xcf\x11\xe0" + b"\x00" * 100, "x.xls", "old_excel"),
        (b"", "x.csv", "empty"),
        (b"\n\n,,\n", "x.csv", "empty"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "x.csv", "not_a_table"),
        (b"<html><table></table></html>", "x.xlsx", "not_a_table"),
        (b"PK\x03\x04 cut off", "x.xlsx", "not_a_table"),
        (_with_entities(), "x.xlsx", "unsafe"),
    ],
)
def test_what_is_no_table_is_refused_with_a_reason(data: bytes, filename: str, code: str) -> None:
    with pytest.raises(SheetError) as refused:
        read_rows(data, filename)
    assert refused.value.code == code


def test_a_small_file_that_unpacks_to_very_much_is_refused() -> None:
    data = _bomb()
    assert len(data) < sheets.MAX_BYTES
    with pytest.raises(SheetError, match="unsafe"):
        read_rows(data, "x.xlsx")


def test_a_workbook_cut_off_anywhere_is_refused_and_never_a_traceback() -> None:
    whole = write_workbook([Sheet("Anak", HEADER, ROWS)])
    for length in range(4, len(whole), len(whole) // 40):
        with pytest.raises(SheetError):
            read_rows(whole[:length], "x.xlsx")


def test_openpyxl_is_known_in_one_room_only() -> None:
    root = Path(sheets.__file__).parent
    others = [path.name for path in root.rglob("*.py") if "openpyxl import" in path.read_text(encoding="utf-8")]
    assert others == ["sheets.py"]
