"""Erasing everything: one question, and with the yes it is done in that turn.

`finish` writes nothing: the receipt must still reach the person, in the transaction that also erases. Whoever queues
the replies of a turn calls `sapa.services.rights.erase` for the reply RECEIPT.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sapa.family.reading.rights import confirms_erasure, wants_erasure, wants_file
from sapa.family.reading.words import read_yes_no
from sapa.services.journeys.contract import Heard, Question, Scene
from sapa.services.records import Reply
from sapa.services.rights import RECEIPT, offer_file, receipt_number

LABEL = "flow/hapus-data"
SURE = "yakin"


class EraseEverything:
    """The journey "hapus"."""

    name = "hapus"
    purpose: str | None = None
    consent_text: str | None = None

    def opens(self, scene: Scene, text: str, label: str | None) -> bool:
        """Whether a message asks for it, by its label or in so many words."""
        return label == LABEL or wants_erasure(text)

    def begin(self, scene: Scene) -> Heard:
        """Nothing is known; anybody who writes can be erased, if only the number and the conversation."""
        return Heard({})

    def hear(self, scene: Scene, text: str, data: Mapping[str, Any], asked: str | None) -> Heard:
        """The request itself, then a yes or a no to the one question."""
        if asked != SURE:
            return Heard(data)
        if confirms_erasure(text):
            return Heard({"sure": True})
        if read_yes_no(text) is False:
            return Heard(data, notes=(Reply("dialog/hapus/tidak-jadi"),), over="declined")
        if wants_file(text):
            # The question itself offers it; a file more harms nobody if the turn is done twice.
            return Heard(data, notes=(offer_file(scene.deps, scene.tx, scene.contact_id, scene.now),))
        return Heard(data, understood=False)

    def ask(self, scene: Scene, data: Mapping[str, Any]) -> Question | None:
        """Whether it is really meant, with what goes and what stays with others."""
        if data.get("sure"):
            return None
        names = [child.name for child in scene.family.children]
        return Question(SURE, Reply("dialog/hapus/yakin", {"names": names, "shared": _shared(scene)}))

    def finish(self, scene: Scene, data: Mapping[str, Any]) -> tuple[Reply, ...]:
        """The receipt. Its number follows from the message, so that a turn done twice gives the same."""
        number = receipt_number(scene.inbound_id, scene.now)
        return (Reply(RECEIPT, {"receipt": number, "day": scene.family.today.isoformat(), "shared": _shared(scene)}),)


def _shared(scene: Scene) -> bool:
    """Whether somebody else follows the same household, so that the children stay with them."""
    others = (member.contact_id for member in scene.family.members if member.contact_id != scene.contact_id)
    contacts = [scene.tx.contact(other) for other in others]
    return any(contact is not None and contact.suspended_at is None for contact in contacts)


JOURNEY = EraseEverything()
