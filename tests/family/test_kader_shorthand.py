"""How kader write with one thumb: half sentences and words run together, by Thursday 10 December 2026."""

from __future__ import annotations

from datetime import date, time

import pytest

from sapa.family.reading.assisted import ADDRESS, PHONE, opens_family, read_family
from sapa.family.reading.attendance import Listed, may_be_attendance, read_attendance, wants_list
from sapa.family.reading.casework import Order
from sapa.family.reading.casework import read_order as read_case_order
from sapa.family.reading.kader import names_day, read_command, read_order
from sapa.family.reading.kader_schedule import read_parts

TODAY = date(2026, 12, 10)
KNOWN = ["Melati", "Mawar"]
LIST = [Listed(1, "ani", "Ani", "Rina"), Listed(2, "budi", "Budi", "Sari"), Listed(3, "edo", "Edo", "Tuti")]


def test_words_run_together_are_a_place_and_a_note() -> None:
    parts = read_parts("jdwl posyndu mlati tgl 14 jan jm 8 dibalai desa bw kms", TODAY, KNOWN)
    assert (parts.time, parts.place, parts.note) == (time(8), "balai desa", "bawa kms")
    assert read_parts("posyandu besok jam 8 dipustu", TODAY).place == "pustu"
    assert read_parts("posyandu besok dirumah bu rt", TODAY).place == "rumah bu rt"
    assert read_parts("posyandu besok jam 8 dibatalkan", TODAY).place is None


@pytest.mark.parametrize(
    ("text", "action"),
    [
        ("mau bikin jadwal", "session"),
        ("tolong buat jadwal baru", "session"),
        ("bikin jadwal mpasi", None),
        ("buat jadwal makan anak", None),
        ("diundur lg ke tgl 17", "moved"),
        ("dimajukan tgl 8 ya", "moved"),
        ("imunisasi anak diundur tgl 17", None),
        ("kontrol diundur tgl 17", None),
        ("posyandu jadi tgl 17", "moved"),
        ("posyandu melati jadinya tanggal 17 ya", "moved"),
        ("posyandu tgl 17 jadi", None),
        ("posyandu jadi tgl 17?", None),
        ("besok posyandu batal ya bidan sakit", "cancelled"),
        ("besok posyandu batal ya anak saya sakit", None),
    ],
)
def test_half_sentences_of_a_kader(text: str, action: str | None) -> None:
    wish = read_order(text, TODAY, KNOWN)
    assert (wish.action if wish else None) == action


@pytest.mark.parametrize("text", ["mau bikin jadwal", "diundur ke tgl 17", "posyandu jadi tgl 17"])
def test_what_only_a_kader_could_mean_is_no_order_of_anybody_else(text: str) -> None:
    wish = read_order(text, TODAY, KNOWN)
    assert wish is not None and not wish.firm


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("KIRIM", "send"),
        ("krim ya bu", "send"),
        ("kirim jadwal imunisasi", None),
        ("eh salah tempat", "slip"),
        ("aduh keliru tanggalnya", "slip"),
        ("salah satu anak saya sakit", None),
        ("saya kader", "help"),
    ],
)
def test_short_words_around_a_broadcast(text: str, kind: str | None) -> None:
    command = read_command(text)
    assert (command.kind if command else None) == kind


@pytest.mark.parametrize(
    ("text", "by_today"),
    [
        ("besok kerja bakti", True),
        ("nanti sore ada PMT", True),
        ("Jumat 11 Desember", False),
        ("nanti bawa KMS", False),
    ],
)
def test_words_that_mean_another_day_tomorrow(text: str, by_today: bool) -> None:
    assert names_day(text) is by_today


# --------------------------------------------------------------------------------------------------------- attendance


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("1,2,3 hadir", {"ani": True, "budi": True, "edo": True}),
        ("1 dan 3 tidak datang", {"ani": False, "edo": False}),
        ("hadir: 1 3\ntidak hadir: 2", {"ani": True, "edo": True, "budi": False}),
        ("hadir:\n1\n3", {"ani": True, "edo": True}),
        ("2 hadir", {"budi": True}),
    ],
)
def test_several_numbers_at_once(text: str, said: dict[str, bool]) -> None:
    read = read_attendance(text, TODAY, LIST)
    assert read.sure
    assert {line.keys[0]: line.came for line in read.lines} == said


@pytest.mark.parametrize("text", ["2 anak tidak datang", "3 balita hadir", "1 orang sakit"])
def test_a_count_is_no_number_of_the_list(text: str) -> None:
    assert not read_attendance(text, TODAY, LIST).sure


def test_a_day_without_its_month_is_the_last_there_was() -> None:
    assert read_attendance("edo tgl 8 8,4 71", TODAY, LIST).date.value == date(2026, 12, 8)
    assert read_attendance("edo tgl 30 8,4", TODAY, LIST).date.value == date(2026, 11, 30)
    assert not read_attendance("edo tgl 40 8,4", TODAY, LIST).date.usable


def test_her_own_child_is_registered_and_weighed_as_any_mother_does_it() -> None:
    assert not wants_list("daftar anak Ani perempuan lahir 3 mei 2026")
    assert wants_list("daftar anak posyandu") and wants_list("daftar hadir") and wants_list("semua sudah hadir")
    assert not may_be_attendance("anak saya Ani sudah timbang 8,2")
    assert may_be_attendance("anak bu rina 8,2")


# ------------------------------------------------------------------------------------------------- families and cases


def test_another_womans_pregnancy_is_never_the_kaders_own() -> None:
    text = "daftarkan bu tuti hamil hpht 1 juni 2026 hp 081234567890"
    assert opens_family(text)
    told = read_family(text, TODAY)
    assert (told.mother, told.pregnant, told.phone) == ("Tuti", True, "+6281234567890")
    assert not opens_family("daftar bu, saya hamil")
    assert not opens_family("daftarkan bu")


def test_lewati_is_no_address() -> None:
    assert read_family("lewati", TODAY, ADDRESS).address is None
    assert read_family("dekat masjid", TODAY, ADDRESS).address == "dekat masjid"
    assert read_family("lewati", TODAY, PHONE).phone is None


def test_ambil_alone_takes_the_one_case_there_is() -> None:
    order = read_case_order("AMBIL")
    assert order is not None and (order.order, order.number) == (Order.TAKE, None)
    assert read_case_order("ambil makanan") is None and read_case_order("tutup") is None
