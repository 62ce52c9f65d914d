"""What the understanding makes of a message, and what it comes to in this conversation. Pure.

The model's word stands where it is sure. Where it is not, the conversation breaks the tie: the topic spoken of last and
the stage the family is in make their neighbours likelier. A message sure of its topic is never bent by them.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sapa.messaging import loss
from sapa.messaging.labels import intent_to_label

UNSURE = "nlu_fallback"
# From here on a label is believed: the threshold of config.yml, kept for what the conversation makes likelier.
SURE = 0.6
# Below this a danger the model suspects is asked about, while the text already says when to go.
DANGER_SURE = 0.6
# How much likelier the last topic, its folder, and how much less likely what does not fit the family's stage.
_SAME_TOPIC, _SAME_FOLDER, _OTHER_STAGE = 1.6, 1.4, 0.6
_OUT_OF_STAGE = {
    "anak": frozenset({"catin", "hamil"}),
    "hamil": frozenset({"catin", "mpasi", "anak"}),
    "catin": frozenset({"mpasi", "anak", "nifas", "posyandu", "asi"}),
}
LOSS = "flow/duka"
_SILENCE = frozenset({"flow/berhenti", "flow/hapus-data"})
_MAYBE_LOSS = 0.15
# "kalau 9 bulan?", "terus kalau sudah demam?": words that lean on what was said before.
_LEANING = frozenset({"kalau", "kalo", "klo", "kl", "klau", "terus", "trus", "trs", "lalu", "jika", "bila"})
_LEANING_WORDS = 7

Ranking = tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class Understood:
    """A message as the model understands it.

    ranking: labels with their probabilities (0 to 1), likeliest first, never empty. unsure: below the threshold.
    questions: the labels of two questions found in one message, in their order, else empty. said: what the message
    says of whom it asks about: age_months or age_days, gestational_week. danger_chance: what the model's eye for danger
    gives it (None: not looked at).
    """

    ranking: Ranking
    unsure: bool = False
    questions: tuple[str, ...] = ()
    said: Mapping[str, Any] = field(default_factory=dict)
    danger_chance: float | None = None

    @property
    def label(self) -> str:
        """The likeliest label."""
        return self.ranking[0][0]

    @property
    def confidence(self) -> float:
        """Its probability."""
        return self.ranking[0][1]


@dataclass(frozen=True)
class Talk:
    """The conversation around a message: the topic answered last, and the family's stage (None: unknown)."""

    last_topic: str | None = None
    stage: str | None = None


def understood_from(parsed: Mapping[str, Any]) -> Understood:
    """Rasa's parse of a message as plain data. What names no label counts as not understood."""
    ranking = [(intent_to_label(entry["name"]), float(entry["confidence"])) for entry in parsed["intent_ranking"]]
    known = tuple(entry for entry in ranking if entry[0] != UNSURE)
    chosen = intent_to_label(parsed["intent"].get("name") or UNSURE)
    if chosen != UNSURE and (not known or known[0][0] != chosen):
        confidence = float(parsed["intent"].get("confidence") or 0.0)
        known = ((chosen, confidence), *(entry for entry in known if entry[0] != chosen))
    return Understood(
        ranking=known or ((UNSURE, 0.0),),
        unsure=chosen == UNSURE,
        questions=tuple(intent_to_label(intent) for intent in parsed.get("questions") or ()),
        said=_said(parsed.get("entities") or ()),
        danger_chance=parsed.get("danger_chance"),
    )


def _said(entities: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    wanted = ("age_months", "age_days", "gestational_week")
    return {entity["entity"]: entity["value"] for entity in entities if entity["entity"] in wanted}


def settle(understood: Understood, talk: Talk, text: str) -> Understood:
    """What is understood, given the conversation: unsure becomes sure where the conversation breaks the tie."""
    if _is_loss(understood, text):
        others = tuple(entry for entry in understood.ranking if entry[0] != LOSS)
        return replace(understood, ranking=((LOSS, max(understood.confidence, SURE)), *others), unsure=False)
    if not understood.unsure:
        return understood
    if talk.last_topic and _leans(text) and understood.said:
        # "kalau 9 bulan?" asks the last question again, for another age.
        return replace(understood, ranking=((talk.last_topic, SURE), *understood.ranking), unsure=False)
    ranking = _weighed(understood.ranking, talk)
    return replace(understood, ranking=ranking, unsure=ranking[0][1] < SURE)


def _is_loss(understood: Understood, text: str) -> bool:
    """Whether a message with words of loss is one: where it asks for silence, or nothing else is sure and it may be.

    A choice of topics, or a cool "we have stopped", would be a cruel answer to "the mother has died, send no more".
    """
    if not loss.speaks_of_loss(text) or understood.label == "danger":
        return False
    maybe = understood.unsure and dict(understood.ranking).get(LOSS, 0.0) >= _MAYBE_LOSS
    return understood.label in _SILENCE or maybe


def _weighed(ranking: Ranking, talk: Talk) -> Ranking:
    """The ranking with what fits the conversation made likelier; all that is not listed keeps its share."""
    weighed = [(label, chance * _weight(label, talk)) for label, chance in ranking]
    rest = max(0.0, 1.0 - sum(chance for _, chance in ranking))
    total = rest + sum(chance for _, chance in weighed) or 1.0
    return tuple(sorted(((label, chance / total) for label, chance in weighed), key=lambda entry: -entry[1]))


def _weight(label: str, talk: Talk) -> float:
    folder = label.split("/")[0]
    weight = _OTHER_STAGE if folder in _OUT_OF_STAGE.get(talk.stage or "", ()) else 1.0
    if talk.last_topic == label:
        return weight * _SAME_TOPIC
    if talk.last_topic and "/" in label and talk.last_topic.split("/")[0] == folder:
        return weight * _SAME_FOLDER
    return weight


def _leans(text: str) -> bool:
    words = text.lower().replace("?", " ").split()
    return bool(words) and words[0] in _LEANING and len(words) <= _LEANING_WORDS


def topics_asked(understood: Understood, content_ids: Collection[str]) -> tuple[str, ...]:
    """The two topics of a message with two questions, if both can be answered and are not one; else empty.

    The whole message must agree: one of them is its label, or, where two topics share its chances so that none is
    sure, they are its first two.
    """
    asked = tuple(dict.fromkeys(label for label in understood.questions if label in content_ids))
    if len(asked) != 2 or understood.label not in asked:
        return ()
    first_two = {label for label, _ in understood.ranking[:2]}
    return asked if not understood.unsure or set(asked) == first_two else ()
