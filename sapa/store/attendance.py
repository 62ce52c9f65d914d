"""Part of a transaction: who came to a session, home visits, families the kader registers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import delete, or_, select, update

from sapa.family.expected import Followed
from sapa.family.people import Child, Measurement, Pregnancy, Sex
from sapa.services.consents import CHILD_CARE, PREGNANCY_CARE
from sapa.services.day_records import AttendanceRow, HomeRow, HomeVisitRow
from sapa.services.records import Contact, SessionRow
from sapa.store.consent_order import AS_SAID
from sapa.store.crypt import marks_of
from sapa.store.insert import insert_if_absent, insert_or_replace
from sapa.store.models import (
    AddressTable,
    AttendanceTable,
    ChildTable,
    ConsentTable,
    ContactTable,
    DoseReportedTable,
    DoseTable,
    HomeVisitTable,
    HouseholdTable,
    MeasurementTable,
    PregnancyTable,
    SessionTable,
    SettingTable,
    VisitTable,
)
from sapa.store.people import _contact
from sapa.store.rows import rowcount
from sapa.store.staff import _session
from sapa.store.unit import Unit

_CARE = {CHILD_CARE: "child", PREGNANCY_CARE: "pregnancy"}
# Who is called by name where a household has several: the mother before the others.
_MOTHERS = ("ibu", "calon_istri", "")


class AttendanceQueries:
    """Part of a transaction: who came to a session, home visits, families the kader registers."""

    _s: Unit

    # --- who is followed

    def followed_of(self, posyandu_id: str, born_since: date) -> list[Followed]:
        here = select(HouseholdTable.id).where(HouseholdTable.posyandu_id == posyandu_id)
        agreed = self._agreed(posyandu_id)
        homes = self._homes(HouseholdTable.posyandu_id == posyandu_id)
        children = self._s.scalars(
            select(ChildTable)
            .where(
                ChildTable.household_id.in_(here), ChildTable.ended_on.is_(None), ChildTable.birth_date >= born_since
            )
            .order_by(ChildTable.created_at, ChildTable.id)
        ).all()
        pregnancies = self._s.scalars(
            select(PregnancyTable)
            .where(PregnancyTable.household_id.in_(here), PregnancyTable.outcome.is_(None))
            .order_by(PregnancyTable.created_at, PregnancyTable.id)
        ).all()
        found = [
            Followed(child_row.household_id, home.mother, home.address, child=child)
            for child_row, child in zip(children, self._whole_children(children), strict=True)
            if CHILD_CARE in agreed[child_row.household_id] and (home := homes[child_row.household_id])
        ]
        names = self._names([row.contact_id for row in pregnancies if row.contact_id])
        visits = self._visits_of([row.id for row in pregnancies])
        for row in pregnancies:
            if PREGNANCY_CARE in agreed[row.household_id]:
                home = homes[row.household_id]
                name = names.get(row.contact_id or "") or home.mother
                found.append(Followed(row.household_id, name, home.address, pregnancy=_pregnancy(row, visits[row.id])))
        return found

    def _agreed(self, posyandu_id: str) -> Mapping[str, set[str]]:
        """The purposes that somebody of each household agrees to; the last word of each person counts."""
        rows = self._s.execute(
            select(ContactTable.household_id, ConsentTable.contact_id, ConsentTable.purpose, ConsentTable.granted)
            .join(ContactTable, ContactTable.id == ConsentTable.contact_id)
            .join(HouseholdTable, HouseholdTable.id == ContactTable.household_id)
            .where(HouseholdTable.posyandu_id == posyandu_id, ConsentTable.purpose.in_(list(_CARE)))
            .order_by(*AS_SAID)
        )
        last = {(household or "", who, purpose): granted for household, who, purpose, granted in rows}
        agreed: dict[str, set[str]] = defaultdict(set)
        for (household, _, purpose), granted in last.items():
            if granted:
                agreed[household].add(purpose)
        return agreed

    def homes_of(self, household_ids: Collection[str]) -> dict[str, HomeRow]:
        return self._homes(HouseholdTable.id.in_(household_ids)) if household_ids else {}

    def names_of_children(self, household_ids: Collection[str]) -> dict[str, list[str]]:
        rows = self._s.execute(
            select(ChildTable.household_id, ChildTable.name)
            .where(ChildTable.household_id.in_(household_ids), ChildTable.ended_on.is_(None))
            .order_by(ChildTable.created_at, ChildTable.id)
        )
        names: dict[str, list[str]] = defaultdict(list)
        for household_id, name in rows:
            names[household_id].append(name)
        return names

    def _homes(self, which: Any) -> dict[str, HomeRow]:
        rows = self._s.execute(
            select(
                HouseholdTable.id,
                HouseholdTable.address,
                ContactTable.name,
                ContactTable.relation,
                ContactTable.opted_out_at.is_(None) & ContactTable.suspended_at.is_(None),
                select(AddressTable.id).where(AddressTable.contact_id == ContactTable.id).exists(),
            )
            .outerjoin(ContactTable, ContactTable.household_id == HouseholdTable.id)
            .where(which)
            .order_by(ContactTable.created_at, ContactTable.id)
        ).all()
        homes: dict[str, HomeRow] = {}
        mothers: set[str] = set()
        for household, address, name, relation, willing, reached in rows:
            before = homes.get(household, HomeRow(household, None, address, False))
            is_mother = bool(name) and relation in _MOTHERS
            named = name if is_mother and household not in mothers else before.mother or name
            if is_mother:
                mothers.add(household)
            homes[household] = HomeRow(household, named, address, before.reachable or bool(willing and reached))
        return homes

    def _names(self, contact_ids: Sequence[str]) -> dict[str, str | None]:
        rows = self._s.execute(select(ContactTable.id, ContactTable.name).where(ContactTable.id.in_(contact_ids)))
        return {contact_id: name for contact_id, name in rows}

    def _visits_of(self, pregnancy_ids: Sequence[str]) -> Mapping[str, dict[str, date]]:
        found: dict[str, dict[str, date]] = defaultdict(dict)
        rows = select(VisitTable.pregnancy_id, VisitTable.visit, VisitTable.on)
        for pregnancy_id, visit, on in self._s.execute(rows.where(VisitTable.pregnancy_id.in_(pregnancy_ids))):
            if visit[1:].isdigit():
                found[pregnancy_id][visit] = on
        return found

    def _whole_children(self, rows: Sequence[ChildTable]) -> list[Child]:
        ids = [row.id for row in rows]
        doses: dict[str, dict[str, date]] = defaultdict(dict)
        given = select(DoseTable.child_id, DoseTable.dose, DoseTable.given_on).where(DoseTable.child_id.in_(ids))
        for child_id, dose, on in self._s.execute(given):
            doses[child_id][dose] = on
        reported: dict[str, set[str]] = defaultdict(set)
        said = select(DoseReportedTable.child_id, DoseReportedTable.dose)
        for child_id, dose in self._s.execute(said.where(DoseReportedTable.child_id.in_(ids))):
            reported[child_id].add(dose)
        weighings: dict[str, list[Measurement]] = defaultdict(list)
        measured = select(MeasurementTable).where(MeasurementTable.child_id.in_(ids)).order_by(MeasurementTable.date)
        for m in self._s.scalars(measured):
            weighings[m.child_id].append(Measurement(m.date, m.weight_kg, m.lenhei_cm, m.measure))
        return [
            Child(
                id=row.id,
                name=row.name,
                birth_date=row.birth_date,
                sex=Sex(row.sex) if row.sex else None,
                doses=doses[row.id],
                birth_weight_g=row.birth_weight_g,
                birth_weeks=row.birth_weeks,
                special_care=row.special_care,
                # A dose with a date is known, whatever was said of it before.
                reported=frozenset(reported[row.id] - doses[row.id].keys()),
                measurements=tuple(weighings[row.id]),
            )
            for row in rows
        ]

    # --- attendance

    def save_attendance(self, row: AttendanceRow, now: datetime) -> None:
        # In one statement: the console and a message may write down the same child in the same second.
        values = {name: getattr(row, name) for name in AttendanceRow.__dataclass_fields__} | {"recorded_at": now}
        insert_or_replace(self._s, AttendanceTable, **values)

    def attendance_of(self, session_id: str) -> dict[str, AttendanceRow]:
        rows = self._s.scalars(select(AttendanceTable).where(AttendanceTable.session_id == session_id))
        return {
            row.subject_id: AttendanceRow(
                row.session_id, row.subject_id, row.subject_kind, row.household_id, row.came, row.recorded_by
            )
            for row in rows
        }

    def open_sessions(self, first: date, last: date) -> list[SessionRow]:
        return self._sessions(SessionTable.date >= first, SessionTable.date <= last, SessionTable.closed_at.is_(None))

    def closed_sessions(self, since: datetime) -> list[SessionRow]:
        return self._sessions(SessionTable.closed_at >= since)

    def _sessions(self, *which: Any) -> list[SessionRow]:
        rows = select(SessionTable).where(SessionTable.cancelled_at.is_(None), *which)
        return [_session(row) for row in self._s.scalars(rows.order_by(SessionTable.date, SessionTable.id))]

    def settings_among(self, keys: Sequence[str]) -> Mapping[str, str]:
        rows = self._s.execute(select(SettingTable.key, SettingTable.value).where(SettingTable.key.in_(keys)))
        return {key: value for key, value in rows}

    def claim_setting(self, key: str, value: str, now: datetime) -> bool:
        return insert_if_absent(self._s, SettingTable, key=key, value=value, updated_at=now)

    # --- home visits

    def add_home_visit(self, row: HomeVisitRow, now: datetime) -> bool:
        standing = select(HomeVisitTable.id).where(
            HomeVisitTable.household_id == row.household_id,
            HomeVisitTable.reason == row.reason,
            HomeVisitTable.done_at.is_(None),
        )
        if self._s.scalar(standing.limit(1)) is not None:
            return False
        values = {name: getattr(row, name) for name in HomeVisitRow.__dataclass_fields__}
        return insert_if_absent(self._s, HomeVisitTable, **values)

    def replace_home_visit(self, row: HomeVisitRow) -> None:
        self._s.execute(
            delete(HomeVisitTable).where(
                HomeVisitTable.household_id == row.household_id,
                HomeVisitTable.reason == row.reason,
                HomeVisitTable.done_at.is_(None),
                HomeVisitTable.id != row.id,
            )
        )
        values = {name: getattr(row, name) for name in HomeVisitRow.__dataclass_fields__}
        self._s.merge(HomeVisitTable(**values))
        self._s.flush()

    def home_visit(self, visit_id: str) -> HomeVisitRow | None:
        row = self._s.get(HomeVisitTable, visit_id, populate_existing=True)
        return None if row is None else _visit(row)

    def open_home_visits(self, posyandu_ids: Collection[str]) -> list[HomeVisitRow]:
        rows = select(HomeVisitTable).where(
            HomeVisitTable.posyandu_id.in_(posyandu_ids), HomeVisitTable.done_at.is_(None)
        )
        return [_visit(row) for row in self._s.scalars(rows.order_by(HomeVisitTable.since, HomeVisitTable.id))]

    def finish_home_visit(self, visit_id: str, by: str, outcome: str, now: datetime) -> bool:
        done = (
            update(HomeVisitTable)
            .where(HomeVisitTable.id == visit_id, HomeVisitTable.done_at.is_(None))
            .values(done_at=now, done_by=by, outcome=outcome)
        )
        return rowcount(self._s.execute(done)) == 1

    def drop_home_visits(self, household_id: str, reason: str, session_id: str) -> None:
        rows = select(HomeVisitTable).where(
            HomeVisitTable.household_id == household_id,
            HomeVisitTable.reason == reason,
            HomeVisitTable.session_id == session_id,
            HomeVisitTable.done_at.is_(None),
        )
        for row in self._s.scalars(rows).all():
            self._s.delete(row)
        self._s.flush()

    # --- families a kader registers

    def ensure_household(self, household_id: str, posyandu_id: str, now: datetime) -> bool:
        return insert_if_absent(self._s, HouseholdTable, id=household_id, posyandu_id=posyandu_id, created_at=now)

    def set_household_address(self, household_id: str, address: str | None) -> None:
        here = HouseholdTable.id == household_id
        self._s.execute(update(HouseholdTable).where(here).values(address=address))

    def household_address(self, household_id: str) -> str | None:
        return self._s.scalar(select(HouseholdTable.address).where(HouseholdTable.id == household_id))

    def ensure_contact(self, contact_id: str, household_id: str, name: str, relation: str, now: datetime) -> bool:
        return insert_if_absent(
            self._s,
            ContactTable,
            id=contact_id,
            household_id=household_id,
            name=name,
            relation=relation,
            dialogue_reset=False,
            every_reminder=False,
            created_at=now,
        )

    def give_address(self, contact_id: str, channel: str, value: str, phone: str) -> bool:
        marks = marks_of(self._s, value)
        taken = select(AddressTable.id).where(AddressTable.channel == channel, AddressTable.value_mark.in_(marks))
        if len(marks) > 1 and self._s.scalar(taken) is not None:
            # Under an older key than the newest its mark is another one: the database would not notice.
            return False
        return insert_if_absent(
            self._s, AddressTable, id=str(uuid4()), contact_id=contact_id, channel=channel, value=value, phone=phone
        )

    def contact_of_phone(self, phone: str) -> Contact | None:
        # A number that its network hides is known by its address alone.
        marks = marks_of(self._s, phone)
        known = select(AddressTable.contact_id).where(
            or_(AddressTable.phone_mark.in_(marks), AddressTable.value_mark.in_(marks))
        )
        contact_id = self._s.scalar(known.limit(1))
        row = self._s.get(ContactTable, contact_id, populate_existing=True) if contact_id is not None else None
        return None if row is None else _contact(row)

    def children_in(self, posyandu_id: str, birth_date: date) -> list[tuple[str, str, str]]:
        rows = self._s.execute(
            select(ChildTable.household_id, ChildTable.id, ChildTable.name)
            .join(HouseholdTable, HouseholdTable.id == ChildTable.household_id)
            .where(HouseholdTable.posyandu_id == posyandu_id, ChildTable.birth_date == birth_date)
        )
        return [(household, child_id, name) for household, child_id, name in rows]

    def set_book(self, child_id: str, has_book: bool | None) -> None:
        self._s.execute(update(ChildTable).where(ChildTable.id == child_id).values(has_book=has_book))

    def book_of(self, child_id: str) -> bool | None:
        return self._s.scalar(select(ChildTable.has_book).where(ChildTable.id == child_id))


def _visit(row: HomeVisitTable) -> HomeVisitRow:
    return HomeVisitRow(**{name: getattr(row, name) for name in HomeVisitRow.__dataclass_fields__})


def _pregnancy(row: PregnancyTable, visits: Mapping[str, date]) -> Pregnancy:
    return Pregnancy(
        lmp=row.lmp,
        edd=row.edd,
        dated_by=row.dated_by,
        anc=dict(visits),
        next_visit_on=row.next_visit_on,
        multiple=row.multiple,
        contact_id=row.contact_id or "",
        id=row.id,
    )
