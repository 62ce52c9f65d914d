"""From a label to reply keys: what the bot says to a message that needs no form."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from sapa.family.people import Family
from sapa.family.reading.dates import read_date
from sapa.family.reading.words import normalize, read_yes_no
from sapa.services.deps import Deps
from sapa.services.households import family_of, family_of_contact
from sapa.services.ports import Tx
from sapa.services.records import ReminderRow, Reply
from sapa.services.reminders import replan

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
    "flow/daftar-anak": "dialog/persetujuan/minta",
}
# Labels after which a human is told.
CASE_LABELS = frozenset({"danger", "keluhan", "handover", "flow/duka", "flow/hapus-data"})
# Labels after which nothing is sent unasked any more.
QUIETING_LABELS = frozenset({"flow/berhenti", "flow/hapus-data", "flow/duka"})
# How long "sudah?" waits for its answer.
_CHECK_LIFE = timedelta(days=14)
_CHECK = "pengingat/imunisasi-sudah"
_CHOICES = 3


def replies_for_label(label: str, text: str, content_ids: Collection[str]) -> tuple[Reply, ...]:
    """The replies to a label that need no record of the contact. Unknown labels get the fallback."""
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
    deps: Deps, contact_id: str, label: str, text: str, now: datetime, content_ids: Collection[str]
) -> tuple[Reply, ...]:
    """The replies to a message of a known contact, with what it changes already done.

    Doing it twice for one message changes nothing more.
    """
    with deps.store.transaction() as tx:
        if label == "flow/profil":
            return (_profile(deps, tx, contact_id, now),)
        if label in QUIETING_LABELS:
            tx.set_opt_out(contact_id, now)
        if label == "flow/mulai-lagi":
            tx.set_opt_out(contact_id, None)
        if label in ("flow/catat-imunisasi", "afirmasi", "negasi", "inform"):
            check = _open_check(tx, contact_id, now)
            if check is not None:
                return (_answer_check(deps, tx, contact_id, check, text, now),)
            if label == "flow/catat-imunisasi":
                return (Reply("dialog/belum-bisa"),)
    return replies_for_label(label, text, content_ids)


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
            "children": [
                {"name": child.name, "birth_date": child.birth_date.isoformat()} for child in family.children
            ],
            "posyandu": {"name": family.posyandu.name} if family.posyandu else None,
            "reminders_on": reminders_on,
        },
    )


def _profile(deps: Deps, tx: Tx, contact_id: str, now: datetime) -> Reply:
    contact = tx.contact(contact_id)
    assert contact is not None
    family = family_of_contact(tx, contact_id, now, deps.default_timezone)
    return profile(contact.name, family, contact.opted_out_at is None)


def _open_check(tx: Tx, contact_id: str, now: datetime) -> ReminderRow | None:
    """The "sudah?" this contact was asked lately, if any."""
    check = tx.last_reminder(contact_id, _CHECK)
    return check if check is not None and now - check.send_at <= _CHECK_LIFE else None


def _answer_check(deps: Deps, tx: Tx, contact_id: str, check: ReminderRow, text: str, now: datetime) -> Reply:
    """Record the doses asked about on the day the caregiver names; without a day, ask for it."""
    if read_yes_no(text) is False:
        return Reply("dialog/catat-imunisasi/belum", dict(check.payload))
    family = family_of(tx, check.household_id, now, deps.default_timezone)
    reading = read_date(text, family.today, prefer="past")
    if reading.value is None or reading.problem is not None or reading.precision != "day":
        return Reply("dialog/catat-imunisasi/tanya-tanggal", dict(check.payload))
    recorded = []
    for entry in check.payload["children"]:
        child = next((child for child in family.children if child.name == entry["name"]), None)
        if child is None or reading.value < child.birth_date:
            return Reply("dialog/catat-imunisasi/tanya-tanggal", dict(check.payload))
        for dose in entry["doses"]:
            if dose not in child.doses:
                tx.record_dose(child.id, dose, reading.value, now)
        recorded.append({"name": child.name, "doses": list(entry["doses"])})
    replan(deps, tx, check.household_id, now)
    return Reply("dialog/catat-imunisasi/tercatat", {"children": recorded, "date": reading.value.isoformat()})
