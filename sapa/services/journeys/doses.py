"""The dialogue "imunisasi": several doses at once, or a dose taken back, shown with child and day before it is written.

Days are never made up: what was told without one is asked by visit, as it stands in the KIA book. Where nobody knows
the day any more the dose is kept as reported: it is not reminded of, and a health worker is to look at it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from sapa.family.calendar import add_months, age_in_months
from sapa.family.immunization import DoseStatus, dose_named, schedule
from sapa.family.people import Child, Family
from sapa.family.reading.dates import DateReading
from sapa.family.reading.dose_bulk import (
    BulkReading,
    VisitDay,
    in_its_year,
    knows_no_day,
    named_visits,
    read_bulk,
    read_visits,
    visit_age,
    visits,
)
from sapa.family.reading.doses import DoseEntry, DoseReading, possible_doses, read_doses
from sapa.family.reading.words import is_unknown, looks_like_question, read_yes_no, words_of
from sapa.services.answers import forecast_of
from sapa.services.consents import CHILD_CARE
from sapa.services.dose_recording import is_for_showing
from sapa.services.journeys.contract import Heard, Question, Scene
from sapa.services.records import Reply
from sapa.services.reminders import replan

_TEXTS = "dialog/catat-imunisasi/"
HELP = _TEXTS + "tidak-ada"
ASK_CHILD = _TEXTS + "anak-yang-mana"
ASK_NUMBER = _TEXTS + "yang-ke-berapa"
ASK_DATE = _TEXTS + "tanya-kunjungan"
ASK_CHANGE = _TEXTS + "ubah-apa"
CONFIRM = _TEXTS + "periksa"
DONE = _TEXTS + "selesai"
NOTHING = _TEXTS + "tidak-jadi"
ALL_KNOWN = _TEXTS + "sudah-semua"
KEPT = _TEXTS + "sudah-ada"
NOT_RECORDED = _TEXTS + "belum-tercatat"
UNKNOWN_VACCINE = _TEXTS + "tidak-dikenal"
FUTURE = _TEXTS + "tanggal-belum-tiba"
BEFORE_BIRTH = _TEXTS + "sebelum-lahir"
INCOMPLETE = _TEXTS + "tanggal-kurang-lengkap"

#: A page of the summary holds this many letters of the SMS: what is shown must fit two parts.
PAGE_LETTERS = 230
_CHANGE_WORDS = frozenset(
    ["ubah", "ganti", "rubah", "ralat", "koreksi", "betulkan", "perbaiki", "salah", "keliru", "slh", "edit"]
)

Item = dict[str, Any]
Row = dict[str, Any]


class DosesJourney:
    """data: {"items": [...], "pending": {"text", "day"}, "page": pages confirmed, "changing", "confirmed"}.

    An item is {"child": id, "doses": [ids]} and, as far as known, "on" (ISO day), "unknown" (nobody knows the day) or
    "remove" (to be taken out of the record). Several ids: which of them is asked. pending: a report of a child nobody
    named, read once more when its name is told.
    """

    name = "imunisasi"
    purpose: str | None = CHILD_CARE
    consent_text: str | None = "dialog/persetujuan/minta"

    def opens(self, scene: Scene, text: str, label: str | None) -> bool:
        """Whether a message reports several doses or everything up to an age, or takes a dose back."""
        return is_for_showing(scene.tx, scene.contact_id, text, label, scene.family, scene.now)

    def begin(self, scene: Scene) -> Heard:
        """Ends at once where no child is registered."""
        if not scene.family.children:
            return Heard(over="no_child", notes=(Reply(HELP),))
        return Heard({"items": []})

    def hear(self, scene: Scene, text: str, data: Mapping[str, Any], asked: str | None) -> Heard:
        """Take what a message says of doses, days and children."""
        return _Listener(scene, data, asked).hear(text)

    def ask(self, scene: Scene, data: Mapping[str, Any]) -> Question | None:
        """Which child, which dose, which day by visit; at the end the list, page by page."""
        if data.get("confirmed"):
            return None
        if data.get("changing"):
            return Question("change", Reply(ASK_CHANGE))
        if data.get("pending"):
            return Question("child", Reply(ASK_CHILD, {"options": [child.name for child in scene.family.children]}))
        items = _items(data, scene.family)
        if not items:
            return Question("what", Reply(HELP))
        several = next((item for item in items if len(item["doses"]) > 1), None)
        if several is not None:
            child = _child(several, scene.family)
            return Question("number", Reply(ASK_NUMBER, {"child_name": child.name, "doses": list(several["doses"])}))
        group = _open_visit(items, scene.family)
        if group:
            return Question("date", _date_question(group, items, scene.family))
        pages = _pages(_rows(items, scene.family))
        number = min(int(data.get("page", 0)), len(pages) - 1)
        return Question("confirm", Reply(CONFIRM, {"rows": pages[number], "page": number + 1, "pages": len(pages)}))

    def finish(self, scene: Scene, data: Mapping[str, Any]) -> tuple[Reply, ...]:
        """Write what was shown, plan anew and say so."""
        tx, now = scene.tx, scene.now
        household_id = tx.household_of(scene.contact_id, now)
        items = _items(data, scene.family)
        changed = 0
        for item in items:
            child, dose = _child(item, scene.family), item["doses"][0]
            changed += _differs(child, item)
            if item.get("remove"):
                tx.delete_dose(child.id, dose)
            elif item.get("unknown"):
                tx.report_dose(child.id, dose, now)
            else:
                tx.record_dose(child.id, dose, date.fromisoformat(item["on"]), now)
        if changed:
            tx.audit("doses_recorded", scene.contact_id, {"doses": changed, "inbound": scene.inbound_id}, now)
        replan(scene.deps, tx, household_id, now)
        return (_done(items, scene.family),)


# --------------------------------------------------------------------------------------------------------- the items


def _items(data: Mapping[str, Any], family: Family) -> list[Item]:
    """The items of children that are still followed, child by child, in the order of the schedule."""
    order = {dose.id: number for number, dose in enumerate(schedule())}
    children = {child.id: number for number, child in enumerate(family.children)}
    known = [dict(item) for item in data.get("items", ()) if item["child"] in children]
    return sorted(known, key=lambda item: (children[item["child"]], order[item["doses"][0]]))


def _child(item: Mapping[str, Any], family: Family) -> Child:
    return next(child for child in family.children if child.id == item["child"])


def _is_open(item: Mapping[str, Any]) -> bool:
    """Whether its day is still to be asked."""
    return not (item.get("on") or item.get("unknown") or item.get("remove"))


def _differs(child: Child, item: Mapping[str, Any]) -> bool:
    dose = item["doses"][0]
    if item.get("remove"):
        return dose in child.doses or dose in child.reported
    if item.get("unknown"):
        return dose not in child.doses and dose not in child.reported
    on = child.doses.get(dose)
    return on is None or on.isoformat() != item["on"]


def _open_visit(items: Sequence[Item], family: Family) -> list[Item]:
    """The items of the first visit without a day: of one child, or of twins who are asked about together."""
    first = next((item for item in items if _is_open(item)), None)
    if first is None:
        return []
    age, born = visit_age(first["doses"][0]), _child(first, family).birth_date
    together = [item for item in items if _is_open(item) and visit_age(item["doses"][0]) == age]
    doses = {item["doses"][0] for item in together if item["child"] == first["child"]}
    same = {
        child.id
        for child in family.children
        if child.birth_date == born
        and {item["doses"][0] for item in together if item["child"] == child.id} in (doses, set())
    }
    return [item for item in together if item["child"] in same]


def _date_question(group: Sequence[Item], items: Sequence[Item], family: Family) -> Reply:
    names = list(dict.fromkeys(_child(item, family).name for item in group))
    children = {item["child"] for item in group}
    open_ages = {visit_age(item["doses"][0]) for item in items if _is_open(item) and item["child"] in children}
    return Reply(
        ASK_DATE,
        {
            "names": names,
            "months": visit_age(group[0]["doses"][0]),
            "doses": _in_order(item["doses"][0] for item in group),
            "more": sorted(open_ages)[1:],
        },
    )


def _in_order(doses: Iterable[str]) -> list[str]:
    wanted = set(doses)
    return [dose.id for dose in schedule() if dose.id in wanted]


# -------------------------------------------------------------------------------------------------------- the summary


def _rows(items: Sequence[Item], family: Family) -> list[Row]:
    """What is shown: for each child its doses of one day; twins with the same rows stand together."""
    odd = _odd_reasons(items, family)
    by_child: dict[str, list[Row]] = {}
    for item in items:
        child, dose = _child(item, family), item["doses"][0]
        kind = "remove" if item.get("remove") else "unknown" if item.get("unknown") else "given"
        before = child.doses.get(dose)
        row = {
            "kind": kind,
            "date": item["on"] if kind == "given" else before.isoformat() if kind == "remove" and before else None,
            "was": before.isoformat() if kind == "given" and before and before.isoformat() != item["on"] else None,
            "reason": odd.get((child.id, dose)),
        }
        rows = by_child.setdefault(child.id, [])
        same = next((one for one in rows if row.items() <= one.items()), None)
        if same is None:
            rows.append({**row, "doses": [dose]})
        else:
            same["doses"].append(dose)
    together: list[tuple[list[str], list[Row]]] = []
    for child_id, rows in by_child.items():
        rows.sort(key=lambda row: (row["kind"] != "given", row["date"] or ""))
        twin = next((names for names, theirs in together if theirs == rows), None)
        if twin is None:
            together.append(([_named(child_id, family)], rows))
        else:
            twin.append(_named(child_id, family))
    return [{"names": names, **row} for names, rows in together for row in rows]


def _named(child_id: str, family: Family) -> str:
    return next(child.name for child in family.children if child.id == child_id)


def _odd_reasons(items: Sequence[Item], family: Family) -> dict[tuple[str, str], str]:
    """Why a health worker should look at a day that is about to be written, by child and dose."""
    found: dict[tuple[str, str], str] = {}
    for child in family.children:
        told = {item["doses"][0]: item for item in items if item["child"] == child.id}
        doses = {dose: on for dose, on in child.doses.items() if dose not in told}
        doses |= {dose: date.fromisoformat(item["on"]) for dose, item in told.items() if item.get("on")}
        for known in forecast_of(replace(child, doses=doses), family):
            if known.status is DoseStatus.DONE and known.reason is not None and known.dose in told:
                found[child.id, known.dose] = known.reason.value
    return found


def _pages(rows: Sequence[Row]) -> list[list[Row]]:
    """The rows in pages that fit two parts of an SMS, each with a row at least."""
    pages: list[list[Row]] = [[]]
    used = 0
    for row in rows:
        cost = 13 + 19 * bool(row["was"]) + 11 * bool(row["reason"]) + sum(map(_letters, row["doses"]))
        if not pages[-1] or pages[-1][-1]["names"] != row["names"]:
            cost += sum(min(len(name), 20) + 2 for name in row["names"])
        if pages[-1] and used + cost > PAGE_LETTERS:
            pages.append([])
            used = 0
        pages[-1].append(row)
        used += cost
    return pages


def _letters(dose: str) -> int:
    """How long a dose is in the SMS: DPT1, Polio2, and a comma."""
    return len(dose.replace("DPTHBHIB", "DPT").replace("OPV", "Polio")) + 2


def _done(items: Sequence[Item], family: Family) -> Reply:
    kept = [item for item in items if not item.get("remove")]
    names = list(dict.fromkeys(_child(item, family).name for item in items))
    return Reply(
        DONE,
        {
            "names": names,
            "count": len(kept),
            "unknown": _in_order(item["doses"][0] for item in kept if item.get("unknown")),
            "removed": _in_order(item["doses"][0] for item in items if item.get("remove")),
            "check": bool(_odd_reasons(items, family)),
        },
    )


# ---------------------------------------------------------------------------------------------------------- listening


class _Listener:
    """One message on its way into the data."""

    def __init__(self, scene: Scene, data: Mapping[str, Any], asked: str | None) -> None:
        self._scene, self._family, self._asked, self._before = scene, scene.family, asked, data
        self._data: dict[str, Any] = {**data, "items": _items(data, scene.family)}
        self._names = [child.name for child in scene.family.children]
        self._day = scene.received_on
        self._notes: list[Reply] = []
        self._kept: list[tuple[Child, str]] = []

    def hear(self, text: str) -> Heard:
        reading = read_doses(text, self._day, names=self._names)
        if reading.trouble or looks_like_question(text):
            return Heard(self._before, understood=False)
        answered = self._answer(text, reading)
        if not answered and self._asked not in ("child", "number"):
            self._report(text, reading, None)
        return self._heard()

    def _heard(self) -> Heard:
        data = self._data
        data["items"] = _items(data, self._family)
        if not data.get("pending"):
            data.pop("pending", None)
        changed = data["items"] != self._before.get("items", []) or data.get("pending") != self._before.get("pending")
        if changed:
            data.pop("page", None)
            data.pop("changing", None)
        understood = changed or data != {**self._before, "items": data["items"]} or bool(self._notes)
        if self._kept and not data["items"] and not data.get("pending"):
            return Heard(over="known", notes=(*self._notes, self._already_there()))
        if not data["items"] and not data.get("pending") and understood and self._asked != "what":
            return Heard(over="nothing", notes=tuple(self._notes) or (Reply(NOTHING),))
        return Heard(data, understood, tuple(self._notes))

    # ------------------------------------------------------------------------------------------ answers to a question

    def _answer(self, text: str, reading: DoseReading) -> bool:
        """Whether the message answered the question asked, and nothing more is to be read from it."""
        answers: Mapping[str | None, Callable[[str, DoseReading], bool]] = {
            "child": self._which_child,
            "number": self._which_number,
            "date": self._which_day,
            "confirm": self._is_it_right,
            "change": self._is_it_right,
        }
        answer = answers.get(self._asked)
        return answer(text, reading) if answer is not None else False

    def _which_child(self, text: str, reading: DoseReading) -> bool:
        children = self._children(reading) or self._picked(text)
        if reading.entries:
            self._data["pending"] = None  # told anew
            self._report(text, reading, None)
            return True
        pending = self._data.get("pending")
        if not children or not pending:
            return False
        self._data["pending"] = None
        day = date.fromisoformat(pending["day"])
        told = read_doses(pending["text"], day, names=self._names)
        self._report(pending["text"], told, children, day)
        return True

    def _children(self, reading: DoseReading) -> list[Child]:
        """The children a message names."""
        if reading.everybody:
            return list(self._family.children)
        return [child for child in self._family.children if child.name in reading.names]

    def _picked(self, text: str) -> list[Child]:
        number = text.strip().rstrip(".)")
        inside = number.isascii() and number.isdigit() and 1 <= int(number) <= len(self._family.children)
        return [self._family.children[int(number) - 1]] if inside else []

    def _which_number(self, text: str, reading: DoseReading) -> bool:
        items: list[Item] = self._data["items"]
        item = next((item for item in items if len(item["doses"]) > 1), None)
        if item is None:
            return False
        numbers = {int(word) for word in words_of(text) if word.isdigit()} | ({reading.number} - {None})
        named = {dose for entry in reading.entries if entry.given for dose in entry.doses}
        chosen = [dose for dose in item["doses"] if dose in named] if reading.entries else []
        if len(chosen) == len(item["doses"]) or (not reading.entries and numbers):
            chosen = [dose for dose in item["doses"] if dose_named(dose).number in numbers]
        if not chosen and (is_unknown(text) or read_yes_no(text) is False or reading.not_yet):
            items.remove(item)
            return True
        if not chosen:
            return False
        items.remove(item)
        for dose in chosen:
            day = next((entry.date for entry in reading.entries if entry.dose == dose and entry.dated), None)
            placed = self._place(_child(item, self._family), [dose], day)
            placed.update(
                {key: value for key, value in item.items() if key not in ("doses", "child")} if not day else {}
            )
        return True

    def _which_day(self, text: str, reading: DoseReading) -> bool:
        group = _open_visit(self._data["items"], self._family)
        if not group:
            return False
        children = self._children(reading) or list(
            {item["child"]: _child(item, self._family) for item in group}.values()
        )
        if self._take_visits(text, children):
            if knows_no_day(text):
                self._mark_unknown(self._data["items"])
            return True
        if knows_no_day(text):
            self._mark_unknown(self._data["items"])
            return True
        if reading.entries:
            self._report(text, reading, children)
            return True
        if reading.date.problem != "none":
            self._set_day([item for item in group if _child(item, self._family) in children], reading.date)
            return True
        if is_unknown(text):
            self._mark_unknown(group)
            return True
        if reading.not_yet or reading.assent is False:
            self._drop(group)
            return True
        return False

    def _is_it_right(self, text: str, reading: DoseReading) -> bool:
        self._data.pop("changing", None)
        told = any(entry.dated or not entry.bundle for entry in reading.entries)
        if told or read_bulk(text, self._day, names=self._names) or read_visits(text, self._day):
            return False
        words = set(words_of(text))
        ages = named_visits(text) if words & _CHANGE_WORDS or self._asked == "change" else ()
        reopened = [
            item for item in self._data["items"] if visit_age(item["doses"][0]) in ages and not item.get("remove")
        ]
        if reopened:
            for item in reopened:
                item.pop("on", None)
                item.pop("unknown", None)
            return True
        named = self._children(reading)
        spoken_of = {item["child"] for item in self._data["items"]}
        if len(named) == 1 and len(spoken_of) == 1 and named[0].id not in spoken_of:
            self._move_to(named[0])
            return True
        answer = read_yes_no(text)
        if answer is True and self._asked == "confirm":
            page = int(self._data.get("page", 0)) + 1
            pages = len(_pages(_rows(self._data["items"], self._family)))
            self._data["page"] = page
            if page >= pages:
                self._data["confirmed"] = True
            return True
        if (answer is False or words & _CHANGE_WORDS) and self._asked == "confirm":
            self._data["changing"] = True
            return True
        if self._asked == "change" and answer is not None:
            self._data["page"] = 0
            return True
        if self._asked == "change":
            self._data["changing"] = True
        return False

    def _move_to(self, child: Child) -> None:
        """It was the other child's: days before its birth are asked again."""
        for item in self._data["items"]:
            item["child"] = child.id
            if item.get("on") and date.fromisoformat(item["on"]) < child.birth_date:
                item.pop("on")

    # -------------------------------------------------------------------------------------------------- taking a report

    def _report(
        self, text: str, reading: DoseReading, children: Sequence[Child] | None, day: date | None = None
    ) -> None:
        """Take in everything a message reports; without a child that is sure it waits for a name."""
        told_on = day or self._day
        bulk = read_bulk(text, told_on, names=self._names)
        if bulk is not None:
            self._take_bulk(text, bulk, children, told_on)
            return
        by_visit = [child.id for child in self._meant(children, reading)] if read_visits(text, told_on) else []
        if by_visit and (len(read_visits(text, told_on)) > 1 or not reading.entries):
            self._take_visits(text, [child for child in self._family.children if child.id in by_visit], told_on)
            return
        waiting = False
        for entry in reading.entries:
            if not entry.doses:
                self._note(Reply(UNKNOWN_VACCINE))
                continue
            removes = not entry.given or reading.delete
            meant = [] if entry.names else list(children or ())
            meant = meant or self._children_of(entry, reading, removes=removes)
            if not meant:
                waiting = True
            for child in meant:
                if removes:
                    self._take_back(entry, reading, child)
                else:
                    self._take(entry, reading, child)
        if waiting:
            # The whole report waits, so that nothing of it is lost or counted twice.
            self._data["pending"] = {"text": text, "day": told_on.isoformat()}

    def _meant(self, children: Sequence[Child] | None, reading: DoseReading) -> list[Child]:
        if children:
            return list(children)
        named = self._children(reading)
        if named:
            return named
        told = {item["child"] for item in self._data["items"]}
        everyone = list(self._family.children)
        if len(everyone) == 1:
            return everyone
        spoken_of = [child for child in everyone if child.id in told]
        return spoken_of if len({child.birth_date for child in spoken_of}) == 1 else []

    def _children_of(self, entry: DoseEntry, reading: DoseReading, *, removes: bool) -> list[Child]:
        """Whom an entry is about; nobody if that is not certain."""
        if entry.names:
            return [child for child in self._family.children if child.name in entry.names]
        if reading.everybody:
            return list(self._family.children)
        if len(self._family.children) == 1:
            return list(self._family.children)
        if reading.names and len(reading.names) > 1:
            return []
        if removes:
            having = [child for child in self._family.children if self._has(child, entry.doses)]
            if len(having) == 1:
                return having
        return self._meant(None, reading)

    def _has(self, child: Child, doses: Sequence[str]) -> bool:
        recorded = {*child.doses, *child.reported}
        told = {dose for item in self._data["items"] if item["child"] == child.id for dose in item["doses"]}
        return any(dose in recorded | told for dose in doses)

    def _take_bulk(self, text: str, bulk: BulkReading, children: Sequence[Child] | None, day: date) -> None:
        """Everything up to an age, but for what was left out; what stands in the record already is not asked again."""
        meant = self._meant(children, bulk.report)
        if not meant and bulk.report.everybody:
            meant = list(self._family.children)
        if not meant:
            self._data["pending"] = {"text": text, "day": day.isoformat()}
            return
        known = True
        for child in meant:
            wanted = self._doses_up_to(child, bulk)
            self._drop(item for item in self._data["items"] if self._is_of(item, child, bulk.without))
            for dose in wanted:
                if dose not in child.doses and not self._item(child, dose):
                    self._place(child, [dose], None)
                known = known and dose in child.doses
            for entry in bulk.report.entries:
                if entry.given and entry.dated and (not entry.names or child.name in entry.names):
                    self._take(entry, bulk.report, child)
        for visit in bulk.visits:
            self._take_visit(visit, meant)
        if knows_no_day(text):
            self._mark_unknown(self._data["items"])
        if known and not self._data["items"]:
            self._note(Reply(ALL_KNOWN, {"names": [child.name for child in meant]}))

    def _is_of(self, item: Item, child: Child, doses: Sequence[str]) -> bool:
        return item["child"] == child.id and item["doses"][0] in doses and not item.get("remove")

    def _doses_up_to(self, child: Child, bulk: BulkReading) -> list[str]:
        """The doses of the child's profile whose visit lies within its age and the age that was told."""
        age = age_in_months(child.birth_date, self._day)
        limit = age if bulk.until_months is None else min(age, bulk.until_months)
        return [
            known.dose
            for known in forecast_of(child, self._family)
            if visit_age(known.dose) <= limit
            and known.dose not in bulk.without
            and (not bulk.only or known.dose in bulk.only)
        ]

    def _take(self, entry: DoseEntry, reading: DoseReading, child: Child) -> None:
        """One entry for one child."""
        listed = {known.dose for known in forecast_of(child, self._family)}
        if entry.bundle and (entry.doses[0] not in listed or (not entry.dated and entry.doses[0] in child.doses)):
            return
        doses = [dose for dose in entry.doses if dose in listed] or list(entry.doses)
        if len(doses) > 1:
            doses = self._narrowed(doses, entry, reading, child)
        existing = self._item(child, doses[0]) if len(doses) == 1 else None
        if existing is None and not entry.dated and doses[0] in child.doses and not reading.correction:
            self._kept.append((child, doses[0]))
            return
        if existing is not None and not entry.dated:
            # "ubah BCG": its day is asked once more; "BCG juga" changes nothing.
            if reading.correction or self._asked == "change":
                existing.pop("on", None)
                existing.pop("unknown", None)
            return
        self._place(child, doses, entry.date if entry.dated else None, at_birth=entry.at_birth)

    def _narrowed(self, doses: Sequence[str], entry: DoseEntry, reading: DoseReading, child: Child) -> list[str]:
        """Which of several doses it can be: the one told already, else those possible by that day."""
        told = {
            item["doses"][0]: date.fromisoformat(item["on"])
            for item in self._data["items"]
            if item["child"] == child.id and len(item["doses"]) == 1 and item.get("on")
        }
        day = child.birth_date if entry.at_birth else entry.date.value if entry.date.usable else None
        same_day = [dose for dose in doses if day is not None and (told | dict(child.doses)).get(dose) == day]
        listed_so_far = [dose for dose in doses if self._item(child, dose)]
        if len(same_day) == 1:
            return same_day
        if self._asked is not None and len(listed_so_far) == 1:
            return listed_so_far  # a correction of what the list says
        so_far = replace(child, doses={**child.doses, **told})
        possible = [] if reading.counted else list(possible_doses(so_far, doses, day or self._day))
        if [dose_named(dose).series for dose in possible] == ["OPV", "IPV"]:
            # "Polio 2": the drops, as the book counts them; the list says so before it is written.
            possible = possible[:1]
        if len(possible) == 1:
            return possible
        return possible or [dose for dose in doses if dose not in child.doses] or list(doses)

    def _take_back(self, entry: DoseEntry, reading: DoseReading, child: Child) -> None:
        """A dose that was not given: out of this report, and out of the record if it stands there."""
        told = [item for item in self._data["items"] if self._is_of(item, child, entry.doses)]
        self._drop(told)
        candidates = [dose for dose in entry.doses if dose in child.doses or dose in child.reported]
        if told and not reading.delete:
            return
        if candidates and (reading.delete or reading.correction or entry.dose is not None):
            item = {"child": child.id, "doses": candidates, "remove": True}
            if item not in self._data["items"]:
                self._data["items"].append(item)
        elif not told and reading.delete:
            self._note(Reply(NOT_RECORDED, {"child_name": child.name, "doses": list(entry.doses[:1])}))

    # ------------------------------------------------------------------------------------------------------------- days

    def _take_visits(self, text: str, children: Sequence[Child], day: date | None = None) -> bool:
        found = read_visits(text, day or self._day)
        for visit in found:
            self._take_visit(visit, children)
        return bool(found)

    def _take_visit(self, visit: VisitDay, children: Sequence[Child]) -> None:
        """What is said of one visit. A visit that was not in the report yet is added whole."""
        doses = next(doses for age, doses in visits() if age == visit.months)
        for child in children:
            items = [item for item in self._data["items"] if self._is_of(item, child, doses)]
            if visit.not_given:
                self._drop(items)
                continue
            if not items:
                listed = {known.dose for known in forecast_of(child, self._family)}
                items = [self._place(child, [d], None) for d in doses if d in listed and d not in child.doses]
            if visit.unknown:
                self._mark_unknown(items)
            else:
                self._set_day(items, visit.date)

    def _set_day(self, items: Iterable[Item], read: DateReading) -> None:
        """Give items their day; one that cannot be is explained and stays open."""
        for item in items:
            child = _child(item, self._family)
            on = self._day_for(child, item["doses"][0], read)
            if on is not None:
                item.pop("unknown", None)
                item["on"] = on.isoformat()

    def _day_for(self, child: Child, dose: str, read: DateReading) -> date | None:
        expected = add_months(child.birth_date, dose_named(dose).due_months)
        on = in_its_year(read, expected, child.birth_date, self._day)
        if on is None:
            if read.problem not in (None, "none"):
                self._note(Reply(FUTURE if read.problem == "future" else INCOMPLETE))
            return None
        if on < child.birth_date:
            born = child.birth_date.isoformat()
            self._note(Reply(BEFORE_BIRTH, {"child_name": child.name, "child_birth_date": born}))
            return None
        return on

    # ------------------------------------------------------------------------------------------------------ small moves

    def _item(self, child: Child, dose: str) -> Item | None:
        items: list[Item] = self._data["items"]
        return next((item for item in items if item["child"] == child.id and item["doses"] == [dose]), None)

    def _place(self, child: Child, doses: Sequence[str], read: DateReading | None, *, at_birth: bool = False) -> Item:
        """The item of these doses, made if it is not there, with its day if that can be."""
        items: list[Item] = self._data["items"]
        item = next((one for one in items if one["child"] == child.id and one["doses"] == list(doses)), None)
        if item is None:
            item = {"child": child.id, "doses": list(doses)}
            items.append(item)
        item.pop("remove", None)
        if at_birth:
            item["on"] = child.birth_date.isoformat()
        elif read is not None:
            self._set_day([item], read)
        return item

    def _mark_unknown(self, items: Iterable[Item]) -> None:
        for item in items:
            if _is_open(item):
                item["unknown"] = True

    def _drop(self, items: Iterable[Item]) -> None:
        gone = list(items)
        self._data["items"] = [item for item in self._data["items"] if item not in gone]

    def _already_there(self) -> Reply:
        days: dict[tuple[str, date], list[str]] = {}
        for child, dose in self._kept:
            days.setdefault((child.name, child.doses[dose]), []).append(dose)
        rows = [{"name": name, "doses": doses, "date": on.isoformat()} for (name, on), doses in days.items()]
        return Reply(KEPT, {"children": rows})

    def _note(self, reply: Reply) -> None:
        if reply not in self._notes:
            self._notes.append(reply)


JOURNEY = DosesJourney()
