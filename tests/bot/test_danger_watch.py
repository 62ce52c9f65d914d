"""The model's eye for danger, and the component that raises what it sees."""

from __future__ import annotations

import csv
from collections.abc import Callable
from typing import Any

import pytest
from rasa.shared.nlu.constants import INTENT, TEXT
from rasa.shared.nlu.training_data.message import Message

from bot.model_files import current_model
from bot.nlu.archive import load_part
from bot.nlu.danger_model import DangerModel, load_from
from bot.nlu.danger_watch import DangerWatch
from bot.nlu.linear import FILE, LinearModel
from sapa import settings
from sapa.messaging import danger
from sapa.services.emergencies import named_emergency
from sapa.settings import ROOT

DATA = ROOT / "tests" / "data"


@pytest.fixture(scope="module")
def model() -> DangerModel:
    """The one that was trained for the running system."""
    return load_from(current_model(settings.load().model_dir))


def _rows(name: str) -> list[dict[str, str]]:
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


@pytest.fixture(scope="module")
def seen(model: DangerModel) -> Callable[[str], bool]:
    """Whether a message is labelled danger: by words, or by the mean of both voices (thresholds of config.yml)."""
    labels: LinearModel = load_part(current_model(settings.load().model_dir), FILE)

    def look(text: str) -> bool:
        chance = model.chance(text)
        mean = (chance + dict(labels.ranking(text)[:10]).get("danger", 0.0)) / 2
        return named_emergency(text, lambda _: chance) is not None or mean >= (0.25 if danger.suspect(text) else 0.35)

    return look


@pytest.mark.model
def test_words_and_model_together_see_the_dangers_nobody_wrote_a_rule_for(seen: Callable[[str], bool]) -> None:
    """Half of these dangers no rule finds (tests/data/blind)."""
    rows = _rows("blind/danger_a.tsv")
    dangers = [row["text"] for row in rows if row["label"] == "danger"]
    others = [row["text"] for row in rows if "danger" not in (row["label"], row["alt"])]
    assert sum(danger.check(text) is None for text in dangers) > 40, "the set is not hard any more"
    assert sum(seen(text) for text in dangers) / len(dangers) >= 0.95
    assert sum(seen(text) for text in others) / len(others) <= 0.15, "look-alikes made up to be hard"


@pytest.mark.model
def test_ordinary_messages_raise_no_alarm(seen: Callable[[str], bool]) -> None:
    rows = [row for row in _rows("dev.tsv") if "danger" not in (row["label"], row["alt"])]
    assert sum(seen(row["text"]) for row in rows) / len(rows) <= 0.02


@pytest.mark.model
def test_a_sign_in_the_middle_of_a_story_is_heard(model: DangerModel) -> None:
    story = "Selamat pagi bu kader, jadwal posyandu bulan ini kapan ya. {} Terima kasih banyak bu."
    assert model.chance(story.format("Bayi saya dari tadi tidak mau bangun dan badannya dingin.")) > 0.4
    assert model.chance(story.format("Anak saya senang sekali ditimbang.")) < 0.1


@pytest.mark.model
def test_a_text_without_words_is_no_danger(model: DangerModel) -> None:
    assert model.chance("...") == model.chance("") == 0.0


class _Says:
    """A model that always gives the same chance."""

    def __init__(self, chance: float) -> None:
        self._chance = chance

    def chance(self, text: str) -> float:
        return self._chance


# What the eye for danger gives, what the classifier of all labels gives danger, text, the intent that comes of it.
RAISED = [
    (0.69, 0.0, "anak saya batuk", "anak.batuk-pilek"),  # mean 0.345, below 0.35
    (0.71, 0.0, "anak saya batuk", "danger"),  # 0.355
    (0.30, 0.42, "anak saya batuk", "danger"),  # 0.36
    (0.51, 0.0, "kalau anak kejang bagaimana", "danger"),  # 0.255: a sign the words let pass as imagined needs 0.25
    (0.49, 0.0, "kalau anak kejang bagaimana", "anak.batuk-pilek"),  # 0.245
]


def _watched(chance: float, among_all: float, text: str, intent: str, confidence: float) -> Message:
    message = Message({TEXT: text, INTENT: {"name": intent, "confidence": confidence}})
    ranking = [{"name": intent, "confidence": confidence}, {"name": "danger", "confidence": among_all}]
    message.set("intent_ranking", ranking, add_to_output=True)
    config: Any = DangerWatch.get_default_config()
    watch = DangerWatch(config, None, None, _Says(chance))  # type: ignore[arg-type]
    watch.process([message])
    return message


@pytest.mark.parametrize(("chance", "among_all", "text", "intent"), RAISED)
def test_two_voices_together_make_it_the_intent_above_all_others(
    chance: float, among_all: float, text: str, intent: str
) -> None:
    message = _watched(chance, among_all, text, "anak.batuk-pilek", 0.5)
    assert message.get(INTENT)["name"] == intent == message.get("intent_ranking")[0]["name"]
    assert {entry["name"] for entry in message.get("intent_ranking")} == {"anak.batuk-pilek", "danger"}
    assert message.get("danger_chance") == chance


def test_grief_is_not_asked_whether_it_is_happening_now() -> None:
    text = "tadi pagi sudah dikuret, kami masih berduka"
    assert _watched(0.8, 0.2, text, "flow.duka", 0.7).get(INTENT)["name"] == "flow.duka"
    assert _watched(0.99, 0.5, text, "flow.duka", 0.4).get(INTENT)["name"] == "danger"
