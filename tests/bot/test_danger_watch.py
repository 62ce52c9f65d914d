"""The model's eye for danger, trained here on all training sentences; and the component that raises what it sees."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest
import yaml
from rasa.shared.nlu.constants import INTENT, TEXT
from rasa.shared.nlu.training_data.message import Message

from bot.nlu.danger_watch import DangerModel, DangerWatch
from sapa.messaging import danger
from sapa.settings import ROOT

DATA = ROOT / "tests" / "data"


def _learnt() -> DangerModel:
    texts, dangerous = [], []
    for path in [ROOT / "data" / "nlu.yml", *sorted((ROOT / "data" / "nlu").glob("*.yml"))]:
        for block in yaml.safe_load(path.read_text(encoding="utf-8"))["nlu"]:
            lines = [line.removeprefix("- ") for line in block["examples"].strip().splitlines()]
            texts += lines
            dangerous += [block["intent"] == "danger"] * len(lines)
    return DangerModel().fit(texts, dangerous)


@pytest.fixture(scope="module")
def model() -> DangerModel:
    return _learnt()


def _rows(name: str) -> list[dict[str, str]]:
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def _setting(name: str) -> float:
    (component,) = [
        part
        for part in yaml.safe_load(Path(ROOT / "config.yml").read_text(encoding="utf-8"))["pipeline"]
        if part["name"].endswith("DangerWatch")
    ]
    return float(component[name])


def test_words_and_model_together_see_the_dangers_nobody_wrote_a_rule_for(model: DangerModel) -> None:
    """Half of these dangers no rule finds (tests/data/blind)."""
    rows = _rows("blind/danger_a.tsv")
    seen = {row["text"]: danger.check(row["text"]) is not None or _chance(model, row["text"]) for row in rows}
    dangers = [row["text"] for row in rows if row["label"] == "danger"]
    others = [row["text"] for row in rows if "danger" not in (row["label"], row["alt"])]
    assert sum(danger.check(text) is None for text in dangers) > 40, "the set is not hard any more"
    assert sum(seen[text] for text in dangers) / len(dangers) >= 0.92
    assert sum(seen[text] for text in others) / len(others) <= 0.2, "look-alikes made up to be hard"


def test_ordinary_messages_raise_no_alarm(model: DangerModel) -> None:
    rows = [row for row in _rows("dev.tsv") if "danger" not in (row["label"], row["alt"])]
    assert sum(_chance(model, row["text"]) for row in rows) / len(rows) <= 0.02


def _chance(model: DangerModel, text: str) -> bool:
    return model.chance(text) >= _setting("suspected_threshold" if danger.suspect(text) else "threshold")


def test_a_sign_in_the_middle_of_a_story_is_heard(model: DangerModel) -> None:
    story = "Selamat pagi bu kader, jadwal posyandu bulan ini kapan ya. {} Terima kasih banyak bu."
    assert model.chance(story.format("Bayi saya dari tadi tidak mau bangun dan badannya dingin.")) > 0.4
    assert model.chance(story.format("Anak saya senang sekali ditimbang.")) < 0.1


def test_a_text_without_words_is_no_danger(model: DangerModel) -> None:
    assert model.chance("...") == model.chance("") == 0.0


class _Says:
    """A model that always gives the same chance."""

    def __init__(self, chance: float) -> None:
        self._chance = chance

    def chance(self, text: str) -> float:
        return self._chance


RAISED = [
    (0.29, "anak saya batuk", "anak.batuk-pilek"),
    (0.31, "anak saya batuk", "danger"),
    (0.21, "kalau anak kejang bagaimana", "danger"),  # a sign the words let pass as imagined: less is enough
    (0.19, "kalau anak kejang bagaimana", "anak.batuk-pilek"),
]


@pytest.mark.parametrize(("chance", "text", "intent"), RAISED)
def test_what_is_likely_enough_becomes_the_intent_above_all_others(chance: float, text: str, intent: str) -> None:
    config: Any = DangerWatch.get_default_config()
    message = Message({TEXT: text, INTENT: {"name": "anak.batuk-pilek", "confidence": 0.9}})
    message.set("intent_ranking", [{"name": "anak.batuk-pilek", "confidence": 0.9}], add_to_output=True)
    watch = DangerWatch(config, None, None, _Says(chance))  # type: ignore[arg-type]
    watch.process([message])
    assert message.get(INTENT)["name"] == intent
    assert message.get("intent_ranking")[0]["name"] == intent
    assert {"anak.batuk-pilek"} <= {entry["name"] for entry in message.get("intent_ranking")}
