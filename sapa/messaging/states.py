"""The states of a message and the moves between them: the one place that says what may follow what.

The rank of a delivery state never goes down (provider callbacks are repeated and come out of order).
"""

from __future__ import annotations

from enum import StrEnum


class Channel(StrEnum):
    """How a contact is reached."""

    WHATSAPP = "whatsapp"
    SMS = "sms"


class Kind(StrEnum):
    """What a message is, as the command line prints it."""

    ANSWER = "answer"
    CLARIFY = "clarify"
    DANGER = "danger"
    FLOW = "flow"
    HANDOVER = "handover"
    FALLBACK = "fallback"
    SMALLTALK = "smalltalk"
    LANGUAGE = "language"
    REMINDER = "reminder"
    BROADCAST = "broadcast"
    NOTICE = "notice"


class OutboxState(StrEnum):
    """Life of an outbound message."""

    QUEUED = "queued"  # waiting for the sender
    SENDING = "sending"  # claimed; the provider may or may not have it
    SENT = "sent"  # the provider has it
    DELIVERED = "delivered"  # the phone has it
    READ = "read"  # the person has opened it
    ERRORED = "errored"  # refused for now, will be tried again
    FAILED = "failed"  # final: it will not arrive
    UNKNOWN = "unknown"  # no answer from the provider: reconcile, never resend blindly
    SUPPRESSED = "suppressed"  # stopped by us: opted out, consent withdrawn, too late


_MOVES: dict[OutboxState, frozenset[OutboxState]] = {
    # Queued again after a doubt, or refused on a second try: the provider's word that the first one went still counts.
    OutboxState.QUEUED: frozenset(
        {
            OutboxState.SENDING,
            OutboxState.SUPPRESSED,
            OutboxState.SENT,
            OutboxState.DELIVERED,
            OutboxState.READ,
            OutboxState.FAILED,
        }
    ),
    OutboxState.SENDING: frozenset(
        {
            OutboxState.SENT,
            OutboxState.ERRORED,
            OutboxState.FAILED,
            OutboxState.UNKNOWN,
            OutboxState.DELIVERED,
            OutboxState.READ,
        }
    ),
    OutboxState.ERRORED: frozenset(
        {
            OutboxState.SENDING,
            OutboxState.SUPPRESSED,
            OutboxState.FAILED,
            OutboxState.SENT,
            OutboxState.DELIVERED,
            OutboxState.READ,
        }
    ),
    OutboxState.UNKNOWN: frozenset(
        {OutboxState.SENT, OutboxState.DELIVERED, OutboxState.READ, OutboxState.QUEUED, OutboxState.FAILED}
    ),
    OutboxState.SENT: frozenset({OutboxState.DELIVERED, OutboxState.READ, OutboxState.FAILED}),
    OutboxState.DELIVERED: frozenset({OutboxState.READ}),
    OutboxState.READ: frozenset(),
    # A handset that was off can still deliver after the provider gave up; the later truth wins.
    OutboxState.FAILED: frozenset({OutboxState.DELIVERED, OutboxState.READ}),
    OutboxState.SUPPRESSED: frozenset(),
}


def may_move(current: OutboxState, new: OutboxState) -> bool:
    """Whether an outbound message may go from `current` to `new`."""
    return new in _MOVES[current]


# The provider's words for a message's fate and what they mean here. `None`: known, says nothing new.
PROVIDER_STATUS: dict[str, OutboxState | None] = {
    "accepted": None,
    "scheduled": None,
    "queued": None,
    "sending": None,
    "sent": OutboxState.SENT,
    "delivered": OutboxState.DELIVERED,
    "read": OutboxState.READ,
    "failed": OutboxState.FAILED,
    "undelivered": OutboxState.FAILED,
    "canceled": OutboxState.FAILED,
}

_STATUS_RANK = {
    "accepted": 0,
    "scheduled": 0,
    "queued": 1,
    "sending": 2,
    "sent": 3,
    "undelivered": 4,
    "failed": 4,
    "canceled": 4,
    "delivered": 5,
    "read": 6,
}


def status_rank(status: str) -> int:
    """Rank of a provider status word, -1 for a word we do not know (kept, but it moves nothing)."""
    return _STATUS_RANK.get(status, -1)


class InboundState(StrEnum):
    """Life of an inbound message."""

    RECEIVED = "received"  # stored, not looked at
    WAITING = "waiting"  # not urgent: waits for its turn in the dialogue
    WORKING = "working"  # leased by a worker
    ANSWERED = "answered"  # done; its answer is in the outbox (or it needs none)


class ReminderState(StrEnum):
    """Life of a planned message."""

    PLANNED = "planned"
    QUEUED = "queued"  # handed to the outbox
    DROPPED = "dropped"  # too late, or nothing left to say
    CANCELLED = "cancelled"  # facts changed and it is no longer in the plan
