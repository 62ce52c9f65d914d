"""Pictures of a case in the console: fetched when somebody looks, for those who may see the case, and written down."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from sapa.bootstrap import App
from sapa.messaging.states import Channel
from sapa.services.case_media import FetchedMedia, MediaRefused
from sapa.services.records import InboundForm, MediaItem
from tests.web.console_world import World, build, client_for

PICTURE = FetchedMedia(b"\xff\xd8\xff\xe0picture", "image/jpeg")
VOICE = FetchedMedia(b"OggSvoice", "audio/ogg")
KEPT = {"https://api.twilio.com/1": PICTURE, "https://api.twilio.com/2": VOICE}


class Fetching(App):
    """The application with what the provider keeps."""

    def fetch_media(self, url: str) -> FetchedMedia:
        if url not in KEPT:
            raise MediaRefused("gone")
        return KEPT[url]


@pytest.fixture
def database_url(one_database: str) -> str:
    return one_database


@pytest.fixture
def world(app: App) -> World:
    fields = {name: getattr(app, name) for name in app.__dataclass_fields__}
    return build(Fetching(**fields))


def _case(world: World, *urls: str, of: str | None = None) -> tuple[int, str]:
    """The number of a case opened by a message with these files, and the message's id."""
    contact_id = of or world.mother_id
    with world.app.store.transaction() as tx:
        contact = tx.contact(contact_id)
        assert contact is not None
        address = tx.addresses_of(contact_id)[0]
        media = tuple(MediaItem(url, "image/jpeg") for url in urls)
        form = InboundForm("SM" + "c" * 32, Channel.WHATSAPP, address.value, "bot", "lihat ini", media=media)
        inbound_id = tx.store_inbound(form, contact, address, world.app.clock.now()) or ""
        tx.open_case(contact_id, "keluhan", inbound_id, world.app.clock.now())
        return next(case.number or 0 for case in tx.open_cases_of(contact_id)), inbound_id


def _audits(world: World, event: str) -> list[Any]:
    with world.app.store.transaction(write=False) as tx:
        lines, _ = tx.audit_lines(posyandu_ids=[world.posyandu_id], actor_ids=[], event=event)
    return list(lines)


def test_a_picture_is_shown_and_a_voice_note_is_taken_down_and_both_are_written_down(world: World) -> None:
    number, message = _case(world, "https://api.twilio.com/1", "https://api.twilio.com/2")
    with client_for(world, "kader_own") as client:
        page = client.get(f"/konsol/kasus/{number}").text
        links = [f"/konsol/kasus/{number}/lampiran/{message}/{index}" for index in (0, 1)]
        assert all(link in page for link in links)
        picture, voice = (client.get(link) for link in links)
    assert (picture.content, picture.headers["content-type"]) == (PICTURE.data, "image/jpeg")
    assert picture.headers["content-disposition"].startswith("inline")
    assert voice.headers["content-disposition"] == f'attachment; filename="kasus-{number}-2.ogg"'
    for answer in (picture, voice):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"
        assert "script-src 'self'" in answer.headers["content-security-policy"]
    assert [line.detail for line in _audits(world, "picture_read")] == [{"page": "attachment"}] * 2


def test_what_cannot_be_fetched_is_said_on_the_page_of_the_case(world: World) -> None:
    number, message = _case(world, "https://api.twilio.com/gone")
    with client_for(world, "bidan_own") as client:
        answer = client.get(f"/konsol/kasus/{number}/lampiran/{message}/0")
    assert answer.status_code == 422 and "sudah dihapus" in answer.text


@pytest.mark.parametrize("who", ["kader_other", "bidan_other"])
def test_the_other_village_finds_nothing_and_fetches_nothing(world: World, who: str) -> None:
    number, message = _case(world, "https://api.twilio.com/1")
    with client_for(world, who) as client:
        assert client.get(f"/konsol/kasus/{number}/lampiran/{message}/0").status_code == 404


def test_a_message_of_somebody_else_is_not_shown_under_a_case_one_may_see(world: World) -> None:
    with world.app.store.transaction() as tx:
        stranger, address = tx.contact_for_address(Channel.WHATSAPP, "+6281499999999", None, world.app.clock.now())
        media = (MediaItem("https://api.twilio.com/1", "image/jpeg"),)
        form = InboundForm("SM" + "d" * 32, Channel.WHATSAPP, address.value, "bot", "rahasia", media=media)
        foreign = tx.store_inbound(form, stranger, address, world.app.clock.now())
    number, _ = _case(world, "https://api.twilio.com/2")
    with client_for(world, "kader_own") as client:
        assert client.get(f"/konsol/kasus/{number}/lampiran/{foreign}/0").status_code == 404


@pytest.mark.parametrize("index", ["1", "-1", "x", "99999999999999999999", "0.0", "%30x"])
def test_a_place_that_holds_nothing_is_not_found(world: World, index: str) -> None:
    number, message = _case(world, "https://api.twilio.com/1")
    with client_for(world, "kader_own") as client:
        assert client.get(f"/konsol/kasus/{number}/lampiran/{message}/{index}").status_code == 404


def test_with_the_simulator_nothing_is_fetched_from_anywhere(app: App) -> None:
    with pytest.raises(MediaRefused):
        replace(app).fetch_media("https://api.twilio.com/1")
