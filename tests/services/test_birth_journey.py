"""The dialogue "lahir" as conversations, led by the real conductor. Today is Monday, 23 November 2026.

Every text that is said is rendered for WhatsApp and for SMS.
"""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import Any

import pytest

from sapa.bootstrap import App
from sapa.family.people import Child, Family, Pregnancy, Sex
from sapa.messaging.sms import gsm7_unsupported, sms_parts
from sapa.messaging.states import Channel
from sapa.services.consents import CHILD_CARE, PREGNANCY_CARE
from sapa.services.demo import seed_demo
from sapa.services.households import family_of_contact
from sapa.services.journeys import conductor
from sapa.services.journeys.birth import JOURNEY
from sapa.services.journeys.contract import Scene
from sapa.services.records import Reply
from sapa.services.replies import render_reply
from sapa.services.understanding import Understood
from sapa.services.visit_recording import record
from tests.support import NOW

RINA = "+6281200000001"
TODAY = date(2026, 11, 23)
LMP = TODAY - timedelta(weeks=39, days=2)
ONE = "alhamdulillah sudah lahir tadi malam, laki-laki, 3,2 kg, namanya Budi"


class Talk:
    """A pregnant contact and the dialogue; keeps its state as Rasa does, as JSON."""

    def __init__(self, app: App, lmp: date | None = LMP, dated_by: str = "hpht", multiple: bool = False) -> None:
        self.app, self.now, self.number = app, NOW, 0
        self.state: dict[str, Any] | None = None
        with app.store.transaction() as tx:
            seed_demo(tx, TODAY)
            contact, _ = tx.contact_for_address(Channel.WHATSAPP, RINA, RINA, self.now)
            self.contact_id = contact.id
            tx.set_contact_name(self.contact_id, "Rina S.")
            household_id = tx.household_of(self.contact_id, self.now)
            if lmp is not None:
                known = Pregnancy(
                    lmp, lmp + timedelta(days=280), dated_by, multiple=multiple, contact_id=contact.id, id="p"
                )
                tx.record_consent(self.contact_id, PREGNANCY_CARE, "...", True, None, self.now)
                tx.save_pregnancy(household_id, known, self.now)

    def say(self, text: str, again: bool = False) -> list[str]:
        self.number += not again
        before = self.state
        with self.app.store.transaction() as tx:
            family = family_of_contact(tx, self.contact_id, self.now, "Asia/Jakarta")
            scene = Scene(self.app.deps, tx, self.contact_id, family, self.now, family.today, f"in-{self.number}")
            if before is None:
                turned = conductor.begin(JOURNEY, scene, text)
            else:
                understood = Understood((("inform", 0.9),))
                turned = conductor.go_on(JOURNEY, scene, before, text, understood, self.app.deps.content.ids())
            self.replies = turned.replies
            self.texts = [self._render(reply, family) for reply in turned.replies]
        if not again:
            self.state = json.loads(json.dumps(turned.state)) if turned.state is not None else None
        return [reply.key.removeprefix("dialog/") for reply in turned.replies]

    def _render(self, reply: Reply, family: Family) -> str:
        sms = render_reply(self.app.deps, reply, Channel.SMS, family).text
        assert gsm7_unsupported(sms) == "" and sms_parts(sms) <= 2, sms
        return render_reply(self.app.deps, reply, Channel.WHATSAPP, family).text

    def says(self, *texts: str) -> list[str]:
        return [self.say(text) for text in texts][-1]

    @property
    def family(self) -> Family:
        with self.app.store.transaction(write=False) as tx:
            return family_of_contact(tx, self.contact_id, self.now, "Asia/Jakarta")

    @property
    def cases(self) -> list[str]:
        with self.app.store.transaction(write=False) as tx:
            return [case.kind for case in tx.open_cases_of(self.contact_id)]


@pytest.fixture
def database_url(one_database: str) -> str:
    return one_database


@pytest.fixture
def talk(app: App) -> Talk:
    return Talk(app)


def test_one_sentence_needs_consent_and_a_yes_and_opens_the_weeks_after_the_birth(talk: Talk) -> None:
    assert talk.say(ONE) == ["persetujuan/minta"]
    assert talk.family.pregnancy is not None and talk.family.children == ()
    assert talk.say("setuju") == ["lahir/konfirmasi"]
    assert talk.say("benar") == ["lahir/selesai"]
    assert talk.state is None
    family = talk.family
    (child,) = family.children
    assert (child.name, child.sex, child.birth_date) == ("Budi", Sex.MALE, date(2026, 11, 22))
    assert (child.birth_weight_g, child.birth_weeks, child.special_care) == (3200, 39, False)  # 39 weeks 1 day
    assert family.pregnancy is None
    assert family.postpartum is not None and family.postpartum.birth_date == date(2026, 11, 22)
    assert talk.cases == []
    # Day 0 to day 2, and today is day 1.
    assert "Ibu dan bayi diperiksa antara 23 Nov 2026 dan 24 Nov 2026" in talk.texts[0]
    with talk.app.store.transaction(write=False) as tx:
        assert tx.has_consent(talk.contact_id, CHILD_CARE)


def test_step_by_step_only_what_is_missing_is_asked(talk: Talk) -> None:
    asked = [talk.say("sudah lahir bu")]
    asked += [talk.say(text) for text in ("ya", "cewek", "kemarin", "belum tahu", "belum ada", "benar")]
    assert asked == [
        ["persetujuan/minta"],
        ["lahir/tanya-kelamin"],
        ["lahir/tanya-tanggal"],
        ["lahir/tanya-berat"],
        ["lahir/tanya-nama"],
        ["lahir/konfirmasi"],
        ["lahir/selesai"],
    ]
    (child,) = talk.family.children
    assert (child.name, child.sex, child.birth_weight_g) == ("Bayi Ibu Rina S", Sex.FEMALE, None)


def test_a_name_may_come_later(talk: Talk) -> None:
    talk.says("sudah lahir kemarin cewek 3 kg belum ada nama", "setuju", "benar")
    with talk.app.store.transaction() as tx:
        replies = record(talk.app.deps, tx, talk.contact_id, "nama bayi saya Sari", "", talk.now)
    assert replies == (Reply("dialog/lahir/nama-tercatat", {"names": ["Sari"]}),)
    assert [child.name for child in talk.family.children] == ["Sari"]


def test_twins_are_two_children_of_one_birth(talk: Talk) -> None:
    talk.says("sudah lahir kembar kemarin, laki dan perempuan, 2,7 kg dan 2,6 kg", "setuju")
    assert talk.says("Budi dan Ani") == ["lahir/konfirmasi"]
    assert talk.say("benar") == ["lahir/selesai"]
    children = sorted(talk.family.children, key=lambda child: child.birth_weight_g or 0)
    assert [(c.name, c.sex, c.birth_weight_g) for c in children] == [("Ani", "F", 2600), ("Budi", "M", 2700)]


def test_twins_known_from_the_pregnancy_are_asked_for_as_two(app: App) -> None:
    talk = Talk(app, multiple=True)
    talk.says("sudah melahirkan tadi pagi", "setuju")
    assert "kembar" in talk.texts[0]
    talk.says("perempuan semua", "2,6 dan 2,5", "belum ada", "benar")
    assert sorted(child.name for child in talk.family.children) == ["Bayi 1", "Bayi 2"]
    assert {child.sex for child in talk.family.children} == {Sex.FEMALE}


@pytest.mark.parametrize(
    ("told", "weeks"),
    [
        ("sudah lahir kemarin, cowok, 2,4 kg, namanya Budi", 39),
        ("sudah lahir prematur kemarin, cowok, 2,6 kg, namanya Budi", 39),
        ("sudah lahir kemarin umur 34 minggu, cowok, 2,6 kg, namanya Budi", 34),
    ],
)
def test_a_small_or_early_child_goes_to_a_human(talk: Talk, told: str, weeks: int) -> None:
    talk.says(told, "setuju")
    assert talk.say("benar") == ["lahir/bayi-kecil", "lahir/selesai"]
    assert talk.cases == ["bayi-kecil"]
    assert talk.family.children[0].birth_weeks == weeks


def test_an_early_birth_is_known_from_the_pregnancy(app: App) -> None:
    talk = Talk(app, lmp=TODAY - timedelta(weeks=35))
    talk.says("sudah lahir hari ini, cowok, 2,6 kg, namanya Budi", "setuju")
    assert "Lahir lebih awal: ya" in talk.texts[0]
    assert talk.say("benar")[0] == "lahir/bayi-kecil"
    assert talk.family.children[0].birth_weeks == 35


def test_a_pregnancy_dated_by_months_makes_no_child_early(app: App) -> None:
    talk = Talk(app, lmp=TODAY - timedelta(weeks=35), dated_by="months")
    talk.says("sudah lahir hari ini, cowok, 2,6 kg, namanya Budi", "setuju", "benar")
    assert talk.family.children[0].birth_weeks is None and talk.cases == []


@pytest.mark.parametrize(
    ("asked", "told", "answer"),
    [
        ("tanggal", "3 desember 2027", "lahir/tanggal-belum-tiba"),
        ("tanggal", "minggu lalu", "lahir/tanggal-belum-jelas"),
        ("tanggal", "3 mei 2026", "lahir/tanggal-tidak-cocok"),
        ("berat", "32 kg", "lahir/berat-tidak-cocok"),
    ],
)
def test_a_wrong_value_is_explained_and_asked_again(talk: Talk, asked: str, told: str, answer: str) -> None:
    talk.says("sudah lahir cewek", "setuju")
    if asked == "berat":
        talk.say("kemarin")
    question = {"tanggal": "lahir/tanya-tanggal", "berat": "lahir/tanya-berat"}[asked]
    assert talk.say(told) == [answer, question]


def test_a_date_that_does_not_fit_is_taken_when_it_is_said_twice_and_a_human_looks(talk: Talk) -> None:
    talk.says("sudah lahir cewek 3 kg", "setuju", "3 mei 2026", "3 mei 2026", "Sari", "benar")
    assert talk.family.children[0].birth_date == date(2026, 5, 3)
    assert talk.cases == ["bayi-kecil"]


@pytest.mark.parametrize(
    ("correction", "field", "value"),
    [
        ("salah, beratnya 3,1 kg", "birth_weight_g", 3100),
        ("bukan, namanya Beni", "name", "Beni"),
        ("perempuan", "sex", Sex.FEMALE),
        ("lahirnya tanggal 21 november", "birth_date", date(2026, 11, 21)),
    ],
)
def test_a_correction_at_the_summary_changes_one_thing(talk: Talk, correction: str, field: str, value: object) -> None:
    talk.says(ONE, "setuju")
    assert talk.say(correction) == ["lahir/konfirmasi"]
    talk.say("benar")
    (child,) = talk.family.children
    assert getattr(child, field) == value


def test_ubah_asks_what_and_asks_it_again(talk: Talk) -> None:
    talk.says(ONE, "setuju")
    assert talk.says("ubah") == ["lahir/ubah-apa"]
    assert talk.says("berat") == ["lahir/tanya-berat"]
    assert talk.says("3,4") == ["lahir/konfirmasi"]


def test_the_same_turn_done_twice_is_one_child(talk: Talk) -> None:
    talk.says(ONE, "setuju")
    talk.say("benar", again=True)
    assert talk.say("benar", again=True) == ["lahir/selesai"]
    assert len(talk.family.children) == 1


def test_a_birth_on_record_is_not_written_twice(talk: Talk) -> None:
    talk.says(ONE, "setuju", "benar")
    assert talk.say("sudah lahir bayinya laki-laki") == ["lahir/sudah-tercatat"]


def test_a_birth_without_a_pregnancy_on_record_makes_a_child_and_asks_for_the_posyandu(app: App) -> None:
    talk = Talk(app, lmp=None)
    assert talk.says(ONE, "setuju") == ["daftar-anak/tanya-posyandu"]
    talk.says("melati", "benar")
    family = talk.family
    assert [child.name for child in family.children] == ["Budi"] and family.postpartum is None
    assert family.posyandu is not None and family.posyandu.name == "Melati"


@pytest.mark.parametrize(
    "text", ["bayi saya lahir meninggal", "sudah lahir tapi tidak selamat", "bayinya lahir mati bu"]
)
def test_a_stillbirth_ends_the_dialogue_with_nothing_written(talk: Talk, text: str) -> None:
    talk.says("sudah lahir", "setuju")
    assert talk.say(text)[0] in {"duka", "duka/kandungan"}
    assert talk.state is None and talk.family.children == ()


def test_a_report_may_be_taken_back(talk: Talk) -> None:
    talk.says("sudah lahir", "setuju")
    assert talk.say("eh belum lahir") == ["lahir/belum"]
    assert talk.family.pregnancy is not None


def test_a_question_in_between_is_no_answer(talk: Talk) -> None:
    talk.says("sudah lahir", "setuju")
    assert talk.say("kenapa bayi saya menangis terus ya bu bidan?")[-1] == "lahir/tanya-kelamin"


def test_a_second_child_of_the_same_household_stays_as_it_is(talk: Talk) -> None:
    with talk.app.store.transaction() as tx:
        household_id = tx.household_of(talk.contact_id, talk.now)
        tx.save_child(household_id, Child("Ani", date(2024, 5, 3), Sex.FEMALE, id="c"), talk.now)
    talk.says(ONE, "setuju", "benar")
    assert sorted(child.name for child in talk.family.children) == ["Ani", "Budi"]


@pytest.mark.parametrize(
    ("text", "label", "opens"),
    [
        ("bayinya laki laki sehat 3 kg", "flow/daftar-anak", True),
        ("lahir kembar dua2nya cowok tgl 21 kmrn, 2,6 dan 2,4 kg", None, True),
        ("daftar anak Ani perempuan lahir 22 november 2026", "flow/daftar-anak", True),
        ("daftar anak Ani perempuan lahir 3 mei 2025", "flow/daftar-anak", False),
        ("kata dokter bayinya laki laki beratnya 2,9 kg", None, False),
        ("usg tadi bayinya perempuan 3 kg sehat", None, False),
    ],
)
def test_the_awaited_child_may_be_told_of_by_its_facts(talk: Talk, text: str, label: str | None, opens: bool) -> None:
    with talk.app.store.transaction() as tx:
        family = family_of_contact(tx, talk.contact_id, talk.now, "Asia/Jakarta")
        scene = Scene(talk.app.deps, tx, talk.contact_id, family, talk.now, family.today, "in-1")
        assert JOURNEY.opens(scene, text, label) is opens


def test_a_registration_of_the_awaited_child_brings_its_name_along(talk: Talk) -> None:
    talk.says("daftar anak Ani perempuan lahir 22 november 2026", "setuju", "3 kg", "benar")
    assert [child.name for child in talk.family.children] == ["Ani"]
    assert talk.family.pregnancy is None and talk.family.postpartum is not None


def test_both_of_twins_in_one_word(app: App) -> None:
    talk = Talk(app, multiple=True)
    told = "sudah melahirkan kemarin, dua duanya perempuan, 2,6 dan 2,7 kg, belum ada nama"
    assert talk.says(told, "setuju") == ["lahir/konfirmasi"]


def test_after_an_impossible_weight_the_bare_number_is_the_weight(talk: Talk) -> None:
    assert talk.says("sudah lahir", "setuju", "cewek", "32 kg") == ["lahir/berat-tidak-cocok", "lahir/tanya-berat"]
    assert talk.say("3,2") == ["lahir/tanya-tanggal"]


def test_a_short_question_with_a_word_of_birth_is_no_answer_either(talk: Talk) -> None:
    talk.says("sudah lahir", "setuju", "cewek")
    assert talk.say("kalau demam setelah melahirkan bahaya?") != ["lahir/tanya-tanggal"]


def test_what_stands_on_the_summary_may_be_said_again(talk: Talk) -> None:
    talk.says("sudah lahir kemarin, perempuan 3 kg, nama Ina", "setuju")
    assert talk.say("kemarin lahirnya") == ["lahir/konfirmasi"]


@pytest.mark.parametrize(
    ("told", "key", "expected"),
    [
        ("salah, yang pertama 2,7 kg", "weights", [2700, 2400]),
        ("salah, Husen 2,3 kg", "weights", [2600, 2300]),
        ("yang kedua perempuan", "sexes", ["M", "F"]),
    ],
)
def test_putting_one_of_twins_right_leaves_the_other_alone(app: App, told: str, key: str, expected: list[Any]) -> None:
    talk = Talk(app, multiple=True)
    talk.says("sudah lahir kemarin, dua duanya cowok, 2,6 dan 2,4 kg", "setuju", "Hasan sama Husen")
    assert talk.say(told) == ["lahir/konfirmasi"] and talk.state is not None
    assert talk.state["data"][key] == expected


def test_one_weight_for_twins_at_the_summary_is_asked_for_both(app: App) -> None:
    talk = Talk(app, multiple=True)
    talk.says("sudah lahir kemarin, dua duanya cowok, 2,6 dan 2,4 kg", "setuju", "Hasan sama Husen")
    assert talk.say("salah, 2,7 kg") == ["lahir/tanya-berat"]
