"""Contacts, households, children, consent, posyandu."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import ColumnElement, bindparam, delete, exists, func, or_, select, update

from sapa.family.people import Child, Measurement, PosyanduSession, Sex
from sapa.messaging.states import Channel
from sapa.services.consents import TOPIC_PURPOSE
from sapa.services.records import Address, ConsentRow, Contact, PosyanduRow, SessionRow
from sapa.store.consent_order import AS_SAID
from sapa.store.crypt import marks_of, ring_of
from sapa.store.insert import insert_if_absent
from sapa.store.models import (
    AddressTable,
    CaseTable,
    ChildTable,
    ConsentTable,
    ContactTable,
    DoseReportedTable,
    DoseTable,
    HouseholdTable,
    MeasurementTable,
    PosyanduTable,
    SessionTable,
)
from sapa.store.unit import Unit


class PeopleQueries:
    """Part of a transaction: everything about people and places."""

    _s: Unit

    # --- contacts and addresses

    def contact_for_address(
        self, channel: Channel, value: str, phone: str | None, now: datetime
    ) -> tuple[Contact, Address]:
        row = self._address_row(channel, value)
        if row is None and self._hold_number(value):
            row = self._address_row(channel, value)
        if row is None:
            known = self._contact_id_by_phone(phone)
            contact_id = known or self._new_contact(now)
            added = insert_if_absent(
                self._s,
                AddressTable,
                id=str(uuid4()),
                contact_id=contact_id,
                channel=channel.value,
                value=value,
                phone=phone,
            )
            if not added and known is None:
                # Two first messages of one person at the same moment: the other transaction made the contact.
                self._s.execute(delete(ContactTable).where(ContactTable.id == contact_id))
            row = self._address_row(channel, value)
            assert row is not None
        contact = self._s.get_one(ContactTable, row.contact_id)
        return _contact(contact), _address(row)

    def _address_row(self, channel: Channel, value: str) -> AddressTable | None:
        return self._s.scalar(
            select(AddressTable).where(
                AddressTable.channel == channel.value, AddressTable.value_mark.in_(marks_of(self._s, value))
            )
        )

    def _hold_number(self, value: str) -> bool:
        """Hold a new number until the transaction ends, while keys are exchanged; True if another may have had it.

        One number has two marks then, one under each key, and the database would take both for different numbers.
        """
        dialect = self._s.get_bind().dialect
        ring = ring_of(dialect)
        if dialect.name != "postgresql" or len(ring.ids) == 1:
            return False
        self._s.execute(select(func.pg_advisory_xact_lock(ring.lock_number(value))))
        return True

    def _contact_id_by_phone(self, phone: str | None) -> str | None:
        """One phone number is one person, whichever channel they used first."""
        if phone is None:
            return None
        known = AddressTable.phone_mark.in_(marks_of(self._s, phone))
        return self._s.scalar(select(AddressTable.contact_id).where(known).limit(1))

    def _new_contact(self, now: datetime) -> str:
        contact = ContactTable(id=str(uuid4()), created_at=now, dialogue_reset=False)
        self._s.add(contact)
        self._s.flush()
        return contact.id

    def new_contact(self, now: datetime) -> Contact:
        return _contact(self._s.get_one(ContactTable, self._new_contact(now)))

    def suspended_before(self, moment: datetime, case_kind: str) -> list[Contact]:
        told = exists().where(
            CaseTable.contact_id == ContactTable.id,
            CaseTable.kind == case_kind,
            CaseTable.opened_at >= ContactTable.suspended_at,
        )
        rows = self._s.scalars(
            select(ContactTable).where(ContactTable.suspended_at <= moment, ~told).order_by(ContactTable.suspended_at)
        )
        return [_contact(row) for row in rows]

    def contact(self, contact_id: str) -> Contact | None:
        def ask() -> Contact | None:
            row = self._s.scalar(_CONTACT, {"id": contact_id})
            return None if row is None else _contact(row)

        return self._s.once(("contact", contact_id), ask)

    def contact_id_for(self, channel: Channel, value: str) -> str | None:
        row = self._address_row(channel, value)
        return None if row is None else row.contact_id

    def address(self, address_id: str) -> Address | None:
        row = self._s.get(AddressTable, address_id)
        return None if row is None else _address(row)

    def addresses_of(self, contact_id: str) -> list[Address]:
        rows = self._s.scalars(
            select(AddressTable).where(AddressTable.contact_id == contact_id).order_by(AddressTable.id)
        )
        return [_address(row) for row in rows]

    def caregivers_of(self, household_id: str) -> list[Contact]:
        rows = self._s.scalars(
            select(ContactTable)
            .where(ContactTable.household_id == household_id)
            .order_by(ContactTable.created_at, ContactTable.id)
        )
        return [_contact(row) for row in rows]

    def touch_contact(self, contact_id: str, now: datetime) -> None:
        older = or_(ContactTable.last_inbound_at.is_(None), ContactTable.last_inbound_at < now)
        self._s.execute(update(ContactTable).where(ContactTable.id == contact_id, older).values(last_inbound_at=now))

    def set_contact_name(self, contact_id: str, name: str) -> None:
        self._s.execute(update(ContactTable).where(ContactTable.id == contact_id).values(name=name))

    def set_opt_out(self, contact_id: str, at: datetime | None) -> None:
        values: dict[str, Any] = {"opted_out_at": at}
        if at is not None:
            values["dialogue_reset"] = True
        self._s.execute(update(ContactTable).where(ContactTable.id == contact_id).values(**values))

    def set_dialogue_reset(self, contact_id: str, wanted: bool) -> None:
        self._s.execute(update(ContactTable).where(ContactTable.id == contact_id).values(dialogue_reset=wanted))

    def household_of(self, contact_id: str, now: datetime) -> str:
        contact = self._s.get_one(ContactTable, contact_id)
        if contact.household_id is None:
            # A turn and the triage of a later message may both come for the first: one household, not two.
            contact = self._s.get_one(ContactTable, contact_id, with_for_update=True, populate_existing=True)
        if contact.household_id is None:
            household = HouseholdTable(id=str(uuid4()), created_at=now)
            self._s.add(household)
            self._s.flush()
            contact.household_id = household.id
            self._s.flush()
        return contact.household_id

    # --- consent

    def record_consent(
        self,
        contact_id: str,
        purpose: str,
        wording: str,
        granted: bool,
        inbound_id: str | None,
        now: datetime,
        recorded_by: str | None = None,
    ) -> None:
        insert_if_absent(
            self._s,
            ConsentTable,
            id=str(uuid4()),
            contact_id=contact_id,
            purpose=purpose,
            wording=wording,
            granted=granted,
            inbound_id=inbound_id,
            recorded_by=recorded_by,
            at=now,
        )

    def has_consent(self, contact_id: str, purpose: str) -> bool:
        # All of them at once: one message asks about several.
        def ask() -> dict[str, bool]:
            rows = self._s.execute(_SAID, {"contact": contact_id}).all()
            return {row.purpose: row.granted for row in rows}

        return self._s.once(("consents", contact_id), ask).get(purpose, False)

    def consents_of(self, contact_id: str) -> list[ConsentRow]:
        rows = self._s.scalars(select(ConsentTable).where(ConsentTable.contact_id == contact_id).order_by(*AS_SAID))
        return [ConsentRow(row.purpose, row.wording, row.granted, row.at, row.recorded_by) for row in rows]

    def has_stopped(self, contact_id: str, topic: str) -> bool:
        """Whether the contact's last word on a topic was to stop it."""
        granted = [row.granted for row in self.consents_of(contact_id) if row.purpose == TOPIC_PURPOSE + topic]
        return bool(granted) and not granted[-1]

    # --- children

    def save_child(self, household_id: str, child: Child, now: datetime) -> bool:
        known = self._s.get(ChildTable, child.id)
        if known is not None:
            known.name, known.birth_date = child.name, child.birth_date
            known.sex = child.sex.value if child.sex else None
            known.birth_weight_g, known.birth_weeks = child.birth_weight_g, child.birth_weeks
            known.special_care = child.special_care
            self._s.flush()
        added = insert_if_absent(
            self._s,
            ChildTable,
            id=child.id,
            household_id=household_id,
            name=child.name,
            sex=child.sex.value if child.sex else None,
            birth_date=child.birth_date,
            birth_weight_g=child.birth_weight_g,
            birth_weeks=child.birth_weeks,
            special_care=child.special_care,
            created_at=now,
        )
        for dose, given_on in child.doses.items():
            self.record_dose(child.id, dose, given_on, now)
        return added

    def end_child(self, child_id: str, reason: str, on: date, now: datetime) -> None:
        self._s.execute(
            update(ChildTable)
            .where(ChildTable.id == child_id, ChildTable.ended_on.is_(None))
            .values(ended_on=on, ended_reason=reason)
        )

    def reopen_child(self, child_id: str) -> None:
        self._s.execute(update(ChildTable).where(ChildTable.id == child_id).values(ended_on=None, ended_reason=None))

    def ended_children_of(self, household_id: str) -> list[tuple[Child, str, date]]:
        rows = self._child_rows(household_id, ChildTable.ended_on.is_not(None))
        return [
            (child, row.ended_reason or "", row.ended_on)
            for child, row in zip(self._children(rows), rows, strict=True)
            if row.ended_on is not None
        ]

    def children_of(self, household_id: str) -> list[Child]:
        return self._children(self._child_rows(household_id, ChildTable.ended_on.is_(None)))

    def _child_rows(self, household_id: str, which: ColumnElement[bool]) -> Sequence[ChildTable]:
        return self._s.scalars(
            select(ChildTable)
            .where(ChildTable.household_id == household_id, which)
            .order_by(ChildTable.created_at, ChildTable.id)
        ).all()

    def _children(self, rows: Sequence[ChildTable]) -> list[Child]:
        if not rows:
            return []
        doses = self._s.execute(
            select(DoseTable.child_id, DoseTable.dose, DoseTable.given_on).where(
                DoseTable.child_id.in_([row.id for row in rows])
            )
        ).all()
        reported = self._s.execute(
            select(DoseReportedTable.child_id, DoseReportedTable.dose).where(
                DoseReportedTable.child_id.in_([row.id for row in rows])
            )
        ).all()
        weighings = self._s.scalars(
            select(MeasurementTable)
            .where(MeasurementTable.child_id.in_([row.id for row in rows]))
            .order_by(MeasurementTable.date)
        ).all()
        return [
            Child(
                id=row.id,
                name=row.name,
                birth_date=row.birth_date,
                sex=Sex(row.sex) if row.sex else None,
                doses={dose: given_on for child_id, dose, given_on in doses if child_id == row.id},
                birth_weight_g=row.birth_weight_g,
                birth_weeks=row.birth_weeks,
                special_care=row.special_care,
                # A dose with a date is known, whatever was said of it before.
                reported=frozenset(
                    dose
                    for child_id, dose in reported
                    if child_id == row.id and (row.id, dose) not in {(known, given) for known, given, _ in doses}
                ),
                measurements=tuple(
                    Measurement(m.date, m.weight_kg, m.lenhei_cm, m.measure) for m in weighings if m.child_id == row.id
                ),
            )
            for row in rows
        ]

    def save_measurement(self, child_id: str, measurement: Measurement, source: str, now: datetime) -> None:
        self._s.merge(
            MeasurementTable(
                child_id=child_id,
                date=measurement.date,
                weight_kg=measurement.weight_kg,
                lenhei_cm=measurement.lenhei_cm,
                measure=measurement.measure,
                source=source,
                recorded_at=now,
            )
        )
        self._s.flush()

    def delete_dose(self, child_id: str, dose: str) -> None:
        for table in (DoseTable, DoseReportedTable):
            self._s.execute(delete(table).where(table.child_id == child_id, table.dose == dose))

    def report_dose(self, child_id: str, dose: str, now: datetime) -> None:
        insert_if_absent(self._s, DoseReportedTable, child_id=child_id, dose=dose, recorded_at=now)

    def record_dose(self, child_id: str, dose: str, given_on: date, now: datetime) -> None:
        row = self._s.get(DoseTable, (child_id, dose))
        if row is None:
            insert_if_absent(self._s, DoseTable, child_id=child_id, dose=dose, given_on=given_on, recorded_at=now)
        elif row.given_on != given_on:
            row.given_on, row.recorded_at = given_on, now
            self._s.flush()

    # --- posyandu

    def posyandu_by_name(self, name: str) -> PosyanduRow | None:
        rows = self._s.scalars(select(PosyanduTable).where(PosyanduTable.name == name).limit(2)).all()
        return _posyandu(rows[0]) if len(rows) == 1 else None

    def list_posyandu(self) -> list[PosyanduRow]:
        return [_posyandu(row) for row in self._s.scalars(select(PosyanduTable).order_by(PosyanduTable.name))]

    def save_posyandu(self, row: PosyanduRow) -> None:
        self._s.merge(PosyanduTable(**{name: getattr(row, name) for name in PosyanduRow.__dataclass_fields__}))
        self._s.flush()

    def save_session(self, row: SessionRow) -> None:
        self.save_sessions([row])

    def save_sessions(self, rows: Sequence[SessionRow]) -> None:
        # One question and one statement for all of them: a village of four years has nearly a hundred.
        found = self._s.scalars(select(SessionTable).where(SessionTable.id.in_([row.id for row in rows])))
        known = {row.id: row for row in found}
        for row in rows:
            values = {name: getattr(row, name) for name in SessionRow.__dataclass_fields__}
            if row.id not in known:
                known[row.id] = SessionTable(**values)
                self._s.add(known[row.id])
            for name, value in values.items():
                setattr(known[row.id], name, value)
        self._s.flush()

    def sessions_of(self, posyandu_id: str, since: date) -> list[PosyanduSession]:
        rows = self._s.scalars(
            select(SessionTable)
            .where(
                SessionTable.posyandu_id == posyandu_id,
                SessionTable.date >= since,
                SessionTable.cancelled_at.is_(None),
            )
            .order_by(SessionTable.date)
        )
        return [PosyanduSession(id=row.id, date=row.date, time=row.time, place=row.place) for row in rows]

    def posyandu_of(self, household_id: str) -> PosyanduRow | None:
        row = self._s.scalar(
            select(PosyanduTable)
            .join(HouseholdTable, HouseholdTable.posyandu_id == PosyanduTable.id)
            .where(HouseholdTable.id == household_id)
        )
        return None if row is None else _posyandu(row)

    def set_posyandu(self, household_id: str, posyandu_id: str | None, said: str | None = None) -> None:
        self._s.execute(
            update(HouseholdTable)
            .where(HouseholdTable.id == household_id)
            .values(posyandu_id=posyandu_id, posyandu_said=said)
        )

    def set_place(self, household_id: str, province: str | None, timezone: str | None) -> None:
        self._s.execute(
            update(HouseholdTable).where(HouseholdTable.id == household_id).values(province=province, timezone=timezone)
        )

    def households_of_posyandu(self, posyandu_id: str) -> list[str]:
        return list(self._s.scalars(select(HouseholdTable.id).where(HouseholdTable.posyandu_id == posyandu_id)))

    def household_options(self, household_id: str) -> Mapping[str, Any]:
        household, posyandu = self._s.execute(
            select(HouseholdTable, PosyanduTable)
            .outerjoin(PosyanduTable, HouseholdTable.posyandu_id == PosyanduTable.id)
            .where(HouseholdTable.id == household_id)
        ).one()
        return {
            "province": household.province or (posyandu.province if posyandu else None),
            "timezone": posyandu.timezone if posyandu else household.timezone,
            "vaccine_profile": posyandu.vaccine_profile if posyandu else "pentavalen",
            "je_region": posyandu.je_region if posyandu else False,
        }


# Asked for every message, so made once: to put a statement together takes longer than to run it.
_CONTACT = select(ContactTable).where(ContactTable.id == bindparam("id"))
_SAID = (
    select(ConsentTable.purpose, ConsentTable.granted)
    .where(ConsentTable.contact_id == bindparam("contact"))
    .order_by(*AS_SAID)
)


def _contact(row: ContactTable) -> Contact:
    return Contact(
        id=row.id,
        household_id=row.household_id,
        name=row.name,
        opted_out_at=row.opted_out_at,
        last_inbound_at=row.last_inbound_at,
        created_at=row.created_at,
        dialogue_reset=row.dialogue_reset,
        relation=row.relation,
        every_reminder=row.every_reminder,
        suspended_at=row.suspended_at,
    )


def _address(row: AddressTable) -> Address:
    return Address(id=row.id, contact_id=row.contact_id, channel=Channel(row.channel), value=row.value, phone=row.phone)


def _posyandu(row: PosyanduTable) -> PosyanduRow:
    return PosyanduRow(**{name: getattr(row, name) for name in PosyanduRow.__dataclass_fields__})
