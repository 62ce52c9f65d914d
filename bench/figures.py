"""Figures: medians of repeats with their spread, and the machine they were taken on."""

from __future__ import annotations

import os
import platform
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Figure:
    """One measured thing: the median of its repeats, and how far they lay apart."""

    median: float
    low: float
    high: float
    repeats: int
    unit: str

    def __str__(self) -> str:
        return f"{_short(self.median)} {self.unit} ({_short(self.low)}..{_short(self.high)})"

    def as_json(self) -> dict[str, Any]:
        """The figure for the file of results."""
        return asdict(self)


def figure(values: Sequence[float], unit: str) -> Figure:
    """The figure of some repeats. Raises ValueError for none."""
    if not values:
        raise ValueError("nothing was measured")
    return Figure(statistics.median(values), min(values), max(values), len(values), unit)


def ratio(one: Figure, other: Figure) -> float:
    """How many times `other` `one` is, by their medians."""
    return round(one.median / other.median, 2)


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 1 else f"{value:.3f}"


def machine() -> dict[str, Any]:
    """What the figures were taken on. Figures of two machines cannot be compared; their ratios can, with care."""
    return {
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "cpu": _cpu(),
        "memory_mb": _total_memory_mb(),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()}",
        "load_before": round(os.getloadavg()[0], 2),
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return platform.processor() or "unknown"
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")


def _total_memory_mb() -> int | None:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
    except (ValueError, OSError):
        return None
