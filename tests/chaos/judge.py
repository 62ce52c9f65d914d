"""Counts what went wrong in a run, from the provider's ledger and our own rows. Pure: no clock, no database.

What a person must get is known by our own rows (a reminder, a household of a broadcast, a message that waits for its
answer) and by the plan of the run; what a person got is known by the provider alone.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

Row = Mapping[str, Any]
# Final states that say themselves why nothing arrived.
_EXPLAINED = {"suppressed"}
_OPEN = {"queued", "sending", "errored", "unknown"}
# The provider's clock and ours are one; this is what rounding takes.
_EARLY = timedelta(milliseconds=5)


@dataclass(frozen=True)
class Evidence:
    """What a run left behind. `ledger` and the rows as plain mappings; `due`: the moments before which nothing may go,
    by reminder id, broadcast id and outbox id; `written`: the provider's ids of what people wrote to us."""

    ledger: Sequence[Row]
    outbox: Sequence[Row]
    reminders: Sequence[Row]
    targets: Sequence[Row]
    inbound: Sequence[Row]
    due_reminders: Mapping[str, datetime]
    due_broadcasts: Mapping[str, datetime]
    due_notices: Mapping[str, datetime]


@dataclass
class Verdict:
    """What went wrong, each as a line that names it."""

    messages: int = 0
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    early: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    unsettled: list[str] = field(default_factory=list)  # arrived, but our rows do not know it
    untold: list[str] = field(default_factory=list)  # failed at the provider, whose news of it never reached us
    figures: Counter[str] = field(default_factory=Counter)

    @property
    def clean(self) -> bool:
        """Whether nothing was lost, doubled, early or skipped, nor failed without anybody knowing."""
        return not (self.lost or self.doubled or self.early or self.skipped or self.untold)


def judge(evidence: Evidence) -> Verdict:
    """The verdict on a run."""
    verdict = Verdict()
    taken: dict[str, list[Row]] = defaultdict(list)
    for message in evidence.ledger:
        if message["direction"] != "inbound":
            taken[message["ref"]].append(message)
    due = _due_by_row(evidence)
    chains = _chains(evidence.outbox)
    for root, chain in chains.items():
        _judge_message(verdict, root, chain, taken, due.get(root))
    _judge_reminders(verdict, evidence)
    _judge_targets(verdict, evidence)
    _judge_inbound(verdict, evidence)
    strangers = set(taken) - {row["id"] for row in evidence.outbox}
    verdict.doubled += [f"the provider took {ref}, of which we have no row" for ref in sorted(strangers)]
    verdict.messages = len(chains)
    verdict.figures["resends"] = sum(max(0, row["attempts"] - 1) for row in evidence.outbox)
    verdict.figures["fall_backs"] = sum(len(chain) - 1 for chain in chains.values())
    return verdict


def _due_by_row(evidence: Evidence) -> dict[str, datetime]:
    """The earliest moment of each outbox row that was planned."""
    due = dict(evidence.due_notices)
    for row in evidence.reminders:
        if row["outbox_id"] and row["id"] in evidence.due_reminders:
            due[row["outbox_id"]] = evidence.due_reminders[row["id"]]
    for row in evidence.targets:
        if row["outbox_id"]:
            due[row["outbox_id"]] = evidence.due_broadcasts[row["broadcast_id"]]
    return due


def _chains(outbox: Sequence[Row]) -> dict[str, list[Row]]:
    """Each message with what was sent in its place, the message itself first."""
    by_id = {row["id"]: row for row in outbox}

    def root(row: Row) -> str:
        before = row.get("fallback_of")
        return root(by_id[before]) if before in by_id else str(row["id"])

    chains: dict[str, list[Row]] = defaultdict(list)
    for row in sorted(outbox, key=lambda row: row["seq"]):
        chains[root(row)].append(row)
    return chains


def _judge_message(
    verdict: Verdict,
    root: str,
    chain: Sequence[Row],
    taken: Mapping[str, Sequence[Row]],
    due: datetime | None,
) -> None:
    name = f"{chain[0]['kind']} {chain[0]['dedupe_key']} ({root}, {chain[-1]['state']}, {chain[-1]['error_code']})"
    copies = [message for row in chain for message in taken.get(row["id"], ())]
    arrived = [message for message in copies if message["error_code"] is None]
    if len(arrived) > 1:
        verdict.doubled.append(f"{name} arrived {len(arrived)} times")
    elif _repeated(copies):
        verdict.doubled.append(f"{name} was taken twice in one form")
    first = min((message["at"] for message in copies), default=None)
    if due is not None and first is not None and datetime.fromtimestamp(first, UTC) < due - _EARLY:
        verdict.early.append(f"{name} {due - datetime.fromtimestamp(first, UTC)} before its time")
    open_rows = [row for row in chain if row["state"] in _OPEN]
    if arrived:
        if open_rows:
            verdict.unsettled.append(name)
        return
    if chain[-1]["state"] in _EXPLAINED:
        verdict.figures[f"suppressed {chain[-1]['error_code']}"] += 1
    elif copies and all(message["error_code"] for message in copies):
        _judge_failed(verdict, name, chain, copies)
    else:
        verdict.lost.append(name)


def _repeated(copies: Sequence[Row]) -> bool:
    """Whether one message was sent twice in the same form: another form after a failure is meant, the same is not."""
    forms = Counter((message["to"], bool(message["content_sid"])) for message in copies)
    return any(count > 1 for count in forms.values())


def _judge_failed(verdict: Verdict, name: str, chain: Sequence[Row], copies: Sequence[Row]) -> None:
    """The provider took it and said afterwards that it cannot be delivered so."""
    last = copies[-1]
    told = any(word in ("failed", "undelivered") for word in last["told"])
    row = chain[-1]
    if not told and row["state"] in ("sent", "delivered"):
        verdict.untold.append(f"{name} {last['error_code']}")
    elif row["state"] == "failed" and not _other_form(row, last["error_code"]):
        # Known to have failed, and no other form is left to try: a human sees it in the report.
        verdict.figures[f"failed for good {last['error_code']}"] += 1
    else:
        verdict.lost.append(f"{name} {last['error_code']}")


def _other_form(row: Row, code: int) -> bool:
    """Whether the message could still have gone in another form."""
    if code == 63016:
        return row["template"] is not None and not row["force_template"]
    return row["channel"] == "whatsapp" and row["sms_text"] is not None


def _judge_reminders(verdict: Verdict, evidence: Evidence) -> None:
    rows = {row["id"]: row for row in evidence.reminders}
    for reminder_id in evidence.due_reminders:
        row = rows.get(reminder_id)
        state = None if row is None else row["state"]
        if row is None or state == "planned" or (state in ("dropped", "cancelled") and not row["reason"]):
            verdict.skipped.append(f"reminder {reminder_id} {state}")
        elif state in ("dropped", "cancelled"):
            # Nothing in the plan of a run is a reason to drop one.
            verdict.skipped.append(f"reminder {reminder_id} {state}: {row['reason']}")
    keys = Counter(row["dedupe_key"] for row in evidence.outbox)
    verdict.doubled += [f"{key} has {count} rows" for key, count in keys.items() if count > 1]


def _judge_targets(verdict: Verdict, evidence: Evidence) -> None:
    for row in evidence.targets:
        if row["state"] != "queued":
            verdict.skipped.append(
                f"broadcast {row['broadcast_id']} to {row['household_id']}: {row['state']} {row['reason']}"
            )


def _judge_inbound(verdict: Verdict, evidence: Evidence) -> None:
    """Everything somebody wrote is taken in once and answered."""
    known = Counter(row["provider_sid"] for row in evidence.inbound)
    answers = Counter(row["in_reply_to"] for row in evidence.outbox if row["in_reply_to"])
    by_sid = {row["provider_sid"]: row for row in evidence.inbound}
    for message in evidence.ledger:
        if message["direction"] != "inbound":
            continue
        verdict.figures["inbound"] += 1
        verdict.figures["inbound_missed_by_webhook"] += "received" not in message["told"]
        if not known[message["sid"]]:
            verdict.lost.append(f"what {message['sid']} wrote never came in")
        elif known[message["sid"]] > 1:
            verdict.doubled.append(f"what {message['sid']} wrote came in {known[message['sid']]} times")
        elif by_sid[message["sid"]]["state"] != "answered":
            verdict.skipped.append(f"what {message['sid']} wrote is {by_sid[message['sid']]['state']}")
        elif answers[by_sid[message["sid"]]["id"]] != 1:
            count = answers[by_sid[message["sid"]]["id"]]
            (verdict.doubled if count else verdict.lost).append(f"{message['sid']} has {count} answers")
