"""Reminders are planned as rows when facts change. What is due is spoken by sapa.services.due."""

from __future__ import annotations

from datetime import datetime, timedelta

from sapa.family.campaigns import fingerprint
from sapa.family.plan import PlannedReminder, plan
from sapa.messaging.states import ReminderState
from sapa.services.deps import Deps
from sapa.services.households import family_of
from sapa.services.ports import Tx
from sapa.services.records import ReminderRow

# A child is followed to its second birthday and the plan is renewed as it grows: two years ahead is all of it.
HORIZON = timedelta(days=731)
_EDITION = "campaigns"


def replan(deps: Deps, tx: Tx, household_id: str, now: datetime) -> tuple[int, int]:
    """Make the rows of a household equal to its plan; rows added and cancelled. Twice in a row changes nothing."""
    # First the lock, then the facts: of two plans at the same moment the later one knows what the earlier one knew.
    tx.lock_household(household_id)
    family = family_of(tx, household_id, now, deps.default_timezone)
    enrolled_at = min((contact.created_at for contact in tx.caregivers_of(household_id)), default=now)
    # What is due this moment counts as sent: it goes out before anything planned now does.
    sent = [
        planned_reminder(row)
        for row in tx.reminders_of(household_id)
        if row.state is ReminderState.QUEUED or (row.state is ReminderState.PLANNED and row.send_at <= now)
    ]
    planned = plan(family, until=family.today + HORIZON, enrolled_at=enrolled_at, sent=sent, campaigns=deps.campaigns)
    return tx.replace_plan(household_id, [_row(household_id, reminder) for reminder in planned], now)


def replan_dirty(deps: Deps, now: datetime, limit: int = 200) -> int:
    """Replan households whose facts changed elsewhere (a posyandu moved a day); how many were done."""
    with deps.store.transaction(write=False) as tx:
        households = tx.dirty_households(limit)
    return sum(_replan_one(deps, household_id, now) for household_id in households)


def _replan_one(deps: Deps, household_id: str, now: datetime) -> bool:
    # One household, one transaction: after a change of the campaigns all of them wait here, and a message that comes
    # in meanwhile must not wait for all of them.
    with deps.store.transaction() as tx:
        tx.lock_household(household_id)
        if not tx.take_dirty(household_id):
            return False
        replan(deps, tx, household_id, now)
    return True


def replan_everybody_if_campaigns_changed(deps: Deps, now: datetime) -> bool:
    """Mark every household for a new plan when the campaign files are not those the plans were made from.

    Whether they were. What has gone out stays; the past is never sent.
    """
    edition = fingerprint(deps.campaigns)
    with deps.store.transaction(write=False) as tx:
        if tx.setting(_EDITION) == edition:
            return False
    with deps.store.transaction() as tx:
        known = tx.setting(_EDITION)
        if known != edition:
            tx.mark_all_dirty(now)
            tx.set_setting(_EDITION, edition, now)
            tx.audit("campaigns_changed", None, {"from": known, "to": edition}, now)
    return known != edition


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
        to=reminder.to,
        purpose=reminder.purpose,
        topic=reminder.topic,
    )


def planned_reminder(row: ReminderRow) -> PlannedReminder:
    """A row as the planner made it."""
    return PlannedReminder(
        id=row.id.removeprefix(f"{row.household_id}:"),
        send_at=row.send_at,
        event=row.event,
        due_on=row.due_on,
        content=row.content_id,
        subjects=row.subjects,
        payload=row.payload,
        to=row.to,
        topic=row.topic,
        purpose=row.purpose,
    )
