"""Small makers of test data."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sapa import settings
from sapa.messaging.states import Channel
from sapa.services.records import InboundForm

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)  # a Monday, 09:00 in Jakarta


def settings_for(database_url: str, folder: Path, **more: str) -> settings.Settings:
    """Settings of a test: a database, a folder of its own, the simulator, and what the test adds."""
    return settings.load(
        {"DATABASE_URL": database_url, "SAPA_VAR_DIR": str(folder), "SAPA_GATEWAY": "simulator", **more}
    )


_sids = itertools.count(1)


def inbound_form(body: str, sender: str = "+6281200000001", **more: Any) -> InboundForm:
    """A message as the webhook hands it on."""
    given: dict[str, Any] = {
        "provider_sid": f"SM{next(_sids):032x}",
        "channel": Channel.WHATSAPP,
        "from_address": sender,
        "to_address": "bot",
        "body": body,
        "phone": sender if sender.startswith("+") else None,
        **more,
    }
    return InboundForm(**given)
