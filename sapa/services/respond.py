"""From a label to reply keys: what the bot says to a message that needs no form."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sapa.family.people import Family
from sapa.family.reading.words import normalize
from sapa.messaging import loss
from sapa.services.deps import Deps
from sapa.services.dose_recording import record_from_message
from sapa.services.households import family_of_contact
from sapa.services.ports import Tx
from sapa.services.records import Reply

# Flows whose dialogue is not there yet: the bot says so and offers a human, it never pretends.
_NOT_YET = frozenset(
    {
        "flow/daftar-hamil",
        "flow/daftar-catin",
        "flow/daftar-kb",
        "flow/catat-timbang",
        "flow/kader-siar",
        "flow/kader-laporan",
    }
)
_FIXED = {
    "danger": "bahaya/umum",
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
}
_OFFER_HUMAN = "dialog/manusia/tawarkan"
_CHOICES = 3


def replies_for_label(label: str, confidence: float, text: str, content_ids: Collection[str]) -> tuple[Reply, ...]:
    """The replies to a label that need no record of the contact. Unknown labels get the fallback.

    A message taken for a loss on too little is offered a human instead of condolences (sapa.messaging.loss).
    """
    if label == "flow/duka" and not loss.believable(confidence, text):
        return (Reply(_OFFER_HUMAN),)
    if label == "sapaan":
        return (Reply(_smalltalk(text)),)
    if label in _FIXED:
        return (Reply(_FIXED[label]),)
    if label in _NOT_YET:
        return (Reply("dialog/belum-bisa"),)
    if label in content_ids:
        return (Reply(label),)
    if "/" in label and not label.startswith("flow/"):
        return (Reply("dialog/belum-ada", {"title": label.rsplit("/", 1)[1].replace("-", " ")}),)
    return (Reply("dialog/tidak-paham"),)


def respond(
    deps: Deps,
    contact_id: str,
    label: str,
    confidence: float,
    text: str,
    now: datetime,
    content_ids: Collection[str],
) -> tuple[Reply, ...]:
    """The replies to a message of a known contact, with what it changes already done.

    Doing it twice for one message changes nothing more.
    """
    with deps.store.transaction() as tx:
        if label == "flow/profil":
            return (_profile(deps, tx, contact_id, now),)
        recorded = record_from_message(deps, tx, contact_id, text, label, now)
        if recorded is not None:
            return (recorded,)
    return replies_for_label(label, confidence, text, content_ids)


def choices(ranking: Sequence[tuple[str, float]], content_ids: Collection[str]) -> tuple[str, ...]:
    """The likeliest topics that can be answered, for a numbered question back."""
    return tuple(label for label, _ in ranking if label in content_ids)[:_CHOICES]


def clarify(ranking: Sequence[tuple[str, float]], content_ids: Collection[str], titles: dict[str, str]) -> Reply:
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


def _profile(deps: Deps, tx: Tx, contact_id: str, now: datetime) -> Reply:
    contact = tx.contact(contact_id)
    assert contact is not None
    family = family_of_contact(tx, contact_id, now, deps.default_timezone)
    return profile(contact.name, family, contact.opted_out_at is None)
