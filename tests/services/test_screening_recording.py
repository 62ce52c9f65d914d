"""What a couple reports in passing: what is written, what is asked, what is left to the rest of the dialogue."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest

from sapa.bootstrap import App
from sapa.family.people import Child, Pregnancy, Screening, Sex, Wedding
from sapa.family.screening import both
from sapa.messaging.sms import gsm7_unsupported, sms_parts
from sapa.messaging.states import Channel, Kind
from sapa.services.consents import PREMARITAL
from sapa.services.households import family_of_contact
from sapa.services.partners import screening_id
from sapa.services.records import OutboxDraft, Reply
from sapa.services.replies import render_reply
from sapa.services.screening_recording import record

SHE = "+6281200000001"
ASK = "dialog/catin/"
TOLD = {"age_years": 23, "weight_kg": 45, "height_cm": 155, "lila_cm": None, "hb_g_dl": None, "smokes": False}
HIS = {"age_years": 26, "smokes": True}


class Bride:
    """A bride whose screening is on record."""

    def __init__(self, app: App, now: datetime) -> None:
        self.app, self.now = app, now
        with app.store.transaction() as tx:
            contact, address = tx.contact_for_address(Channel.WHATSAPP, SHE, SHE, now)
            self.contact_id, self.address_id = contact.id, address.id
            tx.record_consent(contact.id, PREMARITAL, "...", True, "in-1", now)
            self.household_id = tx.household_of(contact.id, now)
            tx.save_wedding(self.household_id, Wedding(date(2027, 3, 14), now.date(), (), contact.id, "w1"), now)
            tx.save_screening("w1", Screening(Sex.FEMALE, TOLD, contact.id, screening_id("w1", Sex.FEMALE)), now)
            tx.save_screening("w1", Screening(Sex.MALE, HIS, "", screening_id("w1", Sex.MALE)), now)

    def say(self, text: str, label: str = "nlu_fallback") -> list[str] | None:
        with self.app.store.transaction() as tx:
            replies = record(self.app.deps, tx, self.contact_id, text, label, self.now)
            family = family_of_contact(tx, self.contact_id, self.now, self.app.deps.default_timezone)
            for reply in replies or ():
                assert render_reply(self.app.deps, reply, Channel.WHATSAPP, family).text
                short = render_reply(self.app.deps, reply, Channel.SMS, family).text
                assert gsm7_unsupported(short) == "" and sms_parts(short) <= 2, short
        self.replies: tuple[Reply, ...] = replies or ()
        return None if replies is None else [reply.key for reply in replies]

    def wedding(self) -> Wedding | None:
        with self.app.store.transaction(write=False) as tx:
            return tx.wedding_of(self.household_id)

    def told(self, sex: Sex = Sex.FEMALE) -> dict[str, Any]:
        wedding = self.wedding()
        assert wedding is not None
        return dict(both(wedding)[0 if sex is Sex.FEMALE else 1].answers)

    def reminded_of(self, content_id: str) -> None:
        with self.app.store.transaction() as tx:
            draft = OutboxDraft(
                f"r:{content_id}", self.contact_id, self.address_id, Channel.WHATSAPP, Kind.REMINDER, content_id, "..."
            )
            tx.queue(draft, self.now)


@pytest.fixture
def bride(app: App, now: datetime) -> Bride:
    return Bride(app, now)


REPORTS: tuple[tuple[str, Sex, str, Any], ...] = (
    ("Hb saya 11,2", Sex.FEMALE, "hb_g_dl", 11.2),
    ("tadi periksa hb di puskesmas hasilnya 12,3", Sex.FEMALE, "hb_g_dl", 12.3),
    ("hb sudah naik jadi 12", Sex.FEMALE, "hb_g_dl", 12),
    ("LiLA 24", Sex.FEMALE, "lila_cm", 24),
    ("lila sekarang 23,5 cm", Sex.FEMALE, "lila_cm", 23.5),
    ("berat saya sekarang 47 kg", Sex.FEMALE, "weight_kg", 47),
    ("calon suami sudah berhenti merokok", Sex.MALE, "smokes", False),
    ("calon suami saya bb 60 tb 170", Sex.MALE, "height_cm", 170),
    ("sudah suntik td T3 tanggal 5 november 2026", Sex.FEMALE, "td_status", "T3"),
    ("di rumah sudah tidak ada yang merokok", Sex.FEMALE, "smoke_at_home", False),
)


def test_a_plain_report_is_written_down(bride: Bride) -> None:
    for text, sex, item, value in REPORTS:
        assert bride.say(text) == [ASK + "tercatat"], text
        assert bride.told(sex)[item] == value, text


def test_the_answer_says_what_the_figure_means(bride: Bride) -> None:
    bride.say("Hb saya 11,2")
    (row,) = bride.replies[0].vars["findings"]
    assert (row["item"], row["status"], row["value"]) == ("hb", "improve", "11,2")  # below 12
    bride.say("Hb saya 12")
    assert bride.replies[0].vars["findings"][0]["status"] == "good"


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("tanggal nikah pindah jadi 5 mei", date(2027, 5, 5)),
        ("nikahnya diundur ke 5 juni 2027", date(2027, 6, 5)),
        ("akad dimajukan 20 desember 2026", date(2026, 12, 20)),
        ("tanggal nikahnya belum tahu lagi", None),
    ],
)
def test_the_wedding_day_moves(bride: Bride, text: str, day: date | None) -> None:
    assert bride.say(text) == [ASK + "tercatat"]
    wedding = bride.wedding()
    assert wedding is not None and wedding.date == day


def test_a_rough_or_past_day_is_asked_for_instead(bride: Bride) -> None:
    assert bride.say("nikahnya pindah ke bulan juni") == [ASK + "tanya-tanggal"]
    assert bride.say("nikahnya 5 mei 2026") == [ASK + "tanya-tanggal"]
    wedding = bride.wedding()
    assert wedding is not None and wedding.date == date(2027, 3, 14)


@pytest.mark.parametrize("text", ["kami sudah menikah", "alhamdulillah sudah nikah kemarin"])
def test_after_the_wedding_the_record_is_closed(bride: Bride, text: str) -> None:
    assert bride.say(text) == [ASK + "sudah-menikah"]
    assert bride.wedding() is None


def test_a_wedding_that_will_not_be_is_closed_without_a_cheerful_word(bride: Bride) -> None:
    assert bride.say("nikahnya batal") == [ASK + "tidak-jadi"]
    assert bride.wedding() is None
    assert bride.say("Hb saya 12") is None


def test_a_figure_that_cannot_be_is_asked_about_and_not_kept(bride: Bride) -> None:
    assert bride.say("Hb saya 112") == [ASK + "periksa-angka"]
    assert bride.replies[0].vars["doubt_suggestion"] == "11,2"
    assert bride.told()["hb_g_dl"] is None


def test_an_injection_without_its_number_is_asked_for(bride: Bride) -> None:
    """Which T it was stands on the card; nobody's memory makes a status (content/facts/imunisasi.yml, td_wus)."""
    assert bride.say("tadi sudah suntik TT") == [ASK + "td-berapa"]
    assert "td_status" not in bride.told()
    assert bride.say("T3, 5 november 2026") == [ASK + "tercatat"]
    assert (bride.told()["td_status"], bride.told()["td_last_on"]) == ("T3", "2026-11-05")


def test_a_new_status_without_its_day_takes_the_old_day_with_it(bride: Bride) -> None:
    bride.say("status td T2 tanggal 3 oktober 2026")
    bride.say("td T3")
    assert (bride.told()["td_status"], bride.told()["td_last_on"]) == ("T3", None)


@pytest.mark.parametrize(
    ("reminder", "answer"),
    [("td", "td-berapa"), ("periksa-ulang", "berapa-hasilnya"), ("data-belum", "berapa-hasilnya")],
)
def test_done_after_our_reminder_is_asked_for_what_the_card_says(bride: Bride, reminder: str, answer: str) -> None:
    assert bride.say("sudah") is None, "nobody has asked"
    bride.reminded_of(f"pengingat/catin/{reminder}")
    assert bride.say("sudah bu") == [ASK + answer]


NO_REPORTS = (
    "Hb berapa yang normal?",
    "kapan sebaiknya menikah",
    "hb saya 9 pusing terus",
    "berat Ani 8,2",
    "berat anak saya 8,2",
    "rokok itu bahaya buat janin",
    "umur berapa boleh nikah",
    "sudah",
    "suntik kb 3 bulan",
    "terima kasih",
    "mau tanya soal tt",
    "/merokok",
)


def test_what_is_no_report_is_left_to_the_others(bride: Bride) -> None:
    before = bride.wedding()
    assert {text: bride.say(text) for text in NO_REPORTS} == dict.fromkeys(NO_REPORTS)
    assert bride.wedding() == before


def test_what_is_more_urgent_is_never_taken(bride: Bride) -> None:
    labels = ("danger", "keluhan", "flow/duka", "flow/berhenti", "flow/hapus-data")
    assert {label: bride.say("Hb saya 11,2", label) for label in labels} == dict.fromkeys(labels)


def test_without_a_wedding_on_record_nothing_is_heard(bride: Bride) -> None:
    bride.say("nikahnya batal")
    for text in ("HUBUNGKAN", "kartu catin", "Hb saya 12", "sudah menikah"):
        assert bride.say(text) is None


def test_once_she_is_pregnant_her_figures_belong_to_the_pregnancy(bride: Bride) -> None:
    with bride.app.store.transaction() as tx:
        lmp = bride.now.date() - timedelta(weeks=8)
        tx.save_pregnancy(bride.household_id, Pregnancy(lmp, lmp + timedelta(days=280), id="p1"), bride.now)
    assert bride.say("Hb saya 11,2") is None


def test_beside_children_a_weight_needs_a_word_of_whose_it_is(bride: Bride) -> None:
    with bride.app.store.transaction() as tx:
        tx.save_child(bride.household_id, Child("Ani", date(2024, 5, 3), Sex.FEMALE, id="c1"), bride.now)
    assert bride.say("berat 47") is None
    assert bride.say("berat saya 47") == [ASK + "tercatat"]


def test_saying_it_twice_changes_nothing_more(bride: Bride) -> None:
    assert bride.say("Hb saya 11,2") == bride.say("Hb saya 11,2")
    assert bride.told() == {**TOLD, "hb_g_dl": 11.2}


def test_the_card_can_be_asked_for_at_any_time(bride: Bride) -> None:
    assert bride.say("kartu catin") == [ASK + "hasil", ASK + "rencana"]
    assert bride.replies[0].picture is not None


def test_a_short_word_of_ours_is_heard_whatever_the_model_takes_it_for(bride: Bride) -> None:
    assert bride.say("HUBUNGKAN", "handover") == [ASK + "hubung/kode"]


def test_the_code_that_runs_is_given_again(bride: Bride) -> None:
    bride.say("HUBUNGKAN")
    first = bride.replies[0].vars["partner_code"]
    bride.say("hubungkan pasangan")
    assert bride.replies[0].vars["partner_code"] == first and len(first) == 6
    bride.now += timedelta(days=8)
    bride.say("HUBUNGKAN")
    assert bride.replies[0].vars["partner_code"] != first
