"""`sapa broadcast`: preview, send and follow a kader's broadcast, for whoever runs the service."""

from __future__ import annotations

import json
import sys
import time as machine_time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import TYPE_CHECKING, Annotated, Any
from uuid import uuid4

import typer
from rich.console import Console
from rich.progress import Progress as Bar

from sapa import cli_common as common

if TYPE_CHECKING:
    from sapa.bootstrap import App
    from sapa.services.access import Staffer
    from sapa.services.broadcasts import Plan, Preview, Report
    from sapa.services.ports import Tx

broadcast = typer.Typer(no_args_is_help=True, help="A kader's messages to her families.")
_notes = Console(stderr=True)
_LOOK_S = 0.5

_NowOption = Annotated[str | None, typer.Option("--now", help="The moment to count from (ISO); default: the clock.")]
_JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON; of a sending one object an event, a line each.")]
_AsOption = Annotated[str, typer.Option("--as", help="The number of the kader or bidan who sends it.")]
_PosyanduOption = Annotated[str, typer.Option("--posyandu", help="Name or id of the posyandu.")]
_DateOption = Annotated[str | None, typer.Option("--date", help="Day of a new session (ISO).")]
_TimeOption = Annotated[str | None, typer.Option("--time", help="Its hour, local: 08:00.")]
_PlaceOption = Annotated[str, typer.Option("--place", help="Where it is.")]
_NoteOption = Annotated[str, typer.Option("--note", help="What to bring, or why it is cancelled.")]
_MoveOption = Annotated[
    tuple[str, str] | None, typer.Option("--move", metavar="OLD NEW", help="Move the session of day OLD to day NEW.")
]
_CancelOption = Annotated[str | None, typer.Option("--cancel", metavar="DATE", help="Cancel the session of that day.")]
_TextOption = Annotated[str, typer.Option("--text", help="An announcement in free words.")]


def register(app: typer.Typer) -> None:
    """Add the commands to the command `sapa`."""
    app.add_typer(broadcast, name="broadcast")


@dataclass(frozen=True)
class _Asked:
    """What the options say."""

    day: str | None
    hour: str | None
    place: str
    note: str
    move: tuple[str, str] | None
    cancel: str | None
    text: str


@broadcast.command()
def preview(
    sender: _AsOption,
    posyandu: _PosyanduOption,
    day: _DateOption = None,
    hour: _TimeOption = None,
    place: _PlaceOption = "",
    note: _NoteOption = "",
    move: _MoveOption = None,
    cancel: _CancelOption = None,
    text: _TextOption = "",
    now: _NowOption = None,
    as_json: _JsonOption = False,
) -> None:
    """What would be sent, to how many, by which channel and at what cost. Nothing is written."""
    from sapa.services import broadcasts

    app = common.running_app()
    moment = common.moment(now, app.clock.now())
    with app.deps.store.transaction(write=False) as tx:
        who = common.staffer_behind(tx, sender)
        plan = _plan(tx, who, posyandu, _Asked(day, hour, place, note, move, cancel, text))
        seen = broadcasts.preview(app.deps, tx, who, plan, moment)
    if as_json:
        print(json.dumps(_preview_json(seen), ensure_ascii=False))
    else:
        print("\n".join(_preview_lines(seen)))
    if seen.refused is not None:
        raise SystemExit(1)


@broadcast.command()
def send(
    sender: _AsOption,
    posyandu: _PosyanduOption,
    day: _DateOption = None,
    hour: _TimeOption = None,
    place: _PlaceOption = "",
    note: _NoteOption = "",
    move: _MoveOption = None,
    cancel: _CancelOption = None,
    text: _TextOption = "",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    follow: Annotated[bool, typer.Option(help="Wait for the undo to end and watch it go.")] = True,
    now: _NowOption = None,
    as_json: _JsonOption = False,
) -> None:
    """Preview, confirm, two minutes to undo it with Ctrl-C, then the sending with its progress.

    With --now nobody waits: the two minutes pass on the clock that was given.
    """
    from sapa.services import broadcasts

    app = common.running_app()
    moment = common.moment(now, app.clock.now())
    with app.deps.store.transaction(write=False) as tx:
        who = common.staffer_behind(tx, sender)
        plan = _plan(tx, who, posyandu, _Asked(day, hour, place, note, move, cancel, text))
        seen = broadcasts.preview(app.deps, tx, who, plan, moment)
    _say(as_json, {"event": "preview", **_preview_json(seen)}, _preview_lines(seen))
    if seen.refused is not None:
        raise SystemExit(1)
    if not yes:
        if as_json or not sys.stdin.isatty():
            common.fail("nothing was sent: add --yes")
        typer.confirm(f"Send it to {seen.recipients} households?", abort=True, err=True)
    try:
        with app.deps.store.transaction() as tx:
            made = broadcasts.create(app.deps, tx, who, plan, moment, key=f"cli:{uuid4()}")
            broadcasts.confirm(app.deps, tx, who, made.id, moment)
    except broadcasts.Refusal as refusal:
        common.fail(f"refused: {refusal.code}")
    _say(as_json, {"event": "confirmed", "id": made.id}, [f"confirmed {made.id}"])
    if not follow:
        return
    watching = _Watching(app, made.id, as_json)
    if now is None:
        _wait_for_release(app, who, made.id)
        watching.until_done(app.clock.now)
    else:
        broadcasts.release_due(app.deps, moment + broadcasts.UNDO, watch=lambda _: watching.look())
        watching.look()
    watching.close()


@broadcast.command()
def status(broadcast_id: str, now: _NowOption = None, as_json: _JsonOption = False) -> None:
    """How far a broadcast is."""
    from sapa.services import broadcasts

    app = common.running_app()
    try:
        with app.deps.store.transaction(write=False) as tx:
            seen = broadcasts.progress(tx, broadcast_id, common.moment(now, app.clock.now()))
    except KeyError:
        common.fail(f"no broadcast {broadcast_id}")
    if as_json:
        print(json.dumps(seen.as_json()))
        return
    for name, value in seen.as_json().items():
        print(f"{name:16} {value}")


@broadcast.command()
def report(broadcast_id: str, as_json: _JsonOption = False) -> None:
    """Whom a broadcast reached; whom it did not, by name. The reading is audited."""
    from sapa.services import broadcasts

    app = common.running_app()
    moment = app.clock.now()
    try:
        with app.deps.store.transaction() as tx:
            found = broadcasts.report(tx, broadcast_id)
            tx.audit("broadcast_report_read", None, {"broadcast": broadcast_id, "by": "operator"}, moment)
    except KeyError:
        common.fail(f"no broadcast {broadcast_id}")
    if as_json:
        print(json.dumps(_report_json(found), ensure_ascii=False))
        return
    print(f"{found.total} households: {found.reached} reached ({found.read} read), {found.unconfirmed} not confirmed")
    for row in (*found.unreached, *found.no_phone):
        print(f"{row.reason:16} {row.name or '-'}\t{row.address or '-'}")


# ------------------------------------------------------------------------------------------------------- following it


class _Watching:
    """The progress of one broadcast, as a bar or as JSON lines. Nothing is said twice."""

    def __init__(self, app: App, broadcast_id: str, as_json: bool) -> None:
        self._app, self._id, self._json = app, broadcast_id, as_json
        self._last: dict[str, Any] = {}
        self._bar = Bar(console=_notes, disable=as_json or not sys.stderr.isatty())
        self._task = self._bar.add_task("sending", total=None)
        self._bar.start()

    def look(self) -> str:
        """Say how far it is, if that is news; its state."""
        from sapa.services import broadcasts

        with self._app.deps.store.transaction(write=False) as tx:
            seen = broadcasts.progress(tx, self._id)
        self._bar.update(self._task, total=seen.total or None, completed=seen.total - seen.pending)
        event = {"event": "progress", **seen.as_json()}
        if self._json and event != self._last:
            print(json.dumps(event), flush=True)
        self._last = event
        return seen.state

    def until_done(self, clock: Callable[[], datetime]) -> None:
        """Send it here and now; where the clock process was quicker, watch it do so."""
        from sapa.services import broadcasts

        while self.look() in (broadcasts.BroadcastState.CONFIRMED, broadcasts.BroadcastState.SENDING):
            if not broadcasts.release_due(self._app.deps, clock(), watch=lambda _: self.look()):
                machine_time.sleep(_LOOK_S)

    def close(self) -> None:
        self._bar.stop()
        if not self._json:
            print(f"{self._last['state']}: {self._last['total'] - self._last['pending']} households settled")


def _wait_for_release(app: App, who: Staffer, broadcast_id: str) -> None:
    """Let the undo pass; Ctrl-C takes the broadcast back."""
    from sapa.services import broadcasts

    try:
        while True:
            with app.deps.store.transaction(write=False) as tx:
                seen = broadcasts.progress(tx, broadcast_id, app.clock.now())
            if seen.state != broadcasts.BroadcastState.CONFIRMED or seen.seconds_to_undo == 0:
                return
            _notes.print(f"{seen.seconds_to_undo} s to undo it (Ctrl-C)", end="\r")
            machine_time.sleep(1)
    except KeyboardInterrupt:
        with app.deps.store.transaction() as tx:
            undone = broadcasts.undo(app.deps, tx, who, broadcast_id, app.clock.now())
        common.fail("taken back, nothing was sent" if undone else "too late, it is on its way")


# --------------------------------------------------------------------------- the options


def _plan(tx: Tx, who: Staffer, posyandu: str, asked: _Asked) -> Plan:
    from sapa.services.broadcasts import Plan

    place_id = _posyandu(tx, who, posyandu)
    wanted = [asked.day is not None, asked.move is not None, asked.cancel is not None, bool(asked.text)]
    if sum(wanted) != 1:
        common.fail("say one of --date (a new session), --move OLD NEW, --cancel DATE or --text")
    hour = _hour(asked.hour)
    if asked.text:
        return Plan("announcement", place_id, text=asked.text)
    if asked.day is not None:
        return Plan("session", place_id, _day(asked.day), hour, asked.place, asked.note)
    old = _day(asked.move[0] if asked.move else asked.cancel or "")
    session = tx.session_on(place_id, old)
    if session is None:
        common.fail(f"{posyandu} has no session on {old}")
    if asked.move is None:
        return Plan("cancelled", place_id, note=asked.note, session_id=session.id)
    return Plan("moved", place_id, _day(asked.move[1]), hour, asked.place, asked.note, session.id)


def _posyandu(tx: Tx, who: Staffer, wanted: str) -> str:
    """A posyandu of theirs by name or id: every second village has a Melati, she mostly has one."""
    places = [place for place_id in sorted(who.by_name) if (place := tx.posyandu(place_id)) is not None]
    found = [place for place in places if wanted == place.id or wanted.casefold() == place.name.casefold()]
    if len(found) != 1:
        common.fail(
            f"{wanted!r}: not one posyandu of theirs; they have {', '.join(f'{p.name} ({p.id})' for p in places)}"
        )
    return found[0].id


def _day(given: str) -> date:
    try:
        return date.fromisoformat(given)
    except ValueError:
        common.fail(f"{given!r} is not a day such as 2026-12-10")


def _hour(given: str | None) -> time | None:
    if given is None:
        return None
    try:
        return time.fromisoformat(given)
    except ValueError:
        common.fail(f"{given!r} is not an hour such as 08:00")


# --------------------------------------------------------------------------- saying it


def _preview_json(seen: Preview) -> dict[str, Any]:
    return {
        "refused": seen.refused,
        "plan": seen.plan.as_json(),
        "recipients": seen.recipients,
        "whatsapp": seen.whatsapp,
        "sms": seen.sms,
        "unreachable": seen.unreachable,
        "skipped": dict(seen.skipped),
        "told": seen.told,
        "not_told": seen.not_told,
        "templates": seen.templates,
        "sms_parts": seen.sms_parts,
        "cost_rupiah": seen.cost_rupiah,
        "waits_until": seen.waits_until.isoformat() if seen.waits_until else None,
        "warnings": list(seen.warnings),
        "holiday": seen.holiday,
        "text": seen.text,
    }


def _preview_lines(seen: Preview) -> list[str]:
    if seen.refused is not None:
        return [f"refused: {seen.refused}"]
    paid = f"{seen.templates} WhatsApp templates and {seen.sms_parts} parts of SMS are paid"
    lines = [
        f"to {seen.recipients} households ({seen.whatsapp} WhatsApp, {seen.sms} SMS); {seen.unreachable} unreachable",
        paid if seen.cost_rupiah is None else f"{paid}: Rp {seen.cost_rupiah}",
    ]
    if seen.plan.kind in ("moved", "cancelled"):
        lines.append(f"{seen.told} know of the old day and are told, {seen.not_told} do not and are not")
    if seen.waits_until is not None:
        lines.append(f"waits until {seen.waits_until.isoformat()}")
    lines += [f"warning: {code}{f' ({seen.holiday})' if code == 'holiday' else ''}" for code in seen.warnings]
    return [*lines, "", seen.text]


def _report_json(found: Report) -> dict[str, Any]:
    return {
        "state": found.state,
        "total": found.total,
        "reached": found.reached,
        "read": found.read,
        "unconfirmed": found.unconfirmed,
        "unreached": [row._asdict() for row in found.unreached],
        "no_phone": [row._asdict() for row in found.no_phone],
    }


def _say(as_json: bool, event: dict[str, Any], lines: list[str]) -> None:
    print(json.dumps(event, ensure_ascii=False) if as_json else "\n".join(lines), flush=True)
