"""Twilio's error codes and what each means for the message that met it.

The codes come from Twilio's public error dictionary; the class of each is our own judgement of its text. The same
table reads an answer to our request and the code in a later status callback.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from sapa.messaging.states import Channel
from sapa.services.records import Refused, Unclear


class ErrorClass(StrEnum):
    """What to do about an error."""

    TOO_FAST = "too_fast"  # surely not looked at (HTTP 429): seconds, as often as it takes
    RETRY_SOON = "retry_soon"  # too fast for a network or a full queue: seconds
    AMBIGUOUS = "ambiguous"  # may have been sent: look before any other try
    RETRY_LATER = "retry_later"  # handset off, fault at the provider: minutes to hours
    NEXT_DAY = "next_day"  # held back today: growing gaps from a day on
    AS_TEMPLATE = "as_template"  # free text cannot go: the approved template can
    AS_SMS = "as_sms"  # not on WhatsApp: an SMS may reach this person
    CONTENT = "content"  # what we say is wrong: this message never goes, its template stops
    PERMANENT = "permanent"  # will never reach this person on this channel
    OPTED_OUT = "opted_out"  # the person said stop to the provider
    ACCOUNT = "account"  # login or account: nothing at all can go
    SENDER = "sender"  # sender or business account: nothing can go by this channel
    TEMPLATE = "template"  # paused, disabled, rejected or missing: nothing can go by this template
    FILTERED = "filtered"  # held for spam: no more of it by this channel until a human has looked
    COUNTRY = "country"  # numbers of this country are not enabled: the others go on
    SANDBOX = "sandbox"  # trial account or a phone that has not joined the sandbox
    DEBUGGER = "debugger"  # trouble of Twilio with our webhook: says nothing about a message


_CODES: dict[ErrorClass, tuple[int, ...]] = {
    ErrorClass.TOO_FAST: (20429,),
    ErrorClass.RETRY_SOON: (63018, 14107, 30022, 21611, 30001, 63017),
    ErrorClass.AMBIGUOUS: (20500, 20502, 20503, 20504),
    ErrorClass.RETRY_LATER: (30003, 30008, 30410, 63012, 63009, 63010, 30450),
    ErrorClass.NEXT_DAY: (63049, 63038),
    ErrorClass.AS_TEMPLATE: (63016,),
    ErrorClass.AS_SMS: (63003, 63024),
    ErrorClass.CONTENT: (63013, 63021, 63005, 63028, 21656, 21655, 21654, 21617, 21619, 21620, 35114, 35115, 35118),
    ErrorClass.PERMANENT: (21211, 21614, 21612, 30004, 30005, 30006, 63032),
    ErrorClass.OPTED_OUT: (21610, 63014),
    ErrorClass.ACCOUNT: (20003, 30002),
    ErrorClass.SENDER: (63051, 63001, 63020, 63007, 21606, 21703, 30034),
    ErrorClass.TEMPLATE: (63041, 63042, 63040, 63027),
    ErrorClass.FILTERED: (30007,),
    ErrorClass.COUNTRY: (21408,),
    ErrorClass.SANDBOX: (63015, 21608),
    ErrorClass.DEBUGGER: (11200, 11205, 12300, 11750, 14109),
}

CLASS_OF_CODE: dict[int, ErrorClass] = {code: name for name, codes in _CODES.items() for code in codes}

# Learnt from the text or the values of one message: others of its template may be right.
_OF_ONE_MESSAGE = frozenset({63021, 21617, 21619, 21620, 35114, 35115, 35118})

# Too many messages at once, or too many people in 24 hours. Only who is written to by template counts for the second,
# and that limit gives way by the hour; an answer to what somebody just wrote met the first.
_BURST_OR_REACH = 63018

_HOUR_S = 3600.0
_UNREACHED_S = 10.0


@dataclass(frozen=True)
class Treatment:
    """What an error class asks for.

    retry_after_s: seconds till the first new try, None for never. waits: the try does not count, because the message
    is as good as before once a human has mended what is broken. holds: what stops with it, "all", "channel" (the one
    the message went by) or "template" (its template, if it had one).
    """

    retry_after_s: float | None
    alert: bool = False
    waits: bool = False
    holds: str | None = None
    switch: str | None = None


TREATMENT: dict[ErrorClass, Treatment] = {
    ErrorClass.TOO_FAST: Treatment(10.0, waits=True),
    ErrorClass.RETRY_SOON: Treatment(10.0),
    ErrorClass.AMBIGUOUS: Treatment(None),
    ErrorClass.RETRY_LATER: Treatment(_HOUR_S / 2),
    ErrorClass.NEXT_DAY: Treatment(24 * _HOUR_S),
    # Outside the 24-hour window is daily life, not a fault.
    ErrorClass.AS_TEMPLATE: Treatment(None, switch="template"),
    ErrorClass.AS_SMS: Treatment(None, switch="sms"),
    ErrorClass.CONTENT: Treatment(None, alert=True, holds="template"),
    ErrorClass.PERMANENT: Treatment(None),
    ErrorClass.OPTED_OUT: Treatment(None),
    ErrorClass.ACCOUNT: Treatment(_HOUR_S, alert=True, waits=True, holds="all"),
    ErrorClass.SENDER: Treatment(_HOUR_S, alert=True, waits=True, holds="channel"),
    ErrorClass.TEMPLATE: Treatment(_HOUR_S, alert=True, waits=True, holds="template"),
    # The same words would be filtered again; it is the others that must not follow them.
    ErrorClass.FILTERED: Treatment(None, alert=True, holds="channel"),
    # One family with a number from abroad must not silence all the others: no hold.
    ErrorClass.COUNTRY: Treatment(_HOUR_S, alert=True, waits=True),
    ErrorClass.SANDBOX: Treatment(None, alert=True),
    ErrorClass.DEBUGGER: Treatment(None),
}


def outcome_of_code(
    code: int, channel: Channel = Channel.WHATSAPP, template: str | None = None
) -> Refused | Unclear | None:
    """The fate of a message that went by `channel` (and `template`, None for free text) and met this code.

    None for a code we do not know, and for one that is not about a message.
    """
    error_class = _class_of(code, template)
    if error_class is None or error_class is ErrorClass.DEBUGGER:
        return None
    if error_class is ErrorClass.AMBIGUOUS:
        return Unclear(str(code))
    treatment = TREATMENT[error_class]
    return Refused(
        str(code),
        treatment.retry_after_s,
        opted_out=error_class is ErrorClass.OPTED_OUT,
        alert=treatment.alert,
        hold=_scope(treatment.holds, code, channel, template),
        waits=treatment.waits,
        switch=treatment.switch,
    )


def _class_of(code: int, template: str | None) -> ErrorClass | None:
    if code == _BURST_OR_REACH and template:
        return ErrorClass.RETRY_LATER
    return CLASS_OF_CODE.get(code)


def _scope(holds: str | None, code: int, channel: Channel, template: str | None) -> str | None:
    if holds == "channel":
        # 63...: WhatsApp's own trouble, also where a callback does not say by which channel.
        return (Channel.WHATSAPP if 63000 <= code < 64000 else channel).value
    if holds == "template":
        return f"template:{template}" if template and code not in _OF_ONE_MESSAGE else None
    return holds


def outcome_of_answer(
    http_status: int, code: int | None, channel: Channel = Channel.WHATSAPP, template: str | None = None
) -> Refused | Unclear:
    """The fate of a message whose request was answered with an error.

    429 means "never processed" whatever else it says. 5xx, 408 and anything that is no error at all may hide a message
    that was sent. A 4xx with a code we do not know was refused for a reason somebody must read.
    """
    name = str(code or http_status)
    if http_status == 429:
        return Refused(name, TREATMENT[ErrorClass.TOO_FAST].retry_after_s, waits=True)
    if http_status >= 500 or http_status < 400 or http_status == 408:
        return Unclear(name)
    known = outcome_of_code(code, channel, template) if code else None
    if known is not None:
        return known
    if http_status in (401, 403):
        return Refused(name, _HOUR_S, alert=True, hold="all", waits=True)
    return Refused(name, None, alert=True)


def not_sent(reason: str) -> Refused:
    """The provider was not reached, so nothing can have been sent: try again soon, as often as it takes."""
    return Refused(reason, _UNREACHED_S, waits=True)
