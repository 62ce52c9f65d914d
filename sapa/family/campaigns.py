"""Campaigns as data: what is said how long before or after which day of a family's life, and to whom.

The files stand in content/id/campaigns and are read by sapa.services.campaigns. A message names an anchor (a day of the
family, see sapa.family.occasions), how far from it it goes out, and the text. Nothing here reads a file or a clock.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, time, timedelta
from enum import StrEnum
from functools import cached_property
from typing import Any

from sapa.family.calendar import add_months

DEFAULT_HOUR = time(16, 0)
KB_HOUR = time(8, 0)

SESSION_ANCHOR, DOSE_ANCHOR = "session", "dose"
# The messages of sessions and doses have their own rules; a campaign says when and in which words they go.
OWN_ANCHORS = frozenset({SESSION_ANCHOR, DOSE_ANCHOR})
KB_ANCHORS = frozenset({"kb_return", "kb_supply", "kb_check"})
ANCHORS = (
    frozenset(
        {"lmp", "edd", "anc_visit", "mother_birth", "child_birth", "kf_visit"}
        | {"wedding", "screening", "screening_gap", "td_due"}
    )
    | KB_ANCHORS
    | OWN_ANCHORS
)

TOPICS = ("posyandu", "hamil", "nifas", "anak", "catin", "kb", "ayah")
SELF = "self"
READERS = ("caregiver", "mother", "father", SELF)


class Rank(StrEnum):
    """What a full month loses first: tips, then checks; reminders last."""

    TIP = "tip"
    REMINDER = "reminder"
    CHECK = "check"  # asks after what its own campaign reminded of; goes only if that reminder went


@dataclass(frozen=True)
class Offset:
    """How far a message lies from its anchor: calendar months first, then whole days; negative = before."""

    days: int = 0
    weeks: int = 0
    months: int = 0

    def after(self, day: date) -> date:
        """The day that lies this far from `day`. Raises ValueError or OverflowError outside the calendar."""
        return add_months(day, self.months) + timedelta(days=self.days + 7 * self.weeks)


@dataclass(frozen=True)
class Message:
    """One message of a campaign. `id` is unique in it and never used again for something else."""

    id: str
    anchor: str
    offset: Offset
    content: str
    hour: time = DEFAULT_HOUR  # local
    slack_days: int = 0  # how many days later it may go if its day is taken
    rank: Rank = Rank.TIP
    to: str = "caregiver"
    when: Mapping[str, tuple[Any, ...]] = field(default_factory=dict, hash=False)  # fact -> values that are meant
    # It is left out where a reminder of these days names one of these: dose ids, "vitamin_a", "deworming", "session".
    covered_by: frozenset[str] = frozenset()

    def applies(self, facts: Mapping[str, Any]) -> bool:
        """Whether the anchor's facts are those the message is meant for; of a fact that is a list one is enough."""
        for name, wanted in self.when.items():
            has = facts.get(name)
            if not any(value in wanted for value in (has if isinstance(has, (list, tuple)) else (has,))):
                return False
        return True


@dataclass(frozen=True)
class Campaign:
    """One file of content/id/campaigns."""

    id: str
    title: str
    topic: str  # what a family can stop on its own
    purpose: str  # the consent it stands on
    messages: tuple[Message, ...]
    facts: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    reviewed_on: date | None = None
    review_by: date | None = None
    status: str = ""
    signed_off_by: str | None = None
    signed_off_on: date | None = None


@dataclass(frozen=True)
class Campaigns:
    """All campaigns there are, in the order of their names."""

    all: tuple[Campaign, ...] = ()

    @cached_property
    def by_anchor(self) -> Mapping[str, tuple[tuple[Campaign, Message], ...]]:
        """Each anchor's messages with their campaigns."""
        found: dict[str, list[tuple[Campaign, Message]]] = {}
        for campaign, message in self.messages():
            found.setdefault(message.anchor, []).append((campaign, message))
        return {anchor: tuple(rows) for anchor, rows in found.items()}

    def messages(self) -> Iterator[tuple[Campaign, Message]]:
        """Every message with its campaign."""
        return ((campaign, message) for campaign in self.all for message in campaign.messages)

    def find(self, campaign: str, message: str) -> tuple[Campaign, Message] | None:
        """A message by its two names; None if there is no such message (any more)."""
        return next((row for row in self.messages() if row[0].id == campaign and row[1].id == message), None)


NO_CAMPAIGNS = Campaigns()


def fingerprint(campaigns: Campaigns) -> str:
    """Changes whenever a plan may: another offset, hour, text, condition, reader. Titles and reviews do not count."""
    rows = [
        [campaign.id, campaign.topic, campaign.purpose, *_plain(message)] for campaign, message in campaigns.messages()
    ]
    return hashlib.sha256(json.dumps(rows, sort_keys=True, default=str).encode()).hexdigest()


def _plain(message: Message) -> list[Any]:
    offset = message.offset
    return [
        message.id,
        message.anchor,
        [offset.days, offset.weeks, offset.months],
        message.content,
        message.hour.isoformat(),
        message.slack_days,
        message.rank.value,
        message.to,
        {name: list(values) for name, values in message.when.items()},
        sorted(message.covered_by),
    ]
