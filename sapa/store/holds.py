"""Holds: sending that stands still because every message would meet the same refusal."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import delete, select, update

from sapa.services.records import Hold
from sapa.store.insert import insert_if_absent
from sapa.store.models import SendingHoldTable
from sapa.store.unit import Unit

# How often one message tries whether a hold is over.
PROBE_EVERY = timedelta(minutes=15)


class HoldQueries:
    """Part of a transaction: what must not be sent for now."""

    _s: Unit

    def holds(self) -> list[Hold]:
        rows = self._s.scalars(select(SendingHoldTable).order_by(SendingHoldTable.since))
        return [Hold(row.scope, row.code, row.since, row.probe_at) for row in rows]

    def hold(self, scope: str, code: str, now: datetime) -> bool:
        """Stop what `scope` names; True if it was not stopped before."""
        return insert_if_absent(
            self._s, SendingHoldTable, scope=scope, code=code, since=now, probe_at=now + PROBE_EVERY
        )

    def take_probe(self, hold: Hold, now: datetime) -> bool:
        """Be the one whose message tries; False if somebody else is."""
        taken = self._s.execute(
            update(SendingHoldTable)
            .where(SendingHoldTable.scope == hold.scope, SendingHoldTable.probe_at == hold.probe_at)
            .values(probe_at=now + PROBE_EVERY)
        )
        return bool(taken.rowcount)  # type: ignore[attr-defined]

    def release_hold(self, scope: str, since_before: datetime | None = None) -> bool:
        """End a hold, or only one that began before a moment; True if there was one."""
        gone = delete(SendingHoldTable).where(SendingHoldTable.scope == scope)
        if since_before is not None:
            gone = gone.where(SendingHoldTable.since < since_before)
        return bool(self._s.execute(gone).rowcount)  # type: ignore[attr-defined]
