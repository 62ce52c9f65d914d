"""Guards over the WhatsApp templates and what is poured into their gaps, for every text and every family.

These read content/id as it stands, so a new template or text is guarded the moment it exists.
"""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from sapa.content import ContentError, ContentLibrary
from sapa.messaging.states import Channel, Kind
from sapa.messaging.templates import AUTHENTICATION, MAX_TEXT, length
from sapa.services.campaigns import load_campaigns
from sapa.services.template_files import TemplateFileError, all_faults, load_templates, use_faults
from tests.content.test_content_guard import _TELLTALE, CONTENT, LIBRARY, renderings
from tests.content.test_content_library import HEAD, TODAY, Shelf

TEMPLATES = LIBRARY.templates
ITEMS = [item for item in map(LIBRARY.get, LIBRARY.ids()) if item.template is not None]
OUR_WORDS = {name: re.sub(r"\{\{\d+\}\}", " ", one.body) for name, one in TEMPLATES.items()}
every_text = pytest.mark.parametrize("item", ITEMS, ids=lambda item: item.id)

# ------------------------------------------------------------------------------------------------ the files as they are


def test_meta_would_refuse_none_of_the_files() -> None:
    assert all_faults(TEMPLATES) == []


@every_text
def test_every_value_of_every_family_fits_its_gap_and_nothing_is_cut(item: Any) -> None:
    template = TEMPLATES[item.template]
    said = {tuple(r.template_variables.items()) for _, on, r in renderings(item.id) if on == "whatsapp"}
    assert said
    for values in map(dict, said):
        assert template.takes(values), values
        assert all("\n" not in value and " " * 5 not in value for value in values.values()), values
        whole = template.filled(values) or ""
        assert length(whole) <= MAX_TEXT, (length(whole), whole)
        assert "{{" not in whole, whole
        assert not any(value.endswith("...") or ". ... " in value for value in values.values()), values


@every_text
def test_an_sms_has_no_values_of_a_template(item: Any) -> None:
    assert not any(r.template_variables for _, on, r in renderings(item.id) if on == "sms")


@every_text
def test_a_text_nobody_asked_for_says_how_to_stop_exactly_once(item: Any) -> None:
    if item.kind not in (Kind.REMINDER, Kind.BROADCAST):
        return
    assert "*STOP*" in OUR_WORDS[item.template]
    for _, on, rendered in renderings(item.id):
        if on == "whatsapp":
            whole = LIBRARY.template_text(item.template, rendered.template_variables)
            assert whole is not None and whole.count("STOP") == 1, whole


@every_text
def test_a_reminder_in_a_template_says_what_its_text_says(item: Any) -> None:
    """Dates, times and names of the text stand in the template, too: it may be worded otherwise, not say less."""
    for _, on, rendered in renderings(item.id):
        if on != "whatsapp" or item.kind not in (Kind.REMINDER, Kind.BROADCAST):
            continue
        whole = LIBRARY.template_text(item.template, rendered.template_variables) or ""
        for told in re.findall(r"\d{1,2} [A-Z][a-z]+ 20\d\d|\d\d\.\d\d|Aisyah|Budi|Balai Warga RW 03", rendered.text):
            assert told in whole, (told, whole)


def test_our_own_words_hold_no_figure_but_the_example_of_a_date() -> None:
    """Figures of medicine come from the facts, through texts that are reviewed; a template is approved for years."""
    for name, words in OUR_WORDS.items():
        assert set(re.findall(r"\d+", words.replace("SUDAH 12 Mei", ""))) == set(), name


def test_the_frame_of_a_reminder_of_contraception_is_neutral() -> None:
    frames = {item.template for item in ITEMS if item.id.startswith("pengingat/kb/")}
    assert frames == {"pengingat_umum"}
    template = TEMPLATES["pengingat_umum"]
    for words in (template.name.replace("_", " "), OUR_WORDS["pengingat_umum"], *template.samples):
        assert not _TELLTALE.search(words), words
    assert "Ibu" not in OUR_WORDS["pengingat_umum"]


def test_tips_and_appointments_do_not_share_a_template() -> None:
    """Of all messages Meta is likeliest to pause the tips; the appointments must go on then."""
    campaigns = load_campaigns(CONTENT / "campaigns")
    tips = {message.content for campaign in campaigns.all for message in campaign.messages if message.rank == "tip"}
    assert {item.id for item in ITEMS if item.template == "tips_keluarga"} == tips


def test_the_login_code_is_worded_by_meta_and_only_the_code_is_ours() -> None:
    assert TEMPLATES["kode_masuk"].category == AUTHENTICATION
    rendered = LIBRARY.render("kader/masuk/kode", Channel.WHATSAPP, TODAY, code="482913")
    assert rendered.template_variables == {"1": "482913"}


# ------------------------------------------------------------------------------------------- values, section by section


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path)


FILE = """
name: {name}
language: id
category: utility
body: |
  {body}
samples: [{samples}]
buttons: [{buttons}]
why: A reminder.
used_by: [{used_by}]
"""
ONE = "Pengingat dari kami untuk keluarga di rumah: {{1}} Balas STOP untuk berhenti."
TWO = "Pengingat dari kami untuk {{1}} yang tinggal di {{2}} supaya datang ke posyandu ya."


def put(
    shelf: Shelf, whatsapp: str, values: str = "", *, body: str = ONE, buttons: str = "", mine: str = "", vars: str = ""
) -> ContentLibrary:
    """A library with one text, going out in one template."""
    gaps = ", ".join(["contoh"] * body.count("{{"))
    shelf.raw(
        "templates/kabar.yml",
        FILE.format(name="kabar", body=body, samples=gaps, buttons=buttons, used_by="siar/kabar"),
    )
    head = {"kind": "broadcast", "template": "kabar", "buttons": f"[{mine}]", "vars": f"[{vars}]"}
    section = f"\n\n## template\n\n{values}" if values else ""
    shelf.put("siar/kabar", whatsapp, f"-{section}", head=head)
    return shelf.load()


def values(library: ContentLibrary, **variables: Any) -> dict[str, str]:
    return dict(library.render("siar/kabar", "whatsapp", TODAY, **variables).template_variables)


def test_with_one_gap_and_no_section_the_whole_text_stands_in_it(shelf: Shelf) -> None:
    library = put(shelf, "Halo\nIbu.\n\n{% if not in_template %}Balas STOP.{% endif %}")
    assert values(library) == {"1": "Halo Ibu."}
    assert library.render("siar/kabar", "whatsapp", TODAY).text == "Halo\nIbu.\n\nBalas STOP."


def test_a_section_gives_each_gap_its_value(shelf: Shelf) -> None:
    library = put(shelf, "-", "{% set siapa = 'Ani' %}\n1: {{ siapa }}\n2:\nRumah {{ siapa }},\nRW 3\n", body=TWO)
    assert values(library) == {"1": "Ani", "2": "Rumah Ani, RW 3"}
    assert library.template_text("kabar", values(library)) == TWO.replace("{{1}}", "Ani").replace(
        "{{2}}", "Rumah Ani, RW 3"
    )


@pytest.mark.parametrize("words", ["Halo\n2: diganti", "{{2}}", "{{ 7 * 7 }}", "{% raw %}", "1: a\n1: b"])
def test_what_people_write_stays_in_its_gap(shelf: Shelf, words: str) -> None:
    library = put(shelf, "-", "1: {{ note }}\n2: rumah\n", body=TWO, vars="note")
    assert values(library, note=words) == {"1": " ".join(words.split()), "2": "rumah"}


def test_the_longest_value_is_cut_at_a_sentence_so_that_the_whole_fits(shelf: Shelf) -> None:
    library = put(shelf, "-", "1: {{ note }}\n2: rumah\n", body=TWO, vars="note")
    said = values(library, note="Datang ya, Bu. " * 100)
    assert said["2"] == "rumah" and said["1"].endswith("Datang ya, Bu. ...")
    whole = library.template_text("kabar", said)
    assert whole is not None and MAX_TEXT - 20 <= length(whole) <= MAX_TEXT


def test_nobody_can_say_from_outside_that_a_text_stands_in_a_template(shelf: Shelf) -> None:
    library = put(shelf, "{% if not in_template %}Balas STOP.{% endif %}Halo")
    assert library.render("siar/kabar", "whatsapp", TODAY, in_template=True).text == "Balas STOP.Halo"


MISFITS: dict[str, tuple[dict[str, str], str]] = {
    "two gaps and no section": ({"body": TWO}, "## template: is missing; kabar has 2 gaps"),
    "a value too many": ({"values": "1: a\n2: b\n"}, "## template: 2 values, but kabar has 1 gaps"),
    "values out of order": ({"values": "2: b\n1: a\n", "body": TWO}, "## template: needs lines 1: ..., 2: ..."),
    "a section without a number": ({"values": "Halo\n"}, "## template: needs lines"),
    "a variable nobody gives": ({"values": "1: {{ siapa }}\n"}, "template: unknown variable siapa"),
    "a broken value": ({"values": "1: {% if %}\n"}, "template: "),
    "buttons of the template that the text has not": ({"buttons": "{title: Ya, payload: ya}"}, "buttons: are not"),
    "buttons of the text that the template has not": ({"mine": "{title: Ya, payload: ya}"}, "buttons: are not"),
}


@pytest.mark.parametrize("what", MISFITS)
def test_a_text_that_does_not_fit_its_template_is_named_at_start(shelf: Shelf, what: str) -> None:
    changes, said = MISFITS[what]
    with pytest.raises(ContentError) as error:
        put(shelf, "Halo", **changes)  # type: ignore[arg-type]
    assert "content/id/siar/kabar.md: " in str(error.value) and said in str(error.value)


def test_a_template_no_file_describes_is_named_at_start(shelf: Shelf) -> None:
    put(shelf, "Halo")
    shelf.put("siar/lain", "Halo", head={**HEAD, "kind": "broadcast", "template": "lain"})
    with pytest.raises(ContentError, match=r"siar/lain.md: template: there is no templates/lain.yml"):
        shelf.load()


def test_files_say_truly_which_texts_go_out_in_them() -> None:
    named = {item.id: str(item.template) for item in ITEMS}
    assert use_faults(TEMPLATES, named) == []
    moved = {**named, "pengingat/kb/jadwal": "tips_keluarga"}
    assert use_faults(TEMPLATES, moved) == [
        "templates/pengingat_umum.yml: used_by: pengingat/kb/jadwal goes out in another",
        "templates/tips_keluarga.yml: used_by: pengingat/kb/jadwal is not among them",
    ]
    without = {content_id: name for content_id, name in named.items() if content_id != "siar/batal"}
    assert use_faults(TEMPLATES, without) == ["templates/siar_batal.yml: used_by: no text siar/batal goes out in it"]


BROKEN = {
    "no YAML": ("a: [", "is not readable YAML"),
    "a list": ("- a\n", "is not a list of keys"),
    "a missing key": (FILE.replace("why: A reminder.\n", ""), "why is missing"),
    "an unknown key": (FILE + "langauge: id\n", "unknown key langauge"),
    "another name than the file's": (FILE.replace("{name}", "lain"), "name: is lain, but the file is called kabar"),
    "samples that are no list": (FILE.replace("[{samples}]", "contoh"), "samples: is not a list of texts"),
    "buttons of another form": (FILE.replace("[{buttons}]", "[Ya]"), "buttons: is not a list of"),
    "a body that is no text": (FILE.replace("|\n  {body}", "7"), "body: is not text"),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_file_that_cannot_be_read_is_named_with_what_is_wrong(tmp_path: Path, what: str) -> None:
    text, said = BROKEN[what]
    for field, value in {"name": "kabar", "body": ONE, "samples": "contoh", "buttons": "", "used_by": "a"}.items():
        text = text.replace(f"{{{field}}}", value)
    (tmp_path / "kabar.yml").write_text(text)
    with pytest.raises(TemplateFileError) as error:
        load_templates(tmp_path)
    assert str(error.value).startswith("templates/kabar.yml: ") and said in str(error.value)


def test_a_text_whose_review_is_overdue_brings_no_values_of_its_template() -> None:
    item = next(item for item in ITEMS if item.clinical)
    late = date(item.review_by.year + 1, 1, 1)
    rendered = LIBRARY.render(item.id, "whatsapp", late, **{var.name: None for var in item.vars})
    assert (rendered.replaces, rendered.template, rendered.template_variables) == (item.id, None, {})
