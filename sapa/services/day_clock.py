"""What the clock does around a posyandu day: the list on its eve, who has no phone, a kind word to who did not come.

Each thing is done once for a session and date, however often the clock asks and however many clocks there are. After an
outage what is still of use goes out, the rest is dropped.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sapa.family.people import Family, QuietHours
from sapa.messaging.quiet_hours import local_moment, next_allowed
from sapa.messaging.states import Channel, Kind
from sapa.services.access import Role, staffer
from sapa.services.consents import CHILD_CARE, PREGNANCY_CARE
from sapa.services.day_lists import list_replies
from sapa.services.day_records import ABSENT, NO_PHONE, HomeVisitRow, visit_id
from sapa.services.day_roster import Day, NoSuchSession, day_of, keep_numbers
from sapa.services.deps import Deps
from sapa.services.households import family_of, seen_by
from sapa.services.losses import grieving, silent
from sapa.services.notices import preferred
from sapa.services.one_by_one import one_by_one
from sapa.services.ports import Tx
from sapa.services.records import Address, Contact, OutboxDraft, PosyanduRow, Reply, SessionRow
from sapa.services.replies import render_reply, sms_form
from sapa.services.seats import readers_for

MISSED = "posyandu-hari/tidak-datang"

# When: the kader's list at 17:00 on the eve, the families without a phone three days before, as the others are invited.
EVE_AT, WALK_AT, WALK_DAYS = time(17, 0), time(16, 0), 3
MISSED_AT = time(9, 0)
# How late a word to who stayed away may still come: the sending rules' limit after an outage.
_LATE = timedelta(hours=48)
# The caps of the sending rules: one unasked message a day, eight a month.
_A_DAY, _A_MONTH = 1, 8
_MONTH = timedelta(days=30)
_PRIORITY = 50
_EVE, _WALK, _MISSED = "day-eve:", "day-walk:", "day-missed:"
# No zone of the country is further than this from the date in UTC.
_AROUND = timedelta(days=1)


def _key(kind: str, session: SessionRow) -> str:
    # With the date: a session that was moved is a new day.
    return f"{kind}{session.id}:{session.date.isoformat()}"


def _undone(tx: Tx, kind: str, sessions: Sequence[SessionRow]) -> list[SessionRow]:
    """Those for which this was not done yet: one question, however many there are."""
    done = tx.settings_among([_key(kind, one) for one in sessions]) if sessions else {}
    return [one for one in sessions if _key(kind, one) not in done]


def _claimed(tx: Tx, kind: str, session: SessionRow, now: datetime) -> Day | None:
    """The day, if nobody else has done this for it meanwhile; from now on it counts as done."""
    try:
        day = day_of(tx, session.id)
    except NoSuchSession:
        return None
    if day.session.date != session.date or not tx.claim_setting(_key(kind, session), "done", now):
        return None
    return day


def _coming(deps: Deps, now: datetime, kind: str, days: int, at: time) -> list[SessionRow]:
    """The sessions for which this is to be done now: from a clock time so many days before until they begin.

    Only looks: the clock asks every few seconds, and a thousand sessions that lie ahead must cost no write lock.
    """
    today = now.date()
    with deps.store.transaction(write=False) as tx:
        ahead = _undone(tx, kind, tx.open_sessions(today - _AROUND, today + timedelta(days=days) + _AROUND))
        return [one for one in ahead if _is_time(tx, one, days, at, now)]


def _is_time(tx: Tx, session: SessionRow, days: int, at: time, now: datetime) -> bool:
    place = tx.posyandu(session.posyandu_id)
    return place is not None and _from(session.date, days, at, place.timezone) <= now < _begins(place, session)


# ---------------------------------------------------------------------------------------------- the list on the eve


def eve_lists_due(deps: Deps, now: datetime) -> int:
    """Send each kader of a posyandu the list of the day, from 17:00 of its eve until it begins; how many got one."""

    def send(session: SessionRow) -> int:
        with deps.store.transaction() as tx:
            day = _claimed(tx, _EVE, session, now)
            if day is None:
                return 0
            keep_numbers(tx, day, now)
            kader = [row.contact_id for row in tx.staff_of_posyandu(day.place.id) if row.role == Role.KADER]
            return sum(_send_list(deps, tx, contact_id, day, now) for contact_id in dict.fromkeys(kader))

    return one_by_one(_coming(deps, now, _EVE, 1, EVE_AT), send)


def _from(day: date, days_before: int, at: time, timezone: str) -> datetime:
    return local_moment(day - timedelta(days=days_before), at, timezone)


def _begins(place: PosyanduRow, session: SessionRow) -> datetime:
    return local_moment(session.date, session.time, place.timezone)


def _send_list(deps: Deps, tx: Tx, contact_id: str, day: Day, now: datetime) -> bool:
    address = preferred(tx.addresses_of(contact_id))
    if address is None or staffer(tx, contact_id) is None or not day.expected:
        return False
    allowed = next_allowed(now, day.place.timezone, QuietHours())
    if allowed >= day.begins:
        return False
    today = allowed.astimezone(ZoneInfo(day.place.timezone)).date()
    family = Family(now, day.place.timezone)
    for number, reply in enumerate(list_replies(deps, day, today, address.channel)):
        rendered = render_reply(deps, reply, address.channel, family)
        tx.queue(
            OutboxDraft(
                dedupe_key=f"day-list:{day.session.id}:{day.session.date}:{contact_id}:{number}",
                contact_id=contact_id,
                address_id=address.id,
                channel=address.channel,
                kind=Kind(rendered.kind),
                content_id=rendered.content_id,
                text=rendered.text,
                template=rendered.template,
                template_variables=rendered.template_variables,
                not_before=allowed,
                expires_at=day.begins,
                priority=_PRIORITY,
            ),
            now,
        )
    detail = {"list": "expected", "session": day.session.id}
    tx.audit("list_sent", contact_id, detail, now, actor_id=contact_id)
    return True


# ----------------------------------------------------------------------------------------------------- without a phone


def no_phone_due(deps: Deps, now: datetime) -> int:
    """Put the families nobody can write to on the kader's list of visits, three days before; how many were put."""

    def put(session: SessionRow) -> int:
        with deps.store.transaction() as tx:
            day = _claimed(tx, _WALK, session, now)
            return _walk_to(tx, day, now) if day is not None else 0

    return one_by_one(_coming(deps, now, _WALK, WALK_DAYS, WALK_AT), put)


def _walk_to(tx: Tx, day: Day, now: datetime) -> int:
    homes = tx.homes_of({one.household_id for one in day.expected})
    away = [one for one in day.expected if not homes[one.household_id].reachable]
    return sum(tx.add_home_visit(_visit(day, one.household_id, one.subject_id, NO_PHONE, now), now) for one in away)


def _visit(day: Day, household_id: str, subject_id: str, reason: str, now: datetime) -> HomeVisitRow:
    return HomeVisitRow(
        id=visit_id(reason, household_id, day.session.id),
        posyandu_id=day.place.id,
        household_id=household_id,
        reason=reason,
        since=now,
        subject_id=subject_id,
        session_id=day.session.id,
    )


# ------------------------------------------------------------------------------------------------- who did not come


@dataclass(frozen=True)
class _Absent:
    """A household of which nobody came. names: of its children; care: the consent its word stands on."""

    household_id: str
    subject_id: str
    names: tuple[str, ...]
    care: str


def missed_due(deps: Deps, now: datetime) -> int:
    """One kind word, at 09:00 of the morning after a day was closed, to who did not come; how many were written to.

    They are put on the kader's list of visits whether or not they can be written to. Only a day that was closed tells
    who stayed away.
    """
    with deps.store.transaction(write=False) as tx:
        closed = _undone(tx, _MISSED, tx.closed_sessions(now - _LATE - 2 * _AROUND))
    return one_by_one(closed, lambda session: _tell_absent(deps, session, now))


def _tell_absent(deps: Deps, session: SessionRow, now: datetime) -> int:
    with deps.store.transaction(write=False) as tx:
        place = tx.posyandu(session.posyandu_id)
        if place is None or session.closed_at is None:
            return 0
        closed_on = session.closed_at.astimezone(ZoneInfo(place.timezone)).date()
        start = _from(max(session.date, closed_on) + _AROUND, 0, MISSED_AT, place.timezone)
        if now < start:
            return 0
        if tx.setting(_key(_MISSED, session)) is not None:
            return 0
        day = day_of(tx, session.id)
        absent = _stayed_away(tx, day)
    # One household, one transaction. Done is noted last: whoever is killed in between begins again, and the ids of what
    # was written keep it from being written twice.
    told = sum(_miss(deps, day, one, now, late=now > start + _LATE) for one in absent)
    with deps.store.transaction() as tx:
        tx.claim_setting(_key(_MISSED, session), "done", now)
    return told


def _stayed_away(tx: Tx, day: Day) -> list[_Absent]:
    rows = tx.attendance_of(day.session.id)
    came = {row.household_id for row in rows.values() if row.came}
    found: dict[str, list[str]] = {}
    for one in day.expected:
        row = rows.get(one.subject_id)
        if row is not None and not row.came and one.household_id not in came:
            found.setdefault(one.household_id, []).append(one.subject_id)
    absent = []
    for household_id, subjects in found.items():
        children = [child for subject in subjects if (child := day.followed[subject].child) is not None]
        care = CHILD_CARE if children else PREGNANCY_CARE
        absent.append(_Absent(household_id, subjects[0], tuple(child.name for child in children), care))
    return absent


def _miss(deps: Deps, day: Day, one: _Absent, now: datetime, *, late: bool) -> int:
    with deps.store.transaction() as tx:
        tx.lock_household(one.household_id)
        if silent(tx, one.household_id, now, one.names, "posyandu") or grieving(tx, one.household_id, now):
            return 0
        known = tx.home_visit(visit_id(ABSENT, one.household_id, day.session.id))
        if known is not None and known.outcome is not None:
            return 0  # the kader knows why: ill, or moved away
        tx.add_home_visit(_visit(day, one.household_id, one.subject_id, ABSENT, now), now)
        readers = readers_for(tx, one.household_id, "caregiver", one.care, "posyandu")
        written = [pair for pair in readers[:1] if pair[1].channel is Channel.WHATSAPP]
        if late or not written or _in_danger(tx, one.household_id) or not _may_write(tx, written[0][0], day, now):
            return 0
        return _write(deps, tx, day, one, written[0], now)


def _in_danger(tx: Tx, household_id: str) -> bool:
    people = tx.caregivers_of(household_id)
    return any(case.kind == "danger" for person in people for case in tx.open_cases_of(person.id))


def _may_write(tx: Tx, contact: Contact, day: Day, now: datetime) -> bool:
    start = now.astimezone(ZoneInfo(day.place.timezone)).replace(hour=0, minute=0, second=0, microsecond=0)
    today = tx.sent_reminders_on(contact.id, start, start + _AROUND)
    return today < _A_DAY and tx.sent_reminders_on(contact.id, now - _MONTH, now + _AROUND) < _A_MONTH


def _write(deps: Deps, tx: Tx, day: Day, one: _Absent, reader: tuple[Contact, Address], now: datetime) -> int:
    contact, address = reader
    family = family_of(tx, one.household_id, now, deps.default_timezone)
    ahead = [session for session in tx.sessions_of(day.place.id, family.today) if session.date > day.session.date]
    coming = ahead[0] if ahead else None
    said = {
        "names": list(one.names),
        "place": day.place.name,
        "date": day.session.date.isoformat(),
        "next_on": coming.date.isoformat() if coming else None,
        "next_time": coming.time.strftime("%H:%M") if coming else None,
        "next_place": coming.place if coming else None,
        "facility": day.place.facility_name,
    }
    reply, seen = Reply(MISSED, said), seen_by(tx, contact.id, family)
    rendered = render_reply(deps, reply, address.channel, seen)
    queued = tx.queue(
        OutboxDraft(
            dedupe_key=f"day-missed:{day.session.id}:{day.session.date}:{one.household_id}",
            contact_id=contact.id,
            address_id=address.id,
            channel=address.channel,
            kind=Kind(rendered.kind),
            content_id=rendered.content_id,
            text=rendered.text,
            template=rendered.template,
            template_variables=rendered.template_variables,
            not_before=next_allowed(now, family.timezone, family.quiet_hours),
            expires_at=now + _LATE,
            priority=_PRIORITY,
            consent_purpose=one.care,
            topic="posyandu",
            sms_text=sms_form(deps, reply, address, seen),
        ),
        now,
    )
    return int(queued is not None)
