"""Seeing, correcting, taking away and erasing one's data, as the dialogues do it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from sapa.bootstrap import App
from sapa.family.people import Child, Contraception, Measurement, Pregnancy, Screening, Sex, Wedding
from sapa.messaging.states import Channel
from sapa.services import rights
from sapa.services.agenda import agenda
from sapa.services.consents import CHILD_CARE, FAMILY_PLANNING, PREGNANCY_CARE, SEAT
from sapa.services.demo import seed_demo
from sapa.services.households import family_of_contact, seen_by, text_facts
from sapa.services.journeys import correct, erase
from sapa.services.journeys.contract import Journey, Scene
from sapa.services.records import Reply
from sapa.services.reminders import replan
from sapa.services.replies import render_reply

MOTHER, FATHER = "+6281200000001", "+6281200000002"


@pytest.fixture
def database_url(one_database: str) -> str:
    """One kind of database is enough here."""
    return one_database


@dataclass
class Talk:
    """A journey as the conductor leads it, without consent and questions in between."""

    app: App
    now: datetime
    contact_id: str
    household_id: str
    journey: Journey
    data: dict[str, Any] = field(default_factory=dict)
    asked: str | None = None
    over: bool = False

    def say(self, text: str) -> list[Reply]:
        """The replies to a message."""
        with self.app.store.transaction() as tx:
            family = family_of_contact(tx, self.contact_id, self.now, "Asia/Jakarta")
            scene = Scene(self.app.deps, tx, self.contact_id, family, self.now, family.today, "in-1")
            heard = self.journey.hear(scene, text, self.data, self.asked)
            if heard.over is not None:
                self.over = True
                return list(heard.notes)
            if not heard.understood:
                return [Reply("?")]
            self.data = dict(heard.data)
            question = self.journey.ask(scene, self.data)
            if question is None:
                self.over = True
                return [*heard.notes, *self.journey.finish(scene, self.data)]
            self.asked = question.slot
            replies = [*heard.notes, question.reply]
            for reply in replies:  # every text can be said
                for channel in Channel:
                    assert render_reply(self.app.deps, reply, channel, family).text
            return replies

    def keys(self, text: str) -> list[str]:
        return [reply.key for reply in self.say(text)]

    def opens(self, text: str, label: str | None) -> bool:
        with self.app.store.transaction(write=False) as tx:
            family = family_of_contact(tx, self.contact_id, self.now, "Asia/Jakarta")
            scene = Scene(self.app.deps, tx, self.contact_id, family, self.now, family.today, "in-1")
            return bool(self.journey.opens(scene, text, label))  # type: ignore[attr-defined]


@pytest.fixture
def home(app: App, now: datetime) -> Talk:
    with app.store.transaction() as tx:
        seed_demo(tx, now.date())
        mother, _ = tx.contact_for_address(Channel.WHATSAPP, MOTHER, MOTHER, now)
        household = tx.household_of(mother.id, now)
        tx.set_member(mother.id, household, "ibu", False)
        tx.set_contact_name(mother.id, "Sari")
        ani = Child("Ani", date(2026, 6, 1), Sex.MALE, {"BCG": date(2026, 6, 20)}, id="kid-1")
        tx.save_child(household, ani, now)
        tx.save_measurement("kid-1", Measurement(date(2026, 11, 1), 6.4, 62.0, "L"), "chat", now)
        tx.save_child(household, Child("Budi Santoso", date(2024, 2, 10), Sex.MALE, id="kid-2"), now)
        lmp = now.date() - timedelta(weeks=10)
        tx.save_pregnancy(household, Pregnancy(lmp, lmp + timedelta(280), contact_id=mother.id, id="preg-1"), now)
        tx.record_consent(mother.id, CHILD_CARE, "Setuju data anak disimpan?", True, "in-0", now)
    return Talk(app, now, mother.id, household, correct.JOURNEY)


def children(home: Talk) -> dict[str, Child]:
    with home.app.store.transaction(write=False) as tx:
        return {child.id: child for child in tx.children_of(home.household_id)}


# -------------------------------------------------------------------------------------------------------- to see it


def test_data_saya_shows_every_journey_in_words(home: Talk) -> None:
    app, now = home.app, home.now
    with app.store.transaction() as tx:
        tx.save_contraception(home.contact_id, Contraception("iud", date(2026, 1, 5), contact_id=home.contact_id), now)
        replies = rights.record(app.deps, tx, home.contact_id, "data saya", "", now)
        assert replies is not None
        family = family_of_contact(tx, home.contact_id, now, "Asia/Jakarta")
        shown = render_reply(app.deps, replies[0], Channel.WHATSAPP, family).text
    for words in (
        "Ani",
        "1 Juni 2026",
        "Budi Santoso",
        "haid terakhir",
        "Jadwal pribadi",
        "Setuju",
        "HAPUS DATA",
        "UNDUH DATA",
    ):
        assert words in shown, words


def test_a_method_and_a_screening_are_shown_to_their_owner_alone(home: Talk) -> None:
    app, now = home.app, home.now
    with app.store.transaction() as tx:
        father, _ = tx.contact_for_address(Channel.WHATSAPP, FATHER, FATHER, now)
        tx.set_member(father.id, home.household_id, "ayah", False)
        tx.save_contraception(home.contact_id, Contraception("iud", id="kb-1"), now)
        tx.save_wedding(home.household_id, Wedding(date(2027, 1, 9), id="wed-1"), now)
        tx.save_screening("wed-1", Screening(Sex.FEMALE, {"hb_g_dl": 10.5}, home.contact_id, "s-1"), now)
        hers = rights.gather(app.deps, tx, home.contact_id, now)
        his = rights.gather(app.deps, tx, father.id, now)
    assert hers["contraception"]["method"] == "iud" and hers["wedding"]["answers"] == {"hb_g_dl": 10.5}
    assert his["contraception"] is None and his["wedding"]["answers"] is None
    assert [child["name"] for child in his["children"]] == ["Ani", "Budi Santoso"]


@pytest.mark.parametrize(
    "text", ["unduh data", "tolong kirim salinan data saya", "ekspor data saya dong", "UNDUH DATA"]
)
def test_the_file_is_asked_for_in_words(text: str) -> None:
    assert rights.wants_file(text)


@pytest.mark.parametrize("text", ["minta data posyandu", "data saya salah", "hapus data", "kirim jadwal"])
def test_other_messages_are_not_for_it(home: Talk, text: str) -> None:
    with home.app.store.transaction() as tx:
        assert rights.record(home.app.deps, tx, home.contact_id, text, "", home.now) is None


def test_the_file_is_read_by_people_and_by_machines_alike(home: Talk, receive: Any) -> None:
    receive("</script><b>halo</b> anak saya Ani", MOTHER)
    app = home.app
    with app.store.transaction() as tx:
        reply = rights.offer_file(app.deps, tx, home.contact_id, home.now)
        picture = tx.picture(str(reply.vars["link"]).rsplit("/", 1)[1])
    assert picture is not None and picture.content_type == "text/html"
    page = picture.data.decode()
    data = re.findall(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    kept = json.loads(data[0])
    assert kept["children"][0]["measurements"][0]["weight_kg"] == 6.4
    assert kept["consents"][0]["wording"] == "Setuju data anak disimpan?"
    assert kept["messages"][0]["text"] == "</script><b>halo</b> anak saya Ani"
    people = page.partition("<script")[0]
    assert "Tanggal lahir" in people and "Senin, 1 Juni 2026" in people and "&lt;b&gt;halo" in people
    assert "http" not in people  # nothing is fetched from elsewhere


def test_the_address_of_the_file_cannot_be_guessed_and_is_new_each_time(home: Talk) -> None:
    with home.app.store.transaction() as tx:
        links = {rights.offer_file(home.app.deps, tx, home.contact_id, home.now).vars["link"] for _ in range(3)}
    assert len(links) == 3 and all(len(str(link).rsplit("/", 1)[1]) > 30 for link in links)


# ------------------------------------------------------------------------------------------------------ to correct it

ONE_SENTENCE = [
    ("nama Ani salah, harusnya Anisa", "name", "Anisa"),
    ("ubah nama Ani jadi Anisa Putri", "name", "Anisa Putri"),
    ("tanggal lahir Ani salah, yang benar 3 mei 2026", "birth_date", date(2026, 5, 3)),
    ("ganti lahirnya Ani jadi 3-5-2026", "birth_date", date(2026, 5, 3)),
    ("Ani cewe bukan cowo tlg dibenerin", "sex", Sex.FEMALE),
    ("jenis kelamin Ani salah, perempuan", "sex", Sex.FEMALE),
]


@pytest.mark.parametrize(("text", "what", "value"), ONE_SENTENCE, ids=[row[0] for row in ONE_SENTENCE])
def test_one_sentence_and_a_yes_corrects_it(home: Talk, text: str, what: str, value: object) -> None:
    assert home.opens(text, "flow/profil")
    assert home.keys(text) == ["dialog/data-saya/periksa"]
    assert getattr(children(home)["kid-1"], what) != value  # nothing is written before the yes
    assert home.keys("benar") == ["dialog/data-saya/tersimpan"] and home.over
    assert getattr(children(home)["kid-1"], what) == value
    assert children(home)["kid-2"].name == "Budi Santoso"
    assert children(home)["kid-1"].doses == {"BCG": date(2026, 6, 20)}


def test_step_by_step_it_asks_what_and_whose_and_how(home: Talk) -> None:
    assert home.keys("ubah data") == ["dialog/data-saya/ubah-apa"]
    assert home.keys("tanggal lahir") == ["dialog/data-saya/anak-yang-mana"]
    assert home.keys("2") == ["dialog/data-saya/tanya-nilai"]
    assert home.keys("10 maret 2024") == ["dialog/data-saya/periksa"]
    assert home.keys("ya") == ["dialog/data-saya/tersimpan"]
    assert children(home)["kid-2"].birth_date == date(2024, 3, 10)


def test_a_birth_date_after_the_first_dose_is_asked_again_kindly(home: Talk) -> None:
    assert home.keys("tanggal lahir Ani salah, yang benar 1 juli 2026") == [
        "dialog/data-saya/lahir-sesudah-suntik",
        "dialog/data-saya/tanya-nilai",
    ]
    assert home.keys("1 mei 2026") == ["dialog/data-saya/periksa"]


def test_a_date_in_the_future_is_asked_again(home: Talk) -> None:
    home.keys("ubah tanggal lahir Ani")
    assert home.keys("3 mei 2030")[0] == "dialog/daftar-anak/tanggal-masa-depan"
    assert home.asked == "nilai"


def test_no_starts_again_and_nothing_is_written(home: Talk) -> None:
    home.keys("nama Ani salah, harusnya Anisa")
    assert home.keys("tidak") == ["dialog/data-saya/belum-diubah", "dialog/data-saya/ubah-apa"]
    assert children(home)["kid-1"].name == "Ani"


def test_the_dates_of_a_pregnancy_are_corrected_by_hpht_or_hpl(home: Talk) -> None:
    assert home.keys("HPHT saya salah, harusnya 1 september 2026") == ["dialog/data-saya/periksa"]
    home.keys("benar")
    with home.app.store.transaction(write=False) as tx:
        pregnancy = tx.pregnancy_of(home.household_id)
    assert pregnancy is not None
    assert (pregnancy.lmp, pregnancy.edd, pregnancy.dated_by) == (date(2026, 9, 1), date(2027, 6, 8), "hpht")


def test_a_pregnancy_of_two_years_is_refused_kindly(home: Talk) -> None:
    home.keys("HPHT saya salah, harusnya 1 september 2024")
    assert home.asked == "nilai"
    with home.app.store.transaction(write=False) as tx:
        assert tx.pregnancy_of(home.household_id).lmp.year == 2026  # type: ignore[union-attr]


def test_ones_own_name_is_corrected(home: Talk) -> None:
    assert home.keys("nama saya salah, harusnya Siti Aminah") == ["dialog/data-saya/periksa"]
    home.keys("benar")
    with home.app.store.transaction(write=False) as tx:
        assert tx.contact(home.contact_id).name == "Siti Aminah"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("text", "label", "opens"),
    [
        ("ubah", None, True),
        ("UBAH DATA", None, True),
        ("mau ganti data", None, True),
        ("Nama saya salah tercatat, mohon diperbaiki.", "flow/profil", True),
        ("lihat profil", "flow/profil", False),
        ("ganti nomor", "flow/profil", False),
        ("kami pindah rumah", "flow/profil", False),
        ("ganti BCG 13 Mei", "flow/catat-imunisasi", False),
    ],
)
def test_only_a_wish_to_change_what_is_kept_opens_it(home: Talk, text: str, label: str | None, opens: bool) -> None:
    assert home.opens(text, label) is opens


def test_finishing_twice_for_one_message_changes_nothing_more(home: Talk) -> None:
    home.keys("nama Ani salah, harusnya Anisa")
    before = dict(home.data)
    home.keys("benar")
    once = children(home)
    again = replace(home, data=before, over=False)
    again.keys("benar")
    assert children(home) == once


# -------------------------------------------------------------------------------------------------------- to erase it


@pytest.fixture
def erasing(home: Talk) -> Talk:
    return replace(home, journey=erase.JOURNEY, data={}, asked=None)


@pytest.mark.parametrize("yes", ["HAPUS", "hapus semua", "ya", "ya hapus", "Hapus saja bu", "setuju"])
def test_it_asks_once_and_a_yes_gives_the_receipt(erasing: Talk, yes: str) -> None:
    assert erasing.keys("HAPUS DATA") == ["dialog/hapus/yakin"]
    (receipt,) = erasing.say(yes)
    assert receipt.key == rights.RECEIPT and erasing.over
    assert re.fullmatch(r"HD-261123-[0-9A-F]{8}", str(receipt.vars["receipt"]))


@pytest.mark.parametrize("no", ["tidak", "jangan", "ga jadi hapus, tidak"])
def test_a_no_erases_nothing(erasing: Talk, no: str) -> None:
    erasing.keys("hapus data saya")
    assert "dialog/hapus/tanda-terima" not in erasing.keys(no)
    assert children(erasing)


def test_anything_else_is_neither(erasing: Talk) -> None:
    erasing.keys("hapus data saya")
    assert erasing.keys("kapan posyandu?") == ["?"]


def test_the_question_offers_the_file_first_and_asks_again(erasing: Talk) -> None:
    erasing.keys("hapus data saya")
    assert erasing.keys("unduh data") == ["dialog/data-saya/unduh", "dialog/hapus/yakin"]


def test_the_question_says_what_goes_and_what_stays_with_others(erasing: Talk) -> None:
    (question,) = erasing.say("hapus data")
    assert question.vars == {"names": ["Ani", "Budi Santoso"], "shared": False}
    with erasing.app.store.transaction() as tx:
        father, _ = tx.contact_for_address(Channel.WHATSAPP, FATHER, FATHER, erasing.now)
        tx.set_member(father.id, erasing.household_id, "ayah", False)
    (question,) = replace(erasing, asked=None).say("hapus data")
    assert question.vars["shared"] is True


@pytest.mark.parametrize(
    ("text", "label", "opens"),
    [
        ("HAPUS DATA", None, True),
        ("tolong hapus data saya bu", None, True),
        ("hapus akun", None, True),
        ("buang semua", "flow/hapus-data", True),
        ("hapus data Ani saja", None, False),
        ("hapus catatan BCG", None, False),
    ],
)
def test_only_a_wish_for_everything_opens_it(erasing: Talk, text: str, label: str | None, opens: bool) -> None:
    assert erasing.opens(text, label) is opens


def test_the_number_of_a_receipt_is_the_same_for_the_same_message_and_tells_nothing(now: datetime) -> None:
    assert rights.receipt_number("in-1", now) == rights.receipt_number("in-1", now)
    assert rights.receipt_number("in-1", now) != rights.receipt_number("in-2", now)


# --------------------------------------------------------------------------------------- what another one may not see


def _seat(home: Talk, *purposes: str) -> str:
    """The father, who follows by a code, with consent to these purposes."""
    with home.app.store.transaction() as tx:
        father, _ = tx.contact_for_address(Channel.WHATSAPP, FATHER, FATHER, home.now)
        tx.set_member(father.id, home.household_id, "ayah", False)
        for purpose in (SEAT, *purposes):
            tx.record_consent(father.id, purpose, "ya", True, "in-f", home.now)
    return father.id


def _expecting(home: Talk, contact_id: str = "") -> None:
    lmp = home.now.date() - timedelta(weeks=12)
    with home.app.store.transaction() as tx:
        pregnancy = Pregnancy(lmp, lmp + timedelta(280), contact_id=contact_id or home.contact_id, id="p-2")
        tx.save_pregnancy(home.household_id, pregnancy, home.now)


@pytest.mark.parametrize(("agreed", "seen"), [((CHILD_CARE,), False), ((CHILD_CARE, PREGNANCY_CARE), True)])
def test_who_follows_by_a_code_sees_a_pregnancy_only_if_asked_to_follow_it(
    home: Talk, agreed: tuple[str, ...], seen: bool
) -> None:
    """In the file, in "jadwal saya" and in every answer that fits itself to the family; the mother sees it always."""
    father = _seat(home, *agreed)
    _expecting(home)
    with home.app.store.transaction() as tx:
        replan(home.app.deps, tx, home.household_id, home.now)
        whole = family_of_contact(tx, father, home.now, "Asia/Jakarta")
        for who, allowed in ((father, seen), (home.contact_id, True)):
            family = seen_by(tx, who, whole)
            kept = rights.gather(home.app.deps, tx, who, home.now)
            assert (kept["pregnancy"] is not None) is allowed
            assert any(row["content"].startswith("pengingat/hamil/") for row in kept["coming"]) is allowed
            assert ("gestational_week" in text_facts(family)) is allowed
            assert (agenda(family, who).vars.get("pregnancy") is not None) is allowed
            assert [child["name"] for child in kept["children"]] == ["Ani", "Budi Santoso"]


def test_a_pregnancy_of_ones_own_needs_no_consent_to_be_seen(home: Talk) -> None:
    """A daughter-in-law follows by a code and registers her own; later she takes the consent back."""
    hers = _seat(home, CHILD_CARE)
    _expecting(home, hers)
    with home.app.store.transaction() as tx:
        assert rights.gather(home.app.deps, tx, hers, home.now)["pregnancy"] is not None


def test_the_file_of_one_names_no_reminder_that_is_anothers_alone(home: Talk) -> None:
    """Its title alone would tell him of her contraception."""
    father = _seat(home, CHILD_CARE, PREGNANCY_CARE)
    with home.app.store.transaction() as tx:
        tx.record_consent(home.contact_id, FAMILY_PLANNING, "ya", True, "in-kb", home.now)
        method = Contraception("suntik_3_bulan", home.now.date(), contact_id=home.contact_id, id="kb-2")
        tx.save_contraception(home.contact_id, method, home.now)
        replan(home.app.deps, tx, home.household_id, home.now)
        shown = {
            who: [row["content"] for row in rights.gather(home.app.deps, tx, who, home.now)["coming"]]
            for who in (father, home.contact_id)
        }
        page = rights.data_file(home.app.deps, tx, father, home.now)
    assert not [content for content in shown[father] if content.startswith("pengingat/kb/")]
    assert [content for content in shown[home.contact_id] if content.startswith("pengingat/kb/")]
    assert "pengingat/kb/" not in page
