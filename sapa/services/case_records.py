"""What casework reads and writes, as plain data, and what can go wrong in it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sapa.services.records import CaseRow


class NoSuchCase(LookupError):
    """There is no such case, or it is none of this person's business: which of the two is not told."""


class AlreadyTaken(RuntimeError):
    """Somebody else has the case; `name` says who (empty if nobody knows)."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class CaseClosed(RuntimeError):
    """The case is closed: nothing is said or done in it any more."""


class NoBidan(RuntimeError):
    """There is nobody to hand the case to."""


class Unfit(ValueError):
    """What was typed cannot be said, or not to this family now. `limit`: the most characters, where that is why.

    reason: empty, too_long, no_address, stopped (the family wants no messages), not_this_person ("bukan saya").
    """

    def __init__(self, reason: str, limit: int | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.limit = limit


class NoteKind(StrEnum):
    """What a line of a case's story is."""

    FAMILY = "family"  # the family wrote
    ANSWER = "answer"  # a human answered
    REMARK = "remark"  # among staff
    TAKEN = "taken"
    HANDED = "handed"  # given to the bidan
    RELEASED = "released"  # nobody's again: the human fell silent, or the family wanted the bot
    CLOSED = "closed"


@dataclass(frozen=True)
class CaseNote:
    """A line of a case's story. author_name: of the staff; None for the family and for the system."""

    id: int
    case_id: str
    kind: NoteKind
    text: str
    at: datetime
    author_id: str | None = None
    author_name: str | None = None
    inbound_id: str | None = None
    outbox_id: str | None = None


@dataclass(frozen=True)
class CaseView:
    """A case with what is needed to show it and to decide about it, gathered in one query.

    words: what the family wrote. label: what that was understood as. said_before, said_in_reply: content ids of what
    the bot said last before it and in answer to it. last_human_at: when a human last took it or answered;
    last_answer_at: answered. last_family_at: when the family last wrote to the human. handed: given to the bidan.
    child: a child of the household, to know a family by whose name nobody has told.
    """

    row: CaseRow
    name: str | None
    household_id: str | None
    posyandu_id: str | None
    posyandu: str | None
    province: str | None
    address: str | None
    timezone: str | None
    words: str = ""
    label: str | None = None
    said_before: str | None = None
    said_in_reply: str | None = None
    taker: str | None = None
    last_human_at: datetime | None = None
    last_answer_at: datetime | None = None
    last_family_at: datetime | None = None
    handed: bool = False
    child: str | None = None


@dataclass(frozen=True)
class CaseSeen:
    """A case as somebody of the staff sees it. words: the beginning of what the family wrote; mine: they have it.

    urgent: a danger, or a question whether there is one. to_bidan: no matter for a kader. child: a child of the
    household, to know a family by whose name nobody has told.
    """

    id: str
    number: int
    kind: str
    name: str | None
    posyandu_id: str | None
    posyandu: str | None
    address: str | None
    household_id: str | None
    since: datetime
    urgent: bool
    to_bidan: bool
    words: str
    taken_by: str | None
    taken_by_name: str | None
    mine: bool
    taken_at: datetime | None
    answered_at: datetime | None
    last_human_at: datetime | None
    last_family_at: datetime | None
    closed_at: datetime | None
    outcome: str | None
    child: str | None = None


@dataclass(frozen=True)
class CasePage:
    """Everything about one case. told: the whole message that opened it; phone: to call; may_answer: free or theirs."""

    case: CaseSeen
    told: str
    phone: str | None
    notes: tuple[CaseNote, ...]
    may_answer: bool
