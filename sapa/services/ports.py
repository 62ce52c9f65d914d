"""What the services need from the outside, as protocols. `bootstrap` gives them their bodies.

A transaction is one unit of work: everything in it happens or nothing does. `Tx` methods that change a state
do it in one statement guarded by the state they expect, so that two workers can never both win.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import date, datetime, timedelta
from typing import Any, Protocol

from sapa.family.people import (
    Child,
    Contraception,
    Measurement,
    Member,
    Postpartum,
    PosyanduSession,
    Pregnancy,
    Screening,
    Wedding,
)
from sapa.messaging.states import Channel, OutboxState, ReminderState
from sapa.messaging.templates import Template
from sapa.services.ports_attendance import AttendanceTx
from sapa.services.ports_broadcasts import BroadcastTx
from sapa.services.ports_casework import CaseworkTx
from sapa.services.ports_console import ConsoleTx
from sapa.services.ports_costs import CostTx
from sapa.services.ports_health import HealthTx
from sapa.services.ports_lessons import LessonTx
from sapa.services.ports_programme import ProgrammeTx
from sapa.services.ports_registers import RegisterTx
from sapa.services.ports_staff import StaffTx
from sapa.services.ports_templates import TemplateTx
from sapa.services.records import (
    Address,
    CannotTell,
    CaseRow,
    CodeRow,
    ConsentRow,
    Contact,
    Hold,
    InboundForm,
    InboundMessage,
    LastSaid,
    Leftover,
    LookupOutcome,
    OutboxDraft,
    OutboxMessage,
    Picture,
    PosyanduRow,
    Recorded,
    ReminderRow,
    SendOutcome,
    SendRequest,
    SessionRow,
    StatusEffect,
    StatusForm,
    Tried,
    Turn,
)


class Tx(
    StaffTx,
    BroadcastTx,
    AttendanceTx,
    CaseworkTx,
    ConsoleTx,
    ProgrammeTx,
    RegisterTx,
    LessonTx,
    HealthTx,
    CostTx,
    TemplateTx,
    Protocol,
):
    """One open transaction."""

    # --- people
    def contact_for_address(
        self, channel: Channel, value: str, phone: str | None, now: datetime
    ) -> tuple[Contact, Address]:
        """The contact behind an address; both are made when the address is new."""

    def new_contact(self, now: datetime) -> Contact:
        """A contact without an address yet."""

    def suspended_before(self, moment: datetime, case_kind: str) -> list[Contact]:
        """Contacts silent ("bukan saya") since before `moment`, with no case of that kind since; longest first."""

    def contact(self, contact_id: str) -> Contact | None: ...
    def contact_id_for(self, channel: Channel, value: str) -> str | None: ...
    def address(self, address_id: str) -> Address | None: ...
    def addresses_of(self, contact_id: str) -> list[Address]: ...
    def caregivers_of(self, household_id: str) -> list[Contact]: ...
    def touch_contact(self, contact_id: str, now: datetime) -> None:
        """Note that the contact wrote at `now` (opens the WhatsApp window). It never goes back."""

    def set_contact_name(self, contact_id: str, name: str) -> None: ...
    def set_opt_out(self, contact_id: str, at: datetime | None) -> None:
        """Opt the contact out (`at`) or in again (None); opting out asks for a dialogue reset."""

    def set_dialogue_reset(self, contact_id: str, wanted: bool) -> None: ...
    def household_of(self, contact_id: str, now: datetime) -> str:
        """The contact's household id; made when there is none."""

    # --- consent
    def record_consent(
        self,
        contact_id: str,
        purpose: str,
        wording: str,
        granted: bool,
        inbound_id: str | None,
        now: datetime,
        recorded_by: str | None = None,
    ) -> None:
        """Keep a yes or no. recorded_by: the kader to whom it was said; None where it was said to the bot."""

    def has_consent(self, contact_id: str, purpose: str) -> bool: ...
    def consents_of(self, contact_id: str) -> list[ConsentRow]:
        """Every yes and no of a contact, oldest first; the last one of a purpose counts."""

    def has_stopped(self, contact_id: str, topic: str) -> bool:
        """Whether the contact's last word on a topic was to stop it."""

    # --- children, posyandu
    def save_child(self, household_id: str, child: Child, now: datetime) -> bool:
        """Insert the child or bring what is kept of it up to date; True if it was new."""

    def end_child(self, child_id: str, reason: str, on: date, now: datetime) -> None:
        """Follow the child no longer; what is recorded of it stays until it is erased."""

    def reopen_child(self, child_id: str) -> None: ...
    def ended_children_of(self, household_id: str) -> list[tuple[Child, str, date]]:
        """Children that are no longer followed, with the reason and the day."""

    def save_measurement(self, child_id: str, measurement: Measurement, source: str, now: datetime) -> None:
        """Keep a weighing; a second one of the same day replaces the first. source: chat or kader."""

    def delete_dose(self, child_id: str, dose: str) -> None:
        """Forget that a dose was given, with or without its day."""

    def report_dose(self, child_id: str, dose: str, now: datetime) -> None:
        """Keep that a dose is said to have been given, on a day nobody knows."""

    def children_of(self, household_id: str) -> list[Child]: ...
    def record_dose(self, child_id: str, dose: str, given_on: date, now: datetime) -> None: ...
    def posyandu_by_name(self, name: str) -> PosyanduRow | None: ...
    def list_posyandu(self) -> list[PosyanduRow]: ...
    def save_posyandu(self, row: PosyanduRow) -> None: ...
    def save_session(self, row: SessionRow) -> None: ...
    def save_sessions(self, rows: Sequence[SessionRow]) -> None:
        """Add or overwrite many at once."""

    def sessions_of(self, posyandu_id: str, since: date) -> list[PosyanduSession]: ...
    def posyandu_of(self, household_id: str) -> PosyanduRow | None: ...
    def set_posyandu(self, household_id: str, posyandu_id: str | None, said: str | None = None) -> None:
        """Join a household to a posyandu; `said` keeps a name we have no posyandu for."""

    def households_of_posyandu(self, posyandu_id: str) -> list[str]: ...
    def household_options(self, household_id: str) -> Mapping[str, Any]:
        """province, timezone, vaccine_profile, je_region of a household (set by its posyandu's district)."""

    def set_place(self, household_id: str, province: str | None, timezone: str | None) -> None:
        """Where a household without a posyandu lives."""

    # --- pregnancy
    def save_pregnancy(self, household_id: str, pregnancy: Pregnancy, now: datetime) -> None:
        """Insert or change, by id. Visits are recorded apart."""

    def pregnancy_of(self, household_id: str) -> Pregnancy | None:
        """The pregnancy that goes on."""

    def last_pregnancy_of(self, household_id: str) -> tuple[Pregnancy, str | None, date | None] | None:
        """The newest pregnancy with its outcome (birth, loss, other; None while it goes on) and its last day."""

    def end_pregnancy(self, pregnancy_id: str, outcome: str, on: date, now: datetime) -> None: ...
    def reopen_pregnancy(self, pregnancy_id: str) -> None: ...
    def record_visit(self, pregnancy_id: str, visit: str, on: date, now: datetime) -> None:
        """K1..K6, KF1..KF4 or KN1..KN3; a second time replaces the day."""

    def postpartum_of(self, household_id: str, today: date) -> Postpartum | None:
        """The 42 days after the last birth that was reported here, while they run."""

    # --- family planning
    def save_contraception(self, contact_id: str, contraception: Contraception, now: datetime) -> None:
        """Insert or change, by id."""

    def contraception_of(self, contact_id: str) -> Contraception | None: ...
    def stop_contraception(self, contraception_id: str, on: date, now: datetime) -> None: ...

    # --- about to marry
    def save_wedding(self, household_id: str, wedding: Wedding, now: datetime) -> None:
        """Insert or change, by id, without the screenings."""

    def wedding_of(self, household_id: str) -> Wedding | None: ...
    def save_screening(self, wedding_id: str, screening: Screening, now: datetime) -> None:
        """Insert or replace the answers of one partner."""

    def close_wedding(self, wedding_id: str, reason: str, now: datetime) -> None: ...

    # --- seats, codes, numbers
    def members_of(self, household_id: str) -> list[Member]:
        """Who follows the household, the first to have come first."""

    def set_member(self, contact_id: str, household_id: str | None, relation: str, every_reminder: bool) -> None: ...
    def set_suspended(self, contact_id: str, at: datetime | None) -> None: ...
    def move_address(self, address_id: str, contact_id: str) -> None:
        """Give an address to another contact: the same person with a new number."""

    def save_code(self, row: CodeRow, now: datetime) -> bool:
        """False if this code is taken."""

    def code(self, code: str) -> CodeRow | None: ...
    def codes_by(self, contact_id: str, kind: str) -> list[CodeRow]:
        """The codes a contact made, newest first."""

    def lapsed_codes(self, kind: str, now: datetime) -> list[CodeRow]:
        """Codes that ran out unused."""

    def use_code(self, code: str, contact_id: str, now: datetime) -> bool:
        """Mark a code used; False if somebody else was first."""

    # --- pictures, settings
    def save_picture(self, picture: Picture, now: datetime) -> None: ...
    def picture(self, picture_id: str) -> Picture | None: ...
    def has_old_pictures(self, content_type: str, before: datetime) -> bool: ...
    def drop_old_pictures(self, content_type: str, before: datetime) -> int:
        """Delete pictures or files of a type made before a moment; how many."""

    def setting(self, key: str) -> str | None: ...
    def set_setting(self, key: str, value: str, now: datetime) -> None: ...
    def drop_setting(self, key: str) -> None: ...

    # --- inbound
    def store_inbound(self, form: InboundForm, contact: Contact, address: Address, now: datetime) -> str | None:
        """Store the message; its new id, or None if this provider id is there already."""

    def next_untriaged(self) -> InboundMessage | None:
        """The oldest message nobody has looked at, locked until the transaction ends."""

    def claim_dialogue(self, owner: str, now: datetime, lease_until: datetime) -> InboundMessage | None:
        """Lease the oldest waiting message that is the first unanswered one of its contact."""

    def has_untriaged(self) -> bool: ...
    def has_dialogue(self, now: datetime) -> bool: ...
    def has_sendable(self, now: datetime) -> bool: ...
    def has_unsettled(self, now: datetime) -> bool: ...
    def inbound(self, inbound_id: str) -> InboundMessage | None: ...
    def has_inbound(self, provider_sid: str) -> bool: ...
    def was_erased(self, provider_sid: str) -> bool:
        """Whether this was a message of somebody who has been erased."""

    def forget_erased_sids(self, before: datetime) -> None: ...
    def inbound_before(self, inbound_id: str, count: int) -> datetime | None:
        """When the contact's message came that is the `count`-th before this one; None where there are fewer."""

    def stumbled(self, inbound_id: str) -> int:
        """Count one more failed look at a message nobody has triaged; how often that has happened."""

    def mark_waiting(self, inbound_id: str) -> None: ...
    def finish_inbound(self, inbound_id: str, owner: str | None, label: str | None, now: datetime) -> bool:
        """Mark answered; False if `owner` no longer holds the lease (then nothing may be written)."""

    def release_inbound(self, inbound_id: str, owner: str, retry_at: datetime, counts: bool) -> None:
        """Give the lease back; `counts` says whether this was a try of ours or an outage of others."""

    # --- outbox
    def queue(self, draft: OutboxDraft, now: datetime) -> str | None:
        """Queue a message; its id, or None if its dedupe key is there already."""

    def queue_stand_in(self, draft: OutboxDraft, now: datetime) -> str | None:
        """Queue a message in place of another (`draft.fallback_of`); None where that one has its stand-in already."""

    def claim_outbox(
        self,
        owner: str,
        now: datetime,
        lease_until: datetime,
        limit: int,
        *,
        pace: timedelta = timedelta(0),
        window: timedelta = timedelta(0),
    ) -> list[OutboxMessage]:
        """Lease up to `limit` sendable messages, most urgent first. Opt-out, consent and lateness suppress here.

        pace: between two messages to one person that nobody asked for. window: WhatsApp's 24 hours, less a margin.
        """

    def outbox_message(self, outbox_id: str) -> OutboxMessage | None: ...
    def outbox_by_sid(self, provider_sid: str) -> OutboxMessage | None: ...
    def record_send(
        self, outbox_id: str, owner: str, outcome: SendOutcome, now: datetime, max_attempts: int
    ) -> bool: ...
    def record_sends(
        self, owner: str, tried: Sequence[Tried], now: datetime, max_attempts: int, settle: timedelta = ...
    ) -> Recorded:
        """Write down what became of many tries at once."""

    def drop_late(self, now: datetime, oldest: datetime) -> int:
        """Suppress what waits past its time, or has none and was queued before `oldest`; how many."""

    def has_late(self, now: datetime, oldest: datetime) -> bool: ...
    def expired_sending(self, now: datetime, limit: int, settle: timedelta = ...) -> list[OutboxMessage]:
        """Messages claimed by a sender that never came back, plus those in `unknown`, that may be asked about now."""

    def resolve_unknown(
        self, outbox_id: str, outcome: LookupOutcome, now: datetime, claimed_at: datetime | None = None
    ) -> OutboxState:
        """Settle a doubt; its state then. claimed_at: of the try that was asked about, so that the answer is not taken
        for one about a later try."""

    def sent_unheard(self, after: datetime, until: datetime, limit: int) -> list[tuple[datetime, OutboxMessage]]:
        """Messages sent in (after, until] of which no callback told more than that, and when; the oldest first."""

    def holds(self) -> list[Hold]:
        """What must not be sent for now, the oldest first."""

    def hold(self, scope: str, code: str, now: datetime) -> bool:
        """Stop what `scope` names; True if it was not stopped before."""

    def release_hold(self, scope: str, since_before: datetime | None = None) -> bool: ...
    def outbox_states(self) -> Mapping[str, int]:
        """How many messages are in each state."""

    def outbox_due(self, now: datetime) -> int:
        """How many messages could be sent now (or are being sent)."""

    def record_status(self, form: StatusForm, now: datetime) -> StatusEffect:
        """Keep a status row and move the message forward if the rank goes up; a repeat can only mend what is not."""

    def outbox_of(self, contact_id: str) -> Sequence[OutboxMessage]: ...
    def last_said(self, contact_id: str, since: datetime) -> LastSaid | None:
        """The newest message to a contact, if it is not older than `since`."""

    def last_topic(self, contact_id: str, since: datetime) -> str | None:
        """The content id of the newest answer to a question of the contact, if it is not older than `since`."""

    def sent_reminders_on(self, contact_id: str, start: datetime, end: datetime) -> int: ...

    # --- reminders
    def replace_plan(self, household_id: str, planned: Sequence[ReminderRow], now: datetime) -> tuple[int, int]:
        """Make the future plan of a household equal to `planned`: rows added and rows cancelled."""

    def due_reminders(self, now: datetime, limit: int) -> list[ReminderRow]: ...
    def next_reminder_at(self, after: datetime) -> datetime | None: ...
    def next_outbox_at(self, after: datetime) -> datetime | None: ...
    def due_reminders_of(self, household_id: str, now: datetime) -> list[ReminderRow]: ...
    def reminders_of(self, household_id: str) -> list[ReminderRow]: ...
    def finish_reminder(
        self,
        reminder_id: str,
        state: ReminderState,
        reason: str | None,
        contact_id: str | None,
        outbox_id: str | None,
        now: datetime,
    ) -> bool: ...
    def postpone_reminder(self, reminder_id: str, send_at: datetime) -> None: ...
    def cancel_reminders(
        self, household_id: str, reason: str, now: datetime, topics: Collection[str] | None = None
    ) -> int:
        """Cancel what is planned, of all topics or of some; how many."""

    def cancel_queued(self, contact_id: str, reason: str, now: datetime, topics: Collection[str] | None = None) -> int:
        """Suppress what waits in the outbox and was not asked for; how many."""

    def lock_household(self, household_id: str) -> None:
        """Let nobody else plan for this household, or speak to it unasked, until the transaction ends."""

    def mark_dirty(self, household_id: str, now: datetime) -> None: ...
    def mark_all_dirty(self, now: datetime) -> None:
        """Every household is planned anew."""

    def dirty_households(self, limit: int) -> list[str]:
        """Households that wait for a new plan, the longest waiting first."""

    def take_dirty(self, household_id: str) -> bool:
        """Strike a household off the list of those; False if somebody else was first."""

    # --- cases, audit
    def open_case(self, contact_id: str, kind: str, inbound_id: str | None, now: datetime) -> str:
        """Open a case; the same inbound message and kind never open two."""

    def open_cases_of(self, contact_id: str) -> list[CaseRow]: ...
    def open_cases(self) -> list[CaseRow]:
        """Every open case, oldest first."""

    def close_case(self, case_id: str, outcome: str, now: datetime) -> None: ...
    def audit(
        self,
        event: str,
        contact_id: str | None,
        detail: Mapping[str, Any],
        now: datetime,
        *,
        actor_id: str | None = None,
        household_id: str | None = None,
    ) -> None:
        """Write a line of the audit trail. actor_id: whoever of the staff did it; detail: no content of a message."""

    def count_audits(self, event: str, contact_id: str, since: datetime) -> int:
        """How often something happened to a contact: the measure of every rate limit."""

    # --- the rights over one's data
    def inbound_of(self, contact_id: str) -> list[InboundMessage]:
        """Everything a contact wrote, oldest first."""

    def erase_contact(self, contact_id: str, receipt: str, keep_address: str | None, now: datetime) -> str | None:
        """Delete everything about a contact; the id of the empty contact that holds `keep_address`, if given."""

    def note_receipt(self, outbox_id: str, now: datetime) -> None:
        """Remember that this message is the receipt of an erasure, to be settled once it is out."""

    def pending_erasures(self, now: datetime) -> list[tuple[Leftover, str]]:
        """What erasures left to be swept and may be swept now, as (kind, id)."""

    def settle(self, kind: Leftover, pending_id: str) -> None: ...
    def settle_receipt(self, outbox_id: str, now: datetime) -> bool:
        """Delete a receipt that is out, and what it went through; False while it has to be sent."""

    def clear_screen(self, sid: str, now: datetime) -> None: ...


class Store(Protocol):
    """Durable memory."""

    def transaction(self, *, write: bool = True) -> AbstractContextManager[Tx]: ...
    def compact(self) -> bool:
        """Leave nothing of deleted rows in the files; False while others are at work: try again."""

    def ping(self) -> None:
        """Raise if the database does not answer."""


class RenderedText(Protocol):
    """A text made ready for one channel."""

    @property
    def content_id(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def text(self) -> str: ...
    @property
    def buttons(self) -> Sequence[Mapping[str, str]]: ...
    @property
    def template(self) -> str | None: ...
    @property
    def template_variables(self) -> Mapping[str, str]:
        """The values of the template's gaps by number; empty where there is no template."""

    @property
    def title(self) -> str: ...
    @property
    def next(self) -> Sequence[str]:
        """Ids of the natural next questions, in the order of their numbers in the text."""


class ContentHead(Protocol):
    """What stands at the head of a text: where its facts come from, and who answers for it until when."""

    @property
    def id(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def audience(self) -> Sequence[str]: ...
    @property
    def sources(self) -> Sequence[str]: ...
    @property
    def confidence(self) -> str | None: ...
    @property
    def reviewed_on(self) -> date: ...
    @property
    def review_by(self) -> date: ...
    @property
    def status(self) -> str: ...
    @property
    def signed_off_by(self) -> str | None: ...
    @property
    def signed_off_on(self) -> date | None: ...
    @property
    def clinical(self) -> bool:
        """Whether it may not be sent after its review date."""


class Content(Protocol):
    """Every sentence a family reads."""

    def ids(self) -> Sequence[str]: ...
    def get(self, content_id: str) -> ContentHead: ...
    def render(self, content_id: str, channel: str, today: date, **vars: Any) -> RenderedText: ...
    def draft(self, content_id: str, channel: str, today: date, **vars: Any) -> RenderedText:
        """As render, but even if its review is overdue: to be looked at, never to be sent."""

    def page(self, name: str, **vars: Any) -> str:
        """A self-contained HTML page about the texts, from the template of that name."""

    @property
    def templates(self) -> Mapping[str, Template]:
        """WhatsApp templates by the name texts call them."""

    def template_text(self, name: str, values: Mapping[str, str]) -> str | None:
        """What a family reads of a template with these values; None if Meta words it or it does not take them."""


class LanguageVerdict(Protocol):
    """In which language a message is written."""

    @property
    def language(self) -> str: ...
    @property
    def confidence(self) -> float: ...
    @property
    def indonesian(self) -> bool: ...


class Gateway(Protocol):
    """A provider. Never raises for what a provider or the network may do: every fate is a value."""

    name: str

    def send(self, request: SendRequest) -> SendOutcome: ...
    def lookup(self, message: OutboxMessage) -> LookupOutcome:
        """Ask the provider whether it has this message of ours."""

    def verdict(self, error_code: str, template: str | None) -> SendOutcome | None:
        """What an error code in a status callback means for its message; None for a code that says nothing more."""

    def inbound_since(self, since: datetime) -> Sequence[InboundForm] | CannotTell:
        """What people sent us since then, as the provider lists it; no buttons' payloads are in such a list."""


class EngineUnavailable(RuntimeError):
    """The conversation engine cannot be reached or does not answer in time; the message must wait."""


class EngineFailed(RuntimeError):
    """The conversation engine answered, but could not make a turn of this message."""


class Engine(Protocol):
    """The conversation engine (Rasa). Asking twice with one inbound id gives the first answer again."""

    async def turn(self, contact_id: str, inbound_id: str, text: str, metadata: Mapping[str, Any]) -> Turn: ...
