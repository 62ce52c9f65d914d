"""What a couple reports in passing: "Hb saya 11,2", "sudah berhenti merokok", "tanggal nikah pindah jadi 5 mei".

Also the short words of this subject: HUBUNGKAN, BAGIKAN, KARTU CATIN. Only where a wedding is on record, and only what
is certain: a question, a complaint or a message with much else in it is somebody else's.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from sapa.family.people import Family, Screening, Sex, Wedding
from sapa.family.reading.lexicon import STOPS, is_everyday
from sapa.family.reading.screening import (
    ASKS_FOR_CARD,
    ASKS_TO_LINK,
    ASKS_TO_SHARE,
    HER,
    HIM,
    ME,
    OTHER,
    ScreeningReading,
    read_screening,
)
from sapa.family.reading.words import looks_like_question, normalize, words_of
from sapa.family.screening import both, own, review, seen_by, wedding_gaps
from sapa.services import partners
from sapa.services.deps import Deps
from sapa.services.households import family_of
from sapa.services.ports import Tx
from sapa.services.records import Reply
from sapa.services.reminders import replan
from sapa.services.screening_results import own_sex, results, rows, spoken

_FOLDER = "dialog/catin/"
_REMINDERS = "pengingat/catin/"
# What must never be taken for a report, and what opens a dialogue of its own.
_OTHERS = frozenset(
    {"danger", "keluhan", "handover", "flow/duka", "flow/hapus-data", "flow/berhenti", "flow/kader-siar"}
    | {"flow/kader-laporan", "flow/mulai-lagi", "flow/daftar-anak", "flow/daftar-hamil", "flow/daftar-kb"}
    | {"flow/daftar-catin", "bahasa_lain"}
)
_WORDS = re.compile(
    r"\b(?:hb\w*|hemoglobin|lila\w*|lengan|bb|berat\w*|tb|tinggi\w*|umur\w*|usia\w*|td|tt|t ?[1-5]|td[1-5]|tt[1-5]"
    r"|tetanus|vaksin|suntik\w*|rokok|merokok\w*|ngerokok|perokok|vape|nikah\w*|menikah|pernikahan\w*|akad\w*|kawin\w*"
    r"|hubungkan|sambungkan|bagikan|kartu|hasil|skrining|catin|sudah|udah|sdh)\b"
)
_MOVES = re.compile(r"\b(?:pindah|jadi|diundur|mundur|dimajukan|maju|diganti|ganti|berubah)\w*\b")
_DONE = re.compile(r"(?:sudah|udah|sdh|udh|dah)(?: (?:suntik|disuntik|periksa|diperiksa|cek|bu|kak|ya))*")
_HAD_TD = re.compile(r"\b(?:sudah|udah|sdh|udh|habis|baru|tadi|kemarin)\b.*\b(?:suntik|vaksin|imunisasi|td|tt)\b")
# A complaint, a child or a pregnancy: somebody else's message, whatever figures stand in it.
_FOREIGN = frozenset(
    [
        "pusing",
        "lemas",
        "lemes",
        "lelah",
        "letih",
        "mual",
        "muntah",
        "demam",
        "panas",
        "sakit",
        "nyeri",
        "sesak",
        "sesek",
        "pingsan",
        "darah",
        "berdarah",
        "pendarahan",
        "kunang",
        "bengkak",
        "kejang",
        "anak",
        "anakku",
        "bayi",
        "bayiku",
        "balita",
        "adik",
        "adek",
        "dedek",
        "cucu",
        "hamil",
        "kehamilan",
        "janin",
        "kandungan",
        "kb",
        "pil",
        "implan",
        "haid",
        "mens",
        "takut",
        "bingung",
        "khawatir",
        "kenapa",
        "gimana",
        "bagaimana",
    ]
)
_MAX_WORDS = 14
_REMINDED = timedelta(days=21)


@dataclass(frozen=True)
class _Case:
    """Whose message it is: the contact, the family at that moment, its open wedding."""

    deps: Deps
    tx: Tx
    contact_id: str
    household_id: str
    family: Family
    wedding: Wedding
    now: datetime

    @property
    def today(self) -> date:
        return self.family.today


def record(deps: Deps, tx: Tx, contact_id: str, text: str, label: str, now: datetime) -> tuple[Reply, ...] | None:
    """Write down what a message reports for the screening and say so; None if it is about something else.

    Doing it twice for one message changes nothing more. Cheap for other messages.
    """
    plain = normalize(text)
    word = " ".join(words_of(text))
    # A word of our own says what it says: the model takes "HUBUNGKAN" for a call for a human.
    command = is_command(text)
    if (label in _OTHERS and not command) or text.startswith("/") or not _WORDS.search(plain):
        return None
    if looks_like_question(plain):
        return None
    contact = tx.contact(contact_id)
    if contact is None or contact.household_id is None or tx.wedding_of(contact.household_id) is None:
        return None
    family = family_of(tx, contact.household_id, now, deps.default_timezone)
    wedding = family.wedding
    # Once she is pregnant her Hb and her weight belong to the pregnancy.
    if wedding is None or family.pregnancy is not None:
        return None
    case = _Case(deps, tx, contact_id, contact.household_id, family, wedding, now)
    return _short_word(case, word) or _after_reminder(case, word) or _report(case, text, plain)


def is_command(text: str) -> bool:
    """Whether the message is one of our own words about the partner or the card: HUBUNGKAN, BAGIKAN, KARTU CATIN."""
    word = " ".join(words_of(text))
    return any(pattern.fullmatch(word) for pattern in (ASKS_TO_LINK, ASKS_TO_SHARE, ASKS_FOR_CARD))


def _short_word(case: _Case, word: str) -> tuple[Reply, ...] | None:
    if ASKS_TO_LINK.fullmatch(word):
        return (partners.link_code(case.tx, case.contact_id, case.wedding, case.household_id, case.now),)
    shared = ASKS_TO_SHARE.fullmatch(word)
    if shared:
        reply = partners.share(case.tx, case.wedding, case.contact_id, not shared.group("no"), case.now)
        return (reply,) if reply is not None else None
    if ASKS_FOR_CARD.fullmatch(word) and own(case.wedding, case.contact_id) is not None:
        return results(case.wedding, case.contact_id, case.today)
    return None


def _after_reminder(case: _Case, word: str) -> tuple[Reply, ...] | None:
    """ "Sudah" straight after our reminder is only half of what the card says: which T, which Hb?"""
    if not _DONE.fullmatch(word):
        return None
    said = case.tx.last_said(case.contact_id, case.now - _REMINDED)
    if said is None or not said.content_id.startswith(_REMINDERS):
        return None
    if said.content_id == _REMINDERS + "td":
        return (Reply(_FOLDER + "td-berapa"),)
    if said.content_id in (_REMINDERS + "periksa-ulang", _REMINDERS + "data-belum", _REMINDERS + "tiga-bulan"):
        return (Reply(_FOLDER + "berapa-hasilnya"),)
    return None


def _report(case: _Case, text: str, plain: str) -> tuple[Reply, ...] | None:
    reading = read_screening(text, case.today)
    if reading.called_off or reading.married:
        return _close(case, "married" if reading.married else "called_off")
    if case.wedding.date is not None and case.wedding.date < case.today:
        return None
    mine = own(case.wedding, case.contact_id)
    if mine is None or _is_foreign(plain):
        return None
    if _HAD_TD.search(plain) and "td_status" in reading.named and not reading.answers.get((HER, "td_status")):
        return (Reply(_FOLDER + "td-berapa"),)
    if not _is_sure(case, reading, plain):
        return None
    if reading.doubts:
        return (_doubtful(reading, mine),)
    return _write(case, reading, mine)


def _close(case: _Case, reason: str) -> tuple[Reply, ...]:
    case.tx.close_wedding(case.wedding.id, reason, case.now)
    case.tx.audit("wedding_closed", case.contact_id, {"reason": reason}, case.now)
    if reason == "called_off":
        partners.part(case.deps, case.tx, case.wedding, case.household_id, case.now)
    replan(case.deps, case.tx, case.household_id, case.now)
    if reason == "married":
        return (Reply(_FOLDER + "sudah-menikah"),)
    return (Reply(_FOLDER + "tidak-jadi", {"was_registered": True}),)


def _is_foreign(plain: str) -> bool:
    words = words_of(plain)
    return len(words) > _MAX_WORDS or bool(_FOREIGN & set(words))


def _is_sure(case: _Case, reading: ScreeningReading, plain: str) -> bool:
    """Whether the message is a report of these facts and of nothing else."""
    words = words_of(plain)
    rough = reading.wedding.problem == "vague" and _MOVES.search(plain) is not None
    moved = reading.wedding.usable or reading.wedding_unknown or rough
    if not (reading.answers or reading.doubts or moved):
        return False
    items = {item for _, item in reading.answers} | {doubt.item for doubt in reading.doubts}
    if moved or not items <= {"weight_kg", "height_cm", "age_years"}:
        return True
    # "Berat Ani 8,2" is a child's: a body counts where nobody else is named, beside children only with "saya".
    strangers = [w for w in words if w.isalpha() and not (is_everyday(w) or w in STOPS or _WORDS.fullmatch(w))]
    named = re.search(r"\b(?:saya|sy|aku|calon|pasangan|tunangan)\b", plain) is not None
    return not strangers and (named or not case.family.children)


def _doubtful(reading: ScreeningReading, mine: Screening) -> Reply:
    doubt = reading.doubts[0]
    owner = _owner(doubt.owner, mine.partner)
    return Reply(
        _FOLDER + "periksa-angka",
        {
            "doubt_item": doubt.item,
            "asked_of": ME if owner is mine.partner else owner.value,
            "doubt_said": spoken(doubt.said),
            "doubt_suggestion": spoken(doubt.suggestion),
        },
    )


def _owner(said: str, role: Sex) -> Sex:
    other = Sex.MALE if role is Sex.FEMALE else Sex.FEMALE
    return {ME: role, OTHER: other, HER: Sex.FEMALE, HIM: Sex.MALE}[said]


def _write(case: _Case, reading: ScreeningReading, mine: Screening) -> tuple[Reply, ...] | None:
    told: dict[Sex, dict[str, Any]] = {Sex.FEMALE: {}, Sex.MALE: {}}
    for (said, item), value in reading.answers.items():
        if item in reading.said_of and _owner(reading.said_of[item], mine.partner) is Sex.MALE:
            continue  # his Hb is not asked for
        told[_owner(said, mine.partner)][item] = value
    if not any(told.values()) and reading.wedding.problem == "none" and not reading.wedding_unknown:
        return None
    seats = {screening.partner: screening for screening in both(case.wedding)}
    if any(told[sex] and seats[sex].contact_id not in ("", case.contact_id) for sex in told):
        return (Reply(_FOLDER + "hubung/milik-pasangan"),)
    changed = False
    for sex, answers in told.items():
        if not answers:
            continue
        before = seats[sex]
        after = {**before.answers, **answers}
        if (
            "td_status" in answers
            and "td_last_on" not in answers
            and answers["td_status"] != before.answers.get("td_status")
        ):
            after["td_last_on"] = None
        if after != before.answers:
            identity = partners.screening_id(case.wedding.id, sex)
            case.tx.save_screening(case.wedding.id, replace(before, answers=after, id=identity), case.now)
            changed = True
    problem = _move(case, reading)
    if problem is not None:
        return (problem,)
    if changed:
        case.tx.audit("screening_changed", case.contact_id, {}, case.now)
    replan(case.deps, case.tx, case.household_id, case.now)
    return (_written(case, reading, told),)


def _move(case: _Case, reading: ScreeningReading) -> Reply | None:
    """A new wedding day; a reply where the day cannot be."""
    day = reading.wedding.value
    if reading.wedding_unknown:
        case.tx.save_wedding(case.household_id, replace(case.wedding, date=None), case.now)
    elif reading.wedding.problem not in (None, "none"):
        return Reply(_FOLDER + "tanya-tanggal", {"wedding_problem": "vague"})
    elif reading.wedding.usable and day is not None:
        if day < case.today:
            return Reply(_FOLDER + "tanya-tanggal", {"wedding_problem": "past"})
        case.tx.save_wedding(case.household_id, replace(case.wedding, date=day), case.now)
    return None


def _written(case: _Case, reading: ScreeningReading, told: dict[Sex, dict[str, Any]]) -> Reply:
    wedding = case.tx.wedding_of(case.household_id)
    assert wedding is not None
    seen = seen_by(wedding, case.contact_id)
    touched = {(sex, _FINDING_OF.get(item, item)) for sex, answers in told.items() for item in answers}
    findings = [f for f in review(seen, case.today).findings if (f.partner, f.item) in touched]
    moved = reading.wedding.usable or reading.wedding_unknown
    return Reply(
        _FOLDER + "tercatat",
        {
            "findings": rows(findings),
            "writer": own_sex(wedding, case.contact_id),
            "wedding_moved": moved,
            "wedding_on": wedding.date.isoformat() if wedding.date else None,
            "gaps_left": len(wedding_gaps(wedding, case.contact_id)),
        },
    )


_FINDING_OF = {
    "weight_kg": "bmi",
    "height_cm": "bmi",
    "age_years": "age",
    "lila_cm": "lila",
    "hb_g_dl": "hb",
    "hb_on": "hb",
    "smokes": "smoking",
    "td_status": "td",
    "td_last_on": "td",
}
