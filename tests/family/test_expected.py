"""Who is expected on a posyandu day and what each needs: the kader's list says what the mother's reminder says."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sapa.family.expected import Expected, Followed, Group, Place, born_since, expected_on
from sapa.family.people import Child, Family, Posyandu, PosyanduSession, Pregnancy, Sex
from sapa.family.plan import plan

DAY = date(2026, 12, 10)
WIB = ZoneInfo("Asia/Jakarta")


def place(*days: date) -> Place:
    sessions = tuple(PosyanduSession(day, time(8), "Balai RW 03", day.isoformat()) for day in days or (DAY,))
    return Place("Melati", "Asia/Jakarta", sessions)


def child(name: str = "Ani", born: date = date(2026, 10, 10), **more: object) -> Child:
    return Child(name, born, Sex.FEMALE, id=f"c-{name}", **more)  # type: ignore[arg-type]


def of(*children: Child, day: date = DAY, at: Place | None = None) -> tuple[Expected, ...]:
    followed = [Followed(f"h-{one.id}", "Rina", "RT 02", child=one) for one in children]
    return expected_on(day, at or place(day), followed)


def test_a_child_of_two_months_needs_the_doses_of_two_months_and_those_it_missed() -> None:
    born = date(2026, 10, 10)
    given_doses = {"HB0": born, "BCG": date(2026, 11, 12), "OPV1": date(2026, 11, 12)}
    (one,) = of(child(born=born, doses=given_doses))
    assert one.doses == ("OPV2", "DPTHBHIB1", "PCV1", "RV1")
    assert one.needs == (*one.doses, "weigh") and one.group is Group.VACCINE
    (late,) = of(child(born=born, doses={"HB0": born}))
    assert set(late.doses) == {"BCG", "OPV1", "DPTHBHIB1", "PCV1", "RV1"}


def test_a_child_with_nothing_due_is_weighed() -> None:
    born = date(2026, 10, 20)  # 1 month 20 days: the doses of one month are done, those of two are not due
    (one,) = of(child(born=born, doses={"HB0": born, "BCG": date(2026, 11, 21), "OPV1": date(2026, 11, 21)}))
    assert one.needs == ("weigh",) and one.group is Group.WEIGHING


@pytest.mark.parametrize(
    ("months", "capsule", "deworming"), [(5, None, False), (6, "biru", False), (11, "biru", False), (12, "merah", True)]
)
def test_vitamin_a_and_deworming_come_in_february_at_the_first_session(
    months: int, capsule: str | None, deworming: bool
) -> None:
    first, second = date(2027, 2, 11), date(2027, 2, 25)
    born = date(2027 - (months > 1) - (months > 13), (2 - months - 1) % 12 + 1, 11)
    both = place(first, second)
    (one,) = of(child(born=born), day=first, at=both)
    assert (one.age_months, one.vitamin_a, one.deworming) == (months, capsule, deworming)
    (again,) = of(child(born=born), day=second, at=both)
    assert (again.vitamin_a, again.deworming) == (None, False)


def test_children_up_to_59_months_are_expected_and_nobody_older_or_unborn() -> None:
    oldest = born_since(DAY)
    assert oldest == date(2021, 12, 11)
    people = of(
        child("Tepat", oldest), child("Lewat", oldest - timedelta(days=1)), child("Besok", DAY + timedelta(days=1))
    )
    assert [one.name for one in people] == ["Tepat"]


def test_a_child_born_early_is_for_the_midwife_to_plan() -> None:
    (one,) = of(child(birth_weeks=34))
    assert one.doses == () and one.special
    assert one.needs == ("ask_bidan", "weigh") and one.group is Group.VACCINE


def test_a_record_that_cannot_be_keeps_nobody_off_the_list() -> None:
    (one,) = of(child(doses={"BCG": date(2020, 1, 1)}))  # before the birth
    assert one.needs == ("weigh",)


def test_what_is_given_after_the_day_does_not_change_its_list() -> None:
    before = of(child(doses={"HB0": date(2026, 10, 10)}))
    after = of(child(doses={"HB0": date(2026, 10, 10), "BCG": DAY + timedelta(days=3)}))
    assert before == after


@pytest.mark.parametrize(
    ("week", "visit"),
    [(10, "K1"), (20, "K2"), (26, "K4")],
)
def test_a_pregnant_woman_is_expected_for_the_visit_of_her_week(week: int, visit: str) -> None:
    lmp = DAY - timedelta(weeks=week)
    pregnancy = Pregnancy(lmp, lmp + timedelta(days=280), id="p")
    (one,) = expected_on(DAY, place(), [Followed("h", "Sari", pregnancy=pregnancy)])
    assert (one.kind, one.name, one.anc, one.group) == ("mother", "Sari", visit, Group.PREGNANT)
    assert one.needs == (f"anc:{visit}", "weigh")


@pytest.mark.parametrize(("days", "listed"), [(0, True), (280, True), (322, True), (323, False), (-1, False)])
def test_a_pregnancy_nobody_ended_leaves_the_list_six_weeks_after_its_term(days: int, listed: bool) -> None:
    lmp = DAY - timedelta(days=days)
    followed = Followed("h", "Sari", pregnancy=Pregnancy(lmp, lmp + timedelta(days=280), id="p"))
    assert bool(expected_on(DAY, place(), [followed])) is listed


def test_the_list_goes_as_the_day_goes_and_is_numbered() -> None:
    born = date(2026, 10, 20)
    done = {"HB0": born, "BCG": date(2026, 11, 21), "OPV1": date(2026, 11, 21)}
    lmp = DAY - timedelta(weeks=20)
    followed = [
        Followed("h1", "Sari", pregnancy=Pregnancy(lmp, lmp + timedelta(days=280), id="p")),
        Followed("h2", "Rina", child=child("Zaki", born, doses=done)),
        Followed("h3", "Tuti", child=child("Budi")),
        Followed("h4", "Lina", child=child("Ani")),
    ]
    people = expected_on(DAY, place(), followed)
    assert [(one.number, one.name, one.group.value) for one in people] == [
        (1, "Ani", "imunisasi"),
        (2, "Budi", "imunisasi"),
        (3, "Zaki", "timbang"),
        (4, "Sari", "hamil"),
    ]
    assert expected_on(DAY, place(), list(reversed(followed))) == people


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 1700), st.integers(0, 3), st.sampled_from([DAY, date(2027, 2, 11), date(2027, 8, 12)]))
def test_the_kader_reads_what_the_mother_was_reminded_of(age_days: int, missed: int, day: date) -> None:
    born = day - timedelta(days=age_days)
    own = replace(child(born=born), doses={"HB0": born} if missed and born < day else {})
    session = PosyanduSession(day, time(8), "Balai RW 03", "s")
    asleep = datetime(day.year, day.month, day.day, tzinfo=WIB) - timedelta(days=5)
    family = Family(
        asleep,
        "Asia/Jakarta",
        posyandu=Posyandu("Melati", (session,), id="m"),
        children=(own,) if born <= asleep.date() else (),
    )
    reminded = [one for one in plan(family, until=day) if one.due_on == day and one.payload["kind"] == "session"]
    people = of(own, day=day)
    for reminder in reminded:
        (told,) = reminder.payload["children"]
        (listed,) = people
        assert set(told["doses"]) <= set(listed.doses)
        assert (told["vitamin_a"], told["deworming"]) == (listed.vitamin_a, listed.deworming)
