"""What messages of danger are like: plain scikit-learn, no Rasa, so that the worker can ask it while Rasa is away."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from scipy.sparse import hstack
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from bot.nlu.archive import load_part
from bot.nlu.questions import sentences
from bot.nlu.words import normalize, stem
from sapa.messaging.danger_words import canonical

FILE = "danger.joblib"


class DangerModel:
    """Texts in, the chance of danger out (0 to 1).

    Three views of a text: stems of the words meant, their letters, and the plain words of sapa.messaging.danger_words,
    which already bring the many names of a sign together.
    """

    def __init__(self, c: float = 60.0, seed: int = 7) -> None:
        words: dict[str, Any] = {"sublinear_tf": True, "token_pattern": r"\S+"}
        self._stems = TfidfVectorizer(ngram_range=(1, 2), preprocessor=stem, **words)
        self._letters = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True)
        self._signs = TfidfVectorizer(ngram_range=(1, 3), **words)
        self._machine = LogisticRegression(C=c, solver="liblinear", random_state=seed)

    def fit(self, texts: list[str], dangerous: list[bool]) -> DangerModel:
        """Learn; `texts` as typed. Both kinds must occur."""
        for view, words in self._views(texts):
            view.fit(words)
        self._machine.fit(self._features(texts), dangerous)
        return self

    def chance(self, text: str) -> float:
        """The chance that a message tells of a danger that is there now.

        The mean of what the whole message says and what its most alarming sentence says alone: a sign in the middle of
        a long story is heard, a sentence torn from its story is not believed blindly.
        """
        parts = [part for part in sentences(text) if part != text and normalize(part)]
        if not normalize(text):
            return 0.0
        chances = self._machine.predict_proba(self._features([text, *parts]))[:, 1]
        return float((chances[0] + chances.max()) / 2)

    def _features(self, texts: list[str]) -> Any:
        return hstack([view.transform(words) for view, words in self._views(texts)]).tocsr()

    def _views(self, texts: list[str]) -> list[tuple[TfidfVectorizer, list[str]]]:
        meant = [" ".join(normalize(text)) for text in texts]
        return [(self._stems, meant), (self._letters, meant), (self._signs, [canonical(text) for text in texts])]


def load_from(archive: Path) -> DangerModel:
    """The model inside a trained Rasa model (.tar.gz). Raises LookupError if it holds none."""
    loaded: DangerModel = load_part(archive, FILE)
    return loaded
