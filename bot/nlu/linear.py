"""An intent classifier for many labels and few sentences: linear support vectors over word and letter n-grams.

Chosen by measurement (docs/nlu.md): faster than Rasa's DIET to train and to ask, and right more often. Its margins are
turned into probabilities by one temperature, fitted on sentences held back from learning, so that confidence means
something.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import joblib
import numpy as np
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.classifiers.classifier import IntentClassifier
from rasa.shared.nlu.constants import INTENT, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData
from scipy.sparse import hstack
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.model_selection import StratifiedShuffleSplit
from sklearn.svm import LinearSVC

from bot.nlu.questions import pieces
from bot.nlu.words import normalize, stem
from sapa.messaging.text import MAX_TEXT

FILE = "linear.joblib"
_TEMPERATURES = np.geomspace(0.02, 2.0, 60)
_FEW = 500  # sentences; below, nothing is held back and no letters are left out


class LinearModel:
    """Texts in, probabilities of intents out. Plain scikit-learn, no Rasa.

    Three views of a text: stems of the words meant and their pairs, the letters of the words meant, and the letters as
    they were typed, because how somebody writes also tells something, and a slang table never knows every word.
    """

    def __init__(self, c: float = 0.6, seed: int = 7, held_back: float = 0.2) -> None:
        self._c, self._seed, self._held_back = c, seed, held_back
        letters: dict[str, Any] = {"analyzer": "char_wb", "ngram_range": (2, 5), "sublinear_tf": True, "min_df": 2}
        self._stems = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, token_pattern=r"\S+", preprocessor=stem)
        self._letters, self._typed = TfidfVectorizer(**letters), TfidfVectorizer(**letters)
        self.temperature = 0.2
        self.intents: list[str] = []

    def fit(self, texts: list[str], intents: list[str]) -> LinearModel:
        """Learn; `texts` as typed. At least two intents."""
        for view, words in self._views(texts):
            # So few sentences (in a test) may share no letters at all.
            view.set_params(min_df=1 if len(texts) < _FEW else view.min_df).fit(words)
        features, labels = self._features(texts), np.array(intents)
        self.temperature = self._fit_temperature(features, labels)
        machine = self._new_machine().fit(features, labels)
        self.intents = [str(name) for name in machine.classes_]
        # Half the memory; margins differ far behind the point.
        self._weights = machine.coef_.T.astype(np.float32)
        self._intercept = machine.intercept_.astype(np.float32)
        return self

    def ranking(self, text: str) -> list[tuple[str, float]]:
        """All intents with their probabilities, likeliest first; empty for a text without any words."""
        if not normalize(text):
            return []
        margins = np.asarray(self._features([text]) @ self._weights + self._intercept)
        if len(self.intents) == 2:
            margins = np.hstack([-margins, margins])
        chances = _softmax(margins, self.temperature)[0]
        order = np.argsort(-chances)
        return [(self.intents[i], float(chances[i])) for i in order]

    def _views(self, texts: list[str]) -> list[tuple[TfidfVectorizer, list[str]]]:
        meant = [" ".join(normalize(text)) for text in texts]
        typed = [text[:MAX_TEXT].lower() for text in texts]
        return [(self._stems, meant), (self._letters, meant), (self._typed, typed)]

    def _features(self, texts: list[str]) -> Any:
        # As narrow as the weights: else all of them would be widened anew for every message.
        return hstack([view.transform(words) for view, words in self._views(texts)]).tocsr().astype(np.float32)

    def _new_machine(self) -> LinearSVC:
        return LinearSVC(C=self._c, random_state=self._seed)

    def _fit_temperature(self, features: Any, labels: Any) -> float:
        """The temperature under which sentences held back get the likeliest probabilities (least log loss)."""
        names, counts = np.unique(labels, return_counts=True)
        if len(labels) < _FEW or len(names) < 3 or int(counts.min()) < 2:
            return self.temperature
        split = StratifiedShuffleSplit(1, test_size=self._held_back, random_state=self._seed)
        seen, unseen = next(split.split(features, labels))
        machine = self._new_machine().fit(features[seen], labels[seen])
        margins, truth = machine.decision_function(features[unseen]), np.searchsorted(machine.classes_, labels[unseen])
        rows = np.arange(len(truth))
        losses = [-np.log(_softmax(margins, t)[rows, truth] + 1e-12).mean() for t in _TEMPERATURES]
        return float(_TEMPERATURES[int(np.argmin(losses))])


def _softmax(margins: Any, temperature: float) -> Any:
    scaled = (margins - margins.max(axis=1, keepdims=True)) / temperature
    powers = np.exp(scaled)
    return powers / powers.sum(axis=1, keepdims=True)


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class LinearIntentClassifier(IntentClassifier, GraphComponent):
    """The Rasa component around `LinearModel`. Reads the text itself: it needs no featurizer before it."""

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        return {"c": 0.6, "seed": 7, "held_back": 0.2, "ranking_length": 10, "question_threshold": 0.65}

    def __init__(
        self, config: dict[str, Any], storage: ModelStorage, resource: Resource, model: LinearModel | None = None
    ) -> None:
        self._config, self._storage, self._resource, self._model = config, storage, resource, model

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> LinearIntentClassifier:
        return cls(config, model_storage, resource)

    def train(self, training_data: TrainingData) -> Resource:
        """Learn from the examples that have a text and an intent, and keep what was learnt."""
        examples = [e for e in training_data.intent_examples if e.get(TEXT) and e.get(INTENT)]
        if len({e.get(INTENT) for e in examples}) < 2:
            return self._resource
        self._model = LinearModel(self._config["c"], self._config["seed"], self._config["held_back"]).fit(
            [e.get(TEXT) for e in examples], [e.get(INTENT) for e in examples]
        )
        with self._storage.write_to(self._resource) as folder:
            joblib.dump(self._model, Path(folder) / FILE, compress=3)
        return self._resource

    def process(self, messages: list[Message]) -> list[Message]:
        """Set `intent` and `intent_ranking`; a text without words gets no intent."""
        for message in messages:
            ranking = self._model.ranking(message.get(TEXT) or "") if self._model else []
            entries = [
                {"name": name, "confidence": chance} for name, chance in ranking[: self._config["ranking_length"]]
            ]
            message.set(INTENT, entries[0] if entries else {"name": None, "confidence": 0.0}, add_to_output=True)
            message.set("intent_ranking", entries, add_to_output=True)
            message.set("questions", self._questions(message.get(TEXT) or ""), add_to_output=True)
        return messages

    def _questions(self, text: str) -> list[str]:
        """The intents of the questions of a message that holds more than one, each surely understood."""
        asked = pieces(text) if self._model else []
        if len(asked) < 2:
            return []
        best = [self._model.ranking(piece)[:1] for piece in asked]
        return [ranked[0][0] for ranked in best if ranked and ranked[0][1] >= self._config["question_threshold"]]

    @classmethod
    def load(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> LinearIntentClassifier:
        """The trained component; an untrained one where nothing was learnt."""
        try:
            with model_storage.read_from(resource) as folder:
                return cls(config, model_storage, resource, joblib.load(Path(folder) / FILE))
        except (ValueError, FileNotFoundError):
            return cls(config, model_storage, resource)
