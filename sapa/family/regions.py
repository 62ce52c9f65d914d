"""Indonesia's 38 provinces and the clock each one lives by.

The law knows three zones: WIB, WITA and WIT (Keputusan Presiden 41/1987: WIB for Sumatra, Java, West and Central
Kalimantan; WITA for South and East Kalimantan, Bali, Nusa Tenggara and Sulawesi; WIT for Maluku and Papua).
Provinces founded later keep the zone of the province they were cut from, so North Kalimantan is WITA and the six
provinces of Papua are WIT. There is no daylight saving time.

A province decides nothing but the clock and, for DI Yogyakarta, oral polio: Japanese encephalitis and the
hexavalent vaccine are switched on by settings (design, section 5).
"""

from __future__ import annotations

import re
from difflib import get_close_matches
from functools import cache

WIB = "Asia/Jakarta"
WITA = "Asia/Makassar"
WIT = "Asia/Jayapura"

LABELS = {WIB: "WIB", WITA: "WITA", WIT: "WIT"}

DI_YOGYAKARTA = "DI Yogyakarta"

# Canonical name -> (zone, other ways to write it). Names are compared by `_key`, so case, blanks, dots and
# "Provinsi" need no entry of their own.
_PROVINCES: dict[str, tuple[str, tuple[str, ...]]] = {
    "Aceh": (WIB, ("NAD", "Nanggroe Aceh Darussalam", "DI Aceh")),
    "Sumatera Utara": (WIB, ("Sumut",)),
    "Sumatera Barat": (WIB, ("Sumbar",)),
    "Riau": (WIB, ()),
    "Kepulauan Riau": (WIB, ("Kepri", "Kep Riau")),
    "Jambi": (WIB, ()),
    "Sumatera Selatan": (WIB, ("Sumsel",)),
    "Kepulauan Bangka Belitung": (WIB, ("Babel", "Bangka Belitung", "Kep Babel", "Kep Bangka Belitung")),
    "Bengkulu": (WIB, ()),
    "Lampung": (WIB, ()),
    "DKI Jakarta": (WIB, ("DKI", "DKJ", "Jakarta", "Daerah Khusus Jakarta", "Daerah Khusus Ibukota Jakarta")),
    "Jawa Barat": (WIB, ("Jabar",)),
    "Banten": (WIB, ()),
    "Jawa Tengah": (WIB, ("Jateng",)),
    DI_YOGYAKARTA: (
        WIB,
        ("DIY", "Yogyakarta", "Yogya", "DI Yogya", "Jogja", "DI Jogja", "Jogjakarta", "Daerah Istimewa Yogyakarta"),
    ),
    "Jawa Timur": (WIB, ("Jatim",)),
    "Kalimantan Barat": (WIB, ("Kalbar",)),
    "Kalimantan Tengah": (WIB, ("Kalteng",)),
    "Kalimantan Selatan": (WITA, ("Kalsel",)),
    "Kalimantan Timur": (WITA, ("Kaltim",)),
    "Kalimantan Utara": (WITA, ("Kaltara", "Kalut")),
    "Bali": (WITA, ()),
    "Nusa Tenggara Barat": (WITA, ("NTB",)),
    "Nusa Tenggara Timur": (WITA, ("NTT",)),
    "Sulawesi Utara": (WITA, ("Sulut",)),
    "Gorontalo": (WITA, ()),
    "Sulawesi Tengah": (WITA, ("Sulteng",)),
    "Sulawesi Barat": (WITA, ("Sulbar",)),
    "Sulawesi Selatan": (WITA, ("Sulsel",)),
    "Sulawesi Tenggara": (WITA, ("Sultra",)),
    "Maluku": (WIT, ()),
    "Maluku Utara": (WIT, ("Malut",)),
    "Papua": (WIT, ()),
    "Papua Barat": (WIT, ("Pabar",)),
    "Papua Selatan": (WIT, ("Pasel",)),
    "Papua Tengah": (WIT, ("Pateng",)),
    "Papua Pegunungan": (WIT, ("Papeg",)),
    "Papua Barat Daya": (WIT, ("PBD",)),
}

PROVINCES: tuple[str, ...] = tuple(_PROVINCES)

_PROVINCE_WORDS = ("prov", "provinsi", "propinsi")

# How alike a misspelt name must be. High enough that "Timur" is never taken for "Tengah" or "Utara".
_LIKENESS = 0.9


def province_named(text: str | None) -> str | None:
    """The province's canonical name for what somebody wrote ("ntt", "Prov. Kaltim", "D.I. Yogyakarta"), else None."""
    key = _key(text or "")
    names = _names()
    if key in names:
        return names[key]
    alike = get_close_matches(key, [known for known in names if len(known) > 5], n=1, cutoff=_LIKENESS)
    return names[alike[0]] if alike else None


def timezone_for(province: str | None) -> str:
    """The IANA zone of a province, Asia/Jakarta (WIB) where the province is unknown or not said."""
    name = province_named(province)
    return _PROVINCES[name][0] if name else WIB


def zone_named(text: str) -> str:
    """The IANA zone for "WIB", "WITA" or "WIT" in any case; anything else is given back stripped, unjudged."""
    by_label = {label: zone for zone, label in LABELS.items()}
    return by_label.get(text.strip().upper(), text.strip())


def label_for(timezone: str) -> str:
    """What families call the zone: WIB, WITA or WIT; a zone outside Indonesia keeps its IANA name."""
    return LABELS.get(timezone, timezone)


def _key(text: str) -> str:
    """A name without case, blanks, dots and the word for province; "Sumatra" is spelt both ways."""
    words = re.split(r"[^a-z0-9]+", text.casefold())
    return "".join(word for word in words if word not in _PROVINCE_WORDS).replace("sumatra", "sumatera")


@cache
def _names() -> dict[str, str]:
    return {_key(written): name for name, (_, others) in _PROVINCES.items() for written in (name, *others)}
