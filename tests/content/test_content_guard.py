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
from sapa.messaging.sms import gsm7_unsupported, sms_parts
from sapa.messaging.states import Kind

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
_LONG_NAME = "Muhammad Rizki Ramadhan Al-Farisi"
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
        _row(_LONG_NAME, ask=["PCV3"], next={"date": "2026-12-20", "doses": ["MR2"]}, session=_SESSION),
    ],
}

_FOUR = ["DPTHBHIB3", "OPV4", "IPV1", "RV3"]
TOLD: Mapping[str, list[dict[str, Any]]] = {
    "one": [{"name": "Aisyah", "doses": _FOUR, "vitamin_a": None, "deworming": False}],
    "only weighed": [{"name": "Budi", "doses": [], "vitamin_a": None, "deworming": False}],
    "twins": [{"name": f"{_LONG_NAME} {n}", "doses": _FOUR, "vitamin_a": "biru", "deworming": True} for n in "AB"],
    "late": [{"name": _LONG_NAME, "doses": [*_LATE, "MR1"], "vitamin_a": "merah", "deworming": True}],
    "three": [{"name": n, "doses": ["MR1"], "vitamin_a": None, "deworming": False} for n in ("Ani", _LONG_NAME, "Edo")],
}
ALSO = [
    {"kind": "session", "posyandu": "Melati", **_SESSION, "children": TOLD["one"]},
    {"kind": "dose", "date": "2026-12-05", "children": [{"name": "Budi", "doses": ["PCV3"]}]},
]

OWN_VARS: Mapping[str, list[Any]] = {
    "child_name": [_LONG_NAME, None],
    "child_sex": ["M", "F", None],
    "child_birth_date": ["2026-03-10"],
    "child_posyandu": ["-", LONG["name"]],
    "child_special_care": [False, True],
    "options": [[f"Posyandu Anggrek Bulan Sejahtera {n}" for n in range(1, 9)], []],
    "special_care": [False, True],
    "due_now": [[], ["BCG", "OPV1"], _LATE],
    "next": [None, {"date": "2026-12-03", "doses": _FOUR, "place": _SESSION["place"]}],
    "contact_name": [None, "Ibu Rina"],
    "reminders_on": [True, False],
    "sessions": [None, [], [_SESSION, {**_SESSION, "date": "2027-01-07"}]],
    "title": ["Susu formula, UHT, dan kental manis untuk anak di atas satu tahun"],
    "doses": [["MR1"]],
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
NULLABLE = {"next", "child_sex", "sessions"}  # always given, but may be unknown
BY_KIND = {"children", "posyandu"}  # of another shape in reminders than in a family's facts


def _choices(item: ContentItem) -> Iterator[dict[str, Any]]:
    """Values for a text's own variables: every value of every variable at least once."""
    values = {
        var.name: [
            value for value in OWN_VARS[var.name] if value is not None or not var.required or var.name in NULLABLE
        ]
        for var in item.vars
        if var.name not in BY_KIND
    }
    rounds = max(map(len, values.values()), default=1)
    special: list[Any] = [None]
    if item.id.startswith("imunisasi/"):
        special = [{"children": rows} for rows in SCHEDULES.values()]
    elif item.id.startswith("pengingat/"):
        special = [{"children": rows, "posyandu": LONG["name"]} for rows in TOLD.values()]
    elif item.id == "dialog/catat-imunisasi/tercatat":
        special = [{"children": TOLD["one"]}, {"children": TOLD["twins"]}, {"children": ["Aisyah"], "doses": _FOUR}]
    for extra in special:
        for turn in range(rounds):
            # Walk the lists at different paces, so that they do not always meet in the same pairs.
            picked = {
                name: some[(turn + place * (turn // len(some))) % len(some)]
                for place, (name, some) in enumerate(values.items())
            }
            yield {**picked, **(extra or {})}


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


def texts(content_id: str, channel: str) -> set[str]:
    return {rendered.text for _, on, rendered in renderings(content_id) if on == channel}


every_text = pytest.mark.parametrize("content_id", LIBRARY.ids())
ITEMS = [LIBRARY.get(content_id) for content_id in LIBRARY.ids()]
TOPICS = [item for item in ITEMS if not item.id.startswith(("dialog/", "bahaya/", "pengingat/"))]

# ----------------------------------------------------------------------------------------------------- every text


def test_every_variable_a_text_declares_is_tried_here() -> None:
    assert {var.name for item in ITEMS for var in item.vars} <= OWN_VARS.keys() | BY_KIND


@every_text
def test_it_renders_for_every_family_on_both_channels(content_id: str) -> None:
    for family, channel, rendered in renderings(content_id):
        assert rendered.text, (family, channel)
        assert rendered.content_id == content_id


# Words of Python, template marks, ISO dates, dose ids (HB0 is what the KIA book itself says).
_MACHINERY = re.compile(r"None|Undefined|True|False|[{}<>]|\b\d{4}-\d\d-\d\d\b|\b(?!HB0)[A-Z]{2,}\d\b")


@every_text
def test_nothing_of_the_machinery_shows(content_id: str) -> None:
    for channel in ("whatsapp", "sms"):
        for text in texts(content_id, channel):
            assert not _MACHINERY.search(text), text


@every_text
def test_it_is_set_cleanly(content_id: str) -> None:
    for channel in ("whatsapp", "sms"):
        for text in texts(content_id, channel):
            assert text == text.strip()
            assert not re.search(r" {2}| [.,;:!?]( |$)|\n{3}|,,|\.\.|, *\.|:\s*$|\( ", text), text
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
    "pengingat/imunisasi-sudah": {"12"},
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
            assert "Buku KIA" in text
            assert ("STOP" in text) if channel == "whatsapp" else ("+62 811-1234-5678" in text), text
            assert re.search("berhenti", text, re.IGNORECASE), text


def test_a_reminder_does_not_stop_because_the_review_of_an_answer_is_late() -> None:
    """They state no medical figure, so they are not clinical: a late review must not cost a child its vaccine."""
    assert not [item.id for item in ITEMS if item.kind is Kind.REMINDER and item.clinical]


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


def test_the_consent_text_says_all_the_law_asks_for() -> None:
    """UU 27/2022: who, what, what for, who sees it, how to withdraw it and to have the data erased."""
    item = LIBRARY.get("dialog/persetujuan/minta")
    assert item.consent_version == 1
    for channel in ("whatsapp", "sms"):
        for text in texts(item.id, channel):
            for word in (
                "Sapa Keluarga",
                "impan",
                "nama",
                "lahir",
                "imunisasi",
                "nomor",
                "kader",
                "bidan",
                "STOP",
                "HAPUS",
            ):
                assert word in text, (word, text)


@pytest.mark.parametrize("folder", ["sapa", "bot", "actions", "scheduler", "web"])
def test_every_text_that_code_names_exists(folder: str) -> None:
    named = re.compile(r'"((?:dialog|bahaya|pengingat)/[a-z][a-z/-]*[a-z])"')
    for path in (ROOT / folder).rglob("*.py"):
        missing = set(named.findall(path.read_text(encoding="utf-8"))) - set(LIBRARY.ids())
        assert not missing, f"{path.relative_to(ROOT)}: {sorted(missing)}"


def test_every_dose_of_the_schedule_has_a_name_mothers_know() -> None:
    doses = [row["id"] for row in yaml.safe_load((FACTS / "imunisasi.yml").read_text())["routine_schedule"]]
    names = yaml.safe_load((CONTENT / "kata" / "imunisasi.yml").read_text())["dosis"]
    assert len(doses) == 21
    assert set(names) == set(doses)
