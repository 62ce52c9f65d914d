"""`sapa doctor`, `sapa health` and `sapa metrics`: what is broken, how it runs, what was counted."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from sapa import cli_common as common

_JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def register(app: typer.Typer) -> None:
    """Add the commands to the command `sapa`."""
    app.command(name="doctor")(doctor)
    app.command(name="health")(health)
    app.command(name="metrics")(metrics)


def doctor(
    online: Annotated[bool, typer.Option("--online", help="Ask Twilio and the public address too.")] = False,
    as_json: _JsonOption = False,
) -> None:
    """Look at everything this installation stands on; exit code 1 if something does not work."""
    from sapa.doctor.rounds import examine_installation
    from sapa.services.health import Level

    report = examine_installation(online=online)
    if as_json:
        print(json.dumps(report.as_json(), ensure_ascii=False, indent=2))
    else:
        print("\n".join(report.lines()))
    if report.worst is Level.FAIL:
        raise SystemExit(1)


def health(as_json: _JsonOption = False) -> None:
    """How the running system does, the worst first; exit code 1 if something is broken."""
    from sapa import pulse
    from sapa.services.health import Level, findings, worst

    app = common.running_app()
    try:
        found = findings(pulse.look(app), pulse.disk(app))
    except Exception as error:  # whatever a database that broke just now raises
        common.fail(f"the database does not answer ({type(error).__name__}): sapa doctor says more")
    if as_json:
        told = {"level": worst(found).name.lower(), "findings": [finding.as_json() for finding in found]}
        print(json.dumps(told, ensure_ascii=False, indent=2))
    else:
        for finding in found:
            print(f"{finding.level.name.lower():5}{finding.what}")
            if finding.todo:
                print(f"     -> {finding.todo}")
    if worst(found) is Level.FAIL:
        raise SystemExit(1)


def metrics() -> None:
    """What Prometheus would be told, for a machine without the edge (node_exporter's textfile folder)."""
    from sapa import metrics as counted
    from sapa import pulse

    app = common.running_app()
    page = counted.page(app.settings.var_dir / "metrics", pulse.look(app), pulse.disk(app))
    print(page.decode(), end="")
