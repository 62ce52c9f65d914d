"""Danger words: does a message say that something dangerous is happening now?

Decided before and besides Rasa, from words alone. The signs are the danger signs of content/facts (kehamilan.yml,
anak.yml: Buku KIA 2024) and, beyond health, suicide, violence, poisoning, choking and accidents. A sign counts when
somebody HAS it; "tidak ada perdarahan", "dulu pernah kejang" and "apa saja tanda bahaya" do not.

How it works: the text is brought to plain words (`canonical`), every sign is a pattern over those words, and a sign
that is found counts unless it is denied, long past, asked about or imagined. When in doubt it counts: an alarm too
many costs an answer, one too few may cost a life.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from sapa.messaging.danger_signs import RULES, DangerKind, Rule, compile_words, contexts
from sapa.messaging.danger_words import canonical
from sapa.messaging.text import words as word_list

__all__ = ["DangerFinding", "DangerKind", "check", "likely_kind", "suspect"]

_MOST = 5000  # characters of a message that are read
_WEAK_EXCUSES = frozenset({"imagined", "feared", "asked"})


@dataclass(frozen=True)
class DangerFinding:
    """A danger found in a message.

    `sign` names the rule that found it (for cases and audit; holds no words of the message), `english` says that the
    message was written in English, so the answer is given in both languages.
    """

    kind: DangerKind
    english: bool = False
    sign: str = ""


def check(text: str) -> DangerFinding | None:
    """The danger a message reports, or None. Never raises; reads at most the first 5,000 characters."""
    words = canonical(text[:_MOST])
    around = contexts(words)
    for rule, match in _signs(words, around):
        if _excuse(words, match, rule) is None:
            return DangerFinding(_kind(rule, around), rule.english, rule.sign)
    return None


def suspect(text: str) -> bool:
    """Whether a sign is named that `check` lets pass only because it seems asked about, imagined or feared.

    People ask about what is happening to them: with the model's word beside it this is worth a question.
    """
    words = canonical(text[:_MOST])
    return any(_excuse(words, match, rule) in _WEAK_EXCUSES for rule, match in _signs(words, contexts(words)))


def likely_kind(text: str) -> DangerKind:
    """Whom a danger is about when something other than the words has raised it: which text to answer with."""
    words = canonical(text[:_MOST])
    around = contexts(words)
    # A sign that was excused still tells life and violence, which need other texts, from illness.
    first = next((rule for rule, _ in _signs(words, around)), None)
    if first is not None:
        return _kind(first, around)
    if _DESPAIR.search(words):
        return "kejiwaan"
    return "kekerasan" if _VIOLENCE.search(words) else _about(around)


def _signs(words: str, around: frozenset[str]) -> Iterator[tuple[Rule, re.Match[str]]]:
    """Every sign named, happening or not, in the order of the rules."""
    if not words.strip():
        return
    for rule in RULES:
        if rule.needs and not around & rule.needs:
            continue
        for match in rule.pattern.finditer(words):
            yield rule, match


# Words that tell which text a danger needs that only the model sees. They raise nothing by themselves.
_DESPAIR = compile_words(
    r"(?:ingin|mau|pengen|kepengen|pingin|mending|lebih baik|rasanya) ~3 (?:mati|menyusul|nyusul|hilang|ngilang|lenyap|"
    r"pergi selamanya|tidak (?:usah )?bangun|tidur terus|selesai|menyerah|nyerah|udahan)|"
    r"(?:capek|cape|lelah) ~2 (?:hidup|semua)|beban (?:semua|keluarga|orang)|surat (?:perpisahan|wasiat|pamit)|"
    r"(?:tanpa|tidak ada) (?:saya|aku) ~2 (?:lagi|lebih)|bisikan|suara ~3 (?:nyuruh|menyuruh)|silet|cutter|"
    r"titip ~2 (?:anak\w*|bayi)|maafkan (?:saya|aku) ~2 semua\w*|bukan anak(?:nya| saya)|ditukar|dituker|"
    r"(?:takut|kepikiran|terbayang) ~2 (?:menyakiti|nyakitin|melukai|membunuh)"
)
_VIOLENCE = compile_words(
    r"(?:suami|bapak\w*|ayah\w*|papa\w*|mertua|pacar|mantan|paman|om|kakak|laki|dia) ~5 (?:bentak\w*|membentak|banting|"
    r"membanting|lempar|melempar|lempari|ngamuk|mengamuk|mabuk|ancam\w*|mengancam|usir|mengusir|ngusir|kunciin|mengunci|"
    r"pukul\w*|memukul|mukul|tampar|tendang|nendang|cekik|jambak|seret|dorong|kasar|parang|pisau|golok|bogem|hajar|"
    r"main tangan|gampar|siksa)|dipukul\w*|ditampar|ditendang|dicekik|diusir|dikunciin|diancam|dicabuli|dilecehkan|"
    r"diperkosa|dihajar|lebam ~3 (?:suami|bapak\w*)|takut (?:pulang|sama (?:suami|bapak\w*|om|mertua))|"
    r"(?:pegang|raba|sentuh)\w* ~3 (?:paha|dada|celana|kemaluan|badan (?:saya|aku))|masuk kamar (?:saya|aku|anak|dia)"
)
_NOW = compile_words(
    r"sekarang|baru saja|tadi|hari ini|malam ini|pagi ini|siang ini|sore ini|"
    r"sejak (?:tadi|kemarin|pagi|semalam|malam|siang|subuh|sore|\d+)|semalam|masih|tolong"
    r"|sudah \d+ (?:hari|jam|menit)|sudah (?:sejam|seharian|dua hari|tiga hari)|mendadak|"
    r"tiba tiba|terus menerus|tidak berhenti|cepat|gawat|darurat|just|right now|"
    r"lagi (?:kejang|sesak|hamil ~4 (?:perdarahan|keluar))"
)
_EXPERIENCER = compile_words(
    r"(?:anak|bayi|istri|suami|kakak|ibu|mama|teman|tetangga|kandungan|perut|badan|mertua|"
    r"menantu) (?:saya|kami|kita|ku|ini|nya)|saya|istri|(?:anak|bayi) ~3 \d+ (?:hari|"
    r"minggu|bulan|tahun)|my|im|i"
)
_ASKING = compile_words(
    r"selain|apa saja|apa aja|apa itu|apa sih|apa wae|apa yang dimaksud|itu apa|(?:kenapa|"
    r"mengapa|apa) ~1 (?:orang|ibu|bayi|anak|hamil\w*) ~2 (?:bisa|sering|suka|mudah|"
    r"gampang)|tanda tanda|tanda bahaya|tanda2|tandanya|tanda|ciri ciri|ciri|cirinya|"
    r"gejala\w*|penyebab\w*|sebab|cara (?:mencegah|cegah|menghindari)|mencegah|cegah|"
    r"pencegahan"
    r"|pertolongan pertama|beda|bedanya|perbedaan\w*|bedain|membedakan|materi|penyuluhan|"
    r"belajar|pengertian|maksud\w*|artinya|arti|jelaskan|sebutkan|info|informasi|"
    r"benarkah|benar tidak|bener tidak|betulkah|mitos|katanya|konon|dicegah|vaksin apa|vaksin yang mana|"
    r"(?:bisa|dapat|mudah) (?:bikin|membuat|menyebabkan|mengakibatkan)|berisiko|resiko|risiko|"
    r"what are ~1 signs|signs of|how to (?:prevent|know)|what is"
)
_ASKING_AFTER = compile_words(
    r"(?:apakah|apa) ~2 (?:bahaya|berbahaya|normal|wajar|boleh|bisa)|itu bahaya|"
    r"bahaya (?:tidak|ya|kah)|tandanya ~2 (?:gimana|apa)|itu ~1 (?:apa|gimana)|cirinya|"
    r"ciri ~1 (?:gimana|apa)|gejala\w* (?:apa|gimana)|penyebab\w*|karena apa|kapan|"
    r"seperti apa|maksud\w*"
)
_IF = compile_words(r"kalau|what if|if")
_FEARED = compile_words(
    r"takut|ketakutan|khawatir|kuatir|cemas|semoga|jangan sampai|biar|supaya|"
    r"agar|amit amit|mencegah|cegah"
    r"|hindari|menghindari|afraid|worried"
)
# Asks about the sign as such, whatever else the message says of today: "masih bulan depan" is no sign.
_SURELY_ASKED = compile_words(
    r"apa (?:beda|bedanya|perbedaan\w*)|bedanya|yang disebut|disebut apa|dicegah|mencegah|benarkah|"
    r"(?:benar|bener|betul) tidak|bisa (?:bikin|membuat|menyebabkan)|selain"
)
# Fear of exactly this sign, whatever happened elsewhere in the message: "bubur semalam, takut keracunan".
_JUST_FEARED = re.compile(
    r" (?:takut|takutnya|khawatir|kuatir|cemas|semoga|jangan sampai|biar|supaya|agar) (?:\w+ ){0,1}$"
)
# Those who have the sign are animals, unless somebody of ours stands beside them.
_ANIMAL = compile_words(r"kucing|kambing|sapi|ayam|babi|burung|kelinci|hamster|ikan|kerbau|kuda|bebek")
_ANIMALS_OWN = compile_words(r"(?:kucing|kambing|sapi|ayam|babi|burung|kelinci|hamster) ~1 saya")
_PAST = compile_words(
    r"dulu|dulunya|pernah|riwayat|punya riwayat|sebelumnya|tahun lalu|tahun kemarin|"
    r"tahun yang lalu|waktu kecil|(?:kehamilan|anak|hamil|melahirkan) (?:pertama|kedua|"
    r"sebelumnya|lalu|yang lalu|kemarin|dulu|pertama dulu)|years? ago|last year"
    r"|bulan lalu|bulan yang lalu|bulan kemarin|minggu lalu|minggu yang lalu|sudah sembuh|"
    r"sudah membaik|sudah pulih|sudah sehat|sudah tidak (?:demam|panas|kejang|muntah|"
    r"sesak|diare|mimisan)|in the past|used to"
)
_BIRTH = compile_words(r"melahirkan|lahir|caesar|kuret|keguguran")
_STORY = compile_words(r"mimpi|film|sinetron|drakor|berita|hoaks|hoax|dongeng|movie|dream\w*")
_DENIES = frozenset({"tidak", "tanpa", "bukan", "belum", "nihil", "no", "without", "not", "isnt", "never"})
# What may stand between a denial and the sign it denies: "tidak ada demam atau kejang".
_BETWEEN = word_list(
    "ada keluhan pernah sampai mengalami disertai merasa merasakan terjadi keluar gejala tanda "
    "seperti lagi atau dan maupun juga yang saya any sudah kena sama sekali hebat demam panas "
    "muntah kejang perdarahan flek darah sesak bengkak sakit nyeri diare mules pusing perut "
    "kepala lendir ketuban banyak dengan or and signs of"
)


def _excuse(words: str, match: re.Match[str], rule: Rule) -> str | None:
    """Why a sign that is named is not there now: denied, other, story, past, imagined, feared, asked. None: it is."""
    start, end = match.start(), match.end()
    if _denied(words, start, end):
        return "denied"
    # Only its own clause may excuse a sign: "tekanan darah saya 120, tapi keluar darah banyak".
    if rule.unless and rule.unless.search(_clause(words, start, end)):
        return "other"
    before, clause = words[:start], _clause(words, start, end)
    now = bool(_NOW.search(words))
    if _STORY.search(words) and not now:
        return "story"
    if _ANIMAL.search(before) and not _EXPERIENCER.search(_ANIMALS_OWN.sub(" ", clause)):
        return "other"
    if _past(clause, words) and not _now_again(clause, match[0]):
        return "past"
    if not _NOW.search(clause):
        if _JUST_FEARED.search(before):
            return "feared"
        if _SURELY_ASKED.search(clause):
            return "asked"
    if now:
        return None
    who = _EXPERIENCER.search(before)
    imagined = _last(_IF, before)
    if imagined is not None and (who is None or who.start() > imagined) and "|" not in before[imagined:]:
        return "imagined"
    feared = _last(_FEARED, before)
    if feared is not None and "|" not in before[feared:] and before[feared:].count(" ") <= 8:
        return "feared"
    if _last(_ASKING, before) is not None or (who is None and _ASKING_AFTER.search(words[end - 1 :])):
        return "asked"
    return None


def _now_again(clause: str, sign: str) -> bool:
    """Whether a clause that speaks of the past comes back to now: "dulu pernah, tadi kejang lagi"."""
    if re.search(r" (baru saja|tadi|hari ini|semalam|masih|malam ini|pagi ini|kambuh|just) ", clause):
        return True
    again = re.search(rf" sekarang .*{re.escape(sign)} |{re.escape(sign)} (?:lagi|sekarang) ", clause)
    return again is not None and " lalu " not in clause


def _denied(words: str, start: int, end: int) -> bool:
    for between, word in enumerate(reversed(words[:start].split())):
        if word in _DENIES:
            return True
        if word not in _BETWEEN or between > 7:
            break
    after = words[end:].split()[:4]
    return after[:2] in (["tidak", "ada"], ["belum", "ada"]) or after[:3] == ["sudah", "tidak", "ada"]


def _past(clause: str, words: str) -> bool:
    found = _PAST.search(clause)
    if found is None:
        return False
    return not ("lalu" in found[0] and _BIRTH.search(words) and not re.search(r"dulu|pernah", clause))


def _clause(words: str, start: int, end: int) -> str:
    left = words.rfind("|", 0, start)
    right = words.find("|", end)
    return " " + words[left + 1 : right if right >= 0 else len(words)].strip() + " "


def _last(pattern: re.Pattern[str], words: str) -> int | None:
    found = None
    for match in pattern.finditer(words):
        found = match.start()
    return found


def _kind(rule: Rule, around: frozenset[str]) -> DangerKind:
    return rule.kind if rule.kind is not None else _about(around)


def _about(around: frozenset[str]) -> DangerKind:
    if around & {"bayi", "anak", "muda", "baru-lahir"} and not around & {"hamil", "nifas"}:
        return "bayi-anak"
    return "hamil" if around & {"hamil", "nifas"} else "umum"
