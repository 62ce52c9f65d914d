"""A family from before the wedding to the child's second birthday, in the terminal: `make demo`.

Everything is real but the passing of time: the Rasa model, the actions, the planner, the sender. The clock is moved.
Of what goes out by itself only the first of each kind is shown in full; `make demo ARGS=--all` shows every word. The
story ends today: played into the years to come it would outlive its texts, for what is overdue for review is not sent.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from rich.console import Console, RenderableType
from rich.markup import escape
from rich.panel import Panel
from rich.rule import Rule
from rich.text import Text

from bot.local_engine import LocalEngine
from bot.model_files import NoModel
from bot.script import ScriptedRun
from sapa import settings
from sapa.family.calendar import add_months
from sapa.services.demo import demo_world

WITA = ZoneInfo("Asia/Makassar")
ANSWER = "sudah"  # what the reminders ask to be told after the posyandu
# Days of this story, counted from its beginning or from the last period: none of them is a rule of the program.
WEDDING, LAST_PERIOD, TOLD, BIRTH = 112, 180, 40, 280
CHECKED = (57, 113, 152)
console = Console(width=100)

Step = Mapping[str, Any]


def script(start: datetime) -> list[Step]:
    """The steps in order of time. A step may have a `chapter`, which is printed before it."""
    wedding = start.date() + timedelta(days=WEDDING)
    last_period = start.date() + timedelta(days=LAST_PERIOD)
    birth = last_period + timedelta(days=BIRTH)
    return [*_before_the_wedding(start, wedding), *_pregnant(last_period), *_born(birth), *_growing(birth)]


def _before_the_wedding(start: datetime, wedding: date) -> Iterator[Step]:
    injected = start - timedelta(days=50)
    told = (
        f"daftar catin nikah {wedding:%d-%m-%Y}, saya 23 th bb 45 tb 155 lila 22 hb 11,2 td T2 {injected:%d-%m-%Y}, "
        "calon suami 26 th bb 60 tb 170 merokok"
    )
    yield {"chapter": "Before the wedding", "user": "halo", "at": start}
    yield from _said(start + timedelta(minutes=1), told, "setuju", "tidak", "benar")
    yield from _said(start + timedelta(days=35), "Hb saya 12,1")
    yield from _said(_at(wedding, days=1), "kami sudah menikah")


def _pregnant(last_period: date) -> Iterator[Step]:
    first = _at(last_period, days=TOLD)
    words = f"saya hamil, HPHT {last_period:%d-%m-%Y}, posyandu Melati"
    yield from _chapter("Pregnant", _said(first, words, "setuju", "benar"))
    for days in CHECKED:
        yield from _said(_at(last_period, days=days), "sudah periksa")
    next_visit = last_period + timedelta(days=CHECKED[-1] + 42)
    yield from _said(_at(last_period, days=CHECKED[-1] + 1), f"kontrol lagi {next_visit:%d-%m-%Y}")
    yield from _said(_at(next_visit), "sudah periksa")


def _born(birth: date) -> Iterator[Step]:
    words = "sudah lahir kemarin, perempuan, 3,1 kg, namanya Aisyah"
    yield from _chapter("Born", _said(_at(birth, days=1), words, "setuju", "benar"))
    yield from _said(_at(birth, days=2), f"HB0 {birth:%d-%m-%Y}")
    yield from _said(_at(birth, days=12), "ASI saya sedikit")


def _growing(birth: date) -> Iterator[Step]:
    """After each posyandu at which something was to be given the mother answers SUDAH, as the reminder asks her to."""
    yield from _chapter("Growing", _said(_at(birth, days=20), "jadwal saya"))
    for month in range(1, 25):
        session = _at(add_months(birth, month).replace(day=10)).replace(hour=13)
        if session.date() <= birth + timedelta(days=21) or session.date() > add_months(birth, 24):
            continue
        yield {"user": ANSWER, "at": session}
        if month in (6, 7):
            weight, length = {6: ("7,0", "65"), 7: ("7,4", "66,5")}[month]
            yield {"user": f"berat Aisyah {weight} kg tinggi {length} cm", "at": session + timedelta(hours=1)}
    yield {"advance_to": _at(add_months(birth, 24), days=1)}


def _at(day: date, days: int = 0) -> datetime:
    return datetime.combine(day + timedelta(days=days), time(9), WITA)


def _said(at: datetime, *texts: str) -> Iterator[Step]:
    for minute, text in enumerate(texts):
        yield {"user": text, "at": at + timedelta(minutes=minute)}


def _chapter(title: str, steps: Iterator[Step]) -> Iterator[Step]:
    yield {**next(steps), "chapter": title}
    yield from steps


class Show:
    """What is on the terminal. Counts what the family got."""

    def __init__(self, everything: bool) -> None:
        self._everything = everything
        self._seen: set[str] = set()
        self.received = 0

    def line(self, line: Mapping[str, Any]) -> None:
        """A message as a bubble; of a kind that was shown before as one line."""
        self.received += line["direction"] == "out"
        unasked = line["kind"] == "reminder"
        stage = "/".join(str(line["content"]).split("/")[:2])
        short = unasked and stage in self._seen and not self._everything
        self._seen |= {stage} if unasked else set()
        console.print(one_line(line) if short else bubble(line))


async def play(run: ScriptedRun, steps: Sequence[Step], show: Show) -> None:
    """Show the conversation. What falls due before a step comes first; only then is there something to answer."""
    for step in steps:
        if "chapter" in step:
            console.print(Rule(step["chapter"]))
        moment = step.get("at") or step["advance_to"]
        due = await run.play({"advance_to": moment})
        for line in due:
            show.line(line)
        if "user" not in step or (step["user"] == ANSWER and not any(_invites(line) for line in due)):
            continue
        for line in await run.play(step):
            show.line(line)


def _invites(line: Mapping[str, Any]) -> bool:
    return str(line["content"]).startswith("pengingat/posyandu") and ANSWER.upper() in line["text"]


def one_line(line: Mapping[str, Any]) -> RenderableType:
    """A message by its beginning."""
    words = " ".join(line["text"].split())
    text = Text(f"  {_moment(line)}  {words}", style="yellow", no_wrap=True, overflow="ellipsis")
    text.truncate(86, overflow="ellipsis")
    return text


def bubble(line: Mapping[str, Any]) -> Panel:
    """One message: the family's on the right, ours on the left with its kind."""
    mine = line["direction"] == "out"
    title = f"{_moment(line)}  {line['kind']}" if mine else _moment(line)
    picture = "[picture]\n" if line["media"] else ""
    return Panel(
        Text(picture + line["text"]),
        title=escape(title),
        title_align="left" if mine else "right",
        border_style={"reminder": "yellow", "danger": "red"}.get(line["kind"] or "", "green" if mine else "blue"),
        width=86 if mine else 60,
        padding=(0, 1),
    )


def _moment(line: Mapping[str, Any]) -> str:
    return datetime.fromisoformat(line["at"]).strftime("%d-%m-%Y %H:%M")


def main() -> int:
    """Play the family; 1 with one clear line if there is no model."""
    try:
        with console.status("loading the model"):
            engine = LocalEngine(settings.load().model_dir)
    except (NoModel, settings.SettingsError) as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    today = datetime.now(WITA).replace(hour=9, minute=0, second=0, microsecond=0)
    start = today - timedelta(days=LAST_PERIOD + BIRTH + 732)
    run, show = ScriptedRun(engine, start, demo_world(start.date())), Show("--all" in sys.argv[1:])
    steps = script(start)
    try:
        asyncio.run(play(run, steps, show))
    finally:
        run.close()
    months = round((steps[-1]["advance_to"] - start).days / 30.44)
    console.print(f"{show.received} messages in {months} months. The same on simulated phones: make run")
    return 0


if __name__ == "__main__":
    sys.exit(main())
