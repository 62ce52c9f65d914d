"""What holds for every child, whatever is recorded of it."""

from dataclasses import replace
from datetime import date, timedelta

from hypothesis import assume, given
from hypothesis import strategies as st

from sapa.family.calendar import add_months
from sapa.family.immunization import DoseForecast, DoseStatus, Reason, forecast, schedule
from sapa.family.people import Child, VaccineProfile

ASKED_OR_DONE = (DoseStatus.ASK, DoseStatus.DONE)
DOSES = {dose.id: dose for dose in schedule()}
BIRTHS = st.dates(date(2015, 1, 1), date(2035, 12, 31))
PROVINCES = st.sampled_from([None, "DI Yogyakarta", "NTT", "Papua"])


@st.composite
def children(draw: st.DrawFn) -> tuple[Child, date]:
    """A child up to 6 years old with any subset of doses on any days of its life, and that day."""
    birth = draw(BIRTHS)
    age = draw(st.integers(0, 6 * 366))
    ids = draw(st.sets(st.sampled_from(sorted(DOSES))))
    doses = {dose: birth + timedelta(days=draw(st.integers(0, age))) for dose in sorted(ids)}
    return Child("Adik", birth, doses=doses, special_care=draw(st.sampled_from([False, False, False, True]))), (
        birth + timedelta(days=age)
    )


@st.composite
def children_on_schedule(draw: st.DrawFn) -> tuple[Child, date]:
    """A child under 2 years whose doses were recorded in order, each up to 10 days after it could be given."""
    birth = draw(BIRTHS)
    today = birth + timedelta(days=draw(st.integers(0, 730)))
    child = Child("Adik", birth)
    for dose in schedule():
        row = rows(child, today, je_region=True)[dose.id]
        previous_missing = dose.previous is not None and dose.previous not in child.doses
        if row.due is None or row.due > today or previous_missing or draw(st.integers(0, 9)) == 0:
            continue
        day = min(row.due + timedelta(days=draw(st.integers(0, 10))), today)
        child = replace(child, doses={**child.doses, dose.id: day})
    return child, today


def rows(
    child: Child,
    today: date,
    profile: VaccineProfile = VaccineProfile.PENTAVALEN,
    je_region: bool = False,
    province: str | None = None,
) -> dict[str, DoseForecast]:
    answer = forecast(child, today, profile=profile, je_region=je_region, province=province)
    return {row.dose: row for row in answer}


@given(children(), st.sampled_from(VaccineProfile), st.booleans(), PROVINCES)
def test_dates_stand_exactly_where_the_status_has_them(
    of: tuple[Child, date], profile: VaccineProfile, je_region: bool, province: str | None
) -> None:
    child, today = of
    answer = rows(child, today, profile, je_region, province)
    assert list(answer) == [dose.id for dose in schedule() if dose.id in answer]
    assert set(child.doses) <= set(answer)  # whatever is recorded is told
    for row in answer.values():
        assert (row.status is DoseStatus.DONE) is (row.dose in child.doses)
        assert row.given_on == child.doses.get(row.dose)
        assert (row.earliest is None) is (row.due is None) is (row.latest is None) is (row.status in ASKED_OR_DONE)
        assert row.status is not DoseStatus.ASK or row.reason is not None
        assert row.status in ASKED_OR_DONE or row.reason is None


@given(children())
def test_no_date_comes_before_the_recommended_age_or_the_interval_or_after_the_last_day(of: tuple[Child, date]) -> None:
    child, today = of
    answer = rows(child, today, je_region=True)
    for row in answer.values():
        if row.earliest is None or row.latest is None:
            continue
        dose = DOSES[row.dose]
        assert row.due == row.earliest >= add_months(child.birth_date, dose.due_months)
        assert row.earliest <= row.latest and today <= row.latest
        if dose.previous and dose.min_interval:
            before = answer[dose.previous]
            day = before.given_on or max(today, before.earliest or date.max)
            assert row.earliest >= dose.min_interval.after(day)


@given(children())
def test_the_status_tells_how_today_lies_to_the_due_date(of: tuple[Child, date]) -> None:
    child, today = of
    for row in rows(child, today).values():
        if row.due is None:
            continue
        days = (today - row.due).days
        expected = DoseStatus.UPCOMING if days < 0 else DoseStatus.DUE if days < 30 else DoseStatus.OVERDUE
        assert row.status is expected


@given(children())
def test_after_a_record_that_needs_a_check_no_dose_of_its_series_has_a_date(of: tuple[Child, date]) -> None:
    child, today = of
    answer = rows(child, today, je_region=True)
    for odd in (row for row in answer.values() if row.status is DoseStatus.DONE and row.reason):
        for row in answer.values():
            same_series = DOSES[row.dose].series == DOSES[odd.dose].series
            if same_series and DOSES[row.dose].number > DOSES[odd.dose].number:
                assert row.status in ASKED_OR_DONE


@given(children())
def test_a_missing_dose_before_a_recorded_one_is_asked_about(of: tuple[Child, date]) -> None:
    child, today = of
    answer = rows(child, today, je_region=True)
    for recorded in child.doses:
        for row in answer.values():
            dose = DOSES[row.dose]
            if dose.series == DOSES[recorded].series and dose.number < DOSES[recorded].number:
                assert row.status in ASKED_OR_DONE


@given(children())
def test_a_child_in_special_care_never_gets_a_date(of: tuple[Child, date]) -> None:
    child, today = of
    answer = rows(replace(child, special_care=True), today)
    assert all(row.status in ASKED_OR_DONE for row in answer.values())


@given(children(), st.randoms(use_true_random=False))
def test_the_same_record_gives_the_same_forecast_in_whatever_order_it_was_written(
    of: tuple[Child, date], random: object
) -> None:
    child, today = of
    shuffled = list(child.doses.items())
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert rows(child, today) == rows(replace(child, doses=dict(shuffled)), today)


@given(children_on_schedule())
def test_a_child_on_schedule_is_never_asked_to_have_a_record_checked(of: tuple[Child, date]) -> None:
    child, today = of
    answer = rows(child, today, je_region=True)
    assert not [row for row in answer.values() if row.status is DoseStatus.DONE and row.reason]


@given(children_on_schedule(), st.data())
def test_recording_a_dose_on_its_due_date_leaves_the_dates_of_its_series_as_they_were(
    of: tuple[Child, date], data: st.DataObject
) -> None:
    child, today = of
    before = rows(child, today, je_region=True)
    coming = [
        row
        for row in before.values()
        if row.due and row.due >= today and (DOSES[row.dose].previous or row.dose) in {*child.doses, row.dose}
    ]
    assume(coming)
    row = data.draw(st.sampled_from(coming))
    assert row.due is not None
    after = rows(replace(child, doses={**child.doses, row.dose: row.due}), row.due, je_region=True)
    for later in before.values():
        same_series = DOSES[later.dose].series == DOSES[row.dose].series
        if same_series and DOSES[later.dose].number > DOSES[row.dose].number:
            now = after[later.dose]
            assert (now.earliest, now.latest) == (later.earliest, later.latest)
            assert (now.status is DoseStatus.ASK) is (later.status is DoseStatus.ASK)


@given(children(), st.integers(1, 200))
def test_as_days_pass_without_a_record_no_date_comes_nearer(of: tuple[Child, date], days: int) -> None:
    child, today = of
    now, later = rows(child, today), rows(child, today + timedelta(days=days))
    for dose, row in later.items():
        if dose == "DPTHBHIB4" and now[dose].reason is Reason.BOOSTER_INTERVAL_UNCLEAR:
            continue  # its date appears when the 12 months are over
        if row.earliest is not None:
            before = now[dose].earliest
            assert before is not None and before <= row.earliest
