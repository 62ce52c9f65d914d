"""Whole conversations with the real model and the real actions, as `sapa chat --script` plays them.

A step of a script may say what must come out: `expect` (content ids, in order), `expect_kind` (the kind of each is one
of these), `expect_not` (content ids that must not come), `says` (words that must be in what came), `remember` (a name
and a pattern to find in what came; later texts may say {name}). Its first step may name its `world` (a file in worlds).
"""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.local_engine import LocalEngine
from bot.script import ScriptedRun, read_moment
from sapa.messaging.sms import gsm7_unsupported, sms_parts
from sapa.services.demo import demo_world

pytestmark = pytest.mark.model
SCRIPTS = sorted((Path(__file__).parent / "scripts").glob("*.yml"))


@pytest.mark.parametrize("path", SCRIPTS, ids=[path.stem for path in SCRIPTS])
async def test_the_conversation_goes_as_written(path: Path, local_engine: LocalEngine) -> None:
    steps: list[dict[str, Any]] = yaml.safe_load(path.read_text(encoding="utf-8"))
    world = _world(str(steps[0].get("world") or path.stem.partition("-")[0]))
    run = ScriptedRun(local_engine, read_moment(steps[0]["at"], "at"), world)
    try:
        remembered: dict[str, str] = {}
        for number, written in enumerate(steps, 1):
            step = {name: _with(remembered, value) for name, value in written.items()}
            lines = [line for line in await run.play(step) if line["direction"] == "out"]
            _check(f"{path.stem}, step {number}: {step.get('user')!r}", step, lines)
            for name, pattern in step.get("remember", {}).items():
                remembered[name] = _found(pattern, lines)
    finally:
        run.close()


def _world(name: str) -> str:
    """The world a script plays in: one with staff for those of kader and their cases."""
    staffed = Path(__file__).parent / "worlds" / f"{name}.yml"
    if staffed.exists():
        return staffed.read_text(encoding="utf-8")
    return demo_world(date(2026, 11, 23))


def _with(remembered: dict[str, str], value: Any) -> Any:
    """A text with what was remembered in place of {name}."""
    if isinstance(value, str):
        for name, found in remembered.items():
            value = value.replace("{" + name + "}", found)
    return value


def _found(pattern: str, lines: list[dict[str, Any]]) -> str:
    match = re.search(pattern, "\n".join(line["text"] for line in lines))
    assert match is not None, f"{pattern} stands in no message"
    return match[1] if match.groups() else match[0]


def _check(where: str, step: dict[str, Any], lines: list[dict[str, Any]]) -> None:
    contents = [line["content"] for line in lines]
    if "expect" in step:
        assert contents == step["expect"], where
    if "expect_kind" in step:
        assert {line["kind"] for line in lines} <= set(step["expect_kind"]), where
    assert not set(contents) & set(step.get("expect_not", [])), where
    everything = "\n".join(line["text"] for line in lines)
    for words in step.get("says", []):
        assert words in everything, where
    for line in lines:
        if line["channel"] == "sms":
            assert gsm7_unsupported(line["text"]) == "" and sms_parts(line["text"]) <= 2, where
