"""The content library: what it refuses at start, and what it makes of a text for one family, channel and day."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from sapa.content import ContentError, ContentLibrary, Facts
from sapa.messaging.states import Channel, Kind

TODAY = date(2026, 11, 22)
HEAD: dict[str, str] = {
    "title": "Telur",
    "kind": "answer",
    "audience": "[ibu]",
    "facts": "[gizi.yml]",
    "sources": "[KIA2024]",
    "confidence": "verified-transcript",
    "reviewed_on": "2026-11-01",
    "review_by": "2026-12-01",
    "status": "belum disahkan",
    "signed_off_by": "null",
    "signed_off_on": "null",
    "next": "[]",
    "buttons": "[]",
    "template": "null",
}
DIALOGUE = {"facts": "[]", "sources": "[]", "confidence": "null", "kind": "flow"}
WORDS_DATES = """
hari: [Senin, Selasa, Rabu, Kamis, Jumat, Sabtu, Minggu]
bulan: [Januari, Februari, Maret, April, Mei, Juni, Juli, Agustus, September, Oktober, November, Desember]
bulan_pendek: [Jan, Feb, Mar, Apr, Mei, Jun, Jul, Agu, Sep, Okt, Nov, Des]
kata_akhir_daftar: dan
umur: {newborn: baru lahir, day: hari, week: minggu, month: bulan, year: tahun}
anak_tanpa_nama: Si Kecil
"""
WORDS_DOSES = """
dosis: {BCG: BCG, DPTHBHIB1: DPT-HB-Hib 1}
profil: {heksavalen: {DPTHBHIB1: DPT-HB-Hib/heksavalen 1}}
"""


class Shelf:
    """A content folder in the making."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "id"
        (folder / "facts").mkdir()
        (folder / "facts" / "gizi.yml").write_text("a: 1\n")
        self.raw("kata/tanggal.yml", WORDS_DATES)
        self.raw("kata/imunisasi.yml", WORDS_DOSES)
        self.raw(
            "_bagian/lanjutan.md",
            "---\nid: _bagian/lanjutan\n---\n## whatsapp\n\n{% for t in next_titles %}\n{{ loop.index }}. {{ t }}\n"
            "{% endfor %}\n\n## sms\n\n-\n",
        )
        notice = {**DIALOGUE, "kind": "handover", "vars": '["title?"]'}
        self.put("dialog/perlu-ditinjau", "Sedang diperiksa: {{ title }}.", head=notice)

    def raw(self, name: str, text: str) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def put(self, content_id: str, whatsapp: str, sms: str | None = None, head: dict[str, str] | None = None) -> None:
        lines = {"id": content_id, **HEAD, **(head or {})}
        top = "\n".join(f"{key}: {value}" for key, value in lines.items() if value != "ABSENT")
        self.raw(f"{content_id}.md", f"---\n{top}\n---\n## whatsapp\n\n{whatsapp}\n\n## sms\n\n{sms or whatsapp}\n")

    def load(self, **facts: Any) -> ContentLibrary:
        return ContentLibrary.load(self.root, Facts(**facts))


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path)


# ----------------------------------------------------------------------------------------------------- refused at start


@pytest.mark.parametrize(
    ("head", "complaint"),
    [
        ({"id": "gizi/telor"}, "id: is gizi/telor, but the file is gizi/telur"),
        ({"kind": "poem"}, "kind: is 'poem'"),
        ({"colour": "red"}, "unknown key colour"),
        ({"title": "ABSENT"}, "missing title"),
        ({"title": '""'}, "title: is ''"),
        ({"audience": "[]"}, "audience: is []"),
        ({"reviewed_on": "yesterday"}, "reviewed_on: is 'yesterday', should be a date"),
        ({"reviewed_on": "2027-02-30"}, "not readable YAML"),
        ({"review_by": "2026-10-01"}, "review_by: is not after reviewed_on"),
        ({"facts": "[resep.yml]"}, "facts: resep.yml is not in facts/"),
        ({"sources": "[]"}, "sources and confidence are needed"),
        ({"confidence": "certain"}, "confidence: is 'certain'"),
        ({"status": "disahkan"}, "needs signed_off_by"),
        ({"signed_off_by": "Bidan Rina"}, "status disahkan needs"),
        ({"next": "[gizi/tidak-ada]"}, "next: gizi/tidak-ada does not exist"),
        ({"next": "[a, b, c]"}, "at most 2 ids"),
        ({"buttons": "[{title: Ya}]"}, "buttons: is"),
        ({"buttons": "[{title: Dua puluh satu huruf., payload: ya}]"}, "titles of at most 20 characters"),
        ({"buttons": "[" + ", ".join(["{title: Ya, payload: ya}"] * 4) + "]"}, "at most 3 entries"),
        ({"template": "Has Spaces"}, "template: is"),
        ({"kind": "reminder"}, "needs a template name"),
    ],
)
def test_a_wrong_head_is_refused_with_the_file_and_the_reason(
    shelf: Shelf, head: dict[str, str], complaint: str
) -> None:
    shelf.put("gizi/telur", "Telur.", head=head)
    with pytest.raises(ContentError) as raised:
        shelf.load()
    assert str(raised.value).startswith("content/id/gizi/telur.md: ")
    assert complaint in str(raised.value)


@pytest.mark.parametrize(
    ("whatsapp", "complaint"),
    [
        ("Halo {{ chlid.name }}", "unknown variable chlid"),
        ("Halo {{ child.name", "unexpected end"),
        ("{% if child %}Halo", "Unexpected end of template"),
        ("{{ 'BCG' | dosiss }}", "No filter named 'dosiss'"),
        ('{% include "_bagian/tidak-ada" %}', "_bagian/tidak-ada"),
    ],
)
def test_a_text_that_could_not_be_rendered_is_refused_at_start(shelf: Shelf, whatsapp: str, complaint: str) -> None:
    shelf.put("gizi/telur", whatsapp, "Telur.")
    with pytest.raises(ContentError, match="content/id/gizi/telur.md: whatsapp: ") as raised:
        shelf.load()
    assert complaint in str(raised.value)


@pytest.mark.parametrize(
    "text",
    [
        "Telur tanpa kepala",
        "---\nid: [\n---\n## whatsapp\n\nA\n\n## sms\n\nA\n",
        "---\njust words\n---\n## whatsapp\n\nA\n\n## sms\n\nA\n",
    ],
)
def test_a_file_without_a_readable_head_is_refused(shelf: Shelf, text: str) -> None:
    shelf.raw("gizi/telur.md", text)
    with pytest.raises(ContentError, match="content/id/gizi/telur.md"):
        shelf.load()


@pytest.mark.parametrize(
    "body",
    [
        "## whatsapp\n\nA\n",
        "## whatsapp\n\nA\n\n## sms\n\n",
        "A\n\n## whatsapp\n\nA\n\n## sms\n\nA\n",
        "## sms\n\nA\n\n## sms\n\nA\n",
    ],
    ids=["no sms", "empty sms", "text before the sections", "sms twice"],
)
def test_both_variants_must_be_there_and_nothing_else(shelf: Shelf, body: str) -> None:
    shelf.put("gizi/telur", "Telur.")
    head = (shelf.root / "gizi/telur.md").read_text().split("## whatsapp")[0]
    shelf.raw("gizi/telur.md", head + body)
    with pytest.raises(ContentError, match="content/id/gizi/telur.md: .*section"):
        shelf.load()


def test_every_wrong_file_is_named_at_once(shelf: Shelf) -> None:
    shelf.put("gizi/telur", "Telur.", head={"kind": "poem"})
    shelf.put("gizi/ikan", "Ikan.", head={"colour": "red"})
    with pytest.raises(ContentError) as raised:
        shelf.load()
    assert [line.split(":")[0] for line in str(raised.value).splitlines()] == [
        "content/id/gizi/ikan.md",
        "content/id/gizi/telur.md",
    ]


def test_a_folder_that_is_not_content_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ContentError, match="not a content folder"):
        ContentLibrary.load(tmp_path / "nowhere")


def test_clinical_texts_need_the_notice_that_replaces_them(shelf: Shelf) -> None:
    (shelf.root / "dialog/perlu-ditinjau.md").unlink()
    shelf.put("gizi/telur", "Telur.")
    with pytest.raises(ContentError, match="content/id/dialog/perlu-ditinjau.md: missing"):
        shelf.load()


# ------------------------------------------------------------------------------------------------------------ rendering


def test_ids_and_heads_can_be_read(shelf: Shelf) -> None:
    shelf.put("gizi/telur", "Telur.", head={"vars": '[a, "b?"]'})
    library = shelf.load()
    assert library.ids() == ("dialog/perlu-ditinjau", "gizi/telur")
    item = library.get("gizi/telur")
    assert (item.title, item.kind, item.facts, item.review_by) == (
        "Telur",
        Kind.ANSWER,
        ("gizi.yml",),
        date(2026, 12, 1),
    )
    assert [(var.name, var.required) for var in item.vars] == [("a", True), ("b", False)]


def test_an_unknown_id_is_refused(shelf: Shelf) -> None:
    with pytest.raises(ContentError, match="gizi/telur: no such content"):
        shelf.load().render("gizi/telur", "whatsapp", TODAY)


def test_each_channel_has_its_own_words_and_only_whatsapp_has_buttons(shelf: Shelf) -> None:
    shelf.put("gizi/telur", "Telur *ayam*.", "Telur ayam.", head={"buttons": "[{title: Ya, payload: ya}]"})
    library = shelf.load()
    whatsapp = library.render("gizi/telur", Channel.WHATSAPP, TODAY)
    assert (whatsapp.text, whatsapp.buttons) == ("Telur *ayam*.", ({"title": "Ya", "payload": "ya"},))
    sms = library.render("gizi/telur", "sms", TODAY)
    assert (sms.text, sms.buttons) == ("Telur ayam.", ())


def test_every_fact_of_a_family_exists_and_is_unknown_until_told(shelf: Shelf) -> None:
    shelf.put("gizi/telur", "{% if child %}Untuk {{ child.name }}{% else %}Untuk semua{% endif %}.")
    library = shelf.load()
    assert library.render("gizi/telur", "whatsapp", TODAY).text == "Untuk semua."
    assert library.render("gizi/telur", "whatsapp", TODAY, child={"name": "Ani"}).text == "Untuk Ani."


def test_defaults_given_when_loading_hold_until_a_caller_says_otherwise(shelf: Shelf) -> None:
    shelf.put("gizi/telur", "WA {{ bot_whatsapp }}")
    library = shelf.load(bot_whatsapp="0811")
    assert library.render("gizi/telur", "sms", TODAY).text == "WA 0811"
    assert library.render("gizi/telur", "sms", TODAY, bot_whatsapp="0822").text == "WA 0822"


def test_a_missing_variable_of_its_own_is_named_even_if_the_branch_would_not_need_it(shelf: Shelf) -> None:
    shelf.put("gizi/telur", "{% if false %}{{ place }}{% endif %}Telur.", head={"vars": "[place]"})
    with pytest.raises(ContentError, match="gizi/telur: not given: place"):
        shelf.load().render("gizi/telur", "whatsapp", TODAY, plaec="Balai")


def test_an_optional_variable_may_be_left_out(shelf: Shelf) -> None:
    shelf.put("gizi/telur", "Di {{ place or 'posyandu' }}.", head={"vars": '["place?"]'})
    assert shelf.load().render("gizi/telur", "whatsapp", TODAY).text == "Di posyandu."


def test_a_misspelt_member_raises_with_the_text_and_the_name(shelf: Shelf) -> None:
    shelf.put("gizi/telur", "Halo {{ child.nmae }}")
    with pytest.raises(ContentError, match=r"gizi/telur \(whatsapp\): .*nmae"):
        shelf.load().render("gizi/telur", "whatsapp", TODAY, child={"name": "Ani"})


@pytest.mark.parametrize("value", [None, TODAY, True, 2.5, ["a"], {"a": 1}])
def test_what_does_not_read_as_a_word_is_never_printed(shelf: Shelf, value: object) -> None:
    shelf.put("gizi/telur", "Halo {{ region }}")
    with pytest.raises(ContentError, match="cannot be printed"):
        shelf.load().render("gizi/telur", "whatsapp", TODAY, region=value)


def test_a_text_cannot_reach_into_python(shelf: Shelf) -> None:
    shelf.put("gizi/telur", "{{ region.__class__.__mro__ }}")
    with pytest.raises(ContentError):
        shelf.load().render("gizi/telur", "whatsapp", TODAY, region="NTT")


def test_a_name_that_looks_like_a_template_is_only_a_name(shelf: Shelf) -> None:
    shelf.put("gizi/telur", "Halo {{ child.name }}")
    said = shelf.load().render("gizi/telur", "whatsapp", TODAY, child={"name": "{{ 7 * 7 }}"})
    assert said.text == "Halo {{ 7 * 7 }}"


def test_an_sms_is_one_line_and_names_are_folded_into_its_alphabet(shelf: Shelf) -> None:
    shelf.put("gizi/telur", "Telur.", "Untuk\n{% if child %}\n{{ child.name }}\n{% endif %}\n\nsaja.")
    said = shelf.load().render("gizi/telur", "sms", TODAY, child={"name": "Nur\u2019aini \U0001f338"})
    assert said.text == "Untuk Nur'aini saja."


def test_lines_that_a_condition_left_empty_do_not_leave_a_hole(shelf: Shelf) -> None:
    shelf.put("gizi/telur", "Satu.\n\n{% if child %}\nDua.\n\n{% endif %}\n\nTiga.")
    assert shelf.load().render("gizi/telur", "whatsapp", TODAY).text == "Satu.\n\nTiga."


# --------------------------------------------------------------------------------------------------- next, review dates


def test_an_answer_ends_with_its_next_questions_numbered_on_whatsapp_only(shelf: Shelf) -> None:
    shelf.put("gizi/telur", "Telur.", head={"next": "[gizi/ikan, gizi/hati]"})
    shelf.put("gizi/ikan", "Ikan.", head={"title": "Ikan"})
    shelf.put("gizi/hati", "Hati.", head={"title": "Hati ayam"})
    library = shelf.load()
    said = library.render("gizi/telur", "whatsapp", TODAY)
    assert said.text == "Telur.\n\n1. Ikan\n2. Hati ayam"
    assert said.next == ("gizi/ikan", "gizi/hati")
    assert library.render("gizi/telur", "sms", TODAY).next == ()


def test_a_question_whose_answer_has_expired_is_not_offered(shelf: Shelf) -> None:
    shelf.put("gizi/telur", "Telur.", head={"next": "[gizi/ikan, gizi/hati]", "review_by": "2027-01-01"})
    shelf.put("gizi/ikan", "Ikan.", head={"title": "Ikan"})
    shelf.put("gizi/hati", "Hati.", head={"title": "Hati ayam", "review_by": "2027-01-01"})
    said = shelf.load().render("gizi/telur", "whatsapp", date(2026, 12, 2))
    assert (said.text, said.next) == ("Telur.\n\n1. Hati ayam", ("gizi/hati",))


@pytest.mark.parametrize(
    ("head", "today", "sent"),
    [
        ({}, date(2026, 12, 1), True),  # review_by itself is still good
        ({}, date(2026, 12, 2), False),
        ({"kind": "reminder", "template": "telur"}, date(2026, 12, 2), False),
        (DIALOGUE, date(2026, 12, 2), True),  # says nothing of medicine
        ({"facts": "[]"}, date(2026, 12, 2), True),
        ({"kind": "danger"}, date(2026, 12, 2), True),  # an old emergency number is better than none
    ],
)
def test_a_clinical_text_is_not_sent_after_its_review_date(
    shelf: Shelf, head: dict[str, str], today: date, sent: bool
) -> None:
    shelf.put("gizi/telur", "Telur.", head=head)
    said = shelf.load().render("gizi/telur", "whatsapp", today)
    if sent:
        assert (said.content_id, said.text, said.replaces) == ("gizi/telur", "Telur.", None)
    else:
        assert (said.content_id, said.kind) == ("dialog/perlu-ditinjau", Kind.HANDOVER)
        assert said.text == "Sedang diperiksa: Telur."
        assert said.replaces == "gizi/telur"


def test_an_expired_text_does_not_ask_for_its_own_variables(shelf: Shelf) -> None:
    shelf.put("gizi/telur", "{{ place }}", head={"vars": "[place]"})
    assert shelf.load().render("gizi/telur", "sms", date(2027, 1, 1)).replaces == "gizi/telur"


def test_a_child_whose_name_nobody_told_has_a_kind_name(shelf: Shelf) -> None:
    shelf.put("gizi/a", "{{ child.name }} ({{ child | umur }})")
    library = shelf.load()
    unnamed = {"name": None, "age_months": 7, "age_days": 210}
    assert library.render("gizi/a", "whatsapp", TODAY, child=unnamed).text.startswith("Si Kecil (7 bulan)")
    assert library.render("gizi/a", "whatsapp", TODAY, child={**unnamed, "name": "Ani"}).text.startswith("Ani")


def test_an_answer_that_another_one_follows_offers_no_next_questions(shelf: Shelf) -> None:
    shelf.put("gizi/a", "Satu.")
    shelf.put("gizi/b", "Dua.", head={"next": "[gizi/a]"})
    library = shelf.load()
    assert library.render("gizi/b", "whatsapp", TODAY).next == ("gizi/a",)
    followed = library.render("gizi/b", "whatsapp", TODAY, followed=True)
    assert (followed.next, followed.text) == ((), "Dua.")
