"""What is counted and timed, for Prometheus: the only module that knows its library.

Every process counts into files of its own under SAPA_VAR_DIR/metrics (memory the kernel keeps: a kill -9 loses
nothing), and the edge adds them up when it is asked. A process that starts takes over the files of one that ended, so
figures never go back and files never pile up. Until `setup` is called, and where the files cannot be made, counting
does nothing. Labels come from short fixed lists: no name, number or text, and no label that grows with the families.
"""

from __future__ import annotations

import fcntl
import os
import sys
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.mmap_dict import MmapedDict, mmap_key
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from sapa.services.health import PROCESSES, Disk, Picture

# Neither is typed.
_FILES: Any = MmapedDict
_COLLECTOR: Any = MultiProcessCollector
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
# Written full of zeros at the start: a file that grows on a full disk would kill its process (SIGBUS).
_FILE_BYTES = 256 * 1024
_SLOTS = 64  # processes of one name on one machine
_KINDS = ("counter", "histogram", "gauge_max")
_FAST = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0)
_SLOW = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)

COUNTERS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "sapa_webhooks": ("Webhooks by the status they were answered with", ("webhook", "status")),
    "sapa_triaged": ("Inbound messages looked at for stop words and dangers", ()),
    "sapa_turns": ("Turns of dialogues: answered, waiting (Rasa was away) or failed", ("result",)),
    "sapa_sends": ("Messages handed to the provider, by what it said and their kind", ("outcome", "kind")),
    "sapa_reminders": ("Due reminders by their fate", ("fate",)),
    "sapa_ticks": ("Ticks of the clock's jobs: done or failed", ("job", "result")),
    "sapa_troubles": ("Steps of a process that failed and are tried again", ("process", "step")),
}
HISTOGRAMS: Mapping[str, tuple[str, tuple[str, ...], tuple[float, ...]]] = {
    "sapa_webhook_seconds": ("From a webhook's first byte to its answer", ("webhook",), _FAST),
    "sapa_turn_seconds": ("A turn from its claim to its answer in the outbox", (), _SLOW),
    "sapa_provider_seconds": ("The provider's answer to one message", ("outcome",), _SLOW),
    "sapa_tick_seconds": ("One tick of a job of the clock", ("job",), _SLOW),
    "sapa_database_seconds": ("One statement, or the wait for the right to write (begin)", ("statement",), _FAST),
}
LATEST: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "sapa_tick_timestamp_seconds": ("When a job of the clock last went well", ("job",)),
}


class Meters:
    """The figures of one process. Threads may share it; after a fork the child opens files of its own."""

    def __init__(self, folder: Path, process: str) -> None:
        self._folder, self._process = folder, process
        self._lock = threading.Lock()
        self._open()

    def _open(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        self._pid = os.getpid()
        self._keys: dict[tuple[str, ...], str] = {}
        self._known: set[tuple[str, ...]] = set()
        self._held, slot = _slot(self._folder, self._process)
        self._files = {kind: _file(self._folder / f"{kind}_{self._process}-{slot}.db") for kind in _KINDS}

    def count(self, name: str, *labels: str, by: float = 1.0) -> None:
        """Add to a counter."""
        help_text, names = COUNTERS[name]
        with self._lock:
            self._add("counter", f"{name}_total", name, names, labels, help_text, by)

    def time(self, name: str, seconds: float, *labels: str) -> None:
        """Put a duration into its histogram."""
        help_text, names, bounds = HISTOGRAMS[name]
        with self._lock:
            if (name, *labels) not in self._known:
                # Every bucket must be there, else those between two others would be missing from the sum.
                for bound in (*bounds, float("inf")):
                    self._bucket(name, names, labels, help_text, bound, 0.0)
                self._known.add((name, *labels))
            self._add("histogram", f"{name}_sum", name, names, labels, help_text, seconds)
            upper = next((bound for bound in bounds if seconds <= bound), float("inf"))
            self._bucket(name, names, labels, help_text, upper, 1.0)

    def mark(self, name: str, value: float, *labels: str) -> None:
        """Keep the largest value any process has told."""
        help_text, names = LATEST[name]
        with self._lock:
            self._add("gauge_max", name, name, names, labels, help_text, value, add=False)

    def _bucket(
        self, name: str, names: tuple[str, ...], labels: tuple[str, ...], help_text: str, bound: float, by: float
    ) -> None:
        told = (*labels, str(bound))
        self._add("histogram", f"{name}_bucket", name, (*names, "le"), told, help_text, by)

    def _add(
        self,
        kind: str,
        sample: str,
        name: str,
        names: tuple[str, ...],
        labels: tuple[str, ...],
        help_text: str,
        value: float,
        add: bool = True,
    ) -> None:
        if self._pid != os.getpid():
            self._open()
        key = self._keys.get((sample, *labels))
        if key is None:
            key = mmap_key(name, sample, list(names), list(labels), help_text)
            self._keys[(sample, *labels)] = key
        file = self._files[kind]
        if key not in file._positions and file._used + len(key) + 64 > _FILE_BYTES:
            return  # full: a new label is not worth a file that grows
        file.write_value(key, file.read_value(key)[0] + value if add else value, 0.0)

    def close(self) -> None:
        """Let another process take the files over."""
        with self._lock:
            for file in self._files.values():
                file.close()
            self._held.close()


def _slot(folder: Path, process: str) -> tuple[IO[bytes], int]:
    """The first free place of this process's name, held until the process ends, however it ends."""
    for number in range(_SLOTS):
        held = (folder / f"{process}-{number}.lock").open("ab")
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            held.close()
            continue
        return held, number
    raise OSError(f"more than {_SLOTS} processes of the name {process}")


def _file(path: Path) -> Any:
    """The figures kept in a file; a file that cannot be read begins anew."""
    if not (path.exists() and path.stat().st_size >= _FILE_BYTES and _readable(path)):
        path.write_bytes(b"\0" * _FILE_BYTES)
    return _FILES(str(path))


# --- what the processes call


_meters: Meters | None = None


def setup(process: str, folder: Path) -> bool:
    """Begin to count in this process; False where there is no room for it: the work goes on uncounted."""
    global _meters
    stop()
    try:
        _meters = Meters(folder, process)
    except OSError:
        return False
    return True


def stop() -> None:
    """Count no more."""
    global _meters
    if _meters is not None:
        _meters.close()
        _meters = None


def webhook(name: str, status: int, seconds: float) -> None:
    """A webhook was answered."""
    _count("sapa_webhooks", name, str(status))
    _time("sapa_webhook_seconds", seconds, name)


def triaged() -> None:
    """A message was looked at for stop words and dangers."""
    _count("sapa_triaged")


def turn(result: str, seconds: float) -> None:
    """A turn ended: answered, waiting or failed."""
    _count("sapa_turns", result)
    _time("sapa_turn_seconds", seconds)


def sent(outcome: str, kind: str, seconds: float) -> None:
    """The provider was handed a message. outcome: sent, refused, unclear ... (a short fixed list)."""
    _count("sapa_sends", outcome, kind)
    _time("sapa_provider_seconds", seconds, outcome)


def reminders(fates: Mapping[str, int]) -> None:
    """Due reminders were looked after."""
    for fate, number in fates.items():
        _count("sapa_reminders", fate, by=number)


def tick(job: str, seconds: float, ok: bool, at: float) -> None:
    """A job of the clock ran. at: seconds since 1970."""
    _count("sapa_ticks", job, "done" if ok else "failed")
    _time("sapa_tick_seconds", seconds, job)
    if ok:
        _mark("sapa_tick_timestamp_seconds", at, job)


def trouble(process: str, step: str) -> None:
    """A step failed and will be tried again."""
    _count("sapa_troubles", process, step)


def statement(kind: str, seconds: float) -> None:
    """The database answered a statement."""
    _time("sapa_database_seconds", seconds, kind)


# Whatever goes wrong with a figure, the message it is about must go its way.


def _count(name: str, *labels: str, by: float = 1.0) -> None:
    if _meters is not None:
        with suppress(Exception):
            _meters.count(name, *labels, by=by)


def _time(name: str, seconds: float, *labels: str) -> None:
    if _meters is not None:
        with suppress(Exception):
            _meters.time(name, seconds, *labels)


def _mark(name: str, value: float, *labels: str) -> None:
    if _meters is not None:
        with suppress(Exception):
            _meters.mark(name, value, *labels)


# --- what Prometheus is told


def page(folder: Path, seen: Picture | None, disk: Disk | None) -> bytes:
    """Everything in Prometheus's text format. seen: None where the database does not answer, which is told too."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Told([*_counted(folder), *_looked_at(seen, disk)]))
    return generate_latest(registry)


class _Told(Collector):
    def __init__(self, metrics: Iterable[Metric]) -> None:
        self._metrics = list(metrics)

    def collect(self) -> Iterable[Metric]:
        return self._metrics


def _counted(folder: Path) -> list[Metric]:
    """What all processes of this machine counted; a file that is being made or is broken is passed over."""
    files = [str(path) for path in sorted(folder.glob("*.db")) if _readable(path)]
    found: list[Metric] = list(_COLLECTOR.merge(files))
    return found


def _readable(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            used = int.from_bytes(file.read(4), sys.byteorder, signed=True)
        _COLLECTOR.merge([str(path)])
    except Exception:  # the library does not say what it raises for a broken file
        return False
    return used == 0 or 8 <= used <= path.stat().st_size


def _gauge(name: str, words: str, labels: tuple[str, ...] = (), **values: float) -> GaugeMetricFamily:
    gauge = GaugeMetricFamily(name, words, labels=labels)
    for label, value in values.items():
        gauge.add_metric([label] if labels else [], value)
    return gauge


def _looked_at(seen: Picture | None, disk: Disk | None) -> Iterator[Metric]:
    yield _gauge("sapa_database_up", "Whether the database answers", value=1.0 if seen else 0.0)
    if disk is not None:
        yield _gauge("sapa_disk_free_ratio", "Free share of the disk with the data", value=disk.share)
        yield _gauge("sapa_disk_free_bytes", "Free bytes of the disk with the data", value=disk.free)
    if seen is not None:
        yield from _of_picture(seen)


def _of_picture(seen: Picture) -> Iterator[Metric]:
    yield _gauge(
        "sapa_queue_messages", "What waits, by line", ("queue",), **{queue.name: queue.count for queue in seen.queues}
    )
    yield _gauge(
        "sapa_queue_oldest_seconds",
        "How long the oldest of a line has waited",
        ("queue",),
        **{queue.name: seen.age(queue) for queue in seen.queues},
    )
    by_kind = GaugeMetricFamily("sapa_outbox_open", "Unsettled messages", labels=("state", "kind"))
    for (state, kind), count in sorted(seen.open.items()):
        by_kind.add_metric([state, kind], count)
    yield by_kind
    yield _gauge("sapa_outbox_day", "The last day's messages by state", ("state",), **seen.lately)
    yield _gauge("sapa_failed_ratio", "Failed share of the last day's messages", value=seen.failed_share)
    yield _holds(seen)
    yield _gauge("sapa_templates", "WhatsApp templates by state", ("state",), **seen.templates)
    # A process that was never heard of is as silent as one can be.
    silences = {name: seen.silence(name) for name in PROCESSES}
    yield _gauge(
        "sapa_heartbeat_age_seconds",
        "Since the last sign of life of a process",
        ("process",),
        **{name: float("inf") if silence is None else silence for name, silence in silences.items()},
    )
    yield _gauge("sapa_processes", "Processes at work", ("process",), **{name: seen.alive(name) for name in PROCESSES})
    yield _gauge("sapa_clock_skew_seconds", "Largest difference to the database's clock", value=seen.skew_s)
    backup = seen.backup_at.timestamp() if seen.backup_at else 0.0
    yield _gauge("sapa_backup_timestamp_seconds", "When the last backup was made; 0: never", value=backup)
    if seen.certificate_until is not None:
        until = seen.certificate_until.timestamp()
        yield _gauge("sapa_certificate_end_timestamp_seconds", "When the certificate ends", value=until)


def _holds(seen: Picture) -> Metric:
    held: dict[str, Any] = {hold.scope: (seen.now - hold.since).total_seconds() for hold in seen.holds}
    gauge = GaugeMetricFamily("sapa_hold_seconds", "How long sending has been held", labels=("scope",))
    for scope, seconds in held.items():
        gauge.add_metric([scope], max(0.0, seconds))
    return gauge
