"""Part of a transaction: figures of a posyandu, a desa, a kecamatan.

A kecamatan has 5,000 children: nothing here is asked child by child, and rows are read as columns, not as objects.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import cast

from sqlalchemy import ColumnElement, and_, case, func, or_, select

from sapa.family.calendar import add_months
from sapa.family.people import Child, Measurement, Pregnancy, Sex
from sapa.messaging.states import Kind
from sapa.services.programme_records import (
    KeptCase,
    KeptChild,
    KeptHousehold,
    KeptMessage,
    KeptPregnancy,
    MessageCount,
    Place,
)
from sapa.store.consent_order import AS_SAID
from sapa.store.models import (
    AddressTable,
    CaseTable,
    ChildTable,
    ConsentTable,
    ContactTable,
    ContraceptionTable,
    DoseReportedTable,
    DoseTable,
    HouseholdTable,
    MeasurementTable,
    OutboxTable,
    PosyanduTable,
    PregnancyTable,
    VisitTable,
    WeddingTable,
)
from sapa.store.unit import Unit

_FIVE_YEARS = 60  # months
_UNASKED = (Kind.REMINDER.value, Kind.BROADCAST.value, Kind.NOTICE.value)
_AT_ONCE = 10_000  # ids in one IN (...): SQLite takes 32,766 at most
_MOTHER = "ibu"
_SEX = {sex.value: sex for sex in Sex}
#: Never null where it is asked for: every question is about the households of some posyandu.
_PLACE = cast("ColumnElement[str]", HouseholdTable.posyandu_id)


class ProgrammeQueries:
    """Part of a transaction: figures of a posyandu, a desa, a kecamatan."""

    _s: Unit

    def places(self, posyandu_ids: Collection[str]) -> list[Place]:
        """The posyandu of these ids, by name."""
        p = PosyanduTable
        rows = self._s.execute(
            select(p.id, p.name, p.village, p.timezone, p.province, p.vaccine_profile, p.je_region)
            .where(p.id.in_(posyandu_ids))
            .order_by(p.name, p.id)
        )
        return [Place(*row) for row in rows]

    # --- children

    def kept_children(
        self, posyandu_ids: Collection[str], first: date, last: date, weighed_since: date, *, doses: bool
    ) -> list[KeptChild]:
        """Children under five between two days, by name; their weighings since a day; doses and weighings to `last`."""
        who = _under_five(posyandu_ids, first, last)
        weighings = self._weighings(who, weighed_since, last)
        given = self._doses(who, last) if doses else {}
        reported = self._reported(who) if doses else {}
        c = ChildTable
        oldest = (
            select(func.min(MeasurementTable.date))
            .where(MeasurementTable.child_id == c.id, MeasurementTable.weight_kg.is_not(None))
            .scalar_subquery()
        )
        rows = self._s.execute(
            select(
                _PLACE,
                c.household_id,
                c.id,
                c.name,
                c.birth_date,
                c.sex,
                c.birth_weight_g,
                c.birth_weeks,
                c.special_care,
                c.has_book,
                c.created_at,
                c.ended_on,
                oldest,
            )
            .join(HouseholdTable, HouseholdTable.id == c.household_id)
            .where(*who)
            .order_by(c.id)
        )
        found: list[KeptChild] = []
        for place, home, id_, name, born, sex, grams, weeks, care, book, created, ended, weighed in rows:
            doses_given = given.get(id_, {})
            child = Child(
                id=id_,
                name=name,
                birth_date=born,
                sex=_SEX.get(sex or ""),
                doses=doses_given,
                birth_weight_g=grams,
                birth_weeks=weeks,
                special_care=care,
                measurements=tuple(weighings.get(id_, ())),
                reported=frozenset(reported.get(id_, ())) - doses_given.keys(),
            )
            found.append(KeptChild(place, home, child, book, created, weighed, ended))
        # The database cannot: names are sealed in it.
        return sorted(found, key=lambda kept: (kept.child.name, kept.child.id))

    def _weighings(self, who: Sequence[ColumnElement[bool]], since: date, last: date) -> dict[str, list[Measurement]]:
        m = MeasurementTable
        rows = self._s.execute(
            select(m.child_id, m.date, m.weight_kg, m.lenhei_cm, m.measure)
            .join(ChildTable, ChildTable.id == m.child_id)
            .join(HouseholdTable, HouseholdTable.id == ChildTable.household_id)
            .where(*who, m.date >= since, m.date <= last)
            .order_by(m.date)
        )
        found: dict[str, list[Measurement]] = defaultdict(list)
        for child_id, day, weight, length, position in rows:
            found[child_id].append(Measurement(day, weight, length, position))
        return found

    def _doses(self, who: Sequence[ColumnElement[bool]], last: date) -> dict[str, dict[str, date]]:
        rows = self._s.execute(
            select(DoseTable.child_id, DoseTable.dose, DoseTable.given_on)
            .join(ChildTable, ChildTable.id == DoseTable.child_id)
            .join(HouseholdTable, HouseholdTable.id == ChildTable.household_id)
            .where(*who, DoseTable.given_on <= last)
        )
        found: dict[str, dict[str, date]] = defaultdict(dict)
        for child_id, dose, given_on in rows:
            found[child_id][dose] = given_on
        return found

    def _reported(self, who: Sequence[ColumnElement[bool]]) -> dict[str, set[str]]:
        rows = self._s.execute(
            select(DoseReportedTable.child_id, DoseReportedTable.dose)
            .join(ChildTable, ChildTable.id == DoseReportedTable.child_id)
            .join(HouseholdTable, HouseholdTable.id == ChildTable.household_id)
            .where(*who)
        )
        found: dict[str, set[str]] = defaultdict(set)
        for child_id, dose in rows:
            found[child_id].add(dose)
        return found

    def weighings_before(self, child_ids: Collection[str], day: date) -> Mapping[str, Sequence[Measurement]]:
        """All weighings of some children before a day, oldest first."""
        m, ids = MeasurementTable, sorted(child_ids)
        found: dict[str, list[Measurement]] = defaultdict(list)
        for start in range(0, len(ids), _AT_ONCE):
            rows = self._s.execute(
                select(m.child_id, m.date, m.weight_kg, m.lenhei_cm, m.measure)
                .where(m.child_id.in_(ids[start : start + _AT_ONCE]), m.date < day)
                .order_by(m.date)
            )
            for child_id, on, weight, length, position in rows:
                found[child_id].append(Measurement(on, weight, length, position))
        return found

    def last_measured(self, posyandu_ids: Collection[str], until: date) -> Mapping[str, Measurement]:
        """The newest measurement of every child up to a day."""
        m = MeasurementTable
        newest = (
            select(m.child_id, func.max(m.date).label("day"))
            .join(ChildTable, ChildTable.id == m.child_id)
            .join(HouseholdTable, HouseholdTable.id == ChildTable.household_id)
            .where(HouseholdTable.posyandu_id.in_(posyandu_ids), m.date <= until)
            .group_by(m.child_id)
            .subquery()
        )
        rows = self._s.execute(
            select(m.child_id, m.date, m.weight_kg, m.lenhei_cm, m.measure).join(
                newest, and_(newest.c.child_id == m.child_id, newest.c.day == m.date)
            )
        )
        return {child_id: Measurement(on, weight, length, position) for child_id, on, weight, length, position in rows}

    # --- pregnancies

    def kept_pregnancies(self, posyandu_ids: Collection[str], begun_since: date, last: date) -> list[KeptPregnancy]:
        """Pregnancies dated from `begun_since` on and not after `last`."""
        p = PregnancyTable
        which = (HouseholdTable.posyandu_id.in_(posyandu_ids), p.lmp >= begun_since, p.lmp <= last)
        visits: dict[str, dict[str, date]] = defaultdict(dict)
        for pregnancy_id, visit, on in self._s.execute(
            select(VisitTable.pregnancy_id, VisitTable.visit, VisitTable.on)
            .join(p, p.id == VisitTable.pregnancy_id)
            .join(HouseholdTable, HouseholdTable.id == p.household_id)
            .where(*which, VisitTable.on <= last)
        ):
            visits[pregnancy_id][visit] = on
        rows = self._s.execute(
            select(
                _PLACE,
                p.household_id,
                func.coalesce(ContactTable.name, ""),
                p.id,
                p.lmp,
                p.edd,
                p.dated_by,
                p.multiple,
                p.contact_id,
                p.outcome,
                p.ended_on,
                p.created_at,
            )
            .join(HouseholdTable, HouseholdTable.id == p.household_id)
            .outerjoin(ContactTable, ContactTable.id == p.contact_id)
            .where(*which)
            .order_by(p.lmp, p.id)
        )
        return [
            KeptPregnancy(
                place,
                home,
                name,
                Pregnancy(
                    lmp=lmp,
                    edd=edd,
                    dated_by=dated_by,
                    anc={visit: on for visit, on in visits.get(id_, {}).items() if visit[1:].isdigit()},
                    multiple=multiple,
                    contact_id=contact_id or "",
                    id=id_,
                ),
                outcome,
                ended_on,
                created_at,
            )
            for place, home, name, id_, lmp, edd, dated_by, multiple, contact_id, outcome, ended_on, created_at in rows
        ]

    # --- households

    def kept_households(
        self, posyandu_ids: Collection[str], before: datetime, *, contacts: bool = True
    ) -> list[KeptHousehold]:
        """Households enrolled before a moment; names and phones only if asked for."""
        h = HouseholdTable
        which = (h.posyandu_id.in_(posyandu_ids), h.created_at < before)
        people: dict[str, tuple[str, str]] = {}
        if contacts:
            rows = self._s.execute(
                select(h.id, ContactTable.id, ContactTable.name, AddressTable.phone)
                .join(ContactTable, ContactTable.household_id == h.id)
                .outerjoin(AddressTable, AddressTable.contact_id == ContactTable.id)
                .where(*which)
                # The mother first, then whoever came first; a number before none.
                .order_by(
                    case((ContactTable.relation == _MOTHER, 0), else_=1),
                    ContactTable.created_at,
                    ContactTable.id,
                    AddressTable.phone.is_(None),
                )
            )
            first: dict[str, str] = {}
            for household_id, contact_id, name, phone in rows:
                if first.setdefault(household_id, contact_id) != contact_id:
                    continue
                known = people.get(household_id, ("", ""))[1]
                # Of several numbers the same one every time.
                people[household_id] = (name or "", min(filter(None, (known, phone)), default=""))
        found = self._s.execute(select(_PLACE, h.id, h.address).where(*which).order_by(h.id))
        return [KeptHousehold(place, id_, *people.get(id_, ("", "")), said or "") for place, id_, said in found]

    def engaged_households(self, posyandu_ids: Collection[str], at: datetime) -> list[tuple[str, str]]:
        """(posyandu, household) of those whose wedding was open at a moment."""
        w = WeddingTable
        rows = self._s.execute(
            select(_PLACE, HouseholdTable.id)
            .join(w, w.household_id == HouseholdTable.id)
            .where(
                HouseholdTable.posyandu_id.in_(posyandu_ids),
                w.created_at < at,
                or_(w.closed_at.is_(None), w.closed_at >= at),
            )
            .distinct()
        )
        return [(place, home) for place, home in rows]

    def contraception_counts(self, posyandu_ids: Collection[str], on: date, before: datetime) -> Mapping[str, int]:
        """How many contacts use a method, by posyandu: a number and no more."""
        c = ContraceptionTable
        rows = self._s.execute(
            select(_PLACE, func.count(func.distinct(c.contact_id)))
            .join(ContactTable, ContactTable.id == c.contact_id)
            .join(HouseholdTable, HouseholdTable.id == ContactTable.household_id)
            .where(
                HouseholdTable.posyandu_id.in_(posyandu_ids),
                c.created_at < before,
                or_(c.stopped_on.is_(None), c.stopped_on > on),
            )
            .group_by(_PLACE)
        )
        return {place: number for place, number in rows}

    # --- messages and cases

    def message_counts(self, posyandu_ids: Collection[str], start: datetime, end: datetime) -> list[MessageCount]:
        """Unasked messages (reminders, broadcasts, notices) that went out from `start` until before `end`."""
        o = OutboxTable
        rows = self._s.execute(
            select(
                _PLACE,
                o.channel,
                func.count(),
                func.sum(case((_delivered(), 1), else_=0)),
                func.sum(case((o.read_at.is_not(None), 1), else_=0)),
            )
            .join(ContactTable, ContactTable.id == o.contact_id)
            .join(HouseholdTable, HouseholdTable.id == ContactTable.household_id)
            .where(*_unasked(posyandu_ids, start, end))
            .group_by(_PLACE, o.channel)
        )
        return [MessageCount(place, channel, *map(int, numbers)) for place, channel, *numbers in rows]

    def kept_messages(self, posyandu_ids: Collection[str], start: datetime, end: datetime) -> list[KeptMessage]:
        """The same messages one by one."""
        o = OutboxTable
        rows = self._s.execute(
            select(
                _PLACE,
                HouseholdTable.id,
                o.contact_id,
                func.coalesce(ContactTable.name, ""),
                o.channel,
                o.sent_at,
                case((_delivered(), True), else_=False),
                case((o.read_at.is_not(None), True), else_=False),
            )
            .join(ContactTable, ContactTable.id == o.contact_id)
            .join(HouseholdTable, HouseholdTable.id == ContactTable.household_id)
            .where(*_unasked(posyandu_ids, start, end))
            .order_by(o.sent_at, o.seq)
        )
        return [KeptMessage(*row) for row in rows]

    def refused(self, posyandu_ids: Collection[str], purpose: str) -> set[str]:
        """Households in which somebody's last word on a purpose is no, and nobody's is yes."""
        rows = self._s.execute(
            select(ContactTable.household_id, ConsentTable.contact_id, ConsentTable.granted)
            .join(ContactTable, ContactTable.id == ConsentTable.contact_id)
            .join(HouseholdTable, HouseholdTable.id == ContactTable.household_id)
            .where(HouseholdTable.posyandu_id.in_(posyandu_ids), ConsentTable.purpose == purpose)
            .order_by(*AS_SAID)
        )
        last = {(household or "", who): granted for household, who, granted in rows}
        agreed = {household for (household, _), granted in last.items() if granted}
        return {household for household, _ in last} - agreed

    def kept_cases(self, posyandu_ids: Collection[str], start: datetime, end: datetime) -> list[KeptCase]:
        """Cases opened or closed from `start` until before `end`."""
        c = CaseTable
        rows = self._s.execute(
            select(
                _PLACE,
                HouseholdTable.id,
                c.id,
                func.coalesce(ContactTable.name, ""),
                c.kind,
                c.opened_at,
                c.answered_at,
                c.closed_at,
            )
            .join(ContactTable, ContactTable.id == c.contact_id)
            .join(HouseholdTable, HouseholdTable.id == ContactTable.household_id)
            .where(
                HouseholdTable.posyandu_id.in_(posyandu_ids),
                or_(
                    and_(c.opened_at >= start, c.opened_at < end),
                    and_(c.closed_at >= start, c.closed_at < end),
                ),
            )
            .order_by(c.opened_at, c.id)
        )
        return [KeptCase(*row) for row in rows]


def _under_five(posyandu_ids: Collection[str], first: date, last: date) -> tuple[ColumnElement[bool], ...]:
    """Born by the last day, not five years old on the first, and not gone before it began. The rest is arithmetic."""
    return (
        HouseholdTable.posyandu_id.in_(posyandu_ids),
        ChildTable.birth_date <= last,
        ChildTable.birth_date > add_months(first, -_FIVE_YEARS) - timedelta(days=1),
        or_(ChildTable.ended_on.is_(None), ChildTable.ended_on > first),
    )


def _delivered() -> ColumnElement[bool]:
    """The phone has it; whoever read it has it too, whether or not the provider said so."""
    return or_(OutboxTable.delivered_at.is_not(None), OutboxTable.read_at.is_not(None))


def _unasked(posyandu_ids: Collection[str], start: datetime, end: datetime) -> tuple[ColumnElement[bool], ...]:
    """What went to families without being asked for; what staff get of us is told apart by its content."""
    return (
        HouseholdTable.posyandu_id.in_(posyandu_ids),
        OutboxTable.sent_at >= start,
        OutboxTable.sent_at < end,
        OutboxTable.kind.in_(_UNASKED),
        OutboxTable.in_reply_to.is_(None),
        OutboxTable.content_id.not_like("kader/%"),
    )
