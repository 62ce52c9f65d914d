"""One look after the other, each by itself, and what they found."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from sapa.services.health import Level
from sapa.settings import Settings

# A look that takes longer is reported as hanging; the others go on.
PATIENCE_S = 30.0
ASK_S = 5.0  # for one answer of a neighbour
# Several looks read all the texts, which takes a second and is remembered: the others wait for the first.
READING = threading.Lock()


@dataclass(frozen=True)
class Result:
    """What one look found. what: one line, what is so. todo: one line, empty where all is well."""

    level: Level
    what: str
    todo: str = ""
    look: str = ""

    def as_json(self) -> dict[str, str]:
        return {"check": self.look, "level": self.level.name.lower(), "what": self.what, "todo": self.todo}


def ok(what: str) -> Result:
    """All is well."""
    return Result(Level.OK, what)


def warn(what: str, todo: str) -> Result:
    """It works, but not as it should, or not for long."""
    return Result(Level.WARN, what, todo)


def fail(what: str, todo: str) -> Result:
    """It does not work."""
    return Result(Level.FAIL, what, todo)


@dataclass(frozen=True)
class Patient:
    """The installation under examination. online: the provider and the public address may be asked."""

    settings: Settings
    variables: Mapping[str, str] | None = None  # its environment; None: that of this process
    online: bool = False
    patience_s: float = PATIENCE_S


Look = Callable[[Patient], Iterable[Result]]


@dataclass(frozen=True)
class Report:
    """All results in the order of the looks."""

    results: tuple[Result, ...]

    @cached_property
    def worst(self) -> Level:
        return max((result.level for result in self.results), default=Level.OK)

    def as_json(self) -> dict[str, Any]:
        return {"level": self.worst.name.lower(), "checks": [result.as_json() for result in self.results]}

    def lines(self) -> Iterable[str]:
        """For a terminal: a line a result, and under a fault what to do."""
        for result in self.results:
            yield f"{result.level.name.lower():5}{result.look:10} {result.what}"
            if result.todo:
                yield f"{'':15} -> {result.todo}"


def examine(patient: Patient, looks: Sequence[tuple[str, Look]]) -> list[Result]:
    """The results of many looks, side by side: a hanging one costs its own patience only."""
    found: list[list[Result]] = [[] for _ in looks]
    threads = []
    for place, (name, look) in enumerate(looks):
        thread = threading.Thread(target=_look, args=(patient, look, found[place]), name=name, daemon=True)
        thread.start()
        threads.append(thread)
    results: list[Result] = []
    for (name, _), thread, told in zip(looks, threads, found, strict=True):
        thread.join(patient.patience_s)
        seen = list(told)
        if thread.is_alive():
            seen.append(fail(f"no answer within {patient.patience_s:.0f} s", "see whether what is asked there hangs"))
        results += [replace(result, look=name) for result in seen]
    return results


def _look(patient: Patient, look: Look, found: list[Result]) -> None:
    try:
        found.extend(look(patient))
    except Exception as error:
        # Its type alone: what it says may quote a secret or a row.
        found.append(fail(f"the look itself failed: {type(error).__name__}", "report this as a fault of sapa doctor"))
