"""The screening before a wedding as a conversation: in one sentence, step by step, by either of the two, on two phones.

Every reply is rendered for WhatsApp and SMS as it would be sent. On both databases.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest

from sapa.bootstrap import App
from sapa.family.people import Child, Sex, Wedding
from sapa.family.screening import SHARED, both, own
from sapa.messaging.sms import gsm7_unsupported, sms_parts
from sapa.messaging.states import Channel
from sapa.services import seats
from sapa.services.consents import PREMARITAL
from sapa.services.households import family_of_contact
from sapa.services.inbound import receive_message
from sapa.services.journeys import conductor
from sapa.services.journeys.contract import Scene
from sapa.services.journeys.premarital import JOURNEY
from sapa.services.records import Reply
from sapa.services.replies import render_reply
from sapa.services.screening_recording import record
from sapa.services.understanding import Understood
from tests.support import inbound_form

SHE, HE = "+6281200000001", "+6281200000002"
ASK = "dialog/catin/"
CONSENT = "dialog/persetujuan/catin"
ONE = (
    "daftar catin nikah 14 maret 2027 saya 23 th bb 45 tb 155 lila 22 hb 11,2 tidak merokok, di rumah tidak ada yang"
    " merokok, td T2 3 oktober 2026, calon suami 26 th bb 60 tb 170 merokok"
)


class Talk:
    """One of the two and the bot."""

    def __init__(self, app: App, now: datetime, phone: str = SHE) -> None:
        self.app, self.now, self.phone = app, now, phone
        self.state: Any = None
        self.replies: tuple[Reply, ...] = ()
        with app.store.transaction() as tx:
            self.contact_id = tx.contact_for_address(Channel.WHATSAPP, phone, phone, now)[0].id

    def say(self, text: str, *, again: bool = False) -> list[str]:
        """The content ids of what comes back; `again`: the same message once more, as after a kill."""
        before = self.state
        if not again:
            receipt = receive_message(self.app.deps, inbound_form(text, self.phone), self.now)
            assert receipt.inbound_id is not None
            self._inbound = receipt.inbound_id
        with self.app.store.transaction() as tx:
            family = family_of_contact(tx, self.contact_id, self.now, self.app.deps.default_timezone)
            scene = Scene(self.app.deps, tx, self.contact_id, family, self.now, family.today, self._inbound)
            if before is None:
                turned = conductor.begin(JOURNEY, scene, text)
            else:
                understood = Understood((("nlu_fallback", 0.0),), unsure=True)
                turned = conductor.go_on(JOURNEY, scene, before, text, understood, self.app.content_ids)
            for reply in turned.replies:
                assert render_reply(self.app.deps, reply, Channel.WHATSAPP, family).text
                short = render_reply(self.app.deps, reply, Channel.SMS, family).text
                assert gsm7_unsupported(short) == "" and sms_parts(short) <= 2, short
        if not again:
            self.state = turned.state
        self.replies = turned.replies
        return [reply.key for reply in turned.replies]

    def all(self, *texts: str) -> list[str]:
        """What comes last after each of the texts."""
        return [self.say(text)[-1] for text in texts]

    def asks_for(self) -> Any:
        """What the last question still wants to know."""
        return self.replies[-1].vars.get("asked_items")

    def wedding(self) -> Wedding | None:
        with self.app.store.transaction(write=False) as tx:
            contact = tx.contact(self.contact_id)
            return tx.wedding_of(contact.household_id) if contact and contact.household_id else None

    def told(self, sex: Sex) -> dict[str, Any]:
        wedding = self.wedding()
        assert wedding is not None
        return dict(both(wedding)[0 if sex is Sex.FEMALE else 1].answers)


@pytest.fixture
def database_url(one_database: str) -> str:
    """One kind of database is enough here: what it is asked is asked of both in test_screening_recording.py."""
    return one_database


@pytest.fixture
def she(app: App, now: datetime) -> Talk:
    return Talk(app, now)


@pytest.fixture
def he(app: App, now: datetime) -> Talk:
    return Talk(app, now, HE)


def test_everything_in_one_sentence_needs_only_consent_and_confirmation(she: Talk) -> None:
    assert she.say(ONE) == [CONSENT]
    assert she.say("setuju") == [ASK + "ringkasan"]
    assert she.say("benar") == [ASK + "hasil", ASK + "rencana"]
    wedding = she.wedding()
    assert wedding is not None and wedding.date == date(2027, 3, 14) and wedding.screened_on == she.now.date()
    assert she.told(Sex.FEMALE) == {
        "age_years": 23,
        "weight_kg": 45,
        "height_cm": 155,
        "lila_cm": 22,
        "hb_g_dl": 11.2,
        "smokes": False,
        "smoke_at_home": False,
        "td_status": "T2",
        "td_last_on": "2026-10-03",
    }
    assert she.told(Sex.MALE) == {"age_years": 26, "weight_kg": 60, "height_cm": 170, "smokes": True}


def test_the_result_comes_with_a_card_to_show(she: Talk) -> None:
    she.say(ONE)
    she.say("setuju")
    she.say("benar")
    picture = she.replies[0].picture
    assert picture is not None and picture["kind"] == "catin-card" and picture["wedding"] == "2027-03-14"
    assert [partner["sex"] for partner in picture["partners"]] == ["F", "M"]
    assert she.app.deps.draw is None or she.app.deps.draw("catin-card", picture).startswith(b"\x89PNG")


def test_step_by_step_it_takes_seven_questions(she: Talk) -> None:
    answers = ("mau daftar catin", "setuju", "calon istri", "14 maret 2027", "23 th 45 kg 155 cm", "22 dan 11,2")
    answers += ("calon suami merokok, saya tidak, di rumah tidak ada", "T2, 3 oktober 2026", "26, 60, 170", "benar")
    assert she.all(*answers) == [
        CONSENT,
        ASK + "tanya-peran",
        ASK + "tanya-tanggal",
        ASK + "tanya-badan",
        ASK + "tanya-periksa",
        ASK + "tanya-rokok",
        ASK + "tanya-td",
        ASK + "tanya-badan",
        ASK + "ringkasan",
        ASK + "rencana",
    ]
    assert she.told(Sex.FEMALE)["hb_g_dl"] == 11.2 and she.told(Sex.MALE)["weight_kg"] == 60


def test_every_question_may_be_answered_with_not_known(she: Talk) -> None:
    she.all("daftar catin", "setuju", "calon istri", *["belum tahu"] * 6)
    assert she.replies[-1].key == ASK + "ringkasan"
    assert she.say("benar") == [ASK + "hasil", ASK + "rencana"]
    wedding = she.wedding()
    assert wedding is not None and wedding.date is None
    assert set(she.told(Sex.FEMALE).values()) == {None}


def test_the_rest_may_be_left_open_in_one_word(she: Talk) -> None:
    she.all("daftar catin saya calon istri nikah 14 maret 2027 umur 23", "setuju")
    assert she.say("yang lain belum tahu") == [ASK + "ringkasan"]


def test_what_was_understood_is_not_asked_again(she: Talk) -> None:
    she.all("daftar catin nikah 14 maret 2027, saya calon istri", "setuju")
    assert she.asks_for() == ["age_years", "weight_kg", "height_cm"]
    assert she.say("155 cm, 45 kg") == [ASK + "tanya-badan"]
    assert she.asks_for() == ["age_years"]
    assert she.say("23") == [ASK + "tanya-periksa"]
    assert she.say("hb 12, td T5") == [ASK + "tanya-periksa"]
    assert she.asks_for() == ["lila_cm"]
    assert she.say("24") == [ASK + "tanya-rokok"]
    assert she.say("tidak ada") == [ASK + "tanya-badan"], "the Td was told before"


def test_a_bridegroom_tells_it_from_his_side(he: Talk) -> None:
    he.all("daftar catin", "setuju", "calon suami", "14 maret 2027", "26 th 60 kg 170 cm")
    assert he.replies[-1].vars["asked_of"] == "F"
    he.all("lila 24 hb 12", "saya merokok, calon istri tidak, di rumah tidak ada", "belum tahu", "22 48 150")
    assert he.say("ya") == [ASK + "hasil", ASK + "rencana"]
    assert he.told(Sex.MALE) == {"age_years": 26, "weight_kg": 60, "height_cm": 170, "smokes": True}
    assert (he.told(Sex.FEMALE)["lila_cm"], he.told(Sex.FEMALE)["age_years"]) == (24, 22)
    wedding = he.wedding()
    mine = own(wedding, he.contact_id) if wedding else None
    assert mine is not None and mine.partner is Sex.MALE


@pytest.mark.parametrize(
    ("said", "suggestion", "answer", "kept"),
    [
        ("bb 4.5", "45", "ya", 45),  # 4.5 x 10
        ("bb 4.5", "45", "46", 46),
        ("bb 4.5", "45", "belum tahu", None),
        ("berat 450", "45", "Berat 45", 45),  # 450 / 10
        ("berat 5", "50", "berat saya 50 kg", 50),
    ],
)
def test_a_weight_that_cannot_be_is_asked_again_with_the_likely_slip(
    she: Talk, said: str, suggestion: str, answer: str, kept: int | None
) -> None:
    she.all("daftar catin saya calon istri nikah 14 maret 2027 umur 23 tb 155", "setuju")
    assert she.say(said) == [ASK + "periksa-angka"]
    assert she.replies[-1].vars["doubt_suggestion"] == suggestion
    assert she.say(answer) == [ASK + "tanya-periksa"]
    assert she.state["data"]["answers"]["F"]["weight_kg"] == kept


def test_a_haemoglobin_without_its_comma_is_asked_again_and_nothing_else_is_lost(she: Talk) -> None:
    assert she.say(ONE.replace("hb 11,2", "hb 112")) == [CONSENT]
    assert she.say("setuju") == [ASK + "periksa-angka"]
    assert she.say("iya") == [ASK + "ringkasan"]
    she.say("benar")
    assert she.told(Sex.FEMALE)["hb_g_dl"] == 11.2


def test_a_doubt_from_before_the_writer_was_known_finds_its_owner(she: Talk) -> None:
    she.all("daftar catin bb 4.5", "setuju")
    assert she.replies[-1].key == ASK + "periksa-angka"
    assert she.say("45") == [ASK + "tanya-peran"]
    she.say("calon istri")
    assert she.state["data"]["answers"]["F"] == {"weight_kg": 45}


def test_a_weight_and_height_of_two_people_are_asked_again(she: Talk) -> None:
    she.all("daftar catin saya calon istri nikah 14 maret 2027 umur 23", "setuju")
    # 170 kg at 1.50 m: IMT 75.6, more than anybody has
    assert she.say("berat 170 tinggi 150") == [ASK + "periksa-angka"]
    assert she.say("48") == [ASK + "tanya-periksa"]


@pytest.mark.parametrize(
    ("said", "problem"),
    [("maret 2027", "vague"), ("habis lebaran", "vague"), ("14-03-2025", "past"), ("14 maret 2035", "far")],
)
def test_a_wedding_day_that_will_not_do_is_asked_again_with_the_reason(she: Talk, said: str, problem: str) -> None:
    she.all("daftar catin saya calon istri", "setuju")
    assert she.say(said) == [ASK + "tanya-tanggal"]
    assert she.replies[-1].vars["wedding_problem"] == problem
    assert she.say("14 maret 2027") == [ASK + "tanya-badan"]


def test_who_is_married_already_is_told_kindly_what_there_is(she: Talk) -> None:
    she.all("daftar catin saya calon istri", "setuju", "1 maret 2026")
    assert she.say("iya sudah menikah") == [ASK + "sudah-menikah"]
    assert she.state is None and she.wedding() is None


def test_under_19_the_law_is_said_once_and_the_screening_goes_on(she: Talk) -> None:
    she.all("daftar catin saya calon istri nikah 14 maret 2027", "setuju")
    assert she.say("17 th 45 kg 150 cm") == [ASK + "belum-19", ASK + "tanya-periksa"]
    assert she.say("belum tahu") == [ASK + "tanya-rokok"]
    text = render_reply(she.app.deps, Reply(ASK + "belum-19"), Channel.WHATSAPP, _nobody(she)).text
    assert "129" in text and "tidak layak" not in text


def _nobody(talk: Talk) -> Any:
    with talk.app.store.transaction(write=False) as tx:
        return family_of_contact(tx, talk.contact_id, talk.now, talk.app.deps.default_timezone)


def test_one_thing_can_be_changed_at_the_summary(she: Talk) -> None:
    she.all(ONE, "setuju")
    assert she.say("hb 11,8") == [ASK + "ringkasan"]
    assert she.say("ubah") == [ASK + "ubah-apa"]
    assert she.say("berat") == [ASK + "tanya-badan"]
    assert she.say("46") == [ASK + "tanya-badan"], "his weight is called weight too"
    she.say("61")
    assert she.say("nikah 5 mei 2027") == [ASK + "ringkasan"]
    she.say("benar")
    wedding = she.wedding()
    assert wedding is not None and wedding.date == date(2027, 5, 5)
    assert she.told(Sex.FEMALE)["hb_g_dl"] == 11.8 and she.told(Sex.FEMALE)["weight_kg"] == 46


def test_nothing_is_kept_without_consent_or_before_it_is_confirmed(she: Talk) -> None:
    she.say(ONE)
    assert she.wedding() is None
    she.say("setuju")
    assert she.wedding() is None
    she.say("batal")
    assert she.wedding() is None and she.state is None


def test_the_last_turn_done_twice_is_one_wedding(she: Talk) -> None:
    she.all(ONE, "setuju")
    state = she.state
    she.say("benar")
    first = she.wedding()
    she.state = state
    she.say("benar", again=True)
    assert she.wedding() == first


def test_who_comes_again_is_asked_for_the_gaps_alone(she: Talk) -> None:
    she.all(ONE.replace("hb 11,2", "hb belum tahu"), "setuju", "benar")
    she.state = None
    assert she.say("daftar catin") == [ASK + "tanya-periksa"]
    assert she.asks_for() == ["hb_g_dl"]
    assert she.say("12,1") == [ASK + "ringkasan"]
    she.say("benar")
    wedding = she.wedding()
    assert wedding is not None and she.told(Sex.FEMALE)["hb_g_dl"] == 12.1
    she.state = None
    assert she.say("daftar catin") == [ASK + "sudah-terdaftar", ASK + "hasil", ASK + "rencana"]
    assert she.state is None


def test_a_wedding_that_was_called_off_ends_everything(she: Talk) -> None:
    she.all(ONE.replace("hb 11,2", "hb belum tahu"), "setuju", "benar")
    she.state = None
    she.say("daftar catin")
    assert she.say("kami tidak jadi menikah") == [ASK + "tidak-jadi"]
    assert she.wedding() is None


# --------------------------------------------------------------------------------------------------- two phones


def _invited(she: Talk) -> str:
    """She has told everything and asked for a code."""
    she.all(ONE, "setuju", "benar")
    with she.app.store.transaction() as tx:
        (reply,) = record(she.app.deps, tx, she.contact_id, "HUBUNGKAN", "nlu_fallback", she.now) or ()
    return str(reply.vars["partner_code"])


def test_a_partner_joins_with_an_own_consent_and_tells_the_own_part_alone(she: Talk, he: Talk) -> None:
    code = _invited(she)
    assert he.say(f"PASANGAN {code}") == [CONSENT]
    assert he.say("setuju") == [ASK + "hubung/tanya-bagikan"], "she has told his part already"
    assert he.say("ya") == [ASK + "ringkasan"]
    people = he.replies[-1].vars["couple"]
    assert [(person["partner"], person["me"]) for person in people] == [("M", True)]
    assert he.say("umur saya 27") == [ASK + "ringkasan"]
    assert he.say("benar") == [ASK + "hasil", ASK + "rencana"]
    assert {row["partner"] for row in he.replies[0].vars["findings"]} == {"M"}, "she has not agreed yet"
    wedding = she.wedding()
    assert wedding is not None and he.wedding() == wedding
    assert both(wedding)[1].contact_id == he.contact_id and both(wedding)[1].answers[SHARED] is True
    with she.app.store.transaction(write=False) as tx:
        assert tx.has_consent(he.contact_id, PREMARITAL)
        told = [message.content_id for message in tx.outbox_of(she.contact_id)]
    assert told == [ASK + "hubung/pasangan-masuk"]


def test_each_sees_the_other_only_when_both_have_agreed(she: Talk, he: Talk) -> None:
    code = _invited(she)
    he.all(f"PASANGAN {code}", "setuju", "ya", "benar")

    def card(talk: Talk) -> list[str]:
        with talk.app.store.transaction() as tx:
            replies = record(talk.app.deps, tx, talk.contact_id, "kartu catin", "nlu_fallback", talk.now)
        assert replies is not None and replies[0].picture is not None
        return [partner["sex"] for partner in replies[0].picture["partners"]]

    def say(talk: Talk, text: str) -> str:
        with talk.app.store.transaction() as tx:
            (reply,) = record(talk.app.deps, tx, talk.contact_id, text, "nlu_fallback", talk.now) or ()
        return reply.key

    assert (card(she), card(he)) == (["F"], ["M"])
    assert say(she, "BAGIKAN") == ASK + "hubung/dibagikan"
    assert (card(she), card(he)) == (["F", "M"], ["F", "M"])
    assert say(he, "jangan bagikan") == ASK + "hubung/tidak-dibagikan"
    assert (card(she), card(he)) == (["F"], ["M"])
    assert say(she, "calon suami berat 60") == ASK + "hubung/milik-pasangan"
    assert say(she, "calon suami saya sudah berhenti merokok") == ASK + "hubung/milik-pasangan"


def test_a_code_that_opens_nothing_is_explained(she: Talk, he: Talk, app: App, now: datetime) -> None:
    assert he.say("PASANGAN 000000") == [ASK + "hubung/kode-salah"]
    code = _invited(she)
    she.state = None
    assert she.say(f"pasangan {code}") == [ASK + "hubung/kode-sendiri"]
    he.now = now + timedelta(days=8)  # valid for seven
    assert he.say(f"PASANGAN {code}") == [ASK + "hubung/kode-salah"]


def test_a_code_is_used_once(she: Talk, he: Talk, app: App, now: datetime) -> None:
    code = _invited(she)
    he.all(f"PASANGAN {code}", "setuju", "tidak", "benar")
    third = Talk(app, now, "+6281200000003")
    assert third.say(f"PASANGAN {code}") == [ASK + "hubung/kode-salah"]


def test_who_has_a_family_here_already_is_helped_by_a_human(she: Talk, he: Talk) -> None:
    code = _invited(she)
    with he.app.store.transaction() as tx:
        household = tx.household_of(he.contact_id, he.now)
        tx.save_child(household, Child("Ani", date(2026, 5, 3), Sex.FEMALE, id="c1"), he.now)
    assert he.say(f"PASANGAN {code}") == [ASK + "hubung/punya-keluarga"]
    assert he.wedding() is None


OPENERS: tuple[tuple[str, str | None, bool], ...] = (
    ("Pasangan 123 456", "sapaan", True),
    (ONE, "catin/calon-suami", True),
    ("daftar calon pengantin", None, True),
    ("catin nikah 14 maret 2027", None, True),
    ("calon pengantin, umur 23 bb 45 tb 155", "gizi/berat-badan", True),
    ("cara daftar catin gimana", "catin/skrining", False),
    ("pasangan saya sakit", "flow/daftar-catin", False),
    ("daftar catin, pasangan saya memukul saya", "danger", False),
    ("suntik catin", None, False),
)


def test_what_opens_the_conversation_by_its_words(she: Talk) -> None:
    with she.app.store.transaction() as tx:
        family = family_of_contact(tx, she.contact_id, she.now, she.app.deps.default_timezone)
        scene = Scene(she.app.deps, tx, she.contact_id, family, she.now, family.today, "in-1")
        for text, label, opened in OPENERS:
            assert JOURNEY.opens(scene, text, label) is opened, text


def test_after_five_wrong_codes_in_an_hour_not_even_the_right_one_opens(she: Talk, he: Talk, now: datetime) -> None:
    code = _invited(she)
    for wrong in range(5):
        he.now = now + timedelta(minutes=wrong)
        assert he.say(f"PASANGAN {wrong:06d}") == [ASK + "hubung/kode-salah"]
    assert he.say(f"PASANGAN {code}") == [ASK + "hubung/terlalu-sering"]
    he.now = now + timedelta(minutes=65)  # an hour after the last miss
    assert he.say(f"PASANGAN {code}") == [CONSENT]


def test_a_message_heard_twice_is_one_guess(he: Talk) -> None:
    for _ in range(7):
        assert he.say("PASANGAN 000000", again=hasattr(he, "_inbound")) == [ASK + "hubung/kode-salah"]


def test_yes_to_something_else_shares_nothing(she: Talk, he: Talk) -> None:
    code = _invited(she)
    he.all(f"PASANGAN {code}", "setuju")
    assert he.say("iya merokok") == [ASK + "hubung/tanya-bagikan"]
    assert he.say("tidak boleh") == [ASK + "ringkasan"]


def test_who_joined_is_a_guest_and_leaves_when_there_will_be_no_wedding(she: Talk, he: Talk) -> None:
    code = _invited(she)
    he.all(f"PASANGAN {code}", "setuju", "ya", "benar")
    with she.app.store.transaction() as tx:
        assert seats.is_seat(tx, he.contact_id) and not seats.is_seat(tx, she.contact_id)
        record(she.app.deps, tx, she.contact_id, "nikahnya batal", "nlu_fallback", she.now + timedelta(days=1))
    with she.app.store.transaction(write=False) as tx:
        his, hers = tx.contact(he.contact_id), tx.contact(she.contact_id)
        assert his is not None and his.household_id is None and not seats.is_seat(tx, he.contact_id)
        assert hers is not None and hers.household_id is not None
        assert [row.content_id for row in tx.outbox_of(he.contact_id)] == [], "he is told nothing unasked"


def test_a_month_told_before_waits_for_its_day(she: Talk) -> None:
    she.all("daftar catin, nikah bulan maret 2027", "setuju", "calon istri")
    assert she.say("tgl 14") == [ASK + "tanya-badan"]
    assert she.state["data"]["wedding"] == "2027-03-14"


def test_our_own_words_wait_until_the_screening_is_told(she: Talk) -> None:
    she.all("daftar catin nikah 14 maret 2027", "setuju", "calon istri")
    for word in ("HUBUNGKAN", "BAGIKAN", "KARTU CATIN"):
        assert she.say(word) == [ASK + "hubung/nanti", ASK + "tanya-badan"]


def test_a_doubted_weight_takes_no_other_figure(she: Talk) -> None:
    she.all("daftar catin nikah 14 maret 2027", "setuju", "calon istri")
    assert she.say("23 tahun berat 450 tinggi 155") == [ASK + "periksa-angka"]
    she.say("umur 24 berat 60 kg")
    assert she.state["data"]["answers"]["F"] == {"age_years": 24, "height_cm": 155, "weight_kg": 60}
