"""A planned message, and the moment of a day it may go out at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from sapa.family.people import Family
from sapa.messaging.quiet_hours import local_moment, next_allowed, previous_allowed

# Who a message is for. A reader may also be "contact:<id>": what is one person's own goes to that person alone.
CAREGIVER, MOTHER, FATHER = "caregiver", "mother", "father"


@dataclass(frozen=True)
class PlannedReminder:
    """One message to come.

    `payload` is plain JSON, all its keys are always there:
    - a session: kind "session", posyandu, date (ISO), time ("08:00"), place, facility (name or None),
      children [{name, doses [ids], vitamin_a "biru"|"merah"|None, deworming}];
    - a dose, a check of doses: kind "dose", date, facility, children [{name, doses}];
    - besides: days (between the message and `date`), vaccine_profile, also (further things of the same
      message, later than `date`, in the same shapes) and, in a check, invitation (id of the reminder it follows);
    - a message of a campaign: kind "campaign", campaign, message, anchor, key, rank, date (of the anchor), days (from
      the message to `date`, negative when it has gone by), until (the last day on which it may be said), also (always
      empty), the facts of its anchor and, in a check, invitation.
    """

    id: str  # the same things on the same days give the same id
    send_at: datetime  # aware, with the family's offset
    event: str  # SESSION, DOSE or DOSE_CHECK; of a campaign the kind of its anchor, with "_check" for a check
    due_on: date  # the day it is about, the earliest one if it is about several
    content: str  # content id
    subjects: tuple[str, ...]  # what it is about: names of children, ids of visits
    payload: Mapping[str, Any] = field(hash=False)
    to: str = CAREGIVER  # CAREGIVER, MOTHER, FATHER or "contact:<id>"
    topic: str = "posyandu"  # what a family can stop on its own
    purpose: str = "child_care"  # the consent it stands on

    @property
    def from_campaign(self) -> bool:
        """Whether a campaign asked for it; the others come from sessions and doses."""
        return bool(self.payload.get("kind") == "campaign")


def moment_on(day: date, at: time, last_day: date | None, family: Family) -> datetime:
    """The hour `at` of `day`, local; out of the quiet hours forwards if that ends by `last_day`, else backwards."""
    tz, quiet = family.timezone, family.quiet_hours
    zone = ZoneInfo(tz)
    wanted = local_moment(day, at, tz)
    later = next_allowed(wanted, tz, quiet).astimezone(zone)
    if last_day is None or later.date() <= last_day:
        return later
    return previous_allowed(wanted, tz, quiet).astimezone(zone)
