"""Broadcasts in the console: form, preview, KIRIM, progress, undo, report.

Nothing is written before KIRIM. The preview carries a key; whoever presses KIRIM twice sends once.
"""

from __future__ import annotations

import uuid
from datetime import date, time

from starlette.responses import Response
from starlette.routing import Route

from sapa.services import broadcasts
from sapa.services.access import may_act_for
from sapa.services.broadcast_records import Broadcast, BroadcastKind, BroadcastState, Plan, Refusal
from sapa.services.ports import Tx
from sapa.services.records import PosyanduRow, SessionRow
from web.session import BY_NAME, Console, HiddenError, Visit

_FIELDS = ("kind", "posyandu", "sesi", "tanggal", "jam", "tempat", "catatan", "teks")
_LISTED = 50
_UNDER_WAY = (BroadcastState.DRAFT, BroadcastState.CONFIRMED, BroadcastState.SENDING)
_TENTHS = 10


def routes(console: Console) -> list[Route]:
    """The pages of this module."""
    return [
        console.get("/siaran", listing, BY_NAME),
        console.get("/siaran/baru", announcement_form, BY_NAME),
        console.post("/siaran/pratinjau", preview, BY_NAME),
        console.post("/siaran/ubah", change, BY_NAME),
        console.post("/siaran/kirim", send, BY_NAME),
        console.get("/siaran/{broadcast_id}", one_broadcast, BY_NAME),
        console.get("/siaran/{broadcast_id}/kemajuan", progress, BY_NAME),
        console.post("/siaran/{broadcast_id}/urung", undo, BY_NAME),
    ]


# --- the form


def listing(visit: Visit) -> Response:
    """What was sent lately."""
    with visit.read() as tx:
        places = visit.places(tx)
        rows = tx.broadcasts_of([place.id for place in places], _LISTED)
    return visit.page("siaran.html", broadcasts=rows, names={place.id: place.name for place in places}, places=places)


def announcement_form(visit: Visit) -> Response:
    """The empty form of an announcement in her own words."""
    with visit.read() as tx:
        places = visit.places(tx)
    filled = dict.fromkeys(_FIELDS, "") | {"kind": BroadcastKind.ANNOUNCEMENT.value}
    if len(places) == 1:
        filled["posyandu"] = places[0].id
    return visit.page("siaran_form.html", filled=filled, places=places, session=None, errors={})


def change(visit: Visit) -> Response:
    """The form again, as it was filled, from the preview."""
    return _form_again(visit, {}, 200)


def _form_again(visit: Visit, errors: dict[str, str], status: int = 422) -> Response:
    filled = _filled(visit)
    with visit.read() as tx:
        session, places = _about(visit, tx, filled)
    return visit.page("siaran_form.html", status, filled=filled, places=places, session=session, errors=errors)


def _filled(visit: Visit) -> dict[str, str]:
    return {name: visit.field(name) for name in _FIELDS}


def _about(visit: Visit, tx: Tx, filled: dict[str, str]) -> tuple[SessionRow | None, list[PosyanduRow]]:
    """The session that is moved or cancelled, if any, and the posyandu to choose from. Raises HiddenError."""
    places = visit.places(tx)
    if not filled["sesi"]:
        return None, places
    session = tx.session(filled["sesi"])
    if session is None or not may_act_for(visit.who, session.posyandu_id):
        raise HiddenError
    return session, [place for place in places if place.id == session.posyandu_id]


def _read(filled: dict[str, str]) -> tuple[Plan | None, dict[str, str]]:
    """What the form says, or what is wrong with which field."""
    errors: dict[str, str] = {}
    kind = filled["kind"]
    if kind not in set(BroadcastKind):
        raise HiddenError
    day = hour = None
    if kind in (BroadcastKind.SESSION, BroadcastKind.MOVED):
        try:
            day = date.fromisoformat(filled["tanggal"])
        except ValueError:
            errors["tanggal"] = "unreadable"
        try:
            hour = time.fromisoformat(filled["jam"].replace(".", ":"))
        except ValueError:
            errors["jam"] = "unreadable"
        if not filled["tempat"]:
            errors["tempat"] = "missing"
    if kind == BroadcastKind.ANNOUNCEMENT and not filled["teks"]:
        errors["teks"] = "missing"
    if not filled["posyandu"]:
        errors["posyandu"] = "missing"
    if errors:
        return None, errors
    session_id = filled["sesi"] or None
    return Plan(
        kind, filled["posyandu"], day, hour, filled["tempat"], filled["catatan"], session_id, filled["teks"]
    ), errors


# --- preview and KIRIM


def preview(visit: Visit) -> Response:
    """What would be sent, to how many, by which channel, for how much."""
    filled = _filled(visit)
    plan, errors = _read(filled)
    if plan is None:
        return _form_again(visit, errors)
    with visit.read() as tx:
        place = _place(visit, tx, plan)
        shown = broadcasts.preview(visit.deps, tx, visit.who, plan, visit.now)
        session = tx.session(plan.session_id) if plan.session_id else None
    if shown.refused is not None:
        return _form_again(visit, {"refused": shown.refused})
    return visit.page(
        "siaran_pratinjau.html", p=shown, plan=plan, place=place, session=session, filled=filled, key=uuid.uuid4().hex
    )


def _place(visit: Visit, tx: Tx, plan: Plan) -> PosyanduRow:
    place = tx.posyandu(plan.posyandu_id)
    if place is None or not may_act_for(visit.who, place.id):
        raise HiddenError
    return place


def send(visit: Visit) -> Response:
    """KIRIM: it goes out in two minutes, unless it is undone."""
    plan, errors = _read(_filled(visit))
    if plan is None:
        return _form_again(visit, errors)
    try:
        with visit.write() as tx:
            _place(visit, tx, plan)
            key = f"console:{visit.who.contact_id}:{visit.field('kunci')[:64]}"
            made = broadcasts.create(visit.deps, tx, visit.who, plan, visit.now, key=key)
            if made.state == BroadcastState.DRAFT:
                broadcasts.confirm(visit.deps, tx, visit.who, made.id, visit.now)
    except Refusal as refusal:
        return _form_again(visit, {"refused": refusal.code})
    return visit.go(f"/siaran/{made.id}")


# --- afterwards


def _own(visit: Visit, tx: Tx) -> tuple[Broadcast, PosyanduRow]:
    row = tx.broadcast(visit.path("broadcast_id"))
    place = tx.posyandu(row.posyandu_id) if row else None
    if row is None or place is None or not may_act_for(visit.who, place.id):
        raise HiddenError
    return row, place


def one_broadcast(visit: Visit) -> Response:
    """How far it is; when it is done, whom it reached and whom it did not."""
    with visit.write() as tx:
        row, place = _own(visit, tx)
        told = broadcasts.progress(tx, row.id, visit.now)
        report = broadcasts.report(tx, row.id) if row.state == BroadcastState.DONE else None
        if report is not None:
            count = len(report.unreached) + len(report.no_phone)
            detail = {"page": "broadcast", "count": count}
            tx.audit("list_read", None, detail, visit.now, actor_id=visit.who.contact_id)
    return visit.page(
        "siaran_satu.html",
        row=row,
        plan=row.plan,
        place=place,
        p=told,
        report=report,
        step=_step(told),
        spoken=True,
        under_way=row.state in _UNDER_WAY,
        again=_as_typed(row.plan),
    )


def _as_typed(plan: Plan) -> dict[str, str]:
    """A plan as its form was filled, to begin from it again."""
    told = (
        plan.kind,
        plan.posyandu_id,
        plan.session_id,
        plan.date and plan.date.isoformat(),
        plan.time and f"{plan.time:%H:%M}",
        plan.place,
        plan.note,
        plan.text,
    )
    return {name: str(value or "") for name, value in zip(_FIELDS, told, strict=True)}


def progress(visit: Visit) -> Response:
    """The part of the page that is asked for every two seconds. A new state asks for the whole page."""
    with visit.read() as tx:
        row, _ = _own(visit, tx)
        told = broadcasts.progress(tx, row.id, visit.now)
    step = _step(told)
    shown = visit.page(
        "_siaran_kemajuan.html", p=told, row=row, step=step, spoken=visit.query("langkah") != str(step), fresh=True
    )
    if visit.query("keadaan") not in ("", told.state):
        shown.headers["HX-Refresh"] = "true"
    return shown


def _step(told: broadcasts.Progress) -> int:
    """Tenths of the way: those who hear the page are told at each, not every two seconds."""
    return _TENTHS * (told.total - told.pending - told.queued) // told.total if told.total else 0


def undo(visit: Visit) -> Response:
    """Take it back, while there is time."""
    with visit.write() as tx:
        row, _ = _own(visit, tx)
        done = broadcasts.undo(visit.deps, tx, visit.who, row.id, visit.now)
    return visit.go(f"/siaran/{row.id}", **({"said": "undone"} if done else {"said": "undone_late", "bad": 1}))
