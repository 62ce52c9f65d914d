"""The card of a couple about to marry as a picture: what was found and what comes next, to be shown to the bidan.

Drawn with matplotlib as sapa/charts.py is, without its global state: a Figure is made, drawn and dropped. The words
stand in content/id/kata/kartu-catin.yml. Colours are Okabe and Ito's and carry no meaning alone: each status has a
sign and a word of its own. The card gives no score and is no certificate (content/facts/catin.yml, scoring.bot_rule).
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, cast

import yaml
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch, Rectangle
from PIL import Image

from sapa import settings

#: Pixels of the picture: the shape of A6 held upright, as wide as a phone's screen.
SIZE = (1080, 1528)
_DPI = 150
_MARGIN = 54
_INK, _GREY, _LINE, _HEAD = "#111111", "#555555", "#CCCCCC", "#004D73"
#: Colour and sign of each status.
_LOOKS: Mapping[str, tuple[str, str]] = {
    "good": ("#00795A", "\u2713"),
    "improve": ("#B84A00", "!"),
    "check": ("#0072B2", "?"),
    "unknown": ("#666666", "\u2013"),
}
_MAX_STEPS = 9
_ROW, _GAP = 58, 22


@dataclass
class _Sheet:
    """The picture being drawn, from the top; y in pixels from the upper edge."""

    figure: Figure
    y: float = 0.0

    def text(self, x: float, words: str, size: float, colour: str = _INK, **more: Any) -> None:
        """Words with their middle on the line at y; `size` in pixels."""
        more.setdefault("ha", "left")
        self.figure.text(
            x / SIZE[0], 1 - self.y / SIZE[1], words, fontsize=size * 72 / _DPI, color=colour, va="center", **more
        )

    def box(self, x: float, width: float, height: float, colour: str, *, round_by: float = 0.0) -> None:
        """A filled box with its middle on the line at y."""
        low = 1 - (self.y + height / 2) / SIZE[1]
        corner, size = (x / SIZE[0], low), (width / SIZE[0], height / SIZE[1])
        shape = (
            FancyBboxPatch(
                corner,
                *size,
                boxstyle=f"round,pad=0,rounding_size={round_by / SIZE[1]}",
                mutation_aspect=SIZE[0] / SIZE[1],
                transform=self.figure.transFigure,
                facecolor=colour,
                edgecolor="none",
            )
            if round_by
            else Rectangle(corner, *size, transform=self.figure.transFigure, facecolor=colour, edgecolor="none")
        )
        self.figure.add_artist(shape)


def draw_catin_card(facts: Mapping[str, Any]) -> bytes:
    """A PNG of SIZE from the JSON facts that sapa.services.screening_results.card_of makes.

    facts: today, wedding (ISO or None), partners [{sex, rows [{item, status, value}]}], steps [{key, on, when, weeks}].
    """
    words = _words(settings.load().content_dir)
    figure = Figure(figsize=(SIZE[0] / _DPI, SIZE[1] / _DPI), dpi=_DPI, facecolor="white")
    canvas = FigureCanvasAgg(figure)
    sheet = _Sheet(figure)
    _head(sheet, facts, words)
    for partner in facts["partners"]:
        _partner(sheet, partner, words)
    _plan(sheet, facts["steps"], words)
    _foot(sheet, facts, words)
    return _png(canvas)


def _head(sheet: _Sheet, facts: Mapping[str, Any], words: Mapping[str, Any]) -> None:
    sheet.y = 75
    sheet.box(0, SIZE[0], 150, _HEAD)
    sheet.y = 54
    sheet.text(_MARGIN, words["judul"], 50, "white", weight="bold")
    sheet.y = 112
    sheet.text(_MARGIN, words["sub"], 29, "white")
    sheet.y = 190
    day = _day(facts.get("wedding"), words) or words["menikah_belum"]
    sheet.text(_MARGIN, f"{words['menikah']}: {day}", 36, weight="bold")
    sheet.y += 28


def _partner(sheet: _Sheet, partner: Mapping[str, Any], words: Mapping[str, Any]) -> None:
    rows: Sequence[Mapping[str, Any]] = partner["rows"]
    _title(sheet, words["partner"][partner["sex"]])
    for row in rows:
        sheet.y += _ROW * 0.86
        colour, sign = _LOOKS[row["status"]]
        sheet.text(_MARGIN, words["butir"][row["item"]], 33)
        sheet.text(SIZE[0] * 0.47, _value(row, words), 33, weight="bold")
        x, width = SIZE[0] - _MARGIN - 320, 320
        sheet.box(x, width, _ROW * 0.7, colour, round_by=14)
        sheet.text(x + 30, sign, 32, "white", weight="bold", ha="center")
        sheet.text(x + 60, words["status"][row["status"]], 30, "white", weight="bold")
    sheet.y += _GAP


def _title(sheet: _Sheet, title: str) -> None:
    sheet.y += 40
    sheet.text(_MARGIN, title, 34, _HEAD, weight="bold")
    sheet.y += 25
    sheet.box(_MARGIN, SIZE[0] - 2 * _MARGIN, 3, _LINE)


def _value(row: Mapping[str, Any], words: Mapping[str, Any]) -> str:
    if row["item"] in ("smoking", "smoke_at_home"):
        said = {"improve": "ya", "good": "tidak"}.get(row["status"], "belum")
        return str(words["jawaban"][said]) if said != "belum" else ""
    if row.get("value") is None:
        return ""
    unit = words["satuan"].get(row["item"], "")
    return f"{row['value']} {unit}".strip()


def _plan(sheet: _Sheet, steps: Sequence[Mapping[str, Any]], words: Mapping[str, Any]) -> None:
    """As many steps as there is room for; what has no day of its own gives way first, the order stays."""
    room = int((SIZE[1] - 110 - sheet.y - 65) // 44)
    shown = list(steps)
    for when in ("spare", "weeks"):
        while len(shown) > min(room, _MAX_STEPS) and any(step["when"] == when for step in shown):
            shown.remove(next(step for step in reversed(shown) if step["when"] == when))
    shown = shown[: min(room, _MAX_STEPS)]
    if not shown:
        return
    _title(sheet, words["rencana"])
    for step in shown:
        sheet.y += 44
        sheet.text(_MARGIN, _when(step, words), 29, _GREY)
        sheet.text(SIZE[0] * 0.36, words["langkah"][step["key"]], 31)


def _when(step: Mapping[str, Any], words: Mapping[str, Any]) -> str:
    named: Mapping[str, str] = words["kapan"]
    if step["when"] in ("now", "spare"):
        return named["now"]
    if step["when"] == "before":
        return named["before"]
    return _day(step.get("on"), words) if step["when"] == "date" else f"{step['weeks']} {named['weeks']}"


def _foot(sheet: _Sheet, facts: Mapping[str, Any], words: Mapping[str, Any]) -> None:
    sheet.y = SIZE[1] - 66
    sheet.text(_MARGIN, words["kaki"], 25, _GREY)
    sheet.y = SIZE[1] - 30
    sheet.text(_MARGIN, f"{words['dibuat']} {_day(facts['today'], words)}", 25, _GREY)


def _day(iso: Any, words: Mapping[str, Any]) -> str:
    """2026-12-03 -> 3 Des 2026; nothing for no day."""
    if not iso:
        return ""
    day = date.fromisoformat(str(iso))
    return f"{day.day} {words['bulan'][day.month - 1]} {day.year}"


@cache
def _words(content_dir: Path) -> Mapping[str, Any]:
    text = (content_dir / "kata" / "kartu-catin.yml").read_text(encoding="utf-8")
    return cast("Mapping[str, Any]", yaml.safe_load(text))


def _png(canvas: Any) -> bytes:
    """The drawing in 64 colours: small, for families who pay for every byte."""
    canvas.draw()
    image = Image.frombuffer("RGBA", canvas.get_width_height(), bytes(canvas.buffer_rgba()), "raw", "RGBA", 0, 1)
    out = io.BytesIO()
    image.convert("RGB").quantize(64, method=Image.Quantize.FASTOCTREE).save(out, format="PNG")
    return out.getvalue()
