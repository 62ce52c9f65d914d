"""What every use case is handed: the outside, already wired."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from sapa.family.campaigns import Campaigns
from sapa.services.ports import Content, Gateway, LanguageVerdict, Store
from sapa.services.records import InboundLimits


def _no_holiday(_: date) -> str | None:
    return None


@dataclass(frozen=True)
class Deps:
    """The outside as the use cases see it.

    `content_sids` maps a template name to the provider's id of the approved template; `templates_always` is true
    where there is no provider that would have to approve one (the simulator). `danger_chance` is the model's eye for
    danger (text -> 0..1), None where no model is at hand: then the words alone decide. `draw` makes a PNG of a kind of
    picture and the facts on it; pictures are fetched under `public_url`. `holiday` names the national holiday of a day.
    `prices` has what one message costs in rupiah by channel ("whatsapp": a template, "sms": a part); empty: not known.
    `person_pace`: between two messages to one person that nobody asked for. `settle`: how long a request without an
    answer may still arrive at the provider. `inbound_limits`: how fast one contact may write; None: as they please.
    """

    store: Store
    content: Content
    gateway: Gateway
    detect_language: Callable[[str], LanguageVerdict]
    bot_whatsapp: str
    default_timezone: str
    content_sids: Mapping[str, str] = field(default_factory=dict)
    templates_always: bool = False
    danger_chance: Callable[[str], float] | None = None
    draw: Callable[[str, Mapping[str, Any]], bytes] | None = None
    public_url: str = ""
    campaigns: Campaigns = Campaigns()
    holiday: Callable[[date], str | None] = _no_holiday
    prices: Mapping[str, int] = field(default_factory=dict)
    person_pace: timedelta = timedelta(0)
    settle: timedelta = timedelta(seconds=90)
    follow_up: timedelta = timedelta(hours=1)  # after what time a message nothing was heard of is asked about
    catch_up: timedelta = timedelta(minutes=5)  # how often the provider is asked for what the webhook missed
    inbound_limits: InboundLimits | None = None
