"""Rasa's tracker store on SQLAlchemy 2, at the address our settings give."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from typing import Any

from rasa.core.tracker_store import SQLTrackerStore
from rasa.shared.core.events import Event, SessionStarted
from rasa.shared.core.trackers import DialogueStateTracker
from sqlalchemy import select
from sqlalchemy.engine import URL, make_url
from sqlalchemy.orm import Session

from sapa import settings

# On a tracker: how many of its events the database has. Whoever holds a contact's lock is the only one to add any.
_STORED = "_sapa_stored"


class SapaTrackerStore(SQLTrackerStore):  # type: ignore[misc]
    """Rasa builds its database address with a constructor that SQLAlchemy 2 no longer has.

    It also reads a dialogue through objects of every row and counts the rows again before it adds to them. Here the
    rows are read as they are, once a turn.
    """

    @staticmethod
    def get_db_url(*args: Any, **kwargs: Any) -> URL:
        """The address of the tracker database; what endpoints.yml might say is not used."""
        return make_url(settings.load().tracker_url)

    async def retrieve(self, sender_id: str) -> DialogueStateTracker | None:
        """The latest session of a dialogue; None if there is none."""
        event = self.SQLEvent
        asked = select(event.type_name, event.timestamp, event.data).where(event.sender_id == sender_id)
        with self.session_scope() as session:
            rows = session.execute(asked.order_by(event.id)).all()
        if not rows or not self.domain:
            return None
        started = max((row.timestamp for row in rows if row.type_name == SessionStarted.type_name), default=None)
        kept = [json.loads(row.data) for row in rows if started is None or row.timestamp >= started]
        tracker = DialogueStateTracker.from_dict(sender_id, kept, self.domain.slots)
        setattr(tracker, _STORED, len(kept))
        return tracker

    async def save(self, tracker: DialogueStateTracker) -> None:
        """Add what is new of a dialogue, in one transaction."""
        await super().save(tracker)
        setattr(tracker, _STORED, len(tracker.events))

    def _additional_events(self, session: Session, tracker: DialogueStateTracker) -> Iterator[Event]:
        stored = getattr(tracker, _STORED, None)
        if stored is None:  # not read here: made anew, or a copy
            found: Iterator[Event] = super()._additional_events(session, tracker)
            return found
        return itertools.islice(tracker.events, stored, len(tracker.events))
