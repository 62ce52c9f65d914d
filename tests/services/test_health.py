"""The picture of the running system: what is looked at, when it becomes a finding, and what is said then."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from sapa.bootstrap import App
from sapa.messaging.states import Channel, Kind
from sapa.services.health import (
    BACKUP,
    PROCESSES,
    SILENT,
    WAITS,
    Disk,
    Finding,
    Level,
    Picture,
    beat,
    findings,
    note_backup,
    picture,
    worst,
)
from sapa.services.ports_health import Heartbeat, QueueLength
from sapa.services.records import Hold, OutboxDraft
from tests.support import NOW

WALL = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def well(**changed: Any) -> Picture:
    """A system in which nothing is wrong, but for what a test changes."""
    calm = Picture(
        now=NOW,
        wall=WALL,
        heartbeats=tuple(Heartbeat(name, "machine:1", WALL) for name in PROCESSES),
        queues=tuple(QueueLength(name, 0, None) for name in WAITS),
        holds=(),
        open={},
        lately={"delivered": 100},
        templates={"approved": 5},
        backup_at=WALL - timedelta(hours=3),
    )
    return replace(calm, **changed)


def _plus(more: Heartbeat) -> tuple[Heartbeat, ...]:
    return (*well().heartbeats, more)


def _certificate(days: int) -> Heartbeat:
    return Heartbeat("certificate", "host", WALL, 0.0, {"certificate_until": (WALL + timedelta(days=days)).isoformat()})


def bad(seen: Picture, disk: Disk | None = None) -> list[Finding]:
    return [finding for finding in findings(seen, disk) if finding.level is not Level.OK]


def test_a_system_in_which_nothing_is_wrong_has_only_good_news() -> None:
    found = findings(well(), Disk(free=50, total=100))
    assert {finding.level for finding in found} == {Level.OK}
    assert all(not finding.todo for finding in found)
    assert worst(found) is Level.OK


@pytest.mark.parametrize("process", PROCESSES)
def test_a_process_that_fell_silent_is_named_with_what_to_do(process: str) -> None:
    def others(at: datetime) -> tuple[Heartbeat, ...]:
        return tuple(Heartbeat(name, "m:1", at if name == process else WALL) for name in PROCESSES)

    assert bad(well(heartbeats=others(WALL - SILENT))) == []
    (found,) = bad(well(heartbeats=others(WALL - SILENT - SECOND)))
    assert found.level is Level.FAIL and found.code == "process-silent" and process in found.what
    assert f"sapa-{process}" in found.todo


def test_a_process_nobody_ever_heard_of_is_missing() -> None:
    (found,) = bad(well(heartbeats=tuple(Heartbeat(name, "m", WALL) for name in PROCESSES if name != "clock")))
    assert (found.level, found.code, found.figures["process"]) == (Level.FAIL, "process-missing", "clock")


def test_one_of_two_workers_may_be_gone_as_long_as_the_other_works() -> None:
    two = (*well().heartbeats, Heartbeat("worker", "machine:2", WALL - timedelta(hours=1)))
    assert bad(well(heartbeats=two)) == []


@pytest.mark.parametrize("name", WAITS)
def test_a_line_is_late_only_after_its_limit(name: str) -> None:
    limit, urgent = WAITS[name]

    def waiting(seconds: float) -> Picture:
        lines = [QueueLength(one, int(one == name), NOW - seconds * SECOND if one == name else None) for one in WAITS]
        return well(queues=tuple(lines))

    assert bad(waiting(limit)) == []
    (found,) = bad(waiting(limit + 1))
    assert found.code == "queue-late" and found.figures == {"queue": name, "count": 1, "seconds": limit + 1}
    assert found.level is (Level.FAIL if urgent else Level.WARN) and found.todo
    # Three times the limit is an emergency in every line.
    assert bad(waiting(3 * limit + 1))[0].level is Level.FAIL


@pytest.mark.parametrize(
    ("changed", "disk", "code", "level"),
    [
        ({"holds": (Hold("all", "20003", NOW, NOW),)}, None, "hold", Level.FAIL),
        ({"holds": (Hold("template:kode_masuk", "63041", NOW, NOW),)}, None, "hold", Level.WARN),
        # 21 of 100 is more than a fifth, 20 of 100 is not; 4 of 5 is too few to say.
        ({"lately": {"failed": 21, "sent": 79}}, None, "failures", Level.WARN),
        ({"templates": {"approved": 3, "rejected": 1}}, None, "templates-bad", Level.WARN),
        ({"heartbeats": _plus(Heartbeat("worker", "m:2", WALL, skew_s=-31.0))}, None, "skew", Level.FAIL),
        ({"backup_at": None}, None, "backup-none", Level.WARN),
        ({"backup_at": WALL - BACKUP - SECOND}, None, "backup-old", Level.WARN),
        ({}, Disk(free=9, total=100), "disk-full", Level.WARN),
        ({}, Disk(free=3, total=100), "disk-full", Level.FAIL),
        ({"heartbeats": _plus(_certificate(days=5))}, None, "certificate-ends", Level.WARN),
        ({"heartbeats": _plus(_certificate(days=1))}, None, "certificate-ends", Level.FAIL),
    ],
)
def test_each_kind_of_trouble_is_one_finding_with_what_to_do(
    changed: dict[str, Any], disk: Disk | None, code: str, level: Level
) -> None:
    (found,) = bad(well(**changed), disk)
    assert (found.code, found.level) == (code, level)
    assert found.todo and found.what


@pytest.mark.parametrize("lately", [{"failed": 20, "sent": 80}, {"failed": 4, "sent": 1}, {"suppressed": 500}, {}])
def test_few_failures_are_no_finding(lately: dict[str, int]) -> None:
    assert bad(well(lately=lately)) == []


def test_the_worst_comes_first() -> None:
    found = findings(well(backup_at=None, holds=(Hold("all", "20003", NOW, NOW),)))
    levels = [finding.level for finding in found]
    assert levels == sorted(levels, reverse=True) and levels[0] is Level.FAIL


# --- what the database tells, on both kinds


def test_a_sign_of_life_is_kept_and_replaced(app: App) -> None:
    with app.store.transaction() as tx:
        beat(tx, "worker", "m:1", WALL, {"pid": 1})
        beat(tx, "worker", "m:1", WALL + SECOND, {"pid": 1})
        beat(tx, "worker", "m:2", WALL, {"pid": 2})
        kept = tx.heartbeats()
    assert [(one.name, one.owner, one.at) for one in kept] == [
        ("worker", "m:1", WALL + SECOND),
        ("worker", "m:2", WALL),
    ]


def test_a_process_that_ended_in_order_is_not_missed_and_old_ones_are_forgotten(app: App) -> None:
    with app.store.transaction() as tx:
        beat(tx, "worker", "gone", WALL - timedelta(days=8), {})
        beat(tx, "worker", "ended", WALL, {})
        tx.end_heartbeat("worker", "ended")
        beat(tx, "worker", "here", WALL, {})
        assert [one.owner for one in tx.heartbeats()] == ["here"]


def test_the_difference_to_the_databases_clock_is_kept_where_it_has_one(app: App) -> None:
    ahead = datetime.now(UTC) + timedelta(seconds=100)
    with app.store.transaction() as tx:
        beat(tx, "worker", "m:1", ahead, {})
        (kept,) = tx.heartbeats()
    expected = 0.0 if app.settings.database_url.startswith("sqlite") else 100.0
    assert kept.skew_s == pytest.approx(expected, abs=5.0)


def _queue(app: App, kind: Kind, priority: int, made: datetime, due: datetime, reply: bool) -> str:
    with app.store.transaction() as tx:
        contact, address = tx.contact_for_address(Channel.WHATSAPP, "+6281200000099", "+6281200000099", made)
        queued = tx.queue(
            OutboxDraft(
                dedupe_key=f"{kind}{priority}{made}{due}{reply}",
                contact_id=contact.id,
                address_id=address.id,
                channel=Channel.WHATSAPP,
                kind=kind,
                content_id="x",
                text="x",
                priority=priority,
                in_reply_to="some-inbound" if reply else None,
                not_before=due,
            ),
            made,
        )
    assert queued is not None
    return queued


def test_every_line_is_found_empty_on_an_empty_database(app: App) -> None:
    with app.store.transaction(write=False) as tx:
        lengths = tx.queue_lengths(NOW)
    assert {line.name: (line.count, line.oldest) for line in lengths} == {name: (0, None) for name in WAITS}


@pytest.mark.parametrize(
    ("kind", "priority", "reply", "line", "since"),
    [
        # An answer waits since it was made; what nobody asked for since it may go.
        (Kind.DANGER, 0, True, "outbox_danger", NOW - timedelta(minutes=10)),
        (Kind.ANSWER, 10, True, "outbox_reply", NOW - timedelta(minutes=10)),
        (Kind.REMINDER, 50, False, "outbox_unasked", NOW - timedelta(minutes=1)),
    ],
)
def test_a_message_waits_in_the_line_of_its_kind(
    app: App, kind: Kind, priority: int, reply: bool, line: str, since: datetime
) -> None:
    _queue(app, kind, priority, NOW - timedelta(minutes=10), NOW - timedelta(minutes=1), reply)
    with app.store.transaction(write=False) as tx:
        waiting = {one.name: (one.count, one.oldest) for one in tx.queue_lengths(NOW) if one.count}
    assert waiting == {line: (1, since)}


def test_a_reminder_that_may_not_go_yet_does_not_wait(app: App) -> None:
    _queue(app, Kind.REMINDER, 50, NOW, NOW + timedelta(hours=1), reply=False)
    with app.store.transaction(write=False) as tx:
        assert [line.name for line in tx.queue_lengths(NOW) if line.count] == []
        assert tx.outbox_open() == {("queued", "reminder"): 1}


def test_inbound_messages_and_danger_cases_wait_in_their_lines(app: App, receive: Any) -> None:
    receive("halo")
    with app.store.transaction(write=False) as tx:
        waiting = {one.name: one.oldest for one in tx.queue_lengths(NOW + SECOND) if one.count}
    assert waiting == {"inbound_received": NOW}


@pytest.mark.parametrize(
    ("columns", "lines"),
    [
        ({}, {"danger_untold", "danger_untaken"}),
        ({"notified_at": NOW}, {"danger_untaken"}),
        ({"notified_at": NOW, "taken_at": NOW}, set()),
        ({"closed_at": NOW}, set()),
    ],
)
def test_a_danger_case_waits_until_told_and_until_taken(app: App, columns: dict[str, Any], lines: set[str]) -> None:
    with app.store.transaction() as tx:
        contact, _ = tx.contact_for_address(Channel.WHATSAPP, "+6281200000098", None, NOW)
        assert tx.open_case(contact.id, "danger", None, NOW) is not None
    with app.store.engine.begin() as connection:
        for name in columns:
            connection.execute(text(f'UPDATE "case" SET {name} = opened_at'))
    with app.store.transaction(write=False) as tx:
        assert {one.name for one in tx.queue_lengths(NOW) if one.count} == lines


def test_the_share_of_failures_is_looked_for_among_the_newest_only(app: App) -> None:
    for number in range(5):
        _queue(app, Kind.ANSWER, 10, NOW + number * SECOND, NOW, reply=True)
    with app.store.transaction(write=False) as tx:
        assert tx.outbox_lately(NOW, 100) == {"queued": 5}
        assert tx.outbox_lately(NOW, 3) == {"queued": 3}
        assert tx.outbox_lately(NOW + 4 * SECOND, 100) == {"queued": 1}


def test_the_picture_holds_what_the_database_knows(app: App) -> None:
    with app.store.transaction() as tx:
        beat(tx, "sender", "m:1", WALL, {})
        tx.hold("whatsapp", "63051", NOW)
        note_backup(tx, WALL, file="a.tar")
    with app.store.transaction(write=False) as tx:
        seen = picture(tx, NOW, WALL + SECOND)
    assert seen.silence("sender") == 1.0 and seen.silence("worker") is None and seen.alive("sender") == 1
    assert [hold.scope for hold in seen.holds] == ["whatsapp"]
    assert seen.backup_at == WALL


@pytest.mark.parametrize("kept", ["", "no json", "[]", '{"at": 5}', '{"at": "gestern"}'])
def test_a_mark_of_a_backup_nobody_can_read_counts_as_none(app: App, kept: str) -> None:
    with app.store.transaction() as tx:
        tx.set_setting("last-backup", kept, NOW)
        assert picture(tx, NOW, WALL).backup_at is None
