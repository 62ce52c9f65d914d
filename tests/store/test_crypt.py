"""Encryption at rest: what is sealed, how it is found again, and that the files say nothing of anybody."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, inspect, select, text
from sqlalchemy.exc import IntegrityError, StatementError
from sqlalchemy.orm import Session

from sapa.bootstrap import App
from sapa.family.people import Child, Screening, Sex, Wedding
from sapa.messaging.states import Channel, Kind
from sapa.services.case_records import NoteKind
from sapa.services.records import CodeRow, OutboxDraft, Picture
from sapa.store.crypt import (
    PREFIX,
    KeyMissing,
    KeyRing,
    KeyTrouble,
    SealedJson,
    SealedText,
    attach,
    marks_of_mentions,
    new_key,
)
from sapa.store.database import Database
from sapa.store.engine import open_engine
from sapa.store.models import AddressTable, ContactTable
from sapa.store.resealing import places, uses
from tests.support import TEST_RING, opened

PHONE, SMS = "+6281277700042", "+6281277700099"
OLD, NEW = new_key(), new_key()
words = st.text(max_size=300)


# -------------------------------------------------------------------------------------------------------------- values


@given(words)
def test_any_text_survives_being_sealed(said: str) -> None:
    assert TEST_RING.open(TEST_RING.seal(said)) == said


@given(st.binary(max_size=300))
def test_any_picture_survives_being_sealed(data: bytes) -> None:
    assert TEST_RING.open_bytes(TEST_RING.seal_bytes(data)) == data


@given(st.recursive(st.none() | st.booleans() | st.integers() | words, lambda one: st.dictionaries(words, one)))
def test_any_json_survives_being_sealed(value: Any) -> None:
    engine = opened("sqlite://")
    kind = SealedJson()
    kept = kind.process_bind_param(value, engine.dialect)
    assert kind.process_result_value(kept, engine.dialect) == value


@given(words.filter(bool))
def test_a_text_sealed_twice_over_with_two_keys_is_still_itself(said: str) -> None:
    old, both, new = KeyRing([OLD]), KeyRing([NEW, OLD]), KeyRing([NEW])
    anew = both.seal(both.open(old.seal(said)))
    assert new.open(anew) == said
    with pytest.raises(KeyMissing, match=new.ids[0]):
        old.open(anew)


@given(words.filter(lambda said: len(said) > 3))
def test_no_two_seals_are_alike_and_none_shows_what_it_hides(said: str) -> None:
    first, second = TEST_RING.seal(said), TEST_RING.seal(said)
    assert first != second and said not in first


def test_nothing_is_nothing_to_hide() -> None:
    assert TEST_RING.seal("") == "" and SealedJson().process_bind_param({}, opened("sqlite://").dialect) == "{}"


def test_a_value_from_before_the_keys_is_read_as_it_stands() -> None:
    assert TEST_RING.open("Ibu Ani") == "Ibu Ani"


@pytest.mark.parametrize("place", [5, 14, 40, -2])
def test_a_value_that_was_changed_is_refused_and_never_read_as_something_else(place: int) -> None:
    kept = TEST_RING.seal("anak saya demam")
    broken = kept[:place] + ("A" if kept[place] != "A" else "B") + kept[place:][1:]
    with pytest.raises(KeyTrouble):
        TEST_RING.open(broken)


def test_a_wrong_key_is_told_by_its_id_before_anything_is_tried() -> None:
    ring = KeyRing([OLD])
    with pytest.raises(KeyMissing, match=ring.ids[0]):
        KeyRing([NEW]).open(ring.seal("x"))


@pytest.mark.parametrize("text_", ["", "short", "=" * 44, "é" * 44])
def test_what_is_no_key_is_refused(text_: str) -> None:
    with pytest.raises(KeyTrouble):
        KeyRing([text_] if text_ else [])


# --------------------------------------------------------------------------------------------------------------- marks


def test_equal_numbers_have_equal_marks_under_one_key_and_others_under_another() -> None:
    one, other = KeyRing([OLD]), KeyRing([NEW])
    assert one.mark(PHONE) == one.mark(f" {PHONE} ") != one.mark(SMS)
    assert one.mark(PHONE)[9:] != other.mark(PHONE)[9:]
    assert KeyRing([NEW, OLD]).marks(PHONE) == [other.mark(PHONE), one.mark(PHONE)]


@pytest.mark.parametrize(
    ("said", "number"),
    [
        ("nomor baru saya 081277700042", PHONE),
        ("hubungi +62 812-7770-0042 ya", PHONE),
        ("6281277700042", PHONE),
        ("(0812) 7770", None),
        ("lahir 12.10.2026, berat 3200", None),
        ("telepon 119", None),
    ],
)
def test_a_number_in_a_text_is_found_however_it_is_written(said: str, number: str | None) -> None:
    assert marks_of_mentions(TEST_RING, said) == (TEST_RING.mark(number) if number else None)


# ------------------------------------------------------------------------------------------------------------ database


def fill(app: App, now: datetime) -> str:
    """A contact with something in every place that must be sealed; its id."""
    with app.store.transaction() as tx:
        contact, address = tx.contact_for_address(Channel.WHATSAPP, PHONE, PHONE, now)
        home = tx.household_of(contact.id, now)
        tx.set_contact_name(contact.id, "Marselina")
        tx.set_household_address(home, "RT 07 Dusun Melati")
        tx.save_child(home, Child("Yohanes", date(2026, 6, 1), Sex.MALE, id="kid"), now)
        tx.save_wedding(home, Wedding(date(2026, 12, 1), id="wed"), now)
        tx.save_screening("wed", Screening(Sex.FEMALE, {"note": "anemia berat"}, contact.id, "scr"), now)
        tx.save_code(CodeRow("ABC", "seat", home, contact.id, {"phone": SMS}, now), now)
        tx.save_picture(Picture("pic", contact.id, "text/html", b"<p>grafik Yohanes"), now)
        tx.set_setting("turn:1", "Yohanes demam", now)
        tx.queue(
            OutboxDraft(
                "d", contact.id, address.id, Channel.WHATSAPP, Kind.ANSWER, "x", f"Nomor {SMS} milik Marselina",
                template_variables={"1": "Yohanes"}, sms_text="Yohanes lewat SMS",
            ),
            now,
        )  # fmt: skip
        case_id = tx.open_case(contact.id, "danger", None, now)
        tx.add_case_note(case_id, NoteKind.REMARK, "kejang tadi malam", now)
    return contact.id


SECRETS = ["Marselina", "Yohanes", "anemia", "kejang", "Dusun Melati", PHONE, PHONE[3:], SMS, "demam"]


def stands(engine: Engine) -> Iterator[tuple[str, str]]:
    """Every value as it stands in the database, but the pretend phones'."""
    with engine.connect() as connection:
        for table in inspect(engine).get_table_names():
            for row in connection.execute(text(f'SELECT * FROM "{table}"')).mappings():
                yield from ((f"{table}.{column}", str(value)) for column, value in row.items())


def test_without_the_keys_the_database_says_nothing_of_anybody(app: App, now: datetime, tmp_path: Path) -> None:
    fill(app, now)
    shown = [(place, secret) for place, value in stands(app.store.engine) for secret in SECRETS if secret in value]
    assert shown == []
    files = b"".join(file.read_bytes() for file in tmp_path.glob("test.db*"))
    assert [secret for secret in SECRETS if secret.encode() in files] == []


def test_with_the_keys_everything_reads_as_it_was_written(app: App, now: datetime) -> None:
    contact_id = fill(app, now)
    with app.store.transaction(write=False) as tx:
        contact = tx.contact(contact_id)
        assert contact is not None and contact.name == "Marselina" and contact.household_id
        assert [address.value for address in tx.addresses_of(contact_id)] == [PHONE]
        assert tx.household_address(contact.household_id) == "RT 07 Dusun Melati"
        assert [child.name for child in tx.children_of(contact.household_id)] == ["Yohanes"]
        (message,) = tx.outbox_of(contact_id)
        assert (message.text, message.template_variables["1"]) == (f"Nomor {SMS} milik Marselina", "Yohanes")
        assert tx.setting("turn:1") == "Yohanes demam"
        picture = tx.picture("pic")
        assert picture is not None and picture.data == b"<p>grafik Yohanes"


def test_every_sealed_column_is_filled_by_that_test_or_by_the_one_of_erasing(app: App, now: datetime) -> None:
    fill(app, now)
    with app.store.engine.connect() as connection:
        assert set(uses(connection)) == {TEST_RING.ids[0]}
    named = {f"{place.table.name}.{column.name}" for place in places() for column in place.sealed}
    assert {"address.value", "case_note.text", "outbox.text", "picture.data", "screening.answers"} <= named


def test_a_number_is_one_contact_however_often_it_writes(app: App, now: datetime) -> None:
    with app.store.transaction() as tx:
        first, _ = tx.contact_for_address(Channel.WHATSAPP, PHONE, PHONE, now)
        again, _ = tx.contact_for_address(Channel.WHATSAPP, PHONE, PHONE, now)
        by_sms, _ = tx.contact_for_address(Channel.SMS, PHONE, PHONE, now)
        assert first.id == again.id == by_sms.id
        assert tx.contact_id_for(Channel.WHATSAPP, PHONE) == first.id
        assert tx.contact_id_for(Channel.WHATSAPP, SMS) is None


def test_the_database_itself_refuses_a_number_twice(app: App, now: datetime) -> None:
    with pytest.raises(IntegrityError), Session(app.store.engine) as session, session.begin():
        session.add_all([ContactTable(id=one, created_at=now, dialogue_reset=False) for one in "ab"])
        session.flush()
        session.add_all([AddressTable(id=one, contact_id=one, channel="sms", value=PHONE) for one in "ab"])


def test_a_sealed_column_cannot_be_searched_by_mistake() -> None:
    with pytest.raises(TypeError, match="sealed"):
        select(ContactTable).where(ContactTable.name == "Ani")
    with pytest.raises(TypeError, match="sealed"):
        ContactTable.name.contains("Ani")
    assert "IS NOT NULL" in str(select(ContactTable.id).where(ContactTable.name.is_not(None)))


def test_two_databases_with_different_keys_live_in_one_process(app: App, now: datetime, tmp_path: Path) -> None:
    fill(app, now)
    other = open_engine(f"sqlite:///{tmp_path / 'other.db'}")
    attach(other, KeyRing([OLD]))
    kept = SealedText().process_bind_param("x", other.dialect)
    assert kept is not None and kept.startswith(PREFIX + KeyRing([OLD]).ids[0])
    assert TEST_RING.ids[0] in (SealedText().process_bind_param("x", app.store.engine.dialect) or "")


def test_an_engine_without_its_keys_writes_nothing(database_url: str, now: datetime) -> None:
    engine = open_engine(database_url)
    refused = pytest.raises((KeyTrouble, StatementError), match="without its data keys")
    with refused, Database(engine).transaction() as tx:
        tx.contact_for_address(Channel.SMS, PHONE, None, now)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM contact")).scalar() == 0
    engine.dispose()
