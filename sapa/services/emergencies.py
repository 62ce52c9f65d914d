"""Emergencies: answered within the turn, a case for a human, and one question where it is not clear there is one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from sapa.family.reading.words import normalize, read_yes_no
from sapa.messaging import danger
from sapa.messaging.states import Kind
from sapa.services.deps import Deps
from sapa.services.ports import Tx
from sapa.services.records import InboundMessage, LastSaid, Reply
from sapa.services.replies import queue_replies

DANGER_PRIORITY = 0
# Asks whether a danger is there now, and says when to go while it asks. Its choices: danger, the other meaning.
DANGER_QUESTION = "bahaya/tanya"
# Below this the model is sure that a sign named in words is not there. On tests/data/blind and dev.tsv no danger that
# the words find has less than 0.04, and of the look-alikes that fool the words three of four have less than 0.01.
DISBELIEVED = 0.02
# How long a question or a numbered choice can still be answered.
CHOICE_LIFE = timedelta(hours=24)
_OPENS_WITH_YES = frozenset({"ya", "iya", "iyaa", "y", "iy", "iyo", "betul", "masih", "sekarang", "1"})


def named_emergency(spoken: str, chance: Callable[[str], float | None] | None) -> str | None:
    """The emergency text for a danger that the words name; None if they name none, or none that anybody believes.

    `chance` asks the model's eye for danger (None: no model at hand), and only where words name a sign. The words count
    whatever it says, unless it is as good as certain that nothing is happening: "kucing saya kejang", "kejang dicegah
    vaksin apa". Such a message goes on to the understanding, which still asks if it is unsure of anything else.
    """
    finding = danger.check(spoken)
    if finding is None:
        return None
    if finding.english:
        return "bahaya/bahasa-inggris"  # the model reads Indonesian
    given = chance(spoken) if chance is not None else None
    return None if given is not None and given < DISBELIEVED else f"bahaya/{finding.kind}"


def is_emergency(reply_key: str) -> bool:
    """Whether a reply answers an emergency (and does not only ask about one)."""
    return reply_key.startswith("bahaya/") and reply_key != DANGER_QUESTION


def raise_danger(deps: Deps, tx: Tx, message: InboundMessage, key: str, now: datetime, *, silent: bool = False) -> None:
    """Answer an emergency by the text `key` (unless `silent`: it was, a moment ago), and open a case for a human."""
    if not silent:
        _queue_urgent(deps, tx, message, Reply(key), now)
    tx.open_case(message.contact_id, "danger", message.id, now)
    tx.audit("danger", message.contact_id, {"kind": key.removeprefix("bahaya/")}, now)


def ask_about_danger(deps: Deps, tx: Tx, message: InboundMessage, question: Reply, now: datetime) -> None:
    """Ask the one question. A human hears of it at once: somebody in need may not answer."""
    _queue_urgent(deps, tx, message, question, now)
    tx.open_case(message.contact_id, "keluhan", message.id, now)
    tx.audit("danger_asked", message.contact_id, {"kind": str(question.vars.get("about", ""))}, now)


def answered_yes(tx: Tx, contact_id: str, spoken: str, now: datetime) -> str | None:
    """The emergency text for a yes to our question; None for anything else. A no closes the question's case."""
    asked = tx.last_said(contact_id, now - CHOICE_LIFE)
    if asked is None or asked.content_id != DANGER_QUESTION:
        return None
    if says_no(spoken):
        _close_question(tx, contact_id, asked, now)
        return None
    opening = normalize(spoken).split()[:1]
    if read_yes_no(spoken) is not True and not (opening and opening[0].strip(".,!") in _OPENS_WITH_YES):
        return None
    about = tx.inbound(asked.in_reply_to) if asked.in_reply_to else None
    return f"bahaya/{danger.likely_kind(about.body if about is not None else '')}"


def says_no(spoken: str) -> bool:
    """Whether our question was answered with no, in words or by its number."""
    return read_yes_no(spoken) is False or spoken.strip(" .)") == "2"


def _close_question(tx: Tx, contact_id: str, asked: LastSaid, now: datetime) -> None:
    for case in tx.open_cases_of(contact_id):
        if case.inbound_id is not None and case.inbound_id == asked.in_reply_to:
            tx.close_case(case.id, "said_no", now)


def _queue_urgent(deps: Deps, tx: Tx, message: InboundMessage, reply: Reply, now: datetime) -> None:
    queue_replies(deps, tx, message, [reply], now, kind=Kind.DANGER, priority=DANGER_PRIORITY, exempt_from_opt_out=True)
