"""When the user of a method is due again. The numbers are checked against the fact sheet."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from sapa.family.contraception import (
    Anchor,
    Occasion,
    after_visit,
    for_bidan_to_judge,
    is_late,
    method_named,
    methods,
    occasions,
    return_date,
)
from sapa.family.people import Contraception

FACTS = yaml.safe_load((Path(__file__).parents[2] / "content/facts/kb.yml").read_text(encoding="utf-8"))
SHEET: dict[str, dict[str, Any]] = {row["id"]: row for row in FACTS["methods"]}
LAST = date(2026, 9, 3)


def using(method: str, last: date | None = LAST, card: date | None = None) -> Contraception:
    return Contraception(method, last, card, "contact-1", "kb-1")


def told(contraception: Contraception, births: tuple[date, ...] = ()) -> list[tuple[str, str]]:
    return [(occasion.anchor.value, occasion.on.isoformat()) for occasion in occasions(contraception, births)]


# ------------------------------------------------------------------------------------------------- the fact sheet


def test_every_method_of_the_fact_sheet_is_known_and_only_open_kinds_are_added() -> None:
    assert set(methods()) - set(SHEET) == {"suntik", "pil", "iud_hormon"}
    assert set(SHEET) <= set(methods())


def test_the_numbers_are_those_of_the_fact_sheet() -> None:
    assert (
        method_named("suntik_3_bulan").return_days == SHEET["suntik_3_bulan"]["return_interval"]["default_days"] == 84
    )
    assert method_named("suntik_1_bulan").return_days == SHEET["suntik_1_bulan"]["return_interval"]["days"] == 28
    for pill in ("pil_progestin", "pil_kombinasi"):
        resupply = SHEET[pill]["resupply"]
        assert method_named(pill).supply_days == resupply["days"] == 28
        assert method_named(pill).supply_before_days == resupply["remind_before_days"] == 5
    implant = method_named("implan")
    assert implant.lasts_months == 12 * SHEET["implan"]["duration"]["years"] == 36
    assert SHEET["implan"]["reminders"][1]["at_months"] == 36 - implant.plan_before_months
    assert method_named("iud").lasts_months == 12 * SHEET["iud"]["duration"]["years"] == 120
    assert method_named("mop").return_days == SHEET["mop"]["reminder"]["days"] == 90
    assert list(method_named("MAL").baby_months) == SHEET["MAL"]["reminder"]["at_baby_age_months"] == [5, 6]


def test_only_a_default_with_a_source_that_was_read_may_be_told_as_a_date() -> None:
    sure = {name for name, method in methods().items() if method.return_sure}
    assert sure == {"suntik_3_bulan", "mop"}
    assert SHEET["suntik_3_bulan"]["return_interval"]["confidence"] == "verified-secondary"
    assert SHEET["mop"]["reminder"]["confidence"] == "verified-secondary"
    assert SHEET["suntik_1_bulan"]["return_interval"]["confidence"] == "general-knowledge"


# ----------------------------------------------------------------------------------------------------- return dates


@pytest.mark.parametrize(
    ("method", "card", "expected"),
    [
        ("suntik_3_bulan", None, "2026-11-26"),  # 3 Sep + 84 days: 27 left in Sep, 31 Oct = 58, 26 more
        ("suntik_3_bulan", date(2026, 12, 2), "2026-12-02"),  # the card wins, later
        ("suntik_3_bulan", date(2026, 11, 20), "2026-11-20"),  # the card wins, earlier
        ("suntik_1_bulan", None, None),  # 28 days are from memory: no date is told
        ("suntik_1_bulan", date(2026, 10, 1), "2026-10-01"),
        ("suntik", None, None),  # which injection is not known
        ("pil", None, None),
        ("implan", None, None),
        ("iud", date(2027, 9, 3), "2027-09-03"),
        ("mop", None, "2026-12-02"),  # 3 Sep + 90 days: 27 + 31 + 30 = 88 by 30 Nov, 2 more
        ("kondom", None, None),
        ("mow", None, None),
        ("MAL", None, None),
    ],
)
def test_the_bidans_date_wins_and_only_defaults_with_a_source_are_told(
    method: str, card: date | None, expected: str | None
) -> None:
    day = return_date(using(method, card=card))
    assert (day.isoformat() if day else None) == expected


def test_without_a_last_date_there_is_nothing_to_count_from() -> None:
    assert return_date(using("suntik_3_bulan", last=None)) is None
    assert told(using("suntik_3_bulan", last=None)) == []


def test_one_day_late_is_late_and_nothing_says_how_late_one_may_be() -> None:
    due = using("suntik_3_bulan")  # due 26 Nov
    assert [is_late(due, date(2026, 11, day)) for day in (25, 26, 27)] == [False, False, True]


def test_an_unknown_method_is_refused() -> None:
    with pytest.raises(ValueError, match="jamu"):
        return_date(using("jamu"))


# --------------------------------------------------------------------------------------------------------- occasions


@pytest.mark.parametrize(
    ("contraception", "expected"),
    [
        (using("suntik_3_bulan"), [("kb_return", "2026-11-26")]),
        (using("suntik_1_bulan"), [("kb_check", "2026-10-01")]),  # 3 Sep + 28: look at the card
        (using("suntik_1_bulan", card=date(2026, 10, 3)), [("kb_return", "2026-10-03")]),
        (using("suntik", card=date(2026, 10, 3)), [("kb_return", "2026-10-03")]),
        (using("suntik"), []),
        (using("implan"), [("kb_supply", "2029-08-03")]),  # 3 Sep 2029, a month before
        (using("iud"), [("kb_supply", "2036-06-03")]),  # 3 Sep 2036, three months before
        (using("iud_hormon"), []),  # how long it lasts stands on the card
        (using("iud_hormon", card=date(2031, 9, 3)), [("kb_supply", "2031-06-03"), ("kb_return", "2031-09-03")]),
        (using("implan", card=date(2026, 9, 10)), [("kb_return", "2026-09-10"), ("kb_supply", "2029-08-03")]),
        (
            using("implan", last=None, card=date(2029, 1, 31)),
            [("kb_supply", "2028-12-31"), ("kb_return", "2029-01-31")],
        ),
        (using("mop"), [("kb_return", "2026-12-02")]),
        (using("mow"), []),
        (using("kondom"), []),
    ],
)
def test_each_method_has_its_own_occasions(contraception: Contraception, expected: list[tuple[str, str]]) -> None:
    assert told(contraception) == expected


def test_a_pill_is_fetched_five_days_before_each_packet_ends() -> None:
    days = [date.fromisoformat(on) for _, on in told(using("pil_progestin"))]
    assert days[0] == date(2026, 9, 26)  # 3 Sep + 28 - 5 = 3 Sep + 23
    assert {later - earlier for earlier, later in zip(days, days[1:], strict=False)} == {timedelta(days=28)}
    assert len(days) == 13  # a year of packets; then nobody has answered for a year


def test_a_card_takes_the_place_of_the_packets() -> None:
    assert told(using("pil", card=date(2026, 9, 28))) == [("kb_return", "2026-09-28")]


def test_breastfeeding_as_a_method_is_spoken_of_before_the_baby_is_five_and_six_months() -> None:
    assert told(using("MAL", last=date(2026, 8, 31))) == [("kb_supply", "2027-01-31"), ("kb_supply", "2027-02-28")]
    born = (date(2023, 1, 1), date(2026, 10, 5))
    assert told(using("MAL", last=None), born) == [("kb_supply", "2027-03-05"), ("kb_supply", "2027-04-05")]


@given(
    st.sampled_from(sorted(methods())),
    st.none() | st.dates(date(2015, 1, 1), date(2030, 1, 1)),
    st.none() | st.dates(date(2015, 1, 1), date(2040, 1, 1)),
    st.lists(st.dates(date(2015, 1, 1), date(2030, 1, 1)), max_size=3),
)
def test_occasions_are_in_order_each_once_and_a_card_date_is_always_among_them(
    method: str, last: date | None, card: date | None, births: list[date]
) -> None:
    record = using(method, last, card)
    found = occasions(record, births)
    assert list(found) == sorted(set(found), key=lambda occasion: (occasion.on, occasion.anchor))
    assert occasions(record, list(reversed(births))) == found
    if card is not None:
        assert Occasion(Anchor.RETURN, card) in found


# ------------------------------------------------------------------------------------------------------- after a visit


_OCT = (date(2026, 10, 1), date(2026, 10, 2), date(2026, 10, 30))


@pytest.mark.parametrize(
    ("before", "on", "card", "last", "back"),
    [
        (using("suntik_3_bulan"), date(2026, 11, 25), None, date(2026, 11, 25), None),
        (using("suntik", card=_OCT[0]), _OCT[1], _OCT[2], _OCT[1], _OCT[2]),
        (using("pil"), date(2026, 9, 27), None, date(2026, 10, 1), None),  # begun when the old one ends: 3 Sep + 28
        (using("pil"), date(2026, 10, 3), None, date(2026, 10, 1), None),  # two days late: still that packet
        (using("pil"), date(2026, 9, 15), None, date(2026, 9, 15), None),  # in the middle: begun anew
        (using("implan", card=date(2026, 9, 10)), date(2026, 9, 10), None, LAST, None),  # a check-up
        (using("implan", last=date(2023, 12, 1)), date(2026, 11, 20), None, None, None),  # its time was up
        (using("MAL"), date(2026, 11, 20), None, LAST, None),
        (using("mop"), date(2026, 12, 2), None, LAST, date(2026, 12, 2)),  # checked: nothing more is due
    ],
)  # fmt: skip
def test_a_visit_moves_the_record_as_its_method_wants(
    before: Contraception, on: date, card: date | None, last: date | None, back: date | None
) -> None:
    after = after_visit(before, on, card)
    assert (after.last_date, after.return_on, after.id) == (last, back, before.id)


@given(st.sampled_from(sorted(methods())), st.dates(date(2020, 1, 1), date(2027, 1, 1)), st.integers(0, 400))
def test_a_visit_told_twice_changes_the_record_once(method: str, last: date, days: int) -> None:
    on = last + timedelta(days=days)
    once = after_visit(using(method, last), on, None)
    assert after_visit(once, on, None) == once


# -------------------------------------------------------------------------------- for the bidan to judge


@pytest.mark.parametrize(
    ("method", "breastfeeding", "months", "expected"),
    [
        ("suntik_1_bulan", True, 4, True),
        ("suntik_1_bulan", True, 9, True),  # the KIA book says so whatever the age
        ("suntik_1_bulan", False, 4, False),
        ("suntik_1_bulan", None, 4, False),
        ("pil_kombinasi", True, 5, True),
        ("pil_kombinasi", True, 6, False),  # "tidak (<6 bulan)"
        ("pil_kombinasi", True, None, True),
        ("pil", True, 2, True),  # may be a combined one
        ("suntik", True, 2, True),
        ("pil_progestin", True, 2, False),
        ("suntik_3_bulan", True, 2, False),
        ("iud", True, 1, False),
        ("implan", True, 1, False),
    ],
)
def test_a_combined_method_while_breastfeeding_is_for_the_bidan_to_judge(
    method: str, breastfeeding: bool | None, months: int | None, expected: bool
) -> None:
    assert for_bidan_to_judge(method, breastfeeding, months) is expected
