"""The screening before a wedding as a dialogue: a few questions for two, every one may be answered "belum tahu".

Told by either of the two. While only one of them writes, that one tells both; a partner who joins with a code
(sapa.services.partners) tells the own part alone, with an own consent.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from sapa.family.people import Screening, Sex, Wedding
from sapa.family.reading.dates import DateReading
from sapa.family.reading.screening import (
    ASKED,
    HER,
    HIM,
    ME,
    OTHER,
    Doubt,
    Key,
    ScreeningReading,
    read_figure,
    read_screening,
)
from sapa.family.reading.words import is_unknown, looks_like_question, normalize, read_yes_no
from sapa.family.screening import ITEMS, SHARED, bmi, both, own, plausible, rules
from sapa.services import partners
from sapa.services.consents import PREMARITAL
from sapa.services.journeys.contract import Heard, Question, Scene
from sapa.services.records import Reply
from sapa.services.reminders import replan
from sapa.services.screening_recording import is_command
from sapa.services.screening_results import results, spoken

_FOLDER = "dialog/catin/"
DOUBT, SHARE, CONFIRM, CHANGE = "doubt", "share", "confirm", "change"
#: A wedding further away than this is more likely a slip of the year.
_FAR_YEARS = 3
_SUBJECT = re.compile(r"\b(?:catin|calon (?:pengantin|penganten|manten)|pra ?nikah|elsimil)\b")
_REGISTERS = re.compile(r"\b(?:daftar|daftarkan|daftarin|mendaftar|registrasi|skrining|screening)\b")
_URGENT = frozenset({"danger", "keluhan", "handover", "flow/duka", "flow/hapus-data", "flow/berhenti"})
_CHANGE = re.compile(r"\b(?:ubah|rubah|diubah|ganti|koreksi|betulkan|salah|keliru|bukan)\b")
_DAY_ALONE = re.compile(
    r"^\W*(?:(?:tanggal|tgl|tgal|tg)(?:nya)? ?|yang )?(\d{1,2})\W*(?:ya|aja|saja|kak|bu|insyaallah)?\W*$"
)
#: Items cleared by the word for one of them: "ubah td" is about its day too.
_TOGETHER = {"td_status": ("td_status", "td_last_on"), "hb_g_dl": ("hb_g_dl", "hb_on")}
_HERS = frozenset(ITEMS[Sex.FEMALE]) - frozenset(ITEMS[Sex.MALE]) - {"smoke_at_home"}


@dataclass
class _Draft:
    """What the journey knows, while a message is being worked in. `answers` by owner: F, M, me, other."""

    data: dict[str, Any]
    answers: dict[str, dict[str, Any]]

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> _Draft:
        told = data.get("answers") or {}
        draft = cls(dict(data), {owner: dict(told.get(owner) or {}) for owner in (HER, HIM, ME, OTHER)})
        draft.settle()
        return draft

    @property
    def role(self) -> str | None:
        return self.data.get("role")

    @property
    def solo(self) -> bool:
        """Whether only the writer's own part is told here: the partner writes, too."""
        return bool(self.data.get("solo"))

    def partner(self) -> str:
        return HIM if self.role == HER else HER

    def owner(self, said: str) -> str:
        """Whose it is by name, as soon as it is known who writes."""
        if self.role is None or said in (HER, HIM):
            return said
        return self.role if said == ME else self.partner()

    def settle(self) -> None:
        """What was said of "me" and "the other" goes to her and him."""
        if self.role is not None:
            for said in (ME, OTHER):
                self.answers[self.owner(said)].update(self.answers[said])
                self.answers[said] = {}

    def to_data(self) -> dict[str, Any]:
        return {**self.data, "answers": {owner: told for owner, told in self.answers.items() if told}}


class PremaritalJourney:
    """The journey "catin"; see sapa.services.journeys.contract."""

    name = "catin"
    purpose = PREMARITAL
    consent_text = "dialog/persetujuan/catin"

    def opens(self, scene: Scene, text: str, label: str | None) -> bool:
        """A partner's code opens it whatever the label says; so does a long "daftar catin ..." full of figures."""
        if partners.code_in(text) is not None:
            return True
        plain = normalize(text)
        if label in _URGENT or looks_like_question(plain) or not _SUBJECT.search(plain):
            return False
        if _REGISTERS.search(plain):
            return True
        reading = read_screening(text, scene.received_on)
        return reading.wedding.usable or len(reading.answers) > 1

    def begin(self, scene: Scene) -> Heard:
        """What was told before; what was "belum tahu" then is asked again. A wedding that has passed is no record."""
        wedding = scene.family.wedding
        if wedding is None or _is_over(wedding, scene.received_on):
            return Heard()
        mine = own(wedding, scene.contact_id)
        if mine is None:
            return Heard({"theirs": True})
        linked = any(s.contact_id not in ("", scene.contact_id) for s in wedding.screenings)
        told = {
            s.partner.value: {item: value for item, value in s.answers.items() if value is not None}
            for s in wedding.screenings
            if s is mine or not linked
        }
        data: dict[str, Any] = {"role": mine.partner.value, "answers": told, "solo": linked, "known": True}
        return Heard(data | ({"wedding": wedding.date.isoformat()} if wedding.date else {}))

    def hear(self, scene: Scene, text: str, data: Mapping[str, Any], asked: str | None) -> Heard:
        code = partners.code_in(text)
        if code is not None:
            return _with_code(scene, code, data)
        draft = _Draft.of(data)
        if draft.data.get("theirs"):
            return Heard(over="theirs", notes=(Reply(_FOLDER + "hubung/punya-pasangan"),))
        if asked == DOUBT and draft.data.get("doubt"):
            settled = _settle_doubt(draft, text, scene.received_on)
            if settled is not None:
                return settled
        slot = asked if asked in ASKED else None
        reading = read_screening(text, scene.received_on, asked=slot, wanted=_wanted(draft, slot))
        reading = _with_the_month(draft, reading, text, asked)
        if asked is not None and not reading.anything and is_command(text):
            # Ours, but for a screening that is told to its end.
            return Heard(dict(data), notes=(Reply(_FOLDER + "hubung/nanti"),))
        if reading.called_off:
            return Heard({**data, "called_off": True}) if data.get("known") else Heard(over="off", notes=_CALLED_OFF)
        if _is_married(draft, reading, text, asked):
            return Heard(over="married", notes=(Reply(_FOLDER + "sudah-menikah"),))
        understood = _take(draft, reading, scene.received_on)
        understood = _steer(draft, reading, text, asked) or understood
        if asked is None and not understood and _nothing_open(draft):
            return _shown(scene)
        notes = _notes(draft)
        return Heard(draft.to_data(), understood, notes)

    def ask(self, scene: Scene, data: Mapping[str, Any]) -> Question | None:
        draft = _Draft.of(data)
        if draft.data.get("called_off"):
            return None
        if draft.data.get("doubt"):
            return Question(DOUBT, Reply(_FOLDER + "periksa-angka", _doubt_vars(draft)))
        if draft.role is None:
            return Question("role", Reply(_FOLDER + "tanya-peran"))
        if "wedding" not in draft.data:
            return Question("wedding", Reply(_FOLDER + "tanya-tanggal", {"wedding_problem": draft.data.get("problem")}))
        for slot in ("me", "check", "smoke", "td", "partner"):
            items = _open_items(draft, slot)
            if items:
                return Question(slot, _question(draft, slot, items))
        if draft.data.get("code") and "shared" not in draft.data:
            return Question(SHARE, Reply(_FOLDER + "hubung/tanya-bagikan"))
        if draft.data.get("confirmed"):
            return None
        if draft.data.get("changing"):
            return Question(CHANGE, Reply(_FOLDER + "ubah-apa"))
        return Question(CONFIRM, Reply(_FOLDER + "ringkasan", _summary(draft)))

    def finish(self, scene: Scene, data: Mapping[str, Any]) -> tuple[Reply, ...]:
        draft = _Draft.of(data)
        tx, now = scene.tx, scene.now
        if draft.data.get("called_off"):
            return call_off(scene, tx.household_of(scene.contact_id, now))
        if draft.data.get("code"):
            joined = partners.join(
                scene.deps,
                tx,
                draft.data["code"],
                scene.contact_id,
                draft.answers[draft.role or HIM],
                bool(draft.data.get("shared")),
                now,
            )
            if joined is None:
                return (partners.wrong_code(None),)
            wedding, household_id = joined
        else:
            household_id = tx.household_of(scene.contact_id, now)
            wedding = _write(scene, draft, household_id)
        replan(scene.deps, tx, household_id, now)
        return results(wedding, scene.contact_id, scene.received_on)


JOURNEY = PremaritalJourney()
_CALLED_OFF = (Reply(_FOLDER + "tidak-jadi", {"was_registered": False}),)


def call_off(scene: Scene, household_id: str) -> tuple[Reply, ...]:
    """There will be no wedding: the record is closed, its messages end."""
    wedding = scene.tx.wedding_of(household_id)
    if wedding is not None:
        scene.tx.close_wedding(wedding.id, "called_off", scene.now)
        scene.tx.audit("wedding_closed", scene.contact_id, {"reason": "called_off"}, scene.now)
        partners.part(scene.deps, scene.tx, wedding, household_id, scene.now)
    replan(scene.deps, scene.tx, household_id, scene.now)
    return (Reply(_FOLDER + "tidak-jadi", {"was_registered": True}),)


# ------------------------------------------------------------------------------------------------- working a message in


def _with_code(scene: Scene, code: str, data: Mapping[str, Any]) -> Heard:
    """A partner's code: the seat it gives, with what was told of this person and what this person told before."""
    if data.get("code") == code:
        return Heard(dict(data))
    found = partners.invitation(scene.tx, code, scene.contact_id, scene.family, scene.inbound_id, scene.now)
    if isinstance(found, Reply):
        return Heard(over="code", notes=(found,))
    wedding, sex = found
    her, him = both(wedding)
    told = (her if sex is Sex.FEMALE else him).answers
    before = _Draft.of(data)
    mine = {**told, **before.answers[ME], **before.answers[sex.value]}
    known = {item: value for item, value in mine.items() if value is not None and item != SHARED}
    return Heard(
        {
            "role": sex.value,
            "solo": True,
            "code": code,
            "wedding": wedding.date.isoformat() if wedding.date else None,
            "answers": {sex.value: known},
        }
    )


def _settle_doubt(draft: _Draft, text: str, today: date) -> Heard | None:
    """The answer to "112? mungkin 11,2?"; None if the message is about something else."""
    doubt = draft.data["doubt"]
    owner, item = draft.owner(doubt["owner"]), doubt["item"]
    told = read_screening(text, today)
    marked = {(draft.owner(said), what): figure for (said, what), figure in told.answers.items()}
    others = [what for _, what in marked if what != item]
    if others:
        # "25 tahun 60 kg 170": the first figure is not the one that was asked for.
        if marked.get((owner, item)) is not None:
            del draft.data["doubt"]
        _take(draft, told, today)
        return Heard(draft.to_data(), notes=_notes(draft))
    value: float | Doubt | None = read_figure(text, item, owner)
    if value is None and read_yes_no(text) is True and doubt.get("suggestion") is not None:
        value = doubt["suggestion"]
    if isinstance(value, Doubt):
        draft.data["doubt"] = _as_json(value, draft)
        return Heard(draft.to_data())
    if value is None and not is_unknown(text):
        return None
    del draft.data["doubt"]
    draft.answers[owner][item] = value
    _doubt_bmi(draft, owner)
    notes = _notes(draft)
    return Heard(draft.to_data(), notes=notes)


def _as_json(doubt: Doubt, draft: _Draft) -> dict[str, Any]:
    return {
        "owner": draft.owner(doubt.owner),
        "item": doubt.item,
        "said": doubt.said,
        "suggestion": doubt.suggestion,
    }


def _take(draft: _Draft, reading: ScreeningReading, today: date) -> bool:
    """Take over everything that was said; whether it was anything at all."""
    if reading.role is not None and not draft.data.get("code"):
        draft.data["role"] = reading.role.value
    draft.settle()
    touched: set[str] = set()
    # A status before its day: a new status takes the old day with it.
    for (said, item), value in sorted(reading.answers.items(), key=lambda told: told[0][1] == "td_last_on"):
        owner = draft.owner(said)
        if draft.owner(reading.said_of.get(item, owner)) == HIM and item in _HERS:
            continue  # his Hb is not asked for
        if draft.solo and owner in (HER, HIM) and owner != draft.role:
            continue  # the partner's answers are the partner's to tell
        if item == "td_status" and value != draft.answers[owner].get(item):
            draft.answers[owner].pop("td_last_on", None)
        draft.answers[owner][item] = value
        touched.add(owner)
    doubts = [_as_json(doubt, draft) for doubt in reading.doubts]
    doubts = [doubt for doubt in doubts if not (draft.solo and doubt["owner"] != draft.role)]
    if doubts:
        draft.data["doubt"] = doubts[0]
    for owner in touched:
        _doubt_bmi(draft, owner)
    _take_wedding(draft, reading, today)
    if reading.rest_unknown and draft.role is not None:
        _leave_open(draft)
    return reading.anything


def _with_the_month(draft: _Draft, reading: ScreeningReading, text: str, asked: str | None) -> ScreeningReading:
    """The number of a day ("tgl 14") for the month that was told before ("Maret tahun depan")."""
    month = draft.data.get("month")
    day = _DAY_ALONE.match(normalize(text))
    if asked != "wedding" or month is None or day is None:
        return reading
    try:
        value = date.fromisoformat(f"{month}-{int(day.group(1)):02d}")
    except ValueError:
        return reading
    return replace(reading, wedding=DateReading(value, "day", None), wedding_unknown=False)


def _take_wedding(draft: _Draft, reading: ScreeningReading, today: date) -> None:
    day = reading.wedding.value
    if reading.wedding_unknown:
        draft.data |= {"wedding": None, "problem": None}
    elif reading.wedding.problem not in (None, "none"):
        if "wedding" not in draft.data:
            if reading.wedding.problem == "vague" and reading.wedding.precision == "month" and day is not None:
                draft.data["month"] = f"{day:%Y-%m}"
            draft.data["problem"] = "vague" if reading.wedding.problem == "vague" else "unclear"
    elif day is not None and reading.wedding.usable:
        problem = "past" if day < today else "far" if day.year > today.year + _FAR_YEARS else None
        if problem:
            draft.data["problem"] = problem
            draft.data.pop("wedding", None)
        else:
            draft.data |= {"wedding": day.isoformat(), "problem": None}


def _doubt_bmi(draft: _Draft, owner: str) -> None:
    """Weight and height that cannot belong to one person: the weight is asked again."""
    told = draft.answers[owner]
    value = bmi(told.get("weight_kg"), told.get("height_cm"))
    if value is not None and not plausible("bmi", value):
        said = told.pop("weight_kg")
        draft.data["doubt"] = {"owner": owner, "item": "weight_kg", "said": said, "suggestion": None}


def _leave_open(draft: _Draft) -> None:
    """ "Yang lain belum tahu": whatever was not asked yet is left open."""
    draft.data.setdefault("wedding", None)
    for slot in ("me", "check", "smoke", "td", "partner"):
        while items := _open_items(draft, slot):
            for owner, item in items:
                draft.answers[owner][item] = None


def _is_married(draft: _Draft, reading: ScreeningReading, text: str, asked: str | None) -> bool:
    if reading.married:
        return True
    past = asked == "wedding" and draft.data.get("problem") == "past"
    return past and not reading.wedding.usable and read_yes_no(text) is True


def _steer(draft: _Draft, reading: ScreeningReading, text: str, asked: str | None) -> bool:
    """What steers the dialogue instead of telling a fact: benar, ubah, boleh dilihat."""
    answer = read_yes_no(text)
    told = bool(reading.answers or reading.doubts or reading.wedding.usable or reading.wedding_unknown)
    if asked == SHARE and answer is not None and not told:
        # "Iya merokok" agrees to nothing.
        draft.data["shared"] = answer
        return True
    if asked not in (CONFIRM, CHANGE):
        return False
    if told:
        draft.data.pop("changing", None)
        return True
    wants_change = bool(_CHANGE.search(normalize(text))) or answer is False or asked == CHANGE
    if wants_change and reading.named:
        for item in reading.named:
            _clear(draft, item)
        draft.data.pop("changing", None)
        return True
    if asked == CONFIRM and answer is True:
        draft.data["confirmed"] = True
        return True
    if asked == CONFIRM and wants_change:
        draft.data["changing"] = True
        return True
    return False


def _clear(draft: _Draft, item: str) -> None:
    """Ask for something anew."""
    if item == "wedding" and not draft.data.get("code"):
        draft.data.pop("wedding", None)
    for owner in (HER, HIM):
        for one in _TOGETHER.get(item, (item,)):
            draft.answers[owner].pop(one, None)


def _notes(draft: _Draft) -> tuple[Reply, ...]:
    """The law on the age, said once and kindly; it ends nothing."""
    law = rules().thresholds["age_law"].min or 0
    young = [
        owner
        for owner in (HER, HIM)
        if (years := draft.answers[owner].get("age_years")) is not None
        and years < law
        and not (draft.solo and owner != draft.role)
    ]
    if not young or draft.data.get("law_told"):
        return ()
    draft.data["law_told"] = True
    return (Reply(_FOLDER + "belum-19"),)


def _nothing_open(draft: _Draft) -> bool:
    return (
        bool(draft.data.get("known"))
        and bool(draft.data.get("wedding"))
        and not any(_open_items(draft, slot) for slot in ("me", "check", "smoke", "td", "partner"))
    )


def _shown(scene: Scene) -> Heard:
    """All was told before: here it is, with how to change it."""
    wedding = scene.family.wedding
    assert wedding is not None
    told = results(wedding, scene.contact_id, scene.received_on)
    return Heard(over="known", notes=(Reply(_FOLDER + "sudah-terdaftar"), *told))


# ------------------------------------------------------------------------------------------------------ what is asked


def _open_items(draft: _Draft, slot: str) -> list[Key]:
    """What is still open of a question, by owner and item. A None is an answer: "belum tahu"."""
    role = draft.role
    if role is None:
        return []
    keys = [(draft.owner(said), item) for said, item in ASKED[slot]]
    if slot == "td" and draft.answers[HER].get("td_status") in rules().td:
        keys.append((HER, "td_last_on"))
    return [
        (owner, item) for owner, item in keys if item not in draft.answers[owner] and not (draft.solo and owner != role)
    ]


def _wanted(draft: _Draft, slot: str | None) -> tuple[Key, ...] | None:
    """The same for the reader, who knows the writer as "me" where the question does."""
    if slot is None:
        return None
    asked = dict.fromkeys(ASKED[slot])
    named = {(draft.owner(said), item): (said, item) for said, item in asked}
    return tuple(named.get(key, key) for key in _open_items(draft, slot))


def _question(draft: _Draft, slot: str, items: list[Key]) -> Reply:
    """The text names what is still open, and whose it is: own, wife's, husband's."""
    names = [item for _, item in items]
    if slot in ("me", "partner"):
        who = ME if slot == "me" else items[0][0]
        return Reply(_FOLDER + "tanya-badan", {"asked_of": who, "asked_items": names})
    if slot == "smoke":
        whose = [ME if owner == draft.role else owner for owner, item in items if item == "smokes"]
        return Reply(
            _FOLDER + "tanya-rokok",
            {"smoke_of": whose, "smoke_home": "smoke_at_home" in names, "writer": draft.role},
        )
    key = {"check": "tanya-periksa", "td": "tanya-td"}[slot]
    return Reply(_FOLDER + key, {"asked_of": ME if draft.role == HER else HER, "asked_items": names})


def _doubt_vars(draft: _Draft) -> dict[str, Any]:
    doubt = draft.data["doubt"]
    return {
        "doubt_item": doubt["item"],
        "asked_of": ME if doubt["owner"] in (draft.role, ME) else draft.owner(doubt["owner"]),
        "doubt_said": spoken(doubt["said"]),
        "doubt_suggestion": spoken(doubt.get("suggestion")),
    }


def _summary(draft: _Draft) -> dict[str, Any]:
    """Everything that was told, in the order of asking; an item that is not known stands there as None."""
    people = []
    for sex in (Sex.FEMALE, Sex.MALE):
        if draft.solo and sex.value != draft.role:
            continue
        told = draft.answers[sex.value]
        rows = [{"item": item, "value": _told(told.get(item), item)} for item in ITEMS[sex] if item in told]
        people.append({"partner": sex.value, "me": sex.value == draft.role, "rows": rows})
    return {"wedding_on": draft.data.get("wedding"), "couple": people}


def _told(value: Any, item: str) -> Any:
    """As a text can print it: yes and no as "ya" and "tidak" in its own words, figures with a comma, dates in ISO."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return spoken(value)


# ------------------------------------------------------------------------------------------------------------- writing


def _write(scene: Scene, draft: _Draft, household_id: str) -> Wedding:
    tx, now = scene.tx, scene.now
    open_one = tx.wedding_of(household_id)
    if open_one is not None and _is_over(open_one, scene.received_on):
        tx.close_wedding(open_one.id, "past", now)
        open_one = None
    before = open_one or Wedding(
        contact_id=scene.contact_id,
        # One message makes one wedding, however often its turn is done again.
        id=str(uuid5(NAMESPACE_URL, f"wedding:{household_id}:{scene.inbound_id}")),
    )
    day = draft.data.get("wedding")
    wedding = replace(
        before,
        date=date.fromisoformat(day) if day else None,
        screened_on=before.screened_on or scene.received_on,
    )
    tx.save_wedding(household_id, wedding, now)
    kept = {s.partner: s for s in before.screenings}
    for sex in (Sex.FEMALE, Sex.MALE):
        if draft.solo and sex.value != draft.role:
            continue
        old = kept.get(sex, Screening(sex))
        mine = sex.value == draft.role
        answers = {**old.answers, **draft.answers[sex.value]}
        screening = Screening(
            sex, answers, scene.contact_id if mine else old.contact_id, partners.screening_id(wedding.id, sex)
        )
        tx.save_screening(wedding.id, screening, now)
    _seat(scene, household_id, Sex(draft.role or HER))
    tx.audit("screening_recorded", scene.contact_id, {"inbound": scene.inbound_id}, now)
    saved = tx.wedding_of(household_id)
    assert saved is not None
    return saved


def _seat(scene: Scene, household_id: str, sex: Sex) -> None:
    """Who this is, where nobody has said yet."""
    member = next((m for m in scene.tx.members_of(household_id) if m.contact_id == scene.contact_id), None)
    if member is not None and not member.relation:
        scene.tx.set_member(scene.contact_id, household_id, partners.RELATIONS[sex], member.every_reminder)


def _is_over(wedding: Wedding, today: date) -> bool:
    return wedding.date is not None and wedding.date < today
