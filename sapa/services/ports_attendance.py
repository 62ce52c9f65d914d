"""What use cases ask of the store about who came to a session, home visits, families the kader registers."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Protocol

from sapa.family.expected import Followed
from sapa.services.day_records import AttendanceRow, HomeRow, HomeVisitRow
from sapa.services.records import Contact, SessionRow


class AttendanceTx(Protocol):
    """Part of a transaction: who came to a session, home visits, families the kader registers."""

    def followed_of(self, posyandu_id: str, born_since: date) -> list[Followed]:
        """Children of a posyandu born on or after a day and running pregnancies, of families that agree to be followed.

        A handful of queries, however many there are; the oldest registration first.
        """

    def homes_of(self, household_ids: Collection[str]) -> dict[str, HomeRow]: ...
    def names_of_children(self, household_ids: Collection[str]) -> dict[str, list[str]]:
        """The names of the children that are followed, by household."""

    # --- attendance
    def save_attendance(self, row: AttendanceRow, now: datetime) -> None:
        """Insert or replace."""

    def attendance_of(self, session_id: str) -> dict[str, AttendanceRow]:
        """Who is written down for a session, by subject."""

    def open_sessions(self, first: date, last: date) -> list[SessionRow]:
        """Sessions of every posyandu from one day to another that stand and are not closed."""

    def closed_sessions(self, since: datetime) -> list[SessionRow]:
        """Sessions of every posyandu that were closed at or after a moment and stand."""

    def settings_among(self, keys: Sequence[str]) -> Mapping[str, str]:
        """The settings of these keys that there are."""

    def claim_setting(self, key: str, value: str, now: datetime) -> bool:
        """Set it if it is not there; False where somebody was first."""

    # --- home visits
    def add_home_visit(self, row: HomeVisitRow, now: datetime) -> bool:
        """Put a household on the list; False if it stands there for that reason, or was visited for that session."""

    def replace_home_visit(self, row: HomeVisitRow) -> None:
        """Keep the visit, in place of any other of that household and reason that is still to be done."""

    def home_visit(self, visit_id: str) -> HomeVisitRow | None: ...
    def open_home_visits(self, posyandu_ids: Collection[str]) -> list[HomeVisitRow]:
        """What is still to be done, the longest waiting first."""

    def finish_home_visit(self, visit_id: str, by: str, outcome: str, now: datetime) -> bool:
        """False if it was done already."""

    def drop_home_visits(self, household_id: str, reason: str, session_id: str) -> None:
        """Take a visit off the list that is not done: its reason is gone."""

    # --- families a kader registers
    def ensure_household(self, household_id: str, posyandu_id: str, now: datetime) -> bool:
        """Make the household, in that posyandu; False if it was there."""

    def set_household_address(self, household_id: str, address: str | None) -> None: ...
    def household_address(self, household_id: str) -> str | None: ...
    def ensure_contact(self, contact_id: str, household_id: str, name: str, relation: str, now: datetime) -> bool:
        """Make the contact of somebody who may have no phone; False if it was there."""

    def give_address(self, contact_id: str, channel: str, value: str, phone: str) -> bool:
        """Where the contact is reached; False if that address is known already, whoever has it."""

    def contact_of_phone(self, phone: str) -> Contact | None:
        """Whoever writes from a number (E.164), on any channel."""

    def children_in(self, posyandu_id: str, birth_date: date) -> list[tuple[str, str, str]]:
        """(household id, child id, child's name) of the children of a posyandu born on a day, followed or not."""

    def set_book(self, child_id: str, has_book: bool | None) -> None:
        """Whether the child has a Buku KIA; None: nobody has looked."""

    def book_of(self, child_id: str) -> bool | None: ...
