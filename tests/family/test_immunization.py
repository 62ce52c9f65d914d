"""The rules of the immunisation forecast, case by case; every expected date shows its arithmetic.

A dose is written as one line: "upcoming 2026-03-15 .. 2031-01-14" (earliest = due, then the last day),
"done 2026-03-20", "done 2026-02-20 (given_before_min_age)", "ask (past_latest)".
Unless a test says otherwise the child is born on 2026-01-15 and nothing is recorded.
"""

from datetime import date, datetime, timedelta

import pytest

from sapa.family.immunization import (
    DoseForecast,
    DoseStatus,
    RecordError,
    bundle_of,
    dose_named,
    forecast,
    labels_of,
    schedule,
    visit_bundles,
)
from sapa.family.people import Child, VaccineProfile

BIRTH = "2026-01-15"


def plan(
    today: str,
    given: dict[str, str] | None = None,
    birth: str = BIRTH,
    *,
    profile: VaccineProfile = VaccineProfile.PENTAVALEN,
    je_region: bool = False,
    province: str | None = None,
    **about_the_child: object,
) -> dict[str, str]:
    """The forecast as {dose id: line}, in the order it came."""
    doses = {dose: date.fromisoformat(day) for dose, day in (given or {}).items()}
    child = Child("Adik", date.fromisoformat(birth), doses=doses, **about_the_child)  # type: ignore[arg-type]
    rows = forecast(child, date.fromisoformat(today), profile=profile, je_region=je_region, province=province)
    return {row.dose: line(row) for row in rows}


def line(row: DoseForecast) -> str:
    reason = f" ({row.reason})" if row.reason else ""
    if row.status is DoseStatus.DONE:
        assert row.given_on and not (row.earliest or row.due or row.latest)
        return f"done {row.given_on}{reason}"
    assert row.given_on is None
    if row.status is DoseStatus.ASK:
        assert row.reason and not (row.earliest or row.due or row.latest)
        return f"ask{reason}"
    assert row.earliest == row.due and row.latest and not row.reason
    return f"{row.status} {row.due} .. {row.latest}"


# --------------------------------------------------------------------------------------------- the whole schedule


def test_a_newborn_has_the_whole_schedule_ahead_in_the_order_of_the_facts() -> None:
    assert list(plan("2026-01-15").items()) == [
        ("HB0", "due 2026-01-15 .. 2026-01-22"),  # birth + 7 days
        ("BCG", "upcoming 2026-02-15 .. 2027-01-14"),  # 1 month; the day before 11+1 months
        ("OPV1", "upcoming 2026-02-15 .. 2031-01-14"),  # the day before 59+1 months
        ("OPV2", "upcoming 2026-03-15 .. 2031-01-14"),  # 2 months = 15 Feb + 28 days
        ("OPV3", "upcoming 2026-04-15 .. 2031-01-14"),  # 3 months; 15 Mar + 28 = 12 Apr is earlier
        ("OPV4", "upcoming 2026-05-15 .. 2031-01-14"),
        ("DPTHBHIB1", "upcoming 2026-03-15 .. 2031-01-14"),
        ("DPTHBHIB2", "upcoming 2026-04-15 .. 2031-01-14"),
        ("DPTHBHIB3", "upcoming 2026-05-15 .. 2031-01-14"),
        ("PCV1", "upcoming 2026-03-15 .. 2031-01-14"),
        ("PCV2", "upcoming 2026-04-15 .. 2031-01-14"),
        ("PCV3", "upcoming 2027-01-15 .. 2028-01-14"),  # 12 months; the day before 24 months
        ("RV1", "upcoming 2026-03-15 .. 2026-06-14"),  # the day before 4+1 months
        ("RV2", "upcoming 2026-04-15 .. 2026-07-14"),  # the day before 5+1 months
        ("RV3", "upcoming 2026-05-15 .. 2026-08-13"),  # 6 months = 15 Jul, + 29 days
        ("IPV1", "upcoming 2026-05-15 .. 2031-01-14"),
        ("MR1", "upcoming 2026-10-15 .. 2031-01-14"),
        ("IPV2", "upcoming 2026-10-15 .. 2031-01-14"),  # 9 months; 15 May + 4 months = 15 Sep is earlier
        ("DPTHBHIB4", "upcoming 2027-07-15 .. 2031-01-14"),  # 18 months; 15 May + 12 months is earlier
        ("MR2", "upcoming 2027-07-15 .. 2031-01-14"),  # 18 months; 15 Oct + 6 months = 15 Apr is earlier
    ]


def test_a_child_on_schedule_sees_what_is_done_due_and_ahead() -> None:
    given = {
        "HB0": "2026-01-15",
        **{dose: "2026-02-16" for dose in ("BCG", "OPV1")},
        **{dose: "2026-03-17" for dose in ("OPV2", "DPTHBHIB1", "PCV1", "RV1")},
    }
    got = plan("2026-04-16", given)
    assert [got[dose] for dose in given] == [f"done {day}" for day in given.values()]
    assert got["OPV3"] == "due 2026-04-15 .. 2031-01-14"  # 3 months; 17 Mar + 28 = 14 Apr is earlier
    assert got["RV2"] == "due 2026-04-15 .. 2026-07-14"
    assert got["OPV4"] == "upcoming 2026-05-15 .. 2031-01-14"  # today 16 Apr + 28 = 14 May is earlier than 4 months
    assert got["PCV3"] == "upcoming 2027-01-15 .. 2028-01-14"


def test_a_late_starter_of_eight_months_catches_up_without_starting_over() -> None:
    # Born 2026-01-15, today 2026-09-15 = 8 months, nothing recorded. 15 Sep + 28 = 13 Oct, + 28 = 10 Nov, + 28 = 8 Dec.
    assert plan("2026-09-15") == {
        "HB0": "ask (hb0_after_day_7)",
        "BCG": "overdue 2026-02-15 .. 2027-01-14",
        "OPV1": "overdue 2026-02-15 .. 2031-01-14",
        "OPV2": "upcoming 2026-10-13 .. 2031-01-14",
        "OPV3": "upcoming 2026-11-10 .. 2031-01-14",
        "OPV4": "upcoming 2026-12-08 .. 2031-01-14",
        "DPTHBHIB1": "overdue 2026-03-15 .. 2031-01-14",
        "DPTHBHIB2": "upcoming 2026-10-13 .. 2031-01-14",
        "DPTHBHIB3": "upcoming 2026-11-10 .. 2031-01-14",
        "PCV1": "overdue 2026-03-15 .. 2031-01-14",
        "PCV2": "upcoming 2026-10-13 .. 2031-01-14",
        "PCV3": "upcoming 2027-01-15 .. 2028-01-14",  # 12 months; 13 Oct + 56 = 8 Dec is earlier
        "RV1": "ask (past_latest)",  # last day 14 Jun
        "RV2": "ask (past_latest)",
        "RV3": "ask (past_latest)",
        "IPV1": "overdue 2026-05-15 .. 2031-01-14",
        "MR1": "upcoming 2026-10-15 .. 2031-01-14",
        "IPV2": "upcoming 2027-01-15 .. 2031-01-14",  # today 15 Sep + 4 months
        "DPTHBHIB4": "ask (booster_interval_unclear)",  # 10 Nov + 12 months: after 15 Jul 2027
        "MR2": "upcoming 2027-07-15 .. 2031-01-14",
    }


# --------------------------------------------------------------------------------------------- rules 1, 2 and 3

RULE_2 = [
    # (why, today, recorded, dose, expected)
    ("the age sets the date", "2026-04-01", {"OPV1": "2026-02-15"}, "OPV2", "due 2026-03-15 .. 2031-01-14"),
    # 20 Mar + 28 days = 17 Apr, after 2 months = 15 Mar
    ("the interval sets the date", "2026-04-01", {"OPV1": "2026-03-20"}, "OPV2", "upcoming 2026-04-17 .. 2031-01-14"),
    # OPV1 is not recorded: today 1 Apr + 28 = 29 Apr
    ("today stands for a dose not given", "2026-04-01", {}, "OPV2", "upcoming 2026-04-29 .. 2031-01-14"),
    # 1 Apr + 28 + 28 = 27 May
    ("and so down the chain", "2026-04-01", {}, "OPV3", "upcoming 2026-05-27 .. 2031-01-14"),
    # IPV1 is expected on 15 May, + 4 months = 15 Sep, before 9 months
    ("a dose ahead stands for itself", "2026-02-01", {}, "IPV2", "upcoming 2026-10-15 .. 2031-01-14"),
    # 20 Jul + 4 months = 20 Nov, after 9 months = 15 Oct
    ("IPV2 waits 4 months", "2026-08-01", {"IPV1": "2026-07-20"}, "IPV2", "upcoming 2026-11-20 .. 2031-01-14"),
    # 31 Oct + 4 months = 28 Feb 2027
    ("months clamp", "2026-11-01", {"IPV1": "2026-10-31"}, "IPV2", "upcoming 2027-02-28 .. 2031-01-14"),
    # 20 Mar 2027 + 6 months = 20 Sep 2027, after 18 months = 15 Jul 2027
    ("MR2 waits 6 months", "2027-04-01", {"MR1": "2027-03-20"}, "MR2", "upcoming 2027-09-20 .. 2031-01-14"),
    # 1 Dec + 56 = 26 Jan 2027, after 12 months = 15 Jan 2027
    (
        "PCV3 waits 56 days",
        "2026-12-02",
        {"PCV1": "2026-10-01", "PCV2": "2026-12-01"},
        "PCV3",
        "upcoming 2027-01-26 .. 2028-01-14",
    ),
    # HB0 is no link of the DPTHBHIB chain: 2 months after birth whenever HB0 was given
    ("HB0 stands alone", "2026-02-01", {"HB0": "2026-01-20"}, "DPTHBHIB1", "upcoming 2026-03-15 .. 2031-01-14"),
]


@pytest.mark.parametrize(("why", "today", "given", "dose", "expected"), RULE_2, ids=[row[0] for row in RULE_2])
def test_rule_2_earliest_is_the_later_of_age_and_interval(
    why: str, today: str, given: dict[str, str], dose: str, expected: str
) -> None:
    assert plan(today, given)[dose] == expected


MONTH_ENDS = [
    # (birth, today, dose, expected)
    ("2026-08-31", "2026-09-01", "BCG", "upcoming 2026-09-30 .. 2027-08-30"),  # no 31 Sep
    ("2026-08-31", "2026-09-01", "DPTHBHIB1", "upcoming 2026-10-31 .. 2031-08-30"),
    ("2026-08-31", "2026-09-01", "DPTHBHIB2", "upcoming 2026-11-30 .. 2031-08-30"),  # 31 Oct + 28 = 28 Nov
    ("2026-08-31", "2026-09-01", "RV1", "upcoming 2026-10-31 .. 2027-01-30"),  # 5 months = 31 Jan, less a day
    ("2026-08-31", "2026-09-01", "RV2", "upcoming 2026-11-30 .. 2027-02-27"),  # 6 months = 28 Feb, less a day
    ("2026-08-31", "2026-09-01", "RV3", "upcoming 2026-12-31 .. 2027-03-29"),  # 28 Feb + 29 days
    ("2026-08-31", "2026-09-01", "MR2", "upcoming 2028-02-29 .. 2031-08-30"),  # 18 months: leap February
    ("2028-02-29", "2028-03-01", "BCG", "upcoming 2028-03-29 .. 2029-02-27"),  # 12 months = 28 Feb, less a day
    ("2028-02-29", "2028-03-01", "PCV3", "upcoming 2029-02-28 .. 2030-02-27"),
    ("2028-02-29", "2028-03-01", "OPV1", "upcoming 2028-03-29 .. 2033-02-27"),
    ("2027-10-31", "2027-11-01", "OPV4", "upcoming 2028-02-29 .. 2032-10-30"),  # 4 months; 31 Jan + 28 = 28 Feb
]


@pytest.mark.parametrize(("birth", "today", "dose", "expected"), MONTH_ENDS)
def test_rule_2_and_3_hold_for_children_born_at_a_months_end_and_on_a_leap_day(
    birth: str, today: str, dose: str, expected: str
) -> None:
    assert plan(today, birth=birth)[dose] == expected


# --------------------------------------------------------------------------------------------- rule 4

LIMITS = [
    # (dose, recorded, last day, on the last day, the day after)
    ("HB0", {}, "2026-01-22", "due 2026-01-15 .. 2026-01-22", "ask (hb0_after_day_7)"),
    ("BCG", {}, "2027-01-14", "overdue 2026-02-15 .. 2027-01-14", "ask (past_latest)"),
    ("RV1", {}, "2026-06-14", "overdue 2026-03-15 .. 2026-06-14", "ask (past_latest)"),
    ("RV2", {"RV1": "2026-06-14"}, "2026-07-14", "due 2026-07-12 .. 2026-07-14", "ask (past_latest)"),  # 14 Jun + 28
    (
        "RV3",  # 14 Jul + 28 = 11 Aug
        {"RV1": "2026-06-14", "RV2": "2026-07-14"},
        "2026-08-13",
        "due 2026-08-11 .. 2026-08-13",
        "ask (past_latest)",
    ),
    (
        "PCV3",
        {"PCV1": "2026-03-15", "PCV2": "2026-04-15"},
        "2028-01-14",
        "overdue 2027-01-15 .. 2028-01-14",
        "ask (past_latest)",
    ),
    ("MR1", {}, "2031-01-14", "overdue 2026-10-15 .. 2031-01-14", "ask (past_latest)"),
]


@pytest.mark.parametrize(("dose", "given", "last", "on_it", "after"), LIMITS, ids=[row[0] for row in LIMITS])
def test_rule_4_a_dose_may_be_given_on_its_last_day_and_is_asked_about_on_the_next(
    dose: str, given: dict[str, str], last: str, on_it: str, after: str
) -> None:
    the_next = (date.fromisoformat(last) + timedelta(days=1)).isoformat()
    assert plan(last, given)[dose] == on_it
    assert plan(the_next, given)[dose] == after


def test_rule_4_a_dose_whose_interval_ends_after_its_last_day_is_asked_about_and_so_is_the_next() -> None:
    # RV1 is still possible on 14 Jun; RV2 then 12 Jul, still before 14 Jul; RV3 9 Aug, before 13 Aug.
    got = plan("2026-06-14")
    assert [got["RV1"], got["RV2"], got["RV3"]] == [
        "overdue 2026-03-15 .. 2026-06-14",
        "upcoming 2026-07-12 .. 2026-07-14",
        "upcoming 2026-08-09 .. 2026-08-13",
    ]
    # RV1 recorded on 20 Jun (late, yet recorded): 20 Jun + 28 = 18 Jul, after 14 Jul; RV3 has no date to build on.
    got = plan("2026-06-21", {"RV1": "2026-06-20"})
    assert [got["RV1"], got["RV2"], got["RV3"]] == [
        "done 2026-06-20",
        "ask (would_be_past_latest)",
        "ask (previous_is_ask)",
    ]


BOOSTER = [
    # (why, today, DPTHBHIB3 on, expected); 18 months = 2027-07-15
    ("in time: 15 Jul 2026 + 12 months is just 18 months", "2026-12-01", "2026-07-15", "upcoming 2027-07-15"),
    ("one day more: the 12 months and not the age would set the date", "2026-12-01", "2026-07-16", "ask"),
    ("still before the 12 months are over", "2027-07-15", "2026-07-16", "ask"),
    ("the 12 months are over", "2027-07-16", "2026-07-16", "due 2027-07-16"),
    ("long over", "2027-08-15", "2026-07-16", "overdue 2027-07-16"),  # 16 Jul + 30 days = 15 Aug
]


@pytest.mark.parametrize(("why", "today", "third", "expected"), BOOSTER, ids=[row[0] for row in BOOSTER])
def test_rule_4_the_dpt_booster_gets_no_date_while_its_interval_and_not_the_age_would_set_it(
    why: str, today: str, third: str, expected: str
) -> None:
    given = {"DPTHBHIB1": "2026-03-15", "DPTHBHIB2": "2026-04-15", "DPTHBHIB3": third}
    wanted = f"{expected} .. 2031-01-14" if expected != "ask" else "ask (booster_interval_unclear)"
    assert plan(today, given)["DPTHBHIB4"] == wanted


@pytest.mark.parametrize(
    ("today", "expected"),
    [
        # DPTHBHIB1-2 recorded in time; today stands for DPTHBHIB3: + 12 months against 18 months = 15 Jul 2027
        ("2026-07-15", "upcoming 2027-07-15 .. 2031-01-14"),
        ("2026-07-16", "ask (booster_interval_unclear)"),
    ],
)
def test_rule_4_the_booster_counts_from_a_forecast_third_dose_too(today: str, expected: str) -> None:
    assert plan(today, {"DPTHBHIB1": "2026-03-15", "DPTHBHIB2": "2026-04-15"})["DPTHBHIB4"] == expected


SPECIAL = [
    ({"birth_weeks": 36}, True),
    ({"birth_weeks": 37}, False),
    ({"birth_weight_g": 2499}, True),
    ({"birth_weight_g": 2500}, False),
    ({"special_care": True}, True),
    ({"birth_weeks": 40, "birth_weight_g": 3100, "special_care": False}, False),
    ({"birth_weeks": 40, "birth_weight_g": 2300}, True),
]


@pytest.mark.parametrize(("about", "special"), SPECIAL)
def test_rule_4_a_child_born_early_light_or_in_special_care_gets_no_date_at_all(
    about: dict[str, object], special: bool
) -> None:
    got = plan("2026-03-20", {"HB0": "2026-01-15", "BCG": "2026-02-20"}, **about)  # type: ignore[arg-type]
    unrecorded = [text for dose, text in got.items() if dose not in ("HB0", "BCG")]
    assert (got["HB0"], got["BCG"], len(unrecorded)) == ("done 2026-01-15", "done 2026-02-20", 18)
    assert all(text == "ask (special_care)" for text in unrecorded) is special
    assert any("special_care" in text for text in unrecorded) is special


# --------------------------------------------------------------------------------------------- rule 5

PCV = [
    # (why, today, recorded, PCV1, PCV2, PCV3); 12 months = 2027-01-15, 24 months = 2028-01-15
    (
        "11 months, none: begun before 12 months if begun today",
        "2026-12-15",
        {},
        "overdue 2026-03-15 .. 2031-01-14",
        "upcoming 2027-01-12 .. 2031-01-14",  # 15 Dec + 28
        "upcoming 2027-03-09 .. 2028-01-14",  # 12 Jan + 56
    ),
    (
        "the day before 12 months",
        "2027-01-14",
        {},
        "overdue 2026-03-15 .. 2031-01-14",
        "upcoming 2027-02-11 .. 2031-01-14",  # 14 Jan + 28
        "upcoming 2027-04-08 .. 2028-01-14",  # 11 Feb + 56
    ),
    (
        "12 months, none: two doses, 56 days apart",
        "2027-01-15",
        {},
        "overdue 2026-03-15 .. 2031-01-14",
        "upcoming 2027-03-12 .. 2031-01-14",  # 15 Jan + 56
        "ask (late_pcv_start)",
    ),
    (
        "the day before 24 months, none",
        "2028-01-14",
        {},
        "overdue 2026-03-15 .. 2031-01-14",
        "upcoming 2028-03-10 .. 2031-01-14",  # 14 Jan + 56
        "ask (late_pcv_start)",
    ),
    (
        "24 months, none: one dose",
        "2028-01-15",
        {},
        "overdue 2026-03-15 .. 2031-01-14",
        "ask (late_pcv_start)",
        "ask (past_latest)",
    ),
    (
        "PCV1 at 11 months: an ordinary series, even seen at 13 months",
        "2027-02-15",
        {"PCV1": "2026-12-15"},
        "done 2026-12-15",
        "overdue 2027-01-12 .. 2031-01-14",  # 15 Dec + 28; 15 Feb is day 34
        "upcoming 2027-04-12 .. 2028-01-14",  # today 15 Feb + 56
    ),
    (
        "PCV1 on the first birthday: two doses, 56 days apart",
        "2027-02-15",
        {"PCV1": "2027-01-15"},
        "done 2027-01-15",
        "upcoming 2027-03-12 .. 2031-01-14",  # 15 Jan + 56
        "ask (late_pcv_start)",
    ),
    (
        "both doses of a late start are in",
        "2027-05-01",
        {"PCV1": "2027-01-15", "PCV2": "2027-03-12"},
        "done 2027-01-15",
        "done 2027-03-12",
        "ask (late_pcv_start)",
    ),
    (
        "PCV1 the day before 24 months",
        "2028-02-01",
        {"PCV1": "2028-01-14"},
        "done 2028-01-14",
        "upcoming 2028-03-10 .. 2031-01-14",  # 14 Jan + 56
        "ask (past_latest)",
    ),
    (
        "PCV1 at 24 months: it was the only one",
        "2028-02-01",
        {"PCV1": "2028-01-15"},
        "done 2028-01-15",
        "ask (late_pcv_start)",
        "ask (past_latest)",
    ),
    (
        "two doses in time, the third missed at 12 months: until the day before 24 months",
        "2027-12-15",
        {"PCV1": "2026-03-15", "PCV2": "2026-04-15"},
        "done 2026-03-15",
        "done 2026-04-15",
        "overdue 2027-01-15 .. 2028-01-14",
    ),
    (
        "only PCV2 is recorded, at 13 months: the series began with it",
        "2027-03-01",
        {"PCV2": "2027-02-15"},
        "ask (later_dose_recorded)",
        "done 2027-02-15",
        "ask (late_pcv_start)",
    ),
    (
        "the two doses of a late start stand too close: 15 Jan + 56 = 12 Mar",
        "2027-05-01",
        {"PCV1": "2027-01-15", "PCV2": "2027-03-11"},
        "done 2027-01-15",
        "done 2027-03-11 (given_too_soon_after_previous)",
        "ask (earlier_dose_needs_check)",
    ),
    (
        "in time the interval is 28 days: 15 Mar + 28 = 12 Apr",
        "2026-05-01",
        {"PCV1": "2026-03-15", "PCV2": "2026-04-12"},
        "done 2026-03-15",
        "done 2026-04-12",
        "upcoming 2027-01-15 .. 2028-01-14",
    ),
]


@pytest.mark.parametrize(("why", "today", "given", "first", "second", "third"), PCV, ids=[row[0] for row in PCV])
def test_rule_5_the_pcv_series_is_shorter_the_later_it_begins(
    why: str, today: str, given: dict[str, str], first: str, second: str, third: str
) -> None:
    got = plan(today, given)
    assert [got["PCV1"], got["PCV2"], got["PCV3"]] == [first, second, third]


# --------------------------------------------------------------------------------------------- rule 6

ODD_RECORDS = [
    # (why, today, recorded, {dose: expected})
    (
        "before 6 weeks: 15 Jan + 42 = 26 Feb",
        "2026-03-01",
        {"DPTHBHIB1": "2026-02-25"},
        {
            "DPTHBHIB1": "done 2026-02-25 (given_before_min_age)",
            "DPTHBHIB2": "ask (earlier_dose_needs_check)",
            "DPTHBHIB3": "ask (earlier_dose_needs_check)",
            "DPTHBHIB4": "ask (earlier_dose_needs_check)",
            "PCV1": "upcoming 2026-03-15 .. 2031-01-14",  # other series are not touched
        },
    ),
    (
        "on the day of 6 weeks nothing is odd, and min_age is no due date",
        "2026-03-01",
        {"DPTHBHIB1": "2026-02-26"},
        {"DPTHBHIB1": "done 2026-02-26", "DPTHBHIB2": "upcoming 2026-04-15 .. 2031-01-14"},
    ),
    (
        "MR1 before 9 months",
        "2026-11-01",
        {"MR1": "2026-10-14"},
        {"MR1": "done 2026-10-14 (given_before_min_age)", "MR2": "ask (earlier_dose_needs_check)"},
    ),
    (
        "27 days after the previous dose: 15 Mar + 28 = 12 Apr",
        "2026-05-01",
        {"RV1": "2026-03-15", "RV2": "2026-04-11"},
        {
            "RV1": "done 2026-03-15",
            "RV2": "done 2026-04-11 (given_too_soon_after_previous)",
            "RV3": "ask (earlier_dose_needs_check)",
        },
    ),
    (
        "28 days after it: fine",
        "2026-05-01",
        {"RV1": "2026-03-15", "RV2": "2026-04-12"},
        {"RV2": "done 2026-04-12", "RV3": "upcoming 2026-05-15 .. 2026-08-13"},
    ),
    (
        "two doses of a series on one day",
        "2026-05-01",
        {"OPV2": "2026-04-20", "OPV1": "2026-04-20"},
        {
            "OPV1": "done 2026-04-20",
            "OPV2": "done 2026-04-20 (given_out_of_order)",
            "OPV3": "ask (earlier_dose_needs_check)",
            "OPV4": "ask (earlier_dose_needs_check)",
        },
    ),
    (
        "doses of different series on one day are the programme's way",
        "2026-05-01",
        {"OPV1": "2026-04-20", "DPTHBHIB1": "2026-04-20", "PCV1": "2026-04-20"},
        {"OPV1": "done 2026-04-20", "DPTHBHIB1": "done 2026-04-20", "PCV1": "done 2026-04-20"},
    ),
    (
        "the second before the first",
        "2026-06-01",
        {"DPTHBHIB1": "2026-05-20", "DPTHBHIB2": "2026-04-20"},
        {
            "DPTHBHIB1": "done 2026-05-20",
            "DPTHBHIB2": "done 2026-04-20 (given_out_of_order)",
            "DPTHBHIB3": "ask (earlier_dose_needs_check)",
        },
    ),
    (
        "the third before the first, the second missing",
        "2026-07-01",
        {"OPV1": "2026-06-20", "OPV3": "2026-05-20"},
        {
            "OPV1": "done 2026-06-20",
            "OPV2": "ask (later_dose_recorded)",
            "OPV3": "done 2026-05-20 (given_out_of_order)",
            "OPV4": "ask (earlier_dose_needs_check)",
        },
    ),
    (
        "an odd first dose is asked about even after a good second one",
        "2026-06-01",
        {"DPTHBHIB1": "2026-02-20", "DPTHBHIB2": "2026-04-20"},
        {
            "DPTHBHIB1": "done 2026-02-20 (given_before_min_age)",
            "DPTHBHIB2": "done 2026-04-20",
            "DPTHBHIB3": "ask (earlier_dose_needs_check)",
        },
    ),
    (
        "a missing middle dose is asked about and the series goes on: 20 May + 28 = 17 Jun",
        "2026-06-01",
        {"OPV1": "2026-02-15", "OPV3": "2026-05-20"},
        {
            "OPV1": "done 2026-02-15",
            "OPV2": "ask (later_dose_recorded)",
            "OPV3": "done 2026-05-20",
            "OPV4": "upcoming 2026-06-17 .. 2031-01-14",
        },
    ),
    (
        "only the last is recorded",
        "2026-06-01",
        {"OPV4": "2026-05-20"},
        {
            "OPV1": "ask (later_dose_recorded)",
            "OPV2": "ask (later_dose_recorded)",
            "OPV3": "ask (later_dose_recorded)",
            "OPV4": "done 2026-05-20",
        },
    ),
    (
        "IPV2 is in, IPV1 is not",
        "2026-11-01",
        {"IPV2": "2026-10-20"},
        {"IPV1": "ask (later_dose_recorded)", "IPV2": "done 2026-10-20"},
    ),
    (
        "IPV2 a day before 4 months after IPV1: 20 Jun + 4 months = 20 Oct",
        "2026-11-01",
        {"IPV1": "2026-06-20", "IPV2": "2026-10-19"},
        {"IPV2": "done 2026-10-19 (given_too_soon_after_previous)"},
    ),
    (
        "given after the last day: nothing to check here, only the next has no room (20 Jul + 28 > 14 Jul)",
        "2026-08-01",
        {"RV1": "2026-07-20"},
        {"RV1": "done 2026-07-20", "RV2": "ask (past_latest)", "RV3": "ask (previous_is_ask)"},
    ),
]


@pytest.mark.parametrize(("why", "today", "given", "expected"), ODD_RECORDS, ids=[row[0] for row in ODD_RECORDS])
def test_rule_6_a_recorded_dose_stays_done_and_what_is_odd_about_it_stops_its_series(
    why: str, today: str, given: dict[str, str], expected: dict[str, str]
) -> None:
    got = plan(today, given)
    assert {dose: got[dose] for dose in expected} == expected


# --------------------------------------------------------------------------------------------- rule 7


@pytest.mark.parametrize(
    ("today", "status"),
    [
        ("2026-02-14", "upcoming"),  # due(BCG) = 15 Feb
        ("2026-02-15", "due"),
        ("2026-03-16", "due"),  # 15 Feb + 29 days
        ("2026-03-17", "overdue"),  # 15 Feb + 30 days
    ],
)
def test_rule_7_a_dose_is_due_for_thirty_days_and_then_overdue(today: str, status: str) -> None:
    assert plan(today)["BCG"] == f"{status} 2026-02-15 .. 2027-01-14"


# --------------------------------------------------------------------------------------------- rule 8


def test_rule_8_je_is_listed_only_where_the_district_switched_it_on() -> None:
    assert "JE1" not in plan("2026-09-01", province="Bali")  # a province switches nothing on
    listed = plan("2026-09-01", je_region=True)
    assert listed["JE1"] == "upcoming 2026-11-15 .. 2031-01-14"  # 10 months
    assert list(listed).index("JE1") == list(listed).index("IPV2") + 1


def test_rule_8_a_recorded_je_dose_is_told_even_elsewhere() -> None:
    assert plan("2026-12-01", {"JE1": "2026-11-20"})["JE1"] == "done 2026-11-20"


@pytest.mark.parametrize("province", ["DI Yogyakarta", "DIY", "d.i. yogyakarta", "Daerah Istimewa Yogyakarta"])
def test_rule_8_yogyakarta_has_no_oral_polio_unless_one_is_recorded(province: str) -> None:
    got = plan("2026-04-01", province=province)
    assert not [dose for dose in got if dose.startswith("OPV")]
    assert got["IPV1"] == "upcoming 2026-05-15 .. 2031-01-14"
    got = plan("2026-04-01", {"OPV2": "2026-03-20"}, province=province)
    assert [got[f"OPV{n}"] for n in (1, 2, 3, 4)] == [
        "ask (out_of_profile)",
        "done 2026-03-20",
        "ask (out_of_profile)",
        "ask (out_of_profile)",
    ]


def test_rule_8_the_hexavalent_profile_has_no_separate_ipv_unless_one_is_recorded() -> None:
    heksavalen = VaccineProfile.HEKSAVALEN
    got = plan("2026-04-01", profile=heksavalen)
    assert "IPV1" not in got and "IPV2" not in got
    assert got["DPTHBHIB1"] == "due 2026-03-15 .. 2031-01-14" and "OPV1" in got
    got = plan("2026-06-01", {"IPV1": "2026-05-15"}, profile=heksavalen)
    assert (got["IPV1"], got["IPV2"]) == ("done 2026-05-15", "ask (out_of_profile)")


def test_rule_8_a_province_with_the_hexavalent_vaccine_does_not_switch_the_profile() -> None:
    assert "IPV1" in plan("2026-04-01", province="Bali")


# --------------------------------------------------------------------------------------------- rule 9


@pytest.mark.parametrize(
    ("today", "given", "field", "problem"),
    [
        ("2026-03-01", {"BCX": "2026-02-20"}, "doses.BCX", "unknown dose id"),
        ("2026-03-01", {"bcg": "2026-02-20"}, "doses.bcg", "unknown dose id"),
        ("2026-03-01", {"BCG": "2026-03-02"}, "doses.BCG", "lies in the future"),
        ("2026-03-01", {"BCG": "2026-01-14"}, "doses.BCG", "lies before the birth"),
        ("2026-01-14", {}, "birth_date", "lies in the future"),
    ],
)
def test_rule_9_a_record_that_cannot_be_true_is_refused_and_the_field_is_named(
    today: str, given: dict[str, str], field: str, problem: str
) -> None:
    with pytest.raises(RecordError, match=problem) as refused:
        plan(today, given)
    assert refused.value.field == field
    assert str(refused.value) == f"{field}: {refused.value.problem}"


def test_rule_9_a_dose_on_the_day_of_birth_and_one_given_today_are_fine() -> None:
    got = plan("2026-02-15", {"HB0": "2026-01-15", "BCG": "2026-02-15"})
    assert (got["HB0"], got["BCG"]) == ("done 2026-01-15", "done 2026-02-15")


@pytest.mark.parametrize("not_a_date", [None, "2026-02-15", datetime(2026, 2, 15, 8)])
def test_rule_9_what_is_no_plain_date_is_refused_and_not_compared(not_a_date: object) -> None:
    child = Child("Adik", date(2026, 1, 15), doses={"BCG": not_a_date})  # type: ignore[dict-item]
    with pytest.raises(RecordError, match=r"doses\.BCG: .* is not a date"):
        forecast(child, date(2026, 3, 1), profile=VaccineProfile.PENTAVALEN, je_region=False, province=None)


# --------------------------------------------------------------------------------------------- schedule and bundles


def test_every_dose_of_the_schedule_carries_where_it_comes_from() -> None:
    assert len(schedule()) == 21
    for dose in schedule():
        assert dose.source and dose.confidence and dose.label and dose.prevents
        assert (dose.previous is None) == (dose.min_interval is None)


def test_the_visit_bundles_hold_every_dose_once() -> None:
    bundled = [dose for bundle in visit_bundles() for dose in bundle.doses]
    assert sorted(bundled) == sorted(dose.id for dose in schedule())
    assert bundle_of("PCV2").doses == ("DPTHBHIB2", "OPV3", "PCV2", "RV2")
    assert bundle_of("PCV2").age == "3 bulan"
    assert bundle_of("JE1").condition == "hanya daerah endemis"


def test_labels_come_in_schedule_order_each_once() -> None:
    assert labels_of(["RV1", "OPV2", "RV1"]) == ("Polio tetes 2", "Rotavirus (RV) 1")
    assert labels_of([]) == ()


@pytest.mark.parametrize("ask", [dose_named, bundle_of, lambda dose: labels_of([dose])])
def test_an_unknown_dose_id_is_a_key_error(ask: object) -> None:
    with pytest.raises(KeyError):
        ask("XYZ")  # type: ignore[operator]
