"""Part of a transaction: cases in a human's hands: taken, answered, escalated."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, bindparam, case, delete, exists, func, or_, select, update
from sqlalchemy.orm import aliased

from sapa.messaging.states import OutboxState
from sapa.services.case_records import CaseNote, CaseView, NoteKind
from sapa.store.cases import _case
from sapa.store.insert import insert_if_absent
from sapa.store.models import (
    CaseNoteTable,
    CaseTable,
    ChildTable,
    ContactTable,
    HouseholdTable,
    InboundTable,
    OutboxTable,
    PosyanduTable,
)
from sapa.store.rows import rowcount
from sapa.store.unit import Unit

DANGER = "danger"
# More than anybody is ever reminded of a case that is nobody's (sapa.services.case_rules).
_OFTEN_ENOUGH = 6
_HUMAN = (NoteKind.TAKEN.value, NoteKind.ANSWER.value)
# What was sent because of one case begins so in its dedupe key, what shows cases to the staff in its content id.
_KEY, _SHOWN = "case:", "kader/kasus/"
_UNSENT = (OutboxState.QUEUED.value, OutboxState.ERRORED.value)


class CaseworkQueries:
    """Part of a transaction: cases in a human's hands: taken, answered, escalated."""

    _s: Unit

    # --- seen

    def case_views(
        self,
        *,
        number: int | None = None,
        case_id: str | None = None,
        contact_id: str | None = None,
        posyandu_ids: Collection[str] | None = None,
        provinces: Collection[str] = (),
        open_only: bool = True,
        limit: int = 500,
    ) -> list[CaseView]:
        conditions: list[ColumnElement[bool]] = []
        if open_only:
            conditions.append(CaseTable.closed_at.is_(None))
        if number is not None:
            conditions.append(CaseTable.number == number)
        if case_id is not None:
            conditions.append(CaseTable.id == case_id)
        if contact_id is not None:
            conditions.append(CaseTable.contact_id == contact_id)
        if posyandu_ids is not None:
            homeless = and_(HouseholdTable.posyandu_id.is_(None), HouseholdTable.province.in_(provinces))
            conditions.append(or_(HouseholdTable.posyandu_id.in_(posyandu_ids), homeless))
        return self._views(conditions, limit, newest=not open_only)

    def cases_to_tell(self, again_before: datetime, limit: int) -> list[CaseView]:
        found_nobody = or_(CaseTable.reminded_at.is_(None), CaseTable.reminded_at <= again_before)
        untold = (CaseTable.closed_at.is_(None), CaseTable.notified_at.is_(None), CaseTable.taken_by.is_(None))
        return self._views([*untold, found_nobody], limit)

    def cases_to_remind(self, short: datetime, long: datetime, daily: datetime, limit: int) -> list[CaseView]:
        last = func.coalesce(CaseTable.reminded_at, CaseTable.taken_at, CaseTable.notified_at)
        taken = CaseTable.taken_by.is_not(None)
        due = or_(
            and_(CaseTable.kind == DANGER, last <= short),
            and_(taken, last <= long),
            and_(CaseTable.reminded == 0, last <= long),
            last <= daily,
        )
        return self._views([CaseTable.closed_at.is_(None), *self._may_be_reminded(), due], limit)

    def next_case_word(self) -> list[CaseView]:
        untold = and_(CaseTable.notified_at.is_(None), CaseTable.taken_by.is_(None))
        return self._views([CaseTable.closed_at.is_(None), or_(untold, *self._may_be_reminded())], 500)

    def _may_be_reminded(self) -> tuple[ColumnElement[bool], ...]:
        told = and_(CaseTable.notified_at.is_not(None), CaseTable.reminded < _OFTEN_ENOUGH)
        return (or_(CaseTable.taken_by.is_not(None), told),)

    def _views(self, conditions: Sequence[ColumnElement[bool]], limit: int, *, newest: bool = False) -> list[CaseView]:
        # Where a list must end somewhere, it ends neither before an open case nor before a danger.
        first = (CaseTable.closed_at.is_not(None), case((CaseTable.kind == DANGER, 0), else_=1))
        by_age = CaseTable.opened_at.desc() if newest else CaseTable.opened_at
        rows = self._s.execute(_view_query().where(*conditions).order_by(*first, by_age, CaseTable.number).limit(limit))
        return [_view(row) for row in rows]

    def has_taken_case(self, contact_id: str) -> bool:
        return self._s.scalar(_TAKEN, {"contact": contact_id}) is not None

    # --- changed: every change in one statement, guarded by the state it expects

    def lock_case(self, case_id: str) -> None:
        self._s.execute(select(CaseTable.id).where(CaseTable.id == case_id).with_for_update())

    def mark_told(self, case_id: str, now: datetime) -> bool:
        return self._change(case_id, CaseTable.notified_at.is_(None), notified_at=now, reminded_at=None, reminded=0)

    def mark_reminded(self, case_id: str, times_before: int, now: datetime) -> bool:
        return self._change(case_id, CaseTable.reminded == times_before, reminded=times_before + 1, reminded_at=now)

    def mark_looked_at(self, case_id: str, now: datetime) -> None:
        self._change(case_id, CaseTable.notified_at.is_(None), reminded_at=now)

    def take_case(self, case_id: str, contact_id: str, now: datetime) -> bool:
        free = CaseTable.taken_by.is_(None)
        return self._change(case_id, free, taken_by=contact_id, taken_at=now, reminded=0, reminded_at=None)

    def release_case(self, case_id: str, contact_id: str, reminded: int, now: datetime) -> bool:
        told = func.coalesce(CaseTable.notified_at, now)
        values = {"taken_by": None, "taken_at": None, "reminded": reminded, "reminded_at": now, "notified_at": told}
        return self._change(case_id, CaseTable.taken_by == contact_id, **values)

    def begin_reminders(self, case_id: str, now: datetime) -> None:
        self._change(case_id, CaseTable.taken_by.is_(None), notified_at=now, reminded=0, reminded_at=None)

    def mark_answered(self, case_id: str, now: datetime) -> None:
        answered = func.coalesce(CaseTable.answered_at, now)
        self._change(case_id, CaseTable.taken_by.is_not(None), answered_at=answered, reminded=0, reminded_at=None)

    def conclude_case(self, case_id: str, outcome: str, closed_by: str | None, now: datetime) -> bool:
        return self._change(case_id, closed_at=now, closed_by=closed_by, outcome=outcome)

    def _change(self, case_id: str, *expected: ColumnElement[bool], **values: Any) -> bool:
        statement = update(CaseTable).where(CaseTable.id == case_id, CaseTable.closed_at.is_(None), *expected)
        return rowcount(self._s.execute(statement.values(**values))) == 1

    # --- its story

    def add_case_note(
        self,
        case_id: str,
        kind: NoteKind,
        text: str,
        now: datetime,
        *,
        author_id: str | None = None,
        inbound_id: str | None = None,
        outbox_id: str | None = None,
    ) -> bool:
        return insert_if_absent(
            self._s,
            CaseNoteTable,
            case_id=case_id,
            kind=kind.value,
            text=text,
            at=now,
            author_id=author_id,
            inbound_id=inbound_id,
            outbox_id=outbox_id,
        )

    def case_notes(self, case_id: str) -> list[CaseNote]:
        rows = self._s.execute(
            select(CaseNoteTable, ContactTable.name)
            .outerjoin(ContactTable, ContactTable.id == CaseNoteTable.author_id)
            .where(CaseNoteTable.case_id == case_id)
            .order_by(CaseNoteTable.id)
        )
        return [
            CaseNote(
                id=note.id,
                case_id=note.case_id,
                kind=NoteKind(note.kind),
                text=note.text,
                at=note.at,
                author_id=note.author_id,
                author_name=name,
                inbound_id=note.inbound_id,
                outbox_id=note.outbox_id,
            )
            for note, name in rows
        ]

    def last_message_of(self, contact_id: str) -> tuple[str, str, datetime] | None:
        row = self._s.execute(
            select(InboundTable.id, InboundTable.address_id, InboundTable.received_at)
            .where(InboundTable.contact_id == contact_id)
            .order_by(InboundTable.seq.desc())
            .limit(1)
        ).first()
        return None if row is None else (row.id, row.address_id, row.received_at)

    def forget_case_words(self, contact_id: str) -> None:
        about = CaseTable.contact_id == contact_id
        cases = self._s.execute(select(CaseTable.id, CaseTable.opened_at).where(about)).all()
        if not cases:
            return
        for case_id, _ in cases:
            sent = OutboxTable.dedupe_key.startswith(f"{_KEY}{case_id}:", autoescape=True)
            waiting = OutboxTable.state.in_(_UNSENT)
            self._s.execute(delete(OutboxTable).where(sent, waiting).execution_options(synchronize_session=False))
            self._s.execute(update(OutboxTable).where(sent).values(text="", template_variables={}))
        # A list names several families, and its row does not say which: all of that time are emptied.
        shown = OutboxTable.content_id.startswith(_SHOWN, autoescape=True)
        since = OutboxTable.created_at >= min(opened_at for _, opened_at in cases)
        settled = OutboxTable.state.not_in((*_UNSENT, OutboxState.SENDING.value, OutboxState.UNKNOWN.value))
        self._s.execute(update(OutboxTable).where(shown, since, settled).values(text="", template_variables={}))
        typed = select(CaseNoteTable.inbound_id).where(
            CaseNoteTable.case_id.in_([case_id for case_id, _ in cases]), CaseNoteTable.author_id.is_not(None)
        )
        self._s.execute(update(InboundTable).where(InboundTable.id.in_(typed)).values(body=""))


_Taker = aliased(ContactTable)


_TAKEN = (
    select(CaseTable.id)
    .where(CaseTable.contact_id == bindparam("contact"), CaseTable.closed_at.is_(None), CaseTable.taken_by.is_not(None))
    .limit(1)
)


@cache
def _view_query() -> Select[Any]:
    """One query for everything a case is judged and shown by: a list of cases asks nothing more per case."""
    before = (
        select(OutboxTable.content_id)
        .where(
            OutboxTable.contact_id == CaseTable.contact_id,
            OutboxTable.created_at < func.coalesce(InboundTable.received_at, CaseTable.opened_at),
        )
        .order_by(OutboxTable.seq.desc())
        .limit(1)
        .correlate(CaseTable, InboundTable)
        .scalar_subquery()
    )
    in_reply = (
        select(OutboxTable.content_id)
        .where(OutboxTable.contact_id == CaseTable.contact_id, OutboxTable.in_reply_to == CaseTable.inbound_id)
        .order_by(OutboxTable.seq)
        .limit(1)
        .correlate(CaseTable)
        .scalar_subquery()
    )
    notes = CaseNoteTable.case_id == CaseTable.id
    human = select(func.max(CaseNoteTable.at)).where(notes, CaseNoteTable.kind.in_(_HUMAN))
    answer = select(func.max(CaseNoteTable.at)).where(notes, CaseNoteTable.kind == NoteKind.ANSWER.value)
    family = select(func.max(CaseNoteTable.at)).where(notes, CaseNoteTable.kind == NoteKind.FAMILY.value)
    handed = exists().where(notes, CaseNoteTable.kind == NoteKind.HANDED.value)
    child = (
        select(ChildTable.name)
        .where(ChildTable.household_id == ContactTable.household_id, ChildTable.ended_on.is_(None))
        .order_by(ChildTable.birth_date.desc(), ChildTable.id)
        .limit(1)
        .correlate(ContactTable)
        .scalar_subquery()
    )
    at_home = HouseholdTable.posyandu_id.is_not(None)
    return (
        select(
            CaseTable,
            ContactTable.name.label("name"),
            ContactTable.household_id.label("household_id"),
            HouseholdTable.posyandu_id.label("posyandu_id"),
            PosyanduTable.name.label("posyandu"),
            func.coalesce(HouseholdTable.province, PosyanduTable.province).label("province"),
            HouseholdTable.address.label("address"),
            case((at_home, PosyanduTable.timezone), else_=HouseholdTable.timezone).label("timezone"),
            InboundTable.body.label("words"),
            InboundTable.label.label("label"),
            before.label("said_before"),
            in_reply.label("said_in_reply"),
            _Taker.name.label("taker"),
            human.correlate(CaseTable).scalar_subquery().label("last_human_at"),
            answer.correlate(CaseTable).scalar_subquery().label("last_answer_at"),
            family.correlate(CaseTable).scalar_subquery().label("last_family_at"),
            handed.correlate(CaseTable).label("handed"),
            child.label("child"),
        )
        .join(ContactTable, ContactTable.id == CaseTable.contact_id)
        .outerjoin(HouseholdTable, HouseholdTable.id == ContactTable.household_id)
        .outerjoin(PosyanduTable, PosyanduTable.id == HouseholdTable.posyandu_id)
        .outerjoin(InboundTable, InboundTable.id == CaseTable.inbound_id)
        .outerjoin(_Taker, _Taker.id == CaseTable.taken_by)
        # Guarded updates do not touch what a session has loaded: read it anew.
        .execution_options(populate_existing=True)
    )


def _view(row: Any) -> CaseView:
    return CaseView(
        row=_case(row.CaseTable),
        name=row.name,
        household_id=row.household_id,
        posyandu_id=row.posyandu_id,
        posyandu=row.posyandu,
        province=row.province,
        address=row.address,
        timezone=row.timezone,
        words=row.words or "",
        label=row.label,
        said_before=row.said_before,
        said_in_reply=row.said_in_reply,
        taker=row.taker,
        last_human_at=row.last_human_at,
        last_answer_at=row.last_answer_at,
        last_family_at=row.last_family_at,
        handed=bool(row.handed),
        child=row.child,
    )
