"""The dialogue "bantu": a kader registers a family that has no WhatsApp.

Facts first, then the consent: she reads the words to the mother and answers for her. Nothing is written before that.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sapa.family.people import Sex
from sapa.family.pregnancy import DateProblem, from_edd, from_lmp
from sapa.family.reading import assisted as reading
from sapa.family.reading.assisted import FamilyTold, opens_family, read_family
from sapa.family.reading.dates import DateReading
from sapa.family.reading.words import normalize
from sapa.services.access import NotAllowed, Staffer, staffer
from sapa.services.assisted import PHONE_TAKEN, AssistedError, AssistedFamily, register
from sapa.services.journeys.contract import Heard, Question, Scene
from sapa.services.records import PosyanduRow, Reply

_TEXTS = "kader/hari/keluarga/"
NOT_STAFF = "kader/bukan-kader"
POSYANDU = "posyandu"

Data = dict[str, Any]


class AssistedJourney:
    """data: {mother, child, sex, born, lmp, edd, pregnant, phone, no_phone, address, no_address, posyandu, consent,
    problem (of the date that was told last)}; dates are ISO.
    """

    name = "bantu"
    purpose: str | None = None  # the consent is the mother's, not the kader's
    consent_text: str | None = None

    def opens(self, scene: Scene, text: str, label: str | None) -> bool:
        """Whether her own words open it: only for staff, and not for "daftarkan anak saya"."""
        return opens_family(text) and staffer(scene.tx, scene.contact_id) is not None

    def begin(self, scene: Scene) -> Heard:
        """Ends at once for anybody who is not staff."""
        if not _places(scene):
            return Heard(over="not_staff", notes=(Reply(NOT_STAFF),))
        return Heard({})

    def hear(self, scene: Scene, text: str, data: Mapping[str, Any], asked: str | None) -> Heard:
        """Take what a message says of the family; a later fact replaces an earlier one."""
        known = dict(data)
        known.pop("problem", None)
        if asked == POSYANDU:
            return _heard_place(scene, text, known)
        told = read_family(text, scene.received_on, asked)
        if told.consent is False:
            return Heard(over="refused", notes=(Reply(f"{_TEXTS}tidak-setuju"),))
        if told.consent:
            return Heard({**known, "consent": True})
        if asked == reading.ADDRESS and not told.address and reading.skips(text):
            return Heard({**known, "no_address": True})
        if asked == reading.CHILD and told.pregnant:
            known.pop("child", None)
        changed = {**known, **_facts(told, known)}
        problem = _problem(scene, told)
        if problem is not None:
            changed["problem"] = problem
        understood = told.anything or asked is None
        return Heard(changed, understood)

    def ask(self, scene: Scene, data: Mapping[str, Any]) -> Question | None:
        """The first thing that is missing; at last the words to read aloud."""
        missing = _missing(scene, data)
        if missing is None:
            return None
        return Question(*missing)

    def finish(self, scene: Scene, data: Mapping[str, Any]) -> tuple[Reply, ...]:
        """Write the family down, with the consent that was said to the kader."""
        who = staffer(scene.tx, scene.contact_id)
        place = _place(scene, data)
        if who is None or place is None:
            return (Reply(NOT_STAFF),)
        try:
            done = register(scene.deps, scene.tx, who, _family(data, place.id), scene.now, inbound_id=scene.inbound_id)
        except (AssistedError, NotAllowed):
            return (Reply(f"{_TEXTS}tidak-bisa"),)
        said = {
            "mother": data["mother"],
            "posyandu_name": place.name,
            "new": done.new,
            "reached": done.reached,
            "phone_taken": done.phone_problem == PHONE_TAKEN,
        }
        return (Reply(f"{_TEXTS}selesai", said),)


# ------------------------------------------------------------------------------------------------------- what is known


def _facts(told: FamilyTold, known: Mapping[str, Any]) -> Data:
    """What a message says, as JSON; nothing that it does not say."""
    facts: Data = {"mother": told.mother, "phone": told.phone, "address": told.address}
    facts |= {"no_phone": True if told.no_phone else None, "pregnant": True if told.pregnant else None}
    if not (told.pregnant or known.get("pregnant")):
        facts |= {
            "child": told.child,
            "sex": told.sex.value if told.sex else None,
            "born": _usable(told.born),
            "weight_g": told.birth_weight_g,
            "weeks": told.birth_weeks,
        }
    facts |= {"lmp": _usable(told.lmp), "edd": _usable(told.edd)}
    return {name: value for name, value in facts.items() if value is not None}


def _usable(day: DateReading) -> str | None:
    return day.value.isoformat() if day.usable and day.value is not None else None


def _problem(scene: Scene, told: FamilyTold) -> str | None:
    """What is wrong with a date that was told."""
    by_problem = {"future": "depan", "too_old": "lama"}
    for day in (told.born, told.lmp, told.edd):
        if day.problem not in (None, "none"):
            return by_problem.get(day.problem, "kurang")
    for day, dated in ((told.lmp, from_lmp), (told.edd, from_edd)):
        if day.usable and day.value is not None and isinstance(dated(day.value, scene.received_on), DateProblem):
            return "tidak-cocok"
    return None


def _family(data: Mapping[str, Any], posyandu_id: str) -> AssistedFamily:
    pregnant = bool(data.get("pregnant"))
    return AssistedFamily(
        posyandu_id=posyandu_id,
        mother_name=data["mother"],
        consent=bool(data.get("consent")),
        child_name=None if pregnant else data.get("child"),
        birth_date=_day(data.get("born")) if not pregnant else None,
        sex=Sex(data["sex"]) if data.get("sex") and not pregnant else None,
        birth_weight_g=data.get("weight_g"),
        birth_weeks=data.get("weeks"),
        lmp=_day(data.get("lmp")) if pregnant else None,
        edd=_day(data.get("edd")) if pregnant else None,
        phone=data.get("phone"),
        address=data.get("address"),
    )


def _day(said: str | None) -> date | None:
    return date.fromisoformat(said) if said else None


# ----------------------------------------------------------------------------------------------------- what is missing


@dataclass(frozen=True)
class _Dated:
    """The day of birth of a child, or the expected one; what is wrong with what was told."""

    edd: str | None = None
    problem: str | None = None


def _missing(scene: Scene, data: Mapping[str, Any]) -> tuple[str, Reply] | None:
    mother, child, problem = data.get("mother"), data.get("child"), data.get("problem")
    pregnant = bool(data.get("pregnant"))
    dated = _dated(scene, data)
    if not mother:
        return reading.MOTHER, Reply(f"{_TEXTS}tanya-ibu")
    if not pregnant and not child:
        return reading.CHILD, Reply(f"{_TEXTS}tanya-anak", {"mother": mother})
    if pregnant and dated.edd is None:
        wrong = problem or dated.problem
        return reading.DUE, Reply(f"{_TEXTS}tanya-haid", {"mother": mother, "problem": wrong})
    if not pregnant and (not data.get("born") or problem):
        return reading.BORN, Reply(f"{_TEXTS}tanya-lahir", {"child_name": child, "problem": problem})
    if not pregnant and not data.get("sex"):
        return reading.SEX, Reply(f"{_TEXTS}tanya-kelamin", {"child_name": child})
    if not data.get("phone") and not data.get("no_phone"):
        return reading.PHONE, Reply(f"{_TEXTS}tanya-hp", {"mother": mother})
    if not data.get("address") and not data.get("no_address"):
        return reading.ADDRESS, Reply(f"{_TEXTS}tanya-alamat")
    place = _place(scene, data)
    if place is None:
        names = [one.name for one in _places(scene)]
        return POSYANDU, Reply(f"{_TEXTS}tanya-posyandu", {"names": names})
    if data.get("consent"):
        return None
    return reading.CONSENT, Reply(f"{_TEXTS}bacakan", _summary(data, place, dated))


def _dated(scene: Scene, data: Mapping[str, Any]) -> _Dated:
    """The expected day of birth of a pregnancy, by either date that was told."""
    lmp, edd = _day(data.get("lmp")), _day(data.get("edd"))
    if lmp is None and edd is None:
        return _Dated()
    today = scene.received_on
    found = from_lmp(lmp, today) if lmp is not None else from_edd(edd or today, today)
    return _Dated(problem="tidak-cocok") if isinstance(found, DateProblem) else _Dated(edd=found.edd.isoformat())


def _summary(data: Mapping[str, Any], place: PosyanduRow, dated: _Dated) -> Data:
    pregnant = bool(data.get("pregnant"))
    return {
        "mother": data["mother"],
        "posyandu_name": place.name,
        "child_name": None if pregnant else data.get("child"),
        "sex": data.get("sex"),
        "born": data.get("born"),
        "edd": dated.edd,
        "phone": data.get("phone"),
        "address": data.get("address"),
    }


# ------------------------------------------------------------------------------------------------------ which posyandu


def _staffer(scene: Scene) -> Staffer | None:
    return staffer(scene.tx, scene.contact_id)


def _places(scene: Scene) -> list[PosyanduRow]:
    """The posyandu she may register for: a kader's own; a bidan's whole area."""
    who = _staffer(scene)
    if who is None:
        return []
    own = [row.posyandu_id for row in who.roles if row.posyandu_id is not None] or sorted(who.by_name)
    found = [place for place_id in own if (place := scene.tx.posyandu(place_id)) is not None]
    return sorted(found, key=lambda place: (place.name, place.id))


def _place(scene: Scene, data: Mapping[str, Any]) -> PosyanduRow | None:
    places = _places(scene)
    if len(places) == 1:
        return places[0]
    return next((place for place in places if place.id == data.get("posyandu")), None)


def _heard_place(scene: Scene, text: str, known: Data) -> Heard:
    said = normalize(text).strip(" .)")
    places = _places(scene)
    number = int(said) if said.isascii() and said.isdigit() else 0
    fitting = [place for place in places if place.name.casefold() in said]
    if 1 <= number <= len(places):
        fitting = [places[number - 1]]
    if len(fitting) != 1:
        return Heard(known, understood=False)
    return Heard({**known, "posyandu": fitting[0].id})


JOURNEY = AssistedJourney()
