"""The posyandu day, for whoever looks at it or writes it down: the one door to what stands in the rooms behind it."""

from __future__ import annotations

from sapa.services.attendance_messages import handle_message
from sapa.services.attendance_recording import Caution, Entry, Recorded, Saved, record_attendance
from sapa.services.day_clock import eve_lists_due, missed_due, no_phone_due
from sapa.services.day_overview import Closed, NotBegun, Overview, Seen, close_day, day_overview, reopen_day
from sapa.services.day_roster import NoSuchSession, expected
from sapa.services.home_visits import HomeVisit, NoSuchVisit, add_home_visit, finish_home_visit, home_visits

__all__ = [
    "Caution",
    "Closed",
    "Entry",
    "HomeVisit",
    "NoSuchSession",
    "NoSuchVisit",
    "NotBegun",
    "Overview",
    "Recorded",
    "Saved",
    "Seen",
    "add_home_visit",
    "close_day",
    "day_overview",
    "eve_lists_due",
    "expected",
    "finish_home_visit",
    "handle_message",
    "home_visits",
    "missed_due",
    "no_phone_due",
    "record_attendance",
    "reopen_day",
]
