"""The facts of a child in one message: name, sex, birth date, posyandu, born early or small.

All may come in one sentence and in any order. Each fact that is read is blotted out, so that a date cannot be taken
for part of a name; the name, which nothing marks but its place, is read last from what is left.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from difflib import SequenceMatcher

from sapa.family.people import Sex
from sapa.family.reading.dates import NO_DATE, DateReading, read_date, read_weight_kg
from sapa.family.reading.lexicon import LEXICON, STOPS, is_everyday, is_off_topic
from sapa.family.reading.numbers import Token, tokens_of
from sapa.family.reading.words import (
    FEMALE_WORDS,
    FILLERS,
    MALE_WORDS,
    WEAK_SEX_WORDS,
    is_unknown,
    looks_like_question,
    lower,
    normalize,
    read_sex,
    tidy,
    words_of,
)

#: The slots of the form, in the order in which it asks for them.
NAME, SEX, BIRTH_DATE, POSYANDU = FIELDS = ("child_name", "child_sex", "child_birth_date", "child_posyandu")

MAX_NAME = 60
_MAX_NAME_WORDS = 7

#: Born before 37 weeks or under 2,500 g: the automatic schedule is not for this child (content/facts/imunisasi.yml).
TERM_WEEKS, NORMAL_WEIGHT_G = 37, 2500


@dataclass(frozen=True)
class ChildFacts:
    """What one message says about a child; None, False or NO_DATE for what it does not say.

    posyandu is one of the known names; posyandu_said is the name as written when none of them fits;
    posyandu_unknown: the person says there is none or it is not known. preterm: born early or small, by words, weeks
    or weight; term: said to be neither. named and dated: the name or date came with its own word ("namanya", "lahir").
    several: more than one child is named, only the first is read.
    """

    name: str | None = None
    sex: Sex | None = None
    birth_date: DateReading = NO_DATE
    posyandu: str | None = None
    posyandu_said: str | None = None
    posyandu_unknown: bool = False
    preterm: bool = False
    term: bool = False
    birth_weight_g: int | None = None
    birth_weeks: int | None = None
    named: bool = False
    dated: bool = False
    several: bool = False

    @property
    def anything(self) -> bool:
        """True when at least one fact of the form was understood."""
        posyandu = self.posyandu or self.posyandu_said or self.posyandu_unknown
        return bool(self.name or self.sex or self.birth_date.usable or posyandu or self.preterm or self.term)


@dataclass(frozen=True)
class Correction:
    """What somebody wants changed.

    marked: a word of correction was there; wish: it was more than "bukan" or "eh" ("salah", "ubah", "ganti");
    fields: slots named without a new value.
    """

    marked: bool = False
    wish: bool = False
    fields: tuple[str, ...] = ()
    facts: ChildFacts = field(default_factory=ChildFacts)


_HOLE = "|"


@dataclass
class _Page:
    """A message while it is being read: `text` keeps the case, what has been read is blotted out with holes."""

    text: str

    @property
    def plain(self) -> str:
        return lower(self.text).replace("\n", " ")

    def blot(self, start: int, end: int) -> None:
        self.text = self.text[:start] + _HOLE * (end - start) + self.text[end:]


def read_child_facts(
    text: str, today: date, *, known_posyandu: Sequence[str] = (), asked: str | None = None
) -> ChildFacts:
    """All facts in one message. `asked` is the slot the form has just asked for: its answer needs no word to mark it.

    Never raises on any text; a question yields no name.
    """
    page = _Page(tidy(text))
    elsewhere = _is_about_something_else(page)
    _blot_noise(page)
    facts = _read_birth(page, ChildFacts())
    facts = _read_posyandu(page, facts, known_posyandu, asked)
    facts = _read_strong_sex(page, facts)
    facts = _read_birth_date(page, facts, today, asked, elsewhere=elsewhere)
    if facts.posyandu_said is None and asked == POSYANDU and not facts.posyandu and not facts.posyandu_unknown:
        facts = _whole_posyandu(page, facts)
    facts = _read_name(page, facts, asked, elsewhere=elsewhere, question=looks_like_question(text))
    facts = _read_weak_sex(page, facts)
    facts = _read_bare_posyandu(page, facts, known_posyandu)
    if asked == SEX and facts.sex is None and not facts.named and len(words_of(text)) <= 5:
        facts = replace(facts, sex=read_sex(text))
    return facts


def _is_about_something_else(page: _Page) -> bool:
    """A message on fever, food or a calendar: then only what carries its own word ("namanya", "lahir") is a fact."""
    return any(is_off_topic(word) for word in words_of(_NOISE.sub(" ", _WEIGHT.sub(" ", page.plain))))


# ----------------------------------------------------------------------------------------------- birth: early, small

_NOISE = re.compile(
    r"\b(?:jam|jm|pukul|pkl)\.? ?\d{1,2}(?: ?[.:] ?\d{2})?(?: ?(?:wib|wita|wit))?|\b\d{1,2}:\d{2}\b|\bke[ -]?\d{1,2}\b"
    r"|\b(?:panjang|pjg|pb|tb|tinggi)(?: badan| lahir)?(?:nya)? ?:? ?\d+(?:[.,]\d+)? ?(?:cm)?|\b\d+(?:[.,]\d+)? ?cm\b"
    r"|\+?\b\d{9,}\b|\b(?:selamat|slmt|met) (?:pagi|siang|sore|malam)\b|\bjenis kelamin\b|\bnama panggilan(?:nya)?\b"
)
_WEIGHT_WORD = r"\b(?:bb|bbl|berat)(?:nya)?(?: badan)?(?: lahir)?(?:nya)? ?:? ?"
_WEIGHT = re.compile(
    rf"(?:{_WEIGHT_WORD})?\b\d{{1,4}}(?:[.,]\d{{1,3}})? ?(?:kg|kilo|kilogram|gram|gr|g|ons)(?![^\W\d_])"
    rf"(?: ?\d{{1,3}} ?(?:ons|gram|gr|g)\b)?|{_WEIGHT_WORD}\d{{1,4}}(?:[.,]\d{{1,3}})?\b"
)
_SPELT_WEIGHT = re.compile(r"\b(?:kg|kilo|ons|gram)\b")
_BORN = re.compile(r"\b(?:lahir\w*|lhr|bbl|bblr|brojol|prem\w*|kurang bulan)\b")
_NOW = re.compile(r"\b(?:sekarang|skrg|skr|skg|saat ini|terakhir|kemarin ditimbang|timbang\w*)\b")
_NEVER = r"(?:tidak|tdk|tak|bukan|bkn|ndak|gak|gk|ga|nggak|ngga|enggak)"
_PRETERM = re.compile(
    r"\bprem\w{0,3}tur\w*|\bpremature?\b|\b(?:kurang|krg|kurg) (?:bulan|bln)\b|\bbblr\b|\bbayi kecil\b"
    rf"|\b(?:belum|blm|{_NEVER}) (?:cukup|ckp) (?:bulan|bln|umur)\b"
    r"|\b(?:lahir|lhr) (?:dini|(?:sebelum|sblm) (?:waktu|hpl)\w*)"
)
_TERM = re.compile(
    rf"\b{_NEVER} (?:lahir )?(?:prem\w{{0,3}}tur\w*|bblr|kurang bulan)"
    r"|(?<!belum )(?<!blm )\b(?:cukup|ckp|genap) (?:bulan|bln)\b"
)


def _blot_noise(page: _Page) -> None:
    for found in list(_NOISE.finditer(page.plain)):
        page.blot(*found.span())


def _read_birth(page: _Page, facts: ChildFacts) -> ChildFacts:
    weight, weeks = _birth_weight(page), _birth_weeks(page)
    early, term = _PRETERM.search(page.plain), _TERM.search(page.plain)
    if term and early and term.start() <= early.start() < term.end():
        early = None
    if early and term and early.start() <= term.start() < early.end():
        term = None
    small = (weight is not None and weight < NORMAL_WEIGHT_G) or (weeks is not None and weeks < TERM_WEEKS)
    for found in (early, term):
        if found:
            page.blot(*found.span())
    preterm = bool(early) or small or _months_of_pregnancy(page)
    return replace(facts, birth_weight_g=weight, birth_weeks=weeks, preterm=preterm, term=bool(term) and not preterm)


def _birth_weight(page: _Page) -> int | None:
    """Grams at birth. A weight without a word of birth, or one of today, is no birth weight."""
    plain = page.plain
    at_birth = _BORN.search(plain) and not _NOW.search(plain)
    spelt = _SPELT_WEIGHT.search(plain) and not _WEIGHT.search(plain)
    spans = [m.span() for m in _WEIGHT.finditer(plain)]
    said = plain[slice(*spans[0])] if spans else plain if spelt else ""
    kilos = read_weight_kg(said.replace("lahir", "")) if said else None
    for span in spans:
        page.blot(*span)
    return round(kilos * 1000) if at_birth and kilos is not None and 0.4 <= kilos <= 6.5 else None


_GESTATION = {"kandungan", "kehamilan", "hamil", "uk"}
_BIRTH = {"lahir", "lahirnya", "lhr", "brojol", "lahiran", "dilahirkan"} | _GESTATION
_BETWEEN = {
    "di", "pada", "usia", "umur", "saat", "waktu", "ketika", "baru", "pas", "dalam", "masih", "minggu", "ke", "cuma",
    "hanya", "kandungan", "kehamilan", "hamil", "nya", "dengan",
}  # fmt: skip
_PASSED = {"lalu", "kemarin", "kemaren", "kmrn", "silam", "lewat", "yang", "yg", "lagi"}


def _birth_weeks(page: _Page) -> int | None:
    for number, unit, cues in _counted(page, "week"):
        if 22 <= number.value <= 43 and cues & _BIRTH:
            page.blot(number.start, unit.end)
            return number.value
    return None


def _months_of_pregnancy(page: _Page) -> bool:
    """Months of pregnancy say early too: "lahir usia kandungan 8 bulan"."""
    for number, unit, cues in _counted(page, "month"):
        if 5 <= number.value <= 8 and cues & _GESTATION and _BORN.search(page.plain):
            page.blot(number.start, unit.end)
            return True
    return False


def _counted(page: _Page, unit: str) -> Iterator[tuple[Token, Token, set[str]]]:
    """Every "34 minggu" that is not "... lalu", with the words of birth straight before it."""
    tokens = tokens_of(page.plain)
    for i in range(len(tokens) - 1):
        after = tokens[i + 2].text if i + 2 < len(tokens) else ""
        if tokens[i].kind != "num" or tokens[i + 1].unit != unit or after in _PASSED:
            continue
        cues: set[str] = set()
        j = i - 1
        while j >= 0 and tokens[j].text in _BETWEEN | _BIRTH:
            cues.add(tokens[j].text)
            j -= 1
        yield tokens[i], tokens[i + 1], cues


# -------------------------------------------------------------------------------------------------------- posyandu

_POSYANDU = re.compile(r"\b(?:posyandu(?:nya)?|posy|pos[iy]+andu|posyndu|psyandu|posyand|pos yandu|posyandunya)\b\.?")
_POSYANDU_HEAD = re.compile(
    rf"^(?:{_POSYANDU.pattern}|[\s:=,-]+"
    r"|\b(?:di|nama|namanya|nya|bernama|yang|yg|adalah|ikut|itu|yaitu|saya|sy|kami|kita)\b)+"
)
_NAME_PART = re.compile(r"[^\W_]+(?:['.-][^\W_]+)*")
_ROMAN = {"i": 1, "ii": 2, "iii": 3, "iv": 4, "v": 5, "vi": 6, "vii": 7, "viii": 8, "ix": 9, "x": 10}
_NO_POSYANDU = re.compile(
    r"\b(?:tidak|tdk|tak|ndak|nda|gak|gk|ga|nggak|ngga|belum|blm|belom|kurang) "
    r"(?:tahu|tau|punya|ada|ikut|terdaftar di|pernah ke|daftar di)(?: (?:nama|di))? ?posyandu(?:nya)?"
    r"|\blupa (?:nama )?posyandu(?:nya)?"
    r"|\bposyandu(?:nya)? ?:? ?(?:lupa|(?:tidak|tdk|ndak|gak|gk|ga|nggak|belum|blm) (?:tahu|tau|punya|ada))\b"
)


def match_posyandu(said: str, known: Sequence[str]) -> str | None:
    """The known posyandu that is meant, in spite of case, spelling and "posy."; None when none or several fit.

    Numbers must agree ("Mawar 3" is not "Mawar 2"); "mawar" alone fits "Mawar 2" only if there is no other Mawar.
    """
    letters, numbers = _posyandu_key(said)
    if not letters and not numbers:
        return None
    keys = [(name, *_posyandu_key(name)) for name in known]
    exact = [name for name, k, n in keys if (k, n) == (letters, numbers)]
    if exact:
        return exact[0]
    scored = [(SequenceMatcher(None, letters, k).ratio(), name) for name, k, n in keys if n == numbers or not numbers]
    good = sorted((s for s in scored if s[0] >= 0.8), reverse=True)
    if not good or (len(good) > 1 and good[0][0] - good[1][0] < 0.08):
        return None
    return good[0][1]


def closest_posyandu(said: str, known: Sequence[str], limit: int = 5) -> list[str]:
    """Known posyandu to offer, the most alike first. "Melati (Desa Oesapa)" is as alike as its bare name."""
    letters, _ = _posyandu_key(said)

    def likeness(name: str) -> float:
        ways = {name, name.partition("(")[0]}
        return max(SequenceMatcher(None, letters, _posyandu_key(way)[0]).ratio() for way in ways)

    return sorted(known, key=lambda name: -likeness(name))[:limit]


def _posyandu_key(name: str) -> tuple[str, tuple[int, ...]]:
    letters, numbers = [], []
    for token in tokens_of(_POSYANDU.sub(" ", normalize(name))):
        if token.kind == "num":
            numbers.append(token.value)
        elif token.text in _ROMAN:
            numbers.append(_ROMAN[token.text])
        elif token.text.isalpha() and token.text not in {"no", "nomor"}:
            letters.append(token.text)
    return "".join(letters), tuple(numbers)


def _read_posyandu(page: _Page, facts: ChildFacts, known: Sequence[str], asked: str | None) -> ChildFacts:
    none = _NO_POSYANDU.search(page.plain)
    if none or (asked == POSYANDU and is_unknown(page.text)):
        page.blot(*(none.span() if none else (0, len(page.text))))
        return replace(facts, posyandu_unknown=True)
    for cue in _POSYANDU.finditer(page.plain):
        found = _posyandu_after(page, cue.end(), known)
        if found and not (found[1] and looks_like_question(page.text)):
            name, said, end = found
            page.blot(cue.start(), end)
            return replace(facts, posyandu=name, posyandu_said=said)
    anywhere = _known_anywhere(page, known) if asked == POSYANDU else None
    if anywhere:
        page.blot(anywhere[1], anywhere[2])
        return replace(facts, posyandu=anywhere[0])
    return facts


def _posyandu_after(page: _Page, start: int, known: Sequence[str]) -> tuple[str | None, str | None, int] | None:
    """(known name, name said, end) of the posyandu named at `start`, None when no name follows."""
    head = _POSYANDU_HEAD.match(page.plain[start:])
    start += head.end() if head else 0
    parts = _parts(page, start)
    for count in range(min(5, len(parts)), 0, -1):
        name = match_posyandu(page.text[parts[0].start() : parts[count - 1].end()], known)
        if name:
            return name, None, parts[count - 1].end()
    said = _leading_name(parts)
    if not said:
        return None
    end = said[-1].end()
    text = page.text[said[0].start() : end]
    return (None, _cased(text), end) if any(c.isalpha() for c in text) else None


#: Everyday words that posyandu are called by.
_POSYANDU_WORDS = {
    "ibu", "bunda", "sehat", "sayang", "kasih", "desa", "dusun", "rw", "rt", "kampung", "mama", "anak", "balita",
}  # fmt: skip


def _parts(page: _Page, start: int) -> list[re.Match[str]]:
    """The words from `start` on, up to a comma, a line break or something already read."""
    stop = re.search(r"[|,;\n!?()]|\.(?:\s|$)", page.text[start:])
    end = start + stop.start() if stop else len(page.text)
    return list(_NAME_PART.finditer(page.text, start, end))


def _leading_name(parts: Sequence[re.Match[str]]) -> list[re.Match[str]]:
    taken: list[re.Match[str]] = []
    for part in parts[:4]:
        word = lower(part.group())
        if is_everyday(word) and word not in _POSYANDU_WORDS:
            break
        taken.append(part)
    return taken


def _known_anywhere(page: _Page, known: Sequence[str]) -> tuple[str, int, int] | None:
    """A known name in the answer to "posyandu apa?", however it is wrapped; longer stretches first."""
    parts = list(_NAME_PART.finditer(page.text))[:12]
    long = len(parts) > 6 or looks_like_question(page.text)
    for count in range(min(5, len(parts)), 0, -1):
        for i in range(len(parts) - count + 1):
            start, end = parts[i].start(), parts[i + count - 1].end()
            name = match_posyandu(page.text[start:end], known)
            if i + count < len(parts) and _posyandu_key(parts[i + count].group())[1]:
                continue  # "Melati 2" is not Melati
            if name and (not long or _posyandu_key(name) == _posyandu_key(page.text[start:end])):
                return name, start, end
    return None


def _read_bare_posyandu(page: _Page, facts: ChildFacts, known: Sequence[str]) -> ChildFacts:
    """A known name alone between other facts ("Ani, p, 3/5/26, melati"), once the child has a name: Melati is one."""
    if not facts.name or facts.posyandu or facts.posyandu_said or facts.posyandu_unknown:
        return facts
    for start, end in _segments(page.text):
        said = page.text[start:end].strip()
        name = match_posyandu(said.removeprefix("di "), known) if said else None
        if name and _posyandu_key(name) == _posyandu_key(said.removeprefix("di ")):
            return replace(facts, posyandu=name)
    return facts


def _whole_posyandu(page: _Page, facts: ChildFacts) -> ChildFacts:
    """An unknown name as the whole answer: "Anggrek Putih", "di Kenanga bu"."""
    if looks_like_question(page.text) or page.plain != page.plain.replace(_HOLE, ""):
        return facts
    head = _POSYANDU_HEAD.match(page.plain)
    parts = [p for p in _NAME_PART.finditer(page.text, head.end() if head else 0)]
    while parts and lower(parts[-1].group()) in FILLERS - _POSYANDU_WORDS:
        parts.pop()
    words = [lower(p.group()) for p in parts]
    plain_words = [w for w in words if is_everyday(w) and w not in _POSYANDU_WORDS]
    letters = any(len(w) > 1 and w.isalpha() for w in words)
    if not letters or len(words) > 4 or plain_words or all(w in FILLERS for w in words):
        return facts
    start, end = parts[0].start(), parts[-1].end()
    said = _cased(page.text[start:end])
    page.blot(start, end)
    return replace(facts, posyandu_said=said)


# --------------------------------------------------------------------------------------------------------- the sex

_STRONG_SEX = "|".join(
    sorted((re.escape(w) for w in (FEMALE_WORDS | MALE_WORDS) - WEAK_SEX_WORDS), key=len, reverse=True)
)
_STRONG = re.compile(rf"(?<!bukan )(?<!bkn )(?<![^\W_])(?:laki ?[-–/]? ?laki|(?:{_STRONG_SEX}))(?![^\W_])")
_LABELLED_SEX = re.compile(r"(?<![^\W_])(?:jk|kelamin|kelaminnya|sex|gender|[|]+) ?[:=-] ?([a-z-]+2?)(?![^\W_])")
_OWN_SEX = re.compile(
    r"\b(?:anak|ank|bayi) (putri|putra|puteri|putera|p|l)"
    r"(?= (?:saya|sy|kami|aku|pertama|kedua|ketiga|keempat|bernama|nama|namanya|nm|lahir)\b|,)"
)
_BOTH = re.compile(r"(?<![^\W_])[lp] ?/ ?[lp](?![^\W_])")


def _read_strong_sex(page: _Page, facts: ChildFacts) -> ChildFacts:
    """Words that are nothing but a sex, and letters after "JK:"."""
    for both in list(_BOTH.finditer(page.plain)):
        page.blot(*both.span())
    found: set[Sex | None] = set()
    for pattern in (_LABELLED_SEX, _OWN_SEX, _STRONG):
        for match in list(pattern.finditer(page.plain)):
            sex = read_sex(match.group(match.lastindex or 0))
            if sex:
                found.add(sex)
                page.blot(*match.span(match.lastindex or 0))
    return replace(facts, sex=found.pop() if len(found) == 1 else None)


def _read_weak_sex(page: _Page, facts: ChildFacts) -> ChildFacts:
    """Putri, putra, P, L and their kin, where they stand alone between commas or facts: they are names as well."""
    if facts.sex:
        return facts
    found: set[Sex | None] = set()
    for segment in re.split(r"[|,;\n!?().:/]+", page.plain):
        words = [w for w in re.findall(r"[^\W_]+", segment) if w not in FILLERS or w in WEAK_SEX_WORDS]
        words = [w for w in words if w not in {"anak", "bayi", "jk", "kelamin", "lahir", "anaknya", "nya"}]
        if words and all(w in WEAK_SEX_WORDS for w in words):
            found.add(read_sex(" ".join(words)))
    return replace(facts, sex=found.pop() if len(found) == 1 else None)


# -------------------------------------------------------------------------------------------------------- the date

_BORN_WORD = re.compile(r"(?<!belum )(?<!blm )\b(?:lahir\w*|lhr|lhir|brojol|kelahiran|melahirkan|dilahirkan|ttl)\b")
_DATE_LEAD = re.compile(
    r"(?:\b(?:lahir(?:nya)?|lhr|tgl|tanggal|ttl|pada|hari|umur(?:nya)?|umr|usia(?:nya)?)\b[ :.,]*)+$"
)
_BIRTHPLACE = re.compile(
    r"\b(?:ttl|tempat[ ,/]*(?:dan )?(?:tanggal|tgl) lahir) ?[:=]? ?[^\W\d_][^,|\d]{0,30}(?:, ?|(?=[|\d]))"
    r"|\b(?:lahir|lhr)(?:nya)? (di (?!posy)[^\W\d_]+(?: [^\W\d_]+)?)(?=[ ,|]|$)"
)


def _read_birth_date(page: _Page, facts: ChildFacts, today: date, asked: str | None, *, elsewhere: bool) -> ChildFacts:
    place = _BIRTHPLACE.search(page.plain)
    born = bool(_BORN_WORD.search(page.plain))
    reading = read_date(page.plain, today, prefer="past")
    if place and asked != BIRTH_DATE:
        _blot_place(page, place, reading)
    if reading.problem == "none":
        return facts
    if not _means_birth(page, reading, asked, born=born, elsewhere=elsewhere):
        _blot_count(page, reading)
        return facts
    lead = _DATE_LEAD.search(page.plain[: reading.start])
    page.blot(lead.start() if lead else reading.start, reading.end)
    return replace(facts, birth_date=reading, dated=born)


def _means_birth(page: _Page, reading: DateReading, asked: str | None, *, born: bool, elsewhere: bool) -> bool:
    """Whether a date is the day of birth.

    "kemarin" and a bare month count only as an answer or beside a word of birth: Juni and Ramadhan are people,
    and much else was yesterday.
    """
    full = reading.problem == "impossible" or (reading.absolute and reading.precision == "day")
    if born:
        return True
    if asked == BIRTH_DATE:
        rest = [w for w in words_of(page.text[: reading.start] + " " + page.text[reading.end :]) if w not in FILLERS]
        return len(rest) <= (6 if full and not elsewhere else 2)
    return full and not elsewhere


def _blot_count(page: _Page, reading: DateReading) -> None:
    """An age ("umur 5 bulan") is not read here, but neither is it part of a name."""
    if any(token.kind in {"num", "unit"} for token in tokens_of(reading.matched)):
        lead = _DATE_LEAD.search(page.plain[: reading.start])
        page.blot(lead.start() if lead else reading.start, reading.end)


def _blot_place(page: _Page, place: re.Match[str], reading: DateReading) -> None:
    """Takes a place of birth out, so that "lahir di Kupang" gives no child called Kupang."""
    start, end = place.span(place.lastindex or 0)
    if reading.matched and start < reading.end and reading.start < end:
        end = min(end, reading.start)
    if start < end:
        page.blot(start, end)


# -------------------------------------------------------------------------------------------------------- the name

_OWN_NAME = re.compile(
    r"\b(?:nama|nm) (?:saya|sy|aku|ku|ibu|ibunya|ayah|ayahnya|bapak|bapaknya|suami|istri|mama|orang ?tua|ortu|kk)\b"
    r"[ :=]*(?!nya\b)"
)
_MARKED = re.compile(
    r"(?<![^\W_])(?:(?:atas |diberi |dikasih |kasih )?nama(?:nya|ny)?|nm(?:nya)?|nma|bernama|a\.n\.?"
    r"|panggilan(?:nya)?)(?![^\W_])"
)
_HINTED = re.compile(
    r"(?<![^\W_])(?:anak(?:ku|nya)?|ank|bayi(?:ku|nya)?|baby|de(?:de|dek)|adek|adik|si"
    r"|(?:men|di)?daftar(?:kan|in|kn)?|dftr(?:kan|in)?|dftrkan|dftarkan"
    r"|tambah(?:kan)?|catat(?:kan)?|masukin|masukkan|registrasi|panggil|dipanggil)(?![^\W_])"
)
_AFTER_CUE = {
    "saya", "sy", "aku", "kami", "kita", "ku", "nya", "adalah", "ialah", "yaitu", "anak", "ank", "bayi", "lengkap",
    "lengkapnya", "pertama", "kedua", "ketiga", "keempat", "bungsu", "sulung", "si", "yang", "yg", "bernama", "nama",
    "namanya", "nm", "baru", "itu", "ini", "dengan", "dgn", "kecil", "atas", "data", "balita", "dede", "dedek", "adek",
    "aja", "saja",
}  # fmt: skip
_CUE_REST = re.compile(r"[\s:=|-]+|[^\W\d_]+")
_NAME_TOKEN = re.compile(r"[^\W\d_](?:[^\W\d_]|['.-](?=[^\W\d_]))*\.?|\d+|[^\w\s]|\n")
#: Fillers that also open a name: Ni Luh, Mas Agung.
_NAME_OPENERS = {"ni", "mas", "ko"}
_BABY_OF = re.compile(r"^(?:bayi|by)\.? ?(?:ny|nyonya|ibu|mama|tn)\b\.? ?", re.IGNORECASE)


@dataclass(frozen=True)
class _Run:
    """A stretch of words that may be a name, and what stopped it."""

    words: tuple[str, ...]
    start: int
    end: int
    several: bool = False
    sex: Sex | None = None


def _read_name(page: _Page, facts: ChildFacts, asked: str | None, *, elsewhere: bool, question: bool) -> ChildFacts:
    if question:
        return facts
    baby = _baby_of_mother(page) if asked == NAME else None
    if baby:
        return _with_name(page, facts, baby, named=True)
    own = _OWN_NAME.search(page.plain)
    if own:
        run = _run(page, own.end(), STOPS)
        page.blot(own.start(), run.end if run else own.end())
    for cues, stops, named in ((_MARKED, STOPS, True), (_HINTED, LEXICON, False)):
        if elsewhere and not named:
            return facts
        for cue in list(cues.finditer(page.plain)):
            run = _run(page, _past_cue(page, cue.end()), stops)
            if run and _is_name(run, everyday=named):
                return _with_name(page, facts, run, named=named)
    run = _bare(page, facts, asked)
    return _with_name(page, facts, run, named=False) if run else facts


def _with_name(page: _Page, facts: ChildFacts, run: _Run, *, named: bool) -> ChildFacts:
    page.blot(run.start, run.end)
    name = _cased(" ".join(run.words))
    return replace(facts, name=name, named=named, several=run.several, sex=facts.sex or run.sex)


def _baby_of_mother(page: _Page) -> _Run | None:
    """How a child without a name is written down: "Bayi Ny. Siti"."""
    head = _BABY_OF.match(page.text)
    run = _run(page, head.end(), STOPS) if head else None
    if head is None or run is None or not _is_name(run, everyday=False):
        return None
    return _Run(("Bayi", "Ny.", *run.words), 0, run.end)


def _past_cue(page: _Page, at: int) -> int:
    """The position where the name itself starts: "anak kedua saya, namanya: Ani"."""
    while match := _CUE_REST.match(page.text, at):
        word = lower(match.group())
        if word[0].isalpha() and word not in _AFTER_CUE:
            break
        at = match.end()
    return at


def _run(page: _Page, start: int, stops: frozenset[str]) -> _Run | None:
    """The words of a name from `start` on, up to a stop word, a comma or something already read."""
    taken: list[re.Match[str]] = []
    ended = ""
    for token in _NAME_TOKEN.finditer(page.text, start):
        word = lower(token.group())
        ended = word
        if not word[0].isalpha() or len(taken) == _MAX_NAME_WORDS:
            break
        if _ends_name(word, stops, first=not taken):
            break
        taken.append(token)
        ended = ""
        if word.endswith(".") and len(word) > 3:
            break
    if not taken:
        return None
    return _without_letter(taken, several=ended in {"dan", "&", "sama", "dg"})


def _ends_name(word: str, stops: frozenset[str], *, first: bool) -> bool:
    bare = word.rstrip(".")
    if first and bare in _NAME_OPENERS:
        return False
    if stops is LEXICON:
        return is_everyday(bare) or bool(word.endswith(".") and bare in STOPS)
    return bare in stops or (first and bare in {"belum", "kosong"})


def _without_letter(taken: Sequence[re.Match[str]], *, several: bool) -> _Run:
    """A last lone P or L is the sex ("siti p"); with a dot it is an initial ("Yohanes L.")."""
    words = [t.group() for t in taken]
    sex = None
    if len(words) > 1 and words[-1] in {"p", "l", "P", "L"}:
        sex = read_sex(words.pop())
    words[-1] = words[-1].rstrip(".") if len(words[-1]) > 3 else words[-1]
    return _Run(tuple(words), taken[0].start(), taken[-1].end(), several, sex)


def _is_name(run: _Run, *, everyday: bool) -> bool:
    """Whether the words may be a name; `everyday`: after "namanya" also an everyday word ("Senang") is one."""
    text = " ".join(run.words)
    letters = [c for c in text if c.isalpha()]
    if len(letters) < 2 or len(text) > MAX_NAME or not all(_is_latin(c) for c in letters):
        return False
    lone = len(run.words) == 1 and lower(run.words[0]).rstrip(".") in STOPS
    rest = [word for word in (lower(w).rstrip(".") for w in run.words) if word not in _NAME_OPENERS]
    return not lone and bool(rest) and (everyday or not any(is_everyday(word) for word in rest))


def _is_latin(letter: str) -> bool:
    return letter.isascii() or unicodedata.name(letter, "").startswith("LATIN")


def _bare(page: _Page, facts: ChildFacts, asked: str | None) -> _Run | None:
    """A name that nothing marks: the answer to "siapa namanya?", or what is left beside other facts."""
    if asked != NAME and not (facts.sex or facts.birth_date.matched or facts.posyandu or facts.posyandu_said):
        return None
    if asked in {POSYANDU, BIRTH_DATE}:
        return None
    for start, end in _segments(page.text):
        run = _whole(page, start, end)
        if run:
            return run
    return None


def _segments(text: str) -> Iterator[tuple[int, int]]:
    """The stretches between commas, facts and full stops; the dot of an initial ends nothing."""
    for match in re.finditer(r"[^|,;\n!?():/]+", text):
        start = match.start()
        for stop in re.finditer(r"(?<=[^\W\d_]{3})\.(?: |$)", match.group()):
            yield start, match.start() + stop.start()
            start = match.start() + stop.end()
        yield start, match.end()


def _whole(page: _Page, start: int, end: int) -> _Run | None:
    """A segment that is a name from end to end, but for "bu", "ya" and the like around it."""
    tokens = [t for t in _NAME_TOKEN.finditer(page.text, start, end)]
    while tokens and _is_padding(tokens[0]) and lower(tokens[0].group()) not in _NAME_OPENERS:
        tokens.pop(0)
    while tokens and _is_padding(tokens[-1]):
        tokens.pop()
    words = [lower(t.group()).rstrip(".") for t in tokens]
    if not tokens or len(tokens) > _MAX_NAME_WORDS:
        return None
    if "dan" in words[1:-1]:
        return _whole_first(page, tokens, words.index("dan", 1))
    if any(not w or not w[0].isalpha() or (is_everyday(w) and w not in _NAME_OPENERS) for w in words):
        return None
    run = _without_letter(tokens, several=False)
    alone_sex = len(words) == 1 and words[0] in {"p", "l"}
    return run if _is_name(run, everyday=False) and not alone_sex else None


def _whole_first(page: _Page, tokens: Sequence[re.Match[str]], at: int) -> _Run | None:
    first = _whole(page, tokens[0].start(), tokens[at - 1].end())
    return replace(first, several=True) if first else None


def _is_padding(token: re.Match[str]) -> bool:
    word = lower(token.group()).rstrip(".")
    return not word or word in FILLERS or not (word[0].isalpha() or word[0].isdigit())


def _cased(name: str) -> str:
    """As people write it; a name all in small or all in capital letters gets capitals at the start of each word."""
    name = " ".join(name.split())
    letters = [c for c in name if c.isalpha()]
    if len(letters) < 2 or not (all(c.islower() for c in letters) or all(c.isupper() for c in letters)):
        return name
    return re.sub(r"[^\W_]+(?:'[^\W_]+)*", lambda w: _title(w.group()), name)


def _title(word: str) -> str:
    """Maria, Nur'aini, and the numbers of places as they are (II)."""
    if word in {"II", "III", "IV", "VI", "VII", "VIII", "IX"}:
        return word
    if lower(word) in {"rw", "rt"}:
        return word.upper()
    return word[0].upper() + lower(word[1:])


# ------------------------------------------------------------------------------------------------------ corrections

_WRONG = (
    r"salah (?:ketik|tulis|tik|pencet)|salah|slh|salahnya|keliru|ganti|diganti|gantikan|ubah|diubah|rubah|dirubah"
    r"|ralat|koreksi|dikoreksi|betulkan|betulin|benerin|perbaiki|perbaikan|diperbaiki|edit|typo"
    r"|seharusnya|harusnya|hrsnya|mestinya|(?:yang|yg) (?:benar|bener|betul)(?:nya)?"
    r"|maksud(?: saya| sy|nya|ku)?|mksd(?: sy| saya)?"
    r"|(?:kurang|tidak|tdk|gak|ga|belum|blm) (?:tepat|pas|benar|bener|betul|sesuai)"
)
_MARK = re.compile(rf"^(?:eh+|oh|lho)\b|\b(?:{_WRONG}|bukan|bkn)\b")
_WISH = re.compile(rf"\b(?:{_WRONG})\b")
_DROP = re.compile(
    rf"^(?:eh+|oh|lho)\b[ ,]*|\b(?:{_WRONG})\b|\b(?:jadi|menjadi|ke|dengan)\b(?= )"
    r"|^(?:bukan|bkn|tidak|tdk|gak|ga|nggak)\b *[,.]|\b(?:tapi|tp|tetapi)\b"
)
_DENIED = re.compile(
    r"\b(?:bukan|bkn) (?!begitu|itu\b|gitu)(.+?)"
    r"(?=,|\.|;| tapi | tp | tetapi | melainkan | yang benar | yg benar | harusnya | seharusnya |$)"
)
_FIELD_WORDS = {
    NAME: re.compile(r"\b(?:nama|namanya|nm|nama anak|nma)\b"),
    SEX: re.compile(r"\b(?:kelamin|kelaminnya|jk|gender)\b"),
    BIRTH_DATE: re.compile(r"\b(?:tanggal|tanggalnya|tgl|tglnya|tggl|lahir|lahirnya|lhr|tahunnya|bulannya|harinya)\b"),
    POSYANDU: _POSYANDU,
}
_APPROVED = re.compile(r"[^,.;]*\b(?:sudah|sdh|udah|udh) (?:benar|betul|bener|bnr|pas|sesuai)\b")
_FIELD_PADDING = FILLERS | {
    "anak", "anaknya", "bayi", "lahir", "jenis", "dan", "sama", "mau", "yang", "yg", "bagian", "minta", "di",
    "tahun", "bulan",
}  # fmt: skip


def read_correction(
    text: str, today: date, *, known_posyandu: Sequence[str] = (), asked: str | None = None
) -> Correction:
    """What a message wants to be otherwise: "bukan, namanya Ana", "salah, lahirnya 4 mei", "ubah tanggal", "nama".

    Without a word of correction only a message that is nothing but names of fields counts ("nama dan tanggal").
    """
    plain = normalize(text)
    if looks_like_question(text):
        return Correction()
    marked = bool(_MARK.search(plain))
    if not marked:
        return Correction(fields=_fields_alone(plain))
    rest = _kept(tidy(text))
    facts = read_child_facts(rest, today, known_posyandu=known_posyandu, asked=asked)
    if not facts.name and not facts.anything and not facts.birth_date.matched:
        facts = _unmarked_name(rest, facts)
    facts = replace(facts, term=bool(_TERM.search(plain)) and not facts.preterm)
    said = {NAME: facts.name, SEX: facts.sex, BIRTH_DATE: facts.birth_date.matched, POSYANDU: _some_posyandu(facts)}
    doubted = _APPROVED.sub(" ", plain)
    fields = tuple(f for f, word in _FIELD_WORDS.items() if word.search(doubted) and not said[f])
    return Correction(True, bool(_WISH.search(plain)), fields, facts)


def _some_posyandu(facts: ChildFacts) -> bool:
    return bool(facts.posyandu or facts.posyandu_said or facts.posyandu_unknown)


def _kept(text: str) -> str:
    """The message without what it denies ("bukan Ani") and without the words of correction."""
    small = lower(text)
    for pattern in (_DENIED, _DROP):
        for match in list(pattern.finditer(small.replace("\n", " "))):
            text = text[: match.start()] + " " * (match.end() - match.start()) + text[match.end() :]
        small = lower(text)
    return text


def _unmarked_name(rest: str, facts: ChildFacts) -> ChildFacts:
    """What is left of "salah, Ana" is short and no everyday word."""
    page = _Page(tidy(rest))
    run = _bare(page, facts, NAME)
    return _with_name(page, facts, run, named=False) if run and len(run.words) <= 5 else facts


def _fields_alone(plain: str) -> tuple[str, ...]:
    rest, found = plain, []
    for name, word in _FIELD_WORDS.items():
        if word.search(rest):
            found.append(name)
            rest = word.sub(" ", rest)
    only = all(w in _FIELD_PADDING for w in re.findall(r"[^\W_]+", rest))
    return tuple(found) if found and only else ()
