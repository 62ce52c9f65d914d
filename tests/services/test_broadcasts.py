"""A kader calls her families: preview, KIRIM, undo, sending, moving, cancelling, the morning after. Both databases."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from sapa.bootstrap import App
from sapa.family.campaigns import Campaigns
from sapa.family.people import Child, Pregnancy, Sex
from sapa.messaging.states import Channel, OutboxState, ReminderState
from sapa.services import broadcasts
from sapa.services.access import Role, Staffer, staffer
from sapa.services.broadcast_audience import readers_of
from sapa.services.broadcasts import Plan, Preview, Refusal
from sapa.services.consents import CHILD_CARE, PREGNANCY_CARE, SEAT, TOPIC_PURPOSE
from sapa.services.deps import Deps
from sapa.services.due import queue_due
from sapa.services.ports import Tx
from sapa.services.records import OutboxMessage, PosyanduRow, Sent, SessionRow, StatusForm
from sapa.services.reminders import replan, replan_dirty
from sapa.services.seats import readers_for
from sapa.services.staff import enrol

WIB = ZoneInfo("Asia/Jakarta")
KADER, OTHER_KADER, STRANGER = "+6281399900001", "+6281399900002", "+6281399900003"
# 2026-11-23 is a Monday; the tests begin at nine in the morning.
DAY, NEW_DAY = date(2026, 12, 10), date(2026, 12, 12)
H3 = datetime(2026, 12, 7, 16, tzinfo=WIB)
BORN = date(2026, 5, 3)


@dataclass
class Village:
    """A posyandu with its kader; families are added by the tests."""

    app: App
    now: datetime

    @property
    def deps(self) -> Deps:
        return self.app.deps

    def family(
        self,
        number: int,
        *,
        channel: Channel | None = Channel.WHATSAPP,
        born: date | None = BORN,
        pregnant: bool = False,
        agreed: Sequence[str] = (CHILD_CARE,),
        posyandu: str = "p1",
    ) -> str:
        """A household with one contact; its id."""
        phone = f"+62812{number:08}"
        with self.app.store.transaction() as tx:
            if channel is None:
                contact_id = tx.new_contact(self.now).id
            else:
                contact_id = tx.contact_for_address(channel, phone, phone, self.now)[0].id
            tx.set_contact_name(contact_id, f"Ibu {number}")
            for purpose in agreed:
                tx.record_consent(contact_id, purpose, "...", True, f"in-{number}", self.now)
            household_id = tx.household_of(contact_id, self.now)
            tx.set_posyandu(household_id, posyandu)
            if born is not None:
                tx.save_child(household_id, Child(f"Anak {number}", born, sex=Sex.MALE, id=f"child-{number}"), self.now)
            if pregnant:
                tx.save_pregnancy(
                    household_id,
                    Pregnancy(id=f"preg-{number}", lmp=date(2026, 8, 1), edd=date(2027, 5, 8), contact_id=contact_id),
                    self.now,
                )
            replan(self.deps, tx, household_id, self.now)
        return household_id

    def people(self, household_id: str) -> list[str]:
        return [contact.id for contact in self.read(lambda tx: tx.caregivers_of(household_id))]

    def read(self, ask: Callable[[Tx], Any]) -> Any:
        with self.app.store.transaction(write=False) as tx:
            return ask(tx)

    def write(self, do: Callable[[Tx], Any]) -> Any:
        with self.app.store.transaction() as tx:
            return do(tx)

    def who(self, phone: str = KADER) -> Staffer:
        def ask(tx: Tx) -> Staffer | None:
            return staffer(tx, tx.contact_id_for(Channel.WHATSAPP, phone) or "")

        found = self.read(ask)
        assert found is not None
        return found  # type: ignore[no-any-return]

    def preview(self, plan: Plan, phone: str = KADER) -> Preview:
        who = self.who(phone)
        return self.read(lambda tx: broadcasts.preview(self.deps, tx, who, plan, self.now))  # type: ignore[no-any-return]

    def confirm(self, plan: Plan, phone: str = KADER) -> str:
        """Drafted and confirmed; its id."""
        who = self.who(phone)

        def do(tx: Tx) -> str:
            draft = broadcasts.create(self.deps, tx, who, plan, self.now, key=f"{plan}{self.now}")
            return broadcasts.confirm(self.deps, tx, who, draft.id, self.now).id

        return self.write(do)  # type: ignore[no-any-return]

    def release(self) -> int:
        """Two minutes later, with everything released and planned again."""
        self.now += broadcasts.UNDO
        settled = broadcasts.release_due(self.deps, self.now)
        while replan_dirty(self.deps, self.now):
            pass
        return settled

    def send(self, plan: Plan, phone: str = KADER) -> str:
        broadcast_id = self.confirm(plan, phone)
        self.release()
        return broadcast_id

    def deliver(self, *, read: Sequence[str] = (), fail: Sequence[str] = ()) -> None:
        """What waits is handed to the provider and arrives; some read it, some phones cannot be reached."""

        def do(tx: Tx) -> None:
            for number, message in enumerate(tx.claim_outbox("sender", self.now, self.now + timedelta(minutes=1), 999)):
                sid = f"SM{number}-{message.id}"
                tx.record_send(message.id, "sender", Sent(sid), self.now, 3)
                household = tx.contact(message.contact_id)
                home = household.household_id if household else None
                state = "undelivered" if home in fail else "read" if home in read else "delivered"
                tx.record_status(StatusForm(sid, state), self.now)

        self.write(do)

    def heard(self, household_id: str) -> list[OutboxMessage]:
        """What a household was sent or is to be sent; what was taken back is left out."""
        rows = [
            row
            for contact_id in self.people(household_id)
            for row in self.read(lambda tx, contact_id=contact_id: tx.outbox_of(contact_id))
        ]
        return [row for row in rows if row.state is not OutboxState.SUPPRESSED]

    def said(self, household_id: str) -> list[str]:
        return [row.content_id for row in self.heard(household_id)]

    def told_kader(self, phone: str = KADER) -> list[OutboxMessage]:
        who = self.who(phone)
        return self.read(lambda tx: list(tx.outbox_of(who.contact_id)))  # type: ignore[no-any-return]

    def sessions(self) -> list[date]:
        return [one.date for one in self.read(lambda tx: tx.sessions_of("p1", date(2026, 11, 1)))]

    def session(self) -> SessionRow:
        (only,) = self.read(lambda tx: tx.sessions_between(["p1"], date(2026, 11, 1), date(2027, 6, 1)))
        return only  # type: ignore[no-any-return]

    def progress(self, broadcast_id: str) -> broadcasts.Progress:
        return self.read(lambda tx: broadcasts.progress(tx, broadcast_id, self.now))  # type: ignore[no-any-return]


@pytest.fixture
def village(app: App, now: datetime) -> Village:
    app = replace(app, campaigns=Campaigns())
    with app.store.transaction() as tx:
        tx.save_posyandu(PosyanduRow("p1", "Melati", "Asia/Jakarta"))
        tx.save_posyandu(PosyanduRow("p2", "Mawar", "Asia/Jakarta"))
        for phone, place in ((KADER, "p1"), (OTHER_KADER, "p2")):
            enrol(tx, phone, "Sari", Role.KADER, place, None, now)
    return Village(app, now)


NEW = Plan("session", "p1", DAY, time(8), "Balai Desa", "bawa buku KIA")


def moved(session: SessionRow, to: date | None = NEW_DAY, **more: Any) -> Plan:
    return Plan("moved", "p1", to, session_id=session.id, **more)


def cancelled(session: SessionRow) -> Plan:
    return Plan("cancelled", "p1", session_id=session.id)


def announcement(text: str = "Besok ada kerja bakti, bawa sapu.") -> Plan:
    return Plan("announcement", "p1", text=text)


# --------------------------------------------------------------------------- before it is confirmed


def test_the_preview_says_to_how_many_how_and_what_it_costs_and_writes_nothing(village: Village) -> None:
    village.family(1)
    village.family(2, channel=Channel.SMS)
    village.family(3, channel=None)
    village.family(4, agreed=())
    village.family(5, born=date(2021, 11, 23))  # five years old today: not invited any more
    village.family(6, posyandu="p2")
    seen = village.preview(NEW)
    assert (seen.refused, seen.recipients, seen.whatsapp, seen.sms) == (None, 2, 1, 1)
    assert (seen.unreachable, seen.skipped) == (2, {"no_phone": 1, "no_consent": 1})
    assert (seen.templates, seen.sms_parts, seen.cost_rupiah) == (1, 1, None)
    assert seen.waits_until is None and seen.warnings == ()
    assert "Balai Desa" in seen.text and "10 Desember 2026" in seen.text
    assert village.sessions() == [] and village.read(lambda tx: tx.broadcasts_of(["p1"], 9)) == []


def test_with_prices_set_the_cost_counts_templates_outside_the_window_and_parts_of_sms(village: Village) -> None:
    wrote = village.family(1)
    village.family(2)
    village.family(3, channel=Channel.SMS)
    village.write(lambda tx: tx.touch_contact(village.people(wrote)[0], village.now))
    village.app = replace(village.app, settings=replace(village.app.settings, prices={"whatsapp": 400, "sms": 350}))
    # One of the two on WhatsApp wrote today: 1 x 400 + 1 part x 350.
    assert village.preview(NEW).cost_rupiah == 750


REFUSED = [
    ("a day gone by", replace(NEW, date=date(2026, 11, 22)), "past"),
    ("an hour ago today", replace(NEW, date=date(2026, 11, 23), time=time(8)), "past"),
    ("no day", replace(NEW, date=None), "empty"),
    ("no place", replace(NEW, place=" "), "empty"),
    ("another posyandu", replace(NEW, posyandu_id="p2"), "not_allowed"),
    ("a posyandu that does not exist", replace(NEW, posyandu_id="p9"), "not_allowed"),
    ("a link in what to bring", replace(NEW, note="daftar di bit.ly/x"), "link"),
    ("money in the place", replace(NEW, place="Balai, bayar 5 ribu"), "money"),
    ("no words", Plan("announcement", "p1", text=" !! "), "empty"),
    ("too many words", Plan("announcement", "p1", text="a" * 401), "too_long"),
    ("a dose", Plan("announcement", "p1", text="Minum paracetamol 3 x sehari"), "medicine"),
    ("a session nobody knows", Plan("moved", "p1", NEW_DAY, session_id="s9"), "no_session"),
    ("no session named", Plan("cancelled", "p1"), "no_session"),
]


@pytest.mark.parametrize(("plan", "code"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_what_may_not_be_said_is_refused_with_its_reason_and_never_kept(
    village: Village, plan: Plan, code: str
) -> None:
    assert village.preview(plan).refused == code
    with pytest.raises(Refusal) as refusal:
        village.confirm(plan)
    assert refusal.value.code == code
    assert village.read(lambda tx: tx.broadcasts_of(["p1", "p2"], 9)) == []


def test_the_preview_warns_of_a_holiday_a_second_session_that_month_and_a_day_far_ahead(village: Village) -> None:
    village.send(NEW)
    village.app = replace(village.app)
    deps = replace(village.deps, holiday=lambda day: "Natal" if day == date(2026, 12, 25) else None)
    who = village.who()

    def seen(plan: Plan) -> Preview:
        return village.read(lambda tx: broadcasts.preview(deps, tx, who, plan, village.now))  # type: ignore[no-any-return]

    christmas = seen(replace(NEW, date=date(2026, 12, 25)))
    assert (christmas.warnings, christmas.holiday) == (("holiday", "same_month"), "Natal")
    assert seen(replace(NEW, date=date(2027, 6, 1))).warnings == ("far",)
    assert seen(replace(NEW)).refused == "double"


def test_what_is_confirmed_in_the_evening_waits_for_seven_and_says_so(village: Village) -> None:
    home = village.family(1)
    village.now = datetime(2026, 12, 1, 19, 59, tzinfo=WIB)
    assert village.preview(NEW).waits_until == datetime(2026, 12, 2, 7, tzinfo=WIB)
    village.send(NEW)
    (message,) = village.heard(home)
    assert message.not_before == datetime(2026, 12, 2, 7, tzinfo=WIB)
    # A session that begins before anybody may be told.
    assert "late" in village.preview(replace(NEW, date=date(2026, 12, 2), time=time(6))).warnings


def test_a_confirmed_broadcast_can_be_undone_for_two_minutes_and_then_no_more(village: Village) -> None:
    home = village.family(1)
    first = village.confirm(NEW)
    assert village.progress(first).seconds_to_undo == 120
    village.now += timedelta(seconds=119)
    assert village.write(lambda tx: broadcasts.undo(village.deps, tx, village.who(), first, village.now))
    assert village.release() == 0 and village.said(home) == [] and village.sessions() == []
    second = village.confirm(NEW)
    village.now += timedelta(minutes=2)
    assert not village.write(lambda tx: broadcasts.undo(village.deps, tx, village.who(), second, village.now))
    village.release()
    assert village.said(home) == ["siar/jadwal"] and village.sessions() == [DAY]


def test_the_same_key_is_the_same_draft_and_a_second_kirim_sends_nothing_more(village: Village) -> None:
    home = village.family(1)
    who = village.who()

    def draft(tx: Tx) -> str:
        return broadcasts.create(village.deps, tx, who, NEW, village.now, key="message-7").id

    one, two = village.write(draft), village.write(draft)
    assert one == two
    for _ in range(2):
        village.write(lambda tx: broadcasts.confirm(village.deps, tx, who, one, village.now))
    village.release()
    village.write(lambda tx: broadcasts.confirm(village.deps, tx, who, one, village.now))
    village.release()
    assert village.said(home) == ["siar/jadwal"]


def test_whoever_is_no_kader_any_more_cannot_confirm_her_draft(village: Village) -> None:
    who = village.who()
    draft = village.write(lambda tx: broadcasts.create(village.deps, tx, who, NEW, village.now, key="k"))
    village.write(lambda tx: tx.revoke(who.roles[0].id, village.now))
    with pytest.raises(Refusal) as refusal:
        village.write(lambda tx: broadcasts.confirm(village.deps, tx, who, draft.id, village.now))
    assert refusal.value.code == "not_allowed"


def test_a_kader_of_another_posyandu_can_neither_confirm_nor_undo(village: Village) -> None:
    who, other = village.who(), village.who(OTHER_KADER)
    draft = village.write(lambda tx: broadcasts.create(village.deps, tx, who, NEW, village.now, key="k"))
    with pytest.raises(Refusal):
        village.write(lambda tx: broadcasts.confirm(village.deps, tx, other, draft.id, village.now))
    village.write(lambda tx: broadcasts.confirm(village.deps, tx, who, draft.id, village.now))
    assert not village.write(lambda tx: broadcasts.undo(village.deps, tx, other, draft.id, village.now))


def test_a_draft_of_yesterday_is_gone(village: Village) -> None:
    who = village.who()
    draft = village.write(lambda tx: broadcasts.create(village.deps, tx, who, NEW, village.now, key="k"))
    village.now += timedelta(hours=24, minutes=1)
    with pytest.raises(Refusal) as refusal:
        village.write(lambda tx: broadcasts.confirm(village.deps, tx, who, draft.id, village.now))
    assert refusal.value.code == "gone"
    broadcasts.report_due(village.deps, village.now)
    assert village.progress(draft.id).state == "expired"


def test_one_announcement_a_day_and_four_a_month(village: Village) -> None:
    village.family(1)
    sent = 0
    for day in range(1, 8):
        village.now = datetime(2026, 12, day, 9, tzinfo=WIB)
        if village.preview(announcement()).refused == "too_often":
            continue
        village.send(announcement())
        sent += 1
        assert village.preview(announcement()).refused == "too_often"
    assert sent == 4
    village.now = datetime(2027, 1, 1, 9, tzinfo=WIB)
    assert village.preview(announcement()).refused is None


def test_ten_messages_about_sessions_a_day_are_enough_for_one_kader(village: Village) -> None:
    for day in range(1, 11):
        village.confirm(replace(NEW, date=date(2027, 1, day)))
    assert village.preview(replace(NEW, date=date(2027, 1, 11))).refused == "too_often"


# --------------------------------------------------------------------------- who hears it


def test_a_new_session_reaches_families_with_a_small_child_or_a_pregnancy_once(village: Village) -> None:
    child, expecting = village.family(1), village.family(2, born=None, pregnant=True, agreed=(PREGNANCY_CARE,))
    nobody = village.family(3, born=None)
    sent = village.send(NEW)
    assert [village.said(home) for home in (child, expecting, nobody)] == [["siar/jadwal"], ["siar/jadwal"], []]
    (message,) = village.heard(expecting)
    assert (message.kind, message.template) == ("broadcast", "siar_jadwal")
    assert village.progress(sent).state == "done" and village.progress(sent).queued == 2
    assert [row.content_id for row in village.told_kader()] == ["kader/siar/selesai"]


def test_stopped_silent_and_endangered_families_are_passed_over_with_the_reason(village: Village) -> None:
    homes = {
        reason: village.family(number)
        for number, reason in enumerate(("opted_out", "not_this_person", "topic_stopped", "danger", "grieving"), 1)
    }
    person = {reason: village.people(home)[0] for reason, home in homes.items()}

    def trouble(tx: Tx) -> None:
        tx.set_opt_out(person["opted_out"], village.now)
        tx.set_suspended(person["not_this_person"], village.now)
        tx.record_consent(person["topic_stopped"], TOPIC_PURPOSE + "posyandu", "stop", False, "x", village.now)
        tx.open_case(person["danger"], "danger", None, village.now)
        from sapa.services.losses import report_loss

        report_loss(village.deps, tx, person["grieving"], "anak saya Anak 5 meninggal", village.now, "in-x")

    village.write(trouble)
    # Whoever lost the only child is no family of the posyandu any more; one with a second child is, and is spared.
    village.write(lambda tx: tx.save_child(homes["grieving"], Child("Adik", BORN, sex=Sex.MALE, id="c9"), village.now))
    sent = village.send(NEW)
    assert dict(village.progress(sent).skipped) == dict.fromkeys(homes, 1)
    assert all(village.said(home) == [] for home in homes.values())
    found = village.read(lambda tx: broadcasts.report(tx, sent))
    assert [(row.name, row.reason) for row in found.unreached if row.reason == "danger"] == [
        ("Ibu 4 (Anak 4)", "danger")
    ]


def test_who_reads_a_broadcast_is_who_reads_a_reminder_whatever_the_household_looks_like(village: Village) -> None:
    """A table of households; for each the bulk decision equals the rule of reminders."""
    homes = []
    phones = iter(range(100, 999))
    for relations in (("ibu",), ("ayah", "ibu"), ("nenek", "ibu", "ayah"), ("", "lain")):
        for spoiled in (None, "opted_out", "suspended", "no_consent", "topic", "seat", "taken back", "pregnancy only"):
            for every in (False, True):
                homes.append(_household(village, relations, spoiled, every, phones))
    today = date(2026, 11, 23)
    found = village.read(lambda tx: {home.household_id: home for home in tx.reach("p1", today)})
    assert set(homes) == set(found) and len(homes) == 4 * 8 * 2
    for home in homes:
        wanted = village.read(lambda tx, home=home: readers_for(tx, home, "caregiver", CHILD_CARE, "posyandu"))
        if not wanted:
            wanted = village.read(lambda tx, home=home: readers_for(tx, home, "caregiver", PREGNANCY_CARE, "posyandu"))
        got = readers_of(found[home])
        assert [(one.contact.id, one.address.value) for one in got] == [(c.id, a.value) for c, a in wanted]


def _household(village: Village, relations: Sequence[str], spoiled: str | None, every: bool, phones: Any) -> str:
    """Several people of one household; the first in line is spoiled in some way."""

    def make(tx: Tx) -> str:
        home = ""
        for place, relation in enumerate(relations):
            number, at = next(phones), village.now + timedelta(seconds=place)
            phone = f"+62877{number:08}"
            contact, _ = tx.contact_for_address(Channel.SMS if number % 3 else Channel.WHATSAPP, phone, phone, at)
            home = home or tx.household_of(contact.id, at)
            tx.set_member(contact.id, home, relation, every)
            tx.record_consent(contact.id, CHILD_CARE, "", spoiled != "no_consent" or place > 0, "a", at)
            if place == 0:
                _spoil(tx, contact.id, spoiled, at)
        tx.set_posyandu(home, "p1")
        tx.save_child(home, Child("Anak", BORN, sex=Sex.MALE, id=f"c{home}"[:36]), village.now)
        return home

    return village.write(make)  # type: ignore[no-any-return]


def _spoil(tx: Tx, contact_id: str, how: str | None, at: datetime) -> None:
    if how == "opted_out":
        tx.set_opt_out(contact_id, at)
    elif how == "suspended":
        tx.set_suspended(contact_id, at)
    elif how == "topic":
        tx.record_consent(contact_id, TOPIC_PURPOSE + "posyandu", "", False, "b", at)
    elif how == "seat":
        tx.record_consent(contact_id, SEAT, "", True, "b", at)
    elif how in ("taken back", "pregnancy only"):
        tx.record_consent(contact_id, CHILD_CARE, "", False, "b", at + timedelta(minutes=1))
        tx.record_consent(contact_id, PREGNANCY_CARE, "", how == "pregnancy only", "b", at)


# --------------------------------------------------------------------------- moved, cancelled, never both


def test_moving_tells_those_who_knew_and_nobody_else_and_the_old_reminders_vanish(village: Village) -> None:
    told, reminded = village.family(1), village.family(2)
    village.write(lambda tx: tx.set_opt_out(village.people(reminded)[0], village.now))
    village.send(NEW)  # the second family does not hear of it: it has stopped everything
    village.write(lambda tx: tx.set_opt_out(village.people(reminded)[0], None))
    late = village.family(3)  # registered after the announcement
    village.deliver()
    seen = village.preview(moved(village.session()))
    assert (seen.told, seen.not_told, seen.recipients) == (1, 2, 1)
    assert seen.old == {"date": "2026-12-10", "time": "08:00", "place": "Balai Desa"}
    village.send(moved(village.session()))
    assert [village.said(home) for home in (told, reminded, late)] == [["siar/jadwal", "siar/pindah"], [], []]
    text = village.heard(told)[-1].text
    assert "12 Desember 2026" in text and "10 Desember 2026" in text and "Balai Desa" in text
    assert village.sessions() == [NEW_DAY]
    for home in (told, reminded, late):
        planned = [row for row in village.read(lambda tx, home=home: tx.reminders_of(home)) if row.state == "planned"]
        session_days = {row.due_on for row in planned if row.event == "posyandu_session"}
        assert DAY not in session_days and NEW_DAY in session_days


def test_a_family_reminded_of_the_old_day_hears_of_the_new_one_and_not_twice_that_day(village: Village) -> None:
    home = village.family(1)
    village.write(lambda tx: tx.save_session(SessionRow("s1", "p1", DAY, time(8), "Balai Desa")))
    village.write(lambda tx: replan(village.deps, tx, home, village.now))
    queue_due(village.deps, H3)
    village.now = H3 + timedelta(minutes=5)
    village.deliver()
    assert village.said(home) == ["pengingat/posyandu"]
    village.send(moved(village.session(), DAY + timedelta(days=1)))
    # From now to the evening before the new day everything that falls due is said.
    while village.now < datetime(2026, 12, 10, 23, tzinfo=WIB):
        village.now += timedelta(minutes=30)
        queue_due(village.deps, village.now)
        village.deliver()
    heard = village.heard(home)
    assert [row.content_id for row in heard[:2]] == ["pengingat/posyandu", "siar/pindah"]
    days = [row.created_at.astimezone(WIB).date() for row in heard[1:]]
    assert len(days) == len(set(days))  # the news, then at most one reminder a day
    reminders = [(row.content_id, day) for row, day in zip(heard[2:], days[1:], strict=True)]
    assert reminders == [("pengingat/posyandu", date(2026, 12, 8)), ("pengingat/posyandu-besok", date(2026, 12, 10))]
    assert all("10 Desember" not in row.text for row in heard[2:])


def test_a_reminder_of_the_old_day_that_waits_is_taken_back_and_counts_as_never_said(village: Village) -> None:
    home = village.family(1)
    village.write(lambda tx: tx.save_session(SessionRow("s1", "p1", DAY, time(8), "Balai Desa")))
    village.write(lambda tx: replan(village.deps, tx, home, village.now))
    queue_due(village.deps, H3)  # in the outbox, and the sender is down
    village.now = H3 + timedelta(minutes=1)
    village.send(moved(village.session(), date(2026, 12, 20)))
    assert village.said(home) == []
    (taken_back,) = village.read(lambda tx: tx.outbox_of(village.people(home)[0]))
    assert (taken_back.state, taken_back.error_code) == (OutboxState.SUPPRESSED, "session_changed")
    due = {row.due_on: row.state for row in village.read(lambda tx: tx.reminders_of(home)) if "posyandu" in row.event}
    assert due[DAY] is ReminderState.CANCELLED and due[date(2026, 12, 20)] is ReminderState.PLANNED


def test_a_broadcast_that_waits_for_the_morning_is_taken_back_when_the_day_moves_in_the_night(village: Village) -> None:
    home = village.family(1)
    village.now = datetime(2026, 12, 1, 20, 30, tzinfo=WIB)
    village.send(NEW)
    village.send(moved(village.session()))
    assert village.said(home) == []  # nobody knew; the reminders will tell the new day
    village.now = datetime(2026, 12, 2, 8, tzinfo=WIB)
    village.deliver()
    assert village.said(home) == []


def test_only_the_hour_changes_and_everybody_hears_the_new_one_once(village: Village) -> None:
    home = village.family(1)
    village.now = datetime(2026, 12, 1, 20, 30, tzinfo=WIB)
    village.send(NEW)  # waits until seven
    village.send(moved(village.session(), None, time=time(10)))
    assert village.said(home) == ["siar/pindah"]
    assert "10.00" in village.heard(home)[0].text and "08.00" not in village.heard(home)[0].text


def test_cancelling_tells_those_who_knew_and_the_day_is_free_again(village: Village) -> None:
    told = village.family(1)
    village.send(NEW)
    village.deliver()
    new_family = village.family(2)
    village.send(cancelled(village.session()))
    assert (village.said(told), village.said(new_family)) == (["siar/jadwal", "siar/batal"], [])
    assert village.sessions() == []
    for home in (told, new_family):
        planned = [row for row in village.read(lambda tx, home=home: tx.reminders_of(home)) if row.state == "planned"]
        assert all(row.event != "posyandu_session" for row in planned)
    village.now += timedelta(days=1)
    assert village.preview(NEW).refused is None
    village.send(NEW)
    assert village.sessions() == [DAY]


def test_after_two_moves_those_who_know_any_of_the_days_hear_the_last(village: Village) -> None:
    home = village.family(1)
    village.send(NEW)
    village.deliver()
    village.now = datetime(2026, 12, 1, 20, 30, tzinfo=WIB)
    village.send(moved(village.session()))  # waits until seven
    village.send(moved(village.session(), date(2026, 12, 15)))
    assert village.said(home) == ["siar/jadwal", "siar/pindah"]
    assert "15 Desember" in village.heard(home)[-1].text
    assert village.sessions() == [date(2026, 12, 15)]


def test_a_moved_session_may_not_fall_on_another_or_into_the_past_and_must_change_something(village: Village) -> None:
    village.send(NEW)
    session = village.session()
    village.send(replace(NEW, date=NEW_DAY))
    assert village.preview(moved(session)).refused == "double"
    assert village.preview(moved(session, date(2026, 11, 1))).refused == "past"
    assert village.preview(moved(session, DAY)).refused == "empty"
    assert village.preview(replace(cancelled(session), posyandu_id="p2"), OTHER_KADER).refused == "no_session"


def test_two_kaders_who_take_the_same_day_make_one_session_and_the_second_is_told(village: Village) -> None:
    home = village.family(1)
    village.write(lambda tx: enrol(tx, STRANGER, "Rina", Role.KADER, "p1", None, village.now))
    village.confirm(NEW)
    village.now += timedelta(seconds=1)
    second = village.confirm(replace(NEW, place="Rumah Bu RT"), STRANGER)
    village.release()
    assert village.progress(second).state == "void"
    assert village.said(home) == ["siar/jadwal"] and len(village.sessions()) == 1
    assert "tidak jadi dikirim" in village.told_kader(STRANGER)[-1].text


# --------------------------------------------------------------------------- the morning after


def test_the_report_comes_at_half_past_seven_and_names_whom_it_did_not_reach(village: Village) -> None:
    read, got, failed = (village.family(number) for number in (1, 2, 3))
    no_phone = village.family(4, channel=None)
    village.write(lambda tx: tx.set_household_address(failed, "RT 02"))
    sent = village.send(NEW)
    village.deliver(read=[read], fail=[failed])
    found = village.read(lambda tx: broadcasts.report(tx, sent))
    assert (found.total, found.reached, found.read, found.unconfirmed) == (4, 2, 1, 0)
    assert [tuple(row) for row in found.unreached] == [(failed, "Ibu 3 (Anak 3)", "RT 02", "failed")]
    assert [tuple(row) for row in found.no_phone] == [(no_phone, "Ibu 4 (Anak 4)", "", "no_phone")]
    assert village.said(got) == ["siar/jadwal"]
    early = datetime(2026, 11, 24, 7, 29, tzinfo=WIB)
    assert broadcasts.report_due(village.deps, early) == 0
    village.now = early + timedelta(minutes=1)
    assert [broadcasts.report_due(village.deps, village.now) for _ in range(2)] == [1, 0]
    text = village.told_kader()[-1].text
    assert "Ibu 3 (Anak 3), RT 02" in text and "Ibu 4 (Anak 4)" in text and "sampai: 2 (dibaca: 1)" in text
    visits = village.read(lambda tx: tx.open_home_visits(["p1"]))
    assert {(row.household_id, row.reason) for row in visits} == {(failed, "unreached"), (no_phone, "no_phone")}


def test_a_report_of_what_waited_for_the_morning_comes_the_morning_after_that(village: Village) -> None:
    village.family(1)
    village.now = datetime(2026, 12, 1, 21, tzinfo=WIB)
    village.send(NEW)
    assert broadcasts.report_due(village.deps, datetime(2026, 12, 2, 7, 30, tzinfo=WIB)) == 0
    assert broadcasts.report_due(village.deps, datetime(2026, 12, 3, 7, 30, tzinfo=WIB)) == 1


def test_at_most_fifteen_names_stand_in_the_message_and_the_rest_is_counted(village: Village) -> None:
    for number in range(20):
        village.family(number, channel=None)
    village.send(NEW)
    village.now = datetime(2026, 11, 24, 7, 30, tzinfo=WIB)
    broadcasts.report_due(village.deps, village.now)
    text = village.told_kader()[-1].text
    assert sum(f"Ibu {number} (" in text for number in range(20)) == 15
    assert "Dan 5 keluarga lagi" in text


def test_a_kader_whose_role_was_taken_away_is_told_no_names(village: Village) -> None:
    village.family(1, channel=None)
    village.send(NEW)
    before = len(village.told_kader())
    village_kader = village.who()
    village.write(lambda tx: tx.revoke(village_kader.roles[0].id, village.now))
    assert broadcasts.report_due(village.deps, datetime(2026, 11, 24, 7, 30, tzinfo=WIB)) == 1
    assert len(village.read(lambda tx: tx.outbox_of(village_kader.contact_id))) == before


# --------------------------------------------------------------------------- killed, and two at once


def test_interrupted_anywhere_it_goes_on_where_it_was(village: Village, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sapa.services.broadcast_release.BATCH", 3)
    homes = [village.family(number) for number in range(10)]
    sent = village.confirm(NEW)
    village.now += broadcasts.UNDO
    assert broadcasts.release_due(village.deps, village.now, batches=2) == 6
    assert (village.progress(sent).state, village.progress(sent).pending) == ("sending", 4)
    assert broadcasts.release_due(village.deps, village.now) == 4
    assert broadcasts.release_due(village.deps, village.now) == 0
    assert [village.said(home) for home in homes] == [["siar/jadwal"]] * 10
    assert village.progress(sent).state == "done"


def test_two_clocks_at_once_tell_nobody_twice(village: Village, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sapa.services.broadcast_release.BATCH", 4)
    homes = [village.family(number) for number in range(24)]
    sent = village.confirm(NEW)
    moment = village.now + broadcasts.UNDO
    settled: list[int] = []
    clocks = [
        threading.Thread(target=lambda: settled.append(broadcasts.release_due(village.deps, moment))) for _ in range(3)
    ]
    for clock in clocks:
        clock.start()
    for clock in clocks:
        clock.join()
    broadcasts.release_due(village.deps, moment)
    assert [village.said(home) for home in homes] == [["siar/jadwal"]] * 24
    assert len(village.sessions()) == 1 and village.progress(sent).state == "done"
    assert len([row for row in village.told_kader() if row.content_id == "kader/siar/selesai"]) == 1


def test_what_goes_out_stands_on_consent_and_can_be_stopped_until_the_last_moment(village: Village) -> None:
    home = village.family(1)
    sent = village.send(NEW)
    village.write(lambda tx: tx.set_opt_out(village.people(home)[0], village.now))
    village.deliver()
    assert village.said(home) == []
    assert dict(village.progress(sent).skipped) == {"opted_out": 1}
