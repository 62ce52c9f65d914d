"""What a kader asks for in her own words: a posyandu day called, moved or cancelled, an announcement, a command.

A question is never an order: "jadwal posyandu besok jam berapa?" asks, "JADWAL posyandu besok jam 8" calls.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

from sapa.family.reading.kader_schedule import MAX_NOTE, MOVE_WORDS, POSYANDU, Day, Parts, read_parts
from sapa.family.reading.seats import read_code
from sapa.family.reading.words import FILLERS, looks_like_question, normalize, read_yes_no, tidy, words_of

Action = Literal["session", "moved", "cancelled", "announcement"]
CommandKind = Literal[
    "send", "undo", "slip", "report", "progress", "sessions", "invite", "lessons", "lessons_stop", "help", "howto"
]


@dataclass(frozen=True)
class KaderWish:
    """An order to call, move or cancel a session, or to announce something.

    text: the announcement, word for word. firm: so plainly an order that whoever may not give it has to be told so;
    what is not firm counts from a kader only.
    """

    action: Action
    parts: Parts = Parts()
    text: str = ""
    firm: bool = False


@dataclass(frozen=True)
class Command:
    """A short command. topic: which task is asked about ("howto"); role, rest: who is invited, for which place."""

    kind: CommandKind
    topic: str = ""
    role: str = ""
    rest: str = ""


# ----------------------------------------------------------------------------------------------------------- the orders

_ANNOUNCE = re.compile(
    r"^\W*(?:(?:tolong|mohon|minta|bantu|bisa|halo|min|admin) )*"
    r"(?P<verb>pengumuman(?:nya)?|umumkan|umumin|umumkn|umumke|ngumumin|diumumkan|mengumumkan|siarkan|siarkn"
    r"|siarin|siaran|broadcast|sebarkan|sebarin|sbrkn"
    r"|(?:info(?:kan)?|kabari|kabarkan|beri ?tahu(?:kan)?|kasih tahu|sampaikan)(?: ke| kepada| pada)?(?= semua"
    r"| (?:para )?(?:ibu|warga)))"
    r"(?P<to>(?: ?(?:ke|kepada|untuk|utk|pada|bagi))?(?: semua| para| seluruh)*(?: (?:ibu[ -]?ibu|ibu2|ibu"
    r"|warga|keluarga|orang ?tua|bunda)(?:nya)?)*"
    r"(?: (?:balita|posyandu|saya|kita|hamil|dan))*(?: (?:bahwa|kalau|kalo|klo|agar|supaya|untuk|utk))?)"
    r"(?P<sign>[ ]*[:\-–,.]+ *| +|$)"
)
_TAG = re.compile(r"\b(?:tidak|tdk|ga|gak|nggak|ngga|enggak)\W*$", re.IGNORECASE)
_WEAK = re.compile(r"info|kabar|beri|kasih|sampai")
_CALL = re.compile(
    r"\b(?:jadwal(?:kan|in)|menjadwalkan|adakan|mengadakan|diadakan|buat(?:kan)? jadwal|bikin(?:kan"
    r"|in)? jadwal|tambah(?:kan)? jadwal"
    r"|masuk(?:kan|in)? jadwal|kumpulkan ibu|undang (?:warga|ibu|semua)|panggil (?:warga|ibu))\b"
)
_SCHEDULE = re.compile(r"^\W*(?:(?:tolong|mohon|min|info|halo|bu|buat|bikin) )*(?:jadwal|jdwl|jadual)(?:nya)?\b")
_CANCEL = re.compile(
    r"\b(?:batal(?:kan|in)?|dibatalkan|dibatalin|membatalkan|ditiadakan|tiadakan|diliburkan|libur(?:kan)?"
    r"|cancel|dicancel"
    r"|(?:tidak|tdk|gak|ga|nggak|ndak) (?:jadi|jd)|gajadi|hapus jadwal)\b"
)
_BECAUSE = re.compile(r"\b(?:karena|krn|karna|sebab) ([^|]{3,80}?)(?:[.!]|,? (?:ya|bu|tolong|terima kasih)\b.*)?$")
_MOVE = re.compile(rf"\b(?:{MOVE_WORDS})\b")
_BECOMES = re.compile(r"\b(?:jadi|menjadi|jd) (?:jam|jm|pukul|pkl)\b")
_MENTIONS = re.compile(rf"\b(?:{POSYANDU})(?:nya)?\b")
# What other dialogues hear: a family that goes to another posyandu, a child's dose, somebody's own visit.
_OTHERS = re.compile(
    r"\b(?:imunisasi(?:nya)? (?:anak|si|bayi)|anak(?:ku| saya| aku| sy)|bayi(?:ku| saya)|kontrol|kb|suntik|pil"
    r"|anc|periksa|usg|lahir|hpht|hpl"
    r"|daftar(?:kan)?|kami pindah|saya pindah|pindah rumah|pindah alamat|dari posyandu|(?:sudah|udah|sdh|belum"
    r"|blm|habis|abis) (?:ke )?posyandu"
    r"|saya (?:ke|di|ikut|mau ke)|pindah (?:ke )?posyandu (?:lain|baru)|pelajaran)\b"
)
_MOVES_HOUSE = re.compile(rf"\bpindah(?:kan)? (?:ke )?(?:{POSYANDU}) (?!.*\d)|\bke (?:{POSYANDU})\b")
# What makes a statement of a day a mother's own: she speaks of her child, herself, an illness.
_HER_OWN = re.compile(
    r"\b(?:anak|adik\w*|kakak\w*|bayi|dedek|adek|si kecil|hamil|janin|suami|saya (?:absen|bawa|mau|ingin|tidak|belum)"
    r"|batuk|pilek|demam|sakit|disuntik"
    r"|dikabari|dikabarkan|diingatkan|diingetin|ikut)\b|\bposyandu(?:nya)? (?:kami|saya) (?:dipindah|ganti|pindah)"
)
# Questions without a question word or mark.
_ASKS = re.compile(
    r"\b(?:ada|jadi|buka|libur|batal|pindah|diundur) (?:ga|gak|gk|nggak|ngga|tidak|tdk|enggak|kah"
    r"|apa)\b(?! (?:jadi|ada))|\b\w+kah\b"
    r"|\b(?:nanya|tanya|bertanya|mohon info|minta info|penjelasan)\b"
)
# Verbs that command, wherever they stand.
_ORDERS = re.compile(
    r"^\W*(?:(?:tolong|mohon|min|bu|minta|halo) )*(?:jadwalkan|jadwalin|batalkan|batalin|liburkan|tiadakan"
    r"|pindahkan|undur(?:kan)?|mundurkan"
    r"|majukan|geser(?:kan)?|tunda|hapus jadwal|pindah (?:jadwal )?posyandu (?:tanggal|tgl|hari|dari))\b"
)
_PUT_OFF = re.compile(r"\b(?:(?:di|me)?(?:undur|mundur|geser|maju|tunda)(?:kan|in)?|dimundurkan|dimajukan|memajukan)\b")
# Whose illness is a reason to call a day off, and no mother's question.
_STAFF_ILL = re.compile(
    r"\b(?:bu |ibu |pak )?(?:bidan|dokter|petugas|kader|mantri|perawat)(?:nya)? (?:lagi |sedang |sdg |masih )?"
    r"(?:sakit|demam|hamil|cuti)\b"
)
# "Mau bikin jadwal": an order that names nothing yet. "Diundur ke tgl 17": only a kader's, who has one day in mind.
_BARE_CALL = re.compile(
    r"(?:(?:saya|sy|mau|ingin|tolong|minta|bu|min|halo) )*(?:buat|bikin|tambah|atur|susun)(?:kan|in)?"
    r" (?:jadwal|jdwl|jadual)(?: (?:baru|posyandu|lagi|dong|ya))*"
)
_BECOMES_DAY = re.compile(rf"^(?:{POSYANDU})(?:nya)?(?: \w+)? (?:jadi|jadinya|menjadi) (?:hari|tanggal|tgl|tggl|\d)")
_LONGEST, _SHORT = 30, 8


def read_order(text: str, today: date, known: Sequence[str] = ()) -> KaderWish | None:
    """The order in a message, None where there is none. known: names of the posyandu that may be meant."""
    plain = normalize(text).strip()
    if not plain or plain.startswith("/"):
        return None
    announced = _announcement(text)
    if announced is not None:
        return announced
    if len(plain.split()) > _LONGEST or looks_like_question(text) or _ASKS.search(plain) or _OTHERS.search(plain):
        return None
    ordered = bool(_SCHEDULE.search(plain) or _ORDERS.search(plain))
    if not ordered and _HER_OWN.search(_STAFF_ILL.sub(" ", plain)):
        return None
    if _BARE_CALL.fullmatch(" ".join(words_of(text))):
        return KaderWish("session")
    parts = read_parts(text, today, known)
    if not (_MENTIONS.search(plain) or parts.posyandu or _SCHEDULE.search(plain) or _CALL.search(plain)):
        return _put_off(plain, parts)
    return _cancelled(plain, parts) or _moved(plain, parts) or _session(plain, parts)


def _named(*days: Day | None) -> bool:
    """Whether a day was named to the day, be it one that is not in the calendar: "bulan mei" names none."""
    return any(day is not None and day.wrong != "vague" for day in days)


def _announcement(text: str) -> KaderWish | None:
    written = tidy(text).strip()
    match = _ANNOUNCE.match(normalize(text).strip())
    if match is None:
        return None
    said = written[match.end() :].strip()
    told = bool(match["to"].strip())
    marked = any(sign in match["sign"] for sign in ":-–")
    noun = match["verb"].startswith(("pengumuman", "siaran", "broadcast"))
    if noun and not marked and (not told or "?" in said):
        return KaderWish("announcement") if not said else None
    # "Kasih tahu ibu hamil boleh makan apa" is a question to us, "umumkan" never is.
    asks = _WEAK.match(match["verb"]) is not None
    if asks and (looks_like_question(text) or _TAG.search(written)):
        return None
    return KaderWish("announcement", text=said, firm=bool(said) and not asks)


def _cancelled(plain: str, parts: Parts) -> KaderWish | None:
    if _CANCEL.search(plain) is None or (parts.new_day is not None and parts.day is not None):
        return None
    commanded = bool(_ORDERS.search(plain))
    if not (commanded or _named(parts.day) or len(plain.split()) <= _SHORT):
        return None
    why = _BECAUSE.search(plain)
    if why is not None:
        parts = replace(parts, note=f"karena {why[1]}"[:MAX_NOTE])
    return KaderWish("cancelled", parts, firm=commanded or _named(parts.day))


def _moved(plain: str, parts: Parts) -> KaderWish | None:
    # "Posyandu tanggal 10 jadi jam 9" has no verb, and is a move all the same.
    retimed = parts.day is not None and parts.time is not None and bool(_BECOMES.search(plain))
    if parts.day is None and parts.new_day is not None and _BECOMES_DAY.search(plain):
        return KaderWish("moved", parts)
    if not _MOVE.search(plain) and not retimed and (parts.day is None or parts.new_day is None):
        return None
    dated = _named(parts.day, parts.new_day)
    if dated:
        return KaderWish("moved", parts, firm=True)
    # "Pindah posyandu ke Mawar", "ganti posyandu" is a family that moves, and its own dialogue.
    spoken = parts.time is not None or _PUT_OFF.search(plain) or re.search(r"\b(?:jadwal|jam|hari|tanggal)\w*\b", plain)
    return KaderWish("moved", parts) if spoken and len(plain.split()) <= _SHORT else None


def _put_off(plain: str, parts: Parts) -> KaderWish | None:
    """ "Diundur lagi ke tgl 17": what is put off is not said, and is a posyandu day for nobody but a kader."""
    told = _PUT_OFF.search(plain) and _named(parts.day, parts.new_day) and len(plain.split()) <= _SHORT
    if not told:
        return None
    return KaderWish("moved", parts if parts.new_day is not None else replace(parts, day=None, new_day=parts.day))


def _session(plain: str, parts: Parts) -> KaderWish | None:
    called, noun = bool(_CALL.search(plain)), bool(_SCHEDULE.search(plain))
    mentioned = bool(_MENTIONS.search(plain)) or parts.posyandu is not None
    where_or_when = parts.time is not None or parts.place is not None
    dated = _named(parts.day)
    about_dose = re.search(r"\bjadwal(?:nya)? (?:imunisasi|vaksin|suntik|kontrol|minum|timbang|menyusui|makan)", plain)
    if re.search(r"\b(?:kemarin|kemaren|kmrn|tadi)\b", plain) or (about_dose and not called and not mentioned):
        return None
    told = mentioned or (dated and where_or_when)
    if not told or not (
        (called and (mentioned or dated)) or (noun and (dated or parts.time)) or (dated and where_or_when)
    ):
        return None
    return KaderWish("session", parts, firm=(called or noun) and dated and where_or_when)


# --------------------------------------------------------------------------------------------------- what is changed

_CHANGE = frozenset(["ubah", "ganti", "rubah", "salah", "ralat", "koreksi", "revisi", "edit", "perbaiki"])
_BY_TODAY = re.compile(
    r"\b(?:besok|bsk|besuk|esok|lusa|hari ini|hr ini|(?:tadi|nanti) (?:pagi|siang|sore|malam)"
    r"|(?:pagi|siang|sore|malam) ini|kemarin|kmrn)\b"
)
_SEND = frozenset(["kirim", "kirimkan", "kirimlah", "krim", "kirin"])


def says_send(text: str) -> bool:
    """KIRIM and little around it. A "ya" is not enough: dozens of families will read what is sent."""
    words = words_of(text)
    rest = [
        word for word in words if word not in _SEND and word not in FILLERS and word not in {"sekarang", "ok", "oke"}
    ]
    return bool(set(words) & _SEND) and not rest and "?" not in text


def names_day(text: str) -> bool:
    """Whether words name a day by today's: "besok", "hari ini", "nanti malam". Read tomorrow, they mean another."""
    return bool(_BY_TODAY.search(normalize(text)))


def says_change(text: str) -> bool:
    """UBAH, alone or with what shall be changed."""
    return bool(set(words_of(text)[:2]) & _CHANGE)


def without_change(text: str) -> str:
    """The message without its UBAH and the names of fields: "ubah tempat jadi rumah Bu RT" -> "di rumah Bu RT"."""
    written = re.sub(
        r"^\W*(?:tolong )?(?:di)?(?:ubah|ganti|rubah|ralat|koreksi|revisi|edit|perbaiki)(?:kan)?\b[ :]*",
        "",
        tidy(text).strip(),
        flags=re.IGNORECASE,
    )
    written = re.sub(r"^(?:tempat|lokasi)(?:nya)? ?(?:jadi|ke|menjadi|di|:)* ?", "di ", written, flags=re.IGNORECASE)
    written = re.sub(
        r"^(?:tanggal|tgl|hari|jadwal)(?:nya)? (?:jadi|ke|menjadi) ", "tanggal ", written, flags=re.IGNORECASE
    )
    return re.sub(
        r"^(?:jam|waktu|pukul)(?:nya)? ?(?:jadi|ke|menjadi)? ?(?:jam )?", "jam ", written, flags=re.IGNORECASE
    )


# --------------------------------------------------------------------------------------------------------- the commands

_POLITE = FILLERS - frozenset(["kader", "bidan", "jadi", "saya", "sy", "aku", "ak", "kami"])
_UNDO = re.compile(
    r"^(?:batal|batalkan|batalin|batal kirim|jangan (?:jadi )?(?:di)?kirim|jgn dikirim|(?:gak|ga|tidak|tdk"
    r"|nggak) jadi(?: kirim| dikirim)?|undo|tarik(?: lagi| kembali)?|cancel)"
    r"(?: (?:ya|dulu|dong|aja|saja|siaran|siarannya|kirim|pengirimannya|yang tadi|tadi))*$"
)
_REPORT = re.compile(
    r"^(?:(?:minta|lihat|mau|tolong|cek) )*(?:laporan(?:nya)?|lapor|hasil(?:nya)?|rekap)"
    r"(?: (?:siaran|siarannya|posyandu|terakhir|kader|kemarin|bulan ini|saya|dong))*$"
    r"|^siapa (?:saja )?(?:yang|yg) (?:belum|blm|sudah|sdh|tidak) (?:baca|terima|sampai|dapat|terkirim)\w*$"
)
_PROGRESS = re.compile(
    r"^(?:sudah |udah )?sampai? ?mana(?: siarannya| pengirimannya| pesannya)?$|^(?:sudah|udah|sdh) (?:ter"
    r"|di)?kirim(?: semua| berapa| belum| blm)*$"
    r"|^(?:sudah )?(?:ter|di)kirim (?:semua|berapa|belum)$|^progres\w*(?: siaran)?$|^berapa (?:yang"
    r"|yg) (?:sudah|udah) (?:ter|di)kirim$"
)
# "Eh salah tempat", said a minute after KIRIM: it can still be taken back.
_SLIP = re.compile(
    r"^(?:(?:eh+|aduh|waduh|maaf|lho|loh|yah) )*(?:salah|keliru)(?: (?:tempat|tanggal|tgl|jam|hari|kirim|ketik|tulis"
    r"|itu|tadi)\w*)*$"
)
_SESSIONS = frozenset(
    {
        "jadwal",
        "jadwal posyandu",
        "jadwal sesi",
        "daftar jadwal",
        "lihat jadwal",
        "jadwal kader",
        "daftar jadwal posyandu",
    }
)
_INVITE = re.compile(
    r"^(?:(?:saya|mau|ingin|tolong|minta|kode) )*(?:undang|undangan|ajak|tambah(?:kan)?|mengundang"
    r"|daftarkan) (?P<role>kader|bidan)(?: baru)?"
    r"(?: (?:untuk|utk|di|ke))?(?P<rest>(?: .+)?)$"
)
_LESSONS = re.compile(
    r"^(?:(?:saya|mau|ingin|minta|ikut|daftar|mulai|lanjut(?:kan)?) )*(?:pelajaran|belajar kader"
    r"|pelajaran kader|pelajaran lagi)$"
)
_LESSONS_STOP = re.compile(
    r"^(?:stop|berhenti|hentikan|setop|batal|tidak mau|gak mau|nggak mau) (?:ikut )?pelajaran(?: kader| lagi)?$"
)
_HELP = frozenset(
    {"bantuan kader", "menu kader", "kader bantuan", "panduan kader", "perintah kader"}
    | {"bantuan untuk kader", "saya kader", "sy kader", "saya kader posyandu"}
)
_HOW = re.compile(r"\b(?:cara|caranya|gimana|gmn|gmna|bagaimana|bgmn|bgaimana|bantuan|panduan)\b")
# What a mother asks as well, or somebody in need: never one of the tasks.
_NO_TASK = re.compile(
    r"\b(?:anak|bayi|imunisasi\w*|suntik\w*|vaksin|dpt|makan\w*|minum\w*|menyusu\w*|kb|pil|demam|sakit|muntah"
    r"|janin|kdrt|darah|darurat"
    r"|ambulans|hamil|kakek|nenek|suami|jatuh|suhu)\b|\bpindah posyandu$|\bganti posyandu\b"
)
# Which task a question is about, the narrowest first.
_TASKS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("konsol", re.compile(r"\b(?:konsol|komputer|laptop|website|browser|login)\b")),
    ("pelajaran", re.compile(r"\b(?:ikut|dapat|minta|stop|berhenti)? ?pelajaran\b")),
    (
        "undang",
        re.compile(r"\b(?:undang|mengundang|ajak|mengajak|tambah|menambah)\b.*\b(?:kader|bidan)\b|\bkader baru\b"),
    ),
    (
        "kasus",
        re.compile(
            r"\bkasus\b|\b(?:men)?jawab (?:keluhan|pertanyaan|ibu|warga|keluarga)\b|\bkeluhan (?:ibu|warga"
            r"|keluarga)\b"
        ),
    ),
    (
        "daftar-keluarga",
        re.compile(
            r"\b(?:daftar|mendaftar|daftarkan|mendaftarkan)\b.*\b(?:keluarga|warga|ibu)\b|\b(?:keluarga|warga"
            r"|ibu)\b.*\b(?:tanpa|tidak punya|gak punya|ga punya|nggak punya) (?:hp|wa|whatsapp)\b"
        ),
    ),
    (
        "tidak-datang",
        re.compile(
            r"\b(?:ibu|warga|keluarga|balita|yang|yg)\b.*\b(?:tidak|tdk|gak|ga|nggak|belum) (?:datang|hadir)\b"
            r"|\b(?:catat|mencatat|daftar|lihat) kunjungan\b|\bkunjungan rumah$"
        ),
    ),
    (
        "memindah",
        re.compile(
            r"\b(?:memindah\w*|pindah\w*|undur\w*|mengundur\w*|memundurkan|geser|menggeser|mengganti|ganti"
            r"|mengubah|ubah)\b.*\b(?:jadwal|hari posyandu|tanggal posyandu|jam posyandu|tempat posyandu"
            r"|posyandu)\b"
        ),
    ),
    (
        "membatalkan",
        re.compile(r"\b(?:batal\w*|membatalkan|meniadakan)\b.*\b(?:posyandu|siaran|jadwal|pengumuman|pesan)\b"),
    ),
    ("mengumumkan", re.compile(r"\b(?:pengumuman|mengumumkan|umumkan|siaran|menyiarkan)\b")),
    (
        "laporan",
        re.compile(
            r"\b(?:lihat|melihat|minta|baca|dapat|cek) (?:hasil )?laporan\b|\blaporan (?:posyandu|siaran"
            r"|kader)\b|\bsiapa (?:yang|yg) baca\b"
        ),
    ),
    (
        "hadir",
        re.compile(
            r"\b(?:catat|mencatat|nyatat|kirim|isi|tulis|input|masukkan)\b.*\b(?:hadir|kehadiran|absen"
            r"|timbangan|timbang|hasil timbang|berat)\b|\bdaftar hadir\b"
        ),
    ),
    (
        "menjadwalkan",
        re.compile(
            r"\b(?:buat|bikin|membuat|menjadwal\w*|jadwalkan|mengirim|kirim|tambah|atur"
            r"|mengatur)\b.*\bjadwal\b|\b(?:menjadwal\w*|memanggil warga|kumpulkan warga|mengundang warga)\b"
            r"|\bbantuan jadwal\b"
        ),
    ),
)


def read_command(text: str) -> Command | None:
    """The short command a message is, whole; None for anything else."""
    line = " ".join(words_of(text))
    bare = " ".join(word for word in line.split() if word not in _POLITE)
    if not line or len(line.split()) > 14:
        return None
    if says_send(text):
        return Command("send")
    for kind, pattern in _COMMANDS:
        if pattern.match(line) or pattern.match(bare):
            return Command(kind)
    if bare in _SESSIONS or line in _SESSIONS:
        return Command("sessions")
    if line in _HELP or bare in _HELP:
        return Command("help")
    invited = _INVITE.match(bare)
    if invited:
        return Command("invite", role=invited["role"], rest=invited["rest"].strip())
    return _how_to(line)


_COMMANDS: tuple[tuple[CommandKind, re.Pattern[str]], ...] = (
    ("lessons_stop", _LESSONS_STOP),
    ("lessons", _LESSONS),
    ("undo", _UNDO),
    ("slip", _SLIP),
    ("report", _REPORT),
    ("progress", _PROGRESS),
)


def _how_to(line: str) -> Command | None:
    """A question about one of her tasks; what a mother could ask as well is left to the answers for families."""
    if not _HOW.search(line) or _NO_TASK.search(line):
        return None
    topic = next((name for name, pattern in _TASKS if pattern.search(line)), None)
    return Command("howto", topic=topic) if topic else None


_REDEEM = re.compile(
    r"^\W*(?:(?:saya|mau|jadi|ini|kode|daftar) )*(?:kader|tugas|bidan)(?: (?:kode|kodenya|baru|saya))*\W+(?=\d)"
)


def read_staff_code(text: str) -> str | None:
    """The six digits after KADER (or BIDAN, TUGAS), None where nobody takes up an invitation."""
    return read_code(text) if _REDEEM.match(normalize(text)) and len(words_of(text)) <= 8 else None


MAX_NAME = 60
_AROUND_NAME = re.compile(
    r"^(?:(?:nama|nm)(?: saya| aku)?(?: adalah)?|saya(?: adalah)?|panggil(?: saja)?|namaku)\b[ :]*|[ .,!]+$",
    re.IGNORECASE,
)
_LETTER = re.compile(r"[^\W\d_]")


def read_own_name(text: str) -> str | None:
    """The name somebody gives for herself: "nama saya rina" -> "Rina"; None for anything that is no name."""
    if looks_like_question(text) or read_yes_no(text) is not None or read_code(text) is not None:
        return None
    said = tidy(text).strip().split("\n")[0]
    while (shorter := _AROUND_NAME.sub("", said)) != said:
        said = shorter
    words = said.split()
    if not 1 <= len(words) <= 5 or len(said) > MAX_NAME or not _LETTER.search(said) or "/" in said:
        return None
    return " ".join(word if word[:1].isupper() else word.capitalize() for word in words)
