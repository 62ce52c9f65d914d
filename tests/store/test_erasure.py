"""Erasing: afterwards nobody finds the person, in any table and in any file.

The search goes over every table the database has, also those made after this test, and over every byte of every file
below var/. So it fails when a new table keeps something that erasing does not know of.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import SlotSet, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker
from sqlalchemy import MetaData, create_engine, inspect, select, text
from sqlalchemy.orm import Session

from bot.tracker_store import SapaTrackerStore
from sapa import logs
from sapa.bootstrap import App
from sapa.clock import SetClock
from sapa.family.people import Child, Contraception, Measurement, Pregnancy, Screening, Sex, Wedding
from sapa.messaging.states import Channel, Kind
from sapa.services import losses, rights, topics
from sapa.services.consents import PURPOSES
from sapa.services.delivery import claim_batch, record_status, send_one
from sapa.services.demo import seed_demo
from sapa.services.due import queue_due
from sapa.services.inbound import receive_message
from sapa.services.records import (
    CodeRow,
    InboundMessage,
    Leftover,
    OutboxDraft,
    Picture,
    ReminderRow,
    Reply,
    StaffRow,
    StatusForm,
)
from sapa.services.reminders import replan
from sapa.store.crypt import PREFIX
from sapa.store.dialogue_memory import forget_dialogue
from sapa.store.models import (
    AttendanceTable,
    Base,
    BroadcastTable,
    BroadcastTargetTable,
    CaseNoteTable,
    HomeVisitTable,
    LessonTable,
    LoginCodeTable,
    SignOffTable,
    WebSessionTable,
)
from sapa.store.simulator import SimPhone
from tests.support import TEST_RING, inbound_form

PHONE, NAME, CHILD, FORMER = "+6281277700042", "Marselina Xaveria", "Yohanes Umbu Zaka", "Rambu Quirina"
FATHER, KADER = "+6281277700043", "+6281277700044"
DAY = date(2026, 10, 1)


@dataclass
class Person:
    """Somebody about whom everything is kept that can be kept."""

    app: App
    tracker_url: str
    contact_id: str
    household_id: str
    last: InboundMessage

    def traces(self) -> list[str]:
        """What must not be found any more."""
        words = [
            PHONE,
            PHONE.removeprefix("+"),
            "0" + PHONE.removeprefix("+62"),
            self.contact_id,
            TEST_RING.mark(PHONE),
        ]
        return [*words, self.household_id, NAME, NAME.split()[1], CHILD, CHILD.split()[2], FORMER, FORMER.split()[1]]


def fill(app: App, clock: SetClock, tracker_url: str) -> Person:
    """A contact with a row in every table that can hold something of a person."""
    now = clock.now()
    deps = app.deps
    with app.store.transaction() as tx:
        seed_demo(tx, now.date())
    for body in (f"nama saya {NAME}", f"anak saya {CHILD}"):
        receipt = receive_message(deps, inbound_form(body, PHONE, profile_name=NAME), now)
    assert receipt.inbound_id is not None
    with app.store.transaction() as tx:
        while (read := tx.next_untriaged()) is not None:
            tx.finish_inbound(read.id, None, None, now)
        message = tx.inbound(receipt.inbound_id)
        assert message is not None
        who = message.contact_id
        home = tx.household_of(who, now)
        tx.set_member(who, home, "ibu", True)
        tx.contact_for_address(Channel.SMS, PHONE, PHONE, now)
        tx.set_posyandu(home, None, f"Posyandu dekat rumah {NAME}")
        tx.set_place(home, "Nusa Tenggara Timur", "Asia/Makassar")
        for purpose in PURPOSES:
            tx.record_consent(who, purpose, f"{NAME} setuju", True, message.id, now)
        topics.set_topic(deps, tx, who, topics.TopicWish("kb", True), "stop KB", now)
        child = Child(
            CHILD,
            date(2026, 6, 1),
            Sex.MALE,
            {"BCG": date(2026, 6, 20)},
            id="kid-1",
            measurements=(Measurement(DAY, 7.1, 64.0, "L"),),
        )
        tx.save_child(home, child, now)
        tx.report_dose("kid-1", "OPV1", now)
        tx.save_measurement("kid-1", child.measurements[0], "chat", now)
        tx.save_child(home, Child(FORMER, date(2025, 6, 1), id="kid-2"), now)
        losses.report_loss(deps, tx, who, f"{FORMER.split()[0]} meninggal", now, message.id)
        lmp = now.date() - timedelta(weeks=12)
        tx.save_pregnancy(home, Pregnancy(lmp, lmp + timedelta(280), contact_id=who, id="preg-1"), now)
        tx.record_visit("preg-1", "K1", DAY, now)
        tx.save_contraception(who, Contraception("suntik_3_bulan", DAY, contact_id=who, id="kb-1"), now)
        tx.save_wedding(home, Wedding(date(2026, 12, 1), contact_id=who, id="wed-1"), now)
        tx.save_screening("wed-1", Screening(Sex.FEMALE, {"note": NAME}, who, "scr-1"), now)
        expires = now + timedelta(days=7)
        tx.save_code(CodeRow("ABC123", "seat", home, who, {"phone": PHONE}, expires), now)
        tx.save_picture(Picture("pic-1", who, "image/png", f"PNG {CHILD}".encode()), now)
        tx.open_case(who, "danger", message.id, now)
        tx.audit("moved", who, {"from": who}, now)
        replan(deps, tx, home, now)
        tx.mark_dirty(home, now)
        for kind, body in ((Kind.REMINDER, f"Besok {CHILD} ke posyandu"), (Kind.ANSWER, f"Halo {NAME}")):
            tx.queue(
                OutboxDraft(
                    f"d:{kind}",
                    who,
                    message.address_id,
                    Channel.WHATSAPP,
                    kind,
                    "x",
                    body,
                    in_reply_to=message.id if kind is Kind.ANSWER else None,
                ),
                now,
            )
    send_all(app, clock)
    with app.store.transaction(write=False) as tx:
        sids = [one.provider_sid for one in tx.outbox_of(who) if one.provider_sid]
    for sid in sids:
        record_status(deps, StatusForm(sid, "delivered"), now)
    assert app.mailbox is not None
    app.mailbox.add_phone(SimPhone(PHONE, "whatsapp", NAME), now)
    app.mailbox.note_inbound(
        {"MessageSid": "SM-in-1", "From": f"whatsapp:{PHONE}", "Body": NAME},
        phone=PHONE,
        channel="whatsapp",
        text=NAME,
        media=[],
        now=now,
    )
    fill_work(app, who, home, message, now)
    remember_dialogue(tracker_url, who)
    return Person(app, tracker_url, who, home, message)


def fill_work(app: App, who: str, home: str, message: InboundMessage, now: datetime) -> None:
    """The person as somebody of the staff, and the family in the lists of others of the staff."""
    with app.store.transaction() as tx:
        colleague, address = tx.contact_for_address(Channel.WHATSAPP, KADER, KADER, now)
        place = tx.list_posyandu()[0].id
        for contact_id in (who, colleague.id):
            tx.grant(StaffRow(f"role-{contact_id[:8]}", contact_id, "kader", place, granted_by=who), now)
        (case,) = tx.open_cases_of(who)[:1]
        session = tx.sessions_of(place, DAY)[0].id
        tx.queue(
            OutboxDraft("eve", colleague.id, address.id, Channel.WHATSAPP, Kind.NOTICE, "kader/x", f"1. {CHILD}"), now
        )
        tx.audit("page_read", None, {}, now, actor_id=who, household_id=home)
    with Session(app.store.engine) as session_, session_.begin():
        broadcast = {"kind": "announcement", "posyandu_id": place, "content_id": "x", "payload": {}, "state": "done"}
        session_.add(BroadcastTable(id="b-1", created_by=who, created_at=now, **broadcast))
        session_.flush()
        kept = {"household_id": home, "session_id": session}
        session_.add_all(
            [
                BroadcastTargetTable(
                    broadcast_id="b-1", household_id=home, state="queued", contact_id=who, updated_at=now
                ),
                AttendanceTable(
                    subject_id="kid-1", subject_kind="child", came=True, recorded_by=who, recorded_at=now, **kept
                ),
                HomeVisitTable(id="v-1", posyandu_id=place, reason="absent", since=now, done_by=who, **kept),
                CaseNoteTable(case_id=case.id, kind="family", author_id=who, text=f"{CHILD} panas", at=now),
                LoginCodeTable(id="l-1", contact_id=who, code_hash="x", created_at=now, expires_at=now, tries=0),
                WebSessionTable(id="w-1", contact_id=who, created_at=now, last_seen_at=now, expires_at=now),
                LessonTable(contact_id=who, next_number=1, updated_at=now),
                SignOffTable(content_id="x", fingerprint="x", signed_by=who, signed_name=NAME, signed_at=now),
            ]
        )


def remember_dialogue(tracker_url: str, sender_id: str) -> None:
    """What Rasa keeps of a conversation, by Rasa's own store."""
    domain = Domain.from_dict({"slots": {"journey": {"type": "any", "mappings": [{"type": "custom"}]}}})
    store = SapaTrackerStore(domain)
    events = [UserUttered(f"anak saya {CHILD}"), SlotSet("journey", {"name": CHILD})]
    asyncio.run(store.save(DialogueStateTracker.from_events(sender_id, events, domain.slots)))
    store.engine.dispose()


def send_all(app: App, clock: SetClock) -> None:
    while batch := claim_batch(app.deps, "test", clock.now(), timedelta(minutes=1), 50):
        for message in batch:
            send_one(app.deps, "test", message, clock.now())


@pytest.fixture
def person(
    app: App, clock: SetClock, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Person]:
    tracker_url = f"sqlite:///{tmp_path / 'rasa.db'}" if database_url.startswith("sqlite") else database_url
    monkeypatch.setenv("SAPA_TRACKER_URL", tracker_url)
    yield fill(app, clock, tracker_url)


def erase(person: Person, clock: SetClock) -> rights.Erased:
    """The turn that confirms, as the conversation worker does it."""
    receipt = rights.receipt_number(person.last.id, clock.now())
    reply = Reply(rights.RECEIPT, {"receipt": receipt, "day": clock.now().date().isoformat(), "shared": False})
    with person.app.store.transaction() as tx:
        return rights.erase(person.app.deps, tx, person.last, reply, clock.now())


def sweep(person: Person, clock: SetClock) -> int:
    return rights.sweep(person.app.deps, clock.now(), lambda sender: forget_dialogue(person.tracker_url, sender))


def values_in_tables(url: str) -> Iterator[tuple[str, str, str]]:
    """Every value there is, as (table.column, as it stands, what it says). Reads what the database has, not what models
    say."""
    engine = create_engine(url)
    with engine.connect() as connection:
        for table in inspect(engine).get_table_names():
            for row in connection.execute(text(f'SELECT * FROM "{table}"')).mappings():
                for column, value in row.items():
                    kept = value.decode("latin-1") if isinstance(value, bytes) else str(value)
                    said = TEST_RING.open_bytes(value).decode() if isinstance(value, bytes) else TEST_RING.open(kept)
                    yield f"{table}.{column}", kept, said
    engine.dispose()


def found_in_tables(url: str, traces: list[str]) -> list[str]:
    """Every place where a trace stands, sealed or not, as "table.column: trace"."""
    return sorted(
        {f"{place}: {trace}" for place, kept, said in values_in_tables(url) for trace in traces if trace in kept + said}
    )


def sealed_about(url: str, traces: list[str]) -> list[str]:
    """The sealed values that say something of the person, as they stand."""
    values = values_in_tables(url)
    return [kept for _, kept, said in values if kept.startswith(PREFIX) and any(trace in said for trace in traces)]


def found_in_files(folder: Path, traces: list[str]) -> list[str]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return [f"{path.name}: {trace}" for path in files for trace in traces if trace.encode() in path.read_bytes()]


def test_the_search_itself_finds_the_person_everywhere_before(
    person: Person, database_url: str, tmp_path: Path
) -> None:
    found = found_in_tables(database_url, person.traces()) + found_in_tables(person.tracker_url, person.traces())
    tables = {place.split(".")[0] for place in found}
    # Every table that can hold something of a person does: else the search below would prove nothing about it.
    impersonal = {
        "alembic_version",
        "posyandu",
        "posyandu_session",
        "sim_clock",
        "sim_revision",
        "message_status",
        "area",
        "data_key",
        "erased_message",
        "heartbeat",
        "message_template",
        "sending_hold",
    }
    by_its_child = {"dose", "dose_reported", "measurement", "visit"}
    assert {*Base.metadata.tables, "events"} - impersonal - by_its_child <= tables
    if database_url.startswith("sqlite"):
        assert found_in_files(tmp_path, [CHILD])


def test_after_erasing_nobody_finds_the_person_in_any_table_or_file(
    person: Person, clock: SetClock, database_url: str, tmp_path: Path
) -> None:
    sealed = sealed_about(database_url, [NAME, CHILD, PHONE])
    assert len(sealed) > 10
    erased = erase(person, clock)
    send_all(person.app, clock)
    assert sweep(person, clock) > 0
    on_the_phone = {f"sim_message.phone: {trace}" for trace in (PHONE, PHONE[1:])}
    # The receipt is on the (simulated) phone, and nowhere else.
    assert set(found_in_tables(database_url, person.traces())) == on_the_phone
    assert found_in_tables(person.tracker_url, person.traces()) in ([], sorted(on_the_phone))
    clock.set(clock.now() + timedelta(days=1))
    sweep(person, clock)
    assert found_in_tables(database_url, person.traces()) == []
    assert found_in_tables(person.tracker_url, person.traces()) == []
    assert found_in_files(tmp_path, person.traces() + sealed) == []
    assert found_in_tables(database_url, [erased.receipt]) != []


def test_nothing_of_the_person_but_the_receipt_is_left_in_the_turn_that_confirms(
    person: Person, clock: SetClock, database_url: str
) -> None:
    erase(person, clock)
    found = {place.partition(":")[0] for place in found_in_tables(database_url, person.traces())}
    # The address until the receipt is out; the note that the dialogue engine must forget, and what it has to forget.
    allowed = {
        "address.value",
        "address.phone",
        "address.value_mark",
        "address.phone_mark",
        "setting.key",
        "events.sender_id",
        "events.data",
    }
    assert found <= allowed


def test_the_receipt_goes_out_once_and_takes_the_address_with_it(
    person: Person, clock: SetClock, database_url: str
) -> None:
    erased = erase(person, clock)
    sweep(person, clock)
    assert [place for place in found_in_tables(database_url, [PHONE]) if place.startswith("address")]
    send_all(person.app, clock)
    sweep(person, clock)
    assert person.app.mailbox is not None
    shown = [message for message in person.app.mailbox.messages_since(0) if message.phone == PHONE]
    assert [message.direction for message in shown] == ["out"]
    assert erased.receipt in shown[0].text and CHILD not in shown[0].text
    assert not [place for place in found_in_tables(database_url, [PHONE]) if not place.startswith("sim_message")]


def test_whoever_writes_again_is_a_stranger(person: Person, clock: SetClock) -> None:
    app = person.app
    erase(person, clock)
    # Once before the receipt is out, and once after.
    for _ in range(2):
        again = receive_message(app.deps, inbound_form("halo", PHONE), clock.now())
        assert again.inbound_id is not None
        with app.store.transaction(write=False) as tx:
            message = tx.inbound(again.inbound_id)
            assert message is not None and message.contact_id != person.contact_id
            contact = tx.contact(message.contact_id)
            assert contact is not None and contact.household_id is None and contact.name is None
            assert not tx.consents_of(contact.id) and not tx.outbox_of(contact.id)[1:]
        send_all(app, clock)
        sweep(person, clock)


def test_what_was_written_after_the_confirmation_is_a_strangers_first_message(person: Person, clock: SetClock) -> None:
    app = person.app
    later = receive_message(app.deps, inbound_form("satu lagi", PHONE), clock.now())
    erase(person, clock)
    assert later.inbound_id is not None
    with app.store.transaction() as tx:
        message = tx.next_untriaged()
        assert message is not None and message.id == later.inbound_id and message.contact_id != person.contact_id


def test_a_second_caregiver_keeps_the_household_and_the_children(
    person: Person, clock: SetClock, database_url: str
) -> None:
    app, now = person.app, clock.now()
    with app.store.transaction() as tx:
        father, _ = tx.contact_for_address(Channel.WHATSAPP, FATHER, FATHER, now)
        tx.set_member(father.id, person.household_id, "ayah", False)
    erase(person, clock)
    send_all(app, clock)
    sweep(person, clock)
    with app.store.transaction() as tx:
        assert [child.name for child in tx.children_of(person.household_id)] == [CHILD]
        # What was hers alone is gone.
        assert tx.pregnancy_of(person.household_id) is None
        wedding = tx.wedding_of(person.household_id)
        assert wedding is not None and wedding.contact_id == "" and wedding.screenings == ()
        assert tx.dirty_households(10) == [person.household_id]
    left = [place for place in found_in_tables(database_url, [person.contact_id]) if "sim_" not in place]
    assert left == []


def test_the_last_caregivers_erasure_takes_the_children_even_if_a_stranger_said_not_me(
    person: Person, clock: SetClock, database_url: str
) -> None:
    app, now = person.app, clock.now()
    with app.store.transaction() as tx:
        stranger, _ = tx.contact_for_address(Channel.WHATSAPP, FATHER, FATHER, now)
        tx.set_member(stranger.id, person.household_id, "ayah", False)
        tx.set_suspended(stranger.id, now)
    erase(person, clock)
    assert found_in_tables(database_url, [CHILD, person.household_id]) in (
        [],
        [f"events.data: {CHILD}"],  # Rasa's memory, until the sweep
    )


def test_the_audit_trail_keeps_that_something_happened_and_not_to_whom(
    person: Person, clock: SetClock, database_url: str
) -> None:
    erased = erase(person, clock)
    engine = create_engine(database_url)
    metadata = MetaData()
    metadata.reflect(engine)
    with engine.connect() as connection:
        rows = connection.execute(select(metadata.tables["audit"])).mappings().all()
    engine.dispose()
    events = {row["event"] for row in rows}
    assert {"loss", "topic_stopped", "moved", "erased"} <= events
    assert {row["contact_id"] for row in rows} == {row["household_id"] for row in rows} == {None}
    # What staff read is theirs to answer for: it stays, without the family.
    about = [dict(row["detail"]) for row in rows if row["event"] != "page_read"]
    assert all(detail.get("receipt") == erased.receipt for detail in about)


def test_the_operator_erases_by_address_and_nothing_is_sent(person: Person, clock: SetClock, database_url: str) -> None:
    erased = rights.forget(person.app.deps, PHONE, clock.now())
    sweep(person, clock)
    assert erased.receipt.startswith("HD-")
    assert found_in_tables(database_url, person.traces()) == []
    with pytest.raises(rights.NobodyThere):
        rights.forget(person.app.deps, PHONE, clock.now())


def test_a_sweep_that_fails_is_done_again(person: Person, clock: SetClock) -> None:
    erase(person, clock)

    def away(_: str) -> None:
        raise ConnectionError("the tracker's database is away")

    with pytest.raises(ConnectionError):
        rights.sweep(person.app.deps, clock.now(), away)
    seen: list[str] = []
    rights.sweep(person.app.deps, clock.now(), seen.append)
    assert seen == [person.contact_id]
    rights.sweep(person.app.deps, clock.now(), seen.append)
    assert len(seen) == 1


def test_a_process_that_does_not_know_the_dialogues_leaves_them_to_one_that_does(
    person: Person, clock: SetClock
) -> None:
    erase(person, clock)
    rights.sweep(person.app.deps, clock.now())
    seen: list[str] = []
    rights.sweep(person.app.deps, clock.now(), seen.append)
    assert seen == [person.contact_id]


@pytest.fixture
def log_file(tmp_path: Path) -> Iterator[Callable[[], str]]:
    import logging

    kept = logging.getLogger().handlers[:]
    path = tmp_path / "all.log"
    with path.open("w") as stream:
        logs.setup("test", stream=stream, as_json=True)
        yield lambda: path.read_text()
    logging.getLogger().handlers[:] = kept


def test_logs_hold_nothing_of_a_person_to_begin_with(log_file: Callable[[], str]) -> None:
    import structlog

    log = structlog.get_logger("sapa.test")
    log.info("erased", address=PHONE, name=NAME, body=f"anak saya {CHILD}", note=f"nomor {PHONE} salah")
    written = log_file()
    assert "erased" in written
    assert not [trace for trace in (PHONE, PHONE[1:], NAME, CHILD) if trace in written]


def test_data_files_expire(person: Person, clock: SetClock) -> None:
    app = person.app
    with app.store.transaction() as tx:
        link = rights.offer_file(app.deps, tx, person.contact_id, clock.now()).vars["link"]
    file_id = str(link).rsplit("/", 1)[1]
    for hours, there in ((23, True), (25, False)):
        moment = datetime(2026, 11, 23, 2, tzinfo=UTC) + timedelta(hours=hours)
        # Nobody has to come and delete it for its address to stop working.
        assert (rights.fetch(app.deps, file_id, moment) is not None) is there
        rights.drop_old_files(app.deps, moment)
        with app.store.transaction(write=False) as tx:
            assert (tx.picture(file_id) is not None) is there


def test_what_was_left_behind_in_households_of_before_is_erased_too(
    person: Person, clock: SetClock, database_url: str
) -> None:
    """A wedding before she took a seat, a pregnancy in a household she has left: both still name her."""
    app, now = person.app, clock.now()
    with app.store.transaction() as tx:
        father, _ = tx.contact_for_address(Channel.WHATSAPP, FATHER, FATHER, now)
        tx.set_member(father.id, person.household_id, "ayah", False)
        # She leaves; her own old household of one stays behind as well.
        tx.set_member(person.contact_id, None, "", False)
        alone = tx.household_of(person.contact_id, now)
        tx.set_posyandu(alone, None, f"dekat rumah {NAME}")
        tx.save_wedding(alone, Wedding(date(2026, 3, 1), contact_id=person.contact_id, id="wed-0"), now)
        row = ReminderRow("r-0", alone, now, DAY, "kb", "x", (), {}, to=f"contact:{person.contact_id}")
        tx.replace_plan(alone, [row], now)
        tx.set_member(person.contact_id, None, "", False)
    erase(person, clock)
    send_all(app, clock)
    sweep(person, clock)
    with app.store.transaction(write=False) as tx:
        assert [child.name for child in tx.children_of(person.household_id)] == [CHILD]
        assert tx.pregnancy_of(person.household_id) is None
    left = found_in_tables(database_url, [person.contact_id, alone])
    assert [place for place in left if "sim_" not in place] == []


def test_while_a_person_is_erased_nobody_queues_for_them(person: Person, clock: SetClock, database_url: str) -> None:
    """The clock comes for the household at the very moment of the erasure; one of the two waits, neither fails."""
    app, now = person.app, clock.now() + timedelta(days=3)
    fates: list[object] = []
    receipt = rights.receipt_number(person.last.id, now)
    reply = Reply(rights.RECEIPT, {"receipt": receipt, "day": now.date().isoformat(), "shared": False})

    def clock_comes() -> None:
        try:
            fates.append(queue_due(app.deps, now))
        except Exception as error:
            fates.append(error)

    other = threading.Thread(target=clock_comes)
    with app.store.transaction() as tx:
        rights.erase(app.deps, tx, person.last, reply, now)
        other.start()
        other.join(0.5)
    other.join()
    assert [fate for fate in fates if isinstance(fate, Exception)] == []
    sent = [place for place in found_in_tables(database_url, [person.contact_id]) if place.startswith("outbox")]
    assert sent == []


def test_while_the_dialogues_are_away_the_rest_of_an_erasure_is_done(person: Person, clock: SetClock) -> None:
    erase(person, clock)
    send_all(person.app, clock)

    def away(_: str) -> None:
        raise ConnectionError("the tracker's database is away")

    with pytest.raises(ConnectionError):
        rights.sweep(person.app.deps, clock.now(), away)
    with person.app.store.transaction(write=False) as tx:
        left = {kind for kind, _ in tx.pending_erasures(clock.now())}
    assert left == {Leftover.DIALOGUE, Leftover.FILES}, "the receipt is settled"
