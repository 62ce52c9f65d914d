"""How the tests are shared out among processes."""

from __future__ import annotations

from tests.order import MODEL, STACK, group_of, in_order

SOME = [
    "tests/family/test_growth.py::test_a",
    "tests/services/test_seats.py::test_a[sqlite]",
    "tests/services/test_seats.py::test_a[postgresql-tests/stack/]",
    "tests/test_cli.py::test_a",
    "tests/conversations/test_life.py::test_a",
    "tests/stack/test_run.py::test_a",
    "tests/test_overrides.py::test_a",
    "tests/stack/test_nothing_lost.py::test_a",
]


def test_what_starts_whole_systems_stays_together_and_so_does_what_reads_the_trained_model() -> None:
    assert [group_of(SOME[number]) for number in (5, 7, 4, 6)] == [STACK, STACK, MODEL, MODEL]
    assert group_of(SOME[2]) == group_of(SOME[1]) == "tests/services/test_seats.py"


def test_the_longest_come_first_and_no_test_is_lost_or_moved_within_its_group() -> None:
    groups = in_order(SOME)
    assert list(groups) == [
        *(STACK, MODEL, "tests/test_cli.py"),
        *("tests/services/test_seats.py", "tests/family/test_growth.py"),
    ]
    assert groups[STACK] == [SOME[5], SOME[7]] and groups[MODEL] == [SOME[4], SOME[6]]
    assert sorted(test for tests in groups.values() for test in tests) == sorted(SOME)
