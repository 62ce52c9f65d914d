"""Yes and no, sex, "batal" and "tidak tahu" in the spellings of small phones and many regions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sapa.family.people import Sex
from sapa.family.reading.words import (
    is_cancel,
    is_unknown,
    looks_like_question,
    lower,
    normalize,
    read_sex,
    read_yes_no,
    tidy,
)


@pytest.mark.parametrize(
    "text",
    [
        "ya", "Iya", "iyaaa", "y", "ya bu", "betul", "bener", "bnr", "benar sekali", "sudah benar", "udah bener semua",
        "setuju", "saya setuju", "sy stuju", "ya saya setuju data anak saya disimpan", "oke", "OK", "okeee", "boleh",
        "lanjut", "sip", "siap bu", "👍", "👍🏽", "✅", "nggih", "iyo", "tidak keberatan", "gak apa-apa", "gpp",
        "ndak salah", "tidak ada yang salah", "mau", "ya\u200b", "ｙａ", "ya, namanya Ani",
    ],
)  # fmt: skip
def test_a_yes_is_a_yes(text: str) -> None:
    assert read_yes_no(text) is True


@pytest.mark.parametrize(
    "text",
    [
        "tidak", "tdk", "ndak", "gak", "gk", "nggak", "enggak bu", "ga mau", "salah", "belum", "blm", "tidak setuju",
        "gak boleh", "jangan", "bukan", "tidak, terima kasih", "👎", "❌", "ora", "sonde", "belum benar", "iya salah",
    ],
)  # fmt: skip
def test_a_no_is_a_no(text: str) -> None:
    assert read_yes_no(text) is False


@pytest.mark.parametrize(
    "text",
    [
        "", "halo", "apa itu?", "boleh ga ya?", "kenapa harus setuju?", "ya tapi namanya salah",
        "anak saya tidak mau makan",
        "ya ampun anak saya panas", "mau tanya dulu", "nanti ya", "siapa ya", "Ani", "3 mei", "iya nanti saya kabari",
        "🙏",
        "👍👎", "tidak mau makan anaknya",
    ],
)  # fmt: skip
def test_anything_else_is_neither(text: str) -> None:
    assert read_yes_no(text) is None


@pytest.mark.parametrize(
    ("text", "sex"),
    [
        *[
            (t, Sex.FEMALE)
            for t in ("perempuan", "prempuan", "cewek", "cewe", "cwe", "P", "putri", "wanita", "princess", "pr")
        ],
        *[
            (t, Sex.MALE)
            for t in ("laki-laki", "laki2", "laki laki", "lk", "cowok", "cwo", "L", "putra", "jagoan", "LAKI")
        ],
        ("perempuan bukan laki", Sex.FEMALE),
        ("bukan laki tapi perempuan", Sex.FEMALE),
        ("bukan, perempuan", Sex.FEMALE),
        ("bukan perempuan", None),
        ("laki perempuan", None),
        ("L/P", None),
        ("halo", None),
        ("", None),
    ],
)
def test_the_sex_is_read_and_a_contradiction_is_not(text: str, sex: Sex | None) -> None:
    assert read_sex(text) is sex


@pytest.mark.parametrize(
    "text",
    [
        "batal",
        "Batalkan",
        "gak jadi",
        "ga jadi deh",
        "ngga jadi deh bu",
        "maaf bu ga jadi daftar",
        "nanti aja",
        "ntar aja ya",
        "stop dulu",
        "lain kali",
        "gausah",
    ],
)
def test_the_form_is_left_by_many_words(text: str) -> None:
    assert is_cancel(text)


@pytest.mark.parametrize(
    "text",
    ["STOP", "berhenti", "posyandu kemarin batal", "imunisasinya batal?", "Ani", "tidak", "ya", "", "nanti aja boleh?"],
)
def test_other_words_do_not_leave_the_form(text: str) -> None:
    assert not is_cancel(text)


@pytest.mark.parametrize(
    "text",
    [
        "belum tahu",
        "tidak tahu",
        "gatau",
        "gak tau bu",
        "lupa",
        "lupa tanggalnya",
        "ndak ada",
        "belum punya",
        "-",
        "kurang tau",
    ],
)
def test_not_knowing_is_an_answer(text: str) -> None:
    assert is_unknown(text)


@pytest.mark.parametrize("text", ["tahu", "Melati", "anak saya tidak tahu jalan pulang", "", "ya", "lupa minum pil"])
def test_other_answers_are_not_taken_for_not_knowing(text: str) -> None:
    assert not is_unknown(text)


def test_questions_show_by_mark_or_word_but_not_by_apa_apa() -> None:
    assert looks_like_question("kapan imunisasi")
    assert looks_like_question("boleh?")
    assert not looks_like_question("tidak apa-apa")


def test_normalising_removes_what_cannot_be_seen() -> None:
    assert normalize("  Ａni\u200b\u00a0 \n CEWEK\ufeff ") == "ani cewek"


@given(st.text(max_size=300))
def test_positions_agree_between_the_tidied_and_the_normalised_message(text: str) -> None:
    assert len(normalize(text)) == len(tidy(text)) == len(lower(text[:0]) + normalize(text))
    assert normalize(normalize(text)) == normalize(text)


@given(st.text(max_size=300))
def test_no_text_breaks_the_word_readers(text: str) -> None:
    read_yes_no(text), read_sex(text), is_cancel(text), is_unknown(text), looks_like_question(text)
