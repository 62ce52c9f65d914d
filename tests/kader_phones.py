"""A village with those who work in it, written to and read from: what kader and bidan meet on their phones."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from sapa.bootstrap import App
from sapa.family.people import Child, Sex
from sapa.messaging.states import Channel
from sapa.services import staff
from sapa.services.access import Role, Staffer, staffer
from sapa.services.broadcasts import release_due
from sapa.services.consents import CHILD_CARE
from sapa.services.delivery import claim_batch, send_one
from sapa.services.dialogue import take_turn
from sapa.services.inbound import receive_message
from sapa.services.lessons import lessons_due
from sapa.services.records import AreaRow, OutboxMessage, PosyanduRow, Reply, SessionRow
from sapa.services.replies import queue_replies
from sapa.services.understanding import Understood
from tests.support import inbound_form

KADER, OTHER_KADER, BIDAN, ADMIN = "+6281200000091", "+6281200000092", "+6281200000093", "+6281200000094"
MOTHER, STRANGER = "+6281200000001", "+6281200000077"
DESA, KECAMATAN = "area-desa", "area-kecamatan"
MELATI, MAWAR = "posyandu-melati", "posyandu-mawar"
FIRST_DAY = date(2026, 12, 10)
_UNSURE = Understood((("nlu_fallback", 0.0),), unsure=True)


@dataclass
class KaderVillage:
    """Posyandu Melati and Mawar in one desa; `now` moves a second with every message."""

    app: App
    now: datetime
    states: dict[str, Any] = field(default_factory=dict)
    _sids: Any = field(default_factory=lambda: itertools.count(1))

    def __post_init__(self) -> None:
        with self.app.store.transaction() as tx:
            tx.save_area(AreaRow(KECAMATAN, "kecamatan", "Kecamatan Contoh"))
            tx.save_area(AreaRow(DESA, "desa", "Desa Contoh", KECAMATAN))
            for key, name in ((MELATI, "Melati"), (MAWAR, "Mawar")):
                tx.save_posyandu(PosyanduRow(key, name, "Asia/Jakarta", village="Desa Contoh", area_id=DESA))
            tx.save_session(SessionRow("sesi-1", MELATI, FIRST_DAY, time(8), "Balai Desa"))
            staff.enrol(tx, KADER, "Rina", Role.KADER, MELATI, None, self.now)
            staff.enrol(tx, OTHER_KADER, "Dewi", Role.KADER, MAWAR, None, self.now)
            staff.enrol(tx, BIDAN, "Sari", Role.BIDAN, DESA, None, self.now)
            staff.enrol(tx, ADMIN, "Budi", Role.ADMIN, KECAMATAN, None, self.now)

    def family(self, number: int, posyandu_id: str = MELATI) -> str:
        """A mother with a child under five who agreed to be written to; her phone."""
        phone = f"+6281200000{number:03d}"
        with self.app.store.transaction() as tx:
            contact, _ = tx.contact_for_address(Channel.WHATSAPP, phone, phone, self.now)
            household_id = tx.household_of(contact.id, self.now)
            tx.set_member(contact.id, household_id, "ibu", False)
            born = date(2026, 5, 3)
            tx.save_child(
                household_id,
                Child(name=f"Anak {number}", birth_date=born, sex=Sex.FEMALE, id=f"anak-{number}"),
                self.now,
            )
            tx.record_consent(contact.id, CHILD_CARE, "kata", True, None, self.now)
            tx.set_posyandu(household_id, posyandu_id)
        return phone

    def say(self, phone: str, text: str, label: str | None = None, times: int = 1, **form: Any) -> list[str]:
        """The content ids that answer a message; it may be worked on several times, as after a crash."""
        self.now += timedelta(seconds=1)
        sent = inbound_form(text, phone, provider_sid=f"SM-{next(self._sids)}-{phone}", **form)
        receipt = receive_message(self.app.deps, sent, self.now)
        assert receipt.inbound_id is not None
        understood = _UNSURE if label is None else Understood(((label, 0.9),), unsure=False)
        with self.app.store.transaction(write=False) as tx:
            message = tx.inbound(receipt.inbound_id)
        assert message is not None
        before = self.states.get(message.contact_id)
        replies: tuple[Reply, ...] = ()
        for _ in range(times):
            turned = take_turn(
                self.app.deps, message.contact_id, understood, text, before, self.now, self.now, message.id,
                self.app.content_ids, self.app.titles,
            )  # fmt: skip
            replies, self.states[message.contact_id] = turned.replies, turned.state
            with self.app.store.transaction() as tx:
                queue_replies(self.app.deps, tx, message, turned.replies, self.now)
        return [reply.key for reply in replies]

    def wait(self, **how_long: int) -> None:
        """Let time pass; what falls due is done and sent."""
        self.now += timedelta(**how_long)
        deps = self.app.deps
        release_due(deps, self.now)
        lessons_due(deps, self.now)
        while batch := claim_batch(deps, "test", self.now, timedelta(minutes=5), 50):
            for message in batch:
                send_one(deps, "test", message, self.now)

    def told(self, phone: str, prefix: str = "siar/") -> list[OutboxMessage]:
        """What was ever queued for a phone under a folder of texts, oldest first."""
        with self.app.store.transaction(write=False) as tx:
            contact_id = tx.contact_id_for(Channel.WHATSAPP, phone)
            rows = tx.outbox_of(contact_id) if contact_id else []
        return sorted((row for row in rows if row.content_id.startswith(prefix)), key=lambda row: row.created_at)

    def heard(self, phone: str) -> str:
        """The last words to a phone."""
        return self.told(phone, "")[-1].text

    def who(self, phone: str) -> Staffer | None:
        """Somebody's place in the staff now."""
        with self.app.store.transaction(write=False) as tx:
            contact_id = tx.contact_id_for(Channel.WHATSAPP, phone)
            return staffer(tx, contact_id) if contact_id else None

    def days(self, posyandu_id: str = MELATI) -> list[str]:
        """The days that stand, as "2026-12-10 08:00"."""
        with self.app.store.transaction(write=False) as tx:
            rows = tx.sessions_between([posyandu_id], date(2026, 1, 1), date(2028, 1, 1))
        return [f"{row.date} {row.time:%H:%M}" for row in rows]
