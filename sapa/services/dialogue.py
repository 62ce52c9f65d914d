"""One message of a known contact, wherever the conversation stands: in a journey, or free.

Somebody of the staff is heard first as such: a kader's orders, cases and lists (kader_front.py).
In a free conversation the order is then: what somebody reports in passing ("sudah suntik", "BCG 12 Mei") is written
down, what asks for a journey opens it, everything else is answered.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sapa.family.reading.words import is_cancel, normalize
from sapa.services import (
    growth_recording,
    kader_front,
    kb_recording,
    rights,
    screening_recording,
    topics,
    turns,
    visit_recording,
)
from sapa.services.agenda import agenda
from sapa.services.consents import CHILD_CARE, FAMILY_PLANNING, PREGNANCY_CARE, PREMARITAL
from sapa.services.deps import Deps
from sapa.services.dose_recording import record_from_message
from sapa.services.households import family_of_contact, seen_by, stage_of
from sapa.services.journeys import (
    assisted,
    birth,
    conductor,
    contraception,
    correct,
    doses,
    duty,
    erase,
    growth,
    move,
    number,
    pregnancy,
    premarital,
    seat,
    siar,
)
from sapa.services.journeys.conductor import State, Turned
from sapa.services.journeys.contract import Journey, Scene
from sapa.services.ports import Tx
from sapa.services.records import Reply
from sapa.services.registration import child_turn
from sapa.services.respond import TALK_LIFE, replies_to
from sapa.services.understanding import UNSURE, Talk, Understood, settle

Recorder = Callable[[Deps, Tx, str, str, str, datetime], tuple[Reply, ...] | None]

# "DAFTAR" alone, as our own texts ask for it, and what it means after which topics.
_BARE_REGISTER = frozenset({"daftar", "mau daftar", "ingin daftar", "daftar dong", "saya mau daftar", "mendaftar"})
_REGISTERS = {
    **dict.fromkeys(("imunisasi", "posyandu", "mpasi", "asi", "anak", "hpk"), "anak"),
    **dict.fromkeys(("hamil", "nifas"), "hamil"),
    "catin": "catin",
    "kb": "kb",
}
_REGISTER_LABELS = ("flow/daftar-hamil", "flow/daftar-catin", "flow/daftar-kb")
CHILD = "anak"
CHILD_LABEL = "flow/daftar-anak"


def _record_doses(
    deps: Deps, tx: Tx, contact_id: str, text: str, label: str, now: datetime
) -> tuple[Reply, ...] | None:
    recorded = record_from_message(deps, tx, contact_id, text, label, now)
    return None if recorded is None else (recorded,)


# Every dialogue by its name. Some know their own words and open whatever the label says: these are asked in this order.
JOURNEYS: dict[str, Journey] = {
    journey.name: journey
    for journey in (
        # What a kader orders names the same things a family asks about: hers first, refused to everybody else.
        siar.JOURNEY,
        duty.JOURNEY,
        assisted.JOURNEY,
        # "Hapus BCG" deletes a dose and "hapus nenek dari daftar" a seat, neither a family: both before the erasure.
        doses.JOURNEY,
        seat.JOURNEY,
        erase.JOURNEY,
        number.JOURNEY,
        premarital.JOURNEY,
        move.JOURNEY,
        birth.JOURNEY,
        pregnancy.JOURNEY,
        contraception.JOURNEY,
        correct.JOURNEY,
        growth.JOURNEY,
    )
}
# The labels that open a dialogue.
OPENED_BY = {
    "flow/daftar-hamil": "hamil",
    "flow/daftar-catin": "catin",
    "flow/daftar-kb": "kb",
    "flow/catat-timbang": "timbang",
    "flow/hapus-data": "hapus",
    "flow/kader-siar": "siar",
}
# What is written down in passing. "SUDAH" goes to whoever reminded last, so each looks for its own reminder; doses,
# which were there first, take what is left. Nothing is written for somebody who has not agreed to its purpose.
RECORDERS: tuple[tuple[Recorder, str | None], ...] = (
    (topics.record, None),
    (rights.record, None),
    (kb_recording.record, FAMILY_PLANNING),
    (visit_recording.record, PREGNANCY_CARE),
    (screening_recording.record, PREMARITAL),
    (_record_doses, CHILD_CARE),
    (growth_recording.record, CHILD_CARE),
)


def take_turn(
    deps: Deps,
    contact_id: str,
    understood: Understood,
    text: str,
    state: State | None,
    now: datetime,
    received_at: datetime,
    inbound_id: str,
    content_ids: Collection[str],
    titles: Mapping[str, str],
) -> Turned:
    """The replies to a message, with what it changes already done, and the journey that is open afterwards.

    Doing it twice for one message changes nothing more, and says the same.
    """
    with deps.store.transaction() as tx:
        turned = turns.done_before(tx, contact_id, inbound_id)
        if turned is None:
            family = family_of_contact(tx, contact_id, now, deps.default_timezone)
            received_on = received_at.astimezone(ZoneInfo(family.timezone)).date()
            scene = Scene(deps, tx, contact_id, family, now, received_on, inbound_id, received_at)
            turned = _turn(scene, understood, text, state, content_ids, titles)
            turns.keep(tx, contact_id, inbound_id, turned, now)
        return turned


def _turn(
    scene: Scene,
    understood: Understood,
    text: str,
    state: State | None,
    content_ids: Collection[str],
    titles: Mapping[str, str],
) -> Turned:
    if state and state.get("journey") == CHILD:
        return _child(scene, state, text, understood, content_ids)
    journey = JOURNEYS.get(str(state["journey"])) if state else None
    if journey is not None and state is not None:
        other = _asked_for(scene, text, understood)
        heard = journey.hear(scene, text, state["data"], state.get("asked"))
        if other is not None and other != journey.name and not heard.understood:
            return _open(other, scene, text, understood, content_ids)
        shown = None if heard.understood else _at_work(scene, state, understood, text) or _shown(scene, understood)
        if shown is None and not heard.understood and state.get("asked") != conductor.CONSENT:
            # "SUDAH" to a reminder that came meanwhile is no answer to our question, and is not lost either.
            shown = _recorded(scene, UNSURE if understood.unsure else understood.label, text)
        if shown is not None:
            return conductor.beside(journey, scene, state, shown)
        return conductor.go_on(journey, scene, state, text, understood, content_ids)
    return _free(scene, understood, text, content_ids, titles)


def _free(
    scene: Scene, understood: Understood, text: str, content_ids: Collection[str], titles: Mapping[str, str]
) -> Turned:
    deps, tx, contact_id, now = scene.deps, scene.tx, scene.contact_id, scene.now
    # "BCG 12 Mei" is no sentence a classifier could be sure of, but it says all that is needed.
    label = UNSURE if understood.unsure else understood.label
    worked = kader_front.handle(scene, text, label)
    recorded = worked if worked is not None else _recorded(scene, label, text)
    if recorded is not None:
        return Turned(recorded)
    if normalize(text).strip(" .!") in _BARE_REGISTER:
        return _register(scene, understood, text, content_ids)
    opened = _asked_for(scene, text, understood)
    if opened is not None:
        return _open(opened, scene, text, understood, content_ids)
    # What is answered holds nothing that is somebody else's alone.
    family = seen_by(tx, contact_id, scene.family)
    talk = Talk(tx.last_topic(contact_id, now - TALK_LIFE), stage_of(family))
    settled = settle(understood, talk, text)
    # What was asked of every journey is not asked again where the answer would be the same.
    opened = None if _label(settled) == _label(understood) else _asked_for(scene, text, settled)
    if opened is not None:
        return _open(opened, scene, text, settled, content_ids)
    if settled.label == "flow/profil" and not settled.unsure:
        return Turned(rights.my_data(deps, tx, contact_id, now))
    if settled.label == "flow/jadwal-saya" and not settled.unsure:
        return Turned((agenda(family, contact_id),))
    return Turned(replies_to(settled, text, family, content_ids, titles))


def _recorded(scene: Scene, label: str, text: str) -> tuple[Reply, ...] | None:
    """What a message reports in passing, written down; None if it reports nothing."""
    deps, tx, contact_id, now = scene.deps, scene.tx, scene.contact_id, scene.now
    # "Kemarin" is the day before the message came, however late it is worked on; then the plan is made by today.
    said_at = now if scene.received_on == scene.family.today else (scene.received_at or now)
    for record, purpose in RECORDERS:
        if purpose is not None and not tx.has_consent(contact_id, purpose):
            continue
        recorded = record(deps, tx, contact_id, text, label, said_at)
        if recorded is not None:
            contact = tx.contact(contact_id)
            if said_at != now and contact is not None and contact.household_id is not None:
                tx.mark_dirty(contact.household_id, now)
            return recorded
    return None


def _at_work(scene: Scene, state: State, understood: Understood, text: str) -> tuple[Reply, ...] | None:
    """What a kader orders in the middle of a dialogue ("AMBIL 12"): done, and our question is put again."""
    if state.get("asked") == conductor.CONSENT or is_cancel(text):
        return None
    return kader_front.handle(scene, text, UNSURE if understood.unsure else understood.label)


def _shown(scene: Scene, understood: Understood) -> tuple[Reply, ...] | None:
    """What somebody asks to see of their own, in the middle of something else too."""
    if understood.unsure:
        return None
    if understood.label == "flow/profil":
        return rights.my_data(scene.deps, scene.tx, scene.contact_id, scene.now)
    if understood.label == "flow/jadwal-saya":
        return (agenda(seen_by(scene.tx, scene.contact_id, scene.family), scene.contact_id),)
    return None


def _register(scene: Scene, understood: Understood, text: str, content_ids: Collection[str]) -> Turned:
    """The bare word that many texts end with: it means what was just spoken of, else it is asked what to register."""
    topic = scene.tx.last_topic(scene.contact_id, scene.now - TALK_LIFE) or ""
    name = _REGISTERS.get(topic.split("/")[0])
    if name is None:
        return Turned((Reply("dialog/daftar-apa", {"labels": [CHILD_LABEL, *_REGISTER_LABELS]}),))
    return _open(name, scene, text, understood, content_ids)


def _asked_for(scene: Scene, text: str, understood: Understood) -> str | None:
    """The journey a message asks for: by its words where a journey knows its own, else by its label."""
    label = _label(understood)
    for name, journey in JOURNEYS.items():
        opens = getattr(journey, "opens", None)
        if opens is not None and opens(scene, text, label):
            return name
    if label == CHILD_LABEL:
        return CHILD
    return OPENED_BY.get(label or "")


def _label(understood: Understood) -> str | None:
    """What a journey is told of a message's label: nothing where the understanding is unsure."""
    return None if understood.unsure else understood.label


def _open(name: str, scene: Scene, text: str, understood: Understood, content_ids: Collection[str]) -> Turned:
    # A choice by its number comes as a command of ours: it says what is wanted and nothing more.
    text = "" if text.startswith("/") else text
    if name == CHILD:
        return _child(scene, None, text, understood, content_ids)
    return conductor.begin(JOURNEYS[name], scene, text)


def _child(
    scene: Scene, state: State | None, text: str, understood: Understood, content_ids: Collection[str]
) -> Turned:
    """The registration of a child: older than the contract of journeys, it conducts itself."""
    data: Mapping[str, Any] = state["data"] if state else {}
    asked = state.get("asked") if state else None
    label = "nlu_fallback" if understood.unsure else understood.label
    turn = child_turn(
        scene.deps,
        scene.tx,
        scene.contact_id,
        text,
        data,
        asked,
        label,
        understood.confidence,
        scene.inbound_id,
        scene.now,
        content_ids,
    )
    if turn.next_slot is None:
        return Turned(turn.replies)
    kept = {name: value for name, value in {**data, **turn.slots}.items() if value is not None}
    return Turned(turn.replies, {"journey": CHILD, "asked": turn.next_slot, "data": kept})
