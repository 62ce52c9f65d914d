"""Recording doses from a chat message: "SUDAH" after a reminder, or "BCG 12 Mei" at any time. No form, no memory.

What names several doses at once, or takes one back, is left to the dialogue that shows it first (journeys/doses.py).

All that is needed stands in the store: the reminder that was sent last, and the question we asked last together with
the message it answered. So a message says what it says, whenever it is read, and reading it twice changes nothing.
Nothing is guessed: what is open (which child, which number, which day) is asked, what is certain is written and shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sapa.family.immunization import dose_named, schedule
from sapa.family.people import Child, Family
from sapa.family.plan import DOSE_CHECK
from sapa.family.reading.dates import NO_DATE
from sapa.family.reading.dose_bulk import may_be_bulk, read_bulk
from sapa.family.reading.doses import DoseEntry, DoseReading, may_be_a_report, possible_doses, read_doses
from sapa.messaging.states import ReminderState
from sapa.services.answers import forecast_of
from sapa.services.deps import Deps
from sapa.services.households import family_of, family_of_contact
from sapa.services.ports import Tx
from sapa.services.records import OutboxMessage, ReminderRow, Reply
from sapa.services.reminders import replan

FLOW = "flow/catat-imunisasi"
# What must never be taken for a report, whatever words stand in it.
_OTHERS = frozenset(
    {"danger", "keluhan", "handover", "flow/duka", "flow/hapus-data", "flow/berhenti", "flow/kader-siar"}
    | {"flow/kader-laporan", "flow/mulai-lagi", "bahasa_lain"}
)
_ERASE = "flow/hapus-data"
_HELP = "dialog/catat-imunisasi/tidak-ada"
_NOT_YET = "dialog/catat-imunisasi/belum"
_DONE = "dialog/catat-imunisasi/tercatat"
_KEPT = "dialog/catat-imunisasi/sudah-ada"
_AFTER_EFFECTS = "imunisasi/efek-samping"
_QUESTIONS = {
    "child": "dialog/catat-imunisasi/anak-yang-mana",
    "number": "dialog/catat-imunisasi/yang-ke-berapa",
    "unknown": "dialog/catat-imunisasi/tidak-dikenal",
    "future": "dialog/catat-imunisasi/tanggal-belum-tiba",
    "before_birth": "dialog/catat-imunisasi/sebelum-lahir",
    "date": "dialog/catat-imunisasi/tanya-tanggal",
}
# How long "SUDAH" answers a reminder, and how long an answer belongs to our question.
REMINDER_LIFE = timedelta(days=21)
QUESTION_LIFE = timedelta(hours=48)
_QUESTIONS_BACK = 3


# ---------------------------------------------------------------------------------------- pure: what the message means


@dataclass(frozen=True)
class Named:
    """A dose that a reminder named for a child. on: the day of its entry; settled: whether it was given on that day.

    A posyandu day is settled. The date of a dose without a session is only the first day it could be had.
    """

    child: str
    dose: str
    on: date
    settled: bool


@dataclass(frozen=True)
class Context:
    """What we said last. named: doses of the reminder; check: it asked "sudah?"; fresh: nothing was said since.

    asked: our last words were a question of this dialogue.
    """

    named: tuple[Named, ...] = ()
    check: bool = False
    fresh: bool = False
    asked: bool = False


@dataclass(frozen=True)
class Fact:
    """A dose that was given to a child on a day."""

    child: Child
    dose: str
    on: date


@dataclass(frozen=True)
class Problem:
    """Why one or more doses cannot be written down: a key of the questions, with what its text needs."""

    kind: str
    doses: tuple[str, ...] = ()
    child: Child | None = None
    on: date | None = None


@dataclass(frozen=True)
class Meaning:
    """What a message comes to: facts to write and problems to ask about, or a fixed reply."""

    facts: tuple[Fact, ...] = ()
    problems: tuple[Problem, ...] = ()
    correction: bool = False
    reply: str | None = None


def context_from(reminders: Iterable[ReminderRow], now: datetime) -> Context:
    """The reminder that "SUDAH" answers: the newest one whose day has come, else the newest one at all.

    `now` is in the family's time zone.
    """
    today = now.date()
    sent = [
        r
        for r in reminders
        if r.state is ReminderState.QUEUED
        and now - REMINDER_LIFE <= r.send_at <= now
        and r.payload.get("kind") in ("session", "dose")
    ]
    newest = sorted(sent, key=lambda row: row.send_at, reverse=True)
    row = next((r for r in newest if r.event == DOSE_CHECK or r.due_on <= today), newest[0] if newest else None)
    if row is None:
        return Context()
    check = row.event == DOSE_CHECK
    entries = [row.payload] if check or row.due_on > today else [row.payload, *row.payload["also"]]
    named = tuple(
        Named(child["name"], dose, on, not check and _is_over(entry, on, now))
        for entry in entries
        if (on := date.fromisoformat(entry["date"])) <= today or entry is row.payload
        for child in entry["children"]
        for dose in child["doses"]
    )
    return Context(named, check)


def _is_over(entry: Mapping[str, Any], on: date, now: datetime) -> bool:
    """Whether "sudah" can only mean the day of the entry: a posyandu day that has begun, or a dose's day today."""
    if entry["kind"] == "session":
        return (on, time.fromisoformat(entry["time"])) <= (now.date(), now.time())
    return on == now.date()


def joined(old: DoseReading, new: DoseReading) -> DoseReading:
    """An answer to our question together with the report it completes; the new message alone if it is no answer."""
    if not new.plain or any(entry.dated for entry in new.entries):
        return new
    told = new.date.problem != "none"
    if not (new.entries or told or new.names or new.everybody or new.number is not None):
        return new
    entries = new.entries or old.entries
    open_doses = any(len(entry.doses) > 1 for entry in old.entries)
    if new.entries:
        days = {(e.date, e.at_birth) for e in old.entries if e.dated} or {(old.date, False)}
        entries = tuple(_on(entry, days) for entry in entries)
    elif new.number is not None and open_doses:
        entries = tuple(_with_number(entry, new.number) for entry in entries)
    elif told:
        keep = any(not _has_day(entry) for entry in entries)
        entries = tuple(
            entry if keep and _has_day(entry) else replace(entry, date=new.date, at_birth=False) for entry in entries
        )
    names = new.names or old.names
    if new.names:
        keep = any(not entry.names for entry in entries)
        entries = tuple(entry if keep and entry.names else replace(entry, names=new.names) for entry in entries)
    return replace(
        new,
        entries=entries,
        names=names,
        without=new.without or old.without,
        date=new.date if told and new.number is None else old.date,
        done=old.done or new.done,
        everybody=old.everybody or new.everybody,
        correction=old.correction or new.correction,
        counted=old.counted and not told,
        about_vaccines=old.about_vaccines or new.about_vaccines,
    )


def _on(entry: DoseEntry, days: set[tuple[Any, bool]]) -> DoseEntry:
    """The entry with the one day the earlier message told; with several it stays without."""
    if len(days) != 1:
        return entry
    day, at_birth = next(iter(days))
    return replace(entry, date=day, at_birth=at_birth)


def _has_day(entry: DoseEntry) -> bool:
    return entry.at_birth or entry.date.usable


def _with_number(entry: DoseEntry, number: int) -> DoseEntry:
    if len(entry.doses) < 2:
        return entry
    fitting = tuple(dose for dose in entry.doses if dose_named(dose).number == number)
    return replace(entry, doses=fitting) if fitting else entry


def understand(reading: DoseReading, context: Context, family: Family, wanted: bool) -> Meaning | None:
    """What a reading means for this family; None if the message is about something else.

    `wanted`: the understanding took the message for a report, so that it gets an answer in any case.
    """
    nothing = Meaning(reply=_HELP) if wanted else None
    if reading.trouble:
        # "habis DPT demam": what to do comes first, the date can be written later.
        return Meaning(reply=_AFTER_EFFECTS) if wanted else None
    if reading.question or reading.unclear or (reading.rest and not wanted):
        return nothing
    entries = [entry for entry in reading.entries if not (entry.doubtful and _means_had(context))]
    if len(entries) < len(reading.entries) and not entries:
        reading = replace(reading, date=reading.entries[0].date)
    given = [entry for entry in entries if entry.given]
    if given:
        return _explicit(reading, given, context, family, nothing)
    if reading.strange and not wanted:
        return None
    answered = bool(context.named) or context.asked or wanted
    if (entries and not reading.done) or _says_no(reading, context):
        return Meaning(reply=_NOT_YET) if answered else None
    if reading.rest or reading.strange:
        # Too much else is said to trust a "kemarin" in it.
        reading = replace(reading, done=False, date=NO_DATE)
    if _says_yes(reading, context) or (wanted and context.check):
        left_out = {dose for entry in entries for dose in entry.doses}
        named = [
            n
            for n in context.named
            if n.dose not in left_out and n.child in (reading.names or (n.child,)) and n.child not in reading.without
        ]
        if named:
            return _from_reminder(reading, named, family)
        return Meaning(reply=_HELP) if wanted or reading.about_vaccines else None
    return nothing


def _means_had(context: Context) -> bool:
    """Whether "sudah dpt" says "sudah dapat": the reminder it answers named no DPT."""
    return bool(context.named) and not any(dose_named(n.dose).series == "DPTHBHIB" for n in context.named)


def _says_no(reading: DoseReading, context: Context) -> bool:
    """Only "belum" answers a reminder of any age; a mere "tidak" has to come straight after the question."""
    if reading.not_yet and not reading.done:
        return reading.plain
    return context.check and (context.fresh or context.asked) and reading.assent is False


def _says_yes(reading: DoseReading, context: Context) -> bool:
    """Whether a message without the name of a dose says that what was named has been given."""
    near = context.fresh or context.asked
    if reading.thanks and not (near or reading.about_vaccines):
        return False  # "sudah bu, makasih" ends another talk
    if reading.done or (reading.about_vaccines and reading.date.problem != "none"):
        return True
    return context.check and near and (reading.assent is True or reading.date.problem != "none")


def _from_reminder(reading: DoseReading, named: Sequence[Named], family: Family) -> Meaning:
    """The doses a reminder named, on the day told, else on the posyandu day itself."""
    found: list[Fact | Problem] = []
    said = reading.date.problem != "none"
    if reading.date.usable and reading.date.value is not None:
        told = reading.date.value
        # A dose named for a later day cannot be meant, unless all of them were given early.
        named = [n for n in named if n.on <= told] or list(named)
    for one in named:
        child = next((child for child in family.children if child.name == one.child), None)
        if child is None:
            continue
        on = reading.date.value if reading.date.usable else one.on if one.settled and not said else None
        found.append(_fact(child, one.dose, on, reading.date.problem))
    return _meaning(found, reading)


def _meaning(found: Sequence[Fact | Problem], reading: DoseReading) -> Meaning:
    """Each dose of a child once."""
    facts = {(one.child.id or one.child.name, one.dose): one for one in reversed(found) if isinstance(one, Fact)}
    problems = tuple(one for one in found if isinstance(one, Problem))
    return Meaning(tuple(reversed(facts.values())), problems, reading.correction)


def _explicit(
    reading: DoseReading, entries: Sequence[DoseEntry], context: Context, family: Family, nothing: Meaning | None
) -> Meaning | None:
    """Doses called by their names."""
    reported = reading.done or context.asked or nothing is not None or any(entry.dated for entry in entries)
    if not reported:
        return None  # "BCG" alone may just as well be a question
    found: list[Fact | Problem] = []
    for entry in entries:
        if not entry.doses:
            found.append(Problem("unknown"))
            continue
        children = _children_of(entry, reading, context, family)
        if not children:
            found.append(Problem("child", entry.doses))
        for child in children:
            found += _resolve(entry, reading, context, child, family)
    return _meaning(found, reading)


def _children_of(entry: DoseEntry, reading: DoseReading, context: Context, family: Family) -> list[Child]:
    """Whom the dose was given to; nobody if that is not certain."""
    if entry.names:
        return [child for child in family.children if child.name in entry.names]
    if reading.everybody:
        return list(family.children)
    if reading.strange or (reading.names and len(family.children) > 1):
        return []
    if len(family.children) == 1:
        return list(family.children)
    meant = {named.child for named in context.named if named.dose in entry.doses}
    return [child for child in family.children if child.name in meant] if len(meant) == 1 else []


def _resolve(
    entry: DoseEntry, reading: DoseReading, context: Context, child: Child, family: Family
) -> list[Fact | Problem]:
    """One entry for one child: the dose with its day, or what stands in the way. Nothing for a dose of no concern."""
    named = [n for n in context.named if n.child == child.name and n.dose in entry.doses]
    on = child.birth_date if entry.at_birth else entry.date.value if entry.date.usable else None
    if on is None and not entry.dated and reading.done and len(named) == 1 and named[0].settled:
        on = named[0].on
    if entry.bundle and (
        not _is_listed(entry.doses[0], child, family) or (on is None and entry.doses[0] in child.doses)
    ):
        return []
    dose = entry.dose or _which(entry, named, child, on, reading.counted)
    if dose is None:
        # The day tells which dose it may have been, so it is asked first.
        if on is None and not reading.counted:
            return [_fact(child, entry.doses[0], on, entry.date.problem, entry.doses)]
        missing = tuple(dose for dose in entry.doses if dose not in child.doses)
        return [Problem("number", missing or entry.doses, child)]
    return [_fact(child, dose, on, entry.date.problem)]


def _which(entry: DoseEntry, named: Sequence[Named], child: Child, on: date | None, counted: bool) -> str | None:
    """The one dose an open entry can mean: recorded for that day, named in the reminder, or the only one possible."""
    if counted:
        return None
    same_day = [dose for dose in entry.doses if on is not None and child.doses.get(dose) == on]
    if len(same_day) == 1:
        return same_day[0]
    if "HB0" in entry.doses:
        # "hepatitis B": the birth dose in the first days; later it may be any vaccine, so it is asked.
        return next(iter(possible_doses(child, ("HB0",), on)), None) if on is not None else None
    asked = [n.dose for n in named if n.dose not in child.doses]
    if len(asked) == 1:
        return asked[0]
    possible = possible_doses(child, entry.doses, on) if on is not None else ()
    return possible[0] if len(possible) == 1 else None


def _is_listed(dose: str, child: Child, family: Family) -> bool:
    return any(known.dose == dose for known in forecast_of(child, family))


def _fact(child: Child, dose: str, on: date | None, problem: str | None, doses: tuple[str, ...] = ()) -> Fact | Problem:
    if on is None:
        return Problem("future" if problem == "future" else "date", doses or (dose,), child)
    if on < child.birth_date:
        return Problem("before_birth", (dose,), child, on)
    return Fact(child, dose, on)


# ------------------------------------------------------------------------------------ in a transaction: what it changes


def record_from_message(deps: Deps, tx: Tx, contact_id: str, text: str, label: str, now: datetime) -> Reply | None:
    """Write down the doses a message reports and say what was written, or ask for what is missing.

    None if the message is about something else. A report by label always gets a reply. Cheap for other messages.
    """
    wanted = label == FLOW
    text = "" if text.startswith("/") else text
    if label in _OTHERS or not (wanted or may_be_a_report(text)):
        return None
    family = family_of_contact(tx, contact_id, now, deps.default_timezone)
    names = [child.name for child in family.children]
    reading = read_doses(text, family.today, names=names)
    if not names:
        bulk = read_bulk(text, family.today)
        return Reply(_HELP) if wanted or _is_report(reading) or (bulk is not None and bulk.sure) else None
    if is_for_showing(tx, contact_id, text, label, family, now):
        return None
    if reading.empty and not wanted:
        return None
    contact = tx.contact(contact_id)
    assert contact is not None and contact.household_id is not None
    said = tx.outbox_of(contact_id)
    asked = _open_questions(said, now)
    for message in asked:
        reading = joined(_read_again(tx, message, family, names), reading)
    context = replace(
        context_from(tx.reminders_of(contact.household_id), now.astimezone(ZoneInfo(family.timezone))),
        asked=bool(asked),
        fresh=bool(said) and said[-1].content_id.startswith("pengingat/"),
    )
    meaning = understand(reading, context, family, wanted)
    if meaning is None or meaning.reply is not None:
        return None if meaning is None else Reply(meaning.reply or _HELP)
    return _carry_out(deps, tx, contact_id, contact.household_id, meaning, family, now)


def is_for_showing(tx: Tx, contact_id: str, text: str, label: str | None, family: Family, now: datetime) -> bool:
    """Whether a message reports so much, or takes back a dose, that it is shown and confirmed before it is written.

    Not where it answers our own reminder: what that named is known to the day.
    """
    wanted, names = label == FLOW, [child.name for child in family.children]
    if not names or text.startswith("/") or not (wanted or may_be_a_report(text) or may_be_bulk(text)):
        return False
    reading, bulk = read_doses(text, family.today, names=names), read_bulk(text, family.today, names=names)
    deletes = reading.delete and bool(reading.entries) and not (reading.question or reading.trouble)
    if label in _OTHERS and not (deletes and label == _ERASE):
        return False
    if deletes:
        return True
    if reading.question or reading.trouble or reading.unclear or ((reading.rest or reading.strange) and bulk is None):
        # A name nobody knows, or too much else: what is asked about that is asked by the recorder.
        return False
    context = _context(tx, contact_id, family, now)
    if bulk is not None:
        answers = bool(context.named) and not bulk.limited and _named_all(bulk.without, context)
        return (bulk.sure or wanted) and not answers
    given = [entry for entry in reading.entries if entry.given and not (entry.doubtful and _means_had(context))]
    if not given:
        return any(_takes_back(entry, reading, family) for entry in reading.entries)
    known = [entry for entry in given if entry.doses]
    reported = reading.done or wanted or any(entry.dated for entry in given)
    answers = not any(entry.dated for entry in given) and all(_named_all(entry.doses, context) for entry in given)
    return len(known) > 1 and reported and not answers


def _named_all(doses: Sequence[str], context: Context) -> bool:
    """Whether the doses, or one of those that may be meant, stood in the reminder; true for none at all."""
    return not doses or any(named.dose in doses for named in context.named)


def _takes_back(entry: DoseEntry, reading: DoseReading, family: Family) -> bool:
    """Whether "BCG belum" is about a dose that stands in the record."""
    recorded = {dose for child in family.children for dose in (*child.doses, *child.reported)}
    if entry.dose is not None:
        return entry.dose in recorded and not reading.done
    return reading.correction and any(dose in recorded for dose in entry.doses)


def _context(tx: Tx, contact_id: str, family: Family, now: datetime) -> Context:
    contact = tx.contact(contact_id)
    if contact is None or contact.household_id is None:
        return Context()
    return context_from(tx.reminders_of(contact.household_id), now.astimezone(ZoneInfo(family.timezone)))


def _is_report(reading: DoseReading) -> bool:
    dated = any(entry.dated for entry in reading.entries)
    return bool(reading.entries) and reading.plain and (dated or reading.done)


def _open_questions(said: Sequence[OutboxMessage], now: datetime) -> list[OutboxMessage]:
    """Our questions that stand open at the end of the talk, newest first."""
    asked: list[OutboxMessage] = []
    for message in reversed(said):
        open_one = message.content_id in _QUESTIONS.values() and now - message.created_at <= QUESTION_LIFE
        if not open_one or message.in_reply_to is None or len(asked) == _QUESTIONS_BACK:
            break
        asked.append(message)
    return asked


def _read_again(tx: Tx, message: OutboxMessage, family: Family, names: Sequence[str]) -> DoseReading:
    """The message that made us ask, read as on the day it came: its "kemarin" is not today's."""
    inbound = tx.inbound(message.in_reply_to or "")
    if inbound is None:
        return DoseReading()
    day = inbound.received_at.astimezone(ZoneInfo(family.timezone)).date()
    return read_doses(inbound.button_payload or inbound.body, day, names=names)


def _carry_out(
    deps: Deps, tx: Tx, contact_id: str, household_id: str, meaning: Meaning, family: Family, now: datetime
) -> Reply:
    written, kept, new = [], [], 0
    for fact in meaning.facts:
        before = fact.child.doses.get(fact.dose)
        if before is not None and before != fact.on and not meaning.correction:
            kept.append(replace(fact, on=before))
            continue
        if before != fact.on:
            tx.record_dose(fact.child.id, fact.dose, fact.on, now)
            new += 1
        written.append(fact)
    if new:
        tx.audit("doses_recorded", contact_id, {"doses": new}, now)
    replan(deps, tx, household_id, now)
    if written:
        family = family_of(tx, household_id, now, deps.default_timezone)
        return _written(written, kept, meaning.problems, family)
    if meaning.problems:
        return _question(meaning.problems, family)
    return Reply(_KEPT, {"children": _rows(kept)}) if kept else Reply(_HELP)


def _written(facts: Sequence[Fact], kept: Sequence[Fact], problems: Sequence[Problem], family: Family) -> Reply:
    """What was written, with what was not: doses that stand there with another day, and doses still open."""
    days = {fact.on for fact in facts}
    rows = _rows(facts, with_dates=len(days) > 1)
    rows[0]["kept"] = _rows(kept)
    rows[0]["open"] = _in_order(problem.doses[0] for problem in problems if len(problem.doses) == 1)
    rows[0]["more"] = any(len(problem.doses) != 1 for problem in problems)
    rows[0]["check"] = any(_needs_a_look(fact, family) for fact in facts)
    return Reply(_DONE, {"children": rows, "date": min(days).isoformat() if len(days) == 1 else None})


def _in_order(doses: Iterable[str]) -> list[str]:
    """Each dose once, in the order of the schedule."""
    wanted = set(doses)
    return [dose.id for dose in schedule() if dose.id in wanted]


def _needs_a_look(fact: Fact, family: Family) -> bool:
    """Whether the forecast finds the day odd (too early): a health worker should see the book."""
    child = next((child for child in family.children if child.id == fact.child.id), None)
    return child is not None and any(d.dose == fact.dose and d.reason is not None for d in forecast_of(child, family))


def _rows(facts: Sequence[Fact], with_dates: bool = True) -> list[dict[str, Any]]:
    """Rows for a text: a child with its doses of one day."""
    rows: dict[tuple[str, date | None], dict[str, Any]] = {}
    for fact in facts:
        day = fact.on if with_dates else None
        row = rows.setdefault((fact.child.name, day), {"name": fact.child.name, "doses": []})
        row["doses"].append(fact.dose)
        if day is not None:
            row["date"] = day.isoformat()
    return list(rows.values())


def _question(problems: Sequence[Problem], family: Family) -> Reply:
    """The first thing to be asked; its text names all doses with the same difficulty."""
    kind = next(kind for kind in _QUESTIONS if any(problem.kind == kind for problem in problems))
    same = [problem for problem in problems if problem.kind == kind]
    child = same[0].child
    details: Mapping[str, Mapping[str, Any]] = {
        "child": {"options": [child.name for child in family.children]},
        "number": {"child_name": child.name if child else None, "doses": list(same[0].doses)},
        "before_birth": {
            "child_name": child.name if child else None,
            "child_birth_date": child.birth_date.isoformat() if child else None,
        },
        "date": {"doses": _in_order(p.doses[0] for p in same if len(p.doses) == 1) or None},
    }
    return Reply(_QUESTIONS[kind], dict(details.get(kind, {})))
