"""What is due is looked at once more, worded, and put into the outbox, once."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sapa.family.people import Family
from sapa.family.plan import PlannedReminder, collapse, is_stale, refresh
from sapa.messaging.quiet_hours import next_allowed
from sapa.messaging.states import Kind, ReminderState
from sapa.services.deps import Deps
from sapa.services.households import family_of, seen_by
from sapa.services.losses import grieving, silent
from sapa.services.ports import Tx
from sapa.services.records import Address, Contact, OutboxDraft, ReminderRow, Reply
from sapa.services.reminders import planned_reminder
from sapa.services.replies import render_reply, sms_form
from sapa.services.seats import readers_for

REMINDER_PRIORITY = 50
_ONE_A_DAY, _A_MONTH = 1, 8
# Tips can be stopped apart from what they are about.
TIPS = "tips"
# How soon a reminder held back by an emergency is looked at again.
PAUSE = timedelta(hours=1)
# How long the sender may still deliver what has no day of its own to be late for (design, section 6).
_CATCH_UP = timedelta(hours=48)


def queue_due(deps: Deps, now: datetime, limit: int = 500) -> Counter[str]:
    """Put what is due into the outbox. Costs what is due, not what exists.

    Returns counts by fate: queued, dropped, postponed, paused.
    """
    with deps.store.transaction(write=False) as tx:
        households = list(dict.fromkeys(row.household_id for row in tx.due_reminders(now, limit)))
    fates: Counter[str] = Counter()
    for household_id in households:
        # One household, one transaction: a kill in the middle leaves whole households, never half of one.
        with deps.store.transaction() as tx:
            fates += _queue_household(deps, tx, household_id, now)
    return fates


def _queue_household(deps: Deps, tx: Tx, household_id: str, now: datetime) -> Counter[str]:
    tx.lock_household(household_id)
    rows = tx.due_reminders_of(household_id, now)
    fates: Counter[str] = Counter()
    if not rows:
        return fates
    family = family_of(tx, household_id, now, deps.default_timezone)
    fresh: list[tuple[ReminderRow, PlannedReminder]] = []
    for row in rows:
        reminder = planned_reminder(row)
        if is_stale(reminder, now, family.timezone):
            _drop(tx, row, "too_late", now, fates)
        else:
            fresh.append((row, reminder))
    kept = set()
    # What came together for one reader is judged together; another reader's messages are not in its way.
    for to in {reminder.to for _, reminder in fresh}:
        kept |= {reminder.id for reminder in collapse(reminder for _, reminder in fresh if reminder.to == to)}
    for row, reminder in fresh:
        if reminder.id in kept:
            _queue_one(deps, tx, row, family, reminder, now, fates)
        else:
            _drop(tx, row, "superseded", now, fates)
    return fates


def _queue_one(
    deps: Deps, tx: Tx, row: ReminderRow, family: Family, reminder: PlannedReminder, now: datetime, fates: Counter[str]
) -> None:
    allowed = next_allowed(now, family.timezone, family.quiet_hours)
    if allowed > now:
        # Caught up with in the night: judged again in the morning, because "tomorrow" may be today by then.
        tx.postpone_reminder(row.id, allowed)
        fates["postponed"] += 1
        return
    invitation = reminder.payload.get("invitation")
    if invitation is not None and not _was_sent(tx, row.household_id, invitation):
        # Nobody is asked whether they came to what they were not invited to.
        _drop(tx, row, "not_invited", now, fates)
        return
    if _in_danger(tx, family):
        # Nobody in an emergency is told of a posyandu day. Looked at again until a human closes the case.
        tx.postpone_reminder(row.id, next_allowed(now + PAUSE, family.timezone, family.quiet_hours))
        fates["paused"] += 1
        return
    if silent(tx, row.household_id, now, reminder.subjects, reminder.topic) or (
        _is_for_happy_days(reminder) and grieving(tx, row.household_id, now)
    ):
        _drop(tx, row, "grieving", now, fates)
        return
    fresh = refresh(reminder, family, campaigns=deps.campaigns)
    if fresh is None:
        _drop(tx, row, "nothing_to_say", now, fates)
        return
    readers = readers_for(tx, row.household_id, fresh.to, fresh.purpose, fresh.topic)
    if _is_for_happy_days(reminder):
        readers = [reader for reader in readers if not tx.has_stopped(reader[0].id, TIPS)]
    if not readers:
        _drop(tx, row, "nobody", now, fates)
        return
    start, end = _local_day(family, now)
    if _is_for_happy_days(reminder):
        # The planner leaves room for eight; what a kader sent besides takes the place of tips, never of a due date.
        first = start.replace(day=1)
        readers = [reader for reader in readers if tx.sent_reminders_on(reader[0].id, first, end) < _A_MONTH]
        if not readers:
            _drop(tx, row, "month_full", now, fates)
            return
    free = [reader for reader in readers if tx.sent_reminders_on(reader[0].id, start, end) < _ONE_A_DAY]
    if readers[0] not in free:
        # Whoever wants every reminder too gets it with the one it is for, not instead.
        tx.postpone_reminder(row.id, next_allowed(end, family.timezone, family.quiet_hours))
        fates["postponed"] += 1
        return
    queued = [_queue_text(deps, tx, row, family, fresh, contact, address, now) for contact, address in free]
    if queued[0] is None:
        _drop(tx, row, "review_overdue", now, fates)
        return
    tx.finish_reminder(row.id, ReminderState.QUEUED, None, free[0][0].id, queued[0], now)
    fates["queued"] += 1


def _is_for_happy_days(reminder: PlannedReminder) -> bool:
    """Tips of a campaign: after a loss nobody is told how to play with a baby. What is due stays due."""
    return reminder.payload.get("rank") == "tip"


def _in_danger(tx: Tx, family: Family) -> bool:
    """Whether somebody of the household has reported a danger that no human has settled yet."""
    return any(case.kind == "danger" for member in family.members for case in tx.open_cases_of(member.contact_id))


def _was_sent(tx: Tx, household_id: str, reminder_id: str) -> bool:
    wanted = f"{household_id}:{reminder_id}"
    return any(row.id == wanted and row.state is ReminderState.QUEUED for row in tx.reminders_of(household_id))


def _queue_text(
    deps: Deps,
    tx: Tx,
    row: ReminderRow,
    family: Family,
    reminder: PlannedReminder,
    contact: Contact,
    address: Address,
    now: datetime,
) -> str | None:
    seen = seen_by(tx, contact.id, family)
    said = Reply(reminder.content, reminder.payload)
    rendered = render_reply(deps, said, address.channel, seen)
    if rendered.content_id != reminder.content:
        # The text's review is overdue: nothing unasked is sent in its place.
        tx.audit("content_overdue", None, {"content": reminder.content}, now)
        return None
    last_moment = datetime.combine(reminder.due_on, datetime.max.time(), ZoneInfo(family.timezone))
    return tx.queue(
        OutboxDraft(
            dedupe_key=f"reminder:{row.id}:{contact.id}",
            contact_id=contact.id,
            address_id=address.id,
            channel=address.channel,
            kind=Kind(rendered.kind),
            content_id=rendered.content_id,
            text=rendered.text,
            buttons=tuple(rendered.buttons),
            template=rendered.template,
            template_variables=rendered.template_variables,
            expires_at=now + _CATCH_UP if reminder.from_campaign or reminder.due_on < family.today else last_moment,
            priority=REMINDER_PRIORITY,
            consent_purpose=reminder.purpose,
            topic=reminder.topic,
            sms_text=sms_form(deps, said, address, seen),
        ),
        now,
    )


def _drop(tx: Tx, row: ReminderRow, reason: str, now: datetime, fates: Counter[str]) -> None:
    tx.finish_reminder(row.id, ReminderState.DROPPED, reason, None, None, now)
    fates["dropped"] += 1


def _local_day(family: Family, now: datetime) -> tuple[datetime, datetime]:
    start = now.astimezone(ZoneInfo(family.timezone)).replace(hour=0, minute=0, second=0, microsecond=0)
    return start, start + timedelta(days=1)
