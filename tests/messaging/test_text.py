"""Typed text: nothing hidden, no commands, and a name for what is no sentence."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sapa.messaging.labels import intent_to_label, label_to_intent
from sapa.messaging.text import MAX_TEXT, classify_odd, fold, neutralize, strip_invisible


@dataclass(frozen=True)
class Media:
    content_type: str


@pytest.mark.parametrize(
    ("typed", "reaches_rasa"),
    [
        ("halo", "halo"),
        ("/restart", "restart"),
        ("//restart", "restart"),
        (" / /restart", "restart"),
        ("\n\t/session_start", "session_start"),
        ("\u200b/restart", "restart"),
        ("\ufeff\u2060 /\u200d/restart", "restart"),
        ("\u00a0/restart", "restart"),
        ("\uff0frestart", "restart"),
        ("\u2044\u2215restart", "restart"),
        ("/", ""),
        ("1/2 mangkok", "1/2 mangkok"),
        ("lahir 3/5/2025", "lahir 3/5/2025"),
        ('/inform{"nama": "x"}', 'inform{"nama": "x"}'),
    ],
)
def test_a_slash_at_the_front_never_reaches_rasa(typed: str, reaches_rasa: str) -> None:
    assert neutralize(typed) == reaches_rasa


@given(st.text(max_size=200))
def test_no_text_is_left_that_rasa_takes_for_a_command(text: str) -> None:
    safe = neutralize(text)
    assert not safe.strip().startswith("/")
    assert neutralize(safe) == safe
    safe.encode("utf-8")  # no lone surrogates: they cannot be stored or sent


@given(st.text(alphabet="/\uff0f\u2044 \t\n\u200b\u00a0\ufeffab", max_size=30))
def test_no_mix_of_slashes_and_blanks_gets_through(text: str) -> None:
    assert not neutralize(text).strip().startswith(("/", "\uff0f", "\u2044"))


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("ha\u200blo", "halo"),
        ("\u202ehalo", "halo"),
        ("a\x00b", "ab"),
        ("a\nb\tc", "a\nb\tc"),
        ("\ud800x", "x"),
        ("\u3164", ""),
    ],
)
def test_characters_nobody_sees_are_taken_out(text: str, left: str) -> None:
    assert strip_invisible(text) == left


@pytest.mark.parametrize(
    ("text", "media", "extra", "odd"),
    [
        ("halo", [], {}, None),
        ("5", [], {}, None),
        ("", [], {}, "kosong"),
        (None, [], {}, "kosong"),
        ("   \u200b ", [], {}, "kosong"),
        ("?", [], {}, "kosong"),
        ("/", [], {}, "kosong"),
        ("👍", [], {}, "emoji"),
        ("😭😭🙏", [], {}, "emoji"),
        ("👩‍👧", [], {}, "emoji"),
        ("🇮🇩", [], {}, "emoji"),
        ("a" * MAX_TEXT, [], {}, None),
        ("a" * (MAX_TEXT + 1), [], {}, "terlalu-panjang"),
        ("", ["image/jpeg"], {}, "foto"),
        ("", ["image/webp"], {}, "foto"),
        ("ini ruam apa bu", ["image/jpeg"], {}, None),
        ("", ["audio/ogg"], {}, "suara"),
        ("", ["video/mp4"], {}, "foto"),
        ("", ["application/pdf"], {}, "berkas"),
        ("", ["text/vcard"], {}, "berkas"),
        ("", ["chemical/x-pdb"], {}, "tak-dikenal"),
        ("", [], {"has_location": True}, "lokasi"),
        ("Jalan Melati 3", [], {"message_type": "location"}, "lokasi"),
        ("", [], {"message_type": "audio"}, "suara"),
        ("", [], {"message_type": "sticker"}, "foto"),
        ("", [], {"message_type": "contacts"}, "berkas"),
        ("", [], {"message_type": "order"}, "tak-dikenal"),
    ],
)
def test_what_is_no_sentence_has_a_name(
    text: str | None, media: list[str], extra: dict[str, object], odd: str | None
) -> None:
    assert classify_odd(text, [Media(kind) for kind in media], **extra) == odd  # type: ignore[arg-type]


@given(st.text(max_size=100))
def test_every_text_has_a_name_or_a_meaning(text: str) -> None:
    assert classify_odd(text) in (None, "kosong", "emoji", "terlalu-panjang")


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("5bln", ["5", "bln"]),
        ("hamil 34w", ["hamil", "34", "w"]),
        ("laki2", ["laki", "laki"]),
        ("anak2nya", ["anak", "anaknya"]),
        ("anakx", ["anaknya"]),
        ("3x", ["3", "x"]),
        ("bangettt", ["banget"]),
        ("bb 7,8kg", ["bb", "7.8", "kg"]),
        ("ＨＡＬＯ bu", ["halo", "bu"]),
        ("Jum'at", ["jumat"]),
        ("", []),
    ],
)
def test_folding_gives_the_plain_words(typed: str, words: list[str]) -> None:
    assert fold(typed) == words


@given(st.text(max_size=100))
def test_folding_never_fails(text: str) -> None:
    assert all(word and word == word.strip() for word in fold(text))


@pytest.mark.parametrize(
    ("label", "intent"),
    [("gizi/isi-piringku", "gizi.isi-piringku"), ("flow/daftar-anak", "flow.daftar-anak"), ("danger", "danger")],
)
def test_labels_and_intents_are_two_names_of_one_thing(label: str, intent: str) -> None:
    assert label_to_intent(label) == intent
    assert intent_to_label(intent) == label
