"""A posyandu's register is read in: every row has its fate, nothing is lost, and reading it again changes nothing."""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from random import Random

import pytest

from sapa.bootstrap import App
from sapa.family.calendar import add_months
from sapa.family.growth import Index, sd_line
from sapa.family.people import Child, Measurement, Sex
from sapa.messaging.states import Channel
from sapa.services.access import NotAllowed, Role, Staffer, staffer
from sapa.services.consents import CHILD_CARE, PREGNANCY_CARE
from sapa.services.organisation import chain
from sapa.services.records import PosyanduRow
from sapa.services.register_import import Fate, ImportPlan, apply_import, plan_import, rows_to_mend
from sapa.services.reminders import replan_dirty
from sapa.services.staff import enrol

TODAY = date(2026, 11, 23)
KADER, BIDAN, ADMIN, OTHER = "+6281200000011", "+6281200000012", "+6281200000013", "+6281200000014"
HEADER = (
    "No", "Posyandu", "Desa", "Nama Anak", "JK (L/P)", "Tgl Lahir", "Nama Ibu", "No HP", "Alamat", "Berat Lahir (g)",
    "Usia Kehamilan Lahir", "Buku KIA", "Persetujuan", "Tgl Persetujuan", "HB0", "BCG", "Polio 1", "Polio 2",
    "DPT-HB-Hib 1", "DPT-HB-Hib 2", "MR 1", "Polio 9", "Tanggal Timbang", "BB (kg)", "TB (cm)", "HPHT", "HPL", "NIK",
)  # fmt: skip
Row = dict[str, str]


@dataclass(frozen=True)
class Kecamatan:
    """A kecamatan with four posyandu, two of them called Melati, and who works there."""

    app: App
    places: Mapping[str, PosyanduRow]

    def who(self, phone: str) -> Staffer:
        with self.app.store.transaction(write=False) as tx:
            contact_id = tx.contact_id_for(Channel.WHATSAPP, phone)
            assert contact_id is not None
            found = staffer(tx, contact_id)
        assert found is not None
        return found

    def plan(self, rows: Iterable[Row], by: str = BIDAN) -> ImportPlan:
        with self.app.store.transaction(write=False) as tx:
            return plan_import(self.app.deps, tx, self.who(by), list(rows), self.app.clock.now())

    def read_in(self, rows: Iterable[Row], by: str = BIDAN) -> ImportPlan:
        plan = self.plan(rows, by)
        apply_import(self.app.deps, self.who(by), plan, self.app.clock.now())
        return plan


@pytest.fixture
def kecamatan(app: App, now: datetime) -> Kecamatan:
    names = ("Nusa Tenggara Timur", "Kabupaten Kupang", "Kecamatan Taebenu")
    places = {}
    with app.store.transaction() as tx:
        for name, desa in (("Melati", "Desa Oesapa"), ("Melati", "Desa Lasiana"), ("Mawar", "Desa Oesapa")):
            areas = chain((*names, desa), "Asia/Makassar")
            for area in areas:
                tx.save_area(area)
            row = PosyanduRow(
                f"{name}-{desa}"[:36], name, "Asia/Makassar", names[0], desa, "Puskesmas", area_id=areas[-1].id
            )
            tx.save_posyandu(row)
            places[f"{name} {desa}"] = row
        other = PosyanduRow("jauh", "Kenanga", "Asia/Jakarta", "Jawa Barat", "Desa Jauh")
        tx.save_posyandu(other)
        kecamatan_id = chain(names)[-1].id
        enrol(tx, KADER, "Kader", Role.KADER, places["Mawar Desa Oesapa"].id, None, now)
        enrol(tx, BIDAN, "Bidan", Role.BIDAN, kecamatan_id, None, now)
        enrol(tx, ADMIN, "Admin", Role.ADMIN, kecamatan_id, None, now)
        enrol(tx, OTHER, "Kader Jauh", Role.KADER, other.id, None, now)
    return Kecamatan(app, places)


def row(**cells: str) -> Row:
    """Ani of Posyandu Mawar; `cells` by header, with _ for what a name cannot hold."""
    ani = {
        "Posyandu": "Mawar", "Desa": "Desa Oesapa", "Nama Anak": "Ani", "JK (L/P)": "P", "Tgl Lahir": "3/5/2026",
        "Nama Ibu": "Ny. Rina", "No HP": "0812-3400-0001", "Alamat": "RT 02", "Persetujuan": "ya 1/11/2026",
    }  # fmt: skip
    by_key = {"".join(c for c in header if c.isalnum()): header for header in HEADER}
    told = {by_key[name.replace("_", "")]: value for name, value in cells.items()}
    return {**dict.fromkeys(HEADER, ""), **ani, **told}


def codes(plan: ImportPlan) -> list[tuple[str, ...]]:
    return [tuple(fault.code for fault in fate.faults) for fate in plan.fates]


# ------------------------------------------------------------------------------------------------------ one by one


def test_a_family_of_the_register_is_followed_from_then_on(kecamatan: Kecamatan, now: datetime) -> None:
    told = row(
        BeratLahirg="3.100", UsiaKehamilanLahir="39", BukuKIA="ya", HB0="3/5/2026", BCG="10-6-26", Polio1="2026-06-10",
        TanggalTimbang="10 November 2026", BBkg="7,2", TBcm="65,5",
    )  # fmt: skip
    plan = kecamatan.read_in([told], by=KADER)
    assert plan.fates[0].fate is Fate.NEW and plan.fates[0].number == 2
    with kecamatan.app.store.transaction() as tx:
        (family,) = tx.family_records(posyandu_ids=[kecamatan.places["Mawar Desa Oesapa"].id])
        (ani,) = family.children
        assert (ani.child.name, ani.child.sex, ani.child.birth_date) == ("Ani", Sex.FEMALE, date(2026, 5, 3))
        assert (ani.child.birth_weight_g, ani.child.birth_weeks, ani.has_book) == (3100, 39, True)
        assert ani.child.doses == {"HB0": date(2026, 5, 3), "BCG": date(2026, 6, 10), "OPV1": date(2026, 6, 10)}
        assert ani.child.measurements == (Measurement(date(2026, 11, 10), 7.2, 65.5, "L"),)
        assert ani.sources == {date(2026, 11, 10): "kader"}
        (mother,) = family.members
        assert (mother.name, mother.relation, mother.phones) == ("Ny. Rina", "ibu", ("+6281234000001",))
        assert family.address == "RT 02" and family.agrees(CHILD_CARE) and not family.agrees(PREGNANCY_CARE)
        (consent,) = tx.consents_of(mother.contact_id)
        kader_id = tx.contact_id_for(Channel.WHATSAPP, KADER)
        assert consent.recorded_by == kader_id and consent.at.date() == date(2026, 11, 1)
        assert "Bacakan" in consent.wording
        assert tx.outbox_of(mother.contact_id) == []  # reading a file sends nothing
    assert replan_dirty(kecamatan.app.deps, now) == 1
    with kecamatan.app.store.transaction() as tx:
        assert tx.reminders_of(family.household_id)


def test_a_pregnant_woman_is_read_by_her_last_period_or_due_date(kecamatan: Kecamatan) -> None:
    plan = kecamatan.read_in(
        [
            row(NamaAnak="", TglLahir="", HPHT="1/6/2026"),
            row(NamaAnak="", TglLahir="", NamaIbu="Sari", NoHP="", HPL="8/3/2027"),
        ]
    )
    assert [fate.fate for fate in plan.fates] == [Fate.NEW, Fate.NEW]
    with kecamatan.app.store.transaction() as tx:
        families = tx.family_records(posyandu_ids=[kecamatan.places["Mawar Desa Oesapa"].id])
        dated = {family.members[0].name: family.pregnancies[0].pregnancy for family in families}
    assert all(family.agrees(PREGNANCY_CARE) and not family.agrees(CHILD_CARE) for family in families)
    assert (dated["Ny. Rina"].lmp, dated["Ny. Rina"].dated_by) == (date(2026, 6, 1), "hpht")
    assert (dated["Sari"].edd, dated["Sari"].dated_by) == (date(2027, 3, 8), "hpl")


def test_brothers_and_sisters_and_twins_are_one_family(kecamatan: Kecamatan) -> None:
    kecamatan.read_in(
        [
            row(),
            row(NamaAnak="Ana", NamaIbu="RINA"),  # a twin, with the mother's phone
            row(NamaAnak="Budi", JK_LP="L", TglLahir="1/2/2024", NamaIbu="Ibu Rina"),
            row(NamaAnak="Citra", NamaIbu="Rina", NoHP="", Alamat="RT 09"),  # another Rina: elsewhere, another day
            row(NamaAnak="Dodi", JK_LP="L", TglLahir="1/2/2025", NamaIbu="Rina", NoHP="", Alamat="RT 07"),
        ]
    )
    with kecamatan.app.store.transaction(write=False) as tx:
        families = tx.family_records(posyandu_ids=[kecamatan.places["Mawar Desa Oesapa"].id])
    together = sorted(sorted(one.child.name for one in family.children) for family in families)
    assert together == [["Ana", "Ani", "Budi", "Citra"], ["Dodi"]]


@pytest.mark.parametrize(
    ("cells", "code"),
    [
        ({"NamaAnak": ""}, "name_missing"),
        ({"NamaAnak": "..."}, "name_missing"),
        ({"NamaIbu": ""}, "mother_missing"),
        ({"TglLahir": ""}, "born_missing"),
        ({"TglLahir": "3 mei"}, "born_unreadable"),  # which year?
        ({"TglLahir": "awal 2026"}, "born_unreadable"),
        ({"TglLahir": "31/2/2026"}, "born_impossible"),
        ({"TglLahir": "5/13/2026"}, "born_impossible"),  # month first is not how dates are written here
        ({"TglLahir": "24/11/2026"}, "born_future"),  # tomorrow
        ({"TglLahir": "22/11/2021"}, "born_too_old"),  # five years and a day
        ({"JK_LP": "anak"}, "sex_unknown"),
        ({"Posyandu": ""}, "posyandu_missing"),
        ({"Posyandu": "Anggrek"}, "posyandu_unknown"),
        ({"Desa": "Desa Lasiana"}, "posyandu_unknown"),  # there is no Mawar in Lasiana
        ({"Posyandu": "Kenanga", "Desa": ""}, "posyandu_not_mine"),
        ({"Posyandu": "Melati", "Desa": ""}, "posyandu_ambiguous"),
        ({"NoHP": "0812"}, "phone_unreadable"),
        ({"NoHP": "8.12E+11"}, "phone_unreadable"),
        ({"Persetujuan": ""}, "no_consent"),
        ({"Persetujuan": "tidak"}, "no_consent"),
        ({"Persetujuan": "ya 1/12/2026"}, "consent_on_future"),
        ({"Persetujuan": "ya", "TglPersetujuan": "entah"}, "consent_on_unreadable"),
        ({"BCG": "2/5/2026"}, "dose_before_birth"),
        ({"BCG": "1/1/2027"}, "dose_future"),
        ({"BCG": "bulan lalu"}, "dose_unreadable"),
        ({"Polio1": "10/8/2026", "Polio2": "10/7/2026"}, "dose_out_of_order"),
        ({"Polio9": "10/8/2026"}, "dose_unknown"),
        ({"TanggalTimbang": "10/11/2026", "BBkg": "72"}, "weight_implausible"),
        ({"TanggalTimbang": "10/11/2026", "BBkg": "tujuh"}, "weight_unreadable"),
        ({"TanggalTimbang": "10/11/2026", "TBcm": "655"}, "length_implausible"),
        ({"BBkg": "7,2"}, "measured_on_missing"),
        ({"TanggalTimbang": "1/5/2026", "BBkg": "3,2"}, "measured_on_before_birth"),
        ({"TanggalTimbang": "1/5/2027", "BBkg": "9"}, "measured_on_future"),
        ({"BeratLahirg": "31"}, "birth_weight_implausible"),
        ({"UsiaKehamilanLahir": "9"}, "birth_weeks_implausible"),
        ({"NamaAnak": "", "HPHT": "1/12/2026"}, "lmp_future"),
        ({"NamaAnak": "", "HPHT": "1/1/2026"}, "pregnancy_too_long_ago"),  # 326 days: more than 44 weeks
        ({"NamaAnak": "", "HPL": "1/1/2026"}, "pregnancy_passed"),
        ({"NamaAnak": "", "HPL": "1/1/2028"}, "pregnancy_too_far"),
        ({"NamaAnak": "Ani" * 30}, "too_long"),
        ({"Alamat": "RT " * 80}, "too_long"),
        ({"NamaIbu": "=B2&C2"}, "formula"),
        ({"NamaIbu": "Ren\u00c3\u00a9"}, "encoding"),
    ],
)
def test_a_fault_is_told_with_its_column_and_nothing_of_the_row_is_written(
    kecamatan: Kecamatan, cells: dict[str, str], code: str
) -> None:
    plan = kecamatan.read_in([row(**cells)])
    assert codes(plan) == [(code,)]
    assert plan.fates[0].faults[0].column in HEADER
    with kecamatan.app.store.transaction(write=False) as tx:
        assert tx.family_records(posyandu_ids=[place.id for place in kecamatan.places.values()]) == []


def test_every_fault_of_a_row_is_told_at_once(kecamatan: Kecamatan) -> None:
    plan = kecamatan.plan([row(NamaIbu="", TglLahir="31/2/2026", Persetujuan="")])
    assert set(codes(plan)[0]) == {"mother_missing", "born_impossible", "no_consent"}


def test_a_number_belongs_to_one_family(kecamatan: Kecamatan, now: datetime) -> None:
    with kecamatan.app.store.transaction() as tx:
        stranger, _ = tx.contact_for_address(Channel.WHATSAPP, "+6281234000077", "+6281234000077", now)
    plan = kecamatan.read_in(
        [
            row(),
            row(NamaAnak="Budi", NamaIbu="Sari"),
            row(NamaAnak="Citra", NamaIbu="Wati", NoHP=KADER),
            row(NamaAnak="Dewi", NamaIbu="Nur", NoHP="0812 3400 0077"),  # wrote once, belongs to nobody yet
        ]
    )
    assert codes(plan) == [(), ("phone_taken",), ("phone_of_staff",), ()]
    with kecamatan.app.store.transaction(write=False) as tx:
        joined = tx.contact(stranger.id)
        assert joined is not None and joined.household_id is not None
        assert [child.name for child in tx.children_of(joined.household_id)] == ["Dewi"]
    assert kecamatan.plan([row(NamaAnak="Dewi", NamaIbu="Nur", NoHP="0812 3400 0077")]).counts["same"] == 1


def test_a_row_that_stands_there_twice_is_read_once(kecamatan: Kecamatan) -> None:
    plan = kecamatan.read_in([row(), row(No="7"), row(Alamat="RT 05"), dict.fromkeys(HEADER, ""), row(NamaAnak="Ana")])
    assert codes(plan) == [(), ("duplicate_row",), ("same_child_twice",), (), ()]
    assert [fault.other for fate in plan.fates for fault in fate.faults] == ["2", "2"]
    assert plan.counts == {
        "new": 2, "changed": 0, "same": 0, "fault": 2, "empty": 1, "warning": 0, "differs": 0,
    }  # fmt: skip


def test_what_is_odd_but_may_be_is_imported_with_a_warning(kecamatan: Kecamatan) -> None:
    plan = kecamatan.plan(
        [
            row(JK_LP=""),
            row(NamaAnak="Budi", NamaIbu="Sari", NoHP="", BeratLahirg="2100"),
            row(NamaAnak="Citra", NamaIbu="Wati", NoHP="", BCG="v"),
            row(NamaAnak="Dodi", NamaIbu="Nur", NoHP="", DPTHBHib1="4/5/2026"),
        ]
    )
    assert [fate.fate for fate in plan.fates] == [Fate.NEW] * 4
    assert [[one.code for one in fate.warnings] for fate in plan.fates] == [
        ["sex_missing"], ["small_baby"], ["dose_without_day"], ["dose_early"],
    ]  # fmt: skip


# ----------------------------------------------------------------------------------------------- what is known already


def test_reading_again_fills_gaps_and_corrects_what_staff_wrote(kecamatan: Kecamatan) -> None:
    kecamatan.read_in([row(JK_LP="", NoHP="", BCG="10/6/2026")])
    again = row(TglLahir="4/5/2026", BukuKIA="ya", BCG="11/6/2026", Polio1="10/7/2026", Alamat="RT 03")
    plan = kecamatan.read_in([again])
    assert plan.fates[0].fate is Fate.CHANGED
    assert set(plan.fates[0].changes) == {
        "JK (L/P)", "No HP", "Tgl Lahir", "Buku KIA", "BCG", "Polio 1", "Alamat",
    }  # fmt: skip
    with kecamatan.app.store.transaction(write=False) as tx:
        (family,) = tx.family_records(posyandu_ids=[kecamatan.places["Mawar Desa Oesapa"].id])
    assert family.children[0].child.birth_date == date(2026, 5, 4) and len(family.children) == 1
    assert kecamatan.plan([again]).counts["same"] == 1


def test_what_a_family_told_itself_is_never_overwritten(kecamatan: Kecamatan, now: datetime) -> None:
    """She registered by WhatsApp; the register has another birthday, another BCG, another weight, and more besides."""
    with kecamatan.app.store.transaction() as tx:
        contact, _ = tx.contact_for_address(Channel.WHATSAPP, "+6281234000001", "+6281234000001", now)
        tx.touch_contact(contact.id, now)
        home = tx.household_of(contact.id, now)
        tx.set_posyandu(home, kecamatan.places["Mawar Desa Oesapa"].id)
        tx.save_child(home, Child("Ani", date(2026, 5, 4), Sex.FEMALE, {"BCG": date(2026, 6, 1)}, id="ani"), now)
        tx.save_measurement("ani", Measurement(date(2026, 11, 10), 7.0, 65.0, "L"), "chat", now)
        tx.record_consent(contact.id, CHILD_CARE, "kata", True, None, now)
    told = row(
        BCG="10/6/2026", HB0="4/5/2026", BukuKIA="ya", TanggalTimbang="10/11/2026", BBkg="7,2", TBcm="65,0"
    )  # fmt: skip
    plan = kecamatan.read_in([told])
    assert plan.fates[0].fate is Fate.CHANGED and set(plan.fates[0].changes) == {"HB0", "Buku KIA", "Alamat"}
    assert {(one.column, one.other) for one in plan.fates[0].differs} == {
        ("Tgl Lahir", "2026-05-04"), ("BCG", "2026-06-01"), ("BB (kg)", "7.0 65.0"),
    }  # fmt: skip
    with kecamatan.app.store.transaction(write=False) as tx:
        (ani,) = tx.children_of(home)
        assert ani.birth_date == date(2026, 5, 4) and ani.doses["BCG"] == date(2026, 6, 1)
        assert ani.measurements[0].weight_kg == 7.0
        assert len(tx.consents_of(contact.id)) == 1
    assert kecamatan.plan([told]).counts["same"] == 1


def test_a_child_nobody_follows_any_more_and_a_family_that_said_no_are_left_to_a_human(
    kecamatan: Kecamatan, now: datetime
) -> None:
    kecamatan.read_in([row(), row(NamaAnak="Budi", NamaIbu="Sari", NoHP="", Alamat="RT 08")])
    with kecamatan.app.store.transaction() as tx:
        families = tx.family_records(posyandu_ids=[kecamatan.places["Mawar Desa Oesapa"].id])
        of = {family.children[0].child.name: family for family in families}
        tx.end_child(of["Ani"].children[0].child.id, "duka", TODAY, now)
        tx.record_consent(of["Budi"].members[0].contact_id, CHILD_CARE, "kata", False, None, now + timedelta(minutes=1))
    plan = kecamatan.plan([row(), row(NamaAnak="Budi", NamaIbu="Sari", NoHP="", Alamat="RT 08")])
    assert codes(plan) == [("ended",), ("consent_refused",)]


def test_a_pregnancy_that_is_over_is_not_begun_again(kecamatan: Kecamatan, now: datetime) -> None:
    hers = row(NamaAnak="", TglLahir="", HPHT="1/6/2026")
    kecamatan.read_in([hers])
    with kecamatan.app.store.transaction() as tx:
        (family,) = tx.family_records(posyandu_ids=[kecamatan.places["Mawar Desa Oesapa"].id])
        tx.end_pregnancy(family.pregnancies[0].pregnancy.id, "loss", TODAY, now)
    assert codes(kecamatan.plan([hers])) == [("pregnancy_ended",)]


def test_only_who_sees_families_by_name_reads_a_register_in_and_only_of_their_own_posyandu(
    kecamatan: Kecamatan,
) -> None:
    with pytest.raises(NotAllowed):
        kecamatan.plan([row()], by=ADMIN)
    assert codes(kecamatan.plan([row()], by=OTHER)) == [("posyandu_not_mine",)]
    assert codes(kecamatan.plan([row(Posyandu="", Desa="")], by=KADER)) == [()]  # her only one


def test_columns_nobody_reads_and_columns_that_are_missing_are_named(kecamatan: Kecamatan) -> None:
    plan = kecamatan.plan([{"Nama": "Ani", "Golongan Darah": "O"}])
    assert plan.ignored == ("Golongan Darah",) and plan.missing == ("mother", "consent")


# --------------------------------------------------------------------------------------------------- a whole kecamatan

_GIRLS, _BOYS = (
    ("Ani", "Putri", "Bunga", "Citra", "Melani", "Sari"),
    ("Budi", "Andi", "Yosef", "Rizki", "Dimas", "Arif"),
)
_LAST = ("Tefa", "Nalle", "Lado", "Benu", "Manu", "Sila", "Tanau", "Kase", "Bria", "Seran")


def register(rows: int, seed: int = 5) -> list[Row]:
    """A register of made-up families in three posyandu, in the many ways registers are kept."""
    draw = Random(seed)
    made: list[Row] = []
    for number in range(rows):
        place, desa = draw.choice((("Melati", "Oesapa"), ("Melati", "Lasiana"), ("Mawar", "Oesapa")))
        boy = draw.random() < 0.5
        born = TODAY - timedelta(days=draw.randint(40, 1700))
        mother = f"{draw.choice(('Rina', 'Siti', 'Maria', 'Dewi'))} {draw.choice(_LAST)} {number}"
        one = row(
            Posyandu=draw.choice((place, place.upper(), f"Posyandu {place}")), Desa=draw.choice((desa, f"Desa {desa}")),
            NamaAnak=f"{draw.choice(_BOYS if boy else _GIRLS)} {draw.choice(_LAST)}",
            JK_LP=draw.choice(("L", "laki-laki") if boy else ("P", "perempuan")), TglLahir=_written(born, draw),
            NamaIbu=mother, NoHP=f"0813{number:08d}" if draw.random() < 0.6 else "",
            Alamat=f"RT {draw.randint(1, 9)}", BukuKIA=draw.choice(("ya", "tidak", "")),
            Persetujuan=draw.choice(("ya", "Ya 1/11/2026", "sudah")), BeratLahirg=str(draw.randint(2500, 4000)),
        )  # fmt: skip
        made.append(_with_doses(one, born, boy, draw))
    return made


def _with_doses(one: Row, born: date, boy: bool, draw: Random) -> Row:
    for header, months in (("BCG", 1), ("Polio 1", 1), ("Polio 2", 2), ("DPT-HB-Hib 1", 2), ("DPT-HB-Hib 2", 3)):
        given = add_months(born, months) + timedelta(days=5)
        one[header] = _written(given, draw) if given < TODAY else "-"
    one["HB0"] = _written(born, draw)
    weighed = TODAY - timedelta(days=13)
    age, sex = (weighed - born).days, Sex.MALE if boy else Sex.FEMALE
    one["Tanggal Timbang"] = "10/11/2026"
    one["BB (kg)"] = f"{sd_line(Index.WEIGHT, sex, draw.gauss(-0.5, 0.7), [age])[0]:.1f}".replace(".", ",")
    one["TB (cm)"] = f"{sd_line(Index.LENGTH, sex, draw.gauss(-0.5, 0.7), [age])[0]:.1f}"
    return one


def _written(day: date, draw: Random) -> str:
    months = ("Jan", "Februari", "Maret", "April", "Mei", "Juni", "Juli", "Agt", "September", "Okt", "November", "Des")
    ways: tuple[Callable[[], str], ...] = (
        lambda: day.isoformat(),
        lambda: f"{day.day}/{day.month}/{day.year}",
        lambda: f"{day.day:02d}-{day.month:02d}-{day.year % 100:02d}",
        lambda: f"{day.day} {months[day.month - 1]} {day.year}",
        lambda: str((day - date(1899, 12, 30)).days),  # how Excel keeps a day
    )
    return draw.choice(ways)()


FAULTS: tuple[tuple[str, dict[str, str]], ...] = (
    ("name_missing", {"Nama Anak": ""}),
    ("mother_missing", {"Nama Ibu": "-"}),
    ("born_missing", {"Tgl Lahir": ""}),
    ("born_impossible", {"Tgl Lahir": "30 Februari 2025"}),
    ("born_future", {"Tgl Lahir": "3/5/2028"}),
    ("born_too_old", {"Tgl Lahir": "3/5/2016"}),
    ("born_unreadable", {"Tgl Lahir": "sekitar lebaran"}),
    ("posyandu_unknown", {"Posyandu": "Anggrek"}),
    ("posyandu_not_mine", {"Posyandu": "Kenanga", "Desa": ""}),
    ("posyandu_ambiguous", {"Posyandu": "Melati", "Desa": ""}),
    ("sex_unknown", {"JK (L/P)": "?L"[:1] + "anak"}),
    ("phone_unreadable", {"No HP": "08xx"}),
    ("phone_taken", {"No HP": "081300000000"}),
    ("no_consent", {"Persetujuan": "tidak"}),
    ("consent_on_future", {"Persetujuan": "ya 3/5/2028"}),
    ("dose_before_birth", {"BCG": "1/1/2018"}),
    ("dose_out_of_order", {"Polio 1": "20/11/2026", "Polio 2": "20/11/2026"}),
    ("dose_future", {"BCG": "1/1/2028"}),
    ("dose_unreadable", {"BCG": "lupa"}),
    ("dose_unknown", {"Polio 9": "1/11/2026"}),
    ("weight_implausible", {"BB (kg)": "99"}),
    ("length_implausible", {"TB (cm)": "190"}),
    ("measured_on_missing", {"Tanggal Timbang": ""}),
    ("birth_weight_implausible", {"Berat Lahir (g)": "32000"}),
    ("birth_weeks_implausible", {"Usia Kehamilan Lahir": "90"}),
    ("lmp_future", {"HPHT": "1/1/2028"}),
    ("pregnancy_too_long_ago", {"HPHT": "1/1/2020"}),
    ("too_long", {"Nama Ibu": "Rina" * 30}),
    ("formula", {"Nama Ibu": "=VLOOKUP(A2;B:C;2)"}),
    ("encoding", {"Nama Ibu": "Ren\ufffde"}),
)


def test_two_thousand_rows_with_sixty_faults_are_read_in_and_nothing_is_lost(
    kecamatan: Kecamatan, now: datetime, capsys: pytest.CaptureFixture[str], database_url: str
) -> None:
    rows = register(2000)
    rows[0]["No HP"] = "081300000000"  # the number two others will claim
    # 30 kinds of faults twice, on every 31st row: 31, 62 ... 1860
    planted = {31 * (number + 1): FAULTS[number % 30] for number in range(60)}
    for at, (_, cells) in planted.items():
        rows[at] = {**rows[at], **cells}
    begun = time.perf_counter()
    plan = kecamatan.plan(rows)
    planned = time.perf_counter()
    found = {fate.number - 2: [fault.code for fault in fate.faults] for fate in plan.fates if fate.faults}
    assert found == {at: [code] for at, (code, _) in planned_codes(planted).items()}
    assert plan.counts["new"] == 1940 and plan.counts["fault"] == 60
    steps: list[tuple[int, int]] = []
    apply_import(kecamatan.app.deps, kecamatan.who(BIDAN), plan, now, lambda done, total: steps.append((done, total)))
    applied = time.perf_counter()
    assert steps[0] == (200, 1940) and steps[-1] == (1940, 1940)
    with kecamatan.app.store.transaction(write=False) as tx:
        families = tx.family_records(posyandu_ids=[place.id for place in kecamatan.places.values()])
    assert sum(len(family.children) for family in families) == 1940

    again = kecamatan.plan(rows)
    assert again.counts["new"] == again.counts["changed"] == 0
    assert again.counts["same"] == 1940 and again.counts["fault"] == 60
    with capsys.disabled():
        kind = database_url.partition(":")[0]
        print(f"\n2,000 rows on {kind}: planned in {planned - begun:.1f} s, written in {applied - planned:.1f} s")

    # What was at fault is handed back in the columns of the file with its reason; mended, it is read in like the rest.
    header, to_mend = rows_to_mend(kecamatan.app.deps, plan, TODAY)
    assert header == (*HEADER, "alasan") and len(to_mend) == 60 and all(one["alasan"] for one in to_mend)
    whole = register(2000)
    mended = [{**one, **whole[at]} for at, one in zip(planned_codes(planted), to_mend, strict=True)]
    last = kecamatan.read_in(mended)
    assert last.counts["new"] == 60 and last.counts["fault"] == 0


def planned_codes(planted: dict[int, tuple[str, dict[str, str]]]) -> dict[int, tuple[str, dict[str, str]]]:
    return dict(sorted(planted.items()))


def test_a_reading_that_was_stopped_half_way_goes_on_where_it_stopped(kecamatan: Kecamatan, now: datetime) -> None:
    rows = register(300, seed=9)
    plan = kecamatan.plan(rows)

    class Stopped(Exception):
        pass

    def stop(done: int, total: int) -> None:
        raise Stopped

    with pytest.raises(Stopped):
        apply_import(kecamatan.app.deps, kecamatan.who(BIDAN), plan, now, stop)
    assert kecamatan.plan(rows).counts["same"] == 200
    # The old plan, carried on with, does no harm either: what is there stays as it is.
    apply_import(kecamatan.app.deps, kecamatan.who(BIDAN), plan, now)
    assert kecamatan.plan(rows).counts["same"] == 300


def test_a_csv_with_semicolons_reads_as_the_same_rows(kecamatan: Kecamatan) -> None:
    text = "Nama Anak;L/P;Lahir;Ibu;HP;Setuju\nAni;P;3 Mei 2026;Rina;081234000001;ya\n"
    rows = [dict(one) for one in csv.DictReader(io.StringIO(text), delimiter=";")]
    assert [fate.fate for fate in kecamatan.read_in(rows, by=KADER).fates] == [Fate.NEW]


def test_the_reasons_have_words_for_every_fault(kecamatan: Kecamatan) -> None:
    plan = kecamatan.plan([row(**{"TglLahir": "31/2/2026"})])
    _, (mend,) = rows_to_mend(kecamatan.app.deps, replace(plan), TODAY)
    assert mend["alasan"].startswith("Tgl Lahir: ") and mend["Nama Anak"] == "Ani"
