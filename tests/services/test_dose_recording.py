"""Doses recorded by chat: what is written, what is asked, what is left to the rest of the dialogue. Both databases."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from sapa.bootstrap import App
from sapa.family.people import Child
from sapa.messaging.sms import sms_parts
from sapa.messaging.states import Channel, ReminderState
from sapa.services.consents import CHILD_CARE
from sapa.services.dose_recording import QUESTION_LIFE, context_from, record_from_message
from sapa.services.due import queue_due
from sapa.services.inbound import receive_message
from sapa.services.records import PosyanduRow, ReminderRow, Reply, SessionRow
from sapa.services.reminders import replan
from sapa.services.replies import queue_replies
from tests.support import inbound_form

ANI = "+6281200000001"
BORN = date(2026, 10, 10)  # two months old on the posyandu day
SESSION = date(2026, 12, 10)
EVE = datetime(2026, 12, 9, 8, 0, tzinfo=UTC)  # 16:00 in WITA
NOON = datetime(2026, 12, 10, 4, 0, tzinfo=UTC)  # the posyandu day, 12:00
LATER = datetime(2026, 12, 14, 4, 0, tzinfo=UTC)  # a Monday
AT_SESSION = {"BCG", "OPV1", "DPTHBHIB1", "PCV1", "RV1"}  # HB0 is past, OPV2 comes four weeks after OPV1
ASK = "dialog/catat-imunisasi/"


class Talk:
    """A caregiver and the bot; every reply is rendered and queued as in the real dialogue."""

    def __init__(self, app: App, now: datetime) -> None:
        self.app, self.now = app, now
        with app.store.transaction() as tx:
            contact, _ = tx.contact_for_address(Channel.WHATSAPP, ANI, ANI, now)
            self.contact_id = contact.id

    def family(self, *children: Child, session: bool = True) -> Talk:
        with self.app.store.transaction() as tx:
            tx.record_consent(self.contact_id, CHILD_CARE, "...", True, "in-1", self.now)
            self.household_id = tx.household_of(self.contact_id, self.now)
            tx.save_posyandu(PosyanduRow("p1", "Melati", "Asia/Makassar", "Nusa Tenggara Timur"))
            if session:
                tx.save_session(SessionRow("s1", "p1", SESSION, time(8), "Balai Desa"))
            tx.set_posyandu(self.household_id, "p1")
            for child in children:
                tx.save_child(self.household_id, child, self.now)
            replan(self.app.deps, tx, self.household_id, self.now)
        return self

    def reminded(self, at: datetime) -> Talk:
        """Let everything planned up to `at` go out."""
        with self.app.store.transaction(write=False) as tx:
            planned = sorted({row.send_at for row in tx.reminders_of(self.household_id) if row.send_at <= at})
        for moment in planned:
            queue_due(self.app.deps, moment)
        self.now = at
        return self

    def say(self, text: str, label: str = "inform", at: datetime | None = None) -> Reply | None:
        self.now = at or self.now
        receipt = receive_message(self.app.deps, inbound_form(text, ANI), self.now)
        assert receipt.inbound_id is not None
        self._told = (text, label, receipt.inbound_id)
        return self._turn()

    def again(self) -> Reply | None:
        """The same turn once more, as after a kill before its answer was written: the answer is not queued twice."""
        return self._turn()

    def _turn(self) -> Reply | None:
        text, label, inbound_id = self._told
        with self.app.store.transaction() as tx:
            reply = record_from_message(self.app.deps, tx, self.contact_id, text, label, self.now)
            message = tx.inbound(inbound_id)
        if reply is not None:
            for channel in ("whatsapp", "sms"):
                self._render(reply, channel)
        self._pending = (message, reply)
        return reply

    def answered(self) -> None:
        """The answer is queued: from now on it is the last thing we said."""
        message, reply = self._pending
        with self.app.store.transaction() as tx:
            assert message is not None
            queue_replies(self.app.deps, tx, message, [reply or Reply("dialog/menu")], self.now)

    def _render(self, reply: Reply, channel: str) -> None:
        text = self.app.content.render(reply.key, channel, self.now.date(), **reply.vars).text
        assert len(text) <= 1024 if channel == "whatsapp" else sms_parts(text) <= 2, text

    def doses(self, name: str = "Aisyah") -> Mapping[str, date]:
        with self.app.store.transaction(write=False) as tx:
            return next(child.doses for child in tx.children_of(self.household_id) if child.name == name)


def aisyah(**doses: date) -> Child:
    return Child(id="c1", name="Aisyah", birth_date=BORN, doses=doses)


def budi(**doses: date) -> Child:
    return Child(id="c2", name="Budi", birth_date=date(2026, 1, 5), doses=doses)


@pytest.fixture
def talk(app: App, now: datetime) -> Talk:
    return Talk(app, now)


def key(reply: Reply | None) -> str | None:
    return None if reply is None else reply.key.removeprefix(ASK)


# ------------------------------------------------------------------------------------------- after a posyandu day


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("SUDAH", "afirmasi"),
        ("sudah bu", "inform"),
        ("sdh semua", "sapaan"),
        ("Sudah ✅", "flow/catat-imunisasi"),
        ("sudah diimunisasi", "imunisasi/jadwal"),
    ],
)
def test_sudah_records_what_the_reminder_named_on_the_posyandu_day(talk: Talk, text: str, label: str) -> None:
    talk.family(aisyah()).reminded(EVE)
    reply = talk.say(text, label, at=LATER)
    assert talk.doses() == dict.fromkeys(AT_SESSION, SESSION)
    assert reply is not None and key(reply) == "tercatat"
    assert reply.vars["date"] == "2026-12-10"
    assert {dose for row in reply.vars["children"] for dose in row["doses"]} == AT_SESSION


def test_the_same_turn_twice_changes_nothing_and_says_the_same(talk: Talk) -> None:
    talk.family(aisyah()).reminded(EVE)
    first = talk.say("SUDAH", "afirmasi", at=NOON)
    with talk.app.store.transaction(write=False) as tx:
        plan = tx.reminders_of(talk.household_id)
    assert talk.again() == first
    with talk.app.store.transaction(write=False) as tx:
        assert tx.reminders_of(talk.household_id) == plan


def test_the_plan_follows_what_was_recorded(talk: Talk) -> None:
    """DPT 2 comes 28 days after DPT 1 at the earliest, and at three months: 10 January."""
    talk.family(aisyah()).reminded(EVE)
    talk.say("SUDAH", "afirmasi", at=NOON)
    with talk.app.store.transaction(write=False) as tx:
        ahead = [row for row in tx.reminders_of(talk.household_id) if row.state is ReminderState.PLANNED]
    named = {dose for row in ahead for child in row.payload.get("children", ()) for dose in child.get("doses", ())}
    assert not named & AT_SESSION
    assert min(row.due_on for row in ahead if row.event == "dose") == date(2027, 1, 7)  # OPV2, 28 days after OPV1


@pytest.mark.parametrize(
    ("text", "left_out"),
    [
        ("SUDAH kecuali PCV", {"PCV1"}),
        ("sudah semua, PCV nya kosong", {"PCV1"}),
        ("sudah, PCV sama rotavirus belum", {"PCV1", "RV1"}),
        ("SUDAH BCG saja", AT_SESSION - {"BCG"}),
        ("sudah BCG dan polio tetes", AT_SESSION - {"BCG", "OPV1"}),
        ("dpt sudah pcv belum", AT_SESSION - {"DPTHBHIB1"}),
    ],
)
def test_what_is_left_out_is_not_recorded(talk: Talk, text: str, left_out: set[str]) -> None:
    talk.family(aisyah()).reminded(EVE)
    assert key(talk.say(text, "afirmasi", at=LATER)) == "tercatat"
    assert talk.doses() == dict.fromkeys(AT_SESSION - left_out, SESSION)


def test_a_day_told_goes_before_the_posyandu_day(talk: Talk) -> None:
    talk.family(aisyah()).reminded(EVE)
    assert key(talk.say("SUDAH 12 Desember", "afirmasi", at=LATER)) == "tercatat"
    assert set(talk.doses().values()) == {date(2026, 12, 12)}


def test_sudah_before_the_posyandu_day_is_asked_about_not_recorded(talk: Talk) -> None:
    talk.family(aisyah()).reminded(EVE)
    assert key(talk.say("SUDAH", "afirmasi")) == "tanya-tanggal"
    assert talk.doses() == {}
    talk.answered()
    assert key(talk.say("8 Desember")) == "tercatat"
    assert talk.doses() == dict.fromkeys(AT_SESSION, date(2026, 12, 8))


def test_a_nod_to_an_invitation_records_nothing(talk: Talk) -> None:
    talk.family(aisyah()).reminded(EVE)
    for text in ("ya", "oke", "baik bu", "tidak", "👍"):
        assert talk.say(text, "afirmasi", at=NOON) is None, text
    assert talk.doses() == {}


def test_belum_is_taken_kindly_and_records_nothing(talk: Talk) -> None:
    talk.family(aisyah()).reminded(EVE)
    assert key(talk.say("belum bu", "negasi", at=LATER)) == "belum"
    assert talk.doses() == {}


def test_three_weeks_later_sudah_means_something_else(talk: Talk) -> None:
    talk.family(aisyah()).reminded(EVE)
    assert talk.say("sudah", "afirmasi", at=EVE + timedelta(days=21, seconds=1)) is None
    assert talk.doses() == {}


def test_thanks_at_the_end_of_another_talk_are_no_report(talk: Talk) -> None:
    talk.family(aisyah()).reminded(EVE)
    assert talk.say("menu", "menu", at=LATER) is None
    talk.answered()
    assert talk.say("sudah bu, makasih", "sapaan") is None
    assert talk.doses() == {}


# ---------------------------------------------------------------------------------------------- asked after a dose

ONLY_BCG = date(2026, 11, 10)  # one month old: BCG and the first polio, without a session
CHECKED = datetime(2026, 12, 18, 4, 0, tzinfo=UTC)  # DPT 1 and others on 10 December, asked after on the 17th


def _checked(talk: Talk) -> Talk:
    return talk.family(aisyah(BCG=ONLY_BCG, OPV1=ONLY_BCG), session=False).reminded(CHECKED)


@pytest.mark.parametrize(
    ("text", "on"),
    [
        ("SUDAH 12 Desember", date(2026, 12, 12)),
        ("sudah kemarin", date(2026, 12, 17)),
        ("sudah tgl 11", date(2026, 12, 11)),
        ("12/12/26", date(2026, 12, 12)),
        ("sudah diimunisasi 11 des di puskesmas", date(2026, 12, 11)),
    ],
)
def test_the_question_sudah_is_answered_with_a_day(talk: Talk, text: str, on: date) -> None:
    _checked(talk)
    assert key(talk.say(text)) == "tercatat"
    assert {dose: day for dose, day in talk.doses().items() if day != ONLY_BCG} == dict.fromkeys(
        ("DPTHBHIB1", "OPV2", "PCV1", "RV1"), on
    )


@pytest.mark.parametrize("text", ["SUDAH", "sudah semua", "ya", "👍"])
def test_without_a_day_the_day_is_asked_and_its_answer_is_enough(talk: Talk, text: str) -> None:
    _checked(talk)
    assert key(talk.say(text, "afirmasi")) == "tanya-tanggal"
    assert set(talk.doses()) == {"BCG", "OPV1"}
    talk.answered()
    assert key(talk.say("11 des")) == "tercatat"
    assert talk.doses()["DPTHBHIB1"] == date(2026, 12, 11)


@pytest.mark.parametrize("text", ["BELUM", "belum sempat bu", "tidak"])
def test_not_yet_is_an_answer_too(talk: Talk, text: str) -> None:
    _checked(talk)
    assert key(talk.say(text, "negasi")) == "belum"
    assert set(talk.doses()) == {"BCG", "OPV1"}


# ------------------------------------------------------------------------------------------ doses called by their names


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("BCG 12 November", {"BCG": date(2026, 11, 12)}),
        ("hb0 pas lahir", {"HB0": BORN}),
        ("hepatitis b tgl 11 oktober", {"HB0": date(2026, 10, 11)}),
        ("DPT 11 desember", {"DPTHBHIB1": date(2026, 12, 11)}),  # 62 days old: only the first is possible
        ("sudah polio 1 kemarin", {"OPV1": date(2026, 12, 13)}),
    ],
)
def test_a_named_dose_with_a_day_is_recorded_once(talk: Talk, text: str, written: dict[str, date]) -> None:
    talk.family(aisyah())
    assert key(talk.say(text, at=LATER)) == "tercatat"
    assert talk.doses() == written
    assert key(talk.again()) == "tercatat"
    assert talk.doses() == written


@pytest.mark.parametrize("label", ["flow/catat-imunisasi", "imunisasi/jadwal", "sapaan"])
def test_words_decide_not_the_label(talk: Talk, label: str) -> None:
    talk.family(aisyah())
    assert key(talk.say("BCG 12 november", label, at=LATER)) == "tercatat"


OPEN = [
    ("sudah BCG", "tanya-tanggal"),
    ("sudah BCG bulan lalu", "tanya-tanggal"),
    ("BCG 31 november", "tanya-tanggal"),
    ("BCG besok", "tanggal-belum-tiba"),
    ("BCG 1 Oktober 2026", "sebelum-lahir"),
    ("varicella 12 November", "tidak-dikenal"),
    ("DPT kemarin, sudah dua kali", "yang-ke-berapa"),
    ("hepatitis b kemarin", "yang-ke-berapa"),
    ("BCG Citra 12 November", "anak-yang-mana"),  # no child of ours is called so
]


def test_what_is_open_is_asked_and_nothing_is_written(talk: Talk) -> None:
    talk.family(aisyah())
    for text, asked in OPEN:
        assert key(talk.say(text, at=LATER)) == asked, text
    assert talk.doses() == {}


@pytest.mark.parametrize(
    ("texts", "written"),
    [
        (["sudah BCG", "12 november"], {"BCG": date(2026, 11, 12)}),
        (["BCG besok", "eh 12 november"], {"BCG": date(2026, 11, 12)}),
        (["BCG 1 oktober 2026", "12 november"], {"BCG": date(2026, 11, 12)}),
        (["DPT kemarin, sudah dua kali", "DPT 1 11 desember"], {"DPTHBHIB1": date(2026, 12, 11)}),
        (["hepatitis b kemarin", "DPT-HB-Hib 1"], {"DPTHBHIB1": date(2026, 12, 13)}),
        (["hepatitis b kemarin", "1"], {"DPTHBHIB1": date(2026, 12, 13)}),
        (["BCG Citra 12 november", "Aisyah"], {"BCG": date(2026, 11, 12)}),
    ],
)
def test_the_answer_to_our_question_completes_the_report(
    talk: Talk, texts: list[str], written: dict[str, date]
) -> None:
    talk.family(aisyah())
    talk.say(texts[0], at=LATER)
    talk.answered()
    assert key(talk.say(texts[1])) == "tercatat"
    assert talk.doses() == written


def test_yesterday_is_the_day_before_it_was_said(talk: Talk) -> None:
    talk.family(aisyah(), budi())
    late = datetime(2026, 12, 14, 14, 0, tzinfo=UTC)  # 22:00 in WITA
    assert key(talk.say("BCG kemarin", at=late)) == "anak-yang-mana"
    talk.answered()
    assert key(talk.say("aisyah", at=late + timedelta(hours=10))) == "tercatat"
    assert talk.doses() == {"BCG": date(2026, 12, 13)}


def test_a_question_of_three_days_ago_is_no_longer_open(talk: Talk) -> None:
    talk.family(aisyah())
    talk.say("sudah BCG", at=LATER)
    talk.answered()
    assert talk.say("12 november", at=LATER + QUESTION_LIFE + timedelta(seconds=1)) is None


def test_a_new_question_leaves_the_report_aside(talk: Talk) -> None:
    talk.family(aisyah())
    talk.say("sudah BCG", at=LATER)
    talk.answered()
    assert talk.say("anak batuk harus apa?", "anak/batuk-pilek") is None
    talk.answered()
    assert talk.say("12 november") is None


@pytest.mark.parametrize(
    "text",
    [
        "sudah DPT 1 sama polio 2 kemarin",
        "BCG 12 november, HB0 11 oktober, polio tetes 1",
        "imunisasi 2 bulan lengkap 10/12/26",
        "anak sudah imunisasi lengkap sampai 4 bulan",
        "hapus BCG",
        "salah, BCG belum",
    ],
)
def test_several_doses_or_one_taken_back_are_left_to_the_dialogue_that_shows_them(talk: Talk, text: str) -> None:
    talk.family(aisyah(BCG=ONLY_BCG))
    for label in ("inform", "flow/catat-imunisasi"):
        assert talk.say(text, label, at=LATER) is None
    assert talk.doses() == {"BCG": ONLY_BCG}


def test_a_recorded_day_stays_until_the_caregiver_says_that_it_is_wrong(talk: Talk) -> None:
    talk.family(aisyah(BCG=ONLY_BCG))
    reply = talk.say("BCG 12 november", at=LATER)
    assert reply is not None and key(reply) == "sudah-ada"
    assert reply.vars["children"] == [{"name": "Aisyah", "doses": ["BCG"], "date": "2026-11-10"}]
    assert talk.doses() == {"BCG": ONLY_BCG}
    assert key(talk.say("GANTI BCG 12 november")) == "tercatat"
    assert talk.doses() == {"BCG": date(2026, 11, 12)}


def test_a_day_too_early_is_written_as_told_and_a_health_worker_is_named(talk: Talk) -> None:
    talk.family(aisyah())
    reply = talk.say("DPT 1 tanggal 1 november 2026", at=LATER)  # 22 days old
    assert (
        reply is not None
        and "petugas" in talk.app.content.render(reply.key, "whatsapp", LATER.date(), **reply.vars).text
    )


# ------------------------------------------------------------------------------------------------ several children


def test_with_two_children_the_name_decides(talk: Talk) -> None:
    talk.family(aisyah(), budi())
    reply = talk.say("BCG 12 november", at=LATER)
    assert reply is not None and (key(reply), reply.vars["options"]) == ("anak-yang-mana", ["Aisyah", "Budi"])
    assert key(talk.say("BCG aisyah 12 november")) == "tercatat"
    assert key(talk.say("budi MR 1 kemarin")) == "tercatat"
    assert talk.doses() == {"BCG": date(2026, 11, 12)}
    assert talk.doses("Budi") == {"MR1": date(2026, 12, 13)}


def test_both_means_both(talk: Talk) -> None:
    talk.family(aisyah(), budi())
    talk.say("BCG 12 november", at=LATER)
    talk.answered()
    assert key(talk.say("dua duanya")) == "tercatat"
    assert talk.doses() == talk.doses("Budi") == {"BCG": date(2026, 11, 12)}


def test_a_dose_that_the_reminder_named_for_one_child_is_that_childs(talk: Talk) -> None:
    talk.family(aisyah(), budi(MR1=date(2026, 10, 5))).reminded(EVE)
    assert key(talk.say("rotavirus 1 tanggal 10 desember", at=LATER)) == "tercatat"
    assert talk.doses() == {"RV1": SESSION}


@pytest.mark.parametrize(
    ("text", "aisyah_got", "budi_got"),
    [
        ("SUDAH", True, True),
        ("Aisyah sudah, Budi belum", True, False),
        ("sudah kecuali Aisyah", False, True),
        ("SUDAH Budi saja", False, True),
        ("yang Aisyah belum, Budi sudah", False, True),
    ],
)
def test_sudah_may_be_said_of_one_child(talk: Talk, text: str, aisyah_got: bool, budi_got: bool) -> None:
    talk.family(aisyah(), budi(MR1=date(2026, 10, 5))).reminded(EVE)
    assert key(talk.say(text, "afirmasi", at=NOON)) == "tercatat"
    assert (talk.doses() != {}, set(talk.doses("Budi")) > {"MR1"}) == (aisyah_got, budi_got)


# --------------------------------------------------------------------------------------------- what is not for us


NO_REPORT = [
    ("BCG itu apa?", "imunisasi/manfaat-jenis"),
    ("BCG", "imunisasi/manfaat-jenis"),
    ("imunisasi campak umur berapa", "imunisasi/jadwal"),
    ("anak saya demam habis DPT kemarin", "imunisasi/efek-samping"),
    ("bekas BCG bengkak dari kemarin", "imunisasi/efek-samping"),
    ("jadwal imunisasi anak saya", "flow/jadwal-saya"),
    ("BCG 12 mei", "handover"),
    ("sudah makan telur", "gizi/protein-hewani"),
    ("sudah BCG belum ya", "imunisasi/jadwal"),
    ("besok mau imunisasi dpt harus bawa apa", "posyandu/yang-dibawa"),
    ("belum BCG, terlambat", "imunisasi/terlambat"),
    ("sudah", "afirmasi"),
    ("ya", "afirmasi"),
    ("12 november", "inform"),
    ("Aisyah", "inform"),
    ("halo", "sapaan"),
    ("/imunisasi.manfaat-jenis", "imunisasi/manfaat-jenis"),
    ("hb saya 11 kemarin", "hamil/keluhan-umum"),
    ("kena campak dari kemarin", "anak/kulit-ruam"),
]


def test_what_is_no_report_goes_on_to_the_rest_of_the_dialogue(talk: Talk) -> None:
    talk.family(aisyah())
    for text, label in NO_REPORT:
        assert talk.say(text, label, at=LATER) is None, text
    assert talk.doses() == {}


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("catat imunisasi", "tidak-ada"),
        ("apakah BCG sudah dicatat?", "tidak-ada"),
        ("habis DPT kemarin anaknya demam", "imunisasi/efek-samping"),
    ],
)
def test_what_was_taken_for_a_report_gets_an_answer_in_any_case(talk: Talk, text: str, answer: str) -> None:
    talk.family(aisyah()).reminded(EVE)
    assert key(talk.say(text, "flow/catat-imunisasi", at=LATER)) == answer
    assert talk.doses() == {}


def test_an_unsure_label_does_not_stand_in_the_way(talk: Talk) -> None:
    talk.family(aisyah())
    deps, who = talk.app.deps, talk.contact_id
    with talk.app.store.transaction() as tx:
        assert key(record_from_message(deps, tx, who, "BCG 12 november", "nlu_fallback", LATER)) == "tercatat"
        assert record_from_message(deps, tx, who, "apa kabar", "nlu_fallback", LATER) is None


def test_who_is_not_registered_is_told_how(talk: Talk) -> None:
    assert key(talk.say("BCG 12 november", "inform")) == "tidak-ada"
    assert key(talk.say("catat imunisasi", "flow/catat-imunisasi")) == "tidak-ada"
    assert talk.say("sudah", "afirmasi") is None


# ------------------------------------------------------------------------------------------------- the reminder meant


def _row(due_on: date, event: str = "posyandu_session", **more: Any) -> ReminderRow:
    kind = "session" if event == "posyandu_session" else "dose"
    entry = {
        "kind": kind,
        "date": due_on.isoformat(),
        "time": "08:00",
        "children": [{"name": "Ani", "doses": ["BCG"]}],
        "also": [],
    }
    sent = datetime(2026, 12, 1, 8, 0, tzinfo=UTC) + timedelta(days=more.pop("after", 0))
    return ReminderRow("r", "h", sent, due_on, event, "c", ("Ani",), {**entry, **more}, ReminderState.QUEUED)


@pytest.mark.parametrize(
    ("rows", "named"),
    [
        ([_row(date(2026, 12, 4))], {("BCG", 4, True)}),
        ([_row(date(2026, 12, 5))], {("BCG", 5, True)}),
        ([_row(date(2026, 12, 5), time="13:00")], {("BCG", 5, False)}),  # this afternoon
        ([_row(date(2026, 12, 4), "dose")], {("BCG", 4, False)}),  # the first day it could be had, not a visit
        ([_row(date(2026, 12, 5), "dose")], {("BCG", 5, True)}),  # said on the day itself
        ([_row(date(2026, 12, 4), "dose_check")], {("BCG", 4, False)}),
        ([_row(date(2026, 12, 6))], {("BCG", 6, False)}),  # still ahead
        ([_row(date(2026, 12, 4)), _row(date(2026, 12, 8), "dose", after=3)], {("BCG", 4, True)}),
        (
            [
                _row(
                    date(2026, 12, 4),
                    also=[
                        {"kind": "dose", "date": day, "children": [{"name": "Ani", "doses": [dose]}]}
                        for dose, day in (("PCV1", "2026-12-05"), ("RV1", "2026-12-06"))
                    ],
                )
            ],
            {("BCG", 4, True), ("PCV1", 5, True)},  # the rotavirus lies ahead
        ),
        ([], set()),
    ],
)
def test_sudah_answers_the_newest_reminder_whose_day_has_come(
    rows: list[ReminderRow], named: set[tuple[str, int, bool]]
) -> None:
    context = context_from(rows, datetime(2026, 12, 5, 4, 0, tzinfo=UTC).astimezone(ZoneInfo("Asia/Makassar")))
    assert {(one.dose, one.on.day, one.settled) for one in context.named} == named
