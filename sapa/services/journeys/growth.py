"""The dialogue "timbang": which child, weight, length if it was measured, and the day; a summary; then it is written.

Several children may be told at once ("Ani 8,2 Budi 10,1"). Numbers that cannot be are asked again, with what may have
been meant, and never classified; a family that stands by them is sent to a health worker.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from sapa.family.growth import Doubt, doubts_about, likely_meant, position_matters
from sapa.family.people import Child, Family, Measurement, Sex
from sapa.family.reading.measures import LENGTH, WEIGHT, MeasureEntry, MeasureReading, may_be_a_weighing, read_measures
from sapa.family.reading.words import is_unknown, looks_like_question, read_sex, read_yes_no, words_of
from sapa.services.consents import CHILD_CARE
from sapa.services.growth_recording import LABEL, child_named, comma, is_report, write_down
from sapa.services.journeys.contract import Heard, Question, Scene
from sapa.services.records import Reply

NO_CHILD = "dialog/timbang/belum-ada-anak"
NOT_WEIGHED = "dialog/timbang/belum-ditimbang"
ASK_CHILD = "dialog/timbang/anak-yang-mana"
ASK_SEX = "dialog/timbang/tanya-kelamin"
ASK_WEIGHT = "dialog/timbang/tanya-berat"
ASK_LENGTH = "dialog/timbang/tanya-panjang"
ASK_MEASURE = "dialog/timbang/tanya-posisi"
ASK_DATE = "dialog/timbang/tanya-tanggal"
ASK_CHANGE = "dialog/timbang/ubah-apa"
DOUBT = "dialog/timbang/angka-janggal"
FUTURE = "dialog/timbang/tanggal-belum-tiba"
BEFORE_BIRTH = "dialog/timbang/sebelum-lahir"
UNKNOWN_NAME = "dialog/timbang/nama-tidak-dikenal"
CONFIRM = "dialog/timbang/konfirmasi"


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_CHANGE = _set("ubah ganti rubah ralat koreksi betulkan perbaiki salah keliru bukan slh edit")
_STANDS = _set("memang emang tetap ttp tetep segitu begitu pokoknya yakin")
_FIELDS = {
    "weight": _set("berat beratnya bb timbangan kg kilo"),
    "length": _set("tinggi tingginya panjang panjangnya tb pb cm"),
    "date": _set("tanggal tanggalnya tgl hari harinya"),
    "child": _set("anak anaknya nama namanya"),
    "measure": _set("posisi berbaring berdiri"),
}
_BY_DOUBT = {
    Doubt.WEIGHT: (WEIGHT,),
    Doubt.WEIGHT_CHANGE: (WEIGHT,),
    Doubt.LENGTH: (LENGTH,),
    Doubt.LENGTH_CHANGE: (LENGTH,),
    Doubt.TOGETHER: (WEIGHT, LENGTH),
}

Item = dict[str, Any]


class GrowthJourney:
    """data: {"items": [{child, sex, weight, length, measure, ...}], "day", "date", "steps", "confirmed"}.

    day: the day the weighing was first told, its date if none was said. steps: it is being asked for one by one, so
    that the length is asked for too; a family that told the weight at once may add it at the summary.
    """

    name = "timbang"
    purpose: str | None = CHILD_CARE
    consent_text: str | None = "dialog/persetujuan/minta"

    def opens(self, scene: Scene, text: str, label: str | None) -> bool:
        """Whether words alone open it: a weighing told beyond doubt that could not be written down without asking."""
        if label is not None and label != LABEL and ("flow/" in label or label in ("danger", "keluhan")):
            return False
        if not scene.family.children or text.startswith("/") or not may_be_a_weighing(text):
            return False
        names = [child.name for child in scene.family.children]
        return is_report(read_measures(text, scene.received_on, names=names), text)

    def begin(self, scene: Scene) -> Heard:
        """Ends at once where no child is registered."""
        if not scene.family.children:
            return Heard(over="no_child", notes=(Reply(NO_CHILD),))
        day = scene.received_on.isoformat()
        return Heard({"items": [_new_item(scene.family, None)], "day": day, "steps": True})

    def hear(self, scene: Scene, text: str, data: Mapping[str, Any], asked: str | None) -> Heard:
        """Take what a message says of children, weights, lengths and the day."""
        return _Listener(scene, data, asked).hear(text)

    def ask(self, scene: Scene, data: Mapping[str, Any]) -> Question | None:
        """The first thing that is missing, child by child; at the end the summary."""
        if data.get("confirmed"):
            return None
        if data.get("changing"):
            return Question("change", Reply(ASK_CHANGE))
        for item in data["items"]:
            question = _question(scene, data, item)
            if question is not None:
                return question
        if data.get("date_wanted"):
            return Question("date", Reply(ASK_DATE))
        return Question("confirm", _summary(scene.family, data))

    def finish(self, scene: Scene, data: Mapping[str, Any]) -> tuple[Reply, ...]:
        """Write each weighing and say what it means."""
        household_id = scene.tx.household_of(scene.contact_id, scene.now)
        today = max(scene.received_on, _day(data))
        return tuple(
            write_down(
                scene.tx,
                scene.contact_id,
                household_id,
                child,
                _measured(item, data),
                today,
                scene.now,
                insisted=bool(item.get("sure")) and bool(doubts_about(child, _measured(item, data))),
                inbound_id=scene.inbound_id,
            )
            for item in data["items"]
            if (child := _child(item, scene.family)) is not None
        )


# --------------------------------------------------------------------------------------------------------- the items


def _new_item(family: Family, name: str | None) -> Item:
    child = child_named(name, family)
    return {"child": child.id if child else None}


def _child(item: Mapping[str, Any], family: Family) -> Child | None:
    """The child of an item, with the sex as it was told here."""
    child = next((child for child in family.children if child.id == item.get("child")), None)
    if child is None or not item.get("sex"):
        return child
    return replace(child, sex=Sex(item["sex"]))


def _day(data: Mapping[str, Any]) -> date:
    return date.fromisoformat(data.get("date") or data["day"])


def _measured(item: Mapping[str, Any], data: Mapping[str, Any]) -> Measurement:
    length = item.get("length")
    return Measurement(_day(data), item.get("weight"), length, item.get("measure") or "" if length else "")


# --------------------------------------------------------------------------------------------------------- listening


class _Listener:
    """One message on its way into the data."""

    def __init__(self, scene: Scene, data: Mapping[str, Any], asked: str | None) -> None:
        self._scene, self._family, self._asked = scene, scene.family, asked
        self._before = data
        self._data: dict[str, Any] = {**data, "items": [dict(item) for item in data.get("items", ())]}
        self._notes: list[Reply] = []

    def hear(self, text: str) -> Heard:
        names = [child.name for child in self._family.children]
        reading = read_measures(text, self._scene.received_on, names=names, asked=self._asked)
        if self._asked is None and reading.weighed:
            self._data["steps"] = False
        if self._answer(text, reading):
            return self._heard(understood=True)
        left_out = reading.not_weighed or (self._asked == "weight" and is_unknown(text))
        if left_out and not reading.weighed:
            return Heard(over="not_weighed", notes=(Reply(NOT_WEIGHED),))
        if looks_like_question(text) and not reading.weighed:
            return self._heard(understood=self._asked is None and reading.subject)
        self._take(text, reading)
        self._take_date(text, reading)
        return self._heard(understood=self._data != self._before or bool(self._notes))

    def _heard(self, *, understood: bool) -> Heard:
        return Heard(self._data, understood, tuple(self._notes))

    # ------------------------------------------------------------------------------------------- answers without facts

    def _answer(self, text: str, reading: MeasureReading) -> bool:
        """Answers to our own question that hold no measure; True if the message was one and nothing else."""
        if self._asked == "confirm" or self._asked == "change":
            return self._at_summary(text, reading)
        if self._asked == "doubt" and not reading.weighed:
            return self._at_doubt(text)
        item = self._open_item()
        if self._asked == "sex" and (sex := read_sex(text)) is not None:
            item["sex"] = sex.value
            return True
        if self._asked == "length" and reading.not_measured:
            item["no_length"] = True
            return True
        if self._asked == "measure" and not reading.weighed:
            return self._at_measure(text, reading, item)
        if self._asked == "child" and (child := self._picked(text)) is not None:
            item["child"] = child.id
            return not reading.weighed
        return False

    def _at_summary(self, text: str, reading: MeasureReading) -> bool:
        words = set(words_of(text))
        self._data.pop("changing", None)
        told = reading.weighed or reading.date.problem != "none" or any(entry.anything for entry in reading.entries)
        if told:
            return False
        wanted = [field for field, names in _FIELDS.items() if words & names]
        if wanted and (words & _CHANGE or self._asked == "change"):
            self._clear(wanted, {entry.name for entry in reading.entries})
            return True
        answer = read_yes_no(text)
        if answer is True and self._asked == "confirm":
            self._data["confirmed"] = True
            return True
        if answer is False or words & _CHANGE:
            self._data["changing"] = True
            return True
        return False

    def _clear(self, wanted: list[str], names: set[str | None]) -> None:
        """Empties what is named so that it is asked again; of the children named alone, if any are."""
        ids = {child.id for child in self._family.children if child.name in names}
        for item in self._data["items"]:
            if ids and item.get("child") not in ids:
                continue
            for field in wanted:
                item.pop(field, None)
            if "length" in wanted:
                item.pop("no_length", None)
                item.pop("measure", None)
                item["length_wanted"] = True
            if "measure" in wanted:
                item.pop("position_unknown", None)
            item.pop("sure", None)
        if "child" in wanted:
            self._data["items"] = self._data["items"][:1]
        if "date" in wanted:
            self._data["date_wanted"] = True

    def _at_doubt(self, text: str) -> bool:
        item = self._open_item()
        child = _child(item, self._family)
        if child is None:
            return False
        measured = _measured(item, self._data)
        meant, answer = likely_meant(child, measured), read_yes_no(text)
        stands = bool(set(words_of(text)) & _STANDS) and len(words_of(text)) <= 6
        if stands or (answer is True and meant is None):
            item["sure"] = True
        elif answer is True and meant is not None:
            item.update(weight=meant.weight_kg, length=meant.lenhei_cm)
        elif answer is False:
            for field in dict.fromkeys(f for doubt in doubts_about(child, measured) for f in _BY_DOUBT[doubt]):
                item.pop(field, None)
                item[f"{field}_wanted"] = True
        else:
            return False
        return True

    def _at_measure(self, text: str, reading: MeasureReading, item: Item) -> bool:
        told = next((entry.measure for entry in reading.entries if entry.measure), "")
        if told:
            item["measure"] = told
        elif is_unknown(text):
            item["position_unknown"] = True
        else:
            return False
        return True

    def _picked(self, text: str) -> Child | None:
        """The child behind a number of the list we showed."""
        number = text.strip().rstrip(".)")
        children = self._family.children
        if number.isascii() and number.isdigit() and 1 <= int(number) <= len(children):
            return children[int(number) - 1]
        return None

    # --------------------------------------------------------------------------------------------------- taking facts

    def _open_item(self) -> Item:
        """The item the last question was about, the first one after the summary."""
        items: list[Item] = self._data["items"]
        return next((item for item in items if _question(self._scene, self._data, item) is not None), items[0])

    def _take(self, text: str, reading: MeasureReading) -> None:
        if reading.grown_up and not any(entry.name for entry in reading.entries):
            return
        if self._asked == "child" and self._picked(text) is not None and not reading.subject:
            return
        for entry in reading.entries:
            if entry.name is None and len(self._data["items"]) > 1 and self._asked in ("confirm", "change"):
                self._data["changing"] = True  # whose number it is has to be said
                continue
            item = self._item_for(entry)
            _fill(item, entry, standing_by=self._asked == "doubt")
            if reading.not_measured:
                item["no_length"] = True
        if reading.strange and not any(entry.name for entry in reading.entries) and self._asked in (None, "child"):
            self._unknown_name(reading)

    def _unknown_name(self, reading: MeasureReading) -> None:
        """A name that is nobody's here: of one child only, it may be another one's weight, so it is asked."""
        if self._asked == "child" or reading.weighed:
            self._notes.append(Reply(UNKNOWN_NAME, {"options": [child.name for child in self._family.children]}))
            for item in self._data["items"]:
                if self._asked is None:
                    item["child"] = None

    def _item_for(self, entry: MeasureEntry) -> Item:
        """The item an entry is about; a new one where the child has none yet."""
        items: list[Item] = self._data["items"]
        child = child_named(entry.name, self._family)
        if entry.name is None:
            return self._open_item()
        same = next((item for item in items if child and item.get("child") == child.id), None)
        if same is not None:
            return same
        nameless = next((item for item in items if item.get("child") is None), None)
        moved = self._asked in ("child", "change") and len(items) == 1 and child is not None
        if nameless is None and moved and not entry.anything:
            nameless = items[0]
        if nameless is not None:
            nameless["child"] = child.id if child else None
            return nameless
        items.append(_new_item(self._family, entry.name))
        return items[-1]

    def _take_date(self, text: str, reading: MeasureReading) -> None:
        told = reading.date
        if told.problem == "none":
            return
        if told.usable and told.value is not None:
            born = [child.birth_date for item in self._data["items"] if (child := _child(item, self._family))]
            if any(told.value < day for day in born):
                self._refuse(Reply(BEFORE_BIRTH, {"date": told.value.isoformat()}))
                return
            self._data["date"] = told.value.isoformat()
            self._data.pop("date_wanted", None)
        elif told.problem == "future":
            self._refuse(Reply(FUTURE))
        elif reading.weighed or self._asked in ("date", "confirm", "change"):
            self._data["date_wanted"] = True
            self._data.pop("date", None)

    def _refuse(self, note: Reply) -> None:
        self._notes.append(note)
        self._data.pop("date", None)
        self._data["date_wanted"] = True


def _fill(item: Item, entry: MeasureEntry, *, standing_by: bool) -> None:
    """Numbers replace those before; the same doubtful number told again means that the family stands by it."""
    told = {"weight": entry.weight_kg, "length": entry.length_cm}
    given = {field: value for field, value in told.items() if value is not None}
    same = bool(given) and all(item.get(field) == value for field, value in given.items())
    if given:
        item.pop("sure", None)
    if standing_by and same:
        item["sure"] = True
    for field, value in given.items():
        item[field] = value
        item.pop(f"{field}_wanted", None)
    if entry.measure:
        item["measure"] = entry.measure


# ------------------------------------------------------------------------------------------------------------ asking


def _question(scene: Scene, data: Mapping[str, Any], item: Mapping[str, Any]) -> Question | None:
    """The first thing an item lacks."""
    child = _child(item, scene.family)
    if child is None:
        return Question("child", Reply(ASK_CHILD, {"options": [one.name for one in scene.family.children]}))
    said = {"child_name": child.name}
    if item.get("weight") is None:
        return Question("weight", Reply(ASK_WEIGHT, said))
    wanted = item.get("length_wanted") or (data.get("steps") and not item.get("no_length"))
    if item.get("length") is None and wanted and not item.get("no_length"):
        return Question("length", Reply(ASK_LENGTH, said))
    if child.sex is None:
        return Question("sex", Reply(ASK_SEX, said))
    measured = _measured(item, data)
    if not item.get("sure") and measured.date >= child.birth_date and doubts_about(child, measured):
        return Question("doubt", _doubt(child, measured))
    if not item.get("position_unknown") and position_matters(child, measured):
        return Question("measure", Reply(ASK_MEASURE, said))
    return None


def _doubt(child: Child, measured: Measurement) -> Reply:
    meant = likely_meant(child, measured)
    doubts = doubts_about(child, measured)
    return Reply(
        DOUBT,
        {
            "child_name": child.name,
            "told": _said(measured),
            "meant": _said(meant) if meant is not None else None,
            "about": doubts[0].value,
        },
    )


def _said(measured: Measurement) -> dict[str, str | None]:
    return {"weight": comma(measured.weight_kg), "length": comma(measured.lenhei_cm)}


def _summary(family: Family, data: Mapping[str, Any]) -> Reply:
    rows = []
    for item in data["items"]:
        child, measured = _child(item, family), _measured(item, data)
        assert child is not None
        rows.append({"name": child.name, **_said(measured), "position": measured.measure or None})
    return Reply(CONFIRM, {"rows": rows, "date": _day(data).isoformat()})


JOURNEY = GrowthJourney()
