"""Leads a journey from message to message: consent, cancelling, questions in between, giving up, and its memory.

The state of a journey is JSON and lives in Rasa's tracker: {"journey": name, "asked": slot, "data": {...}, "tries": n}.
Nothing of it stays there once the journey is over.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from sapa.family.reading.words import is_cancel, read_yes_no, words_of
from sapa.messaging import danger, loss
from sapa.services.households import family_of_contact, said_facts
from sapa.services.journeys.contract import Heard, Journey, Scene
from sapa.services.losses import report_loss
from sapa.services.records import Reply
from sapa.services.replies import render_reply
from sapa.services.respond import replies_for_label
from sapa.services.understanding import DANGER_SURE, Understood

State = Mapping[str, Any]
CONSENT = "persetujuan"
# Why a journey ends when a birth turns out to be a loss.
LOSS = "loss"
_CANCELLED = "dialog/perjalanan/batal"
_REFUSED = "dialog/perjalanan/tidak-setuju"
_AGAIN = "dialog/perjalanan/ulang"
_OFFER_HUMAN = "dialog/manusia/tawarkan"
# The same question is put this often; then a human is offered with it.
_MAX_TRIES = 2
# From this confidence on, a message the journey cannot use is believed to be about something else.
_SIDE_CONFIDENCE = 0.5
# A yes to the consent with more words than this may hold facts as well.
_BARE_YES = 3
_QUIETING = frozenset({"dialog/berhenti", "dialog/duka"})


@dataclass(frozen=True)
class Turned:
    """What a message did: what is said, and the journey's state (None: no journey is open)."""

    replies: tuple[Reply, ...]
    state: State | None = None


def begin(journey: Journey, scene: Scene, text: str) -> Turned:
    """Open a journey with the message that asked for it; it may tell everything at once."""
    start = journey.begin(scene)
    if start.over is not None:
        return Turned(start.notes)
    heard = journey.hear(scene, text, start.data, None)
    notes = start.notes + (heard.notes if heard.understood else ())
    data = heard.data if heard.understood else start.data
    if heard.over is not None:
        return _over(heard, scene, text, notes)
    return _next(journey, scene, data, notes)


def go_on(
    journey: Journey, scene: Scene, state: State, text: str, understood: Understood, content_ids: Collection[str]
) -> Turned:
    """One more message of an open journey."""
    if is_cancel(text):
        return Turned((Reply(_CANCELLED),))
    asked, data = state.get("asked"), state["data"]
    urgent = _urgent(understood, text, content_ids)
    if urgent is not None and not _only_answers(journey, scene, text, data, asked):
        return Turned(urgent, None if _quiets(urgent) else state)
    if asked == CONSENT:
        return _at_consent(journey, scene, state, text, understood, content_ids)
    heard = journey.hear(scene, text, data, asked)
    if heard.over is not None:
        return _over(heard, scene, text, heard.notes)
    if heard.understood:
        return _next(journey, scene, heard.data, heard.notes)
    return _something_else(journey, scene, state, text, understood, content_ids)


def beside(journey: Journey, scene: Scene, state: State, shown: tuple[Reply, ...]) -> Turned:
    """Show something in between, and put our question again."""
    return Turned((*shown, _question(journey, scene, state)), state)


def _at_consent(
    journey: Journey, scene: Scene, state: State, text: str, understood: Understood, content_ids: Collection[str]
) -> Turned:
    answer = read_yes_no(text)
    if answer is False:
        _record_consent(journey, scene, granted=False)
        return Turned((Reply(_REFUSED),))
    if answer is True:
        _record_consent(journey, scene, granted=True)
        more = journey.hear(scene, text, state["data"], None) if len(words_of(text)) > _BARE_YES else None
        if more is None or not more.understood:
            return _next(journey, scene, state["data"], ())
        return _over(more, scene, text, more.notes) if more.over else _next(journey, scene, more.data, more.notes)
    heard = journey.hear(scene, text, state["data"], None)
    if heard.over is not None:
        return _over(heard, scene, text, heard.notes)
    if heard.understood and heard.data != state["data"]:
        return _next(journey, scene, heard.data, heard.notes)
    return _something_else(journey, scene, state, text, understood, content_ids)


def _over(heard: Heard, scene: Scene, text: str, notes: tuple[Reply, ...]) -> Turned:
    """A journey that ended itself; a loss told in the middle of it is acted on like any loss."""
    if heard.over != LOSS:
        return Turned(notes)
    return Turned((report_loss(scene.deps, scene.tx, scene.contact_id, text, scene.now, scene.inbound_id),))


def _next(journey: Journey, scene: Scene, data: Mapping[str, Any], notes: tuple[Reply, ...]) -> Turned:
    """The next question, or the end."""
    if journey.purpose and not scene.tx.has_consent(scene.contact_id, journey.purpose):
        assert journey.consent_text is not None
        return Turned((*notes, Reply(journey.consent_text)), _state(journey, CONSENT, data))
    question = journey.ask(scene, data)
    if question is None:
        return Turned((*notes, *journey.finish(scene, data)))
    return Turned((*notes, question.reply), _state(journey, question.slot, data))


def _something_else(
    journey: Journey, scene: Scene, state: State, text: str, understood: Understood, content_ids: Collection[str]
) -> Turned:
    """A message the journey could not use: a question in between is answered and ours put again."""
    question = _question(journey, scene, state)
    if _is_aside(understood, text, content_ids):
        said = said_facts(understood.said, scene.family)
        aside = replies_for_label(understood.label, understood.confidence, text, content_ids, said)
        # The answer's own next questions would compete with ours.
        aside = tuple(replace(reply, vars={**reply.vars, "followed": True}) for reply in aside)
        return Turned(aside if _quiets(aside) else (*aside, question), None if _quiets(aside) else state)
    tries = int(state.get("tries", 0)) + 1
    if tries > _MAX_TRIES:
        return Turned((Reply(_OFFER_HUMAN), question), {**state, "tries": 0})
    return Turned((Reply(_AGAIN), question), {**state, "tries": tries})


def _is_aside(understood: Understood, text: str, content_ids: Collection[str]) -> bool:
    if understood.unsure or understood.confidence < _SIDE_CONFIDENCE:
        return False
    label = understood.label
    if label == "danger" and len(words_of(text)) < _BARE_YES:
        return danger.check(text) is not None or danger.suspect(text)
    return label in content_ids or label in {"keluhan", "handover", "out_of_scope", "menu", "bantuan", "danger"}


def _urgent(understood: Understood, text: str, content_ids: Collection[str]) -> tuple[Reply, ...] | None:
    """What no journey may keep waiting: a danger or a loss the model is sure of."""
    label, confidence = understood.label, understood.confidence
    danger = label == "danger" and confidence >= DANGER_SURE
    mourning = label == "flow/duka" and loss.believable(confidence, text)
    if understood.unsure or not (danger or mourning):
        return None
    return replies_for_label(label, confidence, text, content_ids)


def _only_answers(journey: Journey, scene: Scene, text: str, data: Mapping[str, Any], asked: str | None) -> bool:
    """Whether a word or three answer our question and name no danger: "tadi malam", "hari ini" alone fool the model.

    One or two such words that answer nothing are asked about, not taken for an emergency.
    """
    if len(words_of(text)) > _BARE_YES or danger.check(text) or danger.suspect(text) or loss.speaks_of_loss(text):
        return False
    if len(words_of(text)) < _BARE_YES:
        return True
    if asked in {None, CONSENT}:
        return False
    heard = journey.hear(scene, text, data, asked)
    return heard.understood and heard.over is None


def _quiets(replies: tuple[Reply, ...]) -> bool:
    return any(reply.key in _QUIETING for reply in replies)


def _question(journey: Journey, scene: Scene, state: State) -> Reply:
    if state.get("asked") == CONSENT and journey.consent_text is not None:
        return Reply(journey.consent_text)
    question = journey.ask(scene, state["data"])
    return question.reply if question is not None else Reply(_AGAIN)


def _state(journey: Journey, asked: str, data: Mapping[str, Any]) -> dict[str, Any]:
    return {"journey": journey.name, "asked": asked, "data": dict(data), "tries": 0}


def _record_consent(journey: Journey, scene: Scene, *, granted: bool) -> None:
    assert journey.purpose is not None and journey.consent_text is not None
    tx, contact_id = scene.tx, scene.contact_id
    family = family_of_contact(tx, contact_id, scene.now, scene.deps.default_timezone)
    channel = tx.addresses_of(contact_id)[0].channel
    wording = render_reply(scene.deps, Reply(journey.consent_text), channel, family).text
    tx.record_consent(contact_id, journey.purpose, wording, granted, scene.inbound_id, scene.now)
    event = "consent" if granted else "consent_refused"
    tx.audit(event, contact_id, {"purpose": journey.purpose}, scene.now)
