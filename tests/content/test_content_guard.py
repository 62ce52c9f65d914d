"""Guards over every text a family reads: it renders for every family, fits its channel and says only what we know.

These read content/id as it stands, so a new file is guarded the moment it exists.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from sapa.content import ContentItem, ContentLibrary, Facts, Rendered
from sapa.family.campaigns import SELF, Campaigns
from sapa.messaging.sms import gsm7_unsupported, sms_parts
from sapa.messaging.states import Kind
from sapa.services.campaigns import load_campaigns
from sapa.services.consents import CHILD_CARE, FAMILY_PLANNING, PREGNANCY_CARE, PREMARITAL, PURPOSES
from sapa.services.day_clock import MISSED
from sapa.services.dialogue import JOURNEYS
from tests.content.turns import LONG_NAME, VARIABLES, turns
from tests.content.turns_staff import STAFF_EXAMPLES

ROOT = Path(__file__).resolve().parents[2]
CONTENT = ROOT / "content" / "id"
FACTS = ROOT / "content" / "facts"
TODAY = date(2026, 11, 25)
LIBRARY = ContentLibrary.load(CONTENT, Facts(bot_whatsapp="+62 811-1234-5678"))

MAX_ANSWER, MAX_WHATSAPP = 770, 1024  # about 700 and a long name or two; the body limit of a message with buttons
MAX_SMS_PARTS = 2

# ---------------------------------------------------------------------------------------------------- families


def _child(name: str, months: int, days: int, sex: str | None = "F") -> dict[str, Any]:
    born = TODAY - timedelta(days=days)
    return {"name": name, "sex": sex, "birth_date": born, "age_months": months, "age_days": days}


NEWBORN = _child("Siti", 0, 3)
EIGHT = _child("Aisyah", 8, 257)
TWENTY = _child("Muhammad Rizki Ramadhan Al-Farisi", 20, 620, "M")
TEN = _child("Budi", 10, 310, None)
THREE_YEARS = _child("Kadek Ayu", 40, 1225)
SCHOOL = _child("Yohanes", 61, 1870, "M")
MELATI = {"name": "Melati", "facility": None}
LONG = {
    "name": "Posyandu Anggrek Bulan Sejahtera Dusun Karangploso Wetan",
    "facility": {"name": "Puskesmas Pembantu Desa Karangploso Kecamatan Wonosari", "phone": "+62 812-3456-78901"},
}

FAMILIES: Mapping[str, Mapping[str, Any]] = {
    "unknown": {},
    "newborn": {"child": NEWBORN, "children": [NEWBORN], "registered": True, "posyandu": MELATI},
    "8 months": {"child": EIGHT, "children": [EIGHT], "registered": True, "posyandu": LONG},
    "10 months": {"child": TEN, "children": [TEN], "registered": True, "posyandu": MELATI},
    "20 months, no posyandu": {"child": TWENTY, "children": [TWENTY], "registered": True},
    "3 years": {"child": THREE_YEARS, "children": [THREE_YEARS], "registered": True, "posyandu": MELATI},
    "5 years": {"child": SCHOOL, "children": [SCHOOL], "registered": True, "posyandu": MELATI},
    "two children": {"child": EIGHT, "children": [EIGHT, TWENTY], "registered": True, "posyandu": LONG},
    "pregnant, 9 weeks": {"gestational_week": 9, "trimester": 1, "posyandu": LONG},
    "pregnant, 20 weeks": {"gestational_week": 20, "trimester": 2, "posyandu": MELATI},
    "pregnant, 33 weeks": {"gestational_week": 33, "trimester": 3},
    "breastfeeding, heksavalen": {"child": EIGHT, "breastfeeding": True, "vaccine_profile": "heksavalen"},
}

# ------------------------------------------------------------------------------- what a text needs besides the family

_LATE = ["OPV2", "OPV3", "OPV4", "DPTHBHIB1", "DPTHBHIB2", "DPTHBHIB3", "PCV1", "PCV2", "IPV1"]
_SESSION = {"date": "2026-12-03", "time": "08:00", "place": "Balai Warga RW 03, Dusun Karangploso Wetan"}


def _row(name: str, **changes: Any) -> dict[str, Any]:
    blank = {"name": name, "done": [], "next": None, "overdue": [], "ask": [], "session": None}
    return {**blank, **changes}


SCHEDULES: Mapping[str, list[dict[str, Any]]] = {
    "nobody": [],
    "newborn": [_row("Siti", next={"date": TODAY, "doses": ["HB0"]})],
    "on time": [
        _row("Aisyah", done=["HB0", "BCG", "OPV1"], next={"date": "2026-12-03", "doses": ["OPV2"]}, session=_SESSION)
    ],
    "late starter": [
        _row("Aisyah", overdue=_LATE, ask=["RV1", "RV2", "RV3"], next={"date": "2026-12-01", "doses": _LATE})
    ],
    "preterm": [_row("Siti", ask=["HB0", "BCG", *_LATE, "RV1", "RV2", "RV3", "MR1", "IPV2"])],
    "all done": [_row("Budi", done=["HB0", "BCG", *_LATE, "MR1", "IPV2", "PCV3", "DPTHBHIB4", "MR2"])],
    "two": [
        _row("Aisyah", done=["HB0"], overdue=_LATE[:3], next={"date": "2026-12-03", "doses": ["MR1", "IPV2"]}),
        _row(LONG_NAME, ask=["PCV3"], next={"date": "2026-12-20", "doses": ["MR2"]}, session=_SESSION),
    ],
}

_FOUR = ["DPTHBHIB3", "OPV4", "IPV1", "RV3"]
TOLD: Mapping[str, list[dict[str, Any]]] = {
    "one": [{"name": "Aisyah", "doses": _FOUR, "vitamin_a": None, "deworming": False}],
    "only weighed": [{"name": "Budi", "doses": [], "vitamin_a": None, "deworming": False}],
    "twins": [{"name": f"{LONG_NAME} {n}", "doses": _FOUR, "vitamin_a": "biru", "deworming": True} for n in "AB"],
    "late": [{"name": LONG_NAME, "doses": [*_LATE, "MR1"], "vitamin_a": "merah", "deworming": True}],
    "three": [{"name": n, "doses": ["MR1"], "vitamin_a": None, "deworming": False} for n in ("Ani", LONG_NAME, "Edo")],
}
ALSO = [
    {"kind": "session", "posyandu": "Melati", **_SESSION, "children": TOLD["one"]},
    {"kind": "dose", "date": "2026-12-05", "children": [{"name": "Budi", "doses": ["PCV3"]}]},
]

# Values of variables that mean the same wherever they are used; tests/content/turns.py has those of one conversation.
OWN_VARS: Mapping[str, list[Any]] = {
    "child_name": [LONG_NAME, None],
    "child_sex": ["M", "F", None],
    "child_birth_date": ["2026-03-10"],
    "child_posyandu": ["-", LONG["name"]],
    "child_special_care": [False, True],
    "options": [[f"Posyandu Anggrek Bulan Sejahtera {n}" for n in range(1, 9)], []],
    "special_care": [False, True],
    "due_now": [[], ["BCG", "OPV1"], _LATE],
    "next": [None, {"date": "2026-12-03", "doses": _FOUR, "place": _SESSION["place"]}],
    "sessions": [None, [], [_SESSION, {**_SESSION, "date": "2027-01-07"}]],
    "title": ["Susu formula, UHT, dan kental manis untuk anak di atas satu tahun", None],
    "doses": [["MR1"], None],
    "date": ["2026-12-03"],
    "time": ["08:00"],
    "place": [_SESSION["place"]],
    "days": [3, 1, 0],
    "facility": [None, LONG["facility"]["name"]],
    "also": [[], ALSO],
    "profile": ["pentavalen", "heksavalen"],
    "language": [None, "en", "jv", "mly", "ar"],
    "about": [None, "umum", "hamil", "bayi-anak", "kejiwaan", "kekerasan"],
}
# Reminders of a day that must not be missed. The others advise: they state facts, so they wait for their review.
APPOINTMENTS = frozenset(
    f"pengingat/{name}"
    for name in ("posyandu", "posyandu-besok", "imunisasi", "imunisasi-sudah")
    + ("hamil/periksa", "hamil/periksa-sudah", "nifas/kunjungan")
)
NULLABLE = {"next", "child_sex", "sessions"}  # always given, but may be unknown
BY_KIND = {"children", "posyandu"}  # of another shape in reminders than in a family's facts


def _choices(item: ContentItem) -> Iterator[dict[str, Any]]:
    """Values for a text's own variables: every value of every variable at least once."""
    names = [var.name for var in item.vars if var.name not in BY_KIND]
    optional = NULLABLE | {var.name for var in item.vars if not var.required}
    own = {name: [v for v in some if v is not None or name in optional] for name, some in OWN_VARS.items()}
    special: list[Any] = [{}]
    if item.id.startswith("imunisasi/"):
        special = [{"children": rows} for rows in SCHEDULES.values()]
    elif BY_KIND & {var.name for var in item.vars}:
        special = [{"children": rows, "posyandu": LONG["name"]} for rows in TOLD.values()]
    elif item.id == "dialog/catat-imunisasi/tercatat":
        special = [{"children": TOLD["one"]}, {"children": TOLD["twins"]}, {"children": ["Aisyah"], "doses": _FOUR}]
    elif item.id == "dialog/catat-imunisasi/sudah-ada":
        special = [
            {"children": [{**row, "date": "2026-11-02"} for row in rows]} for rows in (TOLD["one"], TOLD["late"])
        ]
    for extra in special:
        for picked in turns(item.id, names, own):
            yield {**picked, **extra}


@cache
def renderings(content_id: str) -> tuple[tuple[str, str, Rendered], ...]:
    """Every rendering of one text: (family, channel, result)."""
    item = LIBRARY.get(content_id)
    return tuple(
        (family, channel, LIBRARY.render(content_id, channel, TODAY, **{**facts, **own}))
        for family, facts in FAMILIES.items()
        for own in _choices(item)
        for channel in ("whatsapp", "sms")
    )


@cache
def texts(content_id: str, channel: str) -> set[str]:
    return {rendered.text for _, on, rendered in renderings(content_id) if on == channel}


every_text = pytest.mark.parametrize("content_id", LIBRARY.ids())
ITEMS = [LIBRARY.get(content_id) for content_id in LIBRARY.ids()]
# What is said in passing; the rest answers a question that somebody may ask.
_NO_TOPICS = ("dialog/", "bahaya/", "pengingat/", "kader/", "siar/", "kasus/", "posyandu-hari/")
TOPICS = [item for item in ITEMS if not item.id.startswith(_NO_TOPICS)]

# ----------------------------------------------------------------------------------------------------- every text


def test_every_variable_a_text_declares_is_tried_here() -> None:
    for item in ITEMS:
        assert list(_choices(item)), item.id
        for picked in _choices(item):
            assert {var.name for var in item.vars if var.required} <= picked.keys() | BY_KIND, item.id


def test_no_value_is_kept_here_for_a_text_that_is_gone() -> None:
    folders = {content_id.rpartition("/")[0] for content_id in LIBRARY.ids()}
    assert set(VARIABLES) <= folders | set(LIBRARY.ids())


@every_text
def test_it_renders_for_every_family_on_both_channels(content_id: str) -> None:
    for family, channel, rendered in renderings(content_id):
        assert rendered.text, (family, channel)
        assert rendered.content_id == content_id


# Words of Python, template marks, ISO dates, ids of doses and visits (HB0 is what the KIA book itself says).
_MACHINERY = re.compile(r"None|Undefined|True|False|[{}<>]|\b\d{4}-\d\d-\d\d\b|\b(?!HB0)[A-Z]{2,}\d\b|_")
# An SMS that lists many doses writes them as the columns of the KIA book do.
_BOOK_SHORT = re.compile(r"\b(?:DPT|PCV|IPV|MR|RV|JE)\d\b")


@every_text
def test_nothing_of_the_machinery_shows(content_id: str) -> None:
    for channel in ("whatsapp", "sms"):
        for text in texts(content_id, channel):
            if channel == "sms" and content_id.startswith("dialog/catat-imunisasi/"):
                text = _BOOK_SHORT.sub("", text)
            text = re.sub(r"https://\S+", "", text)
            assert not _MACHINERY.search(text), text


@every_text
def test_it_is_set_cleanly(content_id: str) -> None:
    for channel in ("whatsapp", "sms"):
        for text in texts(content_id, channel):
            assert text == text.strip()
            # A line may begin further in, under the line it belongs to.
            assert not re.search(r"(?<!\n) {2}(?! )| [.,;:!?]( |$)|\n{3}|,,|\.\.|, *\.|:\s*$|\( ", text), text
            assert text.count("*") % 2 == 0, text


@every_text
def test_sms_fits_two_parts_of_the_plain_alphabet(content_id: str) -> None:
    for text in texts(content_id, "sms"):
        assert gsm7_unsupported(text) == "", text
        assert sms_parts(text) <= MAX_SMS_PARTS, (len(text), text)


@pytest.mark.parametrize("content_id", [item.id for item in ITEMS if not item.vars])
def test_the_source_of_an_sms_is_written_in_the_plain_alphabet(content_id: str) -> None:
    """Folding is for names of people; a dash or quote that it has to mend in our own sentence is a slip."""
    assert gsm7_unsupported(LIBRARY.get(content_id).bodies["sms"]) in ("", "{}"), content_id


@every_text
def test_whatsapp_stays_short_enough_to_be_read(content_id: str) -> None:
    item = LIBRARY.get(content_id)
    live = item.id in ("imunisasi/jadwal", "imunisasi/terlambat") or item.kind is Kind.REMINDER or bool(item.vars)
    for text in texts(content_id, "whatsapp"):
        own = text.split("\n\nMau tahu juga?")[0]
        assert len(own) <= (MAX_WHATSAPP if live else MAX_ANSWER), (len(own), own)
        assert len(text) <= MAX_WHATSAPP, (len(text), text)


@every_text
def test_bold_is_used_sparingly(content_id: str) -> None:
    for text in texts(content_id, "whatsapp"):
        assert text.count("*") // 2 <= 8, text


JARGON = (
    r"antropometri z-?score preeklampsia eklampsia hipertensi hipotensi neonatus neonatal fasyankes faskes nakes KIPI"
    r" MKJP AKDR AKBK intususepsi pertusis laktasi amenore komplementer kontraindikasi fundus antigen imunodefisiensi"
    r" asupan edukasi kognitif defisiensi elemental HPHT HPL ANC mikronutrien makronutrien suplementasi stimulasi"
    r" dehidrasi konvulsi febris ikterus afebris oral parenteral higiene sanitasi prevalensi intervensi rujukan"
    r" responsif adekuat terintegrasi optimal signifikan sasaran MTBS tatalaksana dosis antibodi"
)


@every_text
def test_no_jargon(content_id: str) -> None:
    pattern = re.compile(rf"\b({'|'.join(JARGON.split())})\b", re.IGNORECASE)
    for channel in ("whatsapp", "sms"):
        for text in texts(content_id, channel):
            assert not (found := pattern.search(text)), (found, text)


# ------------------------------------------------------------------------------------------------------- figures

_FIGURE = re.compile(r"\d+(?:[.,]\d+)*(?:/\d+)?")
# Figures that are no facts: an example of what to write.
EXAMPLES: Mapping[str, set[str]] = {
    "dialog/salam": {"9"},
    "dialog/bantuan": {"8"},
    "dialog/daftar-anak/tanya-tanggal-lahir": {"12"},
    "dialog/daftar-anak/tanggal-perlu-lengkap": {"12"},
    "dialog/daftar-anak/tanggal-tidak-terbaca": {"12", "5"},
    "dialog/catat-imunisasi/belum": {"12"},
    "dialog/catat-imunisasi/tanya-tanggal": {"12"},
    "dialog/catat-imunisasi/tidak-ada": {"12"},
    "dialog/catat-imunisasi/tidak-jadi": {"12"},
    "dialog/catat-imunisasi/tanggal-kurang-lengkap": {"5"},
    "dialog/catat-imunisasi/tanya-kunjungan": {"5", "7"},
    "dialog/catat-imunisasi/ubah-apa": {"12", "2", "5"},
    "dialog/catin/berapa-hasilnya": {"11.8", "24"},
    "dialog/catin/sudah-terdaftar": {"12", "14"},
    "dialog/catin/tanya-tanggal": {"14"},
    "dialog/catin/tanya-td": {"2", "3"},
    "dialog/catin/td-berapa": {"3", "5"},
    "dialog/catin/ubah-apa": {"11.5", "48", "14"},
    "dialog/timbang/belum-ditimbang": {"8.2"},
    "dialog/timbang/tanya-berat": {"8.2"},
    "dialog/timbang/tanya-panjang": {"72.5"},
    "dialog/timbang/tanya-tanggal": {"10"},
    "dialog/timbang/ubah-apa": {"8.4", "10"},
    "dialog/timbang/hasil": {"8.2"},
    "pengingat/catin/data-belum": {"11.5"},
    "pengingat/catin/tambah-gizi": {"23"},
    "pengingat/catin/timbang-ulang": {"23", "46"},
    "pengingat/imunisasi-sudah": {"12"},
    **STAFF_EXAMPLES,
}


def _figures(text: str) -> set[str]:
    return {figure.replace(",", ".") for figure in _FIGURE.findall(text)}


def _own_words(source: str) -> str:
    """A text's source without its Jinja: what stands there for every family."""
    return re.sub(r"{%.*?%}|{{.*?}}", " ", source, flags=re.DOTALL)


@every_text
def test_every_figure_stands_in_a_fact_sheet_the_text_names(content_id: str) -> None:
    item = LIBRARY.get(content_id)
    known = {figure for name in item.facts for figure in _figures((FACTS / name).read_text(encoding="utf-8"))}
    for channel, source in item.bodies.items():
        unknown = _figures(_own_words(source)) - known - EXAMPLES.get(content_id, set())
        assert not unknown, f"{channel}: {sorted(unknown)} in none of {list(item.facts)}"


def test_shared_passages_hold_no_figures() -> None:
    for path in (CONTENT / "_bagian").glob("*.md"):
        assert not _figures(_own_words(path.read_text(encoding="utf-8"))), path.name


_MEDICINE = re.compile(
    r"obat|para[cs]etamol|ibuprofen|antibioti|oralit|zinc|penurun panas|albendazol|sirup", re.IGNORECASE
)
_AMOUNT = re.compile(r"\d+ *(mg|ml|mcg|iu|cc|tetes|sendok|tablet|kapsul|butir|bungkus|sachet|kali)\b", re.IGNORECASE)


@every_text
def test_no_text_gives_a_drug_dose(content_id: str) -> None:
    for channel in ("whatsapp", "sms"):
        for text in texts(content_id, channel):
            assert not re.search(r"\d *(mg|mcg|iu|cc)\b", text, re.IGNORECASE), text
            for sentence in re.split(r"[.!?;\n]", text):
                if _MEDICINE.search(sentence):
                    assert not _AMOUNT.search(sentence), sentence


# ---------------------------------------------------------------------------------------------------------- heads


@cache
def known_sources() -> frozenset[str]:
    """Ids of the source list: first cells of its tables, and the list of what could not be read."""
    text = (FACTS / "README.md").read_text(encoding="utf-8").split("## Daftar sumber")[1]
    cells = [line.split("|")[1] for line in text.splitlines() if line.startswith("|")]
    unread = text.split("### Tidak diverifikasi online")[1]
    return frozenset(re.findall(r"[A-Z0-9][A-Z0-9-]+", " ".join(cells) + " " + unread.split("Disebut ada")[0]))


@every_text
def test_its_sources_are_in_the_source_list(content_id: str) -> None:
    assert set(LIBRARY.get(content_id).sources) <= known_sources()


@every_text
def test_a_text_that_names_telephone_numbers_is_reviewed_every_three_months(content_id: str) -> None:
    """facts/layanan.yml, hotline_rule."""
    item = LIBRARY.get(content_id)
    if "layanan.yml" in item.facts:
        assert item.review_by - item.reviewed_on <= timedelta(days=92)


def test_no_text_claims_to_be_signed_off_before_a_health_worker_has_done_so() -> None:
    assert {item.status for item in ITEMS} == {"belum disahkan"}


def test_titles_tell_topics_apart_because_people_choose_by_them() -> None:
    titles = [item.title.casefold() for item in TOPICS]
    assert len(titles) == len(set(titles))
    assert max(map(len, titles)) <= 40


# ------------------------------------------------------------------------------------------------------ catalogue


@cache
def catalogue() -> dict[str, dict[str, Any]]:
    data = yaml.safe_load((ROOT / "content" / "topics.yml").read_text(encoding="utf-8"))
    return {topic["id"]: topic for topic in data["topics"]}


@pytest.mark.parametrize("item", TOPICS, ids=lambda item: item.id)
def test_a_topic_is_in_the_catalogue_and_is_an_answer(item: ContentItem) -> None:
    assert item.id in catalogue()
    assert item.kind is Kind.ANSWER


@pytest.mark.parametrize("item", TOPICS, ids=lambda item: item.id)
def test_a_topic_with_figures_takes_them_from_the_sheet_the_catalogue_names(item: ContentItem) -> None:
    if any(_figures(_own_words(source)) for source in item.bodies.values()):
        assert catalogue()[item.id]["fakta"] in item.facts


@pytest.mark.parametrize(
    "content_id", ["anak/demam", "anak/diare-muntah", "imunisasi/efek-samping", "hamil/tanda-bahaya", "dialog/keluhan"]
)
def test_a_text_about_symptoms_says_when_and_where_to_go(content_id: str) -> None:
    for channel in ("whatsapp", "sms"):
        for text in texts(content_id, channel):
            assert re.search(r"segera|hari ini", text, re.IGNORECASE), text
            assert "119" in text and "puskesmas" in text, text


def test_the_question_about_a_danger_says_where_to_go_before_it_is_answered() -> None:
    for channel in ("whatsapp", "sms"):
        for text in texts("bahaya/tanya", channel):
            assert re.search(r"119|129", text) and re.search(r"balas \*?YA\*? atau \*?TIDAK\*?", text, re.IGNORECASE)
            assert re.search(r"jangan (menunggu|sendirian)|pergi ke tempat", text), text


@pytest.mark.parametrize(
    "content_id", [item.id for item in ITEMS if item.kind is Kind.DANGER and item.id != "bahaya/tanya"]
)
def test_an_emergency_text_gives_a_number_and_says_that_somebody_is_told(content_id: str) -> None:
    for channel in ("whatsapp", "sms"):
        for text in texts(content_id, channel):
            assert "119" in text.split(". Ini bukan")[0] and "beri tahu" in text, text
            assert not re.search(r"terima kasih|selamat|halo", text, re.IGNORECASE), text


@pytest.mark.parametrize("content_id", ["bahaya/umum", "bahaya/hamil", "bahaya/bayi-anak"])
def test_an_emergency_text_names_the_nearest_facility_where_it_is_known(content_id: str) -> None:
    for family, channel, rendered in renderings(content_id):
        known = (FAMILIES[family].get("posyandu") or {}).get("facility")
        assert ("Puskesmas Pembantu" in rendered.text) == bool(known), (family, channel)


@pytest.mark.parametrize("content_id", [item.id for item in ITEMS if item.kind is Kind.REMINDER])
def test_a_reminder_names_the_kia_book_and_the_way_out(content_id: str) -> None:
    for channel in ("whatsapp", "sms"):
        for text in texts(content_id, channel):
            assert "Buku KIA" in text or content_id not in APPOINTMENTS
            assert ("STOP" in text) if channel == "whatsapp" else ("+62 811-1234-5678" in text), text
            assert re.search("berhenti", text, re.IGNORECASE), text


def test_a_reminder_does_not_stop_because_the_review_of_an_answer_is_late() -> None:
    """They state no medical figure, so they are not clinical: a late review must not cost a child its vaccine."""
    assert not [item.id for item in ITEMS if item.id in APPOINTMENTS and item.clinical]


def test_an_emergency_text_is_sent_whatever_its_review_date() -> None:
    rendered = LIBRARY.render("bahaya/umum", "whatsapp", date(2099, 1, 1))
    assert (rendered.content_id, rendered.replaces) == ("bahaya/umum", None)


def test_every_clinical_answer_hands_over_after_its_review_date() -> None:
    clinical = [item for item in ITEMS if item.clinical]
    assert len(clinical) > 20
    for item in clinical:
        rendered = LIBRARY.render(item.id, "whatsapp", item.review_by + timedelta(days=1))
        assert (rendered.content_id, rendered.kind, rendered.replaces) == (
            "dialog/perlu-ditinjau",
            Kind.HANDOVER,
            item.id,
        )
        assert item.title in rendered.text


# What is kept for each purpose, who sees it; a seat is that of a relative who follows a family from an own phone.
CONSENTS: Mapping[str, tuple[str, str, str]] = {
    CHILD_CARE: ("minta", "nama kelamin lahir imunisasi berat tinggi percakapan nomor", "kader bidan"),
    PREGNANCY_CARE: ("hamil", "haid lahir periksa melahirkan posyandu percakapan nomor", "kader bidan"),
    FAMILY_PLANNING: ("kb", "cara tanggal kembali percakapan nomor", "pasangan keluarga kader"),
    PREMARITAL: ("catin", "umur berat tinggi Hb Td percakapan nomor", "kader bidan pasangan"),
}
SEAT_CONSENT = ("dialog/kursi/persetujuan", "nomor hubungan percakapan", "keluarga kader bidan")
CONSENT_TEXTS = [*((f"dialog/persetujuan/{name}", *rest) for name, *rest in CONSENTS.values()), SEAT_CONSENT]


def test_there_is_a_consent_text_for_every_purpose() -> None:
    asked = {journey.purpose: journey.consent_text for journey in JOURNEYS.values() if journey.purpose}
    assert asked == {purpose: f"dialog/persetujuan/{CONSENTS[purpose][0]}" for purpose in PURPOSES}


@pytest.mark.parametrize(("content_id", "kept", "seen_by"), CONSENT_TEXTS)
def test_a_consent_text_says_all_the_law_asks_for(content_id: str, kept: str, seen_by: str) -> None:
    """UU 27/2022: what is kept, what for, who sees it, how to withdraw it and to have the data erased."""
    item = LIBRARY.get(content_id)
    assert item.consent_version, "what was agreed to must be known later"
    assert [button["payload"] for button in item.buttons] == ["setuju", "tidak"]
    for channel in ("whatsapp", "sms"):
        for text in texts(item.id, channel):
            for word in (*kept.split(), *seen_by.split(), "impan", "meng|memantau|rencana", "STOP", "HAPUS DATA"):
                assert re.search(word, text, re.IGNORECASE), (word, text)
            assert re.search(r"balas \*?setuju\*? atau \*?tidak", text, re.IGNORECASE), text
            if channel == "whatsapp":
                for heading in ("Yang kami simpan", "Gunanya", r"Yang (bisa melihat|tahu)"):
                    assert re.search(rf"\*{heading}:\*", text), text


# ------------------------------------------------------------------------------------------------ delicate subjects

# What may not be read over her shoulder: nothing in a reminder of contraception says what it is about.
_TELLTALE = re.compile(
    r"\b(KB|keluarga berencana|kontrasepsi|suntik\w*|pil|tablet|implan|susuk|spiral|IUD|AKDR|kondom|steril|vasektomi"
    r"|MAL|hamil|kehamilan|haid|menyusui|melahirkan|nifas|anak|bayi|jarak|pasang|lepas|obat)\b",
    re.IGNORECASE,
)


@pytest.mark.parametrize("item", [item for item in ITEMS if item.id.startswith("pengingat/kb/")], ids=lambda i: i.id)
def test_a_reminder_of_contraception_is_neutral(item: ContentItem) -> None:
    for words in (item.title, item.template or "", *(button["title"] for button in item.buttons)):
        assert not _TELLTALE.search(words.replace("_", " ")), words
    assert not item.next
    for channel in ("whatsapp", "sms"):
        for text in texts(item.id, channel):
            assert not (found := _TELLTALE.search(text)), (found, text)
            # The same words whoever reads: no name, no posyandu, no child.
            assert not re.search(r"Aisyah|Siti|Melati|Anggrek|Ibu\b", text), text


def test_campaigns_of_contraception_go_to_her_alone_with_neutral_words() -> None:
    rows = [message for campaign in campaigns().all if campaign.topic == "kb" for message in campaign.messages]
    assert rows
    for message in rows:
        assert (message.to, message.content.rpartition("/")[0]) == (SELF, "pengingat/kb"), message.id


def test_no_message_for_fathers_speaks_of_contraception() -> None:
    for item in ITEMS:
        if item.id.startswith("pengingat/ayah/"):
            for text in texts(item.id, "whatsapp") | texts(item.id, "sms"):
                assert not re.search(r"\b(KB|kontrasepsi|kondom|pil|suntik)\b", text), text


_JOLLY = re.compile(
    r"selamat|semangat|hore|hebat|senang|asyik|mantap|ceria|!|[\u2600-\u27bf\U0001f000-\U0001faff]", re.I
)


@pytest.mark.parametrize("content_id", [i.id for i in ITEMS if i.id.startswith("dialog/duka")])
def test_words_in_grief_are_quiet(content_id: str) -> None:
    item = LIBRARY.get(content_id)
    assert not item.next
    for words in (item.title, *texts(content_id, "whatsapp"), *texts(content_id, "sms")):
        assert not (found := _JOLLY.search(words)), (found, words)


@pytest.mark.parametrize("content_id", ["dialog/duka", "dialog/duka/anak", "dialog/duka/ibu", "dialog/duka/kandungan"])
def test_the_first_words_in_grief_stop_messages_tell_a_human_and_can_be_taken_back(content_id: str) -> None:
    for channel in ("whatsapp", "sms"):
        for text in texts(content_id, channel):
            assert text.startswith("Kami turut berduka"), text
            for word in ("hentikan", "Kader atau bidan", "119", "SALAH"):
                assert word in text, (word, text)


_ILLNESS = re.compile(
    r"stunting|gizi buruk|gizi kurang|obes|anemia|KEK\b|pre-?eklamp|diabetes|depresi|baby blues|penyakit", re.IGNORECASE
)


@pytest.mark.parametrize(
    "content_id", [i.id for i in ITEMS if i.id.startswith(("dialog/timbang/", "dialog/catin/", "pengingat/"))]
)
def test_no_result_and_no_message_names_an_illness(content_id: str) -> None:
    for text in texts(content_id, "whatsapp") | texts(content_id, "sms"):
        assert not (found := _ILLNESS.search(text)), (found, text)


# ------------------------------------------------------------------------------------------------ campaigns


@cache
def campaigns() -> Campaigns:
    return load_campaigns(CONTENT / "campaigns")


def test_every_text_of_a_campaign_exists_and_is_a_reminder() -> None:
    for campaign, message in campaigns().messages():
        assert message.content in LIBRARY.ids(), (campaign.id, message.id)
        assert LIBRARY.get(message.content).kind is Kind.REMINDER, (campaign.id, message.id)


def test_every_reminder_is_sent_by_a_campaign_or_on_the_day_itself() -> None:
    sent = {message.content for _, message in campaigns().messages()} | {MISSED}
    assert {item.id for item in ITEMS if item.kind is Kind.REMINDER} - sent == set()


def test_a_text_names_the_fact_sheets_and_sources_its_campaign_answers_for() -> None:
    for campaign, message in campaigns().messages():
        item = LIBRARY.get(message.content)
        assert set(item.facts) <= set(campaign.facts), (campaign.id, message.id)
        assert set(campaign.sources) <= known_sources(), campaign.id


def test_a_message_that_goes_by_the_day_has_no_figure_that_is_wrong_some_days_later() -> None:
    """ "3 hari lagi" is worked out when it goes out; a written one would be wrong on every day of its slack."""
    for _, message in campaigns().messages():
        for source in LIBRARY.get(message.content).bodies.values():
            assert not re.search(r"\d+ hari lagi|\bbesok\b.*posyandu|minggu depan", _own_words(source)), message.id


# ------------------------------------------------------------------------------------------------ texts and code


_CODE = [path for folder in ("sapa", "bot", "actions", "scheduler", "web") for path in (ROOT / folder).rglob("*.py")]
_FULL_ID = re.compile(r'"((?:dialog|bahaya|pengingat|kader|siar|kasus|posyandu-hari)/[a-z][a-z0-9/-]*[a-z0-9])"')
_FOLDER_NAME = re.compile(
    r'^(_?[A-Z_]+) = "((?:dialog|bahaya|pengingat|kader|siar|kasus|posyandu-hari)/[a-z0-9/-]*/)"', re.MULTILINE
)


def _ids_named(source: str) -> set[str]:
    """Content ids a module names: whole, or as f"{FOLDER}text" and FOLDER + "text" with its own constants."""
    found = set(_FULL_ID.findall(source))
    for name, folder in _FOLDER_NAME.findall(source):
        joined = re.findall(rf'\{{{name}\}}([a-z0-9/-]*[a-z0-9])"', source)
        added = re.findall(rf'\b{name} \+ \(?"([a-z0-9/-]*[a-z0-9])"(?: if .*? else "([a-z0-9/-]*[a-z0-9])")?', source)
        found |= {folder + tail for tail in (*joined, *(one for pair in added for one in pair)) if tail}
    return found


@pytest.mark.parametrize("path", _CODE, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_text_that_code_names_exists(path: Path) -> None:
    assert _ids_named(path.read_text(encoding="utf-8")) <= set(LIBRARY.ids())


def test_every_text_of_a_conversation_is_said_somewhere() -> None:
    source = "\n".join(path.read_text(encoding="utf-8") for path in _CODE)
    for content_id in LIBRARY.ids():
        # Lessons are said in the order of their file names, whichever there are (sapa/services/lessons.py).
        if content_id.startswith(_NO_TOPICS) and not content_id.startswith(("pengingat/", "kader/pelajaran/")):
            last = content_id.rpartition("/")[2]
            assert f'"{content_id}"' in source or re.search(rf'["}}/]{re.escape(last)}"', source), content_id


def test_every_dose_of_the_schedule_has_a_name_mothers_know() -> None:
    doses = [row["id"] for row in yaml.safe_load((FACTS / "imunisasi.yml").read_text())["routine_schedule"]]
    names = yaml.safe_load((CONTENT / "kata" / "imunisasi.yml").read_text())["dosis"]
    assert len(doses) == 21
    assert set(names) == set(doses)
