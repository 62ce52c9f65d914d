"""What people write about their own data: see it, take it away, correct it, erase it, stop a topic, withdraw a consent.

Each reader is sure: the message says that and nothing else, politeness aside.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from sapa.family.reading.words import looks_like_question, normalize, read_yes_no
from sapa.messaging.text import fold

# ------------------------------------------------------------------------------------------------- see and take away

_SEE = re.compile(
    r"(?:lihat |liat |cek |apa |tampilkan |minta )?(?:semua )?data ?(?:saya|sy|ku|aku|kami)|profil(?: saya| sy)?"
)
_TAKE = re.compile(
    r"(?:tolong )?(?:unduh|download|donlod|donlot|ekspor|export|eksport|salin|salinan|kirim|kirimkan|minta|ambil)"
    r"(?: salinan| file| berkas)? data(?:ku|nya)?(?: saya| sy| aku| kami)?"
)
_POLITE = frozenset(
    {"bu", "ibu", "bun", "pak", "bapak", "kak", "min", "admin", "dong", "ya", "tolong", "mohon", "minta"}
)


def wants_to_see(text: str) -> bool:
    """Whether a message asks for what is kept ("data saya")."""
    return any(_SEE.fullmatch(words) for words in _ways_said(text))


def wants_file(text: str) -> bool:
    """Whether a message asks for the file and nothing else ("unduh data")."""
    return any(_TAKE.fullmatch(words) for words in _ways_said(text))


def _ways_said(text: str) -> tuple[str, str]:
    """The message as it is, and without politeness."""
    words = fold(text)[:10]
    return " ".join(words), " ".join(word for word in words if word not in _POLITE)


# ------------------------------------------------------------------------------------------------------------- erase

# The whole message, politeness aside: "hapus data Ani saja" is something else, and a human's.
_ASKS = re.compile(
    r"(?:(?:tolong|mohon|minta|saya|sy|mau|bu|kak|min|pak) )*(?:hapus|hapuskan|hapusin|delete|hilangkan|hps)"
    r"(?: semua)? (?:data|akun|dataku|akunku|datanya)(?: (?:saya|sy|ku|aku|kami|semua|semuanya))*"
    r"(?: (?:ya|dong|bu|kak|min|pak))*"
)
_YES = re.compile(
    r"(?:(?:ya|iya|oke|ok|baik|yakin|setuju|silakan) )*(?:hapus|hapuskan|hapusin|delete)"
    r"(?: (?:semua|semuanya|data|datanya|saja|aja|saya|sy|sekarang|ya|bu|kak))*"
)


def wants_erasure(text: str) -> bool:
    """Whether a message asks in so many words for everything to be erased."""
    return _ASKS.fullmatch(" ".join(fold(text)[:14])) is not None


def confirms_erasure(text: str) -> bool:
    """Whether a message says yes to being erased."""
    return _YES.fullmatch(" ".join(fold(text)[:14])) is not None or read_yes_no(text) is True


# ----------------------------------------------------------------------------------------------------------- correct

_PREGNANCY_WORDS = (
    ("hpht", re.compile(r"\b(?:hpht|haid terakhir|mens terakhir|menstruasi terakhir)\b")),
    ("hpl", re.compile(r"\b(?:hpl|perkiraan lahir|hari perkiraan|due date|taksiran)\b")),
)
_OWN_NAME = re.compile(r"\b(?:nama (?:saya|sy|aku|ku|ibu|bapak)|namaku|nama sendiri)\b(?! anak)")
_ANOTHER_JOURNEY = re.compile(r"\b(?:nomor|nomer|nmr|no hp|pindah|jadwal|dosis|suntik\w*|imunisasi|berat|timbang\w*)\b")
_OPENERS = re.compile(
    r"(?:(?:mau|saya|sy|tolong|mohon|minta|bu|kak|min) )*(?:ubah|ganti|koreksi|perbaiki|betulkan|benerin|edit)"
    r"(?: (?:data|profil|isi|datanya|biodata))?(?: (?:saya|sy|anak|ku|kami))*(?: (?:ya|dong|bu|kak))*"
)
# Words about the record itself, which could be read as a name.
_ABOUT_RECORD = re.compile(
    r"\b(?:ter(?:catat|tulis|daftar|simpan|ketik)|(?:di)?catat|mohon|tolong|tlg|minta|di sini|disini)\b"
)


def may_correct(text: str) -> bool:
    """False for a question, and for what other dialogues are for (a new number, a move, doses, weighings)."""
    return not looks_like_question(text) and _ANOTHER_JOURNEY.search(normalize(text)) is None


def wants_to_correct(text: str) -> bool:
    """Whether a message asks to change something that is kept, without saying what."""
    return _OPENERS.fullmatch(normalize(text).strip(" .!")) is not None


def pregnancy_date_named(plain: str) -> str | None:
    """Which date of a pregnancy a normalized message names: "hpht" or "hpl"."""
    return next((field for field, words in _PREGNANCY_WORDS if words.search(plain)), None)


def speaks_of_own_name(plain: str) -> bool:
    """Whether a normalized message is about the sender's own name."""
    return _OWN_NAME.search(plain) is not None


def without_owner(text: str) -> str:
    """The message with "my name" as plain "name"."""
    return re.sub(r"(?i)\bnama(?:ku| saya| sy| aku| ibu| bapak)\b", "nama", text)


def without_record_words(text: str) -> str:
    """The message without words about the record itself, which could be read as a name."""
    return _ABOUT_RECORD.sub(" ", text)


# ------------------------------------------------------------------------------------------------- topics and consents

# Not a campaign of its own: every message of rank "tip", whatever its campaign.
TIPS = "tips"
TOPICS = ("posyandu", "hamil", "nifas", "anak", "catin", "kb", "ayah", TIPS)

# How a topic is called. The longer ways stand first: "pesan ayah" is the father's, "tips hamil" the pregnancy's.
_CALLED = {
    "ayah": r"ayah|bapak siaga|suami|gati|papa",
    "hamil": r"hamil|kehamilan|ibu hamil|bumil|periksa hamil|anc|janin|kandungan",
    "nifas": r"nifas|masa nifas|habis melahirkan|setelah melahirkan",
    "catin": r"catin|calon pengantin|pranikah|pra nikah|nikah|pernikahan|menikah",
    "kb": r"kb|kontrasepsi|keluarga berencana",
    "posyandu": r"posyandu|imunisasi|vaksin|jadwal posyandu|jadwal imunisasi|suntik anak",
    "anak": r"anak|tumbuh kembang|perkembangan anak|mpasi|makan anak",
    TIPS: r"tips|tip|info gizi|saran|edukasi",
}
_STOP = r"stop|stopin|setop|berhenti|brhenti|brenti|berenti|hentikan|henti|matikan|nonaktifkan"
_DONT = (
    r"(?:jangan|jgn|tidak usah|ga usah|gak usah|gausah|tdk usah|tidak mau|ga mau|gak mau|tdk mau)"
    r"(?: lagi)?(?: (?:kirim|kirimi|kirimin|dikirim|dikirimi|dikirimin|mengirim|diingatkan|ingatkan|terima|menerima))?"
)
_RESUME = (
    r"mulai(?:kan)?(?: lagi)?(?: kirim| kirimkan)?|lanjut(?:kan|in)?(?: lagi)?|aktifkan(?: lagi| kembali)?"
    r"|nyalakan(?: lagi)?|hidupkan(?: lagi)?|kirim(?:i|kan|in)?(?: lagi)|mau(?: lagi)?(?: dikirim| dikirimi| terima)"
)
_MESSAGES = (
    r"(?: (?:pesan|pesannya|psn|pengingat|pengingatnya|info|informasi|notif|notifikasi|kiriman|wa|sms|jadwal|tips|tip"
    r"|soal|tentang|mengenai|untuk|utk|buat|yang|yg|lagi|dulu))*"
)
_AFTER = r"(?: (?:saja|aja|sj|lagi|dulu|nya|ya|bu|kak|min|pak|bun|dong|kembali))*"
_SOFTLY = r"(?:(?:tolong|mohon|minta|mau|bu|kak|min|pak|bun|maaf|ok|oke) )*"
_OF_MESSAGES = re.compile(
    r"\b(?:pesan\w*|psn|pengingat\w*|info|informasi|notif\w*|kiriman|wa|sms|tips?|\w*kirim\w*|\w*ingat\w*)\b"
)
# "Stop hamil", "stop anak" alone could mean anything.
_NEEDS_MESSAGES = frozenset({"hamil", "nifas", "anak"})
# Said of oneself, "berhenti KB" is about the method, not about our messages.
_OF_ONESELF = re.compile(r"\b(?:saya|sy|aku|istri|kami|mau|ingin|pengen|boleh|kapan|sudah|udah)\b")
_WITHDRAW = re.compile(
    rf"{_SOFTLY}(?:cabut|batalkan|tarik|menarik|mencabut)(?: kembali)? (?:izin|ijin|persetujuan)(?:nya| saya)?"
    rf"(?: untuk| soal| tentang| data)* (?P<what>.+)"
)
_PURPOSES = {
    "child_care": r"anak|imunisasi|posyandu|bayi",
    "pregnancy_care": r"hamil|kehamilan|nifas",
    "family_planning": r"kb|kontrasepsi",
    "premarital": r"nikah|pranikah|catin|pernikahan|calon pengantin",
}


@dataclass(frozen=True)
class TopicWish:
    """What is to be stopped or resumed."""

    topic: str
    stop: bool


def read_topic_wish(text: str) -> TopicWish | None:
    """ "Stop KB", "jangan kirim pesan ayah", "mulai tips"; None for anything that is not only that."""
    words = " ".join(fold(text)[:14])
    if looks_like_question(text):
        return None
    for topic, called in _CALLED.items():
        for wanted, opening in ((True, rf"(?:{_STOP}|{_DONT})"), (False, rf"(?:{_RESUME})")):
            pattern = rf"{_SOFTLY}{opening}{_MESSAGES} (?:{called})(?: (?:{called}))?{_AFTER}"
            if re.fullmatch(pattern, words) is None:
                continue
            named = _OF_MESSAGES.search(words) is not None
            if not named and (topic in _NEEDS_MESSAGES or _OF_ONESELF.search(words)):
                return None
            return TopicWish(topic, wanted)
    return None


def read_withdrawal(text: str) -> str | None:
    """The purpose whose consent a message withdraws: "cabut izin data kehamilan"; None if none."""
    match = _WITHDRAW.fullmatch(" ".join(fold(text)[:14]))
    if match is None:
        return None
    return next(
        (purpose for purpose, called in _PURPOSES.items() if re.search(rf"\b(?:{called})\b", match["what"])), None
    )
