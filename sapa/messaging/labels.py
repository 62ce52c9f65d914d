"""Names of what a message means: our labels (content/topics.yml) and the intent names Rasa knows them by.

Rasa reads "/" in an intent name as a retrieval intent, so the slash of a label becomes a dot in an intent.
Labels never hold a dot, so the two functions undo each other.
"""

from __future__ import annotations


def label_to_intent(label: str) -> str:
    """The intent name of a label: "gizi/isi-piringku" -> "gizi.isi-piringku"."""
    return label.replace("/", ".")


def intent_to_label(intent: str) -> str:
    """The label of an intent name: "flow.daftar-anak" -> "flow/daftar-anak"."""
    return intent.replace(".", "/")
