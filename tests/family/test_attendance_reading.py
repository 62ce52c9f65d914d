"""Attendance as a kader types it on Thursday 10 December 2026, by a list on which two children are called Ani."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sapa.family.reading.attendance import (
    AttendanceLine,
    Listed,
    is_close,
    may_be_attendance,
    read_attendance,
    read_visited,
    wants_list,
    wants_visits,
)

TODAY = date(2026, 12, 10)
LIST = [
    Listed(1, "ani-rina", "Ani", "Rina"),
    Listed(2, "budi", "Budi Santoso", "Sari"),
    Listed(3, "citra", "Citra Dewi", "Maria"),
    Listed(4, "ani-sari", "Ani", "Sari"),
    Listed(5, "edo", "Edo", "Lina"),
    Listed(6, "bu-rina", "Rina", "Rina", pregnant=True),
    Listed(7, "mei", "Mei Lestari", "Tuti"),
    Listed(8, "rizki", "Muhammad Rizki", "Dewi"),
    Listed(9, "putri", "Siti Putri", None),
]

# text, who (several: to be asked; none: nobody of the list), came (None: by the numbers alone), kg, cm
LINES: list[tuple[str, tuple[str, ...], bool | None, float | None, float | None]] = [
    # by name
    ("Budi 8,2 72,5", ("budi",), None, 8.2, 72.5),
    ("budi 8.2 72.5", ("budi",), None, 8.2, 72.5),
    ("BUDI SANTOSO 8,2", ("budi",), None, 8.2, None),
    ("Budi 9 74", ("budi",), None, 9.0, 74.0),
    ("budi datang bb 8.2 tb 72.5", ("budi",), True, 8.2, 72.5),
    ("budi bb 8,2kg tb 72cm", ("budi",), None, 8.2, 72.0),
    ("Budi 8200 gram", ("budi",), None, 8.2, None),
    ("Budi 8,2/72,5", ("budi",), None, 8.2, 72.5),
    ("Citra 9/74", ("citra",), None, 9.0, 74.0),
    ("Budi: 8,2 - 72,5", ("budi",), None, 8.2, 72.5),
    ("Budi 72,5 8,2", ("budi",), None, 8.2, 72.5),
    ("santoso 8,2", ("budi",), None, 8.2, None),
    ("muh rizki 10,2", ("rizki",), None, 10.2, None),
    ("rizky 10,2 80", ("rizki",), None, 10.2, 80.0),
    ("putri 9", ("putri",), None, 9.0, None),
    ("Mei 10,1 80", ("mei",), None, 10.1, 80.0),
    ("mei lestari 10 80", ("mei",), None, 10.0, 80.0),
    # a lost comma is a weight that cannot be, never a length
    ("Edo 82", ("edo",), None, 82.0, None),
    ("edo 82 725", ("edo",), None, 82.0, 725.0),
    ("edo tb 82", ("edo",), None, None, 82.0),
    # who is meant where two have a name
    ("Ani 8,2", ("ani-rina", "ani-sari"), None, 8.2, None),
    ("Ani Bu Rina 8,2 72,5", ("ani-rina",), None, 8.2, 72.5),
    ("Ani (bu Sari) 8,2 72,5", ("ani-sari",), None, 8.2, 72.5),
    ("Ani, bu Sari 8,2", ("ani-sari",), None, 8.2, None),
    ("ani anak bu rina 8,2", ("ani-rina",), None, 8.2, None),
    ("anaknya bu maria 9,1", ("citra",), None, 9.1, None),
    ("1 Ani 8,2", ("ani-rina",), None, 8.2, None),
    # by number
    ("3 8,2 72,5", ("citra",), None, 8.2, 72.5),
    ("3. 8,2 72,5", ("citra",), None, 8.2, 72.5),
    ("no 3 8,2", ("citra",), None, 8.2, None),
    ("3 hadir", ("citra",), True, None, None),
    ("nomor 5 tidak datang", ("edo",), False, None, None),
    ("3 9 74", ("citra",), None, 9.0, 74.0),
    ("1. Budi 9 74", ("budi",), None, 9.0, 74.0),  # her own numbering: the name decides
    # came, or not
    ("Budi hadir", ("budi",), True, None, None),
    ("budi dtg", ("budi",), True, None, None),
    ("Budi sudah datang bu", ("budi",), True, None, None),
    ("Budi ✅", ("budi",), True, None, None),
    ("Budi tidak datang", ("budi",), False, None, None),
    ("budi gak dtg", ("budi",), False, None, None),
    ("Budi belum hadir", ("budi",), False, None, None),
    ("Budi absen", ("budi",), False, None, None),
    ("Edo x", ("edo",), False, None, None),
    ("Edo izin", ("edo",), False, None, None),
    ("Budi tidak datang karena sakit", ("budi",), False, None, None),
    # pregnant women
    ("Bu Rina (hamil) hadir 52,5", ("bu-rina",), True, 52.5, None),
    ("bumil rina hadir", ("bu-rina",), True, None, None),
    ("bu rina hadir", ("bu-rina",), True, None, None),
    ("bu rina 8,2", ("ani-rina",), None, 8.2, None),  # no woman weighs as much
    ("bu lina hadir", ("edo",), True, None, None),
    # nobody of the list
    ("Dodi 8,2 72,5", (), None, 8.2, 72.5),
    ("Dodi hadir", (), True, None, None),
]


@pytest.mark.parametrize(("text", "who", "came", "weight", "length"), LINES)
def test_one_line_says_who_and_what(
    text: str, who: tuple[str, ...], came: bool | None, weight: float | None, length: float | None
) -> None:
    reading = read_attendance(text, TODAY, LIST)
    assert reading.sure
    (line,) = reading.lines
    assert (line.keys, line.came, line.weight_kg, line.length_cm) == (who, came, weight, length)


@pytest.mark.parametrize(
    "text",
    [
        "terima kasih ya bu",
        "Budi demam tinggi 39",
        "budi panas 38,5",
        "8,2 72,5",
        "9 74",
        "Budi datang?",
        "siapa yang belum datang",
        "posyandu tanggal 10 batal",
        "pindah posyandu tanggal 10 ke 12 desember",
        "Jadwal posyandu 10 desember jam 8",
        "besok posyandu jam 8 di balai desa",
        "pengumuman: besok bawa buku KIA",
        "saya mau tanya soal budi",
        "jawab 12 sudah saya hubungi",
        "edo sudah suntik BCG",
        "anak saya 8 bulan beratnya 7 kg",
        "BATAL",
        "KIRIM",
        "LAPORAN",
        "123456",
        "kader 123456",
        "",
        "...",
    ],
)
def test_what_is_no_attendance_is_not_sure(text: str) -> None:
    assert not read_attendance(text, TODAY, LIST).sure


def who(lines: tuple[AttendanceLine, ...]) -> list[tuple[tuple[str, ...], bool | None, float | None]]:
    return [(line.keys, line.came, line.weight_kg) for line in lines]


def test_several_lines_are_several_people() -> None:
    reading = read_attendance("Budi 8,2 72,5\n\nCitra tidak datang\n4 7,9", TODAY, LIST)
    assert who(reading.lines) == [(("budi",), None, 8.2), (("citra",), False, None), (("ani-sari",), None, 7.9)]


@pytest.mark.parametrize(
    "text",
    [
        "Budi 8,2 72,5 Citra 9 74",
        "Budi 8,2 72,5, Citra 9 74",
        "Budi 8,2 72,5; citra 9 74",
        "budi 8,2 72,5 dan citra 9 74",
    ],
)
def test_several_people_in_one_line_are_told_apart(text: str) -> None:
    assert who(read_attendance(text, TODAY, LIST).lines) == [(("budi",), None, 8.2), (("citra",), None, 9.0)]


def test_a_heading_says_what_the_names_below_it_did() -> None:
    reading = read_attendance("Hadir: Budi, Citra, bu Lina\nTidak datang:\nMei\nRizki", TODAY, LIST)
    assert who(reading.lines) == [
        (("budi",), True, None),
        (("citra",), True, None),
        (("edo",), True, None),
        (("mei",), False, None),
        (("rizki",), False, None),
    ]


@pytest.mark.parametrize(
    ("text", "excuse"), [("Budi sakit", "sakit"), ("Budi pindah ke Surabaya", "pindah"), ("Budi tidak datang", None)]
)
def test_why_somebody_did_not_come_is_read_too(text: str, excuse: str | None) -> None:
    (line,) = read_attendance(text, TODAY, LIST).lines
    assert (line.keys, line.came, line.excuse) == (("budi",), False, excuse)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("Posyandu 3/12\nBudi 8,2", date(2026, 12, 3)),
        ("posyandu 3 desember\nBudi 8,2", date(2026, 12, 3)),
        ("tgl 3 desember: Budi 8,2", date(2026, 12, 3)),
        ("3/12 Budi 8,2", date(2026, 12, 3)),
        ("kemarin budi 8,2", date(2026, 12, 9)),
        ("Budi 8,2 72,5", None),
        ("Budi 8/72", None),
        ("3 mei lestari 10 80", None),  # number 3, or the third of May: Mei is on the list
    ],
)
def test_a_day_is_read_where_one_is_named(text: str, day: date | None) -> None:
    reading = read_attendance(text, TODAY, LIST)
    assert (reading.date.value if reading.date.usable else None) == day


def test_a_line_that_does_not_read_is_given_back_and_costs_the_others_nothing() -> None:
    reading = read_attendance("Budi 8,2\nhujan deras tadi pagi\nCitra 9", TODAY, LIST)
    assert reading.sure
    assert [(line.text, line.reads) for line in reading.lines] == [
        ("budi 8,2", True),
        ("hujan deras tadi pagi", False),
        ("citra 9", True),
    ]


def test_numbers_that_stand_are_marked() -> None:
    assert [read_attendance(text, TODAY, LIST).lines[0].insisted for text in ("Edo 82", "Edo 82 BENAR")] == [
        False,
        True,
    ]


NAMES = st.sampled_from([one.name for one in LIST if one.name]).map(str)
WEIGHTS = st.integers(20, 250).map(lambda tenths: tenths / 10)
LENGTHS = st.integers(450, 1190).map(lambda tenths: tenths / 10)


@given(st.lists(st.tuples(NAMES, WEIGHTS, LENGTHS), min_size=1, max_size=12), st.sampled_from([",", "."]))
def test_every_weight_comes_back_on_the_line_it_was_written(told: list[tuple[str, float, float]], point: str) -> None:
    text = "\n".join(f"{name} {weight} {length}".replace(".", point) for name, weight, length in told)
    lines = read_attendance(text, TODAY, LIST).lines
    assert [(line.weight_kg, line.length_cm) for line in lines] == [(weight, length) for _, weight, length in told]


@given(st.text(max_size=300))
def test_no_text_makes_it_fall(text: str) -> None:
    read_attendance(text, TODAY, LIST)
    assert may_be_attendance(text) in (True, False)
    assert is_close(text) in (True, False) and wants_list(text) in (True, False) and wants_visits(text) in (True, False)
    read_visited(text)


# --------------------------------------------------------------------------------------------------- her other orders


@pytest.mark.parametrize("text", ["SELESAI", "selesai bu", "posyandu hari ini sudah selesai", "sudah semua, selesai"])
def test_selesai_closes_the_day(text: str) -> None:
    assert is_close(text)


def test_selesai_may_name_the_posyandu() -> None:
    assert is_close("selesai posyandu melati", {"melati"}) and not is_close("selesai posyandu melati")


@pytest.mark.parametrize("text", ["makan sudah selesai disuapi", "kapan selesai nifas", "sudah", "hadir", ""])
def test_other_endings_do_not(text: str) -> None:
    assert not is_close(text)


@pytest.mark.parametrize(
    "text", ["DAFTAR HADIR", "daftar hadir bu", "minta daftar yang belum datang", "siapa yang belum datang"]
)
def test_the_list_is_asked_for_in_her_words(text: str) -> None:
    assert wants_list(text)


@pytest.mark.parametrize("text", ["daftar", "daftar anak saya Ani", "daftarkan keluarga"])
def test_registering_is_no_list(text: str) -> None:
    assert not wants_list(text) or text == "daftar anak saya Ani"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("SUDAH DIKUNJUNGI 3 sehat", (3, "sehat")),
        ("sudah dikunjungi no 3: anaknya sehat, mau datang bulan depan", (3, "anaknya sehat, mau datang bulan depan")),
        ("dikunjungi 12", (12, "")),
        ("sudah kunjungan 2 pindah rumah", (2, "pindah rumah")),
        ("KUNJUNGAN", None),
        ("sudah dikunjungi bidan", None),
    ],
)
def test_a_visit_that_was_made_is_told_by_its_number(text: str, told: tuple[int, str] | None) -> None:
    assert read_visited(text) == told


def test_kunjungan_asks_for_the_list_of_visits() -> None:
    assert wants_visits("KUNJUNGAN") and wants_visits("daftar kunjungan rumah")
    assert not wants_visits("kunjungan ke bidan kapan") and not wants_visits("sudah dikunjungi 3")
