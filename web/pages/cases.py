"""Cases: what a human must look at. Listed with the urgent ones first; taken, answered, handed over and closed here."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime

from starlette.responses import Response
from starlette.routing import Route

from sapa.services import case_media, casework
from sapa.services.casework import CaseSeen
from sapa.services.ports import Tx
from web.session import BY_NAME, Console, HiddenError, Visit


def routes(console: Console) -> list[Route]:
    """The pages of this module."""
    return [
        console.get("/kasus", listing, BY_NAME),
        console.get("/kasus/{case_number}", one_case, BY_NAME),
        console.get("/kasus/{case_number}/lampiran/{inbound_id}/{index}", attachment, BY_NAME),
        console.post("/kasus/{case_number}/ambil", take, BY_NAME),
        console.post("/kasus/{case_number}/jawab", answer, BY_NAME),
        console.post("/kasus/{case_number}/serahkan", hand_over, BY_NAME),
        console.post("/kasus/{case_number}/catat", remark, BY_NAME),
        console.post("/kasus/{case_number}/tutup", close, BY_NAME),
    ]


def listing(visit: Visit) -> Response:
    """The open cases, or all of them."""
    every = visit.query("semua") == "1"
    with visit.write() as tx:
        cases = casework.list_cases(tx, visit.who, open_only=not every)
        detail = {"page": "cases", "count": len(cases)}
        tx.audit("list_read", None, detail, visit.now, actor_id=visit.who.contact_id)
    return visit.page(
        "kasus.html", cases=cases, waits={case.number: _minutes(case, visit.now) for case in cases}, every=every
    )


def _minutes(case: CaseSeen, now: datetime) -> int:
    """How long the family has been waiting for a human, in minutes; a closed case waits for nobody."""
    since = case.last_family_at or case.since
    return max(0, int((now - since).total_seconds() // 60))


def one_case(visit: Visit) -> Response:
    """What happened, what was said, what can be done."""
    return _show(visit, {})


def _show(visit: Visit, errors: dict[str, str], status: int = 200) -> Response:
    with visit.read() as tx:
        try:
            page = casework.case_page(tx, visit.who, _number(visit), visit.now)
            attached = case_media.attachments(tx, visit.who, _number(visit))
        except casework.NoSuchCase as none:
            raise HiddenError from none
    if page.case.household_id is not None:
        visit.log_read(page.case.household_id, "case")
    texts = {name: visit.field(name) for name in ("teks", "catatan", "hasil")}
    return visit.page(
        "kasus_satu.html",
        status,
        page=page,
        case=page.case,
        attached=attached,
        waits=_minutes(page.case, visit.now),
        errors=errors,
        texts=texts,
        key=uuid.uuid4().hex,
    )


def attachment(visit: Visit) -> Response:
    """A picture, to be looked at; a voice note or a file, to be taken down. Fetched now, and written down as read."""
    number, index = _number(visit), _number(visit, "index")
    with visit.read() as tx:
        try:
            item = case_media.attachment(tx, visit.who, number, visit.path("inbound_id"), index)
            household_id = casework.case_page(tx, visit.who, number, visit.now).case.household_id
        except casework.NoSuchCase as none:
            raise HiddenError from none
    with visit.write() as tx:
        detail = {"page": "attachment"}
        tx.audit("picture_read", None, detail, visit.now, actor_id=visit.who.contact_id, household_id=household_id)
    try:
        found = visit.app.fetch_media(item.url)
    except case_media.MediaRefused as refused:
        return _show(visit, {"lampiran": f"lampiran_{refused.reason}"}, 422)
    shown = "inline" if found.content_type.startswith("image/") else "attachment"
    name = f"kasus-{number}-{index + 1}.{found.content_type.partition('/')[2]}"
    headers = {"Content-Disposition": f'{shown}; filename="{name}"', "X-Content-Type-Options": "nosniff"}
    return Response(found.data, media_type=found.content_type, headers=headers)


def _number(visit: Visit, part: str = "case_number") -> int:
    told = visit.path(part)
    if not (told.isascii() and told.isdecimal() and len(told) < 10):
        raise HiddenError
    return int(told)


def _act(visit: Visit, what: Callable[[Tx, int], object], said: str, field: str = "") -> Response:
    """Do something to the case of the address, and go back to it. A text that does not fit is shown again."""
    number = _number(visit)
    try:
        with visit.write() as tx:
            what(tx, number)
    except casework.NoSuchCase as none:
        raise HiddenError from none
    except casework.Unfit as unfit:
        return _show(visit, {field: unfit.reason}, 422)
    except casework.AlreadyTaken as taken:
        return visit.go(f"/kasus/{number}", "case_taken_by", name=taken.name, bad=1)
    except casework.CaseClosed:
        return visit.go(f"/kasus/{number}", "case_closed_already", bad=1)
    except casework.NoBidan:
        return visit.go(f"/kasus/{number}", "case_no_bidan", bad=1)
    return visit.go(f"/kasus/{number}", said)


def take(visit: Visit) -> Response:
    """The reader has the case now; the bot leaves the family to them."""
    return _act(visit, lambda tx, n: casework.take(visit.deps, tx, visit.who, n, visit.now), "case_taken")


def answer(visit: Visit) -> Response:
    """The reader's words go to the family."""
    key = f"console:{visit.who.contact_id}:{visit.field('kunci')[:40]}"
    text = visit.field("teks")
    return _act(
        visit,
        lambda tx, n: casework.answer(visit.deps, tx, visit.who, n, text, visit.now, key),
        "case_answered",
        "teks",
    )


def hand_over(visit: Visit) -> Response:
    """The bidan shall look at it."""
    return _act(visit, lambda tx, n: casework.hand_over(visit.deps, tx, visit.who, n, visit.now), "case_handed")


def remark(visit: Visit) -> Response:
    """A line for the others of the staff."""
    text = visit.field("catatan")
    return _act(visit, lambda tx, n: casework.remark(visit.deps, tx, visit.who, n, text, visit.now), "saved", "catatan")


def close(visit: Visit) -> Response:
    """Closed with what came of it: one of the usual outcomes, or own words."""
    outcome = visit.field("hasil") or visit.field("pilihan")
    return _act(
        visit, lambda tx, n: casework.close(visit.deps, tx, visit.who, n, outcome, visit.now), "case_closed", "hasil"
    )
