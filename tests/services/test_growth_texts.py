"""What a family reads after a weighing, in every combination: short, kind, without a diagnosis, with the next step."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from sapa.content import ContentLibrary, Facts
from sapa.messaging.sms import gsm7_unsupported, sms_parts

ROOT = Path(__file__).resolve().parents[2]
LONG = "Muhammad Rizki Ramadhan Al-Farisi"
TODAY = date(2026, 11, 23)
POSYANDU = {"name": "Posyandu Anggrek Bulan Sejahtera Dusun Karangploso Wetan", "facility": None}

WEIGHTS = [None, "severely_underweight", "underweight", "weight_normal", "weight_risk"]
LENGTHS = [None, "severely_stunted", "stunted", "length_normal", "tall"]
SHAPES = [None, "severely_wasted", "wasted", "well_nourished", "overweight_risk", "overweight", "obese"]
CHANGES = [
    None,
    {"way": "naik", "amount": "1,25 kg", "since": "2026-10-12"},
    {"way": "turun", "amount": "300 gram", "since": "2026-10-12"},
    {"way": "tetap", "amount": "0 gram", "since": "2026-10-12"},
]
STEPS = ["segera", "periksa", "tunjukkan", "lanjut"]


@pytest.fixture(scope="module")
def library() -> ContentLibrary:
    return ContentLibrary.load(ROOT / "content" / "id", Facts(bot_whatsapp="+62 811-1234-5678"))


def results() -> Iterator[dict[str, Any]]:
    base = {"weight": "12,75", "length": "104,25", "age_months": 30, "age_days": 930}
    everything = itertools.product(WEIGHTS, LENGTHS, SHAPES, ["N", "T", "ask", None], STEPS)
    for number, (weight, length, shape, kms, step) in enumerate(everything):
        change = CHANGES[number % len(CHANGES)]
        said = {"weight_class": weight, "length_class": length, "shape_class": shape, "kms": kms, "step": step}
        yield {**base, **said, "change": change, "judge": "standar"}
    nothing = {"weight_class": None, "length_class": None, "shape_class": None, "kms": None, "change": CHANGES[1]}
    for judge, step in (("petugas", "tunjukkan"), ("ragu", "periksa"), ("umur", "tunjukkan"), ("kelamin", "tunjukkan")):
        yield {**base, **nothing, "judge": judge, "step": step}
        yield {**base, **nothing, "judge": judge, "step": step, "length": None, "change": None}


def test_every_result_is_short_clean_and_names_no_illness(library: ContentLibrary) -> None:
    for number, result in enumerate(results()):
        given = {"child_name": LONG, "date": "2026-11-23", "hasil": result, "case": result["step"] in STEPS[:2]}
        phone = library.render("dialog/timbang/hasil", "whatsapp", TODAY, **given, posyandu=POSYANDU)
        assert len(phone.text) <= 1024, phone.text
        assert phone.text.count("*") % 2 == 0 and not re.search(r" {2}| [.,;:]|\n{3}|None", phone.text), phone.text
        assert not re.search(r"stunting|gizi buruk|gizi kurang|obes|pendek|sakit", phone.text, re.IGNORECASE)
        assert re.search(r"puskesmas|posyandu|petugas", phone.text)
        if number % 7 == 0 or number > 2790:
            sms = library.render("dialog/timbang/hasil", "sms", TODAY, **given, posyandu=POSYANDU).text
            assert gsm7_unsupported(sms) == "" and sms_parts(sms) <= 2, sms
            assert not re.search(r" {2}| [.,;:]|None|stunting|gizi buruk|pendek", sms), sms


def test_the_urgent_ones_say_where_to_go_at_once(library: ContentLibrary) -> None:
    for channel in ("whatsapp", "sms"):
        result = next(r for r in results() if r["step"] == "segera")
        given = {"child_name": "Ani", "date": "2026-11-23", "hasil": result, "case": True}
        text = library.render("dialog/timbang/hasil", channel, TODAY, **given).text
        assert "ke puskesmas" in text and "119" in text


@pytest.mark.parametrize("about", ["weight", "weight_change", "length", "length_change", "together"])
@pytest.mark.parametrize(
    "meant",
    [None, {"weight": "8,2", "length": None}, {"weight": "8,2", "length": "72,5"}, {"weight": None, "length": "72,5"}],
)
def test_a_doubtful_number_is_asked_about_in_one_short_message(
    library: ContentLibrary, about: str, meant: dict[str, str] | None
) -> None:
    for channel in ("whatsapp", "sms"):
        told = {"weight": "82", "length": "725"}
        text = library.render(
            "dialog/timbang/angka-janggal", channel, TODAY, child_name=LONG, told=told, meant=meant, about=about
        ).text
        assert not re.search(r" {2}| [.,;:?]|None", text), text
        assert channel == "whatsapp" or sms_parts(text) <= 2
