"""Out it goes: claim, send, record. And what to do when nobody knows whether it went."""

from __future__ import annotations

from datetime import datetime, timedelta

from sapa.messaging.states import Channel
from sapa.services.deps import Deps
from sapa.services.records import OutboxMessage, Refused, SendOutcome, SendRequest, StatusForm

# With pauses that double this is about 20 minutes for a provider that is busy and a day for one that is away.
MAX_SEND_ATTEMPTS = 8
# WhatsApp lets us write freely for 24 hours after the person's last message. Its clock is not ours: keep a margin.
WHATSAPP_WINDOW = timedelta(hours=24)
WINDOW_MARGIN = timedelta(minutes=15)
# A template value may hold no newline and the whole message 1,024 characters (Meta).
_TEMPLATE_VALUE_MAX = 900


def claim_batch(deps: Deps, owner: str, now: datetime, lease: timedelta, limit: int) -> list[OutboxMessage]:
    """Lease the next messages to send. The transaction ends here: no lock is held while a provider is spoken to."""
    with deps.store.transaction(write=False) as tx:
        if not tx.has_sendable(now):
            return []
    with deps.store.transaction() as tx:
        return tx.claim_outbox(owner, now, now + lease, limit)


def send_one(deps: Deps, owner: str, message: OutboxMessage, now: datetime) -> SendOutcome:
    """Send a claimed message and record its fate."""
    request = build_request(deps, message, now)
    outcome: SendOutcome = request if isinstance(request, Refused) else deps.gateway.send(request)
    with deps.store.transaction() as tx:
        tx.record_send(message.id, owner, outcome, now, MAX_SEND_ATTEMPTS)
        if isinstance(outcome, Refused) and outcome.alert:
            tx.audit("send_alert", None, {"code": outcome.error_code, "content": message.content_id}, now)
    return outcome


def window_open(message: OutboxMessage, now: datetime) -> bool:
    """Whether free text may be sent: always by SMS, on WhatsApp for 24 hours after the person last wrote."""
    if message.channel is Channel.SMS:
        return True
    if message.last_inbound_at is None:
        return False
    return now - message.last_inbound_at < WHATSAPP_WINDOW - WINDOW_MARGIN


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
    sid = deps.content_sids.get(message.template or "")
    if message.template is None or (sid is None and not deps.templates_always):
        # Not lost: the row says why it could not go, and a human is told.
        return Refused(error_code="no_template", retry_after_s=None, alert=True)
    return SendRequest(
        outbox_id=message.id,
        to=message.to,
        channel=message.channel,
        text=None,
        content_sid=sid or f"simulated:{message.template}",
        content_variables=message.template_variables or template_variables(message.text),
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


def reconcile(deps: Deps, now: datetime, limit: int = 50) -> dict[str, int]:
    """Ask the provider about messages whose sender never came back; what it surely never had is sent again.

    Returns how many came out in each state.
    """
    with deps.store.transaction(write=False) as tx:
        if not tx.has_unsettled(now):
            return {}
    with deps.store.transaction() as tx:
        doubtful = tx.expired_sending(now, limit)
    settled: dict[str, int] = {}
    for message in doubtful:
        outcome = deps.gateway.lookup(message)
        with deps.store.transaction() as tx:
            state = tx.resolve_unknown(message.id, outcome, now)
        settled[state.value] = settled.get(state.value, 0) + 1
    return settled


def record_status(deps: Deps, form: StatusForm, now: datetime) -> bool:
    """Keep a provider's status callback; the message's state never goes backwards. False for a repeat."""
    with deps.store.transaction() as tx:
        return tx.record_status(form, now)
