"""What each of Twilio's errors means for the message that met it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sapa.gateways.twilio_errors import CLASS_OF_CODE, TREATMENT, ErrorClass, outcome_of_answer, outcome_of_code
from sapa.services.records import Refused, Unclear

HOUR = 3600.0

# code, HTTP status, what it says in a few words, outcome
ANSWERS = [
    (20429, 429, "too many requests", Refused("20429", 10.0)),
    (14107, 400, "too many replies to one number", Refused("14107", 10.0)),
    (30001, 400, "queue full", Refused("30001", 10.0)),
    (20500, 500, "internal error", Unclear("20500")),
    (20503, 503, "service unavailable", Unclear("20503")),
    (30003, 400, "handset off", Refused("30003", HOUR / 2)),
    (63049, 400, "held back by Meta", Refused("63049", 24 * HOUR)),
    (63016, 400, "outside the window", Refused("63016", None)),
    (21655, 400, "ContentSid invalid", Refused("21655", None, alert=True)),
    (63013, 400, "template value refused", Refused("63013", None, alert=True)),
    (21617, 400, "longer than 1600", Refused("21617", None, alert=True)),
    (21211, 400, "no such number", Refused("21211", None)),
    (21614, 400, "not a mobile number", Refused("21614", None)),
    (63024, 400, "not on WhatsApp", Refused("63024", None)),
    (21610, 400, "opted out", Refused("21610", None, opted_out=True)),
    (63014, 400, "opted out on WhatsApp", Refused("63014", None, opted_out=True)),
    (63041, 400, "template paused", Refused("63041", None, alert=True)),
    (21408, 400, "country not enabled", Refused("21408", None, alert=True)),
    (30007, 400, "filtered", Refused("30007", None, alert=True)),
    (20003, 401, "wrong login: waits for a human", Refused("20003", HOUR, alert=True)),
    (63007, 400, "wrong sender: waits for a human", Refused("63007", HOUR, alert=True)),
    (63051, 400, "account locked: waits for a human", Refused("63051", HOUR, alert=True)),
    (63015, 400, "sandbox not joined", Refused("63015", None, alert=True)),
    # Answers without a code of Twilio's: the client puts the HTTP status there, or nothing.
    (502, 502, "a proxy's page", Unclear("502")),
    (None, 504, "a proxy gave up", Unclear("504")),
    (None, 408, "request timeout", Unclear("408")),
    (None, 307, "a redirect", Unclear("307")),
    (None, 429, "too many, without a body", Refused("429", 10.0)),
    (403, 403, "forbidden without a code", Refused("403", HOUR, alert=True)),
    (20404, 404, "no such account", Refused("20404", None, alert=True)),
    (99999, 400, "a code of tomorrow", Refused("99999", None, alert=True)),
    # What the status says about "processed or not" is stronger than the code.
    (21610, 429, "429 with another code", Refused("21610", 10.0)),
    (21610, 503, "5xx with another code", Unclear("21610")),
    (20500, 400, "an internal error in a 400", Unclear("20500")),
]


@pytest.mark.parametrize(("code", "status", "words", "outcome"), ANSWERS, ids=[f"{r[0]}-{r[1]}" for r in ANSWERS])
def test_an_error_answer_has_its_outcome(code: int | None, status: int, words: str, outcome: Refused | Unclear) -> None:
    assert outcome_of_answer(status, code) == outcome, words


def test_every_class_has_a_treatment_and_at_least_one_code() -> None:
    assert set(TREATMENT) == set(ErrorClass) == set(CLASS_OF_CODE.values())


def test_no_code_stands_in_two_classes() -> None:
    from sapa.gateways import twilio_errors

    listed = [code for codes in twilio_errors._CODES.values() for code in codes]
    assert len(listed) == len(set(listed))


@pytest.mark.parametrize("code", sorted(CLASS_OF_CODE))
def test_every_known_code_has_an_outcome_that_fits_its_class(code: int) -> None:
    outcome = outcome_of_code(code)
    if CLASS_OF_CODE[code] is ErrorClass.AMBIGUOUS:
        assert isinstance(outcome, Unclear)
    else:
        assert isinstance(outcome, Refused)
        assert outcome.opted_out == (CLASS_OF_CODE[code] is ErrorClass.OPTED_OUT)


def test_a_code_we_do_not_know_decides_nothing_by_itself() -> None:
    assert outcome_of_code(12345) is None


@given(st.integers(100, 599), st.none() | st.integers(0, 99999))
def test_only_an_answer_that_rules_out_a_sent_message_is_a_refusal(status: int, code: int | None) -> None:
    outcome = outcome_of_answer(status, code)
    if isinstance(outcome, Refused):
        assert 400 <= status < 500 and status != 408
    else:
        assert status >= 500 or status < 400 or status == 408 or CLASS_OF_CODE.get(code or 0) is ErrorClass.AMBIGUOUS
