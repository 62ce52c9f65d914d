"""What a message says about a visit to the bidan or doctor: that it was made, when, and when the next one is.

For short reports outside a dialogue ("tadi kontrol, disuruh balik 5 desember"). It has to be sure: anything else that
is said makes the message somebody else's.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import date, timedelta

from sapa.family.reading.dates import NO_DATE, DateReading, read_date
from sapa.family.reading.numbers import tokens_of
from sapa.family.reading.words import FILLERS, FIRM_YES, looks_like_question, normalize, words_of

_MOST_CHARS = 300
#: A report may hold this many words we do not know ("tadi periksa di bu Yanti").
_STRANGE = 2


@dataclass(frozen=True)
class VisitReading:
    """What one message says about a visit.

    about: a word of the subject stands in it; done and not_yet: "sudah", "belum"; on and next_on: the day of the visit
    and of the next one; ultrasound: there was a scan; after_birth: it is about the weeks after a birth; baby, mother:
    who was seen, where only one is named; plain: hardly anything but that is said; bare: nothing else at all, so that
    "sudah" may answer a reminder; question: it asks. coming: a next visit is spoken of, whose day may not be readable;
    cancelled: a visit will not be made.
    """

    about: bool = False
    done: bool = False
    not_yet: bool = False
    on: DateReading = NO_DATE
    next_on: DateReading = NO_DATE
    ultrasound: bool = False
    after_birth: bool = False
    baby: bool = False
    mother: bool = False
    plain: bool = False
    bare: bool = False
    question: bool = False
    coming: bool = False
    cancelled: bool = False


_SEEN = (
    r"(?:periksa\w*|priksa\w*|pemeriksaan|diperiksa|meriksa|kontrol|kntrol|control|anc|usg|cek|check|chek|ceck|dicek)"
)
_ABOUT = re.compile(
    rf"\b{_SEEN}\b|\b(?:ke|dari|sama) (?:bu |ibu )?(?:bidan|dokter kandungan|spog)\b"
    r"|\bbidan(?:nya)? (?:sudah|sdh|udah|udh)"
    r"|\b(?:k|kn|kf) ?[1-6]\b|\bkunjungan\b|\b(?:balik|kembali) (?:lagi |ke bidan )?"
    r"(?:tgl|tanggal|hari|se(?:minggu|bulan)|\d)"
    r"|\bbidan\w*(?: \w+){0,2} (?:di)?(?:suruh|minta) (?:balik|blik|kembali|datang|dtg)"
)
_AFTER_BIRTH = re.compile(r"\b(?:nifas|kunjungan|neonatal|kn ?[1-3]|kf ?[1-4]|jahitan|habis melahirkan|pasca)\b")
_BIDAN_CAME = re.compile(
    r"\bbidan\w*(?: \w+){0,2} (?:datang|dateng|dtg|kesini|ke rumah|kerumah|berkunjung|kunjungan|mampir|jenguk)"
    r"|\b(?:datang|dateng|dtg|(?:di )?kunjungi|dikunjungi|kunjungan)(?: \w+){0,2} bidan"
)
_DONE = re.compile(
    r"\b(?:sudah|sdh|sudh|udah|udh|uda|dah|su|telah|barusan|brusan|selesai|habis|abis|tadi|td|kemarin|kmrn|kemaren|"
    r"baru (?:saja|aja|pulang|selesai)|pulang)\b"
)
_NOT_YET = re.compile(r"\b(?:belum|blm|blom|belom|lum|tidak|tdk|gak|ga|gk|nggak|ngga|enggak|ndak|batal)\b")
_NEXT = re.compile(
    rf"\b(?:{_SEEN}|datang|dtg|jadwal\w*|kunjungan)(?: \w+){{0,2}} (?:lagi|lg|berikut\w*|brikut\w*|selanjutnya|ulang)\b"
    r"|\b(?:di)?(?:suruh|minta)\b|\b(?:balik|blik|kembali|kmbali)(?:nya)?\b|\bjadwal\w*\b"
    r"|\b(?:berikut\w*|brikut\w*|selanjutnya)\b|\b(?:lanjut|ketemu) lagi\b"
    rf"|\b(?:lagi|lg|besok|lusa) {_SEEN}\b"
)
#: "Tadi gak sempat periksa" was no visit.
_UNDONE = re.compile(
    r"\b(?:belum|blm|blom|belom|lum|tidak|tdk|gak|ga|gk|nggak|ngga|enggak|ndak)(?: \w+)? "
    rf"(?:{_SEEN}|sempat|smpt|sempet|jadi|jd|pergi|ke bidan|datang|bisa|dapat)\b|\bbatal\b"
)
_CANCELLED = re.compile(
    r"\b(?:batal\w*|dibatalkan|(?:tidak|tdk|gak|ga|gk|nggak|ngga|enggak|ndak) (?:jadi|jd)|gajadi|gakjadi)\b"
)
_SCAN = re.compile(r"\b(?:usg|di ?usg)\b")
#: Subjects that have a recorder of their own, and troubles that need an answer, not a note.
_OTHERS = re.compile(
    r"\b(?:imunisasi\w*|vaksin\w*|suntik\w*|bcg|dpt|polio|pcv|kb|pil|implan|spiral|iud|timbang\w*|ditimbang|gigi|mata|"
    r"sekolah|hb|lila|nikah|catin|laki|perempuan|cewek|cowok|lahir\w*|melahirkan|lahiran)\b"
)
_TROUBLE = re.compile(
    r"\b(?:sakit\w*|nyeri|perih|darah|pendarahan|perdarahan|flek|pusing|demam|panas|tensi|darting|tinggi|rendah|turun|"
    r"kurang|bengkak|mual|muntah|kejang|rujuk\w*|dirujuk|operasi|sungsang|lemas|sesak|keputihan|gatal|kontraksi|mules|"
    r"ketuban|gugur\w*|keguguran|meninggal|masalah|bahaya|khawatir|takut|anemia|infeksi|kuning|rewel|batuk|pilek|"
    r"diare|mencret|abnormal|kecil|besar|aneh|bingung|sedih)\b"
)
#: What the bidan measured, where it is no trouble (facts, kehamilan.yml: 140/90 and more is); told along with a visit.
_PRESSURE = re.compile(r"\b(?:tensi\w*|tekanan darah|td) ?:? ?(\d{2,3}) ?/ ?(\d{2,3})\b")
_HIGH = (140, 90)
_HER_WEIGHT = re.compile(
    r"\b(?:berat(?: badan)?|bb)(?:nya| saya| ibu)? ?:? ?(?:[3-9]\d|1\d\d)(?:[.,]\d)? ?(?:kg|kilo)?(?![\d.,])"
)
_KNOWN_WORDS = """
    sudah sdh sudh udah udh uda dah su telah barusan brusan selesai habis abis tadi td kemarin kmrn kemaren baru
    saja pulang belum blm blom belom lum tidak tdk gak ga gk nggak ngga enggak ndak sempat jadi periksa priksa
    diperiksa pemeriksaan periksanya meriksa kontrol kontrolnya kntrol control anc usg cek check chek ceck dicek
    hamil kehamilan kandungan janin bayi bayinya anak dedek dede adek bidan bidannya dokter dokternya puskesmas
    pustu rs rumah sakit klinik polindes posyandu pkm spog obgyn ke di dari sama dengan dgn oleh untuk dan lalu
    trus terus lagi lg tgl tanggal hari minggu bulan depan jam pagi siang sore malam malem nanti besok lusa
    kembali kmbali balik blik baliknya kembalinya datang dtg dateng disuruh suruh diminta minta jadwal jadwalnya
    berikut berikutnya brikutnya selanjutnya ulang kata katanya bilang hasil hasilnya sehat normal baik bagus aman
    lancar oke alhamdulillah alhamdulilah puji tuhan syukur semua semuanya istri istriku suami nya yang yg ini itu
    kunjungan nifas neonatal kn kf kesini kerumah mampir berkunjung dikunjungi pertama kedua ketiga keempat kelima
    keenam kali x lapor laporan catat tolong sekalian juga jg lengkap buku kia kandungannya usgnya ibu bapak tes
    lab kontrolku periksaku akhirnya ada hadir anc1 bu kunjungi sempet smpt mau
"""
_KNOWN = FILLERS | FIRM_YES | frozenset(_KNOWN_WORDS.split())
_THANKS = re.compile(r"\b(?:makasih|mksh|trims|thanks|terima ?kasih|trmksh|tks|suwun|nuwun)\b")


def read_visit(text: str, today: date) -> VisitReading:
    """Everything a short message says about a visit. Long messages are nobody's report. Never raises on any text."""
    plain = _without_measures(normalize(text))
    if not plain or len(plain) > _MOST_CHARS:
        return VisitReading()
    nearer, ahead = _parted(plain)
    done = bool(_DONE.search(plain)) and not _UNDONE.search(nearer)
    on, next_on = read_past_day(nearer, today), read_next_day(ahead, today)
    if next_on.usable and next_on.value is not None and next_on.value <= today and done:
        # "Sudah kontrol lagi kemarin" is a visit made, whatever the "lagi" sounds like.
        on, next_on = next_on, NO_DATE
    if on.problem == "future" and not next_on.usable:
        on, next_on = NO_DATE, _forward(nearer, today)
    if not done and on.usable and on.value is not None and not ahead:
        on, next_on = _planned(nearer, on, today)
    baby, mother = _who(plain)
    foreign = bool(_OTHERS.search(plain) or _TROUBLE.search(plain.replace("rumah sakit", " ")))
    strange = _strange(plain, on, next_on)
    return VisitReading(
        about=bool(_ABOUT.search(plain) or _BIDAN_CAME.search(plain)),
        done=done,
        not_yet=bool(_NOT_YET.search(plain)),
        on=on,
        next_on=next_on,
        ultrasound=bool(_SCAN.search(plain)),
        after_birth=bool(_AFTER_BIRTH.search(plain) or _BIDAN_CAME.search(plain)),
        baby=baby,
        mother=mother,
        plain=not foreign and strange <= _STRANGE,
        bare=not foreign and strange == 0 and not _THANKS.search(plain),
        question=looks_like_question(text),
        coming=bool(ahead) and (next_on.problem != "none" or bool(_AFTER_WEEKS.search(ahead))),
        cancelled=bool(_CANCELLED.search(plain)),
    )


def _without_measures(plain: str) -> str:
    """The message without a blood pressure that is not high and without the mother's weight."""

    def kept(found: re.Match[str]) -> str:
        upper, lower = int(found.group(1)), int(found.group(2))
        return " " if upper < _HIGH[0] and lower < _HIGH[1] else found.group()

    return " ".join(_HER_WEIGHT.sub(" ", _PRESSURE.sub(kept, plain)).split()).strip(" ,")


#: A day of the month without its month means the last one, if it is no further back.
_NEAR = timedelta(days=31)
_NUMBERS = {"satu": 1, "se": 1, "dua": 2, "tiga": 3, "empat": 4, "lima": 5, "enam": 6}
_AFTER_WEEKS = re.compile(
    r"\b(?P<n>\d{1,2}|satu|dua|tiga|empat|lima|enam|se) ?(?P<unit>minggu|mgg|mggu|mnggu|pekan|hari|hr)\b"
)
_DAY_OF_MONTH = re.compile(r"\b(?:tgl|tanggal) ?(\d{1,2})\b(?! ?[/.-]?\d)")


def read_past_day(text: str, today: date) -> DateReading:
    """The day of a visit made; "tgl 17" is the last 17th, if it is not long ago."""
    found = read_date(text, today, max_years=None)
    near = found.value is not None and timedelta(0) <= today - found.value <= _NEAR
    if found.problem == "vague" and found.precision == "day" and near:
        return replace(found, problem=None)
    return found


def read_next_day(text: str, today: date) -> DateReading:
    """The day of a visit to come, as bidans give it: also "2 minggu lagi", "lagi 10 hari", "tgl 5"."""
    found = read_date(text, today, prefer="future")
    if found.usable or not text:
        return found
    if weeks := _AFTER_WEEKS.search(text):
        count = _NUMBERS.get(weeks.group("n")) or int(weeks.group("n"))
        days = count if weeks.group("unit") in {"hari", "hr"} else 7 * count
        return DateReading(today + timedelta(days=days), "day", None, weeks.group(), absolute=False)
    day = _DAY_OF_MONTH.search(text)
    if day and found.value is None and (ahead := _next_day_of_month(int(day.group(1)), today)):
        return DateReading(ahead, "day", None, day.group(), absolute=True)
    return found


def _next_day_of_month(day: int, today: date) -> date | None:
    for ahead in range(1, 32):
        if (on := today + timedelta(days=ahead)).day == day:
            return on
    return None


def _parted(plain: str) -> tuple[str, str]:
    """What is said of the visit itself and what of the next one."""
    cue = _NEXT.search(plain)
    return (plain, "") if cue is None else (plain[: cue.start()], plain[cue.start() :])


def _forward(text: str, today: date) -> DateReading:
    found = read_date(text, today, prefer="future")
    return found if found.usable else NO_DATE


def _planned(text: str, on: DateReading, today: date) -> tuple[DateReading, DateReading]:
    """Without "sudah" a day without a year is the coming one: "kontrol tgl 5 desember"."""
    ahead = _forward(text, today)
    if ahead.usable and ahead.absolute and ahead.value is not None and ahead.value > today:
        return NO_DATE, ahead
    return on, NO_DATE


def _who(plain: str) -> tuple[bool, bool]:
    baby = bool(re.search(r"\b(?:bayi\w*|dedek\w*|dede\w*|adek\w*|neonatal|kn ?[1-3])\b", plain))
    mother = bool(re.search(r"\b(?:saya|sy|aku|ibunya|jahitan|nifas|istri\w*|kf ?[1-4])\b", plain))
    return baby and not mother, mother and not baby


def _strange(plain: str, on: DateReading, next_on: DateReading) -> int:
    """How many words nobody would need for such a report."""
    for day in (on, next_on):
        if day.matched:
            plain = plain.replace(day.matched, " ")
    return sum(
        word not in _KNOWN and len(word) > 1 and all(token.kind == "word" for token in tokens_of(word))
        for word in words_of(plain)
    )
