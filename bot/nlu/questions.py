"""Two questions in one message: where a message is cut, and which of its pieces ask something.

Cut at the marks that end a sentence, and at words that begin another question ("terus kapan ...", "sekalian mau
tanya ..."). A piece counts as a question if it ends in a question mark or holds a word that asks. Greetings and
stories between are left out, so that they cannot pass for a topic.
"""

from __future__ import annotations

import re

_ASKS = (
    r"apa|apakah|apaan|ap|kapan|kpn|berapa|brp|brapa|gimana|gmn|gmna|bagaimana|bgmn|piye|boleh|bole|bolehkah|blh|kenapa|knp|"
    r"knapa|mengapa|bisa|bisakah|bs|normal|normalkah|wajar|harus|perlu|perlukah|dimana|dmn|mana|siapa|aman|bahaya|"
    r"jadwal|cara|caranya|tanya|nanya"
)
_ASKING = re.compile(rf"\b(?:{_ASKS})\b|kah\b", re.IGNORECASE)
_ENDS = re.compile(r"(?<=[?!])\s*|(?<=[.;])\s+|\n+")
# "terus" opens another question even some words before the one that asks; "dan" joins words far more often.
_JOINED = re.compile(
    rf",?\s+(?:(?:terus|trus|trs|sekalian|oh ya|oya|oiya|satu lagi)\s+(?=(?:\w+\s+){{0,4}}(?:{_ASKS})\b)"
    rf"|(?:lalu|sama|dan|juga)\s+(?=(?:(?:saya|sy|aku|mau|jg|kalau|kalo|klo)\s+){{0,2}}(?:{_ASKS})\b))",
    re.IGNORECASE,
)
_MOST_PIECES = 12


def pieces(text: str) -> list[str]:
    """The questions of a text in their order, as typed; fewer than two means that there is nothing to tell apart."""
    cut = [part for sentence in _ENDS.split(text) for part in _JOINED.split(sentence)]
    return [piece.strip() for piece in cut if _is_question(piece)][:_MOST_PIECES]


def sentences(text: str) -> list[str]:
    """The sentences of a text, as typed; the text itself where there is but one."""
    found = [part.strip() for part in _ENDS.split(text) if len(part.split()) > 1]
    return found[:_MOST_PIECES] or [text]


def _is_question(piece: str) -> bool:
    if len(piece.split()) < 2:
        return False
    if piece.rstrip().endswith((".", ";")):
        # A sentence closed like a statement asks only if it opens with a word that asks.
        return _ASKING.match(piece.strip()) is not None
    return "?" in piece or _ASKING.search(piece) is not None
