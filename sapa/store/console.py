"""Part of a transaction: the console: logins, the audit trail, signatures, delivery health."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, case, delete, exists, func, literal, or_, select, text, update

from sapa.services.console_records import (
    AuditLine,
    CareRow,
    FamilyRow,
    LoginCodeRow,
    SignOffRow,
    StaffLine,
    WebSessionRow,
)
from sapa.store.crypt import marks_of
from sapa.store.models import (
    AddressTable,
    AreaTable,
    AttendanceTable,
    AuditTable,
    BroadcastTable,
    BroadcastTargetTable,
    CaseTable,
    ChildTable,
    ContactTable,
    HomeVisitTable,
    HouseholdTable,
    InboundTable,
    LoginCodeTable,
    OutboxTable,
    PosyanduTable,
    PregnancyTable,
    ReminderTable,
    SessionTable,
    SignOffTable,
    StaffTable,
    WebSessionTable,
    WeddingTable,
)
from sapa.store.unit import Unit

_POSTPARTUM_DAYS = 42
# What is known of a family's contraception is for its user alone (design, section 7).
_PRIVATE_PURPOSE, _PRIVATE_TOPIC = "family_planning", "kb"


class ConsoleQueries:
    """Part of a transaction: the console: logins, the audit trail, signatures, delivery health."""

    _s: Unit

    # --- logging in

    def contacts_by_phone(self, phone: str) -> list[str]:
        marks = marks_of(self._s, phone)
        rows = select(AddressTable.contact_id).where(
            AddressTable.channel == "whatsapp",
            or_(AddressTable.value_mark.in_(marks), AddressTable.phone_mark.in_(marks)),
        )
        return list(dict.fromkeys(self._s.scalars(rows.order_by(AddressTable.id))))

    def save_login_code(self, row: LoginCodeRow) -> None:
        # Whoever asks for a new code throws the old one away: at most one is ever open to guessing.
        self._s.execute(
            update(LoginCodeTable)
            .where(LoginCodeTable.contact_id == row.contact_id, LoginCodeTable.expires_at > row.created_at)
            .values(expires_at=row.created_at)
        )
        self._s.add(LoginCodeTable(**_values(row)))
        self._s.flush()

    def login_code_of(self, contact_id: str) -> LoginCodeRow | None:
        row = self._s.scalar(
            select(LoginCodeTable)
            .where(LoginCodeTable.contact_id == contact_id)
            .order_by(LoginCodeTable.created_at.desc(), LoginCodeTable.expires_at.desc())
            .limit(1)
        )
        return None if row is None else LoginCodeRow(**_fields(row, LoginCodeRow))

    def login_codes_since(self, contact_id: str, since: datetime) -> int:
        rows = select(func.count()).where(LoginCodeTable.contact_id == contact_id, LoginCodeTable.created_at > since)
        return self._s.scalar(rows) or 0

    def take_login_try(self, code_id: str, most: int, now: datetime) -> bool:
        taken = self._s.execute(
            update(LoginCodeTable)
            .where(
                LoginCodeTable.id == code_id,
                LoginCodeTable.tries < most,
                LoginCodeTable.used_at.is_(None),
                LoginCodeTable.expires_at > now,
            )
            .values(tries=LoginCodeTable.tries + 1)
            .returning(LoginCodeTable.id)
        )
        return taken.first() is not None

    def use_login_code(self, code_id: str, now: datetime) -> bool:
        used = self._s.execute(
            update(LoginCodeTable)
            .where(LoginCodeTable.id == code_id, LoginCodeTable.used_at.is_(None))
            .values(used_at=now)
            .returning(LoginCodeTable.id)
        )
        return used.first() is not None

    def save_web_session(self, row: WebSessionRow) -> None:
        self._s.add(WebSessionTable(**_values(row)))
        self._s.flush()

    def web_session(self, session_id: str) -> WebSessionRow | None:
        row = self._s.get(WebSessionTable, session_id)
        return None if row is None else WebSessionRow(**_fields(row, WebSessionRow))

    def touch_web_session(self, session_id: str, now: datetime) -> None:
        self._s.execute(update(WebSessionTable).where(WebSessionTable.id == session_id).values(last_seen_at=now))

    def drop_web_session(self, session_id: str) -> str | None:
        gone = delete(WebSessionTable).where(WebSessionTable.id == session_id).returning(WebSessionTable.contact_id)
        return self._s.execute(gone).scalar()

    def drop_web_sessions_of(self, contact_id: str) -> int:
        gone = delete(WebSessionTable).where(WebSessionTable.contact_id == contact_id).returning(WebSessionTable.id)
        return len(self._s.execute(gone).all())

    def drop_old_logins(self, before: datetime) -> int:
        old: list[str] = []
        for table in (WebSessionTable, LoginCodeTable):
            old += self._s.scalars(delete(table).where(table.expires_at < before).returning(table.id)).all()
        return len(old)

    # --- families

    def list_families(
        self,
        posyandu_ids: Collection[str],
        today: date,
        *,
        search: str = "",
        stage: str = "",
        by_address: bool = False,
        offset: int = 0,
        limit: int = 50,
    ) -> tuple[list[FamilyRow], int]:
        stages, name = _stage(today), _family_name()
        wanted: list[ColumnElement[bool]] = [HouseholdTable.posyandu_id.in_(posyandu_ids)]
        if stage:
            wanted.append(stages == stage)
        # Names and addresses are sealed: the families of these posyandu are searched and sorted here, not in SQL.
        listed = self._s.execute(select(HouseholdTable.id, HouseholdTable.address, name).where(*wanted)).all()
        if search:
            said = self._words_about(posyandu_ids)
            listed = [row for row in listed if _has_words(search, (row[1] or "", *said.get(row[0], ())))]
        # Who has no name (or no address) stands at the end; the id keeps pages apart where names are the same.
        listed = sorted(listed, key=lambda row: (_at(row[1] if by_address else row[2]), _at(row[2]), row[0]))
        total, ids = len(listed), [row[0] for row in listed[offset : offset + limit]]
        rows = self._s.execute(
            select(HouseholdTable, PosyanduTable.name, stages, name)
            .join(PosyanduTable, PosyanduTable.id == HouseholdTable.posyandu_id)
            .where(HouseholdTable.id.in_(ids))
        ).all()
        children, reach = self._children_named(ids), self._reach(ids)
        found = []
        for household, posyandu, its_stage, its_name in sorted(rows, key=lambda row: ids.index(row[0].id)):
            channel, opted_out = reach.get(household.id, (None, False))
            found.append(
                FamilyRow(
                    household_id=household.id,
                    name=its_name,
                    address=household.address,
                    posyandu_id=household.posyandu_id or "",
                    posyandu=posyandu,
                    stage=its_stage,
                    channel=channel,
                    opted_out=opted_out,
                    children=children.get(household.id, ()),
                )
            )
        return found, total

    def _words_about(self, posyandu_ids: Collection[str]) -> dict[str, list[str]]:
        """By household: what its people and its children are called."""
        here = HouseholdTable.posyandu_id.in_(posyandu_ids)
        people = select(ContactTable.household_id, ContactTable.name).where(ContactTable.name.is_not(None))
        children = select(ChildTable.household_id, ChildTable.name).where(ChildTable.ended_on.is_(None))
        found: dict[str, list[str]] = {}
        for rows, home in ((people, ContactTable.household_id), (children, ChildTable.household_id)):
            for household_id, name in self._s.execute(rows.join(HouseholdTable, HouseholdTable.id == home).where(here)):
                found.setdefault(household_id or "", []).append(name or "")
        return found

    def _children_named(self, household_ids: Collection[str]) -> dict[str, tuple[tuple[str, date], ...]]:
        rows = self._s.execute(
            select(ChildTable.household_id, ChildTable.name, ChildTable.birth_date)
            .where(ChildTable.household_id.in_(household_ids), ChildTable.ended_on.is_(None))
            .order_by(ChildTable.birth_date.desc(), ChildTable.id)
        )
        found: dict[str, tuple[tuple[str, date], ...]] = {}
        for household_id, name, born in rows:
            found[household_id] = (*found.get(household_id, ()), (name, born))
        return found

    def _reach(self, household_ids: Collection[str]) -> dict[str, tuple[str | None, bool]]:
        """By household: the best channel of somebody who has not stopped us, and whether all have."""
        rows = self._s.execute(
            select(ContactTable.household_id, AddressTable.channel, ContactTable.opted_out_at)
            .outerjoin(AddressTable, AddressTable.contact_id == ContactTable.id)
            .where(ContactTable.household_id.in_(household_ids), ContactTable.suspended_at.is_(None))
        ).all()
        found: dict[str, tuple[str | None, bool]] = {}
        for household_id in {row[0] for row in rows if row[0]}:
            own = [row for row in rows if row[0] == household_id and row[1]]
            open_ = {channel for _, channel, stopped in own if stopped is None}
            best = "whatsapp" if "whatsapp" in open_ else "sms" if "sms" in open_ else None
            found[household_id] = (best, bool(own) and not open_)
        return found

    def household_address(self, household_id: str) -> str | None:
        return self._s.scalar(select(HouseholdTable.address).where(HouseholdTable.id == household_id))

    def care_of(self, household_id: str, *, limit: int = 60) -> list[CareRow]:
        rows = [*self._reminder_care(household_id, limit), *self._broadcast_care(household_id, limit)]
        return sorted(rows, key=lambda row: row.at, reverse=True)[:limit]

    def _came_by_day(self, household_id: str) -> dict[date, bool]:
        rows = self._s.execute(
            select(SessionTable.date, func.max(case((AttendanceTable.came, 1), else_=0)))
            .join(AttendanceTable, AttendanceTable.session_id == SessionTable.id)
            .where(AttendanceTable.household_id == household_id)
            .group_by(SessionTable.date)
        )
        return {day: bool(came) for day, came in rows}

    def _reminder_care(self, household_id: str, limit: int) -> list[CareRow]:
        rows = self._s.execute(
            select(ReminderTable, OutboxTable)
            .outerjoin(OutboxTable, OutboxTable.id == ReminderTable.outbox_id)
            .where(
                ReminderTable.household_id == household_id,
                ReminderTable.state.not_in(["planned", "cancelled"]),
                ReminderTable.purpose != _PRIVATE_PURPOSE,
                ReminderTable.topic != _PRIVATE_TOPIC,
            )
            .order_by(ReminderTable.send_at.desc())
            .limit(limit)
        ).all()
        came = self._came_by_day(household_id)
        return [
            CareRow(
                kind="reminder",
                event=reminder.event,
                content_id=reminder.content_id,
                due_on=reminder.due_on,
                at=sent.created_at if sent else reminder.send_at,
                state=sent.state if sent else reminder.state,
                reason=(sent.error_code if sent else None) or reminder.reason,
                subjects=tuple(reminder.subjects),
                purpose=reminder.purpose,
                attended=came.get(reminder.due_on) if reminder.payload.get("kind") == "session" else None,
                **_moments(sent),
            )
            for reminder, sent in rows
        ]

    def _broadcast_care(self, household_id: str, limit: int) -> list[CareRow]:
        rows = self._s.execute(
            select(BroadcastTargetTable, BroadcastTable, OutboxTable, SessionTable.date)
            .join(BroadcastTable, BroadcastTable.id == BroadcastTargetTable.broadcast_id)
            .outerjoin(OutboxTable, OutboxTable.id == BroadcastTargetTable.outbox_id)
            .outerjoin(SessionTable, SessionTable.id == BroadcastTable.session_id)
            .where(BroadcastTargetTable.household_id == household_id, BroadcastTargetTable.state != "pending")
            .order_by(BroadcastTargetTable.updated_at.desc())
            .limit(limit)
        ).all()
        came = self._came_by_day(household_id)
        return [
            CareRow(
                kind="broadcast",
                event=broadcast.kind,
                content_id=broadcast.content_id,
                due_on=day,
                at=sent.created_at if sent else target.updated_at,
                state=sent.state if sent else target.state,
                reason=(sent.error_code if sent else None) or target.reason,
                attended=came.get(day) if day and broadcast.kind != "cancelled" else None,
                **_moments(sent),
            )
            for target, broadcast, sent, day in rows
        ]

    # --- the day's figures

    def open_cases_in(self, posyandu_ids: Collection[str]) -> Mapping[str, int]:
        rows = self._s.execute(
            select(CaseTable.kind, func.count())
            .join(ContactTable, ContactTable.id == CaseTable.contact_id)
            .join(HouseholdTable, HouseholdTable.id == ContactTable.household_id)
            .where(CaseTable.closed_at.is_(None), HouseholdTable.posyandu_id.in_(posyandu_ids))
            .group_by(CaseTable.kind)
        )
        return {kind: count for kind, count in rows}

    def open_visits_in(self, posyandu_ids: Collection[str]) -> int:
        rows = select(func.count()).where(
            HomeVisitTable.posyandu_id.in_(posyandu_ids), HomeVisitTable.done_at.is_(None)
        )
        return self._s.scalar(rows) or 0

    def broadcasts_going(self, posyandu_ids: Collection[str]) -> int:
        rows = select(func.count()).where(
            BroadcastTable.posyandu_id.in_(posyandu_ids), BroadcastTable.state.in_(["confirmed", "sending"])
        )
        return self._s.scalar(rows) or 0

    # --- the audit trail

    def audit_lines(
        self,
        *,
        posyandu_ids: Collection[str],
        actor_ids: Collection[str],
        event: str = "",
        actor_id: str = "",
        household_id: str = "",
        since: datetime | None = None,
        offset: int = 0,
        limit: int = 100,
    ) -> tuple[list[AuditLine], int]:
        # Only what staff did: what a family does about its own affairs is nobody's to browse.
        wanted: list[ColumnElement[bool]] = [
            AuditTable.actor_id.is_not(None),
            or_(HouseholdTable.posyandu_id.in_(posyandu_ids), AuditTable.actor_id.in_(actor_ids)),
        ]
        if event:
            wanted.append(AuditTable.event == event)
        if actor_id:
            wanted.append(AuditTable.actor_id == actor_id)
        if household_id:
            wanted.append(AuditTable.household_id == household_id)
        if since is not None:
            wanted.append(AuditTable.at >= since)
        from_ = (
            select(AuditTable, ContactTable.name, HouseholdTable.posyandu_id, PosyanduTable.name, _family_name())
            .outerjoin(HouseholdTable, HouseholdTable.id == AuditTable.household_id)
            .outerjoin(PosyanduTable, PosyanduTable.id == HouseholdTable.posyandu_id)
            .outerjoin(ContactTable, ContactTable.id == AuditTable.actor_id)
            .where(*wanted)
        )
        total = self._s.scalar(
            select(func.count())
            .select_from(AuditTable)
            .outerjoin(HouseholdTable, HouseholdTable.id == AuditTable.household_id)
            .where(*wanted)
        )
        rows = self._s.execute(from_.order_by(AuditTable.at.desc(), AuditTable.id.desc()).offset(offset).limit(limit))
        # Somebody may have acted on a family of another area, before they moved: its name is not for this reader.
        return [
            AuditLine(
                id=row.id,
                at=row.at,
                event=row.event,
                actor_id=row.actor_id,
                actor=actor,
                household_id=row.household_id if home in posyandu_ids else None,
                household=name if home in posyandu_ids else None,
                posyandu=posyandu,
                detail=row.detail,
            )
            for row, actor, home, posyandu, name in rows
        ], total or 0

    # --- signatures under texts

    def save_sign_off(self, row: SignOffRow) -> None:
        self._s.merge(SignOffTable(**_values(row)))
        self._s.flush()

    def sign_offs(self) -> list[SignOffRow]:
        return [SignOffRow(**_fields(row, SignOffRow)) for row in self._s.scalars(select(SignOffTable))]

    # --- staff

    def staff_lines(self, posyandu_ids: Collection[str], area_ids: Collection[str]) -> list[StaffLine]:
        seen = (
            select(func.max(WebSessionTable.last_seen_at))
            .where(WebSessionTable.contact_id == StaffTable.contact_id)
            .scalar_subquery()
        )
        place = func.coalesce(PosyanduTable.name, AreaTable.name, "")
        rows = self._s.execute(
            select(StaffTable, ContactTable.name, place, seen)
            .join(ContactTable, ContactTable.id == StaffTable.contact_id)
            .outerjoin(PosyanduTable, PosyanduTable.id == StaffTable.posyandu_id)
            .outerjoin(AreaTable, AreaTable.id == StaffTable.area_id)
            .where(
                StaffTable.revoked_at.is_(None),
                or_(StaffTable.posyandu_id.in_(posyandu_ids), StaffTable.area_id.in_(area_ids)),
            )
            .order_by(place, StaffTable.id)
        ).all()
        phones = self._numbers_of([row.contact_id for row, *_ in rows])
        return [
            StaffLine(
                staff_id=row.id,
                contact_id=row.contact_id,
                name=name,
                phone=phones.get(row.contact_id),
                role=row.role,
                posyandu_id=row.posyandu_id,
                area_id=row.area_id,
                place=where,
                granted_at=row.granted_at,
                last_seen_at=last,
            )
            for row, name, where, last in sorted(rows, key=lambda row: (row[2], _at(row[1]), row[0].id))
        ]

    def _numbers_of(self, contact_ids: Sequence[str]) -> dict[str, str]:
        """One number of each contact, the same every time."""
        rows = self._s.execute(
            select(AddressTable.contact_id, AddressTable.phone, AddressTable.value).where(
                AddressTable.contact_id.in_(contact_ids), AddressTable.channel == "whatsapp"
            )
        )
        found: dict[str, str] = {}
        for contact_id, phone, value in rows:
            found[contact_id] = min(found.get(contact_id, phone or value), phone or value)
        return found

    def staff_ever(self, posyandu_ids: Collection[str], area_ids: Collection[str]) -> list[str]:
        rows = select(StaffTable.contact_id).where(
            or_(StaffTable.posyandu_id.in_(posyandu_ids), StaffTable.area_id.in_(area_ids))
        )
        return list(self._s.scalars(rows.distinct()))

    # --- delivery

    def outbox_waiting(self, posyandu_ids: Collection[str] | None, now: datetime) -> tuple[int, datetime | None]:
        rows = _to_families(
            select(func.count(), func.min(OutboxTable.not_before)).where(
                OutboxTable.state.in_(["queued", "errored"]), OutboxTable.not_before <= now
            ),
            OutboxTable.contact_id,
            posyandu_ids,
        )
        count, oldest = self._s.execute(rows).one()
        return count, oldest

    def outbox_by_day(
        self, posyandu_ids: Collection[str] | None, since: datetime, utc_offset_hours: int
    ) -> Sequence[tuple[date, str, str, int]]:
        if self._s.get_bind().dialect.name == "sqlite":
            day = func.date(OutboxTable.created_at, text(f"'{utc_offset_hours:+d} hours'"))
        else:
            there = func.timezone("UTC", OutboxTable.created_at) + literal(timedelta(hours=utc_offset_hours))
            day = func.to_char(there, "YYYY-MM-DD")
        rows = _to_families(
            select(day, OutboxTable.channel, OutboxTable.state, func.count()).where(OutboxTable.created_at >= since),
            OutboxTable.contact_id,
            posyandu_ids,
        ).group_by(day, OutboxTable.channel, OutboxTable.state)
        return [
            (date.fromisoformat(str(on)[:10]), channel, state, count)
            for on, channel, state, count in self._s.execute(rows.order_by(day.desc()))
        ]

    def outbox_errors(
        self, posyandu_ids: Collection[str] | None, since: datetime
    ) -> Sequence[tuple[str, str, str, int]]:
        rows = _to_families(
            select(OutboxTable.error_code, OutboxTable.channel, OutboxTable.state, func.count()).where(
                OutboxTable.created_at >= since, OutboxTable.error_code.is_not(None)
            ),
            OutboxTable.contact_id,
            posyandu_ids,
        ).group_by(OutboxTable.error_code, OutboxTable.channel, OutboxTable.state)
        found = self._s.execute(rows.order_by(func.count().desc(), OutboxTable.error_code))
        return [(code or "", channel, state, count) for code, channel, state, count in found]

    def inbound_waiting(self, now: datetime) -> tuple[int, datetime | None]:
        rows = select(func.count(), func.min(InboundTable.received_at)).where(InboundTable.state != "answered")
        count, oldest = self._s.execute(rows).one()
        return count, oldest


def _values(row: Any) -> dict[str, Any]:
    return {name: getattr(row, name) for name in row.__dataclass_fields__}


def _fields(row: object, kind: Any) -> dict[str, Any]:
    return {name: getattr(row, name) for name in kind.__dataclass_fields__}


def _moments(sent: OutboxTable | None) -> dict[str, Any]:
    if sent is None:
        return {}
    return {"sent_at": sent.sent_at, "delivered_at": sent.delivered_at, "read_at": sent.read_at}


def _to_families(rows: Any, contact_id: Any, posyandu_ids: Collection[str] | None) -> Any:
    """Only what concerns families of these posyandu; None: everything."""
    if posyandu_ids is None:
        return rows
    inside = (
        select(ContactTable.id)
        .join(HouseholdTable, HouseholdTable.id == ContactTable.household_id)
        .where(HouseholdTable.posyandu_id.in_(posyandu_ids))
    )
    return rows.where(contact_id.in_(inside))


def _family_name() -> Any:
    """What a family is called in a list: its mother, else who came first, else its eldest child."""
    somebody = (
        select(ContactTable.name)
        .where(ContactTable.household_id == HouseholdTable.id, ContactTable.name.is_not(None))
        .order_by(case((ContactTable.relation == "ibu", 0), else_=1), ContactTable.created_at, ContactTable.id)
        .limit(1)
        .correlate(HouseholdTable)
        .scalar_subquery()
    )
    child = (
        select(ChildTable.name)
        .where(ChildTable.household_id == HouseholdTable.id)
        .order_by(ChildTable.birth_date, ChildTable.id)
        .limit(1)
        .correlate(HouseholdTable)
        .scalar_subquery()
    )
    return func.coalesce(somebody, child)


def _stage(today: date) -> Any:
    """As sapa.services.households.stage_of, for many households at once."""
    home = HouseholdTable.id
    return case(
        (exists().where(PregnancyTable.household_id == home, PregnancyTable.outcome.is_(None)), "hamil"),
        (
            exists().where(
                PregnancyTable.household_id == home,
                PregnancyTable.outcome == "birth",
                PregnancyTable.ended_on >= today - timedelta(days=_POSTPARTUM_DAYS),
            ),
            "nifas",
        ),
        (exists().where(ChildTable.household_id == home, ChildTable.ended_on.is_(None)), "anak"),
        (exists().where(WeddingTable.household_id == home, WeddingTable.closed_at.is_(None)), "catin"),
        else_=None,
    )


def _has_words(search: str, said: Collection[str]) -> bool:
    """Whether every word of the search stands in a name, a child's name or the address."""
    lowered = [text.lower() for text in said]
    return all(any(word in text for text in lowered) for word in search.lower().split())


def _at(name: str | None) -> str:
    """Where a name stands in a list: nobody's at the end."""
    return "\uffff" if name is None else name.lower()
