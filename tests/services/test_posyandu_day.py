"""The posyandu day: who is expected, who came by the kader's short messages, who stayed away and is visited."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from sapa.bootstrap import App
from sapa.family.people import Child, Measurement, Pregnancy, Sex
from sapa.messaging.sms import gsm7_unsupported, sms_parts
from sapa.messaging.states import Channel, Kind
from sapa.services import posyandu_day
from sapa.services.access import NotAllowed, Staffer, staffer
from sapa.services.consents import CHILD_CARE, PREGNANCY_CARE
from sapa.services.day_records import NO_PHONE, HomeVisitRow, visit_id
from sapa.services.growth_recording import CASE
from sapa.services.households import family_of_contact
from sapa.services.journeys.contract import Scene
from sapa.services.losses import report_loss
from sapa.services.posyandu_day import Entry, NoSuchSession, NotBegun
from sapa.services.records import OutboxDraft, OutboxMessage, PosyanduRow, Reply, SessionRow, StaffRow
from sapa.services.replies import render_reply

WIB = ZoneInfo("Asia/Jakarta")
DAY = date(2026, 12, 10)  # a Thursday
BEGINS = datetime(2026, 12, 10, 8, 0, tzinfo=WIB)
ON_THE_DAY = datetime(2026, 12, 10, 10, 0, tzinfo=WIB)
MORNING_AFTER = datetime(2026, 12, 11, 9, 0, tzinfo=WIB)
KADER, OTHER_KADER = "+6281200000011", "+6281200000021"


@dataclass
class Village:
    """Posyandu Melati with a kader and a session on Thursday 10 December, and Mawar next door with another kader."""

    app: App
    now: datetime
    people: int = 0

    def __post_init__(self) -> None:
        with self.app.store.transaction() as tx:
            for name in ("Melati", "Mawar"):
                place = PosyanduRow(name.lower(), name, "Asia/Jakarta", facility_name="Puskesmas Kupang Kota")
                tx.save_posyandu(place)
                tx.save_session(SessionRow(f"s-{name.lower()}", place.id, DAY, time(8), "Balai RW 03"))
            for phone, place_id in ((KADER, "melati"), (OTHER_KADER, "mawar")):
                contact = tx.contact_for_address(Channel.WHATSAPP, phone, phone, self.now)[0]
                tx.grant(StaffRow(f"role-{place_id}", contact.id, "kader", posyandu_id=place_id), self.now)

    def who(self, phone: str = KADER) -> Staffer:
        with self.app.store.transaction() as tx:
            contact_id = tx.contact_id_for(Channel.WHATSAPP, phone)
            assert contact_id is not None
            found = staffer(tx, contact_id)
        assert found is not None
        return found

    def family(
        self,
        mother: str,
        *children: Child,
        place: str = "melati",
        channel: Channel | None = Channel.WHATSAPP,
        expecting: Pregnancy | None = None,
        consent: bool = True,
    ) -> str:
        """A household with its mother's contact; its id."""
        self.people += 1
        phone = f"+62812300{self.people:05d}"
        with self.app.store.transaction() as tx:
            if channel is None:
                contact = tx.new_contact(self.now)
            else:
                contact = tx.contact_for_address(channel, phone, phone, self.now)[0]
            tx.set_contact_name(contact.id, mother)
            household = tx.household_of(contact.id, self.now)
            tx.set_posyandu(household, place)
            for child in children:
                tx.save_child(household, child, self.now)
                for measured in child.measurements:
                    tx.save_measurement(child.id, measured, "chat", self.now)
            tx.record_consent(contact.id, CHILD_CARE, "ya", consent, None, self.now)
            if expecting is not None:
                tx.save_pregnancy(household, replace(expecting, contact_id=contact.id), self.now)
                tx.record_consent(contact.id, PREGNANCY_CARE, "ya", consent, None, self.now)
        return household

    def mother_of(self, household: str) -> str:
        with self.app.store.transaction() as tx:
            return tx.caregivers_of(household)[0].id

    def say(self, text: str, at: datetime = ON_THE_DAY, phone: str = KADER) -> list[Reply] | None:
        """What a kader writes; every reply is worded for both channels on the way."""
        who = self.who(phone)
        with self.app.store.transaction() as tx:
            family = family_of_contact(tx, who.contact_id, at, "Asia/Jakarta")
            scene = Scene(self.app.deps, tx, who.contact_id, family, at, at.astimezone(WIB).date(), f"in-{text[:20]}")
            replies = posyandu_day.handle_message(scene, who, text)
        for reply in replies or ():
            self.word(reply)
        return None if replies is None else list(replies)

    def word(self, reply: Reply) -> str:
        who = self.who()
        with self.app.store.transaction() as tx:
            family = family_of_contact(tx, who.contact_id, ON_THE_DAY, "Asia/Jakarta")
        sms = render_reply(self.app.deps, reply, Channel.SMS, family).text
        assert gsm7_unsupported(sms) == "" and sms_parts(sms) <= 2, sms
        text = render_reply(self.app.deps, reply, Channel.WHATSAPP, family).text
        assert len(text) <= 1024 and "None" not in text, text
        return text

    def overview(self, at: datetime = ON_THE_DAY) -> posyandu_day.Overview:
        who = self.who()
        with self.app.store.transaction() as tx:
            return posyandu_day.day_overview(tx, who, "s-melati", at)

    def weighings(self, household: str) -> list[tuple[date, float | None, float | None]]:
        with self.app.store.transaction() as tx:
            (child,) = tx.children_of(household)
        return [(one.date, one.weight_kg, one.lenhei_cm) for one in child.measurements]

    def visits(self) -> list[tuple[str | None, str, str | None]]:
        who = self.who()
        with self.app.store.transaction() as tx:
            return [(one.name, one.reason, one.remark) for one in posyandu_day.home_visits(tx, who, "melati")]

    def outbox(self, contact_id: str) -> list[OutboxMessage]:
        with self.app.store.transaction() as tx:
            return list(tx.outbox_of(contact_id))

    def close(self, at: datetime = ON_THE_DAY) -> posyandu_day.Closed:
        who = self.who()
        with self.app.store.transaction() as tx:
            return posyandu_day.close_day(self.app.deps, tx, who, "s-melati", at)


@pytest.fixture
def village(app: App, now: datetime) -> Village:
    return Village(app, now)


def child(name: str, born: date = date(2026, 3, 12), sex: Sex | None = Sex.FEMALE, **more: Any) -> Child:
    """A girl of 8 months, unless told otherwise."""
    return Child(name, born, sex, id=f"c-{name}-{born}-{more.pop('key', '')}".replace(" ", "-"), **more)


def pregnancy(lmp: date = date(2026, 6, 15)) -> Pregnancy:
    return Pregnancy(lmp, lmp + timedelta(days=280), id=f"p-{lmp}")


def problems(replies: list[Reply] | None) -> list[tuple[str, str]]:
    assert replies is not None
    return [
        (row["problem"], row["name"])
        for reply in replies
        if reply.key == "kader/hari/tanya"
        for row in reply.vars["rows"]
    ]


# --------------------------------------------------------------------------------------------------- who is expected


def test_the_list_names_children_and_pregnant_women_of_the_posyandu_and_nobody_elses(village: Village) -> None:
    village.family("Rina", child("Ani"))
    village.family("Sari", expecting=pregnancy())
    village.family("Tuti", child("Budi"), place="mawar")
    people = village.overview().people
    assert [(one.who.name, one.who.mother, one.who.kind) for one in people] == [
        ("Ani", "Rina", "child"),
        ("Sari", "Sari", "mother"),
    ]
    assert [one.who.number for one in people] == [1, 2]


def test_a_family_that_took_its_consent_back_is_on_no_list(village: Village) -> None:
    household = village.family("Rina", child("Ani"))
    village.family("Sari", child("Budi"), expecting=pregnancy(), consent=False)
    assert [one.who.name for one in village.overview().people] == ["Ani"]
    mother = village.mother_of(household)
    with village.app.store.transaction() as tx:
        tx.record_consent(mother, CHILD_CARE, "tidak", False, None, ON_THE_DAY)
    assert village.overview().people == ()


def test_the_list_of_150_families_takes_a_handful_of_queries(village: Village) -> None:
    from sqlalchemy import event

    for number in range(150):
        village.family(f"Ibu {number}", child(f"Anak {number}", date(2024, 1, 1) + timedelta(days=5 * number)))
    asked: list[str] = []
    engine = village.app.store.engine
    event.listen(engine, "before_cursor_execute", lambda *call: asked.append(call[2]))
    assert len(village.overview().people) == 150
    # session, posyandu, role and audit besides: consents, homes, children, doses, reported, weighings, pregnancies ...
    assert len(asked) < 40


def test_no_other_kader_sees_writes_or_closes_the_day(village: Village) -> None:
    village.family("Rina", child("Ani"))
    stranger, deps = village.who(OTHER_KADER), village.app.deps
    with village.app.store.transaction() as tx:
        for forbidden in (
            lambda: posyandu_day.day_overview(tx, stranger, "s-melati", ON_THE_DAY),
            lambda: posyandu_day.record_attendance(deps, tx, stranger, "s-melati", [Entry("c")], ON_THE_DAY),
            lambda: posyandu_day.close_day(deps, tx, stranger, "s-melati", ON_THE_DAY),
            lambda: posyandu_day.reopen_day(deps, tx, stranger, "s-melati", ON_THE_DAY),
            lambda: posyandu_day.home_visits(tx, stranger, "melati"),
        ):
            with pytest.raises(NotAllowed):
                forbidden()
        with pytest.raises(NoSuchSession):
            posyandu_day.day_overview(tx, stranger, "s-nowhere", ON_THE_DAY)
    assert village.say("Ani 8,2 72,5", phone=OTHER_KADER) is not None  # by her own list: nobody of that name
    assert village.overview().missing != ()


def test_every_look_at_the_list_is_written_down(village: Village) -> None:
    village.overview()
    kader = village.who().contact_id
    with village.app.store.transaction() as tx:
        assert [row for row in _audits(tx) if row[0] == "list_read"] == [("list_read", kader)]


def _audits(tx: Any) -> list[tuple[str, str | None]]:
    from sqlalchemy import select

    from sapa.store.models import AuditTable

    return [(row.event, row.actor_id) for row in tx._s.scalars(select(AuditTable).order_by(AuditTable.id))]


# --------------------------------------------------------------------------------------------- by the kader's messages


def test_a_name_a_weight_and_a_length_are_written_down_for_the_day(village: Village) -> None:
    household = village.family("Rina", child("Ani"))
    replies = village.say("Ani 8,2 70,5")
    assert replies is not None
    assert [reply.key for reply in replies] == ["kader/hari/dicatat"]
    assert village.weighings(household) == [(DAY, 8.2, 70.5)]
    assert [one.who.name for one in village.overview().came] == ["Ani"]
    assert "Ani: 8,2 kg, 70,5 cm" in village.word(replies[0])


def test_several_lines_are_written_down_and_what_is_unclear_loses_nothing_of_them(village: Village) -> None:
    ani = village.family("Rina", child("Ani"))
    village.family("Sari", child("Ani", key="2"))
    budi = village.family("Tuti", child("Budi Santoso", sex=Sex.MALE))
    edo = village.family("Lina", child("Edo", sex=Sex.MALE))
    replies = village.say("Ani bu Rina 8,2 70,5\nBudi tidak datang\nAni 7,9\nEdo 82\nDodi 9,1\nhujan deras tadi pagi")
    assert problems(replies) == [
        ("ambigu", "Ani"),
        ("tak-dikenal", "Dodi"),
        ("tak-terbaca", "hujan deras tadi pagi"),
        ("janggal", "Edo"),
    ]
    assert village.weighings(ani) == [(DAY, 8.2, 70.5)]
    assert village.weighings(edo) == [] and village.weighings(budi) == []
    assert {one.who.name: one.came for one in village.overview().people if one.who.mother != "Sari"} == {
        "Ani": True,
        "Budi Santoso": False,
        "Edo": True,
    }


def test_two_children_of_one_name_are_told_apart_by_their_number(village: Village) -> None:
    households = [village.family("Rina", child("Ani")), village.family("Sari", child("Ani", key="2"))]
    replies = village.say("Ani 8,2")
    assert replies is not None and [reply.key for reply in replies] == ["kader/hari/tanya"]
    assert "1. Ani (Rina); 2. Ani (Sari)" in village.word(replies[0])
    village.say("2 8,2")
    assert [village.weighings(household) for household in households] == [[], [(DAY, 8.2, None)]]


def test_a_number_stays_whose_it_is_when_the_list_grows(village: Village) -> None:
    zara = village.family("Rina", child("Zara"))
    village.say("DAFTAR HADIR")
    village.family("Sari", child("Abi"))
    assert [(one.who.name, one.who.number) for one in village.overview().people] == [("Abi", 2), ("Zara", 1)]
    village.say("1 8,2")
    assert village.weighings(zara) == [(DAY, 8.2, None)]


def test_a_line_that_is_sent_again_replaces_the_first(village: Village) -> None:
    household = village.family("Rina", child("Ani"))
    village.say("Ani 8,2")
    village.say("Ani 8,4 70,5")
    village.say("Ani hadir")
    assert village.weighings(household) == [(DAY, 8.4, 70.5)]


def test_a_kaders_number_stands_against_what_the_family_told_of_that_day(village: Village) -> None:
    told = Measurement(DAY, 9.9, 69.0)
    household = village.family("Rina", child("Ani", measurements=(told,)))
    village.say("Ani 8,2")
    assert village.weighings(household) == [(DAY, 8.2, 69.0)]


def test_a_number_that_cannot_be_is_asked_again_and_kept_when_it_stands(village: Village) -> None:
    household = village.family("Rina", child("Ani"))
    replies = village.say("Ani 82 72,5")
    assert problems(replies) == [("janggal", "Ani")]
    assert village.weighings(household) == []
    village.say("Ani 14,9 70,5")
    assert village.weighings(household) == []
    replies = village.say("Ani 14,9 70,5 BENAR")
    assert village.weighings(household) == [(DAY, 14.9, 70.5)]
    assert replies is not None and [row["step"] for row in replies[-1].vars["rows"]] == ["ulang"]


def test_a_weight_that_needs_a_human_opens_a_case_and_tells_the_kader_not_the_family(village: Village) -> None:
    household = village.family("Rina", child("Ani"))
    replies = village.say("Ani 6,0 68")  # 8 months: below -2 SD
    assert replies is not None
    assert [reply.key for reply in replies] == ["kader/hari/dicatat", "kader/hari/perhatian"]
    assert "puskesmas" in village.word(replies[1])
    mother = village.mother_of(household)
    with village.app.store.transaction() as tx:
        assert [case.kind for case in tx.open_cases_of(mother)] == [CASE]
    assert village.outbox(mother) == []
    village.say("Ani 6,1 68")
    with village.app.store.transaction() as tx:
        assert [case.kind for case in tx.open_cases_of(mother)] == [CASE]


def test_several_children_of_one_message_open_a_case_each(village: Village) -> None:
    households = [village.family("Rina", child("Ani")), village.family("Sari", child("Citra"))]
    village.say("Ani 6,0 68\nCitra 5,9 67")
    with village.app.store.transaction() as tx:
        cases = [tx.open_cases_of(tx.caregivers_of(household)[0].id) for household in households]
    assert [len(found) for found in cases] == [1, 1]


def test_a_pregnant_woman_is_there_and_her_weight_is_left_to_her_book(village: Village) -> None:
    village.family("Rina", expecting=pregnancy())
    replies = village.say("Bu Rina (hamil) hadir 52,5")
    assert problems(replies) == [("berat-ibu", "Rina")]
    assert [one.who.name for one in village.overview().came] == ["Rina"]


@pytest.mark.parametrize(
    "text",
    [
        "kapan posyandu?",
        "terima kasih ya",
        "Ani demam 39 derajat",
        "Ani 8,2 72,5?",
        "besok posyandu jam 8 di balai desa",
        "BATAL",
        "KIRIM",
        "/flow 8,2",
        "DAFTARKAN Budi anak Bu Sari lahir 3 mei 2026 perempuan, hp 0812-3456-7890, alamat RT 02",
        "",
    ],
)
def test_what_is_not_surely_attendance_is_left_alone(village: Village, text: str) -> None:
    village.family("Rina", child("Ani"))
    assert village.say(text) is None
    assert village.overview().missing != ()


def test_without_a_day_of_hers_nothing_is_attendance(village: Village) -> None:
    village.family("Rina", child("Ani"))
    for at in (BEGINS - timedelta(days=10), BEGINS + timedelta(days=8)):
        assert village.say("Ani 8,2 72,5", at) is None
        assert village.say("SELESAI", at) is None


def test_on_the_eve_a_kader_is_told_that_the_day_has_not_come(village: Village) -> None:
    household = village.family("Rina", child("Ani"))
    (reply,) = village.say("Ani 8,2 72,5", BEGINS - timedelta(days=1)) or []
    assert reply.key == "kader/hari/belum-harinya"
    assert village.weighings(household) == []
    assert village.say("Dodi 8,2", BEGINS - timedelta(days=1)) is None


def test_selesai_with_nobody_written_down_closes_nothing(village: Village) -> None:
    village.family("Rina", child("Ani"))
    (reply,) = village.say("SELESAI", BEGINS - timedelta(minutes=30)) or []
    assert reply.key == "kader/hari/belum-harinya"
    (reply,) = village.say("SELESAI") or []
    assert reply.key == "kader/hari/belum-ada-hadir" and not village.overview().closed
    (reply,) = village.say("SELESAI KOSONG") or []
    assert reply.vars["absent"] == 1 and village.overview().closed


@pytest.mark.parametrize("words", ["1,2 hadir", "1 dan 2 datang", "hadir: 1, 2", "hadir:\n1\n2"])
def test_several_numbers_of_the_list_may_be_told_at_once(village: Village, words: str) -> None:
    for name in ("Ani", "Budi", "Caca"):
        village.family(f"Ibu {name}", child(name))
    village.say(words)
    assert [one.who.name for one in village.overview().came] == ["Ani", "Budi"]


def test_a_number_that_is_not_on_the_list_is_asked_about(village: Village) -> None:
    village.family("Rina", child("Ani"))
    (reply,) = village.say("7 hadir") or []
    assert reply.key == "kader/hari/tanya" and reply.vars["rows"][0]["name"] == "7"


def test_semua_hadir_shows_whose_names_are_missing_and_writes_nobody_down(village: Village) -> None:
    village.family("Rina", child("Ani"))
    assert [reply.key for reply in village.say("semua hadir") or []] == ["kader/hari/daftar"]
    assert village.overview().came == ()


@pytest.mark.parametrize(
    "words", ["anak saya Ani sudah timbang 8,2", "daftar anak Ani perempuan", "2 anak tidak datang"]
)
def test_her_own_child_and_a_mere_count_are_no_attendance(village: Village, words: str) -> None:
    village.family("Rina", child("Ani"))
    village.family("Sari", child("Budi"))
    assert village.say(words) is None
    assert village.overview().missing == village.overview().people


def test_two_children_of_one_name_are_told_apart_by_their_birthdays(village: Village) -> None:
    village.family("", child("Ani"))
    village.family("", child("Ani", key="2"))
    (reply,) = village.say("Ani 8,2") or []
    assert [option["mother"] or option["born"] for option in reply.vars["rows"][0]["options"]].count(None) == 0


def test_it_may_be_told_up_to_seven_days_later_with_the_date(village: Village) -> None:
    household = village.family("Rina", child("Ani"))
    village.close()
    later = ON_THE_DAY + timedelta(days=6)
    # The day is closed: a weight of today is not of that day, and she is told how one of that day is written.
    assert [reply.key for reply in village.say("Ani 8,2", later) or []] == ["kader/hari/sudah-ditutup"]
    assert village.weighings(household) == []
    village.say("posyandu 10 desember\nAni 8,2", later)
    assert village.weighings(household) == [(DAY, 8.2, None)]
    village.say("Ani tgl 10 8,3", later)
    assert village.weighings(household) == [(DAY, 8.3, None)]
    assert [reply.key for reply in village.say("DAFTAR HADIR", later) or []] == ["kader/hari/lengkap"]
    replies = village.say("tgl 12 desember Ani 8,3", later)
    assert replies is not None and replies[0].key == "kader/hari/tidak-ada-hari"


def test_a_kader_of_two_posyandu_is_heard_by_whose_name_it_is(village: Village) -> None:
    kader = village.who().contact_id
    with village.app.store.transaction() as tx:
        tx.grant(StaffRow("role-2", kader, "kader", posyandu_id="mawar"), village.now)
    village.family("Rina", child("Ani"))
    budi = village.family("Tuti", child("Budi", sex=Sex.MALE), place="mawar")
    village.say("Budi 8,2")
    assert village.weighings(budi) == [(DAY, 8.2, None)]
    replies = village.say("SELESAI")
    assert replies is not None and replies[0].key == "kader/hari/posyandu-mana"
    replies = village.say("SELESAI posyandu Mawar")
    assert replies is not None and replies[0].vars["posyandu_name"] == "Mawar"


# ----------------------------------------------------------------------------------------------------- the whole list


def test_daftar_hadir_is_the_list_before_anybody_came_and_who_is_missing_afterwards(village: Village) -> None:
    village.family("Rina", child("Ani"))
    village.family("Sari", child("Budi", sex=Sex.MALE))
    (reply,) = village.say("DAFTAR HADIR", BEGINS - timedelta(hours=14)) or []
    text = village.word(reply)
    assert "1. Ani (Rina); 2. Budi (Sari)" in text
    village.say("Ani hadir")
    (reply,) = village.say("daftar hadir") or []
    assert "2. Budi (Sari)" in village.word(reply) and "Ani" not in village.word(reply)
    village.say("Budi tidak datang")
    (reply,) = village.say("siapa yang belum datang") or []
    assert reply.key == "kader/hari/lengkap"


def test_a_long_list_is_cut_into_parts_that_name_everybody_once(village: Village) -> None:
    for number in range(60):
        village.family(f"Ibu Nomor {number}", child(f"Anak Nomor {number:02d}"))
    replies = village.say("DAFTAR HADIR", BEGINS - timedelta(hours=14)) or []
    assert len(replies) > 2
    texts = [village.word(reply) for reply in replies]
    assert all(len(text) <= 900 for text in texts)
    assert [sum(f"Anak Nomor {number:02d} (" in text for text in texts) for number in range(60)] == [1] * 60


def test_what_several_children_need_is_said_once(village: Village) -> None:
    for name in ("Ani", "Budi", "Citra"):
        village.family(f"Bu {name}", child(name))
    (reply,) = village.say("DAFTAR HADIR", BEGINS - timedelta(hours=14)) or []
    assert village.word(reply).count("DPT-HB-Hib 1") == 1
    assert "1. Ani (Bu Ani); 2. Budi (Bu Budi); 3. Citra (Bu Citra)" in village.word(reply)


def test_a_list_without_end_is_left_to_the_console(village: Village) -> None:
    for number in range(150):
        # Each needs something else, as nobody in a real village does.
        given_doses = {
            dose: date(2026, 5, 20) for at, dose in enumerate(["HB0", "BCG", "OPV1", "PCV1"]) if number >> at & 1
        }
        village.family(f"Ibu Nomor {number}", child(f"Anak Nomor {number}", doses=given_doses))
    replies = village.say("DAFTAR HADIR", BEGINS - timedelta(hours=14)) or []
    named = sum(len(block["people"]) for reply in replies for block in reply.vars["blocks"])
    assert len(replies) <= 6 and named + replies[-1].vars["more"] == 150


def test_closing_the_day_writes_down_who_stayed_away_once(village: Village) -> None:
    village.family("Rina", child("Ani"))
    village.family("Sari", child("Budi"))
    village.say("Ani 8,2")
    (reply,) = village.say("SELESAI") or []
    assert (reply.vars["came"], reply.vars["absent"], reply.vars["already"]) == (1, 1, False)
    (reply,) = village.say("selesai bu") or []
    assert (reply.vars["came"], reply.vars["absent"], reply.vars["already"]) == (1, 1, True)
    village.say("Budi hadir")  # forgotten, and told afterwards
    assert [one.who.name for one in village.overview().came] == ["Ani", "Budi"]


def test_a_day_that_has_not_come_cannot_be_closed_or_written(village: Village) -> None:
    village.family("Rina", child("Ani"))
    before = BEGINS - timedelta(days=1)
    with pytest.raises(NotBegun):
        village.close(before)
    who = village.who()
    with village.app.store.transaction() as tx:
        (one,) = posyandu_day.expected(village.app.deps, tx, "s-melati", before)
        done = posyandu_day.record_attendance(
            village.app.deps, tx, who, "s-melati", [Entry(one.subject_id), Entry("nobody")], before
        )
    assert [caution.code for caution in done.warnings] == ["not_yet", "unknown"] and done.saved == ()


# ------------------------------------------------------------------------------------------------- the list on the eve


def eve(village: Village, at: datetime) -> list[OutboxMessage]:
    posyandu_day.eve_lists_due(village.app.deps, at)
    return village.outbox(village.who().contact_id)


def test_the_kader_gets_the_list_at_five_on_the_eve_once(village: Village) -> None:
    village.family("Rina", child("Ani"))
    at_five = datetime(2026, 12, 9, 17, 0, tzinfo=WIB)
    assert eve(village, at_five - timedelta(minutes=1)) == []
    (message,) = eve(village, at_five)
    assert "Ani (Rina)" in message.text and message.kind is Kind.NOTICE
    assert len(eve(village, at_five + timedelta(seconds=1))) == 1
    other = village.outbox(village.who(OTHER_KADER).contact_id)
    assert other == [] and village.outbox(village.mother_of(village.family("Sari"))) == []


def test_after_an_outage_the_list_still_comes_before_the_day_begins_and_not_in_the_night(village: Village) -> None:
    village.family("Rina", child("Ani"))
    (message,) = eve(village, datetime(2026, 12, 9, 23, 0, tzinfo=WIB))
    assert message.not_before == datetime(2026, 12, 10, 7, 0, tzinfo=WIB)
    assert message.text.startswith("*Hari ini, Posyandu Melati*")


def test_once_the_day_has_begun_no_list_comes(village: Village) -> None:
    village.family("Rina", child("Ani"))
    assert eve(village, BEGINS) == []


def test_a_day_that_was_moved_gets_a_new_list(village: Village) -> None:
    village.family("Rina", child("Ani"))
    eve(village, datetime(2026, 12, 9, 18, 0, tzinfo=WIB))
    with village.app.store.transaction() as tx:
        session = tx.session("s-melati")
        assert session is not None
        tx.save_session(replace(session, date=DAY + timedelta(days=5)))
    assert len(eve(village, datetime(2026, 12, 14, 18, 0, tzinfo=WIB))) == 2


def test_a_kader_without_whatsapp_gets_the_figures_by_sms(village: Village) -> None:
    village.family("Rina", child("Ani"))
    with village.app.store.transaction() as tx:
        contact = tx.contact_for_address(Channel.SMS, "+6281200000099", "+6281200000099", village.now)[0]
        tx.grant(StaffRow("role-sms", contact.id, "kader", posyandu_id="melati"), village.now)
    eve(village, datetime(2026, 12, 9, 18, 0, tzinfo=WIB))
    (message,) = village.outbox(contact.id)
    assert message.channel is Channel.SMS and "Ani" not in message.text and "1 anak" in message.text


# ------------------------------------------------------------------------------------------------ who did not come


def test_who_did_not_come_gets_one_kind_word_next_morning_and_a_place_on_the_list(village: Village) -> None:
    ani, budi = village.family("Rina", child("Ani")), village.family("Sari", child("Budi"))
    village.say("Ani 8,2")
    village.close()
    deps = village.app.deps
    assert posyandu_day.missed_due(deps, MORNING_AFTER - timedelta(minutes=1)) == 0
    assert posyandu_day.missed_due(deps, MORNING_AFTER) == 1
    assert posyandu_day.missed_due(deps, MORNING_AFTER + timedelta(minutes=1)) == 0
    (message,) = village.outbox(village.mother_of(budi))
    assert message.kind is Kind.REMINDER and "Budi belum sempat ke Posyandu Melati" in message.text
    assert village.outbox(village.mother_of(ani)) == []
    assert village.visits() == [("Sari", "absent", None)]


def test_begun_again_after_a_kill_nobody_is_written_to_twice(village: Village) -> None:
    household = village.family("Rina", child("Ani"))
    village.close()
    assert posyandu_day.missed_due(village.app.deps, MORNING_AFTER) == 1
    with village.app.store.transaction() as tx:
        tx.drop_setting(f"day-missed:s-melati:{DAY}")  # as if the process had died before it was noted
    assert posyandu_day.missed_due(village.app.deps, MORNING_AFTER + timedelta(minutes=5)) == 0
    assert len(village.outbox(village.mother_of(household))) == 1
    assert village.visits() == [("Rina", "absent", None)]


def test_nobody_is_missed_on_a_day_the_kader_has_not_closed(village: Village) -> None:
    village.family("Rina", child("Ani"))
    assert posyandu_day.missed_due(village.app.deps, MORNING_AFTER) == 0
    assert village.visits() == []


def test_the_kind_word_goes_to_nobody_in_mourning_or_danger_nor_by_sms(village: Village) -> None:
    mourning = village.family("Rina", child("Ani"), child("Adik"))
    danger = village.family("Sari", child("Budi"))
    village.family("Tuti", child("Citra"), channel=Channel.SMS)
    village.family("Lina", child("Edo"), channel=None)
    grieving, afraid = village.mother_of(mourning), village.mother_of(danger)
    with village.app.store.transaction() as tx:
        tx.open_case(afraid, "danger", None, ON_THE_DAY)
        report_loss(village.app.deps, tx, grieving, "Adik meninggal", ON_THE_DAY, "in-9")
    village.close()
    assert posyandu_day.missed_due(village.app.deps, MORNING_AFTER) == 0
    assert sorted(name or "" for name, _, _ in village.visits()) == ["Lina", "Sari", "Tuti"]


def test_whom_the_kader_has_excused_is_not_asked_after(village: Village) -> None:
    ill, gone = village.family("Rina", child("Ani")), village.family("Sari", child("Budi"))
    village.say("Ani sakit\nBudi pindah ke Surabaya")
    village.close()
    assert posyandu_day.missed_due(village.app.deps, MORNING_AFTER) == 0
    assert village.outbox(village.mother_of(ill)) == village.outbox(village.mother_of(gone)) == []
    assert village.visits() == [("Rina", "absent", "sakit")]


def test_the_kind_word_keeps_to_one_message_a_day(village: Village) -> None:
    household = village.family("Rina", child("Ani"))
    village.close()
    mother = village.mother_of(household)
    with village.app.store.transaction() as tx:
        (address,) = tx.addresses_of(mother)
        tx.queue(OutboxDraft("x", mother, address.id, address.channel, Kind.REMINDER, "x", "x"), MORNING_AFTER)
    assert posyandu_day.missed_due(village.app.deps, MORNING_AFTER) == 0
    assert village.visits() == [("Rina", "absent", None)]


def test_long_after_an_outage_only_the_list_of_visits_is_filled(village: Village) -> None:
    village.family("Rina", child("Ani"))
    village.close()
    assert posyandu_day.missed_due(village.app.deps, MORNING_AFTER + timedelta(hours=49)) == 0
    assert village.visits() == [("Rina", "absent", None)]


def test_who_came_after_all_is_taken_off_the_list(village: Village) -> None:
    village.family("Rina", child("Ani"))
    village.close()
    posyandu_day.missed_due(village.app.deps, MORNING_AFTER)
    village.say("tgl 10 desember Ani hadir", MORNING_AFTER)
    assert village.visits() == []


# ----------------------------------------------------------------------------------------------------- home visits


def test_a_family_nobody_can_write_to_is_visited_before_the_day(village: Village) -> None:
    village.family("Rina", child("Ani"), channel=None)
    village.family("Sari", child("Budi"))
    three_days = datetime(2026, 12, 7, 16, 0, tzinfo=WIB)
    assert posyandu_day.no_phone_due(village.app.deps, three_days - timedelta(minutes=1)) == 0
    assert posyandu_day.no_phone_due(village.app.deps, three_days) == 1
    assert posyandu_day.no_phone_due(village.app.deps, three_days) == 0
    assert village.visits() == [("Rina", NO_PHONE, None)]


def test_kunjungan_lists_and_sudah_dikunjungi_takes_off(village: Village) -> None:
    (reply,) = village.say("KUNJUNGAN") or []
    assert reply.key == "kader/hari/kunjungan-kosong"
    for mother, name in (("Rina", "Ani"), ("Sari", "Budi"), ("Tuti", "Citra")):
        village.family(mother, child(name))
    village.close()
    posyandu_day.missed_due(village.app.deps, MORNING_AFTER)
    (reply,) = village.say("KUNJUNGAN", MORNING_AFTER) or []
    by_name = {row["name"]: row["number"] for row in reply.vars["rows"]}
    assert sorted(by_name.values()) == [1, 2, 3]
    (done,) = village.say(f"SUDAH DIKUNJUNGI {by_name['Ani (Rina)']} sehat", MORNING_AFTER) or []
    assert (done.vars["name"], done.vars["outcome"], done.vars["left"]) == ("Ani (Rina)", "sehat", 2)
    # The numbers of the others stay, though one is gone.
    (reply,) = village.say("kunjungan rumah", MORNING_AFTER) or []
    assert {row["name"]: row["number"] for row in reply.vars["rows"]} == {
        name: number for name, number in by_name.items() if name != "Ani (Rina)"
    }
    (reply,) = village.say("sudah dikunjungi 9", MORNING_AFTER) or []
    assert reply.key == "kader/hari/kunjungan-nomor"


def test_a_household_stands_on_the_list_once_for_a_reason(village: Village) -> None:
    household = village.family("Rina", child("Ani"))

    def row(session: str) -> HomeVisitRow:
        return HomeVisitRow(
            visit_id(NO_PHONE, household, session), "melati", household, NO_PHONE, ON_THE_DAY, session_id=session
        )

    who = village.who()
    with village.app.store.transaction() as tx:
        assert [tx.add_home_visit(row(session), ON_THE_DAY) for session in ("a", "a", "b")] == [True, False, False]
        (visit,) = posyandu_day.home_visits(tx, who, "melati")
        finish: Callable[[], bool] = lambda: posyandu_day.finish_home_visit(  # noqa: E731
            village.app.deps, tx, who, visit.id, "sehat", ON_THE_DAY
        )
        assert [finish(), finish()] == [True, False]
        # Visited for that session already; for the next one it is a new visit.
        assert [tx.add_home_visit(row(session), ON_THE_DAY) for session in ("a", "b")] == [False, True]
