"""Words that say "you have the wrong person": bukan saya, salah sambung, nomor ini sudah ganti orang.

A message taken for one silences the number at once, so only what cannot mean anything else counts. "Bukan saya yang
sakit", "saya bukan ibu kandungnya" and "ini bukan nomor saya, ini hp suami" are written by the very people we serve.
The lists are spellings people use, not sentences to be read.
"""

from __future__ import annotations

import re
from typing import Final

from sapa.family.reading.lexicon import is_everyday
from sapa.messaging.text import fold, words

# Longer messages tell a story; what they come to is for the understanding to find out.
_MOST_WORDS = 45

_NOT = r"(?:bukan|bkn|bukn|bkan|dudu|sanes|dede)"
_NEVER = r"(?:tidak|tdk|tak|gak|ga|gk|g|nggak|ngga|enggak|ndak|nda|tra|belum|blm)"
_ME = r"(?:saya|sy|aku|aq|ak|gue|gw|gua|ane|awak|beta|abdi|kulo|kula|sa)"
_NUMBER = r"(?:nomor|nomer|nmr|nomr|no|hp|hape|wa|telepon|telp|kontak|kartu)(?:nya)?"
_THIS_NUMBER = rf"(?:{_NUMBER} (?:hp |wa |telepon |telp )?ini|ini {_NUMBER}(?: hp| wa)?)"
_TITLE = (
    r"(?:ibu|bu|ibuk|buk|bunda|bun|mama|mamah|mami|bapak|bpk|pak|ayah|papa|mbak|mba|mas|kak|kakak|saudara|sdr|sdri"
    r"|nyonya|ny|tuan)"
)
_NOW = r"(?:sudah|udah|sdh|udh|dah|su|skrg|sekarang|telah|memang|emang|lagi|jadi|itu|ini|wis)"

# Padding around the plain words: courtesy, guessing, the messages spoken of.
_AROUND: Final = words(
    "maaf maap mf permisi mohon tolong ya yah iya dong deh kok lho loh nih ni sih si toh kah bu ibu pak bapak kak kakak"
    " mbak mas min admin bos gan sis bro om tante bidan kader halo hai hallo assalamualaikum asslm ass selamat pagi"
    " siang sore malam ini itu nya anda kamu mungkin kayaknya kayanya sepertinya keknya kykny kynya barangkali rupanya"
    " orang orangnya pesan pesannya wa whatsapp sms chat kirim kirimnya yang yg sebenarnya sudah udah sdh lagi memang"
    " emang terima kasih makasih trims jangan jgn dikirim dikirimi dikirimin kirimi tidak gak ga usah perlu"
    " hubungi sini nomor nomer nmr no hp daftar terdaftar dimaksud dituju maksud saya sy aku gue gw bukan bkn salah"
    " nyasar kesasar"
)
_PLAIN = re.compile(
    rf"\b{_NOT} (?:untuk |buat |utk )?{_ME}\b(?! (?:yang|yg)\b)|\b{_NOT} {_ME} (?:yang|yg) (?:daftar|terdaftar|"
    rf"dimaksud)\b"
    rf"|\b{_NOT} (?:orangnya|orang nya)\b|\b(?:salah|slh) (?:sambung|orang|nomor|nomer|nmr|no|alamat|tujuan|wa)\b"
    rf"|\b(?:nyasar|kesasar)\b"
)
_BARE = re.compile(rf"\b{_NOT} (?:untuk |buat |utk )?{_ME}\b")
_WRONG = re.compile(r"\b(?:salah|slh) (?:sambung|orang|nomor|nomer|nmr|no hp|no wa|alamat|kirim|tujuan)\b|\bnyasar\b")
_DIALLED = re.compile(r"\b(?:salah|slh) sambung\b")
_STOP_SENDING = re.compile(
    rf"\b(?:jangan|jgn|stop|setop|hentikan|{_NEVER} (?:usah|perlu|mau|mengirim|dikirimi?|kirim))\b"
    r"|\b(?:kok|knp|kenapa|mengapa|sering|selalu|terus|trs|bulan|kali) (?:di|ng)?kirim(?:i|in|kan)?\b"
)
_CHILDLESS = re.compile(
    rf"\b{_NEVER} (?:punya|pny|ada) (?:anak|bayi|balita|istri|suami)\b|\b(?:bujang|bujangan|jomblo|jomlo|lajang)\b"
    rf"|\b{_NEVER} (?:kenal|knal|tahu siapa)\b"
)
_NOT_OWNER = re.compile(
    rf"\b{_THIS_NUMBER} (?:{_NOW} )*(?:{_NOT} (?:{_NOW} )*(?:punya|milik|nomor|nomer|atas nama|an)\b(?! {_ME}\b)"
    rf"|(?:ganti|gnti|berganti|beralih|pindah) (?:orang|pemilik|yang punya|yg punya|tangan|kepemilikan)\b)"
    rf"|\b{_NUMBER} ini (?:{_NOW} )*(?:dipakai|dipake|dipegang|dimiliki|milik|punya) (?:orang lain|org lain)\b"
    rf"|\b(?:ini|itu) (?:{_NOW} )*{_NOT} (?:{_NOW} )*{_NUMBER} (?:hp |wa )?{_TITLE}\b"
    rf"|\b{_NOT} (?:{_NOW} )*{_NUMBER} (?:yang|yg) (?:dituju|dimaksud)\b|\b{_NOT} (?:{_NOW} )*{_TITLE} (?:yang|"
    rf"yg) dimaksud\b"
    rf"|\b(?:pemilik|yang punya|yg punya) (?:{_NUMBER} (?:ini )?)?(?:{_NOW} )*(?:ganti|lama|berganti|beda|lain)\b"
)
_SHOP = re.compile(
    rf"\b{_THIS_NUMBER} (?:{_NOW} )*(?:milik |punya )?(?:toko|kantor|masjid|mesjid|musala|warung|bengkel|sekolah|"
    rf"gereja|pt|cv"
    r"|perusahaan|koperasi|konter|counter)\b"
)
_NAMED = re.compile(rf"\b(?:(?:ini|itu|saya|sy|aku|di sini) )?{_NOT} {_TITLE} (\w+)")
_NOT_NAMES: Final = words(
    "tiri kandung kandungnya kandungku asuh susu angkat muda tunggal biasa yang yg dari di ke rt rw lurah camat guru"
    " bayi balita pekerja penyusu menyusui hamil bumil baik buruk kosong itu ini lagi saja aja nya jualan peri"
    " satu doang kontrakan kos pengasuh pejabat direktur haji dokter perawat"
)

# Somebody who speaks of an own child, grandchild or spouse belongs here, whatever is wrong with the number.
_OWN_FAMILY = re.compile(
    rf"\b(?:anak|anaknya|ank|bayi|cucu|ponakan|keponakan|istri|suami|adik|adek|dedek) (?:kami|kita|{_ME})\b"
    rf"|\b(?:anakku|bayiku|cucuku|istriku|suamiku|anaknya|cucunya|bayinya)\b"
    rf"|\b{_ME} (?:ini |adalah |cuma |hanya )?(?:nenek|kakek|oma|opa|mbah|eyang|tante|om|bibi|bude|pakde|paman|"
    rf"bapak|ayah|papa"
    r"|ibu|mama|suami|istri|kakak|pengasuh|wali)(?:nya|ne|e| dari| si)\b"
    r"|\b(?:hp|nomor|nomer|wa) (?:suami|istri|anak|mertua|adik|kakak|tetangga|kakaknya|adiknya)\b"
)
_ABOUT_US = re.compile(
    r"\b(?:puskesmas|pkm|posyandu|bidan|kader|dokter|rs|ambulans|darurat|admin|bot|sapa|petugas|suntik|kb|imunisasi)\b"
)


def says_not_me(text: str) -> bool:
    """Whether the message says, beyond doubt, that we write to the wrong person or that the number changed hands."""
    told = fold(text)
    if not told or len(told) > _MOST_WORDS:
        return False
    line = " ".join(told)
    if _only_says_so(told, line):
        return "?" not in text or bool(_DIALLED.search(line))
    if _own_family(line):
        return False
    return _sure_in_a_sentence(text, line)


def is_bare(text: str) -> bool:
    """Whether all that is said is "bukan saya": after a question of ours it may just as well answer the question."""
    line = " ".join(fold(text))
    return bool(_BARE.search(line)) and not (_WRONG.search(line) or _NOT_OWNER.search(line) or _SHOP.search(line))


def _only_says_so(told: list[str], line: str) -> bool:
    """The plain words with nothing but courtesy around them."""
    rest = _PLAIN.sub(" ", line).split()
    return len(rest) < len(told) and all(word in _AROUND for word in rest)


def _own_family(line: str) -> bool:
    """Whether an own child or relative is spoken of; "tidak punya anak" and "ibu yang dimaksud" are no such thing."""
    return bool(_OWN_FAMILY.search(_CHILDLESS.sub(" ", line)))


def _sure_in_a_sentence(text: str, line: str) -> bool:
    wrong, stop = _WRONG.search(line), _STOP_SENDING.search(line)
    if wrong and (stop or _CHILDLESS.search(line) or _NOT_OWNER.search(line) or _SHOP.search(line)):
        return True
    if _CHILDLESS.search(line) and stop and re.search(r"\bkirim|\bdikirim|\bmengirim|\bpesan", line):
        return True
    if "?" in text:
        return False
    if _DIALLED.search(line):
        return True
    if _ABOUT_US.search(line):
        return False
    if _NOT_OWNER.search(line) or (_SHOP.search(line) and (stop or re.search(rf"\b{_NOT}\b", line))):
        return True
    if re.search(rf"\b{_NOT} (?:untuk|buat|utk) {_ME}\b", line) and stop:
        return True
    return _names_another(line)


def _names_another(line: str) -> bool:
    """ "Ini bukan Ibu Rina", "saya bukan pak Joko" - a title and a name, and not much else."""
    named = _NAMED.search(line)
    if named is None:
        return False
    name = named.group(1)
    if name in _NOT_NAMES or is_everyday(name) or not name.isalpha() or len(name) < 3:
        return False
    rest = [word for word in (line[: named.start()] + " " + line[named.end() :]).split() if word not in _AROUND]
    return len(rest) <= (3 if _WRONG.search(line) or _STOP_SENDING.search(line) else 1)
