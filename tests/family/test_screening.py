"""What a screening comes to: findings, gaps, the plan to the wedding day, who may see what. The arithmetic is shown."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from sapa.family.people import Screening, Sex, Wedding
from sapa.family.screening import (
    ITEMS,
    SHARED,
    Finding,
    Status,
    Step,
    bmi,
    concerns,
    gaps,
    next_td,
    plausible,
    review,
    rules,
    seen_by,
    td_due,
    visible,
    wedding_gaps,
    week_day,
)

FACTS = Path(__file__).resolve().parents[2] / "content" / "facts"
TODAY = date(2026, 11, 22)
SHE, HE = "she", "he"
WELL_HER = {
    "age_years": 23,
    "weight_kg": 50,
    "height_cm": 155,
    "lila_cm": 24,
    "hb_g_dl": 12.5,
    "smokes": False,
    "smoke_at_home": False,
    "td_status": "T5",
}
WELL_HIM = {"age_years": 26, "weight_kg": 60, "height_cm": 170, "smokes": False}


def _wedding(
    her: dict[str, Any] | None = None, him: dict[str, Any] | None = None, on: date | None = date(2027, 3, 14)
) -> Wedding:
    screenings = (
        Screening(Sex.FEMALE, WELL_HER if her is None else {**WELL_HER, **her}, SHE),
        Screening(Sex.MALE, WELL_HIM if him is None else {**WELL_HIM, **him}),
    )
    return Wedding(on, TODAY, screenings, SHE, "w1")


def _finding(item: str, her: dict[str, Any] | None = None, him: dict[str, Any] | None = None) -> Finding:
    sex = Sex.MALE if him is not None else Sex.FEMALE
    found = review(_wedding(her, him), TODAY).findings
    return next(finding for finding in found if (finding.partner, finding.item) == (sex, item))


# ----------------------------------------------------------------------------------------------------------- figures


@pytest.mark.parametrize(
    ("kilos", "centimetres", "value"),
    [
        (45, 155, 18.7),  # 45 / 1.55^2 = 45 / 2.4025 = 18.730
        (50, 155, 20.8),  # 20.812
        (44.4, 155, 18.5),  # 18.4807 -> 18.5: the figure that is shown is the figure that counts
        (44.3, 155, 18.4),  # 18.4391
        (60.1, 155, 25.0),  # 25.0156 -> 25.0
        (60.2, 155, 25.1),  # 25.0572
        (None, 155, None),
        (45, None, None),
    ],
)
def test_the_body_mass_index_has_one_decimal(kilos: float | None, centimetres: float | None, value: float) -> None:
    assert bmi(kilos, centimetres) == value


@pytest.mark.parametrize(
    ("status", "last", "due"),
    [
        ("T1", date(2026, 11, 1), ("T2", date(2026, 11, 29))),  # 4 weeks = 28 days
        ("T2", date(2026, 8, 31), ("T3", date(2027, 2, 28))),  # 6 calendar months; February has no 31st
        ("T3", date(2024, 2, 29), ("T4", date(2025, 2, 28))),  # a year
        ("T4", date(2026, 1, 10), ("T5", date(2027, 1, 10))),  # a year
        ("T5", date(2026, 1, 10), None),
        ("T2", None, None),  # no day on the card: the health worker decides
        (None, date(2026, 1, 10), None),  # no status on the card: likewise
        ("T0", date(2026, 1, 10), None),
        ("T3", date(9999, 12, 31), None),
    ],
)
def test_the_next_td_follows_from_the_last_one_on_record(
    status: str | None, last: date | None, due: tuple[str, date] | None
) -> None:
    assert next_td(status, last) == due


@pytest.mark.parametrize(
    ("weeks", "day"),
    [(13, date(2026, 12, 13)), (12, date(2026, 12, 20)), (8, date(2027, 1, 17)), (4, date(2027, 2, 14))],
)
def test_weeks_before_the_wedding_are_sevens_of_days(weeks: int, day: date) -> None:
    assert week_day(date(2027, 3, 14), weeks) == day == date(2027, 3, 14) - timedelta(days=7 * weeks)


# ---------------------------------------------------------------------------------------------------------- findings


@pytest.mark.parametrize(
    ("item", "her", "status", "actions"),
    [
        ("age", {"age_years": 18}, Status.CHECK, ("age_law",)),  # law: 19
        ("age", {"age_years": 19}, Status.CHECK, ("age_wait",)),  # pregnancy from 20 on
        ("age", {"age_years": 20}, Status.CHECK, ("age_talk",)),  # BKKBN: 21
        ("age", {"age_years": 21}, Status.GOOD, ()),
        ("age", {"age_years": 35}, Status.GOOD, ()),
        ("age", {"age_years": 36}, Status.CHECK, ("age_plan",)),
        ("age", {"age_years": None}, Status.UNKNOWN, ("tell_age",)),
        ("bmi", {"weight_kg": 44.3}, Status.IMPROVE, ("eat_more", "monthly")),  # 18.4
        ("bmi", {"weight_kg": 44.4}, Status.GOOD, ()),  # 18.5
        ("bmi", {"weight_kg": 60.1}, Status.GOOD, ()),  # 25.0
        ("bmi", {"weight_kg": 60.2}, Status.IMPROVE, ("eat_lean",)),  # 25.1
        ("bmi", {"height_cm": None}, Status.UNKNOWN, ("measure",)),
        ("lila", {"lila_cm": 23.4}, Status.IMPROVE, ("eat_more", "monthly")),
        ("lila", {"lila_cm": 23.5}, Status.GOOD, ()),
        ("lila", {"lila_cm": None}, Status.UNKNOWN, ("measure",)),
        ("hb", {"hb_g_dl": 11.9}, Status.IMPROVE, ("iron", "recheck_hb")),
        ("hb", {"hb_g_dl": 12}, Status.GOOD, ()),
        ("hb", {"hb_g_dl": None}, Status.UNKNOWN, ("test_hb",)),
        ("smoking", {"smokes": True}, Status.IMPROVE, ("stop_smoking",)),
        ("smoking", {"smokes": None}, Status.UNKNOWN, ("tell_smoke",)),
        ("smoke_at_home", {"smoke_at_home": True}, Status.IMPROVE, ("smoke_free_home",)),
        ("td", {"td_status": "T5"}, Status.GOOD, ()),
        ("td", {"td_status": "T2", "td_last_on": "2026-10-03"}, Status.GOOD, ("td_next",)),  # due 3 April 2027
        ("td", {"td_status": "T2", "td_last_on": "2026-05-22"}, Status.IMPROVE, ("td_now",)),  # due this very day
        ("td", {"td_status": "T2", "td_last_on": None}, Status.CHECK, ("ask_td",)),
        ("td", {"td_status": None}, Status.UNKNOWN, ("ask_td",)),
    ],
)
def test_what_is_said_of_her(item: str, her: dict[str, Any], status: Status, actions: tuple[str, ...]) -> None:
    finding = _finding(item, her)
    assert (finding.status, finding.actions) == (status, actions)


@pytest.mark.parametrize(
    ("item", "him", "status"),
    [
        ("age", {"age_years": 18}, Status.CHECK),
        ("age", {"age_years": 24}, Status.CHECK),  # BKKBN: 25
        ("age", {"age_years": 25}, Status.GOOD),
        ("age", {"age_years": 60}, Status.GOOD),
        ("bmi", {"weight_kg": 53}, Status.IMPROVE),  # 53 / 2.89 = 18.3
        ("smoking", {"smokes": True}, Status.IMPROVE),
        ("smoke_at_home", {"smoke_at_home": True}, Status.IMPROVE),  # only where he told it
    ],
)
def test_what_is_said_of_him(item: str, him: dict[str, Any], status: Status) -> None:
    assert _finding(item, him=him).status is status


def test_his_blood_his_arm_and_his_vaccines_are_not_judged() -> None:
    found = review(_wedding(), TODAY).findings
    assert [f.item for f in found if f.partner is Sex.MALE] == ["age", "bmi", "smoking"]


def test_where_nothing_was_told_of_a_partner_nothing_is_said() -> None:
    wedding = replace(_wedding(), screenings=(Screening(Sex.FEMALE, WELL_HER, SHE),))
    assert {finding.partner for finding in review(wedding, TODAY).findings} == {Sex.FEMALE}


# -------------------------------------------------------------------------------------------------------------- plan


def _steps(wedding: Wedding, today: date = TODAY) -> list[tuple[str, date | None]]:
    return [(step.key, step.on) for step in review(wedding, today).steps]


def test_a_couple_that_is_well_keeps_the_common_timeline() -> None:
    assert _steps(_wedding()) == [
        ("checkup", date(2026, 12, 13)),  # 13 weeks
        ("elsimil", date(2026, 12, 13)),
        ("class", date(2027, 1, 17)),  # 8 weeks, roughly
        ("decide", date(2027, 2, 14)),  # 4 weeks, roughly
        ("bring_proof", date(2027, 3, 14)),
    ]


def test_what_is_to_be_improved_begins_at_once_and_is_looked_at_again() -> None:
    wedding = _wedding({"hb_g_dl": 11, "lila_cm": 22}, {"smokes": True})
    assert _steps(wedding)[:3] == [("stop_smoking", TODAY), ("iron", TODAY), ("nutrition", TODAY)]
    later = dict(_steps(wedding))
    assert later["recheck_hb"] == date(2027, 2, 20)  # 22 November + 90 days
    assert later["monthly"] == date(2026, 12, 22)  # a month after the screening


def test_the_ninety_days_begin_anew_with_a_later_test_that_is_still_low() -> None:
    wedding = _wedding({"hb_g_dl": 11, "hb_on": "2026-12-01"})
    assert dict(_steps(wedding, date(2026, 12, 2)))["recheck_hb"] == date(2027, 3, 1)  # 1 December + 90 days


def test_the_monthly_check_comes_again_every_month() -> None:
    wedding = _wedding({"lila_cm": 22})
    assert dict(_steps(wedding, date(2026, 12, 22)))["monthly"] == date(2026, 12, 22)
    assert dict(_steps(wedding, date(2026, 12, 23)))["monthly"] == date(2027, 1, 22)


def test_a_wedding_nearer_than_thirteen_weeks_begins_with_what_can_still_be_done() -> None:
    found = review(_wedding({"hb_g_dl": 11}, on=date(2026, 12, 20)), TODAY)  # 28 days ahead
    assert found.hurried and found.days_left == 28
    keys = [step.key for step in found.steps]
    assert keys[0] == "checkup" and set(keys[:4]) == {"checkup", "elsimil", "iron", "class"}
    assert all(step.late for step in found.steps[:2])
    recheck = next(step for step in found.steps if step.key == "recheck_hb")
    assert recheck.on == date(2027, 2, 20) and recheck.after_wedding


@pytest.mark.parametrize(("days", "hurried"), [(90, True), (91, False)])  # 13 weeks = 91 days
def test_hurried_means_less_than_thirteen_weeks(days: int, hurried: bool) -> None:
    assert review(_wedding(on=TODAY + timedelta(days=days)), TODAY).hurried is hurried


def test_without_a_wedding_day_only_what_hangs_on_the_findings_has_a_day() -> None:
    found = review(_wedding({"hb_g_dl": 11}, on=None), TODAY)
    assert found.days_left is None and not found.hurried
    assert {step.key: step.on for step in found.steps if step.on} == {"iron": TODAY, "recheck_hb": date(2027, 2, 20)}


def test_a_td_that_is_due_is_for_now_and_one_to_come_has_its_day() -> None:
    assert ("td_now", TODAY) in _steps(_wedding({"td_status": "T2", "td_last_on": "2026-05-01"}))
    assert ("td_next", date(2027, 4, 3)) in _steps(_wedding({"td_status": "T2", "td_last_on": "2026-10-03"}))


def test_days_that_stand_on_general_knowledge_alone_are_never_firm() -> None:
    firm = {step.key: step.firm for step in review(_wedding(), TODAY).steps}
    assert firm == {"checkup": True, "elsimil": True, "class": False, "decide": False, "bring_proof": True}


# -------------------------------------------------------------------------------------------------------------- gaps


def test_what_was_not_asked_and_what_nobody_knew_are_both_missing() -> None:
    assert gaps(Screening(Sex.MALE, {"age_years": 26, "weight_kg": None})) == ["weight_kg", "height_cm", "smokes"]
    assert gaps(Screening(Sex.FEMALE, WELL_HER)) == []


@pytest.mark.parametrize(("status", "missing"), [("T5", []), ("T2", ["td_last_on"]), (None, ["td_status"])])
def test_the_day_of_the_last_td_counts_only_while_a_dose_is_to_come(status: str | None, missing: list[str]) -> None:
    assert gaps(Screening(Sex.FEMALE, {**WELL_HER, "td_status": status})) == missing


def test_each_is_asked_only_for_what_that_one_can_tell() -> None:
    alone = Wedding(None, TODAY, (Screening(Sex.FEMALE, WELL_HER, SHE),), SHE)
    assert wedding_gaps(alone) == [(Sex.MALE, item) for item in ITEMS[Sex.MALE]]
    linked = replace(alone, screenings=(*alone.screenings, Screening(Sex.MALE, {"smokes": None}, HE)))
    assert wedding_gaps(linked) == []
    assert (Sex.MALE, "smokes") in wedding_gaps(linked, HE) and wedding_gaps(linked, HE)[0][0] is Sex.MALE


# ----------------------------------------------------------------------------------------------------------- privacy


def _linked(her_yes: bool, his_yes: bool) -> Wedding:
    return replace(
        _wedding(),
        screenings=(
            Screening(Sex.FEMALE, {**WELL_HER, SHARED: her_yes}, SHE),
            Screening(Sex.MALE, {**WELL_HIM, SHARED: his_yes}, HE),
        ),
    )


@pytest.mark.parametrize(
    ("her_yes", "his_yes", "she_sees", "he_sees"),
    [(True, True, "FM", "FM"), (True, False, "F", "M"), (False, True, "F", "M"), (False, False, "F", "M")],
)
def test_each_sees_the_other_only_if_both_agree(her_yes: bool, his_yes: bool, she_sees: str, he_sees: str) -> None:
    wedding = _linked(her_yes, his_yes)
    assert "".join(s.partner.value for s in visible(wedding, SHE)) == she_sees
    assert "".join(s.partner.value for s in visible(wedding, HE)) == he_sees
    assert visible(wedding, "somebody else") == (wedding.screenings if her_yes and his_yes else ())


def test_a_partner_without_an_own_phone_is_seen_by_who_told() -> None:
    assert len(visible(_wedding(), SHE)) == 2 and visible(_wedding(), HE) == ()


def test_messages_rest_on_what_their_reader_may_see() -> None:
    wedding = replace(
        _linked(True, False),
        screenings=(
            Screening(Sex.FEMALE, {**WELL_HER, "hb_g_dl": 11, SHARED: True}, SHE),
            Screening(Sex.MALE, {**WELL_HIM, "smokes": True, SHARED: False}, HE),
        ),
    )
    assert concerns(wedding, TODAY) == {"hb_low": True, "thin": False, "smoke": False, "td_known": True}
    assert concerns(wedding, TODAY, HE)["smoke"] and not concerns(wedding, TODAY, HE)["hb_low"]


def test_hers_alone_is_the_next_td() -> None:
    assert td_due(_wedding({"td_status": "T1", "td_last_on": "2026-11-01"})) == ("T2", date(2026, 11, 29))


# -------------------------------------------------------------------------------------------------------- properties

_FIGURES = st.one_of(st.none(), st.floats(1, 400, allow_nan=False))
_HERS = st.fixed_dictionaries(
    {},
    optional={
        "age_years": st.one_of(st.none(), st.integers(12, 75)),
        "weight_kg": _FIGURES,
        "height_cm": _FIGURES,
        "lila_cm": _FIGURES,
        "hb_g_dl": _FIGURES,
        "smokes": st.one_of(st.none(), st.booleans()),
        "smoke_at_home": st.one_of(st.none(), st.booleans()),
        "td_status": st.sampled_from([None, "T1", "T2", "T3", "T4", "T5"]),
        "td_last_on": st.one_of(st.none(), st.dates(date(1990, 1, 1), TODAY).map(date.isoformat)),
    },
)


@given(_HERS, st.one_of(st.none(), st.integers(0, 1000)))
def test_whatever_was_told_there_is_a_plan_without_a_day_in_the_past(her: dict[str, Any], ahead: int | None) -> None:
    on = None if ahead is None else TODAY + timedelta(days=ahead)
    found = review(Wedding(on, TODAY, (Screening(Sex.FEMALE, her, SHE),), SHE), TODAY)
    assert all(step.on is None or step.on >= TODAY for step in found.steps)
    assert [step.on or date.max for step in found.steps] == sorted(step.on or date.max for step in found.steps)
    assert {f.item for f in found.findings if f.status is Status.UNKNOWN} == {
        item
        for item, needs in {
            "age": ["age_years"],
            "bmi": ["weight_kg", "height_cm"],
            "lila": ["lila_cm"],
            "hb": ["hb_g_dl"],
            "smoking": ["smokes"],
            "smoke_at_home": ["smoke_at_home"],
            "td": ["td_status"],
        }.items()
        if any(her.get(need) is None for need in needs)
    }
    assert len({step.key for step in found.steps}) == len(found.steps)


@given(_HERS)
def test_the_order_of_the_answers_does_not_matter(her: dict[str, Any]) -> None:
    one = review(_wedding_of(her), TODAY)
    assert one == review(_wedding_of(dict(reversed(her.items()))), TODAY)


def _wedding_of(her: dict[str, Any]) -> Wedding:
    return Wedding(date(2027, 3, 14), TODAY, (Screening(Sex.FEMALE, her, SHE),), SHE)


# ------------------------------------------------------------------------------------------- the figures are the facts


def test_every_figure_is_that_of_the_fact_sheets() -> None:
    catin = yaml.safe_load((FACTS / "catin.yml").read_text(encoding="utf-8"))
    doses = yaml.safe_load((FACTS / "imunisasi.yml").read_text(encoding="utf-8"))["td_wus"]["doses"]
    known = rules().thresholds
    told = {row["item"]: row for row in catin["screening"]}
    assert catin["legal_min_age"]["value"] == known["age_law"].min == 19
    assert told["IMT"]["ok"] == f"{known['bmi'].min}-{known['bmi'].max}"
    assert told["LiLA"]["ok"] == f">={known['lila_cm'].min} cm"
    assert told["Hb"]["ok"] == f">={known['hb_g_dl'].min:g} g/dL"
    assert told["usia perempuan"]["ideal"] == f">={known['age_woman'].ideal:g} tahun (BKKBN)"
    assert told["usia perempuan"]["flag"] == f"<{known['age_woman'].min} atau >{known['age_woman'].max} tahun"
    assert told["usia laki-laki"]["ideal"] == f">={known['age_man'].ideal:g} tahun (BKKBN)"
    assert f"TTD {rules().iron_days} hari" in catin["timeline"][1]["do"][0]
    assert "kontrol tiap bulan" in catin["advice_by_finding"]["lila_or_bmi_low"]["do"] and rules().check_months == 1
    in_weeks = {row["weeks_before_wedding"] for row in catin["timeline"] if "weeks_before_wedding" in row}
    assert {milestone.weeks for milestone in rules().timeline} == in_weeks == {13, 12, 8, 4, 0}
    intervals = {row["min_interval"]["from"]: row["min_interval"] for row in doses if row["min_interval"]}
    assert {
        before: (said.get("weeks", 0), said.get("months", 0) + 12 * said.get("years", 0))
        for before, said in intervals.items()
    } == dict(rules().td)


def test_only_the_days_that_are_verified_are_firm() -> None:
    catin = yaml.safe_load((FACTS / "catin.yml").read_text(encoding="utf-8"))
    verified = {
        row["weeks_before_wedding"]
        for row in catin["timeline"]
        if row["confidence"] != "general-knowledge" and "weeks_before_wedding" in row
    }
    assert {milestone.weeks for milestone in rules().timeline if milestone.firm} == verified


def test_every_threshold_names_its_source() -> None:
    path = Path(__file__).resolve().parents[2] / "sapa" / "family" / "data" / "screening.json"
    data = json.loads(path.read_text(encoding="utf-8"))
    assert all(row["source"] and row["confidence"] != "general-knowledge" for row in data["thresholds"].values())


@pytest.mark.parametrize(("item", "value", "may_be"), [("weight_kg", 24, False), ("hb_g_dl", 20, True), ("x", 0, True)])
def test_what_is_possible_is_wide(item: str, value: float, may_be: bool) -> None:
    assert plausible(item, value) is may_be


def test_a_wedding_from_a_file_hides_nothing() -> None:
    bare = Wedding(date(2027, 3, 14), TODAY, (Screening(Sex.FEMALE, WELL_HER),))
    assert seen_by(bare, "") == bare
    assert Step("x", None).firm
