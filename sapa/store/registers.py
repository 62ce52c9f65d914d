"""Part of a transaction: registers that are read in, records that are handed out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import fields
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select, update

from sapa.family.people import Child, Measurement, Pregnancy, Sex
from sapa.services import register_records as records
from sapa.services.register_records import ChildRecord, FamilyRecord, MemberRecord, NewRow, PregnancyRecord
from sapa.store.consent_order import AS_SAID
from sapa.store.crypt import marks_of
from sapa.store.insert import insert_into
from sapa.store.models import (
    AddressTable,
    AttendanceTable,
    Base,
    ChildTable,
    ConsentTable,
    ContactTable,
    DirtyHouseholdTable,
    DoseReportedTable,
    DoseTable,
    HomeVisitTable,
    HouseholdTable,
    MeasurementTable,
    OutboxTable,
    PregnancyTable,
    ReminderTable,
    VisitTable,
)
from sapa.store.unit import Unit

# In the order that references need: who is pointed at comes first.
_TABLES: dict[type, type[Base]] = {
    records.HouseholdNew: HouseholdTable,
    records.ContactNew: ContactTable,
    records.AddressNew: AddressTable,
    records.ConsentNew: ConsentTable,
    records.ChildNew: ChildTable,
    records.DoseNew: DoseTable,
    records.DoseReportedNew: DoseReportedTable,
    records.MeasurementNew: MeasurementTable,
    records.PregnancyNew: PregnancyTable,
    records.VisitNew: VisitTable,
    records.AttendanceNew: AttendanceTable,
    records.HomeVisitNew: HomeVisitTable,
    records.MessageNew: OutboxTable,
    records.ReminderNew: ReminderTable,
    records.DirtyNew: DirtyHouseholdTable,
}
_Rows = Select[*tuple[Any, ...]]
# Both databases limit how many values one statement may carry.
_AT_ONCE = 500


class RegisterQueries:
    """Part of a transaction: registers that are read in, records that are handed out."""

    _s: Unit

    # --- writing

    def add_rows(self, rows: Iterable[NewRow]) -> int:
        """Insert what is not there yet, in bulk; how many rows were new."""
        by_type: dict[type, list[NewRow]] = defaultdict(list)
        for row in rows:
            by_type[type(row)].append(row)
        return sum(self._add(table, by_type[kind]) for kind, table in _TABLES.items() if by_type[kind])

    def _add(self, table: type[Base], rows: Sequence[NewRow]) -> int:
        key = next(iter(table.__table__.primary_key))
        statement = insert_into(self._s, table).on_conflict_do_nothing().returning(key)
        added = 0
        for start in range(0, len(rows), _AT_ONCE):
            values = [_values(row) for row in rows[start : start + _AT_ONCE]]
            added += len(self._s.execute(statement, values).all())
        return added

    def fill_child(self, child_id: str, values: Mapping[str, str | int | bool | date | None]) -> None:
        """Set single columns of a child: sex, birth_date, birth_weight_g, birth_weeks, has_book."""
        self._s.execute(update(ChildTable).where(ChildTable.id == child_id).values(**values))

    def set_contact_household(self, contact_id: str, household_id: str, relation: str, name: str) -> None:
        """Put a contact who has no household yet into one."""
        self._s.execute(
            update(ContactTable)
            .where(ContactTable.id == contact_id, ContactTable.household_id.is_(None))
            .values(household_id=household_id, relation=relation, name=func.coalesce(ContactTable.name, name))
        )

    # --- reading

    def phone_owners(self, phones: Collection[str]) -> dict[str, tuple[str, str | None]]:
        """Whose numbers these are: (contact id, household id or None) of those that are known."""
        owners: dict[str, tuple[str, str | None]] = {}
        wanted = sorted(phones)
        for start in range(0, len(wanted), _AT_ONCE):
            some = wanted[start : start + _AT_ONCE]
            marks = marks_of(self._s, *some)
            rows = self._s.execute(
                select(AddressTable.phone, AddressTable.value, ContactTable.id, ContactTable.household_id)
                .join(ContactTable, ContactTable.id == AddressTable.contact_id)
                .where(AddressTable.phone_mark.in_(marks) | AddressTable.value_mark.in_(marks))
            )
            for phone, value, contact_id, household_id in rows:
                known = phone if phone is not None and phone in phones else value
                owners[known] = (contact_id, household_id)
        return owners

    def family_records(
        self, *, posyandu_ids: Collection[str] = (), household_ids: Collection[str] = ()
    ) -> list[FamilyRecord]:
        """Whole families in a few queries, by the day they came and their id."""
        which = HouseholdTable.posyandu_id.in_(posyandu_ids) | HouseholdTable.id.in_(household_ids)
        homes = self._s.execute(
            select(HouseholdTable.id, HouseholdTable.posyandu_id, HouseholdTable.address)
            .where(which)
            .order_by(HouseholdTable.created_at, HouseholdTable.id)
        ).all()
        members, children = self._member_records(which), self._child_records(which)
        pregnancies = self._pregnancy_records(which)
        return [
            FamilyRecord(
                household_id,
                posyandu_id,
                address,
                tuple(members.get(household_id, ())),
                tuple(children.get(household_id, ())),
                tuple(pregnancies.get(household_id, ())),
            )
            for household_id, posyandu_id, address in homes
        ]

    def _member_records(self, which: ColumnElement[bool]) -> dict[str, list[MemberRecord]]:
        phones: dict[str, list[str]] = defaultdict(list)
        for contact_id, phone, value in self._rows(
            _of(select(AddressTable.contact_id, AddressTable.phone, AddressTable.value), which, AddressTable.contact_id)
        ):
            phones[contact_id].append(phone or value)
        consents: dict[str, dict[str, bool]] = defaultdict(dict)
        said = _of(
            select(ConsentTable.contact_id, ConsentTable.purpose, ConsentTable.granted), which, ConsentTable.contact_id
        )
        for contact_id, purpose, granted in self._rows(said.order_by(*AS_SAID)):
            consents[contact_id][purpose] = granted
        found: dict[str, list[MemberRecord]] = defaultdict(list)
        people = (
            select(ContactTable)
            .join(HouseholdTable, HouseholdTable.id == ContactTable.household_id)
            .where(which)
            .order_by(ContactTable.created_at, ContactTable.id)
        )
        for row in self._s.scalars(people):
            record = MemberRecord(
                row.id,
                row.name,
                row.relation,
                tuple(sorted(set(phones[row.id]))),
                row.last_inbound_at is not None,
                consents[row.id],
            )
            found[row.household_id or ""].append(record)
        return found

    def _child_records(self, which: ColumnElement[bool]) -> dict[str, list[ChildRecord]]:
        doses: dict[str, dict[str, date]] = defaultdict(dict)
        for child_id, dose, on in self._rows(
            _of_children(select(DoseTable.child_id, DoseTable.dose, DoseTable.given_on), which, DoseTable.child_id)
        ):
            doses[child_id][dose] = on
        reported: dict[str, set[str]] = defaultdict(set)
        told = select(DoseReportedTable.child_id, DoseReportedTable.dose)
        for child_id, dose in self._rows(_of_children(told, which, DoseReportedTable.child_id)):
            reported[child_id].add(dose)
        weighings: dict[str, list[Any]] = defaultdict(list)
        columns = (
            MeasurementTable.child_id,
            MeasurementTable.date,
            MeasurementTable.weight_kg,
            MeasurementTable.lenhei_cm,
            MeasurementTable.measure,
            MeasurementTable.source,
        )
        weighed = _of_children(select(*columns), which, MeasurementTable.child_id).order_by(MeasurementTable.date)
        for row in self._rows(weighed):
            weighings[row[0]].append(row)
        found: dict[str, list[ChildRecord]] = defaultdict(list)
        children = (
            select(ChildTable)
            .join(HouseholdTable, HouseholdTable.id == ChildTable.household_id)
            .where(which)
            .order_by(ChildTable.created_at, ChildTable.id)
        )
        for child in self._s.scalars(children):
            rows = weighings[child.id]
            found[child.household_id].append(
                ChildRecord(
                    child=_child(child, doses[child.id], reported[child.id], rows),
                    has_book=child.has_book,
                    sources={row[1]: row[5] for row in rows},
                    ended=child.ended_on is not None,
                )
            )
        return found

    def _pregnancy_records(self, which: ColumnElement[bool]) -> dict[str, list[PregnancyRecord]]:
        visits: dict[str, dict[str, date]] = defaultdict(dict)
        made = (
            select(VisitTable.pregnancy_id, VisitTable.visit, VisitTable.on)
            .join(PregnancyTable, PregnancyTable.id == VisitTable.pregnancy_id)
            .join(HouseholdTable, HouseholdTable.id == PregnancyTable.household_id)
            .where(which)
        )
        for pregnancy_id, visit, on in self._rows(made):
            visits[pregnancy_id][visit] = on
        found: dict[str, list[PregnancyRecord]] = defaultdict(list)
        rows = (
            select(PregnancyTable)
            .join(HouseholdTable, HouseholdTable.id == PregnancyTable.household_id)
            .where(which)
            .order_by(PregnancyTable.created_at, PregnancyTable.id)
        )
        for row in self._s.scalars(rows):
            pregnancy = Pregnancy(
                lmp=row.lmp,
                edd=row.edd,
                dated_by=row.dated_by,
                anc=visits[row.id],
                next_visit_on=row.next_visit_on,
                multiple=row.multiple,
                contact_id=row.contact_id or "",
                id=row.id,
            )
            found[row.household_id].append(PregnancyRecord(pregnancy, row.outcome, row.ended_on))
        return found

    def _rows(self, statement: _Rows) -> Sequence[Any]:
        return self._s.execute(statement).all()


def _values(row: NewRow) -> dict[str, Any]:
    return {entry.name: getattr(row, entry.name) for entry in fields(row)}


def _of(statement: _Rows, which: ColumnElement[bool], contact_id: Any) -> _Rows:
    """Rows of the contacts of the households that are meant."""
    return (
        statement.join(ContactTable, ContactTable.id == contact_id)
        .join(HouseholdTable, HouseholdTable.id == ContactTable.household_id)
        .where(which)
    )


def _of_children(statement: _Rows, which: ColumnElement[bool], child_id: Any) -> _Rows:
    """Rows of the children of the households that are meant."""
    return (
        statement.join(ChildTable, ChildTable.id == child_id)
        .join(HouseholdTable, HouseholdTable.id == ChildTable.household_id)
        .where(which)
    )


def _child(row: ChildTable, doses: dict[str, date], reported: set[str], weighings: Sequence[Any]) -> Child:
    return Child(
        id=row.id,
        name=row.name,
        birth_date=row.birth_date,
        sex=Sex(row.sex) if row.sex else None,
        doses=doses,
        birth_weight_g=row.birth_weight_g,
        birth_weeks=row.birth_weeks,
        special_care=row.special_care,
        measurements=tuple(Measurement(entry[1], entry[2], entry[3], entry[4]) for entry in weighings),
        # A dose with a date is known, whatever was said of it before.
        reported=frozenset(reported - set(doses)),
    )
