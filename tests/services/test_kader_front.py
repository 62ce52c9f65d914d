"""The kader's dialogue as she and her families meet it: nothing is sent without KIRIM, nothing to those not meant."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest

from sapa.bootstrap import App
from sapa.services import staff
from tests.kader_phones import (
    ADMIN,
    BIDAN,
    KADER,
    MAWAR,
    MELATI,
    MOTHER,
    OTHER_KADER,
    STRANGER,
    KaderVillage,
)

PREVIEW, WAITING = "kader/siar/pratinjau", "kader/siar/menunggu"
PLAN = "JADWAL posyandu 14 Januari jam 8 di balai desa"


@pytest.fixture
def database_url(one_database: str) -> str:
    """One kind is enough here: what it is asked is asked of both in test_posyandu_day.py and test_broadcasts.py."""
    return one_database


@pytest.fixture
def village(app: App, now: datetime) -> KaderVillage:
    return KaderVillage(app, now)


# --------------------------------------------------------------------------------------------------- a day is called


def test_a_day_is_called_after_a_preview_and_the_word_kirim(village: KaderVillage) -> None:
    mother, elsewhere = village.family(1), village.family(2, MAWAR)
    assert village.say(KADER, PLAN + ", bawa KMS") == [PREVIEW]
    shown = village.heard(KADER)
    assert "Kamis, 14 Januari 2027" in shown and "bawa KMS" in shown and "1 keluarga" in shown
    assert village.say(KADER, "KIRIM") == [WAITING]
    assert village.told(mother) == [] and village.days() == ["2026-12-10 08:00"]
    village.wait(minutes=3)
    assert [row.content_id for row in village.told(mother)] == ["siar/jadwal"]
    assert village.told(elsewhere) == []
    assert village.days() == ["2026-12-10 08:00", "2027-01-14 08:00"]


@pytest.mark.parametrize("word", ["ya", "ok", "setuju", "benar", "lanjut"])
def test_no_other_word_sends(village: KaderVillage, word: str) -> None:
    mother = village.family(1)
    village.say(KADER, PLAN)
    assert village.say(KADER, word) == ["kader/siar/ketik-kirim"]
    village.wait(minutes=5)
    assert village.told(mother) == []
    assert village.say(KADER, "kirim ya bu") == [WAITING]


def test_what_is_missing_is_asked_one_thing_at_a_time(village: KaderVillage) -> None:
    assert village.say(KADER, "JADWAL posyandu jam 8") == ["kader/siar/tanya-tanggal"]
    assert village.say(KADER, "bulan depan") == ["kader/siar/tanya-tanggal"]
    assert village.say(KADER, "14 januari") == ["kader/siar/tanya-tempat"]
    assert "Balai Desa" in village.heard(KADER)
    assert village.say(KADER, "sama") == [PREVIEW]
    assert "14 Januari 2027" in village.heard(KADER) and "di Balai Desa" in village.heard(KADER).replace("Di", "di")


def test_the_hour_and_a_bare_day_answer_their_questions(village: KaderVillage) -> None:
    assert village.say(KADER, "buat jadwal posyandu di pustu") == ["kader/siar/tanya-tanggal"]
    assert village.say(KADER, "20") == ["kader/siar/tanya-jam"]
    assert village.say(KADER, "jam 25") == ["kader/siar/tanya-jam"]
    assert "tidak ada" in village.heard(KADER)
    assert village.say(KADER, "8.30") == [PREVIEW]
    assert "20 Desember 2026" in village.heard(KADER) and "08.30" in village.heard(KADER)


def test_a_change_is_shown_before_it_is_sent(village: KaderVillage) -> None:
    village.say(KADER, PLAN)
    assert village.say(KADER, "UBAH") == ["kader/siar/tanya-ubah"]
    assert village.say(KADER, "jam 9 di rumah Bu RT") == [PREVIEW]
    assert "09.00" in village.heard(KADER) and "rumah Bu RT" in village.heard(KADER)
    assert village.say(KADER, "ubah tanggal jadi 15 januari") == [PREVIEW]
    assert "15 Januari" in village.heard(KADER)


def test_a_past_day_and_a_day_that_is_taken_are_explained_and_asked_again(village: KaderVillage) -> None:
    assert village.say(KADER, "JADWAL posyandu 20 november jam 8 di balai desa") == ["kader/siar/tanya-tanggal"]
    assert "sudah lewat" in village.heard(KADER)
    assert village.say(KADER, "10 desember") == ["kader/siar/tanya-tanggal"]
    assert "sudah ada posyandu" in village.heard(KADER)
    assert village.say(KADER, "14 januari") == [PREVIEW]


@pytest.mark.parametrize("other", ["LAPORAN", "AMBIL 12", "KASUS", "cara memindah jadwal"])
def test_other_work_in_between_is_no_answer_to_the_question(village: KaderVillage, other: str) -> None:
    assert village.say(KADER, "JADWAL posyandu 14 januari jam 8") == ["kader/siar/tanya-tempat"]
    assert PREVIEW not in village.say(KADER, other)
    assert village.say(KADER, "pustu") == [PREVIEW]
    assert "pustu" in village.heard(KADER)


def test_the_same_message_worked_on_twice_is_one_broadcast(village: KaderVillage) -> None:
    mother = village.family(1)
    village.say(KADER, PLAN)
    village.say(KADER, "KIRIM", times=3)
    village.wait(minutes=3)
    village.wait(minutes=3)
    assert len(village.told(mother)) == 1


# ------------------------------------------------------------------------------------------------------ it is undone


def test_batal_within_two_minutes_takes_it_back(village: KaderVillage) -> None:
    mother = village.family(1)
    village.say(KADER, PLAN)
    village.say(KADER, "KIRIM")
    assert village.say(KADER, "BATAL") == ["kader/siar/dibatalkan"]
    village.wait(minutes=10)
    assert village.told(mother) == [] and village.days() == ["2026-12-10 08:00"]


def test_batal_after_two_minutes_says_how_the_day_is_cancelled(village: KaderVillage) -> None:
    mother = village.family(1)
    village.say(KADER, PLAN)
    village.say(KADER, "KIRIM")
    village.wait(minutes=3)
    assert village.say(KADER, "batal") == ["kader/siar/terlambat-batal"]
    assert "batalkan posyandu Kamis, 14 Januari 2027" in village.heard(KADER).replace("*", "")
    assert len(village.told(mother)) == 1


def test_batal_before_kirim_leaves_everything_as_it_was(village: KaderVillage) -> None:
    village.say(KADER, PLAN)
    assert village.say(KADER, "batal") == ["dialog/perjalanan/batal"]
    assert village.say(KADER, "KIRIM") != [WAITING]


def test_nobody_undoes_what_somebody_else_sent(village: KaderVillage) -> None:
    village.family(1)
    village.say(KADER, PLAN)
    village.say(KADER, "KIRIM")
    assert village.say(OTHER_KADER, "BATAL") != ["kader/siar/dibatalkan"]


# ---------------------------------------------------------------------------------------------- moved and cancelled


def test_a_moved_day_is_told_to_those_who_knew_the_old_one_alone(village: KaderVillage) -> None:
    knows = village.family(1)
    village.say(KADER, PLAN)
    village.say(KADER, "KIRIM")
    village.wait(minutes=3)
    new = village.family(2)
    assert village.say(KADER, "pindah posyandu tanggal 14 januari ke 16 januari jam 9") == [PREVIEW]
    # Two families: one was told of the 14th, one came after.
    assert "1 keluarga yang sudah diberi tahu" in village.heard(KADER)
    village.say(KADER, "KIRIM")
    village.wait(minutes=3)
    assert [row.content_id for row in village.told(knows)] == ["siar/jadwal", "siar/pindah"]
    assert village.told(new) == []
    assert village.days() == ["2026-12-10 08:00", "2027-01-16 09:00"]


def test_where_only_one_day_is_planned_its_date_need_not_be_said(village: KaderVillage) -> None:
    assert village.say(KADER, "posyandu diundur") == ["kader/siar/tanya-tanggal"]
    assert village.say(KADER, "tanggal 12") == [PREVIEW]
    assert "12 Desember 2026" in village.heard(KADER)


def test_where_several_days_are_planned_it_is_asked_which(village: KaderVillage) -> None:
    village.family(1)
    village.say(KADER, PLAN)
    village.say(KADER, "KIRIM")
    village.wait(minutes=3)
    assert village.say(KADER, "batalkan posyandu") == ["kader/siar/tanya-sesi"]
    assert village.say(KADER, "2") == [PREVIEW]
    assert "14 Januari 2027" in village.heard(KADER)
    village.say(KADER, "KIRIM")
    village.wait(minutes=3)
    assert village.days() == ["2026-12-10 08:00"]


def test_a_day_that_is_not_planned_cannot_be_moved(village: KaderVillage) -> None:
    assert village.say(OTHER_KADER, "pindah posyandu tanggal 10 ke 12 desember") == ["kader/siar/tidak-ada-sesi"]


def test_only_the_hour_or_the_place_changes_too(village: KaderVillage) -> None:
    assert village.say(KADER, "posyandu tanggal 10 jadi jam 9") == [PREVIEW]
    village.say(KADER, "KIRIM")
    village.wait(minutes=3)
    assert village.days() == ["2026-12-10 09:00"]


# ----------------------------------------------------------------------------------------------------- announcements


def test_an_announcement_goes_out_word_for_word(village: KaderVillage) -> None:
    mother = village.family(1)
    assert village.say(KADER, "UMUMKAN Besok ada penyuluhan gizi di balai desa.") == [PREVIEW]
    assert "Besok ada penyuluhan gizi di balai desa." in village.heard(KADER)
    village.say(KADER, "KIRIM")
    village.wait(minutes=3)
    assert "Besok ada penyuluhan gizi di balai desa." in village.told(mother)[0].text


@pytest.mark.parametrize(
    "text",
    ["klik http://hadiah.example ya", "transfer iuran ke rekening 123456789", "x" * 900],
)
def test_links_money_and_length_are_refused_with_the_reason(village: KaderVillage, text: str) -> None:
    assert village.say(KADER, f"UMUMKAN {text}") == ["kader/siar/tanya-isi"]
    assert village.say(KADER, "Besok kerja bakti.") == [PREVIEW]


def test_a_second_announcement_of_a_day_waits(village: KaderVillage) -> None:
    village.family(1)
    village.say(KADER, "UMUMKAN Besok kerja bakti.")
    village.say(KADER, "KIRIM")
    village.wait(minutes=3)
    assert village.say(KADER, "UMUMKAN Lusa kerja bakti.") == ["kader/siar/tidak-bisa"]


def test_the_label_alone_asks_what_it_shall_be(village: KaderVillage) -> None:
    assert village.say(KADER, "mau siaran dong", "flow/kader-siar") == ["kader/siar/tanya-apa"]
    assert village.say(KADER, "umumkan") == ["kader/siar/tanya-isi"]
    assert village.say(KADER, "Besok kerja bakti.") == [PREVIEW]


# ------------------------------------------------------------------------------------------------------ who may not


@pytest.mark.parametrize("text", [PLAN, "pindah posyandu tanggal 10 ke 12 desember", "UMUMKAN besok kerja bakti"])
def test_a_stranger_is_refused_and_nothing_is_kept(village: KaderVillage, text: str) -> None:
    mother = village.family(1)
    assert village.say(STRANGER, text) == ["kader/bukan-kader"]
    village.say(STRANGER, "KIRIM", button_payload="KIRIM")
    village.wait(minutes=5)
    assert village.told(mother) == [] and village.days() == ["2026-12-10 08:00"]


def test_a_mother_is_told_the_day_she_may_have_meant(village: KaderVillage) -> None:
    mother = village.family(1)
    assert village.say(mother, "posyandu tanggal 10 batal") == ["kader/bukan-kader", "posyandu/jadwal"]
    assert village.say(mother, "jadwal posyandu kapan?", "posyandu/jadwal") == ["posyandu/jadwal"]


def test_a_kader_cannot_send_for_another_posyandu(village: KaderVillage) -> None:
    village.family(1, MAWAR)
    village.say(KADER, "JADWAL posyandu Mawar 14 Januari jam 8 di balai desa")
    assert "Melati" in village.heard(KADER) and "Mawar" not in village.heard(KADER)


def test_a_bidan_of_several_posyandu_is_asked_which(village: KaderVillage) -> None:
    assert village.say(BIDAN, PLAN) == ["kader/siar/tanya-posyandu"]
    assert village.say(BIDAN, "mawar") == [PREVIEW]
    assert "Posyandu Mawar" in village.heard(BIDAN)
    assert village.say(BIDAN, "JADWAL posyandu Melati 15 Januari jam 8 di pustu") == [PREVIEW]
    assert "Posyandu Melati" in village.heard(BIDAN)


def test_an_admin_has_no_families_to_call(village: KaderVillage) -> None:
    assert village.say(ADMIN, PLAN) == ["kader/bukan-kader"]


def test_whose_role_is_taken_while_she_writes_sends_nothing(village: KaderVillage) -> None:
    mother = village.family(1)
    village.say(KADER, PLAN)
    who = village.who(KADER)
    assert who is not None
    with village.app.store.transaction() as tx:
        assert staff.revoke(tx, who.roles[0].id, None, village.now)
    assert village.say(KADER, "KIRIM") == ["kader/bukan-kader"]
    village.wait(minutes=5)
    assert village.told(mother) == []


# ------------------------------------------------------------------------------------------------------- commands


def test_progress_is_told_while_it_goes(village: KaderVillage) -> None:
    village.family(1)
    village.family(2)
    village.say(KADER, PLAN)
    village.say(KADER, "KIRIM")
    assert village.say(KADER, "sampai mana?") == ["kader/siar/sampai-mana"]
    assert "BATAL" in village.heard(KADER)
    village.wait(minutes=3)
    village.say(KADER, "sampai mana")
    assert "untuk 2 keluarga" in village.heard(KADER)


def test_the_report_says_what_became_of_it(village: KaderVillage) -> None:
    assert village.say(KADER, "LAPORAN") == ["kader/laporan"]
    assert "Belum ada siaran" in village.heard(KADER)
    village.family(1)
    village.say(KADER, PLAN)
    village.say(KADER, "KIRIM")
    village.wait(minutes=3)
    assert village.say(KADER, "laporan") == ["kader/laporan"]
    assert "untuk 1 keluarga" in village.heard(KADER)
    assert village.say(OTHER_KADER, "laporan") == ["kader/laporan"]
    assert "Belum ada siaran" in village.heard(OTHER_KADER)


def test_her_days_are_listed(village: KaderVillage) -> None:
    assert village.say(KADER, "JADWAL") == ["kader/jadwal"]
    assert "10 Desember 2026" in village.heard(KADER)
    assert village.say(OTHER_KADER, "jadwal posyandu?") == ["kader/jadwal"]
    assert "Belum ada" in village.heard(OTHER_KADER)


TASKS = {
    "cara membuat jadwal posyandu": "menjadwalkan",
    "cara memindah jadwal": "memindah",
    "bagaimana cara membatalkan posyandu": "membatalkan",
    "cara mengirim pengumuman": "mengumumkan",
    "cara lihat laporan": "laporan",
    "gimana cara catat timbangan": "hadir",
    "gimana kalau ada ibu tidak datang": "tidak-datang",
    "cara daftarkan keluarga tanpa hp": "daftar-keluarga",
    "cara jawab kasus": "kasus",
    "cara undang kader baru": "undang",
    "cara masuk konsol": "konsol",
    "cara ikut pelajaran": "pelajaran",
}


@pytest.mark.parametrize(("question", "task"), TASKS.items())
def test_she_can_ask_how_each_of_her_tasks_is_done(village: KaderVillage, question: str, task: str) -> None:
    assert village.say(KADER, question) == [f"kader/cara/{task}"]
    assert village.say(MOTHER, question) != [f"kader/cara/{task}"]


def test_there_is_an_answer_for_every_task_and_no_other(app: App) -> None:
    written = {one.removeprefix("kader/cara/") for one in app.content.ids() if one.startswith("kader/cara/")}
    assert written == set(TASKS.values())


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("anak saya demam, boleh imunisasi?", "imunisasi/saat-sakit"),
        ("makanan ibu hamil apa saja", "hamil/makanan"),
        ("jadwal imunisasi", "imunisasi/jadwal"),
    ],
)
def test_a_kader_who_is_a_mother_is_answered_as_any_mother(village: KaderVillage, text: str, label: str) -> None:
    assert village.say(KADER, text, label) == [label]


def test_she_is_shown_what_she_can_write(village: KaderVillage) -> None:
    assert village.say(KADER, "bantuan kader") == ["kader/bantuan"]
    assert village.say(MOTHER, "bantuan kader") != ["kader/bantuan"]


# ----------------------------------------------------------------------------------------------------- invitations


def _code(village: KaderVillage, phone: str = KADER, text: str = "UNDANG KADER") -> str:
    assert village.say(phone, text) == ["kader/undangan/kode", "kader/undangan/teruskan"]
    found = re.search(r"KADER (\d{6})", village.heard(phone))
    assert found is not None
    return found[1]


def test_a_kader_invites_another_with_a_one_time_code(village: KaderVillage) -> None:
    code = _code(village)
    assert village.say(STRANGER, f"KADER {code}") == ["kader/undangan/persetujuan"]
    assert "Rina" not in village.heard(STRANGER)
    assert village.say(STRANGER, "setuju") == ["kader/undangan/tanya-nama"]
    assert village.say(STRANGER, "nama saya wati") == ["kader/undangan/selesai"]
    who = village.who(STRANGER)
    assert who is not None and who.name == "Wati" and who.by_name == {MELATI}
    assert [row.content_id for row in village.told(KADER, "kader/undangan/kabar")] == ["kader/undangan/kabar-bergabung"]
    assert village.say(STRANGER, PLAN) == [PREVIEW]


def test_a_code_is_used_once(village: KaderVillage) -> None:
    code = _code(village)
    for text in (f"KADER {code}", "setuju", "Wati"):
        village.say(STRANGER, text)
    assert village.say(MOTHER, f"KADER {code}") == ["kader/undangan/kode-salah"]
    assert "sudah dipakai" in village.heard(MOTHER)


def test_a_code_is_good_for_seven_days(village: KaderVillage) -> None:
    code = _code(village)
    village.now += timedelta(days=7, minutes=1)
    assert village.say(STRANGER, f"KADER {code}") == ["kader/undangan/kode-salah"]
    assert village.who(STRANGER) is None


def test_who_guesses_codes_is_told_to_wait_even_with_a_right_one(village: KaderVillage) -> None:
    code = _code(village)
    for guess in range(5):
        village.say(STRANGER, f"KADER 00000{guess}")
    assert village.say(STRANGER, f"KADER {code}") == ["kader/undangan/kode-salah"]
    assert "satu jam" in village.heard(STRANGER)


def test_a_code_of_somebody_who_left_opens_nothing(village: KaderVillage) -> None:
    code = _code(village)
    who = village.who(KADER)
    assert who is not None
    with village.app.store.transaction() as tx:
        staff.revoke(tx, who.roles[0].id, None, village.now)
    assert village.say(STRANGER, f"KADER {code}") == ["kader/undangan/kode-salah"]


def test_without_consent_nobody_is_enrolled(village: KaderVillage) -> None:
    code = _code(village)
    village.say(STRANGER, f"KADER {code}")
    assert village.say(STRANGER, "tidak") == ["kader/undangan/ditolak"]
    assert village.who(STRANGER) is None


def test_who_is_kader_already_needs_no_code(village: KaderVillage) -> None:
    code = _code(village)
    assert village.say(KADER, f"KADER {code}") == ["kader/undangan/sudah"]


def test_a_bidan_says_for_which_posyandu_she_invites(village: KaderVillage) -> None:
    assert village.say(BIDAN, "undang kader") == ["kader/undangan/untuk-mana"]
    code = _code(village, BIDAN, "undang kader mawar")
    for text in (f"KADER {code}", "setuju", "Wati"):
        village.say(STRANGER, text)
    who = village.who(STRANGER)
    assert who is not None and who.by_name == {MAWAR}


def test_only_an_admin_invites_a_bidan(village: KaderVillage) -> None:
    assert village.say(KADER, "undang bidan") == ["kader/undangan/tidak-bisa"]
    assert village.say(BIDAN, "undang bidan") == ["kader/undangan/tidak-bisa"]
    assert village.say(ADMIN, "undang bidan Desa Contoh") == ["kader/undangan/kode", "kader/undangan/teruskan"]


def test_invitations_of_a_day_are_counted(village: KaderVillage) -> None:
    for _ in range(10):
        _code(village)
    assert village.say(KADER, "UNDANG KADER") == ["kader/undangan/tidak-bisa"]
    village.now += timedelta(days=1)
    _code(village)


def test_no_stranger_invites(village: KaderVillage) -> None:
    assert "kader/undangan/kode" not in village.say(STRANGER, "UNDANG KADER")
