"""Logging in to the console: a one-time code over WhatsApp to somebody of the staff, and the session that follows.

There are no passwords. Whoever asks is told the same whether the number is one of the staff's or not. Of codes and
cookies only hashes are kept: who reads the database cannot log in with what stands in it.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

from sapa.family.reading.seats import read_phone
from sapa.messaging.states import Channel, Kind
from sapa.services.access import Staffer, staffer
from sapa.services.console_records import LoginCodeRow, WebSessionRow
from sapa.services.deps import Deps
from sapa.services.households import family_of_contact
from sapa.services.ports import Tx
from sapa.services.records import Address, OutboxDraft, Reply
from sapa.services.replies import render_reply

CODE_LIFE = timedelta(minutes=10)
MOST_TRIES = 5
# How many codes one number may ask for: in a quarter of an hour, and in a day.
CODES_WINDOW, CODES_A_WINDOW = timedelta(minutes=15), 3
CODES_A_DAY = 12
IDLE = timedelta(hours=12)
LONGEST = timedelta(days=7)
# A page is opened every few seconds: writing "seen" once in a while is enough.
_TOUCH_EVERY = timedelta(minutes=5)
# Before ordinary replies: she is waiting with the page open.
_PRIORITY = 5
MESSAGE = "kader/masuk/kode"


@dataclass(frozen=True)
class LoggedIn:
    """Somebody of the staff with an open session."""

    who: Staffer
    session: WebSessionRow
    seen_at: datetime  # now


def ask_code(deps: Deps, number: str, secret: str, now: datetime) -> None:
    """Send a code to the number (as people write it) if somebody of the staff has it. Says nothing either way."""
    phone = read_phone(number)
    with deps.store.transaction() as tx:
        contact_id = _staff_behind(tx, phone)
        if contact_id is None:
            # Written down without the number: how often strangers try is worth knowing, who they are is not.
            tx.audit("login_unknown", None, {}, now)
            return
        if _too_often(tx, contact_id, now):
            tx.audit("login_too_often", None, {}, now, actor_id=contact_id)
            return
        address = _whatsapp(tx, contact_id, phone or "")
        if address is None:
            return
        code, code_id = f"{secrets.randbelow(10**6):06d}", str(uuid4())
        hashed = _code_hash(secret, code_id, code)
        tx.save_login_code(LoginCodeRow(code_id, contact_id, hashed, now, now + CODE_LIFE))
        _send(deps, tx, contact_id, address, code, code_id, now)
        tx.audit("login_code", None, {}, now, actor_id=contact_id)


def log_in(deps: Deps, number: str, code: str, secret: str, now: datetime) -> str | None:
    """The token of a new session, if this is the code that was sent to this number; None for everything else."""
    phone, digits = read_phone(number), "".join(filter(str.isdigit, code))
    with deps.store.transaction() as tx:
        contact_id = _staff_behind(tx, phone)
        row = tx.login_code_of(contact_id) if contact_id is not None else None
        # The try is counted before the code is looked at, in one statement: two at once are two tries.
        if row is None or not tx.take_login_try(row.id, MOST_TRIES, now):
            # A stranger's try is written down like a wrong one: it takes as long.
            tx.audit("login_wrong_code", None, {}, now, actor_id=contact_id)
            return None
        if not hmac.compare_digest(row.code_hash, _code_hash(secret, row.id, digits)):
            tx.audit("login_wrong_code", None, {}, now, actor_id=row.contact_id)
            return None
        if not tx.use_login_code(row.id, now):
            return None
        token = secrets.token_urlsafe(32)
        tx.save_web_session(WebSessionRow(_token_hash(token), row.contact_id, now, now, now + LONGEST))
        tx.drop_old_logins(now - LONGEST)
        tx.audit("login", None, {}, now, actor_id=row.contact_id)
        return token


def logged_in(tx: Tx, token: str, now: datetime) -> LoggedIn | None:
    """Who has this token, if the session goes on and they still hold a role."""
    row = tx.web_session(_token_hash(token))
    if row is None or now >= row.expires_at or now >= row.last_seen_at + IDLE:
        return None
    who = staffer(tx, row.contact_id)
    return LoggedIn(who, row, now) if who is not None else None


def wants_touch(found: LoggedIn) -> bool:
    """Whether it is time to write down that the session is in use."""
    return found.seen_at >= found.session.last_seen_at + _TOUCH_EVERY


def touch(tx: Tx, found: LoggedIn) -> None:
    """Note that the session is in use: its idle time begins anew."""
    tx.touch_web_session(found.session.id, found.seen_at)


def log_out(deps: Deps, token: str, now: datetime) -> None:
    """End the session of this token."""
    with deps.store.transaction() as tx:
        contact_id = tx.drop_web_session(_token_hash(token))
        if contact_id is not None:
            tx.audit("logout", None, {}, now, actor_id=contact_id)


def timezone_of(tx: Tx, who: Staffer, default: str) -> str:
    """The time zone somebody of the staff works in: of her posyandu, else of the first one in her area."""
    for row in who.roles:
        if row.posyandu_id is not None:
            place = tx.posyandu(row.posyandu_id)
            if place is not None:
                return place.timezone
        elif row.area_id is not None:
            zone = next((area.timezone for area in tx.areas_above(row.area_id) if area.timezone), None)
            inside = [] if zone else tx.posyandu_in(row.area_id)
            if zone or inside:
                return zone or inside[0].timezone
    return default


def _staff_behind(tx: Tx, phone: str | None) -> str | None:
    """Whoever of the staff writes from this number."""
    found = tx.contacts_by_phone(phone) if phone is not None else []
    return next((contact_id for contact_id in found if staffer(tx, contact_id) is not None), None)


def _too_often(tx: Tx, contact_id: str, now: datetime) -> bool:
    lately = tx.login_codes_since(contact_id, now - CODES_WINDOW)
    return lately >= CODES_A_WINDOW or tx.login_codes_since(contact_id, now - timedelta(days=1)) >= CODES_A_DAY


def _whatsapp(tx: Tx, contact_id: str, phone: str) -> Address | None:
    addresses = [address for address in tx.addresses_of(contact_id) if address.channel is Channel.WHATSAPP]
    return next((address for address in addresses if phone in (address.value, address.phone)), None)


def _send(deps: Deps, tx: Tx, contact_id: str, address: Address, code: str, code_id: str, now: datetime) -> None:
    """Queue the code: at once also at night and to who has stopped our messages, for she asked for it just now."""
    family = family_of_contact(tx, contact_id, now, deps.default_timezone)
    rendered = render_reply(deps, Reply(MESSAGE, {"code": code}), address.channel, family)
    tx.queue(
        OutboxDraft(
            dedupe_key=f"login:{code_id}",
            contact_id=contact_id,
            address_id=address.id,
            channel=address.channel,
            kind=Kind.NOTICE,
            content_id=rendered.content_id,
            text=rendered.text,
            template=rendered.template,
            template_variables={"1": code},
            not_before=now,
            expires_at=now + CODE_LIFE,
            priority=_PRIORITY,
            exempt_from_opt_out=True,
        ),
        now,
    )


def _code_hash(secret: str, code_id: str, code: str) -> str:
    # Six digits are guessed in no time from a bare hash: without the secret this one says nothing.
    return hmac.new(secret.encode(), f"{code_id}:{code}".encode(), hashlib.sha256).hexdigest()


def _token_hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
