"""The data keys themselves: made once, exchanged under running processes, never lost sight of."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, create_engine, text

from sapa import bootstrap
from sapa.bootstrap import StartError
from sapa.messaging.states import Channel
from sapa.settings import ROOT
from sapa.store import crypt, data_keys
from sapa.store.crypt import KeyRing, KeyTrouble, attach, new_key, write_keys
from sapa.store.data_keys import add_key, drop_key, note_use, unlock
from sapa.store.database import Database
from sapa.store.engine import open_engine
from sapa.store.resealing import reseal, stale_rows, uses
from tests.support import TEST_RING, settings_for, wired

PEOPLE = 30


def phone(number: int) -> str:
    return f"+62812{number:08}"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "keys" / "data-keys"


@pytest.fixture
def kept(database_url: str, file: Path, now: datetime) -> Iterator[Engine]:
    """A database of its own key file, with thirty people who wrote."""
    engine = open_engine(database_url)
    note_use(engine, unlock(engine, None, file), now)
    write(Database(engine), range(PEOPLE), now)
    yield engine
    engine.dispose()


def write(store: Database, numbers: range, now: datetime) -> None:
    with store.transaction() as tx:
        for number in numbers:
            contact, _ = tx.contact_for_address(Channel.WHATSAPP, phone(number), phone(number), now)
            tx.set_contact_name(contact.id, f"Ibu {number}")
            tx.set_setting(f"turn:{number}", json.dumps({"said": number}), now)


def read(engine: Engine) -> dict[str, str | None]:
    """By number, what its contact is called."""
    with Database(engine).transaction(write=False) as tx:
        found = [tx.contact_id_for(Channel.WHATSAPP, phone(number)) for number in range(PEOPLE)]
        people = [tx.contact(one) for one in found if one is not None]
        return {phone(number): one.name for number, one in enumerate(people) if one is not None}


EVERYBODY = {phone(number): f"Ibu {number}" for number in range(PEOPLE)}


def ring_of(engine: Engine) -> KeyRing:
    return crypt.ring_of(engine.dialect)


def used(engine: Engine) -> Counter[str]:
    with engine.connect() as connection:
        return uses(connection)


def added(engine: Engine, now: datetime) -> str:
    return add_key(ring_of(engine), engine, now, wait=lambda _seconds: None)


# ---------------------------------------------------------------------------------------------------------- the file


def test_a_key_is_made_on_the_first_start_and_is_for_its_owner_alone(kept: Engine, file: Path) -> None:
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert len(file.read_text().split()) == 1
    assert unlock(kept, None, file).ids == ring_of(kept).ids


def test_many_processes_that_start_at_once_make_one_key(tmp_path: Path) -> None:
    engine, file = create_engine(f"sqlite:///{tmp_path / 'empty.db'}"), tmp_path / "data-keys"
    made: list[tuple[str, ...]] = []
    threads = [threading.Thread(target=lambda: made.append(unlock(engine, None, file).ids)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 8 and len(set(made)) == 1


def test_keys_may_be_given_instead_and_then_no_file_is_made(tmp_path: Path) -> None:
    engine, one, two = create_engine("sqlite://"), new_key(), new_key()
    ring = unlock(engine, f"{one}, {two}\n", tmp_path / "data-keys")
    assert ring.ids == (crypt.data_key(one).id, crypt.data_key(two).id) and not (tmp_path / "data-keys").exists()


# -------------------------------------------------------------------------------------------------- missing and wrong


def start(database_url: str, folder: Path, **more: str) -> None:
    bootstrap.start({"DATABASE_URL": database_url, "SAPA_VAR_DIR": str(folder), **more})


def test_a_lost_file_stops_the_start_in_one_line_and_no_new_key_takes_its_place(
    kept: Engine, database_url: str, file: Path
) -> None:
    gone, key_id = file.read_text(), ring_of(kept).ids[0]
    file.unlink()
    with pytest.raises(StartError, match=rf"^keys: .*{key_id}.*docs/keys-and-backup") as caught:
        start(database_url, file.parent)
    assert "\n" not in str(caught.value) and not file.exists()
    assert gone.strip() not in str(caught.value)


def test_a_wrong_key_stops_the_start_and_names_the_one_that_is_needed(
    kept: Engine, database_url: str, tmp_path: Path
) -> None:
    with pytest.raises(StartError, match=f"sealed with the key {ring_of(kept).ids[0]}, not in SAPA_DATA_KEYS"):
        start(database_url, tmp_path, SAPA_DATA_KEYS=new_key())
    assert read(kept) == EVERYBODY


@pytest.mark.parametrize("given", ["not-a-key", "=" * 44])
def test_what_is_no_key_stops_the_start(kept: Engine, database_url: str, tmp_path: Path, given: str) -> None:
    with pytest.raises(StartError, match=r"^keys: .*Fernet"):
        start(database_url, tmp_path, SAPA_DATA_KEYS=given)


def test_an_empty_file_stops_the_start(kept: Engine, database_url: str, file: Path) -> None:
    file.write_text("# nothing\n")
    with pytest.raises(StartError, match="no data key in"):
        start(database_url, file.parent)


def test_a_process_says_so_on_standard_error_and_ends(kept: Engine, database_url: str, file: Path) -> None:
    file.unlink()
    environ = {"DATABASE_URL": database_url, "SAPA_VAR_DIR": str(file.parent), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(
        [sys.executable, "-m", "scheduler.clock"], env=environ, cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 1 and done.stderr.startswith("clock: keys: ") and done.stderr.count("\n") == 1


# ---------------------------------------------------------------------------------------------------------- exchanging


def test_a_new_key_seals_from_then_on_and_old_values_stay_readable(kept: Engine, now: datetime) -> None:
    old = ring_of(kept).ids[0]
    new = added(kept, now)
    assert ring_of(kept).ids == (new, old) and read(kept) == EVERYBODY
    write(Database(kept), range(3), now)
    assert used(kept)[new] > 0 and used(kept)[old] > 0


def test_another_process_takes_the_new_key_up_by_itself(
    kept: Engine, database_url: str, file: Path, now: datetime
) -> None:
    elsewhere = open_engine(database_url)
    attach(elsewhere, KeyRing.from_file(file))
    new = added(kept, now)
    write(Database(kept), range(1), now)
    # It meets a value of a key it has never heard of, and looks again.
    assert read(elsewhere) == EVERYBODY
    assert ring_of(elsewhere).ids[0] == new
    elsewhere.dispose()


def test_before_it_seals_a_new_key_stands_behind_the_old_one_until_all_have_seen_it(
    kept: Engine, file: Path, now: datetime
) -> None:
    seen: list[list[str]] = []
    old = file.read_text().split()
    add_key(ring_of(kept), kept, now, wait=lambda _seconds: seen.append(file.read_text().split()))
    assert len(seen) == 1 and seen[0][0] == old[0] and len(seen[0]) == 2
    assert file.read_text().split() == seen[0][::-1]


def test_everything_is_sealed_anew_and_again_and_reads_the_same(kept: Engine, now: datetime) -> None:
    for _ in range(2):
        new = added(kept, now)
        seen: list[int] = []
        done = reseal(kept, seen.append, batch=7)
        assert set(used(kept)) == {new} and read(kept) == EVERYBODY
        assert sum(seen) == sum(done.values()) == 3 * PEOPLE  # addresses, contacts, turns
    assert reseal(kept) == Counter()


class Killed(Exception):
    pass


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.integers(min_value=0, max_value=3 * PEOPLE // 7))
def test_killed_after_any_batch_it_goes_on_where_it_stopped(kept: Engine, now: datetime, batches: int) -> None:
    new = added(kept, now)
    left = [batches]

    def die(_rows: int) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise Killed

    with pytest.raises(Killed):
        reseal(kept, die, batch=7)
    assert read(kept) == EVERYBODY
    with kept.connect() as connection:
        waiting = stale_rows(connection, new)
    assert sum(reseal(kept, batch=7).values()) == waiting < 3 * PEOPLE
    assert set(used(kept)) == {new} and read(kept) == EVERYBODY


def test_what_is_written_while_everything_is_sealed_anew_is_not_overwritten(kept: Engine, now: datetime) -> None:
    store = Database(kept)
    added(kept, now)
    stop, written = threading.Event(), [0]

    def go_on() -> None:
        while not stop.is_set():
            written[0] += 1
            with store.transaction() as tx:
                tx.set_setting("turn:7", str(written[0]), now)

    writer = threading.Thread(target=go_on)
    writer.start()
    try:
        for _ in range(3):
            reseal(kept, batch=2)
    finally:
        stop.set()
        writer.join()
    with store.transaction(write=False) as tx:
        assert tx.setting("turn:7") == str(written[0])


def test_two_writers_with_old_and_new_rings_make_one_contact_of_one_number(
    kept: Engine, database_url: str, file: Path, now: datetime
) -> None:
    old_ring = KeyRing(file.read_text().split())
    write_keys(file, [new_key(), *file.read_text().split()])
    one, other = open_engine(database_url), open_engine(database_url)
    attach(one, KeyRing(KeyRing.from_file(file).texts))
    # The other already knows both keys and still seals with the old one: the order in which a file changes.
    attach(other, KeyRing([*old_ring.texts, *KeyRing.from_file(file).texts[:1]]))
    numbers = [f"+62899{number:08}" for number in range(20)]
    barrier = threading.Barrier(2)

    def say_hello(engine: Engine) -> None:
        for number in numbers:
            barrier.wait()
            with Database(engine).transaction() as tx:
                tx.contact_for_address(Channel.WHATSAPP, number, number, now)

    threads = [threading.Thread(target=say_hello, args=(engine,)) for engine in (one, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with kept.connect() as connection:
        counted = connection.execute(text("SELECT count(*) FROM address")).scalar()
    assert counted == PEOPLE + len(numbers)
    one.dispose()
    other.dispose()


# ------------------------------------------------------------------------------------------------------------ dropping


def test_a_key_that_is_needed_cannot_be_dropped_nor_the_one_that_seals(
    kept: Engine, file: Path, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = ring_of(kept).ids[0]
    with pytest.raises(KeyTrouble, match="is the one that seals"):
        drop_key(ring_of(kept), kept, old)
    new = added(kept, now)
    with pytest.raises(KeyTrouble, match="a moment ago"):
        drop_key(ring_of(kept), kept, old)
    monkeypatch.setattr(data_keys, "_SETTLED_S", 0.0)
    with pytest.raises(KeyTrouble, match=rf"\d+ values still need the data key {old}"):
        drop_key(ring_of(kept), kept, old)
    reseal(kept)
    drop_key(ring_of(kept), kept, old)
    assert ring_of(kept).ids == KeyRing.from_file(file).ids == (new,)
    assert unlock(kept, None, file).ids == (new,) and read(kept) == EVERYBODY


def test_a_key_nobody_knows_cannot_be_dropped(kept: Engine) -> None:
    with pytest.raises(KeyTrouble, match="no data key 00000000"):
        drop_key(ring_of(kept), kept, "00000000")


def test_wiring_an_application_notes_which_key_is_in_use(database_url: str, tmp_path: Path, now: datetime) -> None:
    engine = open_engine(database_url)
    wired(settings_for(database_url, tmp_path), engine)
    with engine.connect() as connection:
        assert data_keys.keys_in_use(connection) == {TEST_RING.ids[0]}
    engine.dispose()
