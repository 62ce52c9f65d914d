"""Two questions in one message are told apart; stories and greetings are no questions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.nlu.questions import pieces, sentences

CASES = [
    ("kapan vitamin a? terus posyandu itu apa sih", ["kapan vitamin a?", "terus posyandu itu apa sih"]),
    ("jadwal posyandu kapan ya terus vitamin a umur berapa", ["jadwal posyandu kapan ya", "vitamin a umur berapa"]),
    (
        "boleh makan nanas ga, sekalian mau tanya ttd diminum kapan",
        ["boleh makan nanas ga", "mau tanya ttd diminum kapan"],
    ),
    ("Apa itu stunting? Bagaimana mencegahnya?", ["Apa itu stunting?", "Bagaimana mencegahnya?"]),
    ("Selamat pagi bu. Anak saya 8 bulan. Boleh makan telur?", ["Boleh makan telur?"]),
    ("Katanya kalau bisa imunisasi semua. Anaknya sehat. Kapan berikutnya?", ["Kapan berikutnya?"]),
    ("anak susah makan dan rewel", []),
    ("halo", []),
    ("", []),
]


@pytest.mark.parametrize(("text", "found"), CASES, ids=[text[:40] for text, _ in CASES])
def test_a_message_is_cut_into_its_questions(text: str, found: list[str]) -> None:
    assert pieces(text) == found


def test_sentences_are_what_stands_between_their_marks() -> None:
    assert sentences("Halo bu. Bayi saya tidak bangun! Boleh ditunggu?") == [
        "Halo bu.",
        "Bayi saya tidak bangun!",
        "Boleh ditunggu?",
    ]
    assert sentences("halo") == ["halo"]


@given(st.text(max_size=300))
def test_whatever_is_typed_its_pieces_stand_in_it(text: str) -> None:
    assert all(piece in text for piece in pieces(text))
    assert all(sentence in text for sentence in sentences(text))
