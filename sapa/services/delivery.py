"""Out it goes: claim, send, record. And what to do when nobody knows whether it went.

Creating a message at the provider knows no idempotency key. So a message is claimed in one transaction, sent without
one, and recorded in a third; docs/delivery.md says what happens to it at every point where a process may die.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sapa.messaging.cost import cost_of
from sapa.messaging.sms import sms_parts
from sapa.messaging.states import Channel, OutboxState
from sapa.services.deps import Deps
from sapa.services.ports import Tx
from sapa.services.records import (
    Address,
    Found,
    OutboxDraft,
    OutboxMessage,
    Refused,
    SendOutcome,
    SendRequest,
    Sent,
    StatusForm,
    Tried,
)
from sapa.services.templates import mark_template

# With pauses that double this is about 20 minutes for a provider that is busy and a day for one that is away.
MAX_SEND_ATTEMPTS = 8
# WhatsApp lets us write freely for 24 hours after the person's last message. Its clock is not ours: keep a margin.
WHATSAPP_WINDOW = timedelta(hours=24)
WINDOW_MARGIN = timedelta(minutes=15)
OPEN_FOR = WHATSAPP_WINDOW - WINDOW_MARGIN
# A message that has no end of its own is given up after this long.
KEPT = timedelta(days=7)
# A template value may hold no newline and the whole message 1,024 characters (Meta).
_TEMPLATE_VALUE_MAX = 900
# How often a message that failed at the provider for a passing reason is sent anew.
_NEW_TRIES = 3
_HELD_TRIES = 20
TEXT, TEMPLATE, SMS = "text", "template", "sms"
NO_TEMPLATE = "no_template"
BAD_VALUES = "template_changed"
# What the provider calls a template that may not be used, and how ours is marked then.
_TEMPLATE_STATES = {"63041": "paused", "63042": "disabled", "63040": "rejected"}
LEASE_OVER = "lease_over"


def claim_batch(
    deps: Deps, owner: str, now: datetime, lease: timedelta, limit: int, *, surely: bool = False
) -> list[OutboxMessage]:
    """Lease the next messages to send. The transaction ends here: no lock is held while a provider is spoken to.

    surely: do not ask first whether there are any, which saves a question where there just were some.
    """
    if not surely:
        with deps.store.transaction(write=False) as tx:
            if not tx.has_sendable(now):
                return []
    with deps.store.transaction() as tx:
        return tx.claim_outbox(owner, now, now + lease, limit, pace=deps.person_pace, window=OPEN_FOR)


def attempt(deps: Deps, message: OutboxMessage, now: datetime) -> Tried:
    """Send a claimed message; what became of it is still to be recorded. Asks nothing of the database."""
    form = form_of(message, now)
    request = build_request(deps, message, now)
    outcome: SendOutcome = request if isinstance(request, Refused) else deps.gateway.send(request)
    # Nothing is billed for pictures beside the text, and nothing for a template's own words.
    parts = sms_parts(message.text) if form == SMS else 1
    return Tried(message.id, outcome, form, parts, cost_of(deps.prices, form, parts))


def record(deps: Deps, owner: str, batch: Sequence[tuple[OutboxMessage, Tried]], now: datetime) -> None:
    """Write down what became of many messages in one transaction, and act on it: holds, stand-ins, alerts."""
    with deps.store.transaction() as tx:
        recorded = tx.record_sends(owner, [tried for _, tried in batch], now, MAX_SEND_ATTEMPTS, deps.settle)
        for failed in recorded.failed:
            _act_on_failure(deps, tx, failed, failed.error_code or "", now)
        ours = set(recorded.ours)
        held = tx.holds()
        for message, tried in batch:
            if message.id not in ours:
                continue
            if isinstance(tried.outcome, Refused):
                _act_on_refusal(deps, tx, message, tried.outcome, now)
            elif held and isinstance(tried.outcome, Sent):
                _end_holds(tx, message, tried, now)


def send_one(deps: Deps, owner: str, message: OutboxMessage, now: datetime) -> SendOutcome:
    """Send a claimed message and record its fate."""
    tried = attempt(deps, message, now)
    record(deps, owner, [(message, tried)], now)
    return tried.outcome


def window_open(message: OutboxMessage, now: datetime) -> bool:
    """Whether free text may be sent: always by SMS, on WhatsApp for 24 hours after the person last wrote."""
    if message.channel is Channel.SMS:
        return True
    if message.last_inbound_at is None or message.force_template:
        return False
    return now - message.last_inbound_at < OPEN_FOR


def form_of(message: OutboxMessage, now: datetime) -> str:
    """In which form a message goes now: text, template or sms."""
    if message.channel is Channel.SMS:
        return SMS
    return TEXT if window_open(message, now) else TEMPLATE


def build_request(deps: Deps, message: OutboxMessage, now: datetime) -> SendRequest | Refused:
    """The request for the provider: free text inside the window, an approved template outside it."""
    media = tuple(item.url for item in message.media)
    if window_open(message, now):
        return SendRequest(
            outbox_id=message.id,
            to=message.to,
            channel=message.channel,
            text=message.text,
            media_urls=media,
            buttons=message.buttons,
            rendered=message.text,
            kind=message.kind,
            content_id=message.content_id,
        )
    if message.template is None:
        # Nothing WhatsApp would take: by SMS, if there is a number, else it is reported.
        return Refused(error_code=NO_TEMPLATE, retry_after_s=None, alert=True, switch=SMS)
    sid = deps.content_sids.get(message.template) or message.content_sid
    if sid is None and not deps.templates_always:
        # Not lost: it waits until the template is approved or its own time is over, and a human is told.
        return Refused(NO_TEMPLATE, 0.0, hold=f"template:{message.template}", waits=True, alert=True)
    values = message.template_variables or template_variables(message.text)
    known = deps.content.templates.get(message.template)
    if known is not None and not known.takes(values):
        # Its template was given other gaps since it was queued: half filled it would say something else.
        return Refused(BAD_VALUES, retry_after_s=None, alert=True, switch=SMS)
    return SendRequest(
        outbox_id=message.id,
        to=message.to,
        channel=message.channel,
        text=None,
        content_sid=sid or f"simulated:{message.template}",
        content_variables=values,
        media_urls=media,
        buttons=message.buttons,
        rendered=message.text,
        template=message.template,
        kind=message.kind,
        content_id=message.content_id,
    )


def template_variables(text: str) -> dict[str, str]:
    """The text as the one value of a template: one line, within WhatsApp's length."""
    return {"1": " ".join(text.split())[:_TEMPLATE_VALUE_MAX]}


def lease_over() -> Refused:
    """The lease of a message ended before its request left: somebody else may hold it now, so it is not sent."""
    return Refused(LEASE_OVER, 0.0, waits=True)


# --------------------------------------------------------------------------------------------- what a refusal asks for


def _act_on_refusal(deps: Deps, tx: Tx, message: OutboxMessage, refused: Refused, now: datetime) -> None:
    if refused.hold is not None and tx.hold(refused.hold, refused.error_code, now):
        tx.audit("sending_held", None, {"scope": refused.hold, "code": refused.error_code}, now)
    if refused.error_code in _TEMPLATE_STATES and message.template is not None:
        mark_template(tx, message.template, _TEMPLATE_STATES[refused.error_code], refused.error_code, now)
    if refused.alert and refused.hold is None:
        tx.audit("send_alert", None, {"code": refused.error_code, "content": message.content_id}, now)
    if refused.switch is not None and refused.retry_after_s is None:
        queue_in_other_form(tx, message, refused.switch, now)


def _end_holds(tx: Tx, message: OutboxMessage, tried: Tried, now: datetime) -> None:
    """What was sent shows that its way is open again. Messages already under way when it was closed show nothing."""
    scopes = ["all", message.channel.value]
    if tried.form == TEMPLATE and message.template is not None:
        scopes.append(f"template:{message.template}")
    for hold in tx.holds():
        # A probe moved the probe's time to the future at or after it was claimed; what was under way did not.
        if hold.scope in scopes and now - hold.since >= _UNDER_WAY and tx.release_hold(hold.scope):
            tx.audit("sending_resumed", None, {"scope": hold.scope}, now)


# How long after a hold began a message claimed before it may still come back as sent.
_UNDER_WAY = timedelta(minutes=2)


def queue_in_other_form(tx: Tx, message: OutboxMessage, form: str, now: datetime) -> str | None:
    """Queue the same message as a template or an SMS in place of the one that cannot arrive; its id.

    None where there is no such form for this message, or it was queued before.
    """
    # Whoever sends is not handed what only an SMS would need.
    message = tx.outbox_message(message.id) or message
    if form == TEMPLATE and message.template is not None and not message.force_template:
        return tx.queue_stand_in(_stand_in(message, force_template=True), now)
    if form == SMS and message.channel is Channel.WHATSAPP:
        address = _sms_address(tx, message, now)
        if address is not None and message.sms_text:
            return tx.queue_stand_in(_stand_in(message, address=address, text=message.sms_text), now)
    return None


def _sms_address(tx: Tx, message: OutboxMessage, now: datetime) -> Address | None:
    """Where an SMS reaches the person: only under a number we know; who hides it cannot get one."""
    if message.phone is None:
        return None
    contact, address = tx.contact_for_address(Channel.SMS, message.phone, message.phone, now)
    return address if contact.id == message.contact_id else None


def _stand_in(
    message: OutboxMessage,
    *,
    address: Address | None = None,
    text: str | None = None,
    force_template: bool = False,
    not_before: datetime | None = None,
) -> OutboxDraft:
    by_sms = address is not None
    return OutboxDraft(
        dedupe_key=f"standin:{message.id}",
        contact_id=message.contact_id,
        address_id=address.id if address is not None else message.address_id,
        channel=Channel.SMS if by_sms else message.channel,
        kind=message.kind,
        content_id=message.content_id,
        text=text or message.text,
        buttons=() if by_sms else message.buttons,
        media=() if by_sms else message.media,
        template=message.template,
        template_variables={} if by_sms else message.template_variables,
        in_reply_to=message.in_reply_to,
        priority=message.priority,
        expires_at=message.expires_at,
        exempt_from_opt_out=message.exempt_from_opt_out,
        consent_purpose=message.consent_purpose,
        topic=message.topic,
        not_before=not_before,
        sms_text=None if by_sms else message.sms_text,
        fallback_of=message.id,
        force_template=force_template or message.force_template,
    )


# ------------------------------------------------------------------------------------------------- doubts and callbacks


def reconcile(deps: Deps, now: datetime, limit: int = 50) -> dict[str, int]:
    """Ask the provider about messages whose sender never came back; what it surely never had is sent again.

    Returns how many came out in each state.
    """
    with deps.store.transaction(write=False) as tx:
        if not tx.has_unsettled(now):
            return {}
    with deps.store.transaction() as tx:
        doubtful = tx.expired_sending(now, limit, deps.settle)
    settled: dict[str, int] = {}
    for message in doubtful:
        outcome = deps.gateway.lookup(message)
        with deps.store.transaction() as tx:
            state = tx.resolve_unknown(message.id, outcome, now, message.claimed_at)
            if state is OutboxState.FAILED and isinstance(outcome, Found):
                # The callback that would have said so was lost, or came before there was an id to know it by. Acted on
                # twice it changes nothing more.
                known = tx.outbox_message(message.id) or message
                _act_on_failure(deps, tx, known, known.error_code or outcome.error_code or "", now)
            elif state is OutboxState.FAILED:
                tx.audit("send_alert", None, {"code": "never_settled", "content": message.content_id}, now)
        settled[state.value] = settled.get(state.value, 0) + 1
    return settled


def record_status(deps: Deps, form: StatusForm, now: datetime) -> bool:
    """Keep a provider's status callback; the message's state never goes backwards. False for a repeat.

    A failure may ask for more: another form of the message, a new try, an opt-out to be learnt, sending to be stopped.
    """
    with deps.store.transaction() as tx:
        effect = tx.record_status(form, now)
        if effect.failed is not None and form.error_code:
            _act_on_failure(deps, tx, effect.failed, form.error_code, now)
        return effect.new


def _act_on_failure(deps: Deps, tx: Tx, message: OutboxMessage, code: str, now: datetime) -> None:
    as_template = message.form == TEMPLATE or message.force_template
    # A code that blames a template says nothing about one that was not used.
    verdict = deps.gateway.verdict(code, message.template if as_template else None)
    if not isinstance(verdict, Refused):
        return
    if verdict.opted_out:
        tx.set_opt_out(message.contact_id, now)
    if verdict.retry_after_s is not None:
        # What waits for others to be mended may wait often: its own time ends it.
        _queue_again(tx, message, verdict.retry_after_s, now, _HELD_TRIES if verdict.waits else _NEW_TRIES)
    _act_on_refusal(deps, tx, message, verdict, now)


def _queue_again(tx: Tx, message: OutboxMessage, after_s: float, now: datetime, tries: int) -> None:
    """The provider took it and gave it up: it surely did not arrive, so a new one may go, a few times, ever later."""
    before = _generation(tx, message, tries)
    if before < tries:
        pause = timedelta(seconds=after_s * 2 ** min(before, _NEW_TRIES))
        tx.queue_stand_in(_stand_in(message, not_before=now + pause), now)


def _generation(tx: Tx, message: OutboxMessage, most: int) -> int:
    """How many messages this one stands in for, one after the other, as far as `most`."""
    count, one = 0, message
    while one.fallback_of is not None and count < most:
        earlier = tx.outbox_message(one.fallback_of)
        if earlier is None:
            break
        count, one = count + 1, earlier
    return count


def drop_late(deps: Deps, now: datetime) -> int:
    """Give up what waits past its time; how many. Looking costs nobody the write lock."""
    with deps.store.transaction(write=False) as tx:
        if not tx.has_late(now, now - KEPT):
            return 0
    with deps.store.transaction() as tx:
        dropped = tx.drop_late(now, now - KEPT)
        if dropped:
            tx.audit("dropped_late", None, {"count": dropped}, now)
        return dropped
