"""One question, one answer, no memory: `sapa ask`, and the measure `sapa eval` takes of many."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sapa.family.people import Family
from sapa.messaging import text as message_text
from sapa.messaging.states import Channel
from sapa.messaging.stop_words import stop_word
from sapa.services.deps import Deps
from sapa.services.emergencies import named_emergency
from sapa.services.households import stage_of
from sapa.services.records import Reply
from sapa.services.replies import render_reply
from sapa.services.respond import profile, replies_to
from sapa.services.understanding import UNSURE, Talk, Understood, settle

_ALTERNATIVES = 3


@dataclass(frozen=True)
class Asked:
    """What a text was taken for and what would be said; the shape of `sapa ask --json`."""

    label: str
    confidence: float
    alternatives: tuple[tuple[str, float], ...]
    kind: str
    reply: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        return {
            "label": self.label,
            "confidence": round(self.confidence, 4),
            "alternatives": [[label, round(confidence, 4)] for label, confidence in self.alternatives],
            "kind": self.kind,
            "reply": list(self.reply),
        }


def decide_before_rasa(deps: Deps, text: str, danger_chance: float | None) -> tuple[str, float, Reply] | None:
    """What stop words, danger words, odd input and language decide without Rasa: label, confidence, reply."""
    word = stop_word(text)
    if word is not None:
        return {
            "stop": ("flow/berhenti", 1.0, Reply("dialog/berhenti")),
            "start": ("flow/mulai-lagi", 1.0, Reply("dialog/mulai-lagi")),
            "help": ("bantuan", 1.0, Reply("dialog/bantuan")),
        }[word]
    emergency = named_emergency(text, lambda _: danger_chance)
    if emergency is not None:
        return "danger", 1.0, Reply(emergency)
    odd = message_text.classify_odd(text, ())
    if odd is not None:
        return "out_of_scope", 1.0, Reply(f"dialog/aneh/{odd}")
    verdict = deps.detect_language(text)
    if not verdict.indonesian:
        return "bahasa_lain", verdict.confidence, Reply("dialog/bahasa-lain", {"language": verdict.language})
    return None


def answer(
    deps: Deps,
    text: str,
    understood: Understood,
    family: Family,
    content_ids: Collection[str],
    titles: Mapping[str, str],
) -> Asked:
    """One turn without side effects."""
    decided = decide_before_rasa(deps, text, understood.danger_chance)
    if decided is not None and decided[0] == "bahasa_lain" and understood.label == "danger":
        decided = None  # a danger is never refused for its language
    if decided is not None:
        label, confidence, reply = decided
        replies: tuple[Reply, ...] = (reply,)
        known = understood.ranking
    else:
        settled = settle(understood, Talk(stage=stage_of(family)), text)
        label, confidence, known = settled.label, settled.confidence, settled.ranking
        if label == "flow/profil" and not settled.unsure:
            replies = (profile(None, family, reminders_on=True),)
        else:
            replies = replies_to(settled, text, family, content_ids, titles)
    rendered = [render_reply(deps, reply, Channel.WHATSAPP, family) for reply in replies]
    others = tuple(entry for entry in known if entry[0] not in (label, UNSURE))[:_ALTERNATIVES]
    return Asked(label, confidence, others, rendered[0].kind, tuple(text.text for text in rendered))


@dataclass(frozen=True)
class Example:
    """A labelled sentence; `alt` is a second label that counts as right."""

    text: str
    label: str
    alt: str = ""

    def right(self, label: str) -> bool:
        return label == self.label or (bool(self.alt) and label == self.alt)


def read_examples(text: str) -> list[Example]:
    """TSV text<TAB>label[<TAB>style][<TAB>alt], with or without a header line. Raises ValueError naming the line."""
    examples = []
    for number, line in enumerate(text.splitlines(), 1):
        columns = line.split("\t")
        if not line.strip() or (number == 1 and columns[:2] == ["text", "label"]):
            continue
        if len(columns) < 2 or not columns[1].strip():
            raise ValueError(f"line {number}: text and label, separated by a tab, are needed")
        examples.append(Example(columns[0], columns[1].strip(), columns[3].strip() if len(columns) > 3 else ""))
    return examples


def measure(examples: Sequence[Example], asked: Sequence[Asked]) -> dict[str, Any]:
    """The figures of `sapa eval --json`. Shares are of all messages unless the name says otherwise."""
    total = len(examples)
    pairs = list(zip(examples, asked, strict=True))
    dangers = [got for example, got in pairs if example.label == "danger"]
    others = [(example, got) for example, got in pairs if not example.right("danger")]
    return {
        "messages": total,
        "top1": _share(sum(example.right(got.label) for example, got in pairs), total),
        "top3": _share(sum(_in_top3(example, got) for example, got in pairs), total),
        "danger_recall": _share(sum(got.label == "danger" for got in dangers), len(dangers)),
        "danger_false_alarms": _share(sum(got.label == "danger" for _, got in others), len(others)),
        "answered": _share(sum(got.kind == "answer" for got in asked), total),
        "answered_wrong": _share(sum(got.kind == "answer" and not ex.right(got.label) for ex, got in pairs), total),
        "clarified": _share(sum(got.kind == "clarify" for got in asked), total),
        "labels": _by_label(pairs),
    }


def _in_top3(example: Example, got: Asked) -> bool:
    return any(example.right(label) for label in (got.label, *(label for label, _ in got.alternatives[:2])))


def _by_label(pairs: Sequence[tuple[Example, Asked]]) -> Mapping[str, Mapping[str, float | int]]:
    seen: Counter[str] = Counter(example.label for example, _ in pairs)
    right: Counter[str] = Counter(example.label for example, got in pairs if example.right(got.label))
    predicted: dict[str, list[bool]] = defaultdict(list)
    for example, got in pairs:
        predicted[got.label].append(example.right(got.label))
    return {
        label: {
            "messages": seen[label],
            "recall": _share(right[label], seen[label]),
            "precision": _share(sum(predicted[label]), len(predicted[label])),
        }
        for label in sorted(seen)
    }


def _share(part: int, whole: int) -> float:
    return round(part / whole, 4) if whole else 0.0
