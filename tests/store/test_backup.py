"""Backup and restore: every row comes back, on either database, and nothing goes out a second time."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, MetaData, create_engine, func, inspect, select, text

from sapa.bootstrap import App
from sapa.clock import SetClock
from sapa.messaging.states import Channel
from sapa.services import programme
from sapa.services.demo import seed_demo, seed_village
from sapa.services.inbound import receive_message
from sapa.store import backup as backups
from sapa.store.backup import backed_up, rows_in, write_backup
from sapa.store.backup_file import LEFT_OUT, MANIFEST, BackupTrouble, Manifest, check_backup
from sapa.store.crypt import KeyRing, attach, new_key
from sapa.store.database import Database
from sapa.store.erasure_ledger import note_erased
from sapa.store.migrate import _config, is_current, upgrade
from sapa.store.models import OutboxTable
from sapa.store.restore import restore
from tests.support import TEST_RING, inbound_form, opened, settings_for, wired

PHONE = "+6281277700042"


@pytest.fixture
def village(app: App, now: datetime) -> App:
    """The demonstration village, and a person who wrote."""
    with app.store.transaction() as tx:
        seed_demo(tx, now.date())
        seed_village(app.deps, tx, now)
    receive_message(app.deps, inbound_form("anak saya Yohanes", PHONE), now)
    return app


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "out" / "backup.tar.gz"


@pytest.fixture
def target(empty_database_url: str) -> Iterator[Engine]:
    """An empty database, once of each kind: with `village` every way from one to the other."""
    engine = opened(empty_database_url)
    yield engine
    engine.dispose()


def write(app: App, file: Path) -> Manifest:
    return write_backup(app.store.engine, file, app.clock.now(), "test")


def restored(engine: Engine, file: Path, now: datetime, **more: Any) -> Any:
    return restore(engine, file, now, more.pop("stopped_at", now), **more)


# ---------------------------------------------------------------------------------------------------------- everything


def test_every_row_comes_back_from_either_database_into_either(
    village: App, target: Engine, file: Path, now: datetime, capsys: pytest.CaptureFixture[str]
) -> None:
    manifest = write(village, file)
    with village.store.engine.connect() as connection:
        before = rows_in(connection)
    done = restored(target, file, now)
    assert done.rows == before == {part.name: part.rows for part in manifest.tables}
    again = write_backup(target, file.with_name("again.tar.gz"), now, "test")
    differing = {
        one.name
        for one, other in zip(manifest.tables, again.tables, strict=True)
        if (one.digest, one.rows) != (other.digest, other.rows)
    }
    # What a restore does so that nothing goes out twice; nothing else differs, to the last bit.
    assert differing <= {"contact", "outbox", "inbound_message", "sending_hold", "setting", "audit"}
    assert manifest.rows > 1000 and is_current(target)


def figures(app: App, now: datetime) -> list[Any]:
    with app.store.transaction(write=False) as tx:
        places = [place.id for place in tx.list_posyandu()]
        shown = programme.indicators(tx, places, now.year, now.month, today=now.date())
        families = tx.family_records(posyandu_ids=places)
    return [shown, families]


def test_the_figures_of_the_programme_and_every_family_read_the_same_afterwards(
    village: App, target: Engine, file: Path, now: datetime, tmp_path: Path
) -> None:
    before = figures(village, now)
    write(village, file)
    restored(target, file, now)
    after = wired(settings_for(str(target.url), tmp_path / "other"), target, SetClock(now))
    assert figures(after, now) == before and len(before[1]) == 80


def test_after_a_restore_new_rows_get_new_numbers(village: App, target: Engine, file: Path, now: datetime) -> None:
    write(village, file)
    restored(target, file, now)
    after = Database(target)
    with after.transaction() as tx:
        contact, address = tx.contact_for_address(Channel.WHATSAPP, PHONE, PHONE, now)
        known = tx.inbound_of(contact.id)
        assert [one.body for one in known] == ["anak saya Yohanes"]
        assert tx.store_inbound(inbound_form("halo", PHONE), contact, address, now)
        tx.open_case(contact.id, "danger", known[0].id, now)
        tx.audit("x", contact.id, {}, now)
    with after.transaction(write=False) as tx:
        assert len(tx.inbound_of(contact.id)) == 2


def test_a_backup_is_of_one_moment_although_everybody_goes_on_writing(app: App, file: Path, now: datetime) -> None:
    stop, numbers = threading.Event(), [0]

    def go_on() -> None:
        while not stop.is_set():
            numbers[0] += 1
            with app.store.transaction() as tx:
                # Two tables, one transaction: a backup that sees only one of them has read at two moments.
                contact, _ = tx.contact_for_address(Channel.SMS, f"+62855{numbers[0]:08}", None, now)
                tx.audit("wrote", contact.id, {}, now)

    writer = threading.Thread(target=go_on)
    writer.start()
    try:
        made = [write(app, file.with_name(f"{number}.tar")) for number in range(5)]
    finally:
        stop.set()
        writer.join()
    for manifest in made:
        rows = {part.name: part.rows for part in manifest.tables}
        assert rows["contact"] == rows["address"] == rows["audit"]
    assert made[-1].rows > made[0].rows


def test_every_table_is_in_a_backup_but_those_that_are_named_as_left_out(app: App, file: Path) -> None:
    manifest = write(app, file)
    there = set(inspect(app.store.engine).get_table_names()) - {"alembic_version"}
    assert {part.name for part in manifest.tables} | LEFT_OUT == there


def test_neither_keys_nor_anything_sealed_can_be_read_in_a_backup(village: App, tmp_path: Path) -> None:
    out = tmp_path / "plain.tar"
    write(village, out)
    kept = out.read_bytes()
    assert TEST_RING.texts[0].encode() not in kept
    with village.store.transaction(write=False) as tx:
        families = tx.family_records(posyandu_ids=[place.id for place in tx.list_posyandu()])
    names = [member.name or "" for family in families for member in family.members]
    numbers = [number for family in families for member in family.members for number in member.phones]
    assert len(names) >= 80 and len(numbers) > 50
    assert [word for word in (PHONE, "Yohanes", *names, *numbers) if word.encode() in kept] == []
    assert out.stat().st_mode & 0o077 == 0


# ------------------------------------------------------------------------------------------------------------- refused


def test_a_database_that_is_not_empty_is_left_alone(village: App, app: App, file: Path, now: datetime) -> None:
    write(village, file)
    with pytest.raises(BackupTrouble, match="not empty"):
        restored(app.store.engine, file, now)


def test_without_the_key_it_was_sealed_with_nothing_is_restored(
    village: App, target: Engine, file: Path, now: datetime
) -> None:
    write(village, file)
    attach(target, KeyRing([new_key()]))
    with pytest.raises(BackupTrouble, match=f"data key {TEST_RING.ids[0]}"):
        restored(target, file, now)
    assert inspect(target).get_table_names() == []


@pytest.fixture(scope="module")
def one_backup(tmp_path_factory: pytest.TempPathFactory, new_file: Callable[[Path], str]) -> Path:
    """A small backup without compression, to be damaged."""
    folder = tmp_path_factory.mktemp("one")
    engine = opened(new_file(folder / "one.db"))
    with Database(engine).transaction() as tx:
        seed_demo(tx, datetime(2026, 11, 23).date())
    write_backup(engine, folder / "one.tar", datetime.fromisoformat("2026-11-23T02:00:00+00:00"), "test")
    engine.dispose()
    return folder / "one.tar"


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data())
def test_a_damaged_backup_is_noticed_or_says_the_same(one_backup: Path, tmp_path: Path, data: st.DataObject) -> None:
    broken = bytearray(one_backup.read_bytes())
    place = data.draw(st.integers(0, len(broken) - 1))
    broken[place] ^= data.draw(st.integers(1, 255))
    file = tmp_path / "broken.tar"
    file.write_bytes(broken)
    try:
        read = check_backup(file)
    except BackupTrouble as trouble:
        assert "\n" not in str(trouble)
        return
    # Padding, dates of members, the version that made it: the rows are what they were.
    assert read.tables == check_backup(one_backup).tables


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9])
def test_a_cut_backup_is_refused(one_backup: Path, tmp_path: Path, share: float) -> None:
    file, whole = tmp_path / "cut.tar", one_backup.read_bytes()
    file.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(BackupTrouble):
        check_backup(file)


def _sum(manifest: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(manifest, sort_keys=True).encode()).hexdigest()


def forged(file: Path, manifest: dict[str, Any] | str, name: str = MANIFEST) -> Path:
    said = manifest if isinstance(manifest, str) else json.dumps({"manifest": manifest, "sha256": _sum(manifest)})
    with tarfile.open(file, "w") as tar:
        member = tarfile.TarInfo(name)
        member.size = len(said)
        tar.addfile(member, io.BytesIO(said.encode()))
    return file


@pytest.mark.parametrize(
    ("manifest", "name"),
    [
        ("{", MANIFEST),
        ("[]", MANIFEST),
        ({"format": 99}, MANIFEST),
        ({"format": 1}, MANIFEST),
        ({"format": 1}, "../../etc/passwd"),
        (
            {"format": 1, "made_at": "2026-11-23", "version": "1", "revision": "0006", "database": "x", "keys": []}
            | {"tables": [dict.fromkeys(("name", "key", "columns", "rows", "size", "sha256", "digest"), {})]},
            MANIFEST,
        ),
    ],
)
def test_what_is_no_backup_is_refused_in_one_line(tmp_path: Path, manifest: Any, name: str) -> None:
    with pytest.raises(BackupTrouble) as caught:
        check_backup(forged(tmp_path / "x.tar", manifest, name))
    assert "\n" not in str(caught.value)


def test_a_backup_of_a_newer_version_is_refused(
    village: App, target: Engine, file: Path, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backups, "revision_of", lambda _connection: "9999")
    write(village, file)
    with pytest.raises(BackupTrouble, match="newer"):
        restored(target, file, now)


def test_a_file_that_is_there_is_not_overwritten(village: App, file: Path) -> None:
    write(village, file)
    with pytest.raises(BackupTrouble, match="is there already"):
        write(village, file)
    assert [one.name for one in file.parent.iterdir()] == [file.name]


class Killed(Exception):
    pass


@pytest.mark.parametrize("table", ["area", "address", "outbox"])
def test_killed_in_the_middle_a_restore_leaves_an_empty_database_and_works_the_next_time(
    village: App, target: Engine, file: Path, now: datetime, table: str
) -> None:
    manifest = write(village, file)

    def die(name: str) -> None:
        if name == table:
            raise Killed

    with pytest.raises(Killed):
        restored(target, file, now, progress=die)
    with target.connect() as connection:
        assert sum(rows_in(connection).values()) == 0
    assert restored(target, file, now).manifest == manifest


# ------------------------------------------------------------------------------------------------------ older versions


def test_a_backup_of_an_older_version_is_restored_and_brought_up_to_date(
    empty_database_url: str, tmp_path: Path, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = create_engine(f"sqlite:///{tmp_path / 'old.db'}")
    config = _config()
    with old.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0005")
        connection.execute(
            text(
                "INSERT INTO contact (id, name, dialogue_reset, relation, every_reminder, created_at)"
                " VALUES ('c', 'Ibu Lama', 0, '', 0, '2026-01-01')"
            )
        )
        connection.execute(text("INSERT INTO address VALUES ('a', 'c', 'whatsapp', :phone, :phone)"), {"phone": PHONE})
    as_it_was = MetaData()
    as_it_was.reflect(old)
    names = [table for table in as_it_was.sorted_tables if table.name not in (*LEFT_OUT, "alembic_version")]
    monkeypatch.setattr(backups, "backed_up", lambda: names)
    manifest = write_backup(old, tmp_path / "old.tar", now, "0.0.1")
    monkeypatch.undo()
    assert manifest.revision == "0005" and manifest.keys == []
    engine = opened(empty_database_url)
    done = restored(engine, tmp_path / "old.tar", now)
    assert done.revision > "0005" and is_current(engine)
    with Database(engine).transaction(write=False) as tx:
        contact_id = tx.contact_id_for(Channel.WHATSAPP, PHONE)
        contact = tx.contact(contact_id or "")
        assert contact is not None and contact.name == "Ibu Lama"
    with engine.connect() as connection:
        assert PHONE not in str(connection.execute(text("SELECT * FROM address")).all())
    engine.dispose()


# ------------------------------------------------------------------------------------------------------- the erased


def test_who_was_erased_after_the_backup_is_erased_again(
    village: App, target: Engine, file: Path, now: datetime, tmp_path: Path
) -> None:
    with village.store.transaction(write=False) as tx:
        contact_id = tx.contact_id_for(Channel.WHATSAPP, PHONE)
        assert contact_id is not None
    write(village, file)
    ledger = tmp_path / "erased.log"
    note_erased(ledger, contact_id, now)
    note_erased(ledger, "somebody-who-came-later", now)
    assert contact_id not in ledger.read_text() and len(ledger.read_text().splitlines()) == 2
    done = restored(target, file, now, ledgers=[ledger, tmp_path / "not-there.log"])
    assert done.erased == 1
    with Database(target).transaction(write=False) as tx:
        assert tx.contact(contact_id) is None and tx.contact_id_for(Channel.WHATSAPP, PHONE) is None
        assert (contact_id) in {gone for _, gone in tx.pending_erasures(now)}


def test_erasing_writes_the_list(village: App, now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    village = replace(village, settings=replace(village.settings, tracker_url="sqlite://"))
    village.forget_dialogue("contact-1")
    line = (village.settings.var_dir / "erased.log").read_text()
    assert line.startswith(now.isoformat()) and "contact-1" not in line


def test_an_empty_database_has_rows_only_where_the_migrations_make_them(target: Engine) -> None:
    upgrade(target)
    with target.connect() as connection:
        filled = {name for name, rows in rows_in(connection).items() if rows}
        assert connection.execute(select(func.count()).select_from(OutboxTable)).scalar() == 0
    assert filled <= {"sim_clock", "sim_revision"} and len(backed_up()) > 40
