"""Whether a message speaks of a death or a lost pregnancy.

To take good news for a loss and to answer it with condolences hurts more than to ask once. So the classifier alone
does not decide: its word counts where the message itself speaks of a loss, or where it is all but certain.
"""

from __future__ import annotations

import re

from sapa.messaging.text import fold

CERTAIN = 0.8

_NOT = r"(?:tidak|gak|ga|nggak|ngga|enggak|tdk|tra|ndak|nda)"
_ALREADY = r"(?:sudah|udah|su|sdh|udh|so|wis|geus)"
_LOSS = re.compile(
    rf"""
    \b(?: m[ei]*n+ing+al\w* | maningga | mn+g+a?l\w* | mati | wafat | tewas | tiada | maot | maut | pejah | seda | sedo
        | ninggal | ngantunkeun | pupus | kapundhu?t | swargi | kaluron | b[e]?rpulang | almarhum\w* | alm | mendiang
        | jenazah | jasad | (?:ke|k)?gugur\w* | keg+uran | kg+uran\w* | kegugurn | luruh | di?kuret\w* | kuret\w* | iufd
        | stillbirth | miscarriage | in+alil+ahi\w* | berduka\w* | duka\w* | dimakam\w* | dikubur\w* | pemakaman\w*
        | dikebumikan | kehilangan\w* | surga | malaikat )\b
    | \bpassed\ away\b
    | \b{_NOT}\ (?:tertolong|terselamatkan|selamat|bernyawa|napas\ lagi|bernapas\ lagi|bertahan)\b
    | \b{_NOT}\ (?:bisa|dapat)\ (?:di)?(?:selamatkan|pertahankan)\b
    | \bdi?panggil\ (?:tuhan|allah|yang|bapa|sang)\b
    | \bpergi\ (?:untuk\ )?selama\w*
    | \b(?:kembali|pulang)\ ke(?:pada)?\ (?:pangkuan|sisi|rahmat|rumah\ bapa|sang)\b
    | \b(?:detak|denyut|jantung)\w*\ (?:\w+\ ){{0,3}}(?:berhenti|hilang|{_NOT}\ ada)\b
    | \b{_NOT}\ ada\ (?:detak|denyut)
    # "sudah tidak ada" as the whole of it; "sudah tidak ada dahaknya" is something else.
    | \b{_ALREADY}\ {_NOT}\ ada
        (?=\ (?:lagi|lg|bu|pak|dok|min|kak|bun|semalam|tadi|kemarin|kmrn|hari|sejak|dari|dan|jadi|jangan|jgn)\b|$)
    | \bjanin\w*\ {_NOT}\ berkembang\b
    | \bhamil\ kosong\b | \btutup\ usia\b
    | \bhilang\ (?:bayi|anak|janin|kandungan)\w*
    """,
    re.VERBOSE,
)


def speaks_of_loss(text: str) -> bool:
    """Whether words of loss are in a message (Indonesian, common regional words, spelling as people write it)."""
    return _LOSS.search(" ".join(fold(text))) is not None


def believable(confidence: float, text: str) -> bool:
    """Whether a message taken for a loss with this confidence (0..1) may be answered as one."""
    return confidence >= CERTAIN or speaks_of_loss(text)
