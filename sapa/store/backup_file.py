"""The file of a backup: a tar with a manifest and the rows of each table, and its checksums."""

from __future__ import annotations

import base64
import hashlib
import json
import tarfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, time
from pathlib import Path
from typing import Any, cast

from sqlalchemy import JSON, Boolean, Date, Float, Integer, LargeBinary, Text, Time, table
from sqlalchemy import column as sql_column
from sqlalchemy.types import TypeEngine

from sapa.store import simulator
from sapa.store.models import Base, UtcDateTime

FORMAT = 1
MANIFEST = "manifest.json"
# Who is logged in, which process lives: nothing of it is true after a restore.
LEFT_OUT = frozenset({"heartbeat", "login_code", "web_session"})
_LONGEST_LINE = 64 * 1024 * 1024
assert simulator  # its tables are part of the metadata

# What a value is, as the manifest calls it; from what the database is told it is.
TYPES: dict[str, TypeEngine[Any]] = {
    "bool": Boolean(),
    "bytes": LargeBinary(),
    "date": Date(),
    "datetime": UtcDateTime(),
    "float": Float(),
    "int": Integer(),
    "json": JSON(),
    "text": Text(),
    "time": Time(),
}


class BackupTrouble(RuntimeError):
    """A backup cannot be made, read or restored; the message says why in one line."""


def _checksum(said: Any) -> str:
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True)
class TablePart:
    """One table of a backup. digest: of its rows in any order, the same whichever database holds them."""

    name: str
    key: list[str]
    columns: dict[str, str]
    rows: int
    size: int  # bytes of its lines
    sha256: str
    digest: str


@dataclass(frozen=True)
class Manifest:
    """What a backup is: when it was made, of which schema, with which keys, and every table with its checksums."""

    made_at: datetime
    version: str
    revision: str
    database: str
    keys: list[str]  # ids of the data keys without which it cannot be read
    tables: list[TablePart]
    format: int = FORMAT
    left_out: list[str] = field(default_factory=lambda: sorted(LEFT_OUT))

    @property
    def rows(self) -> int:
        """How many rows it holds."""
        return sum(part.rows for part in self.tables)

    def text(self) -> str:
        """The manifest as JSON, with a checksum of its own."""
        said = {**asdict(self), "made_at": self.made_at.isoformat()}
        return json.dumps({"manifest": said, "sha256": _checksum(said)}, indent=1)


def plain_table(name: str, columns: dict[str, str]) -> Any:
    """A table as the manifest describes it: a backup of another version is read without that version's models."""
    return table(name, *(sql_column(one, TYPES[kind]) for one, kind in columns.items()))


class Tally:
    """Counts lines and forms their checksums: one of the lines as they come, one of the rows in any order."""

    def __init__(self) -> None:
        self.rows, self.size, self._sum, self._whole = 0, 0, 0, hashlib.sha256()

    def add(self, line: bytes) -> None:
        """Count one line."""
        self.rows += 1
        self.size += len(line)
        self._whole.update(line)
        self._sum = (self._sum + int.from_bytes(hashlib.sha256(line).digest(), "big")) % (1 << 256)

    @property
    def sha256(self) -> str:
        """Of all lines in their order."""
        return self._whole.hexdigest()

    @property
    def digest(self) -> str:
        """Of all rows in any order: databases sort text differently."""
        return f"{self._sum:064x}"


# ------------------------------------------------------------------------------------------------------------- reading


def read_backup(file: Path) -> Iterator[Manifest | tuple[TablePart, Iterator[bytes]]]:
    """The manifest, then each table with its lines, in the order of the file. Raises BackupTrouble.

    Nothing is unpacked: a name in the file can lead nowhere.
    """
    with _told_apart(file), tarfile.open(file, "r:*") as tar:
        manifest = _manifest(tar, tar.next())
        yield manifest
        for part in manifest.tables:
            member = tar.next()
            lines = tar.extractfile(member) if member is not None and member.isreg() else None
            if member is None or lines is None or member.name != f"tables/{part.name}.jsonl":
                raise BackupTrouble(f"{file}: the table {part.name} is missing; the file is cut or was changed")
            yield part, _lines(file, lines)


def _lines(file: Path, lines: Any) -> Iterator[bytes]:
    # Read by whoever asked for the table: its troubles are not seen above.
    with _told_apart(file):
        while line := lines.readline(_LONGEST_LINE):
            yield line


@contextmanager
def _told_apart(file: Path) -> Iterator[None]:
    """Whatever a damaged file makes the readers say is one line of ours."""
    try:
        yield
    except (tarfile.TarError, EOFError, OSError, zlib.error) as error:
        raise BackupTrouble(f"{file} cannot be read: {(str(error) or type(error).__name__).splitlines()[0]}") from None
    except (ValueError, RecursionError) as error:
        raise BackupTrouble(f"{file} is damaged: {str(error).splitlines()[0]}") from None


def _name(tar: tarfile.TarFile) -> str:
    return Path(str(tar.name)).name


def _manifest(tar: tarfile.TarFile, member: tarfile.TarInfo | None) -> Manifest:
    opened = tar.extractfile(member) if member is not None and member.isreg() and member.name == MANIFEST else None
    if opened is None:
        raise BackupTrouble(f"{_name(tar)}: this is no backup of Sapa Keluarga")
    whole = json.loads(opened.read(_LONGEST_LINE))
    said = whole.get("manifest") if isinstance(whole, dict) else None
    if not isinstance(said, dict) or whole.get("sha256") != _checksum(said):
        raise BackupTrouble(f"{_name(tar)}: the manifest was changed or is none")
    if said.get("format") != FORMAT:
        raise BackupTrouble(f"{_name(tar)}: not in format {FORMAT}, which this version reads")
    try:
        tables = [TablePart(**part) for part in said["tables"]]
        unknown = {kind for part in tables for kind in part.columns.values()} - set(TYPES)
        if unknown or any(part.name not in Base.metadata.tables for part in tables):
            raise BackupTrouble(f"{_name(tar)}: it holds tables or values this version does not know")
        return Manifest(**{**said, "made_at": datetime.fromisoformat(said["made_at"]), "tables": tables})
    except (AttributeError, KeyError, TypeError) as error:
        raise BackupTrouble(f"{_name(tar)}: the manifest is not complete ({error})") from None


def check_backup(file: Path) -> Manifest:
    """Read a whole backup and compare every checksum. Raises BackupTrouble at the first that differs."""
    parts = read_backup(file)
    manifest = cast(Manifest, next(parts))
    for part, lines in cast(Iterator[tuple[TablePart, Iterator[bytes]]], parts):
        tally = Tally()
        for line in lines:
            tally.add(line)
        compare(part, tally, "in the file")
        if tally.sha256 != part.sha256 or tally.size != part.size:
            raise BackupTrouble(f"{part.name}: the lines in the file are not those that were written")
    return manifest


def compare(part: TablePart, tally: Tally, where: str) -> None:
    """Raise BackupTrouble unless these are the rows that were backed up."""
    if tally.rows != part.rows:
        raise BackupTrouble(f"{part.name}: {tally.rows} rows {where}, {part.rows} were backed up")
    if tally.digest != part.digest:
        raise BackupTrouble(f"{part.name}: the rows {where} are not those that were backed up")


def values_of(line: bytes, kinds: list[str]) -> list[Any]:
    """A row's values as the database takes them."""
    return [_parsed(value, kind) for value, kind in zip(json.loads(line), kinds, strict=True)]


def _parsed(value: Any, kind: str) -> Any:
    if value is None:
        return None
    readers: dict[str, Callable[[Any], Any]] = {
        "bytes": base64.b64decode,
        "date": date.fromisoformat,
        "datetime": datetime.fromisoformat,
        "time": time.fromisoformat,
    }
    return readers[kind](value) if kind in readers else value
