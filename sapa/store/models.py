"""The tables. Column comments say what a column is for where its name does not."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    Date,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Text,
    Time,
    TypeDecorator,
    UniqueConstraint,
    false,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from sapa.store.crypt import (
    SealedBytes,
    SealedJson,
    SealedText,
    made_from,
    mark_of_number,
    marks_of_mentions,
)


class UtcDateTime(TypeDecorator[datetime]):
    """An aware datetime, kept in UTC. Naive datetimes are refused: they hide a time zone somebody forgot."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive datetime cannot be stored")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    """Names every constraint, so that migrations can change it."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {datetime: UtcDateTime, dict[str, Any]: JSON, list[Any]: JSON}


Id = String(36)
Mark = String(48)  # of a number, to look it up by where the number itself is sealed


class AreaTable(Base):
    """Where a posyandu is: province, kabupaten, kecamatan, desa, each inside the one before."""

    __tablename__ = "area"
    __table_args__ = (UniqueConstraint("parent_id", "kind", "name"),)

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    kind: Mapped[str] = mapped_column(String(12))
    name: Mapped[str] = mapped_column(String(120))
    parent_id: Mapped[str | None] = mapped_column(ForeignKey("area.id"), index=True)
    code: Mapped[str | None] = mapped_column(String(20))  # the ministry's code of the area, where known
    timezone: Mapped[str | None] = mapped_column(String(40))


class PosyanduTable(Base):
    __tablename__ = "posyandu"
    # Every second village has a "Melati": a name is one of a kind inside its desa only.
    __table_args__ = (UniqueConstraint("area_id", "name"), Index("ix_posyandu_name", "name"))

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    name: Mapped[str] = mapped_column(String(120))
    area_id: Mapped[str | None] = mapped_column(ForeignKey("area.id"), index=True)
    timezone: Mapped[str] = mapped_column(String(40))
    province: Mapped[str | None] = mapped_column(String(60))
    village: Mapped[str | None] = mapped_column(String(120))
    facility_name: Mapped[str | None] = mapped_column(String(120))
    facility_phone: Mapped[str | None] = mapped_column(String(40))
    # Set by the district: content/facts/imunisasi.yml, regional_overrides.
    vaccine_profile: Mapped[str] = mapped_column(String(20), default="pentavalen")
    je_region: Mapped[bool] = mapped_column(Boolean, default=False)


class SessionTable(Base):
    __tablename__ = "posyandu_session"
    __table_args__ = (
        UniqueConstraint("posyandu_id", "date"),
        # The clock asks every few seconds which days are coming and which were closed: of many thousands, a few.
        Index("ix_posyandu_session_date", "date"),
        Index(
            "ix_posyandu_session_closed",
            "closed_at",
            sqlite_where=text("closed_at IS NOT NULL"),
            postgresql_where=text("closed_at IS NOT NULL"),
        ),
    )

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    posyandu_id: Mapped[str] = mapped_column(ForeignKey("posyandu.id"))
    date: Mapped[date] = mapped_column(Date)
    time: Mapped[time] = mapped_column(Time)
    place: Mapped[str] = mapped_column(String(200))
    note: Mapped[str] = mapped_column(String(300), default="", server_default="")  # what to bring
    created_by: Mapped[str | None] = mapped_column(Id)
    cancelled_at: Mapped[datetime | None]
    # The kader has said that everybody who came is written down: who is not, did not come.
    closed_at: Mapped[datetime | None]


class StaffTable(Base):
    """A role somebody holds: kader of a posyandu, bidan of an area, admin of a kabupaten."""

    __tablename__ = "staff"

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    contact_id: Mapped[str] = mapped_column(ForeignKey("contact.id"), index=True)
    role: Mapped[str] = mapped_column(String(12))
    posyandu_id: Mapped[str | None] = mapped_column(ForeignKey("posyandu.id"), index=True)
    area_id: Mapped[str | None] = mapped_column(ForeignKey("area.id"), index=True)
    granted_by: Mapped[str | None] = mapped_column(Id)  # None: from the command line
    granted_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


class BroadcastTable(Base):
    """A message of a kader to her families: of a session (new, moved, cancelled) or in her own words."""

    __tablename__ = "broadcast"
    __table_args__ = (
        Index(
            "ix_broadcast_open",
            "release_at",
            sqlite_where=text("state IN ('confirmed', 'sending')"),
            postgresql_where=text("state IN ('confirmed', 'sending')"),
        ),
        Index(
            "ix_broadcast_draft",
            "created_at",
            sqlite_where=text("state = 'draft'"),
            postgresql_where=text("state = 'draft'"),
        ),
        Index(
            "ix_broadcast_unreported",
            "finished_at",
            sqlite_where=text("state = 'done' AND reported_at IS NULL"),
            postgresql_where=text("state = 'done' AND reported_at IS NULL"),
        ),
    )

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    posyandu_id: Mapped[str] = mapped_column(ForeignKey("posyandu.id"), index=True)
    session_id: Mapped[str | None] = mapped_column(Id, index=True)
    created_by: Mapped[str | None] = mapped_column(Id)  # contact; None once that person was erased
    content_id: Mapped[str] = mapped_column(String(120))
    payload: Mapped[dict[str, Any]] = mapped_column(SealedJson)  # what its text is told, and the session as it shall be
    state: Mapped[str] = mapped_column(String(12))
    created_at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None]
    release_at: Mapped[datetime | None]  # the undo ends here
    finished_at: Mapped[datetime | None]
    reported_at: Mapped[datetime | None]


class BroadcastTargetTable(Base):
    """What became of a broadcast for one household."""

    __tablename__ = "broadcast_target"
    __table_args__ = (
        Index(
            "ix_broadcast_target_pending",
            "broadcast_id",
            sqlite_where=text("state = 'pending'"),
            postgresql_where=text("state = 'pending'"),
        ),
    )

    broadcast_id: Mapped[str] = mapped_column(ForeignKey("broadcast.id"), primary_key=True)
    household_id: Mapped[str] = mapped_column(ForeignKey("household.id"), primary_key=True, index=True)
    state: Mapped[str] = mapped_column(String(12))  # pending, queued, skipped
    reason: Mapped[str | None] = mapped_column(String(24))  # why it was skipped: no_phone, opted_out, no_consent ...
    contact_id: Mapped[str | None] = mapped_column(Id)
    outbox_id: Mapped[str | None] = mapped_column(Id, index=True)
    updated_at: Mapped[datetime]


class AttendanceTable(Base):
    """Who came to a session. A subject is a child or a pregnant woman (her pregnancy's id)."""

    __tablename__ = "attendance"

    session_id: Mapped[str] = mapped_column(ForeignKey("posyandu_session.id"), primary_key=True)
    subject_id: Mapped[str] = mapped_column(Id, primary_key=True, index=True)
    subject_kind: Mapped[str] = mapped_column(String(8))  # child, mother
    household_id: Mapped[str] = mapped_column(ForeignKey("household.id"), index=True)
    came: Mapped[bool] = mapped_column(Boolean)
    recorded_by: Mapped[str | None] = mapped_column(Id)
    recorded_at: Mapped[datetime]


class HomeVisitTable(Base):
    """Somebody a kader should walk to: did not come, was not reached, has no phone."""

    __tablename__ = "home_visit"

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    posyandu_id: Mapped[str] = mapped_column(ForeignKey("posyandu.id"), index=True)
    household_id: Mapped[str] = mapped_column(ForeignKey("household.id"), index=True)
    subject_id: Mapped[str | None] = mapped_column(Id)
    reason: Mapped[str] = mapped_column(String(24))  # absent, unreached, no_phone
    session_id: Mapped[str | None] = mapped_column(Id)
    since: Mapped[datetime]
    done_at: Mapped[datetime | None]
    done_by: Mapped[str | None] = mapped_column(Id)
    outcome: Mapped[str | None] = mapped_column(String(120))


class HouseholdTable(Base):
    __tablename__ = "household"

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    posyandu_id: Mapped[str | None] = mapped_column(ForeignKey("posyandu.id"), index=True)
    posyandu_said: Mapped[str | None] = mapped_column(String(120))  # a name we have no posyandu for
    province: Mapped[str | None] = mapped_column(String(60))
    timezone: Mapped[str | None] = mapped_column(String(40))  # told by a family without a posyandu
    address: Mapped[str | None] = mapped_column(SealedText)  # where to walk to: RT/RW, hamlet; kept by the kader
    created_at: Mapped[datetime]


class ContactTable(Base):
    __tablename__ = "contact"
    __table_args__ = (
        # The sweep asks every second who has been silent for long: nearly nobody.
        Index(
            "ix_contact_silent",
            "suspended_at",
            sqlite_where=text("suspended_at IS NOT NULL"),
            postgresql_where=text("suspended_at IS NOT NULL"),
        ),
    )

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    household_id: Mapped[str | None] = mapped_column(ForeignKey("household.id"), index=True)
    name: Mapped[str | None] = mapped_column(SealedText)
    opted_out_at: Mapped[datetime | None]
    last_inbound_at: Mapped[datetime | None]
    # An opt-out ends an open dialogue: Rasa's tracker is restarted before the next turn.
    dialogue_reset: Mapped[bool] = mapped_column(Boolean, default=False)
    relation: Mapped[str] = mapped_column(String(16), default="", server_default="")
    every_reminder: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())
    # "Bukan saya": silent until the person behind the number is known again.
    suspended_at: Mapped[datetime | None]
    created_at: Mapped[datetime]


class AddressTable(Base):
    __tablename__ = "address"
    __table_args__ = (UniqueConstraint("channel", "value_mark"),)

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    contact_id: Mapped[str] = mapped_column(ForeignKey("contact.id"), index=True)
    channel: Mapped[str] = mapped_column(String(12))
    value: Mapped[str] = mapped_column(SealedText)  # opaque: a business-scoped id may take 140 characters
    phone: Mapped[str | None] = mapped_column(SealedText)
    # What both are looked up by: sealed values differ every time (sapa.store.crypt).
    value_mark: Mapped[str] = mapped_column(Mark, **made_from("value", mark_of_number))
    phone_mark: Mapped[str | None] = mapped_column(Mark, index=True, **made_from("phone", mark_of_number))


class ConsentTable(Base):
    __tablename__ = "consent"
    __table_args__ = (UniqueConstraint("contact_id", "purpose", "inbound_id"),)

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    contact_id: Mapped[str] = mapped_column(ForeignKey("contact.id"), index=True)
    purpose: Mapped[str] = mapped_column(String(40))
    wording: Mapped[str] = mapped_column(Text)  # the very words that were agreed to
    granted: Mapped[bool] = mapped_column(Boolean)
    inbound_id: Mapped[str | None] = mapped_column(Id)  # the message that said yes or no
    recorded_by: Mapped[str | None] = mapped_column(Id)  # the kader to whom it was said; None: said here
    at: Mapped[datetime]


class ChildTable(Base):
    __tablename__ = "child"

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    household_id: Mapped[str] = mapped_column(ForeignKey("household.id"), index=True)
    name: Mapped[str] = mapped_column(SealedText)
    sex: Mapped[str | None] = mapped_column(String(1))
    birth_date: Mapped[date] = mapped_column(Date)
    birth_weight_g: Mapped[int | None] = mapped_column(Integer)
    birth_weeks: Mapped[int | None] = mapped_column(Integer)
    special_care: Mapped[bool] = mapped_column(Boolean, default=False)
    has_book: Mapped[bool | None] = mapped_column(Boolean)  # Buku KIA (the K of SKDN); None: nobody has looked
    # A child that is no longer followed: it died, or its family took it out.
    ended_on: Mapped[date | None] = mapped_column(Date)
    ended_reason: Mapped[str | None] = mapped_column(String(24))
    created_at: Mapped[datetime]


class DoseTable(Base):
    __tablename__ = "dose"

    child_id: Mapped[str] = mapped_column(ForeignKey("child.id"), primary_key=True)
    dose: Mapped[str] = mapped_column(String(16), primary_key=True)
    given_on: Mapped[date] = mapped_column(Date)
    recorded_at: Mapped[datetime]


class DoseReportedTable(Base):
    """A dose somebody says was given, on a day nobody knows: no date, no reminder, a question for the health worker."""

    __tablename__ = "dose_reported"

    child_id: Mapped[str] = mapped_column(ForeignKey("child.id"), primary_key=True)
    dose: Mapped[str] = mapped_column(String(16), primary_key=True)
    recorded_at: Mapped[datetime]


class MeasurementTable(Base):
    __tablename__ = "measurement"

    child_id: Mapped[str] = mapped_column(ForeignKey("child.id"), primary_key=True)
    date: Mapped[date] = mapped_column(Date, primary_key=True)
    weight_kg: Mapped[float | None] = mapped_column(Float)
    lenhei_cm: Mapped[float | None] = mapped_column(Float)
    measure: Mapped[str] = mapped_column(String(1))
    source: Mapped[str] = mapped_column(String(16))  # chat, kader
    recorded_at: Mapped[datetime]


class PregnancyTable(Base):
    __tablename__ = "pregnancy"

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    household_id: Mapped[str] = mapped_column(ForeignKey("household.id"), index=True)
    contact_id: Mapped[str | None] = mapped_column(ForeignKey("contact.id"), index=True)
    lmp: Mapped[date] = mapped_column(Date)
    edd: Mapped[date] = mapped_column(Date)
    dated_by: Mapped[str] = mapped_column(String(12))
    multiple: Mapped[bool] = mapped_column(Boolean, default=False)
    next_visit_on: Mapped[date | None] = mapped_column(Date)
    outcome: Mapped[str | None] = mapped_column(String(12))  # birth, loss, other; None while it goes on
    ended_on: Mapped[date | None] = mapped_column(Date)
    created_at: Mapped[datetime]


class VisitTable(Base):
    """A visit that took place: K1..K6, and after the birth KF1..KF4 and KN1..KN3."""

    __tablename__ = "visit"

    pregnancy_id: Mapped[str] = mapped_column(ForeignKey("pregnancy.id"), primary_key=True)
    visit: Mapped[str] = mapped_column(String(4), primary_key=True)
    on: Mapped[date] = mapped_column(Date)
    recorded_at: Mapped[datetime]


class ContraceptionTable(Base):
    """The method of one contact; never of a household."""

    __tablename__ = "contraception"

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    contact_id: Mapped[str] = mapped_column(ForeignKey("contact.id"), index=True)
    method: Mapped[str] = mapped_column(String(24))
    last_date: Mapped[date | None] = mapped_column(Date)
    return_on: Mapped[date | None] = mapped_column(Date)
    stopped_on: Mapped[date | None] = mapped_column(Date)
    created_at: Mapped[datetime]


class WeddingTable(Base):
    __tablename__ = "wedding"

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    household_id: Mapped[str] = mapped_column(ForeignKey("household.id"), index=True)
    contact_id: Mapped[str | None] = mapped_column(ForeignKey("contact.id"), index=True)
    screened_on: Mapped[date | None] = mapped_column(Date)
    date: Mapped[date | None] = mapped_column(Date)
    closed_at: Mapped[datetime | None]
    closed_reason: Mapped[str | None] = mapped_column(String(24))
    created_at: Mapped[datetime]


class ScreeningTable(Base):
    __tablename__ = "screening"
    __table_args__ = (UniqueConstraint("wedding_id", "partner"),)

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    wedding_id: Mapped[str] = mapped_column(ForeignKey("wedding.id"), index=True)
    partner: Mapped[str] = mapped_column(String(1))
    contact_id: Mapped[str | None] = mapped_column(ForeignKey("contact.id"), index=True)
    answers: Mapped[dict[str, Any]] = mapped_column(SealedJson)
    updated_at: Mapped[datetime]


class JoinCodeTable(Base):
    """A code one person passes to another: a seat in a household, a partner, a new number."""

    __tablename__ = "join_code"
    __table_args__ = (
        Index(
            "ix_join_code_open",
            "expires_at",
            sqlite_where=text("used_at IS NULL"),
            postgresql_where=text("used_at IS NULL"),
        ),
    )

    code: Mapped[str] = mapped_column(String(12), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    household_id: Mapped[str | None] = mapped_column(ForeignKey("household.id"), index=True)
    created_by: Mapped[str] = mapped_column(ForeignKey("contact.id"), index=True)
    detail: Mapped[dict[str, Any]] = mapped_column(SealedJson)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    used_by: Mapped[str | None] = mapped_column(Id)


class PictureTable(Base):
    """A picture or file made for one contact, fetched by the provider under its unguessable id."""

    __tablename__ = "picture"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    contact_id: Mapped[str] = mapped_column(ForeignKey("contact.id"), index=True)
    content_type: Mapped[str] = mapped_column(String(40))
    data: Mapped[bytes] = mapped_column(SealedBytes)
    created_at: Mapped[datetime] = mapped_column(index=True)


class SettingTable(Base):
    """What the system remembers about itself, such as which edition of the campaigns the plans were made from."""

    __tablename__ = "setting"

    key: Mapped[str] = mapped_column(String(60), primary_key=True)
    value: Mapped[str] = mapped_column(SealedText)  # also what was said in a dialogue that is not over
    updated_at: Mapped[datetime]


class InboundTable(Base):
    __tablename__ = "inbound_message"
    __table_args__ = (
        # Whose numbers stand in a text: nearly no text has any.
        Index(
            "ix_inbound_mentions",
            "mentions",
            sqlite_where=text("mentions IS NOT NULL"),
            postgresql_where=text("mentions IS NOT NULL"),
        ),
        # How fast somebody writes, and all that somebody wrote.
        Index("ix_inbound_contact", "contact_id", "seq"),
        # The two questions the worker asks all day: what is new, and what is the first open one of each contact.
        Index(
            "ix_inbound_open",
            "state",
            "seq",
            sqlite_where=text("state <> 'answered'"),
            postgresql_where=text("state <> 'answered'"),
        ),
        Index(
            "ix_inbound_contact_open",
            "contact_id",
            "seq",
            sqlite_where=text("state <> 'answered'"),
            postgresql_where=text("state <> 'answered'"),
        ),
    )

    seq: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    id: Mapped[str] = mapped_column(Id, unique=True)
    provider_sid: Mapped[str] = mapped_column(String(64), unique=True)
    contact_id: Mapped[str] = mapped_column(ForeignKey("contact.id"))
    address_id: Mapped[str] = mapped_column(ForeignKey("address.id"))
    channel: Mapped[str] = mapped_column(String(12))
    body: Mapped[str] = mapped_column(SealedText)
    mentions: Mapped[str | None] = mapped_column(Text, **made_from("body", marks_of_mentions))
    message_type: Mapped[str] = mapped_column(String(32))
    button_payload: Mapped[str | None] = mapped_column(SealedText)
    opt_out_type: Mapped[str | None] = mapped_column(String(8))
    media: Mapped[list[Any]]
    has_location: Mapped[bool] = mapped_column(Boolean, default=False)
    state: Mapped[str] = mapped_column(String(12))
    label: Mapped[str | None] = mapped_column(String(64))
    received_at: Mapped[datetime]
    retry_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    lease_owner: Mapped[str | None] = mapped_column(String(64))
    lease_until: Mapped[datetime | None]
    answered_at: Mapped[datetime | None]


class OutboxTable(Base):
    __tablename__ = "outbox"
    __table_args__ = (
        # Whose numbers stand in a text: nearly no text has any.
        Index(
            "ix_outbox_mentions",
            "mentions",
            sqlite_where=text("mentions IS NOT NULL"),
            postgresql_where=text("mentions IS NOT NULL"),
        ),
        Index(
            "ix_outbox_sendable",
            "priority",
            "seq",
            sqlite_where=text("state IN ('queued', 'errored')"),
            postgresql_where=text("state IN ('queued', 'errored')"),
        ),
        Index(
            "ix_outbox_address_open",
            "address_id",
            "seq",
            sqlite_where=text("state IN ('queued', 'errored', 'sending')"),
            postgresql_where=text("state IN ('queued', 'errored', 'sending')"),
        ),
        Index(
            "ix_outbox_unsettled",
            "lease_until",
            sqlite_where=text("state IN ('sending', 'unknown')"),
            postgresql_where=text("state IN ('sending', 'unknown')"),
        ),
        # The pace of one person: what went to this address in the last minute.
        Index("ix_outbox_address_claimed", "address_id", "claimed_at"),
        # What a month cost.
        Index("ix_outbox_sent_at", "sent_at"),
    )

    seq: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    id: Mapped[str] = mapped_column(Id, unique=True)
    dedupe_key: Mapped[str] = mapped_column(String(120), unique=True)
    contact_id: Mapped[str] = mapped_column(ForeignKey("contact.id"), index=True)
    address_id: Mapped[str] = mapped_column(ForeignKey("address.id"))
    channel: Mapped[str] = mapped_column(String(12))
    kind: Mapped[str] = mapped_column(String(12))
    content_id: Mapped[str] = mapped_column(String(120))
    text: Mapped[str] = mapped_column(SealedText)
    mentions: Mapped[str | None] = mapped_column(Text, **made_from("text", marks_of_mentions))
    buttons: Mapped[list[Any]]
    media: Mapped[list[Any]]
    options: Mapped[list[Any]]
    template: Mapped[str | None] = mapped_column(String(80))
    template_variables: Mapped[dict[str, Any]] = mapped_column(SealedJson)
    in_reply_to: Mapped[str | None] = mapped_column(Id)
    priority: Mapped[int] = mapped_column(Integer)
    exempt_from_opt_out: Mapped[bool] = mapped_column(Boolean, default=False)
    consent_purpose: Mapped[str | None] = mapped_column(String(40))
    topic: Mapped[str | None] = mapped_column(String(16))  # what the person may have stopped on its own
    # The receipt of an erasure: the row goes as soon as it is out.
    forget_when_sent: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())
    not_before: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    state: Mapped[str] = mapped_column(String(12))
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    lease_owner: Mapped[str | None] = mapped_column(String(64))
    lease_until: Mapped[datetime | None]
    claimed_at: Mapped[datetime | None]  # of the last try
    provider_sid: Mapped[str | None] = mapped_column(String(64), index=True)
    error_code: Mapped[str | None] = mapped_column(String(40))
    # Goes by SMS if WhatsApp turns out not to reach this person.
    sms_text: Mapped[str | None] = mapped_column(SealedText)
    fallback_of: Mapped[str | None] = mapped_column(Id, index=True)  # the message this one stands in for
    force_template: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())  # learnt from 63016
    form: Mapped[str | None] = mapped_column(String(10))  # text, template or sms: as it was last tried
    parts: Mapped[int | None] = mapped_column(Integer)  # of an SMS; 1 on WhatsApp
    cost_rp: Mapped[int | None] = mapped_column(Integer)  # None: no price is known
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    delivered_at: Mapped[datetime | None]
    read_at: Mapped[datetime | None]


class SendingHoldTable(Base):
    """Sending stopped because every message would meet the same refusal, until a human mends it or a probe passes."""

    __tablename__ = "sending_hold"

    scope: Mapped[str] = mapped_column(String(100), primary_key=True)  # all, whatsapp, sms, template:<name>
    code: Mapped[str] = mapped_column(String(40))
    since: Mapped[datetime]
    probe_at: Mapped[datetime]  # when one message may try whether it is over


class MessageTemplateTable(Base):
    """A WhatsApp template as the provider knows it."""

    __tablename__ = "message_template"

    name: Mapped[str] = mapped_column(String(80), primary_key=True)
    language: Mapped[str] = mapped_column(String(12))
    category: Mapped[str] = mapped_column(String(24))
    body_hash: Mapped[str] = mapped_column(String(64))
    content_sid: Mapped[str | None] = mapped_column(String(40))
    status: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str | None] = mapped_column(String(300))
    updated_at: Mapped[datetime]


class ErasedMessageTable(Base):
    """Messages of people who were erased, as hashes for some days: the provider still lists them, we forget them."""

    __tablename__ = "erased_message"

    sid_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    at: Mapped[datetime]


class HeartbeatTable(Base):
    """A process that lives says so every few seconds."""

    __tablename__ = "heartbeat"

    name: Mapped[str] = mapped_column(String(24), primary_key=True)
    owner: Mapped[str] = mapped_column(String(64), primary_key=True)
    at: Mapped[datetime]
    detail: Mapped[dict[str, Any]]


class MessageStatusTable(Base):
    __tablename__ = "message_status"
    __table_args__ = (UniqueConstraint("provider_sid", "status"),)

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    provider_sid: Mapped[str] = mapped_column(String(64))
    status: Mapped[str] = mapped_column(String(24))
    error_code: Mapped[str | None] = mapped_column(String(16))
    received_at: Mapped[datetime]


class ReminderTable(Base):
    __tablename__ = "reminder"
    __table_args__ = (
        # The due query reads the head of this index: its cost is what is due, not what exists.
        Index(
            "ix_reminder_due",
            "send_at",
            sqlite_where=text("state = 'planned'"),
            postgresql_where=text("state = 'planned'"),
        ),
    )

    id: Mapped[str] = mapped_column(String(80), primary_key=True)
    household_id: Mapped[str] = mapped_column(ForeignKey("household.id"), index=True)
    send_at: Mapped[datetime]
    due_on: Mapped[date] = mapped_column(Date)
    event: Mapped[str] = mapped_column(String(32))
    content_id: Mapped[str] = mapped_column(String(120))
    subjects: Mapped[list[Any]] = mapped_column(SealedJson)
    payload: Mapped[dict[str, Any]] = mapped_column(SealedJson)
    # Who reads it (caregiver, mother, father, contact:<id>), under which consent, and what stopping it is called.
    reader: Mapped[str] = mapped_column(String(48), default="caregiver", server_default="caregiver")
    purpose: Mapped[str] = mapped_column(String(40), default="child_care", server_default="child_care")
    topic: Mapped[str] = mapped_column(String(16), default="posyandu", server_default="posyandu")
    state: Mapped[str] = mapped_column(String(12))
    reason: Mapped[str | None] = mapped_column(String(40))  # why it was dropped or cancelled
    outbox_id: Mapped[str | None] = mapped_column(Id)
    contact_id: Mapped[str | None] = mapped_column(Id, index=True)  # who got it
    updated_at: Mapped[datetime]


class DirtyHouseholdTable(Base):
    """Households whose facts changed and whose plan must be made again."""

    __tablename__ = "dirty_household"

    household_id: Mapped[str] = mapped_column(ForeignKey("household.id"), primary_key=True)
    # After a change of the campaigns everybody waits here, and the clock asks every second who is next.
    since: Mapped[datetime] = mapped_column(index=True)


class CaseTable(Base):
    __tablename__ = "case"
    __table_args__ = (
        UniqueConstraint("kind", "inbound_id"),
        Index(
            "ix_case_open",
            "opened_at",
            sqlite_where=text("closed_at IS NULL"),
            postgresql_where=text("closed_at IS NULL"),
        ),
    )

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    number: Mapped[int | None] = mapped_column(Integer, unique=True, index=True)  # short, to be typed: "JAWAB 12 ..."
    contact_id: Mapped[str] = mapped_column(ForeignKey("contact.id"), index=True)
    kind: Mapped[str] = mapped_column(String(24))
    inbound_id: Mapped[str | None] = mapped_column(Id)
    opened_at: Mapped[datetime]
    notified_at: Mapped[datetime | None]  # staff were told of it
    reminded_at: Mapped[datetime | None]
    reminded: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    taken_by: Mapped[str | None] = mapped_column(Id)
    taken_at: Mapped[datetime | None]
    answered_at: Mapped[datetime | None]  # the first time a human answered the family
    closed_at: Mapped[datetime | None]
    closed_by: Mapped[str | None] = mapped_column(Id)
    outcome: Mapped[str | None] = mapped_column(String(120))


class CaseNoteTable(Base):
    """What was said about a case: the family's messages to the human, the human's answers, remarks among staff."""

    __tablename__ = "case_note"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    case_id: Mapped[str] = mapped_column(ForeignKey("case.id"), index=True)
    kind: Mapped[str] = mapped_column(String(12))  # family, answer, remark, taken, handed, closed
    author_id: Mapped[str | None] = mapped_column(Id)
    text: Mapped[str] = mapped_column(SealedText, default="")
    inbound_id: Mapped[str | None] = mapped_column(Id, unique=True)
    outbox_id: Mapped[str | None] = mapped_column(Id)
    at: Mapped[datetime]


class LoginCodeTable(Base):
    """A one-time code for the console, sent over WhatsApp; only its hash is kept."""

    __tablename__ = "login_code"

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    contact_id: Mapped[str] = mapped_column(ForeignKey("contact.id"), index=True)
    code_hash: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    tries: Mapped[int] = mapped_column(Integer, default=0)
    used_at: Mapped[datetime | None]


class WebSessionTable(Base):
    """Somebody logged in to the console; `id` is the hash of what the cookie holds."""

    __tablename__ = "web_session"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    contact_id: Mapped[str] = mapped_column(ForeignKey("contact.id"), index=True)
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    expires_at: Mapped[datetime]


class LessonTable(Base):
    """A kader who wants a short lesson a week, and which one comes next."""

    __tablename__ = "lesson"

    contact_id: Mapped[str] = mapped_column(ForeignKey("contact.id"), primary_key=True)
    next_number: Mapped[int] = mapped_column(Integer)
    next_at: Mapped[datetime | None] = mapped_column(index=True)  # None: all taken, or stopped
    updated_at: Mapped[datetime]


class SignOffTable(Base):
    """A health worker's signature under a text, as the console records it; the text's file says so from then on."""

    __tablename__ = "sign_off"

    content_id: Mapped[str] = mapped_column(String(120), primary_key=True)
    fingerprint: Mapped[str] = mapped_column(String(64))  # of the file's words: a changed text must be signed again
    signed_by: Mapped[str | None] = mapped_column(Id)
    signed_name: Mapped[str] = mapped_column(String(120))
    signed_at: Mapped[datetime]


class AuditTable(Base):
    """What happened, without any content of a message. actor_id: whoever of the staff did it."""

    __tablename__ = "audit"
    __table_args__ = (Index("ix_audit_at", "at"),)

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    event: Mapped[str] = mapped_column(String(60))
    contact_id: Mapped[str | None] = mapped_column(Id)
    actor_id: Mapped[str | None] = mapped_column(Id, index=True)
    household_id: Mapped[str | None] = mapped_column(Id, index=True)
    detail: Mapped[dict[str, Any]]
    at: Mapped[datetime]


class DataKeyTable(Base):
    """Which data keys something here may have been sealed with: a process that lacks one of them must not start."""

    __tablename__ = "data_key"

    id: Mapped[str] = mapped_column(String(8), primary_key=True)  # public; the keys themselves are never kept here
    since: Mapped[datetime]
