"""Short messages of somebody whose method is registered: visits, dates, changes, and what is not theirs to take."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from sapa.bootstrap import App
from sapa.clock import SetClock
from sapa.family.people import Child, Contraception, Sex
from sapa.messaging.states import Channel, Kind
from sapa.services import kb_recording
from sapa.services.consents import FAMILY_PLANNING
from sapa.services.households import family_of_contact
from sapa.services.records import OutboxDraft, Reply
from sapa.services.replies import render_reply
from tests.support import NOW, opened, settings_for, wired

TODAY = date(2026, 11, 23)  # a Monday
_numbers = itertools.count(1)
ASK_NEXT, RECORDED, WHEN = "dialog/kb/tanggal-berikut", "dialog/kb/tercatat", "dialog/kb/jadwal"
NOT_YET, STOPPED, SURE = "dialog/kb/belum", "dialog/kb/berhenti", "dialog/kb/berhenti-yakin"


class User:
    """Somebody with a registered method, and what was said to her so far."""

    def __init__(self, app: App, method: str, last: date | None, card: date | None, child: bool) -> None:
        self.app, self.now = app, NOW
        number = f"+6281288{next(_numbers):06d}"
        with app.store.transaction() as tx:
            contact, address = tx.contact_for_address(Channel.WHATSAPP, number, number, NOW)
            self.contact_id, self.address_id = contact.id, address.id
            household = tx.household_of(contact.id, NOW)
            tx.record_consent(contact.id, FAMILY_PLANNING, "wording", True, None, NOW)
            tx.save_contraception(contact.id, Contraception(method, last, card, contact.id, f"kb-{number}"), NOW)
            if child:
                tx.save_child(household, Child("Ani", date(2025, 5, 3), Sex.FEMALE, id=f"child-{number}"), NOW)

    def hear(self, content: str, kind: Kind = Kind.REMINDER, ago: timedelta = timedelta(hours=1)) -> None:
        """Something we sent her."""
        with self.app.store.transaction() as tx:
            draft = OutboxDraft(
                dedupe_key=f"{self.contact_id}:{next(_numbers)}",
                contact_id=self.contact_id,
                address_id=self.address_id,
                channel=Channel.WHATSAPP,
                kind=kind,
                content_id=content,
                text="-",
            )
            tx.queue(draft, self.now - ago)

    def say(self, text: str, label: str = "UNSURE", heard: bool = True) -> list[str] | None:
        """Her message; what the recorder makes of it (and she hears it, so that the next answer belongs to it)."""
        with self.app.store.transaction() as tx:
            replies = kb_recording.record(self.app.deps, tx, self.contact_id, text, label, self.now)
        if replies is None:
            return None
        self.replies = replies
        for reply in replies:
            if heard:
                self.hear(reply.key, Kind.FLOW, timedelta())
        return [reply.key for reply in replies]

    def texts(self, channel: Channel = Channel.WHATSAPP) -> str:
        with self.app.store.transaction(write=False) as tx:
            family = family_of_contact(tx, self.contact_id, self.now, "Asia/Jakarta")
            return "\n".join(render_reply(self.app.deps, reply, channel, family).text for reply in self.replies)

    def record(self) -> Contraception | None:
        with self.app.store.transaction(write=False) as tx:
            return tx.contraception_of(self.contact_id)

    def dates(self) -> tuple[date | None, date | None]:
        record = self.record()
        assert record is not None
        return record.last_date, record.return_on


class Users:
    """Makes users of one application, each another person."""

    def __init__(self, app: App) -> None:
        self.app = app

    def __call__(
        self,
        method: str = "suntik_3_bulan",
        last: date | None = date(2026, 9, 3),
        card: date | None = None,
        child: bool = False,
    ) -> User:
        return User(self.app, method, last, card, child)


@pytest.fixture(scope="module")
def users(tmp_path_factory: pytest.TempPathFactory, new_file: Callable[[Path], str]) -> Iterator[Users]:
    folder = tmp_path_factory.mktemp("kb-recording")
    url = new_file(folder / "kb.db")
    engine = opened(url)
    yield Users(wired(settings_for(url, folder), engine, SetClock(NOW)))
    engine.dispose()


# ------------------------------------------------------------------------------------------- after our own reminder


@pytest.mark.parametrize(
    "text", ["SUDAH", "sudah bu", "sdh", "udah kok bu", "sampun", "sudah suntik", "sudah ke bidan"]
)
def test_sudah_after_our_reminder_is_the_visit_and_the_next_date_is_asked_neutrally(users: Users, text: str) -> None:
    user = users(child=True)
    user.hear("pengingat/kb/jadwal")
    assert user.say(text) == [ASK_NEXT]
    assert user.dates() == (TODAY, None)
    _neutral(user)
    assert user.say("16 februari") == [RECORDED]
    assert user.dates() == (TODAY, date(2027, 2, 16))
    _neutral(user)


@pytest.mark.parametrize("text", ["belum tahu", "tidak ada", "belum", "lupa"])
def test_without_a_card_the_default_with_a_source_goes_on(users: Users, text: str) -> None:
    user = users()
    user.hear("pengingat/kb/jadwal")
    user.say("sudah")
    assert user.say(text) == [RECORDED]
    assert user.replies[0].vars["kb_return"] == "2027-02-15"  # 23 Nov + 84: 7 + 31 + 31 = 69 by 31 Jan, 15 more
    assert user.dates() == (TODAY, None)


def test_a_visit_told_with_its_day_and_the_next_date_needs_no_question(users: Users) -> None:
    user = users()
    user.hear("pengingat/kb/jadwal")
    assert user.say("sudah ke bidan kemarin, kembali 26 februari") == [RECORDED]
    assert user.dates() == (date(2026, 11, 22), date(2027, 2, 26))


def test_yes_and_no_answer_the_check_only_straight_after_it(users: Users) -> None:
    user = users(card=date(2026, 11, 20))
    user.hear("pengingat/kb/sudah")
    assert user.say("iya") == [ASK_NEXT]
    other = users(card=date(2026, 11, 20))
    other.hear("pengingat/kb/sudah")
    assert other.say("belum bu") == [NOT_YET]
    assert "secepatnya" in other.texts()
    assert other.dates() == (date(2026, 9, 3), date(2026, 11, 20))
    third = users(card=date(2026, 11, 20))
    third.hear("pengingat/kb/sudah", ago=timedelta(days=5))
    assert third.say("iya") is None


def test_belum_before_the_day_names_the_day_and_no_haste(users: Users) -> None:
    user = users(card=date(2026, 11, 28))
    user.hear("pengingat/kb/jadwal")
    assert user.say("belum") == [NOT_YET]
    assert "28 November" in user.texts() and "secepatnya" not in user.texts()


def test_a_date_that_has_passed_is_asked_again(users: Users) -> None:
    user = users()
    user.hear("pengingat/kb/jadwal")
    user.say("sudah")
    assert user.say("16 november") == ["dialog/kb/tanggal-lewat"]
    assert user.say("16 februari") == [RECORDED]
    assert user.say("eh 17 februari") == [RECORDED]  # a date straight after the shown one mends it
    assert user.dates()[1] == date(2027, 2, 17)


def test_sudah_is_left_alone_when_the_newest_reminder_was_about_something_else(users: Users) -> None:
    user = users(child=True)
    user.hear("pengingat/kb/jadwal", ago=timedelta(days=3))
    user.hear("pengingat/posyandu", ago=timedelta(hours=2))
    assert user.say("SUDAH") is None
    late = users(child=True)
    late.hear("pengingat/kb/jadwal", ago=timedelta(days=22))
    assert late.say("SUDAH") is None


# -------------------------------------------------------------------------------------------------- without a reminder


@pytest.mark.parametrize(
    ("text", "child", "expected"),
    [
        ("sudah suntik kb", True, [ASK_NEXT]),
        ("sudah suntik kb kemarin, kembali 14 februari", True, [RECORDED]),
        ("sudah suntik", False, [ASK_NEXT]),
        ("sudah suntik", True, None),  # may be the child's vaccine
        ("sudah ke bidan, kembali 26 februari", False, [RECORDED]),
        ("sudah ke bidan, kembali 26 februari", True, None),
        ("sudah suntik anak saya", False, None),
        ("SUDAH", False, None),
        ("sudah suntik bcg", False, None),
        ("kembali tgl 26 nov kata bidan kb", True, [RECORDED]),
        ("sudah makan", False, None),
        ("iya", False, None),
        ("terima kasih bu", False, None),
        ("besok posyandu", False, None),
        ("suntik kb bikin gemuk?", False, None),
        ("suntik kb bikin gemuk", False, None),
        ("sudah suntik kb tapi pusing terus", False, None),
    ],
)
def test_without_a_reminder_only_what_is_sure_is_taken(
    users: Users, text: str, child: bool, expected: list[str] | None
) -> None:
    assert users(child=child).say(text) == expected


@pytest.mark.parametrize("label", ["danger", "keluhan", "flow/duka", "flow/hapus-data", "handover"])
def test_what_is_more_urgent_is_never_taken(users: Users, label: str) -> None:
    user = users()
    user.hear("pengingat/kb/jadwal")
    assert user.say("sudah suntik kb", label) is None


def test_nobody_without_a_record_or_without_consent_is_spoken_to(users: Users) -> None:
    user = users()
    with user.app.store.transaction() as tx:
        tx.record_consent(user.contact_id, FAMILY_PLANNING, "wording", False, None, NOW + timedelta(minutes=1))
    assert user.say("sudah suntik kb") is None
    other = users()
    record = other.record()
    assert record is not None
    with other.app.store.transaction() as tx:
        tx.stop_contraception(record.id, TODAY, NOW)
    assert other.say("sudah suntik kb") is None


def test_one_message_done_twice_is_one_visit(users: Users) -> None:
    user = users()
    user.hear("pengingat/kb/jadwal")
    user.say("sudah", heard=False)
    first = user.record()
    assert user.say("sudah", heard=False) == [ASK_NEXT]
    assert user.record() == first


# --------------------------------------------------------------------------------------------------------- questions


@pytest.mark.parametrize(
    "text",
    ["kapan saya suntik lagi?", "kapan suntik kb lagi", "tgl berapa saya kembali ke bidan?", "jadwal kb saya kapan"],
)
def test_kapan_saya_suntik_lagi_is_answered_from_the_record_without_naming_it(users: Users, text: str) -> None:
    user = users()
    assert user.say(text) == [WHEN]
    assert "26 November 2026" in user.texts()
    _neutral(user)


def test_a_date_that_only_the_card_knows_is_not_made_up(users: Users) -> None:
    user = users("suntik_1_bulan")
    assert user.say("kapan saya suntik lagi?") == [WHEN]
    assert "Lihat kartu" in user.texts() and "Oktober" not in user.texts()


@pytest.mark.parametrize(
    "text", ["kapan anak saya suntik lagi?", "kapan ibu hamil suntik?", "kapan boleh suntik kb habis lahiran?"]
)
def test_other_questions_about_when_are_topics(users: Users, text: str) -> None:
    assert users(child=True).say(text) is None


# ----------------------------------------------------------------------------------------------------------- changes


@pytest.mark.parametrize("label", ["UNSURE", "flow/daftar-kb", "flow/berhenti"])
def test_the_wish_to_stop_is_asked_about_once_and_is_no_opt_out(users: Users, label: str) -> None:
    user = users()
    assert user.say("mau berhenti KB", label) == [SURE]
    assert user.record() is not None
    assert user.say("ya") == [STOPPED]
    assert user.record() is None


def test_no_to_that_question_keeps_all(users: Users) -> None:
    user = users()
    user.say("mau berhenti kb")
    assert user.say("tidak jadi, jangan") in ([WHEN], None)
    assert user.record() is not None


@pytest.mark.parametrize("text", ["berhenti", "berhenti diingatkan", "stop pengingat kb"])
def test_stopping_our_messages_is_not_stopping_the_method(users: Users, text: str) -> None:
    user = users()
    assert user.say(text, "flow/berhenti") is None
    assert user.record() is not None


def test_what_has_been_given_up_is_ended_at_once(users: Users) -> None:
    user = users()
    assert user.say("sudah berhenti kb") == [STOPPED]
    assert user.record() is None


def test_an_implant_is_taken_out_by_a_health_worker_and_then_ended(users: Users) -> None:
    user = users("implan", date(2025, 5, 3))
    assert user.say("mau lepas implan") == ["dialog/kb/lepas"]
    assert user.record() is not None
    assert user.say("sudah dilepas kemarin") == [STOPPED]
    assert user.record() is None


def test_with_a_child_at_home_sudah_dilepas_is_asked_about(users: Users) -> None:
    user = users("implan", date(2025, 5, 3), child=True)
    assert user.say("sudah dilepas") == [SURE]


def test_another_method_is_noted_with_its_dates_and_the_old_one_ends(users: Users) -> None:
    user = users()
    before = user.record()
    assert user.say("ganti ke pil") == ["dialog/kb/ganti", "dialog/kb/tanya-bidan", ASK_NEXT]
    after = user.record()
    assert before is not None and after is not None
    assert (after.method, after.last_date, after.return_on) == ("pil", None, None) and after.id != before.id
    assert user.say("20 desember") == [RECORDED]
    assert user.dates() == (None, date(2026, 12, 20))
    assert user.say("sudah ganti ke implan hari ini") == ["dialog/kb/ganti", ASK_NEXT]
    assert user.dates() == (TODAY, None)


def test_which_injection_it_is_now_is_asked(users: Users) -> None:
    user = users("pil", date(2026, 11, 1))
    assert user.say("ganti ke suntik") == ["dialog/kb/ganti-jenis"]
    assert user.say("ganti ke suntik 3 bulan tadi pagi") == ["dialog/kb/ganti", ASK_NEXT]
    record = user.record()
    assert record is not None and (record.method, record.last_date) == ("suntik_3_bulan", TODAY)


def test_the_wish_to_change_is_for_the_bidan(users: Users) -> None:
    user = users()
    assert user.say("mau ganti ke implan") == ["dialog/kb/ganti-mau"]
    record = user.record()
    assert record is not None and record.method == "suntik_3_bulan"


# --------------------------------------------------------------------------------------------------------- pregnancy


def test_a_pregnancy_ends_the_record_and_asks_kindly_without_naming_it(users: Users) -> None:
    user = users()
    with user.app.store.transaction() as tx:
        reply = kb_recording.on_pregnancy(tx, user.contact_id, NOW)
    assert user.record() is None
    assert reply is not None
    user.replies = (reply,)
    _neutral(user)
    with user.app.store.transaction() as tx:
        assert kb_recording.on_pregnancy(tx, user.contact_id, NOW) is None


# ------------------------------------------------------------------------------------------------------ shared phones


def _neutral(user: User) -> None:
    for channel in Channel:
        assert_neutral(user.texts(channel))


_TELLTALE = ("kb", "suntik", "pil ", "implan", "susuk", "iud", "spiral", "kondom", "steril", "kontrasepsi", "hormon")


def assert_neutral(text: str) -> None:
    words = f" {text.casefold()} "
    assert not any(f" {word.strip()}" in words for word in _TELLTALE), text


@pytest.mark.parametrize("channel", list(Channel))
def test_no_reminder_names_the_method_or_what_it_is_for(users: Users, channel: Channel) -> None:
    content = users.app.deps.content
    ids = [name for name in content.ids() if name.startswith("pengingat/kb/")]
    assert len(ids) == 4
    for name in ids:
        rendered = content.render(name, channel.value, TODAY, date="2026-11-26", days=7, bot_whatsapp="+62811")
        assert_neutral(rendered.text)
        assert_neutral(rendered.title)
        assert rendered.template == "pengingat_umum"


def test_what_is_said_of_an_unsure_visit_names_no_day(users: Users) -> None:
    for name in ("pengingat/kb/lihat-kartu", "pengingat/kb/siapkan", "pengingat/kb/sudah"):
        text = users.app.deps.content.render(name, "whatsapp", TODAY, date="2026-11-26", days=7).text
        assert "November" not in text and "7 hari" not in text


def test_replies_are_json_so_that_they_survive_the_way_through_rasa(users: Users, now: datetime) -> None:
    user = users()
    user.hear("pengingat/kb/jadwal")
    user.say("sudah")
    assert all(isinstance(value, str | bool | None) for reply in user.replies for value in reply.vars.values())
    assert isinstance(user.replies[0], Reply)


@pytest.mark.parametrize("text", ["belum sempat bu, telat gmn ya", "blm bisa ke bidan, gimana ya?", "belum jadi pergi"])
def test_not_yet_straight_after_our_reminder_is_answered_also_as_a_question(users: Users, text: str) -> None:
    user = users(card=date(2026, 11, 20))
    user.hear("pengingat/kb/sudah")
    assert user.say(text) == ["dialog/kb/belum"]
    _neutral(user)


def test_not_yet_of_something_else_is_no_answer(users: Users) -> None:
    user = users()
    user.hear("pengingat/kb/jadwal")
    assert user.say("belum haid juga bu, hamil gak ya") is None


def test_a_date_just_shown_is_mended_in_half_a_sentence(users: Users) -> None:
    user = users()
    user.hear("pengingat/kb/jadwal")
    user.say("sudah")
    user.say("20 feb")
    assert user.say("eh salah, 22 feb") == [RECORDED]
    assert user.dates()[1] == date(2027, 2, 22)


@pytest.mark.parametrize("text", ["gak ada kartu", "kartunya hilang bu", "belum dikasih tanggal"])
def test_without_a_card_there_is_no_dead_end(users: Users, text: str) -> None:
    user = users()
    user.hear("pengingat/kb/jadwal")
    user.say("sudah")
    assert user.say(text) == [RECORDED]


@pytest.mark.parametrize("text", ["3 bulan", "yang 3 bulan", "ganti ke suntik 3 bulan"])
def test_which_injection_may_be_said_as_it_was_asked(users: Users, text: str) -> None:
    user = users("implan", date(2026, 10, 1))
    assert user.say("ganti ke suntik") == ["dialog/kb/ganti-jenis"]
    assert user.say(text) == ["dialog/kb/ganti", ASK_NEXT]
    record = user.record()
    assert record is not None and record.method == "suntik_3_bulan"


def test_td_pagi_is_this_morning_and_no_vaccine(users: Users) -> None:
    user = users("pil_progestin", date(2026, 11, 1))
    assert user.say("pindah ke implan td pagi") == ["dialog/kb/ganti", ASK_NEXT]


def test_who_has_nobody_else_to_bring_may_ask_when_to_come_back(users: Users) -> None:
    assert users(card=date(2026, 12, 20)).say("kapan saya harus balik?") == ["dialog/kb/jadwal"]
    assert users(card=date(2026, 12, 20), child=True).say("kapan saya harus balik?") is None
