"""One turn of the dialogue: claim a message, ask the engine, queue the answer. Killed anywhere, it is done again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sapa.family.reading.words import read_yes_no
from sapa.messaging import danger
from sapa.messaging import text as message_text
from sapa.messaging.labels import label_to_intent
from sapa.services import turns
from sapa.services.deps import Deps
from sapa.services.emergencies import (
    CHOICE_LIFE,
    DANGER_QUESTION,
    ask_about_danger,
    is_emergency,
    raise_danger,
    says_no,
)
from sapa.services.inbound import spoken_text
from sapa.services.losses import after_turn, note_loss
from sapa.services.ports import Engine, EngineFailed, EngineUnavailable, Tx
from sapa.services.records import Contact, InboundMessage, Reply, Turn
from sapa.services.replies import queue_replies, with_picture
from sapa.services.rights import RECEIPT, erase

# Tries that were ours (a worker died, the engine stumbled over this message) before a human is asked instead.
MAX_ATTEMPTS = 4
# With the engine away, a message the model's eye for danger gives this much is asked about at once.
SUSPECTED = 0.5
# Replies after which a human is told, and the kind of case it is.
CASE_OF_REPLY = {
    "dialog/keluhan": "keluhan",
    "dialog/manusia/tersambung": "handover",
}
# Replies that promise silence, and the one that ends it.
QUIETING_REPLIES = frozenset({"dialog/berhenti"})
RESUMING_REPLY = "dialog/mulai-lagi"
_RETRY_FIRST, _RETRY_MOST = timedelta(seconds=1), timedelta(seconds=5)


@dataclass(frozen=True)
class Claim:
    """A leased message and the name of the worker that holds it."""

    message: InboundMessage
    owner: str


def claim_next(deps: Deps, owner: str, now: datetime, lease: timedelta) -> Claim | None:
    """Lease the next message whose turn it is; None when nothing can be done now."""
    # Looking costs nobody anything; taking needs the one write lock SQLite has.
    with deps.store.transaction(write=False) as tx:
        if not tx.has_dialogue(now):
            return None
    with deps.store.transaction() as tx:
        message = tx.claim_dialogue(owner, now, now + lease)
    return None if message is None else Claim(message, owner)


def claim_some(deps: Deps, owner: str, now: datetime, lease: timedelta, most: int, *, surely: bool) -> list[Claim]:
    """Lease up to `most` messages whose turn it is, each of another contact, in one transaction.

    surely: do not ask first whether there are any, which saves a question where there just were some.
    """
    if not surely:
        with deps.store.transaction(write=False) as tx:
            if not tx.has_dialogue(now):
                return []
    claims: list[Claim] = []
    with deps.store.transaction() as tx:
        while len(claims) < most and (message := tx.claim_dialogue(owner, now, now + lease)) is not None:
            claims.append(Claim(message, owner))
    return claims


async def hold_turn(deps: Deps, engine: Engine, claim: Claim, clock: Callable[[], datetime]) -> bool:
    """Answer a claimed message. False if it must wait (the engine is away) or somebody else has taken it over."""
    message = claim.message
    if message.attempts > MAX_ATTEMPTS:
        return await asyncio.to_thread(_give_up, deps, claim, clock())
    contact, choice = await asyncio.to_thread(_who_and_what, deps, message, clock())
    if contact is None or contact.suspended_at is not None:
        return await asyncio.to_thread(_stay_silent, deps, claim, clock())
    try:
        turn = await _make_turn(deps, engine, message, contact, choice, clock())
    except EngineUnavailable:
        suspected = _suspected(deps, spoken_text(message))
        if suspected is not None:
            return await asyncio.to_thread(_finish, deps, claim, suspected, False, clock())
        await asyncio.to_thread(_put_back, deps, claim, clock(), False)
        return False
    except EngineFailed:
        await asyncio.to_thread(_put_back, deps, claim, clock(), True)
        return False
    try:
        return await asyncio.to_thread(_finish, deps, claim, turn, contact.dialogue_reset, clock())
    except Exception:
        # A fault of ours (a text that cannot be rendered): do not hold the message until its lease ends.
        await asyncio.to_thread(_put_back, deps, claim, clock(), True)
        raise


def _suspected(deps: Deps, spoken: str) -> Turn | None:
    """The question about a danger that the engine would have to judge: not even an outage may keep it waiting."""
    chance = deps.danger_chance(spoken) if deps.danger_chance is not None else 0.0
    if chance < SUSPECTED and danger.check(spoken) is None:
        return None
    question = Reply(DANGER_QUESTION, {"labels": ["danger", "keluhan"], "about": danger.likely_kind(spoken)})
    return Turn((question,), "danger", chance)


def _who_and_what(deps: Deps, message: InboundMessage, now: datetime) -> tuple[Contact | None, str | None]:
    """Who wrote, and the label of the choice they made, if our last message offered some."""
    with deps.store.transaction(write=False) as tx:
        return tx.contact(message.contact_id), _chosen_option(tx, message, spoken_text(message), now)


def _stay_silent(deps: Deps, claim: Claim, now: datetime) -> bool:
    """Close a message that waited while its number fell silent ("bukan saya"): its answer could speak of the family."""
    with deps.store.transaction() as tx:
        turns.forget(tx, claim.message.contact_id)
        return tx.finish_inbound(claim.message.id, claim.owner, None, now)


async def _make_turn(
    deps: Deps, engine: Engine, message: InboundMessage, contact: Contact, choice: str | None, now: datetime
) -> Turn:
    """The engine's turn, or our own where the message is not words the engine could understand."""
    spoken = spoken_text(message)
    odd = message_text.classify_odd(
        spoken, message.media, message_type=message.message_type, has_location=message.has_location
    )
    # A thumbs-up is an answer, not a riddle.
    if odd is not None and not (odd == "emoji" and read_yes_no(spoken) is not None):
        return Turn(replies=(Reply(f"dialog/aneh/{odd}"),), label=f"aneh/{odd}", confidence=1.0)
    metadata = _metadata(message, contact, now)
    verdict = deps.detect_language(spoken)
    if choice is None and not verdict.indonesian:
        # Looked at all the same: a danger is never refused for its language.
        metadata = {**metadata, "language": verdict.language}
    # A command (leading slash) is ours to give, never the user's to type.
    said = f"/{label_to_intent(choice)}" if choice is not None else message_text.neutralize(spoken)
    return await engine.turn(message.contact_id, message.id, said, metadata)


def _chosen_option(tx: Tx, message: InboundMessage, spoken: str, now: datetime) -> str | None:
    """The label behind "1" or "2" when our last message offered choices; "tidak" is the second of a yes-or-no."""
    last = tx.last_said(message.contact_id, now - CHOICE_LIFE)
    if last is None:
        return None
    if last.content_id == DANGER_QUESTION and says_no(spoken):
        return last.options[-1]
    number = spoken.strip(" .)").strip()
    if not (number.isascii() and number.isdigit() and len(number) == 1):
        return None
    return last.options[int(number) - 1] if 1 <= int(number) <= len(last.options) else None


def _metadata(message: InboundMessage, contact: Contact, now: datetime) -> Mapping[str, Any]:
    return {
        "inbound_id": message.id,
        "contact_id": message.contact_id,
        "channel": message.channel.value,
        "now": now.isoformat(),
        "received_at": message.received_at.isoformat(),
        "reset": contact.dialogue_reset,
    }


def _finish(deps: Deps, claim: Claim, turn: Turn, restarted: bool, now: datetime) -> bool:
    """Write the answer and close the message in one transaction, if the lease is still ours.

    restarted: this turn began a new dialogue as was wished. A wish of the meantime (a stop, a loss) is still open.
    """
    message = claim.message
    # Before anything is locked: to draw takes longer than all the rest.
    drawn = tuple(with_picture(deps, message.channel, reply) for reply in turn.replies)
    with deps.store.transaction() as tx:
        if not tx.finish_inbound(message.id, claim.owner, turn.label, now):
            return False
        turns.forget(tx, message.contact_id)
        if restarted:
            tx.set_dialogue_reset(message.contact_id, False)
        spoken = spoken_text(message)
        replies = after_turn(deps, tx, message.contact_id, spoken, drawn, now, message.id)
        danger = next((reply.key for reply in replies if is_emergency(reply.key)), None)
        question = next((reply for reply in replies if reply.key == DANGER_QUESTION), None)
        receipt = next((reply for reply in replies if reply.key == RECEIPT), None)
        if receipt is not None:
            # Nothing of the person is left to answer, but the receipt.
            erase(deps, tx, message, receipt, now)
        elif danger is not None:
            note_loss(deps, tx, message.contact_id, spoken, now, message.id)
            raise_danger(deps, tx, message, danger, now)
        elif question is not None:
            ask_about_danger(deps, tx, message, question, now)
        else:
            queue_replies(deps, tx, message, replies, now)
            _follow_up(tx, message, replies, now)
    return True


def _follow_up(tx: Tx, message: InboundMessage, replies: Sequence[Reply], now: datetime) -> None:
    """What an answer entails. Judged by what we say, not by the label: a name typed into a form has a label too."""
    for reply in replies:
        if reply.key in CASE_OF_REPLY:
            tx.open_case(message.contact_id, CASE_OF_REPLY[reply.key], message.id, now)
        if reply.key in QUIETING_REPLIES:
            tx.set_opt_out(message.contact_id, now)
        elif reply.key == RESUMING_REPLY:
            tx.set_opt_out(message.contact_id, None)


def _put_back(deps: Deps, claim: Claim, now: datetime, counts: bool) -> None:
    waited = _RETRY_FIRST * claim.message.attempts if counts else _RETRY_FIRST
    with deps.store.transaction() as tx:
        tx.release_inbound(claim.message.id, claim.owner, now + min(waited, _RETRY_MOST), counts)


def _give_up(deps: Deps, claim: Claim, now: datetime) -> bool:
    """Nobody is left without an answer: say that something went wrong and tell a human."""
    with deps.store.transaction() as tx:
        if not tx.finish_inbound(claim.message.id, claim.owner, None, now):
            return False
        turns.forget(tx, claim.message.contact_id)
        queue_replies(deps, tx, claim.message, [Reply("dialog/gangguan")], now)
        tx.open_case(claim.message.contact_id, "fault", claim.message.id, now)
        tx.audit("turn_given_up", claim.message.contact_id, {"attempts": claim.message.attempts}, now)
    return True
