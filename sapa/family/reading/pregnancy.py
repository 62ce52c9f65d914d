"""What a message says about a pregnancy: last period, due date, weeks, months, a scan, visits made and to come.

Each fact is read in the stretch of the message that its own word opens ("HPHT 3 mei, HPL 7 februari"), so that one
date is never taken for another. Nothing is judged here: whether a date can be is sapa.family.pregnancy's to say.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from sapa.family.reading.dates import NO_DATE, DateReading, read_date
from sapa.family.reading.numbers import Token, tokens_of
from sapa.family.reading.words import is_unknown, looks_like_question, normalize, words_of

#: What the dialogue has just asked: its answer needs no word to mark it.
DATING, AGE, SCAN_DATE, VISITS = "dating", "age", "scan_date", "visits"

OWN, WIFE, OTHER = "own", "wife", "other"

#: "Belum hamil", said of now.
NOT_PREGNANT = re.compile(
    r"\b(?:belum|blm|blom|tidak|tdk|gak|ga|gk|nggak|ngga|enggak|ndak|bukan) (?:lagi |sedang )?hamil\b"
    r"(?! (?:kembar|tua|besar|muda|anak))"
)


@dataclass(frozen=True)
class PregnancyReading:
    """What one message says; None, False or NO_DATE for what it does not say.

    weeks and days, months and month_days: an age told as of the day of the message. scan_weeks and scan_days: the age
    on the day of a scan, scan_on. late: the period is late; tested: a test was positive: both tell no date. forgot:
    the date is not known. visits_done: how often she was seen; last_visit, next_visit: days of visits. whose: own,
    wife or other, None if it is not said. age_years: the woman's own age.
    """

    lmp: DateReading = NO_DATE
    edd: DateReading = NO_DATE
    scan_on: DateReading = NO_DATE
    scan_weeks: int | None = None
    scan_days: int = 0
    weeks: int | None = None
    days: int = 0
    months: int | None = None
    month_days: int = 0
    late: bool = False
    tested: bool = False
    forgot: bool = False
    multiple: bool | None = None
    visits_done: int | None = None
    last_visit: DateReading = NO_DATE
    next_visit: DateReading = NO_DATE
    whose: str | None = None
    age_years: int | None = None

    @property
    def dates(self) -> bool:
        """Whether anything is told by which a pregnancy can be dated, be it wrong."""
        told = (self.lmp, self.edd, self.scan_on)
        return any(d.problem != "none" for d in told) or self.aged

    @property
    def aged(self) -> bool:
        """Whether an age is told: weeks, months, or weeks at a scan."""
        return self.weeks is not None or self.months is not None or self.scan_weeks is not None

    @property
    def anything(self) -> bool:
        """Whether the message says anything of use at all."""
        visits = self.visits_done is not None or self.last_visit.usable or self.next_visit.usable
        hints = self.late or self.tested or self.forgot or self.multiple is not None or self.age_years is not None
        return self.dates or visits or hints


# ---------------------------------------------------------------------------------------------------------- the cues

_PERIOD = r"(?:haid|hait|haidh|mens|mns|menstruasi|menstruasinya|haidnya|mensnya|datang bulan|dapet|dapat bulan|m)"
_LAST = r"(?:terakhir|terahir|trakhir|terkhir|trkhir|akhir|terakir|trahir)"
_SEEN = r"(?:periksa|priksa|periksanya|kontrol|kntrol|control|cek|check|chek|ceck|anc|pemeriksaan)"
_AGAIN = r"(?:lagi|lg|berikut(?:nya)?|brikutnya|selanjutnya|slnjutnya|ulang|nanti|depan)"
_CUES: tuple[tuple[str, str], ...] = (
    (
        "lmp",
        rf"h\.?p\.?h\.?t\b\.?|\bhphtnya|\bhpth|\blmp|\b(?:hari|tgl|tanggal) (?:pertama|prtama|1|awal) {_PERIOD}"
        rf"(?: {_LAST})?|\b{_PERIOD} (?:saya |sy |ku |yang |yg |istri |saya yg )*(?:pertama )?{_LAST}(?:nya)?"
        rf"|\b{_LAST} (?:kali )?(?:saya |sy |aku )?(?:{_PERIOD})",
    ),
    (
        "edd",
        r"h\.p\.l\b\.?|\bhpl(?:nya)?|\bhtp|\bedd|\bdue ?date"
        r"|\b(?:hari )?(?:perkiraan|prkiraan|perkiraannya|taksiran|tafsiran|prediksi|jadwal) "
        r"(?:tgl |tanggal |hari )?(?:lahir|lahiran|persalinan|melahirkan|bersalin|partus)\w*"
        r"|\b(?:mau |akan |bakal )(?:lahir|lahiran|melahirkan)|\blahir(?:nya|an)? (?:kira|kira2|sekitar|diperkirakan)"
        r"|\b(?:diperkirakan|perkiraan) (?:dokter|bidan)",
    ),
    ("last", rf"\b(?:{_SEEN}|usg|ke bidan)(?:nya)? {_LAST}|\b{_LAST} (?:{_SEEN}|usg|ke bidan)"),
    (
        "next",
        rf"\b(?:{_SEEN}|usg|balik|blik|kembali|kmbali|datang|dtg|jadwal|jadwalnya)(?:nya)? "
        rf"(?:ke bidan |ke dokter |{_SEEN} )?(?:{_AGAIN})"
        r"|\b(?:di)?(?:suruh|minta) (?:sama |bu |oleh )?(?:bidan |dokter )?"
        rf"(?:balik|blik|kembali|kmbali|datang|dtg|{_SEEN})(?: lagi| lg)?|\b(?:balik|kembali)(?:nya)? (?:tgl|tanggal)"
        rf"|\bjadwal(?:nya)? {_SEEN}|\b{_SEEN} (?:tgl|tanggal)",
    ),
    ("late", r"\b(?:telat|terlambat|telet|tlat)\b"),
    ("test", r"\b(?:tes|test|tespek|testpack|test ?pack|tp)\b(?=.*\b(?:positif|positip|garis)\b)|\bgaris (?:dua|2)\b"),
    ("scan", r"\b(?:usg|u\.s\.g\.?|di ?usg)(?:nya)?\b"),
    ("seen", rf"\b(?:sudah |sdh |udah |udh |baru |blm |belum )?(?:pernah )?{_SEEN}\b"),
    ("posyandu", r"\bpos[iy]andu|\bposy\b"),
    (
        "own_age",
        r"\b(?:umur|usia|umr) (?:saya|sy|aku|ibu|istri|istri saya|ibunya)\b|\b(?:umurku|usiaku)\b"
        r"|\b(?:saya|sy|aku|istri) (?:umur|usia|umr)\b",
    ),
    ("age", r"\b(?:uk|usia (?:ke)?hamil\w*|umur (?:ke)?hamil\w*|usia kandungan|umur kandungan|kandungan|hamil)\b"),
)
_FEW = 3
_CUE = re.compile("|".join(f"(?P<{name}>{pattern})" for name, pattern in _CUES))


@dataclass(frozen=True)
class _Stretch:
    """What follows a cue, up to the next one. kind "": what stands before the first cue."""

    kind: str
    text: str
    cue: str = ""


def _stretches(plain: str) -> list[_Stretch]:
    cues = list(_CUE.finditer(plain))
    starts = [cue.start() for cue in cues] + [len(plain)]
    head = [_Stretch("", plain[: starts[0]])] if plain[: starts[0]].strip() else []
    found = list(head)
    for cue, end in zip(cues, starts[1:], strict=True):
        stretch = _Stretch(str(cue.lastgroup), plain[cue.end() : end], cue.group())
        if stretch.kind == "scan" and found and _goes_on(found[-1], stretch):
            found[-1] = replace(found[-1], text=found[-1].text + stretch.text)
        else:
            found.append(stretch)
    return found


def _goes_on(before: _Stretch, scan: _Stretch) -> bool:
    """Whether a scan only says where a due date comes from: "HPL dari USG 1 februari"."""
    bare = not re.search(r"\d", before.text) and len(before.text.split()) <= _FEW
    return before.kind == "edd" and bare and not _AGE_SPAN.search(scan.text)


# -------------------------------------------------------------------------------------------------------- the reader


def read_pregnancy(text: str, today: date, asked: str | None = None) -> PregnancyReading:
    """Everything a message says about a pregnancy. Never raises on any text.

    `today` is the day on which it was written. A question is read as well: whether it is meant as an answer is the
    dialogue's to say.
    """
    plain = _without_denied(normalize(text))
    reading = PregnancyReading(
        multiple=_multiple(plain),
        visits_done=_visits_done(plain, asked),
        whose=_whose(plain),
        forgot=_forgot(text, plain),
    )
    stretches = _stretches(plain)
    for at in range(len(stretches)):
        reading = _take(reading, stretches, at, today)
    return _unmarked(reading, plain, today, asked)


def _take(reading: PregnancyReading, stretches: Sequence[_Stretch], at: int, today: date) -> PregnancyReading:
    """What one stretch adds. What stands, unmarked, in front of it may be meant: "3 mei haid terakhir saya"."""
    stretch = stretches[at]
    kind, text = stretch.kind, _ABOUT.sub(" ", stretch.text)
    before = stretches[at - 1].text if at and not stretches[at - 1].kind else ""
    if kind == "lmp":
        return _take_lmp(reading, text, before, today)
    if kind == "edd":
        found = _due(text, today)
        if found.problem == "none":
            found = _due(before, today)
        return replace(reading, edd=found) if found.problem != "none" else reading
    if kind == "late":
        return replace(reading, late=True)
    if kind == "test":
        return replace(reading, tested=True)
    if kind == "scan":
        return _take_scan(reading, text, before, today)
    if kind == "last":
        return replace(reading, last_visit=read_date(text, today))
    if kind == "next":
        return replace(reading, next_visit=read_date(text, today, prefer="future"))
    if kind == "own_age":
        years = re.search(r"\b(\d{2}) ?(?:tahun|thn|th|taun)?\b", text)
        reading = replace(reading, age_years=int(years.group(1)) if years else reading.age_years)
        return _take_age(reading, text[years.end() :]) if years else reading
    if kind in {"", "age", "test"}:
        seen_on = _scanned_before(stretches, at, today)
        aged = _take_age(reading, text, cue=stretch.cue)
        if seen_on is not None and aged.weeks is not None and not reading.aged:
            return replace(reading, scan_weeks=aged.weeks, scan_days=aged.days, scan_on=seen_on)
        return aged
    return reading


_NOW = re.compile(r"\b(?:sekarang|skrg|skr|skrang|saat ini|kini)\b")


def _scanned_before(stretches: Sequence[_Stretch], at: int, today: date) -> DateReading | None:
    """The day of a scan named straight before an age: "USG 3 juni, UK 12 minggu"; not "..., sekarang 30 minggu"."""
    before = stretches[at - 1] if at else None
    if before is None or before.kind != "scan" or _NOW.search(before.text + stretches[at].cue + stretches[at].text):
        return None
    day = read_date(before.text, today, max_years=None)
    return day if day.usable else None


# Doubt before a full date is no reason to ask again: due dates are never sure, and the summary shows what was read.
_ABOUT = re.compile(
    r"\b(?:sekitar|sekitaran|kira2|kira-kira|kira|perkiraan|kurang lebih|mungkin|kayaknya|sepertinya)\b"
    r"(?= (?:tgl |tanggal )?\d)"
)


def _take_lmp(reading: PregnancyReading, text: str, before: str, today: date) -> PregnancyReading:
    found = read_date(text, today, max_years=None)
    if found.problem == "none":
        found = read_date(before, today, max_years=None)
        text = before if found.problem != "none" else text
    if found.usable and found.absolute:
        return replace(reading, lmp=found)
    # "Haid terakhir 2 bulan lalu" names no day but an age; "6 minggu lalu" is as rough.
    aged = _take_age(reading, text, past=True)
    if aged.aged and not reading.aged:
        return aged
    return replace(reading, lmp=found) if found.problem != "none" else reading


def _take_scan(reading: PregnancyReading, text: str, before: str, today: date) -> PregnancyReading:
    aged = _take_age(PregnancyReading(), text, cue="usg")
    if not aged.aged and before:
        aged = _take_age(PregnancyReading(), before)
        reading = reading if aged.weeks is None else replace(reading, weeks=None, days=0)
    weeks = _blot_age(text)
    day = read_date(weeks, today, max_years=None)
    if aged.weeks is None:
        if aged.months is not None:
            return replace(reading, months=aged.months, month_days=aged.month_days)
        return replace(reading, last_visit=day) if day.usable and reading.last_visit.problem == "none" else reading
    return replace(reading, scan_weeks=aged.weeks, scan_days=aged.days, scan_on=day)


def _due(text: str, today: date) -> DateReading:
    """A due date: ahead if no year is said, unless that would be too far ahead and it has just gone by."""
    ahead = read_date(text, today, prefer="future")
    if ahead.usable and ahead.value is not None and ahead.value > today + timedelta(days=300):
        behind = read_date(text, today, prefer="past")
        if behind.usable and behind.value is not None and today - behind.value < timedelta(days=60):
            return behind
    return ahead


# ---------------------------------------------------------------------------------------------------- weeks and months

_ORDINALS = {
    "pertama": 1, "kedua": 2, "ketiga": 3, "keempat": 4, "kelima": 5, "keenam": 6, "ketujuh": 7, "kedelapan": 8,
    "kesembilan": 9, "kesepuluh": 10,
}  # fmt: skip
_ENTERING = {"masuk", "memasuki", "jalan", "menginjak", "mau", "menjelang", "jelang", "hampir", "otw", "msuk"}
_AND = {"lebih", "lewat", "dan", "plus", "+", ",", "lbh", "lwt", "sama"}
_DAY_LETTERS = {"d", "h", "hari", "hr", "hri"}
_NOT_NOW = {"lalu", "kemarin", "kemaren", "kmrn", "lagi", "lg", "depan", "silam", "sekali"}
_CHILDREN = {"anak", "bayi", "anaknya", "kakaknya", "adiknya"}
_OLD = {"umur", "usia", "masih", "baru", "berumur", "umurnya", "usianya"}


@dataclass(frozen=True)
class _Told:
    """An age: weeks with days, or months with days."""

    weeks: int | None = None
    months: int | None = None
    days: int = 0


def _take_age(reading: PregnancyReading, text: str, *, cue: str = "", past: bool = False) -> PregnancyReading:
    """The age of the pregnancy in a stretch. cue: the word that opens it; past: "... lalu" is an age as well."""
    if reading.aged and not cue:
        return reading
    tokens = tokens_of(text)
    for i, token in enumerate(tokens):
        found = _ordinal(tokens, i) or (_counted(tokens, i, cue, past=past) if token.kind == "num" else None)
        found = found or _bare_weeks(tokens, i, cue)
        if found is not None and found.weeks is not None:
            return replace(reading, weeks=found.weeks, days=found.days)
        if found is not None:
            return replace(reading, months=found.months, month_days=found.days)
    return reading


def _at(tokens: Sequence[Token], i: int) -> Token:
    return tokens[i] if 0 <= i < len(tokens) else Token("sign", "", 0, 0)


def _ordinal(tokens: Sequence[Token], i: int) -> _Told | None:
    """minggu ke-20, bulan ke 6, bulan keenam, masuk bulan ke-6: the sixth month is five completed."""
    unit = tokens[i]
    if unit.unit not in {"week", "month"}:
        return None
    word = _at(tokens, i + 1).text
    number = _ORDINALS.get(word)
    if word == "ke":
        j = i + 3 if _at(tokens, i + 2).text == "-" else i + 2
        token = _at(tokens, j)
        number = token.value if token.kind == "num" else None
    if number is None:
        return None
    return _Told(weeks=number) if unit.unit == "week" else _Told(months=max(0, number - 1))


def _counted(tokens: Sequence[Token], i: int, cue: str, *, past: bool) -> _Told | None:
    """34 minggu 2 hari, 34w2d, 34+2, 5 bulan setengah, 5-6 bulan, masuk 6 bulan."""
    if tokens[i].figures > 2 or _of_a_child(tokens, i, cue):
        return None
    value, j, half = tokens[i].value, i + 1, False
    plus = _at(tokens, j).text == "+" and _at(tokens, j + 1).kind == "num"
    if plus and value >= 4 and _at(tokens, j + 1).value <= 6:
        return _Told(weeks=value, days=_at(tokens, j + 1).value)
    if _at(tokens, j).text in {",", "."} and _at(tokens, j + 1).figures == 1 and _at(tokens, j + 2).kind == "unit":
        half, j = _at(tokens, j + 1).value >= 3, j + 2
    elif _at(tokens, j).text in {"-", "/", "atau", "ato", "sampai", "sampe"} and _at(tokens, j + 1).kind == "num":
        half, j = True, j + 2
    elif _at(tokens, j).kind == "half":
        half, j = True, j + 1
    unit = _at(tokens, j)
    after = j + 1
    while _at(tokens, after).text in {"yang", "yg"}:
        after += 1
    if unit.unit not in {"week", "month"} or (_at(tokens, after).text in _NOT_NOW and not past):
        return None
    if _at(tokens, after).text in {"lagi", "lg", "depan"}:
        return None
    if unit.unit == "week":
        return _Told(weeks=value, days=min(6, _days_after(tokens, j + 1)) or (3 if half else 0))
    if unit.unit == "month" and _at(tokens, j + 1).kind == "month":
        return None
    return _months(tokens, i, j, value, half)


def _of_a_child(tokens: Sequence[Token], i: int, cue: str) -> bool:
    """ "anak pertama masih 5 bulan" is no pregnancy, "hamil anak kedua, 5 bulan" is one."""
    before = {_at(tokens, j).text for j in range(i - 4, i)}
    return bool(before & _CHILDREN) and (not cue.endswith(_WEEK_CUES) or bool(before & _OLD))


def _months(tokens: Sequence[Token], i: int, j: int, value: int, half: bool) -> _Told | None:
    entering = bool({_at(tokens, k).text for k in range(i - 2, i)} & _ENTERING)
    half = half or _at(tokens, j + 1).kind == "half"
    k = j + 2 if _at(tokens, j + 1).text in _AND else j + 1
    days = 15 if half else 0
    if _at(tokens, k).kind == "num" and _at(tokens, k + 1).unit == "week":
        days = 7 * _at(tokens, k).value
    elif not half:
        days = _days_after(tokens, j + 1)
    return _Told(months=max(0, value - entering), days=min(days, 30))


def _days_after(tokens: Sequence[Token], j: int) -> int:
    k = j + 1 if _at(tokens, j).text in _AND else j
    days, unit = _at(tokens, k), _at(tokens, k + 1)
    if days.kind == "num" and (unit.unit == "day" or unit.text in _DAY_LETTERS) and days.value <= 30:
        return days.value
    return 0


_WEEK_CUES = ("uk", "kehamilan", "kandungan", "hamil", "usg")


def _bare_weeks(tokens: Sequence[Token], i: int, cue: str) -> _Told | None:
    """uk 34: a number straight after a word of pregnancy is weeks, a small one only after "uk"."""
    number, unit = tokens[i], _at(tokens, i + 1)
    first = i == 0 or (i == 1 and tokens[0].text in {":", "=", "-"})
    if not (first and number.figures in {1, 2} and cue.endswith(_WEEK_CUES) and (number.value > 9 or cue == "uk")):
        return None
    counts = unit.kind in {"unit", "month", "half"} or unit.text in {"-", "/", ".", "+", "x", "kali", "tahun", "cm"}
    return None if counts else _Told(weeks=number.value)


_AGE_SPAN = re.compile(
    r"\b\d{1,2} ?(?:\+ ?\d|(?:minggu|mgg|mg|mggu|mnggu|w|wk|week|weeks|pekan)(?: ?\d ?(?:hari|hr|d|h))?)(?![^\W\d_])"
)


def _blot_age(text: str) -> str:
    """The stretch without its weeks, so that only the day of the scan is left to be read."""
    return _AGE_SPAN.sub(" ", text)


# --------------------------------------------------------------------------------------------------- everything else

_DENIED_DATE = re.compile(r"\bbukan (?:tgl |tanggal )?\d[^,.]*?(?=,|\.| tapi | tp | melainkan |$)")


def _without_denied(plain: str) -> str:
    return _DENIED_DATE.sub(" ", plain)


_NOT = r"(?:tidak|tdk|tak|bukan|bkn|gak|ga|gk|nggak|ngga|enggak|ndak)"
_TWINS = re.compile(r"\b(?:kembar\w*|twin\w*|dampit|dua bayi|2 bayi|bayi(?:nya)? (?:dua|2|tiga|3))\b")
_NO_TWINS = re.compile(rf"\b{_NOT} (?:hamil )?(?:kembar|twin)|\b(?:tunggal|satu bayi|1 bayi|bayi(?:nya)? (?:satu|1))\b")


def _multiple(plain: str) -> bool | None:
    if _NO_TWINS.search(plain):
        return False
    return True if _TWINS.search(plain) else None


_TIMES = r"(?P<n>\d{1,2}|satu|dua|tiga|empat|lima|enam|tujuh|delapan)"
_COUNTS = {"satu": 1, "dua": 2, "tiga": 3, "empat": 4, "lima": 5, "enam": 6, "tujuh": 7, "delapan": 8}
_X = r"(?:x|kali|kl|kli)"
_SEEN_TIMES = (
    re.compile(rf"\b(?:{_SEEN}|diperiksa|usg|ke bidan|ke dokter)(?: [^\W\d_]+){{0,3}} {_TIMES} ?{_X}\b"),
    re.compile(rf"\b{_TIMES} ?{_X} (?:di)?(?:{_SEEN}|usg|ke bidan)"),
    re.compile(rf"\b{_SEEN} (?:yang |yg )?ke ?-? ?(?P<n>\d)\b"),
)
_ONCE = re.compile(rf"\b(?:{_SEEN}|ke bidan)(?: [^\W\d_]+){{0,3}} (?:sekali|skali|satu kali)\b|\bsekali {_SEEN}\b")
_NEVER = re.compile(
    r"\b(?:belum|blm|blom|belom|tidak|tdk|gak|ga|nggak) (?:pernah |prnah |sempat |sama sekali )*"
    rf"(?:di)?(?:{_SEEN}|ke bidan|ke dokter)"
)


def _visits_done(plain: str, asked: str | None) -> int | None:
    if _NEVER.search(plain):
        return 0
    for pattern in _SEEN_TIMES:
        if found := pattern.search(plain):
            return _count(found.group("n"))
    if _ONCE.search(plain):
        return 1
    return _bare_count(plain) if asked == VISITS else None


def _count(word: str) -> int:
    return _COUNTS[word] if word in _COUNTS else int(word)


def _bare_count(plain: str) -> int | None:
    """The answer to "sudah berapa kali?": "2", "dua kali", "baru sekali", "belum"."""
    if len(plain.split()) > 6:
        return None
    if re.search(r"\b(?:belum|blm|blom|belom|nol|tidak pernah|gak pernah)\b", plain) and not is_unknown(plain):
        return 0
    if re.search(r"\b(?:sekali|skali)\b", plain):
        return 1
    found = re.search(rf"\b{_TIMES} ?(?:{_X})?\b", plain)
    return _count(found.group("n")) if found else None


_WIFE = re.compile(r"\b(?:istri|isteri|istriku|bini|bojo|istrinya|nyonya)\b")
_OTHERS = re.compile(
    r"\b(?:menantu|mantu|adik|adek|kakak|ipar|ponakan|keponakan|tetangga|saudara|anak (?:perempuan |saya )+)\b"
    r"(?: \w+){0,3} hamil"
)
_MINE = re.compile(r"\b(?:saya|sy|aku|ak|ku|kehamilanku|kehamilan saya|suami\w*)\b")


def _whose(plain: str) -> str | None:
    if _WIFE.search(plain):
        return WIFE
    if _OTHERS.search(plain):
        return OTHER
    return OWN if _MINE.search(plain) else None


_FORGOT = re.compile(
    r"\b(?:lupa|lali|gatau|gtau|entah)\b|\b(?:tidak|tdk|tak|gak|ga|gk|nggak|ngga|enggak|ndak|kurang|belum|blm) "
    r"(?:ingat|inget|tahu|tau|taw|hafal|pasti|yakin)\b|\b(?:haid|mens)(?:nya)? (?:saya )?(?:tidak|gak|ga|tdk) teratur\b"
)


def _forgot(text: str, plain: str) -> bool:
    return is_unknown(text) or (bool(_FORGOT.search(plain)) and not looks_like_question(text))


# ------------------------------------------------------------------------------------------- answers without a cue


def _unmarked(reading: PregnancyReading, plain: str, today: date, asked: str | None) -> PregnancyReading:
    """A date or number that no word marks: the answer to what was asked, or a plain date in the first message."""
    if asked == AGE and not reading.aged and re.fullmatch(r"(?:sekitar |kira2 |kira-kira )?\d{1,2}", plain):
        number = int(plain.split()[-1])
        return replace(reading, months=number) if number < 10 else replace(reading, weeks=number)
    plain = _ABOUT.sub(" ", plain)
    if reading.dates and asked != SCAN_DATE:
        return reading
    marked = any(stretch.kind in {"last", "next", "late", "seen", "own_age"} for stretch in _stretches(plain))
    day = read_date(_blot_age(plain), today, max_years=None)
    if asked == SCAN_DATE and day.problem != "none":
        return replace(reading, scan_on=day)
    if marked or asked not in {None, DATING, AGE} or day.problem == "none":
        return reading
    if asked is None and not (day.absolute and day.precision == "day"):
        return reading
    if len(words_of(plain)) > 12:
        return reading
    return replace(reading, edd=day) if day.problem == "future" else replace(reading, lmp=day)
