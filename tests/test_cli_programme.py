"""`sapa programme` and `sapa skdn`: keys, files, and who may see names."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from sapa import cli_programme
from sapa.bootstrap import App
from sapa.family.people import Child, Measurement, Sex
from sapa.messaging.states import Channel
from sapa.services.records import AreaRow, PosyanduRow, StaffRow
from sapa.sheets import read_rows, read_table

THEN = datetime(2025, 1, 5, tzinfo=UTC)
KADER, ADMIN = "+6281200000011", "+6281200000013"
NOW = ("--now", "2026-11-23T09:00:00+07:00")
commands = typer.Typer()
cli_programme.register(commands)


@pytest.fixture(autouse=True)
def village(app: App) -> None:
    """Two posyandu of one name in two desa; six children in the first, a kader of it and an admin above."""
    with app.deps.store.transaction() as tx:
        tx.save_area(AreaRow("kec", "kecamatan", "Contoh"))
        for number in (1, 2):
            tx.save_area(AreaRow(f"d{number}", "desa", f"Satu {number}", "kec"))
            village = f"Satu {number}"
            tx.save_posyandu(
                PosyanduRow(f"p{number}", "Melati", "Asia/Makassar", village=village, area_id=f"d{number}")
            )
        for number in range(6):
            contact, _ = tx.contact_for_address(Channel.WHATSAPP, f"+62813{number:08d}", f"+62813{number:08d}", THEN)
            household = tx.household_of(contact.id, THEN)
            tx.set_contact_name(contact.id, f"=Ibu {number}")
            tx.set_posyandu(household, "p1")
            tx.save_child(household, Child(f"Anak {number}", date(2025, 11, 1), Sex.FEMALE, id=f"c{number}"), THEN)
            for day, kg in ((10, 9.0), (11, 9.3)) if number < 4 else ((10, 9.0),):
                tx.save_measurement(f"c{number}", Measurement(date(2026, day, 10), kg), "kader", THEN)
        for phone, role, place, area in ((KADER, "kader", "p1", None), (ADMIN, "admin", None, "kec")):
            contact, _ = tx.contact_for_address(Channel.WHATSAPP, phone, phone, THEN)
            tx.grant(StaffRow(f"s-{role}", contact.id, role, place, area), THEN)


def run(*arguments: str, code: int = 0) -> str:
    done = CliRunner().invoke(commands, [*arguments, *NOW])
    assert done.exit_code == code, done.output
    return done.output


def _json(*arguments: str) -> Any:
    return json.loads(run(*arguments, "--json"))


def test_skdn_prints_a_month_a_line_with_every_key() -> None:
    said = _json("skdn", "--posyandu", "Melati (Satu 1)", "--year", "2026")
    assert said["place"] == "Melati" and len(said["months"]) == 11
    november = said["months"][-1]
    assert november["month"] == "2026-11"
    assert {key: november[key] for key in ("s", "k", "d", "n", "t", "o", "b", "unclear", "book_unknown")} == {
        "s": 6, "k": 6, "d": 4, "n": 4, "t": 0, "o": 0, "b": 0, "unclear": 0, "book_unknown": 6,
    }  # fmt: skip
    assert (november["d_s"], november["n_d"], november["n_d_all"]) == (0.6667, 1.0, 1.0)


def test_skdn_of_an_area_adds_its_posyandu_up() -> None:
    assert _json("skdn", "--area", "contoh")["months"][-1]["s"] == 6


def test_skdn_draws_its_chart(tmp_path: Path) -> None:
    run("skdn", "--area", "Contoh", "--out", str(tmp_path / "a.png"))
    run("skdn", "--area", "Contoh", "--out", str(tmp_path / "a.svg"), "--csv", str(tmp_path / "a.csv"))
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "a.svg").read_text().startswith("<svg")
    assert read_rows((tmp_path / "a.csv").read_bytes())[-1]["S"] == "6"


def test_figures_of_an_area_come_with_what_it_is_made_of() -> None:
    said = _json("programme", "--area", "kecamatan Contoh", "--month", "2026-11")
    assert [(one["name"], one["kind"], one["posyandu"]) for one in said["groups"]] == [
        ("Contoh", "kecamatan", 2),
        ("Satu 1", "desa", 1),
        ("Satu 2", "desa", 1),
    ]
    figure = {one["key"]: one for one in said["groups"][0]["figures"]}["skdn.d_s"]
    assert set(figure) == {"key", "label", "kind", "numerator", "denominator", "share", "note", "apart"}
    assert (figure["note"], figure["numerator"]) == ("<5", None)  # four children came: no names, no small groups


def test_a_kader_gets_every_number_and_the_list_behind_it() -> None:
    said = _json("programme", "--posyandu", "Melati (Satu 1)", "--as", KADER)
    figure = {one["key"]: one for one in said["groups"][0]["figures"]}["skdn.d_s"]
    assert (figure["numerator"], figure["denominator"]) == (4, 6)
    behind = _json("programme", "--posyandu", "Melati (Satu 1)", "--as", KADER, "--list", "skdn.d_s")
    assert [row["name"] for row in behind[:2]] == ["Anak 4", "Anak 5"]  # who did not come, first


def test_a_register_is_written_for_whoever_may_see_the_names(tmp_path: Path) -> None:
    where = tmp_path / "register.xlsx"
    melati = ("programme", "--posyandu", "Melati (Satu 1)", "--register")
    run(*melati, "--as", KADER, "--xlsx", str(where))
    rows = read_table(where.read_bytes(), sheet="Anak").rows
    assert len(rows) == 6
    assert rows[0]["nama ibu"] == "=Ibu 0"  # a text, not a formula
    assert rows[0]["bb"] == "9.3" and rows[0]["tanggal timbang"] == "2026-11-10"
    assert oct(where.stat().st_mode)[-3:] == "600"
    run(*melati, "--as", KADER, "--csv", str(tmp_path / "r.csv"))
    assert b"'=Ibu 0" in (tmp_path / "r.csv").read_bytes()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("programme",), "either --posyandu or --area"),
        (("programme", "--posyandu", "Melati"), "Melati (Satu 1), Melati (Satu 2)"),
        (("programme", "--posyandu", "Nowhere"), "there is no"),
        (("programme", "--area", "Nowhere"), "there is no"),
        (("programme", "--area", "Contoh", "--month", "2026-13"), "not a month"),
        (("programme", "--area", "Contoh", "--list", "skdn.d_s"), "need --as"),
        (("programme", "--area", "Contoh", "--as", "+62999"), "nobody of the staff"),
        (("programme", "--area", "Contoh", "--as", KADER), "another area"),
        (("programme", "--area", "Contoh", "--as", ADMIN, "--list", "skdn.d_s"), "kader and bidan"),
        (("programme", "--area", "Contoh", "--as", ADMIN, "--register"), "kader and bidan"),
        (("programme", "--posyandu", "Melati (Satu 1)", "--as", KADER, "--list", "x"), "no figure"),
        (("skdn", "--area", "Contoh", "--year", "3"), "no year"),
    ],
)
def test_trouble_is_one_line_and_exit_code_1(arguments: tuple[str, ...], says: str) -> None:
    done = CliRunner().invoke(commands, [*arguments, *NOW])
    assert done.exit_code == 1
    assert done.output.startswith("sapa: ") and done.output.count("\n") == 1
    assert says in done.output
