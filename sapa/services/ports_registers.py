"""What use cases ask of the store about registers that are read in, records that are handed out."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import date
from typing import Protocol

from sapa.services.register_records import FamilyRecord, NewRow


class RegisterTx(Protocol):
    """Part of a transaction: registers that are read in, records that are handed out."""

    def add_rows(self, rows: Iterable[NewRow]) -> int:
        """Insert what is not there yet, in bulk and in the order that references need; how many rows were new."""

    def family_records(
        self, *, posyandu_ids: Collection[str] = (), household_ids: Collection[str] = ()
    ) -> list[FamilyRecord]:
        """Whole families in a few queries: those of some posyandu, or single households."""

    def phone_owners(self, phones: Collection[str]) -> dict[str, tuple[str, str | None]]:
        """Whose numbers (E.164) these are: (contact id, household id or None) of those that are known."""

    def fill_child(self, child_id: str, values: Mapping[str, str | int | bool | date | None]) -> None:
        """Set single columns of a child: sex, birth_date, birth_weight_g, birth_weeks, has_book."""

    def set_contact_household(self, contact_id: str, household_id: str, relation: str, name: str) -> None:
        """Put a contact who has no household yet into one; nothing happens to anybody else."""
