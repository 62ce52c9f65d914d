"""Vaccine doses as caregivers report them: "BCG 12 Mei", "sudah DPT 1 sama polio 2 tgl 3 juni", "SUDAH kecuali PCV".

A message is read by marks: names of vaccines with their numbers, days, names of children, words for given and not
given. A mark belongs to the vaccines after it where the message begins with one of its kind, else to those before it.
Nothing is guessed: a dose without a number, or a day that could be two, stays open, and whoever asks decides by the
child's record (`possible_doses`) or asks back. Dates are read by sapa.family.reading.dates: past days only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cache

from sapa.family.immunization import Dose, dose_named, schedule, visit_bundles
from sapa.family.people import Child
from sapa.family.reading.dates import NO_DATE, DateReading, read_date
from sapa.family.reading.lexicon import is_everyday
from sapa.family.reading.words import FILLERS, QUESTION_WORDS, looks_like_question, normalize, read_yes_no, tidy

#: "tgl 3" without a month is the last 3rd if that is this close; further back the month has to be said.
NEAR_DAYS = 14


@dataclass(frozen=True)
class DoseEntry:
    """One dose of a report.

    doses: ids it may be; one where series and number are known, several where the number was not said (or polio may
    be drops or injection), none for a vaccine that is not in the schedule. date: the day, perhaps with a problem.
    at_birth: "pas lahir". names: the children it is said of. given: False for "belum BCG", "kecuali BCG".
    doubtful: lower-case "dpt", which is also short for "dapat". bundle: one of "imunisasi 2 bulan".
    """

    doses: tuple[str, ...]
    date: DateReading = NO_DATE
    at_birth: bool = False
    names: tuple[str, ...] = ()
    given: bool = True
    doubtful: bool = False
    bundle: bool = False

    @property
    def dose(self) -> str | None:
        """The dose id, None while it is open which one."""
        return self.doses[0] if len(self.doses) == 1 else None

    @property
    def dated(self) -> bool:
        """Whether anything was said about the day."""
        return self.at_birth or self.date.problem != "none"


@dataclass(frozen=True)
class DoseReading:
    """What a message says about doses.

    entries: the doses named; date and names: those of the whole message, for one that names no dose ("SUDAH 12 Mei").
    without: children left out ("kecuali Budi").
    done, not_yet: words for given and not given; assent: a plain yes or no; number: the message is just a number.
    everybody: "keduanya". counted: "dua kali", which names no dose. correction: "salah", "ganti".
    delete: "hapus": what is named is to be taken out of the record.
    unclear: words for given and not given that cannot both be meant. question; trouble: fever, swelling and the like.
    rest: everyday words that have nothing to do with a report; strange: words that may be a name nobody knows.
    """

    entries: tuple[DoseEntry, ...] = ()
    date: DateReading = NO_DATE
    names: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    done: bool = False
    not_yet: bool = False
    assent: bool | None = None
    number: int | None = None
    everybody: bool = False
    counted: bool = False
    correction: bool = False
    delete: bool = False
    unclear: bool = False
    question: bool = False
    trouble: bool = False
    thanks: bool = False
    about_vaccines: bool = False
    rest: tuple[str, ...] = ()
    strange: tuple[str, ...] = ()

    @property
    def empty(self) -> bool:
        """Nothing in the message that could be part of a report."""
        words = self.done or self.not_yet or self.assent is not None or self.everybody or self.number is not None
        return not (self.entries or self.names or self.without or words) and self.date.problem == "none"

    @property
    def plain(self) -> bool:
        """Nothing in the message but the report itself."""
        return not (self.rest or self.strange or self.question or self.trouble or self.unclear)


def _set(*lines: str) -> frozenset[str]:
    return frozenset(" ".join(lines).split())


# ------------------------------------------------------------------------------------------------------- vaccines

_SHOT = r"(?:(?<=vaksin )|(?<=imunisasi )|(?<=suntik )|(?<=vaksinasi ))"
_ALIASES = {
    "OTHER": rf"mmr|vari[cs]ell?a|t[iy]ph?oid|tifoid|hpv|hepatitis ?a|{_SHOT}"
    r"(?:flu|influen[sz]a|tifus|tipes|td|tt|dt|covid\w*|corona|cacar(?: air)?|meningitis|dengue|dbd|rabies)",
    "HB0": r"(?:hb|hepatitis(?: ?b)?|hep ?b)[ -]?(?:0|o|nol)",
    "HB": rf"hepatitis(?! ?a\b)(?: ?b)?|hep ?b|{_SHOT}hb",
    "DPT": r"(?:d[ .]?p[ .]?t+|dtp|dpat|dtap)(?:[ /-]*(?:hb|hep(?:atitis)?[ -]?b)(?![ -]?(?:0|o\b|nol)))?(?:[ /-]*hib)?"
    r"(?:-ipv)?(?:[ /-]*[ck]ombo)?|pent[ai]?[bv]\w{1,6}|penta|he(?:ks|x)a(?:valen|xim)?|infanrix(?: hexa)?|hib",
    "OPV": r"b?opv|polio[ -]?(?:tetes(?:an)?|oral|drop)|(?:tetes|drop) polio",
    "IPV": r"ipv|polio[ -]?(?:suntik(?:an)?|inje[ck]\w*)",
    "POLIO": r"(?:suntik )?(?:pol+[iy]+o|folio|plio)",
    "PCV": r"pcv|pvc|pneumo\w{0,8}|prevenar|synflorix",
    "RV": r"rv|rota(?:[ -]?[vf]irus|rix|teq|vac)?",
    "MR": r"c[a]?mp[a]?k[ /-]*(?:dan )?rube?l+a|rube?l+a|c[a]?mp[a]?k|mr|measles|morbili",
    "BCG": r"b[ .]?c[ .]?g|bece?ge|besege",
    "JE": r"japan\w* ?en[a-z]+|en[sc]e[pf]h?alitis|je",
}
_ALIAS = re.compile(
    r"(?<![^\W_])(?:"
    + "|".join(f"(?P<{name}>{pattern})" for name, pattern in _ALIASES.items())
    + r")(?:-?nya|ny)?(?![^\W\d_])"
)
#: A bare "polio" may be either, "hepatitis B" the birth dose or the combination; the others name one series.
_SERIES = {"DPT": ("DPTHBHIB",), "POLIO": ("OPV", "IPV"), "HB0": ("HB",), "HB": ("HB", "DPTHBHIB"), "OTHER": ()}

_WORD_NUMBERS = {
    "nol": 0, "satu": 1, "pertama": 1, "dua": 2, "tiga": 3, "empat": 4, "i": 1, "ii": 2, "iii": 3, "iv": 4,
}  # fmt: skip
_BOOSTER = r"(?:lanjutan|booster|buster|boster|ulangan)"
_NUMBER = re.compile(
    r"(?P<lead>[ .:#()]*-?[ ]?(?:(?:yang|yg|dosis|nomor|no|tahap) ?\.? ?)*(?:ke[ -]?)?)"
    rf"(?:(?P<booster>{_BOOSTER})|(?P<n>\d(?!\d)|nol|satu|pertama|dua|tiga|empat|iii|ii|iv|i))(?![^\W_])"
    r"(?! ?(?:bulan|bln|bl|tahun|thn|th|minggu|mgg|hari|hr|kali|x|kg|jam|gram|ml|cc)\b)\)?"
)
_AND = re.compile(r"\s*(?:,|&|\+|/|\b(?:dan|dn|sama|sm|ama)\b)\s*")
_TO = re.compile(r"\s*(?:-|\b(?:s/d|sd|sampai|sampe|hingga)\b)\s*")
_PAIR = re.compile(r"[ :]*[0-4] ?[/-] ?[0-4](?![\d/.-])(?! ?\d)")
_COUNTED = re.compile(r"\b(?:\d|dua|tiga|empat) ?(?:kali|x)\b")
_BARE_NUMBER = re.compile(rf"(?:yang |yg )?(?:ke[ -]?)?(?P<n>[0-4]|{'|'.join(_WORD_NUMBERS)})[ .!]*(?:bu|pak|kak)?")


@dataclass(frozen=True)
class _Mention:
    """A vaccine in the text, number included, at [start, end). `date` only where a pair like 1/2 leaves all open."""

    start: int
    end: int
    series: tuple[str, ...]
    numbers: tuple[int | None, ...] = (None,)
    known: bool = True
    doubtful: bool = False
    bundle: tuple[str, ...] = ()
    open_pair: bool = False

    def doses(self) -> list[tuple[str, ...]]:
        """For each number said the ids it may mean."""
        if self.bundle:
            return [(dose,) for dose in self.bundle]
        mine = [dose for dose in schedule() if dose.series in self.series]
        return [tuple(dose.id for dose in mine if number in (None, dose.number)) for number in self.numbers]


@cache
def _last_number(series: str) -> int:
    return max(dose.number for dose in schedule() if dose.series == series)


#: Children named side by side: start, end, their names.
_Group = tuple[int, int, tuple[str, ...]]


class _Page:
    """A message being read: `plain` is normalised, `raw` the same text with its case and line breaks."""

    def __init__(self, text: str, today: date) -> None:
        self.plain, self.raw, self.today = normalize(text), tidy(text), today
        self.left = list(self.plain)  # what nobody has read yet
        self._dates: dict[tuple[int, int], DateReading] = {}

    def blot(self, start: int, end: int) -> None:
        self.left[start:end] = "|" * (end - start)

    def rest(self) -> str:
        return "".join(self.left)

    def date_in(self, start: int, end: int) -> DateReading:
        """The day said in a stretch of the message, with positions of the whole; NO_DATE without one."""
        if (start, end) not in self._dates:
            self._dates[start, end] = self._read_date(start, end)
        return self._dates[start, end]

    def _read_date(self, start: int, end: int) -> DateReading:
        part = self.plain[start:end]
        start += len(part) - len(part.lstrip())
        read = read_date(part, self.today, max_years=None)
        if read.problem == "none":
            return NO_DATE
        read = _settled(read, part.strip(), self.today)
        return replace(read, start=start + read.start, end=start + read.end)

    def date_begins(self, start: int, end: int) -> bool:
        read = self.date_in(start, end)
        return read is not NO_DATE and read.start == start and not read.matched.isdigit()


_ABOUT = re.compile(r"\b(?:sekitar\w*|kira|kira2|mungkin|antara|awal|akhir|kayaknya|kyknya|sepertinya)\b")
_DAY_ALONE = re.compile(r"(?:pada )?(?:tanggal|tgl|tggl|tg)\.? ?\d{1,2}")


def _settled(read: DateReading, part: str, today: date) -> DateReading:
    """The reading with a near "tgl 3" accepted, and with a second, different day beside it refused."""
    if (
        read.problem == "vague"
        and read.precision == "day"
        and read.value is not None
        and timedelta(0) <= today - read.value <= timedelta(days=NEAR_DAYS)
        and _DAY_ALONE.fullmatch(read.matched)
        and not _ABOUT.search(part)
    ):
        read = replace(read, problem=None)
    other = read_date(part[: read.start] + "|" + part[read.end :], today, max_years=None)
    denied = re.search(r"\b(?:bukan|bkn)(?: (?:tanggal|tgl))? $", part[: other.start]) is not None
    differs = other.problem is None and other.value != read.value and not denied
    if read.problem is None and (differs or (not read.absolute and other.problem not in (None, "none"))):
        return replace(read, value=None, precision="none", problem="ambiguous")
    return read


def _mentions(page: _Page) -> list[_Mention]:
    """Every vaccine in the message, in order; words for the same one side by side ("rotavirus (RV)") are one."""
    found = [m for m in _ALIAS.finditer(page.plain) if not _is_no_vaccine(page, m)]
    bundles = list(_bundles(page))
    found = [m for m in found if not any(b.start < m.end() and m.start() < b.end for b in bundles)]
    mentions: list[_Mention] = []
    for i, match in enumerate(found):
        mention = _numbered(page, match, found[i + 1].start() if i + 1 < len(found) else len(page.plain))
        before = mentions[-1] if mentions else None
        if before and _same_vaccine(page, before, mention):
            series = tuple(s for s in before.series if s in mention.series)
            mentions[-1] = replace(mention, start=before.start, series=series)
        else:
            mentions.append(mention)
    return sorted([*mentions, *bundles], key=lambda m: m.start)


def _is_no_vaccine(page: _Page, match: re.Match[str]) -> bool:
    raw, before = page.raw[match.start() : match.end()], page.plain[: match.start()].split()[-1:]
    if match.lastgroup == "JE":
        named = bool(before) and before[0] in {"imunisasi", "vaksin", "suntik"}
        return match.group() == "je" and raw != "JE" and not named
    if raw != "dpt" or _NUMBER.match(page.plain, match.end()):
        return False
    # "dpt" is short for "dapat" as well: "belum dpt", "sudah dpt imunisasi", "dpt BCG".
    after = page.plain[match.end() :].lstrip()
    told = _ALIAS.match(after) or re.match(r"imun|vaksin|sunti|vit|tetes", after)
    return bool(before and before[0] in _NOT) or told is not None


def _same_vaccine(page: _Page, before: _Mention, after: _Mention) -> bool:
    between = page.plain[before.end : after.start]
    shared = set(before.series) & set(after.series)
    bare = before.numbers == (None,) and not before.bundle and not before.open_pair
    return bool(shared) and bare and re.fullmatch(r"[ ()/-]*", between) is not None


def _numbered(page: _Page, match: re.Match[str], end: int) -> _Mention:
    kind = match.lastgroup or ""
    series = _SERIES.get(kind, (kind,))
    raw = page.raw[match.start() : match.end()]
    told_before = page.plain[: match.start()].split()[-1:] or [""]
    doubtful = raw == "dpt" and told_before[0] in _DONE | {"baru", "juga", "jg"}
    mention = _Mention(match.start(), match.end(), series, known=bool(series), doubtful=doubtful)
    if kind == "HB0":
        return replace(mention, numbers=(0,))
    pair = _PAIR.match(page.plain, match.end(), end)
    several = len(series) > 1 or (bool(series) and _last_number(series[0]) > 1)
    if pair and several and not page.date_in(pair.end(), end).usable:
        # "DPT 1/2": two doses, or the first of February?
        return replace(mention, end=pair.end(), open_pair=True)
    booster_before = re.search(rf"\b{_BOOSTER} $", page.plain[: match.start()])
    if booster_before and series:
        return replace(mention, start=booster_before.start(), numbers=(_last_number(series[0]),), doubtful=False)
    numbers, stop = _numbers_at(page, match.end(), end, series)
    if kind == "HB" and numbers:
        # "hepatitis B 2": a single vaccine outside the programme, or DPT-HB-Hib? To call it DPT could cost a dose.
        return replace(mention, end=stop, known=False)
    return replace(mention, end=stop, numbers=tuple(numbers) or (None,), doubtful=doubtful and not numbers)


def _numbers_at(page: _Page, start: int, end: int, series: tuple[str, ...]) -> tuple[list[int | None], int]:
    """The numbers that follow a vaccine ("1", "ketiga", "1, 2 dan 3", "1 sampai 3") and where they end."""
    numbers: list[int | None] = []
    at, span = start, False
    while True:
        found = _NUMBER.match(page.plain, at, end)
        if not found or not series or (numbers and found.start() != found.start("lead")):
            return numbers, start
        digits = found.group("n") or ""
        where = found.start("n") if digits else found.start("booster")
        alone = all(_last_number(s) <= 1 for s in series)
        if page.date_begins(where, end) or (alone and digits not in {"1", "i", "pertama"}):
            return numbers, start
        value = _last_number(series[0]) if not digits else int(digits) if digits.isdigit() else _WORD_NUMBERS[digits]
        last = numbers[-1] if numbers else None
        numbers += range(last + 1, value + 1) if span and last is not None else [value]
        start = found.end()
        joint = _AND.match(page.plain, start, end)
        reach = None if joint else _TO.match(page.plain, start, end)
        if not joint and not reach:
            return numbers, start
        at, span = (joint or reach).end(), reach is not None  # type: ignore[union-attr]


_BUNDLE = re.compile(
    r"\b(?:imunisasi|imun|vaksin|vaksinasi|suntik|suntikan|yang|yg)(?:nya)?(?: (?:usia|umur|untuk|utk|buat|yang|yg))* "
    r"(?P<n>\d{1,2}) ?(?:bulan|bln|bl)(?:nya)?\b"
    r"(?! ?(?:yang |yg )?(?:lalu|kemarin|kmrn|kemaren|lagi|depan|kurang|lebih))"
)


def _bundles(page: _Page) -> Iterator[_Mention]:
    """ "imunisasi 2 bulan", "yang 4 bulan": all doses of that visit."""
    visits = {visit.age: visit.doses for visit in visit_bundles()}
    for found in _BUNDLE.finditer(page.plain):
        doses = visits.get(f"{found.group('n')} bulan", ())
        yield _Mention(found.start(), found.end(), (), known=bool(doses), bundle=doses)


# ------------------------------------------------------------------------------------------------- words of a report

_DONE = _set("sudah sdh udah udh uda ud dah telah beres selesai kelar done sampun wis geus rampung barusan")
_NOT_YET = _set("belum blm blom belom blum durung acan")
_NOT = _NOT_YET | _set("tidak tdk tak ndak nda gak ga gk nggak ngga enggak engga kagak kosong bukan")
_EXCEPT = _set("kecuali selain tanpa minus tinggal")
_ALL = _set("semua semuanya smua sema lengkap komplit komplet")
_EVERYBODY = re.compile(r"\b(?:kedua(?:nya| anak)|dua ?dua(?:nya)?|dua-dua(?:nya)?|semua anak|ketiganya)\b")
_CORRECTION = _set("ganti ralat koreksi salah slh keliru ubah rubah betulkan perbaiki harusnya seharusnya ternyata")
_DELETE = _set("hapus hapuskan hapusin hapuslah apus apusin dihapus delete hilangkan buang coret")
_OWN_PART = re.compile(r"[,;]|\b(?:semua\w*|smua|lengkap|tapi|tp|tetapi|cuma|hanya)\b")
_THANKS = _set("makasih terima kasih trims trimakasih terimakasih mksh tks thanks thx tq nuhun suwun")
_TROUBLE = _set(
    "demam panas panasnya bengkak bengkaknya nanah bernanah rewel nangis menangis muntah mencret diare kejang sesak",
    "ruam merah kemerahan gatal lemas pingsan biru sakit benjol benjolan bisul memar nyeri kena gejala alergi infeksi",
    "obat parasetamol paracetamol efek samping batuk pilek step takut bahaya darah berdarah koreng luka",
)
_PADDING = (
    FILLERS
    | _DONE
    | _NOT
    | _EXCEPT
    | _ALL
    | _CORRECTION
    | _DELETE
    | _THANKS
    | _set(
        "imunisasi imunisasinya imun diimunisasi vaksin vaksinnya vaksinasi divaksin suntik suntikan suntiknya",
        "disuntik tetes tetesan ditetes ditetesi catat catatkan dicatat catatin dicatatkan tercatat tulis lapor",
        "laporan melapor melaporkan laporkan tandai centang input update masukkan masukin tambah tambahkan simpan",
        "catatan riwayat anak anaknya anakku ank bayi bayiku bayinya adek adik adeknya dedek dede si kakak putra",
        "putri putranya putrinya nama namanya kami kita tanggal tanggalnya tgl tglnya pada hari bulan yang yg di",
        "ke dari oleh dan dn sama sm ama dgn dengan serta juga jg dapat dapet dpt mendapat mendapatkan menerima",
        "diberi diberikan dikasih dilakukan alhamdulillah sekalian bareng barengan posyandu puskesmas pustu bidan",
        "bidannya klinik rs pkm dokter petugas kia buku bukunya kartu menurut sesuai lihat nomor no siap iya pagi",
        "siang sore malam td usia umur waktu saat pas lagi lanjutan dosis selamat kiri kanan untuk buat utk saya",
        "tapi tp tetapi cuma hanya satu habis abis setelah kali terus trus lalu baru tadi kemarin bukan jadi kok",
        "pd nya pakai per jadwalnya bu betul benar iyaa yaa yah kader rumah pgi sng mlm data lain lainnya sempat",
        "smpt",
    )
)
_PLACE = re.compile(
    r"\b(?:di|ke|dari|dr) (?:posyandu|puskesmas|pustu|pkm|rsud|rsia|rsu|rs|rumah sakit|klinik|bidan|polindes|poskesdes|"
    r"dokter|dr|bu bidan|faskes)\b(?:nya)?"
)
_MAY_REPORT = re.compile(
    r"\b(?:mau|ingin|pengen|izin|ijin) (?=(?:lapor|melapor|catat|mencatat|nyatat|input|update|ralat|ganti|ubah))"
)
_AT_BIRTH = re.compile(
    r"\b(?:pas|waktu|wkt|saat|sejak|dari|begitu|habis|abis|setelah|sesudah|hari|baru)(?: hari)?(?: baru)?"
    r" (?:lahir\w*|lhr|brojol|dilahirkan)(?: (?:itu|dulu))?\b"
)
_CONNECTED = re.compile(
    r"(?:[\s,&+/()]|\b(?:dan|dn|sama|sm|ama|dgn|dengan|juga|jg|plus|imunisasi|vaksin|suntik|tetes|terus|trus)\b)*"
)
_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)*")
_ANY_WORD = re.compile(r"[^\W_]+")
_VACCINE_WORD = re.compile(r"\b(?:di)?(?:imun|vaksin|suntik)")


def may_be_a_report(text: str) -> bool:
    """Whether reading this message closer is worth its while: it is cheap, and wrong only in saying yes."""
    plain = normalize(text)
    words = _ANY_WORD.findall(plain)
    short = len(words) <= 6 and bool(plain)
    return short or _ALIAS.search(plain) is not None or _BUNDLE.search(plain) is not None or not _DONE.isdisjoint(words)


def read_doses(text: str, today: date, *, names: Sequence[str] = ()) -> DoseReading:
    """What a message reports. `names` are those of the family's children. Never raises on any text."""
    page = _Page(text, today)
    mentions = _mentions(page)
    dates = _dates_for(page, mentions)
    for mention in mentions:
        page.blot(mention.start, mention.end)
    for read in _date_marks(page, mentions):
        page.blot(read.start, read.end)
    for pattern in (_AT_BIRTH, _COUNTED, _EVERYBODY, _MAY_REPORT):
        _blot_all(page, pattern)
    people = _people(page, names)
    _blot_place_names(page)
    words = set(_WORD.findall(page.rest()))
    # "Aisyah sudah, Budi belum": without doses the words for given and not given are about the children.
    given, unclear = _polarity(page, mentions or [_Mention(start, end, ()) for start, end, _ in people])
    said_of = [True] * len(people) if mentions else given
    whose = _children_for(page, mentions, people)
    entries = [
        DoseEntry(
            doses,
            replace(NO_DATE, problem="ambiguous") if mention.open_pair else dates[i][0],
            dates[i][1] and not dates[i][0].usable,
            whose[i],
            given[i],
            mention.doubtful,
            bool(mention.bundle),
        )
        for i, mention in enumerate(mentions)
        for doses in (mention.doses() if mention.known else [()])
    ]
    left = [word for word in _WORD.findall(page.rest()) if word not in _PADDING]
    number = _BARE_NUMBER.fullmatch(page.plain)
    value = number.group("n") if number else ""
    return DoseReading(
        entries=tuple(entries),
        date=NO_DATE if mentions else page.date_in(0, len(page.plain)),
        names=_names(people, said_of),
        without=() if mentions else _names(people, [not said for said in said_of]),
        done=bool(words & _DONE),
        not_yet=bool(words & _NOT_YET),
        assent=read_yes_no(text),
        number=(int(value) if value.isdigit() else _WORD_NUMBERS[value]) if value else None,
        everybody=_EVERYBODY.search(page.plain) is not None,
        counted=_COUNTED.search(page.plain) is not None,
        correction=bool(words & _CORRECTION),
        delete=bool(words & _DELETE),
        unclear=unclear or (not (mentions or people) and bool(words & _DONE) and bool(words & _NOT)),
        question=looks_like_question(text) or bool(words & QUESTION_WORDS),
        trouble=bool(words & _TROUBLE),
        thanks=bool(words & _THANKS),
        about_vaccines=_VACCINE_WORD.search(page.plain) is not None,
        rest=tuple(word for word in left if is_everyday(word)),
        strange=tuple(word for word in left if not is_everyday(word)),
    )


def _names(people: Sequence[_Group], wanted: Sequence[bool]) -> tuple[str, ...]:
    return tuple(
        dict.fromkeys(name for (_, _, group), yes in zip(people, wanted, strict=True) if yes for name in group)
    )


def _blot_all(page: _Page, pattern: re.Pattern[str]) -> None:
    for found in pattern.finditer(page.rest()):
        page.blot(*found.span())


def _blot_place_names(page: _Page) -> None:
    """ "di posyandu Melati 2": what stands after a place is its name, up to two words that mean nothing else."""
    for found in _PLACE.finditer(page.rest()):
        end = found.end()
        page.blot(found.start(), end)
        for word in list(_WORD.finditer(page.rest(), end))[:2]:
            joined = not page.rest()[end : word.start()].strip()
            if not joined or word.group() in _PADDING or is_everyday(word.group()):
                break
            end = word.end()
            page.blot(word.start(), end)


# ------------------------------------------------------------------------------------------- what belongs to which


def _gaps(page: _Page, mentions: Sequence[_Mention]) -> list[tuple[int, int]]:
    """The stretches before, between and after the vaccines."""
    edges = [0, *(edge for mention in mentions for edge in (mention.start, mention.end)), len(page.plain)]
    return list(zip(edges[::2], edges[1::2], strict=True))


def _date_marks(page: _Page, mentions: Sequence[_Mention]) -> list[DateReading]:
    return [read for gap in _gaps(page, mentions) if (read := page.date_in(*gap)) is not NO_DATE and read.matched]


def _dates_for(page: _Page, mentions: Sequence[_Mention]) -> list[tuple[DateReading, bool]]:
    """For each vaccine its day and whether it was given at birth.

    A day before the first vaccine starts a list of the form "day: vaccines", else days follow their vaccines. A
    vaccine without a day of its own shares the neighbour's only where nothing but "dan" or a comma stands between:
    "polio 1: -" on a line of its own has no day.
    """
    gaps = _gaps(page, mentions)
    said = [(page.date_in(*gap), _AT_BIRTH.search(page.plain[slice(*gap)]) is not None) for gap in gaps]
    said = [(read if read.matched else NO_DATE, birth) for read, birth in said]
    has = [read is not NO_DATE or birth for read, birth in said]
    nothing = (NO_DATE, False)
    if not mentions:
        return []
    if has[0] and has[-1]:
        both = said[0] if said[0][0].usable and said[0][0].value == said[-1][0].value else None
        return [both or (replace(NO_DATE, problem="ambiguous"), False)] * len(mentions)
    joined = [_joins(page, gap) for gap in gaps]
    found = []
    for i in range(len(mentions)):
        if has[0]:
            at = i
            while at > 0 and not has[at] and joined[at]:
                at -= 1
        else:
            at = i + 1
            while at < len(mentions) and not has[at] and joined[at]:
                at += 1
        found.append(said[at] if has[at] else nothing)
        if not has[at] and i > 0 and _ALSO.search(page.plain[slice(*gaps[i + 1])]):
            found[-1] = found[-2]
    return found


#: "BCG 3 mei, DPT 1 5 juli, polio 2 juga": on the day of the one before it.
_ALSO = re.compile(
    r"^[ ]?(?:(?:nya )?(?:juga|jg|jga|sekalian|idem|barengan|bareng)|(?:hari|tgl|tanggal)(?:nya)? (?:yang )?sama)\b"
)


def _joins(page: _Page, gap: tuple[int, int]) -> bool:
    return _CONNECTED.fullmatch(page.plain[slice(*gap)]) is not None and "\n" not in page.raw[slice(*gap)]


def _people(page: _Page, names: Sequence[str]) -> list[_Group]:
    """Children named, as (start, end, names); those joined by "dan" stand together."""
    found = []
    for name in sorted(names, key=len, reverse=True):
        for pattern in _ways_to_call(name, names):
            for match in re.finditer(rf"(?<![^\W_]){re.escape(pattern)}(?![^\W_])", page.rest()):
                found.append((*match.span(), name))
                page.blot(*match.span())
    groups: list[_Group] = []
    for start, end, name in sorted(found):
        if groups and _CONNECTED.fullmatch(page.plain[groups[-1][1] : start]):
            first, _, together = groups[-1]
            groups[-1] = (first, end, tuple(dict.fromkeys((*together, name))))
        else:
            groups.append((start, end, (name,)))
    return groups


def _ways_to_call(name: str, names: Sequence[str]) -> list[str]:
    """The whole name, then each word of it that no other child shares and that is no everyday word."""
    own = normalize(name)
    others = {word for other in names if other != name for word in normalize(other).split()}
    words = [w for w in own.split() if len(w) > 2 and w not in others and w not in _PADDING | _set("bin binti")]
    return [own, *(word for word in words if word != own)]


def _children_for(page: _Page, mentions: Sequence[_Mention], people: Sequence[_Group]) -> list[tuple[str, ...]]:
    """For each vaccine the children it is said of; nobody where that is not plain.

    A vaccine goes with the name in its own part of the sentence, else with the part before it ("Ani BCG, polio 1")
    or after it ("BCG, polio 1 Ani"), whichever way round the message is built.
    """
    if len(people) <= 1:
        return [people[0][2] if people else ()] * len(mentions)
    breaks = [0, *(m.start() for m in re.finditer(r"[,;]", page.rest())), *_lines(page), len(page.plain) + 1]
    breaks.sort()

    def part(at: int) -> int:
        return sum(edge <= at for edge in breaks)

    own = [[group for group in people if part(group[0]) == part(mention.start)] for mention in mentions]
    sides = {group[0][0] < m.start for m, group in zip(mentions, own, strict=True) if len(group) == 1}
    found = []
    for mention, here in zip(mentions, own, strict=True):
        before = [group for group in people if group[0] < mention.start][-1:]
        after = [group for group in people if group[0] >= mention.end][:1]
        near = here if here else before if sides == {True} else after if sides == {False} else []
        found.append(near[0][2] if len(near) == 1 else ())
    return found


def _lines(page: _Page) -> list[int]:
    return [m.start() for m in re.finditer("\n", page.raw)]


def _polarity(page: _Page, mentions: Sequence[_Mention]) -> tuple[list[bool], bool]:
    """For each vaccine whether it was given, and whether the words for it contradict each other."""
    marks = [(m.start(), m.group()) for m in _WORD.finditer(page.rest()) if m.group() in _DONE | _NOT | _EXCEPT]
    but = next((at for at, word in marks if word in _EXCEPT), None)
    if but is not None:
        return [mention.start < but for mention in mentions], False
    yes = [at for at, word in marks if word in _DONE]
    no = [at for at, word in marks if word in _NOT]
    if not no or not mentions:
        return [True] * len(mentions), False
    if not yes:
        own = [page.date_in(*gap) for gap in _gaps(page, mentions)[1:]]
        return [read.usable for read in own], False
    marks = [(at, word) for at, word in marks if not re.search(r"[.!]", page.plain[mentions[-1].end : at])]
    if not marks:
        return [True] * len(mentions), False
    if marks[-1][1] in _NOT:
        # "sudah semua, PCV belum": the "sudah" is about everything else.
        first = mentions[0].start
        marks = [(at, w) for at, w in marks if not (at < first and _OWN_PART.search(page.plain[at:first]))]
    if not marks:
        return [True] * len(mentions), False
    leading = marks[0][0] < mentions[0].start
    if leading and marks[-1][0] > mentions[-1].start:
        return [True] * len(mentions), any(word in _NOT for _, word in marks)  # "sudah BCG belum": a question
    found = []
    for mention in mentions:
        before = [word for at, word in marks if at < mention.start][-1:]
        after = [word for at, word in marks if at >= mention.end][:1]
        found.append((before if leading else after) or ["?"])
    return [near[0] not in _NOT for near in found], ["?"] in found


# ----------------------------------------------------------------------------------------- which dose it may have been


def possible_doses(child: Child, doses: Sequence[str], on: date) -> tuple[str, ...]:
    """Those of `doses` that a child can have been given on the day `on`, by age, intervals and what is recorded.

    The limits are those of the schedule (content/facts/imunisasi.yml: min_age, min_interval, max_age).
    """
    return tuple(dose for dose in doses if _possible(child, dose_named(dose), on))


def _possible(child: Child, dose: Dose, on: date) -> bool:
    if dose.id in child.doses or on > dose.max_age.last_day(child.birth_date) or on < _first_day(child, dose):
        return False
    later = [other.id for other in schedule() if other.series == dose.series and other.number > dose.number]
    return all(child.doses[other] > on for other in later if other in child.doses)


def _first_day(child: Child, dose: Dose) -> date:
    by_age = dose.min_age.after(child.birth_date)
    if dose.previous is None or dose.min_interval is None:
        return by_age
    given = child.doses.get(dose.previous) or _first_day(child, dose_named(dose.previous))
    return max(by_age, dose.min_interval.after(given))
