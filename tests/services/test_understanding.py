"""What is understood, and how the conversation breaks a tie."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sapa.services.understanding import SURE, Talk, Understood, settle, topics_asked, understood_from

MILK, FISH, NAUSEA = "asi/produksi", "gizi/protein-hewani", "hamil/mual-muntah"


def _unsure(*ranking: tuple[str, float], **said: Any) -> Understood:
    return Understood(ranking, unsure=True, said=said)


# label A, chance, label B, chance, talk, the label settled on (None: still unsure), the arithmetic
TIES: list[tuple[Understood, Talk, str | None, str]] = [
    (_unsure((MILK, 0.55), (FISH, 0.30)), Talk(), None, "nothing known: 0.55 stays below 0.6"),
    (_unsure((MILK, 0.55), (FISH, 0.30)), Talk("asi/menyapih"), MILK, "0.55*1.4=0.77; 0.77/(0.77+0.30+0.15)=0.63"),
    (_unsure((MILK, 0.55), (FISH, 0.30)), Talk(MILK), MILK, "0.55*1.6=0.88; 0.88/1.33=0.66"),
    (_unsure((MILK, 0.45), (FISH, 0.40)), Talk("gizi/sayur-buah"), None, "0.40*1.4=0.56; 0.56/1.16=0.48"),
    (_unsure((NAUSEA, 0.42), (MILK, 0.53)), Talk(stage="anak"), MILK, "0.42*0.6=0.25; 0.53/(0.25+0.53+0.05)=0.64"),
]


@pytest.mark.parametrize(("understood", "talk", "label", "arithmetic"), TIES, ids=[case[3] for case in TIES])
def test_the_last_topic_and_the_stage_break_a_tie(
    understood: Understood, talk: Talk, label: str | None, arithmetic: str
) -> None:
    settled = settle(understood, talk, "yang mana ya")
    assert (None if settled.unsure else settled.label) == label, arithmetic


def test_what_is_sure_is_never_bent_by_the_conversation() -> None:
    sure = Understood(((NAUSEA, 0.51), (MILK, 0.49)))
    assert settle(sure, Talk(MILK, "anak"), "...") == sure


LEANING = [
    ("kalau 9 bulan?", {"age_months": 9}, True),
    ("terus klo hamil 34w", {"gestational_week": 34}, True),
    ("kalau sudah besar?", {}, False),
    ("umurnya 9 bulan", {"age_months": 9}, False),
    ("kalau 9 bulan sudah boleh makan nasi dan lauk keluarga belum", {"age_months": 9}, False),
]


@pytest.mark.parametrize(("text", "said", "again"), LEANING, ids=[text for text, *_ in LEANING])
def test_a_short_question_that_leans_on_the_last_one_is_the_last_one_for_another_age(
    text: str, said: dict[str, Any], again: bool
) -> None:
    settled = settle(_unsure((FISH, 0.2), (NAUSEA, 0.1), **said), Talk("mpasi/porsi-tekstur"), text)
    assert (settled.label == "mpasi/porsi-tekstur" and not settled.unsure) == again


LOSSES = [
    (Understood((("flow/berhenti", 0.89),)), "yang punya nomor ini su meninggal, jangan kirim pesan lagi", True),
    (Understood((("flow/berhenti", 0.89),)), "jangan kirim pesan lagi", False),
    (_unsure(("keluhan", 0.4), ("flow/duka", 0.2)), "kandungan saya gugur tadi pagi", True),
    (_unsure(("keluhan", 0.4), ("flow/duka", 0.1)), "kandungan saya gugur tadi pagi", False),
    (_unsure(("keluhan", 0.4), ("flow/duka", 0.2)), "anak saya batuk", False),
    (
        Understood((("kb/jarak-kehamilan", 0.86), ("flow/duka", 0.12))),
        "keguguran dua bulan lalu, kapan boleh hamil",
        False,
    ),
    (Understood((("danger", 0.5), ("flow/duka", 0.4))), "keguguran, darahnya masih banyak", False),
]


@pytest.mark.parametrize(("understood", "text", "loss"), LOSSES, ids=[text for _, text, _ in LOSSES])
def test_words_of_loss_are_heard_where_nothing_else_is_sure_or_silence_is_asked_for(
    understood: Understood, text: str, loss: bool
) -> None:
    settled = settle(understood, Talk(), text)
    assert (settled.label == "flow/duka" and not settled.unsure) == loss


labels = st.sampled_from([MILK, FISH, NAUSEA, "catin/skrining", "danger", "keluhan", "flow/duka"])
rankings = st.lists(st.tuples(labels, st.floats(0.0, 0.14)), min_size=1, max_size=7, unique_by=lambda entry: entry[0])
talks = st.builds(Talk, st.none() | labels, st.sampled_from([None, "anak", "hamil", "catin"]))


@given(rankings, talks)
def test_weighing_keeps_every_label_and_never_makes_more_than_a_whole(
    ranking: list[tuple[str, float]], talk: Talk
) -> None:
    ordered = tuple(sorted(ranking, key=lambda entry: -entry[1]))
    settled = settle(Understood(ordered, unsure=True), talk, "apa")
    assert {label for label, _ in settled.ranking} == {label for label, _ in ordered}
    assert sum(chance for _, chance in settled.ranking) <= 1.0 + 1e-9
    assert settled.unsure == (settled.confidence < SURE)


CONTENT = {MILK, FISH, NAUSEA}
TWO = [
    ((MILK, FISH), MILK, (MILK, FISH)),
    ((MILK, FISH, NAUSEA), FISH, ()),  # three questions are too many for one answer: the likeliest alone
    ((MILK, MILK), MILK, ()),
    ((MILK, FISH), NAUSEA, ()),  # the whole says something else: its pieces mislead
    ((MILK, "keluhan"), MILK, ()),  # only topics are answered side by side
]


@pytest.mark.parametrize(("questions", "whole", "topics"), TWO)
def test_two_questions_are_two_topics_where_the_whole_message_agrees(
    questions: tuple[str, ...], whole: str, topics: tuple[str, ...]
) -> None:
    assert topics_asked(Understood(((whole, 0.9),), questions=questions), CONTENT) == topics


def test_two_questions_that_share_the_chances_of_a_message_are_both_answered() -> None:
    shared = Understood(((FISH, 0.45), (MILK, 0.4), (NAUSEA, 0.1)), unsure=True, questions=(MILK, FISH))
    assert topics_asked(shared, CONTENT) == (MILK, FISH)
    third = Understood(((FISH, 0.45), (NAUSEA, 0.4), (MILK, 0.1)), unsure=True, questions=(MILK, FISH))
    assert topics_asked(third, CONTENT) == ()


def _parsed(name: str | None, *ranking: tuple[str, float], **more: Any) -> dict[str, Any]:
    entries = [{"name": intent, "confidence": chance} for intent, chance in ranking]
    return {"intent": {"name": name, "confidence": 0.3}, "intent_ranking": entries, **more}


def test_the_parse_of_rasa_becomes_plain_data() -> None:
    entities = [
        {"entity": "age_months", "value": 7, "start": 0, "end": 4},
        {"entity": "weight_kg", "value": 7.2, "start": 5, "end": 8},
    ]
    understood = understood_from(_parsed("asi.produksi", ("asi.produksi", 0.9), ("keluhan", 0.1), entities=entities))
    assert (understood.label, understood.confidence, understood.unsure) == (MILK, 0.9, False)
    assert understood.said == {"age_months": 7}
    assert understood_from(_parsed("nlu_fallback", ("nlu_fallback", 0.3), ("asi.produksi", 0.4))).unsure


def test_an_intent_that_is_not_first_in_the_ranking_is_put_first() -> None:
    understood = understood_from(_parsed("danger", ("asi.produksi", 0.9), ("danger", 0.3)))
    assert understood.ranking == (("danger", 0.3), (MILK, 0.9))


def test_a_message_without_any_word_is_not_understood() -> None:
    understood = understood_from(_parsed(None))
    assert understood.unsure and understood.ranking
