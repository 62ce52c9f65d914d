"""Visits, dates and changes that a user of contraception reports in a short message; and "kapan saya suntik lagi?".

What is answered here may be read over a shoulder: it names neither contraception nor the method, unless the message
itself changes the method. All that is needed stands in the store: the record of this one contact, the reminder sent
last and our own last question. Called before the recorder of vaccine doses, which would take "SUDAH" for itself.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from uuid import NAMESPACE_URL, uuid5

from sapa.family.contraception import after_visit, method_named
from sapa.family.people import Contraception, Family
from sapa.family.reading.contraception import OPEN_KINDS, KbReport, has_no_card, read_contraception, read_report
from sapa.family.reading.dates import DateReading
from sapa.family.reading.words import is_unknown, looks_like_question, read_yes_no, words_of
from sapa.messaging.states import Kind
from sapa.services.consents import FAMILY_PLANNING
from sapa.services.deps import Deps
from sapa.services.households import family_of_contact
from sapa.services.journeys.contraception import date_facts, same_method, too_far
from sapa.services.ports import Tx
from sapa.services.records import Reply
from sapa.services.reminders import replan

LABEL = "flow/daftar-kb"
_STOP_LABEL = "flow/berhenti"
# What must never be taken for a report, whatever words stand in it.
_OTHERS = frozenset(
    {"danger", "keluhan", "handover", "flow/duka", "flow/hapus-data", "flow/mulai-lagi", "bahasa_lain"}
    | {"flow/kader-siar", "flow/kader-laporan"}
)
_REMINDERS = "pengingat/kb/"
_TEXTS = "dialog/kb/"
_CHECK = "pengingat/kb/sudah"
_ASK_NEXT, _NEXT_PAST = _TEXTS + "tanggal-berikut", _TEXTS + "tanggal-lewat"
_ASK_VISIT = _TEXTS + "kapan-datang"
_ASK_STOP = _TEXTS + "berhenti-yakin"
_REMOVAL = _TEXTS + "lepas"
# Texts that show the next date: a date straight after them is the right one.
_SHOWN = frozenset({_TEXTS + "tercatat", _TEXTS + "jadwal", _TEXTS + "belum"})
_ASK_KIND = _TEXTS + "ganti-jenis"
# Words around a date or a kind that mends what was shown: "eh salah, 22 feb".
_MENDING = frozenset(
    [
        "eh",
        "salah",
        "slh",
        "keliru",
        "maksudnya",
        "maksud",
        "maksudku",
        "mksdnya",
        "harusnya",
        "mestinya",
        "ralat",
        "benar",
        "benernya",
    ]
)
# Why the visit has not been yet; "belum haid" is something else.
_NOT_GONE = frozenset(["sempat", "sempet", "bisa", "jadi", "datang", "dateng", "pergi", "kesana", "kebidan"])
_MOST_WORDS = 8
# How long a reminder is answered by "SUDAH", and how long an answer belongs to our question.
REMINDER_LIFE = timedelta(days=21)
QUESTION_LIFE = timedelta(hours=48)
# "Iya bu" is an answer; more words may say anything.
_BARE = 3


@dataclass(frozen=True)
class _Report:
    """A message beside the record it is about. reminded: the newest reminder to this contact was one of ours."""

    deps: Deps
    tx: Tx
    contact_id: str
    family: Family
    running: Contraception
    said: KbReport
    text: str
    label: str
    now: datetime
    reminded: bool

    @property
    def today(self) -> date:
        return self.family.today

    @property
    def alone(self) -> bool:
        """Whether nobody else of the household could have been injected or examined."""
        family = self.family
        return not family.children and family.pregnancy is None and family.postpartum is None

    @property
    def surely(self) -> bool:
        """Whether the message can only be about this record."""
        if self.label == LABEL or (self.said.about and not self.said.others):
            return True
        return not self.said.others and (self.reminded or (self.alone and self.said.visit))

    def saved(self, record: Contraception) -> Contraception:
        """Write the record down and plan anew."""
        self.tx.save_contraception(self.contact_id, record, self.now)
        self._planned("contraception_updated")
        return record

    def stopped(self, on: date) -> None:
        """End the record; its reminders go with it."""
        self.tx.stop_contraception(self.running.id, on, self.now)
        self.tx.cancel_queued(self.contact_id, "contraception_stopped", self.now, topics=["kb"])
        self._planned("contraception_stopped")

    def _planned(self, event: str) -> None:
        self.tx.audit(event, self.contact_id, {}, self.now)
        replan(self.deps, self.tx, self.tx.household_of(self.contact_id, self.now), self.now)


def record(deps: Deps, tx: Tx, contact_id: str, text: str, label: str, now: datetime) -> tuple[Reply, ...] | None:
    """Take down what a message says about the contact's own method; None if it is about something else.

    Only for somebody who registered a method and still consents. Doing it twice for one message changes nothing more.
    """
    if label in _OTHERS or text.startswith("/"):
        return None
    running = tx.contraception_of(contact_id)
    if running is None or not tx.has_consent(contact_id, FAMILY_PLANNING):
        return None
    family = family_of_contact(tx, contact_id, now, deps.default_timezone)
    said = read_report(text, family.today)
    last = tx.last_said(contact_id, now - QUESTION_LIFE)
    reminded = _reminded(tx, contact_id, now)
    report = _Report(deps, tx, contact_id, family, running, said, text, label, now, reminded)
    if label == _STOP_LABEL and not _is_plain_stop(report):
        return None
    answered = _answered(report, last.content_id if last else "")
    if answered is not None:
        return answered
    if _has_not_gone(report):
        return (Reply(_TEXTS + "belum", date_facts(running, family.today)),)
    if said.rest and label != LABEL and not _is_bare_yes_or_no(text):
        return None
    if said.asks_when:
        sure = report.surely or (report.alone and not said.others)
        return (_when(report),) if sure and not said.rest else None
    if looks_like_question(text):
        return None
    last_said = last.content_id if last else ""
    return _changed(report, last_said) or _visited(report, last_said)


def on_pregnancy(tx: Tx, contact_id: str, now: datetime, default_timezone: str = "Asia/Jakarta") -> Reply | None:
    """End the record of a contact who is pregnant, so that nothing reminds her of it; the planner is told.

    The reply says so in neutral words and how to begin again; None if there was no record. Say it only where it fits:
    never after a loss.
    """
    running = tx.contraception_of(contact_id)
    if running is None:
        return None
    family = family_of_contact(tx, contact_id, now, default_timezone)
    tx.stop_contraception(running.id, family.today, now)
    tx.cancel_queued(contact_id, "pregnant", now, topics=["kb"])
    tx.audit("contraception_stopped", contact_id, {"because": "pregnancy"}, now)
    tx.mark_dirty(tx.household_of(contact_id, now), now)
    return Reply(_TEXTS + "saat-hamil")


def _reminded(tx: Tx, contact_id: str, now: datetime) -> bool:
    """Whether the newest reminder this contact got was one of ours, and not long ago."""
    recent = [m for m in tx.outbox_of(contact_id) if m.kind is Kind.REMINDER and now - m.created_at <= REMINDER_LIFE]
    return bool(recent) and recent[-1].content_id.startswith(_REMINDERS)


def _is_bare_yes_or_no(text: str) -> bool:
    return len(words_of(text)) <= _BARE and read_yes_no(text) is not None


def _has_not_gone(report: _Report) -> bool:
    """ "Belum sempat, telat gimana ya": straight after our reminder the question is about it, too."""
    told = words_of(report.text)
    if not report.reminded or not report.said.not_yet or report.said.others or len(told) > _MOST_WORDS:
        return False
    return bool(_NOT_GONE & set(told))


def _is_plain_stop(report: _Report) -> bool:
    """ "Berhenti KB" is no opt-out, even where the understanding takes it for one."""
    return report.said.stop is not None and report.said.about and not report.said.rest


# ----------------------------------------------------------------------------------------- answers to our questions


def _answered(report: _Report, question: str) -> tuple[Reply, ...] | None:
    """The message as an answer to what we asked last; None if it is none."""
    if question == _ASK_STOP and read_yes_no(report.text) is not None:
        if read_yes_no(report.text) is True:
            report.stopped(report.today)
            return (Reply(_TEXTS + "berhenti"),)
        return (_when(report),)
    if question == _ASK_KIND and (kind := _kind_told(report.text, report.today)) is not None:
        return _to_method(report, kind)
    if report.said.others or looks_like_question(report.text):
        return None
    if question in {_ASK_NEXT, _NEXT_PAST} and has_no_card(report.text):
        return (Reply(_TEXTS + "tercatat", date_facts(report.running, report.today)),)
    if set(report.said.rest) - _MENDING and not is_unknown(report.text):
        return None
    if question in {_ASK_NEXT, _NEXT_PAST}:
        return _next_date(report)
    if question in _SHOWN:
        day = _bare_date(report)
        return _card_date(report, day) if day is not None else None
    if question == _ASK_VISIT:
        day = read_contraception(report.text, report.today, "last_date").last
        return _visit(report, day, None) if day.problem != "none" else None
    return None


def _kind_told(text: str, today: date) -> str | None:
    """The kind that answers "suntik yang mana, pil yang mana?"."""
    for open_kind in sorted(OPEN_KINDS):
        kind = read_contraception(text, today, "kind", open_kind).method
        if kind is not None and kind not in OPEN_KINDS and len(words_of(text)) <= _BARE + 1:
            return kind
    return None


def _bare_date(report: _Report) -> DateReading | None:
    """A date and nothing else: it mends the one we have just shown."""
    said = report.said
    if said.done or said.not_yet or said.visit or said.stop or said.change:
        return None
    day = read_contraception(report.text, report.today, "return_on").returns
    return day if day.usable else None


def _next_date(report: _Report) -> tuple[Reply, ...] | None:
    """The date on the card after a visit, "belum tahu", or that the visit has not been after all."""
    if report.said.not_yet and report.said.visit:
        return (Reply(_TEXTS + "belum", {**date_facts(report.running, report.today)}),)
    day = read_contraception(report.text, report.today, "return_on").returns
    if day.problem != "none":
        return _card_date(report, day)
    if is_unknown(report.text) or report.said.not_yet or read_yes_no(report.text) is False:
        return (Reply(_TEXTS + "tercatat", date_facts(report.running, report.today)),)
    return None


def _card_date(report: _Report, day: DateReading) -> tuple[Reply, ...]:
    """A date from the card for the running record."""
    if not day.usable or day.value is None:
        return (Reply(_ASK_NEXT, {"kb_visited": None}),)
    if day.value <= report.today or too_far(day.value, report.running.method, report.today):
        return (Reply(_NEXT_PAST),)
    record = report.saved(replace(report.running, return_on=day.value))
    return (Reply(_TEXTS + "tercatat", date_facts(record, report.today)),)


# ------------------------------------------------------------------------------------------------------- questions


def _when(report: _Report) -> Reply:
    return Reply(_TEXTS + "jadwal", date_facts(report.running, report.today))


# ---------------------------------------------------------------------------------------------------------- changes


def _changed(report: _Report, last_said: str) -> tuple[Reply, ...] | None:
    """A method given up or changed, or the wish to."""
    said = report.said
    if said.others:
        return None
    if said.change is not None:
        return _new_method(report)
    lasting = method_named(report.running.method).lasts
    if said.stop is None and said.removed and said.done and lasting and not (report.surely or last_said == _REMOVAL):
        # Stitches are taken out, too.
        return (Reply(_ASK_STOP),)
    if said.stop == "done" or (said.removed and said.done and lasting):
        report.stopped(
            said.reading.last.value if said.reading.last.usable and said.reading.last.value else report.today
        )
        return (Reply(_TEXTS + "berhenti"),)
    if said.stop == "wish":
        removal = lasting and (said.removed or said.reading.method is not None)
        return (Reply(_REMOVAL if removal else _ASK_STOP),)
    return None


def _new_method(report: _Report) -> tuple[Reply, ...] | None:
    said, running = report.said, report.running
    name = said.reading.method
    if name is None or name == running.method:
        return None
    if said.change == "wish":
        return (Reply(_TEXTS + "ganti-mau"),)
    if name in OPEN_KINDS and not (name == "pil" and not same_method(name, running.method)):
        return (Reply(_ASK_KIND, {"kb_method": name}),)
    return _to_method(report, name)


def _to_method(report: _Report, name: str) -> tuple[Reply, ...]:
    """Another method from now on, with the dates the message tells."""
    said = report.said
    method = method_named(name)
    last, back = said.reading.last, said.reading.returns
    begun = last.value if last.usable else None
    card = back.value if back.usable and back.value and back.value > report.today else None
    fresh = uuid5(NAMESPACE_URL, f"contraception:{report.contact_id}:{name}:{report.now.isoformat()}")
    report.stopped(begun or report.today)
    record = report.saved(Contraception(name, begun, card, report.contact_id, str(fresh)))
    replies = [Reply(_TEXTS + "ganti", {"kb_method": name})]
    if method.ask_bidan:
        replies.append(Reply(_TEXTS + "tanya-bidan"))
    if method.has_dates and card is None:
        replies.append(Reply(_ASK_NEXT, {"kb_visited": None}))
    elif card is not None:
        replies.append(Reply(_TEXTS + "tercatat", date_facts(record, report.today)))
    return tuple(replies)


# ----------------------------------------------------------------------------------------------------------- visits


def _visited(report: _Report, last_said: str) -> tuple[Reply, ...] | None:
    """A visit that was, or was not, or a new date on the card."""
    said = report.said
    if said.others and report.label != LABEL:
        return None
    agreed = last_said == _CHECK and read_yes_no(report.text) is True
    denied = said.not_yet or (last_said == _CHECK and read_yes_no(report.text) is False)
    if denied:
        if not report.reminded:
            return None
        return (Reply(_TEXTS + "belum", date_facts(report.running, report.today)),)
    if (said.done or agreed or said.reading.last.usable) and report.surely and _may_be_a_visit(report):
        return _visit(report, said.reading.last, said.reading.returns)
    if said.reading.returns.problem != "none" and report.surely and _may_be_a_visit(report):
        return _card_date(report, said.reading.returns)
    return None


def _may_be_a_visit(report: _Report) -> bool:
    """Not the report of another method: that is a change and has its own words."""
    named = report.said.reading.method
    return named is None or same_method(named, report.running.method)


def _visit(report: _Report, day: DateReading, back: DateReading | None) -> tuple[Reply, ...]:
    """Write down a visit, on the day told or today, and the next date or the question for it."""
    if day.problem == "future":
        return (Reply(_TEXTS + "tanggal-belum-tiba"), Reply(_ASK_VISIT))
    if day.problem != "none" and not day.usable:
        return (Reply(_ASK_VISIT),)
    on = day.value if day.usable and day.value else report.today
    told = back is not None and back.usable and back.value is not None and back.value > max(on, report.today)
    card = back.value if told and back is not None else None
    if card is not None and too_far(card, report.running.method, report.today):
        card = None
    record = report.saved(after_visit(report.running, on, card))
    if card is not None or not _has_next(record):
        facts = date_facts(record, report.today) if card is not None else {"kb_return": None, "kb_late": False}
        return (Reply(_TEXTS + "tercatat", facts),)
    return (Reply(_ASK_NEXT, {"kb_visited": on.isoformat()}),)


def _has_next(record: Contraception) -> bool:
    """Whether there is a next date to ask for."""
    method = method_named(record.method)
    return method.has_dates and not method.baby_months and record.method != "mop"
