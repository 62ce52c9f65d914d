"""STAND-IN for the running system, to develop the page without Rasa: the real edge, mailbox, gateway and network, and
in place of worker, engine and clock process a few lines that answer every message with prepared texts.

The tests in this folder do not know which of the two they drive; they take an address from the fixture `live_stack`.
"""

from __future__ import annotations

import socket
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import uvicorn

from bot.app import create_app, page_routes
from sapa import settings as settings_module
from sapa.clock import ShiftedClock
from sapa.gateways.simulator import SimulatorGateway
from sapa.messaging.states import Channel, Kind
from sapa.services.records import InboundForm, SendRequest, StatusForm
from sapa.settings import Settings
from sapa.store.database import Database
from sapa.store.engine import open_engine
from sapa.store.models import Base
from sapa.store.simulator import SimulatorMailbox

GREETING = (
    "Halo, Ibu Maria \N{WAVING HAND SIGN}\nSaya *Sapa Keluarga*. Saya bisa mencatat anak, mengingatkan jadwal "
    "imunisasi dan posyandu, dan menjawab pertanyaan tentang gizi.\n\nMau mulai dari mana?"
)
CONSENT = (
    "Boleh saya simpan nama dan tanggal lahir anak, supaya bisa mengingatkan jadwalnya?\n"
    "_Ibu bisa berhenti kapan saja: tulis BERHENTI._"
)
STUNTING = (
    "*Stunting* artinya anak tumbuh lebih pendek dari seharusnya karena lama kurang gizi atau sering sakit.\n\n"
    "Paling penting dicegah sejak hamil sampai anak berumur 2 tahun.\n\nLanjut baca? Balas angkanya:\n"
    "1. Isi piring anak\n2. Protein hewani"
)
REMINDER = (
    "Halo, Ibu Maria. Tiga hari lagi, *Kamis 10 Desember pukul 08.00*, ada posyandu di Balai RW 03.\n\n"
    "Budi mendapat:\n- BCG\n- Polio tetes 1\n\nBawa buku KIA, ya."
)
SMS_REMINDER = (
    "Sapa Keluarga: Kamis 10 Des pukul 08.00 posyandu di Balai RW 03. Bawa buku KIA. "
    "Tanya atau berhenti: WhatsApp 0811-0000-000"
)


@dataclass
class StandIn:
    """What the edge needs of an application, and the prepared answers."""

    settings: Settings
    mailbox: SimulatorMailbox
    clock: ShiftedClock
    gateway: SimulatorGateway
    deps: Any
    reminded: str = "+6281200000001"
    seen: set[str] = field(default_factory=set)

    def receive(self, _deps: object, form: InboundForm, _now: datetime) -> object:
        """A message came in through the webhook; the answer follows a moment later."""
        if form.provider_sid not in self.seen:
            self.seen.add(form.provider_sid)
            threading.Timer(0.3, self._answer, [form]).start()
        return None

    def record(self, _deps: object, form: StatusForm, _now: datetime) -> object:
        return None

    def _answer(self, form: InboundForm) -> None:
        text = form.body.lower()
        if "stunting" in text:
            self._send(form.from_address, form.channel, STUNTING, Kind.ANSWER, "hpk/stunting")
        elif "daftar" in text:
            buttons = ({"title": "Setuju", "payload": "setuju"}, {"title": "Tidak dulu", "payload": "tidak"})
            self._send(form.from_address, form.channel, CONSENT, Kind.FLOW, "dialog/persetujuan", buttons)
        else:
            self._send(form.from_address, form.channel, GREETING, Kind.SMALLTALK, "dialog/sapa")

    def _send(self, to: str, channel: Channel, text: str, kind: Kind, content_id: str, buttons: Any = ()) -> None:
        template = "pengingat_posyandu" if kind is Kind.REMINDER and channel is Channel.WHATSAPP else None
        self.gateway.send(
            SendRequest(str(uuid.uuid4()), to, channel, text, buttons=buttons, template=template, kind=kind,
                        content_id=content_id)
        )

    def expect_reminder(self, phone: str) -> None:
        """The next walk comes past a reminder for this phone."""
        self.reminded = phone

    def walk(self) -> None:
        """The clock process: walk to the target by way of one reminder, 15 days after the walk began."""
        clock = self.mailbox.clock()
        if clock.target is None or clock.walking_since is None:
            return
        start, target = clock.walking_since, clock.target
        reminder_at = (start + timedelta(days=15)).replace(hour=9, minute=0, second=0)
        for step in range(1, 9):
            if self.mailbox.clock().target is None:
                return
            before, moment = self.clock.now(), start + (target - start) * step / 8
            if before < reminder_at <= moment:
                self._move(reminder_at)
                self._send(self.reminded, Channel.WHATSAPP, REMINDER, Kind.REMINDER, "pengingat/posyandu")
                self._send("+6281200000003", Channel.SMS, SMS_REMINDER, Kind.REMINDER, "pengingat/posyandu")
                while self.mailbox.in_transit():
                    time.sleep(0.05)
            self._move(moment)
            time.sleep(0.12)
        self.mailbox.end_walk()

    def _move(self, moment: datetime) -> None:
        self.mailbox.move_clock((moment - datetime.now(UTC)).total_seconds())


def make(folder: Path, port: int) -> StandIn:
    """A stand-in application with a database of its own in `folder`."""
    config = settings_module.load({"SAPA_VAR_DIR": str(folder), "SAPA_PORT": str(port)})
    engine = open_engine(config.database_url)
    Base.metadata.create_all(engine)
    mailbox = SimulatorMailbox(engine)
    clock = ShiftedClock(lambda: timedelta(seconds=mailbox.clock().offset_seconds))
    deps = SimpleNamespace(store=Database(engine))
    return StandIn(config, mailbox, clock, SimulatorGateway(mailbox, clock.now), deps)


@contextmanager
def running(folder: Path, port: int = 0) -> Iterator[StandIn]:
    """Serve a stand-in on loopback; its address is `settings.public_url`."""
    listener = socket.create_server(("127.0.0.1", port))
    app = make(folder, listener.getsockname()[1])
    edge = create_app(app, extra_routes=page_routes(app), receive=app.receive, record=app.record)
    server = uvicorn.Server(uvicorn.Config(edge, log_config=None, ws="none", timeout_graceful_shutdown=2))
    stop = threading.Event()

    def clockwork() -> None:
        while not stop.wait(0.1):
            app.walk()

    threads = [threading.Thread(target=server.run, kwargs={"sockets": [listener]}), threading.Thread(target=clockwork)]
    for thread in threads:
        thread.start()
    try:
        while not server.started:
            if not threads[0].is_alive():
                raise RuntimeError("the edge did not start")
            time.sleep(0.02)
        yield app
    finally:
        stop.set()
        server.should_exit = True
        for thread in threads:
            thread.join(10)


if __name__ == "__main__":  # python -m tests.browser.stand_in: look at the page by hand
    import tempfile

    with tempfile.TemporaryDirectory() as place, running(Path(place), 8017) as app:
        print(app.settings.public_url, flush=True)
        threading.Event().wait()
