"""What conversations hand to their texts, in the shapes the code hands it over: the guard tries every text with these.

`VARIABLES` maps a folder of texts, or one text, to the values of their variables; the nearer place wins. What is only
ever said together stands in one bundle under "*". Names and places are as long as they come.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from sapa.family.contraception import methods
from sapa.family.growth import Doubt
from sapa.family.people import Screening, Sex, Wedding
from sapa.family.reading.rights import TOPICS
from sapa.family.screening import ITEMS, SHARED, review, wedding_gaps
from sapa.services.consents import PURPOSES
from sapa.services.screening_results import own_sex, plan_vars, results, rows, spoken
from tests.content.turns_staff import STAFF_VARIABLES

BUNDLE = "*"
MOST_TURNS = 60

YES_NO = [True, False]
LONG_NAME = "Muhammad Rizki Ramadhan Al-Farisi"
LONG_PLACE = "Posyandu Anggrek Bulan Sejahtera Dusun Karangploso Wetan"
_LONG_HALL = "Balai Warga RW 03, Dusun Karangploso Wetan"
_MANY = [f"Posyandu Anggrek Bulan Sejahtera {n}" for n in range(1, 9)]
_DAY, _SOON, _LATER = "2026-11-20", "2026-12-03", "2026-12-07"
_SESSION = {"date": _SOON, "time": "08:00", "place": _LONG_HALL}
_NINE = ["OPV2", "OPV3", "OPV4", "DPTHBHIB1", "DPTHBHIB2", "DPTHBHIB3", "PCV1", "PCV2", "IPV1"]
_FOUR = ["DPTHBHIB3", "OPV4", "IPV1", "RV3"]

Values = Mapping[str, Sequence[Any]]

# ------------------------------------------------------------------------------------------------ pregnancy and birth

_NEXT_CHECK = [
    None,
    {"date": _SOON, "from_bidan": True, "by": "bidan", "ultrasound": False, "overdue": False},
    {"date": _SOON, "from_bidan": False, "by": "dokter", "ultrasound": True, "overdue": True},
    {"date": _SOON, "from_bidan": False, "by": "dokter", "ultrasound": True, "overdue": False},
    {"date": _SOON, "from_bidan": False, "by": "bidan", "ultrasound": False, "overdue": True},
    {"date": _SOON, "from_bidan": False, "by": "bidan", "ultrasound": False, "overdue": False},
]
_WINDOWS = [None, {"from": _SOON, "to": _LATER, "baby": True}, {"from": _SOON, "to": _LATER, "baby": False}]
_LAST_DAY = {"from": _SOON, "to": _SOON, "baby": True}
_DATED = {"weeks_from": 22, "weeks_to": 22, "week": 22, "edd": "2027-03-28", "lmp": "2026-06-21"}
_PREGNANCY: Values = {
    BUNDLE: [
        {**_DATED, "estimate": False, "past_due": False},
        {**_DATED, "weeks_from": 17, "weeks_to": 21, "lmp": None, "estimate": True, "past_due": False},
        {**_DATED, "week": 41, "weeks_from": 41, "weeks_to": 41, "estimate": False, "past_due": True},
    ],
    "own": YES_NO,
    "multiple": YES_NO,
    "visits": [None, 0, 2],
    "place": [None, LONG_PLACE],
    "next": _NEXT_CHECK,
    "young": YES_NO,
    "changed": YES_NO,
    "edd": ["2027-03-28"],
}
_BORN: Values = {
    BUNDLE: [
        {"names": ["Budi"], "several": False, "unnamed": False},
        {"names": [], "several": False, "unnamed": True},
        {"names": [LONG_NAME, f"{LONG_NAME} B"], "several": True, "unnamed": False},
        {"names": [LONG_NAME], "several": True, "unnamed": True},
    ],
    "date": [_DAY],
    "early": YES_NO,
    "first_day": YES_NO,
    "small": YES_NO,
    "visit": [*_WINDOWS, _LAST_DAY],
    "babies": [
        [{"name": None, "sex": "M", "weight_g": 3200}],
        [{"name": LONG_NAME, "sex": None, "weight_g": None}, {"name": LONG_NAME, "sex": "F", "weight_g": 2300}],
        [{"name": None, "sex": None, "weight_g": None}] * 3,
    ],
}
_NEWBORN_NAMES = [["Budi"], [LONG_NAME, LONG_NAME]]

# ------------------------------------------------------------------------------------------------------------ weighing

_WEIGHED = {"weight": "12,75", "length": "104,25", "age_months": 30, "age_days": 930}
_GAINED = {"way": "naik", "amount": "1,25 kg", "since": "2026-10-12"}


def _weighing(judge: str = "standar", step: str = "lanjut", **said: Any) -> dict[str, Any]:
    classes = dict.fromkeys(("weight_class", "length_class", "shape_class", "kms", "change"))
    return {"hasil": {**_WEIGHED, **classes, "judge": judge, "step": step, **said}}


# Every combination is tried in tests/services/test_growth_texts.py.
_WEIGHINGS = [
    _weighing(weight_class="weight_normal", length_class="length_normal", kms="N", change=_GAINED),
    _weighing("standar", "segera", weight_class="severely_underweight", shape_class="severely_wasted", kms="T"),
    _weighing("standar", "periksa", weight_class="underweight", length_class="stunted", shape_class="wasted"),
    _weighing("standar", "tunjukkan", weight_class="weight_risk", length_class="tall", shape_class="obese", kms="ask"),
    _weighing("petugas", "tunjukkan", change={**_GAINED, "way": "turun"}),
    _weighing("ragu", "periksa", change={**_GAINED, "way": "tetap"}),
    _weighing("umur", "tunjukkan"),
    _weighing("kelamin", "tunjukkan", length=None),
]
_DOUBTS = [
    {"about": about.value, "told": {"weight": "82", "length": "725"}, "meant": meant}
    for about, meant in itertools.product(
        Doubt, (None, {"weight": "8,2", "length": "72,5"}, {"weight": "8,2", "length": None})
    )
]

# ------------------------------------------------------------------------------------------------------------- couples

_TODAY = date(2026, 11, 25)
_FULL = {"age_years": 23, "weight_kg": 52.0, "height_cm": 155.0, "lila_cm": 24.0, "hb_g_dl": 12.4, "hb_on": _DAY}
_FULL |= {"smokes": False, "smoke_at_home": False, "td_status": "T5", "td_last_on": "2026-03-01", SHARED: True}
_POOR = {"age_years": 17, "weight_kg": 38.5, "height_cm": 158.5, "lila_cm": 21.5, "hb_g_dl": 9.8, "hb_on": _DAY}
_POOR |= {"smokes": True, "smoke_at_home": True, "td_status": "T2", "td_last_on": "2026-10-01"}
_HEAVY = {"age_years": 36, "weight_kg": 91.5, "height_cm": 155.0, "hb_g_dl": 10.1, "lila_cm": 33.0, "smokes": False}
_HIM = {"age_years": 26, "weight_kg": 61.0, "height_cm": 168.0, "smokes": True, SHARED: True}
_NOTHING: dict[str, Any] = dict.fromkeys(ITEMS[Sex.FEMALE])


def _couple(on: str | None, her: Mapping[str, Any], him: Mapping[str, Any]) -> Wedding:
    screenings = (Screening(Sex.FEMALE, her, "her", "f"), Screening(Sex.MALE, him, "", "m"))
    return Wedding(date.fromisoformat(on) if on else None, date(2026, 11, 21), screenings, "her", "w")


_COUPLES = [
    _couple("2027-03-14", _FULL, _HIM),
    _couple("2027-06-27", _POOR, {**_HIM, "age_years": 20, "weight_kg": 95.0}),
    _couple("2026-12-12", _POOR, _HIM),
    _couple("2026-11-26", _HEAVY, {"age_years": 18, "smokes": True}),
    _couple(None, _NOTHING, dict.fromkeys(ITEMS[Sex.MALE])),
    replace(_couple("2027-03-14", _POOR, {}), screenings=(Screening(Sex.FEMALE, _POOR, "her", "f"),)),
]
_RESULTS = [results(couple, "her", _TODAY) for couple in _COUPLES]


def _recorded(couple: Wedding) -> Iterator[dict[str, Any]]:
    """As after "Hb saya 11,2": the findings of what was told, by ones, twos and all of one partner's."""
    found, left = review(couple, _TODAY).findings, len(wedding_gaps(couple, "her"))
    written = {"writer": own_sex(couple, "her"), "gaps_left": left, "wedding_on": None}
    for few in (found[:1], found[1:3], found[2:7], ()):
        moved = {"wedding_moved": not few, "wedding_on": couple.date.isoformat() if couple.date else None}
        yield {**written, **moved, "findings": rows(few)}


def _summary(couple: Wedding, solo: bool) -> dict[str, Any]:
    people = []
    for screening in couple.screenings[: 1 if solo else 2]:
        yes_no = {True: "yes", False: "no"}
        told = [
            {"item": item, "value": yes_no[value] if isinstance(value, bool) else spoken(value)}
            for item in ITEMS[screening.partner]
            if item in screening.answers
            for value in [screening.answers[item]]
        ]
        people.append({"partner": screening.partner.value, "me": screening.partner is Sex.FEMALE, "rows": told})
    return {"wedding_on": couple.date.isoformat() if couple.date else None, "couple": people}


_BODY = [["age_years", "weight_kg", "height_cm"], ["weight_kg", "height_cm"], ["age_years"]]
_CHECKED = [["lila_cm", "hb_g_dl"], ["hb_g_dl"], ["lila_cm"]]
_SLIPS = [
    ("age_years", "231", "23"),
    ("weight_kg", "455", "45,5"),
    ("height_cm", "15,5", None),
    ("hb_g_dl", "112", "11,2"),
]
_MISSING = [
    ["hb_g_dl"],
    ["lila_cm", "hb_g_dl"],
    [*ITEMS[Sex.FEMALE], "wedding_date"],
    ["smoke_at_home", "td_last_on", "smokes"],
]

# ------------------------------------------------------------------------------------------ contraception, family, data

_METHODS = sorted(methods())
_RETURNS = [
    {"kb_return": "2027-01-15", "kb_late": False},
    {"kb_return": _DAY, "kb_late": True},
    {"kb_return": None, "kb_late": False},
]
_RELATIONS = ["ayah", "ibu", "nenek", "kakek", "lain"]
_PEOPLE = [
    {"names": ["Ibu Rina", ""], "relations": ["ibu", "ayah"]},
    {"names": [LONG_NAME] * 4, "relations": ["ibu", "ayah", "nenek", "lain"]},
    {"names": ["", "", ""], "relations": ["", "nenek", "kakek"]},
]
_CHANGES: Sequence[tuple[str, Any, Any]] = [
    ("nama", {"text": LONG_NAME}, {"text": f"{LONG_NAME} B"}),
    ("kelamin", None, {"sex": "F"}),
    ("kelamin", {"sex": "M"}, {"sex": "F"}),
    ("lahir", {"date": "2026-03-10"}, {"date": "2026-03-01"}),
    ("posyandu", {"text": LONG_PLACE}, {"text": LONG_PLACE}),
    ("posyandu", None, {"text": "Posyandu Melati"}),
    ("hpht", {"date": "2026-06-21"}, {"date": "2026-06-11"}),
    ("hpl", {"date": "2027-03-28"}, {"date": "2027-03-18"}),
    ("nama-saya", None, {"text": "Ibu Rina"}),
]
_OF_CHILD = ("nama", "kelamin", "lahir")
_STOPPED = {"topic": list(TOPICS), "purpose": list(PURPOSES)}

_KEPT_CHILD = {
    "name": LONG_NAME,
    "sex": None,
    "birth_date": "2026-03-10",
    "doses": [{"dose": "HB0", "given_on": "2026-03-10"}, {"dose": "BCG", "given_on": "2026-04-10"}],
    "measurements": [{"date": "2026-11-03", "weight_kg": 8.2, "lenhei_cm": None, "measure": None}],
}
_KEPT_NOTHING: dict[str, Any] = {
    "children": [],
    "posyandu": None,
    "contact_name": None,
    "reminders_on": True,
    **dict.fromkeys(("pregnancy", "postpartum", "wedding", "contraception")),
    "members": [],
    "consents": [],
    "stopped_topics": [],
}
_AGREED = [{"purpose": purpose, "granted": True, "on": _DAY, "wording": "..."} for purpose in PURPOSES]
_KEPT = [
    _KEPT_NOTHING,
    {
        **_KEPT_NOTHING,
        "children": [_KEPT_CHILD, {**_KEPT_CHILD, "name": "Siti", "sex": "F", "doses": [], "measurements": []}],
        "posyandu": {"name": LONG_PLACE},
        "contact_name": "Ibu Rina",
        "members": [{"relation": "ayah", "name": "Andi"}, {"relation": None, "name": None}],
        "consents": [_AGREED[0], {**_AGREED[1], "granted": False}],
        "stopped_topics": ["anak", "tips"],
        "reminders_on": False,
    },
    {
        **_KEPT_NOTHING,
        "pregnancy": {
            "lmp": "2026-06-21",
            "edd": "2027-03-28",
            "visits": [{"visit": "K1", "on": "2026-08-20"}, {"visit": "K2", "on": "2026-10-20"}],
            "outcome": None,
        },
        "contraception": {"method": "suntik_3_bulan", "last_date": _DAY, "return_on": "2027-02-12"},
        "consents": _AGREED,
    },
    {
        **_KEPT_NOTHING,
        "children": [_KEPT_CHILD],
        "pregnancy": {"lmp": "2026-01-21", "edd": "2026-10-28", "visits": [], "outcome": "birth"},
        "postpartum": {"birth_date": "2026-10-25", "visits": []},
    },
    {
        **_KEPT_NOTHING,
        "wedding": {"date": None, "answers": None},
        "contraception": {"method": "pil", "last_date": None, "return_on": None},
        "consents": [_AGREED[3]],
    },
]
_AGENDA_EMPTY: dict[str, Any] = {
    **dict.fromkeys(("pregnancy", "visit", "session", "wedding_on")),
    "children_ahead": [],
    "returns": [],
}
_AHEAD = {"name": LONG_NAME, "on": _SOON, "doses": _FOUR}
_AGENDAS = [
    {**_AGENDA_EMPTY, "pregnancy": {"week": 22, "edd": "2027-03-28", "next_on": _SOON, "from_bidan": True}},
    {**_AGENDA_EMPTY, "pregnancy": {"week": 39, "edd": "2026-12-02", "next_on": None, "from_bidan": False}},
    {**_AGENDA_EMPTY, "wedding_on": "2027-03-14", "returns": ["2027-01-15"]},
    {
        **_AGENDA_EMPTY,
        "visit": {"first_day": _SOON, "last_day": _LATER},
        "session": _SESSION,
        "children_ahead": [_AHEAD, {**_AHEAD, "doses": _NINE}, _AHEAD],
        "returns": ["2027-01-15"],
    },
    {
        **_AGENDA_EMPTY,
        "pregnancy": {"week": 22, "edd": "2027-03-28", "next_on": _SOON, "from_bidan": False},
        "session": _SESSION,
        "children_ahead": [_AHEAD],
    },
]

# -------------------------------------------------------------------------------------------------------- immunization


def _shown(names: Sequence[str], kind: str, doses: Sequence[str], **more: Any) -> dict[str, Any]:
    day = _DAY if kind == "given" else None
    return {"names": names, "kind": kind, "doses": doses, "date": day, "was": None, "reason": None, **more}


_PAGES = [
    [_shown(["Aisyah"], "given", ["BCG"])],
    [
        _shown([LONG_NAME, f"{LONG_NAME} B"], "given", _FOUR, reason="given_before_min_age"),
        _shown([LONG_NAME, f"{LONG_NAME} B"], "unknown", ["MR1"]),
    ],
    [
        _shown(["Aisyah"], "given", ["DPTHBHIB1", "OPV2"], was="2026-11-02", reason="given_too_soon_after_previous"),
        _shown(["Aisyah"], "given", ["OPV1"], reason="given_out_of_order"),
        _shown(["Budi"], "remove", ["BCG"], date="2026-10-02"),
        _shown(["Budi"], "remove", ["MR1"]),
    ],
]
_WRITTEN = [
    {"count": 1, "unknown": [], "removed": [], "check": False},
    {"count": 12, "unknown": _NINE, "removed": ["BCG", "MR1"], "check": True},
    {"count": 0, "unknown": [], "removed": ["BCG"], "check": False},
]

# ---------------------------------------------------------------------------------------------------------- everything

VARIABLES: Mapping[str, Values] = {
    "dialog/daftar-hamil": _PREGNANCY,
    "dialog/lahir": _BORN,
    "dialog/lahir/sudah-tercatat": {"names": _NEWBORN_NAMES},
    "dialog/lahir/nama-tercatat": {"names": _NEWBORN_NAMES},
    "dialog/lahir/nama-yang-mana": {"names": [["Bayi 1", "Bayi 2"]]},
    "dialog/periksa": {"date": [_DAY], "next": _NEXT_CHECK, "nifas": YES_NO},
    "dialog/periksa/kunjungan-tercatat": {
        BUNDLE: [{"mother": True, "baby": True}, {"mother": True, "baby": False}, {"mother": False, "baby": True}],
        "next": _WINDOWS,
    },
    "dialog/timbang": {
        "child_name": [LONG_NAME, "Ani"],
        "options": [["Ani", LONG_NAME, "Budi", "Citra", "Dewi"]],
        "date": [_DAY],
        "case": YES_NO,
        "rows": [
            [{"name": "Ani", "weight": "7,8", "length": None, "position": None}],
            [
                {"name": LONG_NAME, "weight": "12,75", "length": "104,25", "position": "H"},
                {"name": "Ani", "weight": "7,8", "length": "69", "position": "L"},
            ],
        ],
    },
    "dialog/timbang/hasil": {BUNDLE: _WEIGHINGS},
    "dialog/timbang/angka-janggal": {BUNDLE: _DOUBTS},
    "dialog/catin": {
        "was_registered": YES_NO,
        "asked_of": ["me", "F", "M"],
        "wedding_problem": [None, "past", "far", "vague", "none"],
    },
    "dialog/catin/hubung": {
        "partner_code": ["482913"],
        "code_until": ["2026-12-02T09:00:00+08:00"],
        "is_shared": YES_NO,
        "is_linked": YES_NO,
    },
    "dialog/catin/hasil": {BUNDLE: [dict(replies[0].vars) for replies in _RESULTS]},
    "dialog/catin/rencana": {
        BUNDLE: [
            *(dict(replies[1].vars) for replies in _RESULTS),
            plan_vars(_COUPLES[1], review(_COUPLES[1], date(2027, 6, 26)), date(2027, 6, 26)),
        ]
    },
    "dialog/catin/tercatat": {BUNDLE: [said for couple in _COUPLES for said in _recorded(couple)]},
    "dialog/catin/ringkasan": {BUNDLE: [_summary(couple, solo) for couple in _COUPLES for solo in YES_NO]},
    "dialog/catin/tanya-badan": {"asked_items": _BODY},
    "dialog/catin/tanya-periksa": {"asked_items": _CHECKED},
    "dialog/catin/tanya-td": {"asked_items": [["td_status", "td_last_on"], ["td_status"], ["td_last_on"]]},
    "dialog/catin/tanya-rokok": {
        BUNDLE: [
            {"smoke_of": whose, "smoke_home": home, "writer": writer}
            for writer, other in (("F", "M"), ("M", "F"))
            for whose, home in itertools.product(([], ["me"], [other], ["me", other]), YES_NO)
            if whose or home
        ]
    },
    "dialog/catin/periksa-angka": {
        BUNDLE: [{"doubt_item": item, "doubt_said": said, "doubt_suggestion": meant} for item, said, meant in _SLIPS]
    },
    "dialog/kb": {
        BUNDLE: _RETURNS,
        "kb_method": _METHODS,
        "kb_last": [None, _DAY],
        "kb_card": YES_NO,
        "kb_kept": YES_NO,
        "kb_reminded": YES_NO,
        "kb_dates": YES_NO,
        "kb_visited": [None, _DAY],
    },
    "dialog/kb/ganti-jenis": {"kb_method": ["pil", "suntik"]},
    "dialog/kb/tanya-jenis": {"kb_method": ["pil", "suntik"]},
    "dialog/kursi": {
        BUNDLE: _PEOPLE,
        "relation": [*_RELATIONS, None],
        "member_name": [None, LONG_NAME],
        "owner": YES_NO,
        "wedding": YES_NO,
        "pregnancy": YES_NO,
        "code": ["482913"],
        "why": ["salah", "lewat", "terpakai", "terlalu-sering"],
    },
    "dialog/kursi/selesai": {
        BUNDLE: [{"names": []}, {"names": ["Aisyah"]}, {"names": [LONG_NAME] * 3}],
        "relation": _RELATIONS,
    },
    "dialog/nomor": {"code": ["482913"], "ending": ["", "901"], "late": YES_NO},
    "dialog/nomor/kode-salah": {"why": ["salah", "lewat", "terpakai", "terlalu-sering"]},
    "dialog/pindah": {"options": [_MANY, []]},
    "dialog/pindah/konfirmasi": {
        "posyandu_name": [None, "Melati", LONG_PLACE],
        "province": [None, "Nusa Tenggara Timur"],
    },
    "dialog/pindah/selesai": {
        BUNDLE: [
            {"posyandu_name": None, "session": None, "province": "Nusa Tenggara Timur", "zone": "WITA"},
            {"posyandu_name": LONG_PLACE, "session": None, "province": None, "zone": "WIB"},
            {"posyandu_name": LONG_PLACE, "session": _SESSION, "province": None, "zone": "WIT"},
        ]
    },
    "dialog/duka": {"others": [[], ["Siti"], [LONG_NAME, "Siti", "Budi"]], "wait_days": [14]},
    "dialog/hapus": {
        "names": [[], ["Aisyah"], [LONG_NAME, LONG_NAME]],
        "shared": YES_NO,
        "receipt": ["HD-261122-9F86D081"],
        "day": [_DAY],
    },
    "dialog/data-saya": {
        BUNDLE: [
            {"what": what, "child_name": LONG_NAME if what in _OF_CHILD else None, "old": old, "new": new}
            for what, old, new in _CHANGES
        ],
        "names": [["Aisyah", LONG_NAME]],
        "fields": [["nama", "kelamin", "lahir", "posyandu", "hpht", "nama-saya"], ["posyandu", "nama-saya"]],
        "link": ["https://sapa.example.go.id/media/Xq3v0cPjvN4iFmGd1yB8kZ6tW2sR5hLa.html"],
        "hours": [24],
    },
    "dialog/data-saya/lahir-sesudah-suntik": {BUNDLE: [{"child_name": LONG_NAME, "day": "2026-04-10"}]},
    "dialog/berhenti": _STOPPED,
    "dialog/bukan-saya": {"known": YES_NO, "stopped": YES_NO},
    "dialog/profil": {BUNDLE: _KEPT},
    "dialog/jadwal-saya": {BUNDLE: _AGENDAS},
    "dialog/catat-imunisasi": {
        "child_name": [LONG_NAME, "Ani"],
        "child_birth_date": ["2026-03-10"],
        "names": [["Aisyah"], [LONG_NAME, f"{LONG_NAME} B"]],
        "options": [[LONG_NAME, "Ani", "Budi", "Citra", "Dewi"]],
        "doses": [["BCG"], _FOUR],
    },
    "dialog/catat-imunisasi/periksa": {
        BUNDLE: [{"page": 1, "pages": 1}, {"page": 2, "pages": 3}],
        "rows": _PAGES,
    },
    "dialog/catat-imunisasi/selesai": {BUNDLE: _WRITTEN},
    "dialog/catat-imunisasi/tanya-kunjungan": {
        BUNDLE: [
            {"months": 0, "doses": ["HB0"], "more": [1, 2]},
            {"months": 4, "doses": _FOUR, "more": []},
            {"months": 2, "doses": ["DPTHBHIB1", "OPV2", "PCV1", "RV1"], "more": [3, 4, 9]},
        ]
    },
    "dialog/catat-imunisasi/tanya-tanggal": {"doses": [None, ["MR1"], _FOUR]},
    "dialog/catat-imunisasi/yang-ke-berapa": {"doses": [["DPTHBHIB1", "DPTHBHIB2", "DPTHBHIB3", "DPTHBHIB4"]]},
    "dialog/daftar-anak": {
        "child_name": [LONG_NAME, None],
        "twins": YES_NO,
        "options": [_MANY, []],
        "others": [None, [], [{"name": LONG_NAME, "sex": None, "birth_date": "2026-03-10"}]],
    },
    "dialog/daftar-anak/konfirmasi": {"child_name": [LONG_NAME]},
    "dialog/daftar-anak/selesai": {"child_name": [LONG_NAME, [LONG_NAME, f"{LONG_NAME} B"]]},
    "dialog/daftar-anak/tanya-tanggal-lahir": {"child_name": [None, LONG_NAME, [LONG_NAME, f"{LONG_NAME} B"]]},
    "pengingat/catin": {"date": ["2027-03-14"], "days": [91, 28, 7, 0], "status": ["T3"], "missing": _MISSING},
    "pengingat/kb": {"date": [_SOON], "days": [7, 3, 1, 0]},
    "pengingat/nifas": {
        BUNDLE: [
            {"visits": visits, "first_day": "2026-11-25", "last_day": last, "date": "2026-11-25", "days": 0}
            for visits in (["KF1", "KN1"], ["KF2", "KN2"], ["KF3", "KN3"], ["KF4"], ["KN2"], ["KF3"], ["KN3"])
            for last in (_SOON, "2026-11-25")
        ]
    },
    "pengingat/hamil": {
        "week": [None, *range(5, 42)],
        "visit": ["K1", "K3", "K5", "K+"],
        "by": ["dokter", "bidan", None],
        "ultrasound": YES_NO,
        "from_bidan": YES_NO,
        "date": [_SOON],
        "days": [3, 1, 0, -7, None],
    },
    **STAFF_VARIABLES,
}


def _known(content_id: str, name: str) -> Sequence[Any] | None:
    place = content_id
    while place:
        values = VARIABLES.get(place, {})
        if name in values:
            return values[name]
        place = place.rpartition("/")[0]
    return None


def turns(content_id: str, names: Sequence[str], others: Values) -> Iterator[dict[str, Any]]:
    """Ways to fill the variables `names` of a text: each value at least once, and many that meet; at most a few dozen.

    `others` holds values for names that no place above knows.
    """
    # What a text's own entry says of a name by itself wins over a bundle of its folder.
    own = VARIABLES.get(content_id, {}).keys()
    bundled = [
        {name: one[name] for name in names if name in one and name not in own}
        for one in _known(content_id, BUNDLE) or [{}]
    ]
    bundles = [one for number, one in enumerate(bundled) if one not in bundled[:number]]
    single: dict[str, Sequence[Any]] = {}
    for name in names:
        if name not in bundles[0]:
            single[name] = _known(content_id, name) or others[name]
    everything = [
        {**bundle, **dict(zip(single, values, strict=True))}
        for bundle, values in itertools.product(bundles, itertools.product(*single.values()))
    ]
    if len(everything) <= MOST_TURNS:
        yield from everything
        return
    rounds = max(len(bundles), *(len(values) for values in single.values()))
    for turn in range(rounds):
        picked = {name: values[turn % len(values)] for name, values in single.items()}
        yield {**bundles[turn % len(bundles)], **picked}
    yield from random.Random(content_id).sample(everything, max(0, MOST_TURNS - rounds))
