"""A session that asks the database once for what one message makes many rules ask: who wrote, what they agreed to.

What was read is remembered until the transaction writes or locks a row: then it may have changed, and is read again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

from sqlalchemy import Select, event
from sqlalchemy.orm import ORMExecuteState, Session

_T = TypeVar("_T")


class Unit(Session):
    """One unit of work."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._read: dict[tuple[str, ...], Any] = {}

    def once(self, key: tuple[str, ...], ask: Callable[[], _T]) -> _T:
        """The answer to a question of that name and those arguments, asked again only after a write or a lock.

        Only for what nobody changes: plain data, no rows. A lock taken by a database function is not noticed.
        """
        self.flush()  # what is changed here and not written yet is a write too
        if key not in self._read:
            found = ask()  # may write, and forget
            self._read[key] = found
        return cast("_T", self._read[key])

    def expire_all(self) -> None:
        super().expire_all()
        self.forget()

    def forget(self) -> None:
        """Ask everything again."""
        self._read = {}


@event.listens_for(Unit, "do_orm_execute")
def _forget_at_a_write_or_lock(state: ORMExecuteState) -> None:
    statement = state.statement
    if not isinstance(statement, Select) or statement._for_update_arg is not None:
        state.session.forget()  # type: ignore[attr-defined]


@event.listens_for(Unit, "after_flush")
def _forget_at_a_flush(session: Unit, _: object) -> None:
    session.forget()
