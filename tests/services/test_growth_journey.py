"""Weighings told in chat: in one sentence, step by step, for several children, with slips; and in passing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sapa.bootstrap import App
from sapa.family.people import Child, Measurement, Sex
from sapa.messaging.sms import gsm7_unsupported, sms_parts
from sapa.messaging.states import Channel
from sapa.services.consents import CHILD_CARE
from sapa.services.growth_recording import CASE, RESULT, growth_result, record
from sapa.services.households import family_of_contact
from sapa.services.journeys import conductor
from sapa.services.journeys import growth as journey
from sapa.services.journeys.conductor import CONSENT
from sapa.services.journeys.contract import Scene
from sapa.services.records import Reply
from sapa.services.replies import render_reply
from sapa.services.understanding import Understood

MOTHER = "+6281200000077"
TODAY = date(2026, 11, 23)
ANI = Child("Ani", date(2026, 3, 12), Sex.FEMALE, id="c-ani")  # 8 months
BUDI = Child("Budi Santoso", date(2024, 5, 2), Sex.MALE, id="c-budi")  # 2 years 6 months


class Talk:
    """A mother and what she writes; every reply is rendered for both channels on the way."""

    def __init__(self, app: App, now: datetime, *children: Child, consent: bool = True) -> None:
        self.app, self.now, self.number = app, now, 0
        self.state: conductor.State | None = None
        with app.store.transaction() as tx:
            self.contact_id = tx.contact_for_address(Channel.WHATSAPP, MOTHER, MOTHER, now)[0].id
            self.household = tx.household_of(self.contact_id, now)
            for child in children:
                tx.save_child(self.household, child, now)
                for measured in child.measurements:
                    tx.save_measurement(child.id, measured, "chat", now)
            if consent:
                tx.record_consent(self.contact_id, CHILD_CARE, "ya", True, None, now)

    def say(self, text: str, label: str = "inform", confidence: float = 0.9) -> list[Reply]:
        self.number += 1
        with self.app.store.transaction() as tx:
            family = family_of_contact(tx, self.contact_id, self.now, "Asia/Jakarta")
            scene = Scene(self.app.deps, tx, self.contact_id, family, self.now, family.today, f"in-{self.number}")
            if self.state is None:
                turned = conductor.begin(journey.JOURNEY, scene, text)
            else:
                understood = Understood(((label, confidence),))
                turned = conductor.go_on(journey.JOURNEY, scene, self.state, text, understood, self.app.content_ids)
        self.state = turned.state
        self.check(turned.replies)
        return list(turned.replies)

    def keys(self, text: str, **more: Any) -> list[str]:
        return [reply.key for reply in self.say(text, **more)]

    def tell(self, text: str, label: str = "nlu_fallback") -> tuple[Reply, ...] | None:
        """A message outside of any dialogue."""
        with self.app.store.transaction() as tx:
            replies = record(self.app.deps, tx, self.contact_id, text, label, self.now)
        self.check(replies or ())
        return replies

    def opens(self, text: str, label: str | None = None) -> bool:
        with self.app.store.transaction() as tx:
            family = family_of_contact(tx, self.contact_id, self.now, "Asia/Jakarta")
            scene = Scene(self.app.deps, tx, self.contact_id, family, self.now, family.today, "in-0")
            return journey.JOURNEY.opens(scene, text, label)

    def check(self, replies: Any) -> None:
        for reply in (reply for reply in replies if reply.key.startswith("dialog/timbang/")):
            for channel in Channel:
                text = self.render(reply, channel)
                assert "stunting" not in text.lower() and "None" not in text
                if channel is Channel.SMS:
                    assert gsm7_unsupported(text) == "" and sms_parts(text) <= 2, text
                else:
                    assert len(text) <= 1024, text

    def render(self, reply: Reply, channel: Channel = Channel.WHATSAPP) -> str:
        with self.app.store.transaction() as tx:
            family = family_of_contact(tx, self.contact_id, self.now, "Asia/Jakarta")
        return render_reply(self.app.deps, reply, channel, family).text

    def weighings(self, child: Child = ANI) -> list[tuple[date, float | None, float | None, str]]:
        with self.app.store.transaction() as tx:
            found = next(one for one in tx.children_of(self.household) if one.id == child.id)
        return [(m.date, m.weight_kg, m.lenhei_cm, m.measure) for m in found.measurements]

    def cases(self) -> list[str]:
        with self.app.store.transaction() as tx:
            return [case.kind for case in tx.open_cases_of(self.contact_id)]


@pytest.fixture
def database_url(one_database: str) -> str:
    """One kind of database is enough: what is said hangs on none, and the store has its own tests on both."""
    return one_database


@pytest.fixture
def talk(app: App, now: datetime) -> Talk:
    return Talk(app, now, ANI)


# ------------------------------------------------------------------------------------------------ the dialogue


def test_one_sentence_is_shown_confirmed_written_and_explained(talk: Talk) -> None:
    assert talk.keys("berat Ani 7,8 kg tinggi 69 berbaring") == [journey.CONFIRM]
    assert talk.weighings() == []
    (result,) = talk.say("benar")
    assert (result.key, talk.state) == (RESULT, None)
    assert talk.weighings() == [(TODAY, 7.8, 69.0, "L")]
    text = talk.render(result)
    assert "*normal* untuk anak seumurnya" in text and "Timbang lagi bulan depan" in text
    assert talk.cases() == []


def test_step_by_step_asks_for_one_thing_at_a_time(talk: Talk) -> None:
    assert talk.keys("mau catat timbangan") == [journey.ASK_WEIGHT]
    assert talk.keys("7,8") == [journey.ASK_LENGTH]
    assert talk.keys("69") == [journey.CONFIRM]
    assert talk.keys("ya") == [RESULT]
    assert talk.weighings() == [(TODAY, 7.8, 69.0, "")]


def test_the_length_may_be_left_out(talk: Talk) -> None:
    talk.say("mau catat timbangan")
    talk.say("7,8")
    assert talk.keys("tidak diukur") == [journey.CONFIRM]
    talk.say("benar")
    assert talk.weighings() == [(TODAY, 7.8, None, "")]


def test_a_length_told_first_still_asks_for_the_weight_and_a_picture_comes_with_the_answer(talk: Talk) -> None:
    assert talk.keys("tinggi Ani 69") == [journey.ASK_WEIGHT]
    assert talk.keys("7,8 kg") == [journey.CONFIRM]
    (result,) = talk.say("benar")
    assert result.picture is not None
    assert result.picture["kind"] == "growth-chart"
    assert [row["weight_kg"] for row in result.picture["measurements"]] == [7.8]


def test_which_child_is_asked_where_there_are_several_and_may_be_answered_by_number(app: App, now: datetime) -> None:
    talk = Talk(app, now, ANI, BUDI)
    assert talk.keys("ditimbang 13,1 tadi") == [journey.ASK_CHILD]
    assert talk.keys("2") == [journey.CONFIRM]
    talk.say("benar")
    assert talk.weighings(BUDI) == [(TODAY, 13.1, None, "")]
    assert talk.weighings(ANI) == []


def test_two_children_in_one_message_are_two_results(app: App, now: datetime) -> None:
    talk = Talk(app, now, ANI, BUDI)
    assert talk.keys("kemarin Ani 7,8 69, Budi 13,1") == [journey.CONFIRM]
    assert talk.keys("benar") == [RESULT, RESULT]
    assert talk.weighings(ANI) == [(date(2026, 11, 22), 7.8, 69.0, "")]
    assert talk.weighings(BUDI) == [(date(2026, 11, 22), 13.1, None, "")]


def test_the_name_of_nobody_here_is_asked_about_even_in_a_family_of_one(talk: Talk) -> None:
    assert talk.keys("berat Dodi 7,8") == [journey.UNKNOWN_NAME, journey.ASK_CHILD]
    assert talk.keys("Ani") == [journey.CONFIRM]
    talk.say("benar")
    assert talk.weighings() == [(TODAY, 7.8, None, "")]


def test_a_sex_that_is_not_known_is_asked_and_kept(app: App, now: datetime) -> None:
    talk = Talk(app, now, replace(ANI, sex=None))
    assert talk.keys("berat ani 7,8") == [journey.ASK_SEX]
    assert talk.keys("cewek") == [journey.CONFIRM]
    talk.say("benar")
    with app.store.transaction() as tx:
        assert tx.children_of(talk.household)[0].sex is Sex.FEMALE


def test_lying_or_standing_is_asked_only_where_it_matters(app: App, now: datetime) -> None:
    born = date(2025, 4, 12)  # 19 months: a length near -2 SD
    talk = Talk(app, now, replace(ANI, birth_date=born))
    assert talk.keys("berat ani 9,5 tinggi 76") == [journey.ASK_MEASURE]
    assert talk.keys("berdiri") == [journey.CONFIRM]
    talk.say("benar")
    assert talk.weighings() == [(TODAY, 9.5, 76.0, "H")]
    other = Talk(app, now, replace(ANI, birth_date=born))
    other.say("berat ani 9,5 tinggi 76")
    assert other.keys("tidak tahu") == [journey.CONFIRM]


@pytest.mark.parametrize(
    ("first", "answer", "written"),
    [
        ("berat ani 78", "ya", (7.8, None)),
        ("berat ani 78", "7,9", (7.9, None)),
        ("berat ani 69 tinggi 7,8", "iya bu", (7.8, 69.0)),
        ("berat ani 7,8 tinggi 690", "ya", (7.8, 69.0)),
    ],
)
def test_numbers_that_cannot_be_are_asked_again_with_what_was_perhaps_meant(
    talk: Talk, first: str, answer: str, written: tuple[float, float | None]
) -> None:
    assert talk.keys(first) == [journey.DOUBT]
    assert talk.keys(answer) == [journey.CONFIRM]
    talk.say("benar")
    assert [(kg, cm) for _, kg, cm, _ in talk.weighings()] == [written]


def test_a_no_to_what_was_perhaps_meant_asks_for_the_number_anew(talk: Talk) -> None:
    talk.say("berat ani 78")
    assert talk.keys("bukan") == [journey.ASK_WEIGHT]
    assert talk.keys("7,6") == [journey.CONFIRM]


@pytest.mark.parametrize("insisting", ["memang segitu bu", "3,1", "benar"])
def test_a_family_that_stands_by_a_number_that_cannot_be_is_sent_to_a_human_and_not_judged(
    talk: Talk, insisting: str
) -> None:
    assert talk.keys("berat ani 3,1") == [journey.DOUBT]
    assert talk.keys(insisting) == [journey.CONFIRM]
    (result,) = talk.say("benar")
    assert (result.vars["hasil"]["judge"], result.vars["hasil"]["weight_class"]) == ("ragu", None)
    assert "menimbang ulang" in talk.render(result)
    assert talk.cases() == [CASE]


def test_a_weight_far_from_the_last_one_is_asked_again(app: App, now: datetime) -> None:
    talk = Talk(app, now, replace(ANI, measurements=(Measurement(date(2026, 10, 22), 8.6),)))
    assert talk.keys("berat ani 7,1") == [journey.DOUBT]


@pytest.mark.parametrize(
    ("change", "shown"),
    [
        ("ubah berat 8,1", [journey.CONFIRM]),
        ("bukan, 8,1", [journey.CONFIRM]),
        ("berat 8,1", [journey.CONFIRM]),
        ("ubah berat", [journey.ASK_WEIGHT]),
        ("ubah", [journey.ASK_CHANGE]),
        ("salah", [journey.ASK_CHANGE]),
        ("ubah tanggal", [journey.ASK_DATE]),
        ("tambah tinggi 70", [journey.CONFIRM]),
        ("ubah tinggi", [journey.ASK_LENGTH]),
    ],
)
def test_one_thing_can_be_changed_at_the_summary(talk: Talk, change: str, shown: list[str]) -> None:
    talk.say("berat ani 7,8 tinggi 69")
    assert talk.keys(change) == shown
    assert talk.weighings() == []


def test_a_changed_date_and_weight_are_what_is_written(talk: Talk) -> None:
    talk.say("berat ani 7,8")
    talk.say("ubah")
    assert talk.keys("tanggal 10 november") == [journey.CONFIRM]
    assert talk.keys("ubah berat 7,9") == [journey.CONFIRM]
    talk.say("benar")
    assert talk.weighings() == [(date(2026, 11, 10), 7.9, None, "")]


def test_whose_number_it_is_has_to_be_said_where_two_stand_in_the_summary(app: App, now: datetime) -> None:
    talk = Talk(app, now, ANI, BUDI)
    talk.say("Ani 7,8, Budi 13,1")
    assert talk.keys("8,1") == [journey.ASK_CHANGE]
    assert talk.keys("Ani 8,1") == [journey.CONFIRM]
    talk.say("benar")
    assert [talk.weighings(one)[0][1] for one in (ANI, BUDI)] == [8.1, 13.1]


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("berat ani 7,8 besok", [journey.FUTURE, journey.ASK_DATE]),
        ("berat ani 7,8 tanggal 1 januari 2026", [journey.BEFORE_BIRTH, journey.ASK_DATE]),
        ("berat ani 7,8 bulan oktober", [journey.ASK_DATE]),
    ],
)
def test_a_day_that_cannot_be_is_asked_kindly_and_nothing_is_lost(talk: Talk, text: str, keys: list[str]) -> None:
    assert talk.keys(text) == keys
    assert talk.keys("kemarin") == [journey.CONFIRM]
    talk.say("benar")
    assert talk.weighings() == [(date(2026, 11, 22), 7.8, None, "")]


def test_without_a_registered_child_the_way_to_register_is_shown(app: App, now: datetime) -> None:
    talk = Talk(app, now)
    assert talk.keys("berat anak saya 7,8") == [journey.NO_CHILD]
    assert talk.state is None


def test_not_weighed_yet_ends_kindly(talk: Talk) -> None:
    talk.say("mau timbang")
    assert talk.keys("belum ditimbang bu") == [journey.NOT_WEIGHED]
    assert talk.state is None


def test_what_was_told_before_the_consent_is_not_asked_again_and_not_written_before_it(app: App, now: datetime) -> None:
    talk = Talk(app, now, ANI, consent=False)
    assert talk.keys("berat ani 7,8") == ["dialog/persetujuan/minta"]
    assert talk.state is not None and talk.state["asked"] == CONSENT
    assert talk.keys("setuju") == [journey.CONFIRM]
    assert talk.weighings() == []


def test_the_weight_at_birth_and_of_the_mother_are_not_taken_for_the_weighing_of_today(talk: Talk) -> None:
    assert talk.keys("berat lahir 3,1 kg") == [journey.ASK_WEIGHT]


def test_a_question_in_between_is_not_an_answer(talk: Talk) -> None:
    talk.say("mau catat timbangan")
    state = talk.state
    replies = talk.keys("apa itu kms?", label="posyandu/baca-kms")
    assert replies[0] == "posyandu/baca-kms" and replies[-1] == journey.ASK_WEIGHT
    assert talk.state == state


def test_writing_twice_for_one_message_changes_nothing_more(talk: Talk) -> None:
    talk.say("berat ani 5,6")
    state = talk.state
    first = talk.say("benar")
    talk.state = state
    second = talk.say("benar")
    assert (first, len(talk.weighings()), talk.cases()) == (second, 1, [CASE])


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.permutations(["berat 7,8", "tinggi 69", "tgl 10 november", "Ani"]))
def test_any_order_of_the_same_facts_gives_the_same_summary(talk: Talk, facts: list[str]) -> None:
    talk.state = None
    (reply,) = talk.say(" ".join(facts))
    assert reply.key == journey.CONFIRM
    rows = [{"name": "Ani", "weight": "7,8", "length": "69", "position": None}]
    assert reply.vars == {"rows": rows, "date": "2026-11-10"}


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.text(max_size=30) | st.sampled_from(["7,8", "Ani", "benar", "ubah", "tidak", "ya"]), max_size=6))
def test_no_message_breaks_the_dialogue(talk: Talk, messages: list[str]) -> None:
    talk.state = None
    for message in messages:
        talk.say(message)


# --------------------------------------------------------------------------------------------------- in passing


def test_a_sure_report_is_written_at_once_whatever_the_label(talk: Talk) -> None:
    for label in ("nlu_fallback", "flow/catat-timbang", "gizi/berat-badan-anak"):
        replies = talk.tell("berat Ani 7,8", label)
        assert replies is not None and [reply.key for reply in replies] == [RESULT]
    assert talk.weighings() == [(TODAY, 7.8, None, "")]


@pytest.mark.parametrize(
    "text",
    [
        "berat Ani 7,8 normal gak?",
        "7,8",
        "berat badan saya 52",
        "berat lahir 3,1",
        "Ani demam, berat 7,8",
        "berat Dodi 7,8",
        "berat Ani 78",
        "Ani 3",
        "tinggi 69",
        "berat Ani 7,8 bulan lalu",
        "/berat Ani 7,8",
    ],
)
def test_what_is_not_certain_is_not_written_in_passing(talk: Talk, text: str) -> None:
    assert talk.tell(text) is None
    assert talk.weighings() == []


@pytest.mark.parametrize("label", ["danger", "keluhan", "flow/duka", "flow/hapus-data", "flow/berhenti", "handover"])
def test_more_important_messages_are_never_taken(talk: Talk, label: str) -> None:
    assert talk.tell("berat Ani 7,8", label) is None


def test_nothing_is_written_without_consent(app: App, now: datetime) -> None:
    talk = Talk(app, now, ANI, consent=False)
    assert talk.tell("berat Ani 7,8") is None


def test_a_report_that_lacks_something_opens_the_dialogue_by_its_words(talk: Talk) -> None:
    assert talk.opens("berat Ani 78")
    assert talk.opens("bb Ani 7,8 bulan oktober")
    assert not talk.opens("bb 52")
    assert not talk.opens("berat Ani 7,8 normal gak?")
    assert not talk.opens("berat Ani 78", "flow/hapus-data")


def test_a_second_report_of_the_day_corrects_and_completes_the_first(talk: Talk) -> None:
    talk.tell("berat Ani 7,6")
    talk.tell("berat Ani 7,8 tinggi 69")
    talk.tell("berat Ani 7,9")
    assert talk.weighings() == [(TODAY, 7.9, 69.0, "")]


# ------------------------------------------------------------------------------------------------ what is said of it


def _result(child: Child, kg: float, cm: float | None = None, *earlier: Measurement) -> Mapping[str, Any]:
    return growth_result(replace(child, measurements=earlier), Measurement(TODAY, kg, cm, "L" if cm else ""))


@pytest.mark.parametrize(
    ("kg", "cm", "step", "weight_class", "length_class", "shape_class"),
    [
        (7.8, 69.0, "lanjut", "weight_normal", "length_normal", "well_nourished"),
        (6.1, None, "periksa", "underweight", None, None),
        (5.4, None, "segera", "severely_underweight", None, None),
        (6.6, 63.0, "periksa", "weight_normal", "stunted", "well_nourished"),
        (6.6, 69.0, "periksa", "weight_normal", "length_normal", "wasted"),
        (10.0, None, "tunjukkan", "weight_risk", None, None),
        (10.0, 69.0, "tunjukkan", "weight_risk", "length_normal", "overweight"),
        (10.8, 78.5, "periksa", "weight_risk", "tall", "overweight_risk"),  # beyond +3
        (9.5, 74.0, "lanjut", "weight_risk", "length_normal", "well_nourished"),  # tall and heavy alike
    ],
)
def test_the_next_step_follows_from_the_categories(
    kg: float, cm: float | None, step: str, weight_class: str, length_class: str | None, shape_class: str | None
) -> None:
    said = _result(ANI, kg, cm)
    found = [said[key] for key in ("step", "weight_class", "length_class", "shape_class")]
    assert found == [step, weight_class, length_class, shape_class]


def test_not_gaining_goes_to_the_puskesmas_and_the_last_weight_is_named() -> None:
    said = _result(ANI, 7.5, None, Measurement(date(2026, 10, 23), 7.5))
    assert (said["kms"], said["step"]) == ("T", "periksa")
    assert said["change"] == {"way": "tetap", "amount": "0 gram", "since": "2026-10-23"}
    gained = _result(ANI, 7.8, None, Measurement(date(2026, 10, 12), 7.5))
    assert gained["change"] == {"way": "naik", "amount": "300 gram", "since": "2026-10-12"}
    assert gained["kms"] is None  # 42 days: not last month's weighing


def test_a_child_born_early_is_shown_and_left_to_the_health_worker(app: App, now: datetime) -> None:
    early = replace(ANI, birth_weeks=33)
    assert _result(early, 4.0)["weight_class"] is None
    talk = Talk(app, now, early)
    replies = talk.tell("berat Ani 4,0")
    assert replies is not None
    assert "bidan atau dokter" in talk.render(replies[0])
    assert replies[0].picture is not None and replies[0].picture["own_judgement"] is True
    assert talk.cases() == [CASE]


def test_a_child_past_five_years_is_written_down_and_left_to_the_health_worker() -> None:
    old = replace(BUDI, birth_date=date(2021, 5, 2))
    assert _result(old, 17.0)["judge"] == "umur"


def test_a_low_weight_opens_one_case_and_not_a_new_one_every_month(talk: Talk) -> None:
    talk.tell("berat Ani 6,1")
    talk.tell("berat Ani 6,2")
    assert talk.cases() == [CASE]
