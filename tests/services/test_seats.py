"""Mother, father and grandmother follow one child from three phones, on both databases."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from sapa.bootstrap import App
from sapa.family.people import Child, Contraception, Pregnancy
from sapa.messaging.states import Channel
from sapa.services import seats
from sapa.services.campaigns import load_campaigns
from sapa.services.consents import CHILD_CARE, FAMILY_PLANNING, PREGNANCY_CARE
from tests.household_phones import FATHER, GRANDMOTHER, MOTHER, Village

KURSI = "dialog/kursi/"
CAMPAIGNS = load_campaigns(Path(__file__).resolve().parents[2] / "content" / "id" / "campaigns")


@pytest.fixture
def village(app: App, now: datetime) -> Village:
    return Village(app, now)


def _code(village: Village, phone: str = MOTHER) -> str:
    texts = [row.text for row in village.sent_to(phone) if row.content_id == KURSI + "teruskan"]
    found = re.search(r"IKUT (\d{6})", texts[-1])
    assert found is not None
    return found.group(1)


def _invited(village: Village, wish: str = "tambah suami", **more: bool) -> str:
    village.register(MOTHER, **more)
    village.say(MOTHER, wish)
    return _code(village)


def _joined(village: Village, phone: str = FATHER, wish: str = "tambah suami", **more: bool) -> None:
    code = _invited(village, wish, **more)
    village.say(phone, f"IKUT {code}")
    assert village.say(phone, "setuju") == [KURSI + "selesai"]


def _readers(village: Village, to: str, purpose: str = CHILD_CARE, topic: str = "posyandu") -> list[str]:
    household_id = village.contact(MOTHER).household_id
    assert household_id is not None
    with village.app.store.transaction(write=False) as tx:
        return [address.value for _, address in seats.readers_for(tx, household_id, to, purpose, topic)]


# ---------------------------------------------------------------------------------------------------- taking a seat


def test_an_invitation_is_a_code_and_a_sentence_to_pass_on(village: Village) -> None:
    village.register(MOTHER)
    assert village.say(MOTHER, "tambah suami") == [KURSI + "undangan", KURSI + "teruskan"]
    assert len(_code(village)) == 6


def test_the_invited_agrees_and_follows_and_the_inviter_hears_of_it(village: Village) -> None:
    code = _invited(village)
    assert village.say(FATHER, f"IKUT {code}") == [KURSI + "persetujuan"]
    assert village.say(FATHER, "setuju") == [KURSI + "selesai"]
    father, mother = village.contact(FATHER), village.contact(MOTHER)
    assert (father.household_id, father.relation) == (mother.household_id, "ayah")
    with village.app.store.transaction(write=False) as tx:
        assert tx.has_consent(father.id, CHILD_CARE) and not tx.has_consent(father.id, PREGNANCY_CARE)
        wording = next(row.wording for row in tx.consents_of(father.id) if row.purpose == CHILD_CARE)
    assert "Sapa Keluarga" in wording and "Ani" not in wording
    assert [row.content_id for row in village.sent_to(MOTHER)][-1] == KURSI + "kabar-ikut"


def test_with_a_pregnancy_the_consent_covers_it_and_the_child_to_come(village: Village) -> None:
    _joined(village, child=False, pregnancy=True)
    father = village.contact(FATHER)
    with village.app.store.transaction(write=False) as tx:
        assert tx.has_consent(father.id, PREGNANCY_CARE) and tx.has_consent(father.id, CHILD_CARE)


def test_who_it_is_is_asked_only_where_nobody_said_it(village: Village) -> None:
    code = _invited(village, "tambah keluarga")
    assert village.say(GRANDMOTHER, f"ikut {code}") == [KURSI + "tanya-hubungan"]
    assert village.say(GRANDMOTHER, "saya neneknya") == [KURSI + "persetujuan"]
    assert village.say(GRANDMOTHER, "ya") == [KURSI + "selesai"]
    assert village.contact(GRANDMOTHER).relation == "nenek"


def test_nothing_is_written_and_nobody_told_before_the_invited_agrees(village: Village) -> None:
    code = _invited(village)
    village.say(FATHER, f"IKUT {code}")
    assert village.contact(FATHER).household_id is None
    assert village.say(FATHER, "tidak") == [KURSI + "ditolak"]
    assert village.contact(FATHER).household_id is None
    assert not [row for row in village.sent_to(MOTHER) if row.content_id == KURSI + "kabar-ikut"]


@pytest.mark.parametrize("delay", [timedelta(days=7), timedelta(days=30)])
def test_a_code_ends_after_seven_days(village: Village, delay: timedelta) -> None:
    code = _invited(village)
    village.now += delay
    assert village.say(FATHER, f"IKUT {code}") == [KURSI + "kode-salah"]
    assert "lewat masanya" in village.sent_to(FATHER)[-1].text


def test_a_code_is_for_one_person(village: Village) -> None:
    code = _invited(village)
    village.say(FATHER, f"IKUT {code}")
    village.say(FATHER, "setuju")
    assert village.say(GRANDMOTHER, f"IKUT {code}") == [KURSI + "kode-salah"]
    assert village.contact(GRANDMOTHER).household_id is None


def test_after_five_wrong_codes_in_an_hour_not_even_a_right_one_opens(village: Village) -> None:
    code = _invited(village)
    wrong = f"{(int(code) + 1) % 10**6:06d}"
    for _ in range(5):
        assert village.say(FATHER, f"IKUT {wrong}") == [KURSI + "kode-salah"]
    assert village.say(FATHER, f"IKUT {code}") == [KURSI + "kode-salah"]
    assert "satu jam" in village.sent_to(FATHER)[-1].text
    village.now += timedelta(minutes=61)
    assert village.say(FATHER, f"IKUT {code}") == [KURSI + "persetujuan"]


def test_messages_worked_on_twice_make_one_code_one_seat_one_notice(village: Village) -> None:
    village.register(MOTHER)
    village.say(MOTHER, "tambah suami", times=2)
    village.say(FATHER, f"IKUT {_code(village)}")
    village.say(FATHER, "setuju", times=1)
    with village.app.store.transaction(write=False) as tx:
        assert len(tx.codes_by(village.contact(MOTHER).id, seats.CODE_KIND)) == 1
    assert [row.content_id for row in village.sent_to(MOTHER)].count(KURSI + "kabar-ikut") == 1
    # The same words again, or the same turn after a crash: nothing breaks, nobody is told twice.
    assert village.say(FATHER, f"IKUT {_code(village)}") == [KURSI + "sudah-ikut"]
    assert [row.content_id for row in village.sent_to(MOTHER)].count(KURSI + "kabar-ikut") == 1


def test_asking_again_gives_the_code_that_is_still_good(village: Village) -> None:
    first = _invited(village)
    village.say(MOTHER, "tambah suami")
    assert _code(village) == first


def test_by_sms_it_goes_the_same_way(village: Village) -> None:
    code = _invited(village)
    assert village.say(FATHER, f"IKUT {code}", Channel.SMS) == [KURSI + "persetujuan"]
    assert village.say(FATHER, "SETUJU", Channel.SMS) == [KURSI + "selesai"]


def test_who_has_a_family_of_an_own_is_not_moved_out_of_it(village: Village) -> None:
    code = _invited(village)
    other = "+6281200000004"
    with village.app.store.transaction() as tx:
        contact, _ = tx.contact_for_address(Channel.WHATSAPP, other, other, village.now)
        own = tx.household_of(contact.id, village.now)
        tx.save_child(own, Child("Budi", village.now.date(), id="22222222-2222-2222-2222-222222222222"), village.now)
    assert village.say(other, f"IKUT {code}") == [KURSI + "sudah-punya"]
    assert village.contact(other).household_id == own and village.cases() == ["nomor"]


def test_who_has_registered_nothing_can_invite_nobody(village: Village) -> None:
    assert village.say(MOTHER, "tambah suami") == [KURSI + "daftar-dulu"]


# -------------------------------------------------------------------------------------------------- leaving a seat


def test_the_owner_removes_a_seat_after_a_question(village: Village) -> None:
    _joined(village, GRANDMOTHER, "nenek mau ikut juga")
    assert village.say(MOTHER, "keluarkan nenek") == [KURSI + "yakin-keluarkan"]
    assert village.say(MOTHER, "ya") == [KURSI + "dikeluarkan"]
    gone = village.contact(GRANDMOTHER)
    assert gone.household_id is None and gone.dialogue_reset
    with village.app.store.transaction(write=False) as tx:
        assert not tx.has_consent(gone.id, CHILD_CARE)
    assert village.sent_to(GRANDMOTHER)[-1].content_id == KURSI + "kabar-keluar"
    assert _readers(village, f"contact:{gone.id}") == []


def test_a_no_keeps_the_seat(village: Village) -> None:
    _joined(village, GRANDMOTHER, "nenek mau ikut juga")
    village.say(MOTHER, "keluarkan nenek")
    assert village.say(MOTHER, "tidak") == [KURSI + "tetap"]
    assert village.contact(GRANDMOTHER).household_id is not None


def test_a_seat_can_neither_invite_nor_remove_but_leave(village: Village) -> None:
    _joined(village)
    assert village.say(FATHER, "nenek mau ikut juga") == [KURSI + "hanya-pendaftar"]
    assert village.say(FATHER, "keluarkan ibu") == [KURSI + "hanya-pendaftar"]
    assert village.say(FATHER, "berhenti ikut") == [KURSI + "yakin-berhenti"]
    assert village.say(FATHER, "ya") == [KURSI + "sudah-keluar"]
    assert village.contact(FATHER).household_id is None


def test_removing_somebody_who_is_not_there_says_so(village: Village) -> None:
    _joined(village)
    assert village.say(MOTHER, "keluarkan nenek") == [KURSI + "tidak-ada"]


def test_everybody_who_follows_is_listed(village: Village) -> None:
    _joined(village)
    assert village.say(MOTHER, "siapa saja yang ikut?") == [KURSI + "daftar"]
    assert "1. ibu\n2. ayah" in village.sent_to(MOTHER)[-1].text


# ------------------------------------------------------------------------------------------------ who reads a message


def test_one_household_one_reminder_and_it_is_the_owners(village: Village) -> None:
    _joined(village)
    assert _readers(village, "caregiver") == [MOTHER]


def test_who_asks_for_it_is_reminded_too_and_may_take_it_back(village: Village) -> None:
    _joined(village)
    assert village.say(FATHER, "saya juga mau diingatkan") == [KURSI + "ikut-diingatkan"]
    assert _readers(village, "caregiver") == [MOTHER, FATHER]
    assert village.say(FATHER, "pengingat cukup ke satu nomor") == [KURSI + "cukup-satu"]
    assert _readers(village, "caregiver") == [MOTHER]


@pytest.mark.parametrize("silence", ["opt_out", "suspended", "topic", "consent"])
def test_the_next_in_line_reads_where_the_first_is_silent(village: Village, silence: str) -> None:
    _joined(village)
    mother = village.contact(MOTHER).id
    later = village.now + timedelta(minutes=1)
    with village.app.store.transaction() as tx:
        if silence == "opt_out":
            tx.set_opt_out(mother, later)
        elif silence == "suspended":
            tx.set_suspended(mother, later)
        elif silence == "topic":
            tx.record_consent(mother, "topic:posyandu", "stop posyandu", False, "in-x", later)
        else:
            tx.record_consent(mother, CHILD_CARE, "tidak", False, "in-x", later)
    assert _readers(village, "caregiver") == [FATHER]


def test_a_stopped_topic_stops_nothing_else(village: Village) -> None:
    village.register(MOTHER)
    mother = village.contact(MOTHER).id
    with village.app.store.transaction() as tx:
        tx.record_consent(mother, "topic:anak", "stop tips", False, "in-x", village.now)
    assert _readers(village, "caregiver", topic="anak") == []
    assert _readers(village, "caregiver", topic="posyandu") == [MOTHER]
    with village.app.store.transaction() as tx:
        tx.record_consent(mother, "topic:anak", "mulai tips", True, "in-y", village.now + timedelta(minutes=1))
    assert _readers(village, "caregiver", topic="anak") == [MOTHER]


def test_the_fathers_messages_go_to_a_father_or_to_nobody(village: Village) -> None:
    village.register(MOTHER)
    assert _readers(village, "father", topic="ayah") == []
    village.say(MOTHER, "tambah suami")
    village.say(FATHER, f"IKUT {_code(village)}")
    village.say(FATHER, "setuju")
    assert _readers(village, "father", topic="ayah") == [FATHER]


def test_the_mothers_messages_go_to_the_mother_even_if_the_father_registered(village: Village) -> None:
    village.register(MOTHER, relation="ayah")  # the owner of this phone is the father
    assert _readers(village, "mother") == [MOTHER]
    village.say(MOTHER, "tambah istri")
    village.say(FATHER, f"IKUT {_code(village)}")
    village.say(FATHER, "setuju")
    assert village.contact(FATHER).relation == "ibu"
    assert _readers(village, "mother") == [FATHER]
    assert _readers(village, "caregiver") == [MOTHER]


def test_what_belongs_to_one_contact_reaches_no_other(village: Village) -> None:
    _joined(village)
    mother = village.contact(MOTHER).id
    with village.app.store.transaction() as tx:
        for phone in (MOTHER, FATHER):
            contact = tx.contact_id_for(Channel.WHATSAPP, phone)
            assert contact is not None
            tx.record_consent(contact, FAMILY_PLANNING, "kata", True, f"kb-{phone}", village.now)
            tx.set_member(contact, village.contact(MOTHER).household_id, "ibu", True)
    assert _readers(village, f"contact:{mother}", FAMILY_PLANNING, "kb") == [MOTHER]
    assert _readers(village, "caregiver", FAMILY_PLANNING, "kb") == []
    assert _readers(village, "mother", FAMILY_PLANNING, "kb") == []


def test_nobody_reads_what_nobody_agreed_to(village: Village) -> None:
    _joined(village)
    assert _readers(village, "caregiver", PREGNANCY_CARE, "hamil") == []


# ---------------------------------------------------------------------------------------- a consent for what is new


def test_a_new_pregnancy_is_not_told_to_old_seats_before_they_are_asked_again(village: Village) -> None:
    _joined(village, child=False, pregnancy=True)
    mother, father = village.contact(MOTHER), village.contact(FATHER)
    assert mother.household_id is not None
    village.now += timedelta(days=1)
    with village.app.store.transaction() as tx:
        assert seats.lapse_pregnancy_seats(tx, mother.household_id, mother.id, "in-new", village.now) == 1
    assert _readers(village, "father", PREGNANCY_CARE, "ayah") == []
    assert village.say(FATHER, "IKUT") == [KURSI + "tanya-kode"], "nothing is said of a pregnancy without her word"
    village.say(FATHER, "batal")
    village.say(MOTHER, "tambah suami")
    assert village.say(FATHER, f"IKUT {_code(village)}") == [KURSI + "persetujuan"]
    assert village.say(FATHER, "setuju") == [KURSI + "selesai"]
    assert _readers(village, "father", PREGNANCY_CARE, "ayah") == [FATHER]
    with village.app.store.transaction(write=False) as tx:
        assert tx.has_consent(father.id, PREGNANCY_CARE)


def test_a_father_hears_at_most_two_things_a_month() -> None:
    """From the first week of the pregnancy to the second birthday; the two files follow on each other."""
    pregnancy = [m for c in CAMPAIGNS.all if c.id == "ayah-hamil" for m in c.messages]
    after = [m for c in CAMPAIGNS.all if c.id == "ayah" for m in c.messages]
    lmp = date(2026, 1, 1)
    born = lmp + timedelta(days=280)
    days = sorted([m.offset.after(lmp) for m in pregnancy] + [m.offset.after(born) for m in after])
    assert {m.to for m in pregnancy + after} == {"father"} and 10 <= len({m.content for m in pregnancy + after}) <= 14
    assert all((later - earlier).days >= 16 for earlier, later in pairwise(days))  # three never fall into 31 days


def test_a_bare_ikut_of_a_stranger_opens_nothing(village: Village) -> None:
    assert village.say(FATHER, "ikut") == ["dialog/tidak-paham"]


@pytest.mark.parametrize("said", ["saya disuruh istri kirim IKUT {}", "ikut{}", "bu ini kodenya IKUT {} ya"])
def test_the_code_is_found_in_a_sentence_and_who_else_is_named_is_not_the_writer(village: Village, said: str) -> None:
    code = _invited(village)
    assert village.say(FATHER, said.format(code)) == [KURSI + "persetujuan"]
    village.say(FATHER, "setuju")
    assert village.contact(FATHER).relation == "ayah"


def test_a_code_sent_twice_is_no_consent_and_another_code_is_another_seat(village: Village) -> None:
    code = _invited(village)
    village.say(MOTHER, "tambah nenek")
    second = _code(village)
    village.say(FATHER, f"IKUT {code}")
    assert KURSI + "selesai" not in village.say(FATHER, f"IKUT {code}")
    village.say(FATHER, f"IKUT {second}")
    village.say(FATHER, "setuju")
    assert village.contact(FATHER).relation == "nenek"


def test_who_it_is_may_be_said_with_the_consent(village: Village) -> None:
    code = _invited(village, "tambah mertua")
    village.say(GRANDMOTHER, f"IKUT {code}")
    assert village.say(GRANDMOTHER, "setuju, saya neneknya") == [KURSI + "selesai"]
    assert village.contact(GRANDMOTHER).relation == "nenek"


def test_a_woman_may_invite_for_her_own_pregnancy_though_her_husband_registered(village: Village) -> None:
    village.register(FATHER, child=False, relation="calon_suami")
    household_id = village.contact(FATHER).household_id
    with village.app.store.transaction() as tx:
        mother, _ = tx.contact_for_address(Channel.WHATSAPP, MOTHER, MOTHER, village.now)
        tx.set_member(mother.id, household_id, "calon_istri", False)
        tx.record_consent(mother.id, seats.SEAT, "", True, None, village.now)
        tx.record_consent(mother.id, PREGNANCY_CARE, "kata", True, None, village.now)
        lmp = village.now.date() - timedelta(days=60)
        due = lmp + timedelta(days=280)
        tx.save_pregnancy(str(household_id), Pregnancy(lmp=lmp, edd=due, id="p1", contact_id=mother.id), village.now)
    assert _readers(village, "mother", PREGNANCY_CARE, "hamil") == [MOTHER]
    assert village.say(MOTHER, "ajak suami") == [KURSI + "undangan", KURSI + "teruskan"]
    assert village.say(FATHER, f"IKUT {_code(village, MOTHER)}") == [KURSI + "persetujuan"]
    assert village.say(FATHER, "setuju") == [KURSI + "selesai"]
    assert village.contact(FATHER).relation == "ayah"
    assert _readers(village, "mother", PREGNANCY_CARE, "hamil")[0] == MOTHER
    assert _readers(village, "father", PREGNANCY_CARE, "ayah") == [FATHER]


def test_what_is_ones_own_goes_on_after_leaving_a_household(village: Village) -> None:
    _joined(village, GRANDMOTHER, "tambah nenek")
    with village.app.store.transaction() as tx:
        contact_id = village.contact(GRANDMOTHER).id
        tx.record_consent(contact_id, FAMILY_PLANNING, "kata", True, None, village.now)
        card = village.now.date() + timedelta(days=30)
        tx.save_contraception(contact_id, Contraception("suntik_3_bulan", None, card, contact_id, "kb1"), village.now)
    village.say(GRANDMOTHER, "berhenti ikut")
    village.say(GRANDMOTHER, "ya")
    left = village.contact(GRANDMOTHER)
    assert left.household_id not in (None, village.contact(MOTHER).household_id)
    with village.app.store.transaction(write=False) as tx:
        rows = tx.reminders_of(str(left.household_id))
    assert {row.to for row in rows} == {f"contact:{left.id}"} and rows
