"""The growth chart: the right size, drawn fast, from JSON alone, for every child there can be."""

from __future__ import annotations

import io
import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from sapa import charts
from sapa.charts import SIZE, draw_growth_chart


def facts(sex: str | None = "F", born: str = "2026-03-12", rows: Any = (), **more: Any) -> dict[str, Any]:
    measured = [dict(zip(("date", "weight_kg", "lenhei_cm", "measure"), row, strict=True)) for row in rows]
    child = {"name": "Ani", "sex": sex, "birth_date": born, "today": "2026-11-23", "measurements": measured, **more}
    return json.loads(json.dumps(child))  # type: ignore[no-any-return]


BABY = facts(rows=[("2026-03-12", 3.1, 49, "L"), ("2026-07-14", 6.3, 62, "L"), ("2026-11-12", 7.8, 69, "L")])
TODDLER = facts("M", "2025-02-20", [("2025-02-20", 2.9, None, ""), ("2026-08-20", 8.6, None, "")])
BIG = facts("F", "2023-07-01", [("2024-01-05", 7.0, 65, "L"), ("2026-11-20", 18.9, 97, "H")])


def picture(png: bytes) -> Image.Image:
    return Image.open(io.BytesIO(png))


@pytest.mark.parametrize("child", [BABY, TODDLER, BIG], ids=["8 months", "21 months", "3 years"])
def test_a_chart_fills_a_phone_held_upright_and_is_drawn_in_under_a_second(child: dict[str, Any]) -> None:
    draw_growth_chart(child)
    started = time.perf_counter()
    png = draw_growth_chart(child)
    assert time.perf_counter() - started < 1.0
    assert picture(png).size == SIZE == (1080, 1350)
    assert len(png) < 150_000


def test_the_same_facts_give_the_same_picture() -> None:
    assert draw_growth_chart(BABY) == draw_growth_chart(BABY)


def test_a_new_weighing_changes_the_picture_and_an_implausible_one_does_not() -> None:
    def with_weight(kg: float) -> bytes:
        return draw_growth_chart(
            {
                **BABY,
                "measurements": [*BABY["measurements"], facts(rows=[("2026-11-22", kg, None, "")])["measurements"][0]],
            }
        )

    assert with_weight(7.9) != draw_growth_chart(BABY)
    assert with_weight(79.0) == draw_growth_chart(BABY)


def test_without_the_sex_there_is_no_chart() -> None:
    with pytest.raises(ValueError, match="sex"):
        draw_growth_chart(facts(None))


@pytest.mark.parametrize(
    "child",
    [
        facts(),  # nothing weighed yet
        facts(born="2026-11-23"),
        facts(born="2026-12-01"),  # not yet born: a picture without points
        facts(born="2019-01-01", rows=[("2026-11-20", 22.0, 118, "H")]),  # past five years
        facts(rows=[("2026-11-12", None, 69, "L")]),
        facts(born="2026-09-20", rows=[("2026-09-20", 1.7, 42, "L"), ("2026-11-20", 3.1, 48, "L")], own_judgement=True),
        facts(born="2024-10-01", rows=[("2026-09-30", 10.0, 85, "L"), ("2026-10-10", 10.1, 85, "H")]),
        facts(name="Muhammad Rizki Ramadhan Al-Farisi bin Abdul Rahman Wahid Hasyim"),
    ],
)
def test_odd_children_have_a_chart_too(child: dict[str, Any]) -> None:
    assert picture(draw_growth_chart(child)).size == SIZE


def test_a_child_born_early_has_curves_without_coloured_bands() -> None:
    rows = [("2026-09-20", 1.7, None, ""), ("2026-11-20", 3.1, None, "")]
    plain = picture(draw_growth_chart(facts(born="2026-09-20", rows=rows, own_judgement=True))).convert("RGB")
    banded = picture(draw_growth_chart(facts(born="2026-09-20", rows=rows))).convert("RGB")
    white = [
        sum(pixel == (255, 255, 255) or min(pixel) > 250 for pixel in image.getdata()) for image in (plain, banded)
    ]
    assert white[0] > 1.5 * white[1]


def test_two_threads_do_not_meet() -> None:
    alone = [draw_growth_chart(child) for child in (BABY, TODDLER, BIG)]
    with ThreadPoolExecutor(3) as pool:
        assert list(pool.map(draw_growth_chart, [BABY, TODDLER, BIG] * 2)) == alone * 2


def test_no_global_state_of_matplotlib_is_touched() -> None:
    assert "matplotlib.pyplot" not in sys.modules or not sys.modules["matplotlib.pyplot"].get_fignums()
    assert "pyplot" not in Path(charts.__file__).read_text(encoding="utf-8")


@settings(max_examples=12, deadline=None)
@given(
    st.sampled_from(["M", "F"]),
    st.lists(st.tuples(st.integers(-10, 2100), st.floats(0.1, 60), st.none() | st.floats(10, 150)), max_size=6),
)
def test_any_measurements_can_be_drawn(sex: str, told: list[tuple[int, float, float | None]]) -> None:
    born = date(2021, 1, 1)
    rows = [((born + timedelta(days=day)).isoformat(), kg, cm, "") for day, kg, cm in told]
    assert draw_growth_chart(facts(sex, born.isoformat(), rows)).startswith(b"\x89PNG")
