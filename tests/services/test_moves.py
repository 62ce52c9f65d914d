"""Another posyandu, another town, another number. On both databases."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sapa.bootstrap import App
from sapa.family.people import Child
from sapa.messaging.states import Channel, ReminderState
from sapa.services.households import family_of_contact
from sapa.services.moves import open_unconfirmed_cases
from sapa.services.notices import tell
from sapa.services.records import Reply
from sapa.services.reminders import replan
from tests.household_phones import FATHER, MOTHER, Village

OLD, NEW, THIRD = MOTHER, "+6281200000005", "+6281200000006"
PINDAH, NOMOR = "dialog/pindah/", "dialog/nomor/"


@pytest.fixture
def village(app: App, now: datetime) -> Village:
    return Village(app, now)


def _family(village: Village, phone: str = MOTHER) -> Any:
    with village.app.store.transaction(write=False) as tx:
        return family_of_contact(tx, village.contact(phone).id, village.now, "Asia/Jakarta")


def _code(village: Village, phone: str) -> str:
    texts = [row.text for row in village.sent_to(phone) if row.content_id in (NOMOR + "tanya-lama", NOMOR + "kode")]
    found = re.search(r"\b(\d{6})\b", texts[-1])
    assert found is not None
    return found.group(1)


# -------------------------------------------------------------------------------------------------- a house moves


def test_one_sentence_moves_a_family_to_a_known_posyandu(village: Village) -> None:
    village.register(MOTHER)
    assert village.say(MOTHER, "kami pindah ke posyandu Mawar") == [PINDAH + "konfirmasi"]
    assert _family(village).posyandu.name == "Melati"  # nothing is written before it is confirmed
    assert village.say(MOTHER, "benar") == [PINDAH + "selesai"]
    family = _family(village)
    assert (family.posyandu.name, family.timezone) == ("Mawar", "Asia/Jakarta")  # Melati is WITA, Mawar WIB


def test_the_old_posyandus_reminders_are_cancelled_and_the_new_ones_planned(village: Village) -> None:
    village.register(MOTHER)
    household_id = village.contact(MOTHER).household_id
    assert household_id is not None
    with village.app.store.transaction() as tx:
        replan(village.app.deps, tx, household_id, village.now)
    village.say(MOTHER, "pindah ke posyandu mawar")
    village.say(MOTHER, "benar")
    with village.app.store.transaction(write=False) as tx:
        rows = [row for row in tx.reminders_of(household_id) if row.payload.get("kind") == "session"]
    planned = {row.payload["posyandu"] for row in rows if row.state is ReminderState.PLANNED}
    cancelled = {row.payload["posyandu"] for row in rows if row.state is ReminderState.CANCELLED}
    assert (planned, cancelled) == ({"Mawar"}, {"Melati"})


def test_step_by_step_asks_for_what_was_not_said(village: Village) -> None:
    village.register(MOTHER)
    assert village.say(MOTHER, "pindah posyandu") == [PINDAH + "tanya-posyandu"]
    assert village.say(MOTHER, "1") == [PINDAH + "konfirmasi"]  # the list is by name: Mawar first
    assert village.say(MOTHER, "ya") == [PINDAH + "selesai"]
    assert _family(village).posyandu.name == "Mawar"


def test_an_unknown_posyandu_is_offered_its_likes_once_and_then_kept_as_said(village: Village) -> None:
    village.register(MOTHER)
    asked = [village.say(MOTHER, text) for text in ("pindah ke posyandu Anggrek", "bukan", "Kupang", "benar")]
    assert asked == [
        [PINDAH + "posyandu-tidak-dikenal"],
        [PINDAH + "tanya-provinsi"],
        [PINDAH + "konfirmasi"],
        [PINDAH + "selesai"],
    ]
    family = _family(village)
    assert (family.posyandu, family.province, family.timezone) == (None, "Nusa Tenggara Timur", "Asia/Makassar")
    assert "Posyandu Anggrek" in village.sent_to(MOTHER)[-1].text


def test_another_town_changes_the_clock_the_family_lives_by(village: Village) -> None:
    village.register(MOTHER)
    asked = [village.say(MOTHER, text) for text in ("kami pindah ke Jayapura", "belum tahu", "benar")]
    assert asked == [[PINDAH + "tanya-posyandu"], [PINDAH + "konfirmasi"], [PINDAH + "selesai"]]
    assert _family(village).timezone == "Asia/Jayapura" and "WIT" in village.sent_to(MOTHER)[-1].text


def test_the_clock_stays_where_the_place_stays(village: Village) -> None:
    village.register(MOTHER)
    for text in ("ganti posyandu", "Kenanga Indah", "bukan", "sama", "benar"):
        village.say(MOTHER, text)
    assert _family(village).timezone == "Asia/Makassar"


def test_a_correction_at_the_summary_changes_one_thing(village: Village) -> None:
    village.register(MOTHER)
    village.say(MOTHER, "pindah ke posyandu mawar")
    assert village.say(MOTHER, "salah") == [PINDAH + "tanya-posyandu"]
    assert village.say(MOTHER, "melati") == [PINDAH + "konfirmasi"]


def test_done_twice_it_is_one_move(village: Village) -> None:
    village.register(MOTHER)
    village.say(MOTHER, "pindah ke posyandu mawar")
    village.say(MOTHER, "benar", times=1)
    village.say(MOTHER, "pindah ke posyandu mawar")
    village.say(MOTHER, "benar")
    assert _family(village).posyandu.name == "Mawar"


def test_abroad_we_can_do_little_and_say_so(village: Village) -> None:
    village.register(MOTHER)
    assert village.say(MOTHER, "kami pindah ke Malaysia") == [PINDAH + "luar-negeri"]
    assert _family(village).posyandu.name == "Melati"


def test_a_stranger_who_moves_is_told_how_to_register(village: Village) -> None:
    with village.app.store.transaction() as tx:
        tx.contact_for_address(Channel.WHATSAPP, MOTHER, MOTHER, village.now)
    assert village.say(MOTHER, "kami pindah ke Kupang") == ["dialog/tidak-paham"]  # no label: left to the topics


# -------------------------------------------------------------------------------------------------- a number changes


def test_the_old_number_says_yes_and_everything_comes_to_the_new_one(village: Village) -> None:
    mother = village.register(OLD)
    assert village.say(NEW, "ganti nomor, dulu 0812-0000-0001") == [NOMOR + "menunggu"]
    assert village.sent_to(OLD)[-1].content_id == NOMOR + "tanya-lama"
    assert village.contact(NEW).id != mother  # nothing moves before the old number agrees
    assert village.say(OLD, "ya") == [NOMOR + "selesai-lama"]
    assert village.contact(NEW).id == mother and village.contact(OLD).id != mother
    assert village.contact(OLD).household_id is None
    assert village.sent_to(NEW)[-1].content_id == NOMOR + "selesai-baru"


def test_the_code_shown_on_the_old_phone_may_be_typed_on_the_new_one(village: Village) -> None:
    mother = village.register(OLD)
    village.say(NEW, "ganti nomor, dulu 081200000001")
    assert village.say(NEW, _code(village, OLD)) == [NOMOR + "selesai-baru"]
    assert village.contact(NEW).id == mother
    assert village.sent_to(OLD)[-1].content_id == NOMOR + "kabar-lama"


def test_it_begins_from_the_old_number_as_well(village: Village) -> None:
    mother = village.register(OLD)
    assert village.say(OLD, "nomor saya mau ganti jadi 081200000005") == [NOMOR + "kode"]
    code = _code(village, OLD)
    assert village.say(THIRD, f"NOMOR {code}") == [NOMOR + "kode-salah"]  # not the number that was announced
    assert village.say(NEW, f"NOMOR {code}") == [NOMOR + "selesai-baru"]
    assert village.contact(NEW).id == mother


def test_step_by_step_the_old_number_is_asked_for(village: Village) -> None:
    village.register(OLD)
    assert village.say(NEW, "ganti nomor") == [NOMOR + "tanya-nomor-lama"]
    assert village.say(NEW, "0812 0000 0001") == [NOMOR + "menunggu"]


@pytest.mark.parametrize("told", ["081200000001", "081299999999"])
def test_the_new_number_learns_nothing_not_even_whether_the_old_one_is_known(village: Village, told: str) -> None:
    village.register(OLD)
    village.say(NEW, f"ganti nomor, dulu {told}")
    said = [row.text for row in village.sent_to(NEW)]
    assert [row.content_id for row in village.sent_to(NEW)] == [NOMOR + "menunggu"]
    assert not any("Ani" in text or "Melati" in text or re.search(r"\d{6}", text) for text in said)


@pytest.mark.parametrize("answer", ["tidak", "bukan saya", "bukan"])
def test_a_no_from_the_old_number_ends_it(village: Village, answer: str) -> None:
    mother = village.register(OLD)
    village.say(NEW, "ganti nomor, dulu 081200000001")
    code = _code(village, OLD)
    assert village.say(OLD, answer) == [NOMOR + "ditolak"]
    contact = village.contact(OLD)
    assert contact.id == mother and contact.suspended_at is None
    assert village.say(NEW, code) == [NOMOR + "kode-salah"]


def test_after_a_day_neither_yes_nor_the_code_moves_anything(village: Village) -> None:
    mother = village.register(OLD)
    village.say(NEW, "ganti nomor, dulu 081200000001")
    code = _code(village, OLD)
    village.now += timedelta(hours=25)
    assert village.say(OLD, "ya") == ["dialog/tidak-paham"]
    assert village.say(NEW, f"nomor {code}") == [NOMOR + "kode-salah"]
    assert village.contact(OLD).id == mother


def test_a_yes_to_something_else_moves_nothing(village: Village) -> None:
    mother = village.register(OLD)
    village.say(NEW, "ganti nomor, dulu 081200000001")
    village.say(OLD, "halo")  # another answer came between
    assert village.say(OLD, "ya") == ["dialog/tidak-paham"]
    assert village.contact(OLD).id == mother


def test_a_guesser_is_stopped_after_five_codes(village: Village) -> None:
    mother = village.register(OLD)
    village.say(NEW, "ganti nomor, dulu 081200000001")
    code = _code(village, OLD)
    wrong = f"{(int(code) + 1) % 10**6:06d}"
    for _ in range(5):
        village.say(NEW, f"nomor {wrong}")
    assert village.say(NEW, f"nomor {code}") == [NOMOR + "kode-salah"]
    assert village.contact(OLD).id == mother


def test_the_old_phone_is_not_bothered_again_and_again(village: Village) -> None:
    village.register(OLD)
    answers = [village.say(NEW, "ganti nomor, dulu 081200000001") for _ in range(5)]
    assert answers == [[NOMOR + "menunggu"]] * 3 + [[NOMOR + "terlalu-sering"]] * 2
    assert [row.content_id for row in village.sent_to(OLD)].count(NOMOR + "tanya-lama") == 2


def test_at_night_the_old_number_is_asked_in_the_morning(village: Village) -> None:
    village.register(OLD)
    village.now += timedelta(hours=12)  # 09:00 + 12 h in Jakarta, 22:00 in Kupang
    village.say(NEW, "ganti nomor, dulu 081200000001")
    question = village.sent_to(OLD)[-1]
    assert question.not_before - village.now > timedelta(hours=8)


def test_a_lost_phone_is_for_a_human(village: Village) -> None:
    village.register(OLD)
    assert village.say(NEW, "hp lama hilang, ini nomor baru saya") == [NOMOR + "petugas"]
    assert village.cases() == ["nomor"]
    assert village.say(THIRD, "ganti nomor") == [NOMOR + "tanya-nomor-lama"]
    assert village.say(THIRD, "hilang bu") == [NOMOR + "petugas"]


def test_a_new_number_with_a_family_of_its_own_is_for_a_human(village: Village) -> None:
    village.register(OLD)
    with village.app.store.transaction() as tx:
        contact, _ = tx.contact_for_address(Channel.WHATSAPP, NEW, NEW, village.now)
        own = tx.household_of(contact.id, village.now)
        tx.save_child(own, Child("Budi", village.now.date(), id="22222222-2222-2222-2222-222222222222"), village.now)
    village.say(NEW, "ganti nomor, dulu 081200000001")
    assert village.say(OLD, "ya") == [NOMOR + "petugas"]
    assert village.contact(NEW).household_id == own and village.cases() == ["nomor"]


def test_a_silent_number_is_never_asked(village: Village) -> None:
    village.register(OLD)
    village.say(OLD, "salah sambung")
    village.say(NEW, "ganti nomor, dulu 081200000001")
    assert NOMOR + "tanya-lama" not in [row.content_id for row in village.sent_to(OLD)]


def test_by_sms_it_goes_the_same_way_and_both_addresses_move(village: Village) -> None:
    mother = village.register(OLD)
    village.say(OLD, "halo", Channel.SMS)
    village.now += timedelta(hours=1)
    assert village.say(NEW, "ganti nomor, dulu 081200000001", Channel.SMS) == [NOMOR + "menunggu"]
    assert village.say(OLD, "YA") == [NOMOR + "selesai-lama"]
    assert village.contact(NEW, Channel.SMS).id == mother
    assert village.contact(OLD, Channel.SMS).id == village.contact(OLD).id != mother


def test_worked_on_twice_one_question_goes_out(village: Village) -> None:
    village.register(OLD)
    village.say(NEW, "ganti nomor, dulu 081200000001", times=2)
    assert [row.content_id for row in village.sent_to(OLD)].count(NOMOR + "tanya-lama") == 1


def test_the_seat_of_somebody_with_a_new_number_stays(village: Village) -> None:
    village.register(OLD)
    village.say(OLD, "tambah suami")
    code = re.search(r"IKUT (\d{6})", village.sent_to(OLD)[-1].text)
    assert code is not None
    village.say(FATHER, f"IKUT {code.group(1)}")
    village.say(FATHER, "setuju")
    father = village.contact(FATHER).id
    village.now += timedelta(hours=1)
    village.say(NEW, "ganti nomor, dulu 081200000002")
    assert village.say(FATHER, "ya") == [NOMOR + "selesai-lama"]
    assert village.contact(NEW).id == father and village.contact(NEW).relation == "ayah"


def test_a_change_nobody_confirms_becomes_one_case_after_a_day(village: Village) -> None:
    village.register(OLD)
    village.say(NEW, "ganti nomor, dulu 081200000001")
    for hours, cases in ((23, []), (25, ["nomor"]), (26, ["nomor"])):
        with village.app.store.transaction() as tx:
            open_unconfirmed_cases(tx, village.now + timedelta(hours=hours))
        assert village.cases() == cases


def test_a_yes_in_the_middle_of_a_talk_gives_no_household_away(village: Village) -> None:
    """Our question breaks into a dialogue whose own question is answered with "ya": it is put once more."""
    mother = village.register(OLD)
    village.say(OLD, "pindah rumah")
    village.say(NEW, "ganti nomor, dulu 081200000001")
    assert village.say(OLD, "ya") == [NOMOR + "tanya-lama"]
    assert village.contact(OLD).id == mother
    assert village.say(OLD, "ya") == [NOMOR + "selesai-lama"]
    assert village.contact(NEW).id == mother


def test_a_yes_in_the_night_is_not_for_the_question_that_waits_for_the_morning(village: Village) -> None:
    mother = village.register(OLD)
    village.now = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)  # 23:00 in Makassar
    village.say(NEW, "ganti nomor, dulu 081200000001")
    asked = village.sent_to(OLD)[-1]
    assert asked.content_id == NOMOR + "tanya-lama" and asked.not_before > village.now + timedelta(hours=7)
    village.say(OLD, "ya")
    assert village.contact(OLD).id == mother


def test_what_waits_for_the_old_number_is_not_sent_there_any_more(village: Village) -> None:
    """Also notices: that grandmother follows from now on is no news for whoever has the old phone next."""
    mother = village.register(OLD)
    with village.app.store.transaction() as tx:
        tell(village.app.deps, tx, mother, Reply("dialog/kursi/kabar-keluar"), village.now, "news")
    village.say(NEW, "ganti nomor, dulu 081200000001")
    village.say(OLD, "ya")
    assert {row.content_id: row.state for row in village.sent_to(OLD)}["dialog/kursi/kabar-keluar"] == "suppressed"
