"""The growth chart as a picture for a phone: the child's weighings on the curves of the standard, like the KMS.

The only module that knows matplotlib, with nothing of its global state: a Figure is made, drawn and dropped, so that
threads do not meet. The few words on it stand in content/id/kata/grafik.yml. Colours are Okabe and Ito's, and none of
them carries a meaning alone: every curve and band is labelled, and what lies below -2 is hatched as well.
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
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from sapa import settings
from sapa.family.calendar import age_in_months
from sapa.family.growth import LAST_DAY, Index, body_of, corrected_hundredths, is_flagged, sd_line
from sapa.family.people import Child, Measurement, Sex

#: Pixels of the picture: a phone held upright shows 1080 of them across about 62 mm.
SIZE = (1080, 1350)
_DPI = 200
_DAYS_A_MONTH = 30.4375
_POINTS_A_LINE = 240  # enough for a smooth line at this size

_GREEN, _YELLOW, _ORANGE, _VERMILION, _BLUE = "#009E73", "#F0E442", "#E69F00", "#D55E00", "#0072B2"
_INK, _GREY = "#111111", "#555555"
_LINES: Mapping[Index, Sequence[int]] = {Index.WEIGHT: (-3, -2, 0, 1, 2, 3), Index.LENGTH: (-3, -2, 0, 2, 3)}
#: Upper end of "normal" in Permenkes 2/2020; its lower end is -2 for both.
_NORMAL_UP_TO = {Index.WEIGHT: 1, Index.LENGTH: 3}


@dataclass(frozen=True)
class _Window:
    """The ages a chart shows, in months."""

    first: int
    last: int
    tick: int


@dataclass(frozen=True)
class _Point:
    """A measurement on the chart: age in months, kg or cm as it counts."""

    months: float
    value: float


def draw_growth_chart(facts: Mapping[str, Any]) -> bytes:
    """A PNG of SIZE: weight for age, and length for age below it where there are lengths.

    facts (JSON): name, sex ("M", "F"), birth_date, today (ISO), measurements [{date, weight_kg, lenhei_cm, measure}],
    own_judgement (born early or small: the curves stay, without words of judgement). Points that cannot be, or beyond
    the fifth birthday, are left out. Raises ValueError where the sex is missing: boys and girls have other curves.
    """
    child, judged = _child(facts), not facts.get("own_judgement")
    words = _words(settings.load().content_dir)
    shown = [m for m in child.measurements if _may_be_drawn(child, m, judged)]
    weights = [_Point(_months(child, m.date), m.weight_kg) for m in shown if m.weight_kg]
    lengths = [_Point(_months(child, m.date), length) for m in shown if (length := _length(child, m)) is not None]
    window = _window([*weights, *lengths], _months(child, date.fromisoformat(str(facts["today"]))))

    figure = Figure(figsize=(SIZE[0] / _DPI, SIZE[1] / _DPI), dpi=_DPI, facecolor="white")
    canvas = FigureCanvasAgg(figure)
    two = bool(lengths)
    top = figure.add_axes((0.115, 0.51 if two else 0.14, 0.79, 0.35 if two else 0.72))
    _panel(top, Index.WEIGHT, child, weights, window, words, judged=judged, last_row=not two)
    if two:
        below = figure.add_axes((0.115, 0.128, 0.79, 0.305))
        _panel(below, Index.LENGTH, child, lengths, window, words, judged=judged, last_row=True)
    _head_and_foot(figure, child, weights, words, date.fromisoformat(str(facts["today"])), judged)
    return _png(canvas)


def _png(canvas: Any) -> bytes:
    """The drawing in 128 colours: a third of the bytes, for families who pay for every one, and nobody sees it."""
    canvas.draw()
    image = Image.frombuffer("RGBA", canvas.get_width_height(), bytes(canvas.buffer_rgba()), "raw", "RGBA", 0, 1)
    out = io.BytesIO()
    image.convert("RGB").quantize(128, method=Image.Quantize.FASTOCTREE).save(out, format="PNG")
    return out.getvalue()


# ------------------------------------------------------------------------------------------------- what is to be drawn


def _child(facts: Mapping[str, Any]) -> Child:
    if facts.get("sex") not in {sex.value for sex in Sex}:
        raise ValueError("a growth chart needs the child's sex (M or F)")
    return Child(
        name=str(facts["name"]),
        sex=Sex(facts["sex"]),
        birth_date=date.fromisoformat(str(facts["birth_date"])),
        measurements=tuple(
            sorted((_measurement(m) for m in facts.get("measurements", ())), key=lambda one: one.date),
        ),
    )


def _measurement(said: Mapping[str, Any]) -> Measurement:
    return Measurement(
        date=date.fromisoformat(str(said["date"])),
        weight_kg=said.get("weight_kg"),
        lenhei_cm=said.get("lenhei_cm"),
        measure=said.get("measure") or "",
    )


def _may_be_drawn(child: Child, measured: Measurement, judged: bool) -> bool:
    in_range = 0 <= (measured.date - child.birth_date).days <= LAST_DAY
    return in_range and not (judged and is_flagged(child, measured))


def _length(child: Child, measured: Measurement) -> float | None:
    """The length as it counts: lying below 24 months, standing from then on."""
    hundredths = corrected_hundredths(body_of(child, measured))
    return None if hundredths is None else hundredths / 100


def _months(child: Child, day: date) -> float:
    return (day - child.birth_date).days / _DAYS_A_MONTH


def _window(points: Sequence[_Point], now: float) -> _Window:
    """The part of childhood that holds the points, as the cards are cut: the first year, two years, two to five."""
    ages = [point.months for point in points] or [min(max(now, 0.0), 60.0)]
    if max(ages) <= 12.2:
        return _Window(0, 13, 1)
    if max(ages) <= 24:
        return _Window(0, 25, 2)
    return _Window(24, 60, 4) if min(ages) >= 24 else _Window(0, 60, 6)


@cache
def _words(content: Path) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", yaml.safe_load((content / "kata" / "grafik.yml").read_text(encoding="utf-8")))


# ------------------------------------------------------------------------------------------------------------ drawing


def _panel(
    axes: Axes,
    index: Index,
    child: Child,
    points: Sequence[_Point],
    window: _Window,
    words: Mapping[str, Any],
    *,
    judged: bool,
    last_row: bool,
) -> None:
    assert child.sex is not None
    parts = _stretches(index, window)
    curves = {k: [sd_line(index, child.sex, k, days) for days in parts] for k in _LINES[index]}
    low, high = _limits(curves, points)
    months = [[day / _DAYS_A_MONTH for day in days] for days in parts]
    for part, xs in enumerate(months):
        _bands(axes, index, xs, {k: lines[part] for k, lines in curves.items()}, low, high, judged=judged)
        for k, lines in curves.items():
            style = "-" if k in (0, -3, 3) else "--"
            axes.plot(xs, lines[part], color=_INK if k == 0 else _GREY, lw=1.3 if k == 0 else 0.9, ls=style, zorder=3)
    _frame(axes, index, window, (low, high), words, last_row=last_row)
    _line_labels(axes, {k: lines[-1][-1] for k, lines in curves.items()}, window.last, words)
    if judged:
        _band_words(axes, child, index, window, points, words)
    _points(axes, points, window, str(words["berat" if index is Index.WEIGHT else "panjang"]))


def _stretches(index: Index, window: _Window) -> list[list[int]]:
    """The days to draw. Lengths are cut between day 730 and 731, where lying turns into standing and 0.7 cm go."""
    step = max(1, round((window.last - window.first) * _DAYS_A_MONTH / _POINTS_A_LINE))
    first = round(window.first * _DAYS_A_MONTH)
    last = min(round(window.last * _DAYS_A_MONTH), LAST_DAY)
    if index is Index.LENGTH and first < 730 and last > 731:
        return [[*range(first, 730, step), 730], [*range(731, last, step), last]]
    start = max(first, 731) if index is Index.LENGTH and window.first >= 24 else first
    return [[*range(start, last, step), last]]


def _limits(curves: Mapping[int, Sequence[Sequence[float]]], points: Sequence[_Point]) -> tuple[float, float]:
    values = [value for lines in curves.values() for line in lines for value in line]
    values += [point.value for point in points]
    room = (max(values) - min(values)) * 0.04
    return max(0.0, min(values) - room), max(values) + room


def _bands(
    axes: Axes,
    index: Index,
    xs: Sequence[float],
    lines: Mapping[int, Sequence[float]],
    low: float,
    high: float,
    *,
    judged: bool,
) -> None:
    if not judged:
        return
    top = _NORMAL_UP_TO[index]
    floor, ceiling = [low] * len(xs), [high] * len(xs)
    axes.fill_between(xs, lines[-2], lines[top], color=_GREEN, alpha=0.22, lw=0, zorder=1)
    axes.fill_between(xs, lines[top], ceiling, color=_YELLOW, alpha=0.28, lw=0, zorder=1)
    axes.fill_between(xs, lines[-3], lines[-2], facecolor=_ORANGE, alpha=0.30, lw=0, zorder=1)
    axes.fill_between(xs, floor, lines[-3], facecolor=_VERMILION, alpha=0.32, lw=0, zorder=1)
    # Hatching says the same to whoever does not see the colours.
    axes.fill_between(
        xs, floor, lines[-2], facecolor="none", edgecolor=_VERMILION, hatch="//", alpha=0.35, lw=0, zorder=2
    )


def _line_labels(axes: Axes, ends: Mapping[int, float], at: float, words: Mapping[str, Any]) -> None:
    """The names of the curves at their right ends, moved apart where two curves end close together."""
    low, high = axes.get_ylim()
    places: dict[int, float] = {}
    for k, value in sorted(ends.items()):
        places[k] = max([value, *(before + 0.062 * (high - low) for before in places.values())])
    for k, value in places.items():
        name = str(words["median"]) if k == 0 else f"{k:+d}"
        axes.annotate(
            name.replace("-", "\u2212"),
            (at, value),
            xytext=(4, 0),
            textcoords="offset points",
            va="center",
            fontsize=8.5 if k == 0 else 9.5,
            color=_INK,
            annotation_clip=False,
        )


#: Where the word "normal" may stand: share of the width, and between which two curves. The first free place wins.
_PLACES = ((0.86, -2, 0), (0.86, 0, 1), (0.62, 0, 1), (0.62, -2, 0), (0.4, 0, 1), (0.4, -2, 0), (0.2, 0, 1))


def _band_words(
    axes: Axes, child: Child, index: Index, window: _Window, points: Sequence[_Point], words: Mapping[str, Any]
) -> None:
    """What the bands mean, in words, each where it hides neither the child's line nor a number."""
    assert child.sex is not None
    low, high = axes.get_ylim()

    def at(share: float, *curves: int) -> tuple[float, float]:
        months = window.first + (window.last - window.first) * share
        day = min(round(months * _DAYS_A_MONTH), LAST_DAY)
        heights = [sd_line(index, child.sex, k, [day])[0] for k in curves] if child.sex else []
        return months, sum(heights) / len(heights)

    def is_far(place: tuple[float, float]) -> bool:
        # Beside the number of the last weighing the word would read as a verdict.
        return not points or abs(points[-1].months - place[0]) >= 0.3 * (window.last - window.first)

    def is_free(place: tuple[float, float]) -> bool:
        return not any(
            abs(x - place[0]) < 0.16 * (window.last - window.first) and abs(y - place[1]) < 0.075 * (high - low)
            for x, y in _along(points, (window.last - window.first) * 0.05)
        )

    normal = [at(share, *curves) for share, *curves in _PLACES]
    free = [place for place in normal if is_free(place)]
    right, left = at(0.7, -3), at(0.24, 3)
    for name, (x, y) in (
        ("normal", next((place for place in free if is_far(place)), (free or normal)[0])),
        ("di_bawah", (right[0], (low + right[1]) / 2)),
        ("di_atas", (left[0], (high + left[1]) / 2)),
    ):
        axes.text(
            x,
            y,
            str(words[name]),
            ha="center",
            va="center",
            fontsize=9.5,
            color=_INK,
            zorder=4,
            bbox={"boxstyle": "round,pad=0.15", "facecolor": "white", "edgecolor": "none", "alpha": 0.75},
        )


def _along(points: Sequence[_Point], step: float) -> list[tuple[float, float]]:
    """Places along the child's line, and the number above its end."""
    found = [(point.months, point.value) for point in points]
    for one, two in zip(points, points[1:], strict=False):
        pieces = max(1, round((two.months - one.months) / step))
        for i in range(1, pieces):
            share = i / pieces
            found.append((one.months + (two.months - one.months) * share, one.value + (two.value - one.value) * share))
    return found


def _points(axes: Axes, points: Sequence[_Point], window: _Window, unit: str) -> None:
    if not points:
        return
    xs, ys = [point.months for point in points], [point.value for point in points]
    axes.plot(xs, ys, color="white", lw=4.5, zorder=5)
    axes.plot(xs, ys, color=_BLUE, lw=2.4, marker="o", ms=7, mfc=_BLUE, mec="white", mew=1.2, zorder=6)
    axes.plot(xs[-1:], ys[-1:], color=_BLUE, marker="o", ms=10, mfc="white", mec=_BLUE, mew=2.6, zorder=7)
    right = xs[-1] < window.first + (window.last - window.first) * 0.6
    axes.annotate(
        f"{_comma(ys[-1])} {unit}",
        (xs[-1], ys[-1]),
        xytext=(9 if right else -9, 12),
        textcoords="offset points",
        ha="left" if right else "right",
        fontsize=12,
        fontweight="bold",
        color=_INK,
        zorder=8,
        bbox={"boxstyle": "round,pad=0.2", "facecolor": "white", "edgecolor": _BLUE, "lw": 1.0},
    )


def _frame(
    axes: Axes,
    index: Index,
    window: _Window,
    limits: tuple[float, float],
    words: Mapping[str, Any],
    *,
    last_row: bool,
) -> None:
    axes.set_xlim(window.first, window.last)
    axes.set_ylim(*limits)
    axes.set_xticks(range(window.first, window.last + 1, window.tick))
    axes.tick_params(labelsize=10, length=3, colors=_INK)
    axes.grid(color=_GREY, alpha=0.18, lw=0.6, zorder=0)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    if index is Index.WEIGHT:
        title = f"{words['judul_berat']} ({words['berat']})"
    else:
        position = "standing" if window.first >= 24 else "lying" if window.last <= 25 else "both"
        title = f"{words['judul_panjang'][position]} ({words['panjang']})"
    axes.set_title(title, fontsize=11.5, loc="left", color=_INK, pad=5, fontweight="bold")
    if last_row:
        axes.set_xlabel(str(words["sumbu_umur"]), fontsize=11, color=_INK, labelpad=2)


def _head_and_foot(
    figure: Figure, child: Child, weights: Sequence[_Point], words: Mapping[str, Any], today: date, judged: bool
) -> None:
    name = child.name if len(child.name) <= 36 else child.name[:35].rstrip() + "\u2026"
    figure.text(0.03, 0.965, name, fontsize=18 if len(name) <= 24 else 13, fontweight="bold", color=_INK, va="center")
    assert child.sex is not None
    about = [str(words["kelamin"][child.sex.value])]
    if today >= child.birth_date:
        about.append(_age(age_in_months(child.birth_date, today), words))
    if not judged:
        about.append(str(words["dinilai_petugas"]))
    elif not weights:
        about.append(str(words["belum_ada"]).lower())
    figure.text(0.03, 0.925, ", ".join(about), fontsize=12, color=_INK, va="center")
    figure.text(0.03, 0.044, str(words["catatan"]), fontsize=9.2, color=_INK, va="center")
    figure.text(0.03, 0.018, str(words["sumber"]), fontsize=8.2, color=_GREY, va="center")


def _age(months: int, words: Mapping[str, Any]) -> str:
    years, rest = divmod(months, 12)
    said = [f"{years} {words['umur']['year']}"] if years else []
    return " ".join([*said, f"{rest} {words['umur']['month']}"] if rest or not years else said)


def _comma(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".").replace(".", ",")
