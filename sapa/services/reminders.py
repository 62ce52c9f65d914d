"""Reminders: planned as rows when facts change, spoken when they fall due, once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sapa.family.people import Family
from sapa.family.plan import PlannedReminder, collapse, is_stale, plan, refresh
from sapa.messaging.quiet_hours import next_allowed
from sapa.messaging.states import Channel, Kind, ReminderState
from sapa.services.consents import CHILD_CARE
from sapa.services.deps import Deps
from sapa.services.households import family_of
from sapa.services.ports import Tx
from sapa.services.records import Address, Contact, OutboxDraft, ReminderRow, Reply
from sapa.services.replies import render_reply

# A child is followed to its second birthday and the plan is renewed as it grows: two years ahead is all of it.
HORIZON = timedelta(days=731)
REMINDER_PRIORITY = 50
_ONE_A_DAY = 1
# How soon a reminder held back by an emergency is looked at again.
PAUSE = timedelta(hours=1)


def replan(deps: Deps, tx: Tx, household_id: str, now: datetime) -> tuple[int, int]:
    """Make the rows of a household equal to its plan; rows added and cancelled. Twice in a row changes nothing."""
    family = family_of(tx, household_id, now, deps.default_timezone)
    enrolled_at = min((contact.created_at for contact in tx.caregivers_of(household_id)), default=now)
    # What is due this moment counts as sent: it goes out before anything planned now does.
    sent = [
        _reminder(row)
        for row in tx.reminders_of(household_id)
        if row.state is ReminderState.QUEUED or (row.state is ReminderState.PLANNED and row.send_at <= now)
    ]
    planned = plan(family, until=family.today + HORIZON, enrolled_at=enrolled_at, sent=sent)
    return tx.replace_plan(household_id, [_row(household_id, reminder) for reminder in planned], now)


def replan_dirty(deps: Deps, now: datetime, limit: int = 200) -> int:
    """Replan households whose facts changed elsewhere (a posyandu moved a day); how many were done."""
    with deps.store.transaction(write=False) as tx:
        if not tx.has_dirty():
            return 0
    with deps.store.transaction() as tx:
        households = tx.take_dirty(limit)
        for household_id in households:
            replan(deps, tx, household_id, now)
    return len(households)


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
    rows = tx.due_reminders_of(household_id, now)
    fates: Counter[str] = Counter()
    if not rows:
        return fates
    family = family_of(tx, household_id, now, deps.default_timezone)
    fresh: list[tuple[ReminderRow, PlannedReminder]] = []
    for row in rows:
        reminder = _reminder(row)
        if is_stale(reminder, now, family.timezone):
            _drop(tx, row, "too_late", now, fates)
        else:
            fresh.append((row, reminder))
    kept = {reminder.id for reminder in collapse(reminder for _, reminder in fresh)}
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
    if _in_danger(tx, row.household_id):
        # Nobody in an emergency is told of a posyandu day. Looked at again until a human closes the case.
        tx.postpone_reminder(row.id, next_allowed(now + PAUSE, family.timezone, family.quiet_hours))
        fates["paused"] += 1
        return
    fresh = refresh(reminder, family)
    if fresh is None:
        _drop(tx, row, "nothing_to_say", now, fates)
        return
    reader = _reader(tx, row.household_id)
    if reader is None:
        _drop(tx, row, "nobody", now, fates)
        return
    contact, address = reader
    start, end = _local_day(family, now)
    if tx.sent_reminders_on(contact.id, start, end) >= _ONE_A_DAY:
        tx.postpone_reminder(row.id, next_allowed(end, family.timezone, family.quiet_hours))
        fates["postponed"] += 1
        return
    outbox_id = _queue_text(deps, tx, row, family, fresh, contact, address, now)
    if outbox_id is None:
        _drop(tx, row, "review_overdue", now, fates)
        return
    tx.finish_reminder(row.id, ReminderState.QUEUED, None, contact.id, outbox_id, now)
    fates["queued"] += 1


def _in_danger(tx: Tx, household_id: str) -> bool:
    """Whether somebody of the household has reported a danger that no human has settled yet."""
    contacts = tx.caregivers_of(household_id)
    return any(case.kind == "danger" for contact in contacts for case in tx.open_cases_of(contact.id))


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
    rendered = render_reply(deps, Reply(reminder.content, reminder.payload), address.channel, family)
    if rendered.content_id != reminder.content:
        # The text's review is overdue: nothing unasked is sent in its place.
        tx.audit("content_overdue", None, {"content": reminder.content}, now)
        return None
    last_moment = datetime.combine(reminder.due_on, datetime.max.time(), ZoneInfo(family.timezone))
    return tx.queue(
        OutboxDraft(
            dedupe_key=f"reminder:{row.id}",
            contact_id=contact.id,
            address_id=address.id,
            channel=address.channel,
            kind=Kind(rendered.kind),
            content_id=rendered.content_id,
            text=rendered.text,
            buttons=tuple(rendered.buttons),
            template=rendered.template,
            expires_at=max(last_moment, now + timedelta(hours=48)) if reminder.due_on < family.today else last_moment,
            priority=REMINDER_PRIORITY,
            consent_purpose=CHILD_CARE,
        ),
        now,
    )


def _reader(tx: Tx, household_id: str) -> tuple[Contact, Address] | None:
    """Who gets the household's one reminder: the first caregiver who consents and has not opted out."""
    for contact in tx.caregivers_of(household_id):
        if contact.opted_out_at is None and tx.has_consent(contact.id, CHILD_CARE):
            address = _preferred(tx.addresses_of(contact.id))
            if address is not None:
                return contact, address
    return None


def _preferred(addresses: Sequence[Address]) -> Address | None:
    """WhatsApp where there is one, else SMS."""
    by_channel = {address.channel: address for address in addresses}
    return by_channel.get(Channel.WHATSAPP) or by_channel.get(Channel.SMS)


def _drop(tx: Tx, row: ReminderRow, reason: str, now: datetime, fates: Counter[str]) -> None:
    tx.finish_reminder(row.id, ReminderState.DROPPED, reason, None, None, now)
    fates["dropped"] += 1


def _local_day(family: Family, now: datetime) -> tuple[datetime, datetime]:
    start = now.astimezone(ZoneInfo(family.timezone)).replace(hour=0, minute=0, second=0, microsecond=0)
    return start, start + timedelta(days=1)


def _row(household_id: str, reminder: PlannedReminder) -> ReminderRow:
    return ReminderRow(
        # Two households may hold equal families: the household is part of the id, so the id stays deterministic.
        id=f"{household_id}:{reminder.id}",
        household_id=household_id,
        send_at=reminder.send_at,
        due_on=reminder.due_on,
        event=reminder.event,
        content_id=reminder.content,
        subjects=reminder.subjects,
        payload=reminder.payload,
    )


def _reminder(row: ReminderRow) -> PlannedReminder:
    return PlannedReminder(
        id=row.id.removeprefix(f"{row.household_id}:"),
        send_at=row.send_at,
        event=row.event,
        due_on=row.due_on,
        content=row.content_id,
        subjects=row.subjects,
        payload=row.payload,
    )
