"""Our Rasa components: words meant, a linear classifier, and training sentences that say what they should."""

from __future__ import annotations

import csv
from collections import defaultdict
from pathlib import Path

import pytest
import yaml

from bot.model_files import current_model
from bot.nlu.archive import load_part
from bot.nlu.linear import FILE, LinearModel
from bot.nlu.words import load_slang, normalize
from sapa import settings
from sapa.messaging.labels import intent_to_label
from sapa.settings import ROOT

DIALOGUE = {"menu", "bantuan", "afirmasi", "negasi", "batal", "inform"}


def _examples() -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for path in [ROOT / "data" / "nlu.yml", *sorted((ROOT / "data" / "nlu").glob("*.yml"))]:
        for block in yaml.safe_load(path.read_text(encoding="utf-8"))["nlu"]:
            found[block["intent"]] += [line.removeprefix("- ") for line in block["examples"].strip().splitlines()]
    return found


EXAMPLES = _examples()


@pytest.fixture(scope="module")
def model() -> LinearModel:
    """The one that was trained for the running system."""
    trained: LinearModel = load_part(current_model(settings.load().model_dir), FILE)
    return trained


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("ank sy 5bln gmn", "anak saya 5 bulan bagaimana"),
        ("hml 34w", "hamil 34 minggu"),
        ("gmau mkn", "tidak mau makan"),
        ("kpn jdwl imunisasi brktnya", "kapan jadwal imunisasi brktnya"),
        ("bayine ora gelem mangan", "bayi tidak mau makan"),
        ("demamnya tdk turun2", "demam tidak turun turun"),
    ],
)
def test_what_is_typed_becomes_what_is_meant(typed: str, meant: str) -> None:
    assert " ".join(normalize(typed)) == meant


def test_every_typed_word_has_one_meaning(tmp_path: Path) -> None:
    assert len(load_slang()) > 300
    twice = tmp_path / "slang.yml"
    twice.write_text("tidak: gak\nya: gak\n", encoding="utf-8")
    with pytest.raises(ValueError, match="gak"):
        load_slang(twice)


def test_every_label_of_the_catalogue_has_sentences_to_learn_from() -> None:
    catalogue = yaml.safe_load((ROOT / "content" / "topics.yml").read_text(encoding="utf-8"))
    labels = {topic["id"] for topic in catalogue["topics"]} | set(catalogue["labels"])
    assert {intent_to_label(intent) for intent in EXAMPLES} - DIALOGUE == labels
    assert min(len(texts) for texts in EXAMPLES.values()) >= 12


def test_no_sentence_is_taught_with_two_meanings() -> None:
    meanings: dict[str, set[str]] = defaultdict(set)
    for intent, texts in EXAMPLES.items():
        for text in texts:
            meanings[" ".join(normalize(text))].add(intent)
    assert {text: intents for text, intents in meanings.items() if len(intents) > 1} == {}


@pytest.mark.model
def test_sentences_of_others_are_mostly_understood(model: LinearModel) -> None:
    """A floor, not the aim: 88 of 100 right at once, 95 among the first three."""
    with (ROOT / "tests" / "data" / "dev.tsv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    first = third = 0
    for row in rows:
        right = {row["label"], *(row["alt"] or "").split(",")}
        ranking = [intent_to_label(intent) for intent, _ in model.ranking(row["text"])[:3]]
        first += bool(ranking) and ranking[0] in right
        third += bool(right & set(ranking))
    assert first / len(rows) >= 0.88
    assert third / len(rows) >= 0.95


@pytest.mark.model
def test_probabilities_add_up_and_are_sorted(model: LinearModel) -> None:
    ranking = model.ranking("jadwal posyandu kapan ya")
    assert ranking[0][0] == "posyandu.jadwal"
    assert sum(chance for _, chance in ranking) == pytest.approx(1.0)
    assert [c for _, c in ranking] == sorted((c for _, c in ranking), reverse=True)


@pytest.mark.model
def test_a_text_without_words_gets_no_intent(model: LinearModel) -> None:
    assert model.ranking("👍 ...") == []


def test_training_twice_gives_the_same_model() -> None:
    texts = ["jadwal posyandu", "posyandu kapan", "anak demam", "demam anak", "menu mpasi", "resep mpasi"]
    intents = ["a", "a", "b", "b", "c", "c"]
    assert LinearModel().fit(texts, intents).ranking("kapan posyandu") == LinearModel().fit(texts, intents).ranking(
        "kapan posyandu"
    )


def _measured() -> dict[str, frozenset[str]]:
    """Every message we measure on: its words meant, and the set of them."""
    found = {}
    for path in [ROOT / "tests" / "data" / "dev.tsv", *sorted((ROOT / "tests" / "data" / "blind").glob("*.tsv"))]:
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
                words = normalize(row["text"])
                found[" ".join(words)] = frozenset(words)
    return found


def test_nothing_we_measure_on_is_learnt_from_not_even_lightly_edited() -> None:
    """Neither the same words, nor, of four words and more, 70 of 100 shared (shared words over all words of both)."""
    measured = _measured()
    holding: dict[str, list[frozenset[str]]] = defaultdict(list)
    for words in measured.values():
        for word in words if len(words) >= 4 else ():
            holding[word].append(words)
    learnt = [text for texts in EXAMPLES.values() for text in texts]
    close = []
    for text in learnt:
        said = normalize(text)
        words = frozenset(said)
        # Whoever shares 70 of 100 shares one of the rarest 30 and one more: most are told apart without a look.
        rarest = sorted(words, key=lambda word: len(holding.get(word, ())))[: len(words) - 7 * len(words) // 10 + 1]
        others = {other for word in rarest for other in holding.get(word, ())}
        if " ".join(said) in measured or any(_shared(words, other) >= 0.7 for other in others):
            close.append(text)
    assert close == []


def _shared(one: frozenset[str], other: frozenset[str]) -> float:
    return len(one & other) / len(one | other)
