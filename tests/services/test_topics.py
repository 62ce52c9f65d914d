"""One topic can be stopped on its own, kept with its words, and resumed; the bare STOP stays what it was."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from sapa.bootstrap import App
from sapa.family.reading.rights import TopicWish, read_topic_wish, read_withdrawal
from sapa.messaging.states import Channel, Kind
from sapa.messaging.stop_words import stop_word
from sapa.services import topics
from sapa.services.consents import PREGNANCY_CARE
from sapa.services.records import OutboxDraft

STOPS = [
    ("stop KB", "kb"),
    ("STOP PESAN KB", "kb"),
    ("tidak mau dikirimi pesan KB", "kb"),
    ("jangan kirim pesan ayah", "ayah"),
    ("stop pesan ayah ya bu", "ayah"),
    ("stop pengingat posyandu saja", "posyandu"),
    ("jangan ingatkan imunisasi lagi", "posyandu"),
    ("berhenti tips", "tips"),
    ("stop info gizi", "tips"),
    ("stop tips hamil", "hamil"),
    ("hentikan pesan kehamilan ya bu", "hamil"),
    ("stop pesan anak", "anak"),
    ("jangan kirim info nikah lagi", "catin"),
    ("berhenti pesan nifas", "nifas"),
]
RESUMES = [
    ("mulai tips", "tips"),
    ("lanjutkan pengingat posyandu", "posyandu"),
    ("MULAI PESAN KB", "kb"),
    ("mulai pesan ayah", "ayah"),
    ("aktifkan lagi pesan kehamilan", "hamil"),
]
NEITHER = [
    "stop",
    "STOP",
    "berhenti kirim pesan",
    "mulai",
    "saya mau berhenti KB",
    "kapan boleh stop KB?",
    "stop kb suntik efeknya apa",
    "mau lanjut kb",
    "stop anak",
    "kapan stop asi",
    "imunisasi berhenti karena demam",
    "jangan kasih tips aneh aneh ke anak saya dong nanti rewel",
]


@pytest.fixture
def database_url(one_database: str) -> str:
    """One kind of database is enough here."""
    return one_database


@pytest.fixture
def contact_id(app: App, now: datetime) -> str:
    with app.store.transaction() as tx:
        contact, _ = tx.contact_for_address(Channel.WHATSAPP, "+6281200000001", "+6281200000001", now)
    return contact.id


@pytest.mark.parametrize(("text", "topic"), STOPS)
def test_a_topic_is_stopped_in_everyday_words(text: str, topic: str) -> None:
    assert read_topic_wish(text) == TopicWish(topic, stop=True)
    assert stop_word(text) is None  # the bare STOP does not swallow it


@pytest.mark.parametrize(("text", "topic"), RESUMES)
def test_a_topic_is_resumed_in_everyday_words(text: str, topic: str) -> None:
    assert read_topic_wish(text) == TopicWish(topic, stop=False)
    assert stop_word(text) is None


@pytest.mark.parametrize("text", NEITHER)
def test_what_is_not_only_that_is_left_alone(text: str) -> None:
    assert read_topic_wish(text) is None


def say(app: App, contact_id: str, text: str, now: datetime) -> str | None:
    with app.store.transaction() as tx:
        replies = topics.record(app.deps, tx, contact_id, text, "", now)
    return None if replies is None else replies[0].key


def stopped(app: App, contact_id: str) -> set[str]:
    with app.store.transaction(write=False) as tx:
        return topics.stopped_topics(tx, contact_id)


def test_the_last_word_on_a_topic_counts_and_every_word_is_kept(app: App, contact_id: str, now: datetime) -> None:
    for hour, (text, after) in enumerate(
        [
            ("stop KB", {"kb"}),
            ("berhenti tips", {"kb", "tips"}),
            ("mulai pesan KB", {"tips"}),
            ("stop KB", {"kb", "tips"}),
        ]
    ):
        assert say(app, contact_id, text, now + timedelta(hours=hour)) is not None
        assert stopped(app, contact_id) == after
    with app.store.transaction(write=False) as tx:
        kept = [(row.purpose, row.wording, row.granted) for row in tx.consents_of(contact_id)]
    assert kept == [
        ("topic:kb", "stop KB", False),
        ("topic:tips", "berhenti tips", False),
        ("topic:kb", "mulai pesan KB", True),
        ("topic:kb", "stop KB", False),
    ]


def test_asking_for_what_was_never_stopped_is_an_ordinary_question(app: App, contact_id: str, now: datetime) -> None:
    assert say(app, contact_id, "kirim info imunisasi", now) is None


def test_doing_it_twice_for_one_message_keeps_one_word(app: App, contact_id: str, now: datetime) -> None:
    assert say(app, contact_id, "stop KB", now) == say(app, contact_id, "stop KB", now) == "dialog/berhenti/topik"
    with app.store.transaction(write=False) as tx:
        assert len(tx.consents_of(contact_id)) == 1


def test_what_waits_to_be_sent_on_that_topic_is_taken_back_and_the_rest_goes(
    app: App, contact_id: str, now: datetime
) -> None:
    with app.store.transaction() as tx:
        address = tx.addresses_of(contact_id)[0]
        for topic in ("kb", "posyandu"):
            tx.queue(
                OutboxDraft(
                    f"d:{topic}", contact_id, address.id, Channel.WHATSAPP, Kind.REMINDER, "x", topic, topic=topic
                ),
                now,
            )
    say(app, contact_id, "stop KB", now)
    with app.store.transaction(write=False) as tx:
        assert {one.text: one.state.value for one in tx.outbox_of(contact_id)} == {
            "kb": "suppressed",
            "posyandu": "queued",
        }


@pytest.mark.parametrize(
    ("text", "purpose"),
    [
        ("cabut izin data kehamilan", "pregnancy_care"),
        ("batalkan persetujuan KB", "family_planning"),
        ("tolong cabut izin anak", "child_care"),
        ("cabut izin", None),
        ("izin bertanya bu soal anak", None),
    ],
)
def test_a_consent_is_withdrawn_in_words(text: str, purpose: str | None) -> None:
    assert read_withdrawal(text) == purpose


def test_a_withdrawn_consent_stops_the_messages_that_stood_on_it_and_its_versions_are_kept(
    app: App, contact_id: str, now: datetime
) -> None:
    with app.store.transaction() as tx:
        tx.record_consent(contact_id, PREGNANCY_CARE, "Apakah Ibu setuju?", True, "in-0", now - timedelta(days=9))
        address = tx.addresses_of(contact_id)[0]
        tx.queue(
            OutboxDraft(
                "d",
                contact_id,
                address.id,
                Channel.WHATSAPP,
                Kind.REMINDER,
                "x",
                "K4",
                consent_purpose=PREGNANCY_CARE,
            ),
            now,
        )
    assert say(app, contact_id, "cabut izin data kehamilan", now) == "dialog/berhenti/izin"
    with app.store.transaction() as tx:
        assert tx.claim_outbox("test", now, now + timedelta(minutes=1), 10) == []
        rows = tx.consents_of(contact_id)
        assert [(row.wording, row.granted, row.at) for row in rows] == [
            ("Apakah Ibu setuju?", True, now - timedelta(days=9)),
            ("cabut izin data kehamilan", False, now),
        ]
