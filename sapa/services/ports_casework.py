"""What use cases ask of the store about cases in a human's hands: taken, answered, escalated."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Protocol

from sapa.services.case_records import CaseNote, CaseView, NoteKind


class CaseworkTx(Protocol):
    """Part of a transaction: cases in a human's hands: taken, answered, escalated."""

    def has_taken_case(self, contact_id: str) -> bool:
        """Whether somebody has taken an open case of theirs: asked of every message that comes in."""

    def case_views(
        self,
        *,
        number: int | None = None,
        case_id: str | None = None,
        contact_id: str | None = None,
        posyandu_ids: Collection[str] | None = None,
        provinces: Collection[str] = (),
        open_only: bool = True,
        limit: int = 500,
    ) -> list[CaseView]:
        """Cases: open ones first, danger before others, then by age.

        posyandu_ids: only of households there (or, without a posyandu, in `provinces`).
        """

    def cases_to_tell(self, again_before: datetime, limit: int) -> list[CaseView]:
        """Open cases nobody was told of; those that found nobody are looked at again after `again_before`."""

    def cases_to_remind(self, short: datetime, long: datetime, daily: datetime, limit: int) -> list[CaseView]:
        """Open cases that may be due for a reminder; who decides looks closer.

        A danger whose last word to the staff is not after `short`; another case not after `long`, and after its first
        reminder not after `daily`. Cases that were reminded of as often as anybody is, are left out.
        """

    def next_case_word(self) -> list[CaseView]:
        """Every open case that may still be told or reminded of: for the clock that jumps."""

    def lock_case(self, case_id: str) -> None:
        """Let nobody else work on this case until the transaction ends."""

    def mark_told(self, case_id: str, now: datetime) -> bool:
        """The staff were told; False if somebody else did it first."""

    def mark_reminded(self, case_id: str, times_before: int, now: datetime) -> bool:
        """The staff were reminded; False if that was not the reminder number `times_before` + 1 any more."""

    def mark_looked_at(self, case_id: str, now: datetime) -> None:
        """There is nobody to tell: look again later."""

    def take_case(self, case_id: str, contact_id: str, now: datetime) -> bool:
        """Give an open, free case to somebody; False if it is not free any more."""

    def release_case(self, case_id: str, contact_id: str, reminded: int, now: datetime) -> bool:
        """Make an open case nobody's again; reminded: where counting goes on. False if this person did not have it."""

    def begin_reminders(self, case_id: str, now: datetime) -> None:
        """Somebody new was told of a free case: counting begins anew."""

    def mark_answered(self, case_id: str, now: datetime) -> None:
        """A human answered; the first time counts. Reminders to the one who has it begin anew."""

    def conclude_case(self, case_id: str, outcome: str, closed_by: str | None, now: datetime) -> bool:
        """Close an open case; False if it was closed before."""

    def add_case_note(
        self,
        case_id: str,
        kind: NoteKind,
        text: str,
        now: datetime,
        *,
        author_id: str | None = None,
        inbound_id: str | None = None,
        outbox_id: str | None = None,
    ) -> bool:
        """Write a line of a case's story; False if that inbound message stands in one already."""

    def case_notes(self, case_id: str) -> list[CaseNote]:
        """A case's story, oldest first."""

    def last_message_of(self, contact_id: str) -> tuple[str, str, datetime] | None:
        """The newest message of a contact: its id, the address it came from, when."""

    def forget_case_words(self, contact_id: str) -> None:
        """Empty what the staff were sent and wrote about a contact's cases: before these are erased."""
