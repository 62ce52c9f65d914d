"""`sapa templates`: WhatsApp templates checked, pushed to the provider and watched (docs/templates.md)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sapa import cli_common as common

if TYPE_CHECKING:
    from sapa.bootstrap import App
    from sapa.messaging.templates import Template
    from sapa.services.ports_templates import TemplateProvider
    from sapa.services.templates import Pushed, Standing

templates = typer.Typer(no_args_is_help=True, help="WhatsApp templates: check, push, status.")
_NowOption = Annotated[str | None, typer.Option("--now", help="The moment to count from (ISO); default: the clock.")]
_JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]
_NOTHING_TO_DO = "SAPA_GATEWAY=simulator: nothing needs pushing, the simulator takes every template of the files."
_NOT_DONE = ("rejected", "trouble")


def register(app: typer.Typer) -> None:
    """Add the commands to the command `sapa`."""
    app.add_typer(templates, name="templates")


@templates.command()
def check(as_json: _JsonOption = False) -> None:
    """Say what Meta would refuse about the files, one line for each fault; exit code 1 if there is one."""
    found, faults = _checked()
    if as_json:
        print(json.dumps({"templates": sorted(found), "faults": faults}, ensure_ascii=False))
    else:
        print("\n".join(faults) if faults else f"{len(found)} templates, nothing to mend")
    if faults:
        raise SystemExit(1)


@templates.command()
def push(
    names: Annotated[list[str] | None, typer.Argument(help="Templates to push; default: all.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done and do nothing.")] = False,
    now: _NowOption = None,
    as_json: _JsonOption = False,
) -> None:
    """Bring templates to the provider and hand them to Meta. Doing it again changes nothing."""
    from sapa.services.ports_templates import ProviderTrouble
    from sapa.services.templates import push as push_all

    if _on_simulator(as_json):
        return
    chosen = _chosen(names or [])
    app, provider = _running()
    shown = 0

    def tell(done: Pushed) -> None:
        nonlocal shown
        shown += 1
        if not as_json:
            print(f"[{shown}/{len(chosen)}] {done.sent_as}: {_fate(done)}", flush=True)

    try:
        done = push_all(app.store, provider, chosen.values(), _moment(app, now), tell, dry_run=dry_run)
    except ProviderTrouble as trouble:
        common.fail(str(trouble))
    if as_json:
        print(json.dumps([asdict(one) for one in done], ensure_ascii=False))
    if any(one.fate in _NOT_DONE for one in done):
        raise SystemExit(1)


@templates.command()
def status(
    offline: Annotated[bool, typer.Option("--offline", help="What is noted here, unasked.")] = False,
    now: _NowOption = None,
    as_json: _JsonOption = False,
) -> None:
    """Ask the provider how each template stands, note it and show it. Exit code 1 if the provider cannot be asked."""
    from sapa.services.ports_templates import ProviderTrouble
    from sapa.services.templates import refresh_templates, standings

    if _on_simulator(as_json):
        return
    app, provider = _running()
    trouble = None
    if not offline:
        try:
            refresh_templates(app.store, provider, app.content.templates, _moment(app, now), force=True)
        except ProviderTrouble as error:
            trouble = str(error)
    with app.store.transaction(write=False) as tx:
        rows = standings(tx, app.content.templates, app.deps.content_sids)
    if as_json:
        print(json.dumps([asdict(row) for row in rows], ensure_ascii=False))
    else:
        _show(rows)
    if trouble is not None:
        common.fail(f"{trouble}; this is what was noted before")


def _checked() -> tuple[Mapping[str, Template], list[str]]:
    """The templates of the files and what is wrong with them, also with the texts that go out in them."""
    from sapa import settings
    from sapa.bootstrap import StartError, answering
    from sapa.services.template_files import FOLDER, TemplateFileError, all_faults, load_templates

    try:
        found = load_templates(settings.load().content_dir / FOLDER)
    except (TemplateFileError, settings.SettingsError) as error:
        return {}, str(error).splitlines()
    faults = all_faults(found)
    try:
        answering()
    except StartError as error:
        faults += str(error).splitlines()
    return found, faults


def _chosen(names: list[str]) -> dict[str, Template]:
    """The templates that were named, all without a name; none that Meta would refuse."""
    found, faults = _checked()
    unknown = [name for name in names if name not in found]
    if unknown and not faults:
        common.fail(f"{', '.join(unknown)}: there is no such template; there are {', '.join(sorted(found))}")
    if faults:
        common.fail("\n".join(["Meta would refuse this; nothing was pushed:", *faults]))
    return {name: template for name, template in found.items() if not names or name in names}


def _on_simulator(as_json: bool) -> bool:
    """Whether there is no provider to ask; then it says so."""
    from sapa import settings

    try:
        simulator = settings.load().simulator
    except settings.SettingsError as error:
        common.fail(f"settings: {error}")
    if simulator:
        print(json.dumps([]) if as_json else _NOTHING_TO_DO)
    return simulator


def _running() -> tuple[App, TemplateProvider]:
    app = common.running_app()
    provider = app.template_provider
    assert provider is not None
    return app, provider


def _moment(app: App, now: str | None) -> Any:
    return common.moment(now, app.clock.now())


def _fate(done: Pushed) -> str:
    said = done.fate.replace("_", " ")
    return f"{said} ({done.line})" if done.line and done.line != done.fate else said


def _show(rows: list[Standing]) -> None:
    width = max((len(row.name) for row in rows), default=0)
    for row in rows:
        category = row.category if row.category == row.asked else f"{row.category}, asked for {row.asked}"
        more = "; ".join(filter(None, (row.reason, row.waiting)))
        print(f"{row.name:{width}}  {row.status:10}  {category}{'  ' + more if more else ''}")
