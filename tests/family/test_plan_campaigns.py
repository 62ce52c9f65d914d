"""The messages of campaigns: which day, whom, in what order a full month loses them, and what becomes of them later.

Today is Sunday, 22 November 2026, 10:00 in Jakarta. Every table shows its arithmetic.
"""

import json
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from sapa.family.calendar import add_months
from sapa.family.campaigns import Campaign, Campaigns, Message, Offset, Rank
from sapa.family.people import (
    Child,
    Contraception,
    Family,
    Member,
    Postpartum,
    Posyandu,
    PosyanduSession,
    Pregnancy,
    QuietHours,
)
from sapa.family.plan import collapse, is_stale, plan, refresh

ZONE = ZoneInfo("Asia/Jakarta")
NOW = datetime(2026, 11, 22, 10, 0, tzinfo=ZONE)
TODAY = NOW.date()
UNTIL = date(2027, 8, 31)


def family(**more):
    return Family(more.pop("now", NOW), "Asia/Jakarta", **more)


def campaign(name, *messages, topic="hamil", purpose="pregnancy_care"):
    return Campaign(name, name, topic, purpose, messages)


def tip(name, anchor="lmp", slack=0, **offset):
    return Message(name, anchor, Offset(**offset), f"pengingat/{name}", slack_days=slack)


ANC = campaign(
    "periksa-hamil",
    Message("periksa", "anc_visit", Offset(days=-3), "pengingat/periksa", time(16), 2, Rank.REMINDER, "mother"),
    Message("sudah", "anc_visit", Offset(days=7), "pengingat/sudah", time(16), 3, Rank.CHECK, "mother"),
)
KB = campaign(
    "kb",
    Message("h-7", "kb_return", Offset(days=-7), "pengingat/kb/h7", time(8), rank=Rank.REMINDER, to="self"),
    Message("h-1", "kb_return", Offset(days=-1), "pengingat/kb/h1", time(8), rank=Rank.REMINDER, to="self"),
    Message("sudah", "kb_return", Offset(days=3), "pengingat/kb/sudah", time(8), rank=Rank.CHECK, to="self"),
    topic="kb",
    purpose="family_planning",
)
WEEKLY = campaign("mingguan", *(tip(f"minggu-{n:02}", weeks=n, slack=5) for n in range(5, 42)))


# No dose of hers is planned, sessions are: a dose that is not recorded would move from day to day.
WEIGHED = Child("Siti", date(2026, 8, 1), special_care=True)


def pregnant(weeks, days=0, **more):
    lmp = TODAY - timedelta(weeks=weeks, days=days)
    return Pregnancy(lmp, lmp + timedelta(days=280), id="p1", **more)


def monthly(day, months=9):
    days = [add_months(date(2026, 12, day), n) for n in range(months)]
    return Posyandu("Melati", tuple(PosyanduSession(on, time(8), "Balai") for on in days))


def brief(reminders):
    return [f"{r.send_at:%m-%d %H:%M} {r.content.removeprefix('pengingat/')}" for r in reminders]


def planned(here, *campaigns, until=UNTIL, **more):
    return plan(here, until=until, campaigns=Campaigns(campaigns), **more)


# ------------------------------------------------------------------------------------------------- day and hour


def test_a_visit_is_reminded_of_three_days_before_and_asked_after_a_week_later():
    # Week 14: K1 is done; K2 in week 16: 22 November + 14 days = 6 December.
    here = family(pregnancy=pregnant(14, anc={"K1": TODAY - timedelta(days=30)}))
    assert brief(planned(here, ANC, until=date(2026, 12, 31))) == ["12-03 16:00 periksa", "12-13 16:00 sudah"]


def test_the_bidans_date_is_reminded_of_like_any_other():
    here = family(pregnancy=pregnant(14, anc={"K1": TODAY - timedelta(days=30)}, next_visit_on=date(2026, 12, 18)))
    first = planned(here, ANC, until=date(2026, 12, 31))[0]
    assert (first.send_at.date(), first.due_on, first.payload["from_bidan"]) == (
        date(2026, 12, 15),
        date(2026, 12, 18),
        True,
    )


def test_the_return_date_is_reminded_of_at_eight_a_week_and_a_day_before_and_asked_after_three_days_later():
    here = family(contraceptions=(Contraception("suntik_3_bulan", date(2026, 10, 3), contact_id="her", id="k1"),))
    found = planned(here, KB)
    # 3 October + 84 days = 26 December
    assert brief(found) == ["12-19 08:00 kb/h7", "12-25 08:00 kb/h1", "12-29 08:00 kb/sudah"]
    assert {(r.to, r.topic, r.purpose) for r in found} == {("contact:her", "kb", "family_planning")}
    assert "suntik" not in repr(found)


def test_the_payload_of_a_campaign_message_holds_all_its_text_needs_as_plain_json():
    here = family(pregnancy=pregnant(14, anc={"K1": TODAY - timedelta(days=30)}))
    first = planned(here, ANC)[0]
    assert json.loads(json.dumps(first.payload)) == {
        "kind": "campaign",
        "campaign": "periksa-hamil",
        "message": "periksa",
        "anchor": "anc_visit",
        "key": f"p1/K2/{here.pregnancy.lmp}",
        "rank": "reminder",
        "date": "2026-12-06",
        "days": 3,
        "until": "2026-12-06",
        "also": [],
        "visit": "K2",
        "by": "bidan",
        "ultrasound": False,
        "from_bidan": False,
        "week": 15,  # 3 December: 98 + 11 days = 15 weeks and 4 days
        "gestational_week": 15,
        "trimester": 2,
    }
    assert (first.event, first.subjects) == ("anc_visit", ("K2",))
    assert (first.to, first.topic, first.purpose) == ("mother", "hamil", "pregnancy_care")


def test_every_session_reminder_keeps_its_reader_topic_and_purpose():
    here = family(children=(WEIGHED,), posyandu=monthly(12))
    assert {(r.to, r.topic, r.purpose) for r in planned(here)} == {("caregiver", "posyandu", "child_care")}


def test_out_of_the_quiet_hours_a_message_of_the_morning_waits_for_their_end():
    method = Contraception("suntik_3_bulan", date(2026, 10, 3), contact_id="her")
    here = family(contraceptions=(method,), quiet_hours=QuietHours(time(18, 0), time(9, 30)))
    assert brief(planned(here, KB))[:2] == ["12-19 09:30 kb/h7", "12-25 09:30 kb/h1"]


# ------------------------------------------------------------------------------------------- who joins in the middle


def test_who_joins_in_the_middle_gets_what_applies_from_now_on():
    found = planned(family(pregnancy=pregnant(30)), WEEKLY)
    # Week 30 begins today: 16:00 is still ahead.
    assert [r.content for r in found] == [f"pengingat/minggu-{n}" for n in range(30, 42)]
    late = family(pregnancy=pregnant(30), now=NOW.replace(hour=16, minute=0))
    assert [r.content for r in planned(late, WEEKLY)][0] == "pengingat/minggu-31"


def test_nobody_is_asked_about_a_visit_she_was_not_reminded_of():
    # K2 is tomorrow: H-3 has gone by, and three weeks later K3 is too near for a second date.
    here = family(pregnancy=pregnant(21, 6, anc={"K1": TODAY - timedelta(days=60), "K2": TODAY - timedelta(days=30)}))
    checks = [r.due_on for r in planned(here, ANC) if r.event == "anc_visit_check"]
    assert date(2026, 11, 23) not in checks
    assert planned(here, ANC, enrolled_at=NOW + timedelta(days=400), until=date(2028, 1, 31)) == ()


def test_a_check_follows_whichever_of_its_reminders_went_out():
    method = Contraception("suntik_3_bulan", date(2026, 10, 3), contact_id="her", id="k1")
    here = family(contraceptions=(method,), now=datetime(2026, 12, 20, 10, tzinfo=ZONE))  # H-7 has gone by
    eve, check = planned(here, KB)
    assert (check.payload["invitation"], brief([check])) == (eve.id, ["12-29 08:00 kb/sudah"])
    too_late = replace(here, now=datetime(2026, 12, 25, 10, tzinfo=ZONE))
    assert planned(too_late, KB) == ()
    assert planned(too_late, KB, sent=[eve]) == (check,)


# --------------------------------------------------------------------------------------------------------- the caps


def test_a_tip_whose_day_is_taken_goes_later_and_one_that_cannot_is_left_out():
    child = Child("Siti", date(2026, 8, 1), id="c1")
    # The session is on 12 December: the 9th and the 11th are taken.
    on_the_9th = {"days": (date(2026, 12, 9) - child.birth_date).days}
    here = family(children=(replace(child, special_care=True),), posyandu=monthly(12))
    until = date(2026, 12, 31)
    for slack, expected in ((0, []), (1, ["12-10 16:00 tip"]), (3, ["12-10 16:00 tip"])):
        messages = campaign("anak", tip("tip", "child_birth", slack, **on_the_9th), topic="anak", purpose="child_care")
        assert [row for row in brief(planned(here, messages, until=until)) if "tip" in row] == expected


def test_a_full_month_loses_tips_first_and_never_a_reminder():
    # Weekly sessions: December has four invitations and four eves (1, 8, 15, 22, 29 December) without anything else.
    sessions = tuple(PosyanduSession(date(2026, 12, 1) + timedelta(days=7 * n), time(8), "Balai") for n in range(14))
    here = family(
        children=(WEIGHED,),
        posyandu=Posyandu("Melati", sessions),
        pregnancy=pregnant(14, anc={"K1": TODAY - timedelta(days=30)}),
    )
    december = [r for r in planned(here, ANC, WEEKLY) if r.send_at.month == 12 and r.send_at.year == 2026]
    assert len(december) == 8
    assert not [r for r in december if "minggu" in r.content]
    assert [r.content for r in december if r.event == "anc_visit"] == ["pengingat/periksa"]


def test_a_reminder_that_meets_an_eve_goes_a_day_later_and_the_eve_stays():
    # K2 on 6 December: H-3 is the 3rd, the eve of the session of the 4th.
    session = Posyandu("Melati", (PosyanduSession(date(2026, 12, 4), time(8), "Balai"),))
    here = family(
        children=(WEIGHED,),
        posyandu=session,
        pregnancy=pregnant(14, anc={"K1": TODAY - timedelta(days=30)}),
    )
    assert brief(planned(here, ANC, until=date(2026, 12, 10))) == [
        "12-01 16:00 posyandu",
        "12-03 16:00 posyandu-besok",
        "12-04 16:00 periksa",
    ]


def test_two_persons_of_one_household_have_days_of_their_own():
    both = (Member("her", "ibu"), Member("him", "ayah"))
    fathers = campaign("ayah", replace(tip("ayah", weeks=31), to="father"), topic="ayah")
    here = family(pregnancy=pregnant(30), members=both)
    found = [r for r in planned(here, WEEKLY, fathers) if r.send_at.date() == date(2026, 11, 29)]
    assert sorted((r.to, r.content) for r in found) == [
        ("caregiver", "pengingat/minggu-31"),
        ("father", "pengingat/ayah"),
    ]


def test_where_one_person_is_all_the_readers_the_caps_hold_for_all_together():
    fathers = campaign("ayah", replace(tip("ayah", weeks=31, slack=3), to="father"), topic="ayah")
    here = family(pregnancy=pregnant(30), members=(Member("him", "ayah"),))
    found = planned(here, replace(WEEKLY, messages=WEEKLY.messages[26:27]), fathers)
    assert {r.content for r in found} == {"pengingat/minggu-31", "pengingat/ayah"}
    assert [f"{r.send_at:%m-%d}" for r in found] == ["11-29", "11-30"]


def test_no_message_is_planned_for_a_father_nobody_knows():
    fathers = campaign("ayah", replace(tip("ayah", weeks=31), to="father"), topic="ayah")
    assert planned(family(pregnancy=pregnant(30)), fathers) == ()


def test_who_asked_for_every_reminder_has_the_caregivers_days_too():
    grandmother = Member("nek", "nenek", every_reminder=True)
    own = replace(KB.messages[0], slack_days=2)
    here = family(
        pregnancy=pregnant(30),
        members=(Member("her", "ibu"), grandmother),
        # Her own return date makes her H-7 fall on 29 November, as the weekly tip of week 31 does.
        contraceptions=(Contraception("iud", TODAY, date(2026, 12, 6), contact_id="nek"),),
    )
    found = planned(here, WEEKLY, replace(KB, messages=(own,)), until=date(2026, 11, 30))
    assert brief(found) == ["11-22 16:00 minggu-30", "11-29 08:00 kb/h7", "11-30 16:00 minggu-31"]


def test_what_a_dose_reminder_names_a_tip_does_not_say_again():
    child = Child("Siti", date(2026, 3, 20), special_care=False, id="c1")  # MR1 from 20 December, 9 months
    talk = replace(tip("campak", "child_birth", months=9), covered_by=frozenset({"MR1"}))
    messages = campaign("anak", talk, topic="anak", purpose="child_care")
    assert not [r for r in planned(family(children=(child,)), messages) if r.content == "pengingat/campak"]
    given = replace(child, doses={"MR1": TODAY})
    assert [r for r in planned(family(children=(given,)), messages) if r.content == "pengingat/campak"]


# ----------------------------------------------------------------------------------------- planning again, editing


def test_planning_again_gives_what_is_left_of_the_plan():
    here = family(pregnancy=pregnant(14), posyandu=monthly(12), children=(WEIGHED,))
    whole = planned(here, ANC, WEEKLY)
    for hours in range(0, 24 * 200, 31):
        later = NOW + timedelta(hours=hours)
        sent = [r for r in whole if r.send_at <= later]
        fresh = planned(replace(here, now=later), ANC, WEEKLY, sent=sent)
        assert {r.id for r in fresh} <= {r.id for r in whole}
        assert all(r.send_at > later for r in fresh)


def test_an_edited_offset_or_text_moves_what_is_ahead_and_sends_nothing_past():
    here = family(pregnancy=pregnant(14))
    before = planned(here, WEEKLY)
    noon = datetime(2026, 12, 9, 12, 0, tzinfo=ZONE)
    sent = [r for r in before if r.send_at <= noon]  # weeks 14, 15 and 16
    assert [r.content[-2:] for r in sent] == ["14", "15", "16"]

    def edited(message):
        return replace(message, offset=Offset(weeks=message.offset.weeks, days=1), content=f"{message.content}-baru")

    other = replace(WEEKLY, messages=tuple(edited(message) for message in WEEKLY.messages))
    after = planned(replace(here, now=noon), other, sent=sent)
    assert [(r.content, r.send_at.date()) for r in after[:2]] == [
        ("pengingat/minggu-17-baru", date(2026, 12, 14)),  # was the 13th
        ("pengingat/minggu-18-baru", date(2026, 12, 21)),
    ]
    # The same messages by their ids, so the rows of those enrolled are brought in line and not doubled.
    assert [r.id for r in after] == [r.id for r in before if r.send_at > noon]


def test_a_message_that_is_new_in_a_campaign_reaches_those_enrolled_unless_its_day_has_gone_by():
    here = family(pregnancy=pregnant(14), now=datetime(2026, 12, 9, 12, 0, tzinfo=ZONE))
    more = campaign("baru", tip("lewat", weeks=15), tip("nanti", weeks=20))
    assert [r.content for r in planned(here, more)] == ["pengingat/nanti"]


def test_a_corrected_last_period_moves_the_weeks_and_repeats_none():
    here = family(pregnancy=pregnant(14))
    sent = [r for r in planned(here, WEEKLY) if r.send_at < NOW + timedelta(days=10)]
    younger = replace(here, now=NOW + timedelta(days=10), pregnancy=pregnant(12))
    found = planned(younger, WEEKLY, sent=sent)
    assert [r.content[-2:] for r in found][:3] == ["16", "17", "18"]  # 14 and 15 were told by the first dates


def test_another_date_from_the_bidan_is_a_new_reminder_and_a_target_that_slips_is_not():
    here = family(pregnancy=pregnant(14, anc={"K1": TODAY - timedelta(days=30)}))
    first = planned(here, ANC)[0]
    after = replace(here, now=datetime(2026, 12, 4, 9, 0, tzinfo=ZONE))
    assert [r.event for r in planned(after, ANC, sent=[first], until=date(2026, 12, 31))] == ["anc_visit_check"]
    told = replace(after, pregnancy=replace(here.pregnancy, next_visit_on=date(2026, 12, 20)))
    assert [(r.event, r.due_on) for r in planned(told, ANC, sent=[first], until=date(2026, 12, 31))][0] == (
        "anc_visit",
        date(2026, 12, 20),
    )


# ------------------------------------------------------------------------------------------------------ at send time

PREGNANT = family(pregnancy=pregnant(14, anc={"K1": TODAY - timedelta(days=30)}))
REMINDER, CHECK = planned(PREGNANT, ANC, until=date(2026, 12, 31))
ALL = Campaigns((ANC, KB, WEEKLY))


def again(reminder, here=PREGNANT, now=None, campaigns=ALL):
    return refresh(reminder, replace(here, now=now or reminder.send_at), campaigns=campaigns)


@pytest.mark.parametrize("reminder", [REMINDER, CHECK], ids=lambda r: r.event)
def test_where_no_fact_has_changed_the_message_goes_as_planned(reminder):
    assert again(reminder) == reminder
    assert again(replace(reminder, payload=json.loads(json.dumps(reminder.payload)))) == reminder


def test_a_late_reminder_counts_the_days_from_the_day_it_really_goes():
    fresh = again(REMINDER, now=REMINDER.send_at + timedelta(days=2))
    assert (fresh.payload["days"], fresh.payload["week"], fresh.id) == (1, 15, REMINDER.id)


@pytest.mark.parametrize(
    ("reminder", "here"),
    [
        (REMINDER, replace(PREGNANT, pregnancy=None)),  # the pregnancy is over
        (REMINDER, replace(PREGNANT, pregnancy=replace(PREGNANT.pregnancy, anc={"K2": TODAY}))),  # she went
        (CHECK, replace(PREGNANT, pregnancy=replace(PREGNANT.pregnancy, anc={"K2": TODAY}))),
        (REMINDER, replace(PREGNANT, pregnancy=replace(PREGNANT.pregnancy, lmp=TODAY - timedelta(days=80)))),
    ],
)
def test_nothing_is_sent_when_its_occasion_is_gone(reminder, here):
    assert again(reminder, here) is None


def test_nothing_is_sent_that_the_campaign_no_longer_has_or_means():
    assert again(REMINDER, campaigns=Campaigns((WEEKLY,))) is None
    other = replace(ANC.messages[0], when={"visit": ("K1",)})
    assert again(REMINDER, campaigns=Campaigns((replace(ANC, messages=(other, ANC.messages[1])),))) is None


def test_the_words_that_go_out_are_those_of_the_campaign_of_that_moment():
    other = replace(ANC.messages[0], content="pengingat/periksa-baru")
    fresh = again(REMINDER, campaigns=Campaigns((replace(ANC, messages=(other, ANC.messages[1])),)))
    assert (fresh.content, fresh.id) == ("pengingat/periksa-baru", REMINDER.id)


TIP = planned(PREGNANT, WEEKLY)[1]  # 29 November, week 15


@pytest.mark.parametrize(
    ("reminder", "hours", "stale"),
    [
        (REMINDER, 0, False),
        (REMINDER, 3 * 24 + 7, False),  # 6 December 23:00: its own day
        (REMINDER, 3 * 24 + 8, True),  # midnight
        (CHECK, 48, False),
        (CHECK, 49, True),
        (TIP, 48, False),
        (TIP, 49, True),
    ],
)
def test_a_reminder_is_of_use_until_its_day_a_tip_and_a_check_for_48_hours(reminder, hours, stale):
    moment = reminder.send_at + timedelta(hours=hours)
    assert is_stale(reminder, moment, "Asia/Jakarta") is stale
    assert (again(reminder, now=moment) is None) is stale


def test_a_visit_after_the_birth_may_be_said_until_its_window_closes():
    visits = Message("kunjungan", "kf_visit", Offset(), "pengingat/kunjungan", rank=Rank.REMINDER, to="mother")
    here = family(postpartum=Postpartum(TODAY, id="b1"))
    found = planned(here, campaign("nifas", visits, topic="nifas"))
    # Born today: the window of day 0-2 begins today, 16:00 is ahead; then days 3, 8 and 29.
    assert [f"{r.send_at:%m-%d %H}" for r in found] == ["11-22 16", "11-25 16", "11-30 16", "12-21 16"]
    second = found[1]  # days 3 to 7: to 29 November
    assert not is_stale(second, datetime(2026, 11, 29, 20, tzinfo=ZONE), "Asia/Jakarta")
    assert is_stale(second, datetime(2026, 11, 30, 8, tzinfo=ZONE), "Asia/Jakarta")


def test_after_an_outage_a_tip_waits_behind_everything_else_and_only_the_latest_tip_is_kept():
    tips = planned(PREGNANT, WEEKLY)[:3]
    assert collapse(tips) == (tips[2],)
    assert collapse([*tips, REMINDER]) == (REMINDER,)
    method = Contraception("suntik_3_bulan", date(2026, 10, 3), contact_id="her", id="k1")
    week, eve, check = planned(family(contraceptions=(method,)), KB)
    assert collapse([week, eve]) == (eve,)
    assert set(collapse([tips[0], eve])) == {tips[0], eve}  # hers alone, and the household's


def test_after_an_outage_a_tip_gives_way_to_a_session():
    here = family(children=(WEIGHED,), posyandu=monthly(12))
    invitation = plan(here, until=date(2026, 12, 9))[0]
    assert collapse([TIP, invitation]) == (invitation,)


# ------------------------------------------------------------------------------ sessions and doses by their campaign


def test_days_hours_and_words_of_sessions_come_from_their_campaign():
    own = campaign(
        "posyandu",
        Message("undangan", "session", Offset(days=-4), "pengingat/undangan-lain", time(9), rank=Rank.REMINDER),
        Message("besok", "session", Offset(days=-1), "pengingat/posyandu-besok", time(15), rank=Rank.REMINDER),
        topic="posyandu",
        purpose="child_care",
    )
    here = family(children=(WEIGHED,), posyandu=monthly(12))
    found = planned(here, own, until=date(2026, 12, 31))
    assert brief(found) == ["12-08 09:00 undangan-lain", "12-11 15:00 posyandu-besok"]
    assert refresh(found[0], replace(here, now=found[0].send_at), campaigns=Campaigns((own,))) == found[0]
    late = refresh(found[0], replace(here, now=datetime(2026, 12, 11, 9, tzinfo=ZONE)), campaigns=Campaigns((own,)))
    assert late.content == "pengingat/posyandu-besok"
