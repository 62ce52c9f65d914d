"""Asks an advisory service about every package in uv.lock, and holds the answers against docs/audit-accepted.yml.

`python tools/audit.py` (`make audit`). A finding that nobody has accepted fails; so does an acceptance that has run
out, that names a package or version no longer locked, or that nothing is found for any more. Where the service cannot
be reached the acceptances alone are judged, and that is said loudly: no answer is no clean bill. pip-audit has an
environment of its own under .audit/, because it needs newer packages than Rasa lets us have.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import tomllib
import venv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
ACCEPTED = ROOT / "docs" / "audit-accepted.yml"
LOCK = ROOT / "uv.lock"
PLACE = ROOT / ".audit"
PIP_AUDIT = "pip-audit==2.10.1"
KEYS = {"id", "package", "version", "what", "reachable", "shield", "until"}
# A service that does not know so many of the packages is not the service (a mirror without advisories, a proxy).
MOST_UNKNOWN = 0.1


class Unreachable(RuntimeError):
    """The advisory service did not answer; the message says how that showed."""


@dataclass(frozen=True)
class Finding:
    """A known weakness of a package we lock. ids: its own and its other names."""

    package: str
    version: str
    ids: frozenset[str]
    fixed_in: tuple[str, ...] = ()

    def __str__(self) -> str:
        fixed = f", fixed in {', '.join(self.fixed_in)}" if self.fixed_in else ""
        return f"{self.package} {self.version}: {', '.join(sorted(self.ids))}{fixed}"


def locked(text: str) -> dict[str, str]:
    """Name and version of every package from an index in the text of a uv.lock."""
    packages = tomllib.loads(text)["package"]
    return {package["name"]: package["version"] for package in packages if "registry" in package["source"]}


def read_report(report: Mapping[str, Any]) -> tuple[list[Finding], list[str]]:
    """Findings and the names of packages the service does not know, from pip-audit's JSON. Raises Unreachable."""
    packages = report["dependencies"]
    unknown = [package["name"] for package in packages if "skip_reason" in package]
    if not packages or len(unknown) > MOST_UNKNOWN * len(packages):
        raise Unreachable(f"it knows {len(packages) - len(unknown)} of {len(packages)} packages")
    findings = [
        Finding(
            package["name"],
            package["version"],
            frozenset({weakness["id"], *weakness.get("aliases", ())}),
            tuple(weakness.get("fix_versions", ())),
        )
        for package in packages
        for weakness in package.get("vulns", ())
    ]
    return findings, unknown


def judge_acceptances(accepted: Sequence[Mapping[str, Any]], have: Mapping[str, str], today: date) -> list[str]:
    """What is wrong with the acceptances by themselves."""
    wrong = []
    for entry in accepted:
        name = entry.get("id", "an entry without an id")
        if set(entry) != KEYS or not all(entry.values()):
            wrong.append(f"{name}: needs {', '.join(sorted(KEYS))}, each filled in")
            continue
        if entry["until"] < today:
            wrong.append(f"{name}: ran out on {entry['until']}; look at it again")
        if have.get(entry["package"]) != str(entry["version"]):
            wrong.append(f"{name}: {entry['package']} {entry['version']} is not locked any more; take it out")
    ids = [entry.get("id") for entry in accepted]
    return wrong + [f"{name}: stands there twice" for name in sorted({i for i in ids if ids.count(i) > 1 and i})]


def judge_findings(findings: Sequence[Finding], accepted: Sequence[Mapping[str, Any]]) -> list[str]:
    """Findings nobody accepted, and acceptances nothing is found for."""
    said = {entry["id"]: entry["package"] for entry in accepted}
    wrong = [
        f"not accepted: {finding}"
        for finding in findings
        if not any(said.get(name) == finding.package for name in finding.ids)
    ]
    found = {(name, finding.package) for finding in findings for name in finding.ids}
    return wrong + [
        f"{name}: the service knows no such thing of {package}; take it out"
        for name, package in said.items()
        if (name, package) not in found
    ]


def ask(have: Mapping[str, str], service: str) -> Mapping[str, Any]:
    """pip-audit's report on these packages. Raises Unreachable."""
    with tempfile.TemporaryDirectory() as folder:
        wanted = Path(folder) / "locked.txt"
        wanted.write_text("".join(f"{name}=={version}\n" for name, version in sorted(have.items())), encoding="utf-8")
        done = subprocess.run(
            [str(_pip_audit()), "-r", str(wanted), "--no-deps", "--disable-pip", "--progress-spinner", "off",
             "--vulnerability-service", service, "--format", "json", "--timeout", "15"],
            capture_output=True, text=True, timeout=900,
        )  # fmt: skip
    try:
        report: Mapping[str, Any] = json.loads(done.stdout)
    except ValueError:
        last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise Unreachable(last[:200]) from None
    return report


def _pip_audit() -> Path:
    """The program, installed the first time. Raises Unreachable where it cannot be had."""
    program = PLACE / "bin" / "pip-audit"
    if not program.exists():
        try:
            venv.create(PLACE, with_pip=True, clear=True)
            installer = [str(PLACE / "bin" / "python"), "-m", "pip", "install", "-q", PIP_AUDIT]
            subprocess.run(installer, check=True, capture_output=True, text=True, timeout=600)
        except (OSError, subprocess.SubprocessError) as error:
            raise Unreachable(f"pip-audit cannot be installed: {type(error).__name__}") from None
    return program


def main(arguments: Sequence[str] | None = None, today: date | None = None) -> int:
    """Audit; 0 where nothing is wrong or nothing more can be known."""
    parser = argparse.ArgumentParser(description="known weaknesses of the locked packages")
    parser.add_argument("--service", default="pypi", choices=("pypi", "osv"))
    parser.add_argument("--report", type=Path, help="a report of pip-audit made elsewhere (--format json)")
    options = parser.parse_args(arguments)
    have = locked(LOCK.read_text(encoding="utf-8"))
    accepted = yaml.safe_load(ACCEPTED.read_text(encoding="utf-8"))["accepted"]
    wrong = judge_acceptances(accepted, have, today or date.today())
    try:
        report = (
            json.loads(options.report.read_text(encoding="utf-8")) if options.report else ask(have, options.service)
        )
        findings, unknown = read_report(report)
    except Unreachable as error:
        print(f"audit: THE ADVISORY SERVICE CANNOT BE REACHED ({error}): {len(have)} packages were NOT audited;")
        print(f"audit: only the {len(accepted)} acceptances in {ACCEPTED.name} were looked at")
    else:
        wrong += judge_findings(findings, accepted)
        unaudited = f"; unknown to it: {', '.join(unknown)}" if unknown else ""
        print(f"audit: {len(have)} packages, {len(findings)} findings, {len(accepted)} acceptances{unaudited}")
    for line in wrong:
        print(f"audit: {line}")
    print("audit: " + (f"{len(wrong)} things to mend" if wrong else "nothing to mend"))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
