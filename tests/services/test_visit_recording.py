"""Visits reported in passing: what is written, asked, or left to others. Today is Monday, 23 November 2026.

Every reply is rendered for WhatsApp and for SMS.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest

from sapa.bootstrap import App
from sapa.family.people import Child, Family, Pregnancy
from sapa.messaging.sms import gsm7_unsupported, sms_parts
from sapa.messaging.states import Channel, Kind, ReminderState
from sapa.services.consents import PREGNANCY_CARE
from sapa.services.households import family_of_contact
from sapa.services.losses import report_loss
from sapa.services.records import OutboxDraft, ReminderRow, Reply
from sapa.services.replies import render_reply
from sapa.services.visit_recording import record
from tests.support import NOW

RINA = "+6281200000001"
TODAY = date(2026, 11, 23)
TEXTS = "dialog/periksa/"


class Talk:
    """A household that may be pregnant or have given birth, and what its contact writes."""

    def __init__(self, app: App) -> None:
        self.app, self.now = app, NOW
        with app.store.transaction() as tx:
            contact, address = tx.contact_for_address(Channel.WHATSAPP, RINA, RINA, self.now)
            self.contact_id, self.address_id = contact.id, address.id
            self.household_id = tx.household_of(self.contact_id, self.now)

    def pregnant(self, weeks: int, **more: Any) -> Talk:
        lmp = TODAY - timedelta(weeks=weeks)
        done = more.pop("anc", {})
        known = Pregnancy(lmp, lmp + timedelta(days=280), contact_id=self.contact_id, id="p", **more)
        with self.app.store.transaction() as tx:
            tx.record_consent(self.contact_id, PREGNANCY_CARE, "...", True, None, self.now)
            tx.save_pregnancy(self.household_id, known, self.now)
            for visit, on in done.items():
                tx.record_visit("p", visit, on, self.now)
        return self

    def gave_birth(self, days_ago: int) -> Talk:
        self.pregnant(39)
        born = TODAY - timedelta(days=days_ago)
        with self.app.store.transaction() as tx:
            tx.end_pregnancy("p", "birth", born, self.now)
            tx.save_child(self.household_id, Child("Budi", born, id="c"), self.now)
        return self

    def reminded(self, content: str, about: date, hours_ago: int = 20) -> Talk:
        """Our reminder was the last thing said."""
        at = self.now - timedelta(hours=hours_ago)
        payload = {
            "kind": "campaign",
            "campaign": "periksa-hamil",
            "message": "periksa",
            "anchor": "anc_visit",
            "key": "p/K4",
            "rank": "check",
            "date": about.isoformat(),
            "days": -7,
            "until": TODAY.isoformat(),
            "also": [],
        }
        row = ReminderRow(f"{self.household_id}:r", self.household_id, at, about, "anc", content, ("K4",), payload)
        with self.app.store.transaction() as tx:
            tx.replace_plan(self.household_id, [row], at - timedelta(minutes=1))
            draft = OutboxDraft(
                "reminder:r", self.contact_id, self.address_id, Channel.WHATSAPP, Kind.REMINDER, content, "..."
            )
            outbox_id = tx.queue(draft, at)
            tx.finish_reminder(row.id, ReminderState.QUEUED, None, self.contact_id, outbox_id, at)
        return self

    def say(self, text: str, label: str = "", now: datetime | None = None) -> str | None:
        """The content id that answers; None when the message is left to others."""
        with self.app.store.transaction() as tx:
            found = record(self.app.deps, tx, self.contact_id, text, label, now or self.now)
        if found is None:
            return None
        (self.reply,) = found
        self.text = self._render(self.reply)
        return self.reply.key.removeprefix(TEXTS)

    def _render(self, reply: Reply) -> str:
        sms = render_reply(self.app.deps, reply, Channel.SMS, self.family).text
        assert gsm7_unsupported(sms) == "" and sms_parts(sms) <= 2, sms
        return render_reply(self.app.deps, reply, Channel.WHATSAPP, self.family).text

    @property
    def family(self) -> Family:
        with self.app.store.transaction(write=False) as tx:
            return family_of_contact(tx, self.contact_id, self.now, "Asia/Jakarta")

    @property
    def anc(self) -> dict[str, date]:
        assert self.family.pregnancy is not None
        return dict(self.family.pregnancy.anc)

    @property
    def next_visit_on(self) -> date | None:
        assert self.family.pregnancy is not None
        return self.family.pregnancy.next_visit_on


@pytest.fixture
def database_url(one_database: str) -> str:
    return one_database


@pytest.fixture
def talk(app: App) -> Talk:
    return Talk(app)


@pytest.mark.parametrize(
    ("weeks", "text", "visit", "on"),
    [
        (8, "sudah periksa", "K1", TODAY),
        (16, "tadi kontrol ke bidan", "K2", TODAY),
        (30, "sudah USG di dokter kemarin", "K5", date(2026, 11, 22)),
        (30, "sudah periksa hamil tgl 20 november", "K4", date(2026, 11, 20)),
    ],
)
def test_a_visit_is_the_next_one_of_its_window_and_shown_back(
    talk: Talk, weeks: int, text: str, visit: str, on: date
) -> None:
    assert talk.pregnant(weeks).say(text) == "tercatat"
    assert talk.anc == {visit: on}
    assert talk.reply.vars["date"] == on.isoformat()


def test_the_bidans_next_date_is_kept_with_the_visit_and_wins(talk: Talk) -> None:
    talk.pregnant(20, anc={"K2": date(2026, 10, 20)})
    assert talk.say("sudah periksa kemarin, disuruh balik tgl 20 desember") == "tercatat"
    assert (talk.anc["K3"], talk.next_visit_on) == (date(2026, 11, 22), date(2026, 12, 20))
    assert "dari bidan: *Minggu, 20 Desember 2026*" in talk.text


def test_the_bidans_date_alone_is_enough(talk: Talk) -> None:
    assert talk.pregnant(20).say("kontrol lagi tgl 5 desember") == "jadwal"
    assert (talk.anc, talk.next_visit_on) == ({}, date(2026, 12, 5))


def test_the_day_she_was_expected_is_over_once_she_has_been(talk: Talk) -> None:
    talk.pregnant(20, next_visit_on=date(2026, 11, 25)).say("sudah periksa")
    assert talk.next_visit_on is None


def test_a_later_date_of_the_bidan_stays(talk: Talk) -> None:
    talk.pregnant(20, next_visit_on=date(2026, 12, 20)).say("sudah periksa")
    assert talk.next_visit_on == date(2026, 12, 20)


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("sudah periksa minggu lalu", "tanya-tanggal"),
        ("sudah periksa tgl 3 mei 2024", "tanggal-tidak-cocok"),
        ("kontrol lagi tgl 5 desember 2027", "jadwal-tidak-cocok"),
    ],
)
def test_a_day_that_cannot_be_is_asked_again(talk: Talk, text: str, answer: str) -> None:
    assert talk.pregnant(20).say(text) == answer
    assert talk.anc == {} and talk.next_visit_on is None


def test_the_same_visit_told_twice_is_one_visit(talk: Talk) -> None:
    talk.pregnant(30)
    assert [talk.say("sudah periksa"), talk.say("sudah periksa")] == ["tercatat", "tercatat"]
    assert list(talk.anc) == ["K4"]
    talk.say("sudah kontrol bu", now=talk.now + timedelta(days=2))
    assert list(talk.anc) == ["K4"]


def test_a_visit_beyond_those_of_its_third_is_thanked_for(talk: Talk) -> None:
    assert talk.pregnant(9, anc={"K1": date(2026, 11, 1)}).say("sudah periksa tadi") == "tercatat"
    assert list(talk.anc) == ["K1"]


# -------------------------------------------------------------------------------------------------- after a reminder


@pytest.mark.parametrize(
    ("content", "text", "answer", "on"),
    [
        ("pengingat/hamil/periksa-sudah", "SUDAH", "tercatat", date(2026, 11, 16)),
        ("pengingat/hamil/periksa-sudah", "sudah 20 november", "tercatat", date(2026, 11, 20)),
        ("pengingat/hamil/periksa-sudah", "iya", "tercatat", date(2026, 11, 16)),
        ("pengingat/hamil/periksa-sudah", "belum", "belum", None),
        ("pengingat/hamil/periksa-sudah", "belum sempat bu", "belum", None),
        ("pengingat/hamil/periksa", "sudah bu tadi", "tercatat", TODAY),
        ("pengingat/hamil/periksa", "iya", None, None),
        ("pengingat/posyandu", "SUDAH", None, None),
    ],
)
def test_a_bare_sudah_answers_our_own_reminder_only(
    talk: Talk, content: str, text: str, answer: str | None, on: date | None
) -> None:
    talk.pregnant(30).reminded(content, date(2026, 11, 16))
    assert talk.say(text) == answer
    assert list(talk.anc.values()) == ([on] if on else [])


def test_sudah_and_both_dates_after_the_check(talk: Talk) -> None:
    talk.pregnant(30).reminded("pengingat/hamil/periksa-sudah", date(2026, 11, 16))
    assert talk.say("SUDAH 17 November, berikutnya 10 Desember") == "tercatat"
    assert (talk.anc, talk.next_visit_on) == ({"K4": date(2026, 11, 17)}, date(2026, 12, 10))


def test_sudah_long_after_the_reminder_answers_nothing(talk: Talk) -> None:
    talk.pregnant(30).reminded("pengingat/hamil/periksa-sudah", date(2026, 10, 16), hours_ago=24 * 22)
    assert talk.say("SUDAH") is None


# -------------------------------------------------------------------------------------------------- after the birth


@pytest.mark.parametrize(
    ("days", "text", "visits"),
    [
        (1, "bidan sudah datang kunjungan nifas", {"KF1", "KN1"}),
        (5, "bayi sudah diperiksa bidan", {"KN2"}),
        (10, "tadi kontrol nifas", {"KF3", "KN3"}),
        (10, "saya sudah periksa tadi", {"KF3"}),
        (35, "sudah kunjungan nifas kemarin", {"KF4"}),
    ],
)
def test_a_visit_after_the_birth_is_the_one_of_its_days(talk: Talk, days: int, text: str, visits: set[str]) -> None:
    assert talk.gave_birth(days).say(text) == "kunjungan-tercatat"
    found = talk.family.postpartum
    assert found is not None and set(found.visits) == visits


def test_sudah_after_the_reminder_of_such_a_visit(talk: Talk) -> None:
    talk.gave_birth(4).reminded("pengingat/nifas/kunjungan", TODAY - timedelta(days=1))
    assert talk.say("SUDAH") == "kunjungan-tercatat"
    assert talk.family.postpartum is not None and set(talk.family.postpartum.visits) == {"KF2", "KN2"}
    assert "Berikutnya Ibu dan bayi diperiksa antara *27 Nov 2026 dan 17 Des 2026*" in talk.text


def test_sudah_days_later_still_means_the_visit_we_named(talk: Talk) -> None:
    talk.gave_birth(9).reminded("pengingat/nifas/kunjungan", TODAY - timedelta(days=6))
    assert talk.say("sudah bu") == "kunjungan-tercatat"
    # Named on day 3, told on day 9: the visit of days 3 to 7.
    assert talk.family.postpartum is not None
    assert dict(talk.family.postpartum.visits) == dict.fromkeys(("KF2", "KN2"), TODAY - timedelta(days=2))


def test_belum_after_it_is_met_kindly(talk: Talk) -> None:
    talk.gave_birth(4).reminded("pengingat/nifas/kunjungan", TODAY - timedelta(days=1))
    assert talk.say("belum") == "belum"
    assert "Ibu dan bayi masih bisa diperiksa" in talk.text


# ---------------------------------------------------------------------------------------------------- not a report


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("kapan saya kontrol lagi?", "hamil/periksa-anc"),
        ("sudah periksa tapi tensi saya tinggi", "keluhan"),
        ("sudah periksa tapi tensi saya tinggi", ""),
        ("tadi periksa, keluar darah", "danger"),
        ("sudah periksa", "flow/duka"),
        ("sudah imunisasi BCG 12 mei", "flow/catat-imunisasi"),
        ("sudah suntik KB", ""),
        ("sudah makan", ""),
        ("/sudah periksa", ""),
        ("sudah lahir bu", ""),
        ("apa saja yang diperiksa dokter", "hamil/periksa-anc"),
    ],
)
def test_what_is_no_report_is_left_to_others(talk: Talk, text: str, label: str) -> None:
    assert talk.pregnant(20).say(text, label) is None
    assert talk.anc == {}


def test_a_family_without_a_pregnancy_reports_no_visits(talk: Talk) -> None:
    assert talk.say("sudah periksa") is None


def test_names_for_twins_come_in_one_message(talk: Talk) -> None:
    with talk.app.store.transaction() as tx:
        for number in (1, 2):
            tx.save_child(talk.household_id, Child(f"Bayi {number}", TODAY, id=f"c{number}"), talk.now)
    assert talk.say("nama bayi Budi") == "dialog/lahir/nama-yang-mana"
    assert talk.say("nama bayi Budi dan Ani") == "dialog/lahir/nama-tercatat"
    assert sorted(child.name for child in talk.family.children) == ["Ani", "Budi"]


@pytest.mark.parametrize(("answer", "on"), [("tgl 17", 17), ("17 november", 17), ("tanggal 20 bu", 20)])
def test_the_bare_day_answers_our_question_for_it(talk: Talk, answer: str, on: int) -> None:
    talk.pregnant(29).reminded(f"{TEXTS}tanya-tanggal", TODAY, hours_ago=1)
    assert talk.say(answer) == "tercatat"
    assert date(2026, 11, on) in talk.anc.values()


@pytest.mark.parametrize(
    ("text", "on"),
    [
        ("bidan suruh balik 2 minggu lagi", date(2026, 12, 7)),
        ("bidan bilang balik lagi 2 minggu", date(2026, 12, 7)),
        ("kontrol lagi 10 hari lagi", date(2026, 12, 3)),
        ("kontrol berikutnya tgl 5", date(2026, 12, 5)),
    ],
)
def test_the_bidans_day_may_be_told_in_weeks_or_without_its_month(talk: Talk, text: str, on: date) -> None:
    assert talk.pregnant(29).say(text) == "jadwal"
    assert talk.next_visit_on == on


@pytest.mark.parametrize("text", ["bidan suruh balik sebulan lagi", "kontrol lagi minggu depan hari senin"])
def test_a_next_visit_without_a_day_is_asked_for_and_the_day_alone_answers(talk: Talk, text: str) -> None:
    assert talk.pregnant(29).say(text) == "tanya-jadwal"
    talk.reminded(f"{TEXTS}tanya-jadwal", TODAY, hours_ago=1)
    assert talk.say("tadi gak sempat periksa") == "belum"
    assert talk.say("20 desember") == "jadwal" and talk.next_visit_on == date(2026, 12, 20)


def test_a_visit_that_is_called_off_is_not_written_down_as_one_to_come(talk: Talk) -> None:
    talk.pregnant(29, next_visit_on=date(2026, 12, 5))
    assert talk.say("gak jadi periksa tgl 5") == "batal-jadwal"
    assert talk.next_visit_on is None and talk.anc == {}


def test_what_the_bidan_measured_may_be_told_along_unless_it_is_high(talk: Talk) -> None:
    told = "sudah periksa kehamilan di puskesmas tgl 20 november, tensi 110/70, berat 60 kg, kontrol lagi 20 desember"
    assert talk.pregnant(29).say(told) == "tercatat" and talk.next_visit_on == date(2026, 12, 20)
    assert talk.say("sudah periksa, tensi 150/100") is None


@pytest.mark.parametrize("label", ["flow/catat-imunisasi", ""])
def test_a_bare_sudah_to_our_reminder_is_a_visit_whatever_the_label(talk: Talk, label: str) -> None:
    talk.pregnant(29).reminded("pengingat/hamil/periksa", date(2026, 11, 22))
    assert talk.say("SUDAH", label) == "tercatat"


@pytest.mark.parametrize(("text", "answer"), [("SUDAH", "sudah-apa"), ("belum", "belum-apa")])
def test_a_bare_sudah_to_a_tip_writes_nothing_and_is_not_turned_away(talk: Talk, text: str, answer: str) -> None:
    talk.pregnant(18).reminded("pengingat/hamil/kelas-ibu", TODAY)
    assert talk.say(text, "flow/catat-imunisasi") == answer and talk.anc == {}


@pytest.mark.parametrize(
    ("weeks", "text", "answer"),
    [
        (41, "belum", "dialog/lahir/belum-lewat"),
        (39, "blm lahir bu", "dialog/lahir/belum"),
        (39, "SUDAH", "dialog/lahir/sudah-apa"),
    ],
)
def test_our_question_for_the_birth_is_answered_in_a_word(talk: Talk, weeks: int, text: str, answer: str) -> None:
    talk.pregnant(weeks).reminded("pengingat/hamil/belum-lahir", TODAY)
    assert talk.say(text) == answer


def test_trouble_told_with_not_born_yet_is_left_to_others(talk: Talk) -> None:
    assert talk.pregnant(39).say("belum lahir bu, masih mules2") is None


def test_a_visit_reported_while_a_loss_is_unclear_is_kept_without_a_word_of_the_next(talk: Talk) -> None:
    talk.pregnant(20)
    with talk.app.store.transaction() as tx:
        report_loss(talk.app.deps, tx, talk.contact_id, "saya sudah tidak hamil lagi", talk.now, "in-1")
    assert talk.say("sudah periksa") == "dicatat-saja"
