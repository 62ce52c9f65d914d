"""Twilio's error codes and what each means for the message that met it.

The codes come from Twilio's public error dictionary; the class of each is our own judgement of its text. The same
table reads an answer to our request and the code in a later status callback.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from sapa.services.records import Refused, Unclear


class ErrorClass(StrEnum):
    """What to do about an error."""

    RETRY_SOON = "retry_soon"  # too fast or a full queue: seconds
    AMBIGUOUS = "ambiguous"  # may have been sent: look before any other try
    RETRY_LATER = "retry_later"  # handset off, fault at the provider: minutes to hours
    NEXT_DAY = "next_day"  # held back today: growing gaps from a day on
    SWITCH_FORM = "switch_form"  # this form of the message cannot go: template instead of text, or mend the content
    PERMANENT = "permanent"  # will never reach this person on this channel
    OPTED_OUT = "opted_out"  # the person said stop to the provider
    STOP_CAMPAIGN = "stop_campaign"  # account, sender or template: every further message would meet the same
    SANDBOX = "sandbox"  # trial account or a phone that has not joined the sandbox


_CODES: dict[ErrorClass, tuple[int, ...]] = {
    # 63018 is both a burst and the daily reach; one code cannot tell, so the first tries are soon.
    ErrorClass.RETRY_SOON: (20429, 63018, 14107, 30022, 21611, 30001, 63017),
    ErrorClass.AMBIGUOUS: (20500, 20502, 20503, 20504),
    ErrorClass.RETRY_LATER: (30003, 30008, 30410, 63012, 63009, 63010, 30450),
    ErrorClass.NEXT_DAY: (63049, 63038),
    ErrorClass.SWITCH_FORM: (63016, 63013, 63021, 63005, 63028, 21656, 21655, 21654, 21617, 21619, 21620),
    ErrorClass.PERMANENT: (21211, 21614, 21612, 30004, 30005, 30006, 63003, 63024, 63032),
    ErrorClass.OPTED_OUT: (21610, 63014),
    ErrorClass.STOP_CAMPAIGN: (
        63051, 63041, 63042, 63040, 63027, 30007, 30002, 20003, 21408, 21606, 63007, 21703, 30034, 63001, 63020,
    ),
    ErrorClass.SANDBOX: (63015, 21608),
}  # fmt: skip

CLASS_OF_CODE: dict[int, ErrorClass] = {code: name for name, codes in _CODES.items() for code in codes}

# Login, account or sender: once a human has mended it the waiting message is as good as before, so it is kept and
# tried again in long steps. Templates, filters and countries are not: the same message would only fail again.
_MENDED_BY_A_HUMAN = frozenset({20003, 30002, 63051, 63001, 63020, 21606, 63007, 21703})

_HOUR_S = 3600.0


@dataclass(frozen=True)
class Treatment:
    """What an error class asks for. `retry_after_s`: seconds till the first new try, None for never."""

    retry_after_s: float | None
    alert: bool = False


TREATMENT: dict[ErrorClass, Treatment] = {
    ErrorClass.RETRY_SOON: Treatment(10.0),
    ErrorClass.AMBIGUOUS: Treatment(None),
    ErrorClass.RETRY_LATER: Treatment(_HOUR_S / 2),
    ErrorClass.NEXT_DAY: Treatment(24 * _HOUR_S),
    ErrorClass.SWITCH_FORM: Treatment(None, alert=True),
    ErrorClass.PERMANENT: Treatment(None),
    ErrorClass.OPTED_OUT: Treatment(None),
    ErrorClass.STOP_CAMPAIGN: Treatment(None, alert=True),
    ErrorClass.SANDBOX: Treatment(None, alert=True),
}


def outcome_of_code(code: int) -> Refused | Unclear | None:
    """The fate of a message that met this code, None for a code we do not know."""
    error_class = CLASS_OF_CODE.get(code)
    if error_class is None:
        return None
    if error_class is ErrorClass.AMBIGUOUS:
        return Unclear(str(code))
    treatment = TREATMENT[error_class]
    return Refused(
        str(code),
        _HOUR_S if code in _MENDED_BY_A_HUMAN else treatment.retry_after_s,
        opted_out=error_class is ErrorClass.OPTED_OUT,
        # Outside the 24-hour window is daily life, not a fault: a template goes instead.
        alert=treatment.alert and code != 63016,
    )


def outcome_of_answer(http_status: int, code: int | None) -> Refused | Unclear:
    """The fate of a message whose request was answered with an error.

    429 means "never processed" whatever else it says. 5xx, 408 and anything that is no error at all may hide a message
    that was sent. A 4xx with a code we do not know was refused for a reason somebody must read.
    """
    name = str(code or http_status)
    if http_status == 429:
        return Refused(name, TREATMENT[ErrorClass.RETRY_SOON].retry_after_s)
    if http_status >= 500 or http_status < 400 or http_status == 408:
        return Unclear(name)
    known = outcome_of_code(code) if code else None
    if known is not None:
        return known
    return Refused(name, _HOUR_S if http_status in (401, 403) else None, alert=True)


def not_sent(reason: str) -> Refused:
    """The connection was never made, so nothing can have been sent: try again soon."""
    return Refused(reason, TREATMENT[ErrorClass.RETRY_SOON].retry_after_s)
