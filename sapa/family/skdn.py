"""SKDN, the four numbers a posyandu reports of a month: S, K, D and N.

- S: children under five whom the posyandu follows: 0 to 59 completed months old on the last day of the period (or on
  the day looked at, where that is earlier), followed by then and not yet left (moved away, died).
- K: those of S with a Buku KIA or KMS. Where nobody has looked, the child counts as having one, and is counted apart.
- D: those of S weighed in the period, wherever and by whomever it was told.
- N: those of D whose weight rose.

Every child of D bears one letter, by the rule of the growth card (sapa.family.growth.kms_mark): N (rose), T (did not),
O (not weighed last month), B (first weighing), or "?" where that rule says nothing: the sources do not agree, the child
was born early or small, or the weight is implausible. Then a health worker reads the card: "?" is neither N nor T and
is counted apart, it is never guessed. So D = N + T + O + B + ?.

N/D is shown as N / (N + T): of those for whom the question can be answered ("D' without O and B"). `n_of_all_d` is the
other reading, N / D with everybody weighed below the line. A child weighed more than once in the period bears the
letter of the newest weighing that says N or T, else of the newest that says O or B.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from datetime import date, timedelta
from enum import StrEnum

from sapa.family.calendar import add_months, age_in_months
from sapa.family.growth import KmsMark, is_flagged, kms_mark
from sapa.family.people import Child, Measurement

#: The last completed month of age that counts: "balita".
LAST_MONTH = 59
#: "Last month's weighing" lies at most so many days back (data/who/README.md: 24 to 38 days).
LOOK_BACK_DAYS = 38


class Letter(StrEnum):
    """What is written behind a weight."""

    UP = "N"
    NOT_UP = "T"
    SKIPPED = "O"
    FIRST = "B"
    OPEN = "?"  # the rule gives nothing: a health worker reads the card


_LETTERS = {
    KmsMark.UP: Letter.UP,
    KmsMark.NOT_UP: Letter.NOT_UP,
    KmsMark.SKIPPED: Letter.SKIPPED,
    KmsMark.FIRST: Letter.FIRST,
    KmsMark.ASK: Letter.OPEN,
}
#: Which letter stands where a child was weighed more than once in the period.
_WORTH = {Letter.UP: 0, Letter.NOT_UP: 0, Letter.SKIPPED: 1, Letter.FIRST: 1, Letter.OPEN: 2}


@dataclass(frozen=True)
class Followed:
    """A child on the posyandu's list.

    child.measurements: the weighings of the period and of LOOK_BACK_DAYS before it; older ones only matter to tell O
    from B. since: the first day it was known here. until: the day from which it is followed no longer.
    """

    child: Child
    has_book: bool | None = None
    since: date = date.min
    until: date | None = None


@dataclass(frozen=True)
class Marks:
    """One child of S. letter and weighed_on are None where it was not weighed."""

    has_book: bool | None
    letter: Letter | None = None
    weighed_on: date | None = None

    @property
    def k(self) -> bool:
        """Whether it counts in K."""
        return self.has_book is not False

    @property
    def d(self) -> bool:
        """Whether it counts in D."""
        return self.letter is not None


@dataclass(frozen=True)
class Skdn:
    """The numbers of a period: children, never weighings. Two of them add up (posyandu of one desa, same period)."""

    s: int = 0
    k: int = 0
    d: int = 0
    n: int = 0
    t: int = 0
    o: int = 0
    b: int = 0
    unclear: int = 0
    book_unknown: int = 0

    def __add__(self, other: Skdn) -> Skdn:
        return Skdn(*(getattr(self, one.name) + getattr(other, one.name) for one in fields(self)))

    @property
    def judged(self) -> int:
        """D': those weighed who are N or T."""
        return self.n + self.t

    @property
    def k_of_s(self) -> float | None:
        """K/S, 0 to 1; None without children."""
        return share(self.k, self.s)

    @property
    def d_of_s(self) -> float | None:
        """D/S: who comes."""
        return share(self.d, self.s)

    @property
    def n_of_d(self) -> float | None:
        """N/D as it is shown: N / (N + T)."""
        return share(self.n, self.judged)

    @property
    def n_of_all_d(self) -> float | None:
        """N/D with O, B and ? below the line as well."""
        return share(self.n, self.d)

    @property
    def n_of_s(self) -> float | None:
        """N/S: what the programme reaches in the end."""
        return share(self.n, self.s)


def share(part: int, whole: int) -> float | None:
    """part / whole, None where there is no whole."""
    return part / whole if whole else None


def month_days(year: int, month: int) -> tuple[date, date]:
    """The first and the last day of a month. Raises ValueError for a month that does not exist."""
    first = date(year, month, 1)
    return first, add_months(first, 1) - timedelta(days=1)


def marks(one: Followed, first: date, last: date) -> Marks | None:
    """What a child counts as from `first` to `last` (both included); None where it is not in S."""
    child = one.child
    if child.birth_date > last or one.since > last or (one.until is not None and one.until <= last):
        return None
    if age_in_months(child.birth_date, last) > LAST_MONTH:
        return None
    weighings = sorted(
        (m for m in child.measurements if m.weight_kg and first <= m.date <= last and m.date >= child.birth_date),
        key=lambda m: m.date,
        reverse=True,
    )
    if not weighings:
        return Marks(one.has_book)
    read = [(_letter(child, weighing), weighing.date) for weighing in weighings]
    letter, day = min(read, key=lambda found: _WORTH[found[0]])  # the newest of the best: min keeps the first
    return Marks(one.has_book, letter, day)


def count(children: Iterable[Followed], first: date, last: date) -> Skdn:
    """The numbers of a period: a month, or one session (first = last = its day)."""
    return total(found for one in children if (found := marks(one, first, last)) is not None)


def total(found: Iterable[Marks]) -> Skdn:
    """The numbers of children that are in S."""
    numbers = dict.fromkeys((one.name for one in fields(Skdn)), 0)
    for one in found:
        numbers["s"] += 1
        numbers["k"] += one.k
        numbers["book_unknown"] += one.has_book is None
        numbers["d"] += one.d
        if one.letter is not None:
            numbers[_FIELDS[one.letter]] += 1
    return Skdn(**numbers)


_FIELDS = {Letter.UP: "n", Letter.NOT_UP: "t", Letter.SKIPPED: "o", Letter.FIRST: "b", Letter.OPEN: "unclear"}


def _letter(child: Child, weighing: Measurement) -> Letter:
    if is_flagged(child, weighing):
        return Letter.OPEN
    # Judging a weighing means judging every earlier one for plausibility; those of last month are enough, unless
    # there are none: then any older one decides between O and B.
    near = weighing.date - timedelta(days=LOOK_BACK_DAYS)
    recent = replace(child, measurements=tuple(m for m in child.measurements if m.date >= near))
    mark = kms_mark(recent, weighing)
    if mark is KmsMark.FIRST and len(recent.measurements) < len(child.measurements):
        mark = kms_mark(child, weighing)
    return Letter.OPEN if mark is None else _LETTERS[mark]
