"""The handbooks keep to what is there: pictures exist, what they tell to write is read, buttons are on the pages."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path

import pytest

from sapa.family.reading import assisted, attendance, casework, kader
from sapa.family.reading.attendance import Listed
from sapa.family.reading.words import read_yes_no

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
TODAY = date(2026, 11, 25)
KADER, PUSKESMAS = (DOCS / name for name in ("panduan-kader.md", "panduan-puskesmas.md"))
# Half the screen of a cheap phone a second on a slow line.
MAX_BYTES = 150_000

LISTED = (Listed(1, "ani", "Ani", "Rina"), Listed(2, "budi", "Budi", "Wati"))
# Answers to a question she is asked, with what reads them; and a sentence that is no command.
ANSWERS: Mapping[str, Callable[[str], object]] = {
    "SETUJU": read_yes_no,
    "SUDAH SETUJU": lambda text: assisted.read_family(text, TODAY, asked=assisted.CONSENT).consent,
    "KIRIM": kader.says_send,
    "UBAH": kader.says_change,
}
SENTENCES = {"Tanda bahaya: telepon atau datangi dulu, baru menulis."}


def bold(path: Path) -> list[str]:
    """What stands in **bold** on a page, each once, line breaks as spaces."""
    found = re.findall(r"\*\*(.+?)\*\*", path.read_text(encoding="utf-8"), re.DOTALL)
    return sorted({" ".join(one.split()) for one in found} - SENTENCES)


def understood(text: str) -> bool:
    """Whether some reading of the kader's messages takes this, as it stands, for what she may write."""
    if text in ANSWERS:
        return bool(ANSWERS[text](text))
    read = attendance.read_attendance(text, TODAY, LISTED)
    written = read.sure and all(len(line.keys) == 1 for line in read.lines)
    return any(
        (
            kader.read_command(text),
            kader.read_order(text, TODAY, ["Melati"]),
            kader.read_staff_code(text),
            casework.read_order(text),
            attendance.is_close(text),
            attendance.wants_list(text),
            attendance.wants_visits(text),
            attendance.read_visited(text),
            assisted.opens_family(text),
            written,
        )
    )


@pytest.mark.parametrize("command", bold(KADER))
def test_what_the_kaders_page_says_to_write_is_understood(command: str) -> None:
    assert understood(command)


def test_what_no_reading_knows_would_be_noticed() -> None:
    assert not understood("SELAMAT PAGI SEMUA")
    assert len(bold(KADER)) > 25


def test_the_kaders_page_is_one_page() -> None:
    """On A4 about 60 lines besides the row of pictures; a table's head and rule take no line each."""
    lines = [line for line in KADER.read_text(encoding="utf-8").splitlines() if line.strip() and "|---" not in line]
    assert len(lines) <= 62


@pytest.mark.parametrize("page", [KADER, PUSKESMAS], ids=lambda page: page.name)
def test_every_picture_is_there_small_and_described(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    shown = re.findall(r"!\[(?P<alt>[^\]]*)\]\((?P<src>[^)]+)\)", text)
    shown += [(alt, src) for src, alt in re.findall(r'<img src="([^"]+)"[^>]*? alt="([^"]*)"', text)]
    assert len(shown) >= 4
    for alt, src in shown:
        picture = DOCS / src
        assert len(alt) > 20, src
        assert picture.is_file(), src
        assert picture.stat().st_size <= MAX_BYTES, src
    assert text.count("<img") + text.count("![") == len(shown)


def test_no_picture_of_the_handbooks_is_left_over() -> None:
    named = "".join(page.read_text(encoding="utf-8") for page in (KADER, PUSKESMAS))
    assert [one.name for one in (DOCS / "img").glob("panduan-*.png") if one.name not in named] == []


@pytest.mark.parametrize("label", bold(PUSKESMAS))
def test_every_button_and_menu_the_puskesmas_page_names_is_in_the_console(label: str) -> None:
    pages = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "web" / "templates").glob("*.html"))
    assert label in pages


@pytest.mark.parametrize("page", [KADER, PUSKESMAS], ids=lambda page: page.name)
def test_links_inside_lead_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    heads = {
        re.sub(r"[^\w -]", "", head).strip().lower().replace(" ", "-") for head in re.findall(r"^#+ (.+)$", text, re.M)
    }
    for target in re.findall(r"(?<!!)\[[^\]]+\]\(([^)]+)\)", text):
        assert target.removeprefix("#") in heads if target.startswith("#") else (DOCS / target).is_file(), target
