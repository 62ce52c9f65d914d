"""The store: opens transactions. One transaction is one unit of work over all the queries."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from threading import RLock

from sqlalchemy import Engine, text

from sapa.store.attendance import AttendanceQueries
from sapa.store.broadcasts import BroadcastQueries
from sapa.store.cases import CaseQueries
from sapa.store.casework import CaseworkQueries
from sapa.store.console import ConsoleQueries
from sapa.store.costs import CostQueries
from sapa.store.erasure import ErasureQueries, compact
from sapa.store.follow_up import FollowUpQueries
from sapa.store.health import HealthQueries
from sapa.store.inbound import InboundQueries
from sapa.store.journeys import JourneyQueries
from sapa.store.lessons import LessonQueries
from sapa.store.people import PeopleQueries
from sapa.store.programme import ProgrammeQueries
from sapa.store.registers import RegisterQueries
from sapa.store.reminders import ReminderQueries
from sapa.store.sending import SendingQueries
from sapa.store.staff import StaffQueries
from sapa.store.templates import TemplateQueries
from sapa.store.unit import Unit


class Transaction(
    SendingQueries,
    PeopleQueries,
    InboundQueries,
    ErasureQueries,
    ReminderQueries,
    CaseQueries,
    JourneyQueries,
    StaffQueries,
    BroadcastQueries,
    AttendanceQueries,
    CaseworkQueries,
    ConsoleQueries,
    ProgrammeQueries,
    RegisterQueries,
    LessonQueries,
    HealthQueries,
    FollowUpQueries,
    TemplateQueries,
    CostQueries,
):
    """Everything that can be asked of the database inside one unit of work."""

    def __init__(self, session: Unit) -> None:
        self._s = session


class Database:
    """The durable memory over one SQLAlchemy engine."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._reader = engine.execution_options(sapa_read_only=True)
        # SQLite lets one write at a time and makes the others look again every 100 ms. Threads of one process wait for
        # each other here instead, where the next one goes on at once.
        self._writing = RLock() if engine.dialect.name == "sqlite" else nullcontext()

    @contextmanager
    def transaction(self, *, write: bool = True) -> Iterator[Transaction]:
        """One unit of work: committed when the block ends, rolled back when it raises."""
        turn = self._writing if write else nullcontext()
        with turn, Unit(self.engine if write else self._reader, expire_on_commit=False) as session, session.begin():
            yield Transaction(session)

    def compact(self) -> bool:
        """Leave nothing of deleted rows in the files; False while others are at work: try again."""
        return compact(self.engine)

    def ping(self) -> None:
        """Raise if the database does not answer."""
        with self._reader.connect() as connection:
            connection.execute(text("SELECT 1"))
