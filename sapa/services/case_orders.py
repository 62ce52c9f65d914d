"""Casework by WhatsApp: what a kader or bidan types about cases, done and answered."""

from __future__ import annotations

from typing import Any

from sapa.family.reading.casework import CaseOrder, Order, read_order
from sapa.services import case_actions as actions
from sapa.services.access import Staffer
from sapa.services.case_records import (
    AlreadyTaken,
    CaseClosed,
    CasePage,
    CaseSeen,
    NoBidan,
    NoSuchCase,
    NoteKind,
    Unfit,
)
from sapa.services.case_talk import first_words, waiting
from sapa.services.journeys.contract import Scene
from sapa.services.records import Reply

LIST, NONE, FIGURES, PAGE = "kader/kasus/daftar", "kader/kasus/kosong", "kader/kasus/angka", "kader/kasus/isi"
TAKEN, SENT, HANDED = "kader/kasus/terambil", "kader/kasus/terkirim", "kader/kasus/terserahkan"
NOTED, CLOSED = "kader/kasus/tercatat", "kader/kasus/tertutup"
WHICH, OUTCOME, CANNOT = "kader/kasus/nomor-berapa", "kader/kasus/hasil-apa", "kader/kasus/tidak-bisa"
MOST_LISTED, MOST_LINES, LINE = 8, 5, 90


def handle_message(scene: Scene, who: Staffer, text: str) -> tuple[Reply, ...] | None:
    """The replies to an order about cases, with it done; None if the message is none."""
    order = read_order(text)
    if order is None:
        return None
    if order.order is Order.LIST:
        return (_list(scene, who),)
    number = order.number
    if number is None:
        candidates = _candidates(scene, who, order.order)
        if len(candidates) != 1:
            meant = order.named or len(candidates) > 1
            return (_which(order, candidates),) if meant else None
        number = candidates[0]
    try:
        return (_do(scene, who, order, number),)
    except NoSuchCase:
        if order.order is Order.REMARK and not order.named:
            return None  # "catat 12 ..." may be meant for somebody else's book
        return (_cannot("no_such", number),)
    except AlreadyTaken as taken:
        return (_cannot("taken", number, taker=taken.name),)
    except CaseClosed:
        return (_cannot("closed", number),)
    except NoBidan:
        return (_cannot("no_bidan", number),)
    except Unfit as unfit:
        return (_cannot(unfit.reason, number, limit=unfit.limit),)


def _do(scene: Scene, who: Staffer, order: CaseOrder, number: int) -> Reply:
    deps, tx, now = scene.deps, scene.tx, scene.now
    if order.order is Order.SHOW:
        return _page(scene, who, number)
    if order.order is Order.TAKE:
        case = actions.take(deps, tx, who, number, now)
        phone = actions.case_page(tx, who, number, now).phone
        return Reply(TAKEN, {**_about(case), "words": case.words, "phone": phone})
    if order.order is Order.ANSWER:
        return Reply(SENT, _about(actions.answer(deps, tx, who, number, order.text, now, scene.inbound_id)))
    if order.order is Order.HAND_OVER:
        return Reply(HANDED, _about(actions.hand_over(deps, tx, who, number, now)))
    if order.order is Order.REMARK:
        return Reply(NOTED, _about(actions.remark(deps, tx, who, number, order.text, now, scene.inbound_id)))
    if not order.text:
        actions.visible(tx, who, number)
        return Reply(OUTCOME, {"number": number})
    return Reply(CLOSED, _about(actions.close(deps, tx, who, number, order.text, now)))


def _list(scene: Scene, who: Staffer) -> Reply:
    cases = actions.list_cases(scene.tx, who)
    if not cases:
        if who.by_name:
            return Reply(NONE)
        total, nobodys = actions.count_open_cases(scene.tx)
        return Reply(FIGURES, {"total": total, "nobodys": nobodys})
    shown = [_line(scene, case) for case in cases[:MOST_LISTED]]
    return Reply(LIST, {"cases": shown, "more": max(len(cases) - MOST_LISTED, 0)})


def _page(scene: Scene, who: Staffer, number: int) -> Reply:
    page = actions.case_page(scene.tx, who, number, scene.now)
    detail = {"kind": page.case.kind, "number": number}
    scene.tx.audit("case_read", None, detail, scene.now, actor_id=who.contact_id, household_id=page.case.household_id)
    said = {"words": page.case.words, "phone": page.phone, "lines": _lines(page), "closed": bool(page.case.closed_at)}
    return Reply(PAGE, {**_line(scene, page.case), **said, "may_answer": page.may_answer})


def _lines(page: CasePage) -> list[dict[str, Any]]:
    """The last words of a case's story: who (None: the family) and what."""
    spoken = [note for note in page.notes if note.kind in (NoteKind.FAMILY, NoteKind.ANSWER, NoteKind.REMARK)]
    return [
        {
            "who": None if note.kind is NoteKind.FAMILY else note.author_name or "",
            "remark": note.kind is NoteKind.REMARK,
            "text": first_words(note.text, LINE),
        }
        for note in spoken[-MOST_LINES:]
    ]


def _candidates(scene: Scene, who: Staffer, order: Order) -> list[int]:
    """The cases an order without a number may mean: free ones to take, one's own for anything else."""
    cases = actions.list_cases(scene.tx, who)
    if order is Order.TAKE:
        return [case.number for case in cases if case.taken_by is None]
    return [case.number for case in cases if case.mine]


def _which(order: CaseOrder, numbers: list[int]) -> Reply:
    return Reply(WHICH, {"order": order.order.value, "numbers": numbers[:MOST_LISTED]})


def _line(scene: Scene, case: CaseSeen) -> dict[str, Any]:
    """A case as a list names it."""
    return {
        **_about(case),
        "case_kind": "tanya" if case.urgent and case.kind != "danger" else case.kind,
        "case_posyandu": case.posyandu,
        "case_address": case.address,
        "waiting": waiting(case.since, scene.now),
        "taker": case.taken_by_name if case.taken_by is not None else None,
        "mine": case.mine,
        "answered": case.answered_at is not None,
    }


def _about(case: CaseSeen) -> dict[str, Any]:
    return {"number": case.number, "case_name": case.name, "case_child": case.child}


def _cannot(why: str, number: int, *, taker: str | None = None, limit: int | None = None) -> Reply:
    return Reply(CANNOT, {"why": why, "number": number, "taker": taker, "limit": limit})
