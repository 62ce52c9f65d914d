"""`sapa zscore`: a table in, the same table with z-scores out, whatever its rows look like."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from sapa.family.growth import Category
from sapa.services.family_file import load_family
from sapa.services.growth_files import ADDED, GrowthFileError, chart_of, read_table, scored_rows, write_table

ROOT = Path(__file__).resolve().parents[2]
NAMES: dict[str, str] = yaml.safe_load((ROOT / "content/id/kata/pertumbuhan.yml").read_text(encoding="utf-8"))
HEAD = "sex,age_days,weight_kg,lenhei_cm,measure,oedema,headc_cm"


def scored(text: str) -> list[dict[str, str]]:
    table = read_table(text)
    out = write_table(table, list(scored_rows(table, NAMES)))
    return list(csv.DictReader(io.StringIO(out), delimiter=table.separator))


def one(row: str, head: str = HEAD) -> dict[str, str]:
    return scored(f"{head}\n{row}\n")[0]


def test_every_category_has_its_indonesian_name() -> None:
    assert set(NAMES) == {category.value for category in Category}


def test_a_row_gets_z_scores_flags_and_categories_and_keeps_its_own_columns() -> None:
    row = one("F,240,7.8,69,L,n,43,Melati", HEAD + ",posyandu")
    assert list(row) == [*HEAD.split(","), "posyandu", *ADDED]
    assert {name: row[name] for name in ("zlen", "zwei", "zwfl", "zbmi", "zhc")} == {
        "zlen": "0.18",
        "zwei": "-0.12",
        "zwfl": "-0.22",
        "zbmi": "-0.31",
        "zhc": "-0.23",
    }
    assert [row[f"f{index}"] for index in ("len", "wei", "wfl", "bmi", "hc")] == ["0"] * 5
    assert [row["clenhei_cm"], row["posyandu"], row["note"]] == ["69.00", "Melati", ""]
    assert row["kategori_wei"] == "Berat badan normal"
    assert row["kategori_wfl"] == "Gizi baik (normal)"


@pytest.mark.parametrize(
    ("row", "note", "blank"),
    [
        ("x,240,7.8,69,L,n,43", "sex: 'x' is not M or F", ["zlen", "zwei", "zwfl", "zbmi", "zhc", "clenhei_cm"]),
        ("F,abc,7.8,69,L,n,43", "age_days: 'abc' is not a number", ["zlen", "zwei", "zwfl", "zbmi", "zhc"]),
        ("F,-1,7.8,69,L,n,43", "age_days: '-1' is below 0", ["zlen", "zwei", "zwfl", "zbmi", "zhc"]),
        ("F,1827,17,105,H,n,50", "no z-score from 60 months", ["zlen", "zwei", "zwfl", "zbmi", "zhc"]),
        ("F,,7.8,69,L,n,43", "age_days: blank", ["zlen", "zwei", "zbmi", "zhc"]),
        ("F,240,0,69,L,n,43", "weight_kg: '0' is not above 0", ["zwei", "zwfl", "zbmi"]),
        ("F,240,-3,69,L,n,43", "weight_kg: '-3' is not above 0", ["zwei", "zwfl", "zbmi"]),
        ("F,240,nan,69,L,n,43", "weight_kg: 'nan' is not a number", ["zwei", "zwfl", "zbmi"]),
        ("F,240,,69,L,n,43", "", ["zwei", "zwfl", "zbmi"]),
        ("F,240,NA,69,L,n,43", "", ["zwei", "zwfl", "zbmi"]),
        ("F,240,7.8,tall,L,n,43", "lenhei_cm: 'tall' is not a number", ["zlen", "zwfl", "zbmi", "clenhei_cm"]),
        ("F,240,7.8,69,Q,n,43", "measure: 'Q' is not L, H or blank", []),
        ("F,240,7.8,69,H,n,43", "standing below 9 months", []),
        ("F,240,7.8,69,L,maybe,43", "oedema: 'maybe' is not y or n", ["zwei", "zwfl", "zbmi"]),
        ("F,240,7.8,69,L,y,43", "oedema: no z-score with weight", ["zwei", "zwfl", "zbmi"]),
        ("F,240,7.8,69,L,n,", "", ["zhc", "fhc", "kategori_hc"]),
        ("F,240,7,8,69,L,n,43", "8 cells under 7 columns", ["zlen", "zwei", "zwfl", "zbmi", "zhc"]),
        ("F,240", "", ["zlen", "zwei"]),
        ("F,240,27.8,69,L,n,43", "implausible (wei, wfl, bmi)", ["kategori_wei", "kategori_wfl", "kategori_bmi"]),
    ],
)
def test_a_bad_cell_costs_what_depends_on_it_and_the_note_says_why(row: str, note: str, blank: list[str]) -> None:
    found = one(row)
    assert note in found["note"] and bool(note) == bool(found["note"])
    assert {name for name in blank if found[name]} == set()
    given = [name for name in ("zlen", "zwei", "zwfl", "zbmi", "zhc") if found[name]]
    assert row == "F,240" or len(given) == 5 - sum(name.startswith("z") for name in blank)


def test_one_bad_row_stays_and_the_others_go_on() -> None:
    rows = scored(f"{HEAD}\nF,240,7.8,69,L,n,\n?,1,1,1,,,\nM,240,7.8,69,L,n,\n")
    assert [row["sex"] for row in rows] == ["F", "?", "M"]
    assert [bool(row["zwei"]) for row in rows] == [True, False, True]


def test_oedema_counts_as_severe_without_a_z_score() -> None:
    row = one("M,400,11,75,L,y,")
    assert (row["zwfl"], row["kategori_wfl"], row["kategori_wei"]) == ("", "Gizi buruk", "")


def test_standing_below_nine_months_has_a_flag_of_its_own() -> None:
    assert [one(f"F,{age},7.8,69,H,n,")["c9mo_flag"] for age in (273, 274)] == ["1", "0"]


def test_a_table_as_excel_writes_it_in_indonesia_is_understood_and_given_back_alike() -> None:
    text = "\ufeffSex;age_days;weight_kg;lenhei_cm;nama\r\nP;240;7,8;69,0;Ani\r\n"
    (row,) = scored(text)
    assert (row["zwei"], row["nama"]) == ("-0.12", "Ani")
    assert write_table(read_table(text), list(scored_rows(read_table(text), NAMES))).startswith("sex;age_days;")


def test_only_the_first_four_columns_are_needed() -> None:
    assert one("M,240,8,70", "sex,age_days,weight_kg,lenhei_cm")["zlen"]
    with pytest.raises(GrowthFileError, match="missing column lenhei_cm"):
        read_table("sex,age_days,weight_kg\nM,1,3\n")
    with pytest.raises(GrowthFileError, match="sex stands there twice"):
        read_table("sex,sex,age_days,weight_kg,lenhei_cm\n")
    with pytest.raises(GrowthFileError, match="empty"):
        read_table("\n\n")


def test_its_own_output_can_be_scored_again() -> None:
    table = read_table(f"{HEAD}\nF,240,7.8,69,L,n,43\n")
    once = write_table(table, list(scored_rows(table, NAMES)))
    again = read_table(once)
    assert write_table(again, list(scored_rows(again, NAMES))) == once


@given(st.lists(st.lists(st.text(max_size=6), min_size=1, max_size=9), max_size=4))
def test_no_cell_breaks_the_table(cells: list[list[str]]) -> None:
    out = io.StringIO()
    csv.writer(out).writerows([HEAD.split(","), *cells])
    table = read_table(out.getvalue())
    assert len(list(scored_rows(table, NAMES))) == len(table.rows) + 1


def test_fifty_thousand_rows_take_a_few_seconds() -> None:
    rows = "\n".join(
        f"{'MF'[i % 2]},{i % 1827},{3 + i % 15}.{i % 10},{50 + i % 60}.{i % 10},L,n,45" for i in range(50_000)
    )
    table = read_table(f"{HEAD}\n{rows}\n")
    started = time.perf_counter()
    assert len(list(scored_rows(table, NAMES))) == 50_001
    assert time.perf_counter() - started < 10


FAMILY = """
now: "2026-11-23T09:00:00+07:00"
children:
  - name: Ani
    sex: F
    birth_date: 2026-03-12
    measurements: [{date: 2026-11-12, weight_kg: 7.8, lenhei_cm: 69, measure: L}]
  - {name: Budi, birth_date: 2024-05-02}
"""


def test_the_facts_of_a_chart_come_from_a_family_file() -> None:
    family = load_family(FAMILY).family
    facts = chart_of(family, "ani")
    assert json.loads(json.dumps(facts)) == facts
    assert (facts["name"], facts["sex"], facts["today"]) == ("Ani", "F", "2026-11-23")
    with pytest.raises(GrowthFileError, match="no child is called 'Edo'; known: Ani, Budi"):
        chart_of(family, "Edo")
    with pytest.raises(GrowthFileError, match="Budi: the sex is not known"):
        chart_of(family, "Budi")


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    code = "import typer; from sapa.cli_growth import register; a = typer.Typer(); register(a); a()"
    return subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, cwd=ROOT)


def test_the_commands_write_their_files_or_say_in_one_line_what_is_wrong(tmp_path: Path) -> None:
    source, target, family = tmp_path / "in.csv", tmp_path / "out.csv", tmp_path / "family.yml"
    source.write_text(f"{HEAD}\nF,240,7.8,69,L,n,43\n?,1,1,1,,,\n", encoding="utf-8")
    family.write_text(FAMILY, encoding="utf-8")
    done = run("zscore", str(source), str(target), "--json")
    assert json.loads(done.stdout) == {"file": str(target), "rows": 2, "with_note": 1}
    assert target.read_text(encoding="utf-8").count("\n") == 3
    picture = tmp_path / "f.png"
    assert run("growth-chart", str(family), "--child", "Ani", "--out", str(picture)).returncode == 0
    assert picture.read_bytes().startswith(b"\x89PNG")
    for arguments, complaint in (
        (("zscore", str(tmp_path / "none.csv"), str(target)), "No such file"),
        (("zscore", str(picture), str(target)), "not a text in UTF-8"),
        (("growth-chart", str(family), "--child", "Budi", "--out", str(picture)), "the sex is not known"),
        (("growth-chart", str(source), "--child", "Ani", "--out", str(picture)), "sapa: "),
    ):
        failed = run(*arguments)
        assert failed.returncode == 1 and failed.stderr.startswith("sapa: ") and failed.stderr.count("\n") == 1
        assert complaint in failed.stderr and "Traceback" not in failed.stderr
