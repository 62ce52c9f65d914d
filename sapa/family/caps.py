"""Who gets how much: one message a day and eight a month for each reader.

Messages are given their days one after another, the most needed first: invitations and reminders, then the eves of
sessions, then checks, tips last. A message takes the first of its days that is free for all its readers, and nothing
moves it afterwards. So a later plan, which finds the earlier one's messages already sent, comes to the same days.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sapa.family.people import Family
from sapa.family.planned import CAREGIVER, FATHER, MOTHER, PlannedReminder

# A smaller number is served first; what a full month has no room for are therefore the larger ones.
INVITATION, EVE, CHECK, TIP = range(4)

_MOTHERS = ("ibu", "calon_istri")
_FATHERS = ("ayah", "calon_suami")
_CONTACT = "contact:"
_NOBODY_KNOWN = "caregiver"  # the one reader of a family of which no members are told


@dataclass(frozen=True)
class Draft:
    """A message with the days it may go out on, each by the family's calendar.

    `first` is the message as it goes on its first day, `on` makes it for a later one. A check `follows` the reminders
    of these ids: one of them must have gone out. `covered_by`: see sapa.family.campaigns.Message.
    """

    rank: int
    first: PlannedReminder
    last_day: date
    on: Callable[[date], PlannedReminder]
    follows: frozenset[str] = frozenset()
    covered_by: frozenset[str] = frozenset()

    def options(self) -> Iterator[PlannedReminder]:
        """The message on its first day, and on each later day it may go out on."""
        yield self.first
        day = self.first.send_at.date() + timedelta(days=1)
        while day <= self.last_day:
            option = self.on(day)
            if option.send_at > self.first.send_at and option.send_at.date() <= self.last_day:
                yield option
            day += timedelta(days=1)

    def order(self) -> tuple[Any, ...]:
        """Who is served first: by need, then those who cannot move, then by time."""
        return self.rank, self.last_day > self.first.send_at.date(), self.first.send_at, self.first.id


class Readers:
    """The persons behind "caregiver", "mother" and "father", as far as the records tell."""

    def __init__(self, family: Family) -> None:
        members = family.members
        every = [member.contact_id for member in members if member.every_reminder]
        first = [member.contact_id for member in members[:1]] or [_NOBODY_KNOWN]
        caregivers = tuple(dict.fromkeys([*first, *every]))
        mothers = [member.contact_id for member in members if member.relation in _MOTHERS]
        fathers = [member.contact_id for member in members if member.relation in _FATHERS]
        self._of: Mapping[str, tuple[str, ...]] = {
            CAREGIVER: caregivers,
            # A mother without a phone of her own is reached through who writes for her.
            MOTHER: tuple(mothers[:1]) or tuple(first),
            FATHER: tuple(fathers[:1]),
        }

    def of(self, to: str) -> tuple[str, ...]:
        """Ids of those who get a message for `to`; empty where there is nobody."""
        return (to.removeprefix(_CONTACT),) if to.startswith(_CONTACT) else self._of[to]


def own_reader(contact_id: str, family: Family) -> str | None:
    """Whom a message about one person's own affairs goes to: that contact, never somebody else of the household."""
    if contact_id:
        return _CONTACT + contact_id
    # A family file tells of one person and names no contacts.
    return None if family.members else CAREGIVER


class Calendar:
    """Which days and months of which reader are taken. `reserved` days are left to eves as long as others are free."""

    def __init__(
        self,
        family: Family,
        history: Iterable[PlannedReminder],
        reserved: Iterable[date],
        *,
        max_per_day: int,
        max_per_month: int,
    ) -> None:
        self._zone = ZoneInfo(family.timezone)
        self._readers = Readers(family)
        self._max_per_day, self._max_per_month = max_per_day, max_per_month
        self._days: Counter[tuple[str, date]] = Counter()
        self._months: Counter[tuple[str, int, int]] = Counter()
        self._reserved = Counter((reader, day) for day in set(reserved) for reader in self._readers.of(CAREGIVER))
        for reminder in history:
            self.take(reminder)

    def day_of(self, reminder: PlannedReminder) -> date:
        """The local day on which it goes out."""
        return reminder.send_at.astimezone(self._zone).date()

    def take(self, reminder: PlannedReminder) -> None:
        """Count it for everybody who gets it."""
        day = self.day_of(reminder)
        for reader in self._readers.of(reminder.to):
            self._days[reader, day] += 1
            self._months[reader, day.year, day.month] += 1

    def has_readers(self, reminder: PlannedReminder) -> bool:
        """Whether there is anybody it could go to."""
        return bool(self._readers.of(reminder.to))

    def first_free(self, draft: Draft) -> PlannedReminder | None:
        """The message on the first of its days that has room; before an eve's place any other free day is taken."""
        free = [option for option in draft.options() if self._has_room(option, leave_eves=False)]
        if draft.rank < EVE:
            return next(
                (option for option in free if self._has_room(option, leave_eves=True)), free[0] if free else None
            )
        return free[0] if free else None

    def month_full(self, reminder: PlannedReminder) -> bool:
        """Whether one of its readers has had or will have enough in that month."""
        day = self.day_of(reminder)
        readers = self._readers.of(reminder.to)
        return any(self._months[reader, day.year, day.month] >= self._max_per_month for reader in readers)

    def _has_room(self, option: PlannedReminder, *, leave_eves: bool) -> bool:
        day = self.day_of(option)
        for reader in self._readers.of(option.to):
            taken = self._days[reader, day] + (self._reserved[reader, day] if leave_eves else 0)
            if taken >= self._max_per_day:
                return False
        return True


def place(
    drafts: Iterable[Draft], history: Sequence[PlannedReminder], calendar: Calendar, after: datetime, near_days: int
) -> tuple[PlannedReminder, ...]:
    """As many of the messages as the caps allow, each later than `after`, by time.

    `calendar` holds the history already. A message whose free day lies at or before `after` had its chance.
    """
    gone_out = {reminder.id: reminder.send_at for reminder in history}
    told = [(calendar.day_of(reminder), told_by(reminder)) for reminder in history]
    placed = []
    for draft in sorted(drafts, key=Draft.order):
        follows = sorted(draft.follows & gone_out.keys(), key=lambda followed: gone_out[followed])
        if draft.first.id in gone_out or (draft.follows and not follows):
            continue
        chosen = calendar.first_free(draft) if calendar.has_readers(draft.first) else None
        if chosen is None or chosen.send_at <= after or calendar.month_full(chosen):
            continue
        if draft.covered_by and _covered(draft, calendar.day_of(chosen), told, near_days):
            continue
        if follows:
            chosen = replace(chosen, payload={**chosen.payload, "invitation": follows[-1]})
        calendar.take(chosen)
        placed.append(chosen)
        gone_out[chosen.id] = chosen.send_at
        told.append((calendar.day_of(chosen), told_by(chosen)))
    return tuple(sorted(placed, key=lambda reminder: (reminder.send_at, reminder.id)))


def _covered(draft: Draft, day: date, told: Iterable[tuple[date, frozenset[str]]], near_days: int) -> bool:
    return any(abs((on - day).days) <= near_days and names & draft.covered_by for on, names in told)


def told_by(reminder: PlannedReminder) -> frozenset[str]:
    """What a reminder of sessions and doses names: dose ids, "vitamin_a", "deworming", "session"."""
    names: set[str] = set()
    if reminder.from_campaign:
        return frozenset()
    for entry in (reminder.payload, *reminder.payload["also"]):
        names |= {"session"} if entry["kind"] == "session" else set()
        for child in entry["children"]:
            names |= set(child["doses"])
            names |= {thing for thing in ("vitamin_a", "deworming") if child.get(thing)}
    return frozenset(names)
