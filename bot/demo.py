"""A family from the first message to the second birthday, in the terminal: `make demo`.

Everything is real but the passing of time: the Rasa model, the actions, the planner, the sender. The clock is moved.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.markup import escape
from rich.panel import Panel
from rich.text import Text

from bot.local_engine import LocalEngine
from bot.model_files import NoModel
from bot.script import ScriptedRun
from sapa import settings
from sapa.family.calendar import add_months
from sapa.services.demo import demo_world

WITA = ZoneInfo("Asia/Makassar")
ANSWER = "sudah"  # what the reminders ask to be told after the posyandu
console = Console(width=100)


def script(start: datetime) -> list[Mapping[str, Any]]:
    """The steps: a baby of three weeks is registered, two questions are asked, two years pass.

    After each posyandu at which something was to be given the mother answers SUDAH, as the reminder asks her to.
    """
    born = (start - timedelta(days=21)).date()
    words = f"daftarkan anak saya Aisyah perempuan lahir {born:%d-%m-%Y} posyandu Melati"
    steps: list[Mapping[str, Any]] = [
        {"user": "halo", "at": start},
        {"user": words, "at": start + timedelta(minutes=1)},
        {"user": "setuju", "at": start + timedelta(minutes=2)},
        {"user": "benar", "at": start + timedelta(minutes=3)},
        {"user": "ASI saya sedikit", "at": start + timedelta(minutes=5)},
        {"user": "jadwal imunisasi anak saya", "at": start + timedelta(minutes=7)},
    ]
    for month in range(25):
        session = add_months(start.date().replace(day=10), month)
        if session > start.date():
            afternoon = datetime(session.year, session.month, session.day, 13, tzinfo=WITA)
            steps.append({"user": ANSWER, "at": afternoon})
    steps.append({"advance_to": datetime.combine(add_months(start.date(), 24), start.timetz())})
    return steps


async def play(run: ScriptedRun, steps: Sequence[Mapping[str, Any]]) -> int:
    """Show the conversation as bubbles; how many messages the family got."""
    received, invited = 0, False
    for step in steps:
        if step.get("user") == ANSWER:
            # What falls due before the posyandu comes first; only then is there something to answer.
            for line in await run.play({"advance_to": step["at"]}):
                received += 1
                invited = ANSWER.upper() in line["text"]
                console.print(bubble(line))
            if not invited:
                continue
        for line in await run.play(step):
            received += line["direction"] == "out"
            console.print(bubble(line))
    return received


def bubble(line: Mapping[str, Any]) -> Panel:
    """One message: the family's on the right, ours on the left with its kind."""
    mine = line["direction"] == "out"
    moment = datetime.fromisoformat(line["at"]).strftime("%d-%m-%Y %H:%M")
    title = f"{moment}  {line['kind']}" if mine else moment
    return Panel(
        Text(line["text"]),
        title=escape(title),
        title_align="left" if mine else "right",
        border_style={"reminder": "yellow", "danger": "red"}.get(line["kind"] or "", "green" if mine else "blue"),
        width=86 if mine else 60,
        padding=(0, 1),
    )


def main() -> int:
    """Play the family; 1 with one clear line if there is no model."""
    try:
        with console.status("loading the model"):
            engine = LocalEngine(settings.load().model_dir)
    except (NoModel, settings.SettingsError) as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    start = datetime.now(WITA).replace(hour=9, minute=0, second=0, microsecond=0)
    run = ScriptedRun(engine, start, demo_world(start.date()))
    try:
        received = asyncio.run(play(run, script(start)))
    finally:
        run.close()
    console.print(f"{received} messages in two years. The same on simulated phones: make run")
    return 0


if __name__ == "__main__":
    sys.exit(main())
