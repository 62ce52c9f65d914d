"""`sapa timeline`: every message with the words of its own day, as JSON rows and as a calendar page."""

import re
from collections import Counter
from dataclasses import replace
from datetime import date
from html.parser import HTMLParser
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import typer
from typer.testing import CliRunner

from sapa.bootstrap import answering
from sapa.cli_timeline import register
from sapa.family.people import Family
from sapa.services.campaigns import load_campaigns
from sapa.services.deps import Deps
from sapa.services.family_file import load_family
from sapa.services.timeline import TimelineRow, calendar, calendar_page, timeline

ROOT = Path(__file__).resolve().parents[2]
FAMILIES = ROOT / "tests" / "data" / "families"
SAMPLES = ("catin-ntt", "hamil-muda", "hamil-tua", "nifas-kembar", "anak-kb", "tanpa-posyandu")
UNTIL = date(2028, 10, 31)


@pytest.fixture(scope="module")
def deps() -> Deps:
    return replace(answering({}), campaigns=load_campaigns(ROOT / "content" / "id" / "campaigns"))


def family(name: str) -> Family:
    return load_family((FAMILIES / f"{name}.yml").read_text("utf-8")).family


@pytest.fixture(scope="module")
def timelines(deps: Deps) -> dict[str, tuple[TimelineRow, ...]]:
    return {name: timeline(deps, family(name), UNTIL) for name in SAMPLES}


def test_a_row_has_exactly_the_keys_of_the_contract(timelines: dict[str, tuple[TimelineRow, ...]]) -> None:
    row = timelines["anak-kb"][0].as_json()
    assert list(row) == ["send_at", "channel", "kind", "subject", "event", "due_on", "content", "text"]
    assert (row["channel"], row["kind"], row["subject"]) == ("whatsapp", "reminder", "Fatimah")
    assert row["send_at"].endswith("+08:00")


@pytest.mark.parametrize("name", SAMPLES)
def test_every_message_of_the_sample_families_has_words(
    name: str, timelines: dict[str, tuple[TimelineRow, ...]]
) -> None:
    for row in timelines[name]:
        assert row.kind == "reminder" and len(row.text) > 40
        assert not re.search(r"\{\{|None|True|False", row.text), row.reminder.content


@pytest.mark.parametrize("name", SAMPLES)
def test_no_sample_family_hears_from_us_twice_a_day_or_nine_times_a_month(
    name: str, timelines: dict[str, tuple[TimelineRow, ...]]
) -> None:
    here = family(name)
    shown = calendar(here, timelines[name], UNTIL)
    assert max(month.most for month in shown.months) <= 8
    days = Counter((row.reminder.to, row.day) for row in timelines[name])
    assert all(count == 1 for count in days.values())
    assert all(7 <= row.reminder.send_at.astimezone(ZoneInfo(here.timezone)).hour < 20 for row in timelines[name])


def test_a_text_speaks_of_the_age_and_the_week_of_the_day_it_goes_out(
    timelines: dict[str, tuple[TimelineRow, ...]],
) -> None:
    # Born on 10 April 2026: nine months old on 10 January 2027.
    (nine,) = (row for row in timelines["anak-kb"] if row.reminder.content == "pengingat/anak/naik-tekstur")
    assert (nine.day, nine.reminder.payload["child"]["age_months"]) == (date(2027, 1, 10), 9)
    hers = [row.reminder for row in timelines["hamil-muda"] if row.reminder.to == "mother"]
    weeks = [reminder.payload["week"] for reminder in hers if reminder.event == "lmp"]
    assert weeks == sorted(weeks) and weeks[0] == 9


def test_a_small_twin_hears_of_sessions_and_gets_no_advice_by_age(
    timelines: dict[str, tuple[TimelineRow, ...]],
) -> None:
    named = Counter(row.reminder.topic for row in timelines["nifas-kembar"] if "Rio" in row.subject)
    assert set(named) == {"posyandu"}
    assert any(row.subject == "Rara" and row.reminder.topic == "anak" for row in timelines["nifas-kembar"])


def test_a_return_date_is_told_to_its_owner_in_words_that_name_nothing(
    timelines: dict[str, tuple[TimelineRow, ...]],
) -> None:
    own = [row for row in timelines["anak-kb"] if row.reminder.topic == "kb"]
    assert {row.reminder.to for row in own} <= {"contact:member-1"}
    assert not [row for row in own if re.search(r"\bKB\b|suntik|kontrasepsi|hamil", row.text, re.IGNORECASE)]


# --------------------------------------------------------------------------------------------------- the calendar


def test_a_month_is_whole_weeks_from_monday_to_sunday(deps: Deps) -> None:
    here = family("anak-kb")
    shown = calendar(here, timeline(deps, here, date(2027, 3, 31)), date(2027, 3, 31))
    assert [month.first for month in shown.months] == [date(2026, 11, 1)] + [
        date(2026 + n // 12, n % 12 + 1, 1) for n in range(11, 15)
    ]
    for month in shown.months:
        for week in month.weeks:
            assert len(week) == 7
            assert all(cell is None or cell.on.weekday() == place for place, cell in enumerate(week))
    cells = [cell for month in shown.months for week in month.weeks for cell in week if cell]
    assert sum(len(cell.rows) for cell in cells) == len(shown.rows)


def test_a_family_without_messages_has_a_calendar_too(deps: Deps) -> None:
    nobody = replace(family("anak-kb"), children=(), contraceptions=())
    shown = calendar(nobody, timeline(deps, nobody, date(2026, 12, 31)), date(2026, 12, 31))
    assert len(shown.months) == 2 and "Tidak ada pesan" in calendar_page(deps, shown)


class _Page(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.ids: set[str] = set()
        self.outside: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.ids |= {given["id"] or ""} if "id" in given else set()
        self.links += [given["href"] or ""] if tag == "a" else []
        self.outside += [tag] if "src" in given or tag in ("link", "script", "iframe") else []


@pytest.mark.parametrize("name", SAMPLES)
def test_the_page_needs_nothing_else_and_every_day_leads_to_its_words(
    name: str, deps: Deps, timelines: dict[str, tuple[TimelineRow, ...]]
) -> None:
    html = calendar_page(deps, calendar(family(name), timelines[name], UNTIL))
    page = _Page(html)
    assert page.outside == [] and "url(" not in html
    assert page.links == [f"#p{row.number}" for row in timelines[name]]
    assert {link.removeprefix("#") for link in page.links} <= page.ids
    assert len(html) < 500_000


def test_what_a_family_is_called_cannot_break_the_page(deps: Deps) -> None:
    here = family("anak-kb")
    child = replace(here.children[0], name="<script>alert(1)</script>")
    odd = replace(here, children=(child,))
    html = calendar_page(deps, calendar(odd, timeline(deps, odd, date(2026, 12, 31)), date(2026, 12, 31)))
    assert "<script>" not in html and "&lt;script&gt;" in html


# ------------------------------------------------------------------------------------------------------ the command


def run(*arguments: str) -> tuple[int, str]:
    app = typer.Typer()
    register(app)
    app.command()(lambda: None)  # with a second command the first one keeps its name
    done = CliRunner().invoke(app, ["timeline", *arguments])
    return done.exit_code, done.output


def test_the_command_prints_lines_or_json_and_writes_the_page(tmp_path: Path) -> None:
    file, out = str(FAMILIES / "anak-kb.yml"), tmp_path / "kalender.html"
    code, text = run(file, "--until", "2026-12-31")
    assert code == 0 and "2026-12-02T16:00:00+08:00  posyandu_session  Fatimah" in text
    assert run(file, "--until", "2026-12-31", "--json")[1].lstrip().startswith("[")
    code, said = run(file, "--until", "2026-12-31", "--html", str(out))
    assert code == 0 and said.startswith(str(out)) and "<!DOCTYPE html>" in out.read_text("utf-8")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nowhere.yml", "--until", "2026-12-31"], "nowhere.yml"),
        ([str(FAMILIES / "anak-kb.yml"), "--until", "soon"], "--until 'soon' is not a date"),
        ([str(FAMILIES / "anak-kb.yml"), "--until", "2026-12-31", "--now", "sometime"], "now: 'sometime'"),
        ([str(FAMILIES / "anak-kb.yml"), "--until", "2026-12-31", "--html", "/nowhere/x.html"], "/nowhere/x.html"),
    ],
)
def test_trouble_is_one_line_and_exit_code_1(arguments: list[str], words: str) -> None:
    code, output = run(*arguments)
    assert code == 1 and words in output and output.count("\n") == 1
