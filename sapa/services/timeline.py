"""Every message a family would get, as rows and as a calendar to look at: `sapa timeline`.

Texts are fitted to the day they go out on: a child is as old in them, a pregnancy as far on, as it will be then.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from sapa.family.caps import Readers
from sapa.family.people import Family
from sapa.family.plan import plan
from sapa.family.planned import PlannedReminder
from sapa.messaging.states import Channel
from sapa.services.deps import Deps
from sapa.services.records import Reply
from sapa.services.replies import reply_facts

PAGE = "timeline.html.j2"
_WEEK = 7


@dataclass(frozen=True)
class TimelineRow:
    """One message with its words. `number` counts them from 1, by time."""

    number: int
    reminder: PlannedReminder
    channel: Channel
    kind: str
    subject: str
    text: str

    @property
    def day(self) -> date:
        """The family's date on which it goes out."""
        return self.reminder.send_at.date()

    def as_json(self) -> dict[str, Any]:
        """The keys of `sapa timeline --json` (design, section 4)."""
        return {
            "send_at": self.reminder.send_at.isoformat(),
            "channel": self.channel.value,
            "kind": self.kind,
            "subject": self.subject,
            "event": self.reminder.event,
            "due_on": self.reminder.due_on.isoformat(),
            "content": self.reminder.content,
            "text": self.text,
        }


def timeline(deps: Deps, family: Family, until: date, channel: Channel = Channel.WHATSAPP) -> tuple[TimelineRow, ...]:
    """The messages up to the local day `until`, by time, as today's records and campaigns have it.

    A text whose review falls due before then is shown all the same. Raises what `plan` raises.
    """
    planned = plan(family, until=until, campaigns=deps.campaigns)
    return tuple(_row(deps, family, number, reminder, channel) for number, reminder in enumerate(planned, start=1))


def _row(deps: Deps, family: Family, number: int, reminder: PlannedReminder, channel: Channel) -> TimelineRow:
    that_day = replace(family, now=reminder.send_at)
    facts = reply_facts(deps, Reply(reminder.content, reminder.payload), that_day)
    words = deps.content.draft(reminder.content, channel.value, that_day.today, **facts)
    subject = ", ".join(reminder.subjects)
    if not subject and not reminder.from_campaign and family.posyandu:
        subject = family.posyandu.name
    return TimelineRow(number, reminder, channel, str(words.kind), subject, words.text)


# ------------------------------------------------------------------------------------------------------ the calendar


@dataclass(frozen=True)
class CalendarDay:
    """One cell of a month; of a day of another month it is None."""

    on: date
    rows: tuple[TimelineRow, ...]


@dataclass(frozen=True)
class CalendarMonth:
    """A month as weeks from Monday to Sunday. most: how many messages its busiest reader gets."""

    first: date
    weeks: tuple[tuple[CalendarDay | None, ...], ...]
    rows: tuple[TimelineRow, ...]
    most: int


@dataclass(frozen=True)
class TimelineCalendar:
    """The whole page as data. `readers` only where messages go to more than one person."""

    family: Family
    until: date
    rows: tuple[TimelineRow, ...]
    months: tuple[CalendarMonth, ...]
    topics: tuple[str, ...]
    several_readers: bool


def calendar(family: Family, rows: Sequence[TimelineRow], until: date) -> TimelineCalendar:
    """The rows laid out by month, from the first month with a message (or this one) to the month of `until`."""
    first = min([family.today, *(row.day for row in rows)]).replace(day=1)
    readers = Readers(family)
    months = []
    while first <= until:
        following = (first + timedelta(days=31)).replace(day=1)
        months.append(_month(first, following, [row for row in rows if first <= row.day < following], readers))
        first = following
    topics = tuple(dict.fromkeys(row.reminder.topic for row in sorted(rows, key=lambda row: row.reminder.topic)))
    people = {readers.of(row.reminder.to) for row in rows}
    return TimelineCalendar(family, until, tuple(rows), tuple(months), topics, len(people) > 1)


def _month(first: date, following: date, rows: Sequence[TimelineRow], readers: Readers) -> CalendarMonth:
    days = [first + timedelta(days=n) for n in range((following - first).days)]
    cells: list[CalendarDay | None] = [None] * first.weekday()
    cells += [CalendarDay(day, tuple(row for row in rows if row.day == day)) for day in days]
    cells += [None] * (-len(cells) % _WEEK)
    weeks = tuple(tuple(cells[start : start + _WEEK]) for start in range(0, len(cells), _WEEK))
    counts = Counter(reader for row in rows for reader in readers.of(row.reminder.to))
    return CalendarMonth(first, weeks, tuple(rows), max(counts.values(), default=0))


def calendar_page(deps: Deps, shown: TimelineCalendar) -> str:
    """The calendar as one HTML file that needs nothing else. Raises ValueError if it cannot be made."""
    return deps.content.page(PAGE, calendar=shown)
