"""What caregivers write about vaccines, and what is read from it. Nothing is guessed: what is open stays open."""

from __future__ import annotations

import time
from datetime import date, timedelta
from pathlib import Path

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sapa.family.people import Child
from sapa.family.reading.doses import DoseReading, may_be_a_report, possible_doses, read_doses

TODAY = date(2026, 11, 25)  # a Wednesday
ROOT = Path(__file__).resolve().parents[2]


def brief(reading: DoseReading) -> str:
    """A reading in a line: "BCG 2026-05-12; OPV1|IPV1 ?; -PCV*" (| several may be meant, * any of the series)."""
    return "; ".join(
        ("" if entry.given else "-")
        + (_whole_series(entry.doses) or "unknown")
        + " "
        + ("birth" if entry.at_birth else str(entry.date.value) if entry.date.usable else entry.date.problem or "")
        for entry in reading.entries
    )


def _whole_series(doses: tuple[str, ...]) -> str:
    series = {dose.rstrip("0123456789") for dose in doses}
    return f"{series.pop()}*" if len(doses) > 1 and len(series) == 1 else "|".join(doses)


@pytest.mark.parametrize(
    ("text", "read"),
    [
        # one dose, one day
        ("BCG 12 Mei", "BCG 2026-05-12"),
        ("bcg 12 desember", "BCG 2025-12-12"),  # the last one that has been
        ("imunisasi BCG tgl 12-5-2026", "BCG 2026-05-12"),
        ("hb0 pas lahir", "HB0 birth"),
        ("HB-0 waktu lahir", "HB0 birth"),
        ("hepatitis b 0 tgl 3 mei", "HB0 2026-05-03"),
        ("centang dong yang hb0, udah dari lahir itu", "HB0 birth"),
        ("udh bcg td pgi", "BCG 2026-11-25"),
        ("ipv 1 kemarin", "IPV1 2026-11-24"),
        ("polio suntik 1 12 mei", "IPV1 2026-05-12"),
        ("polio tetes 3 tgl 1 oktober", "OPV3 2026-10-01"),
        ("DPT-HB-Hib 3 12 mei", "DPTHBHIB3 2026-05-12"),
        ("pentabio 2 tadi pagi", "DPTHBHIB2 2026-11-25"),
        ("hari ini adek kelar suntik pentabio ketiga, catat ya", "DPTHBHIB3 2026-11-25"),
        ("dtp 1 3/5/26", "DPTHBHIB1 2026-05-03"),
        ("DPT II 3-5-2026", "DPTHBHIB2 2026-05-03"),
        ("DPT2 12/5", "DPTHBHIB2 2026-05-12"),
        ("dpt ke-2 tgl 12 mei", "DPTHBHIB2 2026-05-12"),
        ("heksavalen 1 12 mei", "DPTHBHIB1 2026-05-12"),
        ("booster dpt 12 mei", "DPTHBHIB4 2026-05-12"),
        ("campak rubela lanjutan 12 mei", "MR2 2026-05-12"),
        ("rotavirus 2 tanggal 10-10-2026", "RV2 2026-10-10"),
        ("rota 1 sabtu kemarin", "RV1 2026-11-21"),
        ("JE 12 mei", "JE1 2026-05-12"),
        ("vaksin je 12 mei", "JE1 2026-05-12"),
        # several
        ("sudah DPT 1 sama PCV 2 tgl 3 juni", "DPTHBHIB1 2026-06-03; PCV2 2026-06-03"),
        ("polio tetes 1 3/5/26, BCG 3/5/26", "OPV1 2026-05-03; BCG 2026-05-03"),
        ("pcv2 & rotavirus 2 tanggal 10-10-2026", "PCV2 2026-10-10; RV2 2026-10-10"),
        ("rv 1 sm pcv 1 done tgl 23", "RV1 2026-11-23; PCV1 2026-11-23"),
        ("kemarin BCG dan polio tetes 1", "BCG 2026-11-24; OPV1 2026-11-24"),
        ("12 mei BCG, 3 juni opv 2", "BCG 2026-05-12; OPV2 2026-06-03"),
        ("BCG 12 mei, opv 1", "BCG 2026-05-12; OPV1 none"),
        ("opv 1, 2 dan 3 tgl 3 juni", "OPV1 2026-06-03; OPV2 2026-06-03; OPV3 2026-06-03"),
        ("BCG: 3 Mei 2026\nOPV 1: -\nDPT 1: 4 Juni 2026", "BCG 2026-05-03; OPV1 none; DPTHBHIB1 2026-06-04"),
        ("vaksin 4 bulan lengkap 3/10/26", "DPTHBHIB3 2026-10-03; OPV4 2026-10-03; IPV1 2026-10-03; RV3 2026-10-03"),
        ("yang 2 bulan sudah semua", "DPTHBHIB1 none; OPV2 none; PCV1 none; RV1 none"),
        # which dose stays open
        ("MR", "MR* none"),
        ("imunisasi campak kemarin", "MR* 2026-11-24"),
        ("polio 1 3/5/26", "OPV1|IPV1 2026-05-03"),  # drops or injection
        ("polio 3 3 mei", "OPV3 2026-05-03"),  # there is no third injection
        ("dpt 3 mei", "DPTHBHIB* 2026-05-03"),  # the third of May, no number
        ("hepatitis b 12 mei", "HB0|DPTHBHIB1|DPTHBHIB2|DPTHBHIB3|DPTHBHIB4 2026-05-12"),
        ("hepatitis b 2 tgl 12 mei", "unknown 2026-05-12"),  # on its own it is no dose of the programme
        ("varicella 12 mei", "unknown 2026-05-12"),
        ("PCV 7 12 mei", "unknown 2026-05-12"),
        # which day stays open
        ("DPT 1/2", "DPTHBHIB* ambiguous"),  # doses 1 and 2, or 1 February
        ("BCG bulan mei", "BCG vague"),
        ("BCG tgl 3", "BCG vague"),  # 22 days ago: which month?
        ("BCG sekitar tgl 20", "BCG vague"),
        ("BCG 31 februari", "BCG impossible"),
        ("BCG besok", "BCG future"),
        ("BCG tadi malam, pesan minggu lalu", "BCG ambiguous"),
        # not given
        ("belum BCG", "-BCG none"),
        ("SUDAH kecuali PCV", "-PCV* none"),
        ("sudah semua, PCV nya kosong", "-PCV* none"),
        ("sudah tapi PCV sama rv 1 belum", "-PCV* none; -RV1 none"),
        ("bcg sudah pcv belum", "BCG none; -PCV* none"),
        ("sudah bcg belum pcv", "BCG none; -PCV* none"),
        ("BCG 12 mei, PCV 1 belum", "BCG 2026-05-12; -PCV1 none"),
        ("PCV nya ga dpt", "-PCV* none"),
        ("BCG bukan 12 mei tapi 13 mei", "BCG 2026-05-13"),
        # no dose at all
        ("sudah dpt imunisasi kemarin", ""),  # "dpt" is "dapat"
        ("belum dpt", ""),
        ("ya aja je", ""),
        ("imunisasi 2 bulan lalu", ""),
        ("hb saya 11", ""),
        ("", ""),
    ],
)
def test_a_report_is_read(text: str, read: str) -> None:
    assert brief(read_doses(text, TODAY)) == read


@pytest.mark.parametrize(
    ("text", "whose"),
    [
        ("BCG Ani 12 mei", [("Ani Lestari",)]),
        ("Ani dan Budi BCG 12 mei", [("Ani Lestari", "Budi")]),
        ("Ani BCG 12 mei, Budi MR 1 kemarin", [("Ani Lestari",), ("Budi",)]),
        ("BCG Ani 12 mei, MR 1 Budi kemarin", [("Ani Lestari",), ("Budi",)]),
        ("Ani BCG, opv 1 tgl 3 mei, Budi MR 1", [("Ani Lestari",), ("Ani Lestari",), ("Budi",)]),
        ("BCG Ani, opv 1, Budi MR 1", [("Ani Lestari",), (), ("Budi",)]),  # whose polio?
        ("BCG 12 mei", [()]),
    ],
)
def test_a_dose_goes_with_the_child_named_beside_it(text: str, whose: list[tuple[str, ...]]) -> None:
    assert [entry.names for entry in read_doses(text, TODAY, names=["Ani Lestari", "Budi"]).entries] == whose


def test_a_name_that_two_children_share_names_neither() -> None:
    twins = ["Rizki A", "Rizki B"]
    assert read_doses("BCG rizki 12 mei", TODAY, names=twins).names == ()
    assert read_doses("BCG rizki b 12 mei", TODAY, names=twins).names == ("Rizki B",)


@pytest.mark.parametrize(
    ("text", "marks"),
    [
        ("SUDAH", {"done"}),
        ("sdh bu", {"done"}),
        ("BELUM", {"not_yet"}),
        ("sudah bu makasih", {"done", "thanks"}),
        ("sudah BCG belum", {"done", "not_yet", "unclear"}),
        ("polio tetes udah dua kali", {"done", "counted"}),
        ("GANTI BCG 13 Mei", {"correction"}),
        ("BCG itu apa?", {"question"}),
        ("habis BCG demam", {"trouble"}),
        ("sudah diimunisasi", {"done", "about_vaccines"}),
        ("keduanya BCG 12 mei", {"everybody"}),
    ],
)
def test_words_beside_the_doses_are_told(text: str, marks: set[str]) -> None:
    reading = read_doses(text, TODAY)
    flags = {"done", "not_yet", "thanks", "unclear", "counted", "correction", "question", "trouble", "about_vaccines"}
    assert {flag for flag in flags | {"everybody"} if getattr(reading, flag)} == marks


@pytest.mark.parametrize(
    ("text", "rest", "strange"),
    [
        ("sudah imunisasi BCG tgl 12 mei di posyandu Melati Indah bu", (), ()),
        ("mau lapor, anak saya BCG 12 mei", (), ()),
        ("BCG Citra 12 mei", (), ("citra",)),  # perhaps a child we do not know
        ("BCG 12 mei terus anaknya susah makan", ("susah", "makan"), ()),
    ],
)
def test_what_has_nothing_to_do_with_a_report_is_left_over(
    text: str, rest: tuple[str, ...], strange: tuple[str, ...]
) -> None:
    reading = read_doses(text, TODAY)
    assert (reading.rest, reading.strange) == (rest, strange)


def test_a_day_without_a_month_counts_while_it_is_near() -> None:
    """25 November: the 11th is 14 days ago, the 10th is 15."""
    assert brief(read_doses("BCG tgl 11", TODAY)) == "BCG 2026-11-11"
    assert brief(read_doses("BCG tgl 10", TODAY)) == "BCG vague"


def _names_we_write() -> list[tuple[str, str]]:
    words = yaml.safe_load((ROOT / "content" / "id" / "kata" / "imunisasi.yml").read_text(encoding="utf-8"))
    own = [(dose, name) for names in words["profil"].values() for dose, name in names.items()]
    return [*words["dosis"].items(), *own]


@pytest.mark.parametrize(("dose", "name"), _names_we_write())
def test_every_name_we_write_for_a_dose_can_be_sent_back_to_us(dose: str, name: str) -> None:
    reading = read_doses(f"{name} 12 mei", TODAY)
    assert brief(reading) == f"{dose} 2026-05-12"
    assert reading.plain


# --------------------------------------------------------------------------------------------- which dose it may be

BORN = date(2026, 5, 10)


def _child(**doses: date) -> Child:
    return Child(name="Ani", birth_date=BORN, doses=doses)


@pytest.mark.parametrize(
    ("recorded", "on", "possible"),
    [
        # DPT 1 from 42 days, 2 from 70, 3 from 98; 28 days between
        ({}, BORN + timedelta(days=41), ()),
        ({}, BORN + timedelta(days=42), ("DPTHBHIB1",)),
        ({}, BORN + timedelta(days=69), ("DPTHBHIB1",)),
        ({}, BORN + timedelta(days=70), ("DPTHBHIB1", "DPTHBHIB2")),
        ({"DPTHBHIB1": 60}, BORN + timedelta(days=87), ()),  # 60 + 28 = 88
        ({"DPTHBHIB1": 60}, BORN + timedelta(days=88), ("DPTHBHIB2",)),
        ({"DPTHBHIB1": 60}, BORN + timedelta(days=116), ("DPTHBHIB2", "DPTHBHIB3")),  # 60 + 28 + 28
        ({"DPTHBHIB2": 120}, BORN + timedelta(days=80), ("DPTHBHIB1",)),
    ],
)
def test_an_open_dose_is_one_that_age_intervals_and_record_allow(
    recorded: dict[str, int], on: date, possible: tuple[str, ...]
) -> None:
    child = _child(**{dose: BORN + timedelta(days=days) for dose, days in recorded.items()})
    series = ("DPTHBHIB1", "DPTHBHIB2", "DPTHBHIB3", "DPTHBHIB4")
    assert possible_doses(child, series, on) == possible


# ------------------------------------------------------------------------------------------------------- any text

_PIECES = st.sampled_from(
    [
        *("sudah", "belum", "kecuali", "BCG", "DPT", "dpt", "polio", "PCV", "mr", "hb0", "1", "2", "3", "dan", "Ani"),
        *(",", ";", ".", "-", "/", "\n", "?", "12", "mei", "kemarin", "tgl", "lahir", "ganti", "imunisasi", "bulan"),
    ]
)


@given(st.one_of(st.text(max_size=200), st.lists(_PIECES, max_size=25).map(" ".join)))
@example("dpt " * 300)
@example("polio 1 - " * 100)
@settings(max_examples=200, deadline=None)
def test_any_text_is_read_without_a_fault_and_no_day_is_later_than_today(text: str) -> None:
    reading = read_doses(text, TODAY, names=["Ani"])
    may_be_a_report(text)
    for entry in reading.entries:
        assert not entry.date.usable or (entry.date.value is not None and entry.date.value <= TODAY)


def test_a_very_long_message_costs_little() -> None:
    started = time.perf_counter()
    read_doses("BCG 12 mei, polio 1 3/5/26 " * 200, TODAY, names=["Ani", "Budi"])
    assert time.perf_counter() - started < 2
