"""The rights over one's data: see all of it, take it away as a file, have it erased.

The file is one HTML page: anybody's telephone opens it, and the same data stands in it once more as JSON, in an element
of its own (`<script type="application/json" id="data">`), so that a program can read it too. It is fetched under an
address nobody can guess and is gone after a day.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sapa.family.people import Child, Family
from sapa.family.reading.rights import wants_file, wants_to_see
from sapa.messaging.states import Channel, Kind, ReminderState
from sapa.services.consents import CHILD_CARE, PREGNANCY_CARE, SEAT, TOPIC_PURPOSE
from sapa.services.deps import Deps
from sapa.services.households import family_of_contact, seen_by
from sapa.services.ports import Tx
from sapa.services.records import Contact, InboundMessage, Leftover, OutboxDraft, Picture, ReminderRow, Reply
from sapa.services.replies import PICTURE_PATH, PNG, REPLY_PRIORITY, render_reply
from sapa.services.topics import stopped_topics

SHOWN = "dialog/profil"
# The reply that ends an erasure: whoever queues it calls `erase` in its place.
RECEIPT = "dialog/hapus/tanda-terima"
FILE_PAGE = "id/dialog/data-saya/berkas.html.j2"
FILE_TYPE = "text/html"
# How long the address of a data file works, and how long that of a picture, which a slow phone fetches late. The
# figures are ours.
FILE_LIFE = timedelta(hours=24)
PICTURE_LIFE = timedelta(days=30)
_LIVES = {FILE_TYPE: FILE_LIFE, PNG: PICTURE_LIFE}
# A reminder whose reader is named so is one person's own (sapa.family.planned).
_ONE_READER = "contact:"


class NobodyThere(LookupError):
    """No contact has this address."""


@dataclass(frozen=True)
class Erased:
    """What an erasure is known by afterwards."""

    receipt: str
    at: datetime


# ----------------------------------------------------------------------------------------------------------- to see it


def my_data(deps: Deps, tx: Tx, contact_id: str, now: datetime) -> tuple[Reply, ...]:
    """ "Data saya": all that is kept, in plain words; the conversation itself is in the file."""
    kept = gather(deps, tx, contact_id, now)
    shown = {name: value for name, value in kept.items() if name not in ("messages", "addresses", "coming")}
    return (Reply(SHOWN, {**shown, "contact_name": kept["name"], "reminders_on": kept["stopped_at"] is None}),)


def gather(deps: Deps, tx: Tx, contact_id: str, now: datetime) -> dict[str, Any]:
    """Everything that is kept of a contact, as JSON: its own data and those of the household it follows.

    What is one person's alone (a method of contraception, a screening) is shown to that person alone.
    """
    contact = _contact(tx, contact_id)
    family = seen_by(tx, contact_id, family_of_contact(tx, contact_id, now, deps.default_timezone))
    household_id = contact.household_id
    follows_pregnancies = _follows(tx, contact_id, PREGNANCY_CARE)
    return {
        "made_on": family.today.isoformat(),
        "name": contact.name,
        "relation": contact.relation or None,
        "since": contact.created_at.isoformat(),
        "stopped_at": contact.opted_out_at.isoformat() if contact.opted_out_at else None,
        "addresses": [
            {"channel": address.channel.value, "address": address.phone or address.value}
            for address in tx.addresses_of(contact_id)
        ],
        "children": [_child(child) for child in family.children],
        "former_children": _former_children(tx, household_id) if _follows(tx, contact_id, CHILD_CARE) else [],
        "pregnancy": _pregnancy(tx, household_id, contact_id, follows_pregnancies),
        "postpartum": _postpartum(family),
        "wedding": _wedding(family, contact_id),
        "contraception": _contraception(tx, contact_id),
        "posyandu": {"name": family.posyandu.name} if family.posyandu else None,
        "province": family.province,
        "members": [
            {"relation": member.relation or None, "name": member.name}
            for member in family.members
            if member.contact_id != contact_id
        ],
        "consents": _consents(tx, contact_id),
        "stopped_topics": sorted(stopped_topics(tx, contact_id)),
        "coming": _coming(tx, household_id, contact_id),
        "messages": _messages(tx, contact_id),
    }


def _contact(tx: Tx, contact_id: str) -> Contact:
    contact = tx.contact(contact_id)
    if contact is None:
        raise NobodyThere(contact_id)
    return contact


def _child(child: Child) -> dict[str, Any]:
    return {
        "name": child.name,
        "sex": child.sex.value if child.sex else None,
        "birth_date": child.birth_date.isoformat(),
        "birth_weight_g": child.birth_weight_g,
        "birth_weeks": child.birth_weeks,
        "special_care": child.special_care,
        "doses": [
            {"dose": dose, "given_on": on.isoformat()}
            for dose, on in sorted(child.doses.items(), key=lambda item: (item[1], item[0]))
        ],
        "measurements": [
            {
                "date": taken.date.isoformat(),
                "weight_kg": taken.weight_kg,
                "lenhei_cm": taken.lenhei_cm,
                "measure": taken.measure or None,
            }
            for taken in child.measurements
        ],
        "reason": None,
        "ended_on": None,
    }


def _former_children(tx: Tx, household_id: str | None) -> list[dict[str, Any]]:
    if household_id is None:
        return []
    return [
        {**_child(child), "reason": reason, "ended_on": on.isoformat()}
        for child, reason, on in tx.ended_children_of(household_id)
    ]


def _pregnancy(tx: Tx, household_id: str | None, contact_id: str, follows: bool) -> dict[str, Any] | None:
    last = tx.last_pregnancy_of(household_id) if household_id is not None else None
    if last is None or not (follows or last[0].contact_id == contact_id):
        return None
    pregnancy, outcome, ended_on = last
    return {
        "lmp": pregnancy.lmp.isoformat(),
        "edd": pregnancy.edd.isoformat(),
        "dated_by": pregnancy.dated_by,
        "multiple": pregnancy.multiple,
        "next_visit_on": pregnancy.next_visit_on.isoformat() if pregnancy.next_visit_on else None,
        "visits": [{"visit": visit, "on": on.isoformat()} for visit, on in sorted(pregnancy.anc.items())],
        "outcome": outcome,
        "ended_on": ended_on.isoformat() if ended_on else None,
    }


def _postpartum(family: Family) -> dict[str, Any] | None:
    birth = family.postpartum
    if birth is None:
        return None
    visits = [{"visit": visit, "on": on.isoformat()} for visit, on in sorted(birth.visits.items())]
    return {"birth_date": birth.birth_date.isoformat(), "visits": visits}


def _wedding(family: Family, contact_id: str) -> dict[str, Any] | None:
    if family.wedding is None:
        return None
    own = next((s for s in family.wedding.screenings if s.contact_id == contact_id), None)
    return {
        "date": family.wedding.date.isoformat() if family.wedding.date else None,
        "screened_on": family.wedding.screened_on.isoformat() if family.wedding.screened_on else None,
        # The partner's answers are the partner's.
        "answers": dict(own.answers) if own is not None else None,
    }


def _contraception(tx: Tx, contact_id: str) -> dict[str, Any] | None:
    own = tx.contraception_of(contact_id)
    if own is None:
        return None
    return {
        "method": own.method,
        "last_date": own.last_date.isoformat() if own.last_date else None,
        "return_on": own.return_on.isoformat() if own.return_on else None,
    }


def _consents(tx: Tx, contact_id: str) -> list[dict[str, Any]]:
    return [
        {"purpose": row.purpose, "granted": row.granted, "on": row.at.isoformat(), "wording": row.wording}
        for row in tx.consents_of(contact_id)
        if not row.purpose.startswith(TOPIC_PURPOSE)
    ]


def _coming(tx: Tx, household_id: str | None, contact_id: str) -> list[dict[str, Any]]:
    """What is planned for this contact, or may reach them: not what is somebody else's alone."""
    rows = tx.reminders_of(household_id) if household_id is not None else []
    return [
        {"send_at": row.send_at.isoformat(), "about": row.due_on.isoformat(), "content": row.content_id}
        for row in rows
        if row.state is ReminderState.PLANNED and _may_read(tx, row, contact_id)
    ]


def _may_read(tx: Tx, row: ReminderRow, contact_id: str) -> bool:
    if row.to.startswith(_ONE_READER):
        return row.to == _ONE_READER + contact_id
    return _follows(tx, contact_id, row.purpose)


def _follows(tx: Tx, contact_id: str, purpose: str) -> bool:
    """Whether the household's records of a purpose are shown: to a seat, those it agreed to follow."""
    return not tx.has_consent(contact_id, SEAT) or tx.has_consent(contact_id, purpose)


def _messages(tx: Tx, contact_id: str) -> list[dict[str, Any]]:
    said = [(message.received_at, "in", message.body) for message in tx.inbound_of(contact_id)] + [
        (message.created_at, "out", message.text) for message in tx.outbox_of(contact_id)
    ]
    return [{"at": at.isoformat(), "direction": way, "text": words} for at, way, words in sorted(said)]


# -------------------------------------------------------------------------------------------------- to take it away


def data_file(deps: Deps, tx: Tx, contact_id: str, now: datetime) -> str:
    """The file, as HTML text (UTF-8)."""
    kept = gather(deps, tx, contact_id, now)
    # "</script>" in a message must not end the element the data stand in.
    machine = json.dumps(kept, ensure_ascii=False, indent=1).replace("<", "\\u003c")
    titles = {entry["content"]: deps.content.get(entry["content"]).title for entry in kept["coming"]}
    return deps.content.page(FILE_PAGE, data=kept, titles=titles, machine=machine)


def offer_file(deps: Deps, tx: Tx, contact_id: str, now: datetime) -> Reply:
    """Make the file and say where it can be fetched."""
    file_id = f"{secrets.token_urlsafe(24)}.html"
    tx.save_picture(Picture(file_id, contact_id, FILE_TYPE, data_file(deps, tx, contact_id, now).encode()), now)
    tx.audit("data_exported", contact_id, {}, now)
    hours = int(FILE_LIFE.total_seconds() // 3600)
    return Reply("dialog/data-saya/unduh", {"link": f"{deps.public_url}{PICTURE_PATH}{file_id}", "hours": hours})


def record(deps: Deps, tx: Tx, contact_id: str, text: str, label: str, now: datetime) -> tuple[Reply, ...] | None:
    """ "Data saya", "unduh data": shown or handed over at once. None for any other message."""
    if wants_file(text):
        return (offer_file(deps, tx, contact_id, now),)
    if wants_to_see(text):
        return my_data(deps, tx, contact_id, now)
    return None


# ------------------------------------------------------------------------------------------------------- to erase it


def receipt_number(inbound_id: str, now: datetime) -> str:
    """The number of a receipt: from the message that asked, the same however often the turn is done."""
    digits = hashlib.sha256(f"erase:{inbound_id}".encode()).hexdigest()[:8].upper()
    return f"HD-{now:%y%m%d}-{digits}"


def erase(deps: Deps, tx: Tx, message: InboundMessage, reply: Reply, now: datetime) -> Erased:
    """Erase the contact that wrote `message` and queue the receipt `reply` in the same transaction.

    The reply's vars: receipt, day. Called by whoever would queue the reply, after the message was marked as answered.
    From here on the contact does not exist; the receipt goes to an empty one, which goes when it is out (`sweep`).
    """
    family = family_of_contact(tx, message.contact_id, now, deps.default_timezone)
    rendered = render_reply(deps, reply, message.channel, family)
    receipt = str(reply.vars["receipt"])
    shell = tx.erase_contact(message.contact_id, receipt, message.address_id, now)
    assert shell is not None
    outbox_id = tx.queue(
        OutboxDraft(
            dedupe_key=f"receipt:{receipt}",
            contact_id=shell,
            address_id=message.address_id,
            channel=message.channel,
            kind=Kind(rendered.kind),
            content_id=rendered.content_id,
            text=rendered.text,
            in_reply_to=message.id,
            priority=REPLY_PRIORITY,
            exempt_from_opt_out=True,
            forget_when_sent=True,
        ),
        now,
    )
    if outbox_id is not None:
        tx.note_receipt(outbox_id, now)
    tx.audit("erased", None, {"receipt": receipt, "by": "self"}, now)
    return Erased(receipt, now)


def forget(deps: Deps, address: str, now: datetime) -> Erased:
    """Erase the contact behind an address (either channel), without a message to it. Raises NobodyThere."""
    with deps.store.transaction() as tx:
        contact_id = find_contact(tx, address)
        receipt = receipt_number(contact_id, now)
        tx.erase_contact(contact_id, receipt, None, now)
        tx.audit("erased", None, {"receipt": receipt, "by": "operator"}, now)
    return Erased(receipt, now)


def find_contact(tx: Tx, address: str) -> str:
    """The contact behind an address: "+62812..." or a channel's own id. Raises NobodyThere."""
    for channel in Channel:
        contact_id = tx.contact_id_for(channel, address.strip())
        if contact_id is not None:
            return contact_id
    raise NobodyThere(address)


def sweep(deps: Deps, now: datetime, forget_dialogue: Callable[[str], object] | None = None) -> int:
    """Finish what erasures left: the dialogue engine's memory, receipts that are out, free pages of the files.

    Cheap when there is nothing to do. forget_dialogue deletes a conversation by its contact id; without it (a process
    that does not know the engine's memory) that part waits for one that does. Returns how many things were finished;
    what raises is left for the next time. Call it after a receipt was sent, and from time to time.
    """
    with deps.store.transaction(write=False) as tx:
        pending = tx.pending_erasures(now)
    if not pending:
        return 0
    rows = [entry for entry in pending if entry[0] is not Leftover.FILES]
    # The dialogue engine's memory last: while it cannot be reached, the rest is done all the same.
    rows.sort(key=lambda entry: entry[0] is Leftover.DIALOGUE)
    done = sum(_finish_one(deps, kind, pending_id, now, forget_dialogue) for kind, pending_id in rows)
    # Last, so that what was just deleted goes too; struck off when nothing more is to come.
    if (done or not rows) and deps.store.compact():
        with deps.store.transaction() as tx:
            if all(kind is Leftover.FILES for kind, _ in tx.pending_erasures(now)):
                tx.settle(Leftover.FILES, "")
    return done


def _finish_one(
    deps: Deps, kind: Leftover, pending_id: str, now: datetime, forget_dialogue: Callable[[str], object] | None
) -> bool:
    """Finish one entry of the list; False if it must wait."""
    if kind is Leftover.DIALOGUE:
        if forget_dialogue is None:
            return False
        forget_dialogue(pending_id)
    with deps.store.transaction() as tx:
        if kind is Leftover.RECEIPT:
            return tx.settle_receipt(pending_id, now)
        if kind is Leftover.SCREEN:
            tx.clear_screen(pending_id, now)
        else:
            tx.settle(kind, pending_id)
    return True


def fetch(deps: Deps, picture_id: str, now: datetime) -> Picture | None:
    """The picture or file of an address; None where there is none (any more). To know the address is all it takes."""
    with deps.store.transaction(write=False) as tx:
        found = tx.picture(picture_id)
    if found is None or found.made_at is None or now >= found.made_at + _LIVES.get(found.content_type, FILE_LIFE):
        return None
    return found


def drop_old_files(deps: Deps, now: datetime) -> int:
    """Delete pictures and data files whose address has expired; how many. For the clock; cheap when there are none."""
    with deps.store.transaction(write=False) as tx:
        old = [kind for kind, life in _LIVES.items() if tx.has_old_pictures(kind, now - life)]
    if not old:
        return 0
    with deps.store.transaction() as tx:
        return sum(tx.drop_old_pictures(kind, now - _LIVES[kind]) for kind in old)


def as_json(kept: Mapping[str, Any]) -> str:
    """What `gather` gave, for `sapa export --json`."""
    return json.dumps(kept, ensure_ascii=False, indent=2)
