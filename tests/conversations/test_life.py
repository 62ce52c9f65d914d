"""A whole life with the bot, from the wedding to the second birthday: how much it says, and when."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.local_engine import LocalEngine
from bot.script import ScriptedRun, read_moment
from sapa.family.calendar import add_months

pytestmark = pytest.mark.model
LIVES = sorted((Path(__file__).parent / "lives").glob("*.yml"))


def _world() -> str:
    """A posyandu in Nusa Tenggara Timur (WITA) with a session on the 10th of every month for four years."""
    days = [add_months(date(2024, 11, 10), month) for month in range(48)]
    sessions = [{"date": day.isoformat(), "time": "08:00", "place": "Balai Desa Contoh"} for day in days]
    place = {"name": "Melati", "province": "Nusa Tenggara Timur", "village": "Desa Contoh", "sessions": sessions}
    return str(yaml.safe_dump({"posyandu": [place]}))


@pytest.fixture(scope="module", params=LIVES, ids=[path.stem for path in LIVES])
def told(request: pytest.FixtureRequest, local_engine: LocalEngine) -> list[dict[str, Any]]:
    """Everything that was said to the family, in order."""
    return asyncio.run(_live(request.param, local_engine))


async def _live(path: Path, engine: LocalEngine) -> list[dict[str, Any]]:
    steps = yaml.safe_load(path.read_text(encoding="utf-8"))
    run = ScriptedRun(engine, read_moment(steps[0]["at"], "at"), _world())
    try:
        return [line for step in steps for line in await run.play(step) if line["direction"] == "out"]
    finally:
        run.close()


def _reminders(told: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [line for line in told if line["kind"] == "reminder"]


def test_never_more_than_one_reminder_a_day_and_eight_a_month(told: list[dict[str, Any]]) -> None:
    days = Counter(line["at"][:10] for line in _reminders(told))
    months = Counter(line["at"][:7] for line in _reminders(told))
    assert max(days.values()) == 1
    assert max(months.values()) <= 8
    print("\nreminders by month:", dict(months))


def test_nothing_goes_out_at_night(told: list[dict[str, Any]]) -> None:
    hours = {datetime.fromisoformat(line["at"]).time() for line in _reminders(told)}
    assert all(time(7) <= hour < time(20) for hour in hours)


def test_every_stage_is_accompanied_and_none_after_it_is_over(told: list[dict[str, Any]]) -> None:
    stages: dict[str, list[str]] = {}
    for line in _reminders(told):
        parts = line["content"].split("/")
        stages.setdefault(parts[1] if len(parts) > 2 else "posyandu", []).append(line["at"][:10])
    assert {"catin", "hamil", "nifas", "anak", "posyandu"} <= set(stages)
    assert max(stages["catin"]) <= "2025-03-14", "the wedding day"
    assert max(stages["hamil"]) <= "2026-02-25", "the day the birth was told"
    assert max(stages["nifas"]) <= "2026-04-06", "born on 24 February; day 42 is 6 April"
    assert stages["hamil"][0] >= "2025-06-28", "nothing of the weeks before she told"


def test_contraception_is_never_pushed(told: list[dict[str, Any]]) -> None:
    assert not [line for line in told if "/kb" in line["content"] or "kontrasepsi" in line["text"].lower()]
