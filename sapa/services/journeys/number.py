"""The dialogue "nomor": another number. The old one has to agree before anything moves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from sapa.family.reading.seats import read_code, read_number, read_phone, says_lost
from sapa.family.reading.words import is_unknown
from sapa.services import moves
from sapa.services.journeys.contract import Heard, Question, Scene
from sapa.services.records import Reply

_OLD = "lama"


class NumberJourney:
    """See the module."""

    name = "nomor"
    purpose: str | None = None
    consent_text: str | None = None

    def opens(self, scene: Scene, text: str, label: str | None) -> bool:
        """Whether the words speak of a change of number."""
        return read_number(text) is not None

    def begin(self, scene: Scene) -> Heard:
        """Whether the number written from has a household: then it is the one to be left."""
        contact = scene.tx.contact(scene.contact_id)
        return Heard({"registered": contact is not None and contact.household_id is not None})

    def hear(self, scene: Scene, text: str, data: Mapping[str, Any], asked: str | None) -> Heard:
        """The other number, a code, or that the old number is gone."""
        wish = read_number(text)
        if asked is None:
            if wish is None:
                return Heard(dict(data), understood=False)
            told = {name: value for name, value in asdict(wish).items() if value}
            return Heard({**data, **_without_own(scene, told)})
        phone, code = read_phone(text), read_code(text)
        if phone is not None:
            return Heard({**data, **_without_own(scene, {"phone": phone})})
        if code is not None:
            return Heard({**data, "code": code})
        if says_lost(text) or is_unknown(text):
            return Heard({**data, "lost": True})
        return Heard(dict(data), understood=False)

    def ask(self, scene: Scene, data: Mapping[str, Any]) -> Question | None:
        """A new number tells the old one; everything else can be done at once."""
        known = data.get("code") or data.get("lost") or data.get("phone") or data.get("registered")
        return None if known else Question(_OLD, Reply("dialog/nomor/tanya-nomor-lama"))

    def finish(self, scene: Scene, data: Mapping[str, Any]) -> tuple[Reply, ...]:
        """Ask the old number, show it a code, take a code, or hand over to a human."""
        deps, tx, contact_id, inbound_id, now = (
            scene.deps,
            scene.tx,
            scene.contact_id,
            scene.inbound_id,
            scene.now,
        )
        phone = data.get("phone")
        if data.get("code"):
            return (moves.enter_code(deps, tx, contact_id, inbound_id, str(data["code"]), now),)
        if data.get("lost"):
            tx.open_case(contact_id, moves.CASE, inbound_id, now)
            return (Reply(moves.HUMAN),)
        if data.get("registered") and (data.get("coming") or phone is None):
            return (moves.show_code(tx, contact_id, phone, inbound_id, now),)
        return (moves.ask_for_number(deps, tx, contact_id, str(phone), inbound_id, now),)


JOURNEY = NumberJourney()


def _without_own(scene: Scene, told: dict[str, Any]) -> dict[str, Any]:
    """The number written from is not the other one."""
    own = {address.phone or address.value for address in scene.tx.addresses_of(scene.contact_id)}
    return {name: value for name, value in told.items() if name != "phone" or value not in own}
