"""Stopping and resuming one topic of messages; the bare STOP of everything is sapa.messaging.stop_words.

A stop is kept like a consent that is withdrawn: purpose "topic:<topic>", the person's own words, the time. The sender
looks the last word up (`has_stopped` in the store) before every message that nobody asked for.
"""

from __future__ import annotations

from datetime import datetime

from sapa.family.reading.rights import TopicWish, read_topic_wish, read_withdrawal
from sapa.services.consents import TOPIC_PURPOSE
from sapa.services.deps import Deps
from sapa.services.ports import Tx
from sapa.services.records import Reply
from sapa.services.reminders import replan

_LONGEST_WORDING = 300


def record(deps: Deps, tx: Tx, contact_id: str, text: str, label: str, now: datetime) -> tuple[Reply, ...] | None:
    """Stop or resume a topic, or withdraw a consent, if the message says only that; None for any other message.

    A second time for one message changes nothing more.
    """
    purpose = read_withdrawal(text)
    if purpose is not None:
        return (withdraw(deps, tx, contact_id, purpose, text, now),)
    wish = read_topic_wish(text)
    # "Kirim info hamil" asks a question, unless that topic was stopped before.
    if wish is None or (not wish.stop and wish.topic not in stopped_topics(tx, contact_id)):
        return None
    return (set_topic(deps, tx, contact_id, wish, text, now),)


def set_topic(deps: Deps, tx: Tx, contact_id: str, wish: TopicWish, said: str, now: datetime) -> Reply:
    """Keep the wish with its words; what waits to be sent on that topic is taken back at once."""
    stopped = wish.topic in stopped_topics(tx, contact_id)
    if stopped is not wish.stop:
        tx.record_consent(
            contact_id, TOPIC_PURPOSE + wish.topic, said[:_LONGEST_WORDING], not wish.stop, _moment_id(now), now
        )
        tx.audit("topic_stopped" if wish.stop else "topic_resumed", contact_id, {"topic": wish.topic}, now)
    if wish.stop:
        tx.cancel_queued(contact_id, "topic_stopped", now, topics=[wish.topic])
    return Reply("dialog/berhenti/topik" if wish.stop else "dialog/berhenti/topik-lagi", {"topic": wish.topic})


def withdraw(deps: Deps, tx: Tx, contact_id: str, purpose: str, said: str, now: datetime) -> Reply:
    """Withdraw a consent: nothing of that purpose is sent any more. What is kept stays until it is erased."""
    if tx.has_consent(contact_id, purpose):
        tx.record_consent(contact_id, purpose, said[:_LONGEST_WORDING], False, _moment_id(now), now)
        tx.audit("consent_withdrawn", contact_id, {"purpose": purpose}, now)
        contact = tx.contact(contact_id)
        if contact is not None and contact.household_id is not None:
            replan(deps, tx, contact.household_id, now)
    return Reply("dialog/berhenti/izin", {"purpose": purpose})


def stopped_topics(tx: Tx, contact_id: str) -> set[str]:
    """The topics the contact stopped and did not resume; the last word on each counts."""
    last = {row.purpose: row.granted for row in tx.consents_of(contact_id) if row.purpose.startswith(TOPIC_PURPOSE)}
    return {purpose.removeprefix(TOPIC_PURPOSE) for purpose, granted in last.items() if not granted}


def _moment_id(now: datetime) -> str:
    """Stands where the id of the message would: a turn done twice is done at the same moment, and kept once."""
    return now.isoformat()[:36]
