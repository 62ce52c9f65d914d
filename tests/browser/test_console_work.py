"""A day's work in the console, by clicks alone: on a phone 360 pixels wide and on the puskesmas's screen.

Every page that is passed is looked at by axe-core; a serious fault, an error in the page or a sideways scroll fails.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from sapa.services import broadcasts, casework, posyandu_day
from sapa.sheets import write_csv
from tests.browser.console_eyes import WIDTHS, look, open_window
from tests.browser.console_world import (
    ADMIN,
    BIDAN,
    KADER,
    MAWAR,
    MELATI,
    TODAY,
    Served,
    Village,
    build,
    session_id,
)

pytestmark = pytest.mark.browser


@dataclass
class Seat:
    """Somebody of the staff in front of a screen."""

    village: Village
    browser: Browser
    width: str
    troubles: list[str] = field(default_factory=list)
    page: Page = None  # type: ignore[assignment]

    def sit(self, number: str) -> Page:
        """Log in with the code that came by WhatsApp."""
        self.page = open_window(self.browser, self.width, self.troubles)
        self.page.goto(self.village.url + "/konsol")
        self.page.get_by_label("Nomor WhatsApp").fill(number.replace("+62", "0"))
        self.see("masuk")
        self.click("Kirim kode")
        self.page.get_by_label("Kode 6 angka").fill(self.village.login_code(number))
        self.see("kode")
        self.click("Masuk")
        expect(self.page.get_by_role("heading", level=1)).to_be_visible()
        return self.page

    def see(self, name: str) -> None:
        look(self.page, name, self.width)

    def click(self, name: str, *, exact: bool = True) -> None:
        """Press a button, or what looks like one."""
        what = self.page.get_by_role("button", name=name, exact=exact)
        (what if what.count() else self.page.get_by_role("link", name=name, exact=exact)).first.click()

    def menu(self, name: str) -> None:
        """Go to a page by the menu, as it is at this width."""
        main = self.page.get_by_role("navigation", name="Menu utama")
        if not main.is_visible():
            self.page.get_by_role("link", name="Menu", exact=True).click()
        main.get_by_role("link", name=name, exact=True).click()

    def told(self, words: str) -> None:
        expect(self.page.get_by_text(words).first).to_be_visible()

    def row(self, name: str) -> Locator:
        return self.page.locator("li.person").filter(has=self.page.get_by_role("link", name=name, exact=True))


@pytest.fixture(params=list(WIDTHS))
def seat(request: pytest.FixtureRequest, browser: Browser, tmp_path: Path) -> Iterator[Seat]:
    village = build(tmp_path)
    with Served(village):
        seat = Seat(village, browser, request.param)
        yield seat
        for context in browser.contexts:
            context.close()
    assert seat.troubles == []


@pytest.fixture
def plan(seat: Seat) -> Callable[..., None]:
    """Fill the form of a session and press KIRIM."""

    def fill(day: date, place: str = "Balai Desa Contoh") -> None:
        seat.page.get_by_label("Tanggal").fill(day.isoformat())
        seat.page.get_by_label("Jam mulai").fill("08:30")
        seat.page.get_by_label("Tempat").fill(place)
        seat.page.get_by_label("Pesan tambahan").fill("bawa kain gendongan")
        seat.see("rencana")
        seat.click("Lihat contohnya")

    return fill


def test_a_kader_plans_a_session_undoes_once_sends_and_reads_whom_it_reached(
    seat: Seat, plan: Callable[..., None]
) -> None:
    page, village = seat.sit(KADER), seat.village
    seat.see("hari-ini")
    seat.menu("Jadwal posyandu")
    seat.see("jadwal")
    seat.click("Rencanakan hari buka")

    # Undone within two minutes: nobody is written to.
    plan(date(2027, 1, 12))
    seat.told("Periksa dulu, baru kirim")
    seat.see("pratinjau")
    seat.click("KIRIM")
    seat.told("Pesan berangkat dalam")
    seat.see("menunggu")
    seat.click("Batalkan pengiriman")
    seat.told("Pengiriman dibatalkan")
    seat.see("dibatalkan")
    village.later(minutes=3)
    broadcasts.release_due(village.app.deps, village.clock.now())
    assert village.send() == 0

    # Sent: the progress moves by itself.
    page.goto(village.url + "/konsol/jadwal/baru")
    plan(date(2027, 1, 12))
    seat.click("KIRIM")
    seat.told("Pesan berangkat dalam")
    village.later(minutes=2, seconds=1)
    broadcasts.release_due(village.app.deps, village.clock.now())
    expect(page.locator("#laporan")).to_be_visible()
    village.send()
    village.phones_report(read=3, delivered=3, failed=1)
    page.reload()
    seat.told("Laporan")
    expect(page.locator("#laporan").get_by_text("sudah membaca")).to_be_visible()
    expect(page.locator("#laporan").get_by_text("Dorce")).to_be_visible()  # she has no phone
    seat.see("laporan")

    seat.menu("Siaran")
    seat.see("siaran")
    seat.menu("Jadwal posyandu")
    page.goto(village.url + "/konsol/jadwal?bulan=2027-01")
    expect(page.get_by_role("link", name="Balai Desa Contoh")).to_be_visible()
    seat.see("jadwal-januari")


def test_the_bar_moves_while_the_messages_go_and_no_click_is_needed(seat: Seat, plan: Callable[..., None]) -> None:
    page, village = seat.sit(KADER), seat.village
    page.goto(village.url + "/konsol/siaran/baru")
    page.get_by_label("Isi pengumuman").fill("Besok ada kelas ibu hamil di balai desa jam 9.")
    seat.see("pengumuman")
    seat.click("Lihat contohnya")
    seat.click("KIRIM")
    expect(page.get_by_text("Pesan berangkat dalam")).to_be_visible()
    village.later(seconds=60)
    expect(page.get_by_text("1 menit 0 detik")).to_be_visible(timeout=6_000)
    village.later(seconds=61)
    broadcasts.release_due(village.app.deps, village.clock.now())
    expect(page.get_by_role("heading", name="Laporan")).to_be_visible(timeout=6_000)


def test_a_session_is_moved_and_another_cancelled_with_a_warning_for_the_holiday(
    seat: Seat, plan: Callable[..., None]
) -> None:
    page, village = seat.sit(KADER), seat.village
    page.goto(f"{village.url}/konsol/jadwal/{session_id(MELATI, date(2026, 12, 10))}")
    seat.see("sesi")
    seat.click("Pindahkan")
    page.get_by_label("Tanggal baru").fill("2026-12-25")
    seat.see("pindah")
    seat.click("Lihat contohnya")
    seat.told("Hari itu libur")
    seat.see("pratinjau-libur")
    seat.click("Ubah")
    expect(page.get_by_label("Tanggal baru")).to_have_value("2026-12-25")
    page.get_by_label("Tanggal baru").fill("2020-01-01")
    page.locator("main form").first.evaluate("form => form.noValidate = true")
    seat.click("Lihat contohnya")
    seat.told("sudah lewat")
    seat.see("pindah-lewat")
    page.get_by_label("Tanggal baru").fill("2026-12-12")
    seat.click("Lihat contohnya")
    seat.click("KIRIM")
    village.later(minutes=3)
    broadcasts.release_due(village.app.deps, village.clock.now())
    page.goto(village.url + "/konsol/jadwal?bulan=2026-12")
    with village.app.store.transaction(write=False) as tx:
        rows = tx.sessions_between([MELATI], date(2026, 12, 1), date(2026, 12, 31))
    assert [row.date for row in rows] == [date(2026, 12, 12)]

    page.goto(f"{village.url}/konsol/jadwal/{rows[0].id}")
    seat.click("Batalkan hari buka")
    page.get_by_label("Sebabnya").fill("hujan lebat")
    seat.see("batal")
    seat.click("Lihat contohnya")
    seat.click("KIRIM")
    village.later(minutes=3)
    broadcasts.release_due(village.app.deps, village.clock.now())
    page.goto(f"{village.url}/konsol/jadwal/{rows[0].id}")
    expect(page.get_by_text("Batal", exact=True)).to_be_visible()
    seat.see("sesi-batal")


def test_a_case_is_taken_answered_remarked_on_and_closed(seat: Seat) -> None:
    village = seat.village
    now = village.clock.now()
    with village.app.store.transaction() as tx:
        tx.open_case(village.contacts["Maria"], "danger", None, now)
        tx.open_case(village.contacts["Yohana"], "handover", None, now)
    village.later(minutes=20)
    page = seat.sit(KADER)
    seat.menu("Kasus")
    expect(page.locator("ul.cases li").first).to_contain_text("Tanda bahaya: Maria")
    seat.see("kasus")
    page.get_by_role("link", name="Tanda bahaya: Maria").click()
    seat.see("kasus-satu")
    seat.click("Ambil kasus ini")
    seat.told("di tangan Ibu/Bapak")
    page.get_by_role("textbox", name="Jawaban").fill(
        "Bu Maria, bawa Ani ke puskesmas sekarang ya. Saya sudah telepon bidan."
    )
    seat.click("Kirim jawaban")
    seat.told("Jawaban sudah dikirim")
    page.get_by_role("textbox", name="Catatan").fill("Sudah telepon bidan Dewi.")
    seat.click("Simpan catatan")
    seat.told("Sudah disimpan")
    seat.see("kasus-dijawab")
    village.send()
    assert "bawa Ani ke puskesmas sekarang" in village.messages("+6281300000001")[-1].text
    page.get_by_label("Hasilnya").select_option("sudah dirujuk")
    seat.click("Tutup kasus")
    seat.told("Kasus sudah ditutup")
    seat.see("kasus-ditutup")
    with village.app.store.transaction(write=False) as tx:
        assert [case.kind for case in tx.open_cases()] == ["handover"]


def test_a_weighing_is_written_down_row_by_row_and_the_day_closed(seat: Seat) -> None:
    page, village = seat.sit(KADER), seat.village
    page.goto(f"{village.url}/konsol/jadwal/{session_id(MELATI, TODAY)}")
    seat.click("Daftar hadir")
    seat.see("hari")
    seat.row("Ani").get_by_label("Berat (kg)").fill("8,2")
    seat.row("Ani").get_by_label("Panjang (cm)").fill("70,5")
    seat.row("Ani").get_by_role("button", name="Simpan").click()
    expect(seat.row("Ani").get_by_text("Datang", exact=True).first).to_be_visible()
    expect(seat.row("Ani").get_by_label("Berat (kg)")).to_have_value("8,2")
    # Whoever works with the keyboard goes on where they were.
    expect(seat.row("Ani").get_by_role("button", name="Simpan")).to_be_focused()
    expect(page.locator("#kabar")).to_have_text("Ani: sudah dicatat. Belum dicatat 10 orang.")

    # A slip of the pen is asked about; what was typed stays.
    seat.row("Budi").get_by_label("Berat (kg)").fill("66")
    seat.row("Budi").get_by_role("button", name="Simpan").click()
    expect(seat.row("Budi").get_by_text("Timbang dan ukur sekali lagi")).to_be_visible()
    seat.see("hari-ragu")
    seat.row("Budi").get_by_label("Berat (kg)").fill("6,6")
    seat.row("Budi").get_by_role("button", name="Simpan").click()
    expect(seat.row("Budi").get_by_text("Timbang dan ukur sekali lagi")).to_have_count(0)

    # Enter in a field saves the whole list, not the first row.
    seat.row("Joni").get_by_label("Berat (kg)").fill("8")
    seat.row("Joni").get_by_label("Berat (kg)").press("Enter")
    seat.told("1 orang dicatat")
    # A long list is searched by name; the paper list has everybody.
    page.get_by_label("Cari nama").fill("lin")
    expect(seat.row("Ani")).to_be_hidden()
    # Closing saves what is ticked and not saved yet.
    seat.row("Lina").get_by_label("Datang", exact=True).check()
    page.get_by_label("Cari nama").fill("")
    page.emulate_media(media="print")
    expect(seat.row("Ani").get_by_label("Berat (kg)")).to_be_visible()
    page.emulate_media(media="screen")
    seat.click("Tutup hari ini")
    seat.told("Hari ini sudah ditutup")
    seat.see("hari-ditutup")
    with village.app.store.transaction(write=False) as tx:
        came = {key for key, row in tx.attendance_of(session_id(MELATI, TODAY)).items() if row.came}
    assert len(came) == 4

    seat.menu("Angka program")
    seat.see("angka")
    seat.click("Grafik SKDN")
    expect(page.locator(".chart-box svg")).to_be_visible()
    november = page.get_by_role("row").filter(has_text="Nov 2026")
    expect(november.get_by_role("cell").nth(2)).to_have_text("3")  # D: Ani, Budi, Joni
    seat.see("skdn")


def test_a_kader_whose_line_is_lost_is_told_that_nothing_was_saved(seat: Seat) -> None:
    page, village = seat.sit(KADER), seat.village
    page.goto(f"{village.url}/konsol/hari/{session_id(MELATI, TODAY)}")
    page.route("**/konsol/hari/*", lambda route: route.abort() if route.request.method == "POST" else route.continue_())
    seat.row("Ani").get_by_label("Berat (kg)").fill("8,2")
    seat.row("Ani").get_by_role("button", name="Simpan").click()
    expect(page.get_by_role("alert")).to_contain_text("Belum tersimpan")
    expect(seat.row("Ani").get_by_label("Berat (kg)")).to_have_value("8,2")
    page.unroute("**/konsol/hari/*")
    seat.row("Ani").get_by_role("button", name="Simpan").click()
    expect(seat.row("Ani").get_by_text("Tersimpan.")).to_be_visible()
    expect(page.get_by_text("Belum tersimpan")).to_be_hidden()
    seat.troubles[:] = [one for one in seat.troubles if "ERR_FAILED" not in one and "htmx" not in one]


def test_a_figure_leads_to_the_names_behind_it(seat: Seat) -> None:
    page = seat.sit(KADER)
    seat.menu("Angka program")
    seat.click("D/S: ditimbang")
    expect(page.get_by_role("heading", level=1)).to_have_text("D/S: ditimbang")
    expect(page.get_by_role("link", name="Ani")).to_be_visible()
    seat.see("angka-daftar")


def test_who_stayed_away_is_on_the_list_of_home_visits_and_ticked_off(seat: Seat) -> None:
    village = seat.village
    with village.app.store.transaction() as tx:
        who = _staffer(tx, KADER)
        posyandu_day.close_day(village.app.deps, tx, who, session_id(MELATI, TODAY), village.clock.now())
    village.later(hours=23)
    posyandu_day.missed_due(village.app.deps, village.clock.now())
    page = seat.sit(KADER)
    seat.menu("Kunjungan rumah")
    seat.see("kunjungan")
    before = page.locator("ol.visits > li").count()
    assert before > 0
    first = page.locator("ol.visits > li").first
    first.get_by_text("Sudah dikunjungi").click()
    first.get_by_label("Hasilnya").select_option("sehat")
    seat.see("kunjungan-isi")
    first.get_by_role("button", name="Simpan").click()
    seat.told("Kunjungan dicatat")
    expect(page.locator("ol.visits > li")).to_have_count(before - 1)


def test_a_family_without_whatsapp_is_registered_only_with_the_mothers_yes(seat: Seat) -> None:
    page, village = seat.sit(KADER), seat.village
    page.goto(village.url + "/konsol/daftarkan")
    page.get_by_label("Nama ibu").fill("Yuliana")
    page.get_by_label("Alamat").fill("RT 02 dekat gereja")
    page.get_by_label("Nama anak").fill("Melki")
    page.get_by_label("Tanggal lahir").fill((TODAY - timedelta(days=100)).isoformat())
    page.get_by_label("Jenis kelamin").select_option("M")
    seat.click("Daftarkan")
    seat.told("Tanpa persetujuan ibunya")
    seat.see("daftarkan")
    page.get_by_label("Sudah saya bacakan").check()
    seat.click("Daftarkan")
    seat.told("Keluarga sudah terdaftar")
    seat.see("keluarga-baru")


def test_a_bidan_checks_a_register_before_it_is_read_in(seat: Seat, tmp_path: Path) -> None:
    page, village = seat.sit(BIDAN), seat.village
    register = tmp_path / "register.csv"
    header = ["posyandu", "nama anak", "jenis kelamin", "tanggal lahir", "nama ibu", "alamat", "persetujuan"]
    rows = [
        ["Melati", "Nona", "P", "2026-05-03", "Oktaviana", "RT 01", "ya"],
        ["Melati", "Pian", "L", "2026-13-03", "Rosalina", "RT 01", "ya"],
        ["Melati", "Riki", "L", "2026-02-03", "Selvi", "RT 03", "tidak"],
    ]
    register.write_bytes(write_csv(header, rows))
    page.goto(village.url + "/konsol/impor")
    seat.see("impor")
    page.get_by_label("Berkas register").set_input_files(str(register))
    seat.click("Periksa dulu")
    expect(page.locator("td .badge.bad")).to_have_count(2)
    seat.see("impor-periksa")
    with page.expect_download() as download:
        page.get_by_role("button", name="Unduh 2 baris").click()
    assert "Pian" in Path(download.value.path()).read_text(encoding="utf-8")
    page.get_by_role("button", name="Masukkan 1 baris").click()
    seat.told("Register sudah masuk: 1 baru")
    with village.app.store.transaction(write=False) as tx:
        names = {child.name for household in tx.households_of_posyandu(MELATI) for child in tx.children_of(household)}
    assert "Nona" in names and "Pian" not in names


@pytest.mark.parametrize(
    ("who", "pages"),
    [
        (KADER, ("", "keluarga", "jadwal", "siaran", "kasus", "kunjungan", "angka", "skdn", "isi", "daftarkan")),
        (BIDAN, ("", "keluarga", "jadwal", "angka", "skdn", "isi", "pengiriman", "petugas", "catatan", "impor")),
        (ADMIN, ("", "angka", "skdn", "isi", "pengiriman", "petugas", "catatan")),
    ],
    ids=["kader", "bidan", "admin"],
)
def test_no_page_has_a_serious_fault_for_those_who_hear_it_or_use_the_keyboard(
    seat: Seat, who: str, pages: tuple[str, ...]
) -> None:
    role = {KADER: "kader", BIDAN: "bidan", ADMIN: "admin"}[who]
    page = seat.sit(who)
    for name in pages:
        page.goto(f"{seat.village.url}/konsol/{name}")
        seat.see(f"{role}-{name or 'awal'}")


def test_another_posyandus_day_is_not_there(seat: Seat) -> None:
    page = seat.sit(KADER)
    answer = page.goto(f"{seat.village.url}/konsol/hari/{session_id(MAWAR, TODAY)}")
    assert answer is not None and answer.status == 404
    seat.see("tidak-ada")
    seat.troubles.clear()  # the browser notes the 404


def test_without_scripts_a_broadcast_is_sent_and_a_weighing_saved(seat: Seat, browser: Browser) -> None:
    village = seat.village
    context = browser.new_context(java_script_enabled=False, viewport=WIDTHS[seat.width])  # type: ignore[arg-type]
    page = seat.page = context.new_page()
    page.goto(village.url + "/konsol")
    page.get_by_label("Nomor WhatsApp").fill(KADER)
    seat.click("Kirim kode")
    page.get_by_label("Kode 6 angka").fill(village.login_code(KADER))
    seat.click("Masuk")
    page.goto(village.url + "/konsol/siaran/baru")
    page.get_by_label("Isi pengumuman").fill("Besok kelas ibu.")
    seat.click("Lihat contohnya")
    seat.click("KIRIM")
    expect(page.get_by_text("Pesan berangkat dalam")).to_be_visible()
    page.goto(f"{village.url}/konsol/hari/{session_id(MELATI, TODAY)}")
    seat.row("Ani").get_by_label("Berat (kg)").fill("8,2")
    seat.row("Ani").get_by_role("button", name="Simpan").click()
    expect(page.get_by_text("1 orang dicatat")).to_be_visible()


def _staffer(tx: object, number: str) -> object:
    from sapa.messaging.states import Channel
    from sapa.services.access import staffer

    contact_id = tx.contact_id_for(Channel.WHATSAPP, number)  # type: ignore[attr-defined]
    return staffer(tx, contact_id)  # type: ignore[arg-type]


def test_cases_are_known_by_all_kinds(seat: Seat) -> None:
    """The page has words for every kind of case there is."""
    village = seat.village
    with village.app.store.transaction() as tx:
        for kind in ("danger", "keluhan", "handover", "duka", "bayi-kecil", "pertumbuhan", "nomor", "fault"):
            tx.open_case(village.contacts["Maria"], kind, None, village.clock.now())
    page = seat.sit(BIDAN)
    page.goto(village.url + "/konsol/kasus")
    expect(page.locator("ul.cases > li")).to_have_count(8)
    expect(page.get_by_role("heading", name="Perlu dilihat")).to_have_count(0)
    with village.app.store.transaction(write=False) as tx:
        assert casework.count_open_cases(tx)[0] == 8
