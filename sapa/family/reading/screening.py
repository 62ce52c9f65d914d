"""Reading the answers of a couple about to marry: whose they are, what they say, which figure cannot be right.

A message is cut into zones, each opened by a word ("bb", "hb", "calon suami", "nikah") and read by that word's rule;
words of persons stay in force for the zones behind them. So any number of facts may come in any order. Nothing is
guessed: a figure outside what is possible becomes a `Doubt` with the likely slip, a rough wedding day stays "vague".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sapa.family.people import Sex
from sapa.family.reading.dates import NO_DATE, DateReading, read_date
from sapa.family.reading.numbers import tokens_of
from sapa.family.reading.words import is_unknown, looks_like_question, normalize
from sapa.family.screening import plausible

#: Whose it is and which item.
Key = tuple[str, str]
#: Whose an answer is: the writer's, the other one's, or hers and his by name.
ME, OTHER, HER, HIM = "me", "other", Sex.FEMALE.value, Sex.MALE.value
#: What a dialogue may ask. Of several items the bare figures come in this order.
ASKED: Mapping[str, tuple[Key, ...]] = {
    "role": (),
    "wedding": (),
    "me": ((ME, "age_years"), (ME, "weight_kg"), (ME, "height_cm")),
    "check": ((HER, "lila_cm"), (HER, "hb_g_dl")),
    "smoke": ((ME, "smokes"), (OTHER, "smokes"), (HER, "smoke_at_home")),
    "td": ((HER, "td_status"),),
    "partner": ((OTHER, "age_years"), (OTHER, "weight_kg"), (OTHER, "height_cm")),
}
_HERS_ALONE = frozenset({"lila_cm", "hb_g_dl", "hb_on", "td_status", "td_last_on"})

#: A partner's code is wanted; results may be shared or not; the card is wanted.
ASKS_TO_LINK = re.compile(
    r"(?:kode )?(?:hubungkan|hubungkn|sambungkan)(?: (?:dengan |ke )?(?:pasangan|calon \w+)(?: saya)?)?"
)
ASKS_TO_SHARE = re.compile(
    r"(?P<no>(?:jangan|stop|batal|tidak) )?(?:di)?bagikan(?: hasil\w*)?(?: (?:ke |dengan )?pasangan)?"
)
ASKS_FOR_CARD = re.compile(
    r"(?:minta |lihat |kirim |tolong kirim )?(?:kartu|hasil|rencana)(?: (?:skrining|catin|calon pengantin|nikah))+"
    r"(?: (?:saya|lagi|dong|ya))?|(?:kartu|hasil) catin"
)


@dataclass(frozen=True)
class Doubt:
    """A figure that cannot be what it is said to be. suggestion: what was likely meant, None if nobody can say."""

    owner: str
    item: str
    said: float
    suggestion: float | None = None


@dataclass(frozen=True)
class ScreeningReading:
    """What one message says.

    answers: (whose, item) -> value, None for "belum tahu". role: the writer's own sex, where it is said. wedding: the
    day said for it; wedding_unknown: said to be open. doubts: figures to ask about. named: items called by their name,
    with or without an answer ("ubah hb"). rest_unknown: "yang lain belum tahu". married: the wedding is over.
    called_off: there will be none. said_of: whose an item that is asked of her alone was said to be ("hb dia 14"), as
    "me" or "other": only who knows the writer can tell whether that is she.
    """

    answers: Mapping[Key, Any] = field(default_factory=dict)
    role: Sex | None = None
    wedding: DateReading = NO_DATE
    wedding_unknown: bool = False
    doubts: tuple[Doubt, ...] = ()
    named: tuple[str, ...] = ()
    rest_unknown: bool = False
    married: bool = False
    called_off: bool = False
    said_of: Mapping[str, str] = field(default_factory=dict)

    @property
    def anything(self) -> bool:
        """Whether the message said something a dialogue about the screening can use."""
        wedding = self.wedding.problem != "none" or self.wedding_unknown or self.married or self.called_off
        return bool(self.answers or self.doubts or self.role or wedding or self.rest_unknown)


# ------------------------------------------------------------------------------------------------------------ zones

_NOT = (
    r"(?:tidak|tdk|tak|ndak|ndk|gak|gk|ga|g|nggak|ngga|nggk|enggak|engga|kagak|bukan|bkn|belum|blm|blom|belom"
    r"|bebas|tanpa|stop|berhenti|brenti|brhenti|sonde|ora|tra)"
)
_MY = r"(?: ?(?:saya|sy|aku|ak|ku|nya))?"
_WOMAN = r"(?:istri|isteri|bini|perempuan|prempuan|wanita|cewek|cewe)"
_MAN = r"(?:suami|swami|laki-laki|laki2|laki laki|laki|lelaki|pria|cowok|cowo)"
_ME_WORD = r"(?:saya|sya|sy|aku|ak|gue|gw)"
_I_AM = (
    rf"(?:{_ME_WORD}|catin) (?:ini |adalah |sebagai |sbg |dari pihak |yang |yg )?(?:calon )?(?:pengantin |mempelai )?"
)
_THE = r"(?:(?:calon|cln) ?(?:pengantin |mempelai )?|mempelai )?"
_RELATIVE = (
    r"(?:bapak|bpk|ayah|abang|kakak|kk|adik|adek|paman|om|kakek|mertua|saudara|ortu|orang tua|keluarga)(?:ku|nya)?"
    rf"(?: {_ME_WORD})?"
)
_SMOKING = r"(?:perokok(?: aktif| berat)?|asap rokok|merokok\w*|(?:me|nge|ng)?rokok|vape|ngevape|sebat)"
_SOME = r"(?:ada yang|ada yg|ada orang|ada|orang|yang|yg|pernah|lagi|sama sekali|juga|masih|suka|sering)"
_HOME = r"(?:di |d )?(?:rumah|rmh|serumah)(?:nya|ku)?"
_CUES: Mapping[str, str] = {
    # A couple's own words first: "saya calon suami" is the writer, "calon suami saya" is not.
    "i_am_man": rf"{_I_AM}{_MAN}(?:nya)?",
    "i_am_woman": rf"{_I_AM}{_WOMAN}(?:nya)?",
    "woman": rf"{_THE}{_WOMAN}{_MY}",
    "man": rf"{_THE}{_MAN}{_MY}",
    "both": r"(?:kami|kita) (?:berdua|ber2|dua)|berdua|ber2|dua-duanya|dua2nya|duanya|keduanya|kami|kita",
    "other": r"(?:pasangan|tunangan|pacar|doi|dia|dianya|calonnya|calonku|calon (?:saya|sy|aku)"
    rf"|calon(?! (?:pengantin|penganten|manten)))(?:ku|nya)?{_MY}",
    "home": rf"{_NOT} (?:{_SOME} )*{_SMOKING} {_HOME}(?! (?:{_NOT} )?(?:{_SOME} )*{_SMOKING})|{_HOME}"
    rf"|{_RELATIVE}(?= (?:{_SOME} )*{_SMOKING})",
    "smoke": rf"(?:(?P<no>{_NOT})(?: {_SOME})* )?{_SMOKING}(?: (?P<noafter>{_NOT}))?",
    "no_one": r"(?:tidak|tdk|tak|ndak|gak|gk|ga|nggak|ngga|enggak) ada(?: (?:yang|yg|semua|semuanya|satupun))?"
    r"(?! (?:kartu|data|catatan))",
    "wedding": r"(?:(?:tanggal|tgl|tglnya|tanggalnya|hari|rencana|rncana|rencananya|mau|akan) )*"
    r"(?:nikahan|pernikahan|menikah|nikah|akad|resepsi|ijab|kawinan|kawin|pemberkatan|merit|merrit|married|hari h"
    r"|hari-h)(?:nya|an)?(?: (?:jadi|pindah|mundur|diundur|maju|dimajukan|nikah|tgl|tanggal))*",
    "hb": r"(?:kadar )?(?:hb|hemoglobin|haemoglobin)(?:nya|ku)?",
    "lila": r"(?:lila|lingkar lengan(?: atas)?|lingkar lengen|ling lengan|lengan atas)(?:nya|ku)?",
    "weight": r"(?:bb|berat(?:nya)?(?: badan(?:nya)?)?|timbangan|timbang|bobot)(?:nya|ku)?",
    "height": r"(?:tb|tinggi(?:nya)?(?: badan(?:nya)?)?)(?:nya|ku)?",
    "birth": r"(?:lahir|lhr|kelahiran|ttl)(?:nya)?",
    "age": r"(?:umur|usia|umr)(?:nya|ku)?",
    "td": r"(?:status )?(?:suntik(?:an)? |vaksin |imunisasi )?(?:td|tt)(?=\d|\b)(?:nya)?|status t(?=\d|\b)"
    r"|t ?[1-5](?![\d/]|[.,]\d|[^\W_])",
    "vaccine": r"(?:suntik(?:an)?|vaksin(?:asi)?|imunisasi) (?:catin|tetanus|nikah|calon pengantin)|tetanus",
    "me": _ME_WORD,
}
_ZONES = re.compile("|".join(rf"(?<![^\W_])(?P<{name}>{pattern})" for name, pattern in _CUES.items()))
_PERSONS = {"i_am_man": ME, "i_am_woman": ME, "woman": HER, "man": HIM, "other": OTHER, "me": ME, "both": "both"}
_FIGURES = {
    "hb": "hb_g_dl",
    "lila": "lila_cm",
    "weight": "weight_kg",
    "height": "height_cm",
    "age": "age_years",
}
#: Cues whose figure may stand behind a person.
_WAITING = frozenset({*_FIGURES, "td", "birth"})
_ITEM_OF = {**_FIGURES, "td": "td_status", "vaccine": "td_status", "smoke": "smokes", "home": "smoke_at_home"}
_NUMBER = r"(?<![\d.,/-])(\d{1,3}(?:[.,]\d{1,2})?)(?![\d/-]|[.,]\d)"
_BARE = re.compile(_NUMBER)
_KG = re.compile(rf"{_NUMBER} ?(?:kg|kgs|kilo|kilogram)\b")
_CM = re.compile(rf"{_NUMBER} ?(?:cm|senti|sentimeter|centi)\b")
_METRES = re.compile(r"(?<![\d.,])([12]) ?(?:m|meter)\b ?(\d{2})?|(?<![\d.,])([12][.,]\d{1,2}) ?(?:m|meter)\b")
_YEARS = re.compile(rf"{_NUMBER} ?(?:tahun|thn|taun|tahunan|th|yo|y\.o)\b")
_UNKNOWN = re.compile(
    r"\b(?:(?:belum|blm|blom|belom|tidak|tdk|tak|ga|gak|gk|nggak|ngga|ndak|kurang|krg|lum) ?"
    r"(?:pernah |di|sempat )?(?:tahu|tau|taw|ukur|cek|periksa|tes|test|timbang|suntik|ingat|inget|hafal|ada|pasti"
    r"|yakin|tentu|tentukan|ditentukan|pernah|jelas|sempat|dikasih|diberi|punya|pegang|simpan|fix|kebayang)\w*"
    r"|lupa|hilang|entah|gatau|gtau|gtw|skip|lewati|lewat dulu|nanti dulu)\b"
)
_REST = re.compile(
    r"\b(?:yang lain|yg lain|lainnya|lainny|sisanya|selebihnya|yg lainnya|yang lainnya|semua|semuanya)\b"
)
_LINK = re.compile(r"^[\s,&+/]*(?:dan|sama|serta|dn|n|juga)?[\s,&+/]*$")
_T_NUMBER = re.compile(
    r"t[td]?\D{0,3}(?<!\d)([1-5])(?![\d/]|[.,]\d|[^\W_]| ?(?:kali|x)\b)"
    r"(?! (?:jan|feb|mar|apr|mei|jun|jul|ag|sep|okt|nov|des))"
)
_MARRIED = re.compile(
    r"\b(?:sudah|sdh|udah|udh|dah|telah) (?:lama )?(?:nikah|menikah|kawin|resmi menikah|sah jadi suami istri)\b"
    r"|\bbaru (?:saja |aja )?(?:nikah|menikah)\b(?! nanti)"
)
_CALLED_OFF = re.compile(
    r"\b(?:(?:gak|ga|gk|tidak|tdk|nggak|ngga|batal|ndak)(?: ?jadi)? (?:nikah|menikah|kawin)"
    r"|(?:nikah|nikahnya|menikah|pernikahan|pernikahannya|akad|akadnya) (?:nya )?"
    r"(?:batal|dibatalkan|gak jadi|ga jadi|tidak jadi))\b"
)
_NOT_AFTER_MARRIED = re.compile(r"\b(?:kalau|kalo|nanti|setelah|sesudah|habis|sebelum|rencana)\b")


#: What tells bare figures apart: an arm is thicker than any Hb is high, and nothing but a height is that large.
_ARM, _TALL = 17, 120
_YOUNG, _LIGHT = 15, 35


@dataclass(frozen=True)
class _Zone:
    """A cue with the text behind it, up to the next cue."""

    cue: str
    cue_text: str
    text: str
    owner: str
    denied: bool = False
    named: bool = False  # somebody was named, so that the owner is no mere assumption


@dataclass
class _Found:
    """What has been read so far."""

    answers: dict[Key, Any] = field(default_factory=dict)
    doubts: list[Doubt] = field(default_factory=list)
    named: list[str] = field(default_factory=list)
    wedding: DateReading = NO_DATE
    wedding_unknown: bool = False
    people: set[str] = field(default_factory=set)
    role: Sex | None = None
    named_owner: str | None = None
    said_of: dict[str, str] = field(default_factory=dict)


def read_screening(
    text: str, today: date, *, asked: str | None = None, wanted: Sequence[Key] | None = None
) -> ScreeningReading:
    """All facts of the screening in one message. `asked`: a key of ASKED, whose answer needs no word to mark it.

    wanted: what is still open of it (all of it by default): bare figures and "belum tahu" are for these. Never raises
    on any text. A question without a figure says nothing.
    """
    plain = _in_figures(normalize(text))
    if looks_like_question(plain) and not re.search(r"\d", plain):
        return ScreeningReading()
    found = _Found()
    zones = list(_zones_of(plain, OTHER if asked == "partner" else ME))
    _read_zones(zones, found, today, smoke_asked=asked == "smoke")
    _read_unknowns(zones, found, plain)
    if asked is not None and asked in ASKED:
        _read_answer(plain, zones, found, today, asked, ASKED[asked] if wanted is None else tuple(wanted))
    elif found.wedding is NO_DATE and re.search(r"\b(?:catin|pengantin|penganten|elsimil)\b", plain):
        _wedding_in(zones[0].text, found, today)
    ahead = found.wedding.usable and found.wedding.value is not None and found.wedding.value > today
    married = bool(_MARRIED.search(plain)) and not _NOT_AFTER_MARRIED.search(plain) and not ahead
    return ScreeningReading(
        answers=found.answers,
        role=found.role or _role(found.people),
        wedding=found.wedding,
        wedding_unknown=found.wedding_unknown,
        doubts=tuple(found.doubts),
        named=tuple(dict.fromkeys(found.named)),
        rest_unknown=bool(_REST.search(plain) and _UNKNOWN.search(plain)),
        married=married,
        called_off=bool(_CALLED_OFF.search(plain)),
        said_of=found.said_of,
    )


def read_figure(text: str, item: str, owner: str) -> float | Doubt | None:
    """A bare figure for an item that was asked again: the value, a doubt, or None where there is no figure."""
    numbers = _BARE.findall(_in_figures(normalize(text)))
    return _judged(owner, item, _decimal(numbers[0])) if numbers else None


def _in_figures(plain: str) -> str:
    """Number words become figures: "dua puluh tiga tahun" is "23 tahun", "sebelas koma dua" is "11,2"."""
    out, last = [], 0
    for token in tokens_of(plain):
        if token.kind == "num" and not token.figures and token.text == "kata":
            out += [plain[last : token.start], str(token.value)]
            last = token.end
    figures = "".join([*out, plain[last:]])
    return re.sub(r"(\d) koma (\d)", r"\1,\2", figures)


def _decimal(figures: str) -> float:
    return float(figures.replace(",", "."))


def _zones_of(plain: str, owner: str) -> Iterator[_Zone]:
    """The text before the first cue, then each cue with what follows it; persons stay in force.

    "Hb saya 11,2": a cue with nothing but a person behind it waits for the figure behind the person.
    """
    cues = list(_ZONES.finditer(plain))
    yield _Zone("", "", plain[: cues[0].start()] if cues else plain, owner)
    waiting, somebody = "", False
    for at, cue in enumerate(cues):
        # The group that closed last is the cue's own: the denial inside it is closed before.
        name = cue.lastgroup or ""
        person = name in _PERSONS
        somebody = somebody or person
        owner = _PERSONS.get(name, owner)
        end = cues[at + 1].start() if at + 1 < len(cues) else len(plain)
        text = plain[cue.end() : end]
        denied = bool(cue.group("no") or cue.group("noafter"))
        if person and waiting:
            yield _Zone(name, cue.group(), "", owner)
            yield _Zone(waiting, waiting, text, owner, named=True)
        else:
            yield _Zone(name, cue.group(), text, owner, denied, somebody)
        waiting = name if name in _WAITING and not text.strip(" :=") else ""


# ------------------------------------------------------------------------------------------------- one rule per cue


def _read_zones(zones: Sequence[_Zone], found: _Found, today: date, *, smoke_asked: bool) -> None:
    for at, zone in enumerate(zones):
        _note_person(zone, found)
        told = smoke_asked or any(before.cue == "smoke" for before in zones[:at])
        if told and zone.cue in _PERSONS and re.fullmatch(rf"[\s,]*{_NOT}[\s,.]*", zone.text):
            # "saya merokok, calon istri tidak"
            found.answers[(zone.owner, "smokes")] = False
        if zone.cue in _ITEM_OF:
            found.named.append(_ITEM_OF[zone.cue])
        rest = zone.text
        if zone.cue == "wedding":
            found.named.append("wedding")
            _wedding_in(_to_the_date(zones, at), found, today)
        elif zone.cue == "birth":
            _birth(zone, found, today)
        elif zone.cue in {"td", "vaccine"}:
            _td(zone, found, today)
        elif zone.cue == "smoke":
            _smoke(zones, at, found)
        elif zone.cue == "home":
            _home(zones, at, found)
        else:
            _with_units(zone, found, today)
            continue
        if zone.cue != "wedding":
            _with_units(_Zone("", "", _without_dates(rest, today), zone.owner, named=zone.named), found, today)


def _past_date(text: str, today: date) -> DateReading:
    """The date of something that has happened. "Td" is the vaccine here, not short for "tadi"."""
    return read_date(re.sub(r"(?<![^\W_])td(?![^\W_])", "__", text), today, max_years=None)


def _note_person(zone: _Zone, found: _Found) -> None:
    if zone.cue == "i_am_man":
        found.role = Sex.MALE
    elif zone.cue == "i_am_woman":
        found.role = Sex.FEMALE
    elif zone.cue in {"woman", "man"}:
        found.people.add(zone.owner)


def _role(people: set[str]) -> Sex | None:
    """Who speaks of "calon suami" alone is the bride, and the other way round."""
    return {frozenset({HIM}): Sex.FEMALE, frozenset({HER}): Sex.MALE}.get(frozenset(people))


def _to_the_date(zones: Sequence[_Zone], at: int) -> str:
    """What follows "nikah"; a person in between ("nikah saya 14 maret") does not end it."""
    text = zones[at].text
    if not re.search(r"\d", text) and at + 1 < len(zones) and zones[at + 1].cue in {"me", "both"}:
        follows = zones[at + 1].text
        if read_date(follows, date(2000, 1, 1), prefer="future", max_years=None).usable:
            return follows
    return text


def _wedding_in(text: str, found: _Found, today: date) -> None:
    text = re.sub(r"\bke (?=\d)", "", text)  # "ke 5 mei" is no rank here
    reading = read_date(text, today, prefer="future", max_years=None)
    if reading.problem != "none":
        found.wedding = reading
    elif _UNKNOWN.search(text):
        found.wedding_unknown = True


def _birth(zone: _Zone, found: _Found, today: date) -> None:
    """A birth date or year becomes an age; a year alone leaves a year open, so the lower age is taken."""
    reading = _past_date(zone.text, today)
    born = reading.value
    if born is None or born.year < 1940:
        return
    if reading.precision == "year":
        born = date(born.year, 12, 31)
    years = today.year - born.year - ((today.month, today.day) < (born.month, born.day))
    _put(found, zone.owner, "age_years", years)


def _td(zone: _Zone, found: _Found, today: date) -> None:
    """A T number is taken as it stands on the card; how often somebody remembers an injection is no status."""
    said = zone.cue_text + zone.text
    number = _T_NUMBER.search(said)
    reading = _past_date(said[number.end() :] if number else zone.text, today)
    if number:
        found.answers[(HER, "td_status")] = f"T{number.group(1)}"
    elif re.search(r"\d ?(?:kali|x)\b|\blengkap\b", said):
        found.answers[(HER, "td_status")] = None
    if reading.usable and reading.value is not None:
        found.answers[(HER, "td_last_on")] = reading.value.isoformat()


def _smoke(zones: Sequence[_Zone], at: int, found: _Found) -> None:
    zone = zones[at]
    denied = zone.denied or bool(re.match(rf"^ ?(?:sudah |udah |sdh )?{_NOT}\b", zone.text))
    before = zones[at - 1].text if at else ""
    denied = denied or bool(re.search(r"\b(?:sudah|udah|sdh) (?:berhenti|stop)$|\bberhenti$", before.strip()))
    if at and zones[at - 1].cue == "home":
        return  # said of the home already
    if at + 1 < len(zones) and zones[at + 1].cue == "home" and not re.search(r"[,.;]", zone.text):
        follows = zones[at + 2].cue if at + 2 < len(zones) else ""
        if follows not in {"smoke", "no_one"} and not re.search(rf"\bada\b|{_NOT}(?![^\W_])", zones[at + 1].text):
            return  # "ada yang merokok di rumah": told by the home's rule
    if re.search(r"\b(?:ada yang|ada yg|ada orang)$", before.strip()) and zone.owner == ME and not denied:
        return  # "ada yang merokok" leaves open who
    if zone.cue_text.endswith("asap rokok"):
        found.answers[(HER if zone.owner == "both" else zone.owner, "smoke_at_home")] = not denied
        return
    nobody = denied and bool(re.search(r"\bada\b", zone.cue_text))
    if nobody:
        found.answers[(HER, "smoke_at_home")] = False
    for owner in (ME, OTHER) if nobody or zone.owner == "both" else (zone.owner,):
        found.answers[(owner, "smokes")] = not denied


_OF_SMOKE = re.compile(r"rokok|\bada\b|asap|tidak|tdk|gak|\bga\b|nggak|bebas|aman")


def _home(zones: Sequence[_Zone], at: int, found: _Found) -> None:
    """Smoke at home; hers, unless somebody says whose home it is."""
    zone = zones[at]
    before = zones[at - 1].cue_text + zones[at - 1].text if at and zones[at - 1].cue == "smoke" else ""
    after = zone.text + (
        zones[at + 1].cue_text if at + 1 < len(zones) and zones[at + 1].cue in {"smoke", "no_one"} else ""
    )
    # "Saya tidak merokok, di rumah ada": what is said of the home itself goes before what was said of a person.
    said = next((s for s in (zone.cue_text + after, before + zone.cue_text + after) if _OF_SMOKE.search(s)), None)
    if said is None:
        return
    denied = re.search(rf"(?<![^\W_]){_NOT}(?![^\W_])", said)
    found.answers[(HER, "smoke_at_home")] = not denied


def _with_units(zone: _Zone, found: _Found, today: date) -> None:
    """Figures with a unit first, then the one the cue is about, then what is left behind a person: an age."""
    text = zone.text
    found.named_owner = zone.owner if zone.named else None
    for pattern, take in _UNITS:
        text = pattern.sub(lambda m, take=take: take(m, zone, found), text)  # type: ignore[misc]
    numbers = [m.group(1) for m in _BARE.finditer(text)]
    if zone.cue in _FIGURES and numbers and not _said_already(zone, found, zone.text, text):
        _put(found, zone.owner, _FIGURES[zone.cue], _decimal(numbers[0]))
        if zone.cue == "hb":
            _hb_day(text, numbers[0], found, today)
        numbers = numbers[1:]
    if zone.cue in {"me", "other", "woman", "man", "i_am_man", "i_am_woman"} and len(numbers) == 1:
        bare = _decimal(numbers[0])
        if 12 <= bare <= 75 and re.match(rf"^[\s:,=]*(?:umur |usia )?{re.escape(numbers[0])}\b", text):
            _put(found, zone.owner, "age_years", bare)


def _said_already(zone: _Zone, found: _Found, before: str, after: str) -> bool:
    """Whether the cue's own figure came with its unit ("bb 45 kg 155 cm" leaves nothing to guess)."""
    return before != after and (zone.owner, _FIGURES[zone.cue]) in found.answers


def _hb_day(text: str, number: str, found: _Found, today: date) -> None:
    reading = _past_date(text.split(number, 1)[1], today)
    if reading.usable and reading.value is not None:
        found.answers[(HER, "hb_on")] = reading.value.isoformat()


def _kilos(m: re.Match[str], zone: _Zone, found: _Found) -> str:
    _put(found, zone.owner, "weight_kg", _decimal(m.group(1)))
    return " "


def _centimetres(m: re.Match[str], zone: _Zone, found: _Found) -> str:
    amount = _decimal(m.group(1))
    item = "lila_cm" if zone.cue == "lila" or (amount < 60 and zone.cue != "height") else "height_cm"
    _put(found, zone.owner, item, amount)
    return " "


def _metres(m: re.Match[str], zone: _Zone, found: _Found) -> str:
    centimetres = _decimal(m.group(3)) * 100 if m.group(3) else int(m.group(1)) * 100 + int(m.group(2) or 0)
    _put(found, zone.owner, "height_cm", round(centimetres, 1))
    return " "


def _years(m: re.Match[str], zone: _Zone, found: _Found) -> str:
    _put(found, zone.owner, "age_years", _decimal(m.group(1)))
    return " "


_UNITS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str], _Zone, _Found], str]], ...] = (
    (_METRES, _metres),
    (_KG, _kilos),
    (_CM, _centimetres),
    (_YEARS, _years),
)


def _without_dates(text: str, today: date) -> str:
    """The text with its date blotted out, so that "3 nov" is no figure."""
    reading = _past_date(text, today)
    if not re.search(r"[^\W\d_]", reading.matched):
        return text
    return text[: reading.start] + " " + text[reading.end :]


# -------------------------------------------------------------------------------------------------------- judgement


def _put(found: _Found, owner: str, item: str, value: float) -> None:
    """Keep a figure, or the doubt about it."""
    whose = owner
    if item in _HERS_ALONE:
        if found.named_owner == HIM:
            return  # nobody asks for his
        if found.named_owner in (ME, OTHER):
            found.said_of[item] = found.named_owner
        whose = HER
    for one in (ME, OTHER) if whose == "both" else (whose,):
        judged = _judged(one, item, value)
        if isinstance(judged, Doubt):
            found.doubts.append(judged)
        else:
            found.answers[(one, item)] = judged


def _judged(owner: str, item: str, value: float) -> float | Doubt:
    if item == "height_cm" and 1.2 <= value <= 2.1:
        value = round(value * 100, 1)  # metres: everybody means that
    if plausible(item, value):
        return int(value) if float(value).is_integer() else value
    # The comma in the wrong place is the usual slip; an age is not misplaced by ten.
    tries = () if item == "age_years" else (round(value / 10, 2), round(value * 10, 2))
    suggestion = next((one for one in tries if plausible(item, one)), None)
    if suggestion is not None and suggestion.is_integer():
        suggestion = int(suggestion)
    return Doubt(owner, item, int(value) if float(value).is_integer() else value, suggestion)


# --------------------------------------------------------------------------------------------------- "belum tahu"


def _read_unknowns(zones: Sequence[_Zone], found: _Found, plain: str) -> None:
    """Items that are said to be not known: "hb belum tahu", "lila dan hb belum cek", "belum tahu hb dan lila"."""
    unknown = [_is_unknown_zone(zone) for zone in zones]
    for at in range(len(zones) - 2, -1, -1):  # "hb dan lila belum tahu"
        if (
            zones[at].cue in _ITEM_OF
            and _LINK.match(zones[at].text)
            and unknown[at + 1]
            and zones[at + 1].cue in _ITEM_OF
        ):
            unknown[at] = True
    ahead = False  # "belum tahu hb dan lila"
    for at, zone in enumerate(zones):
        bare = zone.cue in _ITEM_OF and not re.search(r"\d", zone.cue_text + zone.text)
        if ahead and bare and not unknown[at]:
            unknown[at] = True
        ends_unknown = bool(_ends_unknown(zone.text)) and (
            zone.cue not in _ITEM_OF or bool(re.search(r"[,;]|\d", zone.text))
        )
        ahead = ends_unknown or (ahead and bare and bool(_LINK.match(zone.text)))
        if ends_unknown and zone.cue in _ITEM_OF and (_owner_of(zone), _ITEM_OF[zone.cue]) in found.answers:
            unknown[at] = False
    for at, zone in enumerate(zones):
        key = (_owner_of(zone), _ITEM_OF.get(zone.cue, ""))
        if unknown[at] and key[1] and key[1] not in {"smokes", "smoke_at_home"} and found.answers.get(key) is None:
            found.answers[key] = None
        elif unknown[at] and zone.cue == "wedding" and found.wedding is NO_DATE:
            found.wedding_unknown = True


def _owner_of(zone: _Zone) -> str:
    item = _ITEM_OF.get(zone.cue, "")
    return HER if item in _HERS_ALONE or item == "smoke_at_home" else ME if zone.owner == "both" else zone.owner


def _is_unknown_zone(zone: _Zone) -> bool:
    if zone.cue in _FIGURES and re.fullmatch(r"[\s:=]*(?:masih )?(?:belum|blm|blom|belom)[\s,.;]*", zone.text):
        return True
    return bool(_UNKNOWN.search(zone.text)) and not re.search(r"\d", zone.cue_text + zone.text)


def _ends_unknown(text: str) -> re.Match[str] | None:
    return re.search(rf"(?:{_UNKNOWN.pattern})(?: (?:berapa|nilai|hasil|soal|tentang|kadar|status))*[\s,]*$", text)


# ------------------------------------------------------------------------------------------------ answers to a question


def _read_answer(
    plain: str, zones: Sequence[_Zone], found: _Found, today: date, asked: str, wanted: tuple[Key, ...]
) -> None:
    """What needs no cue because it was asked: bare figures in the order asked, a date, "tidak ada", "belum tahu"."""
    found.named_owner = None
    if asked == "role":
        _which_of_the_two(zones, found)
    if asked in {"role", "wedding"}:
        if found.wedding is NO_DATE and not found.wedding_unknown:
            _wedding_in(plain, found, today)
        if asked == "wedding" and found.wedding is NO_DATE and _only_unknown(plain):
            found.wedding_unknown = True
        return
    if asked == "smoke":
        _who_smokes(plain, zones, found, wanted)
    elif asked == "td":
        _td_answer(plain, found, today, wanted)
    else:
        _bare_figures(plain, found, today, wanted)
    if not found.answers and not found.doubts and (is_unknown(plain) or _only_unknown(plain)):
        found.answers.update(dict.fromkeys(wanted))


def _which_of_the_two(zones: Sequence[_Zone], found: _Found) -> None:
    """ "calon suami" alone answers "calon istri atau calon suami?"; "calon suami saya 26" does not."""
    said = [zone for zone in zones if zone.cue in {"woman", "man"}]
    if (
        len(said) == 1
        and not re.search(r"\d", said[0].text)
        and not re.search(r" ?(?:saya|sy|aku|ku)$", said[0].cue_text)
    ):
        found.role = Sex(said[0].owner)


def _only_unknown(plain: str) -> bool:
    return bool(_UNKNOWN.search(plain)) and len(plain.split()) <= 7 and not re.search(r"\d", plain)


def _bare_figures(plain: str, found: _Found, today: date, wanted: Sequence[Key]) -> None:
    keys = [key for key in wanted if key not in found.answers and not _doubted(found, key)]
    if not keys or found.answers or found.doubts:
        # Some figures came with their words: the others have to as well.
        return
    told = _BARE.findall(re.sub(r"(?<=\d) ?/ ?(?=\d)", " ", _without_dates(plain, today)))
    numbers = [_decimal(figures) for figures in told]
    if keys == [(HER, "hb_g_dl")]:
        numbers = numbers[:1]
    for key, number in _matched(keys, numbers):
        _put(found, *key, number)
    if (HER, "hb_g_dl") in found.answers and told:
        _hb_day(plain, told[-1 if len(keys) > 1 else 0], found, today)


def _matched(keys: Sequence[Key], numbers: Sequence[float]) -> list[tuple[Key, float]]:
    """Bare figures with what they stand for; nothing where that is not plain."""
    tall = next((at for at, number in enumerate(numbers) if number >= _TALL or 1.2 <= number <= 2.1), None)
    height = next((at for at, key in enumerate(keys) if key[1] == "height_cm"), None)
    if tall is not None and height is not None and len(keys) > 1:
        # Nothing else is that large: what stands before it is told in the order of the question.
        around = numbers[:tall] or numbers[tall + 1 :]
        rest = [key for at, key in enumerate(keys) if at != height]
        if len(around) > len(rest):
            return []
        pairs = list(zip(rest[len(rest) - len(around) :], around, strict=True))
        return [*pairs, (keys[height], numbers[tall])]
    checked = [key[1] for key in keys] == ["lila_cm", "hb_g_dl"]
    if checked and len(numbers) == 1:
        return [(keys[0 if _ARM <= numbers[0] < _TALL - 60 else 1], numbers[0])]
    if len(numbers) == 1 < len(keys) and keys[0][1] == "age_years" and _YOUNG <= numbers[0] < _LIGHT:
        return [(keys[0], numbers[0])]  # too little for a body, and the age was asked first
    if len(numbers) != len(keys):
        return []
    if checked and numbers[0] < _ARM <= numbers[1]:
        numbers = [numbers[1], numbers[0]]
    return list(zip(keys, numbers, strict=True))


def _doubted(found: _Found, key: Key) -> bool:
    return any((doubt.owner, doubt.item) == key for doubt in found.doubts)


_ONLY = r"(?:aja|saja|sj|doang|hanya|cuma|cuman)"


def _who_smokes(plain: str, zones: Sequence[_Zone], found: _Found, wanted: Sequence[Key]) -> None:
    """The answer to "who smokes?": persons named do, nobody else; "tidak ada" is nobody, at home neither."""
    denied = re.match(rf"^(?:{_NOT}|nihil|no|aman|tidak ada|semua tidak)(?![^\W_])", plain)
    if any(item in {"smokes", "smoke_at_home"} for _, item in found.answers):
        if denied and found.answers.get((HER, "smoke_at_home")) is False:
            for owner in (ME, OTHER):
                found.answers.setdefault((owner, "smokes"), False)
        if found.answers.get((ME, "smokes")) and re.search(rf"\b{_ME_WORD} {_ONLY}\b|\b{_ONLY} {_ME_WORD}\b", plain):
            found.answers.setdefault((OTHER, "smokes"), False)  # "aku aja yang ngerokok"
        return
    if _UNKNOWN.search(plain) and not re.search(rf"{_NOT} ada", plain):
        return
    if denied or "tidak ada" in plain:
        found.answers.update(dict.fromkeys(wanted, False))
        return
    if len(wanted) == 1 and re.match(r"^(?:ya|iya|y|ada|masih|betul|benar)(?![^\W_])", plain):
        found.answers[wanted[0]] = True
        return
    relatives = re.compile(rf"\b{_RELATIVE}\b")
    if relatives.search(plain):
        found.answers[(HER, "smoke_at_home")] = True
        zones = list(_zones_of(relatives.sub(" ", plain), ME))
    people = {zone.owner for zone in zones if zone.cue in _PERSONS}
    # "Dia 19 45 150" answers another question.
    if people and len(plain.split()) <= 6 and not re.search(r"\d", plain):
        smokers = {ME, OTHER} if "both" in people else people
        found.answers.update({(owner, "smokes"): True for owner in smokers})
        if len(smokers) == 1 and (only := next(iter(smokers))) in {ME, OTHER}:
            found.answers[(OTHER if only == ME else ME, "smokes")] = False
        elif len(smokers) == 1:
            found.answers[(HER if only == HIM else HIM, "smokes")] = False


def _td_answer(plain: str, found: _Found, today: date, wanted: Sequence[Key]) -> None:
    """A bare "3" is T3 while the status is open; a date is the day of the last one."""
    if (HER, "td_status") in found.answers or (HER, "td_last_on") in found.answers:
        return
    dated = _past_date(plain, today)
    number = re.match(r"^(?:ke ?|ke-|yang ke ?)?([1-5])(?![\d/-]|[.,]\d| ?(?:kali|x)\b)", plain)
    open_status = (HER, "td_status") in wanted
    if open_status and number and not (dated.usable and dated.start == 0):
        found.answers[(HER, "td_status")] = f"T{number.group(1)}"
        dated = _past_date(plain[number.end() :], today)
    elif open_status and re.search(r"\d ?(?:kali|x)\b|\b(?:lengkap|sudah|udah|sdh|pernah)\b", plain):
        found.answers[(HER, "td_status")] = None
    if dated.usable and dated.value is not None:
        found.answers[(HER, "td_last_on")] = dated.value.isoformat()
