"""Pregnancies, contraception, weddings, seats and codes, pictures, settings."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, delete, select, update

from sapa.family.people import Contraception, Member, Postpartum, Pregnancy, Screening, Sex, Wedding
from sapa.services.records import CodeRow, Picture
from sapa.store.insert import insert_if_absent, insert_or_replace
from sapa.store.models import (
    AddressTable,
    ContactTable,
    ContraceptionTable,
    JoinCodeTable,
    PictureTable,
    PregnancyTable,
    ScreeningTable,
    SettingTable,
    VisitTable,
    WeddingTable,
)
from sapa.store.rows import rowcount
from sapa.store.unit import Unit

# The weeks after a birth in which the mother is followed: KF4 ends on day 42 (facts/kehamilan.yml, postpartum_visits).
_NIFAS = timedelta(days=42)
_BIRTH = "birth"


class JourneyQueries:
    """Part of a transaction: what the journeys keep."""

    _s: Unit

    # --- pregnancy

    def save_pregnancy(self, household_id: str, pregnancy: Pregnancy, now: datetime) -> None:
        row = self._s.get(PregnancyTable, pregnancy.id)
        if row is None:
            row = PregnancyTable(id=pregnancy.id, household_id=household_id, created_at=now)
            self._s.add(row)
        row.contact_id = pregnancy.contact_id or None
        row.lmp, row.edd, row.dated_by = pregnancy.lmp, pregnancy.edd, pregnancy.dated_by
        row.multiple, row.next_visit_on = pregnancy.multiple, pregnancy.next_visit_on
        self._s.flush()

    def pregnancy_of(self, household_id: str) -> Pregnancy | None:
        row = self._s.scalar(
            select(PregnancyTable)
            .where(PregnancyTable.household_id == household_id, PregnancyTable.outcome.is_(None))
            .order_by(PregnancyTable.created_at.desc(), PregnancyTable.id)
            .limit(1)
        )
        return None if row is None else self._pregnancy(row)

    def last_pregnancy_of(self, household_id: str) -> tuple[Pregnancy, str | None, date | None] | None:
        row = self._s.scalar(
            select(PregnancyTable)
            .where(PregnancyTable.household_id == household_id)
            .order_by(PregnancyTable.created_at.desc(), PregnancyTable.id)
            .limit(1)
        )
        return None if row is None else (self._pregnancy(row), row.outcome, row.ended_on)

    def end_pregnancy(self, pregnancy_id: str, outcome: str, on: date, now: datetime) -> None:
        self._s.execute(
            update(PregnancyTable)
            .where(PregnancyTable.id == pregnancy_id, PregnancyTable.outcome.is_(None))
            .values(outcome=outcome, ended_on=on)
        )

    def reopen_pregnancy(self, pregnancy_id: str) -> None:
        self._s.execute(
            update(PregnancyTable).where(PregnancyTable.id == pregnancy_id).values(outcome=None, ended_on=None)
        )

    def record_visit(self, pregnancy_id: str, visit: str, on: date, now: datetime) -> None:
        self._s.merge(VisitTable(pregnancy_id=pregnancy_id, visit=visit, on=on, recorded_at=now))
        self._s.flush()

    def postpartum_of(self, household_id: str, today: date) -> Postpartum | None:
        row = self._s.scalar(
            select(PregnancyTable)
            .where(
                PregnancyTable.household_id == household_id,
                PregnancyTable.outcome == _BIRTH,
                PregnancyTable.ended_on >= today - _NIFAS,
            )
            .order_by(PregnancyTable.ended_on.desc(), PregnancyTable.id)
            .limit(1)
        )
        if row is None or row.ended_on is None:
            return None
        return Postpartum(
            birth_date=row.ended_on,
            visits={
                visit: on for visit, on in self._visits(row.id).items() if visit.startswith("KF") or visit[1] == "N"
            },
            contact_id=row.contact_id or "",
            id=row.id,
        )

    def _visits(self, pregnancy_id: str) -> dict[str, date]:
        rows = self._s.execute(select(VisitTable.visit, VisitTable.on).where(VisitTable.pregnancy_id == pregnancy_id))
        return {visit: on for visit, on in rows}

    def _pregnancy(self, row: PregnancyTable) -> Pregnancy:
        return Pregnancy(
            lmp=row.lmp,
            edd=row.edd,
            dated_by=row.dated_by,
            anc={visit: on for visit, on in self._visits(row.id).items() if visit[1:].isdigit()},
            next_visit_on=row.next_visit_on,
            multiple=row.multiple,
            contact_id=row.contact_id or "",
            id=row.id,
        )

    # --- family planning

    def save_contraception(self, contact_id: str, contraception: Contraception, now: datetime) -> None:
        row = self._s.get(ContraceptionTable, contraception.id)
        if row is None:
            row = ContraceptionTable(id=contraception.id, contact_id=contact_id, created_at=now)
            self._s.add(row)
        row.method, row.last_date, row.return_on = (
            contraception.method,
            contraception.last_date,
            contraception.return_on,
        )
        row.stopped_on = None
        self._s.flush()

    def contraception_of(self, contact_id: str) -> Contraception | None:
        row = self._s.scalar(
            select(ContraceptionTable)
            .where(ContraceptionTable.contact_id == contact_id, ContraceptionTable.stopped_on.is_(None))
            .order_by(ContraceptionTable.created_at.desc(), ContraceptionTable.id)
            .limit(1)
        )
        if row is None:
            return None
        return Contraception(
            method=row.method,
            last_date=row.last_date,
            return_on=row.return_on,
            contact_id=row.contact_id,
            id=row.id,
        )

    def stop_contraception(self, contraception_id: str, on: date, now: datetime) -> None:
        self._s.execute(
            update(ContraceptionTable)
            .where(ContraceptionTable.id == contraception_id, ContraceptionTable.stopped_on.is_(None))
            .values(stopped_on=on)
        )

    # --- about to marry

    def save_wedding(self, household_id: str, wedding: Wedding, now: datetime) -> None:
        row = self._s.get(WeddingTable, wedding.id)
        if row is None:
            row = WeddingTable(id=wedding.id, household_id=household_id, created_at=now)
            self._s.add(row)
        row.contact_id, row.date, row.screened_on = wedding.contact_id or None, wedding.date, wedding.screened_on
        self._s.flush()

    def wedding_of(self, household_id: str) -> Wedding | None:
        row = self._s.scalar(
            select(WeddingTable)
            .where(WeddingTable.household_id == household_id, WeddingTable.closed_at.is_(None))
            .order_by(WeddingTable.created_at.desc(), WeddingTable.id)
            .limit(1)
        )
        if row is None:
            return None
        screenings = self._s.scalars(
            select(ScreeningTable).where(ScreeningTable.wedding_id == row.id).order_by(ScreeningTable.partner)
        )
        return Wedding(
            date=row.date,
            screened_on=row.screened_on,
            screenings=tuple(
                Screening(Sex(found.partner), dict(found.answers), found.contact_id or "", found.id)
                for found in screenings
            ),
            contact_id=row.contact_id or "",
            id=row.id,
        )

    def save_screening(self, wedding_id: str, screening: Screening, now: datetime) -> None:
        row = self._s.scalar(
            select(ScreeningTable).where(
                ScreeningTable.wedding_id == wedding_id, ScreeningTable.partner == screening.partner.value
            )
        )
        if row is None:
            row = ScreeningTable(id=screening.id, wedding_id=wedding_id, partner=screening.partner.value)
            self._s.add(row)
        row.contact_id, row.answers, row.updated_at = screening.contact_id or None, dict(screening.answers), now
        self._s.flush()

    def close_wedding(self, wedding_id: str, reason: str, now: datetime) -> None:
        self._s.execute(
            update(WeddingTable)
            .where(WeddingTable.id == wedding_id, WeddingTable.closed_at.is_(None))
            .values(closed_at=now, closed_reason=reason)
        )

    # --- seats, codes, numbers

    def members_of(self, household_id: str) -> list[Member]:
        rows = self._s.scalars(
            select(ContactTable)
            .where(ContactTable.household_id == household_id)
            .order_by(ContactTable.created_at, ContactTable.id)
        )
        return [Member(row.id, row.relation, row.every_reminder, row.name) for row in rows]

    def set_member(self, contact_id: str, household_id: str | None, relation: str, every_reminder: bool) -> None:
        self._s.execute(
            update(ContactTable)
            .where(ContactTable.id == contact_id)
            .values(household_id=household_id, relation=relation, every_reminder=every_reminder)
        )

    def set_suspended(self, contact_id: str, at: datetime | None) -> None:
        values: dict[str, object] = {"suspended_at": at}
        if at is not None:
            values["dialogue_reset"] = True
        self._s.execute(update(ContactTable).where(ContactTable.id == contact_id).values(**values))

    def move_address(self, address_id: str, contact_id: str) -> None:
        self._s.execute(update(AddressTable).where(AddressTable.id == address_id).values(contact_id=contact_id))

    def save_code(self, row: CodeRow, now: datetime) -> bool:
        return insert_if_absent(
            self._s,
            JoinCodeTable,
            code=row.code,
            kind=row.kind,
            household_id=row.household_id,
            created_by=row.created_by,
            detail=dict(row.detail),
            created_at=now,
            expires_at=row.expires_at,
            used_at=row.used_at,
        )

    def code(self, code: str) -> CodeRow | None:
        row = self._s.get(JoinCodeTable, code, populate_existing=True)
        return None if row is None else _code(row)

    def codes_by(self, contact_id: str, kind: str) -> list[CodeRow]:
        rows = self._s.scalars(
            select(JoinCodeTable)
            .where(JoinCodeTable.created_by == contact_id, JoinCodeTable.kind == kind)
            .order_by(JoinCodeTable.created_at.desc(), JoinCodeTable.code)
        )
        return [_code(row) for row in rows]

    def lapsed_codes(self, kind: str, now: datetime) -> list[CodeRow]:
        rows = self._s.scalars(
            select(JoinCodeTable)
            .where(JoinCodeTable.kind == kind, JoinCodeTable.used_at.is_(None), JoinCodeTable.expires_at <= now)
            .order_by(JoinCodeTable.expires_at)
        )
        return [_code(row) for row in rows]

    def use_code(self, code: str, contact_id: str, now: datetime) -> bool:
        unused = (JoinCodeTable.code == code, JoinCodeTable.used_at.is_(None))
        done = self._s.execute(update(JoinCodeTable).where(*unused).values(used_at=now, used_by=contact_id))
        return rowcount(done) == 1

    # --- pictures, settings

    def save_picture(self, picture: Picture, now: datetime) -> None:
        insert_if_absent(
            self._s,
            PictureTable,
            id=picture.id,
            contact_id=picture.contact_id,
            content_type=picture.content_type,
            data=picture.data,
            created_at=now,
        )

    def picture(self, picture_id: str) -> Picture | None:
        row = self._s.get(PictureTable, picture_id)
        return None if row is None else Picture(row.id, row.contact_id, row.content_type, row.data, row.created_at)

    def has_old_pictures(self, content_type: str, before: datetime) -> bool:
        return self._s.scalar(select(PictureTable.id).where(*_made_before(content_type, before)).limit(1)) is not None

    def drop_old_pictures(self, content_type: str, before: datetime) -> int:
        return rowcount(self._s.execute(delete(PictureTable).where(*_made_before(content_type, before))))

    def setting(self, key: str) -> str | None:
        return self._s.scalar(select(SettingTable.value).where(SettingTable.key == key))

    def set_setting(self, key: str, value: str, now: datetime) -> None:
        insert_or_replace(self._s, SettingTable, key=key, value=value, updated_at=now)

    def drop_setting(self, key: str) -> None:
        self._s.execute(delete(SettingTable).where(SettingTable.key == key))


def _made_before(content_type: str, before: datetime) -> tuple[ColumnElement[bool], ...]:
    return PictureTable.content_type == content_type, PictureTable.created_at < before


def _code(row: JoinCodeTable) -> CodeRow:
    return CodeRow(
        code=row.code,
        kind=row.kind,
        household_id=row.household_id,
        created_by=row.created_by,
        detail=row.detail,
        expires_at=row.expires_at,
        used_at=row.used_at,
    )
