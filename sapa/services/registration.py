"""Registering a child or several: the form's step, and what is written when the caregiver says that all is right."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from sapa.family.people import Child, Family, Sex
from sapa.services import child_registration, places
from sapa.services.answers import schedule_of
from sapa.services.consents import CHILD_CARE
from sapa.services.deps import Deps
from sapa.services.households import family_of, family_of_contact
from sapa.services.ports import Tx
from sapa.services.records import Reply
from sapa.services.reminders import replan
from sapa.services.replies import render_reply
from sapa.services.respond import replies_for_label

NO_POSYANDU = "-"
#: The case of a child born early or light: a health worker makes its schedule.
SMALL_BABY = "bayi-kecil"
_FORM = "dialog/daftar-anak/"
_KNOWN = f"{_FORM}sudah-terdaftar"


@dataclass(frozen=True)
class FormTurn:
    """What one message did to the form: slots to set, replies in order, the slot asked next (None: finished)."""

    slots: Mapping[str, Any]
    replies: tuple[Reply, ...]
    next_slot: str | None


def child_turn(
    deps: Deps,
    tx: Tx,
    contact_id: str,
    text: str,
    slots: Mapping[str, Any],
    asked: str | None,
    label: str | None,
    confidence: float,
    inbound_id: str,
    now: datetime,
    content_ids: Collection[str],
) -> FormTurn:
    """One message in the registration of a child. Doing it twice for one message changes nothing more."""
    family = family_of_contact(tx, contact_id, now, deps.default_timezone)
    known = places.known_names(tx)
    before = dict(slots)
    if before.get("consent") is None and tx.has_consent(contact_id, CHILD_CARE):
        before["consent"] = True
    step = child_registration.step(
        _picked(text, before, asked, places.offered(known)),
        before,
        asked,
        today=family.today,
        known_posyandu=known,
        intent=label,
        intent_confidence=confidence,
    )
    after = {**before, **step.slots}
    known_child = _known_child(family, after) if step.next_slot == child_registration.CONFIRMED else None
    if known_child is not None:
        return FormTurn(_cleared(slots, after), (Reply(_KNOWN, {"child_name": known_child.name}),), None)
    replies = [Reply(reply.key, reply.vars) for reply in step.replies]
    if step.side_question and label is not None:
        replies.extend(replies_for_label(label, confidence, text, content_ids))
    if after.get("consent") is not None and after.get("consent") != slots.get("consent"):
        _record_consent(deps, tx, contact_id, bool(after["consent"]), family, inbound_id, now)
    if step.outcome == "confirmed":
        replies.extend(_register(deps, tx, contact_id, after, inbound_id, now))
    changed = {name: value for name, value in after.items() if value != slots.get(name)}
    if step.outcome is not None:
        return FormTurn(_cleared(slots, after), tuple(replies), None)
    # A text that says what was wrong with an answer is itself the question again.
    asked_again = bool(step.replies) and step.replies[-1].key.startswith("dialog/daftar-anak/")
    if step.next_slot is not None and step.ask_again and not asked_again:
        replies.append(question(step.next_slot, after, places.offered(known)))
    return FormTurn(changed, tuple(replies), step.next_slot)


def _picked(text: str, slots: Mapping[str, Any], asked: str | None, known: list[str]) -> str:
    """The posyandu behind a number of the list we showed; any other text as it is."""
    shown_otherwise = bool((slots.get("child_tries") or {}).get("options"))
    number = text.strip().rstrip(".)")
    if asked != "child_posyandu" or shown_otherwise or not (number.isascii() and number.isdigit()):
        return text
    return known[int(number) - 1] if 1 <= int(number) <= len(known) else text


def question(slot: str, slots: Mapping[str, Any], known_posyandu: list[str]) -> Reply:
    """What the form asks for a slot."""
    if slot == "child_confirmed":
        keys = ("child_name", "child_sex", "child_birth_date", "child_posyandu", "child_special_care")
        summary = {key: slots.get(key) for key in keys}
        special = bool(slots.get("child_special_care"))
        others = [
            {"name": child.name, "sex": child.sex, "birth_date": child.birth_date.isoformat()}
            for child in _children(slots)[1:]
        ]
        return Reply(f"{_FORM}konfirmasi", {**summary, "child_special_care": special, "others": others})
    key = {
        "consent": "dialog/persetujuan/minta",
        "child_name": f"{_FORM}tanya-nama",
        "child_other_name": f"{_FORM}tanya-nama-berikutnya",
        "child_sex": f"{_FORM}tanya-kelamin",
        "child_other_sex": f"{_FORM}tanya-kelamin",
        "child_birth_date": f"{_FORM}tanya-tanggal-lahir",
        "child_other_birth_date": f"{_FORM}tanya-tanggal-lahir",
        "child_posyandu": f"{_FORM}tanya-posyandu",
    }[slot]
    variables: dict[str, Any] = {"child_name": _asked_about(slot, slots)}
    if slot == "child_posyandu":
        variables["options"] = known_posyandu
    if slot == "child_other_name":
        variables["twins"] = bool(slots.get(child_registration.TWINS))
    return Reply(key, variables)


def _asked_about(slot: str, slots: Mapping[str, Any]) -> str | list[str] | None:
    """Whose fact a question asks for: a name, or all names where it is one fact for all of them."""
    if slot in ("child_other_sex", "child_other_birth_date"):
        return child_registration.open_other_of(slots, slot).get("name")
    names = [slots.get("child_name"), *(other.get("name") for other in child_registration.others_of(slots))]
    if slot == "child_other_name":
        # The last child that has a name: "Ani dan siapa?"
        return next((name for name in reversed(names) if name), None)
    together = slot == "child_birth_date" and slots.get(child_registration.TWINS)
    told = [name for name in names if name]
    return told if together and len(told) > 1 else slots.get("child_name")


def _cleared(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """Nothing of a finished registration stays in the dialogue's memory."""
    return dict.fromkeys({*before, *after})


def _record_consent(
    deps: Deps, tx: Tx, contact_id: str, granted: bool, family: Family, inbound_id: str, now: datetime
) -> None:
    channel = tx.addresses_of(contact_id)[0].channel
    wording = render_reply(deps, Reply("dialog/persetujuan/minta"), channel, family).text
    tx.record_consent(contact_id, CHILD_CARE, wording, granted, inbound_id, now)
    tx.audit("consent" if granted else "consent_refused", contact_id, {"purpose": CHILD_CARE}, now)


def _register(
    deps: Deps, tx: Tx, contact_id: str, slots: Mapping[str, Any], inbound_id: str, now: datetime
) -> tuple[Reply, ...]:
    """Write the children, join the posyandu, plan the reminders; a child born early or light gets a human's eye."""
    household_id = tx.household_of(contact_id, now)
    children = [replace(child, id=_id_of(household_id, child)) for child in _children(slots)]
    known = {child.id for child in tx.children_of(household_id)}
    for child in children:
        if child.id not in known:
            tx.save_child(household_id, child, now)
            # Told anew after it had ended: it is followed again.
            tx.reopen_child(child.id)
            tx.audit("child_registered", contact_id, {"inbound": inbound_id}, now)
    if children[0].special_care:
        tx.open_case(contact_id, SMALL_BABY, inbound_id, now)
    _join_posyandu(tx, household_id, slots.get("child_posyandu") or NO_POSYANDU)
    replan(deps, tx, household_id, now)
    family = family_of(tx, household_id, now, deps.default_timezone)
    if len({child.birth_date for child in children}) == 1:
        # Twins have one schedule: it is told once.
        return (_done(children[0], [child.name for child in children], family),)
    return tuple(_done(child, [child.name], family) for child in children)


def _children(slots: Mapping[str, Any]) -> list[Child]:
    """The children of a complete registration, without their ids."""
    day = date.fromisoformat(slots["child_birth_date"])
    special_care = bool(slots.get("child_special_care"))
    first = Child(slots["child_name"], day, _sex(slots.get("child_sex")), special_care=special_care)
    others = [
        Child(
            name=other["name"],
            birth_date=date.fromisoformat(other.get("birth_date") or slots["child_birth_date"]),
            sex=_sex(other.get("sex")),
            special_care=special_care,
        )
        for other in child_registration.others_of(slots)
    ]
    return [first, *others]


def _sex(said: Any) -> Sex | None:
    return Sex(said) if said else None


def _id_of(household_id: str, child: Child) -> str:
    """The id follows from who, so that the same child told twice, or the same turn done twice, is one child."""
    return str(uuid5(NAMESPACE_URL, f"child:{household_id}:{child.name.casefold()}:{child.birth_date.isoformat()}"))


def _known_child(family: Family, slots: Mapping[str, Any]) -> Child | None:
    """The child of the family that is being registered once more; None where one of several is new."""
    told = [(child.name.casefold(), child.birth_date) for child in _children(slots)]
    known = {(child.name.casefold(), child.birth_date): child for child in family.children}
    return known[told[0]] if all(who in known for who in told) else None


def _join_posyandu(tx: Tx, household_id: str, said: str) -> None:
    row = None if said == NO_POSYANDU else places.named(tx, said)
    if row is not None:
        tx.set_posyandu(household_id, row.id)
    elif tx.posyandu_of(household_id) is None:
        tx.set_posyandu(household_id, None, None if said == NO_POSYANDU else said)


def _done(child: Child, names: Sequence[str], family: Family) -> Reply:
    schedule = schedule_of(child, family)
    coming = schedule["next"]
    due_now = coming["doses"] if coming and coming["date"] <= family.today else []
    return Reply(
        "dialog/daftar-anak/selesai",
        {
            "child_name": child.name if len(names) == 1 else list(names),
            "special_care": schedule["special_care"],
            "due_now": due_now,
            "next": None
            if coming is None
            else {
                "date": coming["date"].isoformat(),
                "doses": coming["doses"],
                "place": schedule["session"]["place"] if schedule["session"] else None,
            },
        },
    )
