"""What a kader writes in her own words: days called, moved and cancelled, announcements, commands, and what is none."""

from __future__ import annotations

from datetime import date, time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sapa.family.reading.kader import (
    KaderWish,
    read_command,
    read_order,
    read_own_name,
    read_staff_code,
    says_change,
    says_send,
    without_change,
)
from sapa.family.reading.kader_schedule import Day, place_words, read_bare_day, read_parts, read_time, resolve

TODAY = date(2026, 11, 23)  # a Monday
KNOWN = ["Melati", "Mawar", "Anggrek 2"]


def _day(day: Day | None) -> Any:
    """Month and day, the bare number where no month was said, or what is wrong with it."""
    if day is None:
        return None
    return f"{day.value:%m-%d}" if day.value else day.number or day.wrong


def _said(wish: KaderWish | None) -> Any:
    """(what, day, day it moves to, hour, place, note, posyandu) or ("announcement", text)."""
    if wish is None:
        return None
    if wish.action == "announcement":
        return (wish.action, wish.text)
    parts = wish.parts
    hour = f"{parts.time:%H:%M}" if parts.time else None
    return (wish.action, _day(parts.day), _day(parts.new_day), hour, parts.place, parts.note, parts.posyandu)


ORDERS: list[tuple[str, Any]] = [
    (
        "JADWAL posyandu Melati 10 Desember jam 8 di balai desa, bawa buku KIA",
        ("session", "12-10", None, "08:00", "balai desa", "bawa buku KIA", "Melati"),
    ),
    ("jadwal posyandu tgl 10/12 jm 8 pagi", ("session", "12-10", None, "08:00", None, None, None)),
    ("posyandu besok jam 9 di rumah bu RT", ("session", "11-24", None, "09:00", "rumah bu RT", None, None)),
    (
        "posyandu hari sabtu jam 8.30 di balai banjar bawa KMS ya bu",
        ("session", "11-28", None, "08:30", "balai banjar", "bawa KMS", None),
    ),
    (
        "Jadwalkan posyandu kamis depan pukul 08.00-11.00 WITA tempat rumah Ibu Kader, jgn lupa bawa buku KIA dan KMS",
        ("session", "11-26", None, "08:00", "rumah Ibu Kader", "bawa buku KIA dan KMS", None),
    ),
    (
        "bawa buku KIA, posyandu melati tgl 10 desember jam 8 di balai desa",
        ("session", "12-10", None, "08:00", "balai desa", "bawa buku KIA", "Melati"),
    ),
    ("JADWAL Melati 10 des jam setengah 9", ("session", "12-10", None, "08:30", None, None, "Melati")),
    (
        "jam 8 pagi posyandu mawar tanggal 5 januari di pustu",
        ("session", "01-05", None, "08:00", "pustu", None, "Mawar"),
    ),
    ("posyandu lusa jam 9 pagi di polindes", ("session", "11-25", None, "09:00", "polindes", None, None)),
    ("di balai desa posyandu melati 12 des jam 8", ("session", "12-12", None, "08:00", "balai desa", None, "Melati")),
    ("jadwal posyandu 10-12-2026 pukul 8.00 wita di gereja", ("session", "12-10", None, "08:00", "gereja", None, None)),
    ("jdwl posyandu mlati tgl 10 des jm 8", ("session", "12-10", None, "08:00", None, None, "Melati")),
    ("posyandu tgl sepuluh desember jam delapan pagi di paud", ("session", "12-10", None, "08:00", "paud", None, None)),
    (
        "buat jadwal posyandu hari kamis jam 9 di rumah bu kader",
        ("session", "11-26", None, "09:00", "rumah bu kader", None, None),
    ),
    (
        "adakan posyandu tgl 15 desember jam 7.30 di lapangan",
        ("session", "12-15", None, "07:30", "lapangan", None, None),
    ),
    (
        "jadwal posyandu anggrek 2 tgl 20/12/2026 jam 09:00 tempat: rumah Pak RW",
        ("session", "12-20", None, "09:00", "rumah Pak RW", None, "Anggrek 2"),
    ),
    (
        "posyandu melati 3 hari lagi jam 8 di poskesdes",
        ("session", "11-26", None, "08:00", "poskesdes", None, "Melati"),
    ),
    (
        "jadwal posyandu jam 3 sore tgl 8 desember di sekolah SD 1",
        ("session", "12-08", None, "15:00", "sekolah SD 1", None, None),
    ),
    ("jadwal posyandu tgl 8 desember jam 2 di masjid", ("session", "12-08", None, "14:00", "masjid", None, None)),
    (
        "posyandu tgl 8 desember jam 8 sampai selesai di aula kantor desa",
        ("session", "12-08", None, "08:00", "aula kantor desa", None, None),
    ),
    ("posyandu tgl 8 des jam 8 s/d 11 di balai RW 03", ("session", "12-08", None, "08:00", "balai RW 03", None, None)),
    ("posyandu minggu 13 desember jam 8 di balai desa", ("session", "12-13", None, "08:00", "balai desa", None, None)),
    (
        "posyandu sabtu tgl 12 des pkl 8.00 dirumah bu dewi",
        ("session", "12-12", None, "08:00", "rumah bu dewi", None, None),
    ),
    ("jadwal posyandu bulan depan jam 8", ("session", "vague", None, "08:00", None, None, None)),
    ("jadwal posyandu 31 februari jam 8", ("session", "impossible", None, "08:00", None, None, None)),
    ("jadwal posyandu tgl 10 jam 25 di balai desa", ("session", 10, None, None, "balai desa", None, None)),
    ("jadwal posyandu jam 8", ("session", None, None, "08:00", None, None, None)),
    ("jadwal posyandu melati 20 november jam 8", ("session", "11-20", None, "08:00", None, None, "Melati")),
    (
        "posyandu melati 10 desember jam 8 di balai desa ada imunisasi dan vitamin A",
        ("session", "12-10", None, "08:00", "balai desa", "ada imunisasi dan vitamin A", "Melati"),
    ),
    (
        "jadwal posyandu 10 desember jam 8 di balai desa, mohon membawa KTP dan KK",
        ("session", "12-10", None, "08:00", "balai desa", "membawa KTP dan KK", None),
    ),
    (
        "jadwal posyandu hari ini jam 4 sore di rumah bu RT",
        ("session", "11-23", None, "16:00", "rumah bu RT", None, None),
    ),
    ("JADWAL POSYANDU MELATI KAMIS 10 DESEMBER JAM 8", ("session", "12-10", None, "08:00", None, None, "Melati")),
    (
        "tolong jadwalkan posyandu tgl 10 desember ya min, jam 8, balai desa",
        ("session", "12-10", None, "08:00", "balai desa", None, None),
    ),
    ("jadwalin posyandu besok jam 8 dong", ("session", "11-24", None, "08:00", None, None, None)),
    (
        "undang warga posyandu tgl 10 desember jam 9 di balai desa",
        ("session", "12-10", None, "09:00", "balai desa", None, None),
    ),
    (
        "info posyandu melati tgl 10 desember jam 8 bertempat di balai dusun",
        ("session", "12-10", None, "08:00", "balai dusun", None, "Melati"),
    ),
    ("posyandu tanggal 10 jam 9 lewat 15 di balai desa", ("session", 10, None, "09:15", "balai desa", None, None)),
    ("pindah posyandu tanggal 10 ke 12 desember", ("moved", 10, "12-12", None, None, None, None)),
    ("pindah posyandu tanggal 10 ke 12 desember jam 9", ("moved", 10, "12-12", "09:00", None, None, None)),
    ("posyandu tanggal 10 diundur", ("moved", 10, None, None, None, None, None)),
    ("posyandu melati diundur tanggal 12", ("moved", None, 12, None, None, None, "Melati")),
    ("posyandu tgl 10 diundur ke tgl 12", ("moved", 10, 12, None, None, None, None)),
    ("undur posyandu melati ke 15 desember", ("moved", None, "12-15", None, None, None, "Melati")),
    ("majukan posyandu tgl 17 ke tgl 15", ("moved", 17, 15, None, None, None, None)),
    ("pindahkan posyandu dari tanggal 10 desember ke tanggal 12", ("moved", "12-10", 12, None, None, None, None)),
    ("pindah jadwal posyandu jadi 12 desember dari tanggal 10", ("moved", 10, "12-12", None, None, None, None)),
    ("posyandu tanggal 10 jadi jam 9", ("moved", 10, None, "09:00", None, None, None)),
    ("posyandu tanggal 10 pindah ke rumah bu RT", ("moved", 10, None, None, "rumah bu RT", None, None)),
    ("posyandu 10 desember pindah tempat di gereja", ("moved", "12-10", None, None, "gereja", None, None)),
    ("geser posyandu tgl 10 ke hari sabtu", ("moved", 10, "11-28", None, None, None, None)),
    ("posyandu kamis diundur sabtu", ("moved", "11-26", "11-28", None, None, None, None)),
    ("posyandu besok diundur lusa jam 8", ("moved", "11-24", "11-25", "08:00", None, None, None)),
    ("ganti jam posyandu tanggal 10 jadi jam 10", ("moved", 10, None, "10:00", None, None, None)),
    (
        "ganti jadwal posyandu 10 desember menjadi 14 desember jam 8 di pustu",
        ("moved", "12-10", "12-14", "08:00", "pustu", None, None),
    ),
    ("posyandu ditunda", ("moved", None, None, None, None, None, None)),
    ("posyandu melati tgl 10 des -> 12 des", ("moved", "12-10", "12-12", None, None, None, "Melati")),
    ("ubah jadwal posyandu tgl 10 jadi tgl 11", ("moved", 10, 11, None, None, None, None)),
    ("jadwal posyandu dipindah ke tanggal 12", ("moved", None, 12, None, None, None, None)),
    ("posyandu tanggal 10 dimajukan tanggal 8", ("moved", 10, 8, None, None, None, None)),
    ("mundurkan posyandu tgl 10 ke tgl 14 jam setengah 8", ("moved", 10, 14, "07:30", None, None, None)),
    ("posyandu tanggal 10 batal", ("cancelled", 10, None, None, None, None, None)),
    ("batalkan posyandu tanggal 10", ("cancelled", 10, None, None, None, None, None)),
    ("posyandu libur tgl 10", ("cancelled", 10, None, None, None, None, None)),
    ("posyandu besok ditiadakan", ("cancelled", "11-24", None, None, None, None, None)),
    ("batalkan posyandu melati", ("cancelled", None, None, None, None, None, "Melati")),
    ("posyandu tgl 10 desember tidak jadi", ("cancelled", "12-10", None, None, None, None, None)),
    ("posyandu batal", ("cancelled", None, None, None, None, None, None)),
    ("tolong batalin posyandu tgl 10 karena hujan", ("cancelled", 10, None, None, None, "karena hujan", None)),
    ("posyandu melati tanggal 10 dibatalkan", ("cancelled", 10, None, None, None, None, "Melati")),
    ("hapus jadwal posyandu tgl 10 desember", ("cancelled", "12-10", None, None, None, None, None)),
    ("pengumuman: besok ada penyuluhan", ("announcement", "besok ada penyuluhan")),
    ("UMUMKAN besok ada kerja bakti", ("announcement", "besok ada kerja bakti")),
    ("tolong umumkan ke semua ibu: posyandu pindah ruang", ("announcement", "posyandu pindah ruang")),
    ("kabari ibu-ibu besok ada vaksin", ("announcement", "besok ada vaksin")),
    ("Pengumuman untuk warga: imunisasi kejar hari Jumat", ("announcement", "imunisasi kejar hari Jumat")),
    ("siarkan ke semua ibu balita, besok ada PMT", ("announcement", "besok ada PMT")),
    ("sebarkan: bawa buku KIA", ("announcement", "bawa buku KIA")),
    ("umumkan kepada ibu hamil bahwa kelas ibu hari Senin", ("announcement", "kelas ibu hari Senin")),
    ("UMUMKAN", ("announcement", "")),
    ("pengumuman", ("announcement", "")),
    ("jadwal posyandu", None),
    ("jadwal posyandu kapan?", None),
    ("jadwal posyandu besok jam berapa", None),
    ("posyandu besok jadi ga", None),
    ("pindah posyandu ke mawar", None),
    ("kami pindah ke posyandu mawar", None),
    ("mau pindah posyandu", None),
    ("ganti posyandu", None),
    ("kemarin ke posyandu jam 9", None),
    ("anak saya besok posyandu jam 9", None),
    ("jadwal imunisasi ani 10 desember", None),
    ("besok saya ke posyandu jam 8", None),
    ("sudah posyandu tadi jam 9", None),
    ("posyandu libur ga bulan puasa", None),
    ("pengumuman posyandu ada?", None),
    ("kasih tahu ibu hamil boleh makan nanas tidak", None),
    ("jadwal saya", None),
    ("ani 8,2 72,5", None),
    ("daftar anak Ani lahir 3 mei 2026 posyandu melati", None),
    ("batal", None),
    ("/flow/kader-siar", None),
]


@pytest.mark.parametrize(("text", "said"), ORDERS, ids=[text for text, _ in ORDERS])
def test_an_order_is_read_in_her_own_words_and_any_order(text: str, said: Any) -> None:
    assert _said(read_order(text, TODAY, KNOWN)) == said


def test_a_form_of_several_lines_is_one_order() -> None:
    text = "Posyandu Melati\nTanggal: 10 Desember 2026\nJam: 08.00\nTempat: Balai Desa\nBawa: buku KIA"
    assert _said(read_order(text, TODAY, KNOWN)) == (
        "session", "12-10", None, "08:00", "Balai Desa", "bawa buku KIA", "Melati",
    )  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        "JADWAL posyandu 10 Desember jam 8",
        "pindah posyandu tanggal 10 ke 12 desember",
        "batalkan posyandu tanggal 10",
        "UMUMKAN besok ada kerja bakti",
        "pengumuman: besok ada penyuluhan",
    ],
)
def test_what_is_plainly_an_order_is_refused_to_a_stranger(text: str) -> None:
    wish = read_order(text, TODAY, KNOWN)
    assert wish is not None and wish.firm


# What a mother writes; some of it a kader may write too, and then it is an order, but a mother is never refused for it.
@pytest.mark.parametrize(
    "text",
    [
        "posyandu besok jam 9 di rumah bu RT",
        "posyandu batal",
        "kabari ibu-ibu besok ada vaksin",
        "jadwal desember",
        "jadwal posyandu maret",
        "jadwal misa malam paskah di katedral",
        "baru pindah posyandu, anak umur 11 bulan mau ikut diingetin",
        "tolong jadwalkan kunjungan bidan ke rumah",
        "besok saya bawa anak ke posyandu untuk ditimbang",
        "nama posyandu kami ganti jadi Mawar Putih, perbarui",
        "jadwal kapal fery kupang rote besok ada ga",
        "bu kader, tolong dicatat saya absen posyandu besok",
        "adiknya tidak bangun lagi rabu pagi, tolong tidak ada pengingat posyandu",
        "saya lari dari rumah semalam, mau nanya cara ganti posyandu",
    ],
)
def test_a_mother_is_not_refused_for_what_she_writes(text: str) -> None:
    wish = read_order(text, TODAY, KNOWN)
    assert wish is None or not wish.firm


# ------------------------------------------------------------------------------------------------------ the parts

HOURS: list[tuple[str, time | None]] = [
    ("jam 8", time(8)),
    ("8", time(8)),
    ("8.30", time(8, 30)),
    ("jam setengah 9", time(8, 30)),
    ("pukul 07.45 wib", time(7, 45)),
    ("jam 8an", time(8)),
    ("jam 9 kurang 15", time(8, 45)),
    ("jam 9 lewat 10", time(9, 10)),
    ("jam 10 pagi", time(10)),
    ("jam 12 siang", time(12)),
    ("jam 1 siang", time(13)),
    ("jam 2", time(14)),  # nobody holds a posyandu at two in the night
    ("jam 4 sore", time(16)),
    ("jam delapan", time(8)),
    ("dari jam 8 jadi jam 9", time(9)),
    ("jam 25", None),
    ("pagi", None),
]


@pytest.mark.parametrize(("text", "hour"), HOURS)
def test_an_hour_is_read_as_it_is_said(text: str, hour: time | None) -> None:
    assert read_time(text) == hour


def test_an_hour_that_does_not_exist_is_told_from_none() -> None:
    assert read_parts("posyandu besok jam 25", TODAY).bad_time
    assert not read_parts("posyandu besok", TODAY).bad_time


RESOLVED = [
    # On 23 November: the 28th is still to come, the 10th is next month's.
    (Day(number=28), None, date(2026, 11, 28)),
    (Day(number=10), None, date(2026, 12, 10)),
    (Day(number=23), None, date(2026, 11, 23)),
    (Day(number=31), None, date(2026, 12, 31)),  # November has 30 days
    # "28 november ke 2": 2 December is 4 days away, 2 January 35.
    (Day(number=2), date(2026, 11, 28), date(2026, 12, 2)),
    # "10 januari ke 8": 8 January is 2 days away, 8 February 29.
    (Day(number=8), date(2027, 1, 10), date(2027, 1, 8)),
    (Day(wrong="vague"), None, None),
    (None, None, None),
]


@pytest.mark.parametrize(("day", "near", "resolved"), RESOLVED)
def test_a_number_alone_is_the_next_such_day_or_the_nearest_to_the_old_one(
    day: Day | None, near: date | None, resolved: date | None
) -> None:
    assert resolve(day, TODAY, near) == resolved


def test_a_day_just_gone_is_not_moved_to_next_year() -> None:
    parts = read_parts("jadwal posyandu 20 november jam 8", TODAY)
    assert parts.day == Day(date(2026, 11, 20))


@pytest.mark.parametrize(
    ("text", "number"), [("10", 10), ("tanggal 10", 10), ("tgl 5 ya", 5), ("dua", None), ("", None)]
)
def test_a_bare_day_answers_the_question_for_it(text: str, number: int | None) -> None:
    day = read_bare_day(text)
    assert (day.number if day else None) == number


@pytest.mark.parametrize(
    ("text", "place"),
    [("di rumah Bu RT ya", "rumah Bu RT"), ("tempatnya di Balai Desa", "Balai Desa"), ("Pustu", "Pustu"), ("di", "")],
)
def test_a_place_is_kept_without_what_stands_around_it(text: str, place: str) -> None:
    assert place_words(text) == place


# --------------------------------------------------------------------------------------------------- the commands

COMMANDS: list[tuple[str, str | None]] = [
    ("BATAL", "undo"),
    ("batal dulu bu", "undo"),
    ("jangan dikirim", "undo"),
    ("batalkan siaran tadi", "undo"),
    ("LAPORAN", "report"),
    ("minta laporan posyandu", "report"),
    ("siapa yang belum baca", "report"),
    ("sampai mana", "progress"),
    ("sudah terkirim?", "progress"),
    ("JADWAL", "sessions"),
    ("jadwal posyandu?", "sessions"),
    ("jadwal saya", None),
    ("UNDANG KADER", "invite"),
    ("undang kader untuk Melati", "invite"),
    ("UNDANG BIDAN Desa Contoh", "invite"),
    ("PELAJARAN", "lessons"),
    ("mau pelajaran", "lessons"),
    ("STOP PELAJARAN", "lessons_stop"),
    ("bantuan kader", "help"),
    ("cara memindah jadwal", "memindah"),
    ("gimana cara catat timbangan", "hadir"),
    ("bagaimana membatalkan posyandu", "membatalkan"),
    ("cara mengirim pengumuman", "mengumumkan"),
    ("cara buat jadwal posyandu", "menjadwalkan"),
    ("bagaimana cara melihat laporan", "laporan"),
    ("gimana kalau ada ibu yang tidak datang", "tidak-datang"),
    ("cara daftarkan keluarga tanpa hp", "daftar-keluarga"),
    ("cara jawab kasus", "kasus"),
    ("gimana caranya undang kader baru", "undang"),
    ("cara masuk konsol", "konsol"),
    ("cara ikut pelajaran", "pelajaran"),
    # A kader is a mother too: these are hers as anybody's.
    ("gimana cara timbang anak saya", None),
    ("bagaimana jadwal imunisasi anak yang lahir bulan juli", None),
    ("cara lapor kdrt tanpa ketahuan", None),
    ("gimana cara pindah posyandu", None),
    ("bagaimana jadwal makan bayi", None),
    ("ani 8,2 72,5", None),
]


@pytest.mark.parametrize(("text", "command"), COMMANDS)
def test_a_command_is_the_whole_message(text: str, command: str | None) -> None:
    read = read_command(text)
    assert (None if read is None else read.topic or read.kind) == command


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("KADER 123456", "123456"),
        ("kader 123 456", "123456"),
        ("Tugas: 123456", "123456"),
        ("kode kader 123456", "123456"),
        ("BIDAN 123456", "123456"),
        ("IKUT 123456", None),
        ("123456", None),
        ("kader 12345", None),
        ("kader posyandu melati", None),
    ],
)
def test_an_invitation_is_taken_up_with_its_word_and_six_digits(text: str, code: str | None) -> None:
    assert read_staff_code(text) == code


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Wati", "Wati"),
        ("nama saya siti aminah.", "Siti Aminah"),
        ("saya Bu Dewi", "Bu Dewi"),
        ("ya", None),
        ("nama saya apa?", None),
        ("123456", None),
        ("/menu", None),
        ("saya mau jadi kader posyandu melati dong", None),
    ],
)
def test_her_own_name_is_read(text: str, name: str | None) -> None:
    assert read_own_name(text) == name


@pytest.mark.parametrize("text", ["KIRIM", "kirim ya bu", "ok kirim", "Kirim sekarang", "kirimkan"])
def test_only_the_word_itself_sends(text: str) -> None:
    assert says_send(text)


@pytest.mark.parametrize(
    "text", ["ya", "ok", "setuju", "jangan kirim", "kirim ke siapa?", "belum kirim", "benar", "👍"]
)
def test_a_yes_sends_nothing(text: str) -> None:
    assert not says_send(text)


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("UBAH", ""),
        ("ubah jam 9", "jam 9"),
        ("ubah tempat jadi rumah Bu RT", "di rumah Bu RT"),
        ("ganti tanggal jadi 12 desember", "tanggal 12 desember"),
        ("ubah jam jadi 9", "jam 9"),
    ],
)
def test_a_change_says_what_shall_be_new(text: str, rest: str) -> None:
    assert says_change(text)
    assert without_change(text).strip() == rest


# ---------------------------------------------------------------------------------------------------- any text at all

_VOCABULARY = """
jadwal posyandu melati mawar pindah batal batalkan umumkan tanggal tgl 10 12 31 desember besok sabtu jam 8 25 9.30 di
balai desa bawa buku kia ke dari jadi - : , ? 10/12 kader 123456 cara ubah kirim
"""
_WORDS = st.sampled_from(_VOCABULARY.split())


@given(st.one_of(st.text(max_size=200), st.lists(_WORDS, max_size=25).map(" ".join)))
def test_no_text_at_all_makes_a_reader_fail(text: str) -> None:
    wish = read_order(text, TODAY, KNOWN)
    read_command(text), read_staff_code(text), read_time(text), read_bare_day(text), without_change(text)
    if wish is not None and wish.action != "announcement":
        for day in (wish.parts.day, wish.parts.new_day):
            assert day is None or (day.value is not None) + (day.number is not None) + (day.wrong is not None) == 1
