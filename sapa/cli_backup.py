"""`sapa backup` and `sapa restore`: everything in one file, and back, without saying anything to anybody twice."""

from __future__ import annotations

import json
import os
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from sapa import cli_common as common

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from sapa.settings import Settings
    from sapa.store.backup_file import Manifest

_JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]
notes = Console(stderr=True)


def register(app: typer.Typer) -> None:
    """Add the commands to the command `sapa`."""
    app.command(name="backup")(backup)
    app.command(name="restore")(restore)


def backup(
    file: Annotated[Path, typer.Argument(help="OUT.tar or OUT.tar.gz; with --check the file to look at.")],
    check: Annotated[bool, typer.Option("--check", help="Make none: read this one and compare its checksums.")] = False,
    with_keys: Annotated[bool, typer.Option("--with-keys", help="Write the data keys beside it, to OUT.keys.")] = False,
    as_json: _JsonOption = False,
) -> None:
    """Everything that is kept, in one file, while everything runs. The data keys are NOT in it."""
    from sapa.store.backup_file import BackupTrouble, check_backup

    began = time.monotonic()
    try:
        manifest = check_backup(file) if check else _write(file, with_keys)
    except (BackupTrouble, OSError) as error:
        common.fail(f"backup: {error}")
    figures = {"seconds": round(time.monotonic() - began, 1), "bytes": file.stat().st_size, "rows": manifest.rows}
    if as_json:
        print(json.dumps({**json.loads(manifest.text())["manifest"], **figures}))
        return
    done = "in order" if check else "written"
    made = f"{manifest.made_at:%Y-%m-%d %H:%M %Z}"
    print(f"{file}: {done}; {manifest.rows} rows of {len(manifest.tables)} tables, made {made}")
    if not check:
        keys = ", ".join(manifest.keys) or "none"
        kept = f"in {file}.keys; move that file elsewhere" if with_keys else "NOT in it"
        print(f"The data keys ({keys}) are {kept}. Without them nobody can read this backup, you included.")


def _write(file: Path, with_keys: bool) -> Manifest:
    from importlib.metadata import version

    from sapa.services.health import note_backup
    from sapa.store.backup import write_backup
    from sapa.store.crypt import ring_of, write_keys

    app = common.running_app()
    with Progress(console=notes, transient=True, disable=not notes.is_terminal) as bar:
        task = bar.add_task("backing up", total=None)
        manifest = write_backup(
            app.store.engine,
            file,
            app.clock.now(),
            version("sapa-keluarga"),
            lambda name: bar.update(task, description=name),
        )
    if with_keys:
        write_keys(file.with_name(file.name + ".keys"), ring_of(app.store.engine.dialect).texts)
    with app.store.transaction() as tx:
        note_backup(tx, datetime.now(UTC), rows=manifest.rows, bytes=file.stat().st_size)
    return manifest


def restore(
    file: Annotated[Path | None, typer.Argument(help="The backup.")] = None,
    stopped_at: Annotated[
        str | None,
        typer.Option("--stopped-at", help="When the old system stopped (ISO). Default: now, the cautious answer."),
    ] = None,
    keys: Annotated[Path | None, typer.Option("--keys", help="The data keys, where they are not in place yet.")] = None,
    erased: Annotated[
        list[Path] | None, typer.Option("--erased", help="A list of erasures (erased.log) of another machine.")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Finish a restore that was stopped.")] = False,
    as_json: _JsonOption = False,
) -> None:
    """Restore a backup into an empty database. Stop every process first; start them afterwards."""
    from sapa.bootstrap import StartError, open_database
    from sapa.store.backup_file import BackupTrouble, check_backup

    now = datetime.now(UTC)
    until = common.moment(stopped_at, now)
    try:
        if resume:
            config, engine = open_database()
            print(f"{_finish(config, engine, until)} messages passed over; sending goes on")
            return
        if file is None:
            common.fail("restore: which file?")
        manifest = check_backup(file)
        if until < manifest.made_at:
            common.fail(
                f"restore: the old system cannot have stopped before the backup ({manifest.made_at.isoformat()})"
            )
        _bring_keys(keys)
        config, engine = open_database(needed=manifest.keys)
        _restore(config, engine, file, now, until, erased or [], as_json)
    except (StartError, BackupTrouble, OSError) as error:
        common.fail(f"restore: {error}")


def _bring_keys(given: Path | None) -> None:
    """Put the keys where the settings look for them, unless some are there."""
    from sapa import settings
    from sapa.store.crypt import KeyRing, KeyTrouble, write_keys

    if given is None:
        return
    target = settings.load().data_keys_file
    try:
        ring = KeyRing.from_file(given)
        if target.exists() and set(KeyRing.from_file(target).ids) != set(ring.ids):
            common.fail(f"restore: {target} holds other keys; add them by hand")
        write_keys(target, ring.texts)
    except KeyTrouble as error:
        common.fail(f"restore: {error}")


def _restore(
    config: Settings, engine: Engine, file: Path, now: datetime, until: datetime, erased: list[Path], as_json: bool
) -> None:
    from sapa.store.backup import rows_in
    from sapa.store.crypt import ring_of
    from sapa.store.data_keys import note_use
    from sapa.store.erasure_ledger import NAME
    from sapa.store.restore import restore as restore_file

    began = time.monotonic()
    with Progress(console=notes, transient=True, disable=not notes.is_terminal) as bar:
        task = bar.add_task("restoring", total=None)
        ledgers = [config.var_dir / NAME, *erased]
        done = restore_file(engine, file, now, until, ledgers, lambda name: bar.update(task, description=name))
    note_use(engine, ring_of(engine.dialect), now)
    passed = _finish(config, engine, until)
    with engine.connect() as connection:
        standing = rows_in(connection)
    figures: dict[str, Any] = {
        "asked": done.asked,
        "answered": done.answered,
        "erased": done.erased,
        "passed_over": passed,
        "seconds": round(time.monotonic() - began, 1),
    }
    if as_json:
        print(json.dumps({"made_at": done.manifest.made_at.isoformat(), "rows": done.rows, **figures}))
        return
    table = Table("Table", "Backed up", "Restored", "Now")
    for name, rows in done.rows.items():
        if rows or standing.get(name):
            table.add_row(name, str(rows), str(rows), str(standing.get(name, 0)))
    Console(width=None if sys.stdout.isatty() else 100).print(table)
    print(f"{done.manifest.rows} rows, each table equal to what was backed up (rows and checksums).")
    print(f"Messages that may have gone out since: {done.asked}; the provider is asked before any of them is sent.")
    print(f"Reminders and lists that fell due since: {passed}; passed over, marked `restored`.")
    print(f"Questions of families taken as answered: {done.answered}.")
    print(f"People erased after the backup, erased again: {done.erased}.")


def _finish(config: Settings, engine: Engine, until: datetime) -> int:
    """What fell due until the old system stopped is passed over, and sending goes on."""
    from sapa import bootstrap
    from sapa.services.backups import replay_gap
    from sapa.store.restore import pass_over

    app = bootstrap.wire(config, engine)
    replay_gap(app.deps, until)
    passed = pass_over(engine)
    if passed is None:
        common.fail("restore: there is none to finish")
    os.sync()
    return passed
