"""The calendar of posyandu sessions, and the forms to plan, move and cancel one. What they ask for is sent by
web/pages/broadcast.py, after a preview."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta

from starlette.responses import Response
from starlette.routing import Route

from sapa.services import programme
from sapa.services.access import may_act_for
from sapa.services.ports import Tx
from sapa.services.records import PosyanduRow, SessionRow
from web.session import BY_NAME, Console, HiddenError, Visit

_USUAL_HOUR = "08:00"


def routes(console: Console) -> list[Route]:
    """The pages of this module."""
    return [
        console.get("/jadwal", calendar, BY_NAME),
        console.get("/jadwal/baru", plan_form, BY_NAME),
        console.get("/jadwal/{session_id}", one_session, BY_NAME),
        console.get("/jadwal/{session_id}/pindah", move_form, BY_NAME),
        console.get("/jadwal/{session_id}/batal", cancel_form, BY_NAME),
    ]


@dataclass(frozen=True)
class Day:
    """A day of the calendar and the sessions on it, each with its posyandu."""

    date: date
    sessions: tuple[tuple[SessionRow, PosyanduRow], ...]


def calendar(visit: Visit) -> Response:
    """The sessions of a month, of one posyandu or of all that the reader looks after."""
    first = month_of(visit.query("bulan"), visit.today)
    with visit.read() as tx:
        places = visit.places(tx)
        chosen = [place for place in places if place.id == visit.query("posyandu")] or places
        last = first.replace(day=monthrange(first.year, first.month)[1])
        rows = tx.sessions_between([place.id for place in chosen], first, last, cancelled=True)
    return visit.page(
        "jadwal.html",
        first=first,
        before=(first - timedelta(days=1)).replace(day=1),
        after=last + timedelta(days=1),
        days=_days(first, last, rows, {place.id: place for place in places}),
        places=places,
        chosen=visit.query("posyandu") if len(chosen) == 1 else "",
        sessions=len(rows),
    )


def month_of(told: str, today: date) -> date:
    """The first day of a month told as "2026-12"; of this month if it cannot be read."""
    try:
        return date.fromisoformat(f"{told}-01")
    except ValueError:
        return today.replace(day=1)


def _days(first: date, last: date, rows: list[SessionRow], places: dict[str, PosyanduRow]) -> list[Day]:
    by_day: dict[date, list[tuple[SessionRow, PosyanduRow]]] = {}
    for row in rows:
        by_day.setdefault(row.date, []).append((row, places[row.posyandu_id]))
    every = (first + timedelta(days=ahead) for ahead in range((last - first).days + 1))
    return [Day(day, tuple(by_day.get(day, ()))) for day in every]


def session_of(visit: Visit, tx: Tx) -> tuple[SessionRow, PosyanduRow]:
    """The session named in the address and its posyandu. Raises HiddenError if it is not the reader's."""
    row = tx.session(visit.path("session_id"))
    place = tx.posyandu(row.posyandu_id) if row else None
    if row is None or place is None or not may_act_for(visit.who, row.posyandu_id):
        raise HiddenError
    return row, place


def one_session(visit: Visit) -> Response:
    """One session: when, where, what was sent about it."""
    with visit.read() as tx:
        row, place = session_of(visit, tx)
        sent = tx.broadcasts_about(row.id)
        been = row.cancelled_at is None and row.date <= visit.today
        numbers = programme.skdn_of_session(tx, row.id) if been else None
    return visit.page("sesi.html", session=row, place=place, broadcasts=sent, numbers=numbers)


def plan_form(visit: Visit) -> Response:
    """The empty form of a new session; the address may suggest a posyandu and a day."""
    with visit.read() as tx:
        places = visit.places(tx)
    filled = {
        "kind": "session",
        "posyandu": visit.query("posyandu") or (places[0].id if len(places) == 1 else ""),
        "tanggal": visit.query("tanggal"),
        "jam": _USUAL_HOUR,
        "tempat": "",
        "catatan": "",
        "sesi": "",
        "teks": "",
    }
    return visit.page("siaran_form.html", filled=filled, places=places, session=None, errors={})


def move_form(visit: Visit) -> Response:
    """The form that gives a session another day, filled with what stands."""
    with visit.read() as tx:
        row, place = session_of(visit, tx)
    return visit.page("siaran_form.html", filled=_standing("moved", row), places=[place], session=row, errors={})


def cancel_form(visit: Visit) -> Response:
    """The form that cancels a session; only a reason may be added."""
    with visit.read() as tx:
        row, place = session_of(visit, tx)
    filled = {**_standing("cancelled", row), "catatan": ""}
    return visit.page("siaran_form.html", filled=filled, places=[place], session=row, errors={})


def _standing(kind: str, row: SessionRow) -> dict[str, str]:
    return {
        "kind": kind,
        "posyandu": row.posyandu_id,
        "sesi": row.id,
        "tanggal": row.date.isoformat(),
        "jam": f"{row.time:%H:%M}",
        "tempat": row.place,
        "catatan": row.note,
        "teks": "",
    }
