"""What a planned message becomes when its hour has come: looked at again, too late, or one of many."""

import json
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from sapa.family.people import Child, Family, Posyandu, PosyanduSession
from sapa.family.plan import collapse, is_stale, plan, refresh

JAKARTA = "Asia/Jakarta"
ZONE = ZoneInfo(JAKARTA)
NOW = datetime(2026, 11, 22, 10, 0, tzinfo=ZONE)
UNTIL = date(2027, 3, 31)
SITI = Child("Siti", date(2026, 11, 20))  # BCG and OPV1 from 20 December 2026 on


def family(*children, sessions=(), now=NOW):
    rows = tuple(PosyanduSession(day, time(8, 0), "Balai") for day in sessions)
    return Family(now, JAKARTA, posyandu=Posyandu("Melati 1", rows) if rows else None, children=children)


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=ZONE)


def named(reminder):
    return {child["name"]: child["doses"] for child in reminder.payload["children"]}


SESSION_DAY = date(2026, 12, 24)
WITH_SESSION = family(SITI, sessions=[SESSION_DAY])
INVITATION, EVE = plan(WITH_SESSION, until=SESSION_DAY)  # 21 and 23 December
ALONE = family(SITI)
DOSE_INVITATION, CHECK = plan(ALONE, until=date(2026, 12, 31))  # 17 and 27 December


# ----------------------------------------------------------------------------------------------------- looked at again


@pytest.mark.parametrize("reminder", [INVITATION, EVE, DOSE_INVITATION, CHECK], ids=lambda r: r.content)
def test_where_no_fact_has_changed_the_message_goes_as_planned(reminder):
    here = WITH_SESSION if reminder.event == "posyandu_session" else ALONE
    assert refresh(reminder, replace(here, now=reminder.send_at)) == reminder


def test_a_message_that_comes_back_from_storage_as_json_is_the_same_message():
    stored = replace(INVITATION, payload=json.loads(json.dumps(INVITATION.payload)))
    assert refresh(stored, replace(WITH_SESSION, now=INVITATION.send_at)) == INVITATION


def test_a_dose_recorded_meanwhile_is_no_longer_named():
    given = replace(SITI, doses={"BCG": date(2026, 12, 21)})
    fresh = refresh(EVE, family(given, sessions=[SESSION_DAY], now=EVE.send_at))
    assert named(fresh) == {"Siti": ["OPV1"]}
    assert (fresh.id, fresh.due_on, fresh.send_at) == (EVE.id, EVE.due_on, EVE.send_at)


def test_a_dose_missed_earlier_is_named_again_at_the_next_session():
    sessions = [date(2026, 12, 24), date(2027, 1, 24)]
    january = plan(family(SITI, sessions=sessions), until=UNTIL)[2]
    assert named(january) == {"Siti": ["OPV2", "DPTHBHIB1", "PCV1", "RV1"]}  # if all goes well in December
    fresh = refresh(january, family(SITI, sessions=sessions, now=january.send_at))
    # Nothing was given in December: BCG and OPV1 are named; OPV2 would come 28 days after OPV1 and is not.
    assert named(fresh) == {"Siti": ["BCG", "OPV1", "DPTHBHIB1", "PCV1", "RV1"]}


def test_a_child_born_meanwhile_is_invited_too():
    baby = Child("Budi", date(2026, 12, 20))
    fresh = refresh(EVE, family(SITI, baby, sessions=[SESSION_DAY], now=EVE.send_at))
    assert fresh.subjects == ("Siti", "Budi")
    assert named(fresh)["Budi"] == ["HB0"]  # the fourth day of life; HB0 is given up to day 7


def test_a_dose_that_an_earlier_session_serves_is_not_named_at_a_later_one():
    # BCG and OPV1 from 5 December on. The 10th and the 13th are one group; the 14th is announced on the 11th, when the
    # session of the 13th is still ahead.
    here = family(Child("Siti", date(2026, 11, 5)), sessions=[date(2026, 12, day) for day in (10, 13, 14)])
    [eve_of_13th] = [r for r in plan(here, until=UNTIL) if r.content.endswith("besok") and r.due_on.day == 13]
    [of_14th] = [r for r in plan(here, until=UNTIL) if r.content == "pengingat/posyandu" and r.due_on.day == 14]
    assert named(refresh(of_14th, replace(here, now=of_14th.send_at))) == {"Siti": []}
    assert named(refresh(eve_of_13th, replace(here, now=eve_of_13th.send_at))) == {"Siti": ["BCG", "OPV1"]}


@pytest.mark.parametrize(
    ("reminder", "here"),
    [
        (INVITATION, family(SITI, sessions=[date(2026, 12, 26)])),  # the session moved
        (INVITATION, family(SITI)),  # the family left the posyandu
        (INVITATION, family(sessions=[SESSION_DAY])),  # the child is no longer followed
        (DOSE_INVITATION, family(replace(SITI, doses={"BCG": date(2026, 12, 1), "OPV1": date(2026, 12, 1)}))),
        (DOSE_INVITATION, family(replace(SITI, special_care=True))),  # now a question for a health worker
        (CHECK, family(replace(SITI, doses={"BCG": date(2026, 12, 20), "OPV1": date(2026, 12, 20)}))),
        (CHECK, family(replace(SITI, special_care=True))),
    ],
)
def test_nothing_is_sent_when_nothing_is_left_to_say(reminder, here):
    assert refresh(reminder, replace(here, now=reminder.send_at)) is None


def test_a_check_asks_only_about_what_has_no_date_yet():
    given = replace(SITI, doses={"BCG": date(2026, 12, 20)})
    assert named(refresh(CHECK, family(given, now=CHECK.send_at))) == {"Siti": ["OPV1"]}


def test_a_dose_that_now_has_a_session_is_left_to_that_session():
    here = family(SITI, sessions=[SESSION_DAY], now=DOSE_INVITATION.send_at)
    assert refresh(DOSE_INVITATION, here) is None


def test_where_the_first_of_two_things_is_gone_the_other_one_is_announced():
    days = [date(2026, 12, 24), date(2026, 12, 26)]
    both = plan(family(SITI, sessions=days), until=UNTIL)[0]
    assert [entry["date"] for entry in both.payload["also"]] == ["2026-12-26"]
    fresh = refresh(both, family(SITI, sessions=days[1:], now=both.send_at))
    # 21 December: the 26th is 5 days away.
    assert (fresh.payload["date"], fresh.payload["days"], fresh.payload["also"]) == ("2026-12-26", 5, [])
    assert named(fresh) == {"Siti": ["BCG", "OPV1"]}
    assert fresh.id == both.id


@pytest.mark.parametrize(
    ("reminder", "now", "content", "days"),
    [
        (INVITATION, "2026-12-21T16:00", "pengingat/posyandu", 3),
        (INVITATION, "2026-12-22T09:00", "pengingat/posyandu", 2),
        (INVITATION, "2026-12-23T09:00", "pengingat/posyandu-besok", 1),  # a day and a half late: it is tomorrow
        (EVE, "2026-12-24T07:30", "pengingat/posyandu", 0),  # today, before it opens
    ],
)
def test_a_late_message_speaks_of_the_day_it_really_goes(reminder, now, content, days):
    fresh = refresh(reminder, replace(WITH_SESSION, now=at(now)))
    assert (fresh.content, fresh.payload["days"]) == (content, days)


def test_nobody_is_invited_to_a_session_that_has_begun():
    assert refresh(EVE, replace(WITH_SESSION, now=at("2026-12-24T08:00"))) is None


# ---------------------------------------------------------------------------------------------------------- too late


@pytest.mark.parametrize(
    ("reminder", "now", "stale"),
    [
        (INVITATION, "2026-12-21T16:00", False),
        (INVITATION, "2026-12-24T07:59", False),  # late by 64 hours, but its day is not over
        (INVITATION, "2026-12-25T00:00", True),  # never an invitation after its day
        (EVE, "2026-12-24T23:59", False),
        (EVE, "2026-12-25T00:00", True),  # late by 32 hours only
        (DOSE_INVITATION, "2026-12-20T23:59", False),
        (DOSE_INVITATION, "2026-12-21T00:00", True),
        (CHECK, "2026-12-27T16:00", False),
        (CHECK, "2026-12-29T16:00", False),  # late by exactly 48 hours
        (CHECK, "2026-12-29T16:01", True),
    ],
)
def test_a_message_whose_time_has_gone_by_is_stale(reminder, now, stale):
    assert is_stale(reminder, at(now), JAKARTA) is stale
    if stale:
        here = WITH_SESSION if reminder.event == "posyandu_session" else ALONE
        assert refresh(reminder, replace(here, now=at(now))) is None


def test_the_day_ends_where_the_family_lives():
    # 24 December 17:30 UTC is 25 December 00:30 in Jakarta.
    moment = datetime.fromisoformat("2026-12-24T17:30:00+00:00")
    assert is_stale(EVE, moment, JAKARTA)
    assert not is_stale(EVE, moment, "UTC")


# ------------------------------------------------------------------------------------------------- after an outage


def test_of_the_invitation_and_the_eve_of_one_session_the_eve_is_kept():
    assert collapse([INVITATION, EVE]) == collapse([EVE, INVITATION]) == (EVE,)


def test_messages_about_days_further_apart_are_all_kept():
    later = replace(INVITATION, id="later", due_on=SESSION_DAY + timedelta(days=4))
    assert collapse([later, EVE]) == tuple(sorted([later, EVE], key=lambda r: r.send_at))


def test_a_question_about_the_past_and_an_invitation_do_not_replace_each_other():
    check = replace(CHECK, due_on=SESSION_DAY)
    assert set(collapse([check, EVE])) == {check, EVE}


def test_an_invitation_that_names_doses_nothing_else_will_name_is_kept_before_the_eve():
    # The session of the 24th and, by its own date, a dose of Budi on the 25th share the invitation of the 21st.
    budi = Child("Budi", date(2026, 11, 25))
    here = family(SITI, budi, sessions=[date(2026, 12, 24)], now=at("2026-11-26T10:00"))
    invitation, eve = plan(here, until=date(2026, 12, 24))
    assert [entry["kind"] for entry in invitation.payload["also"]] == ["dose"]
    assert collapse([invitation, eve]) == (invitation,)
    # A day late it still names both, and the session is tomorrow.
    fresh = refresh(invitation, replace(here, now=at("2026-12-23T16:05")))
    assert (fresh.content, fresh.payload["days"]) == ("pengingat/posyandu-besok", 1)
    assert [entry["date"] for entry in fresh.payload["also"]] == ["2026-12-25"]


def test_nothing_due_is_nothing_to_collapse():
    assert collapse([]) == ()
