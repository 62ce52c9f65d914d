"""The dialogue "lahir": a birth is reported in a few words; it ends the pregnancy, opens the weeks after it, and makes
the child (or the twins). Only what is missing is asked; weight and name may be unknown.

A child under 2,500 g or born before 37 weeks goes to a human: its schedule is not the calendar's (content/facts/
kehamilan.yml, gestational_age.preterm). A loss told here is answered as one, and nothing is written.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from sapa.family.people import Child, Pregnancy, Sex
from sapa.family.pregnancy import birth_weeks, is_small, may_be_born, unnamed, visit_windows
from sapa.family.reading import birth as reading_births
from sapa.family.reading.birth import (
    BABY_NAME,
    DATE,
    SEX,
    WEIGHT,
    BirthReading,
    is_birth_report,
    read_birth,
    says_not_born_yet,
    tells_of_newborn,
)
from sapa.family.reading.child import read_child_facts
from sapa.family.reading.pregnancy import read_pregnancy
from sapa.family.reading.words import is_unknown, looks_like_question, read_yes_no, words_of
from sapa.messaging.text import words as word_list
from sapa.services.consents import CHILD_CARE
from sapa.services.journeys.contract import Heard, Question, Scene
from sapa.services.journeys.pregnancy import (
    POSYANDU,
    join_posyandu,
    take_posyandu,
    tells_of_loss,
    wants_posyandu,
    which_posyandu,
)
from sapa.services.losses import born_after_all
from sapa.services.records import Reply
from sapa.services.reminders import replan

__all__ = ["JOURNEY", "BirthJourney", "is_birth_report"]

CONFIRM, CHANGE = "confirm", "change"
SMALL_CASE = "bayi-kecil"
# Labels that are never a birth to be written down, and those of a message that may be one without further facts.
_NEVER = frozenset({"danger", "keluhan", "handover", "flow/duka", "flow/hapus-data", "flow/berhenti"})
_OPENING = frozenset({None, "inform", "flow/daftar-anak", "flow/daftar-hamil"})
_FORM = "dialog/lahir/"
_SHORT = 6
# "tgl 20" means the 20th that has just been; further back it may be another month's.
_NEAR = timedelta(days=14)
# The first vaccine belongs into the first day (facts, newborn_care: HB0 < 24 h): a day that may still be running.
_FIRST_DAY = timedelta(days=1)
_FIELDS = {
    SEX: word_list("kelamin kelaminnya jk jenis"),
    DATE: word_list("tanggal tanggalnya tgl lahirnya hari harinya"),
    WEIGHT: word_list("berat beratnya bb timbangan"),
    BABY_NAME: word_list("nama namanya"),
    POSYANDU: word_list("posyandu posyandunya"),
}
_KEYS = {SEX: "sexes", DATE: "on", WEIGHT: "weights", BABY_NAME: "names", POSYANDU: "posyandu"}
_CHANGING = word_list("ubah ganti salah keliru ralat rubah betulkan")
_FACTS = ("sexes", "weights", "names", "on", "count", "weeks", "early", "posyandu", "said")


@dataclass(frozen=True)
class Baby:
    """One child of the birth as it will be written down."""

    name: str
    named: bool
    sex: Sex | None
    weight_g: int | None


class BirthJourney:
    """See the module. Its data: sexes, weights (g), names, on, count, weeks, early, pregnancy, posyandu, confirmed."""

    name = "lahir"
    purpose: str | None = CHILD_CARE
    consent_text: str | None = "dialog/persetujuan/minta"

    def opens(self, scene: Scene, text: str, label: str | None) -> bool:
        """By a report of a birth; never where a trouble or a loss is told, or where only a topic is asked about."""
        if label in _NEVER or tells_of_loss(scene, text, sure=False):
            return False
        if not is_birth_report(text):
            return _tells_of_ours(scene, text, label)
        reading = read_birth(text, scene.received_on)
        told = bool(reading.sexes or reading.weights_g or reading.on.usable)
        return told or label in _OPENING or scene.family.pregnancy is not None

    def begin(self, scene: Scene) -> Heard:
        """The pregnancy that ends. A birth that is on record already is not asked for again."""
        pregnancy, born = scene.family.pregnancy, scene.family.postpartum
        if pregnancy is None and born is not None:
            names = [child.name for child in scene.family.children if child.birth_date == born.birth_date]
            if names:
                return Heard({}, notes=(Reply(f"{_FORM}sudah-tercatat", {"names": names}),), over="known")
        if pregnancy is None:
            return Heard({})
        known = {"id": pregnancy.id, "lmp": pregnancy.lmp.isoformat(), "edd": pregnancy.edd.isoformat()}
        mine = pregnancy.contact_id == scene.contact_id
        data: dict[str, Any] = {"pregnancy": {**known, "by": pregnancy.dated_by, "mine": mine}}
        return Heard({**data, "count": 2} if pregnancy.multiple else data)

    def hear(self, scene: Scene, text: str, data: Mapping[str, Any], asked: str | None) -> Heard:
        """Takes sexes, day, weights and names in any order; at the summary also "benar", "ubah ..." and corrections."""
        today = scene.received_on
        if tells_of_loss(scene, text, sure=False):
            return Heard(data, notes=(Reply("dialog/duka"),), over="loss")
        if says_not_born_yet(text):
            return Heard(data, notes=(Reply(f"{_FORM}belum"),), over="not-born")
        reading = read_birth(text, today, asked)
        if asked is not None and looks_like_question(text) and (len(words_of(text)) > _SHORT or not reading.anything):
            return Heard(data, understood=False)
        now = dict(data)
        notes = _take_day(now, reading, today, asked)
        _take_count(now, reading, text, today)
        which = _which_one(now, text)
        _take_sexes(now, reading, asked, which)
        notes += _take_weights(now, reading, asked, which)
        _take_names(now, reading, asked)
        if asked is None and "names" not in now and not reading.unnamed and (name := _signed_up(text, today)):
            now["names"] = [name]
        if reading.weeks is not None:
            now["weeks"] = reading.weeks
        if reading.early:
            now["early"] = True
        if "pregnancy" not in now:
            take_posyandu(now, scene, text, asked)
        if asked == CONFIRM and reading.on.usable and now == dict(data):
            return Heard(now)
        if asked in {CONFIRM, CHANGE} and not notes:
            answer = _at_summary(now, data, text, asked)
            if answer is not None:
                return answer
        # What is on the summary already may be said again.
        again = asked == CONFIRM and reading.anything
        understood = now != dict(data) or bool(notes) or reading.born or reading.caesarean or again
        return Heard(now, understood=understood, notes=tuple(notes))

    def ask(self, scene: Scene, data: Mapping[str, Any]) -> Question | None:
        """What is missing: sex, day, weight, name; then the summary."""
        several = _count(data) > 1
        if data.get("reweigh"):
            return Question(WEIGHT, Reply(f"{_FORM}tanya-berat", {"several": several}))
        for slot, key, text in (
            (SEX, "sexes", "tanya-kelamin"),
            (DATE, "on", "tanya-tanggal"),
            (WEIGHT, "weights", "tanya-berat"),
            (BABY_NAME, "names", "tanya-nama"),
        ):
            if data.get(key) is None:
                return Question(slot, Reply(_FORM + text, {"several": several}))
        if "pregnancy" not in data and wants_posyandu(scene, data):
            return Question(POSYANDU, which_posyandu(scene, data))
        if data.get("asking_what"):
            return Question(CHANGE, Reply(f"{_FORM}ubah-apa"))
        if not data.get("confirmed"):
            return Question(CONFIRM, Reply(f"{_FORM}konfirmasi", _summary(scene, data)))
        return None

    def finish(self, scene: Scene, data: Mapping[str, Any]) -> tuple[Reply, ...]:
        """End the pregnancy, write the children, plan anew; small children are a case for a human."""
        tx, now, born = scene.tx, scene.now, date.fromisoformat(data["on"])
        household_id = tx.household_of(scene.contact_id, now)
        weeks, babies = _weeks(data), _babies(scene, data)
        for number, baby in enumerate(babies, 1):
            tx.save_child(household_id, _child(baby, number, household_id, born, weeks, data), now)
        pregnancy: Mapping[str, Any] | None = data.get("pregnancy")
        if pregnancy is not None:
            tx.end_pregnancy(pregnancy["id"], "birth", born, now)
        join_posyandu(scene, household_id, data.get("posyandu"))
        born_after_all(scene.deps, tx, household_id, now)
        small = bool(data.get("early")) or any(is_small(baby.weight_g, weeks) for baby in babies)
        # A date that does not fit the pregnancy is looked at as well: one of the two is wrong.
        strange = pregnancy is not None and weeks is None and not may_be_born(_of(pregnancy), born)
        if small or strange:
            tx.open_case(scene.contact_id, SMALL_CASE, scene.inbound_id, now)
        tx.audit("birth_reported", scene.contact_id, {"inbound": scene.inbound_id, "children": len(babies)}, now)
        replan(scene.deps, tx, household_id, now)
        return _said(scene, data, babies, born, small)


JOURNEY = BirthJourney()


# --------------------------------------------------------------------------------------------------------- hearing

# A child signed up this long after its birth may still be the one that is awaited.
_NEWBORN = timedelta(days=42)
_SIGNS_UP = re.compile(r"\b(?:daftar|dftr|mendaftar|registrasi)")


def _tells_of_ours(scene: Scene, text: str, label: str | None) -> bool:
    """Whether the awaited child is told of in other words: its facts, or a registration as a child."""
    today = scene.received_on
    if scene.family.pregnancy is None:
        # Nobody is awaited: only a child born these days, with all that is told at a birth.
        reading = read_birth(text, today)
        fresh = reading.on.value is not None and timedelta(0) <= today - reading.on.value <= _NEAR
        signs_up = _SIGNS_UP.search(text.casefold()) is not None
        return fresh and bool(reading.weights_g) and not signs_up and tells_of_newborn(text, today)
    if label == "flow/daftar-anak":
        born = read_child_facts(text, today).birth_date.value
        near = born is not None and timedelta(0) <= today - born <= _NEWBORN
        if near and born and may_be_born(scene.family.pregnancy, born):
            return True
    told = read_birth(text, today).on.value or today
    return may_be_born(scene.family.pregnancy, told) and tells_of_newborn(text, today)


def _signed_up(text: str, today: date) -> str | None:
    """The name of a child that is signed up like any other: "daftar anak Ani perempuan lahir ..."."""
    return read_child_facts(text, today).name if _SIGNS_UP.search(text.casefold()) else None


def _take_day(now: dict[str, Any], reading: BirthReading, today: date, asked: str | None) -> list[Reply]:
    told = reading.on
    if told.problem == "none" or not (asked in {None, DATE, CONFIRM, CHANGE} or reading.born):
        return []
    if asked in {CONFIRM, CHANGE} and not (told.absolute or reading.born):
        return []
    day = told.value
    near = day is not None and told.precision == "day" and timedelta(0) <= today - day <= _NEAR
    if day is None or not (told.usable or (told.problem == "vague" and near)):
        if told.problem == "future":
            return [Reply(f"{_FORM}tanggal-belum-tiba")]
        return [Reply(f"{_FORM}tanggal-belum-jelas")] if asked in {DATE, CONFIRM, CHANGE} or reading.born else []
    pregnancy: Mapping[str, Any] | None = now.get("pregnancy")
    fits = pregnancy is None or may_be_born(_of(pregnancy), day)
    if not fits and now.get("odd_day") != day.isoformat():
        # Said twice it is taken, and a human looks at it.
        now["odd_day"] = day.isoformat()
        return [Reply(f"{_FORM}tanggal-tidak-cocok", {"date": day.isoformat()})]
    now["on"] = day.isoformat()
    return []


def _take_count(now: dict[str, Any], reading: BirthReading, text: str, today: date) -> None:
    many = max(len(reading.weights_g), len(reading.names), reading.count or 0)
    if read_pregnancy(text, today).multiple is False:
        now["count"] = 1
        for key in ("sexes", "weights", "names"):
            if now.get(key) is not None:
                now[key] = now[key][:1]
    elif many > 1:
        now["count"] = many
    if reading.count is not None and reading.count > 1:
        for key in ("sexes", "weights"):
            # Twins, it turns out: what was told is not yet told of all.
            if now.get(key) is not None and len(now[key]) < reading.count:
                now.pop(key)


_FIRST = word_list("pertama prtama satu kesatu 1 kakak kakaknya sulung")
_SECOND = word_list("kedua ke2 dua 2 adik adiknya adek adeknya bungsu")


def _which_one(now: Mapping[str, Any], text: str) -> int | None:
    """Which of twins a message puts right: "yang pertama 2,7 kg", "Husen 2,3 kg"; None: nobody in particular."""
    if _count(now) < 2:
        return None
    words = words_of(text)
    named = [i for i, name in enumerate(now.get("names") or []) if set(words_of(name)[:1]) & set(words)]
    if len(named) == 1:
        return named[0]
    marked = [words[i + 1] for i, word in enumerate(words[:-1]) if word in {"yang", "yg", "bayi", "anak", "si"}]
    found = {0 if word in _FIRST else 1 for word in marked if word in _FIRST | _SECOND}
    return found.pop() if len(found) == 1 else None


def _take_sexes(now: dict[str, Any], reading: BirthReading, asked: str | None, which: int | None) -> None:
    count = _count(now)
    if which is not None and len(reading.sexes) == 1 and len(now.get("sexes") or []) == count:
        now["sexes"] = [*now["sexes"][:which], reading.sexes[0].value, *now["sexes"][which + 1 :]]
    elif reading.sexes:
        sexes = [sex.value for sex in reading.sexes]
        if len(sexes) < count and asked in {SEX, CONFIRM, CHANGE} and len(set(sexes)) == 1:
            # One word for all of them; the summary shows it.
            sexes = sexes[:1] * count
        if len(sexes) >= count:
            now["sexes"] = sexes[:count]
    elif asked == SEX and reading.unknown:
        now["sexes"] = [None] * count


def _take_weights(now: dict[str, Any], reading: BirthReading, asked: str | None, which: int | None) -> list[Reply]:
    count = _count(now)
    if reading.odd_weight:
        # Asked for at once: the next message is most likely the weight put right.
        now["reweigh"] = True
        return [Reply(f"{_FORM}berat-tidak-cocok")]
    if reading.weights_g or reading.unknown:
        now.pop("reweigh", None)
    known = now.get("weights") or []
    if len(reading.weights_g) == 1 < count == len(known) and asked in {CONFIRM, CHANGE}:
        if which is None:
            # Nobody knows whose it is: both are asked for again, so that none is lost.
            now.pop("weights")
        else:
            now["weights"] = [*known[:which], reading.weights_g[0], *known[which + 1 :]]
    elif reading.weights_g:
        now["weights"] = list(reading_births.spread(reading.weights_g, count))
    elif asked == WEIGHT and (reading.unknown or read_yes_no(" ".join(reading.names)) is False):
        now["weights"] = [None] * count
    return []


def _take_names(now: dict[str, Any], reading: BirthReading, asked: str | None) -> None:
    if reading.names:
        now["names"] = list(reading.names)
    elif reading.unnamed or (asked == BABY_NAME and reading.unknown):
        now["names"] = []


def _at_summary(now: dict[str, Any], before: Mapping[str, Any], text: str, asked: str) -> Heard | None:
    """What "benar", "tidak" and "ubah berat" do; None where the message told something new instead."""
    if any(now.get(key) != before.get(key) for key in _FACTS):
        now.pop("asking_what", None)
        return None
    words = words_of(text)
    fields = [field for field, names in _FIELDS.items() if names & set(words)] if len(words) <= _SHORT else []
    if fields:
        now.pop("asking_what", None)
        for field in fields:
            now.pop(_KEYS[field], None)
            if field == POSYANDU:
                now["other_posyandu"] = True
        return Heard(now)
    answer, changes = read_yes_no(text), bool(_CHANGING & set(words))
    if asked == CHANGE and (answer is not None or is_unknown(text)) and not changes:
        now.pop("asking_what", None)
        return Heard(now)
    if (answer is False or changes) and len(words) <= _SHORT:
        now["asking_what"] = True
        return Heard(now)
    if answer is True and asked == CONFIRM:
        now["confirmed"] = True
        return Heard(now)
    return None


# ---------------------------------------------------------------------------------------------- what the data come to


def _count(data: Mapping[str, Any]) -> int:
    return int(data.get("count") or 1)


def _of(told: Mapping[str, Any]) -> Pregnancy:
    return Pregnancy(date.fromisoformat(told["lmp"]), date.fromisoformat(told["edd"]), told["by"], id=told["id"])


def _weeks(data: Mapping[str, Any]) -> int | None:
    """Weeks at birth: as told, else by the pregnancy where its dating is good enough."""
    told = data.get("weeks")
    if told is not None or not data.get("pregnancy") or not data.get("on"):
        return None if told is None else int(told)
    return birth_weeks(_of(data["pregnancy"]), date.fromisoformat(data["on"]))


def _babies(scene: Scene, data: Mapping[str, Any]) -> list[Baby]:
    count = _count(data)
    names, sexes, weights = data.get("names") or [], data.get("sexes") or [], data.get("weights") or []
    mother = _mothers_name(scene, data)
    return [
        Baby(
            name=names[i] if i < len(names) else unnamed(i + 1, count, mother),
            named=i < len(names),
            sex=Sex(sexes[i]) if i < len(sexes) and sexes[i] else None,
            weight_g=weights[i] if i < len(weights) else None,
        )
        for i in range(count)
    ]


def _mothers_name(scene: Scene, data: Mapping[str, Any]) -> str | None:
    """The name of the one who writes, if she is the mother: a child without a name is called by hers."""
    contact = scene.tx.contact(scene.contact_id)
    mine = bool((data.get("pregnancy") or {}).get("mine")) or getattr(contact, "relation", "") == "ibu"
    if contact is None or not contact.name or not mine:
        return None
    name = " ".join(re.findall(r"[^\W\d_]+(?:'[^\W\d_]+)*", contact.name)[:3])
    return name[:30] or None


def _child(baby: Baby, number: int, household_id: str, born: date, weeks: int | None, data: Mapping[str, Any]) -> Child:
    # The id follows from who: told twice it is one child. With a name it is the one of the registration of a child.
    who = baby.name.casefold() if baby.named else f"newborn-{number}"
    return Child(
        id=str(uuid5(NAMESPACE_URL, f"child:{household_id}:{who}:{born.isoformat()}")),
        name=baby.name,
        birth_date=born,
        sex=baby.sex,
        birth_weight_g=baby.weight_g,
        birth_weeks=weeks,
        special_care=bool(data.get("early")),
    )


def _summary(scene: Scene, data: Mapping[str, Any]) -> dict[str, Any]:
    babies, weeks = _babies(scene, data), _weeks(data)
    return {
        "babies": [
            {
                "name": baby.name if baby.named else None,
                "sex": baby.sex.value if baby.sex else None,
                "weight_g": baby.weight_g,
            }
            for baby in babies
        ],
        "date": data["on"],
        "early": bool(data.get("early")) or is_small(None, weeks),
    }


def _said(scene: Scene, data: Mapping[str, Any], babies: Sequence[Baby], born: date, small: bool) -> tuple[Reply, ...]:
    today = scene.family.today
    window = next((window for window in visit_windows(born) if window.last_day >= today), None)
    details = {
        "names": [baby.name for baby in babies if baby.named],
        "several": len(babies) > 1,
        "unnamed": not all(baby.named for baby in babies),
        "first_day": today - born <= _FIRST_DAY,
        "small": small,
        "visit": None
        if window is None
        else {
            "from": max(window.first_day, today).isoformat(),
            "to": window.last_day.isoformat(),
            # When a small child is seen, its bidan or doctor says.
            "baby": not small and any(visit.startswith("KN") for visit in window.visits),
        },
        "labels": ["nifas/tanda-bahaya", "hpk/bayi-baru-lahir"],
    }
    done = Reply(f"{_FORM}selesai", details)
    return (Reply(f"{_FORM}bayi-kecil", {"several": len(babies) > 1}), done) if small else (done,)
