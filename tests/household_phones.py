"""Several phones of one village, written to and read from: the dialogues of the household as a person meets them."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sapa.bootstrap import App
from sapa.family.people import Child, Pregnancy, Sex
from sapa.messaging.states import Channel
from sapa.services.consents import CHILD_CARE, PREGNANCY_CARE
from sapa.services.demo import seed_demo
from sapa.services.households import family_of_contact
from sapa.services.inbound import receive_message
from sapa.services.journeys import conductor
from sapa.services.journeys.contract import Journey, Scene
from sapa.services.journeys.move import JOURNEY as MOVE
from sapa.services.journeys.number import JOURNEY as NUMBER
from sapa.services.journeys.seat import JOURNEY as SEAT
from sapa.services.moves import act_on_number
from sapa.services.not_me import act_on_not_me
from sapa.services.ports import Tx
from sapa.services.records import Contact, OutboxMessage, Reply
from sapa.services.replies import queue_replies
from sapa.services.understanding import Understood
from tests.support import inbound_form

JOURNEYS: tuple[Journey, ...] = (SEAT, NUMBER, MOVE)
MOTHER, FATHER, GRANDMOTHER = "+6281200000001", "+6281200000002", "+6281200000003"
BORN = date(2026, 5, 3)
ANI = Child(name="Ani", birth_date=BORN, sex=Sex.FEMALE, id="11111111-1111-1111-1111-111111111111")
_UNSURE = Understood((("nlu_fallback", 0.0),), unsure=True)


@dataclass
class Village:
    """Phones that write and a clock that moves a minute with every message."""

    app: App
    now: datetime
    states: dict[str, Any] = field(default_factory=dict)
    _sids: Any = field(default_factory=lambda: itertools.count(1))

    def __post_init__(self) -> None:
        with self.app.store.transaction() as tx:
            seed_demo(tx, self.now.date())

    def say(self, phone: str, text: str, channel: Channel = Channel.WHATSAPP, times: int = 1) -> list[str]:
        """The content ids that answer a message; it may be worked on several times, as after a crash."""
        self.now += timedelta(minutes=1)
        form = inbound_form(text, phone, channel=channel, provider_sid=f"SM-{next(self._sids)}-{phone}")
        receipt = receive_message(self.app.deps, form, self.now)
        assert receipt.inbound_id is not None
        for _ in range(times):
            with self.app.store.transaction() as tx:
                self._work(tx, receipt.inbound_id, text)
        with self.app.store.transaction(write=False) as tx:
            rows = [row for contact in _everybody(tx) for row in tx.outbox_of(contact)]
        return [row.content_id for row in rows if row.in_reply_to == receipt.inbound_id]

    def _work(self, tx: Tx, inbound_id: str, text: str) -> None:
        message = tx.inbound(inbound_id)
        assert message is not None
        if act_on_number(self.app.deps, tx, message, self.now) or act_on_not_me(self.app.deps, tx, message, self.now):
            return
        family = family_of_contact(tx, message.contact_id, self.now, "Asia/Jakarta")
        today = self.now.astimezone(ZoneInfo(family.timezone)).date()
        scene = Scene(self.app.deps, tx, message.contact_id, family, self.now, today, inbound_id)
        before = self.states.get(message.contact_id)
        if before is not None:
            journey = next(one for one in JOURNEYS if one.name == before["journey"])
            turned = conductor.go_on(journey, scene, before, text, _UNSURE, ())
        else:
            opened = [one for one in JOURNEYS if one.opens(scene, text, None)]  # type: ignore[attr-defined]
            if not opened:
                queue_replies(self.app.deps, tx, message, [Reply("dialog/tidak-paham")], self.now)
                return
            turned = conductor.begin(opened[0], scene, text)
        self.states[message.contact_id] = turned.state
        queue_replies(self.app.deps, tx, message, turned.replies, self.now)

    def register(self, phone: str, *, child: bool = True, pregnancy: bool = False, relation: str = "ibu") -> str:
        """A caregiver with Ani at Posyandu Melati and/or a pregnancy; the contact's id."""
        with self.app.store.transaction() as tx:
            contact, _ = tx.contact_for_address(Channel.WHATSAPP, phone, phone, self.now)
            household_id = tx.household_of(contact.id, self.now)
            tx.set_member(contact.id, household_id, relation, False)
            if child:
                tx.save_child(household_id, ANI, self.now)
                tx.record_consent(contact.id, CHILD_CARE, "kata", True, None, self.now)
            if pregnancy:
                lmp = self.now.date() - timedelta(days=100)
                due = lmp + timedelta(days=280)
                tx.save_pregnancy(household_id, Pregnancy(lmp=lmp, edd=due, id="p1", contact_id=contact.id), self.now)
                tx.record_consent(contact.id, PREGNANCY_CARE, "kata", True, None, self.now)
            melati = tx.posyandu_by_name("Melati")
            assert melati is not None
            tx.set_posyandu(household_id, melati.id)
        return contact.id

    def contact(self, phone: str, channel: Channel = Channel.WHATSAPP) -> Contact:
        """Whose a phone is now."""
        with self.app.store.transaction(write=False) as tx:
            contact_id = tx.contact_id_for(channel, phone)
            assert contact_id is not None
            contact = tx.contact(contact_id)
        assert contact is not None
        return contact

    def sent_to(self, phone: str) -> list[OutboxMessage]:
        """Everything that was ever queued for a phone, oldest first."""
        with self.app.store.transaction(write=False) as tx:
            rows = [row for contact in _everybody(tx) for row in tx.outbox_of(contact)]
        return sorted((row for row in rows if row.to == phone), key=lambda row: row.created_at)

    def cases(self) -> list[str]:
        with self.app.store.transaction(write=False) as tx:
            return [case.kind for case in tx.open_cases()]


_PHONES = [f"+62812000000{number:02d}" for number in range(1, 10)]


def _everybody(tx: Tx) -> list[str]:
    found = {tx.contact_id_for(channel, phone) for channel in Channel for phone in _PHONES}
    return sorted(contact for contact in found if contact is not None)
