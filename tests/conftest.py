"""What every test may ask for: real databases, a clock that stands still, texts, an application without processes."""

from __future__ import annotations

import functools
import itertools
import os
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest
from sqlalchemy import URL, Dialect, Engine, event, make_url

from sapa import bootstrap, settings
from sapa.bootstrap import App
from sapa.clock import SetClock
from sapa.services.inbound import receive_message
from sapa.store.engine import open_engine
from sapa.store.migrate import upgrade
from tests.order import pytest_collection_modifyitems, pytest_xdist_make_scheduler
from tests.support import NOW, TEST_KEY, inbound_form, opened, settings_for, wired

# Processes that tests start share a database with the test: they must know its key.
os.environ["SAPA_DATA_KEYS"] = TEST_KEY

__all__ = ["pytest_collection_modifyitems", "pytest_xdist_make_scheduler"]  # hooks: pytest finds them here

if TYPE_CHECKING:
    from bot.local_engine import LocalEngine

_NO_POSTGRES = "PostgreSQL's programs (initdb, pg_ctl) are not installed: its tests are skipped"


def _postgres_bin() -> Path | None:
    """The folder of PostgreSQL's server programs, wherever Debian or the PATH has them."""
    found = shutil.which("initdb")
    if found is not None:
        return Path(found).resolve().parent
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return versions[-1].parent if versions else None


class Cluster:
    """A throwaway PostgreSQL, on a socket of its own folder: no port, no password, gone afterwards."""

    def __init__(self, programs: Path) -> None:
        self._programs = programs
        self.folder = Path(tempfile.mkdtemp(prefix="sapa-pg-"))
        self._numbers = itertools.count()

    def start(self) -> None:
        data = self.folder / "data"
        if os.geteuid() == 0:  # PostgreSQL refuses to run as root
            shutil.chown(self.folder, "postgres", "postgres")
        self._run("initdb", "-D", str(data), "-U", "sapa", "-A", "trust", "-E", "UTF8", "--no-sync")
        self.resume()

    def resume(self) -> None:
        """Start the server, for the first time or again."""
        options = f"-k {self.folder} -c listen_addresses='' -c fsync=off -c max_connections=200"
        data, log = str(self.folder / "data"), str(self.folder / "log")
        self._run("pg_ctl", "-D", data, "-w", "-l", log, "-o", options, "start")

    def halt(self) -> None:
        """Stop the server as an update of the machine does; its data stay."""
        self._run("pg_ctl", "-D", str(self.folder / "data"), "-m", "fast", "-w", "stop")

    def stop(self) -> None:
        self._run("pg_ctl", "-D", str(self.folder / "data"), "-m", "immediate", "stop")
        shutil.rmtree(self.folder, ignore_errors=True)

    def new_database(self, copy_of: str = "template1") -> str:
        """The address of a fresh database: empty, or a copy of another one."""
        name = f"test_{os.getpid()}_{next(self._numbers)}"
        self._say(f"CREATE DATABASE {name} TEMPLATE {copy_of} STRATEGY FILE_COPY")
        return f"postgresql+psycopg://sapa@/{name}?host={self.folder}"

    def drop(self, url: str) -> None:
        """Remove a database: thousands of tests would leave gigabytes."""
        self._say(f"DROP DATABASE {_name(url)} WITH (FORCE)")

    @functools.cached_property
    def migrated(self) -> str:
        """The name of a database with today's schema, to be copied: migrating takes ten times as long."""
        url = self.new_database()
        _migrate(url)
        return _name(url)

    def _say(self, statement: str) -> None:
        with psycopg.connect(f"host={self.folder} user=sapa dbname=postgres", autocommit=True) as connection:
            connection.execute(statement)

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self._programs / program), *arguments]
        if os.geteuid() == 0:
            command = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", *command]
        done = subprocess.run(command, capture_output=True, text=True, cwd=self.folder)
        if done.returncode != 0:
            raise RuntimeError(f"{program} failed: {done.stderr.strip() or done.stdout.strip()}")


def _name(url: str) -> str:
    """The database an address of ours names."""
    return url.partition("@/")[2].partition("?")[0]


@pytest.fixture(scope="session")
def postgres() -> Iterator[Cluster]:
    programs = _postgres_bin()
    if programs is None:
        pytest.skip(_NO_POSTGRES)
    cluster = Cluster(programs)
    cluster.start()
    yield cluster
    cluster.stop()


def _migrate(url: str) -> None:
    engine = open_engine(url)
    upgrade(engine)
    engine.dispose()


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file with today's schema, to be copied."""
    file = tmp_path_factory.mktemp("schema") / "schema.db"
    _migrate(f"sqlite:///{file}")
    return file


@pytest.fixture(scope="session")
def new_file(migrated_file: Path) -> Callable[[Path], str]:
    """Make an SQLite file with today's schema and no rows; its address."""

    def make(file: Path) -> str:
        shutil.copyfile(migrated_file, file)
        return f"sqlite:///{file}"

    return make


@pytest.fixture
def one_database(new_file: Callable[[Path], str], tmp_path: Path) -> str:
    """The address of an SQLite file, for tests of which one kind of database is enough.

    A file of tests says so with a `database_url` of its own that gives this one back: what those tests ask of the
    store is asked of both kinds elsewhere (tests/store and the files of tests/services that do not say so).
    """
    return new_file(tmp_path / "test.db")


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of a database with today's schema and no rows: the test runs once on each kind."""
    if request.param == "sqlite":
        yield request.getfixturevalue("one_database")
        return
    cluster: Cluster = request.getfixturevalue("postgres")
    url = cluster.new_database(cluster.migrated)
    yield url
    cluster.drop(url)


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a database without a table, once of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'empty.db'}"
    cluster: Cluster = request.getfixturevalue("postgres")
    return cluster.new_database()


class Engines:
    """One engine of each kind for all tests of a process: a new one would work out every statement anew."""

    def __init__(self) -> None:
        self._engines: dict[str, Engine] = {}
        self._now: dict[str, URL] = {}

    @contextmanager
    def opened(self, url: str) -> Iterator[Engine]:
        """The engine, connecting to the database at `url` until the block ends."""
        kind = make_url(url).get_backend_name()
        self._now[kind] = make_url(url)
        if kind not in self._engines:
            self._engines[kind] = self._led(opened(url), kind)
        yield self._engines[kind]
        self._engines[kind].dispose()

    def _led(self, engine: Engine, kind: str) -> Engine:
        @event.listens_for(engine, "do_connect")
        def _lead(dialect: Dialect, record: object, args: object, more: object) -> object:
            arguments, named = dialect.create_connect_args(self._now[kind])
            return dialect.connect(*arguments, **named)

        if kind == "sqlite":

            @event.listens_for(engine, "connect")
            def _hurry(connection: sqlite3.Connection, record: object) -> None:
                connection.execute("PRAGMA synchronous = OFF")  # no test pulls the plug of this machine

        return engine


@pytest.fixture(scope="session")
def engines() -> Engines:
    return Engines()


@pytest.fixture
def engine(database_url: str, engines: Engines) -> Iterator[Engine]:
    """An open database with today's schema."""
    with engines.opened(database_url) as engine:
        yield engine


@pytest.fixture(scope="session")
def local_engine() -> LocalEngine:
    """The trained model in this process: reading it takes ten seconds, so all tests of a process share it."""
    from bot.local_engine import LocalEngine

    return LocalEngine(settings.load().model_dir)


@pytest.fixture
def now() -> datetime:
    return NOW


@pytest.fixture
def clock(now: datetime) -> SetClock:
    return SetClock(now)


@pytest.fixture
def app(engine: Engine, database_url: str, tmp_path: Path, clock: SetClock) -> Iterator[App]:
    """A wired application on both databases, with the simulator as its provider and a clock that stands."""
    app = wired(settings_for(database_url, tmp_path), engine, clock)
    bootstrap.use(app)
    yield app


@pytest.fixture
def receive(app: App) -> Callable[..., str]:
    """Take in a message; its inbound id."""

    def take(body: str, sender: str = "+6281200000001", **more: object) -> str:
        receipt = receive_message(app.deps, inbound_form(body, sender, **more), app.clock.now())
        assert receipt.inbound_id is not None
        return receipt.inbound_id

    return take
