"""Tables of measurements in, the same tables with z-scores out (`sapa zscore`), and a child's chart from a FAMILY.yml.

Columns in: sex, age_days, weight_kg, lenhei_cm, measure, oedema, headc_cm; the last three may be missing, others are
carried along. Columns out, after those: clenhei_cm; zlen, zwei, zwfl, zbmi, zhc; flen, fwei, fwfl, fbmi, fhc (1
implausible, 0 not, blank without a z-score); c9mo_flag (1: standing below 9 months, taken as unknown); kategori_len,
kategori_wei, kategori_wfl, kategori_bmi, kategori_hc; note (what was wrong with the row). A flagged value has no
category. A row that cannot be read stays, with its note, and the next one goes on.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sapa.family.growth import LAST_DAY, Assessment, Body, Index, assess
from sapa.family.people import Family, Sex
from sapa.services.growth_recording import chart_facts

NEEDED = ("sex", "age_days", "weight_kg", "lenhei_cm")
OPTIONAL = ("measure", "oedema", "headc_cm")
_INDICES = (Index.LENGTH, Index.WEIGHT, Index.WEIGHT_FOR_LENGTH, Index.BMI, Index.HEAD)
ADDED = (
    "clenhei_cm",
    *(f"z{index}" for index in _INDICES),
    *(f"f{index}" for index in _INDICES),
    "c9mo_flag",
    *(f"kategori_{index}" for index in _INDICES),
    "note",
)

_SEXES = {"m": Sex.MALE, "l": Sex.MALE, "1": Sex.MALE, "f": Sex.FEMALE, "p": Sex.FEMALE, "2": Sex.FEMALE}
_OEDEMA = {"": False, "n": False, "no": False, "t": False, "tidak": False, "0": False, "false": False}
_OEDEMA |= {"y": True, "yes": True, "ya": True, "1": True, "true": True}
_MISSING = frozenset({"", "na", "n/a", ".", "-", "null"})
_NUMBER = re.compile(r"[+-]?(?:\d+(?:[.,]\d*)?|[.,]\d+)")


class GrowthFileError(ValueError):
    """A table or family that cannot be used at all; the message says what is missing."""


@dataclass(frozen=True)
class GrowthTable:
    """A table as it was read: its separator, its columns without those we add, and its rows, cell by cell."""

    separator: str
    columns: tuple[str, ...]
    rows: tuple[Mapping[str, str], ...]
    problems: Mapping[int, str] = field(default_factory=dict)  # row number from 0: why it cannot be read


def read_table(text: str) -> GrowthTable:
    """A CSV with a header line, separated by commas or (as Excel writes it in Indonesia) semicolons or tabs.

    Raises GrowthFileError if a needed column is missing or named twice.
    """
    text = text.removeprefix("\ufeff")
    first = text.lstrip("\r\n").split("\n", 1)[0]
    separator = max(",;\t", key=first.count)
    lines = [cells for cells in csv.reader(io.StringIO(text), delimiter=separator) if any(c.strip() for c in cells)]
    if not lines:
        raise GrowthFileError("the file is empty")
    header = [
        cell.strip().lower() if cell.strip().lower() in (*NEEDED, *OPTIONAL, *ADDED) else cell for cell in lines[0]
    ]
    missing = [name for name in NEEDED if name not in header]
    twice = sorted({name for name in header if header.count(name) > 1})
    if missing:
        raise GrowthFileError(f"missing column {', '.join(missing)}; needed are {', '.join(NEEDED)}")
    if twice:
        raise GrowthFileError(f"column {', '.join(twice)} stands there twice")
    rows, problems = [], {}
    for number, cells in enumerate(lines[1:]):
        if len(cells) > len(header):
            problems[number] = f"{len(cells)} cells under {len(header)} columns (a decimal comma without quotes?)"
            cells = [*cells[: len(header) - 1], separator.join(cells[len(header) - 1 :])]
        filled = [*cells, *[""] * (len(header) - len(cells))]
        rows.append(dict(zip(header, filled, strict=True)))
    return GrowthTable(separator, tuple(name for name in header if name not in ADDED), tuple(rows), problems)


def scored_rows(table: GrowthTable, categories: Mapping[str, str]) -> Iterator[list[str]]:
    """The header, then each row with what is added. `categories` names each Category in Indonesian."""
    yield [*table.columns, *ADDED]
    for number, row in enumerate(table.rows):
        added = _scored(row, table.problems.get(number), categories)
        yield [*(row[name] for name in table.columns), *(added[name] for name in ADDED)]


def _scored(row: Mapping[str, str], problem: str | None, categories: Mapping[str, str]) -> dict[str, str]:
    notes: list[str] = [] if problem is None else [problem]
    body = None if problem is not None else _body(row, notes)
    added = dict.fromkeys(ADDED, "")
    if body is not None:
        found = assess(body)
        _notes_on(body, found, notes)
        added |= _cells(found, categories)
    return added | {"note": "; ".join(notes)}


def _cells(found: Assessment, categories: Mapping[str, str]) -> dict[str, str]:
    cells = {"clenhei_cm": "" if found.clenhei_cm is None else f"{found.clenhei_cm:.2f}"}
    cells["c9mo_flag"] = "" if found.clenhei_cm is None else str(int(found.position_doubted))
    for index in _INDICES:
        score, category = found.scores.get(index), found.category(index)
        if score is not None:
            cells |= {f"z{index}": f"{score.z:.2f}", f"f{index}": str(int(score.flagged))}
        if category is not None:
            cells[f"kategori_{index}"] = categories[category]
    return cells


def _body(row: Mapping[str, str], notes: list[str]) -> Body | None:
    """The row as a body, with a note on every cell that cannot be read; None where nothing can be made of it."""
    sex = _SEXES.get(row["sex"].strip().lower())
    if sex is None:
        notes.append(f"sex: {_shown(row['sex'])} is not M or F")
    unreadable = len(notes)
    age = _number(row, "age_days", notes, positive=False)
    bad_age = len(notes) > unreadable or (age is not None and age < 0)
    if age is not None and age < 0:
        notes.append(f"age_days: {_shown(row['age_days'])} is below 0")
    measure = row.get("measure", "").strip().upper()
    if measure not in ("", "L", "H"):
        if measure.lower() not in _MISSING:
            notes.append(f"measure: {_shown(measure)} is not L, H or blank; taken as unknown")
        measure = ""
    swollen = row.get("oedema", "").strip().lower()
    oedema = _OEDEMA.get("" if swollen in _MISSING else swollen)
    if oedema is None:
        notes.append(f"oedema: {_shown(row['oedema'])} is not y or n; no z-score with weight")
    weight, length = _number(row, "weight_kg", notes), _number(row, "lenhei_cm", notes)
    head = _number(row, "headc_cm", notes) if "headc_cm" in row else None
    if sex is None or bad_age:
        return None
    # Ages told with decimals are rounded as WHO rounds months: half up.
    days = None if age is None else int(age + 0.5)
    return Body(sex, days, None if oedema is None else weight, length, measure, bool(oedema), head)


def _number(row: Mapping[str, str], name: str, notes: list[str], *, positive: bool = True) -> float | None:
    text = row[name].strip()
    if text.lower() in _MISSING:
        return None
    if not _NUMBER.fullmatch(text) or len(text) > 12:
        notes.append(f"{name}: {_shown(text)} is not a number")
        return None
    value = float(text.replace(",", "."))
    if positive and value <= 0:
        notes.append(f"{name}: {_shown(text)} is not above 0")
        return None
    return value


def _notes_on(body: Body, found: Assessment, notes: list[str]) -> None:
    if body.age_days is None:
        notes.append("age_days: blank, so only weight for length")
    elif body.age_days > LAST_DAY:
        notes.append(f"age_days: no z-score from 60 months (day {LAST_DAY + 1}) on")
    if found.position_doubted:
        notes.append("measure: standing below 9 months, taken as unknown; measure again lying")
    if body.oedema and found.swollen:
        notes.append("oedema: no z-score with weight, counts as severely malnourished")
    flagged = [index.value for index in _INDICES if index in found.scores and found.scores[index].flagged]
    if flagged:
        notes.append(f"implausible ({', '.join(flagged)}): measure or type again")


def _shown(text: str) -> str:
    return repr(text if len(text) <= 20 else text[:20] + "...")


def write_table(table: GrowthTable, rows: Sequence[Sequence[str]]) -> str:
    """The rows as CSV text with the separator of the table they come from."""
    out = io.StringIO()
    csv.writer(out, delimiter=table.separator, lineterminator="\n").writerows(rows)
    return out.getvalue()


def chart_of(family: Family, name: str) -> dict[str, Any]:
    """What the chart of one child of a family shows. Raises GrowthFileError if it cannot be drawn."""
    child = next((child for child in family.children if child.name.casefold() == name.casefold()), None)
    if child is None:
        known = ", ".join(child.name for child in family.children) or "none"
        raise GrowthFileError(f"no child is called {name!r}; known: {known}")
    facts = chart_facts(child, family.today)
    if facts is None:
        raise GrowthFileError(f"{child.name}: the sex is not known, and boys and girls have other curves")
    return facts
