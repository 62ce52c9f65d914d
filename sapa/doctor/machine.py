"""This machine: Python, time zones, disk, files and who may read them, texts, the model."""

from __future__ import annotations

import os
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sapa import bootstrap
from sapa.content import ContentError
from sapa.doctor.report import READING, Patient, Result, fail, ok, warn
from sapa.services.campaigns import CampaignError
from sapa.services.health import DISK_FREE
from sapa.settings import ROOT

_PYTHON = (3, 11)
_ZONES = ("Asia/Jakarta", "Asia/Makassar", "Asia/Jayapura")


def python(_: Patient) -> Iterator[Result]:
    """The version everything was tried with."""
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info[:2] == _PYTHON:
        yield ok(f"Python {version}")
    else:
        yield fail(f"Python {version}: Rasa runs with 3.11 only", "make setup brings Python 3.11")


def zones(patient: Patient) -> Iterator[Result]:
    """The zones of Indonesia and the one of the settings."""
    for name in dict.fromkeys((*_ZONES, patient.settings.default_timezone)):
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            yield fail(
                f"the time zone {name!r} is not known here",
                "SAPA_TIMEZONE must be an IANA name" if name not in _ZONES else "install tzdata (make setup does)",
            )
            return
    yield ok(f"time zones are known; {patient.settings.default_timezone} where a family has none")


def disk(patient: Patient) -> Iterator[Result]:
    """Room on the disk of the data."""
    folder = _there(patient.settings.var_dir)
    usage = shutil.disk_usage(folder)
    share, free = usage.free / usage.total, f"{usage.free / 1e9:.1f} GB free"
    if share < DISK_FREE / 3:
        yield fail(f"the disk of the data is full ({free})", "move old backups away; make the disk larger")
    elif share < DISK_FREE:
        yield warn(f"little room on the disk of the data ({free})", "move old backups away; make the disk larger")
    else:
        yield ok(f"{free} on the disk of the data")


def _there(folder: Path) -> Path:
    return folder if folder.exists() else _there(folder.parent)


def files(patient: Patient) -> Iterator[Result]:
    """Whether the data folder can be written, and who else may read what is secret."""
    folder = patient.settings.var_dir
    if not folder.is_dir():
        found = "is a file" if folder.exists() else "does not exist yet"
        todo = "choose another SAPA_VAR_DIR" if folder.exists() else "the first start makes it; or mkdir -m 700 it"
        yield (fail if folder.exists() else warn)(f"SAPA_VAR_DIR ({folder}) {found}", todo)
        return
    try:
        with tempfile.TemporaryFile(dir=folder) as probe:
            probe.write(b"x")
    except OSError as error:
        yield fail(f"SAPA_VAR_DIR ({folder}) cannot be written: {error.strerror}", "give it to the user of the service")
        return
    yield ok(f"{folder} can be written")
    for path in [folder / "secret", folder / "data-keys", *sorted(folder.glob("*.db")), ROOT / ".env"]:
        yield from _private(path)


def _private(path: Path) -> Iterator[Result]:
    """A secret that others may read is none."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return
    if not stat.S_ISREG(mode):
        return
    if not os.access(path, os.R_OK):
        yield fail(f"{path} cannot be read", "give it to the user of the service")
    elif mode & (stat.S_IRGRP | stat.S_IROTH | stat.S_IWGRP | stat.S_IWOTH) and not _walled(path):
        yield warn(f"{path} may be read by others (mode {stat.S_IMODE(mode):o})", f"chmod 600 {path}")


def _walled(path: Path) -> bool:
    """Whether the folder keeps others out already."""
    return not path.parent.stat().st_mode & (stat.S_IXGRP | stat.S_IXOTH)


def texts(patient: Patient) -> Iterator[Result]:
    """The texts families read: all there, all readable."""
    folder = patient.settings.content_dir
    if not folder.is_dir():
        yield fail(f"there is no folder {folder}", "set SAPA_CONTENT_DIR to the folder of the texts")
        return
    try:
        with READING:
            library, _ = bootstrap.texts(folder)
    except (ContentError, CampaignError) as error:
        yield fail(f"a text is broken: {_first_line(error)}", "mend the file it names")
        return
    except (OSError, UnicodeDecodeError) as error:
        told = error.strerror if isinstance(error, OSError) else "a file is not UTF-8 text"
        yield fail(f"the texts cannot be read: {told}", f"see who may read {folder}")
        return
    yield ok(f"{len(list(library.ids()))} texts")


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def model(patient: Patient) -> Iterator[Result]:
    """The trained model, and whether it is of these training files."""
    from bot.model_files import NoModel, current_model

    try:
        found = current_model(patient.settings.model_dir)
    except NoModel as error:
        what, _, todo = str(error).partition(": ")
        yield fail(what, todo or "run `make setup`")
        return
    if found.stat().st_size < 100_000:
        yield fail(
            f"the model {found.name} is cut off ({found.stat().st_size} bytes)", "delete it and run `make setup`"
        )
        return
    yield ok(f"model {found.name}, of these training files")
