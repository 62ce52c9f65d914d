"""What each of Twilio's errors means for the message that met it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sapa.gateways import twilio_errors
from sapa.gateways.twilio_errors import (
    CLASS_OF_CODE,
    TREATMENT,
    ErrorClass,
    not_sent,
    outcome_of_answer,
    outcome_of_code,
)
from sapa.messaging.states import Channel
from sapa.services.records import Refused, Unclear

MINUTE, HOUR = 60.0, 3600.0
DAY = 24 * HOUR
REMINDER = "pengingat_umum"
OF_TEMPLATE = f"template:{REMINDER}"

# Every code we know: what it says in a few words, and what becomes of a WhatsApp message that went by the template
# above and of the others. `Refused` of a code: (first retry, hold), and the flags that are set.
SOON = {"retry_after_s": 10.0}
LATER = {"retry_after_s": 30 * MINUTE}
TOMORROW = {"retry_after_s": DAY}
NEVER: dict[str, object] = {}
OUR_WORDS = {"alert": True}
OUR_TEMPLATE = {"alert": True, "hold": OF_TEMPLATE}
NO_TEMPLATE = {"retry_after_s": HOUR, "waits": True, "alert": True, "hold": OF_TEMPLATE}
NOTHING_GOES = {"retry_after_s": HOUR, "waits": True, "alert": True, "hold": "all"}
NO_WHATSAPP = {"retry_after_s": HOUR, "waits": True, "alert": True, "hold": "whatsapp"}
STOPPED = {"opted_out": True}

CODES: list[tuple[int, str, dict[str, object] | str | None]] = [
    (20429, "too many requests: never processed", {"retry_after_s": 10.0, "waits": True}),
    (63018, "by template: the reach of the day", LATER),
    (14107, "too many replies to one number", SOON),
    (30022, "too fast for the network", SOON),
    (21611, "queue of the sender full", SOON),
    (30001, "queue full", SOON),
    (63017, "too fast for the channel", SOON),
    (20500, "internal error", "doubt"),
    (20502, "bad gateway", "doubt"),
    (20503, "service unavailable", "doubt"),
    (20504, "gateway timeout", "doubt"),
    (30003, "handset off", LATER),
    (30008, "unknown", LATER),
    (30410, "provider's timeout", LATER),
    (63012, "provider's fault", LATER),
    (63009, "provider's fault", LATER),
    (63010, "provider's fault", LATER),
    (30450, "provider's fault, 15-30 minutes", LATER),
    (63049, "marketing held back by Meta", TOMORROW),
    (63038, "cap of the day", TOMORROW),
    (63016, "outside the 24 hours", {"switch": "template"}),
    (63003, "not on WhatsApp", {"switch": "sms"}),
    (63024, "not on WhatsApp, or too old a version", {"switch": "sms"}),
    (63013, "a value the channel refuses", OUR_TEMPLATE),
    (63005, "content the channel refuses", OUR_TEMPLATE),
    (63028, "number of values", OUR_TEMPLATE),
    (21656, "values unreadable", OUR_TEMPLATE),
    (21655, "no such template", OUR_TEMPLATE),
    (21654, "no template given", OUR_TEMPLATE),
    (63021, "longer than a template may be", OUR_WORDS),
    (21617, "longer than 1600", OUR_WORDS),
    (21619, "nothing to say", OUR_WORDS),
    (21620, "a picture that is no address", OUR_WORDS),
    (35114, "time unreadable or out of reach", OUR_WORDS),
    (35115, "time out of reach", OUR_WORDS),
    (35118, "a time without a service", OUR_WORDS),
    (21211, "no such number", NEVER),
    (21614, "not a mobile number", NEVER),
    (21612, "no route to this number", NEVER),
    (30004, "blocked", NEVER),
    (30005, "no such handset", NEVER),
    (30006, "landline", NEVER),
    (63032, "Meta's experiment", NEVER),
    (21610, "opted out", STOPPED),
    (63014, "opted out on WhatsApp", STOPPED),
    (20003, "wrong login", NOTHING_GOES),
    (30002, "account suspended", NOTHING_GOES),
    (63051, "business account locked", NO_WHATSAPP),
    (63001, "channel could not log in", NO_WHATSAPP),
    (63020, "invitation of the business not accepted", NO_WHATSAPP),
    (63007, "no such WhatsApp sender", NO_WHATSAPP),
    (21606, "wrong sender", NO_WHATSAPP),
    (21703, "no sender in the pool", NO_WHATSAPP),
    (30034, "sender not registered (US only)", NO_WHATSAPP),
    (63041, "template paused", NO_TEMPLATE),
    (63042, "template disabled", NO_TEMPLATE),
    (63040, "template rejected", NO_TEMPLATE),
    (63027, "template missing", NO_TEMPLATE),
    (30007, "filtered", {"alert": True, "hold": "whatsapp"}),
    (21408, "country not enabled", {"retry_after_s": HOUR, "waits": True, "alert": True}),
    (63015, "sandbox not joined", {"alert": True}),
    (21608, "trial account", {"alert": True}),
    (11200, "our webhook did not answer", None),
    (11205, "our webhook could not be reached", None),
    (12300, "our webhook's content type", None),
    (11750, "TwiML too long", None),
    (14109, "too many replies in TwiML", None),
]


@pytest.mark.parametrize(("code", "words", "fate"), CODES, ids=[f"{row[0]} {row[1]}" for row in CODES])
def test_a_code_has_its_outcome(code: int, words: str, fate: dict[str, object] | str | None) -> None:
    expected: object = None
    if isinstance(fate, dict):
        expected = Refused(str(code), **{"retry_after_s": None, **fate})  # type: ignore[arg-type]
    elif fate == "doubt":
        expected = Unclear(str(code))
    assert outcome_of_code(code, Channel.WHATSAPP, REMINDER) == expected


def test_the_table_above_and_the_table_of_the_program_name_the_same_codes_each_once() -> None:
    listed = [code for codes in twilio_errors._CODES.values() for code in codes]
    assert sorted(listed) == sorted(code for code, _, _ in CODES)
    assert len(listed) == len(set(listed))
    assert set(TREATMENT) == set(ErrorClass) == set(CLASS_OF_CODE.values())


@pytest.mark.parametrize("code", [21606, 21703, 30034, 30007])
def test_a_trouble_of_a_sender_stops_only_the_channel_it_sends_by(code: int) -> None:
    for channel in Channel:
        outcome = outcome_of_code(code, channel)
        assert isinstance(outcome, Refused)
        assert outcome.hold == channel.value


@pytest.mark.parametrize("code", [63051, 63001, 63020, 63007])
def test_a_trouble_of_whatsapp_never_stops_sms(code: int) -> None:
    outcome = outcome_of_code(code, Channel.SMS)
    assert isinstance(outcome, Refused)
    assert outcome.hold == "whatsapp"


@pytest.mark.parametrize("code", [63041, 63042, 63040, 63027, 63013, 63005, 63028, 21656, 21655, 21654])
def test_free_text_that_meets_a_templates_code_stops_no_template(code: int) -> None:
    outcome = outcome_of_code(code, Channel.WHATSAPP, None)
    assert isinstance(outcome, Refused)
    assert outcome.hold is None


@pytest.mark.parametrize(("code", "words", "fate"), CODES, ids=[str(row[0]) for row in CODES])
def test_what_waits_is_tried_again_and_what_stops_others_is_told(
    code: int, words: str, fate: dict[str, object] | str | None
) -> None:
    outcome = outcome_of_code(code, Channel.SMS, REMINDER)
    if isinstance(outcome, Refused):
        assert outcome.retry_after_s is not None or not outcome.waits
        assert outcome.alert or outcome.hold is None
        assert outcome.switch is None or outcome.retry_after_s is None


def test_an_answer_that_met_a_burst_is_tried_soon_and_a_template_beyond_the_reach_of_the_day_later() -> None:
    assert outcome_of_code(63018, Channel.WHATSAPP, None) == Refused("63018", 10.0)
    assert outcome_of_code(63018, Channel.WHATSAPP, REMINDER) == Refused("63018", 30 * MINUTE)


def test_a_code_we_do_not_know_decides_nothing_by_itself() -> None:
    assert outcome_of_code(12345) is None


# HTTP status, code in the answer, what it is, outcome
ANSWERS = [
    (400, 21610, "opted out", Refused("21610", None, opted_out=True)),
    (400, 63041, "template paused", Refused("63041", HOUR, alert=True, waits=True, hold=OF_TEMPLATE)),
    # Answers without a code of Twilio's: the client puts the HTTP status there, or nothing.
    (502, 502, "a proxy's page", Unclear("502")),
    (504, None, "a proxy gave up", Unclear("504")),
    (408, None, "request timeout", Unclear("408")),
    (307, None, "a redirect", Unclear("307")),
    (429, None, "too many, without a body", Refused("429", 10.0, waits=True)),
    (401, 20003, "wrong login", Refused("20003", HOUR, alert=True, waits=True, hold="all")),
    (401, None, "wrong login without a code", Refused("401", HOUR, alert=True, waits=True, hold="all")),
    (403, 403, "forbidden without a code", Refused("403", HOUR, alert=True, waits=True, hold="all")),
    (404, 20404, "no such thing", Refused("20404", None, alert=True)),
    (400, 99999, "a code of tomorrow", Refused("99999", None, alert=True)),
    (400, 11200, "a debugger's code in an answer", Refused("11200", None, alert=True)),
    # What the status says about "processed or not" is stronger than the code.
    (429, 21610, "429 with another code", Refused("21610", 10.0, waits=True)),
    (503, 21610, "5xx with another code", Unclear("21610")),
    (400, 20500, "an internal error in a 400", Unclear("20500")),
]


@pytest.mark.parametrize(("status", "code", "words", "outcome"), ANSWERS, ids=[f"{r[0]} {r[2]}" for r in ANSWERS])
def test_an_error_answer_has_its_outcome(status: int, code: int | None, words: str, outcome: Refused | Unclear) -> None:
    assert outcome_of_answer(status, code, Channel.WHATSAPP, REMINDER) == outcome


@given(st.integers(100, 599), st.none() | st.integers(0, 99999) | st.sampled_from(sorted(CLASS_OF_CODE)))
def test_only_an_answer_that_rules_out_a_sent_message_is_a_refusal(status: int, code: int | None) -> None:
    outcome = outcome_of_answer(status, code)
    if isinstance(outcome, Refused):
        assert 400 <= status < 500 and status != 408
    else:
        assert status >= 500 or status < 400 or status == 408 or CLASS_OF_CODE.get(code or 0) is ErrorClass.AMBIGUOUS


@given(st.integers(400, 499), st.sampled_from(sorted(CLASS_OF_CODE)))
def test_a_code_means_the_same_in_an_answer_and_in_a_callback(status: int, code: int) -> None:
    in_callback = outcome_of_code(code, Channel.SMS, REMINDER)
    if in_callback is not None and status not in (408, 429):
        assert outcome_of_answer(status, code, Channel.SMS, REMINDER) == in_callback


def test_a_provider_that_cannot_be_reached_is_tried_as_often_as_it_takes() -> None:
    assert not_sent("connect_failed") == Refused("connect_failed", 10.0, waits=True)
