"""Quiet hours and caps: never in the quiet hours, never two a day, never nine a month; and the order of the facts
does not matter."""

from collections import Counter
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from sapa.family.calendar import add_months
from sapa.family.people import Child, Family, Posyandu, PosyanduSession, QuietHours
from sapa.family.plan import default_rules, plan
from sapa.messaging.quiet_hours import is_quiet

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=ZoneInfo("Asia/Jakarta"))
TODAY = NOW.date()
UNTIL = date(2027, 6, 30)
# Marked for special care: no dose is planned, sessions are; the sparest family there is.
WEIGHED = Child("Siti", date(2026, 6, 1), special_care=True)


def family(*children, sessions=(), now=NOW, quiet=None, tz="Asia/Jakarta"):
    rows = tuple(PosyanduSession(day, time(8, 0), "Balai") for day in sessions)
    return Family(now, tz, posyandu=Posyandu("Melati", rows), children=children, quiet_hours=quiet or QuietHours())


def texts(reminders):
    return [f"{r.send_at:%m-%d %H:%M} {r.content.removeprefix('pengingat/')} {r.payload['days']}" for r in reminders]


# ---------------------------------------------------------------------------------------------------- quiet hours


@pytest.mark.parametrize(
    ("quiet", "expected"),
    [
        # The default: 16:00 is free.
        (("20:00", "07:00"), ["12-09 16:00 posyandu 3", "12-11 16:00 posyandu-besok 1"]),
        # The afternoon sleep ends at 17:00, the same day.
        (("15:00", "17:00"), ["12-09 17:00 posyandu 3", "12-11 17:00 posyandu-besok 1"]),
        # Quiet from 12:00 till 08:00: the invitation waits for the next morning (2 days before), but on the morning
        # of the session "tomorrow" would be wrong, so the eve's message goes a minute before the quiet hours.
        (("12:00", "08:00"), ["12-10 08:00 posyandu 2", "12-11 11:59 posyandu-besok 1"]),
        # Equal: no quiet hours.
        (("16:00", "16:00"), ["12-09 16:00 posyandu 3", "12-11 16:00 posyandu-besok 1"]),
    ],
)
def test_out_of_the_quiet_hours_a_message_moves_forwards_if_that_is_in_time_and_backwards_if_not(quiet, expected):
    hours = QuietHours(*(time.fromisoformat(text) for text in quiet))
    assert texts(plan(family(WEIGHED, sessions=[date(2026, 12, 12)], quiet=hours), until=UNTIL)) == expected


def test_a_check_waits_for_the_end_of_the_quiet_hours():
    hours = QuietHours(time(12, 0), time(8, 0))
    found = plan(family(Child("Siti", date(2026, 11, 20)), quiet=hours), until=date(2026, 12, 31))
    # Due on 20 December: + 7 = 27 December 16:00 is quiet, so 28 December 08:00.
    assert texts(found) == ["12-18 08:00 imunisasi 2", "12-28 08:00 imunisasi-sudah 8"]


# ------------------------------------------------------------------------------------------------------- the caps


def test_an_invitation_that_meets_the_eve_of_another_session_goes_a_day_later():
    # 10 and 12 December are one group; 14 December is 4 days after the 10th: a group of its own, H-3 = the 11th,
    # which is also the eve of the 12th.
    found = plan(family(WEIGHED, sessions=[date(2026, 12, day) for day in (10, 12, 14)]), until=UNTIL)
    assert texts(found) == [
        "12-07 16:00 posyandu 3",
        "12-09 16:00 posyandu-besok 1",
        "12-11 16:00 posyandu-besok 1",
        "12-12 16:00 posyandu 2",
        "12-13 16:00 posyandu-besok 1",
    ]


def test_an_invitation_that_made_room_still_comes_when_the_plan_is_made_again_meanwhile():
    here = family(WEIGHED, sessions=[date(2026, 12, day) for day in (10, 12, 14)])
    whole = plan(here, until=UNTIL)
    # The morning of the 12th: H-3 of the 14th was yesterday, but yesterday belonged to the eve of the 12th.
    morning = datetime(2026, 12, 12, 9, 0, tzinfo=NOW.tzinfo)
    rest = plan(replace(here, now=morning), until=UNTIL, sent=[r for r in whole if r.send_at <= morning])
    assert texts(rest) == ["12-12 16:00 posyandu 2", "12-13 16:00 posyandu-besok 1"]


def test_an_invitation_without_a_free_day_takes_the_place_of_an_eve():
    # One group from the 10th to the 13th; the 14th begins the next. Its invitation may go on the 11th, 12th or 13th,
    # and each of these is the eve of a session: the eve of the 12th, whose session was announced on the 7th, goes.
    found = plan(family(WEIGHED, sessions=[date(2026, 12, day) for day in range(10, 15)]), until=UNTIL)
    assert texts(found) == [
        "12-07 16:00 posyandu 3",
        "12-09 16:00 posyandu-besok 1",
        "12-10 16:00 posyandu-besok 1",
        "12-11 16:00 posyandu 3",
        "12-12 16:00 posyandu-besok 1",
        "12-13 16:00 posyandu-besok 1",
    ]


def test_a_check_goes_where_its_invitation_fell_to_the_cap():
    # The doses of 4 months are due on 28 March: invitation on the 25th, check on 4 April; April has nothing else.
    given = {
        date(2026, 12, 28): ["BCG", "OPV1"],
        date(2027, 1, 28): ["OPV2", "DPTHBHIB1", "PCV1", "RV1"],
        date(2027, 2, 28): ["OPV3", "DPTHBHIB2", "PCV2", "RV2"],
    }
    child = Child("Budi", date(2026, 11, 28), doses={dose: day for day, doses in given.items() for dose in doses})
    here = family(child, sessions=[date(2027, 3, 12)], now=datetime(2027, 3, 1, 10, 0, tzinfo=NOW.tzinfo))
    until = date(2027, 4, 30)
    assert texts(plan(here, until=until)) == [
        "03-09 16:00 posyandu 3",
        "03-11 16:00 posyandu-besok 1",
        "03-25 16:00 imunisasi 3",
        "04-04 16:00 imunisasi-sudah 7",
    ]
    only_one = replace(default_rules(), max_per_month=1)
    assert texts(plan(here, until=until, rules=only_one)) == ["03-09 16:00 posyandu 3"]


def test_a_check_that_meets_an_invitation_goes_a_day_later():
    # BCG and OPV1 on 20 December, the only session 41 days later: by their own date, check on 27 December. That day
    # another message went out already.
    here = family(Child("Siti", date(2026, 11, 20)), sessions=[date(2027, 1, 30)])
    invitation, check = plan(here, until=date(2026, 12, 31))
    assert texts([invitation, check]) == ["12-17 16:00 imunisasi 3", "12-27 16:00 imunisasi-sudah 7"]
    [other] = plan(family(WEIGHED, sessions=[date(2026, 12, 30)]), until=date(2026, 12, 27))
    assert texts([other]) == ["12-27 16:00 posyandu 3"]
    later = replace(here, now=invitation.send_at)
    [moved] = plan(later, until=date(2026, 12, 31), sent=[invitation, other])
    assert texts([moved]) == ["12-28 16:00 imunisasi-sudah 8"]
    assert moved.id == check.id


def test_weekly_sessions_lose_the_last_eves_of_a_month_and_no_invitation():
    # Tuesdays 1, 8, 15, 22, 29 December: 4 invitations in December besides the one of 28 November (H-3 of 1 December),
    # and the one of 5 January is sent on 2 January; eves on 30 November, 7, 14, 21 and 28 December.
    tuesdays = [date(2026, 12, 1) + timedelta(days=7 * n) for n in range(14)]
    found = plan(family(WEIGHED, sessions=tuesdays), until=date(2027, 1, 31))
    per_month = Counter(f"{r.send_at:%Y-%m}" for r in found)
    assert per_month == {"2026-11": 2, "2026-12": 8, "2027-01": 8}
    assert [t for t in texts(found) if t.startswith("12-")] == [
        "12-05 16:00 posyandu 3",
        "12-07 16:00 posyandu-besok 1",
        "12-12 16:00 posyandu 3",
        "12-14 16:00 posyandu-besok 1",
        "12-19 16:00 posyandu 3",
        "12-21 16:00 posyandu-besok 1",
        "12-26 16:00 posyandu 3",
        "12-28 16:00 posyandu-besok 1",
    ]
    # January: invitations on 2, 9, 16, 23, 30; eves on 4, 11, 18, 25. Nine; the last eve goes.
    assert "01-25 16:00 posyandu-besok 1" not in texts(found)
    assert "01-30 16:00 posyandu 3" in texts(found)


@pytest.mark.parametrize(
    ("max_per_month", "left"),
    [
        # Sessions on 5, 12, 19 and 26 January (invitations 2, 9, 16, 23; eves 4, 11, 18, 25), doses on 20 January
        # (2 months: invitation on the 17th, check on the 27th): 10 messages.
        (10, {"posyandu": 4, "imunisasi": 1, "posyandu-besok": 4, "imunisasi-sudah": 1}),
        (9, {"posyandu": 4, "imunisasi": 1, "posyandu-besok": 4}),  # the check goes first
        (6, {"posyandu": 4, "imunisasi": 1, "posyandu-besok": 1}),  # then the eves, the last ones first
        (4, {"posyandu": 3, "imunisasi": 1}),  # invitations at last, the latest first (the one of the 23rd)
    ],
)
def test_a_full_month_drops_checks_before_eves_and_eves_before_invitations(max_per_month, left):
    no_reach = replace(default_rules(), session_reach_days=-1, merge_days=0)  # no session serves a dose here
    rules = replace(no_reach, max_per_month=max_per_month)
    here = family(
        Child("Siti", date(2026, 11, 20), doses={"BCG": date(2026, 12, 20), "OPV1": date(2026, 12, 20)}),
        sessions=[date(2027, 1, day) for day in (5, 12, 19, 26)],
        now=datetime(2026, 12, 31, 18, 0, tzinfo=NOW.tzinfo),
    )
    january = plan(here, until=date(2027, 1, 31), rules=rules)
    assert Counter(r.content.removeprefix("pengingat/") for r in january) == left


def test_what_was_sent_already_counts_under_the_caps():
    tuesdays = [date(2026, 12, 1) + timedelta(days=7 * n) for n in range(14)]
    here = family(WEIGHED, sessions=tuesdays)
    whole = plan(here, until=date(2027, 1, 31))
    mid_month = datetime(2027, 1, 17, 12, 0, tzinfo=NOW.tzinfo)
    sent = [r for r in whole if r.send_at <= mid_month]
    rest = plan(replace(here, now=mid_month), until=date(2027, 1, 31), sent=sent)
    assert rest == tuple(r for r in whole if r.send_at > mid_month)


# ------------------------------------------------------------------------------------------------- for any family

days_ahead = st.integers(0, 200).map(lambda n: TODAY + timedelta(days=n))
session_days = st.one_of(
    st.lists(days_ahead, max_size=40),  # any days, also many in a row
    st.integers(1, 28).map(lambda d: [add_months(date(2026, 11, d), n) for n in range(8)]),  # monthly
    st.integers(3, 8).map(lambda step: [TODAY + timedelta(days=step * n) for n in range(200 // step)]),  # regular
)
clock_times = st.times().map(lambda t: t.replace(second=0, microsecond=0))
quiet_hours = st.one_of(st.just(QuietHours()), st.builds(QuietHours, clock_times, clock_times))
zones = st.sampled_from(["Asia/Jakarta", "Asia/Makassar", "Asia/Jayapura"])


@st.composite
def children(draw):
    def born(names):
        return st.builds(
            Child,
            name=st.sampled_from(names),
            birth_date=st.integers(0, 62).map(lambda n: add_months(TODAY, -n)) | st.dates(date(2021, 9, 1), TODAY),
            special_care=st.booleans() if draw(st.booleans()) else st.just(False),
        )

    return [draw(born([name])) for name in draw(st.sampled_from([["Siti"], ["Siti", "Budi"], ["Siti", "Budi", "Ani"]]))]


@st.composite
def families(draw):
    return family(*draw(children()), sessions=draw(session_days), quiet=draw(quiet_hours), tz=draw(zones))


@given(families())
@example(family(WEIGHED, sessions=[TODAY + timedelta(days=n) for n in range(120)]))  # a session every day
def test_no_family_gets_two_messages_a_day_nine_a_month_or_one_in_the_quiet_hours(here):
    found = plan(here, until=UNTIL)
    zone = ZoneInfo(here.timezone)
    local = [r.send_at.astimezone(zone) for r in found]
    assert all(count == 1 for count in Counter(moment.date() for moment in local).values())
    assert all(count <= 8 for count in Counter((moment.year, moment.month) for moment in local).values())
    assert not [moment for moment in local if is_quiet(moment, here.timezone, here.quiet_hours)]
    assert all(moment > here.now for moment in local)
    assert local == sorted(local) and all(moment.date() <= UNTIL for moment in local)


@given(families())
def test_invitations_come_before_their_day_and_checks_after_it_and_only_after_an_invitation(here):
    found = plan(here, until=UNTIL)
    ids = [r.id for r in found]
    assert len(ids) == len(set(ids))
    for reminder in found:
        days = (reminder.send_at.date() - reminder.due_on).days
        if reminder.event == "dose_check":
            assert 7 <= days <= 11 and reminder.payload["invitation"] in ids
        elif reminder.content == "pengingat/posyandu-besok":
            assert days == -1
        else:
            assert -3 <= days <= -1
        assert reminder.payload["days"] == abs(days)


@given(families(), st.randoms(use_true_random=False))
def test_the_order_in_which_the_facts_are_written_changes_nothing(here, shuffle):
    mixed = list(here.children)
    sessions = list(here.posyandu.sessions)
    shuffle.shuffle(mixed)
    shuffle.shuffle(sessions)
    other = replace(here, children=tuple(mixed), posyandu=replace(here.posyandu, sessions=tuple(sessions)))
    assert plan(other, until=UNTIL) == plan(here, until=UNTIL)


@given(families(), days_ahead)
def test_a_shorter_plan_is_the_beginning_of_a_longer_one_for_any_family(here, until):
    assert plan(here, until=until) == tuple(r for r in plan(here, until=UNTIL) if r.send_at.date() <= until)


@given(session_days, quiet_hours, st.integers(0, 150 * 24))
def test_planning_again_later_gives_what_is_left_of_the_plan(sessions, quiet, hours):
    here = family(WEIGHED, sessions=sessions, quiet=quiet)
    later = here.now + timedelta(hours=hours)
    assume(later.date() < UNTIL)
    whole = plan(here, until=UNTIL)
    rest = plan(replace(here, now=later), until=UNTIL, sent=[r for r in whole if r.send_at <= later])
    assert rest == tuple(r for r in whole if r.send_at > later)


@given(families())
def test_every_session_of_the_plan_is_announced_at_least_once_unless_it_is_too_near(here):
    found = plan(here, until=UNTIL)
    told = {entry["date"] for r in found for entry in (r.payload, *r.payload["also"]) if entry["kind"] == "session"}
    for session in here.posyandu.sessions:
        small = [c for c in here.children if add_months(c.birth_date, 60) > session.date]
        near = session.date <= TODAY + timedelta(days=6)
        late = session.date > date(2027, 5, 31)
        assert not small or near or late or session.date.isoformat() in told
