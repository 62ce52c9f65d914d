"""Correcting one's data: what is wrong, what it should be, shown once more, written on "benar".

One thing at a time: a child's name, sex or birth date, the posyandu, the dates of a pregnancy, one's own name.
Moving house and a new number have journeys of their own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from sapa.family.people import Child, Sex
from sapa.family.reading import child as child_reading
from sapa.family.reading.child import match_posyandu, read_child_facts, read_correction
from sapa.family.reading.dates import DateReading, read_date
from sapa.family.reading.rights import (
    may_correct,
    pregnancy_date_named,
    speaks_of_own_name,
    wants_to_correct,
    without_owner,
    without_record_words,
)
from sapa.family.reading.words import is_unknown, normalize, read_yes_no
from sapa.messaging.loss import named_in
from sapa.services import places
from sapa.services.journeys.contract import Heard, Question, Scene
from sapa.services.records import Reply
from sapa.services.reminders import replan

LABEL = "flow/profil"
WHAT, WHICH, VALUE, RIGHT = "apa", "anak", "nilai", "benar"
NAME, SEX, BORN, POSYANDU, LMP, EDD, OWN_NAME = "nama", "kelamin", "lahir", "posyandu", "hpht", "hpl", "nama-saya"
_OF_CHILD = (NAME, SEX, BORN)
_BY_SLOT = {
    child_reading.NAME: NAME,
    child_reading.SEX: SEX,
    child_reading.BIRTH_DATE: BORN,
    child_reading.POSYANDU: POSYANDU,
}
_SLOT_OF = {field: slot for slot, field in _BY_SLOT.items()}

_MOST_OPTIONS = 8
# A pregnancy lasts 40 weeks; the bidan is asked to look after 44 (content/facts/kehamilan.yml counts to 42).
_LONGEST, _WHOLE = timedelta(weeks=44), timedelta(days=280)


class CorrectData:
    """The journey "ubah"."""

    name = "ubah"
    purpose: str | None = None
    consent_text: str | None = None

    def opens(self, scene: Scene, text: str, label: str | None) -> bool:
        """Whether a message wants something of what is kept to be otherwise."""
        if not may_correct(text):
            return False
        if wants_to_correct(text):
            return True
        return label == LABEL and bool(self._read(scene, text, {}, None))

    def begin(self, scene: Scene) -> Heard:
        """Nothing to correct where nothing is kept."""
        family = scene.family
        contact = scene.tx.contact(scene.contact_id)
        if not family.children and family.pregnancy is None and (contact is None or contact.name is None):
            return Heard(over="nothing", notes=(Reply("dialog/data-saya/kosong"),))
        return Heard({})

    def hear(self, scene: Scene, text: str, data: Mapping[str, Any], asked: str | None) -> Heard:
        """What is wrong and what it should be, in one message or in several."""
        if asked == RIGHT:
            answer = read_yes_no(text)
            if answer is True:
                return Heard({**data, "ok": True})
            if answer is False and not self._read(scene, text, {}, None):
                return Heard({}, notes=(Reply("dialog/data-saya/belum-diubah"),))
        if asked == WHICH:
            child = self._picked(scene, text)
            if child is not None:
                return self._judged(scene, {**data, "child": child.id})
        if asked == VALUE and data.get("options"):
            return self._which_posyandu(scene, text, data)
        said = self._read(scene, text, data, asked)
        if not said:
            return Heard(data, understood=asked is None)
        if "problem" in said:
            note = Reply(_PROBLEMS.get(said["problem"], _PROBLEMS["none"]), {"child_name": self._name_of(scene, said)})
            return Heard({**data, **{key: said[key] for key in said if key != "problem"}}, notes=(note,))
        return self._judged(scene, {**data, **said})

    def ask(self, scene: Scene, data: Mapping[str, Any]) -> Question | None:
        """What is missing; at the end the old and the new side by side."""
        if data.get("ok"):
            return None
        what = data.get("what")
        children = scene.family.children
        if what is None:
            fields = [*(_OF_CHILD if children else ()), POSYANDU, *((LMP,) if scene.family.pregnancy else ()), OWN_NAME]
            return Question(WHAT, Reply("dialog/data-saya/ubah-apa", {"fields": fields}))
        if what in _OF_CHILD and self._child(scene, data) is None:
            return Question(WHICH, Reply("dialog/data-saya/anak-yang-mana", {"names": [c.name for c in children]}))
        shown = {"what": what, "child_name": self._name_of(scene, data), "old": _shown(what, self._old(scene, data))}
        if data.get("options"):
            return Question(VALUE, Reply("dialog/pindah/posyandu-tidak-dikenal", {"options": data["options"]}))
        if data.get("value") is None:
            return Question(VALUE, Reply("dialog/data-saya/tanya-nilai", shown))
        return Question(RIGHT, Reply("dialog/data-saya/periksa", {**shown, "new": _shown(what, data["value"])}))

    def finish(self, scene: Scene, data: Mapping[str, Any]) -> tuple[Reply, ...]:
        """Write the one thing and plan anew. Doing it twice changes nothing more."""
        tx, now, what, value = scene.tx, scene.now, str(data["what"]), str(data["value"])
        household_id = tx.household_of(scene.contact_id, now)
        name = self._name_of(scene, data)
        child = self._child(scene, data)
        if what == OWN_NAME:
            tx.set_contact_name(scene.contact_id, value)
        elif what == POSYANDU:
            row = places.named(tx, value)
            tx.set_posyandu(household_id, row.id if row else None, None if row else value)
        elif what in (LMP, EDD) and scene.family.pregnancy is not None:
            lmp = date.fromisoformat(value) - (_WHOLE if what == EDD else timedelta())
            dated_by = "hpl" if what == EDD else "hpht"
            changed = replace(scene.family.pregnancy, lmp=lmp, edd=lmp + _WHOLE, dated_by=dated_by)
            tx.save_pregnancy(household_id, changed, now)
        elif child is not None:
            tx.save_child(household_id, _changed(child, what, value), now)
        tx.audit("data_corrected", scene.contact_id, {"what": what, "inbound": scene.inbound_id}, now)
        replan(scene.deps, tx, household_id, now)
        return (Reply("dialog/data-saya/tersimpan", {"what": what, "child_name": name, "new": _shown(what, value)}),)

    # --- reading

    def _read(self, scene: Scene, text: str, data: Mapping[str, Any], asked: str | None) -> dict[str, Any]:
        """What of `what`, `child`, `value` a message says; `problem` for a date that cannot be."""
        plain, today = normalize(text), scene.received_on
        what = str(data["what"]) if asked == VALUE and data.get("what") else None
        for field in (LMP, EDD):
            if scene.family.pregnancy is not None and (field == what or field == pregnancy_date_named(plain)):
                return {
                    "what": field,
                    **_date_said(read_date(text, today, prefer="past" if field == LMP else "future")),
                }
        if speaks_of_own_name(plain) or what == OWN_NAME:
            return {"what": OWN_NAME, **self._own_name(text, today)}
        named = self._named(scene, text) if what != NAME else []
        return {**({"child": named[0].id} if named else {}), **self._of_child(scene, text, what, asked)}

    def _of_child(self, scene: Scene, text: str, what: str | None, asked: str | None) -> dict[str, Any]:
        today, known = scene.received_on, places.known_names(scene.tx)
        rest = self._without_names(scene, text) if what != NAME else text
        rest = without_record_words(rest)
        slot = _SLOT_OF.get(what or "")
        correction = read_correction(rest, today, known_posyandu=known, asked=slot)
        facts = (
            correction.facts if correction.marked else read_child_facts(rest, today, known_posyandu=known, asked=slot)
        )
        if correction.marked or asked == VALUE:
            if facts.birth_date.matched and what in (None, BORN):
                return {"what": BORN, **_date_said(facts.birth_date)}
            if facts.sex is not None and what in (None, SEX):
                return {"what": SEX, "value": facts.sex.value}
            posyandu = facts.posyandu or facts.posyandu_said
            if posyandu and what in (None, POSYANDU):
                return {"what": POSYANDU, "value": posyandu}
            if facts.name and what in (None, NAME):
                return {"what": NAME, "value": facts.name}
        fields = [_BY_SLOT[name] for name in correction.fields if name in _BY_SLOT]
        return {"what": fields[0], "value": None} if fields and asked != VALUE else {}

    def _own_name(self, text: str, today: date) -> dict[str, Any]:
        rest = without_record_words(without_owner(text))
        correction = read_correction(rest, today)
        facts = correction.facts if correction.marked else read_child_facts(rest, today, asked=child_reading.NAME)
        return {"value": facts.name} if facts.name else {}

    def _which_posyandu(self, scene: Scene, text: str, data: Mapping[str, Any]) -> Heard:
        """One of several of the same name, by its number or desa; "bukan" leaves the name as it was said."""
        options, number = list(data["options"]), text.strip(" .)")
        found = None
        if number.isascii() and number.isdigit():
            found = options[int(number) - 1] if 1 <= int(number) <= len(options) else None
        else:
            found = match_posyandu(text, options)
        if found is None and (read_yes_no(text) is False or is_unknown(text)):
            found = str(data["said"])
        if found is None:
            return Heard(dict(data), understood=False)
        return Heard({**data, "value": found, "said": None, "options": None})

    def _named(self, scene: Scene, text: str) -> list[Child]:
        names = named_in(text, [child.name for child in scene.family.children])
        return [child for child in scene.family.children if child.name in names]

    def _without_names(self, scene: Scene, text: str) -> str:
        """The message without the old name, which is not the new one: "nama Ani salah, harusnya Anisa"."""
        for child in self._named(scene, text):
            for way in {child.name, child.name.split()[0]}:
                text = re.sub(rf"(?i)\b{re.escape(way)}\b", " ", text)
        return text

    def _picked(self, scene: Scene, text: str) -> Child | None:
        """The child behind a number of the list or a name."""
        children = scene.family.children
        number = text.strip(" .)")
        if number.isascii() and number.isdigit() and 1 <= int(number) <= len(children):
            return children[int(number) - 1]
        named = self._named(scene, text)
        return named[0] if len(named) == 1 else None

    # --- judging and showing

    def _judged(self, scene: Scene, data: dict[str, Any]) -> Heard:
        """Refuse kindly what cannot be; the question is put again and nothing else is lost."""
        value, what = data.get("value"), data.get("what")
        child = self._child(scene, data)
        if value is None:
            return Heard(data)
        several = places.bearers(scene.tx, str(value)) if what == POSYANDU else []
        if several:
            # A name that several bear would leave the family without a posyandu: its desa is asked for.
            return Heard({**data, "value": None, "said": value, "options": several[:_MOST_OPTIONS]})
        if what == BORN and child is not None:
            first = min(child.doses.values(), default=None)
            if first is not None and first < date.fromisoformat(value):
                note = Reply(
                    "dialog/data-saya/lahir-sesudah-suntik", {"child_name": child.name, "day": first.isoformat()}
                )
                return Heard({**data, "value": None}, notes=(note,))
        if what in (LMP, EDD):
            lmp = date.fromisoformat(value) - (_WHOLE if what == EDD else timedelta())
            if not timedelta() <= scene.family.today - lmp <= _LONGEST:
                return Heard({**data, "value": None}, notes=(Reply("dialog/data-saya/tanggal-hamil-tidak-cocok"),))
        return Heard(data)

    def _child(self, scene: Scene, data: Mapping[str, Any]) -> Child | None:
        if data.get("what") not in _OF_CHILD:
            return None
        children = scene.family.children
        if data.get("child"):
            return next((child for child in children if child.id == data["child"]), None)
        return children[0] if len(children) == 1 else None

    def _name_of(self, scene: Scene, data: Mapping[str, Any]) -> str | None:
        child = self._child(scene, data)
        return child.name if child is not None else None

    def _old(self, scene: Scene, data: Mapping[str, Any]) -> str | None:
        what, child, pregnancy = data["what"], self._child(scene, data), scene.family.pregnancy
        if what == POSYANDU:
            return scene.family.posyandu.name if scene.family.posyandu else None
        if what == OWN_NAME:
            contact = scene.tx.contact(scene.contact_id)
            return contact.name if contact is not None else None
        if what in (LMP, EDD):
            return None if pregnancy is None else (pregnancy.lmp if what == LMP else pregnancy.edd).isoformat()
        if child is None:
            return None
        return {NAME: child.name, SEX: child.sex.value if child.sex else None, BORN: child.birth_date.isoformat()}[what]


_PROBLEMS = {
    "future": "dialog/daftar-anak/tanggal-masa-depan",
    "too_old": "dialog/daftar-anak/tanggal-terlalu-lama",
    "vague": "dialog/daftar-anak/tanggal-perlu-lengkap",
    "none": "dialog/daftar-anak/tanggal-tidak-terbaca",
}


def _date_said(reading: DateReading) -> dict[str, Any]:
    if reading.usable and reading.value is not None:
        return {"value": reading.value.isoformat()}
    return {"problem": reading.problem} if reading.matched else {"value": None}


def _shown(what: str, value: str | None) -> dict[str, str] | None:
    """A value as a text shows it: {"date"}, {"sex"} or {"text"}."""
    if value is None:
        return None
    return {"date" if what in (BORN, LMP, EDD) else "sex" if what == SEX else "text": value}


def _changed(child: Child, what: str, value: str) -> Child:
    if what == NAME:
        return replace(child, name=value)
    if what == SEX:
        return replace(child, sex=Sex(value))
    return replace(child, birth_date=date.fromisoformat(value))


JOURNEY = CorrectData()
