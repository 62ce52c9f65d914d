"""Methods and dates as families write them. Today is Sunday, 22 November 2026."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sapa.family.contraception import methods
from sapa.family.reading.contraception import KbReading, read_contraception, read_report

TODAY = date(2026, 11, 22)


def told(reading: KbReading) -> dict[str, object]:
    """What was read, dates as ISO text or as their problem."""
    days = {"last": reading.last, "back": reading.returns}
    found: dict[str, object] = {"method": reading.method}
    for name, day in days.items():
        if day.problem != "none":
            found[name] = day.value.isoformat() if day.usable and day.value else day.problem
    found |= {"feeding": reading.breastfeeding, "months": reading.baby_months, "denied": reading.denied or None}
    return {name: value for name, value in found.items() if value is not None}


@pytest.mark.parametrize(
    ("text", "method"),
    [
        ("suntik 3 bulan", "suntik_3_bulan"),
        ("suntik tiga bulan", "suntik_3_bulan"),
        ("suntikan 3 bln", "suntik_3_bulan"),
        ("suntik kb 3 bulan", "suntik_3_bulan"),
        ("Suntik yg 3 bulanan", "suntik_3_bulan"),
        ("suntik per 3 bulan", "suntik_3_bulan"),
        ("suntik 3bln sekali", "suntik_3_bulan"),
        ("kb suntik yang tiga bulan", "suntik_3_bulan"),
        ("kb 3 bulan", "suntik_3_bulan"),
        ("suntikan biru yang 3 bulan", "suntik_3_bulan"),
        ("suntik tribulan", "suntik_3_bulan"),
        ("sntk 3 bln", "suntik_3_bulan"),
        ("suntik sebulan", "suntik_1_bulan"),
        ("suntik 1 bulan", "suntik_1_bulan"),
        ("suntik sebulan sekali", "suntik_1_bulan"),
        ("suntik bulanan", "suntik_1_bulan"),
        ("suntik tiap bulan", "suntik_1_bulan"),
        ("kb blnan", "suntik_1_bulan"),
        ("suntik kb satu bulan", "suntik_1_bulan"),
        ("suntik", "suntik"),
        ("KB suntik", "suntik"),
        ("disuntik bidan", "suntik"),
        ("suntik 3 bulan lalu", "suntik"),  # a time, not a kind
        ("pil", "pil"),
        ("pil kb", "pil"),
        ("pil andalan", "pil"),
        ("minum andalan", "pil"),
        ("pil menyusui", "pil_progestin"),
        ("pil kb ibu menyusui", "pil_progestin"),
        ("pil busui", "pil_progestin"),
        ("minipil", "pil_progestin"),
        ("mini pil", "pil_progestin"),
        ("pil kombinasi", "pil_kombinasi"),
        ("pil kb biasa", "pil_kombinasi"),
        ("susuk", "implan"),
        ("implan", "implan"),
        ("Implant", "implan"),
        ("inplan", "implan"),
        ("kb susuk 2 batang", "implan"),
        ("spiral", "iud"),
        ("IUD", "iud"),
        ("sepiral", "iud"),
        ("akdr", "iud"),
        ("iud hormon", "iud_hormon"),
        ("spiral yang hormonal", "iud_hormon"),
        ("steril", "mow"),
        ("MOW", "mow"),
        ("tubektomi", "mow"),
        ("ikat kandungan", "mow"),
        ("vasektomi", "mop"),
        ("suami saya steril", "mop"),
        ("suami sudah vasektomi", "mop"),
        ("kondom", "kondom"),
        ("pakai kondom aja", "kondom"),
        ("mal", "MAL"),
        ("menyusui saja", "MAL"),
        ("asi eksklusif sebagai kb", "MAL"),
        ("bukan suntik, pil", "pil"),
        ("dulu suntik sekarang iud", "iud"),
        ("ganti dari pil ke implan", "implan"),
        ("ganti dari suntik 1 bulan ke 3 bulan", "suntik_3_bulan"),
        ("daftar kb", None),
        ("mau diingatkan", None),
        ("halo bu bidan", None),
    ],
)
def test_a_method_in_everyday_words(text: str, method: str | None) -> None:
    assert read_contraception(text, TODAY).method == method


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("terakhir suntik 3 sep", {"method": "suntik", "last": "2026-09-03"}),
        ("suntik terakhir tgl 3 september 2026", {"method": "suntik", "last": "2026-09-03"}),
        ("suntik kb terakhir 1 juni", {"method": "suntik", "last": "2026-06-01"}),
        ("sy sdh sntk kb tgl 3", {"method": "suntik", "last": "2026-11-03"}),  # the last 3rd
        ("kb saya suntik 1 bulan terakhir tgl 30", {"method": "suntik_1_bulan", "last": "2026-10-30"}),
        ("catetin kb ku, bulanan, terakhir tgl 7", {"method": "suntik_1_bulan", "last": "2026-11-07"}),
        ("tadi suntik kb", {"method": "suntik", "last": "2026-11-22"}),
        ("suntik kb kemarin", {"method": "suntik", "last": "2026-11-21"}),
        ("kb implan dipasang bidan Rina 3 hari lalu", {"method": "implan", "last": "2026-11-19"}),
        ("susuk dipasang 12/8/2025", {"method": "implan", "last": "2025-08-12"}),
        ("baru pasang iud pasca sesar", {"method": "iud"}),
        ("suami saya vasektomi 3 oktober", {"method": "mop", "last": "2026-10-03"}),
        ("kembali tgl 26 nov", {"back": "2026-11-26"}),
        ("kembali tgl 26", {"back": "2026-11-26"}),  # the next 26th
        ("kembali tgl 5", {"back": "2026-12-05"}),
        ("kartu tertulis 5/12", {"back": "2026-12-05"}),
        ("kartu kb saya tgl kembali 9 mei, tolong simpan", {"back": "2027-05-09"}),
        ("kembali 5 nov", {"back": "2026-11-05"}),  # a little ago: she is late, not half a year early
        ("nitip tanggal kb ya bu, 25 april balik", {"back": "2027-04-25"}),
        ("suntik lagi tgl 12 februari", {"method": "suntik", "back": "2027-02-12"}),
        ("disuruh kontrol lagi kamis depan", {"back": "2026-11-26"}),
        ("kembali suntik tgl 26 nov", {"method": "suntik", "back": "2026-11-26"}),
        ("balik 2 minggu lagi", {"back": "2026-12-06"}),
        ("kembali bulan depan", {"back": "vague"}),
        ("terakhir suntik bulan lalu", {"method": "suntik", "last": "vague"}),
        ("terakhir suntik 3 bulan lalu", {"method": "suntik", "last": "vague"}),
        ("terakhir suntik 30 februari", {"method": "suntik", "last": "impossible"}),
        ("terakhir suntik 3 desember 2026", {"method": "suntik", "last": "future"}),
        ("terakhir suntik 3 sep, kembali 26 nov", {"method": "suntik", "last": "2026-09-03", "back": "2026-11-26"}),
        ("terakhir suntik 3 sep kembali 26 nov", {"method": "suntik", "last": "2026-09-03", "back": "2026-11-26"}),
        ("3 sep suntik, kembali 26/11", {"method": "suntik", "last": "2026-09-03", "back": "2026-11-26"}),
        ("kembali 26 nov, terakhir 3 sep", {"last": "2026-09-03", "back": "2026-11-26"}),
        ("3 september dan 26 november", {"last": "2026-09-03", "back": "2026-11-26"}),
        (
            "suntik 3 bulan terakhir 3 september kembali 26 november masih menyusui bayi 4 bulan",
            {"method": "suntik_3_bulan", "last": "2026-09-03", "back": "2026-11-26", "feeding": True, "months": 4},
        ),
        ("pil biasa, menyusui anak umur 3 bulan", {"method": "pil_kombinasi", "feeding": True, "months": 3}),
        ("suntik sebulan, sudah tidak menyusui", {"method": "suntik_1_bulan", "feeding": False}),
        ("belum pakai kb", {"denied": True}),
        ("belum pakai apa-apa", {"denied": True}),
        ("gak kb", {"denied": True}),
        ("mau daftar kb", {}),
    ],
)
def test_dates_and_the_baby_in_everyday_words(text: str, expected: dict[str, object]) -> None:
    assert told(read_contraception(text, TODAY)) == expected


@pytest.mark.parametrize(
    ("asked", "text", "expected"),
    [
        ("last_date", "3 sep", {"last": "2026-09-03"}),
        ("last_date", "3/9", {"last": "2026-09-03"}),
        ("last_date", "3 sep, kembali 26 nov", {"last": "2026-09-03", "back": "2026-11-26"}),
        ("last_date", "3 desember 2026", {"last": "future"}),
        ("return_on", "26 nov", {"back": "2026-11-26"}),
        ("return_on", "5 november", {"back": "2026-11-05"}),
        ("return_on", "3 maret", {"back": "2027-03-03"}),
        ("breastfeeding", "ya", {"feeding": True}),
        ("breastfeeding", "ya, 4 bulan", {"feeding": True, "months": 4}),
        ("breastfeeding", "masih, bayi 3 minggu", {"feeding": True, "months": 0}),
        ("breastfeeding", "masih bu", {"feeding": True}),
        ("breastfeeding", "sudah disapih", {"feeding": False}),
        ("breastfeeding", "tidak", {"feeding": False}),
        ("breastfeeding", "iya masih asi", {"feeding": True}),
    ],
)
def test_an_answer_is_read_as_what_was_asked(asked: str, text: str, expected: dict[str, object]) -> None:
    assert told(read_contraception(text, TODAY, asked)) == expected


@pytest.mark.parametrize(
    ("open_kind", "text", "method"),
    [
        ("suntik", "3 bulan", "suntik_3_bulan"),
        ("suntik", "yg 3", "suntik_3_bulan"),
        ("suntik", "tiga", "suntik_3_bulan"),
        ("suntik", "3", "suntik_3_bulan"),
        ("suntik", "sebulan", "suntik_1_bulan"),
        ("suntik", "1 bln", "suntik_1_bulan"),
        ("suntik", "1", "suntik_1_bulan"),
        ("suntik", "yang bulanan", "suntik_1_bulan"),
        ("suntik", "tidak tahu", None),
        ("pil", "menyusui", "pil_progestin"),
        ("pil", "yang biasa", "pil_kombinasi"),
        ("pil", "lupa", None),
    ],
)
def test_the_kind_is_read_when_it_is_asked(open_kind: str, text: str, method: str | None) -> None:
    assert read_contraception(text, TODAY, "kind", open_kind).method == method


@pytest.mark.parametrize(
    ("text", "marks"),
    [
        ("sudah suntik", {"done", "visit"}),
        ("SUDAH", {"done"}),
        ("sudah ke bidan, kembali 26 februari", {"done", "visit"}),
        ("belum", {"not_yet"}),
        ("belum sempat bu", {"not_yet"}),
        ("mau berhenti KB", {"wish", "about"}),
        ("sudah berhenti kb", {"done", "gave up", "about"}),
        ("gak mau kb lagi", {"wish", "about"}),
        ("stop pengingat kb", {"about", "rest"}),  # our messages, not the method
        ("lepas implan", {"wish", "removed", "about", "visit"}),
        ("spiralnya sudah dicabut tadi", {"done", "gave up", "removed", "about", "visit"}),
        ("ganti ke pil", {"changed", "about", "visit"}),
        ("mau ganti ke implan", {"wishes change", "about", "visit"}),
        ("kapan saya suntik lagi?", {"when", "visit"}),
        ("kapan jadwal kb saya", {"when", "about"}),
        ("kapan anak saya suntik lagi", {"when", "visit", "others", "rest"}),
        ("sudah suntik anaknya", {"done", "visit", "others", "rest"}),
    ],
)
def test_reports_outside_the_dialogue(text: str, marks: set[str]) -> None:
    report = read_report(text, TODAY)
    found = {
        "done": report.done,
        "not_yet": report.not_yet,
        "wish": report.stop == "wish",
        "gave up": report.stop == "done",
        "changed": report.change == "done",
        "wishes change": report.change == "wish",
        "removed": report.removed,
        "when": report.asks_when,
        "about": report.about,
        "visit": report.visit,
        "others": report.others,
        "rest": bool(report.rest),
    }
    assert {name for name, value in found.items() if value} == marks


_SOUP = (
    "suntik pil 3 bulan kembali terakhir tgl 26 nov sudah belum mau ganti ke implan kb kapan lepas bayi asi , 5/12 ?"
)
_WORDS = st.sampled_from(_SOUP.split())


@given(st.one_of(st.text(max_size=200), st.lists(_WORDS, max_size=25).map(" ".join)))
def test_no_text_makes_it_stumble_and_a_method_is_always_a_known_one(text: str) -> None:
    for asked in (None, "method", "kind", "last_date", "return_on", "breastfeeding"):
        reading = read_contraception(text, TODAY, asked, "suntik")
        assert reading.method is None or reading.method in methods()
        assert not reading.last.usable or (reading.last.value is not None and reading.last.value <= TODAY)
    read_report(text, TODAY)
