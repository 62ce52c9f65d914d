"""How the system does, as one picture, and what somebody should do about it.

The same picture is served to Prometheus, printed by `sapa health` and shown in the console. The limits below are those
of ops/alerts.yml (a test holds the two together). Figures only: no name, no number, no text.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from typing import Any

from sapa.messaging.states import OutboxState
from sapa.services.ports import Tx
from sapa.services.ports_health import Heartbeat, QueueLength
from sapa.services.records import Hold

# Whoever is not heard of for this long is not at work.
SILENT = timedelta(seconds=60)
# The processes of an installation. Rasa and the action server are heard of through the worker that talks to them.
PROCESSES = ("edge", "worker", "sender", "clock", "rasa", "actions")
# How long the oldest of a line may wait, in seconds, and whether longer is an emergency.
WAITS: Mapping[str, tuple[float, bool]] = {
    "outbox_danger": (30, True),
    "inbound_received": (30, True),
    "danger_untold": (300, True),
    "danger_untaken": (1800, True),
    "inbound_waiting": (300, False),
    "outbox_reply": (300, False),
    "outbox_unasked": (1800, False),
    "outbox_unknown": (600, False),
    "dirty_households": (300, False),
    "reminders_due": (300, False),
    "broadcasts": (300, False),
}
DISK_FREE = 0.10  # of the disk with the data
BACKUP = timedelta(hours=26)
SKEW_S = 30.0
FAILED_SHARE = 0.20
_FAILED_OF_AT_LEAST = 20  # messages: a share of fewer says nothing
CERTIFICATE = timedelta(days=14)
_LATELY = timedelta(hours=24)
# The share of failures is looked for among this many messages at most: the look stays short in a table of millions.
_NEWEST = 20_000
_FORGET_HEARTBEATS = timedelta(days=7)
# Written by whoever makes a backup: JSON {"at": ISO, ...}.
BACKUP_SETTING = "last-backup"
_BAD_TEMPLATES = ("rejected", "paused", "disabled")


class Level(IntEnum):
    """How bad it is: the larger the worse."""

    OK = 0
    WARN = 1
    FAIL = 2


@dataclass(frozen=True)
class Disk:
    """The disk the data stand on, in bytes."""

    free: int
    total: int

    @property
    def share(self) -> float:
        return self.free / self.total if self.total else 1.0


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at. code: stable, with its figures the key to other languages' words for it."""

    level: Level
    code: str
    what: str
    todo: str = ""
    figures: Mapping[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return {
            "level": self.level.name.lower(),
            "code": self.code,
            "what": self.what,
            "todo": self.todo,
            **({"figures": dict(self.figures)} if self.figures else {}),
        }


@dataclass(frozen=True)
class Picture:
    """The system at one moment. now: the time messages go by (the simulator moves it); wall: the machine's clock."""

    now: datetime
    wall: datetime
    heartbeats: tuple[Heartbeat, ...]
    queues: tuple[QueueLength, ...]
    holds: tuple[Hold, ...]
    open: Mapping[tuple[str, str], int]
    lately: Mapping[str, int]
    templates: Mapping[str, int]
    backup_at: datetime | None

    def age(self, queue: QueueLength) -> float:
        """Seconds the oldest of a line has waited; 0 where nothing waits."""
        return max(0.0, (self.now - queue.oldest).total_seconds()) if queue.oldest else 0.0

    def silence(self, process: str) -> float | None:
        """Seconds since the last sign of life of any process of this name; None if there was none."""
        ages = [(self.wall - one.at).total_seconds() for one in self.heartbeats if one.name == process]
        return max(0.0, min(ages)) if ages else None

    def alive(self, process: str) -> int:
        """How many processes of this name were heard of lately."""
        return sum(1 for one in self._living() if one.name == process)

    @property
    def skew_s(self) -> float:
        """The largest difference, in seconds, between a living process's clock and the database's."""
        return max((abs(one.skew_s) for one in self._living()), default=0.0)

    @property
    def certificate_until(self) -> datetime | None:
        """When the certificate of the public address ends, as far as a process has looked."""
        told = [one.detail["certificate_until"] for one in self._living() if "certificate_until" in one.detail]
        return min(datetime.fromisoformat(moment) for moment in told) if told else None

    @property
    def failed_share(self) -> float:
        """Of the last day's messages that went to the provider, the share that will not arrive."""
        tried = sum(self.lately.get(state, 0) for state in _TRIED)
        return self.lately.get(OutboxState.FAILED, 0) / tried if tried >= _FAILED_OF_AT_LEAST else 0.0

    def _living(self) -> Iterator[Heartbeat]:
        return (one for one in self.heartbeats if self.wall - one.at <= SILENT)


_TRIED = (OutboxState.SENT, OutboxState.DELIVERED, OutboxState.READ, OutboxState.FAILED)


def beat(tx: Tx, name: str, owner: str, wall: datetime, detail: Mapping[str, Any]) -> None:
    """Say that a process lives, and how far its clock is from the database's."""
    theirs = tx.database_time()
    skew_s = (wall - theirs).total_seconds() if theirs is not None else 0.0
    tx.beat(name, owner, wall, {**detail, "skew_s": round(skew_s, 3)})
    tx.drop_heartbeats(wall - _FORGET_HEARTBEATS)


def picture(tx: Tx, now: datetime, wall: datetime) -> Picture:
    """Look at everything the database knows about itself. Reads only, and little: it may be asked every few seconds."""
    return Picture(
        now=now,
        wall=wall,
        heartbeats=tuple(tx.heartbeats()),
        queues=tuple(tx.queue_lengths(now)),
        holds=tuple(tx.holds()),
        open=tx.outbox_open(),
        lately=tx.outbox_lately(now - _LATELY, _NEWEST),
        templates=tx.template_states(),
        backup_at=_moment(tx.setting(BACKUP_SETTING)),
    )


def note_backup(tx: Tx, wall: datetime, **figures: Any) -> None:
    """Write down that a backup was made."""
    tx.set_setting(BACKUP_SETTING, json.dumps({"at": wall.astimezone(UTC).isoformat(), **figures}), wall)


def _moment(kept: str | None) -> datetime | None:
    try:
        return datetime.fromisoformat(json.loads(kept)["at"]) if kept else None
    except (ValueError, KeyError, TypeError):
        return None


def findings(seen: Picture, disk: Disk | None = None) -> tuple[Finding, ...]:
    """What to know and what to do, the worst first."""
    found = [
        *_processes(seen),
        *_queues(seen),
        *_holds(seen),
        *_failures(seen),
        *_templates(seen),
        *_clocks(seen),
        *_backup(seen),
        *_certificate(seen),
        *([_disk(disk)] if disk else []),
    ]
    return tuple(sorted(found, key=lambda finding: -finding.level))


def worst(found: tuple[Finding, ...]) -> Level:
    """The worst level among findings."""
    return max((finding.level for finding in found), default=Level.OK)


def _processes(seen: Picture) -> Iterator[Finding]:
    for name in PROCESSES:
        silence = seen.silence(name)
        if silence is None:
            yield Finding(
                Level.FAIL,
                "process-missing",
                f"{name}: never heard of",
                f"start it: systemctl start sapa-{name} (one machine: make run)",
                {"process": name},
            )
        elif silence > SILENT.total_seconds():
            yield Finding(
                Level.FAIL,
                "process-silent",
                f"{name}: not heard of for {_for(silence)}",
                f"look at its log (journalctl -u sapa-{name}), then systemctl restart sapa-{name}",
                {"process": name, "seconds": round(silence)},
            )
        else:
            count = seen.alive(name)
            yield Finding(Level.OK, "process", f"{name}: {count} at work", "", {"process": name, "count": count})


_QUEUE_WORDS: Mapping[str, tuple[str, str]] = {
    "outbox_danger": ("answers to a danger wait to be sent", "look at the sender and at the holds at once"),
    "inbound_received": ("messages nobody has looked at for dangers", "look at the worker at once"),
    "danger_untold": ("danger cases no human was told of", "look at the clock; call the kader yourself"),
    "danger_untaken": ("danger cases nobody has taken", "call the bidan or kader of that posyandu yourself"),
    "inbound_waiting": (
        "messages of families wait for their answer",
        "look at Rasa and the worker",
    ),
    "outbox_reply": ("answers wait to be sent", "look at the sender, the holds and the provider's status page"),
    "outbox_unasked": ("reminders and broadcasts wait to be sent", "look at the holds; start another sender"),
    "outbox_unknown": ("messages nobody knows the fate of", "look at the clock and whether the provider can be asked"),
    "dirty_households": ("families wait for their new plan", "look at the clock"),
    "reminders_due": ("due reminders are not in the outbox", "look at the clock"),
    "broadcasts": ("released broadcasts are not in the outbox", "look at the clock"),
}


def _queues(seen: Picture) -> Iterator[Finding]:
    for queue in seen.queues:
        limit, urgent = WAITS[queue.name]
        words, todo = _QUEUE_WORDS[queue.name]
        age = seen.age(queue)
        figures = {"queue": queue.name, "count": queue.count, "seconds": round(age)}
        if age > limit:
            level = Level.FAIL if urgent or age > 3 * limit else Level.WARN
            yield Finding(
                level,
                "queue-late",
                f"{queue.count} {words}, the oldest for {_for(age)} (limit {_for(limit)})",
                todo,
                figures,
            )
        else:
            yield Finding(Level.OK, "queue", f"{queue.count} {words}", "", figures)


def _holds(seen: Picture) -> Iterator[Finding]:
    for hold in seen.holds:
        since = (seen.now - hold.since).total_seconds()
        one = hold.scope.startswith("template:")
        yield Finding(
            Level.WARN if one else Level.FAIL,
            "hold",
            f"sending of {hold.scope} is held for {_for(since)}: the provider answers {hold.code}",
            f"mend what the provider names, then sapa sending resume {hold.scope} (else one tries in 15 minutes)",
            {"scope": hold.scope, "error": hold.code, "seconds": round(since)},
        )
    if not seen.holds:
        yield Finding(Level.OK, "holds", "nothing is held")


def _failures(seen: Picture) -> Iterator[Finding]:
    share = seen.failed_share
    figures = {"share": round(share, 3)}
    if share > FAILED_SHARE:
        yield Finding(
            Level.WARN,
            "failures",
            f"{share:.0%} of the last day's messages failed (limit {FAILED_SHARE:.0%})",
            "see which errors on the console's page Pengiriman",
            figures,
        )
    else:
        yield Finding(Level.OK, "failures-few", f"{share:.0%} of the last day's messages failed", "", figures)


def _templates(seen: Picture) -> Iterator[Finding]:
    bad = {state: seen.templates[state] for state in _BAD_TEMPLATES if seen.templates.get(state)}
    approved = seen.templates.get("approved", 0)
    figures = {"approved": approved, **bad}
    if bad:
        told = ", ".join(f"{count} {state}" for state, count in bad.items())
        todo = "sapa templates status says why; change the text and sapa templates push"
        yield Finding(Level.WARN, "templates-bad", f"WhatsApp templates: {told}", todo, figures)
    else:
        yield Finding(Level.OK, "templates", f"{approved} WhatsApp templates approved, none refused", "", figures)


def _clocks(seen: Picture) -> Iterator[Finding]:
    figures = {"seconds": round(seen.skew_s, 1)}
    if seen.skew_s > SKEW_S:
        todo = "set up time synchronisation (timedatectl set-ntp true) on every machine"
        yield Finding(Level.FAIL, "skew", f"a clock is {seen.skew_s:.0f} s away from the database's", todo, figures)
    else:
        yield Finding(Level.OK, "clocks", f"clocks agree within {seen.skew_s:.1f} s", "", figures)


def _backup(seen: Picture) -> Iterator[Finding]:
    if seen.backup_at is None:
        yield Finding(Level.WARN, "backup-none", "no backup was ever made", "sapa backup FILE, and enable its timer")
        return
    age = (seen.wall - seen.backup_at).total_seconds()
    figures = {"seconds": round(age)}
    if age > BACKUP.total_seconds():
        todo = "look at sapa-backup.timer and at the free disk space"
        yield Finding(Level.WARN, "backup-old", f"the last backup is {_for(age)} old", todo, figures)
    else:
        yield Finding(Level.OK, "backup", f"the last backup is {_for(age)} old", "", figures)


def _certificate(seen: Picture) -> Iterator[Finding]:
    until = seen.certificate_until
    if until is None:
        return
    days = (until - seen.wall).total_seconds() / 86400
    figures = {"days": round(days, 1)}
    if days < CERTIFICATE.days:
        level = Level.FAIL if days < 2 else Level.WARN
        todo = "look at the log of the proxy (Caddy renews by itself; port 80 must be reachable)"
        yield Finding(
            level, "certificate-ends", f"the certificate of the public address ends in {days:.0f} days", todo, figures
        )
    else:
        yield Finding(Level.OK, "certificate", f"the certificate holds {days:.0f} more days", "", figures)


def _disk(disk: Disk) -> Finding:
    free = f"{disk.share:.0%} of the disk ({disk.free / 1e9:.1f} GB) is free"
    figures = {"share": round(disk.share, 3), "bytes": disk.free}
    if disk.share >= DISK_FREE:
        return Finding(Level.OK, "disk", free, "", figures)
    level = Level.FAIL if disk.share < DISK_FREE / 3 else Level.WARN
    return Finding(level, "disk-full", f"only {free}", "move old backups away; make the disk larger", figures)


def _for(seconds: float) -> str:
    """A span in words: 45 s, 12 min, 5 h, 3 days."""
    for size, word in ((86400, "days"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {word}"
    return f"{seconds:.0f} s"
