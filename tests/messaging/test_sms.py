"""What an SMS costs: 160/153 characters in the GSM-7 alphabet, 70/67 outside it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sapa.messaging.sms import gsm7_fold, gsm7_unsupported, sms_length, sms_parts


@pytest.mark.parametrize(
    ("text", "parts", "arithmetic"),
    [
        ("", 0, "nothing to send"),
        ("a", 1, "1 <= 160"),
        ("a" * 160, 1, "160 <= 160"),
        ("a" * 161, 2, "161 > 160, so parts of 153: 153 + 8"),
        ("a" * 306, 2, "153 + 153"),
        ("a" * 307, 3, "153 + 153 + 1"),
        ("a" * 459, 3, "3 x 153"),
        ("a" * 460, 4, "3 x 153 + 1"),
        ("[" * 80, 1, "80 x 2 = 160"),
        ("[" * 81, 2, "81 x 2 = 162 > 160"),
        ("a" * 158 + "[", 1, "158 + 2 = 160"),
        ("a" * 159 + "[", 2, "159 + 2 = 161 > 160"),
        ("a" * 152 + "[" + "a" * 152, 3, "the pair does not fit after 152, 1 septet is lost: 152 | 2 + 151 | 1"),
        ("\N{EN DASH}", 1, "outside the alphabet: 1 <= 70"),
        ("a" * 69 + "\N{RIGHT SINGLE QUOTATION MARK}", 1, "70 <= 70"),
        ("a" * 70 + "\N{RIGHT SINGLE QUOTATION MARK}", 2, "71 > 70, so parts of 67: 67 + 4"),
        ("a" * 133 + "\N{RIGHT SINGLE QUOTATION MARK}", 2, "67 + 67"),
        ("a" * 134 + "\N{RIGHT SINGLE QUOTATION MARK}", 3, "67 + 67 + 1"),
        ("\N{SMILING FACE WITH OPEN MOUTH}" * 35, 1, "an emoji is two units: 35 x 2 = 70"),
        ("\N{SMILING FACE WITH OPEN MOUTH}" * 36, 2, "36 x 2 = 72 > 70"),
        ("\N{SMILING FACE WITH OPEN MOUTH}" * 67, 3, "67 is odd, so 33 emoji a part: 33 + 33 + 1"),
    ],
)
def test_a_text_costs_as_many_parts_as_the_arithmetic_says(text: str, parts: int, arithmetic: str) -> None:
    assert sms_parts(text) == parts, arithmetic


@pytest.mark.parametrize("char", list("^{}\\[~]|€"))
def test_extension_characters_are_supported_and_count_two(char: str) -> None:
    assert gsm7_unsupported(char) == ""
    assert sms_length(char) == 2


def test_unsupported_characters_are_named_once_in_order_of_appearance() -> None:
    assert gsm7_unsupported("a\u2019b\u2013c\u2019") == "\u2019\u2013"


def test_the_backtick_is_not_in_the_alphabet() -> None:
    assert gsm7_unsupported("`") == "`"


@pytest.mark.parametrize(
    ("typed", "sent"),
    [
        ("Nur\u2019aini", "Nur'aini"),
        ("Zahr\u0101", "Zahra"),
        ("Andr\u00e9", "Andr\u00e9"),
        ("Bunga \U0001f338", "Bunga "),
        ("08.00\u201310.00", "08.00-10.00"),
        ("\u00bd piring", "1/2 piring"),
    ],
)
def test_names_are_folded_into_the_alphabet(typed: str, sent: str) -> None:
    assert gsm7_fold(typed) == sent


@given(st.text())
def test_whatever_is_folded_fits_the_alphabet_and_folding_twice_changes_nothing(text: str) -> None:
    folded = gsm7_fold(text)
    assert gsm7_unsupported(folded) == ""
    assert gsm7_fold(folded) == folded


@given(st.text(min_size=1))
def test_parts_never_fall_below_what_the_length_alone_demands(text: str) -> None:
    single, joined = (70, 67) if gsm7_unsupported(text) else (160, 153)
    length = sms_length(text)
    assert sms_parts(text) >= (1 if length <= single else -(-length // joined))
