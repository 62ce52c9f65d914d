"""The dialogue "pindah": the family lives elsewhere, or goes to another posyandu."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sapa.family.reading.child import POSYANDU, closest_posyandu, read_child_facts
from sapa.family.reading.seats import is_abroad, read_new_posyandu, read_place, wants_to_move
from sapa.family.reading.words import is_unknown, read_yes_no, words_of
from sapa.family.regions import label_for
from sapa.services import places, seats
from sapa.services.journeys.contract import Heard, Question, Scene
from sapa.services.moves import move_household
from sapa.services.records import Reply

_WHERE, _PROVINCE, _RIGHT = "posyandu", "provinsi", "benar"
_TEXTS = "dialog/pindah/"
_MOST_OPTIONS = 8
_SAME = frozenset({"sama", "tetap", "masih", "sini", "disini"})


class MoveJourney:
    """See the module. Nothing is asked that was told; an unknown posyandu is kept as it was said."""

    name = "pindah"
    purpose: str | None = None
    consent_text: str | None = None

    def opens(self, scene: Scene, text: str, label: str | None) -> bool:
        """Whether the words speak of moving; from strangers only where the label agrees."""
        likely = label == "flow/profil"
        contact = scene.tx.contact(scene.contact_id)
        known = contact is not None and contact.household_id is not None
        return (known or likely) and wants_to_move(text, likely=likely)

    def begin(self, scene: Scene) -> Heard:
        """Only whoever registered the household moves it."""
        contact = scene.tx.contact(scene.contact_id)
        if contact is None or contact.household_id is None:
            return Heard(notes=(Reply(_TEXTS + "belum-terdaftar"),), over="unknown")
        if seats.is_seat(scene.tx, scene.contact_id):
            return Heard(notes=(Reply("dialog/kursi/hanya-pendaftar"),), over="seat")
        return Heard({})

    def hear(self, scene: Scene, text: str, data: Mapping[str, Any], asked: str | None) -> Heard:
        """A posyandu, a place, or the answer to the question before."""
        if is_abroad(text) and asked in (None, _PROVINCE, _WHERE):
            return Heard(dict(data), notes=(Reply(_TEXTS + "luar-negeri"),), over="abroad")
        told = {**data, **_told(scene, text, data, asked)}
        if asked == _RIGHT and told == dict(data):
            return _at_summary(text, data)
        told.pop("right", None)
        understood = told != dict(data) or asked is None
        return Heard(told, understood=understood)

    def ask(self, scene: Scene, data: Mapping[str, Any]) -> Question | None:
        """Posyandu, then the place where that posyandu is not ours, then whether all is right."""
        if data.get("options"):
            return Question(_WHERE, Reply(_TEXTS + "posyandu-tidak-dikenal", {"options": list(data["options"])}))
        if not _where_known(data):
            options = [] if data.get("province") else _offered(_names(scene))
            return Question(_WHERE, Reply(_TEXTS + "tanya-posyandu", {"options": options}))
        if not data.get("posyandu") and not (data.get("province") or data.get("zone") or data.get("same_place")):
            return Question(_PROVINCE, Reply(_TEXTS + "tanya-provinsi"))
        if not data.get("right"):
            return Question(_RIGHT, Reply(_TEXTS + "konfirmasi", _summary(data)))
        return None

    def finish(self, scene: Scene, data: Mapping[str, Any]) -> tuple[Reply, ...]:
        """Write it down, plan anew, and name the next posyandu day."""
        contact = scene.tx.contact(scene.contact_id)
        assert contact is not None and contact.household_id is not None
        place = (data.get("province"), data.get("zone"))
        family = move_household(
            scene.deps,
            scene.tx,
            contact.household_id,
            data.get("posyandu"),
            data.get("said"),
            place,
            scene.contact_id,
            scene.now,
        )
        sessions = family.posyandu.sessions if family.posyandu is not None else ()
        coming = min((one for one in sessions if one.date >= family.today), key=lambda one: one.date, default=None)
        session = None
        if coming is not None:
            session = {"date": coming.date.isoformat(), "time": f"{coming.time:%H:%M}", "place": coming.place}
        return (Reply(_TEXTS + "selesai", {**_summary(data), "session": session, "zone": label_for(family.timezone)}),)


JOURNEY = MoveJourney()


def _told(scene: Scene, text: str, data: Mapping[str, Any], asked: str | None) -> dict[str, Any]:
    """The facts in one message."""
    known = _names(scene)
    told: dict[str, Any] = {}
    if data.get("options"):
        told.update(_second_word(text, data, known))
    else:
        told.update(_posyandu(scene, text, known, asked))
    province, zone = read_place(text)
    if province and not _is_part_of(province, told.get("posyandu") or told.get("said")):
        told["province"] = province
    if zone:
        told["zone"] = zone
    if asked == _PROVINCE and not (province or zone) and (is_unknown(text) or set(words_of(text)) & _SAME):
        told["same_place"] = True
    return told


def _posyandu(scene: Scene, text: str, known: list[str], asked: str | None) -> dict[str, Any]:
    name, said = read_new_posyandu(text, known)
    unknown = False
    if asked == _WHERE and name is None:
        number = text.strip(" .)")
        if number.isascii() and number.isdigit() and 1 <= int(number) <= len(_offered(known)):
            return {"posyandu": known[int(number) - 1], "said": None, "no_posyandu": False}
        facts = read_child_facts(text, scene.received_on, known_posyandu=known, asked=POSYANDU)
        name, said = facts.posyandu, said or facts.posyandu_said
        unknown = facts.posyandu_unknown or is_unknown(text)
        if said and read_place(said)[0] and len(said.split()) == 1:
            said = None  # "Kupang" is where they live
    if name is not None:
        return {"posyandu": name, "said": None, "no_posyandu": False}
    if said is not None:
        offered = closest_posyandu(said, known, 3)
        return {"posyandu": None, "said": said, "no_posyandu": False, "options": offered}
    return {"posyandu": None, "said": None, "no_posyandu": True} if unknown else {}


def _second_word(text: str, data: Mapping[str, Any], known: list[str]) -> dict[str, Any]:
    """After an unknown name: one of those offered, or it stays as it was said."""
    options = list(data["options"])
    number = text.strip(" .)")
    if number.isascii() and number.isdigit() and 1 <= int(number) <= len(options):
        return {"posyandu": options[int(number) - 1], "said": None, "options": None}
    name, said = read_new_posyandu(text, known)
    if name is not None:
        return {"posyandu": name, "said": None, "options": None}
    if said is None and read_yes_no(text) is True and len(options) == 1:
        return {"posyandu": options[0], "said": None, "options": None}
    if said is not None:
        return {"said": said, "options": None}
    province, _ = read_place(text)
    if is_unknown(text) or read_yes_no(text) is False or province or len(words_of(text)) <= 4:
        return {"options": None}
    return {}


def _at_summary(text: str, data: Mapping[str, Any]) -> Heard:
    answer = read_yes_no(text)
    if answer is True:
        return Heard({**data, "right": True})
    changes = {"ubah", "ganti", "salah", "rubah"} & set(words_of(text))
    if answer is False or changes:
        return Heard({})  # from the beginning: there are two things to say
    return Heard(dict(data), understood=False)


def _summary(data: Mapping[str, Any]) -> dict[str, Any]:
    return {"posyandu_name": data.get("posyandu") or data.get("said"), "province": data.get("province")}


def _where_known(data: Mapping[str, Any]) -> bool:
    return bool(data.get("posyandu") or data.get("said") or data.get("no_posyandu"))


def _offered(known: list[str]) -> list[str]:
    return places.offered(known)[:_MOST_OPTIONS]


def _names(scene: Scene) -> list[str]:
    return places.known_names(scene.tx)


def _is_part_of(province: str, posyandu: str | None) -> bool:
    """ "Posyandu Bali Indah" names no province."""
    return posyandu is not None and read_place(posyandu)[0] == province
