"""Quiet hours: the local hours in which nothing is sent unasked.

Rule: design, section 6 ("Nothing between 20:00 and 07:00 local"). The window is half open: at `start` it is
quiet, at `end` it is not. `start` > `end` runs over midnight; `start` == `end` means there are no quiet hours.

Indonesia's three zones know no summer time, but a zone name is data somebody types: everything here also holds in
zones that jump. The wall clock decides, as the family sees it.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sapa.family.people import QuietHours

_MINUTE = timedelta(minutes=1)
_INSTANT = timedelta(microseconds=1)


def local_moment(day: date, at: time, tz: str) -> datetime:
    """The moment (aware, in the zone `tz`) when the clock of `tz` shows `at` on `day`.

    Where the clock skips that time, the moment lies as much later as the clock jumped; where it shows the time
    twice, the first one counts.
    """
    zone = ZoneInfo(tz)
    # The way over UTC turns a wall time that does not exist into one that does.
    return datetime.combine(day, at, zone).astimezone(UTC).astimezone(zone)


def is_quiet(moment: datetime, tz: str, quiet: QuietHours) -> bool:
    """Whether `moment` lies in the quiet hours of a family in the zone `tz`. Raises ValueError if it is naive."""
    if moment.tzinfo is None:
        raise ValueError("a moment needs its offset; this one is naive")
    wall = moment.astimezone(ZoneInfo(tz)).time()
    if quiet.start <= quiet.end:
        return quiet.start <= wall < quiet.end
    return wall >= quiet.start or wall < quiet.end


def next_allowed(moment: datetime, tz: str, quiet: QuietHours) -> datetime:
    """The first moment from `moment` on that is not quiet, in UTC: `moment` itself, or the end of the quiet hours.

    Raises ValueError if `moment` is naive.
    """
    if not is_quiet(moment, tz, quiet):
        return moment.astimezone(UTC)
    found = moment.astimezone(UTC)
    while is_quiet(found, tz, quiet):
        found = min(other for other in _clock_shows(quiet.end, found, tz) if other > found)
    return found


def previous_allowed(moment: datetime, tz: str, quiet: QuietHours) -> datetime:
    """The last moment up to `moment` that is not quiet, in UTC: `moment` itself, or the minute before the quiet hours.

    Raises ValueError if `moment` is naive.
    """
    if not is_quiet(moment, tz, quiet):
        return moment.astimezone(UTC)
    found = moment.astimezone(UTC)
    while is_quiet(found, tz, quiet):
        found = max(other for other in _clock_shows(quiet.start, found, tz) if other <= found) - _INSTANT
    whole_minute = found + _INSTANT - _MINUTE
    return found if is_quiet(whole_minute, tz, quiet) else whole_minute


def _clock_shows(at: time, around: datetime, tz: str) -> list[datetime]:
    """The moments near `around` (UTC, two days each way) when the clock of `tz` shows `at`."""
    zone = ZoneInfo(tz)
    today = around.astimezone(zone).date()
    days = [today + timedelta(days=n) for n in range(-2, 3)]
    return [datetime.combine(day, at, zone).replace(fold=fold).astimezone(UTC) for day in days for fold in (0, 1)]
