"""The audit of the packages: what it finds, what it lets pass, and that no answer is not taken for a good one."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from tools import audit
from tools.audit import Finding, Unreachable, judge_acceptances, judge_findings, locked, read_report

TODAY = date(2026, 11, 23)
HAVE = {"sanic": "21.12.2", "keras": "2.12.0"}
ENTRY: dict[str, Any] = {
    "id": "CVE-1", "package": "keras", "version": "2.12.0", "what": "w", "reachable": "no", "shield": "s",
    "until": date(2027, 1, 1),
}  # fmt: skip
FOUND = Finding("keras", "2.12.0", frozenset({"GHSA-x", "CVE-1"}))


def test_the_acceptances_of_this_repository_are_whole_and_speak_of_what_is_locked() -> None:
    accepted = yaml.safe_load(audit.ACCEPTED.read_text(encoding="utf-8"))["accepted"]
    have = locked(audit.LOCK.read_text(encoding="utf-8"))
    earliest = min(entry["until"] for entry in accepted)
    assert judge_acceptances(accepted, have, earliest) == []
    assert len(have) > 150 and have["sanic"].startswith("21.12")


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({}, None),
        ({"until": date(2026, 11, 22)}, "ran out on 2026-11-22"),
        ({"until": TODAY}, None),  # the last day still counts
        ({"version": "2.13.0"}, "not locked any more"),
        ({"package": "nothing"}, "not locked any more"),
        ({"shield": ""}, "each filled in"),
        ({"because": "x"}, "each filled in"),
    ],
)
def test_an_acceptance_must_be_whole_in_time_and_of_something_locked(change: dict[str, Any], line: str | None) -> None:
    wrong = judge_acceptances([{**ENTRY, **change}], HAVE, TODAY)
    assert (wrong == []) if line is None else (len(wrong) == 1 and line in wrong[0])


def test_an_acceptance_stands_there_once() -> None:
    assert judge_acceptances([ENTRY, ENTRY], HAVE, TODAY) == ["CVE-1: stands there twice"]


def test_a_finding_passes_if_one_of_its_names_was_accepted_for_that_package() -> None:
    assert judge_findings([FOUND], [ENTRY]) == []
    assert judge_findings([FOUND], []) == ["not accepted: keras 2.12.0: CVE-1, GHSA-x"]
    (fault, unused) = judge_findings([Finding("sanic", "21.12.2", frozenset({"CVE-1"}), ("22.1",))], [ENTRY])
    assert fault == "not accepted: sanic 21.12.2: CVE-1, fixed in 22.1"
    assert unused.startswith("CVE-1: the service knows no such thing of keras")


def _report(known: int, unknown: int, **weak: Any) -> dict[str, Any]:
    packages: list[dict[str, Any]] = [{"name": f"p{n}", "version": "1", "vulns": []} for n in range(known)]
    packages += [{"name": f"u{n}", "skip_reason": "Dependency not found on PyPI"} for n in range(unknown)]
    return {"dependencies": packages + ([weak] if weak else [])}


def test_a_service_that_knows_hardly_a_package_has_not_audited_them() -> None:
    """A mirror answers 404 for every package, and pip-audit calls that "No known vulnerabilities found"."""
    assert read_report(_report(90, 10)) == ([], [f"u{n}" for n in range(10)])
    for report in (_report(0, 50), _report(89, 11), _report(0, 0)):
        with pytest.raises(Unreachable):
            read_report(report)


def test_findings_are_read_with_all_their_names() -> None:
    weakness = {"id": "GHSA-x", "aliases": ["CVE-1"], "fix_versions": ["3.0"]}
    findings, _ = read_report(_report(20, 0, name="keras", version="2.12.0", vulns=[weakness]))
    assert findings == [Finding("keras", "2.12.0", frozenset({"GHSA-x", "CVE-1"}), ("3.0",))]


def test_without_an_answer_the_audit_says_so_and_fails_nothing_but_what_it_can_see(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = tmp_path / "report.json"
    report.write_text(json.dumps(_report(0, 100)))
    assert audit.main(["--report", str(report)], TODAY) == 0
    told = capsys.readouterr().out
    assert "THE ADVISORY SERVICE CANNOT BE REACHED" in told and "NOT audited" in told


def test_with_an_answer_what_nobody_accepted_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    accepted = yaml.safe_load(audit.ACCEPTED.read_text(encoding="utf-8"))["accepted"]
    weak: dict[str, dict[str, Any]] = {}
    for entry in accepted:
        package = weak.setdefault(
            entry["package"], {"name": entry["package"], "version": entry["version"], "vulns": []}
        )
        package["vulns"].append({"id": entry["id"]})
    report = tmp_path / "report.json"
    report.write_text(json.dumps({"dependencies": [*_report(200, 0)["dependencies"], *weak.values()]}))
    assert audit.main(["--report", str(report)], TODAY) == 0, capsys.readouterr().out
    next(iter(weak.values()))["vulns"].append({"id": "CVE-2099-1"})
    report.write_text(json.dumps({"dependencies": [*_report(200, 0)["dependencies"], *weak.values()]}))
    assert audit.main(["--report", str(report)], TODAY) == 1
    assert "not accepted" in capsys.readouterr().out
