"""Ages, weeks of pregnancy, weights and birth dates of a message, as Rasa entities.

The reading is done by sapa.family.reading; here it is decided what a number of days, weeks, months or years is about,
because "5 bulan" is an age, "hamil 5 bulan" none, and "demam 3 hari" neither. In doubt there is no entity: a form
that asks once more does less harm than a child of the wrong age.

age_months    completed months of a child below five, when the age was said in months or years
age_days      days, when it was said in weeks or days
gestational_week, weight_kg (0.3 to 80), birth_date (ISO; needs "now" in the metadata of the message)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.extractors.extractor import EntityExtractorMixin
from rasa.shared.nlu.constants import ENTITIES, TEXT
from rasa.shared.nlu.training_data.message import Message

from sapa.family.reading.dates import OLDEST_YEARS, Age, read_age, read_date, read_weeks, read_weight_kg
from sapa.family.reading.numbers import Token, tokens_of
from sapa.family.reading.words import normalize

# The day a message was written on is taken where most families live. Only "lahir kemarin" depends on it, and only for
# those further east, in the first two hours of their day.
_ZONE = ZoneInfo("Asia/Jakarta")


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_PREGNANCY = _set("hamil hml hmil bumil hamilku kandungan kandunganku kandungannya kehamilan kehamilanku uk usg")
_AGE = _set("umur umr umurnya usia usianya usi umurku berumur berusia u")
_INFANT = _set("bayi bayiku bayinya by baby bayik debay dede dedek newborn neonatus")
_CHILD = _INFANT | _set("anak ank anakku anaknya balita batita baduta adek adik ade si cucu cucuku")
_BIRTH = _set("lahir lhr lahirnya lahiran dilahirkan kelahiran brojol tgllahir ttl")
_WEIGHING = _BIRTH | _set("bb bbnya bbl berat beratnya brt timbang timbangan ditimbang nimbang bobot bobotnya kgnya")
# May stand between the word that says whose age it is and the age.
_BETWEEN = _set("saya sy aku ku kami baru br masih msh ini itu ya yang yg lahir : , = kira2 sekitar")
# Before an amount of time: how long or how often, not how old.
_DURATION = _set(
    "suntik suntikan kb pil implan tiap setiap per selama sejak dalam tunggu jarak eksklusif telat terlambat lewat"
    " sampai sampe hingga libur jeda demam panas batuk pilek mencret diare muntah rewel sakit haid nifas menstruasi"
)
_DURATION_AFTER = _set("sekali pertama kedepan lamanya berturut")
_NOT = _set("tidak tdk gak ga gk nggak ngga g belum blm ndak tak")
_PERIOD = _set("haid mens menstruasi datang")
_WEEKS_OF_PREGNANCY = _set("w wk week weeks")  # how mothers-to-be count; a child's weeks are "minggu"
_JOINING = _set(", . dan lebih lbh lewat kurang krg")


@dataclass(frozen=True)
class Amount:
    """A run of tokens like "1 tahun 3 bulan": the tokens, those since the amount before it, and those after it."""

    tokens: Sequence[Token]
    before: Sequence[Token]
    after: Sequence[Token]

    @property
    def units(self) -> frozenset[str]:
        return frozenset(token.unit for token in self.tokens if token.unit)

    def near(self, count: int) -> frozenset[str]:
        return frozenset(token.text for token in self.before[-count:])

    @property
    def next_word(self) -> str:
        return self.after[0].text if self.after else ""


def read_quantities(text: str, today: date | None) -> list[dict[str, Any]]:
    """The entities of a text, each {"entity", "value", "start", "end"}; positions count in `normalize(text)`.

    `today` is the day of the message; without it no birth date is read. A bare number means nothing by itself: the
    form that asked for it knows. Never raises.
    """
    plain = normalize(text)
    tokens = tokens_of(plain)
    if all(token.kind in {"num", "sign"} for token in tokens) and not any(token.text in "-/" for token in tokens):
        return []
    amounts = list(_amounts(tokens))
    found = [_age(plain, amounts), _weeks(plain, tokens, amounts), _weight(plain, tokens)]
    if today is not None:
        found.append(_birth_date(plain, tokens, today))
    return [entity for entity in found if entity]


def _amounts(tokens: Sequence[Token]) -> Iterator[Amount]:
    """Every amount of time; "3 bulan 5 hari" is one, "6-12 bulan" none."""
    last = first = 0
    while first < len(tokens):
        end = _amount_end(tokens, first)
        if end > first:
            yield Amount(tokens[first:end], tokens[last:first], tokens[end:])
            last = end
        first = max(end, first + 1)


def _amount_end(tokens: Sequence[Token], first: int) -> int:
    """The position after the amount that starts at a token; that position itself if none does."""
    end = at = first
    if tokens[first].kind not in {"num", "half"} or (first and tokens[first - 1].text in {"-", "/"}):
        return first
    while at < len(tokens):
        joined = tokens[at].text in _JOINING and at + 1 < len(tokens) and tokens[at + 1].kind in {"num", "half"}
        if tokens[at].kind not in {"num", "half", "unit"} and not joined:
            break
        at += 1
        if tokens[at - 1].kind == "unit" or (tokens[at - 1].kind == "half" and end > first):
            end = at
    return end


def _age(plain: str, amounts: Sequence[Amount]) -> dict[str, Any] | None:
    """The first amount that is the age of a child."""
    for amount in amounts:
        if not _is_age(amount):
            continue
        # With its neighbours: "dari 6 bulan", "3 bulan lalu" and "2 minggu lagi" are no ages to the reader.
        first = amount.before[-1] if amount.before else amount.tokens[0]
        last = amount.after[1] if len(amount.after) > 1 else (amount.after or amount.tokens)[-1]
        age = read_age(plain[first.start : last.end])
        named = _named_age(age) if age else None
        if named:
            return _entity(*named, amount.tokens)
    return None


def _is_age(amount: Amount) -> bool:
    said_so = bool(amount.near(4) & _AGE)
    if amount.near(3) & _PREGNANCY or amount.next_word in _PREGNANCY:
        return False
    if not said_so and (amount.near(2) & _DURATION or amount.next_word in _DURATION_AFTER):
        return False
    if amount.units & {"month", "year"}:
        return said_so or not any(token.text in _PERIOD for token in amount.after[:3])
    if not amount.before and not amount.after:
        return not _counts_like_a_pregnancy(amount)
    # "demam 3 hari", "bayi 3 hari tidak bab": days and weeks are ages only where it is said whose.
    if not said_so and amount.next_word in _NOT:
        return False
    owner = [token.text for token in amount.before if token.text not in _BETWEEN]
    return bool(owner) and owner[-1] in _AGE | _INFANT


def _named_age(age: Age) -> tuple[str, int] | None:
    months, days = 12 * age.years + age.months, 7 * age.weeks + age.days
    if months:
        completed = months - (1 if days < 0 else 0)
        return ("age_months", completed) if 0 <= completed < 12 * OLDEST_YEARS else None
    return ("age_days", days) if 0 < days < 366 else None


def _weeks(plain: str, tokens: Sequence[Token], amounts: Sequence[Amount]) -> dict[str, Any] | None:
    """The first amount of weeks that is about a pregnancy; "uk 34" needs no unit."""
    pregnant = any(token.text in _PREGNANCY for token in tokens)
    for amount in amounts:
        if "week" not in amount.units or _is_age(amount):
            continue
        weeks = read_weeks(plain[amount.tokens[0].start : amount.tokens[-1].end])
        near = amount.near(3) & _PREGNANCY or amount.next_word in _PREGNANCY or _counts_like_a_pregnancy(amount)
        # Far from the word, "mual sudah 2 minggu" is a duration; nobody knows of a pregnancy before its fourth week.
        if weeks and (near or (pregnant and weeks >= 4 and not amount.near(2) & _DURATION)):
            return _entity("gestational_week", weeks, amount.tokens)
    weeks = read_weeks(plain) if pregnant and not amounts else None
    return _entity("gestational_week", weeks, tokens) if weeks else None


def _counts_like_a_pregnancy(amount: Amount) -> bool:
    unit = amount.tokens[-1].text
    return unit in _WEEKS_OF_PREGNANCY and not amount.near(3) & (_CHILD | _AGE)


def _weight(plain: str, tokens: Sequence[Token]) -> dict[str, Any] | None:
    """A weight, where somebody is weighed: not "beras 5 kg"."""
    kilos = read_weight_kg(plain)
    words = {token.text for token in tokens if token.kind == "word"}
    said_alone = len(words) <= 1
    if kilos is None or not (said_alone or words & (_WEIGHING | _CHILD)):
        return None
    return _entity("weight_kg", kilos, tokens)


def _birth_date(plain: str, tokens: Sequence[Token], today: date) -> dict[str, Any] | None:
    """A day somebody was born on; a day without "lahir" may be any day."""
    if not any(token.text in _BIRTH for token in tokens):
        return None
    reading = read_date(plain, today)
    if not reading.usable or reading.value is None:
        return None
    return {
        "entity": "birth_date",
        "value": reading.value.isoformat(),
        "start": reading.start,
        "end": reading.end,
    }


def _entity(name: str, value: float, tokens: Sequence[Token]) -> dict[str, Any]:
    return {"entity": name, "value": value, "start": tokens[0].start, "end": tokens[-1].end}


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.ENTITY_EXTRACTOR, is_trainable=False)
class QuantityExtractor(GraphComponent, EntityExtractorMixin):
    """The Rasa component around `read_quantities`; what other extractors found stays."""

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> QuantityExtractor:
        return cls()

    def process(self, messages: list[Message]) -> list[Message]:
        """Add the entities of each message."""
        for message in messages:
            found = self.add_extractor_name(read_quantities(str(message.get(TEXT) or ""), _day_of(message)))
            message.set(ENTITIES, [*(message.get(ENTITIES) or []), *found], add_to_output=True)
        return messages


def _day_of(message: Message) -> date | None:
    """The day the message was written, from the worker's "now"; this component never looks at the clock."""
    now = (message.get("metadata") or {}).get("now")
    return datetime.fromisoformat(now).astimezone(_ZONE).date() if now else None
