"""Telling a contact something that somebody else's message brought about: a seat taken, a number changed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sapa.messaging.quiet_hours import next_allowed
from sapa.messaging.states import Channel, Kind
from sapa.services.deps import Deps
from sapa.services.households import family_of_contact, seen_by
from sapa.services.ports import Tx
from sapa.services.records import Address, OutboxDraft, Reply
from sapa.services.replies import render_reply, sms_form

NOTICE_PRIORITY = 40


def tell(
    deps: Deps, tx: Tx, contact_id: str, reply: Reply, now: datetime, key: str, *, address: Address | None = None
) -> str | None:
    """Queue a notice to a contact (or to one of their addresses), outside quiet hours; its outbox id.

    None where there is no address, or where a notice with this `key` was queued before.
    """
    address = address or preferred(tx.addresses_of(contact_id))
    if address is None:
        return None
    family = seen_by(tx, contact_id, family_of_contact(tx, contact_id, now, deps.default_timezone))
    rendered = render_reply(deps, reply, address.channel, family)
    return tx.queue(
        OutboxDraft(
            dedupe_key=f"notice:{key}",
            contact_id=contact_id,
            address_id=address.id,
            channel=address.channel,
            kind=Kind.NOTICE,
            content_id=rendered.content_id,
            text=rendered.text,
            buttons=tuple(rendered.buttons),
            options=tuple(reply.vars.get("labels", ())),
            template=rendered.template,
            template_variables=rendered.template_variables,
            not_before=next_allowed(now, family.timezone, family.quiet_hours),
            priority=NOTICE_PRIORITY,
            sms_text=sms_form(deps, reply, address, family),
        ),
        now,
    )


def preferred(addresses: Sequence[Address]) -> Address | None:
    """WhatsApp where there is one, else SMS."""
    by_channel = {address.channel: address for address in addresses}
    return by_channel.get(Channel.WHATSAPP) or by_channel.get(Channel.SMS)
