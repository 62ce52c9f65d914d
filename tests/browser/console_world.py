"""A small village for the console's tests: two posyandu, four of the staff, families of every kind, a clock by hand.

Everything is real but the processes: the web server runs in a thread, what the clock would do is done by the test.
"""

from __future__ import annotations

import re
import threading
import time as wall
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import uvicorn

import web
from bot.app import create_app
from sapa import bootstrap
from sapa.bootstrap import App
from sapa.clock import SetClock
from sapa.family.people import Child, Measurement, Pregnancy, Sex
from sapa.messaging.states import Channel
from sapa.services.consents import CHILD_CARE, PREGNANCY_CARE
from sapa.services.delivery import claim_batch, record_status, send_one
from sapa.services.ports import Tx
from sapa.services.records import AreaRow, Contact, PosyanduRow, SessionRow, StaffRow, StatusForm
from sapa.services.reminders import replan_dirty
from sapa.store.engine import open_engine
from sapa.store.migrate import upgrade
from tests.stacks import free_port
from tests.support import NOW, settings_for

TODAY = date(2026, 11, 23)  # NOW in both time zones of the village
KADER, OTHER_KADER = "+6281200000011", "+6281200000014"
BIDAN, ADMIN = "+6281200000012", "+6281200000013"
STAFF = {
    KADER: "Kader Rina",
    BIDAN: "Bidan Dewi",
    ADMIN: "Admin Tono",
    OTHER_KADER: "Kader Wati",
}
# name, sex, months old, kg, cm, mother, how she is reached: a number, "sms:" and a number, or nothing
_MELATI = (
    ("Ani", Sex.FEMALE, 9, 8.0, 69.5, "Maria", "+6281300000001"),
    ("Budi", Sex.MALE, 4, 6.4, 62.0, "Yohana", "+6281300000002"),
    ("Citra", Sex.FEMALE, 14, 8.9, 74.0, "Sarce", "+6281300000003"),
    ("Dian", Sex.MALE, 2, 5.2, 57.5, "Adel", "+6281300000004"),
    ("Erik", Sex.MALE, 30, 9.4, 80.0, "Ferderika", "+6281300000005"),
    ("Feby", Sex.FEMALE, 22, 10.4, 83.0, "Merry", "sms:+6281300000006"),
    ("Gilang", Sex.MALE, 11, 9.0, 73.5, "Yuliana", "sms:+6281300000007"),
    ("Hana", Sex.FEMALE, 40, 13.0, 95.0, "Dorce", ""),
    ("Indah", Sex.FEMALE, 55, 15.2, 104.0, "Ester", "+6281300000008"),
    ("Joni", Sex.MALE, 7, 7.7, 67.0, "Margarita", "+6281300000009"),
)
_MAWAR = (("Kiki", Sex.FEMALE, 6, 7.0, 65.0, "Neneng", "+6281300000021"),)


def _id(*parts: object) -> str:
    return str(uuid5(NAMESPACE_URL, ":".join(str(part) for part in parts)))


MELATI, MAWAR = _id("posyandu", "Melati"), _id("posyandu", "Mawar")


def session_id(posyandu_id: str, on: date) -> str:
    """The id of a session of the village."""
    return _id("session", posyandu_id, on.isoformat())


@dataclass
class Village:
    """A running console, and means to do what the clock, the sender and the phones would do."""

    app: App
    clock: SetClock
    url: str = ""
    households: dict[str, str] = field(default_factory=dict)  # by the child's name
    contacts: dict[str, str] = field(default_factory=dict)  # by the mother's name
    codes_read: dict[str, int] = field(default_factory=dict)  # how many login codes each number has used

    def later(self, **more: float) -> datetime:
        """Move the clock forward."""
        self.clock.set(self.clock.now() + timedelta(**more))
        return self.clock.now()

    def send(self) -> int:
        """Let the sender work until nothing waits; how many messages went out."""
        sent = 0
        while batch := claim_batch(self.app.deps, "test", self.clock.now(), timedelta(minutes=5), 50):
            for message in batch:
                send_one(self.app.deps, "test", message, self.clock.now())
            sent += len(batch)
        return sent

    def messages(self, number: str) -> list[Any]:
        """What stands on a phone, oldest first."""
        assert self.app.mailbox is not None
        return [one for one in self.app.mailbox.messages_since(0) if one.phone == number and one.direction == "out"]

    def login_code(self, number: str) -> str:
        """The six digits of the newest code sent to a number, which is made after the page has answered."""
        patience = threading.Event()
        for _ in range(200):
            self.send()
            codes = [one for text in self.messages(number) for one in re.findall(r"\b\d{6}\b", text.text)]
            if len(codes) > self.codes_read.get(number, 0):
                self.codes_read[number] = len(codes)
                return str(codes[-1])
            patience.wait(0.05)
        raise AssertionError("no new code came")

    def phones_report(self, read: int, delivered: int, failed: int = 0) -> None:
        """Let the first phones that got a broadcast read it, the next only receive it, the next refuse it."""
        assert self.app.mailbox is not None
        out = [one for one in self.app.mailbox.messages_since(0) if one.direction == "out" and one.kind == "broadcast"]
        fates = ["read"] * read + ["delivered"] * delivered + ["failed"] * failed
        for one, fate in zip(out, fates, strict=False):
            code = "63024" if fate == "failed" else None
            record_status(self.app.deps, StatusForm(one.sid, fate, code), self.clock.now())


def build(folder: Path) -> Village:
    """The village, without a web server."""
    address = f"sqlite:///{folder / 'console.db'}"
    engine = open_engine(address)
    upgrade(engine)
    clock = SetClock(NOW)
    app = bootstrap.wire(settings_for(address, folder), engine, clock)
    bootstrap.use(app)
    village = Village(app, clock)
    with app.store.transaction() as tx:
        _organisation(tx)
        _staff(tx)
        for row in _MELATI:
            _family(village, tx, MELATI, *row)
        for row in _MAWAR:
            _family(village, tx, MAWAR, *row)
        _pregnant(village, tx)
    replan_dirty(app.deps, NOW)
    return village


class Served:
    """The console of a village behind a real web server, in a thread."""

    def __init__(self, village: Village) -> None:
        port = free_port()
        edge = create_app(village.app, extra_routes=web.routes(village.app))
        self._server = uvicorn.Server(
            uvicorn.Config(edge, host="127.0.0.1", port=port, log_level="warning", lifespan="off", ws="none")
        )
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        village.url = f"http://127.0.0.1:{port}"

    def __enter__(self) -> None:
        self._thread.start()
        deadline = wall.monotonic() + 20
        while not self._server.started:
            assert wall.monotonic() < deadline, "the web server does not start"
            wall.sleep(0.02)

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join(timeout=10)


# --- the village


def _organisation(tx: Tx) -> None:
    parent = None
    chain = (("provinsi", "Nusa Tenggara Timur"), ("kabupaten", "Kabupaten Contoh"), ("kecamatan", "Kecamatan Contoh"))
    for kind, name in chain:
        tx.save_area(AreaRow(_id("area", name), kind, name, parent, timezone="Asia/Makassar"))
        parent = _id("area", name)
    for village, posyandu_id, name in (("Desa Contoh", MELATI, "Melati"), ("Desa Contoh Dua", MAWAR, "Mawar")):
        tx.save_area(AreaRow(_id("area", village), "desa", village, parent, timezone="Asia/Makassar"))
        tx.save_posyandu(
            PosyanduRow(
                id=posyandu_id,
                name=name,
                timezone="Asia/Makassar",
                province="Nusa Tenggara Timur",
                village=village,
                facility_name="Puskesmas Contoh",
                facility_phone="0380-000000",
                area_id=_id("area", village),
            )
        )
        days = [date(2026, month, 10) for month in range(1, 13)] + [TODAY]
        for day in days:
            note = "bawa Buku KIA" if day == TODAY else ""
            tx.save_session(SessionRow(session_id(posyandu_id, day), posyandu_id, day, time(8), "Balai Desa", note))


def _staff(tx: Tx) -> None:
    district, subdistrict = _id("area", "Kabupaten Contoh"), _id("area", "Kecamatan Contoh")
    roles = (
        (KADER, "kader", MELATI, None),
        (OTHER_KADER, "kader", MAWAR, None),
        (BIDAN, "bidan", None, subdistrict),
        (ADMIN, "admin", None, district),
    )
    for number, role, posyandu_id, area_id in roles:
        contact = _person(tx, number, STAFF[number])
        tx.grant(StaffRow(_id("staff", number), contact.id, role, posyandu_id, area_id), NOW)


def _person(tx: Tx, number: str, name: str) -> Contact:
    channel = Channel.SMS if number.startswith("sms:") else Channel.WHATSAPP
    number = number.removeprefix("sms:")
    contact = tx.contact_for_address(channel, number, number, NOW)[0] if number else tx.new_contact(NOW)
    tx.set_contact_name(contact.id, name)
    return contact


def _household(village: Village, tx: Tx, posyandu_id: str, mother: str, number: str, purpose: str) -> tuple[str, str]:
    contact = _person(tx, number, mother)
    household = tx.household_of(contact.id, NOW)
    tx.set_member(contact.id, household, "ibu", False)
    tx.record_consent(contact.id, purpose, "Setuju.", True, None, NOW)
    tx.set_posyandu(household, posyandu_id)
    tx.mark_dirty(household, NOW)
    village.contacts[mother] = contact.id
    return household, contact.id


def _family(
    village: Village,
    tx: Tx,
    posyandu_id: str,
    name: str,
    sex: Sex,
    months: int,
    kilos: float,
    length: float,
    mother: str,
    number: str,
) -> None:
    household, _ = _household(village, tx, posyandu_id, mother, number, CHILD_CARE)
    born = TODAY - timedelta(days=round(months * 30.44))
    doses = {"HB0": born, "BCG": born + timedelta(days=20)} if months > 1 else {}
    child = Child(name=name, birth_date=born, sex=sex, doses=doses, id=_id("child", name, mother))
    tx.save_child(household, child, NOW)
    for dose, day in doses.items():
        tx.record_dose(child.id, dose, day, NOW)
    for ago in (2, 1):
        day = date(2026, 11 - ago, 10)
        if day > born:
            weight, size = round(kilos - 0.3 * ago, 1), round(length - 1.2 * ago, 1)
            tx.save_measurement(child.id, Measurement(day, weight, size, "L" if months < 24 else "H"), "kader", NOW)
    village.households[name] = household


def _pregnant(village: Village, tx: Tx) -> None:
    household, contact = _household(village, tx, MELATI, "Lina", "+6281300000010", PREGNANCY_CARE)
    lmp = TODAY - timedelta(weeks=24)
    tx.save_pregnancy(
        household,
        Pregnancy(lmp=lmp, edd=lmp + timedelta(days=280), contact_id=contact, id=_id("pregnancy", "Lina")),
        NOW,
    )
    village.households["Lina"] = household
