"""Growth by the WHO Child Growth Standards: z-scores, the categories of Permenkes 2/2020, and naik or tidak naik.

The rules and their numbers are those of data/who/README.md ("rule 5" below is its rule 5), the categories those of
content/facts/anak.yml, growth_standards. Nothing here is a diagnosis: one measurement says where a child stands beside
others of its age, and a health worker says what that means.

Units: days, kilograms, centimetres. Lengths are counted in whole hundredths of a centimetre before they are looked up,
because 103.1 - 0.7 is 102.39999999999999 to a computer.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from functools import cache, lru_cache
from pathlib import Path
from types import MappingProxyType

from sapa.family.calendar import age_in_months
from sapa.family.people import Child, Measurement, Sex

_DATA = Path(__file__).with_name("data") / "who"

#: Rule 2: the last day with a z-score; 60 months are 1826.25 days.
LAST_DAY = 1826
#: Rule 4: the first day on which standing height counts.
FIRST_STANDING_DAY = 731
#: Rule 6: 9 x 30.4375 = 273.9 days; on day 273 and before, "standing" is taken for a slip.
LAST_DAY_WITHOUT_STANDING = 273
_POSITION_HUNDREDTHS = 70
_LYING, _STANDING = "L", "H"


class Index(StrEnum):
    """What is compared with the standard. The values are the endings of the columns of `sapa zscore`."""

    LENGTH = "len"  # PB/U, TB/U
    WEIGHT = "wei"  # BB/U
    WEIGHT_FOR_LENGTH = "wfl"  # BB/PB, BB/TB
    BMI = "bmi"  # IMT/U
    HEAD = "hc"  # LK/U


class Category(StrEnum):
    """Categories of Permenkes 2/2020 (0-60 months) and, for the head, of the KIA book. Their names are content."""

    SEVERELY_UNDERWEIGHT = "severely_underweight"
    UNDERWEIGHT = "underweight"
    WEIGHT_NORMAL = "weight_normal"
    WEIGHT_RISK = "weight_risk"
    SEVERELY_STUNTED = "severely_stunted"
    STUNTED = "stunted"
    LENGTH_NORMAL = "length_normal"
    TALL = "tall"
    SEVERELY_WASTED = "severely_wasted"
    WASTED = "wasted"
    WELL_NOURISHED = "well_nourished"
    OVERWEIGHT_RISK = "overweight_risk"
    OVERWEIGHT = "overweight"
    OBESE = "obese"
    HEAD_SMALL = "head_small"
    HEAD_NORMAL = "head_normal"
    HEAD_LARGE = "head_large"


@dataclass(frozen=True)
class Body:
    """One measuring, as it was told. measure: L (lying), H (standing) or "" (not known).

    age_days None: not known (only weight-for-length is left then, rule 11). Raises nothing: what is missing, zero or
    negative simply has no z-score (rule 14).
    """

    sex: Sex | None
    age_days: int | None
    weight_kg: float | None = None
    lenhei_cm: float | None = None
    measure: str = ""
    oedema: bool = False
    headc_cm: float | None = None


@dataclass(frozen=True)
class Score:
    """A z-score of 2 decimals. flagged: implausible, so there is no category: measure or ask again."""

    z: float
    flagged: bool
    category: Category | None


@dataclass(frozen=True)
class Assessment:
    """What the standard says of one measuring.

    clenhei_cm: the length as it counts (rule 5); position_doubted: standing below 9 months (rule 6); swollen: oedema,
    for which WHO counts the child as severely malnourished whatever its weight (rule 13).
    """

    scores: Mapping[Index, Score] = field(default_factory=dict)
    clenhei_cm: float | None = None
    position_doubted: bool = False
    swollen: bool = False

    def category(self, index: Index) -> Category | None:
        """The category of an index, None where there is none to give."""
        if self.swollen and index is Index.WEIGHT_FOR_LENGTH:
            return Category.SEVERELY_WASTED
        score = self.scores.get(index)
        return score.category if score else None


# --------------------------------------------------------------------------------------------------------- the tables

_Lms = tuple[float, float, float]
_AGE_TABLES = {
    Index.LENGTH: "length_height_for_age",
    Index.WEIGHT: "weight_for_age",
    Index.BMI: "bmi_for_age",
    Index.HEAD: "head_circumference_for_age",
}
#: File, first and last row in hundredths of a centimetre; one row every 10.
_LENGTH_TABLE, _HEIGHT_TABLE = ("weight_for_length", 4500, 11000), ("weight_for_height", 6500, 12000)


@cache
def _table(name: str) -> Mapping[Sex, tuple[_Lms, ...]]:
    """One file, read when it is first needed: per sex the rows (L, M, S) in order of age or length, without a gap."""
    rows: dict[Sex, list[_Lms]] = {Sex.MALE: [], Sex.FEMALE: []}
    lines = (_DATA / f"{name}.csv").read_text(encoding="ascii").splitlines()
    where = {title: place for place, title in enumerate(lines[0].split(","))}
    sex_at, l_at, m_at, s_at = (where[title] for title in ("sex", "L", "M", "S"))
    for line in lines[1:]:
        cells = line.split(",")
        rows[Sex(cells[sex_at])].append((float(cells[l_at]), float(cells[m_at]), float(cells[s_at])))
    return {sex: tuple(found) for sex, found in rows.items()}


def _lms_at_age(index: Index, sex: Sex, age_days: int) -> _Lms:
    return _table(_AGE_TABLES[index])[sex][age_days]


def _lms_at_length(sex: Sex, hundredths: int, *, standing: bool) -> _Lms | None:
    """Rule 11: between two rows by linear interpolation; None outside the table."""
    name, first, last = _HEIGHT_TABLE if standing else _LENGTH_TABLE
    if not first <= hundredths <= last:
        return None
    row, rest = divmod(hundredths - first, 10)
    rows = _table(name)[sex]
    if not rest:
        return rows[row]
    low, high = rows[row], rows[row + 1]
    l_, m, s = (a + (b - a) * rest / 10 for a, b in zip(low, high, strict=True))
    return l_, m, s


# ---------------------------------------------------------------------------------------------------------- z-scores


def _at_sd(lms: _Lms, k: float) -> float:
    """The measurement that lies k standard deviations from the median (rule 10)."""
    l_, m, s = lms
    return float(m * (1 + l_ * s * k) ** (1 / l_))


def _z(lms: _Lms, y: float, *, linear_tails: bool) -> float:
    """Rules 8 to 10, not rounded."""
    l_, m, s = lms
    z = ((y / m) ** l_ - 1) / (l_ * s)
    if linear_tails and z > 3:
        return 3 + (y - _at_sd(lms, 3)) / (_at_sd(lms, 3) - _at_sd(lms, 2))
    if linear_tails and z < -3:
        return -3 + (y - _at_sd(lms, -3)) / (_at_sd(lms, -2) - _at_sd(lms, -3))
    return float(z)


def rounded(z: float) -> float:
    """Rule 12: 2 decimals, half away from zero on both sides, so that boys and girls beyond -2 are cut like beyond +2.

    A true half can only come from an index with L = 1 (length, head). The small term undoes the noise of floating
    point there, which is about 1e-14; no other value is that close to a half.
    """
    size = math.floor(abs(z) * 100 + 0.5 + 1e-9) / 100
    return math.copysign(size, z) if size else 0.0


_TAILS = frozenset({Index.WEIGHT, Index.WEIGHT_FOR_LENGTH, Index.BMI})
_PLAUSIBLE = {
    Index.LENGTH: (-6.0, 6.0),
    Index.WEIGHT: (-6.0, 5.0),
    Index.WEIGHT_FOR_LENGTH: (-5.0, 5.0),
    Index.BMI: (-5.0, 5.0),
    Index.HEAD: (-5.0, 5.0),
}
_NOURISHMENT = (
    (-3.0, False, Category.SEVERELY_WASTED),
    (-2.0, False, Category.WASTED),
    (1.0, True, Category.WELL_NOURISHED),
    (2.0, True, Category.OVERWEIGHT_RISK),
    (3.0, True, Category.OVERWEIGHT),
    (math.inf, True, Category.OBESE),
)
#: Upper limit, whether the limit itself still belongs to the category, the category. A value on a limit falls into
#: the better one (anak.yml, boundary_rule): -2.00 is normal, -3.00 is not "sangat", +1.00 is normal.
_BANDS: Mapping[Index, Sequence[tuple[float, bool, Category]]] = {
    Index.WEIGHT: (
        (-3.0, False, Category.SEVERELY_UNDERWEIGHT),
        (-2.0, False, Category.UNDERWEIGHT),
        (1.0, True, Category.WEIGHT_NORMAL),
        (math.inf, True, Category.WEIGHT_RISK),
    ),
    Index.LENGTH: (
        (-3.0, False, Category.SEVERELY_STUNTED),
        (-2.0, False, Category.STUNTED),
        (3.0, True, Category.LENGTH_NORMAL),
        (math.inf, True, Category.TALL),
    ),
    Index.WEIGHT_FOR_LENGTH: _NOURISHMENT,
    Index.BMI: _NOURISHMENT,
    Index.HEAD: (
        (-2.0, False, Category.HEAD_SMALL),
        (2.0, True, Category.HEAD_NORMAL),
        (math.inf, True, Category.HEAD_LARGE),
    ),
}


def category_of(index: Index, z: float) -> Category:
    """The category of a z-score that has been rounded to 2 decimals (rule 12)."""
    return next(name for limit, inside, name in _BANDS[index] if z < limit or (inside and z == limit))


def is_implausible(index: Index, z: float) -> bool:
    """WHO's flag, on the rounded z-score: likely an error of measuring or typing."""
    low, high = _PLAUSIBLE[index]
    return not low <= z <= high


def _score(index: Index, lms: _Lms, y: float) -> Score:
    z = rounded(_z(lms, y, linear_tails=index in _TAILS))
    flagged = is_implausible(index, z)
    return Score(z, flagged, None if flagged else category_of(index, z))


def hundredths_of(cm: float) -> int:
    """Centimetres in whole hundredths, half up; the small term undoes the noise of floating point."""
    return math.floor(cm * 100 + 0.5 + 1e-6)


def _position(body: Body) -> tuple[str, bool]:
    """(L, H or "" as it counts, whether it was doubted): rule 6."""
    if body.measure == _STANDING and body.age_days is not None and body.age_days <= LAST_DAY_WITHOUT_STANDING:
        return "", True
    return body.measure, False


def corrected_hundredths(body: Body) -> int | None:
    """The length as it counts, in hundredths of a centimetre (rule 5); None where there is none."""
    if not _there(body.lenhei_cm):
        return None
    assert body.lenhei_cm is not None
    told, (position, _) = hundredths_of(body.lenhei_cm), _position(body)
    if body.age_days is None:
        return told
    if body.age_days < FIRST_STANDING_DAY:
        return told + _POSITION_HUNDREDTHS if position == _STANDING else told
    return told - _POSITION_HUNDREDTHS if position == _LYING else told


def _there(value: float | None) -> bool:
    """Whether there is a measurement at all. The outer limits only keep the powers from running over."""
    return value is not None and 0.01 <= value <= 100_000


def _stands(body: Body, hundredths: int) -> bool:
    """Whether weight-for-height applies, not weight-for-length (rule 11)."""
    if body.age_days is not None:
        return body.age_days >= FIRST_STANDING_DAY
    return body.measure == _STANDING or (body.measure != _LYING and hundredths >= 8700)


@lru_cache(maxsize=4096)  # a year's figures judge the same weighing for month after month
def assess(body: Body) -> Assessment:
    """All z-scores that may be given for one measuring, with flags and categories. Raises nothing."""
    length = corrected_hundredths(body)
    clenhei = None if length is None else length / 100
    doubted = _position(body)[1] and length is not None
    age = body.age_days
    if body.sex is None or (age is not None and not 0 <= age <= LAST_DAY):
        return Assessment({}, clenhei, doubted, swollen=False)
    scores = dict(_scores(body, body.sex, length))
    return Assessment(MappingProxyType(scores), clenhei, doubted, body.oedema)


def _scores(body: Body, sex: Sex, length: int | None) -> Iterator[tuple[Index, Score]]:
    age = body.age_days
    weight = body.weight_kg if _there(body.weight_kg) and not body.oedema else None
    measured: list[tuple[Index, float | None]] = [
        (Index.LENGTH, None if length is None else length / 100),
        (Index.WEIGHT, weight),
        (Index.BMI, None if weight is None or length is None else weight / (length / 10000) ** 2),
        (Index.HEAD, body.headc_cm if _there(body.headc_cm) else None),
    ]
    for index, y in measured:
        if age is not None and y is not None:
            yield index, _score(index, _lms_at_age(index, sex, age), y)
    if weight is not None and length is not None:
        lms = _lms_at_length(sex, length, standing=_stands(body, length))
        if lms is not None:
            yield Index.WEIGHT_FOR_LENGTH, _score(Index.WEIGHT_FOR_LENGTH, lms, weight)


def sd_line(index: Index, sex: Sex, k: float, days: Sequence[int]) -> list[float]:
    """The curve that lies k SD from the median at each of the ages (0 to LAST_DAY), for a chart. Not for wfl."""
    return [_at_sd(_lms_at_age(index, sex, day), k) for day in days]


# ------------------------------------------------------------------------------------------------ a child's measuring


def body_of(child: Child, measured: Measurement) -> Body:
    """A child's measurement with its age and sex. A day before the birth has no z-score."""
    return Body(
        sex=child.sex,
        age_days=(measured.date - child.birth_date).days,
        weight_kg=measured.weight_kg,
        lenhei_cm=measured.lenhei_cm,
        measure=measured.measure,
    )


def needs_own_judgement(child: Child) -> bool:
    """Born early, small or ill: a health worker judges the growth.

    WHO makes no correction for prematurity (rule 3), and anak.yml leaves the corrected age to the doctor without saying
    until when; so nothing is classified here, at any age.
    """
    early = child.birth_weeks is not None and child.birth_weeks < 37
    small = child.birth_weight_g is not None and child.birth_weight_g < 2500
    return child.special_care or early or small


def position_matters(child: Child, measured: Measurement) -> bool:
    """Whether lying or standing would change a category, so that it is worth asking.

    Not below 9 months, where standing counts as unknown anyway (rule 6).
    """
    if measured.measure or measured.lenhei_cm is None:
        return False
    lying, standing = (assess(body_of(child, replace(measured, measure=m))) for m in (_LYING, _STANDING))
    if standing.position_doubted:
        return False
    shown = (Index.LENGTH, Index.WEIGHT_FOR_LENGTH)
    return any(lying.category(index) is not standing.category(index) for index in shown)


# --------------------------------------------------------------------------------------------------- naik, tidak naik


class KmsMark(StrEnum):
    """The mark of one weighing on the KMS: N (naik), T (tidak naik), O (not weighed last month), B (first weighing).

    ASK: the sources do not agree here, so a health worker reads the card.
    """

    UP = "N"
    NOT_UP = "T"
    SKIPPED = "O"
    FIRST = "B"
    ASK = "ask"


#: Least gain (KBM) in grams by age in completed months at this weighing (README, "KMS: N and T"). Only what every
#: source says alike: boys of 7 and 11 months are to be confirmed there, and month 3 has 600 in one of them.
_LEAST_GAIN = {1: 800, 2: 900, 4: 600, 5: 500, 6: 400, 8: 300, 9: 300, 10: 300}
_LEAST_GAIN_OF_GIRLS = {7: 300, 11: 200}
_LEAST_GAIN_FROM_12 = 200
#: "Last month's weighing". The KBM counts one month; posyandu days lie 4 or 5 weeks apart, a few days are allowed.
_A_MONTH = range(24, 39)


def least_gain_g(sex: Sex | None, months: int) -> int | None:
    """The least gain in grams since last month; None where the sources do not agree or say nothing."""
    if 12 <= months <= 60:
        return _LEAST_GAIN_FROM_12
    if sex is Sex.FEMALE and months in _LEAST_GAIN_OF_GIRLS:
        return _LEAST_GAIN_OF_GIRLS[months]
    return _LEAST_GAIN.get(months)


def kms_mark(child: Child, measured: Measurement) -> KmsMark | None:
    """The mark of a weighing, by the child's earlier ones; None where there is none to give.

    N: the gain reaches the KBM. T: nothing gained, or less than the KBM while the line falls back too. Less than the
    KBM while the line keeps its place (as in children of two years and more, whose median gains less than the KBM of
    200 g a month) is N by one half of the rule and T by the other, so a health worker reads the card.
    """
    if measured.weight_kg is None or needs_own_judgement(child) or measured.date < child.birth_date:
        return None
    months = age_in_months(child.birth_date, measured.date)
    earlier = earlier_weighings(child, measured.date)
    if months > 59:
        return None
    if not earlier:
        return KmsMark.FIRST
    last_month = [one for one in earlier if (measured.date - one.date).days in _A_MONTH]
    if not last_month:
        close = (measured.date - earlier[-1].date).days < _A_MONTH.start
        return None if close else KmsMark.SKIPPED
    return _judged_gain(child, last_month[-1], measured, months)


def _judged_gain(child: Child, before: Measurement, measured: Measurement, months: int) -> KmsMark:
    assert before.weight_kg is not None and measured.weight_kg is not None
    gain = round((measured.weight_kg - before.weight_kg) * 1000)
    least = least_gain_g(child.sex, months)
    if months >= 1 and gain <= 0:
        return KmsMark.NOT_UP  # flat or falling: T by every source
    if least is None:
        return KmsMark.ASK
    if gain >= least:
        return KmsMark.UP
    old, new = (assess(body_of(child, one)).scores.get(Index.WEIGHT) for one in (before, measured))
    return KmsMark.NOT_UP if old and new and new.z < old.z else KmsMark.ASK


def earlier_weighings(child: Child, day: date) -> list[Measurement]:
    """The child's plausible weighings before a day, oldest first."""
    found = [
        one
        for one in child.measurements
        if one.weight_kg is not None and child.birth_date <= one.date < day and not is_flagged(child, one)
    ]
    return sorted(found, key=lambda one: one.date)


# --------------------------------------------------------------------------------------- what cannot be, and slips


class Doubt(StrEnum):
    """Why a measuring is asked again before it is used: which number, or the two together, cannot be."""

    WEIGHT = "weight"
    LENGTH = "length"
    TOGETHER = "together"
    WEIGHT_CHANGE = "weight_change"
    LENGTH_CHANGE = "length_change"


# Guards against slips of the pen, no judgement of health: a step of this many SD within three months, a loss of this
# share of the weight after the first two weeks of life, a child that has shrunk by this much.
_STEP_SD, _STEP_DAYS = 2.5, 92
_LOSS_SHARE, _FIRST_DAYS = 0.15, 14
_SHRUNK_CM = 2.0
# Without a z-score (sex not known, past 60 months): no child that we follow weighs or measures less or more.
_ANY_WEIGHT, _ANY_LENGTH = (0.4, 60.0), (25.0, 150.0)


def is_flagged(child: Child, measured: Measurement) -> bool:
    """Whether WHO's limits call any index of this measuring implausible; never for a child they are not made for."""
    if needs_own_judgement(child):
        return False
    return any(score.flagged for score in assess(body_of(child, measured)).scores.values())


def doubts_about(child: Child, measured: Measurement) -> tuple[Doubt, ...]:
    """What cannot be about a measuring, by itself and beside the child's earlier ones.

    A child born early or small lies outside WHO's limits for its age without any slip, so only the crude ones count.
    """
    if needs_own_judgement(child):
        return tuple(_outside(measured))
    found = _outside(measured) or _implausible(child, measured)
    return tuple(found or _jumps(child, measured))


def _outside(measured: Measurement) -> list[Doubt]:
    limits = ((Doubt.WEIGHT, measured.weight_kg, _ANY_WEIGHT), (Doubt.LENGTH, measured.lenhei_cm, _ANY_LENGTH))
    return [doubt for doubt, value, (low, high) in limits if value is not None and not low <= value <= high]


def _implausible(child: Child, measured: Measurement) -> list[Doubt]:
    scores = assess(body_of(child, measured)).scores
    flagged = {index for index, score in scores.items() if score.flagged}
    found = [doubt for doubt, index in ((Doubt.WEIGHT, Index.WEIGHT), (Doubt.LENGTH, Index.LENGTH)) if index in flagged]
    return found or ([Doubt.TOGETHER] if flagged else [])


def _jumps(child: Child, measured: Measurement) -> Iterator[Doubt]:
    before = [one for one in child.measurements if one.date < measured.date and not is_flagged(child, one)]
    weighed = max((one for one in before if one.weight_kg), key=lambda one: one.date, default=None)
    if weighed and measured.weight_kg and weighed.weight_kg:
        young = (measured.date - child.birth_date).days <= _FIRST_DAYS
        lost = measured.weight_kg < weighed.weight_kg * (1 - _LOSS_SHARE) and not young
        if lost or _steps(child, weighed, measured, Index.WEIGHT):
            yield Doubt.WEIGHT_CHANGE
    sized = max((one for one in before if one.lenhei_cm), key=lambda one: one.date, default=None)
    if sized and measured.lenhei_cm and sized.lenhei_cm:
        shrunk = measured.lenhei_cm < sized.lenhei_cm - _SHRUNK_CM
        if shrunk or _steps(child, sized, measured, Index.LENGTH):
            yield Doubt.LENGTH_CHANGE


def _steps(child: Child, before: Measurement, measured: Measurement, index: Index) -> bool:
    old, new = (assess(body_of(child, one)).scores.get(index) for one in (before, measured))
    close = (measured.date - before.date).days <= _STEP_DAYS
    return bool(close and old and new and abs(new.z - old.z) > _STEP_SD)


def likely_meant(child: Child, measured: Measurement) -> Measurement | None:
    """What may have been meant by a measuring that cannot be: swapped numbers, a lost comma; None if nothing fits."""
    weight, length = measured.weight_kg, measured.lenhei_cm
    tries = [replace(measured, weight_kg=length, lenhei_cm=weight)] if weight and length else []
    if weight is not None:
        tries += [replace(measured, weight_kg=round(weight * by, 3)) for by in (0.1, 0.01, 10)]
    if length is not None:
        tries += [replace(measured, lenhei_cm=round(length * by, 2)) for by in (0.1, 100, 10)]
    if weight is not None and length is not None:
        tries.append(replace(measured, weight_kg=round(weight * 0.1, 3), lenhei_cm=round(length * 0.1, 2)))
    return next((one for one in tries if _fits(child, one)), None)


def _fits(child: Child, measured: Measurement) -> bool:
    return not doubts_about(child, measured)
