"""Weighings: writing one down, saying what it means, and "berat Ani 8,2" outside of any dialogue.

What is said follows Permenkes 2/2020 in plain words, with the next step, and never names an illness: content/id/dialog/
timbang/hasil.md has the sentences, this module only the facts behind them. Whatever needs a closer look opens a case.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from sapa.family.calendar import age_in_months
from sapa.family.growth import (
    LAST_DAY,
    Assessment,
    Category,
    Index,
    KmsMark,
    assess,
    body_of,
    doubts_about,
    earlier_weighings,
    kms_mark,
    needs_own_judgement,
    position_matters,
)
from sapa.family.people import Child, Family, Measurement
from sapa.family.reading.measures import MeasureEntry, MeasureReading, may_be_a_weighing, read_measures
from sapa.services.consents import CHILD_CARE
from sapa.services.deps import Deps
from sapa.services.households import family_of_contact
from sapa.services.ports import Tx
from sapa.services.records import Reply

LABEL = "flow/catat-timbang"
CASE = "pertumbuhan"
SOURCE = "chat"
RESULT = "dialog/timbang/hasil"

# What must never be taken for a report, whatever numbers stand in it.
_OTHERS = frozenset({"danger", "keluhan", "handover", "bahasa_lain"})

_URGENT = frozenset({Category.SEVERELY_UNDERWEIGHT, Category.SEVERELY_WASTED})
_LOW = frozenset({Category.UNDERWEIGHT, Category.STUNTED, Category.SEVERELY_STUNTED, Category.WASTED})
_ABOVE = frozenset({Category.OVERWEIGHT_RISK, Category.OVERWEIGHT})
_BEYOND_SD = 3.0
# No child that we follow weighs as much; as a slip for 5,8 it is taken only where the child is named or was asked for.
_GROWN_UP_KG = 30


# ------------------------------------------------------------------------------------------- pure: what is to be said


def growth_result(child: Child, measured: Measurement, *, insisted: bool = False) -> dict[str, Any]:
    """What a weighing comes to, as JSON for its text.

    judge: "standar" (the categories are filled), "petugas" (born early or small), "ragu" (the family stands by numbers
    that cannot be), "umur" (5 years and more), "kelamin" (not known). step: "segera", "periksa", "tunjukkan", "lanjut".
    """
    said = {
        "weight": comma(measured.weight_kg),
        "length": comma(measured.lenhei_cm),
        "age_months": age_in_months(child.birth_date, measured.date),
        "age_days": (measured.date - child.birth_date).days,
        "change": _change(child, measured),
        "judge": _judge(child, measured, insisted),
        "weight_class": None,
        "length_class": None,
        "shape_class": None,
        "kms": None,
        "step": "tunjukkan",
    }
    if said["judge"] in ("ragu", "petugas"):
        return {**said, "step": "periksa" if said["judge"] == "ragu" else "tunjukkan"}
    if said["judge"] != "standar":
        return said
    found, mark = assess(body_of(child, measured)), kms_mark(child, measured)
    return {
        **said,
        "weight_class": _name(found.category(Index.WEIGHT)),
        "length_class": _name(found.category(Index.LENGTH)),
        "shape_class": _name(found.category(Index.WEIGHT_FOR_LENGTH)),
        "kms": mark.value if mark in (KmsMark.UP, KmsMark.NOT_UP, KmsMark.ASK) else None,
        "step": _step(found, mark),
    }


def _name(category: Category | None) -> str | None:
    """Plain text, for replies travel as JSON."""
    return category.value if category is not None else None


def _judge(child: Child, measured: Measurement, insisted: bool) -> str:
    if needs_own_judgement(child):
        return "petugas"
    if insisted:
        return "ragu"
    if (measured.date - child.birth_date).days > LAST_DAY:
        return "umur"
    return "standar" if child.sex is not None else "kelamin"


def _step(found: Assessment, mark: KmsMark | None) -> str:
    """What comes next: below -2, above +3 or T goes to the puskesmas (anak.yml, kms.refer_when), the rest is shown."""
    indices = (Index.WEIGHT, Index.LENGTH, Index.WEIGHT_FOR_LENGTH)
    classes = {found.category(index) for index in indices}
    beyond = any(found.scores[index].z > _BEYOND_SD for index in indices if index in found.scores)
    if classes & _URGENT:
        return "segera"
    if classes & _LOW or beyond or mark is KmsMark.NOT_UP:
        return "periksa"
    shape = found.category(Index.WEIGHT_FOR_LENGTH)
    # "Risiko berat badan lebih" is no finding by itself: the weight for the length decides.
    heavy = found.category(Index.WEIGHT) is Category.WEIGHT_RISK and shape is not Category.WELL_NOURISHED
    return "tunjukkan" if heavy or shape in _ABOVE or mark is KmsMark.ASK else "lanjut"


def needs_case(result: Mapping[str, Any]) -> bool:
    """Whether a human must look at it. A child born early or small always goes the human way."""
    return result["step"] in ("segera", "periksa") or result["judge"] == "petugas"


def _change(child: Child, measured: Measurement) -> dict[str, Any] | None:
    earlier = earlier_weighings(child, measured.date)
    if not earlier or measured.weight_kg is None or earlier[-1].weight_kg is None:
        return None
    last = earlier[-1]
    assert last.weight_kg is not None
    grams = round((measured.weight_kg - last.weight_kg) * 1000)
    way = "naik" if grams > 0 else "turun" if grams < 0 else "tetap"
    amount = f"{abs(grams)} gram" if abs(grams) < 1000 else f"{comma(abs(grams) / 1000)} kg"
    return {"way": way, "amount": amount, "since": last.date.isoformat()}


def comma(value: float | None) -> str | None:
    """8.25 -> "8,25", as it is written in Indonesia; None stays None."""
    return None if value is None else f"{value:.3f}".rstrip("0").rstrip(".").replace(".", ",")


def chart_facts(child: Child, today: date) -> dict[str, Any] | None:
    """What is drawn beside a result (JSON for sapa.charts); None where no curve can be chosen: sex not known."""
    if child.sex is None:
        return None
    return {
        "kind": "growth-chart",
        "name": child.name,
        "sex": child.sex.value,
        "birth_date": child.birth_date.isoformat(),
        "today": today.isoformat(),
        "own_judgement": needs_own_judgement(child),
        "measurements": [
            {"date": m.date.isoformat(), "weight_kg": m.weight_kg, "lenhei_cm": m.lenhei_cm, "measure": m.measure}
            for m in child.measurements
        ],
    }


# ------------------------------------------------------------------------------------ in a transaction: what it changes


def write_down(
    tx: Tx,
    contact_id: str,
    household_id: str,
    child: Child,
    measured: Measurement,
    today: date,
    now: datetime,
    *,
    insisted: bool = False,
    inbound_id: str | None = None,
) -> Reply:
    """Keep a weighing (one a day; a second one of that day corrects the first) and say what it means, with the chart.

    `child` carries its sex as it shall be kept. Doing it twice changes nothing more.
    """
    known = next((one for one in child.measurements if one.date == measured.date), None)
    whole = joined(known, measured)
    before = next((one for one in tx.children_of(household_id) if one.id == child.id), None)
    if before is not None and before.sex is not child.sex:
        tx.save_child(household_id, child, now)
    tx.save_measurement(child.id, whole, SOURCE, now)
    if whole != known:
        tx.audit("weighing_recorded", contact_id, {"child": child.id}, now)
    child = with_weighing(child, whole)
    result = growth_result(child, whole, insisted=insisted)
    if needs_case(result) and not any(case.kind == CASE for case in tx.open_cases_of(contact_id)):
        tx.open_case(contact_id, CASE, inbound_id, now)
    said = {"child_name": child.name, "date": whole.date.isoformat(), "hasil": result, "case": needs_case(result)}
    return Reply(RESULT, said, chart_facts(child, today))


def with_weighing(child: Child, whole: Measurement) -> Child:
    """The child with this weighing in place of another one of its day."""
    others = [one for one in child.measurements if one.date != whole.date]
    return replace(child, measurements=tuple(sorted([*others, whole], key=lambda one: one.date)))


def joined(known: Measurement | None, new: Measurement) -> Measurement:
    """A weighing with what was told before for the same day: "8,2" in the morning, "tinggi 72" at noon."""
    if known is None:
        return new
    length = new.lenhei_cm if new.lenhei_cm is not None else known.lenhei_cm
    return Measurement(
        date=new.date,
        weight_kg=new.weight_kg if new.weight_kg is not None else known.weight_kg,
        lenhei_cm=length,
        measure=new.measure or (known.measure if length == known.lenhei_cm else ""),
    )


def record(deps: Deps, tx: Tx, contact_id: str, text: str, label: str, now: datetime) -> tuple[Reply, ...] | None:
    """Write down a weighing told in passing ("berat Ani 8,2"), if nothing about it has to be asked; else None.

    Certain means: a word of weighing or the child's name beside a number written like a weight, nothing else in the
    message, one child meant, its sex known, consent given, and numbers that can be. What lacks something is taken up by
    the dialogue (sapa.services.journeys.growth), which asks.
    """
    if not _may_report(text, label):
        return None
    contact = tx.contact(contact_id)
    if contact is None or contact.household_id is None or not tx.has_consent(contact_id, CHILD_CARE):
        return None
    family = family_of_contact(tx, contact_id, now, deps.default_timezone)
    reading = read_measures(text, family.today, names=[child.name for child in family.children])
    told = certain(reading, text, family)
    if told is None:
        return None
    return tuple(
        write_down(tx, contact_id, contact.household_id, child, measured, family.today, now) for child, measured in told
    )


def _may_report(text: str, label: str) -> bool:
    other_flow = label.startswith("flow/") and label != LABEL
    return label not in _OTHERS and not other_flow and not text.startswith("/") and may_be_a_weighing(text)


def is_report(reading: MeasureReading, text: str) -> bool:
    """Whether a message is about weighing a child beyond doubt, complete or not."""
    if not reading.weighed or not reading.plain or reading.not_weighed:
        return False
    named = any(entry.name for entry in reading.entries)
    if not named and any((entry.weight_kg or 0) >= _GROWN_UP_KG for entry in reading.entries):
        return False  # "bb 58" may be the mother's own
    like_a_weight = any(mark in text for mark in (",", ".")) or sum(map(_numbers, reading.entries)) > 1
    return reading.subject or (named and like_a_weight)


def _numbers(entry: MeasureEntry) -> int:
    return sum(value is not None for value in (entry.weight_kg, entry.length_cm, entry.head_cm))


def certain(reading: MeasureReading, text: str, family: Family) -> list[tuple[Child, Measurement]] | None:
    """The weighings of a message if nothing about them has to be asked, else None."""
    if not is_report(reading, text):
        return None
    day = family.today if reading.date.problem == "none" else reading.date.value if reading.date.usable else None
    if day is None:
        return None
    found = []
    for entry in reading.entries:
        child = child_named(entry.name, family)
        if child is None or child.sex is None or entry.weight_kg is None or day < child.birth_date:
            return None
        measured = Measurement(day, entry.weight_kg, entry.length_cm, entry.measure if entry.length_cm else "")
        if doubts_about(child, measured) or position_matters(child, measured):
            return None
        found.append((child, measured))
    return found or None


def child_named(name: str | None, family: Family) -> Child | None:
    """The child of that name, or the only one there is where no name was told."""
    if name is None:
        return family.children[0] if len(family.children) == 1 else None
    return next((child for child in family.children if child.name == name), None)
