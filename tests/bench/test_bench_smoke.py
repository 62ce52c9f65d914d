"""Each part of the benchmarks works, shown by a run too small to mean anything. No time is asserted here."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench.__main__ import main
from bench.figures import figure, ratio


def _run(part: str, out: Path, *more: str) -> dict[str, object]:
    assert main([part, "--tiny", "--databases", "sqlite", "--out", str(out), *more]) == 0
    results = json.loads(out.read_text("utf-8"))
    assert results["machine"]["cores"] >= 1
    found: dict[str, object] = results[part]
    return found


def test_a_figure_is_the_median_of_its_repeats_with_their_spread() -> None:
    speeds = figure([30.0, 10.0, 20.0], "turns/s")
    assert (speeds.median, speeds.low, speeds.high, speeds.repeats) == (20.0, 10.0, 30.0, 3)
    assert ratio(speeds, figure([10.0], "turns/s")) == 2.0


def test_a_part_that_does_not_exist_is_refused_before_anything_is_measured(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["speed"])
    assert "there is no part 'speed'" in capsys.readouterr().err


@pytest.mark.stack
def test_the_sender_and_the_bare_loop_each_send_every_message_once(tmp_path: Path) -> None:
    found = _run("sender", tmp_path / "sender.json")
    for delay in ("0ms", "100ms"):
        both = found[delay]
        assert isinstance(both, dict)
        # More or fewer messages at the stub than were waiting would have ended the run.
        assert both["sqlite"]["median"] > 0
        assert all(both["bare_loops"][client]["median"] > 0 for client in ("ours", "requests"))


def test_the_tick_is_measured_with_nothing_due_and_with_all_the_sample_due(tmp_path: Path) -> None:
    found = _run("ticks", tmp_path / "ticks.json")["sqlite"]
    assert isinstance(found, dict)
    for families in ("60", "120"):
        assert found[families]["due"]["median"] > 0 and found[families]["nothing_due"]["median"] > 0
    assert found["largest_of_smallest"] > 0


@pytest.mark.stack
@pytest.mark.model
@pytest.mark.load
def test_every_contender_takes_its_turns_and_every_process_is_weighed(tmp_path: Path) -> None:
    turns = _run("turns", tmp_path / "turns.json")
    contenders = turns["contenders"]
    assert isinstance(contenders, list)
    assert [(one["contender"], one["provider_ms"]) for one in contenders] == [
        ("rest", None),
        ("ours", 0),
        ("ours", 100),
        ("ours2", 0),
        ("ours2", 100),
        ("twilio", 0),
        ("twilio", 100),
    ]
    assert all(one["speed"]["median"] > 0 and one["processes"] >= 2 for one in contenders)
    weighed = _run("memory", tmp_path / "memory.json")
    assert {"edge", "actions", "rasa", "worker", "sender", "clock"} <= set(weighed)
    started = _run("start", tmp_path / "start.json")
    assert set(started) == {"first_answer", "edge", "actions", "rasa"}
