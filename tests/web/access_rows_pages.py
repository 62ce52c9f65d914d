"""Who may open the pages about sessions, broadcasts, the day, cases, visits, registers and figures."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sapa.bootstrap import App
from sapa.messaging.states import Channel
from sapa.services import broadcasts
from sapa.services.access import staffer
from sapa.services.broadcast_records import BroadcastKind, Plan
from sapa.services.day_records import UNREACHED, HomeVisitRow
from sapa.services.ports import Tx
from sapa.services.records import InboundForm, MediaItem
from tests.web.access_rows import ALL, Row
from tests.web.console_world import NUMBERS, World

NAMED = "kader bidan"
ANNOUNCED = {"kind": "announcement"}

ROWS = [
    Row("GET", "/jadwal", NAMED),
    Row("GET", "/jadwal/baru", NAMED),
    Row("GET", "/jadwal/{session_id}", NAMED),
    Row("GET", "/jadwal/{session_id}/pindah", NAMED),
    Row("GET", "/jadwal/{session_id}/batal", NAMED),
    Row("GET", "/siaran", NAMED),
    Row("GET", "/siaran/baru", NAMED),
    Row("POST", "/siaran/pratinjau", NAMED, form=ANNOUNCED),
    Row("POST", "/siaran/ubah", NAMED, form=ANNOUNCED),
    Row("POST", "/siaran/kirim", NAMED, form=ANNOUNCED),
    Row("GET", "/siaran/{broadcast_id}", NAMED),
    Row("GET", "/siaran/{broadcast_id}/kemajuan", NAMED),
    Row("POST", "/siaran/{broadcast_id}/urung", NAMED),
    Row("GET", "/hari/{session_id}", NAMED),
    Row("POST", "/hari/{session_id}", NAMED),
    Row("POST", "/hari/{session_id}/tutup", NAMED),
    Row("POST", "/hari/{session_id}/buka", NAMED),
    Row("GET", "/kasus", NAMED),
    Row("GET", "/kasus/{case_number}", NAMED),
    Row("GET", "/kasus/{case_number}/lampiran/{inbound_id}/{index}", NAMED),
    Row("POST", "/kasus/{case_number}/ambil", NAMED),
    Row("POST", "/kasus/{case_number}/jawab", NAMED, form={"teks": "Saya ke sana ya, Bu."}),
    Row("POST", "/kasus/{case_number}/serahkan", NAMED),
    Row("POST", "/kasus/{case_number}/catat", NAMED, form={"catatan": "sudah ditelepon"}),
    Row("POST", "/kasus/{case_number}/tutup", NAMED, form={"hasil": "sudah dijawab"}),
    Row("GET", "/kunjungan", NAMED),
    Row("POST", "/kunjungan/{visit_id}/selesai", NAMED, form={"hasil": "sehat"}),
    Row("GET", "/daftarkan", NAMED),
    Row("POST", "/daftarkan", NAMED),
    Row("GET", "/angka", ALL),
    Row("GET", "/angka/daftar", NAMED),
    Row("GET", "/angka/unduh", ALL),
    Row("GET", "/angka/register", NAMED),
    Row("GET", "/angka/fhir", "bidan"),
    Row("GET", "/skdn", ALL),
    Row("GET", "/skdn/grafik.png", ALL),
    Row("GET", "/skdn/unduh", ALL),
    Row("GET", "/impor", NAMED),
    Row("POST", "/impor/periksa", NAMED),
    Row("POST", "/impor/masukkan", NAMED),
    Row("POST", "/impor/perbaiki", NAMED),
]


def a_broadcast(app: App, world: World) -> str:
    """An announcement of the own kader, waiting for its two minutes."""
    now = app.clock.now()
    with app.store.transaction() as tx:
        who = staffer(tx, tx.contact_id_for(Channel.WHATSAPP, NUMBERS["kader_own"]) or "")
        assert who is not None
        plan = Plan(BroadcastKind.ANNOUNCEMENT, world.posyandu_id, text="Besok ada kelas ibu hamil.")
        made = broadcasts.create(app.deps, tx, who, plan, now, key="a broadcast of the tests")
        if made.state == broadcasts.BroadcastState.DRAFT:
            broadcasts.confirm(app.deps, tx, who, made.id, now)
    return made.id


def _a_picture(tx: Tx, world: World, app: App) -> str:
    """A message of the own family with a picture (on a host that nothing is fetched from); its id."""
    for message in tx.inbound_of(world.mother_id):
        if message.media:
            return message.id
    address = tx.addresses_of(world.mother_id)[0]
    media = (MediaItem("https://elsewhere.example/1", "image/jpeg"),)
    form = InboundForm("SM" + "e" * 32, Channel.WHATSAPP, address.value, "bot", "", media=media)
    contact = tx.contact(world.mother_id)
    assert contact is not None
    return tx.store_inbound(form, contact, address, app.clock.now()) or ""


def a_picture(app: App, world: World) -> str:
    """The id of the picture's message."""
    with app.store.transaction() as tx:
        return _a_picture(tx, world, app)


def a_case(app: App, world: World) -> str:
    """The number of an open case of the own family."""
    with app.store.transaction() as tx:
        tx.open_case(world.mother_id, "handover", _a_picture(tx, world, app), app.clock.now())
        return str(next(case.number for case in tx.open_cases_of(world.mother_id)))


def a_visit(app: App, world: World) -> str:
    """A home visit to the own family."""
    row = HomeVisitRow("visit-1", world.posyandu_id, world.household_id, UNREACHED, app.clock.now())
    with app.store.transaction() as tx:
        tx.add_home_visit(row, app.clock.now())
    return row.id


PARAMS: Mapping[str, Callable[[App, World], str]] = {
    "broadcast_id": a_broadcast,
    "case_number": a_case,
    "inbound_id": a_picture,
    "index": lambda app, world: "0",
    "visit_id": a_visit,
}
