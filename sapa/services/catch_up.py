"""Messages the webhook never got: the provider lists them, and what is not here yet is taken in.

Twilio calls a webhook again only after a failed connect (and only if told to), so what came in while the edge was down
would be lost without this. Such a list carries no button payloads and no names; the text of the button is there.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sapa.services.deps import Deps
from sapa.services.inbound import receive_message
from sapa.services.records import CannotTell

# Asked again about the time before: the provider's list and its clock may lag behind ours.
OVERLAP = timedelta(minutes=15)
# After a long outage no further back than this: what is older, a human has to answer for.
FURTHEST = timedelta(days=3)
_KEY = "inbound-caught-up"


def catch_up_inbound(deps: Deps, now: datetime) -> int:
    """Take in what people wrote and the webhook missed; how many messages. Looks only every few minutes.

    What belongs to somebody who has been erased stays forgotten although the provider still lists it.
    """
    with deps.store.transaction(write=False) as tx:
        said = tx.setting(_KEY)
    last = datetime.fromisoformat(said) if said else None
    # A clock that was ahead and went back must not keep us from asking until it gets there again.
    if last is not None and timedelta(0) <= now - last < deps.catch_up:
        return 0
    since = max((min(last, now) if last is not None else now) - OVERLAP, now - FURTHEST)
    listed = deps.gateway.inbound_since(since)
    if isinstance(listed, CannotTell):
        return 0
    taken = 0
    for form in sorted(listed, key=lambda one: one.sent_at or now):
        with deps.store.transaction(write=False) as tx:
            known = tx.has_inbound(form.provider_sid) or tx.was_erased(form.provider_sid)
        if not known and receive_message(deps, form, now).new:
            taken += 1
    with deps.store.transaction() as tx:
        tx.set_setting(_KEY, now.isoformat(), now)
        tx.forget_erased_sids(now - FURTHEST - OVERLAP)
        if taken:
            tx.audit("inbound_caught_up", None, {"count": taken}, now)
    return taken
