"""The form "daftar anak" as one pure step: a message and the slots go in, changes and reply keys come out.

The caller (the Rasa form) owns the slots, asks for `next_slot`, renders the replies and saves the child when the
outcome is "confirmed". Facts may come in any order and all at once, also before consent; what was understood stays
until the family cancels or declines. Several children go through together: the first fills the plain slots, its
brothers and sisters stand in `child_others` in the order told; posyandu and early birth hold for all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from difflib import SequenceMatcher
from typing import Any

from sapa.family.reading.child import ChildFacts, Correction, closest_posyandu, read_child_facts, read_correction
from sapa.family.reading.dates import NO_DATE, DateReading
from sapa.family.reading.siblings import Siblings, read_siblings, says_one_child
from sapa.family.reading.words import (
    is_cancel,
    is_unknown,
    looks_like_question,
    normalize,
    read_yes_no,
    words_of,
)

CONSENT, NAME, SEX, BIRTH_DATE, POSYANDU, CONFIRMED = ASKING_ORDER = (
    "consent",
    "child_name",
    "child_sex",
    "child_birth_date",
    "child_posyandu",
    "child_confirmed",
)
SPECIAL_CARE, OUTCOME, TRIES = "child_special_care", "child_outcome", "child_tries"
#: The other children of the same registration: [{"name", "sex", "birth_date"}], and whether they are twins.
OTHERS, TWINS = "child_others", "child_twins"
CHILD_SLOTS = (NAME, SEX, BIRTH_DATE, POSYANDU, SPECIAL_CARE, CONFIRMED, OUTCOME, TRIES, OTHERS, TWINS)
OTHER_NAME, OTHER_SEX, OTHER_BIRTH_DATE = "child_other_name", "child_other_sex", "child_other_birth_date"
#: What is asked of the others, by the slot of the first child it is like, with its key in `child_others`.
_LIKE = {OTHER_NAME: NAME, OTHER_SEX: SEX, OTHER_BIRTH_DATE: BIRTH_DATE}
_KEYS = {OTHER_NAME: "name", OTHER_SEX: "sex", OTHER_BIRTH_DATE: "birth_date"}

#: What `child_posyandu` holds when the family does not know or has none.
NO_POSYANDU = "-"

#: The same thing is explained at most this often; then a human is offered.
MAX_CLARIFICATIONS = 2

#: From this confidence on an intent other than the registration is believed to be a question in between.
SIDE_CONFIDENCE = 0.5

_FORM_INTENTS = {"flow/daftar-anak"}
_OTHER_SIDE_LABELS = {"keluhan", "sapaan", "handover", "out_of_scope", "bahasa_lain", "danger"}

OFFER_HUMAN = "dialog/manusia/tawarkan"
_FORM = "dialog/daftar-anak/"
_DATE_REPLIES = {
    "future": "tanggal-masa-depan",
    "too_old": "tanggal-terlalu-lama",
    "vague": "tanggal-perlu-lengkap",
    "impossible": "tanggal-tidak-terbaca",
    "ambiguous": "tanggal-tidak-terbaca",
    "none": "tanggal-tidak-terbaca",
}


@dataclass(frozen=True)
class Reply:
    """A content id and the values its text needs (JSON)."""

    key: str
    vars: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Step:
    """What one message does to the form.

    slots: only what changes; next_slot: what the form asks for next, None when it is over; outcome: confirmed,
    cancelled, declined or None; side_question: nothing changed, the caller answers the question and the form asks
    again; ask_again: False when the last reply is itself the question, so that the form keeps quiet.
    """

    slots: Mapping[str, Any] = field(default_factory=dict)
    replies: tuple[Reply, ...] = ()
    next_slot: str | None = None
    outcome: str | None = None
    side_question: bool = False
    ask_again: bool = True


@dataclass(frozen=True)
class _Tries:
    """The slot `child_tries`.

    count: failures at the question `slot`; said, options: an unknown posyandu waiting for a second word and what was
    offered instead; changing: "apa yang mau diubah?" was the last thing asked.
    """

    slot: str = ""
    count: int = 0
    said: str = ""
    options: tuple[str, ...] = ()
    changing: bool = False

    @classmethod
    def of(cls, stored: object) -> _Tries:
        """From the slot; anything unreadable counts as nothing tried."""
        if not isinstance(stored, Mapping):
            return cls()
        options = stored.get("options")
        return cls(
            slot=str(stored.get("slot") or ""),
            count=int(stored["count"]) if isinstance(stored.get("count"), int | float) else 0,
            said=str(stored.get("said") or ""),
            options=tuple(str(o) for o in options) if isinstance(options, list | tuple) else (),
            changing=bool(stored.get("changing")),
        )

    def to_slot(self) -> dict[str, Any] | None:
        """JSON for the slot, None when there is nothing to remember."""
        if self == _Tries():
            return None
        return {
            "slot": self.slot,
            "count": self.count,
            "said": self.said,
            "options": list(self.options),
            "changing": self.changing,
        }


@dataclass(frozen=True)
class _Read:
    """The message as understood, beside the question it may answer.

    slot: the question as it was put; asked: the same as if it were about the first child.
    """

    message: str
    slot: str | None
    asked: str | None
    facts: ChildFacts
    correction: Correction
    yes_no: bool | None
    unknown: bool
    question: bool
    known_posyandu: Sequence[str]
    siblings: Siblings | None = None

    @property
    def corrects(self) -> bool:
        """True when a word of correction is there, so that the facts replace what the form holds."""
        return self.correction.marked


@dataclass
class _Draft:
    """The slots while a step is being worked out; leaves the caller's mapping alone."""

    before: Mapping[str, Any]
    start: Mapping[str, Any]
    now: dict[str, Any]
    tries: _Tries
    replies: list[Reply] = field(default_factory=list)
    ask_again: bool = True

    def changed(self) -> bool:
        """True when a fact, not only the counter, is other than before."""
        facts = (NAME, SEX, BIRTH_DATE, POSYANDU, SPECIAL_CARE, OTHERS, TWINS)
        return any(self.now.get(k) != self.start.get(k) for k in facts)

    def next_slot(self) -> str | None:
        """The first thing that is still missing, in the order of asking."""
        if self.now.get(CONSENT) is not True:
            return CONSENT
        for slot in ASKING_ORDER[1:-1]:
            if not self.now.get(slot):
                return slot
            other = next((o for o, like in _LIKE.items() if like == slot), None)
            if other is not None and self.open_other(other) is not None:
                return other
        return None if self.now.get(CONFIRMED) is True else CONFIRMED

    @property
    def others(self) -> list[dict[str, Any]]:
        """The other children; a copy."""
        return others_of(self.now)

    def open_other(self, slot: str) -> int | None:
        """The first of the others that lacks what is asked in `slot`. Twins have their day from the first child."""
        if slot == OTHER_BIRTH_DATE and self.now.get(TWINS):
            return None
        return next((i for i, other in enumerate(self.others) if not other.get(_KEYS[slot])), None)

    def set_other(self, number: int, **facts: Any) -> None:
        """Change what is known of one of the others; None leaves a fact as it is."""
        others = self.others
        others[number].update({name: value for name, value in facts.items() if value is not None})
        self.now[OTHERS] = others


def others_of(slots: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The other children of a registration as it stands; anything unreadable counts as none."""
    stored = slots.get(OTHERS)
    return [dict(other) for other in stored if isinstance(other, Mapping)] if isinstance(stored, list | tuple) else []


def open_other_of(slots: Mapping[str, Any], slot: str) -> dict[str, Any]:
    """The child a question of `slot` is about: the first of the others that lacks it."""
    return next((other for other in others_of(slots) if not other.get(_KEYS[slot])), {})


def step(
    message: str,
    slots: Mapping[str, Any],
    asked: str | None,
    *,
    today: date,
    known_posyandu: Sequence[str],
    intent: str | None = None,
    intent_confidence: float = 0.0,
    is_question: Callable[[str], bool] | bool | None = None,
) -> Step:
    """One message on the way to a registered child. Never raises on any text.

    asked is the slot the form asked for last, None for the first message. intent is the label of the language model;
    is_question says (or decides) whether the message asks something, by default by its words.
    """
    asked = asked if asked in ASKING_ORDER or asked in _LIKE else None
    draft = _begin(slots)
    read = _read(message, draft, asked, today, known_posyandu, is_question)
    if is_cancel(message) and not (draft.tries.changing and "batal" not in words_of(message)):
        return _end(draft, "cancelled", consent=None)
    if asked and _is_side_question(read, draft, intent, intent_confidence):
        return Step(next_slot=draft.next_slot() or asked, side_question=True)
    if asked == CONSENT and read.yes_no is False:
        return _end(draft, "declined", consent=False)
    if asked == CONSENT and read.yes_no is True:
        draft.now[CONSENT] = True
    _settle_children(draft, read)
    return _go_on(draft, _about_others(draft, read))


def _go_on(draft: _Draft, read: _Read) -> Step:
    """Takes the facts over, then decides: confirmed, something to change, something unclear, or the next question."""
    cleared = _clear_fields(draft, read)
    _take_facts(draft, read)
    _take_posyandu(draft, read)
    spoilt = _spoil_date(draft, read)
    if read.asked == CONFIRMED and draft.next_slot() == CONFIRMED and not draft.changed() and not cleared:
        return _at_summary(draft, read)
    progress = draft.changed() or cleared or draft.now.get(CONSENT) != draft.before.get(CONSENT)
    if draft.next_slot() == read.slot and not progress:
        return _unclear(draft, read)
    _explain(draft, read, spoilt=spoilt)
    return _finish(draft)


def _begin(slots: Mapping[str, Any]) -> _Draft:
    """A draft of the slots; what a form that is over left behind does not count."""
    before = {name: slots.get(name) for name in (CONSENT, *CHILD_SLOTS)}
    start = before | (dict.fromkeys(CHILD_SLOTS) if before[OUTCOME] else {}) | {CONFIRMED: None}
    return _Draft(before, start, dict(start), _Tries.of(start[TRIES]))


def _read(
    message: str,
    draft: _Draft,
    asked: str | None,
    today: date,
    known_posyandu: Sequence[str],
    is_question: Callable[[str], bool] | bool | None,
) -> _Read:
    slot, asked = asked, _LIKE.get(asked or "", asked)
    answer_to = asked if asked in {NAME, SEX, BIRTH_DATE, POSYANDU} else None
    # After "apa yang mau diubah?" an answer needs no word of correction: "Ana", "4 mei", "tanggal".
    said = f"salah, {message}" if draft.tries.changing else message
    correction = read_correction(said, today, known_posyandu=known_posyandu, asked=answer_to)
    facts = read_child_facts(message, today, known_posyandu=known_posyandu, asked=answer_to)
    if is_question is None:
        question = looks_like_question(message)
    else:
        question = is_question if isinstance(is_question, bool) else is_question(message)
    siblings = None
    if not correction.marked and asked != POSYANDU and slot not in _LIKE:
        siblings = read_siblings(message, today, known_posyandu=known_posyandu, twins=bool(draft.now.get(TWINS)))
    if siblings is not None:
        facts = siblings.first
    return _Read(
        message=message,
        slot=slot,
        asked=asked,
        siblings=siblings,
        facts=correction.facts if correction.marked else facts,
        correction=correction,
        yes_no=read_yes_no(message),
        unknown=is_unknown(message),
        question=question,
        known_posyandu=tuple(known_posyandu),
    )


# ------------------------------------------------------------------------------------------------- a question between


def _is_side_question(read: _Read, draft: _Draft, intent: str | None, confidence: float) -> bool:
    label = intent or ""
    other = ("/" in label and label not in _FORM_INTENTS) or label in _OTHER_SIDE_LABELS
    return other and confidence >= SIDE_CONFIDENCE and not _is_plausible_answer(read, draft)


def _is_plausible_answer(read: _Read, draft: _Draft) -> bool:
    """Whether the message may be meant for the form, whatever the language model takes it for."""
    short = len(words_of(read.message)) <= 5
    if read.siblings is not None or (draft.others and says_one_child(read.message)):
        return True
    if read.asked == BIRTH_DATE and read.facts.birth_date.matched:
        return short or not read.question
    if read.question:
        return False
    facts, answers = read.facts, read.asked
    if facts.named or facts.dated or (read.corrects and (read.correction.fields or facts.anything)):
        return True
    if answers in {CONSENT, CONFIRMED}:
        return read.yes_no is not None or bool(read.correction.fields) or (read.correction.wish and short)
    if answers == POSYANDU:
        said = facts.posyandu_said is not None and (short or "posyandu" in normalize(read.message))
        return bool(facts.posyandu or facts.posyandu_unknown or said or _picks_pending(read, draft))
    return (
        read.unknown
        or (answers == NAME and facts.name is not None)
        or (answers == SEX and facts.sex is not None and short)
    )


# ------------------------------------------------------------------------------------------------- several children


def _settle_children(draft: _Draft, read: _Read) -> None:
    """How many children there are, and what the message says of the others."""
    nobody = read.slot == OTHER_NAME and read.yes_no is False
    if draft.others and (says_one_child(read.message) or nobody):
        draft.now |= {OTHERS: None, TWINS: None}
        return
    if read.siblings is None:
        return
    told = read.siblings.children[1:]
    others = draft.others
    others += [{} for _ in range(len(told) - len(others))]
    for other, facts in zip(others, told, strict=False):
        day = facts.birth_date.value.isoformat() if facts.birth_date.usable and facts.birth_date.value else None
        said = {"name": facts.name, "sex": facts.sex.value if facts.sex else None}
        if not read.siblings.twins:
            said["birth_date"] = day
        other.update({name: value for name, value in said.items() if value})
    draft.now |= {OTHERS: others, TWINS: read.siblings.twins or None}


_SAME_DAY = {"sama", "sm", "kembar", "samaan"}


def _about_others(draft: _Draft, read: _Read) -> _Read:
    """Gives the others what is meant for them; what is left of the message is about the first child, or all."""
    number = draft.open_other(read.slot) if read.slot in _LIKE else _corrected_other(draft, read)
    if number is None:
        return read
    facts = read.facts
    if read.slot == OTHER_BIRTH_DATE and not facts.birth_date.matched and _SAME_DAY & set(words_of(read.message)):
        draft.now[TWINS] = True
    # An answer to "siapa nama kembarannya?" that repeats the first child's name says nothing new.
    name = facts.name if facts.name != draft.now.get(NAME) else None
    born = facts.birth_date
    day = born.value.isoformat() if born.usable and born.value is not None and not draft.now.get(TWINS) else None
    draft.set_other(
        number,
        name=name if read.slot in {OTHER_NAME, CONFIRMED} else None,
        sex=facts.sex.value if facts.sex else None,
        birth_date=day,
    )
    shared = replace(facts, name=None, sex=None, named=False)
    if not draft.now.get(TWINS):
        shared = replace(shared, birth_date=NO_DATE, dated=False)
    return replace(read, facts=shared, correction=replace(read.correction, facts=shared))


def _corrected_other(draft: _Draft, read: _Read) -> int | None:
    """Which of the others a correction at the summary is about: the one it names."""
    if read.slot != CONFIRMED:
        return None
    words = set(words_of(read.message))
    for number, other in enumerate(draft.others):
        if words & set(words_of(str(other.get("name") or ""))) - set(words_of(str(draft.now.get(NAME) or ""))):
            return number
    return None


# ---------------------------------------------------------------------------------------------------- taking facts


def _clear_fields(draft: _Draft, read: _Read) -> bool:
    """Empties what is named ("ubah tanggal", "nama salah") so that it is asked again."""
    wanted = read.correction.wish or read.asked == CONFIRMED
    fields = [f for f in read.correction.fields if draft.now.get(f)] if wanted else []
    for name in fields:
        draft.now[name] = None
        key = next((_KEYS[slot] for slot, like in _LIKE.items() if like == name), None)
        if key is not None and draft.others:
            # Whose it is was not said: it is asked of every child again.
            draft.now[OTHERS] = [{k: v for k, v in other.items() if k != key} for other in draft.others]
    if fields:
        draft.tries = _Tries()
    return bool(fields)


def _take_facts(draft: _Draft, read: _Read) -> None:
    """Fills what is empty; replaces what is there only for a good reason, so that a chance word changes nothing."""
    facts, asked, insists = read.facts, read.asked, read.corrects
    summary = asked == CONFIRMED
    if facts.name and (not draft.now[NAME] or insists or facts.named or asked == NAME):
        draft.now[NAME] = facts.name
    if facts.sex and (not draft.now[SEX] or insists or summary or asked == SEX):
        draft.now[SEX] = facts.sex.value
    born = facts.birth_date
    replaces = insists or facts.dated or asked == BIRTH_DATE or (summary and born.absolute)
    if born.usable and born.value is not None and (not draft.now[BIRTH_DATE] or replaces):
        draft.now[BIRTH_DATE] = born.value.isoformat()
    if facts.preterm:
        draft.now[SPECIAL_CARE] = True
    elif facts.term and draft.now[SPECIAL_CARE]:
        draft.now[SPECIAL_CARE] = False


def _take_posyandu(draft: _Draft, read: _Read) -> None:
    """A known posyandu at once, an unknown one when it is said twice or confirmed, "-" when the family has none."""
    facts, open_ = read.facts, not draft.now[POSYANDU]
    if facts.posyandu:
        _settle_posyandu(draft, facts.posyandu)
    elif facts.posyandu_unknown and (open_ or read.corrects or read.asked == CONFIRMED):
        _settle_posyandu(draft, NO_POSYANDU)
    elif open_ and read.asked == POSYANDU and (picked := _picks_pending(read, draft)):
        _settle_posyandu(draft, picked)
    elif facts.posyandu_said and (open_ or read.corrects or read.asked == CONFIRMED):
        _take_unknown_posyandu(draft, read, facts.posyandu_said)


def _settle_posyandu(draft: _Draft, name: str) -> None:
    draft.now[POSYANDU] = name
    draft.tries = replace(draft.tries, said="", options=())


def _take_unknown_posyandu(draft: _Draft, read: _Read, said: str) -> None:
    repeated = bool(draft.tries.said) and read.asked == POSYANDU and _same(said, draft.tries.said)
    if repeated or not read.known_posyandu:
        _settle_posyandu(draft, said)
        return
    draft.now[POSYANDU] = None
    draft.tries = replace(draft.tries, said=said, options=tuple(closest_posyandu(said, read.known_posyandu)))


def _same(a: str, b: str) -> bool:
    return SequenceMatcher(None, normalize(a), normalize(b)).ratio() >= 0.85


_STAND_BY_IT = {"tetap", "ttp", "tetep", "pokoknya", "memang", "emang", "itu"}


def _picks_pending(read: _Read, draft: _Draft) -> str | None:
    """The posyandu chosen by the number of an option, or the unknown one the family stands by ("tetap", "iya")."""
    words = words_of(read.message)
    numbers = [int(w) for w in words if w.isascii() and w.isdigit() and len(w) <= 2]
    if len(words) <= 3 and len(numbers) == 1 and 1 <= numbers[0] <= len(draft.tries.options):
        return draft.tries.options[numbers[0] - 1]
    stands = len(words) <= 4 and bool(_STAND_BY_IT & set(words)) and read.yes_no is not False
    if draft.tries.said and (read.yes_no is True or stands):
        return draft.tries.said
    return None


def _spoil_date(draft: _Draft, read: _Read) -> bool:
    """A correction to a date that cannot be: the old one is wrong by the family's own word, so it is asked again."""
    reading = read.facts.birth_date
    wanted = read.corrects or (read.asked == CONFIRMED and read.facts.dated)
    if not reading.matched or reading.usable or not wanted or not draft.now[BIRTH_DATE]:
        return False
    draft.now[BIRTH_DATE] = None
    return True


# --------------------------------------------------------------------------------------------- at the summary, unclear


def _at_summary(draft: _Draft, read: _Read) -> Step:
    if draft.tries.changing:
        # "tidak ada" or "ya" after "apa yang mau diubah?": show the summary once more.
        if read.yes_no is not None or read.unknown:
            draft.tries = _Tries()
            return _finish(draft)
        return _ask_what_to_change(draft, CONFIRMED)
    if read.yes_no is True:
        return _confirm(draft)
    if read.yes_no is False or read.correction.wish:
        return _ask_what_to_change(draft, CONFIRMED)
    return _unclear(draft, read)


def _confirm(draft: _Draft) -> Step:
    draft.now |= {CONFIRMED: True, OUTCOME: "confirmed", SPECIAL_CARE: bool(draft.now[SPECIAL_CARE])}
    draft.tries = _Tries()
    return replace(_finish(draft), next_slot=None, outcome="confirmed")


def _ask_what_to_change(draft: _Draft, asked: str) -> Step:
    count = _count(draft, asked)
    draft.tries = replace(draft.tries, slot=asked, count=count, changing=True)
    draft.replies.append(Reply(_FORM + "ubah-apa") if count <= MAX_CLARIFICATIONS else Reply(OFFER_HUMAN))
    draft.ask_again = False
    return _finish(draft)


def _count(draft: _Draft, slot: str) -> int:
    return draft.tries.count + 1 if draft.tries.slot == slot else 1


def _unclear(draft: _Draft, read: _Read) -> Step:
    """The question stands unanswered: say what is missing, the third time offer a human."""
    slot = read.slot or ""
    something = any(draft.now.get(f) for f in (NAME, SEX, BIRTH_DATE, POSYANDU))
    if read.correction.wish and something and not draft.tries.changing:
        return _ask_what_to_change(draft, slot)
    count = _count(draft, slot)
    draft.tries = replace(draft.tries, slot=slot, count=count, changing=False)
    draft.replies.append(_clarification(draft, read) if count <= MAX_CLARIFICATIONS else Reply(OFFER_HUMAN))
    return _finish(draft)


def _clarification(draft: _Draft, read: _Read) -> Reply:
    name = open_other_of(draft.now, read.slot).get("name") if read.slot in _LIKE else draft.now[NAME]
    if read.asked == NAME:
        return Reply(_FORM + "nama-tidak-terbaca", {"no_name_yet": read.unknown})
    if read.asked == SEX:
        return Reply(_FORM + "kelamin-tidak-terbaca", {"name": name})
    if read.asked == BIRTH_DATE:
        return _about_date(name, read.facts.birth_date, unknown=read.unknown)
    if read.asked == POSYANDU:
        return _about_posyandu(draft, read)
    return Reply(_FORM + "jawab-ya-tidak")


def _about_date(name: Any, reading: DateReading, *, unknown: bool = False) -> Reply:
    problem = "vague" if unknown else reading.problem or "none"
    said = reading.value.isoformat() if reading.value and reading.precision == "day" else None
    return Reply(_FORM + _DATE_REPLIES[problem], {"name": name, "said": reading.matched, "date": said})


def _about_posyandu(draft: _Draft, read: _Read) -> Reply:
    options = list(draft.tries.options) or closest_posyandu("", read.known_posyandu)
    draft.tries = replace(draft.tries, options=tuple(options))
    return Reply(_FORM + "posyandu-tidak-dikenal", {"said": draft.tries.said, "options": options})


def _explain(draft: _Draft, read: _Read, *, spoilt: bool) -> None:
    """On the way to the next question: a date or posyandu that could not be taken is not passed over in silence."""
    reading, following = read.facts.birth_date, draft.next_slot()
    if following == BIRTH_DATE and reading.matched and (reading.problem or spoilt):
        draft.replies.append(_about_date(draft.now[NAME], reading))
    elif following == POSYANDU and draft.tries.said and draft.tries.slot != POSYANDU:
        draft.tries = _Tries(slot=POSYANDU, count=1, said=draft.tries.said, options=draft.tries.options)
        draft.replies.append(_about_posyandu(draft, read))
        return
    if draft.tries.slot != following or draft.changed():
        draft.tries = replace(draft.tries, slot="", count=0, changing=False)


# ------------------------------------------------------------------------------------------------------------ the end


def _end(draft: _Draft, outcome: str, *, consent: bool | None) -> Step:
    """Cancelled or declined: nothing of the child remains. A cancelled form leaves no consent behind either."""
    draft.now = dict.fromkeys(CHILD_SLOTS) | {CONSENT: consent, OUTCOME: outcome}
    draft.tries = _Tries()
    key = "dialog/persetujuan/ditolak" if outcome == "declined" else _FORM + "batal"
    draft.replies = [Reply(key)]
    return replace(_finish(draft), next_slot=None, outcome=outcome)


def _finish(draft: _Draft) -> Step:
    draft.now[TRIES] = draft.tries.to_slot()
    changes = {k: v for k, v in draft.now.items() if v != draft.before.get(k)}
    return Step(changes, tuple(draft.replies), draft.next_slot(), None, ask_again=draft.ask_again)
