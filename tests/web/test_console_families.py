"""The families' pages: found by name or address, everything a kader needs, and nothing that is a person's own."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from sapa.bootstrap import App
from sapa.family.people import Child, Contraception, Measurement, Screening, Sex, Wedding
from sapa.messaging.states import Channel
from sapa.services.consents import FAMILY_PLANNING, PREMARITAL
from sapa.services.due import queue_due
from sapa.services.records import ReminderRow
from sapa.services.reminders import replan_dirty
from tests.web.console_world import World, build, client_for


@pytest.fixture
def database_url(one_database: str) -> str:
    """One kind of database is enough here: tests/web/test_console_access.py asks for every page on both."""
    return one_database


@pytest.fixture
def world(app: App) -> World:
    return build(app)


def _page(world: World, who: str) -> str:
    with client_for(world, who) as client:
        return client.get(f"/konsol/keluarga/{world.household_id}").text


def test_a_kader_sees_her_families_by_name_and_no_others(world: World) -> None:
    with client_for(world, "kader_own") as client:
        text = client.get("/konsol/keluarga").text
    assert "Siti Aminah" in text and "Ani (8 bulan)" in text
    assert "Mariana" not in text


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("q=siti", True),
        ("q=AMINAH+siti", True),  # every word, in any order
        ("q=ani", True),  # a child
        ("q=mariana", False),  # of the other village
        ("q=%25", False),  # a sign of the database's, taken as it is
        ("tahap=anak", True),
        ("tahap=hamil", False),
        ("posyandu=posyandu-melati", True),
        ("urut=alamat", True),
        ("hal=2", False),
        ("hal=-1", True),
    ],
)
def test_families_are_found_by_words_stage_and_place(world: World, query: str, found: bool) -> None:
    with client_for(world, "bidan_own") as client:
        assert ("Siti Aminah" in client.get(f"/konsol/keluarga?{query}").text) is found


def test_another_posyandu_in_the_address_is_not_found(world: World) -> None:
    with client_for(world, "kader_own") as client:
        assert client.get("/konsol/keluarga?posyandu=posyandu-mawar").status_code == 404


def test_a_list_of_thousands_comes_in_fifties_with_a_handful_of_questions(world: World) -> None:
    now = world.app.clock.now()
    with world.app.store.transaction() as tx:
        for number in range(120):
            contact, _ = tx.contact_for_address(Channel.WHATSAPP, f"+62816{number:08d}", None, now)
            tx.set_contact_name(contact.id, f"Ibu {number:03d}")
            tx.set_posyandu(tx.household_of(contact.id, now), world.posyandu_id)
    with client_for(world, "kader_own") as client:
        pages = [client.get(f"/konsol/keluarga?hal={number}").text for number in (1, 2, 3)]
    assert [page.count('<td class="lead"') for page in pages] == [50, 50, 21]  # 120 and Siti Aminah
    assert "Halaman 2 dari 3" in pages[1]


def test_the_page_has_people_growth_vaccines_and_consent(world: World) -> None:
    text = _page(world, "kader_own")
    for part in ("Siti Aminah", "+6281400000001", "Ani", "7,40", "BB normal", "Imunisasi", "Terlambat", "Persetujuan"):
        assert part in text
    assert f"/konsol/keluarga/{world.household_id}/anak/{world.child_id}/grafik.png" in text


def test_nothing_on_the_page_tells_of_contraception(world: World) -> None:
    now = world.app.clock.now()
    method = Contraception("suntik_3_bulan", now.date(), contact_id=world.mother_id, id="kb-1")
    with world.app.store.transaction() as tx:
        tx.save_contraception(world.mother_id, method, now)
        secret = ReminderRow(
            id=f"{world.household_id}:kb",
            household_id=world.household_id,
            send_at=now + timedelta(days=1),
            due_on=now.date() + timedelta(days=8),
            event="kb_return",
            content_id="pengingat/kb/kembali",
            subjects=("rahasia",),
            payload={},
            to=f"contact:{world.mother_id}",
            purpose=FAMILY_PLANNING,
            topic="kb",
        )
        tx.replace_plan(world.household_id, [secret], now)
    for who in ("kader_own", "bidan_own"):
        text = _page(world, who).lower()
        for word in ("suntik_3", "suntik 3", "kontrasepsi", "rahasia", "family_planning", ">kb<", "pengingat/kb"):
            assert word not in text


def test_nothing_on_the_page_tells_what_was_written_to_the_bot(world: World, receive) -> None:  # type: ignore[no-untyped-def]
    receive("saya sedih sekali malam ini", "+6281400000001")
    for who in ("kader_own", "bidan_own"):
        assert "sedih" not in _page(world, who)


def test_a_couples_screening_and_its_reminders_are_for_the_bidan_alone(world: World) -> None:
    now = world.app.clock.now()
    wedding = Wedding(now.date() + timedelta(days=90), now.date(), contact_id=world.mother_id, id="wedding-1")
    answers = {"age_years": 22, "weight_kg": 40.0, "height_cm": 155.0, "hb_g_dl": 10.1}
    with world.app.store.transaction() as tx:
        tx.save_wedding(world.household_id, wedding, now)
        tx.save_screening("wedding-1", Screening(Sex.FEMALE, answers, contact_id=world.mother_id, id="s-1"), now)
        tx.record_consent(world.mother_id, PREMARITAL, "kata-kata", True, None, now)
        tx.mark_dirty(world.household_id, now)
    replan_dirty(world.app.deps, now)
    with world.app.store.transaction(write=False) as tx:
        planned = [row for row in tx.reminders_of(world.household_id) if row.purpose == PREMARITAL]
    assert planned, "there is something to hide"
    titles = {world.app.content.get(row.content_id).title for row in planned}
    kader, bidan = _page(world, "kader_own"), _page(world, "bidan_own")
    assert "10,1" in bidan and "Skrining calon pengantin" in bidan
    assert "10,1" not in kader and "Skrining" not in kader
    assert not [title for title in titles if title in kader]
    card = f"/konsol/keluarga/{world.household_id}/kartu-catin.png"
    with client_for(world, "bidan_own") as client:
        assert client.get(card).headers["content-type"] == "image/png"


def test_proof_of_care_has_what_was_due_sent_delivered_and_read(world: World, clock) -> None:  # type: ignore[no-untyped-def]
    now = clock.now()
    with world.app.store.transaction() as tx:
        tx.mark_dirty(world.household_id, now)
    replan_dirty(world.app.deps, now)
    clock.set(now + timedelta(hours=8))  # 17:00: the posyandu of Thursday was due at 16:00
    assert queue_due(world.app.deps, clock.now())["queued"] >= 1
    text = _page(world, "kader_own")
    assert "Menunggu dikirim" in text
    assert "26 Nov 2026" in text


def test_every_look_at_a_family_is_written_down_with_who_and_whom(world: World) -> None:
    _page(world, "kader_own")
    with world.app.store.transaction(write=False) as tx:
        lines, total = tx.audit_lines(posyandu_ids=[world.posyandu_id], actor_ids=[], event="page_read")
    assert total == 1
    assert (lines[0].actor, lines[0].household, lines[0].detail) == ("Sari", "Siti Aminah", {"page": "family"})


def test_the_bidan_sees_who_looked_and_the_admin_sees_it_without_the_family(world: World) -> None:
    _page(world, "kader_own")
    with client_for(world, "bidan_own") as client:
        text = client.get("/konsol/catatan").text
        assert "Sari" in text and "Siti Aminah" in text and "Membuka halaman keluarga" in text
    with client_for(world, "admin") as client:
        text = client.get("/konsol/catatan").text
        assert "Sari" in text and "Melati" in text
        assert "Siti" not in text and world.household_id not in text
    with client_for(world, "bidan_other") as client:
        text = client.get("/konsol/catatan").text
        assert "Sari" not in text and "Siti" not in text


def test_what_a_family_does_itself_is_nobodys_to_browse(world: World) -> None:
    with world.app.store.transaction() as tx:
        tx.audit("contraception_saved", world.mother_id, {}, world.app.clock.now())
        own = tx.audit_lines(posyandu_ids=[world.posyandu_id], actor_ids=list(world.contacts.values()))[0]
    assert "contraception_saved" not in {line.event for line in own}


def test_the_first_page_counts_what_waits_and_leads_there(world: World) -> None:
    with world.app.store.transaction() as tx:
        tx.open_case(world.mother_id, "danger", None, world.app.clock.now())
    with client_for(world, "kader_own") as client:
        text = client.get("/konsol/").text
    assert "Ada tanda bahaya" in text and 'href="/konsol/kasus"' in text
    assert "Kamis, 26 November 2026" in text and "Balai Desa" in text
    with client_for(world, "kader_other") as client:
        assert "Ada tanda bahaya" not in client.get("/konsol/").text
    with client_for(world, "admin") as client:
        assert 'href="/konsol/keluarga"' not in client.get("/konsol/").text


def test_newborns_and_families_nobody_named_have_a_line_too(world: World) -> None:
    now = world.app.clock.now()
    with world.app.store.transaction() as tx:
        contact, _ = tx.contact_for_address(Channel.SMS, "+628170000001", None, now)
        household_id = tx.household_of(contact.id, now)
        tx.set_posyandu(household_id, world.posyandu_id)
        tx.save_child(household_id, Child("Bayi", now.date(), id="newborn"), now)
    with client_for(world, "kader_own") as client:
        text = client.get("/konsol/keluarga?q=bayi").text
        assert "baru lahir" in text and "SMS" in text
        assert client.get(f"/konsol/keluarga/{household_id}").status_code == 200


def test_a_weighing_to_be_looked_at_says_why_and_its_table_stays_a_table_on_a_phone(world: World) -> None:
    with world.app.store.transaction() as tx:
        today = world.app.clock.now().date()
        tx.save_measurement(world.child_id, Measurement(today, 7.4, None), "kader", world.app.clock.now())
    with client_for(world, "kader_own") as client:
        page = client.get(f"/konsol/keluarga/{world.household_id}").text
    assert re.search(r"Perlu diperiksa</span> beratnya belum cukup naik", page)
    assert 'role="table"' in page and 'role="columnheader"' in page and 'role="cell"' in page
