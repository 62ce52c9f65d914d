"""The parts of a posyandu day in a kader's own words: the day, the day it moves to, the hour, the place, what to bring.

"posyandu melati tgl 10/12 jm 8 pagi di balai desa, bawa buku KIA": the parts come in any order, so each one is found
by its own words and taken out before the next is looked for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, time, timedelta
from typing import Literal

from sapa.family.calendar import add_months
from sapa.family.reading.child import match_posyandu
from sapa.family.reading.dates import read_date
from sapa.family.reading.words import normalize, tidy

Role = Literal["old", "new", "only"]
Wrong = Literal["impossible", "vague", "ambiguous"]

MAX_PLACE, MAX_NOTE = 100, 200
# A day without a year that would lie this far ahead is meant to be the one just gone: "20 november" on the 23rd.
_TOO_FAR = timedelta(days=300)


@dataclass(frozen=True)
class Day:
    """A day as it was said. number: "tanggal 10" without its month; wrong: why `value` cannot be used."""

    value: date | None = None
    number: int | None = None
    wrong: Wrong | None = None


@dataclass(frozen=True)
class Parts:
    """What a message says about a session. `day` is the day spoken of, `new_day` the one it moves to.

    posyandu: one of the known names; posyandu_said: another one. bad_time: an hour that does not exist was said.
    """

    day: Day | None = None
    new_day: Day | None = None
    time: time | None = None
    bad_time: bool = False
    place: str | None = None
    note: str | None = None
    posyandu: str | None = None
    posyandu_said: str | None = None

    @property
    def empty(self) -> bool:
        """Whether nothing of a session was said."""
        return self == Parts()


def read_parts(text: str, today: date, known: Sequence[str] = ()) -> Parts:
    """The parts of a session in one message; `known`: names of the posyandu that may be meant. Never raises."""
    sheet = _Sheet(text)
    hour, bad = _take_time(sheet)
    days = _take_days(sheet, today)
    posyandu, said = _take_posyandu(sheet, known)
    note = _take_note(sheet)
    place = _take_place(sheet)
    day, new_day = _roles(days)
    return Parts(day, new_day, hour, bad, place, note, posyandu, said)


def resolve(day: Day | None, today: date, near: date | None = None) -> date | None:
    """The calendar day: "tanggal 10" is the next one, or the one nearest to `near` (never before today)."""
    if day is None or day.wrong is not None:
        return None
    if day.value is not None or day.number is None:
        return day.value
    first = today.replace(day=1)
    possible = [found for month in range(-1, 14) if (found := with_day(add_months(first, month), day.number))]
    ahead = [one for one in possible if one >= today]
    if near is not None:
        return min(ahead, key=lambda one: abs(one - near), default=None)
    return min(ahead, default=None)


def read_time(text: str) -> time | None:
    """An hour, also bare ("8", "8.30", "jam 8 pagi"), as the answer to the question for it."""
    sheet = _Sheet(text)
    hour, _ = _take_time(sheet)
    if hour is not None:
        return hour
    bare = re.fullmatch(r"\D{0,8}(\d{1,2})(?:[.: ](\d{2}))?(?: ?an)?\W*(?:ya|bu|saja|aja)?\W*", normalize(text).strip())
    return _hour(bare[1], bare[2], None) if bare else None


def read_bare_day(text: str) -> Day | None:
    """A number alone as the answer to "which day?": "10", "tanggal 10"."""
    bare = re.fullmatch(rf"(?:{_TANGGAL} ?)?(\d{{1,2}})\W*(?:ya|bu|saja|aja|dong)?\W*", normalize(text).strip(" .,"))
    return _numbered(int(bare[1])) if bare else None


# ---------------------------------------------------------------------------------------------------------- the sheet


class _Sheet:
    """A message from which parts are taken: what was read is blotted out, so that nothing is read twice."""

    def __init__(self, text: str) -> None:
        self.written = tidy(text)
        self.plain = normalize(text)
        self.left = self.plain

    def blot(self, start: int, end: int) -> None:
        """Take a part out. The mark ends a place or a note, as a comma does not."""
        self.left = self.left[:start] + "|" * (end - start) + self.left[end:]

    def words(self, start: int, end: int) -> str:
        """The part as it was written, small and capital letters too."""
        return " ".join(self.written[start:end].split()).strip(" .,;:-–")


# ----------------------------------------------------------------------------------------------------------- the hour

_COUNT = {
    "satu": 1, "dua": 2, "tiga": 3, "empat": 4, "lima": 5, "enam": 6, "tujuh": 7, "delapan": 8, "lapan": 8,
    "sembilan": 9, "sepuluh": 10, "sebelas": 11,
}  # fmt: skip
_PART = r"pagi|pg|subuh|siang|sing|sore|malam|malem|mlm|petang"
_NUMBER = rf"\d{{1,2}}|{'|'.join(_COUNT)}"
_AFTER = (
    r"(?: ?(?:-|sampai(?: dengan)?|sampe|smp|s/d|sd|s\.d\.?|hingga) ?(?:jam |pkl )?(?:selesai"
    r"|\d{1,2}(?:[.:]\d{2})?))?"
    rf"(?: ?(?P<part>{_PART})(?: hari)?)?(?: ?(?:wib|wita|wit))?"
)
_CLOCK = re.compile(
    rf"(?:\b(?:mulai|mulainya|start) )?\b(?:jam|jm|pukul|pkl|pk|j)(?:nya)?\b[.:]? ?(?P<half>setengah |stgh |stngah )?"
    rf"(?P<hour>{_NUMBER})(?:[.:](?P<minute>\d{{2}}))?(?:an\b)?"
    rf"(?: ?(?P<more>lewat|lebih|kurang) (?P<off>\d{{1,2}}|seperempat)(?: menit)?)?{_AFTER}"
)
_BARE_CLOCK = re.compile(
    rf"(?<![\d./:-])(?P<hour>\d{{1,2}})(?P<sep>[.:])(?P<minute>\d{{2}})(?![\d./]|-\d{{4}}){_AFTER}"
)
_PART_CLOCK = re.compile(rf"(?<![\d./])\b(?P<hour>\d{{1,2}}) ?(?P<part>{_PART})\b(?: ?(?:wib|wita|wit))?")
_DATED = re.compile(r"(?:tanggal|tgl|tggl)\.? ?$")


def _take_time(sheet: _Sheet) -> tuple[time | None, bool]:
    """The last hour that was said ("dari jam 8 jadi jam 9" is 9), and whether one was said that does not exist."""
    hour: time | None = None
    bad = False
    for match in _clocks(sheet):
        found = _read_clock(match)
        hour, bad = (found, False) if found is not None else (hour, hour is None)
        sheet.blot(*match.span())
    return hour, bad


def _clocks(sheet: _Sheet) -> Iterator[re.Match[str]]:
    yield from list(_CLOCK.finditer(sheet.left))
    for match in list(_BARE_CLOCK.finditer(sheet.left)):
        # "10.12" after "tgl" is a day; with a point it is an hour only where the minutes are such.
        likely = match["sep"] == ":" or match["minute"] in {"00", "15", "30", "45"}
        if likely and int(match["hour"]) < 24 and not _DATED.search(sheet.left[: match.start()]):
            yield match
    yield from list(_PART_CLOCK.finditer(sheet.left))


def _read_clock(match: re.Match[str]) -> time | None:
    said = match.groupdict()
    found = _hour(said["hour"], said.get("minute"), said.get("part"), half=bool(said.get("half")))
    if found is None or not said.get("off"):
        return found
    off = 15 if said["off"] == "seperempat" else int(said["off"])
    minutes = found.hour * 60 + found.minute + (-off if said["more"] == "kurang" else off)
    return time(minutes // 60 % 24, minutes % 60)


def _hour(hour: str, minute: str | None, part: str | None, *, half: bool = False) -> time | None:
    """ "setengah 9" is 8.30. Nobody holds a posyandu at night: 1 to 5 without a part of the day is the afternoon."""
    number = _COUNT.get(hour) or int(hour)
    minutes = int(minute or 0)
    if half:
        number, minutes = number - 1, 30
    if number > 23 or minutes > 59 or (half and number < 0):
        return None
    evening = part in {"sore", "malam", "malem", "mlm", "petang"} and number < 12
    noon = part in {"siang", "sing"} and number < 6
    unsaid = part is None and 1 <= number <= 5
    return time(number + 12 if evening or noon or unsaid else number, minutes)


# ----------------------------------------------------------------------------------------------------------- the days

_TANGGAL = r"(?:tanggal|tgl|tggl|tg)\.?"
MOVE_WORDS = (
    r"(?:di|me|mem)?(?:undur|mundur|pindah|geser|maju|tunda|ganti|ubah|rubah)(?:kan|in|nya)?|menggeser"
    r"|memajukan|memundurkan"
    r"|dimundurkan|mengganti|mengubah|menunda|reschedule|jadwal ulang|dijadwal ulang"
)
_TURN = re.compile(
    r"\b(?P<origin>dari|semula|tadinya)\b|\b(?P<to>ke|jadi|jd|menjadi|jadinya)\b|(?P<arrow>-+>|=+>|→)"
    rf"|\b(?P<verb>{MOVE_WORDS})\b"
)
_BARE = re.compile(
    rf"^[ |]*(?:{_TANGGAL} ?|hari )?(\d{{1,2}})(?![\d/.:-]\d)\b(?! ?(?:anak|ibu|orang|balita|rb|ribu|x|kali))"
)


@dataclass(frozen=True)
class _Dated:
    """A day. turn: what its stretch of the message began with ("to", "from", "verb", ""); close: straight before it."""

    day: Day
    turn: str
    close: bool


def _take_days(sheet: _Sheet, today: date) -> list[_Dated]:
    """The days of a message, the stretches between "dari", "ke", "jadi" and the verbs of moving read one by one."""
    found: list[_Dated] = []
    turns = list(_TURN.finditer(sheet.left))
    starts = [(0, ""), *((match.end(), _turn(match)) for match in turns)]
    ends = [*(match.start() for match in turns), len(sheet.left)]
    for (start, turn), end in zip(starts, ends, strict=True):
        dated = _day_in(sheet, start, end, turn, today)
        if dated is not None:
            found.append(dated)
    return found


def _turn(match: re.Match[str]) -> str:
    return "verb" if match["verb"] else "from" if match["origin"] else "to"


def _day_in(sheet: _Sheet, start: int, end: int, turn: str, today: date) -> _Dated | None:
    stretch = sheet.left[start:end].replace("|", " ")
    # The reader takes its text tidied: blanks at the ends or in a row would shift every position.
    lead = len(stretch) - len(stretch.lstrip())
    reading = read_date(re.sub(r" (?= )", "_", stretch.strip()), today, prefer="future", max_years=None)
    if reading.matched and not _is_bare(reading.matched):
        day = _said(reading.value, reading.problem, reading.matched, today)
        before = sheet.left[start : start + lead + reading.start].strip(" |:")
        sheet.blot(start + lead + reading.start, start + lead + reading.end)
        return _Dated(day, turn, before in {"", "tanggal", "tgl", "hari"})
    bare = _BARE.search(stretch) if turn else None
    if bare is None:
        return None
    sheet.blot(start + bare.start(1), start + bare.end(1))
    return _Dated(_numbered(int(bare[1])), turn, True)


def _is_bare(matched: str) -> bool:
    return matched.strip().isdigit()


def _said(value: date | None, problem: str | None, matched: str, today: date) -> Day:
    number = re.fullmatch(rf"(?:hari )?{_TANGGAL} ?(\d{{1,2}})", matched)
    if number:
        return _numbered(int(number[1]))
    if value is None or problem is not None:
        return Day(
            wrong="impossible" if problem == "impossible" else "ambiguous" if problem == "ambiguous" else "vague"
        )
    yearless = not re.search(r"\d{4}|\d[/.-]\d{1,2}[/.-]\d{2}|'\d{2}", matched)
    if yearless and value - today > _TOO_FAR:
        value = with_day(value.replace(day=1, year=value.year - 1), value.day) or value
    return Day(value)


def _roles(found: Sequence[_Dated]) -> tuple[Day | None, Day | None]:
    """Which day is spoken of and which it moves to."""
    if not found:
        return None, None
    if len(found) == 1:
        only = found[0]
        moves = only.turn == "to" or (only.turn == "verb" and only.close)
        return (None, only.day) if moves else (only.day, None)
    first, second = found[0], found[-1]
    if second.turn == "from" and first.turn != "from":
        return second.day, first.day
    return first.day, second.day


def _numbered(number: int) -> Day:
    return Day(number=number) if 1 <= number <= 31 else Day(wrong="impossible")


def with_day(month: date, number: int) -> date | None:
    """That day of the month a date lies in; None if the month has no such day."""
    try:
        return month.replace(day=number)
    except ValueError:
        return None


# ------------------------------------------------------------------------------------------------------- the posyandu

POSYANDU = r"pos ?yandu|posiandu|psyandu|posyndu|posy|posandu"
_CUE = re.compile(rf"\b(?:{POSYANDU})(?:nya)?\b\.?")
_NAME = re.compile(r"[^\W_]+(?:'[^\W_]+)*")
_NO_NAME = frozenset(
    [
        "di",
        "d",
        "pada",
        "hari",
        "tgl",
        "tanggal",
        "tggl",
        "jam",
        "jm",
        "pukul",
        "pkl",
        "bulan",
        "bln",
        "minggu",
        "besok",
        "bsk",
        "besuk",
        "lusa",
        "nanti",
        "akan",
        "batal",
        "dibatalkan",
        "ke",
        "dari",
        "kita",
        "kt",
        "kami",
        "ini",
        "itu",
        "yang",
        "yg",
        "ya",
        "bu",
        "untuk",
        "utk",
        "ada",
        "adakan",
        "balita",
        "lansia",
        "desa",
        "dusun",
        "rutin",
        "bawa",
        "dan",
        "mulai",
        "jadi",
        "menjadi",
        "tidak",
        "tdk",
        "gak",
        "ga",
        "nggak",
        "libur",
        "ditiadakan",
        "dibatalin",
        "bertempat",
        "tempat",
        "senin",
        "selasa",
        "rabu",
        "kamis",
        "jumat",
        "jum'at",
        "sabtu",
        "ahad",
        "bulanan",
        "depan",
        "lagi",
        "diundur",
        "dipindah",
        "dipindahkan",
        "pindah",
        "mundur",
        "maju",
        "dimajukan",
        "ditunda",
        "digeser",
        "diganti",
        "batalkan",
        "undur",
        "jangan",
        "harap",
        "mohon",
        "tolong",
        "di",
        "undur",
        "dimundurkan",
        "saya",
        "dong",
        "aja",
        "saja",
        "sekarang",
        "tempatnya",
    ]
)


def _take_posyandu(sheet: _Sheet, known: Sequence[str]) -> tuple[str | None, str | None]:
    """The posyandu that is named: (a known one, None) or (None, how it was said)."""
    said: str | None = None
    for cue in list(_CUE.finditer(sheet.left)):
        spans = _name_after(sheet, cue.end())
        for last in range(len(spans), 0, -1):
            words = sheet.words(spans[0][0], spans[last - 1][1])
            name = match_posyandu(words, known)
            if name is not None:
                sheet.blot(cue.start(), spans[last - 1][1])
                return name, None
        if spans and said is None:
            said = sheet.words(spans[0][0], spans[min(len(spans), 2) - 1][1])
            sheet.blot(cue.start(), spans[min(len(spans), 2) - 1][1])
        else:
            sheet.blot(*cue.span())
    named = [
        name
        for name in known
        if (at := re.search(rf"\b{re.escape(normalize(name))}\b", sheet.left))
        and not re.search(r"\bdi [^,|]*$", sheet.left[: at.start()])
    ]
    if said is None and len(named) == 1:
        at = re.search(rf"\b{re.escape(normalize(named[0]))}\b", sheet.left)
        assert at is not None
        sheet.blot(*at.span())
        return named[0], None
    return None, said


def _name_after(sheet: _Sheet, start: int) -> list[tuple[int, int]]:
    """Places of up to three words after "posyandu" that may be its name."""
    spans: list[tuple[int, int]] = []
    for match in _NAME.finditer(sheet.left, start):
        gap = sheet.left[(spans[-1][1] if spans else start) : match.start()]
        if gap.strip() or len(spans) == 3 or match.group() in _NO_NAME:
            break
        spans.append(match.span())
    return spans


# ------------------------------------------------------------------------------------------------- the note, the place

_NOTE = re.compile(
    r"\b(?:(?:jangan|jgn|jng) lupa (?:utk |untuk )?|(?:harap|mohon|tolong|wajib|agar|supaya|dan|sambil|serta) )*"
    r"(?P<note>(?:mem)?bawa(?:kan|lah|in)?\b|bw\b|(?:catatan|keterangan|ket|nb|note|pesan)(?= ?:)|"
    r"(?:akan )?ada (?=imunisasi|vitamin|pmt|penyuluhan|pemeriksaan|obat|timbang|bidan|dokter)|kumpulkan\b)"
)
_NOTE_END = re.compile(
    r"\||\n|[,.;]? ?\b(?:di|bertempat(?: di)?|tempat(?:nya)?(?: di)?|lokasi(?:nya)?(?: di)?) "
    r"(?=balai|rumah|rmh|poskes|polindes|pustu|puskesmas|pos |masjid|mushol|gereja|sekolah|sd |tk |paud|aula"
    r"|kantor|gedung)"
)
_PLACE = re.compile(
    r"\b(?:bertempat(?: di)?|(?:tempat|tmpt|lokasi)(?:nya)?(?: di)?|di)(?: ?: ?| |(?=(?:balai|rumah|rmh|pustu|poskes"
    r"|polindes|puskesmas|masjid|mesjid|mushol|gereja|sekolah|paud|aula|kantor|gedung|lapangan|banjar)))"
)
_PLACE_END = re.compile(
    r"[|,;\n]|\. |\.$|\b(?:bawa|bw|membawa|jangan lupa|jgn lupa|harap|mohon|tolong|catatan|ket:|nb:|tanggal"
    r"|tgl|hari|jam|jm"
    r"|ya bu|batal|dibatalkan|ya$|dong|pada|mulai|karena|krn)\b"
)
_KINDS = [
    "balai",
    "rumah",
    "rmh",
    "poskesdes",
    "polindes",
    "pustu",
    "puskesmas",
    "masjid",
    "mesjid",
    "musholla",
    "mushola",
    "gereja",
    "sekolah",
    "paud",
    "aula",
    "kantor",
    "gedung",
    "lapangan",
    "balai2",
    "banjar",
    "balairung",
    "posko",
    "gazebo",
    "baruga",
]
_BARE_PLACE = re.compile(rf"\b(?:{'|'.join(_KINDS)})\b")


def _take_note(sheet: _Sheet) -> str | None:
    cue = _NOTE.search(sheet.left)
    if cue is None:
        return None
    start = cue.start("note")
    stop = _NOTE_END.search(sheet.left, cue.end("note"))
    end = stop.start() if stop else len(sheet.left)
    note = re.sub(r"^(?:catatan|keterangan|ket|nb|note|pesan) ?: ?", "", sheet.words(start, end), flags=re.IGNORECASE)
    note = re.sub(r"^(?:bw\b|bawa(?= ?:)) ?:? ?", "bawa ", note, flags=re.IGNORECASE).strip()
    note = re.sub(
        r"(?:[ ,]+(?:ya|yaa|bu|ibu|dong|terima kasih|makasih|trims|dan|di|pada))+$", "", note, flags=re.IGNORECASE
    )
    sheet.blot(cue.start(), end)
    return note[:MAX_NOTE] or None


def _take_place(sheet: _Sheet) -> str | None:
    for cue in _PLACE.finditer(sheet.left):
        stop = _PLACE_END.search(sheet.left, cue.end())
        end = stop.start() if stop else len(sheet.left)
        place = place_words(sheet.words(cue.end(), end))
        if place:
            sheet.blot(cue.start(), end)
            return place
    bare = _BARE_PLACE.search(sheet.left)
    if bare is None:
        return None
    stop = _PLACE_END.search(sheet.left, bare.end())
    end = stop.start() if stop else len(sheet.left)
    place = place_words(sheet.words(bare.start(), end))
    sheet.blot(bare.start(), end)
    return place or None


def place_words(said: str) -> str:
    """A place without what stands around it: "di rumah Bu RT ya" -> "rumah Bu RT"."""
    # A page of commas would keep the patterns busy for minutes; no place is that long.
    said = said.strip()[: 4 * MAX_PLACE]
    said = re.sub(
        r"^(?:(?:di|d|ke|tempatnya|tempat|lokasi|lokasinya|bertempat)\b[ :]*)+", "", said, flags=re.IGNORECASE
    )
    said = re.sub(
        r"(?:[ ,]+(?:ya|yaa|bu|dong|aja|saja|tgl|tanggal|pada|dan|hari|jam))+$", "", said, flags=re.IGNORECASE
    )
    return said[:MAX_PLACE].strip(" .,;:-")
