"""Isi pesan: every text, how it looks on a phone, who answers for it; a bidan signs here."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from pathlib import Path

from starlette.responses import Response
from starlette.routing import Route

from sapa.services import signoff
from sapa.services.access import Role
from sapa.services.content_preview import Entry, PreviewError, Samples, read_samples
from web.session import Console, HiddenError, Visit

A_PAGE = 50
_STATES = ("belum", "sah", "ubah", "lewat")
# Until the review is due: from then on the list points it out.
SOON_DAYS = 30


def routes(console: Console) -> list[Route]:
    """Reading for all staff, signing for bidan."""
    return [
        console.get("/isi", show),
        console.get("/isi/{content_id:path}", one),
        console.post("/isi/{content_id:path}", sign, (Role.BIDAN,)),
    ]


def show(visit: Visit) -> Response:
    """The list, fifty at a time. Query: q, bagian (folder), keadaan (belum, sah, ubah, lewat), hal."""
    words, folder, wanted = visit.query("q")[:80].lower(), visit.query("bagian"), visit.query("keadaan")
    with visit.read() as tx:
        states = signoff.states(tx, visit.deps, visit.app.settings.content_dir, visit.today)
    folders = sorted({state.head.id.partition("/")[0] for state in states})
    found = [
        state
        for state in states
        if (not folder or state.head.id.startswith(f"{folder}/"))
        and all(word in f"{state.head.title} {state.head.id}".lower() for word in words.split())
        and (wanted not in _STATES or _is(state, wanted))
    ]
    number = visit.number("hal")
    return visit.page(
        "content.html",
        states=found[(number - 1) * A_PAGE : number * A_PAGE],
        total=len(found),
        signed=sum(1 for state in states if state.signed_by),
        all_texts=len(states),
        number=number,
        pages=-(-len(found) // A_PAGE),
        folders=folders,
        q=words,
        folder=folder,
        wanted=wanted,
        soon=SOON_DAYS,
    )


def one(visit: Visit) -> Response:
    """One text on WhatsApp and SMS with sample data, its sources and its signature."""
    content_id, folder = visit.path("content_id"), visit.app.settings.content_dir
    with visit.read() as tx:
        state = signoff.state_of(tx, visit.deps, folder, content_id, visit.today)
    if state is None:
        raise HiddenError
    words = signoff.source(folder, content_id)
    return visit.page(
        "content_one.html",
        state=state,
        entry=_entry(visit, content_id),
        script=words.partition("\n---\n")[2].strip(),
        fingerprint=signoff.fingerprint(words),
        may_sign=visit.who.holds(Role.BIDAN) and state.signed_by is None,
        soon=SOON_DAYS,
    )


def sign(visit: Visit) -> Response:
    """Put the reader's name under the words they have seen."""
    content_id, folder = visit.path("content_id"), visit.app.settings.content_dir
    seen = visit.field("fingerprint")
    try:
        with visit.write() as tx:
            row = signoff.sign(visit.deps, tx, visit.who, folder, content_id, seen, visit.now)
    except signoff.ChangedError:
        return visit.go(f"/isi/{content_id}", said="changed_meanwhile", bad=1)
    if row is None:
        raise HiddenError
    return visit.go(f"/isi/{content_id}", said="signed", name=row.signed_name)


def _is(state: signoff.TextState, wanted: str) -> bool:
    return {
        "belum": state.signed_by is None and not state.outdated,
        "sah": state.signed_by is not None,
        "ubah": state.outdated,
        "lewat": state.days_left < SOON_DAYS,
    }[wanted]


def _entry(visit: Visit, content_id: str) -> Entry | None:
    samples = _samples(visit.app.settings.content_dir.parent / "preview.yml", visit)
    return signoff.preview_of(visit.deps, samples, content_id, visit.today) if samples is not None else None


def _samples(file: Path, visit: Visit) -> Samples | None:
    """The sample families as of today; None where their file cannot be read."""
    # Read once a day and file: it takes a tenth of a second.
    noon = visit.now.replace(hour=2, minute=0, second=0, microsecond=0)
    try:
        return _read(file, file.stat().st_mtime_ns, noon.isoformat(), visit.deps.default_timezone)
    except (OSError, PreviewError):
        return None


@lru_cache(maxsize=2)
def _read(file: Path, _changed: int, now: str, timezone: str) -> Samples:
    return read_samples(file.read_text(encoding="utf-8"), datetime.fromisoformat(now), timezone)
