"""The SKDN chart: the picture for a phone and the drawing for a page, from the same numbers."""

from __future__ import annotations

import io
import re
import subprocess
import sys
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from sapa.charts_skdn import SIZE, draw_skdn, skdn_svg
from sapa.family.skdn import Skdn

YEAR = {
    month: Skdn(s=40 + month, k=38 + month, d=30 + month % 5, n=18 - month % 7, t=9, o=2, b=1) for month in range(1, 12)
}
SVG = "{http://www.w3.org/2000/svg}"


def texts(svg: str) -> list[str]:
    return [one.text or "" for one in ElementTree.fromstring(svg).iter(f"{SVG}text")]


def bars(svg: str) -> list[ElementTree.Element]:
    return [one for one in ElementTree.fromstring(svg).iter(f"{SVG}rect") if one.get("stroke")]


def test_the_picture_fills_a_phone_held_upright_and_is_small() -> None:
    png = draw_skdn(YEAR, 2026, "Posyandu Melati")
    assert Image.open(io.BytesIO(png)).size == SIZE == (1080, 1350)
    assert len(png) < 100_000
    assert draw_skdn(YEAR, 2026, "Posyandu Melati") == png


@pytest.mark.parametrize("rows", [{}, {1: Skdn()}, {12: Skdn(s=1, k=1, d=1, b=1)}, {2: Skdn(s=100_000, k=1)}])
def test_a_year_with_little_in_it_is_drawn_as_well(rows: dict[int, Skdn]) -> None:
    assert draw_skdn(rows, 2026)
    assert ElementTree.fromstring(skdn_svg(rows, 2026)).tag == f"{SVG}svg"


def test_the_drawing_has_four_bars_a_month_and_names_every_line() -> None:
    svg = skdn_svg(YEAR, 2026, "Posyandu Melati")
    assert len(bars(svg)) == 4 * 11
    last = YEAR[11]  # S 51, K 49, D 31, N 14, T 9: K/S 96 %, D/S 61 %, N/D 14/23 = 61 %, N/S 27 %
    assert (last.s, last.d, last.n) == (51, 31, 14)
    for said in ("K/S 96%", "D/S 61%", "N/D 61%", "N/S 27%", "Jan", "Des", "D ditimbang"):
        assert said in texts(svg)


def test_a_bar_is_as_high_as_its_number() -> None:
    heights = [float(one.get("height", 0)) for one in bars(skdn_svg({1: Skdn(s=50, k=40, d=20, n=10)}, 2026))]
    assert heights == [130.0, 104.0, 52.0, 26.0]  # of 50 in 130 units: 50, 40, 20, 10 times 2.6


def test_the_drawing_says_its_numbers_to_a_screen_reader() -> None:
    svg = ElementTree.fromstring(skdn_svg(YEAR, 2026, "Posyandu Melati", id_="melati"))
    assert svg.get("role") == "img"
    ids = (svg.get("aria-labelledby") or "").split()
    found = {one.get("id"): one.text or "" for one in svg.iter() if one.get("id") in ids}
    assert found["melati-title"] == "SKDN 2026 \u00b7 Posyandu Melati"
    assert "Nov: S 51, K 49, D 31, N 14, K/S 96%" in found["melati-desc"]


def test_the_drawing_keeps_the_pages_rules_and_cannot_be_written_into() -> None:
    svg = skdn_svg(YEAR, 2026, '<script>alert("x")</script>', id_='x" onload="y')
    assert "<script" not in svg and ' onload="' not in svg
    assert not re.search(r"\bstyle=|<style|href=|\bon\w+=\"", svg)  # no inline style: the page forbids it
    ElementTree.fromstring(svg)


def test_two_drawings_on_one_page_share_no_id() -> None:
    ids = [re.findall(r'id="([^"]+)"', skdn_svg(YEAR, 2026, id_=name)) for name in ("a", "b")]
    assert not set(ids[0]) & set(ids[1])


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(
        st.integers(1, 12),
        st.tuples(*[st.integers(0, 5000)] * 4).map(
            lambda n: Skdn(s=sum(n), k=sum(n[:3]), d=n[0] + n[1], n=n[0], t=n[1])
        ),
    )
)
def test_nothing_is_drawn_outside_the_drawing(rows: dict[int, Skdn]) -> None:
    svg = ElementTree.fromstring(skdn_svg(rows, 2026))
    _, _, width, height = map(float, (svg.get("viewBox") or "").split())
    for one in svg.iter(f"{SVG}text"):
        assert 0 <= float(one.get("x", 0)) <= width
        assert 5 <= float(one.get("y", 0)) <= height
    for one in bars(skdn_svg(rows, 2026)):
        assert float(one.get("y", 0)) >= 40


def test_a_page_with_a_drawing_does_not_load_matplotlib() -> None:
    code = "import sys; from sapa.charts_skdn import skdn_svg; skdn_svg({}, 2026); print('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "False"
