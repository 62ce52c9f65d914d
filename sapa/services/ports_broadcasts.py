"""What use cases ask of the store about broadcasts and what became of them for each household."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Protocol

from sapa.services.broadcast_records import Broadcast, Reach, Settled, TargetFate, Told, Waiting


class BroadcastTx(Protocol):
    """Part of a transaction: broadcasts and what became of them for each household."""

    # --- the broadcast and its states; each move is one guarded statement, False if somebody else was first
    def add_broadcast(self, row: Broadcast) -> bool:
        """False if this id is there already."""

    def broadcast(self, broadcast_id: str) -> Broadcast | None: ...
    def broadcasts_of(self, posyandu_ids: Collection[str], limit: int) -> list[Broadcast]:
        """The newest first."""

    def broadcasts_by(self, contact_id: str, since: datetime) -> list[Broadcast]:
        """What a kader made since a moment, the newest first."""

    def broadcasts_about(self, session_id: str) -> list[Broadcast]:
        """Broadcasts of a session that were released, the oldest first."""

    def confirm_broadcast(self, broadcast_id: str, at: datetime, release_at: datetime) -> bool:
        """draft -> confirmed."""

    def undo_broadcast(self, broadcast_id: str, at: datetime) -> bool:
        """confirmed -> undone, before its release."""

    def start_broadcast(self, broadcast_id: str, at: datetime) -> bool:
        """confirmed -> sending, from its release on."""

    def finish_broadcast(self, broadcast_id: str, at: datetime) -> bool:
        """sending -> done, once no household is pending."""

    def void_broadcast(self, broadcast_id: str, at: datetime) -> bool:
        """sending -> void."""

    def has_drafts(self, made_before: datetime) -> bool:
        """Whether there are drafts older than that."""

    def expire_broadcasts(self, made_before: datetime, at: datetime) -> int:
        """draft -> expired: all that are older."""

    def note_reported(self, broadcast_id: str, at: datetime) -> bool:
        """The morning report is told, once."""

    def set_broadcast(self, broadcast_id: str, payload: Mapping[str, Any], session_id: str | None) -> None: ...
    def broadcasts_to_release(self, now: datetime) -> list[str]:
        """Ids: confirmed and past the undo, or interrupted while sending; in the order of their release."""

    def broadcasts_to_report(self, finished_before: datetime) -> list[Broadcast]:
        """Done and not yet reported."""

    def next_broadcast_at(self, after: datetime) -> datetime | None:
        """The next moment at which a broadcast is released."""

    def count_broadcasts(
        self,
        kinds: Collection[str],
        since: datetime,
        *,
        posyandu_id: str | None = None,
        created_by: str | None = None,
    ) -> int:
        """How many were confirmed since a moment and not undone."""

    def lock_posyandu(self, posyandu_id: str) -> None:
        """Let nobody else change its sessions or confirm a broadcast for it until the transaction ends."""

    # --- households
    def reach(self, posyandu_id: str, today: date, household_ids: Collection[str] | None = None) -> list[Reach]:
        """Households with a child under five or a pregnancy; or those of `household_ids` that still belong here."""

    def target_everybody(self, broadcast_id: str, posyandu_id: str, today: date, now: datetime) -> int:
        """Make all families with a child under five or a pregnancy pending; how many are new."""

    def target_households(self, broadcast_id: str, household_ids: Collection[str], now: datetime) -> None: ...
    def pending_targets(self, broadcast_id: str, limit: int) -> list[str]:
        """Household ids, locked until the transaction ends; those another worker has are passed over."""

    def settle_targets(self, broadcast_id: str, settled: Sequence[Settled], now: datetime) -> None: ...
    def skip_pending(self, broadcast_ids: Collection[str], reason: str, now: datetime) -> int: ...
    def fates(self, broadcast_id: str) -> list[TargetFate]:
        """What became of it for each household; those that were not reached come with their error."""

    def count_fates(self, broadcast_id: str) -> Mapping[tuple[str, str | None, str | None, str | None], int]:
        """Households by (target state, reason, outbox state, error)."""

    def names_of(self, household_ids: Collection[str]) -> Mapping[str, tuple[str, str]]:
        """What a kader knows households by: ("mother (child)", address)."""

    # --- what was said of a session
    def told_reminders(self, posyandu_id: str, first: date, last: date) -> list[Told]:
        """Reminders due from one day to another that were handed to the outbox."""

    def waiting_unasked(self, posyandu_id: str) -> list[Waiting]:
        """What waits to be sent to the families of a posyandu without having been asked for."""

    def suppress_waiting(self, outbox_ids: Collection[str], reason: str) -> list[str]:
        """Take back what still waits; the ids of those that did."""

    def unsay_reminders(self, reminder_ids: Collection[str], reason: str, now: datetime) -> None:
        """Reminders whose message was taken back count as never sent."""

    def mark_posyandu_dirty(self, posyandu_id: str, now: datetime, *, but: str | None = None) -> None:
        """Every household is planned anew, but those a broadcast is still pending for (`but`)."""

    def mark_many_dirty(self, household_ids: Collection[str], now: datetime) -> None: ...
