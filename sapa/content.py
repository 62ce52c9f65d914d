"""Every sentence a family reads: loads content/id, checks it, and makes it ready for one channel.

The only module that knows Jinja2. A content file is Markdown with a YAML head and two sections, `## whatsapp` and
`## sms`; its id is its path below content/id without `.md`. Where a text may begin a conversation it goes out in a
WhatsApp template, and a third section `## template` says what stands in its gaps, one `1: ...` after the other; with
a single gap the section may be missing, then the whole WhatsApp text stands in it. Everything that can be wrong with
a file is found when the library is loaded, not when a mother is waiting for an answer: a head key nobody knows, a
review date that is no date, a next question that does not exist, a variable name that nobody gives.

Names of months, doses and ages stand in content/id/kata/*.yml, shared passages in content/id/_bagian/*.md: there is
no Indonesian sentence in this file.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import date, datetime, time
from functools import partial
from pathlib import Path
from typing import Any, cast

import yaml
from jinja2 import (
    DictLoader,
    FileSystemLoader,
    StrictUndefined,
    TemplateError,
    Undefined,
    meta,
    nodes,
    pass_context,
)
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

from sapa.messaging.sms import gsm7_fold
from sapa.messaging.states import Channel, Kind
from sapa.messaging.templates import AUTHENTICATION, Template, fitted, whole_text
from sapa.sandbox import Room
from sapa.services.template_files import FOLDER, TemplateFileError, load_templates, use_faults

REVIEW_NOTICE = "dialog/perlu-ditinjau"  # sent in place of a clinical text whose review date has passed
NEXT_QUESTIONS = "_bagian/lanjutan"  # the numbered next questions below an answer
MAX_NEXT = 2
MAX_BUTTONS, MAX_BUTTON_TITLE = 3, 20  # WhatsApp's limits for quick replies inside the 24 h window

CONFIDENCES = ("verified-official", "verified-transcript", "verified-secondary", "general-knowledge")
STATUSES = ("belum disahkan", "disahkan")
_CLINICAL_KINDS = (Kind.ANSWER, Kind.REMINDER)
_UNASKED_KINDS = (Kind.REMINDER, Kind.BROADCAST)

_REQUIRED_KEYS = frozenset(
    {"id", "title", "kind", "audience", "facts", "sources", "confidence", "reviewed_on", "review_by", "status"}
    | {"signed_off_by", "signed_off_on", "next", "buttons", "template"}
)
_OPTIONAL_KEYS = frozenset({"vars", "consent_version"})


class ContentError(ValueError):
    """A content file is wrong, or a text cannot be rendered; the message names the file and what to mend."""


@dataclass(frozen=True)
class Facts:
    """What is known of the family, as texts see it: every name always exists and is None (or empty) when unknown.

    Values may be mappings (JSON from a reply) or objects. A child has name, sex ("M"/"F"), birth_date, age_months
    and age_days; a posyandu has name and facility; a facility has name and phone. `bot_whatsapp` is the number that
    an SMS names for questions and stopping; `vaccine_profile` is "pentavalen" or "heksavalen".
    """

    child: Any = None
    children: Sequence[Any] = ()
    gestational_week: int | None = None
    trimester: int | None = None
    breastfeeding: bool | None = None
    region: str | None = None
    posyandu: Any = None
    stage: str | None = None
    now: datetime | None = None
    registered: bool = False
    bot_whatsapp: str | None = None
    vaccine_profile: str | None = None

    def variables(self) -> dict[str, Any]:
        """The facts by name, not copied."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


# in_template: the text stands inside a template, whose own words say what to do to stop.
_FACT_NAMES = frozenset(field.name for field in fields(Facts)) | {"today", "in_template"}


@dataclass(frozen=True)
class Variable:
    """A value that a text needs beyond the family's facts; an optional one is None unless given."""

    name: str
    required: bool = True


@dataclass(frozen=True)
class ContentItem:
    """One content file: its head, the source of each channel in `bodies` and of its template's gaps in `gaps`."""

    id: str
    title: str
    kind: Kind
    audience: tuple[str, ...]
    facts: tuple[str, ...]
    sources: tuple[str, ...]
    confidence: str | None
    reviewed_on: date
    review_by: date
    status: str
    signed_off_by: str | None
    signed_off_on: date | None
    next: tuple[str, ...]
    buttons: tuple[Mapping[str, str], ...]
    template: str | None
    vars: tuple[Variable, ...]
    consent_version: int | None
    bodies: Mapping[Channel, str]
    gaps: tuple[str, ...] = ()

    @property
    def clinical(self) -> bool:
        """Whether it states facts of medicine, so that it may not be sent after its review date."""
        return self.kind in _CLINICAL_KINDS and bool(self.facts)

    def expired(self, today: date) -> bool:
        """Whether its review is overdue; it may still be sent on the day `review_by` itself."""
        return today > self.review_by


@dataclass(frozen=True)
class Rendered:
    """A text ready to be sent. `next` holds the ids of the numbered questions, in the order shown.

    Buttons ({"title", "payload"}) and next questions exist on WhatsApp only. `replaces` is the id of the expired
    text in whose place this one stands, else None: a reminder or broadcast that comes back so is better not sent.
    `template_variables` are the values of the template's gaps by number, fitted to its length; empty where there is no
    template.
    """

    content_id: str
    kind: Kind
    text: str
    buttons: tuple[Mapping[str, str], ...]
    template: str | None
    title: str
    next: tuple[str, ...]
    replaces: str | None = None
    template_variables: Mapping[str, str] = field(default_factory=dict)


class ContentLibrary:
    """All content, read once and never changed; safe to share between threads."""

    def __init__(
        self,
        items: Mapping[str, ContentItem],
        parts: Mapping[str, Mapping[Channel, str]],
        words: _Words,
        facts: Facts,
        pages: Path,
        templates: Mapping[str, Template],
    ) -> None:
        self._items = dict(items)
        self.templates: Mapping[str, Template] = dict(templates)
        self._facts = facts
        self._unnamed = words.unnamed
        self._pages = _page_environment(words, pages)
        self._environments = {
            channel: _environment(words, {**_bodies_of(parts, channel), **_bodies_of(_item_bodies(items), channel)})
            for channel in Channel
        }
        self._gaps = _environment(words, {**_bodies_of(parts, Channel.WHATSAPP), **_gap_sources(items)})

    @classmethod
    def load(cls, root: Path, facts: Facts | None = None) -> ContentLibrary:
        """Read and check everything below `root`, the folder content/id; the fact sheets stand beside it in facts/.

        `facts` are what every text may assume if the caller says nothing (bot_whatsapp, vaccine_profile).
        Raises ContentError with one line for each thing that is wrong.
        """
        if not (root / "kata").is_dir():
            raise ContentError(f"{root}: not a content folder (it has no kata/)")
        problems: list[str] = []
        words = _Words.read(root / "kata")
        items: dict[str, ContentItem] = {}
        parts: dict[str, Mapping[Channel, str]] = {}
        for path in sorted(root.rglob("*.md")):
            content_id = path.relative_to(root).with_suffix("").as_posix()
            try:
                if content_id.startswith("_"):
                    parts[content_id] = _read_part(path, content_id)
                else:
                    items[content_id] = _read_item(path, content_id, root.parent / "facts")
            except ContentError as error:
                problems.append(str(error))
        try:
            templates = load_templates(root / FOLDER)
        except TemplateFileError as error:
            raise ContentError("\n".join([*problems, str(error)])) from error
        library = cls(items, parts, words, facts or Facts(), root.parent, templates)
        problems += library._broken_links() if not problems else []
        if problems:
            raise ContentError("\n".join(problems))
        return library

    def ids(self) -> tuple[str, ...]:
        """Every content id, sorted."""
        return tuple(sorted(self._items))

    def get(self, content_id: str) -> ContentItem:
        """The head and source of one text. Raises ContentError if there is none."""
        try:
            return self._items[content_id]
        except KeyError:
            raise ContentError(f"{content_id}: no such content") from None

    def render(self, content_id: str, channel: str, today: date, **variables: Any) -> Rendered:
        """The text of `content_id` for one channel on the family's local date `today`.

        `variables` are the facts of the family (see Facts; what is missing is unknown) and the text's own `vars`;
        others are ignored. `followed` (true): another answer follows at once, so no next questions are offered here.
        Dates may be date objects or ISO strings. Raises ContentError if the content does not
        exist, one of its own variables is missing, or something unprintable (None, a bare date) would be printed.
        """
        item, replaces = self._sendable(self.get(content_id), today)
        if replaces is not None:
            variables = {**variables, "title": self.get(replaces).title}
        # A question whose answer may no longer be sent is not offered.
        following = tuple(next_id for next_id in item.next if self._sendable(self._items[next_id], today)[1] is None)
        return self._rendered(item, Channel(channel), today, variables, following, replaces)

    def draft(self, content_id: str, channel: str, today: date, **variables: Any) -> Rendered:
        """As `render`, but an overdue review holds nothing back: for those who review a text, never for sending it."""
        item = self.get(content_id)
        return self._rendered(item, Channel(channel), today, variables, item.next, None)

    def page(self, name: str, **variables: Any) -> str:
        """The HTML page whose template `name` stands beside content/id. Raises ContentError if it cannot be made."""
        try:
            return self._pages.get_template(name).render(variables)
        except (TemplateError, TypeError, ValueError) as error:
            raise ContentError(f"{name}: {error}") from error

    def _rendered(
        self,
        item: ContentItem,
        on: Channel,
        today: date,
        variables: Mapping[str, Any],
        following: tuple[str, ...],
        replaces: str | None,
    ) -> Rendered:
        context = self._context(item, today, variables)
        text = self._text(item.id, on, context)
        if on is not Channel.WHATSAPP or item.kind is not Kind.ANSWER or variables.get("followed"):
            following = ()
        if following:
            titles = [self._items[next_id].title for next_id in following]
            text += "\n\n" + self._text(NEXT_QUESTIONS, on, {**context, "next_titles": titles})
        buttons = item.buttons if on is Channel.WHATSAPP else ()
        values = self._values(item, context) if on is Channel.WHATSAPP else {}
        return Rendered(item.id, item.kind, text, buttons, item.template, item.title, following, replaces, values)

    def _values(self, item: ContentItem, context: Mapping[str, Any]) -> dict[str, str]:
        """What stands in the gaps of the item's template, by number; empty where there is no file for it."""
        template = self.templates.get(item.template or "")
        if template is None:
            return {}
        inside = {**context, "in_template": True}
        if not item.gaps:
            return {"1": whole_text(self._text(item.id, Channel.WHATSAPP, inside), template.room)}
        try:
            said = [self._gaps.measured(name, inside) for name in _gap_names(item)]
        except (TemplateError, TypeError, ValueError, ArithmeticError) as error:
            raise ContentError(f"{item.id} (template): {error}") from error
        return fitted(template, said)

    def template_text(self, name: str, values: Mapping[str, str]) -> str | None:
        """What a family reads of a template with these values; None if it is not among the files, does not take these
        values, or is worded by Meta."""
        template = self.templates.get(name)
        return template.filled(values) if template is not None and template.takes(values) else None

    def _sendable(self, item: ContentItem, today: date) -> tuple[ContentItem, str | None]:
        if item.clinical and item.expired(today):
            return self.get(REVIEW_NOTICE), item.id
        return item, None

    def _context(self, item: ContentItem, today: date, variables: Mapping[str, Any]) -> dict[str, Any]:
        given = {name: value for name, value in variables.items() if name not in ("today", "in_template")}
        missing = [var.name for var in item.vars if var.required and var.name not in given]
        if missing:
            raise ContentError(f"{item.id}: not given: {', '.join(missing)}")
        optional = {var.name: None for var in item.vars if not var.required}
        child = given.get("child")
        if isinstance(child, Mapping) and child.get("name") is None:
            given["child"] = {**child, "name": self._unnamed}
        return {**self._facts.variables(), **optional, **given, "today": today, "in_template": False}

    def _text(self, template: str, channel: Channel, context: Mapping[str, Any]) -> str:
        try:
            text = self._environments[channel].measured(template, context)
        except (TemplateError, TypeError, ValueError, ArithmeticError) as error:
            raise ContentError(f"{template} ({channel}): {error}") from error
        if channel is Channel.SMS:
            return " ".join(gsm7_fold(text).split())
        lines = "\n".join(line.rstrip() for line in text.splitlines())
        return re.sub(r"\n{3,}", "\n\n", lines).strip()

    def _broken_links(self) -> list[str]:
        problems = []
        for item in self._items.values():
            problems += [f"{_file(item.id)}: next: {nid} does not exist" for nid in item.next if nid not in self._items]
            for channel in Channel:
                problems += self._unknown_names(item, str(channel), self._environments[channel], (item.id,))
            problems += self._unknown_names(item, "template", self._gaps, _gap_names(item))
        problems += self._template_problems() if self.templates else []
        needed = {REVIEW_NOTICE} if any(item.clinical for item in self._items.values()) else set()
        return problems + [f"{_file(name)}: missing" for name in sorted(needed - self._items.keys())]

    def _unknown_names(self, item: ContentItem, where: str, room: Room, sources: Sequence[str]) -> list[str]:
        """Syntax errors, includes that do not exist, and names that are neither facts nor the text's own vars."""
        known = _FACT_NAMES | {var.name for var in item.vars}
        try:
            unknown = {name for source in sources for name in self._names_used(source, room)} - known
        except TemplateError as error:
            return [f"{_file(item.id)}: {where}: {error}"]
        return [f"{_file(item.id)}: {where}: unknown variable {name}" for name in sorted(unknown)]

    def _template_problems(self) -> list[str]:
        """Where texts and the files of the templates they go out in do not fit each other."""
        named = {item.id: item.template for item in self._items.values() if item.template is not None}
        problems = [f"content/id/{fault}" for fault in use_faults(self.templates, named)]
        for item in self._items.values():
            template = self.templates.get(item.template or "")
            if template is not None:
                problems += [f"{_file(item.id)}: {fault}" for fault in _template_faults(item, template)]
        return problems

    def _names_used(self, template: str, environment: Room, above: tuple[str, ...] = ()) -> set[str]:
        if template in above:
            raise TemplateError(f"{template} includes itself")
        loader = cast(DictLoader, environment.loader)
        tree = environment.parse(loader.get_source(environment, template)[0])
        names = meta.find_undeclared_variables(tree)  # raises for filters and tests that do not exist
        local = {node.name for node in tree.find_all(nodes.Name) if node.ctx == "store"}
        for included in meta.find_referenced_templates(tree):
            # What the including text sets itself is there for the passage it includes.
            names |= self._names_used(str(included), environment, (*above, template)) - local
        return names


# ---------------------------------------------------------------------- reading files


def _file(content_id: str) -> str:
    return f"content/id/{content_id}.md"


def _item_bodies(items: Mapping[str, ContentItem]) -> dict[str, Mapping[Channel, str]]:
    return {content_id: item.bodies for content_id, item in items.items()}


def _bodies_of(bodies: Mapping[str, Mapping[Channel, str]], channel: Channel) -> dict[str, str]:
    return {name: by_channel[channel] for name, by_channel in bodies.items()}


def _gap_names(item: ContentItem) -> tuple[str, ...]:
    """What the values of its template's gaps are called where they are rendered; no text's id has a #."""
    return tuple(f"{item.id}#{number}" for number in range(1, len(item.gaps) + 1))


def _gap_sources(items: Mapping[str, ContentItem]) -> dict[str, str]:
    return {name: source for item in items.values() for name, source in zip(_gap_names(item), item.gaps, strict=True)}


def _template_faults(item: ContentItem, template: Template) -> Iterable[str]:
    """What is wrong between a text and the template it goes out in."""
    if item.gaps and len(item.gaps) != template.gaps:
        yield f"## template: {len(item.gaps)} values, but {template.name} has {template.gaps} gaps"
    if not item.gaps and (template.gaps != 1 or template.category == AUTHENTICATION):
        yield f"## template: is missing; {template.name} has {template.gaps} gaps"
    given = [(button.title, button.payload) for button in template.buttons]
    if template.category != AUTHENTICATION and [(one["title"], one["payload"]) for one in item.buttons] != given:
        yield f"buttons: are not those of {template.name}"


# The same YAML, read several times faster where PyYAML was built with the C library.
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_HEAD = re.compile(r"\A---\n(?P<head>.*?)\n---\n(?P<body>.*)\Z", re.DOTALL)
_SECTION = re.compile(r"^## +(\S+) *$", re.MULTILINE)


# The section with the values of a template's gaps, and where each begins in it. What stands before the first is there
# for all of them.
_TEMPLATE_SECTION = "template"
_GAP_START = re.compile(r"^([0-9]+):[ \n]", re.MULTILINE)


def _split(path: Path, content_id: str) -> tuple[dict[str, Any], dict[str, str]]:
    match = _HEAD.match(path.read_text(encoding="utf-8"))
    if match is None:
        raise ContentError(f"{_file(content_id)}: does not begin with a head between two lines ---")
    try:
        head = yaml.load(match["head"], Loader=_LOADER)
    except (yaml.YAMLError, ValueError) as error:  # ValueError: an impossible date such as 2027-02-30
        raise ContentError(f"{_file(content_id)}: the head is not readable YAML: {error}") from error
    if not isinstance(head, dict):
        raise ContentError(f"{_file(content_id)}: the head is not a list of keys")
    return head, _sections(match["body"], content_id)


def _sections(body: str, content_id: str) -> dict[str, str]:
    """The sections by name: one for each channel, and `template` where there is one."""
    before, *pieces = _SECTION.split(body)
    names, texts = pieces[0::2], pieces[1::2]
    wanted = [channel.value for channel in Channel]
    if before.strip() or sorted(set(names) - {_TEMPLATE_SECTION}) != sorted(wanted) or len(set(names)) != len(names):
        raise ContentError(f"{_file(content_id)}: needs exactly the sections {' and '.join('## ' + n for n in wanted)}")
    empty = [name for name, text in zip(names, texts, strict=True) if not text.strip()]
    if empty:
        raise ContentError(f"{_file(content_id)}: the section ## {empty[0]} is empty")
    return {name: text.strip() + "\n" for name, text in zip(names, texts, strict=True)}


def _by_channel(sections: Mapping[str, str]) -> dict[Channel, str]:
    return {channel: sections[channel.value] for channel in Channel}


def _gap_values(content_id: str, section: str) -> tuple[str, ...]:
    """The source of each value of a section `## template`, what stands before the first put before each."""
    before, *pieces = _GAP_START.split(section)
    numbers, texts = pieces[0::2], pieces[1::2]
    if [int(number) for number in numbers] != list(range(1, len(numbers) + 1)) or not numbers:
        raise _complain(content_id, "## template: needs lines 1: ..., 2: ... in this order")
    return tuple(before + text for text in texts)


def _read_part(path: Path, content_id: str) -> Mapping[Channel, str]:
    head, sections = _split(path, content_id)
    bodies = _by_channel(sections)
    if _TEMPLATE_SECTION in sections:
        raise ContentError(f"{_file(content_id)}: a passage has no section ## template")
    if set(head) != {"id"} or head["id"] != content_id:
        raise ContentError(f"{_file(content_id)}: the head of a passage holds its id ({content_id}) and nothing else")
    return bodies


def _read_item(path: Path, content_id: str, facts_folder: Path) -> ContentItem:
    head, sections = _split(path, content_id)
    complain = partial(_complain, content_id)
    missing, unknown = _REQUIRED_KEYS - head.keys(), head.keys() - _REQUIRED_KEYS - _OPTIONAL_KEYS
    if missing or unknown:
        said = [f"missing {key}" for key in sorted(missing)] + [
            f"unknown key {key}" for key in sorted(map(str, unknown))
        ]
        raise complain(", ".join(said))
    for key, check in _CHECKS.items():
        if key in head and (problem := check(head[key])):
            raise complain(f"{key}: {problem}")
    if head["id"] != content_id:
        raise complain(f"id: is {head['id']}, but the file is {content_id}")
    for problem in _contradictions(head, facts_folder):
        raise complain(problem)
    return ContentItem(
        id=content_id,
        title=head["title"],
        kind=Kind(head["kind"]),
        audience=tuple(head["audience"]),
        facts=tuple(head["facts"]),
        sources=tuple(head["sources"]),
        confidence=head["confidence"],
        reviewed_on=head["reviewed_on"],
        review_by=head["review_by"],
        status=head["status"],
        signed_off_by=head["signed_off_by"],
        signed_off_on=head["signed_off_on"],
        next=tuple(head["next"]),
        buttons=tuple(head["buttons"]),
        template=head["template"],
        vars=tuple(Variable(name.rstrip("?"), not name.endswith("?")) for name in head.get("vars", ())),
        consent_version=head.get("consent_version"),
        bodies=_by_channel(sections),
        gaps=_gap_values(content_id, sections[_TEMPLATE_SECTION]) if _TEMPLATE_SECTION in sections else (),
    )


def _complain(content_id: str, problem: str) -> ContentError:
    return ContentError(f"{_file(content_id)}: {problem}")


def _contradictions(head: Mapping[str, Any], facts_folder: Path) -> Iterable[str]:
    """What is wrong between keys that are each right."""
    if head["review_by"] <= head["reviewed_on"]:
        yield "review_by: is not after reviewed_on"
    for name in head["facts"]:
        if not (facts_folder / name).is_file():
            yield f"facts: {name} is not in {facts_folder.name}/"
    if head["facts"] and not (head["sources"] and head["confidence"]):
        yield "facts are named, so sources and confidence are needed"
    signed = [head["signed_off_by"] is not None, head["signed_off_on"] is not None]
    if signed != [head["status"] == "disahkan"] * 2:
        yield "status disahkan needs signed_off_by and signed_off_on, and they need it"
    if head["kind"] in _UNASKED_KINDS and not head["template"]:
        yield "template: may go outside the 24 h window, so it needs a template name"


Check = Callable[[Any], str | None]


def _is(test: Callable[[Any], bool], wanted: str) -> Check:
    return lambda value: None if test(value) else f"is {value!r}, should be {wanted}"


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_day(value: Any) -> bool:
    return isinstance(value, date) and not isinstance(value, datetime)


def _is_list_of_text(value: Any) -> bool:
    return isinstance(value, list) and all(_is_text(entry) for entry in value)


def _is_button(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and value.keys() == {"title", "payload"}
        and all(_is_text(text) for text in value.values())
        and len(value["title"]) <= MAX_BUTTON_TITLE
    )


_CHECKS: dict[str, Check] = {
    "id": _is(_is_text, "text"),
    "title": _is(_is_text, "text"),
    "kind": _is(lambda value: value in list(Kind), f"one of {', '.join(Kind)}"),
    "audience": _is(lambda value: _is_list_of_text(value) and value, "a list of readers"),
    "facts": _is(_is_list_of_text, "a list of files in content/facts"),
    "sources": _is(_is_list_of_text, "a list of source ids"),
    "confidence": _is(lambda value: value is None or value in CONFIDENCES, f"null or one of {', '.join(CONFIDENCES)}"),
    "reviewed_on": _is(_is_day, "a date such as 2026-11-22"),
    "review_by": _is(_is_day, "a date such as 2027-05-22"),
    "status": _is(lambda value: value in STATUSES, f"one of {', '.join(STATUSES)}"),
    "signed_off_by": _is(lambda value: value is None or _is_text(value), "null or a name"),
    "signed_off_on": _is(lambda value: value is None or _is_day(value), "null or a date"),
    "next": _is(lambda value: _is_list_of_text(value) and len(value) <= MAX_NEXT, f"a list of at most {MAX_NEXT} ids"),
    "buttons": _is(
        lambda value: isinstance(value, list) and len(value) <= MAX_BUTTONS and all(map(_is_button, value)),
        f"at most {MAX_BUTTONS} entries {{title, payload}}, titles of at most {MAX_BUTTON_TITLE} characters",
    ),
    "template": _is(
        lambda value: value is None or (isinstance(value, str) and re.fullmatch(r"[a-z0-9_]+", value) is not None),
        "null or a name of small letters, digits and _",
    ),
    "vars": _is(_is_list_of_text, "a list of names, a trailing ? marks one that may be missing"),
    "consent_version": _is(lambda value: isinstance(value, int), "a whole number"),
}


# ---------------------------------------------------------------------- words and filters


@dataclass(frozen=True)
class _Words:
    """The words that filters put together, from content/id/kata."""

    days: tuple[str, ...]  # Monday first
    months: tuple[str, ...]
    months_short: tuple[str, ...]
    last: str  # between the last two of a list
    age: Mapping[str, str]  # newborn, day, week, month, year
    unnamed: str  # a child whose name nobody has told us
    doses: Mapping[str, str]
    doses_by_profile: Mapping[str, Mapping[str, str]]

    @classmethod
    def read(cls, folder: Path) -> _Words:
        dates, doses = _read_words(folder / "tanggal.yml"), _read_words(folder / "imunisasi.yml")
        try:
            words = cls(
                tuple(dates["hari"]),
                tuple(dates["bulan"]),
                tuple(dates["bulan_pendek"]),
                dates["kata_akhir_daftar"],
                {name: dates["umur"][name] for name in ("newborn", "day", "week", "month", "year")},
                str(dates["anak_tanpa_nama"]),
                doses["dosis"],
                doses["profil"],
            )
        except (KeyError, TypeError) as error:
            raise ContentError(f"content/id/kata: {error} is missing or not readable") from error
        if (len(words.days), len(words.months), len(words.months_short)) != (7, 12, 12):
            raise ContentError("content/id/kata/tanggal.yml: needs 7 days and 12 months, long and short")
        return words


def _read_words(path: Path) -> dict[str, Any]:
    try:
        return cast("dict[str, Any]", yaml.safe_load(path.read_text(encoding="utf-8")))
    except (OSError, yaml.YAMLError) as error:
        raise ContentError(f"content/id/kata/{path.name}: {error}") from error


def _environment(words: _Words, bodies: Mapping[str, str]) -> Room:
    environment = Room(
        loader=DictLoader(bodies),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,  # so that an included passage ends its own line
        autoescape=False,  # plain text: there is no markup to escape into
        finalize=_printable,
    )
    environment.filters.update(
        {
            "tanggal": partial(_long_date, words),
            "tanggal_pendek": partial(_short_date, words),
            "jam": _clock,
            "umur": partial(_age, words),
            "daftar": partial(_enumeration, words),
            "dosis": _dose_filter(words),
            "awalan": _prefixed,
            "singkat": _shortened,
        }
    )
    return environment


def _page_environment(words: _Words, folder: Path) -> ImmutableSandboxedEnvironment:
    """Pages, not messages: HTML, so everything put in is escaped. As long as what they show, so without a measure."""
    environment = ImmutableSandboxedEnvironment(
        loader=FileSystemLoader(folder),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=True,
    )
    environment.filters.update({"tanggal": partial(_long_date, words), "tanggal_pendek": partial(_short_date, words)})
    return environment


def _printable(value: Any) -> Any:
    """Let through only what reads as written: a None or a bare date in a message is a mistake, not a word."""
    if isinstance(value, Undefined):
        return value  # raises by itself, with the name
    if isinstance(value, str) or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    raise ContentError(f"{value!r} cannot be printed")


def _as_date(value: Any) -> date:
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    return date.fromisoformat(str(value)[:10])


def _long_date(words: _Words, value: Any) -> str:
    """2026-12-03 -> Kamis, 3 Desember 2026."""
    day = _as_date(value)
    return f"{words.days[day.weekday()]}, {day.day} {words.months[day.month - 1]} {day.year}"


def _short_date(words: _Words, value: Any) -> str:
    """2026-12-03 -> 3 Des 2026."""
    day = _as_date(value)
    return f"{day.day} {words.months_short[day.month - 1]} {day.year}"


def _clock(value: Any) -> str:
    """08:00 -> 08.00, the way Indonesians write it."""
    moment = value if isinstance(value, (time, datetime)) else time.fromisoformat(str(value))
    return f"{moment:%H.%M}"


def _age(words: _Words, months: Any, days: int | None = None) -> str:
    """Months (and days, which count in the first month) -> 3 minggu, 8 bulan, 1 tahun 2 bulan. Takes a child, too."""
    if not isinstance(months, int):
        months, days = (_member(months, name) for name in ("age_months", "age_days"))
    if months < 1 and days is not None:
        if days < 7:
            return f"{days} {words.age['day']}" if days else words.age["newborn"]
        return f"{days // 7} {words.age['week']}"
    years, rest = divmod(months, 12)
    said = [f"{years} {words.age['year']}"] if years else []
    return " ".join([*said, f"{rest} {words.age['month']}"] if rest or not years else said)


def _member(thing: Any, name: str) -> Any:
    return thing[name] if isinstance(thing, Mapping) else getattr(thing, name)


def _enumeration(words: _Words, entries: Iterable[Any]) -> str:
    """a -> a; a, b -> a dan b; a, b, c -> a, b, dan c."""
    *head, last = [str(entry) for entry in entries] or [""]
    if not head:
        return last
    return f"{', '.join(head)}{',' if len(head) > 1 else ''} {words.last} {last}"


def _dose_filter(words: _Words) -> Callable[[Context, Any], Any]:
    @pass_context
    def dose_names(context: Context, doses: Any) -> Any:
        """Dose ids -> the names mothers know them by, in the wording of the family's vaccine profile."""
        # A reminder brings the profile it was planned with; a family's own comes with its facts.
        profile = context.get("profile") or context.get("vaccine_profile")
        own = words.doses_by_profile.get(profile or "", {})
        names = {**words.doses, **own}
        wanted = [doses] if isinstance(doses, str) else list(doses)
        unknown = [dose for dose in wanted if dose not in names]
        if unknown:
            raise ContentError(f"content/id/kata/imunisasi.yml: no name for the dose {unknown[0]}")
        return names[doses] if isinstance(doses, str) else [names[dose] for dose in wanted]

    return dose_names


def _prefixed(name: str, prefix: str) -> str:
    """`name` with `prefix` before it, unless it begins so already."""
    return name if name.casefold().startswith(prefix.casefold()) else f"{prefix} {name}"


def _shortened(text: str, length: int) -> str:
    """`text` cut to at most `length` characters, between words where it has any: names in an SMS."""
    if len(text) <= length:
        return text
    head, space, _ = text[: length + 1].rpartition(" ")
    return head if space else text[:length]
