"""`sapa keys`: the data keys that phone numbers, names and health notes are sealed with."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from sapa import cli_common as common

if TYPE_CHECKING:
    from sapa.bootstrap import App
    from sapa.store.crypt import KeyRing

keys = typer.Typer(no_args_is_help=True, help="The data keys that names, numbers and health notes are sealed with.")
notes = Console(stderr=True)


def register(app: typer.Typer) -> None:
    """Add the commands to the command `sapa`."""
    app.add_typer(keys, name="keys")


def _ring(app: App) -> KeyRing:
    from sapa.store.crypt import ring_of

    return ring_of(app.store.engine.dialect)


@keys.command()
def status(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Which keys there are, and how many values each seals."""
    from sapa.store.resealing import uses

    app = common.running_app()
    ring = _ring(app)
    with app.store.engine.connect() as connection:
        found = uses(connection)
    kept_in = str(ring.file) if ring.file else "SAPA_DATA_KEYS"
    if as_json:
        listed = [{"key": key, "seals": not n, "values": found[key]} for n, key in enumerate(ring.ids)]
        print(json.dumps({"kept_in": kept_in, "keys": listed, "plain": found["plain"]}))
        return
    table = Table("Key", "Does", "Values")
    for number, key in enumerate(ring.ids):
        table.add_row(key, "opens" if number else "seals and opens", str(found[key]))
    if found["plain"]:
        table.add_row("(none)", "not sealed: run `sapa keys rotate`", str(found["plain"]))
    Console().print(table)
    print(f"kept in {kept_in}; without them the database and its backups say nothing to anybody, you included")


@keys.command()
def add() -> None:
    """Make a new key the one that seals. Old values stay readable; `sapa keys rotate` seals them anew."""
    from sapa.store.crypt import KeyTrouble, new_key
    from sapa.store.data_keys import add_key

    app = common.running_app()
    ring = _ring(app)
    if ring.file is None or not os.access(ring.file.parent, os.W_OK):
        key = new_key()
        print(f"The keys are in {ring.file or 'SAPA_DATA_KEYS'}, where this command may not write. On every machine:")
        print(f"1. put the new key at the END:  {key}\n   and restart every process, one after the other")
        print("2. put it at the FRONT, and restart again\n3. sapa keys rotate\n4. sapa keys drop OLD, and take it out")
        return
    try:
        made = add_key(ring, app.store.engine, app.clock.now())
    except (KeyTrouble, OSError) as error:
        common.fail(f"keys: {error}")
    print(f"{made} seals from now on; running processes have taken it up. Next: sapa keys rotate")


@keys.command()
def rotate() -> None:
    """Seal everything with the newest key, while everything runs. Can be stopped and goes on where it was."""
    from sapa.store.crypt import KeyTrouble
    from sapa.store.resealing import reseal, stale_rows

    app = common.running_app()
    newest = _ring(app).ids[0]
    with app.store.engine.connect() as connection:
        waiting = stale_rows(connection, newest)
    try:
        with Progress(console=notes, transient=True, disable=not notes.is_terminal) as bar:
            task = bar.add_task("sealing anew", total=waiting)
            done = reseal(app.store.engine, lambda rows: bar.advance(task, rows))
    except KeyTrouble as error:
        common.fail(f"keys: {error}")
    clashes = sum(count for name, count in done.items() if name.startswith("clash:"))
    print(f"{sum(done.values()) - clashes} rows sealed anew with {newest}")
    if clashes:
        common.fail(f"{clashes} numbers stand there twice, under two keys: their rows were left as they are")
    others = [key for key in _ring(app).ids if key != newest]
    if others:
        print("Next, once no backup needs them any more: " + ", ".join(f"sapa keys drop {key}" for key in others))


@keys.command()
def drop(key: str) -> None:
    """Take a key away that nothing is sealed with. Backups made with it can be read no more, unless you keep it."""
    from sapa.store.crypt import KeyTrouble
    from sapa.store.data_keys import drop_key

    app = common.running_app()
    ring = _ring(app)
    try:
        drop_key(ring, app.store.engine, key)
    except (KeyTrouble, OSError) as error:
        common.fail(f"keys: {error}")
    print(f"{key} is gone" if ring.file else f"nothing needs {key}: take it out of SAPA_DATA_KEYS")
