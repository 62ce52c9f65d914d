"""How much of a word list of others our normaliser knows: `python -m bot.nlu.coverage FILE`.

FILE is a TSV of typed forms and what they mean, `typed<TAB>meant`, UTF-8; lines that begin with # are comments, a form
may stand on several lines with several accepted meanings. Such lists come from public posts, not from families: they
show which common spellings are missing in slang.yml, not how well messages are understood.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bot.nlu.words import normalize
from sapa.messaging.text import fold

Reference = Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class Coverage:
    """What became of the typed forms of a list; `exact`, `same`, `left` and `other` hold each form once.

    lines: typed-meant pairs, `lines_exact` of them brought to the very words given.
    exact: forms brought to the very words of one of their meanings. same: to words that mean the same to the model,
    because the meaning given is itself brought to them ("aku" and "saya"). left: as typed. other: something else.
    """

    lines: int = 0
    lines_exact: int = 0
    exact: tuple[str, ...] = ()
    same: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    other: tuple[str, ...] = ()
    uncovered: tuple[str, ...] = field(default=())

    @property
    def forms(self) -> int:
        """Typed forms, each counted once."""
        return len(self.exact) + len(self.same) + len(self.left) + len(self.other)

    def figures(self) -> dict[str, Any]:
        """Counts and the share of forms brought to at least one accepted meaning, for JSON."""
        accepted = len(self.exact) + len(self.same)
        return {
            "lines": self.lines,
            "lines_exact": self.lines_exact,
            "forms": self.forms,
            "accepted": accepted,
            "accepted_exact": len(self.exact),
            "left_as_typed": len(self.left),
            "something_else": len(self.other),
            "accepted_share": round(accepted / self.forms, 4) if self.forms else 0.0,
        }


def read_reference(text: str) -> dict[str, list[str]]:
    """Typed form -> its accepted meanings, in the order of the list. Raises ValueError naming the line."""
    found: dict[str, list[str]] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        typed, separator, meant = line.partition("\t")
        if not (separator and typed.strip() and meant.strip()):
            raise ValueError(f"line {number}: a typed form and its meaning, separated by a tab, are needed")
        found.setdefault(typed.strip(), []).append(meant.strip())
    return found


def cover(reference: Reference) -> Coverage:
    """What our normaliser makes of every form."""
    sorted_out: dict[str, list[str]] = {"exact": [], "same": [], "left": [], "other": []}
    for typed, meanings in reference.items():
        sorted_out[outcome(typed, meanings)].append(typed)
    pairs = [(typed, meant) for typed, meanings in reference.items() for meant in meanings]
    exact = sum(outcome(typed, [meant]) == "exact" for typed, meant in pairs)
    covered = {*sorted_out["exact"], *sorted_out["same"]}
    uncovered = tuple(typed for typed in reference if typed not in covered)
    kinds = {name: tuple(forms) for name, forms in sorted_out.items()}
    return Coverage(len(pairs), exact, **kinds, uncovered=uncovered)


def outcome(typed: str, meanings: Iterable[str]) -> str:
    """exact, same, left or other; see Coverage. Capitals, hyphens and the like make no difference."""
    became = normalize(typed)
    meant = list(meanings)
    if became in [fold(one) for one in meant]:
        return "exact"
    if became in [normalize(one) for one in meant]:
        return "same"
    return "left" if became == fold(typed) else "other"


def lines_of(figures: Mapping[str, Any]) -> list[str]:
    """The figures for a person."""
    total = figures["forms"]

    def row(what: str, count: int, of: int) -> str:
        return f"{what:<52}{count:>8}{count / of if of else 0:>8.1%}"

    return [
        f"slang coverage: {total} typed forms, {figures['lines']} lines",
        row("brought to at least one accepted meaning", figures["accepted"], total),
        row("  of these to its very words", figures["accepted_exact"], total),
        row("left as typed", figures["left_as_typed"], total),
        row("become something else", figures["something_else"], total),
        row("lines brought to the very words given", figures["lines_exact"], figures["lines"]),
    ]


def missing(coverage: Coverage, reference: Reference, most: int) -> list[dict[str, Any]]:
    """The first uncovered forms: typed, what they mean, what we make of them."""
    return [
        {"typed": typed, "meant": list(reference[typed]), "became": " ".join(normalize(typed))}
        for typed in coverage.uncovered[:most]
    ]


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="coverage", description="What our normaliser makes of a list of slang.")
    parser.add_argument("file", type=Path, help="TSV: typed form, meaning")
    parser.add_argument("--missing", type=int, default=0, metavar="N", help="also the first N uncovered forms")
    parser.add_argument("--json", action="store_true", help="print JSON")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """Print the coverage; 1 with one clear line where the file cannot be read."""
    arguments = _arguments(argv)
    try:
        reference = read_reference(arguments.file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        print(f"coverage: {arguments.file}: {reason}", file=sys.stderr)
        return 1
    coverage = cover(reference)
    uncovered = missing(coverage, reference, arguments.missing)
    if arguments.json:
        print(json.dumps(coverage.figures() | {"missing": uncovered}, indent=2, ensure_ascii=False))
        return 0
    print("\n".join(lines_of(coverage.figures())))
    for one in uncovered:
        print(f"{one['typed']}\t{' | '.join(one['meant'])}\t{one['became']}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
