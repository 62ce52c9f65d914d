"""Campaigns as data: how far a message lies from its day, for whom it is meant, and when a plan must be made anew."""

from dataclasses import replace
from datetime import date, time

import pytest

from sapa.family.campaigns import Campaign, Campaigns, Message, Offset, Rank, fingerprint


def campaigns(*messages, **more):
    return Campaigns((Campaign("hamil", "Judul", "hamil", "pregnancy_care", messages, **more),))


MESSAGE = Message("satu", "lmp", Offset(weeks=8), "pengingat/hamil/mual")


@pytest.mark.parametrize(
    ("offset", "expected"),
    [
        (Offset(), date(2026, 1, 31)),
        (Offset(days=-3), date(2026, 1, 28)),
        (Offset(weeks=8), date(2026, 3, 28)),  # 31 January + 56 days
        (Offset(months=1), date(2026, 2, 28)),  # the month has no 31st
        (Offset(months=1, days=7), date(2026, 3, 7)),  # months first, then days: 28 February + 7
        (Offset(months=-1, weeks=-1), date(2025, 12, 24)),
    ],
)
def test_an_offset_counts_months_first_and_then_days(offset, expected):
    assert offset.after(date(2026, 1, 31)) == expected


@pytest.mark.parametrize(
    ("when", "applies"),
    [
        ({}, True),
        ({"visit": ("K1", "K2")}, True),
        ({"visit": ("K2",)}, False),
        ({"ultrasound": (True,)}, True),
        ({"visits": ("KN2",)}, True),  # one of a list is enough
        ({"visits": ("KF4",)}, False),
        ({"visit": ("K1",), "ultrasound": (False,)}, False),  # all of them
        ({"unheard_of": ("x",)}, False),
        ({"unheard_of": (None,)}, True),
    ],
)
def test_a_condition_is_a_value_or_one_of_several(when, applies):
    facts = {"visit": "K1", "ultrasound": True, "visits": ["KF2", "KN2"]}
    assert replace(MESSAGE, when=when).applies(facts) is applies


@pytest.mark.parametrize(
    "change",
    [
        {"offset": Offset(weeks=9)},
        {"content": "pengingat/hamil/lain"},
        {"hour": time(9, 0)},
        {"slack_days": 2},
        {"rank": Rank.REMINDER},
        {"to": "mother"},
        {"when": {"week": (8,)}},
        {"covered_by": frozenset({"MR1"})},
        {"anchor": "edd"},
        {"id": "dua"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_whatever_changes_a_plan_changes_the_fingerprint(change):
    assert fingerprint(campaigns(replace(MESSAGE, **change))) != fingerprint(campaigns(MESSAGE))


def test_titles_reviews_and_signatures_change_no_plan():
    other = campaigns(MESSAGE, reviewed_on=date(2027, 1, 1), status="disahkan", signed_off_by="Bidan Ani")
    assert fingerprint(other) == fingerprint(campaigns(MESSAGE))
    assert fingerprint(Campaigns()) == fingerprint(Campaigns(()))


def test_a_message_is_found_by_the_name_of_its_campaign_and_its_own():
    all_of_them = campaigns(MESSAGE)
    assert all_of_them.find("hamil", "satu") == (all_of_them.all[0], MESSAGE)
    assert all_of_them.find("hamil", "dua") is None
    assert [m.id for _, m in all_of_them.by_anchor["lmp"]] == ["satu"]
