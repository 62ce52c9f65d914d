"""Small makers of test data."""

from __future__ import annotations

import functools
import itertools
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from sapa import bootstrap, settings
from sapa.bootstrap import App, Clock
from sapa.content import ContentLibrary
from sapa.family.campaigns import Campaigns
from sapa.messaging.states import Channel
from sapa.services.records import InboundForm
from sapa.store.crypt import KeyRing, attach
from sapa.store.engine import open_engine

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)  # a Monday, 09:00 in Jakarta


# The data key of every test, and of every process a test starts.
TEST_KEY = "c2VjcmV0cyBvZiB0ZXN0cyBhcmUgbm8gc2VjcmV0ISE="
TEST_RING = KeyRing([TEST_KEY])


def opened(url: str) -> Engine:
    """An engine with the tests' data key."""
    engine = open_engine(url)
    attach(engine, TEST_RING)
    return engine


def settings_for(database_url: str, folder: Path, **more: str) -> settings.Settings:
    """Settings of a test: a database, a folder of its own, the simulator, and what the test adds."""
    return settings.load(
        {
            "DATABASE_URL": database_url,
            "SAPA_VAR_DIR": str(folder),
            "SAPA_GATEWAY": "simulator",
            "SAPA_DATA_KEYS": TEST_KEY,
            **more,
        }
    )


@functools.cache
def texts_of(content_dir: Path) -> tuple[ContentLibrary, Campaigns]:
    """Texts and campaigns of a folder no test changes, read once a process."""
    return bootstrap.texts(content_dir)


def wired(config: settings.Settings, engine: Engine, clock: Clock | None = None) -> App:
    """An application on the project's own texts, without looking whether their files changed since the last one."""
    return bootstrap.wire(config, engine, clock, texts_of(config.content_dir))


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
