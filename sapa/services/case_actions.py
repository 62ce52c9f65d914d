"""What somebody of the staff does with a case: look, take, answer, hand over, remark, close.

A case is nobody's, or one person's. Whoever takes it first has it; as long as they do, the bot is silent.
"""

from __future__ import annotations

from datetime import datetime

from sapa.services.access import Role, Staffer
from sapa.services.case_people import Sight, concerned
from sapa.services.case_records import (
    AlreadyTaken,
    CaseClosed,
    CasePage,
    CaseSeen,
    CaseView,
    NoBidan,
    NoSuchCase,
    NoteKind,
    Unfit,
)
from sapa.services.case_rules import is_for_bidan_only, is_urgent
from sapa.services.case_talk import (
    ANSWER,
    DONE,
    HANDED,
    NEW,
    TAKEN,
    answer_vars,
    case_vars,
    check_answer,
    first_words,
    human_vars,
    say_to_family,
    say_to_staff,
)
from sapa.services.deps import Deps
from sapa.services.losses import CASE as DUKA
from sapa.services.losses import resume
from sapa.services.notices import preferred
from sapa.services.ports import Tx
from sapa.services.records import Reply

MAX_REMARK, MAX_OUTCOME = 500, 120


# ---------------------------------------------------------------------------------------------------------------- seen


def list_cases(tx: Tx, who: Staffer, *, open_only: bool = True, limit: int = 500) -> list[CaseSeen]:
    """The cases of somebody's families: what is urgent first, then who has waited longest; closed ones last.

    An admin sees none by name. One query, whatever the number of cases.
    """
    sight = Sight(tx, who)
    if not who.by_name and not sight.provinces:
        return []
    views = tx.case_views(posyandu_ids=who.by_name, provinces=sight.provinces, open_only=open_only, limit=limit)
    seen = [_seen(view, who) for view in views if sight.may_see(view)]
    return sorted(seen, key=lambda case: (case.closed_at is not None, not case.urgent, case.since))


def count_open_cases(tx: Tx) -> tuple[int, int]:
    """All open cases, and those of them that nobody of the staff sees: figures for an admin, without names."""
    views = tx.case_views(limit=100_000)
    nobodys = [view for view in views if view.row.notified_at is None and view.row.reminded_at is not None]
    return len(views), len(nobodys)


def case_page(tx: Tx, who: Staffer, number: int, now: datetime) -> CasePage:
    """Everything about one case. Whoever shows it writes down that it was read. Raises NoSuchCase."""
    view = visible(tx, who, number)
    addresses = preferred(tx.addresses_of(view.row.contact_id))
    return CasePage(
        case=_seen(view, who),
        told=view.words,
        phone=addresses.phone or addresses.value if addresses is not None else None,
        notes=tuple(tx.case_notes(view.row.id)),
        may_answer=view.row.closed_at is None and view.row.taken_by in (None, who.contact_id),
    )


def visible(tx: Tx, who: Staffer, number: int) -> CaseView:
    """The case of that number. Raises NoSuchCase also where it is another posyandu's: that it exists is not told."""
    found = tx.case_views(number=number, open_only=False)
    if not found or not Sight(tx, who).may_see(found[0]):
        raise NoSuchCase(str(number))
    return found[0]


def _seen(view: CaseView, who: Staffer) -> CaseSeen:
    row = view.row
    return CaseSeen(
        id=row.id,
        number=row.number or 0,
        kind=row.kind,
        name=view.name,
        posyandu_id=view.posyandu_id,
        posyandu=view.posyandu,
        address=view.address,
        household_id=view.household_id,
        since=row.opened_at,
        urgent=is_urgent(view),
        to_bidan=view.handed or is_for_bidan_only(view),
        words=first_words(view.words),
        taken_by=row.taken_by,
        taken_by_name=view.taker,
        mine=row.taken_by == who.contact_id,
        taken_at=row.taken_at,
        answered_at=row.answered_at,
        last_human_at=view.last_human_at,
        last_family_at=view.last_family_at,
        closed_at=row.closed_at,
        outcome=row.outcome,
        child=view.child,
    )


# ---------------------------------------------------------------------------------------------------------------- done


def take(deps: Deps, tx: Tx, who: Staffer, number: int, now: datetime) -> CaseSeen:
    """Take a case: the family is told that a human reads now, and the bot is silent. Taking one's own changes nothing.

    Raises NoSuchCase, CaseClosed, AlreadyTaken.
    """
    view = _open(tx, who, number)
    if view.row.taken_by != who.contact_id:
        _take(tx, who, view, now)
        taken = Reply(TAKEN, human_vars(tx, who, view))
        # Somebody else may have it the next day: each taking is told of once.
        say_to_family(deps, tx, view, taken, now, f"taken:{who.contact_id}:{now.isoformat()}")
        _audit(tx, "case_taken", view, who, now)
    return _seen(_again(tx, view), who)


def answer(deps: Deps, tx: Tx, who: Staffer, number: int, text: str, now: datetime, key: str) -> CaseSeen:
    """Say a human's words to the family, at once; a case that is free is theirs from now on.

    key: the same for a second try of the same answer (the inbound id, or the form's), which then changes nothing.
    Raises NoSuchCase, CaseClosed, AlreadyTaken, Unfit.
    """
    view = _open(tx, who, number)
    words = text.strip()
    check_answer(deps, tx, who, view, words, now)
    if view.row.taken_by != who.contact_id:
        _take(tx, who, view, now)
    said = Reply(ANSWER, answer_vars(tx, who, view, words))
    outbox_id = say_to_family(deps, tx, view, said, now, f"answer:{key}")
    if outbox_id is not None:
        inbound_id = key if tx.inbound(key) is not None else None
        tx.add_case_note(
            view.row.id,
            NoteKind.ANSWER,
            words,
            now,
            author_id=who.contact_id,
            inbound_id=inbound_id,
            outbox_id=outbox_id,
        )
        tx.mark_answered(view.row.id, now)
        _audit(tx, "case_answered", view, who, now)
    return _seen(_again(tx, view), who)


def hand_over(deps: Deps, tx: Tx, who: Staffer, number: int, now: datetime) -> CaseSeen:
    """Give a case to the family's (other) bidan, who are told at once outside quiet hours, of a danger also at night.

    Raises NoSuchCase, CaseClosed, AlreadyTaken, NoBidan.
    """
    view = _open(tx, who, number)
    _not_anothers(view, who)
    bidan = [contact_id for contact_id in concerned(tx, view, (Role.BIDAN,)) if contact_id != who.contact_id]
    if not bidan:
        raise NoBidan(str(number))
    held = view.row.taken_by is not None
    if held:
        tx.release_case(view.row.id, who.contact_id, 0, now)
    tx.begin_reminders(view.row.id, now)
    tx.add_case_note(view.row.id, NoteKind.HANDED, "", now, author_id=who.contact_id)
    _audit(tx, "case_handed_over", view, who, now)
    for contact_id in bidan:
        told = Reply(NEW, {**case_vars(view, now), "handed_by": who.name or ""})
        say_to_staff(deps, tx, contact_id, view, told, now, f"handed:{now.isoformat()}", waits=not is_urgent(view))
    if held:
        say_to_family(deps, tx, view, Reply(HANDED), now, f"handed:{now.isoformat()}")
    return _seen(_again(tx, view), who)


def remark(deps: Deps, tx: Tx, who: Staffer, number: int, text: str, now: datetime, key: str = "") -> CaseSeen:
    """Write something down for the others of the staff; the family does not see it. Also of a closed case.

    key: as for `answer` (an inbound id). Raises NoSuchCase, Unfit.
    """
    view = visible(tx, who, number)
    words = text.strip()
    if not words:
        raise Unfit("empty")
    if len(words) > MAX_REMARK:
        raise Unfit("too_long", MAX_REMARK)
    inbound_id = key if key and tx.inbound(key) is not None else None
    kept = tx.add_case_note(view.row.id, NoteKind.REMARK, words, now, author_id=who.contact_id, inbound_id=inbound_id)
    if kept:
        _audit(tx, "case_remarked", view, who, now)
    return _seen(view, who)


def close(deps: Deps, tx: Tx, who: Staffer, number: int, outcome: str, now: datetime) -> CaseSeen:
    """Close a case with what came of it. What somebody else has taken only they or the bidan close.

    Raises NoSuchCase, CaseClosed, AlreadyTaken, Unfit.
    """
    view = _open(tx, who, number)
    if not Sight(tx, who).as_bidan(view):
        _not_anothers(view, who)
    words = outcome.strip()
    if not words:
        raise Unfit("empty")
    if len(words) > MAX_OUTCOME:
        raise Unfit("too_long", MAX_OUTCOME)
    conclude(deps, tx, view, words, who.contact_id, now)
    return _seen(_again(tx, view), who)


def conclude(deps: Deps, tx: Tx, view: CaseView, outcome: str, by: str | None, now: datetime) -> bool:
    """Close a case for whoever may; False if it was closed. A family that had a human hears that the bot answers again.

    After a loss a human has spoken with the family: what still goes on may be reminded of again.
    """
    if not tx.conclude_case(view.row.id, outcome, by, now):
        return False
    tx.add_case_note(view.row.id, NoteKind.CLOSED, outcome, now, author_id=by)
    if view.row.kind == DUKA and view.household_id is not None:
        resume(deps, tx, view.household_id, now)
    if view.row.taken_by is not None:
        say_to_family(deps, tx, view, Reply(DONE, {"human_name": view.taker}), now, "done")
    detail = {"kind": view.row.kind, "number": view.row.number}
    tx.audit("case_closed", view.row.contact_id, detail, now, actor_id=by, household_id=view.household_id)
    return True


# -------------------------------------------------------------------------------------------------------------- inside


def _open(tx: Tx, who: Staffer, number: int) -> CaseView:
    """The case, locked, if it is still open."""
    view = visible(tx, who, number)
    tx.lock_case(view.row.id)
    view = _again(tx, view)
    if view.row.closed_at is not None:
        raise CaseClosed(str(number))
    return view


def _again(tx: Tx, view: CaseView) -> CaseView:
    return tx.case_views(case_id=view.row.id, open_only=False)[0]


def _take(tx: Tx, who: Staffer, view: CaseView, now: datetime) -> None:
    if not tx.take_case(view.row.id, who.contact_id, now):
        _not_anothers(_again(tx, view), who)
    tx.add_case_note(view.row.id, NoteKind.TAKEN, "", now, author_id=who.contact_id)


def _not_anothers(view: CaseView, who: Staffer) -> None:
    if view.row.taken_by not in (None, who.contact_id):
        raise AlreadyTaken(view.taker or "")


def _audit(tx: Tx, event: str, view: CaseView, who: Staffer, now: datetime) -> None:
    detail = {"kind": view.row.kind, "number": view.row.number}
    tx.audit(event, view.row.contact_id, detail, now, actor_id=who.contact_id, household_id=view.household_id)
