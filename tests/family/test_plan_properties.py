"""What holds for any family and all its journeys at once: order, repetition, hours, caps, the past."""

import json
from collections import Counter
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from sapa.family.campaigns import Campaign, Campaigns, Message, Offset, Rank
from sapa.family.caps import Readers
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
    Screening,
    Sex,
    Wedding,
)
from sapa.family.plan import collapse, is_stale, plan, refresh
from sapa.services.campaigns import load_campaigns

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=ZoneInfo("Asia/Jakarta"))
TODAY = NOW.date()
UNTIL = date(2027, 6, 30)
REAL = load_campaigns(Path(__file__).parents[2] / "content" / "id" / "campaigns")

# ------------------------------------------------------------------------------------------------------- families

past = st.integers(0, 300).map(lambda n: TODAY - timedelta(days=n))
ahead = st.integers(0, 250).map(lambda n: TODAY + timedelta(days=n))


@st.composite
def pregnancies(draw):
    lmp = TODAY - timedelta(days=draw(st.integers(0, 285)))
    done = draw(st.sets(st.sampled_from(["K1", "K2", "K3", "K4", "K5", "K6"]), max_size=4))
    bidan = draw(st.none() | ahead)
    contact = draw(st.sampled_from(["", "member-1"]))
    return Pregnancy(lmp, lmp + timedelta(days=280), "hpht", dict.fromkeys(done, TODAY), bidan, contact_id=contact)


# A dose that nobody records moves on from day to day; children in special care have sessions and no doses.
children = st.builds(
    Child,
    name=st.sampled_from(["Siti", "Budi", "Ani", ""]),
    birth_date=st.integers(0, 900).map(lambda n: TODAY - timedelta(days=n)),
    special_care=st.booleans(),
)
methods = st.builds(
    Contraception,
    method=st.sampled_from(["suntik_3_bulan", "suntik_1_bulan", "pil", "implan", "iud", "MAL", "kondom"]),
    last_date=st.none() | past,
    return_on=st.none() | ahead,
    contact_id=st.sampled_from(["member-1", "member-2"]),
)
screenings = st.builds(
    Screening,
    partner=st.sampled_from(Sex),
    answers=st.fixed_dictionaries({"age_years": st.just(25)}, optional={"td_status": st.just("T2")}),
    contact_id=st.sampled_from(["", "member-1", "member-2"]),
)
weddings = st.builds(
    Wedding,
    date=st.none() | ahead,
    screened_on=st.none() | past,
    screenings=st.lists(screenings, max_size=2, unique_by=lambda s: s.partner).map(tuple),
    contact_id=st.just("member-1"),
)
relations = st.sampled_from(["ibu", "ayah", "nenek", "calon_istri", "calon_suami", ""])
members = st.lists(st.tuples(relations, st.booleans()), max_size=3).map(
    lambda rows: tuple(Member(f"member-{n}", relation, every) for n, (relation, every) in enumerate(rows, start=1))
)
posyandus = st.lists(ahead, max_size=20, unique=True).map(
    lambda days: Posyandu("Melati", tuple(PosyanduSession(day, time(8), "Balai") for day in days))
)
families = st.builds(
    Family,
    now=st.just(NOW),
    timezone=st.sampled_from(["Asia/Jakarta", "Asia/Makassar", "Asia/Jayapura"]),
    quiet_hours=st.just(QuietHours()) | st.just(QuietHours(time(19, 0), time(9, 30))),
    posyandu=st.none() | posyandus,
    children=st.lists(children, max_size=2, unique_by=lambda c: (c.name, c.birth_date)).map(tuple),
    pregnancy=st.none() | pregnancies(),
    postpartum=st.none() | st.integers(0, 50).map(lambda n: Postpartum(TODAY - timedelta(days=n))),
    contraceptions=st.lists(methods, max_size=2, unique_by=lambda m: m.contact_id).map(tuple),
    wedding=st.none() | weddings,
    members=members,
)
steady = families.map(
    lambda family: replace(family, children=tuple(replace(child, special_care=True) for child in family.children))
)

# ------------------------------------------------------------------------------------------------------ campaigns

# What no health worker would write, but could: any hour of the day, many messages on one day, no slack or a lot.
messages = st.builds(
    Message,
    id=st.uuids().map(str),
    anchor=st.sampled_from(
        ["lmp", "edd", "anc_visit", "kf_visit", "child_birth", "wedding", "kb_return", "mother_birth"]
    ),
    offset=st.builds(Offset, days=st.integers(-30, 60), weeks=st.integers(-2, 30)),
    content=st.just("pengingat/apa-saja"),
    hour=st.times().map(lambda t: t.replace(second=0, microsecond=0)),
    slack_days=st.integers(0, 10),
    rank=st.sampled_from(Rank),
    to=st.sampled_from(["caregiver", "mother", "father", "self"]),
)
wild = st.lists(messages, max_size=12).map(
    lambda rows: Campaigns((Campaign("liar", "Liar", "hamil", "pregnancy_care", tuple(rows)), *REAL.all))
)
campaigns = st.just(REAL) | wild


def local(reminder, family):
    return reminder.send_at.astimezone(ZoneInfo(family.timezone))


@given(families, campaigns)
def test_no_reader_gets_two_messages_a_day_or_nine_a_month(family, which):
    readers, days, months = Readers(family), Counter(), Counter()
    for reminder in plan(family, until=UNTIL, campaigns=which):
        for reader in readers.of(reminder.to):
            days[reader, local(reminder, family).date()] += 1
            months[reader, f"{local(reminder, family):%Y-%m}"] += 1
    assert all(count == 1 for count in days.values())
    assert all(count <= 8 for count in months.values())


@given(families, campaigns)
def test_nothing_goes_out_at_night_in_the_past_or_after_the_last_day(family, which):
    for reminder in plan(family, until=UNTIL, campaigns=which):
        assert time(7) <= local(reminder, family).time() < time(20)
        assert family.now < reminder.send_at and local(reminder, family).date() <= UNTIL
        assert reminder.to != "father" or any(m.relation in ("ayah", "calon_suami") for m in family.members)


@given(families, campaigns, st.randoms(use_true_random=False))
def test_the_order_in_which_the_facts_are_written_changes_nothing(family, which, shuffle):
    def mixed(rows):
        rows = list(rows)
        shuffle.shuffle(rows)
        return tuple(rows)

    wedding, posyandu = family.wedding, family.posyandu
    other = replace(
        family,
        children=mixed(family.children),
        contraceptions=mixed(family.contraceptions),
        wedding=wedding and replace(wedding, screenings=mixed(wedding.screenings)),
        posyandu=posyandu and replace(posyandu, sessions=mixed(posyandu.sessions)),
    )
    others = Campaigns(tuple(replace(campaign, messages=mixed(campaign.messages)) for campaign in mixed(which.all)))
    assert plan(other, until=UNTIL, campaigns=others) == plan(family, until=UNTIL, campaigns=which)


@given(steady, st.integers(0, 200 * 24))
def test_planning_again_later_gives_nothing_new(family, hours):
    later = family.now + timedelta(hours=hours)
    whole = plan(family, until=UNTIL, campaigns=REAL)
    sent = [reminder for reminder in whole if reminder.send_at <= later]
    rest = plan(replace(family, now=later), until=UNTIL, campaigns=REAL, sent=sent)
    assert {reminder.id for reminder in rest} <= {reminder.id for reminder in whole if reminder.send_at > later}


@given(families, campaigns)
def test_planning_twice_gives_the_same_plan_and_no_id_twice(family, which):
    found = plan(family, until=UNTIL, campaigns=which)
    assert plan(family, until=UNTIL, campaigns=which) == found
    assert len({reminder.id for reminder in found}) == len(found)
    assert all(json.loads(json.dumps(reminder.payload)) == reminder.payload for reminder in found)


@given(families, st.integers(0, 200).map(lambda n: TODAY + timedelta(days=n)))
def test_a_shorter_plan_is_the_beginning_of_a_longer_one(family, until):
    whole = plan(family, until=UNTIL, campaigns=REAL)
    zone = ZoneInfo(family.timezone)
    beginning = tuple(r for r in whole if r.send_at.astimezone(zone).date() <= until)
    assert plan(family, until=until, campaigns=REAL) == beginning


@given(steady)
def test_every_message_still_stands_when_its_hour_has_come(family):
    for reminder in plan(family, until=UNTIL, campaigns=REAL):
        if not reminder.from_campaign:
            continue
        there = replace(family, now=reminder.send_at)
        assert refresh(reminder, there, campaigns=REAL) == reminder


@given(families, st.integers(0, 60))
def test_after_an_outage_nothing_is_said_twice_and_nothing_stale(family, days):
    after = family.now + timedelta(days=days)
    due = [r for r in plan(family, until=UNTIL, campaigns=REAL) if r.send_at <= after]
    fresh = [r for r in due if not is_stale(r, after, family.timezone)]
    kept = collapse(fresh)
    assert set(kept) <= set(fresh) and bool(kept) == bool(fresh)
    for reminder in kept:
        assert reminder.payload.get("rank") != "tip" or after - reminder.send_at <= timedelta(hours=48)
