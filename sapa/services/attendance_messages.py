"""What a kader types on the posyandu day: who came, who is still missing, that it is over, whom she has visited.

Only what is surely that is taken; everything else is left to the ordinary conversation, for a kader is a mother too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sapa.family.growth import Doubt
from sapa.family.people import Measurement
from sapa.family.reading.assisted import opens_family
from sapa.family.reading.attendance import (
    AttendanceLine,
    AttendanceReading,
    Listed,
    closes_empty,
    is_close,
    may_be_attendance,
    may_be_close,
    read_attendance,
    read_visited,
    wants_list,
    wants_visits,
)
from sapa.family.reading.words import normalize, words_of
from sapa.messaging.states import Channel
from sapa.services.access import Staffer
from sapa.services.attendance_recording import DOUBTED, MOTHERS_WEIGHT, Caution, Entry, Recorded, record_attendance
from sapa.services.day_lists import EXAMPLE, list_replies, missing_replies
from sapa.services.day_overview import close_day, overview_of
from sapa.services.day_roster import Day, day_of, keep_numbers
from sapa.services.growth_recording import comma
from sapa.services.home_visits import HomeVisit, finish_home_visit, home_visits
from sapa.services.home_visits import keep_numbers as keep_visit_numbers
from sapa.services.journeys.contract import Scene
from sapa.services.records import Reply, SessionRow

RECORDED, ASK, ATTENTION = "kader/hari/dicatat", "kader/hari/tanya", "kader/hari/perhatian"
CLOSED, NO_DAY = "kader/hari/ditutup", "kader/hari/tidak-ada-hari"
NOT_YET, NOBODY = "kader/hari/belum-harinya", "kader/hari/belum-ada-hadir"
ALREADY_CLOSED = "kader/hari/sudah-ditutup"
WHICH_PLACE = "kader/hari/posyandu-mana"
VISITS, NO_VISITS = "kader/hari/kunjungan", "kader/hari/kunjungan-kosong"
VISITED, NO_SUCH_NUMBER = "kader/hari/kunjungan-selesai", "kader/hari/kunjungan-nomor"

# How long after a day attendance may be told by message; afterwards it is the console's. The figure is ours.
LATE_DAYS = 7
MOST_VISITS = 10
# A bidan has many posyandu: their lists are the console's.
MOST_PLACES = 3
_JUMPS = frozenset({Doubt.WEIGHT_CHANGE, Doubt.LENGTH_CHANGE})


def handle_message(scene: Scene, who: Staffer, text: str) -> tuple[Reply, ...] | None:
    """The replies to a message about the posyandu day, with what it says written down; None if it is not surely one."""
    if may_be_close(text) and is_close(text, _place_words(scene, who)):
        return _close(scene, who, text)
    if wants_list(text):
        return _list(scene, who, text)
    if wants_visits(text):
        return _visits(scene, who)
    visited = read_visited(text)
    if visited is not None:
        return _visited(scene, who, *visited)
    if opens_family(text) or not may_be_attendance(text):
        return None
    return _attendance(scene, who, text)


# ------------------------------------------------------------------------------------------------------- which day


def _places(who: Staffer) -> list[str]:
    """The posyandu somebody writes attendance for: a kader's own; a bidan, who has many, those of her area."""
    own = [row.posyandu_id for row in who.roles if row.posyandu_id is not None]
    return own or sorted(who.by_name)


def _place_words(scene: Scene, who: Staffer) -> set[str]:
    """The words of the names of her posyandu: "SELESAI Melati"."""
    places = [scene.tx.posyandu(place_id) for place_id in _places(who)]
    return {word for place in places if place is not None for word in words_of(place.name)}


def _sessions(scene: Scene, who: Staffer, ahead: int = 0) -> list[SessionRow]:
    first = scene.received_on - timedelta(days=LATE_DAYS)
    return scene.tx.sessions_between(_places(who), first, scene.received_on + timedelta(days=ahead))


def _of_now(sessions: Sequence[SessionRow], today: date) -> list[SessionRow]:
    """The sessions a message without a date is about: today's, else the newest that is not closed yet."""
    todays = [one for one in sessions if one.date == today]
    if todays:
        return todays
    still_open = [one for one in sessions if one.closed_at is None and one.date < today]
    newest = max((one.date for one in still_open), default=None)
    return [one for one in still_open if one.date == newest]


def _named(scene: Scene, sessions: Sequence[SessionRow], text: str) -> list[SessionRow]:
    """Of several sessions those whose posyandu the message names, if it names any."""
    if len(sessions) < 2:
        return list(sessions)
    said = normalize(text)
    named = [one for one in sessions if (name := _name(scene, one).casefold()) and name in said]
    return named or list(sessions)


def _name(scene: Scene, session: SessionRow) -> str:
    place = scene.tx.posyandu(session.posyandu_id)
    return place.name if place is not None else ""


def _which(scene: Scene, sessions: Sequence[SessionRow]) -> tuple[Reply, ...]:
    return (Reply(WHICH_PLACE, {"names": sorted({_name(scene, one) for one in sessions})}),)


# ------------------------------------------------------------------------------------------------------ attendance


@dataclass(frozen=True)
class _Read:
    day: Day
    reading: AttendanceReading

    @property
    def known(self) -> int:
        return sum(bool(line.keys) and line.reads for line in self.reading.lines)


def _attendance(scene: Scene, who: Staffer, text: str) -> tuple[Reply, ...] | None:
    sessions = _named(scene, _sessions(scene, who), text)
    if not sessions:
        return _not_yet(scene, who, text)
    newest = _of_now(sessions, scene.received_on) or [max(sessions, key=lambda one: one.date)]
    read = _best(scene, newest, text)
    if read is None:
        return None
    when = read.reading.date
    if when.usable and when.value is not None and when.value != read.day.session.date:
        dated = [one for one in sessions if one.date == when.value]
        read = _best(scene, dated, text) if dated else read
        if not dated:
            # Somebody else's day, or one long gone: only what surely is attendance is answered so.
            return (Reply(NO_DAY, {"date": when.value.isoformat()}),) if read is not None and read.known else None
    elif not when.usable and not _of_now(sessions, scene.received_on):
        # The day is over and closed: a weight without a date may be of another day.
        return _not_yet(scene, who, text) or _over(scene, read)
    if read is None or not read.reading.sure:
        return None
    return _write(scene, who, read)


def _not_yet(scene: Scene, who: Staffer, text: str) -> tuple[Reply, ...] | None:
    """Children of the list of a day that is still to come; None where the message surely speaks of none of them."""
    ahead = [one for one in _sessions(scene, who, ahead=LATE_DAYS) if one.date > scene.received_on]
    read = _best(scene, ahead[:1], text)
    if read is None or not read.known or _is_own(scene, read):
        return None
    session = read.day.session
    said = {"posyandu_name": read.day.place.name, "date": session.date.isoformat()}
    return (Reply(NOT_YET, {**said, "time": f"{session.time:%H:%M}"}),)


def _over(scene: Scene, read: _Read | None) -> tuple[Reply, ...] | None:
    """How a day that is closed is written for; None where her own child may be meant."""
    if read is None or not read.known or _is_own(scene, read):
        return None
    day = read.day
    return (Reply(ALREADY_CLOSED, {"posyandu_name": day.place.name, "date": day.session.date.isoformat()}),)


def _is_own(scene: Scene, read: _Read) -> bool:
    own = {child.name for child in scene.family.children}
    meant = {key for line in read.reading.lines for key in line.keys}
    return any(one.name in own for one in read.day.expected if one.subject_id in meant)


def _best(scene: Scene, sessions: Sequence[SessionRow], text: str) -> _Read | None:
    """The reading by the list of the session that knows most of the names."""
    reads = []
    for session in sessions:
        day = day_of(scene.tx, session.id)
        # "Posyandu Melati" in the first line says where, and is nobody's name.
        plain = normalize(text).replace(day.place.name.casefold(), " ") if len(text.splitlines()) < 2 else text
        reads.append(_Read(day, read_attendance(plain, scene.received_on, listed(day))))
    found = max(reads, key=lambda read: read.known, default=None)
    return found if found is not None and found.reading.sure else None


def listed(day: Day) -> list[Listed]:
    """The day's list as the reader looks names up in it."""
    return [
        Listed(one.number, one.subject_id, one.name, one.mother, pregnant=one.kind == "mother") for one in day.expected
    ]


def _write(scene: Scene, who: Staffer, read: _Read) -> tuple[Reply, ...]:
    day, lines = read.day, read.reading.lines
    keep_numbers(scene.tx, day, scene.now)
    entries = [_entry(line) for line in lines if line.reads and len(line.keys) == 1]
    recorded = record_attendance(scene.deps, scene.tx, who, day.session.id, entries, scene.now)
    replies = []
    if recorded.saved:
        replies.append(_summary(day, recorded))
    problems = [_problem(day, line) for line in lines if not line.reads or len(line.keys) != 1]
    problems += [_caution(one) for one in recorded.warnings]
    if problems:
        said = {"rows": problems, "nothing_else": not recorded.saved, "example": _example(day, problems)}
        replies.append(Reply(ASK, said))
    attention = [
        {"name": one.name or "", "step": _step(one.result)}
        for one in recorded.saved
        if one.case and one.result is not None
    ]
    if attention:
        replies.append(Reply(ATTENTION, {"rows": attention}))
    return tuple(replies)


def _entry(line: AttendanceLine) -> Entry:
    return Entry(
        subject_id=line.keys[0],
        came=line.came is not False,
        weight_kg=line.weight_kg,
        lenhei_cm=line.length_cm,
        measure=line.measure,
        excuse=line.excuse,
        insisted=line.insisted,
    )


def _summary(day: Day, recorded: Recorded) -> Reply:
    # A line that corrects an earlier one of the same message counts once.
    last = {one.subject_id: one for one in recorded.saved}
    rows = [
        {
            "name": one.name or "Ibu",
            "came": one.came,
            "weight": comma(one.weight_kg),
            "length": comma(one.lenhei_cm),
        }
        for one in last.values()
    ]
    said = {
        "posyandu_name": day.place.name,
        "date": day.session.date.isoformat(),
        "rows": rows,
        "missing": recorded.missing,
        "closed": day.session.closed_at is not None,
    }
    return Reply(RECORDED, said)


def _step(result: Any) -> str:
    if result["judge"] == "petugas":
        return "petugas"
    return "ulang" if result["judge"] == "ragu" else str(result["step"])


_NO_NUMBERS: dict[str, Any] = {"options": [], "weight": None, "length": None, "jump": False, "meant": None}


def _problem(day: Day, line: AttendanceLine) -> dict[str, Any]:
    if not line.reads:
        return {**_NO_NUMBERS, "problem": "tak-terbaca", "name": line.text[:40]}
    if not line.keys:
        return {**_NO_NUMBERS, "problem": "tak-dikenal", "name": line.name or line.text[:40]}
    options = [
        {"number": one.number, "name": one.name or "Ibu", "mother": one.mother, "born": _born(day, one.subject_id)}
        for one in day.expected
        if one.subject_id in line.keys
    ]
    return {**_NO_NUMBERS, "problem": "ambigu", "name": line.name or line.text[:40], "options": options}


def _born(day: Day, subject_id: str) -> str | None:
    """What tells two children of one name apart whose mothers nobody has named."""
    child = day.followed[subject_id].child
    return child.birth_date.isoformat() if child is not None else None


def _caution(one: Caution) -> dict[str, Any]:
    problem = {DOUBTED: "janggal", MOTHERS_WEIGHT: "berat-ibu"}.get(one.code, "tak-dikenal")
    return {
        **_NO_NUMBERS,
        "problem": problem,
        "name": one.name or "Ibu",
        "weight": comma(one.weight_kg),
        "length": comma(one.lenhei_cm),
        "jump": bool(_JUMPS & set(one.about)),
        "meant": _meant(one.meant),
    }


def _meant(measured: Measurement | None) -> str | None:
    if measured is None:
        return None
    weight = f"{comma(measured.weight_kg)} kg" if measured.weight_kg is not None else None
    length = f"{comma(measured.lenhei_cm)} cm" if measured.lenhei_cm is not None else None
    return ", ".join(part for part in (weight, length) if part) or None


def _example(day: Day, problems: Sequence[dict[str, Any]]) -> str:
    """A line to show how it is typed: by the number of the first who was asked about, else of the list."""
    options = next((problem["options"] for problem in problems if problem["options"]), None)
    number = options[0]["number"] if options else day.expected[0].number if day.expected else 1
    return f"{number} {EXAMPLE}"


# ------------------------------------------------------------------------------------- the list, and the end of a day


def _channel(scene: Scene) -> Channel:
    message = scene.tx.inbound(scene.inbound_id)
    return message.channel if message is not None else Channel.WHATSAPP


def _list(scene: Scene, who: Staffer, text: str) -> tuple[Reply, ...] | None:
    """Who is still missing; before the day, who is expected."""
    near = _sessions(scene, who, ahead=LATE_DAYS)
    ahead = [one for one in near if one.date > scene.received_on]
    past = [one for one in near if one.date <= scene.received_on]
    sessions = _of_now(past, scene.received_on)
    sessions = _named(scene, sessions or ahead[:1] or past[-1:], text)
    if not sessions:
        return (Reply(NO_DAY, {"date": None}),)
    if len(sessions) > 1:
        return _which(scene, sessions)
    day = day_of(scene.tx, sessions[0].id)
    keep_numbers(scene.tx, day, scene.now)
    detail = {"list": "expected", "session": day.session.id}
    scene.tx.audit("list_read", None, detail, scene.now, actor_id=who.contact_id)
    known = scene.tx.attendance_of(day.session.id)
    if not known:
        return list_replies(scene.deps, day, scene.received_on, _channel(scene))
    overview = overview_of(day, known, scene.now)
    return missing_replies(scene.deps, overview, scene.received_on, _channel(scene))


def _close(scene: Scene, who: Staffer, text: str) -> tuple[Reply, ...] | None:
    """SELESAI; None where there is no day it could mean, for the word ends many things."""
    near = _sessions(scene, who)
    sessions = _named(scene, _of_now(near, scene.received_on), text)
    if not sessions:
        return None
    if len(sessions) > 1:
        return _which(scene, sessions)
    session = sessions[0]
    if not closes_empty(text) and not _anybody_came(scene, session):
        # Closed now, forty families would be told that they stayed away.
        day = day_of(scene.tx, session.id)
        said = {"posyandu_name": day.place.name, "date": session.date.isoformat()}
        early = scene.now < day.begins
        return (Reply(NOT_YET, {**said, "time": f"{session.time:%H:%M}"}) if early else Reply(NOBODY, said),)
    closed = close_day(scene.deps, scene.tx, who, session.id, scene.now)
    said = {"posyandu_name": _name(scene, session), "date": session.date.isoformat()}
    return (Reply(CLOSED, {**said, "came": closed.came, "absent": closed.absent, "already": closed.already}),)


def _anybody_came(scene: Scene, session: SessionRow) -> bool:
    """Whether somebody is written down as having come, or the day is closed already."""
    return session.closed_at is not None or any(row.came for row in scene.tx.attendance_of(session.id).values())


# ----------------------------------------------------------------------------------------------------- home visits


def _all_visits(scene: Scene, who: Staffer) -> list[tuple[str, list[HomeVisit]]]:
    """The lists of every posyandu of hers that has one, by its name."""
    found = []
    for place_id in _places(who):
        place = scene.tx.posyandu(place_id)
        visits = home_visits(scene.tx, who, place_id, scene.now) if place is not None else []
        if place is not None and visits:
            keep_visit_numbers(scene.tx, place_id, visits, scene.now)
            found.append((place.name, visits))
    return found


def _visits(scene: Scene, who: Staffer) -> tuple[Reply, ...]:
    lists = _all_visits(scene, who)
    if not lists:
        return (Reply(NO_VISITS),)
    return tuple(
        Reply(
            VISITS,
            {"posyandu_name": name, "count": len(visits), "rows": [_visit_row(one) for one in visits[:MOST_VISITS]]},
        )
        for name, visits in lists[:MOST_PLACES]
    )


def _visit_row(one: HomeVisit) -> dict[str, Any]:
    return {
        "number": one.number,
        "name": _visit_name(one),
        "address": one.address,
        "reason": one.reason,
        "remark": one.remark,
    }


def _visit_name(one: HomeVisit) -> str:
    children = ", ".join(one.children[:3])
    return f"{children} ({one.name})" if children and one.name else children or one.name or "Ibu"


def _visited(scene: Scene, who: Staffer, number: int, outcome: str) -> tuple[Reply, ...]:
    lists = _all_visits(scene, who)
    if not lists:
        return (Reply(NO_VISITS),)
    fitting = [(name, visits, one) for name, visits in lists for one in visits if one.number == number]
    if len(fitting) > 1 and len(named := [found for found in fitting if found[0].casefold() in outcome]) == 1:
        fitting = named
    if len(fitting) > 1:
        return (Reply(WHICH_PLACE, {"names": [name for name, _, _ in fitting]}),)
    if not fitting:
        return (Reply(NO_SUCH_NUMBER, {"number": number}),)
    _, visits, visit = fitting[0]
    finish_home_visit(scene.deps, scene.tx, who, visit.id, outcome, scene.now)
    said = {"name": _visit_name(visit), "outcome": outcome or None, "left": len(visits) - 1}
    return (Reply(VISITED, said),)
