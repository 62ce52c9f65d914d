"""A family as a kader tells of it: "DAFTARKAN Ani anak Bu Rina lahir 3 mei 2026 perempuan, hp 0812..., alamat RT 02".

Each fact that is read is taken out of the text, so that a mother's name cannot become her child's.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from sapa.family.people import Sex
from sapa.family.reading.child import read_child_facts
from sapa.family.reading.dates import NO_DATE, DateReading, read_date
from sapa.family.reading.lexicon import is_everyday
from sapa.family.reading.pregnancy import read_pregnancy
from sapa.family.reading.seats import read_phone
from sapa.family.reading.words import is_unknown, normalize, read_sex, read_yes_no, tidy, words_of

#: What the dialogue has just asked: its answer needs no word to mark it.
MOTHER, CHILD, BORN, DUE, SEX, PHONE, ADDRESS, CONSENT = (
    "mother",
    "child",
    "born",
    "due",
    "sex",
    "phone",
    "address",
    "consent",
)

_MAX_ADDRESS, _MAX_NAME_WORDS = 120, 5


@dataclass(frozen=True)
class FamilyTold:
    """What one message says of a family; None, False or NO_DATE for what it does not say.

    pregnant: it is about a pregnant woman. lmp and edd: first day of the last period, expected day of birth. no_phone:
    there is none. consent: the mother's answer, as the kader tells it.
    """

    mother: str | None = None
    child: str | None = None
    sex: Sex | None = None
    born: DateReading = NO_DATE
    birth_weight_g: int | None = None
    birth_weeks: int | None = None
    pregnant: bool = False
    lmp: DateReading = NO_DATE
    edd: DateReading = NO_DATE
    phone: str | None = None
    no_phone: bool = False
    address: str | None = None
    consent: bool | None = None

    @property
    def anything(self) -> bool:
        """Whether at least one fact was understood."""
        dates = any(day.problem != "none" for day in (self.born, self.lmp, self.edd))
        told = (self.mother, self.child, self.sex, self.phone, self.address)
        return dates or self.pregnant or self.no_phone or any(told) or self.consent is not None


_ORDER = r"(?:(?:men)?daftar(?:kan|in|kn)|dftrkan|dftarkan|dftarin|daftar|dftar|registrasi(?:kan)?|tambah(?:kan)?)"
_OPENS = re.compile(
    rf"\b{_ORDER} (?:(?:satu |1 |ada )?(?:keluarga|warga|sasaran|balita|bumil|(?:ibu|bu) hamil)(?: baru)?)\b"
    rf"|^{_ORDER} .*\b(?:anak(?:nya)?|ank|bayi(?:nya)?|putra|putri) (?:dari )?(?:bu|ibu|ny|nyonya|mama)\b\.? \w+"
    # "Daftarkan bu Tuti hamil": of another woman, and never the kader's own pregnancy.
    rf"|^{_ORDER} (?:bu|ibu|ny|nyonya)\b\.? (?!hamil\b)[^\W\d_]+.*\b(?:hamil|hpht|hpl|hp|anak|bayi)\b"
)
_OWN = re.compile(r"\b(?:saya|sy|aku|ku|anakku|anak saya)\b")
_MOTHER = re.compile(
    r"(?:\b(?:anak(?:nya)?|ank|bayi(?:nya)?|putra|putri)(?: dari)? )?"
    r"\b(?:nama )?(?:(?:bu|ibu|ibunya|ny|nyonya|mama|mamanya|bunda)\b\.?(?: hamil)?|bumil)"
    r"(?: (?:bernama|namanya))?[ :=]+(?=[^\W\d_])",
    re.IGNORECASE,
)
_NAME_WORD = re.compile(r"\s*([^\W\d_](?:[^\W\d_]|['.-](?=[^\W\d_]))*\.?)")
_NO_PHONE = re.compile(
    r"\b(?:tidak|tdk|tak|ndak|gak|ga|gk|nggak|ngga|belum|blm|tanpa) (?:ada |punya |pny |pakai |py )?"
    r"(?:no(?:mor)? ?)?(?:hp|hape|telepon|telp|tlp|nomor|wa|whatsapp|ponsel|pulsa)\b"
    r"|\b(?:hp|hape|telepon|nomor)(?:nya)? (?:tidak|tdk|ga|gak|nggak|belum|blm) (?:ada|punya)\b"
)
_PHONE_CUE = re.compile(
    r"\b(?:no(?:mor|mer)?\.? ?)?(?:hp|hape|wa|telp|telepon|ponsel)?(?:nya)?[ :.]*(?:\+?62|0) ?8[\d .-]{7,14}\d",
    re.IGNORECASE,
)
_ADDRESS = re.compile(
    r"\b(?:alamat(?:nya)?|almt|rumah(?:nya)?(?: di)?|tinggal(?:nya)?(?: di)?)\b[ :=]*(?P<said>[^,;\n]{2,120})"
    r"|(?P<rt>\b(?:dusun|dsn|rt|rw|jl|jln|jalan|gang|gg|blok|kampung|lingkungan)\b\.? ?[^,;\n]{1,100})",
    re.IGNORECASE,
)
_PREGNANT = re.compile(r"\b(?:hamil|bumil|mengandung|hpht|hpl|kandungan)\b")
_SKIPS = frozenset({"lewati", "lewat", "skip", "tidak perlu", "gak perlu", "ga perlu", "tidak", "tidak usah", "-"})
_AGREES = re.compile(r"\b(?:setuju|stuju|stj|bersedia|mau|boleh)\b")
_REFUSES = re.compile(r"\b(?:tidak|tdk|tak|ndak|gak|ga|gk|nggak|ngga|enggak|belum|blm|menolak|nolak|keberatan)\b")


def opens_family(text: str) -> bool:
    """Whether a kader's message asks to register a family, not her own child: "daftarkan keluarga"."""
    plain = normalize(text)
    return bool(_OPENS.search(plain)) and not _OWN.search(plain)


def read_family(text: str, today: date, asked: str | None = None) -> FamilyTold:
    """Everything a message says of a family. Never raises on any text."""
    if asked == CONSENT and (answer := _consent(text)) is not None:
        return FamilyTold(consent=answer)
    rest = re.sub(rf"^\W*{_ORDER}\b(?: (?:keluarga|warga|sasaran|balita)(?: baru)?\b)?", " ", tidy(text), flags=re.I)
    phone = read_phone(rest)
    rest, had_phone = _out(_PHONE_CUE, rest)
    no_phone = bool(_NO_PHONE.search(normalize(rest))) or (asked == PHONE and not had_phone and _none(text))
    rest, address = _address(_sub(_NO_PHONE, rest), asked)
    pregnant = bool(_PREGNANT.search(normalize(rest)))
    rest, mother = _mother(rest, asked)
    lmp, edd = _dates(rest, today, asked) if pregnant or asked == DUE else (NO_DATE, NO_DATE)
    if pregnant or asked == DUE:
        return FamilyTold(
            mother=mother, pregnant=True, lmp=lmp, edd=edd, phone=phone, no_phone=no_phone, address=address
        )
    slot = {CHILD: "child_name", BORN: "child_birth_date", SEX: "child_sex"}.get(asked or "")
    facts = read_child_facts(rest, today, asked=slot) if rest.strip(" ,.;") else None
    return FamilyTold(
        mother=mother,
        child=(facts.name or _bare_child(rest)) if facts and asked not in (BORN, SEX, PHONE, ADDRESS, MOTHER) else None,
        sex=(facts.sex or (read_sex(rest) if asked == SEX else None)) if facts else None,
        born=facts.birth_date if facts else NO_DATE,
        birth_weight_g=facts.birth_weight_g if facts else None,
        birth_weeks=facts.birth_weeks if facts else None,
        phone=phone,
        no_phone=no_phone,
        address=address,
    )


def skips(text: str) -> bool:
    """Whether an answer leaves our question out: "lewati", "tidak tahu"."""
    return normalize(text).strip(" .!") in _SKIPS or is_unknown(text)


def _consent(text: str) -> bool | None:
    """ "SUDAH SETUJU", "ibunya setuju", "belum mau"."""
    plain = normalize(text)
    if "?" in plain or len(words_of(text)) > 8:
        return None
    if _AGREES.search(plain):
        return not _REFUSES.search(plain)
    return read_yes_no(text)


def _out(pattern: re.Pattern[str], text: str) -> tuple[str, bool]:
    return _sub(pattern, text), bool(pattern.search(text))


def _sub(pattern: re.Pattern[str], text: str) -> str:
    return re.sub(pattern.pattern, " , ", text, flags=re.IGNORECASE)


def _none(text: str) -> bool:
    return is_unknown(text) or read_yes_no(text) is False


def _address(text: str, asked: str | None) -> tuple[str, str | None]:
    found = _ADDRESS.search(text)
    if found is not None:
        said = (found["said"] or found["rt"]).strip(" .,")
        # "RT 02, RW 05": an address has commas of its own.
        rest = text[found.end() :]
        more = re.match(r"[,;] ?((?:dusun|dsn|rt|rw|desa|ds|blok|no)\b[^,;\n]*)", rest, re.IGNORECASE)
        if more:
            said, rest = f"{said}, {more[1].strip(' .')}", rest[more.end() :]
        return f"{text[: found.start()]} , {rest}", said[:_MAX_ADDRESS]
    if asked == ADDRESS and not _none(text) and not skips(text) and len(tidy(text)) >= 2:
        return "", tidy(text).replace("\n", ", ")[:_MAX_ADDRESS]
    return text, None


def _mother(text: str, asked: str | None) -> tuple[str, str | None]:
    """The mother's name, which follows "Bu" and its kin, or is the answer to our question."""
    for cue in _MOTHER.finditer(text):
        name, end = _name_at(text, cue.end())
        if name is not None:
            return f"{text[: cue.start()]} , {text[end:]}", name
    if asked == MOTHER:
        name, end = _name_at(text, 0)
        if name is not None and not text[end:].strip(" .,"):
            return "", name
    return text, None


def _name_at(text: str, start: int) -> tuple[str | None, int]:
    words: list[str] = []
    end = start
    while len(words) < _MAX_NAME_WORDS and (found := _NAME_WORD.match(text, end)):
        word = found[1].lower().rstrip(".")
        if "\n" in text[end : found.start(1)] or is_everyday(word) or word in {"hamil", "hpht", "hpl", "rt", "rw"}:
            break
        words.append(found[1])
        end = found.end()
    name = " ".join(words).strip(" .")
    if len(name) < 2:
        return None, start
    return (name.title() if name.islower() or name.isupper() else name), end


def _bare_child(rest: str) -> str | None:
    """A name at the head of an order, with facts behind it: "DAFTARKAN Ani , lahir ..."."""
    head = rest.split(",")[0]
    name, end = _name_at(head.strip(), 0)
    return name if name is not None and not head.strip()[end:].strip() else None


def _dates(rest: str, today: date, asked: str | None) -> tuple[DateReading, DateReading]:
    told = read_pregnancy(rest, today, "dating" if asked == DUE else None)
    if told.lmp.problem == "none" and told.edd.problem == "none" and asked == DUE:
        # A bare date: one to come is the birth expected, one gone by the last period.
        ahead = read_date(rest, today, prefer="future", max_years=None)
        if ahead.usable and ahead.value is not None:
            return (NO_DATE, ahead) if ahead.value > today else (ahead, NO_DATE)
    return told.lmp, told.edd
