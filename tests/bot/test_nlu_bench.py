"""The comparison itself: what is re-spelt, what is counted. Training two models is left to `make nlu-bench`."""

from __future__ import annotations

import math
from collections import Counter
from pathlib import Path

import pytest
from rich.console import Console

from bot.nlu_bench import (
    Guess,
    cross_validation_figures,
    figures,
    main,
    read_respelling,
    respell,
    stock_fingerprint,
    table,
    training_sentences,
)
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


def test_cross_validation_counts_places_and_how_often_sureness_is_right() -> None:
    guesses = [
        Guess(place=0, chance=0.8, confidence=0.8),  # right and sure
        Guess(place=2, chance=0.1, confidence=0.5),  # sure (the threshold counts) and wrong, but among three
        Guess(place=0, chance=0.4, confidence=0.4),  # right, not sure
        Guess(place=9, chance=0.0, confidence=0.3),  # nowhere: the loss is that of a chance of 10^-12
    ]
    found = cross_validation_figures(guesses, threshold=0.5)
    assert (found["top1"], found["top3"], found["sure"], found["right_when_sure"]) == (0.5, 0.75, 0.5, 0.5)
    losses = [-math.log(chance) for chance in (0.8, 0.1, 0.4, 1e-12)]
    assert found["log_loss"] == pytest.approx(sum(losses) / 4, abs=1e-4)


def test_cross_validation_reads_sentences_with_their_intents_and_no_rules(tmp_path: Path) -> None:
    (tmp_path / "data" / "nlu").mkdir(parents=True)
    (tmp_path / "data" / "rules.yml").write_text("rules:\n- rule: menu\n", encoding="utf-8")
    text = "nlu:\n- intent: sapaan\n  examples: |\n    - halo\n    - selamat pagi - bu\n"
    (tmp_path / "data" / "nlu" / "a.yml").write_text(text, encoding="utf-8")
    assert training_sentences(tmp_path) == [("halo", "sapaan"), ("selamat pagi - bu", "sapaan")]


def test_each_label_has_more_sentences_than_there_are_folds() -> None:
    counts = Counter(intent for _, intent in training_sentences())
    assert min(counts.values()) >= 5


def test_memory_and_training_time_are_rows_and_what_is_not_known_is_a_dash() -> None:
    console = Console(width=100)
    with console.capture() as shown:
        console.print(table({"ours": {"memory_mb": 212.4, "train_seconds": None}}, messages=1, respelt=0))
    rows = [line.strip("│ ").split("│") for line in shown.get().splitlines()]
    assert ["memory of the loaded model (MB)", "212"] in [[cell.strip() for cell in row] for row in rows]
    assert ["training (s)", "-"] in [[cell.strip() for cell in row] for row in rows]


def test_a_list_of_slang_that_is_not_there_is_said_before_anything_is_trained(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--slang", str(tmp_path / "none.tsv")]) == 1
    assert "none.tsv" in capsys.readouterr().err


def test_of_counted_forms_the_commonest_one_that_differs_is_written() -> None:
    counted = "formal\tform\there\tthere\nanak\tanak\t853\t24\nanak\tank\t14\t5\nanak\tanx\t18\t0\nibu\tibu\t9\t9\n"
    assert read_respelling(counted) == {"anak": "ank"}  # 14 + 5 = 19 beats 18 + 0; "ibu" is written no other way
    with pytest.raises(ValueError, match="line 2"):
        read_respelling("formal\tform\tn\nanak\tank\tmany\n")
