"""The SKDN chart posyandu know: four bars a month, and below them the shares K/S, D/S, N/D and N/S as lines.

Two shapes of it: a PNG for a phone (matplotlib, without its global state, as sapa/charts.py) and an SVG for a page of
the console, which needs neither script nor style sheet and says its numbers to whoever does not see it. Colours are
Okabe and Ito's (darker where they are words), and none carries a meaning alone: bars stand in the order S, K, D, N,
and D and N are hatched; lines differ in their dashes and bear their names at their ends.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

from sapa.family.skdn import Skdn

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Pixels of the picture: a phone held upright.
SIZE = (1080, 1350)
_DPI = 150
_INK, _GREY, _GRID = "#111111", "#555555", "#CCCCCC"
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "Mei", "Jun", "Jul", "Agu", "Sep", "Okt", "Nov", "Des")


@dataclass(frozen=True)
class _Bar:
    """One of the four numbers: its letter, what it is in a word or two, and how it looks."""

    letter: str
    name: str
    colour: str
    hatch: str


@dataclass(frozen=True)
class _Line:
    """One of the shares."""

    name: str
    colour: str
    dashes: tuple[int, ...]
    mark: str


_BARS = (
    _Bar("S", "semua balita", "#56B4E9", ""),
    _Bar("K", "punya Buku KIA", "#0072B2", ""),
    _Bar("D", "ditimbang", "#E69F00", "///"),
    _Bar("N", "naik", "#009E73", "..."),
)
_LINES = (
    _Line("K/S", "#0072B2", (), "s"),
    _Line("D/S", "#B84A00", (6, 3), "o"),
    _Line("N/D", "#00704F", (2, 2), "^"),
    _Line("N/S", "#7A5195", (8, 3, 2, 3), "D"),
)


@dataclass(frozen=True)
class _Month:
    name: str
    numbers: tuple[int, int, int, int]
    shares: tuple[float | None, float | None, float | None, float | None]


def _months(rows: Mapping[int, Skdn]) -> list[_Month]:
    """All twelve months of the year; one without numbers stays empty."""
    found: list[_Month] = []
    for month, name in enumerate(_MONTHS, start=1):
        one = rows.get(month)
        if one is None:
            found.append(_Month(name, (0, 0, 0, 0), (None, None, None, None)))
        else:
            shares = (one.k_of_s, one.d_of_s, one.n_of_d, one.n_of_s)
            found.append(_Month(name, (one.s, one.k, one.d, one.n), shares))
    return found


# ---------------------------------------------------------------------------------------------------------------- PNG


def draw_skdn(rows: Mapping[int, Skdn], year: int, place: str = "") -> bytes:
    """A PNG of SIZE. rows: by month (1 to 12), those that are over or running; place: the name in the title."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    months = _months(rows)
    figure = Figure(figsize=(SIZE[0] / _DPI, SIZE[1] / _DPI), dpi=_DPI, facecolor="white")
    canvas = FigureCanvasAgg(figure)
    figure.text(0.045, 0.962, _title(year, place), fontsize=16, fontweight="bold", color=_INK, va="center")
    figure.text(0.045, 0.928, _subtitle(months), fontsize=10.5, color=_INK, va="center")
    _draw_bars(figure.add_axes((0.09, 0.51, 0.88, 0.335)), months)
    _draw_lines(figure.add_axes((0.09, 0.075, 0.80, 0.355)), months)
    figure.text(0.045, 0.018, _FOOT, fontsize=8.2, color=_GREY, va="center")
    return _png(canvas)


_FOOT = "N/D = N / (N + T), tanpa O, B, ?"


def _title(year: int, place: str) -> str:
    name = place if len(place) <= 30 else place[:29].rstrip() + "\u2026"
    return f"SKDN {year}" + (f" \u00b7 {name}" if name else "")


def _subtitle(months: Sequence[_Month]) -> str:
    """The newest month in numbers."""
    newest = next((one for one in reversed(months) if one.numbers[0]), None)
    if newest is None:
        return ""
    letters = ", ".join(f"{bar.letter} {number}" for bar, number in zip(_BARS, newest.numbers, strict=True))
    return f"{newest.name}: {letters}"


def _draw_bars(axes: Axes, months: Sequence[_Month]) -> None:
    for place, bar in enumerate(_BARS):
        axes.bar(
            [month + (place - 1.5) * 0.205 for month in range(12)],
            [one.numbers[place] for one in months],
            width=0.19,
            color=bar.colour,
            hatch=bar.hatch,
            edgecolor="white",
            linewidth=0.4,
            label=f"{bar.letter} {bar.name}",
            zorder=3,
        )
    top = max([number for one in months for number in one.numbers] + [1])
    axes.set_ylim(0, top * 1.08)
    axes.set_xlim(-0.6, 11.6)
    _frame(axes, "Jumlah anak")
    axes.legend(
        loc="lower left", bbox_to_anchor=(0.0, 1.09), ncols=4, fontsize=9, frameon=False, handlelength=1.3,
        borderpad=0, columnspacing=1.2,
    )  # fmt: skip


def _draw_lines(axes: Axes, months: Sequence[_Month]) -> None:
    ends: dict[int, tuple[int, float]] = {}
    for place, line in enumerate(_LINES):
        points = [(x, one.shares[place]) for x, one in enumerate(months)]
        seen = [(x, share * 100) for x, share in points if share is not None]
        if not seen:
            continue
        ends[place] = seen[-1]
        axes.plot(
            [x for x, _ in seen], [y for _, y in seen], color=line.colour, lw=2.0, marker=line.mark, ms=5.5,
            mec="white", mew=0.8, dashes=line.dashes or (None, None), zorder=4, clip_on=False,
        )  # fmt: skip
    axes.set_ylim(0, 100)
    axes.set_xlim(-0.4, 11.4)
    _frame(axes, "Persen")
    for place, y in _apart({place: y for place, (_, y) in ends.items()}, 6.5).items():
        axes.annotate(
            f"{_LINES[place].name} {ends[place][1]:.0f}%",
            (max(x for x, _ in ends.values()), y),
            xytext=(9, 0),
            textcoords="offset points",
            va="center",
            fontsize=9.5,
            fontweight="bold",
            color=_LINES[place].colour,
            annotation_clip=False,
            zorder=5,
            bbox={"boxstyle": "round,pad=0.1", "facecolor": "white", "edgecolor": "none", "alpha": 0.8},
        )


def _frame(axes: Axes, title: str) -> None:
    axes.set_title(title, fontsize=11, loc="left", color=_INK, pad=5, fontweight="bold")
    axes.set_xticks(range(12), _MONTHS)
    axes.tick_params(labelsize=9.5, length=3, colors=_INK)
    axes.grid(axis="y", color=_GREY, alpha=0.2, lw=0.6, zorder=0)
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def _apart(places: Mapping[int, float], least: float) -> dict[int, float]:
    """Values moved apart so that what is written beside them can be read; none leaves 0 to 100 by more than it must."""
    found: dict[int, float] = {}
    below = 0.0
    for key, value in sorted(places.items(), key=lambda one: one[1]):
        found[key] = max(value, below)
        below = found[key] + least
    too_high = max([*found.values(), 0.0]) - 100
    if too_high > 0:
        above = 100.0
        for key in sorted(found, key=lambda one: -found[one]):
            found[key] = min(found[key], above)
            above = found[key] - least
    return found


def _png(canvas: Any) -> bytes:
    """The drawing in 64 colours: a quarter of the bytes."""
    from PIL import Image

    canvas.draw()
    image = Image.frombuffer("RGBA", canvas.get_width_height(), bytes(canvas.buffer_rgba()), "raw", "RGBA", 0, 1)
    out = io.BytesIO()
    image.convert("RGB").quantize(64, method=Image.Quantize.FASTOCTREE).save(out, format="PNG")
    return out.getvalue()


# ---------------------------------------------------------------------------------------------------------------- SVG

_WIDTH, _LEFT, _RIGHT = 360, 34, 8
_TOP, _BARS_HIGH, _GAP, _LINES_HIGH = 44, 130, 44, 120
_HEIGHT = _TOP + _BARS_HIGH + _GAP + _LINES_HIGH + 22


def skdn_svg(rows: Mapping[int, Skdn], year: int, place: str = "", *, id_: str = "skdn") -> str:
    """The chart as an inline SVG, as wide as its page: no script, no style attribute, nothing to load.

    rows: by month (1 to 12). It is one picture to a screen reader, with the numbers as its description; a table beside
    it stays the better way to read them. id_: one of a kind on the page.
    """
    months = _months(rows)
    name = escape(id_, quote=True)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" width="100%" role="img" '
        f'aria-labelledby="{name}-title {name}-desc" font-family="system-ui, sans-serif">',
        f'<title id="{name}-title">{escape(_title(year, place))}</title>',
        f'<desc id="{name}-desc">{escape(_said(months))}</desc>',
        _patterns(name),
        *_svg_legend(name),
        *_svg_bars(months, name),
        *_svg_lines(months),
        "</svg>",
    ]
    return "".join(parts)


def _said(months: Sequence[_Month]) -> str:
    """The numbers of every month that has some."""
    return "; ".join(
        ", ".join(
            [f"{one.name}: " + ", ".join(f"{bar.letter} {n}" for bar, n in zip(_BARS, one.numbers, strict=True))]
            + [f"{line.name} {s * 100:.0f}%" for line, s in zip(_LINES, one.shares, strict=True) if s is not None]
        )
        for one in months
        if one.numbers[0]
    )


def _patterns(name: str) -> str:
    """D striped, N dotted, on their own colours."""
    stripes = (
        f'<pattern id="{name}-D" width="4" height="4" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
        f'<rect width="4" height="4" fill="{_BARS[2].colour}"/><rect width="1.2" height="4" fill="#fff"/></pattern>'
    )
    dots = (
        f'<pattern id="{name}-N" width="4" height="4" patternUnits="userSpaceOnUse">'
        f'<rect width="4" height="4" fill="{_BARS[3].colour}"/><circle cx="2" cy="2" r="0.8" fill="#fff"/></pattern>'
    )
    return f"<defs>{stripes}{dots}</defs>"


def _fill(bar: _Bar, name: str) -> str:
    return f"url(#{name}-{bar.letter})" if bar.hatch else bar.colour


def _svg_legend(name: str) -> list[str]:
    parts: list[str] = []
    for place, bar in enumerate(_BARS):
        x, y = _LEFT + (place % 2) * 150, 10 + (place // 2) * 15
        parts.append(f'<rect x="{x}" y="{y - 8}" width="10" height="10" fill="{_fill(bar, name)}"/>')
        parts.append(_text(x + 14, y + 1, f"{bar.letter} {bar.name}"))
    return parts


def _svg_bars(months: Sequence[_Month], name: str) -> list[str]:
    base = _TOP + _BARS_HIGH
    top = _round_up(max([number for one in months for number in one.numbers] + [1]))
    step = (_WIDTH - _LEFT - _RIGHT) / 12
    parts = _svg_scale(_TOP, _BARS_HIGH, [(0, "0"), (0.5, f"{top / 2:g}"), (1, f"{top:g}")])
    for x, one in enumerate(months):
        left = _LEFT + x * step + 1.6
        for place, (bar, number) in enumerate(zip(_BARS, one.numbers, strict=True)):
            high = _BARS_HIGH * number / top
            if number:
                parts.append(
                    f'<rect x="{left + place * (step - 3.2) / 4:.1f}" y="{base - high:.1f}" '
                    f'width="{(step - 3.2) / 4 - 0.5:.1f}" height="{high:.1f}" fill="{_fill(bar, name)}" '
                    f'stroke="{_GREY}" stroke-width="0.4"/>'
                )
        parts.append(_text(_LEFT + (x + 0.5) * step, base + 13, one.name, anchor="middle"))
    return parts


def _svg_lines(months: Sequence[_Month]) -> list[str]:
    top = _TOP + _BARS_HIGH + _GAP
    right = _RIGHT + 54  # room for the names at the ends
    step = (_WIDTH - _LEFT - right) / 11
    parts = _svg_scale(top, _LINES_HIGH, [(0, "0%"), (0.5, "50%"), (1, "100%")], right)
    ends: dict[int, tuple[float, float]] = {}
    for place, line in enumerate(_LINES):
        points = [
            (_LEFT + x * step, one.shares[place]) for x, one in enumerate(months) if one.shares[place] is not None
        ]
        seen = [(x, top + _LINES_HIGH * (1 - (share or 0.0))) for x, share in points]
        if not seen:
            continue
        ends[place] = (seen[-1][0], (points[-1][1] or 0.0) * 100)
        dashes = f' stroke-dasharray="{" ".join(map(str, line.dashes))}"' if line.dashes else ""
        joined = " ".join(f"{x:.1f},{y:.1f}" for x, y in seen)
        parts.append(f'<polyline points="{joined}" fill="none" stroke="{line.colour}" stroke-width="2"{dashes}/>')
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.2" fill="{line.colour}"/>' for x, y in seen]
    beside = max([x for x, _ in ends.values()] + [0.0]) + 6
    for place, value in _apart({place: share for place, (_, share) in ends.items()}, 10.0).items():
        y = top + _LINES_HIGH * (1 - value / 100) + 3.5
        said = f"{_LINES[place].name} {ends[place][1]:.0f}%"
        parts.append(_text(beside, y, said, colour=_LINES[place].colour, bold=True))
    for x, one in enumerate(months):
        parts.append(_text(_LEFT + x * step, top + _LINES_HIGH + 14, one.name, anchor="middle"))
    return parts


def _svg_scale(top: float, high: float, marks: Sequence[tuple[float, str]], right: float = _RIGHT) -> list[str]:
    parts: list[str] = []
    for share, said in marks:
        y = top + high * (1 - share)
        parts.append(
            f'<line x1="{_LEFT}" y1="{y:.1f}" x2="{_WIDTH - right}" y2="{y:.1f}" stroke="{_GRID}" stroke-width="0.8"/>'
        )
        parts.append(_text(_LEFT - 4, y + 3.5, said, anchor="end"))
    return parts


def _text(x: float, y: float, said: str, *, anchor: str = "start", colour: str = _INK, bold: bool = False) -> str:
    weight = ' font-weight="bold"' if bold else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="11" fill="{colour}" text-anchor="{anchor}"{weight}>'
        f"{escape(said)}</text>"
    )


def _round_up(number: int) -> int:
    """The next even number a scale may end with: 2, 4, 6, 8, 10, 20, 30, 40, 50, 60, 80, 100, 200 ..."""
    size = 1
    steps: tuple[int, ...] = (2, 4, 6, 8, 10)
    while steps[-1] * size < number:
        size, steps = size * 10, (2, 3, 4, 5, 6, 8, 10)
    return next(step * size for step in steps if step * size >= number)
