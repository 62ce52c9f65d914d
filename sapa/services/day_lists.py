"""The day's list as messages: cut so that each part fits a phone, and a template where one is needed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sapa.family.expected import CHILD, Expected, Group
from sapa.messaging.states import Channel
from sapa.services.day_overview import Overview
from sapa.services.day_roster import Day
from sapa.services.deps import Deps
from sapa.services.records import Reply

LIST = "kader/hari/daftar"
STILL_MISSING = "kader/hari/belum"
COMPLETE = "kader/hari/lengkap"

# How a weight and a length are typed.
EXAMPLE = "8,2 72,5"
# Outside WhatsApp's window a part goes as one value of a template, which holds 900 characters.
PART_LENGTH = 880
# Whoever has more on the list than this many messages hold looks at it in the console. The figure is ours.
MOST_PARTS = 6
_NEEDS = ("group", "doses", "vitamin_a", "deworming", "special", "anc")

Row = Mapping[str, Any]


def list_replies(deps: Deps, day: Day, today: date, channel: Channel) -> tuple[Reply, ...]:
    """Who is expected and what each needs, in as many messages as it takes; by SMS the figures alone."""
    people = day.expected
    said = {
        "posyandu_name": day.place.name,
        "date": day.session.date.isoformat(),
        "time": day.session.time.strftime("%H:%M"),
        "days": (day.session.date - today).days,
        "children_count": sum(one.kind == CHILD for one in people),
        "mothers_count": sum(one.kind != CHILD for one in people),
        "vaccine_count": sum(one.group is Group.VACCINE for one in people),
        "example": f"{next((one.name for one in people if one.kind == CHILD and one.name), 'Ani')} {EXAMPLE}",
    }
    return _parts(deps, LIST, said, [row(one) for one in people], today, channel)


def missing_replies(deps: Deps, overview: Overview, today: date, channel: Channel) -> tuple[Reply, ...]:
    """Who is not written down yet; one message where nobody is missing."""
    said = {
        "posyandu_name": overview.posyandu,
        "date": overview.session.date.isoformat(),
        "came": len(overview.came),
    }
    if not overview.missing:
        return (Reply(COMPLETE, {**said, "absent": len(overview.absent), "closed": overview.closed}),)
    said |= {"missing": len(overview.missing)}
    return _parts(deps, STILL_MISSING, said, [row(one.who) for one in overview.missing], today, channel)


def row(one: Expected) -> dict[str, Any]:
    """Somebody on the list, as JSON for its text. A woman nobody has told the name of is "Ibu"."""
    return {
        "number": one.number,
        "name": one.name or "Ibu",
        "mother": one.mother if one.kind == CHILD else None,
        "group": one.group.value,
        "doses": list(one.doses),
        "vitamin_a": one.vitamin_a,
        "deworming": one.deworming,
        "special": one.special,
        "anc": one.anc,
    }


def blocks_of(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Rows that need the same, one after the other, as one: what they need is said once. first: of its heading."""
    blocks: list[dict[str, Any]] = []
    for one in rows:
        person = {name: one[name] for name in ("number", "name", "mother")}
        # Which visit of the pregnancy it would be is not said: a line for each number would say the same words twice.
        needs = {**{name: one[name] for name in _NEEDS}, "anc": bool(one["anc"])}
        if blocks and all(blocks[-1][name] == value for name, value in needs.items()):
            blocks[-1]["people"].append(person)
        else:
            first = not blocks or blocks[-1]["group"] != one["group"]
            blocks.append({**needs, "first": first, "people": [person]})
    return blocks


def _parts(
    deps: Deps, key: str, said: Mapping[str, Any], rows: Sequence[Row], today: date, channel: Channel
) -> tuple[Reply, ...]:
    if channel is Channel.SMS:
        return (Reply(key, _told(key, {**said, "more": 0}, rows, 1, 1)),)
    chunks: list[Sequence[Row]] = []
    rest = list(rows)
    while (rest or not chunks) and len(chunks) < MOST_PARTS:
        taken = _fitting(deps, key, said, rest, today, first=not chunks)
        chunks.append(rest[:taken])
        rest = rest[taken:]
    said = {**said, "more": len(rest)}
    return tuple(Reply(key, _told(key, said, chunk, number, len(chunks))) for number, chunk in enumerate(chunks, 1))


def _told(key: str, said: Mapping[str, Any], rows: Sequence[Row], part: int, parts: int) -> dict[str, Any]:
    people = {"blocks": blocks_of(rows)} if key == LIST else {"rows": list(rows)}
    return {**said, **people, "part": part, "parts": parts}


def _fitting(deps: Deps, key: str, said: Mapping[str, Any], rows: Sequence[Row], today: date, *, first: bool) -> int:
    """How many rows one message holds, measured as a first and last part, which has the most around it."""
    low, high = 1, max(1, len(rows))
    part = 1 if first else 2
    while low < high:
        tried = (low + high + 1) // 2
        told = _told(key, {**said, "more": len(rows)}, rows[:tried], part, part)
        text = deps.content.render(key, Channel.WHATSAPP.value, today, **told).text
        low, high = (tried, high) if len(text) <= PART_LENGTH else (low, tried - 1)
    return low
