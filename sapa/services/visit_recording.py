"""Visits recorded from a chat message, outside any dialogue: to the bidan while pregnant (K1-K6), in the weeks after
the birth (KF, KN), and the day she gave for the next one, which wins over every date worked out here.

What a message means follows from itself and from the reminder it answers; nothing is remembered in between. Also the
name of a newborn that had none.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from sapa.family.people import Family, Postpartum, Pregnancy
from sapa.family.pregnancy import anc_targets, is_unnamed, visit_named, visit_on, visit_windows
from sapa.family.pregnancy import gestational_week as week_of
from sapa.family.reading.birth import named_later, only_not_born_yet
from sapa.family.reading.dates import NO_DATE, DateReading
from sapa.family.reading.visits import VisitReading, read_next_day, read_past_day, read_visit
from sapa.family.reading.words import normalize, read_yes_no, words_of
from sapa.messaging.states import ReminderState
from sapa.services import losses
from sapa.services.deps import Deps
from sapa.services.households import family_of, family_of_contact
from sapa.services.ports import Tx
from sapa.services.records import Reply
from sapa.services.reminders import replan

# What must never be taken for a report, whatever words stand in it.
_OTHERS = frozenset(
    {"danger", "keluhan", "handover", "flow/duka", "flow/hapus-data", "flow/berhenti", "flow/kader-siar"}
    | {"flow/kader-laporan", "bahasa_lain"}
)
# A bare "SUDAH" is taken for these too: then our own reminder decides what was meant, not the label.
_ONLY_BARE = frozenset({"flow/mulai-lagi", "flow/catat-imunisasi"})
_TEXTS = "dialog/periksa/"
# Our reminders that "SUDAH" may answer; a text of the second kind asks "sudah periksa?".
_ANC_REMINDER = "pengingat/hamil/periksa"
_ANC_TIP = "pengingat/hamil/periksa-pertama"
_ANC_CHECKS = ("pengingat/hamil/periksa-sudah", _ANC_TIP)
_NIFAS_REMINDER = "pengingat/nifas/kunjungan"
# Our messages that ask for the news of the birth.
ASKS_FOR_BIRTH = (
    "pengingat/hamil/kabari",
    "pengingat/hamil/lewat-perkiraan",
    "pengingat/hamil/belum-lahir",
    "dialog/lahir/belum",
    "dialog/lahir/belum-lewat",
)
# Other messages of ours a "sudah" may be meant for: what it says is not known, and nothing is written.
_TIPS = ("pengingat/hamil/", "pengingat/nifas/", f"{_TEXTS}sudah-apa", f"{_TEXTS}belum-apa", f"{_TEXTS}tercatat")
# Our questions for a day, answered by the day alone.
_WHICH_DAY = frozenset({f"{_TEXTS}tanya-tanggal", f"{_TEXTS}tanggal-tidak-cocok"})
_WHICH_NEXT = frozenset({f"{_TEXTS}tanya-jadwal", f"{_TEXTS}jadwal-tidak-cocok"})
# How long "SUDAH" answers a reminder (as for doses), and how near two reports without a day mean one visit.
_REMINDER_LIFE = timedelta(days=21)
_SAME_VISIT = timedelta(days=6)
# A day the bidan gives lies at most this far behind the due date.
_AFTER_DUE = timedelta(days=21)
_WORDS_OF_AN_ANSWER = 6


@dataclass(frozen=True)
class Context:
    """What we said last, where it was about a visit.

    on: the day a reminder was about; check: it asked whether she had been; tip: it was another message to her, birth:
    one that asks for the news of the birth; asked: we asked for the day of a visit ("past") or of the next ("next").
    """

    on: date | None = None
    nifas: bool = False
    check: bool = False
    tip: bool = False
    birth: bool = False
    asked: str = ""


def record(deps: Deps, tx: Tx, contact_id: str, text: str, label: str, now: datetime) -> tuple[Reply, ...] | None:
    """Write down what a message reports of a visit, or a newborn's name, and say so; None: about something else."""
    if label in _OTHERS or text.startswith("/"):
        return None
    contact = tx.contact(contact_id)
    if contact is None or contact.household_id is None:
        return None
    family = family_of_contact(tx, contact_id, now, deps.default_timezone)
    named = _name_newborns(deps, tx, contact_id, contact.household_id, family, text, now)
    if named is not None:
        return (named,)
    if family.pregnancy is None and family.postpartum is None:
        return None
    if family.pregnancy is not None and _not_born_yet(tx, contact_id, text, now):
        late = family.pregnancy.edd <= family.today
        return (Reply("dialog/lahir/belum-lewat" if late else "dialog/lahir/belum"),)
    reading = read_visit(text, family.today)
    if reading.question or not reading.plain:
        return None
    context = _context(tx, contact_id, contact.household_id, now)
    reading = _answering(reading, context, text, family)
    if label in _ONLY_BARE and not (reading.bare or (reading.about and reading.coming)):
        return None
    if not _is_report(reading, context, text):
        return None
    if context is not None and context.tip and not reading.about:
        if context.birth:
            return (Reply("dialog/lahir/sudah-apa"),)
        return (Reply(f"{_TEXTS}belum-apa" if reading.not_yet else f"{_TEXTS}sudah-apa"),)
    reply = _written(deps, tx, contact_id, contact.household_id, family, reading, context, now)
    return None if reply is None else (reply,)


def _is_report(reading: VisitReading, context: Context | None, text: str) -> bool:
    """Whether the message surely speaks of a visit: by its own words, or as an answer to our reminder."""
    if reading.about and (reading.done or reading.next_on.usable or reading.cancelled or reading.coming):
        return True
    if context is None:
        return False
    short = len(words_of(text)) <= _WORDS_OF_AN_ANSWER
    answer = context.check and read_yes_no(text) is not None
    return short and reading.bare and (reading.done or reading.not_yet or answer)


def _not_born_yet(tx: Tx, contact_id: str, text: str, now: datetime) -> bool:
    """ "Belum lahir bu", or "belum" to our question for the news."""
    if only_not_born_yet(text):
        return True
    if read_yes_no(text) is not False or len(words_of(text)) > _WORDS_OF_AN_ANSWER // 2:
        return False
    last = tx.last_said(contact_id, now - _REMINDER_LIFE)
    return last is not None and last.content_id in ASKS_FOR_BIRTH


def _answering(reading: VisitReading, context: Context | None, text: str, family: Family) -> VisitReading:
    """The reading with the bare day that answers our question for it: "tgl 17"."""
    if context is None or not context.asked or reading.not_yet or len(words_of(text)) > _WORDS_OF_AN_ANSWER:
        return reading
    read = read_past_day if context.asked == "past" else read_next_day
    day: DateReading = read(normalize(text), family.today)
    if not day.usable:
        return reading
    if context.asked == "past":
        return replace(reading, about=True, done=True, on=day, next_on=NO_DATE)
    return replace(reading, about=True, next_on=day)


def _context(tx: Tx, contact_id: str, household_id: str, now: datetime) -> Context | None:
    """What "SUDAH" would answer: our reminder of a visit, if it was the last thing we said."""
    said = tx.outbox_of(contact_id)
    if not said or now - said[-1].created_at > _REMINDER_LIFE:
        return None
    content = said[-1].content_id
    if content in _WHICH_DAY | _WHICH_NEXT:
        return Context(asked="past" if content in _WHICH_DAY else "next")
    nifas = content.startswith(_NIFAS_REMINDER)
    if not nifas and not content.startswith(_ANC_REMINDER):
        birth = content in ASKS_FOR_BIRTH
        return Context(tip=True, birth=birth) if birth or content.startswith(_TIPS) else None
    rows = [row for row in tx.reminders_of(household_id) if row.content_id == content and row.send_at <= now]
    sent = [row for row in rows if row.state is ReminderState.QUEUED]
    row = max(sent, key=lambda row: row.send_at, default=None)
    # A tip is about no day of its own: only a visit that was announced is meant to have been on its day.
    dated = row is not None and content != _ANC_TIP
    return Context(row.due_on if row is not None and dated else None, nifas, content in _ANC_CHECKS)


def _written(
    deps: Deps,
    tx: Tx,
    contact_id: str,
    household_id: str,
    family: Family,
    reading: VisitReading,
    context: Context | None,
    now: datetime,
) -> Reply | None:
    nifas = reading.after_birth or bool(context and context.nifas) or family.pregnancy is None
    if reading.cancelled and not reading.done:
        return _called_off(deps, tx, household_id, family, now)
    if reading.coming and not reading.done and not reading.next_on.usable and family.pregnancy is not None:
        return Reply(f"{_TEXTS}tanya-jadwal")
    answered_no = not reading.done and not reading.next_on.usable and not _says_yes(reading, context)
    if answered_no:
        return Reply(f"{_TEXTS}belum", {"nifas": nifas and family.postpartum is not None})
    if nifas and family.postpartum is not None:
        found = _after_birth(tx, family.postpartum, family, reading, context, now)
    elif family.pregnancy is not None and not nifas:
        found = _pregnant(deps, tx, household_id, family.pregnancy, family, reading, context, now)
    else:
        return None
    tx.audit("visit_recorded", contact_id, {}, now)
    replan(deps, tx, household_id, now)
    if losses.silent(tx, household_id, now):
        # Something was lost, and it is not clear what: the visit is kept, and no next one is spoken of.
        return Reply(f"{_TEXTS}dicatat-saja")
    return found


def _called_off(deps: Deps, tx: Tx, household_id: str, family: Family, now: datetime) -> Reply | None:
    """A visit will not be made: the day on record for it is forgotten, our own dates stand again."""
    if family.pregnancy is None:
        return Reply(f"{_TEXTS}belum", {"nifas": True}) if family.postpartum is not None else None
    if family.pregnancy.next_visit_on is not None:
        tx.save_pregnancy(household_id, replace(family.pregnancy, next_visit_on=None), now)
        replan(deps, tx, household_id, now)
    return Reply(f"{_TEXTS}batal-jadwal")


def _says_yes(reading: VisitReading, context: Context | None) -> bool:
    """An answer to "sudah periksa?" that is neither "sudah" nor "belum": "iya bu"."""
    return context is not None and context.check and not reading.not_yet


def _day(reading: VisitReading, context: Context | None, family: Family) -> date | None:
    """The day of the visit: as told; else the one the reminder was about, if it has come; else today.

    None: a day was told, but not to the day ("minggu lalu"), so it has to be asked.
    """
    if reading.on.usable:
        return reading.on.value
    if reading.on.problem != "none":
        return None
    about = context.on if context is not None else None
    return about if about is not None and about <= family.today else family.today


# -------------------------------------------------------------------------------------------------------- pregnant


def _pregnant(
    deps: Deps,
    tx: Tx,
    household_id: str,
    pregnancy: Pregnancy,
    family: Family,
    reading: VisitReading,
    context: Context | None,
    now: datetime,
) -> Reply:
    coming = reading.next_on.value if reading.next_on.usable else None
    if coming is not None and not family.today < coming <= pregnancy.edd + _AFTER_DUE:
        return Reply(f"{_TEXTS}jadwal-tidak-cocok", {"date": coming.isoformat()})
    if not reading.done and not (context and context.check) and coming is not None:
        tx.save_pregnancy(household_id, replace(pregnancy, next_visit_on=coming), now)
        return Reply(f"{_TEXTS}jadwal", {"date": coming.isoformat()})
    on = _day(reading, context, family)
    if on is None:
        return Reply(f"{_TEXTS}tanya-tanggal")
    if not pregnancy.lmp <= on <= family.today:
        return Reply(f"{_TEXTS}tanggal-tidak-cocok")
    if not _known(pregnancy, on, told=reading.on.usable):
        visit = visit_on(pregnancy, on, ultrasound=reading.ultrasound)
        if visit is not None:
            tx.record_visit(pregnancy.id, visit, on, now)
    kept = pregnancy.next_visit_on
    if kept is not None and kept - on <= _SAME_VISIT:
        kept = None  # that was the day she was expected
    tx.save_pregnancy(household_id, replace(pregnancy, next_visit_on=coming or kept), now)
    changed = family_of(tx, household_id, now, deps.default_timezone)
    assert changed.pregnancy is not None
    return Reply(f"{_TEXTS}tercatat", _shown(changed.pregnancy, on, family.today))


def _known(pregnancy: Pregnancy, on: date, *, told: bool) -> bool:
    """Whether this visit is on record: that very day, or the last days where no day was told."""
    if told:
        return on in pregnancy.anc.values()
    return any(abs(on - day) <= _SAME_VISIT for day in pregnancy.anc.values())


def _shown(pregnancy: Pregnancy, on: date, today: date) -> dict[str, Any]:
    target = next(iter(anc_targets(pregnancy, today)), None)
    return {
        "date": on.isoformat(),
        "next": None
        if target is None
        else {
            "date": target.date.isoformat(),
            "from_bidan": target.from_bidan,
            "by": target.by,
            "ultrasound": target.ultrasound,
            "overdue": not target.from_bidan
            and target.visit in {"K1", "K2", "K3", "K4", "K5", "K6"}
            and visit_named(target.visit).target_week <= week_of(pregnancy, today),
        },
    }


# ------------------------------------------------------------------------------------------------- after the birth


def _after_birth(
    tx: Tx, birth: Postpartum, family: Family, reading: VisitReading, context: Context | None, now: datetime
) -> Reply:
    on = _day(reading, context, family) if reading.done or _says_yes(reading, context) else family.today
    if on is None:
        return Reply(f"{_TEXTS}tanya-tanggal")
    windows = visit_windows(birth.birth_date)
    if context is not None and context.on is not None and not reading.on.usable:
        # "SUDAH" means the appointment we named, on some day of it.
        named = next((window for window in windows if window.first_day <= context.on <= window.last_day), None)
        on = min(family.today, named.last_day) if named is not None else on
    window = next((window for window in windows if window.first_day <= on <= window.last_day), None)
    if window is None or on > family.today:
        return Reply(f"{_TEXTS}tanggal-tidak-cocok")
    seen = [visit for visit in window.visits if not (reading.baby and visit.startswith("KF"))]
    seen = [visit for visit in seen if not (reading.mother and not reading.after_birth and visit.startswith("KN"))]
    for visit in seen:
        if visit not in birth.visits:
            tx.record_visit(birth.id, visit, on, now)
    coming = next((other for other in windows if other.first_day > on), None)
    return Reply(
        f"{_TEXTS}kunjungan-tercatat",
        {
            "date": on.isoformat(),
            "mother": any(visit.startswith("KF") for visit in seen),
            "baby": any(visit.startswith("KN") for visit in seen),
            "next": None
            if coming is None
            else {
                "from": coming.first_day.isoformat(),
                "to": coming.last_day.isoformat(),
                "baby": any(visit.startswith("KN") for visit in coming.visits),
            },
        },
    )


# ------------------------------------------------------------------------------------------------- a newborn's name


def _name_newborns(
    deps: Deps, tx: Tx, contact_id: str, household_id: str, family: Family, text: str, now: datetime
) -> Reply | None:
    """ "Bayinya dinamai Budi": the child that waits for its name gets it."""
    waiting = [child for child in family.children if is_unnamed(child.name)]
    names = named_later(text, family.today) if waiting else ()
    if not names or len(names) > len(waiting):
        return None
    if len(waiting) > len(names):
        return Reply("dialog/lahir/nama-yang-mana", {"names": [child.name for child in waiting]})
    for child, name in zip(waiting, names, strict=True):
        tx.save_child(household_id, replace(child, name=name), now)
    tx.audit("child_named", contact_id, {"children": len(names)}, now)
    replan(deps, tx, household_id, now)
    return Reply("dialog/lahir/nama-tercatat", {"names": list(names)})
