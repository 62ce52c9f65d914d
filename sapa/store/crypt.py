"""Encryption at rest: what stands in the database files without the keys says nothing of anybody.

A sealed value is `sk1:<key id>:<Fernet token>`. The key's id stands in front, so that no key is ever guessed, a missing
one is named, and the rows that still need a key can be counted. Numbers are looked up by a mark: the HMAC of the number
under a key derived from the data key. A mark tells equal numbers, nothing else.

The keys hang on an engine's dialect (`attach`), which SQLAlchemy hands to every column type: two databases with
different keys may be open in one process.
"""

from __future__ import annotations

import base64
import hmac
import json
import os
import re
import secrets
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import ColumnElement, Dialect, Engine, LargeBinary, Text, TypeDecorator
from sqlalchemy.orm import Session
from sqlalchemy.sql import operators

PREFIX = "sk1:"
# A file of keys that changed is noticed within this time by every process that has it open.
NOTICED_WITHIN_S = 1.0
_SEALED = re.compile(r"sk1:([0-9a-f]{8}):")
# Names and numbers are read again and again (a list of families in the console); long texts hardly ever.
_REMEMBERED, _SHORT = 16_384, 200
_EMPTY = ("", "{}", "[]")


class KeyTrouble(RuntimeError):
    """The data keys are missing, unreadable or not those a value was sealed with; the message says what to do."""


class KeyMissing(KeyTrouble):
    """A value was sealed with a key that is not here."""

    def __init__(self, key_id: str) -> None:
        super().__init__(f"a value was sealed with the data key {key_id}, which is not here; bring that key back")


@dataclass(frozen=True)
class DataKey:
    """One key: its public id, what seals with it, and the derived key of its marks."""

    id: str
    text: str
    fernet: Fernet
    marking: bytes


def data_key(text: str) -> DataKey:
    """A key from its text (a Fernet key: 32 bytes in URL-safe base64). Raises KeyTrouble."""
    try:
        fernet = Fernet(text)
    except ValueError:
        raise KeyTrouble("a data key is not a Fernet key (44 characters of URL-safe base64)") from None
    raw = base64.urlsafe_b64decode(text)
    return DataKey(_derived(raw, b"sapa key id", 4).hex(), text, fernet, _derived(raw, b"sapa mark of a number", 32))


def _derived(raw: bytes, purpose: bytes, length: int) -> bytes:
    return HKDF(SHA256(), length, salt=None, info=purpose).derive(raw)


def new_key() -> str:
    """A fresh key as text."""
    return Fernet.generate_key().decode("ascii")


class KeyRing:
    """The keys of one database, newest first: the first seals, all open. From a file they are read again when it
    changes, so that keys can be exchanged under running processes."""

    def __init__(self, keys: Iterable[str], file: Path | None = None) -> None:
        self.file = file
        self._keys: tuple[DataKey, ...] = ()
        self._by_id: dict[str, DataKey] = {}
        self._seen: tuple[int, int, int] | None = None
        self._looked_at = time.monotonic()
        self._take(keys)
        self._open_short = lru_cache(maxsize=_REMEMBERED)(self._open)

    @classmethod
    def from_file(cls, file: Path) -> KeyRing:
        """The keys of a file, one a line. Raises KeyTrouble when it cannot be read or holds none."""
        ring = cls(_lines(file), file)
        ring._seen = _stamp(file)
        return ring

    def _take(self, keys: Iterable[str]) -> None:
        found = tuple(data_key(text) for text in keys)
        if not found:
            raise KeyTrouble("there is no data key")
        self._keys, self._by_id = found, {key.id: key for key in found}

    def reload(self) -> None:
        """Read the file again, if the keys come from one."""
        if self.file is not None:
            self._seen = _stamp(self.file)
            self._take(_lines(self.file))

    def _current(self) -> tuple[DataKey, ...]:
        if self.file is not None and time.monotonic() - self._looked_at > NOTICED_WITHIN_S:
            self._looked_at = time.monotonic()
            # A file that cannot be read just now takes no key away from a process that has it.
            with suppress(KeyTrouble, OSError):
                if _stamp(self.file) != self._seen:
                    self.reload()
        return self._keys

    @property
    def ids(self) -> tuple[str, ...]:
        """Ids of the keys, newest first."""
        return tuple(key.id for key in self._current())

    @property
    def texts(self) -> tuple[str, ...]:
        """The keys themselves, newest first."""
        return tuple(key.text for key in self._current())

    def seal(self, plain: str) -> str:
        """The text sealed with the newest key; an empty text stays empty."""
        if not plain:
            return plain
        key = self._current()[0]
        return f"{PREFIX}{key.id}:{key.fernet.encrypt(plain.encode()).decode('ascii')}"

    def open(self, kept: str) -> str:
        """The text behind a kept value; one that was never sealed comes back as it is.

        Raises KeyMissing, and KeyTrouble for a value that was changed.
        """
        if not kept.startswith(PREFIX):
            return kept
        return self._open_short(kept) if len(kept) <= _SHORT else self._open(kept)

    def _open(self, kept: str) -> str:
        found = _SEALED.match(kept)
        if found is None:
            raise KeyTrouble("a sealed value was changed or cut: restore it")
        return self._unlock(found[1], kept[found.end() :].encode("ascii")).decode()

    def seal_bytes(self, plain: bytes) -> bytes:
        """As `seal`, for a picture or a file."""
        key = self._current()[0]
        return f"{PREFIX}{key.id}:".encode() + key.fernet.encrypt(plain) if plain else plain

    def open_bytes(self, kept: bytes) -> bytes:
        """As `open`, for a picture or a file."""
        found = _SEALED.match(kept[:32].decode("latin-1"))
        return kept if found is None else self._unlock(found[1], kept[found.end() :])

    def _unlock(self, key_id: str, token: bytes) -> bytes:
        key = self._by_id.get(key_id) or self._reloaded(key_id)
        try:
            return key.fernet.decrypt(token)
        except InvalidToken:
            raise KeyTrouble(f"a value sealed with the data key {key_id} was changed or cut: restore it") from None

    def _reloaded(self, key_id: str) -> DataKey:
        with suppress(KeyTrouble, OSError):
            self.reload()
        if key_id not in self._by_id:
            raise KeyMissing(key_id)
        return self._by_id[key_id]

    def mark(self, number: str) -> str:
        """The mark of a number or address under the newest key."""
        return _mark(self._current()[0], number)

    def marks(self, number: str) -> list[str]:
        """Its marks under every key: rows that were not sealed anew yet are found too."""
        return [_mark(key, number) for key in self._current()]

    def lock_number(self, number: str) -> int:
        """A number for an advisory lock, the same in every process that has the same keys, whatever their order."""
        first = min(self._current(), key=lambda key: key.id)
        digest = hmac.digest(first.marking, b"lock:" + number.strip().encode(), "sha256")
        return int.from_bytes(digest[:8], "big", signed=True)


def _mark(key: DataKey, number: str) -> str:
    return f"{key.id}:{hmac.digest(key.marking, number.strip().encode(), 'sha256')[:16].hex()}"


def _lines(file: Path) -> list[str]:
    try:
        lines = [line.strip() for line in file.read_text(encoding="ascii").splitlines()]
    except (OSError, UnicodeDecodeError) as error:
        raise KeyTrouble(f"the data keys in {file} cannot be read: {getattr(error, 'strerror', error)}") from None
    keys = [line for line in lines if line and not line.startswith("#")]
    if not keys:
        raise KeyTrouble(f"there is no data key in {file}")
    return keys


def _stamp(file: Path) -> tuple[int, int, int]:
    found = file.stat()
    return found.st_ino, found.st_size, found.st_mtime_ns


def write_keys(file: Path, keys: Sequence[str], *, new: bool = False) -> None:
    """Keep keys in a file only its owner can read; whole or not at all. new: leave a file alone that is there."""
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(f"{file.name}.{os.getpid()}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as made:
        made.write("".join(f"{key}\n" for key in keys))
        made.flush()
        os.fsync(made.fileno())
    if new:
        with suppress(FileExistsError):
            os.link(draft, file)
        draft.unlink()
    else:
        draft.replace(file)


# ------------------------------------------------------------------------------------------------ keys and databases

_rings: WeakKeyDictionary[Dialect, KeyRing] = WeakKeyDictionary()


def attach(engine: Engine, ring: KeyRing) -> None:
    """Let this engine seal and open with these keys."""
    _rings[engine.dialect] = ring


def attached(dialect: Dialect) -> KeyRing | None:
    """The keys of a database, if it has any."""
    return _rings.get(dialect)


def ring_of(dialect: Dialect) -> KeyRing:
    """The keys of a database. Raises KeyTrouble where none were attached."""
    ring = _rings.get(dialect)
    if ring is None:
        raise KeyTrouble("this database was opened without its data keys (sapa.store.crypt.attach)")
    return ring


def marks_of(session: Session, *numbers: str) -> list[str]:
    """Marks to look numbers up by, under every key there is."""
    ring = ring_of(session.get_bind().dialect)
    return [mark for number in numbers for mark in ring.marks(number)]


# ------------------------------------------------------------------------------------------------------ column types


class _Unsearchable(Text.Comparator[Any]):
    """Sealed values differ every time: a comparison in SQL would silently find nothing."""

    def operate(self, op: Any, *other: Any, **kwargs: Any) -> Any:
        # SQLAlchemy itself compares columns with columns, to tell which is which.
        harmless = op in (operators.eq, operators.ne) and (other[0] is None or hasattr(other[0], "__clause_element__"))
        if harmless or op in (operators.is_, operators.is_not) or isinstance(other[0], ColumnElement):
            return super().operate(op, *other, **kwargs)
        raise TypeError(f"a sealed column cannot be compared or sorted in SQL ({op.__name__})")


class SealedText(TypeDecorator[str]):
    """Text that stands sealed in the database."""

    impl = Text
    cache_ok = True
    comparator_factory = _Unsearchable

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return value if value is None or value == "" else ring_of(dialect).seal(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:
        return value if not value or not value.startswith(PREFIX) else ring_of(dialect).open(value)


class SealedJson(TypeDecorator[Any]):
    """JSON that stands sealed in the database; an empty list or mapping is nothing to hide."""

    impl = Text
    cache_ok = True
    comparator_factory = _Unsearchable

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        if value is None:
            return None
        plain = json.dumps(value)
        return plain if plain in _EMPTY else ring_of(dialect).seal(plain)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        return json.loads(ring_of(dialect).open(value) if value.startswith(PREFIX) else value)


class SealedBytes(TypeDecorator[bytes]):
    """A picture or file that stands sealed in the database."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: bytes | None, dialect: Dialect) -> bytes | None:
        return value if not value else ring_of(dialect).seal_bytes(value)

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> bytes | None:
        return value if not value else ring_of(dialect).open_bytes(bytes(value))


SEALED = (SealedText, SealedJson, SealedBytes)

# ------------------------------------------------------------------------------------------------------------- marks

_NUMBER = re.compile(r"(?<![\d+])(?:\+\d[\d .()-]{7,20}\d|(?:62|0)8[\d .-]{6,16}\d)(?!\d)")
_MENTIONED = 20


def mark_of_number(ring: KeyRing, plain: str) -> str | None:
    """What an address column's mark is made of: the whole value."""
    return ring.mark(plain)


def marks_of_mentions(ring: KeyRing, plain: str) -> str | None:
    """Marks of the telephone numbers a text names, so that they are found when their owner is erased."""
    numbers = dict.fromkeys(_international(found) for found in _NUMBER.findall(plain))
    return " ".join(ring.mark(number) for number in list(numbers)[:_MENTIONED]) or None


def _international(number: str) -> str:
    digits = re.sub(r"\D", "", number)
    return "+62" + digits[1:] if digits.startswith("0") else "+" + digits


def made_from(column: str, make: Callable[[KeyRing, str], str | None]) -> dict[str, Any]:
    """Arguments of a mapped column whose value is made from another one's when a row is inserted."""

    def default(context: Any) -> str | None:
        plain = context.get_current_parameters().get(column)
        return make(ring_of(context.dialect), plain) if plain else None

    return {"default": default, "info": {"made_from": (column, make)}}
