"""What the services read and write, as plain data. The store turns rows into these and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from enum import StrEnum
from typing import Any

from sapa.messaging.states import Channel, InboundState, Kind, OutboxState, ReminderState


@dataclass(frozen=True)
class MediaItem:
    """A picture, voice note or file that came with a message; never fetched by the edge."""

    url: str
    content_type: str


@dataclass(frozen=True)
class InboundForm:
    """An inbound message as a provider's webhook gave it, after the signature was found good."""

    provider_sid: str
    channel: Channel
    from_address: str  # opaque, without the channel prefix: "+6281..." or "ID.1349..."
    to_address: str
    body: str
    message_type: str = "text"  # the provider's word: text, image, audio, location, button, interactive ...
    button_payload: str | None = None
    opt_out_type: str | None = None  # START/STOP/HELP where the provider has already answered
    profile_name: str | None = None
    media: tuple[MediaItem, ...] = ()
    latitude: float | None = None
    longitude: float | None = None
    phone: str | None = None  # E.164 where known; a user may hide it
    sent_at: datetime | None = None  # aware: when it was written, where it comes late and the provider says so


@dataclass(frozen=True)
class InboundLimits:
    """Most messages of one contact that are answered in a minute and in an hour."""

    per_minute: int
    per_hour: int


@dataclass(frozen=True)
class StatusForm:
    """A provider's word on the fate of one outbound message."""

    provider_sid: str
    status: str
    error_code: str | None = None
    outbox_id: str | None = None  # our own id, where the callback's address carried it


@dataclass(frozen=True)
class Contact:
    """Somebody we message."""

    id: str
    household_id: str | None
    name: str | None
    opted_out_at: datetime | None
    last_inbound_at: datetime | None
    created_at: datetime
    dialogue_reset: bool = False
    relation: str = ""  # ibu, ayah, nenek ... as in sapa.family.people.Member
    every_reminder: bool = False  # wants the household's reminders although somebody else gets them
    suspended_at: datetime | None = None  # "bukan saya": silent until the person behind the number is known again


@dataclass(frozen=True)
class Address:
    """Where a contact is reached. `value` is opaque; `phone` is E.164 where known."""

    id: str
    contact_id: str
    channel: Channel
    value: str
    phone: str | None


@dataclass(frozen=True)
class InboundMessage:
    """A stored inbound message."""

    id: str
    contact_id: str
    address_id: str
    channel: Channel
    provider_sid: str
    body: str
    message_type: str
    button_payload: str | None
    opt_out_type: str | None
    media: tuple[MediaItem, ...]
    has_location: bool
    state: InboundState
    received_at: datetime
    attempts: int = 0


@dataclass(frozen=True)
class OutboxDraft:
    """An outbound message to be queued. Two drafts with one `dedupe_key` are one message."""

    dedupe_key: str
    contact_id: str
    address_id: str
    channel: Channel
    kind: Kind
    content_id: str
    text: str
    buttons: tuple[Mapping[str, str], ...] = ()
    media: tuple[MediaItem, ...] = ()
    template: str | None = None
    template_variables: Mapping[str, str] = field(default_factory=dict)
    in_reply_to: str | None = None
    not_before: datetime | None = None
    expires_at: datetime | None = None
    priority: int = 50  # smaller goes first: danger 0, reply 10, reminder 50
    exempt_from_opt_out: bool = False  # the confirmation of a stop, an emergency answer
    consent_purpose: str | None = None  # what must still be consented to when it is sent; None for a reply
    topic: str | None = None  # what the person may have stopped on its own; None for a reply
    forget_when_sent: bool = False  # the receipt of an erasure: the row goes as soon as it is out
    options: tuple[str, ...] = ()  # labels behind the numbered choices of this message: answering "1" works
    sms_text: str | None = None  # how an SMS would say it, if WhatsApp turns out not to reach this person
    fallback_of: str | None = None  # the outbox id this message stands in for
    force_template: bool = False  # as a template even where our own clock says the 24 hours still run


@dataclass(frozen=True)
class OutboxMessage:
    """A stored outbound message."""

    id: str
    contact_id: str
    address_id: str
    to: str
    channel: Channel
    kind: Kind
    content_id: str
    text: str
    buttons: tuple[Mapping[str, str], ...]
    media: tuple[MediaItem, ...]
    template: str | None
    template_variables: Mapping[str, str]
    in_reply_to: str | None
    state: OutboxState
    attempts: int
    created_at: datetime
    not_before: datetime
    provider_sid: str | None = None
    error_code: str | None = None
    last_inbound_at: datetime | None = None  # of the contact: decides the WhatsApp window
    expires_at: datetime | None = None
    sms_text: str | None = None
    fallback_of: str | None = None
    force_template: bool = False
    claimed_at: datetime | None = None  # when its last try began
    phone: str | None = None  # E.164 where known: an SMS can go there
    content_sid: str | None = None  # the provider's id of its template, where that is approved
    form: str | None = None  # text, template or sms: as it was last tried and recorded
    priority: int = 50
    exempt_from_opt_out: bool = False
    consent_purpose: str | None = None
    topic: str | None = None


@dataclass(frozen=True)
class LastSaid:
    """What a contact heard from us last: which text, and the labels behind its numbered choices."""

    content_id: str
    options: tuple[str, ...] = ()
    in_reply_to: str | None = None


@dataclass(frozen=True)
class ReminderRow:
    """A planned message as the store keeps it."""

    id: str
    household_id: str
    send_at: datetime
    due_on: date
    event: str
    content_id: str
    subjects: tuple[str, ...]
    payload: Mapping[str, Any]
    state: ReminderState = ReminderState.PLANNED
    to: str = "caregiver"  # caregiver, mother, father or contact:<id>
    purpose: str = "child_care"  # the consent it stands on
    topic: str = "posyandu"  # what stopping it is called


@dataclass(frozen=True)
class PosyanduRow:
    """A posyandu and where it is."""

    id: str
    name: str
    timezone: str
    province: str | None = None
    village: str | None = None
    facility_name: str | None = None
    facility_phone: str | None = None
    vaccine_profile: str = "pentavalen"
    je_region: bool = False
    area_id: str | None = None  # its desa


@dataclass(frozen=True)
class AreaRow:
    """A province, kabupaten, kecamatan or desa; `parent_id` is the one it lies in."""

    id: str
    kind: str
    name: str
    parent_id: str | None = None
    code: str | None = None
    timezone: str | None = None


@dataclass(frozen=True)
class SessionRow:
    """One posyandu day. note: what to bring. closed_at: everybody who came is written down."""

    id: str
    posyandu_id: str
    date: date
    time: time
    place: str
    note: str = ""
    created_by: str | None = None
    cancelled_at: datetime | None = None
    closed_at: datetime | None = None


@dataclass(frozen=True)
class StaffRow:
    """A role somebody holds: kader (posyandu_id), bidan or admin (area_id). granted_by None: the command line."""

    id: str
    contact_id: str
    role: str
    posyandu_id: str | None = None
    area_id: str | None = None
    granted_by: str | None = None


@dataclass(frozen=True)
class CaseRow:
    """Something a human must look at. number: short, to be typed. Holds no message text."""

    id: str
    contact_id: str
    kind: str
    inbound_id: str | None
    opened_at: datetime
    closed_at: datetime | None = None
    number: int | None = None
    notified_at: datetime | None = None
    reminded_at: datetime | None = None
    reminded: int = 0
    taken_by: str | None = None
    taken_at: datetime | None = None
    answered_at: datetime | None = None
    closed_by: str | None = None
    outcome: str | None = None


@dataclass(frozen=True)
class ConsentRow:
    """A yes or no that was said: to what, in which words, when."""

    purpose: str
    wording: str
    granted: bool
    at: datetime
    recorded_by: str | None = None  # the kader to whom it was said; None: said to the bot


@dataclass(frozen=True)
class AuditRow:
    """A line of the audit trail: what happened, to whom, by whom of the staff."""

    id: int
    event: str
    contact_id: str | None
    actor_id: str | None
    household_id: str | None
    detail: Mapping[str, Any]
    at: datetime


@dataclass(frozen=True)
class CodeRow:
    """A code one person passes to another. kind says what it opens; `detail` is JSON of that kind."""

    code: str
    kind: str
    household_id: str | None
    created_by: str
    detail: Mapping[str, Any]
    expires_at: datetime
    used_at: datetime | None = None


@dataclass(frozen=True)
class Picture:
    """A picture or file made for one contact; `id` is unguessable, it stands in a web address.

    made_at: aware, filled by the store.
    """

    id: str
    contact_id: str
    content_type: str
    data: bytes
    made_at: datetime | None = None


class Leftover(StrEnum):
    """What an erasure leaves to be swept after its transaction; the values are prefixes of keys in the settings."""

    DIALOGUE = "forget-dialogue:"  # the dialogue engine's memory of a contact
    RECEIPT = "forget-receipt:"  # a receipt that must go out first
    SCREEN = "forget-screen:"  # a receipt on a simulated phone, for a day
    FILES = "forget-files:"  # freed pages of the database's files


@dataclass(frozen=True)
class Reply:
    """A reply key with what its text needs; see content/id.

    picture: what to draw beside the text (JSON): {"kind": "growth-chart" or "catin-card", and the facts to draw}; once
    it is drawn, {"png": bytes}.
    """

    key: str
    vars: Mapping[str, Any] = field(default_factory=dict)
    picture: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Turn:
    """What the conversation engine made of one message."""

    replies: tuple[Reply, ...]
    label: str | None = None
    confidence: float = 0.0


@dataclass(frozen=True)
class SendRequest:
    """What a gateway is asked to send. Exactly one of `text` and `content_sid` carries the message."""

    outbox_id: str
    to: str
    channel: Channel
    text: str | None
    content_sid: str | None = None
    content_variables: Mapping[str, str] = field(default_factory=dict)
    media_urls: tuple[str, ...] = ()
    buttons: tuple[Mapping[str, str], ...] = ()
    # The rest is for the simulator's screen; a provider does not see it.
    rendered: str = ""
    template: str | None = None
    kind: Kind = Kind.ANSWER
    content_id: str = ""
    send_at: datetime | None = None  # aware: the provider shall keep it until then (needs a messaging service)


@dataclass(frozen=True)
class Sent:
    """The provider took the message."""

    provider_sid: str


@dataclass(frozen=True)
class Refused:
    """The provider surely did not take the message. `retry_after_s` None: never try again."""

    error_code: str
    retry_after_s: float | None
    opted_out: bool = False
    alert: bool = False  # a human must look: account, login, sender, template
    hold: str | None = None  # what must stop with it: "all", "whatsapp", "sms", "template:<name>"
    waits: bool = False  # not this message's fault: the try does not count against it
    switch: str | None = None  # the form that may reach the person instead: "template" or "sms"


@dataclass(frozen=True)
class Unclear:
    """Nobody knows whether the provider took it: reconcile before any other try."""

    error_code: str


SendOutcome = Sent | Refused | Unclear


@dataclass(frozen=True)
class Tried:
    """What became of one try: to be recorded. form: text, template or sms; parts and cost_rp as it is billed."""

    outbox_id: str
    outcome: SendOutcome
    form: str = "text"
    parts: int = 1
    cost_rp: int | None = None


@dataclass(frozen=True)
class StatusEffect:
    """What a status callback changed. failed: the message that will not arrive, as of this very callback."""

    new: bool
    failed: OutboxMessage | None = None


@dataclass(frozen=True)
class Recorded:
    """What was written down of some tries. ours: ids of those that were still ours to record; failed: the messages
    whose failure had been told before we knew the provider's id for them."""

    ours: tuple[str, ...]
    failed: tuple[OutboxMessage, ...] = ()


@dataclass(frozen=True)
class Hold:
    """Sending that stands still. scope: all, whatsapp, sms, template:<name>; probe_at: when one message tries again."""

    scope: str
    code: str
    since: datetime
    probe_at: datetime


@dataclass(frozen=True)
class Found:
    """The provider has the message."""

    provider_sid: str
    status: str
    error_code: str | None = None  # why it failed there


@dataclass(frozen=True)
class SurelyAbsent:
    """The provider surely never had the message."""


@dataclass(frozen=True)
class CannotTell:
    """The provider could not be asked, or its answer decides nothing."""


LookupOutcome = Found | SurelyAbsent | CannotTell
