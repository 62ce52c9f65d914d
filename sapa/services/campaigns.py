"""The files of content/id/campaigns: read, checked, and turned into campaigns.

Who changes a campaign is a health worker with an editor, so whatever is wrong is told with the file, the field and what
would be right, all of it at once, and before anything is sent.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import yaml

from sapa.family.campaigns import (
    ANCHORS,
    DEFAULT_HOUR,
    KB_ANCHORS,
    KB_HOUR,
    OWN_ANCHORS,
    READERS,
    SELF,
    TOPICS,
    Campaign,
    Campaigns,
    Message,
    Offset,
    Rank,
    fingerprint,
)
from sapa.family.plan import SLOTS
from sapa.services.consents import PURPOSES

__all__ = ["CampaignError", "fingerprint", "load_campaigns"]

_KEYS = (
    "campaign",
    "title",
    "topic",
    "purpose",
    "facts",
    "sources",
    "reviewed_on",
    "review_by",
    "status",
    "signed_off_by",
    "signed_off_on",
    "messages",
)
_MESSAGE_KEYS = ("id", "anchor", "offset", "hour", "slack_days", "rank", "content", "to", "when", "covered_by")
_NEEDED = ("id", "anchor", "offset", "content")
_MAY_BE_NULL = ("signed_off_by", "signed_off_on")
_STATUSES = ("belum disahkan", "disahkan")
_NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
# Nothing is sent unasked outside these hours (design, section 6), so nothing may be planned there.
_EARLIEST, _LATEST = time(7, 0), time(20, 0)
_MOST_SLACK = 30
_FARTHEST = {"days": 3700, "weeks": 530, "months": 120}
# A child that a health worker follows in person gets no advice by the calendar, unless a message says it is meant.
_CHILD_ANCHOR, _SPECIAL = "child_birth", "special_care"


class CampaignError(ValueError):
    """Campaign files that cannot be used: one line per problem, "file: field: what is wrong"."""


def load_campaigns(folder: Path) -> Campaigns:
    """Every *.yml of `folder` (content/id/campaigns), by name; no folder, no campaigns. Raises CampaignError.

    Texts and fact sheets are looked for beside it: content/id/<content>.md and content/facts/<name>.
    """
    problems: list[str] = []
    found = []
    for path in sorted(folder.glob("*.yml")):
        reader = _Reader(path)
        found.append(reader.campaign())
        problems += [f"{path.name}: {problem}" for problem in reader.problems]
    if problems:
        raise CampaignError("\n".join(problems))
    return Campaigns(tuple(campaign for campaign in found if campaign is not None))


class _OnceOnly(yaml.SafeLoader):
    """YAML in which a key given twice is an error: else its first value would be lost in silence."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
        twice = next((key for number, key in enumerate(keys) if key in keys[:number]), None)
        if twice is not None:
            raise yaml.constructor.ConstructorError(None, None, f"{twice} is given twice", node.start_mark)
        return super().construct_mapping(node, deep)


class _Reader:
    """One file. Collects what is wrong in `problems` and goes on with something harmless."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.problems: list[str] = []

    def campaign(self) -> Campaign | None:
        """What the file says; None if it cannot even be read. Only to be used if there are no problems."""
        top = self._parsed()
        if top is None:
            return None
        self._keys("", top, _KEYS, _KEYS)
        messages = tuple(self._messages(top.get("messages")))
        self._whole(messages)
        self._sign_off(top)
        return Campaign(
            id=self._one_of("campaign", top.get("campaign"), (self._path.stem,)),
            title=self._text("title", top.get("title")),
            topic=self._one_of("topic", top.get("topic"), TOPICS),
            purpose=self._one_of("purpose", top.get("purpose"), PURPOSES),
            messages=messages,
            facts=self._facts(top.get("facts")),
            sources=self._texts("sources", top.get("sources")),
            reviewed_on=self._day("reviewed_on", top.get("reviewed_on")),
            review_by=self._day("review_by", top.get("review_by")),
            status=self._one_of("status", top.get("status"), _STATUSES),
            signed_off_by=self._text("signed_off_by", top.get("signed_off_by")) or None,
            signed_off_on=self._day("signed_off_on", top.get("signed_off_on")),
        )

    # --- the file

    def _parsed(self) -> Mapping[str, Any] | None:
        try:
            data = yaml.load(self._path.read_text(encoding="utf-8"), Loader=_OnceOnly)  # a SafeLoader
        except yaml.MarkedYAMLError as error:
            line = f"line {error.problem_mark.line + 1}: " if error.problem_mark else ""
            self._wrong("file", f"not readable as YAML: {line}{error.problem}")
            return None
        except (yaml.YAMLError, ValueError, TypeError, RecursionError) as error:
            self._wrong("file", f"not readable as YAML: {error}")
            return None
        if not isinstance(data, dict) or not all(isinstance(key, str) for key in data):
            self._wrong("file", "must be a list of keys and values")
            return None
        return data

    def _sign_off(self, top: Mapping[str, Any]) -> None:
        reviewed, by = top.get("reviewed_on"), top.get("review_by")
        if isinstance(reviewed, date) and isinstance(by, date) and by <= reviewed:
            self._wrong("review_by", "is not after reviewed_on")
        signed = [top.get("signed_off_by") is not None, top.get("signed_off_on") is not None]
        if signed != [top.get("status") == "disahkan"] * 2:
            self._wrong("status", "disahkan needs signed_off_by and signed_off_on, and they need it")

    def _facts(self, value: Any) -> tuple[str, ...]:
        names = self._texts("facts", value)
        for name in names:
            if not (self._path.parents[2] / "facts" / name).is_file():
                self._wrong("facts", f"{name} is not in content/facts")
        return names

    # --- its messages

    def _messages(self, value: Any) -> Iterator[Message]:
        if not isinstance(value, list) or not value:
            self._wrong("messages", "must be a list of messages")
            return
        seen: set[str] = set()
        for number, entry in enumerate(value):
            where = f"messages[{number}]"
            if not isinstance(entry, dict):
                self._wrong(where, "must be a list of keys and values")
                continue
            name = entry.get("id")
            if isinstance(name, str):
                where += f" ({name})"
                if name in seen:
                    self._wrong(f"{where}.id", "is used by an earlier message of this file")
                seen.add(name)
            yield self._message(where, entry)

    def _message(self, where: str, entry: Mapping[str, Any]) -> Message:
        self._keys(where, entry, _MESSAGE_KEYS, _NEEDED)
        anchor = self._one_of(f"{where}.anchor", entry.get("anchor"), sorted(ANCHORS))
        kb = anchor in KB_ANCHORS
        message = Message(
            id=self._name(f"{where}.id", entry.get("id")),
            anchor=anchor,
            offset=self._offset(f"{where}.offset", entry.get("offset")),
            content=self._content(f"{where}.content", entry.get("content")),
            hour=self._hour(f"{where}.hour", entry.get("hour"), KB_HOUR if kb else DEFAULT_HOUR),
            slack_days=self._whole_number(f"{where}.slack_days", entry.get("slack_days"), 0, _MOST_SLACK),
            rank=Rank(self._one_of(f"{where}.rank", entry.get("rank"), list(Rank)) or Rank.TIP),
            to=self._one_of(f"{where}.to", entry.get("to"), READERS) or (SELF if kb else READERS[0]),
            when=self._when(where, anchor, entry.get("when")),
            covered_by=frozenset(self._texts(f"{where}.covered_by", entry.get("covered_by"))),
        )
        if kb and message.to != SELF:
            self._wrong(f"{where}.to", f"must be {SELF}: nobody else of the household may hear of it")
        if anchor in SLOTS:
            self._own_message(where, message)
        return message

    def _own_message(self, where: str, message: Message) -> None:
        """Messages of sessions and doses: which there are is fixed, when and in which words they go is not."""
        if message.id not in SLOTS[message.anchor]:
            known = ", ".join(SLOTS[message.anchor])
            self._wrong(f"{where}.id", f"a message of {message.anchor} is one of {known}")
        checks = message.rank is Rank.CHECK
        days = message.offset.days + 7 * message.offset.weeks
        if message.offset.months or (days < 1 if checks else days > -1):
            self._wrong(f"{where}.offset", f"must be days {'after' if checks else 'before'} the day it is about")
        if message.rank is Rank.TIP:
            self._wrong(f"{where}.rank", "must be reminder or check")
        if message.when or message.to != READERS[0]:
            self._wrong(where, "a message of sessions and doses takes neither when nor to")

    def _whole(self, messages: tuple[Message, ...]) -> None:
        """What is wrong between messages that are each right."""
        for message in messages:
            reminders = [m for m in messages if m.rank is Rank.REMINDER and m.anchor == message.anchor]
            if message.rank is Rank.CHECK and not reminders:
                self._wrong(
                    f"messages ({message.id}).rank",
                    f"a check asks after a reminder: this file has none with the anchor {message.anchor}",
                )
        own = {message.id for message in messages if message.anchor in OWN_ANCHORS}
        missing = sorted({name for names in SLOTS.values() for name in names} - own) if own else []
        if missing:
            self._wrong("messages", f"sessions and doses need these messages, too: {', '.join(missing)}")

    def _when(self, where: str, anchor: str, value: Any) -> Mapping[str, tuple[Any, ...]]:
        if value is not None and not (isinstance(value, dict) and all(isinstance(key, str) for key in value)):
            self._wrong(f"{where}.when", "must be facts and their values")
            value = None
        conditions = {name: self._values(f"{where}.when.{name}", v) for name, v in (value or {}).items()}
        if anchor == _CHILD_ANCHOR:
            conditions.setdefault(_SPECIAL, (False,))
        return conditions

    def _values(self, where: str, value: Any) -> tuple[Any, ...]:
        values = value if isinstance(value, list) else [value]
        if not all(isinstance(entry, (str, int, float, bool)) or entry is None for entry in values):
            self._wrong(where, "must be a value or a list of values")
            return ()
        return tuple(values)

    def _offset(self, where: str, value: Any) -> Offset:
        if not isinstance(value, dict) or not value:
            self._wrong(where, "must be days, weeks or months, such as {days: -3}")
            return Offset()
        self._keys(where, value, tuple(_FARTHEST), ())
        far = {
            name: self._whole_number(f"{where}.{name}", value[name], -limit, limit)
            for name, limit in _FARTHEST.items()
            if name in value
        }
        return Offset(**far)

    def _hour(self, where: str, value: Any, default: time) -> time:
        if value is None:
            return default
        if isinstance(value, int) and not isinstance(value, bool):  # YAML takes 16:00 without quotes for 960 minutes
            value = f"{value // 60:02}:{value % 60:02}"
        match = re.fullmatch(r"(\d{1,2})[:.](\d{2})", value.strip()) if isinstance(value, str) else None
        if match is None or int(match[1]) > 23 or int(match[2]) > 59:
            self._wrong(where, f"{value!r} is not a time such as 16:00")
            return default
        hour = time(int(match[1]), int(match[2]))
        if not _EARLIEST <= hour < _LATEST:
            self._wrong(where, f"{hour:%H:%M} lies outside {_EARLIEST:%H:%M} to {_LATEST:%H:%M}, when nothing is sent")
        return hour

    def _content(self, where: str, value: Any) -> str:
        content = self._text(where, value)
        if content and not (self._path.parents[1] / f"{content}.md").is_file():
            self._wrong(where, f"there is no text content/id/{content}.md")
        return content

    # --- single values

    def _wrong(self, where: str, problem: str) -> None:
        self.problems.append(f"{where}: {problem}")

    def _keys(self, where: str, entry: Mapping[str, Any], known: Collection[str], needed: Collection[str]) -> None:
        dot = f"{where}." if where else ""
        for key in entry:
            if key not in known:
                alike = difflib.get_close_matches(str(key), known, n=1, cutoff=0.7)
                self._wrong(f"{dot}{key}", "unknown key" + (f"; did you mean {alike[0]}?" if alike else ""))
        for key in needed:
            if key not in entry or (entry[key] is None and key not in _MAY_BE_NULL):
                self._wrong(f"{dot}{key}", "missing")

    def _checked(self, where: str, value: Any, right: Callable[[Any], bool], wanted: str) -> bool:
        if value is None:
            return False  # told as missing
        if not right(value):
            self._wrong(where, f"is {value!r}, should be {wanted}")
            return False
        return True

    def _text(self, where: str, value: Any) -> str:
        good = self._checked(where, value, lambda v: isinstance(v, str) and bool(v.strip()), "text")
        return str(value).strip() if good else ""

    def _name(self, where: str, value: Any) -> str:
        good = self._checked(
            where,
            value,
            lambda v: isinstance(v, str) and _NAME.fullmatch(v) is not None,
            "small letters, digits and hyphens",
        )
        return str(value) if good else ""

    def _one_of(self, where: str, value: Any, known: Collection[str]) -> str:
        wanted = " or ".join(known) if len(known) < 3 else f"one of {', '.join(known)}"
        return str(value) if self._checked(where, value, lambda v: v in known, wanted) else ""

    def _texts(self, where: str, value: Any) -> tuple[str, ...]:
        def is_list(v: Any) -> bool:
            return isinstance(v, list) and all(isinstance(entry, str) and entry.strip() for entry in v)

        return tuple(value) if self._checked(where, value, is_list, "a list of texts") else ()

    def _day(self, where: str, value: Any) -> date | None:
        def is_day(v: Any) -> bool:
            return isinstance(v, date) and not isinstance(v, datetime)

        return value if self._checked(where, value, is_day, "a date such as 2026-11-22") else None

    def _whole_number(self, where: str, value: Any, low: int, high: int) -> int:
        def fits(v: Any) -> bool:
            return isinstance(v, int) and not isinstance(v, bool) and low <= v <= high

        return int(value) if self._checked(where, value, fits, f"a whole number from {low} to {high}") else 0
