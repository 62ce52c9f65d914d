"""Weights and lengths as families write them, on Monday 23 November 2026, by a family with Ani and Budi Santoso."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sapa.family.reading.measures import LENGTH, WEIGHT, may_be_a_weighing, read_measures

TODAY = date(2026, 11, 23)
NAMES = ["Ani", "Budi Santoso"]

WAYS: list[tuple[str, float | None, float | None]] = [
    # a weight, kg
    ("berat Ani 8,2", 8.2, None),
    ("berat Ani 8,2 kg", 8.2, None),
    ("bb 8.2", 8.2, None),
    ("BB8,2", 8.2, None),
    ("bb: 8,2", 8.2, None),
    ("bb = 8,2kg", 8.2, None),
    ("BB nya 8,2", 8.2, None),
    ("beratnya 8,2 kilo", 8.2, None),
    ("berat badan ani sekarang 8,2", 8.2, None),
    ("timbangannya 8,2", 8.2, None),
    ("hasil timbang hari ini 8,2", 8.2, None),
    ("ditimbang 7,9 naik 3 ons", 7.9, None),
    ("naik dari 7,6 jadi 7,9", 7.9, None),
    ("ani naik 200 gram jadi 8,4", 8.4, None),
    ("turun 2 ons, sekarang 8 kg", 8.0, None),
    ("8200 gram", 8.2, None),
    ("8.200 gram", 8.2, None),
    ("8200 gr", 8.2, None),
    ("berat 8200", 8.2, None),
    ("82 ons", 8.2, None),
    ("8 kg 2 ons", 8.2, None),
    ("8kg2ons", 8.2, None),
    ("8 kg lebih 2 ons", 8.2, None),
    ("8 kilo 200 gram", 8.2, None),
    ("8 kilo setengah", 8.5, None),
    ("8 setengah kilo", 8.5, None),
    ("delapan koma dua kilo", 8.2, None),
    ("delapan kilo dua ons", 8.2, None),
    ("beratnya 8 koma 2", 8.2, None),
    ("alhamdulillah sudah ditimbang bu, 8,2 kg", 8.2, None),
    ("anak saya 8 bulan beratnya 7 kg", 7.0, None),
    ("umur 8 bulan bb 8 tb 70", 8.0, 70.0),
    # weight and length, in any order
    ("berat Ani 8,2 kg tinggi 72,5", 8.2, 72.5),
    ("bb 8.2 tb 72,5 lk 44", 8.2, 72.5),
    ("bb 8,2 pb 72,5", 8.2, 72.5),
    ("tinggi 72.5 cm berat 8.2kg", 8.2, 72.5),
    ("Ani 8,2 72,5", 8.2, 72.5),
    ("bb/tb 8,2/72,5", 8.2, 72.5),
    ("BB TB 8.2 72.5", 8.2, 72.5),
    ("tb/bb 72,5/8,2", 8.2, 72.5),
    ("berat dan tinggi Ani 8,2 dan 72,5", 8.2, 72.5),
    ("8,2 kg beratnya, 72,5 cm tingginya", 8.2, 72.5),
    ("panjang badan 72,5 senti, berat 8,2", 8.2, 72.5),
    ("lila 13,5 bb 8,2 tb 72,5", 8.2, 72.5),
    ("8,2kg/72,5cm", 8.2, 72.5),
    # a length alone
    ("tinggi Ani 72,5", None, 72.5),
    ("tb 72 koma 5", None, 72.5),
    ("panjangnya 72 setengah cm", None, 72.5),
    ("panjang 725 mm", None, 72.5),
    ("panjang 0,725 m", None, 72.5),
    # what cannot be is read as it stands; whoever knows the child asks
    ("berat Ani 82", 82.0, None),
    ("berat 72,5 tinggi 8,2", 72.5, 8.2),
]


@pytest.mark.parametrize(("text", "kg", "cm"), WAYS, ids=[way[0] for way in WAYS])
def test_a_weight_and_a_length_however_they_are_written(text: str, kg: float | None, cm: float | None) -> None:
    entries = read_measures(text, TODAY, names=NAMES).entries
    assert [(entry.weight_kg, entry.length_cm) for entry in entries] == [(kg, cm)]


def test_there_are_more_than_forty_ways() -> None:
    assert len({way[0] for way in WAYS}) >= 50


@pytest.mark.parametrize(
    ("text", "day", "problem"),
    [
        ("berat ani tadi 8,2", TODAY, None),
        ("barusan ditimbang 8,2", TODAY, None),
        ("kemarin timbang di posyandu melati 2, bb 8,2 pb 72,5", date(2026, 11, 22), None),
        ("kemarin lusa, ani, 8,2, 72", date(2026, 11, 21), None),
        ("tgl 10 nov ani ditimbang 8 kg 2 ons", date(2026, 11, 10), None),
        ("ditimbang 10 november: 8,2", date(2026, 11, 10), None),
        ("bb 8,2 tgl 10/11/2026", date(2026, 11, 10), None),
        ("sudah ditimbang tgl 3/11 hasilnya 8,2", date(2026, 11, 3), None),
        ("Ani ditimbang senin lalu 8,2", date(2026, 11, 16), None),
        ("3 hari lalu 8,2 kg", date(2026, 11, 20), None),
        ("besok ditimbang, sekarang 8,2", None, "ambiguous"),
        ("tgl 30 november bb 8,2", date(2025, 11, 30), None),  # the nearest past one; the birth date tells the rest
        ("bulan oktober 8,2 kg", date(2026, 10, 1), "vague"),
        ("berat 8.2", None, "none"),  # not the 8th of February
        ("Ani 8 72", None, "none"),
        ("anak saya 8 bulan beratnya 7 kg", None, "none"),  # an age is no date
    ],
)
def test_the_day_of_the_weighing(text: str, day: date | None, problem: str | None) -> None:
    reading = read_measures(text, TODAY, names=NAMES)
    if problem == "ambiguous":
        assert not reading.date.usable or reading.date.value == TODAY
        return
    assert (reading.date.value, reading.date.problem) == (day, problem)


@pytest.mark.parametrize(
    ("text", "entries"),
    [
        ("Ani 8,2 Budi 10,1", [("Ani", 8.2, None), ("Budi Santoso", 10.1, None)]),
        ("ani: 8,2 / 72,5, budi: 10,1 / 80", [("Ani", 8.2, 72.5), ("Budi Santoso", 10.1, 80.0)]),
        ("8,2 Ani, 10,1 Budi", [("Ani", 8.2, None), ("Budi Santoso", 10.1, None)]),
        ("bb ani 8,2 tb 72,5 bb budi 10,1 tb 80", [("Ani", 8.2, 72.5), ("Budi Santoso", 10.1, 80.0)]),
        ("berat budi santoso 10,1", [("Budi Santoso", 10.1, None)]),
        ("Ani dan Budi ditimbang, Ani 8,2", [("Ani", 8.2, None), ("Budi Santoso", None, None)]),
    ],
)
def test_several_children_in_one_message(text: str, entries: list[tuple[str, float | None, float | None]]) -> None:
    read = read_measures(text, TODAY, names=NAMES).entries
    assert [(entry.name, entry.weight_kg, entry.length_cm) for entry in read] == entries


@pytest.mark.parametrize(
    ("text", "measure"),
    [
        ("tinggi 86 berdiri", "H"),
        ("tb 86 diukur berdiri", "H"),
        ("panjang 72,5 berbaring", "L"),
        ("pb 72,5 diukur tidur", "L"),
        ("72,5 cm posisi terlentang, 8,2 kg", "L"),
        ("tinggi 72,5, sudah bisa berdiri sendiri", ""),
        ("bb 8,2 habis itu mau tidur", ""),
        ("tb 72,5", ""),
    ],
)
def test_lying_or_standing(text: str, measure: str) -> None:
    assert read_measures(text, TODAY, names=NAMES).entries[0].measure == measure


@pytest.mark.parametrize(
    ("text", "gain"),
    [
        ("ditimbang 7,9 naik 3 ons", 0.3),
        ("naik 200 gram", 0.2),
        ("naik cuma 1 ons", 0.1),
        ("turun setengah kilo", None),
        ("turun 2 ons", -0.2),
        ("naik 1 kg 2 ons", 1.2),
    ],
)
def test_a_gain_is_no_weight(text: str, gain: float | None) -> None:
    reading = read_measures(text, TODAY, names=NAMES)
    assert reading.gain_kg == gain


@pytest.mark.parametrize(
    ("text", "asked", "kg", "cm"),
    [
        ("8,2", WEIGHT, 8.2, None),
        ("8", WEIGHT, 8.0, None),
        ("8200", WEIGHT, 8.2, None),
        ("82", WEIGHT, 82.0, None),
        ("delapan kilo", WEIGHT, 8.0, None),
        ("72,5", LENGTH, None, 72.5),
        ("72", LENGTH, None, 72.0),
        ("8,2 kg", LENGTH, 8.2, None),
    ],
)
def test_an_answer_needs_no_word_to_mark_it(text: str, asked: str, kg: float | None, cm: float | None) -> None:
    entry = read_measures(text, TODAY, names=NAMES, asked=asked).entries[0]
    assert (entry.weight_kg, entry.length_cm) == (kg, cm)


@pytest.mark.parametrize("text", ["tidak", "tidak diukur", "belum", "ga diukur", "lewati", "gak tau", "-", "skip"])
def test_the_length_may_be_left_out(text: str) -> None:
    assert read_measures(text, TODAY, names=NAMES, asked=LENGTH).not_measured


@pytest.mark.parametrize("text", ["berat ani 8,2 tinggi belum diukur", "bb 8,2 tb tidak diukur"])
def test_the_length_may_be_left_out_in_the_same_breath(text: str) -> None:
    reading = read_measures(text, TODAY, names=NAMES)
    assert reading.not_measured and reading.entries[0].weight_kg == 8.2


def test_not_weighed_yet() -> None:
    assert read_measures("belum ditimbang bu", TODAY, names=NAMES).not_weighed


@pytest.mark.parametrize(
    "text",
    [
        "berat lahir 3,1 kg",
        "waktu lahir beratnya 3,1 dan berat lahir kakaknya 2,9",
        "berat badan saya 52 tinggi 155",
        "bb ibu 52 kg hamil 5 bulan",
        "berat janin 1,2 kg",
    ],
)
def test_what_is_not_about_a_child_of_today_is_known_as_such(text: str) -> None:
    assert read_measures(text, TODAY, names=NAMES).grown_up


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("berat Ani 8,2 tinggi 72,5", True),
        ("bu bidan, mau lapor timbangan Ani 8,2 kg ya", True),
        ("kemarin di posyandu Ani ditimbang 8,2", True),
        ("berat Dodi 8,2", False),  # nobody's name here
        ("berat Ani 8,2 normal gak?", False),
        ("demam 39, berat Ani 8,2", False),
        ("imunisasi dpt 1 berat 8,2", False),
    ],
)
def test_a_report_is_plain_only_if_nothing_else_is_said(text: str, plain: bool) -> None:
    assert read_measures(text, TODAY, names=NAMES).plain is plain


@pytest.mark.parametrize("text", ["posyandu melati 2", "rt 3 rw 5", "jam 9.30", "0812345678901", "anak ke-2"])
def test_numbers_of_other_things_are_no_weights(text: str) -> None:
    assert not read_measures(text, TODAY, names=NAMES).weighed


def test_a_long_talk_without_numbers_needs_no_closer_look() -> None:
    assert may_be_a_weighing("berat Ani 8,2")
    assert may_be_a_weighing("delapan kilo")
    assert not may_be_a_weighing("anak saya rewel terus tidak mau makan nasi dan sayur sejak kemarin sore")


@given(st.text(max_size=80), st.sampled_from([None, WEIGHT, LENGTH, "measure", "child", "confirm"]))
def test_no_text_breaks_the_reader(text: str, asked: str | None) -> None:
    read_measures(text, TODAY, names=NAMES, asked=asked)


@given(
    st.decimals(min_value="2.0", max_value="25.0", places=1),
    st.decimals(min_value="45.0", max_value="110.0", places=1),
    st.sampled_from(["bb {} tb {}", "berat {} kg tinggi {} cm", "Ani {} {}", "{} kg / {} cm", "berat={}, panjang={}"]),
    st.sampled_from([".", ","]),
)
def test_any_weight_and_length_comes_back(kg: object, cm: object, pattern: str, point: str) -> None:
    text = pattern.format(str(kg).replace(".", point), str(cm).replace(".", point))
    entry = read_measures(text, TODAY, names=NAMES).entries[0]
    assert (entry.weight_kg, entry.length_cm) == (float(str(kg)), float(str(cm)))
