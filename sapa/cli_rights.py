"""`sapa export` and `sapa forget`: the rights over one's data, for whoever runs the service."""

from __future__ import annotations

import json
import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sapa import cli_common as common

if TYPE_CHECKING:
    from sapa.bootstrap import App

_NowOption = Annotated[str | None, typer.Option("--now", help="The moment to count from (ISO); default: the clock.")]
_JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def register(app: typer.Typer) -> None:
    """Add the commands to the command `sapa`."""
    app.command(name="export")(export)
    app.command(name="forget")(forget)


def export(
    address: str,
    out: Annotated[Path | None, typer.Option("--out", help="Write the file there; default: print it.")] = None,
    now: _NowOption = None,
    as_json: _JsonOption = False,
) -> None:
    """All that is kept about a person, by address ("+62812..."): one HTML page, or JSON with --json."""
    from sapa.bootstrap import StartError, current_app
    from sapa.services import rights

    try:
        app = current_app()
        moment = common.moment(now, app.clock.now())
        with app.deps.store.transaction() as tx:
            contact_id = rights.find_contact(tx, address)
            kept = rights.gather(app.deps, tx, contact_id, moment)
            page = rights.as_json(kept) if as_json else rights.data_file(app.deps, tx, contact_id, moment)
            tx.audit("data_exported", contact_id, {"by": "operator"}, moment)
    except StartError as error:
        common.fail(str(error))
    except rights.NobodyThere:
        common.fail(f"nobody has the address {address}")
    if out is None:
        print(page)
        return
    out.write_text(page, encoding="utf-8")
    out.chmod(0o600)


def forget(
    address: str,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    now: _NowOption = None,
    as_json: _JsonOption = False,
) -> None:
    """Erase a person, by address, from every table, dialogue and file. Nothing is sent; the receipt is printed."""
    from sapa.bootstrap import StartError, current_app
    from sapa.services import rights

    if not yes and sys.stdin.isatty():
        typer.confirm(f"Erase everything about {address}? This cannot be undone", abort=True, err=True)
    try:
        app = current_app()
        moment = common.moment(now, app.clock.now())
        erased = rights.forget(app.deps, address, moment)
        _sweep(app, moment)
    except StartError as error:
        common.fail(str(error))
    except rights.NobodyThere:
        common.fail(f"nobody has the address {address}")
    if as_json:
        print(json.dumps({"receipt": erased.receipt, "at": erased.at.isoformat()}))
        return
    print(f"erased; receipt {erased.receipt}")


def _sweep(app: App, moment: datetime) -> None:
    """Clear the dialogue engine's memory and the files now; what is busy is left to the worker's next sweep."""
    from sapa.services import rights

    try:
        rights.sweep(app.deps, moment, app.forget_dialogue)
    except Exception as error:  # busy or away: nothing is lost, it is on the list
        print(f"sapa: the rest is done by the worker ({type(error).__name__})", file=sys.stderr)
