"""Which messages a family gets, and when: posyandu days, vaccine doses, and what the campaigns have to say.

`plan` is a pure function of the facts as they are recorded. Each reminder has an id made of what it is about, so
planning again changes nothing unless the facts did. `refresh` looks at the facts once more when a reminder goes out,
`collapse` and `is_stale` deal with what an outage left behind. Rules: design, section 6. What a health worker may
change stands in content/id/campaigns; the caps and the ages of the programme in `data/plan_rules.json`.

How a plan comes about:
1. Things: every posyandu session ahead, with what each child gets there, and every dose that no session reaches.
2. Things within a few days of each other are one group, and one invitation three days before names them all. A session
   is named again on its eve. A dose without a session is asked after a week later, if the family was invited to it.
3. The campaigns' messages, counted from the family's other days (sapa.family.occasions, sapa.family.campaign_plan).
4. Quiet hours, then one message a day and eight a month for each reader (sapa.family.caps).
"""

from __future__ import annotations

import json
import uuid
from bisect import bisect_left
from calendar import monthrange
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from functools import cache, cached_property
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sapa.family.calendar import age_in_months
from sapa.family.campaign_plan import campaign_drafts, collapse_campaigns, is_stale_campaign, refresh_campaign
from sapa.family.campaigns import DOSE_ANCHOR, NO_CAMPAIGNS, SESSION_ANCHOR, Campaigns
from sapa.family.caps import CHECK, EVE, INVITATION, Calendar, Draft, place
from sapa.family.immunization import DoseForecast, forecast
from sapa.family.people import Child, Family, PosyanduSession
from sapa.family.planned import PlannedReminder, moment_on
from sapa.messaging.quiet_hours import local_moment

__all__ = ["PlanRules", "PlannedReminder", "collapse", "default_rules", "is_stale", "plan", "refresh"]

_RULES = Path(__file__).with_name("data") / "plan_rules.json"
_IDS = uuid.UUID("6f1c7a5e-3a52-4d0e-9a53-1d5f0b7d2c41")  # namespace of reminder ids; changing it plans everything anew

SESSION = "posyandu_session"
DOSE = "dose"
DOSE_CHECK = "dose_check"

# The messages of sessions and doses by their ids in the campaign file.
SLOTS: Mapping[str, Mapping[str, str]] = {
    SESSION_ANCHOR: {"undangan": "session", "besok": "session_eve"},
    DOSE_ANCHOR: {"imunisasi": "dose", "imunisasi-sudah": "dose_check"},
}


@dataclass(frozen=True)
class Slot:
    """When and in which words one kind of message goes out."""

    days: int  # after the day it is about; negative: before it
    at: time
    content: str
    slack_days: int  # of a check alone: an invitation may go on any day before its day


@dataclass(frozen=True)
class AgeRange:
    """Completed months of age, both ends included."""

    first: int
    last: int

    def holds(self, months: int) -> bool:
        """Whether a child of this many completed months is meant."""
        return self.first <= months <= self.last


@dataclass(frozen=True)
class PlanRules:
    """The default plan as data; days are whole local days."""

    session: Slot
    session_eve: Slot
    dose: Slot
    dose_check: Slot
    session_max_age_months: int  # completed months on the day of the session
    session_reach_days: int  # a session this long after a dose's earliest day still is "its" session
    merge_days: int
    max_per_day: int
    max_per_month: int
    late_after: timedelta
    vitamin_a_months: frozenset[int]  # calendar months, 1-12
    vitamin_a: tuple[tuple[AgeRange, str], ...]  # colour of the capsule by age
    deworming_months: frozenset[int]
    deworming_age: AgeRange


@cache
def default_rules() -> PlanRules:
    """The plan in `data/plan_rules.json`."""
    data = json.loads(_RULES.read_text(encoding="utf-8"))
    session, vitamin_a, deworming = data["session"], data["vitamin_a"], data["deworming"]
    slots = {name: Slot(**{**row, "at": time.fromisoformat(row["at"])}) for name, row in data["slots"].items()}
    return PlanRules(
        **slots,
        session_max_age_months=session["max_age_months"],
        session_reach_days=session["reach_days"],
        merge_days=data["merge_days"],
        max_per_day=data["max_per_day"],
        max_per_month=data["max_per_month"],
        late_after=timedelta(hours=data["late_after_hours"]),
        vitamin_a_months=frozenset(vitamin_a["months"]),
        vitamin_a=tuple((AgeRange(*row["age_months"]), row["capsule"]) for row in vitamin_a["capsules"]),
        deworming_months=frozenset(deworming["months"]),
        deworming_age=AgeRange(*deworming["age_months"]),
    )


def rules_with(campaigns: Campaigns, rules: PlanRules | None = None) -> PlanRules:
    """The rules with the days, hours and words that the campaigns give to sessions and doses."""
    rules = rules or default_rules()
    slots = {
        SLOTS[message.anchor][message.id]: Slot(
            message.offset.days + 7 * message.offset.weeks, message.hour, message.content, message.slack_days
        )
        for _, message in campaigns.messages()
        if message.anchor in SLOTS
    }
    return replace(rules, **slots) if slots else rules  # type: ignore[arg-type]


# ------------------------------------------------------------------------------------------------------ planning


def plan(
    family: Family,
    *,
    until: date,
    enrolled_at: datetime | None = None,
    sent: Iterable[PlannedReminder] = (),
    rules: PlanRules | None = None,
    campaigns: Campaigns = NO_CAMPAIGNS,
) -> tuple[PlannedReminder, ...]:
    """The messages that go out after `family.now` (and `enrolled_at`) up to the local day `until`, by time.

    `sent` are the reminders this family got already, at least those of the last two months; of campaigns all. They take
    their place under the caps, what they named is not announced again, and a check follows only what was announced.
    Without them every invitation that lies before `family.now` counts as never sent.

    Raises RecordError (sapa.family.immunization) when a child's record cannot be used, ValueError for naive datetimes.
    """
    rules = rules_with(campaigns, rules)
    history = tuple(sent)
    if family.now.tzinfo is None or (enrolled_at and enrolled_at.tzinfo is None):
        raise ValueError("the planner needs aware datetimes")
    after = max(family.now, enrolled_at or family.now)
    facts = _Facts(family, rules)
    # The caps look at whole months; a plan up to the middle of one must be the beginning of the longer plan.
    month_end = _month_end(until)
    horizon = month_end + timedelta(days=rules.merge_days - rules.session.days - rules.dose.days)
    things = [thing for thing in facts.things() if thing.on <= horizon]
    calendar = Calendar(
        family, history, facts.eve_days(), max_per_day=rules.max_per_day, max_per_month=rules.max_per_month
    )
    drafting = _Drafting(facts, after, calendar)
    invitations = drafting.invitations(_unannounced(things, history))
    own_history = [reminder for reminder in history if not reminder.from_campaign]
    drafts = [
        *drafting.eves(things),
        *invitations,
        *drafting.checks([*(draft.first for draft in invitations), *own_history]),
        *campaign_drafts(family, campaigns, history, month_end, rules.late_after),
    ]
    placed = place(drafts, history, calendar, after, rules.merge_days)
    return tuple(reminder for reminder in placed if reminder.send_at.date() <= until)


def _unannounced(things: Sequence[_Thing], history: Sequence[PlannedReminder]) -> list[_Thing]:
    told = {key for reminder in history for key in _named(reminder.payload)}
    return [thing for thing in things if not thing.keys() <= told]


@dataclass(frozen=True)
class _Thing:
    """Something on a day: a posyandu session, or the doses that no session reaches."""

    on: date
    entry: Mapping[str, Any]  # as in PlannedReminder.payload
    about: tuple[str, ...]  # stable keys of the posyandu and the children
    subjects: tuple[str, ...]

    @property
    def is_session(self) -> bool:
        return bool(self.entry["kind"] == "session")

    def keys(self) -> frozenset[tuple[str, ...]]:
        return _keys_of(self.entry)


def _keys_of(entry: Mapping[str, Any]) -> frozenset[tuple[str, ...]]:
    """What naming this entry tells a family: that there is a session that day, or that a child gets a dose then."""
    if entry["kind"] == "session":
        return frozenset({("session", entry["date"])})
    return frozenset(("dose", entry["date"], child["name"], d) for child in entry["children"] for d in child["doses"])


def _entries(payload: Mapping[str, Any]) -> tuple[Mapping[str, Any], ...]:
    return (payload, *payload["also"])


def _named(payload: Mapping[str, Any]) -> frozenset[tuple[str, ...]]:
    if payload["kind"] == "campaign":
        return frozenset()
    return frozenset(key for entry in _entries(payload) for key in _keys_of(entry))


_Gets = Callable[[DoseForecast, date], bool]  # whether a dose belongs to a day
_Told = AbstractSet[tuple[str, str]]  # names of children with ids of doses that the message names already


def _ids_of(child: Child, doses: Iterable[DoseForecast], day: date, gets: _Gets, told: _Told) -> list[str]:
    return [dose.dose for dose in doses if gets(dose, day) and (child.name, dose.dose) not in told]


class _Facts:
    """What is recorded of a family, as the planner asks for it. Nothing here depends on the order of the records."""

    def __init__(self, family: Family, rules: PlanRules) -> None:
        self.family = family
        self.rules = rules
        self.zone = ZoneInfo(family.timezone)
        self.today = family.today
        posyandu = family.posyandu
        self.facility = posyandu.facility.name if posyandu and posyandu.facility else None
        self.children = sorted(family.children, key=lambda child: (child.birth_date, child.name, child.id))
        all_sessions = sorted(posyandu.sessions, key=lambda s: (s.date, s.time, s.place, s.id)) if posyandu else []
        # One posyandu day is one thing to a family, however many rows tell of it: the earliest hour counts.
        self._by_day = {session.date: session for session in reversed(all_sessions)}
        self._first_of_month = {(day.year, day.month): day for day in sorted(self._by_day, reverse=True)}
        self._ahead = [day for day, session in sorted(self._by_day.items()) if self._starts_later(session)]

    @cached_property
    def open_doses(self) -> tuple[tuple[Child, tuple[DoseForecast, ...]], ...]:
        """Each child's doses that have a date to come: not done, and not a question for a health worker."""
        return tuple(
            (child, tuple(dose for dose in self._forecast(child) if dose.earliest is not None))
            for child in self.children
        )

    def _forecast(self, child: Child) -> tuple[DoseForecast, ...]:
        family = self.family
        return forecast(
            child,
            self.today,
            profile=family.vaccine_profile,
            je_region=family.je_region,
            province=family.province,
        )

    def things(self) -> list[_Thing]:
        """All that lies ahead, by day; on one day the session first."""
        sessions = (self.session_on(day, self._planned_at) for day in self._ahead)
        own_days = {d.earliest for _, doses in self.open_doses for d in doses if d.earliest and not self._reached(d)}
        alone = (self.doses_on(day, lambda dose, day: dose.earliest == day) for day in own_days)
        found = [thing for thing in (*sessions, *alone) if thing is not None]
        return sorted(found, key=lambda thing: (thing.on, not thing.is_session))

    def eve_days(self) -> list[date]:
        """The days on which eves of sessions go out, those of sessions gone by too: other messages leave them free."""
        eve, found = self.rules.session_eve, []
        for day in self._by_day:
            if any(child.birth_date <= day and self._comes(child, day) for child in self.children):
                before = day - timedelta(days=1)
                found.append(moment_on(day + timedelta(days=eve.days), eve.at, before, self.family).date())
        return found

    def things_again(self, payload: Mapping[str, Any]) -> list[_Thing]:
        """What is left, by today's records, of the things a message was to name; each dose is named once."""
        told: set[tuple[str, str]] = set()
        found = []
        for entry in _entries(payload):
            make = self.session_on if entry["kind"] == "session" else self.doses_on
            thing = make(date.fromisoformat(entry["date"]), self._possible_at, told)
            if thing is not None:
                found.append(thing)
                told |= {(child["name"], dose) for child in thing.entry["children"] for dose in child["doses"]}
        return found

    def session_on(self, day: date, gets: _Gets, told: _Told = frozenset()) -> _Thing | None:
        """The session on `day`; None if there is none ahead, or no child of the family is young enough for it."""
        session, posyandu = self._by_day.get(day), self.family.posyandu
        if session is None or posyandu is None or not self._starts_later(session):
            return None
        invited = [(child, doses) for child, doses in self.open_doses if self._comes(child, day)]
        if not invited:
            return None
        entry = {
            **self._place(posyandu.name, session),
            "children": [
                {
                    "name": child.name,
                    "doses": _ids_of(child, doses, day, gets, told),
                    **self._extras(child, day),
                }
                for child, doses in invited
            ],
        }
        return self._thing(day, entry, [child for child, _ in invited], posyandu.id or posyandu.name)

    def doses_on(self, day: date, gets: _Gets, told: _Told = frozenset()) -> _Thing | None:
        """The doses on `day` that no session reaches; None if there are none."""
        alone = [(child, [dose for dose in doses if not self._reached(dose)]) for child, doses in self.open_doses]
        named = [(child, ids) for child, doses in alone if (ids := _ids_of(child, doses, day, gets, told))]
        if not named:
            return None
        entry = {
            "kind": "dose",
            "date": day.isoformat(),
            "facility": self.facility,
            "children": [{"name": child.name, "doses": ids} for child, ids in named],
        }
        return self._thing(day, entry, [child for child, _ in named])

    def still_open(self, payload: Mapping[str, Any], on: date) -> list[dict[str, Any]]:
        """The children of a check with those of its doses that still have no date and could be had on the day `on`."""
        able = {
            (child.name, d.dose) for child, doses in self.open_doses for d in doses if d.earliest and d.earliest <= on
        }
        rows = [
            {"name": child["name"], "doses": [d for d in child["doses"] if (child["name"], d) in able]}
            for child in payload["children"]
        ]
        return [row for row in rows if row["doses"]]

    # --- which session a dose belongs to

    def _session_for(self, dose: DoseForecast) -> tuple[date, date] | None:
        """The first session on or after the day the dose can be had, and that day; None without such a session.

        A dose that could be had already can be had today, so an overdue one belongs to the next session.
        """
        if dose.earliest is None:
            return None
        able = max(dose.earliest, self.today)
        index = bisect_left(self._ahead, able)
        if index == len(self._ahead) or (dose.latest is not None and self._ahead[index] > dose.latest):
            return None
        return self._ahead[index], able

    def _reached(self, dose: DoseForecast) -> bool:
        """Whether the dose has its session soon enough; otherwise it goes by its own date."""
        found = self._session_for(dose)
        return found is not None and (found[0] - found[1]).days <= self.rules.session_reach_days

    def _planned_at(self, dose: DoseForecast, day: date) -> bool:
        found = self._session_for(dose)
        return found is not None and found[0] == day and self._reached(dose)

    def _possible_at(self, dose: DoseForecast, day: date) -> bool:
        """By today's records the dose can be had on `day`, and no session before that day would serve for it."""
        if dose.earliest is None or dose.earliest > day or (dose.latest is not None and day > dose.latest):
            return False
        found = self._session_for(dose)
        return found is None or found[0] >= day

    # --- what is said

    def _starts_later(self, session: PosyanduSession) -> bool:
        return local_moment(session.date, session.time, self.family.timezone) > self.family.now

    def _comes(self, child: Child, day: date) -> bool:
        return age_in_months(child.birth_date, day) <= self.rules.session_max_age_months

    def _extras(self, child: Child, day: date) -> dict[str, Any]:
        """Vitamin A and deworming: at the month's first session, by the age on that day (content/facts/anak.yml)."""
        rules, months = self.rules, age_in_months(child.birth_date, day)
        first = self._first_of_month[day.year, day.month] == day
        capsules = [colour for ages, colour in rules.vitamin_a if ages.holds(months)]
        return {
            "vitamin_a": capsules[0] if capsules and first and day.month in rules.vitamin_a_months else None,
            "deworming": first and day.month in rules.deworming_months and rules.deworming_age.holds(months),
        }

    def _place(self, posyandu: str, session: PosyanduSession) -> dict[str, Any]:
        return {
            "kind": "session",
            "posyandu": posyandu,
            "date": session.date.isoformat(),
            "time": session.time.strftime("%H:%M"),
            "place": session.place,
            "facility": self.facility,
        }

    def _thing(self, day: date, entry: Mapping[str, Any], children: Sequence[Child], *place: str) -> _Thing:
        keys = (child.id or f"{child.name}/{child.birth_date}" for child in children)
        return _Thing(day, entry, (*place, *keys), tuple(child.name for child in children))


# ------------------------------------------------------------------------------------------ messages before the caps


class _Drafting:
    """Makes the messages of sessions and doses, each for the first day it may go out on."""

    def __init__(self, facts: _Facts, after: datetime, calendar: Calendar) -> None:
        self._facts = facts
        self._rules = facts.rules
        self._after = after
        self._calendar = calendar  # with what has been sent, nothing else yet

    def invitations(self, things: Sequence[_Thing]) -> list[Draft]:
        """One message per group of things that lie close together, counted from the earliest."""
        drafts: list[Draft] = []
        rest = list(things)
        while rest:
            last = rest[0].on + timedelta(days=self._rules.merge_days)
            group = [thing for thing in rest if thing.on <= last]
            draft = self._message(group, self._rules.session if group[0].is_session else self._rules.dose, INVITATION)
            # Too late to invite to the first: the others may still get an invitation of their own.
            in_time = self._still_has_a_chance(draft)
            rest = rest[len(group) :] if in_time else rest[1:]
            drafts += [draft] if in_time else []
        return drafts

    def eves(self, things: Iterable[_Thing]) -> list[Draft]:
        """One message on the eve of each session."""
        return [self._message([thing], self._rules.session_eve, EVE) for thing in things if thing.is_session]

    def checks(self, invitations: Iterable[PlannedReminder]) -> list[Draft]:
        """One question per invitation that named doses without a session, a week after the last of those days."""
        return [draft for invitation in invitations if (draft := self._check(invitation))]

    def _message(self, group: Sequence[_Thing], slot: Slot, rank: int) -> Draft:
        first = group[0]
        # An invitation that comes on the day itself comes too late to get up early for.
        last_day = first.on - timedelta(days=1)

        def on(day: date) -> PlannedReminder:
            send_at = moment_on(day, slot.at, last_day, self._facts.family)
            return PlannedReminder(
                id=_id(SESSION if first.is_session else DOSE, first.on, slot.days, first.about),
                send_at=send_at,
                event=SESSION if first.is_session else DOSE,
                due_on=first.on,
                content=slot.content,
                subjects=_subjects(group),
                payload=_payload(group, (first.on - send_at.date()).days, self._facts),
            )

        return Draft(rank, on(first.on + timedelta(days=slot.days)), last_day, on)

    def _check(self, invitation: PlannedReminder) -> Draft | None:
        slot = self._rules.dose_check
        doses = [entry for entry in _entries(invitation.payload) if entry["kind"] == "dose"]
        if invitation.event == DOSE_CHECK or not doses:
            return None
        due_on = max(date.fromisoformat(entry["date"]) for entry in doses)
        children = _merged(row for entry in doses for row in self._facts.still_open(entry, due_on))
        if not children:
            return None

        def on(day: date) -> PlannedReminder:
            send_at = moment_on(day, slot.at, None, self._facts.family)
            return PlannedReminder(
                id=_id(DOSE_CHECK, due_on, slot.days, (invitation.id,)),
                send_at=send_at,
                event=DOSE_CHECK,
                due_on=due_on,
                content=slot.content,
                subjects=tuple(child["name"] for child in children),
                payload={
                    "kind": "dose",
                    "date": due_on.isoformat(),
                    "facility": self._facts.facility,
                    "children": children,
                    "days": abs((due_on - send_at.date()).days),
                    "vaccine_profile": self._facts.family.vaccine_profile.value,
                    "also": [],
                    "invitation": invitation.id,
                },
            )

        first_day = due_on + timedelta(days=slot.days)
        return Draft(CHECK, on(first_day), first_day + timedelta(days=slot.slack_days), on, frozenset({invitation.id}))

    def _still_has_a_chance(self, draft: Draft) -> bool:
        """Whether its first day without another message lies ahead. A day that history has filled was no chance."""
        first = self._calendar.first_free(draft)
        return first is not None and first.send_at > self._after


def _id(event: str, due_on: date, offset_days: int, about: Iterable[str]) -> str:
    parts = [event, due_on.isoformat(), offset_days, *about]
    return str(uuid.uuid5(_IDS, json.dumps(parts)))


def _subjects(group: Iterable[_Thing]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for thing in group for name in thing.subjects))


def _payload(group: Sequence[_Thing], days: int, facts: _Facts) -> dict[str, Any]:
    return {
        **group[0].entry,
        "days": days,
        "vaccine_profile": facts.family.vaccine_profile.value,
        "also": [dict(thing.entry) for thing in group[1:]],
    }


def _merged(rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """One row per child, its doses together."""
    doses: dict[str, list[str]] = {}
    for row in rows:
        doses.setdefault(row["name"], []).extend(row["doses"])
    return [{"name": name, "doses": list(dict.fromkeys(ids))} for name, ids in doses.items()]


def _month_end(day: date) -> date:
    return day.replace(day=monthrange(day.year, day.month)[1])


# ---------------------------------------------------------------------------------------------------- at send time


def is_stale(reminder: PlannedReminder, now: datetime, tz: str, *, rules: PlanRules | None = None) -> bool:
    """Whether it is too late for this message: an invitation after its day, a check or a tip long after its hour."""
    late_after = (rules or default_rules()).late_after
    if reminder.from_campaign:
        return is_stale_campaign(reminder, now, tz, late_after)
    if now.astimezone(ZoneInfo(tz)).date() <= reminder.due_on:
        return False
    return reminder.event != DOSE_CHECK or now - reminder.send_at > late_after


def refresh(
    reminder: PlannedReminder,
    family: Family,
    *,
    rules: PlanRules | None = None,
    campaigns: Campaigns = NO_CAMPAIGNS,
) -> PlannedReminder | None:
    """The message as today's records want it, with the same id and the same day; None if nothing is left to say.

    What a child gets is everything that can be had on that day: a dose missed earlier is named too. Where the first
    thing of a message is gone and others are left, the first of these takes its place. A campaign's message goes as
    long as its anchor stands where it stood and the campaign still has it.
    """
    rules = rules_with(campaigns, rules)
    if is_stale(reminder, family.now, family.timezone, rules=rules):
        return None
    if reminder.from_campaign:
        return refresh_campaign(reminder, family, campaigns, rules.late_after)
    facts = _Facts(family, rules)
    return _check_again(reminder, facts) if reminder.event == DOSE_CHECK else _invite_again(reminder, facts)


def _check_again(reminder: PlannedReminder, facts: _Facts) -> PlannedReminder | None:
    children = facts.still_open(reminder.payload, reminder.due_on)
    if not children:
        return None
    days = (facts.today - reminder.due_on).days
    payload = {**reminder.payload, "children": children, "days": days, "facility": facts.facility}
    return replace(reminder, subjects=tuple(child["name"] for child in children), payload=payload)


def _invite_again(reminder: PlannedReminder, facts: _Facts) -> PlannedReminder | None:
    things = facts.things_again(reminder.payload)
    if not things:
        return None
    days = (things[0].on - facts.today).days
    return replace(
        reminder,
        event=SESSION if things[0].is_session else DOSE,
        content=_text_for(things[0], days, facts.rules),
        subjects=_subjects(things),
        payload=_payload(things, days, facts),
    )


def _text_for(thing: _Thing, days: int, rules: PlanRules) -> str:
    """A message may go out later than planned: the words follow the day it really goes."""
    if not thing.is_session:
        return rules.dose.content
    return rules.session_eve.content if days == -rules.session_eve.days else rules.session.content


def collapse(reminders: Iterable[PlannedReminder], *, rules: PlanRules | None = None) -> tuple[PlannedReminder, ...]:
    """Of several messages due to one family at once (after an outage), one per group of days, by time.

    The one nearest to its day is kept. But one that names doses without a session goes first: nothing else will
    name them. Of campaigns one per anchor, and a tip only where there is nothing else. Leave out what is stale before
    you ask.
    """
    merge = timedelta(days=(rules or default_rules()).merge_days)
    kept: list[PlannedReminder] = []
    due = sorted(reminders, key=lambda reminder: (reminder.due_on, reminder.send_at, reminder.id))
    everything = [reminder for reminder in due if not reminder.from_campaign]
    for checks in (False, True):
        rest = [reminder for reminder in everything if (reminder.event == DOSE_CHECK) is checks]
        while rest:
            group = [reminder for reminder in rest if reminder.due_on <= rest[0].due_on + merge]
            kept.append(min(group, key=_fewest_lost_then_nearest))
            rest = rest[len(group) :]
    kept += collapse_campaigns((reminder for reminder in due if reminder.from_campaign), kept)
    return tuple(sorted(kept, key=lambda reminder: (reminder.send_at, reminder.id)))


def _fewest_lost_then_nearest(reminder: PlannedReminder) -> tuple[int, int]:
    doses = sum(1 for key in _named(reminder.payload) if key[0] == "dose")
    return -doses, abs((reminder.due_on - reminder.send_at.date()).days)
