"""The comparison itself: what is re-spelt, what is counted. Training two models is left to `make nlu-bench`."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.nlu_bench import figures, read_respelling, respell, stock_fingerprint
from sapa.services.ask import Asked, Example
from sapa.settings import ROOT

RESPELLING = read_respelling((ROOT / "tests" / "data" / "respell.tsv").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("text", "hasty"),
    [
        ("Kenapa bayi saya belum bisa tidur?", "knp by sy blm bs tidur?"),
        ("anak umur 5bulan", "ank umr 5bln"),
        ("bayinya sehat", "bayinya sehat"),  # whole words only
        ("👍", "👍"),
    ],
)
def test_whole_words_are_written_in_haste_and_nothing_else_changes(text: str, hasty: str) -> None:
    assert respell(text, RESPELLING) == hasty


def test_the_table_shortens_about_sixty_words() -> None:
    assert 60 <= len(RESPELLING) <= 80
    assert {word: written for word, written in RESPELLING.items() if len(written) >= len(word)} == {}


def test_a_table_with_a_word_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="line 3"):
        read_respelling("word\twritten\nyang\tyg\nyang\tyng\n")


def _asked(label: str, kind: str) -> Asked:
    return Asked(label, 0.9, (), kind, ("...",))


def test_a_loss_counts_as_seen_only_when_it_is_answered_as_one() -> None:
    losses = [Example("keguguran kemarin", "flow/duka")] * 4
    asked = [
        _asked("flow/duka", "flow"),
        _asked("flow/duka", "clarify"),  # a choice of topics
        _asked("flow/duka", "fallback"),  # "I did not understand"
        _asked("hamil/keluhan-ringan", "answer"),
    ]
    assert figures(losses, asked, [0.001] * 4)["duka_missed"] == 3 / 4


def test_a_danger_that_is_only_guessed_at_is_found_but_not_answered() -> None:
    examples = [Example("kejang", "danger"), Example("perdarahan", "danger"), Example("skor bola", "out_of_scope")]
    asked = [_asked("danger", "danger"), _asked("danger", "clarify"), _asked("gizi/susu-anak", "answer")]
    counted = figures(examples, asked, [0.001, 0.002, 0.003])
    assert (counted["danger_recall"], counted["danger_answered"]) == (1.0, 0.5)
    assert counted["out_of_scope_answered"] == 1.0
    assert (counted["ms_p50"], counted["ms_p95"]) == (2.0, 3.0)


def test_the_stock_model_is_made_again_when_a_sentence_or_its_pipeline_changes(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "domain.yml").write_text("intents: []", encoding="utf-8")
    nlu = tmp_path / "data" / "nlu.yml"
    nlu.write_text("- halo", encoding="utf-8")
    before = stock_fingerprint("epochs: 30", tmp_path)
    assert stock_fingerprint("epochs: 31", tmp_path) != before
    nlu.write_text("- hai", encoding="utf-8")
    assert stock_fingerprint("epochs: 30", tmp_path) != before
