"""Many doses at once: "imunisasinya lengkap sampai 9 bulan, kecuali campak", and days by visit: "2 bulan 5 maret".

Nothing is made up here: which doses are meant follows from the child's age and the schedule, and is shown before it is
written; a day is only what was told.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cache

from sapa.family.immunization import Dose, schedule, visit_bundles
from sapa.family.reading.dates import NO_DATE, DateReading, read_date
from sapa.family.reading.doses import DoseEntry, DoseReading, read_doses
from sapa.family.reading.words import is_unknown, normalize, tidy


@dataclass(frozen=True)
class BulkReading:
    """A report of everything up to an age.

    until_months: the age in months, None for "everything so far". limited: an age or "till now" was told. sure: the
    words claim it, where "imunisasi lengkap" may be a question. only: the doses it is about, empty for all. without:
    doses that were left out ("kecuali campak", "PCV belum"). report: what else the message says: children, days of
    single doses. visits: days told by visit.
    """

    until_months: int | None
    limited: bool
    sure: bool
    only: tuple[str, ...]
    without: tuple[str, ...]
    report: DoseReading
    visits: tuple[VisitDay, ...] = ()


@dataclass(frozen=True)
class VisitDay:
    """What is said of the visit at `months` of age (0: at birth): its day, or that nobody knows it, or no visit."""

    months: int
    date: DateReading = NO_DATE
    unknown: bool = False
    not_given: bool = False


_WORD_NUMBERS = {
    "satu": 1, "dua": 2, "tiga": 3, "empat": 4, "lima": 5, "enam": 6, "tujuh": 7, "delapan": 8, "sembilan": 9,
    "sepuluh": 10, "sebelas": 11, "dua belas": 12, "duabelas": 12, "delapan belas": 18, "delapanbelas": 18,
}  # fmt: skip
_N = r"(?P<n>\d{1,2}|" + "|".join(sorted(_WORD_NUMBERS, key=len, reverse=True)) + ")"
_COMPLETE = re.compile(r"\b(?:lengkap(?:nya)?|lgkp|lngkp|lengkp|komplit|komplet|complete?|kumplit|full|idl)\b")
_EVERYTHING = re.compile(r"\b(?:semua(?:nya|ny)?|smua(?:nya)?|sema|seluruh(?:nya)?)\b")
_INCOMPLETE = re.compile(
    r"\b(?:belum|blm|blom|belom|tidak|tdk|tak|gak|ga|gk|nggak|ndak|kurang|krg|biar|supaya|agar|kalau|kalo|klo|mau)"
    r" (?:imunisasi(?:nya)? )?(?:sudah |udah )?(?:semua(?:nya)? |pernah )?(?:lengkap|komplit|komplet|semua)"
)
_LIMIT = (
    r"\b(?:sampai|sampe|sampek|smpai|smp|hingga|ampe|nyampe|s/d|s\.d\.?|sd)"
    r"(?: (?:dengan|dgn|imunisasi|imun|vaksin|yang|yg|umur(?:nya)?|usia(?:nya)?|umr|di))*"
)
_UNTIL_AGE = re.compile(
    rf"(?:{_LIMIT}|\b(?:umur|usia)) (?:{_N} ?(?P<unit>bulan|bln|bl|tahun|thn|th)|(?P<year>setahun))(?:nya|an)?\b"
)
_UNTIL_NOW = re.compile(
    rf"{_LIMIT} (?:sekarang|skrg|skr|skrng|saat ini|hari ini|bulan ini)\b|\bsesuai (?:umur|usia|jadwal)(?:nya)?\b"
)
_UNTIL_WORD = re.compile(rf"{_LIMIT}(?= )")
_ITS_VACCINES = re.compile(r"\b(?:imun\w*|vaksin\w*|suntik\w*)(?:nya|ny)\b")
_VACCINE_WORD = re.compile(r"\b(?:di)?(?:imun|vaksin|suntik)")


def may_be_bulk(text: str) -> bool:
    """Whether reading this message closer is worth its while: cheap, and wrong only in saying yes."""
    plain = normalize(text)
    return _COMPLETE.search(plain) is not None or _EVERYTHING.search(plain) is not None


def read_bulk(text: str, today: date, *, names: Sequence[str] = ()) -> BulkReading | None:
    """The report of everything up to an age, None if the message is none. Never raises on any text."""
    plain = normalize(text)
    complete, everything = _COMPLETE.search(plain), _EVERYTHING.search(plain)
    if not (complete or everything) or _INCOMPLETE.search(plain):
        return None
    limit = _UNTIL_AGE.search(plain) or _UNTIL_NOW.search(plain)
    visits = read_visits(plain[limit.end() :] if limit else plain, today)
    rest = _without(text, limit.span() if limit else None, cut=bool(visits))
    report = read_doses(rest, today, names=names)
    last = _last_dose(rest, report)
    if last is not None:
        report = replace(report, entries=tuple(e for e in report.entries if e.dose != last.id), rest=())
    about = bool(report.entries) or _VACCINE_WORD.search(plain) is not None
    limited = limit is not None or last is not None
    one_visit = not limited and any(entry.bundle for entry in read_doses(text, today, names=names).entries)
    if one_visit or not (limited or (complete and about)):
        return None
    if report.trouble or report.question or report.unclear or not set(report.rest + report.strange) <= _HARMLESS:
        return None
    bare = [entry for entry in report.entries if entry.given and not entry.dated]
    listed = bool(bare) and not _VACCINE_WORD.search(plain)
    without = _doses(entry for entry in report.entries if not entry.given)
    return BulkReading(
        until_months=_months(limit) if last is None else visit_age(last.id),
        limited=limited,
        sure=bool(limited or report.done or without or visits or _ITS_VACCINES.search(plain)),
        only=_doses(bare) if listed else (),
        without=without,
        report=report,
        visits=visits,
    )


_HARMLESS = frozenset({"sampai", "sampe", "smp", "hingga", "semua", "bulan", "bln", "tahun", "dasar", "rutin", "wajib"})


def _without(text: str, span: tuple[int, int] | None, *, cut: bool) -> str:
    """The message without the limit, and without the days by visit behind it."""
    kept = tidy(text)
    for pattern in (_BOOK_LOST, _NOTHING_KNOWN):
        for lost in pattern.finditer(normalize(text)):
            kept = kept[: lost.start()] + "," * (lost.end() - lost.start()) + kept[lost.end() :]
    if cut:
        found = next((m for m in _MARK.finditer(normalize(text), span[1] if span else 0)), None)
        kept = kept[: found.start()] if found else kept
    return kept if span is None else f"{kept[: span[0]]} {kept[span[1] :]}"


def _last_dose(text: str, report: DoseReading) -> Dose | None:
    """The dose of "lengkap sampai DPT 3"."""
    limit = _UNTIL_WORD.search(normalize(text))
    if limit is None:
        return None
    told = read_doses(tidy(text)[limit.end() :].split(",")[0].split(" kecuali")[0], date.max)
    ids = [entry.dose for entry in told.entries[:1] if entry.dose]
    return next((dose for dose in schedule() if dose.id in ids), None) if report.entries else None


def _doses(entries: Iterable[DoseEntry]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(dose for entry in entries for dose in entry.doses))


def _months(limit: re.Match[str] | None) -> int | None:
    if limit is None or "n" not in limit.re.groupindex:
        return None
    if limit.group("year"):
        return 12
    number = _number(limit.group("n"))
    return number * 12 if limit.group("unit").startswith("t") else number


def _number(said: str) -> int:
    return int(said) if said.isdigit() else _WORD_NUMBERS[said]


# ---------------------------------------------------------------------------------------------------- days by visit


@cache
def visits() -> tuple[tuple[int, tuple[str, ...]], ...]:
    """The visits of the schedule: age in months (0: at birth) and doses."""
    found = []
    for bundle in visit_bundles():
        number, unit = bundle.age.split()
        found.append((int(number) if unit == "bulan" else 0, bundle.doses))
    return tuple(found)


_MARK = re.compile(
    rf"(?<![\d/.-])(?:(?:yang|yg|umur|usia|kunjungan|waktu|pas|imunisasi) )*(?:{_N} ?-?(?:bulan|bln|bl)(?:nya|an)?\b"
    r"(?! ?(?:yang |yg )?(?:lalu|kemarin|kmrn|kemaren|lagi|depan|kurang|lebih))"
    r"|(?P<birth>\b(?:baru lahir|pas lahir|waktu lahir|saat lahir|lahir(?:nya)?)\b))"
)
_DAY_WORD = re.compile(r"\b(?:tanggal|tgl|tggl|tg)\.? ?$")
_LEAD = re.compile(r"^[\s:=,.-]*(?:(?:itu|nya|tanggal|tgl|di|pada|ya)\b[\s:=,.]*)*")
_TAIL = re.compile(r"(?:[\s,.;]|\b(?:dan|dn|sama|terus|trus|lalu)\b)+$")
_NOT = re.compile(r"\b(?:belum|blm|blom|belom|tidak|tdk|gak|ga|gk|nggak|ndak|kosong|lewat|terlewat|kelewat|bolong)\b")


def read_visits(text: str, today: date) -> tuple[VisitDay, ...]:
    """The days told by visit: "2 bulan 5 maret, 3 bulan lupa". Empty where none is told. Never raises."""
    plain = normalize(text)
    known = {months for months, _ in visits()}
    marks = [
        (mark, 0 if mark.group("birth") else _number(mark.group("n")))
        for mark in _MARK.finditer(plain)
        if not _DAY_WORD.search(plain[: mark.start()])
    ]
    marks = [(mark, months) for mark, months in marks if months in known]
    if not marks:
        return ()
    ends = [mark.start() for mark, _ in marks[1:]] + [len(plain)]
    said = [plain[mark.end() : end] for (mark, _), end in zip(marks, ends, strict=True)]
    before = _TAIL.sub("", plain[: marks[0][0].start()])
    if read_date(before, today).usable and read_date(said[-1], today).problem == "none":
        said = [before, *said[:-1]]  # "5 maret 2 bulan, 7 april 3 bulan"
    found = [_visit(months, part, today) for (_, months), part in zip(marks, said, strict=True)]
    return tuple(visit for visit in found if visit.unknown or visit.not_given or visit.date is not NO_DATE)


def named_visits(text: str) -> tuple[int, ...]:
    """The visits a message names, in months of age: "ubah yang 2 bulan"."""
    plain, known = normalize(text), {months for months, _ in visits()}
    found = [0 if mark.group("birth") else _number(mark.group("n")) for mark in _MARK.finditer(plain)]
    return tuple(months for months in dict.fromkeys(found) if months in known)


def visit_age(dose_id: str) -> int:
    """The age in months of the visit a dose belongs to. Raises StopIteration for an unknown dose id."""
    return next(months for months, doses in visits() if dose_id in doses)


def _visit(months: int, said: str, today: date) -> VisitDay:
    part = _TAIL.sub("", _LEAD.sub("", said))
    read = read_date(part, today, max_years=None) if part else NO_DATE
    if read.problem != "none":
        return VisitDay(months, read)
    if part and is_unknown(part):
        return VisitDay(months, unknown=True)
    return VisitDay(months, not_given=bool(_NOT.search(part)))


_NO = r"(?:tidak|tdk|tak|gak|ga|gk|nggak|ngga|ndak|enggak|belum|blm)"
_FORGOTTEN = rf"(?:lupa|{_NO} ?(?:tahu|tau|ingat|inget|hafal|hapal))"
_ALL_OF_IT = r"(?:semua(?:nya)?|smua(?:nya)?|satu ?pun|sama sekali)"
_BOOK_LOST = re.compile(
    r"\b(?:buku|bukunya|bku|kia|kms|kartu|kartunya|catatan|catatannya)\b(?: [^\W\d_]+){0,2} "
    r"(?:hilang|ilang|hlg|hlang|rusak|robek|sobek|basah|terbakar|kebakar|kebanjiran|tercecer|lenyap|"
    rf"{_NO} (?:ada|punya|dikasih))\b"
    rf"|\b(?:hilang|ilang|{_NO} (?:ada|punya|pegang)) (?:buku|kms|kia|kartu|catatan)\w*"
)
_NOTHING_KNOWN = re.compile(
    rf"\b{_FORGOTTEN}(?: \w+){{0,2}} {_ALL_OF_IT}\b|\b{_ALL_OF_IT}(?: \w+){{0,2}} {_FORGOTTEN}\b"
)


def knows_no_day(text: str) -> bool:
    """Whether no day can be told at all: the book is lost, everything is forgotten."""
    plain = normalize(text)
    return bool(_BOOK_LOST.search(plain) or _NOTHING_KNOWN.search(plain))


# ------------------------------------------------------------------------------------------------- a day of its year

_YEAR = re.compile(r"(?:19|20)\d\d|\d{1,2}[ /.-]\d{1,2}[ /.-]\d\d(?!\d)|[^\W\d_]{3,}[ .'-]*\d\d(?!\d)")


def in_its_year(read: DateReading, expected: date, earliest: date, latest: date) -> date | None:
    """The day of a reading; told without its year, the one nearest to `expected` within [earliest, latest].

    None if the reading is no day. "5 maret" of a two-year-old's first visits is not last March.
    """
    if not read.usable or read.value is None:
        return None
    if not read.absolute or _YEAR.search(read.matched):
        return read.value
    years = range(earliest.year, latest.year + 1)
    days = [day for year in years if (day := _on(read.value, year)) and earliest <= day <= latest]
    return min(days, key=lambda day: abs((day - expected).days), default=read.value)


def _on(day: date, year: int) -> date | None:
    try:
        return day.replace(year=year)
    except ValueError:
        return None
