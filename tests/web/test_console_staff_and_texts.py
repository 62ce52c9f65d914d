"""Inviting and letting go, texts and signatures, delivery in figures."""

from __future__ import annotations

import dataclasses
import re
import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from sapa.bootstrap import App
from sapa.messaging.states import Channel, Kind
from sapa.services import signoff, staff
from sapa.services.access import NotAllowed, staffer
from sapa.services.records import OutboxDraft
from tests.web.console_world import World, build, client_for, token_in

TEXT = "gizi/isi-piringku"


@pytest.fixture
def database_url(one_database: str) -> str:
    """One kind of database is enough here: tests/web/test_console_access.py asks for every page on both."""
    return one_database


@pytest.fixture
def world(app: App) -> World:
    return build(app)


# --- staff


def test_an_invitation_is_shown_once_and_takes_somebody_in(world: World) -> None:
    with client_for(world, "bidan_own") as client:
        form = {"csrftoken": token_in(client.get("/konsol/petugas").text), "place": f"kader:{world.posyandu_id}"}
        text = client.post("/konsol/petugas/undang", data=form).text
        found = re.search(r"Melati: <b>([^<]+)</b>", text)
        assert found is not None
        assert found[1] not in client.get("/konsol/petugas").text
    with world.app.store.transaction(write=False) as tx:
        row, why = staff.offered(tx, world.mother_id, found[1], world.app.clock.now())
    assert row is not None and why is None and row.detail["place"] == world.posyandu_id


@pytest.mark.parametrize(
    ("who", "place"),
    [
        ("bidan_own", "kader:posyandu-mawar"),
        ("bidan_own", "bidan:desa-a"),
        ("admin", "admin:kab"),
        ("admin", "x"),
        ("admin", "bidan:"),
    ],
)
def test_nobody_invites_into_a_place_or_role_that_is_not_theirs_to_fill(world: World, who: str, place: str) -> None:
    with client_for(world, who) as client:
        form = {"csrftoken": token_in(client.get("/konsol/petugas").text), "place": place}
        assert client.post("/konsol/petugas/undang", data=form).status_code == 404


def test_the_list_of_staff_is_that_of_ones_own_area(world: World) -> None:
    with client_for(world, "bidan_own") as client:
        text = client.get("/konsol/petugas").text
        assert "Sari" in text and "Wati" in text and "Rina" not in text
    with client_for(world, "admin") as client:
        text = client.get("/konsol/petugas").text
        assert "Sari" in text and "Rina" in text


# --- texts


@pytest.fixture
def texts(world: World, tmp_path: Path) -> World:
    """The world with texts of its own, which may be changed."""
    root = tmp_path / "content"
    shutil.copytree(world.app.settings.content_dir.parent, root)
    settings = dataclasses.replace(world.app.settings, content_dir=root / "id")
    return dataclasses.replace(world, app=dataclasses.replace(world.app, settings=settings))


def _sign(world: World, who: str, fingerprint: str | None = None):  # type: ignore[no-untyped-def]
    with client_for(world, who) as client:
        page = client.get(f"/konsol/isi/{TEXT}").text
        seen = re.search(r'name="fingerprint" value="(\w+)"', page)
        form = {"csrftoken": token_in(page), "fingerprint": fingerprint or (seen[1] if seen else "")}
        answer = client.post(f"/konsol/isi/{TEXT}", data=form)
        return answer.status_code, client.get(f"/konsol/isi/{TEXT}").text


def test_a_text_is_shown_as_it_looks_on_whatsapp_and_as_an_sms(world: World) -> None:
    with client_for(world, "kader_own") as client:
        text = client.get(f"/konsol/isi/{TEXT}").text
    assert "bubble-whatsapp" in text and "bubble-sms" in text and "Sekali makan" in text
    assert "Sahkan" not in text, "a kader reads, she does not sign"


def test_a_text_without_sample_values_shows_its_script(world: World) -> None:
    with client_for(world, "kader_own") as client:
        assert client.get("/konsol/isi/kader/masuk/kode").status_code == 200


def test_a_bidan_signs_and_the_page_says_who(texts: World) -> None:
    status, page = _sign(texts, "bidan_own")
    assert status == 200
    assert "Disahkan" in page and "oleh Wati" in page
    with client_for(texts, "kader_own") as client:
        assert TEXT in client.get("/konsol/isi?keadaan=sah").text
        assert TEXT not in client.get("/konsol/isi?keadaan=belum&bagian=gizi").text


def test_a_text_that_was_changed_since_waits_for_a_new_signature(texts: World) -> None:
    _sign(texts, "bidan_own")
    file = texts.app.settings.content_dir / f"{TEXT}.md"
    file.write_text(file.read_text(encoding="utf-8").replace("piring", "mangkuk"), encoding="utf-8")
    with client_for(texts, "kader_own") as client:
        assert "Berubah, sahkan lagi" in client.get(f"/konsol/isi/{TEXT}").text
        assert TEXT in client.get("/konsol/isi?keadaan=ubah").text


def test_words_that_changed_while_the_page_was_open_are_not_signed(texts: World) -> None:
    status, page = _sign(texts, "bidan_own", fingerprint="0" * 64)
    assert status == 200 and "Belum disahkan" in page
    with texts.app.store.transaction(write=False) as tx:
        assert tx.sign_offs() == []


def test_a_changed_passage_changes_the_fingerprint_of_the_texts_that_include_it(tmp_path: Path) -> None:
    (tmp_path / "_bagian").mkdir()
    (tmp_path / "a.md").write_text('---\nid: a\nstatus: x\n---\n{% include "_bagian/p" %}\n', encoding="utf-8")
    (tmp_path / "_bagian" / "p.md").write_text("satu\n", encoding="utf-8")
    before = signoff.fingerprint(signoff.source(tmp_path, "a"))
    (tmp_path / "a.md").write_text('---\nid: a\nstatus: disahkan\n---\n{% include "_bagian/p" %}\n', encoding="utf-8")
    assert signoff.fingerprint(signoff.source(tmp_path, "a")) == before, "the signature itself is not signed"
    (tmp_path / "_bagian" / "p.md").write_text("dua\n", encoding="utf-8")
    assert signoff.fingerprint(signoff.source(tmp_path, "a")) != before


def test_only_a_bidan_can_sign_however_she_is_called(world: World) -> None:
    deps, folder, now = world.app.deps, world.app.settings.content_dir, world.app.clock.now()
    seen = signoff.fingerprint(signoff.source(folder, TEXT))
    with world.app.store.transaction() as tx:
        for who in ("kader_own", "admin"):
            reader = staffer(tx, world.contacts[who])
            assert reader is not None
            with pytest.raises(NotAllowed):
                signoff.sign(deps, tx, reader, folder, TEXT, seen, now)


@pytest.mark.parametrize("content_id", ["../../pyproject", "_bagian/faskes", "gizi", "gizi/../../../etc/passwd"])
def test_no_file_but_a_text_can_be_read_through_its_page(world: World, content_id: str) -> None:
    with client_for(world, "bidan_own") as client:
        assert client.get(f"/konsol/isi/{content_id}").status_code == 404


# --- delivery


def test_delivery_is_counted_by_the_readers_own_days_and_places(world: World) -> None:
    now = world.app.clock.now()
    with world.app.store.transaction() as tx:
        for number, (household, hours) in enumerate(
            [(world.household_id, 0), (world.household_id, 0), (world.household_id, 10), (world.other_household_id, 0)]
        ):
            contact = tx.caregivers_of(household)[0]
            address = tx.addresses_of(contact.id)[0]
            draft = OutboxDraft(
                dedupe_key=f"m{number}",
                contact_id=contact.id,
                address_id=address.id,
                channel=Channel.WHATSAPP,
                kind=Kind.NOTICE,
                content_id=TEXT,
                text="x",
            )
            # 02:00 UTC is 09:00 in Jakarta; ten hours before is 23:00 of the day before there.
            assert tx.queue(draft, now - timedelta(hours=hours))
    with client_for(world, "bidan_own") as client:
        text = client.get("/konsol/pengiriman").text
    rows = re.findall(r'<td class="lead"[^>]*>(\d+ \w+ \d+).*?data-label="Pesan"[^>]*>(\d+)<', text, flags=re.DOTALL)
    assert rows == [("23 Nov 2026", "2"), ("22 Nov 2026", "1")]
    assert "Ada yang tertahan" in text, "the oldest has waited for ten hours"
    assert "Siti" not in text
