"""`sapa broadcast` as an operator scripts it: preview, send with its events, status, report."""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from sapa import cli_broadcast
from sapa.bootstrap import App
from sapa.family.people import Child
from sapa.messaging.states import Channel
from sapa.services.access import Role
from sapa.services.consents import CHILD_CARE
from sapa.services.records import PosyanduRow
from sapa.services.staff import enrol

KADER = "+6281399900001"
NOW = "2026-11-23T09:00:00+07:00"
NEW = ["--date", "2026-12-10", "--time", "08:00", "--place", "Balai Desa"]


@pytest.fixture
def app(app: App, database_url: str, now: datetime) -> App:
    """Melati, its kader, two families; one of them has no phone."""
    with app.store.transaction() as tx:
        tx.save_posyandu(PosyanduRow("p1", "Melati", "Asia/Jakarta"))
        enrol(tx, KADER, "Sari", Role.KADER, "p1", None, now)
        for number in (1, 2):
            phone = f"+62812000{number:05}"
            contact = tx.contact_for_address(Channel.WHATSAPP, phone, phone, now)[0] if number == 1 else None
            contact_id = contact.id if contact else tx.new_contact(now).id
            tx.record_consent(contact_id, CHILD_CARE, "...", True, "in", now)
            home = tx.household_of(contact_id, now)
            tx.set_posyandu(home, "p1")
            tx.save_child(home, Child(f"Anak {number}", date(2026, 5, 3), id=f"c{number}"), now)
    return app


def _run(*arguments: str) -> Any:
    command = typer.Typer()
    cli_broadcast.register(command)
    # A typer of one command would swallow its name.
    command.command(name="other")(lambda: None)
    return CliRunner().invoke(command, ["broadcast", *arguments])


def _as_kader(verb: str, *arguments: str) -> Any:
    return _run(verb, "--as", KADER, "--posyandu", "melati", *arguments, "--now", NOW)


def test_the_preview_prints_what_would_happen_as_lines_or_as_json(app: App) -> None:
    told = json.loads(_as_kader("preview", *NEW, "--json").stdout)
    assert (told["recipients"], told["unreachable"], told["skipped"]) == (1, 1, {"no_phone": 1})
    assert told["refused"] is None and "Balai Desa" in told["text"]
    assert "to 1 households (1 WhatsApp, 0 SMS); 1 unreachable" in _as_kader("preview", *NEW).stdout


def test_sending_prints_one_event_a_line_and_ends_with_done(app: App) -> None:
    done = _as_kader("send", *NEW, "--yes", "--json")
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.exit_code == 0, done.output
    assert [event["event"] for event in events] == ["preview", "confirmed", "progress", "progress"]
    assert (events[-1]["state"], events[-1]["queued"], events[-1]["skipped"]) == ("done", 1, {"no_phone": 1})
    status = json.loads(_run("status", events[1]["id"], "--json").stdout)
    assert status["state"] == "done" and status["total"] == 2
    found = json.loads(_run("report", events[1]["id"], "--json").stdout)
    assert [row["name"] for row in found["no_phone"]] == ["Anak 2"]


def test_moving_and_cancelling_name_the_day(app: App) -> None:
    assert _as_kader("send", *NEW, "--yes").exit_code == 0
    moved = _as_kader("preview", "--move", "2026-12-10", "2026-12-12", "--json")
    assert json.loads(moved.stdout)["plan"]["date"] == "2026-12-12"
    assert _as_kader("send", "--cancel", "2026-12-10", "--yes").exit_code == 0
    gone = _as_kader("send", "--cancel", "2026-12-10", "--yes")
    assert gone.exit_code == 1 and "no session on 2026-12-10" in gone.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["preview", "--as", "+62811", "--posyandu", "Melati", *NEW], "nobody of the staff"),
        (["preview", "--as", KADER, "--posyandu", "Mawar", *NEW], "not one posyandu of theirs"),
        (["preview", "--as", KADER, "--posyandu", "Melati"], "say one of"),
        (["preview", "--as", KADER, "--posyandu", "Melati", "--date", "besok"], "not a day"),
        (["send", "--as", KADER, "--posyandu", "Melati", *NEW, "--now", NOW], "add --yes"),
        (["status", "nothing"], "no broadcast nothing"),
    ],
)
def test_trouble_is_one_line_and_exit_code_1(app: App, arguments: list[str], said: str) -> None:
    done = _run(*arguments)
    assert done.exit_code == 1 and said in done.stderr and done.stderr.count("\n") == 1


def test_a_refused_broadcast_says_why_and_exits_with_1(app: App) -> None:
    refused = _as_kader("send", "--text", "Transfer ke rekening ini", "--yes")
    assert refused.exit_code == 1 and "refused: money" in refused.stdout
