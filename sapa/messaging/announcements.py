"""What a kader may say to her families in her own words: the limits on length, links, money and medicine.

Families trust what comes from this number. A stolen phone must not be able to send them to a web page or ask for
money, and no dose of a medicine goes out that no health worker has read. The limits are ours: no source gives figures.
What is refused here costs the kader a changed sentence; what slips through could cost a family its savings.
"""

from __future__ import annotations

import re

MAX_TEXT = 400  # characters of an announcement
MAX_NOTE = 200  # of what to bring, or why a session is cancelled
MAX_PLACE = 100
# How often: an announcement must stay something a family reads.
MAX_A_DAY, MAX_A_MONTH = 1, 4  # announcements of one posyandu
MAX_SESSION_MESSAGES_A_DAY = 10  # of one kader: new, moved and cancelled sessions

_ENDINGS = "com|net|org|id|info|biz|xyz|site|online|shop|store|link|click|top|me|ly|gg|gl|io|app|web|vip|live|cc|to"
_LINK = re.compile(
    r"https?\s*:|www\s*\.|\bwa\s*\.\s*me\b|\S@\S+\.\S"
    rf"|(?<![\w.])[a-z0-9][a-z0-9-]*(?:\.[a-z0-9-]+)*\.(?:{_ENDINGS})\b(?![.\w])",
    re.IGNORECASE,
)
# "Gratis, tidak dipungut biaya" asks for nothing.
_FREE = re.compile(
    r"\b(?:tidak|tdk|tak|tanpa|bebas|nggak|ngga|gak|ga|bukan)\s+"
    r"(?:(?:perlu|usah|harus|ada|dipungut|di\s*pungut|dikenakan|minta|dimintai)\s+)*"
    r"(?:mem)?(?:bayar|biaya|bayaran|iuran|sumbangan|pungutan|uang)\b",
    re.IGNORECASE,
)
_MONEY = re.compile(
    r"\b(?:transfer|tf|rekening|no\.?\s*rek|norek|rek|bayar|membayar|bayaran|biaya|iuran|sumbangan|donasi|infak"
    r"|infaq|sedekah|patungan|pungutan|pinjaman|saldo|pulsa|rupiah|uang|duit|gopay|ovo|shopeepay"
    # PIN alone is the national immunisation week.
    r"|linkaja|qris|bri|bca|bni|btn|otp|(?:kode|nomor|no)\s+pin|pin\s+atm|kata\s+sandi|password|cvv)(?:nya)?\b"
    r"|\brp\.?\s*\d|\b\d+\s*(?:ribu|rb|juta|jt)\b",
    re.IGNORECASE,
)
_DIGITS = re.compile(r"\+?\d(?:[ .\-]?\d){8,}")
_PHONE = re.compile(r"(?:\+?62|0)\d{7,12}")
_MEDICINE = re.compile(
    r"\b(?:obat|parasetamol|paracetamol|pct|ibuprofen|amoksisilin|amoxicillin|amoxilin|antibiotik|puyer|sirup|sirop"
    r"|oralit|zinc|tablet|kaplet|kapsul|pil|suplemen|jamu)\b",
    re.IGNORECASE,
)
_DOSE = re.compile(
    r"\b\d+(?:[.,]\d+)?\s*(?:mg|mcg|ml|cc|sdt|sdm|tetes|butir)\b|\b\d\s*(?:x|kali)\s*(?:\d\b|se?hari)"
    r"|\b(?:\d+|setengah|satu|dua|tiga)\s*sendok\b|\b\d+/\d+\s*(?:tablet|kaplet|pil)\b",
    re.IGNORECASE,
)


def trouble_with(text: str, longest: int = MAX_TEXT) -> str | None:
    """Why these words may not go out: too_long, link, money, medicine; None where they may. Empty words may."""
    if len(text) > longest:
        return "too_long"
    if _LINK.search(text):
        return "link"
    if _asks_for_money(text):
        return "money"
    if _MEDICINE.search(text) and _DOSE.search(text):
        return "medicine"
    return None


def _asks_for_money(text: str) -> bool:
    if _MONEY.search(_FREE.sub(" ", text)):
        return True
    # A long number that is no telephone number is an account, a card, an identity: none is asked for here.
    numbers = (re.sub(r"[ .\-]", "", found) for found in _DIGITS.findall(_without_dates(text)))
    return any(not _PHONE.fullmatch(number) for number in numbers)


def _without_dates(text: str) -> str:
    return re.sub(r"\b\d{1,2}[-./ ]\d{1,2}[-./ ]\d{2,4}\b|\b\d{1,2}[.:]\d{2}\b", " x ", text)
