"""What the staff's messages, and what families hear of the staff's work, are handed: as in turns.py, by folder or text.

kader/ is the staff's own; siar/, kasus/ and posyandu-hari/ is what families get of broadcasts, cases and the day.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sapa.services.day_lists import blocks_of

BUNDLE = "*"
YES_NO = [True, False]
LONG_NAME = "Muhammad Rizki Ramadhan Al-Farisi"
LONG_PLACE = "Posyandu Anggrek Bulan Sejahtera Dusun Karangploso Wetan"
_STAFF = "Ibu Rina Kusumaningtyas Wulandari"
_HALL = "Balai Warga RW 03, Dusun Karangploso Wetan"
_HOME = "RT 02/RW 05 Dusun Karangploso Wetan, sebelah musala"
_MANY = [f"Posyandu Anggrek Bulan Sejahtera {n}" for n in range(1, 9)]
_SOON, _LATER, _BORN, _EDD = "2026-12-03", "2026-12-07", "2026-05-03", "2027-03-22"

Values = Mapping[str, Sequence[Any]]

# ------------------------------------------------------------------------------------------- what a kader sends out

_ACTIONS = ["session", "moved", "cancelled", "announcement"]
_DAY = {"date": _SOON, "time": "08:00", "place": _HALL, "posyandu_name": LONG_PLACE}
_WHY = ["past", "double", "same", "impossible", "ambiguous", "vague", "too_long", "link", "money", "medicine", "empty"]
_REFUSED = [None, *_WHY, "too_often", "not_allowed", "gone", "no_session"]
_WARNINGS = [[], ["holiday", "same_month", "far", "late", "other_day", "sms_cut"]]
_TOLD = f"Halo, Posyandu Anggrek Bulan Sejahtera: Kamis, 10 Desember 2026 pukul 08.00, di {_HALL}. "
_NOTE = ("Tolong bawa kartu keluarga dan bekal untuk anak, ada kelas ibu balita sampai siang. " * 3)[:200]
_ROW = {"name": "Siti Nurhaliza Rahmawati (Muhammad Rizki)", "address": "RT 02 RW 05"}
_UNREACHED = [{**_ROW, "reason": reason} for reason in ("failed", "opted_out", "danger", "grieving")]

_SIAR: Values = {
    "options": [_MANY],
    "told": [None, _SOON],
    "moved": YES_NO,
    "why": _REFUSED,
    "date": [_SOON],
    "last": [None, _HALL],
    "sessions": [[_DAY] * 8],
    "action": _ACTIONS,
    "posyandu_name": [None, LONG_PLACE],
    "message": [(_TOLD + "Bawa Buku KIA. " * 20)[:400], "Besok ada kerja bakti."],
    "recipients": [0, 143],
    "whatsapp": [120],
    "sms": [23],
    "unreachable": [0, 7],
    "cost": [None, 51600],
    "paid": [0, 143],
    "waits_until": [None, "07:00"],
    "warnings": _WARNINGS,
    "holiday": [None, "Hari Raya Idul Fitri 1448 Hijriah"],
    "not_told": [0, 80],
    "minutes": [2],
    "waiting_undo": YES_NO,
    "undone": YES_NO,
    "total": [143],
    "waiting": [0, 20],
    "out": [123],
    "read": [66],
    "failed": [0, 7],
}
_SENT: Values = {
    "posyandu": ["Melati", LONG_PLACE],
    "kind": _ACTIONS,
    "void": YES_NO,
    "queued": [0, 40],
    "skipped": [0, 3],
    "waits": YES_NO,
}
_REPORT: Values = {
    "posyandu": ["Melati", LONG_PLACE],
    "kind": _ACTIONS,
    "date": [None, _SOON],
    "total": [40],
    "reached": [30],
    "read": [12],
    "unconfirmed": [0, 3],
    "unreached": [[], _UNREACHED, [{"name": "", "address": "", "reason": "no_consent"}]],
    "more_unreached": [0, 4],
    "no_phone": [[], [{**_ROW, "reason": "no_phone"}]],
    "more_no_phone": [0, 5],
}
_HEARD: Values = {
    "posyandu": ["Melati", LONG_PLACE],
    "date": ["2026-12-12"],
    "time": ["08:00"],
    "place": ["Balai Desa", _HALL],
    "note": [None, "Bawa Buku KIA.", _NOTE],
    "old_date": ["2026-12-12", "2026-12-10"],
    "old_time": ["08:00"],
    "text": ["Besok kerja bakti, bawa sapu.", ("Ajak tetangga yang punya bayi. " * 20)[:400]],
    "sender": [None, "Sari Rahmawati"],
}

# --------------------------------------------------------------------------------------------- the kader's own things

_NUMBERS = {"total": 150, "reached": 140, "read": 90, "unreached": 7, "no_phone": 3}
_NONE_LEFT = {"total": 1, "reached": 1, "read": 0, "unreached": 0, "no_phone": 0, "names": []}
_KADER: Values = {
    "staff": YES_NO,
    "shown": YES_NO,
    "role": ["kader", "bidan", "admin"],
    "several": YES_NO,
    "sessions": [[], [_DAY] * 6],
    "number": [1, 13],
    "total": [13],
    "date": [_SOON],
    "broadcast": [
        None,
        {"action": "session", "date": _SOON, **_NUMBERS, "names": [f"{LONG_NAME} ({LONG_NAME})"] * 5},
        {"action": "moved", "date": _SOON, **_NONE_LEFT},
    ],
    "session": [
        None,
        {"date": _SOON, "came": 87, "absent": 13, "closed": True},
        {"date": _SOON, "came": 3, "absent": 0, "closed": False},
    ],
    "visits": [0, 12],
}
_INVITED: Values = {
    "role": ["kader", "bidan"],
    "place": [LONG_PLACE, "Melati"],
    "known": [None, LONG_NAME],
    "member_name": [LONG_NAME],
    "code": ["123456"],
    "why": ["salah", "lewat", "terpakai", "terlalu-sering"],
    "options": [_MANY],
}

# ------------------------------------------------------------------------------------------------------------ the day


def _expected(number: int, group: str, **more: Any) -> dict[str, Any]:
    nothing = {"doses": [], "vitamin_a": None, "deworming": False, "special": False, "anc": None}
    return {"number": number, "name": LONG_NAME, "mother": "Maria Magdalena", "group": group, **nothing, **more}


_EXPECTED = [
    _expected(1, "imunisasi", doses=["DPTHBHIB3", "OPV4", "IPV1", "RV3"]),
    _expected(2, "imunisasi", special=True),
    _expected(3, "vitamin", vitamin_a="merah", deworming=True),
    _expected(4, "timbang", mother=None),
    _expected(5, "hamil", mother=None, anc="K4"),
]
_HERE: Values = {"posyandu_name": [LONG_PLACE], "date": [_SOON], "time": ["08:00"]}
_PARTS = [{"part": 1, "parts": 1}, {"part": 1, "parts": 2}, {"part": 2, "parts": 2}]


def _came(name: str, weight: str | None = None, length: str | None = None, came: bool = True) -> dict[str, Any]:
    return {"name": name, "came": came, "weight": weight, "length": length}


def _doubtful(problem: str, name: str, **more: Any) -> dict[str, Any]:
    nothing = {"options": [], "weight": None, "length": None, "jump": False, "meant": None}
    return {**nothing, "problem": problem, "name": name, **more}


_ALIKE = [
    {"number": 3, "name": "Ani", "mother": "Rina", "born": _BORN},
    {"number": 14, "name": "Ani Putri", "mother": None, "born": _BORN},
    {"number": 15, "name": "Ani Putri", "mother": None, "born": None},
]
_DOUBTS = [
    [
        _doubtful("ambigu", "Ani", options=_ALIKE),
        _doubtful("tak-dikenal", "Dodi"),
        _doubtful("janggal", LONG_NAME, weight="82", length="725", meant="8,2 kg, 72,5 cm"),
        _doubtful("janggal", "Edo", weight="5,2", jump=True),
        _doubtful("berat-ibu", "Rina", weight="52,5"),
        _doubtful("tak-terbaca", "hujan deras tadi pagi"),
    ],
    [_doubtful("tak-dikenal", "Dodi")],
]
_WALK = [
    {
        "number": 3,
        "name": f"{LONG_NAME} (Maria)",
        "address": "RT 02, dekat kios",
        "reason": "absent",
        "remark": "sakit",
    },
    {"number": 4, "name": "Ani (Rina)", "address": None, "reason": "unreached", "remark": None},
    {"number": 5, "name": "Ani (Rina)", "address": None, "reason": "no_phone", "remark": None},
]
_ON_THE_DAY: Mapping[str, Values] = {
    "kader/hari": _HERE,
    "kader/hari/daftar": {
        BUNDLE: _PARTS,
        "days": [1, 0, 3],
        "blocks": [blocks_of(_EXPECTED)],
        "more": [0, 12],
        "children_count": [41],
        "mothers_count": [0, 5],
        "vaccine_count": [12],
        "example": ["Ani 8,2 72,5", f"{LONG_NAME} 8,2 72,5"],
    },
    "kader/hari/belum": {
        BUNDLE: [_PARTS[0], _PARTS[2]],
        "rows": [_EXPECTED],
        "more": [0, 12],
        "came": [0, 12],
        "missing": [3],
    },
    "kader/hari/lengkap": {"came": [12], "absent": [0, 3], "closed": YES_NO},
    "kader/hari/dicatat": {
        "rows": [
            [_came(LONG_NAME, "8,2", "72,5"), _came("Edo"), _came("Budi", came=False)],
            [_came("Budi", came=False)],
            [_came(f"Anak {number}", "8,2") for number in range(20)],
        ],
        "missing": [0, 12],
        "closed": YES_NO,
    },
    "kader/hari/tanya": {"rows": _DOUBTS, "nothing_else": YES_NO, "example": ["3 8,2 72,5"]},
    "kader/hari/perhatian": {
        "rows": [
            [{"name": LONG_NAME, "step": step} for step in ("segera", "periksa", "ulang", "petugas")],
            [{"name": "Ani", "step": "periksa"}],
        ]
    },
    "kader/hari/ditutup": {"came": [12], "absent": [0, 3], "already": YES_NO},
    "kader/hari/tidak-ada-hari": {"date": [_SOON, None]},
    "kader/hari/posyandu-mana": {"names": [["Melati", LONG_PLACE]]},
    "kader/hari/kunjungan": {"count": [1, 14], "rows": [_WALK]},
    "kader/hari/kunjungan-selesai": {
        "name": [LONG_NAME],
        "outcome": [None, "sehat, mau datang"],
        "left": [0, 3],
    },
    "kader/hari/kunjungan-nomor": {"number": [9]},
    "kader/hari/keluarga": {
        "mother": ["Maria Magdalena Wulandari"],
        "child_name": [LONG_NAME],
        "problem": [None, "depan", "lama", "kurang"],
        "names": [["Melati", LONG_PLACE]],
    },
    "kader/hari/keluarga/bacakan": {
        BUNDLE: [
            {"child_name": LONG_NAME, "sex": "F", "born": _BORN, "edd": None},
            {"child_name": None, "sex": None, "born": None, "edd": _EDD},
        ],
        "phone": [None, "+6281234567890"],
        "address": [None, _HOME],
    },
    "kader/hari/keluarga/selesai": {
        BUNDLE: [
            {"reached": True, "phone_taken": False},
            {"reached": False, "phone_taken": False},
            {"reached": False, "phone_taken": True},
        ],
        "new": YES_NO,
    },
    "posyandu-hari/perkenalan": {"mother": ["Maria Magdalena"], "child_name": [None, LONG_NAME]},
    "posyandu-hari/tidak-datang": {
        BUNDLE: [
            {"next_on": "2027-01-14", "next_time": "08:00", "next_place": _HALL},
            {"next_on": None, "next_time": None, "next_place": None},
        ],
        "names": [["Ani"], [LONG_NAME, LONG_NAME], []],
        "place": [LONG_PLACE],
        "date": [_SOON],
        "facility": [None, "Puskesmas Pembantu Karangploso"],
    },
}

# -------------------------------------------------------------------------------------------------------------- cases

_WAITING = [{"minutes": 0}, {"minutes": 5}, {"hours": 3}, {"days": 12}]
_CASE_KINDS = ["danger", "tanya", "handover", "keluhan", "duka", "bayi-kecil", "pertumbuhan", "nomor", "fault"]
_SAID = "Bu, anak saya sudah tiga hari rewel, badannya hangat, mau menyusu sebentar lalu lepas lagi. "
_FIRST_WORDS = (_SAID * 2)[:159] + "…"
_HUMANS = [
    {"human_name": "Ibu Rina", "human_role": "kader", "human_posyandu": "Melati"},
    {"human_name": _STAFF, "human_role": "kader", "human_posyandu": LONG_PLACE},
    {"human_name": "Bidan Sri", "human_role": "bidan", "human_posyandu": None},
    {"human_name": None, "human_role": "kader", "human_posyandu": LONG_PLACE},
    {"human_name": None, "human_role": "bidan", "human_posyandu": None},
]


def _case(number: int, kind: str, **more: Any) -> dict[str, Any]:
    line = {"number": number, "case_kind": kind, "case_name": LONG_NAME, "case_child": None}
    line |= {"case_posyandu": LONG_PLACE, "case_address": _HOME, "waiting": {"days": 12}}
    return {**line, "taker": None, "mine": False, "answered": False, "words": _FIRST_WORDS, **more}


_CASE_LISTS = [
    {"cases": [_case(7, "danger", case_name=None, case_child=LONG_NAME, waiting={"minutes": 5})], "more": 0},
    {"cases": [_case(7, "danger", mine=True, taker=""), _case(12, "handover", taker=_STAFF)], "more": 0},
    {"cases": [_case(900 + n, kind, taker=_STAFF) for n, kind in enumerate(_CASE_KINDS[1:])], "more": 31},
]
_TALK = [
    {"who": None, "remark": False, "text": "Anak saya masih demam, sudah dua hari, tidak mau makan sama se…"},
    {"who": _STAFF, "remark": False, "text": "Bawa ke puskesmas pagi ini ya Bu, saya temani dari rumah…"},
    {"who": "", "remark": True, "text": "Sudah ditelepon, suaminya yang mengangkat."},
]
_CASE: Values = {
    "number": [12, 90471],
    "case_kind": _CASE_KINDS,
    "case_name": [None, "Ani", LONG_NAME],
    "case_child": [None, LONG_NAME],
    "case_posyandu": [None, "Melati", LONG_PLACE],
    "case_address": [None, _HOME],
    "waiting": _WAITING,
    "words": ["", "demam", _FIRST_WORDS],
    "handed_by": [None, "", _STAFF],
    "taker": [None, "", _STAFF],
    "phone": [None, "+6281200000001"],
    "mine": YES_NO,
    "closed": YES_NO,
    "by_family": YES_NO,
    "waits": YES_NO,
    "medium": [None, "foto", "suara", "lokasi", "berkas"],
    "lines": [[], [{"who": None, "remark": False, "text": "[foto]"}], _TALK * 2],
    "total": [0, 1834],
    "nobodys": [0, 12],
    "order": ["take", "answer", "hand_over", "remark", "close"],
    "numbers": [[], [12, 14], [901, 902, 903, 904, 905, 906, 907, 908]],
    "why": ["no_such", "taken", "closed", "no_bidan", "empty", "too_long", "stopped", "not_this_person", "no_address"],
    "limit": [None, 700],
}
_CASES: Mapping[str, Values] = {
    "kader/kasus": _CASE,
    "kader/kasus/pesan": {"words": ["", "masih demam bu", (_SAID * 10)[:700]]},
    "kader/kasus/daftar": {BUNDLE: _CASE_LISTS},
    "kader/kasus/harian": {BUNDLE: _CASE_LISTS},
    "kasus": {BUNDLE: _HUMANS, "by_family": YES_NO, "waits": YES_NO},
    "kasus/jawaban": {"words": ["Bawa ke puskesmas pagi ini ya Bu. Bawa Buku KIA."]},
    "kasus/selesai": {"human_name": [None, "Ibu Rina", _STAFF]},
}

# ----------------------------------------------------------------------------------------------------- the registers

# The table of reasons stands in the text itself: each is tried, so a reason nobody gives any more is seen to be dead.
_REASONS = Path(__file__).resolve().parents[2] / "content" / "id" / "kader" / "register" / "alasan.md"
REASONS = re.findall(r"^  '([a-z_]+)':", _REASONS.read_text(encoding="utf-8"), re.MULTILINE)

# ---------------------------------------------------------------------------------------------------------- everything

STAFF_VARIABLES: Mapping[str, Values] = {
    "kader": _KADER,
    "kader/siar": _SIAR,
    "kader/siar/pratinjau": {"told": [0, 63]},
    "kader/siar/terlambat-batal": {"date": [None, _SOON]},
    "kader/siar/selesai": _SENT,
    "kader/siar/laporan": _REPORT,
    "siar": _HEARD,
    "kader/undangan": _INVITED,
    "kader/undangan/tidak-bisa": {"why": ["too_often", "not_allowed"]},
    "kader/masuk": {"code": ["482913"]},
    "kader/register": {"code": REASONS, "column": ["", "Tanggal lahir"], "value": ["", LONG_NAME], "other": ["17"]},
    **_ON_THE_DAY,
    **_CASES,
}

# Figures in these texts that are no facts: an example of what to write, or a part of the screen.
STAFF_EXAMPLES: Mapping[str, set[str]] = {
    "kader/jadwal": {"10", "8"},
    "kader/hari/belum-ada-hadir": {"1", "2", "5", "1.2.5", "8.2", "72.5"},
    "kader/hari/sudah-ditutup": {"8.2", "72.5"},
    "kader/siar/belum-ada-kiriman": {"10", "8"},
    "kader/siar/tidak-ada-sesi": {"10", "8"},
    "kader/siar/tanya-tanggal": {"10"},
    "kader/siar/tanya-jam": {"8"},
    "kader/siar/tanya-apa": {"1", "2", "3", "4"},
    "kader/siar/tanya-ubah": {"9"},
    "kader/cara/menjadwalkan": {"10", "8"},
    "kader/cara/memindah": {"10", "12", "9"},
    "kader/cara/membatalkan": {"10"},
    "kader/cara/hadir": {"8.2", "72.5"},
    "kader/cara/kasus": {"12"},
    "kader/pelajaran/01-memanggil": {"8"},
}
