"""From a label to reply keys: what the bot says to a message that needs no form."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from sapa.family.people import Family
from sapa.family.reading.words import normalize
from sapa.messaging import danger, loss
from sapa.services.emergencies import DANGER_QUESTION
from sapa.services.households import said_facts
from sapa.services.records import Reply
from sapa.services.understanding import DANGER_SURE, Understood, topics_asked

# What only somebody of the staff may ask for; they are heard before this (kader_front.py).
_OF_STAFF = frozenset({"flow/kader-siar", "flow/kader-laporan"})
_NOT_STAFF = "kader/bukan-kader"
_FIXED = {
    "keluhan": "dialog/keluhan",
    "handover": "dialog/manusia/tersambung",
    "out_of_scope": "dialog/di-luar-lingkup",
    "bahasa_lain": "dialog/bahasa-lain",
    "menu": "dialog/menu",
    "bantuan": "dialog/bantuan",
    "batal": "dialog/menu",
    "flow/duka": "dialog/duka",
    "flow/hapus-data": "dialog/hapus-data",
    "flow/berhenti": "dialog/berhenti",
    "flow/mulai-lagi": "dialog/mulai-lagi",
    "flow/jadwal-saya": "imunisasi/jadwal",
    "flow/catat-imunisasi": "dialog/catat-imunisasi/tidak-ada",
    "flow/daftar-anak": "dialog/persetujuan/minta",
    "flow/daftar-hamil": "dialog/persetujuan/hamil",
    "flow/daftar-catin": "dialog/persetujuan/catin",
    "flow/daftar-kb": "dialog/persetujuan/kb",
    "flow/catat-timbang": "dialog/timbang/belum-ada-anak",
}
# Topics answered from the family's records, whatever age the message names.
_OF_RECORDS = frozenset({"imunisasi/jadwal", "imunisasi/terlambat", "posyandu/jadwal"})
# How long a topic is still being talked about.
TALK_LIFE = timedelta(minutes=30)
_OFFER_HUMAN = "dialog/manusia/tawarkan"
_CHOICES = 3
# From this many words on a message may tell of a danger that no rule of words knows.
_TELLING = 3


def replies_for_label(
    label: str, confidence: float, text: str, content_ids: Collection[str], said: Mapping[str, Any] | None = None
) -> tuple[Reply, ...]:
    """The replies to a label that need no record of the contact. Unknown labels get the fallback.

    `said`: texts' facts that the message itself gives (`said_facts`). A message taken for a loss on too little is
    offered a human instead of condolences (sapa.messaging.loss); a danger the model only suspects is asked about.
    """
    if label == "flow/duka" and not loss.believable(confidence, text):
        return (Reply(_OFFER_HUMAN),)
    if label == "danger":
        return (_danger(confidence, text),)
    if label == "sapaan":
        return (Reply(_smalltalk(text)),)
    if label in _FIXED:
        return (Reply(_FIXED[label]),)
    if label in _OF_STAFF:
        return (Reply(_NOT_STAFF, {"staff": False, "shown": False}),)
    if label in content_ids:
        return (Reply(label, dict(said or {})),)
    if "/" in label and not label.startswith("flow/"):
        return (Reply("dialog/belum-ada", {"title": label.rsplit("/", 1)[1].replace("-", " ")}),)
    return (Reply("dialog/tidak-paham"),)


def _danger(confidence: float, text: str, otherwise: str = "keluhan") -> Reply:
    """The emergency text for a danger that no rule of words found: asked about unless the model is sure.

    `otherwise`: the label to go on with after a no.
    """
    kind = danger.likely_kind(text)
    # "Tadi", "malam ini": one or two words that name nothing fool the model. They are asked about.
    named = len(text.split()) >= _TELLING or danger.check(text) is not None or danger.suspect(text)
    if confidence >= DANGER_SURE and named:
        return Reply(f"bahaya/{kind}")
    return Reply(DANGER_QUESTION, {"labels": ["danger", otherwise], "about": kind})


def replies_to(
    settled: Understood, text: str, family: Family, content_ids: Collection[str], titles: Mapping[str, str]
) -> tuple[Reply, ...]:
    """The replies to what a message was taken for: an answer, two for two questions, or a question back."""
    if settled.label == "danger" or (settled.unsure and danger.check(text) is not None):
        # Asked about even where nothing is sure: a choice of topics is no answer to what may be an emergency.
        others = choices(settled.ranking, content_ids)
        sure = settled.confidence if settled.label == "danger" else 0.0
        return (_danger(sure, text, *others[:1]),)
    said = said_facts(settled.said, family)
    topics = topics_asked(settled, content_ids)
    if topics:
        first, second = (
            replies_for_label(topic, settled.confidence, text, content_ids, _fitting(said, topic, family))
            for topic in topics
        )
        # The numbered next questions stand below the second answer only: "1" must mean one thing.
        return (replace(first[0], vars={**first[0].vars, "followed": True}), *second)
    if settled.unsure:
        return (clarify(settled.ranking, content_ids, titles),)
    label = settled.label
    return replies_for_label(label, settled.confidence, text, content_ids, _fitting(said, label, family))


def _fitting(said: Mapping[str, Any], label: str, family: Family) -> Mapping[str, Any]:
    """What the message says, unless the records know better: a schedule goes by the birth date."""
    return {} if label in _OF_RECORDS and family.children else said


def replies_to_foreign(understood: Understood, text: str, language: str) -> tuple[Reply, ...]:
    """The replies to a message in another language (ISO 639 code): only a danger is understood in any of them."""
    if understood.label == "danger":
        return (_danger(understood.confidence, text),)
    return (Reply("dialog/bahasa-lain", {"language": language}),)


def choices(ranking: Sequence[tuple[str, float]], content_ids: Collection[str]) -> tuple[str, ...]:
    """The likeliest topics that can be answered, for a numbered question back."""
    return tuple(label for label, _ in ranking if label in content_ids)[:_CHOICES]


def clarify(ranking: Sequence[tuple[str, float]], content_ids: Collection[str], titles: Mapping[str, str]) -> Reply:
    """Ask which of the likeliest topics was meant; with fewer than two to choose from, say so and offer a human."""
    labels = choices(ranking, content_ids)
    if len(labels) < 2:
        return Reply("dialog/tidak-paham")
    return Reply("dialog/pilih", {"options": [titles[label] for label in labels], "labels": list(labels)})


_THANKS = ("makasih", "terima kasih", "trims", "trim", "tq", "thanks", "thx", "nuhun", "suwun", "mksh", "tks")
_BYE = ("dadah", "sampai jumpa", "pamit", "bye", "dah dulu", "selamat tinggal")


def _smalltalk(text: str) -> str:
    said = normalize(text)
    if any(word in said for word in _THANKS):
        return "dialog/terima-kasih"
    if any(word in said for word in _BYE):
        return "dialog/pamit"
    return "dialog/salam"


def profile(name: str | None, family: Family, reminders_on: bool) -> Reply:
    """What is kept of a family, to be shown to it."""
    return Reply(
        "dialog/profil",
        {
            "contact_name": name,
            "children": [{"name": child.name, "birth_date": child.birth_date.isoformat()} for child in family.children],
            "posyandu": {"name": family.posyandu.name} if family.posyandu else None,
            "reminders_on": reminders_on,
        },
    )
