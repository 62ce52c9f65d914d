"""What a message says about a birth: who was born, when, how heavy; and whether it reports one at all.

Twins come in one message and in one order: the first sex, weight and name are the first child's.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sapa.family.people import Sex
from sapa.family.reading.child import NAME, read_child_facts
from sapa.family.reading.dates import NO_DATE, DateReading, read_date, read_weight_kg
from sapa.family.reading.numbers import tokens_of
from sapa.family.reading.words import (
    FEMALE_WORDS,
    FILLERS,
    MALE_WORDS,
    WEAK_SEX_WORDS,
    is_unknown,
    looks_like_question,
    normalize,
    words_of,
)

#: What the dialogue has just asked: its answer needs no word to mark it.
SEX, DATE, WEIGHT, BABY_NAME = "sex", "date", "weight", "name"

#: Weights at birth that can be, in grams; what lies outside was mistyped and is asked again.
LIGHTEST_G, HEAVIEST_G = 400, 6500


@dataclass(frozen=True)
class BirthReading:
    """What one message says. sexes, weights_g and names stand in the order told.

    odd_weight: a weight was told that cannot be one of a newborn; unnamed: there is no name yet; unknown: the whole
    message says "not known". count: how many were born, None if it is not said. early: born before its time by words,
    weeks or months. born: a word of birth stands in the message.
    """

    sexes: tuple[Sex, ...] = ()
    weights_g: tuple[int, ...] = ()
    names: tuple[str, ...] = ()
    on: DateReading = NO_DATE
    odd_weight: bool = False
    unnamed: bool = False
    unknown: bool = False
    count: int | None = None
    weeks: int | None = None
    early: bool = False
    caesarean: bool = False
    born: bool = False

    @property
    def anything(self) -> bool:
        """Whether a fact of the birth was understood, be it wrong."""
        told = self.sexes or self.weights_g or self.names or self.odd_weight or self.unnamed
        return bool(told or self.on.problem != "none" or self.count or self.early or self.weeks or self.caesarean)


# ------------------------------------------------------------------------------------------------- is it a birth at all

_ALREADY = (
    r"(?:sudah|sdh|sudh|udah|udh|uda|dah|telah|tlah|alhamdulill?ah|puji tuhan|puji syukur|syukur|barusan|baru saja|"
    r"baru aja|akhirnya|tadi|td|semalam|smlm|semalem|kemarin|kmrn|kemaren|pagi ini|hari ini|subuh)"
)
_BORN = (
    r"(?:lahir|lahiran|lahirnya|lhr|lhir|melahirkan|mlahirkan|melahirkn|nglairke|bersalin|brojol|mbrojol|partus|"
    r"dilahirkan)"
)
_REPORT = re.compile(
    rf"\b{_ALREADY}\b(?: [^\W\d_]+){{0,4}}[ ,!.]+{_BORN}\b|\b(?:melahirkan|lahiran|brojol|bersalin|partus)\b"
    rf"(?: [^\W\d_]+){{0,3}} {_ALREADY}\b|\b{_BORN} (?:dengan )?(?:selamat|sehat|normal|sesar|caesar|sc)\b"
    r"|\bbayi(?:nya|ku)?(?: [^\W\d_]+){0,2} (?:sudah|sdh|udah|udh) (?:lahir|keluar|brojol)"
    r"|\b(?:sudah|sdh|udah|udh) jadi (?:ibu|ayah|bapak)\b|\bsudah punya bayi\b"
)
_NOT_YET = re.compile(
    rf"\b(?:belum|blm|blom|belom|mau|akan|bakal|kapan|sebentar lagi|bentar lagi|menjelang|sebelum|sblm|tanda\w*|"
    rf"perkiraan|jadwal|hpl|biaya|persiapan|persiapkan|siap|takut|kalau|kalo|klo|nanti|tips|cara|setelah|stlh|sesudah|"
    rf"abis|habis|pasca|pas|waktu|ketika|saat|sejak|dulu|pernah|anak (?:pertama|kedua|dulu))"
    rf"(?: [^\W\d_]+){{0,2}} {_BORN}\b"
)
_SIGNS_UP = re.compile(r"\b(?:daftar\w*|mendaftar\w*|didaftar\w*|registrasi|dftr\w*|tambah anak|catat anak)\b")
_LONG_AGO = re.compile(
    r"\b(?:tahun|thn|th) (?:lalu|kemarin|yang lalu)\b|\b(?:umur|usia|umurnya)\b.*\b(?:bulan|bln|tahun)\b"
)


def is_birth_report(text: str) -> bool:
    """Whether a message says that a child has just been born: the dialogue for a birth, not the one for any child.

    "Daftarkan anak saya ..., lahir ..." signs a child up; "mau lahiran", "setelah melahirkan" and questions tell of
    no birth. A death is not looked for here.
    """
    plain = " ".join(words_of(text)) if len(text) < 2000 else ""
    if looks_like_question(text) or _SIGNS_UP.search(plain) or _LONG_AGO.search(plain):
        return False
    return bool(_REPORT.search(plain)) and not _NOT_YET.search(plain)


#: What a scan says of a child that is not born: "kata dokter bayinya laki-laki, beratnya 2,5 kg".
_UNBORN = re.compile(
    r"\b(?:usg|janin\w*|kandungan\w*|perut\w*|perkiraan|taksiran|tafsiran|diperkirakan|kata (?:dokter|bidan)|"
    r"bakal|calon|nanti|semoga|moga|ingin|pengen|hamil)\b"
)


def tells_of_newborn(text: str, today: date) -> bool:
    """Whether a message of a family that awaits a birth gives the facts of one: "bayinya laki-laki sehat, 3 kg"."""
    plain = " ".join(words_of(text)) if len(text) < 2000 else ""
    if looks_like_question(text) or _UNBORN.search(plain) or _NOT_YET.search(plain) or says_not_born_yet(text):
        return False
    reading = read_birth(text, today)
    about = reading.born or bool(_ABOUT_BABY.search(normalize(text)))
    return about and bool(reading.sexes) and bool(reading.weights_g or (reading.born and reading.on.usable))


_STILL_WORDS = """
    belum blm blom belom masih hamil lahir lahiran melahirkan juga jg kok ko sih nih bu ibu bidan bun pak kak min saya
    sy aku istri bayi bayinya ini sampai sekarang skrg
"""
_STILL = frozenset(_STILL_WORDS.split())


def only_not_born_yet(text: str) -> bool:
    """Whether that is the whole of a message, so that no trouble is told with it."""
    words = words_of(text)
    return says_not_born_yet(text) and not looks_like_question(text) and all(word in _STILL for word in words)


def says_not_born_yet(text: str) -> bool:
    """Whether somebody takes it back: "belum lahir kok, masih hamil"."""
    plain = " ".join(words_of(text))
    return bool(re.search(rf"\b(?:belum|blm|blom|belom) (?:juga )?{_BORN}\b|\bmasih hamil\b", plain))


# ---------------------------------------------------------------------------------------------------------- the facts


def read_birth(text: str, today: date, asked: str | None = None) -> BirthReading:
    """Everything a message says about a birth; `asked` is the question it may answer. Never raises on any text."""
    plain = normalize(text)
    weights, odd = _weights(plain, asked)
    facts = read_child_facts(text, today)
    sexes, count = _sexes(plain, asked)
    rest = _WEIGHT.sub(" ", _LENGTH.sub(" ", plain))
    day = NO_DATE if asked in {WEIGHT, SEX, BABY_NAME} and not re.search(rf"\b{_BORN}\b", plain) else _day(rest, today)
    unnamed = bool(_NO_NAME.search(plain)) or (asked == BABY_NAME and (is_unknown(text) or bool(_LATER.search(plain))))
    return BirthReading(
        sexes=sexes,
        weights_g=weights,
        names=() if unnamed else _names(text, today, asked),
        on=day,
        odd_weight=odd,
        unnamed=unnamed,
        unknown=is_unknown(text),
        count=count,
        weeks=_weeks(plain),
        early=facts.preterm and bool(_EARLY_WORDS.search(plain)),
        caesarean=bool(_CAESAREAN.search(plain)),
        born=bool(re.search(rf"\b{_BORN}\b", plain)),
    )


_EARLY_WORDS = re.compile(r"\bprem\w{0,3}tur\w*|\bpremature?\b|\b(?:kurang|krg) (?:bulan|bln)\b|\b(?:bulan|bln)\b")


_WEEKS = re.compile(r"\b(\d\d) ?(?:minggu|mgg|mg|mggu|mnggu|w|wk|week|weeks)\b(?! (?:yang |yg )?(?:lalu|lagi|kemarin))")


def _weeks(plain: str) -> int | None:
    """Weeks of pregnancy at birth: "prematur 34 minggu"."""
    found = _WEEKS.search(plain)
    return int(found.group(1)) if found and 22 <= int(found.group(1)) <= 44 else None


_CAESAREAN = re.compile(r"\b(?:sesar|sesarr?|caesar\w*|cesar\w*|cecar|sc|sectio|secar|operasi|oprasi)\b")
_NO_NAME = re.compile(
    r"\b(?:belum|blm|blom|belom|lum) (?:ada |punya |dikasih |diberi |kasih |dapat |nemu |dpt )+(?:nama|namanya)"
    r"|\bnama(?:nya)? (?:belum|blm|blom|menyusul|nanti|nyusul)|\b(?:belum|blm) (?:dinamai|dinamain|bernama)"
    r"|\btanpa nama\b"
)
_LATER = re.compile(r"\b(?:belum|blm|blom|belom|nanti|nnti|ntar|menyusul|nyusul)\b")


def _day(plain: str, today: date) -> DateReading:
    found = read_date(plain, today)
    # "Hamil 9 bulan" and "lahir 38 minggu" are ages of a pregnancy, no days.
    aged = re.search(r"\b(?:bulan|bln|minggu|mgg|w)\b", found.matched) and not re.search(
        r"\b(?:lalu|kemarin|kmrn|kemaren|ini|tgl|tanggal)\b", found.matched
    )
    return NO_DATE if aged and not found.usable else found


# ------------------------------------------------------------------------------------------------------------ weights

_UNIT = r"(?:kg|kilo|kilogram|gram|gr|grm|g|ons)"
_NUMBER = r"\d{1,5}(?:[.,]\d{1,3})?"
_WEIGHT = re.compile(
    rf"\b(?:bb|bbl|berat\w*|beratnya|bobot\w*|timbang\w*)(?: badan| lahir| bayi\w*| masing\w*)* ?[:=]? ?{_NUMBER}"
    rf"(?: ?{_UNIT}(?![^\W\d_])(?: ?\d{{1,3}} ?(?:ons|gram|gr|g)\b)?)?"
    rf"|{_NUMBER} ?{_UNIT}(?![^\W\d_])(?: ?\d{{1,3}} ?(?:ons|gram|gr|g)\b)?"
)
_LENGTH = re.compile(
    rf"\b(?:panjang|pjg|pb|tinggi|tb|lk|lingkar kepala)(?: badan| lahir)?(?:nya)? ?[:=]? ?{_NUMBER} ?(?:cm)?"
    rf"|{_NUMBER} ?cm\b|\bjam \d{{1,2}}(?:[.:]\d\d)?"
)
_SHARED_UNIT = re.compile(
    rf"(?<![\d.,])({_NUMBER})(?: (?:dan|sama|dg|dengan|lan) | ?[&/+] ?|, )(?={_NUMBER} ?({_UNIT})(?![^\W\d_]))"
)
_BARE = re.compile(rf"(?<![\d.,]){_NUMBER}(?![\d]|[.,]\d)")
_SPELT = re.compile(r"\b(?:kg|kilo|gram|ons)\b")


def _weights(plain: str, asked: str | None) -> tuple[tuple[int, ...], bool]:
    """Weights in grams in the order told, and whether one was told that cannot be."""
    text = _figures(_LENGTH.sub(" ", plain))
    # "2,5 dan 2,3 kg": the unit after the last one is every one's.
    text = _SHARED_UNIT.sub(lambda m: f"{m.group(1)} {m.group(2)} dan ", text)
    said = [m.group() for m in _WEIGHT.finditer(text)]
    if not said and asked == WEIGHT:
        said = _BARE.findall(text)
    grams = [grams for part in said if (grams := _grams(part)) is not None]
    good = [g for g in grams if LIGHTEST_G <= g <= HEAVIEST_G]
    return tuple(good), len(good) < len(said)


def _figures(plain: str) -> str:
    """Number words in figures, where a weight is spelt: "tiga kilo dua ons"."""
    if not _SPELT.search(plain):
        return plain
    out, last = [], 0
    for token in tokens_of(plain):
        if token.kind == "num" and not token.figures:
            out += [plain[last : token.start], str(token.value)]
            last = token.end
    return "".join([*out, plain[last:]])


def _grams(part: str) -> int | None:
    kilos = read_weight_kg(part)
    if kilos is not None:
        return round(kilos * 1000)
    number = _BARE.search(part)
    if number is None:
        return None
    amount = float(number.group().replace(",", "."))
    return round(amount if amount >= 300 or re.search(r"\b(?:gram|gr|g)\b", part) else amount * 1000)


# -------------------------------------------------------------------------------------------------------------- sexes

_SEX_WORDS = "|".join(sorted(map(re.escape, FEMALE_WORDS | MALE_WORDS), key=len, reverse=True))
_SEX_WORD = re.compile(rf"(?<![^\W_])(?:laki[ -]?[/-]?[ -]?laki|{_SEX_WORDS})(?![^\W_])")
_BABY = {"anak", "bayi", "bayinya", "jk", "lahir"}
_TWINS = re.compile(r"\bkembar(?: (?P<n>tiga|3|empat|4))?|\bdampit\b|\bsepasang\b")
_PAIR = re.compile(r"\bsepasang\b|\bdampit\b|\bkembar (?:pengantin|buncing)\b")
_EACH = re.compile(r"\b(?:dua[ -]duanya|duaduanya|dua2nya|2[ -]?2nya|keduanya|sama2)\b")
_BOTH = re.compile(r"\b(?:dua[ -]?duanya|dua2nya|2[ -]?2nya|keduanya|semua|semuanya|dua dua|sama2|dua|2)\b")
_NOT = {"bukan", "bkn"}


def _sexes(plain: str, asked: str | None) -> tuple[tuple[Sex, ...], int | None]:
    twins = _TWINS.search(plain)
    many = {"tiga": 3, "3": 3, "empat": 4, "4": 4}.get(twins.group("n") or "", 2) if twins else None
    if _PAIR.search(plain):
        return (Sex.MALE, Sex.FEMALE), 2
    found = [sex for word in _SEX_WORD.finditer(plain) if (sex := _sex(plain, word, asked)) is not None]
    if not found:
        return (), many
    if many is None and len(set(found)) == 1 and _EACH.search(plain):
        many = 2
    if many is None and len(found) > 1:
        # "laki-laki, cowok ganteng" is one child; two different ones are two children.
        return (tuple(found), 2) if len(set(found)) > 1 else ((found[0],), None)
    if many is not None and (len(found) == 1 or (len(set(found)) == 1 and _BOTH.search(plain))):
        return (found[0],) * many, many
    return tuple(found[: many or 1]), many


def _sex(plain: str, word: re.Match[str], asked: str | None) -> Sex | None:
    before = words_of(plain[: word.start()])
    if before and before[-1] in _NOT:
        return None
    said = word.group()
    weak = said in WEAK_SEX_WORDS
    short = len([w for w in words_of(plain) if w not in FILLERS]) <= 4
    # Single letters and words that are names count only in a short answer, or after "anak", "bayi", "jk".
    if weak and not (asked == SEX and short) and not (before and before[-1] in _BABY):
        return None
    return Sex.FEMALE if said in FEMALE_WORDS else Sex.MALE


# -------------------------------------------------------------------------------------------------------------- names

_BETWEEN_NAMES = re.compile(r"\s*(?:,|&|/|;|\n|\bdan\b|\bsama\b)\s*", re.IGNORECASE)
_NAME_CUE = re.compile(
    r"\b(?:nama(?:nya)?(?: bayi(?:nya)?| anak(?:nya)?)?|bernama|dinamai|dinamakan|dikasih nama|diberi nama|kami namai|"
    r"kasih nama|nm)\b[ :=]*",
    re.IGNORECASE,
)
_NAME_RANK = re.compile(
    r"^(?:yang |yg )?(?:pertama|kedua|ketiga|satu|dua|kakak(?:nya)?|adik(?:nya)?|adek(?:nya)?|si|\d[.)]?)"
    r"(?: (?:nama(?:nya)?|bernama))?[ :=]+",
    re.IGNORECASE,
)


def _names(text: str, today: date, asked: str | None) -> tuple[str, ...]:
    cue = _NAME_CUE.search(text)
    if asked != BABY_NAME and cue is None:
        return ()
    if looks_like_question(text):
        return ()
    stretch = text[cue.end() :] if cue else text
    found: list[str] = []
    for part in _BETWEEN_NAMES.split(stretch):
        name = _name(_NAME_RANK.sub("", part.strip()), today)
        if name is None and found:
            break
        if name is not None:
            found.append(name)
    return tuple(found)


def _name(part: str, today: date) -> str | None:
    if not part.strip():
        return None
    return read_child_facts(part, today, asked=NAME).name


_ABOUT_BABY = re.compile(r"\b(?:bayi\w*|anak\w*|dedek\w*|dede\w*|adek\w*|baby|kembar\w*)\b")


def named_later(text: str, today: date) -> tuple[str, ...]:
    """The names in "bayinya dinamai Budi", "nama bayi saya Ani": given to children that had none."""
    if not _ABOUT_BABY.search(normalize(text)) or looks_like_question(text) or _NO_NAME.search(normalize(text)):
        return ()
    return _names(text, today, None)


def spread(values: Sequence[int], count: int) -> tuple[int | None, ...]:
    """Told values for `count` children, None where one is missing."""
    return tuple(values[i] if i < len(values) else None for i in range(count))
