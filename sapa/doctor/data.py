"""Where things are kept: the database, Rasa's dialogues, Redis."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from sapa import bootstrap
from sapa.doctor.report import ASK_S, READING, Patient, Result, fail, ok, warn
from sapa.services.health import SKEW_S
from sapa.store.health import DatabaseFacts, DatabaseTrouble, examine_database

_OLDEST = {"SQLite": (3, 35), "PostgreSQL": (13,)}
_SLOW_S = 0.25


def database(patient: Patient) -> Iterator[Result]:
    """Reachable, of this schema, writable, safe against a crash, in time."""
    url = patient.settings.database_url
    missing = _missing_file(url)
    if missing is not None:
        yield fail(f"there is no database {missing}", "sapa db upgrade makes it (make run does it by itself)")
        return
    try:
        facts = examine_database(_impatient(url), lambda: datetime.now(UTC))
    except DatabaseTrouble as trouble:
        yield fail(f"the database does not answer: {trouble}", _reason(str(trouble)))
        return
    yield from _judge(facts)


def _judge(facts: DatabaseFacts) -> Iterator[Result]:
    version = ".".join(map(str, facts.version))
    if facts.version < _OLDEST[facts.name]:
        oldest = ".".join(map(str, _OLDEST[facts.name]))
        yield fail(f"{facts.name} {version} is too old", f"{oldest} or newer is needed")
    if not facts.current:
        yield fail("the tables are missing or of another version", "sapa db upgrade (after a backup)")
    else:
        yield ok(f"{facts.name} {version} answers and may be written")
    for fault in facts.faults:
        damaged = "damaged" in fault
        todo = "restore the last backup" if damaged else "a crash may lose messages: set it back"
        yield (fail if damaged else warn)(f"{facts.name}: {fault}", todo)
    if facts.seconds > _SLOW_S:
        todo = "put the database nearer; look at its load"
        yield warn(f"{facts.name} needs {facts.seconds:.2f} s for the smallest question", todo)
    if facts.skew_s is not None and abs(facts.skew_s) > SKEW_S:
        todo = "set up time synchronisation (timedatectl set-ntp true) on both machines"
        yield fail(f"this clock is {facts.skew_s:+.0f} s from the database's", todo)


def _missing_file(url: str) -> Path | None:
    """SQLite's file, where it is not there: asking would make it."""
    path = url.removeprefix("sqlite:///")
    if path == url or path.startswith(("file:", ":memory:")) or not path:
        return None
    return None if Path(path).exists() else Path(path)


def _impatient(url: str) -> str:
    """A server that does not answer must not keep us waiting."""
    if not url.startswith("postgresql") or "connect_timeout" in url:
        return url
    return f"{url}{'&' if '?' in url else '?'}connect_timeout={ASK_S:.0f}"


_REASONS = (
    (r"password authentication|no password", "the user or password in DATABASE_URL is wrong"),
    (r"does not exist", "create the database and its user (createdb, createuser), or mend DATABASE_URL"),
    (r"refused|No such file|timeout|resolve|not known", "start the server, or mend host and port in DATABASE_URL"),
    (r"read.?only", "this is a standby or a file that may not be written: mend DATABASE_URL or the file's owner"),
    (r"not a database|malformed|encrypted", "the file is damaged: restore the last backup"),
    (r"unable to open", "see who may read the file and its folder"),
)


def _reason(told: str) -> str:
    for pattern, todo in _REASONS:
        if re.search(pattern, told, re.IGNORECASE):
            return todo
    return "mend DATABASE_URL, or what the line says"


def untouched(patient: Patient) -> bool:
    """Whether nothing was ever started here: starting would make the database, or the keys of its data."""
    settings = patient.settings
    if _missing_file(settings.database_url) is not None:
        return True
    return settings.given_data_keys is None and not settings.data_keys_file.exists() and not _sealed(patient)


def _sealed(patient: Patient) -> bool:
    try:
        return examine_database(_impatient(patient.settings.database_url), lambda: datetime.now(UTC)).keys > 0
    except DatabaseTrouble:
        return False


@contextmanager
def installed(patient: Patient) -> Iterator[bootstrap.App | None]:
    """The application as its processes would start it; None where they would not, or where there is nothing yet."""
    if untouched(patient):
        yield None
        return
    try:
        with READING:
            app = bootstrap.start(patient.variables)
    except bootstrap.StartError:
        yield None  # said where it belongs
        return
    try:
        yield app
    finally:
        app.store.engine.dispose()


def start(patient: Patient) -> Iterator[Result]:
    """Whether the processes would start: the one place where everything meets, keys of the data among it."""
    if untouched(patient):
        yield warn("there is nothing to start yet", "sapa db upgrade makes the tables and the keys of the data")
        return
    try:
        with READING:
            app = bootstrap.start(patient.variables)
    except bootstrap.StartError as error:
        yield fail(f"no process would start: {error}", "mend that line first")
        return
    app.store.engine.dispose()
    yield ok("the processes can start")


def dialogues(patient: Patient) -> Iterator[Result]:
    """Rasa's memory."""
    url = patient.settings.tracker_url
    if url == patient.settings.database_url:
        yield ok("Rasa's dialogues are in the same database")
    elif _missing_file(url) is not None:
        yield ok("Rasa's dialogues begin with its first start")
    else:
        try:
            facts = examine_database(_impatient(url), lambda: datetime.now(UTC))
        except DatabaseTrouble as trouble:
            yield fail(f"Rasa's dialogues do not answer: {trouble}", "mend SAPA_TRACKER_URL, or delete a damaged file")
            return
        yield ok(f"Rasa's dialogues answer ({facts.name})")


def redis(patient: Patient) -> Iterator[Result]:
    """Redis, where it is used."""
    url = patient.settings.redis_url
    if url is None:
        yield ok("Redis is not used")
        return
    try:
        import redis as library  # type: ignore[import-untyped]
    except ImportError:
        yield fail("REDIS_URL is set and the Python package redis is missing", "uv sync --extra scale")
        return
    try:
        client = library.Redis.from_url(url, socket_timeout=ASK_S, socket_connect_timeout=ASK_S)
        client.ping()
    except ValueError:
        yield fail("REDIS_URL is no address of a Redis", "redis://[:password@]host:port/number")
    except library.exceptions.AuthenticationError:
        yield fail("Redis does not take the password", "mend the password in REDIS_URL")
    except library.exceptions.RedisError as error:
        yield fail(f"Redis does not answer ({type(error).__name__})", "start it, or mend REDIS_URL")
    else:
        yield ok("Redis answers")
