"""Numbers for the programme: SKDN and the monthly figures of a posyandu, a desa, a kecamatan, a kabupaten.

A figure is the sum of the marks of single children, pregnancies and cases (sapa.services.programme_marks), so the list
behind it can never differ from it. Figures are for everybody of the staff who may see them, without small groups for a
district admin; lists by name are for the kader and bidan of these families alone.

Every month is counted as it stood on its last day, or on `today` while it runs. What is known today counts, also for a
month that is over: a dose written down late is found in the month it was given in. A child that has left is counted up
to the month before; a family that has moved is counted where it is now.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from statistics import median
from typing import TypeAlias

from sapa.family import skdn as letters
from sapa.family.immunization import dose_named, schedule
from sapa.family.pregnancy import visits
from sapa.family.skdn import Skdn
from sapa.services.access import NotAllowed, Role, Staffer
from sapa.services.case_people import Sight
from sapa.services.consents import CHILD_CARE, PREGNANCY_CARE, PREMARITAL
from sapa.services.ports import Tx
from sapa.services.programme_marks import (
    LONGEST_PREGNANCY,
    Mark,
    Period,
    answer_minutes,
    case_marks,
    child_marks,
    followed,
    pregnancy_marks,
    with_older,
)
from sapa.services.programme_records import KeptChild, Place

#: Where names are not to be seen, smaller groups are not shown either.
SMALLEST_GROUP = 5
_HIDDEN = "<5"
#: So many posyandu are read at once: enough for few queries, not too much for the memory.
_AT_ONCE = 40
_EVERY_CASE = 100_000
_LOOK_BACK = timedelta(days=letters.LOOK_BACK_DAYS)
_CONTRACEPTION = "families.contraception"
_FAMILIES = (
    "families.total",
    "families.engaged",
    "families.pregnant",
    "families.postpartum",
    "families.child_0_23",
    "families.child_24_59",
    _CONTRACEPTION,
)
_MESSAGES = ("messages.sent", "messages.delivered", "messages.read")
_MINUTES = "cases.answer_minutes"
_SMS = "sms"


@dataclass(frozen=True)
class Figure:
    """One number of a month.

    kind: "share" (numerator of denominator), "count" (numerator alone; children, families, messages, cases) or
    "minutes" (numerator: the median; denominator: of how many). share: 0 to 1, None without a denominator.
    note: "<5" where the group is too small to be shown; then every number is None. apart: how many are in neither
    place, by reason (sapa.services.programme_marks).
    """

    key: str
    numerator: int | None
    denominator: int | None
    share: float | None
    note: str = ""
    kind: str = "share"
    apart: Mapping[str, int] = field(default_factory=dict)

    @property
    def shown(self) -> str:
        """The figure as it is read: "12", "30/40 (75,0%)", "<5", "-" where there is nobody."""
        if self.note == _HIDDEN:
            return _HIDDEN
        if self.numerator is None or (self.kind != "count" and not self.denominator):
            return "-"
        if self.kind != "share":
            return str(self.numerator)
        return f"{self.numerator}/{self.denominator} ({percent(self.share)})"


@dataclass(frozen=True)
class Behind:
    """One line of the list behind a figure: somebody who stands below the line, and whether above it.

    detail: what it hangs on (a date, a letter of SKDN, a z-score); aside: why they are counted in neither place.
    """

    household_id: str
    subject_id: str
    posyandu_id: str
    name: str
    family: str
    birth_date: date | None
    counted: bool
    detail: str
    aside: str = ""


@dataclass(frozen=True)
class MonthRow:
    """SKDN of one month of a year."""

    year: int
    month: int
    numbers: Skdn


@dataclass(frozen=True)
class Group:
    """Posyandu whose figures are added up under one name. area_id, posyandu_id: what a click on it leads to."""

    label: str
    kind: str
    posyandu_ids: frozenset[str]
    area_id: str | None = None
    posyandu_id: str | None = None


@dataclass
class Tally:
    """The sums of one posyandu, or of several added up."""

    counted: Counter[str] = field(default_factory=Counter)
    below: Counter[str] = field(default_factory=Counter)
    apart: Counter[tuple[str, str]] = field(default_factory=Counter)
    minutes: list[int] = field(default_factory=list)

    def add(self, mark: Mark) -> None:
        """One more mark."""
        if mark.aside:
            self.apart[mark.key, mark.aside] += 1
            return
        self.below[mark.key] += 1
        self.counted[mark.key] += mark.counted

    def take(self, other: Tally) -> None:
        """Everything of another one."""
        self.counted.update(other.counted)
        self.below.update(other.below)
        self.apart.update(other.apart)
        self.minutes.extend(other.minutes)


# --------------------------------------------------------------------------------------------------------------- SKDN


def skdn(tx: Tx, posyandu_ids: Collection[str], year: int, month: int, *, today: date | None = None) -> Skdn:
    """SKDN of a month, of one or more posyandu together. Raises ValueError where there is no such month."""
    rows = skdn_by_posyandu(tx, posyandu_ids, year, month, today=today)
    return sum(rows.values(), Skdn())


def skdn_by_posyandu(
    tx: Tx, posyandu_ids: Collection[str], year: int, month: int, *, today: date | None = None
) -> dict[str, Skdn]:
    """SKDN of a month, apart for each posyandu."""
    found: dict[str, Skdn] = dict.fromkeys(posyandu_ids, Skdn())
    for places in portions(tx, posyandu_ids):
        period = Period.of(year, month, places[0].timezone, today)
        each: dict[str, list[letters.Marks]] = defaultdict(list)
        for row, (marked,) in _children(tx, places, [period], doses=False):
            if marked is not None:
                each[row.posyandu_id].append(marked)
        found.update({place: letters.total(marked) for place, marked in each.items()})
    return found


def skdn_year(tx: Tx, posyandu_ids: Collection[str], year: int, *, until: date | None = None) -> list[MonthRow]:
    """SKDN of January to December; months that begin after `until` (today) are left out, one that runs ends there."""
    months = [month for month in range(1, 13) if until is None or date(year, month, 1) <= until]
    if not months:
        return []
    each: dict[int, list[letters.Marks]] = {month: [] for month in months}
    for places in portions(tx, posyandu_ids):
        periods = [Period.of(year, month, places[0].timezone, until) for month in months]
        for _, found in _children(tx, places, periods, doses=False):
            for month, marked in zip(months, found, strict=True):
                if marked is not None:
                    each[month].append(marked)
    return [MonthRow(year, month, letters.total(each[month])) for month in months]


def skdn_of_session(tx: Tx, session_id: str) -> Skdn:
    """SKDN of one posyandu day: D are those weighed on that very day. Raises LookupError for an unknown session."""
    session = tx.session(session_id)
    if session is None:
        raise LookupError("there is no such session")
    places = tx.places([session.posyandu_id])
    month = Period.of(session.date.year, session.date.month, places[0].timezone)
    day = replace(month, first=session.date, last=session.date)
    found = (marked for _, (marked,) in _children(tx, places, [day], doses=False))
    return letters.total(marked for marked in found if marked is not None)


def skdn_list(
    tx: Tx, who: Staffer, posyandu_ids: Collection[str], year: int, month: int, *, today: date | None = None
) -> list[tuple[Behind, str]]:
    """Every child of S by name with its letter ("" where it was not weighed). Raises NotAllowed."""
    rows = list_behind(tx, who, posyandu_ids, year, month, "skdn.d_s", today=today)
    return [(row, row.detail[:1]) for row in rows]


# ------------------------------------------------------------------------------------------------------------ figures


def indicators(
    tx: Tx,
    posyandu_ids: Collection[str],
    year: int,
    month: int,
    *,
    today: date | None = None,
    hide_small: bool = False,
) -> list[Figure]:
    """The figures of a month, of one or more posyandu together, always in the same order.

    hide_small: groups below SMALLEST_GROUP are not shown; contraception never is. Raises ValueError for no month.
    """
    whole = Tally()
    for one in tallies(tx, posyandu_ids, year, month, today=today).values():
        whole.take(one)
    return figures_of(whole, hide_small=hide_small)


def indicators_for(
    tx: Tx, who: Staffer, posyandu_ids: Collection[str], year: int, month: int, *, today: date | None = None
) -> list[Figure]:
    """`indicators` as this person may see them. Raises NotAllowed for a posyandu that is not theirs."""
    check_figures(who, posyandu_ids)
    return indicators(tx, posyandu_ids, year, month, today=today, hide_small=sees_no_names(who, posyandu_ids))


def breakdown(
    tx: Tx, groups: Sequence[Group], year: int, month: int, *, today: date | None = None, hide_small: bool = False
) -> list[tuple[Group, list[Figure]]]:
    """The figures of several groups side by side: every posyandu is read once, whatever the groups."""
    wanted = {id_ for group in groups for id_ in group.posyandu_ids}
    each = tallies(tx, wanted, year, month, today=today)
    found: list[tuple[Group, list[Figure]]] = []
    for group in groups:
        whole = Tally()
        for id_ in group.posyandu_ids:
            if id_ in each:
                whole.take(each[id_])
        found.append((group, figures_of(whole, hide_small=hide_small)))
    return found


def groups_below(tx: Tx, area_id: str) -> list[Group]:
    """What an area is made of, to be compared: its areas one floor down, and the posyandu directly in it."""
    inside = tx.posyandu_in(area_id)
    groups = [
        Group(area.name, area.kind, frozenset(p.id for p in tx.posyandu_in(area.id)), area_id=area.id)
        for area in tx.areas()
        if area.parent_id == area_id
    ]
    own = [place for place in inside if place.area_id == area_id]
    groups += [Group(place.name, "posyandu", frozenset({place.id}), posyandu_id=place.id) for place in own]
    return [group for group in groups if group.posyandu_ids]


def tallies(
    tx: Tx, posyandu_ids: Collection[str], year: int, month: int, *, today: date | None = None
) -> dict[str, Tally]:
    """The sums of each posyandu: a few queries for every forty of them."""
    found: dict[str, Tally] = defaultdict(Tally)
    for places in portions(tx, posyandu_ids):
        period = Period.of(year, month, places[0].timezone, today)
        if today is not None and period.first > today:
            continue
        for subject, mark in _everybody(tx, places, period):
            found[subject.posyandu_id].add(mark)
        _add_counts(tx, places, period, found)
    return dict(found)


def figures_of(tally: Tally, *, hide_small: bool = False) -> list[Figure]:
    """The figures of a tally in their order."""
    found = [_figure(tally, key) for key in _keys(tally)]
    found.append(_minutes(tally))
    return [_without_small(one) if hide_small or one.key == _CONTRACEPTION else one for one in found]


def list_behind(
    tx: Tx,
    who: Staffer,
    posyandu_ids: Collection[str],
    year: int,
    month: int,
    key: str,
    *,
    today: date | None = None,
) -> list[Behind]:
    """Who stands behind a figure, by name: those not counted first, for they are the ones to go to.

    Who has taken their consent back is not named, and a case only to whoever may see that case: such lists are shorter
    than their figure. Raises NotAllowed for whoever does not see these families by name, and for everybody where it is
    about contraception; ValueError for a key there is not.
    """
    if key == _CONTRACEPTION or sees_no_names(who, posyandu_ids):
        raise NotAllowed("lists by name are for the kader and bidan of these families")
    if not _is_key(key):
        raise ValueError(f"there is no figure {key!r}")
    wanted = "cases.answered" if key == _MINUTES else key
    found: list[Behind] = []
    for places in portions(tx, posyandu_ids):
        period = Period.of(year, month, places[0].timezone, today)
        marked = list(_marked(tx, places, period, wanted))
        names = _family_names(tx, places, period) if marked else {}
        hidden = _unnamed(tx, who, places, wanted) if marked else set[str]()
        found += [
            _behind(subject, mark, names) for subject, mark in marked if not hidden & {subject.id, subject.household_id}
        ]
    return sorted(found, key=lambda one: (one.counted, bool(one.aside), one.name.casefold(), one.subject_id))


def _unnamed(tx: Tx, who: Staffer, places: Sequence[Place], key: str) -> set[str]:
    """Ids of the cases and households that this list names to nobody, or not to them."""
    if key.startswith("cases."):
        return _cases_of_others(tx, who, places)
    purpose = purpose_of(key)
    return tx.refused(ids_of(places), purpose) if purpose is not None else set()


def _cases_of_others(tx: Tx, who: Staffer, places: Sequence[Place]) -> set[str]:
    """Cases of contraception and of violence at home are the bidan's: what a kader must not read she must not count."""
    as_kader = {row.posyandu_id for row in who.roles} & set(ids_of(places))
    if not as_kader:
        return set()
    sight = Sight(tx, who)
    kept = tx.case_views(posyandu_ids=sorted(filter(None, as_kader)), open_only=False, limit=_EVERY_CASE)
    return {view.row.id for view in kept if not sight.may_see(view)}


def purpose_of(key: str) -> str | None:
    """The consent that names behind a figure stand on."""
    if key in ("families.pregnant", "families.postpartum") or key.startswith(("anc.", "anc_in_time.")):
        return PREGNANCY_CARE
    if key == "families.engaged":
        return PREMARITAL
    return CHILD_CARE if key.startswith(("families.child_", "skdn.", "growth.", "dose")) else None


def sees_no_names(who: Staffer, posyandu_ids: Collection[str]) -> bool:
    """Whether some of these posyandu are seen in figures only, as by a district admin."""
    return not set(posyandu_ids) <= who.by_name


def check_figures(who: Staffer, posyandu_ids: Collection[str]) -> None:
    """Raises NotAllowed where one of these posyandu is not theirs."""
    if not set(posyandu_ids) <= who.figures:
        raise NotAllowed("these figures belong to another area")


def is_anonymous(who: Staffer) -> bool:
    """Whether somebody sees figures only, wherever they look."""
    return who.role is Role.ADMIN and not who.by_name


def label(key: str) -> str:
    """What a figure is called on a page or in a table, in Bahasa Indonesia."""
    head, _, rest = key.partition(".")
    if head in _LABELS_OF_MANY:
        return f"{_LABELS_OF_MANY[head]} {dose_named(rest).label if head.startswith('dose') else rest}"
    if key in _LABELS:
        return _LABELS[key]
    opened, _, kind = rest.partition(".")
    return f"{_LABELS[f'{head}.{opened}']}: {kind}"


def percent(value: float | None) -> str:
    """A share as it is written: "75,0%"; "-" where there is none."""
    return "-" if value is None else f"{value * 100:.1f}%".replace(".", ",")


# ------------------------------------------------------------------------------------------------- how it is gathered


@dataclass(frozen=True)
class _Subject:
    posyandu_id: str
    household_id: str
    id: str
    name: str
    birth_date: date | None = None


_Marked: TypeAlias = Iterator[tuple[_Subject, Mark]]


def portions(tx: Tx, posyandu_ids: Collection[str]) -> Iterator[list[Place]]:
    """The posyandu in portions, each of one time zone: a month begins at local midnight."""
    by_zone: dict[str, list[Place]] = defaultdict(list)
    ids = sorted(posyandu_ids)
    for start in range(0, len(ids), 1000):
        for place in tx.places(ids[start : start + 1000]):
            by_zone[place.timezone].append(place)
    for zone in sorted(by_zone):
        places = by_zone[zone]
        for start in range(0, len(places), _AT_ONCE):
            yield places[start : start + _AT_ONCE]


def ids_of(places: Iterable[Place]) -> list[str]:
    """The ids of some posyandu."""
    return [place.id for place in places]


def _children(
    tx: Tx, places: Sequence[Place], periods: Sequence[Period], *, doses: bool
) -> Iterator[tuple[KeptChild, list[letters.Marks | None]]]:
    """The children of some periods in a row, with their marks in each; older weighings only where a letter needs them.

    Judging a weighing is the dear part, so it is done once, and again only for those few whose letter B may be an O.
    """
    first, last = periods[0].first, periods[-1].last
    since = first - _LOOK_BACK
    rows = tx.kept_children(ids_of(places), first, last, since, doses=doses)
    found = [_marks_in(row, periods) for row in rows]
    unsure = {
        row.child.id
        for row, marked in zip(rows, found, strict=True)
        if any(one is not None and one.letter is letters.Letter.FIRST for one in marked)
        and row.first_weighed_on is not None
        and row.first_weighed_on < since
    }
    older = tx.weighings_before(unsure, since) if unsure else {}
    for row, marked in zip(rows, found, strict=True):
        if row.child.id in older:
            yield row, _marks_in(with_older(row, older[row.child.id]), periods)
        else:
            yield row, marked


def _marks_in(row: KeptChild, periods: Sequence[Period]) -> list[letters.Marks | None]:
    one = followed(row, periods[0].zone)
    return [letters.marks(one, period.first, period.last) for period in periods]


def _everybody(tx: Tx, places: Sequence[Place], period: Period) -> _Marked:
    """All marks of a portion."""
    yield from _families_once(found for part in _PARTS.values() for found in part(tx, places, period))


def _families_once(found: Iterable[tuple[_Subject, Mark]]) -> _Marked:
    """Each family once for each stage, whatever number of children it has in it."""
    seen: set[tuple[str, str]] = set()
    for subject, mark in found:
        if mark.key.startswith("families."):
            if (mark.key, subject.household_id) in seen:
                continue
            seen.add((mark.key, subject.household_id))
        yield subject, mark


def _marked(tx: Tx, places: Sequence[Place], period: Period, key: str) -> _Marked:
    if key.startswith("messages."):
        yield from _from_messages(tx, places, period, key)
        return
    head = key.partition(".")[0]
    parts = list(_PARTS.values()) if head == "families" else [_PARTS[_PART_OF.get(head, head)]]
    found = ((subject, mark) for part in parts for subject, mark in part(tx, places, period) if mark.key == key)
    yield from _families_once(found)


def _from_households(tx: Tx, places: Sequence[Place], period: Period) -> _Marked:
    for home in tx.kept_households(ids_of(places), period.end, contacts=False):
        yield _Subject(home.posyandu_id, home.household_id, home.household_id, ""), Mark("families.total", True)
    for place, home_id in tx.engaged_households(ids_of(places), period.end):
        yield _Subject(place, home_id, home_id, ""), Mark("families.engaged", True)


def _from_children(tx: Tx, places: Sequence[Place], period: Period) -> _Marked:
    where = {place.id: place for place in places}
    for row, (marked,) in _children(tx, places, [period], doses=True):
        if marked is None:
            continue
        child = row.child
        subject = _Subject(row.posyandu_id, row.household_id, child.id, child.name, child.birth_date)
        for mark in child_marks(row, marked, where[row.posyandu_id], period):
            yield subject, mark


def _from_pregnancies(tx: Tx, places: Sequence[Place], period: Period) -> _Marked:
    # Until the end of the six weeks after a birth, which may have come 44 weeks after the last period.
    since = period.first - LONGEST_PREGNANCY - timedelta(days=60)
    for row in tx.kept_pregnancies(ids_of(places), since, period.last):
        subject = _Subject(row.posyandu_id, row.household_id, row.pregnancy.id, row.name)
        for mark in pregnancy_marks(row, period):
            yield subject, mark


def _from_cases(tx: Tx, places: Sequence[Place], period: Period) -> _Marked:
    for row in tx.kept_cases(ids_of(places), period.start, period.end):
        subject = _Subject(row.posyandu_id, row.household_id, row.id, row.name)
        for mark in case_marks(row, period):
            yield subject, mark


def _from_messages(tx: Tx, places: Sequence[Place], period: Period, key: str) -> _Marked:
    for row in tx.kept_messages(ids_of(places), period.start, period.end):
        subject = _Subject(row.posyandu_id, row.household_id, row.contact_id, row.name)
        day = row.sent_at.astimezone(period.zone).date().isoformat()
        if key == "messages.sent":
            yield subject, Mark(key, True, day)
        elif key == "messages.delivered":
            yield subject, Mark(key, row.delivered, day)
        elif row.delivered and row.channel != _SMS:
            yield subject, Mark(key, row.read, day)


_PARTS: Mapping[str, Callable[[Tx, Sequence[Place], Period], _Marked]] = {
    "households": _from_households,
    "children": _from_children,
    "pregnancies": _from_pregnancies,
    "cases": _from_cases,
}
_PART_OF = {
    "anc": "pregnancies",
    "anc_in_time": "pregnancies",
    "skdn": "children",
    "growth": "children",
    "dose": "children",
    "dose_in_time": "children",
}


def _add_counts(tx: Tx, places: Sequence[Place], period: Period, found: dict[str, Tally]) -> None:
    """What the database counts by itself: messages (they are many), contraception (nobody may be looked at)."""
    for row in tx.message_counts(ids_of(places), period.start, period.end):
        tally = found[row.posyandu_id]
        tally.below.update({"messages.sent": row.sent, "messages.delivered": row.sent})
        tally.counted.update({"messages.sent": row.sent, "messages.delivered": row.delivered})
        if row.channel != _SMS:  # nobody can say whether a text message was read
            tally.below["messages.read"] += row.delivered
            tally.counted["messages.read"] += row.read
    for place, users in tx.contraception_counts(ids_of(places), period.last, period.end).items():
        found[place].below[_CONTRACEPTION] += users
        found[place].counted[_CONTRACEPTION] += users
    for case in tx.kept_cases(ids_of(places), period.start, period.end):
        minutes = answer_minutes(case)
        if minutes is not None and case.opened_at >= period.start:
            found[case.posyandu_id].minutes.append(minutes)


def _family_names(tx: Tx, places: Sequence[Place], period: Period) -> dict[str, str]:
    return {home.household_id: home.name for home in tx.kept_households(ids_of(places), period.end)}


def _behind(subject: _Subject, mark: Mark, names: Mapping[str, str]) -> Behind:
    family = names.get(subject.household_id, "")
    return Behind(
        household_id=subject.household_id,
        subject_id=subject.id,
        posyandu_id=subject.posyandu_id,
        name=subject.name or family,
        family=family,
        birth_date=subject.birth_date,
        counted=mark.counted,
        detail=mark.detail,
        aside=mark.aside,
    )


# --------------------------------------------------------------------------------------------------- keys and figures

_SHARES = (
    *(f"anc.{visit.id}" for visit in visits()),
    *(f"anc_in_time.{visit.id}" for visit in visits()),
    *(f"dose.{dose.id}" for dose in schedule()),
    *(f"dose_in_time.{dose.id}" for dose in schedule()),
    *("skdn.k_s", "skdn.d_s", "skdn.n_d", "skdn.n_s"),
    *("growth.stunted", "growth.underweight", "growth.wasted"),
)
_LABELS = {
    "families.total": "Keluarga terdaftar",
    "families.engaged": "Calon pengantin",
    "families.pregnant": "Keluarga, ibu hamil",
    "families.postpartum": "Keluarga, nifas",
    "families.child_0_23": "Keluarga, anak 0-23 bulan",
    "families.child_24_59": "Keluarga, anak 24-59 bulan",
    _CONTRACEPTION: "Peserta KB",
    "skdn.k_s": "K/S",
    "skdn.d_s": "D/S",
    "skdn.n_d": "N/D (tanpa O, B, ?)",
    "skdn.n_s": "N/S",
    "growth.stunted": "Pendek (TB/U < -2 SD)",
    "growth.underweight": "Berat kurang (BB/U < -2 SD)",
    "growth.wasted": "Gizi kurang (BB/TB < -2 SD)",
    "messages.sent": "Pesan terkirim",
    "messages.delivered": "Pesan sampai",
    "messages.read": "Pesan WhatsApp dibaca",
    "cases.opened": "Kasus baru",
    "cases.closed": "Kasus selesai",
    "cases.answered": "Kasus dijawab petugas",
    _MINUTES: "Menit sampai dijawab (median)",
}
_LABELS_OF_MANY = {
    "anc": "Periksa hamil",
    "anc_in_time": "Tepat waktu: periksa hamil",
    "dose": "Imunisasi",
    "dose_in_time": "Tepat waktu: imunisasi",
}


def _keys(tally: Tally) -> list[str]:
    """The figures of a month in their order; doses that nobody there could get are left out."""
    kinds = sorted(key for key in tally.below if key.startswith(("cases.opened.", "cases.closed.")))
    known = {key for key, _ in tally.apart} | tally.below.keys()
    shares = [key for key in _SHARES if not key.startswith("dose") or key in known]
    return [*_FAMILIES, *shares, *_MESSAGES, "cases.opened", "cases.closed", "cases.answered", *kinds]


def _is_key(key: str) -> bool:
    known = {*_FAMILIES, *_SHARES, *_MESSAGES, "cases.opened", "cases.closed", "cases.answered", _MINUTES}
    # The kind stands in the name of a file too.
    return key in known or re.fullmatch(r"cases\.(opened|closed)\.[a-z-]{1,20}", key) is not None


def _figure(tally: Tally, key: str) -> Figure:
    apart = {code: number for (of, code), number in sorted(tally.apart.items()) if of == key}
    counted, below = tally.counted[key], tally.below[key]
    if key in _SHARES or key in ("messages.delivered", "messages.read", "cases.answered"):
        return Figure(key, counted, below, letters.share(counted, below), apart=apart)
    return Figure(key, counted, None, None, kind="count", apart=apart)


def _minutes(tally: Tally) -> Figure:
    middle = round(median(tally.minutes)) if tally.minutes else None
    return Figure(_MINUTES, middle, len(tally.minutes), None, kind="minutes")


def _without_small(figure: Figure) -> Figure:
    """Without numbers that would speak of fewer than SMALLEST_GROUP people. Messages are no people."""
    if figure.key.startswith("messages."):
        return figure
    numbers = [figure.denominator, None if figure.kind == "minutes" else figure.numerator]
    if any(number is not None and 0 < number < SMALLEST_GROUP for number in numbers):
        return replace(figure, numerator=None, denominator=None, share=None, note=_HIDDEN, apart={})
    return replace(figure, apart={code: number for code, number in figure.apart.items() if number >= SMALLEST_GROUP})
