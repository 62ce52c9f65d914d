"""Every message as sample families would get it, ready to be laid out as one page: `sapa content preview`.

The sample families, and the values of variables that only a conversation would give, stand in content/preview.yml;
how the page looks stands in content/preview.html.j2. Texts go through the same fitting to a family as in the running
system, and reminders come from the planner itself, so what is reviewed is what is sent. Answers are shown for one list
of families, the campaigns' messages for another: few families tell all answers apart, many are needed to get every
message.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

import yaml

from sapa.family.people import Family
from sapa.family.plan import PlannedReminder, plan
from sapa.messaging.sms import sms_parts
from sapa.messaging.states import Channel, Kind
from sapa.services.deps import Deps
from sapa.services.family_file import FamilyFileError, load_family
from sapa.services.ports import ContentHead
from sapa.services.records import Reply
from sapa.services.replies import reply_facts

PAGE = "preview.html.j2"
_SESSIONS_AHEAD = 150  # days
# Facts of a visit that make its text another one; the date does not.
_KINDS_OF_VISIT = ("visits", "by", "ultrasound", "from_bidan")


class PreviewError(ValueError):
    """The page cannot be made; the message says which sample or text is to be mended."""


@dataclass(frozen=True)
class SampleFamily:
    """A family to try texts on. `facts` are what texts may know besides the records, such as whether she breastfeeds.

    days_ahead: how far its reminders are looked up.
    """

    name: str
    note: str
    family: Family
    facts: Mapping[str, Any] = field(default_factory=dict)
    days_ahead: int = _SESSIONS_AHEAD


@dataclass(frozen=True)
class Case:
    """Values for a text's own variables; `when` says in a few words which turn of the conversation this is.

    families: names of those it is shown for, where it fits only some; empty: all.
    """

    when: str | None
    values: Mapping[str, Any]
    families: tuple[str, ...] = ()


@dataclass(frozen=True)
class Samples:
    """content/preview.yml, read for one day. `names` are the words the page uses for folders, kinds and so on.

    families: those every answer is fitted to; reminded: those the campaigns' messages are shown for; values: of
    variables wherever they are used, by_folder: of those of one folder alone.
    """

    families: tuple[SampleFamily, ...]
    reminded: tuple[SampleFamily, ...]
    values: Mapping[str, Any]
    by_folder: Mapping[str, Mapping[str, Any]]
    cases: Mapping[str, tuple[Case, ...]]
    names: Mapping[str, Mapping[str, str]]

    def told(self, content_id: str, case: Case) -> dict[str, Any]:
        """The values of a text's own variables in one turn."""
        return {**self.values, **self.by_folder.get(content_id.rpartition("/")[0], {}), **case.values}


@dataclass(frozen=True)
class Line:
    """A line of a message; `new` if the message as first shown does not have it."""

    text: str
    new: bool


@dataclass(frozen=True)
class Bubble:
    """A message on one channel. `parts` is what the network bills for an SMS; `same`: as first shown, to the letter."""

    text: str
    lines: tuple[Line, ...]
    parts: int
    buttons: tuple[str, ...]
    same: bool


@dataclass(frozen=True)
class Variant:
    """A message as some families get it; `sent_at` for what goes out unasked."""

    families: tuple[str, ...]
    when: str | None
    sent_at: datetime | None
    whatsapp: Bubble
    sms: Bubble


@dataclass(frozen=True)
class Entry:
    """One text with everything that is said by it."""

    number: int
    head: ContentHead
    overdue: bool
    variants: tuple[Variant, ...]


@dataclass(frozen=True)
class Folder:
    """The texts of one folder, in the order of their ids."""

    id: str
    name: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True)
class Source:
    """A line of the source list: what an id in a head stands for and where it was seen."""

    id: str
    title: str


@dataclass(frozen=True)
class Preview:
    """The whole page as data."""

    today: date
    folders: tuple[Folder, ...]
    families: tuple[SampleFamily, ...]
    reminded: tuple[SampleFamily, ...]
    sources: tuple[Source, ...]
    names: Mapping[str, Mapping[str, str]]

    @property
    def entries(self) -> tuple[Entry, ...]:
        return tuple(entry for folder in self.folders for entry in folder.entries)

    @property
    def variants(self) -> int:
        """How many versions of messages the page shows."""
        return sum(len(entry.variants) for entry in self.entries)


def preview(deps: Deps, samples: Samples, source_list: str, today: date) -> Preview:
    """Every text for every sample family; families that read the same share a version. Raises PreviewError."""
    heads = [deps.content.get(content_id) for content_id in deps.content.ids()]
    reminders = _reminders(deps, samples)
    by_folder: dict[str, list[ContentHead]] = {name: [] for name in samples.names["folders"]}
    for head in heads:
        by_folder.setdefault(_section(head.id, by_folder), []).append(head)
    folders, number = [], 0
    for name, inside in by_folder.items():
        entries = []
        for head in inside:
            number += 1
            variants = tuple(_variants(deps, head, samples, reminders))
            entries.append(Entry(number, head, today > head.review_by, variants))
        if entries:
            folders.append(Folder(name, samples.names["folders"].get(name, name), tuple(entries)))
    used = {source for head in heads for source in head.sources}
    return Preview(
        today,
        tuple(folders),
        samples.families,
        samples.reminded,
        tuple(_sources(source_list, used)),
        samples.names,
    )


def _section(content_id: str, named: Container[str]) -> str:
    """The part of the page a text stands in: the nearest folder with a name of its own, else its first."""
    folder = content_id.rpartition("/")[0]
    while "/" in folder and folder not in named:
        folder = folder.rpartition("/")[0]
    return folder


def page(deps: Deps, shown: Preview) -> str:
    """The page as HTML that needs nothing else. Raises PreviewError."""
    try:
        return deps.content.page(PAGE, preview=shown)
    except ValueError as error:
        raise PreviewError(str(error)) from error


# ---------------------------------------------------------------------------------------------------- versions


@dataclass(frozen=True)
class _Turn:
    """One occasion on which a text is said to a sample family."""

    to: SampleFamily
    reply: Reply
    when: str | None = None
    sent_at: datetime | None = None

    @property
    def family(self) -> Family:
        return replace(self.to.family, now=self.sent_at) if self.sent_at else self.to.family


_Said = tuple[str | None, str, tuple[str, ...], str]  # when, WhatsApp text, buttons, SMS text


def _variants(
    deps: Deps, head: ContentHead, samples: Samples, reminders: Mapping[str, Sequence[_Turn]]
) -> Iterator[Variant]:
    groups: dict[_Said, list[_Turn]] = {}
    for turn in _turns(head, samples, reminders):
        groups.setdefault(_say(deps, head, turn), []).append(turn)
    first: _Said | None = None
    for said, turns in groups.items():
        when, whatsapp, buttons, sms = said
        yield Variant(
            families=tuple(dict.fromkeys(turn.to.name for turn in turns)),
            when=when,
            sent_at=turns[0].sent_at,
            whatsapp=_bubble(whatsapp, first[1] if first else None, buttons),
            sms=_bubble(sms, first[3] if first else None),
        )
        # Reminders have no plain version to compare with: each is shown whole.
        first = first or (said if head.kind != Kind.REMINDER else None)


def _turns(head: ContentHead, samples: Samples, reminders: Mapping[str, Sequence[_Turn]]) -> Iterator[_Turn]:
    if head.kind == Kind.REMINDER and head.id not in samples.cases:
        yield from reminders.get(head.id, ())
        return
    for case in samples.cases.get(head.id, (Case(None, {}),)):
        for sample in samples.families:
            if not case.families or sample.name in case.families:
                yield _Turn(sample, Reply(head.id, samples.told(head.id, case)), case.when)


def _say(deps: Deps, head: ContentHead, turn: _Turn) -> _Said:
    facts = reply_facts(deps, turn.reply, turn.family, turn.to.facts)
    try:
        whatsapp, sms = (deps.content.draft(head.id, on.value, turn.family.today, **facts) for on in Channel)
    except ValueError as error:
        raise PreviewError(f"{error} (for: {turn.to.name}; sample values stand in content/preview.yml)") from error
    return turn.when, whatsapp.text, tuple(button["title"] for button in whatsapp.buttons), sms.text


def _bubble(text: str, first: str | None, buttons: tuple[str, ...] = ()) -> Bubble:
    known = None if first is None else set(first.splitlines())
    lines = tuple(Line(line, known is not None and bool(line) and line not in known) for line in text.splitlines())
    return Bubble(text, lines, sms_parts(text), buttons, text == first)


def _reminders(deps: Deps, samples: Samples) -> dict[str, list[_Turn]]:
    """One reminder of each kind in each family's own plan: posyandu and vaccines, and those of the campaigns."""
    found: dict[str, list[_Turn]] = {}
    for families, of_campaigns in ((samples.families, False), (samples.reminded, True)):
        for sample in families:
            until = sample.family.today + timedelta(days=sample.days_ahead)
            planned = plan(sample.family, until=until, campaigns=deps.campaigns)
            for reminder in _one_of_each(planned, of_campaigns=of_campaigns):
                reply = Reply(reminder.content, reminder.payload)
                reader = samples.names["readers"].get(reminder.to.partition(":")[0]) if of_campaigns else None
                found.setdefault(reminder.content, []).append(_Turn(sample, reply, reader, reminder.send_at))
    return found


def _one_of_each(planned: Iterable[PlannedReminder], *, of_campaigns: bool) -> Iterator[PlannedReminder]:
    """The first reminder of each text; of a campaign's the first of each message and of each kind of visit."""
    seen = set()
    for reminder in planned:
        about = [str(reminder.payload.get(fact)) for fact in ("message", *_KINDS_OF_VISIT)] if of_campaigns else []
        kind = (reminder.content, reminder.to, *about)
        if reminder.from_campaign is of_campaigns and kind not in seen:
            seen.add(kind)
            yield reminder


# ---------------------------------------------------------------------------------------------------- reading


def read_samples(text: str, now: datetime, timezone: str) -> Samples:
    """content/preview.yml, its days counted from `now` (aware). Raises PreviewError."""
    try:
        read = yaml.safe_load(text)
        days = _Days(Family(now=now, timezone=timezone).today)
        known = {entry["name"] for entry in read["families"]}
        return Samples(
            families=tuple(_sample(entry, days, now, timezone) for entry in read["families"]),
            reminded=tuple(_sample(entry, days, now, timezone) for entry in read["reminded"]),
            values=days.in_value(read["values"]),
            by_folder=days.in_value(read["by_folder"]),
            cases={
                content_id: tuple(_cases(content_id, entries, days, known))
                for content_id, entries in read["cases"].items()
            },
            names=read["names"],
        )
    except (yaml.YAMLError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise PreviewError(f"content/preview.yml: not readable: {error}") from error


def _cases(content_id: str, entries: Sequence[Mapping[str, Any]], days: _Days, known: Container[str]) -> Iterator[Case]:
    for entry in entries:
        families = tuple(entry.get("for", ()))
        unknown = [name for name in families if name not in known]
        if unknown:
            raise ValueError(f"{content_id}: no sample family is called {unknown[0]}")
        yield Case(entry.get("when"), days.in_value(entry["with"]), families)


def _sample(entry: Mapping[str, Any], days: _Days, now: datetime, timezone: str) -> SampleFamily:
    """A family as in a FAMILY.yml, with its days counted; it may not say what time it is."""
    household = {"timezone": timezone, **days.in_value(entry.get("family", {}))}
    household["children"] = [_child(child, days) for child in household.get("children", ())]
    if household.get("posyandu"):
        household["posyandu"] = _posyandu(household["posyandu"], days)
    try:
        family = load_family(yaml.safe_dump(household), now=now).family
    except FamilyFileError as error:
        raise ValueError(f"{entry['name']}: {error}") from error
    ahead = int(entry.get("days_ahead", _SESSIONS_AHEAD))
    return SampleFamily(entry["name"], entry["note"], family, entry.get("facts", {}), ahead)


def _child(entry: Mapping[str, Any], days: _Days) -> dict[str, Any]:
    """`age_days` in place of birth_date; the day of a dose is the child's age then."""
    told = {key: value for key, value in entry.items() if key != "age_days"}
    doses = {dose: days.ahead(age - entry["age_days"]) for dose, age in entry.get("doses", {}).items()}
    return {**told, "id": entry["name"], "birth_date": days.ahead(-entry["age_days"]), "doses": doses}


def _posyandu(entry: Mapping[str, Any], days: _Days) -> dict[str, Any]:
    """`sessions_in_days`, `time` and `place` in place of the sessions."""
    told = {key: value for key, value in entry.items() if key not in ("sessions_in_days", "time", "place")}
    sessions = [
        {"date": days.ahead(ahead), "time": entry["time"], "place": entry["place"]}
        for ahead in entry["sessions_in_days"]
    ]
    return {**told, "sessions": sessions}


class _Days:
    """Days in sample values are counted from the day of the page: "today", "today+10", "today-240"."""

    _NOTATION = re.compile(r"today(?P<away>[+-]\d+)?")

    def __init__(self, today: date) -> None:
        self._today = today

    def ahead(self, days: int) -> str:
        """The day so many days from the day of the page, as an ISO date."""
        return (self._today + timedelta(days=days)).isoformat()

    def in_value(self, value: Any) -> Any:
        """`value` with every such day, however deep, as an ISO date."""
        if isinstance(value, dict):
            return {key: self.in_value(inside) for key, inside in value.items()}
        if isinstance(value, list):
            return [self.in_value(inside) for inside in value]
        found = self._NOTATION.fullmatch(value) if isinstance(value, str) else None
        return self.ahead(int(found["away"] or 0)) if found else value


def _sources(source_list: str, used: set[str]) -> Iterator[Source]:
    """The ids in use, sorted, with what the tables of content/facts/README.md say of them (nothing: an empty title)."""
    rows = [
        [cell.strip() for cell in line.strip(" |").split("|")]
        for line in source_list.splitlines()
        if line.startswith("| ")
    ]
    told = {name: " · ".join(cells) for first, *cells in rows for name in re.findall(r"[A-Z0-9][A-Z0-9-]+", first)}
    for source in sorted(used):
        yield Source(source, told.get(source, ""))
