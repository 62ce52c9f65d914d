"""A turn of the dialogue, on both databases, with an engine that does as it is told."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from sapa.bootstrap import App
from sapa.clock import SetClock
from sapa.family.people import Child
from sapa.messaging.states import Channel, Kind
from sapa.services.conversation import MAX_ATTEMPTS, claim_next, hold_turn
from sapa.services.inbound import triage_next
from sapa.services.ports import EngineFailed, EngineUnavailable
from sapa.services.records import MediaItem, OutboxMessage, Reply, Turn

LEASE = timedelta(seconds=60)
ANI = "+6281200000001"


class ToldEngine:
    """Answers with what it is given, and remembers what it was asked."""

    def __init__(self, *answers: Turn | Exception) -> None:
        self._answers = list(answers) or [Turn((Reply("dialog/salam"),), "sapaan", 0.9)]
        self.asked: list[str] = []
        self.metadata: list[Mapping[str, Any]] = []

    async def turn(self, contact_id: str, inbound_id: str, text: str, metadata: Mapping[str, Any]) -> Turn:
        self.asked.append(text)
        self.metadata.append(metadata)
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


async def _work(app: App, engine: ToldEngine, clock: SetClock) -> list[bool]:
    """Triage and answer until nothing can be done now."""
    done = []
    while triage_next(app.deps, clock.now()) is not None:
        pass
    while (claim := claim_next(app.deps, "w", clock.now(), LEASE)) is not None:
        done.append(await hold_turn(app.deps, engine, claim, clock.now))
    return done


def _sent_to(app: App, address: str = ANI, channel: Channel = Channel.WHATSAPP) -> list[OutboxMessage]:
    with app.store.transaction(write=False) as tx:
        contact_id = tx.contact_id_for(channel, address)
        return list(tx.outbox_of(contact_id)) if contact_id else []


def _contents(app: App, address: str = ANI) -> list[str]:
    return [message.content_id for message in _sent_to(app, address)]


def _cases(app: App, address: str = ANI) -> list[str]:
    with app.store.transaction(write=False) as tx:
        contact_id = tx.contact_id_for(Channel.WHATSAPP, address)
        assert contact_id is not None
        return [case.kind for case in tx.open_cases_of(contact_id)]


async def test_a_message_is_answered_once(app: App, receive: Callable[..., str], clock: SetClock) -> None:
    receive("halo")
    engine = ToldEngine()
    assert await _work(app, engine, clock) == [True]
    assert await _work(app, engine, clock) == []
    assert _contents(app) == ["dialog/salam"]


async def test_with_the_engine_away_messages_wait_as_long_as_it_takes_and_are_answered_in_order(
    app: App, receive: Callable[..., str], clock: SetClock
) -> None:
    for text in ("apa itu stunting", "menu mpasi", "halo"):
        receive(text)
    away = ToldEngine(EngineUnavailable("down"))
    for _ in range(MAX_ATTEMPTS + 20):
        await _work(app, away, clock)
        clock.set(clock.now() + timedelta(seconds=6))
    assert _contents(app) == []
    back = ToldEngine()
    await _work(app, back, clock)
    assert back.asked == ["apa itu stunting", "menu mpasi", "halo"]
    assert len(_contents(app)) == 3


async def test_a_message_the_engine_always_stumbles_over_is_handed_to_a_human(
    app: App, receive: Callable[..., str], clock: SetClock
) -> None:
    receive("aduh")
    engine = ToldEngine(EngineFailed("500"))
    for _ in range(MAX_ATTEMPTS + 2):
        await _work(app, engine, clock)
        clock.set(clock.now() + timedelta(seconds=10))
    assert len(engine.asked) == MAX_ATTEMPTS
    assert _contents(app) == ["dialog/gangguan"]
    assert _cases(app) == ["fault"]


async def test_a_text_that_cannot_be_made_is_tried_again_and_then_handed_to_a_human(
    app: App, receive: Callable[..., str], clock: SetClock
) -> None:
    receive("aduh")
    engine = ToldEngine(Turn((Reply("no/such-text"),), "sapaan", 0.9))
    for _ in range(MAX_ATTEMPTS):
        with pytest.raises(ValueError, match="no/such-text"):
            await _work(app, engine, clock)
        clock.set(clock.now() + timedelta(seconds=10))
    await _work(app, engine, clock)
    assert _contents(app) == ["dialog/gangguan"]


STOPS = [
    ("STOP", "dialog/berhenti"),
    ("berhenti", "dialog/berhenti"),
    ("Stop.", "dialog/berhenti"),
    ("MULAI", "dialog/mulai-lagi"),
]


@pytest.mark.parametrize(("text", "content"), STOPS, ids=[text for text, _ in STOPS])
async def test_stop_words_act_at_once_without_the_engine(
    app: App, receive: Callable[..., str], clock: SetClock, text: str, content: str
) -> None:
    receive("apa itu stunting")  # waits for an engine that is away
    receive(text)
    await _work(app, ToldEngine(EngineUnavailable("down")), clock)
    assert _contents(app) == [content]


async def test_after_a_stop_the_open_dialogue_is_begun_anew(
    app: App, receive: Callable[..., str], clock: SetClock
) -> None:
    receive("STOP")
    receive("halo")
    receive("halo lagi")
    engine = ToldEngine()
    await _work(app, engine, clock)
    assert [metadata["reset"] for metadata in engine.metadata] == [True, False]


async def test_where_the_provider_has_answered_the_stop_we_stay_silent(
    app: App, receive: Callable[..., str], clock: SetClock
) -> None:
    receive("STOP", opt_out_type="STOP")
    await _work(app, ToldEngine(), clock)
    assert _contents(app) == []
    with app.store.transaction(write=False) as tx:
        contact_id = tx.contact_id_for(Channel.WHATSAPP, ANI)
        contact = tx.contact(contact_id or "")
    assert contact is not None and contact.opted_out_at is not None


async def test_an_emergency_is_answered_without_the_engine_before_what_waits_and_opens_one_case(
    app: App, receive: Callable[..., str], clock: SetClock
) -> None:
    receive("apa itu stunting")
    receive("tolong anak saya kejang")
    await _work(app, ToldEngine(EngineUnavailable("down")), clock)
    first = _sent_to(app)[0]
    assert first.content_id == "bahaya/bayi-anak" and first.kind is Kind.DANGER and "119" in first.text
    assert _cases(app) == ["danger"]


async def test_an_emergency_only_the_model_sees_is_answered_as_one(
    app: App, receive: Callable[..., str], clock: SetClock
) -> None:
    receive("ada yang aneh sekali dengan bayi saya")
    await _work(app, ToldEngine(Turn((Reply("bahaya/umum"), Reply("dialog/menu")), "danger", 0.8)), clock)
    assert [message.kind for message in _sent_to(app)] == [Kind.DANGER]
    assert _cases(app) == ["danger"]


async def test_a_complaint_opens_a_case(app: App, receive: Callable[..., str], clock: SetClock) -> None:
    receive("mata anak merah")
    await _work(app, ToldEngine(Turn((Reply("dialog/keluhan"),), "keluhan", 0.8)), clock)
    assert _cases(app) == ["keluhan"]


ODD: list[tuple[str, dict[str, Any], str]] = [
    ("", {}, "dialog/aneh/kosong"),
    ("   \u200b\u2060 ", {}, "dialog/aneh/kosong"),
    ("😀😀", {}, "dialog/aneh/emoji"),
    ("a " * 2500, {}, "dialog/aneh/terlalu-panjang"),
    ("", {"media": (MediaItem("https://x/1", "image/jpeg"),), "message_type": "image"}, "dialog/aneh/foto"),
    ("", {"media": (MediaItem("https://x/1", "audio/ogg"),), "message_type": "audio"}, "dialog/aneh/suara"),
    ("", {"latitude": -8.6, "longitude": 121.0, "message_type": "location"}, "dialog/aneh/lokasi"),
    ("", {"media": (MediaItem("https://x/1", "application/pdf"),), "message_type": "document"}, "dialog/aneh/berkas"),
]


@pytest.mark.parametrize(("text", "more", "content"), ODD, ids=[content for *_, content in ODD])
async def test_odd_input_gets_a_kind_answer_and_never_reaches_the_engine(
    app: App, receive: Callable[..., str], clock: SetClock, text: str, more: dict[str, Any], content: str
) -> None:
    receive(text, **more)
    engine = ToldEngine()
    await _work(app, engine, clock)
    assert _contents(app) == [content] and engine.asked == []


async def test_a_thumbs_up_is_an_answer(app: App, receive: Callable[..., str], clock: SetClock) -> None:
    receive("👍")
    engine = ToldEngine()
    await _work(app, engine, clock)
    assert engine.asked == ["👍"]


async def test_a_picture_with_words_is_understood_by_its_words(
    app: App, receive: Callable[..., str], clock: SetClock
) -> None:
    receive("ini ruam apa ya", media=(MediaItem("https://x/1", "image/jpeg"),), message_type="image")
    engine = ToldEngine()
    await _work(app, engine, clock)
    assert engine.asked == ["ini ruam apa ya"]


@pytest.mark.parametrize("typed", ["/restart", " /restart", "\u200b/inform{}", "//x", "\uff0frestart"])
async def test_a_typed_slash_never_reaches_the_engine_as_a_command(
    app: App, receive: Callable[..., str], clock: SetClock, typed: str
) -> None:
    receive(typed)
    engine = ToldEngine()
    await _work(app, engine, clock)
    assert not any(asked.lstrip().startswith("/") for asked in engine.asked)


async def test_a_numbered_choice_is_answered_by_its_number(
    app: App, receive: Callable[..., str], clock: SetClock
) -> None:
    receive("gizi anak")
    choices = Reply(
        "dialog/pilih",
        {"options": ["Isi Piringku", "Stunting"], "labels": ["gizi/isi-piringku", "hpk/apa-itu-stunting"]},
    )
    engine = ToldEngine(Turn((choices,), "gizi/isi-piringku", 0.3), Turn((Reply("dialog/salam"),), "sapaan", 1.0))
    await _work(app, engine, clock)
    receive("2")
    await _work(app, engine, clock)
    assert engine.asked == ["gizi anak", "/hpk.apa-itu-stunting"]


async def test_a_number_that_no_choice_was_offered_for_is_only_a_number(
    app: App, receive: Callable[..., str], clock: SetClock
) -> None:
    receive("2")
    engine = ToldEngine()
    await _work(app, engine, clock)
    assert engine.asked == ["2"]


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Hello, can you please tell me when my baby should get the next vaccine?", "en"),
        ("nyuwun sewu bu bidan menika putra kula benter sanget kados pundi nggih", "jv"),
        ("kapan jadwal imunisasi bayi saya", None),
    ],
)
async def test_the_engine_is_told_when_a_message_is_in_another_language(
    app: App, receive: Callable[..., str], clock: SetClock, text: str, language: str | None
) -> None:
    receive(text)
    engine = ToldEngine()
    await _work(app, engine, clock)
    assert engine.metadata[0].get("language") == language


async def test_an_answer_goes_back_on_the_channel_the_question_came_by(
    app: App, receive: Callable[..., str], clock: SetClock
) -> None:
    receive("halo", channel=Channel.SMS)
    receive("halo")
    await _work(app, ToldEngine(), clock)
    # One phone number is one person, so both answers belong to one contact.
    assert [message.channel for message in _sent_to(app)] == [Channel.SMS, Channel.WHATSAPP]


async def test_somebody_who_hides_the_number_is_a_contact_too(
    app: App, receive: Callable[..., str], clock: SetClock
) -> None:
    hidden = "ID." + "1" * 120
    receive("halo", hidden)
    await _work(app, ToldEngine(), clock)
    assert _contents(app, hidden) == ["dialog/salam"]


async def test_a_name_typed_into_a_form_opens_no_case_whatever_the_model_takes_it_for(
    app: App, receive: Callable[..., str], clock: SetClock
) -> None:
    receive("Bintang Jatuh")
    await _work(
        app, ToldEngine(Turn((Reply("dialog/daftar-anak/tanya-kelamin", {"child_name": "B"}),), "danger", 0.6)), clock
    )
    assert _contents(app) == ["dialog/daftar-anak/tanya-kelamin"] and _cases(app) == []


QUIETED = ["dialog/berhenti"]


@pytest.mark.parametrize("key", QUIETED)
async def test_who_was_promised_silence_is_opted_out_and_hears_the_promise(
    app: App, receive: Callable[..., str], clock: SetClock, key: str
) -> None:
    receive("...jangan lagi")
    await _work(app, ToldEngine(Turn((Reply(key),), "x", 0.9)), clock)
    with app.store.transaction() as tx:
        contact = tx.contact(tx.contact_id_for(Channel.WHATSAPP, ANI) or "")
        claimed = tx.claim_outbox("s", clock.now(), clock.now() + LEASE, 5)
    assert contact is not None and contact.opted_out_at is not None and contact.dialogue_reset
    assert [message.content_id for message in claimed] == [key]


async def test_what_waited_while_the_number_fell_silent_gets_no_answer(
    app: App, receive: Callable[..., str], clock: SetClock
) -> None:
    """Its answer would speak of the family to somebody who says not to be the one we mean."""
    receive("kapan imunisasi berikutnya")
    with app.store.transaction() as tx:
        contact_id = tx.contact_id_for(Channel.WHATSAPP, ANI) or ""
        home = tx.household_of(contact_id, clock.now())
        tx.save_child(home, Child("Ani", date(2026, 5, 3), id="c1"), clock.now())
    await _work(app, ToldEngine(EngineUnavailable("down")), clock)
    receive("bukan saya, salah nomor")
    clock.set(clock.now() + timedelta(seconds=10))
    back = ToldEngine(Turn((Reply("imunisasi/jadwal"),), "imunisasi/jadwal", 0.9))
    await _work(app, back, clock)
    assert back.asked == [] and _contents(app) == ["dialog/bukan-saya/terima"]
    assert await _work(app, back, clock) == []


async def test_a_stop_in_the_middle_of_a_turn_still_ends_the_open_dialogue(
    app: App, receive: Callable[..., str], clock: SetClock
) -> None:
    class Slow(ToldEngine):
        async def turn(self, contact_id: str, inbound_id: str, text: str, metadata: Mapping[str, Any]) -> Turn:
            if not self.asked:
                receive("STOP")
                triage_next(app.deps, clock.now())
            return await super().turn(contact_id, inbound_id, text, metadata)

    receive("daftar anak")
    engine = Slow()
    await _work(app, engine, clock)
    receive("halo")
    await _work(app, engine, clock)
    assert [said["reset"] for said in engine.metadata] == [False, True]


async def test_an_emergency_told_by_a_silent_number_is_answered_and_closes_nobodys_record(
    app: App, receive: Callable[..., str], clock: SetClock
) -> None:
    receive("halo")
    with app.store.transaction() as tx:
        contact_id = tx.contact_id_for(Channel.WHATSAPP, ANI) or ""
        home = tx.household_of(contact_id, clock.now())
        tx.save_child(home, Child("Ani", date(2026, 5, 3), id="c1"), clock.now())
        tx.set_suspended(contact_id, clock.now())
    receive("anak saya meninggal, istri perdarahan banyak")
    await _work(app, ToldEngine(), clock)
    assert _contents(app)[-1].startswith("bahaya/")
    with app.store.transaction(write=False) as tx:
        assert [child.name for child in tx.children_of(home)] == ["Ani"]


async def test_a_picture_is_drawn_before_anything_is_locked(
    app: App, receive: Callable[..., str], clock: SetClock
) -> None:
    """SQLite has one writer: a message that comes in while a chart is drawn must not wait for it."""
    drawn: list[str] = []

    def draw(kind: str, facts: Mapping[str, Any]) -> bytes:
        with app.store.transaction() as tx:  # would wait for ever inside another one
            tx.audit("drawn", None, {}, clock.now())
        drawn.append(kind)
        return b"PNG"

    receive("berat Ani 8,2")
    picture = Reply("dialog/salam", picture={"kind": "growth-chart", "child": "Ani"})
    while triage_next(app.deps, clock.now()) is not None:
        pass
    claimed = claim_next(app.deps, "w", clock.now(), LEASE)
    assert claimed is not None
    deps = replace(app.deps, draw=draw)
    assert await hold_turn(deps, ToldEngine(Turn((picture,), "flow/catat-timbang", 0.9)), claimed, clock.now)
    (sent,) = _sent_to(app)
    assert drawn == ["growth-chart"] and len(sent.media) == 1
    with app.store.transaction(write=False) as tx:
        found = tx.picture(sent.media[0].url.rsplit("/", 1)[1])
    assert found is not None and found.data == b"PNG"
