"""`sapa sending`: what stands still and why, and letting it go on once it is mended."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sapa import cli_common as common

if TYPE_CHECKING:
    from sapa.services.records import Hold

sending = typer.Typer(no_args_is_help=True, help="What is on its way to people, and what is held back.")

_NowOption = Annotated[str | None, typer.Option("--now", help="The moment to count from (ISO); default: the clock.")]
_JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]
_ScopeArgument = Annotated[str, typer.Argument(help="all, whatsapp, sms or template:NAME, as `status` prints it.")]


def register(app: typer.Typer) -> None:
    """Add the commands to the command `sapa`."""
    app.add_typer(sending, name="sending")


@sending.command()
def status(as_json: _JsonOption = False, now: _NowOption = None) -> None:
    """How many messages are in which state, and what is held back since when."""
    app = common.running_app()
    moment = common.moment(now, app.clock.now())
    with app.store.transaction(write=False) as tx:
        held, states, due = tx.holds(), tx.outbox_states(), tx.outbox_due(moment)
    if as_json:
        print(json.dumps({"due": due, "states": states, "held": [_as_json(hold) for hold in held]}, ensure_ascii=False))
        return
    print(f"due now: {due}")
    for state, count in sorted(states.items()):
        print(f"  {state:<11} {count}")
    for hold in held:
        print(
            f"HELD {hold.scope} since {hold.since.isoformat()} because of {hold.code}: mend it (docs/operations.md), "
            f"then `sapa sending resume {hold.scope}`; one message tries again at {hold.probe_at.isoformat()}"
        )
    if not held:
        print("nothing is held back")


@sending.command()
def resume(scope: _ScopeArgument, now: _NowOption = None) -> None:
    """Let what was held back go out."""
    app = common.running_app()
    moment = common.moment(now, app.clock.now())
    with app.store.transaction() as tx:
        if not tx.release_hold(scope):
            common.fail(f"{scope} is not held back; `sapa sending status` lists what is")
        tx.audit("sending_resumed", None, {"scope": scope, "by": "command line"}, moment)
    print(f"{scope}: sending goes on")


def _as_json(hold: Hold) -> dict[str, Any]:
    return {
        "scope": hold.scope,
        "code": hold.code,
        "since": hold.since.isoformat(),
        "probe_at": hold.probe_at.isoformat(),
    }
