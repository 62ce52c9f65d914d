"""What a posyandu is called. Every second village has a "Melati": where several do, each says its desa too."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence

from sapa.messaging.text import fold, words
from sapa.services.ports import Tx
from sapa.services.records import PosyanduRow

# What stands before a name and is no part of it.
_KINDS = words("posyandu pos desa kelurahan kel ds")
# Our own figure: what fits on a small screen and in one message.
MOST_OFFERED = 12


def labels(rows: Sequence[PosyanduRow]) -> dict[str, PosyanduRow]:
    """Each posyandu by the name people can tell it by, in the order of `rows`.

    "Melati" where only one bears the name, else "Melati (Desa Oesapa)"; without a desa, or where two of a desa bear
    one name, a number tells them apart.
    """
    bearers = Counter(place_key(row.name) for row in rows)
    found: dict[str, PosyanduRow] = {}
    for row in rows:
        label = row.name if bearers[place_key(row.name)] == 1 or not row.village else f"{row.name} ({row.village})"
        number, wanted = 2, label
        while wanted in found:
            wanted, number = f"{label} {number}", number + 1
        found[wanted] = row
    return found


def offered(known: Sequence[str]) -> list[str]:
    """The labels a question may list; none where they are too many to read on a phone: then the name is asked for."""
    return list(known) if len(known) <= MOST_OFFERED else []


def label_of(rows: Sequence[PosyanduRow], posyandu_id: str) -> str | None:
    """The label of one of them; None for an unknown id."""
    return next((label for label, row in labels(rows).items() if row.id == posyandu_id), None)


def known_names(tx: Tx) -> list[str]:
    """The labels of all posyandu, as dialogues offer and read them."""
    return list(labels(tx.list_posyandu()))


def named(tx: Tx, label: str | None) -> PosyanduRow | None:
    """The posyandu with this label; a bare name only where one posyandu bears it."""
    if not label:
        return None
    rows = tx.list_posyandu()
    found = labels(rows).get(label)
    if found is not None:
        return found
    same = [row for row in rows if row.name == label]
    return same[0] if len(same) == 1 else None


def bearers(tx: Tx, name: str) -> list[str]:
    """The labels of all posyandu that a bare name may mean, where it may mean several; else none."""
    rows = tx.list_posyandu()
    by_label = labels(rows)
    if name in by_label:
        return []
    same = [label for label, row in by_label.items() if place_key(row.name) == place_key(name)]
    return same if len(same) > 1 else []


def find(rows: Sequence[PosyanduRow], name: str, village: str = "") -> list[PosyanduRow]:
    """The posyandu a register or a command means by a name or label, narrowed by a desa where one is told."""
    by_label = {place_key(label): row for label, row in labels(rows).items()}
    if not village and place_key(name) in by_label:
        return [by_label[place_key(name)]]
    bare, _, inside = name.partition("(")
    wanted, where = place_key(bare), place_key(village or inside)
    same = [row for row in rows if place_key(row.name) == wanted]
    return [row for row in same if place_key(row.village or "") == where] if where else same


def place_key(name: str) -> str:
    """A name of a place as it is compared: "Posyandu MELATI II" and "melati 2" are one, "Desa" is left out."""
    parts = [_ROMAN.get(part, part) for part in fold(re.sub(r"[^\w\s]", " ", name))]
    return " ".join([part for part in parts if part not in _KINDS] or parts)


_ROMAN: Mapping[str, str] = {"i": "1", "ii": "2", "iii": "3", "iv": "4", "v": "5", "vi": "6"}
