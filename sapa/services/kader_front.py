"""What somebody of the staff writes outside a dialogue: short commands, cases, who came, how a task is done.

Asked before anything a family might mean; whatever is not surely hers is left to the ordinary answers, for a kader is
mostly a mother too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sapa.family.reading.child import match_posyandu
from sapa.family.reading.kader import Command, read_command, read_order
from sapa.services import broadcasts, casework, lessons, posyandu_day, staff
from sapa.services.access import Role, Staffer, staffer
from sapa.services.broadcast_records import Broadcast, BroadcastState
from sapa.services.broadcast_texts import goes_at
from sapa.services.journeys.contract import Scene
from sapa.services.records import PosyanduRow, Reply, SessionRow

REPORT_LABEL, SCHEDULE = "flow/kader-laporan", "posyandu/jadwal"
_SIAR, _INVITATION, _HOW = "kader/siar/", "kader/undangan/", "kader/cara/"
# "BATAL" after this long is about something else.
_RECENT = timedelta(hours=1)
_TODAY = timedelta(hours=24)
_REPORTED = timedelta(days=31)
_AHEAD = timedelta(days=120)
_MOST_SESSIONS = 6
_MOST_NAMES = 5
_MOST_OPTIONS = 8
# Ours: who invites more than this in a day is asked to go on tomorrow; a stolen phone cannot fill a posyandu.
MAX_INVITES_A_DAY = 10


def handle(scene: Scene, text: str, label: str | None) -> tuple[Reply, ...] | None:
    """The answer to somebody of the staff; None for everybody else, and where she writes as anybody might."""
    who = staffer(scene.tx, scene.contact_id)
    if who is None:
        return None
    command = read_command(text)
    if command is not None:
        done = _done(scene, who, command)
        if done is not None:
            return done
    worked = casework.handle_message(scene, who, text) or posyandu_day.handle_message(scene, who, text)
    if worked is not None:
        return worked
    orders = read_order(text, scene.received_on, [place.name for place in _places(scene, who)]) is not None
    if label == SCHEDULE and scene.family.posyandu is None and who.by_name and not orders:
        # She has no child of her own here: the days she asks for are those she works on.
        return (_sessions(scene, who),)
    return _report(scene, who) if label == REPORT_LABEL else None


def _done(scene: Scene, who: Staffer, command: Command) -> tuple[Reply, ...] | None:
    if command.kind == "send":
        return _progress(scene, who, _RECENT) or (Reply(_SIAR + "belum-ada-kiriman"),)
    if command.kind == "undo":
        return _undo(scene, who)
    if command.kind == "slip":
        last = _last(scene, who, _TODAY)
        waits = last is not None and last.state == BroadcastState.CONFIRMED
        return _progress(scene, who, _TODAY) if waits else None
    if command.kind == "progress":
        return _progress(scene, who, _TODAY)
    if command.kind == "report":
        return _report(scene, who)
    if command.kind == "sessions":
        return (_sessions(scene, who),)
    if command.kind == "invite":
        return _invite(scene, who, command)
    if command.kind == "lessons":
        return (lessons.start(scene.deps, scene.tx, who, scene.now),)
    if command.kind == "lessons_stop":
        return (lessons.stop(scene.tx, who.contact_id, scene.now),)
    if command.kind == "howto":
        return (Reply(_HOW + command.topic),)
    return (Reply("kader/bantuan", {"role": who.role.value}),)


# ----------------------------------------------------------------------------------------------------- what was sent


def _last(scene: Scene, who: Staffer, within: timedelta) -> Broadcast | None:
    """Her newest broadcast that was confirmed."""
    made = scene.tx.broadcasts_by(who.contact_id, scene.now - within)
    return next((one for one in made if one.confirmed_at is not None), None)


def _undo(scene: Scene, who: Staffer) -> tuple[Reply, ...] | None:
    """BATAL takes back what has not gone out yet; later it says how the session is cancelled."""
    last = _last(scene, who, _TODAY)
    if last is None or (last.state != BroadcastState.CONFIRMED and scene.now - last.created_at > _RECENT):
        return None
    if last.state == BroadcastState.UNDONE:
        return (Reply(_SIAR + "dibatalkan", {"action": last.kind}),)
    if last.state == BroadcastState.CONFIRMED and broadcasts.undo(scene.deps, scene.tx, who, last.id, scene.now):
        return (Reply(_SIAR + "dibatalkan", {"action": last.kind}),)
    facts = {"action": last.kind, "date": _session_day(last), "waits_until": _still_waits(scene, last)}
    return (Reply(_SIAR + "terlambat-batal", facts),)


def _still_waits(scene: Scene, last: Broadcast) -> str | None:
    """The hour at which a broadcast of the evening goes out, while nobody has it yet."""
    place = scene.tx.posyandu(last.posyandu_id)
    if place is None or last.release_at is None:
        return None
    goes = goes_at(last.release_at, place.timezone)
    return f"{goes.astimezone(ZoneInfo(place.timezone)):%H:%M}" if goes > scene.now else None


def _session_day(made: Broadcast) -> str | None:
    day = made.plan.date
    return day.isoformat() if day is not None else None


def _progress(scene: Scene, who: Staffer, within: timedelta) -> tuple[Reply, ...] | None:
    last = _last(scene, who, within)
    if last is None:
        return None
    seen = broadcasts.progress(scene.tx, last.id)
    out = seen.sent + seen.delivered + seen.read
    facts = {
        "action": last.kind,
        "waiting_undo": seen.state == BroadcastState.CONFIRMED,
        "undone": seen.state == BroadcastState.UNDONE,
        "total": seen.total,
        "waiting": seen.pending + seen.queued,
        "out": out,
        "read": seen.read,
        "failed": seen.failed + sum(seen.skipped.values()),
    }
    return (Reply(_SIAR + "sampai-mana", facts),)


# ------------------------------------------------------------------------------------------------------- the report


def _report(scene: Scene, who: Staffer) -> tuple[Reply, ...]:
    """The last broadcast, the last session and the home visits still to be made, as figures and a few names."""
    facts = {**_broadcast_figures(scene, who), **_session_figures(scene, who)}
    visits = len(scene.tx.open_home_visits(who.by_name)) if who.by_name else 0
    return (Reply("kader/laporan", {**facts, "visits": visits}),)


def _broadcast_figures(scene: Scene, who: Staffer) -> dict[str, Any]:
    recent = scene.tx.broadcasts_of(who.by_name, _MOST_OPTIONS) if who.by_name else []
    since = scene.now - _REPORTED
    sent = [one for one in recent if one.state in (BroadcastState.SENDING, BroadcastState.DONE)]
    last = next((one for one in sent if one.created_at >= since), None)
    if last is None:
        return {"broadcast": None}
    told = broadcasts.report(scene.tx, last.id)
    names = [one.name for one in told.unreached]
    scene.tx.audit("list_read", None, {"list": "unreached"}, scene.now, actor_id=who.contact_id)
    return {
        "broadcast": {
            "action": last.kind,
            "date": _local_day(scene, last.created_at, last.posyandu_id),
            "total": told.total,
            "reached": told.delivered + told.read,
            "read": told.read,
            "unreached": len(names),
            "no_phone": len(told.no_phone),
            "names": names[:_MOST_NAMES],
        }
    }


def _session_figures(scene: Scene, who: Staffer) -> dict[str, Any]:
    today = scene.received_on
    past = scene.tx.sessions_between(who.by_name, today - _REPORTED, today)
    if not past:
        return {"session": None}
    last = past[-1]
    rows = scene.tx.attendance_of(last.id).values()
    came = sum(row.came for row in rows)
    facts = {"date": last.date.isoformat(), "came": came, "absent": len(rows) - came, "closed": bool(last.closed_at)}
    return {"session": facts}


def _local_day(scene: Scene, moment: datetime, posyandu_id: str) -> str:
    place = scene.tx.posyandu(posyandu_id)
    zone = place.timezone if place is not None else scene.deps.default_timezone
    return moment.astimezone(ZoneInfo(zone)).date().isoformat()


# ----------------------------------------------------------------------------------------------------- what is planned


def _sessions(scene: Scene, who: Staffer) -> Reply:
    today = scene.received_on
    coming = scene.tx.sessions_between(who.by_name, today, today + _AHEAD)
    names = {place.id: place.name for place in _places(scene, who)}
    rows = [_session_row(one, names) for one in coming[:_MOST_SESSIONS]]
    return Reply("kader/jadwal", {"sessions": rows, "several": len(names) > 1})


def _session_row(one: SessionRow, names: Mapping[str, str]) -> dict[str, Any]:
    return {
        "date": one.date.isoformat(),
        "time": f"{one.time:%H:%M}",
        "place": one.place,
        "posyandu_name": names.get(one.posyandu_id, ""),
    }


# ----------------------------------------------------------------------------------------------------------- who works


def _invite(scene: Scene, who: Staffer, command: Command) -> tuple[Reply, ...]:
    role = Role(command.role)
    if _too_many(scene, who):
        return (Reply(_INVITATION + "tidak-bisa", {"why": "too_often", "role": role.value}),)
    options = _invitable(scene, who, role)
    if not options:
        return (Reply(_INVITATION + "tidak-bisa", {"why": "not_allowed", "role": role.value}),)
    place_id = _named(options, command.rest)
    if place_id is None:
        names = [name for name, _ in options[:_MOST_OPTIONS]]
        return (Reply(_INVITATION + "untuk-mana", {"options": names, "role": role.value}),)
    code = staff.invite(scene.tx, who, role, place_id, scene.inbound_id, scene.now)
    facts = {"code": code, "role": role.value, "place": staff.place_name(scene.tx, place_id)}
    # The second message is there to be passed on as it is.
    return (Reply(_INVITATION + "kode", facts), Reply(_INVITATION + "teruskan", facts))


def _invitable(scene: Scene, who: Staffer, role: Role) -> list[tuple[str, str]]:
    """(name, id) of the posyandu or areas she may invite somebody for."""
    if role is Role.KADER:
        rooms = who.figures if who.holds(Role.ADMIN) else who.by_name
        found = [(place.name, place.id) for one in rooms if (place := scene.tx.posyandu(one)) is not None]
    else:
        below = {one for area_id in who.areas for one in scene.tx.areas_below(area_id)}
        found = [(area.name, area.id) for area in scene.tx.areas() if area.id in below]
    return sorted(one for one in found if staff.may_invite(scene.tx, who, role, one[1]))


def _named(options: Sequence[tuple[str, str]], said: str) -> str | None:
    """The one that is meant; the only one needs no name."""
    if not said:
        return options[0][1] if len(options) == 1 else None
    name = match_posyandu(said, [name for name, _ in options])
    fitting = [place_id for one, place_id in options if one == name]
    return fitting[0] if len(fitting) == 1 else None


def _too_many(scene: Scene, who: Staffer) -> bool:
    """Codes live seven days: those made within a day run out more than six days from now."""
    since = scene.now + staff.CODE_LIFE - timedelta(days=1)
    made = scene.tx.codes_by(who.contact_id, staff.CODE_KIND)
    return sum(row.expires_at > since for row in made) >= MAX_INVITES_A_DAY


def _places(scene: Scene, who: Staffer) -> list[PosyanduRow]:
    return [place for one in sorted(who.by_name) if (place := scene.tx.posyandu(one)) is not None]
