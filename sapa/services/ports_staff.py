"""What use cases ask of the store about the organisation and who works in it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime
from typing import Protocol

from sapa.services.records import AreaRow, PosyanduRow, SessionRow, StaffRow


class StaffTx(Protocol):
    """Part of a transaction: areas, posyandu and their sessions, roles."""

    def save_area(self, row: AreaRow) -> None: ...
    def area(self, area_id: str) -> AreaRow | None: ...
    def areas(self) -> list[AreaRow]: ...
    def areas_above(self, area_id: str | None) -> list[AreaRow]:
        """The area and what it lies in, from the smallest to the province."""

    def areas_below(self, area_id: str) -> list[str]:
        """Ids of the area itself and of everything inside it."""

    def posyandu(self, posyandu_id: str) -> PosyanduRow | None: ...
    def posyandu_in(self, area_id: str) -> list[PosyanduRow]:
        """The posyandu of an area and of everything inside it, by name."""

    def session(self, session_id: str) -> SessionRow | None:
        """A session, cancelled or not."""

    def session_on(self, posyandu_id: str, on: date) -> SessionRow | None:
        """The session that stands on a day; a cancelled one does not stand."""

    def sessions_between(
        self, posyandu_ids: Collection[str], first: date, last: date, *, cancelled: bool = False
    ) -> list[SessionRow]:
        """Sessions from one day to another (both included), by day and hour; cancelled ones only if asked for."""

    def delete_cancelled_session(self, posyandu_id: str, on: date) -> None:
        """Make room for a new session on a day that has a cancelled one."""

    def cancel_session(self, session_id: str, at: datetime) -> None: ...
    def close_session(self, session_id: str, at: datetime | None) -> None:
        """Everybody who came is written down (`at`), or not yet after all (None)."""

    def grant(self, row: StaffRow, now: datetime) -> None:
        """Give a role, also to somebody it was taken from; giving it twice changes nothing."""

    def revoke(self, staff_id: str, now: datetime) -> bool:
        """Take a role away; False if it was not held."""

    def roles_of(self, contact_id: str) -> list[StaffRow]:
        """The roles somebody holds now, oldest first."""

    def staff_of_posyandu(self, posyandu_id: str) -> list[StaffRow]:
        """The kader of a posyandu and the bidan of the areas it lies in; never admins."""

    def all_staff(self) -> list[StaffRow]: ...
    def count_households(self, posyandu_ids: Collection[str]) -> int: ...
