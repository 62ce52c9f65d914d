"""The arithmetic of a pregnancy, with the sums shown. Today is Sunday, 22 November 2026, unless said otherwise."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sapa.family.people import Pregnancy
from sapa.family.pregnancy import (
    FURTHER_VISIT,
    DateProblem,
    anc_targets,
    better,
    birth_weeks,
    check_grace_days,
    from_edd,
    from_gestation,
    from_lmp,
    from_months,
    from_scan,
    gestational_week,
    is_small,
    is_unnamed,
    may_be_born,
    months_range,
    redated,
    trimester,
    unnamed,
    visit_named,
    visit_on,
    visit_windows,
    visits,
    visits_by_count,
    window,
)

TODAY = date(2026, 11, 22)
LMP = date(2026, 5, 3)
KNOWN = Pregnancy(lmp=LMP, edd=date(2027, 2, 7))


def at_week(weeks: int, days: int = 0, **more: object) -> Pregnancy:
    """A pregnancy that is so many weeks and days old today."""
    lmp = TODAY - timedelta(weeks=weeks, days=days)
    return replace(Pregnancy(lmp=lmp, edd=lmp + timedelta(days=280)), **more)  # type: ignore[arg-type]


def pregnancy(found: Pregnancy | DateProblem) -> Pregnancy:
    assert isinstance(found, Pregnancy), found
    return found


# ------------------------------------------------------------------------------------------------------ dating


@pytest.mark.parametrize(
    ("lmp", "edd"),
    [
        (date(2026, 5, 3), date(2027, 2, 7)),  # 3 May + 280: 28 May days left + 30+31+31+30+31+30+31+31 = 273, + 7
        (date(2026, 8, 1), date(2027, 5, 8)),
        (date(2027, 6, 1), date(2028, 3, 7)),  # 29 February lies between
    ],
)
def test_a_child_is_due_280_days_after_the_last_period(lmp: date, edd: date) -> None:
    found = pregnancy(from_lmp(lmp, lmp + timedelta(days=50)))
    assert (found.lmp, found.edd, found.dated_by) == (lmp, edd, "hpht")
    assert pregnancy(from_edd(edd, lmp + timedelta(days=50))) == replace(found, dated_by="hpl")


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        (from_lmp(date(2026, 11, 23), TODAY), DateProblem.FUTURE),
        (from_lmp(TODAY - timedelta(days=44 * 7), TODAY), None),
        (from_lmp(TODAY - timedelta(days=44 * 7 + 1), TODAY), DateProblem.TOO_LONG_AGO),
        (from_edd(TODAY - timedelta(days=14), TODAY), None),
        (from_edd(TODAY - timedelta(days=15), TODAY), DateProblem.PASSED),
        (from_edd(TODAY + timedelta(days=280), TODAY), None),
        (from_edd(TODAY + timedelta(days=281), TODAY), DateProblem.TOO_FAR),
        (from_gestation(44, 0, TODAY), None),
        (from_gestation(44, 1, TODAY), DateProblem.NO_SUCH_AGE),
        (from_gestation(-1, 0, TODAY), DateProblem.NO_SUCH_AGE),
        (from_months(10, TODAY), None),  # 22 Jan: 304 days are 43 weeks 3 days
        (from_months(11, TODAY), DateProblem.NO_SUCH_AGE),
        (from_scan(12, 0, date(2026, 11, 23), TODAY), DateProblem.FUTURE),
        (from_scan(12, 0, date(2026, 1, 2), TODAY), DateProblem.TOO_LONG_AGO),  # 12 weeks + 324 days
        (from_scan(45, 0, TODAY, TODAY), DateProblem.NO_SUCH_AGE),
    ],
)
def test_dates_that_cannot_be_are_refused_with_their_reason(
    found: Pregnancy | DateProblem, reason: DateProblem | None
) -> None:
    assert (found if isinstance(found, DateProblem) else None) == reason


def test_a_scan_counts_back_from_its_own_day() -> None:
    # 12 weeks 3 days = 87 days before 3 June is 8 March.
    found = pregnancy(from_scan(12, 3, date(2026, 6, 3), TODAY))
    assert (found.lmp, found.dated_by) == (date(2026, 3, 8), "usg")


def test_only_a_scan_of_the_first_trimester_is_better_than_the_last_period() -> None:
    early, late = (pregnancy(from_scan(w, 0, date(2026, 8, 30), TODAY)) for w in (12, 13))
    assert (early.dated_by, late.dated_by) == ("usg", "weeks")
    assert better(KNOWN, early) and not better(KNOWN, late)
    assert redated(replace(KNOWN, anc={"K1": LMP}, id="p"), early) == replace(early, anc={"K1": LMP}, id="p")


@pytest.mark.parametrize(
    ("known", "told", "replaces"),
    [
        ("hpht", "usg", True),
        ("usg", "hpht", False),
        ("hpht", "hpl", True),
        ("hpl", "hpht", False),
        ("months", "weeks", True),
        ("weeks", "months", False),
        ("weeks", "hpht", True),
        ("hpht", "hpht", True),
    ],
)
def test_dates_are_trusted_more_than_ages_and_the_kia_book_more_than_memory(
    known: str, told: str, replaces: bool
) -> None:
    assert better(replace(KNOWN, dated_by=known), replace(KNOWN, dated_by=told)) is replaces
    assert better(None, replace(KNOWN, dated_by=told))


@pytest.mark.parametrize(
    ("months", "days", "lmp", "week", "between"),
    [
        (5, 0, date(2026, 6, 22), 21, (17, 26)),  # 153 days; 22 Jul: 123 d = 17 w; 23 May: 183 d = 26 w
        (5, 15, date(2026, 6, 7), 24, (19, 28)),
        (1, 0, date(2026, 10, 22), 4, (0, 8)),
        (9, 0, date(2026, 2, 22), 39, (35, 43)),
    ],
)
def test_months_are_an_estimate_a_month_to_either_side(
    months: int, days: int, lmp: date, week: int, between: tuple[int, int]
) -> None:
    found = pregnancy(from_months(months, TODAY, days))
    assert (found.lmp, found.dated_by) == (lmp, "months")
    assert gestational_week(found, TODAY) == week
    assert months_range(found, TODAY) == between


@pytest.mark.parametrize(
    ("day", "week", "third"),
    [
        (LMP, 0, 1),
        (LMP + timedelta(days=6), 0, 1),
        (LMP + timedelta(days=7), 1, 1),
        (LMP + timedelta(days=90), 12, 1),  # 12 weeks 6 days
        (LMP + timedelta(days=91), 13, 2),
        (LMP + timedelta(days=174), 24, 2),
        (LMP + timedelta(days=175), 25, 3),
        (TODAY, 29, 3),  # 203 days
    ],
)
def test_weeks_are_completed_weeks_and_the_thirds_are_the_programmes(day: date, week: int, third: int) -> None:
    assert gestational_week(KNOWN, day) == week
    assert trimester(week) == third


# ------------------------------------------------------------------------------------------------------ K1 to K6


def weeks_of(p: Pregnancy, today: date = TODAY, grace: int = 0) -> list[tuple[str, float]]:
    return [(t.visit, round((t.date - p.lmp).days / 7, 1)) for t in anc_targets(p, today, grace_days=grace)]


@pytest.mark.parametrize(
    ("week", "expected"),
    [
        (5, [("K1", 8), ("K2", 16), ("K3", 22), ("K4", 28), ("K5", 33), ("K6", 37)]),
        (9, [("K1", 11), ("K2", 16), ("K3", 22), ("K4", 28), ("K5", 33), ("K6", 37)]),  # 8 + 3
        (13, [("K2", 16), ("K3", 22), ("K4", 28), ("K5", 33), ("K6", 37)]),  # K1's window is over
        (20, [("K2", 22), ("K3", 24), ("K4", 28), ("K5", 33), ("K6", 37)]),  # 16 + 3 + 3, then two weeks on
        (23, [("K2", 24.9), ("K4", 28), ("K5", 33), ("K6", 37)]),  # the window's last day; K3 no longer fits
        (30, [("K4", 31), ("K5", 33), ("K6", 37)]),  # 28 + 3
        (34, [("K4", 34), ("K5", 36), ("K6", 38)]),
        (37, [("K4", 37), ("K5", 39)]),
        (40, [("K4", 40)]),
        (41, []),
    ],
)
def test_who_joins_in_the_middle_gets_what_still_makes_sense(week: int, expected: list[tuple[str, float]]) -> None:
    assert weeks_of(at_week(week)) == expected


def test_a_visit_that_is_done_is_not_asked_for() -> None:
    done = at_week(30, anc={"K1": TODAY, "K4": TODAY})
    assert weeks_of(done) == [("K5", 33), ("K6", 37)]


def test_the_bidans_date_is_the_next_visit_and_everything_else_comes_after_it() -> None:
    told = at_week(20, next_visit_on=TODAY + timedelta(days=10))
    first, *rest = anc_targets(told, TODAY)
    assert (first.visit, first.date, first.from_bidan) == ("K2", TODAY + timedelta(days=10), True)
    assert [(t.visit, t.from_bidan) for t in rest] == [("K3", False), ("K4", False), ("K5", False), ("K6", False)]
    # 21 w 3 d, and K3 at least 14 days later: 23 w 3 d.
    assert weeks_of(told)[:2] == [("K2", 21.4), ("K3", 23.4)]


def test_a_date_of_the_bidan_in_the_next_third_skips_what_would_come_before_it() -> None:
    told = at_week(20, next_visit_on=TODAY + timedelta(weeks=6))
    assert weeks_of(told) == [("K4", 26), ("K5", 33), ("K6", 37)]


def test_a_date_of_the_bidan_beyond_the_six_is_kept() -> None:
    every = {visit.id: TODAY - timedelta(days=1) for visit in visits()}
    told = at_week(38, anc=every, next_visit_on=TODAY + timedelta(days=7))
    (target,) = anc_targets(told, TODAY)
    assert (target.visit, target.date, target.from_bidan) == (FURTHER_VISIT, TODAY + timedelta(days=7), True)


def test_a_date_of_the_bidan_that_has_gone_by_wins_no_longer() -> None:
    told = at_week(20, next_visit_on=TODAY - timedelta(days=1))
    assert weeks_of(told) == weeks_of(at_week(20))
    assert anc_targets(told, TODAY, grace_days=7)[0].from_bidan


def test_a_reminded_date_stands_still_until_its_check_is_over() -> None:
    p = at_week(0)
    week_16 = p.lmp + timedelta(weeks=16)
    seen = [weeks_of(p, week_16 + timedelta(days=d), check_grace_days())[0][1] for d in (0, 3, 7, 10, 11)]
    assert seen == [16, 16, 16, 16, 19]


def test_targets_say_who_should_see_her_and_when_the_window_is() -> None:
    target = anc_targets(at_week(31, anc={"K4": TODAY}), TODAY)[0]
    assert (target.visit, target.by, target.ultrasound) == ("K5", "dokter", True)
    # Weeks 25 to 40: day 175 to day 286.
    assert target.last_day - target.first_day == timedelta(days=111)


@given(
    weeks=st.integers(0, 43),
    days=st.integers(0, 6),
    done=st.sets(st.sampled_from([visit.id for visit in visits()])),
    bidan=st.none() | st.integers(-20, 60),
    ahead=st.integers(0, 60),
)
def test_targets_never_lie_in_the_past_nor_near_each_other_nor_outside_their_window(
    weeks: int, days: int, done: set[str], bidan: int | None, ahead: int
) -> None:
    p = at_week(
        weeks,
        days,
        anc=dict.fromkeys(done, TODAY),
        next_visit_on=None if bidan is None else TODAY + timedelta(days=bidan),
    )
    today = TODAY + timedelta(days=ahead)
    targets = anc_targets(p, today)
    assert all(t.date >= today for t in targets)
    assert all(
        later.date - sooner.date >= timedelta(days=14) for sooner, later in zip(targets, targets[1:], strict=False)
    )
    assert all(t.first_day <= t.date <= t.last_day for t in targets)
    assert not {t.visit for t in targets} & done
    assert len({t.visit for t in targets}) == len(targets)


@pytest.mark.parametrize(
    ("week", "done", "scan", "visit"),
    [
        (6, [], False, "K1"),
        (6, ["K1"], False, None),
        (12, [], False, "K1"),
        (13, [], False, "K2"),
        (24, ["K2"], False, "K3"),
        (24, ["K2", "K3"], False, None),
        (25, [], False, "K4"),
        (30, [], True, "K5"),  # a scan is the doctor's visit of this third
        (30, ["K5"], True, "K4"),
        (36, ["K4", "K5"], False, "K6"),
        (41, [], False, None),
    ],
)
def test_a_visit_is_the_next_one_of_its_window(week: int, done: list[str], scan: bool, visit: str | None) -> None:
    p = at_week(week, anc=dict.fromkeys(done, TODAY - timedelta(days=3)))
    assert visit_on(p, TODAY, ultrasound=scan) == visit


@pytest.mark.parametrize(
    ("week", "count", "expected"),
    [(10, 3, ["K1"]), (20, 2, ["K1", "K2"]), (30, 2, ["K1", "K2"]), (30, 9, ["K1", "K2", "K3", "K4", "K5", "K6"])],
)
def test_visits_told_as_a_number_are_the_first_ones_that_can_have_been(
    week: int, count: int, expected: list[str]
) -> None:
    told = visits_by_count(at_week(week), count, TODAY)
    assert list(told) == expected
    assert all(day <= TODAY for day in told.values())


def test_the_windows_are_the_fact_sheets_weeks() -> None:
    assert [(v.id, v.from_week, v.to_week, v.target_week) for v in visits()] == [
        ("K1", 0, 12, 8),
        ("K2", 13, 24, 16),
        ("K3", 13, 24, 22),
        ("K4", 25, 40, 28),
        ("K5", 25, 40, 33),
        ("K6", 25, 40, 37),
    ]
    # K2: week 13 is day 91, the end of week 24 is day 174.
    assert window(visit_named("K2"), KNOWN) == (LMP + timedelta(days=91), LMP + timedelta(days=174))


# ------------------------------------------------------------------------------------------------- after the birth


def test_the_visits_after_the_birth_are_four_appointments_for_mother_and_child() -> None:
    born = date(2026, 11, 20)
    assert [(w.visits, (w.first_day - born).days, (w.last_day - born).days) for w in visit_windows(born)] == [
        (("KF1", "KN1"), 0, 2),
        (("KF2", "KN2"), 3, 7),
        (("KF3", "KN3"), 8, 28),
        (("KF4",), 29, 42),
    ]
    for visit_ids, first, last in visit_windows(born):
        assert visit_ids and first <= last


@pytest.mark.parametrize(
    ("dated_by", "born", "weeks"),
    [
        ("hpht", date(2027, 2, 7), 40),
        ("hpht", date(2027, 1, 16), 36),  # 258 days
        ("hpht", date(2026, 9, 1), None),  # 17 weeks: no birth
        ("months", date(2027, 2, 7), None),  # may be a month off
        ("months", date(2026, 12, 13), 32),  # early even if it is a month more: 224 days, at most 36 weeks
    ],
)
def test_weeks_at_birth_are_said_only_where_the_dating_allows_it(dated_by: str, born: date, weeks: int | None) -> None:
    assert birth_weeks(replace(KNOWN, dated_by=dated_by), born) == weeks


def test_a_birth_long_before_or_after_its_time_does_not_fit_the_pregnancy() -> None:
    assert [may_be_born(KNOWN, LMP + timedelta(weeks=w)) for w in (21, 22, 40, 44, 45)] == [
        False,
        True,
        True,
        True,
        False,
    ]
    assert may_be_born(replace(KNOWN, dated_by="months"), LMP + timedelta(weeks=47))


@pytest.mark.parametrize(
    ("grams", "weeks", "small"),
    [(2500, 37, False), (2499, None, True), (3200, 36, True), (None, None, False), (None, 37, False)],
)
def test_small_means_under_2500_grams_or_before_37_weeks(grams: int | None, weeks: int | None, small: bool) -> None:
    assert is_small(grams, weeks) is small


def test_a_child_without_a_name_is_called_by_its_mother_or_its_number() -> None:
    called = [unnamed(1, 1, "Rina"), unnamed(1, 1), unnamed(2, 2, "Rina")]
    assert called == ["Bayi Ibu Rina", "Bayi", "Bayi 2"]
    assert all(is_unnamed(name) for name in called)
    assert not any(is_unnamed(name) for name in ("Bayu", "Budi", "Bayi Ny. Siti"))


def test_a_visit_just_made_puts_the_next_target_off_by_two_weeks():
    lmp = date(2026, 5, 3)
    # K5 stands at week 33, 20 December; a visit two days before it is no reason to go again at once.
    seen = Pregnancy(lmp, lmp + timedelta(days=280), anc={"K4": date(2026, 12, 18)})
    targets = {target.visit: target.date for target in anc_targets(seen, date(2026, 12, 18))}
    assert targets["K5"] == date(2027, 1, 1)
