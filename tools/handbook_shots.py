"""Make the handbooks' pictures anew: `.venv/bin/python tools/handbook_shots.py [--only WORD ...]`.

Starts the whole system on a SQLite of its own with the demonstration village, talks and clicks as the handbooks tell
their readers to, and writes docs/img/panduan-*.png. A step that does not work as written stops it: the pictures are a
check of the handbooks too. Needs Chromium and a trained model; takes about three minutes. Nobody in a picture exists.
"""

from __future__ import annotations

import argparse
import io
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "docs" / "img"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
HANDSET, DESKTOP, SIMULATOR = (360, 740), (1180, 760), (1400, 1180)
TALL = 950
PATIENCE_S, ANSWER_S = 240.0, 40.0
MAX_BYTES = 150_000
ZONE = ZoneInfo("Asia/Makassar")  # of Posyandu Melati

# The demonstration's staff and the first numbers of its families in Melati (sapa/services/demo.py).
KADER, BIDAN = "+6281200000011", "+6281200000012"
FAMILIES = [f"+62812{number:08d}" for number in range(1001, 1041)]
NAMES = {KADER: "Kader Melati", BIDAN: "Bidan Contoh"}
ASKING = FAMILIES[1]


# ------------------------------------------------------------------------------------------------------- the system


@dataclass
class Running:
    """The system as `make run` starts it, and the means of the phone simulator."""

    url: str
    client: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=30))

    def state(self) -> dict[str, object]:
        return dict(self.client.get(f"{self.url}/simulator/api/state").json())

    def post(self, call: str, **said: object) -> None:
        self.client.post(f"{self.url}/simulator/api/{call}", json=said).raise_for_status()

    def now(self) -> datetime:
        return datetime.fromisoformat(str(self.state()["now"])).astimezone(ZONE)

    def phone(self, number: str, name: str) -> None:
        answer = self.client.post(
            f"{self.url}/simulator/api/phones", json={"phone": number, "channel": "whatsapp", "name": name}
        )
        # The simulator shows some of the staff's phones from the start.
        if answer.status_code != 409 or answer.json()["error"] != "phone-exists":
            answer.raise_for_status()

    def heard(self, number: str) -> list[str]:
        """What stands on a phone from us, oldest first."""
        messages = self.state()["messages"]
        assert isinstance(messages, list)
        return [one["text"] for one in messages if one["phone"] == number and one["direction"] == "out"]

    def say(self, number: str, text: str, sign: str) -> str:
        """Write from a phone and wait for an answer with `sign` in it; that answer."""
        before = len(self.heard(number))
        self.post("send", phone=number, channel="whatsapp", text=text)
        try:
            wait_for(lambda: any(sign in one for one in self.heard(number)[before:]), "", ANSWER_S)
        except SystemExit:
            raise SystemExit(f"{text!r} should be answered {sign!r}, not {self.heard(number)[before:]}") from None
        return next(one for one in self.heard(number)[before:] if sign in one)

    def walk(self, to: datetime) -> None:
        """Move the clock forward; what falls due on the way goes out in its own moment."""
        self.post("clock", to=to.isoformat())
        wait_for(lambda: self.state()["target"] is None, f"the clock to reach {to}")

    def later(self, minutes: float) -> None:
        self.walk(self.now() + timedelta(minutes=minutes))

    def look(self, numbers: Sequence[str]) -> None:
        """The people of these phones read what has come."""
        for number in numbers:
            self.post("seen", phone=number, channel="whatsapp")


def wait_for(happened: Callable[[], bool], what: str, patience_s: float = PATIENCE_S) -> None:
    deadline = time.monotonic() + patience_s
    while not happened():
        if time.monotonic() > deadline:
            raise SystemExit(f"waited {patience_s:.0f} s in vain for {what}")
        time.sleep(0.3)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def system(folder: Path) -> Iterator[Running]:
    """Everything on this machine with a database of its own, as long as the block runs."""
    ports = {name: str(free_port()) for name in ("SAPA_PORT", "SAPA_RASA_PORT", "SAPA_ACTIONS_PORT")}
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("SAPA_", "TWILIO_"))}
    own = {"DATABASE_URL": f"sqlite:///{folder / 'sapa.db'}", "SAPA_VAR_DIR": str(folder), "SAPA_GATEWAY": "simulator"}
    command = [sys.executable, "-m", "bot.run"]
    with (folder / "run.log").open("wb") as log:
        process = subprocess.Popen(
            command, cwd=ROOT, env={**kept, **own, **ports}, stdout=log, stderr=log, start_new_session=True
        )
    try:
        running = Running(f"http://127.0.0.1:{ports['SAPA_PORT']}")
        wait_for(lambda: b"is running" in (folder / "run.log").read_bytes() or process.poll() is not None, "the start")
        if process.poll() is not None:
            raise SystemExit((folder / "run.log").read_text(encoding="utf-8", errors="replace"))
        yield running
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)


# ------------------------------------------------------------------------------------------------------ the pictures


@dataclass
class Camera:
    """Takes pictures small enough for a slow line: a palette of few colours is enough for a page."""

    browser: Browser
    only: Sequence[str] = ()

    def window(self, size: tuple[int, int], scale: float = 1.0) -> Page:
        viewport = {"width": size[0], "height": size[1]}
        context = self.browser.new_context(
            viewport=viewport,  # type: ignore[arg-type]
            locale="id-ID",
            timezone_id=str(ZONE),
            device_scale_factor=scale,
            reduced_motion="reduce",
        )
        page = context.new_page()
        page.set_default_timeout(20_000)
        return page

    def keep(self, name: str, what: Page | Locator, *, height: int | None = None) -> None:
        """Write docs/img/panduan-NAME.png; `height` cuts a long page off below, in CSS pixels."""
        if self.only and not any(word in name for word in self.only):
            return
        if isinstance(what, Page):
            what.wait_for_timeout(400)
            # The bar at the bottom of a phone would lie across the middle of a long page.
            what.evaluate("scrollTo(0, 0); document.querySelector('.tabs')?.style.setProperty('display', 'none')")
            width = int(what.evaluate("document.documentElement.clientWidth"))
            full = int(what.evaluate("document.body.scrollHeight"))
            clip = {"x": 0, "y": 0, "width": width, "height": min(full, height or full)}
            shot = what.screenshot(full_page=True, clip=clip, caret="initial")  # type: ignore[arg-type]
            what.evaluate("document.querySelector('.tabs')?.style.removeProperty('display')")
        else:
            shot = what.screenshot(caret="initial")
        path = FOLDER / f"panduan-{name}.png"
        path.write_bytes(small(shot))
        print(f"{path.relative_to(ROOT)}: {path.stat().st_size / 1000:.0f} kB")


def small(shot: bytes) -> bytes:
    """The picture with as many colours as fit into MAX_BYTES."""
    picture = Image.open(io.BytesIO(shot)).convert("RGB")
    for colours in (192, 96, 48, 24):
        out = io.BytesIO()
        picture.quantize(colours, dither=Image.Dither.NONE).save(out, "PNG", optimize=True)
        if out.tell() <= MAX_BYTES:
            break
    return out.getvalue()


# -------------------------------------------------------------------------------------------------------- what is shown


@dataclass
class Tour:
    """What the handbooks describe, step by step."""

    run: Running
    camera: Camera
    simulator: Page

    def chat(self, name: str, number: str) -> None:
        """The phone of somebody of the staff, as it looks now."""
        phone = self.simulator.locator(f"#phone-whatsapp-{number.removeprefix('+')} .frame")
        last = self.run.heard(number)[-1].split("\n")[0].replace("*", "")
        expect(phone.locator(".message.theirs").last).to_contain_text(last[:30])
        # A phone taller than any: a whole conversation fits.
        phone.evaluate("(frame, height) => { frame.style.height = frame.style.maxHeight = height; }", f"{TALL}px")
        phone.locator("[data-chat]").evaluate("chat => chat.scrollTo(0, chat.scrollHeight)")
        self.simulator.wait_for_timeout(800)
        phone.scroll_into_view_if_needed()
        # Only what is said: a phone's frame would take half the room on a printed page.
        self.camera.keep(name, phone.locator("[data-chat]"))

    def log_in(self, number: str, size: tuple[int, int], scale: float = 1.0) -> Page:
        """In the console with the code that came to the phone."""
        page = self.camera.window(size, scale)
        page.goto(f"{self.run.url}/konsol")
        page.get_by_label("Nomor WhatsApp").fill(number.replace("+62", "0"))
        page.get_by_role("button", name="Kirim kode").click()
        before = len(self.run.heard(number))
        wait_for(lambda: "Kode masuk" in "".join(self.run.heard(number)[max(0, before - 1) :]), "the login code")
        code = re.findall(r"\b\d{6}\b", [one for one in self.run.heard(number) if "Kode masuk" in one][-1])[-1]
        page.get_by_label("Kode 6 angka").fill(code)
        page.get_by_role("button", name="Masuk").click()
        expect(page.get_by_role("heading", level=1)).to_contain_text("Halo")
        return page


def session_day(today: date) -> date:
    """A day soon without a session: the demonstration has its own on the 10th."""
    day = today + timedelta(days=2)
    return day if day.day != 10 else day + timedelta(days=1)


def in_words(day: date) -> str:
    return f"{day.day}-{day.month}-{day.year}"


def tour(run: Running, camera: Camera) -> None:
    for number, name in NAMES.items():
        run.phone(number, name)
    simulator = camera.window(SIMULATOR, 1.25)
    simulator.goto(run.url)
    simulator.wait_for_selector("body[data-ready]")
    steps = Tour(run, camera, simulator)
    morning = (run.now() + timedelta(days=1)).replace(hour=9, minute=0, second=0, microsecond=0)
    run.walk(morning)
    day = session_day(morning.date())
    broadcast(steps, day)
    cases(steps)
    run.walk(datetime.combine(day - timedelta(days=1), datetime.min.time(), ZONE).replace(hour=17, minute=30))
    posyandu_day(steps, day)
    pages(steps)


def broadcast(steps: Tour, day: date) -> None:
    """A kader calls her families: preview, KIRIM, progress in the console, the report next morning."""
    run = steps.run
    run.say(KADER, f"JADWAL posyandu {in_words(day)} jam 8 di Balai Desa Contoh", "Ini yang akan dikirim")
    steps.chat("kader-siaran", KADER)
    run.say(KADER, "KIRIM", "2 menit lagi")
    run.later(4)
    run.look(FAMILIES[:20])
    page = steps.log_in(BIDAN, DESKTOP)
    page.goto(f"{run.url}/konsol/siaran")
    page.locator("main td.lead a").first.click()
    expect(page.locator("#laporan")).to_be_visible()
    steps.camera.keep("siaran-laporan", page, height=820)
    page.context.close()


def cases(steps: Tour) -> None:
    """A family asks for a human; the kader answers on WhatsApp, the bidan sees it in the console."""
    run = steps.run
    run.phone(ASKING, "Ibu Siti")
    run.say(ASKING, "mau bicara dengan bidan", "teruskan")
    sign = re.compile(r"\*Kasus (\d+): minta bicara")
    wait_for(lambda: any(sign.search(one) for one in run.heard(KADER)), "the case to reach the kader")
    number = next(found[1] for one in reversed(run.heard(KADER)) if (found := sign.search(one)))
    run.say(KADER, f"AMBIL {number}", "sekarang Ibu/Bapak pegang")
    run.say(KADER, f"JAWAB {number} Baik Bu, besok pagi saya ke rumah bersama bidan.", "dikirim sekarang")
    steps.chat("kader-kasus", KADER)
    page = steps.log_in(BIDAN, DESKTOP)
    page.goto(f"{run.url}/konsol/kasus")
    steps.camera.keep("kasus", page, height=760)
    page.goto(f"{run.url}/konsol/kasus/{number}")
    steps.camera.keep("kasus-satu", page, height=1000)
    page.context.close()


def posyandu_day(steps: Tour, day: date) -> None:
    """The evening's list, the weighings of the morning."""
    run = steps.run
    wait_for(lambda: any("Besok" in one for one in run.heard(KADER)), "the list of the eve")
    run.walk(datetime.combine(day, datetime.min.time(), ZONE).replace(hour=9, minute=15))
    page = steps.log_in(KADER, HANDSET, 1.5)
    page.goto(f"{run.url}/konsol")
    steps.camera.keep("kader-konsol", page, height=720)
    page.get_by_role("link", name="Buka hari ini").first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Hari buka")
    first = only_ones(page)[0]
    weight, length = last_weighing(page, first)
    run.say(KADER, f"{first} {said(weight + 0.2)} {said(length + 0.5)}", "kg")
    run.say(KADER, "2 hadir", "hadir")
    steps.chat("kader-hari", KADER)
    page.reload()
    steps.camera.keep("hari", page, height=900)
    page.context.close()


def only_ones(page: Page) -> list[str]:
    """Names of children whom nobody else of the list is called like."""
    children = page.locator("li.person").filter(has=page.get_by_label("Berat (kg)"))
    names = [one.strip() for one in children.locator("h3 a").all_inner_texts()]
    return [name for name in names if names.count(name) == 1]


def last_weighing(page: Page, name: str) -> tuple[float, float]:
    """The heaviest and longest a child was so far, from its family's page."""
    here = page.url
    page.get_by_role("link", name=name, exact=True).first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Keluarga")
    found = []
    for label in ("Berat (kg)", "Panjang/tinggi (cm)"):
        shown = page.locator(f'td[data-label="{label}"]').all_inner_texts()
        found.append(max(float(one.replace(",", ".")) for one in shown if re.fullmatch(r"[\d,]+", one)))
    page.goto(here)
    return found[0], found[1]


def said(number: float) -> str:
    return f"{number:.1f}".replace(".", ",")


def pages(steps: Tour) -> None:
    """The console of the puskesmas, page by page."""
    run, camera = steps.run, steps.camera
    page = camera.window(HANDSET, 1.5)
    page.goto(f"{run.url}/konsol")
    camera.keep("masuk", page, height=560)
    page.context.close()
    page = steps.log_in(BIDAN, DESKTOP)
    page.goto(f"{run.url}/konsol/")
    camera.keep("hari-ini", page, height=700)
    for name, path, height in (
        ("keluarga", "keluarga", 760),
        ("jadwal", "jadwal", 900),
        ("angka", "angka", 900),
        ("skdn", "skdn", 900),
        ("isi", "isi/gizi/isi-piringku", 900),
        ("petugas", "petugas", 700),
        ("catatan", "catatan", 700),
    ):
        page.goto(f"{run.url}/konsol/{path}")
        camera.keep(name, page, height=height)
    page.context.close()


def main() -> int:
    reading = argparse.ArgumentParser(description=__doc__)
    reading.add_argument("--only", nargs="*", default=(), help="keep only pictures with one of these words in the name")
    asked = reading.parse_args()
    if CHROMIUM is None:
        print("handbook_shots: Chromium is not installed", file=sys.stderr)
        return 1
    FOLDER.mkdir(parents=True, exist_ok=True)
    started = datetime.now(UTC)
    with tempfile.TemporaryDirectory() as folder, system(Path(folder)) as run, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        tour(run, Camera(browser, asked.only))
        browser.close()
    print(f"{(datetime.now(UTC) - started).total_seconds():.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
