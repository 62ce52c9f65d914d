"""Messages of which nothing more was heard than that the provider took them."""

from __future__ import annotations

from datetime import datetime

from sapa.messaging.states import OutboxState
from sapa.services.records import OutboxMessage
from sapa.store.models import OutboxTable
from sapa.store.sending import _message, _with_people
from sapa.store.unit import Unit


class FollowUpQueries:
    """Part of a transaction: what was sent and stayed so."""

    _s: Unit

    def sent_unheard(self, after: datetime, until: datetime, limit: int) -> list[tuple[datetime, OutboxMessage]]:
        silent = (
            _with_people()
            .add_columns(OutboxTable.sent_at)
            .where(
                OutboxTable.state == OutboxState.SENT.value,
                OutboxTable.sent_at > after,
                OutboxTable.sent_at <= until,
                OutboxTable.provider_sid.is_not(None),
            )
            .order_by(OutboxTable.sent_at, OutboxTable.seq)
            .limit(limit)
        )
        return [(row.sent_at, _message(row)) for row in self._s.execute(silent)]
