"""What the simulator needs of the application that mounts it."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Protocol

import httpx

from sapa.settings import Settings

INBOUND_PATH = "/webhooks/twilio"
STATUS_PATH = "/webhooks/twilio/status"
TIMEOUT_S = 15  # as long as Twilio waits for a webhook


class Clock(Protocol):
    def now(self) -> datetime:
        """Simulated time, aware."""


class Host(Protocol):
    """The application, as far as the simulator uses it. Without `deps.store` the page knows no posyandu."""

    settings: Settings
    clock: Clock
    mailbox: Any  # SimulatorMailbox; the edge must not name the store
    deps: Any


def loopback(app: Host) -> httpx.AsyncClient:
    """The way to the edge, which is this very process: webhooks are called from outside, as a provider does."""
    host = app.settings.host
    host = "127.0.0.1" if host in ("0.0.0.0", "::") else f"[{host}]" if ":" in host else host
    base_url = f"http://{host}:{app.settings.port}"
    # A proxy of the environment must not come between two ends of one machine.
    return httpx.AsyncClient(base_url=base_url, timeout=TIMEOUT_S, trust_env=False)
