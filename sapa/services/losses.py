"""A loss: everything related stops before anything else is said, a human is told, and nothing cheerful follows.

Which record ends is decided only where it is certain: a child that is named or the only one, the only pregnancy, the
mother. Where it is not, nothing is closed and everything of the household waits for a human (or for the family to say
MULAI). What was closed by mistake is opened again with one message.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from sapa.family.people import Child, Family, Member
from sapa.family.reading.words import looks_like_question
from sapa.messaging import loss
from sapa.services.deps import Deps
from sapa.services.emergencies import CHOICE_LIFE
from sapa.services.households import family_of, family_of_contact
from sapa.services.ports import Tx
from sapa.services.records import Reply
from sapa.services.reminders import replan

CASE = "duka"
# The reply the classifier's word for a loss leads to; `after_turn` puts the right one in its place.
BY_LABEL = "dialog/duka"
# How long nothing cheerful and no tips are sent. The figure is ours: forty days are mourned in much of Indonesia, with
# a margin; no source says it.
GRIEVING = timedelta(days=60)
# How long the reminders of a living brother or sister wait. The figure is ours: the first days are left to the family,
# and the immunisation of the living may be caught up with after two weeks.
SIBLINGS_WAIT = timedelta(days=14)
DIED = "meninggal"

_KEY = "loss:"
_SOFTER = {
    "dialog/salam": "dialog/duka/salam",
    "dialog/terima-kasih": "dialog/duka/terima-kasih",
    "dialog/pamit": "dialog/duka/pamit",
    "dialog/mulai-lagi": "dialog/duka/mulai-lagi",
}
_GRANDPARENTS = frozenset({"nenek", "kakek"})
_UNBORN = frozenset({"pregnancy", "birth"})


@dataclass(frozen=True)
class _State:
    """What is kept of a loss, as JSON in a setting of the household; ids only, no names.

    ended: what was closed, to be opened again if it was a mistake: (what, id, day). known: ids of what there was; what
    is registered later is not silent. until: end of the silence, None: a human or the family ends it. kind: whose loss
    it is, as in sapa.messaging.loss.
    """

    at: datetime
    certain: bool
    ended: tuple[tuple[str, str, str], ...]
    known: tuple[str, ...]
    until: datetime | None
    over: bool = False
    kind: str = ""


@dataclass(frozen=True)
class _Verdict:
    """What ends, and which text says so."""

    key: str
    certain: bool
    children: tuple[Child, ...] = ()
    pregnancy: bool = False
    mother: bool = False


def catch_loss(deps: Deps, tx: Tx, contact_id: str, text: str, now: datetime, inbound_id: str) -> Reply | None:
    """The reply to a message that reports a loss beyond doubt, or takes one back, with all of it done; None otherwise.

    Called before the dialogue engine and after danger. Doing it twice for one message changes nothing more.
    """
    taken_back = take_back(deps, tx, contact_id, text, now, inbound_id)
    if taken_back is not None:
        return taken_back
    if not is_sure(deps, tx, contact_id, text, now):
        return None
    return report_loss(deps, tx, contact_id, text, now, inbound_id)


def is_sure(deps: Deps, tx: Tx, contact_id: str, text: str, now: datetime) -> bool:
    """Whether a message reports a loss beyond doubt, seen with what is known of the household."""
    told = loss.sure_loss(text, expecting=True) is not None or loss.speaks_of_loss(text)
    if not told and not loss.no_longer_expecting(text):
        return False
    family = family_of_contact(tx, contact_id, now, deps.default_timezone)
    if _kind_in(tx, text, contact_id, family) is None:
        return False
    # "keguguran tiga bulan lalu, kapan boleh hamil lagi?" of a stranger is a question: nothing of hers could stop.
    return _has_records(family) or not looks_like_question(text)


def report_loss(deps: Deps, tx: Tx, contact_id: str, text: str, now: datetime, inbound_id: str) -> Reply:
    """Stop everything related for every member of the household, open a case, and the reply to say.

    The caller queues the reply after this, so that nothing else can go out before it.
    """
    household_id = tx.household_of(contact_id, now)
    family = family_of(tx, household_id, now, deps.default_timezone)
    kind = _kind_in(tx, text, contact_id, family) or "someone"
    tx.open_case(contact_id, CASE, inbound_id, now)
    before = _state(tx, household_id)
    if before is not None and not before.over and before.certain and not _new_loss(family, kind, text):
        _hush(tx, household_id, now)
        _replan_rest(deps, tx, household_id, now)
        return Reply("dialog/duka/lagi")
    verdict = _which(family, _relation(family.members, contact_id), kind, text)
    known = _records(family)
    ended = _end(tx, family, verdict, now)
    until = now + SIBLINGS_WAIT if verdict.certain and not verdict.mother else None
    earlier = before.ended if before is not None and not before.over else ()
    _keep(tx, household_id, _State(now, verdict.certain, (*earlier, *ended), known, until, kind=kind), now)
    tx.audit("loss", contact_id, {"kind": kind, "certain": verdict.certain, "inbound": inbound_id}, now)
    _hush(tx, household_id, now)
    if verdict.certain and not verdict.mother:
        _replan_rest(deps, tx, household_id, now)
    left = tx.children_of(household_id)
    return Reply(verdict.key, {"others": [child.name for child in left], "wait_days": SIBLINGS_WAIT.days})


def note_loss(deps: Deps, tx: Tx, contact_id: str, text: str, now: datetime, inbound_id: str) -> None:
    """Stop what a loss stops, for a message that is answered as a danger: "keguguran, darahnya masih banyak"."""
    if is_sure(deps, tx, contact_id, text, now):
        report_loss(deps, tx, contact_id, text, now, inbound_id)


def after_turn(
    deps: Deps, tx: Tx, contact_id: str, text: str, replies: Sequence[Reply], now: datetime, inbound_id: str
) -> tuple[Reply, ...]:
    """The replies of a turn as they may be said: a loss the classifier found is acted on, nothing jolly to mourners."""
    said = tuple(
        _by_label(deps, tx, contact_id, text, now, inbound_id) if reply.key == BY_LABEL else reply for reply in replies
    )
    contact = tx.contact(contact_id)
    if contact is None or contact.household_id is None or not grieving(tx, contact.household_id, now):
        return said
    return tuple(replace(reply, key=_SOFTER.get(reply.key, reply.key)) for reply in said)


def _by_label(deps: Deps, tx: Tx, contact_id: str, text: str, now: datetime, inbound_id: str) -> Reply:
    """The reply where the classifier took a message for a loss; words that point elsewhere close nothing."""
    family = family_of_contact(tx, contact_id, now, deps.default_timezone)
    if _kind_in(tx, text, contact_id, family) is None:
        if loss.is_elsewhere(text):
            return Reply("dialog/duka/kerabat")
        if loss.is_not_now(text):
            return Reply("dialog/duka/khawatir")
    return report_loss(deps, tx, contact_id, text, now, inbound_id)


def take_back(deps: Deps, tx: Tx, contact_id: str, text: str, now: datetime, inbound_id: str) -> Reply | None:
    """ "Salah, anak saya sehat": what was closed is open again at once, and a human looks. None if it is not that."""
    contact = tx.contact(contact_id)
    if contact is None or contact.household_id is None or not loss.taken_back(text):
        return None
    state = _state(tx, contact.household_id)
    if state is None or state.over:
        return None
    last = tx.last_said(contact_id, now - CHOICE_LIFE)
    straight_after = last is not None and last.content_id.startswith("dialog/duka")
    # Weeks later "anak saya sehat" is said of a brother or sister; only a denial of the death itself counts then.
    if not straight_after and not loss.denied(text):
        return None
    tx.open_case(contact_id, CASE, inbound_id, now)
    if not loss.corrected(text) and not _means_the_lost(tx, contact.household_id, state, text):
        return Reply("dialog/duka/lagi")
    reopen(deps, tx, contact.household_id, now)
    tx.audit("loss_taken_back", contact_id, {"inbound": inbound_id}, now)
    return Reply("dialog/duka/salah-paham")


def _means_the_lost(tx: Tx, household_id: str, state: _State, text: str) -> bool:
    """Whether "sehat" or "masih hidup" is said of the one we took for lost, not of one who lives.

    "Bayinya sehat" after the mother's death is good news of the baby, and takes nothing back.
    """
    living = [child.name for child in tx.children_of(household_id)]
    if loss.named_in(text, living) or loss.other_one(text):
        return False
    if state.kind == "mother":
        return loss.of_mother(text)
    if not state.certain or not living:
        return True
    if state.kind in _UNBORN or state.kind == "ended":
        return loss.of_baby(text) or "hamil" in text.casefold()
    return bool(
        loss.named_in(text, [child.name for child, why, _ in tx.ended_children_of(household_id) if why == DIED])
    )


def born_after_all(deps: Deps, tx: Tx, household_id: str, now: datetime) -> None:
    """A birth was told where we only feared the end of the pregnancy: nothing is silent any more."""
    state = _state(tx, household_id)
    if state is not None and not state.over and not state.certain and state.kind == "ended":
        reopen(deps, tx, household_id, now)


def reopen(deps: Deps, tx: Tx, household_id: str, now: datetime) -> None:
    """Open again what the last loss closed, and plan as if it had not been told. Nothing to do: nothing happens."""
    state = _state(tx, household_id)
    if state is None or state.over:
        return
    for what, record_id, day in state.ended:
        if what == "child":
            tx.reopen_child(record_id)
        else:
            tx.reopen_pregnancy(record_id)
            if what == "birth":
                tx.end_pregnancy(record_id, "birth", date.fromisoformat(day), now)
    _keep(tx, household_id, replace(state, over=True), now)
    replan(deps, tx, household_id, now)


def resume(deps: Deps, tx: Tx, household_id: str, now: datetime) -> bool:
    """End the silence: the family said MULAI, or a human closed the case. What ended stays ended.

    False if there was no silence.
    """
    state = _state(tx, household_id)
    if state is None or state.over or not _silent_at(state, now):
        return False
    _keep(tx, household_id, replace(state, until=now), now)
    replan(deps, tx, household_id, now)
    return True


def grieving(tx: Tx, household_id: str, now: datetime) -> bool:
    """Whether a loss was told in the last 60 days: no tips, nothing cheerful."""
    state = _state(tx, household_id)
    return state is not None and not state.over and now < state.at + GRIEVING


def silent(tx: Tx, household_id: str, now: datetime, subjects: Sequence[str] = (), topic: str = "") -> bool:
    """Whether nothing unasked may go to the household now because of a loss.

    subjects and topic of the message: what was registered only after the loss is not silent where a silence has no
    end of its own (a new pregnancy months later, a child born since).
    """
    state = _state(tx, household_id)
    if state is None or state.over or not _silent_at(state, now):
        return False
    if state.until is not None:
        return True
    new_children = {child.name for child in tx.children_of(household_id) if child.id not in state.known}
    if subjects and set(subjects) <= new_children:
        return False
    pregnancy = tx.last_pregnancy_of(household_id)
    return not (topic in ("hamil", "nifas") and pregnancy is not None and pregnancy[0].id not in state.known)


# ---------------------------------------------------------------------------------------------------- which record


def _kind_in(tx: Tx, text: str, contact_id: str, family: Family) -> loss.LossKind | None:
    """What is lost; "ended": a pregnancy on record is over, and nobody says how."""
    names = [child.name for child in family.children]
    contact = tx.contact(contact_id)
    if contact is not None and contact.household_id is not None:
        # The dead are still spoken of by their names.
        names += [child.name for child, reason, _ in tx.ended_children_of(contact.household_id) if reason == DIED]
    kind = loss.sure_loss(text, names, expecting=family.pregnancy is not None)
    if kind is None and family.pregnancy is not None and loss.no_longer_expecting(text):
        return "ended"
    return kind


def _which(family: Family, relation: str, kind: loss.LossKind, text: str) -> _Verdict:
    """What is certainly meant. "All of it waits" is always a possible answer, and the one where anything is open."""
    unsure = _Verdict("dialog/duka", certain=False)
    several = loss.several_meant(text)
    if kind == "ended":
        # A birth, a loss, an error: until somebody says which, nothing is closed and nothing is sent.
        return _Verdict("dialog/duka/tidak-hamil", certain=False)
    if kind == "mother":
        known = bool(family.children or family.pregnancy or family.postpartum)
        return _Verdict("dialog/duka/ibu", certain=True, mother=True) if known and not several else unsure
    if kind in _UNBORN:
        return _which_unborn(family, kind, several) or unsure
    if kind != "child":
        return unsure
    named = loss.named_in(text, [child.name for child in family.children])
    if named and len(named) == 1:
        (child,) = (child for child in family.children if child.name == named[0])
        return _Verdict("dialog/duka/anak", certain=True, children=(child,))
    meant_elsewhere = relation in _GRANDPARENTS and loss.grandparents_child(text)
    if named or several or meant_elsewhere:
        return unsure
    if len(family.children) == 1 and family.pregnancy is None:
        return _Verdict("dialog/duka/anak", certain=True, children=family.children)
    if not family.children and family.pregnancy is not None and not family.pregnancy.multiple and loss.of_baby(text):
        return _Verdict("dialog/duka/kandungan", certain=True, pregnancy=True)
    return unsure


def _which_unborn(family: Family, kind: loss.LossKind, several: bool) -> _Verdict | None:
    if several:
        return None
    if family.pregnancy is not None:
        # Of twins one may live: only the bidan knows.
        single = not family.pregnancy.multiple
        return _Verdict("dialog/duka/kandungan", certain=True, pregnancy=True) if single else None
    if kind == "birth" and (family.postpartum is not None or family.children):
        return None
    return _Verdict("dialog/duka/kandungan", certain=True)


def _new_loss(family: Family, kind: loss.LossKind, text: str) -> bool:
    """Whether a second message about a loss tells of one more: of somebody who is still followed."""
    names = [child.name for child in family.children]
    return bool(
        loss.named_in(text, names)
        or kind == "mother"
        or (kind in _UNBORN and family.pregnancy is not None)
        or loss.several_meant(text)
    )


def _relation(members: Sequence[Member], contact_id: str) -> str:
    return next((member.relation for member in members if member.contact_id == contact_id), "")


def _records(family: Family) -> tuple[str, ...]:
    ids = [child.id for child in family.children]
    ids += [record.id for record in (family.pregnancy, family.postpartum, family.wedding) if record is not None]
    return tuple(ids)


def _has_records(family: Family) -> bool:
    return bool(_records(family) or family.contraceptions)


# ------------------------------------------------------------------------------------------------------ what it does


def _end(tx: Tx, family: Family, verdict: _Verdict, now: datetime) -> tuple[tuple[str, str, str], ...]:
    """Close the records that are certainly meant; what was closed, in the shape of `_State.ended`."""
    today = family.today
    ended: list[tuple[str, str, str]] = []
    for child in verdict.children:
        tx.end_child(child.id, DIED, today, now)
        ended.append(("child", child.id, today.isoformat()))
        ended += _end_newborn_weeks(tx, family, child, now)
    if family.pregnancy is not None and (verdict.pregnancy or verdict.mother):
        tx.end_pregnancy(family.pregnancy.id, "loss" if verdict.pregnancy else "other", today, now)
        ended.append(("pregnancy", family.pregnancy.id, today.isoformat()))
    if verdict.mother and family.postpartum is not None:
        ended += _end_postpartum(tx, family, "other", now)
    return tuple(ended)


def _end_newborn_weeks(tx: Tx, family: Family, child: Child, now: datetime) -> list[tuple[str, str, str]]:
    """The weeks after the birth of a child that died: every message of them speaks of the baby. A human goes on."""
    birth = family.postpartum
    if birth is None or child.birth_date != birth.birth_date:
        return []
    twins = [other for other in family.children if other.birth_date == child.birth_date and other.id != child.id]
    return [] if twins else _end_postpartum(tx, family, "loss", now)


def _end_postpartum(tx: Tx, family: Family, outcome: str, now: datetime) -> list[tuple[str, str, str]]:
    birth = family.postpartum
    assert birth is not None
    tx.reopen_pregnancy(birth.id)
    tx.end_pregnancy(birth.id, outcome, birth.birth_date, now)
    return [("birth", birth.id, birth.birth_date.isoformat())]


def _hush(tx: Tx, household_id: str, now: datetime) -> None:
    """Take back, for every member, what is planned or waits to be sent, and drop the dialogues that are open."""
    tx.cancel_reminders(household_id, "loss", now)
    for contact in tx.caregivers_of(household_id):
        tx.cancel_queued(contact.id, "loss", now)
        tx.set_dialogue_reset(contact.id, True)


def _replan_rest(deps: Deps, tx: Tx, household_id: str, now: datetime) -> None:
    """Plan for those who live; `silent` holds it back until the wait is over."""
    replan(deps, tx, household_id, now)


def _silent_at(state: _State, now: datetime) -> bool:
    return state.until is None or now < state.until


def _state(tx: Tx, household_id: str) -> _State | None:
    kept = tx.setting(_KEY + household_id)
    if kept is None:
        return None
    raw: dict[str, Any] = json.loads(kept)
    return _State(
        at=datetime.fromisoformat(raw["at"]),
        certain=bool(raw["certain"]),
        ended=tuple((what, record_id, day) for what, record_id, day in raw["ended"]),
        known=tuple(raw["known"]),
        until=datetime.fromisoformat(raw["until"]) if raw["until"] else None,
        over=bool(raw["over"]),
        kind=str(raw.get("kind") or ""),
    )


def _keep(tx: Tx, household_id: str, state: _State, now: datetime) -> None:
    raw = {
        "at": state.at.isoformat(),
        "certain": state.certain,
        "ended": [list(entry) for entry in state.ended],
        "known": list(state.known),
        "until": state.until.isoformat() if state.until else None,
        "over": state.over,
        "kind": state.kind,
    }
    tx.set_setting(_KEY + household_id, json.dumps(raw), now)
