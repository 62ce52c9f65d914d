"""Reading what people write: dates, ages, weights, names, yes and no. Pure functions over one message.

Nothing here knows about chat, storage or the clock: `today` is always an argument, and every reader
returns a value (or says what is wrong) instead of raising on odd text.
"""

from sapa.family.reading.child import (
    ChildFacts,
    Correction,
    closest_posyandu,
    match_posyandu,
    read_child_facts,
    read_correction,
)
from sapa.family.reading.dates import Age, DateReading, read_age, read_date, read_weeks, read_weight_kg
from sapa.family.reading.words import is_cancel, is_unknown, looks_like_question, normalize, read_sex, read_yes_no

__all__ = [
    "Age",
    "ChildFacts",
    "Correction",
    "DateReading",
    "closest_posyandu",
    "is_cancel",
    "is_unknown",
    "looks_like_question",
    "match_posyandu",
    "normalize",
    "read_age",
    "read_child_facts",
    "read_correction",
    "read_date",
    "read_sex",
    "read_weeks",
    "read_weight_kg",
    "read_yes_no",
]
