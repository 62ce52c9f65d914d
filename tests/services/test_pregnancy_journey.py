"""The dialogue "hamil" as conversations, led by the real conductor. Today is Monday, 23 November 2026.

The store is SQLite: what a dialogue says does not hang on the database. Every text that is said is rendered for
WhatsApp and for SMS.
"""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import Any

import pytest

from sapa.bootstrap import App
from sapa.family.people import Contraception, Pregnancy, Wedding
from sapa.messaging.sms import gsm7_unsupported, sms_parts
from sapa.messaging.states import Channel
from sapa.services.consents import PREGNANCY_CARE
from sapa.services.demo import seed_demo
from sapa.services.households import family_of_contact
from sapa.services.journeys import conductor
from sapa.services.journeys.conductor import Turned
from sapa.services.journeys.contract import Scene
from sapa.services.journeys.pregnancy import JOURNEY
from sapa.services.records import Reply
from sapa.services.replies import render_reply
from sapa.services.understanding import Understood
from tests.support import NOW

RINA = "+6281200000001"
TODAY = date(2026, 11, 23)
LMP = date(2026, 5, 3)  # 204 days ago: 29 weeks
ONE = "daftar hamil, HPHT 3 mei 2026, sudah periksa 3 kali, posyandu melati"


class Talk:
    """A contact and the dialogue; keeps its state as Rasa does, as JSON."""

    def __init__(self, app: App, *, consent: bool = False) -> None:
        self.app, self.now = app, NOW
        self.state: dict[str, Any] | None = None
        self.number = 0
        with app.store.transaction() as tx:
            seed_demo(tx, TODAY)
            contact, _ = tx.contact_for_address(Channel.WHATSAPP, RINA, RINA, self.now)
            self.contact_id = contact.id
            if consent:
                tx.record_consent(self.contact_id, PREGNANCY_CARE, "...", True, None, self.now)

    def say(self, text: str, label: str = "inform", journey: Any = JOURNEY, again: bool = False) -> list[str]:
        """The content ids that answer."""
        self.number += not again
        understood = Understood(((label, 0.9),))
        before = self.state
        with self.app.store.transaction() as tx:
            family = family_of_contact(tx, self.contact_id, self.now, "Asia/Jakarta")
            scene = Scene(self.app.deps, tx, self.contact_id, family, self.now, family.today, f"in-{self.number}")
            ids = self.app.deps.content.ids()
            turned: Turned
            if before is None:
                turned = conductor.begin(journey, scene, text)
            else:
                turned = conductor.go_on(journey, scene, before, text, understood, ids)
            self.replies = turned.replies
            self.texts = [self._render(reply, family) for reply in turned.replies]
        if not again:
            self.state = json.loads(json.dumps(turned.state)) if turned.state is not None else None
        return [reply.key.removeprefix("dialog/") for reply in turned.replies]

    def _render(self, reply: Reply, family: Any) -> str:
        sms = render_reply(self.app.deps, reply, Channel.SMS, family).text
        assert gsm7_unsupported(sms) == "" and sms_parts(sms) <= 2, sms
        return render_reply(self.app.deps, reply, Channel.WHATSAPP, family).text

    def says(self, *texts: str) -> list[str]:
        return [key for text in texts for key in self.say(text)][-1:]

    @property
    def pregnancy(self) -> Pregnancy | None:
        with self.app.store.transaction(write=False) as tx:
            return family_of_contact(tx, self.contact_id, self.now, "Asia/Jakarta").pregnancy


@pytest.fixture
def database_url(one_database: str) -> str:
    return one_database


@pytest.fixture
def talk(app: App) -> Talk:
    return Talk(app)


def test_one_sentence_needs_only_consent_and_a_yes(talk: Talk) -> None:
    assert talk.say(ONE, "flow/daftar-hamil") == ["persetujuan/hamil"]
    assert talk.pregnancy is None
    assert talk.say("setuju") == ["daftar-hamil/konfirmasi"]
    assert "29 minggu" in talk.texts[0] and "7 Feb 2027" in talk.texts[0] and "Melati" in talk.texts[0]
    assert talk.say("benar") == ["daftar-hamil/selesai"]
    assert talk.state is None
    found = talk.pregnancy
    assert found is not None
    assert (found.lmp, found.edd, found.dated_by) == (LMP, date(2027, 2, 7), "hpht")
    assert (found.contact_id, sorted(found.anc)) == (talk.contact_id, ["K1", "K2", "K3"])
    # Week 28 has gone by: K4 is due now.
    assert "Sekarang waktunya periksa" in talk.texts[0]


def test_step_by_step_asks_one_thing_at_a_time(talk: Talk) -> None:
    asked = [talk.say("mau daftar hamil")]
    asked += [talk.say(text) for text in ("ya", "3 mei 2026", "2 kali", "1", "benar")]
    assert asked == [
        ["persetujuan/hamil"],
        ["daftar-hamil/tanya-haid"],
        ["daftar-hamil/tanya-periksa"],
        ["daftar-anak/tanya-posyandu"],
        ["daftar-hamil/konfirmasi"],
        ["daftar-hamil/selesai"],
    ]
    assert talk.pregnancy is not None and talk.pregnancy.lmp == LMP


def test_early_in_a_pregnancy_nobody_is_asked_for_visits(talk: Talk) -> None:
    assert talk.says("daftar hamil hpht 1 oktober", "setuju") == ["daftar-anak/tanya-posyandu"]


@pytest.mark.parametrize(
    ("told", "by", "lmp"),
    [
        ("HPL 7 februari 2027", "hpl", LMP),
        ("hamil 20 minggu", "weeks", TODAY - timedelta(weeks=20)),
        ("34w", "weeks", TODAY - timedelta(weeks=34)),
        ("hamil 5 bulan", "months", date(2026, 6, 23)),
        ("usg 12 minggu tanggal 3 juni", "usg", date(2026, 3, 11)),  # 84 days before 3 June
        ("hpht 3 mei, tapi usg 3 juni 5 minggu", "usg", date(2026, 4, 29)),
        ("hpht 3 mei, hamil 6 bulan", "hpht", LMP),
    ],
)
def test_any_way_of_dating_will_do_and_the_best_one_wins(talk: Talk, told: str, by: str, lmp: date) -> None:
    talk.says(f"daftar hamil {told}", "setuju", "lupa", "belum tahu", "benar")
    found = talk.pregnancy
    assert found is not None and (found.dated_by, found.lmp) == (by, lmp)


def test_an_estimate_is_said_to_be_one(talk: Talk) -> None:
    talk.says("istri saya hamil 5 bulan", "setuju", "lupa", "belum tahu")
    assert "kira-kira 17 sampai 26 minggu" in talk.texts[0]
    talk.say("benar")
    assert "Ini baru perkiraan" in talk.texts[0]
    assert talk.pregnancy is not None and talk.pregnancy.contact_id == ""  # he writes, she is pregnant


@pytest.mark.parametrize(
    ("told", "answer"),
    [
        ("hpht 3 desember 2026", "daftar-hamil/tanggal-belum-lewat"),
        ("hpht 3 mei 2025", "daftar-hamil/haid-terlalu-lama"),
        ("hpl 1 januari 2028", "daftar-hamil/perkiraan-lahir-jauh"),
        ("hpl 1 oktober 2026", "daftar-hamil/perkiraan-lahir-lewat"),
        ("hamil 50 minggu", "daftar-hamil/umur-tidak-mungkin"),
        ("hpht bulan mei", "daftar-hamil/tanggal-belum-jelas"),
        ("hpht 31 september", "daftar-hamil/tanggal-belum-jelas"),
        ("telat 2 minggu", "daftar-hamil/baru-tahu"),
        ("baru tes positif", "daftar-hamil/baru-tahu"),
    ],
)
def test_a_date_that_cannot_be_is_explained_and_asked_again(talk: Talk, told: str, answer: str) -> None:
    talk.says("daftar hamil posyandu melati", "setuju")
    assert talk.say(told) == [answer, "daftar-hamil/tanya-haid"]
    assert talk.says("hpht 3 september") == ["daftar-hamil/konfirmasi"]  # the posyandu was not lost


def test_who_has_forgotten_the_date_is_asked_for_the_age_and_then_sent_to_be_seen(talk: Talk) -> None:
    talk.says("daftar hamil", "setuju")
    assert talk.say("lupa") == ["daftar-hamil/tanya-umur"]
    assert talk.say("tidak tahu juga") == ["daftar-hamil/tanpa-tanggal"]
    assert talk.state is None and talk.pregnancy is None


def test_a_month_is_good_enough_when_the_day_is_forgotten(talk: Talk) -> None:
    talk.says("daftar hamil", "setuju", "haid terakhir bulan september", "lupa tanggalnya", "belum tahu", "benar")
    found = talk.pregnancy
    assert found is not None and (found.lmp, found.dated_by) == (date(2026, 9, 15), "months")


def test_a_scan_without_its_day_is_asked_for_it(talk: Talk) -> None:
    talk.says("daftar hamil", "setuju")
    assert talk.say("hasil usg 10 minggu") == ["daftar-hamil/tanya-tanggal-usg"]
    talk.says("3 juni", "lupa", "belum tahu", "benar")
    assert talk.pregnancy is not None and talk.pregnancy.dated_by == "usg"


@pytest.mark.parametrize(
    ("correction", "field", "value"),
    [
        ("salah, hpht 13 mei", "lmp", date(2026, 5, 13)),
        ("kembar", "multiple", True),
        ("hpl 1 februari 2027", "edd", date(2027, 2, 1)),
    ],
)
def test_a_correction_at_the_summary_changes_one_thing(talk: Talk, correction: str, field: str, value: object) -> None:
    talk.says(ONE, "setuju")
    assert talk.say(correction) == ["daftar-hamil/konfirmasi"]
    talk.say("benar")
    assert getattr(talk.pregnancy, field) == value


def test_ubah_asks_what_and_asks_it_again(talk: Talk) -> None:
    talk.says(ONE, "setuju")
    assert talk.say("ubah") == ["daftar-hamil/ubah-apa"]
    assert talk.say("posyandu") == ["daftar-anak/tanya-posyandu"]
    assert talk.say("Mawar") == ["daftar-hamil/konfirmasi"]
    assert "Mawar" in talk.texts[0]
    assert talk.say("tanggalnya salah") == ["daftar-hamil/tanya-haid"]
    assert talk.say("4 mei 2026") == ["daftar-hamil/konfirmasi"]


def test_an_unknown_posyandu_is_kept_when_it_is_said_twice(talk: Talk) -> None:
    talk.says("daftar hamil hpht 3 september", "setuju")
    assert talk.say("Kenanga") == ["daftar-anak/posyandu-tidak-dikenal"]
    assert talk.say("tetap kenanga") == ["daftar-hamil/konfirmasi"]
    assert "Kenanga" in talk.texts[0]


def test_a_question_in_between_is_answered_and_asked_again(talk: Talk) -> None:
    talk.says("daftar hamil", "setuju")
    answered = talk.say("ibu hamil boleh makan nanas tidak ya bu bidan?", "hamil/makanan")
    assert answered == ["hamil/makanan", "daftar-hamil/tanya-haid"]


def test_the_bidans_date_told_at_once_is_the_next_visit(talk: Talk) -> None:
    talk.says(f"{ONE}, kontrol lagi tgl 5 desember", "setuju", "benar")
    assert talk.pregnancy is not None and talk.pregnancy.next_visit_on == date(2026, 12, 5)
    assert "dari bidan: *Sabtu, 5 Desember 2026*" in talk.texts[0]


def test_a_very_young_mother_is_told_to_say_her_age_and_nothing_else_is_different(talk: Talk) -> None:
    talk.says("saya hamil umur saya 17 tahun, hpht 3 september, posyandu melati", "setuju", "benar")
    assert "sebutkan juga umur Ibu ke bidan" in talk.texts[0]


def test_who_is_registered_hears_the_week_and_may_correct_the_date(talk: Talk) -> None:
    talk.says(ONE, "setuju", "benar")
    assert talk.say("daftar hamil", "flow/daftar-hamil") == ["daftar-hamil/sudah-terdaftar"]
    assert "29 minggu" in talk.texts[0]
    assert talk.say("hpl dari usg 1 februari 2027") == ["daftar-hamil/konfirmasi"]
    assert talk.say("benar") == ["daftar-hamil/selesai"]
    assert "Sudah kami ubah" in talk.texts[0]
    found = talk.pregnancy
    assert found is not None and (found.edd, sorted(found.anc)) == (date(2027, 2, 1), ["K1", "K2", "K3"])


def test_who_is_registered_and_changes_nothing_is_let_go(talk: Talk) -> None:
    talk.says(ONE, "setuju", "benar", "daftar hamil")
    assert talk.say("benar") == ["daftar-hamil/tetap"]
    assert talk.state is None


def test_a_first_scan_on_record_is_not_overridden_by_the_last_period(talk: Talk) -> None:
    talk.says("daftar hamil usg 12 minggu tanggal 3 juni posyandu melati", "setuju", "lupa", "benar", "daftar hamil")
    assert talk.say("hpht saya 3 mei") == ["daftar-hamil/usg-dipakai", "daftar-hamil/sudah-terdaftar"]
    assert talk.pregnancy is not None and talk.pregnancy.dated_by == "usg"


def test_the_same_turn_done_twice_is_one_pregnancy(talk: Talk) -> None:
    talk.says(ONE, "setuju")
    talk.say("benar", again=True)
    assert talk.say("benar", again=True) == ["daftar-hamil/selesai"]
    assert talk.say("benar") == ["daftar-hamil/selesai"]
    with talk.app.store.transaction(write=False) as tx:
        contact = tx.contact(talk.contact_id)
        assert contact is not None and contact.household_id is not None
        assert tx.pregnancy_of(contact.household_id) == talk.pregnancy


def test_a_pregnancy_ends_the_preparations_for_the_wedding(app: App) -> None:
    talk = Talk(app, consent=True)
    with app.store.transaction() as tx:
        household_id = tx.household_of(talk.contact_id, talk.now)
        tx.save_wedding(household_id, Wedding(date=date(2026, 10, 1), contact_id=talk.contact_id, id="w"), talk.now)
    assert talk.says(ONE, "benar") == ["daftar-hamil/selesai"]
    with app.store.transaction(write=False) as tx:
        assert tx.wedding_of(household_id) is None


def test_a_pregnancy_ends_the_reminders_of_a_method(app: App) -> None:
    talk = Talk(app, consent=True)
    with app.store.transaction() as tx:
        tx.household_of(talk.contact_id, talk.now)
        tx.save_contraception(talk.contact_id, Contraception("suntik_3_bulan", date(2026, 5, 1), id="kb"), talk.now)
    assert talk.says(ONE, "benar")[-1] == "daftar-hamil/selesai"
    with app.store.transaction(write=False) as tx:
        assert tx.contraception_of(talk.contact_id) is None


def test_a_refusal_leaves_nothing(talk: Talk) -> None:
    talk.say(ONE)
    talk.say("tidak")
    assert talk.state is None and talk.pregnancy is None


def test_a_loss_told_here_ends_the_dialogue_kindly(talk: Talk) -> None:
    talk.says("daftar hamil", "setuju")
    assert talk.say("saya keguguran minggu lalu bu") == ["duka/kandungan"]
    assert talk.state is None


def test_an_earlier_loss_is_no_loss_now(talk: Talk) -> None:
    talk.says("daftar hamil posyandu melati", "setuju")
    assert talk.say("dulu pernah keguguran, sekarang hpht 3 september") == ["daftar-hamil/konfirmasi"]


@pytest.mark.parametrize("text", ["sudah lahir bu kemarin", "lahir kembar dua2nya cowok tgl 21 kmrn, 2,6 dan 2,4 kg"])
def test_a_birth_is_never_taken_for_a_last_period(app: App, text: str) -> None:
    talk = Talk(app, consent=True)
    talk.say("daftar hamil")
    talk.say(text)
    assert talk.state is not None and "lmp" not in talk.state["data"]


def test_the_posyandu_may_be_named_alone_between_commas_and_at_the_summary(app: App) -> None:
    talk = Talk(app, consent=True)
    assert talk.say("hpl 30 november 2026, hamil kembar, melati, periksa 6x") == ["daftar-hamil/konfirmasi"]
    other = Talk(app, consent=True)
    other.say("hpl 30 november 2026, periksa 6x")
    other.say("belum tahu")
    assert other.say("melati") == ["daftar-hamil/konfirmasi"] and other.state is not None
    assert other.state["data"]["posyandu"] == "Melati"


@pytest.mark.parametrize("text", ["saya belum hamil, masih promil", "maaf saya tidak hamil"])
def test_who_is_not_pregnant_is_let_go(app: App, text: str) -> None:
    talk = Talk(app, consent=True)
    talk.say("daftar hamil")
    assert talk.say(text) == ["daftar-hamil/belum-hamil"] and talk.state is None


def test_a_long_sentence_full_of_facts_opens_it_though_no_label_is_sure(app: App) -> None:
    talk = Talk(app)
    with app.store.transaction() as tx:
        family = family_of_contact(tx, talk.contact_id, talk.now, "Asia/Jakarta")
        scene = Scene(app.deps, tx, talk.contact_id, family, talk.now, family.today, "in-1")
        told = "saya hamil usia kandungan 28 minggu lebih 3 hari posyandu melati sudah periksa 3x"
        assert JOURNEY.opens(scene, told, None)
        assert not JOURNEY.opens(scene, "saya hamil 28 minggu perut gatal", None)
