"""Turn content/facts/imunisasi.yml into sapa/family/data/immunization.json.

The heart may import the standard library alone, so it reads JSON and not YAML. Run this after every change of the
facts; a test fails while the committed JSON differs from a rebuild.

    python tools/build_immunization_data.py           write the file
    python tools/build_immunization_data.py --check   exit 1 if the file is out of date

Some rules stand in the facts only as prose. Their figures are written out here beside the words they come from, and
the build stops as soon as the facts no longer contain those words: then a person has to look.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
FACTS = ROOT / "content" / "facts" / "imunisasi.yml"
TARGET = ROOT / "sapa" / "family" / "data" / "immunization.json"

Json = dict[str, Any]


class FactsChangedError(Exception):
    """The facts no longer say what the code relies on; nothing is written."""


def build(facts: Mapping[str, Any]) -> Json:
    """The data file's content for the parsed facts. Raises FactsChangedError where the facts do not fit the code."""
    doses = [_dose(entry) for entry in facts["routine_schedule"]]
    _check_chain(doses)
    return {
        "generated_by": "tools/build_immunization_data.py from content/facts/imunisasi.yml; do not edit",
        "schema_version": facts["schema_version"],
        "checked_on": str(facts["checked_on"]),
        "status": facts["status"],
        "doses": doses,
        "visit_bundles": [_bundle(entry) for entry in facts["visit_bundles"]],
        "visit_bundles_source": facts["visit_bundles_source"],
        "special_care": _special_care(facts),
        "late_start": _late_start(facts),
        "unclear_booster": _unclear_booster(facts),
        "regional_overrides": _regional_overrides(facts),
    }


def render(data: Json) -> str:
    """The file's text: one key order, one indentation, a final newline, so that a rebuild never differs."""
    return json.dumps(data, ensure_ascii=False, indent=1) + "\n"


def _dose(entry: Mapping[str, Any]) -> Json:
    interval = entry["min_interval"]
    return {
        "id": entry["id"],
        "series": re.sub(r"\d+$", "", entry["id"]),
        "dose_number": entry["dose_number"],
        "dose_label": entry["dose_label"],
        "antigen": entry["antigen"],
        "prevents": entry["prevents"],
        "due_months": entry["due_months"],
        "min_age": _span(entry["min_age"]),
        "previous": interval["from"] if interval else None,
        "min_interval": _span({unit: n for unit, n in interval.items() if unit != "from"}) if interval else None,
        "max_age": _max_age(entry),
        "region": entry["region"],
        "source": entry["source"],
        "confidence": entry["confidence"],
        "confidence_per_field": entry.get("confidence_per_field", {}),
        "catch_up": entry.get("catch_up"),
    }


def _span(span: Mapping[str, Any]) -> Json:
    """Hours, days and weeks as days (a week is 7 days by date_rules), months as months: no other unit is known."""
    unknown = set(span) - {"hours", "days", "weeks", "months", "note"}
    if unknown or span.get("hours", 0):
        raise FactsChangedError(f"unit not understood in {dict(span)}")
    return {"months": span.get("months", 0), "days": span.get("days", 0) + 7 * span.get("weeks", 0)}


def _max_age(entry: Mapping[str, Any]) -> Json:
    """Only the units that are written: `{months: n}` and `{months: n, days: k}` mean different last days."""
    limit = entry["max_age"]
    units = {unit: limit[unit] for unit in ("months", "days") if unit in limit}
    if not units or set(limit) - {"months", "days", "note"}:
        raise FactsChangedError(f"max_age of {entry['id']} not understood: {limit}")
    return units


def _check_chain(doses: Sequence[Json]) -> None:
    """A previous dose stands before its successor and belongs to its series, and every series is one chain."""
    seen: dict[str, str] = {}
    last: dict[str, str] = {}
    for dose in doses:
        if dose["id"] in seen or dose["previous"] != last.get(dose["series"]):
            raise FactsChangedError(f"{dose['id']}: previous dose {dose['previous']!r} does not continue its series")
        seen[dose["id"]] = last[dose["series"]] = dose["id"]


def _bundle(entry: Mapping[str, Any]) -> Json:
    return {"age": entry["age"], "doses": entry["doses"], "condition": entry.get("condition")}


def _expect(text: str, *phrases: str) -> None:
    for phrase in phrases:
        if phrase not in text:
            raise FactsChangedError(f"the facts no longer say {phrase!r}: {text!r}")


def _special_care(facts: Mapping[str, Any]) -> Json:
    rule = next((text for text in facts["date_rules"] if "prematur" in text), "")
    _expect(rule, "<2.500 g", "<37 minggu", "HBsAg", "jangan pakai jadwal otomatis")
    return {"birth_weight_below_g": 2500, "birth_weeks_below": 37, "text": rule}


def _late_start(facts: Mapping[str, Any]) -> Json:
    table = {row["situation"]: row["rule"] for row in facts["catch_up"]["pcv"] if "situation" in row}
    origin = next(row for row in facts["catch_up"]["pcv"] if "source" in row)
    _expect(table.get("umur 12-<24 bulan, belum pernah PCV", ""), "2 dosis", "selang minimal 8 minggu")
    _expect(table.get("umur 24 bulan-<5 tahun, belum pernah PCV", ""), "1 dosis")
    _expect(table.get("belum PCV3 pada 12 bulan", ""), "sampai 24 bulan")
    return {
        "series": "PCV",
        "two_doses_from_months": 12,
        "two_doses_interval": {"months": 0, "days": 56},
        "one_dose_from_months": 24,
        "last_dose": "PCV3",
        "last_dose_before_months": 24,
        "source": origin["source"],
        "confidence": origin["confidence"],
    }


def _unclear_booster(facts: Mapping[str, Any]) -> Json:
    booster = next(entry for entry in facts["routine_schedule"] if entry["id"] == "DPTHBHIB4")
    _expect(booster["catch_up"], "Bila 18 bulan tercapai tetapi selang belum 12 bulan", "tanyakan petugas")
    return {"dose": "DPTHBHIB4", "after_months": 18, "source": booster["source"], "confidence": "general-knowledge"}


def _regional_overrides(facts: Mapping[str, Any]) -> Json:
    overrides = facts["regional_overrides"]
    heksavalen, yogyakarta, je = overrides["heksavalen"], overrides["di_yogyakarta_polio"], overrides["je_regions"]
    _expect(heksavalen["bot_rule"], "jangan mengirim pengingat IPV")
    _expect(yogyakarta["bot_rule"], "Jangan kirim pengingat OPV otomatis untuk DIY")
    _expect(je["bot_rule"], "Aktif hanya bila admin kabupaten menyalakan")
    return {
        "heksavalen": {
            "without_series": ["IPV"],
            "what": heksavalen["what"],
            "bot_rule": heksavalen["bot_rule"],
            "source": heksavalen["source"],
            "confidence": heksavalen["confidence"],
        },
        "di_yogyakarta_polio": {
            "province": "DI Yogyakarta",
            "without_series": ["OPV"],
            "what": yogyakarta["what"],
            "bot_rule": yogyakarta["bot_rule"],
            "source": yogyakarta["source"],
            "confidence": yogyakarta["confidence"],
        },
        "je_regions": {"only_where_switched_on": ["JE"], "known": je["known"], "bot_rule": je["bot_rule"]},
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the data file, or compare it with `--check`. Exit code 1: out of date, or the facts do not fit."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if the file is out of date")
    options = parser.parse_args(arguments)
    try:
        text = render(build(yaml.safe_load(FACTS.read_text(encoding="utf-8"))))
    except FactsChangedError as error:
        print(f"{FACTS.name}: {error}", file=sys.stderr)
        return 1
    if options.check:
        if TARGET.exists() and TARGET.read_text(encoding="utf-8") == text:
            return 0
        print(f"{TARGET.name} is out of date: run python tools/build_immunization_data.py", file=sys.stderr)
        return 1
    TARGET.write_text(text, encoding="utf-8")
    print(f"wrote {TARGET.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
