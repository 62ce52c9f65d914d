"""The days of a family's life that messages are counted from. Today is Sunday, 22 November 2026, 10:00 in Jakarta."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from sapa.family.occasions import anchors
from sapa.family.people import Child, Contraception, Family, Postpartum, Pregnancy, Screening, Sex, Wedding

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=ZoneInfo("Asia/Jakarta"))
TODAY = NOW.date()


def family(**more):
    return Family(NOW, "Asia/Jakarta", **more)


def pregnant(weeks, days=0, **more):
    lmp = TODAY - timedelta(weeks=weeks, days=days)
    return Pregnancy(lmp, lmp + timedelta(days=280), id="p1", **more)


def found(here, kind):
    return [anchor for anchor in anchors(here) if anchor.kind == kind]


def weeks_of(here, kind="anc_visit"):
    lmp = here.pregnancy.lmp
    return {anchor.facts["visit"]: divmod((anchor.on - lmp).days, 7) for anchor in found(here, kind)}


# ------------------------------------------------------------------------------------------------------- pregnancy


def test_a_pregnancy_is_counted_from_its_last_period_and_its_due_date_with_the_week_of_each_day():
    here = family(pregnancy=pregnant(10, multiple=True))
    (lmp,), (edd,) = found(here, "lmp"), found(here, "edd")
    assert (lmp.on, edd.on) == (date(2026, 9, 13), date(2027, 6, 20))
    assert lmp.facts == {"multiple": True}
    assert lmp.facts_on(lmp.on + timedelta(weeks=13, days=6)) == {"week": 13, "gestational_week": 13, "trimester": 2}


def test_without_a_record_every_visit_has_its_target_week():
    # content/facts/kehamilan.yml, reminder_target_week
    assert weeks_of(family(pregnancy=pregnant(5))) == {
        "K1": (8, 0),
        "K2": (16, 0),
        "K3": (22, 0),
        "K4": (28, 0),
        "K5": (33, 0),
        "K6": (37, 0),
    }


def test_a_visit_nobody_told_us_of_does_not_put_off_those_after_it():
    # Week 30: K4 (28) is not recorded and its day has gone by; K5 and K6 stay where they are.
    found_weeks = weeks_of(family(pregnancy=pregnant(30)))
    assert (found_weeks["K5"], found_weeks["K6"]) == ((33, 0), (37, 0))


@pytest.mark.parametrize(
    ("week", "day", "visit", "expected"),
    [
        (7, 3, "K1", (8, 0)),  # 4 days before: there is time to remind
        (7, 5, "K1", (11, 0)),  # 2 days before: too near; three weeks later is still inside the window (to week 12)
        (9, 0, "K1", (11, 0)),
        (12, 0, "K1", (8, 0)),  # the second date has gone by, too: nothing more about it
        (34, 0, "K5", (33, 0)),  # three weeks later would be week 36, a week before K6: no second date
        (38, 0, "K6", (40, 0)),
    ],
)
def test_who_joins_when_a_target_has_gone_by_gets_its_second_date(week, day, visit, expected):
    assert weeks_of(family(pregnancy=pregnant(week, day)))[visit] == expected


def test_the_bidans_date_wins_and_is_a_thing_of_its_own():
    here = family(pregnancy=pregnant(14, next_visit_on=date(2026, 12, 7), anc={"K1": TODAY - timedelta(days=40)}))
    first, *rest = found(here, "anc_visit")
    assert (first.on, first.facts["visit"], first.facts["from_bidan"], first.once) == (
        date(2026, 12, 7),
        "K2",
        True,
        False,
    )
    assert [anchor.facts["visit"] for anchor in rest] == ["K3", "K4", "K5", "K6"]
    assert all(anchor.once and anchor.worked_out for anchor in rest)


def test_a_recorded_visit_is_no_occasion():
    done = {"K1": TODAY - timedelta(days=30), "K2": TODAY}
    assert set(weeks_of(family(pregnancy=pregnant(18, anc=done)))) == {"K3", "K4", "K5", "K6"}


# ------------------------------------------------------------------------------------------------- after the birth


def test_each_window_after_a_birth_that_has_no_record_is_an_occasion():
    here = family(postpartum=Postpartum(TODAY - timedelta(days=2), {"KF1": TODAY, "KN1": TODAY, "KF2": TODAY}))
    rows = [(a.on, a.facts["visits"], a.facts["last_day"]) for a in found(here, "kf_visit")]
    # Born on 20 November: days 3-7, 8-28, 29-42.
    assert rows == [
        (date(2026, 11, 23), ["KN2"], "2026-11-27"),
        (date(2026, 11, 28), ["KF3", "KN3"], "2026-12-18"),
        (date(2026, 12, 19), ["KF4"], "2027-01-01"),
    ]
    assert [(a.on, a.last_day) for a in found(here, "mother_birth")] == [(date(2026, 11, 20), date(2027, 1, 1))]


def test_after_42_days_the_weeks_after_the_birth_are_over():
    assert anchors(family(postpartum=Postpartum(TODAY - timedelta(days=42))))
    assert anchors(family(postpartum=Postpartum(TODAY - timedelta(days=43)))) == ()


def test_a_child_is_as_old_in_a_message_as_on_the_day_it_goes():
    (anchor,) = anchors(family(children=(Child("Ani", date(2026, 5, 31), Sex.FEMALE, id="c1"),)))
    assert (anchor.kind, anchor.key, anchor.subjects) == ("child_birth", "c1", ("Ani",))
    # Six months after 31 May is 30 November.
    assert anchor.facts_on(date(2026, 11, 29))["child"]["age_months"] == 5
    assert anchor.facts_on(date(2026, 11, 30))["child"] == {
        "name": "Ani",
        "sex": "F",
        "age_months": 6,
        "age_days": 183,
    }


@pytest.mark.parametrize(
    ("more", "special"),
    [({}, False), ({"birth_weight_g": 2499}, True), ({"birth_weeks": 36}, True), ({"special_care": True}, True)],
)
def test_a_child_that_needs_special_care_is_marked(more, special):
    (anchor,) = anchors(family(children=(Child("Ani", TODAY, **more),)))
    assert anchor.facts == {"special_care": special}


# ---------------------------------------------------------------------------------------------------------- wedding

SCREENED = Screening(
    Sex.FEMALE, {"age_years": 23, "weight_kg": 46, "height_cm": 155, "td_status": "T2", "td_last_on": "2026-08-01"}
)


def test_a_wedding_and_its_screening_are_counted_from_until_the_day_itself():
    here = family(wedding=Wedding(date(2027, 3, 13), TODAY, (SCREENED,), contact_id="her"))
    (wedding,), (screening,), (td,) = (found(here, kind) for kind in ("wedding", "screening", "td_due"))
    assert (wedding.on, screening.on) == (date(2027, 3, 13), TODAY)
    # T3 six months after T2: 1 August + 6 months.
    assert (td.on, td.facts, td.contact_id) == (date(2027, 2, 1), {"status": "T3", "partner": "F"}, "her")
    assert {a.last_day for a in (wedding, screening, td)} == {date(2027, 3, 13)}
    assert anchors(replace(here, now=NOW + timedelta(days=112))) == ()  # 14 March


def test_what_is_missing_is_asked_of_the_one_who_can_tell():
    his = Screening(Sex.MALE, {"age_years": 27, "weight_kg": 61, "height_cm": 168}, contact_id="him")
    here = family(wedding=Wedding(date(2027, 3, 13), TODAY, (replace(SCREENED, contact_id="her"), his), "her"))
    gaps = {anchor.contact_id: anchor.facts["missing"] for anchor in found(here, "screening_gap")}
    assert gaps == {"her": ["lila_cm", "hb_g_dl", "smokes", "smoke_at_home"], "him": ["smokes"]}


def test_each_of_the_couple_has_the_wedding_with_what_that_one_may_see():
    his = Screening(Sex.MALE, {"age_years": 27, "smokes": True}, contact_id="him")
    her = Screening(Sex.FEMALE, {"age_years": 23, "hb_g_dl": 11.2, "lila_cm": 22.8}, contact_id="her")
    here = family(wedding=Wedding(date(2027, 3, 13), TODAY, (her, his), "her"))
    # Hb below 12 and LiLA below 23.5 are hers, smoking is his; neither agreed to share it.
    seen = {a.contact_id: {name for name, holds in a.facts.items() if holds} for a in found(here, "wedding")}
    assert seen == {"her": {"hb_low", "thin"}, "him": {"smoke"}}


def test_a_date_that_is_not_known_yet_is_missing_too():
    here = family(wedding=Wedding(None, TODAY, (SCREENED,)))
    assert found(here, "wedding") == []
    assert found(here, "screening_gap")[0].facts["missing"][-1] == "wedding_date"


def test_where_no_answer_is_on_record_nothing_is_said_to_be_missing():
    assert not found(family(wedding=Wedding(date(2027, 3, 13), TODAY)), "screening_gap")


# ---------------------------------------------------------------------------------------------------- contraception


def test_an_injection_has_its_return_date_and_nothing_tells_which_method_it_is():
    method = Contraception("suntik_3_bulan", date(2026, 10, 3), contact_id="her", id="k1")
    (anchor,) = anchors(family(contraceptions=(method,)))
    # 3 October + 84 days
    assert (anchor.kind, anchor.on, anchor.contact_id) == ("kb_return", date(2026, 12, 26), "her")
    assert dict(anchor.facts) == {} and anchor.subjects == ()
    assert "suntik" not in repr(anchor)


def test_nothing_depends_on_the_order_of_the_records():
    one, two = Child("Ani", date(2026, 5, 31)), Child("Budi", date(2024, 1, 2))
    both = (SCREENED, Screening(Sex.MALE, {"age_years": 27}))
    methods = (Contraception("pil", TODAY, contact_id="a"), Contraception("iud", TODAY, contact_id="b"))
    wedding = Wedding(date(2027, 3, 13), TODAY, both)
    here = family(children=(one, two), contraceptions=methods, wedding=wedding)
    there = family(children=(two, one), contraceptions=methods[::-1], wedding=replace(wedding, screenings=both[::-1]))
    assert [(a.kind, a.key, a.on, a.facts) for a in anchors(here)] == [
        (a.kind, a.key, a.on, a.facts) for a in anchors(there)
    ]


def test_of_a_small_newborn_only_the_mothers_visits_are_ours():
    born = TODAY - timedelta(days=1)
    small = Child("Adi", born, id="c", birth_weight_g=1900)
    here = family(postpartum=Postpartum(born), children=(small,))
    assert [a.facts["visits"] for a in found(here, "kf_visit")] == [["KF1"], ["KF2"], ["KF3"], ["KF4"]]
    assert [a.facts["special_care"] for a in found(here, "mother_birth")] == [True]


def test_the_awaited_child_that_is_on_record_as_a_child_ends_what_is_said_of_the_pregnancy():
    lmp = TODAY - timedelta(weeks=40)
    here = family(pregnancy=Pregnancy(lmp, lmp + timedelta(days=280), id="p"))
    assert found(here, "edd")
    newborn, older = Child("Ani", TODAY, id="c"), Child("Budi", lmp - timedelta(days=400), id="d")
    assert found(replace(here, children=(older,)), "edd") and not found(replace(here, children=(newborn,)), "edd")
