"""The model's eye for danger: one question only, "is something dangerous happening now?", asked of every message.

The rules of sapa.messaging.danger know the words of a danger; this knows what messages of danger are like, also where
no rule has the words. It is a classifier of its own, because among some hundred labels danger is one voice of many:
a long message about sleep that says in its middle that the baby will not wake is about sleep to them. Each sentence
is looked at alone as well, for the same reason.

What it is sure of becomes the label `danger`. What it only suspects becomes `danger` with a lower confidence, and the
bot asks (sapa.services.understanding.DANGER_SURE).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import joblib
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.classifiers.classifier import IntentClassifier
from rasa.shared.nlu.constants import INTENT, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.nlu.danger_model import FILE, DangerModel
from sapa.messaging import danger

DANGER, LOSS = "danger", "flow.duka"
_RANKING = "intent_ranking"


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class DangerWatch(IntentClassifier, GraphComponent):
    """The Rasa component around `DangerModel`. Stands last: what it raises no threshold takes away."""

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        return {"c": 60.0, "seed": 7, "threshold": 0.35, "suspected_threshold": 0.25}

    def __init__(
        self, config: dict[str, Any], storage: ModelStorage, resource: Resource, model: DangerModel | None = None
    ) -> None:
        self._config, self._storage, self._resource, self._model = config, storage, resource, model

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> DangerWatch:
        return cls(config, model_storage, resource)

    def train(self, training_data: TrainingData) -> Resource:
        """Learn danger from all other examples, and keep what was learnt."""
        examples = [e for e in training_data.intent_examples if e.get(TEXT) and e.get(INTENT)]
        dangerous = [e.get(INTENT) == DANGER for e in examples]
        if len(set(dangerous)) < 2:
            return self._resource
        self._model = DangerModel(self._config["c"], self._config["seed"]).fit(
            [e.get(TEXT) for e in examples], dangerous
        )
        with self._storage.write_to(self._resource) as folder:
            joblib.dump(self._model, Path(folder) / FILE, compress=3)
        return self._resource

    def process(self, messages: list[Message]) -> list[Message]:
        """Make `danger` the intent of a message that is likely enough to tell of one."""
        for message in messages:
            text = message.get(TEXT) or ""
            if not self._model or not text:
                continue
            alone = self._model.chance(text)
            message.set("danger_chance", alone, add_to_output=True)
            # Two voices are better than either: this one, and what danger is among all labels.
            chance = (alone + _among_all(message)) / 2
            if chance >= self._threshold(text) and not _a_loss(message, chance):
                _raise(message, chance)
        return messages

    def _threshold(self, text: str) -> float:
        """A sign the rules let pass only because it seems asked about, imagined or feared needs less to be raised."""
        return float(self._config["suspected_threshold" if danger.suspect(text) else "threshold"])

    @classmethod
    def load(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> DangerWatch:
        """The trained component; an untrained one where nothing was learnt."""
        try:
            with model_storage.read_from(resource) as folder:
                return cls(config, model_storage, resource, joblib.load(Path(folder) / FILE))
        except (ValueError, FileNotFoundError):
            return cls(config, model_storage, resource)


def _among_all(message: Message) -> float:
    """What the classifier of all labels gives danger; below its ranking it gives next to nothing."""
    return next((float(entry["confidence"]) for entry in message.get(_RANKING) or [] if entry["name"] == DANGER), 0.0)


def _a_loss(message: Message, chance: float) -> bool:
    """Whether a loss was understood and a danger is only suspected: grief is not asked whether it is happening now."""
    intent = message.get(INTENT) or {}
    return bool(intent.get("name") == LOSS and intent.get("confidence", 0.0) > chance)


def _raise(message: Message, chance: float) -> None:
    ranking = [dict(entry) for entry in message.get(_RANKING) or []]
    entry = {"name": DANGER, "confidence": chance}
    message.set(INTENT, entry, add_to_output=True)
    message.set(_RANKING, [entry, *(other for other in ranking if other["name"] != DANGER)], add_to_output=True)
