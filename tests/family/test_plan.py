"""The plan of reminders: which day, which hour, which words, which child.

Every table shows its arithmetic: H-3 is three days before, H-1 the eve, H+7 a week after, always at 16:00 local.
"""

import json
import random
import time as clock
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import yaml

from sapa.family.calendar import add_months
from sapa.family.immunization import RecordError
from sapa.family.people import Child, Facility, Family, Posyandu, PosyanduSession, VaccineProfile
from sapa.family.plan import default_rules, plan

FACTS = Path(__file__).parents[2] / "content" / "facts"

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=ZoneInfo("Asia/Jakarta"))
TODAY = NOW.date()
FAR = date(2028, 11, 22)
SITI = Child("Siti", date(2026, 11, 20))


def session(day, at=time(8, 0), place="Balai RW 3"):
    return PosyanduSession(day, at, place)


def monthly(day_of_month, months=36, start=date(2026, 11, 1)):
    return [add_months(start.replace(day=day_of_month), n) for n in range(months)]


def family(*children, sessions=(), tz="Asia/Jakarta", now=NOW, facility=None, **more):
    posyandu = Posyandu("Melati 1", tuple(session(day) for day in sessions), facility) if sessions else None
    return Family(now, tz, posyandu=posyandu, children=children, **more)


def doses_of(reminder, name="Siti"):
    return next(child["doses"] for child in reminder.payload["children"] if child["name"] == name)


def brief(reminders):
    """(send_at as local text, content, due day) of each reminder."""
    return [(r.send_at.strftime("%Y-%m-%dT%H:%M"), r.content, r.due_on.isoformat()) for r in reminders]


# ------------------------------------------------------------------------------------------------- the hour


@pytest.mark.parametrize(
    ("tz", "offset", "utc_hour"),
    [
        ("Asia/Jakarta", "+07:00", 9),  # WIB:  16:00 - 7 h = 09:00 UTC
        ("Asia/Makassar", "+08:00", 8),  # WITA: 16:00 - 8 h = 08:00 UTC
        ("Asia/Jayapura", "+09:00", 7),  # WIT:  16:00 - 9 h = 07:00 UTC
    ],
)
def test_reminders_go_out_at_four_in_the_afternoon_where_the_family_lives(tz, offset, utc_hour):
    for reminder in plan(family(SITI, sessions=monthly(12), tz=tz), until=FAR):
        assert reminder.send_at.isoformat().endswith(f"T16:00:00{offset}")
        assert reminder.send_at.astimezone(UTC).hour == utc_hour


# ---------------------------------------------------------------------------------------- sessions and their doses


def test_a_newborn_with_monthly_sessions_is_invited_twice_to_each_for_24_months():
    found = plan(family(SITI, sessions=monthly(12)), until=FAR)
    # 12 December 2026 to 12 November 2028: 24 sessions, each on the 9th (H-3) and on the 11th (H-1).
    expected = [
        (f"{day.replace(day=d)}T16:00", content, day.isoformat())
        for day in monthly(12)[1:25]
        for d, content in ((9, "pengingat/posyandu"), (11, "pengingat/posyandu-besok"))
    ]
    assert brief(found) == expected
    assert [r.payload["days"] for r in found] == [3, 1] * 24


# Siti was born on 20 November 2026; sessions are on the 12th.
NEWBORN_DOSES = {
    "2027-01-12": ["BCG", "OPV1"],  # 1 month: 20 December
    "2027-02-12": ["OPV2", "DPTHBHIB1", "PCV1", "RV1"],  # 2 months: 20 January
    "2027-03-12": ["OPV3", "DPTHBHIB2", "PCV2", "RV2"],  # 3 months: 20 February
    "2027-04-12": ["OPV4", "DPTHBHIB3", "RV3", "IPV1"],  # 4 months: 20 March
    "2027-09-12": ["MR1", "IPV2"],  # 9 months: 20 August
    "2027-12-12": ["PCV3"],  # 12 months: 20 November
    "2028-06-12": ["DPTHBHIB4", "MR2"],  # 18 months: 20 May
}


def test_each_dose_of_a_newborn_is_named_at_the_first_session_on_or_after_its_day():
    found = plan(family(SITI, sessions=monthly(12)), until=FAR)
    for content in ("pengingat/posyandu", "pengingat/posyandu-besok"):
        named = {r.due_on.isoformat(): doses_of(r) for r in found if r.content == content and doses_of(r)}
        assert named == NEWBORN_DOSES


def test_the_payload_of_a_session_holds_all_its_text_needs_as_plain_json():
    first = plan(family(SITI, sessions=[date(2026, 12, 28)], facility=Facility("Puskesmas Cibiru")), until=FAR)[0]
    assert json.loads(json.dumps(first.payload)) == {
        "kind": "session",
        "posyandu": "Melati 1",
        "date": "2026-12-28",
        "time": "08:00",
        "place": "Balai RW 3",
        "facility": "Puskesmas Cibiru",
        "days": 3,
        "vaccine_profile": "pentavalen",
        "children": [{"name": "Siti", "doses": ["BCG", "OPV1"], "vitamin_a": None, "deworming": False}],
        "also": [],
    }


@pytest.mark.parametrize(
    ("days_after_earliest", "event"),
    [
        (0, "posyandu_session"),  # on the very day
        (34, "posyandu_session"),
        (35, "posyandu_session"),  # the last day a session is still "its" session
        (36, "dose"),  # too far: the dose goes by its own date
    ],
)
def test_a_session_serves_a_dose_up_to_35_days_after_its_earliest_day(days_after_earliest, event):
    bcg = date(2026, 12, 20)  # Siti's first month is over
    found = plan(family(SITI, sessions=[bcg + timedelta(days=days_after_earliest)]), until=date(2027, 3, 31))
    with_bcg = [r for r in found if r.event != "dose_check" and "BCG" in doses_of(r)]
    assert {r.event for r in with_bcg} == {event}
    assert {r.due_on for r in with_bcg} == {bcg if event == "dose" else bcg + timedelta(days=days_after_earliest)}


@pytest.mark.parametrize(
    ("day", "event", "due_on"),
    [
        (date(2027, 1, 20), "posyandu_session", date(2027, 1, 20)),  # RV2's last day: the eve of 6 months
        (date(2027, 1, 21), "dose", date(2026, 12, 18)),  # a day too late, though only 34 days after RV2's earliest
    ],
)
def test_a_dose_whose_last_day_lies_before_its_session_goes_by_its_own_date(day, event, due_on):
    # RV1 on 20 November 2026: RV2 from 18 December (+ 28 days) to 20 January (birth + 6 months - 1 day).
    child = Child("Siti", date(2026, 7, 21), doses={"RV1": date(2026, 11, 20)})
    found = plan(family(child, sessions=[day]), until=date(2027, 1, 31))
    with_rv2 = {(r.event, r.due_on) for r in found if r.event != "dose_check" and "RV2" in doses_of(r)}
    assert with_rv2 == {(event, due_on)}


def test_a_late_starter_at_8_months_hears_of_everything_at_the_next_session_and_goes_on_from_there():
    child = Child("Siti", date(2026, 3, 22))  # 8 months old today
    found = plan(family(child, sessions=monthly(12)), until=date(2027, 5, 31))
    named = {r.due_on.isoformat(): doses_of(r) for r in found if r.content == "pengingat/posyandu" and doses_of(r)}
    assert named == {
        "2026-12-12": ["BCG", "OPV1", "DPTHBHIB1", "PCV1", "IPV1"],  # overdue since May to July; RV is past: ask
        "2027-01-12": ["OPV2", "DPTHBHIB2", "PCV2", "MR1"],  # today + 28 = 20 December; MR1 9 months = 22 December
        "2027-02-12": ["OPV3", "DPTHBHIB3"],  # + 28 = 17 January
        "2027-03-12": ["OPV4"],  # 17 January + 28 = 14 February
        "2027-04-12": ["PCV3", "IPV2"],  # PCV3 12 months = 22 March; IPV2 22 November + 4 months = 22 March
    }


def test_a_child_who_needs_special_care_is_invited_to_be_weighed_but_no_dose_is_named():
    small = replace(SITI, birth_weight_g=2100)
    found = plan(family(small, sessions=monthly(12)), until=date(2027, 4, 30))
    assert len(found) == 10  # five sessions, December to April
    assert all(doses_of(r) == [] for r in found)
    assert plan(family(small), until=FAR) == ()


@pytest.mark.parametrize(
    ("birth", "expected"),
    [
        (date(2021, 12, 13), ["2026-12-12"]),  # 59 months on 12 December; 60 on 13 December
        (date(2021, 12, 12), []),  # 60 months on the day itself
    ],
)
def test_a_child_is_invited_until_the_last_session_before_60_months(birth, expected):
    found = plan(family(Child("Tono", birth), sessions=monthly(12)), until=FAR)
    assert sorted({r.due_on.isoformat() for r in found if r.event == "posyandu_session"}) == expected


def test_a_family_without_small_children_gets_nothing():
    assert plan(family(sessions=monthly(12)), until=FAR) == ()
    assert plan(family(Child("Kakak", date(2019, 1, 1)), sessions=monthly(12)), until=FAR) == ()


# ------------------------------------------------------------------------------------------ vitamin A and deworming


@pytest.mark.parametrize(
    ("birth", "on", "vitamin_a", "deworming"),
    [
        ("2026-08-13", "2027-02-12", None, False),  # 5 months and 30 days
        ("2026-08-12", "2027-02-12", "biru", False),  # 6 months
        ("2026-02-13", "2027-02-12", "biru", False),  # 11 months and 30 days
        ("2026-02-12", "2027-02-12", "merah", True),  # 12 months
        ("2022-02-13", "2027-02-12", "merah", True),  # 59 months
        ("2026-02-12", "2027-08-12", "merah", True),  # 18 months, August
        ("2026-02-12", "2027-03-12", None, False),  # 13 months, but March
        ("2026-02-12", "2027-02-26", None, False),  # the second session of February
    ],
)
def test_vitamin_a_and_deworming_go_with_the_first_session_of_february_and_august(birth, on, vitamin_a, deworming):
    child = Child("Siti", date.fromisoformat(birth))
    sessions = [*monthly(12), date(2027, 2, 26)]
    found = plan(family(child, sessions=sessions), until=FAR)
    rows = [r.payload["children"][0] for r in found if r.due_on == date.fromisoformat(on)]
    assert rows, "the child is invited that day"
    assert {(row["vitamin_a"], row["deworming"]) for row in rows} == {(vitamin_a, deworming)}


def test_the_ages_for_vitamin_a_and_deworming_are_those_of_the_facts():
    facts = yaml.safe_load((FACTS / "anak.yml").read_text(encoding="utf-8"))
    rules = default_rules()
    assert [([a.first, a.last], colour) for a, colour in rules.vitamin_a] == [
        (row["age_months"], row["capsule"]) for row in facts["vitamin_a"]
    ]
    assert {month for row in facts["vitamin_a"] for month in row["months"]} == rules.vitamin_a_months
    said = facts["deworming_schedule"]["text"]
    assert f"{rules.deworming_age.first}-{rules.deworming_age.last} bulan" in said
    assert "Februari & Agustus" in said and rules.deworming_months == {2, 8}


# ------------------------------------------------------------------------------------------- doses without a session


def test_without_a_posyandu_each_dose_is_announced_3_days_before_and_asked_after_a_week_later():
    found = plan(family(SITI), until=date(2027, 2, 1))
    assert brief(found) == [
        ("2026-12-17T16:00", "pengingat/imunisasi", "2026-12-20"),  # 1 month: 20 December - 3
        ("2026-12-27T16:00", "pengingat/imunisasi-sudah", "2026-12-20"),  # + 7
        ("2027-01-17T16:00", "pengingat/imunisasi", "2027-01-20"),  # 2 months
        ("2027-01-27T16:00", "pengingat/imunisasi-sudah", "2027-01-20"),
    ]
    assert doses_of(found[0]) == doses_of(found[1]) == ["BCG", "OPV1"]
    assert found[1].payload["invitation"] == found[0].id


def test_heksavalen_is_told_to_the_text():
    found = plan(family(SITI, vaccine_profile=VaccineProfile.HEKSAVALEN), until=date(2027, 2, 1))
    assert {r.payload["vaccine_profile"] for r in found} == {"heksavalen"}


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("2026-12-17T15:59", ["pengingat/imunisasi", "pengingat/imunisasi-sudah"]),  # H-3 is a minute away
        ("2026-12-17T16:00", []),  # H-3 has gone by: nobody is asked about what she was not invited to
        ("2026-12-22T10:00", []),
    ],
)
def test_nobody_is_asked_about_a_dose_she_was_not_invited_to(now, expected):
    # BCG and OPV1 are due on 20 December 2026.
    here = family(SITI, now=datetime.fromisoformat(now).replace(tzinfo=ZoneInfo("Asia/Jakarta")))
    assert [r.content for r in plan(here, until=date(2027, 1, 10)) if r.due_on == date(2026, 12, 20)] == expected


def test_a_check_survives_planning_again_after_its_invitation_went_out():
    invitation, check = plan(family(SITI), until=date(2026, 12, 31))
    later = family(SITI, now=invitation.send_at + timedelta(days=1))
    assert plan(later, until=date(2026, 12, 31), sent=[invitation]) == (check,)
    assert plan(later, until=date(2026, 12, 31)) == ()  # as far as anybody knows she was never invited


def test_a_check_goes_when_the_dose_is_recorded():
    invitation, _ = plan(family(SITI), until=date(2026, 12, 31))
    given = replace(SITI, doses={"BCG": date(2026, 12, 20), "OPV1": date(2026, 12, 20)})
    later = family(given, now=datetime(2026, 12, 21, 9, tzinfo=ZoneInfo("Asia/Jakarta")))
    assert plan(later, until=date(2026, 12, 31), sent=[invitation]) == ()


@pytest.mark.parametrize(
    ("enrolled", "expected"),
    [
        ("2026-12-09T15:00", ["pengingat/posyandu", "pengingat/posyandu-besok"]),  # an hour before H-3
        ("2026-12-11T10:00", ["pengingat/posyandu-besok"]),  # the day before: H-1 is still ahead
        ("2026-12-11T16:00", []),  # H-1 has just gone by
    ],
)
def test_who_joins_before_a_session_gets_only_what_is_still_ahead(enrolled, expected):
    moment = datetime.fromisoformat(enrolled).replace(tzinfo=ZoneInfo("Asia/Jakarta"))
    at_enrolment = plan(family(SITI, sessions=[date(2026, 12, 12)], now=moment), until=date(2026, 12, 12))
    told_so = plan(family(SITI, sessions=[date(2026, 12, 12)]), until=date(2026, 12, 12), enrolled_at=moment)
    assert [r.content for r in at_enrolment] == [r.content for r in told_so] == expected


# ------------------------------------------------------------------------------------------------- one message


def test_two_children_share_one_message_per_session():
    brother = Child("Budi", date(2026, 2, 20))
    found = plan(family(SITI, brother, sessions=[date(2026, 12, 24)]), until=date(2026, 12, 31))
    assert len(found) == 2
    assert [child["name"] for child in found[0].payload["children"]] == ["Budi", "Siti"]  # the eldest first
    assert found[0].subjects == ("Budi", "Siti")
    assert doses_of(found[0], "Siti") == ["BCG", "OPV1"]
    assert "MR1" in doses_of(found[0], "Budi")


def test_doses_of_two_children_within_3_days_go_in_one_message_with_their_own_dates():
    younger = Child("Budi", date(2026, 11, 22))
    found = plan(family(SITI, younger), until=date(2026, 12, 31))
    assert brief(found) == [
        ("2026-12-17T16:00", "pengingat/imunisasi", "2026-12-20"),  # 20 December - 3; Budi's 22nd is within 3 days
        ("2026-12-29T16:00", "pengingat/imunisasi-sudah", "2026-12-22"),  # a week after the last of the two days
    ]
    message, check = found
    assert message.payload["children"] == [{"name": "Siti", "doses": ["BCG", "OPV1"]}]
    assert message.payload["also"] == [
        {
            "kind": "dose",
            "date": "2026-12-22",
            "facility": None,
            "children": [{"name": "Budi", "doses": ["BCG", "OPV1"]}],
        }
    ]
    assert message.subjects == ("Siti", "Budi")
    assert [row["name"] for row in check.payload["children"]] == ["Siti", "Budi"]


@pytest.mark.parametrize(
    ("second", "messages"),
    [
        # 3 days after the first: one invitation on the 9th, an eve for each.
        (date(2026, 12, 15), ["09 posyandu", "11 posyandu-besok", "14 posyandu-besok"]),
        # 4 days after: an invitation of its own, on the 13th.
        (date(2026, 12, 16), ["09 posyandu", "11 posyandu-besok", "13 posyandu", "15 posyandu-besok"]),
    ],
)
def test_sessions_within_3_days_share_the_invitation_and_keep_their_eves(second, messages):
    found = plan(family(SITI, sessions=[date(2026, 12, 12), second]), until=date(2026, 12, 31))
    sessions = [r for r in found if r.event == "posyandu_session"]
    assert [f"{r.send_at:%d} {r.content.removeprefix('pengingat/')}" for r in sessions] == messages


def test_a_joiner_too_late_for_the_first_of_two_sessions_is_still_invited_to_the_second():
    here = family(
        SITI,
        sessions=[date(2026, 12, 12), date(2026, 12, 14)],
        now=datetime(2026, 12, 10, 9, tzinfo=ZoneInfo("Asia/Jakarta")),  # H-3 of the first was yesterday
    )
    assert brief(r for r in plan(here, until=date(2026, 12, 14)) if r.event == "posyandu_session") == [
        ("2026-12-11T16:00", "pengingat/posyandu-besok", "2026-12-12"),  # the eve of the 12th
        ("2026-12-12T16:00", "pengingat/posyandu", "2026-12-14"),  # H-3 is the 11th, which is taken: a day later
        ("2026-12-13T16:00", "pengingat/posyandu-besok", "2026-12-14"),
    ]


def test_two_rows_for_one_posyandu_day_are_one_session_at_the_earlier_hour():
    day = date(2026, 12, 12)
    both = (session(day, time(10, 0), "Masjid"), session(day, time(8, 0), "Balai"))
    here = replace(family(SITI), posyandu=Posyandu("Melati 1", both))
    found = [r for r in plan(here, until=day) if r.event == "posyandu_session"]
    assert [(r.payload["time"], r.payload["place"]) for r in found] == [("08:00", "Balai")] * 2


# --------------------------------------------------------------------------------------------------- identity


def test_planning_twice_gives_the_same_plan():
    here = family(SITI, sessions=monthly(12))
    assert plan(here, until=FAR) == plan(here, until=FAR)


def test_ids_stay_when_an_unrelated_fact_changes():
    brother = Child("Budi", date(2025, 1, 5), id="child-2")
    sister = replace(SITI, id="child-1")
    before = plan(family(sister, brother), until=FAR)
    # Budi's doses, a weight, the facility and an hour's time change nothing about Siti's reminders.
    brother = replace(brother, doses={"MR1": date(2025, 10, 5)})
    sister = replace(sister, birth_weight_g=3100)
    after = plan(family(sister, brother, now=NOW + timedelta(hours=1)), until=FAR)
    of_siti = [{r.id: r for r in reminders if r.subjects == ("Siti",)} for reminders in (before, after)]
    assert of_siti[0] == of_siti[1] and of_siti[0]


def test_ids_do_not_follow_names_and_words_but_children_days_and_events():
    known = replace(SITI, id="child-1")
    here = family(known, sessions=monthly(12))
    ids = [r.id for r in plan(here, until=FAR)]
    assert len(set(ids)) == len(ids)
    renamed = family(replace(known, name="Siti Aminah"), sessions=monthly(12))
    assert [r.id for r in plan(renamed, until=FAR)] == ids
    other = family(replace(known, id="child-9"), sessions=monthly(12))
    assert not set(ids) & {r.id for r in plan(other, until=FAR)}


def test_a_shorter_plan_is_the_beginning_of_a_longer_one():
    here = family(SITI, sessions=monthly(12) + monthly(26))
    long = plan(here, until=FAR)
    for days in random.Random(7).sample(range(720), 20):
        until = TODAY + timedelta(days=days)
        assert plan(here, until=until) == tuple(r for r in long if r.send_at.date() <= until)


def test_the_last_day_of_the_plan_counts():
    here = family(SITI, sessions=[date(2026, 12, 12)])
    assert brief(plan(here, until=date(2026, 12, 9))) == [("2026-12-09T16:00", "pengingat/posyandu", "2026-12-12")]
    assert plan(here, until=date(2026, 12, 8)) == ()


# ------------------------------------------------------------------------------------------------------- the rest


def test_a_record_that_cannot_be_is_refused_with_the_field_named():
    with pytest.raises(RecordError, match="birth_date"):
        plan(family(Child("Siti", TODAY + timedelta(days=1))), until=FAR)


@pytest.mark.parametrize("naive", ["now", "enrolled_at"])
def test_a_moment_without_its_offset_is_refused(naive):
    moment = datetime(2026, 11, 22, 10, 0)
    here = family(SITI, now=moment if naive == "now" else NOW)
    with pytest.raises(ValueError, match="aware"):
        plan(here, until=FAR, enrolled_at=moment if naive == "enrolled_at" else None)


def test_planning_24_months_is_quick_enough_to_do_it_at_every_change(capsys):
    here = family(SITI, Child("Budi", date(2025, 2, 20)), sessions=monthly(12))
    plan(here, until=FAR)
    start = clock.perf_counter()
    found = plan(here, until=FAR)
    took = clock.perf_counter() - start
    with capsys.disabled():
        print(f"\nplanning 24 months for two children: {len(found)} reminders in {took * 1000:.1f} ms")
