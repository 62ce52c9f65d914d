"""What the headers and cells of a posyandu register say, in the many ways people keep one.

A cell is read on its own: no guess is made where a register should be plain, so a date without a year or "v" under a
vaccine is not turned into a day.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

from sapa.family.immunization import schedule
from sapa.family.people import Sex
from sapa.family.reading.dates import read_date
from sapa.family.reading.seats import read_phone
from sapa.messaging.text import words

DOSE = "dose:"
UNKNOWN_DOSE = "dose?"

# ------------------------------------------------------------------------------------------------------------ headers

_HEADERS = {
    "posyandu": ("posyandu", "nama posyandu", "pos"),
    "village": ("desa", "kelurahan", "desa kelurahan", "nama desa", "kel", "desa kel"),
    "child": ("nama anak", "nama balita", "nama bayi", "nama", "anak", "balita", "nama lengkap anak"),
    "sex": ("jenis kelamin", "kelamin", "jk", "l p", "lp", "sex", "jns kelamin", "p l", "jenis kel"),
    "born": ("tanggal lahir", "tgl lahir", "lahir", "tanggal lahir anak", "tgl lhr", "ttl", "tgl lahir anak"),
    "mother": ("nama ibu", "ibu", "nama ibu kandung", "nama orang tua", "ibu kandung", "nama orangtua", "nama ortu"),
    "phone": (
        "nomor hp", "no hp", "hp", "nomor wa", "no wa", "wa", "whatsapp", "nomor telepon", "no telepon", "no telp",
        "telepon", "nomor hp ibu", "no hp ibu", "telp", "nomor whatsapp", "no hp wa", "handphone", "nomor handphone",
    ),
    "address": ("alamat", "rt rw", "rt", "dusun", "alamat rumah", "alamat lengkap"),
    "birth_weight": (
        "berat lahir", "bbl", "bb lahir", "berat badan lahir", "berat lahir gram", "berat lahir g", "bb lahir gram",
        "bb lahir kg",
    ),
    "birth_weeks": (
        "usia kehamilan lahir", "umur kehamilan lahir", "usia kehamilan saat lahir", "usia kehamilan", "minggu lahir",
        "umur kehamilan", "usia hamil lahir", "uk lahir",
    ),
    "book": ("buku kia", "kia", "kms", "buku kia kms", "punya buku kia", "memiliki buku kia", "kia kms"),
    "consent": ("persetujuan", "setuju", "izin", "persetujuan ibu", "persetujuan data", "ijin"),
    "consent_on": ("tanggal persetujuan", "tgl persetujuan", "tanggal izin", "tgl setuju", "tanggal setuju"),
    "measured_on": (
        "tanggal timbang", "tgl timbang", "tanggal penimbangan", "tgl penimbangan", "tanggal ukur", "tgl ukur",
        "timbangan terakhir", "tanggal timbang terakhir", "tanggal pengukuran", "tgl pengukuran",
    ),
    "weight": ("bb", "berat", "berat badan", "bb kg", "berat kg", "bb terakhir", "berat terakhir", "timbangan"),
    "length": (
        "tb", "pb", "tinggi", "panjang", "tinggi badan", "panjang badan", "tb pb", "pb tb", "tb cm", "pb cm",
        "tb terakhir", "tinggi terakhir",
    ),
    "lmp": ("hpht", "haid terakhir", "hari pertama haid terakhir", "tanggal hpht", "tgl hpht"),
    "edd": ("hpl", "tp", "htp", "taksiran persalinan", "hari perkiraan lahir", "tanggal hpl", "tgl hpl"),
    # Read and left alone: line numbers, our own column of faults, and what is not ours to keep.
    "skip": (
        "no", "nomor", "nomor urut", "no urut", "alasan", "nik", "nik anak", "nik ibu", "no kk", "nomor kk", "umur",
        "usia", "keterangan", "ket", "nama ayah", "ayah",
    ),
}  # fmt: skip
_NAMES = {way: name for name, ways in _HEADERS.items() for way in ways}
_VACCINES = (
    (r"(?:hb|hep(?:atitis)? ?b)(?: neonatus)?(?: 0 (?:24|7).*)?(?: 0)?", "HB"),
    (r"bcg", "BCG"),
    (r"(?:polio|opv|bopv)(?: tetes| oral)?", "OPV"),
    (r"ipv|polio suntik|suntik polio", "IPV"),
    (r"(?:dpt|penta\w*|he[kx]s?a\w*)(?: ?hb)?(?: ?hib)?|dpt combo", "DPTHBHIB"),
    (r"pcv|pneumo\w*", "PCV"),
    (r"rv|rota\w*(?: virus)?", "RV"),
    (r"(?:mr|campak|measles)(?: rubela| rubella| mr)?", "MR"),
    (r"je|japanese encephalitis", "JE"),
)
_VACCINE = re.compile(
    r"(?:imunisasi |vaksin |tgl |tanggal )*(?:"
    + "|".join(f"(?P<s{number}>{pattern})" for number, (pattern, _) in enumerate(_VACCINES))
    + r")(?: (?P<number>\d|i{1,3}|iv|lanjutan|booster|ulangan))?"
)
_ROMAN = {"i": 1, "ii": 2, "iii": 3, "iv": 4}
_BOOSTERS = words("lanjutan booster ulangan")


def column_named(header: str) -> str | None:
    """What a column holds: a name such as "child", "dose:OPV1", "dose?" (a vaccine we do not know), or None.

    "skip" is a column that is known and not taken over.
    """
    key = _header_key(re.sub(r"\(.*?\)", " ", header)) or _header_key(header)
    return _NAMES.get(key) or _dose_column(key)


def _header_key(header: str) -> str:
    """Small letters and figures, apart from each other: "DPT-HB-Hib1" -> "dpt hb hib 1"."""
    return " ".join(re.findall(r"[^\W\d_]+|\d+", header.casefold()))


def _dose_column(key: str) -> str | None:
    found = _VACCINE.fullmatch(key)
    if found is None:
        return None
    series = next(name for number, (_, name) in enumerate(_VACCINES) if found.group(f"s{number}"))
    said = found["number"]
    mine = [dose for dose in schedule() if dose.series == series]
    if said in _BOOSTERS:
        number = mine[-1].number
    elif said is not None:
        number = _ROMAN.get(said) or int(said)
    else:
        number = mine[0].number if len(mine) == 1 or series in ("MR", "IPV") else -1
    wanted = next((dose.id for dose in mine if dose.number == number), None)
    return DOSE + wanted if wanted else UNKNOWN_DOSE


# -------------------------------------------------------------------------------------------------------------- cells


@dataclass(frozen=True)
class DayCell:
    """A day, or why there is none. problem: None, "empty", "unreadable", "impossible" or "future" (value is there)."""

    value: date | None = None
    problem: str | None = None


_EMPTY = frozenset(
    {"", "-", "--", "belum", "blm", "tidak", "tdk", "tidak ada", "tdk ada", "0", "x", "n/a", "null", "none", "?"}
)
_TICKS = frozenset({"v", "√", "✓", "✔", "ya", "y", "sudah", "sdh", "ok", "ada", "1", "true", "lengkap"})
_YES = _TICKS | {"setuju", "iya", "punya", "yes", "t"} - {"t"}
_NO = (_EMPTY - {"", "?"}) | {"menolak", "tidak setuju", "tdk setuju", "t", "no", "false", "hilang", "tidak punya"}
_MALE = frozenset({"l", "lk", "laki", "lakilaki", "pria", "m", "male", "cowok", "lelaki"})
_FEMALE = frozenset({"p", "pr", "perempuan", "wanita", "f", "female", "cewek", "prp"})
# Excel counts days from here; between these a number is a day of 1990 to 2064.
_EXCEL_ZERO, _EXCEL_DAYS = date(1899, 12, 30), range(32874, 60000)
_MIDNIGHT = re.compile(r"[T ]00:00(?::00)?(?:\.0+)?$")
_NUMBER = re.compile(r"(\d{1,6}(?:[.,]\d{1,3})?)\s*(kg|kilo|cm|g|gr|gram|minggu|mgg|mg)?\.?", re.IGNORECASE)
# No child weighs as many kilograms, none as few grams.
_SURELY_GRAMS = 300
# Letters of a text read in the wrong encoding, and the mark for what could not be read at all.
_BROKEN = re.compile("\ufffd|[ÃÂ][\u0080-\u00bf]|â€|ï¿½|ï»¿")


def is_empty(cell: str) -> bool:
    """Whether a cell says that there is nothing: blank, "-", "belum"."""
    return cell.strip().casefold() in _EMPTY


def is_formula(cell: str) -> bool:
    """Whether a cell holds a formula instead of a value; "=" alone and "-" are none."""
    return bool(re.match(r"\s*=\s*[A-Za-z0-9(+'\"-]", cell)) or cell.strip().startswith(
        ("#REF", "#N/A", "#VALUE", "#NAME")
    )


def is_broken(cell: str) -> bool:
    """Whether the letters were lost in a wrong encoding."""
    return bool(_BROKEN.search(cell))


def is_tick(cell: str) -> bool:
    """Whether a cell under a vaccine says that it was given, without the day."""
    return cell.strip().casefold() in _TICKS


@lru_cache(maxsize=20_000)
def read_day(cell: str, today: date, *, ahead: bool = False) -> DayCell:
    """The day in a cell, with its year. ahead: a day in the future is no problem (a due date)."""
    text = _MIDNIGHT.sub("", cell.strip())
    if is_empty(text):
        return DayCell(problem="empty")
    if text.isascii() and text.isdigit() and len(text) == 5 and int(text) in _EXCEL_DAYS:
        value: date | None = _EXCEL_ZERO + timedelta(days=int(text))
    else:
        found = read_date(text, today, prefer="past", max_years=None)
        if found.problem == "impossible":
            return DayCell(problem="impossible")
        if found.value is None or found.precision != "day" or not found.absolute or not _has_year(text):
            return DayCell(problem="unreadable")
        if found.problem not in (None, "future"):
            return DayCell(problem="unreadable")
        value = found.value
    assert value is not None
    return DayCell(value, "future" if value > today and not ahead else None)


def _has_year(text: str) -> bool:
    figures = re.findall(r"\d+", text)
    lettered = any(part.isalpha() and len(part) >= 3 for part in re.findall(r"[^\W\d_]+", text))
    return len(figures) >= (2 if lettered else 3) or bool(re.fullmatch(r"\d{6}|\d{8}", text))


def read_sex(cell: str) -> Sex | None:
    """L or P as registers write it; None where it cannot be read."""
    key = re.sub(r"[^a-z]", "", cell.casefold())
    return Sex.MALE if key in _MALE else Sex.FEMALE if key in _FEMALE else None


def read_yes(cell: str) -> bool | None:
    """Yes or no; None where it is neither, and for an empty cell."""
    key = " ".join(cell.casefold().split()).strip(".!")
    return True if key in _YES else False if key in _NO else None


def read_consent(cell: str, today: date) -> tuple[bool | None, DayCell]:
    """A yes or no, with the day where one stands beside it ("ya, 3/11/2026"). A day alone is a yes."""
    said = read_yes(cell)
    if said is not None or not cell.strip():
        return said, DayCell(problem="empty")
    word, _, rest = cell.strip().partition(" ")
    first = read_yes(word.strip(",;:"))
    day = read_day(rest if first is not None else cell, today)
    if day.value is None and day.problem != "future":
        return first, day
    return (True if first is None else first), day


def read_number(cell: str) -> float | None:
    """A number with a comma or a point, with its unit or without: "8,2 kg", "72.5"; None where there is none."""
    found = _NUMBER.fullmatch(cell.strip())
    return float(found[1].replace(",", ".")) if found else None


def read_weight(cell: str) -> float | None:
    """A weight in kilograms: "8,2", "8200 gram"; None where it cannot be read."""
    number = read_number(cell)
    if number is None:
        return None
    return round(number / 1000 if number >= _SURELY_GRAMS else number, 3)


def read_birth_weight(cell: str) -> int | None:
    """A weight at birth in grams: "3100", "3.100", "3,1 kg"."""
    text = cell.strip()
    thousands = re.fullmatch(r"(\d)[.,](\d{3})\s*(?:g|gr|gram)?\.?", text, re.IGNORECASE)
    if thousands:
        return int(thousands[1] + thousands[2])
    number = read_number(text)
    if number is None:
        return None
    return round(number * 1000) if number < 30 else round(number)


def read_number_of(cell: str) -> str | None:
    """A telephone number as E.164; None where there is none that can be read."""
    return read_phone(cell)
