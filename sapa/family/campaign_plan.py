"""The messages of the campaigns for one family: made from its anchors, and looked at again when they go out."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sapa.family.campaigns import OWN_ANCHORS, SELF, Campaign, Campaigns, Message, Rank
from sapa.family.caps import CHECK, INVITATION, TIP, Draft, own_reader
from sapa.family.occasions import Anchor, anchors
from sapa.family.people import Family
from sapa.family.planned import FATHER, PlannedReminder, moment_on

# Namespace of the ids; changing it plans everything anew.
_IDS = uuid.UUID("c4b0a6f2-0d0c-4f7e-8a54-51c9a1c8c0de")
_RANKS = {Rank.REMINDER: INVITATION, Rank.CHECK: CHECK, Rank.TIP: TIP}


def campaign_drafts(
    family: Family,
    campaigns: Campaigns,
    history: Sequence[PlannedReminder],
    last_day: date,
    late_after: timedelta,
) -> list[Draft]:
    """What the campaigns have to say from today on, first days up to `last_day`, before the caps."""
    announced = _announced(history)
    return [
        draft
        for anchor in (anchors(family) if campaigns.all else ())
        for campaign, message in campaigns.by_anchor.get(anchor.kind, ())
        if anchor.kind not in OWN_ANCHORS
        and (draft := _Occasion(campaign, message, anchor, family, late_after).draft(last_day, announced)) is not None
    ]


def refresh_campaign(
    reminder: PlannedReminder, family: Family, campaigns: Campaigns, late_after: timedelta
) -> PlannedReminder | None:
    """The message as today's records and campaigns want it; None if its anchor is gone, moved, or no longer meant."""
    payload = reminder.payload
    found = campaigns.find(payload["campaign"], payload["message"])
    if found is None:
        return None
    on = date.fromisoformat(payload["date"])
    for anchor in anchors(family):
        same = (anchor.kind, anchor.key) == (payload["anchor"], payload["key"])
        if same and (anchor.worked_out or anchor.on == on):
            said = _Occasion(*found, replace(anchor, on=on), family, late_after).said_on(family.today)
            return said and _with_new_words(reminder, said)
    return None


def _with_new_words(reminder: PlannedReminder, said: PlannedReminder) -> PlannedReminder:
    """Id and time stay; a check still follows the reminder it was planned after."""
    payload = {**said.payload}
    if "invitation" in reminder.payload:
        payload["invitation"] = reminder.payload["invitation"]
    return replace(said, id=reminder.id, send_at=reminder.send_at, due_on=reminder.due_on, payload=payload)


def is_stale_campaign(reminder: PlannedReminder, now: datetime, tz: str, late_after: timedelta) -> bool:
    """A reminder is of use until its day; a tip or a check also grows stale `late_after` its own hour."""
    if now.astimezone(ZoneInfo(tz)).date() > date.fromisoformat(reminder.payload["until"]):
        return True
    return reminder.payload["rank"] != Rank.REMINDER and now - reminder.send_at > late_after


def collapse_campaigns(
    reminders: Iterable[PlannedReminder], others: Sequence[PlannedReminder]
) -> list[PlannedReminder]:
    """Of several due at once, one per anchor, the latest; and a tip only where nothing else is to be said.

    `others` are the messages of sessions and doses that are due at the same time.
    """
    latest: dict[tuple[str, ...], PlannedReminder] = {}
    for reminder in sorted(reminders, key=lambda r: (r.send_at, r.id)):
        payload = reminder.payload
        tip = payload["rank"] == Rank.TIP
        about = ("tip",) if tip else (payload["campaign"], payload["anchor"], payload["key"])
        latest[_ear(reminder), *about] = reminder
    busy = {_ear(reminder) for reminder in others}
    busy |= {_ear(r) for r in latest.values() if r.payload["rank"] != Rank.TIP}
    return [r for r in latest.values() if r.payload["rank"] != Rank.TIP or _ear(r) not in busy]


def _ear(reminder: PlannedReminder) -> str:
    """Who hears it, as far as the message itself tells: the caregiver and the mother are most often one."""
    return reminder.to if reminder.to == FATHER or reminder.to.startswith("contact:") else "home"


_Announced = Mapping[tuple[str, str, str], date]


def _announced(history: Iterable[PlannedReminder]) -> _Announced:
    """The date each anchor was last announced with: (campaign, anchor, key) -> date."""
    return {
        (p["campaign"], p["anchor"], p["key"]): date.fromisoformat(p["date"])
        for p in (r.payload for r in sorted(history, key=lambda r: r.send_at) if r.from_campaign)
        if p["rank"] == Rank.REMINDER
    }


@dataclass(frozen=True)
class _Occasion:
    """One message of a campaign about one anchor of one family."""

    campaign: Campaign
    message: Message
    anchor: Anchor
    family: Family
    late_after: timedelta

    def draft(self, last_day: date, announced: _Announced) -> Draft | None:
        """None where it is not meant, has nobody to go to, or its days have gone by."""
        here, message = self._as_announced(announced), self.message
        try:
            first = here.target
        except (ValueError, OverflowError):
            return None
        last = first + timedelta(days=message.slack_days)
        if first > last_day or last < here.family.today - timedelta(days=1) or here._over(first):
            return None
        planned = here.said_on(first)
        if planned is None:
            return None
        return Draft(
            rank=_RANKS[message.rank],
            first=planned,
            last_day=last,
            on=lambda day: here.said_on(day) or planned,
            follows=here._followed(),
            covered_by=message.covered_by,
        )

    def said_on(self, day: date) -> PlannedReminder | None:
        """The message as it goes out on `day`; None where the facts of that day are not those it is meant for."""
        campaign, message, anchor, family = self.campaign, self.message, self.anchor, self.family
        to = own_reader(anchor.contact_id, family) if message.to == SELF else message.to
        # Words about tomorrow must not be said today only because of the quiet hours: then rather earlier.
        bound = anchor.on - timedelta(days=1) if self.target < anchor.on else None
        send_at = moment_on(day, message.hour, bound, family)
        facts = {**anchor.facts, **anchor.facts_on(send_at.date())}
        if to is None or not message.applies(facts):
            return None
        checks = message.rank is Rank.CHECK
        return PlannedReminder(
            id=self._id(message),
            send_at=send_at,
            event=f"{anchor.kind}_check" if checks else anchor.kind,
            due_on=anchor.on if checks or self._announces else self.target,
            content=message.content,
            subjects=anchor.subjects,
            payload={
                **facts,
                "kind": "campaign",
                "campaign": campaign.id,
                "message": message.id,
                "anchor": anchor.kind,
                "key": anchor.key,
                "rank": message.rank.value,
                "date": anchor.on.isoformat(),
                "days": (anchor.on - send_at.date()).days,
                "until": self._until().isoformat(),
                "also": [],
            },
            to=to,
            topic=campaign.topic,
            purpose=campaign.purpose,
        )

    @property
    def target(self) -> date:
        """The day it is meant for."""
        return self.message.offset.after(self.anchor.on)

    @property
    def _announces(self) -> bool:
        """Whether it speaks of a day to come."""
        return self.message.rank is Rank.REMINDER and self.target <= self.anchor.on

    def _as_announced(self, announced: _Announced) -> _Occasion:
        """A check asks after the very day that was announced, wherever that day stands in today's records."""
        anchor = self.anchor
        told = announced.get((self.campaign.id, anchor.kind, anchor.key))
        if self.message.rank is Rank.CHECK and anchor.once and told is not None:
            return replace(self, anchor=replace(anchor, on=told))
        return self

    def _over(self, day: date) -> bool:
        last = self.anchor.last_day
        return last is not None and day > last and self.message.rank is not Rank.CHECK

    def _until(self) -> date:
        last = self.anchor.last_day
        if self._announces:
            return last or self.anchor.on
        late = self.target + timedelta(days=self.message.slack_days) + self.late_after
        return late if last is None or self.message.rank is Rank.CHECK else min(late, last)

    def _id(self, message: Message) -> str:
        parts = [self.campaign.id, message.id, self.anchor.key]
        return str(uuid.uuid5(_IDS, json.dumps(parts if self.anchor.once else [*parts, self.anchor.on.isoformat()])))

    def _followed(self) -> frozenset[str]:
        """Ids of the reminders a check comes after, whichever of them went out."""
        if self.message.rank is not Rank.CHECK:
            return frozenset()
        return frozenset(
            self._id(other)
            for other in self.campaign.messages
            if other.rank is Rank.REMINDER and other.anchor == self.message.anchor
        )
