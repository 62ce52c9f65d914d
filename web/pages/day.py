"""The posyandu day: who is expected and what each needs, who came, what they weighed.

Rows are saved one by one, or the whole list at once where the browser runs no scripts. Nothing typed is lost: numbers
that cannot be stay in their fields with a question beside them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from starlette.responses import Response
from starlette.routing import Route

from sapa.family.growth import KmsMark
from sapa.services import posyandu_day
from sapa.services.attendance_recording import Caution, Saved
from sapa.services.ports import Tx
from sapa.services.posyandu_day import Entry, Overview, Seen
from web.session import BY_NAME, Console, HiddenError, Visit

_CAME, _ABSENT = "ya", "tidak"
_NOT_UP = KmsMark.NOT_UP.value


def routes(console: Console) -> list[Route]:
    """The pages of this module."""
    return [
        console.get("/hari/{session_id}", show, BY_NAME),
        console.post("/hari/{session_id}", save, BY_NAME),
        console.post("/hari/{session_id}/tutup", close, BY_NAME),
        console.post("/hari/{session_id}/buka", reopen, BY_NAME),
    ]


@dataclass(frozen=True)
class Typed:
    """What stands in the fields of one row. came: ya, tidak or nothing; insisted: the numbers were looked at again."""

    came: str = ""
    weight: str = ""
    length: str = ""
    insisted: bool = False


@dataclass(frozen=True)
class Row:
    """One person of the list as the page shows them.

    faults: unreadable_weight, unreadable_length. caution: what was not kept. saved: what just was. dropped: the growth
    record says that the weight did not rise.
    """

    seen: Seen
    typed: Typed
    faults: tuple[str, ...] = ()
    caution: Caution | None = None
    saved: Saved | None = None

    @property
    def troubled(self) -> bool:
        return bool(self.faults) or self.caution is not None

    @property
    def not_up(self) -> bool:
        return self.saved is not None and self.saved.result is not None and self.saved.result.get("kms") == _NOT_UP


def show(visit: Visit) -> Response:
    """The list."""
    with visit.write() as tx:
        day = _overview(visit, tx)
    return _page(visit, day, {})


def save(visit: Visit) -> Response:
    """Write down one row, or all that something was typed into."""
    only = visit.field("hanya")
    with visit.write() as tx:
        day, rows = _record(visit, tx, only if visit.is_htmx else None)
    if visit.is_htmx:
        if only not in rows:
            raise HiddenError
        return visit.page("_hari_baris.html", day=day, row=_settled(rows[only]), fresh=True)
    if any(row.troubled for row in rows.values()):
        return _page(visit, day, {key: _settled(row) for key, row in rows.items()}, 422)
    return visit.go(f"/hari/{day.session.id}", "day_saved", n=sum(row.saved is not None for row in rows.values()))


def close(visit: Visit) -> Response:
    """Who is not written down did not come. What was typed and not saved yet is written down first; a day with a number
    that cannot be kept stays open, or that child would be told that it was missed.
    """
    with visit.write() as tx:
        day, rows = _record(visit, tx)
        if day.begun and any(row.troubled for row in rows.values()):
            return _page(visit, day, {key: _settled(row) for key, row in rows.items()}, 422, closing=True)
        try:
            posyandu_day.close_day(visit.deps, tx, visit.who, day.session.id, visit.now)
        except posyandu_day.NotBegun:
            return visit.go(f"/hari/{day.session.id}", "day_not_begun", bad=1)
    return visit.go(f"/hari/{day.session.id}", "day_closed")


def _record(visit: Visit, tx: Tx, only: str | None = None) -> tuple[Overview, dict[str, Row]]:
    """Write down what was typed; `only`: of one person. The day as it is then, and the rows that were looked at."""
    before = _overview(visit, tx)
    people = [seen for seen in before.people if only is None or seen.who.subject_id == only]
    read = {seen.who.subject_id: _read(visit, seen) for seen in people}
    entries = [entry for row, entry in read.values() if entry is not None]
    done = posyandu_day.record_attendance(visit.deps, tx, visit.who, before.session.id, entries, visit.now)
    day = _overview(visit, tx) if entries else before
    cautions = {one.subject_id: one for one in done.warnings}
    saved = {one.subject_id: one for one in done.saved}
    now_seen = {seen.who.subject_id: seen for seen in day.people}
    rows = {
        key: replace(row, seen=now_seen[key], caution=cautions.get(key), saved=saved.get(key))
        for key, (row, _) in read.items()
        if key in now_seen
    }
    return day, rows


def reopen(visit: Visit) -> Response:
    """Somebody was forgotten: the list can be written to again."""
    with visit.write() as tx:
        session_id = _overview(visit, tx).session.id
        posyandu_day.reopen_day(visit.deps, tx, visit.who, session_id, visit.now)
    return visit.go(f"/hari/{session_id}", "day_reopened")


def _overview(visit: Visit, tx: Tx) -> Overview:
    try:
        return posyandu_day.day_overview(tx, visit.who, visit.path("session_id"), visit.now)
    except posyandu_day.NoSuchSession as none:
        raise HiddenError from none


def _page(visit: Visit, day: Overview, rows: dict[str, Row], status: int = 200, *, closing: bool = False) -> Response:
    every = [rows.get(seen.who.subject_id) or Row(seen, _kept(seen)) for seen in day.people]
    groups: dict[str, list[Row]] = {}
    for row in every:
        groups.setdefault(row.seen.who.group.value, []).append(row)
    troubles = sum(row.troubled for row in every)
    return visit.page("hari.html", status, day=day, groups=groups, troubles=troubles, closing=closing)


def _kept(seen: Seen) -> Typed:
    """What is written down, as it would be typed."""
    came = {True: _CAME, False: _ABSENT, None: ""}[seen.came]
    return Typed(came, _comma(seen.weight_kg), _comma(seen.lenhei_cm))


def _comma(value: float | None) -> str:
    return "" if value is None else f"{value:g}".replace(".", ",")


def _settled(row: Row) -> Row:
    """A row without trouble shows what is kept; one with trouble keeps what was typed."""
    kept = _kept(row.seen)
    return replace(row, typed=replace(row.typed, came=row.typed.came or kept.came) if row.troubled else kept)


def _read(visit: Visit, seen: Seen) -> tuple[Row, Entry | None]:
    """A row as it was typed and what is to be written down of it; None if nothing is new or nothing can be read."""
    key = seen.who.subject_id
    came = visit.field(f"datang.{key}")
    typed = Typed(
        came if came in (_CAME, _ABSENT) else "",
        visit.field(f"bb.{key}"),
        visit.field(f"tb.{key}"),
        visit.field(f"ulang.{key}") == "1",
    )
    numbers = {"weight": _number(typed.weight), "length": _number(typed.length)}
    faults = tuple(f"unreadable_{name}" for name, value in numbers.items() if value is not None and math.isnan(value))
    row = Row(seen, typed, faults)
    if faults or typed == _kept(seen) or typed == Typed():
        return row, None
    entry = Entry(key, typed.came == _CAME, numbers["weight"], numbers["length"], seen.measure, insisted=typed.insisted)
    return row, entry if typed.came or entry.measured else None


def _number(text: str) -> float | None:
    """A number with a comma or a point; None for an empty field, NaN for what is no number."""
    if not text:
        return None
    told = text.lower().removesuffix("kg").removesuffix("cm").strip().replace(",", ".")
    try:
        value = float(told) if len(told) <= 8 else math.nan
    except ValueError:
        return math.nan
    return value if math.isfinite(value) and value > 0 else math.nan
