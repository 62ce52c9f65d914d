"""Contraceptive methods, their dates, and reports of a visit, as Indonesian families write them.

A message may hold two dates, the last one and the one on the card. It is cut at words such as "terakhir" and "kembali",
and each piece is read on its own. What leaves the kind open ("suntik", "pil") is read as just that.
"""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Literal

from sapa.family.reading.dates import NO_DATE, DateReading, read_age, read_date
from sapa.family.reading.words import FILLERS, is_unknown, looks_like_question, normalize, read_yes_no, words_of

Asked = Literal["method", "kind", "last_date", "return_on", "breastfeeding"]
Stop = Literal["wish", "done"]

#: Names of methods whose kind is open until it is asked.
OPEN_KINDS = frozenset({"suntik", "pil"})


def _any(*lines: str) -> str:
    """A pattern for one of the phrases, which stand between commas; they may be patterns themselves."""
    phrases = [phrase.strip() for line in lines for phrase in line.split(",") if phrase.strip()]
    return f"(?:{'|'.join(phrases)})"


def _set(*lines: str) -> frozenset[str]:
    return frozenset(" ".join(lines).split())


_MONTH = r"(?:bulan|bln|bl|bulanan|blnan|blanan|bulannan|bulanana)"
_INJECTION = r"(?:di ?)?(?:suntik|suntikan|sntik|sntk|suntk|suntek|suntiq|injeksi|suntikannya|suntiknya)"
_KB = r"(?:kb|k\.b\.?|kabe|kontrasepsi)"
_THREE, _ONE = r"(?:3|tiga|tri)", r"(?:1|satu|se)"
# "3 bulan lalu" is a time, not a kind of injection.
_NOT_AGO = r"(?! ?(?:yang |yg )?(?:lalu|kemarin|kmrn|kmren|silam|lagi|depan|ini))"
_LINK = r"(?: ?(?:yang|yg|kb|itu|tiap|setiap|per|untuk|utk|pakai|cara|an|nya|ku|sy|saya|biru|merah|,|:|\())*"
_FOR_NURSING = _any(
    r"(?:khusus |buat |untuk |utk )?(?:ibu )?(?:menyusui|mnyusui|busui|laktasi|asi)", "progestin", "mini"
)
_METHOD_PATTERNS: tuple[tuple[str, str], ...] = (
    ("suntik_3_bulan", rf"{_INJECTION}{_LINK} ?{_THREE} ?{_MONTH}(?: sekali)?{_NOT_AGO}\b"),
    ("suntik_3_bulan", rf"{_KB}{_LINK} ?{_THREE} ?(?:{_MONTH}|bulan an)(?: sekali)?{_NOT_AGO}\b"),
    ("suntik_3_bulan", r"\b(?:dmpa|suntik(?:an)? tribulan|tribulanan|triwulan)\b"),
    ("suntik_1_bulan", rf"{_INJECTION}{_LINK} ?{_ONE} ?{_MONTH}(?: sekali)?{_NOT_AGO}\b"),
    ("suntik_1_bulan", rf"{_INJECTION}{_LINK} ?(?:tiap |setiap |per )?{_MONTH}\b(?! ?(?:lalu|depan|ini|kemarin))"),
    ("suntik_1_bulan", rf"{_KB}{_LINK} ?(?:{_ONE} ?{_MONTH}(?: sekali)?{_NOT_AGO}|(?:bulanan|blnan|blanan))\b"),
    ("pil_progestin", rf"\b(?:mini ?pil|pil (?:kb )?{_FOR_NURSING})\b"),
    ("pil_kombinasi", r"\bpil (?:kb )?(?:yang |yg )?(?:kombinasi|kombi|biasa|campuran)\b"),
    ("iud_hormon", r"\b(?:iud|spiral|akdr) (?:yang |yg )?(?:hormon|hormonal|berhormon)\b"),
    ("iud", rf"\b{_any('iud, aiyudi, ayudi, akdr, spiral, spiralnya, iudnya, sepiral, spirral, spriral')}\b"),
    ("implan", rf"\b{_any('implan, implant, inplan, inplant, implen, susuk, susuknya, implannya')}\b"),
    (
        "mop",
        r"\b(?:mop|vasektom\w*|fasektom\w*|suami (?:saya |sy )?(?:sudah |udah |sdh )?(?:di ?)?(?:steril|vasek\w*))\b",
    ),
    ("mow", rf"\b{_any('mow, tubektom.*?, (?:di ?)?steril, sterilisasi, setril, ikat (?:saluran|kandungan)')}\b"),
    ("kondom", r"\b(?:kondom|kondon|condom|komdom)\b"),
    ("MAL", rf"\b{_any('mal, amenore laktasi, kb (?:asi|menyusui), kb alami menyusui')}\b"),
    ("MAL", r"\b(?:menyusui|asi)(?: saja| aja| eksklusif| penuh)?(?: (?:sbg|sebagai|jadi|untuk) kb| saja| aja)\b"),
    ("pil", rf"\b{_any('pil, pill, pilkb, andalan, pilnya, tablet kb')}\b"),
    ("suntik", rf"\b{_INJECTION}\b"),
)
_METHODS = tuple((name, re.compile(rf"(?<![^\W_]){pattern}")) for name, pattern in _METHOD_PATTERNS)

_NEG = r"(?:tidak|tdk|tak|ndak|gak|gk|ga|nggak|ngga|enggak|engga|bukan|bkn|belum|blm)"
_EACH = r"(?:yang |yg )?(?:per |tiap )?"
_MONTHLY = r"\b(?:bulanan|blnan|tiap bulan|per bulan)\b"
# What the answer to "1 bulan atau 3 bulan?", "pil menyusui atau pil biasa?" may be.
_KINDS: dict[str, tuple[tuple[str, str], ...]] = {
    "suntik": (
        ("suntik_3_bulan", rf"^\W*{_EACH}{_THREE}(?: ?{_MONTH})?(?: sekali)?\W*$|\b{_THREE} ?{_MONTH}\b"),
        ("suntik_1_bulan", rf"^\W*{_EACH}(?:1|satu)\W*$|\b{_ONE} ?{_MONTH}\b|{_MONTHLY}"),
    ),
    "pil": (
        ("pil_progestin", r"\b(?:menyusui|mnyusui|busui|asi|laktasi|mini ?pil|mini|progestin)\b"),
        ("pil_kombinasi", r"\b(?:biasa|kombinasi|kombi|campuran)\b"),
    ),
}
_USE = r"(?:pakai|pake|ikut|pernah|memakai|mulai|milih|memilih)"
_NOT_YET_USING = re.compile(
    rf"\b(?:{_NEG} (?:(?:{_USE}|ber|ada|menentukan) ?)?(?:kb|alat kb|apa[ -]?apa|apa2|apapun)"
    rf"|{_NEG} {_USE}(?: (?:yang |yg )?apa[ -]?(?:apa|pun)?)?)\b"
)


@dataclass(frozen=True)
class KbReading:
    """What a message says about a method.

    method: an id of sapa.family.contraception, with an open kind `suntik` or `pil`; denied: there is none, the person
    uses nothing; last: the injection, packet or insertion (a day that has come); returns: the day on the card (past or
    coming); breastfeeding; baby_months: completed months. unknown: the whole message says "belum tahu".
    """

    method: str | None = None
    denied: bool = False
    last: DateReading = NO_DATE
    returns: DateReading = NO_DATE
    breastfeeding: bool | None = None
    baby_months: int | None = None
    unknown: bool = False

    @property
    def dated(self) -> bool:
        """Whether a date was said, be it a wrong one."""
        return self.last.problem != "none" or self.returns.problem != "none"

    @property
    def empty(self) -> bool:
        """Whether nothing of it was said."""
        told = self.method or self.denied or self.dated or self.unknown
        return not told and self.breastfeeding is None and self.baby_months is None


def read_contraception(text: str, today: date, asked: str | None = None, kind_of: str | None = None) -> KbReading:
    """What a message says about a method and its dates. Never raises on any text.

    asked: what the message answers (see Asked), None if nothing; kind_of: `suntik` or `pil` where its kind is asked.
    """
    plain = normalize(text)
    method, rest = _method(plain, kind_of if asked == "kind" else None)
    months = _baby_months(rest, asked)
    breastfeeding = _breastfeeding(rest, text, asked)
    rest = _BABY.sub(_blank, rest)
    # An age is no date: "ya, 4 bulan" says nothing about a visit.
    last, returns = (NO_DATE, NO_DATE) if asked == "breastfeeding" else _dates(rest, today, asked)
    denied = method is None and bool(_NOT_YET_USING.search(plain)) and not (last.usable or returns.usable)
    return KbReading(method, denied, last, returns, breastfeeding, months, is_unknown(text))


# ---------------------------------------------------------------------------------------------------------- methods


# "ganti dari suntik 1 bulan ke 3 bulan"
_SWITCH = re.compile(rf"\b(?:ke|jadi) (?:yang |yg )?(?P<kind>{_THREE}|{_ONE}) ?{_MONTH}\b{_NOT_AGO}")
_INJECTIONS = {"3": "suntik_3_bulan", "t": "suntik_3_bulan", "1": "suntik_1_bulan", "s": "suntik_1_bulan"}


def _blank(found: re.Match[str]) -> str:
    return " " * len(found.group())


_DENIED = re.compile(rf"{_NEG} (?:pakai |pake |yang |yg |kb )?$|\b(?:dari|drpd|daripada|dulu) (?:kb )?$")


def _method(plain: str, kind_of: str | None) -> tuple[str | None, str]:
    """The method named last of those not denied, and the message without the words that name methods."""
    answer = _kind(plain, kind_of)
    if answer is not None:
        return answer, _KIND_WORDS.sub(_blank, plain)
    switch = _SWITCH.search(plain)
    found = [(switch.start(), _INJECTIONS[switch.group("kind")[0]])] if switch and "suntik" in plain else []
    rest = _SWITCH.sub(_blank, plain) if found else plain
    for name, pattern in _METHODS:
        for match in pattern.finditer(rest):
            if not re.search(
                rf"{_NEG} (?:pakai |pake |yang |yg |kb )?$|\b(?:dari|drpd|daripada|dulu) (?:kb )?$",
                plain[: match.start()],
            ):
                found.append((match.start(), name))
        rest = pattern.sub(_blank, rest) if name not in OPEN_KINDS else rest
    exact = [entry for entry in found if entry[1] not in OPEN_KINDS] or found
    # "ganti dari pil ke implan": the one named last is the one in use now.
    return (max(exact)[1] if exact else None), rest


_KIND_WORDS = re.compile(rf"\b(?:{_ONE}|{_THREE}) ?{_MONTH}(?: sekali)?\b|^\W*(?:yang |yg )?[13]\W*$")


def _kind(plain: str, kind_of: str | None) -> str | None:
    if kind_of is None:
        return None
    named = [name for name, pattern in _KINDS.get(kind_of, ()) if re.search(pattern, plain)]
    return named[0] if len(named) == 1 else None


# --------------------------------------------------------------------------------------------- breastfeeding, baby

_BABY_WORD = r"(?:bayi|bayinya|anak|anaknya|baby|adek|dedek|dede|umur|usia|umurnya|usianya|umr)"
_HOW_OLD = rf"(?:\d{{1,2}}|{_any('se, satu, dua, tiga, empat, lima, enam, tujuh, delapan, sembilan, sepuluh')})"
_TIME = _any("hari, hr, minggu, mgg, bulan, bln, bl, tahun, thn, th")
_BABY = re.compile(
    rf"\b{_BABY_WORD}(?: {_BABY_WORD}| saya| sy| aku| masih| baru| sudah| udah)*[ :]*"
    rf"{_HOW_OLD}? ?{_TIME}\b(?! ?(?:yang |yg )?(?:lalu|lagi))"
)
_FEEDING = r"(?:menyusui|mnyusui|menyusu|nyusui|nyusu|netek|nenen|neteki|asi|asix|mimik asi|busui)"
_STILL = re.compile(r"^(?:masih|msh|msih)\b")
_NOT_FEEDING = re.compile(rf"\b{_NEG}(?: lagi)?(?: sedang)? {_FEEDING}|sudah (?:disapih|sapih|berhenti {_FEEDING})")
_IS_FEEDING = re.compile(rf"(?<!pil )(?<!pil kb )(?<!ibu )\b{_FEEDING}\b")


def _baby_months(plain: str, asked: str | None) -> int | None:
    found = _BABY.search(plain)
    said = found.group() if found else plain if asked == "breastfeeding" else ""
    age = read_age(said)
    return None if age is None else age.years * 12 + age.months


def _breastfeeding(rest: str, text: str, asked: str | None) -> bool | None:
    if _NOT_FEEDING.search(rest):
        return False
    if _IS_FEEDING.search(rest) and not looks_like_question(text):
        return True
    if asked != "breastfeeding":
        return None
    # Whoever answers with the baby's age says yes.
    still = _STILL.match(rest) is not None or _baby_months(rest, asked) is not None
    answer = read_yes_no(text)
    return True if answer is None and still and not looks_like_question(text) else answer


# ------------------------------------------------------------------------------------------------------------ dates

_BACK = _any(
    "(?:(?:tanggal|tgl) )?(?:kembali|kmbali|kmbli|kembalinya|balik|baliknya|blik), datang lagi, dateng lagi",
    "berikutnya, brikutnya, selanjutnya, kontrol lagi, periksa lagi, suntik lagi, suntikan lagi, disuntik lagi",
    "kontrol, jadwalnya, jadwal lagi, jatuh tempo, jatuhnya, ulang, kartu, kartunya, habis, habisnya, masa habis",
    "berlaku sampai, sampai, lagi tgl, lagi tanggal",
)
_SINCE = _any(
    "terakhir, trakhir, terahir, trakir, terakhirnya, trkhr, terakir, tadi, barusan, sejak, mulai, dipasang, pasang",
    "psang, dipasangnya, pasangnya, minum, disuntik, suntik, suntiknya, sntik, sntk, ambil, operasi, tindakan, lahir",
)
_STRONG_SINCE = re.compile(r"ter|tr|sejak|pasang|dipasang|psang|operasi|tindakan|lahir|barusan|tadi")
_CUE = re.compile(rf"(?<![^\W_])(?:(?P<back>{_BACK})|(?P<since>{_SINCE}))(?![^\W_])")
_BREAK = re.compile(r"[;\n]|,(?! ?\d)|\b(?:dan|trus|terus|trs|lalu(?= (?:kembali|balik|kontrol))|tapi|tp|sama)\b")
_DAY_ALONE = re.compile(r"^(?:tanggal|tgl|tggl|tg|tnggal|tgal) ?(\d{1,2})$|^(\d{1,2})$")
# The nearest such day in either direction: cards are read a few weeks early or late, not half a year.
_HALF_A_YEAR = 183


@dataclass(frozen=True)
class _Piece:
    """A part of the message with its cue (back, since, or none) and how sure that is."""

    text: str
    cue: str = ""
    strong: bool = False


def _dates(plain: str, today: date, asked: str | None) -> tuple[DateReading, DateReading]:
    """The last date and the return date of a message."""
    last = returns = NO_DATE
    waiting = _Piece("")
    for piece in _pieces(plain):
        past, coming = _past(piece.text, today), _card(piece.text, today)
        if past.problem == "none" and coming.problem == "none":
            # A cue without a date speaks for the next piece, a strong one before a weak one.
            waiting = piece if piece.cue and (piece.strong or not waiting.strong) else waiting
            continue
        cue = waiting.cue if waiting.strong or not piece.cue else piece.cue
        strong = waiting.strong or piece.strong
        waiting = _Piece("")
        if _is_return(cue, strong, past, coming, asked, today, known=last.usable):
            returns = coming if not returns.usable else returns
        else:
            last = past if not last.usable else last
    return last, returns


def _pieces(plain: str) -> list[_Piece]:
    pieces: list[_Piece] = []
    for part in _BREAK.split(plain):
        cuts = [0, *(m.start() for m in _CUE.finditer(part)), len(part)]
        for start, end in zip(cuts, cuts[1:], strict=False):
            found = _CUE.match(part, start)
            if found is None and not part[start:end].strip():
                continue
            cue = "" if found is None else "back" if found.group("back") else "since"
            strong = cue == "back" or bool(found and _STRONG_SINCE.match(found.group()))
            pieces.append(_Piece(part[start:end], cue, strong))
    return pieces


def _is_return(
    cue: str, strong: bool, past: DateReading, coming: DateReading, asked: str | None, today: date, *, known: bool
) -> bool:
    """Whether a date is the one on the card: by its word, by what was asked, else because it is yet to come."""
    if strong or (cue and asked is None):
        if cue == "since" and not strong:
            return past.problem == "future" or known
        return cue == "back"
    if asked in {"last_date", "return_on"}:
        return asked == "return_on"
    if past.problem == "future" or known:
        return True
    return bool(coming.value and coming.value > today)


def _past(text: str, today: date) -> DateReading:
    """A day that has come. "tgl 5" is the last 5th: it is shown before anything is written."""
    reading = read_date(text, today, max_years=None)
    day = _day_alone(text, reading)
    if day is None:
        return reading
    value = _near_day(day, today, -1)
    return DateReading(value, "day", None if value else "impossible", text.strip()) if value else reading


def _card(text: str, today: date) -> DateReading:
    """The day on a card, past or coming: without a year the nearest one, a little rather ahead than behind."""
    ahead = read_date(text, today, prefer="future")
    behind = read_date(text, today, max_years=None)
    day = _day_alone(text, ahead)
    if day is not None and (value := _near_day(day, today, 1)):
        return DateReading(value, "day", None, text.strip())
    if behind.usable and behind.value and ahead.value and ahead.value != behind.value:
        far = (ahead.value - today).days > _HALF_A_YEAR
        return behind if far else ahead
    return ahead


def _day_alone(text: str, reading: DateReading) -> int | None:
    """The number of a day said without a month: "tgl 26"."""
    said = _DAY_ALONE.match(reading.matched) if reading.problem == "vague" else None
    return int(said.group(1) or said.group(2)) if said else None


def _near_day(day: int, today: date, step: int) -> date | None:
    """The last or next day with this number."""
    first = today.replace(day=1)
    for _ in range(13):
        if 1 <= day <= calendar.monthrange(first.year, first.month)[1]:
            found = first.replace(day=day)
            if (found - today).days * step >= 0:
                return found
        first = (first + timedelta(days=31 if step > 0 else -1)).replace(day=1)
    return None


# ---------------------------------------------------------------------------------------------------------- reports


@dataclass(frozen=True)
class KbReport:
    """What a message outside the dialogue may say.

    reading: method and dates; done: a visit took place ("sudah suntik"); not_yet: it did not; stop: the method is given
    up, or that is wished; change: the method changed to (the same two); asks_when: the person asks for the own next
    date. removed: something was taken out; about: contraception itself is named; visit: a visit is named; others: it
    may be about a child or a pregnancy; rest: words nobody expected.
    """

    reading: KbReading = field(default_factory=KbReading)
    done: bool = False
    not_yet: bool = False
    stop: Stop | None = None
    change: Stop | None = None
    asks_when: bool = False
    removed: bool = False
    about: bool = False
    visit: bool = False
    others: bool = False
    rest: tuple[str, ...] = ()


_DONE = re.compile(
    rf"\b{_any('sudah, sdh, sudh, sudaj, udah, udh, uda, dah, sampun, mpun, sampon, tadi, td, barusan, habis')}\b"
    r"|\b(?:abis|baru|beres|selesai|kelar|telah)\b"
)
_NOT_YET = re.compile(rf"\b(?:belum|blm|belom|blom|durung|dereng|{_NEG} (?:jadi|sempat|sempet|bisa))\b")
_VISIT = re.compile(rf"\b{_any('bidan, bidannya, puskesmas, pkm, pustu, klinik, dokter, kontrol, faskes, polindes')}\b")
_ABOUT = re.compile(rf"\b(?:{_KB}|kbnya|kb-nya)\b")
_ON = r"(?:pakai |pake |ikut |lanjut |nerusin )"
_REMOVED = _any("lepas, dilepas, lepasin, copot, dicopot, cabut, dicabut")
_REMOVING = re.compile(rf"\b{_REMOVED}\b")
_STOPPING = re.compile(
    rf"\b(?:{_any('(?:ber)?henti, stop, brenti, brhenti, berenti')}|{_REMOVED}"
    rf"|{_NEG} (?:mau )?{_ON}?(?:kb )?lagi|{_NEG} (?:mau )?{_ON}(?=kb|pil|suntik)|{_NEG} (?:kb|suntik|minum pil) lagi)"
)
_WISH = re.compile(
    rf"\b{_any('mau, mo, pengen, pingin, ingin, pgn, rencana, rencananya, niat, kepingin, boleh, bisa')}\b"
)
_CHANGING = re.compile(
    rf"\b(?:{_any('ganti, gnti, gantinya, diganti, pindah, pindahnya, tukar, beralih')}"
    r"|(?:sekarang|skrg) (?:pakai|pake|kb))\b"
)
_WHEN = re.compile(
    rf"\b{_any('kapan, kpn, kapankah, kapan2, tanggal berapa, tgl berapa, tgl brp, tanggal brp, berapa tanggal')}\b"
)
_COMING_BACK = re.compile(r"\b(?:kembali|kmbali|kmbli|balik|blik|datang lagi|kontrol)\b")
_OTHERS = re.compile(
    rf"\b{_any('anak, anaknya, bayi, bayinya, adek, dedek, si kecil, imunisasi, vaksin, bcg, dpt, campak, polio')}\b"
    rf"|\b{_any('posyandu, hamil, nifas, pcv, mr, tt')}\b|\btd\b(?! (?:pagi|pg|siang|sore|malam|mlm|subuh)\b)"
)
_REMINDERS = re.compile(
    rf"\b{_any('pengingat, pengingatnya, ingatkan, diingatkan, ingetin, pesan, pesannya, sms, wa, notif, info')}\b"
)
_EXPECTED = FILLERS | _set(
    "kb kbnya sudah sdh sudh udah udh uda dah sampun tadi td barusan habis abis baru beres selesai telah belum blm",
    "belom blom durung ke di dari pada sama oleh bidan bidannya puskesmas pkm pustu klinik dokter kontrol periksa",
    "datang dateng pergi suntik suntikan disuntik suntiknya sntik sntk minum ambil diambil beli pil pilnya susuk",
    "implan implant implannya susuknya spiral spiralnya iud iudnya pasang dipasang kembali kmbli balik lagi tanggal",
    "tgl kartu kartunya tertulis ditulis kata katanya catat dicatat tolong ingatkan",
    "katanya suruh disuruh berikutnya selanjutnya terakhir hari pagi siang sore malam ini kemarin kmrn kemaren lusa",
    "besok mau ingin pengen berhenti brenti henti stop lepas dilepas copot cabut dicabut ganti gnti diganti pindah",
    "tukar jadi dgn dengan pakai pake memakai dan terus trus trs yang yg nya kapan kpn jadwal jadwalnya jatuh tempo",
    "berapa brp waktunya harus bulan bln bulanan tahun minggu mgg sekali tiap tidak tdk gak ga nggak ndak rencana",
    "sekarang skrg sebulan satu dua tiga kondom steril vasektomi tubektomi mow mop mal menyusui biasa alhamdulillah",
    "puji tuhan masih buat utk untuk karena krn soalnya suami ikut jadwalku nanti pulang sempat sempet bisa",
)


def read_report(text: str, today: date) -> KbReport:
    """What a message outside the dialogue says about a visit, a method given up or changed, or the next date."""
    plain = normalize(text)
    reading = read_contraception(text, today)
    stop = _stopping(plain, reading)
    change = _changing(plain, reading)
    return KbReport(
        reading=reading,
        done=bool(_DONE.search(plain)) and not _NOT_YET.search(plain),
        not_yet=bool(_NOT_YET.search(plain)),
        stop=None if change else stop,
        change=change,
        asks_when=bool(_WHEN.search(plain))
        and bool(_ABOUT.search(plain) or reading.method or _VISIT.search(plain) or _COMING_BACK.search(plain)),
        removed=bool(_REMOVING.search(plain)),
        about=bool(_ABOUT.search(plain) or (reading.method and reading.method != "suntik")),
        visit=bool(_VISIT.search(plain) or reading.method),
        others=bool(_OTHERS.search(plain)),
        rest=_rest(plain, reading),
    )


def _rest(plain: str, reading: KbReading) -> tuple[str, ...]:
    """Words that belong neither to a report nor to its dates."""
    for dated in (reading.last, reading.returns):
        plain = plain.replace(dated.matched, " ") if dated.matched else plain
    return tuple(word for word in words_of(plain) if word not in _EXPECTED and not word.isdigit())


_NO_CARD = re.compile(
    rf"\b{_NEG} (?:ada |punya |pegang |bawa |dikasih |dapat |dpt |ditulis )*(?:kartu|tanggal|tgl)(?:nya)?\b"
    r"|\b(?:kartu|kartunya|catatan|catatannya) (?:kb |nya |sudah |udah |sdh )*"
    rf"(?:hilang|ilang|rusak|robek|{_NEG} ada|ketinggalan|entah)\b"
)


def has_no_card(text: str) -> bool:
    """Whether somebody says that there is no card, or no date on it."""
    return bool(_NO_CARD.search(normalize(text)))


def _stopping(plain: str, reading: KbReading) -> Stop | None:
    """Giving up a method; "berhenti diingatkan" is about our messages and read elsewhere."""
    named = _ABOUT.search(plain) or reading.method
    if not named or not _STOPPING.search(plain) or _REMINDERS.search(plain):
        return None
    return "done" if _DONE.search(plain) and not _WISH.search(plain) else "wish"


def _changing(plain: str, reading: KbReading) -> Stop | None:
    if reading.method is None or not _CHANGING.search(plain):
        return None
    return "wish" if _WISH.search(plain) else "done"
