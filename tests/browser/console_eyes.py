"""What a test sees of a console page: pictures of it, and the faults a screen reader's user would meet."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import axe_playwright_python
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

# The console is used on a cheap phone and on the puskesmas's laptop.
PHONE = {"width": 360, "height": 800}
DESKTOP = {"width": 1280, "height": 900}
WIDTHS = {"hp": PHONE, "layar": DESKTOP}
# axe's own words for how bad a fault is; what is below these is told, not refused.
REFUSED = ("serious", "critical")

AXE = Path(axe_playwright_python.__file__).parent / "axe.min.js"


def open_window(browser: Browser, width: str, troubles: list[str]) -> Page:
    """A window with its own cookies; every error in a page is noted in `troubles`."""
    # axe is put into the page by the test; the page's own policy would (rightly) refuse it.
    context = browser.new_context(viewport=WIDTHS[width], locale="id-ID", bypass_csp=False)  # type: ignore[arg-type]
    page = context.new_page()
    page.set_default_timeout(15_000)
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("console", lambda line: _note(line.type, line.text, troubles))
    return page


def _note(kind: str, text: str, troubles: list[str]) -> None:
    # A form that is shown again with what is wrong answers 422, which a browser tells as an error.
    if kind == "error" and "status of 422" not in text:
        troubles.append(text)


def faults(page: Page) -> list[str]:
    """What axe-core finds wrong on the page, as "impact rule: where"."""
    found: dict[str, Any] = Axe().run(page).response
    return [
        f"{one['impact']} {one['id']}: {node['target'][0]}"
        for one in found["violations"]
        if one["impact"] in REFUSED
        for node in one["nodes"]
    ]


def sideways(page: Page) -> int:
    """By how many pixels the page is wider than its window: a phone should never scroll sideways."""
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))


def look(page: Page, name: str, width: str) -> None:
    """Take a picture if SAPA_SHOTS names a folder, and refuse a page with faults or wider than its window."""
    folder = os.environ.get("SAPA_SHOTS")
    if folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
        # The bar at the bottom of a phone would lie across the middle of a long page.
        # caret: what hides it is an inline style, which the page rightly refuses.
        page.evaluate("document.querySelector('.tabs')?.style.setProperty('position', 'static')")
        page.screenshot(path=str(Path(folder) / f"konsol-{name}-{width}.png"), full_page=True, caret="initial")
        page.evaluate("document.querySelector('.tabs')?.style.removeProperty('position')")
    assert faults(page) == [], f"{name} ({width})"
    assert sideways(page) <= 0, f"{name} ({width}) is wider than its window"
    assert re.search(r"\S", page.title()), f"{name} has no title"
