"""The posyandu day, home visits, cases and assisted registration in the console, without a browser."""

from __future__ import annotations

from datetime import timedelta

import pytest

from sapa.bootstrap import App
from sapa.clock import SetClock
from sapa.messaging.states import Channel
from sapa.services.day_records import UNREACHED, HomeVisitRow
from sapa.services.records import SessionRow
from tests.web.access_rows_pages import a_case
from tests.web.console_world import World, build, client_for, post


@pytest.fixture
def database_url(one_database: str) -> str:
    """One kind of database is enough here: tests/web/test_console_access.py asks for every page on both."""
    return one_database


@pytest.fixture
def world(app: App) -> World:
    """The village on its posyandu day."""
    made = build(app)
    with app.store.transaction() as tx:
        for session_id in (made.session_id, made.other_session_id):
            row = tx.session(session_id)
            assert row is not None
            today = SessionRow(row.id, row.posyandu_id, app.clock.now().date(), row.time, row.place)
            tx.save_session(today)
    return made


def weighed(world: World, child_id: str | None = None) -> tuple[float | None, float | None] | None:
    """What is on record of the day for a child."""
    today = world.app.clock.now().date()
    with world.app.store.transaction(write=False) as tx:
        for household in (world.household_id, world.other_household_id):
            for child in tx.children_of(household):
                if child.id == (child_id or world.child_id):
                    found = [one for one in child.measurements if one.date == today]
                    return (found[0].weight_kg, found[0].lenhei_cm) if found else None
    return None


def came(world: World) -> dict[str, bool]:
    with world.app.store.transaction(write=False) as tx:
        return {key: row.came for key, row in tx.attendance_of(world.session_id).items()}


@pytest.mark.parametrize(
    ("weight", "length", "kept"),
    [
        ("8,2", "70,5", (8.2, 70.5)),
        ("8.2", "", (8.2, None)),
        ("8,2 kg", "70 cm", (8.2, 70.0)),
        ("", "70,5", (None, 70.5)),
        ("delapan", "", None),
        ("8,2,1", "", None),
        ("-8", "", None),
        ("nan", "", None),
        ("1e9", "", None),
        ("82", "", None),  # asked about: nobody of nine months weighs that
    ],
)
def test_numbers_are_read_as_kader_write_them(
    world: World, weight: str, length: str, kept: tuple[float | None, float | None] | None
) -> None:
    child = world.child_id
    with client_for(world, "kader_own") as client:
        answer = post(client, f"/konsol/hari/{world.session_id}", {f"bb.{child}": weight, f"tb.{child}": length})
    assert weighed(world) == kept
    assert answer.status_code == (303 if kept else 422)
    if kept is None:
        assert f'value="{weight}"' in answer.text  # nothing typed is lost


def test_numbers_that_were_looked_at_twice_are_kept(world: World) -> None:
    child = world.child_id
    with client_for(world, "kader_own") as client:
        form = {f"bb.{child}": "12,9", f"ulang.{child}": "1"}
        post(client, f"/konsol/hari/{world.session_id}", form)
    assert weighed(world) == (12.9, None)


def test_a_child_of_another_posyandu_is_not_weighed_by_posting_its_id(world: World) -> None:
    other = world.other_child_id
    with client_for(world, "kader_own") as client:
        post(client, f"/konsol/hari/{world.session_id}", {f"bb.{other}": "8", f"datang.{other}": "ya"})
        row = post(client, f"/konsol/hari/{world.session_id}", {f"bb.{other}": "8", "hanya": other})
    assert row.status_code == 303
    assert weighed(world, other) is None
    assert came(world) == {}


def test_one_row_alone_is_saved_where_the_page_sends_one(world: World) -> None:
    child = world.child_id
    with client_for(world, "kader_own") as client:
        page = client.get(f"/konsol/hari/{world.session_id}").text
        token = page.split('name="csrftoken" value="')[1].split('"')[0]
        form = {"hanya": child, f"datang.{child}": "ya", "csrftoken": token}
        part = client.post(f"/konsol/hari/{world.session_id}", data=form, headers={"hx-request": "true"})
    assert part.status_code == 200
    assert "<html" not in part.text
    assert 'role="status"' in part.text
    assert came(world) == {child: True}


def test_a_list_sent_again_unchanged_writes_nothing_new(world: World) -> None:
    child = world.child_id
    form = {f"datang.{child}": "ya", f"bb.{child}": "8,2"}
    with client_for(world, "kader_own") as client:
        post(client, f"/konsol/hari/{world.session_id}", form)
        post(client, f"/konsol/hari/{world.session_id}", form)
        assert "0 orang dicatat" in client.get(f"/konsol/hari/{world.session_id}").text


def test_a_day_is_closed_opened_again_and_not_closed_before_it_comes(world: World) -> None:
    with world.app.store.transaction() as tx:
        later = world.app.clock.now().date() + timedelta(days=20)
        row = tx.session(world.session_id)
        assert row is not None
        tx.save_session(SessionRow("session-later", world.posyandu_id, later, row.time, row.place))
    with client_for(world, "kader_own") as client:
        post(client, f"/konsol/hari/{world.session_id}/tutup")
        assert came(world) == {world.child_id: False}
        post(client, f"/konsol/hari/{world.session_id}/buka")
        post(client, "/konsol/hari/session-later/tutup")
        assert "belum tiba" in client.get("/konsol/hari/session-later").text
    with world.app.store.transaction(write=False) as tx:
        rows = [tx.session(world.session_id), tx.session("session-later")]
    assert [row.closed_at for row in rows if row] == [None, None]


# --- home visits


def test_a_visit_needs_an_outcome_and_is_ticked_off_once(world: World) -> None:
    now = world.app.clock.now()
    with world.app.store.transaction() as tx:
        tx.add_home_visit(HomeVisitRow("v", world.posyandu_id, world.household_id, UNREACHED, now), now)
    with client_for(world, "kader_own") as client:
        assert "Siti Aminah" in client.get("/konsol/kunjungan").text
        post(client, "/konsol/kunjungan/v/selesai")
        assert "Pilih dulu hasilnya" in client.get("/konsol/kunjungan").text
        post(client, "/konsol/kunjungan/v/selesai", {"pilihan": "sehat"})
        assert "Siti Aminah" not in client.get("/konsol/kunjungan").text
        assert post(client, "/konsol/kunjungan/none/selesai", {"pilihan": "sehat"}).status_code == 404


# --- cases


def test_a_case_that_somebody_has_is_not_taken_away(world: World) -> None:
    number = a_case(world.app, world)
    with client_for(world, "bidan_own") as bidan, client_for(world, "kader_own") as kader:
        post(bidan, f"/konsol/kasus/{number}/ambil")
        post(kader, f"/konsol/kasus/{number}/ambil")
        page = kader.get(f"/konsol/kasus/{number}").text
    assert "sudah diambil Wati" in page
    assert "Kirim jawaban" not in page


@pytest.mark.parametrize(
    ("page", "form", "words"),
    [
        ("jawab", {"teks": ""}, "Tulis dulu isinya"),
        ("jawab", {"teks": "a" * 5000}, "Terlalu panjang"),
        ("catat", {"catatan": ""}, "Tulis dulu isinya"),
        ("tutup", {}, "Tulis dulu isinya"),
        ("tutup", {"hasil": "a" * 121}, "Terlalu panjang"),
    ],
)
def test_a_text_that_does_not_fit_comes_back_as_it_was_typed(
    world: World, page: str, form: dict[str, object], words: str
) -> None:
    number = a_case(world.app, world)
    with client_for(world, "kader_own") as client:
        shown = post(client, f"/konsol/kasus/{number}/{page}", form)
    assert shown.status_code == 422
    assert words in shown.text
    assert all(str(value) in shown.text for value in form.values())


def test_an_answer_sent_twice_by_a_nervous_thumb_goes_once(world: World) -> None:
    number = a_case(world.app, world)
    with client_for(world, "kader_own") as client:
        for _ in range(2):
            post(client, f"/konsol/kasus/{number}/jawab", {"teks": "Saya ke sana ya, Bu.", "kunci": "k"})
    with world.app.store.transaction(write=False) as tx:
        answers = [one for one in tx.outbox_of(world.mother_id) if one.content_id == "kasus/jawaban"]
    assert len(answers) == 1


@pytest.mark.parametrize("number", ["0", "999", "x", "1e3", "99999999999999999999", "%F0%9F%98%80"])
def test_a_number_of_no_case_is_not_found(world: World, number: str) -> None:
    with client_for(world, "kader_own") as client:
        assert client.get(f"/konsol/kasus/{number}").status_code == 404


def test_whoever_reads_a_case_is_written_down_with_the_family(world: World) -> None:
    number = a_case(world.app, world)
    with client_for(world, "kader_own") as client:
        client.get(f"/konsol/kasus/{number}")
    with world.app.store.transaction(write=False) as tx:
        lines, _ = tx.audit_lines(posyandu_ids=[world.posyandu_id], actor_ids=[], event="page_read")
    assert [(line.household_id, line.detail["page"]) for line in lines] == [(world.household_id, "case")]


# --- assisted registration


def family_form(world: World, **more: str) -> dict[str, object]:
    born = world.app.clock.now().date() - timedelta(days=100)
    return {
        "posyandu": world.posyandu_id,
        "ibu": "Yuliana",
        "anak": "Melki",
        "lahir": born.isoformat(),
        "kelamin": "M",
        "setuju": "1",
        **more,
    }


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"setuju": ""}, "Tanpa persetujuan ibunya"),
        ({"ibu": ""}, "Isi nama ibunya"),
        ({"anak": "", "lahir": ""}, "Isi anaknya, atau kehamilannya"),
        ({"lahir": ""}, "Isi dulu bagian ini"),
        ({"lahir": "3 mei"}, "Belum terbaca"),
        ({"lahir": "2015-05-03"}, "lewat 5 tahun"),
        ({"lahir": "2031-05-03"}, "belum tiba"),
        ({"hp": "08"}, "Belum terbaca"),
        ({"berat_lahir": "3,2 kg"}, "Belum terbaca"),
        ({"hpht": "2019-01-01"}, "tidak mungkin"),
        ({"posyandu": ""}, "Isi dulu bagian ini"),
    ],
)
def test_a_family_is_registered_whole_or_not_at_all(world: World, more: dict[str, str], words: str) -> None:
    with client_for(world, "kader_own") as client:
        shown = post(client, "/konsol/daftarkan", family_form(world, **more))
    assert shown.status_code == 422
    assert words in shown.text
    with world.app.store.transaction(write=False) as tx:
        assert tx.households_of_posyandu(world.posyandu_id) == [world.household_id]


def test_a_family_is_not_registered_into_another_posyandu(world: World) -> None:
    with client_for(world, "kader_other") as client:
        assert post(client, "/konsol/daftarkan", family_form(world)).status_code == 404


def test_the_words_that_were_read_aloud_and_who_heard_the_yes_are_kept(world: World, clock: SetClock) -> None:
    with client_for(world, "kader_own") as client:
        page = client.get("/konsol/daftarkan").text
        leads_to = post(client, "/konsol/daftarkan", family_form(world, hp="0814-0000-0099")).headers["location"]
        assert "Yuliana" in client.get(leads_to).text
    household = leads_to.rsplit("/", 1)[1]
    with world.app.store.transaction(write=False) as tx:
        mother = tx.caregivers_of(household)[0]
        consents = tx.consents_of(mother.id)
        channels = [one.channel for one in tx.addresses_of(mother.id)]
    assert len(consents) == 1 and consents[0].granted
    assert consents[0].wording.splitlines()[0] in page.replace("&#34;", '"').replace("&#39;", "'")
    assert channels == [Channel.SMS]


def test_closing_the_day_saves_what_was_typed_and_not_saved_yet(world: World) -> None:
    child = world.child_id
    with client_for(world, "kader_own") as client:
        answer = post(client, f"/konsol/hari/{world.session_id}/tutup", {f"bb.{child}": "8,2"})
    assert answer.status_code == 303
    assert weighed(world) == (8.2, None)
    assert came(world)[child] is True


def test_a_day_with_a_number_that_cannot_be_kept_stays_open_and_says_so(world: World) -> None:
    with client_for(world, "kader_own") as client:
        answer = post(client, f"/konsol/hari/{world.session_id}/tutup", {f"bb.{world.child_id}": "delapan"})
    assert answer.status_code == 422
    assert "Hari ini belum ditutup" in answer.text and 'value="delapan"' in answer.text
    with world.app.store.transaction(write=False) as tx:
        row = tx.session(world.session_id)
    assert row is not None and row.closed_at is None


def test_closing_a_case_without_an_outcome_says_at_the_top_that_nothing_was_done(world: World) -> None:
    number = a_case(world.app, world)
    with client_for(world, "bidan_own") as client:
        answer = post(client, f"/konsol/kasus/{number}/tutup", {})
    assert answer.status_code == 422
    assert 'role="alert">Tulis dulu isinya.' in answer.text.replace("\n", "")
    assert "autofocus" in answer.text  # and the page opens where something is to be written
