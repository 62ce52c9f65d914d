"""Several children in one message: "daftar anak kembar Ani dan Ana", "Ani P 3/5/2026 dan Budi L 1/6/2024".

Facts follow the children in the order told. Twins share their day of birth. Without a word for twins a second child
counts only where the message cannot mean one: it has a name and a day of its own, or two bare names stand side by side.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import pairwise

from sapa.family.people import Sex
from sapa.family.reading.child import NAME, ChildFacts, read_child_facts
from sapa.family.reading.dates import NO_DATE, DateReading
from sapa.family.reading.words import (
    FEMALE_WORDS,
    MALE_WORDS,
    WEAK_SEX_WORDS,
    looks_like_question,
    lower,
    normalize,
    tidy,
)

#: More than this in one message is no registration.
MAX_CHILDREN = 4


@dataclass(frozen=True)
class Siblings:
    """Several children of one message.

    children: what is said of each, first told first; facts not said are empty. twins: they were born together, so
    that one day of birth is every one's. Posyandu and early birth stand with the first child: they hold for all.
    """

    children: tuple[ChildFacts, ...]
    twins: bool

    @property
    def first(self) -> ChildFacts:
        """The child told first, with what holds for all."""
        return self.children[0]


_TWINS = re.compile(
    r"(?<![^\W_])(?:anak |bayi )?(?:kembar(?:an)?(?:nya)?|dampit|twins?)(?: (?:identik|pengantin|sepasang))?"
    r"(?: (?P<n>dua|2|tiga|3|empat|4)(?![^\W_]|/|-))?(?![^\W_])"
)
_NOT_TWINS = re.compile(r"\b(?:bukan|bkn|tidak|tdk|gak|ga|nggak|ndak) (?:anak )?kembar\b|\b(?:cuma|hanya) (?:satu|1)\b")
_NUMBER = {"tiga": 3, "3": 3, "empat": 4, "4": 4}
_HOW_MANY = re.compile(r"\b(?P<n>dua|2|tiga|3|empat|4) (?:orang )?(?:anak|bayi|ank)\b|\banak (?:dua|2|tiga|3)\b")
_SPLIT = re.compile(r"\s*(?:[,;\n&+]|\b(?:dan|dn|sama|sm|serta|dg|satu lagi|satunya|yang satu|yg satu)\b)\s*")
_RANK = re.compile(
    r"^(?:(?:yang|yg) )?(?:pertama|kedua|ketiga|kakak(?:nya)?|adik(?:nya)?|\d[.)])(?: (?:nama(?:nya)?))?[ :]+"
)
_BOTH = re.compile(
    r"\b(?:kedua(?:nya)?|dua ?-?dua(?:nya)?|dua2(?:nya)?|2 ?-?2(?:nya)?|semua(?:nya)?|sama[ -]sama|sama2"
    r"|masing[ -]?masing)\b"
)
_SEX_WORD = re.compile(
    r"(?<![^\W_])(?:laki ?[-/]? ?laki|(?:"
    + "|".join(sorted(map(re.escape, (FEMALE_WORDS | MALE_WORDS) - WEAK_SEX_WORDS), key=len, reverse=True))
    + r"))(?![^\W_])"
)
_GROWN_UP = re.compile(r"\b(?:saya|sy|aku|ibu|ibunya|ayah|ayahnya|bapak|bapaknya|mama|nenek|kakek|suami|istri)\b")
_A_CHILD = re.compile(r"\b(?:anak|ank|bayi|daftar\w*|dftr\w*|balita)")
_POSYANDU_TAIL = re.compile(r"\bposy\w*\b.*$")


def says_one_child(text: str) -> bool:
    """Whether somebody takes twins back: "bukan kembar", "cuma satu"."""
    return bool(_NOT_TWINS.search(normalize(text)))


def read_siblings(
    text: str, today: date, *, known_posyandu: Sequence[str] = (), twins: bool = False
) -> Siblings | None:
    """The children of a message that tells of more than one, None for any other message.

    twins: it is known already that they are twins, so that "Ani dan Ana" needs no word for it. Never raises.
    """
    if looks_like_question(text) or says_one_child(text):
        return None
    said = _TWINS.search(normalize(text))
    whole = _without_twins(text)
    born_together = twins or said is not None
    shared = read_child_facts(whole, today, known_posyandu=known_posyandu)
    parts = _parts(whole, today, known_posyandu)
    children = _twins(parts, whole, said=said is not None) if born_together else _others(parts)
    count = max(len(children), _count(normalize(text), said))
    if count < 2 or (said is None and len(children) < 2):
        return None
    found = [*children, *(ChildFacts() for _ in range(count - len(children)))][:MAX_CHILDREN]
    days = [child.birth_date for child in found if child.birth_date is not NO_DATE]
    one_day = len({(day.value, day.problem) for day in days}) <= 1
    day = days[0] if days else shared.birth_date
    if born_together or (one_day and days and len(days) < len(found)):
        found = [replace(child, birth_date=day, dated=shared.dated) for child in found]
    first = replace(
        shared,
        name=found[0].name,
        sex=found[0].sex,
        birth_date=found[0].birth_date,
        dated=shared.dated or found[0].birth_date is not NO_DATE,
        several=True,
    )
    return Siblings((first, *found[1:]), born_together or one_day and bool(days))


def _without_twins(text: str) -> str:
    """The message without the word for twins, which would stand between "daftar anak" and a name."""
    kept, small = tidy(text), lower(tidy(text))
    for found in reversed(list(_TWINS.finditer(small))):
        lead = " anak " if found.group().startswith(("anak", "bayi")) or found.start() == 0 else " "
        kept = kept[: found.start()] + lead + kept[found.end() :]
    return kept.strip()


def _count(plain: str, twins: re.Match[str] | None) -> int:
    if twins is not None:
        return _NUMBER.get(twins.group("n") or "", 2)
    many = _HOW_MANY.search(plain)
    return _NUMBER.get(many.group("n") or "", 2) if many else 1


# ------------------------------------------------------------------------------------------------------------- parts


@dataclass(frozen=True)
class _Part:
    """What stands between two commas or "dan". joined: a word stands before it, not a mere comma."""

    name: str | None
    sexes: tuple[Sex, ...]
    day: DateReading
    joined: bool = False
    grown_up: bool = False


def _parts(text: str, today: date, known: Sequence[str]) -> list[_Part]:
    small = lower(text)
    # The name of a posyandu is no child's: what stands after the word is left to the shared facts.
    tail = _POSYANDU_TAIL.search(small.replace("\n", " "))
    text = _cased_split(text[: tail.start()] if tail else text)
    edges = [(0, 0), *(found.span() for found in _SPLIT.finditer(text)), (len(text), len(text))]
    parts = []
    for (start, end), (stop, _) in pairwise(edges):
        bare = _BOTH.sub(" ", _RANK.sub("", text[end:stop].strip()))
        if bare.strip():
            part = _part(bare, today, known)
            parts.append(replace(part, joined=text[start:end].strip() not in {"", ","}))
    return parts


def _cased_split(text: str) -> str:
    """The text with its joining words in small letters: "Ani DAN Ana"."""
    return re.sub(r"\b(?:DAN|Dan|SAMA|Sama)\b", lambda m: m.group().lower(), text)


def _part(piece: str, today: date, known: Sequence[str]) -> _Part:
    facts = read_child_facts(piece, today, known_posyandu=known, asked=NAME)
    told = tuple(
        Sex.FEMALE if word.group() in FEMALE_WORDS else Sex.MALE for word in _SEX_WORD.finditer(normalize(piece))
    )
    sexes = tuple(dict.fromkeys(told)) if len(set(told)) > 1 else (facts.sex,) if facts.sex else ()
    plain = normalize(piece)
    grown_up = bool(_GROWN_UP.search(plain)) and not _A_CHILD.search(plain)
    return _Part(facts.name, sexes, facts.birth_date if facts.birth_date.matched else NO_DATE, grown_up=grown_up)


def _facts(part: _Part, sex: Sex | None = None) -> ChildFacts:
    return ChildFacts(name=part.name, sex=sex or (part.sexes[0] if len(part.sexes) == 1 else None), birth_date=part.day)


def _twins(parts: Sequence[_Part], text: str, *, said: bool) -> list[ChildFacts]:
    """Every name is a child; sexes go with their names, else in the order told, one for all where only one is told."""
    named = [part for part in parts if part.name]
    sexes = [sex for part in parts for sex in part.sexes]
    days = [part.day for part in parts if part.day is not NO_DATE]
    own = [part for part in named if part.sexes]
    after = [i for i, part in enumerate(parts) if part.sexes]
    last_name = max((i for i, part in enumerate(parts) if part.name), default=-1)
    if len(own) == len(named) and named:
        children = [_facts(part) for part in named]
    elif len(set(sexes)) == 1 and (_BOTH.search(normalize(text)) or (after[-1] >= last_name and (named or said))):
        children = [_facts(part, sexes[0]) for part in named] or [ChildFacts(sex=sexes[0])] * 2
    elif len(sexes) > 1:
        children = [
            _facts(named[i], sexes[i] if i < len(sexes) else None) if i < len(named) else ChildFacts(sex=sexes[i])
            for i in range(max(len(named), len(sexes)))
        ]
    else:
        children = [_facts(part) for part in named]
    return [replace(child, birth_date=days[0]) for child in children] if days else children


def _others(parts: Sequence[_Part]) -> list[ChildFacts]:
    """Children without a word for twins. A later part is one more child if it has a name and a day, or only names."""
    found: list[_Part] = []
    bare = all(part.name and not part.sexes and part.day is NO_DATE for part in parts) and len(parts) == 2
    for part in parts:
        if part.grown_up:
            continue
        # After a comma "Kupang 3 mei 2026" is a place with a day; a child there has its sex said too.
        sure = part.day is not NO_DATE and (part.joined or bool(part.sexes))
        if part.name and (not found or sure or (bare and part.joined)):
            found.append(part)
        elif found and part.name is None:
            last = found[-1]
            day = part.day if last.day is NO_DATE else last.day
            found[-1] = replace(last, sexes=last.sexes or part.sexes, day=day)
    return [_facts(part) for part in found]
