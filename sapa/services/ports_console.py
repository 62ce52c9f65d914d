"""What use cases ask of the store about the console: logins, the audit trail, signatures, delivery health."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Protocol

from sapa.services.console_records import (
    AuditLine,
    CareRow,
    FamilyRow,
    LoginCodeRow,
    SignOffRow,
    StaffLine,
    WebSessionRow,
)


class ConsoleTx(Protocol):
    """Part of a transaction: the console: logins, the audit trail, signatures, delivery health."""

    # --- logging in
    def contacts_by_phone(self, phone: str) -> list[str]:
        """Ids of the contacts reached on WhatsApp under this number (E.164)."""

    def save_login_code(self, row: LoginCodeRow) -> None:
        """Keep a new code; older ones of the contact are void from now on."""

    def login_code_of(self, contact_id: str) -> LoginCodeRow | None:
        """The newest code of a contact."""

    def login_codes_since(self, contact_id: str, since: datetime) -> int: ...
    def take_login_try(self, code_id: str, most: int, now: datetime) -> bool:
        """Count one try of a code that still holds; False if it is used, over or has had `most` tries."""

    def use_login_code(self, code_id: str, now: datetime) -> bool:
        """Mark a code used; False if somebody else was first."""

    def save_web_session(self, row: WebSessionRow) -> None: ...
    def web_session(self, session_id: str) -> WebSessionRow | None: ...
    def touch_web_session(self, session_id: str, now: datetime) -> None: ...
    def drop_web_session(self, session_id: str) -> str | None:
        """Log out; whose session it was."""

    def drop_web_sessions_of(self, contact_id: str) -> int: ...
    def drop_old_logins(self, before: datetime) -> int:
        """Delete sessions and codes that ended before a moment; how many."""

    # --- families
    def list_families(
        self,
        posyandu_ids: Collection[str],
        today: date,
        *,
        search: str = "",
        stage: str = "",
        by_address: bool = False,
        offset: int = 0,
        limit: int = 50,
    ) -> tuple[list[FamilyRow], int]:
        """Families of some posyandu by name (or by address) and how many there are in all. search: in names, children
        and addresses. stage: hamil, nifas, anak, catin or "" for all."""

    def household_address(self, household_id: str) -> str | None: ...
    def care_of(self, household_id: str, *, limit: int = 60) -> list[CareRow]:
        """Reminders and broadcasts to a household, the newest first, without those of contraception."""

    # --- the day's figures
    def open_cases_in(self, posyandu_ids: Collection[str]) -> Mapping[str, int]:
        """Open cases by kind of the families of these posyandu."""

    def open_visits_in(self, posyandu_ids: Collection[str]) -> int: ...
    def broadcasts_going(self, posyandu_ids: Collection[str]) -> int: ...

    # --- the audit trail
    def audit_lines(
        self,
        *,
        posyandu_ids: Collection[str],
        actor_ids: Collection[str],
        event: str = "",
        actor_id: str = "",
        household_id: str = "",
        since: datetime | None = None,
        offset: int = 0,
        limit: int = 100,
    ) -> tuple[list[AuditLine], int]:
        """What staff did to families of these posyandu, or these staff to anybody, newest first; how many in all."""

    # --- signatures under texts
    def save_sign_off(self, row: SignOffRow) -> None: ...
    def sign_offs(self) -> list[SignOffRow]: ...

    # --- staff
    def staff_lines(self, posyandu_ids: Collection[str], area_ids: Collection[str]) -> list[StaffLine]:
        """Roles held at these posyandu and in these areas, by name of the place."""

    def staff_ever(self, posyandu_ids: Collection[str], area_ids: Collection[str]) -> list[str]:
        """Contacts who hold or held a role at these posyandu or in these areas."""

    # --- delivery
    def outbox_waiting(self, posyandu_ids: Collection[str] | None, now: datetime) -> tuple[int, datetime | None]:
        """Messages that could go out now and since when the oldest of them waits. None: of everybody."""

    def outbox_by_day(
        self, posyandu_ids: Collection[str] | None, since: datetime, utc_offset_hours: int
    ) -> Sequence[tuple[date, str, str, int]]:
        """(local day, channel, state, how many) of the messages made since a moment."""

    def outbox_errors(
        self, posyandu_ids: Collection[str] | None, since: datetime
    ) -> Sequence[tuple[str, str, str, int]]:
        """(error code, channel, state, how many) of the messages made since a moment, most first."""

    def inbound_waiting(self, now: datetime) -> tuple[int, datetime | None]:
        """Messages of families that nobody has answered, and since when the oldest of them waits."""
