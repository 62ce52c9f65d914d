"""One message of a known contact, wherever the conversation stands: in a journey, or free.

In a free conversation the order is: what somebody reports in passing ("sudah suntik", "BCG 12 Mei") is written down,
what asks for a journey opens it, everything else is answered.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sapa.services import growth_recording, kb_recording, rights, screening_recording, topics, visit_recording
from sapa.services.agenda import agenda
from sapa.services.deps import Deps
from sapa.services.dose_recording import record_from_message
from sapa.services.households import family_of_contact, stage_of
from sapa.services.journeys import (
    birth,
    conductor,
    contraception,
    correct,
    doses,
    erase,
    growth,
    move,
    number,
    pregnancy,
    premarital,
    seat,
)
from sapa.services.journeys.conductor import State, Turned
from sapa.services.journeys.contract import Journey, Scene
from sapa.services.ports import Tx
from sapa.services.records import Reply
from sapa.services.registration import child_turn
from sapa.services.respond import TALK_LIFE, replies_to
from sapa.services.understanding import UNSURE, Talk, Understood, settle

Recorder = Callable[[Deps, Tx, str, str, str, datetime], tuple[Reply, ...] | None]

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
        # "Hapus BCG" deletes a dose, not a family: before the erasure.
        doses.JOURNEY,
        erase.JOURNEY,
        number.JOURNEY,
        premarital.JOURNEY,
        seat.JOURNEY,
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
}
# What is written down in passing. "SUDAH" goes to whoever reminded last, so each looks for its own reminder; doses,
# which were there first, take what is left.
RECORDERS: tuple[Recorder, ...] = (
    topics.record,
    rights.record,
    kb_recording.record,
    visit_recording.record,
    screening_recording.record,
    _record_doses,
    growth_recording.record,
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

    Doing it twice for one message changes nothing more.
    """
    with deps.store.transaction() as tx:
        family = family_of_contact(tx, contact_id, now, deps.default_timezone)
        received_on = received_at.astimezone(ZoneInfo(family.timezone)).date()
        scene = Scene(deps, tx, contact_id, family, now, received_on, inbound_id, received_at)
        if state and state.get("journey") == CHILD:
            return _child(scene, state, text, understood, content_ids)
        journey = JOURNEYS.get(str(state["journey"])) if state else None
        if journey is not None and state is not None:
            other = _asked_for(scene, text, understood)
            heard = journey.hear(scene, text, state["data"], state.get("asked"))
            if other is not None and other != journey.name and not heard.understood:
                return _open(other, scene, text, understood, content_ids)
            return conductor.go_on(journey, scene, state, text, understood, content_ids)
        return _free(scene, understood, text, content_ids, titles)


def _free(
    scene: Scene, understood: Understood, text: str, content_ids: Collection[str], titles: Mapping[str, str]
) -> Turned:
    deps, tx, contact_id, now = scene.deps, scene.tx, scene.contact_id, scene.now
    # "BCG 12 Mei" is no sentence a classifier could be sure of, but it says all that is needed.
    label = UNSURE if understood.unsure else understood.label
    # "Kemarin" is the day before the message came, however late it is worked on; then the plan is made by today.
    said_at = now if scene.received_on == scene.family.today else (scene.received_at or now)
    for record in RECORDERS:
        recorded = record(deps, tx, contact_id, text, label, said_at)
        if recorded is not None:
            if scene.received_on != scene.family.today and (contact := tx.contact(contact_id)) and contact.household_id:
                tx.mark_dirty(contact.household_id, now)
            return Turned(recorded)
    opened = _asked_for(scene, text, understood)
    if opened is not None:
        return _open(opened, scene, text, understood, content_ids)
    talk = Talk(tx.last_topic(contact_id, now - TALK_LIFE), stage_of(scene.family))
    settled = settle(understood, talk, text)
    opened = _asked_for(scene, text, settled)
    if opened is not None:
        return _open(opened, scene, text, settled, content_ids)
    if settled.label == "flow/profil" and not settled.unsure:
        return Turned(rights.my_data(deps, tx, contact_id, now))
    if settled.label == "flow/jadwal-saya" and not settled.unsure:
        return Turned((agenda(scene.family, contact_id),))
    return Turned(replies_to(settled, text, scene.family, content_ids, titles))


def _asked_for(scene: Scene, text: str, understood: Understood) -> str | None:
    """The journey a message asks for: by its words where a journey knows its own, else by its label."""
    label = None if understood.unsure else understood.label
    for name, journey in JOURNEYS.items():
        opens = getattr(journey, "opens", None)
        if opens is not None and opens(scene, text, label):
            return name
    if label == CHILD_LABEL:
        return CHILD
    return OPENED_BY.get(label or "")


def _open(name: str, scene: Scene, text: str, understood: Understood, content_ids: Collection[str]) -> Turned:
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
