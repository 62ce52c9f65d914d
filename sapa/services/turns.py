"""What a turn came to, kept from the transaction that does it until it is answered.

Between the two a process may die: then the same message is worked on again, by whoever takes it up. It must not be
understood a second time, against records the first time has changed ("ganti ke pil" is no change once it is made). So
what was said and where the dialogue stands are written down with the deed itself, one turn a contact, for that while.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from sapa.services.journeys.conductor import Turned
from sapa.services.ports import Tx
from sapa.services.records import Reply

_KEY = "turn:"


def done_before(tx: Tx, contact_id: str, inbound_id: str) -> Turned | None:
    """What this message came to when it was worked on before; None if it was not."""
    kept = tx.setting(_KEY + contact_id)
    if kept is None:
        return None
    turn: dict[str, Any] = json.loads(kept)
    if turn["inbound"] != inbound_id:
        return None
    return Turned(tuple(Reply(key, said, picture) for key, said, picture in turn["replies"]), turn["state"])


def keep(tx: Tx, contact_id: str, inbound_id: str, turned: Turned, now: datetime) -> None:
    """Keep what a message came to. It goes with `forget`, and with the person if that is what the turn was about."""
    replies = [[reply.key, dict(reply.vars), reply.picture] for reply in turned.replies]
    turn = {"inbound": inbound_id, "replies": replies, "state": turned.state}
    tx.set_setting(_KEY + contact_id, json.dumps(turn), now)


def forget(tx: Tx, contact_id: str) -> None:
    """The turn is answered: nothing of it need be kept."""
    tx.drop_setting(_KEY + contact_id)
