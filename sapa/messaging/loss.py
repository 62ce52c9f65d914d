"""Whether a message speaks of a death or a lost pregnancy.

To take good news for a loss and to answer it with condolences hurts more than to ask once. So there are two looks:
`speaks_of_loss` is wide and only lends the classifier's word weight; `sure_loss` is narrow and acts before the
classifier, because nothing more may go out to a family that has just lost somebody. What lies between the two is
answered without closing anything (sapa.services.losses).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from sapa.messaging import loss_words as table
from sapa.messaging.text import fold

CERTAIN = 0.8

LossKind = Literal["pregnancy", "birth", "child", "mother", "someone", "ended"]
"""What was lost: a pregnancy; a child at its birth; a child; the mother; somebody the message does not name; or a
pregnancy that is over, nobody says how."""

_MOST = 2000  # characters that are read
_REACH = 7  # words between a loss and whose it is
_REACH_BACK_OVER = 4  # words before a loss in which a fear or a denial turns it round
_REACH_OF_GONE = 3  # "sudah tidak ada" is said of things too: whose it is stands right before it
_BARE = 8  # words of a message that says a loss and not whose
_SHORT_NEWS = 10  # words of a message that tells the end of a pregnancy and nothing else

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
    | \b{_NOT}\ (?:bisa|dapat|bs|dpt)\ (?:di)?(?:selamatkan|pertahankan)\b
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


def sure_loss(text: str, names: Sequence[str] = (), *, expecting: bool = False) -> LossKind | None:
    """The loss a message reports beyond doubt; None for none, or for one that needs a second look.

    names: children of the household, whose names say whose loss it is. A feared, asked-about, past or somebody else's
    loss is None. expecting: the household has a pregnancy on record; then "saya keguguran kemarin, kapan boleh KB?"
    is a loss first and a question after. Reads at most the first 2,000 characters, never raises.
    """
    for piece in _sentences(text[:_MOST]):
        kind = _loss_in(piece, names, expecting)
        if kind is not None:
            return kind
    return None


def is_elsewhere(text: str) -> bool:
    """Whether the loss a message speaks of is somebody else's: a grandmother's, a neighbour's, a film's, a hen's."""
    words = _plain(text)
    found = _first_loss(words)
    return found is not None and _whose(words, found, ()) == "other"


def is_not_now(text: str) -> bool:
    """Whether the loss a message speaks of is feared, asked about, imagined or long past."""
    words = _plain(text)
    found = _first_loss(words)
    return found is not None and (_excused(words, found) or bool(table.ALIVE.search(words)))


def taken_back(text: str) -> bool:
    """Whether a message says that a loss was misunderstood: "salah, anak saya sehat", "masih hidup bu"."""
    words = _plain(text)
    if table.ALIVE_AFTER_ALL.search(words):
        return True
    return table.MISTAKEN.search(words) is not None and len(words.split()) <= 4 and _first_loss(words) is None


def denied(text: str) -> bool:
    """Whether a message denies the death itself: "masih hidup", "tidak meninggal"."""
    return table.DENIED.search(_plain(text)) is not None


def corrected(text: str) -> bool:
    """Whether a message says that we were told or understood something wrong, and not only that somebody is well."""
    return table.CORRECTED.search(_plain(text)) is not None


def other_one(text: str) -> bool:
    """Whether a message tells one of several from the one that was lost: "kembarannya masih hidup"."""
    return table.THE_OTHER.search(_plain(text)) is not None


def of_mother(text: str) -> bool:
    """Whether a message speaks of the mother."""
    words = _plain(text)
    return (
        dict(table.OURS_PATTERNS)["mother"].search(words) is not None or re.match(r"(?:ibu|mama)\b", words) is not None
    )


def no_longer_expecting(text: str) -> bool:
    """Whether a short message says that a pregnancy is over or never was, and not how: "saya sudah tidak hamil lagi".

    It may be a birth, a loss or an error; for a household that expects a child only.
    """
    words = _plain(text)
    if len(words.split()) > _SHORT_NEWS or "?" in text or table.NOT_AN_END.search(words):
        return False
    return table.NO_LONGER_EXPECTING.search(words) is not None


def of_baby(text: str) -> bool:
    """Whether a message speaks of a baby or an unborn child, not of any child."""
    words = _plain(text)
    return any(pattern.search(words) for kind, pattern in table.OURS_PATTERNS if kind in ("baby", "fetus"))


def named_in(text: str, names: Sequence[str]) -> list[str]:
    """Which of these names a message names, whole or by their first word."""
    words = _plain(text)
    return [name for name in names if any(re.search(rf"\b{re.escape(way)}\b", words) for way in _ways(name))]


def several_meant(text: str) -> bool:
    """Whether a message tells one of several children from the others without naming it ("anak kedua", "kembarnya")."""
    words = _plain(text)
    return bool(table.SEVERAL.search(words) or table.ALL_CHILDREN.search(words) or table.MOTHER_AND_CHILD.search(words))


def grandparents_child(text: str) -> bool:
    """Whether "my child" is said: from a grandmother that is the mother or the father of the child we know."""
    return bool(table.GRANDPARENT_SAYS_CHILD.search(_plain(text)))


@dataclass(frozen=True)
class _Found:
    """A word of loss: what it means where nobody is named (None: nobody in particular), and where it stands."""

    kind: LossKind | None
    start: int
    end: int


def _plain(text: str) -> str:
    return " ".join(fold(text[:_MOST]))


def _sentences(text: str) -> list[str]:
    """The message by sentences, its commas kept as a bar: "nenek meninggal, anak rewel" are two things said."""
    found = []
    for piece in re.findall(r"[^.!?;\n]+\??", text):
        words = " | ".join(" ".join(fold(part)) for part in re.split(r"[,()]", piece) if fold(part))
        if words:
            found.append(words + " ?" if piece.endswith("?") else words)
    return found


def _loss_in(words: str, names: Sequence[str], expecting: bool) -> LossKind | None:
    for found in _losses(words):
        if _excused(words, found, expecting) or table.ALIVE.search(words):
            continue
        whose = _whose(words, found, names)
        if whose == "other":
            continue
        kind = _kind(words, found, whose)
        if kind is not None:
            return kind
    return None


def _losses(words: str) -> list[_Found]:
    """Every word of loss in a sentence, in the order of how much it says."""
    found = [_Found("birth", *match.span()) for match in table.STILLBORN.finditer(words)]
    found += [_Found("pregnancy", *match.span()) for match in table.PREGNANCY.finditer(words)]
    for match in table.LOST.finditer(words):
        unborn = match["what"] in ("janin", "kandungan", "kehamilan")
        found.append(_Found("pregnancy" if unborn else "child", *match.span()))
    found += [_Found(None, *match.span()) for match in table.DEATH.finditer(words)]
    found += [_Found(None, *match.span()) for match in table.DEAD.finditer(words)]
    return found


def _first_loss(words: str) -> _Found | None:
    losses = _losses(words)
    return losses[0] if losses else None


def _kind(words: str, found: _Found, whose: str | None) -> LossKind | None:
    dead = table.DEAD.fullmatch(words[found.start : found.end]) is not None
    if found.kind == "pregnancy":
        return "pregnancy"
    if found.kind == "birth":
        return "birth"
    if whose == "mother":
        return None if dead else "mother"
    if whose == "fetus":
        return "pregnancy"
    if whose == "someone":
        return None if dead else "someone"
    if whose == "baby" or whose == "child" or found.kind == "child":
        return "child"
    if dead or _is_gone(words, found):
        return None  # "sudah tidak ada bu" may answer any question
    return "someone" if _says_little_else(words) else None


def _is_gone(words: str, found: _Found) -> bool:
    return re.search(rf"\b{table.NOT} (?:ada|ad|ono|aya|wonten)$", words[found.start : found.end]) is not None


def _says_little_else(words: str) -> bool:
    """Whether a message is short and says the loss alone, so that it can only mean somebody we write about."""
    rest = words
    for pattern in (table.DEATH, table.CONDOLENCE, table.AROUND):
        rest = pattern.sub(" ", rest)
    return len(words.split()) <= _BARE and not rest.replace("|", " ").split()


def _whose(words: str, found: _Found, names: Sequence[str]) -> str | None:
    """Whose loss: "mother", "baby", "fetus", "child", "other", None if nobody is named near it."""
    near: list[tuple[int, str]] = []
    for kind, start, end in _people(words, names):
        if start >= found.start and end <= found.end:
            near.append((0, kind))
        elif end <= found.start:
            near.append((_distance(words[end : found.start], 0), kind))
        elif start >= found.end:
            # What follows counts less than what goes before: "meninggal bayi saya" is said, but seldom.
            near.append((_distance(words[found.end : start], 3), kind))
    reach = _REACH_OF_GONE if _is_gone(words, found) else _REACH
    near = [entry for entry in near if entry[0] <= reach]
    return min(near)[1] if near else None


def _distance(between: str, more: int) -> int:
    """Words between a person and a loss; a comma between them counts as two."""
    words = between.split()
    return len(words) + more + words.count("|")


def _people(words: str, names: Sequence[str]) -> list[tuple[str, int, int]]:
    """Everybody (and everything) that could have died, and where: (kind, start, end). "anak tetangga" is other's."""
    others = [match.span() for match in table.OTHERS_PATTERN.finditer(words)]
    people = [("other", *span) for span in others]
    for kind, pattern in table.OURS_PATTERNS:
        for match in pattern.finditer(words):
            start, end = match.span()
            # Whoever was found first keeps the words: "ibu bayi" is the mother, not the baby.
            if any(start < taken_end and taken_start < end for _, taken_start, taken_end in people):
                continue
            people.append(("other" if _belongs_to_other(words, start, end, others) else kind, start, end))
    for name in names:
        for way in _ways(name):
            for match in re.finditer(rf"\b{re.escape(way)}\b", words):
                # "Kucing Ani" and "nenek Ani" are not Ani.
                beside = any(words[b : match.start()] in {" ", " punya "} for _, b in others)
                people.append(("other" if beside else "child", *match.span()))
    return people


def _belongs_to_other(words: str, start: int, end: int, others: Sequence[tuple[int, int]]) -> bool:
    """Whether one of ours stands right beside somebody else: "anak tetangga", "teman istri saya"."""
    return any(words[end:a].strip() == "" and a >= end for a, _ in others) or any(
        words[b:start].strip() == "" and b <= start for _, b in others
    )


def _ways(name: str) -> list[str]:
    """How a child is called: the whole name, or its first word if it has three letters or more."""
    words = fold(name)
    if not words:
        return []
    whole = " ".join(words)
    return [whole, words[0]] if len(words) > 1 and len(words[0]) >= 3 else [whole]


def _excused(words: str, found: _Found, expecting: bool = False) -> bool:
    """Whether the loss is feared, denied, imagined, asked about or long past, and nobody asks for silence over it."""
    earlier = words[: found.start].rsplit("|", 1)[-1].split()[-_REACH_BACK_OVER:]
    inside = words[found.start : found.end]
    if table.BEFORE.search(_without_own_negation(" ".join(earlier), inside)):
        return True
    if table.SILENCE.search(words):
        return False
    recent = table.RECENT.search(words) is not None
    if table.HEARSAY.search(words) and not table.POSSESSED.search(" ".join(earlier)):
        return True
    if table.LONG_AGO.search(words) and not recent:
        return True
    if table.ASKED.search(words) and not (expecting and recent):
        # "kenapa bayi saya meninggal" grieves; "apa penyebab keguguran" asks.
        return found.kind == "pregnancy" or not table.POSSESSED.search(" ".join(earlier))
    return False


def _without_own_negation(before: str, loss: str) -> str:
    """What stands before a loss. A loss that begins with a "not" of its own needs no other."""
    return before if not loss.startswith(("sudah", "udah")) else re.sub(rf"\b{table.NOT}$", "", before)
