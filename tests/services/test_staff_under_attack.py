"""What staff may not do, what families are spared, and what happens when two do the same thing at once."""

from __future__ import annotations

import io
import threading
import time as time_module
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from sapa.bootstrap import App
from sapa.family.people import Pregnancy, Sex
from sapa.messaging.states import Channel
from sapa.services import broadcasts, casework, clockwork, logins, posyandu_day, programme, staff
from sapa.services.access import Role, Staffer, staffer
from sapa.services.assisted import PHONE_TAKEN, AssistedFamily, Registered, register
from sapa.services.broadcasts import Plan
from sapa.services.case_rules import is_for_bidan_only
from sapa.services.consents import CHILD_CARE, PREGNANCY_CARE
from sapa.services.one_by_one import one_by_one
from sapa.services.ports import Tx
from sapa.services.posyandu_day import Entry
from sapa.services.programme_tables import register_tables
from sapa.services.records import PosyanduRow, SessionRow
from sapa.services.register_import import apply_import, plan_import
from sapa.sheets import SheetError, read_table
from sapa.store.models import AuditTable
from tests.kader_phones import BIDAN, FIRST_DAY, KADER, MAWAR, MELATI, OTHER_KADER, KaderVillage

WIB = ZoneInfo("Asia/Jakarta")
ON_THE_DAY = datetime(2026, 12, 10, 7, 30, tzinfo=WIB)
ANNOUNCED = Plan("announcement", MELATI, text="Besok ada senam ibu hamil.")


@pytest.fixture
def village(app: App, now: datetime) -> KaderVillage:
    return KaderVillage(app, now)


def who(village: KaderVillage, phone: str) -> Staffer:
    with village.app.store.transaction(write=False) as tx:
        found = staffer(tx, tx.contact_id_for(Channel.WHATSAPP, phone) or "")
    assert found is not None
    return found


def household(village: KaderVillage, phone: str) -> str:
    with village.app.store.transaction(write=False) as tx:
        contact = tx.contact(tx.contact_id_for(Channel.WHATSAPP, phone) or "")
    assert contact is not None and contact.household_id is not None
    return contact.household_id


def confirm(village: KaderVillage, plan: Plan, by: str = KADER) -> str:
    with village.app.store.transaction() as tx:
        one = broadcasts.create(village.app.deps, tx, who(village, by), plan, village.now, key=f"{plan}{village.now}")
        return broadcasts.confirm(village.app.deps, tx, who(village, by), one.id, village.now).id


def state_of(village: KaderVillage, broadcast_id: str) -> str:
    with village.app.store.transaction(write=False) as tx:
        kept = tx.broadcast(broadcast_id)
    assert kept is not None
    return kept.state


def release(village: KaderVillage) -> int:
    village.now += broadcasts.UNDO
    return broadcasts.release_due(village.app.deps, village.now)


# --------------------------------------------------------------------------------------------------- a role is taken


def test_a_role_taken_away_while_the_undo_runs_stops_the_broadcast(village: KaderVillage) -> None:
    village.family(1)
    broadcast_id = confirm(village, ANNOUNCED)
    (role,) = who(village, KADER).roles
    with village.app.store.transaction() as tx:
        staff.revoke(tx, role.id, None, village.now)
    assert release(village) == 0
    assert state_of(village, broadcast_id) == "void"


def test_an_outage_longer_than_the_day_was_away_makes_no_session_in_the_past(village: KaderVillage) -> None:
    village.family(1)
    day = village.now.date() + timedelta(days=3)
    broadcast_id = confirm(village, Plan("session", MELATI, day, time(8), "Balai Desa"))
    village.now += timedelta(days=4)
    assert release(village) == 0
    assert state_of(village, broadcast_id) == "void"
    with village.app.store.transaction(write=False) as tx:
        assert tx.session_on(MELATI, day) is None


def test_who_is_bidan_here_and_kader_elsewhere_is_a_kader_there(village: KaderVillage) -> None:
    with village.app.store.transaction() as tx:
        tx.save_posyandu(PosyanduRow("elsewhere", "Kenanga", "Asia/Jakarta"))
        bidan = tx.contact_id_for(Channel.WHATSAPP, BIDAN) or ""
        staff.give(tx, bidan, Role.KADER, "elsewhere", None, village.now)
    seen = who(village, BIDAN)
    assert seen.by_name - seen.as_bidan == {"elsewhere"} and {MELATI, MAWAR} <= seen.as_bidan


# ------------------------------------------------------------------------------------------ one fails, the others go on


def test_what_fails_keeps_nobody_else_waiting_and_is_not_hidden() -> None:
    done: list[int] = []

    def do(number: int) -> int:
        if number == 2:
            raise KeyError("two")
        done.append(number)
        return number

    with pytest.raises(KeyError, match="two"):
        one_by_one([1, 2, 3], do)
    assert done == [1, 3]
    assert one_by_one([1, 3], do) == 4


def test_a_job_that_fails_keeps_no_other_job_from_its_turn(village: KaderVillage) -> None:
    done: list[str] = []

    def broken(*_: object) -> int:
        raise ValueError("broken")

    def good(*_: object) -> int:
        done.append("good")
        return 1

    with pytest.raises(ValueError, match="broken"):
        clockwork.run({"cases": broken, "released": good}, village.app.deps, village.now)
    assert done == ["good"]


def test_a_day_that_was_cancelled_after_somebody_was_written_down_can_be_planned_anew(village: KaderVillage) -> None:
    """The kader begins early, then the bidan calls the day off: neither row may block every later broadcast."""
    phone = village.family(1)
    village.now = ON_THE_DAY - timedelta(minutes=25)
    with village.app.store.transaction() as tx:
        posyandu_day.record_attendance(
            village.app.deps, tx, who(village, KADER), "sesi-1", [Entry("anak-1", weight_kg=8.0)], village.now
        )
    confirm(village, Plan("cancelled", MELATI, session_id="sesi-1"))
    release(village)
    again = confirm(village, Plan("session", MELATI, FIRST_DAY, time(13), "Balai RW 03"))
    assert release(village) == 1
    assert state_of(village, again) == "done"
    with village.app.store.transaction(write=False) as tx:
        # What was weighed stays weighed.
        assert [child.measurements[0].weight_kg for child in tx.children_of(household(village, phone))] == [8.0]


# -------------------------------------------------------------------------------------------- the clock only looks


def test_the_clock_looks_at_days_that_lie_ahead_without_wanting_to_write(
    village: KaderVillage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every quarter of a minute, for every posyandu of the country: SQLite's one writer is wanted elsewhere."""
    village.family(1)
    begin = village.app.store.transaction

    def reading_only(*, write: bool = True) -> Any:
        assert not write
        return begin(write=write)

    monkeypatch.setattr(village.app.store, "transaction", reading_only)
    for moment in (
        datetime(2026, 12, 7, 15, 59, tzinfo=WIB),  # a minute before the walk
        datetime(2026, 12, 10, 8, 1, tzinfo=WIB),  # a minute after it began
    ):
        assert not clockwork.run(clockwork.DAILY | clockwork.URGENT, village.app.deps, moment)


@pytest.mark.parametrize("moment", [datetime(2026, 12, 7, 16, 0, tzinfo=WIB), datetime(2026, 12, 9, 17, 0, tzinfo=WIB)])
def test_two_clocks_at_the_same_moment_do_a_day_s_work_once(village: KaderVillage, moment: datetime) -> None:
    village.family(1)
    both: list[int] = []
    together(2, lambda _: both.append(sum(clockwork.run(clockwork.DAILY, village.app.deps, moment).values())))
    assert sum(both) == (moment.hour == 17)
    with village.app.store.transaction(write=False) as tx:
        keys = [row.content_id for row in tx.outbox_of(who(village, KADER).contact_id)]
    assert keys.count("kader/hari/daftar") == (moment.hour == 17)


def together(count: int, do: Callable[[int], object]) -> None:
    """Run it in several threads at once; whatever one raises is raised."""
    ready, failed = threading.Barrier(count), []

    def run(number: int) -> None:
        ready.wait()
        try:
            do(number)
        except Exception as error:  # a thread cannot fail a test by itself
            failed.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise failed[0]


def test_weight_by_message_and_length_in_the_console_at_once_are_both_kept(village: KaderVillage) -> None:
    phone, kader = village.family(1), who(village, KADER)
    entries = [Entry("anak-1", weight_kg=7.5), Entry("anak-1", lenhei_cm=67.0)]

    def write(number: int) -> None:
        with village.app.store.transaction() as tx:
            posyandu_day.record_attendance(village.app.deps, tx, kader, "sesi-1", [entries[number]], ON_THE_DAY)

    together(2, write)
    with village.app.store.transaction(write=False) as tx:
        (child,) = tx.children_of(household(village, phone))
        assert [(m.weight_kg, m.lenhei_cm) for m in child.measurements] == [(7.5, 67.0)]
        assert len(tx.attendance_of("sesi-1")) == 1


# ----------------------------------------------------------------------------------------------- who wants silence


@pytest.mark.parametrize("how", ["stopped", "not_this_person"])
def test_taking_and_closing_a_case_says_nothing_to_who_wants_silence(village: KaderVillage, how: str) -> None:
    phone = village.family(1)
    village.say(phone, "tolong bu")
    with village.app.store.transaction() as tx:
        contact_id = tx.contact_id_for(Channel.WHATSAPP, phone) or ""
        case_id = tx.open_case(contact_id, "handover", None, village.now)
        number = tx.case_views(case_id=case_id)[0].row.number or 0
        village.now += timedelta(minutes=1)
        if how == "stopped":
            tx.set_opt_out(contact_id, village.now)
        else:
            tx.set_suspended(contact_id, village.now)
        before = len(tx.outbox_of(contact_id))
        casework.take(village.app.deps, tx, who(village, KADER), number, village.now)
        casework.close(village.app.deps, tx, who(village, KADER), number, "sudah ditelepon", village.now)
        assert len(tx.outbox_of(contact_id)) == before


# ------------------------------------------------------------------------------------- a family that moved is not hers


def rina(**more: Any) -> AssistedFamily:
    told: dict[str, Any] = {"child_name": "Ani", "birth_date": date(2026, 5, 3), "sex": Sex.FEMALE}
    return AssistedFamily(**{"posyandu_id": MELATI, "mother_name": "Rina", "consent": True, **told, **more})


def assist(village: KaderVillage, family: AssistedFamily) -> Registered:
    with village.app.store.transaction() as tx:
        return register(village.app.deps, tx, who(village, KADER), family, village.now)


@pytest.mark.parametrize("place", [MAWAR, None])
def test_registering_again_who_moved_away_touches_nothing_of_them(village: KaderVillage, place: str | None) -> None:
    moved = assist(village, rina(address="RT 02")).household_id
    with village.app.store.transaction() as tx:
        tx.set_posyandu(moved, place)
    again = assist(village, rina(address="RT 09"))
    assert again.household_id != moved and again.new
    with village.app.store.transaction(write=False) as tx:
        assert tx.household_address(moved) == "RT 02"
        here = tx.posyandu_of(again.household_id)
    assert here is not None and here.id == MELATI
    # The third time it is the second one that is known.
    assert assist(village, rina()) == replace(again, new=False)


def test_an_old_register_does_not_speak_for_who_moved_away_and_said_no(village: KaderVillage) -> None:
    row = {"Nama Anak": "Ani", "Tgl Lahir": "3/5/2026", "Nama Ibu": "Rina", "Persetujuan": "ya", "JK": "P"}

    def read_in(**more: str) -> Any:
        kader = who(village, KADER)
        with village.app.store.transaction(write=False) as tx:
            plan = plan_import(village.app.deps, tx, kader, [{**row, **more}], village.now)
        return apply_import(village.app.deps, kader, plan, village.now).counts, plan

    counts, _ = read_in()
    assert counts["new"] == 1
    with village.app.store.transaction() as tx:
        (home,) = (one.household_id for one in tx.family_records(posyandu_ids=[MELATI]))
        (mother,) = tx.caregivers_of(home)
        tx.set_posyandu(home, MAWAR)
        # In the same moment as the yes: of the two the no counts.
        tx.record_consent(mother.id, CHILD_CARE, "kata", False, None, village.now)
    counts, plan = read_in(BCG="10/6/2026")
    assert counts["fault"] == 1 and plan.fates[0].faults[0].code == "maybe_known"
    with village.app.store.transaction(write=False) as tx:
        assert not tx.has_consent(mother.id, CHILD_CARE)
        assert [child.doses for child in tx.children_of(home)] == [{}]


def test_a_kader_who_lends_her_own_phone_is_not_made_somebody_else_s_mother(village: KaderVillage) -> None:
    lent = assist(village, rina(mother_name="Maria", phone=KADER))
    assert lent.phone_problem == PHONE_TAKEN and not lent.reached
    # Kader Rina has a child of her own.
    assert assist(village, rina(phone=KADER, child_name="Budi")).reached


# ------------------------------------------------------------------------------------------ what stands behind a figure


def test_a_kader_does_not_find_the_bidan_s_cases_behind_a_figure(village: KaderVillage) -> None:
    phone = village.family(1)
    village.say(phone, "mau tanya soal suntik KB")
    with village.app.store.transaction() as tx:
        contact_id = tx.contact_id_for(Channel.WHATSAPP, phone) or ""
        inbound = tx.last_message_of(contact_id)
        assert inbound is not None
        tx.open_case(contact_id, "handover", inbound[0], village.now)
        tx.open_case(contact_id, "fault", None, village.now)
        views = tx.case_views(contact_id=contact_id)
        hidden = [view for view in views if is_for_bidan_only(view)]
        seen = {
            by: [row.subject_id for row in behind(tx, who(village, by), village.now, "cases.opened")]
            for by in (KADER, BIDAN)
        }
    assert len(hidden) == 1 and len(seen[BIDAN]) == 2
    assert seen[KADER] == [view.row.id for view in views if view not in hidden]


def behind(tx: Tx, reader: Staffer, now: datetime, key: str) -> list[programme.Behind]:
    return programme.list_behind(tx, reader, [MELATI], now.year, now.month, key)


def test_who_took_her_consent_back_is_named_in_no_list_and_no_register(village: KaderVillage) -> None:
    phone, kader = village.family(1), who(village, KADER)
    home = household(village, phone)
    with village.app.store.transaction() as tx:
        contact_id = tx.contact_id_for(Channel.WHATSAPP, phone) or ""
        lmp = village.now.date() - timedelta(weeks=20)
        tx.record_consent(contact_id, PREGNANCY_CARE, "kata", True, None, village.now)
        tx.save_pregnancy(home, Pregnancy(lmp, lmp + timedelta(280), contact_id=contact_id, id="h-1"), village.now)
        listed = [len(behind(tx, kader, village.now, key)) for key in ("families.pregnant", "anc.K1", "skdn.d_s")]
        assert listed == [1, 1, 1]
        later = village.now + timedelta(minutes=1)
        for purpose in (PREGNANCY_CARE, CHILD_CARE):
            tx.record_consent(contact_id, purpose, "", False, None, later)
        listed = [len(behind(tx, kader, village.now, key)) for key in ("families.pregnant", "anc.K1", "skdn.d_s")]
        assert listed == [0, 0, 0]
        children, mothers = register_tables(tx, kader, [MELATI], later.date(), later)
        assert (children.rows, mothers.rows) == ((), ())


@pytest.mark.parametrize("key", ['cases.opened."; filename=x.bat', "cases.opened.é", "cases.closed.a\r\nb", "dose.x"])
def test_a_figure_nobody_has_heard_of_never_becomes_the_name_of_a_file(village: KaderVillage, key: str) -> None:
    with village.app.store.transaction(write=False) as tx, pytest.raises(ValueError, match="no figure"):
        behind(tx, who(village, KADER), village.now, key)


def test_a_stranger_s_code_is_written_down_as_a_wrong_one_is(village: KaderVillage) -> None:
    """Both end in a written line: how long the answer takes does not tell whether a number is one of the staff's."""
    now, counted = village.now, []
    for number in (KADER, "+6281299999999"):
        assert logins.log_in(village.app.deps, number, "000000", "secret", now) is None
        with Session(village.app.store.engine) as session:
            lines = session.scalars(select(AuditTable).where(AuditTable.event == "login_wrong_code")).all()
        counted.append(len(lines))
    assert counted == [1, 2] and "812" not in str([line.detail for line in lines])


def test_a_workbook_that_unpacks_to_ten_times_a_register_is_not_even_parsed() -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as book:
        book.writestr("xl/sharedStrings.xml", b"<si><t>a</t></si>" * 3_000_000)
    began = time_module.perf_counter()
    with pytest.raises(SheetError, match="unsafe"):
        read_table(packed.getvalue(), "x.xlsx")
    assert time_module.perf_counter() - began < 2


def test_another_posyandu_s_session_and_broadcast_are_nobody_s_to_touch(village: KaderVillage) -> None:
    with village.app.store.transaction() as tx:
        tx.save_session(SessionRow("sesi-mawar", MAWAR, FIRST_DAY, time(8), "Balai"))
    theirs = confirm(village, Plan("announcement", MAWAR, text="Besok ada senam."), by=OTHER_KADER)
    with village.app.store.transaction() as tx:
        kader = who(village, KADER)
        for plan in (
            Plan("cancelled", MELATI, session_id="sesi-mawar"),
            Plan("moved", MELATI, FIRST_DAY, time(9), "x", session_id="sesi-mawar"),
            Plan("cancelled", MAWAR, session_id="sesi-mawar"),
        ):
            assert broadcasts.preview(village.app.deps, tx, kader, plan, village.now).refused in (
                "no_session",
                "not_allowed",
            )
        assert not broadcasts.undo(village.app.deps, tx, kader, theirs, village.now)
        with pytest.raises(broadcasts.Refusal):
            broadcasts.confirm(village.app.deps, tx, kader, theirs, village.now)
