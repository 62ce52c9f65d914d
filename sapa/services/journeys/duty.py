"""The dialogue "tugas": somebody takes up work as kader or bidan with the one-time code of who invited them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from sapa.family.reading.kader import read_own_name, read_staff_code
from sapa.family.reading.words import normalize, read_yes_no
from sapa.services import seats, staff
from sapa.services.journeys.contract import Heard, Question, Scene
from sapa.services.notices import preferred
from sapa.services.records import CodeRow, Reply
from sapa.services.replies import render_reply

TEXTS = "kader/undangan/"
_CONSENT, _NAME = "setuju", "nama"
_INTRODUCES = re.compile(r"\W*(?:nama|nm|namaku|saya|sy|aku|panggil)\b")


class DutyJourney:
    """See the module. It asks for its consent itself: nothing is kept before it."""

    name = "tugas"
    purpose: str | None = None
    consent_text: str | None = None

    def opens(self, scene: Scene, text: str, label: str | None) -> bool:
        """KADER and six digits."""
        return read_staff_code(text) is not None

    def begin(self, scene: Scene) -> Heard:
        """Nothing is known before the first message."""
        return Heard({})

    def hear(self, scene: Scene, text: str, data: Mapping[str, Any], asked: str | None) -> Heard:
        """The code, the yes, the name."""
        code = read_staff_code(text)
        if asked is None or (code is not None and code != data.get("code")):
            return Heard({"code": code}) if code is not None else Heard(dict(data), understood=False)
        if asked == _CONSENT:
            agreed = read_yes_no(text)
            if agreed is None and _INTRODUCES.match(normalize(text)) and (name := read_own_name(text)) is not None:
                # Her name before her yes: kept in the dialogue alone, and the yes is asked once more.
                return Heard({**data, "name": name})
            return Heard({**data, "agreed": agreed}, understood=agreed is not None)
        name = read_own_name(text)
        if name is None and read_yes_no(text) is True:
            name = _known_name(scene)
        return Heard({**data, "name": name}, understood=name is not None)

    def ask(self, scene: Scene, data: Mapping[str, Any]) -> Question | None:
        """Her consent, then her name."""
        row = _offer(scene, data)
        if row is None or _holds(scene, row) or data.get("agreed") is False:
            return None
        if data.get("agreed") is None:
            return Question(_CONSENT, _consent(scene, row))
        if not data.get("name"):
            return Question(_NAME, Reply(TEXTS + "tanya-nama", {"known": _known_name(scene)}))
        return None

    def finish(self, scene: Scene, data: Mapping[str, Any]) -> tuple[Reply, ...]:
        """Enrol, or say why not."""
        tx, contact_id, now = scene.tx, scene.contact_id, scene.now
        row, why = staff.offered(tx, contact_id, str(data.get("code") or ""), now)
        if row is None:
            seats.miss(tx, contact_id, staff.CODE_KIND, str(why), now)
            return (Reply(TEXTS + "kode-salah", {"why": why}),)
        if _holds(scene, row):
            return (Reply(TEXTS + "sudah", _offered_vars(scene, row)),)
        if data.get("agreed") is not True:
            tx.audit("consent_refused", contact_id, {"purpose": staff.STAFF_CONSENT}, now)
            return (Reply(TEXTS + "ditolak"),)
        name = str(data.get("name") or "")
        given = staff.redeem(scene.deps, tx, contact_id, row, name, _wording(scene, row), scene.inbound_id, now)
        if given is None:
            return (Reply(TEXTS + "kode-salah", {"why": seats.USED}),)
        return (Reply(TEXTS + "selesai", {**_offered_vars(scene, row), "member_name": name}),)


JOURNEY = DutyJourney()


def _offer(scene: Scene, data: Mapping[str, Any]) -> CodeRow | None:
    return staff.offered(scene.tx, scene.contact_id, str(data.get("code") or ""), scene.now)[0]


def _holds(scene: Scene, row: CodeRow) -> bool:
    """Whether she has this very role already."""
    wanted = (row.detail["role"], row.detail["place"])
    return any((held.role, held.posyandu_id or held.area_id) == wanted for held in scene.tx.roles_of(scene.contact_id))


def _offered_vars(scene: Scene, row: CodeRow) -> dict[str, Any]:
    return {"role": row.detail["role"], "place": staff.place_name(scene.tx, str(row.detail["place"]))}


def _consent(scene: Scene, row: CodeRow) -> Reply:
    """What she is asked. It names no person: whoever has guessed a code must learn nobody's name by it."""
    return Reply(TEXTS + "persetujuan", _offered_vars(scene, row))


def _wording(scene: Scene, row: CodeRow) -> str:
    address = preferred(scene.tx.addresses_of(scene.contact_id))
    assert address is not None  # she writes to us
    return render_reply(scene.deps, _consent(scene, row), address.channel, scene.family).text


def _known_name(scene: Scene) -> str | None:
    contact = scene.tx.contact(scene.contact_id)
    return contact.name if contact is not None else None
