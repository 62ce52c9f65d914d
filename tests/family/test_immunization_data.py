"""The data file is the facts file in another form, and the build notices when the facts move away from the code."""

import copy
import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def builder() -> ModuleType:
    spec = importlib.util.spec_from_file_location("build_data", ROOT / "tools" / "build_immunization_data.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture()
def facts(builder: ModuleType) -> dict[str, Any]:
    return copy.deepcopy(yaml.safe_load(builder.FACTS.read_text(encoding="utf-8")))


def test_the_committed_data_file_equals_a_rebuild(builder: ModuleType, facts: dict[str, Any]) -> None:
    rebuilt = builder.render(builder.build(facts))
    assert builder.TARGET.read_text(encoding="utf-8") == rebuilt, "run: python tools/build_immunization_data.py"
    assert builder.main(["--check"]) == 0


def test_every_dose_keeps_its_figures_label_source_and_confidence(builder: ModuleType, facts: dict[str, Any]) -> None:
    built = builder.build(facts)["doses"]
    for entry, dose in zip(facts["routine_schedule"], built, strict=True):
        for key in ("id", "dose_label", "prevents", "due_months", "source", "confidence"):
            assert dose[key] == entry[key]
        assert dose["previous"] == (entry["min_interval"] or {}).get("from")
        assert {unit: n for unit, n in entry["max_age"].items() if unit != "note"} == dose["max_age"]


def test_weeks_become_days_and_months_stay_months(builder: ModuleType, facts: dict[str, Any]) -> None:
    built = {dose["id"]: dose for dose in builder.build(facts)["doses"]}
    assert built["OPV2"]["min_age"] == {"months": 0, "days": 42}  # 6 weeks
    assert built["DPTHBHIB3"]["min_age"] == {"months": 0, "days": 98}  # 14 weeks
    assert built["IPV2"]["min_interval"] == {"months": 4, "days": 0}
    assert built["RV3"]["max_age"] == {"months": 6, "days": 29}


def test_the_series_are_the_chains_of_the_design(builder: ModuleType, facts: dict[str, Any]) -> None:
    chains: dict[str, list[str]] = {}
    for dose in builder.build(facts)["doses"]:
        chains.setdefault(dose["series"], []).append(dose["id"])
    assert chains == {
        "HB": ["HB0"],
        "BCG": ["BCG"],
        "OPV": ["OPV1", "OPV2", "OPV3", "OPV4"],
        "DPTHBHIB": ["DPTHBHIB1", "DPTHBHIB2", "DPTHBHIB3", "DPTHBHIB4"],
        "PCV": ["PCV1", "PCV2", "PCV3"],
        "RV": ["RV1", "RV2", "RV3"],
        "IPV": ["IPV1", "IPV2"],
        "MR": ["MR1", "MR2"],
        "JE": ["JE1"],
    }


def _entry(facts: dict[str, Any], dose: str) -> dict[str, Any]:
    return next(entry for entry in facts["routine_schedule"] if entry["id"] == dose)


@pytest.mark.parametrize(
    "edit",
    [
        lambda facts: _entry(facts, "DPTHBHIB4").update(catch_up="Selang 6 bulan dari dosis 3."),
        lambda facts: facts["catch_up"].update(pcv=[{"source": ["X"], "confidence": "verified-secondary"}]),
        lambda facts: facts.update(date_rules=["Bayi prematur (<2.000 g): tanyakan petugas."]),
        lambda facts: facts["regional_overrides"]["heksavalen"].update(bot_rule="IPV tetap."),
        lambda facts: _entry(facts, "OPV3")["min_interval"].update({"from": "OPV1"}),
        lambda facts: _entry(facts, "BCG").update(max_age={"years": 1}),
        lambda facts: _entry(facts, "BCG").update(min_age={"years": 1}),
        lambda facts: _entry(facts, "BCG").update(id="HB0"),
    ],
    ids=["booster", "pcv", "special care", "heksavalen", "chain", "max age unit", "min age unit", "id twice"],
)
def test_the_build_stops_when_the_facts_no_longer_say_what_the_code_does(
    builder: ModuleType, facts: dict[str, Any], edit: Any
) -> None:
    edit(facts)
    with pytest.raises(builder.FactsChangedError):
        builder.build(facts)
