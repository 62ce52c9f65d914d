"""What people write about who follows the family, where it lives and which number it has. Pure, and sure or silent.

A seat is a place in the household for one more phone: father, grandmother. These messages come in the middle of any
talk, so a message counts only if all its words belong to such a wish: "suami mau ikut juga" does, "suami boleh ikut
ke posyandu?" does not.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from sapa.family.reading.child import match_posyandu
from sapa.family.reading.lexicon import is_everyday
from sapa.family.reading.words import FILLERS, FIRM_YES, looks_like_question, lower, normalize, tidy, words_of
from sapa.family.regions import PROVINCES, province_named

Action = Literal["invite", "join", "remove", "leave", "remind_me", "remind_less", "list"]

#: Length of the codes that one person passes to another.
CODE_DIGITS = 6

#: "Saya neneknya", in the middle of the question for consent.
SAYS_WHO = re.compile(r"\b(?:saya|sy|aku|ini) (?:ini |adalah |sebagai |sbg )?(\w+)\b")


@dataclass(frozen=True)
class SeatWish:
    """A wish about who follows the household.

    relation: ibu, ayah, nenek, kakek or lain, whose seat is meant, None where it is not said; code: the digits after
    IKUT as written (they may be too few), None for a bare "ikut"; name: a name of `names` that was said.
    """

    action: Action
    relation: str | None = None
    code: str | None = None
    name: str | None = None


def _set(*lines: str) -> frozenset[str]:
    return frozenset(" ".join(lines).split())


_RELATIONS: dict[str, frozenset[str]] = {
    "ayah": _set("ayah ayahnya ayahku bapak bapaknya bapake papa papanya papah papi abi abinya suami suamiku suaminya"),
    "ibu": _set("ibu ibunya ibuku ibuk mama mamanya mamah mami mamak bunda bundanya umi uminya istri istriku istrinya"),
    "nenek": _set("nenek neneknya nenekku oma omanya mbah mbahnya mbok eyang uti utinya nini ninik andung nek"),
    "kakek": _set("kakek kakeknya kakekku opa opanya mbahkung akung kung engkong aki datuk tete"),
    "lain": _set(
        "tante tantenya tanteku om omnya paman pamannya bibi bibinya bude budenya pakde pakdenya kakak kakaknya "
        "kakakku",
        "adik adiknya adikku adek kakaknya pengasuh pengasuhnya wali walinya keluarga saudara saudaraku sepupu uwak",
        "mertua mertuaku mertuanya art",
    ),
}
_RELATION_OF = {word: relation for relation, words in _RELATIONS.items() for word in words}
#: Said by a mother, these are a grandparent of the child.
_OF_HER = r"(?:mertua\w*|kandung|saya|sy|kami|aku|suami|istri)"
_TWO_WORDS = (
    (re.compile(rf"\b(?:ibu|mama|bu|mamak|bunda) {_OF_HER}\b|\bmertua perempuan\b"), "nenek"),
    (re.compile(rf"\b(?:bapak|ayah|papa|bpk|pak) {_OF_HER}\b|\bmertua laki2?\b"), "kakek"),
    (re.compile(r"\b(?:mbah|eyang) (?:kakung|kung|lanang)\b"), "kakek"),
    (re.compile(r"\b(?:mbah|eyang) (?:putri|uti|wedok)\b"), "nenek"),
)

_ADD = _set(
    "tambah tambahkan tambahin tmbah tambahi ajak ajakin undang undangin undangkan masukkan masukin ikutkan "
    "ikutin ikutsertakan",
    "sertakan daftarkan daftarin gabungkan gabungin libatkan hubungkan sambungkan",
)
_WISH = _set(
    "mau mo ingin pengen pengin pingin kepengen minta bisa bisakah boleh bolehkah blh bs supaya biar agar harus"
)
_FOLLOW = _set(
    "ikut ikutan gabung bergabung ikt diingatkan diingetin dingatkan dikirimi dikirimin dapat dapet dpt terima nerima",
    "menerima dikasih ngikutin mengikuti pantau memantau",
)
_ABOUT = _set(
    "pengingat pengingatnya pesan pesannya info infonya jadwal jadwalnya kabar kabarnya notif notifikasi anak "
    "anaknya bayi bayinya",
    "anakku kehamilan hamil juga jg jga pula di ke sini disini kesini nomor nomornya nomer no hp hpnya wa "
    "whatsapp kami kita",
    "untuk utk buat sebagai sbg jadi anggota orang satu lagi lg yang yg dan dengan dgn supaya biar agar bot "
    "layanan ini itu",
    "gimana gmn bagaimana bgmn cara caranya dari si nya baru sekarang skrg tolongin posyandu imunisasi keluarga "
    "kursi sama ga",
    "gak ngga nggak apa sudah udah sdh semua pengikut",
)
_REMINDED = _set("ingatkan ingetin kirimi kirim")
_REMOVE = _set(
    "keluarkan keluarin hapus hapuskan cabut coret lepas lepaskan hentikan berhentikan stop stopkan setop buang "
    "batalkan"
)
_REMOVE_ABOUT = _ABOUT | _set(
    "tidak tdk ga gak usah perlu boleh ikut diingatkan dikirimi jangan jgn daftar akses aksesnya keluarga"
)

_JOIN = re.compile(
    r"^\W*(?:(?:saya|sy|mau|ok|oke|baik|kode|halo|hai|permisi|bu|pak|kak|min|nih|ini)\W+)*"
    r"(?:ikut|ikt|iku|ikutt|ikut kode|kode ikut|gabung)\W*(?:kode|nomor|no|dengan|dgn|pakai|:|#|-)?\W*"
    r"(\d(?:[ .\-]?\d){2,8})\W*(?:(?:ya|bu|pak|kak|min|terima|kasih|makasih|dong)\W*)*$"
)
# "Saya disuruh istri kirim IKUT 466051": the word with six digits says it in any sentence but one about money.
_JOIN_WITHIN = re.compile(
    r"(?<![^\W_])ikut(?: kode| kodenya)?[ :#-]{0,3}(\d{3}[ .\-]?\d{3})(?![ .\-]?\d)(?! ?(?:rb|ribu|rupiah|orang|per)\b)"
)
_JOIN_BARE = re.compile(r"^\W*(?:ikut|ikutt?)\W*(?:ya|bu|pak|kak|min)?\W*$")
_SIX = re.compile(r"(?<![\d+])(?<!\d[ .\-])(?:\d{6}|\d{3}[ .\-]\d{3})(?![ .\-]?\d)")
_LIST = re.compile(
    r"\b(?:siapa|sapa|sp) (?:saja |aja |sj )?(?:yang |yg )?(?:ikut|terdaftar|diingatkan|dapat pengingat|gabung)\b"
    r"|\b(?:lihat|daftar|liat|cek) (?:anggota|pengikut|yang ikut|yg ikut)\b"
)
_LEAVE = re.compile(
    r"\bkeluar dari (?:keluarga|daftar keluarga|kursi|keikutsertaan)\b|\b(?:berhenti|stop) (?:ikut|mengikuti)\b"
    r"|\b(?:tidak|tdk|ga|gak|nggak|ngga) (?:mau |usah |jadi )?ikut lagi\b"
)
_REMIND_ME = re.compile(
    r"\b(?:saya|sy|aku) (?:juga|jg|jga) (?:mau|ingin|pengen|minta|tolong)? ?(?:di)?(?:ingatkan|ingetin|kirimi|"
    r"dikirimi|dapat pengingat)\b"
    r"|\b(?:ingatkan|ingetin|kirimi|kirim ke) (?:saya|sy|aku) (?:juga|jg|jga)\b"
    r"|\b(?:saya|sy|aku) (?:mau|ingin|pengen|minta) (?:juga |jg )?(?:di)?(?:ingatkan|ingetin|kirimi|"
    r"dikirimi) (?:juga|jg|jga)\b"
    r"|\b(?:saya|sy|aku) (?:juga |jg )?(?:mau|ingin|pengen|minta) (?:dapat |dpt |"
    r"terima )?pengingat(?:nya)? (?:juga|jg|jga)\b"
    r"|\b(?:saya|sy|aku) (?:juga|jg|jga) (?:mau|ingin|pengen|minta) (?:dapat |dpt |terima )?pengingat(?:nya)?\b"
)
_REMIND_LESS = re.compile(
    r"\bcukup (?:satu|1|ibu|ibunya|istri|bunda|mama|ayah|suami|bapak|nenek|satu nomor)\w* (?:saja |aja |"
    r"sj )?(?:yang |yg )?"
    r"(?:diingatkan|diingetin|dapat pengingat|pengingat|dikirimi)\b|\bpengingat(?:nya)? cukup (?:ke |satu|1)"
    r"|\bpengingat(?:nya)? ke (?:ibu|istri|mama|suami|ayah)\w* (?:saja|aja|sj)\b"
)


def read_seat(text: str, names: tuple[str, ...] = ()) -> SeatWish | None:
    """The wish about seats that the whole message is, None if it is anything else. `names`: members by their names."""
    plain = normalize(text)
    told = words_of(text)
    if not told or len(told) > 16:
        return None
    within = _JOIN_WITHIN.search(plain)
    joined = _JOIN.match(plain)
    if within and not joined:
        # Who else is named ("disuruh istri") is not who writes.
        return SeatWish("join", None, re.sub(r"\D", "", within.group(1)))
    if joined:
        return SeatWish("join", read_relation(text), re.sub(r"\D", "", joined.group(1)))
    if _JOIN_BARE.match(plain):
        return SeatWish("join")
    line = " ".join(told)
    if _REMIND_LESS.search(line):
        return SeatWish("remind_less")
    others = any(word in _RELATION_OF and word not in FILLERS for word in told) or read_relation(text) is not None
    if not others and _REMIND_ME.search(line) and _covered(told, _WISH | _FOLLOW | _ABOUT | _REMINDED):
        return SeatWish("remind_me")
    if _LIST.search(line):
        return SeatWish("list")
    if _LEAVE.search(line):
        return SeatWish("leave")
    return _removal(told, names) or _invitation(told, text)


def _invitation(told: list[str], text: str) -> SeatWish | None:
    relation = read_relation(text)
    if relation == "lain" and not _RELATIONS["lain"] - {"keluarga"} & set(told):
        relation = None  # "tambah keluarga": whoever it may be
    adds = any(word in _ADD for word in told)
    wishes = any(word in _WISH for word in told) and any(word in _FOLLOW for word in told)
    whom = relation is not None or (adds and bool({"anggota", "orang", "keluarga"} & set(told)))
    told = [word for word in told if not word.isdigit()]
    # "saya mau ikut" is somebody who has no code yet: nobody is invited by it.
    if not whom or not (adds or wishes) or not _covered(told, _ADD | _WISH | _FOLLOW | _ABOUT):
        return None
    about_event = {"posyandu", "imunisasi"} & set(told) and not {"pengingat", "jadwal", "info", "pesan"} & set(told)
    if about_event and not adds:
        return None  # "suami boleh ikut ke posyandu?" asks about the posyandu
    if {"kehamilan", "hamil", "anak", "bayi"} & set(told) and adds and relation is None:
        return None  # "tambah anak" registers a child
    return SeatWish("invite", relation)


def _removal(told: list[str], names: tuple[str, ...]) -> SeatWish | None:
    if not any(word in _REMOVE for word in told):
        return None
    name = next((name for name in names if set(words_of(name)[:1]) & set(told)), None)
    relation = read_relation(" ".join(told))
    rest = set(words_of(name)) if name else set()
    if not (name or relation) or not _covered([w for w in told if w not in rest], _REMOVE | _REMOVE_ABOUT):
        return None
    # "hapus data ibu" is about data, "stop pengingat ayah" about a topic.
    if {"data", "pengingat", "pesan", "info", "notif"} & set(told) and not {"keluarkan", "keluarin", "cabut"} & set(
        told
    ):
        return None
    return SeatWish("remove", relation, name=name)


def _covered(told: list[str], vocabulary: frozenset[str]) -> bool:
    known = vocabulary | FILLERS | set(_RELATION_OF)
    return all(word in known for word in told)


def read_relation(text: str) -> str | None:
    """Who somebody is to the child: ibu, ayah, nenek, kakek or lain; None where nothing or more than one is said.

    Words of address do not count where another word says it: "neneknya bu" is the grandmother.
    """
    line = " ".join(words_of(text))
    for pattern, relation in _TWO_WORDS:
        if pattern.search(line):
            return relation
    found = [_RELATION_OF[word] for word in line.split() if word in _RELATION_OF]
    address = [_RELATION_OF[word] for word in line.split() if word in _RELATION_OF and word not in FILLERS]
    kinds = list(dict.fromkeys(address or found))
    if len(kinds) == 2 and "lain" in kinds and "keluarga" in line.split():
        kinds.remove("lain")
    return kinds[0] if len(kinds) == 1 else None


def read_own_relation(text: str) -> str | None:
    """Who the writer is to the child, as the answer to that question: here "ibu saya" is a mother speaking."""
    line = words_of(text)
    found = list(dict.fromkeys(_RELATION_OF[word] for word in line if word in _RELATION_OF))
    strong = list(dict.fromkeys(_RELATION_OF[w] for w in line if w in _RELATION_OF and w not in FILLERS)) or found
    return strong[0] if len(strong) == 1 else None


def read_code(text: str) -> str | None:
    """Six digits in a message ("123456", "123 456", "kodenya 123-456"), None where there are none or several."""
    found = _SIX.findall(normalize(text))
    return re.sub(r"\D", "", found[0]) if len(found) == 1 else None


# ------------------------------------------------------------------------------------------------ a number changes


@dataclass(frozen=True)
class NumberWish:
    """A change of number. phone: the other number that was told; code: after the word NOMOR; lost: the old is gone.

    coming: the writer will have another number soon (writes from the old one); else the number written from is new.
    """

    phone: str | None = None
    code: str | None = None
    lost: bool = False
    coming: bool = False


_PHONE = re.compile(r"(?<![\d+])(?:\+?62|0|)[ .\-]?8\d{1,3}(?:[ .\-]?\d{2,4}){2,3}(?!\d)|\+\d{9,14}(?!\d)")
_WORD_NUMBER = r"(?:no(?:mor|mer|mr)?|nmr|nomr|hp|hape|wa|whatsapp|telp|telepon|kartu|sim)(?:nya|ku|mu)?"
_NUMBERS = rf"(?:{_WORD_NUMBER}(?: (?:hp|wa|telepon|telp|ponsel|whatsapp))?)"
_CHANGE = r"(?:ganti|gnti|ganti[a-z]*|berganti|pindah|pindahkan|pindahin|tukar|ubah|berubah|update|perbarui)"
_NUMBER_WISH = re.compile(
    rf"\b{_CHANGE} (?:ke )?{_NUMBERS}\b|\b{_NUMBERS} (?:saya |sy |aku |ponsel |lama |sudah |udah |sdh |mau |"
    rf"baru )*{_CHANGE}\b"
    rf"|\b{_NUMBERS} (?:hp |wa |saya |sy )?(?:yang |yg )?baru\w*\b|\b{_NUMBERS} (?:hp |wa |saya |sy |yang |"
    rf"yg )*lama\w*\b"
    rf"|\b(?:dulu|dl|dlu|sebelumnya|tadinya) (?:pakai |pake |di |nomor |nomer |no )*\+?0?6?2?8\d"
    rf"|\bpakai nomor (?:yang )?(?:baru|ini)\b"
)
_NUMBER_CODE = re.compile(r"^\W*(?:kode )?(?:nomor|nomer|no)\W*(?:kode|:|#)?\W*(\d(?:[ .\-]?\d){5})\W*$")
_LOST = re.compile(
    r"\b(?:hilang|ilang|hlang|dicuri|kecurian|kecopetan|dijambret|rusak|nyemplung|tenggelam|hangus|mati|terblokir|"
    r"diblokir|"
    r"(?:tidak|tdk|ga|gak|nggak|ngga|udah ga|sudah tidak) (?:aktif|ada|bisa dipakai|dipakai|dipake|kepake|"
    r"bisa dibuka))\b"
)
_COMING = re.compile(
    r"\b(?:akan|mau|besok|bsk|mulai besok|nanti|minggu depan|bulan depan) (?:saya |aku |sy )?(?:ganti|pindah|"
    r"pakai|berganti)\b"
    r"|\b(?:ganti|pindah|berubah|ubah)\w* (?:jadi|ke|menjadi|dgn|dengan)\b|\bnomor baru(?:nya|ku| saya)? (?:nanti|"
    r"besok)\b"
)
_OLD_SAID = re.compile(r"\b(?:dulu|dl|dlu|lama|sebelumnya|tadinya|dari|sblmnya|bekas)\b")
_NOT_NUMBER = re.compile(
    r"\b(?:nomor|nomer|no) (?:bidan|puskesmas|kader|dokter|darurat|ambulans|antrian|antri|urut|bpjs|kk|nik|"
    r"rekening|penting|rt|rw)\b"
    r"|\bkb\b|\bimunisasi\b|\bkartu (?:kb|kia|bpjs|kis|keluarga|imunisasi)\b|\bresep\b"
)


def read_number(text: str) -> NumberWish | None:
    """The change of number a message speaks of, None if of none."""
    plain = normalize(text)
    line = " ".join(words_of(text))
    if not line or len(line.split()) > 30:
        return None
    coded = _NUMBER_CODE.match(plain)
    if coded:
        return NumberWish(code=re.sub(r"\D", "", coded.group(1)))
    if not _NUMBER_WISH.search(line) or _NOT_NUMBER.search(line):
        return None
    phone = read_phone(text)
    coming = bool(_COMING.search(line)) and not _OLD_SAID.search(line)
    code = read_code(text) if phone is None else None
    return NumberWish(phone=phone, code=code, lost=bool(_LOST.search(line)), coming=coming)


def read_phone(text: str) -> str | None:
    """A telephone number as E.164 ("0812-3456-7890" -> "+6281234567890"), None where there is none or several."""
    found = {_e164(match.group()) for match in _PHONE.finditer(normalize(text))}
    found.discard("")
    return found.pop() if len(found) == 1 else None


def says_lost(text: str) -> bool:
    """Whether the old number cannot be reached any more: lost, stolen, broken, switched off."""
    return bool(_LOST.search(" ".join(words_of(text))))


def _e164(written: str) -> str:
    digits = re.sub(r"\D", "", written)
    if written.lstrip().startswith("+") and not digits.startswith("62"):
        return f"+{digits}"
    national = digits.removeprefix("62").removeprefix("0")
    return f"+62{national}" if national.startswith("8") and 9 <= len(national) <= 12 else ""


# ------------------------------------------------------------------------------------ who holds the phone, once doubted

_CLAIM = re.compile(
    r"^(?:(?:halo|hai|maaf|maap|permisi|bu|pak|kak|min|eh|oh|lho|loh|tadi|salah|tekan|pencet|assalamualaikum) )*"
    r"(?:(?:iya|ya|betul|benar) )?(?:ini |memang |beneran )?(?:saya|sy|aku|ibu|bunda|mama|ayah|bapak)\w*\b"
)
_NEW_HOLDER = re.compile(r"\b(?:orang baru|pemilik baru|pengguna baru|orang lain|nomor baru saya)\b")
_COURTESY = (FILLERS | FIRM_YES | _set("baik baiklah sip syukurlah sama")) - _set("saya sy aku ibu bapak")


def claimed_with(text: str) -> list[str]:
    """What follows "ini saya ..." (a name, "mamanya Ani"); empty where nobody claims anything, or claims it bare."""
    line = " ".join(words_of(text))
    claim = _CLAIM.match(line)
    return line[claim.end() :].split() if claim else []


def is_new_holder(text: str) -> bool:
    """Whether somebody says that the number is theirs now: "orang baru"."""
    return bool(_NEW_HOLDER.search(" ".join(words_of(text))))


def is_courtesy(text: str) -> bool:
    """Whether nothing but "ok", "baik", "makasih" is said."""
    told = words_of(text)
    return bool(told) and all(word in _COURTESY for word in told)


# --------------------------------------------------------------------------------------------------- a house moves

_MOVE = re.compile(
    r"^(?:(?:bu|bun|bunda|pak|kak|min|bidan|halo|hai|permisi|maaf|assalamualaikum|ass|mohon|tolong|selamat|pagi|"
    r"siang|sore|malam|info|"
    r"lapor|saya|sy|aku|kami|kita|kulo|abdi|beta|enyong|sekeluarga|keluarga|kel|mau|ingin|akan|baru|br|bru|sudah|"
    r"udah|sdh|wis|habis|"
    r"abis|jadi|ikut|suami|istri|minta|rencana|bulan|depan|minggu|ini|besok) )*"
    r"(?:pindah|pindahan|pndah|pindh|pindahin|pindahkan)\b"
)
_CHANGE_POSYANDU = re.compile(
    r"\b(?:ganti|gnti|pindah|pindahkan|pindahin|ubah|tukar) (?:ke )?(?:posyandu|posy|tempat timbang|"
    r"tempat posyandu)\w*\b"
    r"|\b(?:posyandu|posy|tempat timbang)(?:nya| kami| saya| kita|ku)* (?:jadi |sudah |udah )?(?:ganti|pindah|"
    r"ubah|berubah|bukan lagi) (?:ke|jadi|di)?\b"
    r"|\b(?:posyandu|tempat timbang)(?:nya| kami| saya| kita)* bukan (?:yang |yg )?(?:itu|di situ|di sana|lagi|"
    r"\w+ lagi)\b"
    r"|\bsekarang (?:posyandu(?:nya)?|nimbang(?:nya)?|timbang(?:nya)?) (?:di|ke)\b"
)
_CHANGE_HOME = re.compile(
    r"\b(?:ganti|gnti|ubah|pindah|update|perbarui) (?:alamat|domisili|desa|dusun|rumah|kampung|kota)\b"
    r"|\b(?:alamat|domisili|rumah)(?:nya| saya| kami)* (?:sudah |udah |sdh )?(?:pindah|ganti|berubah)\b|"
    r"\bpindah domisili\b"
)
_NOT_MOVE = re.compile(
    r"\b(?:daftar\w*|didaftar\w*|kb|hamil|bumil|bunting|faskes|bpjs|kk|ktp|akta|vaksin\w*|imunisasi\w*|suntik\w*|"
    r"asi|payudara|tidur|kamar|"
    r"siar\w*|sebar\w*|umumkan|broadcast|jam|pukul|puskesmas|bidan lain|rs|sekolah|ranjang|kasur|box|nomor|nomer|"
    r"nmr|hp|wa|tanggal|tgl|"
    r"posisi|puting|kanan|kiri|oralit|susu|sufor|implan\w*|susuk|iud|spiral|pil|kondom|steril)\b"
)


def wants_to_move(text: str, *, likely: bool = False) -> bool:
    """Whether the family lives or is weighed elsewhere from now on; `likely`: the understanding thinks so as well."""
    line = " ".join(words_of(text))
    if not line or len(line.split()) > (40 if likely else 18):
        return False
    if not likely and ("?" in text and looks_like_question(text)):
        return False
    if _CHANGE_POSYANDU.search(line) and not re.search(
        r"\b(?:siar\w*|sebar\w*|umumkan|broadcast|jam|pukul|daftar\w*)\b", line
    ):
        return True
    if _NOT_MOVE.search(line):
        return False
    return bool(_MOVE.match(line) or _CHANGE_HOME.search(line) or (likely and re.search(r"\bpindah\w*\b", line)))


_STOP_EXCLUDING = _set("tapi tp tetapi sekarang skrg jadi ke melainkan di")
_PLACE_HEAD = re.compile(
    r"\b(?:posyandu|posy|posiandu|timbang|nimbang|menimbang|penimbangan)(?:nya|ku)?\b[ :]*"
    r"(?:(?:ganti|pindah|jadi|menjadi|ke|di|sekarang|skrg|yang|yg|baru|saya|sy|kami|kita|namanya|bernama|sudah|"
    r"udah|ikut|itu) )*",
    re.IGNORECASE,
)
_PART = re.compile(r"[^\W_]+(?:['.-][^\W_]+)*|[,;\n.]")
_NAME_WORDS = _set("ibu bunda sehat sayang kasih desa dusun rw rt kampung mama anak balita")


def read_new_posyandu(text: str, known: Sequence[str]) -> tuple[str | None, str | None]:
    """(known posyandu, name as said) of where a family is weighed from now on; (None, None) where none is named.

    What comes after "dari" or "bukan" is where it was before. Numbers must agree ("Melati 6" is not "Melati 2").
    """
    written = tidy(text)
    parts = [match.group() for match in _PART.finditer(written)]
    allowed = _not_left_behind(parts)
    for count in (4, 3, 2, 1):
        for at in range(len(parts) - count + 1):
            window = parts[at : at + count]
            if not all(allowed[at : at + count]) or all(is_everyday(lower(word)) for word in window):
                continue
            name = match_posyandu(" ".join(window), known)
            follows = parts[at + count] if at + count < len(parts) else ""
            if name is not None and not (count == 1 and follows.isdigit()):
                return name, None
    for head in reversed(list(_PLACE_HEAD.finditer(written))):
        said = _name_at(written[head.end() :])
        if said:
            return None, said
    return None, None


def _not_left_behind(parts: Sequence[str]) -> list[bool]:
    allowed, excluding = [], False
    for part in parts:
        word = lower(part)
        if word in {"dari", "dr", "bukan", "bkn", "dulu", "dulunya"}:
            excluding = True
        elif word in _STOP_EXCLUDING or not part[0].isalnum():
            excluding = False
        allowed.append(not excluding and part[0].isalnum())
    return allowed


def _name_at(tail: str) -> str | None:
    """The name a text begins with: up to four words that are not everyday ones."""
    taken: list[str] = []
    for match in _PART.finditer(tail):
        word = lower(match.group())
        plain = is_everyday(word) and word not in _NAME_WORDS
        if not match.group()[0].isalnum() or plain or word in {"lagi", "ya"} or len(taken) == 4:
            break
        taken.append(match.group())
    letters = any(len(word) > 2 and word.isalpha() and lower(word) not in _NAME_WORDS for word in taken)
    return " ".join(word.capitalize() if word.islower() else word for word in taken) if letters else None


#: Provincial capitals and the cities families most often name, by province: enough to know the clock they live by.
_CITIES = {
    "Aceh": "banda aceh|lhokseumawe|langsa|meulaboh|aceh",
    "Sumatera Utara": "medan|binjai|pematangsiantar|pematang siantar|deli serdang|sibolga|nias",
    "Sumatera Barat": "padang|bukittinggi|payakumbuh|solok",
    "Riau": "pekanbaru|dumai",
    "Kepulauan Riau": "batam|tanjungpinang|tanjung pinang|bintan",
    "Jambi": "jambi",
    "Sumatera Selatan": "palembang|lubuklinggau|prabumulih",
    "Kepulauan Bangka Belitung": "pangkalpinang|pangkal pinang|bangka|belitung",
    "Bengkulu": "bengkulu|curup",
    "Lampung": "bandar lampung|bandarlampung|metro|lampung",
    "DKI Jakarta": "jakarta",
    "Jawa Barat": (
        "bandung|bogor|bekasi|depok|cirebon|sukabumi|tasikmalaya|garut|karawang|cimahi|cianjur|subang|indramayu"
    ),
    "Banten": "serang|tangerang|cilegon|pandeglang|tangsel|tangerang selatan",
    "Jawa Tengah": (
        "semarang|solo|surakarta|magelang|tegal|pekalongan|salatiga|purwokerto|banyumas|cilacap|kudus|brebes|klaten"
    ),
    "DI Yogyakarta": "yogyakarta|jogja|yogya|bantul|sleman|gunungkidul|gunung kidul|kulon progo|kulonprogo",
    "Jawa Timur": (
        "surabaya|malang|kediri|jember|banyuwangi|madiun|blitar|sidoarjo|gresik|mojokerto|probolinggo|"
        "pasuruan|madura|tuban"
    ),
    "Kalimantan Barat": "pontianak|singkawang|sambas|ketapang",
    "Kalimantan Tengah": "palangkaraya|palangka raya|sampit|pangkalan bun",
    "Kalimantan Selatan": "banjarmasin|banjarbaru|martapura",
    "Kalimantan Timur": "samarinda|balikpapan|bontang|kutai|ikn",
    "Kalimantan Utara": "tanjung selor|tarakan|nunukan",
    "Bali": "denpasar|singaraja|gianyar|badung|tabanan|bali",
    "Nusa Tenggara Barat": "mataram|lombok|sumbawa|bima|dompu",
    "Nusa Tenggara Timur": (
        "kupang|ende|maumere|sikka|larantuka|flores|ruteng|manggarai|labuan bajo|bajawa|ngada|waingapu|sumba|soe|"
        "tts|ttu|kefamenanu"
        "|atambua|belu|malaka|alor|kalabahi|lembata|lewoleba|rote|sabu|waikabubak|tambolaka|nagekeo|mbay"
    ),
    "Sulawesi Utara": "manado|bitung|tomohon|kotamobagu|minahasa|sangihe|talaud",
    "Gorontalo": "gorontalo",
    "Sulawesi Tengah": "palu|poso|luwuk|morowali|donggala",
    "Sulawesi Barat": "mamuju|majene|polewali|mamasa",
    "Sulawesi Selatan": "makassar|parepare|palopo|gowa|bone|toraja|bulukumba|maros",
    "Sulawesi Tenggara": "kendari|baubau|bau bau|kolaka|wakatobi|buton",
    "Maluku": "ambon|tual|seram|buru",
    "Maluku Utara": "ternate|sofifi|tidore|halmahera",
    "Papua": "jayapura|sentani|biak|serui|keerom",
    "Papua Barat": "manokwari|kaimana|fakfak",
    "Papua Selatan": "merauke|asmat|mappi|boven digoel",
    "Papua Tengah": "nabire|timika|mimika|paniai",
    "Papua Pegunungan": "wamena|jayawijaya",
    "Papua Barat Daya": "sorong|raja ampat",
}
_CITY = {re.compile(rf"\b(?:{names})\b"): province for province, names in _CITIES.items()}
_ZONE = re.compile(r"\b(wib|wita|wit)\b")
_ABROAD = re.compile(
    r"\b(?:luar negeri|malaysia|singapura|singapore|taiwan|hongkong|hong kong|arab|saudi|korea|jepang|brunei|"
    r"timor leste|dili|australia)\b"
)


def read_place(text: str) -> tuple[str | None, str | None]:
    """(province, zone) named in a message: "Kupang" -> ("Nusa Tenggara Timur", None), "ikut WITA" -> (None, "WITA").

    None for what is not said or is named twice.
    """
    line = " ".join(words_of(text))
    zone = _ZONE.search(line)
    label = zone.group(1).upper() if zone else None
    named = [name for name in sorted(PROVINCES, key=len, reverse=True) if re.search(rf"\b{name.casefold()}\b", line)]
    if named:
        return named[0], label
    told = line.split()
    for size in (3, 2, 1):
        for at in range(len(told) - size + 1):
            province = province_named(" ".join(told[at : at + size]))
            if province is not None and (size > 1 or len(told[at]) > 2):
                return province, label
    cities = {province for pattern, province in _CITY.items() if pattern.search(line)}
    return (cities.pop() if len(cities) == 1 else None), label


def is_abroad(text: str) -> bool:
    """Whether a place outside Indonesia is named: no posyandu, no clock of ours."""
    return bool(_ABROAD.search(" ".join(words_of(text))))
