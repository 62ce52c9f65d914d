"""A kader's slips and second thoughts: a stale preview, KIRIM too early or twice, a day told without its month."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from sapa.bootstrap import App
from sapa.services import staff
from sapa.services.access import Role
from sapa.services.broadcasts import report_due
from tests.kader_phones import KADER, MAWAR, MELATI, STRANGER, KaderVillage

COLLEAGUE = "+6281200000095"
PREVIEW, WAITING, NOTHING = "kader/siar/pratinjau", "kader/siar/menunggu", "kader/siar/belum-ada-kiriman"
PLAN = "JADWAL posyandu 14 Januari jam 8 di balai desa"
EVENING = datetime(2026, 11, 23, 20, 30, tzinfo=ZoneInfo("Asia/Jakarta"))


@pytest.fixture
def database_url(one_database: str) -> str:
    """One kind is enough here: what it is asked is asked of both in test_posyandu_day.py and test_broadcasts.py."""
    return one_database


@pytest.fixture
def village(app: App, now: datetime) -> KaderVillage:
    return KaderVillage(app, now)


@pytest.fixture
def colleague(village: KaderVillage) -> str:
    with village.app.store.transaction() as tx:
        staff.enrol(tx, COLLEAGUE, "Tini", Role.KADER, MELATI, None, village.now)
    return COLLEAGUE


def called(village: KaderVillage, plan: str) -> None:
    assert village.say(KADER, plan) == [PREVIEW]
    assert village.say(KADER, "KIRIM") == [WAITING]
    village.wait(minutes=3)


# ------------------------------------------------------------------------------------------------ a preview that is old


def test_kirim_for_a_day_a_colleague_has_cancelled_asks_which_day(village: KaderVillage, colleague: str) -> None:
    called(village, PLAN)
    called(village, "JADWAL posyandu 11 februari jam 8 di pustu")
    assert village.say(KADER, "pindah posyandu 10 desember ke 12 desember") == [PREVIEW]
    village.say(colleague, "batalkan posyandu 10 desember")
    village.say(colleague, "KIRIM")
    village.wait(minutes=3)
    assert village.say(KADER, "KIRIM") == ["kader/siar/tanya-sesi"]
    village.wait(minutes=3)
    assert village.days() == ["2027-01-14 08:00", "2027-02-11 08:00"]


def test_kirim_for_a_day_that_has_begun_asks_for_another_and_goes_on(village: KaderVillage) -> None:
    village.say(KADER, "JADWAL posyandu besok jam 8 di pustu")
    village.now += timedelta(hours=25)
    assert village.say(KADER, "KIRIM") == ["kader/siar/tanya-tanggal"]
    assert village.say(KADER, "tanggal 28") == [PREVIEW]
    assert village.say(KADER, "KIRIM") == [WAITING]
    village.wait(minutes=3)
    assert village.days() == ["2026-11-28 08:00", "2026-12-10 08:00"]


def test_two_kader_call_the_same_day_and_the_second_is_asked_for_another(village: KaderVillage, colleague: str) -> None:
    village.say(KADER, PLAN)
    village.say(colleague, PLAN)
    village.say(colleague, "KIRIM")
    village.wait(minutes=3)
    assert village.say(KADER, "KIRIM") == ["kader/siar/tanya-tanggal"]


# ----------------------------------------------------------------------------------------------- KIRIM at other moments


def test_kirim_without_anything_to_send_says_so_and_again_says_how_far_it_is(village: KaderVillage) -> None:
    assert village.say(KADER, "KIRIM") == [NOTHING]
    village.say(KADER, PLAN)
    village.say(KADER, "KIRIM")
    assert village.say(KADER, "kirim") == ["kader/siar/sampai-mana"]
    assert village.say(STRANGER, "KIRIM") != [NOTHING]


def test_kirim_answers_no_other_question(village: KaderVillage) -> None:
    village.say(KADER, "JADWAL posyandu 14 januari jam 8")
    assert village.say(KADER, "krim") == [NOTHING, "kader/siar/tanya-tempat"]
    assert village.say(KADER, "balai desa") == [PREVIEW]
    assert "Di balai desa" in village.heard(KADER)


def test_kirim_is_no_announcement(village: KaderVillage) -> None:
    village.say(KADER, "UMUMKAN")
    assert village.say(KADER, "KIRIM") == [NOTHING, "kader/siar/tanya-isi"]


def test_a_slip_told_within_the_two_minutes_is_answered_with_the_way_back(village: KaderVillage) -> None:
    assert village.say(KADER, "eh salah tempat") != ["kader/siar/sampai-mana"]
    village.say(KADER, PLAN)
    village.say(KADER, "KIRIM")
    assert village.say(KADER, "eh salah tempat") == ["kader/siar/sampai-mana"]
    assert "BATAL" in village.heard(KADER)


# -------------------------------------------------------------------------------------------- another day, another text


@pytest.mark.parametrize(
    ("plan", "said", "meant"),
    [
        ("JADWAL posyandu 14 Januari jam 8 di pustu", "ehh salah harusnya tgl 15", "15 Januari 2027"),
        ("JADWAL posyandu 25 Desember jam 8 di pustu", "ya sudah tanggal 26", "26 Desember 2026"),
        ("JADWAL posyandu 1 Januari jam 8 di pustu", "tanggal 28", "28 Januari 2027"),
        ("JADWAL posyandu 30 November jam 8 di pustu", "tanggal 2", "2 Desember 2026"),
        ("pindah posyandu 10 Desember ke 6 Januari", "ubah tanggal 7", "7 Januari 2027"),
    ],
)
def test_a_day_told_again_without_its_month_stays_in_its_month(
    village: KaderVillage, plan: str, said: str, meant: str
) -> None:
    assert village.say(KADER, plan) == [PREVIEW]
    assert village.say(KADER, said) == [PREVIEW]
    assert meant in village.heard(KADER)


def test_a_new_text_of_an_announcement_is_no_order_about_a_day(village: KaderVillage) -> None:
    village.say(KADER, "UMUMKAN besok kerja bakti")
    assert village.say(KADER, "ubah jam 10") == ["kader/siar/tanya-ubah"]
    assert village.say(KADER, "besok posyandu jam 10 ada kerja bakti di balai desa") == [PREVIEW]
    assert "besok posyandu jam 10 ada kerja bakti" in village.heard(KADER)
    assert village.say(KADER, "ubah selasa 24 november kerja bakti jam 9 di posyandu") == [PREVIEW]
    assert "Pesan dari Rina" in village.heard(KADER)
    village.say(KADER, "KIRIM")
    village.wait(minutes=3)
    assert village.days() == ["2026-12-10 08:00"]


def test_of_two_posyandu_named_at_once_neither_is_taken(village: KaderVillage) -> None:
    with village.app.store.transaction() as tx:
        staff.enrol(tx, KADER, "Rina", Role.KADER, MAWAR, None, village.now)
    assert village.say(KADER, "UMUMKAN: bawa KMS") == ["kader/siar/tanya-posyandu"]
    assert PREVIEW not in village.say(KADER, "melati dan mawar")
    assert village.say(KADER, "melati") == [PREVIEW]


# ---------------------------------------------------------------------------------------------------------- the evening


def test_an_announcement_of_the_evening_can_be_taken_back_until_it_goes_out(village: KaderVillage) -> None:
    mother = village.family(1)
    village.now = EVENING
    village.say(KADER, "UMUMKAN kerja bakti hari Jumat")
    assert village.say(KADER, "KIRIM") == [WAITING]
    assert "07.00" in village.heard(KADER) and "menit" not in village.heard(KADER)
    village.wait(hours=3)
    assert village.say(KADER, "BATAL") == ["kader/siar/dibatalkan"]
    village.wait(hours=12)
    assert village.told(mother) == []


def test_too_late_in_the_evening_it_is_not_said_that_families_have_it(village: KaderVillage) -> None:
    mother = village.family(1)
    village.now = EVENING
    village.say(KADER, PLAN)
    village.say(KADER, "KIRIM")
    village.wait(minutes=3)
    assert village.say(KADER, "BATAL") == ["kader/siar/terlambat-batal"]
    assert "belum sampai" in village.heard(KADER) and "07.00" in village.heard(KADER)
    village.say(KADER, "batalkan posyandu 14 januari")
    village.say(KADER, "KIRIM")
    village.wait(hours=12)
    assert [row.content_id for row in village.told(mother) if row.state != "suppressed"] == []


@pytest.mark.parametrize(("text", "warned"), [("besok kerja bakti", True), ("Jumat 27 November kerja bakti", False)])
def test_besok_written_in_the_evening_is_warned_of(village: KaderVillage, text: str, warned: bool) -> None:
    village.now = EVENING
    village.say(KADER, f"UMUMKAN {text}")
    assert ("dengan tanggalnya" in village.heard(KADER)) is warned
    village.say(KADER, "BATAL")
    village.now = EVENING.replace(hour=9)
    village.say(KADER, f"UMUMKAN {text}")
    assert "dengan tanggalnya" not in village.heard(KADER)


# ---------------------------------------------------------------------------------------------------- her own questions


def test_a_kader_without_a_child_here_is_shown_the_days_she_works_on(village: KaderVillage) -> None:
    assert village.say(KADER, "posyandu saya kapan ya", "posyandu/jadwal") == ["kader/jadwal"]
    assert village.say(STRANGER, "posyandu saya kapan ya", "posyandu/jadwal") == ["posyandu/jadwal"]
    assert village.say(KADER, PLAN, "posyandu/jadwal") == [PREVIEW]


def test_a_broadcast_to_nobody_is_not_reported(village: KaderVillage) -> None:
    village.family(1)
    called(village, "batalkan posyandu 10 desember")
    village.now += timedelta(days=1)
    report_due(village.app.deps, village.now)
    assert village.told(KADER, "kader/siar/laporan") == []


def test_her_name_before_her_yes_is_not_lost(village: KaderVillage) -> None:
    village.say(KADER, "undang kader")
    code = village.heard(KADER).partition("KADER ")[2][:6]
    assert village.say(STRANGER, f"KADER {code}") == ["kader/undangan/persetujuan"]
    assert village.say(STRANGER, "nama saya Yuni") == ["kader/undangan/persetujuan"]
    assert village.say(STRANGER, "setuju") == ["kader/undangan/selesai"]
    assert "Yuni" in village.heard(STRANGER)


def test_a_day_cancelled_before_anybody_heard_of_it_sends_nobody_walking(village: KaderVillage) -> None:
    village.family(1)
    village.now = EVENING
    called(village, PLAN)
    called(village, "batalkan posyandu 14 januari")
    village.wait(hours=12)
    village.now += timedelta(days=2)
    report_due(village.app.deps, village.now)
    assert village.told(KADER, "kader/siar/laporan") == [] and village.told(KADER, "kader/siar/selesai") == []
    assert village.say(KADER, "KUNJUNGAN") == ["kader/hari/kunjungan-kosong"]
