"""Single words that carry an answer: sex, yes and no, "batal", "tidak tahu".

People write on small phones: letters are dropped ("gk"), doubled ("iyaaa") and mixed with regional words
("ndak", "sonde", "nggih"). The sets below list spellings, never sentences for a family to read.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Sequence

from sapa.family.people import Sex

#: A registration fits easily; what a person pastes beyond that is not read (5,000 characters must stay cheap).
MAX_CHARS = 1000

_SAME = str.maketrans(
    {"’": "'", "‘": "'", "`": "'", "´": "'", "–": "-", "—": "-", "‑": "-", "−": "-", "“": '"', "”": '"'}
)
_BLANKS = re.compile(r"\s+")
_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)*")
_PIECE = re.compile(r"[^\W_]+(?:'[^\W_]+)*|[,.;:!?\n()/-]")
_STRETCHED = re.compile(r"([a-z])\1{2,}")


def tidy(text: str) -> str:
    """The message in NFKC without invisible characters and with single blanks; case and line breaks are kept.

    At most MAX_CHARS characters. Positions in the result are positions in `normalize(text)` as well.
    """
    visible = (" " if c in "\t\r\x0b\x0c" else c for c in unicodedata.normalize("NFKC", text[: 4 * MAX_CHARS]))
    kept = "".join(c for c in visible if c == "\n" or not _invisible(c)).translate(_SAME)
    return _BLANKS.sub(lambda run: "\n" if "\n" in run.group() else " ", kept).strip()[:MAX_CHARS].strip()


def _invisible(character: str) -> bool:
    variation_selector = "\ufe00" <= character <= "\ufe0f"
    return variation_selector or unicodedata.category(character) in {"Cf", "Cc", "Cs", "Co", "Cn"}


def lower(text: str) -> str:
    """Lower case, letter by letter, so that the length never changes (a dotted capital I would become two)."""
    return "".join(small if len(small := c.lower()) == 1 else c for c in text)


def normalize(text: str) -> str:
    """NFKC, no zero-width characters, blanks collapsed, lower case: the form all readers work on."""
    return lower(tidy(text)).replace("\n", " ")


def words_of(text: str) -> list[str]:
    """The words of a message, normalised, with stretched letters shortened ("iyaaaa" -> "iya")."""
    return [_STRETCHED.sub(r"\1", word) for word in _WORD.findall(normalize(text))]


def _set(*lines: str) -> frozenset[str]:
    return frozenset(" ".join(lines).split())


#: Words of address and softening that change nothing in an answer.
FILLERS = _set(
    "bu ibu bun bunda buk bidan pak bapak bpk kak kakak kk min mimin admin mbak mba mas dok dokter sus suster mama ya",
    "yaa yah y dong donk deh dech sih nih ni aja saja aj kok lah loh lho dulu dl dlu saya sy aku ak kami gue gw maaf",
    "maap sori sorry mohon tolong terima kasih makasih mksh trims thanks hehe hehehe wkwk haha eh oh ooh hmm em kan",
    "ko to toh pun itu ini gitu begitu memang emang halo hai permisi assalamualaikum waalaikumsalam salam kader jadi",
)

FEMALE_WORDS = _set(
    "perempuan prempuan perempuwan peempuan perempan perempun prmpuan prmpn prp pr wanita cewek cewe cewk cwek cwe",
    "cwk ce wedok wadon female girl putri puteri princess gadis nona cantik p f",
)
MALE_WORDS = _set(
    "laki laki2 laki-laki lakilaki lelaki laki² lakik laki-laki2 lk lk2 lki pria cowok cowo cwok cwo co lanang jaler",
    "male boy putra putera jagoan jejaka nyong ganteng l m",
)
#: Words that are also given names or initials: inside a sentence they count only when they stand alone.
WEAK_SEX_WORDS = _set("putri puteri princess gadis nona cantik p f putra putera jagoan boy girl ganteng l m co ce pr")

_NOT = _set("bukan bkn bkan")


def read_sex(text: str) -> Sex | None:
    """The sex named in a message, None when none or both are. "bukan X" does not count X, "bukan, X" does."""
    found: set[Sex] = set()
    pieces = _PIECE.findall(normalize(text))
    for before, piece in zip(["", *pieces], pieces, strict=False):
        word = _STRETCHED.sub(r"\1", piece)
        if before in _NOT:
            continue
        if word in FEMALE_WORDS:
            found.add(Sex.FEMALE)
        elif word in MALE_WORDS:
            found.add(Sex.MALE)
    return found.pop() if len(found) == 1 else None


#: Yes words that may open a longer sentence ("ya, namanya Ani").
FIRM_YES = _set(
    "ya y iya iy iyah yaa yah yes yup yoi yap iyo io betul btul btl bener benar bnr benr bnar setuju stuju setju stj",
    "oke ok okey okay okee oce oks sip siap nggih inggih njih enggih muhun heeh tepat correct agree bersedia",
)
#: Yes words that are only a yes when little else is said ("mau", but not "mau tanya").
SOFT_YES = _set(
    "boleh blh lanjut lanjutkan lnjt lanjutin mau sesuai cocok sudah udah sdh udh dah simpan izinkan ijinkan yakin",
    "tentu pasti silakan silahkan monggo sah kirim pas bisa",
)
NO = _set(
    "tidak tdk tdak tak ndak nda ndk gak gk ga g gx nggak nggk ngga enggak engga kagak kaga kgk ngak gag nope no",
    "bukan bkn jangan jgn salah slh keliru belum blm blom belom ora mboten teu henteu indak sonde trada tra tida ogah",
    "emoh tolak menolak keberatan gamau gakmau gausah batal",
)
_WRONG = _set("salah slh keliru")
_PARTICLE = _set("ya y yah yaa")
#: What may stand around a yes or no without changing it.
_AROUND = FILLERS | _set(
    "bismillah alhamdulillah",
    "data datanya semua semuanya sangat sekali banget bgt nama namanya tanggal tanggalnya disimpan dicatat catat anak",
    "anaknya daftar didaftarkan didaftar daftarkan pakai kasih memberi izin ijin dengan untuk dilanjutkan ikut akan",
    "nya yang yg tadi di dan diisi isi isinya lengkap usah perlu mau setuju benar betul lanjut boleh ada sama juga",
    "dilanjut tersebut seperti sdh udah sudah udh dipakai menyimpan mengizinkan kalau kalo berkenan apa adanya",
    "persetujuan",
)
_YES_SIGNS = ("👍", "✅", "👌", "🆗", "✔", "☑")
_NO_SIGNS = ("👎", "❌", "🚫", "✖", "🙅")
_NOT_A_YES = re.compile(r"\by+a+h?,? (?:ampun|allah|alloh|tuhan|rabb|robb|gusti)\b")
_TURNED = re.compile(r"\b(?:tapi|tp|tetapi|nanti|nnti|nti|ntar|entar|kabari|tanya|nanya|bingung|ragu|kecuali|asal)\b")
_NEVER_MIND = re.compile(
    r"\b(?:ga ?papa|gak ?papa|gpp|gapapa|ndak papa|nda papa|nggak papa"
    r"|(?:tidak|tdk|tak|ndak|gak|ga|nggak) apa(?:[ -]apa|2)?"
    r"|(?:tidak|tdk|tak|ndak|gak|ga|gk|nggak|ngga) (?:ada yang |ada yg )?(?:salah|keliru|keberatan|masalah))\b"
)
QUESTION_WORDS = _set(
    "apa apakah apaan kapan kpn kapankah berapa brp brapa berapakah gimana gmn gmana gimn bagaimana bgmn bagaimanakah",
    "kenapa knp knapa mengapa siapa sapa siapakah mana dimana dmn kemana bolehkah bisakah adakah haruskah perlukah",
    "benarkah maksudnya wajarkah normalkah amankah",
)


def looks_like_question(text: str) -> bool:
    """True when the message asks something: a question mark or a question word ("tidak apa-apa" is none)."""
    rest = _NEVER_MIND.sub(" ", normalize(text))
    return "?" in rest or any(word in QUESTION_WORDS for word in _WORD.findall(rest))


def read_yes_no(text: str) -> bool | None:
    """True for yes, False for no, None for anything else, also for questions and "ya, tapi ...".

    Strict on purpose: consent to keep health data of a child hangs on it, so "anak saya tidak mau makan"
    is neither yes nor no.
    """
    plain = _NOT_A_YES.sub(" ", normalize(text))
    if looks_like_question(plain) or _TURNED.search(plain):
        return None
    pieces = [_STRETCHED.sub(r"\1", p) for p in _PIECE.findall(_NEVER_MIND.sub(" betul ", plain))]
    words = [p for p in pieces if p[0].isalnum()]
    signals = _signals(pieces)
    if not signals:
        return _read_signs(text) if all(w in _AROUND for w in words) else None
    verdict = _verdict(signals, words)
    if verdict is None or not _says_only_that(verdict, pieces, words):
        return None
    return verdict


def _signals(pieces: Sequence[str]) -> list[tuple[bool, str]]:
    """Each yes and no in order; a no straight before a yes takes it with it ("tidak setuju")."""
    found: list[tuple[bool, str]] = []
    negated = False
    for at, piece in enumerate(pieces):
        if piece in NO:
            found.append((False, piece))
            negated = True
        elif piece in FIRM_YES | SOFT_YES:
            if not negated and not (at > 0 and piece in _PARTICLE and any(p[0].isalnum() for p in pieces[:at])):
                found.append((True, piece))
        elif not piece[0].isalnum():
            negated = False
    return found or [(True, p) for p in pieces if p in _PARTICLE][:1]


def _verdict(signals: Sequence[tuple[bool, str]], words: Sequence[str]) -> bool | None:
    values = {value for value, _ in signals}
    if len(values) == 1:
        return values.pop()
    firm = {value for value, word in signals if word not in SOFT_YES}
    if len(firm) == 1 and words[0] in NO:
        return firm.pop()
    return False if any(word in _WRONG for _, word in signals) else None


def _says_only_that(verdict: bool, pieces: Sequence[str], words: Sequence[str]) -> bool:
    """Whether nothing else is going on: the rest is padding, or the first word is the answer and a pause follows."""
    rest = [w for w in words if w not in _AROUND and w not in NO and w not in FIRM_YES and w not in SOFT_YES]
    if not rest:
        return True
    if verdict and words[0] in FIRM_YES:
        return True
    opens = pieces[0] in NO or pieces[0] in FIRM_YES
    return opens and len(pieces) > 1 and not pieces[1][0].isalnum()


def _read_signs(text: str) -> bool | None:
    yes, no = any(sign in text for sign in _YES_SIGNS), any(sign in text for sign in _NO_SIGNS)
    return None if yes == no else yes


_NEG = r"(?:tidak|tdk|tak|ndak|nda|gak|gk|ga|nggak|ngga|enggak|engga|kagak|g|sonde|tra|ora)"
_CANCEL = re.compile(
    rf"\b(?:batal(?:kan|in)?|dibatalkan|dibatalin|cancel|{_NEG} ?(?:jadi|jd)|gajadi|gakjadi|{_NEG} usah|gausah"
    r"|(?:nanti|ntar|nnti|nti) (?:saja|aja|aj|dulu|dl|lagi)|lain (?:kali|waktu)|kapan[ -]?kapan|kapan2|udahan"
    r"|stop dulu|berhenti dulu)\b"
)
_AROUND_CANCEL = FILLERS | _set(
    "daftar pendaftaran daftarnya pendaftarannya mendaftar daftarin mendaftarkan anak bayi mau pengen ingin ok oke",
    "semua semuanya isi data form formulir kalau kalo gitu yang yg tadi lanjut lagi aja deh sudah udah prosesnya",
    "proses dilanjut",
)


def is_cancel(text: str) -> bool:
    """True when the whole message says "leave it": batal, gak jadi, nanti aja, stop dulu.

    A bare STOP or BERHENTI is an opt-out and handled before this; "imunisasinya batal" is about something else.
    """
    plain = " ".join(words_of(text))
    if "?" in normalize(text) or not _CANCEL.search(plain):
        return False
    return _only_padding(_CANCEL.sub(" ", plain), _AROUND_CANCEL)


_UNKNOWN = re.compile(
    rf"\b(?:{_NEG} ?(?:tahu|tau|taw|thu|tw|ingat|inget|hafal|hapal|ada|punya|ngerti|yakin)"
    r"|(?:belum|blm|belom|blom|kurang|krg) (?:tahu|tau|taw|ada|punya|pny|dikasih|kepikiran|terdaftar|daftar|ikut)"
    r"|lupa|entah|entahlah|gatau|gtau|gataw|gtw|embuh|kosong)\b"
)
_AROUND_UNKNOWN = FILLERS | _set(
    "tanggal tanggalnya tgl nama namanya posyandu posyandunya lahir lahirnya pasti pastinya masih di mana dimana lagi",
    "apa persis persisnya tepat tepatnya juga soal yang yg semua anak anaknya hari harinya bulan bulannya dekat sini",
)


def is_unknown(text: str) -> bool:
    """True when the whole message says the person does not know or has none: "belum tahu", "lupa", "ndak ada", "-"."""
    plain = " ".join(words_of(text))
    if not plain:
        return normalize(text) in {"-", "--", "---"}
    if not _UNKNOWN.search(plain):
        return False
    return _only_padding(_UNKNOWN.sub(" ", plain), _AROUND_UNKNOWN)


def _only_padding(text: str, padding: Collection[str]) -> bool:
    return all(word in padding for word in text.split())
