"""Weights and lengths of children as families report them: "berat Ani 8,2 tinggi 72,5", "bb 8.2 tb 72,5", "8200 gram".

A message is read as a row of marks: names of children, words such as "bb" and "tinggi", numbers. A number takes its
meaning from its unit, else from the oldest such word that is still waiting for a number ("bb/tb 8,2/72,5"), else from
its size. Nothing is judged here: 82 kg comes out as 82 kg, and whoever knows the child asks again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

from sapa.family.reading.dates import NO_DATE, DateReading, read_date
from sapa.family.reading.lexicon import is_everyday
from sapa.family.reading.numbers import tokens_of
from sapa.family.reading.words import FILLERS, is_unknown, looks_like_question, normalize, read_yes_no

WEIGHT, LENGTH, HEAD = "weight", "length", "head"
Kind = Literal["weight", "length", "head", "other"]


@dataclass(frozen=True)
class MeasureEntry:
    """What is said of one child (kg, cm). name None: nobody is named. measure: L (lying), H (standing) or ""."""

    name: str | None = None
    weight_kg: float | None = None
    length_cm: float | None = None
    head_cm: float | None = None
    measure: str = ""

    @property
    def anything(self) -> bool:
        """Whether a number or a position was told, not only a name."""
        numbers = (self.weight_kg, self.length_cm, self.head_cm)
        return any(number is not None for number in numbers) or bool(self.measure)


@dataclass(frozen=True)
class MeasureReading:
    """What a message says about weighing and measuring.

    entries: one per child named, at most one without a name; date: when, the problem "none" if nothing was said;
    gain_kg: "naik 3 ons" (negative after "turun"); not_measured, not_weighed: said to be left out; subject: a word of
    weighing or measuring was there; grown_up: it is about an adult, an unborn child or the weight at birth; question;
    rest: everyday words that are no part of a report; strange: words that may be a name nobody knows.
    """

    entries: tuple[MeasureEntry, ...] = ()
    date: DateReading = NO_DATE
    gain_kg: float | None = None
    not_measured: bool = False
    not_weighed: bool = False
    subject: bool = False
    grown_up: bool = False
    question: bool = False
    rest: tuple[str, ...] = ()
    strange: tuple[str, ...] = ()

    @property
    def weighed(self) -> bool:
        """Whether a weight or a length was told."""
        return any(entry.weight_kg is not None or entry.length_cm is not None for entry in self.entries)

    @property
    def plain(self) -> bool:
        """Nothing in the message but the report itself."""
        return not (self.rest or self.strange or self.question or self.grown_up)


def _set(*lines: str) -> frozenset[str]:
    return frozenset(" ".join(lines).split())


# -------------------------------------------------------------------------------------------------------- the words

_NUM = r"(?<![\d.,])\d{1,5}(?:[.,]\d{1,3})?(?!\d|[.,]\d)"
_KG = r"(?:kilogram|kilo|kgs|kg|ki)(?![^\W\d_])"
_GRAM = r"(?:gram|grm|gr|g)(?![^\W\d_])"
_ONS = r"(?:ons|on)(?![^\W\d_])"
_CM = r"(?:sentimeter|centimeter|senti|centi|cm)(?![^\W\d_])"
_MM, _METER = r"(?:milimeter|mm)(?![^\W\d_])", r"(?:meter|mtr|m)(?![^\W\d_])"
_HALF = r"(?:setengah|stengah|stgh)"
_MORE = r"(?: ?(?:lebih|lewat|dan|lbh|,|\+))? ?"
_ABOUT = r"(?:(?:cuma|cm an|hanya|sekitar|kira-kira|kira2|kurang lebih|kurleb|kr2|lagi|sebanyak) )*"
_CHANGE = re.compile(
    rf"\b(?P<way>na[ie]k|bertambah|tambah|nambah|turun|berkurang|susut|menyusut|kurang)(?:nya)? {_ABOUT}"
    rf"(?P<n>{_NUM}) ?(?P<unit>{_KG}|{_GRAM}|{_ONS})(?:{_MORE}(?P<n2>\d{{1,3}}) ?(?P<unit2>{_GRAM}|{_ONS}))?"
)
_BEFORE = re.compile(
    rf"\b(?:dari|dr|tadinya|sebelumnya|bulan lalu|bln lalu|dulu)(?: berat\w*| bb)?:? (?:{_NUM}) ?(?:{_KG}|{_GRAM})?"
)
_AMOUNT = re.compile(
    rf"(?P<kg>{_NUM}) ?{_KG}(?:{_MORE}(?:(?P<half>{_HALF})|(?P<more>\d{{1,3}}) ?(?P<small>{_GRAM}|{_ONS})))?"
    rf"|(?P<halfkg>{_NUM}) {_HALF} ?{_KG}"
    rf"|(?P<gram>{_NUM}) ?{_GRAM}|(?P<ons>{_NUM}) ?{_ONS}"
    rf"|(?P<m>[01][.,]\d{{1,3}}) ?{_METER}|(?P<mm>{_NUM}) ?{_MM}"
    rf"|(?P<cm>{_NUM}) ?{_CM}(?: ?(?P<halfcm>{_HALF}))?|(?P<halfcm2>{_NUM}) {_HALF} ?{_CM}"
    rf"|(?P<bare>{_NUM})(?! ?(?:%|ml|cc|bulan|bln|bl|tahun|thn|th|minggu|mgg|hari|hr|jam|kali|x|org|orang|anak)\b)"
)
# The label may be glued to its number ("BB8,2"), so it ends where its letters end.
_LABEL = re.compile(
    r"(?<![^\W\d_])(?:"
    r"(?P<other>lila|lingkar (?:lengan|perut|dada)(?: atas)?|umur(?:nya)?|usia(?:nya)?|umr|hb|bbl|pbl"
    r"|(?:bb|berat\w*|panjang|pjg|pb|tb|tinggi)(?: badan)? (?:saat |waktu )?lahir(?:nya)?)"
    r"|(?P<head>lingkar kepala(?:nya)?|lingkar kpl|lk|lika)"
    r"|(?P<weight>bb|b\.b|berat(?:nya)?(?: badan(?:nya)?)?|brt|brat|bobot(?:nya)?|(?:di|me|pe)?nimbang(?:an|annya)?"
    r"|(?:di)?timbang(?:an|annya|nya|in)?)"
    r"|(?P<length>tb|pb|t\.b|p\.b|tinggi(?:nya)?(?: badan(?:nya)?)?|tgi|panjang(?:nya)?(?: badan(?:nya)?)?|pjg|pnjang)"
    r")(?:nya)?(?![^\W\d_])"
)
_SUBJECT = re.compile(
    r"(?<![^\W\d_])(?:bb|tb|pb|lk|berat\w*|bobot\w*|tinggi\w*|panjang\w*|\w*timbang\w*|nimbang\w*|di?ukur\w*|ukur\w*)(?![^\W\d_])"
)
_LYING = r"(?:berbaring|terbaring|baringan|baring|tiduran|tidur|telentang|terlentang|rebahan|rebah)"
_STANDING = r"(?:berdiri|bediri|bdiri|diri|tegak)"
_POSITION = re.compile(rf"(?<![^\W_])(?:(?P<lying>{_LYING})|(?P<standing>{_STANDING}))(?![^\W_])")
_NOT_POSITION = re.compile(r"(?:bisa|blm|belum|mulai|mau|sdh|sudah|susah|sulit|jam|lagi|habis|sebelum)\s*$")
_NEG = r"(?:tidak|tdk|tak|ndak|gak|gk|ga|nggak|ngga|enggak|belum|blm|belom|lupa|tanpa|sonde|ora)"
_NOT_MEASURED = re.compile(
    rf"\b{_NEG} (?:sempat |pernah |di|bisa )*(?:ukur|tinggi|panjang|tb|pb)\w*"
    rf"|\b(?:tinggi|panjang|tb|pb)\w* (?:nya )?{_NEG}\b(?: di\w+)?"
)
_NOT_WEIGHED = re.compile(rf"\b{_NEG} (?:sempat |pernah |di|jadi )*(?:timbang|nimbang)\w*")
_SKIP = _set("lewati lewat skip lewatkan kosong kosongkan langsung")
_GROWN_UP = re.compile(
    r"\b(?:hamil\w*|bumil|kehamilan|kandungan|janin\w*|usg|trimester|istri\w*|suami\w*|catin|diet)\b"
    r"|\b(?:bb|berat\w*|tb|tinggi\w*)(?: badan)?"
    r" (?:saya|sy|aku|ku|ibu(?:nya)?|mama(?:nya)?|ayah(?:nya)?|bapak(?:nya)?|bunda)\b(?! (?:punya|melaporkan|lapor))"
    r"|\b(?:bb|berat\w*|panjang|pb)(?: badan)? (?:saat |waktu |pas |ketika )?(?:lahir|lhr)\w*|\b(?:bbl|bblr)\b"
)
_NOISE = re.compile(
    r"\b(?:jam|jm|pukul|pkl)\.? ?\d{1,2}(?: ?[.:] ?\d{2})?(?: ?(?:wib|wita|wit))?|\b\d{1,2}:\d{2}\b|\bke[ -]?\d{1,2}\b"
    r"|\br[tw]\.? ?\d+(?: ?/ ?(?:rw)?\.? ?\d+)?|\+?\b\d{9,}\b|\bposyandu(?: [^\W\d_]+){0,2} \d{1,2}\b(?![.,]\d)"
)
_AGE = re.compile(
    r"\b(?:umur(?:nya)?|usia(?:nya)?|umr)? ?(?:\d{1,2}(?:[.,]5)? ?(?:bulan|bln|bl|tahun|thn|th|minggu|mgg|hari|hr)\b"
    r"(?! (?:lalu|yang|yg|kemarin|ini|depan|lagi))(?: (?:lebih )?\d{1,2} ?(?:bulan|bln|bl|minggu|mgg|hari|hr)\b)?)+"
)
_PADDING = FILLERS | _set(
    "anak anaknya anakku ank bayi bayiku bayinya adek adik adeknya dedek dede si kakak putra putri putranya putrinya",
    "nama namanya berat beratnya bb badan badannya tinggi tingginya panjang panjangnya tb pb lk lingkar kepala bobot",
    "timbang timbangan timbangannya ditimbang nimbang penimbangan menimbang ukur diukur ukuran pengukuran mengukur",
    "hasil hasilnya catat catatkan dicatat catatin tulis lapor laporan melapor melaporkan laporkan update input",
    "masukkan masukin tambah tambahkan simpan data kg kilo gram cm senti ons koma naik turun tetap sama dari jadi",
    "menjadi sekarang skrg skr skg sdh sudah udah udh dah baru barusan tadi td kemarin kmrn hari ini bulan bln tanggal",
    "tgl tglnya pada di ke posyandu puskesmas pustu bidan bidannya kader rumah dan dn dengan dgn sama juga jg serta",
    "untuk utk buat yang yg nya adalah itu pas waktu saat posisi sambil sekitar kira cuma hanya lagi alhamdulillah",
    "mau ingin izin ijin usia umur pagi siang sore malam habis abis selesai terus trus lalu kita kami punya atau",
    "lanjutan terakhir total sebesar naiknya turunnya per tidak belum blm tdk ga gak sempat siap iya betul benar",
    "pak bu ibu lebih kurang catatan terbaru berbaring berdiri tiduran tidur telentang terlentang rebahan tegak minggu",
)  # fmt: skip
_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)*")
# Numbers that are no part of a date, unless "tgl" stands before them: with a unit or a comma, after "bb" and its kin
# (but not "ditimbang 10 november"), with a point ("8.2" would be the 8th of February).
_NOT_TOLD = r"(?<!tgl )(?<!tanggal )(?<!tgl)"
_NO_DATE_AMOUNT = re.compile(rf"{_NOT_TOLD}(?:{_NUM} ?(?:{_KG}|{_GRAM}|{_ONS}|{_CM}|{_MM})|\b\d+,\d+)")
_NO_DATE_LABELLED = re.compile(rf"{_LABEL.pattern}[^\w]{{0,3}}{_NUM}(?! ?[/-] ?\d| ?[^\W\d_]{{3,}})")
_NO_DATE_POINT = re.compile(rf"{_NOT_TOLD}(?<![\d.])\d{{1,3}}\.\d{{1,3}}(?![\d.])")
_HOLE = "|"


def _in_figures(plain: str) -> str:
    """Number words in figures: "delapan koma dua kilo" -> "8,2 kilo"."""
    out, last = [], 0
    for token in tokens_of(plain):
        if token.kind == "num" and not token.figures:
            space = " " if plain[token.start : token.end] == "se" else ""
            out += [plain[last : token.start], str(token.value), space]
            last = token.end
    figures = "".join([*out, plain[last:]])
    figures = re.sub(r"\bsekilo\b", "1 kilo", figures)
    return re.sub(r"(\d+) ?koma ?(\d+)", r"\1,\2", figures)


class _Page:
    """A message while it is being read: what has been understood is blotted out, so that nothing is read twice."""

    def __init__(self, text: str) -> None:
        self.plain = _in_figures(normalize(text))
        self.rest = self.plain

    def take(self, pattern: re.Pattern[str]) -> list[re.Match[str]]:
        """Every match in what is left, blotted out."""
        found = list(pattern.finditer(self.rest))
        for match in found:
            self.blot(*match.span())
        return found

    def blot(self, start: int, end: int) -> None:
        self.rest = self.rest[:start] + _HOLE * (end - start) + self.rest[end:]


@dataclass(frozen=True)
class _Mark:
    """A name, a label or a number at a place in the text. kind of a number: None while only its size can tell."""

    start: int
    what: Literal["name", "label", "number", "position"]
    name: str = ""
    kind: Kind | None = None
    value: float = 0.0


# -------------------------------------------------------------------------------------------------------- the reader


def may_be_a_weighing(text: str) -> bool:
    """Whether a closer look is worth its while: a digit or number word beside a word of weighing or a short text."""
    plain = _in_figures(normalize(text))
    return any(c.isdigit() for c in plain) and (bool(_SUBJECT.search(plain)) or len(plain.split()) <= 8)


def read_measures(text: str, today: date, *, names: Sequence[str] = (), asked: str | None = None) -> MeasureReading:
    """What a message reports. `names` are the family's children; `asked` is what was asked for: WEIGHT, LENGTH,
    "measure" or another word of the caller. Never raises on any text.
    """
    page = _Page(text)
    marks = list(_names(page, names))
    page.take(_NOISE)
    changes = page.take(_CHANGE)
    if changes or re.search(r"\b(?:jadi|menjadi|ke|skrg|sekarang)\b", page.rest):
        page.take(_BEFORE)
    positions = list(_positions(page, asked))
    when = _date(page, today)
    page.take(_AGE)
    subject = bool(_SUBJECT.search(page.plain))
    not_measured = bool(page.take(_NOT_MEASURED))
    not_weighed = bool(page.take(_NOT_WEIGHED))
    grown_up = bool(_GROWN_UP.search(page.rest))
    marks += [*positions, *_labels(page), *_numbers(page)]
    entries = _entries(sorted(marks, key=lambda mark: mark.start), asked)
    left = [word for word in _WORD.findall(page.rest) if word not in _PADDING]
    return MeasureReading(
        entries=tuple(entries),
        date=when,
        gain_kg=_gain(changes[0]) if changes else None,
        not_measured=not_measured or (asked == LENGTH and not _has_number(entries) and _leaves_out(text)),
        not_weighed=not_weighed,
        subject=subject,
        grown_up=grown_up,
        question=looks_like_question(text),
        rest=tuple(word for word in left if is_everyday(word)),
        strange=tuple(word for word in left if not is_everyday(word)),
    )


def _leaves_out(text: str) -> bool:
    words = set(normalize(text).split())
    return is_unknown(text) or read_yes_no(text) is False or bool(words & _SKIP)


def _has_number(entries: Sequence[MeasureEntry]) -> bool:
    return any(entry.weight_kg is not None or entry.length_cm is not None for entry in entries)


def _names(page: _Page, names: Sequence[str]) -> Iterator[_Mark]:
    for name in sorted(names, key=len, reverse=True):
        own = normalize(name)
        shared = {word for other in names if other != name for word in normalize(other).split()}
        single = [w for w in own.split() if len(w) > 2 and w not in shared and w not in _PADDING]
        for way in [own, *single]:
            ways = re.compile(rf"(?<![^\W_]){re.escape(way)}(?:nya)?(?![^\W\d_])") if way else None
            for match in page.take(ways) if ways else []:
                yield _Mark(match.start(), "name", name=name)


def _date(page: _Page, today: date) -> DateReading:
    """The day of the weighing. A number with a comma or a unit is no date, unless "tgl" stands before it."""
    masked = page.rest
    for pattern in (_NO_DATE_AMOUNT, _NO_DATE_LABELLED, _NO_DATE_POINT, _AGE):
        masked = pattern.sub(lambda m: "_" * len(m.group()), masked)
    found = read_date(masked, today, max_years=None)
    only_figures = not found.matched or found.matched.strip().isdigit()
    if found.problem == "none" or only_figures:
        return NO_DATE
    page.blot(found.start, found.end)
    return found


def _positions(page: _Page, asked: str | None) -> Iterator[_Mark]:
    for match in _POSITION.finditer(page.rest):
        if asked != "measure" and _NOT_POSITION.search(page.rest[: match.start()]):
            continue
        yield _Mark(match.start(), "position", name="L" if match["lying"] else "H")
        page.blot(*match.span())


def _labels(page: _Page) -> Iterator[_Mark]:
    kinds: tuple[Kind, ...] = ("other", "head", "weight", "length")
    for match in page.take(_LABEL):
        kind = next(kind for kind in kinds if match[kind])
        yield _Mark(match.start(), "label", kind=kind)


def _numbers(page: _Page) -> Iterator[_Mark]:
    for match in page.take(_AMOUNT):
        kind, value = _amount(match)
        yield _Mark(match.start(), "number", kind=kind, value=value)


def _amount(match: re.Match[str]) -> tuple[Kind | None, float]:
    """(kind, kg or cm) of a number; no kind for one without a unit."""
    if match["kg"]:
        more = _small(match["more"], match["small"]) if match["more"] else 0.5 if match["half"] else 0.0
        return "weight", round(_decimal(match["kg"]) + more, 3)
    if match["halfkg"]:
        return "weight", _decimal(match["halfkg"]) + 0.5
    if match["gram"]:
        return "weight", round(_thousands(match["gram"]) / 1000, 3)
    if match["ons"]:
        return "weight", round(_decimal(match["ons"]) / 10, 3)
    if match["m"]:
        return "length", round(_decimal(match["m"]) * 100, 2)
    if match["mm"]:
        return "length", round(_decimal(match["mm"]) / 10, 2)
    if match["cm"]:
        return "length", _decimal(match["cm"]) + (0.5 if match["halfcm"] else 0.0)
    if match["halfcm2"]:
        return "length", _decimal(match["halfcm2"]) + 0.5
    return None, _decimal(match["bare"])


def _small(number: str, unit: str) -> float:
    return int(number) / (10 if unit.startswith("on") else 1000)


def _decimal(figures: str) -> float:
    return float(figures.replace(",", "."))


def _thousands(figures: str) -> float:
    """Grams with a thousands point: "8.200 gram"."""
    whole = re.fullmatch(r"(\d{1,2})[.,](\d{3})", figures)
    return float(whole[1] + whole[2]) if whole else _decimal(figures)


def _gain(match: re.Match[str]) -> float:
    unit, number = match["unit"], match["n"]
    if unit.startswith("g"):
        amount = _thousands(number) / 1000
    else:
        amount = _decimal(number) * (0.1 if unit.startswith("on") else 1.0)
    if match["n2"]:
        amount += _small(match["n2"], match["unit2"])
    down = match["way"] in {"turun", "berkurang", "susut", "menyusut", "kurang"}
    return round(-amount if down else amount, 3)


# -------------------------------------------------------------------------------------------- what belongs to whom


def _entries(marks: Sequence[_Mark], asked: str | None) -> list[MeasureEntry]:
    """One entry per child named. Numbers follow their names, or go before them if the message begins so."""
    named = [mark for mark in marks if mark.what == "name"]
    if len({mark.name for mark in named}) <= 1:
        entry = _filled(MeasureEntry(named[0].name if named else None), marks, asked)
        return [entry] if entry.anything or entry.name else []
    first = next((mark.start for mark in marks if mark.what == "number"), None)
    before = first is not None and first < named[0].start
    parts: dict[str, list[_Mark]] = {}
    waiting: list[_Mark] = []
    owner = ""
    for mark in marks:
        if mark.what != "name":
            waiting.append(mark)
            continue
        # What stands between two names belongs to the one before it, or after it where the message begins so.
        parts.setdefault(mark.name, [])
        parts[mark.name if before or not owner else owner] += waiting
        waiting, owner = [], mark.name
    parts[owner] += waiting
    return [_filled(MeasureEntry(name), own, None) for name, own in parts.items()]


def _filled(entry: MeasureEntry, marks: Sequence[_Mark], asked: str | None) -> MeasureEntry:
    waiting: list[Kind] = []
    for mark in marks:
        if mark.what == "label" and mark.kind is not None:
            waiting.append(mark.kind)
        elif mark.what == "position":
            entry = replace(entry, measure=mark.name)
        elif mark.what == "number":
            entry = _with(entry, _meaning(entry, mark, waiting, asked), mark)
    return entry


def _meaning(entry: MeasureEntry, mark: _Mark, waiting: list[Kind], asked: str | None) -> Kind | None:
    """What a number measures: by unit, by the label that waits for it, by what was asked, by its size."""
    told = waiting.pop(0) if waiting else None
    if mark.kind == "length" and told in {"head", "other"}:
        return told
    if mark.kind is not None:
        if told is not None and told != mark.kind and mark.kind in waiting:
            waiting.remove(mark.kind)
            waiting.insert(0, told)
        return mark.kind
    if told is not None and not (told == "weight" and entry.weight_kg is not None):
        return told
    free_weight, free_length = entry.weight_kg is None, entry.length_cm is None
    if asked == WEIGHT and free_weight:
        return "weight"
    if asked == LENGTH and free_length:
        return "length"
    if asked == "measure":
        return None
    if free_weight and 1 <= mark.value < 40:
        return "weight"
    if free_length and 40 <= mark.value <= 130:
        return "length"
    # "82 725": neither can be, but that is for others to say.
    return "weight" if free_weight and mark.value < 20000 else "length" if free_length else None


def _with(entry: MeasureEntry, kind: Kind | None, mark: _Mark) -> MeasureEntry:
    value = mark.value
    if kind == "weight":
        grams = mark.kind is None and value >= 300
        return replace(entry, weight_kg=round(value / 1000, 3) if grams else value)
    if kind == "length":
        return replace(entry, length_cm=value)
    return replace(entry, head_cm=value) if kind == "head" else entry
