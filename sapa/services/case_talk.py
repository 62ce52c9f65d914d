"""What is said because a human takes up a case: to the family, and to the staff. Queues; decides nothing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from sapa.messaging.quiet_hours import next_allowed
from sapa.messaging.sms import gsm7_unsupported, sms_parts
from sapa.messaging.states import Channel, Kind
from sapa.services.access import Staffer
from sapa.services.case_people import role_towards
from sapa.services.case_records import CaseView, Unfit
from sapa.services.case_rules import QUIET, is_urgent
from sapa.services.deps import Deps
from sapa.services.households import family_of_contact, seen_by
from sapa.services.notices import preferred
from sapa.services.ports import Tx
from sapa.services.records import Address, OutboxDraft, Reply
from sapa.services.replies import render_reply, sms_form

TAKEN, ANSWER, DONE = "kasus/diambil", "kasus/jawaban", "kasus/selesai"
HANDED, BOT_AGAIN = "kasus/diserahkan", "kasus/bot-lagi"
NEW, REMIND, MESSAGE = "kader/kasus/baru", "kader/kasus/ingat", "kader/kasus/pesan"
TO_ANSWER, TO_CLOSE, RELEASED = "kader/kasus/belum-dijawab", "kader/kasus/belum-ditutup", "kader/kasus/dilepas"
DIGEST = "kader/kasus/harian"

# A human's words go with the answers; an emergency's alert before everything else.
WORDS_PRIORITY, ALERT_PRIORITY, NOTICE_PRIORITY = 10, 0, 30
# How much of a family's first words a notice shows, how much of their later ones is passed on. Our own figures.
FIRST_WORDS, LATER_WORDS = 160, 700
# A template takes 900 characters in all (Meta), the frame of an answer about 150.
MAX_ANSWER = 700
# A reminder that could not go out for so long is not sent any more: the next one says the same. Our own figures.
URGENT_LASTS, REMINDER_LASTS = timedelta(hours=1), timedelta(hours=24)
_REMINDERS = frozenset({REMIND, TO_ANSWER, TO_CLOSE})
# A human who spoke so lately is in a conversation: what comes back does not wait for the morning.
IN_CONVERSATION = timedelta(hours=1)


def zone_of(deps: Deps, case: CaseView) -> str:
    """The clock of the family's posyandu, which is the staff's too."""
    return case.timezone or deps.default_timezone


# ------------------------------------------------------------------------------------------------------ to the family


def say_to_family(
    deps: Deps, tx: Tx, case: CaseView, reply: Reply, now: datetime, key: str, *, answers: bool = True
) -> str | None:
    """Queue a human's word (or a word about a human) to the family, at once; its outbox id.

    answers: it answers what they wrote, so that it goes also at night and after an earlier stop. None where there is no
    address, where they wrote STOP last or "bukan saya", or where it was queued before.
    """
    address, inbound_id = _where_they_wrote(tx, case)
    if address is None or _wants_silence(tx, case) is not None:
        return None
    family = seen_by(tx, case.row.contact_id, family_of_contact(tx, case.row.contact_id, now, deps.default_timezone))
    rendered = render_reply(deps, reply, address.channel, family)
    return tx.queue(
        OutboxDraft(
            dedupe_key=_dedupe(case, key),
            contact_id=case.row.contact_id,
            address_id=address.id,
            channel=address.channel,
            kind=Kind(rendered.kind),
            content_id=rendered.content_id,
            text=rendered.text,
            buttons=tuple(rendered.buttons),
            template=rendered.template,
            template_variables=rendered.template_variables,
            in_reply_to=inbound_id if answers else None,
            not_before=now if answers else next_allowed(now, family.timezone, family.quiet_hours),
            priority=WORDS_PRIORITY,
        ),
        now,
    )


def _where_they_wrote(tx: Tx, case: CaseView) -> tuple[Address | None, str | None]:
    """The address of the family's newest message, and that message; the preferred address where they never wrote."""
    last = tx.last_message_of(case.row.contact_id)
    address = tx.address(last[1]) if last is not None else None
    if address is None or address.contact_id != case.row.contact_id:
        address = preferred(tx.addresses_of(case.row.contact_id))
    return address, last[0] if last is not None else None


def _wants_silence(tx: Tx, case: CaseView) -> str | None:
    """Why not even a human may write to them now: "not_this_person", or "stopped" as their last word."""
    contact = tx.contact(case.row.contact_id)
    if contact is None or contact.suspended_at is not None:
        return "not_this_person"
    last = tx.last_message_of(case.row.contact_id)
    stopped = contact.opted_out_at is not None and (last is None or contact.opted_out_at >= last[2])
    return "stopped" if stopped else None


def check_answer(deps: Deps, tx: Tx, who: Staffer, case: CaseView, text: str, now: datetime) -> None:
    """Refuse an answer that could not be said. Raises Unfit."""
    if not text.strip():
        raise Unfit("empty")
    silence = _wants_silence(tx, case)
    if silence is not None:
        raise Unfit(silence)
    address, _ = _where_they_wrote(tx, case)
    if address is None:
        raise Unfit("no_address")
    if len(text.strip()) > MAX_ANSWER:
        raise Unfit("too_long", MAX_ANSWER)
    if address.channel is Channel.SMS:
        _check_sms(deps, tx, who, case, text, now)


def _check_sms(deps: Deps, tx: Tx, who: Staffer, case: CaseView, text: str, now: datetime) -> None:
    """An answer is never cut: one that does not fit two parts is refused, with the length that would."""
    family = family_of_contact(tx, case.row.contact_id, now, deps.default_timezone)

    def parts(words: str) -> int:
        said = render_reply(deps, Reply(ANSWER, answer_vars(tx, who, case, words)), Channel.SMS, family).text
        return sms_parts(said) if not gsm7_unsupported(said) else 1 + (len(said) > 70) + (len(said) > 134)

    if parts(text.strip()) > 2:
        plain = next((size for size in range(len(text.strip()), 0, -5) if parts("a" * size) <= 2), 0)
        raise Unfit("too_long", plain)


def human_vars(tx: Tx, who: Staffer, case: CaseView) -> dict[str, Any]:
    """How a human is named to the family: name, as what they speak, of which posyandu."""
    role, posyandu = role_towards(tx, who, case)
    return {"human_name": who.name, "human_role": role.value, "human_posyandu": posyandu}


def answer_vars(tx: Tx, who: Staffer, case: CaseView, text: str) -> dict[str, Any]:
    """What the text of an answer is told."""
    return {**human_vars(tx, who, case), "words": text}


# ------------------------------------------------------------------------------------------------------- to the staff


def say_to_staff(
    deps: Deps, tx: Tx, contact_id: str, case: CaseView, reply: Reply, now: datetime, key: str, *, waits: bool
) -> str | None:
    """Queue a notice about a case to one of the staff; its outbox id, None if it was queued before or cannot be.

    waits: until the quiet hours are over. An urgent case's notices go before everything else.
    """
    address = preferred(tx.addresses_of(contact_id))
    if address is None:
        return None
    zone = zone_of(deps, case)
    family = family_of_contact(tx, contact_id, now, zone)
    rendered = render_reply(deps, reply, address.channel, family)
    starts = next_allowed(now, zone, QUIET) if waits else now
    lasts = URGENT_LASTS if is_urgent(case) else REMINDER_LASTS
    return tx.queue(
        OutboxDraft(
            dedupe_key=_dedupe(case, f"{key}:{contact_id}"),
            contact_id=contact_id,
            address_id=address.id,
            channel=address.channel,
            kind=Kind.NOTICE,
            content_id=rendered.content_id,
            text=rendered.text,
            buttons=tuple(rendered.buttons),
            template=rendered.template,
            template_variables=rendered.template_variables,
            not_before=starts,
            expires_at=starts + lasts if reply.key in _REMINDERS else None,
            priority=ALERT_PRIORITY if is_urgent(case) else NOTICE_PRIORITY,
            sms_text=sms_form(deps, reply, address, family),
        ),
        now,
    )


def _dedupe(case: CaseView, key: str) -> str:
    """Of one length whatever the key: the outbox keeps 120 characters. The beginning says which case it is about."""
    return f"case:{case.row.id}:{uuid5(NAMESPACE_URL, key)}"


def case_vars(case: CaseView, now: datetime) -> dict[str, Any]:
    """What a notice about a case is told (JSON). words: the beginning of what the family wrote."""
    return {
        "number": case.row.number,
        "case_kind": "tanya" if is_urgent(case) and case.row.kind != "danger" else case.row.kind,
        "case_name": case.name,
        "case_child": case.child,
        "case_posyandu": case.posyandu,
        "case_address": case.address,
        "waiting": waiting(case.row.opened_at, now),
        "words": first_words(case.words),
    }


def first_words(words: str, most: int = FIRST_WORDS) -> str:
    """The beginning of a message on one line, with an ellipsis where more follows."""
    line = " ".join(words.split())
    return line if len(line) <= most else line[: most - 1].rstrip() + "…"


def waiting(since: datetime, now: datetime) -> Mapping[str, int]:
    """How long somebody has waited, in the largest unit that fits: {"minutes": 5}, {"hours": 3}, {"days": 2}."""
    minutes = max(int((now - since).total_seconds() // 60), 0)
    if minutes < 60:
        return {"minutes": minutes}
    return {"hours": minutes // 60} if minutes < 24 * 60 else {"days": minutes // (24 * 60)}
