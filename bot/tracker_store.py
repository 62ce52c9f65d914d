"""Rasa's tracker store on SQLAlchemy 2, at the address our settings give."""

from __future__ import annotations

from typing import Any

from rasa.core.tracker_store import SQLTrackerStore
from sqlalchemy.engine import URL, make_url

from sapa import settings


class SapaTrackerStore(SQLTrackerStore):  # type: ignore[misc]
    """Rasa builds its database address with a constructor that SQLAlchemy 2 no longer has."""

    @staticmethod
    def get_db_url(*args: Any, **kwargs: Any) -> URL:
        """The address of the tracker database; what endpoints.yml might say is not used."""
        return make_url(settings.load().tracker_url)
