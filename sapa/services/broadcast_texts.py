"""A broadcast's words and moments: what its text is told, when it may go, how long it is worth sending."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sapa.family.people import QuietHours
from sapa.messaging.quiet_hours import local_moment, next_allowed
from sapa.messaging.states import Channel
from sapa.services.broadcast_records import BroadcastKind, Plan
from sapa.services.deps import Deps
from sapa.services.ports import RenderedText
from sapa.services.records import PosyanduRow, SessionRow

CONTENT = {
    BroadcastKind.SESSION: "siar/jadwal",
    BroadcastKind.MOVED: "siar/pindah",
    BroadcastKind.CANCELLED: "siar/batal",
    BroadcastKind.ANNOUNCEMENT: "siar/pengumuman",
}
# How long an announcement is worth sending after an outage (design, section 6).
_CATCH_UP = timedelta(hours=48)
# Somebody may still be on her way when a cancelled session was to begin.
_STILL_COMING = timedelta(hours=2)


def completed(plan: Plan, session: SessionRow | None) -> Plan:
    """The plan with what it leaves out: of a moved or cancelled session as it was."""
    if session is None:
        return replace(plan, text=plan.text.strip(), note=plan.note.strip(), place=plan.place.strip())
    if plan.kind == BroadcastKind.CANCELLED:
        return replace(plan, date=session.date, time=session.time, place=session.place, note=plan.note.strip())
    return replace(
        plan,
        date=plan.date or session.date,
        time=plan.time or session.time,
        place=plan.place.strip() or session.place,
        note=plan.note.strip() or session.note,
    )


def text_vars(plan: Plan, place: PosyanduRow, session: SessionRow | None) -> dict[str, Any]:
    """What the text of a completed plan is told, as plain JSON. session: as it was before."""
    if plan.kind == BroadcastKind.ANNOUNCEMENT:
        return {"posyandu": place.name, "text": plan.text}
    said: dict[str, Any] = {
        "posyandu": place.name,
        "date": plan.date.isoformat() if plan.date else None,
        "time": plan.time.isoformat("minutes") if plan.time else None,
        "place": plan.place,
        "note": plan.note or None,
    }
    if plan.kind == BroadcastKind.MOVED and session is not None:
        said |= {"old_date": session.date.isoformat(), "old_time": session.time.isoformat("minutes")}
    return said


def words(
    deps: Deps, kind: str, said: Mapping[str, Any], sender: str | None, channel: Channel, now: datetime, tz: str
) -> RenderedText:
    """The text for one channel. It tells of the posyandu alone, so everybody's is the same.

    sender: the kader's name. It is not kept with the broadcast: an erasure must not have to look for it there.
    """
    facts = {"bot_whatsapp": deps.bot_whatsapp, "now": now, "sender": sender, **said}
    today = now.astimezone(ZoneInfo(tz)).date()
    return deps.content.render(CONTENT[BroadcastKind(kind)], channel.value, today, **facts)


def begins(plan: Plan, tz: str) -> datetime | None:
    """When the session of a completed plan begins; None for an announcement."""
    if plan.kind == BroadcastKind.ANNOUNCEMENT or plan.date is None or plan.time is None:
        return None
    return local_moment(plan.date, plan.time, tz)


def goes_at(moment: datetime, tz: str) -> datetime:
    """The first moment from `moment` on outside the quiet hours of the posyandu (UTC)."""
    return next_allowed(moment, tz, QuietHours())


def worth_until(plan: Plan, goes: datetime, tz: str) -> datetime:
    """The last moment at which the message still helps."""
    start = begins(plan, tz)
    if start is None:
        return goes + _CATCH_UP
    return start + _STILL_COMING if plan.kind == BroadcastKind.CANCELLED else start
