"""`make chaos`: twenty seeds on both databases, and a table of what went wrong. Zero everywhere, or exit status 1."""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from sapa.store.engine import open_engine
from sapa.store.migrate import upgrade
from tests.chaos.judge import Verdict
from tests.chaos.run import play
from tests.chaos.world import FULL, QUICK, Size
from tests.conftest import Cluster, _postgres_bin

SEEDS, QUICK_SEEDS = 20, 2
HEAD = ("seed", "database", "messages", "lost", "doubled", "early", "skipped", "unsettled", "untold", "seconds")
WIDTHS = (5, 11, 9, 5, 8, 6, 8, 10, 7, 8)
SHOWN = 5


def main() -> int:
    """Play and print; 0 if nothing was lost, doubled, early or skipped."""
    given = _arguments()
    size = QUICK if given.quick else FULL
    seeds = [given.seed] if given.seed is not None else list(range(1, (QUICK_SEEDS if given.quick else SEEDS) + 1))
    folder = Path(tempfile.mkdtemp(prefix="sapa-chaos-"))
    folder.chmod(0o755)
    print(f"seeds {', '.join(map(str, seeds))}; {size.messages} messages a run; logs in {folder}", flush=True)
    print("".join(name.rjust(width) for name, width in zip(HEAD, WIDTHS, strict=True)), flush=True)
    lanes = [lane for name, lane in _lanes(folder) if given.database in (name, "both")]
    try:
        with ThreadPoolExecutor(len(lanes)) as side_by_side:
            done = [side_by_side.submit(lane, seeds, size) for lane in lanes]
            verdicts = [verdict for lane in done for verdict in lane.result()]
    finally:
        if not given.keep:
            shutil.rmtree(folder, ignore_errors=True)
    _sum_up(verdicts)
    return 0 if all(verdict.clean for verdict in verdicts) else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make chaos", description="see docs/chaos.md")
    parser.add_argument("--seed", type=int, help="one seed alone")
    parser.add_argument("--database", choices=("sqlite", "postgresql", "both"), default="both")
    parser.add_argument("--quick", action="store_true", help="two seeds and few messages")
    parser.add_argument("--keep", action="store_true", help="keep databases and logs")
    return parser.parse_args()


Lane = Callable[[list[int], Size], list[Verdict]]


def _lanes(folder: Path) -> list[tuple[str, Lane]]:
    return [("sqlite", lambda seeds, size: _sqlite(folder, seeds, size))] + (
        [("postgresql", lambda seeds, size: _postgresql(folder, seeds, size))] if _postgres_bin() else []
    )


def _sqlite(folder: Path, seeds: list[int], size: Size) -> list[Verdict]:
    pattern = folder / "schema.db"
    _migrate(f"sqlite:///{pattern}")

    def new(home: Path) -> str:
        shutil.copyfile(pattern, home / "sapa.db")
        return f"sqlite:///{home / 'sapa.db'}"

    return [_play("sqlite", folder, new, seed, size) for seed in seeds]


def _postgresql(folder: Path, seeds: list[int], size: Size) -> list[Verdict]:
    programs = _postgres_bin()
    assert programs is not None
    cluster = Cluster(programs)
    cluster.start()
    try:
        return [
            _play("postgresql", folder, lambda _home: cluster.new_database(cluster.migrated), seed, size)
            for seed in seeds
        ]
    finally:
        cluster.stop()


def _migrate(url: str) -> None:
    engine = open_engine(url)
    upgrade(engine)
    engine.dispose()


def _play(kind: str, folder: Path, new: Callable[[Path], str], seed: int, size: Size) -> Verdict:
    home = folder / f"{kind}-{seed}"
    home.mkdir()
    began = time.monotonic()
    verdict = play(home, new(home), size, seed)
    faults = (verdict.lost, verdict.doubled, verdict.early, verdict.skipped, verdict.unsettled, verdict.untold)
    cells = (seed, kind, verdict.messages, *map(len, faults), f"{time.monotonic() - began:.0f}")
    lines = ["".join(str(cell).rjust(width) for cell, width in zip(cells, WIDTHS, strict=True))]
    for name, found in zip(HEAD[3:9], faults, strict=True):
        lines += [f"      {name}: {line}" for line in found[:SHOWN]]
        lines += [f"      {name}: and {len(found) - SHOWN} more"] if len(found) > SHOWN else []
    lines.append("      " + ", ".join(f"{name} {count}" for name, count in sorted(verdict.figures.items()) if count))
    print("\n".join(lines), flush=True)
    return verdict


def _sum_up(verdicts: list[Verdict]) -> None:
    lost, doubled, early, skipped = (
        sum(len(getattr(verdict, name)) for verdict in verdicts) for name in ("lost", "doubled", "early", "skipped")
    )
    messages = sum(verdict.messages for verdict in verdicts)
    print(f"{len(verdicts)} runs, {messages} messages: lost/doubled/early/skipped = {lost}/{doubled}/{early}/{skipped}")


if __name__ == "__main__":
    sys.exit(main())
