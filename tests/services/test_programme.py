"""Numbers for the programme: figures of a month, the lists behind them, and who may see which."""

from __future__ import annotations

import random
import time as clock_time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Engine, insert, select, update

from sapa.bootstrap import App
from sapa.family.calendar import add_months
from sapa.family.immunization import schedule
from sapa.family.people import Child, Contraception, Measurement, Pregnancy, Sex, Wedding
from sapa.family.skdn import Skdn
from sapa.messaging.states import Channel
from sapa.services import programme, programme_tables
from sapa.services.access import NotAllowed, Staffer, staffer
from sapa.services.ports import Tx
from sapa.services.programme import Figure
from sapa.services.records import AreaRow, PosyanduRow, SessionRow, StaffRow
from sapa.store.models import (
    AuditTable,
    CaseTable,
    ChildTable,
    ContactTable,
    DoseTable,
    HouseholdTable,
    MeasurementTable,
    OutboxTable,
    PosyanduTable,
)

TODAY = date(2026, 11, 23)
YEAR, MONTH = 2026, 11
LONG_AGO = datetime(2024, 1, 5, 3, 0, tzinfo=UTC)
MELATI, MAWAR, KENANGA = "melati", "mawar", "kenanga"
VILLAGE = (MELATI, MAWAR)
_numbers = iter(range(1, 100_000))


class Builder:
    """Puts families into the store, one line each."""

    def __init__(self, tx: Tx) -> None:
        self.tx = tx

    def home(self, posyandu: str = MELATI, name: str = "Ibu Ani", at: datetime = LONG_AGO) -> tuple[str, str]:
        """A household with one mother: (contact, household)."""
        phone = f"+62813{next(_numbers):08d}"
        contact, _ = self.tx.contact_for_address(Channel.WHATSAPP, phone, phone, at)
        household = self.tx.household_of(contact.id, at)
        self.tx.set_contact_name(contact.id, name)
        self.tx.set_member(contact.id, household, "ibu", False)
        self.tx.set_posyandu(household, posyandu)
        return contact.id, household

    def child(
        self,
        born: str,
        *,
        posyandu: str = MELATI,
        home: str | None = None,
        name: str = "Ani",
        at: datetime = LONG_AGO,
        weighed: dict[str, tuple[float | None, float | None]] | None = None,
        **more: Any,
    ) -> str:
        """A child. weighed: day -> (kg, cm). Its id."""
        household = home or self.home(posyandu, f"Ibu {name}", at)[1]
        sex = Sex(more.pop("sex", "F"))
        child = Child(name, date.fromisoformat(born), sex, id=str(uuid4()), **more)
        self.tx.save_child(household, child, at)
        for day, (kg, cm) in (weighed or {}).items():
            self.tx.save_measurement(child.id, Measurement(date.fromisoformat(day), kg, cm, ""), "kader", at)
        return child.id

    def pregnancy(self, lmp: str, visits: dict[str, str], *, posyandu: str = MELATI, at: datetime = LONG_AGO) -> str:
        contact, household = self.home(posyandu, "Ibu Hamil", at)
        begun = date.fromisoformat(lmp)
        row = Pregnancy(begun, begun + timedelta(days=280), contact_id=contact, id=str(uuid4()))
        self.tx.save_pregnancy(household, row, at)
        for visit, on in visits.items():
            self.tx.record_visit(row.id, visit, date.fromisoformat(on), at)
        return row.id


@pytest.fixture
def world(app: App) -> Iterator[Builder]:
    """Desa Contoh with Melati and Mawar, and Kenanga in the desa beside it; the transaction is the test's own."""
    with app.deps.store.transaction() as tx:
        tx.save_area(AreaRow("kec", "kecamatan", "Contoh"))
        tx.save_area(AreaRow("desa", "desa", "Contoh", "kec"))
        tx.save_area(AreaRow("desa2", "desa", "Contoh Dua", "kec"))
        for id_, area in ((MELATI, "desa"), (MAWAR, "desa"), (KENANGA, "desa2")):
            tx.save_posyandu(PosyanduRow(id_, id_.title(), "Asia/Jakarta", "Jawa Barat", "Desa Contoh", area_id=area))
        yield Builder(tx)


def staff(tx: Tx, role: str, *, posyandu: str | None = None, area: str | None = None) -> Staffer:
    contact = tx.new_contact(LONG_AGO)
    tx.grant(StaffRow(str(uuid4()), contact.id, role, posyandu, area), LONG_AGO)
    who = staffer(tx, contact.id)
    assert who is not None
    return who


def figures(tx: Tx, *posyandu: str, today: date | None = TODAY, month: int = MONTH) -> dict[str, Figure]:
    return {one.key: one for one in programme.indicators(tx, posyandu or (MELATI,), YEAR, month, today=today)}


def pair(figure: Figure) -> tuple[int | None, int | None]:
    return figure.numerator, figure.denominator


# --------------------------------------------------------------------------------------------------------------- SKDN


def test_skdn_of_a_month_is_counted_from_what_is_stored(world: Builder) -> None:
    world.child("2025-11-01", name="Naik", weighed={"2026-10-10": (9.0, None), "2026-11-10": (9.2, None)})
    world.child("2025-05-01", name="Turun", weighed={"2026-10-10": (9.5, None), "2026-11-10": (9.3, None)})
    world.child("2026-01-01", name="Baru", weighed={"2026-11-10": (8.3, None)})
    # Weighed in July, which lies further back than is read for a month: still O, not B.
    world.child("2026-02-01", name="Lama", sex="M", weighed={"2026-07-10": (7.4, None), "2026-11-10": (8.6, None)})
    world.child("2024-06-01", name="Absen")
    world.child("2024-06-01", name="Mawar", posyandu=MAWAR)
    assert programme.skdn(world.tx, [MELATI], YEAR, MONTH) == Skdn(s=5, k=5, d=4, n=1, t=1, o=1, b=1, book_unknown=5)
    assert programme.skdn(world.tx, VILLAGE, YEAR, MONTH).s == 6
    assert programme.skdn_by_posyandu(world.tx, [*VILLAGE, KENANGA], YEAR, MONTH)[KENANGA] == Skdn()


def test_a_child_counts_from_the_month_it_was_first_known_in(world: Builder) -> None:
    october = datetime(2026, 10, 20, tzinfo=UTC)
    world.child("2024-06-01", name="Terdaftar Oktober", at=october)
    # Registered in October with weighings from the book: the posyandu has known it since June.
    world.child("2024-06-01", name="Sejak Juni", at=october, weighed={"2026-06-10": (10.4, None)})
    rows = programme.skdn_year(world.tx, [MELATI], YEAR, until=TODAY)
    assert {row.month: row.numbers.s for row in rows} == {
        **dict.fromkeys(range(1, 6), 0),
        **dict.fromkeys(range(6, 10), 1),
        **dict.fromkeys((10, 11), 2),
    }


def test_a_child_that_died_or_moved_is_not_counted_from_that_month_on(world: Builder) -> None:
    gone = world.child("2024-06-01", weighed={"2026-10-10": (10.4, None)})
    world.tx.end_child(gone, "moved", date(2026, 11, 4), LONG_AGO)
    assert programme.skdn(world.tx, [MELATI], YEAR, 10).s == 1
    assert programme.skdn(world.tx, [MELATI], YEAR, 11).s == 0


def test_a_year_has_the_same_numbers_as_its_months(world: Builder) -> None:
    rng = random.Random(7)
    for _ in range(12):
        born = date(2021, 6, 1) + timedelta(days=rng.randrange(1900))
        days = [date(2026, month, 10) for month in range(1, 12) if rng.random() < 0.7]
        weights = {day.isoformat(): (round(4 + i * 0.3, 1), None) for i, day in enumerate(d for d in days if d > born)}
        world.child(born.isoformat(), weighed=weights)
    rows = programme.skdn_year(world.tx, [MELATI], YEAR, until=TODAY)
    assert [row.month for row in rows] == list(range(1, 12))
    for row in rows:
        assert row.numbers == programme.skdn(world.tx, [MELATI], YEAR, row.month, today=TODAY), row.month


def test_a_year_that_has_not_begun_has_no_months(world: Builder) -> None:
    assert programme.skdn_year(world.tx, [MELATI], 2027, until=TODAY) == []


def test_skdn_of_a_session_counts_that_day(world: Builder) -> None:
    world.tx.save_session(SessionRow("s1", MELATI, date(2026, 11, 10), time(8), "Balai"))
    world.child("2025-11-01", weighed={"2026-10-10": (9.0, None), "2026-11-10": (9.2, None)})
    world.child("2025-11-01", weighed={"2026-10-10": (9.0, None), "2026-11-20": (9.2, None)})
    assert programme.skdn_of_session(world.tx, "s1") == Skdn(s=2, k=2, d=1, n=1, book_unknown=2)
    with pytest.raises(LookupError):
        programme.skdn_of_session(world.tx, "nowhere")


# -------------------------------------------------------------------------------------------------------- immunisation


def test_dose_coverage_is_of_those_whose_day_has_come(world: Builder) -> None:
    # On 23 November, BCG (1 month) and MR1 (9 months):
    #                                        BCG              MR1
    # A  10 months, both in time             done, in time    done, in time
    # B  12 months, BCG late, MR1 missing    done, late       due: below the line
    # C   2 weeks                            not yet          not yet
    # D  10 months, born at 34 weeks         apart (care)     apart (care)
    # E  12 months, both said to be given    apart            apart (reported)
    given = {"BCG": date(2026, 2, 5), "MR1": date(2026, 10, 20)}
    world.child("2026-01-10", name="A", doses=given)
    world.child("2025-11-20", name="B", doses={"BCG": date(2026, 3, 1)})
    world.child("2026-11-09", name="C")
    world.child("2026-01-10", name="D", doses=given, birth_weeks=34)
    told = world.child("2025-11-20", name="E")
    for dose in given:
        world.tx.report_dose(told, dose, LONG_AGO)
    got = figures(world.tx)
    assert pair(got["dose.BCG"]) == (2, 2)
    assert pair(got["dose_in_time.BCG"]) == (1, 2)
    assert pair(got["dose.MR1"]) == (1, 2)
    assert pair(got["dose_in_time.MR1"]) == (1, 1)
    assert got["dose.BCG"].apart == {"care": 1, "reported": 1}
    assert got["dose.MR1"].shown == "1/2 (50,0%)"


def test_a_dose_missed_for_good_stays_below_the_line_and_one_not_due_yet_does_not(world: Builder) -> None:
    # HB0 was never given and cannot be any more: missed, not forgotten. OPV2 waits for OPV1, which came late.
    world.child("2026-08-20", doses={"OPV1": date(2026, 11, 10)})
    got = figures(world.tx)
    assert pair(got["dose.HB0"]) == (0, 1)
    assert pair(got["dose.OPV1"]) == (1, 1)
    assert pair(got["dose_in_time.OPV1"]) == (0, 1)  # due on 20 September, given on 10 November
    assert "dose.OPV2" not in got  # due at the earliest on 8 December
    assert "dose.JE1" not in got  # the district does not give it


def test_whoever_dropped_out_is_not_covered_by_the_later_doses_either(world: Builder) -> None:
    # Two years old, one dose of DPT-HB-Hib and no other: the forecast would call the third one "upcoming" for ever.
    world.child("2024-11-01", doses={"DPTHBHIB1": date(2025, 1, 5)})
    world.child("2024-11-01", doses={f"DPTHBHIB{n}": date(2025, n, 5) for n in (1, 2, 3)})
    got = figures(world.tx)
    assert [pair(got[f"dose.DPTHBHIB{n}"]) for n in (1, 2, 3)] == [(2, 2), (1, 2), (1, 2)]


def test_a_dose_left_out_after_a_late_start_is_told_apart(world: Builder) -> None:
    # PCV begun at 13 months: two doses are enough; the third is for a health worker to judge.
    world.child("2024-11-01", doses={"PCV1": date(2025, 12, 5), "PCV2": date(2026, 2, 5)})
    got = figures(world.tx)
    assert pair(got["dose.PCV2"]) == (1, 1)
    assert pair(got["dose.PCV3"]) == (0, 0)
    assert got["dose.PCV3"].apart == {"ask": 1}


def test_a_dose_written_down_late_counts_in_the_month_it_was_given(world: Builder) -> None:
    world.child("2026-01-10", doses={"MR1": date(2026, 11, 20)})
    assert pair(figures(world.tx, month=10)["dose.MR1"]) == (0, 1)
    assert pair(figures(world.tx, month=11)["dose.MR1"]) == (1, 1)


# ----------------------------------------------------------------------------------------- growth, pregnancy, families


def test_shares_of_growth_are_of_those_measured_in_the_month(world: Builder) -> None:
    # Girls of exactly 12 months on 10 November: WHO's -2 SD is 68.9 cm and 7.0 kg (rounded), the median 74.0 and 8.9.
    born = "2025-11-10"
    world.child(born, name="Pendek", weighed={"2026-11-10": (8.0, 67.0)})
    world.child(born, name="Cukup", weighed={"2026-11-10": (8.9, 74.0)})
    world.child(born, name="Kurus", weighed={"2026-11-10": (6.5, 73.0)})
    world.child(born, name="Timbang saja", weighed={"2026-11-10": (8.9, None)})
    world.child(born, name="Oktober", weighed={"2026-10-10": (6.0, 60.0)})
    world.child(born, name="Salah tulis", weighed={"2026-11-10": (None, 174.0)})
    world.child(born, name="Lahir dini", birth_weeks=34, weighed={"2026-11-10": (6.0, 60.0)})
    got = figures(world.tx)
    assert pair(got["growth.stunted"]) == (1, 3)
    assert pair(got["growth.underweight"]) == (1, 4)
    assert pair(got["growth.wasted"]) == (1, 3)
    assert got["growth.stunted"].apart == {"care": 1, "flagged": 1}


def test_the_newest_measurement_of_the_month_counts(world: Builder) -> None:
    world.child("2025-11-10", weighed={"2026-11-02": (8.0, 67.0), "2026-11-20": (8.9, None)})
    got = figures(world.tx)
    assert pair(got["growth.stunted"]) == (1, 1)  # the length of the 2nd: the 20th had none
    assert pair(got["growth.underweight"]) == (0, 1)  # the weight of the 20th


def test_visits_count_once_their_week_has_come(world: Builder) -> None:
    # 1 November is week 20 of a pregnancy dated from 14 June: K1 and K2 have come, K3 (24 weeks or later) has not.
    world.pregnancy("2026-06-14", {"K1": "2026-08-10"})
    world.pregnancy("2026-06-14", {"K1": "2026-10-20", "K2": "2026-10-25"})  # K1 after its twelve weeks
    gone = world.pregnancy("2025-12-01", {})  # born on 1 September: not of this month
    world.tx.end_pregnancy(gone, "birth", date(2026, 9, 1), LONG_AGO)
    got = figures(world.tx)
    assert pair(got["anc.K1"]) == (2, 2)
    assert pair(got["anc_in_time.K1"]) == (1, 2)
    assert pair(got["anc.K2"]) == (1, 2)
    assert got["anc.K6"].shown == "-"


def test_families_are_counted_once_for_each_stage(world: Builder) -> None:
    twins = world.home(name="Ibu Kembar")[1]
    world.child("2025-06-01", home=twins, name="Satu")
    world.child("2025-06-01", home=twins, name="Dua")
    world.child("2023-06-01", home=twins, name="Kakak")
    world.pregnancy("2026-06-14", {})
    world.pregnancy("2025-01-01", {})  # nobody said how it ended: over after 44 weeks
    born = world.pregnancy("2026-01-20", {})
    world.tx.end_pregnancy(born, "birth", date(2026, 10, 25), LONG_AGO)  # 29 days ago
    lost = world.pregnancy("2026-05-20", {})
    world.tx.end_pregnancy(lost, "loss", date(2026, 10, 25), LONG_AGO)
    couple, engaged = world.home(name="Rina")
    world.tx.save_wedding(engaged, Wedding(date(2027, 2, 1), contact_id=couple, id=str(uuid4())), LONG_AGO)
    got = figures(world.tx)
    assert {key: got[f"families.{key}"].numerator for key in ("total", "engaged", "pregnant", "postpartum")} == {
        "total": 6,
        "engaged": 1,
        "pregnant": 1,
        "postpartum": 1,
    }
    assert got["families.child_0_23"].numerator == 1
    assert got["families.child_24_59"].numerator == 1


def test_contraception_is_a_total_and_no_more_for_everybody(world: Builder) -> None:
    def using(number: int) -> None:
        for _ in range(number):
            contact, _ = world.home()
            world.tx.save_contraception(contact, Contraception("pil", contact_id=contact, id=str(uuid4())), LONG_AGO)

    using(4)
    assert figures(world.tx)["families.contraception"].shown == "<5"
    using(1)
    assert figures(world.tx)["families.contraception"].shown == "5"
    with pytest.raises(NotAllowed):
        kader = staff(world.tx, "kader", posyandu=MELATI)
        programme.list_behind(world.tx, kader, [MELATI], YEAR, MONTH, "families.contraception", today=TODAY)


# -------------------------------------------------------------------------------------------------- messages and cases


@pytest.fixture
def send(world: Builder) -> Callable[..., None]:
    """Put a message that went out into the store."""

    def put(contact: str, at: str, **more: Any) -> None:
        address = world.tx.addresses_of(contact)[0].id
        values = {
            "id": str(uuid4()),
            "dedupe_key": str(uuid4()),
            "contact_id": contact,
            "address_id": address,
            "channel": "whatsapp",
            "kind": "reminder",
            "content_id": "pengingat/posyandu",
            "text": "",
            "buttons": [],
            "media": [],
            "options": [],
            "template_variables": {},
            "priority": 50,
            "not_before": LONG_AGO,
            "state": "sent",
            "created_at": LONG_AGO,
            "sent_at": datetime.fromisoformat(at),
            **more,
        }
        world.tx._s.execute(insert(OutboxTable).values(**values))  # type: ignore[attr-defined]

    return put


def test_reach_and_reading_are_of_what_was_sent_unasked_in_the_local_month(
    world: Builder, send: Callable[..., None]
) -> None:
    contact, _ = world.home()
    then = datetime(2026, 11, 10, tzinfo=UTC)
    send(contact, "2026-10-31T17:30:00+00:00")  # 1 November, 00:30 in Jakarta
    send(contact, "2026-10-31T16:30:00+00:00")  # still October there
    send(contact, "2026-11-09T09:00:00+00:00", delivered_at=then)
    send(contact, "2026-11-09T09:00:00+00:00", read_at=then, kind="broadcast")  # read, so it was delivered
    send(contact, "2026-11-09T09:00:00+00:00", delivered_at=then, channel="sms")  # nobody can say whether it was read
    send(contact, "2026-11-09T09:00:00+00:00", kind="answer")  # asked for
    send(contact, "2026-11-09T09:00:00+00:00", kind="notice", in_reply_to="x")
    send(contact, "2026-11-09T09:00:00+00:00", kind="notice", content_id="kader/siar/laporan")  # to staff
    send(contact, "2026-11-09T09:00:00+00:00", sent_at=None)
    got = figures(world.tx)
    assert got["messages.sent"].numerator == 4
    assert pair(got["messages.delivered"]) == (3, 4)
    assert pair(got["messages.read"]) == (1, 2)


def test_cases_are_counted_by_kind_with_the_time_to_the_first_answer(world: Builder) -> None:
    contact, _ = world.home()
    opened = datetime(2026, 11, 9, 2, 0, tzinfo=UTC)
    cases = [
        world.tx.open_case(contact, kind, str(uuid4()), opened) for kind in ("danger", "keluhan", "keluhan", "handover")
    ]
    for case, minutes in zip(cases, (10, 40, 95), strict=False):
        world.tx._s.execute(  # type: ignore[attr-defined]
            update(CaseTable).where(CaseTable.id == case).values(answered_at=opened + timedelta(minutes=minutes))
        )
    world.tx.close_case(cases[0], "dirujuk", opened + timedelta(days=1))
    old = world.tx.open_case(contact, "danger", str(uuid4()), datetime(2026, 10, 30, tzinfo=UTC))
    world.tx.close_case(old, "selesai", opened)
    got = figures(world.tx)
    assert got["cases.opened"].numerator == 4
    assert got["cases.opened.keluhan"].numerator == 2
    assert got["cases.closed"].numerator == got["cases.closed.danger"].numerator == 2
    assert pair(got["cases.answered"]) == (3, 4)
    assert pair(got["cases.answer_minutes"]) == (40, 3)  # 10, 40, 95


# ------------------------------------------------------------------------------------------------- lists and who sees


@pytest.fixture
def village(world: Builder, send: Callable[..., None]) -> Builder:
    """A bit of everything in Melati, and two children in Mawar."""
    rng = random.Random(11)
    for number in range(30):
        born = date(2021, 12, 20) + timedelta(days=rng.randrange(1780))
        doses = {
            dose.id: day
            for dose in schedule()
            if dose.id != "JE1"
            and (day := add_months(born, dose.due_months) + timedelta(days=rng.randrange(45))) <= TODAY
            and rng.random() < 0.85
        }
        months = (TODAY - born).days / 30
        weighed = {
            f"2026-{month:02d}-10": (round(3.4 + min(months, 8) * 0.6 + max(0, months - 8) * 0.19, 1), None)
            for month in (9, 10, 11)
            if date(2026, month, 10) > born and rng.random() < 0.8
        }
        world.child(born.isoformat(), name=f"Anak {number:02d}", doses=doses, weighed=weighed, sex=rng.choice("MF"))
    for lmp in ("2026-02-20", "2026-04-12", "2026-06-14"):
        world.pregnancy(lmp, {"K1": add_months(date.fromisoformat(lmp), 2).isoformat()})
    for number in range(6):
        contact, _ = world.home()
        send(contact, "2026-11-09T09:00:00+00:00", delivered_at=LONG_AGO, read_at=LONG_AGO if number % 2 else None)
        world.tx.open_case(contact, "keluhan", str(uuid4()), datetime(2026, 11, 9, tzinfo=UTC))
    for number in range(2):
        world.child("2025-06-01", posyandu=MAWAR, name=f"Mawar {number}")
    return world


def test_the_list_behind_every_figure_adds_up_to_it(village: Builder) -> None:
    bidan = staff(village.tx, "bidan", area="desa")
    for figure in programme.indicators(village.tx, VILLAGE, YEAR, MONTH, today=TODAY):
        if figure.key == "families.contraception":
            continue
        rows = programme.list_behind(village.tx, bidan, VILLAGE, YEAR, MONTH, figure.key, today=TODAY)
        below = [row for row in rows if not row.aside]
        assert len([row for row in rows if row.aside]) == sum(figure.apart.values()), figure.key
        if figure.kind == "minutes":
            assert sum(row.counted for row in below) == figure.denominator
        else:
            assert sum(row.counted for row in below) == figure.numerator, figure.key
            assert figure.denominator is None or len(below) == figure.denominator, figure.key
        assert all(row.name and row.household_id for row in rows), figure.key
        assert [row.counted for row in rows] == sorted(row.counted for row in rows)


def test_a_kader_sees_names_of_her_own_posyandu_only(village: Builder) -> None:
    kader = staff(village.tx, "kader", posyandu=MELATI)
    assert programme.list_behind(village.tx, kader, [MELATI], YEAR, MONTH, "skdn.d_s", today=TODAY)
    for others in ([MAWAR], [*VILLAGE]):
        with pytest.raises(NotAllowed):
            programme.list_behind(village.tx, kader, others, YEAR, MONTH, "skdn.d_s", today=TODAY)
        with pytest.raises(NotAllowed):
            programme.indicators_for(village.tx, kader, others, YEAR, MONTH, today=TODAY)
        with pytest.raises(NotAllowed):
            programme_tables.register_tables(village.tx, kader, others, TODAY, LONG_AGO)


def test_an_admin_sees_figures_without_names_and_without_small_groups(village: Builder) -> None:
    admin = staff(village.tx, "admin", area="kec")
    assert programme.is_anonymous(admin)
    with pytest.raises(NotAllowed):
        programme.list_behind(village.tx, admin, [MELATI], YEAR, MONTH, "skdn.d_s", today=TODAY)
    with pytest.raises(NotAllowed):
        programme.skdn_list(village.tx, admin, [MELATI], YEAR, MONTH, today=TODAY)
    shown = programme.indicators_for(village.tx, admin, [MELATI], YEAR, MONTH, today=TODAY)
    for figure in shown:
        if figure.key.startswith("messages."):
            continue
        assert not figure.numerator or figure.numerator >= 5 or figure.kind == "minutes", figure
        assert not figure.denominator or figure.denominator >= 5, figure
        assert all(number >= 5 for number in figure.apart.values())
    by_key = {figure.key: figure for figure in shown}
    assert by_key["families.pregnant"].shown == "<5"  # three
    assert by_key["skdn.k_s"].shown == "30/30 (100,0%)"
    two_children = programme.indicators_for(village.tx, admin, [MAWAR], YEAR, MONTH, today=TODAY)
    assert {figure.shown for figure in two_children} <= {"<5", "-", "0"}


def test_a_bidan_of_the_area_sees_everything_unhidden(village: Builder) -> None:
    bidan = staff(village.tx, "bidan", area="desa")
    by_key = {one.key: one for one in programme.indicators_for(village.tx, bidan, VILLAGE, YEAR, MONTH, today=TODAY)}
    assert by_key["families.pregnant"].shown == "3"
    letters = dict(
        (row.name, letter) for row, letter in programme.skdn_list(village.tx, bidan, VILLAGE, YEAR, MONTH, today=TODAY)
    )
    assert len(letters) == 32
    assert set(letters.values()) <= {"", "N", "T", "O", "B", "?"}


def test_an_unknown_figure_or_month_is_refused(village: Builder) -> None:
    kader = staff(village.tx, "kader", posyandu=MELATI)
    with pytest.raises(ValueError, match="no figure"):
        programme.list_behind(village.tx, kader, [MELATI], YEAR, MONTH, "nonsense", today=TODAY)
    with pytest.raises(ValueError, match="month"):
        programme.indicators(village.tx, [MELATI], YEAR, 13)


def test_a_month_that_has_not_begun_has_no_figures(village: Builder) -> None:
    assert {one.shown for one in programme.indicators(village.tx, VILLAGE, YEAR, 12, today=TODAY)} <= {"0", "-"}


def test_areas_are_compared_by_what_they_are_made_of(village: Builder) -> None:
    village.child("2025-06-01", posyandu=KENANGA)
    groups = programme.groups_below(village.tx, "kec")
    assert [(group.label, group.kind, sorted(group.posyandu_ids)) for group in groups] == [
        ("Contoh", "desa", [MAWAR, MELATI]),
        ("Contoh Dua", "desa", [KENANGA]),
    ]
    desa = programme.groups_below(village.tx, "desa")
    assert [(group.label, group.posyandu_id) for group in desa] == [("Mawar", MAWAR), ("Melati", MELATI)]
    shown = programme.breakdown(village.tx, groups, YEAR, MONTH, today=TODAY)
    children = [next(one for one in found if one.key == "skdn.k_s").denominator for _, found in shown]
    assert children == [32, 1]


def test_every_figure_has_a_label(village: Builder) -> None:
    labels = [programme.label(one.key) for one in programme.indicators(village.tx, VILLAGE, YEAR, MONTH)]
    assert len(set(labels)) == len(labels)
    assert "Imunisasi BCG" in labels
    assert "Kasus baru: keluhan" in labels


# -------------------------------------------------------------------------------------------------------------- tables


def test_figures_lists_and_registers_become_tables(village: Builder) -> None:
    bidan = staff(village.tx, "bidan", area="desa")
    groups = programme.groups_below(village.tx, "desa")
    table = programme_tables.figures_table(programme.breakdown(village.tx, groups, YEAR, MONTH), YEAR, MONTH)
    assert all(len(row) == len(table.header) for row in table.rows)
    assert {row[1] for row in table.rows} == {"Melati", "Mawar"}

    rows = programme.list_behind(village.tx, bidan, VILLAGE, YEAR, MONTH, "dose.MR1", today=TODAY)
    listed = programme_tables.list_table(rows, "dose.MR1")
    assert len(listed.rows) == len(rows) and listed.name == "Imunisasi Campak-Rubela (MR) 1"

    year = programme_tables.skdn_table(programme.skdn_year(village.tx, VILLAGE, YEAR, until=TODAY))
    assert [row[0] for row in year.rows] == [f"2026-{month:02d}" for month in range(1, 12)]

    children, mothers = programme_tables.register_tables(village.tx, bidan, VILLAGE, TODAY, LONG_AGO)
    assert len(children.rows) == 32 and len(mothers.rows) == 3
    assert all(len(row) == len(children.header) for row in children.rows)
    assert children.header[:3] == ("posyandu", "desa", "nama anak") and "DPTHBHIB1" in children.header
    programme_tables.note_register(village.tx, bidan, VILLAGE, (children, mothers), LONG_AGO)
    (line,) = village.tx._s.scalars(select(AuditTable).where(AuditTable.event == "register_exported"))  # type: ignore[attr-defined]
    assert line.actor_id == bidan.contact_id
    assert line.detail == {"posyandu": 2, "children": 32, "pregnancies": 3}  # no name


# --------------------------------------------------------------------------------------------------------------- speed


def _fill(engine: Engine, places: int, children: int) -> list[str]:
    """A kecamatan: every child with its doses and a year of weighings."""
    rng, at = random.Random(5), LONG_AGO
    rows: dict[Any, list[dict[str, Any]]] = {
        table: [] for table in (PosyanduTable, HouseholdTable, ContactTable, ChildTable, DoseTable, MeasurementTable)
    }
    for place in range(places):
        about = {"timezone": "Asia/Jakarta", "province": "Jawa Barat", "vaccine_profile": "pentavalen"}
        rows[PosyanduTable].append({"id": f"p{place}", "name": f"P{place}", "je_region": False, **about})
        for number in range(children):
            id_ = f"{place}-{number}"
            born = TODAY - timedelta(days=rng.randrange(1800))
            rows[HouseholdTable].append({"id": id_, "posyandu_id": f"p{place}", "created_at": at})
            rows[ContactTable].append(
                {"id": id_, "household_id": id_, "created_at": at, "dialogue_reset": False, "relation": "ibu"}
            )
            rows[ChildTable].append(
                {
                    "id": id_,
                    "household_id": id_,
                    "name": f"Anak {number}",
                    "sex": rng.choice("MF"),
                    "birth_date": born,
                    "special_care": False,
                    "created_at": at,
                }
            )
            for dose in schedule():
                day = add_months(born, dose.due_months) + timedelta(days=rng.randrange(50))
                if day <= TODAY and dose.id != "JE1" and rng.random() < 0.93:
                    rows[DoseTable].append({"child_id": id_, "dose": dose.id, "given_on": day, "recorded_at": at})
            for back in range(12):
                day = date(2026, 11, 10) - timedelta(days=30 * back)
                months = (day - born).days / 30.4
                if months > 0 and rng.random() < 0.8:
                    kg = round((3.3 + min(months, 6) * 0.7 + max(0, months - 6) * 0.2) * rng.uniform(0.88, 1.08), 1)
                    cm = round(50 + min(months, 12) * 2.1 + max(0, months - 12) * 0.85, 1)
                    measured = {"child_id": id_, "date": day, "weight_kg": kg, "lenhei_cm": cm}
                    rows[MeasurementTable].append({**measured, "measure": "", "source": "kader", "recorded_at": at})
    with engine.begin() as connection:
        for table, values in rows.items():
            for start in range(0, len(values), 20_000):
                connection.execute(insert(table), values[start : start + 20_000])
    return [f"p{place}" for place in range(places)]


def test_a_kecamatan_of_sixty_posyandu_is_counted_in_a_blink(app: App, engine: Engine) -> None:
    """60 posyandu x 80 children; the times are printed (pytest -s), not judged: machines differ."""
    ids = _fill(engine, 60, 80)
    took: dict[str, float] = {}
    with app.deps.store.transaction(write=False) as tx:
        for name, work in (
            ("skdn of a month", lambda: programme.skdn(tx, ids, YEAR, MONTH, today=TODAY)),
            ("all figures of a month", lambda: programme.indicators(tx, ids, YEAR, MONTH, today=TODAY)),
            ("skdn of a year", lambda: programme.skdn_year(tx, ids, YEAR, until=TODAY)),
        ):
            begun = clock_time.perf_counter()
            work()
            took[name] = clock_time.perf_counter() - begun
        assert programme.skdn(tx, ids, YEAR, MONTH, today=TODAY).s == 60 * 80
    print(engine.dialect.name, {name: f"{seconds:.2f} s" for name, seconds in took.items()})
