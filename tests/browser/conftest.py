"""Chromium, and the real system it looks at: edge, worker, sender, clock, actions and Rasa as processes."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.stacks import Stack, wait_until

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# Nothing here says how fast a page must be: a busy machine gets its time.
expect.set_options(timeout=30_000)
DESKTOP = {"width": 1400, "height": 900}
HANDSET = {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def running_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The whole system as processes, on SQLite."""
    folder = tmp_path_factory.mktemp("browser")
    stack = Stack(folder, f"sqlite:///{folder / 'sapa.db'}")
    stack.start()
    stack.wait_ready()
    yield stack
    stack.stop()


@pytest.fixture(scope="module")
def live_stack(running_stack: Stack) -> str:
    """The address of a running system."""
    return running_stack.url


@pytest.fixture(scope="module")
def register_family(running_stack: Stack) -> Callable[[Page, str], None]:
    """Register a family whose phone (number in E.164) gets a reminder within the coming month."""

    def register(_page: Page, number: str) -> None:
        born = datetime.now(UTC).date() - timedelta(days=20)
        for words in (f"daftarkan anak saya Aisyah perempuan lahir {born:%d-%m-%Y} posyandu Melati", "setuju", "benar"):
            assert running_stack.post(words, number).status_code == 200
            wait_until(running_stack.settled, "the answer")

    return register


# --- the browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed: the browser tests are skipped")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def open_page(browser: Browser, live_stack: str) -> Iterator[Callable[..., Page]]:
    """Open the simulator in a window of the given size. Any error in the page fails the test."""
    troubles: list[str] = []
    pages: list[Page] = []

    def opened(viewport: dict[str, int] = DESKTOP, path: str = "/") -> Page:
        page = browser.new_page(viewport=viewport, locale="id-ID")  # type: ignore[arg-type]
        page.set_default_timeout(30_000)
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on("console", lambda line: troubles.append(line.text) if line.type == "error" else None)
        page.goto(live_stack + path)
        if path == "/":
            page.wait_for_selector("body[data-ready]")
        pages.append(page)
        return page

    yield opened
    for page in pages:
        page.close()
    assert troubles == []


@pytest.fixture
def picture() -> Callable[[Page, str], None]:
    """Keep a picture of the page in the folder SAPA_SHOTS, if that is set."""

    def take(page: Page, name: str) -> None:
        folder = os.environ.get("SAPA_SHOTS")
        if folder:
            Path(folder).mkdir(parents=True, exist_ok=True)
            page.screenshot(path=str(Path(folder) / f"{name}.png"))

    return take
