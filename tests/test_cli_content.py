"""`sapa content`: what is written, what is missing, and the page a bidan reviews on paper."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from datetime import date
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import yaml

from sapa.bootstrap import answering
from sapa.services.content_status import Catalogue, CatalogueError, content_status, read_catalogue, trained_labels
from sapa.settings import ROOT

NOW = "2026-11-25T09:00:00+07:00"
IDS = [topic["id"] for topic in yaml.safe_load((ROOT / "content" / "topics.yml").read_text("utf-8"))["topics"]]


def content(*arguments: str, folder: Path | None = None, now: str = NOW) -> subprocess.CompletedProcess[str]:
    """Run `sapa content ...` as a shell would, on the project's texts or on those in `folder`."""
    environ = {**os.environ, **({"SAPA_CONTENT_DIR": str(folder / "id")} if folder else {})}
    return subprocess.run(
        [sys.executable, "-m", "sapa.cli", "content", *arguments, "--now", now],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        env=environ,
    )


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The folder content/ as a copy that may be changed."""
    return Path(shutil.copytree(ROOT / "content", tmp_path / "content"))


def _change(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


# --- status


def test_status_lists_every_topic_and_says_that_none_is_missing() -> None:
    done = content("status")
    assert done.returncode == 0, done.stdout + done.stderr
    head, *lines = done.stdout.splitlines()
    assert head.split() == ["id", "status", "confidence", "reviewed_on", "review_by", "days", "left", "sources"]
    assert [line.split()[0] for line in lines[: len(IDS)]] == IDS
    assert lines[-1] == "103 topics, none missing"


def test_status_as_json_has_every_key_for_every_topic() -> None:
    done = content("status", "--json")
    told = json.loads(done.stdout)
    assert (done.returncode, told["date"], told["totals"]["topics"]) == (0, "2026-11-25", 103)
    assert told["missing"] == told["without_training_data"] == []
    head = {"id", "title", "status", "signed_off_by", "signed_off_on", "confidence", "reviewed_on", "review_by"}
    for topic in told["topics"]:
        assert set(topic) == head | {"days_left", "sources"}
        assert topic["days_left"] == (date.fromisoformat(topic["review_by"]) - date(2026, 11, 25)).days


def test_a_topic_without_a_text_or_training_data_is_named_and_fails(copy: Path) -> None:
    _change(copy / "topics.yml", "\nlabels:\n", '\n  - {id: gizi/baru, isi: "x"}\nlabels:\n')
    done = content("status", folder=copy)
    assert done.returncode == 1
    assert "no text: gizi/baru" in done.stdout and "no training data: gizi/baru" in done.stdout
    assert done.stdout.splitlines()[-1] == "104 topics, 1 missing"


def test_a_signature_is_shown_with_name_and_date_and_a_passed_review_as_overdue(copy: Path) -> None:
    text = copy / "id" / "hpk" / "peran-ayah.md"
    _change(text, "status: belum disahkan", "status: disahkan")
    _change(text, "signed_off_by: null", "signed_off_by: Bidan Rina")
    _change(text, "signed_off_on: null", "signed_off_on: 2026-12-01")
    done = content("status", folder=copy, now="2027-03-01T09:00:00+07:00")
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("hpk/peran-ayah ")]
    assert "disahkan oleh Bidan Rina pada 2026-12-01" in line
    assert "-7 overdue" in line  # review_by 2027-02-22
    assert "signed off 1 of 103" in done.stdout
    assert done.returncode == 0  # overdue is no gap: the text is there, it is only not sent


def test_labels_without_a_sentence_are_found() -> None:
    trained = trained_labels(
        ["nlu:\n- intent: gizi.a\n  examples: |\n    - apa itu\n- intent: gizi.b\n  examples: ''\n"]
    )
    status = content_status(
        Catalogue((), ("gizi/a", "gizi/b", "danger")), (), lambda _: _never(), trained, date(2026, 1, 1)
    )
    assert status.untrained == ("gizi/b", "danger") and not status.complete


@pytest.mark.parametrize("text", ["", "topics: 3\nlabels: {}", "topics: [{isi: x}]\nlabels: {}", "{"])
def test_a_broken_catalogue_is_one_clear_line(text: str) -> None:
    with pytest.raises(CatalogueError, match=r"^not a catalogue.*$"):
        read_catalogue(text)


def _never() -> Any:
    raise AssertionError("no text is to be asked for")


# --- preview


class _Page(HTMLParser):
    """What the tests look at: ids, links, addresses of anything fetched, and the articles' own text."""

    def __init__(self) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.fetched: list[str] = []
        self.articles: dict[str, str] = {}
        self._article: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.ids += [value for name, value in attrs if name == "id" and value]
        self.links += [str(given["href"])] if tag == "a" else []
        self.fetched += [str(value) for name, value in attrs if name == "src" or (name == "href" and tag != "a")]
        if tag == "article":
            self._article = str(given["id"])
            self.articles[self._article] = ""

    def handle_endtag(self, tag: str) -> None:
        if tag == "article":
            self._article = None

    def handle_data(self, data: str) -> None:
        if self._article:
            self.articles[self._article] += data


def _read(html: str) -> _Page:
    page = _Page()
    page.feed(html)
    return page


@pytest.fixture(scope="module")
def html(tmp_path_factory: pytest.TempPathFactory) -> str:
    out = tmp_path_factory.mktemp("preview") / "page.html"
    done = content("preview", "--out", str(out))
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(rf"{re.escape(str(out))}: \d+ messages in \d+ versions\n", done.stdout)
    return out.read_text("utf-8")


def test_the_page_shows_every_message_on_both_channels_with_room_to_sign(html: str) -> None:
    page = _read(html)
    assert set(page.articles) == set(answering({}).content.ids())
    for content_id, text in page.articles.items():
        for wanted in ("WhatsApp", "SMS", "huruf", "Disahkan oleh", "Tanggal", "Catatan", "Tinjau lagi", content_id):
            assert wanted in text, (content_id, wanted)


def test_every_entry_of_the_contents_leads_somewhere_and_nothing_is_fetched(html: str) -> None:
    page = _read(html)
    assert {link.removeprefix("#") for link in page.links} <= set(page.ids) and len(set(page.ids)) == len(page.ids)
    assert {f"#{content_id}" for content_id in page.articles} <= set(page.links)
    assert page.fetched == [] and not re.search(r"url\(|@import|<script", html)


def test_families_that_read_the_same_share_one_version(html: str) -> None:
    page = _read(html)
    # Fitted to the age: the newborn's name stands in a version of its own, unknown and pregnant share the first.
    fitted = page.articles["gizi/protein-hewani"]
    assert fitted.count("WhatsApp") > 1 and "Siti" in fitted and "Aisyah" in fitted
    # The same for everybody: one version, and nobody needs to be named.
    plain = page.articles["dialog/pamit"]
    assert plain.count("huruf") == 2 and "Anak 8 bulan" not in plain


def test_reminders_are_those_the_planner_makes(html: str) -> None:
    reminder = _read(html).articles["pengingat/posyandu"]
    assert "pukul 16.00" in reminder and "Posyandu Melati" in reminder


_NOBODY_GETS_IT = "Tidak ada keluarga contoh yang mendapat pesan ini"


def test_every_message_is_shown_at_least_once(html: str) -> None:
    page = _read(html)
    assert [content_id for content_id, text in page.articles.items() if _NOBODY_GETS_IT in text] == []


def test_messages_of_campaigns_go_to_their_reader_on_the_day_that_fits(html: str) -> None:
    page = _read(html)
    # Four weeks on 25 November, so twelve on 20 January; fathers get theirs two days later.
    mother, father = page.articles["pengingat/hamil/obat-jamu"], page.articles["pengingat/ayah/tanpa-asap"]
    assert "untuk ibu" in mother and "20 Januari 2027" in mother and "pukul 16.00" in mother
    assert "untuk ayah" in father and "22 Januari 2027" in father and "pukul 17.00" in father
    # The child is as old in it as it will be then.
    assert "Aisyah 1 tahun" in page.articles["pengingat/anak/makan-keluarga"]
    own = page.articles["pengingat/kb/jadwal"]
    assert "hanya untuk pemilik nomor" in own and "7 hari lagi" in own and "besok" in own and "pukul 08.00" in own


def test_a_visit_is_shown_with_the_date_of_the_bidan_and_with_one_worked_out(html: str) -> None:
    visit = _read(html).articles["pengingat/hamil/periksa"]
    assert "jadwal periksa hamil dari bidan: Kamis, 3 Desember 2026" in visit
    assert "yang pertama, sekitar 23 Des 2026" in visit and "dokter, dengan USG" in visit
    assert visit.count("WhatsApp") == 3  # first with a doctor, later without, the bidan's date


def test_a_turn_that_fits_only_some_families_is_shown_for_them_alone(html: str) -> None:
    kept = _read(html).articles["dialog/profil"]
    assert "perkiraan lahir 13 Feb 2027" in kept  # 25 November and 80 days
    assert kept.count("Ikut memantau: Joko (ayah)") == 1


def test_a_turn_for_a_family_that_is_not_there_is_one_clear_line(copy: Path, tmp_path: Path) -> None:
    _change(copy / "preview.yml", "for: [Hamil 28 minggu]", "for: [Hamil 29 minggu]")
    done = content("preview", "--out", str(tmp_path / "page.html"), folder=copy)
    assert done.returncode == 1 and len(done.stderr.splitlines()) == 1
    assert "dialog/profil: no sample family is called Hamil 29 minggu" in done.stderr


def test_a_sample_family_that_cannot_be_is_named_by_its_field(copy: Path, tmp_path: Path) -> None:
    _change(copy / "preview.yml", "pregnancy: {lmp: today-28}", "pregnancy: {lmp: today+28}")
    done = content("preview", "--out", str(tmp_path / "page.html"), folder=copy)
    assert done.returncode == 1 and len(done.stderr.splitlines()) == 1
    assert "Hamil dari minggu ke-4: pregnancy.lmp" in done.stderr


def test_an_overdue_text_is_still_shown_to_those_who_review_it(tmp_path: Path) -> None:
    out = tmp_path / "page.html"
    assert content("preview", "--out", str(out), now="2027-03-01T09:00:00+07:00").returncode == 0
    assert _NOBODY_GETS_IT not in out.read_text("utf-8")  # whatever the day of the page
    text = _read(out.read_text("utf-8")).articles["hpk/peran-ayah"]
    assert "sudah lewat: tidak dikirim" in text and "Ayah dapat membantu" in text


def test_names_are_data_never_markup(copy: Path, tmp_path: Path) -> None:
    _change(copy / "preview.yml", "child_name: Aisyah", "child_name: '<script>alert(1)</script>'")
    out = tmp_path / "page.html"
    assert content("preview", "--out", str(out), folder=copy).returncode == 0
    assert "<script" not in out.read_text("utf-8")


def test_a_text_without_a_sample_value_is_named_with_the_place_to_mend(copy: Path, tmp_path: Path) -> None:
    _change(copy / "preview.yml", "  reminders_on: true\n", "")
    _change(copy / "preview.yml", "with: {reminders_on: true}", "with: {}")
    done = content("preview", "--out", str(tmp_path / "page.html"), folder=copy)
    assert done.returncode == 1 and len(done.stderr.splitlines()) == 1
    assert "dialog/profil: not given: reminders_on" in done.stderr and "content/preview.yml" in done.stderr


def test_a_page_that_cannot_be_written_is_one_clear_line(tmp_path: Path) -> None:
    done = content("preview", "--out", str(tmp_path / "nowhere" / "page.html"))
    assert done.returncode == 1 and done.stderr.count("\n") == 1 and "No such file or directory" in done.stderr
