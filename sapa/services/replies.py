"""From reply keys to outbox rows: the one place where a reply gets its words, channel and order."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sapa.family.people import Family
from sapa.messaging.states import Channel, Kind
from sapa.services.answers import live_vars
from sapa.services.deps import Deps
from sapa.services.households import family_of_contact, seen_by, text_facts
from sapa.services.ports import RenderedText, Tx
from sapa.services.records import Address, InboundMessage, MediaItem, OutboxDraft, Picture, Reply

REPLY_PRIORITY = 10
PICTURE_PATH = "/media/"
PNG = "image/png"
# Where a reply's picture stands once it is drawn (PNG), in place of the facts to draw.
DRAWN = "png"


def render_reply(
    deps: Deps, reply: Reply, channel: Channel, family: Family, extra: Mapping[str, Any] | None = None
) -> RenderedText:
    """The words of a reply for one channel, fitted to the family. What the reply says itself wins."""
    facts = reply_facts(deps, reply, family, extra)
    return deps.content.render(reply.key, channel.value, family.today, **facts)


def reply_facts(deps: Deps, reply: Reply, family: Family, extra: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """All a reply's text is told: the family, its live data, what the reply says itself."""
    return {
        "bot_whatsapp": deps.bot_whatsapp,
        **text_facts(family),
        **live_vars(reply.key, family),
        **(extra or {}),
        **reply.vars,
    }


def queue_replies(
    deps: Deps,
    tx: Tx,
    message: InboundMessage,
    replies: Sequence[Reply],
    now: datetime,
    *,
    kind: Kind | None = None,
    priority: int = REPLY_PRIORITY,
    exempt_from_opt_out: bool = False,
) -> None:
    """Queue the answer to a message, part by part. The dedupe keys make a second try of the same turn harmless."""
    family = seen_by(tx, message.contact_id, family_of_contact(tx, message.contact_id, now, deps.default_timezone))
    for number, reply in enumerate(replies):
        rendered = render_reply(deps, reply, message.channel, family)
        tx.queue(
            OutboxDraft(
                dedupe_key=f"reply:{message.id}:{number}",
                contact_id=message.contact_id,
                address_id=message.address_id,
                channel=message.channel,
                kind=kind or Kind(rendered.kind),
                content_id=rendered.content_id,
                text=rendered.text,
                buttons=tuple(rendered.buttons),
                media=_media(deps, tx, message, reply, now),
                options=tuple(reply.vars.get("labels", ())) or tuple(rendered.next),
                in_reply_to=message.id,
                priority=priority,
                exempt_from_opt_out=exempt_from_opt_out,
            ),
            now,
        )


def sms_form(deps: Deps, reply: Reply, address: Address, family: Family) -> str | None:
    """How an SMS would say what goes by WhatsApp, for the day it turns out that WhatsApp does not reach the person.

    None where an SMS cannot reach them either, or the message is one already.
    """
    if address.channel is not Channel.WHATSAPP or address.phone is None:
        return None
    return render_reply(deps, reply, Channel.SMS, family).text


def with_picture(deps: Deps, channel: Channel, reply: Reply) -> Reply:
    """The reply with its picture drawn; without one by SMS, and where nothing can be drawn: the text says it all."""
    if reply.picture is None or DRAWN in reply.picture:
        return reply
    if deps.draw is None or channel is not Channel.WHATSAPP:
        return replace(reply, picture=None)
    facts = {name: value for name, value in reply.picture.items() if name != "kind"}
    return replace(reply, picture={DRAWN: deps.draw(str(reply.picture["kind"]), facts)})


def _media(deps: Deps, tx: Tx, message: InboundMessage, reply: Reply, now: datetime) -> tuple[MediaItem, ...]:
    """The reply's picture as an address the provider can fetch."""
    picture = with_picture(deps, message.channel, reply).picture
    if picture is None:
        return ()
    # Unguessable: whoever has the address can see the picture.
    picture_id = f"{secrets.token_urlsafe(24)}.png"
    tx.save_picture(Picture(picture_id, message.contact_id, PNG, picture[DRAWN]), now)
    return (MediaItem(f"{deps.public_url}{PICTURE_PATH}{picture_id}", PNG),)
