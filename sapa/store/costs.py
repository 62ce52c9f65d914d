"""What messages cost, added up by the database."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select

from sapa.services.ports_costs import CostLine
from sapa.store.models import OutboxTable
from sapa.store.unit import Unit


class CostQueries:
    """Part of a transaction: the outbox as a bill."""

    _s: Unit

    def sent_between(self, start: datetime, end: datetime) -> list[CostLine]:
        form = func.coalesce(OutboxTable.form, "")
        lines = (
            select(
                form,
                OutboxTable.kind,
                func.count(),
                func.coalesce(func.sum(OutboxTable.parts), 0),
                func.coalesce(func.sum(OutboxTable.cost_rp), 0),
                func.count() - func.count(OutboxTable.cost_rp),
            )
            .where(OutboxTable.sent_at >= start, OutboxTable.sent_at < end)
            .group_by(form, OutboxTable.kind)
            .order_by(form, OutboxTable.kind)
        )
        return [CostLine(row[0], row[1], *(int(figure or 0) for figure in row[2:])) for row in self._s.execute(lines)]
