"""The form "daftar anak" as conversations. Today is Sunday, 22 November 2026."""

from __future__ import annotations

import itertools
import json
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from sapa.services.child_registration import ASKING_ORDER, CHILD_SLOTS, Step, step

TODAY = date(2026, 11, 22)
KNOWN = ("Melati", "Mawar 1", "Mawar 2")
FACTS = ("child_name", "child_sex", "child_birth_date", "child_posyandu")
ANI = {"child_name": "Ani", "child_sex": "F", "child_birth_date": "2026-05-03", "child_posyandu": "Melati"}
DAFTAR = "dialog/daftar-anak/"


class Form:
    """The caller of `step`: keeps the slots and asks for what comes next, as the Rasa form does."""

    def __init__(self, known: tuple[str, ...] = KNOWN, **slots: Any) -> None:
        self.known = known
        self.slots: dict[str, Any] = dict(slots)
        self.asked: str | None = None
        self.last = Step()

    def say(self, text: str, intent: str | None = None, confidence: float = 0.0) -> Form:
        self.last = step(
            text,
            self.slots,
            self.asked,
            today=TODAY,
            known_posyandu=self.known,
            intent=intent,
            intent_confidence=confidence,
        )
        self.slots |= json.loads(json.dumps(self.last.slots))  # Rasa keeps slots as JSON
        self.asked = self.last.next_slot
        return self

    def says(self, *texts: str) -> Form:
        for text in texts:
            self.say(text)
        return self

    @property
    def keys(self) -> list[str]:
        return [reply.key.removeprefix(DAFTAR) for reply in self.last.replies]

    @property
    def child(self) -> dict[str, Any]:
        return {name: self.slots.get(name) for name in FACTS if self.slots.get(name) is not None}


def at_summary(**changes: Any) -> Form:
    form = Form(consent=True, **(ANI | changes))
    form.asked = "child_confirmed"
    return form


ONE_SENTENCE = "daftarkan anak saya Ani perempuan lahir 3 mei 2026 posyandu melati"


def test_a_child_told_in_one_sentence_needs_only_consent_and_a_yes() -> None:
    form = Form().say(ONE_SENTENCE, "flow/daftar-anak", 0.99)
    assert (form.asked, form.child) == ("consent", ANI)
    assert form.say("setuju").asked == "child_confirmed"
    assert form.say("ya, betul").last.outcome == "confirmed"
    assert form.asked is None
    assert form.slots["child_outcome"] == "confirmed"
    assert form.slots["child_special_care"] is False


def test_a_child_told_in_six_messages_is_asked_for_in_the_order_of_the_form() -> None:
    form = Form()
    asked = [form.say(t).asked for t in ("daftar anak", "setuju", "Ani", "cewek", "3 mei", "melati", "ya")]
    assert asked == [*ASKING_ORDER, None]
    assert form.child == ANI
    assert form.last.replies == ()


def test_a_family_that_has_consented_before_is_not_asked_again() -> None:
    assert Form(consent=True).say("daftar anak").asked == "child_name"


def test_without_consent_nothing_is_kept() -> None:
    form = Form().says(ONE_SENTENCE, "tidak")
    assert (form.last.outcome, form.last.replies[0].key) == ("declined", "dialog/persetujuan/ditolak")
    assert form.slots["consent"] is False
    assert not any(form.slots.get(s) for s in CHILD_SLOTS if s != "child_outcome")


def test_facts_told_instead_of_consent_are_kept_and_consent_is_asked_again() -> None:
    form = Form().says("daftar anak", "namanya Ani, cewek")
    assert (form.asked, form.child, form.keys) == ("consent", {"child_name": "Ani", "child_sex": "F"}, [])


@pytest.mark.parametrize("asked", ASKING_ORDER)
@pytest.mark.parametrize("word", ["batal", "gak jadi", "ngga jadi deh", "nanti aja"])
def test_the_form_can_be_left_at_every_question(asked: str, word: str) -> None:
    form = Form(consent=asked != "consent" or None, **ANI)
    form.asked = asked
    form.say(word)
    assert (form.last.outcome, form.keys, form.asked) == ("cancelled", ["batal"], None)
    assert {k: v for k, v in form.slots.items() if v is not None} == {"child_outcome": "cancelled"}


def test_a_new_registration_after_a_cancelled_or_finished_one_starts_from_nothing() -> None:
    done = Form().says(ONE_SENTENCE, "setuju", "ya")
    done.asked = None
    done.say("daftar anak lagi")
    assert (done.asked, done.child) == ("child_name", {})


@pytest.mark.parametrize(
    ("message", "intent"),
    [
        ("apa itu isi piringku?", "gizi/isi-piringku"),
        ("anak saya demam", "anak/demam"),
        ("kapan posyandu buka", "posyandu/jadwal"),
        ("halo", "sapaan"),
        ("anak umur 5 bulan sudah boleh makan bubur?", "mpasi/kapan-mulai"),
    ],
)
@pytest.mark.parametrize("asked", ASKING_ORDER)
def test_a_question_in_between_changes_nothing(asked: str, message: str, intent: str) -> None:
    slots = dict(itertools.islice(({"consent": True} | ANI).items(), ASKING_ORDER.index(asked)))
    form = Form(**slots)
    form.asked = asked
    form.say(message, intent, 0.9)
    assert (form.last.side_question, form.last.slots, form.asked) == (True, {}, asked)


@pytest.mark.parametrize(
    ("asked", "message", "intent"),
    [
        ("child_name", "Cempaka", "posyandu/jadwal"),
        ("child_name", "Siti Nurhaliza", "out_of_scope"),
        ("child_birth_date", "3 mei 2026 ya?", "imunisasi/jadwal"),
        ("child_sex", "cewek", "imunisasi/bias-hpv"),
        ("child_posyandu", "posyandu melati", "posyandu/jadwal"),
        ("child_confirmed", "ya", "sapaan"),
    ],
)
def test_an_answer_is_an_answer_whatever_the_language_model_takes_it_for(asked: str, message: str, intent: str) -> None:
    slots = dict(itertools.islice(({"consent": True} | ANI).items(), ASKING_ORDER.index(asked)))
    form = Form(**slots)
    form.asked = asked
    form.say(message, intent, 0.95)
    assert not form.last.side_question
    assert form.asked != asked


def test_an_unsure_language_model_does_not_make_a_side_question() -> None:
    form = Form(consent=True)
    form.asked = "child_name"
    form.say("imunisasi kapan", "imunisasi/jadwal", 0.3)
    assert (form.last.side_question, form.keys) == (False, ["nama-tidak-terbaca"])


def test_the_caller_may_decide_what_is_a_question() -> None:
    said = step(
        "3 mei kah atau bagaimana caranya menulis ini",
        {"consent": True, "child_name": "Ani", "child_sex": "F"},
        "child_birth_date",
        today=TODAY,
        known_posyandu=KNOWN,
        intent="layanan/tentang-bot",
        intent_confidence=0.9,
        is_question=lambda text: "bagaimana" in text,
    )
    assert said.side_question


@pytest.mark.parametrize(
    ("asked", "message", "key"),
    [
        ("consent", "hmm", "jawab-ya-tidak"),
        ("child_name", "123", "nama-tidak-terbaca"),
        ("child_name", "belum ada nama", "nama-tidak-terbaca"),
        ("child_sex", "entah", "kelamin-tidak-terbaca"),
        ("child_sex", "laki perempuan", "kelamin-tidak-terbaca"),
        ("child_birth_date", "hmm", "tanggal-tidak-terbaca"),
        ("child_birth_date", "31 februari 2026", "tanggal-tidak-terbaca"),
        ("child_birth_date", "3 atau 4 mei", "tanggal-tidak-terbaca"),
        ("child_birth_date", "3 mei 2027", "tanggal-masa-depan"),
        ("child_birth_date", "22 november 2021", "tanggal-terlalu-lama"),
        ("child_birth_date", "umur 5 bulan", "tanggal-perlu-lengkap"),
        ("child_birth_date", "bulan mei", "tanggal-perlu-lengkap"),
        ("child_birth_date", "lupa", "tanggal-perlu-lengkap"),
        ("child_posyandu", "Anggrek", "posyandu-tidak-dikenal"),
        ("child_posyandu", "Mawar", "posyandu-tidak-dikenal"),
        ("child_confirmed", "hmm", "jawab-ya-tidak"),
    ],
)
def test_each_unreadable_answer_gets_its_own_explanation(asked: str, message: str, key: str) -> None:
    slots = dict(itertools.islice(({"consent": True} | ANI).items(), ASKING_ORDER.index(asked)))
    form = Form(**slots)
    form.asked = asked
    form.say(message)
    assert (form.keys, form.asked, form.last.outcome) == ([key], asked, None)


def test_the_third_failure_at_a_question_offers_a_human_and_keeps_the_form_open() -> None:
    form = Form().says("daftar anak", "setuju")
    seen = [form.say(text).keys for text in ("123", "456", "789")]
    assert seen == [["nama-tidak-terbaca"], ["nama-tidak-terbaca"], ["dialog/manusia/tawarkan"]]
    assert form.say("Ani").asked == "child_sex"
    assert form.slots["child_tries"] is None
    assert form.say("123").keys == ["kelamin-tidak-terbaca"]


def test_a_question_in_between_is_not_counted_as_a_failure() -> None:
    form = Form().says("daftar anak", "setuju", "123", "456")
    form.say("apa itu stunting?", "hpk/apa-itu-stunting", 0.9)
    assert form.slots["child_tries"]["count"] == 2


def test_an_unknown_posyandu_is_kept_when_the_family_says_it_again() -> None:
    form = Form().says("daftar anak Ani cewek lahir 3 mei 2026", "setuju", "anggrek")
    assert form.last.replies[0].vars == {"said": "Anggrek", "options": ["Mawar 1", "Mawar 2", "Melati"]}
    assert form.say("Anggrek").child["child_posyandu"] == "Anggrek"
    assert form.asked == "child_confirmed"


@pytest.mark.parametrize(
    ("answer", "posyandu"),
    [("tetap", "Anggrek"), ("iya itu", "Anggrek"), ("2", "Mawar 2"), ("melati", "Melati"), ("tidak tahu", "-")],
)
def test_the_options_for_an_unknown_posyandu_are_answered_in_many_ways(answer: str, posyandu: str) -> None:
    form = Form().says("daftar anak Ani cewek lahir 3 mei 2026", "setuju", "anggrek", answer)
    assert form.child["child_posyandu"] == posyandu


def test_an_unknown_posyandu_told_early_is_taken_up_when_its_turn_comes() -> None:
    form = Form().says("daftar anak Ani lahir 3 mei 2026 posyandu Anggrek", "setuju")
    assert (form.asked, form.keys) == ("child_sex", [])
    assert form.say("cewek").keys == ["posyandu-tidak-dikenal"]


def test_where_no_posyandu_is_on_file_any_name_is_taken() -> None:
    form = Form(known=()).says("daftar anak Ani cewek lahir 3 mei 2026", "setuju", "anggrek")
    assert (form.child["child_posyandu"], form.asked) == ("Anggrek", "child_confirmed")


@pytest.mark.parametrize(
    ("correction", "slot", "value"),
    [
        ("salah, lahirnya 4 mei", "child_birth_date", "2026-05-04"),
        ("4 mei 2026", "child_birth_date", "2026-05-04"),
        ("bukan, namanya Ana", "child_name", "Ana"),
        ("ya tapi namanya Ana", "child_name", "Ana"),
        ("bukan Ani tapi Ana", "child_name", "Ana"),
        ("eh ganti laki-laki", "child_sex", "M"),
        ("posyandunya Mawar 1", "child_posyandu", "Mawar 1"),
        ("ya, posyandu mawar 2", "child_posyandu", "Mawar 2"),
        ("posyandunya belum tahu", "child_posyandu", "-"),
    ],
)
def test_a_correction_at_the_summary_changes_one_fact_and_shows_it_again(
    correction: str, slot: str, value: str
) -> None:
    form = at_summary().say(correction)
    assert form.child == ANI | {slot: value}
    assert (form.asked, form.last.outcome) == ("child_confirmed", None)
    assert form.say("ya").last.outcome == "confirmed"


@pytest.mark.parametrize(
    ("message", "slot"),
    [
        ("ubah tanggal", "child_birth_date"),
        ("nama salah", "child_name"),
        ("jenis kelaminnya salah", "child_sex"),
        ("posyandunya salah", "child_posyandu"),
    ],
)
def test_a_field_named_without_a_value_is_asked_again(message: str, slot: str) -> None:
    form = at_summary().say(message)
    assert (form.asked, form.child) == (slot, {k: v for k, v in ANI.items() if k != slot})


@pytest.mark.parametrize("no", ["salah", "tidak", "belum benar"])
@pytest.mark.parametrize(
    ("then", "asked", "changed"),
    [
        ("nama", "child_name", {"child_name": None}),
        ("tanggalnya", "child_birth_date", {"child_birth_date": None}),
        ("4 mei", "child_confirmed", {"child_birth_date": "2026-05-04"}),
        ("Ana", "child_confirmed", {"child_name": "Ana"}),
        ("laki-laki", "child_confirmed", {"child_sex": "M"}),
        ("tidak ada", "child_confirmed", {}),
    ],
)
def test_salah_alone_asks_what_to_change(no: str, then: str, asked: str, changed: dict[str, Any]) -> None:
    form = at_summary().say(no)
    assert (form.keys, form.asked, form.last.ask_again) == (["ubah-apa"], "child_confirmed", False)
    form.say(then)
    assert form.asked == asked
    assert form.child == {k: v for k, v in (ANI | changed).items() if v}


def test_salah_in_the_middle_of_the_form_asks_what_to_change_and_then_goes_on() -> None:
    form = Form().says("daftar anak", "setuju", "Ani", "salah")
    assert (form.keys, form.asked, form.last.ask_again) == (["ubah-apa"], "child_sex", False)
    assert form.say("namanya").asked == "child_name"
    assert form.say("Ana").asked == "child_sex"
    assert form.says("cewek").child == {"child_name": "Ana", "child_sex": "F"}


def test_a_correction_to_an_impossible_date_asks_for_the_date_again() -> None:
    form = at_summary().say("salah, lahirnya 31 februari")
    assert (form.keys, form.asked) == (["tanggal-tidak-terbaca"], "child_birth_date")


def test_a_fact_in_passing_does_not_replace_what_was_said() -> None:
    form = Form(consent=True, child_name="Ani", child_sex="F", child_birth_date="2026-05-03")
    form.asked = "child_posyandu"
    form.say("kemarin timbang di posyandu melati")
    assert form.child == ANI


def test_a_correction_in_the_middle_of_the_form_is_taken() -> None:
    form = Form().says("daftar anak", "setuju", "Ani", "eh namanya Ana")
    assert (form.child, form.asked) == ({"child_name": "Ana"}, "child_sex")


@pytest.mark.parametrize("early", ["prematur", "lahirnya 34 minggu", "beratnya 1900 gram waktu lahir", "kurang bulan"])
def test_a_child_born_early_or_small_needs_special_care(early: str) -> None:
    form = Form().says("daftar anak Ani cewek", "setuju", f"lahir 3 mei 2026, {early}", "melati", "ya")
    assert (form.last.outcome, form.slots["child_special_care"]) == ("confirmed", True)


def test_special_care_can_be_taken_back() -> None:
    assert at_summary(child_special_care=True).say("salah, tidak prematur").slots["child_special_care"] is False


PIECES = {
    "child_name": "namanya Ani",
    "child_sex": "perempuan",
    "child_birth_date": "lahir 3 mei 2026",
    "child_posyandu": "posyandu melati",
}


@pytest.mark.parametrize("order", list(itertools.permutations(PIECES.values())), ids=" > ".join)
@pytest.mark.parametrize("consent_after", [0, 2, 4])
def test_the_same_facts_in_any_order_reach_the_same_summary(order: tuple[str, ...], consent_after: int) -> None:
    form = Form().say("daftar anak")
    form.says(*order[:consent_after], "setuju", *order[consent_after:])
    assert (form.asked, form.child) == ("child_confirmed", ANI)


@pytest.mark.parametrize("order", list(itertools.permutations(PIECES.values())), ids=", ".join)
def test_the_same_facts_in_one_sentence_in_any_order_are_all_read(order: tuple[str, ...]) -> None:
    assert Form().say("daftar anak, " + ", ".join(order)).child == ANI


TEXTS = [
    *PIECES.values(), "ya", "tidak", "setuju", "salah", "ubah tanggal", "nama", "Ana", "laki-laki", "4 mei",
    "31 feb", "umur 5 bulan",
    "anggrek", "tetap", "1", "belum tahu", "hmm", "?", "", "bukan, namanya Ana", "prematur", "3 mei 2030",
    "siapa ya?", "/restart",
    "a" * 3000, "👍", "\u200b",
]  # fmt: skip
INTENTS = [None, "flow/daftar-anak", "gizi/isi-piringku", "sapaan", "flow/profil", "nlu_fallback"]


class AnyConversation(RuleBasedStateMachine):
    """Whatever a family writes, in whatever order: nothing breaks, nothing ends without a reason or its facts."""

    @initialize(first=st.sampled_from(["daftar anak", ONE_SENTENCE, "daftar anak Ani"]))
    def begin(self, first: str) -> None:
        self.form = Form().say(first)
        self.explained: list[str] = []

    @precondition(lambda self: self.form.asked is not None)
    @rule(text=st.one_of(st.sampled_from(TEXTS), st.text(max_size=40)), intent=st.sampled_from(INTENTS))
    def write(self, text: str, intent: str | None) -> None:
        before, asked, child = dict(self.form.slots), self.form.asked, self.facts()
        self.form.say(text, intent, 0.9)
        if self.form.last.side_question:
            assert self.form.slots == before
            assert self.form.asked == asked
        shown_again = not self.form.last.side_question and not self.form.keys
        if self.form.asked != asked or self.facts() != child or shown_again:
            self.explained = []
        elif not self.form.last.side_question:
            self.explained += [key for key in self.form.keys if key != "dialog/manusia/tawarkan"]

    def facts(self) -> dict[str, Any]:
        return self.form.child | {"special_care": self.form.slots.get("child_special_care")}

    @precondition(lambda self: self.form.asked is not None)
    @rule()
    def leave(self) -> None:
        self.form.say("batal")
        self.explained = []
        assert {k: v for k, v in self.form.slots.items() if v is not None} == {"child_outcome": "cancelled"}

    @precondition(lambda self: self.form.asked is None)
    @rule()
    def begin_again(self) -> None:
        self.form.say("daftar anak")
        assert self.form.child == {}
        assert self.form.asked in {"consent", "child_name"}

    @invariant()
    def the_form_ends_only_with_an_outcome(self) -> None:
        if hasattr(self, "form"):
            assert (self.form.asked is None) == (self.form.last.outcome is not None)

    @invariant()
    def nothing_is_confirmed_without_consent_and_four_facts(self) -> None:
        if hasattr(self, "form") and self.form.last.outcome == "confirmed":
            assert self.form.slots["consent"] is True
            assert set(self.form.child) == set(FACTS)
            assert date.fromisoformat(self.form.child["child_birth_date"]) <= TODAY
            assert isinstance(self.form.slots["child_special_care"], bool)

    @invariant()
    def no_explanation_is_given_more_than_twice_in_a_row(self) -> None:
        if hasattr(self, "explained"):
            assert all(self.explained.count(key) <= 2 for key in self.explained)


AnyConversation.TestCase.settings = settings(max_examples=40, stateful_step_count=20, deadline=None)
TestAnyConversation = AnyConversation.TestCase


@given(
    st.text(max_size=200),
    st.sampled_from([None, *ASKING_ORDER, "lain"]),
    st.dictionaries(st.sampled_from(CHILD_SLOTS), st.text(max_size=5)),
)
def test_no_text_and_no_odd_slot_breaks_a_step(text: str, asked: str | None, slots: dict[str, Any]) -> None:
    step(text, slots, asked, today=TODAY, known_posyandu=KNOWN)
