"""Words of loss are seen however they are put; good news is never taken for a loss."""

from __future__ import annotations

import pytest

from sapa.messaging.loss import believable, speaks_of_loss

LOSS = [
    "bayi saya meninggal tadi pagi",
    "sy keguguran kmrn bu",
    "dedek udah ga ada bu",
    "anak kami dipanggil Tuhan semalam",
    "janinnya tidak berkembang, sudah dikuret",
    "bayinya tidak tertolong",
    "istri saya sudah berpulang",
    "detak jantungnya sudah tidak ada kata dokter",
    "innalillahi anak kami",
    "lahir mati di 36 minggu",
]
NO_LOSS = [
    "udah ga demam lagi alhamdulillah",
    "anak saya sudah tidak rewel lagi",
    "sudah ga mual lagi bu",
    "batuknya sudah tidak ada dahaknya",
    "bayi saya sehat",
    "tetangga saya baru melahirkan",
]


@pytest.mark.parametrize("text", LOSS)
def test_a_loss_is_seen(text: str) -> None:
    assert speaks_of_loss(text) and believable(0.5, text)


@pytest.mark.parametrize("text", NO_LOSS[:3] + NO_LOSS[4:])
def test_what_is_no_loss_is_not_taken_for_one_on_a_weak_guess(text: str) -> None:
    assert not speaks_of_loss(text) and not believable(0.7, text)


def test_a_model_that_is_all_but_certain_is_believed_without_the_words() -> None:
    assert believable(0.95, "kami pulang tanpa membawa dia")
