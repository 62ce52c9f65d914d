"""The pretend provider's own memory: what is on the simulated phones, and how far the simulated clock was moved.

It lives in the same database as everything else, so that the processes of the one-machine run share it, but it is
not ours: nothing in sapa reads it to decide anything. It is what a provider and its handsets would keep.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, TypeVar

from sqlalchemy import JSON, Engine, Index, String, Text, case, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Mapped, Session, mapped_column

from sapa.messaging.states import status_rank
from sapa.services.records import SendRequest
from sapa.store.models import Base

OUT = "out"  # from us to the phone
IN = "in"  # from the phone to us

_Row = TypeVar("_Row")


class SimMessageTable(Base):
    """One message on a simulated phone, in either direction."""

    __tablename__ = "sim_message"
    __table_args__ = (Index("ix_sim_message_phone_channel", "phone", "channel"),)

    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    sid: Mapped[str] = mapped_column(String(34), unique=True)
    # Not unique: a provider has no idempotency key, so a message sent twice shows twice.
    outbox_id: Mapped[str | None] = mapped_column(String(36), index=True)
    phone: Mapped[str] = mapped_column(String(160))
    channel: Mapped[str] = mapped_column(String(20))
    direction: Mapped[str] = mapped_column(String(3))
    text: Mapped[str] = mapped_column(Text)
    buttons: Mapped[list[Any]] = mapped_column(JSON)
    media: Mapped[list[Any]] = mapped_column(JSON)
    template: Mapped[str | None] = mapped_column(String(120))
    kind: Mapped[str | None] = mapped_column(String(20))
    content_id: Mapped[str | None] = mapped_column(String(120))
    status: Mapped[str] = mapped_column(String(20))  # how far the message really is
    status_sent: Mapped[str | None] = mapped_column(String(20))  # the last status we were called back about
    history: Mapped[list[Any]] = mapped_column(JSON)  # [[status, ISO time], ...]
    form: Mapped[dict[str, Any] | None]  # inbound: the webhook's form, so that it can be delivered again
    at: Mapped[datetime]  # simulated time
    revision: Mapped[int] = mapped_column(index=True)  # grows with every change of any message


class SimRevisionTable(Base):
    """One row: the last revision given out. Its lock makes changes become visible in the order of their numbers."""

    __tablename__ = "sim_revision"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    value: Mapped[int]


class SimPhoneTable(Base):
    """A phone that somebody added to the page."""

    __tablename__ = "sim_phone"

    phone: Mapped[str] = mapped_column(String(160), primary_key=True)
    channel: Mapped[str] = mapped_column(String(20), primary_key=True)
    name: Mapped[str] = mapped_column(String(60))
    added_at: Mapped[datetime]


class SimClockTable(Base):
    """One row: how far the simulated clock is ahead of the real one, and where it is walking to."""

    __tablename__ = "sim_clock"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    offset_seconds: Mapped[float]
    target: Mapped[datetime | None]
    walking_since: Mapped[datetime | None]  # simulated time at which the walk began


@dataclass(frozen=True)
class SimMessage:
    """A message on a simulated phone. `history` holds (status, aware time) in the order they came."""

    seq: int
    revision: int
    sid: str
    outbox_id: str | None
    phone: str
    channel: str
    direction: str
    text: str
    buttons: tuple[Mapping[str, str], ...]
    media: tuple[Mapping[str, str], ...]
    template: str | None
    kind: str | None
    content_id: str | None
    status: str
    status_sent: str | None
    history: tuple[tuple[str, datetime], ...]
    form: Mapping[str, str] | None
    at: datetime


@dataclass(frozen=True)
class SimPhone:
    """A phone that was added to the page."""

    phone: str
    channel: str
    name: str


@dataclass(frozen=True)
class SimClock:
    """Simulated time = real time + `offset_seconds`. `target` None: the clock is not walking."""

    offset_seconds: float = 0.0
    target: datetime | None = None
    walking_since: datetime | None = None


class SimulatorMailbox:
    """The pretend provider's memory. Raises ConnectionError where the database does not answer."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._reader = engine.execution_options(sapa_read_only=True)

    # --- messages

    def deliver(self, request: SendRequest, now: datetime) -> str:
        """Take a message for a phone and give it a new provider id, even if this outbox id was seen before."""
        sid = new_sid()
        try:
            self._add(
                SimMessageTable(
                    sid=sid,
                    outbox_id=request.outbox_id,
                    phone=request.to,
                    channel=str(request.channel),
                    direction=OUT,
                    text=request.rendered or request.text or "",
                    buttons=[dict(button) for button in request.buttons],
                    media=[{"url": url, "content_type": _content_type(url)} for url in request.media_urls],
                    template=request.template,
                    kind=str(request.kind),
                    content_id=request.content_id or None,
                    status="queued",
                    # The provider's answer to the request says "queued"; it is never called back.
                    status_sent="queued",
                    history=[["queued", now.astimezone(UTC).isoformat()]],
                    form=None,
                    at=now,
                )
            )
        except OperationalError as error:
            raise ConnectionError("the simulator's database does not answer") from error
        return sid

    def note_inbound(
        self,
        form: Mapping[str, str],
        *,
        phone: str,
        channel: str,
        text: str,
        media: Sequence[Mapping[str, str]],
        now: datetime,
    ) -> SimMessage:
        """Keep a message typed on a phone, status `sending` until our webhook has taken it."""
        row = SimMessageTable(
            sid=form["MessageSid"],
            outbox_id=None,
            phone=phone,
            channel=channel,
            direction=IN,
            text=text,
            buttons=[],
            media=[dict(item) for item in media],
            template=None,
            kind=None,
            content_id=None,
            status="sending",
            status_sent=None,
            history=[["sending", now.astimezone(UTC).isoformat()]],
            form=dict(form),
            at=now,
        )
        return self._add(row)

    def find(self, outbox_id: str) -> tuple[str, str] | None:
        """Provider id and status of the newest message with this outbox id.

        Raises ConnectionError if the database does not answer.
        """
        query = (
            select(SimMessageTable.sid, SimMessageTable.status)
            .where(SimMessageTable.outbox_id == outbox_id)
            .order_by(SimMessageTable.seq.desc())
            .limit(1)
        )
        try:
            with Session(self._reader) as session:
                row = session.execute(query).first()
        except OperationalError as error:
            raise ConnectionError("the simulator's database does not answer") from error
        return (row.sid, row.status) if row else None

    def message(self, sid: str) -> SimMessage | None:
        """The message with this provider id."""
        with Session(self._reader) as session:
            row = session.scalar(select(SimMessageTable).where(SimMessageTable.sid == sid))
            return _message(row) if row else None

    def messages_since(self, revision: int, limit: int = 500) -> list[SimMessage]:
        """Messages new or changed after `revision`, oldest change first: the last one's revision is where to go on.

        From 0 the newest `limit` messages come, so that a long history does not hold up the page.
        """
        query = select(SimMessageTable).where(SimMessageTable.revision > revision)
        newest_first = revision <= 0
        order = SimMessageTable.revision.desc() if newest_first else SimMessageTable.revision.asc()
        with Session(self._reader) as session:
            messages = [_message(row) for row in session.scalars(query.order_by(order).limit(limit))]
        return messages[::-1] if newest_first else messages

    def revision(self) -> int:
        """The newest revision, 0 for an empty mailbox."""
        with Session(self._reader) as session:
            return session.scalar(select(SimRevisionTable.value).where(SimRevisionTable.id == 1)) or 0

    def in_transit(self, limit: int = 200) -> list[SimMessage]:
        """Outbound messages that are still on their way or whose status we were not called back about, oldest first."""
        query = (
            select(SimMessageTable)
            .where(
                SimMessageTable.direction == OUT,
                SimMessageTable.status.in_(("queued", "sent"))
                | (SimMessageTable.status != func.coalesce(SimMessageTable.status_sent, "")),
            )
            .order_by(SimMessageTable.seq)
            .limit(limit)
        )
        with Session(self._reader) as session:
            return [_message(row) for row in session.scalars(query)]

    def unread(self, phone: str, channel: str) -> list[SimMessage]:
        """Outbound messages that have reached this phone and were not opened."""
        query = select(SimMessageTable).where(
            SimMessageTable.phone == phone,
            SimMessageTable.channel == channel,
            SimMessageTable.direction == OUT,
            SimMessageTable.status == "delivered",
        )
        with Session(self._reader) as session:
            return [_message(row) for row in session.scalars(query.order_by(SimMessageTable.seq))]

    def set_status(self, sid: str, status: str, now: datetime) -> bool:
        """Move a message forward; False if it is unknown or already that far."""
        with Session(self._engine) as session, session.begin():
            query = select(SimMessageTable).where(SimMessageTable.sid == sid).with_for_update()
            row = session.scalar(query)
            if row is None or status_rank(status) <= status_rank(row.status):
                return False
            row.status = status
            row.history = [*row.history, [status, now.astimezone(UTC).isoformat()]]
            row.revision = self._next_revision(session)
            return True

    def mark_called_back(self, sid: str, status: str) -> None:
        """Note that our status webhook was called with this status (answered or given up)."""
        with Session(self._engine) as session, session.begin():
            session.execute(update(SimMessageTable).where(SimMessageTable.sid == sid).values(status_sent=status))

    def known_phones(self, limit: int, silent: int = 2) -> list[tuple[str, str]]:
        """(phone, channel) of those who have written or got something for staff, the latest talkers first.

        silent: how many of those that only received something follow them; a broadcast to a village of made-up families
        is no reason to show all their phones.
        """
        talks = func.sum(
            case((or_(SimMessageTable.direction == "in", SimMessageTable.content_id.startswith("kader/")), 1), else_=0)
        )
        query = (
            select(SimMessageTable.phone, SimMessageTable.channel, talks.label("talks"))
            .group_by(SimMessageTable.phone, SimMessageTable.channel)
            .order_by(func.max(SimMessageTable.seq).desc())
        )
        with Session(self._reader) as session:
            rows = session.execute(query).all()
        talkers = [(row.phone, row.channel) for row in rows if row.talks]
        return [*talkers[:limit], *[(row.phone, row.channel) for row in rows if not row.talks][:silent]]

    # --- phones

    def phones(self) -> list[SimPhone]:
        """The phones that were added, in that order."""
        with Session(self._reader) as session:
            rows = session.scalars(select(SimPhoneTable).order_by(SimPhoneTable.added_at, SimPhoneTable.phone))
            return [SimPhone(row.phone, row.channel, row.name) for row in rows]

    def add_phone(self, phone: SimPhone, now: datetime) -> bool:
        """Keep a phone; False if this number already has one on this channel."""
        statement = self._insert(SimPhoneTable).values(
            phone=phone.phone, channel=phone.channel, name=phone.name, added_at=now
        )
        with Session(self._engine) as session, session.begin():
            added = session.scalar(statement.on_conflict_do_nothing().returning(SimPhoneTable.phone))
            return added is not None

    # --- clock

    def clock(self) -> SimClock:
        """How far the simulated clock is ahead, and where it is walking to."""
        with Session(self._reader) as session:
            row = session.get(SimClockTable, 1)
            return SimClock(row.offset_seconds, row.target, row.walking_since) if row else SimClock()

    def start_walk(self, target: datetime, now: datetime) -> bool:
        """Ask for the clock to walk from `now` to `target` (simulated times).

        False if it is walking already or would not go forward.
        """
        with Session(self._engine) as session, session.begin():
            row = self._clock_row(session)
            if row.target is not None or target <= now:
                return False
            row.target, row.walking_since = target, now
            return True

    def move_clock(self, offset_seconds: float) -> SimClock:
        """Set how far the clock is ahead. It never goes back: a smaller offset changes nothing."""
        with Session(self._engine) as session, session.begin():
            row = self._clock_row(session)
            row.offset_seconds = max(row.offset_seconds, offset_seconds)
            return SimClock(row.offset_seconds, row.target, row.walking_since)

    def end_walk(self) -> SimClock:
        """The clock has arrived, or somebody asked it to stop where it is."""
        with Session(self._engine) as session, session.begin():
            row = self._clock_row(session)
            row.target = row.walking_since = None
            return replace(SimClock(), offset_seconds=row.offset_seconds)

    # --- inside

    def _add(self, row: SimMessageTable) -> SimMessage:
        with Session(self._engine) as session, session.begin():
            row.revision = self._next_revision(session)
            session.add(row)
            session.flush()
            return _message(row)

    def _next_revision(self, session: Session) -> int:
        table = SimRevisionTable
        statement = self._insert(table).values(id=1, value=1)
        upsert = statement.on_conflict_do_update(index_elements=["id"], set_={"value": table.value + 1})
        return int(session.scalar(upsert.returning(table.value)) or 0)

    def _clock_row(self, session: Session) -> SimClockTable:
        """The clock's row, locked; made at first use."""
        session.execute(
            self._insert(SimClockTable).values(id=1, offset_seconds=0.0, target=None).on_conflict_do_nothing()
        )
        return session.get_one(SimClockTable, 1, with_for_update=True)

    def _insert(self, table: type[_Row]) -> Any:
        """An INSERT that knows ON CONFLICT; the two databases spell it alike, SQLAlchemy keeps two classes."""
        return postgresql.insert(table) if self._engine.dialect.name == "postgresql" else sqlite.insert(table)


def new_sid() -> str:
    """A provider id as Twilio makes them: SM and 32 hexadecimal digits."""
    return "SM" + secrets.token_hex(16)


def _message(row: SimMessageTable) -> SimMessage:
    return SimMessage(
        seq=row.seq,
        revision=row.revision,
        sid=row.sid,
        outbox_id=row.outbox_id,
        phone=row.phone,
        channel=row.channel,
        direction=row.direction,
        text=row.text,
        buttons=tuple(row.buttons),
        media=tuple(row.media),
        template=row.template,
        kind=row.kind,
        content_id=row.content_id,
        status=row.status,
        status_sent=row.status_sent,
        history=tuple((status, datetime.fromisoformat(at)) for status, at in row.history),
        form=row.form,
        at=row.at,
    )


_CONTENT_TYPES = {
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "webp": "image/webp",
    "pdf": "application/pdf",
}


def _content_type(url: str) -> str:
    """The type a media address has by its ending; unknown endings are shown as a file."""
    return _CONTENT_TYPES.get(url.rsplit(".", 1)[-1].lower(), "application/octet-stream")
