"""The judge of the chaos runs sees every fault it is there to see, in made-up ledgers and rows."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.chaos.judge import Evidence, Verdict, judge
from tests.chaos.world import zone_where_it_is_ten

DUE = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
AFTER = DUE.timestamp() + 1


def _copy(ref: str, at: float = AFTER, error: int | None = None, told: tuple[str, ...] = ("sent",)) -> dict[str, Any]:
    """A message as the provider took it."""
    return {
        "sid": f"SM{ref}{at}",
        "ref": ref,
        "direction": "outbound-api",
        "to": "whatsapp:+62",
        "content_sid": "",
        "at": at,
        "error_code": error,
        "told": list(told),
    }


def _heard(sid: str, told: tuple[str, ...] = ("received",)) -> dict[str, Any]:
    """A message somebody wrote to us."""
    return {"sid": sid, "ref": "", "direction": "inbound", "told": list(told)}


def _row(outbox_id: str, state: str = "sent", **more: Any) -> dict[str, Any]:
    return {
        "seq": 1,
        "id": outbox_id,
        "dedupe_key": f"key of {outbox_id}",
        "kind": "reminder",
        "state": state,
        "error_code": None,
        "attempts": 1,
        "in_reply_to": None,
        "fallback_of": None,
        "channel": "whatsapp",
        "template": None,
        "force_template": False,
        "sms_text": None,
        **more,
    }


def _reminder(state: str, reason: str | None = None) -> dict[str, Any]:
    return {"id": "r1", "state": state, "reason": reason, "outbox_id": "m1"}


GOOD = Evidence(
    ledger=[_copy("m1"), _heard("SM9"), _copy("m2")],
    outbox=[_row("m1"), _row("m2", in_reply_to="i1")],
    reminders=[_reminder("queued")],
    targets=[],
    inbound=[{"id": "i1", "provider_sid": "SM9", "state": "answered"}],
    due_reminders={"r1": DUE},
    due_broadcasts={"b1": DUE},
    due_notices={},
)


def _counts(verdict: Verdict) -> tuple[int, int, int, int]:
    return len(verdict.lost), len(verdict.doubled), len(verdict.early), len(verdict.skipped)


def test_a_run_in_which_everything_went_once_and_in_time_is_clean() -> None:
    verdict = judge(GOOD)
    assert _counts(verdict) == (0, 0, 0, 0) and verdict.clean and verdict.messages == 2


_TARGET = {"broadcast_id": "b1", "household_id": "h1", "state": "pending", "reason": None, "outbox_id": None}
FAULTS = {
    # what is different                                                           lost doubled early skipped
    "the provider never had it": ({"ledger": [_heard("SM9"), _copy("m2")]}, (1, 0, 0, 0)),
    "it was taken twice": ({"ledger": [*GOOD.ledger, _copy("m1", AFTER + 9)]}, (0, 1, 0, 0)),
    "it was taken without a row of ours": ({"ledger": [*GOOD.ledger, _copy("m3")]}, (0, 1, 0, 0)),
    "it went a second before its time": ({"ledger": [_copy("m1", AFTER - 2), *GOOD.ledger[1:]]}, (0, 0, 1, 0)),
    "a reminder is still planned": ({"reminders": [_reminder("planned")]}, (0, 0, 0, 1)),
    "a reminder was dropped": ({"reminders": [_reminder("dropped", "nobody")]}, (0, 0, 0, 1)),
    "a reminder is gone": ({"reminders": []}, (0, 0, 0, 1)),
    "a household of a broadcast waits": ({"targets": [_TARGET]}, (0, 0, 0, 1)),
    "a message to us never came in": ({"ledger": [*GOOD.ledger, _heard("SM8", ())]}, (1, 0, 0, 0)),
    "a message to us came in twice": ({"inbound": [*GOOD.inbound, *GOOD.inbound]}, (0, 1, 0, 0)),
    "a message to us has no answer": ({"outbox": [_row("m1"), _row("m2")]}, (1, 0, 0, 0)),
    "a message to us has two answers": (
        {
            "outbox": [*GOOD.outbox, _row("m4", in_reply_to="i1", dedupe_key="other")],
            "ledger": [*GOOD.ledger, _copy("m4")],
        },
        (0, 1, 0, 0),
    ),
    "it failed later and could have gone by SMS": (
        {
            "ledger": [_copy("m1", error=63024, told=("sent", "undelivered")), *GOOD.ledger[1:]],
            "outbox": [_row("m1", "failed", sms_text="halo"), GOOD.outbox[1]],
        },
        (1, 0, 0, 0),
    ),
    "it failed later and nobody acted on the news": (
        {"ledger": [_copy("m1", error=63024, told=("sent", "undelivered")), *GOOD.ledger[1:]]},
        (1, 0, 0, 0),
    ),
}


@pytest.mark.parametrize(("changes", "counts"), FAULTS.values(), ids=FAULTS)
def test_each_fault_is_counted_once_and_as_what_it_is(
    changes: dict[str, Any], counts: tuple[int, int, int, int]
) -> None:
    verdict = judge(replace(GOOD, **changes))
    assert _counts(verdict) == counts and not verdict.clean


def test_a_message_that_arrives_in_another_form_after_a_failure_has_gone_once() -> None:
    by_sms = {**_copy("m5"), "to": "+62"}
    failed = _copy("m1", error=63024, told=("sent", "undelivered"))
    rows = [_row("m1", "failed", sms_text="halo"), _row("m5", fallback_of="m1", channel="sms"), GOOD.outbox[1]]
    verdict = judge(replace(GOOD, ledger=[failed, by_sms, *GOOD.ledger[1:]], outbox=rows))
    assert verdict.clean and verdict.figures["fall_backs"] == 1


def test_a_failure_nobody_told_us_of_is_shown_apart() -> None:
    verdict = judge(replace(GOOD, ledger=[_copy("m1", error=63016, told=("sent",)), *GOOD.ledger[1:]]))
    assert len(verdict.untold) == 1 and _counts(verdict) == (0, 0, 0, 0) and not verdict.clean


def test_what_arrived_and_is_still_in_doubt_here_is_shown_apart() -> None:
    verdict = judge(replace(GOOD, outbox=[_row("m1", "unknown"), GOOD.outbox[1]]))
    assert len(verdict.unsettled) == 1 and _counts(verdict) == (0, 0, 0, 0)


@pytest.mark.parametrize("hour", range(24))
def test_whatever_the_hour_the_families_of_a_run_are_awake(hour: int) -> None:
    from zoneinfo import ZoneInfo

    now = DUE.replace(hour=hour) + timedelta(minutes=30)
    assert now.astimezone(ZoneInfo(zone_where_it_is_ten(now))).hour == 10
