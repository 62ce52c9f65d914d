""" "Bukan saya": silence at once, and a way back for the right person only. On both databases."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import update

from sapa.bootstrap import App
from sapa.messaging.states import Channel, Kind, OutboxState
from sapa.services import seats
from sapa.services.consents import CHILD_CARE
from sapa.services.not_me import open_unclaimed_cases
from sapa.services.records import OutboxDraft
from sapa.store.models import OutboxTable
from tests.household_phones import MOTHER, Village

TEXTS = "dialog/bukan-saya/"


@pytest.fixture
def village(app: App, now: datetime) -> Village:
    return Village(app, now)


def _queue_reminder(village: Village, text: str = "Besok posyandu. Ani: MR.", key: str = "r1") -> str:
    contact = village.contact(MOTHER)
    with village.app.store.transaction() as tx:
        (address,) = tx.addresses_of(contact.id)
        outbox_id = tx.queue(
            OutboxDraft(
                dedupe_key=key,
                contact_id=contact.id,
                address_id=address.id,
                channel=Channel.WHATSAPP,
                kind=Kind.REMINDER,
                content_id="pengingat/posyandu",
                text=text,
            ),
            village.now,
        )
    assert outbox_id is not None
    return outbox_id


def _mark_sent(village: Village, outbox_id: str) -> None:
    with village.app.store.transaction() as tx:
        session = tx._s  # type: ignore[attr-defined]
        session.execute(update(OutboxTable).where(OutboxTable.id == outbox_id).values(state=OutboxState.SENT.value))


def _readers(village: Village) -> list[str]:
    household_id = village.contact(MOTHER).household_id
    assert household_id is not None
    with village.app.store.transaction(write=False) as tx:
        return [a.value for _, a in seats.readers_for(tx, household_id, "caregiver", CHILD_CARE, "posyandu")]


def test_it_silences_the_number_at_once_and_gives_nothing_away(village: Village) -> None:
    village.register(MOTHER)
    waiting = _queue_reminder(village)
    assert village.say(MOTHER, "maaf bu, salah sambung") == [TEXTS + "terima"]
    assert village.contact(MOTHER).suspended_at is not None and _readers(village) == []
    with village.app.store.transaction(write=False) as tx:
        message = tx.outbox_message(waiting)
    assert message is not None and message.state is OutboxState.SUPPRESSED
    answer = village.sent_to(MOTHER)[-1].text
    assert "Ani" not in answer and "Melati" not in answer


def test_a_number_we_know_nothing_of_is_simply_left_in_peace(village: Village) -> None:
    assert village.say(MOTHER, "salah nomor") == [TEXTS + "terima"]
    contact = village.contact(MOTHER)
    assert contact.opted_out_at is not None and contact.suspended_at is None
    assert "INI SAYA" not in village.sent_to(MOTHER)[-1].text


def test_what_only_looks_like_it_silences_nobody(village: Village) -> None:
    village.register(MOTHER)
    assert village.say(MOTHER, "bukan saya yang sakit, anak saya") == ["dialog/tidak-paham"]
    assert village.contact(MOTHER).suspended_at is None


def test_a_bare_bukan_saya_after_an_answer_of_ours_silences_nobody(village: Village) -> None:
    village.register(MOTHER)
    village.say(MOTHER, "halo")  # our last word is an answer: this may answer it
    assert village.say(MOTHER, "bukan saya") == ["dialog/tidak-paham"]
    assert village.say(MOTHER, "bukan saya, salah orang") == [TEXTS + "terima"]


def test_a_bare_bukan_saya_after_a_reminder_does(village: Village) -> None:
    village.register(MOTHER)
    _mark_sent(village, _queue_reminder(village))
    assert village.say(MOTHER, "bukan saya") == [TEXTS + "terima"]


def test_said_again_and_mere_courtesy_get_no_answer(village: Village) -> None:
    village.register(MOTHER)
    village.say(MOTHER, "salah sambung")
    for text in ("salah sambung!!", "ok makasih", "ya"):
        assert village.say(MOTHER, text) == []


@pytest.mark.parametrize("text", ["jadwal imunisasi anak saya kapan", "siapa ini", "posyandu dimana", "ini saya"])
def test_while_silent_nothing_of_the_family_is_told(village: Village, text: str) -> None:
    village.register(MOTHER)
    village.say(MOTHER, "salah sambung")
    assert village.say(MOTHER, text) == [TEXTS + "buktikan"]
    assert "Ani" not in village.sent_to(MOTHER)[-1].text


@pytest.mark.parametrize(
    "text", ["ini saya, lahir 3 mei 2026", "3-5-2026", "INI SAYA 3 Mei 2026", "saya ibunya ani lahir 03/05/2026"]
)
def test_the_childs_birth_date_opens_the_way_back(village: Village, text: str) -> None:
    village.register(MOTHER)
    village.say(MOTHER, "salah sambung")
    assert village.say(MOTHER, text) == [TEXTS + "kembali"]
    assert village.contact(MOTHER).suspended_at is None and _readers(village) == [MOTHER]


def test_the_childs_name_opens_it_while_we_have_not_told_it_ourselves(village: Village) -> None:
    village.register(MOTHER)
    village.say(MOTHER, "salah sambung")
    assert village.say(MOTHER, "ini saya mamanya Ani") == [TEXTS + "kembali"]


def test_a_name_that_stands_in_our_own_reminders_proves_nothing(village: Village) -> None:
    village.register(MOTHER)
    _mark_sent(village, _queue_reminder(village))
    village.say(MOTHER, "salah sambung")
    assert village.say(MOTHER, "ini saya mamanya Ani") == [TEXTS + "tidak-cocok"]
    assert village.say(MOTHER, "ini saya, Ani lahir 3 mei 2026") == [TEXTS + "kembali"]


def test_after_three_misses_a_human_takes_over_and_not_even_the_right_date_helps(village: Village) -> None:
    village.register(MOTHER)
    village.say(MOTHER, "salah sambung")
    for day in (1, 2, 4):
        assert village.say(MOTHER, f"ini saya, lahir {day} mei 2026") == [TEXTS + "tidak-cocok"]
    assert village.say(MOTHER, "ini saya, lahir 3 mei 2026") == [TEXTS + "petugas"]
    assert village.say(MOTHER, "ini saya, lahir 3 mei 2026") == [TEXTS + "petugas"]
    assert village.cases() == ["nomor"]


def test_coming_back_does_not_undo_an_opt_out(village: Village) -> None:
    mother = village.register(MOTHER)
    with village.app.store.transaction() as tx:
        tx.set_opt_out(mother, village.now)
    village.say(MOTHER, "salah sambung")
    village.say(MOTHER, "ini saya, lahir 3 mei 2026")
    assert village.contact(MOTHER).opted_out_at is not None
    assert "MULAI" in village.sent_to(MOTHER)[-1].text


def test_a_number_nobody_claims_becomes_one_case_after_three_days(village: Village) -> None:
    village.register(MOTHER)
    village.say(MOTHER, "salah sambung")
    opened = []
    for days, cases in ((2, []), (4, ["nomor"]), (5, ["nomor"])):
        with village.app.store.transaction() as tx:
            opened.append(open_unclaimed_cases(tx, village.now + timedelta(days=days)))
        assert village.cases() == cases
    # What is told to a human once is not told again with every sweep.
    assert opened == [0, 1, 0]


def test_a_case_closed_by_a_human_is_not_opened_again(village: Village) -> None:
    village.register(MOTHER)
    village.say(MOTHER, "salah sambung")
    for _ in range(2):
        with village.app.store.transaction() as tx:
            open_unclaimed_cases(tx, village.now + timedelta(days=4))
            for case in tx.open_cases():
                tx.close_case(case.id, "selesai", village.now + timedelta(days=4))
    assert village.cases() == []


def test_the_number_of_somebody_new_leaves_the_family_behind(village: Village) -> None:
    mother = village.register(MOTHER)
    village.say(MOTHER, "salah sambung")
    assert village.say(MOTHER, "orang baru") == [TEXTS + "orang-baru"]
    stranger = village.contact(MOTHER)
    assert stranger.id != mother and stranger.household_id is None and stranger.suspended_at is None
    assert village.cases() == ["nomor"]
    with village.app.store.transaction(write=False) as tx:
        assert tx.addresses_of(mother) == []
