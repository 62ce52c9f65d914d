"""Cases in the hands of humans: who is told and reminded, who may take and answer, and when the bot is silent."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from sapa.bootstrap import App
from sapa.clock import SetClock
from sapa.family.people import Child
from sapa.messaging.states import Channel, OutboxState
from sapa.services import case_rules, casework
from sapa.services.access import Staffer, staffer
from sapa.services.case_talk import MAX_ANSWER
from sapa.services.casework import AlreadyTaken, CaseClosed, NoBidan, NoSuchCase, NoteKind, Unfit
from sapa.services.deps import Deps
from sapa.services.households import family_of_contact
from sapa.services.inbound import triage_next
from sapa.services.journeys.contract import Scene
from sapa.services.ports import Tx
from sapa.services.records import AreaRow, MediaItem, OutboxMessage, PosyanduRow, Reply, Sent, StaffRow
from sapa.services.replies import queue_replies
from sapa.store.models import AuditTable

ANI, BUDI, CITRA = "+6281200000001", "+6281200000002", "+6281200000003"
RINA, SARI, BIDAN, ADMIN, OTHER, FAR = (f"+628130000000{n}" for n in range(6))
NIGHT = datetime(2026, 11, 23, 15, 30, tzinfo=UTC)  # 22:30 in Jakarta
MORNING = datetime(2026, 11, 24, 0, 0, tzinfo=UTC)  # 07:00 the next day


class Village:
    """Posyandu Melati with two kader (Rina, Sari) and its bidan, Posyandu Mawar next door, and the family of Ani."""

    def __init__(self, app: App, clock: SetClock, receive: Callable[..., str]) -> None:
        self.app, self.clock, self._receive = app, clock, receive
        self.ids: dict[str, str] = {}
        with app.store.transaction() as tx:
            for area in (
                AreaRow("prov", "province", "Jawa Barat"),
                AreaRow("kec", "kecamatan", "Sukamaju", "prov"),
                AreaRow("desa", "desa", "Cibadak", "kec"),
                AreaRow("elsewhere", "kecamatan", "Sukarela", "prov"),
            ):
                tx.save_area(area)
            tx.save_posyandu(PosyanduRow("melati", "Melati", "Asia/Jakarta", "Jawa Barat", area_id="desa"))
            tx.save_posyandu(PosyanduRow("mawar", "Mawar", "Asia/Jakarta", "Jawa Barat", area_id="desa"))
            for phone, name, posyandu in ((ANI, "Ani", "melati"), (BUDI, "Budi", "mawar"), (CITRA, "Citra", None)):
                self.ids[phone] = self._person(tx, phone, name)
                household = tx.household_of(self.ids[phone], clock.now())
                if posyandu is not None:
                    tx.set_posyandu(household, posyandu)
            self.staff(tx, RINA, "Ibu Rina", "kader", posyandu_id="melati")
            self.staff(tx, SARI, "Ibu Sari", "kader", posyandu_id="melati")
            self.staff(tx, OTHER, "Ibu Tuti", "kader", posyandu_id="mawar")
            self.staff(tx, BIDAN, "Bidan Sri", "bidan", area_id="kec")
            self.staff(tx, ADMIN, "Pak Joko", "admin", area_id="prov")

    def _person(self, tx: Tx, phone: str, name: str) -> str:
        contact, _ = tx.contact_for_address(Channel.WHATSAPP, phone, phone, self.clock.now())
        tx.set_contact_name(contact.id, name)
        return contact.id

    def staff(self, tx: Tx, phone: str, name: str, role: str, **where: str) -> None:
        self.ids[phone] = self._person(tx, phone, name)
        tx.grant(StaffRow(f"{role}-{phone}", self.ids[phone], role, **where), self.clock.now())

    @property
    def deps(self) -> Deps:
        return self.app.deps

    @property
    def now(self) -> datetime:
        return self.clock.now()

    def at(self, moment: datetime) -> None:
        self.clock.set(moment)

    def later(self, **much: float) -> None:
        self.clock.set(self.now + timedelta(**much))

    def opens(self, kind: str, phone: str = ANI, words: str = "tolong bu") -> int:
        """A case of a family, opened by a message it wrote just now; its number."""
        inbound_id = self._receive(words, phone)
        with self.app.store.transaction() as tx:
            tx.finish_inbound(inbound_id, None, kind, self.now)
            case_id = tx.open_case(self.ids[phone], kind, inbound_id, self.now)
            return tx.case_views(case_id=case_id)[0].row.number or 0

    def writes(self, text: str, phone: str = ANI, **more: object) -> None:
        """A message comes in and is looked at, as the worker does before the dialogue."""
        self._receive(text, phone, **more)
        assert triage_next(self.deps, self.now) is not None

    def who(self, phone: str) -> Staffer:
        with self.app.store.transaction(write=False) as tx:
            found = staffer(tx, self.ids[phone])
        assert found is not None
        return found

    def orders(self, phone: str, text: str) -> tuple[Reply, ...] | None:
        """What a kader types, as her front hands it on."""
        inbound_id = self._receive(text, phone)
        with self.app.store.transaction() as tx:
            tx.finish_inbound(inbound_id, None, "kader", self.now)
            family = family_of_contact(tx, self.ids[phone], self.now, "Asia/Jakarta")
            scene = Scene(self.deps, tx, self.ids[phone], family, self.now, self.now.date(), inbound_id, self.now)
            return casework.handle_message(scene, self.who(phone), text)

    def order(self, phone: str, text: str) -> str:
        replies = self.orders(phone, text)
        assert replies is not None and len(replies) == 1, text
        return replies[0].key

    def take(self, phone: str, number: int) -> None:
        with self.app.store.transaction() as tx:
            casework.take(self.deps, tx, self.who(phone), number, self.now)

    def answer(self, phone: str, number: int, text: str = "Bawa ke puskesmas ya Bu.", key: str = "") -> None:
        with self.app.store.transaction() as tx:
            key = key or f"form-{self.now.isoformat()}"
            casework.answer(self.deps, tx, self.who(phone), number, text, self.now, key)

    def tick(self) -> int:
        """What the clock does; how many cases it said something about."""
        return casework.notify_due(self.deps, self.now) + casework.remind_due(self.deps, self.now)

    def outbox(self, phone: str) -> list[OutboxMessage]:
        with self.app.store.transaction(write=False) as tx:
            return list(tx.outbox_of(self.ids[phone]))

    def got(self, phone: str) -> list[str]:
        return [message.content_id for message in self.outbox(phone)]

    def waits_for_the_engine(self) -> bool:
        with self.app.store.transaction(write=False) as tx:
            return tx.has_dialogue(self.now)

    def case(self, number: int) -> casework.CasePage:
        with self.app.store.transaction(write=False) as tx:
            return casework.case_page(tx, self.who(BIDAN), number, self.now)


@pytest.fixture
def village(app: App, clock: SetClock, receive: Callable[..., str]) -> Village:
    return Village(app, clock, receive)


# ------------------------------------------------------------------------------------------------------ who is told


@pytest.mark.parametrize(
    ("kind", "at_once", "after_4_hours"),
    [
        ("danger", {RINA, SARI, BIDAN}, None),
        ("duka", {RINA, SARI, BIDAN}, {RINA, SARI, BIDAN}),
        # The kader first; the bidan when nobody has taken it up.
        ("handover", {RINA, SARI}, {RINA, SARI, BIDAN}),
        ("fault", {RINA, SARI}, {RINA, SARI, BIDAN}),
        ("keluhan", set(), set()),
        ("bayi-kecil", set(), set()),
        ("pertumbuhan", set(), set()),
        ("nomor", set(), set()),
    ],
)
def test_each_kind_of_case_reaches_those_it_concerns(
    village: Village, kind: str, at_once: set[str], after_4_hours: set[str] | None
) -> None:
    village.opens(kind)
    village.tick()
    everybody = (RINA, SARI, BIDAN, OTHER, ADMIN)
    assert {phone for phone in everybody if "kader/kasus/baru" in village.got(phone)} == at_once
    if after_4_hours is not None:
        village.later(hours=4)
        village.tick()
        assert {phone for phone in everybody if "kader/kasus/ingat" in village.got(phone)} == after_4_hours


def test_a_notice_says_who_and_what_but_says_it_once(village: Village) -> None:
    number = village.opens("handover", words="saya mau tanya soal ASI")
    for _ in range(3):
        village.tick()
        village.later(minutes=1)
    (message,) = village.outbox(RINA)
    for words in (f"Kasus {number}", "Ani", "Posyandu Melati", "saya mau tanya soal ASI", f"AMBIL {number}"):
        assert words in message.text


def test_a_danger_wakes_and_goes_before_everything_else_and_a_wish_to_talk_waits_for_the_morning(
    village: Village,
) -> None:
    village.at(NIGHT)
    village.opens("handover")
    village.opens("danger")
    village.tick()
    (danger,) = village.outbox(RINA)
    assert (danger.not_before, danger.kind.value) == (NIGHT, "notice")
    village.at(MORNING - timedelta(seconds=1))
    village.opens("fault")
    village.tick()
    assert village.got(RINA).count("kader/kasus/baru") == 1, "only the danger at night"
    village.at(MORNING)
    village.tick()
    assert village.got(RINA).count("kader/kasus/baru") == 3


def test_what_can_wait_comes_in_one_list_the_next_morning_without_anybodys_words(village: Village) -> None:
    village.opens("keluhan", words="anak saya batuk tiga hari")
    village.opens("pertumbuhan")
    village.at(datetime(2026, 11, 24, 0, 59, tzinfo=UTC))
    village.tick()
    assert village.got(RINA) == []
    village.at(datetime(2026, 11, 24, 1, 0, tzinfo=UTC))  # 08:00 in Jakarta
    village.tick()
    village.tick()
    (message,) = village.outbox(RINA)
    assert message.content_id == "kader/kasus/harian"
    assert "keluhan" in message.text and "batuk" not in message.text


def test_a_question_whether_there_is_a_danger_is_told_at_once_also_at_night(village: Village) -> None:
    village.at(NIGHT)
    village.opens("keluhan", words="badannya lemas sekali")
    with village.app.store.transaction() as tx:
        (case,) = tx.case_views(contact_id=village.ids[ANI])
        message = tx.inbound(case.row.inbound_id or "")
        assert message is not None
        queue_replies(village.deps, tx, message, [Reply("bahaya/tanya", {"labels": ["danger"]})], village.now)
    village.tick()
    assert "mungkin bahaya" in village.outbox(RINA)[0].text


@pytest.mark.parametrize(
    "words", ["suntik KB saya bikin pusing", "spiral saya geser kah", "mau lepas susuk bu", "pil kb lupa 2 hari"]
)
def test_what_is_of_contraception_never_reaches_a_kader(village: Village, words: str) -> None:
    number = village.opens("handover", words=words)
    for _ in range(40):
        village.tick()
        village.later(hours=3)
    assert village.got(RINA) == [] == village.got(SARI)
    assert village.got(BIDAN)[0] == "kader/kasus/baru"
    assert village.order(RINA, f"KASUS {number}") == "kader/kasus/tidak-bisa"
    assert village.order(RINA, f"AMBIL {number}") == "kader/kasus/tidak-bisa"
    assert village.order(BIDAN, f"AMBIL {number}") == "kader/kasus/terambil"


def test_a_wish_to_talk_right_after_a_text_on_contraception_is_the_bidans(village: Village) -> None:
    village.writes("halo")
    with village.app.store.transaction() as tx:
        last = tx.last_message_of(village.ids[ANI])
        message = tx.inbound(last[0]) if last else None
        assert message is not None
        queue_replies(village.deps, tx, message, [Reply("kb/iud")], village.now)
    village.later(minutes=1)
    village.opens("handover", words="bicara dengan petugas")
    village.tick()
    assert village.got(RINA) == [] and village.got(BIDAN) == ["kader/kasus/baru"]


def test_violence_at_home_is_told_to_no_neighbour(village: Village) -> None:
    village.writes("suami saya memukul saya, tolong")
    village.tick()
    assert "bahaya/kekerasan" in village.got(ANI)
    assert village.got(RINA) == [] and village.got(BIDAN) == ["kader/kasus/baru"]


def test_nobody_is_told_of_their_own_household(village: Village) -> None:
    with village.app.store.transaction() as tx:
        tx.set_member(village.ids[RINA], tx.household_of(village.ids[ANI], village.now), "nenek", False)
    number = village.opens("danger")
    village.tick()
    assert village.got(RINA) == [] and village.got(SARI) == ["kader/kasus/baru"]
    assert village.order(RINA, f"AMBIL {number}") == "kader/kasus/tidak-bisa"


def test_a_family_without_a_posyandu_is_its_provinces_bidans(village: Village) -> None:
    with village.app.store.transaction() as tx:
        tx.set_place(tx.household_of(village.ids[CITRA], village.now), "Jawa Barat", None)
        village.staff(tx, FAR, "Bidan Jauh", "bidan", area_id="elsewhere")
    number = village.opens("handover", CITRA)
    village.tick()
    assert village.got(BIDAN) == ["kader/kasus/baru"] == village.got(FAR)
    assert village.got(RINA) == []
    assert village.order(FAR, f"AMBIL {number}") == "kader/kasus/terambil"


def test_a_case_nobody_can_be_told_of_is_written_down_once_and_told_when_somebody_comes(village: Village) -> None:
    village.opens("handover", CITRA)
    for _ in range(5):
        village.tick()
        village.later(minutes=20)
    with village.app.store.transaction() as tx:
        assert tx.count_audits("case_unassigned", village.ids[CITRA], village.now - timedelta(days=1)) == 1
        assert casework.count_open_cases(tx) == (1, 1)
        tx.set_posyandu(tx.household_of(village.ids[CITRA], village.now), "melati")
    village.later(hours=1)
    village.tick()
    assert village.got(RINA) == ["kader/kasus/baru"]
    assert village.order(ADMIN, "KASUS") == "kader/kasus/angka"


def test_a_second_wish_to_talk_is_part_of_the_first_case_and_tells_nobody_anew(village: Village) -> None:
    number = village.opens("handover", words="bicara dengan petugas")
    village.tick()
    village.later(minutes=5)
    again = village.opens("handover", words="halo, soal ASI bu")
    village.tick()
    assert village.got(RINA) == ["kader/kasus/baru"]
    assert [note.text for note in village.case(number).notes] == ["halo, soal ASI bu"]
    assert village.case(again).case.outcome == f"#{number}"
    village.later(hours=25)
    village.opens("handover", words="hari lain")
    village.tick()
    assert village.got(RINA).count("kader/kasus/baru") == 2


def test_whoever_calls_for_help_twice_is_heard_twice_in_one_case(village: Village) -> None:
    number = village.opens("danger", words="anak saya kejang")
    village.tick()
    village.later(minutes=3)
    village.opens("danger", words="cepat tolong kejang lagi")
    village.tick()
    assert village.got(RINA) == ["kader/kasus/baru", "kader/kasus/ingat"]
    assert "cepat tolong kejang lagi" in village.outbox(RINA)[-1].text
    with village.app.store.transaction(write=False) as tx:
        assert [case.number for case in casework.list_cases(tx, village.who(RINA))] == [number]


def test_what_follows_on_a_discreet_case_stays_the_bidans_and_a_discreet_one_never_joins_an_open_one(
    village: Village,
) -> None:
    village.opens("handover", words="suntik kb saya")
    village.tick()
    village.later(minutes=5)
    village.opens("handover", words="bicara dengan petugas")
    village.tick()
    assert village.got(RINA) == [] and village.got(BIDAN) == ["kader/kasus/baru"]
    village.opens("handover", BUDI, "halo bu")
    village.tick()
    village.later(minutes=5)
    village.opens("handover", BUDI, "soal spiral istri saya")
    village.tick()
    assert village.got(OTHER) == ["kader/kasus/baru"]
    assert "spiral" not in village.outbox(OTHER)[0].text and "spiral" in village.outbox(BIDAN)[-1].text


def test_a_family_whose_name_nobody_told_is_known_by_its_child(village: Village) -> None:
    with village.app.store.transaction() as tx:
        tx.set_contact_name(village.ids[ANI], "")
        household = tx.household_of(village.ids[ANI], village.now)
        tx.save_child(household, Child(id="c1", name="Aisyah", birth_date=date(2026, 5, 3)), village.now)
    village.opens("handover")
    village.tick()
    assert "keluarga aisyah" in village.outbox(RINA)[0].text.casefold()


def test_a_reminder_held_up_by_an_outage_is_not_sent_in_a_heap_afterwards(village: Village) -> None:
    village.opens("danger")
    for _ in range(18):
        village.tick()
        village.later(minutes=10)
    with village.app.store.transaction() as tx:
        sent = tx.claim_outbox("s", village.now, village.now + timedelta(minutes=1), 50)
    assert [m.content_id for m in sent if m.contact_id == village.ids[RINA]].count("kader/kasus/baru") == 1
    assert [m.content_id for m in sent if m.contact_id == village.ids[RINA]].count("kader/kasus/ingat") <= 3


def test_a_kader_who_wants_no_messages_is_passed_over(village: Village) -> None:
    with village.app.store.transaction() as tx:
        for phone in (RINA, SARI):
            tx.set_opt_out(village.ids[phone], village.now)
    village.opens("handover")
    village.tick()
    assert village.got(RINA) == [] and village.got(BIDAN) == ["kader/kasus/baru"]


# --------------------------------------------------------------------------------------------- who sleeps is reminded


def _reminders(village: Village, phone: str, hours: float, step_minutes: int = 5) -> list[float]:
    """Minutes after the beginning at which somebody was reminded."""
    start, found = village.now, []
    at_first = len(village.got(phone))
    while village.now - start <= timedelta(hours=hours):
        if village.tick():
            more = len(village.got(phone)) - at_first - len(found)
            found += [(village.now - start).total_seconds() / 60] * more
        village.later(minutes=step_minutes)
    assert len(village.got(phone)) == at_first + len(found), "said in a moment at which nothing was due"
    return found


def test_a_danger_nobody_takes_is_said_again_after_15_minutes_and_then_every_30_six_times(village: Village) -> None:
    village.opens("danger")
    assert _reminders(village, RINA, 5) == [0, 15, 45, 75, 105, 135, 165]


def test_another_case_is_said_again_after_4_hours_and_then_each_morning_at_8_five_times(village: Village) -> None:
    village.opens("handover")  # 09:00 in Jakarta: 13:00, then 08:00 of the next four days
    said = _reminders(village, RINA, 24 * 7, 30)
    assert said == [0, 240, *[23 * 60 + 24 * 60 * day for day in range(4)]]


def test_who_has_taken_a_case_and_says_nothing_is_reminded_and_then_the_bidan_hears_of_it(village: Village) -> None:
    number = village.opens("handover")
    village.take(RINA, number)
    assert _reminders(village, RINA, 7, 30) == [120, 240, 360]
    assert set(village.got(RINA)) == {"kader/kasus/belum-dijawab"}
    assert village.got(BIDAN) == ["kader/kasus/belum-dijawab"] * 2
    assert village.got(SARI) == [], "a case in somebody's hands is nobody else's worry"


def test_who_has_taken_a_danger_is_reminded_after_15_minutes(village: Village) -> None:
    number = village.opens("danger")
    village.take(RINA, number)
    assert _reminders(village, RINA, 1)[0] == 15


def test_whoever_was_answered_is_not_waited_for_but_the_case_wants_closing(village: Village) -> None:
    number = village.opens("handover")
    village.answer(RINA, number)
    said = _reminders(village, RINA, 24 * 30, 120)
    # After a day in which nobody wrote the bot answers again; a week later, thrice, the case is asked for.
    assert village.got(RINA)[:1] == ["kader/kasus/dilepas"]
    assert village.got(RINA)[1:] == ["kader/kasus/belum-ditutup"] * 3
    assert [round(minutes / 60 / 24) for minutes in said] == [1, 8, 15, 22]


def test_a_reminder_that_waited_through_the_night_comes_in_the_morning(village: Village) -> None:
    village.at(datetime(2026, 11, 23, 11, 0, tzinfo=UTC))  # 18:00: four hours later it is quiet
    village.opens("handover")
    village.tick()
    village.at(MORNING - timedelta(minutes=1))
    village.tick()
    assert village.got(RINA) == ["kader/kasus/baru"]
    village.at(MORNING)
    village.tick()
    assert village.got(RINA) == ["kader/kasus/baru", "kader/kasus/ingat"]


def test_the_clock_that_jumps_knows_every_moment_at_which_something_is_due(village: Village) -> None:
    village.opens("danger")
    village.tick()
    start, seen = village.now, []
    until = start + timedelta(hours=4)
    while True:
        with village.app.store.transaction(write=False) as tx:
            moment = casework.next_moment(village.deps, tx, village.now, until)
        if moment is None:
            break
        village.at(moment)
        village.tick()
        seen.append((moment - start).total_seconds() / 60)
    assert seen == [15, 45, 75, 105, 135, 165]


# ---------------------------------------------------------------------------------------------- one human has the case


def test_the_first_to_take_a_case_has_it_and_the_family_hears_once_who_reads(village: Village) -> None:
    number = village.opens("handover")
    assert village.order(RINA, f"AMBIL {number}") == "kader/kasus/terambil"
    assert village.order(RINA, f"ambil {number}") == "kader/kasus/terambil"
    (refused,) = village.orders(SARI, f"AMBIL {number}") or ()
    assert (refused.vars["why"], refused.vars["taker"]) == ("taken", "Ibu Rina")
    with pytest.raises(AlreadyTaken) as taken:
        village.take(BIDAN, number)
    assert taken.value.name == "Ibu Rina"
    (told,) = village.outbox(ANI)
    assert told.content_id == "kasus/diambil"
    assert "Ibu Rina (kader Posyandu Melati)" in told.text


def test_an_answer_takes_the_case_and_reaches_the_family_with_name_and_role_also_at_night(village: Village) -> None:
    number = village.opens("handover")
    village.at(NIGHT)
    assert village.order(BIDAN, f"JAWAB {number} Bawa ke puskesmas ya Bu.\nSaya tunggu.") == "kader/kasus/terkirim"
    (said,) = village.outbox(ANI)
    assert (said.content_id, said.not_before, said.template) == ("kasus/jawaban", NIGHT, "kasus_jawaban")
    assert "Bidan Sri (bidan)" in said.text and "Bawa ke puskesmas ya Bu.\nSaya tunggu." in said.text
    page = village.case(number)
    assert (page.case.mine, page.case.answered_at) == (True, NIGHT)
    assert [note.kind for note in page.notes] == [NoteKind.TAKEN, NoteKind.ANSWER]
    assert page.notes[1].author_name == "Bidan Sri"


def test_the_same_answer_sent_twice_is_said_once(village: Village) -> None:
    number = village.opens("handover")
    for _ in range(2):
        village.answer(RINA, number, key="form-1")
    assert village.got(ANI) == ["kasus/jawaban"]
    assert len(village.case(number).notes) == 2


def test_reply_without_a_number_goes_to_the_one_case_somebody_has(village: Village) -> None:
    first = village.opens("handover")
    assert village.orders(RINA, "balas: sebentar ya") is None, "nothing of hers: perhaps it was meant for the bot"
    village.take(RINA, first)
    assert village.order(RINA, "balas: sebentar ya") == "kader/kasus/terkirim"
    village.take(RINA, village.opens("fault"))
    assert village.order(RINA, "balas: yang mana?") == "kader/kasus/nomor-berapa"


@pytest.mark.parametrize(("text", "reason"), [("", "empty"), ("   ", "empty"), ("a" * (MAX_ANSWER + 1), "too_long")])
def test_an_answer_that_cannot_be_said_is_refused_and_takes_nothing(village: Village, text: str, reason: str) -> None:
    number = village.opens("handover")
    with pytest.raises(Unfit) as unfit:
        village.answer(RINA, number, text, key="k")
    assert unfit.value.reason == reason
    assert village.case(number).case.taken_by is None


def test_nothing_is_said_to_a_family_that_wants_no_messages_or_to_somebody_elses_number(village: Village) -> None:
    number = village.opens("handover")
    village.later(minutes=5)
    village.writes("STOP")
    with pytest.raises(Unfit, match="stopped"):
        village.answer(RINA, number, key="k1")
    village.later(minutes=5)
    again = village.opens("danger")  # written after the stop: this is answered
    village.answer(RINA, again, key="k2")
    with village.app.store.transaction() as tx:
        tx.set_suspended(village.ids[ANI], village.now)
    with pytest.raises(Unfit, match="not_this_person"):
        village.answer(RINA, again, key="k3")


def test_a_family_with_sms_alone_is_answered_in_two_parts_and_a_longer_word_is_refused_never_cut(
    village: Village, receive: Callable[..., str]
) -> None:
    phone = "+6281299999999"
    with village.app.store.transaction() as tx:
        contact, _ = tx.contact_for_address(Channel.SMS, phone, phone, village.now)
        tx.set_posyandu(tx.household_of(contact.id, village.now), "melati")
        case_id = tx.open_case(contact.id, "handover", None, village.now)
        number = tx.case_views(case_id=case_id)[0].row.number or 0
    village.ids[phone] = contact.id
    with pytest.raises(Unfit) as unfit:
        village.answer(RINA, number, "Bawa ke puskesmas. " * 20, key="k1")
    assert unfit.value.limit is not None and 150 < unfit.value.limit < 306
    village.answer(RINA, number, "a" * unfit.value.limit, key="k2")
    assert [message.channel for message in village.outbox(phone)] == [Channel.SMS]


def test_the_bidan_gets_what_a_kader_hands_over_and_the_kaders_reminders_end(village: Village) -> None:
    number = village.opens("handover")
    village.take(RINA, number)
    village.later(minutes=10)
    assert village.order(RINA, f"SERAHKAN {number} ke bidan") == "kader/kasus/terserahkan"
    (told,) = village.outbox(BIDAN)
    assert "Diserahkan oleh Ibu Rina" in told.text
    assert village.got(ANI) == ["kasus/diambil", "kasus/diserahkan"]
    village.later(hours=4)
    village.tick()
    assert "kader/kasus/ingat" in village.got(BIDAN) and village.got(RINA) == []
    with pytest.raises(NoBidan), village.app.store.transaction() as tx:
        casework.hand_over(village.deps, tx, village.who(BIDAN), number, village.now)


def test_a_case_is_closed_with_an_outcome_by_whoever_has_it_or_by_the_bidan(village: Village) -> None:
    number = village.opens("handover")
    village.take(RINA, number)
    assert village.order(RINA, f"TUTUP {number}") == "kader/kasus/hasil-apa"
    assert village.order(SARI, f"TUTUP {number} beres") == "kader/kasus/tidak-bisa"
    assert village.order(BIDAN, f"TUTUP {number} sudah dirujuk") == "kader/kasus/tertutup"
    page = village.case(number)
    assert (page.case.outcome, page.may_answer) == ("sudah dirujuk", False)
    assert village.got(ANI) == ["kasus/diambil", "kasus/selesai"]
    for text in (f"JAWAB {number} halo", f"AMBIL {number}", f"TUTUP {number} lagi", f"SERAHKAN {number}"):
        (refused,) = village.orders(RINA, text) or ()
        assert refused.vars["why"] == "closed"
    with pytest.raises(CaseClosed):
        village.answer(RINA, number)
    assert village.got(ANI) == ["kasus/diambil", "kasus/selesai"]


def test_a_case_nobody_took_is_closed_without_a_word_to_the_family(village: Village) -> None:
    number = village.opens("keluhan")
    assert village.order(RINA, f"TUTUP {number} sudah sembuh") == "kader/kasus/tertutup"
    assert village.got(ANI) == []


def test_a_remark_is_for_the_staff_alone(village: Village) -> None:
    number = village.opens("handover")
    assert village.order(RINA, f"CATAT {number} rumahnya pindah ke RT 3") == "kader/kasus/tercatat"
    assert [(note.kind, note.text) for note in village.case(number).notes] == [
        (NoteKind.REMARK, "rumahnya pindah ke RT 3")
    ]
    assert village.got(ANI) == []
    assert village.orders(RINA, "CATAT 99 apa saja") is None, "a number that is no case belongs to somebody else's book"


def test_another_posyandus_kader_does_not_even_learn_that_there_is_a_case(village: Village) -> None:
    number = village.opens("danger")
    with village.app.store.transaction() as tx:
        assert casework.list_cases(tx, village.who(OTHER)) == []
        for wanted in (number, 4711):
            with pytest.raises(NoSuchCase):
                casework.case_page(tx, village.who(OTHER), wanted, village.now)
        with pytest.raises(NoSuchCase):
            casework.answer(village.deps, tx, village.who(OTHER), number, "halo", village.now, "k")
        assert casework.list_cases(tx, village.who(ADMIN)) == []
    assert village.order(OTHER, "KASUS") == "kader/kasus/kosong"


def test_the_list_shows_danger_first_then_who_waits_longest(village: Village) -> None:
    old = village.opens("handover")
    village.later(hours=2)
    danger = village.opens("danger")
    other = village.opens("fault", BUDI)
    with village.app.store.transaction(write=False) as tx:
        assert [case.number for case in casework.list_cases(tx, village.who(RINA))] == [danger, old]
        assert [case.number for case in casework.list_cases(tx, village.who(BIDAN))] == [danger, old, other]
    (listed,) = village.orders(RINA, "KASUS") or ()
    assert [case["number"] for case in listed.vars["cases"]] == [danger, old]


def test_reading_a_case_by_whatsapp_is_written_down_with_who_read_it(village: Village) -> None:
    number = village.opens("handover", words="rahasia kami")
    (page,) = village.orders(RINA, f"kasus {number}") or ()
    assert (page.vars["words"], page.vars["phone"]) == ("rahasia kami", ANI)
    with Session(village.app.store.engine) as session:
        row = session.scalars(select(AuditTable).where(AuditTable.event == "case_read")).one()
    assert row.actor_id == village.ids[RINA] and row.household_id is not None
    assert "rahasia" not in str(row.detail)


# ------------------------------------------------------------------------------------------------- the bot is silent


def test_while_a_human_has_the_case_the_familys_words_go_to_the_human_and_the_bot_says_nothing(
    village: Village,
) -> None:
    number = village.opens("handover")
    village.writes("ini pesan biasa")
    assert village.waits_for_the_engine(), "untaken: the bot answers"
    village.take(RINA, number)
    with village.app.store.transaction() as tx:
        claimed = tx.claim_dialogue("w", village.now, village.now + timedelta(minutes=1))
        assert claimed is not None
        tx.finish_inbound(claimed.id, "w", None, village.now)
    village.writes("anak saya masih panas bu")
    assert not village.waits_for_the_engine()
    (passed,) = [message for message in village.outbox(RINA) if message.content_id == "kader/kasus/pesan"]
    assert "anak saya masih panas bu" in passed.text and f"JAWAB {number}" in passed.text
    assert village.got(ANI) == ["kasus/diambil"]
    assert village.case(number).notes[-1].text == "anak saya masih panas bu"


def test_a_danger_is_answered_by_the_bot_and_reaches_the_human_too(village: Village) -> None:
    village.take(RINA, village.opens("handover"))
    village.writes("tolong anak saya kejang")
    assert "bahaya/bayi-anak" in village.got(ANI)
    assert "kader/kasus/pesan" in village.got(RINA)
    village.tick()
    assert "kader/kasus/baru" in village.got(RINA), "and it is a case of its own"


def test_stop_is_stop_also_while_a_human_has_the_case(village: Village) -> None:
    village.take(RINA, village.opens("handover"))
    village.writes("STOP")
    assert village.got(ANI) == ["kasus/diambil", "dialog/berhenti"]


def test_a_loss_told_to_the_human_still_stops_what_it_stops(village: Village) -> None:
    village.take(RINA, village.opens("handover"))
    village.writes("bayi saya meninggal tadi malam")
    assert village.got(ANI) == ["kasus/diambil"], "the human answers, not the bot"
    with village.app.store.transaction(write=False) as tx:
        assert "duka" in {case.kind for case in tx.open_cases_of(village.ids[ANI])}


def test_a_picture_is_announced_for_it_cannot_be_opened(village: Village) -> None:
    number = village.opens("handover")
    village.take(RINA, number)
    village.writes("", media=(MediaItem("https://api.example.org/1", "image/jpeg"),), message_type="image")
    assert "mengirim foto" in village.outbox(RINA)[-1].text
    assert village.case(number).notes[-1].text == "[foto]"


@pytest.mark.parametrize(("text", "said"), [("BOT", ["kasus/bot-lagi"]), ("ke bot", ["kasus/bot-lagi"]), ("menu", [])])
def test_the_family_can_have_the_bot_back(village: Village, text: str, said: list[str]) -> None:
    number = village.opens("handover")
    village.take(RINA, number)
    village.writes(text)
    assert village.got(ANI) == ["kasus/diambil", *said]
    assert village.waits_for_the_engine() is (text == "menu")
    assert village.got(RINA) == ["kader/kasus/dilepas"]
    village.writes("terima kasih")
    assert village.waits_for_the_engine()
    assert village.case(number).case.taken_by is None


def test_a_day_after_the_humans_last_word_the_bot_answers_again_and_others_hear_that_the_family_waits(
    village: Village,
) -> None:
    number = village.opens("handover")
    village.take(RINA, number)
    village.later(hours=24)
    village.tick()
    village.tick()
    assert village.got(ANI) == ["kasus/diambil", "kasus/bot-lagi"]
    assert village.got(RINA)[-1] == "kader/kasus/dilepas"
    assert village.got(SARI) == ["kader/kasus/ingat"]
    assert "kader/kasus/ingat" in village.got(BIDAN)
    assert village.order(SARI, f"AMBIL {number}") == "kader/kasus/terambil"


def test_even_before_the_clock_comes_round_nobody_is_left_to_a_human_who_sleeps(village: Village) -> None:
    village.take(RINA, village.opens("handover"))
    village.later(hours=24)
    village.writes("halo?")
    assert village.waits_for_the_engine()


def test_a_word_at_night_waits_unless_the_two_are_talking_or_it_is_a_danger(village: Village) -> None:
    calm, danger = village.opens("handover"), village.opens("danger", BUDI)
    village.at(NIGHT - timedelta(hours=3))
    village.take(RINA, calm)
    village.take(BIDAN, danger)
    village.at(NIGHT)
    village.writes("bu?")
    village.writes("bu bidan?", BUDI)
    assert village.outbox(RINA)[-1].not_before == MORNING
    assert village.outbox(BIDAN)[-1].not_before == NIGHT
    village.answer(RINA, calm, key="k")
    village.later(minutes=20)
    village.writes("oh iya")
    assert village.outbox(RINA)[-1].not_before == village.now


# --------------------------------------------------------------------------------------------------- erased, and rules


def test_an_erased_familys_words_are_not_left_in_the_messages_of_the_staff(village: Village) -> None:
    number = village.opens("handover", words="rahasia kami")
    village.tick()
    village.order(RINA, f"JAWAB {number} rahasia juga")
    village.order(RINA, f"KASUS {number}")
    village.writes("rahasia ketiga")
    with village.app.store.transaction() as tx:
        for message in tx.outbox_of(village.ids[RINA])[:1]:
            for row in tx.claim_outbox("s", village.now, village.now + timedelta(minutes=1), 10):
                tx.record_send(row.id, "s", Sent(f"SM{row.id}"), village.now, 3)
            assert message.state is OutboxState.QUEUED
    with village.app.store.transaction() as tx:
        tx.forget_case_words(village.ids[ANI])
    assert all("rahasia" not in message.text for message in village.outbox(RINA))
    with village.app.store.transaction(write=False) as tx:
        assert all("rahasia" not in message.body for message in tx.inbound_of(village.ids[RINA]))


def test_every_kind_of_case_that_is_opened_anywhere_has_its_row_in_the_table() -> None:
    kinds = {"danger", "keluhan", "handover", "duka", "bayi-kecil", "pertumbuhan", "nomor", "fault"}
    assert kinds <= set(case_rules.HANDLING)
