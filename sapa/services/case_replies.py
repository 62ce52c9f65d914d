"""While a human has a family's case the bot is silent: what the family writes goes to the human.

The silence ends when the case is closed, when the family writes BOT (or asks for the menu), or a day after the human's
last word: nobody is left alone with somebody who fell asleep.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sapa.family.reading.casework import wants_bot, wants_menu
from sapa.messaging import text as message_text
from sapa.services.access import staffer
from sapa.services.case_records import CaseView, NoteKind
from sapa.services.case_rules import is_urgent, silent_until, waits_for_answer
from sapa.services.case_talk import (
    BOT_AGAIN,
    IN_CONVERSATION,
    LATER_WORDS,
    MESSAGE,
    RELEASED,
    first_words,
    say_to_family,
    say_to_staff,
)
from sapa.services.deps import Deps
from sapa.services.losses import note_loss
from sapa.services.ports import Tx
from sapa.services.records import InboundMessage, Reply

LABEL = "manusia"


def act_on_human(deps: Deps, tx: Tx, message: InboundMessage, now: datetime) -> bool:
    """Leave a message to the human who has this contact's case; False if nobody has one, or the bot is wanted.

    Belongs in triage after stop words, danger, `moves.act_on_number` and `not_me.act_on_not_me`.
    """
    case = held_case(tx, message.contact_id, now)
    # Whoever of the staff has a case of her own must still be able to give orders.
    if case is None or staffer(tx, message.contact_id) is not None:
        return False
    spoken = message.button_payload or message.body
    if wants_menu(spoken) or wants_bot(spoken):
        release(deps, tx, case, now, by_family=True, say=not wants_menu(spoken))
        if wants_menu(spoken):
            return False
    else:
        # A loss stops what it stops, whoever answers.
        note_loss(deps, tx, message.contact_id, spoken, now, message.id)
        _pass_on(deps, tx, case, message, now)
    tx.finish_inbound(message.id, None, LABEL, now)
    return True


def tell_human(deps: Deps, tx: Tx, message: InboundMessage, now: datetime) -> None:
    """Pass on a message that the bot has answered itself (a danger) to the human who has the case, if there is one."""
    case = held_case(tx, message.contact_id, now)
    if case is not None:
        _pass_on(deps, tx, case, message, now)


def held_case(tx: Tx, contact_id: str, now: datetime) -> CaseView | None:
    """The case for which the bot is silent; of several, the one taken last."""
    if not tx.has_taken_case(contact_id):
        return None
    held = [
        (until, case)
        for case in tx.case_views(contact_id=contact_id)
        if (until := silent_until(case)) is not None and now < until
    ]
    return max(held, key=lambda pair: (pair[0], pair[1].row.number or 0))[1] if held else None


def release(deps: Deps, tx: Tx, case: CaseView, now: datetime, *, by_family: bool, say: bool = True) -> bool:
    """Make a case nobody's again, and say so to the one who had it and to the family; False if nobody had it.

    by_family: they want the bot; else the human has said nothing for a day. Whoever was answered waits for nothing but
    the closing; who was not, begins to wait anew with everybody the case concerns.
    """
    taker = case.row.taken_by
    if taker is None:
        return False
    still_waits = waits_for_answer(case) and not by_family
    if not tx.release_case(case.row.id, taker, 1 if still_waits else 0, now):
        return False
    tx.add_case_note(case.row.id, NoteKind.RELEASED, "", now)
    moment = now.isoformat()
    if say:
        said = Reply(BOT_AGAIN, {"by_family": by_family, "waits": still_waits})
        say_to_family(deps, tx, case, said, now, f"released:{moment}", answers=by_family)
    told = Reply(
        RELEASED,
        {
            "number": case.row.number,
            "case_name": case.name,
            "case_child": case.child,
            "by_family": by_family,
            "waits": still_waits,
        },
    )
    waits = not is_urgent(case) and not by_family
    say_to_staff(deps, tx, taker, case, told, now, f"released:{moment}", waits=waits)
    detail = {"kind": case.row.kind, "number": case.row.number, "by_family": by_family}
    tx.audit("case_released", case.row.contact_id, detail, now, household_id=case.household_id)
    return True


def _pass_on(deps: Deps, tx: Tx, case: CaseView, message: InboundMessage, now: datetime) -> None:
    """Keep a family's message with the case and send it to the one who has it."""
    assert case.row.taken_by is not None
    words, medium = message.body.strip(), _medium(message)
    passed = Reply(
        MESSAGE,
        {
            "number": case.row.number,
            "case_name": case.name,
            "case_child": case.child,
            "words": first_words(words, LATER_WORDS),
            "medium": medium,
        },
    )
    spoke = case.last_human_at or case.row.taken_at
    talking = spoke is not None and now - spoke <= IN_CONVERSATION
    outbox_id = say_to_staff(
        deps, tx, case.row.taken_by, case, passed, now, f"msg:{message.id}", waits=not (is_urgent(case) or talking)
    )
    tx.add_case_note(
        case.row.id, NoteKind.FAMILY, words or _mark(medium), now, inbound_id=message.id, outbox_id=outbox_id
    )


def _medium(message: InboundMessage) -> str | None:
    """What came besides words, or in their place: foto, suara, lokasi, berkas; None for words alone."""
    kinds: Sequence[str] = [item.content_type.partition("/")[0] for item in message.media]
    if message.has_location:
        return "lokasi"
    if kinds:
        return {"image": "foto", "audio": "suara"}.get(kinds[0], "berkas")
    odd = message_text.classify_odd(message.body, message.media, message_type=message.message_type)
    return odd if odd in ("foto", "suara", "berkas", "lokasi") else None


def _mark(medium: str | None) -> str:
    return f"[{medium or '-'}]"
