"""The organisation and who works in it: areas, posyandu, sessions, roles."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime

from sqlalchemy import bindparam, delete, func, or_, select, update

from sapa.services.records import AreaRow, PosyanduRow, SessionRow, StaffRow
from sapa.store.models import AreaTable, AttendanceTable, PosyanduTable, SessionTable, StaffTable
from sapa.store.people import _posyandu
from sapa.store.unit import Unit

_LONGEST_CHAIN = 6  # province, kabupaten, kecamatan, desa; more would be a circle


class StaffQueries:
    """Part of a transaction: areas, posyandu and their sessions, roles."""

    _s: Unit

    # --- areas

    def save_area(self, row: AreaRow) -> None:
        self._s.merge(AreaTable(**{name: getattr(row, name) for name in AreaRow.__dataclass_fields__}))
        self._s.flush()

    def area(self, area_id: str) -> AreaRow | None:
        row = self._s.get(AreaTable, area_id)
        return None if row is None else _area(row)

    def areas(self) -> list[AreaRow]:
        """Every area, by name."""
        return [_area(row) for row in self._s.scalars(select(AreaTable).order_by(AreaTable.name, AreaTable.id))]

    def areas_above(self, area_id: str | None) -> list[AreaRow]:
        """The area and what it lies in, from the smallest to the province."""
        found: list[AreaRow] = []
        while area_id is not None and len(found) < _LONGEST_CHAIN:
            row = self._s.get(AreaTable, area_id)
            if row is None:
                break
            found.append(_area(row))
            area_id = row.parent_id
        return found

    def areas_below(self, area_id: str) -> list[str]:
        """Ids of the area itself and of everything inside it."""
        below = select(AreaTable.id).where(AreaTable.id == area_id).cte(recursive=True)
        below = below.union(select(AreaTable.id).where(AreaTable.parent_id == below.c.id))
        return list(self._s.scalars(select(below.c.id)))

    # --- posyandu

    def posyandu(self, posyandu_id: str) -> PosyanduRow | None:
        row = self._s.get(PosyanduTable, posyandu_id)
        return None if row is None else _posyandu(row)

    def posyandu_in(self, area_id: str) -> list[PosyanduRow]:
        """The posyandu of an area and of everything inside it, by name."""
        rows = select(PosyanduTable).where(PosyanduTable.area_id.in_(self.areas_below(area_id)))
        return [_posyandu(row) for row in self._s.scalars(rows.order_by(PosyanduTable.name, PosyanduTable.id))]

    # --- sessions

    def session(self, session_id: str) -> SessionRow | None:
        """A session, cancelled or not."""
        row = self._s.get(SessionTable, session_id, populate_existing=True)
        return None if row is None else _session(row)

    def session_on(self, posyandu_id: str, on: date) -> SessionRow | None:
        """The session that stands on a day; a cancelled one does not stand."""
        row = self._s.scalar(
            select(SessionTable).where(
                SessionTable.posyandu_id == posyandu_id, SessionTable.date == on, SessionTable.cancelled_at.is_(None)
            )
        )
        return None if row is None else _session(row)

    def sessions_between(
        self, posyandu_ids: Collection[str], first: date, last: date, *, cancelled: bool = False
    ) -> list[SessionRow]:
        """Sessions from one day to another (both included), by day and hour; cancelled ones only if asked for."""
        rows = select(SessionTable).where(
            SessionTable.posyandu_id.in_(posyandu_ids), SessionTable.date >= first, SessionTable.date <= last
        )
        if not cancelled:
            rows = rows.where(SessionTable.cancelled_at.is_(None))
        return [_session(row) for row in self._s.scalars(rows.order_by(SessionTable.date, SessionTable.time))]

    def delete_cancelled_session(self, posyandu_id: str, on: date) -> None:
        """Make room for a new session on a day that has a cancelled one."""
        row = self._s.scalar(
            select(SessionTable).where(
                SessionTable.posyandu_id == posyandu_id, SessionTable.date == on, SessionTable.cancelled_at.is_not(None)
            )
        )
        if row is not None:
            # Whoever was written down before it was cancelled came to nothing.
            self._s.execute(delete(AttendanceTable).where(AttendanceTable.session_id == row.id))
            self._s.delete(row)
            self._s.flush()

    def cancel_session(self, session_id: str, at: datetime) -> None:
        self._set(session_id, cancelled_at=at)

    def close_session(self, session_id: str, at: datetime | None) -> None:
        """Everybody who came is written down (`at`), or not yet after all (None)."""
        self._set(session_id, closed_at=at)

    def _set(self, session_id: str, **values: datetime | None) -> None:
        self._s.execute(update(SessionTable).where(SessionTable.id == session_id).values(**values))

    # --- roles

    def grant(self, row: StaffRow, now: datetime) -> None:
        """Give a role, also to somebody it was taken from; giving it twice changes nothing."""
        kept = self._s.get(StaffTable, row.id)
        if kept is None:
            values = {name: getattr(row, name) for name in StaffRow.__dataclass_fields__}
            self._s.add(StaffTable(**values, granted_at=now))
        elif kept.revoked_at is not None:
            kept.revoked_at, kept.granted_at, kept.granted_by = None, now, row.granted_by
        self._s.flush()

    def revoke(self, staff_id: str, now: datetime) -> bool:
        """Take a role away; False if it was not held."""
        row = self._s.get(StaffTable, staff_id)
        if row is None or row.revoked_at is not None:
            return False
        row.revoked_at = now
        self._s.flush()
        return True

    def roles_of(self, contact_id: str) -> list[StaffRow]:
        """The roles somebody holds now, oldest first."""

        def ask() -> list[StaffRow]:
            return [_role(row) for row in self._s.scalars(_ROLES, {"contact": contact_id})]

        return list(self._s.once(("roles", contact_id), ask))

    def staff_of_posyandu(self, posyandu_id: str) -> list[StaffRow]:
        """The kader of a posyandu and the bidan of the areas it lies in; never admins."""
        home = self._s.get(PosyanduTable, posyandu_id)
        above = [area.id for area in self.areas_above(home.area_id if home else None)]
        return self._staff(
            or_(
                (StaffTable.role == "kader") & (StaffTable.posyandu_id == posyandu_id),
                (StaffTable.role == "bidan") & StaffTable.area_id.in_(above),
            )
        )

    def all_staff(self) -> list[StaffRow]:
        return self._staff()

    def count_households(self, posyandu_ids: Collection[str]) -> int:
        from sapa.store.models import HouseholdTable

        rows = select(func.count()).select_from(HouseholdTable).where(HouseholdTable.posyandu_id.in_(posyandu_ids))
        return self._s.scalar(rows) or 0

    def _staff(self, *conditions: object) -> list[StaffRow]:
        rows = _STAFF.where(*conditions)  # type: ignore[arg-type]
        return [_role(row) for row in self._s.scalars(rows)]


_STAFF = select(StaffTable).where(StaffTable.revoked_at.is_(None)).order_by(StaffTable.granted_at, StaffTable.id)
_ROLES = _STAFF.where(StaffTable.contact_id == bindparam("contact"))


def _area(row: AreaTable) -> AreaRow:
    return AreaRow(**{name: getattr(row, name) for name in AreaRow.__dataclass_fields__})


def _session(row: SessionTable) -> SessionRow:
    return SessionRow(**{name: getattr(row, name) for name in SessionRow.__dataclass_fields__})


def _role(row: StaffTable) -> StaffRow:
    return StaffRow(**{name: getattr(row, name) for name in StaffRow.__dataclass_fields__})
