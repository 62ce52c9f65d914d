"""Who works in the programme: enrolled, invited, revoked; worlds with staff; one short lesson a week."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from typer.testing import CliRunner

from sapa.bootstrap import App
from sapa.cli_staff import staff as staff_commands
from sapa.services import lessons, staff
from sapa.services.access import NotAllowed, Role, staffer
from sapa.services.worlds import WorldError, read_staff, read_world, save_world
from tests.kader_phones import (
    ADMIN,
    BIDAN,
    DESA,
    KADER,
    KECAMATAN,
    MAWAR,
    MELATI,
    OTHER_KADER,
    STRANGER,
    KaderVillage,
)


@pytest.fixture
def village(app: App, now: datetime) -> KaderVillage:
    return KaderVillage(app, now)


# ------------------------------------------------------------------------------------------------ given and taken


def test_enrolling_twice_is_one_role(village: KaderVillage) -> None:
    with village.app.store.transaction() as tx:
        first = staff.enrol(tx, "0812-0000-0055", "Wati", Role.KADER, MELATI, None, village.now)
        again = staff.enrol(tx, "+6281200000055", "Wati", "kader", MELATI, None, village.now)
        assert first.id == again.id
        assert len(tx.roles_of(first.contact_id)) == 1


def test_one_person_may_be_kader_of_two_posyandu(village: KaderVillage) -> None:
    with village.app.store.transaction() as tx:
        staff.enrol(tx, KADER, "", Role.KADER, MAWAR, None, village.now)
    who = village.who(KADER)
    assert who is not None and who.by_name == {MELATI, MAWAR}


def test_the_name_she_gave_herself_is_kept(village: KaderVillage) -> None:
    with village.app.store.transaction() as tx:
        staff.enrol(tx, KADER, "Ibu Rina Wulandari", Role.KADER, MELATI, None, village.now)
    who = village.who(KADER)
    assert who is not None and who.name == "Rina"


@pytest.mark.parametrize(
    ("phone", "role", "place", "field"),
    [
        ("12", "kader", MELATI, "phone"),
        ("+6281200000055", "dokter", MELATI, "role"),
        ("+6281200000055", "kader", DESA, "posyandu"),
        ("+6281200000055", "bidan", MELATI, "area"),
        ("+6281200000055", "admin", "nirgends", "area"),
    ],
)
def test_what_is_wrong_is_named(village: KaderVillage, phone: str, role: str, place: str, field: str) -> None:
    with (
        pytest.raises(staff.StaffError, match=f"^{field}:"),
        village.app.store.transaction() as tx,
    ):
        staff.enrol(tx, phone, "Wati", role, place, None, village.now)


def test_a_role_that_is_taken_away_is_gone_and_can_be_given_again(village: KaderVillage) -> None:
    who = village.who(KADER)
    assert who is not None
    with village.app.store.transaction() as tx:
        assert staff.revoke(tx, who.roles[0].id, None, village.now)
        assert not staff.revoke(tx, who.roles[0].id, None, village.now)
    assert village.who(KADER) is None
    with village.app.store.transaction() as tx:
        staff.enrol(tx, KADER, "", Role.KADER, MELATI, None, village.now)
    assert village.who(KADER) is not None


def test_the_list_names_role_place_and_phone(village: KaderVillage) -> None:
    with village.app.store.transaction(write=False) as tx:
        seen = [(one.role, one.place, one.name, one.phone) for one in staff.list_staff(tx)]
        only_melati = staff.list_staff(tx, {MELATI})
    assert seen == [
        ("admin", "Kecamatan Contoh", "Budi", ADMIN),
        ("bidan", "Desa Contoh", "Sari", BIDAN),
        ("kader", "Mawar", "Dewi", OTHER_KADER),
        ("kader", "Melati", "Rina", KADER),
    ]
    assert [one.name for one in only_melati] == ["Rina"]


# ---------------------------------------------------------------------------------------------------- who invites

MAY_INVITE = [
    # who, role, place, allowed
    (KADER, "kader", MELATI, True),
    (KADER, "kader", MAWAR, False),
    (KADER, "bidan", DESA, False),
    (KADER, "admin", KECAMATAN, False),
    (BIDAN, "kader", MELATI, True),
    (BIDAN, "kader", MAWAR, True),
    (BIDAN, "bidan", DESA, False),
    (ADMIN, "kader", MELATI, True),
    (ADMIN, "bidan", DESA, True),
    (ADMIN, "bidan", KECAMATAN, True),
    (ADMIN, "admin", KECAMATAN, False),
]


@pytest.mark.parametrize(("phone", "role", "place", "allowed"), MAY_INVITE)
def test_who_may_invite_whom(village: KaderVillage, phone: str, role: str, place: str, allowed: bool) -> None:
    who = village.who(phone)
    assert who is not None
    with village.app.store.transaction() as tx:
        assert staff.may_invite(tx, who, role, place) is allowed
        if allowed:
            assert len(staff.invite(tx, who, role, place, "seed", village.now)) == 6
        else:
            with pytest.raises(NotAllowed):
                staff.invite(tx, who, role, place, "seed", village.now)


def test_two_requests_make_two_codes_and_one_request_worked_on_twice_makes_one(village: KaderVillage) -> None:
    who = village.who(KADER)
    assert who is not None
    with village.app.store.transaction() as tx:
        codes = [staff.invite(tx, who, "kader", MELATI, seed, village.now) for seed in ("a", "a", "b")]
    assert codes[0] == codes[1] != codes[2]


# --------------------------------------------------------------------------------------------------------- worlds

WORLD = """
posyandu:
  - name: Kenanga
    village: Desa Baru
    kader: [{name: Ibu Rina, address: "+6281200000061"}]
    bidan: [{name: Bidan Sari, address: "+6281200000062"}]
    sessions: [{date: 2026-12-10, time: "08:00", place: Balai}]
  - name: Dahlia
    village: Desa Baru
    bidan: [{name: Bidan Sari, address: "+6281200000062"}]
"""


def test_a_world_enrols_its_kader_and_bidan_and_twice_is_once(app: App, now: datetime) -> None:
    for _ in range(2):
        with app.store.transaction() as tx:
            save_world(tx, *read_world(WORLD), read_staff(WORLD), now)
    with app.store.transaction(write=False) as tx:
        assert [(one.role, one.place, one.name) for one in staff.list_staff(tx)] == [
            ("bidan", "Desa Baru", "Bidan Sari"),
            ("kader", "Kenanga", "Ibu Rina"),
        ]
        bidan = next(row for row in tx.all_staff() if row.role == "bidan")
        who = staffer(tx, bidan.contact_id)
        assert who is not None and len(who.by_name) == 2


def test_a_world_without_staff_needs_no_moment(app: App) -> None:
    world = "posyandu: [{name: Kenanga}]"
    with app.store.transaction() as tx:
        save_world(tx, *read_world(world))
        assert tx.all_staff() == []


@pytest.mark.parametrize("kader", ['["Ibu Rina"]', '[{name: Rina, address: "12"}]', '{name: "Rina"}', "[{name: Rina}]"])
def test_a_kader_that_cannot_be_read_is_named(kader: str) -> None:
    with pytest.raises(WorldError, match=r"^posyandu\[0\]\.kader"):
        read_staff(f"posyandu: [{{name: Kenanga, kader: {kader}}}]")


# -------------------------------------------------------------------------------------------------------- lessons


def test_the_lessons_are_numbered_without_a_gap(app: App) -> None:
    ids = lessons.lessons(app.deps)
    assert len(ids) >= 12
    assert [one.split("/")[-1][:2] for one in ids] == [f"{number:02}" for number in range(1, len(ids) + 1)]


def _to(village: KaderVillage, *moment: int) -> None:
    village.now = datetime(*moment, tzinfo=UTC)  # type: ignore[arg-type, misc]
    village.wait(seconds=0)


def test_one_lesson_comes_every_monday_at_four(village: KaderVillage) -> None:
    # Monday 23 November, 09:00 in Jakarta: the first is this afternoon, 16:00 = 09:00 UTC.
    assert village.say(KADER, "PELAJARAN") == ["kader/pelajaran-mulai"]
    assert "23 November 2026" in village.heard(KADER)
    _to(village, 2026, 11, 23, 8, 59)
    assert village.told(KADER, "kader/pelajaran/") == []
    _to(village, 2026, 11, 23, 9, 0)
    village.wait(minutes=1)
    _to(village, 2026, 11, 28, 9, 0)
    assert len(village.told(KADER, "kader/pelajaran/")) == 1
    _to(village, 2026, 11, 30, 9, 0)
    assert [row.content_id for row in village.told(KADER, "kader/pelajaran/")] == lessons.lessons(village.app.deps)[:2]


def test_asking_twice_does_not_double_them(village: KaderVillage) -> None:
    village.say(KADER, "pelajaran")
    village.say(KADER, "mau pelajaran")
    _to(village, 2026, 11, 23, 9, 0)
    assert len(village.told(KADER, "kader/pelajaran/")) == 1


def test_stop_pelajaran_stops_and_pelajaran_goes_on_from_there(village: KaderVillage) -> None:
    village.say(KADER, "PELAJARAN")
    _to(village, 2026, 11, 23, 9, 0)
    assert village.say(KADER, "STOP PELAJARAN") == ["kader/pelajaran-berhenti"]
    _to(village, 2026, 11, 30, 9, 0)
    assert len(village.told(KADER, "kader/pelajaran/")) == 1
    village.say(KADER, "pelajaran")
    _to(village, 2026, 12, 7, 9, 0)
    assert [row.content_id for row in village.told(KADER, "kader/pelajaran/")] == lessons.lessons(village.app.deps)[:2]


def test_after_a_long_outage_a_lesson_waits_for_its_monday(village: KaderVillage) -> None:
    village.say(KADER, "PELAJARAN")
    _to(village, 2026, 11, 26, 9, 0)
    assert village.told(KADER, "kader/pelajaran/") == []
    _to(village, 2026, 11, 30, 9, 0)
    assert len(village.told(KADER, "kader/pelajaran/")) == 1


def test_the_last_lesson_says_so_and_none_follows(village: KaderVillage) -> None:
    village.say(KADER, "PELAJARAN")
    moment = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
    total = len(lessons.lessons(village.app.deps))
    for week in range(total + 2):
        village.now = moment + timedelta(weeks=week)
        village.wait(seconds=0)
    told = village.told(KADER, "kader/pelajaran/")
    assert len(told) == total
    assert "pelajaran terakhir" in told[-1].text and "pelajaran terakhir" not in told[-2].text


def test_who_is_no_kader_any_more_gets_no_lesson(village: KaderVillage) -> None:
    village.say(KADER, "PELAJARAN")
    who = village.who(KADER)
    assert who is not None
    with village.app.store.transaction() as tx:
        staff.revoke(tx, who.roles[0].id, None, village.now)
    _to(village, 2026, 11, 23, 9, 0)
    assert village.told(KADER, "kader/pelajaran/") == []


def test_a_stranger_gets_no_lessons(village: KaderVillage) -> None:
    village.say(STRANGER, "PELAJARAN")
    _to(village, 2026, 11, 23, 9, 0)
    assert village.told(STRANGER, "kader/pelajaran/") == []


MONDAYS = [
    # zone, after (UTC), next Monday 16:00 there, in UTC: Jakarta +7, Makassar +8, Jayapura +9
    ("Asia/Jakarta", datetime(2026, 11, 23, 8, 59, tzinfo=UTC), datetime(2026, 11, 23, 9, tzinfo=UTC)),
    ("Asia/Jakarta", datetime(2026, 11, 23, 9, 0, tzinfo=UTC), datetime(2026, 11, 30, 9, tzinfo=UTC)),
    ("Asia/Makassar", datetime(2026, 11, 24, 0, 0, tzinfo=UTC), datetime(2026, 11, 30, 8, tzinfo=UTC)),
    ("Asia/Jayapura", datetime(2026, 11, 22, 16, 0, tzinfo=UTC), datetime(2026, 11, 23, 7, tzinfo=UTC)),
]


@pytest.mark.parametrize(("zone", "after", "following"), MONDAYS)
def test_monday_is_monday_where_she_lives(zone: str, after: datetime, following: datetime) -> None:
    assert lessons.next_moment(zone, after) == following


# --------------------------------------------------------------------------------------------------- command line


def test_the_command_line_enrols_lists_invites_and_revokes(village: KaderVillage) -> None:
    run = CliRunner()
    made = run.invoke(
        staff_commands, ["enrol", "0812-0000-0088", "kader", "--name", "Wati", "--posyandu", "Melati", "--json"]
    )
    assert made.exit_code == 0, made.output
    listed = json.loads(run.invoke(staff_commands, ["list", "--json"]).output)
    held = next(one for one in listed if one["name"] == "Wati")
    assert (held["role"], held["place"], held["phone"]) == ("kader", "Melati", "+6281200000088")
    offered = run.invoke(staff_commands, ["invite", "--as", KADER, "--posyandu", "Melati", "--json"])
    assert len(json.loads(offered.output)["code"]) == 6
    assert run.invoke(staff_commands, ["invite", "--as", KADER, "--posyandu", "Mawar"]).exit_code == 1
    assert run.invoke(staff_commands, ["invite", "--as", STRANGER, "--posyandu", "Melati"]).exit_code == 1
    assert run.invoke(staff_commands, ["revoke", held["id"]]).exit_code == 0
    assert run.invoke(staff_commands, ["revoke", held["id"]]).exit_code == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ["enrol", "12", "kader", "--posyandu", "Melati"],
        ["enrol", "+6281200000088", "kader", "--posyandu", "Tulip"],
        ["enrol", "+6281200000088", "kader"],
        ["enrol", "+6281200000088", "kader", "--posyandu", "Melati", "--area", "Desa Contoh"],
        ["enrol", "+6281200000088", "bidan", "--posyandu", "Melati"],
    ],
)
def test_a_wrong_enrolment_is_one_line_and_no_traceback(village: KaderVillage, arguments: list[str]) -> None:
    done = CliRunner().invoke(staff_commands, arguments)
    assert done.exit_code == 1
    assert "Traceback" not in done.output
