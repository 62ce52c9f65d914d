"""The card of a couple: a picture for a phone, with its words in the content folder and a sign for every colour."""

from __future__ import annotations

import io
from datetime import date
from pathlib import Path
from time import perf_counter
from typing import Any

import pytest
import yaml
from PIL import Image

from sapa.cards import SIZE, draw_catin_card
from sapa.family.people import Screening, Sex, Wedding
from sapa.family.screening import FINDINGS, Status, review, rules
from sapa.services.screening_results import card_of

TODAY = date(2026, 11, 22)
WORDS = Path(__file__).resolve().parents[1] / "content" / "id" / "kata" / "kartu-catin.yml"
HER = {"age_years": 19, "weight_kg": 40, "height_cm": 155, "lila_cm": 22, "hb_g_dl": 11.2, "smoke_at_home": True}
HIM = {"age_years": 26, "smokes": True, "smoke_at_home": True}


def _facts(her: dict[str, Any], him: dict[str, Any] | None, on: date | None) -> dict[str, Any]:
    screenings = [Screening(Sex.FEMALE, her)] + ([Screening(Sex.MALE, him)] if him is not None else [])
    wedding = Wedding(on, TODAY, tuple(screenings))
    return card_of(wedding, review(wedding, TODAY), TODAY)


@pytest.mark.parametrize(
    ("her", "him", "on"),
    [(HER, HIM, date(2027, 3, 14)), (HER, HIM, date(2026, 12, 1)), (HER, None, None), ({}, {}, None)],
)
def test_it_is_a_small_upright_picture_drawn_in_a_moment(
    her: dict[str, Any], him: dict[str, Any] | None, on: date | None
) -> None:
    facts = _facts(her, him, on)
    draw_catin_card(facts)
    began = perf_counter()
    data = draw_catin_card(facts)
    assert perf_counter() - began < 1
    picture = Image.open(io.BytesIO(data))
    assert (picture.format, picture.size) == ("PNG", SIZE)
    assert len(data) < 150_000


def test_what_is_told_is_seen() -> None:
    one = draw_catin_card(_facts(HER, HIM, date(2027, 3, 14)))
    assert one != draw_catin_card(_facts({**HER, "hb_g_dl": 12.2}, HIM, date(2027, 3, 14)))
    assert one == draw_catin_card(_facts(HER, HIM, date(2027, 3, 14)))


def test_every_item_status_and_step_has_its_word() -> None:
    words = yaml.safe_load(WORDS.read_text(encoding="utf-8"))
    assert set(words["butir"]) == {item for items in FINDINGS.values() for item in items}
    assert set(words["status"]) == {status.value for status in Status}
    steps = {milestone.step for milestone in rules().timeline} | {"monthly", "recheck_hb", "td_now", "td_next"}
    assert set(words["langkah"]) == steps


def test_the_card_says_that_it_is_no_certificate_and_gives_no_score() -> None:
    text = WORDS.read_text(encoding="utf-8")
    assert "Bukan sertifikat Elsimil" in text and "tidak melarang menikah" in text
    assert "layak" not in text and "skor" not in text
