"""The command line as others script against it: names, keys, columns, exit codes, one clear line for trouble."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from sapa.settings import ROOT

FAMILIES = ROOT / "tests" / "data" / "families"
MIGRATIONS = ROOT / "sapa" / "store" / "migrations" / "versions"


def sapa(*arguments: str, given: str | None = None, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run the command as a shell would."""
    return subprocess.run(
        [sys.executable, "-m", "sapa.cli", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        input=given,
        timeout=180,
        env={**os.environ, **environ},
    )


def _json(*arguments: str) -> Any:
    done = sapa(*arguments, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_immunization_prints_every_dose_with_every_key() -> None:
    (child,) = _json("immunization", str(FAMILIES / "newborn.yml"))
    assert set(child) == {"name", "doses"} and len(child["doses"]) == 20  # 21 of the schedule, JE only where set
    for dose in child["doses"]:
        assert set(dose) == {"dose", "status", "earliest", "due", "latest", "given_on", "reason"}


def test_now_beats_the_file() -> None:
    (child,) = _json("immunization", str(FAMILIES / "newborn.yml"), "--now", "2027-02-22")
    assert {dose["dose"]: dose["status"] for dose in child["doses"]}["BCG"] == "overdue"


ZONES = [("wib.yml", "+07:00"), ("wita.yml", "+08:00"), ("wit.yml", "+09:00")]


@pytest.mark.parametrize(("file", "offset"), ZONES, ids=[file for file, _ in ZONES])
def test_timeline_speaks_at_four_in_the_afternoon_of_the_familys_own_zone(file: str, offset: str) -> None:
    messages = _json("timeline", str(FAMILIES / file), "--until", "2028-11-22")
    assert len(messages) > 40
    for message in messages:
        assert set(message) == {"send_at", "channel", "kind", "subject", "event", "due_on", "content", "text"}
        assert message["send_at"].endswith(f"T16:00:00{offset}")
        assert message["text"] and message["kind"] == "reminder"


WRONG = [
    (["immunization", "no-such-file.yml"], "no-such-file.yml"),
    (["immunization", "{folder}/bad.yml"], "children[0].doses"),
    (["timeline", "{folder}/good.yml", "--until", "soon"], "--until"),
    (["timeline", "{folder}/good.yml", "--until", "2027-01-01", "--now", "sometime"], "now"),
    (["eval", "{folder}/bad.tsv"], "line 1"),
    (["language", "no-such-file.txt"], "no-such-file.txt"),
    (["chat", "--script", "{folder}/good.yml"], "step"),
]


@pytest.mark.parametrize(("arguments", "named"), WRONG, ids=[" ".join(arguments[:2]) for arguments, _ in WRONG])
def test_bad_input_is_one_line_that_names_it_and_exit_code_1(arguments: list[str], named: str, tmp_path: Path) -> None:
    (tmp_path / "bad.yml").write_text("children: [{name: A, sex: F, birth_date: 2026-01-01, doses: {BCG: 2026-99-01}}]")
    (tmp_path / "good.yml").write_text("now: 2026-11-22\nchildren: [{name: A, sex: F, birth_date: 2026-01-01}]")
    (tmp_path / "bad.tsv").write_text("only one column\n")
    done = sapa(*(argument.replace("{folder}", str(tmp_path)) for argument in arguments))
    assert done.returncode == 1 and done.stdout == ""
    assert done.stderr.count("\n") == 1 and named in done.stderr and "Traceback" not in done.stderr


def test_language_of_each_line(tmp_path: Path) -> None:
    file = tmp_path / "lines.txt"
    file.write_text("apa itu stunting\nWhat is the right food for my baby?\nok\n", encoding="utf-8")
    verdicts = _json("language", str(file))
    assert [verdict["indonesian"] for verdict in verdicts] == [True, False, True]
    plain = sapa("language", str(file)).stdout.splitlines()
    assert [line.split("\t")[2] for line in plain] == ["true", "false", "true"]


def test_db_upgrade_makes_the_database_and_says_so_only_once(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'new' / 'x.db'}"
    newest = max(path.name[:4] for path in MIGRATIONS.glob("[0-9]*.py"))
    assert f"brought from nothing to {newest}" in sapa("db", "upgrade", DATABASE_URL=url).stdout
    assert sapa("db", "upgrade", DATABASE_URL=url).stdout == f"database at {newest}\n"


def test_a_database_that_is_not_there_is_one_clear_line() -> None:
    done = sapa("db", "upgrade", DATABASE_URL="postgresql://nobody@127.0.0.1:1/none")
    assert done.returncode == 1 and done.stderr.startswith("sapa: database:") and done.stderr.count("\n") == 1


@pytest.mark.model
def test_ask_answers_one_question_fitted_to_the_family() -> None:
    asked = _json("ask", "porsi makan anak saya seberapa", "--family", str(FAMILIES / "late-starter-8-months.yml"))
    assert set(asked) == {"label", "confidence", "alternatives", "kind", "reply"}
    assert (asked["label"], asked["kind"]) == ("mpasi/porsi-tekstur", "answer")
    assert "8 bulan" in asked["reply"][0] and len(asked["alternatives"]) <= 3


@pytest.mark.model
def test_eval_measures_and_writes_its_predictions(tmp_path: Path) -> None:
    file, out = tmp_path / "some.tsv", tmp_path / "pred.tsv"
    file.write_text("text\tlabel\nbayi saya kejang\tdanger\napa itu stunting\thpk/apa-itu-stunting\n", encoding="utf-8")
    done = sapa("eval", str(file), "--out", str(out), "--json")
    figures = json.loads(done.stdout)
    assert figures["messages"] == 2 and figures["top1"] == 1.0 and figures["danger_recall"] == 1.0
    head, first, _ = out.read_text(encoding="utf-8").splitlines()
    assert head.split("\t") == ["text", "label", "predicted", "confidence", "kind"]
    assert first.split("\t")[:3] == ["bayi saya kejang", "danger", "danger"]


@pytest.mark.model
def test_chat_over_standard_input_ends_each_step_with_an_end_line() -> None:
    steps = [
        {"user": "halo", "at": "2026-11-23T09:00:00+07:00", "from": "+628120009"},
        {"advance_to": "2026-11-24T09:00:00+07:00"},
    ]
    done = sapa("chat", "--script", "-", given="".join(json.dumps(step) + "\n" for step in steps))
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["direction"] for line in lines] == ["in", "out", "end", "end"]
    keys = {"at", "from", "to", "direction", "channel", "text", "media", "kind", "content", "template"}
    assert set(lines[0]) == set(lines[1]) == keys
    assert lines[1]["content"] == "dialog/salam" and lines[1]["template"] is None and lines[1]["kind"] == "smalltalk"
