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
from dataclasses import dataclass

from sapa.messaging.danger_signs import RULES, DangerKind, Rule, compile_words, contexts
from sapa.messaging.danger_words import canonical
from sapa.messaging.text import words as word_list

__all__ = ["DangerFinding", "DangerKind", "check"]


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
    words = canonical(text[:5000])
    if not words.strip():
        return None
    around = contexts(words)
    for rule in RULES:
        if rule.needs and not around & rule.needs:
            continue
        if any(_happening(words, match, rule) for match in rule.pattern.finditer(words)):
            return DangerFinding(_kind(rule, around), rule.english, rule.sign)
    return None


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
    r"apa saja|apa aja|apa itu|apa sih|apa wae|apa yang dimaksud|itu apa|(?:kenapa|"
    r"mengapa|apa) ~1 (?:orang|ibu|bayi|anak|hamil\w*) ~2 (?:bisa|sering|suka|mudah|"
    r"gampang)|tanda tanda|tanda bahaya|tanda2|tandanya|tanda|ciri ciri|ciri|cirinya|"
    r"gejala\w*|penyebab\w*|sebab|cara (?:mencegah|cegah|menghindari)|mencegah|cegah|"
    r"pencegahan"
    r"|pertolongan pertama|beda|bedanya|perbedaan\w*|bedain|membedakan|materi|penyuluhan|"
    r"belajar|pengertian|maksud\w*|artinya|arti|jelaskan|sebutkan|info|informasi|"
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


def _happening(words: str, match: re.Match[str], rule: Rule) -> bool:
    """Whether the sign found is really there now, not denied, past, asked about or imagined."""
    start, end = match.start(), match.end()
    if _denied(words, start, end):
        return False
    # Only its own clause may excuse a sign: "tekanan darah saya 120, tapi keluar darah banyak".
    if rule.unless and rule.unless.search(_clause(words, start, end)):
        return False
    before, clause = words[:start], _clause(words, start, end)
    now = bool(_NOW.search(words))
    if _STORY.search(words) and not now:
        return False
    if _past(clause, words) and not _now_again(clause, match[0]):
        return False
    who = _EXPERIENCER.search(before)
    imagined = _last(_IF, before)
    if imagined is not None and not now and (who is None or who.start() > imagined) and "|" not in before[imagined:]:
        return False
    feared = _last(_FEARED, before)
    if feared is not None and "|" not in before[feared:] and before[feared:].count(" ") <= 8 and not now:
        return False
    asked = _last(_ASKING, before)
    if asked is not None and not now:
        return False
    return not (_ASKING_AFTER.search(words[end - 1 :]) and who is None and not now)


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
    if rule.kind is not None:
        return rule.kind
    if around & {"bayi", "anak", "muda", "baru-lahir"} and not around & {"hamil", "nifas"}:
        return "bayi-anak"
    if around & {"hamil", "nifas"}:
        return "hamil"
    return "umum"
