"""What is written, who has signed it and what is missing: `sapa content status`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import yaml

from sapa.messaging.labels import intent_to_label
from sapa.services.ports import ContentHead

SIGNED = "disahkan"  # the status of a text that a health professional answers for


class CatalogueError(ValueError):
    """A catalogue or a training file cannot be read; the message says why."""


@dataclass(frozen=True)
class Catalogue:
    """content/topics.yml: the topics that need a text, and the labels besides them that a message may get."""

    topics: tuple[str, ...]
    labels: tuple[str, ...]


@dataclass(frozen=True)
class TextStatus:
    """One text and who answers for it. `days_left` until the review is overdue; negative when it is."""

    head: ContentHead
    days_left: int

    @property
    def signed(self) -> bool:
        return self.head.status == SIGNED

    @property
    def said(self) -> str:
        """The status in the words of the text's own head, with name and date once there are any."""
        head = self.head
        return f"{SIGNED} oleh {head.signed_off_by} pada {head.signed_off_on}" if self.signed else head.status

    def as_json(self) -> dict[str, Any]:
        head = self.head
        return {
            "id": head.id,
            "title": head.title,
            "status": head.status,
            "signed_off_by": head.signed_off_by,
            "signed_off_on": _iso(head.signed_off_on),
            "confidence": head.confidence,
            "reviewed_on": _iso(head.reviewed_on),
            "review_by": _iso(head.review_by),
            "days_left": self.days_left,
            "sources": list(head.sources),
        }


@dataclass(frozen=True)
class ContentStatus:
    """The state of all content on one day. `others` are the texts that are no topic: dialogue, danger, reminders."""

    today: date
    topics: tuple[TextStatus, ...]
    others: tuple[TextStatus, ...]
    missing: tuple[str, ...]
    untrained: tuple[str, ...]

    @property
    def complete(self) -> bool:
        """Whether every topic has a text and every label has sentences to learn from."""
        return not self.missing and not self.untrained

    def as_json(self) -> dict[str, Any]:
        """The shape of `sapa content status --json`."""
        return {
            "date": self.today.isoformat(),
            "topics": [text.as_json() for text in self.topics],
            "missing": list(self.missing),
            "without_training_data": list(self.untrained),
            "totals": {"topics": len(self.topics) + len(self.missing), **_totals(self.topics)},
            "other_texts": {"texts": len(self.others), **_totals(self.others)},
        }


def content_status(
    catalogue: Catalogue,
    content_ids: Iterable[str],
    head_of: Callable[[str], ContentHead],
    trained: Collection[str],
    today: date,
) -> ContentStatus:
    """Compare the catalogue with the texts there are and the labels that have training sentences."""
    ids, topics = set(content_ids), set(catalogue.topics)

    def state(content_id: str) -> TextStatus:
        head = head_of(content_id)
        return TextStatus(head, (head.review_by - today).days)

    return ContentStatus(
        today=today,
        topics=tuple(state(topic) for topic in catalogue.topics if topic in ids),
        others=tuple(state(content_id) for content_id in sorted(ids - topics)),
        missing=tuple(topic for topic in catalogue.topics if topic not in ids),
        untrained=tuple(label for label in (*catalogue.topics, *catalogue.labels) if label not in trained),
    )


def read_catalogue(text: str) -> Catalogue:
    """content/topics.yml. Raises CatalogueError."""
    try:
        read = yaml.safe_load(text)
        return Catalogue(tuple(topic["id"] for topic in read["topics"]), tuple(read["labels"]))
    except (yaml.YAMLError, KeyError, TypeError) as error:
        raise CatalogueError(f"not a catalogue of topics and labels: {_first_line(error)}") from error


def trained_labels(texts: Iterable[str]) -> set[str]:
    """The labels for which the training files hold at least one sentence. Raises CatalogueError."""
    found: set[str] = set()
    for text in texts:
        try:
            entries = (yaml.safe_load(text) or {}).get("nlu") or []
            found |= {intent_to_label(entry["intent"]) for entry in entries if _sentences(entry)}
        except (yaml.YAMLError, AttributeError, TypeError) as error:
            raise CatalogueError(f"not readable as training data: {_first_line(error)}") from error
    return found


def _sentences(entry: Any) -> bool:
    return "intent" in entry and any(line.strip(" -") for line in str(entry.get("examples") or "").splitlines())


def _totals(texts: Sequence[TextStatus]) -> dict[str, Any]:
    confidences = Counter(text.head.confidence for text in texts if text.head.confidence)
    return {
        "signed_off": sum(text.signed for text in texts),
        "overdue": sum(text.days_left < 0 for text in texts),
        "confidence": dict(confidences.most_common()),
        "next_review": _iso(min((text.head.review_by for text in texts), default=None)),
    }


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0]
