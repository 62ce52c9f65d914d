"""Somebody writes faster than a person talks: kept, listened to for danger, told once to slow down, then left alone.

A stuck telephone, another program that answers our answers, a child with the phone, a stranger who means harm: each
would fill the line that everybody else waits in, and be billed. Nothing is lost: every message stays in its row, stop
words are obeyed and dangers are looked for in all of them. The counts are settings; the durations are our own figures.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sapa.services.deps import Deps
from sapa.services.ports import Tx
from sapa.services.records import InboundMessage, Reply
from sapa.services.replies import queue_replies

NOTICE = "dialog/pelan-pelan"
LABEL = "aneh/terlalu-cepat"
TOLD = "slowed_down"  # the line in the audit trail
_MINUTE, _HOUR = timedelta(minutes=1), timedelta(hours=1)
# How long the answer to an emergency stands for the ones after it, while somebody writes too fast.
DANGER_STANDS = timedelta(minutes=5)
_EMERGENCY = "bahaya/"


def too_fast(deps: Deps, tx: Tx, message: InboundMessage) -> bool:
    """Whether this message is one too many. Counted back from its own arrival, however late it is looked at."""
    limits = deps.inbound_limits
    if limits is None:
        return False
    for most, span in ((limits.per_minute, _MINUTE), (limits.per_hour, _HOUR)):
        earlier = tx.inbound_before(message.id, most)
        if earlier is None or message.received_at - earlier >= _HOUR:
            return False  # so few in an hour that no limit can be reached
        if message.received_at - earlier < span:
            return True
    return False


def slow_down(deps: Deps, tx: Tx, message: InboundMessage, now: datetime) -> bool:
    """Close a message that is one too many: with one notice an hour, and then with nothing."""
    if not too_fast(deps, tx, message):
        return False
    if not tx.count_audits(TOLD, message.contact_id, now - _HOUR):
        queue_replies(deps, tx, message, [Reply(NOTICE)], now)
        tx.audit(TOLD, message.contact_id, {"channel": message.channel.value}, now)
    tx.finish_inbound(message.id, None, LABEL, now)
    return True


def answered_lately(deps: Deps, tx: Tx, message: InboundMessage, key: str, now: datetime) -> bool:
    """Whether an emergency was answered just now with the very same words, by somebody who writes too fast to read."""
    if not too_fast(deps, tx, message):
        return False
    said = tx.last_said(message.contact_id, now - DANGER_STANDS)
    return said is not None and said.content_id == key and key.startswith(_EMERGENCY)
