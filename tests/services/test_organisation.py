"""The organisation goes out as a file and comes in again: nothing is guessed, nothing is deleted."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from sapa.bootstrap import App
from sapa.services.demo import seed_demo, seed_village
from sapa.services.organisation import (
    COLUMNS,
    OrganisationError,
    OrganisationPlan,
    apply_organisation,
    export_organisation,
    plan_organisation,
)
from sapa.services.records import PosyanduRow
from sapa.store.database import Database
from tests.support import opened

Row = dict[str, str]


def row(**told: str) -> Row:
    """Melati of Oesapa; `told` by column, with _ for a blank."""
    whole = {
        "provinsi": "NTT", "kabupaten": "Kabupaten Kupang", "kecamatan": "Kelapa Lima", "desa": "Desa Oesapa",
        "posyandu": "Melati", "puskesmas": "Puskesmas Oesapa", "telepon puskesmas": "0380-1",
    }  # fmt: skip
    return {**dict.fromkeys(COLUMNS, ""), **whole, **{name.replace("_", " "): value for name, value in told.items()}}


def plan(app: App, *rows: Row) -> OrganisationPlan:
    with app.store.transaction(write=False) as tx:
        return plan_organisation(tx, rows)


def read_in(app: App, now: datetime, *rows: Row) -> OrganisationPlan:
    with app.store.transaction() as tx:
        planned = plan_organisation(tx, rows)
        apply_organisation(tx, planned, now)
    return planned


def test_a_posyandu_comes_with_its_areas_and_the_time_zone_of_its_province(app: App, now: datetime) -> None:
    read_in(app, now, row(vaksin="heksavalen", je="ya"), row(posyandu="Mawar"), row(posyandu="Melati", desa="Lasiana"))
    with app.store.transaction(write=False) as tx:
        places = {(place.name, place.village): place for place in tx.list_posyandu()}
        melati = places["Melati", "Desa Oesapa"]
        chain = [(area.kind, area.name) for area in tx.areas_above(melati.area_id)]
        province = next(area for area in tx.areas() if area.kind == "province")
        inside = tx.posyandu_in(province.id)
    assert (melati.timezone, melati.province) == ("Asia/Makassar", "Nusa Tenggara Timur")
    assert (melati.vaccine_profile, melati.je_region, melati.facility_phone) == ("heksavalen", True, "0380-1")
    assert chain == [
        ("desa", "Desa Oesapa"), ("kecamatan", "Kelapa Lima"), ("kabupaten", "Kabupaten Kupang"),
        ("province", "Nusa Tenggara Timur"),
    ]  # fmt: skip
    assert len(inside) == 3 and province.timezone == "Asia/Makassar"


def test_what_goes_out_comes_in_again_as_it_was(
    app: App, now: datetime, tmp_path: Path, new_file: Callable[[Path], str]
) -> None:
    read_in(
        app,
        now,
        row(vaksin="heksavalen", je="ya", kode="53.71.03"),
        row(provinsi="Papua", kabupaten="Jayapura", kecamatan="Abepura", desa="Awiyo", zona_waktu="WIT"),
        row(provinsi="Jawa Barat", kabupaten="Garut", kecamatan="", desa="", posyandu="", puskesmas=""),
    )
    with app.store.transaction(write=False) as tx:
        out = export_organisation(tx)
    other = opened(new_file(tmp_path / "other.db"))
    elsewhere = Database(other)
    with elsewhere.transaction() as tx:
        apply_organisation(tx, plan_organisation(tx, out), now)
    with elsewhere.transaction(write=False) as tx:
        assert export_organisation(tx) == out
        assert plan_organisation(tx, out).counts == {"new": 0, "changed": 0, "same": 3, "fault": 0}
    other.dispose()
    assert [one["zona waktu"] for one in out] == ["WIB", "WITA", "WIT"]


def test_the_demonstration_village_goes_out_and_in_without_a_change(app: App, now: datetime) -> None:
    with app.store.transaction() as tx:
        seed_demo(tx, now.date())
        seed_village(app.deps, tx, now)
        out = export_organisation(tx)
    assert plan(app, *out).counts == {"new": 0, "changed": 0, "same": 2, "fault": 0}


@pytest.mark.parametrize(
    ("told", "code", "column"),
    [
        ({"provinsi": "Atlantis"}, "province_unknown", "provinsi"),
        ({"provinsi": ""}, "province_unknown", "provinsi"),
        ({"zona_waktu": "WIB"}, "timezone_mismatch", "zona waktu"),  # NTT lies in WITA
        ({"zona_waktu": "GMT+8"}, "timezone_unknown", "zona waktu"),
        ({"kecamatan": ""}, "area_missing", "kecamatan"),
        ({"desa": ""}, "area_missing", "desa"),
        ({"vaksin": "bivalen"}, "vaccine_unknown", "vaksin"),
        ({"je": "mungkin"}, "je_unknown", "je"),
        ({"posyandu": "M" * 121}, "too_long", "posyandu"),
    ],
)
def test_a_row_that_cannot_be_is_told_and_left_out(app: App, now: datetime, told: Row, code: str, column: str) -> None:
    (fate,) = read_in(app, now, row(**told)).fates
    assert (fate.fate, fate.code, fate.column) == ("fault", code, column)
    with app.store.transaction(write=False) as tx:
        assert tx.list_posyandu() == [] and tx.areas() == []


def test_the_same_posyandu_twice_in_a_file_is_a_fault_whatever_its_spelling(app: App) -> None:
    fates = plan(app, row(), row(posyandu="Posyandu MELATI")).fates
    assert [(fate.fate, fate.code) for fate in fates] == [("new", ""), ("fault", "duplicate_row")]


def test_a_posyandu_known_without_a_desa_gets_its_place_and_keeps_its_families(app: App, now: datetime) -> None:
    with app.store.transaction() as tx:
        tx.save_posyandu(PosyanduRow("old", "Melati", "Asia/Makassar", "Nusa Tenggara Timur", "Desa Oesapa"))
        contact = tx.new_contact(now)
        home = tx.household_of(contact.id, now)
        tx.set_posyandu(home, "old")
    (fate,) = read_in(app, now, row()).fates
    assert fate.fate == "changed" and set(fate.changes) == {"area_id", "facility_name", "facility_phone"}
    with app.store.transaction(write=False) as tx:
        (place,) = tx.list_posyandu()
        assert place.id == "old" and place.area_id is not None
        assert tx.households_of_posyandu("old") == [home] and tx.dirty_households(9) == [home]


def test_what_a_file_leaves_out_stays_and_is_named(app: App, now: datetime) -> None:
    read_in(app, now, row(), row(desa="Desa Lasiana"), row(posyandu="Mawar"))
    planned = read_in(app, now, row())
    assert planned.counts == {"new": 0, "changed": 0, "same": 1, "fault": 0}
    assert set(planned.left) == {"Mawar", "Melati (Desa Lasiana)"}
    with app.store.transaction(write=False) as tx:
        assert len(tx.list_posyandu()) == 3


def test_a_file_without_the_columns_is_refused(app: App) -> None:
    with pytest.raises(OrganisationError, match="provinsi"):
        plan(app, {"posyandu": "Melati"})
