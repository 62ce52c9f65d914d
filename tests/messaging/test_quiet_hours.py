"""Quiet hours: nothing unasked between 20:00 and 07:00 local time, whatever the zone."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sapa.family.people import QuietHours
from sapa.messaging.quiet_hours import is_quiet, local_moment, next_allowed, previous_allowed

NIGHT = QuietHours()
SIESTA = QuietHours(time(15, 0), time(17, 0))
NEVER = QuietHours(time(9, 0), time(9, 0))

INDONESIA = ("Asia/Jakarta", "Asia/Makassar", "Asia/Jayapura")
# Zones that jump an hour, half an hour, at midnight, or have odd offsets.
JUMPING = ("America/New_York", "Australia/Lord_Howe", "America/Havana", "Asia/Kathmandu")

moments = st.datetimes(datetime(2020, 1, 1), datetime(2032, 12, 31), timezones=st.just(UTC))
windows = st.builds(QuietHours, st.times(), st.times())
zones = st.sampled_from(INDONESIA + JUMPING)


@pytest.mark.parametrize(
    ("local", "quiet", "expected"),
    [
        ("2026-11-22T16:00", NIGHT, "2026-11-22T16:00"),  # the usual hour of a reminder
        ("2026-11-22T19:59", NIGHT, "2026-11-22T19:59"),  # the last minute of the day
        ("2026-11-22T20:00", NIGHT, "2026-11-23T07:00"),  # 20:00 is quiet; 07:00 is not
        ("2026-11-22T23:30", NIGHT, "2026-11-23T07:00"),
        ("2026-11-23T00:00", NIGHT, "2026-11-23T07:00"),  # after midnight: the same morning
        ("2026-11-23T06:59", NIGHT, "2026-11-23T07:00"),
        ("2026-11-23T07:00", NIGHT, "2026-11-23T07:00"),
        ("2026-12-31T22:00", NIGHT, "2027-01-01T07:00"),  # over the year's end
        ("2026-11-22T16:00", SIESTA, "2026-11-22T17:00"),  # start < end: within one day
        ("2026-11-22T14:59", SIESTA, "2026-11-22T14:59"),
        ("2026-11-22T03:00", NEVER, "2026-11-22T03:00"),  # start == end: no quiet hours
        ("2026-11-22T09:00", NEVER, "2026-11-22T09:00"),
    ],
)
@pytest.mark.parametrize("zone", INDONESIA)
def test_a_quiet_moment_moves_to_the_end_of_the_quiet_hours(local, quiet, expected, zone):
    assert next_allowed(wall(local, zone), zone, quiet) == wall(expected, zone)


@pytest.mark.parametrize(
    ("utc", "zone", "expected_utc"),
    [
        ("2026-11-22T13:00", "Asia/Jakarta", "2026-11-23T00:00"),  # 20:00 WIB (+7)  -> 07:00 WIB
        ("2026-11-22T12:00", "Asia/Makassar", "2026-11-22T23:00"),  # 20:00 WITA (+8) -> 07:00 WITA
        ("2026-11-22T11:00", "Asia/Jayapura", "2026-11-22T22:00"),  # 20:00 WIT (+9)  -> 07:00 WIT
        ("2026-11-22T12:30", "Asia/Jakarta", "2026-11-22T12:30"),  # 19:30 WIB: still allowed
        ("2026-11-22T12:30", "Asia/Jayapura", "2026-11-22T22:00"),  # the same moment is 21:30 WIT
    ],
)
def test_the_night_is_the_familys_own(utc, zone, expected_utc):
    assert next_allowed(wall(utc, "UTC"), zone, NIGHT) == wall(expected_utc, "UTC")


@pytest.mark.parametrize(
    ("local", "quiet", "expected"),
    [
        ("2026-11-22T16:00", NIGHT, "2026-11-22T16:00"),
        ("2026-11-22T16:00", SIESTA, "2026-11-22T14:59"),
        ("2026-11-23T03:00", NIGHT, "2026-11-22T19:59"),
        ("2026-11-22T16:00", QuietHours(time(0, 0), time(23, 59)), "2026-11-21T23:59"),
    ],
)
def test_the_moment_before_the_quiet_hours_is_the_last_minute_that_is_allowed(local, quiet, expected):
    assert previous_allowed(wall(local, "Asia/Jakarta"), "Asia/Jakarta", quiet) == wall(expected, "Asia/Jakarta")


@pytest.mark.parametrize("ask", [is_quiet, next_allowed, previous_allowed])
def test_a_moment_without_its_offset_is_refused(ask):
    with pytest.raises(ValueError, match="naive"):
        ask(datetime(2026, 11, 22, 16, 0), "Asia/Jakarta", NIGHT)


@given(moments, zones, windows)
def test_the_next_allowed_moment_is_never_quiet_never_earlier_and_stays_where_it_is(moment, zone, quiet):
    found = next_allowed(moment, zone, quiet)
    assert not is_quiet(found, zone, quiet)
    assert found >= moment
    assert next_allowed(found, zone, quiet) == found


@given(moments, zones, windows)
def test_the_previous_allowed_moment_is_never_quiet_never_later_and_stays_where_it_is(moment, zone, quiet):
    found = previous_allowed(moment, zone, quiet)
    assert not is_quiet(found, zone, quiet)
    assert found <= moment
    assert previous_allowed(found, zone, quiet) == found


@given(moments, st.sampled_from(INDONESIA), windows)
def test_nobody_waits_longer_than_the_quiet_hours_last(moment, zone, quiet):
    found = next_allowed(moment, zone, quiet)
    assert found - moment <= timedelta(days=1)
    if found > moment:
        assert found.astimezone(wall("2026-01-01T00:00", zone).tzinfo).time() == quiet.end


def test_a_time_the_clock_skips_comes_as_much_later_as_the_clock_jumped():
    # New York, 8 March 2026: 02:00 is followed by 03:00.
    assert local_moment(date(2026, 3, 8), time(2, 30), "America/New_York").isoformat() == "2026-03-08T03:30:00-04:00"


def wall(text: str, zone: str) -> datetime:
    day = datetime.fromisoformat(text)
    return local_moment(day.date(), day.time(), zone)
