"""Attendance as a kader types it between two weighings: "Ani 8,2 72,5", "3 hadir", "Budi tidak datang".

One line is one person; several lines, or several people in one line, may come at once. Who is meant is looked for in
the day's list: by name, by the mother's name ("Ani Bu Rina"), by the number on the list. Where more than one fits, all
of them are given back: a weight on the wrong child is worse than a question.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import date, timedelta
from difflib import SequenceMatcher

from sapa.family.reading.dates import NO_DATE, DateReading, read_date
from sapa.family.reading.lexicon import is_everyday
from sapa.family.reading.measures import MeasureEntry, read_measures
from sapa.family.reading.words import FILLERS, looks_like_question, normalize, words_of

ILL, MOVED = "sakit", "pindah"

_MAX_LINES = 200
_MAX_LINE = 200
_MOST_NAME_WORDS = 6
# How alike a name and one on the list are where a letter was slipped; from that many letters on.
_ALIKE, _ALIKE_FROM = 0.8, 4


@dataclass(frozen=True)
class Listed:
    """Somebody on the day's list. key: whatever the caller knows them by; pregnant: listed for her own sake."""

    number: int
    key: str
    name: str | None
    mother: str | None = None
    pregnant: bool = False


@dataclass(frozen=True)
class AttendanceLine:
    """One line. keys: who it can mean (one: certain; several: to be asked; none: nobody of the list, see `name`).

    came: None where only numbers were told, which says that they came. excuse: ILL or MOVED. kg and cm; measure as in
    read_measures. insisted: said to be so ("82 BENAR"). plain: nothing else stands in the line, so that it surely is
    one of attendance.
    """

    text: str
    keys: tuple[str, ...] = ()
    name: str | None = None
    came: bool | None = None
    excuse: str | None = None
    weight_kg: float | None = None
    length_cm: float | None = None
    measure: str = ""
    insisted: bool = False
    plain: bool = False

    @property
    def tells(self) -> bool:
        """Whether it says something of somebody: that they came or did not, or a number."""
        return self.came is not None or self.weight_kg is not None or self.length_cm is not None

    @property
    def reads(self) -> bool:
        """Whether it is a line of attendance, of somebody known or not."""
        return self.plain and self.tells and bool(self.keys or self.name)


@dataclass(frozen=True)
class AttendanceReading:
    """A whole message. date: the day it is about, the problem "none" where it names none."""

    lines: tuple[AttendanceLine, ...]
    date: DateReading = NO_DATE

    @property
    def sure(self) -> bool:
        """Whether the message is about attendance beyond doubt: one line that reads, and of few lines all."""
        good = sum(line.reads for line in self.lines)
        return bool(good) and (good == len(self.lines) or good * 2 >= len(self.lines))


def _set(*lines: str) -> frozenset[str]:
    return frozenset(" ".join(lines).split())


# -------------------------------------------------------------------------------------------------------- the words

_NEG = r"(?:tidak|tdk|tak|ndak|gak|ga|gk|nggak|ngga|enggak|engga|belum|blm|blom|g|tda|tidk|sonde|ora)"
_COMES = r"(?:hadir|hdr|hadr|datang|dtg|dateng|dtang|datng|ada|ikut|nongol|timbang|ditimbang|nimbang)"
_ABSENT = re.compile(
    rf"\b{_NEG} ?(?:bisa |bs |jadi |jd |sempat |pernah |kelihatan |mau )*{_COMES}\b|\b(?:absen|bolos|alpa|alfa)\b"
    rf"|\b(?:izin|ijin)\b|\b{_NEG} (?:bisa|sempat)\b|[✗❌]|(?:^|\s)x(?=\s|$)"
)
_ILL = re.compile(r"\b(?:sakit|skit|dirawat|opname)\b")
_MOVED = re.compile(r"\b(?:pindah|pindahan|merantau|pulang kampung|mudik)\b(?: (?:ke|di) [^\W\d_]+)?")
_CAME = re.compile(rf"\b(?:(?:sudah|sdh|udah|dah) )?{_COMES}\b|[✓✔✅☑]|(?:^|\s)v(?=\s|$)")
_HEADING = re.compile(
    rf"^(?:daftar |yang |yg |anak )*(?P<absent>{_NEG} (?:hadir|datang|dtg|dateng)|absen)\b[^\W\d]*\s*[:=-]\s*"
    rf"|^(?:daftar |yang |yg |anak )*(?P<came>hadir|datang|dtg|dateng|sudah datang|sudah hadir)\s*[:=-]\s*"
)
_PREGNANT = re.compile(r"\b(?:(?:ibu |bu )?hamil|bumil|bu mil)\b")
_MOTHER = re.compile(
    r"\b(?:(?:anak(?:nya|e)?|ank|anke|putra(?:nya)?|putri(?:nya)?|punya(?:nya)?) )?"
    r"(?:bu|ibu|buk|ibuk|ny|nyonya|mama|mamah|mamak|mamanya|ibunya|bunda|bundanya|mbak|mb)\b\.? (?=[^\W\d_])"
)
_NUMBER = re.compile(
    r"^(?P<mark>no(?:mor|mer)?\.? ?|#)?(?P<n>\d{1,3})(?![\d]|[.,]\d| ?(?:kg|cm|gr|gram|ons|bln|bulan)\b"
    # "2 anak tidak datang" counts them, and is no number on the list.
    r"| (?:anak|ank|balita|bayi|orang|org|keluarga)(?! (?:bu|ibu)\b))"
)
_PADDING = FILLERS | _set(
    "anak ank bayi balita adek adik dede dedek si yang yg nama namanya no nomor nomer dan dn sama juga jg",
    "bb tb pb lk b.b t.b berat beratnya brt tinggi tingginya tgi panjang panjangnya pjg badan bobot lingkar kepala",
    "kg kilo kilogram gram gr g ons cm senti sentimeter naik turun tetap timbang ditimbang timbangan nimbang ukur",
    "diukur hasil hasilnya catat dicatat tulis lapor hadir hdr hadr datang dtg dateng dtang datng ikut ada sudah sdh",
    "udah dah tadi td baru hari ini kemarin kmrn tanggal tgl posyandu pos pagi siang sore jam v x ok oke siap koma",
    "berbaring baring tiduran berdiri diri telentang tegak laporan daftar absen kehadiran terlambat telat bersama",
    "sendiri alhamdulillah semua buku kia kms kembar usia umur bulan bln thn tahun karena krn karna lagi lg masih msh",
    "benar bnr betul bener yakin",
)
_SAID_WHAT = re.compile(r"[^\W\d_]*(?:kg|kilo|gr|gram|ons|cm|senti|bb|tb|pb|brt|berat|tinggi|panjang|pjg|tgi|bobot)")
# From here on a number is no weight of a child, and may be a length.
_NO_WEIGHT = 40.0
_INSISTS = re.compile(r"\b(?:benar|bnr|betul|bener|memang|emang|yakin)\b")
_STRONG = re.compile(rf"\b(?:{_NEG} )?(?:hadir|datang|dtg|dateng)\b|\babsen\b|[✓✔✅✗❌]")
_WORD = re.compile(r"[^\W\d_]+(?:['.-][^\W\d_]+)*")
_SLASH = re.compile(r"(?<=\d) ?/ ?(?=\d)")  # "8,2/72,5" is no date: dates are gone by then
_SPLIT = re.compile(r"[;•|]+|,\s*(?=[^\W\d])")
# "1,2,3 hadir", under a heading also "1 2 3": several of the list at once.
_SEVERAL = re.compile(
    rf"(?:(?:no(?:mor|mer)?\.?|#) ?)?(?P<numbers>\d{{1,3}}(?:(?: ?(?:,|&|dan) ?| )\d{{1,3}})*)"
    rf" ?(?P<said>(?:{_NEG} )?(?:hadir|hdr|datang|dtg|dateng)|absen|sakit)?[ .!]*"
)
# "Anak saya sudah timbang 8,2": a kader is a mother too, and her child may be called like another one.
_HER_OWN = re.compile(r"\banak(?:ku| ?saya| ?sy| ?aku| ?kami)\b")
_MAYBE = re.compile(rf"\d|\b{_COMES}\b|\b(?:absen|sakit|pindah|izin|ijin)\b|[✓✔✅☑✗❌]")


_MONTH = r"(?:jan|feb|mar|apr|mei|jun|jul|agu|ags|agt|sep|okt|nov|des)(?:uari|ruari|et|il|i|ustus|t|tember|ober|ember)?"
_DAY_MONTH = r"(?<![\d.,])\d{1,2} ?[/-] ?(?:0?[1-9]|1[0-2])(?: ?[/-] ?\d{2,4})?(?![\d.,])"
_DATE = re.compile(
    rf"(?P<cue>\b(?:tgl|tanggal|tggl)\.? ?)?(?:{_DAY_MONTH}|(?<![\d.,])\d{{1,2}} ?(?P<month>{_MONTH})\b(?: \d{{4}}\b)?)"
    r"|\b(?:kemarin|kmrn|kemaren|kmren|hari ini)\b|\b(?:tgl|tanggal|tggl)\.? ?\d{1,2}\b"
)


def may_be_attendance(text: str) -> bool:
    """Whether a closer look is worth its while: a number, or a word of coming or staying away."""
    plain = normalize(text)
    return bool(_MAYBE.search(plain)) and not text.lstrip().startswith("/") and not _HER_OWN.search(plain)


def read_attendance(text: str, today: date, listed: Sequence[Listed]) -> AttendanceReading:
    """What a message says of who came, by the day's list. Never raises on any text; a question says nothing."""
    if looks_like_question(text):
        return AttendanceReading(())
    when, lines = NO_DATE, []
    for piece, heading in _pieces(text, listed):
        line, day = _line(piece, heading, today, listed)
        if day.usable and not when.usable:
            when = day
        if line is not None:
            lines.append(line)
    return AttendanceReading(tuple(lines), when)


# ------------------------------------------------------------------------------------------------- from text to lines


def _pieces(text: str, listed: Sequence[Listed]) -> Iterator[tuple[str, bool | None]]:
    """The stretches that speak of one person each, with what a heading above them says ("hadir:")."""
    first_words = {words[0] for one in listed for name in (one.name,) if name and (words := words_of(name))}
    heading: bool | None = None
    for number, row in enumerate(text.splitlines()):
        if number >= _MAX_LINES:
            return
        row = normalize(row[:_MAX_LINE])
        if not row:
            continue
        found = _HEADING.match(row)
        if found:
            heading = found["came"] is not None
            row = row[found.end() :]
        several = _several(row, heading)
        if several:
            yield from several
            continue
        for part in _joined(_SPLIT.split(row), headed=heading is not None):
            yield from ((piece, heading) for piece in _run_together(part, first_words))


def _several(row: str, heading: bool | None) -> list[tuple[str, bool | None]]:
    """The numbers of a row that says the same of several people, each as a line of its own."""
    match = _SEVERAL.fullmatch(row)
    if match is None or not (match["said"] or heading is not None):
        return []
    said = match["said"]
    numbers = re.findall(r"\d+", match["numbers"])
    return [(f"#{number} {said}", None) if said else (f"#{number}", heading) for number in numbers]


def _joined(parts: Sequence[str], *, headed: bool) -> list[str]:
    """ "Ani, bu Rina 8,2" speaks of one child: a name that says nothing yet and a mother's belong together."""
    out: list[str] = []
    for part in (part.strip(" ,.-") for part in parts):
        if not part:
            continue
        bare = bool(out) and not headed and not re.search(r"\d", out[-1]) and not _CAME.search(out[-1])
        if bare and _MOTHER.match(f"{part} "):
            out[-1] = f"{out[-1]} {part}"
        else:
            out.append(part)
    return out


def _run_together(part: str, first_words: frozenset[str] | set[str]) -> list[str]:
    """Several people without a comma between them: "ani 8,2 72,5 budi 9 74", "ani 8,2 dan budi 9"."""
    cuts = [0]
    for match in re.finditer(r"(?<=\d) (?:dan |& ?)?(?=([^\W\d_]+))|(?<=[^\W\d_]) (?:dan|&) (?=([^\W\d_]+))", part):
        word = match[1] or match[2]
        before = part[cuts[-1] : match.start()]
        # "3 ani 8,2": a number alone before the name is the name's own.
        if word in first_words and re.search(r"[^\W\d_]", before) and _says(before):
            cuts.append(match.end())
    ends = [*cuts[1:], len(part)]
    return [re.sub(r" (?:dan|&)$", "", part[a:b].strip()) for a, b in zip(cuts, ends, strict=True)]


def _says(part: str) -> bool:
    return bool(re.search(r"\d", part) or _CAME.search(part) or _ABSENT.search(part))


# ---------------------------------------------------------------------------------------------------------- one line


def _line(
    piece: str, heading: bool | None, today: date, listed: Sequence[Listed]
) -> tuple[AttendanceLine | None, DateReading]:
    day, rest = _date(piece, today, listed)
    number, rest = _leading_number(rest)
    rest, came, excuse = _coming(rest)
    pregnant = bool(_PREGNANT.search(rest))
    rest = _PREGNANT.sub(" ", rest)
    child_words, mother_words, rest = _names(rest, listed)
    measured = read_measures(_SLASH.sub(" ", rest), today)
    entry = _weight_first(measured.entries[0], rest) if measured.entries else None
    asked = bool(child_words or mother_words)
    small = entry is not None and entry.weight_kg is not None and entry.weight_kg < _NO_WEIGHT
    keys = _who(number, child_words, mother_words, listed, pregnant=pregnant, small=small)
    if not asked and number is None and came is None and entry is None and day.usable:
        return None, day  # "Posyandu 10 Desember": a line that only says when
    strange = [word for word in (*child_words, *mother_words) if is_everyday(word) and not keys]
    line = AttendanceLine(
        text=piece,
        keys=keys,
        name=_shown(child_words or mother_words) or (str(number) if number is not None else None),
        came=came if came is not None else heading,
        excuse=excuse,
        weight_kg=entry.weight_kg if entry else None,
        length_cm=entry.length_cm if entry else None,
        measure=entry.measure if entry else "",
        insisted=bool(_INSISTS.search(piece)),
    )
    known = bool(keys)
    strong = line.weight_kg is not None or bool(_STRONG.search(piece)) or heading is not None
    fits = len(child_words) + len(mother_words) <= _MOST_NAME_WORDS
    asked = asked or number is not None
    return replace(line, plain=not strange and fits and (known or (strong and asked))), day


def _weight_first(entry: MeasureEntry, rest: str) -> MeasureEntry:
    """A lost comma ("82" for 8,2) must not pass for a length: bare numbers are the weight, then the length."""
    if _SAID_WHAT.search(rest):
        return entry
    bare = [float(number.replace(",", ".")) for number in re.findall(r"\d+(?:[.,]\d+)?", rest)]
    if not bare or len(bare) > 2 or min(bare) < _NO_WEIGHT:
        return entry
    return replace(entry, weight_kg=bare[0], length_cm=bare[1] if len(bare) > 1 else None)


def _date(piece: str, today: date, listed: Sequence[Listed]) -> tuple[DateReading, str]:
    """The day a line names, and the line without it. Mei, Juli and Agustus are children too."""
    found = _DATE.search(piece)
    if found is None:
        return NO_DATE, piece
    names = {word for one in listed for name in (one.name, one.mother) if name for word in words_of(name)}
    if found["month"] in names and not found["cue"]:
        return NO_DATE, piece
    rest = f"{piece[: found.start()]} {piece[found.end() :]}".strip(" :")
    number = re.fullmatch(r"(?:tgl|tanggal|tggl)\.? ?(\d{1,2})", found.group())
    return _latest(int(number[1]), today) if number else read_date(found.group(), today, max_years=None), rest


def _latest(number: int, today: date) -> DateReading:
    """ "Tgl 10" without its month: the last one there was."""
    for back in range(31):
        day = today - timedelta(days=back)
        if day.day == number:
            return DateReading(day, "day", None)
    return NO_DATE


def _leading_number(piece: str) -> tuple[int | None, str]:
    """The number on the list a line begins with. "8,2" is none, and "9 74" without a name may be a weighing."""
    found = _NUMBER.match(piece)
    if found is None:
        return None, piece
    after = piece[found.end() :].lstrip(" .):-")
    numbers = re.findall(r"\d+(?:[.,]\d+)?", after)
    first = float(numbers[0].replace(",", ".")) if numbers else None
    weighing = first is not None and (first < 40 or len(numbers) > 1 or first >= 1000)
    if not (found["mark"] or weighing or re.search(r"[^\W\d]", after)):
        return None, piece
    return int(found["n"]), after


def _coming(piece: str) -> tuple[str, bool | None, str | None]:
    """What is left of a line, whether somebody came, and why not."""
    absent = _ABSENT.search(piece)
    rest = _ABSENT.sub(" ", piece)
    excuse = ILL if _ILL.search(rest) else MOVED if _MOVED.search(rest) else None
    came = _CAME.search(rest)
    rest = _CAME.sub(" ", _MOVED.sub(" ", _ILL.sub(" ", rest)))
    if absent or (excuse and not came):
        return rest, False, excuse
    return rest, True if came else None, None


def _names(piece: str, listed: Sequence[Listed]) -> tuple[list[str], list[str], str]:
    """The words of the child's name, of the mother's, and the line without them."""
    padded = f"{piece} "
    cue = _MOTHER.search(padded)
    before, after = (piece, "") if cue is None else (padded[: cue.start()], padded[cue.end() :])
    known = {word for one in listed for name in (one.name, one.mother) if name for word in words_of(name)}
    child, before_rest = _take(before, known)
    mother, after_rest = _take(after, known)
    return child, mother, f"{before_rest} {after_rest}"


def _take(text: str, known: set[str]) -> tuple[list[str], str]:
    """The words that can only be a name, and the text without them."""
    taken = []
    rest = text
    for match in _WORD.finditer(text):
        word = match.group().rstrip(".")
        if word in known or (word not in _PADDING and not _is_unit(word)):
            taken.append(word)
            rest = rest[: match.start()] + " " * len(match.group()) + rest[match.end() :]
    return taken, rest


def _is_unit(word: str) -> bool:
    return word in {"kg", "cm", "gr", "g", "ons", "gram", "kilo"}


def _shown(words: Sequence[str]) -> str | None:
    return " ".join(word[0].upper() + word[1:] for word in words) or None


# ---------------------------------------------------------------------------------------------------------- who it is


def _who(
    number: int | None,
    child: Sequence[str],
    mother: Sequence[str],
    listed: Sequence[Listed],
    *,
    pregnant: bool,
    small: bool,
) -> tuple[str, ...]:
    """Everybody of the list a line can mean. small: a weight was told that no woman has."""
    if not child and not mother:
        return tuple(one.key for one in listed if one.number == number)
    fitting = _best(child, mother, listed, pregnant=pregnant, small=small)
    numbered = [one for one in fitting if one.number == number]
    # A kader may number her own lines: the number decides only among those the name fits.
    return tuple(one.key for one in numbered or fitting)


def _best(
    child: Sequence[str], mother: Sequence[str], listed: Sequence[Listed], *, pregnant: bool, small: bool
) -> list[Listed]:
    women = [] if small else [one for one in listed if one.pregnant]
    children = [one for one in listed if not one.pregnant]
    if pregnant:
        return _fitting(women, [*child, *mother], by_mother=False)
    if child and not mother:
        return _fitting(children, child, by_mother=False) or _fitting(women, child, by_mother=False)
    if child:
        return _fitting(_fitting(children, mother, by_mother=True), child, by_mother=False)
    # "Bu Rina hadir": she herself where she is expected, else the child she brought.
    return _fitting(women, mother, by_mother=False) or _fitting(children, mother, by_mother=True)


def _fitting(people: Sequence[Listed], said: Sequence[str], *, by_mother: bool) -> list[Listed]:
    """Those whose name fits what was said; slips of a letter count only where nothing fits as it stands."""
    for alike in (_same, _begins, _nearly):
        found = [one for one in people if _fits(one.mother if by_mother else one.name, said, alike)]
        if found:
            return found
    return []


def _fits(name: str | None, said: Sequence[str], alike: object) -> bool:
    assert callable(alike)
    parts = words_of(name) if name else []
    words = [part for word in said for part in words_of(word)]
    return bool(parts) and bool(words) and all(any(alike(word, part) for part in parts) for word in words)


def _same(word: str, part: str) -> bool:
    return word == part


def _begins(word: str, part: str) -> bool:
    return len(word) >= 3 and part.startswith(word)


def _nearly(word: str, part: str) -> bool:
    close = SequenceMatcher(None, word, part).ratio() >= _ALIKE
    return len(word) >= _ALIKE_FROM and len(part) >= _ALIKE_FROM and close


# --------------------------------------------------------------------------------------------------- her other orders

_CLOSE = _set("selesai slesai beres tutup")
_MOST_CLOSE_WORDS = 8
_AROUND_CLOSE = FILLERS | _set(
    "sudah sdh udah posyandu posyandunya hari ini semua semuanya dicatat catat hadir absen kosong"
)
_LIST = re.compile(
    r"^(?:(?:minta|lihat|liat|kirim|tolong|mana|cek) )*(?:daftar|list|dftar|dftr)(?:nya)? "
    r"(?:yang |yg )*(?:(?:hadir|kehadiran|hdr|absen|belum (?:hadir|datang|dicatat)|posyandu|sasaran)\b"
    # "Daftar anak Ani lahir ..." registers her own.
    r"|anak (?:posyandu|hari ini|besok|(?:yang|yg) .*)$)"
    # Whose names are not written down yet: those she means by "all".
    r"|^(?:semua(?:nya)?|smua) (?:anak |balita )?(?:sudah |sdh |udah )?(?:hadir|datang|dtg)\b|^(?:hadir|datang) semua\b"
    r"|^(?:siapa|yang|yg) (?:saja |aja )?(?:yang |yg )?(?:belum|blm) (?:hadir|datang|dicatat|dtg|ditimbang)"
)
_VISITS = re.compile(r"^(?:(?:minta|lihat|liat|cek|daftar|list) )*kunjungan(?: rumah)?(?: saya)?$")
_VISITED = re.compile(
    r"^(?:(?:sudah|sdh|udah|dah|selesai) )?(?:di ?)?kunjung(?:i|an)?(?: rumah)? (?:no(?:mor|mer)?\.? ?|#)?"
    r"(?P<n>\d{1,3})\b[ .):,-]*(?P<outcome>.*)$"
)


def may_be_close(text: str) -> bool:
    """Whether a closer look is worth its while."""
    words = words_of(text)
    return len(words) <= _MOST_CLOSE_WORDS and bool(_CLOSE & set(words))


def is_close(text: str, places: AbstractSet[str] = frozenset()) -> bool:
    """Whether a message closes the day: "SELESAI", "posyandu hari ini sudah selesai". places: words of their names."""
    return may_be_close(text) and set(words_of(text)) <= _CLOSE | _AROUND_CLOSE | places


def closes_empty(text: str) -> bool:
    """Whether a message that closes the day says that nobody came: "SELESAI KOSONG"."""
    return is_close(text) and "kosong" in words_of(text)


def wants_list(text: str) -> bool:
    """Whether somebody asks who is still missing: "DAFTAR HADIR", "siapa yang belum datang"."""
    return bool(_LIST.match(" ".join(words_of(text))))


def wants_visits(text: str) -> bool:
    """Whether somebody asks for the list of home visits: "KUNJUNGAN"."""
    return bool(_VISITS.match(" ".join(words_of(text))))


def read_visited(text: str) -> tuple[int, str] | None:
    """The number and the outcome of a visit that was made: "SUDAH DIKUNJUNGI 3 sehat"; None for anything else."""
    found = _VISITED.match(normalize(text))
    return None if found is None else (int(found["n"]), found["outcome"].strip(" .") or "")
