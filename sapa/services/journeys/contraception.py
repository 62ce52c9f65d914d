"""The journey "kb": which method, when last, when to come back. It chooses nothing and advises no method.

Whoever begins it has asked for it, so its own questions may speak of contraception. The reminders it leads to do not.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from sapa.family.calendar import age_in_months
from sapa.family.contraception import for_bidan_to_judge, is_late, method_named, methods, occasions, return_date
from sapa.family.people import Contraception
from sapa.family.reading.contraception import OPEN_KINDS, KbReading, has_no_card, read_contraception
from sapa.family.reading.dates import DateReading
from sapa.family.reading.words import looks_like_question, normalize, read_yes_no, words_of
from sapa.services.consents import FAMILY_PLANNING
from sapa.services.journeys.contract import Heard, Question, Scene
from sapa.services.records import Reply
from sapa.services.reminders import replan

_TEXTS = "dialog/kb/"
_METHOD, _KIND, _LAST, _BACK, _FEEDING = "method", "kind", "last_date", "return_on", "breastfeeding"
_SUMMARY, _CHANGE = "summary", "change"
_QUESTIONS = {
    _METHOD: "tanya-cara",
    _KIND: "tanya-jenis",
    _LAST: "tanya-terakhir",
    _BACK: "tanya-kembali",
    _FEEDING: "tanya-menyusui",
    _SUMMARY: "ringkasan",
    _CHANGE: "ubah-apa",
}
# What belongs to a method and goes with it when another one is named.
_OF_METHOD = ("kind_unknown", _LAST, "last_unknown", _BACK, "back_unknown", "feeding_unknown", "warned")
# Kinds of one method: naming the kind later keeps the dates.
_FAMILIES = (
    {"suntik", "suntik_1_bulan", "suntik_3_bulan"},
    {"pil", "pil_progestin", "pil_kombinasi"},
    {"iud", "iud_hormon"},
)
_UNKNOWN = {_KIND: "kind_unknown", _LAST: "last_unknown", _BACK: "back_unknown", _FEEDING: "feeding_unknown"}
# A card that says more than this for a method of weeks or months has its year misread; so has a date this old.
_FARTHEST_DAYS, _OLDEST_DAYS = 400, 15 * 366
_LONGEST_DAYS = 15 * 366
_CHANGING = re.compile(r"\b(?:ubah|ganti|gnti|rubah|salah|slh|keliru|betulkan|perbaiki|koreksi)\w*\b")
_FIELDS = {
    _METHOD: re.compile(r"\b(?:cara|caranya|metode|jenis|jenisnya|alat|alatnya)\b"),
    _LAST: re.compile(r"\b(?:terakhir|terakhirnya|pasang|dipasang|mulai|lahir)\b"),
    _BACK: re.compile(r"\b(?:kembali|kembalinya|kartu|jadwal|jadwalnya|berikutnya|kontrol|balik)\b"),
    _FEEDING: re.compile(r"\b(?:menyusui|asi)\b"),
}


_ASKED = r"(?:daftar|dftr|daftarkan|didaftarkan|ikut|catat|ingatkan|ingetin|diingatkan|pengingat)"
_OPENS = re.compile(
    rf"^(?:(?:saya|sy|aku|bu|kak|min|halo|tolong|minta|mau|mo|ingin|pengen) )*{_ASKED}\b.*\b(?:kb|kontrasepsi)\b"
)
# "Daftar KB ASI saja, bayi lahir 1 September": the baby's birth belongs to it.
_OPENS_PLAINLY = re.compile(
    r"^(?:daftar|dftr|daftarkan|ikut) (?:untuk |utk )?kb\b(?!.*\b(?:stop|berhenti|hapus|batal|hamil)\b)"
)
_OPENS_NOT = re.compile(r"\b(?:stop|berhenti|jangan|jgn|tidak|tdk|gak|ga|hapus|batal|hamil|anak|bayi|imunisasi)\b")


class ContraceptionJourney:
    """See sapa.services.journeys.contract.Journey."""

    name = "kb"
    purpose: str | None = FAMILY_PLANNING
    consent_text: str | None = "dialog/persetujuan/kb"

    def opens(self, scene: Scene, text: str, label: str | None) -> bool:
        """Whether a message asks for this journey in so many words, whatever its label: only on request, ever."""
        said = normalize(text)
        asked = _OPENS_PLAINLY.match(said) or (_OPENS.match(said) and not _OPENS_NOT.search(said))
        return bool(asked) and not looks_like_question(text)

    def begin(self, scene: Scene) -> Heard:
        """What is recorded already, to be shown and changed; nobody begins while the own pregnancy goes on."""
        pregnancy = scene.family.pregnancy
        if pregnancy is not None and pregnancy.contact_id == scene.contact_id:
            return Heard({}, notes=(Reply(_TEXTS + "sedang-hamil"),), over="pregnant")
        running = scene.tx.contraception_of(scene.contact_id)
        if running is None:
            return Heard({})
        data: dict[str, Any] = {_METHOD: running.method, "kind_unknown": running.method in OPEN_KINDS, "kept": True}
        data[_LAST] = running.last_date.isoformat() if running.last_date else None
        data[_BACK] = running.return_on.isoformat() if running.return_on else None
        data |= {"last_unknown": running.last_date is None, "back_unknown": running.return_on is None}
        return Heard(data | {"feeding_unknown": True})

    def hear(self, scene: Scene, text: str, data: Mapping[str, Any], asked: str | None) -> Heard:
        """Methods, dates and breastfeeding from one message; at the summary a yes or what to change."""
        if asked is not None and _asks_something_else(text, scene.received_on, asked):
            return Heard(data, understood=False)
        changing = asked in {_SUMMARY, _CHANGE} and _wants_change(text, asked)
        topic = _field_asked(text, asked, changing)
        reading = read_contraception(text, scene.received_on, topic, data.get(_METHOD))
        if asked == _SUMMARY and not changing and not _tells(reading):
            return _at_summary(text, data)
        if _uses_nothing(reading, text, asked):
            return Heard(data, notes=(Reply(_TEXTS + "belum-pakai"),), over="uses nothing")
        new, notes = _taken(reading, text, {**data, "changing": False}, topic, scene)
        if changing:
            new, cleared = _cleared(text, new, reading)
            new["changing"] = not cleared and not _tells(reading)
        told = _tells(reading) or _is_not_known(reading, text, topic)
        if not told and not changing:
            return Heard(data, understood=False)
        if _warns(new, scene) and not new.get("warned"):
            notes.append(Reply(_TEXTS + "tanya-bidan"))
            new["warned"] = True
        return Heard(new, notes=tuple(notes))

    def ask(self, scene: Scene, data: Mapping[str, Any]) -> Question | None:
        """The next open question; the summary when there is none."""
        slot = _open(data)
        if slot is None:
            return None
        method = data.get(_METHOD)
        variables: dict[str, Any] = {"kb_method": method} if slot in {_KIND, _LAST, _BACK} else {}
        if slot == _SUMMARY:
            record = _record(data, scene)
            variables = {"kb_method": method, "kb_last": data.get(_LAST), **date_facts(record, scene.family.today)}
            variables |= {"kb_card": record.return_on is not None, "kb_kept": bool(data.get("kept"))}
        return Question(slot, Reply(_TEXTS + _QUESTIONS[slot], variables))

    def finish(self, scene: Scene, data: Mapping[str, Any]) -> tuple[Reply, ...]:
        """Write the record; another method ends the one before. The last words prepare for neutral reminders."""
        tx, contact_id = scene.tx, scene.contact_id
        household_id = tx.household_of(contact_id, scene.now)
        record = _record(data, scene)
        running = tx.contraception_of(contact_id)
        if running is not None and running.id != record.id:
            tx.stop_contraception(running.id, scene.received_on, scene.now)
        tx.save_contraception(contact_id, record, scene.now)
        tx.audit("contraception_saved", contact_id, {"inbound": scene.inbound_id}, scene.now)
        replan(scene.deps, tx, household_id, scene.now)
        today = scene.family.today
        births = [child.birth_date for child in scene.family.children]
        reminded = any(occasion.on > today for occasion in occasions(record, births))
        dates = method_named(record.method).has_dates
        facts = date_facts(record, today) | {"kb_reminded": reminded, "kb_dates": dates}
        return (Reply(_TEXTS + "selesai", facts),)


JOURNEY = ContraceptionJourney()


def date_facts(record: Contraception, today: date) -> dict[str, Any]:
    """What texts may say of the next visit: kb_return (ISO, None if only the card knows) and kb_late."""
    day = return_date(record)
    return {"kb_return": day.isoformat() if day else None, "kb_late": is_late(record, today)}


def same_method(one: str, other: str) -> bool:
    """Whether two ids are kinds of one method, so that naming the kind is no change of method."""
    return one == other or any({one, other} <= family for family in _FAMILIES)


# ------------------------------------------------------------------------------------------------- what is missing


def _open(data: Mapping[str, Any]) -> str | None:
    """The slot to ask for next, None when all is told and confirmed."""
    name = data.get(_METHOD)
    if data.get("changing"):
        return _CHANGE
    if name is None:
        return _METHOD
    if name in OPEN_KINDS and not data.get("kind_unknown"):
        return _KIND
    method = method_named(name)
    dated = data.get(_LAST) or data.get(_BACK)
    if method.has_dates and not dated and not data.get("last_unknown"):
        return _LAST
    if method.has_dates and not method.baby_months and not data.get(_BACK) and not data.get("back_unknown"):
        return _BACK
    if method.ask_bidan and data.get(_FEEDING) is None and not data.get("feeding_unknown"):
        return _FEEDING
    return None if data.get("confirmed") else _SUMMARY


def _record(data: Mapping[str, Any], scene: Scene) -> Contraception:
    """The record the data make. The id stays while the method does; a new method has a new one."""
    running = scene.tx.contraception_of(scene.contact_id)
    keeps = running is not None and same_method(running.method, data[_METHOD])
    fresh = str(uuid5(NAMESPACE_URL, f"contraception:{scene.contact_id}:{scene.inbound_id}"))
    return Contraception(
        method=data[_METHOD],
        last_date=_day(data.get(_LAST)),
        return_on=_day(data.get(_BACK)),
        contact_id=scene.contact_id,
        id=running.id if keeps and running is not None else fresh,
    )


def _day(value: Any) -> date | None:
    return date.fromisoformat(value) if value else None


# -------------------------------------------------------------------------------------------------- what was heard


def _tells(reading: KbReading) -> bool:
    return not replace(reading, unknown=False, denied=False).empty


def _is_not_known(reading: KbReading, text: str, asked: str | None) -> bool:
    """ "Belum tahu"; where a date is asked for, a bare "tidak" and "kartunya hilang" say the same."""
    if asked in {_KIND, _FEEDING}:
        return reading.unknown
    if asked not in {_LAST, _BACK} or _tells(reading):
        return asked in {_LAST, _BACK} and reading.unknown
    return reading.unknown or has_no_card(text) or read_yes_no(text) is False


def _uses_nothing(reading: KbReading, text: str, asked: str | None) -> bool:
    if asked == _METHOD and reading.method is None:
        return reading.denied or reading.unknown or read_yes_no(text) is False
    return asked is None and reading.denied


def _asks_something_else(text: str, today: date, asked: str) -> bool:
    """A question in between: it is answered elsewhere, its words are not taken for facts."""
    if not looks_like_question(text) or len(words_of(text)) <= 3:
        return False
    return not read_contraception(text, today, asked).dated


def _wants_change(text: str, asked: str | None) -> bool:
    return asked == _CHANGE or read_yes_no(text) is False or bool(_CHANGING.search(normalize(text)))


def _named_fields(text: str) -> list[str]:
    said = normalize(text)
    return [name for name, pattern in _FIELDS.items() if pattern.search(said)]


def _field_asked(text: str, asked: str | None, changing: bool) -> str | None:
    """What the message answers: the question, or the one field it wants changed ("ubah tanggal kembali 5 des")."""
    if not changing:
        return None if asked in {_SUMMARY, _CHANGE} else asked
    fields = _named_fields(text)
    return fields[0] if len(fields) == 1 and fields[0] in {_LAST, _BACK} else None


def _at_summary(text: str, data: Mapping[str, Any]) -> Heard:
    if read_yes_no(text) is True:
        return Heard({**data, "confirmed": True})
    return Heard(data, understood=False)


def _cleared(text: str, data: dict[str, Any], reading: KbReading) -> tuple[dict[str, Any], bool]:
    """Empties the fields named for a change unless the same message fills them; whether there were any."""
    told = {_METHOD: reading.method, _LAST: reading.last.usable, _BACK: reading.returns.usable}
    fields = [name for name in _named_fields(text) if not told.get(name)]
    if _tells(reading) and _METHOD in fields:
        fields.remove(_METHOD)
    for name in fields:
        data |= {name: None}
        if name == _METHOD:
            data |= dict.fromkeys(_OF_METHOD)
    unasked = {_LAST: "last_unknown", _BACK: "back_unknown", _FEEDING: "feeding_unknown"}
    data |= {unasked[name]: False for name in fields if name in unasked}
    return data, bool(fields)


def _taken(
    reading: KbReading, text: str, data: dict[str, Any], asked: str | None, scene: Scene
) -> tuple[dict[str, Any], list[Reply]]:
    """The data with what was read, and what is wrong with the dates."""
    if _is_not_known(reading, text, asked):
        data[_UNKNOWN.get(asked or "", "feeding_unknown")] = True
    _take_method(reading, data, asked)
    if reading.breastfeeding is not None:
        data[_FEEDING] = reading.breastfeeding
    if reading.baby_months is not None:
        data["baby_months"] = reading.baby_months
    notes = _take_last(reading.last, data, asked, scene) + _take_return(reading.returns, data, scene)
    _know_the_baby(data, scene)
    return data, notes


def _take_method(reading: KbReading, data: dict[str, Any], asked: str | None) -> None:
    """A method that is named; "suntik terakhir 3 sep" does not undo "suntik 3 bulan"."""
    new, old = reading.method, data.get(_METHOD)
    if new is None or new == old:
        return
    if old is not None and same_method(old, new):
        if new not in OPEN_KINDS and new != "iud":
            data |= {_METHOD: new, "kind_unknown": False}
        return
    if old is not None and asked in {_LAST, _BACK, _FEEDING}:
        return
    if old is not None:
        data |= dict.fromkeys(_OF_METHOD)
    data[_METHOD] = new


def _take_last(reading: DateReading, data: dict[str, Any], asked: str | None, scene: Scene) -> list[Reply]:
    if reading.problem == "none" or (reading.problem == "vague" and reading.value is None and asked != _LAST):
        return []
    day = reading.value
    if reading.problem == "future":
        return [Reply(_TEXTS + "tanggal-belum-tiba")]
    if not reading.usable or day is None or (scene.received_on - day).days > _OLDEST_DAYS:
        return [Reply(_TEXTS + "tanggal-kurang-jelas")]
    data |= {_LAST: day.isoformat(), "last_unknown": False}
    back = _day(data.get(_BACK))
    if back is not None and back <= day:
        # The card's old date was for the visit that has now been.
        data |= {_BACK: None, "back_unknown": False}
    return []


def _take_return(reading: DateReading, data: dict[str, Any], scene: Scene) -> list[Reply]:
    if reading.problem == "none":
        return []
    day, last = reading.value, _day(data.get(_LAST))
    if not reading.usable or day is None:
        return [Reply(_TEXTS + "tanggal-kurang-jelas")]
    if last is not None and day <= last:
        return [Reply(_TEXTS + "kembali-keliru")]
    if too_far(day, data.get(_METHOD), scene.received_on):
        return [Reply(_TEXTS + "tanggal-terlalu-jauh")]
    data |= {_BACK: day.isoformat(), "back_unknown": False}
    return []


def too_far(day: date, method: str | None, today: date) -> bool:
    """Whether a return date cannot be meant: years away for a method of weeks, or years ago."""
    long_lasting = method in methods() and method_named(method or "").lasts
    ahead = _LONGEST_DAYS if long_lasting or method is None else _FARTHEST_DAYS
    return not -_FARTHEST_DAYS <= (day - today).days <= ahead


def _know_the_baby(data: dict[str, Any], scene: Scene) -> None:
    """The youngest child on record answers for the baby where the method hangs on its age."""
    name = data.get(_METHOD)
    births = [child.birth_date for child in scene.family.children]
    if name is None or not births or data.get(_LAST):
        return
    months = method_named(name).baby_months
    if months and age_in_months(max(births), scene.family.today) < max(months):
        data[_LAST] = max(births).isoformat()


def _warns(data: Mapping[str, Any], scene: Scene) -> bool:
    """Whether a combined method while breastfeeding is for the bidan to judge."""
    name = data.get(_METHOD)
    if name is None or (name in OPEN_KINDS and not data.get("kind_unknown")):
        return False
    months = data.get("baby_months")
    births = [child.birth_date for child in scene.family.children]
    if months is None and births:
        months = age_in_months(max(births), scene.family.today)
    return for_bidan_to_judge(name, data.get(_FEEDING), months)
