"""The benchmarks: `python -m bench`, which is what `make bench` calls."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench import sender, ticks, turns, weight
from bench.figures import machine
from bench.machinery import Databases, databases
from bench.options import Options, tiny
from sapa import logs
from sapa.settings import ROOT

PARTS: dict[str, Callable[[Options, Databases], dict[str, Any]]] = {
    "sender": sender.run,
    "turns": turns.run,
    "ticks": ticks.run,
    "memory": weight.memory,
    "start": weight.start,
}
KINDS = ("sqlite", "postgresql")


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure what was asked for, print it and keep it as JSON."""
    given = _arguments(arguments)
    logs.setup("bench", "WARNING")
    options = tiny(_say) if given.tiny else Options(say=_say)
    options = replace(options, **{name: value for name in _NUMBERS if (value := getattr(given, name)) is not None})
    results: dict[str, Any] = {"machine": machine()}
    _say(f"machine    {results['machine']['cpu']}, {results['machine']['cores']} cores")
    out = given.out or ROOT / "var" / "bench" / f"{datetime.now(UTC):%Y-%m-%d-%H%M%S}.json"
    out.parent.mkdir(parents=True, exist_ok=True)
    with databases(given.databases) as made:
        for part in given.parts or PARTS:
            results[part] = PARTS[part](options, made)
            # After each part: a run that is broken off has not been in vain.
            out.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    _say(f"kept in    {out}")
    return 0


_NUMBERS = ("repeats", "messages", "senders", "users", "turns", "due")


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench ARGS=...", description="See docs/benchmarks.md.")
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}; default: all")
    parser.add_argument("--databases", type=lambda text: text.split(","), default=list(KINDS))
    parser.add_argument("--tiny", action="store_true", help="only show that everything works; the figures mean nothing")
    parser.add_argument("--out", type=Path, help="where the JSON goes; default: var/bench")
    for name in _NUMBERS:
        parser.add_argument(f"--{name}", type=int)
    given = parser.parse_args(arguments)
    for part in given.parts:
        if part not in PARTS:
            parser.error(f"there is no part {part!r}; there are {', '.join(PARTS)}")
    return given


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
