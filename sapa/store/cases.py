"""Cases a human must look at, and the audit trail (which never holds content)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import ColumnElement, func, select, update

from sapa.services.records import CaseRow
from sapa.store.insert import insert_if_absent
from sapa.store.models import AuditTable, CaseTable
from sapa.store.unit import Unit

_NUMBERS = 7265232  # the lock under which cases get their numbers


class CaseQueries:
    """Part of a transaction: cases and audit."""

    _s: Unit

    def open_case(self, contact_id: str, kind: str, inbound_id: str | None, now: datetime) -> str:
        case_id = str(uuid4())
        if self._s.get_bind().dialect.name == "postgresql":
            # Two cases at the same moment must not get the same number. SQLite has one writer anyway.
            self._s.execute(select(func.pg_advisory_xact_lock(_NUMBERS)))
        added = insert_if_absent(
            self._s,
            CaseTable,
            id=case_id,
            number=select(func.coalesce(func.max(CaseTable.number), 0) + 1).scalar_subquery(),
            contact_id=contact_id,
            kind=kind,
            inbound_id=inbound_id,
            opened_at=now,
        )
        if added:
            return case_id
        return self._s.scalars(
            select(CaseTable.id).where(CaseTable.kind == kind, CaseTable.inbound_id == inbound_id)
        ).one()

    def open_cases_of(self, contact_id: str) -> list[CaseRow]:
        return self._open(CaseTable.contact_id == contact_id)

    def open_cases(self) -> list[CaseRow]:
        return self._open()

    def _open(self, *conditions: ColumnElement[bool]) -> list[CaseRow]:
        rows = self._s.scalars(
            select(CaseTable).where(CaseTable.closed_at.is_(None), *conditions).order_by(CaseTable.opened_at)
        )
        return [_case(row) for row in rows]

    def close_case(self, case_id: str, outcome: str, now: datetime) -> None:
        self._s.execute(
            update(CaseTable)
            .where(CaseTable.id == case_id, CaseTable.closed_at.is_(None))
            .values(closed_at=now, outcome=outcome)
        )

    def audit(
        self,
        event: str,
        contact_id: str | None,
        detail: Mapping[str, Any],
        now: datetime,
        *,
        actor_id: str | None = None,
        household_id: str | None = None,
    ) -> None:
        self._s.add(
            AuditTable(
                event=event,
                contact_id=contact_id,
                actor_id=actor_id,
                household_id=household_id,
                detail=dict(detail),
                at=now,
            )
        )

    def count_audits(self, event: str, contact_id: str, since: datetime) -> int:
        rows = select(func.count()).where(
            AuditTable.event == event, AuditTable.contact_id == contact_id, AuditTable.at >= since
        )
        return self._s.scalar(rows) or 0


def _case(row: CaseTable) -> CaseRow:
    return CaseRow(**{name: getattr(row, name) for name in CaseRow.__dataclass_fields__})
