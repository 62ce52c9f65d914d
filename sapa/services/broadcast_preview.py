"""What a broadcast would do, and whether it may: looked at before anything is written, and again at KIRIM."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sapa.family.calendar import add_months
from sapa.family.reading.kader import names_day
from sapa.messaging import announcements
from sapa.messaging.sms import sms_parts
from sapa.messaging.states import Channel
from sapa.services.access import Staffer, may_act_for
from sapa.services.broadcast_audience import Decision, decide, known_of
from sapa.services.broadcast_records import BroadcastKind, Code, Plan, Preview, Warn
from sapa.services.broadcast_texts import begins, completed, goes_at, text_vars, words
from sapa.services.delivery import WHATSAPP_WINDOW, WINDOW_MARGIN
from sapa.services.deps import Deps
from sapa.services.ports import Tx
from sapa.services.records import PosyanduRow, SessionRow

# How long a confirmed broadcast can be taken back (design, section 6).
UNDO = timedelta(minutes=2)
# A session planned further ahead than this is more often a slip of the finger than a plan. Ours.
_FAR_MONTHS = 6
# What an SMS holds of an announcement beside the sender and the number to write to; content/id/siar/pengumuman.md.
SMS_TEXT = 150
_SESSION_KINDS = (BroadcastKind.SESSION, BroadcastKind.MOVED, BroadcastKind.CANCELLED)
_NOTHING = Preview(Plan("", ""))


def preview(deps: Deps, tx: Tx, who: Staffer, plan: Plan, now: datetime) -> Preview:
    """What would be sent, to how many, how, when and at what cost; or why it is refused. Writes nothing."""
    place = tx.posyandu(plan.posyandu_id)
    if place is None or not may_act_for(who, plan.posyandu_id):
        return replace(_NOTHING, plan=plan, refused=Code.NOT_ALLOWED.value)
    session = about(tx, plan)
    full = completed(plan, session)
    refused = why_refused(tx, who, full, session, place, now)
    if refused is not None:
        return replace(_NOTHING, plan=full, refused=refused)
    return _looked_ahead(deps, tx, who, full, session, place, now)


def about(tx: Tx, plan: Plan) -> SessionRow | None:
    """The session a plan moves or cancels, while it stands at that posyandu and nobody has closed it."""
    if plan.kind not in (BroadcastKind.MOVED, BroadcastKind.CANCELLED) or plan.session_id is None:
        return None
    session = tx.session(plan.session_id)
    stands = session is not None and session.cancelled_at is None and session.closed_at is None
    return session if stands and session is not None and session.posyandu_id == plan.posyandu_id else None


def why_refused(
    tx: Tx, who: Staffer, plan: Plan, session: SessionRow | None, place: PosyanduRow, now: datetime
) -> str | None:
    """The code of the first rule that a completed plan breaks; None if it may go."""
    if not may_act_for(who, plan.posyandu_id):
        return Code.NOT_ALLOWED.value
    trouble = (
        _bad_announcement(plan) if plan.kind == BroadcastKind.ANNOUNCEMENT else _bad_session(tx, plan, session, now)
    )
    return trouble or _bad_words(plan) or (Code.TOO_OFTEN.value if _too_often(tx, who, plan, place, now) else None)


def _bad_announcement(plan: Plan) -> str | None:
    return None if any(char.isalnum() for char in plan.text) else Code.EMPTY.value


def _bad_session(tx: Tx, plan: Plan, session: SessionRow | None, now: datetime) -> str | None:
    if plan.kind != BroadcastKind.SESSION:
        if session is None:
            return Code.NO_SESSION.value
        if plan.kind == BroadcastKind.MOVED and _same(plan, session):
            return Code.EMPTY.value
    if plan.date is None or plan.time is None or not plan.place:
        return Code.EMPTY.value
    place = tx.posyandu(plan.posyandu_id)
    assert place is not None
    gone_by = [begins(plan, place.timezone)]
    if session is not None:
        gone_by.append(begins(replace(plan, date=session.date, time=session.time), place.timezone))
    if any(start is not None and start <= now for start in gone_by):
        return Code.PAST.value
    standing = tx.session_on(plan.posyandu_id, plan.date)
    taken = standing is not None and (session is None or standing.id != session.id)
    return Code.DOUBLE.value if taken else None


def _same(plan: Plan, session: SessionRow) -> bool:
    return (plan.date, plan.time, plan.place, plan.note) == (session.date, session.time, session.place, session.note)


def _bad_words(plan: Plan) -> str | None:
    for text, longest in (
        (plan.text, announcements.MAX_TEXT),
        (plan.note, announcements.MAX_NOTE),
        (plan.place, announcements.MAX_PLACE),
    ):
        trouble = announcements.trouble_with(text, longest)
        if trouble is not None:
            return Code(trouble).value
    return None


def _too_often(tx: Tx, who: Staffer, plan: Plan, place: PosyanduRow, now: datetime) -> bool:
    day = now.astimezone(ZoneInfo(place.timezone)).replace(hour=0, minute=0, second=0, microsecond=0)
    if plan.kind != BroadcastKind.ANNOUNCEMENT:
        sent = tx.count_broadcasts(_SESSION_KINDS, day, created_by=who.contact_id)
        return sent >= announcements.MAX_SESSION_MESSAGES_A_DAY
    limits = ((day, announcements.MAX_A_DAY), (day.replace(day=1), announcements.MAX_A_MONTH))
    return any(tx.count_broadcasts([plan.kind], since, posyandu_id=place.id) >= most for since, most in limits)


# --------------------------------------------------------------------------------------------------- what it would do


def _looked_ahead(
    deps: Deps, tx: Tx, who: Staffer, plan: Plan, session: SessionRow | None, place: PosyanduRow, now: datetime
) -> Preview:
    today = now.astimezone(ZoneInfo(place.timezone)).date()
    homes = tx.reach(place.id, today)
    told, not_told = frozenset[str](), 0
    if session is not None:
        told = households_to_tell(tx, plan, session)
        not_told = sum(home.household_id not in told for home in homes)
        homes = tx.reach(place.id, today, told) if told else []
    decisions = [decide(tx, home, plan.kind, now) for home in homes]
    goes = goes_at(now + UNDO, place.timezone)
    found = _counted(deps, who, plan, text_vars(plan, place, session), decisions, goes, place, now)
    holiday = (
        deps.holiday(plan.date) if plan.date and plan.kind in (BroadcastKind.SESSION, BroadcastKind.MOVED) else None
    )
    return replace(
        found,
        waits_until=goes if goes > now + UNDO else None,
        warnings=_warnings(tx, plan, place, holiday, goes, found, now),
        told=len(told),
        not_told=not_told,
        holiday=holiday,
        old=None
        if session is None
        else {
            "date": session.date.isoformat(),
            "time": session.time.isoformat("minutes"),
            "place": session.place,
        },
    )


def households_to_tell(tx: Tx, plan: Plan, session: SessionRow) -> frozenset[str]:
    """Households that know of a session which is moved or cancelled.

    Where the day stays and only the hour or place changes, a waiting message is taken back too, and nothing else would
    tell the new hour: its household counts as told.
    """
    known = known_of(tx, session)
    same_day = plan.kind == BroadcastKind.MOVED and plan.date == session.date
    return known.told | known.waiting_for if same_day else known.told


def _counted(
    deps: Deps,
    who: Staffer,
    plan: Plan,
    said: dict[str, object],
    decisions: Sequence[Decision],
    goes: datetime,
    place: PosyanduRow,
    now: datetime,
) -> Preview:
    readers = [reader for decision in decisions for reader in decision.readers]
    on = Counter(reader.address.channel for reader in readers)
    templates = sum(
        reader.address.channel is Channel.WHATSAPP and not _in_window(reader.contact.last_inbound_at, goes)
        for reader in readers
    )
    texts = {channel: words(deps, plan.kind, said, who.name, channel, now, place.timezone).text for channel in Channel}
    parts = on[Channel.SMS] * sms_parts(texts[Channel.SMS])
    only_sms = on[Channel.SMS] > 0 and on[Channel.WHATSAPP] == 0
    skipped = Counter(decision.reason for decision in decisions if decision.reason is not None)
    return Preview(
        plan=plan,
        recipients=sum(bool(decision.readers) for decision in decisions),
        whatsapp=on[Channel.WHATSAPP],
        sms=on[Channel.SMS],
        unreachable=skipped.total(),
        cost_rupiah=_cost(deps, templates, parts),
        text=texts[Channel.SMS if only_sms else Channel.WHATSAPP],
        templates=templates,
        sms_parts=parts,
        skipped=dict(skipped),
    )


def _in_window(last_inbound: datetime | None, at: datetime) -> bool:
    """Whether WhatsApp's 24 hours are still open then; what is sent inside them costs no fee."""
    return last_inbound is not None and at - last_inbound < WHATSAPP_WINDOW - WINDOW_MARGIN


def _cost(deps: Deps, templates: int, parts: int) -> int | None:
    used = {channel: count for channel, count in (("whatsapp", templates), ("sms", parts)) if count}
    if any(channel not in deps.prices for channel in used):
        return None
    return sum(deps.prices[channel] * count for channel, count in used.items())


def _warnings(
    tx: Tx, plan: Plan, place: PosyanduRow, holiday: str | None, goes: datetime, found: Preview, now: datetime
) -> tuple[str, ...]:
    warnings = [Warn.HOLIDAY] if holiday is not None else []
    start = begins(plan, place.timezone)
    if plan.date is not None and plan.kind in (BroadcastKind.SESSION, BroadcastKind.MOVED):
        first = plan.date.replace(day=1)
        last = add_months(first, 1) - timedelta(days=1)
        others = [one for one in tx.sessions_between([place.id], first, last) if one.id != plan.session_id]
        if others:
            warnings.append(Warn.SAME_MONTH)
        if plan.date > add_months(now.astimezone(ZoneInfo(place.timezone)).date(), _FAR_MONTHS):
            warnings.append(Warn.FAR)
    if start is not None and goes >= start:
        warnings.append(Warn.LATE)
    zone = ZoneInfo(place.timezone)
    if goes.astimezone(zone).date() != now.astimezone(zone).date() and names_day(f"{plan.text} {plan.note}"):
        warnings.append(Warn.OTHER_DAY)
    if found.sms and len(plan.text) > SMS_TEXT:
        warnings.append(Warn.SMS_CUT)
    return tuple(warning.value for warning in warnings)
